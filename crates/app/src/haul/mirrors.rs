//! Where else a file of a package may be had: another address, a folder, a stick, a computer nearby. They come and go.
//!
//! What must stay true: a mirror is never trusted. Whatever it gives is proven by the digest that the signed manifest
//! names, and one that gave wrong bytes is told so and left for that file. Files of an account are never asked of one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use daypack_course::CourseId;
use tokio::sync::watch;

use super::Place;

/// A file of a package, named by its digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The course it is wanted for.
    pub course: CourseId,
    /// `o/`, `p/` or `c/` and the SHA-256, as below a package's address.
    pub path: String,
    /// Bytes.
    pub size: u64,
}

/// What a mirror has of a file.
#[derive(Clone, Debug)]
pub struct Share {
    /// Where to ask.
    pub place: Place,
    /// The ranges `[from, to)` it has now; `None` for all.
    pub gives: Option<Vec<(u64, u64)>>,
    /// In this house: it costs nothing, so it is asked before all that are far.
    pub near: bool,
}

/// Somebody who may have files.
pub trait Mirror: Send + Sync {
    /// What it has of a file. Asked often: answers from memory or by a glance at the disk.
    fn share(&self, file: &Named) -> Option<Share>;

    /// Ranges that somebody near is about to have: they are not asked for far away meanwhile. Whoever says so takes it
    /// back (and calls [`Mirrors::touch`]) when it does not come: within 15 s.
    fn awaited(&self, _file: &Named) -> Vec<(u64, u64)> {
        Vec::new()
    }

    /// It gave wrong bytes of this file.
    fn lied(&self, _file: &Named) {}
}

type Known = BTreeMap<String, Arc<dyn Mirror>>;

/// All mirrors there are now. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Mirrors(Arc<(Mutex<Known>, watch::Sender<u64>)>);

impl Default for Mirrors {
    fn default() -> Self {
        Self(Arc::new((Mutex::default(), watch::channel(0).0)))
    }
}

impl Mirrors {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A mirror comes, or takes the place of another of this name. What is under way asks it too, at once.
    pub fn put(&self, name: &str, mirror: Arc<dyn Mirror>) {
        self.known().insert(name.to_owned(), mirror);
        self.touch();
    }

    /// A mirror goes; `false` when there was none of this name.
    pub fn remove(&self, name: &str) -> bool {
        let was_there = self.known().remove(name).is_some();
        self.touch();
        was_there
    }

    /// Some mirror has other files than before.
    pub fn touch(&self) {
        self.0.1.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Changes at every coming, going and touch.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.1.subscribe()
    }

    /// Who has something of a file, by name.
    pub fn shares(&self, file: &Named) -> Vec<(String, Share)> {
        // A mirror looks at disks: the list is not held meanwhile.
        let known = self.known().clone();
        known.into_iter().filter_map(|(name, mirror)| Some((name, mirror.share(file)?))).collect()
    }

    /// What somebody near is about to have of a file.
    pub fn awaited(&self, file: &Named) -> Vec<(u64, u64)> {
        let known = self.known().clone();
        known.values().flat_map(|mirror| mirror.awaited(file)).collect()
    }

    /// Tells a mirror that it gave wrong bytes.
    pub fn lied(&self, name: &str, file: &Named) {
        let mirror = self.known().get(name).cloned();
        if let Some(mirror) = mirror {
            tracing::warn!(mirror = name, file = file.path, "a mirror gave wrong bytes");
            mirror.lied(file);
        }
    }
}
