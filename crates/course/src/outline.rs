//! `Course > Section > Item`, and the files they need.
//!
//! Invariants: item ids are unique in a course; every `AssetId` an item names is a key of `Course::assets`
//! (`Course::check` says which are not). The model knows nothing of where a course came from beyond `Origin`.

mod standing;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub use standing::{SiteDate, Standing};

use crate::quiz::Quiz;
use crate::rules::{HandInRules, TalkRules};
use crate::{AssetId, CourseId, Digest, ItemId, SectionId, TimeMs};

/// A course as Daypack shows, keeps and packs it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Course {
    /// Where it stands on this computer.
    pub id: CourseId,
    /// Shown title; never empty.
    pub title: String,
    /// BCP 47 tag of the main language, e.g. `en`.
    pub language: String,
    /// One or two sentences.
    pub summary: String,
    /// SPDX expression or free text; empty when unknown.
    pub licence: String,
    /// Where it came from.
    pub origin: Origin,
    /// In study order.
    pub sections: Vec<Section>,
    /// Every file of the course.
    pub assets: BTreeMap<AssetId, Asset>,
    /// Name of the time zone the course's dates are meant in (IANA, e.g. `Europe/Lisbon`), where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
}

/// Where a course came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Origin {
    /// A signed package; `key` is the fingerprint of the key that signed it, `version` its channel version.
    Package {
        /// The package's own course id.
        package: String,
        /// SHA-256 of the public key, as hexadecimal.
        key: String,
        /// Version of the channel.
        #[ts(type = "number")]
        version: u64,
        /// When its publisher last said that this version is current.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        confirmed: Option<TimeMs>,
        /// Until when it may be called up to date; it works for ever.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        expires: Option<TimeMs>,
    },
    /// A course at an LMS.
    Site {
        /// The site's address.
        site: String,
        /// The course's id there.
        remote: String,
        /// The account it was listed for.
        account: crate::AccountId,
    },
    /// Imported from a file of another format.
    Import {
        /// E.g. `common_cartridge`.
        format: String,
        /// The file's name.
        name: String,
    },
    /// The course that comes with Daypack.
    BuiltIn,
}

/// A part of a course.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Section {
    /// Unique in the course.
    pub id: SectionId,
    /// May be empty for a course with a single nameless section.
    pub title: String,
    /// Clean HTML or plain text; may be empty.
    pub summary: String,
    /// In study order.
    pub items: Vec<Item>,
}

/// One thing to do: watch, read, answer, write, discuss.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// Unique in the course.
    pub id: ItemId,
    /// Shown title.
    pub title: String,
    /// One sentence; may be empty.
    #[serde(default)]
    pub summary: String,
    /// Estimated minutes of work.
    #[serde(default)]
    pub minutes: Option<u32>,
    /// What it is.
    pub body: ItemBody,
    /// The LMS activities this item stands for.
    #[serde(default)]
    pub bindings: Vec<Binding>,
    /// What in it will not work without a connection.
    #[serde(default)]
    pub online: Vec<OnlineNeed>,
    /// Why the site does not let the learner in yet (plain text from the site); `None` when open.
    #[serde(default)]
    pub locked: Option<String>,
    /// Where the site shows it.
    #[serde(default, skip_serializing_if = "Standing::is_listed")]
    pub standing: Standing,
    /// Dates the site shows with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dates: Vec<SiteDate>,
    /// Its page at the site, without any secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Files that its own text (the task, the opening words) shows: a text names one as `~file/<id>`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub files: BTreeSet<AssetId>,
}

/// What an item is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ItemBody {
    /// A recorded lecture.
    Video(Video),
    /// A page, document or image to read.
    Reading(Reading),
    /// Questions.
    Quiz(Quiz),
    /// Work to hand in.
    Assignment(Assignment),
    /// A discussion.
    Discussion(Discussion),
    /// An address on the internet.
    Link(Link),
    /// Words between the other items, with pictures (Moodle: a label).
    Text(Text),
    /// A kind Daypack cannot work yet; shown with its name, never dropped.
    Unsupported(Unsupported),
}

