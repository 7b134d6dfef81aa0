//! Package libraries the learner added by address. They are typed by a person, so they are not in the catalogue.

use daypack_course::TimeMs;
use daypack_course::package::Fingerprint;
use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use crate::db::{all, run};
use crate::journal::fact::Fact;
use crate::{Store, StoreError};

pub(crate) const TABLE: &str = "
CREATE TABLE libraries (
  address     TEXT    NOT NULL PRIMARY KEY,
  title       TEXT    NOT NULL, -- as the library calls itself
  fingerprint TEXT    NOT NULL, -- of the key that signed its list
  added       INTEGER NOT NULL  -- ms since 1970
) STRICT;
";

/// A package library.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Library {
    /// Where it is.
    pub address: String,
    /// As it calls itself.
    pub title: String,
    /// Of the key that signed its list.
    pub fingerprint: Fingerprint,
}

impl Store {
    /// Adds the library or brings it up to date.
    pub fn library_put(&self, library: &Library, at: TimeMs) -> Result<(), StoreError> {
        self.learner.keep(&Fact::Library { library: library.clone(), at }).map(|_| ())
    }

    /// All libraries, oldest first.
    pub fn libraries(&self) -> Result<Vec<Library>, StoreError> {
        self.learner.read(|c| {
            all(c, "SELECT address, title, fingerprint FROM libraries ORDER BY added, address", [], |row| {
                Ok(Library { address: row.get(0)?, title: row.get(1)?, fingerprint: row.get(2)? })
            })
        })
    }

    /// Removes the library from the list; `false` when it was not there. Its courses stay.
    pub fn library_remove(&self, address: &str) -> Result<bool, StoreError> {
        Ok(self.learner.keep(&Fact::LibraryRemoved { address: address.to_owned() })? > 0)
    }
}

pub(crate) fn remove(tx: &Connection, address: &str) -> Result<bool, StoreError> {
    Ok(run(tx, "DELETE FROM libraries WHERE address = ?1", [address])? > 0)
}

pub(crate) fn put(tx: &Connection, library: &Library, at: TimeMs) -> Result<(), StoreError> {
    run(
        tx,
        "INSERT INTO libraries (address, title, fingerprint, added) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (address) DO UPDATE
                 SET title = excluded.title, fingerprint = excluded.fingerprint",
        (&library.address, &library.title, &library.fingerprint, at.0),
    )
    .map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::shelf;

    #[test]
    fn a_library_is_listed_once_by_its_address() {
        let (_dir, store) = shelf();
        let mut library = Library { address: "http://l/".into(), title: "L".into(), fingerprint: "f".into() };
        store.library_put(&library, TimeMs(1)).unwrap();
        library.title = "Library".into();
        store.library_put(&library, TimeMs(2)).unwrap();
        assert_eq!(store.libraries().unwrap(), [library.clone()]);
        assert!(store.library_remove(&library.address).unwrap());
        assert!(store.libraries().unwrap().is_empty());
    }
}
