//! Everything a learner produced, as values: what an export holds and an import brings back.
//!
//! What must stay true: no secret is in it; each table of `learner.db` is either read here or named in
//! [`LEFT_OUT`] with its reason (`takeout/tests.rs` holds that); taking a takeout in never overwrites or deletes
//! ([`Store::takeout_merge`]). The written form is documented in `docs/export-format.md`.

mod merge;
mod read;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use daypack_course::feedback::Feedback;
use daypack_course::progress::Watched;
use daypack_course::quiz::Response;
use daypack_course::work::WorkState;
use daypack_course::{AttemptId, CourseId, Digest, ItemId, QuestionId, TimeMs, WorkId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::learner::title::Title;
use crate::{Account, AttemptRow, Bookmark, WorkName};

pub use merge::Merged;

/// Tables of `learner.db` that are not exported, and why.
pub const LEFT_OUT: &[(&str, &str)] = &[
    ("reader", "the number of the schema"),
    ("trust", "which keys to believe is decided on each computer"),
    ("machines", "made anew from the states of the work, or the count of what this computer fetched"),
    ("places", "the page that was open"),
    ("journal_mark", "how far this folder's own journal is"),
    ("sqlite_sequence", "SQLite's own"),
];

/// Keys of `settings` that are exported, with those that begin like one of [`SETTINGS_OF`]. The others (`internet`,
/// `downloads`) speak of this computer's networks, disk and queue.
const SETTINGS: &[&str] = &["settings", "receivers"];
/// How keys begin that are exported: how lectures of a course are played, and questions to come back to.
const SETTINGS_OF: &[&str] = &["playing:", "flags:"];

/// Whether what the setting says is the learner's and not the computer's.
pub(crate) fn is_learners(key: &str) -> bool {
    SETTINGS.contains(&key) || SETTINGS_OF.iter().any(|head| key.starts_with(head))
}

/// Everything a learner produced. Lists are in a fixed order: the same facts make the same takeout.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Takeout {
    /// In whose name work was made; without any key to the site.
    pub accounts: Vec<Account>,
    /// Choices: key -> value.
    pub settings: BTreeMap<String, Value>,
    /// Package libraries added by address.
    pub libraries: Vec<LibraryFact>,
    /// Names of the courses and items spoken of below.
    pub titles: Vec<Title>,
    /// Attempts with their questions.
    pub attempts: Vec<AttemptRow>,
    /// All answers ever given, oldest first.
    pub answers: Vec<AnswerFact>,
    /// All kept saves of texts being written, oldest first.
    pub drafts: Vec<DraftFact>,
    /// Files attached to what is not handed in yet.
    pub draft_files: Vec<DraftFileFact>,
    /// Handed-in work, oldest first.
    pub work: Vec<WorkFact>,
    /// Lectures as they were left.
    pub positions: Vec<PositionFact>,
    /// Readings as they were left.
    pub readings: Vec<ReadingFact>,
    /// Marks of done.
    pub done_marks: Vec<DoneFact>,
    /// Marked moments of lectures, those taken away included.
    pub bookmarks: Vec<Bookmark>,
    /// Grades, comments and recordings.
    pub feedback: Vec<Feedback>,
    /// Which file of a feedback is which bytes.
    pub feedback_files: Vec<FeedbackFileFact>,
    /// Which feedback was seen.
    pub feedback_seen: Vec<SeenFact>,
    /// The bytes that belong to it.
    pub files: Vec<FileFact>,
}

/// A package library.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LibraryFact {
    /// Where it is.
    pub address: String,
    /// As it calls itself.
    pub title: String,
    /// Of the key that signed its list.
    pub fingerprint: String,
    /// When it was added.
    pub added: TimeMs,
}

/// One answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnswerFact {
    /// In which attempt.
    pub attempt: AttemptId,
    /// To which question.
    pub question: QuestionId,
    /// The answer.
    pub response: Response,
    /// When.
    pub at: TimeMs,
}

/// One save of a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftFact {
    /// Its course.
    pub course: CourseId,
    /// Its item.
    pub item: ItemId,
    /// Which text of the item.
    pub slot: String,
    /// The whole text.
    pub text: String,
    /// When.
    pub at: TimeMs,
    /// Never thinned.
    pub kept: bool,
}

/// A file attached to a draft.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftFileFact {
    /// Its course.
    pub course: CourseId,
    /// Its item.
    pub item: ItemId,
    /// Name for the teacher.
    pub name: String,
    /// The bytes.
    pub digest: Digest,
    /// How many.
    pub size: u64,
    /// MIME type.
    pub media_type: String,
}

/// A piece of work and where it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkFact {
    /// Its id.
    pub id: WorkId,
    /// Its course.
    pub course: CourseId,
    /// When it was sealed.
    pub created: TimeMs,
    /// JSON of the whole work, letter for letter as it was sealed.
    pub sealed: String,
    /// SHA-256 of `sealed`.
    pub seal: String,
    /// Where it stands, with its receipt or refusal.
    pub state: WorkState,
    /// How often sending was begun.
    pub tries: u32,
    /// When the state last changed.
    pub changed: TimeMs,
    /// What the connector noted on the way.
    pub step: Option<Value>,
    /// In whose name it goes, where it was sealed before anybody was signed in and has one by now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<WorkName>,
}

/// A lecture as it was left.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PositionFact {
    /// Its course.
    pub course: CourseId,
    /// Its item.
    pub item: ItemId,
    /// From the start.
    pub position_ms: u64,
    /// Speed.
    pub rate: f64,
    /// The parts watched.
    pub watched: Watched,
    /// When it was last played.
    pub at: TimeMs,
}

/// A reading as it was left.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReadingFact {
    /// Its course.
    pub course: CourseId,
    /// Its item.
    pub item: ItemId,
    /// 0 top to 1 end.
    pub scroll: f64,
    /// When.
    pub at: TimeMs,
}

/// A mark of done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoneFact {
    /// Its course.
    pub course: CourseId,
    /// Its item.
    pub item: ItemId,
    /// Done, or taken back.
    pub done: bool,
    /// When.
    pub at: TimeMs,
}

/// A file of a feedback.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedbackFileFact {
    /// Of which feedback.
    pub feedback: String,
    /// Address without token.
    pub url: String,
    /// The bytes.
    pub digest: Digest,
}

/// Feedback that was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenFact {
    /// Which feedback.
    pub id: String,
    /// In which version.
    pub version: String,
    /// When.
    pub at: TimeMs,
}

/// Bytes that belong to the takeout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFact {
    /// SHA-256.
    pub digest: Digest,
    /// How many.
    pub size: u64,
    /// Name as given by the learner or the teacher; not safe as a path.
    pub name: String,
    /// Whose it is.
    pub whose: Whose,
    /// Where it lies in an archive; empty outside of one.
    #[serde(default)]
    pub path: String,
}

/// Whose bytes they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whose {
    /// The learner's own.
    Mine,
    /// They came with feedback.
    Feedback,
}

impl Takeout {
    /// The name of a course or item; empty when it was never known.
    pub fn title(&self, course: &CourseId, item: Option<&ItemId>) -> &str {
        let found = self.titles.iter().find(|t| t.course == *course && t.item.as_ref() == item);
        found.map_or("", |t| t.title.as_str())
    }
}
