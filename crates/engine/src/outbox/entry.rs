//! One piece of work as the outbox sees it: where it stands and when it may be tried, not its text.
//!
//! What must stay true: `doubt` is set in the same state that asks for a send, and only a definite answer takes
//! it away; while it is set, no send is asked for.

use daypack_course::work::{Resend, Trouble, WorkState};
use daypack_course::{AccountId, TimeMs, WorkId};
use serde::{Deserialize, Serialize};

/// What is sent first, within one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// Answers and marks: small, and dear to the learner.
    SmallAnswers,
    /// Messages.
    Posts,
    /// Work with files; at most one of an account on its way at a time, beside which smaller things pass.
    Uploads,
}

/// A new piece of work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewEntry {
    /// Its id.
    pub id: WorkId,
    /// In whose name it is sent.
    pub account: AccountId,
    /// The thing at the site it goes to; order holds only inside one target of one account.
    pub target: String,
    /// Its lane.
    pub lane: Lane,
    /// When it was sealed; shown, never used for order (clocks jump).
    pub created: TimeMs,
    /// It may have been sent in an earlier life (a restored backup): the site is asked before it is sent.
    pub doubt: bool,
    /// What a lost reply allows.
    pub resend: Resend,
    /// Bytes to send, roughly: what is large waits for a link that costs nothing.
    pub size: u64,
}

/// Why an entry waits until `not_before`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hold {
    /// It does not.
    #[default]
    Free,
    /// The site was not reached; a link coming up ends the wait.
    Link,
    /// The site, or our own caution, asked for patience; the learner can end the wait.
    Backoff,
    /// The site named the instant; it is honoured.
    Site,
    /// A lost request may still be on its way; the site is not asked before it had time to arrive.
    Grace,
    /// The learner is asked; meanwhile the site is looked at now and then.
    Learner,
}

/// One piece of work in the outbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its id.
    pub id: WorkId,
    /// In whose name it is sent.
    pub account: AccountId,
    /// The thing at the site it goes to.
    pub target: String,
    /// Its lane.
    pub lane: Lane,
    /// When it was sealed.
    pub created: TimeMs,
    /// Counts up with each entry: the order inside a target.
    pub seq: u64,
    /// Where it stands.
    pub state: WorkState,
    /// Sends so far.
    pub tries: u32,
    /// Number of the send or question that is on its way, or was the last one.
    #[serde(default)]
    pub errand: u64,
    /// Sends and read-backs that led to nothing since the last good sign; sets the backoff.
    pub misses: u32,
    /// Not tried before this instant.
    pub not_before: TimeMs,
    /// Why.
    pub hold: Hold,
    /// A send was begun that nobody has shown to be without effect.
    pub doubt: bool,
    /// Refused, and the learner let later work for the same target pass.
    pub set_aside: bool,
    /// When `state` last changed, by this computer's clock.
    pub changed: TimeMs,
    /// What a lost reply allows.
    #[serde(default)]
    pub resend: Resend,
    /// Bytes to send, roughly.
    #[serde(default)]
    pub size: u64,
    /// How long the site has been silent about it, in doubt: at [`super::ASK_LEARNER_AT`] the learner is asked.
    #[serde(default)]
    pub silence: u32,
    /// What the last try that led to nothing ran into.
    #[serde(default)]
    pub trouble: Option<Trouble>,
    /// A receipt came while a later send of it was on its way or just given up: that one may arrive until then, and what
    /// comes later for the same target waits for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stray: Option<TimeMs>,
}

impl Entry {
    pub(super) fn new(new: NewEntry, seq: u64, now: TimeMs) -> Self {
        Self {
            id: new.id,
            account: new.account,
            target: new.target,
            lane: new.lane,
            created: new.created,
            seq,
            state: if new.doubt { WorkState::InDoubt } else { WorkState::Waiting },
            tries: 0,
            errand: 0,
            misses: 0,
            not_before: now,
            hold: Hold::Free,
            doubt: new.doubt,
            set_aside: false,
            changed: now,
            resend: new.resend,
            size: new.size,
            silence: 0,
            trouble: None,
            stray: None,
        }
    }

    /// The instant it is tried again by itself, when it waits for one.
    pub fn next_try(&self) -> Option<TimeMs> {
        match (&self.state, self.hold) {
            (_, Hold::Free) => None,
            (WorkState::Waiting | WorkState::InDoubt, _) => Some(self.not_before),
            (WorkState::Unclear, _) if self.resend == Resend::ReadBack => Some(self.not_before),
            (
                WorkState::Sending
                | WorkState::Unclear
                | WorkState::Accepted { .. }
                | WorkState::Refused { .. },
                _,
            ) => None,
        }
    }

    /// Whether later work for the same target must wait for this one.
    pub(super) fn holds_its_place(&self) -> bool {
        match self.state {
            WorkState::Accepted { .. } => self.stray.is_some(),
            WorkState::Refused { .. } => !self.set_aside,
            WorkState::Waiting | WorkState::Sending | WorkState::InDoubt | WorkState::Unclear => true,
        }
    }

    /// Whether it must be settled before anything else of its target moves.
    pub(super) fn is_open(&self) -> bool {
        self.stray.is_some()
            || matches!(self.state, WorkState::Sending | WorkState::InDoubt | WorkState::Unclear)
    }

    /// Whether anything is to be done about it without the learner.
    pub(super) fn moves_by_itself(&self) -> bool {
        match self.state {
            WorkState::Waiting | WorkState::InDoubt => true,
            WorkState::Unclear => self.resend == Resend::ReadBack,
            WorkState::Sending | WorkState::Accepted { .. } | WorkState::Refused { .. } => false,
        }
    }

    /// Whether its next step is a question to the site, not the work itself.
    pub(super) fn is_asked_about(&self) -> bool {
        self.doubt && self.resend != Resend::Repeatable
    }

    pub(super) fn wait(&mut self, hold: Hold, until: TimeMs) {
        self.hold = hold;
        self.not_before = until;
    }
}
