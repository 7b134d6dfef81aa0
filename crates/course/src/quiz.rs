//! Questions, what a learner answers, and how an answer is scored.
//!
//! One question kind per file in `quiz/`. A key (the right answer) is apart from the question's face:
//! `Question::without_key` is what may leave a teacher's hands for graded work.

pub mod blanks;
pub mod choice;
pub mod matching;
pub mod number;
pub mod ordering;
pub mod picture;
pub mod text;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{AssetId, QuestionId};

/// A set of questions with its rules.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quiz {
    /// Practice is scored here and now, graded is scored by the site.
    pub mode: QuizMode,
    /// Introduction as HTML (cleaned before it is shown).
    #[serde(default)]
    pub intro_html: String,
    /// `None`: as often as one likes.
    pub max_attempts: Option<u32>,
    /// The questions; empty while `start_online` and not started.
    pub questions: Vec<Question>,
    /// The site gives the questions only when an attempt is started there.
    #[serde(default)]
    pub start_online: bool,
    /// The site takes no answers after; `None` when it is open for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closes: Option<crate::TimeMs>,
    /// The site starts no attempt before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opens: Option<crate::TimeMs>,
    /// How long an attempt may take, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_limit_ms: Option<u64>,
    /// It cannot be worked here, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only_there: Option<OnlyThere>,
    /// At its site each answer can be checked at once, with hints or further tries; here all are checked at the end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub checks_each: bool,
    /// Pictures inside questions: path as the question writes it -> file.
    #[serde(default)]
    pub files: BTreeMap<String, AssetId>,
}

/// Why a quiz is worked at its site only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum OnlyThere {
    /// One page after another, without a way back: the site hands out a page when the one before is done.
    OnePageAfterAnother,
    /// A browser that watches over the learner.
    WatchedBrowser,
}

/// Who scores a quiz.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum QuizMode {
    /// Scored on this computer, as often as one likes.
    Practice,
    /// Handed in and scored by the site.
    Graded,
}

/// Who scores one question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Scoring {
    /// On this computer.
    Local,
    /// By the site.
    Server,
    /// By a person.
    Manual,
}

/// One question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Question {
    /// Unique in the quiz.
    pub id: QuestionId,
    /// The question as HTML (cleaned before it is shown).
    pub text_html: String,
    /// Best possible points.
    pub points: f64,
    /// Who scores it.
    pub scoring: Scoring,
    /// Shown after scoring; may be empty.
    #[serde(default)]
    pub feedback_html: String,
    /// The site's number for it within an attempt, when it has one (Moodle: slot).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<u32>,
    /// The teacher's page it stands on, from 0; `None`: all questions on one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<u32>,
    /// Its kind with face and key.
    #[serde(flatten)]
    pub body: QuestionBody,
}

/// The kinds of questions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum QuestionBody {
    /// Exactly one of several.
    SingleChoice(choice::SingleChoice),
    /// Any number of several.
    MultipleChoice(choice::MultipleChoice),
    /// True or false.
    TrueFalse(choice::TrueFalse),
    /// A word or a short phrase.
    ShortText(text::ShortText),
    /// A number.
    Number(number::Number),
    /// Pairs.
    Matching(matching::Matching),
    /// A longer text, read by a person.
    Essay(text::Essay),
    /// A text with places to fill in.
    Blanks(blanks::Blanks),
    /// Pieces on a picture.
    Picture(picture::Picture),
    /// Markers on a picture.
    Markers(picture::Markers),
    /// Things in order.
    Ordering(ordering::Ordering),
    /// Text between questions; nothing to answer.
    Description {},
    /// A kind Daypack cannot work yet: shown, not scored, never skipped in silence.
    Unsupported {
        /// The source's own name for it.
        what: String,
    },
}

