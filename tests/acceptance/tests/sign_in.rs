//! How an account stands at its school, and the ways to sign in: nothing a learner made is touched by any of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::path::Path;
use std::sync::Arc;

use daypack_app::api::FailureCode;
use daypack_app::api::input::*;
use daypack_app::api::status::{AccountState, AccountView};
use daypack_app::signing_in::PageEnd;
use daypack_app::{App, OpenOptions};
use daypack_course::outline::ItemKind;
use daypack_course::work::WorkState;
use daypack_tests::learner::{card_when, enrol, of_kind, open, post, rows, until};
use daypack_tests::practice::{Practice, small_course};

async fn account(app: &App) -> AccountView {
    let all = app.app_status(Nothing {}).await.unwrap().accounts;
    assert_eq!(all.len(), 1, "one account: {all:?}");
    all[0].clone()
}

fn is_accepted(state: &WorkState) -> bool {
    matches!(state, WorkState::Accepted { .. })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_school_has_against_an_account_is_told_and_work_waits_until_it_is_over() {
    let dir = tempfile::tempdir().unwrap();
    let campus = Practice::start(&small_course(), None, &dir.path().join("campus"));
    let app = open(&dir.path().join("data")).await;
    let course = enrol(&app, &campus).await;
    let forum = of_kind(&app, &course, ItemKind::Discussion).await.remove(0);
    let items = rows(&app, &course).await.len();
    assert_eq!(account(&app).await.state, AccountState::Good);
    for (switch, state, code) in [
        ("new-password", AccountState::NewPassword, FailureCode::MustChangePassword),
        ("policy", AccountState::Rules, FailureCode::PolicyNotAgreed),
        ("suspend", AccountState::Suspended, FailureCode::Suspended),
    ] {
        campus.ctl(&[switch, "student1"]);
        let written = post(&app, &course, &forum, switch).await.id;
        app.sync_now(Nothing {}).await.unwrap();
        until(switch, || async { (account(&app).await.state == state).then_some(()) }).await;
        let me = account(&app).await;
        assert!(!me.needs_sign_in, "{switch}: nobody is signed out");
        let refused = app.account_check(AccountInput { account: me.id.clone() }).await.unwrap_err();
        assert_eq!(refused.code, code);
        assert_eq!(
            app.work(WorkInput { work: written.clone() }).await.unwrap().card.state,
            WorkState::Waiting
        );
        assert_eq!(rows(&app, &course).await.len(), items, "{switch}: the course stays");

        campus.ctl(&[switch, "student1", "off"]);
        app.account_check(AccountInput { account: me.id }).await.unwrap();
        assert_eq!(account(&app).await.state, AccountState::Good);
        card_when(&app, &written, "a receipt", |card| is_accepted(&card.state)).await;
    }
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_ran_out_asks_for_a_new_sign_in_which_keeps_everything() {
    let dir = tempfile::tempdir().unwrap();
    let campus = Practice::start(&small_course(), None, &dir.path().join("campus"));
    let app = open(&dir.path().join("data")).await;
    let course = enrol(&app, &campus).await;
    let before = account(&app).await;
    let forum = of_kind(&app, &course, ItemKind::Discussion).await.remove(0);
    campus.ctl(&["expire-tokens"]);
    let written = post(&app, &course, &forum, "while the token runs out").await.id;
    until("a word", || async { (account(&app).await.state == AccountState::SignIn).then_some(()) }).await;
    assert_eq!(app.work(WorkInput { work: written.clone() }).await.unwrap().card.state, WorkState::Waiting);
    let who =
        SignIn { site: campus.site.clone(), username: "student1".into(), password: "practice-1".into() };
    let again = app.sign_in(who).await.unwrap();
    assert_eq!((again.id, again.state), (before.id, AccountState::Good));
    card_when(&app, &written, "a receipt", |card| is_accepted(&card.state)).await;
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_courses_that_comes_empty_removes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let campus = Practice::start(&small_course(), None, &dir.path().join("campus"));
    let app = open(&dir.path().join("data")).await;
    let course = enrol(&app, &campus).await;
    let items = rows(&app, &course).await.len();
    campus.ctl(&["unenrol", "student1"]);
    let library = app.offers_refresh(Nothing {}).await.unwrap();
    assert_eq!((library.courses.len(), rows(&app, &course).await.len()), (1, items));
    assert_eq!(account(&app).await.state, AccountState::Good);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_qr_code_signs_in_once() {
    let dir = tempfile::tempdir().unwrap();
    let campus = Practice::start(&small_course(), None, &dir.path().join("campus"));
    let app = open(&dir.path().join("data")).await;
    let text = campus.code("student2");
    let found = app.site_check(Address { address: text.clone() }).await.unwrap();
    assert!(found.by_code && found.site == campus.site, "{found:?}");
    let signed = app.sign_in_code(SignInCode { text: text.clone() }).await.unwrap();
    assert_eq!(signed.username, "student2");
    let again = app.sign_in_code(SignInCode { text }).await.unwrap_err();
    assert_eq!(again.code, FailureCode::CodeSpent);
    let other = app.sign_in_code(SignInCode { text: campus.site.clone() }).await.unwrap_err();
    assert_eq!(other.code, FailureCode::BadAddress);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_page_needs_a_window_and_closing_it_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let campus = Practice::start(&small_course(), None, &dir.path().join("campus"));
    campus.ctl(&["sign-in-way", "2"]);
    let site = Site { site: campus.site.clone() };
    let app = open(&dir.path().join("headless")).await;
    let found = app.site_check(Address { address: campus.site.clone() }).await.unwrap();
    assert!(!found.by_page && !found.by_password);
    assert_eq!(app.sign_in_page(site.clone()).await.unwrap_err().code, FailureCode::NoWindow);
    app.close().await;

    for (end, code) in [
        (None, FailureCode::SignInCancelled),
        (Some("moodlemobile://token=eDo6Onk="), FailureCode::SignInNotProven),
    ] {
        let window = Arc::new(move |_| {
            let end = end.map(PageEnd::new);
            Box::pin(async move { end }) as std::pin::Pin<Box<dyn Future<Output = _> + Send>>
        });
        let data_dir = dir.path().join(format!("{code:?}"));
        let options = OpenOptions { data_dir, sign_in_window: Some(window), ..OpenOptions::default() };
        let app = App::open(options).await.unwrap();
        assert_eq!(app.sign_in_page(site.clone()).await.unwrap_err().code, code);
        assert!(app.app_status(Nothing {}).await.unwrap().accounts.is_empty());
        app.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_of_a_school_names_its_site() {
    let dir = tempfile::tempdir().unwrap();
    let app = open(&dir.path().join("data")).await;
    let read = async |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        app.school_file(PathInput { path: Path::display(&path).to_string() }).await
    };
    let found =
        read("a.json", r#"{"site": "learn.school.example", "name": "School", "more": 1}"#).await.unwrap();
    assert_eq!((found.site.as_str(), found.name.as_str()), ("learn.school.example", "School"));
    for other in ["{}", "not json", r#"{"site": "file:///etc/passwd"}"#, r#"{"site": ""}"#] {
        assert_eq!(read("b.json", other).await.unwrap_err().code, FailureCode::UnsupportedFile, "{other}");
    }
    app.close().await;
}
