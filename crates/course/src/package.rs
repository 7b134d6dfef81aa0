//! The course package: names are hashes, one small signed file vouches for the rest.
//!
//! `channel.json` (a signed envelope) names the manifest by SHA-256 and size; the manifest names every object by
//! SHA-256 and size. Signatures are checked over raw bytes before anything inside is parsed, and are bound to the
//! kind of file (DSSE, <https://github.com/secure-systems-lab/dsse/blob/master/protocol.md>).
//! Layout and reasons: `docs/package-format.md`.

pub mod chunks;
pub mod envelope;

use serde::{Deserialize, Serialize};

pub use chunks::{CHUNKED_ABOVE, Chunk, ChunkList, ChunkListError, MAX_CHUNK, MAX_CHUNK_LIST};
pub use envelope::{Envelope, EnvelopeError, Fingerprint, PublicKey};

use crate::outline::Course;
use crate::{Digest, TimeMs};

/// File name of the signed channel.
pub const CHANNEL: &str = "channel.json";
/// File name of a library's list of courses.
pub const LIBRARY: &str = "library.json";
/// Payload type of a channel.
pub const CHANNEL_TYPE: &str = "application/vnd.daypack.channel+json;v=1";
/// Payload type of a library's list.
pub const LIBRARY_TYPE: &str = "application/vnd.daypack.library+json;v=1";
/// Largest accepted `channel.json` in bytes.
pub const MAX_CHANNEL: u64 = 16 * 1024;
/// Largest accepted `library.json` in bytes.
pub const MAX_LIBRARY: u64 = 1024 * 1024;
/// Largest accepted manifest, packed, in bytes.
pub const MAX_MANIFEST: u64 = 16 * 1024 * 1024;
/// Largest accepted manifest, unpacked, in bytes.
pub const MAX_MANIFEST_RAW: u64 = 64 * 1024 * 1024;

/// What a channel says: which manifest is current.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channel {
    /// Id of the course within its publisher.
    pub course: String,
    /// Shown title, known before the manifest is fetched.
    pub title: String,
    /// Counts up with each publication; never goes back within one epoch.
    pub version: u64,
    /// The manifest.
    pub manifest: ObjectRef,
    /// Bytes of all objects the manifest names.
    pub total_size: u64,
    /// When it was signed.
    pub issued: TimeMs,
    /// Until when it may be called current. Never blocks what is installed.
    pub expires: TimeMs,
    /// Counts up with each change of keys.
    pub epoch: u32,
}

/// An object by name and size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectRef {
    /// Name.
    pub digest: Digest,
    /// Bytes.
    pub size: u64,
}

/// A manifest: the course, every asset of which has a digest and a size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Must be [`Manifest::FORMAT`].
    pub format: String,
    /// The course; `id` and `origin` are set again by whoever opens it.
    pub course: Course,
}

/// A library's list of courses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LibraryIndex {
    /// Shown title of the library.
    pub title: String,
    /// Folders below the library's address, each with a channel.
    pub courses: Vec<String>,
}

impl Manifest {
    /// The value of `format`.
    pub const FORMAT: &'static str = "daypack-manifest/1";

    /// Faults that make a manifest unusable: wrong format, files without proof, dangling names.
    pub fn check(&self) -> Result<(), ManifestFault> {
        if self.format != Self::FORMAT {
            return Err(ManifestFault::Format(self.format.clone()));
        }
        if let Some((id, _)) = self.course.assets.iter().find(|(_, a)| a.digest.is_none() || a.size.is_none())
        {
            return Err(ManifestFault::Unproven(id.to_string()));
        }
        match self.course.check().into_iter().next() {
            Some(fault) => Err(ManifestFault::Course(fault)),
            None => Ok(()),
        }
    }
}

/// Why a manifest cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestFault {
    /// Another format or a newer version.
    #[error("manifest format {0:?} is not known")]
    Format(String),
    /// A file without digest or size.
    #[error("file {0} has no digest or size")]
    Unproven(String),
    /// The course contradicts itself.
    #[error("{0}")]
    Course(String),
}

/// Path of an object below a package's address.
pub fn object_path(digest: &Digest) -> String {
    format!("o/{digest}")
}

/// Path of a manifest below a package's address.
pub fn manifest_path(digest: &Digest) -> String {
    format!("m/{digest}")
}

/// Path of a chunk list below a package's address.
pub fn chunk_list_path(digest: &Digest) -> String {
    format!("c/{digest}")
}
