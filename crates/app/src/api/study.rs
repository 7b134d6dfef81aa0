//! One item, ready to be studied.

use std::collections::BTreeMap;

use daypack_course::outline::{Chapter, Tier};
use daypack_course::progress::Watched;
use daypack_course::quiz::{OnlyThere, Question, QuizMode, Response, Score};
use daypack_course::rules::{HandInRules, TalkRules};
use daypack_course::{AttemptId, CourseId, Digest, ItemId, QuestionId, TimeMs};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::outline::{ItemLink, ItemRow};
use super::receiver::ReceiverView;
use super::work::{FeedbackView, WorkCard};

/// Everything needed to study one item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct ItemView {
    /// Its course.
    pub course: CourseId,
    /// The course's title.
    pub course_title: String,
    /// BCP 47 tag of the course.
    pub language: String,
    /// As in the outline.
    pub row: ItemRow,
    /// The item before.
    pub previous: Option<ItemLink>,
    /// The item after.
    pub next: Option<ItemLink>,
    /// Where work goes; `None` when it stays here or the learner is to choose.
    pub hands_in_to: Option<String>,
    /// The same with its accounts and sites.
    pub receiver: ReceiverView,
    /// Feedback on it, newest first.
    pub feedback: Vec<FeedbackView>,
    /// Work of it, newest first.
    pub sent: Vec<WorkCard>,
    /// What it is.
    pub body: ItemBodyView,
    /// Time zone of the course's dates (IANA), where it is known.
    pub zone: Option<String>,
}

/// What an item is, with local addresses.
#[allow(clippy::large_enum_variant, reason = "one at a time, on its way to JSON")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ItemBodyView {
    /// A recorded lecture.
    Video(VideoView),
    /// Something to read.
    Reading(ReadingView),
    /// Questions.
    Quiz(QuizView),
    /// Work to hand in.
    Assignment(AssignmentView),
    /// A discussion.
    Discussion(DiscussionView),
    /// An address on the internet.
    Link {
        /// The address.
        address: String,
        /// Its host, as shown.
        host: String,
    },
    /// Words between the other items.
    Text {
        /// Clean HTML, with local addresses.
        html: String,
    },
    /// Cannot be worked yet.
    Unsupported {
        /// The source's own name for it.
        what: String,
        /// Its page at the site, where it can be worked.
        address: Option<String>,
    },
    /// Its files are not here.
    NotHere {},
}

/// A lecture ready to play.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct VideoView {
    /// The renditions that are here, best first. Ask `canPlayType` with `media_type` and `codecs` first.
    pub sources: Vec<VideoSource>,
    /// Caption tracks.
    pub captions: Vec<CaptionView>,
    /// By start.
    pub chapters: Vec<Chapter>,
    /// Milliseconds, when known.
    pub duration_ms: Option<u64>,
    /// Local address of a still picture.
    pub poster: Option<String>,
    /// Where the learner was, in milliseconds.
    pub position_ms: u64,
    /// What was watched.
    pub watched: Watched,
    /// How lectures of this course are played.
    pub playing: Playing,
    /// Marked moments, by their place.
    pub bookmarks: Vec<BookmarkView>,
}

/// How the lectures of a course are played.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Playing {
    /// Speed, 0.5 to 3.
    pub rate: f64,
    /// Captions shown.
    pub captions: bool,
    /// BCP 47 tag of the captions that were chosen; empty before a choice.
    pub language: String,
    /// The next lecture begins by itself.
    pub goes_on: bool,
}

/// A marked moment of a lecture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BookmarkView {
    /// Its id.
    pub id: String,
    /// From the start, in milliseconds.
    pub at_ms: u64,
    /// The learner's words; may be empty.
    pub text: String,
}

