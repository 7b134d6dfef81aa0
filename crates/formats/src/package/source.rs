//! Where a package's files lie: a folder, one zip file, or whatever else can hand out named files and parts of
//! them. Names are the package's own, never a path of the computer.

use std::fs::{self, File};
use std::io::{Read, Seek as _, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use daypack_course::package::keys::MAX_EPOCHS;
use daypack_course::package::{CHANNEL, LIBRARY, keys_path};

use crate::{Archive, OpenError};

/// The files of a package, by name. Nothing a source gives is trusted: compare size and digest.
pub trait Source: Send + Sync {
    /// All bytes of a small file, at most `max`; [`OpenError::MissingObject`] when there is none.
    fn read(&self, path: &str, max: u64) -> Result<Vec<u8>, OpenError>;
    /// A reader over a file.
    fn open(&self, path: &str) -> Result<Box<dyn Read + Send>, OpenError>;
    /// The bytes of a part of a file; fewer when the file ends before.
    fn part(&self, path: &str, range: Range<u64>) -> Result<Vec<u8>, OpenError>;
    /// Whether there is such a file.
    fn has(&self, path: &str) -> bool;
}

/// `channel.json`, `library.json`, a key file, or one of the hash-named folders and 64 digits: nothing else is a
/// name.
fn check(path: &str) -> Result<(), OpenError> {
    let is_digest = |name: &str| daypack_course::Digest::parse(name).is_ok();
    let named = |dir: &str| path.strip_prefix(dir).is_some_and(is_digest);
    if path == CHANNEL
        || path == LIBRARY
        || is_keys(path)
        || ["o/", "m/", "c/", "p/", "d/"].into_iter().any(named)
    {
        return Ok(());
    }
    Err(OpenError::UnsafeName { name: crate::printable(path) })
}

fn is_keys(path: &str) -> bool {
    let number = path.strip_prefix("keys/").and_then(|p| p.strip_suffix(".json"));
    let epoch = number.and_then(|n| n.parse::<u32>().ok());
    epoch.is_some_and(|n| (1..=MAX_EPOCHS + 1).contains(&n) && keys_path(n) == path)
}

/// The packages at, in, and one or two folders below `root`, and in `.daypack` files there. None are checked: whoever
/// reads from one compares digests.
pub fn sources_in(root: &Path) -> Vec<Box<dyn Source>> {
    let mut found = Vec::new();
    look(root, 2, &mut found);
    found
}

/// Packages at most: a stick full of other things is not searched for ever.
const MOST: usize = 256;

fn look(path: &Path, deeper: u32, found: &mut Vec<Box<dyn Source>>) {
    let is_file = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("daypack"));
    if path.is_file() && is_file {
        if let Ok(archive) = Archive::open(path) {
            found.push(Box::new(ZipFiles::new(archive)));
        }
    } else if path.join(CHANNEL).is_file() {
        found.push(Box::new(DirFiles::new(path)));
    } else if let (Some(deeper), Ok(entries)) = (deeper.checked_sub(1), fs::read_dir(path)) {
        for entry in entries.flatten().take(MOST) {
            if found.len() < MOST {
                look(&entry.path(), deeper, found);
            }
        }
    }
}

/// A package folder.
#[derive(Clone, Debug)]
pub struct DirFiles {
    root: PathBuf,
}

impl DirFiles {
    /// A package at `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    fn file(&self, path: &str) -> Result<(File, u64), OpenError> {
        check(path)?;
        let full = self.root.join(path);
        let missing = |e: std::io::Error| match e.kind() {
            std::io::ErrorKind::NotFound => OpenError::MissingObject { name: path.to_owned() },
            _ => OpenError::io(&full, &e),
        };
        let meta = fs::metadata(&full).map_err(missing)?;
        if !meta.is_file() {
            return Err(OpenError::MissingObject { name: path.to_owned() });
        }
        Ok((File::open(&full).map_err(missing)?, meta.len()))
    }
}

impl Source for DirFiles {
    fn read(&self, path: &str, max: u64) -> Result<Vec<u8>, OpenError> {
        let (file, len) = self.file(path)?;
        if len > max {
            return Err(OpenError::too_large(path));
        }
        let mut out = Vec::new();
        file.take(max).read_to_end(&mut out).map_err(|e| OpenError::io(&self.root.join(path), &e))?;
        Ok(out)
    }

    fn open(&self, path: &str) -> Result<Box<dyn Read + Send>, OpenError> {
        Ok(Box::new(self.file(path)?.0))
    }

    fn part(&self, path: &str, range: Range<u64>) -> Result<Vec<u8>, OpenError> {
        let (mut file, _) = self.file(path)?;
        let mut out = Vec::new();
        file.seek(SeekFrom::Start(range.start))
            .and_then(|_| file.take(range.end.saturating_sub(range.start)).read_to_end(&mut out))
            .map_err(|e| OpenError::io(&self.root.join(path), &e))?;
        Ok(out)
    }

    fn has(&self, path: &str) -> bool {
        self.file(path).is_ok()
    }
}

/// A package in one zip file.
#[derive(Clone, Debug)]
pub struct ZipFiles {
    archive: Archive,
}

impl ZipFiles {
    /// A package in `archive`.
    pub fn new(archive: Archive) -> Self {
        Self { archive }
    }

    fn member(&self, path: &str) -> Result<&crate::archive::Member, OpenError> {
        check(path)?;
        self.archive.find(path).ok_or_else(|| OpenError::MissingObject { name: path.to_owned() })
    }
}

impl Source for ZipFiles {
    fn read(&self, path: &str, max: u64) -> Result<Vec<u8>, OpenError> {
        self.archive.read(self.member(path)?, max)
    }

    fn open(&self, path: &str) -> Result<Box<dyn Read + Send>, OpenError> {
        Ok(Box::new(self.archive.reader(self.member(path)?)?))
    }

    fn part(&self, path: &str, range: Range<u64>) -> Result<Vec<u8>, OpenError> {
        self.archive.part(self.member(path)?, range)
    }

    fn has(&self, path: &str) -> bool {
        self.member(path).is_ok()
    }
}
