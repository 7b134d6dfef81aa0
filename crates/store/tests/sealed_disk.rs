//! A database on an encrypted disk: nothing of it can be read, and a power cut costs no more than on a plain one.
//!
//! The disk below remembers every write (`power_cut/disk.rs`); for every moment the disks that a power cut could leave
//! are built, torn writes among them, and opened with the key. Negative controls: `synchronous=NORMAL` loses what was
//! saved, and a plain database is found by the same search for text.

#![allow(unsafe_code, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

#[path = "power_cut/crash.rs"]
#[allow(dead_code)]
mod crash;
#[path = "power_cut/disk.rs"]
#[allow(dead_code)]
mod disk;

use std::collections::HashSet;
use std::path::Path;
use std::time::{Duration, Instant};

use crash::{Luck, Replay, lucks};
use daypack_store::{Effort, LearnerKey, Lockbox, SealedDisk, Secret};
use disk::{Event, Files};
use rusqlite::{Connection, OpenFlags};

const CANARY: &str = "My essay about the canal and its locks";

fn a_key() -> LearnerKey {
    let light = Effort { memory_kib: 64, passes: 1 };
    Lockbox::new(&Secret::new("a long walk"), light).unwrap().1
}

/// As the store opens the learner's database.
fn open(path: &Path, sealed: Option<&SealedDisk>, synchronous: &str) -> Connection {
    let flags = OpenFlags::default();
    let conn = match sealed {
        Some(disk) => Connection::open_with_flags_and_vfs(path, flags, disk.name()).unwrap(),
        None => Connection::open(path).unwrap(),
    };
    conn.execute_batch(&format!(
        "PRAGMA locking_mode = EXCLUSIVE; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0;
         PRAGMA synchronous = EXTRA; PRAGMA journal_mode = WAL; PRAGMA synchronous = {synchronous};
         CREATE TABLE IF NOT EXISTS answers (n INTEGER NOT NULL PRIMARY KEY, text TEXT NOT NULL) STRICT;"
    ))
    .unwrap();
    conn
}

fn answer(n: usize) -> String {
    format!("{CANARY} {n} {}", "because ".repeat(n * 37 % 900))
}

fn save(conn: &Connection, n: usize) {
    conn.execute("INSERT INTO answers (n, text) VALUES (?1, ?2)", (n as i64, answer(n))).unwrap();
    // Now and then an old one is written anew, so that pages change in the middle too.
    if n % 5 == 4 {
        conn.execute("UPDATE answers SET text = text WHERE n = ?1", [n as i64 / 2]).unwrap();
    }
}

