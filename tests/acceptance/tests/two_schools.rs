//! Two schools: one that is away, or behind a portal, holds up nothing of the other.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

#[path = "two_schools/packages.rs"]
mod packages;

use daypack_app::App;
use daypack_app::api::input::Nothing;
use daypack_app::api::status::LinkState;
use daypack_course::outline::ItemKind;
use daypack_course::work::{Wait, WorkState};
use daypack_course::{CourseId, ItemId};
use daypack_tests::learner::{card_when, enrol, of_kind, open, post, until};
use daypack_tests::practice::{Practice, small_course};

async fn forum(app: &App, course: &CourseId) -> ItemId {
    of_kind(app, course, ItemKind::Discussion).await.into_iter().next().expect("a discussion")
}

async fn link(app: &App) -> LinkState {
    app.app_status(Nothing {}).await.unwrap().link.state
}

#[tokio::test(flavor = "multi_thread")]
async fn a_school_that_is_away_or_behind_a_portal_holds_up_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let mut first = Practice::start(&small_course(), None, &dir.path().join("first"));
    let second = Practice::start(&small_course(), None, &dir.path().join("second"));
    let app = open(&dir.path().join("data")).await;
    let (one, two) = (enrol(&app, &first).await, enrol(&app, &second).await);
    let (forum_one, forum_two) = (forum(&app, &one).await, forum(&app, &two).await);
    let is_accepted = |state: &WorkState| matches!(state, WorkState::Accepted { .. });

    first.stop();
    let stuck = post(&app, &one, &forum_one, "to the school that is away").await.id;
    let free = post(&app, &two, &forum_two, "to the school that is there").await.id;
    card_when(&app, &free, "a receipt", |c| is_accepted(&c.state)).await;
    let card = card_when(&app, &stuck, "a reason", |c| c.wait == Some(Wait::Connection)).await;
    assert_eq!(card.state, WorkState::Waiting);
    assert_eq!(link(&app).await, LinkState::Online, "one school answers");

    first.restart();
    first.ctl(&["portal", "on"]);
    app.sync_now(Nothing {}).await.unwrap();
    let free = post(&app, &two, &forum_two, "beside a portal").await.id;
    card_when(&app, &free, "a receipt", |c| is_accepted(&c.state)).await;
    let card = card_when(&app, &stuck, "a reason", |c| c.wait == Some(Wait::Connection)).await;
    assert_eq!(card.state, WorkState::Waiting);

    first.ctl(&["portal", "off"]);
    app.sync_now(Nothing {}).await.unwrap();
    card_when(&app, &stuck, "a receipt at last", |c| is_accepted(&c.state)).await;
    until("both", || async { (link(&app).await == LinkState::Online).then_some(()) }).await;
    app.close().await;
}
