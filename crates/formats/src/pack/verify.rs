//! Reads a package to the last byte and compares every digest; of a damaged object it says which pieces.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use daypack_course::package::{ObjectRef, Pack, chunk_list_path, object_path, pack_path};
use daypack_course::{Digest, TimeMs};

use super::objects;
use crate::package::frames;
use crate::package::{BadChunk, OpenedPackage};
use crate::{OpenError, package};

/// More readers than this help no disk.
const MOST_THREADS: usize = 4;

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
    pub confirmed: TimeMs,
    /// See `confirmed`.
    pub expires: TimeMs,
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
    let objects = opened.manifest.objects(None);
    let bytes = objects.iter().map(|o| o.size).sum();
    // On a host and in a folder each object also lies alone; in a single file those in packs do not.
    let looking = Looking { alone: path.is_dir(), names: names(&opened), opened: &opened };
    let work: Vec<Part<'_>> =
        objects.iter().map(Part::Object).chain(opened.manifest.packs.iter().map(Part::Pack)).collect();
    let mut faults = looking.all(&work);
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
        objects: objects.len(),
        bytes,
        packs: opened.manifest.packs.len(),
        chunk_lists: opened.manifest.chunk_lists.len(),
    };
    Ok((report, faults))
}

/// A file of the package that is read to its end.
#[derive(Clone, Copy)]
enum Part<'a> {
    Object(&'a ObjectRef),
    Pack(&'a Pack),
}

struct Looking<'a> {
    opened: &'a OpenedPackage,
    alone: bool,
    names: BTreeMap<Digest, Vec<String>>,
}

impl Looking<'_> {
    /// Reads and hashes on all processors; the faults in the order of `work`.
    fn all(&self, work: &[Part<'_>]) -> Vec<Fault> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS);
        let next = AtomicUsize::new(0);
        let found: Mutex<BTreeMap<usize, Vec<Fault>>> = Mutex::default();
        std::thread::scope(|scope| {
            for _ in 0..threads.min(work.len()) {
                scope.spawn(|| {
                    loop {
                        let n = next.fetch_add(1, Ordering::Relaxed);
                        let Some(part) = work.get(n) else { return };
                        let faults = match part {
                            Part::Object(object) => self.object(object),
                            Part::Pack(pack) => self.pack(pack),
                        };
                        found.lock().unwrap_or_else(PoisonError::into_inner).insert(n, faults);
                    }
                });
            }
        });
        found.into_inner().unwrap_or_else(PoisonError::into_inner).into_values().flatten().collect()
    }

    fn object(&self, object: &ObjectRef) -> Vec<Fault> {
        let opened = self.opened;
        let mut faults = Vec::new();
        let files = self.names.get(&object.digest).cloned().unwrap_or_default();
        if let Some(list) = opened.manifest.chunk_lists.get(&object.digest)
            && let Err(error) = opened.chunk_list(object)
        {
            let path = chunk_list_path(&list.digest);
            faults.push(Fault { path, files: files.clone(), error, chunks: Vec::new() });
        }
        let path = object_path(&object.digest);
        if !self.alone && opened.place(&object.digest).is_some() && !opened.files.has(&path) {
            return faults;
        }
        if let Err(error) = whole(opened, &path, object) {
            let chunks = match &error {
                OpenError::Damaged { .. } => opened.bad_chunks(object).ok().flatten().unwrap_or_default(),
                _ => Vec::new(),
            };
            faults.push(Fault { path, files, error, chunks });
        }
        faults
    }

    fn pack(&self, pack: &Pack) -> Vec<Fault> {
        let path = pack_path(&pack.digest);
        let sound = whole(self.opened, &path, &pack.object()).and_then(|()| unpacks(self.opened, pack));
        let Err(error) = sound else { return Vec::new() };
        let packed = pack.frames.iter().flat_map(|f| &f.files);
        let files = packed.flat_map(|f| self.names.get(&f.digest).cloned().unwrap_or_default()).collect();
        vec![Fault { path, files, error, chunks: bad_frames(self.opened, pack) }]
    }
}

/// Whether the package at `new` may take the place of the one at `old` on a learner's computer at `now`, as the
/// answer to "is there anything new?": same publisher, same course, no step back, no other manifest for a known
/// version, not expired.
pub fn follows(old: &Path, new: &Path, now: TimeMs) -> Result<(), OpenError> {
    let old = package::open(old)?;
    let new = package::open_expecting(new, Some(old.identity()))?;
    Ok(new.confirmed.answers(&old.confirmed.seen(), now)?)
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

fn unpacks(opened: &OpenedPackage, pack: &Pack) -> Result<(), OpenError> {
    for (range, frame) in pack.placed() {
        let packed = opened.files.part(&pack_path(&pack.digest), range)?;
        let raw = frames::unpack(frame, &packed)?;
        frames::files(frame, &raw)?;
    }
    Ok(())
}

fn bad_frames(opened: &OpenedPackage, pack: &Pack) -> Vec<BadChunk> {
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
