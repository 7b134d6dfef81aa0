//! Several learners on one computer: who there are, and whose work is open.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Whose work is open. Says nothing about anybody's work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DoorView {
    /// What the door is like right now.
    pub standing: DoorStanding,
    /// Who there are, in the order they came; none where one person uses this computer.
    pub learners: Vec<LearnerView>,
    /// Whose work is open; `None` while it is locked, and where one person uses this computer.
    pub open: Option<String>,
    /// Minutes without a sign of the learner after which it locks by itself; 0 for never.
    pub idle_minutes: u32,
    /// The open learner has not said yet that they wrote their recovery code down.
    pub code_due: bool,
    /// Fewest characters of a passphrase.
    pub shortest_passphrase: u32,
}

/// What the door is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum DoorStanding {
    /// One person uses this computer: there is no door.
    Alone,
    /// A learner's work is open.
    Open,
    /// Nobody's work is open.
    Locked,
    /// Work is being sealed, unsealed, opened or closed.
    Busy,
}

/// One of those who use this computer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LearnerView {
    /// Name of the learner's folder.
    pub id: String,
    /// As the learner calls themselves; everybody at this computer sees it.
    pub name: String,
}

/// A recovery code, shown this once and kept nowhere.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NewCode {
    /// Whose.
    pub learner: String,
    /// Eight groups of four signs.
    pub code: String,
    /// Now.
    pub door: DoorView,
}

impl std::fmt::Debug for NewCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewCode").field("learner", &self.learner).finish_non_exhaustive()
    }
}
