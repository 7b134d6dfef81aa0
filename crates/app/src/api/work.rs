//! The outbox and the inbox.

use daypack_course::deadline::Deadline;
use daypack_course::feedback::{Grade, QuestionFeedback};
use daypack_course::work::{Trouble, Wait, WorkState};
use daypack_course::{CourseId, ItemId, TimeMs, WorkId};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::receiver::ReceiverView;
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
    /// Which of the lists it belongs to.
    pub group: WorkGroup,
    /// Why it does not move just now.
    pub wait: Option<Wait>,
    /// Where it goes, while it has no account yet.
    pub goes_to: Option<ReceiverView>,
    /// What the last try that led to nothing ran into.
    pub trouble: Option<Trouble>,
    /// Not taken, and the learner decided to leave it at that; it stays to be read.
    pub set_aside: bool,
    /// Nothing of it was sent, and it can be taken back to be changed.
    pub can_take_back: bool,
    /// When it must be there; `None` without a date or once it is there.
    pub deadline: Option<Deadline>,
    /// Time zone of the course's dates (IANA), where it is known.
    pub zone: Option<String>,
}

/// The lists of the outbox page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum WorkGroup {
    /// Cannot go on without the learner.
    NeedsYou,
    /// Goes out by itself.
    Waiting,
    /// The site has it, or the learner closed the matter.
    Sent,
}

/// What a learner can decide on a piece of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Unclear: it is there, the learner has seen it.
    IsThere,
    /// Unclear: send it again.
    SendAgain,
    /// Not taken: the site's version stands; ours stays here to be read.
    KeepSites,
    /// Not taken: ours goes out as a new version. Ours and the site's of before both stay readable.
    SendMine,
    /// Not taken: both stay apart, ours here, the site's there.
    KeepBoth,
}

/// What the site holds in the place of a piece of work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SiteVersionView {
    /// When it was last changed, by the site's clock.
    pub at: Option<TimeMs>,
    /// When it was brought here.
    pub fetched: TimeMs,
    /// The whole text; for a quiz, question and answer in turn.
    pub text: Vec<WorkLine>,
    /// Names of the files.
    pub files: Vec<String>,
    /// The site has something and does not show it.
    pub hidden: bool,
}

/// When a piece of work was written, for a receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct WrittenView {
    /// The first save.
    pub first: TimeMs,
    /// The last save.
    pub last: TimeMs,
    /// Events in the chain.
    pub events: u32,
    /// The last hash; it stands for the whole chain.
    pub head: String,
}

/// A receipt file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ReceiptFile {
    /// Where it is.
    pub path: String,
    /// The last hash of its chain.
    pub head: String,
}

/// What is known of clocks, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ClockFacts {
    /// The facts.
    pub facts: Vec<ClockFactView>,
}

/// One fact about clocks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "fact", rename_all = "snake_case")]
pub enum ClockFactView {
    /// A site answered; both clocks at that moment.
    Contact {
        /// Address of the site.
        site: String,
        /// By the site's clock.
        server: TimeMs,
        /// By this computer's.
        local: TimeMs,
    },
    /// This computer's clock was set.
    Jumped {
        /// By this computer's clock, afterwards.
        local: TimeMs,
        /// By how much, in milliseconds.
        by_ms: i64,
    },
    /// This computer slept.
    Slept {
        /// By this computer's clock, afterwards.
        local: TimeMs,
        /// How long, in milliseconds.
        ms: i64,
    },
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
    /// What the site holds in its place, where both are to be compared.
    pub theirs: Option<SiteVersionView>,
    /// What the learner can decide now.
    pub decisions: Vec<Decision>,
    /// When it was written.
    pub written: Option<WrittenView>,
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
