//! Opening a shelf: one owner, a newer database untouched, a damaged catalogue made anew, the learner's kept.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::path::Path;

use daypack_course::TimeMs;
use daypack_store::{Library, Store, StoreError};
use rusqlite::Connection;
use serde_json::json;

/// A shelf that was used: something in each database.
fn used(dir: &Path) {
    let store = Store::open(dir, TimeMs(1)).unwrap();
    store.setting_put("theme", &json!("dark")).unwrap();
    store.draft_put(&"c".into(), &"i".into(), "text", &"My essay. ".repeat(3000), TimeMs(1)).unwrap();
    store.cat_machine_put("download", &json!("x".repeat(50_000))).unwrap();
    let library = Library { address: "http://l/".into(), title: "L".into(), fingerprint: "f".into() };
    store.library_put(&library, TimeMs(1)).unwrap();
}

/// The bytes of all databases and journals; an empty journal is none.
fn bytes(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_name().to_string_lossy().contains(".db"))
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), std::fs::read(entry.path()).unwrap()))
        .filter(|(_, bytes)| !bytes.is_empty())
        .collect()
}

/// Overwrites the middle of a file with noise.
fn wreck(path: &Path) {
    let mut all = std::fs::read(path).unwrap();
    let len = all.len();
    assert!(len > 20_000);
    for (i, byte) in all[4096..len - 4096].iter_mut().enumerate() {
        *byte = (i * 31 % 251) as u8;
    }
    std::fs::write(path, all).unwrap();
}

#[test]
fn a_folder_has_one_owner_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let first = Store::open(dir.path(), TimeMs(1)).unwrap();
    assert!(matches!(Store::open(dir.path(), TimeMs(2)), Err(StoreError::InUse)));
    drop(first);
    assert!(Store::open(dir.path(), TimeMs(3)).is_ok(), "closed is free again");
}

#[test]
fn a_newer_database_is_refused_and_not_a_byte_of_the_folder_changes() {
    for file in ["learner.db", "catalogue.db"] {
        let dir = tempfile::tempdir().unwrap();
        used(dir.path());
        // As a newer program leaves it when it is killed: with a journal that is not written back.
        let newer = Connection::open(dir.path().join(file)).unwrap();
        newer.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).unwrap();
        newer.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN; UPDATE reader SET minimum = 99; PRAGMA user_version = 99; COMMIT").unwrap();
        drop(newer);
        let before = bytes(dir.path());
        assert!(!before[&format!("{file}-wal")].is_empty(), "the journal is part of the test");
        let refused = Store::open(dir.path(), TimeMs(2)).err();
        assert!(
            matches!(&refused, Some(StoreError::NewerDatabase { file: f, found: 99, .. }) if f == file),
            "{refused:?}"
        );
        assert!(before == bytes(dir.path()));
    }
}

#[test]
fn a_newer_database_that_says_older_programs_may_read_it_is_read_and_not_a_byte_changes() {
    for file in ["learner.db", "catalogue.db"] {
        let dir = tempfile::tempdir().unwrap();
        used(dir.path());
        let newer = Connection::open(dir.path().join(file)).unwrap();
        newer.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).unwrap();
        newer
            .execute_batch(
                "PRAGMA locking_mode = EXCLUSIVE; CREATE TABLE more (x TEXT) STRICT; PRAGMA user_version = 99",
            )
            .unwrap();
        drop(newer);
        let before = bytes(dir.path());
        let store = Store::open(dir.path(), TimeMs(2)).unwrap();
        assert!(matches!(store.opened().newer, Some((99, _))));
        assert_eq!(store.setting_get("theme").unwrap(), Some(json!("dark")));
        assert!(store.draft_get(&"c".into(), &"i".into(), "text").unwrap().is_some());
        assert_eq!(store.libraries().unwrap().len(), 1);
        let refused = [
            store.setting_put("theme", &json!("light")).err(),
            store.cat_machine_put("download", &json!(1)).err(),
            store.draft_put(&"c".into(), &"i".into(), "text", "new", TimeMs(3)).err(),
            store.backup_now(TimeMs(3)).err(),
        ];
        for error in refused {
            assert!(matches!(error, Some(StoreError::NewerDatabase { found: 99, .. })), "{error:?}");
        }
        assert!(matches!(store.mine().import_reader(&b"x"[..], None), Err(StoreError::ReadOnly)));
        assert!(matches!(store.objects().partial_open("k", 0), Err(StoreError::ReadOnly)));
        drop(store);
        assert!(before == bytes(dir.path()), "{file}");
    }
}

