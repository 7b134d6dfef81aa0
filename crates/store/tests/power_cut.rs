//! The power may go at any moment: what the store called saved is there afterwards, and nothing is half done.
//!
//! Every write to the disk is recorded; for every moment up to eight of the disks that a power cut could leave
//! are built (a sample: not every subset of the unsynced writes), the shelf is opened on each, and what it holds must be exactly what it held after the last deed that was called
//! saved, or after the one then being done. Negative control: the same harness with `synchronous=NORMAL`.

// SQLite's VFS is a C interface (disk.rs); nothing else of the store is unsafe.
#![allow(unsafe_code, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

#[path = "power_cut/crash.rs"]
mod crash;
#[path = "power_cut/disk.rs"]
mod disk;

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crash::{Luck, Replay, lucks};
use daypack_course::outline::Binding;
use daypack_course::quiz::Response;
use daypack_course::work::{Deed, Work, WorkState};
use daypack_course::{AttemptId, TimeMs};
use daypack_store::{AttemptRow, AttemptState, Store, StoreError};
use disk::{Beside, Event, Fault, Files, Turn};
use rusqlite::{Connection, ffi};
use serde_json::json;

/// All that the shelf holds of the learner's work, one fact a line.
type Facts = Vec<String>;

fn facts(store: &Store) -> Facts {
    let mut facts = Facts::new();
    let attempts = ["i", "quiz"].map(|item| store.attempts_of(&"c".into(), &item.into()).unwrap());
    for attempt in attempts.into_iter().flatten() {
        facts.push(format!("{} {:?}", attempt.id, attempt.state));
        for q in ["q0", "q1", "q2", "q3"] {
            for row in store.response_history(&attempt.id, &q.into()).unwrap() {
                facts.push(format!("{} {q} {:?}", attempt.id, row.response));
            }
        }
    }
    let list = store.work_list().unwrap();
    assert!(list.tampered.is_empty());
    facts.extend(list.rows.iter().map(|row| format!("{} {:?} {}", row.work.id, row.state, row.tries)));
    facts.push(format!("{:?}", store.machine_get("outbox").unwrap()));
    facts
}

fn answer(n: usize) -> Response {
    Response::Essay { text: format!("answer {n} {}", "because ".repeat(n * 37 % 300)) }
}

fn work(n: usize) -> Work {
    let target = Binding {
        site: "https://campus.example".into(),
        course: "2".into(),
        module: "quiz".into(),
        cmid: "3".into(),
        instance: "4".into(),
    };
    Work {
        id: format!("w{n}").as_str().into(),
        account: "acc".into(),
        course: "c".into(),
        item: "i".into(),
        target,
        deed: Deed::Post { parent: None, subject: "s".into(), text: "t".repeat(n * 11) },
        created: TimeMs(n as i64),
    }
}

/// The n-th deed: of each six, an attempt is begun, answered three times, finished with its work, and sent.
fn deed(store: &Store, n: usize) -> Result<(), StoreError> {
    let (round, at) = (n / 6, TimeMs(n as i64));
    let attempt = AttemptId::new(format!("t{round:03}"));
    match n % 6 {
        0 => store.attempt_create(&AttemptRow {
            id: attempt,
            course: "c".into(),
            item: "i".into(),
            number: round as u32 + 1,
            started: at,
            remote_attempt: None,
            questions: Vec::new(),
            state: AttemptState::Open,
            finished: None,
            score: None,
        }),
        4 => store.attempt_finish(&attempt, at, Some(0.5), Some(&work(round))),
        5 => {
            let sending = [(work(round).id, WorkState::Sending)];
            store.outbox_commit(&json!({"round": round}), &sending, at)
        }
        step => store
            .response_put(&attempt, &format!("q{}", step % 2).as_str().into(), &answer(n), at)
            .map(|_| ()),
    }
}

/// How the fact begins that the n-th deed leaves behind.
fn trace(n: usize) -> String {
    let round = n / 6;
    match n % 6 {
        0 => format!("t{round:03} "),
        4 => format!("t{round:03} Finished"),
        5 => format!("w{round} Sending"),
        step => format!("t{round:03} q{} {:?}", step % 2, answer(n)),
    }
}