/// A recorded lecture, in one or more renditions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Video {
    /// Length in milliseconds, when known.
    pub duration_ms: Option<u64>,
    /// A still picture.
    pub poster: Option<AssetId>,
    /// The same lecture in several sizes; the first is the best.
    pub renditions: Vec<Rendition>,
    /// Captions.
    pub captions: Vec<Caption>,
    /// Chapters, by start.
    pub chapters: Vec<Chapter>,
}

/// How much of a lecture to take along.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Sound only.
    Audio,
    /// A small picture.
    Low,
    /// The picture as recorded.
    Standard,
}

/// One file of a lecture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rendition {
    /// Which size.
    pub tier: Tier,
    /// The file.
    pub asset: AssetId,
    /// RFC 6381 codecs string, e.g. `avc1.64001f,mp4a.40.2`; empty when unknown.
    pub codecs: String,
    /// Pixels; 0 for sound only or unknown.
    pub width: u32,
    /// Pixels; 0 for sound only or unknown.
    pub height: u32,
}

/// A caption track (WebVTT).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Caption {
    /// BCP 47 tag.
    pub language: String,
    /// As shown in the menu.
    pub label: String,
    /// The WebVTT file.
    pub asset: AssetId,
}

/// A chapter of a lecture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Chapter {
    /// From the start of the lecture, in milliseconds.
    #[ts(type = "number")]
    pub start_ms: u64,
    /// Shown title.
    pub title: String,
}

/// Something to read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// The page or document itself.
    pub main: AssetId,
    /// MIME type of `main`.
    pub media_type: String,
    /// For pages: relative path as the page writes it -> file.
    #[serde(default)]
    pub files: BTreeMap<String, AssetId>,
}

/// Work to hand in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Assignment {
    /// What is asked, as HTML (cleaned before it is shown).
    pub brief_html: String,
    /// Whether text is handed in.
    pub accepts_text: bool,
    /// How many files may be handed in.
    pub max_files: u32,
    /// Largest file in bytes; `None` when the site does not say.
    pub max_file_bytes: Option<u64>,
    /// When it is due.
    pub due: Option<TimeMs>,
    /// Nothing is taken after; `None` when it is open for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut_off: Option<TimeMs>,
    /// Best possible grade.
    pub max_grade: Option<f64>,
    /// What else is asked.
    #[serde(default, skip_serializing_if = "HandInRules::is_none")]
    pub rules: HandInRules,
}

/// A discussion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Discussion {
    /// What is discussed, as HTML (cleaned before it is shown).
    pub prompt_html: String,
    /// What may be written in it.
    #[serde(default, skip_serializing_if = "TalkRules::is_none")]
    pub rules: TalkRules,
}

/// An address on the internet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Link {
    /// `https:` or `http:` address.
    pub address: String,
}

/// Words between the other items.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Text {
    /// As HTML (cleaned before it is shown).
    pub html: String,
}

/// A kind of item that Daypack cannot work yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unsupported {
    /// The source's own name for it, e.g. `scorm`.
    pub what: String,
}

/// The LMS activity an item stands for, so that work done offline reaches it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
pub struct Binding {
    /// Address of the site.
    pub site: String,
    /// The course's id there.
    pub course: String,
    /// Kind of activity in the site's words, e.g. `quiz`.
    pub module: String,
    /// The activity's place in the course (Moodle: course module id).
    pub cmid: String,
    /// The activity itself (Moodle: instance id).
    pub instance: String,
}

/// Something in an item that needs the internet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
pub struct OnlineNeed {
    /// What it is.
    pub what: OnlineKind,
    /// Host name or address, as shown to the learner.
    pub host: String,
}

/// Why something needs the internet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum OnlineKind {
    /// A video kept by another site.
    Video,
    /// Sound kept by another site.
    Audio,
    /// A picture kept by another site.
    Image,
    /// Another page inside the page.
    Frame,
    /// A web address.
    Website,
    /// A tool of another site (LTI).
    Tool,
    /// The site must be asked before it can be worked.
    Start,
    /// A file that the course names and does not contain.
    MissingFile,
}

/// A file of a course.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Asset {
    /// File name for the learner and for saving.
    pub name: String,
    /// MIME type.
    pub media_type: String,
    /// Bytes, when the source says.
    pub size: Option<u64>,
    /// SHA-256, when the source says. Where it is `None` the source cannot prove the bytes beforehand.
    pub digest: Option<Digest>,
    /// Where the source keeps it, when it is not an object of a package.
    pub remote: Option<RemoteFile>,
}

