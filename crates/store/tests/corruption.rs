//! The corruption drill: pages destroyed, a zeroed head, a lost write-ahead log, another learner's file. Every
//! unconfirmed answer comes back, the damaged file is kept, and the counts are told. Control: the same without the
//! journal loses answers.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::path::Path;

use daypack_course::outline::Binding;
use daypack_course::quiz::Response;
use daypack_course::work::{Deed, Receipt, Work, WorkState};
use daypack_course::{AttemptId, TimeMs};
use daypack_store::{AttemptRow, AttemptState, Damage, Store};
use serde_json::json;

/// SplitMix64 (public domain algorithm by S. Vigna).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

fn work(id: &str) -> Work {
    Work {
        id: id.into(),
        account: "acc".into(),
        course: "c".into(),
        item: "i".into(),
        target: Binding {
            site: "https://campus.example".into(),
            course: "2".into(),
            module: "assign".into(),
            cmid: "3".into(),
            instance: "4".into(),
        },
        deed: Deed::Submission {
            text: format!("essay {id} {}", "word ".repeat(300)),
            files: vec![],
            base: None,
            agreed: false,
        },
        created: TimeMs(1),
    }
}

/// A learner's days: a backup under way, then more answers; 300 answers in all, the last 150 after the backup.
fn live(dir: &Path, who: &str) -> Store {
    let store = Store::open(dir, TimeMs(1_000)).unwrap();
    let begin = |n: u32| {
        let row = AttemptRow {
            id: AttemptId::new(format!("{who}{n}")),
            course: "c".into(),
            item: "i".into(),
            number: n,
            started: TimeMs(1),
            remote_attempt: None,
            questions: Vec::new(),
            state: AttemptState::Open,
            finished: None,
            score: None,
        };
        store.attempt_create(&row).unwrap();
        row.id
    };
    let mut attempt = begin(1);
    for n in 0..300_usize {
        if n == 150 {
            store.backup_now(TimeMs(2_000)).unwrap().unwrap();
            attempt = begin(2);
        }
        let text = format!("{who} answers {n}: {}", "because ".repeat(n % 60));
        store
            .response_put(
                &attempt,
                &format!("q{}", n % 7).as_str().into(),
                &Response::Essay { text },
                TimeMs(n as i64),
            )
            .unwrap();
        if n % 10 == 0 {
            store
                .draft_put(
                    &"c".into(),
                    &"i".into(),
                    "text",
                    &format!("{who} writes {n}"),
                    TimeMs(n as i64 * 60_000),
                )
                .unwrap();
        }
    }
    for id in ["accepted", "sending", "waiting"] {
        store.work_add(&work(id)).unwrap();
    }
    let receipt = Receipt { remote: "9".into(), at: TimeMs(5), found: false, caveat: None };
    let states =
        [("accepted".into(), WorkState::Accepted { receipt }), ("sending".into(), WorkState::Sending)];
    store.outbox_commit(&json!({"n": 1}), &states, TimeMs(5)).unwrap();
    store
}

/// All that was made, one a line.
fn made(store: &Store) -> Vec<String> {
    let mut out = Vec::new();
    for attempt in store.attempts_of(&"c".into(), &"i".into()).unwrap() {
        for q in 0..7 {
            let history = store.response_history(&attempt.id, &format!("q{q}").as_str().into()).unwrap();
            out.extend(history.into_iter().map(|row| format!("{} q{q} {:?}", attempt.id, row.response)));
        }
    }
    out.extend(store.draft_history(&"c".into(), &"i".into(), "text").unwrap().into_iter().map(|d| d.text));
    out.extend(store.work_list().unwrap().rows.into_iter().map(|row| format!("{:?}", row.work)));
    out.sort();
    out
}

fn states(store: &Store) -> Vec<(String, WorkState)> {
    let mut states: Vec<_> =
        store.work_list().unwrap().rows.into_iter().map(|row| (row.work.id.to_string(), row.state)).collect();
    states.sort_by(|a, b| a.0.cmp(&b.0));
    states
}

/// One kind of damage; `false` when this seed's damage hit nothing that is in use.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Pages,
    Head,
    MissingLog,
    Swapped,
    Cut,
    Gone,
}

