//! What an update costs a learner: bytes and requests from one package to another.

use std::collections::BTreeSet;
use std::path::Path;

use daypack_course::Digest;
use daypack_course::outline::Tier;
use daypack_course::package::{
    CHANNEL, ChunkList, MAX_CHANNEL, ObjectRef, Step, keys_path, manifest_path, plan,
};

use crate::OpenError;
use crate::package::{self, OpenedPackage};

/// The cost of an update.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiffReport {
    /// What is fetched, in this order.
    pub steps: Vec<Step>,
    /// Bytes of all steps.
    pub bytes: u64,
    /// Requests of all steps.
    pub requests: usize,
    /// Bytes of the new objects, were each fetched whole and alone.
    pub whole: u64,
    /// Objects that are new.
    pub new_objects: usize,
}

struct Learner<'a> {
    objects: BTreeSet<Digest>,
    chunks: BTreeSet<Digest>,
    lists: BTreeSet<Digest>,
    new: &'a OpenedPackage,
}

impl plan::Here for Learner<'_> {
    fn has(&self, object: &Digest) -> bool {
        self.objects.contains(object)
    }
    fn has_chunk(&self, chunk: &Digest) -> bool {
        self.chunks.contains(chunk)
    }
    fn chunk_list(&self, object: &ObjectRef, _: &ObjectRef) -> Option<ChunkList> {
        self.new.chunk_list(object).ok().flatten()
    }
    fn has_list(&self, list: &Digest) -> bool {
        self.lists.contains(list)
    }
}

/// What a learner who has all of `old` fetches for `new`; `None` for `old` is a learner who has nothing. `tier` is
/// the size of lectures that is taken, `None` all of them.
pub fn diff(old: Option<&Path>, new: &Path, tier: Option<Tier>) -> Result<DiffReport, OpenError> {
    let new = package::open(new)?;
    let mut here =
        Learner { objects: BTreeSet::new(), chunks: BTreeSet::new(), lists: BTreeSet::new(), new: &new };
    let (mut manifest, mut epoch) = (None, 0);
    if let Some(old) = old {
        let old = package::open(old)?;
        manifest = Some(old.channel.manifest.digest);
        epoch = if old.chain.is_alone() { 0 } else { old.chain.keys().epoch };
        for object in old.manifest.objects(tier) {
            here.objects.insert(object.digest);
            if let Some(list) = old.chunk_list(&object)? {
                here.chunks.extend(list.chunks.iter().map(|c| c.digest));
            }
            here.lists.extend(old.manifest.chunk_lists.get(&object.digest).map(|l| l.digest));
        }
    }
    let whole = |path: String, bytes: u64| Step { path, ranges: Vec::new(), bytes, gives: Vec::new() };
    let mut steps = vec![whole(CHANNEL.to_owned(), new.files.read(CHANNEL, MAX_CHANNEL)?.len() as u64)];
    if !new.chain.is_alone() {
        for n in epoch + 1..=new.chain.keys().epoch {
            let path = keys_path(n);
            let bytes = new.files.read(&path, daypack_course::package::keys::MAX_KEYS)?.len() as u64;
            steps.push(whole(path, bytes));
        }
    }
    let named = new.channel.manifest;
    if manifest != Some(named.digest) {
        steps.push(whole(manifest_path(&named.digest), named.size));
    }
    steps.extend(plan::plan(&new.manifest, tier, &here).steps);
    let fresh = new.manifest.objects(tier).into_iter().filter(|o| !here.objects.contains(&o.digest));
    let (new_objects, whole) = fresh.fold((0, 0), |(n, sum), o| (n + 1, sum + o.size));
    Ok(DiffReport {
        bytes: steps.iter().map(|s| s.bytes).sum(),
        requests: steps.iter().map(Step::requests).sum(),
        steps,
        whole,
        new_objects,
    })
}
