//! What is wrong with a course folder, with the place and the name: an author must be able to mend it.

use std::collections::BTreeMap;
use std::path::Path;

use crate::OpenError;

/// Why a package was not written. Everything but `Io` is found before the first byte is written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    /// The disk did not do it.
    #[error("{path}: {detail}")]
    Io {
        /// File or folder.
        path: String,
        /// The system's word for it.
        detail: String,
    },
    /// There is no `course.json`, or it does not read as one.
    #[error("course.json: {detail}")]
    NotACourseFolder {
        /// Line and cause.
        detail: String,
    },
    /// A `course.json` of another format.
    #[error("course.json has the format {found:?}")]
    OtherFormat {
        /// The format it names.
        found: String,
    },
    /// A name that must be there is empty or not fit for a file system and an address.
    #[error("{place}: {name:?} is not a usable id")]
    BadId {
        /// Where.
        place: String,
        /// The id.
        name: String,
    },
    /// Two things with one id.
    #[error("{place}: the id {name:?} is used twice")]
    DoubleId {
        /// Where.
        place: String,
        /// The id.
        name: String,
    },
    /// A title or a list that must not be empty.
    #[error("{place}: {name} is missing")]
    Missing {
        /// Where.
        place: String,
        /// What.
        name: String,
    },
    /// A file that is named and not there.
    #[error("{place}: the file {name:?} is not there")]
    FileMissing {
        /// Where.
        place: String,
        /// Path.
        name: String,
    },
    /// A path that leaves the folder, or a link.
    #[error("{place}: the path {name:?} leaves the course folder")]
    PathEscapes {
        /// Where.
        place: String,
        /// Path.
        name: String,
    },
    /// A page uses a file that is not among its `assets`.
    #[error("{place}: the page uses {name:?}, which is not among its assets")]
    FileNotListed {
        /// Where.
        place: String,
        /// Path as the page writes it.
        name: String,
    },
    /// A key that does not fit its question.
    #[error("{place}: {name}")]
    BadKey {
        /// Item and question.
        place: String,
        /// What does not fit.
        name: String,
    },
    /// A binding or a link that does not name a usable address.
    #[error("{place}: {name:?} is not a known site or an address")]
    BadAddress {
        /// Where.
        place: String,
        /// Alias or address.
        name: String,
    },
    /// The course contradicts itself.
    #[error("{detail}")]
    Contradiction {
        /// How.
        detail: String,
    },
    /// Not a signing key.
    #[error("{path} is not a signing key")]
    NotAKey {
        /// The file.
        path: String,
    },
    /// Too few of the keys that must sign were given.
    #[error("{have} of {need} keys signed")]
    TooFew {
        /// How many did.
        have: u32,
        /// How many must.
        need: u32,
    },
    /// A key that has no say here.
    #[error("the key {found} has no say here")]
    OtherKey {
        /// Its fingerprint.
        found: String,
    },
    /// What should be packed cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
}

impl PackError {
    /// A stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "cannot_write",
            Self::NotACourseFolder { .. } => "not_a_course_folder",
            Self::OtherFormat { .. } => "unsupported_version",
            Self::BadId { .. } => "bad_id",
            Self::DoubleId { .. } => "double_id",
            Self::Missing { .. } => "missing_field",
            Self::FileMissing { .. } => "file_missing",
            Self::PathEscapes { .. } => "path_escapes",
            Self::FileNotListed { .. } => "file_not_listed",
            Self::BadKey { .. } => "bad_key",
            Self::BadAddress { .. } => "bad_address",
            Self::Contradiction { .. } => "contradiction",
            Self::NotAKey { .. } => "not_a_key",
            Self::TooFew { .. } => "too_few_signatures",
            Self::OtherKey { .. } => "other_key",
            Self::Open(error) => error.code(),
        }
    }

    /// The facts that go with the code.
    pub fn facts(&self) -> BTreeMap<&'static str, String> {
        match self {
            Self::Io { path, detail } => BTreeMap::from([("path", path.clone()), ("detail", detail.clone())]),
            Self::NotACourseFolder { detail } | Self::Contradiction { detail } => {
                BTreeMap::from([("detail", detail.clone())])
            }
            Self::OtherFormat { found } => BTreeMap::from([("found", found.clone())]),
            Self::NotAKey { path } => BTreeMap::from([("path", path.clone())]),
            Self::BadId { place, name }
            | Self::DoubleId { place, name }
            | Self::Missing { place, name }
            | Self::FileMissing { place, name }
            | Self::PathEscapes { place, name }
            | Self::FileNotListed { place, name }
            | Self::BadKey { place, name }
            | Self::BadAddress { place, name } => {
                BTreeMap::from([("place", place.clone()), ("name", name.clone())])
            }
            Self::TooFew { have, need } => {
                BTreeMap::from([("have", have.to_string()), ("need", need.to_string())])
            }
            Self::OtherKey { found } => BTreeMap::from([("found", found.clone())]),
            Self::Open(error) => error.facts(),
        }
    }

    pub(super) fn io(path: &Path, error: &std::io::Error) -> Self {
        Self::Io { path: path.display().to_string(), detail: error.to_string() }
    }
}