#[test]
fn a_damaged_catalogue_is_moved_aside_and_the_learners_work_stays() {
    let dir = tempfile::tempdir().unwrap();
    used(dir.path());
    wreck(&dir.path().join("catalogue.db"));
    let wrecked = std::fs::read(dir.path().join("catalogue.db")).unwrap();
    let store = Store::open(dir.path(), TimeMs(77)).unwrap();
    let aside = store.opened().damaged_catalogue.clone().unwrap();
    assert_eq!(aside, dir.path().join("catalogue.db.damaged-77"));
    assert_eq!(std::fs::read(&aside).unwrap(), wrecked);
    assert_eq!(store.cat_machine_get("download").unwrap(), None);
    assert_eq!(store.setting_get("theme").unwrap(), Some(json!("dark")));
    assert_eq!(store.libraries().unwrap().len(), 1);
    drop(store);
    let store = Store::open(dir.path(), TimeMs(78)).unwrap();
    assert_eq!(store.opened().damaged_catalogue, None, "the new one is sound");
}

#[test]
fn a_catalogue_that_is_no_database_is_moved_aside_too() {
    let dir = tempfile::tempdir().unwrap();
    used(dir.path());
    std::fs::write(dir.path().join("catalogue.db"), "not a database at all ".repeat(100)).unwrap();
    assert!(Store::open(dir.path(), TimeMs(5)).unwrap().opened().damaged_catalogue.is_some());
}

/// As a folder of the first release: no backup and no journal.
fn without_second_copies(dir: &Path) {
    for folder in ["journal", "backups"] {
        std::fs::remove_dir_all(dir.join(folder)).unwrap();
    }
}

#[test]
fn a_damaged_learner_database_that_nothing_can_replace_is_reported_and_kept_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    used(dir.path());
    without_second_copies(dir.path());
    let path = dir.path().join("learner.db");
    let killed = Connection::open(&path).unwrap();
    killed.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).unwrap();
    killed.execute_batch("PRAGMA locking_mode = EXCLUSIVE; UPDATE settings SET value = '1'").unwrap();
    drop(killed);
    wreck(&path);
    let before = bytes(dir.path());
    assert!(!before["learner.db-wal"].is_empty());
    let error = Store::open(dir.path(), TimeMs(2)).err();
    assert!(matches!(&error, Some(StoreError::Damaged { path: p, .. }) if *p == path), "{error:?}");
    assert!(before == bytes(dir.path()), "nothing was repaired, written back, moved or made anew");
}

#[test]
fn a_write_ahead_log_whose_database_is_gone_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    used(dir.path());
    without_second_copies(dir.path());
    std::fs::remove_file(dir.path().join("learner.db")).unwrap();
    std::fs::write(dir.path().join("learner.db-wal"), b"answers").unwrap();
    assert!(matches!(Store::open(dir.path(), TimeMs(2)), Err(StoreError::Damaged { .. })));
    assert_eq!(std::fs::read(dir.path().join("learner.db-wal")).unwrap(), b"answers");
}

#[test]
fn a_database_of_another_program_is_not_taken_over() {
    let dir = tempfile::tempdir().unwrap();
    let other = Connection::open(dir.path().join("learner.db")).unwrap();
    other.execute_batch("PRAGMA application_id = 42; CREATE TABLE t (x)").unwrap();
    drop(other);
    assert!(matches!(Store::open(dir.path(), TimeMs(2)), Err(StoreError::Damaged { .. })));
}
