//! Sending one piece of work, and asking the site after a lost reply.

use daypack_course::WorkId;
use daypack_course::work::{Outcome, Settled, Work};
use daypack_lms::StepLog;
use daypack_store::Store;

use super::Note;
use crate::App;
use crate::api::{Event, Failure, FailureCode};
use crate::commands::source;

/// From here on, in milliseconds, "later" is no matter of a busy site.
const LONG: i64 = 1_800_000;

/// Whether no step with an effect at the site was ever begun for it.
pub(crate) fn nothing_begun(store: &Store, id: &WorkId) -> bool {
    let log = store.work_step_get(id).map(|kept| kept.map(serde_json::from_value::<StepLog>));
    match log {
        Ok(None) => true,
        Ok(Some(Ok(log))) => !log.risky,
        // What cannot be read may say anything.
        Ok(Some(Err(_))) | Err(_) => false,
    }
}

/// Sends `id` and tells the loop how it ended.
pub(crate) async fn send(app: App, id: WorkId, errand: u64) {
    let outcome = match prepare(&app, &id).await {
        Ok((session, work, mut log)) => {
            match session.send(&app, &work, &mut log).await {
                Outcome::SignIn => {
                    session.refused(&app).await;
                    Outcome::SignIn
                }
                // A course that is closed may be a matter of the account: then it waits for the learner and not for
                // the clock.
                Outcome::Later { not_before: Some(at) }
                    if at.since(app.now()) > LONG && session.is_in_trouble(&app).await =>
                {
                    Outcome::SignIn
                }
                other => other,
            }
        }
        Err(failure) if failure.code == FailureCode::KeysLocked => {
            return app.desk(Note::SendLocked(id, errand)).await;
        }
        Err(_) => Outcome::SignIn,
    };
    tracing::info!(work = %id, ?outcome, "sent");
    app.desk(Note::SendEnded(id, errand, outcome)).await;
}

/// Asks the site whether `id` arrived and tells the loop.
pub(crate) async fn settle(app: App, id: WorkId, errand: u64) {
    let settled = match prepare(&app, &id).await {
        Ok((session, work, log)) => {
            let settled = session.settle(&work, &log).await;
            if settled == Settled::SignIn {
                session.refused(&app).await;
            }
            settled
        }
        Err(failure) if failure.code == FailureCode::KeysLocked => {
            return app.desk(Note::SettleLocked(id, errand)).await;
        }
        Err(_) => Settled::SignIn,
    };
    tracing::info!(work = %id, ?settled, "asked after a lost reply");
    app.desk(Note::SettleEnded(id, errand, settled)).await;
}

/// Tells everybody how a piece of work stands.
pub(crate) async fn tell(app: App, id: WorkId) {
    let (Ok(card), Ok(unsent)) = (app.card_of(&id).await, app.unsent().await) else { return };
    let (course, item) = (card.course.clone(), card.item.clone());
    app.tell(Event::Work { work: Box::new(card), unsent });
    app.tell(Event::CourseChanged { course, item: Some(item) });
}

pub(crate) async fn prepare(app: &App, id: &WorkId) -> Result<(source::Session, Work, StepLog), Failure> {
    let id = id.clone();
    let found = app
        .db(move |store| {
            let row = store.work_get(&id)?;
            let log = store
                .work_step_get(&id)?
                .and_then(|value| serde_json::from_value(value).ok())
                .unwrap_or_default();
            let Some(mut work) = row.map(|row| row.work) else { return Ok(None) };
            super::keep::with_password(store, &mut work)?;
            Ok(Some((work, log)))
        })
        .await?;
    let (work, log): (Work, StepLog) = found.ok_or(FailureCode::Unknown)?;
    let session = source::session(app, &work.account).await?;
    Ok((session, work, log))
}
