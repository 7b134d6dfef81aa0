//! `catalogue.db`: what can be fetched again. `synchronous=NORMAL`: a power cut may take the last changes back,
//! never tear the file. A damaged catalogue is moved aside and made anew when the shelf is opened.

pub(crate) mod asset;
pub(crate) mod course;
pub(crate) mod feedback;
pub(crate) mod finding;
pub(crate) mod job;
pub(crate) mod offer;
pub(crate) mod thread;

use daypack_course::Digest;
use rusqlite::Connection;

use crate::StoreError;
use crate::db::{Plan, one};
use crate::migrate::Migration;

/// How `catalogue.db` is opened.
pub(crate) const CATALOGUE: Plan = Plan {
    file: "catalogue.db",
    application_id: 0x4450_4354, // "DPCT"
    synchronous: 1,
    migrations: &[Migration {
        number: 1,
        reader: 1,
        sql: &[
            course::TABLE,
            offer::TABLE,
            asset::TABLE,
            feedback::TABLE,
            thread::TABLE,
            finding::TABLE,
            job::TABLE,
        ],
    }],
};

/// Whether a file of a course or of feedback on the shelf is made of this object.
pub(crate) fn names(conn: &Connection, digest: &Digest) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM assets WHERE digest = ?1 AND complete = 1)
                   OR EXISTS (SELECT 1 FROM feedback_files WHERE digest = ?1)";
    Ok(one(conn, sql, [digest.to_string()], |row| Ok(row.get(0)?))?.unwrap_or(false))
}
