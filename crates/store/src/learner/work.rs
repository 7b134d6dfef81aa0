//! Sealed work and where it stands. The sealed bytes are kept with their SHA-256 and never change; what does not
//! match its seal is not handed out, so it cannot be sent. There is no function that deletes work.

use daypack_course::work::{Work, WorkState};
use daypack_course::{AccountId, CourseId, Digest, TimeMs, WorkId};
use rusqlite::Connection;
use serde_json::Value;

use super::draft_file::digest;
use crate::db::{all, int, json, one, run, to_json, uint};
use crate::journal::fact::Fact;
use crate::{Store, StoreError};

pub(crate) const TABLE: &str = "
CREATE TABLE work (
  id      TEXT    NOT NULL PRIMARY KEY, -- WorkId
  course  TEXT    NOT NULL,
  sealed  TEXT    NOT NULL, -- JSON of the whole work, as sealed
  seal    TEXT    NOT NULL, -- SHA-256 of sealed
  created INTEGER NOT NULL, -- ms since 1970
  state   TEXT    NOT NULL, -- JSON of WorkState
  stands  TEXT    NOT NULL, -- name of the state: waiting, sending, in_doubt, accepted, refused
  tries   INTEGER NOT NULL, -- how often sending was begun
  changed INTEGER NOT NULL, -- when the state last changed, ms since 1970
  step    TEXT              -- JSON: the connector's log of the steps it took
) STRICT;
CREATE INDEX work_by_age ON work (created, id);
CREATE INDEX work_by_state ON work (stands, course);
CREATE TRIGGER work_is_kept BEFORE DELETE ON work
BEGIN SELECT RAISE(ABORT, 'work is never deleted'); END;
CREATE TRIGGER work_is_sealed BEFORE UPDATE OF id, course, sealed, seal, created ON work
BEGIN SELECT RAISE(ABORT, 'sealed work is never changed'); END;
";

/// A piece of work and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkRow {
    /// As sealed; nobody's work that has a name by now, in that name.
    pub work: Work,
    /// SHA-256 of what was sealed.
    pub seal: Digest,
    /// Where it stands.
    pub state: WorkState,
    /// How often sending was begun.
    pub tries: u32,
    /// When the state last changed.
    pub changed: TimeMs,
}

/// All work there is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WorkList {
    /// Newest first.
    pub rows: Vec<WorkRow>,
    /// Those that do not match their seal: to be shown, not sent.
    pub tampered: Vec<WorkId>,
}

impl Store {
    /// Adds sealed work as waiting; on the disk on return. The same work again changes nothing; other work with
    /// the same id is refused with `WorkDiffers`.
    pub fn work_add(&self, work: &Work) -> Result<(), StoreError> {
        self.learner.keep(&Fact::Work { work: Box::new(work.clone()) }).map(|_| ())
    }

    /// One piece of work; `Tampered` when it does not match its seal.
    pub fn work_get(&self, id: &WorkId) -> Result<Option<WorkRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} WHERE id = ?1");
        self.learner.read(|c| one(c, &sql, [id.as_str()], unsealed))
    }

    /// All work, newest first. One tampered piece keeps nobody from the others.
    pub fn work_list(&self) -> Result<WorkList, StoreError> {
        let sql = format!("SELECT {COLUMNS} ORDER BY created DESC, id DESC");
        let read = self.learner.read(|c| all(c, &sql, [], |row| Ok(unsealed(row))))?;
        let mut list = WorkList::default();
        for row in read {
            match row {
                Ok(row) => list.rows.push(row),
                Err(StoreError::Tampered(id)) => list.tampered.push(id),
                Err(other) => return Err(other),
            }
        }
        Ok(list)
    }

    /// Notes where a piece of work stands.
    pub fn work_state_put(
        &self,
        id: &WorkId,
        state: &WorkState,
        tries: u32,
        at: TimeMs,
    ) -> Result<(), StoreError> {
        self.learner.keep(&Fact::WorkState { work: id.clone(), state: state.clone(), tries, at }).map(|_| ())
    }

    /// Notes what the connector has done so far for this piece of work; replaces what was noted before.
    pub fn work_step_put(&self, id: &WorkId, step: &Value) -> Result<(), StoreError> {
        self.learner.keep(&Fact::WorkStep { work: id.clone(), step: step.clone() }).map(|_| ())
    }

    /// What the connector noted last; `None` when nothing.
    pub fn work_step_get(&self, id: &WorkId) -> Result<Option<Value>, StoreError> {
        self.learner.read(|c| {
            one(c, "SELECT step FROM work WHERE id = ?1 AND step IS NOT NULL", [id.as_str()], |row| {
                json(row, 0)
            })
        })
    }

    /// How many pieces of work are waiting, on their way, in doubt or unclear.
    pub fn unsent_count(&self) -> Result<u64, StoreError> {
        self.learner.read(|c| {
            let sql = format!("SELECT count(*) FROM work WHERE {UNSENT}");
            Ok(one(c, &sql, [], |row| Ok(uint(row.get(0)?)))?.unwrap_or(0))
        })
    }

    /// The same for one course.
    pub fn unsent_count_of(&self, course: &CourseId) -> Result<u64, StoreError> {
        self.learner.read(|c| {
            let sql = format!("SELECT count(*) FROM work WHERE {UNSENT} AND course = ?1");
            Ok(one(c, &sql, [course.as_str()], |row| Ok(uint(row.get(0)?)))?.unwrap_or(0))
        })
    }
}