/// A file at an LMS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteFile {
    /// Address without any token.
    pub url: String,
    /// Changes when the file changes (Moodle: `timemodified`).
    pub version: String,
}

impl Origin {
    /// When its publisher last confirmed it, once that is too long ago to call it up to date.
    pub fn last_confirmed(&self, now: TimeMs) -> Option<TimeMs> {
        match self {
            Self::Package { confirmed, expires: Some(expires), .. } if *expires < now => *confirmed,
            _ => None,
        }
    }
}

impl Course {
    /// All items in study order.
    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.sections.iter().flat_map(|section| section.items.iter())
    }

    /// The item with this id.
    pub fn item(&self, id: &ItemId) -> Option<&Item> {
        self.items().find(|item| item.id == *id)
    }

    /// Faults of the model: double item ids and files that are named and not there.
    pub fn check(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut seen = BTreeSet::new();
        for item in self.items() {
            if !seen.insert(&item.id) {
                faults.push(format!("two items are called {}", item.id));
            }
            for asset in item.assets(None) {
                if !self.assets.contains_key(&asset) {
                    faults.push(format!("{} names the missing file {asset}", item.id));
                }
            }
        }
        faults
    }
}

impl Item {
    /// The files the item needs, those to fetch first at the front.
    ///
    /// For a lecture `tier` picks the rendition (the nearest smaller one where it is missing, else the
    /// smallest); `None` names all of them.
    pub fn assets(&self, tier: Option<Tier>) -> Vec<AssetId> {
        let mut all = self.body.assets(tier);
        all.extend(self.files.iter().cloned());
        all
    }

    /// The kind's name as used in messages and the UI's record of kinds.
    pub fn kind(&self) -> ItemKind {
        match &self.body {
            ItemBody::Video(_) => ItemKind::Video,
            ItemBody::Reading(_) => ItemKind::Reading,
            ItemBody::Quiz(_) => ItemKind::Quiz,
            ItemBody::Assignment(_) => ItemKind::Assignment,
            ItemBody::Discussion(_) => ItemKind::Discussion,
            ItemBody::Link(_) => ItemKind::Link,
            ItemBody::Text(_) => ItemKind::Text,
            ItemBody::Unsupported(_) => ItemKind::Unsupported,
        }
    }
}

impl ItemBody {
    fn assets(&self, tier: Option<Tier>) -> Vec<AssetId> {
        match self {
            Self::Video(video) => video.assets(tier),
            Self::Reading(reading) => {
                let mut all = vec![reading.main.clone()];
                all.extend(reading.files.values().filter(|id| **id != reading.main).cloned());
                all.dedup();
                all
            }
            Self::Quiz(quiz) => quiz.files.values().cloned().collect(),
            Self::Assignment(_)
            | Self::Discussion(_)
            | Self::Link(_)
            | Self::Text(_)
            | Self::Unsupported(_) => Vec::new(),
        }
    }
}

/// The kinds of items.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ItemKind {
    /// A recorded lecture.
    Video,
    /// Something to read.
    Reading,
    /// Questions.
    Quiz,
    /// Work to hand in.
    Assignment,
    /// A discussion.
    Discussion,
    /// An address on the internet.
    Link,
    /// Words between the other items.
    Text,
    /// Shown with its name, not workable yet.
    Unsupported,
}

impl Video {
    /// The rendition to use for `wanted`: that one, else the nearest smaller, else the smallest.
    pub fn rendition(&self, wanted: Tier) -> Option<&Rendition> {
        self.renditions
            .iter()
            .filter(|r| r.tier <= wanted)
            .max_by_key(|r| r.tier)
            .or_else(|| self.renditions.iter().min_by_key(|r| r.tier))
    }

    fn assets(&self, tier: Option<Tier>) -> Vec<AssetId> {
        let mut all: Vec<AssetId> = self.captions.iter().map(|c| c.asset.clone()).collect();
        all.extend(self.poster.clone());
        match tier {
            Some(wanted) => all.extend(self.rendition(wanted).map(|r| r.asset.clone())),
            None => all.extend(self.renditions.iter().map(|r| r.asset.clone())),
        }
        all
    }
}
