//! A package from a USB stick meets the school's site: worked without an account, handed in once the learner signs in.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use daypack_app::App;
use daypack_app::api::FailureCode;
use daypack_app::api::input::*;
use daypack_app::api::outline::Done;
use daypack_app::api::receiver::*;
use daypack_app::api::study::{ItemBodyView, ItemView};
use daypack_app::api::takeout::ExportWork;
use daypack_app::api::work::{WorkCard, WorkGroup};
use daypack_course::outline::Origin;
use daypack_course::quiz::{QuestionBody, Response};
use daypack_course::work::{Wait, WorkState};
use daypack_course::{AccountId, CourseId};
use daypack_tests::learner::{card_when, hand_in, open, outbox, rows, until};
use daypack_tests::packed::small_package;
use daypack_tests::practice::{Practice, small_course};
use serde_json::Value;

const ESSAY: &str = "Offline work needs no mast, no cable & no luck.";

fn is_accepted(state: &WorkState) -> bool {
    matches!(state, WorkState::Accepted { .. })
}

async fn from_stick(app: &App, package: &Path) -> CourseId {
    let opened = app.open_path(PathInput { path: package.display().to_string() }).await.expect("opens");
    opened.courses[0].id.clone()
}

async fn view(app: &App, course: &CourseId, item: &str) -> ItemView {
    app.item(ItemInput { course: course.clone(), item: item.into() }).await.expect("the item")
}

async fn sign_in(app: &App, campus: &Practice, n: u32) -> AccountId {
    let site = app.site_check(Address { address: campus.site.clone() }).await.expect("a site").site;
    let who = SignIn { site, username: format!("student{n}"), password: format!("practice-{n}") };
    app.sign_in(who).await.expect("signed in").id
}

/// Works the graded quiz to its end.
async fn finish_quiz(app: &App, course: &CourseId) -> Option<WorkCard> {
    let attempt = app.attempt_start(ItemInput { course: course.clone(), item: "z2".into() }).await.unwrap();
    for question in &attempt.questions {
        let response = match &question.body {
            QuestionBody::TrueFalse(_) => Response::TrueFalse { value: Some(true) },
            QuestionBody::ShortText(_) => Response::ShortText { text: "offline".into() },
            QuestionBody::Essay(_) => Response::Essay { text: ESSAY.into() },
            other => panic!("{other:?}"),
        };
        let (attempt, question) = (attempt.id.clone(), question.id.clone());
        app.response_save(ResponseSave { attempt, question, response }).await.unwrap();
    }
    let finished = app.attempt_finish(AttemptInput { attempt: attempt.id }).await.expect("finished");
    assert!(finished.finished.is_some());
    finished.work
}

