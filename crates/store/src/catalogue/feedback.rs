//! Grades, comments and recorded messages as pulled from the site, with the files that came with them.

use daypack_course::Digest;
use daypack_course::feedback::Feedback;
use daypack_course::outline::Binding;

use crate::db::{all, json, one, run, to_json};
use crate::learner::draft_file::digest;
use crate::{Store, StoreError};

pub(crate) const TABLE: &str = "
CREATE TABLE feedback (
  id       TEXT    NOT NULL PRIMARY KEY, -- the same feedback pulled again has the same id
  about    TEXT    NOT NULL, -- JSON of the binding
  given    INTEGER NOT NULL, -- ms since 1970, the site's clock
  feedback TEXT    NOT NULL  -- JSON of the whole
) STRICT;
CREATE INDEX feedback_by_activity ON feedback (about);
CREATE TABLE feedback_files (
  feedback TEXT NOT NULL,
  url      TEXT NOT NULL, -- without token
  digest   TEXT NOT NULL, -- SHA-256 of the object
  PRIMARY KEY (feedback, url)
) STRICT;
CREATE INDEX feedback_files_by_digest ON feedback_files (digest);
";

impl Store {
    /// Keeps the feedback; a newer one with the same id replaces it.
    pub fn feedback_put(&self, feedback: &Feedback) -> Result<(), StoreError> {
        let (about, whole) = (to_json(&feedback.about)?, to_json(feedback)?);
        self.catalogue.write(|tx| {
            run(
                tx,
                "INSERT INTO feedback (id, about, given, feedback) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (id) DO UPDATE
                 SET about = excluded.about, given = excluded.given, feedback = excluded.feedback",
                (&feedback.id, &about, feedback.given.0, &whole),
            )
            .map(|_| ())
        })
    }

    /// All feedback, newest first.
    pub fn feedback_all(&self) -> Result<Vec<Feedback>, StoreError> {
        let sql = "SELECT feedback FROM feedback ORDER BY given DESC, id";
        self.catalogue.read(|c| all(c, sql, [], |row| json(row, 0)))
    }

    /// The feedback on one activity, newest first.
    pub fn feedback_about(&self, about: &Binding) -> Result<Vec<Feedback>, StoreError> {
        let about = to_json(about)?;
        let sql = "SELECT feedback FROM feedback WHERE about = ?1 ORDER BY given DESC, id";
        self.catalogue.read(|c| all(c, sql, [&about], |row| json(row, 0)))
    }

    /// Notes that a file of the feedback is here as this object.
    pub fn feedback_file_put(&self, feedback: &str, url: &str, digest: &Digest) -> Result<(), StoreError> {
        self.catalogue.write(|tx| {
            run(
                tx,
                "INSERT INTO feedback_files (feedback, url, digest) VALUES (?1, ?2, ?3)
                 ON CONFLICT (feedback, url) DO UPDATE SET digest = excluded.digest",
                (feedback, url, digest.to_string()),
            )
            .map(|_| ())
        })
    }

    /// The object of a file of the feedback, when it is here.
    pub fn feedback_file_get(&self, feedback: &str, url: &str) -> Result<Option<Digest>, StoreError> {
        let sql = "SELECT digest FROM feedback_files WHERE feedback = ?1 AND url = ?2";
        self.catalogue.read(|c| one(c, sql, [feedback, url], |row| digest(row, 0)))
    }
}

#[cfg(test)]
mod tests {
    use daypack_course::TimeMs;

    use super::*;
    use crate::testing::{binding, shelf};

    fn feedback(id: &str, cmid: &str, given: i64, version: &str) -> Feedback {
        Feedback {
            id: id.into(),
            account: "acc".into(),
            about: binding(cmid),
            grade: None,
            comment_html: "<p>Well done</p>".into(),
            questions: Vec::new(),
            files: Vec::new(),
            from: "T".into(),
            given: TimeMs(given),
            version: version.into(),
        }
    }

    #[test]
    fn changed_feedback_replaces_the_old_and_lies_with_its_activity() {
        let (_dir, store) = shelf();
        store.feedback_put(&feedback("f1", "3", 1, "a")).unwrap();
        store.feedback_put(&feedback("f1", "3", 2, "b")).unwrap();
        store.feedback_put(&feedback("f2", "4", 9, "a")).unwrap();
        assert_eq!(store.feedback_about(&binding("3")).unwrap(), [feedback("f1", "3", 2, "b")]);
        let all = store.feedback_all().unwrap();
        assert_eq!(all.iter().map(|f| f.id.as_str()).collect::<Vec<_>>(), ["f2", "f1"]);
    }

    #[test]
    fn a_recorded_message_is_not_removed_to_make_room() {
        let (_dir, store) = shelf();
        let (digest, _) = store.objects().import_reader(&b"voice"[..], None).unwrap();
        store.feedback_file_put("f1", "https://campus.example/v.mp3", &digest).unwrap();
        let found = store.feedback_file_get("f1", "https://campus.example/v.mp3").unwrap();
        assert_eq!(found, Some(digest));
        assert!(matches!(store.object_remove(&digest), Err(StoreError::Pinned(_))));
    }
}
