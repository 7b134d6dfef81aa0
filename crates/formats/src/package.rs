//! Opening our own package: from a folder, a `.daypack` file, any other [`Source`], or bytes that a caller fetched.
//!
//! What must stay true: nothing of a channel is parsed before its signature fits; nothing of a manifest is
//! unpacked before its size and digest fit the channel; unpacking is bounded; objects are named by digest only.

pub mod frames;
mod object;
mod source;

use std::io::Read as _;
use std::path::Path;
use std::sync::Mutex;

use daypack_course::outline::Origin;
use daypack_course::package::keys::MAX_KEYS;
use daypack_course::package::{
    CHANNEL, CHANNEL_TYPE, Channel, ChannelFault, Confirmed, Envelope, EnvelopeError, KeyChain, MAX_CHANNEL,
    MAX_MANIFEST, MAX_MANIFEST_RAW, Manifest, ManifestFault, PackIndex, PublicKey, keys_path, manifest_path,
};
use daypack_course::{CourseId, Digest};

pub use object::BadChunk;
pub use source::{DirFiles, Source, ZipFiles, sources_in};

use crate::{Archive, OpenError};

/// A package whose signatures and manifest were checked. Objects are checked by whoever reads them.
pub struct OpenedPackage {
    /// What the signed channel says; `expires` as last confirmed.
    pub channel: Channel,
    /// Who signed it: one of the keys of its epoch.
    pub key: PublicKey,
    /// The keys that count and the publisher's fingerprint, which stays when keys change.
    pub chain: KeyChain,
    /// The channel with its signers, and when it was last confirmed.
    pub confirmed: Confirmed,
    /// The course. Its `id` is `package:<fingerprint>:<course>`, its origin names publisher and version.
    pub manifest: Manifest,
    /// Its files by name, e.g. `o/<sha256>`.
    pub files: Box<dyn Source>,
    index: PackIndex,
    /// The frame that was unpacked last: neighbours are asked for one after the other.
    frame: Mutex<Option<(Digest, Vec<u8>)>>,
}

impl std::fmt::Debug for OpenedPackage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenedPackage").field("channel", &self.channel).finish_non_exhaustive()
    }
}

impl OpenedPackage {
    /// The publisher's fingerprint.
    pub fn identity(&self) -> &str {
        self.chain.identity()
    }

    /// Distinct objects with their sizes, in study order; those no item names come last.
    pub fn objects(&self) -> Vec<(Digest, u64)> {
        self.manifest.objects(None).into_iter().map(|o| (o.digest, o.size)).collect()
    }
}

/// Opens the channel of a package without key files. `expected_fingerprint` is the key trusted so far; `None` is
/// first use, and the caller shows the key. Where key files belong to it the answer is `needs_keys`: read them with
/// [`open_chain`], then [`open_channel_of`].
pub fn open_channel(
    raw: &[u8],
    expected_fingerprint: Option<&str>,
) -> Result<(Channel, PublicKey), OpenError> {
    too_large(raw)?;
    let (_, key) = Envelope::open(raw, CHANNEL_TYPE, expected_fingerprint).map_err(|e| judge(e, raw))?;
    let confirmed = open_channel_of(raw, &KeyChain::of_key(key.clone()))?;
    Ok((Channel { expires: confirmed.expires, ..confirmed.channel }, key))
}

/// Opens a channel with the keys that count.
pub fn open_channel_of(raw: &[u8], chain: &KeyChain) -> Result<Confirmed, OpenError> {
    too_large(raw)?;
    Confirmed::open(raw, chain).map_err(|fault| match fault {
        ChannelFault::Envelope(error) => judge(error, raw),
        other => other.into(),
    })
}

fn too_large(raw: &[u8]) -> Result<(), OpenError> {
    if raw.len() as u64 <= MAX_CHANNEL {
        return Ok(());
    }
    Err(match looks_like(raw) {
        "unknown" => OpenError::too_large(CHANNEL),
        looks => OpenError::NotAPackage { looks: looks.into() },
    })
}

/// Follows the key files from the first to the newest; `read` gives the bytes of one by its path, `None` when it is
/// not there. `None` when there is not even a first one.
pub fn open_chain(
    mut read: impl FnMut(&str) -> Result<Option<Vec<u8>>, OpenError>,
) -> Result<Option<KeyChain>, OpenError> {
    let Some(first) = read(&keys_path(1))? else { return Ok(None) };
    let mut chain = KeyChain::begin(&first)?;
    while let Some(next) = read(&keys_path(chain.keys().epoch + 1))? {
        chain = chain.follow(&next)?;
    }
    Ok(Some(chain))
}

