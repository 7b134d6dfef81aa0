//! Choices of the learner: key -> JSON value. What a key means is the caller's matter.

use rusqlite::Connection;
use serde_json::Value;

use crate::db::{json, one, run, to_json};
use crate::journal::fact::Fact;
use crate::{Store, StoreError};

pub(crate) const TABLE: &str = "
CREATE TABLE settings (
  key   TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL -- JSON
) STRICT;
";

impl Store {
    /// The value of `key`, if it was ever set.
    pub fn setting_get(&self, key: &str) -> Result<Option<Value>, StoreError> {
        self.learner.read(|c| one(c, "SELECT value FROM settings WHERE key = ?1", [key], |row| json(row, 0)))
    }

    /// Sets `key`.
    pub fn setting_put(&self, key: &str, value: &Value) -> Result<(), StoreError> {
        self.learner.keep(&Fact::Setting { key: key.to_owned(), value: value.clone() }).map(|_| ())
    }
}

pub(crate) fn put(tx: &Connection, key: &str, value: &Value) -> Result<(), StoreError> {
    let value = to_json(value)?;

    run(
        tx,
        "INSERT INTO settings (key, value) VALUES (?1, ?2)
                 ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (key, &value),
    )
    .map(|_| ())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::shelf;

    #[test]
    fn a_setting_holds_the_last_value() {
        let (_dir, store) = shelf();
        assert_eq!(store.setting_get("rate").unwrap(), None);
        store.setting_put("rate", &json!(1.5)).unwrap();
        store.setting_put("rate", &json!({"x": [1, null]})).unwrap();
        assert_eq!(store.setting_get("rate").unwrap(), Some(json!({"x": [1, null]})));
    }
}
