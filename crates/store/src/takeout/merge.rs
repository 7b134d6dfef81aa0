//! Taking a takeout in: what is missing here is added, nothing here is overwritten or deleted.
//!
//! - What is here stays what counts: of a text or an answer that exists on both sides the one from elsewhere goes
//!   into the history, beneath the one that is shown here.
//! - Work that was not sent comes in as *in doubt*: it may have been sent from where it came from, so the site is
//!   asked before it is sent. Work that has a receipt or a refusal keeps it.
//! - An attempt that was finished elsewhere is finished here too: its work exists, and a second one must not.
//!
//! The files must be here first (`Objects::import_reader`); the rows are one transaction.

use std::collections::{BTreeMap, BTreeSet};

use daypack_course::WorkId;
use daypack_course::progress::Watched;
use daypack_course::work::{Receipt, WorkState};
use rusqlite::{Connection, OptionalExtension as _};

use super::{AnswerFact, DraftFact, DraftFileFact, Takeout, WorkFact, is_learners, read};
use crate::db::{int, one, run, to_json};
use crate::learner::work::stands;
use crate::{AttemptRow, Store, StoreError};

/// What came in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// Attempts that were not here.
    pub attempts: u64,
    /// Answers that were not here.
    pub answers: u64,
    /// Saves of texts that were not here.
    pub drafts: u64,
    /// Pieces of work that were not here.
    pub work: u64,
    /// Of these: not sent, and now in doubt.
    pub in_doubt: u64,
    /// Feedback that was not here.
    pub feedback: u64,
    /// Places in lectures and readings, and marks, that were not here.
    pub places: u64,
    /// Work that is here, not accepted, and was accepted where the takeout was made.
    pub receipts: Vec<(WorkId, Receipt)>,
    /// Work that waits here and whose sending was begun where the takeout was made.
    pub doubted: Vec<WorkId>,
    /// Work with the id of other work that is here; what is here stays.
    pub differing: Vec<WorkId>,
}

impl Store {
    /// Adds what is missing here. Everything or nothing of the learner's database; durable on return.
    pub fn takeout_merge(&self, from: &Takeout) -> Result<Merged, StoreError> {
        let mut merged = Merged::default();
        self.learner.write(|tx| {
            merged = Merged::default();
            plain_rows(tx, from, &mut merged)?;
            attempts(tx, from, &mut merged)?;
            drafts(tx, &from.drafts, &mut merged)?;
            from.draft_files
                .iter()
                .filter(|f| self.mine.has(&f.digest))
                .try_for_each(|f| draft_file(tx, f))?;
            from.work.iter().try_for_each(|fact| work(tx, fact, &mut merged))
        })?;
        merged.feedback = self.catalogue.write(|tx| {
            let mut added = 0;
            for feedback in &from.feedback {
                added += run(
                    tx,
                    "INSERT INTO feedback (id, about, given, feedback) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT DO NOTHING",
                    (&feedback.id, to_json(&feedback.about)?, feedback.given.0, to_json(feedback)?),
                )?;
            }
            for file in from.feedback_files.iter().filter(|f| self.objects.has(&f.digest)) {
                run(
                    tx,
                    "INSERT INTO feedback_files (feedback, url, digest) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
                    (&file.feedback, &file.url, file.digest.to_string()),
                )?;
            }
            Ok(added as u64)
        })?;
        Ok(merged)
    }
}

