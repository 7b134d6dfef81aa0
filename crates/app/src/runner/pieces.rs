//! Chunk lists of a course's large objects: which list proves which object, and the list itself when a file is fetched.
//!
//! What must stay true: a list counts only when its own digest, which the signed manifest names, fitted. Without one the
//! object is proven as a whole, so a list that does not come holds up nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use daypack_course::outline::{Asset, Course, Origin};
use daypack_course::package::{CHUNKED_ABOVE, ChunkList, ObjectRef};
use daypack_course::{CourseId, Digest};
use daypack_store::{Store, StoreError};

use crate::App;
use crate::commands::source;
use crate::haul::ProofOf;

/// Notes the lists that a manifest names.
pub(crate) fn keep(
    store: &Store,
    course: &CourseId,
    lists: &BTreeMap<Digest, ObjectRef>,
) -> Result<(), StoreError> {
    let named: BTreeMap<String, &ObjectRef> =
        lists.iter().map(|(object, list)| (object.to_string(), list)).collect();
    store.cat_machine_put(&name(course), &serde_json::to_value(named).unwrap_or_default())
}

/// How a file is proven: piece by piece where there is a list, or else as a whole, or by its length.
pub(super) async fn proof_of(app: &App, course: &Course, asset: &Asset) -> ProofOf {
    let Some(digest) = asset.digest else { return ProofOf::Length };
    match list_of(app, course, asset).await {
        Some(list) => ProofOf::Chunks(Arc::new(list)),
        None => ProofOf::Whole(digest),
    }
}

/// The object is here: its list is not needed any more.
pub(super) fn let_go(app: &App, course: &CourseId, asset: &Asset) {
    if let Some(list) = asset.digest.and_then(|digest| named(app.store(), course, &digest)) {
        // It may be needed by another course's object still on its way; then it is fetched again, it is small.
        let _ = app.store().object_remove(&list.digest);
    }
}

async fn list_of(app: &App, course: &Course, asset: &Asset) -> Option<ChunkList> {
    let object = ObjectRef { digest: asset.digest?, size: asset.size? };
    if object.size <= CHUNKED_ABOVE || !matches!(course.origin, Origin::Package { .. }) {
        return None;
    }
    let wanted = named(app.store(), &course.id, &object.digest)?;
    let objects = app.store().objects();
    let raw = match std::fs::read(objects.path(&wanted.digest)) {
        Ok(raw) if Digest::of(&raw) == wanted.digest => raw,
        _ => {
            let package = asset.remote.as_ref()?.url.clone();
            let raw = source::library(app).chunk_list(&package, &wanted).await;
            let raw = raw.inspect_err(|error| tracing::info!(%error, "a chunk list did not come")).ok()?;
            // Kept until the object is here, so that going on costs nothing.
            objects.import_reader(raw.as_slice(), Some(wanted.digest)).ok()?;
            raw
        }
    };
    ChunkList::parse(&raw, &object).ok()
}

fn named(store: &Store, course: &CourseId, object: &Digest) -> Option<ObjectRef> {
    let lists = store.cat_machine_get(&name(course)).ok()??;
    serde_json::from_value(lists.get(object.to_string())?.clone()).ok()
}

fn name(course: &CourseId) -> String {
    format!("chunk lists {course}")
}