/// How many different disks to try: those of one life, or as many as the long run asks for (`DAYPACK_POWER_IMAGES`).
fn images() -> usize {
    std::env::var("DAYPACK_POWER_IMAGES").ok().and_then(|n| n.parse().ok()).unwrap_or(0)
}

/// For so long at most (`DAYPACK_SOAK_MINUTES`).
fn patience() -> Duration {
    let minutes = std::env::var("DAYPACK_SOAK_MINUTES").ok().and_then(|n| n.parse().ok()).unwrap_or(60_u64);
    Duration::from_secs(minutes * 60)
}

/// The line of a long run (`docs/howto/soak.md`).
fn note_long_run(disks: usize) {
    let Some(folder) = std::env::var_os("DAYPACK_SOAK") else { return };
    let since = std::env::var("DAYPACK_SOAK_SINCE_POWER_CUT").unwrap_or_else(|_| "unknown".to_owned());
    let line = format!("disks that a power cut leaves\t{disks}\t0\t{since}\n");
    std::fs::write(Path::new(&folder).join("power-cut.tsv"), line).unwrap();
}

/// Does all deeds from an empty disk, closing and opening after each `close_every`; the power goes while it is
/// open. What the shelf held after each deed (the first entry is the empty shelf), and what happened to
/// `learner.db`.
fn live(dir: &Path, disk: &Turn, deeds: usize, close_every: usize) -> (Vec<Facts>, Vec<Event>) {
    live_from(dir, disk, 0, deeds, close_every)
}

/// The same, beginning with another deed (a multiple of six).
fn live_from(
    dir: &Path,
    disk: &Turn,
    first: usize,
    deeds: usize,
    close_every: usize,
) -> (Vec<Facts>, Vec<Event>) {
    let mut store = Store::open_on(dir, TimeMs(0), Arc::new(Beside)).unwrap();
    let mut held = vec![facts(&store)];
    for n in 0..deeds {
        deed(&store, first + n).unwrap();
        disk.saved(n + 1);
        held.push(facts(&store));
        if (n + 1) % close_every == 0 {
            drop(store);
            store = Store::open_on(dir, TimeMs(0), Arc::new(Beside)).unwrap();
        }
    }
    (held, learner_events(dir, disk.events()))
}

/// What lies on the disk that is the learner's.
fn learner_files(dir: &Path, disk: &Turn) -> Files {
    let catalogue = Turn::name(dir, "catalogue.db");
    disk.files().into_iter().filter(|(name, _)| !name.starts_with(&catalogue)).collect()
}

/// A catalogue as it lies beside, so that opening need not make one each time.
fn catalogue(dir: &Path, disk: &Turn) -> Files {
    drop(Store::open_on(dir, TimeMs(0), Arc::new(Beside)).unwrap());
    let mut files = disk.files();
    files.retain(|name, _| *name == Turn::name(dir, "catalogue.db"));
    assert_eq!(files.len(), 1);
    files
}

/// A folder for what the store keeps beside its databases (the lock); in memory where the system has that, for
/// the databases are.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    match memory.is_dir() {
        true => tempfile::tempdir_in(memory).unwrap(),
        false => tempfile::tempdir().unwrap(),
    }
}

/// What came of trying all cuts.
#[derive(Debug, Default)]
struct Tally {
    moments: usize,
    states: usize,
    lost: Vec<(usize, Luck)>,
    broken: Vec<(usize, Luck, String)>,
}

