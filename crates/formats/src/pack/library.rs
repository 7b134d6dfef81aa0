//! A library: a signed list of the packages below one address.

use std::path::Path;

use daypack_course::package::{
    CHANNEL, Envelope, LIBRARY, LIBRARY_TYPE, LibraryIndex, MAX_LIBRARY, PublicKey,
};
use ed25519_dalek::SigningKey;

use super::{PackError, objects};
use crate::OpenError;

/// Writes `library.json` into `root`. Each course is a folder below `root` with a `channel.json`.
pub fn library_index(
    root: &Path,
    title: &str,
    courses: &[String],
    key: &SigningKey,
) -> Result<LibraryIndex, PackError> {
    let place = || "library".to_owned();
    if title.trim().is_empty() {
        return Err(PackError::Missing { place: place(), name: "title".into() });
    }
    for course in courses {
        if !is_folder_name(course) {
            return Err(PackError::PathEscapes { place: place(), name: course.clone() });
        }
        if !root.join(course).join(CHANNEL).is_file() {
            return Err(PackError::FileMissing { place: place(), name: format!("{course}/{CHANNEL}") });
        }
    }
    let index = LibraryIndex { title: title.to_owned(), courses: courses.to_vec() };
    let payload =
        serde_json::to_vec(&index).map_err(|e| PackError::Contradiction { detail: e.to_string() })?;
    objects::put(root, LIBRARY, &Envelope::seal(LIBRARY_TYPE, &payload, key).to_bytes())?;
    Ok(index)
}

/// Opens a library's list; the signature is checked before anything inside is read, and names that leave the
/// library refuse it.
pub fn open_library(raw: &[u8], expected: Option<&str>) -> Result<(LibraryIndex, PublicKey), OpenError> {
    if raw.len() as u64 > MAX_LIBRARY {
        return Err(OpenError::too_large(LIBRARY));
    }
    let (payload, key) =
        Envelope::open(raw, LIBRARY_TYPE, expected).map_err(|e| crate::package::judge(e, raw))?;
    let index: LibraryIndex = serde_json::from_slice(&payload).map_err(|_| OpenError::damaged(LIBRARY))?;
    match index.courses.iter().find(|c| !is_folder_name(c)) {
        Some(bad) => Err(OpenError::UnsafeName { name: crate::printable(bad) }),
        None => Ok((index, key)),
    }
}

/// One or more plain folder names with slashes between.
fn is_folder_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    name.split('/').all(|part| !part.is_empty() && !part.starts_with('.') && part.chars().all(plain))
}
