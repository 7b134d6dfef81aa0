//! The life of an attempt: steps, sequence numbers, autosaves, the end.
//! Must stay true (recorded): a step needs the current sequence number, one stale number refuses the
//! whole call, an autosave with a stale number is dropped in silence, and an autosave in time counts.

use std::collections::BTreeMap;

use crate::course::{Body, Question, Quiz};
use crate::fault::Fault;
use crate::quiz::marking::{Fields, fraction, response};
use crate::world::{Attempt, Slot};

/// Seconds after the close in which a finish still counts.
pub const GRACE: i64 = 60;
/// Questions on a page.
pub const PER_PAGE: usize = 4;

/// The fields of a call sorted by slot; the names are `q<usage>:<slot>_<field>`.
pub fn by_slot(attempt: &Attempt, data: &[(String, String)]) -> BTreeMap<usize, Fields> {
    let prefix = format!("q{}:", attempt.id);
    let mut out: BTreeMap<usize, Fields> = BTreeMap::new();
    for (name, value) in data {
        let Some((slot, field)) = name.strip_prefix(&prefix).and_then(|rest| rest.split_once('_')) else {
            continue;
        };
        if let Ok(slot) = slot.parse::<usize>() {
            out.entry(slot).or_default().insert(field.to_owned(), value.clone());
        }
    }
    out.retain(|slot, _| (1..=attempt.slots.len()).contains(slot));
    out
}

/// A fresh attempt.
pub fn begin(id: i64, quiz: i64, user: i64, number: i64, questions: usize, now: i64) -> Attempt {
    Attempt {
        id,
        quiz,
        user,
        number,
        state: "inprogress".into(),
        timestart: now,
        timefinish: 0,
        timemodified: now,
        timemodifiedoffline: now,
        slots: vec![Slot { sequence: 1, time: now, ..Slot::default() }; questions],
        grade_at: None,
    }
}

/// `save_attempt`: keeps answers without making steps.
pub fn autosave(attempt: &mut Attempt, quiz: &Quiz, data: &[(String, String)], now: i64) {
    for (number, fields) in by_slot(attempt, data) {
        let Some((slot, question)) = pair(attempt, quiz, number) else { continue };
        if fields.get(":sequencecheck").and_then(|text| text.parse().ok()) != Some(slot.sequence) {
            continue;
        }
        flag(slot, &fields);
        let answer = response(question, &fields);
        if answer == slot.answer {
            slot.autosave = None;
        } else {
            slot.autosave = Some(answer);
            slot.time = now;
        }
    }
}

/// `process_attempt` without the finish: real steps, all or nothing.
pub fn step(attempt: &mut Attempt, quiz: &Quiz, data: &[(String, String)], now: i64) -> Result<(), Fault> {
    let slots = by_slot(attempt, data);
    for (number, fields) in &slots {
        let current = attempt.slots.get(number - 1).map(|slot| slot.sequence);
        let given = fields.get(":sequencecheck").map(|text| text.parse::<i64>().unwrap_or(-1));
        if given.is_some() && given != current {
            return Err(Fault::of("submissionoutofsequencefriendlymessage"));
        }
    }
    let mut stepped = false;
    for (number, fields) in slots {
        let Some((slot, question)) = pair(attempt, quiz, number) else { continue };
        if !fields.contains_key(":sequencecheck") {
            continue;
        }
        flag(slot, &fields);
        slot.autosave = None;
        let answer = response(question, &fields);
        let nothing_new = matches!(question.body, Body::Description) && answer.is_empty();
        if answer != slot.answer && !nothing_new {
            slot.answer = answer;
            slot.sequence += 1;
            slot.time = now;
            stepped = true;
        }
    }
    if stepped {
        attempt.timemodified = now;
        attempt.timemodifiedoffline = now;
    }
    Ok(())
}

/// Ends an attempt and marks what can be marked.
pub fn finish(attempt: &mut Attempt, quiz: &Quiz, finished_at: i64, now: i64, grade_after: i64) {
    let mut waits = false;
    let id = attempt.id;
    for (at, slot) in attempt.slots.iter_mut().enumerate() {
        let Some(question) = quiz.questions.get(at) else { continue };
        if let Some(saved) = slot.autosave.take() {
            slot.answer = saved;
            slot.sequence += 1;
        }
        slot.sequence += 1;
        slot.time = now;
        if matches!(question.body, Body::Description) {
            continue;
        }
        if slot.answer.is_empty() {
            slot.outcome = Some("gaveup".into());
            continue;
        }
        match fraction(id, at + 1, question, &slot.answer) {
            Some(fraction) => {
                slot.mark = Some(fraction * question.points);
                slot.outcome = Some(graded("graded", fraction).into());
            }
            None => {
                slot.outcome = Some("needsgrading".into());
                waits = true;
            }
        }
    }
    attempt.state = "finished".into();
    attempt.timefinish = finished_at;
    attempt.timemodified = now;
    attempt.timemodifiedoffline = now;
    attempt.grade_at = waits.then_some(now + grade_after);
}

/// The state word of a fraction.
pub fn graded(kind: &str, fraction: f64) -> &'static str {
    let right = fraction >= 0.999_999;
    let wrong = fraction <= 0.000_001;
    match (kind, right, wrong) {
        ("graded", true, _) => "gradedright",
        ("graded", _, true) => "gradedwrong",
        ("graded", ..) => "gradedpartial",
        (_, true, _) => "mangrright",
        (_, _, true) => "mangrwrong",
        _ => "mangrpartial",
    }
}

/// Whether a person must still mark something.
pub fn waits(attempt: &Attempt) -> bool {
    attempt.slots.iter().any(|slot| slot.outcome.as_deref() == Some("needsgrading"))
}

/// The sum of marks of a finished attempt that nobody must mark any more.
pub fn sum(attempt: &Attempt) -> Option<f64> {
    (attempt.state == "finished" && !waits(attempt))
        .then(|| attempt.slots.iter().filter_map(|slot| slot.mark).sum())
}

/// The most that can be reached.
pub fn total(quiz: &Quiz) -> f64 {
    quiz.questions.iter().map(|question| question.points).sum()
}

/// `1,2,3,4,0,5,0`
pub fn layout(quiz: &Quiz) -> String {
    let mut out = Vec::new();
    let last = quiz.questions.len();
    for slot in 1..=last {
        out.push(slot.to_string());
        if slot % PER_PAGE == 0 || slot == last {
            out.push("0".into());
        }
    }
    out.join(",")
}

fn pair<'a>(attempt: &'a mut Attempt, quiz: &'a Quiz, number: usize) -> Option<(&'a mut Slot, &'a Question)> {
    Some((attempt.slots.get_mut(number.checked_sub(1)?)?, quiz.questions.get(number - 1)?))
}

fn flag(slot: &mut Slot, fields: &Fields) {
    if let Some(value) = fields.get(":flagged") {
        slot.flagged = value == "1";
    }
}