/// Cuts the power after every `stride`-th event, in every way, and opens what is left.
fn cut_everywhere(
    dir: &Path,
    disk: &Turn,
    (before, beside): (&Files, &Files),
    events: &[Event],
    held: &[Facts],
    stride: usize,
) -> Tally {
    let mut tally = Tally::default();
    let mut replay = Replay::of(before);
    let mut tried = HashSet::new();
    for (moment, event) in events.iter().enumerate() {
        replay.step(event);
        if moment % stride != 0 {
            continue;
        }
        tally.moments += 1;
        for luck in lucks(moment) {
            let (mut left, same) = replay.cut(luck);
            if !tried.insert(same) {
                continue;
            }
            tally.states += 1;
            left.extend(beside.clone());
            disk.load(left, None);
            match Store::open_on(dir, TimeMs(0), Arc::new(Beside)) {
                Err(error) => tally.broken.push((moment, luck, error.to_string())),
                Ok(store) => {
                    let found = facts(&store);
                    if let Some(recovered) = &store.opened().recovered {
                        let said = format!("a power cut is no damage: {recovered:?}");
                        tally.broken.push((moment, luck, said));
                    }
                    let saved = &held[replay.saved];
                    if found != *saved && held.get(replay.saved + 1) != Some(&found) {
                        tally.lost.push((moment, luck));
                    }
                }
            }
        }
    }
    tally
}

fn learner_events(dir: &Path, events: Vec<Event>) -> Vec<Event> {
    let catalogue = Turn::name(dir, "catalogue.db");
    let is_ours = |event: &Event| match event {
        Event::Saved(_) => true,
        Event::Rename { from: file, .. }
        | Event::Create { file }
        | Event::Write { file, .. }
        | Event::Truncate { file, .. }
        | Event::Delete { file, .. }
        | Event::Sync { file } => !file.starts_with(&catalogue),
    };
    events.into_iter().filter(is_ours).collect()
}

#[test]
fn whatever_was_called_saved_survives_a_power_cut_at_any_moment() {
    let disk = disk::insert();
    let dir = folder();
    let beside = catalogue(dir.path(), &disk);
    let (mut states, mut moments, mut lives, began) = (0, 0, 0, Instant::now());
    while lives == 0 || (states < images() && began.elapsed() < patience()) {
        disk.load(beside.clone(), None);
        let (held, events) = live_from(dir.path(), &disk, lives * 42, 39, 13);
        let tally = cut_everywhere(dir.path(), &disk, (&Files::new(), &beside), &events, &held, 1);
        assert!(tally.lost.is_empty() && tally.broken.is_empty(), "life {lives}: {tally:?}");
        (states, moments, lives) = (states + tally.states, moments + tally.moments, lives + 1);
    }
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "{lives} lives, {moments} events, {states} different disks, 0 lost, 0 broken, in {seconds:.1} s"
    );
    note_long_run(states);
    assert!(states >= 3_500, "only {states} different disks");
}

#[test]
fn the_same_holds_while_the_journal_is_written_back_under_way() {
    let disk = disk::insert();
    let dir = folder();
    let beside = catalogue(dir.path(), &disk);
    disk.load(beside.clone(), None);
    // Long enough for SQLite to write the journal back by itself, more than once.
    let (held, events) = live(dir.path(), &disk, 600, usize::MAX);
    let ours = Turn::name(dir.path(), "learner.db");
    let written_back = events.iter().filter(|e| matches!(e, Event::Sync { file } if *file == ours)).count();
    assert!(written_back >= 2, "written back {written_back} times");
    let tally = cut_everywhere(dir.path(), &disk, (&Files::new(), &beside), &events, &held, 151);
    println!("{} moments, {} different disks", tally.moments, tally.states);
    assert!(tally.lost.is_empty() && tally.broken.is_empty(), "{tally:?}");
}

#[test]
fn a_database_of_the_first_schema_is_migrated_whole_or_not_at_all() {
    let disk = disk::insert();
    let dir = folder();
    let beside = catalogue(dir.path(), &disk);
    let released = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/schema-1/learner.db");
    let before = Files::from([(Turn::name(dir.path(), "learner.db"), std::fs::read(released).unwrap())]);
    let mut files = before.clone();
    files.extend(beside.clone());
    disk.load(files, None);
    let (held, events) = live(dir.path(), &disk, 12, usize::MAX);
    assert!(held[0].len() > 40, "the old work is there: {}", held[0].len());
    let tally = cut_everywhere(dir.path(), &disk, (&before, &beside), &events, &held, 1);
    println!("migration: {} events, {} different disks", tally.moments, tally.states);
    assert!(tally.lost.is_empty() && tally.broken.is_empty(), "{tally:?}");
    assert!(tally.states > 400, "{}", tally.states);
}

