//! The course folder (`daypack-course-folder/1`): `course.json` beside its files, what an author writes and
//! `daypack pack build` reads. Described in `docs/course-folder.md`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::TimeMs;
use crate::outline::{Chapter, Tier};
use crate::quiz::{Question, QuizMode};

/// The value of `format`.
pub const FORMAT: &str = "daypack-course-folder/1";

/// The whole of `course.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Folder {
    /// Must be [`FORMAT`].
    pub format: String,
    /// Slug of the course.
    pub id: String,
    /// Shown title.
    pub title: String,
    /// BCP 47 tag.
    pub language: String,
    /// One or two sentences.
    #[serde(default)]
    pub summary: String,
    /// SPDX expression.
    #[serde(default)]
    pub licence: String,
    /// Who made it.
    #[serde(default)]
    pub authors: Vec<String>,
    /// Counts up with each publication.
    pub version: u64,
    /// Alias -> address of a site, used by bindings.
    #[serde(default)]
    pub sites: BTreeMap<String, String>,
    /// In study order.
    pub sections: Vec<FolderSection>,
}

/// A section in `course.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FolderSection {
    /// Unique in the course.
    pub id: String,
    /// Shown title.
    pub title: String,
    /// May be empty.
    #[serde(default)]
    pub summary: String,
    /// In study order.
    pub items: Vec<FolderItem>,
}

/// An item in `course.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FolderItem {
    /// Unique in the course.
    pub id: String,
    /// Shown title.
    pub title: String,
    /// One sentence.
    #[serde(default)]
    pub summary: String,
    /// Estimated minutes.
    #[serde(default)]
    pub minutes: Option<u32>,
    /// The LMS activities it stands for.
    #[serde(default)]
    pub bindings: Vec<FolderBinding>,
    /// What it is.
    #[serde(flatten)]
    pub body: FolderBody,
}

/// A binding whose `site` is an alias of `Folder::sites`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FolderBinding {
    /// Alias.
    pub site: String,
    /// Course id at the site.
    pub course: String,
    /// Kind of activity in the site's words.
    pub module: String,
    /// Course module id.
    pub cmid: String,
    /// Instance id.
    pub instance: String,
}

/// What an item is, with paths relative to the folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FolderBody {
    /// A recorded lecture.
    Video {
        /// Milliseconds.
        duration_ms: Option<u64>,
        /// Path of a still picture.
        #[serde(default)]
        poster: Option<String>,
        /// Best first.
        renditions: Vec<FolderRendition>,
        /// Caption tracks.
        #[serde(default)]
        captions: Vec<FolderCaption>,
        /// By start.
        #[serde(default)]
        chapters: Vec<Chapter>,
    },
    /// Something to read.
    Reading {
        /// Path.
        path: String,
        /// MIME type.
        media_type: String,
        /// Paths of the files a page uses.
        #[serde(default)]
        assets: Vec<String>,
    },
    /// Questions.
    Quiz {
        /// The questions and rules.
        quiz: FolderQuiz,
    },
    /// Work to hand in.
    Assignment {
        /// What is asked.
        brief_html: String,
        /// Text is handed in.
        accepts_text: bool,
        /// Number of files.
        max_files: u32,
        /// Largest file in bytes.
        #[serde(default)]
        max_file_bytes: Option<u64>,
        /// When it is due.
        #[serde(default)]
        due: Option<TimeMs>,
        /// Best grade.
        #[serde(default)]
        max_grade: Option<f64>,
    },
    /// A discussion.
    Discussion {
        /// What is discussed.
        prompt_html: String,
    },
    /// An address on the internet.
    Link {
        /// The address.
        address: String,
    },
}

/// A rendition in `course.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FolderRendition {
    /// Which size.
    pub tier: Tier,
    /// Path.
    pub path: String,
    /// MIME type.
    pub media_type: String,
    /// RFC 6381 codecs string.
    #[serde(default)]
    pub codecs: String,
    /// Pixels.
    #[serde(default)]
    pub width: u32,
    /// Pixels.
    #[serde(default)]
    pub height: u32,
}

/// A caption track in `course.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FolderCaption {
    /// BCP 47 tag.
    pub language: String,
    /// As shown.
    pub label: String,
    /// Path.
    pub path: String,
}

/// A quiz in `course.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FolderQuiz {
    /// Practice or graded.
    pub mode: QuizMode,
    /// Introduction.
    #[serde(default)]
    pub intro_html: String,
    /// `None`: no limit.
    #[serde(default)]
    pub max_attempts: Option<u32>,
    /// The questions with their keys; keys of graded quizzes do not get into a package.
    pub questions: Vec<Question>,
}
