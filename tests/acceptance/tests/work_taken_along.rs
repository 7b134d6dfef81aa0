//! A learner takes their work along as one archive, reads it without Daypack, and brings it back: nothing is lost,
//! nothing is sent twice, and nothing is removed in one step while something is not at a school.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use daypack_app::api::FailureCode;
use daypack_app::api::input::*;
use daypack_app::api::takeout::*;
use daypack_app::{App, Keyring, MemoryKeyring, OpenOptions};
use daypack_course::outline::ItemKind;
use daypack_course::quiz::Response;
use daypack_course::work::WorkState;
use daypack_course::{CourseId, ItemId};
use daypack_tests::practice::{Practice, daypack, small_course};
use serde_json::Value;

const ESSAY: &str = "=HYPERLINK(\"http://evil.example\") <script>alert('x')</script> & my own words: ä 水";

/// The computer's keyring.
static KEYRING: LazyLock<Arc<MemoryKeyring>> = LazyLock::new(Arc::default);

async fn open(dir: &Path) -> App {
    let keyring = Some(Arc::clone(&KEYRING) as Arc<dyn Keyring>);
    App::open(OpenOptions { data_dir: dir.to_owned(), keyring, ..OpenOptions::default() })
        .await
        .expect("opens")
}

/// The token of the site, out of the closed folder; `None` while a task still holds it.
fn tokens(data: &Path, account: &daypack_course::AccountId) -> Option<Vec<String>> {
    let store = daypack_store::Store::open(data, daypack_course::TimeMs(0)).ok()?;
    store.keyring_use(Arc::clone(&KEYRING) as Arc<dyn Keyring>);
    store.keys_open(None, None).ok()?;
    Some(vec![store.secret_get(account).ok()??.reveal().to_owned()])
}

