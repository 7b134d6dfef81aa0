//! Opening the learner's database, and getting it back when it cannot be: check, move aside, newest sound backup,
//! journal, counts.
//!
//! What must stay true: a damaged file is renamed, never changed and never removed; nothing is moved before there is
//! something to get the work back from; what may have been sent since the backup comes back in doubt, never as
//! waiting, so that nothing is sent twice; each step can be cut off by a power cut and begun again.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use daypack_course::TimeMs;
use daypack_course::work::WorkState;
use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use crate::StoreError;
use crate::backup::{Backups, DAY_MS, Sound};
use crate::ballast::Ballast;
use crate::db::{Db, Opening, journal_of, one, run, to_json, uint};
use crate::disk::Disk;
use crate::glimpse::{Step, Watch};
use crate::journal::fact::{self, Fact};
use crate::journal::history::History;
use crate::journal::{self, Journal};
use crate::learner::mark::{self, Mark};
use crate::learner::{LEARNER, machine};
use crate::seal::Seal;
use crate::sealed_folder::BOX;

/// What was got back, and from where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovered {
    /// When.
    pub at: TimeMs,
    /// What was wrong with the database.
    pub why: Damage,
    /// Where the damaged file lies now; `None` when there was none any more.
    pub damaged: Option<PathBuf>,
    /// When the backup was made that it began from; `None` when there was none.
    pub backup: Option<TimeMs>,
    /// Answers that are here now.
    pub answers: u64,
    /// Texts being written that are here now.
    pub texts: u64,
    /// Pieces of work that are here now.
    pub work: u64,
    /// Of these saves, so many came out of the journal.
    pub from_journal: u64,
    /// Pieces of work that may have been sent: the site is asked before anything is sent.
    pub in_doubt: u64,
    /// Saves of the journal that fit nowhere; they can be read in `unplaced_file`.
    pub unplaced: u64,
    /// Where those lie.
    pub unplaced_file: Option<PathBuf>,
}

/// What can be wrong with a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Damage {
    /// It cannot be read, or a part of it cannot.
    Unreadable,
    /// It is not there.
    Gone,
    /// It is another learner's.
    Foreign,
    /// It is older than the journal reaches back.
    Older,
}

/// The learner's folder while it is being opened.
pub(crate) struct Ground<'a> {
    /// The learner's folder: journal, backups.
    pub dir: &'a Path,
    /// Where the live database lies: the same, or a folder on this computer.
    pub live: &'a Path,
    /// On a network: this computer's name.
    pub lease: Option<&'a str>,
    pub disk: &'a Arc<dyn Disk>,
    /// The folder is sealed.
    pub seal: Option<&'a Arc<Seal>>,
    /// Where the ballast lies.
    pub ballast: &'a Path,
    pub now: TimeMs,
    /// Set while the ballast is released.
    pub short: &'a Arc<AtomicBool>,
    /// Hears how it goes on.
    pub watch: &'a dyn Watch,
}

/// Opens the learner's database with its journal; gets it back when that is needed.
pub(crate) fn open(ground: &Ground<'_>) -> Result<(Db, Option<Recovered>), StoreError> {
    let backups = Backups::at(ground.dir, Arc::clone(ground.disk), ground.seal.cloned());
    let history = History::read(&**ground.disk, &ground.dir.join(journal::FOLDER), ground.seal)?;
    let (db, recovered) = match try_open(ground, &backups, &history)? {
        Ok(db) => (db, None),
        Err(damage) => {
            let (db, recovered) = climb(ground, &backups, &history, damage)?;
            // On a computer of a network home that was not here, or not lately: nothing was damaged.
            let is_new_here =
                ground.live != ground.dir && matches!(recovered.why, Damage::Gone | Damage::Older);
            (db, Some(recovered).filter(|_| !is_new_here))
        }
    };
    attach(ground, &backups, &history, &db, recovered.is_some())?;
    Ok((db, recovered))
}

/// The sound database, or what is wrong with it.
fn try_open(
    ground: &Ground<'_>,
    backups: &Backups,
    history: &History,
) -> Result<Result<Db, Trouble>, StoreError> {
    let path = ground.live.join(LEARNER.file);
    let can_be_recovered = || -> Result<bool, StoreError> {
        Ok(!history.records.is_empty() || backups.newest_sound(history.learner.as_deref())?.is_some())
    };
    let trouble = |damage, error| Ok(Err(Trouble { damage, error }));
    let is_gone = ground.disk.len(&path).unwrap_or(0) == 0;
    if is_gone && can_be_recovered()? {
        return trouble(Damage::Gone, None);
    }
    let db = match open_db(ground, backups) {
        Err(error @ StoreError::Damaged { .. }) if can_be_recovered()? => {
            return trouble(Damage::Unreadable, Some(error));
        }
        other => other?,
    };
    let Some(mark) = db.read(mark::get)? else { return Ok(Ok(db)) };
    if history.learner.as_ref().is_some_and(|learner| *learner != mark.learner) {
        return trouble(Damage::Foreign, None);
    }
    if mark.seq < history.base && history.learner.is_some() {
        return trouble(Damage::Older, None);
    }
    Ok(Ok(db))
}

