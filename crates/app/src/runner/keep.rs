//! Keeping answers of running attempts at their site, at each contact and a while after an answer: what is there in
//! time counts. A finished attempt is the outbox's; it is never touched here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::time::Duration;

use daypack_course::work::{Answer, Deed, SiteSide, Work};
use daypack_course::{AccountId, AttemptId, TimeMs};
use daypack_store::{AttemptRow, AttemptState, Store, StoreError};

use crate::App;
use crate::api::{Event, Failure};
use crate::commands::source;
use crate::commands::study::answer;
use crate::receiver::receiver;

/// Name of the machine that holds what is known of the sites' sides.
const SIDES: &str = "attempts at sites";
/// Name of the machine that holds passwords of quizzes whose attempts are sealed. Sealed work goes into exports and
/// receipts, machines do not.
const PASSWORDS: &str = "passwords of quizzes";
/// After an answer, so long is waited for more of them.
const SOON: Duration = Duration::from_secs(60);

type Sides = BTreeMap<AttemptId, SiteSide>;

fn sides(store: &Store) -> Result<Sides, StoreError> {
    Ok(match store.machine_get(SIDES)? {
        Some(value) => serde_json::from_value(value).unwrap_or_default(),
        None => Sides::new(),
    })
}

/// What is known of an attempt at its site; nothing for one that was never there.
pub(crate) fn side(store: &Store, attempt: &AttemptId) -> Result<SiteSide, StoreError> {
    Ok(sides(store)?.remove(attempt).unwrap_or_default())
}

/// The same, to be sealed: the quiz's password stays beside it.
pub(crate) fn side_to_seal(store: &Store, attempt: &AttemptId) -> Result<SiteSide, StoreError> {
    let mut side = side(store, attempt)?;
    if let Some(password) = side.password.take() {
        let mut all = passwords(store)?;
        all.insert(attempt.clone(), password);
        store.machine_put(PASSWORDS, &serde_json::to_value(&all)?)?;
    }
    Ok(side)
}

fn passwords(store: &Store) -> Result<BTreeMap<AttemptId, String>, StoreError> {
    let kept = store.machine_get(PASSWORDS)?;
    Ok(kept.and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default())
}

/// Puts the password back into a sealed attempt that is about to be sent or asked about.
pub(crate) fn with_password(store: &Store, work: &mut Work) -> Result<(), StoreError> {
    if let Deed::QuizFinish { attempt, side, .. } = &mut work.deed
        && side.password.is_none()
    {
        side.password = passwords(store)?.remove(attempt);
    }
    Ok(())
}

/// Notes what is known of an attempt; of attempts that are over nothing is kept.
pub(crate) fn side_put(store: &Store, attempt: &AttemptId, side: SiteSide) -> Result<(), StoreError> {
    let mut all = sides(store)?;
    all.insert(attempt.clone(), side);
    let open: BTreeSet<AttemptId> = store.attempts_open()?.into_iter().map(|row| row.id).collect();
    all.retain(|id, _| open.contains(id));
    store.machine_put(SIDES, &serde_json::to_value(&all)?)
}

/// Keeps soon what was just answered, once for many answers.
pub(crate) fn soon(app: &App) {
    if app.keeping_soon().swap(true, Ordering::SeqCst) {
        return;
    }
    let keeper = app.clone();
    app.spawn(async move {
        tokio::time::sleep(SOON).await;
        keeper.keeping_soon().store(false, Ordering::SeqCst);
        if !keeper.board(|board| board.link.state == crate::api::status::LinkState::Online) {
            return;
        }
        for account in keeper.db(|store| store.signed_in()).await.unwrap_or_default() {
            let Ok(session) = source::session(&keeper, &account).await else { continue };
            answers(&keeper, &account, &session).await;
        }
    });
}

/// Everything answered since the last time, of all running attempts at the site of `account`.
pub(crate) async fn answers(app: &App, account: &AccountId, session: &source::Session) {
    let rows = app.db(Store::attempts_open).await.unwrap_or_default();
    for row in rows {
        if let Err(error) = of_attempt(app, account, session, row).await {
            tracing::info!(%error, "answers not kept at the site this time");
        }
    }
}

