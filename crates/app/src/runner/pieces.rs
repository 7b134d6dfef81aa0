//! What the manifest of a package says beyond the course: chunk lists, packs, mirrors; and a chunk list when a file is
//! fetched.
//!
//! What must stay true: a list counts only when its own digest, which the signed manifest names, fitted. Without one the
//! object is proven as a whole, so a list that does not come holds up nothing. A list is kept as long as its object is
//! here: its pieces serve the next version, and a damaged piece is found and mended by it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use daypack_course::outline::{Asset, Course, Origin};
use daypack_course::package::{CHUNKED_ABOVE, ChunkList, Manifest, ObjectRef, Pack};
use daypack_course::{CourseId, Digest};
use daypack_store::{Store, StoreError};
use serde::{Deserialize, Serialize};

use crate::App;
use crate::commands::source;
use crate::haul::ProofOf;

/// What is kept of a manifest.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Kept {
    /// Object -> its chunk list; also of older objects that are still here.
    pub lists: BTreeMap<String, ObjectRef>,
    /// Small files side by side.
    pub packs: Vec<Pack>,
    /// Further addresses of the package.
    pub mirrors: Vec<String>,
    /// Objects of earlier versions that the course does not need any more.
    pub old: BTreeSet<Digest>,
}

/// Notes what a manifest names, before its course replaces the one that is here.
pub(crate) fn keep(
    store: &Store,
    course: &CourseId,
    manifest: &Manifest,
    mirrors: &[String],
) -> Result<(), StoreError> {
    let before = kept(store, course)?;
    let new: BTreeSet<Digest> = manifest.objects(None).into_iter().map(|o| o.digest).collect();
    let mut old = before.old;
    if let Some(earlier) = store.course_get(course)? {
        old.extend(earlier.assets.values().filter_map(|asset| asset.digest));
    }
    old.retain(|digest| !new.contains(digest) && store.objects().has(digest));
    let mut lists = before.lists;
    lists.retain(|object, _| Digest::parse(object).is_ok_and(|d| old.contains(&d)));
    lists.extend(manifest.chunk_lists.iter().map(|(object, list)| (object.to_string(), *list)));
    let kept = Kept { lists, packs: manifest.packs.clone(), mirrors: mirrors.to_vec(), old };
    put(store, course, &kept)
}

/// What is kept of a course's manifest.
pub(crate) fn kept(store: &Store, course: &CourseId) -> Result<Kept, StoreError> {
    let found = store.cat_machine_get(&format!("package {course}"))?;
    if let Some(kept) = found.and_then(|value| serde_json::from_value(value).ok()) {
        return Ok(kept);
    }
    // As earlier programs noted it.
    let lists = store.cat_machine_get(&format!("chunk lists {course}"))?;
    let lists = lists.and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default();
    Ok(Kept { lists, ..Kept::default() })
}

fn put(store: &Store, course: &CourseId, kept: &Kept) -> Result<(), StoreError> {
    store.cat_machine_put(&format!("package {course}"), &serde_json::to_value(kept).unwrap_or_default())
}

/// The pack of each small file of a course, by the file's digest.
pub(crate) fn packs_of(store: &Store, course: &CourseId) -> Result<BTreeMap<Digest, String>, StoreError> {
    let mut found = BTreeMap::new();
    for pack in kept(store, course)?.packs {
        let name = pack.digest.to_string();
        let files = pack.frames.iter().flat_map(|frame| &frame.files);
        found.extend(files.map(|file| (file.digest, name.clone())));
    }
    Ok(found)
}

/// The current version is all here: what only earlier ones needed goes.
pub(crate) fn tidy(store: &Store, course: &CourseId) -> Result<(), StoreError> {
    let mut kept = kept(store, course)?;
    let Some(now) = store.course_get(course)? else { return Ok(()) };
    for (asset, _) in store.assets_of(course)? {
        if !now.assets.contains_key(&asset) {
            store.asset_forget(course, &asset)?;
        }
    }
    for digest in std::mem::take(&mut kept.old) {
        match store.object_remove(&digest) {
            Ok(_) => {
                if let Some(list) = kept.lists.remove(&digest.to_string()) {
                    let _ = store.object_remove(&list.digest);
                }
            }
            // Another course needs it, or somebody reads it.
            Err(StoreError::Pinned(_)) => {
                kept.old.insert(digest);
            }
            Err(error) => return Err(error),
        }
    }
    put(store, course, &kept)
}

/// How a file is proven: piece by piece where there is a list, or else as a whole, or by its length.
pub(super) async fn proof_of(app: &App, course: &Course, asset: &Asset) -> ProofOf {
    let Some(digest) = asset.digest else { return ProofOf::Length };
    match list_of(app, course, asset).await {
        Some(list) => ProofOf::Chunks(Arc::new(list)),
        None => ProofOf::Whole(digest),
    }
}

async fn list_of(app: &App, course: &Course, asset: &Asset) -> Option<ChunkList> {
    let object = ObjectRef { digest: asset.digest?, size: asset.size? };
    if object.size <= CHUNKED_ABOVE || !matches!(course.origin, Origin::Package { .. }) {
        return None;
    }
    let kept = kept(app.store(), &course.id).ok()?;
    let wanted = *kept.lists.get(&object.digest.to_string())?;
    if let Some(list) = list_here(app.store(), &object, &wanted) {
        return Some(list);
    }
    let package = asset.remote.as_ref()?.url.clone();
    for address in std::iter::once(&package).chain(&kept.mirrors) {
        match source::library(app).chunk_list(address, &wanted).await {
            Ok(raw) => {
                app.store().objects().import_reader(raw.as_slice(), Some(wanted.digest)).ok()?;
                return ChunkList::parse(&raw, &object).ok();
            }
            Err(error) => tracing::info!(%error, "a chunk list did not come"),
        }
    }
    None
}

/// The list of an object, where it is here and sound.
pub(crate) fn list_here(store: &Store, object: &ObjectRef, list: &ObjectRef) -> Option<ChunkList> {
    let raw = std::fs::read(store.objects().path(&list.digest)).ok()?;
    if Digest::of(&raw) != list.digest {
        return None;
    }
    ChunkList::parse(&raw, object).ok()
}

/// Every object here whose pieces are known, with its list's name.
pub(crate) fn all_lists(store: &Store) -> Result<Vec<(Digest, ObjectRef)>, StoreError> {
    let mut found = BTreeMap::new();
    for course in store.courses()? {
        for (object, list) in kept(store, &course.id)?.lists {
            if let Some(object) = Digest::parse(&object).ok().filter(|d| store.objects().has(d)) {
                found.insert(object, list);
            }
        }
    }
    Ok(found.into_iter().collect())
}
