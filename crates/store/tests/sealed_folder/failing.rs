//! The computer's disk, until the process is killed: after so many changes nothing more happens, and the change then
//! being done is half done.

use std::io::{Error, Result};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use daypack_store::disk::{Disk, End, OwnDisk};

#[derive(Clone)]
pub struct Failing {
    after: usize,
    count: Arc<AtomicUsize>,
}

struct Tail(Box<dyn End>, Failing);

impl Failing {
    pub fn after(after: usize) -> Self {
        Self { after, count: Arc::default() }
    }

    pub fn has_failed(&self) -> bool {
        self.count.load(Ordering::SeqCst) > self.after
    }

    fn change<T>(&self, half: impl FnOnce(), deed: impl FnOnce() -> Result<T>) -> Result<T> {
        let n = self.count.fetch_add(1, Ordering::SeqCst);
        if n < self.after {
            return deed();
        }
        if n == self.after {
            half();
        }
        Err(Error::other("killed"))
    }
}

impl Disk for Failing {
    fn read(&self, path: &Path) -> Result<Vec<u8>> {
        OwnDisk.read(path)
    }

    fn len(&self, path: &Path) -> Result<u64> {
        OwnDisk.len(path)
    }

    fn names(&self, dir: &Path) -> Result<Vec<String>> {
        OwnDisk.names(dir)
    }

    fn make_dir(&self, dir: &Path) -> Result<()> {
        if dir.is_dir() {
            return Ok(());
        }
        self.change(|| (), || OwnDisk.make_dir(dir))
    }

    fn create(&self, path: &Path) -> Result<Box<dyn End>> {
        let end = self.change(|| (), || OwnDisk.create(path))?;
        Ok(Box::new(Tail(end, self.clone())))
    }

    fn open_end(&self, path: &Path) -> Result<Box<dyn End>> {
        Ok(Box::new(Tail(OwnDisk.open_end(path)?, self.clone())))
    }

    fn sync(&self, path: &Path) -> Result<()> {
        OwnDisk.sync(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        self.change(|| (), || OwnDisk.rename(from, to))
    }

    fn remove(&self, path: &Path) -> Result<()> {
        self.change(|| (), || OwnDisk.remove(path))
    }

    fn wipe(&self, path: &Path) -> Result<()> {
        let half = || {
            let mut bytes = std::fs::read(path).unwrap();
            let middle = bytes.len() / 2;
            bytes[..middle].fill(0);
            std::fs::write(path, bytes).unwrap();
        };
        self.change(half, || OwnDisk.wipe(path))
    }

    fn remove_dir(&self, dir: &Path) -> Result<()> {
        self.change(|| (), || OwnDisk.remove_dir(dir))
    }

    fn free(&self, dir: &Path) -> Result<u64> {
        OwnDisk.free(dir)
    }

    fn reserve(&self, path: &Path, bytes: u64) -> Result<()> {
        OwnDisk.reserve(path, bytes)
    }
}

impl End for Tail {
    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        let Self(end, failing) = self;
        let failing = failing.clone();
        let is_half = failing.count.load(Ordering::SeqCst) == failing.after;
        if is_half {
            let _ = end.append(&bytes[..bytes.len() / 2]);
        }
        failing.change(|| (), || end.append(bytes))
    }

    fn sync(&mut self) -> Result<()> {
        self.0.sync()
    }
}
