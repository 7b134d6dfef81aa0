//! Holding an object while it is in use, e.g. played, so that making room does not take it away.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use daypack_course::Digest;

use crate::StoreError;

/// Who is pinned, and how often.
#[derive(Clone, Default)]
pub(crate) struct Pins(Arc<Mutex<BTreeMap<Digest, usize>>>);

/// As long as this lives, the object stays.
pub struct Pin {
    digest: Digest,
    pins: Pins,
}

impl Pins {
    pub fn pin(&self, digest: Digest) -> Pin {
        *self.lock().entry(digest).or_insert(0) += 1;
        Pin { digest, pins: self.clone() }
    }

    /// Runs `f` while nobody can pin; `Pinned` when someone has.
    pub fn unless_pinned<T>(
        &self,
        digest: &Digest,
        f: impl FnOnce() -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let pins = self.lock();
        if pins.contains_key(digest) {
            return Err(StoreError::Pinned(*digest));
        }
        f()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Digest, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        let mut pins = self.pins.lock();
        if let Some(count) = pins.get_mut(&self.digest) {
            *count -= 1;
            if *count == 0 {
                pins.remove(&self.digest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::shelf;

    #[test]
    fn a_pinned_object_stays_until_the_last_pin_is_gone() {
        let (_dir, store) = shelf();
        let (digest, _) = store.objects().import_reader(&b"film"[..], None).unwrap();
        let first = store.objects().pin(&digest);
        let second = store.objects().pin(&digest);
        drop(first);
        assert!(matches!(store.object_remove(&digest), Err(StoreError::Pinned(_))));
        assert!(store.objects().has(&digest));
        drop(second);
        assert!(store.object_remove(&digest).unwrap());
        assert!(!store.object_remove(&digest).unwrap(), "gone is gone");
    }
}
