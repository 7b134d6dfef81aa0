//! Moments that the learner marked in a lecture. A mark that is taken away stays, marked as removed, and can come back.

use daypack_course::{CourseId, ItemId, TimeMs};
use rusqlite::{Connection, Row};
use serde::{Deserialize, Serialize};

use crate::db::{all, int, one, run, uint};
use crate::journal::fact::Fact;
use crate::{Store, StoreError};

pub(crate) const TABLE: &str = "
CREATE TABLE bookmarks (
  id      TEXT    NOT NULL PRIMARY KEY,
  course  TEXT    NOT NULL,
  item    TEXT    NOT NULL,
  at_ms   INTEGER NOT NULL, -- from the start of the lecture
  text    TEXT    NOT NULL, -- the learner's words, may be empty
  removed INTEGER NOT NULL, -- 0 or 1
  at      INTEGER NOT NULL  -- ms since 1970, last change
) STRICT;
CREATE INDEX bookmarks_of ON bookmarks (course, item);
";

/// A marked moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bookmark {
    /// Its id.
    pub id: String,
    /// Of which course.
    pub course: CourseId,
    /// In which lecture.
    pub item: ItemId,
    /// From the start of the lecture, in milliseconds.
    pub at_ms: u64,
    /// The learner's words; may be empty.
    pub text: String,
    /// Taken away.
    pub removed: bool,
    /// When it was last changed.
    pub at: TimeMs,
}

impl Store {
    /// Keeps a mark as it is now: a new one, a change, or a removal; on the disk on return.
    pub fn bookmark_put(&self, bookmark: &Bookmark) -> Result<(), StoreError> {
        self.learner.keep(&Fact::Bookmark { bookmark: Box::new(bookmark.clone()) }).map(|_| ())
    }

    /// A mark by its id, also one that was taken away.
    pub fn bookmark_get(&self, id: &str) -> Result<Option<Bookmark>, StoreError> {
        self.learner.read(|c| {
            one(
                c,
                "SELECT id, course, item, at_ms, text, removed, at FROM bookmarks WHERE id = ?1",
                [id],
                read,
            )
        })
    }

    /// The marks of a lecture by their place, without those taken away.
    pub fn bookmarks_of(&self, course: &CourseId, item: &ItemId) -> Result<Vec<Bookmark>, StoreError> {
        self.learner.read(|c| {
            all(
                c,
                "SELECT id, course, item, at_ms, text, removed, at FROM bookmarks
                 WHERE course = ?1 AND item = ?2 AND removed = 0 ORDER BY at_ms, id",
                [course.as_str(), item.as_str()],
                read,
            )
        })
    }
}

/// A row of the table, its columns in their order.
pub(crate) fn read(row: &Row<'_>) -> Result<Bookmark, StoreError> {
    Ok(Bookmark {
        id: row.get(0)?,
        course: CourseId::new(row.get::<_, String>(1)?),
        item: ItemId::new(row.get::<_, String>(2)?),
        at_ms: uint(row.get(3)?),
        text: row.get(4)?,
        removed: row.get(5)?,
        at: TimeMs(row.get(6)?),
    })
}

pub(crate) fn put(tx: &Connection, b: &Bookmark) -> Result<(), StoreError> {
    run(
        tx,
        "INSERT INTO bookmarks (id, course, item, at_ms, text, removed, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                 ON CONFLICT (id) DO UPDATE SET
                 at_ms = excluded.at_ms, text = excluded.text, removed = excluded.removed, at = excluded.at",
        (&b.id, b.course.as_str(), b.item.as_str(), int(b.at_ms), &b.text, b.removed, b.at.0),
    )
    .map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::shelf;

    #[test]
    fn a_mark_that_is_taken_away_stays_and_comes_back() {
        let (_dir, store) = shelf();
        let (course, item) = (CourseId::from("c"), ItemId::from("v"));
        let at = |id: &str, at_ms| Bookmark {
            id: id.into(),
            course: course.clone(),
            item: item.clone(),
            at_ms,
            text: "Ask about this".into(),
            removed: false,
            at: TimeMs(1),
        };
        store.bookmark_put(&at("b", 9_000)).unwrap();
        store.bookmark_put(&at("a", 70_000)).unwrap();
        let ids = || {
            let all = store.bookmarks_of(&course, &item).unwrap();
            all.into_iter().map(|b| b.id).collect::<Vec<_>>()
        };
        assert_eq!(ids(), ["b", "a"]);
        store.bookmark_put(&Bookmark { removed: true, ..at("b", 9_000) }).unwrap();
        assert_eq!(ids(), ["a"]);
        assert_eq!(store.bookmark_get("b").unwrap().unwrap().text, "Ask about this");
        store.bookmark_put(&at("b", 9_000)).unwrap();
        assert_eq!(ids(), ["b", "a"]);
        assert!(store.bookmarks_of(&"other".into(), &item).unwrap().is_empty());
    }
}
