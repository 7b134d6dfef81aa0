//! The disk below the journal, the backups and the recovery, as a trait: tests put one below that fails, fills up
//! or loses its power (SQLite has its VFS for the same).
//!
//! What must stay true: a name that was made, renamed or removed is durable on return; appended bytes are durable
//! after [`End::sync`].

use std::fs::File;
use std::io::{Error, ErrorKind, Result, Write as _};
use std::path::Path;

use crate::objects;

/// Files by their path. `NotFound` for what is not there.
pub trait Disk: Send + Sync {
    /// All bytes of a file.
    fn read(&self, path: &Path) -> Result<Vec<u8>>;
    /// How many bytes a file has.
    fn len(&self, path: &Path) -> Result<u64>;
    /// The names in a folder; none when it is not there.
    fn names(&self, dir: &Path) -> Result<Vec<String>>;
    /// Makes a folder and its parents, for this user only.
    fn make_dir(&self, dir: &Path) -> Result<()>;
    /// Makes a new file, for this user only; `AlreadyExists` when there is one.
    fn create(&self, path: &Path) -> Result<Box<dyn End>>;
    /// Opens the end of a file that is there.
    fn open_end(&self, path: &Path) -> Result<Box<dyn End>>;
    /// Makes the bytes of a file durable.
    fn sync(&self, path: &Path) -> Result<()>;
    /// Gives a file (or a folder) another name on the same disk, replacing a file that has it.
    fn rename(&self, from: &Path, to: &Path) -> Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> Result<()>;
    /// Bytes that this user can still write below a folder.
    fn free(&self, dir: &Path) -> Result<u64>;
    /// Makes a new file that takes so many bytes of the disk, whatever they are.
    fn reserve(&self, path: &Path, bytes: u64) -> Result<()>;

    /// Overwrites a file, makes that durable, and removes it. (No copy that the file system or the drive kept is
    /// reached.)
    fn wipe(&self, path: &Path) -> Result<()> {
        self.remove(path)
    }

    /// Removes an empty folder; one that is not empty stays.
    fn remove_dir(&self, _dir: &Path) -> Result<()> {
        Ok(())
    }

    /// Whether the file is there.
    fn has(&self, path: &Path) -> bool {
        self.len(path).is_ok()
    }

    /// Makes a new file of these bytes; durable on return.
    fn write_new(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        let mut end = self.create(path)?;
        end.append(bytes)?;
        end.sync()
    }
}

/// The end of an open file.
pub trait End: Send {
    /// Adds bytes.
    fn append(&mut self, bytes: &[u8]) -> Result<()>;
    /// Makes all that was added durable.
    fn sync(&mut self) -> Result<()>;
}

/// The computer's own disk.
#[derive(Clone, Copy, Debug, Default)]
pub struct OwnDisk;

impl Disk for OwnDisk {
    fn read(&self, path: &Path) -> Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn len(&self, path: &Path) -> Result<u64> {
        std::fs::metadata(path).map(|meta| meta.len())
    }

    fn names(&self, dir: &Path) -> Result<Vec<String>> {
        let entries = match std::fs::read_dir(dir) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            other => other?,
        };
        entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
    }

    fn make_dir(&self, dir: &Path) -> Result<()> {
        if dir.is_dir() {
            return Ok(());
        }
        objects::create_private_dir(dir).map_err(plain)?;
        sync_parent(dir)
    }

    fn create(&self, path: &Path) -> Result<Box<dyn End>> {
        let file = private().create_new(true).open(path)?;
        sync_parent(path)?;
        Ok(Box::new(file))
    }

    fn open_end(&self, path: &Path) -> Result<Box<dyn End>> {
        Ok(Box::new(File::options().append(true).open(path)?))
    }

    fn sync(&self, path: &Path) -> Result<()> {
        File::options().write(true).open(path)?.sync_all()
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        std::fs::rename(from, to)?;
        if from.parent() != to.parent() {
            sync_parent(from)?;
        }
        sync_parent(to)
    }

    fn remove(&self, path: &Path) -> Result<()> {
        std::fs::remove_file(path)?;
        sync_parent(path)
    }

    fn wipe(&self, path: &Path) -> Result<()> {
        let mut file = File::options().write(true).open(path)?;
        let (block, mut left) = ([0_u8; 64 * 1024], file.metadata()?.len());
        while left > 0 {
            let n = usize::try_from(left).unwrap_or(usize::MAX).min(block.len());
            file.write_all(block.get(..n).unwrap_or_default())?;
            left = left.saturating_sub(n as u64);
        }
        file.sync_all()?;
        drop(file);
        self.remove(path)
    }

    fn remove_dir(&self, dir: &Path) -> Result<()> {
        match std::fs::remove_dir(dir) {
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::DirectoryNotEmpty) => {
                Ok(())
            }
            Err(error) => Err(error),
            Ok(()) => sync_parent(dir),
        }
    }

    fn free(&self, dir: &Path) -> Result<u64> {
        fs4::available_space(dir)
    }

    fn reserve(&self, path: &Path, bytes: u64) -> Result<()> {
        let made = private().create_new(true).open(path).and_then(|mut file| {
            match fs4::FileExt::allocate(&file, bytes) {
                Err(error) if error.kind() == ErrorKind::StorageFull => return Err(error),
                Err(_) => {} // This file system cannot; it is written then.
                Ok(()) => return file.sync_all(),
            }
            let block = [0xdb_u8; 64 * 1024];
            let mut left = bytes;
            while left > 0 {
                let n = usize::try_from(left).unwrap_or(usize::MAX).min(block.len());
                file.write_all(block.get(..n).unwrap_or_default())?;
                left = left.saturating_sub(n as u64);
            }
            file.sync_all()
        });
        if made.is_err() {
            let _ = std::fs::remove_file(path);
        }
        made
    }
}

impl End for File {
    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.write_all(bytes)
    }

    fn sync(&mut self) -> Result<()> {
        // On a Mac this is F_FULLFSYNC: the drive's own memory is emptied too.
        self.sync_data()
    }
}

fn private() -> std::fs::OpenOptions {
    let mut options = File::options();
    options.append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options
}

fn sync_parent(path: &Path) -> Result<()> {
    objects::sync_dir(path.parent().unwrap_or(Path::new("."))).map_err(plain)
}

fn plain(error: crate::StoreError) -> Error {
    match error {
        crate::StoreError::Io(error) => error,
        crate::StoreError::NoSpace => ErrorKind::StorageFull.into(),
        other => Error::other(other.to_string()),
    }
}
