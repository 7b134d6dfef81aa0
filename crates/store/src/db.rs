//! One SQLite file behind one connection.
//!
//! WAL with exclusive locking (no shared-memory file, no second process), `synchronous` as the database needs it,
//! every write its own immediate transaction. A database that this program must not read is left byte for byte.
//! Reasons: <https://sqlite.org/pragma.html>, <https://sqlite.org/security.html>.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OptionalExtension, Params, Row, Transaction, TransactionBehavior};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::StoreError;
use crate::migrate::{Migration, migrate, refuse_newer};

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
    conn: Mutex<Connection>,
    path: PathBuf,
}

impl Db {
    /// Refuses a database that this program must not read, before any database of the folder is changed. Other
    /// faults are left to [`Db::open`].
    pub fn refuse_newer(dir: &Path, plan: &Plan) -> Result<(), StoreError> {
        let path = dir.join(plan.file);
        if !path.exists() {
            return Ok(());
        }
        match Connection::open(&path).map_err(StoreError::from).and_then(|conn| look(&conn, plan)) {
            Err(newer @ StoreError::NewerDatabase { .. }) => Err(newer),
            _ => Ok(()),
        }
    }

    /// Opens, checks and migrates `dir/<plan.file>`; creates it when it is not there.
    pub fn open(dir: &Path, plan: &Plan) -> Result<Self, StoreError> {
        let path = dir.join(plan.file);
        refuse_orphaned_journal(&path)?;
        let judge = |error| judged(error, &path);
        let mut conn = Connection::open(&path).map_err(StoreError::from).map_err(judge)?;
        look(&conn, plan).map_err(judge)?;
        prepare(&conn, plan).map_err(judge)?;
        quick_check(&conn, &path).map_err(judge)?;
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
        migrate(&mut conn, plan).map_err(judge)?;
        crate::objects::sync_dir(dir)?;
        Ok(Self { conn: Mutex::new(conn), path })
    }

    /// Runs `f` on the connection, for reading.
    pub fn read<T>(&self, f: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        f(&self.lock()).map_err(|error| judged(error, &self.path))
    }

    /// Runs `f` in a transaction of its own; when this returns `Ok` it is committed, else nothing happened.
    pub fn write<T>(
        &self,
        f: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let run = || {
            let mut conn = self.lock();
            let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = f(&tx)?;
            tx.commit()?;
            Ok(value)
        };
        run().map_err(|error| judged(error, &self.path))
    }

    /// Bytes of the database with its journal.
    pub fn size(&self) -> u64 {
        let len = |path: &Path| std::fs::metadata(path).map_or(0, |m| m.len());
        len(&self.path) + len(&journal_of(&self.path))
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // A panic inside `f` rolled its transaction back: the connection is as good as before.
        self.conn.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
fn refuse_orphaned_journal(path: &Path) -> Result<(), StoreError> {
    let len = |path: &Path| std::fs::metadata(path).map_or(0, |m| m.len());
    if len(path) == 0 && len(&journal_of(path)) > 0 {
        let detail = "the file is gone and its journal is left".to_owned();
        return Err(StoreError::Damaged { path: path.to_owned(), detail });
    }
    Ok(())
}

/// Reads who wrote the file, changing nothing. Until the file proved sound, closing it changes nothing either.
fn look(conn: &Connection, plan: &Plan) -> Result<(), StoreError> {
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    conn.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    let application_id: i32 = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if application_id != 0 && application_id != plan.application_id {
        let detail = format!("application_id {application_id:#x} is not ours");
        return Err(StoreError::Damaged { path: PathBuf::from(plan.file), detail });
    }
    refuse_newer(conn, plan)
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

fn quick_check(conn: &Connection, path: &Path) -> Result<(), StoreError> {
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
fn judged(error: StoreError, path: &Path) -> StoreError {
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
        Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen) if is_nearly_full(path) => {
            StoreError::NoSpace
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::InUse,
        _ => StoreError::Sqlite(inner),
    }
}

fn is_nearly_full(path: &Path) -> bool {
    let dir = path.parent().unwrap_or(Path::new("."));
    fs4::available_space(dir).is_ok_and(|free| free < NEARLY_FULL)
}

/// The SQLite in this program must not be one with the WAL-reset fault (3.7.0 to 3.51.2) nor the withdrawn 3.52.0.
pub(crate) fn refuse_unsafe_sqlite(number: i32, name: &str) -> Result<(), StoreError> {
    if number < 3_051_003 || number == 3_052_000 {
        return Err(StoreError::UnsafeSqlite(name.to_owned()));
    }
    Ok(())
}
