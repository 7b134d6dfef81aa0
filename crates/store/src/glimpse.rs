//! What can be seen while a folder is being opened: how far it is, and the courses that the catalogue knows.
//!
//! What must stay true: a glimpse changes nothing, says nothing of the learner, and ends with the process's hold on the
//! folder: it never keeps the catalogue open.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use daypack_course::AssetId;
use daypack_course::outline::Course;

use crate::catalogue::{asset, course};
use crate::db::Db;
use crate::{AssetState, StoreError};

/// How far opening a folder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The learner's database is looked through.
    Checking,
    /// A backup is being made.
    Copying,
    /// The learner's work is being got back, or brought up to the journal.
    BringingBack {
        /// Saves of the journal done again.
        done: u64,
        /// Of so many; 0 when not known yet.
        of: u64,
    },
}

/// Hears how opening goes on. Called from the thread that opens; what is slow here makes opening slow.
pub trait Watch: Send + Sync {
    /// The catalogue can be read from now on, the learner's database cannot yet.
    fn catalogue(&self, glimpse: Glimpse);
    /// A step begins or goes on.
    fn step(&self, step: Step);
}

/// Nobody looks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn catalogue(&self, _: Glimpse) {}
    fn step(&self, _: Step) {}
}

/// A course, and what is here of its files.
#[derive(Clone, Debug, PartialEq)]
pub struct Glimpsed {
    /// The course.
    pub course: Course,
    /// What is here; files that nothing is known of are missing.
    pub assets: BTreeMap<AssetId, AssetState>,
}

/// The catalogue of a folder that is being opened.
#[derive(Clone)]
pub struct Glimpse(Weak<Db>);

impl Glimpse {
    pub(crate) fn of(catalogue: &Arc<Db>) -> Self {
        Self(Arc::downgrade(catalogue))
    }

    /// All courses, in the order they were put here. `None` once the folder was let go.
    pub fn courses(&self) -> Result<Option<Vec<Glimpsed>>, StoreError> {
        let Some(catalogue) = self.0.upgrade() else { return Ok(None) };
        let all = catalogue.read(|conn| {
            let mut all = Vec::new();
            for row in course::rows(conn)? {
                if let Some(course) = course::get(conn, &row.id)? {
                    all.push(Glimpsed { course, assets: asset::of(conn, &row.id)? });
                }
            }
            Ok(all)
        })?;
        Ok(Some(all))
    }
}