/// One playable file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct VideoSource {
    /// Which size.
    pub tier: Tier,
    /// Local address, valid until the item is closed.
    pub url: String,
    /// MIME type.
    pub media_type: String,
    /// RFC 6381 codecs string; may be empty.
    pub codecs: String,
    /// Bytes.
    pub size: u64,
    /// It is here in part only, and can be played as far as it is here; `video_coming` tells how far that is.
    pub is_coming: bool,
}

/// How much is here of a lecture that is being fetched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct VideoComing {
    /// Bytes here.
    pub have: u64,
    /// Bytes in all; 0 when nothing of it is coming.
    pub size: u64,
    /// Where they are: begin and end as shares of the file, 0 to 1, in order.
    pub parts: Vec<(f64, f64)>,
    /// More is being fetched just now.
    pub is_moving: bool,
}

/// A caption track with its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CaptionView {
    /// BCP 47 tag.
    pub language: String,
    /// As shown.
    pub label: String,
    /// The WebVTT file.
    pub text: String,
}

/// A reading ready to open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct ReadingView {
    /// How to show it.
    pub shown_as: ReadingShape,
    /// MIME type.
    pub media_type: String,
    /// File name.
    pub name: String,
    /// Local address on the content origin, valid until the item is closed.
    pub url: String,
    /// How far it was read, 0 to 1.
    pub fraction: f64,
    /// Bytes.
    pub size: u64,
}

/// How a reading is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ReadingShape {
    /// A page in the sandboxed frame.
    Page,
    /// A PDF in the sandboxed frame (the address is the viewer with the document).
    Pdf,
    /// A picture.
    Image,
    /// Plain text.
    Text,
    /// Something another program opens.
    File,
}

/// A quiz.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct QuizView {
    /// Practice or graded.
    pub mode: QuizMode,
    /// Cleaned HTML.
    pub intro_html: String,
    /// Number of questions; 0 while unknown.
    pub questions: u32,
    /// Must be started while connected.
    pub starts_online: bool,
    /// It can be worked at its site only, and why.
    pub only_there: Option<OnlyThere>,
    /// Its page at the site.
    pub address: Option<String>,
    /// At its site each answer can be checked at once; here all are checked at the end.
    pub checks_each: bool,
    /// How long an attempt may take, in milliseconds.
    pub time_limit_ms: Option<u64>,
    /// When it can be started.
    pub opens: Option<TimeMs>,
    /// When it is closed.
    pub closes: Option<TimeMs>,
    /// `None`: no limit.
    pub max_attempts: Option<u32>,
    /// The open attempt.
    pub open: Option<AttemptView>,
    /// Finished attempts, newest first.
    pub past: Vec<AttemptView>,
}

/// An attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct AttemptView {
    /// Its id.
    pub id: AttemptId,
    /// From 1.
    pub number: u32,
    /// When it was begun.
    pub started: TimeMs,
    /// When it was finished.
    pub finished: Option<TimeMs>,
    /// The questions as they were when it began, HTML cleaned; without keys until finished.
    pub questions: Vec<Question>,
    /// What was answered.
    pub responses: BTreeMap<QuestionId, SavedResponse>,
    /// Points from 0 to 1 of what could be scored here; `None` before finishing and for graded work.
    pub score: Option<f64>,
    /// Scores per question, for practice after finishing.
    pub scores: BTreeMap<QuestionId, Score>,
    /// Questions that the learner wants to come back to.
    pub flags: Vec<QuestionId>,
    /// The site's id of it, once it is known.
    pub remote: Option<String>,
    /// Its place in the outbox.
    pub work: Option<WorkCard>,
    /// When the site ends it, by this computer's clock.
    pub ends: Option<TimeMs>,
    /// When all answers up to then were proven to be at the site.
    pub kept_at: Option<TimeMs>,
    /// The site takes no answers to it any more.
    pub closed_there: bool,
}

/// A kept answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct SavedResponse {
    /// The answer.
    pub response: Response,
    /// On disk since.
    pub at: TimeMs,
}

