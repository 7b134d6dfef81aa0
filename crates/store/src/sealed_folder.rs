//! A folder in which everything that a learner made is sealed: `sealed/` with a lockbox, beside what can be fetched
//! again. Opening it, its passphrase, and where its files lie.
//!
//! What must stay true: whether `sealed/` is there decides what the folder is, so that one rename seals it or unseals
//! it ([`sealing`], [`unsealing`]); the key is proven before SQLite or the recovery ladder sees a byte, for a wrong key
//! looks like a damaged database; the lockbox lies there twice, for without it nobody opens anything again.

mod files;
mod sealing;
mod unsealing;

use std::path::{Path, PathBuf};

use daypack_course::TimeMs;
use zeroize::Zeroizing;

use crate::backup;
use crate::db::refuse_unsafe_sqlite;
use crate::disk::Disk;
use crate::seal::Seal;
use crate::store::lock;
use crate::{LearnerKey, Lockbox, Means, RecoveryCode, Secret, Store, StoreError};
pub(crate) use unsealing::settle;

/// The folder in the learner's.
const SEALED: &str = "sealed";
/// Being made; nothing yet.
const SEALED_NEW: &str = "sealed.new";
/// Unsealed; of no use any more.
const SEALED_OLD: &str = "sealed.old";
/// Unsealed files, being made or on their way to their place.
const PLAIN_NEW: &str = "plain.new";
/// Plain files that have been proven to be in the sealed folder, on their way out.
const WIPING: &str = "wiping";
/// In the sealed folder until the plain files are gone: what was taken of them.
const TAKEN: &str = "taken.box";
/// How the name of a box ends.
pub(crate) const BOX: &str = ".box";
const LOCKBOX: &str = "lockbox.json";

fn lockboxes(home: &Path) -> [PathBuf; 2] {
    [home.join(LOCKBOX), home.join(backup::FOLDER).join(LOCKBOX)]
}

/// Whether the folder is a sealed one.
pub(crate) fn is_sealed(disk: &dyn Disk, dir: &Path) -> bool {
    let home = dir.join(SEALED);
    disk.has(&home) || lockboxes(&home).iter().any(|path| disk.has(path))
}

/// The lockboxes that can be read, the newest first.
fn read_lockboxes(disk: &dyn Disk, dir: &Path) -> Result<Vec<Lockbox>, StoreError> {
    if !is_sealed(disk, dir) {
        return Err(StoreError::NotSealed);
    }
    let paths = lockboxes(&dir.join(SEALED));
    let found: Vec<Lockbox> = paths
        .iter()
        .filter_map(|path| disk.read(path).ok())
        .filter_map(|bytes| serde_json::from_slice(&bytes).ok())
        .collect();
    let [path, _] = paths;
    match found.is_empty() {
        true => Err(StoreError::Damaged { path, detail: "no lockbox can be read".to_owned() }),
        false => Ok(found),
    }
}

/// Puts the lockbox there twice; each is the old or the new one at every moment.
fn put_lockboxes(disk: &dyn Disk, home: &Path, lockbox: &Lockbox) -> Result<(), StoreError> {
    let bytes = serde_json::to_vec_pretty(lockbox)?;
    for path in lockboxes(home) {
        let temp = path.with_extension("new");
        if disk.has(&temp) {
            disk.remove(&temp)?;
        }
        if let Some(dir) = path.parent() {
            disk.make_dir(dir)?;
        }
        disk.write_new(&temp, &bytes)?;
        disk.rename(&temp, &path)?;
    }
    Ok(())
}

impl Store {
    /// Whether the folder opens with a key only.
    pub fn is_sealed(dir: &Path, means: &Means) -> bool {
        is_sealed(&*means.disk, dir)
    }

    /// The key of a sealed folder by its passphrase. Errors: `WrongKey`, `NotSealed`, `Damaged` (no lockbox).
    pub fn unlock(dir: &Path, passphrase: &Secret, means: &Means) -> Result<LearnerKey, StoreError> {
        let boxes = read_lockboxes(&*means.disk, dir)?;
        boxes.iter().find_map(|lockbox| lockbox.open(passphrase)).ok_or(StoreError::WrongKey)
    }

