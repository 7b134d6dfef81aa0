//! One SQLite file behind one connection.
//!
//! WAL with exclusive locking (no shared-memory file, no second process), `synchronous` as the database needs it,
//! every write its own immediate transaction. A database that this program must not read is left byte for byte.
//! Reasons: <https://sqlite.org/pragma.html>, <https://sqlite.org/security.html>.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::config::DbConfig;
use rusqlite::{
    Connection, ErrorCode, OpenFlags, OptionalExtension, Params, Row, Transaction, TransactionBehavior,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::StoreError;
use crate::ballast::Ballast;
use crate::disk::Disk;
use crate::journal::Journal;
use crate::journal::fact::{self, Fact};
use crate::learner::mark;
use crate::migrate::{Migration, is_older, migrate, newer};
use crate::seal::{self, Seal};

/// Below this much free space an input/output error is taken for a full disk: SQLite does not pass on `ENOSPC`
/// of a failed sync.
const NEARLY_FULL: u64 = 1024 * 1024;

/// What distinguishes the two databases.
pub(crate) struct Plan {
    /// File name.
    pub file: &'static str,
    /// `PRAGMA application_id`.
    pub application_id: i32,
    /// Value of `PRAGMA synchronous`: 1 NORMAL, 2 FULL.
    pub synchronous: i64,
    /// All migrations, oldest first.
    pub migrations: &'static [Migration],
}

/// An open database.
pub(crate) struct Db {
    inner: Mutex<Inner>,
    path: PathBuf,
    disk: Arc<dyn Disk>,
    /// A newer program's: its number and ours. Nothing is written.
    newer: Option<(i64, i64)>,
}

struct Inner {
    conn: Connection,
    /// The second copy of each save; the catalogue has none.
    journal: Option<Journal>,
    ballast: Option<Ballast>,
    // After the connection: its disk outlives it.
    _seal: Option<Arc<Seal>>,
}

/// How a database is opened.
pub(crate) struct Opening<'a> {
    /// The folder.
    pub dir: &'a Path,
    /// What is below.
    pub disk: &'a Arc<dyn Disk>,
    /// The folder is sealed.
    pub seal: Option<&'a Arc<Seal>>,
    /// A sound database of an older schema is about to be migrated.
    pub before_migration: &'a dyn Fn(&Connection) -> Result<(), StoreError>,
}

impl Opening<'_> {
    fn connect(&self, path: &Path) -> Result<Connection, StoreError> {
        seal::connect(path, OpenFlags::default(), self.seal)
    }
}

impl Db {
    /// Whether a newer program has been here: its schema number and ours; `NewerDatabase` when it says that this
    /// program must not even read it. Changes nothing. Other faults are left to [`Db::open`].
    pub fn newer(opening: &Opening<'_>, plan: &Plan) -> Result<Option<(i64, i64)>, StoreError> {
        let path = opening.dir.join(plan.file);
        if opening.disk.len(&path).unwrap_or(0) == 0 {
            return Ok(None);
        }
        match opening.connect(&path).and_then(|conn| look(&conn, plan)) {
            Err(newer @ StoreError::NewerDatabase { .. }) => Err(newer),
            Ok(newer) => Ok(newer),
            Err(_) => Ok(None),
        }
    }

    /// Opens, checks and migrates `dir/<plan.file>`; creates it when it is not there.
    pub fn open(opening: &Opening<'_>, plan: &Plan) -> Result<Self, StoreError> {
        let (disk, path) = (opening.disk, opening.dir.join(plan.file));
        refuse_orphaned_journal(&**disk, &path)?;
        let judge = |error| judged(error, &path, &**disk);
        let mut conn = opening.connect(&path).map_err(judge)?;
        if let Some((found, known)) = look(&conn, plan).map_err(judge)? {
            return Err(StoreError::NewerDatabase { file: plan.file.to_owned(), found, known });
        }
        prepare(&conn, plan).map_err(judge)?;
        quick_check(&conn, &path).map_err(judge)?;
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
        if is_older(&conn, plan)? {
            (opening.before_migration)(&conn)?;
        }
        migrate(&mut conn, plan).map_err(judge)?;
        crate::objects::sync_dir(opening.dir)?;
        let inner = Inner { conn, journal: None, ballast: None, _seal: opening.seal.cloned() };
        Ok(Self { inner: Mutex::new(inner), path, disk: Arc::clone(disk), newer: None })
    }

