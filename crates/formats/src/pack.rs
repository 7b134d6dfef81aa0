//! Writing our own package: from a course folder to signed, hash-named files on any static host, stick or disk.
//!
//! What must stay true: the same folder, key, sites and instant give the same bytes; an object that is already
//! there is not written again; nothing else in the output folder is touched; `channel.json` is replaced last, so
//! that a reader never sees a channel whose files are not there yet; keys and feedback of graded quizzes never
//! leave the folder. Layout: `docs/package-format.md`.

mod error;
mod export;
mod folder;
mod keys;
mod library;
mod objects;
mod quiz;
mod verify;

use std::collections::BTreeMap;
use std::path::Path;

use daypack_course::package::{CHANNEL, CHANNEL_TYPE, Channel, Envelope, Manifest, ObjectRef, PublicKey};
use daypack_course::{Digest, TimeMs};
use ed25519_dalek::SigningKey;

pub use error::PackError;
pub use export::{ExportReport, export};
pub use keys::{keygen, load_key};
pub use library::{library_index, open_library};
pub use verify::{VerifyReport, verify};

/// How long a channel may be called current.
pub const CURRENT_FOR_MS: i64 = 400 * 24 * 60 * 60 * 1000;
/// Compression level of manifests.
const LEVEL: i32 = 19;

/// What a build wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildReport {
    /// The course's own id.
    pub course: String,
    /// The channel's version.
    pub version: u64,
    /// Number of items.
    pub items: usize,
    /// Number of distinct objects.
    pub objects: usize,
    /// Objects written by this build; the others were there already.
    pub written: usize,
    /// Bytes of all objects.
    pub total_size: u64,
    /// The manifest, packed.
    pub manifest: Digest,
    /// Fingerprint of the signing key.
    pub key: String,
}

/// Builds the package of `folder` into `out` and signs it.
///
/// `sites` overrides the addresses in `course.json`, by alias. Everything is checked before the first byte is
/// written.
pub fn build(
    folder: &Path,
    out: &Path,
    key: &SigningKey,
    sites: &BTreeMap<String, String>,
    now: TimeMs,
) -> Result<BuildReport, PackError> {
    let source = folder::read(folder)?;
    let packed = folder::convert(folder, &source, sites)?;
    let items = packed.course.items().count();
    let written = objects::write(out, &packed.files)?;
    let sizes: BTreeMap<Digest, u64> = packed.files.iter().map(|f| (f.digest, f.size)).collect();
    let total_size = sizes.values().sum();
    let title = packed.course.title.clone();
    let manifest = Manifest { format: Manifest::FORMAT.to_owned(), course: packed.course };
    manifest.check().map_err(|fault| PackError::Contradiction { detail: fault.to_string() })?;
    let raw =
        serde_json::to_vec(&manifest).map_err(|e| PackError::Contradiction { detail: e.to_string() })?;
    let small = zstd::encode_all(raw.as_slice(), LEVEL)
        .map_err(|e| PackError::Contradiction { detail: e.to_string() })?;
    let manifest = Digest::of(&small);
    objects::put(&out.join("m"), &manifest.to_string(), &small)?;
    let channel = Channel {
        course: source.id.clone(),
        title,
        version: source.version,
        manifest: ObjectRef { digest: manifest, size: small.len() as u64 },
        total_size,
        issued: now,
        expires: now.plus(CURRENT_FOR_MS),
        epoch: 1,
    };
    let payload =
        serde_json::to_vec(&channel).map_err(|e| PackError::Contradiction { detail: e.to_string() })?;
    objects::put(out, CHANNEL, &Envelope::seal(CHANNEL_TYPE, &payload, key).to_bytes())?;
    Ok(BuildReport {
        course: channel.course,
        version: channel.version,
        items,
        objects: sizes.len(),
        written,
        total_size,
        manifest,
        key: PublicKey::of(key).fingerprint(),
    })
}
