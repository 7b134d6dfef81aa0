//! The open shelf: one folder, one owner, two databases, two heaps of files.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use daypack_course::{Digest, TimeMs};

use crate::catalogue::CATALOGUE;
use crate::db::{Db, journal_of, refuse_unsafe_sqlite};
use crate::learner::LEARNER;
use crate::objects::Objects;
use crate::secrets::Secrets;
use crate::{StoreError, objects};

/// The shelf of one learner in one folder. `Send + Sync`; every call blocks, none is long.
pub struct Store {
    pub(crate) learner: Db,
    pub(crate) catalogue: Db,
    pub(crate) objects: Objects,
    pub(crate) mine: Objects,
    pub(crate) secrets: Secrets,
    dir: PathBuf,
    opened: Opened,
    // Last field: unlocked after the databases are closed.
    _lock: File,
}

/// What opening found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opened {
    /// The catalogue was damaged: it lies here now, and an empty one took its place.
    pub damaged_catalogue: Option<PathBuf>,
}

/// Bytes on the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// The learner's database.
    pub learner: u64,
    /// The catalogue.
    pub catalogue: u64,
    /// Complete course files.
    pub objects: u64,
    /// Course files on their way.
    pub partial: u64,
    /// The learner's own files.
    pub mine: u64,
}

impl Store {
    /// Opens the folder `dir`, creating what is missing. `clock_now` names a damaged catalogue that is moved aside.
    ///
    /// Errors: `InUse`, `NewerDatabase`, `Damaged` (the learner's database; nothing was changed), `NoSpace`.
    pub fn open(dir: &Path, clock_now: TimeMs) -> Result<Self, StoreError> {
        refuse_unsafe_sqlite(rusqlite::version_number(), rusqlite::version())?;
        objects::create_private_dir(dir)?;
        let lock = lock(dir)?;
        Db::refuse_newer(dir, &LEARNER)?;
        Db::refuse_newer(dir, &CATALOGUE)?;
        let learner = Db::open(dir, &LEARNER)?;
        let (catalogue, damaged_catalogue) = match Db::open(dir, &CATALOGUE) {
            Err(StoreError::Damaged { path, detail }) => {
                tracing::warn!(detail, "the catalogue is damaged and made anew");
                let aside = move_aside(&path, clock_now)?;
                (Db::open(dir, &CATALOGUE)?, Some(aside))
            }
            other => (other?, None),
        };
        Ok(Self {
            learner,
            catalogue,
            objects: Objects::at(&dir.join("objects"))?,
            mine: Objects::at(&dir.join("mine"))?,
            secrets: Secrets::at(dir),
            dir: dir.to_owned(),
            opened: Opened { damaged_catalogue },
            _lock: lock,
        })
    }

