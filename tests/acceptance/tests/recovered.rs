//! A damaged database, a newer program's database, a full disk: what a learner is told, by the app's own commands.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::path::Path;
use std::sync::Arc;

use daypack_app::api::FailureCode;
use daypack_app::api::input::*;
use daypack_app::api::opening::{EarlyCard, OpeningStep, OpeningView};
use daypack_app::api::outline::{CourseCard, LibraryView};
use daypack_app::api::status::{DamageView, Place, Settings};
use daypack_app::opening::Opening;
use daypack_app::remote::Owner;
use daypack_app::{App, OpenOptions};
use daypack_course::CourseId;
use daypack_course::outline::ItemKind;
use daypack_course::quiz::{QuestionBody, Response};
use daypack_tests::practice::daypack;

async fn open(dir: &Path) -> App {
    let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
    loop {
        let options = OpenOptions { data_dir: dir.to_owned(), quiet: true, ..OpenOptions::default() };
        match App::open(options).await {
            Ok(app) => return app,
            // The tasks of the program before let go of the folder one by one.
            Err(failure) if failure.code == FailureCode::InUse && std::time::Instant::now() < end => {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
            Err(failure) => panic!("{failure}"),
        }
    }
}

async fn close(app: App) {
    app.close().await;
}

/// Answers so many times in the course that comes along.
async fn answer(app: &App, times: usize) -> CourseId {
    let course = app.look_around(Nothing {}).await.expect("a course").course;
    let view = app.course(CourseInput { course: course.clone() }).await.unwrap();
    let quiz =
        view.sections.iter().flat_map(|s| &s.items).find(|row| row.kind == ItemKind::Quiz).expect("a quiz");
    let item = ItemInput { course: course.clone(), item: quiz.id.clone() };
    let attempt = app.attempt_start(item).await.expect("begun");
    let question = attempt
        .questions
        .iter()
        .find(|q| matches!(q.body, QuestionBody::ShortText(_)))
        .expect("a question to type into");
    for n in 0..times {
        let response = Response::ShortText { text: format!("answer {n}") };
        let (attempt, question) = (attempt.id.clone(), question.id.clone());
        app.response_save(ResponseSave { attempt, question, response }).await.expect("saved");
    }
    course
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_is_told_in_counts_until_the_learner_has_seen_it() {
    let dir = tempfile::tempdir().unwrap();
    let app = open(dir.path()).await;
    answer(&app, 12).await;
    assert_eq!(app.app_status(Nothing {}).await.unwrap().recovered, None);
    close(app).await;
    let path = dir.path().join("learner.db");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.iter_mut().take(100).for_each(|byte| *byte = 0);
    std::fs::write(&path, &bytes).unwrap();

    for _ in 0..2 {
        let app = open(dir.path()).await;
        let told =
            app.app_status(Nothing {}).await.unwrap().recovered.expect("told, at each start until seen");
        assert_eq!((told.why, told.answers, told.work, told.in_doubt), (DamageView::Unreadable, 12, 0, 0));
        assert!(std::fs::read(told.damaged_path.unwrap()).unwrap() == bytes, "the damaged file is kept");
        app.look_around(Nothing {}).await.expect("the library is there");
        close(app).await;
    }
    let app = open(dir.path()).await;
    assert_eq!(app.recovered_seen(Nothing {}).await.unwrap().recovered, None);
    close(app).await;
    let app = open(dir.path()).await;
    assert_eq!(app.app_status(Nothing {}).await.unwrap().recovered, None);
    close(app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_programs_folder_can_be_read_and_is_not_written() {
    let dir = tempfile::tempdir().unwrap();
    let app = open(dir.path()).await;
    let course = answer(&app, 3).await;
    close(app).await;
    let newer = rusqlite::Connection::open(dir.path().join("learner.db")).unwrap();
    newer.execute_batch("CREATE TABLE more (x TEXT) STRICT; PRAGMA user_version = 99").unwrap();
    drop(newer);

    let app = open(dir.path()).await;
    let status = app.app_status(Nothing {}).await.unwrap();
    assert!(status.read_only);
    assert_eq!(app.library(Nothing {}).await.unwrap().courses.len(), 1);
    app.course(CourseInput { course: course.clone() }).await.expect("readable");
    app.outbox(Nothing {}).await.expect("readable");
    let place = Place { page: "library".into(), course: None, item: None, detail: None };
    let refused = app.place_save(place).await.unwrap_err();
    assert_eq!(refused.code, FailureCode::NewerDatabase);
    let refused = app.settings_save(Settings::default()).await.unwrap_err();
    assert_eq!(refused.code, FailureCode::NewerDatabase);
    close(app).await;
}

/// What the catalogue knows of the courses on the shelf.
fn early(library: &LibraryView) -> Vec<EarlyCard> {
    let card = |card: &CourseCard| EarlyCard {
        id: card.id.clone(),
        title: card.title.clone(),
        summary: card.summary.clone(),
        origin: card.origin.clone(),
        from: card.from.clone(),
        items: card.items,
        items_ready: card.items_ready,
        size_here: card.size_here,
    };
    library.courses.iter().map(card).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_library_shows_while_work_is_got_back_and_the_counts_come_after() {
    let dir = tempfile::tempdir().unwrap();
    let app = open(dir.path()).await;
    answer(&app, 12).await;
    let before = app.library(Nothing {}).await.unwrap();
    close(app).await;
    let path = dir.path().join("learner.db");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.iter_mut().take(100).for_each(|byte| *byte = 0);
    std::fs::write(&path, &bytes).unwrap();

    // The ladder stops on its first step until it is let go.
    let (reached, mut on_ladder) = tokio::sync::mpsc::unbounded_channel();
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(Some(wait));
    let opening = Opening::new(Arc::new(move |way| {
        if way.step == OpeningStep::BringingBack
            && let Some(wait) = wait.lock().unwrap().take()
        {
            reached.send(way).unwrap();
            let _ = wait.recv();
        }
    }));
    // The control: nobody has begun, so there is nothing to see.
    assert_eq!(opening.view().await.unwrap(), OpeningView::default());
    let options = OpenOptions {
        data_dir: dir.path().to_owned(),
        quiet: true,
        opening: Some(opening.clone()),
        ..OpenOptions::default()
    };
    let opened = tokio::spawn(App::open(options));
    let way = on_ladder.recv().await.expect("the ladder is needed");
    let view = opening.view().await.unwrap();
    assert_eq!(view.way, Some(way));
    assert!(view.courses.as_ref().is_some_and(|courses| !courses.is_empty()), "{view:?}");
    assert_eq!(view.courses, Some(early(&before)));
    assert!(opening.dispatch("app_status").await.is_none(), "nothing is said of the learner");

    // Nobody else gets anything meanwhile, neither old nor new.
    assert!(Owner::reach(dir.path()).await.is_err());
    let second = OpenOptions { data_dir: dir.path().to_owned(), quiet: true, ..OpenOptions::default() };
    assert_eq!(App::open(second).await.err().map(|failure| failure.code), Some(FailureCode::InUse));
    let data = dir.path().to_str().unwrap().to_owned();
    let (code, said) =
        tokio::task::spawn_blocking(move || daypack(&["call", "library", "--data", &data])).await.unwrap();
    assert!(code != 0 && said["error"]["code"] == "in_use", "{code} {said}");
    assert!(!opened.is_finished(), "all that was while the ladder ran");

    go.send(()).unwrap();
    let app = opened.await.unwrap().unwrap();
    let told = app.app_status(Nothing {}).await.unwrap().recovered.expect("told");
    assert_eq!((told.why, told.answers), (DamageView::Unreadable, 12));
    let after = app.library(Nothing {}).await.unwrap();
    assert_eq!(after, before, "with what the learner did");
    assert_eq!(app.opening(Nothing {}).await.unwrap(), OpeningView::default());
    close(app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_seen_early_ends_with_the_hold_on_the_folder() {
    let dir = tempfile::tempdir().unwrap();
    let opening = Opening::new(Arc::new(|_| {}));
    let options = OpenOptions {
        data_dir: dir.path().to_owned(),
        quiet: true,
        opening: Some(opening.clone()),
        ..OpenOptions::default()
    };
    let app = App::open(options).await.unwrap();
    app.look_around(Nothing {}).await.unwrap();
    close(app).await;
    assert_eq!(opening.view().await.unwrap().courses, None, "another program may have the folder by now");
    drop(open(dir.path()).await);
}