pub(crate) fn put_step(tx: &Connection, id: &WorkId, step: &Value) -> Result<(), StoreError> {
    let step = to_json(step)?;

    match run(tx, "UPDATE work SET step = ?2 WHERE id = ?1", (id.as_str(), &step))? {
        0 => Err(StoreError::missing("work", id)),
        _ => Ok(()),
    }
}

/// Adds work within a transaction; see [`Store::work_add`].
pub(crate) fn add_work(tx: &Connection, work: &Work) -> Result<(), StoreError> {
    let sealed = to_json(work)?;
    let seal = Digest::of(sealed.as_bytes());
    let there = one(tx, "SELECT seal FROM work WHERE id = ?1", [work.id.as_str()], |row| digest(row, 0))?;
    match there {
        Some(same) if same == seal => return Ok(()),
        Some(_) => return Err(StoreError::WorkDiffers(work.id.clone())),
        None => {}
    }
    run(
        tx,
        "INSERT INTO work (id, course, sealed, seal, created, state, stands, tries, changed)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, ?5)",
        (
            work.id.as_str(),
            work.course.as_str(),
            &sealed,
            seal.to_string(),
            work.created.0,
            to_json(&WorkState::Waiting)?,
            stands(&WorkState::Waiting),
        ),
    )
    .map(|_| ())
}

/// Notes a state within a transaction. Without `tries`, going over to sending counts one more.
pub(crate) fn put_state(
    tx: &Connection,
    id: &WorkId,
    state: &WorkState,
    tries: Option<u32>,
    at: TimeMs,
) -> Result<(), StoreError> {
    let changed = run(
        tx,
        "UPDATE work SET state = ?2, changed = ?5,
           tries = coalesce(?4, tries + (?3 = 'sending' AND stands <> 'sending')), stands = ?3
         WHERE id = ?1",
        (id.as_str(), to_json(state)?, stands(state), tries.map(|n| int(n.into())), at.0),
    )?;
    if changed == 0 { Err(StoreError::missing("work", id)) } else { Ok(()) }
}

const COLUMNS: &str = "id, sealed, seal, state, tries, changed, account, target
                       FROM work LEFT JOIN work_names ON work_names.work = work.id";
const UNSENT: &str = "stands IN ('waiting', 'sending', 'in_doubt', 'unclear')";

pub(crate) fn stands(state: &WorkState) -> &'static str {
    match state {
        WorkState::Waiting => "waiting",
        WorkState::Sending => "sending",
        WorkState::InDoubt => "in_doubt",
        WorkState::Unclear => "unclear",
        WorkState::Accepted { .. } => "accepted",
        WorkState::Refused { .. } => "refused",
    }
}

fn unsealed(row: &rusqlite::Row<'_>) -> Result<WorkRow, StoreError> {
    let id = WorkId::new(row.get::<_, String>(0)?);
    let sealed: String = row.get(1)?;
    let seal = Digest::of(sealed.as_bytes());
    if row.get::<_, String>(2)? != seal.to_string() {
        return Err(StoreError::Tampered(id));
    }
    let mut work: Work = serde_json::from_str(&sealed)?;
    if work.id != id {
        return Err(StoreError::Tampered(id));
    }
    if let Some(account) = row.get::<_, Option<String>>(6)?.filter(|_| work.account.is_nobody()) {
        work.account = AccountId::new(account);
        work.target = json(row, 7)?;
    }
    Ok(WorkRow { work, seal, state: json(row, 3)?, tries: row.get(4)?, changed: TimeMs(row.get(5)?) })
}