/// Opens the manifest that `channel` names: size and digest first, then bounded unpacking, then the checks of
/// [`Manifest::check`].
pub fn open_manifest(raw_zstd: &[u8], channel: &Channel) -> Result<Manifest, OpenError> {
    let named = channel.manifest;
    if raw_zstd.len() as u64 != named.size || Digest::of(raw_zstd) != named.digest {
        return Err(OpenError::damaged(manifest_path(&named.digest)));
    }
    let mut raw = Vec::new();
    let unpacked = zstd::stream::read::Decoder::new(raw_zstd)
        .and_then(|decoder| decoder.take(MAX_MANIFEST_RAW + 1).read_to_end(&mut raw));
    unpacked.map_err(|_| OpenError::damaged("manifest"))?;
    if raw.len() as u64 > MAX_MANIFEST_RAW {
        return Err(OpenError::too_large("manifest"));
    }
    #[derive(serde::Deserialize)]
    struct Head {
        format: String,
    }
    let head: Head = serde_json::from_slice(&raw).map_err(|_| OpenError::damaged("manifest"))?;
    if head.format != Manifest::FORMAT {
        return Err(OpenError::UnsupportedVersion { found: crate::printable(&head.format) });
    }
    let manifest: Manifest = serde_json::from_slice(&raw).map_err(|_| OpenError::damaged("manifest"))?;
    manifest.check().map_err(|fault| match fault {
        ManifestFault::Format(found) => OpenError::UnsupportedVersion { found },
        other => OpenError::damaged(other.to_string()),
    })?;
    Ok(manifest)
}

/// Opens a package folder or a `.daypack` file.
pub fn open(path: &Path) -> Result<OpenedPackage, OpenError> {
    open_expecting(path, None)
}

/// As [`open`], and only if the publisher with this fingerprint signed it.
pub fn open_expecting(path: &Path, expected: Option<&str>) -> Result<OpenedPackage, OpenError> {
    let files: Box<dyn Source> = if path.is_dir() {
        Box::new(DirFiles::new(path))
    } else {
        Box::new(ZipFiles::new(crate::open::archive(path)?))
    };
    open_source(files, expected)
}

/// Opens a package in an archive that is open already.
pub fn open_archive(archive: Archive) -> Result<OpenedPackage, OpenError> {
    open_source(Box::new(ZipFiles::new(archive)), None)
}

/// Opens a package wherever its files lie.
pub fn open_source(files: Box<dyn Source>, expected: Option<&str>) -> Result<OpenedPackage, OpenError> {
    let raw = files.read(CHANNEL, MAX_CHANNEL)?;
    let keys = open_chain(|path| match files.read(path, MAX_KEYS) {
        Ok(raw) => Ok(Some(raw)),
        Err(OpenError::MissingObject { .. }) => Ok(None),
        Err(error) => Err(error),
    })?;
    let chain = match keys {
        Some(chain) => chain,
        None => {
            let (_, key) = Envelope::open(&raw, CHANNEL_TYPE, expected).map_err(|e| judge(e, &raw))?;
            KeyChain::of_key(key)
        }
    };
    if expected.is_some_and(|fingerprint| fingerprint != chain.identity()) {
        return Err(OpenError::OtherKey { found: chain.identity().clone() });
    }
    let confirmed = open_channel_of(&raw, &chain)?;
    let channel = Channel { expires: confirmed.expires, ..confirmed.channel.clone() };
    let known = confirmed.signers.iter().find(|key| chain.keys().keys.contains(key)).cloned();
    let key = known.ok_or(OpenError::WrongSignature)?;
    let packed = files.read(&manifest_path(&channel.manifest.digest), MAX_MANIFEST)?;
    let mut manifest = open_manifest(&packed, &channel)?;
    let identity = chain.identity().clone();
    manifest.course.id = course_id(&identity, &channel.course);
    manifest.course.origin = Origin::Package {
        package: channel.course.clone(),
        key: identity,
        version: channel.version,
        confirmed: Some(confirmed.confirmed),
        expires: Some(confirmed.expires),
    };
    let index = PackIndex::of(&manifest.packs);
    Ok(OpenedPackage { channel, key, chain, confirmed, manifest, files, index, frame: Mutex::new(None) })
}

/// The id of a package's course on this computer: two publishers never share one.
pub fn course_id(fingerprint: &str, course: &str) -> CourseId {
    CourseId::new(format!("package:{}:{course}", fingerprint.get(..32).unwrap_or(fingerprint)))
}

/// An envelope's fault in our words; bytes that are no envelope at all are named by their looks.
pub(crate) fn judge(error: EnvelopeError, raw: &[u8]) -> OpenError {
    match error {
        EnvelopeError::Malformed => match looks_like(raw) {
            "message" if mentions_envelope(raw) => OpenError::damaged(CHANNEL),
            "unknown" if mentions_envelope(raw) => OpenError::damaged(CHANNEL),
            looks => OpenError::NotAPackage { looks: looks.into() },
        },
        other => other.into(),
    }
}

fn mentions_envelope(raw: &[u8]) -> bool {
    let hint = b"payload";
    raw.windows(hint.len()).take(4096).any(|w| w == hint)
}

/// What bytes look like that are not ours: `empty`, `web_page`, `message` (JSON) or `unknown`.
pub(crate) fn looks_like(raw: &[u8]) -> &'static str {
    let head = String::from_utf8_lossy(raw.get(..raw.len().min(512)).unwrap_or_default()).to_lowercase();
    let head = head.trim_start_matches('\u{feff}').trim_start();
    if raw.is_empty() {
        "empty"
    } else if head.starts_with("<!doctype html") || head.starts_with("<html") || head.contains("<head") {
        "web_page"
    } else if head.starts_with('{') || head.starts_with('[') {
        "message"
    } else {
        "unknown"
    }
}