async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut ask: impl FnMut() -> F) -> T {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        assert!(Instant::now() < end, "waited in vain for: {what}");
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

async fn sign_in(app: &App, campus: &Practice) {
    let who =
        SignIn { site: campus.site.clone(), username: "student1".into(), password: "practice-1".into() };
    app.sign_in(who).await.expect("signed in");
}

async fn add(app: &App) -> CourseId {
    let offer = app.offers_refresh(Nothing {}).await.expect("offers").offers[0].clone();
    app.course_add(OfferInput { source: offer.source, id: offer.id }).await.expect("added").course
}

async fn of_kind(app: &App, course: &CourseId, kind: ItemKind) -> ItemId {
    let view = app.course(CourseInput { course: course.clone() }).await.expect("outline");
    let row = view.sections.iter().flat_map(|s| &s.items).find(|i| i.kind == kind);
    row.expect("an item of this kind").id.clone()
}

/// What the learner makes: a quiz attempt, an essay with a file, a message, a place in a lecture, a mark.
async fn study(app: &App, course: &CourseId, dir: &Path) {
    let quiz = ItemInput { course: course.clone(), item: of_kind(app, course, ItemKind::Quiz).await };
    let attempt = app.attempt_start(quiz).await.expect("started");
    for question in &attempt.questions {
        let save = ResponseSave {
            attempt: attempt.id.clone(),
            question: question.id.clone(),
            response: Response::Essay { text: "half an answer".into() },
        };
        let _ = app.response_save(save).await;
    }
    let item = of_kind(app, course, ItemKind::Assignment).await;
    for text in ["a first try", ESSAY] {
        let draft =
            DraftSave { course: course.clone(), item: item.clone(), slot: "text".into(), text: text.into() };
        app.draft_save(draft).await.unwrap();
    }
    let file = dir.join("my drawing #1.txt");
    std::fs::write(&file, "a drawing").unwrap();
    let path = file.display().to_string();
    app.file_attach(FileAttach { course: course.clone(), item, path }).await.unwrap();
    let video = of_kind(app, course, ItemKind::Video).await;
    let watched = WatchedInput {
        course: course.clone(),
        item: video,
        position_ms: 61_000,
        rate: 1.5,
        intervals: vec![(0, 61_000)],
    };
    app.watched(watched).await.unwrap();
    let reading = of_kind(app, course, ItemKind::Reading).await;
    app.done_mark(DoneMark { course: course.clone(), item: reading, done: true }).await.unwrap();
}

async fn hand_in(app: &App, course: &CourseId) {
    let item = of_kind(app, course, ItemKind::Assignment).await;
    app.hand_in(HandIn { course: course.clone(), item, agreed: false }).await.expect("sealed");
}

async fn post(app: &App, course: &CourseId, subject: &str) {
    let item = of_kind(app, course, ItemKind::Discussion).await;
    let post = PostSend {
        course: course.clone(),
        item,
        parent: None,
        subject: subject.into(),
        text: "Hello from the bus".into(),
    };
    app.post_send(post).await.expect("sealed");
}

async fn export(app: &App, to: &Path) -> Exported {
    let path = to.display().to_string();
    app.export_work(ExportWork { path, words: BTreeMap::new() }).await.expect("exported")
}

async fn import(app: &App, from: &Path) -> Imported {
    app.import_work(PathInput { path: from.display().to_string() }).await.expect("imported")
}

async fn states(app: &App) -> Vec<WorkState> {
    app.outbox(Nothing {}).await.unwrap().work.into_iter().map(|w| w.state).collect()
}

fn member(archive: &Path, name: &str) -> Vec<u8> {
    let mut zip = zip::ZipArchive::new(std::fs::File::open(archive).unwrap()).unwrap();
    let mut out = Vec::new();
    zip.by_name(name).unwrap_or_else(|e| panic!("{name}: {e}")).read_to_end(&mut out).unwrap();
    out
}

fn names(archive: &Path) -> Vec<String> {
    let zip = zip::ZipArchive::new(std::fs::File::open(archive).unwrap()).unwrap();
    zip.file_names().map(|name| name.unwrap().into_owned()).collect()
}

fn contents(archive: &Path) -> Value {
    let data: Value = serde_json::from_slice(&member(archive, "data.json")).unwrap();
    assert_eq!((data["format"].as_str(), data["version"].as_u64()), (Some("daypack-work"), Some(1)));
    data["contents"].clone()
}

/// The same facts, where unsent work is in doubt.
fn in_doubt(mut contents: Value) -> Value {
    for work in contents["work"].as_array_mut().unwrap() {
        let unsent = matches!(work["state"]["state"].as_str(), Some("waiting" | "sending"));
        if unsent {
            work["state"] = serde_json::json!({ "state": "in_doubt" });
        }
        if work["state"]["state"] == "in_doubt" {
            // When it came into doubt is a fact of the folder it came into.
            work["changed"] = 0.into();
        }
    }
    contents
}

/// How often a subject stands in the campus's books.
fn posts(campus: &Practice, subject: &str) -> usize {
    campus.ctl(&["state"]).matches(&format!("\"subject\":\"{subject}\"")).count()
        + campus.ctl(&["state"]).matches(&format!("\"subject\": \"{subject}\"")).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_is_readable_without_daypack_and_brings_the_same_facts_to_a_fresh_folder() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let mut campus = Practice::start(&small_course(), None, &at("campus"));
    let app = open(&at("one")).await;
    sign_in(&app, &campus).await;
    let course = add(&app).await;
    study(&app, &course, dir.path()).await;
    hand_in(&app, &course).await;
    app.sync_now(Nothing {}).await.unwrap();
    campus.ctl(&["grade-now"]);
    until("feedback with its recording", || async {
        app.sync_now(Nothing {}).await.unwrap();
        let inbox = app.inbox(Nothing {}).await.unwrap();
        inbox.feedback.iter().any(|f| f.files.iter().any(|file| file.url.is_some())).then_some(())
    })
    .await;
    campus.stop();
    post(&app, &course, "Not sent yet").await;
    let first = at("first.zip");
    let made = export(&app, &first).await;
    let account = app.app_status(Nothing {}).await.unwrap().accounts[0].id.clone();
    app.close().await;
    drop(app);
    let tokens = until("the folder", || async { tokens(&at("one"), &account) }).await;

    // A person reads it.
    let page = String::from_utf8(member(&first, "index.html")).unwrap();
    assert!(
        page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; my own words: ä 水"),
        "{page}"
    );
    assert!(page.contains("a first try") && page.contains("Not sent yet"));
    for forbidden in
        ["<script", "src=\"http", "href=\"http", "url(", "@import", "<link", "<iframe", "onerror="]
    {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    assert!(page.contains("href=\"files/mine/my%20drawing%20%231.txt\""), "{page}");
    assert_eq!(member(&first, "files/mine/my drawing #1.txt"), b"a drawing");
    assert!(names(&first).iter().any(|n| n.starts_with("files/feedback/") && n.ends_with(".m4a")));
    assert_eq!(made.files as usize, names(&first).len() - 2);

    // No key to the school is in any part of it.
    for token in &tokens {
        for name in names(&first) {
            let bytes = member(&first, &name);
            assert!(!bytes.windows(token.len()).any(|w| w == token.as_bytes()), "{name} holds a token");
        }
    }

    // It comes back, and out again: the same.
    let app = open(&at("two")).await;
    let imported = import(&app, &first).await;
    assert!(imported.work >= 2 && imported.attempts == 1 && imported.feedback >= 1, "{imported:?}");
    assert!(imported.in_doubt >= 1 && imported.damaged == 0 && imported.differing == 0, "{imported:?}");
    let doubtful = states(&app).await;
    assert!(
        doubtful.contains(&WorkState::InDoubt) && !doubtful.contains(&WorkState::Waiting),
        "{doubtful:?}"
    );
    let second = at("second.zip");
    export(&app, &second).await;
    assert_eq!(in_doubt(contents(&second)), in_doubt(contents(&first)));
    assert_ne!(contents(&second), contents(&first), "the control: the doubt is the only difference");
    let again = import(&app, &first).await;
    assert_eq!(
        (again.work, again.answers, again.drafts, again.files),
        (0, 0, 0, 0),
        "a second time adds nothing"
    );
    let third = at("third.zip");
    export(&app, &third).await;
    assert_eq!(contents(&third), contents(&second));
    assert!(!at("").read_dir().unwrap().any(|e| e.unwrap().file_name().to_string_lossy().ends_with(".part")));
    app.close().await;
    drop(app);

    // The tool does the same.
    let (out, three) = (at("tool.zip"), at("three"));
    let text = |p: &PathBuf| p.to_str().unwrap().to_owned();
    let (code, said) = daypack(&["import-work", &text(&second), "--data", &text(&three)]);
    assert_eq!(code, 0, "{said}");
    let (code, said) = daypack(&["export", "--data", &text(&three), "--out", &text(&out)]);
    assert_eq!((code, said["ok"]["work"].as_u64()), (0, Some(imported.work)), "{said}");
    assert_eq!(in_doubt(contents(&out)), in_doubt(contents(&second)));
}

#[tokio::test(flavor = "multi_thread")]
async fn work_that_went_out_from_one_computer_is_not_sent_again_from_the_other() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let mut campus = Practice::start(&small_course(), None, &at("campus"));
    let one = open(&at("one")).await;
    sign_in(&one, &campus).await;
    let course = add(&one).await;
    campus.stop();
    post(&one, &course, "From the bus").await;
    let archive = at("work.zip");
    export(&one, &archive).await;
    campus.restart();
    one.sync_now(Nothing {}).await.unwrap();
    until("sent", || async { states(&one).await.iter().all(is_accepted).then_some(()) }).await;
    assert_eq!(posts(&campus, "From the bus"), 1, "the control: it was sent");

    // The archive, older than the sending, goes to another computer that may send.
    let two = open(&at("two")).await;
    sign_in(&two, &campus).await;
    assert_eq!(import(&two, &archive).await.in_doubt, 1);
    two.sync_now(Nothing {}).await.unwrap();
    let found = until("settled", || async { states(&two).await.into_iter().find(is_accepted) }).await;
    assert!(matches!(found, WorkState::Accepted { receipt } if receipt.found), "it was looked for, not sent");
    assert_eq!(posts(&campus, "From the bus"), 1, "once");

    // And a receipt that an archive brings is believed: what waits here is not sent.
    campus.stop();
    post(&one, &course, "Second").await;
    let before = at("before.zip");
    export(&one, &before).await;
    import(&two, &before).await;
    one.close().await;
    drop(one);
    campus.restart();
    two.sync_now(Nothing {}).await.unwrap();
    until("sent from the second", || async { states(&two).await.iter().all(is_accepted).then_some(()) })
        .await;
    let after = at("after.zip");
    export(&two, &after).await;
    two.close().await;
    campus.stop();
    let one = open(&at("one")).await;
    assert!(!states(&one).await.iter().all(is_accepted), "the control: it waits here");
    import(&one, &after).await;
    until("the receipt", || async { states(&one).await.iter().all(is_accepted).then_some(()) }).await;
    assert_eq!(posts_after(&mut campus, "Second"), 1);
    one.close().await;
}

fn posts_after(campus: &mut Practice, subject: &str) -> usize {
    campus.restart();
    posts(campus, subject)
}

fn is_accepted(state: &WorkState) -> bool {
    matches!(state, WorkState::Accepted { .. })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_archive_or_a_damaged_one_changes_nothing_and_a_failed_export_leaves_the_old_one() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let app = open(&at("data")).await;
    let draft = DraftSave { course: "c".into(), item: "i".into(), slot: "text".into(), text: "mine".into() };
    app.draft_save(draft).await.unwrap();
    let archive = at("work.zip");
    export(&app, &archive).await;
    let whole = std::fs::read(&archive).unwrap();
    let try_import = |path: PathBuf| {
        let app = app.clone();
        async move { app.import_work(PathInput { path: path.display().to_string() }).await.unwrap_err().code }
    };
    std::fs::write(at("text.zip"), "just text").unwrap();
    assert_eq!(try_import(at("text.zip")).await, FailureCode::NotAnExport);
    std::fs::write(at("cut.zip"), &whole[..whole.len() / 2]).unwrap();
    assert!(matches!(try_import(at("cut.zip")).await, FailureCode::BrokenPackage | FailureCode::NotAnExport));
    assert_eq!(try_import(at("nowhere.zip")).await, FailureCode::FileMissing);
    let course = daypack_tests::practice::root().join("crates/app/assets/look-around.daypack");
    assert_eq!(try_import(course).await, FailureCode::NotAnExport);
    let newer = at("newer.zip");
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&newer).unwrap());
    zip.start_file("data.json", zip::write::SimpleFileOptions::default()).unwrap();
    std::io::Write::write_all(&mut zip, br#"{"format":"daypack-work","version":2}"#).unwrap();
    zip.finish().unwrap();
    assert_eq!(try_import(newer).await, FailureCode::NewerFormat);
    assert_eq!(app.left_behind(LeaveScope::Everything {}).await.unwrap().drafts, 1, "nothing changed");

    let nowhere =
        ExportWork { path: at("no/such/folder/x.zip").display().to_string(), words: BTreeMap::new() };
    assert_eq!(app.export_work(nowhere).await.unwrap_err().code, FailureCode::FileMissing);
    let relative = ExportWork { path: "x.zip".into(), words: BTreeMap::new() };
    assert!(app.export_work(relative).await.is_err());
    assert_eq!(std::fs::read(&archive).unwrap(), whole);
    // The page's words are used, as text.
    let words =
        BTreeMap::from([("title".to_owned(), "<Kazi yangu>".to_owned()), ("lang".into(), "sw".into())]);
    app.export_work(ExportWork { path: archive.display().to_string(), words }).await.unwrap();
    let page = String::from_utf8(member(&archive, "index.html")).unwrap();
    assert!(page.contains("<h1>&lt;Kazi yangu&gt;</h1>") && page.contains("lang=\"sw\""), "{page}");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_removed_in_one_step_while_something_is_not_at_the_school() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let data = at("data");
    let mut campus = Practice::start(&small_course(), None, &at("campus"));
    let app = open(&data).await;
    sign_in(&app, &campus).await;
    let account = app.app_status(Nothing {}).await.unwrap().accounts[0].id.clone();
    let course = add(&app).await;
    let empty = LeaveScope::Course { course: course.clone() };
    assert_eq!(app.left_behind(empty.clone()).await.unwrap(), LeftBehind::default(), "the control");
    study(&app, &course, dir.path()).await;
    campus.stop();
    hand_in(&app, &course).await;
    post(&app, &course, "Waits").await;

    // Handed-in text is no draft any more, but the quiz that was begun is.
    let left = app.left_behind(empty).await.unwrap();
    assert!(left.waiting + left.sending + left.in_doubt >= 2 && left.drafts == 1, "{left:?}");
    let remove = |anyway| CourseRemove { course: course.clone(), anyway };
    let refused = app.course_remove(remove(false)).await.unwrap_err();
    assert_eq!(
        (refused.code, refused.facts["drafts"].as_str()),
        (FailureCode::HasUnsent, "1"),
        "{refused:?}"
    );
    let out = |anyway| SignOut { account: account.clone(), anyway };
    assert_eq!(app.sign_out(out(false)).await.unwrap_err().code, FailureCode::HasUnsent);
    let afresh = |anyway| StartAfresh { anyway };
    assert_eq!(app.start_afresh(afresh(false)).await.unwrap_err().code, FailureCode::HasUnsent);
    assert!(!app.app_status(Nothing {}).await.unwrap().accounts[0].needs_sign_in);
    assert_eq!(app.library(Nothing {}).await.unwrap().courses.len(), 1, "nothing happened so far");

    // One piece goes out as a file of its own, with what belongs to it and nothing else.
    let outbox = app.outbox(Nothing {}).await.unwrap().work;
    let essay = outbox.iter().find(|w| !w.excerpt.is_empty() && w.excerpt.contains("my own words")).unwrap();
    let one = at("one.zip");
    let path = one.display().to_string();
    app.work_export(WorkExport { work: essay.id.clone(), path, words: BTreeMap::new() }).await.unwrap();
    let only = contents(&one);
    assert_eq!((only["work"].as_array().unwrap().len(), only["drafts"].as_array().unwrap().len()), (1, 0));
    assert_eq!(member(&one, "files/mine/my drawing #1.txt"), b"a drawing");

    // The second step: the course goes, the work stays readable under its name, and still goes out.
    app.course_remove(remove(true)).await.unwrap();
    let after = app.outbox(Nothing {}).await.unwrap().work;
    assert_eq!(after.len(), outbox.len());
    assert!(after.iter().all(|w| !w.item_title.is_empty() && !w.course_title.is_empty()), "{after:?}");
    let detail = app.work(WorkInput { work: essay.id.clone() }).await.unwrap();
    assert_eq!((detail.text[0].text.as_str(), detail.files.len()), (ESSAY, 1));
    campus.restart();
    app.sync_now(Nothing {}).await.unwrap();
    until("sent without its course", || async { states(&app).await.iter().all(is_accepted).then_some(()) })
        .await;
    // What was begun is there again with the course.
    assert_eq!(add(&app).await, course);
    let quiz = ItemInput { course: course.clone(), item: of_kind(&app, &course, ItemKind::Quiz).await };
    let attempt = app.attempt_start(quiz).await.unwrap();
    assert_eq!(attempt.number, 1, "the attempt that was begun goes on");

    // Starting afresh puts everything aside and deletes nothing.
    let folder = PathBuf::from(app.start_afresh(afresh(true)).await.unwrap().folder);
    app.close().await;
    drop(app);
    let app = open(&data).await;
    let status = app.app_status(Nothing {}).await.unwrap();
    assert!(status.first_run && status.accounts.is_empty());
    assert!(app.outbox(Nothing {}).await.unwrap().work.is_empty());
    assert!(folder.join("learner.db").exists() && folder.join("mine").is_dir());
    app.close().await;
    drop(app);
    let old = open(&folder).await;
    assert_eq!(old.outbox(Nothing {}).await.unwrap().work.len(), outbox.len(), "all of it is in there");
    assert!(old.app_status(Nothing {}).await.unwrap().accounts[0].needs_sign_in, "signed out");
    old.close().await;
}
