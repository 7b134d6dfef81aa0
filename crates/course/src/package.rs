//! The course package: names are hashes, one small signed file vouches for the rest.
//!
//! `channel.json` (a signed envelope) names the manifest by SHA-256 and size; the manifest names every object, chunk
//! list and pack so. Signatures are checked over raw bytes before anything inside is parsed, and are bound to the
//! kind of file (DSSE, <https://github.com/secure-systems-lab/dsse/blob/master/protocol.md>).
//! Layout and reasons: `docs/package-format.md`.

pub mod channel;
pub mod chunks;
pub mod envelope;
pub mod keys;
pub mod manifest;
pub mod packs;
pub mod plan;

use serde::{Deserialize, Serialize};

pub use channel::{Channel, ChannelFault, Confirmed, Refresh, Seen, Standing};
pub use chunks::{CHUNKED_ABOVE, Chunk, ChunkList, ChunkListError, MAX_CHUNK, MAX_CHUNK_LIST};
pub use envelope::{Envelope, EnvelopeError, Fingerprint, PublicKey};
pub use keys::{KeyChain, KeyFault, Keys, keys_path};
pub use manifest::{Manifest, ManifestFault};
pub use packs::{Frame, Pack, PackIndex, PackedFile, Place};
pub use plan::{Plan, Step, plan};

use crate::Digest;

/// File name of the signed channel.
pub const CHANNEL: &str = "channel.json";
/// File name of a channel that waits for signatures; no reader looks at it.
pub const CHANNEL_DRAFT: &str = "channel.draft.json";
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

/// An object by name and size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectRef {
    /// Name.
    pub digest: Digest,
    /// Bytes.
    pub size: u64,
}

/// A library's list of courses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LibraryIndex {
    /// Shown title of the library.
    pub title: String,
    /// Folders below the library's address, each with a channel.
    pub courses: Vec<String>,
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

/// Path of a pack below a package's address.
pub fn pack_path(digest: &Digest) -> String {
    format!("p/{digest}")
}
