//! Bringing things back: is anybody there, what do sites offer, what was graded and said.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};

use daypack_course::changes::What;
use daypack_course::feedback::FeedbackFile;
use daypack_course::outline::{Binding, ItemBody, Origin};
use daypack_course::{AccountId, CourseId, ItemId};
use daypack_engine::transfer::Limits;
use daypack_lms::connector::PostView as SitePost;
use daypack_lms::{Pulled, ReadError, SiteError};
use daypack_store::Store;

use super::links::Source;
use super::news::{Bound, Places, Round};
use super::{Note, Probe};
use super::{compare, keep};
use crate::App;
use crate::api::study::PostView;
use crate::api::{Event, Failure, FailureCode};
use crate::commands::{changes, feedback_unseen, source, there};
use crate::haul::{Errand, Place, Progress, ProofOf, haul};
use crate::shelf::same_site;

/// A recorded message larger than this waits for the learner's word.
const MAX_RECORDING: u64 = 32 << 20;

/// Asks a source whether it is there. Online means: it answered as itself.
pub(crate) async fn probe(app: App, source: Source) {
    let found = match &source {
        Source::Site { kind, site } => match source::connector(&app, kind).probe(site).await {
            Ok(_) | Err(SiteError::Maintenance | SiteError::ServiceOff | SiteError::TooOld) => {
                Probe::Answered
            }
            Err(SiteError::CaptivePortal | SiteError::NotAnLms) => Probe::Portal,
            Err(_) => Probe::Silent,
        },
        Source::Library { address } => match source::library(&app).library(address, None).await {
            Ok(_) => Probe::Answered,
            Err(daypack_lms::library::LibraryError::CaptivePortal) => Probe::Portal,
            Err(_) => Probe::Silent,
        },
        Source::Nothing => Probe::Silent,
    };
    app.desk(Note::ProbeEnded(source, found)).await;
}

/// One round: feedback and posts for all bound items of each signed-in account, then what is on offer, then progress
/// of other computers. `asked`: the learner wants it now.
pub(crate) async fn round(app: App, asked: bool) {
    let mut reached = Vec::new();
    let accounts = app.db(|store| store.signed_in()).await.unwrap_or_default();
    for account in accounts {
        let session = match source::session(&app, &account).await {
            Ok(session) => session,
            Err(failure) => {
                // A sealed sign-in whose key is away waits; one that is damaged is none.
                if failure.code == FailureCode::SignInNeeded {
                    let id = account.clone();
                    let _ = app.db(move |store| store.secret_remove(&id)).await;
                    app.tell(Event::SignInNeeded { account });
                }
                continue;
            }
        };
        let ended = account_round(&app, &account, &session).await;
        reached.push((account.clone(), !matches!(ended, Err(ReadError::Unreachable | ReadError::Portal))));
        match ended {
            Ok(()) => super::follow::round(&app, &session, asked).await,
            Err(ReadError::SignIn) => {
                session.refused(&app).await;
                app.tell(Event::SignInNeeded { account });
            }
            Err(error) => tracing::info!(%error, "nothing brought back this time"),
        }
    }
    app.desk(Note::PullEnded(reached)).await;
}

async fn account_round(app: &App, account: &AccountId, session: &source::Session) -> Result<(), ReadError> {
    // Before anything else: an answer that is there in time counts.
    keep::answers(app, account, session).await;
    let site = session.who.site.clone();
    let bound: Bound = app.db(move |store| bound_items(store, &site)).await.map_err(|e| failed(&e))?;
    let mut round = Round::ask(app, account, session, &bound).await?;
    let about: Vec<Binding> = bound.places.keys().filter(|b| round.is_asked(b)).cloned().collect();
    if !about.is_empty() {
        let pulled = session.connector.pull(&session.who, &about).await?;
        keep(app, pulled, &bound.places, session).await?;
    }
    for course in round.courses_asked() {
        // A table that does not come this time leaves the one that is here.
        match session.connector.grades(&session.who, &course).await {
            Ok(book) => crate::commands::grades::keep(app, account, course, book).await,
            Err(error @ (ReadError::SignIn | ReadError::Unreachable | ReadError::Portal)) => {
                return Err(error);
            }
            Err(error) => tracing::info!(%error, "no grades this time"),
        }
    }
    round.came(app).await.map_err(|e| failed(&e))?;
    if let Some(offers) = round.offers.take()
        && let Err(error) = app.offers_keep(account, &session.who.site, offers).await
    {
        tracing::info!(%error, "offers not kept");
    }
    for course in round.to_compare() {
        compare::compare(app, account, &course).await;
    }
    Ok(())
}

