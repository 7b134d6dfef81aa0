//! A damaged database, a newer program's database, a full disk: what a learner is told, by the app's own commands.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::path::Path;

use daypack_app::api::FailureCode;
use daypack_app::api::input::*;
use daypack_app::api::status::{DamageView, Place, Settings};
use daypack_app::{App, OpenOptions};
use daypack_course::CourseId;
use daypack_course::outline::ItemKind;
use daypack_course::quiz::{QuestionBody, Response};

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
