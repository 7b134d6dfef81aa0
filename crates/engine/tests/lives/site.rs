//! A site without idempotency keys: whatever arrives takes effect, as often as it arrives.

use std::collections::{BTreeMap, BTreeSet};

use daypack_course::work::{Receipt, Refusal, RefusalReason};
use daypack_course::{AccountId, TimeMs, WorkId};

/// What the site does with one piece of work, besides its moods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Temper {
    /// Takes it.
    Kind,
    /// Refuses it, always.
    Refuses,
    /// Asks for patience, always.
    Stalls,
    /// Breaks on it: no reply ever, no effect, and cannot be asked about it.
    Breaks,
    /// Takes it; while the activity is hidden it refuses to tell.
    Hides,
}

#[derive(Default)]
pub struct Site {
    /// All effects, in order.
    pub effects: Vec<WorkId>,
    pub tempers: BTreeMap<WorkId, Temper>,
    pub signed_out: BTreeSet<AccountId>,
    pub hidden: bool,
}

impl Site {
    pub fn temper(&self, id: &WorkId) -> Temper {
        self.tempers.get(id).copied().unwrap_or(Temper::Kind)
    }

    pub fn has(&self, id: &WorkId) -> bool {
        self.effects.contains(id)
    }

    pub fn take(&mut self, id: &WorkId) {
        self.effects.push(id.clone());
    }

    pub fn receipt(id: &WorkId, now: i64, found: bool) -> Receipt {
        Receipt { remote: format!("r-{id}"), at: TimeMs(now), found, caveat: None }
    }

    pub fn refusal(now: i64) -> Refusal {
        Refusal { why: RefusalReason::Closed, said: "closed".to_owned(), at: TimeMs(now) }
    }
}
