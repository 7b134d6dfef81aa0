//! Opening our own package: from a folder, a `.daypack` file, or bytes that a caller fetched.
//!
//! What must stay true: nothing of a channel is parsed before its signature fits; nothing of a manifest is
//! unpacked before its size and digest fit the channel; unpacking is bounded; objects are named by digest only.

mod files;

use std::io::Read as _;
use std::path::Path;

use daypack_course::outline::Origin;
use daypack_course::package::{
    CHANNEL, CHANNEL_TYPE, Channel, Envelope, EnvelopeError, MAX_CHANNEL, MAX_MANIFEST, MAX_MANIFEST_RAW,
    Manifest, ManifestFault, PublicKey, manifest_path,
};
use daypack_course::{CourseId, Digest};

pub use files::{DirFiles, PackageFiles, ZipFiles};

use crate::{Archive, OpenError};

/// A package whose signature and manifest were checked. Objects are checked by whoever reads them.
pub struct OpenedPackage {
    /// What the signed channel says.
    pub channel: Channel,
    /// Who signed it.
    pub key: PublicKey,
    /// The course. Its `id` is `package:<fingerprint>:<course>`, its origin names key and version.
    pub manifest: Manifest,
    /// Its files by name, e.g. `o/<sha256>`.
    pub files: Box<dyn PackageFiles>,
}

impl std::fmt::Debug for OpenedPackage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenedPackage").field("channel", &self.channel).finish_non_exhaustive()
    }
}

impl OpenedPackage {
    /// Distinct objects with their sizes, in study order; those no item names come last.
    pub fn objects(&self) -> Vec<(Digest, u64)> {
        let course = &self.manifest.course;
        let in_order = course.items().flat_map(|item| item.assets(None));
        let mut seen = std::collections::BTreeSet::new();
        in_order
            .chain(course.assets.keys().cloned())
            .filter_map(|id| course.assets.get(&id))
            .filter_map(|asset| asset.digest.zip(asset.size))
            .filter(|(digest, _)| seen.insert(*digest))
            .collect()
    }
}

/// Opens a channel. `expected_fingerprint` is the key trusted so far; `None` is first use, and the caller shows
/// the key.
pub fn open_channel(
    raw: &[u8],
    expected_fingerprint: Option<&str>,
) -> Result<(Channel, PublicKey), OpenError> {
    if raw.len() as u64 > MAX_CHANNEL {
        return Err(match looks_like(raw) {
            "unknown" => OpenError::too_large(CHANNEL),
            looks => OpenError::NotAPackage { looks: looks.into() },
        });
    }
    let (payload, key) =
        Envelope::open(raw, CHANNEL_TYPE, expected_fingerprint).map_err(|e| judge(e, raw))?;
    let channel: Channel = serde_json::from_slice(&payload).map_err(|_| OpenError::damaged(CHANNEL))?;
    if channel.manifest.size > MAX_MANIFEST {
        return Err(OpenError::too_large("manifest"));
    }
    Ok((channel, key))
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
        ManifestFault::Unproven(_) | ManifestFault::Course(_) => OpenError::damaged(fault.to_string()),
    })?;
    Ok(manifest)
}

/// Opens a package folder or a `.daypack` file.
pub fn open(path: &Path) -> Result<OpenedPackage, OpenError> {
    open_expecting(path, None)
}

/// As [`open`], and only if the key with this fingerprint signed it.
pub fn open_expecting(path: &Path, expected: Option<&str>) -> Result<OpenedPackage, OpenError> {
    let files: Box<dyn PackageFiles> = if path.is_dir() {
        Box::new(DirFiles::new(path))
    } else {
        Box::new(ZipFiles::new(crate::open::archive(path)?))
    };
    open_files(files, expected)
}

/// Opens a package in an archive that is open already.
pub fn open_archive(archive: Archive) -> Result<OpenedPackage, OpenError> {
    open_files(Box::new(ZipFiles::new(archive)), None)
}

fn open_files(files: Box<dyn PackageFiles>, expected: Option<&str>) -> Result<OpenedPackage, OpenError> {
    let (channel, key) = open_channel(&files.read(CHANNEL, MAX_CHANNEL)?, expected)?;
    let mut manifest =
        open_manifest(&files.read(&manifest_path(&channel.manifest.digest), MAX_MANIFEST)?, &channel)?;
    let fingerprint = key.fingerprint();
    manifest.course.id = course_id(&fingerprint, &channel.course);
    manifest.course.origin =
        Origin::Package { package: channel.course.clone(), key: fingerprint, version: channel.version };
    Ok(OpenedPackage { channel, key, manifest, files })
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