struct Trouble {
    damage: Damage,
    error: Option<StoreError>,
}

fn open_db(ground: &Ground<'_>, backups: &Backups) -> Result<Db, StoreError> {
    let before_migration = |conn: &Connection| {
        ground.watch.step(Step::Copying);
        match backups.make(conn, ground.now, 0) {
            Err(error @ (StoreError::NoSpace | StoreError::Io(_) | StoreError::Sqlite(_))) => {
                // The migration is one transaction; a full disk must not lock the learner out.
                tracing::warn!(%error, "no backup before the migration");
                Ok(())
            }
            other => other.map(|_| ()),
        }
    };
    let opening = Opening {
        dir: ground.live,
        disk: ground.disk,
        seal: ground.seal,
        before_migration: &before_migration,
    };
    Db::open(&opening, &LEARNER)
}

/// The ladder.
fn climb(
    ground: &Ground<'_>,
    backups: &Backups,
    history: &History,
    trouble: Trouble,
) -> Result<(Db, Recovered), StoreError> {
    let path = ground.live.join(LEARNER.file);
    tracing::error!(damage = ?trouble.damage, error = ?trouble.error, "learner.db is not what it was; getting it back");
    ground.watch.step(Step::BringingBack { done: 0, of: 0 });
    let backup = backups.newest_sound(history.learner.as_deref())?;
    if backup.is_none() && history.records.is_empty() {
        return Err(trouble.error.unwrap_or_else(|| StoreError::Damaged {
            path: path.clone(),
            detail: format!("{:?}", trouble.damage),
        }));
    }
    let moved = move_aside(&**ground.disk, &path, ground.now)?;
    let damaged = match moved {
        Some(aside) => Some(aside),
        None => last_aside(&**ground.disk, ground.live)?, // An earlier try was cut off after moving it.
    };
    if let Some(backup) = &backup {
        backups.restore(backup, &path)?;
    }
    let db = open_db(ground, backups)?;
    let learner = history.learner.clone().or(backup.as_ref().and_then(|b| Some(b.mark.clone()?.learner)));
    if let Some(learner) = learner {
        db.write(|tx| mark::put_learner(tx, &learner))?;
    }
    let from = db.read(mark::get)?.map_or(0, |mark| mark.seq);
    let replayed = replay(ground, &db, history, from)?;
    let in_doubt = match history.is_whole_after(from) && history.learner.is_some() {
        true => db.read(|c| count(c, "SELECT count(*) FROM work WHERE stands IN ('sending', 'in_doubt')"))?,
        false => doubt_all(&db, ground.now)?,
    };
    let recovered = Recovered {
        at: ground.now,
        why: trouble.damage,
        damaged,
        backup: backup.map(|b: Sound| b.at),
        answers: db.read(|c| count(c, "SELECT count(*) FROM responses"))?,
        texts: db
            .read(|c| count(c, "SELECT count(*) FROM (SELECT DISTINCT course, item, slot FROM drafts)"))?,
        work: db.read(|c| count(c, "SELECT count(*) FROM work"))?,
        from_journal: replayed.done,
        in_doubt,
        unplaced: replayed.unplaced,
        unplaced_file: replayed.file,
    };
    Ok((db, recovered))
}

/// Joins the sound database and its journal, makes the day's backup and sees that there is ballast.
fn attach(
    ground: &Ground<'_>,
    backups: &Backups,
    history: &History,
    db: &Db,
    is_recovered: bool,
) -> Result<(), StoreError> {
    let Some(mark) = db.read(mark::get)? else { return Ok(()) };
    let mut seq = mark.seq;
    if !is_recovered && history.last() > seq && history.learner.is_some() {
        replay(ground, db, history, seq)?;
        seq = history.last();
    }
    let dir = ground.dir.join(journal::FOLDER);
    let (disk, seal) = (Arc::clone(ground.disk), ground.seal.cloned());
    let mut journal = Journal::go_on(disk, &dir, seal, history, &mark.learner, seq);
    if let Some(host) = ground.lease {
        journal.needs_lease(ground.dir, host);
    }
    let ballast = Ballast::at(ground.ballast, Arc::clone(ground.disk), Arc::clone(ground.short));
    db.attach(journal, ballast);
    ground.watch.step(Step::Copying);
    if let Err(error) = look_after(db, backups, ground.now, if is_recovered { 0 } else { DAY_MS }) {
        tracing::warn!(%error, "no backup was made");
    }
    Ok(())
}

