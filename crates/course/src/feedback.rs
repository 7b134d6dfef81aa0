//! What comes back: grades, comments and recorded messages, kept beside the work they speak of.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{AccountId, TimeMs, outline::Binding};

/// One answer of a teacher or a site to one activity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Feedback {
    /// Stable: the same feedback pulled twice has the same id (built from account, activity and kind).
    pub id: String,
    /// For whom.
    pub account: AccountId,
    /// The activity it speaks of.
    pub about: Binding,
    /// The grade, when there is one.
    pub grade: Option<Grade>,
    /// A written comment as HTML (cleaned before it is shown); may be empty.
    pub comment_html: String,
    /// Comments on single questions.
    pub questions: Vec<QuestionFeedback>,
    /// Recorded messages and other files.
    pub files: Vec<FeedbackFile>,
    /// Who gave it, as the site names them; may be empty.
    pub from: String,
    /// When, by the site's clock.
    pub given: TimeMs,
    /// Changes when the feedback changes, so that a changed one is shown as new.
    pub version: String,
}

/// A grade as given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Grade {
    /// The number, when the site gives one.
    pub value: Option<f64>,
    /// Best possible number.
    pub max: Option<f64>,
    /// As the site would show it, e.g. `82.00` or `B+`.
    pub shown: String,
    /// False while a person still has to mark part of it.
    pub is_final: bool,
}

/// What was said about one question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct QuestionFeedback {
    /// The site's number of the question within the attempt.
    pub slot: u32,
    /// As the site names the state, folded to ours.
    pub state: QuestionState,
    /// Points given, when shown.
    pub mark: Option<f64>,
    /// Points possible, when shown.
    pub max_mark: Option<f64>,
    /// A written comment as HTML; may be empty.
    pub comment_html: String,
    /// What the site says to the answer by itself, as HTML: feedback and the right answer; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub outcome_html: String,
}

/// How a question was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum QuestionState {
    /// Right.
    Right,
    /// Partly right.
    Partly,
    /// Wrong.
    Wrong,
    /// Not answered.
    Unanswered,
    /// A person still has to read it.
    AwaitingMarking,
    /// A state this version does not know.
    Other,
}

/// A file that came with feedback.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedbackFile {
    /// File name.
    pub name: String,
    /// MIME type.
    pub media_type: String,
    /// Bytes, when the site says.
    pub size: Option<u64>,
    /// Address without any token.
    pub url: String,
    /// Changes when the file changes.
    pub version: String,
}