/// Tables where a row that is here simply stays.
fn plain_rows(tx: &Connection, from: &Takeout, merged: &mut Merged) -> Result<(), StoreError> {
    for a in &from.accounts {
        run(
            tx,
            "INSERT INTO accounts (id, site, kind, site_name, username, full_name, remote_user, added)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING",
            (
                a.id.as_str(),
                &a.site,
                &a.kind,
                &a.site_name,
                &a.username,
                &a.full_name,
                &a.remote_user,
                a.added.0,
            ),
        )?;
    }
    for (key, value) in from.settings.iter().filter(|(key, _)| is_learners(key)) {
        let sql = "INSERT INTO settings (key, value) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        run(tx, sql, (key, to_json(value)?))?;
    }
    for l in &from.libraries {
        run(
            tx,
            "INSERT INTO libraries (address, title, fingerprint, added) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO NOTHING",
            (&l.address, &l.title, &l.fingerprint, l.added.0),
        )?;
    }
    for t in &from.titles {
        let item = t.item.as_ref().map_or("", |i| i.as_str());
        let sql = "INSERT INTO titles (course, item, title) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
        run(tx, sql, [t.course.as_str(), item, &t.title])?;
    }
    for s in &from.feedback_seen {
        let sql = "INSERT INTO feedback_seen (id, version, at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
        run(tx, sql, (&s.id, &s.version, s.at.0))?;
    }
    for r in &from.readings {
        let scroll = if r.scroll.is_nan() { 0.0 } else { r.scroll.clamp(0.0, 1.0) };
        merged.places += run(
            tx,
            "INSERT INTO readings (course, item, scroll, at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
            (r.course.as_str(), r.item.as_str(), scroll, r.at.0),
        )? as u64;
    }
    for d in &from.done_marks {
        merged.places += run(
            tx,
            "INSERT INTO done_marks (course, item, done, at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
            (d.course.as_str(), d.item.as_str(), d.done, d.at.0),
        )? as u64;
    }
    for b in &from.bookmarks {
        merged.places += run(
            tx,
            "INSERT INTO bookmarks (id, course, item, at_ms, text, removed, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT DO NOTHING",
            (&b.id, b.course.as_str(), b.item.as_str(), int(b.at_ms), &b.text, b.removed, b.at.0),
        )? as u64;
    }
    for p in &from.positions {
        let rate = if p.rate.is_finite() && p.rate > 0.0 { p.rate } else { 1.0 };
        let mut watched = Watched::new();
        p.watched.intervals().iter().for_each(|(from, to)| watched.add(*from, *to));
        let place = (p.course.as_str(), p.item.as_str());
        let sql = "SELECT watched FROM positions WHERE course = ?1 AND item = ?2";
        let here: Option<Watched> = one(tx, sql, place, |row| crate::db::json(row, 0))?;
        if let Some(here) = here {
            let both = to_json(&here.merge(&watched))?;
            let sql = "UPDATE positions SET watched = ?3 WHERE course = ?1 AND item = ?2";
            run(tx, sql, (place.0, place.1, both))?;
        } else {
            run(
                tx,
                "INSERT INTO positions (course, item, position_ms, rate, watched, at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                (place.0, place.1, int(p.position_ms), rate, to_json(&watched)?, p.at.0),
            )?;
            merged.places += 1;
        }
    }
    Ok(())
}

fn attempts(tx: &Connection, from: &Takeout, merged: &mut Merged) -> Result<(), StoreError> {
    let mut answers: BTreeMap<&str, Vec<&AnswerFact>> = BTreeMap::new();
    for answer in &from.answers {
        answers.entry(answer.attempt.as_str()).or_default().push(answer);
    }
    for row in &from.attempts {
        let there = answers.remove(row.id.as_str()).unwrap_or_default();
        attempt(tx, row, &there, merged)?;
    }
    Ok(())
}