#[test]
fn getting_a_damaged_database_back_can_be_cut_off_at_any_moment() {
    let disk = disk::insert();
    let dir = folder();
    let beside = catalogue(dir.path(), &disk);
    disk.load(beside.clone(), None);
    let (held, _) = live(dir.path(), &disk, 20, usize::MAX);
    let mut files = learner_files(dir.path(), &disk);
    let db = files.get_mut(&Turn::name(dir.path(), "learner.db")).unwrap();
    db[..100].fill(0);
    let wrecked = db.clone();
    let before = files.clone();
    files.extend(beside.clone());
    disk.load(files, None);
    let store = Store::open_on(dir.path(), TimeMs(0), Arc::new(Beside)).unwrap();
    assert!(store.opened().recovered.is_some());
    drop(store);
    let events = learner_events(dir.path(), disk.events());
    let (mut replay, mut tried, mut states) = (Replay::of(&before), HashSet::new(), 0);
    for (moment, event) in events.iter().enumerate() {
        replay.step(event);
        for luck in lucks(moment) {
            let (mut left, same) = replay.cut(luck);
            if !tried.insert(same) {
                continue;
            }
            states += 1;
            left.extend(beside.clone());
            disk.load(left, None);
            let store = Store::open_on(dir.path(), TimeMs(0), Arc::new(Beside)).unwrap();
            assert_eq!(facts(&store), *held.last().unwrap(), "{moment} {luck:?}");
            let aside = Turn::name(dir.path(), "learner.db.damaged-0");
            assert!(disk.files()[&aside] == wrecked, "the damaged file is kept: {moment} {luck:?}");
        }
    }
    println!("recovery: {} events, {states} different disks", events.len());
    assert!(states > 50, "{states}");
}

/// Saves answers over a connection of its own, with the given `synchronous`; tries all cuts.
fn answers_with(synchronous: &str) -> Tally {
    let disk = disk::insert();
    let dir = folder();
    let beside = catalogue(dir.path(), &disk);
    let store = Store::open_on(dir.path(), TimeMs(0), Arc::new(Beside)).unwrap();
    deed(&store, 0).unwrap();
    let mut held = vec![facts(&store)];
    drop(store);
    // The database alone: what is asked here is what SQLite does without the journal beside it.
    let before: Files =
        disk.files().into_iter().filter(|(name, _)| *name == Turn::name(dir.path(), "learner.db")).collect();
    disk.load(before.clone(), None);

    let conn = Connection::open(dir.path().join("learner.db")).unwrap();
    let pragmas = format!("PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = {synchronous}");
    conn.execute_batch(&pragmas).unwrap();
    for n in 0..12 {
        let response = serde_json::to_string(&answer(n)).unwrap();
        let sql = "INSERT INTO responses (attempt, question, response, at) VALUES ('t000', 'q0', ?1, 1)";
        conn.execute(sql, [response]).unwrap();
        disk.saved(n + 1);
        let mut next = held[n].clone();
        next.insert(1 + n, format!("t000 q0 {:?}", answer(n)));
        held.push(next);
    }
    let events = learner_events(dir.path(), disk.events());
    drop(conn);
    cut_everywhere(dir.path(), &disk, (&before, &beside), &events, &held, 1)
}

#[test]
fn the_harness_catches_a_database_that_does_not_wait_for_the_disk() {
    let normal = answers_with("NORMAL");
    println!("NORMAL: {} of {} disks lost saved answers", normal.lost.len(), normal.states);
    assert!(normal.lost.len() > normal.states / 10, "{normal:?}");
    assert!(normal.broken.is_empty(), "NORMAL loses answers and tears nothing: {normal:?}");
    let full = answers_with("FULL");
    assert!(full.states > 50);
    assert!(full.lost.is_empty() && full.broken.is_empty(), "{full:?}");
}

