//! Files named by their content: `ab/<64 hex digits>` below one folder, `partial/` beside them.
//!
//! A file gets its name after its SHA-256 was computed from the bytes on the disk, they were synced, and the
//! rename was synced too. So a name that exists has its bytes.

mod list;
pub(crate) mod partial;
pub(crate) mod pin;

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use daypack_course::Digest;
use sha2::Digest as _;

use crate::StoreError;
use crate::seal::{Seal, file};
use pin::{Pin, Pins};

/// Bytes per read and write.
const BLOCK: usize = 128 * 1024;

/// The bytes of an object, from its beginning.
pub struct ObjectReader(Inside);

enum Inside {
    Plain(File),
    Sealed(Box<file::Reader<File>>),
}

impl Read for ObjectReader {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        match &mut self.0 {
            Inside::Plain(file) => file.read(to),
            Inside::Sealed(file) => file.read(to),
        }
    }
}

/// A heap of files named by their content.
pub struct Objects {
    root: PathBuf,
    pins: Pins,
    imports: AtomicU64,
    /// Nothing is written: a newer program owns the files.
    is_read_only: bool,
    /// The folder is sealed: each object is a box under another name.
    seal: Option<Arc<Seal>>,
}

impl Objects {
    /// Opens the heap below `root`; imports that a crash cut off are thrown away, downloads are kept.
    pub(crate) fn at(root: &Path, is_read_only: bool, seal: Option<Arc<Seal>>) -> Result<Self, StoreError> {
        let heap = Self {
            root: root.to_owned(),
            pins: Pins::default(),
            imports: AtomicU64::new(0),
            is_read_only,
            seal,
        };
        if is_read_only {
            return Ok(heap);
        }
        let partial = root.join("partial");
        create_private_dir(&partial)?;
        for entry in std::fs::read_dir(&partial)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with("import-") {
                std::fs::remove_file(entry.path())?;
            }
        }
        Ok(heap)
    }

    /// Where the object lies or would lie. In a sealed folder the file is a box: [`Objects::open`] reads it.
    pub fn path(&self, digest: &Digest) -> PathBuf {
        let name = match &self.seal {
            Some(seal) => seal.name(digest),
            None => digest.to_string(),
        };
        self.root.join(name.get(..2).unwrap_or_default()).join(name)
    }

    /// Whether the object is there.
    pub fn has(&self, digest: &Digest) -> bool {
        self.path(digest).is_file()
    }

    /// The object's bytes, for reading.
    pub fn open(&self, digest: &Digest) -> Result<ObjectReader, StoreError> {
        match File::open(self.path(digest)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Err(StoreError::missing("object", digest))
            }
            other => Ok(ObjectReader(match &self.seal {
                Some(seal) => Inside::Sealed(Box::new(file::Reader::open(other?, seal.files())?)),
                None => Inside::Plain(other?),
            })),
        }
    }

    /// Reads the whole object and says whether its bytes still match its name.
    pub fn verify(&self, digest: &Digest) -> Result<bool, StoreError> {
        let read = self.open(digest).and_then(|mut from| copy_hashed(&mut from, &mut std::io::sink()));
        match read {
            Err(StoreError::Io(error)) if error.kind() == std::io::ErrorKind::InvalidData => Ok(false),
            other => Ok(other?.0 == *digest),
        }
    }

    /// Holds the object against removal until the pin is dropped.
    #[must_use]
    pub fn pin(&self, digest: &Digest) -> Pin {
        self.pins.pin(*digest)
    }

    /// Takes in all bytes of `reader`; durable on return. Another digest than `expected`: `WrongBytes`, nothing
    /// is kept.
    pub fn import_reader(
        &self,
        mut reader: impl Read,
        expected: Option<Digest>,
    ) -> Result<(Digest, u64), StoreError> {
        self.refuse_read_only()?;
        let number = self.imports.fetch_add(1, Ordering::Relaxed);
        let temp = self.partial_dir().join(format!("import-{number}"));
        let taken = self.take_in(&mut reader, &temp, expected);
        if taken.is_err() {
            discard(&temp)?;
        }
        taken
    }

    /// Takes in a copy of the file at `path`.
    pub fn import_file(&self, path: &Path, expected: Option<Digest>) -> Result<(Digest, u64), StoreError> {
        self.import_reader(File::open(path)?, expected)
    }

    /// Takes in small files whose digests the caller has compared; all durable on return. Those that are there already
    /// are passed over.
    pub fn import_small(&self, files: &[(Digest, &[u8])]) -> Result<(), StoreError> {
        self.refuse_read_only()?;
        let mut dirs = std::collections::BTreeSet::new();
        for (digest, bytes) in files {
            if self.has(digest) {
                continue;
            }
            if self.seal.is_some() {
                self.import_reader(*bytes, Some(*digest))?;
                continue;
            }
            let number = self.imports.fetch_add(1, Ordering::Relaxed);
            let temp = self.partial_dir().join(format!("import-{number}"));
            let to = self.path(digest);
            let dir = to.parent().unwrap_or(&self.root).to_owned();
            let taken = write_synced(&temp, bytes).and_then(|()| {
                if !dir.is_dir() {
                    create_private_dir(&dir)?;
                    dirs.insert(self.root.clone());
                }
                Ok(std::fs::rename(&temp, &to)?)
            });
            if let Err(error) = taken {
                discard(&temp)?;
                return Err(error);
            }
            dirs.insert(dir);
        }
        // The names of all of them at once: a sync for each would cost more than the files.
        dirs.iter().try_for_each(|dir| sync_dir(dir))
    }

    /// Bytes of all complete objects.
    pub fn size(&self) -> Result<u64, StoreError> {
        let mut total = 0;
        if !self.root.is_dir() {
            return Ok(0);
        }
        for entry in std::fs::read_dir(&self.root)? {
            let entry = entry?;
            if entry.file_name() != "partial" && entry.file_type()?.is_dir() {
                total += dir_size(&entry.path(), std::fs::Metadata::len)?;
            }
        }
        Ok(total)
    }

    /// Bytes of all files on their way.
    pub fn partial_size(&self) -> Result<u64, StoreError> {
        dir_size(&self.partial_dir(), taken)
    }

    pub(crate) fn remove(&self, digest: &Digest) -> Result<bool, StoreError> {
        self.refuse_read_only()?;
        self.pins.unless_pinned(digest, || discard(&self.path(digest)))
    }

    fn refuse_read_only(&self) -> Result<(), StoreError> {
        match self.is_read_only {
            true => Err(StoreError::ReadOnly),
            false => Ok(()),
        }
    }

    /// A file on its way lies there in the clear: there are none in a sealed folder.
    fn refuse_partial(&self) -> Result<(), StoreError> {
        match self.seal {
            Some(_) => Err(StoreError::Sealed),
            None => self.refuse_read_only(),
        }
    }

    fn partial_dir(&self) -> PathBuf {
        self.root.join("partial")
    }

    fn take_in(
        &self,
        reader: &mut impl Read,
        temp: &Path,
        expected: Option<Digest>,
    ) -> Result<(Digest, u64), StoreError> {
        let mut file = File::create(temp)?;
        let (found, size) = match &self.seal {
            Some(seal) => file::write(seal.files(), reader, &mut |piece| file.write_all(piece))?,
            None => copy_hashed(reader, &mut file)?,
        };
        refuse_other(expected, found)?;
        file.sync_all()?;
        drop(file);
        self.shelve(temp, &found)?;
        Ok((found, size))
    }

    /// Gives the synced file `from` its name.
    fn shelve(&self, from: &Path, digest: &Digest) -> Result<(), StoreError> {
        let to = self.path(digest);
        let dir = to.parent().unwrap_or(&self.root);
        if !dir.is_dir() {
            create_private_dir(dir)?;
            sync_dir(&self.root)?;
        }
        std::fs::rename(from, &to)?;
        sync_dir(dir)
    }
}

