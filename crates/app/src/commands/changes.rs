//! What changed in courses since the learner last looked. It is in the catalogue, beside what it speaks of.

use daypack_course::changes::{Change, What, added};
use daypack_course::{CourseId, ItemId, TimeMs};
use daypack_store::{Store, StoreError};

use crate::App;
use crate::api::input::CourseInput;
use crate::api::outline::CourseView;
use crate::api::{Event, Failure};

fn name(course: &CourseId) -> String {
    format!("changes {course}")
}

/// The list of a course, newest first.
pub(crate) fn of(store: &Store, course: &CourseId) -> Result<Vec<Change>, StoreError> {
    let kept = store.cat_machine_get(&name(course))?;
    Ok(kept.and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default())
}

/// Adds what was noticed.
pub(crate) fn note(
    store: &Store,
    course: &CourseId,
    noticed: &[(ItemId, What)],
    at: TimeMs,
) -> Result<(), StoreError> {
    if noticed.is_empty() {
        return Ok(());
    }
    let list = added(&of(store, course)?, noticed, at);
    store.cat_machine_put(&name(course), &serde_json::to_value(&list)?)
}

impl App {
    /// See the list of commands.
    pub async fn course_changes_seen(&self, input: CourseInput) -> Result<CourseView, Failure> {
        let course = input.course.clone();
        self.db(move |store| store.cat_machine_put(&name(&course), &serde_json::json!([]))).await?;
        self.tell(Event::CourseChanged { course: input.course.clone(), item: None });
        self.course(input).await
    }
}
