//! The power goes at any moment while the app's own commands run: what a command answered is there afterwards.
//!
//! The disk is the recorded one of the store's power-cut tests: SQLite's files, the journal and the backups lie on it.

// SQLite's VFS is a C interface (disk.rs); nothing else here is unsafe.
#![allow(
    unsafe_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

#[path = "../../../crates/store/tests/power_cut/crash.rs"]
mod crash;
#[allow(dead_code, reason = "not all of it is needed here")]
#[path = "../../../crates/store/tests/power_cut/disk.rs"]
mod disk;

use std::collections::HashSet;
use std::sync::Arc;

use crash::{Luck, Replay, lucks};
use daypack_app::api::input::*;
use daypack_app::api::status::Place;
use daypack_app::{App, OpenOptions};
use daypack_course::TimeMs;
use daypack_course::outline::ItemKind;
use daypack_course::quiz::{QuestionBody, Response};
use daypack_store::Store;
use disk::{Beside, Fault, Files};

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_a_command_called_saved_survives_a_power_cut_at_any_moment() {
    let turn = disk::insert();
    let memory = std::path::Path::new("/dev/shm");
    let dir = match memory.is_dir() {
        true => tempfile::tempdir_in(memory).unwrap(),
        false => tempfile::tempdir().unwrap(),
    };
    let options = || OpenOptions {
        data_dir: dir.path().to_owned(),
        quiet: true,
        disk: Some(Arc::new(Beside)),
        ..OpenOptions::default()
    };
    let app = App::open(options()).await.expect("opens");
    let course = app.look_around(Nothing {}).await.expect("a course").course;
    let view = app.course(CourseInput { course: course.clone() }).await.unwrap();
    let rows: Vec<_> = view.sections.into_iter().flat_map(|s| s.items).collect();
    let quiz = rows.iter().find(|row| row.kind == ItemKind::Quiz).expect("a quiz").id.clone();
    let attempt =
        app.attempt_start(ItemInput { course: course.clone(), item: quiz.clone() }).await.expect("begun");
    let question = attempt
        .questions
        .iter()
        .find(|q| {
            matches!(q.body, QuestionBody::ShortText(_) | QuestionBody::Number(_) | QuestionBody::Essay(_))
        })
        .expect("a question to type into");
    let essay = |n: usize| match question.body {
        QuestionBody::Number(_) => Response::Number { text: format!("{n}"), unit: None },
        QuestionBody::Essay(_) => Response::Essay { text: format!("answer {n}") },
        _ => Response::ShortText { text: format!("answer {n} {}", "because ".repeat(n * 7 % 40)) },
    };
    let before = turn.files();
    turn.load(before.clone(), None::<Fault>);
    let answers = 10;
    for n in 0..answers {
        app.response_save(ResponseSave {
            attempt: attempt.id.clone(),
            question: question.id.clone(),
            response: essay(n),
        })
        .await
        .expect("saved");
        turn.saved(n + 1);
        if n % 10 == 9 {
            app.place_save(Place {
                page: "item".into(),
                course: Some(course.clone()),
                item: None,
                detail: None,
            })
            .await
            .expect("saved");
        }
    }
    let events = turn.events();
    app.close().await;
    drop(app);
    turn.load(Files::new(), None);

    let (mut replay, mut tried, mut lost) =
        (Replay::of(&before), HashSet::new(), Vec::<(usize, Luck)>::new());
    for (moment, event) in events.iter().enumerate() {
        replay.step(event);
        for luck in lucks(moment) {
            let (left, same) = replay.cut(luck);
            if !tried.insert(same) {
                continue;
            }
            turn.load(left, None);
            let store = Store::open_on(dir.path(), TimeMs(0), Arc::new(Beside)).expect("opens");
            assert!(store.opened().recovered.is_none(), "a power cut is no damage");
            let found = store.response_history(&attempt.id, &question.id).unwrap();
            let all = (0..replay.saved).all(|n| found.iter().any(|row| row.response == essay(n)));
            if !all || found.len() > replay.saved + 1 {
                lost.push((moment, luck));
            }
        }
    }
    println!("{} events, {} different disks, {} lost", events.len(), tried.len(), lost.len());
    assert!(lost.is_empty(), "{lost:?}");
    assert!(tried.len() > 300, "{}", tried.len());
}