fn attempt(
    tx: &Connection,
    row: &AttemptRow,
    there: &[&AnswerFact],
    merged: &mut Merged,
) -> Result<(), StoreError> {
    let id = row.id.as_str();
    let sql = "SELECT finished IS NULL FROM attempts WHERE id = ?1";
    let open_here: Option<bool> = tx.query_row(sql, [id], |r| r.get(0)).optional()?;
    let finished_there = row.finished.is_some();
    match open_here {
        None => {
            run(
                tx,
                "INSERT INTO attempts (id, course, item, number, started, remote_attempt, questions, finished, score)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                (
                    id,
                    row.course.as_str(),
                    row.item.as_str(),
                    row.number,
                    row.started.0,
                    &row.remote_attempt,
                    to_json(&row.questions)?,
                    row.finished.map(|t| t.0),
                    row.score.filter(|s| s.is_finite()),
                ),
            )?;
            merged.attempts += 1;
        }
        Some(true) if finished_there => {
            let sql = "UPDATE attempts SET finished = ?2, score = ?3 WHERE id = ?1 AND finished IS NULL";
            run(tx, sql, (id, row.finished.map(|t| t.0), row.score.filter(|s| s.is_finite())))?;
        }
        Some(_) => {}
    }
    // The answers an attempt was finished with are those that count.
    let theirs_count = open_here.is_none() || open_here == Some(true) && finished_there;
    let mut touched = BTreeSet::new();
    let before = latest_answers(tx, id)?;
    for answer in there {
        let text = to_json(&answer.response)?;
        let sql = "INSERT INTO responses (attempt, question, response, at) SELECT ?1, ?2, ?3, ?4
                   WHERE ?5 OR NOT EXISTS (SELECT 1 FROM responses
                     WHERE attempt = ?1 AND question = ?2 AND response = ?3 AND at = ?4)";
        let question = answer.question.as_str();
        // Into an attempt that was not here all of the history goes as it was, repeats included.
        if run(tx, sql, (id, question, &text, answer.at.0, open_here.is_none()))? > 0 {
            merged.answers += 1;
            touched.insert(question);
        }
    }
    if !theirs_count {
        for question in touched {
            let Some((response, at)) = before.get(question) else { continue };
            let sql = "INSERT INTO responses (attempt, question, response, at) VALUES (?1, ?2, ?3, ?4)";
            run(tx, sql, (id, question, response, at))?;
        }
    }
    Ok(())
}

