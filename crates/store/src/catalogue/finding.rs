//! What the import of a course had to say.

use daypack_course::CourseId;
use daypack_course::finding::Finding;

use crate::db::{json, one, run, to_json};
use crate::{Store, StoreError};

pub(crate) const TABLE: &str = "
CREATE TABLE findings (
  course   TEXT NOT NULL PRIMARY KEY,
  findings TEXT NOT NULL -- JSON
) STRICT;
";

impl Store {
    /// Replaces the findings about a course.
    pub fn findings_put(&self, course: &CourseId, findings: &[Finding]) -> Result<(), StoreError> {
        let findings = to_json(&findings)?;
        self.catalogue.write(|tx| {
            run(
                tx,
                "INSERT INTO findings (course, findings) VALUES (?1, ?2)
                 ON CONFLICT (course) DO UPDATE SET findings = excluded.findings",
                (course.as_str(), &findings),
            )
            .map(|_| ())
        })
    }

    /// The findings about a course; none when nothing was noted.
    pub fn findings_get(&self, course: &CourseId) -> Result<Vec<Finding>, StoreError> {
        let sql = "SELECT findings FROM findings WHERE course = ?1";
        let found = self.catalogue.read(|c| one(c, sql, [course.as_str()], |row| json(row, 0)))?;
        Ok(found.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use daypack_course::finding::FindingCode;

    use super::*;
    use crate::testing::shelf;

    #[test]
    fn findings_come_back_in_their_order() {
        let (_dir, store) = shelf();
        let finding = |code| Finding { item: Some("i".into()), code, detail: "video.example".into() };
        let both = [finding(FindingCode::OnlineVideo), finding(FindingCode::Damaged)];
        store.findings_put(&"c".into(), &both).unwrap();
        assert_eq!(store.findings_get(&"c".into()).unwrap(), both);
        assert!(store.findings_get(&"other".into()).unwrap().is_empty());
    }
}