fn saves(campus: &Practice) -> Vec<(i64, i64)> {
    let state = campus.state();
    let all = state["submissions"].as_array().unwrap().iter();
    all.map(|s| (s["user"].as_i64().unwrap(), s["saves"].as_i64().unwrap())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_package_is_worked_without_an_account_and_handed_in_once_after_signing_in() {
    let dir = tempfile::tempdir().unwrap();
    let mut campus = Practice::start(&small_course(), None, &dir.path().join("campus"));
    let package = small_package(dir.path(), Some(&campus.site));
    campus.stop();
    let data = dir.path().join("data");
    let app = open(&data).await;
    let course = from_stick(&app, &package).await;

    // The learner is told before handing in where it goes, and that it takes a sign-in.
    let host = campus.site.strip_prefix("http://").unwrap().to_owned();
    let told =
        ReceiverView::SignIn { sites: vec![SiteChoice { site: campus.site.clone(), host: host.clone() }] };
    let before = view(&app, &course, "z2").await;
    assert_eq!((before.receiver, before.hands_in_to), (told.clone(), Some(host.clone())));

    let quiz = finish_quiz(&app, &course).await.expect("work of the quiz");
    let essay = hand_in(&app, &course, &"a1".into(), ESSAY).await;
    for card in [&quiz, &essay] {
        assert_eq!(
            (&card.state, card.wait, card.group),
            (&WorkState::Waiting, Some(Wait::SignIn), WorkGroup::NeedsYou)
        );
        assert_eq!((card.goes_to.as_ref(), &card.site_name), (Some(&told), &host));
    }
    app.work_retry(WorkInput { work: quiz.id.clone() }).await.expect("nothing to try yet, and no harm");
    app.close().await;
    drop(app);

    // Another day, with a connection: nothing goes anywhere before the learner signs in.
    campus.restart();
    let app = open(&data).await;
    app.sync_now(Nothing {}).await.unwrap();
    assert_eq!(outbox(&app).await.unsent, 2);
    assert!(saves(&campus).is_empty());

    let account = sign_in(&app, &campus, 1).await;
    for id in [&quiz.id, &essay.id] {
        let card = card_when(&app, id, "a receipt", |c| is_accepted(&c.state)).await;
        assert_eq!((card.goes_to, card.course), (None, course.clone()));
    }
    assert_eq!(saves(&campus), [(4, 1)]);
    let attempts = campus.state()["attempts"].clone();
    assert_eq!(attempts.as_array().unwrap().len(), 1);
    assert_eq!(attempts[0]["state"], "finished");
    let ReceiverView::Account { account: to } = view(&app, &course, "a1").await.receiver else {
        panic!("an account")
    };
    assert_eq!(to.account, account);

    // The school's own list does not offer a second copy of the same course.
    let library = app.offers_refresh(Nothing {}).await.unwrap();
    assert!(library.offers.is_empty(), "{:?}", library.offers);
    assert_eq!(
        app.offers_of(account.as_str()).await.unwrap().len(),
        1,
        "the control: the site does offer it"
    );

    // Grades come back beside the work.
    campus.ctl(&["grade-now"]);
    until("both grades", || async {
        app.sync_now(Nothing {}).await.unwrap();
        let inbox = app.inbox(Nothing {}).await.unwrap().feedback;
        let about = |item: &str| {
            inbox.iter().any(|f| {
                f.course.as_ref() == Some(&course) && f.item == Some(item.into()) && f.grade.is_some()
            })
        };
        (about("z2") && about("a1")).then_some(())
    })
    .await;
    assert!(view(&app, &course, "a1").await.feedback.iter().any(|f| f.grade.is_some()));

    // A later start sends nothing again.
    app.close().await;
    drop(app);
    let app = open(&data).await;
    sign_in(&app, &campus, 1).await;
    app.sync_now(Nothing {}).await.unwrap();
    assert_eq!((saves(&campus), outbox(&app).await.unsent), (vec![(4, 1)], 0));
    assert_eq!(campus.state()["attempts"].as_array().unwrap().len(), 1);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_accounts_at_the_school_the_learner_says_which() {
    let dir = tempfile::tempdir().unwrap();
    let campus = Practice::start(&small_course(), None, &dir.path().join("campus"));
    let app = open(&dir.path().join("data")).await;
    sign_in(&app, &campus, 1).await;
    let second = sign_in(&app, &campus, 2).await;
    let course = from_stick(&app, &small_package(dir.path(), Some(&campus.site))).await;
    let before = view(&app, &course, "a1").await;
    let ReceiverView::Choose { accounts } = before.receiver else { panic!("{:?}", before.receiver) };
    assert_eq!((accounts.len(), before.hands_in_to), (2, None));
    let draft =
        DraftSave { course: course.clone(), item: "a1".into(), slot: "text".into(), text: ESSAY.into() };
    app.draft_save(draft).await.unwrap();
    let item = HandIn { course: course.clone(), item: "a1".into(), agreed: false };
    assert_eq!(app.hand_in(item.clone()).await.unwrap_err().code, FailureCode::WhichAccount);
    assert_eq!(outbox(&app).await.work.len(), 0, "nothing is sealed by guessing");

    app.receiver_choose(ReceiverChoose { course: course.clone(), account: second }).await.unwrap();
    let card = app.hand_in(item).await.expect("sealed");
    card_when(&app, &card.id, "a receipt", |c| is_accepted(&c.state)).await;
    assert_eq!(saves(&campus), [(5, 1)]);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_schools_own_copy_of_the_course_shows_the_work_of_the_package() {
    let dir = tempfile::tempdir().unwrap();
    let campus = Practice::start(&small_course(), None, &dir.path().join("campus"));
    let app = open(&dir.path().join("data")).await;
    let package = from_stick(&app, &small_package(dir.path(), Some(&campus.site))).await;
    let card = hand_in(&app, &package, &"a1".into(), ESSAY).await;
    let account = sign_in(&app, &campus, 1).await;
    card_when(&app, &card.id, "a receipt", |c| is_accepted(&c.state)).await;
    let offer = app.offers_of(account.as_str()).await.unwrap().remove(0);
    let site = app.course_add(offer).await.expect("added on the learner's word").course;
    let origin = app.course(CourseInput { course: site.clone() }).await.unwrap().card.origin;
    assert!(matches!(origin, Origin::Site { .. }));
    let handed_in: Vec<_> = rows(&app, &site).await.into_iter().filter(|r| r.work.is_some()).collect();
    assert_eq!(handed_in.iter().map(|r| r.title.as_str()).collect::<Vec<_>>(), ["Assignment"]);
    let shown = view(&app, &site, handed_in[0].id.as_str()).await;
    assert_eq!(shown.sent.iter().map(|c| c.id.clone()).collect::<Vec<_>>(), [card.id]);
    assert_eq!(saves(&campus), [(4, 1)]);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn work_that_is_bound_to_nothing_is_saved_for_the_teacher_and_waits_for_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let app = open(&dir.path().join("data")).await;
    let course = from_stick(&app, &small_package(dir.path(), None)).await;
    let at = |item: &str, name: &str| TeacherExport {
        course: course.clone(),
        item: item.into(),
        path: dir.path().join(name).display().to_string(),
        words: BTreeMap::new(),
    };
    assert_eq!(view(&app, &course, "a1").await.receiver, ReceiverView::Nobody {});
    assert_eq!(app.teacher_export(at("a1", "none.zip")).await.unwrap_err().code, FailureCode::NothingToSend);

    assert!(finish_quiz(&app, &course).await.is_none(), "finished, and sealed for nobody");
    for text in ["A first try nobody else should read.", ESSAY] {
        let text = text.to_owned();
        app.draft_save(DraftSave { course: course.clone(), item: "a1".into(), slot: "text".into(), text })
            .await
            .unwrap();
    }
    let file = dir.path().join("drawing.txt");
    std::fs::write(&file, "a drawing").unwrap();
    let attach = FileAttach { course: course.clone(), item: "a1".into(), path: file.display().to_string() };
    app.file_attach(attach).await.unwrap();
    let refused =
        app.hand_in(HandIn { course: course.clone(), item: "a1".into(), agreed: false }).await.unwrap_err();
    assert_eq!(refused.code, FailureCode::NowhereToSend);
    let all = outbox(&app).await;
    assert_eq!((all.work.len(), all.unsent), (0, 0));

    let made = app.teacher_export(at("a1", "essay.zip")).await.expect("written");
    assert_eq!(made.files, 1);
    let page = member(Path::new(&made.path), "index.html");
    assert!(page.contains("no cable &amp; no luck.") && page.contains("drawing.txt"), "{page}");
    assert!(
        !page.contains("nobody else") && !page.contains("Name three benefits"),
        "only this, as it is now"
    );
    assert!(!member(Path::new(&made.path), "data.json").contains("nobody else"));
    assert_eq!(member(Path::new(&made.path), "files/mine/drawing.txt"), "a drawing");
    let quiz = app.teacher_export(at("z2", "quiz.zip")).await.expect("written");
    let page = member(Path::new(&quiz.path), "index.html");
    assert!(page.contains("Name three benefits") && page.contains("no cable &amp; no luck."), "{page}");
    let done: Vec<_> =
        rows(&app, &course).await.into_iter().filter(|r| r.done == Done::Yes).map(|r| r.id).collect();
    assert!(done.contains(&"a1".into()) && done.contains(&"z2".into()), "{done:?}");
    let ItemBodyView::Assignment(still) = view(&app, &course, "a1").await.body else {
        panic!("an assignment")
    };
    assert_eq!((still.draft.text.as_str(), still.draft.files.len()), (ESSAY, 1), "all of it stays here");
    app.close().await;
}

fn member(archive: &Path, name: &str) -> String {
    let mut zip = zip::ZipArchive::new(std::fs::File::open(archive).unwrap()).unwrap();
    let mut out = String::new();
    zip.by_name(name).unwrap_or_else(|e| panic!("{name}: {e}")).read_to_string(&mut out).unwrap();
    out
}

#[tokio::test(flavor = "multi_thread")]
async fn work_without_a_name_is_taken_along_to_another_computer_and_arrives_once() {
    let dir = tempfile::tempdir().unwrap();
    let campus = Practice::start(&small_course(), None, &dir.path().join("campus"));
    let package = small_package(dir.path(), Some(&campus.site));
    let (one, two) = (open(&dir.path().join("one")).await, open(&dir.path().join("two")).await);
    let course = from_stick(&one, &package).await;
    let card = hand_in(&one, &course, &"a1".into(), ESSAY).await;
    let export = async |from: &App, name: &str| {
        let path = dir.path().join(name).display().to_string();
        from.export_work(ExportWork { path: path.clone(), words: BTreeMap::new() }).await.unwrap();
        PathInput { path }
    };
    let archive = export(&one, "first.zip").await;
    two.import_work(archive).await.unwrap();
    sign_in(&two, &campus, 1).await;
    card_when(&two, &card.id, "a receipt on the second computer", |c| is_accepted(&c.state)).await;

    // Back on the first: the archive brings the receipt and the name, and a sign-in sends nothing again.
    let back = export(&two, "second.zip").await;
    let data: Value = serde_json::from_str(&member(Path::new(&back.path), "data.json")).unwrap();
    assert_eq!(
        data["contents"]["work"][0]["name"]["account"].as_str().map(|a| a.ends_with(&campus.site)),
        Some(true)
    );
    one.import_work(back).await.unwrap();
    card_when(&one, &card.id, "the receipt on the first", |c| is_accepted(&c.state)).await;
    sign_in(&one, &campus, 1).await;
    one.sync_now(Nothing {}).await.unwrap();
    assert_eq!(saves(&campus), [(4, 1)]);
    one.close().await;
    two.close().await;
}
