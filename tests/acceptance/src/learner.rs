//! A learner with a program of their own: signs in at the practice campus, adds its course, waits for things.

use std::path::Path;
use std::time::{Duration, Instant};

use daypack_app::api::input::*;
use daypack_app::api::outline::{Here, ItemRow};
use daypack_app::api::work::{OutboxView, WorkCard};
use daypack_app::{App, OpenOptions};
use daypack_course::outline::ItemKind;
use daypack_course::{CourseId, ItemId, WorkId};

use crate::practice::Practice;

/// Opens a program on `dir`.
pub async fn open(dir: &Path) -> App {
    App::open(OpenOptions { data_dir: dir.to_owned(), ..OpenOptions::default() }).await.expect("opens")
}

/// Asks until there is an answer, at most 30 s.
pub async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut ask: impl FnMut() -> F) -> T {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        assert!(Instant::now() < end, "waited in vain for: {what}");
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

/// Signs in as `student1` and adds the course that is offered.
pub async fn enrol(app: &App, campus: &Practice) -> CourseId {
    enrol_at(app, &campus.site).await
}

/// The same at an address.
pub async fn enrol_at(app: &App, site: &str) -> CourseId {
    let found = app.site_check(Address { address: site.to_owned() }).await.expect("a site");
    let who = SignIn { site: found.site, username: "student1".into(), password: "practice-1".into() };
    app.sign_in(who).await.expect("signed in");
    let library = app.offers_refresh(Nothing {}).await.expect("offers");
    let offer = library.offers.first().expect("a course").clone();
    app.course_add(OfferInput { source: offer.source, id: offer.id }).await.expect("added").course
}

/// All items of a course.
pub async fn rows(app: &App, course: &CourseId) -> Vec<ItemRow> {
    let view = app.course(CourseInput { course: course.clone() }).await.expect("outline");
    view.sections.into_iter().flat_map(|s| s.items).collect()
}

/// The items of one kind.
pub async fn of_kind(app: &App, course: &CourseId, kind: ItemKind) -> Vec<ItemId> {
    rows(app, course).await.into_iter().filter(|r| r.kind == kind).map(|r| r.id).collect()
}

/// Writes a text and hands it in.
pub async fn hand_in(app: &App, course: &CourseId, item: &ItemId, text: &str) -> WorkCard {
    let (course, item) = (course.clone(), item.clone());
    let draft =
        DraftSave { course: course.clone(), item: item.clone(), slot: "text".into(), text: text.into() };
    app.draft_save(draft).await.expect("saved");
    app.hand_in(HandIn { course, item, agreed: false }).await.expect("sealed")
}

/// Writes a message.
pub async fn post(app: &App, course: &CourseId, forum: &ItemId, subject: &str) -> WorkCard {
    let post = PostSend {
        course: course.clone(),
        item: forum.clone(),
        parent: None,
        subject: subject.into(),
        text: format!("text of {subject}"),
    };
    app.post_send(post).await.expect("sealed")
}

/// The card of a piece of work once `is_it` says so.
pub async fn card_when(app: &App, work: &WorkId, what: &str, is_it: impl Fn(&WorkCard) -> bool) -> WorkCard {
    until(what, || async {
        let card = app.work(WorkInput { work: work.clone() }).await.expect("work").card;
        is_it(&card).then_some(card)
    })
    .await
}

/// The outbox.
pub async fn outbox(app: &App) -> OutboxView {
    app.outbox(Nothing {}).await.expect("outbox")
}

/// Takes one item along and waits until it is here.
pub async fn take_here(app: &App, course: &CourseId, item: &ItemId) {
    let take = TakeAlong { course: course.clone(), section: None, item: Some(item.clone()), tier: None };
    app.take_along(take).await.expect("taken");
    until("the item is here", || async {
        rows(app, course).await.into_iter().find(|r| r.id == *item && r.here == Here::Ready).map(|_| ())
    })
    .await;
}
