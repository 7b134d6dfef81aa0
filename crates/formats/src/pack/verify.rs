//! Reads a package to the last byte and compares every digest.

use std::io;
use std::path::Path;

use daypack_course::package::object_path;

use super::objects;
use crate::{OpenError, package};

/// What was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyReport {
    /// The course's own id.
    pub course: String,
    /// Shown title.
    pub title: String,
    /// The channel's version.
    pub version: u64,
    /// Fingerprint of the key that signed it.
    pub key: String,
    /// Distinct objects.
    pub objects: usize,
    /// Their bytes.
    pub bytes: u64,
}

/// Verifies a package folder or a `.daypack` file: signature, manifest, and every byte of every object.
pub fn verify(path: &Path) -> Result<VerifyReport, OpenError> {
    let opened = package::open(path)?;
    let mut bytes = 0;
    let objects = opened.objects();
    for (digest, size) in &objects {
        let name = object_path(digest);
        let mut reader = opened.files.open(&name)?;
        let found = objects::copy_hashed(&mut reader, &mut io::sink())
            .map_err(|_| OpenError::damaged(name.clone()))?;
        if found != (*digest, *size) {
            return Err(OpenError::damaged(name));
        }
        bytes += size;
    }
    if bytes != opened.channel.total_size {
        return Err(OpenError::damaged("total size"));
    }
    Ok(VerifyReport {
        course: opened.channel.course.clone(),
        title: opened.channel.title.clone(),
        version: opened.channel.version,
        key: opened.key.fingerprint(),
        objects: objects.len(),
        bytes,
    })
}
