//! `kill -9` at any moment: what was shown as saved is there, and what was fetched is not fetched again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::path::Path;
use std::time::{Duration, Instant};

use daypack_app::remote::Owner;
use daypack_tests::kills::{Served, type_and_kill};
use daypack_tests::practice::{Practice, small_course};
use serde_json::{Value, json};

async fn call(data: &Path, command: &str, input: Value) -> Value {
    Owner::reach(data).await.unwrap().call(command, input).await.unwrap_or_else(|e| panic!("{command}: {e}"))
}

fn rounds() -> u32 {
    std::env::var("DAYPACK_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(25)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_acknowledged_draft_survives_a_kill_in_the_middle_of_typing() {
    let dir = tempfile::tempdir().unwrap();
    let (kills, acknowledged, slowest) =
        type_and_kill(&dir.path().join("data"), |round| round < rounds()).await;
    println!("{kills} kills, {acknowledged} drafts acknowledged, slowest start {slowest:?}");
    assert!(acknowledged > u64::from(kills));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_download_goes_on_where_it_stopped() {
    let dir = tempfile::tempdir().unwrap();
    // A course with one file large enough to be cut several times.
    let course = dir.path().join("course");
    copy_dir(&small_course(), &course);
    let mut big = Vec::with_capacity(3 << 20);
    let mut seed = 7_u64;
    while big.len() < 3 << 20 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        big.extend_from_slice(&seed.to_le_bytes());
    }
    let file = std::fs::read_dir(course.join("media"))
        .unwrap()
        .map(|e| e.unwrap().path())
        .find(|p| p.extension().is_some_and(|e| e == "mp4"))
        .expect("a lecture");
    std::fs::write(&file, &big).unwrap();
    let campus = Practice::start(&course, None, &dir.path().join("campus"));
    let data = dir.path().join("data");
    let mut served = Served::start(&data);
    let site = campus.site.clone();
    call(&data, "sign_in", json!({ "site": site, "username": "student1", "password": "practice-1" })).await;
    let library = call(&data, "offers_refresh", json!({})).await;
    let offer = &library["offers"][0];
    let added = call(&data, "course_add", json!({ "source": offer["source"], "id": offer["id"] })).await;
    let id = added["course"].clone();
    campus.ctl(&["slow", "12000"]);
    campus.ctl(&["forget-requests"]);
    call(&data, "take_along", json!({ "course": id })).await;
    let mut kills = 0;
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        assert!(Instant::now() < end, "the download ends");
        tokio::time::sleep(Duration::from_millis(600)).await;
        let jobs = call(&data, "jobs", json!({})).await;
        let job = &jobs["jobs"][0];
        if job["state"] == "done" {
            break;
        }
        if kills < 3 {
            kills += 1;
            served.kill();
            served = Served::start(&data);
        }
    }
    assert!(kills >= 1, "it was killed on its way");
    let log: Value = serde_json::from_str(&campus.ctl(&["requests"])).expect("JSON");
    let sent = bytes_of(&log, "webservice/pluginfile.php");
    println!("{kills} kills, {sent} bytes sent for {} bytes of lecture", big.len());
    // The rest of the course is small; each kill may cost what was on the wire and not yet on the disk.
    assert!(sent < big.len() as u64 * 3 / 2 + 600_000, "sent {sent} bytes: {log}");
}

/// Bytes the campus sent for one script, from its log.
fn bytes_of(log: &Value, script: &str) -> u64 {
    match log {
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| match value {
                Value::Object(inner) if key.contains(script) => {
                    inner.get("bytes_out").and_then(Value::as_u64).unwrap_or(0)
                }
                other => bytes_of(other, script),
            })
            .sum(),
        _ => 0,
    }
}

fn copy_dir(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_dir(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
