//! How much of each file of a course is here. `have` is what was noted last; the truth about bytes on their way
//! is `Objects::partial_len`.

use std::collections::BTreeMap;

use daypack_course::{AssetId, CourseId, Digest};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use crate::db::{all, int, one, run, uint};
use crate::learner::draft_file::digest;
use crate::{Store, StoreError};

pub(crate) const TABLE: &str = "
CREATE TABLE assets (
  course    TEXT    NOT NULL,
  asset     TEXT    NOT NULL,
  have      INTEGER NOT NULL, -- bytes
  digest    TEXT,             -- SHA-256, once complete
  validator TEXT,             -- strong ETag or version the bytes so far belong to
  complete  INTEGER NOT NULL, -- 1: the object has been proven and named
  PRIMARY KEY (course, asset)
) STRICT;
CREATE INDEX assets_by_digest ON assets (digest) WHERE digest IS NOT NULL;
";

/// Stands for the validator of a file that is here whole, where the site has another version.
const OUTDATED: &str = "outdated";

/// How much of a file is here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssetState {
    /// Bytes.
    pub have: u64,
    /// The object, once complete.
    pub digest: Option<Digest>,
    /// Which version of the file the bytes so far belong to.
    pub validator: Option<String>,
    /// Whether all is here and proven.
    pub complete: bool,
}

impl AssetState {
    /// Whether the site was heard to have another version than the one that is here.
    pub fn is_outdated(&self) -> bool {
        self.complete && self.validator.as_deref() == Some(OUTDATED)
    }
}

impl Store {
    /// What is here of a file; nothing (`AssetState::default()`) when nothing was ever noted.
    pub fn asset_state(&self, course: &CourseId, asset: &AssetId) -> Result<AssetState, StoreError> {
        let sql = "SELECT have, digest, validator, complete FROM assets WHERE course = ?1 AND asset = ?2";
        let found = self.catalogue.read(|c| one(c, sql, [course.as_str(), asset.as_str()], state))?;
        Ok(found.unwrap_or_default())
    }

    /// Notes bytes on their way; the file counts as not complete (again).
    pub fn asset_progress_put(
        &self,
        course: &CourseId,
        asset: &AssetId,
        have: u64,
        validator: Option<&str>,
    ) -> Result<(), StoreError> {
        self.put_asset(
            course,
            asset,
            &AssetState { have, digest: None, validator: validator.map(str::to_owned), complete: false },
        )
    }

    /// Notes that all of the file is here as this object. The validator it came with is kept.
    pub fn asset_complete_put(
        &self,
        course: &CourseId,
        asset: &AssetId,
        digest: &Digest,
        size: u64,
    ) -> Result<(), StoreError> {
        let done = AssetState { have: size, digest: Some(*digest), validator: None, complete: true };
        self.put_asset(course, asset, &done)
    }

    /// The same of many files of a course at once.
    pub fn assets_complete_put(
        &self,
        course: &CourseId,
        files: &[(AssetId, Digest, u64)],
    ) -> Result<(), StoreError> {
        self.catalogue.write(|tx| {
            files.iter().try_for_each(|(asset, digest, size)| {
                let done = AssetState { have: *size, digest: Some(*digest), validator: None, complete: true };
                put(tx, course, asset, &done)
            })
        })
    }

    /// Notes that the site has another version than the one that is here, which stays until that has come.
    pub fn asset_outdated_put(&self, course: &CourseId, asset: &AssetId) -> Result<(), StoreError> {
        self.catalogue.write(|tx| {
            let sql = "UPDATE assets SET validator = ?3 WHERE course = ?1 AND asset = ?2 AND complete = 1";
            run(tx, sql, [course.as_str(), asset.as_str(), OUTDATED]).map(|_| ())
        })
    }

    /// Notes that nothing of the file is here; `false` when nothing was known of it.
    pub fn asset_forget(&self, course: &CourseId, asset: &AssetId) -> Result<bool, StoreError> {
        self.catalogue.write(|tx| {
            let sql = "DELETE FROM assets WHERE course = ?1 AND asset = ?2";
            Ok(run(tx, sql, [course.as_str(), asset.as_str()])? > 0)
        })
    }

    /// What is here of the files of a course; files that nothing is known of are missing.
    pub fn assets_of(&self, course: &CourseId) -> Result<BTreeMap<AssetId, AssetState>, StoreError> {
        self.catalogue.read(|c| of(c, course))
    }

    fn put_asset(&self, course: &CourseId, asset: &AssetId, state: &AssetState) -> Result<(), StoreError> {
        self.catalogue.write(|tx| put(tx, course, asset, state))
    }
}

pub(crate) fn of(conn: &Connection, course: &CourseId) -> Result<BTreeMap<AssetId, AssetState>, StoreError> {
    let sql = "SELECT have, digest, validator, complete, asset FROM assets WHERE course = ?1";
    let rows =
        all(conn, sql, [course.as_str()], |row| Ok((AssetId::new(row.get::<_, String>(4)?), state(row)?)))?;
    Ok(rows.into_iter().collect())
}

fn put(
    tx: &rusqlite::Connection,
    course: &CourseId,
    asset: &AssetId,
    state: &AssetState,
) -> Result<(), StoreError> {
    run(
        tx,
        "INSERT INTO assets (course, asset, have, digest, validator, complete)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (course, asset) DO UPDATE SET have = excluded.have, digest = excluded.digest,
           validator = CASE excluded.complete WHEN 1 THEN assets.validator ELSE excluded.validator END,
           complete = excluded.complete",
        (
            course.as_str(),
            asset.as_str(),
            int(state.have),
            state.digest.map(|d| d.to_string()),
            &state.validator,
            state.complete,
        ),
    )
    .map(|_| ())
}

fn state(row: &rusqlite::Row<'_>) -> Result<AssetState, StoreError> {
    let has_digest = row.get::<_, Option<String>>(1)?.is_some();
    Ok(AssetState {
        have: uint(row.get(0)?),
        digest: if has_digest { Some(digest(row, 1)?) } else { None },
        validator: row.get(2)?,
        complete: row.get(3)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::shelf;

    #[test]
    fn a_file_grows_becomes_complete_and_can_begin_anew() {
        let (_dir, store) = shelf();
        let (course, asset) = (CourseId::from("c"), AssetId::from("v.mp4"));
        assert_eq!(store.asset_state(&course, &asset).unwrap(), AssetState::default());
        store.asset_progress_put(&course, &asset, 10, Some("\"e1\"")).unwrap();
        let (digest, size) = store.objects().import_reader(&b"film"[..], None).unwrap();
        store.asset_complete_put(&course, &asset, &digest, size).unwrap();
        let done =
            AssetState { have: 4, digest: Some(digest), validator: Some("\"e1\"".into()), complete: true };
        assert_eq!(store.assets_of(&course).unwrap(), BTreeMap::from([(asset.clone(), done)]));
        assert!(matches!(store.object_remove(&digest), Err(StoreError::Pinned(_))), "a course needs it");
        store.asset_progress_put(&course, &asset, 0, None).unwrap();
        assert!(!store.asset_state(&course, &asset).unwrap().complete);
        assert!(store.object_remove(&digest).unwrap());
        assert!(store.asset_forget(&course, &asset).unwrap());
    }
}
