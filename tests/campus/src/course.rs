//! The course folder, as the campus reads it: `course.json` and the paths it names.
//! Must stay true: this reader is the campus's own. It knows the published folder format and
//! nothing of Daypack's code, so a mistake in one is not repeated by the other.

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// Why a course folder cannot be taught from.
#[derive(Debug, thiserror::Error)]
pub enum CourseError {
    /// `course.json` cannot be read.
    #[error("cannot read {path}: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// `course.json` is not of the format.
    #[error("{path} is not a daypack-course-folder/1: {source}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where it went wrong.
        source: serde_json::Error,
    },
    /// The format word is another one.
    #[error("the folder's format is {0:?}, not \"daypack-course-folder/1\"")]
    WrongFormat(String),
    /// A path leaves the folder.
    #[error("the path {0:?} leaves the course folder")]
    Escapes(String),
}

/// A course as written down by its author.
#[derive(Debug, Clone, Deserialize)]
pub struct Course {
    /// `daypack-course-folder/1`.
    pub format: String,
    /// Stable name.
    pub id: String,
    /// Shown name.
    pub title: String,
    /// A few sentences.
    #[serde(default)]
    pub summary: String,
    /// The parts in order.
    pub sections: Vec<Section>,
}

/// A part of the course.
#[derive(Debug, Clone, Deserialize)]
pub struct Section {
    /// Shown name.
    pub title: String,
    /// A sentence.
    #[serde(default)]
    pub summary: String,
    /// The activities in order.
    pub items: Vec<Item>,
}

/// One activity.
#[derive(Debug, Clone, Deserialize)]
pub struct Item {
    /// Shown name.
    pub title: String,
    /// A sentence.
    #[serde(default)]
    pub summary: String,
    /// Which activity of which site this is.
    #[serde(default)]
    pub bindings: Vec<Binding>,
    /// What it is.
    #[serde(flatten)]
    pub kind: Kind,
}

/// The place of an item on a site.
#[derive(Debug, Clone, Deserialize)]
pub struct Binding {
    /// Course id there.
    pub course: String,
    /// Course-module id there.
    pub cmid: String,
    /// Instance id there.
    pub instance: String,
}

/// The kinds of activity.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Kind {
    /// A lecture.
    Video {
        /// Still picture.
        #[serde(default)]
        poster: Option<String>,
        /// The same lecture in several sizes.
        renditions: Vec<Rendition>,
        /// WebVTT files.
        #[serde(default)]
        captions: Vec<Caption>,
    },
    /// A page or a PDF.
    Reading {
        /// The file.
        path: String,
        /// `text/html` or `application/pdf`.
        media_type: String,
        /// Files the page shows.
        #[serde(default)]
        assets: Vec<String>,
    },
    /// Questions.
    Quiz {
        /// The questions and rules.
        quiz: Quiz,
    },
    /// Work to hand in.
    Assignment(Assignment),
    /// A forum.
    Discussion {
        /// What the teacher asks.
        prompt_html: String,
    },
    /// A place on the web.
    Link {
        /// Its address.
        address: String,
    },
}

/// One size of a lecture.
#[derive(Debug, Clone, Deserialize)]
pub struct Rendition {
    /// `standard`, `low` or `audio`.
    pub tier: String,
    /// The file.
    pub path: String,
    /// Its type.
    pub media_type: String,
}

/// One caption file.
#[derive(Debug, Clone, Deserialize)]
pub struct Caption {
    /// The file.
    pub path: String,
}

/// What is handed in, and how.
#[derive(Debug, Clone, Deserialize)]
pub struct Assignment {
    /// The task.
    #[serde(default)]
    pub brief_html: String,
    /// Whether text may be typed.
    #[serde(default)]
    pub accepts_text: bool,
    /// How many files.
    #[serde(default)]
    pub max_files: u32,
    /// How large each.
    #[serde(default)]
    pub max_file_bytes: u64,
    /// Epoch milliseconds.
    #[serde(default)]
    pub due: Option<i64>,
    /// Points.
    #[serde(default = "hundred")]
    pub max_grade: f64,
    /// Words allowed in the text; the campus enforces it as Moodle does.
    #[serde(default)]
    pub word_limit: Option<u32>,
    /// Whether work is a draft until it is submitted for grading.
    #[serde(default)]
    pub submission_drafts: bool,
}

fn hundred() -> f64 {
    100.0
}

