//! Snapshots of the machines that decide about fetching.

use serde_json::Value;

use crate::db::to_json;
use crate::learner::machine::{get_machine, put_machine};
use crate::{Store, StoreError};

pub(crate) const TABLE: &str = "
CREATE TABLE machines (
  name  TEXT NOT NULL PRIMARY KEY, -- download, ...
  state TEXT NOT NULL -- JSON
) STRICT;
";

impl Store {
    /// Keeps a machine's state in the catalogue.
    pub fn cat_machine_put(&self, name: &str, state: &Value) -> Result<(), StoreError> {
        let state = to_json(state)?;
        self.catalogue.write(|tx| put_machine(tx, name, &state))
    }

    /// A machine's state in the catalogue.
    pub fn cat_machine_get(&self, name: &str) -> Result<Option<Value>, StoreError> {
        self.catalogue.read(|c| get_machine(c, name))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::shelf;

    #[test]
    fn the_two_databases_keep_their_machines_apart() {
        let (_dir, store) = shelf();
        store.cat_machine_put("download", &json!(1)).unwrap();
        assert_eq!(store.cat_machine_get("download").unwrap(), Some(json!(1)));
        assert_eq!(store.machine_get("download").unwrap(), None);
    }
}
