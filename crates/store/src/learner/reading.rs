//! How far a reading was scrolled, and what the learner marked as done.

use std::collections::BTreeMap;

use daypack_course::{CourseId, ItemId, TimeMs};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use crate::db::{all, one, run};
use crate::journal::fact::Fact;
use crate::{Store, StoreError};

pub(crate) const TABLE: &str = "
CREATE TABLE readings (
  course TEXT    NOT NULL,
  item   TEXT    NOT NULL,
  scroll REAL    NOT NULL, -- 0 top to 1 end
  at     INTEGER NOT NULL, -- ms since 1970
  PRIMARY KEY (course, item)
) STRICT;
CREATE TABLE done_marks (
  course TEXT    NOT NULL,
  item   TEXT    NOT NULL,
  done   INTEGER NOT NULL, -- 0 or 1, as last marked
  at     INTEGER NOT NULL, -- ms since 1970
  PRIMARY KEY (course, item)
) STRICT;
";

/// Where a reading was left.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReadingPlace {
    /// 0 top to 1 end.
    pub scroll: f64,
    /// When.
    pub at: TimeMs,
}

/// A mark by the learner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// Done, or taken back.
    pub done: bool,
    /// When it was marked.
    pub at: TimeMs,
}

impl Store {
    /// Notes how far the reading is scrolled, 0 to 1; other numbers are brought into that.
    pub fn reading_put(
        &self,
        course: &CourseId,
        item: &ItemId,
        scroll: f64,
        at: TimeMs,
    ) -> Result<(), StoreError> {
        self.learner
            .keep(&Fact::Reading {
                course: course.clone(),
                item: item.clone(),
                scroll: if scroll.is_nan() { 0.0 } else { scroll.clamp(0.0, 1.0) },
                at,
            })
            .map(|_| ())
    }

    /// Where the reading was left.
    pub fn reading_get(&self, course: &CourseId, item: &ItemId) -> Result<Option<ReadingPlace>, StoreError> {
        self.learner.read(|c| {
            one(
                c,
                "SELECT scroll, at FROM readings WHERE course = ?1 AND item = ?2",
                [course.as_str(), item.as_str()],
                |row| Ok(ReadingPlace { scroll: row.get(0)?, at: TimeMs(row.get(1)?) }),
            )
        })
    }

    /// Marks an item as done or not.
    pub fn done_put(
        &self,
        course: &CourseId,
        item: &ItemId,
        done: bool,
        at: TimeMs,
    ) -> Result<(), StoreError> {
        self.learner.keep(&Fact::Done { course: course.clone(), item: item.clone(), done, at }).map(|_| ())
    }

    /// All marks of a course, those taken back included.
    pub fn done_of(&self, course: &CourseId) -> Result<BTreeMap<ItemId, Done>, StoreError> {
        let rows = self.learner.read(|c| {
            all(c, "SELECT item, done, at FROM done_marks WHERE course = ?1", [course.as_str()], |row| {
                let mark = Done { done: row.get(1)?, at: TimeMs(row.get(2)?) };
                Ok((ItemId::new(row.get::<_, String>(0)?), mark))
            })
        })?;
        Ok(rows.into_iter().collect())
    }
}

pub(crate) fn put_done(
    tx: &Connection,
    course: &CourseId,
    item: &ItemId,
    done: bool,
    at: TimeMs,
) -> Result<(), StoreError> {
    run(
        tx,
        "INSERT INTO done_marks (course, item, done, at) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (course, item) DO UPDATE SET done = excluded.done, at = excluded.at",
        (course.as_str(), item.as_str(), done, at.0),
    )
    .map(|_| ())
}

pub(crate) fn put(
    tx: &Connection,
    course: &CourseId,
    item: &ItemId,
    scroll: f64,
    at: TimeMs,
) -> Result<(), StoreError> {
    let scroll = if scroll.is_nan() { 0.0 } else { scroll.clamp(0.0, 1.0) };

    run(
        tx,
        "INSERT INTO readings (course, item, scroll, at) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (course, item) DO UPDATE SET scroll = excluded.scroll, at = excluded.at",
        (course.as_str(), item.as_str(), scroll, at.0),
    )
    .map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::shelf;

    #[test]
    fn a_reading_opens_where_it_was_left() {
        let (_dir, store) = shelf();
        let (course, item) = (CourseId::from("c"), ItemId::from("r"));
        store.reading_put(&course, &item, 0.4, TimeMs(1)).unwrap();
        store.reading_put(&course, &item, 7.0, TimeMs(2)).unwrap();
        let found = store.reading_get(&course, &item).unwrap();
        assert_eq!(found, Some(ReadingPlace { scroll: 1.0, at: TimeMs(2) }));
    }

    #[test]
    fn a_mark_can_be_taken_back() {
        let (_dir, store) = shelf();
        let (course, item) = (CourseId::from("c"), ItemId::from("r"));
        store.done_put(&course, &item, true, TimeMs(1)).unwrap();
        store.done_put(&course, &item, false, TimeMs(2)).unwrap();
        let marks = store.done_of(&course).unwrap();
        assert_eq!(marks.get(&item), Some(&Done { done: false, at: TimeMs(2) }));
        assert!(store.done_of(&"other".into()).unwrap().is_empty());
    }
}
