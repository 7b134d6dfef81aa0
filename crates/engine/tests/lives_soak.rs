//! The long run of the lives, in portions: goes on where it stopped, keeps what failed.
//!
//! `target/soak/lives.tsv` holds one line (what, how many, how many bad, since which commit) and is read by
//! `cargo xtask soak`; `target/soak/lives.failed` holds a line per failing seed. Another commit of the code under
//! test begins anew.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "common/sim.rs"]
mod common;
#[path = "lives/device.rs"]
mod device;
#[path = "lives/judge.rs"]
mod judge;
#[allow(dead_code, reason = "the habits are for the controls of `lives`")]
#[path = "lives/life.rs"]
mod life;
#[path = "lives/post.rs"]
mod post;
#[path = "lives/site.rs"]
mod site;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use life::{Habit, Life};

/// Seeds between two notes on the disk.
const PORTION: u64 = 10_000;
const GOAL: u64 = 5_000_000;

/// How far the run is.
#[derive(Debug, PartialEq, Eq)]
struct Run {
    done: u64,
    bad: u64,
    since: String,
}

fn folder() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = std::env::var_os("DAYPACK_SOAK").map_or_else(|| root.join("target/soak"), PathBuf::from);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

impl Run {
    fn load(folder: &Path, since: &str) -> Self {
        let text = std::fs::read_to_string(folder.join("lives.tsv")).unwrap_or_default();
        let parts: Vec<&str> = text.trim_end().split('\t').collect();
        match parts.as_slice() {
            [_, done, bad, of] if *of == since => {
                Self { done: done.parse().unwrap(), bad: bad.parse().unwrap(), since: since.to_owned() }
            }
            _ => Self { done: 0, bad: 0, since: since.to_owned() },
        }
    }

    fn keep(&self, folder: &Path) {
        let line = format!("lives of the outbox\t{}\t{}\t{}\n", self.done, self.bad, self.since);
        std::fs::write(folder.join("lives.tsv.new"), line).unwrap();
        std::fs::rename(folder.join("lives.tsv.new"), folder.join("lives.tsv")).unwrap();
    }

    /// Lives on until `goal` or `end`; every failing seed is kept and printed.
    fn go_on(&mut self, folder: &Path, habit: Habit, goal: u64, end: Instant) {
        while self.done < goal && Instant::now() < end {
            let from = self.done;
            let count = PORTION.min(goal - from);
            let found = common::first_failure(count, |n| Life::new(from + n, habit).live());
            if let Some((n, why)) = found {
                let seed = from + n;
                println!("seed {seed}: {why}");
                let path = folder.join("lives.failed");
                let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
                writeln!(file, "{seed}\t{}\t{why}", self.since).unwrap();
                self.bad += 1;
            }
            self.done += count;
            self.keep(folder);
        }
    }
}

#[test]
#[ignore = "a long run; started by `cargo xtask soak`"]
fn millions_of_lives_lose_and_double_nothing() {
    let minutes = std::env::var("DAYPACK_SOAK_MINUTES").ok().and_then(|m| m.parse().ok()).unwrap_or(10_u64);
    let since = std::env::var("DAYPACK_SOAK_SINCE_LIVES").unwrap_or_else(|_| "unknown".to_owned());
    let folder = folder();
    let mut run = Run::load(&folder, &since);
    println!("lives from seed {} on", run.done);
    run.go_on(&folder, Habit::Sound, GOAL, Instant::now() + Duration::from_secs(minutes * 60));
    println!("{} of {GOAL} lives, {} portions with a bad one", run.done, run.bad);
    assert_eq!(run.bad, 0, "see target/soak/lives.failed");
}

#[test]
fn a_run_goes_on_where_it_stopped_and_keeps_failing_seeds() {
    let folder = tempfile::tempdir().unwrap();
    let end = Instant::now() + Duration::from_secs(60);
    let mut run = Run::load(folder.path(), "abc");
    run.go_on(folder.path(), Habit::Sound, 40, end);
    let mut again = Run::load(folder.path(), "abc");
    assert_eq!(again, Run { done: 40, bad: 0, since: "abc".into() });
    // Control: a bad habit is found, written down and counted.
    again.go_on(folder.path(), Habit::ResendsOnUnknown, 80, end);
    assert_eq!((again.done, again.bad), (80, 1));
    let failed = std::fs::read_to_string(folder.path().join("lives.failed")).unwrap();
    let seed: u64 = failed.split('\t').next().unwrap().parse().unwrap();
    assert!((40..80).contains(&seed) && Life::new(seed, Habit::ResendsOnUnknown).live().is_err());
    assert_eq!(Run::load(folder.path(), "another commit").done, 0);
}