fn answers(conn: &Connection) -> Vec<String> {
    let mut rows = conn.prepare("SELECT text FROM answers ORDER BY n").unwrap();
    rows.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

/// Names of files that hold `text`.
fn files_with(files: &Files, text: &str) -> Vec<String> {
    let holds = |bytes: &[u8]| bytes.windows(text.len()).any(|at| at == text.as_bytes());
    files.iter().filter(|(_, bytes)| holds(bytes)).map(|(name, _)| name.clone()).collect()
}

#[test]
fn nothing_of_a_sealed_database_can_be_read_and_all_of_it_comes_back() {
    let turn = disk::insert();
    let key = a_key();
    let path = Path::new("/shelf/learner.db");
    let sealed = SealedDisk::register(&key).unwrap();
    let conn = open(path, Some(&sealed), "FULL");
    for n in 0..60 {
        save(&conn, n);
        assert_eq!(files_with(&turn.files(), CANARY), Vec::<String>::new());
    }
    assert!(turn.files().contains_key("/shelf/learner.db-wal"));
    conn.execute_batch("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA user_version = 7").unwrap();
    drop(conn);
    // Neither text nor the name of a table nor SQLite's own mark.
    for text in [CANARY, "because because", "CREATE TABLE", "SQLite format 3"] {
        assert_eq!(files_with(&turn.files(), text), Vec::<String>::new(), "{text}");
        for event in turn.events() {
            if let Event::Write { file, bytes, .. } = event {
                assert!(!bytes.windows(text.len()).any(|at| at == text.as_bytes()), "{file}");
            }
        }
    }
    drop(sealed);
    let again = SealedDisk::register(&key).unwrap();
    let conn = open(path, Some(&again), "FULL");
    assert_eq!(answers(&conn), (0..60).map(answer).collect::<Vec<_>>());
    let fine: String = conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(fine, "ok");
}

/// Negative control of the search above.
#[test]
fn a_plain_database_is_found_by_the_same_search() {
    let turn = disk::insert();
    let conn = open(Path::new("/shelf/learner.db"), None, "FULL");
    save(&conn, 1);
    assert_eq!(files_with(&turn.files(), CANARY), ["/shelf/learner.db-wal"]);
    conn.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    assert_eq!(files_with(&turn.files(), CANARY), ["/shelf/learner.db"]);
    assert_eq!(files_with(&turn.files(), "SQLite format 3"), ["/shelf/learner.db"]);
}

#[test]
fn another_key_finds_no_database_and_changes_nothing() {
    let turn = disk::insert();
    let path = Path::new("/shelf/learner.db");
    let sealed = SealedDisk::register(&a_key()).unwrap();
    let conn = open(path, Some(&sealed), "FULL");
    save(&conn, 1);
    drop(conn);
    let before = turn.files();
    let other = SealedDisk::register(&a_key()).unwrap();
    for disk in [Some(&other), None] {
        let conn = match disk {
            Some(disk) => {
                Connection::open_with_flags_and_vfs(path, OpenFlags::default(), disk.name()).unwrap()
            }
            None => Connection::open(path).unwrap(),
        };
        let read = conn.query_row("SELECT count(*) FROM answers", [], |row| row.get::<_, i64>(0));
        assert!(read.is_err(), "{read:?}");
    }
    assert_eq!(turn.files(), before);
}

#[derive(Debug, Default)]
struct Tally {
    states: usize,
    lost: Vec<(usize, Luck)>,
}

/// Saves `saves` answers, cuts the power at each moment in each way, and opens what is left.
fn cut_everywhere(synchronous: &str, saves: usize, checkpoint_every: usize) -> Tally {
    let turn = disk::insert();
    let path = Path::new("/shelf/learner.db");
    let sealed = SealedDisk::register(&a_key()).unwrap();
    // Made before: that a database comes to be is the store's business.
    drop(open(path, Some(&sealed), synchronous));
    let before = turn.files();
    turn.load(before.clone(), None);
    let conn = open(path, Some(&sealed), synchronous);
    for n in 0..saves {
        save(&conn, n);
        turn.saved(n + 1);
        if (n + 1) % checkpoint_every == 0 {
            conn.execute_batch("PRAGMA wal_checkpoint(PASSIVE)").unwrap();
        }
    }
    let events = turn.events();
    drop(conn);
    let (mut tally, mut replay, mut tried) = (Tally::default(), Replay::of(&before), HashSet::new());
    for (moment, event) in events.iter().enumerate() {
        replay.step(event);
        for luck in lucks(moment) {
            let (left, same) = replay.cut(luck);
            if !tried.insert(same) {
                continue;
            }
            tally.states += 1;
            turn.load(left, None);
            let found = answers(&open(path, Some(&sealed), synchronous));
            let fits = |saved: usize| {
                found.len() == saved && found.iter().enumerate().all(|(n, text)| *text == answer(n))
            };
            if !fits(replay.saved) && !fits(replay.saved + 1) {
                tally.lost.push((moment, luck));
            }
        }
    }
    tally
}

#[test]
fn what_was_saved_on_a_sealed_disk_survives_a_power_cut_at_any_moment() {
    let began = Instant::now();
    let tally = cut_everywhere("FULL", 36, 7);
    println!("{} different disks in {:.1} s", tally.states, began.elapsed().as_secs_f64());
    assert!(tally.lost.is_empty(), "{tally:?}");
    assert!(tally.states >= 600, "only {} different disks", tally.states);
}

/// Negative control of the test above.
#[test]
fn the_same_cuts_catch_a_sealed_database_that_does_not_wait_for_the_disk() {
    let tally = cut_everywhere("NORMAL", 12, 7);
    assert!(tally.lost.len() > tally.states / 20, "{} of {}", tally.lost.len(), tally.states);
}

/// Prints what sealing costs, commit by commit in turn with a plain database, without a disk's own time and with it:
/// `cargo test -p daypack-store --test sealed_disk -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn what_a_sealed_commit_costs() {
    // The other tests put a disk in memory under SQLite; this process must not have run one.
    let folders = ["/dev/shm", env!("CARGO_TARGET_TMPDIR")];
    for folder in folders.iter().filter(|folder| Path::new(folder).is_dir()) {
        let dir = tempfile::tempdir_in(folder).unwrap();
        let sealed = SealedDisk::register(&a_key()).unwrap();
        let open = |name: &str, disk| (open(&dir.path().join(name), disk, "FULL"), Vec::<Duration>::new());
        let mut both = [open("plain.db", None), open("sealed.db", Some(&sealed))];
        for n in 0..2_000_i64 {
            let text = "x".repeat(600);
            for (conn, times) in &mut both {
                let began = Instant::now();
                conn.execute("INSERT INTO answers (n, text) VALUES (?1, ?2)", (n, &text)).unwrap();
                times.push(began.elapsed());
            }
        }
        for ((_, times), name) in both.iter_mut().zip(["plain", "sealed"]) {
            times.sort();
            let at = |share: usize| times[times.len() * share / 100].as_micros();
            println!("{folder} {name}: commit p50 {} us, p95 {} us, p99 {} us", at(50), at(95), at(99));
        }
    }
}
