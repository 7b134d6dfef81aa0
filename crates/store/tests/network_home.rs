//! A learner's folder on a network: the live database lies on the computer, each save and the backups in the folder, and
//! the next computer goes on where the last one stopped. Detection is pretended.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use daypack_course::TimeMs;
use daypack_store::{Means, Store, StoreError};

const MINUTE: i64 = 60_000;

/// A computer that keeps live databases in `near` when the folder is on the network.
fn computer(name: &str, near: &Path) -> Means {
    let near: PathBuf = near.join(name);
    Means { near: Arc::new(move |_| Some(near.clone())), host: name.to_owned(), ..Means::default() }
}

fn save(store: &Store, text: &str, at: i64) {
    store.draft_put(&"c".into(), &"i".into(), "text", text, TimeMs(at)).unwrap();
}

fn text(store: &Store) -> String {
    store.draft_get(&"c".into(), &"i".into(), "text").unwrap().unwrap().text
}

#[test]
fn the_live_database_is_on_the_computer_and_each_save_in_the_folder() {
    let (home, disks) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = Store::open_with(home.path(), TimeMs(1), &computer("library-3", disks.path())).unwrap();
    save(&store, "written in the library", 2);
    assert!(store.is_on_network());
    assert!(disks.path().join("library-3/learner.db").exists());
    for name in ["learner.db", "learner.db-wal", "catalogue.db"] {
        assert!(!home.path().join(name).exists(), "{name}");
    }
    let journal = std::fs::read_dir(home.path().join("journal")).unwrap().count();
    assert!(journal > 0);
    assert!(store.backup_now(TimeMs(3)).unwrap().unwrap().starts_with(home.path()));
}

#[test]
fn the_next_computer_goes_on_where_the_last_one_stopped_and_back_again() {
    let (home, disks) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let open = |name: &str, at: i64| {
        Store::open_with(home.path(), TimeMs(at), &computer(name, disks.path())).unwrap()
    };
    let store = open("library-3", 1);
    save(&store, "in the library", 2);
    drop(store);
    let store = open("lab-1", 3);
    assert!(store.opened().recovered.is_none(), "nothing was damaged");
    assert_eq!(text(&store), "in the library");
    save(&store, "in the lab", 4);
    store.backup_now(TimeMs(5)).unwrap();
    save(&store, "in the lab, later", 6);
    drop(store);
    let store = open("library-3", 7);
    assert!(store.opened().recovered.is_none());
    assert_eq!(text(&store), "in the lab, later");
}

#[test]
fn a_second_computer_is_refused_by_name_until_the_first_has_closed_or_is_silent() {
    let (home, disks) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (one, two) = (computer("library-3", disks.path()), computer("lab-1", disks.path()));
    let lease = home.path().join("lease.json");
    drop(Store::open_with(home.path(), TimeMs(0), &one).unwrap());
    assert!(!lease.exists(), "closing gives it back");
    std::fs::write(&lease, r#"{"host":"library-3","at":0}"#).unwrap();
    let refused = Store::open_with(home.path(), TimeMs(14 * MINUTE), &two).err();
    assert!(
        matches!(&refused, Some(StoreError::InUseElsewhere { host }) if host == "library-3"),
        "{refused:?}"
    );
    assert!(!disks.path().join("lab-1").exists(), "nothing was made");
    assert!(Store::open_with(home.path(), TimeMs(14 * MINUTE), &one).is_ok(), "its own is no obstacle");
    std::fs::write(&lease, r#"{"host":"library-3","at":0}"#).unwrap();
    let store = Store::open_with(home.path(), TimeMs(16 * MINUTE), &two).unwrap();
    store.keep_lease(TimeMs(17 * MINUTE)).unwrap();
    assert!(std::fs::read_to_string(&lease).unwrap().contains("lab-1"));
}

#[test]
fn a_computer_that_slept_while_another_took_over_saves_nothing_any_more() {
    let (home, disks) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let lease = home.path().join("lease.json");
    let slept = Store::open_with(home.path(), TimeMs(0), &computer("library-3", disks.path())).unwrap();
    save(&slept, "before", 1);
    for left in [r#"{"host":"lab-1","at":960000}"#, ""] {
        match left {
            "" => std::fs::remove_file(&lease).unwrap(), // Taken over, and given back.
            lab => std::fs::write(&lease, lab).unwrap(),
        }
        let refused = slept.draft_put(&"c".into(), &"i".into(), "text", "after", TimeMs(2));
        assert!(matches!(refused, Err(StoreError::InUseElsewhere { .. })), "{refused:?}");
        assert!(matches!(slept.keep_lease(TimeMs(3)), Err(StoreError::InUseElsewhere { .. })));
    }
    assert_eq!(text(&slept), "before");
    std::fs::write(&lease, r#"{"host":"lab-1","at":960000}"#).unwrap();
    drop(slept);
    assert!(lease.exists(), "the other computer's lease is not given back by this one");
}

#[test]
fn a_database_that_lay_on_the_network_before_is_brought_here_and_kept_there() {
    let (home, disks) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = Store::open(home.path(), TimeMs(1)).unwrap();
    save(&store, "from before", 2);
    drop(store);
    let store = Store::open_with(home.path(), TimeMs(3), &computer("lab-1", disks.path())).unwrap();
    assert_eq!(text(&store), "from before");
    assert!(store.opened().recovered.is_none());
    assert!(home.path().join("learner.db.moved-3").exists());
}

#[test]
fn a_newer_database_is_read_without_taking_the_folder_or_moving_anything() {
    let (home, disks) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (lab, lease) = (computer("lab-1", disks.path()), home.path().join("lease.json"));
    let store = Store::open_with(home.path(), TimeMs(1), &lab).unwrap();
    save(&store, "read me", 2);
    drop(store);
    let newer = rusqlite::Connection::open(disks.path().join("lab-1/learner.db")).unwrap();
    let known: i64 = newer.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    newer.execute_batch("CREATE TABLE more (x TEXT) STRICT; PRAGMA user_version = 99").unwrap();
    drop(newer);
    // Also while another computer writes.
    for held in [None, Some(r#"{"host":"library-3","at":1}"#)] {
        held.inspect(|held| std::fs::write(&lease, held).unwrap());
        let store = Store::open_with(home.path(), TimeMs(3), &lab).unwrap();
        assert!(store.opened().newer.is_some());
        assert_eq!(text(&store), "read me");
        store.keep_lease(TimeMs(4)).unwrap();
        assert_eq!(std::fs::read_to_string(&lease).ok().as_deref(), held);
        drop(store);
        assert_eq!(std::fs::read_to_string(&lease).ok().as_deref(), held, "nor on closing");
    }
    // One that still lies in the folder is read there.
    std::fs::remove_file(&lease).unwrap();
    std::fs::rename(disks.path().join("lab-1/learner.db"), home.path().join("learner.db")).unwrap();
    std::fs::rename(disks.path().join("lab-1/catalogue.db"), home.path().join("catalogue.db")).unwrap();
    let store = Store::open_with(home.path(), TimeMs(5), &lab).unwrap();
    assert_eq!(text(&store), "read me");
    assert!(home.path().join("learner.db").exists() && !lease.exists());
    drop(store);
    // The control: one of our own takes the folder, and is brought here.
    let ours = rusqlite::Connection::open(home.path().join("learner.db")).unwrap();
    ours.pragma_update(None, "user_version", known).unwrap();
    drop(ours);
    let store = Store::open_with(home.path(), TimeMs(6), &lab).unwrap();
    assert!(store.opened().newer.is_none() && lease.exists());
    assert!(!home.path().join("learner.db").exists());
}
