//! The open shelf: one folder, one owner, two databases, two heaps of files.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use daypack_course::{Digest, TimeMs};

use crate::backup::{Backups, DAY_MS};
use crate::catalogue::CATALOGUE;
use crate::db::{Db, Opening, refuse_unsafe_sqlite};
use crate::disk::Disk;
use crate::glimpse::{Glimpse, Step};
use crate::home::{self, Means};
use crate::learner::LEARNER;
use crate::objects::Objects;
use crate::recovery::{Ground, Recovered};
use crate::seal::Seal;
use crate::secrets::Secrets;
use crate::{StoreError, objects, recovery, sealed_folder};

/// A journal of so many bytes is made smaller before the day is over.
const LARGE_JOURNAL: u64 = 16 * 1024 * 1024;

/// The shelf of one learner in one folder. `Send + Sync`; every call blocks, none is long.
pub struct Store {
    pub(crate) learner: Db,
    pub(crate) catalogue: Arc<Db>,
    pub(crate) objects: Objects,
    pub(crate) mine: Objects,
    pub(crate) secrets: Secrets,
    dir: PathBuf,
    /// Where the learner's own things lie: the folder, or the sealed one in it.
    pub(crate) home: PathBuf,
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) seal: Option<Arc<Seal>>,
    /// Set while the room kept for answers is in use.
    short: Arc<AtomicBool>,
    /// The folder is on a network: this computer's name, under which it is held.
    lease: Option<String>,
    pub(crate) opened: Opened,
    // Last field: unlocked after the databases are closed.
    pub(crate) lock: Arc<File>,
}