    /// Opens a database only to read it: not a byte of it changes.
    pub fn open_to_read(opening: &Opening<'_>, plan: &Plan, newer: (i64, i64)) -> Result<Self, StoreError> {
        let path = opening.dir.join(plan.file);
        let judge = |error| judged(error, &path, &**opening.disk);
        let conn = opening.connect(&path).map_err(judge)?;
        look(&conn, plan).map_err(judge)?;
        conn.pragma_update(None, "query_only", true)?;
        conn.pragma_update(None, "trusted_schema", false)?;
        let (disk, inner) = (
            Arc::clone(opening.disk),
            Inner { conn, journal: None, ballast: None, _seal: opening.seal.cloned() },
        );
        Ok(Self { inner: Mutex::new(inner), path, disk, newer: Some(newer) })
    }

    /// From now on each save goes to the journal too, and to the ballast's room when there is no other.
    pub fn attach(&self, journal: Journal, ballast: Ballast) {
        let mut inner = self.lock();
        inner.journal = Some(journal);
        inner.ballast = Some(ballast);
    }

    /// Runs `f` on the connection, for reading.
    pub fn read<T>(&self, f: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut inner = self.lock();
        let _ = inner.catch_up();
        f(&inner.conn).map_err(|error| judged(error, &self.path, &*self.disk))
    }

    /// Runs `f` in a transaction of its own; when this returns `Ok` it is committed, else nothing happened.
    pub fn write<T>(
        &self,
        f: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.refuse_newer()?;
        let run = || {
            let mut inner = self.lock();
            inner.catch_up()?;
            let tx = inner.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = f(&tx)?;
            tx.commit()?;
            Ok(value)
        };
        run().map_err(|error| judged(error, &self.path, &*self.disk))
    }

    /// Keeps a fact twice: in the journal and here. `Ok` when at least one of them has it for sure, and what the
    /// other lacks is brought there later; the number is what [`fact::apply`] says, 0 while only the journal has it.
    pub fn keep(&self, fact: &Fact) -> Result<u64, StoreError> {
        self.refuse_newer()?;
        self.lock().keep(fact, &|error| judged(error, &self.path, &*self.disk))
    }

    /// Runs `f` with the connection and the journal while nobody else can.
    pub fn with_journal<T>(
        &self,
        f: impl FnOnce(&mut Connection, &mut Journal, &mut Ballast) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        self.refuse_newer()?;
        let mut inner = self.lock();
        inner.catch_up()?;
        let Inner { conn, journal: Some(journal), ballast: Some(ballast), .. } = &mut *inner else {
            return Ok(None);
        };
        f(conn, journal, ballast).map(Some).map_err(|error| judged(error, &self.path, &*self.disk))
    }

    /// Bytes of the database with its journal.
    pub fn size(&self) -> u64 {
        let len = |path: &Path| self.disk.len(path).unwrap_or(0);
        len(&self.path) + len(&journal_of(&self.path))
    }