    /// What opening found.
    pub fn opened(&self) -> &Opened {
        &self.opened
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Course files: can be fetched again, may be removed.
    pub fn objects(&self) -> &Objects {
        &self.objects
    }

    /// The learner's own files: there is no way to remove one.
    pub fn mine(&self) -> &Objects {
        &self.mine
    }

    /// Bytes free for this user on the disk of the folder.
    pub fn free_space(&self) -> Result<u64, StoreError> {
        Ok(fs4::available_space(&self.dir)?)
    }

    /// Bytes the folder takes.
    pub fn sizes(&self) -> Result<Sizes, StoreError> {
        Ok(Sizes {
            learner: self.learner.size(),
            catalogue: self.catalogue.size(),
            objects: self.objects.size()?,
            partial: self.objects.partial_size()?,
            mine: self.mine.size()?,
        })
    }

    /// Removes a course file; `false` when it was not there. `Pinned` while it is being used (`Objects::pin`) or
    /// a file of a course or of feedback on the shelf is made of it.
    pub fn object_remove(&self, digest: &Digest) -> Result<bool, StoreError> {
        // Under the catalogue's lock, so that nothing begins to name it meanwhile.
        self.catalogue.write(|tx| {
            if crate::catalogue::names(tx, digest)? {
                return Err(StoreError::Pinned(*digest));
            }
            self.objects.remove(digest)
        })
    }
}

fn lock(dir: &Path) -> Result<File, StoreError> {
    let file = File::options().create(true).truncate(false).write(true).open(dir.join("daypack.lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// Renames a database and its journal to `<name>.damaged-<now>`; never over an earlier one.
fn move_aside(path: &Path, now: TimeMs) -> Result<PathBuf, StoreError> {
    let name = |n: i64| {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".damaged-{n}"));
        PathBuf::from(name)
    };
    let mut stamp = now.0;
    while name(stamp).exists() {
        stamp = stamp.saturating_add(1);
    }
    let aside = name(stamp);
    for (from, to) in [(path.to_owned(), aside.clone()), (journal_of(path), journal_of(&aside))] {
        match std::fs::rename(from, to) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    Ok(aside)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{attempt_row, essay, shelf};

    #[test]
    fn a_full_disk_refuses_the_new_answer_and_keeps_the_old_ones() {
        let (_dir, store) = shelf();
        let row = attempt_row("t");
        store.attempt_create(&row).unwrap();
        let limit = |pages: i64| {
            store.learner.read(|c| Ok(c.pragma_update(None, "max_page_count", pages)?)).unwrap();
        };
        let pages: i64 =
            store.learner.read(|c| Ok(c.pragma_query_value(None, "page_count", |r| r.get(0))?)).unwrap();
        limit(pages + 4);
        let text = "x".repeat(3000);
        let mut saved = 0;
        let error = loop {
            match store.response_put(&row.id, &"q1".into(), &essay(&format!("{text}{saved}")), TimeMs(saved))
            {
                Ok(_) => saved += 1,
                Err(error) => break error,
            }
        };
        assert!(matches!(error, StoreError::NoSpace), "{error}");
        assert!(saved > 0);
        let count = || store.response_history(&row.id, &"q1".into()).unwrap().len();
        assert_eq!(
            count(),
            usize::try_from(saved).unwrap(),
            "what was called saved is there, no more, no less"
        );
        limit(pages + 400);
        store.response_put(&row.id, &"q1".into(), &essay("room again"), TimeMs(99)).unwrap();
        assert_eq!(count(), usize::try_from(saved).unwrap() + 1);
    }

    #[test]
    fn an_sqlite_that_can_lose_data_is_refused() {
        assert!(refuse_unsafe_sqlite(rusqlite::version_number(), rusqlite::version()).is_ok());
        for (number, fine) in
            [(3_051_002, false), (3_051_003, true), (3_052_000, false), (3_053_000, true), (3_040_001, false)]
        {
            assert_eq!(refuse_unsafe_sqlite(number, "x").is_ok(), fine, "{number}");
        }
    }

    #[test]
    fn the_learners_database_is_set_to_survive_a_power_cut() {
        let (_dir, store) = shelf();
        let pragma = |name: &str| -> String {
            store
                .learner
                .read(|c| {
                    Ok(c.pragma_query_value(None, name, |r| {
                        r.get::<_, rusqlite::types::Value>(0).map(|v| format!("{v:?}"))
                    })?)
                })
                .unwrap()
        };
        for (name, value) in [
            ("synchronous", "Integer(2)"),
            ("journal_mode", "Text(\"wal\")"),
            ("locking_mode", "Text(\"exclusive\")"),
            ("fullfsync", "Integer(1)"),
            ("checkpoint_fullfsync", "Integer(1)"),
            ("foreign_keys", "Integer(1)"),
            ("trusted_schema", "Integer(0)"),
            ("cell_size_check", "Integer(1)"),
        ] {
            assert_eq!(pragma(name), value, "{name}");
        }
        assert!(!store.dir().join("learner.db-shm").exists(), "no shared memory file");
    }

    #[test]
    fn the_store_can_be_shared_between_threads() {
        fn is_shareable<T: Send + Sync>() {}
        is_shareable::<Store>();
    }
}
