//! The manifest: the course, and for every file of it what its bytes must be and the cheapest ways to them.
//!
//! What must stay true: every asset has a digest and a size; nothing names a file that is not there; whoever knows
//! only `format` and `course` can still open the package from a host (fields are added, never changed in meaning).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::packs::{self, Pack, PackFault};
use super::{CHUNKED_ABOVE, MAX_CHUNK_LIST, ObjectRef};
use crate::Digest;
use crate::outline::{Course, Tier};

/// A manifest: the course, every asset of which has a digest and a size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Must be [`Manifest::FORMAT`].
    pub format: String,
    /// The course; `id` and `origin` are set again by whoever opens it.
    pub course: Course,
    /// Object -> its chunk list. Writers give one to each object above [`CHUNKED_ABOVE`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub chunk_lists: BTreeMap<Digest, ObjectRef>,
    /// Packs in study order: a second, cheaper way to small files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub packs: Vec<Pack>,
    /// Bytes of all a learner needs who takes each lecture in this size.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tiers: BTreeMap<Tier, u64>,
}

/// Why a manifest cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestFault {
    /// Another format or a newer version.
    #[error("manifest format {0:?} is not known")]
    Format(String),
    /// A file without digest or size, or with two sizes.
    #[error("file {0} has no digest or size")]
    Unproven(String),
    /// The course contradicts itself.
    #[error("{0}")]
    Course(String),
    /// A chunk list of a file that is not there or needs none, or of an impossible size.
    #[error("the chunk list of {0} cannot be")]
    ChunkList(Digest),
    /// A pack that cannot be.
    #[error("{0}")]
    Pack(#[from] PackFault),
    /// The sizes it announces are not those of its files.
    #[error("announced sizes are not those of the files")]
    Tiers,
}

impl Manifest {
    /// The value of `format`.
    pub const FORMAT: &'static str = "daypack-manifest/1";

    /// A manifest of a course alone.
    pub fn of(course: Course) -> Self {
        let mut manifest = Self {
            format: Self::FORMAT.to_owned(),
            course,
            chunk_lists: BTreeMap::new(),
            packs: Vec::new(),
            tiers: BTreeMap::new(),
        };
        manifest.tiers = manifest.sizes();
        manifest
    }

    /// Faults that make a manifest unusable.
    pub fn check(&self) -> Result<(), ManifestFault> {
        if self.format != Self::FORMAT {
            return Err(ManifestFault::Format(self.format.clone()));
        }
        let mut files = BTreeMap::new();
        for (id, asset) in &self.course.assets {
            let proof = asset.digest.zip(asset.size);
            let (digest, size) = proof.ok_or_else(|| ManifestFault::Unproven(id.to_string()))?;
            if files.insert(digest, size).is_some_and(|before| before != size) {
                return Err(ManifestFault::Unproven(id.to_string()));
            }
        }
        if let Some(fault) = self.course.check().into_iter().next() {
            return Err(ManifestFault::Course(fault));
        }
        for (object, list) in &self.chunk_lists {
            let large = files.get(object).is_some_and(|size| *size > CHUNKED_ABOVE);
            if !large || list.size > MAX_CHUNK_LIST || list.size < 56 || (list.size - 56) % 36 != 0 {
                return Err(ManifestFault::ChunkList(*object));
            }
        }
        packs::check(&self.packs, &files)?;
        if !self.tiers.is_empty() && self.tiers != self.sizes() {
            return Err(ManifestFault::Tiers);
        }
        Ok(())
    }

    /// Distinct objects in the order in which a learner needs them: study order, and within an item what shows
    /// first. `None` for all sizes of each lecture: first the smallest of each, so that something plays soon, then
    /// the larger ones, at last files that no item names.
    pub fn objects(&self, tier: Option<Tier>) -> Vec<ObjectRef> {
        let course = &self.course;
        let all = tier.is_none();
        let larger = course.items().filter(|_| all).flat_map(|item| item.assets(None));
        let rest = course.assets.keys().filter(|_| all).cloned();
        let mut seen = BTreeSet::new();
        course
            .items()
            .flat_map(|item| item.assets(tier.or(Some(Tier::Audio))))
            .chain(larger)
            .chain(rest)
            .filter_map(|id| course.assets.get(&id))
            .filter_map(|asset| asset.digest.zip(asset.size))
            .filter(|(digest, _)| seen.insert(*digest))
            .map(|(digest, size)| ObjectRef { digest, size })
            .collect()
    }

    /// Bytes of each size, counted from the files.
    pub fn sizes(&self) -> BTreeMap<Tier, u64> {
        let sum = |tier| self.objects(Some(tier)).iter().map(|o| o.size).sum();
        [Tier::Audio, Tier::Low, Tier::Standard].into_iter().map(|tier| (tier, sum(tier))).collect()
    }
}
