//! A database of each released schema opens in the newest program with everything in it, after a backup.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::path::Path;

use daypack_course::TimeMs;
use daypack_course::quiz::Response;
use daypack_course::work::WorkState;
use daypack_store::{AttemptState, Store};
use rusqlite::Connection;
use serde_json::json;

fn fixture(schema: u32, dir: &Path) {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/schema-{schema}"));
    for name in ["learner.db", "catalogue.db"] {
        std::fs::copy(from.join(name), dir.join(name)).unwrap();
    }
}

fn number(path: &Path, pragma: &str) -> i64 {
    Connection::open(path).unwrap().pragma_query_value(None, pragma, |row| row.get(0)).unwrap()
}

/// What was put into the database of schema 1.
fn holds_all_of_the_first(store: &Store) {
    let (course, essay) = ("c".into(), "essay".into());
    assert_eq!(store.accounts().unwrap()[0].full_name, "Ada L.");
    assert_eq!(store.libraries().unwrap()[0].title, "Library");
    assert_eq!(store.trust_get("https://library.example/").unwrap().unwrap().version, 3);
    assert_eq!(store.setting_get("settings").unwrap(), Some(json!({"language": "en", "rate": 1.25})));
    assert_eq!(store.last_place_get().unwrap(), Some(json!({"page": "library"})));
    let attempts = store.attempts_of(&course, &"quiz".into()).unwrap();
    assert_eq!(attempts.len(), 3);
    assert_eq!((attempts[0].state, attempts[0].score), (AttemptState::Finished, Some(0.5)));
    for attempt in &attempts {
        for q in 0..4_usize {
            let history = store.response_history(&attempt.id, &format!("q{q}").as_str().into()).unwrap();
            assert_eq!(history.len(), 3);
            let Response::Essay { text } = &history[2].response else { unreachable!("an essay") };
            let said = format!("answer {} of attempt {}: ", 8 + q, attempt.number - 1);
            assert!(text.starts_with(&said), "{text}");
        }
    }
    let list = store.work_list().unwrap();
    assert!(list.tampered.is_empty());
    let state = |id: &str| list.rows.iter().find(|row| row.work.id.as_str() == id).unwrap().state.clone();
    assert_eq!((state("waiting"), state("post")), (WorkState::Waiting, WorkState::Waiting));
    assert_eq!(state("sending"), WorkState::Sending);
    assert!(matches!(state("accepted"), WorkState::Accepted { receipt } if receipt.remote == "77"));
    assert_eq!(store.work_step_get(&"sending".into()).unwrap(), Some(json!({"step": 1})));
    assert_eq!(store.draft_get(&course, &essay, "text").unwrap().unwrap().text, "My essay. ".repeat(30));
    assert_eq!(store.draft_history(&course, &essay, "text").unwrap().len(), 10);
    assert_eq!(store.draft_files(&course, &essay).unwrap()[0].name, "drawing.txt");
    let position = store.position_get(&course, &"lecture".into()).unwrap().unwrap();
    assert_eq!((position.position_ms, position.rate), (65_000, 1.5));
    assert_eq!(store.reading_get(&course, &"page".into()).unwrap().unwrap().scroll, 0.5);
    assert!(store.done_of(&course).unwrap()[&"page".into()].done);
    assert!(store.feedback_seen().unwrap().contains(&("f".into(), "1".into())));
    assert_eq!(store.courses().unwrap()[0].title, "Course");
}

#[test]
fn a_database_of_the_first_schema_opens_with_everything_after_a_backup() {
    let dir = tempfile::tempdir().unwrap();
    fixture(1, dir.path());
    assert_eq!(number(&dir.path().join("learner.db"), "user_version"), 1, "it is what it says");
    let store = Store::open(dir.path(), TimeMs(7_000)).unwrap();
    assert!(store.opened().recovered.is_none());
    holds_all_of_the_first(&store);
    assert_eq!(store.backup_times().unwrap(), [TimeMs(7_000)]);
    let backup = dir.path().join("backups/learner-7000.db");
    assert_eq!(number(&backup, "user_version"), 1, "made before the migration");
    store.draft_put(&"c".into(), &"essay".into(), "text", "written after the update", TimeMs(1)).unwrap();
    drop(store);

    // The backup of before, and the journal since: together they are the database.
    std::fs::remove_file(dir.path().join("learner.db")).unwrap();
    let store = Store::open(dir.path(), TimeMs(8_000)).unwrap();
    assert!(store.opened().recovered.is_some());
    let text = store.draft_get(&"c".into(), &"essay".into(), "text").unwrap().unwrap().text;
    assert_eq!(text, "written after the update");
    assert_eq!(store.work_list().unwrap().rows.len(), 4);
}

#[test]
fn a_migrated_database_is_not_backed_up_and_migrated_again() {
    let dir = tempfile::tempdir().unwrap();
    fixture(1, dir.path());
    drop(Store::open(dir.path(), TimeMs(7_000)).unwrap());
    let head = number(&dir.path().join("learner.db"), "user_version");
    assert!(head > 1);
    let store = Store::open(dir.path(), TimeMs(7_100)).unwrap();
    assert_eq!(store.backup_times().unwrap().len(), 1);
    holds_all_of_the_first(&store);
}

#[test]
fn a_backup_is_made_once_a_day_and_when_asked_for() {
    const HOUR: i64 = 3_600_000;
    let dir = tempfile::tempdir().unwrap();
    let open = |hour: i64| Store::open(dir.path(), TimeMs(hour * HOUR)).unwrap();
    assert_eq!(open(100).backup_times().unwrap().len(), 1);
    assert_eq!(open(123).backup_times().unwrap().len(), 1);
    assert_eq!(open(125).backup_times().unwrap().len(), 2);
    let store = open(126);
    let made = store.backup_now(TimeMs(126 * HOUR)).unwrap().unwrap();
    assert!(made.exists());
    assert_eq!(store.backup_times().unwrap().len(), 3);
    // A clock that was wrong once must not keep the day's backup from being made.
    store.backup_now(TimeMs(9_999 * HOUR)).unwrap();
    drop(store);
    assert_eq!(open(127).backup_times().unwrap()[0], TimeMs(9_999 * HOUR));
    assert!(open(128).backup_times().unwrap().len() >= 5);
}
