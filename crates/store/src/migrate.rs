//! Numbered, additive migrations. All that are missing run in one transaction: a database is old or new, never
//! between. `user_version` is the schema's number; the table `reader` says which programs may still read it.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use crate::StoreError;
use crate::db::Plan;

/// One step of a schema. Never edited once released; never drops or re-means a column.
pub(crate) struct Migration {
    /// 1, 2, 3, ... without gaps.
    pub number: i64,
    /// The oldest program (by its newest migration) that may read a database with this step.
    pub reader: i64,
    /// The statements.
    pub sql: &'static [&'static str],
}

/// Whether a newer program made the database: its number and ours. Such a database is read and never written.
/// `NewerDatabase` when it says that this program must not even read it.
pub(crate) fn newer(conn: &Connection, plan: &Plan) -> Result<Option<(i64, i64)>, StoreError> {
    let (found, known) = (version(conn)?, newest(plan));
    if found <= known {
        return Ok(None);
    }
    // A newer database without the table was not made by these rules: refused as well.
    let has_table: bool = conn
        .query_row("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'reader'", [], |_| Ok(true))
        .optional()?
        .unwrap_or(false);
    let reader: Option<i64> = match has_table {
        true => conn.query_row("SELECT minimum FROM reader", [], |row| row.get(0)).optional()?,
        false => None,
    };
    match reader {
        Some(minimum) if minimum <= known => Ok(Some((found, known))),
        _ => Err(StoreError::NewerDatabase { file: plan.file.to_owned(), found, known }),
    }
}

/// Whether the database has a schema, and an older one than this program's newest.
pub(crate) fn is_older(conn: &Connection, plan: &Plan) -> Result<bool, StoreError> {
    let found = version(conn)?;
    Ok(found > 0 && found < newest(plan))
}

/// Brings the database to the newest schema this program knows; leaves a newer readable one as it is.
pub(crate) fn migrate(conn: &mut Connection, plan: &Plan) -> Result<(), StoreError> {
    if version(conn)? >= newest(plan) {
        return Ok(());
    }
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let from = version(&tx)?;
    if from == 0 {
        tx.pragma_update(None, "application_id", plan.application_id)?;
        tx.execute_batch(READER)?;
    }
    for step in plan.migrations.iter().filter(|step| step.number > from) {
        for sql in step.sql {
            tx.execute_batch(sql)?;
        }
        tx.execute("UPDATE reader SET minimum = max(minimum, ?1)", [step.reader])?;
    }
    tx.pragma_update(None, "user_version", newest(plan))?;
    tx.commit()?;
    tracing::info!(file = plan.file, from, to = newest(plan), "schema migrated");
    Ok(())
}

/// Present in both databases.
pub(crate) const READER: &str = "
CREATE TABLE reader (
  one     INTEGER NOT NULL PRIMARY KEY CHECK (one = 1), -- there is one row
  minimum INTEGER NOT NULL -- programs whose newest schema is older must not read this file
) STRICT;
INSERT INTO reader (one, minimum) VALUES (1, 1);
";

pub(crate) fn version(conn: &Connection) -> Result<i64, StoreError> {
    Ok(conn.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

pub(crate) fn newest(plan: &Plan) -> i64 {
    plan.migrations.last().map_or(0, |step| step.number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::Db;

    const FIRST: Migration =
        Migration { number: 1, reader: 1, sql: &["CREATE TABLE a (x TEXT NOT NULL) STRICT"] };
    const SECOND: Migration =
        Migration { number: 2, reader: 1, sql: &["ALTER TABLE a ADD COLUMN y TEXT NOT NULL DEFAULT ''"] };
    const THIRD: Migration =
        Migration { number: 3, reader: 3, sql: &["CREATE TABLE c (z TEXT NOT NULL) STRICT"] };
    const BROKEN: Migration = Migration { number: 3, reader: 3, sql: &["CREATE TABLE c (z)", "NONSENSE"] };

    const V1: Plan = plan(&[FIRST]);
    const V2: Plan = plan(&[FIRST, SECOND]);
    const V3: Plan = plan(&[FIRST, SECOND, THIRD]);
    const V3_BROKEN: Plan = plan(&[FIRST, SECOND, BROKEN]);

    const fn plan(migrations: &'static [Migration]) -> Plan {
        Plan { file: "trial.db", application_id: 0x5041_434b, synchronous: 2, migrations }
    }

    fn open(dir: &std::path::Path, plan: &Plan) -> Result<Db, StoreError> {
        let disk: std::sync::Arc<dyn crate::disk::Disk> = std::sync::Arc::new(crate::disk::OwnDisk);
        Db::open(&crate::db::Opening { dir, disk: &disk, seal: None, before_migration: &|_| Ok(()) }, plan)
    }

    #[test]
    fn rows_survive_an_additive_migration() {
        let dir = tempfile::tempdir().unwrap();
        let old = open(dir.path(), &V1).unwrap();
        old.write(|tx| Ok(tx.execute("INSERT INTO a (x) VALUES ('kept')", [])?)).unwrap();
        drop(old);
        let new = open(dir.path(), &V2).unwrap();
        let row: (String, String) =
            new.read(|c| Ok(c.query_row("SELECT x, y FROM a", [], |r| Ok((r.get(0)?, r.get(1)?)))?)).unwrap();
        assert_eq!(row, ("kept".into(), String::new()));
    }

    #[test]
    fn an_older_program_reads_a_newer_database_that_allows_it_and_writes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        drop(open(dir.path(), &V2).unwrap());
        let refused = open(dir.path(), &V1);
        assert!(matches!(refused, Err(StoreError::NewerDatabase { found: 2, known: 1, .. })));
        let disk: std::sync::Arc<dyn crate::disk::Disk> = std::sync::Arc::new(crate::disk::OwnDisk);
        let opening =
            crate::db::Opening { dir: dir.path(), disk: &disk, seal: None, before_migration: &|_| Ok(()) };
        let newer = Db::newer(&opening, &V1).unwrap();
        assert_eq!(newer, Some((2, 1)));
        let old = Db::open_to_read(&opening, &V1, newer.unwrap()).unwrap();
        assert_eq!(old.read(version).unwrap(), 2);
        let written = old.write(|tx| Ok(tx.execute("INSERT INTO a (x) VALUES ('no')", [])?));
        assert!(matches!(written, Err(StoreError::NewerDatabase { .. })));
        assert!(old.read(|c| Ok(c.execute("INSERT INTO a (x) VALUES ('no')", [])?)).is_err());
    }

    #[test]
    fn an_older_program_refuses_a_newer_database_that_forbids_it() {
        let dir = tempfile::tempdir().unwrap();
        drop(open(dir.path(), &V3).unwrap());
        let refused = open(dir.path(), &V2);
        assert!(matches!(refused, Err(StoreError::NewerDatabase { found: 3, known: 2, .. })));
    }

    #[test]
    fn a_migration_that_fails_leaves_nothing_half_done() {
        let dir = tempfile::tempdir().unwrap();
        drop(open(dir.path(), &V1).unwrap());
        assert!(open(dir.path(), &V3_BROKEN).is_err());
        let again = open(dir.path(), &V1).unwrap();
        assert_eq!(again.read(version).unwrap(), 1, "neither the second nor half of the third step stayed");
        assert!(again.read(|c| Ok(c.query_row("SELECT y FROM a", [], |_| Ok(())).optional()?)).is_err());
    }
}
