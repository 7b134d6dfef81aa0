//! What has to be fetched for a manifest, given what is here: whole objects, missing chunks, frames of packs.
//!
//! What must stay true: nothing that is here is fetched; every byte is proven by a digest the manifest vouches for;
//! steps come in study order, a chunk list right before its object, a pack where its first file is needed.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::{ChunkList, Manifest, ObjectRef, Pack, chunk_list_path, object_path, pack_path};
use crate::Digest;
use crate::outline::Tier;

/// What a further request is worth in bytes: below this, a single small file is not fetched apart from its frame.
pub const REQUEST_WORTH: u64 = 16 << 10;

/// What is here already.
pub trait Here {
    /// Whether the whole object is here.
    fn has(&self, object: &Digest) -> bool;
    /// Whether a chunk is here, in whatever object.
    fn has_chunk(&self, chunk: &Digest) -> bool;
    /// The chunk list of an object of the manifest, when it is here or can be had at once. `None`: the object is
    /// planned whole.
    fn chunk_list(&self, object: &ObjectRef, list: &ObjectRef) -> Option<ChunkList>;
    /// Whether the bytes of a chunk list are here already.
    fn has_list(&self, list: &Digest) -> bool;
}

/// One file of the package of which something is fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Path below the package's address.
    pub path: String,
    /// Parts to ask for; empty for the whole file.
    pub ranges: Vec<Range<u64>>,
    /// Bytes of it that are fetched.
    pub bytes: u64,
    /// Objects that are complete with it.
    pub gives: Vec<Digest>,
}

/// Steps in the order in which they are worth taking.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// See [`Step`].
    pub steps: Vec<Step>,
}

impl Step {
    fn whole(path: String, bytes: u64, gives: Vec<Digest>) -> Self {
        Self { path, ranges: Vec::new(), bytes, gives }
    }

    /// Requests it takes when nothing goes wrong.
    pub fn requests(&self) -> usize {
        self.ranges.len().max(1)
    }
}

impl Plan {
    /// Bytes of all steps.
    pub fn bytes(&self) -> u64 {
        self.steps.iter().map(|s| s.bytes).sum()
    }

    /// Requests of all steps.
    pub fn requests(&self) -> usize {
        self.steps.iter().map(Step::requests).sum()
    }
}

/// Plans what `tier` (`None`: all sizes) of a checked manifest needs.
pub fn plan(manifest: &Manifest, tier: Option<Tier>, here: &dyn Here) -> Plan {
    let missing: Vec<ObjectRef> =
        manifest.objects(tier).into_iter().filter(|o| !here.has(&o.digest)).collect();
    let by_pack = packed(manifest, &missing);
    let mut plan = Plan::default();
    let mut chunks = BTreeSet::new();
    let mut packs = BTreeSet::new();
    for object in &missing {
        if let Some(pack) = by_pack.get(&object.digest) {
            if packs.insert(pack.path.clone()) {
                plan.steps.push(pack.clone());
            }
            continue;
        }
        let whole = Step::whole(object_path(&object.digest), object.size, vec![object.digest]);
        let Some(list) = manifest.chunk_lists.get(&object.digest) else {
            plan.steps.push(whole);
            continue;
        };
        if !here.has_list(&list.digest) {
            plan.steps.push(Step::whole(chunk_list_path(&list.digest), list.size, Vec::new()));
        }
        let Some(pieces) = here.chunk_list(object, list) else {
            plan.steps.push(whole);
            continue;
        };
        // A piece that comes with an earlier object, or earlier in this one, comes once.
        let ranges = pieces.runs(|c| !here.has_chunk(&c.digest) && chunks.insert(c.digest));
        let bytes = ranges.iter().map(|r| r.end - r.start).sum();
        if bytes == object.size {
            plan.steps.push(whole);
        } else if bytes > 0 {
            plan.steps.push(Step { ranges, bytes, ..whole });
        }
    }
    plan
}

/// The step that brings each missing small file.
fn packed(manifest: &Manifest, missing: &[ObjectRef]) -> BTreeMap<Digest, Step> {
    let missing: BTreeMap<Digest, u64> = missing.iter().map(|o| (o.digest, o.size)).collect();
    let steps = manifest.packs.iter().map(|pack| of_pack(pack, &missing));
    let gives = |step: Step| step.gives.iter().map(|d| (*d, step.clone())).collect::<Vec<_>>();
    steps.flat_map(gives).collect()
}

