//! Discussions as pulled from the site.

use daypack_course::{CourseId, ItemId, TimeMs};
use serde_json::Value;

use crate::db::{json, one, run, to_json};
use crate::{Store, StoreError};

pub(crate) const TABLE: &str = "
CREATE TABLE threads (
  course TEXT    NOT NULL,
  item   TEXT    NOT NULL,
  posts  TEXT    NOT NULL, -- JSON, as the connector gives it
  at     INTEGER NOT NULL, -- when it was pulled, ms since 1970
  PRIMARY KEY (course, item)
) STRICT;
";

impl Store {
    /// Replaces the posts of a discussion.
    pub fn posts_replace(
        &self,
        course: &CourseId,
        item: &ItemId,
        posts: &Value,
        at: TimeMs,
    ) -> Result<(), StoreError> {
        let posts = to_json(posts)?;
        self.catalogue.write(|tx| {
            run(
                tx,
                "INSERT INTO threads (course, item, posts, at) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (course, item) DO UPDATE SET posts = excluded.posts, at = excluded.at",
                (course.as_str(), item.as_str(), &posts, at.0),
            )
            .map(|_| ())
        })
    }

    /// The posts of a discussion and when they were pulled.
    pub fn posts_get(&self, course: &CourseId, item: &ItemId) -> Result<Option<(Value, TimeMs)>, StoreError> {
        let sql = "SELECT posts, at FROM threads WHERE course = ?1 AND item = ?2";
        self.catalogue.read(|c| {
            one(c, sql, [course.as_str(), item.as_str()], |row| Ok((json(row, 0)?, TimeMs(row.get(1)?))))
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::shelf;

    #[test]
    fn a_discussion_holds_what_was_pulled_last() {
        let (_dir, store) = shelf();
        let (course, item) = (CourseId::from("c"), ItemId::from("d"));
        assert_eq!(store.posts_get(&course, &item).unwrap(), None);
        store.posts_replace(&course, &item, &json!([1]), TimeMs(1)).unwrap();
        store.posts_replace(&course, &item, &json!([1, 2]), TimeMs(2)).unwrap();
        assert_eq!(store.posts_get(&course, &item).unwrap(), Some((json!([1, 2]), TimeMs(2))));
    }
}