    fn refuse_newer(&self) -> Result<(), StoreError> {
        match self.newer {
            Some((found, known)) => {
                let file = self.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                Err(StoreError::NewerDatabase { file, found, known })
            }
            None => Ok(()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic inside `f` rolled its transaction back: the connection is as good as before.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn keep(&mut self, fact: &Fact, judge: &dyn Fn(StoreError) -> StoreError) -> Result<u64, StoreError> {
        let mut kept = self.keep_both(fact).map_err(judge);
        if matches!(kept, Err(StoreError::NoSpace)) && self.ballast.as_mut().is_some_and(Ballast::release) {
            kept = self.keep_both(fact).map_err(judge);
        }
        let (Err(trouble), Some(journal)) = (&kept, &mut self.journal) else { return kept };
        if !trouble.is_trouble() {
            return kept;
        }
        // The database refuses, whatever is asked of it. The journal may still take it.
        let Ok(seq) = journal.append(fact) else { return kept };
        tracing::warn!(%trouble, "saved in the journal only");
        journal.wait(seq, fact);
        Ok(0)
    }

    fn keep_both(&mut self, fact: &Fact) -> Result<u64, StoreError> {
        self.catch_up()?;
        match &mut self.journal {
            Some(journal) => keep_both(&mut self.conn, journal, fact),
            None => {
                let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
                let value = fact::apply(&tx, fact)?;
                tx.commit()?;
                Ok(value)
            }
        }
    }

    /// Brings the database up to the journal.
    fn catch_up(&mut self) -> Result<(), StoreError> {
        let Some(journal) = self.journal.as_mut().filter(|journal| !journal.waiting().is_empty()) else {
            return Ok(());
        };
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for (seq, fact) in journal.waiting() {
            match fact::apply(&tx, fact) {
                Err(error) if error.is_trouble() => return Err(error),
                // It would have been refused at once; it stays in the journal.
                Err(error) => tracing::warn!(%error, seq, "a save of the journal does not fit"),
                Ok(_) => {}
            }
            mark::put_seq(&tx, *seq)?;
        }
        tx.commit()?;
        journal.caught_up();
        Ok(())
    }
}

fn keep_both(conn: &mut Connection, journal: &mut Journal, fact: &Fact) -> Result<u64, StoreError> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let before = tx.total_changes();
    let value = fact::apply(&tx, fact)?;
    if tx.total_changes() == before {
        return Ok(value); // All of it was there already.
    }
    let seq = journal.next();
    mark::put_seq(&tx, seq)?;
    let written = journal.append(fact);
    if let Err(taken @ StoreError::InUseElsewhere { .. }) = written {
        return Err(taken); // The save is the other computer's to make.
    }
    match (tx.commit(), written) {
        (Ok(()), Ok(_)) => journal.saved(seq),
        (Ok(()), Err(error)) => {
            tracing::warn!(%error, "saved without a second copy");
            journal.saved(seq);
        }
        (Err(error), Ok(_)) => {
            tracing::warn!(%error, "saved in the journal only");
            journal.wait(seq, fact);
        }
        (Err(_), Err(StoreError::NoSpace)) => return Err(StoreError::NoSpace),
        (Err(error), Err(_)) => return Err(error.into()),
    }
    Ok(value)
}

/// The first row, if any.
pub(crate) fn one<T>(
    conn: &Connection,
    sql: &str,
    params: impl Params,
    f: impl FnOnce(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    rows.next()?.map(f).transpose()
}

/// All rows.
pub(crate) fn all<T>(
    conn: &Connection,
    sql: &str,
    params: impl Params,
    f: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    conn.prepare_cached(sql)?.query_and_then(params, f)?.collect()
}

/// Runs a statement that changes rows; says how many.
pub(crate) fn run(conn: &Connection, sql: &str, params: impl Params) -> Result<usize, StoreError> {
    Ok(conn.prepare_cached(sql)?.execute(params)?)
}

/// A value as the JSON text of a column.
pub(crate) fn to_json(value: &impl Serialize) -> Result<String, StoreError> {
    Ok(serde_json::to_string(value)?)
}

/// The value of a JSON column.
pub(crate) fn json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<T, StoreError> {
    Ok(serde_json::from_str(row.get_ref(column)?.as_str().map_err(rusqlite::Error::from)?)?)
}

/// A count as SQLite keeps it; sizes beyond 2^63 do not occur and are cut there.
pub(crate) fn int(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A count as SQLite kept it.
pub(crate) fn uint(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

/// The write-ahead log beside a database.
pub(crate) fn journal_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    PathBuf::from(name)
}

/// SQLite would delete the journal of a database whose file is gone or empty; that journal may be all there is.
fn refuse_orphaned_journal(disk: &dyn Disk, path: &Path) -> Result<(), StoreError> {
    let len = |path: &Path| disk.len(path).unwrap_or(0);
    if len(path) == 0 && len(&journal_of(path)) > 0 {
        let detail = "the file is gone and its journal is left".to_owned();
        return Err(StoreError::Damaged { path: path.to_owned(), detail });
    }
    Ok(())
}

/// Reads who wrote the file, changing nothing. Until the file proved sound, closing it changes nothing either.
/// The schema's number and ours when it is newer.
fn look(conn: &Connection, plan: &Plan) -> Result<Option<(i64, i64)>, StoreError> {
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    conn.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    let application_id: i32 = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if application_id != 0 && application_id != plan.application_id {
        let detail = format!("application_id {application_id:#x} is not ours");
        return Err(StoreError::Damaged { path: PathBuf::from(plan.file), detail });
    }
    newer(conn, plan)
}

fn prepare(conn: &Connection, plan: &Plan) -> Result<(), StoreError> {
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    conn.pragma_update(None, "trusted_schema", false)?;
    conn.pragma_update(None, "cell_size_check", true)?;
    conn.pragma_update(None, "mmap_size", 0)?;
    conn.pragma_update(None, "secure_delete", "FAST")?;
    // EXTRA: when the database is made, the rollback journal's removal must be durable before anything is saved.
    // One that came back after a power cut would empty the database, and SQLite would then drop the WAL.
    conn.pragma_update(None, "synchronous", "EXTRA")?;
    conn.pragma_update(None, "fullfsync", true)?;
    conn.pragma_update(None, "checkpoint_fullfsync", true)?;
    conn.pragma_update(None, "foreign_keys", true)?;
    let mode: String = conn.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    conn.pragma_update(None, "synchronous", plan.synchronous)?;
    let found: i64 = conn.pragma_query_value(None, "synchronous", |row| row.get(0))?;
    if !mode.eq_ignore_ascii_case("wal") || found != plan.synchronous {
        // Without these a write would be called saved and not be.
        return Err(StoreError::UnsafeSqlite(format!("journal_mode={mode} synchronous={found}")));
    }
    conn.pragma_update(None, "journal_size_limit", 16 * 1024 * 1024)?;
    conn.set_prepared_statement_cache_capacity(128);
    Ok(())
}

pub(crate) fn quick_check(conn: &Connection, path: &Path) -> Result<(), StoreError> {
    let said: Option<String> = conn.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).optional()?;
    match said.as_deref() {
        Some("ok") => Ok(()),
        other => {
            let detail = other.unwrap_or("no answer").to_owned();
            Err(StoreError::Damaged { path: path.to_owned(), detail })
        }
    }
}

/// Gives errors of SQLite the meaning that someone can act on.
fn judged(error: StoreError, path: &Path, disk: &dyn Disk) -> StoreError {
    let StoreError::Sqlite(inner) = error else {
        return match error {
            StoreError::Damaged { detail, .. } => StoreError::Damaged { path: path.to_owned(), detail },
            other => other,
        };
    };
    match inner.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            StoreError::Damaged { path: path.to_owned(), detail: inner.to_string() }
        }
        Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen) if is_nearly_full(path, disk) => {
            StoreError::NoSpace
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::InUse,
        _ => StoreError::Sqlite(inner),
    }
}

fn is_nearly_full(path: &Path, disk: &dyn Disk) -> bool {
    let dir = path.parent().unwrap_or(Path::new("."));
    disk.free(dir).is_ok_and(|free| free < NEARLY_FULL)
}

/// The SQLite in this program must not be one with the WAL-reset fault (3.7.0 to 3.51.2) nor the withdrawn 3.52.0.
pub(crate) fn refuse_unsafe_sqlite(number: i32, name: &str) -> Result<(), StoreError> {
    if number < 3_051_003 || number == 3_052_000 {
        return Err(StoreError::UnsafeSqlite(name.to_owned()));
    }
    Ok(())
}
