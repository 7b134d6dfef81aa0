//! Sending one piece of work, and asking the site after a lost reply.

use daypack_course::WorkId;
use daypack_course::work::{Outcome, Settled, Work};
use daypack_lms::StepLog;

use super::Note;
use crate::App;
use crate::api::Event;
use crate::commands::source;

/// Sends `id` and tells the loop how it ended.
pub(crate) async fn send(app: App, id: WorkId) {
    let outcome = match prepare(&app, &id).await {
        Some((session, work, mut log)) => session.send(&app, &work, &mut log).await,
        None => Outcome::SignIn,
    };
    tracing::info!(work = %id, ?outcome, "sent");
    app.desk(Note::SendEnded(id, outcome)).await;
}

/// Asks the site whether `id` arrived and tells the loop.
pub(crate) async fn settle(app: App, id: WorkId) {
    let settled = match prepare(&app, &id).await {
        Some((session, work, log)) => session.settle(&work, &log).await,
        None => Settled::SignIn,
    };
    tracing::info!(work = %id, ?settled, "asked after a lost reply");
    app.desk(Note::SettleEnded(id, settled)).await;
}

/// Tells everybody how a piece of work stands.
pub(crate) async fn tell(app: App, id: WorkId) {
    let (Ok(card), Ok(unsent)) = (app.card_of(&id).await, app.unsent().await) else { return };
    let (course, item) = (card.course.clone(), card.item.clone());
    app.tell(Event::Work { work: Box::new(card), unsent });
    app.tell(Event::CourseChanged { course, item: Some(item) });
}

pub(crate) async fn prepare(app: &App, id: &WorkId) -> Option<(source::Session, Work, StepLog)> {
    let id = id.clone();
    let found = app
        .db(move |store| {
            let row = store.work_get(&id)?;
            let log = store
                .work_step_get(&id)?
                .and_then(|value| serde_json::from_value(value).ok())
                .unwrap_or_default();
            Ok(row.map(|row| (row.work, log)))
        })
        .await
        .ok()??;
    let (work, log): (Work, StepLog) = found;
    let session = source::session(app, &work.account).await.ok()?;
    Some((session, work, log))
}