/// What opening found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opened {
    /// The catalogue was damaged: it lies here now, and an empty one took its place.
    pub damaged_catalogue: Option<PathBuf>,
    /// The learner's database could not be used as it was; this was got back.
    pub recovered: Option<Recovered>,
    /// A newer Daypack was here: everything can be read and nothing is written. Its schema number and ours.
    pub newer: Option<(i64, i64)>,
    /// These lie unsealed beside a sealed folder: they were changed while it was being sealed, so they stay.
    pub left_plain: Vec<PathBuf>,
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
    /// Opens the folder `dir`, creating what is missing. `clock_now` names what is moved aside and dates backups.
    ///
    /// A damaged learner's database is moved aside and got back from its backups and its journal
    /// ([`Opened::recovered`]); a newer program's is opened to read ([`Opened::newer`]).
    /// Errors: `InUse`, `NewerDatabase` (not even to be read), `Damaged` (and there is nothing to get it back from;
    /// nothing of the learner's was changed), `NoSpace`.
    /// `InUseElsewhere` when the folder is on a network and another computer has it open. `Sealed`: see
    /// [`Store::open_sealed`].
    pub fn open(dir: &Path, clock_now: TimeMs) -> Result<Self, StoreError> {
        Self::open_with(dir, clock_now, &Means::default())
    }

    /// As [`Store::open`], with journal and backups on the given disk. (SQLite's own files go through its VFS.)
    pub fn open_on(dir: &Path, clock_now: TimeMs, disk: Arc<dyn Disk>) -> Result<Self, StoreError> {
        Self::open_with(dir, clock_now, &Means { disk, ..Means::default() })
    }

    /// As [`Store::open`], standing on other means.
    pub fn open_with(dir: &Path, clock_now: TimeMs, means: &Means) -> Result<Self, StoreError> {
        refuse_unsafe_sqlite(rusqlite::version_number(), rusqlite::version())?;
        objects::create_private_dir(dir)?;
        let lock = lock(dir)?;
        if sealed_folder::is_sealed(&*means.disk, dir) {
            return Err(StoreError::Sealed);
        }
        sealed_folder::settle(&*means.disk, dir, clock_now)?;
        Self::open_at(dir, dir.to_owned(), lock, None, clock_now, means)
    }

    /// Opens the folder whose things lie in `home`, sealed or not.
    pub(crate) fn open_at(
        dir: &Path,
        home: PathBuf,
        lock: File,
        seal: Option<Arc<Seal>>,
        clock_now: TimeMs,
        means: &Means,
    ) -> Result<Self, StoreError> {
        let disk = Arc::clone(&means.disk);
        let near = (means.near)(&home);
        // A newer program's is only looked at, where it lies: it takes no lease and nothing is moved.
        let lies = home::lies(&*disk, &home, near.as_deref());
        let opening = Opening { dir: lies, disk: &disk, seal: seal.as_ref(), before_migration: &|_| Ok(()) };
        let newer = Db::newer(&opening, &LEARNER)?;
        let newer = newer.or(Db::newer(&opening, &CATALOGUE)?);
        let (live, lease) = match &near {
            Some(near) if newer.is_none() => {
                home::take_lease(&*disk, &home, &means.host, clock_now)?;
                home::move_near(&*disk, &home, near, clock_now)?;
                (near.as_path(), Some(means.host.clone()))
            }
            Some(_) => (lies, None),
            None => (home.as_path(), None),
        };
        let opening = Opening { dir: live, ..opening };
        let short = Arc::new(AtomicBool::new(false));
        let mut opened = Opened { newer, ..Opened::default() };
        let (learner, catalogue) = match newer {
            Some(numbers) => (
                Db::open_to_read(&opening, &LEARNER, numbers)?,
                Arc::new(Db::open_to_read(&opening, &CATALOGUE, numbers)?),
            ),
            None => {
                let ground = Ground {
                    dir: &home,
                    live,
                    lease: lease.as_deref(),
                    disk: &disk,
                    seal: seal.as_ref(),
                    ballast: dir,
                    now: clock_now,
                    short: &short,
                    watch: &*means.watch,
                };
                means.watch.step(Step::Checking);
                // First the catalogue: the courses can be shown while the learner's work is looked through.
                let catalogue = match Db::open(&opening, &CATALOGUE) {
                    Err(StoreError::Damaged { path, detail }) => {
                        tracing::warn!(detail, "the catalogue is damaged and made anew");
                        opened.damaged_catalogue = recovery::move_aside(&*disk, &path, clock_now)?;
                        Db::open(&opening, &CATALOGUE)?
                    }
                    other => other?,
                };
                let catalogue = Arc::new(catalogue);
                means.watch.catalogue(Glimpse::of(&catalogue));
                let (learner, recovered) = recovery::open(&ground)?;
                opened.recovered = recovered;
                (learner, catalogue)
            }
        };
        Ok(Self {
            learner,
            catalogue,
            objects: Objects::at(&dir.join("objects"), newer.is_some(), None)?,
            mine: Objects::at(&home.join("mine"), newer.is_some(), seal.clone())?,
            secrets: Secrets::at(dir, newer.is_some()),
            dir: dir.to_owned(),
            home,
            disk,
            seal,
            short,
            lease,
            opened,
            lock: Arc::new(lock),
        })
    }

    /// Moves the live databases that this computer keeps for the network folder `dir` into a folder `name` beside them;
    /// nothing when `dir` is on this computer. Nobody may have the folder open. Can be done again after it was cut off.
    ///
    /// `InUseElsewhere` while another computer has the folder.
    pub fn put_live_aside(dir: &Path, name: &str, now: TimeMs, means: &Means) -> Result<(), StoreError> {
        let Some(near) = (means.near)(dir) else { return Ok(()) };
        home::take_lease(&*means.disk, dir, &means.host, now)?;
        home::move_aside(&*means.disk, &near, name)
    }

    /// Makes a verified backup of the learner's database now, e.g. before an update of the program. Its file.
    pub fn backup_now(&self, now: TimeMs) -> Result<Option<PathBuf>, StoreError> {
        recovery::look_after(&self.learner, &self.backups(), now, 0)
    }

    /// Whether the folder is on a network, and the live databases on this computer. Then a backup belongs into the
    /// folder before closing ([`Store::backup_now`]) and the lease has to be kept ([`Store::keep_lease`]).
    pub fn is_on_network(&self) -> bool {
        self.lease.is_some()
    }

    /// Gives a sign of life to the other computers of the network home; to be called every few minutes.
    /// `InUseElsewhere` when another one took over.
    pub fn keep_lease(&self, now: TimeMs) -> Result<(), StoreError> {
        match &self.lease {
            Some(host) => {
                home::hold_lease(&*self.disk, &self.home, host)?;
                home::take_lease(&*self.disk, &self.home, host, now)
            }
            None => Ok(()),
        }
    }

    /// What is due from time to time: the day's backup, a smaller journal, the ballast. Takes as long as copying the
    /// learner's database.
    pub fn look_after(&self, now: TimeMs) -> Result<(), StoreError> {
        let bytes = self.learner.with_journal(|_, journal, ballast| {
            ballast.restore();
            Ok(journal.bytes())
        })?;
        let after_ms = if bytes.unwrap_or(0) > LARGE_JOURNAL { 0 } else { DAY_MS };
        recovery::look_after(&self.learner, &self.backups(), now, after_ms).map(|_| ())
    }

    /// When each backup was made, newest first.
    pub fn backup_times(&self) -> Result<Vec<TimeMs>, StoreError> {
        self.backups().times()
    }

    /// Whether the disk is so full that the room kept for answers is in use: nothing else may take room.
    pub fn is_short_of_space(&self) -> bool {
        self.short.load(Ordering::Relaxed)
    }

    fn backups(&self) -> Backups {
        Backups::at(&self.home, Arc::clone(&self.disk), self.seal.clone())
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

    /// Bytes of the whole disk of the folder.
    pub fn disk_size(&self) -> Result<u64, StoreError> {
        Ok(fs4::total_space(&self.dir)?)
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

impl Drop for Store {
    fn drop(&mut self) {
        if self.lease.as_ref().is_some_and(|host| home::hold_lease(&*self.disk, &self.home, host).is_ok()) {
            home::end_lease(&*self.disk, &self.home);
        }
    }
}

pub(crate) fn lock(dir: &Path) -> Result<File, StoreError> {
    let file = File::options().create(true).truncate(false).write(true).open(dir.join("daypack.lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{attempt_row, essay, shelf};

    #[test]
    fn what_a_full_database_does_not_take_the_journal_takes_and_brings_there_later() {
        let (dir, store) = shelf();
        let row = attempt_row("t");
        store.attempt_create(&row).unwrap();
        let limit = |store: &Store, pages: i64| {
            store.learner.read(|c| Ok(c.pragma_update(None, "max_page_count", pages)?)).unwrap();
        };
        let pages: i64 =
            store.learner.read(|c| Ok(c.pragma_query_value(None, "page_count", |r| r.get(0))?)).unwrap();
        limit(&store, pages + 4);
        let text = "x".repeat(3000);
        for n in 0..20 {
            store.response_put(&row.id, &"q1".into(), &essay(&format!("{text}{n}")), TimeMs(n)).unwrap();
        }
        let count = |store: &Store| store.response_history(&row.id, &"q1".into()).unwrap().len();
        assert!(count(&store) < 20, "the database is full");
        limit(&store, pages + 400);
        assert_eq!(count(&store), 20, "as soon as there is room");
        limit(&store, pages + 20);
        for n in 20..60 {
            store.response_put(&row.id, &"q1".into(), &essay(&format!("{text}{n}")), TimeMs(n)).unwrap();
        }
        assert!(count(&store) < 60);
        let store = crate::testing::reopened(&dir, store);
        assert_eq!(count(&store), 60, "or when it is opened again");
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
