//! In whose name work goes that was sealed before anybody was signed in. The sealed bytes stay as they are; the
//! account is noted beside them, once, and never changed: work in two names would be work handed in twice.

use daypack_course::outline::Binding;
use daypack_course::work::Work;
use daypack_course::{AccountId, TimeMs, WorkId};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use crate::db::{one, run, to_json};
use crate::journal::fact::Fact;
use crate::{Store, StoreError};

pub(crate) const TABLE: &str = "
CREATE TABLE work_names (
  work    TEXT    NOT NULL PRIMARY KEY, -- WorkId of work that was sealed as nobody's
  account TEXT    NOT NULL, -- AccountId in whose name it goes
  target  TEXT    NOT NULL, -- JSON of the binding it goes to
  at      INTEGER NOT NULL  -- ms since 1970
) STRICT;
CREATE TRIGGER work_names_are_kept BEFORE DELETE ON work_names
BEGIN SELECT RAISE(ABORT, 'the name of work is never deleted'); END;
CREATE TRIGGER work_names_stand BEFORE UPDATE ON work_names
BEGIN SELECT RAISE(ABORT, 'the name of work is never changed'); END;
";

/// In whose name a piece of work goes, and where to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkName {
    /// The account.
    pub account: AccountId,
    /// The activity.
    pub target: Binding,
    /// Since when.
    pub at: TimeMs,
}

impl Store {
    /// Notes in whose name nobody's work goes; on the disk on return. `false` when it has a name already or never
    /// needed one: what is there stays.
    pub fn work_name_put(&self, id: &WorkId, name: &WorkName) -> Result<bool, StoreError> {
        self.learner.keep(&Fact::WorkNamed { work: id.clone(), name: name.clone() }).map(|n| n > 0)
    }
}

pub(crate) fn put(tx: &Connection, id: &WorkId, name: &WorkName) -> Result<u64, StoreError> {
    let sql = "SELECT sealed FROM work WHERE id = ?1";
    let sealed: Option<String> = one(tx, sql, [id.as_str()], |row| Ok(row.get(0)?))?;
    let sealed = sealed.ok_or_else(|| StoreError::missing("work", id))?;
    let is_nobodys = serde_json::from_str::<Work>(&sealed).is_ok_and(|work| work.account.is_nobody());
    if !is_nobodys || name.account.is_nobody() {
        return Ok(0);
    }
    let added = run(
        tx,
        "INSERT INTO work_names (work, account, target, at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
        (id.as_str(), name.account.as_str(), to_json(&name.target)?, name.at.0),
    )?;
    Ok(added as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{binding, reopened, shelf, work};

    fn name(account: &str) -> WorkName {
        WorkName { account: account.into(), target: binding("7"), at: TimeMs(5) }
    }

    fn nobodys(id: &str) -> Work {
        Work { account: AccountId::nobody(), ..work(id) }
    }

    #[test]
    fn the_name_is_noted_beside_the_seal_and_the_first_one_stands() {
        let (dir, store) = shelf();
        store.work_add(&nobodys("w")).unwrap();
        let before = store.work_get(&"w".into()).unwrap().unwrap();
        assert!(before.work.account.is_nobody());
        assert!(store.work_name_put(&"w".into(), &name("7@s")).unwrap());
        assert!(!store.work_name_put(&"w".into(), &name("8@s")).unwrap());
        let store = reopened(&dir, store);
        let row = store.work_get(&"w".into()).unwrap().unwrap();
        assert_eq!((row.work.account.as_str(), &row.work.target), ("7@s", &binding("7")));
        assert_eq!(row.seal, before.seal, "what was sealed is as it was");
        assert_eq!(store.work_list().unwrap().rows[0], row);
    }

    #[test]
    fn work_that_has_an_account_gets_no_other() {
        let (_dir, store) = shelf();
        store.work_add(&work("w")).unwrap();
        assert!(!store.work_name_put(&"w".into(), &name("8@s")).unwrap());
        assert_eq!(store.work_get(&"w".into()).unwrap().unwrap().work, work("w"));
        let gone = store.work_name_put(&"no".into(), &name("8@s"));
        assert!(matches!(gone, Err(StoreError::Missing { what: "work", .. })));
    }

    #[test]
    fn the_name_comes_back_after_the_database_was_damaged() {
        let (dir, store) = shelf();
        store.work_add(&nobodys("w")).unwrap();
        store.work_name_put(&"w".into(), &name("7@s")).unwrap();
        drop(store);
        std::fs::write(dir.path().join("learner.db"), [0; 4096]).unwrap();
        let store = Store::open(dir.path(), TimeMs(9)).unwrap();
        assert!(store.opened().recovered.is_some());
        assert_eq!(store.work_get(&"w".into()).unwrap().unwrap().work.account.as_str(), "7@s");
    }

    #[test]
    fn the_database_itself_refuses_another_name() {
        let (_dir, store) = shelf();
        store.work_add(&nobodys("w")).unwrap();
        store.work_name_put(&"w".into(), &name("7@s")).unwrap();
        for sql in ["DELETE FROM work_names", "UPDATE work_names SET account = 'x'"] {
            assert!(store.learner.write(|tx| Ok(tx.execute(sql, [])?)).is_err(), "{sql}");
        }
    }
}
