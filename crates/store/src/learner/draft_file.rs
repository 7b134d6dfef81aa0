//! Files attached to work that is not sealed yet. Taking a file off the list leaves its bytes in `mine/`.

use daypack_course::work::WorkFile;
use daypack_course::{CourseId, Digest, ItemId};
use rusqlite::Connection;

use crate::db::{all, int, run, uint};
use crate::journal::fact::Fact;
use crate::{Store, StoreError};

pub(crate) const TABLE: &str = "
CREATE TABLE draft_files (
  seq        INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, -- order of attaching
  course     TEXT    NOT NULL,
  item       TEXT    NOT NULL,
  name       TEXT    NOT NULL, -- for the teacher
  digest     TEXT    NOT NULL, -- SHA-256 of the bytes in mine/
  size       INTEGER NOT NULL, -- bytes
  media_type TEXT    NOT NULL,
  UNIQUE (course, item, name)
) STRICT;
";

impl Store {
    /// Attaches a file whose bytes are in `mine`; one of the same name is replaced.
    pub fn draft_file_add(
        &self,
        course: &CourseId,
        item: &ItemId,
        file: &WorkFile,
    ) -> Result<(), StoreError> {
        if !self.mine.has(&file.digest) {
            return Err(StoreError::missing("object", file.digest));
        }
        self.learner
            .keep(&Fact::DraftFile { course: course.clone(), item: item.clone(), file: file.clone() })
            .map(|_| ())
    }
    /// Takes the file of this name off the list; `false` when it was not on it.
    pub fn draft_file_remove(
        &self,
        course: &CourseId,
        item: &ItemId,
        name: &str,
    ) -> Result<bool, StoreError> {
        Ok(self.learner.keep(&Fact::DraftFileRemoved {
            course: course.clone(),
            item: item.clone(),
            name: name.to_owned(),
        })? > 0)
    }

    /// The attached files in the order of attaching.
    pub fn draft_files(&self, course: &CourseId, item: &ItemId) -> Result<Vec<WorkFile>, StoreError> {
        self.learner.read(|c| {
            all(
                c,
                "SELECT name, digest, size, media_type FROM draft_files WHERE course = ?1 AND item = ?2
                 ORDER BY seq",
                [course.as_str(), item.as_str()],
                |row| {
                    Ok(WorkFile {
                        name: row.get(0)?,
                        digest: digest(row, 1)?,
                        size: uint(row.get(2)?),
                        media_type: row.get(3)?,
                    })
                },
            )
        })
    }
}

pub(crate) fn add(
    tx: &Connection,
    course: &CourseId,
    item: &ItemId,
    file: &WorkFile,
) -> Result<(), StoreError> {
    run(
        tx,
        "INSERT INTO draft_files (course, item, name, digest, size, media_type)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (course, item, name) DO UPDATE
                 SET digest = excluded.digest, size = excluded.size, media_type = excluded.media_type",
        (
            course.as_str(),
            item.as_str(),
            &file.name,
            file.digest.to_string(),
            int(file.size),
            &file.media_type,
        ),
    )
    .map(|_| ())
}

pub(crate) fn remove(
    tx: &Connection,
    course: &CourseId,
    item: &ItemId,
    name: &str,
) -> Result<bool, StoreError> {
    let sql = "DELETE FROM draft_files WHERE course = ?1 AND item = ?2 AND name = ?3";
    Ok(run(tx, sql, (course.as_str(), item.as_str(), name))? > 0)
}

/// A digest column.
pub(crate) fn digest(row: &rusqlite::Row<'_>, column: usize) -> Result<Digest, StoreError> {
    let text: String = row.get(column)?;
    Digest::parse(&text).map_err(|e| StoreError::Json(serde::de::Error::custom(e)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::shelf;

    #[test]
    fn a_file_taken_off_the_list_keeps_its_bytes() {
        let (_dir, store) = shelf();
        let (course, item) = (CourseId::from("c"), ItemId::from("i"));
        let (digest, size) = store.mine().import_reader(&b"%PDF"[..], None).unwrap();
        let file = WorkFile { name: "essay.pdf".into(), digest, size, media_type: "application/pdf".into() };
        store.draft_file_add(&course, &item, &file).unwrap();
        assert_eq!(store.draft_files(&course, &item).unwrap(), std::slice::from_ref(&file));
        assert!(store.draft_file_remove(&course, &item, "essay.pdf").unwrap());
        assert!(store.draft_files(&course, &item).unwrap().is_empty());
        assert!(store.mine().has(&digest));
    }

    #[test]
    fn a_file_without_bytes_cannot_be_attached() {
        let (_dir, store) = shelf();
        let file = WorkFile { name: "x".into(), digest: Digest::of(b"x"), size: 1, media_type: "t/t".into() };
        assert!(matches!(
            store.draft_file_add(&"c".into(), &"i".into(), &file),
            Err(StoreError::Missing { what: "object", .. })
        ));
    }
}