fn damage(dir: &Path, other: &Path, kind: Kind, chance: &mut Chance) {
    let path = dir.join("learner.db");
    let mut bytes = std::fs::read(&path).unwrap();
    match kind {
        Kind::Pages => {
            let pages = bytes.len() / 4096;
            for _ in 0..(pages / 50).max(1) {
                let page = 1 + chance.next() as usize % (pages - 1);
                for byte in &mut bytes[page * 4096..(page + 1) * 4096] {
                    *byte = chance.next() as u8;
                }
            }
        }
        Kind::Head => bytes[..100].fill(0),
        Kind::MissingLog => {
            std::fs::remove_file(dir.join("learner.db-wal")).unwrap();
            return;
        }
        Kind::Swapped => bytes = std::fs::read(other.join("learner.db")).unwrap(),
        Kind::Cut => bytes.truncate(bytes.len() / 2),
        Kind::Gone => return std::fs::remove_file(&path).unwrap(),
    }
    std::fs::write(path, bytes).unwrap();
}

/// Leaves the folder as a killed program does: the log is not written back.
fn killed(dir: &Path, store: Store) {
    let keep = dir.join("keep");
    std::fs::create_dir(&keep).unwrap();
    for name in ["learner.db", "learner.db-wal"] {
        std::fs::copy(dir.join(name), keep.join(name)).unwrap();
    }
    drop(store);
    for name in ["learner.db", "learner.db-wal"] {
        std::fs::rename(keep.join(name), dir.join(name)).unwrap();
    }
    std::fs::remove_dir(keep).unwrap();
}

struct Drill {
    /// What was made and is not there any more.
    lost: usize,
    recovered: Option<daypack_store::Recovered>,
    states: Vec<(String, WorkState)>,
}

fn drill(kind: Kind, seed: u64, with_journal: bool) -> Drill {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    if kind == Kind::Swapped {
        drop(live(other.path(), "b"));
    }
    let store = live(dir.path(), "a");
    let before = made(&store);
    match kind {
        Kind::MissingLog => killed(dir.path(), store),
        _ => drop(store),
    }
    damage(dir.path(), other.path(), kind, &mut Chance(seed));
    let damaged = std::fs::read(dir.path().join("learner.db")).unwrap_or_default();
    if !with_journal {
        std::fs::remove_dir_all(dir.path().join("journal")).unwrap();
    }
    let store = Store::open(dir.path(), TimeMs(3_000)).unwrap();
    let after = made(&store);
    let lost = before.iter().filter(|line| !after.contains(line)).count();
    let recovered = store.opened().recovered.clone();
    if let Some(recovered) = &recovered {
        assert!(after.iter().all(|line| before.contains(line)), "nobody else's work is taken in");
        let kept = recovered.damaged.as_ref().map(|path| std::fs::read(path).unwrap());
        assert!(kept.unwrap_or_default() == damaged, "the damaged file is kept as it was: {kind:?} {seed}");
        assert_eq!(recovered.unplaced, 0);
    }
    Drill { lost, recovered, states: states(&store) }
}