/// The activities of a site that courses here stand for, where work can come back.
fn bound_items(store: &Store, site: &str) -> Result<Bound, daypack_store::StoreError> {
    let mut bound = Bound::default();
    for row in store.courses()? {
        if matches!(row.origin, Origin::BuiltIn) {
            continue;
        }
        let Some(course) = store.course_get(&row.id)? else { continue };
        for item in course.items() {
            let closes = match &item.body {
                ItemBody::Quiz(quiz) => quiz.closes,
                ItemBody::Assignment(_) | ItemBody::Discussion(_) => None,
                _ => continue,
            };
            for binding in item.bindings.iter().filter(|b| same_site(&b.site, site)) {
                // One activity is asked about once, however many courses here stand for it.
                let about = Binding { site: site.to_owned(), ..binding.clone() };
                bound.add(&about, closes, (course.id.clone(), item.id.clone()));
            }
        }
    }
    Ok(bound)
}

async fn keep(
    app: &App,
    pulled: Pulled,
    places: &Places,
    session: &source::Session,
) -> Result<(), ReadError> {
    let account = session.who.account.clone();
    let at = app.now();
    let mut wanted: Vec<(String, FeedbackFile)> = Vec::new();
    for feedback in &pulled.feedback {
        wanted.extend(feedback.files.iter().map(|file| (feedback.id.clone(), file.clone())));
    }
    let changed: BTreeSet<(CourseId, ItemId)> = {
        let (feedback, posts, submissions) = (pulled.feedback, pulled.posts, pulled.submissions);
        let places = places.clone();
        app.db(move |store| {
            let mut changed = BTreeSet::new();
            let known: BTreeMap<String, String> =
                store.feedback_all()?.into_iter().map(|f| (f.id, f.version)).collect();
            let worked: BTreeSet<(CourseId, ItemId)> =
                store.work_list()?.rows.into_iter().map(|row| (row.work.course, row.work.item)).collect();
            for mut one in feedback {
                one.account = account.clone();
                if known.get(&one.id) != Some(&one.version) {
                    store.feedback_put(&one)?;
                    // An answer to what was done here, or another one than before; not what was there all the time.
                    for place in places.get(&one.about).into_iter().flatten() {
                        if known.contains_key(&one.id) || worked.contains(place) {
                            changes::note(store, &place.0, &[(place.1.clone(), What::Answered)], at)?;
                        }
                    }
                    changed.extend(places.get(&one.about).into_iter().flatten().cloned());
                }
            }
            for (binding, submission) in submissions {
                for (course, item) in places.get(&binding).into_iter().flatten() {
                    if there::keep(store, course, item, &submission, at)? {
                        changed.insert((course.clone(), item.clone()));
                    }
                }
            }
            let me = store.account_get(&account)?.map(|a| a.full_name).unwrap_or_default();
            for (binding, thread) in posts {
                let views: Vec<PostView> = thread.into_iter().map(|post| view(post, &me)).collect();
                let value = serde_json::to_value(&views)?;
                for (course, item) in places.get(&binding).into_iter().flatten() {
                    let before = store.posts_get(course, item)?.map(|(value, _)| value);
                    store.posts_replace(course, item, &value, at)?;
                    let known: Option<Vec<PostView>> =
                        before.as_ref().and_then(|value| serde_json::from_value(value.clone()).ok());
                    let is_new = |post: &PostView| {
                        !post.mine
                            && known.as_ref().is_some_and(|all| all.iter().all(|one| one.id != post.id))
                    };
                    if views.iter().any(is_new) {
                        changes::note(store, course, &[(item.clone(), What::Posts)], at)?;
                    }
                    if before.as_ref() != Some(&value) {
                        changed.insert((course.clone(), item.clone()));
                    }
                }
            }
            Ok(changed)
        })
        .await
        .map_err(|e| failed(&e))?
    };
    // Text first, it is there already; recordings after it.
    for (feedback, file) in wanted {
        if let Err(error) = recording(app, session, &feedback, &file).await {
            tracing::info!(%error, "a recording did not come this time");
        }
    }
    for (course, item) in changed {
        app.tell(Event::CourseChanged { course, item: Some(item) });
    }
    if let Ok(unseen) = app.db(feedback_unseen).await {
        app.tell(Event::Feedback { unseen });
    }
    Ok(())
}

