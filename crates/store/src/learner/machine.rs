//! Snapshots of the machines that decide about the learner's work. The outbox and the states of the work it
//! decided on are written together: after a crash both tell the same story.

use daypack_course::work::WorkState;
use daypack_course::{TimeMs, WorkId};
use rusqlite::Connection;
use serde_json::Value;

use super::work::put_state;
use crate::db::{json, one, run, to_json};
use crate::journal::fact::Fact;
use crate::{Store, StoreError};

/// Under this name [`Store::outbox_commit`] keeps the outbox.
pub(crate) const OUTBOX: &str = "outbox";

pub(crate) const TABLE: &str = "
CREATE TABLE machines (
  name  TEXT NOT NULL PRIMARY KEY, -- outbox, ...
  state TEXT NOT NULL -- JSON
) STRICT;
";

impl Store {
    /// Keeps a machine's state.
    pub fn machine_put(&self, name: &str, state: &Value) -> Result<(), StoreError> {
        self.learner.keep(&Fact::Machine { name: name.to_owned(), state: state.clone() }).map(|_| ())
    }

    /// A machine's state, if it was ever kept.
    pub fn machine_get(&self, name: &str) -> Result<Option<Value>, StoreError> {
        self.learner.read(|c| get_machine(c, name))
    }

    /// Keeps the outbox (`machine_get("outbox")`) and the new states of work in one transaction. Going over to
    /// sending counts one try more. `Missing` when a piece is not there: then nothing was written.
    pub fn outbox_commit(
        &self,
        machine: &Value,
        states: &[(WorkId, WorkState)],
        at: TimeMs,
    ) -> Result<(), StoreError> {
        self.learner.keep(&Fact::Outbox { machine: machine.clone(), states: states.to_vec(), at }).map(|_| ())
    }
}

pub(crate) fn commit_outbox(
    tx: &Connection,
    machine: &Value,
    states: &[(WorkId, WorkState)],
    at: TimeMs,
) -> Result<(), StoreError> {
    let machine = to_json(machine)?;

    put_machine(tx, OUTBOX, &machine)?;
    states.iter().try_for_each(|(id, state)| put_state(tx, id, state, None, at))
}

/// Also used by the catalogue, whose table is alike.
pub(crate) fn put_machine(tx: &Connection, name: &str, state: &str) -> Result<(), StoreError> {
    run(
        tx,
        "INSERT INTO machines (name, state) VALUES (?1, ?2)
         ON CONFLICT (name) DO UPDATE SET state = excluded.state WHERE state <> excluded.state",
        [name, state],
    )
    .map(|_| ())
}

/// Also used by the catalogue, whose table is alike.
pub(crate) fn get_machine(conn: &Connection, name: &str) -> Result<Option<Value>, StoreError> {
    one(conn, "SELECT state FROM machines WHERE name = ?1", [name], |row| json(row, 0))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{shelf, work};

    #[test]
    fn the_outbox_and_its_work_change_together_or_not_at_all() {
        let (_dir, store) = shelf();
        store.work_add(&work("w1")).unwrap();
        store.outbox_commit(&json!({"n": 1}), &[("w1".into(), WorkState::Sending)], TimeMs(1)).unwrap();
        let both = [("w1".into(), WorkState::InDoubt), ("no".into(), WorkState::Sending)];
        let refused = store.outbox_commit(&json!({"n": 2}), &both, TimeMs(2));
        assert!(matches!(refused, Err(StoreError::Missing { .. })));
        assert_eq!(store.machine_get("outbox").unwrap(), Some(json!({"n": 1})));
        let row = store.work_get(&"w1".into()).unwrap().unwrap();
        assert_eq!((row.state, row.tries), (WorkState::Sending, 1));
    }

    #[test]
    fn each_time_sending_is_begun_counts_as_one_try() {
        let (_dir, store) = shelf();
        store.work_add(&work("w1")).unwrap();
        for state in [WorkState::Sending, WorkState::Sending, WorkState::Waiting, WorkState::Sending] {
            store.outbox_commit(&json!(null), &[("w1".into(), state)], TimeMs(1)).unwrap();
        }
        assert_eq!(store.work_get(&"w1".into()).unwrap().unwrap().tries, 2);
    }
}