/// What a learner gave as answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Response {
    /// One choice; `None` when cleared.
    SingleChoice {
        /// Id of the choice.
        choice: Option<String>,
    },
    /// The ticked choices.
    MultipleChoice {
        /// Ids of the choices.
        choices: Vec<String>,
    },
    /// True, false or cleared.
    TrueFalse {
        /// The learner's verdict.
        value: Option<bool>,
    },
    /// As typed.
    ShortText {
        /// The text.
        text: String,
    },
    /// As typed; read as a number when scored.
    Number {
        /// The text.
        text: String,
        /// The chosen unit, where units are offered.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unit: Option<String>,
    },
    /// Left id -> right id.
    Matching {
        /// The pairs chosen so far.
        pairs: BTreeMap<String, String>,
    },
    /// As typed, plain text with line breaks.
    Essay {
        /// The text.
        text: String,
    },
    /// What stands in the places of a text or a picture.
    Filled {
        /// Place -> what is typed, or the id of what was chosen.
        values: BTreeMap<String, String>,
    },
    /// Where the markers are.
    Markers {
        /// Marker -> its points, in the order they were put there.
        points: BTreeMap<String, Vec<picture::Point>>,
    },
    /// Everything in the order the learner brought it into.
    Ordering {
        /// Ids of the items.
        order: Vec<String>,
    },
}

/// The result of scoring one response.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Score {
    /// 0 to 1.
    pub fraction: f64,
    /// Ids of choices or left sides that were right, for marking them on the screen.
    pub right: Vec<String>,
}

impl Question {
    /// The question without its key and feedback, fit for graded work.
    pub fn without_key(mut self) -> Self {
        self.feedback_html.clear();
        match &mut self.body {
            QuestionBody::SingleChoice(q) => q.drop_key(),
            QuestionBody::MultipleChoice(q) => q.drop_key(),
            QuestionBody::TrueFalse(q) => q.key = None,
            QuestionBody::ShortText(q) => q.key = None,
            QuestionBody::Number(q) => q.key = None,
            QuestionBody::Matching(q) => q.key = None,
            QuestionBody::Essay(_)
            | QuestionBody::Blanks(_)
            | QuestionBody::Picture(_)
            | QuestionBody::Markers(_)
            | QuestionBody::Ordering(_)
            | QuestionBody::Description {}
            | QuestionBody::Unsupported { .. } => {}
        }
        self
    }

    /// Scores `response` with the key; `None` when there is no key, nothing to score, or the response is of
    /// another kind. The fraction is between 0 and 1.
    pub fn score(&self, response: &Response) -> Option<Score> {
        match (&self.body, response) {
            (QuestionBody::SingleChoice(q), Response::SingleChoice { choice }) => q.score(choice.as_deref()),
            (QuestionBody::MultipleChoice(q), Response::MultipleChoice { choices }) => q.score(choices),
            (QuestionBody::TrueFalse(q), Response::TrueFalse { value }) => q.score(*value),
            (QuestionBody::ShortText(q), Response::ShortText { text }) => q.score(text),
            (QuestionBody::Number(q), Response::Number { text, .. }) => q.score(text),
            (QuestionBody::Matching(q), Response::Matching { pairs }) => q.score(pairs),
            (
                QuestionBody::SingleChoice(_)
                | QuestionBody::MultipleChoice(_)
                | QuestionBody::TrueFalse(_)
                | QuestionBody::ShortText(_)
                | QuestionBody::Number(_)
                | QuestionBody::Matching(_)
                | QuestionBody::Essay(_)
                | QuestionBody::Blanks(_)
                | QuestionBody::Picture(_)
                | QuestionBody::Markers(_)
                | QuestionBody::Ordering(_)
                | QuestionBody::Description {}
                | QuestionBody::Unsupported { .. },
                _,
            ) => None,
        }
    }

    /// Whether there is something to answer.
    pub fn is_answerable(&self) -> bool {
        !matches!(self.body, QuestionBody::Description {} | QuestionBody::Unsupported { .. })
    }
}

impl Response {
    /// Whether the learner left it empty.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::SingleChoice { choice } => choice.is_none(),
            Self::MultipleChoice { choices } => choices.is_empty(),
            Self::TrueFalse { value } => value.is_none(),
            Self::ShortText { text } | Self::Essay { text } => text.trim().is_empty(),
            Self::Number { text, unit } => text.trim().is_empty() && unit.is_none(),
            Self::Matching { pairs } => pairs.is_empty(),
            Self::Filled { values } => blanks::is_empty(values),
            Self::Markers { points } => points.values().all(Vec::is_empty),
            Self::Ordering { order } => order.is_empty(),
        }
    }
}

impl Score {
    /// All or nothing.
    pub(crate) fn whole(right: bool) -> Self {
        Self { fraction: if right { 1.0 } else { 0.0 }, right: Vec::new() }
    }
}