    /// The key of a sealed folder by its recovery code. Errors: as [`Store::unlock`].
    pub fn unlock_by_code(dir: &Path, code: &RecoveryCode, means: &Means) -> Result<LearnerKey, StoreError> {
        let boxes = read_lockboxes(&*means.disk, dir)?;
        boxes.iter().find_map(|lockbox| lockbox.open_by_code(code)).ok_or(StoreError::WrongKey)
    }

    /// Opens a sealed folder. Errors: `WrongKey`, `NotSealed`, and those of [`Store::open`].
    pub fn open_sealed(dir: &Path, clock_now: TimeMs, key: &LearnerKey) -> Result<Self, StoreError> {
        Self::open_sealed_with(dir, clock_now, key, &Means::default())
    }

    /// As [`Store::open_sealed`], standing on other means.
    pub fn open_sealed_with(
        dir: &Path,
        clock_now: TimeMs,
        key: &LearnerKey,
        means: &Means,
    ) -> Result<Self, StoreError> {
        refuse_unsafe_sqlite(rusqlite::version_number(), rusqlite::version())?;
        let disk = &*means.disk;
        if !is_sealed(disk, dir) {
            return Err(StoreError::NotSealed);
        }
        let lock = lock(dir)?;
        let found = read_lockboxes(disk, dir)?;
        let lockbox = found.iter().find(|lockbox| lockbox.is_of(key)).ok_or(StoreError::WrongKey)?;
        let (home, seal) = (dir.join(SEALED), Seal::of(key)?);
        if found.iter().any(|other| other != lockbox) || found.len() < lockboxes(&home).len() {
            put_lockboxes(disk, &home, lockbox)?;
        }
        files::remove_all(disk, &dir.join(PLAIN_NEW), &|disk, path| disk.wipe(path))?;
        let left_plain = sealing::remove_plain(disk, dir, &seal)?;
        let mut store = Self::open_at(dir, home, lock, Some(seal), clock_now, means)?;
        store.opened.left_plain = left_plain;
        Ok(store)
    }

    /// Puts the same key behind another passphrase, by a lockbox of [`Lockbox::with_passphrase`]; the recovery code
    /// stays. Errors: `NotSealed`; `WrongKey` for a lockbox of another key.
    pub fn put_lockbox(&self, key: &LearnerKey, lockbox: &Lockbox) -> Result<(), StoreError> {
        if self.seal.is_none() {
            return Err(StoreError::NotSealed);
        }
        let found = read_lockboxes(&*self.disk, self.dir())?;
        if !lockbox.is_of(key) || !found.iter().any(|old| old.is_of(key)) {
            return Err(StoreError::WrongKey);
        }
        put_lockboxes(&*self.disk, &self.home, lockbox)
    }

    /// The lockbox of this sealed folder.
    pub fn lockbox(&self) -> Result<Lockbox, StoreError> {
        read_lockboxes(&*self.disk, self.dir())?.into_iter().next().ok_or(StoreError::NotSealed)
    }

    /// The bytes of a file that was set aside (`Recovered::unplaced_file`), sealed or not.
    pub fn read_aside(&self, path: &Path) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        match &self.seal {
            Some(seal) if path.extension().is_some_and(|end| end == "box") => seal.get_box(&*self.disk, path),
            _ => Ok(Zeroizing::new(self.disk.read(path)?)),
        }
    }

    /// Closes with all of the databases in their own files, and keeps the lock of the folder.
    fn close_whole(self) -> Result<std::sync::Arc<std::fs::File>, StoreError> {
        if let Some((found, known)) = self.opened.newer {
            let file = crate::learner::LEARNER.file.to_owned();
            return Err(StoreError::NewerDatabase { file, found, known });
        }
        if self.is_on_network() {
            return Err(StoreError::Io(std::io::ErrorKind::Unsupported.into()));
        }
        for db in [&self.learner, &self.catalogue] {
            db.read(|conn| Ok(conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?))?;
        }
        let (lock, home, disk) =
            (std::sync::Arc::clone(&self.lock), self.home.clone(), std::sync::Arc::clone(&self.disk));
        drop(self);
        for name in ["learner.db-wal", "catalogue.db-wal"] {
            if disk.len(&home.join(name)).unwrap_or(0) > 0 {
                let detail = "the write-ahead log could not be written back".to_owned();
                return Err(StoreError::Damaged { path: home.join(name), detail });
            }
        }
        Ok(lock)
    }
}
