//! What can go wrong on the shelf. The learner acts on `NoSpace`, `InUse`, `NewerDatabase` and `Damaged`; the
//! caller on `WrongBytes`, `PartialTooShort`, `Pinned`, `AttemptFinished`, `WorkDiffers`, `Missing`; the rest
//! goes to the log.

use std::path::PathBuf;

use daypack_course::{AttemptId, Digest, WorkId};
use rusqlite::ErrorCode;

/// Why the shelf did not do what was asked. Whatever was asked then has not happened at all.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process owns the folder.
    #[error("the data folder is in use")]
    InUse,
    /// Another computer has the folder on the network open.
    #[error("the data folder is in use on {host}")]
    InUseElsewhere {
        /// Its name.
        host: String,
    },
    /// The folder is sealed: it opens with the learner's key only, or what was asked is for plain folders. Nothing was
    /// touched.
    #[error("the data folder is sealed")]
    Sealed,
    /// The folder is not sealed. Nothing was touched.
    #[error("the data folder is not sealed")]
    NotSealed,
    /// The passphrase, the recovery code or the key is another one. Nothing was touched.
    #[error("the key is not this folder's")]
    WrongKey,
    /// Written by a newer Daypack that says this one must not read it. Nothing was touched.
    #[error("{file} has schema {found}, this program knows {known}")]
    NewerDatabase {
        /// File name of the database.
        file: String,
        /// Its schema number.
        found: i64,
        /// The newest number this program knows.
        known: i64,
    },
    /// A newer Daypack owns the folder: it is open to read only.
    #[error("a newer program owns the folder; nothing is written")]
    ReadOnly,
    /// The disk is full. What was there before is untouched.
    #[error("no space left on the disk")]
    NoSpace,
    /// A database cannot be read. The file is kept as it is.
    #[error("{} is damaged: {detail}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        detail: String,
    },
    /// The bytes are not the expected ones; they were thrown away.
    #[error("expected {expected}, the bytes are {found}")]
    WrongBytes {
        /// What was asked for.
        expected: Digest,
        /// What the bytes are.
        found: Digest,
    },
    /// A partial file holds fewer bytes than the caller wants to go on from.
    #[error("the partial file holds {have} bytes only")]
    PartialTooShort {
        /// Bytes there.
        have: u64,
    },
    /// The object is being used or belongs to something on the shelf.
    #[error("object {0} is in use")]
    Pinned(Digest),
    /// A sealed piece of work does not match its seal; it must not be sent.
    #[error("work {0} does not match its seal")]
    Tampered(WorkId),
    /// A piece of work with this id is there already and is another one.
    #[error("work {0} exists and differs")]
    WorkDiffers(WorkId),
    /// The attempt is finished; its answers stand.
    #[error("attempt {0} is finished")]
    AttemptFinished(AttemptId),
    /// What is to be changed is not there.
    #[error("no {what} {id}")]
    Missing {
        /// Its kind.
        what: &'static str,
        /// Its id.
        id: String,
    },
    /// The SQLite in this program is one that can lose data.
    #[error("SQLite {0} must not be used")]
    UnsafeSqlite(String),
    /// SQLite refused for another reason.
    #[error("database: {0}")]
    Sqlite(rusqlite::Error),
    /// A file could not be read or written.
    #[error("file: {0}")]
    Io(std::io::Error),
    /// A stored value has not the expected shape.
    #[error("stored value: {0}")]
    Json(#[from] serde_json::Error),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::NoSpace,
            _ => Self::Sqlite(error),
        }
    }
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::NoSpace,
            _ => Self::Io(error),
        }
    }
}

impl StoreError {
    /// Whether the database or the disk refuses by itself, not because of what was asked.
    pub(crate) fn is_trouble(&self) -> bool {
        match self {
            Self::NoSpace | Self::Damaged { .. } | Self::Io(_) => true,
            Self::Sqlite(error) => !matches!(
                error.sqlite_error_code(),
                None | Some(ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch | ErrorCode::ApiMisuse)
            ),
            _ => false,
        }
    }

    pub(crate) fn missing(what: &'static str, id: impl std::fmt::Display) -> Self {
        Self::Missing { what, id: id.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_has_one_name_whoever_notices_it() {
        let io = std::io::Error::from(std::io::ErrorKind::StorageFull);
        assert!(matches!(StoreError::from(io), StoreError::NoSpace));
        let full =
            rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_FULL), None);
        assert!(matches!(StoreError::from(full), StoreError::NoSpace));
        let other = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
        assert!(matches!(StoreError::from(other), StoreError::Io(_)));
    }
}