/// What came of failing each change in turn.
#[derive(Debug, Default)]
struct Sweep {
    runs: usize,
    hit: usize,
    full: usize,
    more_than_said: usize,
    bad: Vec<String>,
}

/// A few deeds on an empty disk, once for each change to it and each kind of fault. `believes`: a program that
/// calls saved what failed.
fn fail_everywhere(every: usize, believes: bool) -> Sweep {
    const DEEDS: usize = 27;
    let disk = disk::insert();
    let dir = folder();
    let beside = catalogue(dir.path(), &disk);
    // The deeds called saved, what the open shelf then held (`None`: it did not open), and the errors.
    let all = |disk: &Turn| -> (Vec<usize>, Option<Facts>, Vec<StoreError>) {
        let store = match Store::open_on(dir.path(), TimeMs(0), Arc::new(Beside)) {
            Ok(store) => store,
            Err(error) => return (Vec::new(), None, vec![error]),
        };
        let (mut saved, mut errors) = (Vec::new(), Vec::new());
        for n in 0..DEEDS {
            match deed(&store, n) {
                Ok(()) => saved.push(n),
                Err(error) => {
                    errors.push(error);
                    saved.extend(believes.then_some(n));
                }
            }
        }
        disk.repair();
        (saved, Some(facts(&store)), errors)
    };
    disk.load(beside.clone(), None);
    let (saved, _, errors) = all(&disk);
    assert!(saved.len() == DEEDS && errors.is_empty(), "a sound disk takes all: {errors:?}");
    let changes = disk.changes().0;
    let mut sweep = Sweep::default();
    for after in (0..changes).step_by(every) {
        for code in [ffi::SQLITE_FULL, ffi::SQLITE_IOERR_WRITE, ffi::SQLITE_IOERR_FSYNC] {
            for for_ever in [false, true] {
                disk.load(beside.clone(), Some(Fault { after, for_ever, code }));
                let (saved, held, errors) = all(&disk);
                sweep.runs += 1;
                sweep.hit += usize::from(disk.changes().1 > 0);
                sweep.full += errors.iter().filter(|e| matches!(e, StoreError::NoSpace)).count();
                disk.repair();
                let store = match Store::open_on(dir.path(), TimeMs(0), Arc::new(Beside)) {
                    Ok(store) => store,
                    Err(error) => {
                        sweep.bad.push(format!("after {after} {code} {for_ever}: {error}"));
                        continue;
                    }
                };
                let found = facts(&store);
                let case = format!("after {after} {code} {for_ever}: {saved:?} saved, {held:?}, {found:?}");
                let is_gone = saved.iter().any(|n| !found.iter().any(|fact| fact.starts_with(&trace(*n))));
                // A last save that failed may have reached the disk all the same, and then comes back.
                let last_failed = !saved.contains(&(DEEDS - 1));
                let differs = held.is_some_and(|held| held != found);
                sweep.more_than_said += usize::from(differs && last_failed);
                if is_gone || (differs && !last_failed) {
                    sweep.bad.push(case);
                }
            }
        }
    }
    sweep
}

#[test]
fn a_disk_that_fails_or_fills_up_at_any_change_loses_nothing_that_was_called_saved() {
    let sweep = fail_everywhere(1, false);
    println!(
        "{} runs, {} hit the fault, {} errors were called a full disk, {} kept more than they said, {} bad",
        sweep.runs,
        sweep.hit,
        sweep.full,
        sweep.more_than_said,
        sweep.bad.len()
    );
    assert!(sweep.bad.is_empty(), "{} bad, first: {}", sweep.bad.len(), sweep.bad[0]);
    assert!(sweep.hit > sweep.runs / 2 && sweep.full > 0);
    assert!(sweep.runs >= 2_800, "only {} runs", sweep.runs);
}

#[test]
fn the_sweep_catches_a_program_that_calls_saved_what_failed() {
    let sweep = fail_everywhere(9, true);
    println!("control: {} of {} runs lost something", sweep.bad.len(), sweep.runs);
    assert!(sweep.bad.len() > sweep.runs / 10);
}