/// The questions of a quiz.
#[derive(Debug, Clone, Deserialize)]
pub struct Quiz {
    /// Shown before the start.
    #[serde(default)]
    pub intro_html: String,
    /// Null: any number.
    #[serde(default)]
    pub max_attempts: Option<u32>,
    /// In order.
    pub questions: Vec<Question>,
}

/// One question.
#[derive(Debug, Clone, Deserialize)]
pub struct Question {
    /// The question.
    pub text_html: String,
    /// Marks.
    #[serde(default)]
    pub points: f64,
    /// General feedback.
    #[serde(default)]
    pub feedback_html: String,
    /// What is asked.
    #[serde(flatten)]
    pub body: Body,
}

/// What is asked, and the key where there is one.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Body {
    /// One of several.
    SingleChoice {
        /// The choices.
        choices: Vec<Choice>,
        /// The right one.
        #[serde(default)]
        key: Option<SingleKey>,
    },
    /// Some of several.
    MultipleChoice {
        /// The choices.
        choices: Vec<Choice>,
        /// The right ones.
        #[serde(default)]
        key: Option<MultipleKey>,
    },
    /// True or false.
    TrueFalse {
        /// Which.
        #[serde(default)]
        key: Option<BoolKey>,
    },
    /// A word.
    ShortText {
        /// Which words.
        #[serde(default)]
        key: Option<TextKey>,
    },
    /// A number.
    Number {
        /// Which number.
        #[serde(default)]
        key: Option<NumberKey>,
    },
    /// Pairs.
    Matching {
        /// What is matched.
        left: Vec<Choice>,
        /// With what.
        right: Vec<Choice>,
        /// The right pairs.
        #[serde(default)]
        key: Option<PairsKey>,
    },
    /// A text that a person marks.
    Essay {
        /// At least so many words.
        #[serde(default)]
        min_words: Option<u32>,
        /// At most so many.
        #[serde(default)]
        max_words: Option<u32>,
    },
    /// No question, only text.
    Description,
}

/// A choice, a stem or an option.
#[derive(Debug, Clone, Deserialize)]
pub struct Choice {
    /// Unique in the question.
    pub id: String,
    /// Shown text.
    pub text_html: String,
    /// Shown after choosing it.
    #[serde(default)]
    pub feedback_html: String,
}

/// Key of a single choice.
#[derive(Debug, Clone, Deserialize)]
pub struct SingleKey {
    /// Id of the right choice.
    pub choice: String,
}
/// Key of a multiple choice.
#[derive(Debug, Clone, Deserialize)]
pub struct MultipleKey {
    /// Ids of the right choices.
    pub choices: Vec<String>,
}
/// Key of true/false.
#[derive(Debug, Clone, Deserialize)]
pub struct BoolKey {
    /// The truth.
    pub value: bool,
}
/// Key of a short text.
#[derive(Debug, Clone, Deserialize)]
pub struct TextKey {
    /// What counts.
    pub accepted: Vec<String>,
    /// Whether case counts.
    #[serde(default)]
    pub case_sensitive: bool,
}
/// Key of a number.
#[derive(Debug, Clone, Deserialize)]
pub struct NumberKey {
    /// The number.
    pub value: f64,
    /// Plus or minus.
    #[serde(default)]
    pub tolerance: f64,
}
/// Key of a matching.
#[derive(Debug, Clone, Deserialize)]
pub struct PairsKey {
    /// Left id to right id.
    pub pairs: std::collections::BTreeMap<String, String>,
}

impl Course {
    /// Reads `course.json` of `folder`.
    pub fn open(folder: &Path) -> Result<Self, CourseError> {
        let path = folder.join("course.json");
        let text = std::fs::read_to_string(&path)
            .map_err(|source| CourseError::Unreadable { path: path.clone(), source })?;
        let course: Self =
            serde_json::from_str(&text).map_err(|source| CourseError::Malformed { path, source })?;
        if course.format != "daypack-course-folder/1" {
            return Err(CourseError::WrongFormat(course.format));
        }
        Ok(course)
    }
}

/// The file a relative path of the course means.
pub fn inside(folder: &Path, relative: &str) -> Result<PathBuf, CourseError> {
    let clean = !relative.is_empty()
        && relative.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
        && !relative.contains('\\')
        && !relative.contains(':');
    if clean { Ok(folder.join(relative)) } else { Err(CourseError::Escapes(relative.to_owned())) }
}
