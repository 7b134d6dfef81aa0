//! Texts being written: assignments and messages before they are sealed. Each save is a row of its own; old rows
//! are thinned so that hours of typing do not fill the disk.
//!
//! Kept for ever: the newest [`NEWEST`] rows, the last row of every minute, and a row after which much of the text
//! vanished.

use daypack_course::{CourseId, ItemId, TimeMs};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use crate::db::{all, one, run};
use crate::journal::fact::Fact;
use crate::{Store, StoreError};

/// So many newest rows of a text are never thinned.
const NEWEST: i64 = 10;

pub(crate) const TABLE: &str = "
CREATE TABLE drafts (
  seq    INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, -- order of all saves, never reused
  course TEXT    NOT NULL,
  item   TEXT    NOT NULL,
  slot   TEXT    NOT NULL, -- which text of the item, e.g. text, or reply:<post>
  text   TEXT    NOT NULL,
  at     INTEGER NOT NULL, -- ms since 1970
  kept   INTEGER NOT NULL DEFAULT 0 -- 1: much of it vanished in the next save; never thinned
) STRICT;
CREATE INDEX drafts_of_slot ON drafts (course, item, slot, seq);
";

/// A text as it was at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// The whole text.
    pub text: String,
    /// When it was saved.
    pub at: TimeMs,
}

impl Store {
    /// Saves the text; on the disk on return. A text equal to the latest one adds nothing.
    pub fn draft_put(
        &self,
        course: &CourseId,
        item: &ItemId,
        slot: &str,
        text: &str,
        at: TimeMs,
    ) -> Result<(), StoreError> {
        self.learner
            .keep(&Fact::Draft {
                course: course.clone(),
                item: item.clone(),
                slot: slot.to_owned(),
                text: text.to_owned(),
                at,
            })
            .map(|_| ())
    }

    /// The latest text.
    pub fn draft_get(
        &self,
        course: &CourseId,
        item: &ItemId,
        slot: &str,
    ) -> Result<Option<Draft>, StoreError> {
        self.learner.read(|c| {
            one(c, LATEST, (course.as_str(), item.as_str(), slot), |row| {
                Ok(Draft { text: row.get(1)?, at: TimeMs(row.get(2)?) })
            })
        })
    }

    /// What is kept of earlier texts, oldest first, the latest included.
    pub fn draft_history(
        &self,
        course: &CourseId,
        item: &ItemId,
        slot: &str,
    ) -> Result<Vec<Draft>, StoreError> {
        self.learner.read(|c| {
            all(
                c,
                "SELECT text, at FROM drafts WHERE course = ?1 AND item = ?2 AND slot = ?3 ORDER BY seq",
                (course.as_str(), item.as_str(), slot),
                |row| Ok(Draft { text: row.get(0)?, at: TimeMs(row.get(1)?) }),
            )
        })
    }
}

pub(crate) fn put(
    tx: &Connection,
    course: &CourseId,
    item: &ItemId,
    slot: &str,
    text: &str,
    at: TimeMs,
) -> Result<(), StoreError> {
    let place = (course.as_str(), item.as_str(), slot);

    let latest = one(tx, LATEST, place, |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))?;
    if let Some((seq, before)) = latest {
        if before == text {
            return Ok(());
        }
        if text.len() < before.len() / 2 {
            run(tx, "UPDATE drafts SET kept = 1 WHERE seq = ?1", [seq])?;
        }
    }
    run(
        tx,
        "INSERT INTO drafts (course, item, slot, text, at) VALUES (?1, ?2, ?3, ?4, ?5)",
        (place.0, place.1, place.2, text, at.0),
    )?;
    run(tx, THIN, (place.0, place.1, place.2, NEWEST)).map(|_| ())
}

const LATEST: &str = "SELECT seq, text, at FROM drafts WHERE course = ?1 AND item = ?2 AND slot = ?3
                      ORDER BY seq DESC LIMIT 1";

const THIN: &str = "
DELETE FROM drafts WHERE course = ?1 AND item = ?2 AND slot = ?3 AND kept = 0
  AND seq < coalesce((SELECT min(seq) FROM (SELECT seq FROM drafts
    WHERE course = ?1 AND item = ?2 AND slot = ?3 ORDER BY seq DESC LIMIT ?4)), 0)
  AND EXISTS (SELECT 1 FROM drafts AS later WHERE later.course = ?1 AND later.item = ?2 AND later.slot = ?3
    AND later.seq > drafts.seq AND later.at / 60000 = drafts.at / 60000)";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::shelf;

    #[test]
    fn a_draft_is_the_latest_text_of_its_slot() {
        let (_dir, store) = shelf();
        let (course, item) = ("c".into(), "i".into());
        store.draft_put(&course, &item, "text", "My ess", TimeMs(1)).unwrap();
        store.draft_put(&course, &item, "text", "My essay", TimeMs(2)).unwrap();
        store.draft_put(&course, &item, "reply:7", "Yes", TimeMs(3)).unwrap();
        let draft = store.draft_get(&course, &item, "text").unwrap();
        assert_eq!(draft, Some(Draft { text: "My essay".into(), at: TimeMs(2) }));
        assert_eq!(store.draft_get(&course, &item, "other").unwrap(), None);
        assert_eq!(store.draft_history(&course, &item, "text").unwrap().len(), 2);
    }

    #[test]
    fn an_hour_of_typing_keeps_every_minute_and_what_was_wiped() {
        let (_dir, store) = shelf();
        let (course, item) = (CourseId::from("c"), ItemId::from("i"));
        let put =
            |text: &str, s: i64| store.draft_put(&course, &item, "text", text, TimeMs(s * 1000)).unwrap();
        for s in 0..600 {
            put(&"word ".repeat(usize::try_from(s).unwrap() + 1), s);
        }
        put("oops", 600);
        for s in 601..900 {
            put(&format!("oops {s}"), s);
        }
        let history = store.draft_history(&course, &item, "text").unwrap();
        assert!(history.len() < 40, "thinned to {}", history.len());
        assert!(history.iter().any(|d| d.text == "word ".repeat(600)), "the text before the wipe is there");
        for minute in 0..15 {
            assert!(history.iter().any(|d| d.at.0 / 60_000 == minute), "minute {minute} is there");
        }
        assert_eq!(history.last().unwrap().text, "oops 899");
    }
}
