//! What the review of an attempt proves about the answers that were sent.

use std::collections::BTreeMap;

use daypack_course::TimeMs;
use daypack_course::work::{Caveat, Outcome, Receipt, RefusalReason};
use serde_json::json;

use crate::connector::StepLog;
use crate::moodle::question::fill::{Holds, compare};
use crate::moodle::question::{self, Field, Slot};
use crate::moodle::rest::{CallError, Rest};
use crate::moodle::{judge, loose};

/// A review, read.
#[derive(Clone, Debug)]
pub struct Review {
    /// The site's id of the attempt.
    pub attempt: String,
    /// The site's state of the attempt.
    pub state: String,
    /// When it was finished.
    pub finished: TimeMs,
    /// The questions; empty when the site does not show them.
    pub slots: Vec<Slot>,
}

/// What is known of an attempt that is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    attempt: String,
    abandoned: bool,
    finished: TimeMs,
    /// Questions that hold what was sent, nothing, or something else.
    same: usize,
    nothing: usize,
    other: usize,
    /// Whether the site shows the answers at all.
    shown: bool,
}

impl Review {
    /// The questions as if they could still be answered, to find out what would have been sent.
    pub fn editable(&self) -> Vec<Slot> {
        let mut slots = self.slots.clone();
        for slot in &mut slots {
            for field in &mut slot.fields {
                if let Field::Shown { .. } = field {
                    *field = Field::Area { name: "answer".to_owned(), value: String::new() };
                }
            }
        }
        slots
    }
}

/// Reads the review of an attempt.
pub async fn review(rest: &Rest<'_>, id: &str) -> Result<Review, CallError> {
    let reply = rest.call("mod_quiz_get_attempt_review", json!({"attemptid": id, "page": -1})).await?;
    let attempt = loose::object(&reply.value, "attempt").cloned().unwrap_or_default();
    Ok(Review {
        attempt: id.to_owned(),
        state: loose::text(&attempt, "state"),
        finished: loose::time(&attempt, "timefinish").unwrap_or(reply.at),
        slots: loose::list(&reply.value, "questions").iter().filter_map(question::slot).collect(),
    })
}

/// Reads the review and compares; `None` while the attempt is open.
pub async fn look(
    rest: &Rest<'_>,
    id: &str,
    sent: &BTreeMap<String, String>,
) -> Result<Option<Proof>, CallError> {
    match review(rest, id).await {
        Ok(found) if matches!(found.state.as_str(), "inprogress" | "overdue" | "notstarted") => Ok(None),
        Ok(found) => Ok(Some(Proof::of(&found, sent))),
        Err(error) => match error.code() {
            "attemptclosed" | "attemptnotclosed" | "attemptstillinprogress" => Ok(None),
            // Closed, and the site does not show it (yet).
            "noreviewattempt" | "noreview" | "noreviewuntil" => Ok(Some(Proof::unseen(id, &error))),
            _ => Err(error),
        },
    }
}

impl Proof {
    /// Compares a review with what was sent.
    pub fn of(review: &Review, sent: &BTreeMap<String, String>) -> Self {
        let mut proof = Self {
            attempt: review.attempt.clone(),
            abandoned: review.state == "abandoned",
            finished: review.finished,
            same: 0,
            nothing: 0,
            other: 0,
            shown: !review.slots.is_empty(),
        };
        for slot in &review.slots {
            match compare(slot, sent) {
                Some(Holds::Same) => proof.same += 1,
                Some(Holds::Nothing) => proof.nothing += 1,
                Some(Holds::Other) => proof.other += 1,
                None => {}
            }
        }
        proof
    }

    fn unseen(id: &str, error: &CallError) -> Self {
        let finished = match error {
            CallError::Refused { at, .. } => *at,
            _ => TimeMs::default(),
        };
        Self {
            attempt: id.to_owned(),
            abandoned: false,
            finished,
            same: 0,
            nothing: 0,
            other: 0,
            shown: false,
        }
    }

    /// After our finish was taken (or may have been).
    pub fn outcome(&self, log: &StepLog, found: bool) -> Outcome {
        if self.abandoned {
            return judge::refusal(RefusalReason::Closed, "", self.finished);
        }
        // Answers that differ after a finish of ours were kept in time; before it, they are someone else's finish.
        if found && self.other > 0 {
            return judge::refusal(RefusalReason::FinishedElsewhere, "", self.finished);
        }
        let caveat = if self.nothing + self.other > 0 {
            Some(Caveat::LateAnswersDropped)
        } else if log.missing {
            Some(Caveat::QuestionsChanged)
        } else {
            None
        };
        let remote = format!("attempt:{}", self.attempt);
        Outcome::Accepted(Receipt { remote, at: self.finished, found, caveat })
    }

    /// After the site said that the attempt was closed already: only answers that are in count.
    pub fn closed(&self, log: &StepLog) -> Outcome {
        if self.abandoned || (self.shown && self.same == 0 && self.other == 0 && self.nothing > 0) {
            return judge::refusal(RefusalReason::Closed, "", self.finished);
        }
        if !self.shown {
            // It cannot be seen whose finish it was.
            return judge::refusal(RefusalReason::FinishedElsewhere, "", self.finished);
        }
        self.outcome(log, true)
    }
}
