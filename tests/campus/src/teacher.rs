//! The teacher: marks what is due, in words, and tells the learner.
//! Must stay true: nothing is marked before its time, and nothing twice.

use crate::campus::Campus;
use crate::functions::messages::{News, tell};
use crate::functions::{assign, completion};
use crate::modules::Subject;
use crate::quiz::attempt::graded;
use crate::world::{Grade, World};

const ESSAY_SHARE: f64 = 0.8;
const WORK_SHARE: f64 = 0.85;
const ESSAY_COMMENT: &str = "<p>You explain the idea clearly and in your own words. <em>Next time add an example \
                             you have seen yourself.</em></p>";
const WORK_COMMENT: &str = "<p>Good work: the steps are in order and the reasons are there. <em>Listen to the \
                            recorded message for two things to improve.</em></p>";

/// Marks everything whose time has come.
pub fn mark_due(campus: &Campus, world: &mut World, now: i64) {
    mark_work(campus, world, now);
    mark_essays(campus, world, now);
}

/// Makes everything that waits due at once; answers how much.
pub fn hurry(world: &mut World, now: i64) -> usize {
    let works = world.submissions.iter_mut().filter_map(|work| work.grade_at.as_mut());
    let essays = world.attempts.iter_mut().filter_map(|attempt| attempt.grade_at.as_mut());
    let mut count = 0;
    for at in works.chain(essays) {
        *at = now;
        count += 1;
    }
    count
}

fn mark_work(campus: &Campus, world: &mut World, now: i64) {
    for at in 0..world.submissions.len() {
        let due = |work: &&crate::world::Submission| work.grade_at.is_some_and(|due| due <= now);
        let Some((assign, user)) = world.submissions.get(at).filter(due).map(|work| (work.assign, work.user))
        else {
            continue;
        };
        let found =
            campus.modules.iter().find(|module| module.modname == "assign" && module.instance == assign);
        let Some((module, rules)) = found.and_then(|module| Some((module, assign::rules(module).ok()?)))
        else {
            continue;
        };
        let fresh = world.next("grade");
        if let Some(work) = world.submissions.get_mut(at) {
            work.grade_at = None;
            let (id, timecreated) = match &work.grade {
                Some(old) => (old.id, old.timecreated),
                None => (fresh, now),
            };
            work.grade = Some(Grade {
                id,
                points: (rules.max_grade * WORK_SHARE * 100.0).round() / 100.0,
                comment: WORK_COMMENT.to_owned(),
                timecreated,
                timemodified: now,
            });
        }
        tell(campus, world, user, module, &News::Feedback, now);
    }
}

fn mark_essays(campus: &Campus, world: &mut World, now: i64) {
    for at in 0..world.attempts.len() {
        let Some(attempt) =
            world.attempts.get_mut(at).filter(|attempt| attempt.grade_at.is_some_and(|due| due <= now))
        else {
            continue;
        };
        let found =
            campus.modules.iter().find(|module| module.modname == "quiz" && module.instance == attempt.quiz);
        let Some((module, Subject::Quiz(quiz))) = found.map(|module| (module, &module.subject)) else {
            continue;
        };
        for (slot, question) in attempt.slots.iter_mut().zip(&quiz.questions) {
            if slot.outcome.as_deref() == Some("needsgrading") {
                slot.mark = Some((question.points * ESSAY_SHARE * 100.0).round() / 100.0);
                slot.outcome = Some(graded("manual", ESSAY_SHARE).to_owned());
                slot.comment = Some(ESSAY_COMMENT.to_owned());
                slot.sequence += 1;
                slot.time = now;
            }
        }
        attempt.grade_at = None;
        attempt.timemodified = now;
        let (id, user) = (attempt.id, attempt.user);
        let review = format!("/mod/quiz/review.php?attempt={id}");
        completion::set(world, user, module.cmid, true, now);
        tell(campus, world, user, module, &News::Marked { review: &review }, now);
    }
}
