//! The outbox and the inbox.

use daypack_course::feedback::{Grade, QuestionFeedback};
use daypack_course::work::WorkState;
use daypack_course::{CourseId, ItemId, TimeMs, WorkId};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::study::FileView;

/// All work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct OutboxView {
    /// Newest first.
    pub work: Vec<WorkCard>,
    /// Pieces not accepted yet.
    pub unsent: u32,
}

/// A piece of work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct WorkCard {
    /// Its id.
    pub id: WorkId,
    /// Its course.
    pub course: CourseId,
    /// The course's title.
    pub course_title: String,
    /// Its item.
    pub item: ItemId,
    /// The item's title.
    pub item_title: String,
    /// What it is.
    pub kind: WorkKind,
    /// When it was sealed.
    pub created: TimeMs,
    /// Where it stands.
    pub state: WorkState,
    /// Bytes to send, roughly.
    pub size: u64,
    /// Tries so far.
    pub tries: u32,
    /// When it is tried again by itself.
    pub next_try: Option<TimeMs>,
    /// The first words.
    pub excerpt: String,
    /// Name of the site it goes to.
    pub site_name: String,
}

/// What a piece of work is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum WorkKind {
    /// A finished quiz.
    Quiz,
    /// Work handed in.
    Submission,
    /// A message.
    Post,
    /// An item marked as done.
    Completion,
}

/// A piece of work with its full text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct WorkDetail {
    /// As in the list.
    pub card: WorkCard,
    /// The whole text; for a quiz, question and answer in turn.
    pub text: Vec<WorkLine>,
    /// Files.
    pub files: Vec<FileView>,
}

/// One part of a piece of work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct WorkLine {
    /// The question or subject; may be empty.
    pub about: String,
    /// What the learner wrote or chose.
    pub text: String,
}

/// All feedback.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Inbox {
    /// Newest first.
    pub feedback: Vec<FeedbackView>,
    /// Not seen yet.
    pub unseen: u32,
}

/// Feedback on one item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct FeedbackView {
    /// Its id.
    pub id: String,
    /// The course, when it is here.
    pub course: Option<CourseId>,
    /// The item, when it is here.
    pub item: Option<ItemId>,
    /// The course's title; may be empty.
    pub course_title: String,
    /// The item's title; may be empty.
    pub item_title: String,
    /// The grade.
    pub grade: Option<Grade>,
    /// Cleaned HTML; may be empty.
    pub comment_html: String,
    /// On single questions.
    pub questions: Vec<QuestionFeedback>,
    /// Recorded messages and other files.
    pub files: Vec<FeedbackFileView>,
    /// Who gave it; may be empty.
    pub from: String,
    /// When, by the site's clock.
    pub given: TimeMs,
    /// The learner has seen it.
    pub seen: bool,
}

/// A file that came with feedback.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FeedbackFileView {
    /// Name.
    pub name: String,
    /// MIME type.
    pub media_type: String,
    /// Bytes, when known.
    pub size: Option<u64>,
    /// Local address when it is here (set by `item` and `inbox`), else `None`.
    pub url: Option<String>,
}