/// What there is to keep of one attempt.
struct Paper {
    side: SiteSide,
    answers: Vec<Answer>,
    pages: Vec<u32>,
    newest: TimeMs,
}

async fn of_attempt(
    app: &App,
    account: &AccountId,
    session: &source::Session,
    row: AttemptRow,
) -> Result<(), Failure> {
    let Some(remote) = row.remote_attempt.clone() else { return Ok(()) };
    let Ok((course, item)) = app.find_item(&row.course, &row.item).await else { return Ok(()) };
    let (owner, attempt) = (account.clone(), row.clone());
    let paper = app.db(move |store| {
        let receives =
            receiver(store, &course, &item)?.account().is_ok_and(|(account, _)| account.id == owner);
        if receives { paper(store, &attempt) } else { Ok(None) }
    });
    let Some(paper) = paper.await? else { return Ok(()) };
    let asked =
        session.connector.keep_answers(&session.who, &remote, &paper.answers, &paper.pages, &paper.side);
    let kept = asked.await.map_err(|error| source::read_failed(&error, account))?;
    let id = row.id.clone();
    app.db(move |store| {
        // Finished meanwhile: the paper that is on its way has what it needs.
        if store.attempt_get(&id)?.is_none_or(|now| now.state == AttemptState::Finished) {
            return Ok(());
        }
        let mut side = side(store, &id)?;
        side.ended |= kept.ended;
        side.fields.extend(kept.fields);
        if !kept.ended && kept.missed.is_empty() {
            side.answers_of = Some(paper.newest);
            side.kept_at = kept.at.filter(|_| kept.others.is_empty()).or(side.kept_at);
        }
        side_put(store, &id, side)
    })
    .await?;
    app.tell(Event::CourseChanged { course: row.course, item: Some(row.item) });
    Ok(())
}

fn paper(store: &Store, row: &AttemptRow) -> Result<Option<Paper>, StoreError> {
    let side = side(store, &row.id)?;
    if side.ended {
        return Ok(None);
    }
    let responses = store.responses_of(&row.id)?;
    let fresh = |at: TimeMs| side.answers_of.is_none_or(|known| at > known);
    let changed: Vec<_> = row
        .questions
        .iter()
        .filter_map(|question| Some((question, responses.get(&question.id)?)))
        .filter(|(_, kept)| fresh(kept.at))
        .collect();
    let Some(newest) = changed.iter().map(|(_, kept)| kept.at).max() else { return Ok(None) };
    let known: Option<BTreeSet<u32>> = changed.iter().map(|(question, _)| question.page).collect();
    let answers = changed.iter().map(|(question, kept)| answer(question, &kept.response)).collect();
    Ok(Some(Paper { side, answers, pages: known.unwrap_or_default().into_iter().collect(), newest }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quizs_password_is_not_sealed_and_is_there_when_it_is_sent() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), TimeMs(0)).unwrap();
        let attempt = AttemptId::new("a1");
        let side = SiteSide { password: Some("open sesame".into()), ..SiteSide::default() };
        store.machine_put(SIDES, &serde_json::json!({ "a1": side })).unwrap();
        let side = side_to_seal(&store, &attempt).unwrap();
        let deed = |side| Deed::QuizFinish {
            attempt: attempt.clone(),
            remote_attempt: None,
            answers: Vec::new(),
            anyway: false,
            side,
        };
        let mut work = Work {
            id: "w".into(),
            account: "a".into(),
            course: "c".into(),
            item: "i".into(),
            target: daypack_course::outline::Binding {
                site: String::new(),
                course: String::new(),
                module: String::new(),
                cmid: String::new(),
                instance: String::new(),
            },
            deed: deed(side),
            created: TimeMs(0),
        };
        assert!(!serde_json::to_string(&work).unwrap().contains("sesame"));
        with_password(&store, &mut work).unwrap();
        assert!(serde_json::to_string(&work).unwrap().contains("open sesame"));
    }
}
