//! Reads a package to the last byte and compares every digest; of a damaged object it says which pieces.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use daypack_course::Digest;
use daypack_course::package::{ObjectRef, object_path, pack_path};

use super::objects;
use crate::package::frames;
use crate::package::{BadChunk, OpenedPackage};
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
    /// Fingerprint of the publisher.
    pub key: String,
    /// Epoch of its keys.
    pub epoch: u32,
    /// The channel: when it was last confirmed, and until when it may be called current.
    pub confirmed: daypack_course::TimeMs,
    /// See `confirmed`.
    pub expires: daypack_course::TimeMs,
    /// Distinct objects.
    pub objects: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Packs.
    pub packs: usize,
    /// Chunk lists.
    pub chunk_lists: usize,
}

/// A file of a package that is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Path within the package.
    pub path: String,
    /// Names of the course's files whose bytes these are.
    pub files: Vec<String>,
    /// What is wrong.
    pub error: OpenError,
    /// The pieces a repair has to fetch; empty where only the whole file can be fetched again.
    pub chunks: Vec<BadChunk>,
}

/// Verifies a package folder or a `.daypack` file: signatures, manifest, and every byte of every object, chunk list
/// and pack. The first fault ends it; see [`examine`] for all of them.
pub fn verify(path: &Path) -> Result<VerifyReport, OpenError> {
    let (report, faults) = examine(path)?;
    match faults.into_iter().next() {
        Some(fault) => Err(fault.error),
        None => Ok(report),
    }
}

/// As [`verify`], and goes on to the end: everything that is damaged or missing, in study order. An error means
/// that the package cannot be opened at all.
pub fn examine(path: &Path) -> Result<(VerifyReport, Vec<Fault>), OpenError> {
    let opened = package::open(path)?;
    // On a host and in a folder each object also lies alone; in a single file those in packs do not.
    let alone = path.is_dir();
    let names = names(&opened);
    let mut faults = Vec::new();
    let mut bytes = 0;
    for object in opened.manifest.objects(None) {
        bytes += object.size;
        let files = names.get(&object.digest).cloned().unwrap_or_default();
        if opened.manifest.chunk_lists.contains_key(&object.digest)
            && let Err(error) = opened.chunk_list(&object)
        {
            let list = opened.manifest.chunk_lists.get(&object.digest).map(|l| l.digest);
            let path = list.map(|l| daypack_course::package::chunk_list_path(&l)).unwrap_or_default();
            faults.push(Fault { path, files: files.clone(), error, chunks: Vec::new() });
        }
        let path = object_path(&object.digest);
        if !alone && opened.place(&object.digest).is_some() && !opened.files.has(&path) {
            continue;
        }
        if let Err(error) = whole(&opened, &path, &object) {
            let chunks = match &error {
                OpenError::Damaged { .. } => opened.bad_chunks(&object).ok().flatten().unwrap_or_default(),
                _ => Vec::new(),
            };
            faults.push(Fault { path, files, error, chunks });
        }
    }
    for pack in &opened.manifest.packs {
        let path = pack_path(&pack.digest);
        if let Err(error) = whole(&opened, &path, &pack.object()).and_then(|()| unpacks(&opened, pack)) {
            let packed = pack.frames.iter().flat_map(|f| &f.files);
            let files = packed.flat_map(|f| names.get(&f.digest).cloned().unwrap_or_default()).collect();
            faults.push(Fault { path, files, error, chunks: bad_frames(&opened, pack) });
        }
    }
    if bytes != opened.channel.total_size {
        let error = OpenError::damaged("total size");
        faults.push(Fault { path: String::new(), files: Vec::new(), error, chunks: Vec::new() });
    }
    let report = VerifyReport {
        course: opened.channel.course.clone(),
        title: opened.channel.title.clone(),
        version: opened.channel.version,
        key: opened.identity().to_owned(),
        epoch: opened.channel.epoch,
        confirmed: opened.confirmed.confirmed,
        expires: opened.confirmed.expires,
        objects: opened.objects().len(),
        bytes,
        packs: opened.manifest.packs.len(),
        chunk_lists: opened.manifest.chunk_lists.len(),
    };
    Ok((report, faults))
}

fn names(opened: &OpenedPackage) -> BTreeMap<Digest, Vec<String>> {
    let mut names: BTreeMap<Digest, Vec<String>> = BTreeMap::new();
    for (id, asset) in &opened.manifest.course.assets {
        if let Some(digest) = asset.digest {
            names.entry(digest).or_default().push(id.to_string());
        }
    }
    names
}

fn whole(opened: &OpenedPackage, path: &str, named: &ObjectRef) -> Result<(), OpenError> {
    let mut reader = opened.files.open(path)?;
    let found = objects::copy_hashed(&mut reader, &mut io::sink())
        .map_err(|_| OpenError::damaged(path.to_owned()))?;
    if found == (named.digest, named.size) { Ok(()) } else { Err(OpenError::damaged(path.to_owned())) }
}

fn unpacks(opened: &OpenedPackage, pack: &daypack_course::package::Pack) -> Result<(), OpenError> {
    for (range, frame) in pack.placed() {
        let packed = opened.files.part(&pack_path(&pack.digest), range)?;
        let raw = frames::unpack(frame, &packed)?;
        frames::files(frame, &raw)?;
    }
    Ok(())
}

fn bad_frames(opened: &OpenedPackage, pack: &daypack_course::package::Pack) -> Vec<BadChunk> {
    let path = pack_path(&pack.digest);
    (0_u32..)
        .zip(pack.placed())
        .filter(|(_, (range, frame))| {
            let packed = opened.files.part(&path, range.clone());
            !packed.is_ok_and(|p| Digest::of(&p) == frame.digest)
        })
        .map(|(index, (range, _))| BadChunk { index, range })
        .collect()
}