fn latest_answers(tx: &Connection, attempt: &str) -> Result<BTreeMap<String, (String, i64)>, StoreError> {
    let sql = "SELECT question, response, at FROM responses WHERE attempt = ?1
               AND seq IN (SELECT max(seq) FROM responses WHERE attempt = ?1 GROUP BY question)";
    let rows = crate::db::all(tx, sql, [attempt], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?;
    Ok(rows.into_iter().collect())
}

fn drafts(tx: &Connection, drafts: &[DraftFact], merged: &mut Merged) -> Result<(), StoreError> {
    let mut slots: BTreeMap<(&str, &str, &str), Vec<&DraftFact>> = BTreeMap::new();
    for draft in drafts {
        slots.entry((draft.course.as_str(), draft.item.as_str(), &draft.slot)).or_default().push(draft);
    }
    // Texts that are not here keep the order they were saved in, over all places.
    let mut here = BTreeMap::new();
    for place in slots.keys() {
        let sql = "SELECT text, at FROM drafts WHERE course = ?1 AND item = ?2 AND slot = ?3
                   ORDER BY seq DESC LIMIT 1";
        let latest: Option<(String, i64)> = one(tx, sql, *place, |row| Ok((row.get(0)?, row.get(1)?)))?;
        here.insert(*place, latest);
    }
    let mut touched = BTreeSet::new();
    for draft in drafts {
        let place = (draft.course.as_str(), draft.item.as_str(), draft.slot.as_str());
        let new_place = here.get(&place).is_none_or(Option::is_none);
        let last_there =
            slots.get(&place).and_then(|all| all.last()).is_some_and(|last| std::ptr::eq(*last, draft));
        let sql = "INSERT INTO drafts (course, item, slot, text, at, kept) SELECT ?1, ?2, ?3, ?4, ?5, ?6
                   WHERE ?7 OR NOT EXISTS (SELECT 1 FROM drafts
                     WHERE course = ?1 AND item = ?2 AND slot = ?3 AND text = ?4 AND at = ?5)";
        // The other version must not be thinned away while one writes on here.
        let kept = draft.kept || (!new_place && last_there);
        let row = (place.0, place.1, place.2, &draft.text, draft.at.0, kept, new_place);
        if run(tx, sql, row)? > 0 {
            merged.drafts += 1;
            touched.insert(place);
        }
    }
    for place in touched {
        if let Some(Some((text, at))) = here.get(&place) {
            let sql = "INSERT INTO drafts (course, item, slot, text, at) VALUES (?1, ?2, ?3, ?4, ?5)";
            run(tx, sql, (place.0, place.1, place.2, text, at))?;
        }
    }
    Ok(())
}

/// A file of the same name with other bytes comes in beside it, under a name of its own.
fn draft_file(tx: &Connection, file: &DraftFileFact) -> Result<(), StoreError> {
    let place = (file.course.as_str(), file.item.as_str());
    let digest = file.digest.to_string();
    let sql = "SELECT 1 FROM draft_files WHERE course = ?1 AND item = ?2 AND digest = ?3";
    if tx.query_row(sql, (place.0, place.1, &digest), |_| Ok(())).optional()?.is_some() {
        return Ok(());
    }
    for n in 1..1000 {
        let name = numbered(&file.name, n);
        let sql = "INSERT INTO draft_files (course, item, name, digest, size, media_type)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING";
        if run(tx, sql, (place.0, place.1, &name, &digest, int(file.size), &file.media_type))? > 0 {
            break;
        }
    }
    Ok(())
}

/// `name.ext`, `name (2).ext`, ...
pub(super) fn numbered(name: &str, n: u32) -> String {
    match (n, name.rsplit_once('.')) {
        (1, _) => name.to_owned(),
        (_, Some((stem, ending))) if !stem.is_empty() => format!("{stem} ({n}).{ending}"),
        _ => format!("{name} ({n})"),
    }
}

fn work(tx: &Connection, fact: &WorkFact, merged: &mut Merged) -> Result<(), StoreError> {
    let sql = "SELECT seal, stands FROM work WHERE id = ?1";
    let here: Option<(String, String)> =
        one(tx, sql, [fact.id.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if let Some((seal, stands)) = here {
        match &fact.state {
            _ if seal != fact.seal => merged.differing.push(fact.id.clone()),
            WorkState::Accepted { receipt } if stands != "accepted" => {
                merged.receipts.push((fact.id.clone(), receipt.clone()));
            }
            WorkState::Sending | WorkState::InDoubt | WorkState::Unclear if stands == "waiting" => {
                merged.doubted.push(fact.id.clone());
            }
            _ => {}
        }
        if seal == fact.seal {
            name(tx, fact)?;
        }
        return Ok(());
    }
    let state = match &fact.state {
        // What was unclear elsewhere is looked at once more from here before the learner is asked again.
        WorkState::Waiting | WorkState::Sending | WorkState::InDoubt | WorkState::Unclear => {
            WorkState::InDoubt
        }
        done @ (WorkState::Accepted { .. } | WorkState::Refused { .. }) => done.clone(),
    };
    // Rows stand in the order they were sealed; what cannot be read is kept as it is and never sent.
    let created = read::work(fact).map_or(fact.created, |work| work.created);
    run(
        tx,
        "INSERT INTO work (id, course, sealed, seal, created, state, stands, tries, changed, step)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        (
            fact.id.as_str(),
            fact.course.as_str(),
            &fact.sealed,
            &fact.seal,
            created.0,
            to_json(&state)?,
            stands(&state),
            int(fact.tries.into()),
            fact.changed.0,
            fact.step.as_ref().map(to_json).transpose()?,
        ),
    )?;
    name(tx, fact)?;
    merged.work += 1;
    merged.in_doubt += u64::from(state == WorkState::InDoubt);
    Ok(())
}

/// Work sealed as nobody's goes in the name it got elsewhere, where it has none here.
fn name(tx: &Connection, fact: &WorkFact) -> Result<(), StoreError> {
    match &fact.name {
        Some(name) => crate::learner::named::put(tx, &fact.id, name).map(|_| ()),
        None => Ok(()),
    }
}