fn write_synced(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    Ok(file.sync_all()?)
}

/// Removes a file; `false` when it was not there.
pub(crate) fn discard(path: &Path) -> Result<bool, StoreError> {
    match std::fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn refuse_other(expected: Option<Digest>, found: Digest) -> Result<(), StoreError> {
    match expected {
        Some(expected) if expected != found => Err(StoreError::WrongBytes { expected, found }),
        _ => Ok(()),
    }
}

/// Copies to the end; the digest and the number of the bytes.
fn copy_hashed(reader: &mut impl Read, writer: &mut impl Write) -> Result<(Digest, u64), StoreError> {
    let mut hash = sha2::Sha256::new();
    let mut block = vec![0_u8; BLOCK];
    let mut size = 0_u64;
    loop {
        let n = match reader.read(&mut block) {
            Ok(0) => return Ok((Digest::from_bytes(hash.finalize().into()), size)),
            Ok(n) => n,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        };
        let bytes = block.get(..n).unwrap_or_default();
        hash.update(bytes);
        writer.write_all(bytes)?;
        size += n as u64;
    }
}

fn dir_size(dir: &Path, of: fn(&std::fs::Metadata) -> u64) -> Result<u64, StoreError> {
    let mut total = 0;
    if !dir.is_dir() {
        return Ok(0);
    }
    for entry in std::fs::read_dir(dir)? {
        match entry?.metadata() {
            Ok(meta) if meta.is_file() => total += of(&meta),
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {} // A folder, or a file that was finished meanwhile.
        }
    }
    Ok(total)
}

/// Bytes a file on its way takes; its holes take none.
fn taken(meta: &std::fs::Metadata) -> u64 {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        // A small file may lie in its own entry and take no block.
        meta.len().min(meta.blocks().saturating_mul(512).max(4_096))
    }
    #[cfg(not(unix))]
    meta.len()
}

