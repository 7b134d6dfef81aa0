//! What of this computer may be given to others: objects of packages whose publisher allows it in the signed channel.
//!
//! What must stay true: a file of an account at a site is never among them, nor is anything a learner made.

use std::collections::BTreeMap;

use daypack_course::outline::Origin;
use daypack_course::{CourseId, Digest};
use daypack_store::{Store, StoreError};

/// Notes whether the channel of a course allows its files to be given on.
pub(crate) fn mark(store: &Store, course: &CourseId, shareable: bool) -> Result<(), StoreError> {
    store.cat_machine_put(&name(course), &serde_json::json!({ "shareable": shareable }))
}

/// Whether files of this course may be given on, and asked for nearby.
pub(crate) fn is_marked(store: &Store, course: &CourseId) -> bool {
    let mark = store.cat_machine_get(&name(course)).ok().flatten();
    mark.is_some_and(|mark| mark.get("shareable").and_then(serde_json::Value::as_bool) == Some(true))
}

/// Every object that may be given, with its size.
pub(super) fn all(store: &Store) -> Result<BTreeMap<Digest, u64>, StoreError> {
    let mut objects = BTreeMap::new();
    for id in store.courses()? {
        let id = id.id;
        if !is_marked(store, &id) {
            continue;
        }
        let Some(course) = store.course_get(&id)? else { continue };
        if !matches!(course.origin, Origin::Package { .. }) {
            continue;
        }
        objects.extend(course.assets.values().filter_map(|asset| Some((asset.digest?, asset.size?))));
    }
    Ok(objects)
}

fn name(course: &CourseId) -> String {
    format!("shareable {course}")
}
