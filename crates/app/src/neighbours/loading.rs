//! A file on its way: which of its bytes are proven, for whoever may be given them already.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use daypack_engine::transfer::Spans;

/// How much of it is here.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Proven.
    pub proven: Spans,
    /// Written, proven or not.
    pub held: Spans,
}

/// What is known of a file on its way.
#[derive(Debug)]
pub struct Loading {
    /// Bytes in all.
    pub size: u64,
    /// Where it lies.
    pub path: PathBuf,
    seen: Mutex<Seen>,
}

impl Loading {
    /// Nothing of it is here yet.
    pub fn new(size: u64, path: PathBuf) -> Self {
        Self { size, path, seen: Mutex::default() }
    }

    /// Notes how much is here.
    pub fn note(&self, seen: Seen) {
        *self.lock() = seen;
    }

    /// How much is here.
    pub fn seen(&self) -> Seen {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
