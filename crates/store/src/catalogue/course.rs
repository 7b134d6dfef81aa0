//! Courses on the shelf. Forgetting one removes what the catalogue knows of it and nothing the learner made.

use daypack_course::outline::{Course, Origin};
use daypack_course::{CourseId, TimeMs};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use crate::db::{all, int, json, one, run, to_json};
use crate::{Store, StoreError};

pub(crate) const TABLE: &str = "
CREATE TABLE courses (
  id       TEXT    NOT NULL PRIMARY KEY, -- CourseId
  title    TEXT    NOT NULL,
  summary  TEXT    NOT NULL,
  language TEXT    NOT NULL, -- BCP 47
  origin   TEXT    NOT NULL, -- JSON
  items    INTEGER NOT NULL, -- how many
  course   TEXT    NOT NULL, -- JSON of the whole course
  added    INTEGER NOT NULL  -- ms since 1970
) STRICT;
";

/// A course in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CourseRow {
    /// On this computer.
    pub id: CourseId,
    /// Shown title.
    pub title: String,
    /// One or two sentences.
    pub summary: String,
    /// Where it came from.
    pub origin: Origin,
    /// BCP 47 tag.
    pub language: String,
    /// How many items it has.
    pub items: u32,
    /// When it was first put here.
    pub added: TimeMs,
}

impl Store {
    /// Puts the course on the shelf or brings it up to date; `added` stays as it was first.
    pub fn course_put(&self, course: &Course, added: TimeMs) -> Result<(), StoreError> {
        let (origin, whole) = (to_json(&course.origin)?, to_json(course)?);
        self.catalogue.write(|tx| {
            run(
                tx,
                "INSERT INTO courses (id, title, summary, language, origin, items, course, added)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                 ON CONFLICT (id) DO UPDATE SET title = excluded.title, summary = excluded.summary,
                   language = excluded.language, origin = excluded.origin, items = excluded.items,
                   course = excluded.course",
                (
                    course.id.as_str(),
                    &course.title,
                    &course.summary,
                    &course.language,
                    &origin,
                    int(course.items().count() as u64),
                    &whole,
                    added.0,
                ),
            )
            .map(|_| ())
        })
    }

    /// The whole course.
    pub fn course_get(&self, id: &CourseId) -> Result<Option<Course>, StoreError> {
        self.catalogue.read(|c| get(c, id))
    }

    /// All courses, in the order they were put here.
    pub fn courses(&self) -> Result<Vec<CourseRow>, StoreError> {
        self.catalogue.read(rows)
    }

    /// Takes the course off the shelf with what is known of its files, findings and threads; `false` when it was
    /// not there. Objects stay until `object_remove`; the learner's work, answers and drafts stay for good.
    pub fn course_forget(&self, id: &CourseId) -> Result<bool, StoreError> {
        self.catalogue.write(|tx| {
            run(tx, "DELETE FROM assets WHERE course = ?1", [id.as_str()])?;
            run(tx, "DELETE FROM findings WHERE course = ?1", [id.as_str()])?;
            run(tx, "DELETE FROM threads WHERE course = ?1", [id.as_str()])?;
            Ok(run(tx, "DELETE FROM courses WHERE id = ?1", [id.as_str()])? > 0)
        })
    }
}

pub(crate) fn get(conn: &Connection, id: &CourseId) -> Result<Option<Course>, StoreError> {
    one(conn, "SELECT course FROM courses WHERE id = ?1", [id.as_str()], |row| json(row, 0))
}

pub(crate) fn rows(conn: &Connection) -> Result<Vec<CourseRow>, StoreError> {
    let sql = "SELECT id, title, summary, language, origin, items, added FROM courses ORDER BY added, id";
    all(conn, sql, [], |row| {
        Ok(CourseRow {
            id: CourseId::new(row.get::<_, String>(0)?),
            title: row.get(1)?,
            summary: row.get(2)?,
            language: row.get(3)?,
            origin: json(row, 4)?,
            items: row.get(5)?,
            added: TimeMs(row.get(6)?),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{attempt_row, digest, reopened, shelf, work};

    fn course(id: &str, title: &str) -> Course {
        Course {
            id: id.into(),
            title: title.into(),
            language: "en".into(),
            summary: "s".into(),
            licence: "CC0-1.0".into(),
            origin: Origin::BuiltIn,
            sections: Vec::new(),
            assets: Default::default(),
            zone: None,
        }
    }

    #[test]
    fn a_course_comes_back_whole_and_in_the_list() {
        let (dir, store) = shelf();
        store.course_put(&course("b", "Old"), TimeMs(1)).unwrap();
        store.course_put(&course("a", "A"), TimeMs(2)).unwrap();
        store.course_put(&course("b", "B"), TimeMs(3)).unwrap();
        let store = reopened(&dir, store);
        assert_eq!(store.course_get(&"b".into()).unwrap(), Some(course("b", "B")));
        let list = store.courses().unwrap();
        assert_eq!(
            list.iter().map(|c| (c.title.as_str(), c.added)).collect::<Vec<_>>(),
            [("B", TimeMs(1)), ("A", TimeMs(2))]
        );
    }

    #[test]
    fn forgetting_a_course_keeps_what_the_learner_made() {
        let (_dir, store) = shelf();
        store.course_put(&course("c", "C"), TimeMs(1)).unwrap();
        store.asset_complete_put(&"c".into(), &"f".into(), &digest("f"), 1).unwrap();
        store.attempt_create(&attempt_row("t")).unwrap();
        store.draft_put(&"c".into(), &"i".into(), "text", "mine", TimeMs(1)).unwrap();
        store.work_add(&work("w")).unwrap();
        assert!(store.course_forget(&"c".into()).unwrap());
        assert!(!store.course_forget(&"c".into()).unwrap());
        assert!(store.assets_of(&"c".into()).unwrap().is_empty());
        assert!(store.attempt_get(&"t".into()).unwrap().is_some());
        assert!(store.draft_get(&"c".into(), &"i".into(), "text").unwrap().is_some());
        assert_eq!(store.unsent_count().unwrap(), 1);
    }
}
