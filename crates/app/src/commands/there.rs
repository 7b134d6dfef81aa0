//! What the school holds of a hand-in, as it was last read: shown beside what is written here. It is in the catalogue: it
//! can be read again.

use daypack_course::{CourseId, ItemId, TimeMs};
use daypack_lms::connector::SubmissionView;
use daypack_store::{Store, StoreError};
use serde::{Deserialize, Serialize};

use crate::api::study::{ThereState, ThereView};

#[derive(Serialize, Deserialize)]
struct Kept {
    submission: SubmissionView,
    as_of: TimeMs,
}

fn name(course: &CourseId, item: &ItemId) -> String {
    format!("at school {course} {item}")
}

fn read(store: &Store, course: &CourseId, item: &ItemId) -> Result<Option<Kept>, StoreError> {
    let kept = store.cat_machine_get(&name(course, item))?;
    Ok(kept.and_then(|value| serde_json::from_value(value).ok()))
}

/// Keeps what was read; whether it is other than before.
pub(crate) fn keep(
    store: &Store,
    course: &CourseId,
    item: &ItemId,
    submission: &SubmissionView,
    as_of: TimeMs,
) -> Result<bool, StoreError> {
    let is_new = read(store, course, item)?.is_none_or(|kept| kept.submission != *submission);
    let kept = Kept { submission: submission.clone(), as_of };
    store.cat_machine_put(&name(course, item), &serde_json::to_value(&kept)?)?;
    Ok(is_new)
}

/// For the learner; nothing where there is nothing to say.
pub(crate) fn view(store: &Store, course: &CourseId, item: &ItemId) -> Result<Option<ThereView>, StoreError> {
    let Some(Kept { submission: s, as_of }) = read(store, course, item)? else { return Ok(None) };
    let state = match s.status.as_str() {
        "draft" => ThereState::Draft,
        "submitted" => ThereState::HandedIn,
        "reopened" => ThereState::Reopened,
        _ => ThereState::Nothing,
    };
    if state == ThereState::Nothing && s.extension.is_none() {
        return Ok(None);
    }
    Ok(Some(ThereView {
        state,
        text: s.text,
        files: s.files,
        at: s.at,
        can_edit: s.can_edit,
        extension: s.extension,
        as_of,
    }))
}