/// What is fetched of a pack for the files of it that are `missing` (digest to size): frames, neighbours joined. A file
/// that [`Step::gives`] does not name is fetched alone: that is cheaper than its frame.
pub fn of_pack(pack: &Pack, missing: &BTreeMap<Digest, u64>) -> Step {
    let mut step = Step::whole(pack_path(&pack.digest), 0, Vec::new());
    for (at, frame) in pack.placed() {
        let files: Vec<Digest> =
            frame.files.iter().map(|f| f.digest).filter(|d| missing.contains_key(d)).collect();
        if files.is_empty() {
            continue;
        }
        let alone: u64 = files.iter().filter_map(|d| missing.get(d)).map(|size| size + REQUEST_WORTH).sum();
        let joins = step.ranges.last().is_some_and(|last| last.end == at.start);
        let request = if joins { 0 } else { REQUEST_WORTH };
        if alone < at.end - at.start + request {
            continue;
        }
        step.bytes += at.end - at.start;
        match step.ranges.last_mut().filter(|_| joins) {
            Some(last) => last.end = at.end,
            None => step.ranges.push(at),
        }
        step.gives.extend(files);
    }
    step
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::package::{Chunk, Frame, Pack, PackedFile};
    use serde_json::json;

    struct Shelf {
        objects: BTreeSet<Digest>,
        chunks: BTreeSet<Digest>,
        lists: BTreeMap<Digest, ChunkList>,
    }

    impl Here for Shelf {
        fn has(&self, object: &Digest) -> bool {
            self.objects.contains(object)
        }
        fn has_chunk(&self, chunk: &Digest) -> bool {
            self.chunks.contains(chunk)
        }
        fn chunk_list(&self, object: &ObjectRef, _: &ObjectRef) -> Option<ChunkList> {
            self.lists.get(&object.digest).cloned()
        }
        fn has_list(&self, _: &Digest) -> bool {
            false
        }
    }

    fn nothing() -> Shelf {
        Shelf { objects: BTreeSet::new(), chunks: BTreeSet::new(), lists: BTreeMap::new() }
    }

    fn digest(n: u32) -> Digest {
        Digest::of(&n.to_be_bytes())
    }

    /// A course of files named by number.
    fn manifest(files: &[(u32, u64)]) -> Manifest {
        let assets: serde_json::Map<String, serde_json::Value> = files
            .iter()
            .map(|(n, size)| {
                let asset = json!({
                    "name": n.to_string(), "media_type": "", "size": size, "digest": digest(*n), "remote": null,
                });
                (format!("{n:04}"), asset)
            })
            .collect();
        let course = json!({
            "id": "c", "title": "C", "language": "en", "summary": "", "licence": "",
            "origin": {"kind": "built_in"}, "sections": [], "assets": assets,
        });
        Manifest::of(serde_json::from_value(course).unwrap())
    }

    #[test]
    fn three_thousand_small_pages_are_one_request() {
        let files: Vec<(u32, u64)> = (0..3000).map(|n| (n, 2048)).collect();
        let mut manifest = manifest(&files);
        let frames: Vec<Frame> = files
            .chunks(128)
            .map(|part| Frame {
                digest: digest(9999),
                length: 60_000,
                files: part.iter().map(|(n, _)| PackedFile { digest: digest(*n), length: 2048 }).collect(),
            })
            .collect();
        let size = frames.len() as u64 * 60_000;
        manifest.packs = vec![Pack { digest: digest(7777), size, frames }];
        manifest.check().unwrap();
        let all = plan(&manifest, None, &nothing());
        assert_eq!((all.requests(), all.bytes(), all.steps.len()), (1, size, 1));
        assert_eq!(all.steps[0].gives.len(), 3000);
        // With all but one here, that one comes alone; with all but one frame's files here, the frame comes.
        let mut shelf = nothing();
        shelf.objects = (0..2999).map(digest).collect();
        let one = plan(&manifest, None, &shelf);
        assert_eq!((one.bytes(), one.steps[0].path.clone()), (2048, object_path(&digest(2999))));
        shelf.objects = (128..3000).map(digest).collect();
        let frame = plan(&manifest, None, &shelf);
        assert_eq!((frame.bytes(), frame.steps[0].ranges.len()), (60_000, 1));
        assert_eq!(frame.steps[0].ranges[0], 0..60_000);
        manifest.packs.clear();
        assert_eq!(plan(&manifest, None, &nothing()).requests(), 3000, "control");
    }

    #[test]
    fn of_a_large_object_only_the_missing_pieces_are_fetched_and_each_once() {
        let part = 100_000_u32;
        let chunks: Vec<Chunk> =
            [1, 2, 3, 2, 4, 5].iter().map(|n| Chunk { digest: digest(*n), length: part }).collect();
        let size = 20 * u64::from(part);
        let list = ChunkList { object: digest(50), size, chunks };
        let mut manifest = manifest(&[(50, size), (51, 3_000_000)]);
        let named = ObjectRef { digest: digest(60), size: 56 + 36 * 6 };
        manifest.chunk_lists.insert(digest(50), named);
        let mut shelf = nothing();
        let whole = plan(&manifest, None, &shelf);
        assert_eq!(whole.bytes(), named.size + size + 3_000_000, "without the list");
        shelf.lists.insert(digest(50), list);
        shelf.chunks = [1, 5].into_iter().map(digest).collect();
        let some = plan(&manifest, None, &shelf);
        let part = u64::from(part);
        assert_eq!(
            some.steps[1].ranges,
            [part..3 * part, 4 * part..5 * part],
            "the second 2 is not asked for"
        );
        shelf.objects.insert(digest(51));
        shelf.chunks = (1..=5).map(digest).collect();
        assert_eq!(plan(&manifest, None, &shelf).bytes(), named.size, "all pieces are here");
        shelf.objects.insert(digest(50));
        assert_eq!(plan(&manifest, None, &shelf), Plan::default(), "a rename costs nothing");
    }
}
