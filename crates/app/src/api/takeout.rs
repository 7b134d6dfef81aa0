//! Taking one's work along, bringing it back, and what would be left behind.

use std::collections::BTreeMap;

use daypack_course::{AccountId, CourseId, WorkId};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Where to write everything the learner produced.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ExportWork {
    /// Absolute path of the archive.
    pub path: String,
    /// The page's words for the readable part (the leaves of `export` in the list of words, and `lang` and
    /// `dir`); what is not given is English.
    #[serde(default)]
    pub words: BTreeMap<String, String>,
}

/// Where to write one piece of work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct WorkExport {
    /// Which one.
    pub work: WorkId,
    /// Absolute path of the archive.
    pub path: String,
    /// As in `ExportWork`.
    #[serde(default)]
    pub words: BTreeMap<String, String>,
}

/// An archive was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Exported {
    /// Where.
    pub path: String,
    /// Its bytes.
    pub size: u64,
    /// Pieces of handed-in work in it.
    pub work: u32,
    /// Files in it.
    pub files: u32,
}

/// An archive was taken in. Nothing that was here changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Imported {
    /// Pieces of work that are new here.
    pub work: u64,
    /// Of these: not sent there; the site is asked before they are sent from here.
    pub in_doubt: u64,
    /// Attempts that are new here.
    pub attempts: u64,
    /// Answers that are new here.
    pub answers: u64,
    /// Saves of texts that are new here.
    pub drafts: u64,
    /// Feedback that is new here.
    pub feedback: u64,
    /// Places in lectures and readings, and marks, that are new here.
    pub places: u64,
    /// Files that are new here.
    pub files: u64,
    /// Files that are damaged or missing in the archive.
    pub damaged: u64,
    /// Pieces of work left out because other work with the same number is here.
    pub differing: u64,
}

/// What is about to be removed, signed out of or begun anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "leave", rename_all = "snake_case", deny_unknown_fields)]
pub enum LeaveScope {
    /// A course is removed.
    Course {
        /// Which one.
        course: CourseId,
    },
    /// An account is signed out.
    Account {
        /// Which one.
        account: AccountId,
    },
    /// Everything is put aside.
    Everything {},
}

/// What is not at a school yet, in counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LeftBehind {
    /// Saved, not sent.
    pub waiting: u32,
    /// On its way.
    pub sending: u32,
    /// Sent, the reply was lost.
    pub in_doubt: u32,
    /// The site did not take it.
    pub refused: u32,
    /// Begun and not handed in.
    pub drafts: u32,
}

impl LeftBehind {
    /// All of it.
    pub fn all(&self) -> u32 {
        self.waiting + self.sending + self.in_doubt + self.refused + self.drafts
    }
}

/// A course to remove.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct CourseRemove {
    /// Which one.
    pub course: CourseId,
    /// The second step: although something is not at a school yet.
    #[serde(default)]
    pub anyway: bool,
}

/// An account to sign out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SignOut {
    /// Which one.
    pub account: AccountId,
    /// The second step: although something is not at the school yet.
    #[serde(default)]
    pub anyway: bool,
}

/// Starting afresh.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct StartAfresh {
    /// The second step: although something is not at a school yet.
    #[serde(default)]
    pub anyway: bool,
}

/// Everything will lie here once the program was started again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PutAside {
    /// The folder.
    pub folder: String,
}
