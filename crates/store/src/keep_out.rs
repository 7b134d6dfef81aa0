//! A mark in a folder whose learners have folders of their own: a database that says that no program which opens the
//! folder itself may read it.
//!
//! A Daypack that knows nothing of several learners would see an empty folder and begin a new life in it; it honours
//! `reader.minimum` since its first release. What must stay true: the mark holds nothing and never stands in the place
//! of a real database.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use crate::StoreError;
use crate::learner::LEARNER;
use crate::migrate::{self, READER};
use crate::objects::{discard, sync_dir};

/// No schema ever has this number.
const NEVER: i64 = 1_000_000_000;

/// Puts the mark into the folder. A real database that is there stays; then nothing was done: `Sealed`.
pub fn keep_out(dir: &Path) -> Result<(), StoreError> {
    let path = dir.join(LEARNER.file);
    if is_kept_out(dir) {
        return Ok(());
    }
    if path.exists() {
        return Err(StoreError::Sealed);
    }
    let temp = dir.join("keep-out.new");
    discard(&temp)?;
    let conn = Connection::open(&temp)?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.pragma_update(None, "application_id", LEARNER.application_id)?;
    conn.execute_batch(READER)?;
    conn.execute("UPDATE reader SET minimum = ?1", [NEVER])?;
    conn.pragma_update(None, "user_version", NEVER)?;
    conn.close().map_err(|(_, error)| error)?;
    std::fs::rename(&temp, &path)?;
    sync_dir(dir)
}

/// Whether the mark is there.
pub fn is_kept_out(dir: &Path) -> bool {
    let path = dir.join(LEARNER.file);
    path.is_file()
        && Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)
            .map_err(StoreError::from)
            .and_then(|conn| migrate::version(&conn))
            .is_ok_and(|version| version == NEVER)
}

#[cfg(test)]
mod tests {
    use daypack_course::TimeMs;

    use super::*;
    use crate::Store;

    #[test]
    fn a_program_that_opens_the_folder_itself_hears_that_it_is_too_old_and_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        assert!(!is_kept_out(dir.path()));
        keep_out(dir.path()).unwrap();
        keep_out(dir.path()).unwrap();
        let before = std::fs::read(dir.path().join("learner.db")).unwrap();
        let refused = Store::open(dir.path(), TimeMs(1)).err().unwrap();
        assert!(matches!(refused, StoreError::NewerDatabase { .. }), "{refused}");
        assert_eq!(std::fs::read(dir.path().join("learner.db")).unwrap(), before);
        assert!(is_kept_out(dir.path()) && !dir.path().join("catalogue.db").exists());
    }

    #[test]
    fn a_real_database_is_never_replaced_by_the_mark() {
        let dir = tempfile::tempdir().unwrap();
        drop(Store::open(dir.path(), TimeMs(1)).unwrap());
        assert!(keep_out(dir.path()).is_err() && !is_kept_out(dir.path()));
        drop(Store::open(dir.path(), TimeMs(2)).unwrap());
    }
}
