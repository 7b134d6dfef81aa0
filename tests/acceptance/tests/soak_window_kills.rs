//! The long run of `window_kills`: 3,000 kills, or as many as fit into the minutes given.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::time::{Duration, Instant};

use daypack_tests::kills::note_long_run;
use daypack_tests::window_kills::Figures;

const WANTED: u32 = 3_000;
/// Kills of one learner; the next has a folder and a seed of its own.
const EACH: u32 = 60;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a long run; started by `cargo xtask soak`"]
async fn what_the_window_showed_as_saved_survives_thousands_of_kills() {
    let minutes = std::env::var("DAYPACK_SOAK_MINUTES").ok().and_then(|m| m.parse().ok()).unwrap_or(10_u64);
    let end = Instant::now() + Duration::from_secs(minutes * 60);
    let (mut kills, mut saved, mut slowest) = (0, 0, Duration::ZERO);
    for seed in 1.. {
        let figures = Figures::gather(EACH, seed, || Instant::now() < end).await;
        assert_eq!(figures.lost, Vec::<String>::new(), "seed {seed}");
        kills += figures.kills;
        saved += figures.saved;
        slowest = slowest.max(figures.slowest());
        if kills >= WANTED || Instant::now() >= end {
            break;
        }
    }
    note_long_run("window-kills", "kills of the window while it works", u64::from(kills), 0);
    println!("{kills} kills of the window, {saved} texts shown as saved, 0 lost; slowest start {slowest:?}");
    assert!(kills > 0);
}
