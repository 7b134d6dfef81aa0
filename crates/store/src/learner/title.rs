//! What a course or an item was called when something was made in it: names for work whose course left the shelf.

use daypack_course::{CourseId, ItemId};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use crate::db::{all, one, run};
use crate::journal::fact::Fact;
use crate::{Store, StoreError};

pub(crate) const TABLE: &str = "
CREATE TABLE titles (
  course TEXT NOT NULL,
  item   TEXT NOT NULL, -- empty: the course itself
  title  TEXT NOT NULL, -- as last seen
  PRIMARY KEY (course, item)
) STRICT;
";

/// The name of a course or of one of its items.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Title {
    /// The course.
    pub course: CourseId,
    /// The item; `None` for the course itself.
    pub item: Option<ItemId>,
    /// As last seen.
    pub title: String,
}

impl Store {
    /// Keeps names; a newer one replaces an older one.
    pub fn titles_put(&self, titles: &[Title]) -> Result<(), StoreError> {
        self.learner.keep(&Fact::Titles { titles: titles.to_vec() }).map(|_| ())
    }

    /// The kept name of a course (`None`) or of an item.
    pub fn title_get(&self, course: &CourseId, item: Option<&ItemId>) -> Result<Option<String>, StoreError> {
        let item = item.map_or("", ItemId::as_str);
        let sql = "SELECT title FROM titles WHERE course = ?1 AND item = ?2";
        self.learner.read(|c| one(c, sql, [course.as_str(), item], |row| Ok(row.get(0)?)))
    }

    /// All kept names.
    pub(crate) fn titles(&self) -> Result<Vec<Title>, StoreError> {
        self.learner.read(|c| {
            all(c, "SELECT course, item, title FROM titles ORDER BY course, item", [], |row| {
                let item: String = row.get(1)?;
                Ok(Title {
                    course: CourseId::new(row.get::<_, String>(0)?),
                    item: (!item.is_empty()).then(|| ItemId::new(item)),
                    title: row.get(2)?,
                })
            })
        })
    }
}

pub(crate) fn put(tx: &Connection, titles: &[Title]) -> Result<(), StoreError> {
    for title in titles {
        let item = title.item.as_ref().map_or("", ItemId::as_str);
        run(
            tx,
            "INSERT INTO titles (course, item, title) VALUES (?1, ?2, ?3)
             ON CONFLICT (course, item) DO UPDATE SET title = excluded.title",
            [title.course.as_str(), item, &title.title],
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{reopened, shelf};

    #[test]
    fn the_names_of_a_removed_course_come_back_after_the_database_was_damaged() {
        for with_journal in [true, false] {
            let (dir, store) = shelf();
            let name = Title { course: "c".into(), item: None, title: "Soil".into() };
            store.titles_put(&[name]).unwrap();
            drop(store);
            std::fs::write(dir.path().join("learner.db"), [0; 4096]).unwrap();
            if !with_journal {
                // The control: nothing but the journal has them since the last backup.
                std::fs::remove_dir_all(dir.path().join("journal")).unwrap();
            }
            let store = Store::open(dir.path(), daypack_course::TimeMs(9)).unwrap();
            assert!(store.opened().recovered.is_some());
            let found = store.title_get(&"c".into(), None).unwrap();
            assert_eq!(found.as_deref(), with_journal.then_some("Soil"));
            let store = reopened(&dir, store);
            assert_eq!(store.title_get(&"c".into(), None).unwrap(), found);
        }
    }

    #[test]
    fn a_name_is_kept_for_the_course_and_for_each_item() {
        let (_dir, store) = shelf();
        let title = |item: Option<&str>, title: &str| Title {
            course: "c".into(),
            item: item.map(ItemId::from),
            title: title.into(),
        };
        store.titles_put(&[title(None, "Soil"), title(Some("i"), "Essay")]).unwrap();
        store.titles_put(&[title(Some("i"), "Essay 2")]).unwrap();
        assert_eq!(store.title_get(&"c".into(), None).unwrap().as_deref(), Some("Soil"));
        assert_eq!(store.title_get(&"c".into(), Some(&"i".into())).unwrap().as_deref(), Some("Essay 2"));
        assert_eq!(store.title_get(&"x".into(), None).unwrap(), None);
    }
}
