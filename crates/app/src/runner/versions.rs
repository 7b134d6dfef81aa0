//! What the site holds in the place of work that it did not take: brought here and kept beside ours, so that both can
//! be read and compared without a connection. Neither replaces the other. Kept among what is dear: when ours goes out as
//! a new version, this copy may be the last one of theirs.

use daypack_course::work::{RefusalReason, WorkState};
use daypack_course::{TimeMs, WorkId};
use daypack_lms::connector::SiteVersion;
use daypack_store::{Store, StoreError};
use serde::{Deserialize, Serialize};

use super::send;
use crate::App;
use crate::api::Failure;

/// A site's version and when it was brought here.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct KeptVersion {
    pub fetched: TimeMs,
    pub version: SiteVersion,
}

/// Whether a state is one in which two versions stand against each other.
pub(crate) fn are_compared(state: &WorkState) -> bool {
    match state {
        WorkState::Refused { refusal } => matches!(
            refusal.why,
            RefusalReason::Conflict
                | RefusalReason::QuestionsChanged
                | RefusalReason::FinishedElsewhere
                | RefusalReason::AlreadySubmitted
        ),
        _ => false,
    }
}

fn name(work: &WorkId) -> String {
    format!("site version of {work}")
}

/// The version kept for a piece of work.
pub(crate) fn kept(store: &Store, work: &WorkId) -> Result<Option<KeptVersion>, StoreError> {
    Ok(store.machine_get(&name(work))?.and_then(|value| serde_json::from_value(value).ok()))
}

/// Brings the site's version here. What was kept before stays when the site does not answer.
pub(crate) async fn fetch(app: App, id: WorkId) {
    match bring(&app, &id).await {
        Ok(()) => send::tell(app, id).await,
        Err(error) => tracing::info!(%error, work = %id, "the site's version did not come this time"),
    }
}

pub(crate) async fn bring(app: &App, id: &WorkId) -> Result<(), Failure> {
    let Ok((session, work, log)) = send::prepare(app, id).await else { return Ok(()) };
    let version = session
        .connector
        .site_version(&session.who, &work, &log)
        .await
        .map_err(|error| crate::commands::source::read_failed(&error, &work.account))?;
    let kept = serde_json::to_value(KeptVersion { fetched: app.now(), version }).unwrap_or_default();
    let name = name(id);
    app.db(move |store| store.machine_put(&name, &kept)).await
}