/// Makes a backup when the newest is older than `after_ms`, and takes out of the journal what is not needed any more.
pub(crate) fn look_after(
    db: &Db,
    backups: &Backups,
    now: TimeMs,
    after_ms: i64,
) -> Result<Option<PathBuf>, StoreError> {
    let made = db.with_journal(|conn, journal, _| {
        let Some(made) = backups.make(conn, now, after_ms)? else { return Ok(None) };
        if let Some(Mark { seq, .. }) = made.mark {
            let confirmed = journal::compact::Confirmed::read(conn)?;
            journal.compact(&confirmed, seq)?;
        }
        Ok(Some(made.path))
    })?;
    Ok(made.flatten())
}

#[derive(Default)]
struct Replayed {
    done: u64,
    unplaced: u64,
    file: Option<PathBuf>,
}

/// Does the saves after `from` again, in one transaction.
fn replay(ground: &Ground<'_>, db: &Db, history: &History, from: u64) -> Result<Replayed, StoreError> {
    let mut replayed = Replayed::default();
    let mut unplaced: Vec<&Fact> = Vec::new();
    db.write(|tx| {
        (replayed, unplaced) = (Replayed::default(), Vec::new());
        let of = history.after(from).count() as u64;
        for (done, record) in (0..).zip(history.after(from)) {
            if done % 64 == 0 {
                ground.watch.step(Step::BringingBack { done, of });
            }
            tx.execute_batch("SAVEPOINT fact")?;
            match fact::apply(tx, &record.fact) {
                Ok(_) => replayed.done += 1,
                Err(error) if error.is_trouble() => return Err(error),
                Err(error) => {
                    tx.execute_batch("ROLLBACK TO fact")?;
                    tracing::warn!(%error, seq = record.seq, "a save of the journal does not fit");
                    unplaced.push(&record.fact);
                }
            }
            tx.execute_batch("RELEASE fact")?;
        }
        mark::put_seq(tx, history.last().max(from))
    })?;
    if !unplaced.is_empty() {
        replayed.unplaced = unplaced.len() as u64;
        let end = if ground.seal.is_some() { BOX } else { "" };
        let file = ground.dir.join(format!("unplaced-{}.json{end}", ground.now.0));
        let bytes = serde_json::to_vec_pretty(&unplaced)?;
        if !ground.disk.has(&file) {
            match ground.seal {
                Some(seal) => seal.put_box(&**ground.disk, &file, &bytes)?,
                None => ground.disk.write_new(&file, &bytes)?,
            }
        }
        replayed.file = Some(file);
    }
    Ok(replayed)
}

/// Nobody knows what was sent since the backup: all that is not settled is in doubt, and the outbox is made anew.
fn doubt_all(db: &Db, now: TimeMs) -> Result<u64, StoreError> {
    let state = to_json(&WorkState::InDoubt)?;
    db.write(|tx| {
        let sql = "UPDATE work SET state = ?1, stands = 'in_doubt', changed = ?2
                   WHERE stands IN ('waiting', 'sending', 'in_doubt')";
        let changed = run(tx, sql, (&state, now.0))?;
        run(tx, "DELETE FROM machines WHERE name = ?1", [machine::OUTBOX])?;
        Ok(changed as u64)
    })
}

fn count(conn: &Connection, sql: &str) -> Result<u64, StoreError> {
    Ok(one(conn, sql, [], |row| Ok(uint(row.get(0)?)))?.unwrap_or(0))
}

/// Renames a database with what lies beside it to `<name>.damaged-<now>`; never over an earlier one. `None` when
/// there was nothing.
pub(crate) fn move_aside(disk: &dyn Disk, path: &Path, now: TimeMs) -> Result<Option<PathBuf>, StoreError> {
    let beside = |path: &Path, end: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    };
    let mut stamp = now.0;
    while disk.has(&beside(path, &format!(".damaged-{stamp}"))) {
        stamp = stamp.saturating_add(1);
    }
    let aside = beside(path, &format!(".damaged-{stamp}"));
    let mut moved = None;
    // The write-ahead log first: while it lies beside a file, that file and it belong together.
    for (from, to) in [
        (journal_of(path), journal_of(&aside)),
        (beside(path, "-journal"), beside(&aside, "-journal")),
        (path.to_owned(), aside.clone()),
    ] {
        if disk.has(&from) {
            disk.rename(&from, &to)?;
            moved = Some(aside.clone());
        }
    }
    Ok(moved)
}

fn last_aside(disk: &dyn Disk, dir: &Path) -> Result<Option<PathBuf>, StoreError> {
    let prefix = format!("{}.damaged-", LEARNER.file);
    let stamp = |name: &String| name.strip_prefix(&prefix)?.parse::<i64>().ok();
    let newest = disk.names(dir)?.iter().filter_map(stamp).max();
    Ok(newest.map(|stamp| dir.join(format!("{prefix}{stamp}"))))
}
