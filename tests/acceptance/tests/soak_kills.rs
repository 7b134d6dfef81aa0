//! The long run of `kill_nine`: as many kills as fit into the minutes given.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::time::{Duration, Instant};

use daypack_tests::kills::{note_long_run, type_and_kill};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a long run; started by `cargo xtask soak`"]
async fn no_acknowledged_draft_is_lost_in_many_kills() {
    let minutes = std::env::var("DAYPACK_SOAK_MINUTES").ok().and_then(|m| m.parse().ok()).unwrap_or(10_u64);
    let end = Instant::now() + Duration::from_secs(minutes * 60);
    let dir = tempfile::tempdir().unwrap();
    let (kills, acknowledged, slowest) =
        type_and_kill(&dir.path().join("data"), |_| Instant::now() < end).await;
    note_long_run("kills", "kills of the program while a text is typed", u64::from(kills), 0);
    println!("{kills} kills, {acknowledged} drafts acknowledged, slowest start {slowest:?}");
    assert!(kills > 10);
}