/// Makes a folder and its parents, for this user only where the system knows how.
pub(crate) fn create_private_dir(dir: &Path) -> Result<(), StoreError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    Ok(builder.create(dir)?)
}

/// Makes names in `dir` durable. Windows has no such call and needs none.
pub(crate) fn sync_dir(dir: &Path) -> Result<(), StoreError> {
    #[cfg(unix)]
    File::open(dir)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = dir;
    Ok(())
}

/// Replaces the file at `path` by one that only the user can read; old or new, never between; durable on return.
pub(crate) fn replace_file(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let temp = path.with_extension("new");
    discard(&temp)?;
    let mut options = File::options();
    options.create_new(true).write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(&temp)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    std::fs::rename(&temp, path)?;
    sync_dir(path.parent().unwrap_or(Path::new(".")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Store;
    use crate::testing::shelf;

    #[test]
    fn what_was_taken_in_is_found_under_its_digest() {
        let (_dir, store) = shelf();
        let (digest, size) = store.mine().import_reader(&b"my essay"[..], None).unwrap();
        assert_eq!((digest, size), (Digest::of(b"my essay"), 8));
        let mut text = String::new();
        store.mine().open(&digest).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "my essay");
        assert!(store.mine().verify(&digest).unwrap());
        assert!(!store.objects().has(&digest), "the two heaps are apart");
        assert_eq!(store.sizes().unwrap().mine, 8);
    }

    #[test]
    fn other_bytes_than_expected_leave_nothing_behind() {
        let (_dir, store) = shelf();
        let expected = Digest::of(b"right");
        let error = store.objects().import_reader(&b"wrong"[..], Some(expected)).unwrap_err();
        assert!(matches!(error, StoreError::WrongBytes { found, .. } if found == Digest::of(b"wrong")));
        assert!(!store.objects().has(&Digest::of(b"wrong")) && !store.objects().has(&expected));
        assert_eq!(store.objects().partial_size().unwrap(), 0);
    }

    #[test]
    fn many_small_files_are_taken_in_at_once_and_found_each() {
        let (_dir, store) = shelf();
        let texts: Vec<String> = (0..50).map(|n| format!("page {n}")).collect();
        let files: Vec<(Digest, &[u8])> =
            texts.iter().map(|t| (Digest::of(t.as_bytes()), t.as_bytes())).collect();
        store.objects().import_small(&files).unwrap();
        store.objects().import_small(&files).unwrap();
        assert!(files.iter().all(|(digest, _)| store.objects().verify(digest).unwrap()));
        assert_eq!(store.objects().partial_size().unwrap(), 0);
    }

    #[test]
    fn verify_notices_a_flipped_bit() {
        let (_dir, store) = shelf();
        let (digest, _) = store.objects().import_reader(&b"lecture"[..], None).unwrap();
        std::fs::write(store.objects().path(&digest), b"lecturf").unwrap();
        assert!(!store.objects().verify(&digest).unwrap());
    }

    #[test]
    fn an_import_cut_off_by_a_crash_is_cleared_away_and_a_download_is_kept() {
        let (dir, store) = shelf();
        std::fs::write(dir.path().join("objects/partial/import-7"), b"half").unwrap();
        store.objects().partial_open("lecture", 0).unwrap().write_all(b"half").unwrap();
        drop(store);
        let store = Store::open(dir.path(), daypack_course::TimeMs(1)).unwrap();
        assert!(!dir.path().join("objects/partial/import-7").exists());
        assert_eq!(store.objects().partial_len("lecture").unwrap(), 4);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_while_copying_is_called_no_space() {
        let mut full = File::options().write(true).open("/dev/full").unwrap();
        let error = copy_hashed(&mut &b"film"[..], &mut full).unwrap_err();
        assert!(matches!(error, StoreError::NoSpace), "{error}");
    }
}