/// An assignment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct AssignmentView {
    /// Cleaned HTML.
    pub brief_html: String,
    /// Text is handed in.
    pub accepts_text: bool,
    /// Number of files.
    pub max_files: u32,
    /// Largest file in bytes.
    pub max_file_bytes: Option<u64>,
    /// When it is due.
    pub due: Option<TimeMs>,
    /// Nothing is taken after.
    pub cut_off: Option<TimeMs>,
    /// Best grade.
    pub max_grade: Option<f64>,
    /// What else is asked.
    pub rules: HandInRules,
    /// What the school holds of it, as it was last read.
    pub there: Option<ThereView>,
    /// What is being written.
    pub draft: Draft,
}

/// What the school holds of a hand-in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ThereView {
    /// How it stands.
    pub state: ThereState,
    /// The text, plain.
    pub text: String,
    /// Names of the files.
    pub files: Vec<String>,
    /// When it was last changed, by the school's clock.
    pub at: Option<TimeMs>,
    /// It can still be changed.
    pub can_edit: bool,
    /// A later last date for this learner alone.
    pub extension: Option<TimeMs>,
    /// When it was read.
    pub as_of: TimeMs,
}

/// How a hand-in stands at the school.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ThereState {
    /// Nothing is there.
    Nothing,
    /// Saved and not handed in.
    Draft,
    /// Handed in.
    HandedIn,
    /// The teacher lets the learner try again.
    Reopened,
}

/// Something being written.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct Draft {
    /// The text.
    pub text: String,
    /// On disk since; `None` when nothing was written yet.
    pub saved_at: Option<TimeMs>,
    /// Files.
    pub files: Vec<FileView>,
}

/// A file of the learner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FileView {
    /// Its digest.
    pub digest: Digest,
    /// Name.
    pub name: String,
    /// Bytes.
    pub size: u64,
}

/// A discussion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct DiscussionView {
    /// Cleaned HTML.
    pub prompt_html: String,
    /// What may be written in it.
    pub rules: TalkRules,
    /// Posts as last brought here, in order of time.
    pub posts: Vec<PostView>,
    /// When they were brought.
    pub as_of: Option<TimeMs>,
    /// What is being written, by slot.
    pub drafts: BTreeMap<String, Draft>,
}

/// A post.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PostView {
    /// The site's id.
    pub id: String,
    /// The post it answers.
    pub parent: Option<String>,
    /// Subject line.
    pub subject: String,
    /// Who wrote it.
    pub author: String,
    /// Cleaned HTML.
    pub html: String,
    /// When.
    pub at: TimeMs,
    /// Whether this learner may answer it.
    #[serde(default = "yes")]
    pub can_reply: bool,
    /// Written by this learner.
    pub mine: bool,
}

fn yes() -> bool {
    true
}

/// The grades of a course.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct GradesView {
    /// Its id.
    pub course: CourseId,
    /// Its title.
    pub title: String,
    /// Somebody is signed in where the course comes from, or where its work goes.
    pub has_school: bool,
    /// When the school listed them; `None` before it did.
    pub as_of: Option<TimeMs>,
    /// In the school's order.
    pub lines: Vec<GradeLine>,
    /// The sum of the course, where the school shows one.
    pub total: Option<GradeLine>,
}

/// One grade.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct GradeLine {
    /// As the school names it.
    pub name: String,
    /// The item here that it belongs to.
    pub item: Option<ItemId>,
    /// The sum of other lines.
    pub is_sum: bool,
    /// The number; `None` without a grade.
    pub value: Option<f64>,
    /// As the school writes it; empty without a grade.
    pub shown: String,
    /// The best possible number.
    pub most: Option<f64>,
    /// As the school writes it; may be empty.
    pub percent: String,
    /// How much it counts, as the school writes it; may be empty.
    pub weight: String,
    /// Cleaned HTML; may be empty.
    pub feedback_html: String,
    /// When it was given.
    pub given: Option<TimeMs>,
    /// The school has something here and does not show it.
    pub hidden: bool,
}
