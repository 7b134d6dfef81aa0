//! Room kept for the day the disk is full: a file that holds nothing and is removed when an answer has no other room.
//!
//! What must stay true: only a save releases it; while it is released, nothing that can be fetched again takes the
//! room ([`Ballast::is_released`]).

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::disk::Disk;

/// Bytes kept on a disk with enough room.
pub const BALLAST: u64 = 16 * 1024 * 1024;
/// Not less than this is worth it.
const LEAST: u64 = 1024 * 1024;
/// The file takes at most one part in so many of what is free.
const PART: u64 = 2;

/// The file and whether it is there.
pub(crate) struct Ballast {
    path: PathBuf,
    disk: Arc<dyn Disk>,
    released: Arc<AtomicBool>,
}

impl Ballast {
    /// Looks after the ballast in a folder.
    pub fn at(dir: &Path, disk: Arc<dyn Disk>, released: Arc<AtomicBool>) -> Self {
        Self { path: dir.join("ballast"), disk, released }
    }

    /// Puts the ballast there when it is not and there is room enough.
    pub fn restore(&mut self) {
        if self.disk.has(&self.path) {
            return self.released.store(false, Ordering::Relaxed);
        }
        let dir = self.path.parent().unwrap_or(Path::new("."));
        let bytes = self.disk.free(dir).map_or(0, |free| free / PART).min(BALLAST);
        if bytes >= LEAST && self.disk.reserve(&self.path, bytes).is_ok() {
            self.released.store(false, Ordering::Relaxed);
        }
    }

    /// Gives the room away; `false` when there was none to give.
    pub fn release(&mut self) -> bool {
        self.released.store(true, Ordering::Relaxed);
        let gone = self.disk.remove(&self.path).is_ok();
        if gone {
            tracing::warn!("the disk is full; the room kept for answers is used");
        }
        gone
    }
}
