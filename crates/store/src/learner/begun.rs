//! What was begun and not handed in: texts, files and open attempts, course by course.

use std::collections::BTreeSet;

use daypack_course::{CourseId, ItemId};

use crate::db::all;
use crate::{Store, StoreError};

/// The latest text of one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LatestDraft {
    /// Its course.
    pub course: CourseId,
    /// Its item.
    pub item: ItemId,
    /// Which text of the item.
    pub slot: String,
    /// The whole text; never blank.
    pub text: String,
}

impl Store {
    /// The latest text of each place where it is not blank.
    pub fn latest_drafts(&self) -> Result<Vec<LatestDraft>, StoreError> {
        self.learner.read(|c| {
            all(
                c,
                "SELECT course, item, slot, text FROM drafts
                 WHERE seq IN (SELECT max(seq) FROM drafts GROUP BY course, item, slot) AND trim(text) <> ''
                 ORDER BY course, item, slot",
                [],
                |row| {
                    Ok(LatestDraft {
                        course: CourseId::new(row.get::<_, String>(0)?),
                        item: ItemId::new(row.get::<_, String>(1)?),
                        slot: row.get(2)?,
                        text: row.get(3)?,
                    })
                },
            )
        })
    }

    /// Items with files that are attached to a draft.
    pub fn items_with_files(&self) -> Result<BTreeSet<(CourseId, ItemId)>, StoreError> {
        self.items("SELECT DISTINCT course, item FROM draft_files")
    }

    /// Items with an open attempt that holds answers.
    pub fn items_being_answered(&self) -> Result<BTreeSet<(CourseId, ItemId)>, StoreError> {
        self.items(
            "SELECT DISTINCT course, item FROM attempts WHERE finished IS NULL
             AND EXISTS (SELECT 1 FROM responses WHERE responses.attempt = attempts.id)",
        )
    }

    fn items(&self, sql: &str) -> Result<BTreeSet<(CourseId, ItemId)>, StoreError> {
        let rows = self.learner.read(|c| {
            all(c, sql, [], |row| {
                Ok((CourseId::new(row.get::<_, String>(0)?), ItemId::new(row.get::<_, String>(1)?)))
            })
        })?;
        Ok(rows.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use daypack_course::TimeMs;

    use crate::testing::{attempt_row, essay, shelf};

    #[test]
    fn only_what_still_holds_something_counts_as_begun() {
        let (_dir, store) = shelf();
        let put = |slot: &str, text: &str, at| {
            store.draft_put(&"c".into(), &"i".into(), slot, text, TimeMs(at)).unwrap()
        };
        put("text", "half a thought", 1);
        put("new", "sent since", 2);
        put("new", "", 3);
        let drafts = store.latest_drafts().unwrap();
        assert_eq!(drafts.iter().map(|d| d.slot.as_str()).collect::<Vec<_>>(), ["text"]);
        let row = attempt_row("t");
        store.attempt_create(&row).unwrap();
        assert!(store.items_being_answered().unwrap().is_empty(), "opened is not begun");
        store.response_put(&row.id, &"q1".into(), &essay("a"), TimeMs(4)).unwrap();
        assert_eq!(store.items_being_answered().unwrap().len(), 1);
        store.attempt_finish(&row.id, TimeMs(5), None, None).unwrap();
        assert!(store.items_being_answered().unwrap().is_empty(), "finished is not open");
        assert!(store.items_with_files().unwrap().is_empty());
    }
}
