//! Verified copies of `learner.db`, in `backups/`: at the start of a day, before a migration, before an update of the
//! program, and after a recovery.
//!
//! What must stay true: a copy gets its name only after it was read back, found sound and made durable; the newest
//! sound one is never removed; making one changes nothing in the database.

pub(crate) mod thinning;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use daypack_course::TimeMs;
use rusqlite::{Connection, OpenFlags};

use crate::StoreError;
use crate::db::quick_check;
use crate::disk::Disk;
use crate::learner::LEARNER;
use crate::learner::mark::{self, Mark};
use crate::migrate;
use crate::seal::{self, Seal};

/// The folder within the learner's.
pub(crate) const FOLDER: &str = "backups";
/// All backups together may take so many bytes.
const CAP: u64 = 512 * 1024 * 1024;
/// After so long a new one is made.
pub(crate) const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// The backups of one learner.
pub(crate) struct Backups {
    dir: PathBuf,
    disk: Arc<dyn Disk>,
    seal: Option<Arc<Seal>>,
}

/// A backup that was read and is sound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sound {
    /// When it was made.
    pub at: TimeMs,
    /// Its file.
    pub path: PathBuf,
    /// Whose it is and how far along the journal; `None` in schema 1.
    pub mark: Option<Mark>,
}

impl Backups {
    /// The backups in the learner's folder.
    pub fn at(dir: &Path, disk: Arc<dyn Disk>, seal: Option<Arc<Seal>>) -> Self {
        Self { dir: dir.join(FOLDER), disk, seal }
    }

    /// When each was made, newest first.
    pub fn times(&self) -> Result<Vec<TimeMs>, StoreError> {
        let mut times: Vec<TimeMs> = self.disk.names(&self.dir)?.iter().filter_map(|n| time(n)).collect();
        times.sort_unstable_by(|a, b| b.cmp(a));
        Ok(times)
    }

    /// Makes a backup of the open database, unless the newest is younger than `after_ms`; removes what is too much.
    pub fn make(&self, conn: &Connection, now: TimeMs, after_ms: i64) -> Result<Option<Sound>, StoreError> {
        let newest = self.times()?.first().copied();
        // One from the future (the clock was wrong) must not keep us from making one.
        if newest.is_some_and(|newest| newest <= now && now.since(newest) < after_ms) {
            return Ok(None);
        }
        self.disk.make_dir(&self.dir)?;
        let temp = self.dir.join("backup.new");
        for leftover in [temp.clone(), self.dir.join("backup.new-journal")] {
            if self.disk.has(&leftover) {
                self.disk.remove(&leftover)?;
            }
        }
        let mut at = now;
        while self.disk.has(&self.path(at)) {
            at = at.plus(1);
        }
        let made = self.make_checked(conn, &temp, at);
        if made.is_err() && self.disk.has(&temp) {
            let _ = self.disk.remove(&temp);
        }
        let made = made?;
        if let Err(error) = self.thin(at) {
            tracing::warn!(%error, "old backups could not be removed");
        }
        Ok(Some(made))
    }

    fn make_checked(&self, conn: &Connection, temp: &Path, at: TimeMs) -> Result<Sound, StoreError> {
        conn.execute("VACUUM INTO ?1", [temp.to_string_lossy()])?;
        self.disk.sync(temp)?;
        let mark = check(temp, self.seal.as_ref())?;
        let path = self.path(at);
        self.disk.rename(temp, &path)?;
        Ok(Sound { at, path, mark })
    }

    /// The newest sound backup of this learner (of any, when the learner is not known).
    pub fn newest_sound(&self, learner: Option<&str>) -> Result<Option<Sound>, StoreError> {
        for at in self.times()? {
            let path = self.path(at);
            match check(&path, self.seal.as_ref()) {
                Ok(mark) => {
                    let is_other =
                        mark.as_ref().zip(learner).is_some_and(|(m, learner)| m.learner != learner);
                    if !is_other {
                        return Ok(Some(Sound { at, path, mark }));
                    }
                }
                Err(error) => tracing::warn!(%error, path = %path.display(), "a backup is not sound"),
            }
        }
        Ok(None)
    }

    /// Puts a copy of the backup where the database was; the backup stays.
    pub fn restore(&self, backup: &Sound, to: &Path) -> Result<(), StoreError> {
        let mut temp = to.as_os_str().to_owned();
        temp.push(".new");
        let temp = PathBuf::from(temp);
        if self.disk.has(&temp) {
            self.disk.remove(&temp)?;
        }
        self.disk.write_new(&temp, &self.disk.read(&backup.path)?)?;
        Ok(self.disk.rename(&temp, to)?)
    }

    fn thin(&self, now: TimeMs) -> Result<(), StoreError> {
        let mut files = Vec::new();
        for at in self.times()? {
            files.push((at, self.disk.len(&self.path(at))?));
        }
        for at in thinning::too_many(&files, now, CAP) {
            self.disk.remove(&self.path(at))?;
        }
        Ok(())
    }

    fn path(&self, at: TimeMs) -> PathBuf {
        self.dir.join(format!("learner-{}.db", at.0))
    }
}

fn time(name: &str) -> Option<TimeMs> {
    name.strip_prefix("learner-")?.strip_suffix(".db")?.parse().ok().map(TimeMs)
}

/// Whether a file is a sound database of a learner that this program can read; its mark.
fn check(path: &Path, seal: Option<&Arc<Seal>>) -> Result<Option<Mark>, StoreError> {
    let damaged = |detail: String| StoreError::Damaged { path: path.to_owned(), detail };
    let conn = seal::connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY, seal)?;
    conn.pragma_update(None, "trusted_schema", false)?;
    conn.pragma_update(None, "cell_size_check", true)?;
    let application_id: i32 = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if application_id != LEARNER.application_id {
        return Err(damaged(format!("application_id {application_id:#x} is not ours")));
    }
    if migrate::newer(&conn, &LEARNER)?.is_some() {
        return Err(damaged("of a newer program".to_owned()));
    }
    quick_check(&conn, path)?;
    mark::get(&conn)
}
