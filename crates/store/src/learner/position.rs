//! Where a lecture was left, how fast it was played, and which parts were watched.

use std::collections::BTreeMap;

use daypack_course::progress::Watched;
use daypack_course::{CourseId, ItemId, TimeMs};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use crate::db::{all, int, json, one, run, to_json, uint};
use crate::journal::fact::Fact;
use crate::{Store, StoreError};

pub(crate) const TABLE: &str = "
CREATE TABLE positions (
  course      TEXT    NOT NULL,
  item        TEXT    NOT NULL,
  position_ms INTEGER NOT NULL, -- from the start of the lecture
  rate        REAL    NOT NULL, -- speed of playing
  watched     TEXT    NOT NULL, -- JSON: sorted, disjoint [from, to) in ms
  at          INTEGER NOT NULL, -- ms since 1970
  PRIMARY KEY (course, item)
) STRICT;
";

/// A lecture as it was left.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// From the start of the lecture.
    pub position_ms: u64,
    /// Speed of playing.
    pub rate: f64,
    /// The parts watched.
    pub watched: Watched,
    /// When it was last played.
    pub at: TimeMs,
}

impl Store {
    /// Notes where the lecture is; a rate that is no number counts as 1.
    pub fn position_put(
        &self,
        course: &CourseId,
        item: &ItemId,
        position_ms: u64,
        rate: f64,
        at: TimeMs,
    ) -> Result<(), StoreError> {
        self.learner
            .keep(&Fact::Position {
                course: course.clone(),
                item: item.clone(),
                position_ms,
                rate: if rate.is_finite() { rate } else { 1.0 },
                at,
            })
            .map(|_| ())
    }

    /// Adds watched parts to those that are there; nothing watched is forgotten.
    pub fn watched_add(&self, course: &CourseId, item: &ItemId, more: &Watched) -> Result<(), StoreError> {
        self.learner
            .keep(&Fact::Watched { course: course.clone(), item: item.clone(), more: more.clone() })
            .map(|_| ())
    }

    /// The lecture as it was left; `None` before it was first played.
    pub fn position_get(&self, course: &CourseId, item: &ItemId) -> Result<Option<Position>, StoreError> {
        self.learner.read(|c| {
            one(
                c,
                "SELECT position_ms, rate, watched, at FROM positions WHERE course = ?1 AND item = ?2",
                [course.as_str(), item.as_str()],
                position,
            )
        })
    }

    /// All lectures of a course that were played.
    pub fn all_positions(&self, course: &CourseId) -> Result<BTreeMap<ItemId, Position>, StoreError> {
        let rows = self.learner.read(|c| {
            all(
                c,
                "SELECT position_ms, rate, watched, at, item FROM positions WHERE course = ?1",
                [course.as_str()],
                |row| Ok((ItemId::new(row.get::<_, String>(4)?), position(row)?)),
            )
        })?;
        Ok(rows.into_iter().collect())
    }
}

pub(crate) fn add_watched(
    tx: &Connection,
    course: &CourseId,
    item: &ItemId,
    more: &Watched,
) -> Result<(), StoreError> {
    let place = (course.as_str(), item.as_str());

    let sql = "SELECT watched FROM positions WHERE course = ?1 AND item = ?2";
    let before: Watched = one(tx, sql, place, |row| json(row, 0))?.unwrap_or_default();
    let watched = to_json(&before.merge(more))?;
    run(
        tx,
        "INSERT INTO positions (course, item, position_ms, rate, watched, at)
                 VALUES (?1, ?2, 0, 1.0, ?3, 0)
                 ON CONFLICT (course, item) DO UPDATE SET watched = excluded.watched",
        (place.0, place.1, &watched),
    )
    .map(|_| ())
}

pub(crate) fn put(
    tx: &Connection,
    course: &CourseId,
    item: &ItemId,
    position_ms: u64,
    rate: f64,
    at: TimeMs,
) -> Result<(), StoreError> {
    let rate = if rate.is_finite() && rate > 0.0 { rate } else { 1.0 };

    run(
        tx,
        "INSERT INTO positions (course, item, position_ms, rate, watched, at)
                 VALUES (?1, ?2, ?3, ?4, '[]', ?5)
                 ON CONFLICT (course, item) DO UPDATE
                 SET position_ms = excluded.position_ms, rate = excluded.rate, at = excluded.at",
        (course.as_str(), item.as_str(), int(position_ms), rate, at.0),
    )
    .map(|_| ())
}

fn position(row: &rusqlite::Row<'_>) -> Result<Position, StoreError> {
    Ok(Position {
        position_ms: uint(row.get(0)?),
        rate: row.get(1)?,
        watched: json(row, 2)?,
        at: TimeMs(row.get(3)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::shelf;

    #[test]
    fn the_position_moves_and_the_watched_parts_only_grow() {
        let (_dir, store) = shelf();
        let (course, item) = (CourseId::from("c"), ItemId::from("v"));
        let part = |from, to| {
            let mut w = Watched::new();
            w.add(from, to);
            w
        };
        assert_eq!(store.position_get(&course, &item).unwrap(), None);
        store.watched_add(&course, &item, &part(0, 5_000)).unwrap();
        store.position_put(&course, &item, 5_000, 1.5, TimeMs(1)).unwrap();
        store.watched_add(&course, &item, &part(9_000, 12_000)).unwrap();
        store.position_put(&course, &item, 100, f64::NAN, TimeMs(2)).unwrap();
        let found = store.position_get(&course, &item).unwrap().unwrap();
        assert_eq!((found.position_ms, found.rate, found.at), (100, 1.0, TimeMs(2)));
        assert_eq!(found.watched.intervals(), [(0, 5_000), (9_000, 12_000)]);
        assert_eq!(store.all_positions(&course).unwrap().get(&item), Some(&found));
    }
}