#[test]
fn every_unconfirmed_answer_survives_a_damaged_database() {
    let mut drills = 0;
    let seeds = std::env::var("DAYPACK_CORRUPTION_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(3_u64);
    for kind in [Kind::Pages, Kind::Head, Kind::MissingLog, Kind::Swapped, Kind::Cut, Kind::Gone] {
        for seed in 0..if kind == Kind::Pages { seeds } else { 1 } {
            let drill = drill(kind, seed, true);
            drills += 1;
            assert_eq!(drill.lost, 0, "{kind:?} {seed}: {:?}", drill.recovered);
            assert_eq!(drill.states[1], ("sending".into(), WorkState::Sending), "asked about at the restart");
            assert!(matches!(drill.states[0].1, WorkState::Accepted { .. }));
            match (kind, &drill.recovered) {
                (Kind::MissingLog, None) => {} // The journal alone brings it back.
                (_, Some(told)) => {
                    let why = match kind {
                        Kind::Swapped => Damage::Foreign,
                        Kind::Gone => Damage::Gone,
                        _ => Damage::Unreadable,
                    };
                    assert_eq!((told.why, told.answers, told.texts, told.work), (why, 300, 1, 3), "{told:?}");
                    assert_eq!(told.backup, Some(TimeMs(2_000)));
                    assert!(told.from_journal > 150);
                }
                (_, None) => panic!("{kind:?} {seed} was not noticed"),
            }
        }
    }
    println!("{drills} drills, nothing lost");
}

#[test]
fn without_the_journal_the_drill_finds_losses_and_puts_all_work_in_doubt() {
    for (kind, why) in [(Kind::Head, Damage::Unreadable), (Kind::Gone, Damage::Gone)] {
        let drill = drill(kind, 1, false);
        assert!(drill.lost >= 150, "{kind:?} {}", drill.lost);
        assert_eq!(drill.recovered.unwrap().why, why);
    }
    assert!(drill(Kind::MissingLog, 1, false).lost > 100);
}

#[test]
fn what_may_have_been_sent_since_an_old_backup_comes_back_in_doubt() {
    let dir = tempfile::tempdir().unwrap();
    let store = live(dir.path(), "a");
    store.backup_now(TimeMs(2_500)).unwrap().unwrap();
    store.outbox_commit(&json!({"n": 2}), &[("waiting".into(), WorkState::Sending)], TimeMs(9)).unwrap();
    drop(store);
    std::fs::remove_dir_all(dir.path().join("journal")).unwrap();
    std::fs::remove_file(dir.path().join("learner.db")).unwrap();
    let store = Store::open(dir.path(), TimeMs(3_000)).unwrap();
    let told = store.opened().recovered.clone().unwrap();
    assert_eq!(told.in_doubt, 2);
    for (id, state) in states(&store) {
        match id.as_str() {
            "accepted" => assert!(matches!(state, WorkState::Accepted { .. })),
            _ => assert_eq!(state, WorkState::InDoubt, "{id}"),
        }
    }
    assert_eq!(store.machine_get("outbox").unwrap(), None, "the outbox of before the backup is not believed");
}

#[test]
fn the_journal_gets_smaller_once_a_backup_holds_it_and_keeps_what_is_not_confirmed() {
    let dir = tempfile::tempdir().unwrap();
    let store = live(dir.path(), "a");
    let lines = |dir: &Path| -> String {
        let mut names: Vec<_> =
            std::fs::read_dir(dir.join("journal")).unwrap().map(|e| e.unwrap().path()).collect();
        names.sort();
        names.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
    };
    let before = lines(dir.path());
    assert!(before.contains("essay accepted") && before.contains("a writes 150\""));
    store.backup_now(TimeMs(3_000)).unwrap().unwrap();
    let after = lines(dir.path());
    assert!(
        !after.contains("essay accepted") && !after.contains("a writes 150\""),
        "confirmed, or written over"
    );
    assert!(
        after.contains("a writes 290") && after.contains("essay waiting") && after.contains("essay sending")
    );
    assert_eq!(
        after.matches("\"fact\":\"response\"").count(),
        300,
        "no answer of an open attempt is taken out"
    );
    let before = made(&store);
    drop(store);
    std::fs::remove_file(dir.path().join("learner.db")).unwrap();
    let store = Store::open(dir.path(), TimeMs(4_000)).unwrap();
    assert!(made(&store) == before);
    assert_eq!(
        states(&store)[2],
        ("waiting".into(), WorkState::Waiting),
        "all is known: nothing is in doubt"
    );
}

#[test]
fn a_journal_with_a_torn_end_and_a_damaged_line_gives_back_all_other_lines() {
    let dir = tempfile::tempdir().unwrap();
    let store = live(dir.path(), "a");
    let before = made(&store);
    drop(store);
    let part = std::fs::read_dir(dir.path().join("journal")).unwrap().last().unwrap().unwrap().path();
    let mut bytes = std::fs::read(&part).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    bytes.extend_from_slice(b"0badc0de 4711 {\"seq\":");
    std::fs::write(&part, bytes).unwrap();
    std::fs::remove_file(dir.path().join("learner.db")).unwrap();
    let store = Store::open(dir.path(), TimeMs(4_000)).unwrap();
    let after = made(&store);
    assert_eq!(before.iter().filter(|line| !after.contains(line)).count(), 1, "the one that was damaged");
    assert_eq!(states(&store)[2].1, WorkState::InDoubt, "what is missing may have been its sending");
}

#[test]
fn a_save_costs_two_syncs_and_stays_far_below_half_a_second() {
    let dir = tempfile::tempdir().unwrap();
    let store = live(dir.path(), "a");
    let mut times: Vec<f64> = (0..200)
        .map(|n| {
            let began = std::time::Instant::now();
            store
                .draft_put(&"c".into(), &"i".into(), "text", &format!("{n} {}", "x".repeat(5_000)), TimeMs(n))
                .unwrap();
            began.elapsed().as_secs_f64() * 1_000.0
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!("saving 5 kB: p50 {:.2} ms, p99 {:.2} ms, worst {:.2} ms", times[100], times[197], times[199]);
    assert!(times[197] < 500.0);
}
