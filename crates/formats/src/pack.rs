//! Writing our own package: from a course folder to signed, hash-named files on any static host, stick or disk.
//!
//! What must stay true: the same folder, keys, sites, muxer and instant give the same bytes; an object that is already
//! there is not written again; nothing else in the output folder is touched; `channel.json` is replaced last, so
//! that a reader never sees a channel whose files are not there yet; keys and feedback of graded quizzes never
//! leave the folder. Layout: `docs/package-format.md`.

mod diff;
mod error;
mod export;
mod folder;
mod keys;
mod library;
mod media;
mod objects;
mod quiz;
mod sign;
mod small;
mod verify;

use std::collections::BTreeMap;
use std::path::Path;

use daypack_course::package::{CHANNEL, Channel, Manifest, ObjectRef};
use daypack_course::{Digest, TimeMs};

pub use ed25519_dalek::SigningKey;

pub use diff::{DiffReport, diff};
pub use error::PackError;
pub use export::{ExportReport, export};
pub use keys::{keygen, load_key, load_public};
pub use library::{library_index, open_library};
pub use media::{MediaReport, Muxer};
pub use sign::{Rotation, SignReport, rotate, sign};
pub use verify::{Fault, VerifyReport, examine, follows, verify};

/// How long a channel may be called current.
pub const CURRENT_FOR_MS: i64 = 400 * 24 * 60 * 60 * 1000;
/// Compression level of manifests and frames.
const LEVEL: i32 = 19;

/// How a package is to be built.
#[derive(Clone, Copy, Debug)]
pub struct BuildOptions<'a> {
    /// Keys that sign; without enough of them the channel waits as a draft for [`sign`].
    pub keys: &'a [SigningKey],
    /// Addresses that win over those in `course.json`, by alias.
    pub sites: &'a BTreeMap<String, String>,
    /// Rewrites media canonically; without one files go in as they are.
    pub muxer: Option<&'a Muxer>,
    /// Further addresses where the same package lies.
    pub mirrors: &'a [String],
    /// Whether learners may give its files to computers near them.
    pub shareable: bool,
    /// The instant that is signed.
    pub now: TimeMs,
}

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
    pub manifest: ObjectRef,
    /// Packs of small files, and the files in them.
    pub packs: (usize, usize),
    /// Large objects with a chunk list.
    pub chunk_lists: usize,
    /// What was done to the media.
    pub media: MediaReport,
    /// Who signed.
    pub signed: SignReport,
    /// Whether this version was published before with another manifest: whoever has it will refuse this one.
    pub same_version: bool,
}

/// Builds the package of `folder` into `out` and signs it. Everything is checked before the package's first byte is
/// written.
pub fn build(folder: &Path, out: &Path, options: BuildOptions<'_>) -> Result<BuildReport, PackError> {
    let source = folder::read(folder)?;
    let mut media = media::Media::new(options.muxer.cloned(), out);
    let packed = folder::convert(folder, &source, options.sites, &mut media)?;
    let items = packed.course.items().count();
    let chain = sign::chain(out)?;
    let written = objects::write(out, &packed.files)?;
    let total_size = packed.files.iter().map(|f| f.size).sum();
    let mut manifest = Manifest::of(packed.course);
    manifest.chunk_lists = objects::write_lists(out, &packed.files)?;
    manifest.packs = small::write(out, &packed.files)?;
    manifest.check().map_err(|fault| PackError::Contradiction { detail: fault.to_string() })?;
    let raw =
        serde_json::to_vec(&manifest).map_err(|e| PackError::Contradiction { detail: e.to_string() })?;
    let small = zstd::encode_all(raw.as_slice(), LEVEL)
        .map_err(|e| PackError::Contradiction { detail: e.to_string() })?;
    let named = ObjectRef { digest: Digest::of(&small), size: small.len() as u64 };
    objects::put(&out.join("m"), &named.digest.to_string(), &small)?;
    let channel = Channel {
        course: source.id.clone(),
        title: manifest.course.title.clone(),
        version: source.version,
        manifest: named,
        total_size,
        issued: options.now,
        expires: options.now.plus(CURRENT_FOR_MS),
        epoch: chain.as_ref().map_or(1, |c| c.keys().epoch),
        chained: chain.is_some(),
        tiers: manifest.tiers.clone(),
        mirrors: options.mirrors.to_vec(),
        shareable: options.shareable,
    };
    let same_version = out.join(CHANNEL).is_file()
        && crate::package::open(out).is_ok_and(|before| {
            before.channel.version == channel.version && before.channel.manifest != channel.manifest
        });
    let signed = sign::publish(out, &channel, options.keys)?;
    Ok(BuildReport {
        course: channel.course,
        version: channel.version,
        items,
        objects: packed.files.len(),
        written,
        total_size,
        manifest: named,
        packs: (
            manifest.packs.len(),
            manifest.packs.iter().flat_map(|p| &p.frames).map(|f| f.files.len()).sum(),
        ),
        chunk_lists: manifest.chunk_lists.len(),
        media: media.report.clone(),
        signed,
        same_version,
    })
}
