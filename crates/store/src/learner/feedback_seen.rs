//! Which feedback the learner has seen, and in which version: a changed one is new again.

use std::collections::BTreeSet;

use daypack_course::TimeMs;
use rusqlite::Connection;

use crate::db::{all, run};
use crate::journal::fact::Fact;
use crate::{Store, StoreError};

pub(crate) const TABLE: &str = "
CREATE TABLE feedback_seen (
  id      TEXT    NOT NULL, -- of the feedback
  version TEXT    NOT NULL,
  at      INTEGER NOT NULL, -- ms since 1970
  PRIMARY KEY (id, version)
) STRICT;
";

impl Store {
    /// Notes that this version of the feedback was seen; the first time counts.
    pub fn feedback_seen_put(&self, id: &str, version: &str, at: TimeMs) -> Result<(), StoreError> {
        self.learner
            .keep(&Fact::FeedbackSeen { id: id.to_owned(), version: version.to_owned(), at })
            .map(|_| ())
    }

    /// All (id, version) that were seen.
    pub fn feedback_seen(&self) -> Result<BTreeSet<(String, String)>, StoreError> {
        let seen = self.learner.read(|c| {
            all(c, "SELECT id, version FROM feedback_seen", [], |row| Ok((row.get(0)?, row.get(1)?)))
        })?;
        Ok(seen.into_iter().collect())
    }
}

pub(crate) fn put(tx: &Connection, id: &str, version: &str, at: TimeMs) -> Result<(), StoreError> {
    run(
        tx,
        "INSERT INTO feedback_seen (id, version, at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        (id, version, at.0),
    )
    .map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::shelf;

    #[test]
    fn a_new_version_of_feedback_is_not_seen_yet() {
        let (_dir, store) = shelf();
        store.feedback_seen_put("f", "1", TimeMs(1)).unwrap();
        store.feedback_seen_put("f", "1", TimeMs(2)).unwrap();
        let seen = store.feedback_seen().unwrap();
        assert!(seen.contains(&("f".into(), "1".into())) && !seen.contains(&("f".into(), "2".into())));
    }
}