fn view(post: SitePost, me: &str) -> PostView {
    PostView {
        mine: post.work.is_some() || (!me.is_empty() && post.author == me),
        id: post.id,
        parent: post.parent,
        subject: post.subject,
        author: post.author,
        html: post.html,
        at: post.at,
        can_reply: post.can_reply,
    }
}

/// Brings a recorded message here, proven by the site's own mark where there is one.
async fn recording(
    app: &App,
    session: &source::Session,
    feedback: &str,
    file: &FeedbackFile,
) -> Result<(), Failure> {
    let (id, url) = (feedback.to_owned(), file.url.clone());
    if app.db(move |store| store.feedback_file_get(&id, &url)).await?.is_some()
        || file.size.is_some_and(|size| size > MAX_RECORDING)
    {
        return Ok(());
    }
    let key = format!("{} {}", file.url, file.version);
    let store = app.store().clone();
    let unreached = |why: String| Failure::new(FailureCode::Unreachable).fact("why", why);
    let way = session.connector.way(&session.who, &file.url).map_err(|error| unreached(error.to_string()))?;
    let (partial, held) = store.objects().sparse_open(&key, "")?;
    let place = Place { url: way.url.clone(), secret: way.secret.clone(), transport: None };
    let limits =
        Limits { first: 1, cap: 2, patience: 30_000, portal_patience: 0, refusals: 3, ..Limits::default() };
    let errand = Errand { limits, ..Errand::new(vec![place], ProofOf::Length) };
    let (stop, large) = (app.stopped().child_token(), AtomicBool::new(false));
    let end = stop.clone();
    let tell = |progress: &Progress| {
        if progress.have.max(progress.size.unwrap_or(0)) > MAX_RECORDING {
            large.store(true, Ordering::Relaxed);
            end.cancel();
        }
    };
    // What came before it broke off is noted, and the next round goes on from there.
    let hauled = haul(way.transport.clone(), errand, partial, held, stop, tell).await;
    if large.load(Ordering::Relaxed) {
        store.objects().sparse_discard(&key)?;
        return Err(Failure::new(FailureCode::FileTooLarge));
    }
    let hauled = hauled.map_err(|error| unreached(error.to_string()))?;
    let sha1 = hauled.validator.as_deref().map(|etag| etag.trim_matches('"').to_owned());
    let finishing = (store.clone(), key, hauled.size);
    let finished = tokio::task::spawn_blocking(move || {
        let (store, key, size) = finishing;
        let (digest, _) = store.objects().sparse_finish(&key, size, None)?;
        Ok::<_, daypack_store::StoreError>((
            super::fetch::sha1_fits(&store.objects().path(&digest), sha1.as_deref()),
            digest,
        ))
    });
    let (fits, digest) = finished.await.map_err(|error| unreached(error.to_string()))??;
    if !fits {
        store.object_remove(&digest)?;
        return Err(Failure::new(FailureCode::BrokenPackage).fact("name", &file.name));
    }
    let (id, url) = (feedback.to_owned(), file.url.clone());
    app.db(move |store| store.feedback_file_put(&id, &url, &digest)).await
}

fn failed(failure: &Failure) -> ReadError {
    ReadError::Unexpected(failure.to_string())
}
