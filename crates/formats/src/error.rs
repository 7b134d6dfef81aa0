//! Why a file cannot be opened: one enum, each variant a code with facts. The UI words them.

use std::collections::BTreeMap;
use std::path::Path;

use daypack_course::package::{ChannelFault, EnvelopeError, KeyFault};

/// Why a package, a cartridge or a folder was not opened. Nothing was left behind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The disk did not give the bytes.
    #[error("cannot read {path}: {detail}")]
    Io {
        /// File or folder.
        path: String,
        /// The system's word for it.
        detail: String,
    },
    /// Not a course at all; `looks` is `empty`, `web_page`, `message` or `unknown`.
    #[error("not a course package (looks like: {looks})")]
    NotAPackage {
        /// What the first bytes look like.
        looks: String,
    },
    /// A course, but its bytes are cut, changed or contradict each other.
    #[error("damaged: {what}")]
    Damaged {
        /// The part that is damaged.
        what: String,
    },
    /// No signature fits the bytes.
    #[error("the signature does not fit")]
    WrongSignature,
    /// Signed by a key other than the expected one.
    #[error("signed by another key")]
    OtherKey {
        /// Fingerprint of the key that did sign.
        found: String,
    },
    /// Made for a newer Daypack.
    #[error("made for a newer version ({found})")]
    UnsupportedVersion {
        /// The format it names.
        found: String,
    },
    /// Over a limit.
    #[error("too large: {what}")]
    TooLarge {
        /// The limit at stake.
        what: String,
    },
    /// A file that the package names is not there.
    #[error("{name} is missing")]
    MissingObject {
        /// Name within the package.
        name: String,
    },
    /// A name that leaves the package, or an entry that is not a plain file.
    #[error("unsafe name {name}")]
    UnsafeName {
        /// The name, made printable.
        name: String,
    },
    /// Signed, and refused all the same: an old or frozen copy, mixed parts, keys that do not count.
    #[error("refused: {detail}")]
    Refused {
        /// A stable code, see [`ChannelFault::code`] and `docs/package-format.md`.
        why: &'static str,
        /// In technical words.
        detail: String,
    },
    /// A file of a known kind that Daypack does not open.
    #[error("unsupported file: {what}")]
    UnsupportedFile {
        /// E.g. `scorm`, `h5p`, `moodle_backup`, `epub`, `pdf`.
        what: String,
    },
}

impl OpenError {
    /// The code the UI has words for.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "cannot_read",
            Self::NotAPackage { .. } => "not_a_package",
            Self::Damaged { .. } => "damaged",
            Self::WrongSignature => "wrong_signature",
            Self::OtherKey { .. } => "other_key",
            Self::UnsupportedVersion { .. } => "unsupported_version",
            Self::TooLarge { .. } => "too_large",
            Self::MissingObject { .. } => "missing_object",
            Self::UnsafeName { .. } => "unsafe_name",
            Self::UnsupportedFile { .. } => "unsupported_file",
            Self::Refused { why, .. } => why,
        }
    }

    /// The facts that go with the code.
    pub fn facts(&self) -> BTreeMap<&'static str, String> {
        let (name, value) = match self {
            Self::Io { path, detail } => {
                return BTreeMap::from([("path", path.clone()), ("detail", detail.clone())]);
            }
            Self::NotAPackage { looks } => ("looks", looks),
            Self::Damaged { what } | Self::TooLarge { what } | Self::UnsupportedFile { what } => {
                ("what", what)
            }
            Self::WrongSignature => return BTreeMap::new(),
            Self::OtherKey { found } | Self::UnsupportedVersion { found } => ("found", found),
            Self::Refused { detail, .. } => ("detail", detail),
            Self::MissingObject { name } | Self::UnsafeName { name } => ("name", name),
        };
        BTreeMap::from([(name, value.clone())])
    }

    /// Whether fetching the file once more is the right next step.
    pub fn fetch_again(&self) -> bool {
        match self {
            Self::NotAPackage { looks } => looks != "unknown",
            Self::Damaged { .. } | Self::MissingObject { .. } => true,
            Self::Io { .. }
            | Self::WrongSignature
            | Self::OtherKey { .. }
            | Self::UnsupportedVersion { .. }
            | Self::TooLarge { .. }
            | Self::UnsafeName { .. }
            | Self::Refused { .. }
            | Self::UnsupportedFile { .. } => false,
        }
    }

    pub(crate) fn io(path: &Path, error: &std::io::Error) -> Self {
        Self::Io { path: path.display().to_string(), detail: error.to_string() }
    }

    pub(crate) fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged { what: what.into() }
    }

    pub(crate) fn too_large(what: impl Into<String>) -> Self {
        Self::TooLarge { what: what.into() }
    }
}

impl From<EnvelopeError> for OpenError {
    fn from(error: EnvelopeError) -> Self {
        match error {
            EnvelopeError::Malformed => Self::NotAPackage { looks: "unknown".into() },
            EnvelopeError::WrongType | EnvelopeError::BadSignature => Self::WrongSignature,
            EnvelopeError::OtherKey { found } => Self::OtherKey { found },
        }
    }
}

impl From<ChannelFault> for OpenError {
    fn from(fault: ChannelFault) -> Self {
        match fault {
            ChannelFault::Envelope(error) => error.into(),
            ChannelFault::TooLarge(what) => Self::too_large(what),
            ChannelFault::Unreadable => Self::damaged("channel.json"),
            other => Self::Refused { why: other.code(), detail: other.to_string() },
        }
    }
}

impl From<KeyFault> for OpenError {
    fn from(fault: KeyFault) -> Self {
        match fault {
            KeyFault::Envelope(EnvelopeError::Malformed) => Self::damaged("keys"),
            KeyFault::Envelope(error) => error.into(),
            KeyFault::TooLarge => Self::too_large("keys"),
            other => Self::Refused { why: "bad_keys", detail: other.to_string() },
        }
    }
}

/// `name` with control and direction-changing characters replaced, at most 200 characters: fit for a log or
/// a screen.
pub fn printable(name: &str) -> String {
    name.chars()
        .take(200)
        .map(|c| match c {
            c if c.is_control() => '\u{fffd}',
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
            c => c,
        })
        .collect()
}