#[cfg(test)]
mod tests {
    use daypack_course::work::Receipt;
    use serde_json::json;

    use super::*;
    use crate::testing::{shelf, work};

    fn accepted() -> WorkState {
        let receipt = Receipt { remote: "9".into(), at: TimeMs(8), found: false, caveat: None };
        WorkState::Accepted { receipt }
    }

    #[test]
    fn work_comes_back_as_it_was_sealed_newest_first() {
        let (_dir, store) = shelf();
        let newer = Work { created: TimeMs(200), ..work("w2") };
        store.work_add(&work("w1")).unwrap();
        store.work_add(&newer).unwrap();
        store.work_state_put(&"w1".into(), &accepted(), 3, TimeMs(9)).unwrap();
        let list = store.work_list().unwrap();
        assert_eq!(list.rows.iter().map(|r| r.work.clone()).collect::<Vec<_>>(), [newer, work("w1")]);
        let row = store.work_get(&"w1".into()).unwrap().unwrap();
        assert_eq!((row.state, row.tries, row.changed), (accepted(), 3, TimeMs(9)));
        assert_eq!(store.unsent_count().unwrap(), 1);
        assert_eq!(store.unsent_count_of(&work("w1").course).unwrap(), 1);
        assert_eq!(store.unsent_count_of(&"other".into()).unwrap(), 0);
    }

    #[test]
    fn the_same_work_twice_is_one_and_other_work_with_its_id_is_refused() {
        let (_dir, store) = shelf();
        store.work_add(&work("w1")).unwrap();
        store.work_state_put(&"w1".into(), &WorkState::InDoubt, 1, TimeMs(9)).unwrap();
        store.work_add(&work("w1")).unwrap();
        assert_eq!(store.work_get(&"w1".into()).unwrap().unwrap().state, WorkState::InDoubt);
        let other = Work { item: "elsewhere".into(), ..work("w1") };
        assert!(matches!(store.work_add(&other), Err(StoreError::WorkDiffers(_))));
    }

    #[test]
    fn a_tampered_row_is_noticed_and_hinders_nobody() {
        let (_dir, store) = shelf();
        store.work_add(&work("w1")).unwrap();
        store.work_add(&work("w2")).unwrap();
        store
            .learner
            .write(|tx| {
                tx.execute_batch("DROP TRIGGER work_is_sealed")?;
                let sql = "UPDATE work SET sealed = replace(sealed, 'My essay', 'No essay') WHERE id = 'w1'";
                assert_eq!(tx.execute(sql, [])?, 1);
                Ok(())
            })
            .unwrap();
        assert!(matches!(store.work_get(&"w1".into()), Err(StoreError::Tampered(id)) if id == "w1".into()));
        let list = store.work_list().unwrap();
        assert_eq!(list.tampered, [WorkId::from("w1")]);
        assert_eq!(list.rows.iter().map(|r| r.work.clone()).collect::<Vec<_>>(), [work("w2")]);
    }

    #[test]
    fn the_database_itself_refuses_to_lose_or_change_sealed_work() {
        let (_dir, store) = shelf();
        store.work_add(&work("w1")).unwrap();
        for sql in ["DELETE FROM work", "UPDATE work SET sealed = ''", "UPDATE work SET id = 'x'"] {
            assert!(store.learner.write(|tx| Ok(tx.execute(sql, [])?)).is_err(), "{sql}");
        }
        assert!(store.work_get(&"w1".into()).unwrap().is_some());
    }

    #[test]
    fn steps_are_kept_beside_the_work() {
        let (_dir, store) = shelf();
        store.work_add(&work("w1")).unwrap();
        assert_eq!(store.work_step_get(&"w1".into()).unwrap(), None);
        store.work_step_put(&"w1".into(), &json!({"uploaded": [7]})).unwrap();
        assert_eq!(store.work_step_get(&"w1".into()).unwrap(), Some(json!({"uploaded": [7]})));
        assert!(matches!(store.work_step_put(&"no".into(), &json!(1)), Err(StoreError::Missing { .. })));
        assert!(matches!(
            store.work_state_put(&"no".into(), &WorkState::Waiting, 0, TimeMs(1)),
            Err(StoreError::Missing { .. })
        ));
    }
}
