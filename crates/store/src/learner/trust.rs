//! Which key speaks for a publisher, and the newest state it was seen in: the data for refusing other keys and
//! rollbacks. The same key never steps back here.

use daypack_course::TimeMs;
use daypack_course::package::Fingerprint;
use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use crate::db::{int, one, run, uint};
use crate::journal::fact::Fact;
use crate::{Store, StoreError};

pub(crate) const TABLE: &str = "
CREATE TABLE trust (
  scope       TEXT    NOT NULL PRIMARY KEY, -- library or package
  fingerprint TEXT    NOT NULL, -- SHA-256 of the public key, hexadecimal
  epoch       INTEGER NOT NULL, -- highest seen
  version     INTEGER NOT NULL, -- highest seen within the epoch
  at          INTEGER NOT NULL  -- ms since 1970
) STRICT;
";

/// The key trusted for a scope and the newest channel seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trusted {
    /// The key.
    pub fingerprint: Fingerprint,
    /// Highest epoch seen.
    pub epoch: u32,
    /// Highest version seen within that epoch.
    pub version: u64,
}

impl Store {
    /// What is trusted for `scope`; `None` before the first time.
    pub fn trust_get(&self, scope: &str) -> Result<Option<Trusted>, StoreError> {
        self.learner.read(|c| {
            one(c, "SELECT fingerprint, epoch, version FROM trust WHERE scope = ?1", [scope], |row| {
                Ok(Trusted { fingerprint: row.get(0)?, epoch: row.get(1)?, version: uint(row.get(2)?) })
            })
        })
    }

    /// Trusts a key for `scope`, or notes a newer state of it. The same key with an older (epoch, version) changes
    /// nothing; another key replaces the trust: that is for the caller to decide beforehand.
    pub fn trust_put(&self, scope: &str, seen: &Trusted, at: TimeMs) -> Result<(), StoreError> {
        self.learner.keep(&Fact::Trust { scope: scope.to_owned(), seen: seen.clone(), at }).map(|_| ())
    }
}

pub(crate) fn put(tx: &Connection, scope: &str, seen: &Trusted, at: TimeMs) -> Result<(), StoreError> {
    run(
        tx,
        "INSERT INTO trust (scope, fingerprint, epoch, version, at) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (scope) DO UPDATE SET fingerprint = excluded.fingerprint,
                   epoch = excluded.epoch, version = excluded.version, at = excluded.at
                 WHERE trust.fingerprint <> excluded.fingerprint
                    OR (excluded.epoch, excluded.version) > (trust.epoch, trust.version)",
        (scope, &seen.fingerprint, seen.epoch, int(seen.version), at.0),
    )
    .map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::shelf;

    #[test]
    fn the_same_key_never_steps_back() {
        let (_dir, store) = shelf();
        let seen = |key: &str, epoch, version| Trusted { fingerprint: key.into(), epoch, version };
        store.trust_put("lib", &seen("k", 1, 7), TimeMs(1)).unwrap();
        store.trust_put("lib", &seen("k", 1, 6), TimeMs(2)).unwrap();
        assert_eq!(store.trust_get("lib").unwrap(), Some(seen("k", 1, 7)));
        store.trust_put("lib", &seen("k", 2, 1), TimeMs(3)).unwrap();
        assert_eq!(store.trust_get("lib").unwrap(), Some(seen("k", 2, 1)), "a new epoch counts anew");
        store.trust_put("lib", &seen("other", 1, 1), TimeMs(4)).unwrap();
        assert_eq!(store.trust_get("lib").unwrap(), Some(seen("other", 1, 1)));
        assert_eq!(store.trust_get("elsewhere").unwrap(), None);
    }
}
