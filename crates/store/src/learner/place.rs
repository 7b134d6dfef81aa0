//! The page the learner was on, to be opened there again.

use daypack_course::TimeMs;
use rusqlite::Connection;
use serde_json::Value;

use crate::db::{json, one, run, to_json};
use crate::journal::fact::Fact;
use crate::{Store, StoreError};

pub(crate) const TABLE: &str = "
CREATE TABLE places (
  name  TEXT    NOT NULL PRIMARY KEY, -- last
  route TEXT    NOT NULL, -- JSON, the UI's own
  at    INTEGER NOT NULL  -- ms since 1970
) STRICT;
";

impl Store {
    /// Notes where the learner is.
    pub fn last_place_put(&self, route: &Value, at: TimeMs) -> Result<(), StoreError> {
        self.learner.keep(&Fact::Place { route: route.clone(), at }).map(|_| ())
    }

    /// Where the learner was.
    pub fn last_place_get(&self) -> Result<Option<Value>, StoreError> {
        self.learner.read(|c| one(c, "SELECT route FROM places WHERE name = 'last'", [], |row| json(row, 0)))
    }
}

pub(crate) fn put(tx: &Connection, route: &Value, at: TimeMs) -> Result<(), StoreError> {
    let route = to_json(route)?;

    run(
        tx,
        "INSERT INTO places (name, route, at) VALUES ('last', ?1, ?2)
                 ON CONFLICT (name) DO UPDATE SET route = excluded.route, at = excluded.at",
        (&route, at.0),
    )
    .map(|_| ())
}

#[cfg(test)]
mod tests {
    use daypack_course::TimeMs;
    use serde_json::json;

    use crate::testing::{reopened, shelf};

    #[test]
    fn the_place_is_there_after_closing_and_opening() {
        let (dir, store) = shelf();
        store.last_place_put(&json!({"page": "quiz"}), TimeMs(1)).unwrap();
        let store = reopened(&dir, store);
        assert_eq!(store.last_place_get().unwrap(), Some(json!({"page": "quiz"})));
    }
}
