//! Whose database this is, and how far it has got along the journal: written in the transaction of each save, so
//! that the two copies of a learner's work can always be told apart and brought together.

use rusqlite::{Connection, OptionalExtension as _};

use crate::StoreError;
use crate::db::{int, one, run, uint};

/// Schema 2. The name of the learner's journal is drawn once, here.
pub(crate) const TABLE: &str = "
CREATE TABLE journal_mark (
  one     INTEGER NOT NULL PRIMARY KEY CHECK (one = 1), -- there is one row
  learner TEXT    NOT NULL, -- drawn when the database was made; the journal and the backups carry it too
  seq     INTEGER NOT NULL  -- number of the last save of the journal that is in this database
) STRICT;
INSERT INTO journal_mark (one, learner, seq) VALUES (1, lower(hex(randomblob(16))), 0);
";

/// The mark of a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Whose it is.
    pub learner: String,
    /// The last save of the journal in it.
    pub seq: u64,
}

/// Reads the mark; `None` in a database of schema 1.
pub(crate) fn get(conn: &Connection) -> Result<Option<Mark>, StoreError> {
    let has_table: bool = conn
        .query_row("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'journal_mark'", [], |_| {
            Ok(true)
        })
        .optional()?
        .unwrap_or(false);
    if !has_table {
        return Ok(None);
    }
    one(conn, "SELECT learner, seq FROM journal_mark WHERE one = 1", [], |row| {
        Ok(Mark { learner: row.get(0)?, seq: uint(row.get(1)?) })
    })
}

/// Notes the number of the save that this transaction holds.
pub(crate) fn put_seq(tx: &Connection, seq: u64) -> Result<(), StoreError> {
    run(tx, "UPDATE journal_mark SET seq = ?1 WHERE one = 1", [int(seq)]).map(|_| ())
}

/// Gives a database that was made anew the name of the journal beside it.
pub(crate) fn put_learner(tx: &Connection, learner: &str) -> Result<(), StoreError> {
    run(tx, "UPDATE journal_mark SET learner = ?1 WHERE one = 1", [learner]).map(|_| ())
}
