//! `kill -9` at any moment: what was shown as saved is there, and what was fetched is not fetched again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use daypack_app::remote::Owner;
use daypack_tests::practice::{Practice, bin, small_course};
use serde_json::{Value, json};

struct Served(Child);

impl Served {
    fn start(data: &Path) -> Self {
        let mut child = Command::new(bin("daypack"))
            .args(["serve", "--data", data.to_str().unwrap()])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains("serving"), "{line}");
        Self(child)
    }

    /// SIGKILL.
    fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.kill();
    }
}

async fn call(data: &Path, command: &str, input: Value) -> Value {
    Owner::reach(data).await.unwrap().call(command, input).await.unwrap_or_else(|e| panic!("{command}: {e}"))
}

fn rounds() -> u32 {
    std::env::var("DAYPACK_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(25)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_acknowledged_draft_survives_a_kill_in_the_middle_of_typing() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let mut acknowledged = 0_u64;
    let mut slowest = Duration::ZERO;
    for round in 0..rounds() {
        let started = Instant::now();
        let mut served = Served::start(&data);
        slowest = slowest.max(started.elapsed());
        // What was acknowledged before the kill is there; at most one more may be.
        if acknowledged > 0 {
            let there = written(&data);
            assert!(
                there == acknowledged || there == acknowledged + 1,
                "round {round}: acknowledged {acknowledged}, found {there}"
            );
            acknowledged = there;
        }
        let mut owner = Owner::reach(&data).await.unwrap();
        let end = Instant::now() + Duration::from_millis(20 + u64::from(round * 37 % 120));
        while Instant::now() < end {
            let text = format!("{} words", acknowledged + 1);
            let save = json!({ "course": "c", "item": "i", "slot": "text", "text": text });
            owner.call("draft_save", save).await.unwrap();
            acknowledged += 1;
        }
        // One is on its way when the blow falls.
        let late = tokio::spawn(async move {
            let text = format!("{} words", acknowledged + 1);
            let save = json!({ "course": "c", "item": "i", "slot": "text", "text": text });
            let _ = owner.call("draft_save", save).await;
        });
        tokio::task::yield_now().await;
        served.kill();
        let _ = late.await;
    }
    println!("{} kills, {acknowledged} drafts acknowledged, slowest start {slowest:?}", rounds());
    assert!(acknowledged > u64::from(rounds()));
}

/// The number in the newest draft, read from the database beside the owner.
fn written(data: &Path) -> u64 {
    let db = rusqlite::Connection::open_with_flags(
        data.join("learner.db"),
        rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY,
    );
    // The owner holds the file alone; a copy is read instead.
    drop(db);
    let copy = tempfile::tempdir().unwrap();
    for name in ["learner.db", "learner.db-wal"] {
        let from = data.join(name);
        if from.exists() {
            std::fs::copy(from, copy.path().join(name)).unwrap();
        }
    }
    let db = rusqlite::Connection::open(copy.path().join("learner.db")).unwrap();
    let text: String =
        db.query_row("SELECT text FROM drafts ORDER BY rowid DESC LIMIT 1", [], |row| row.get(0)).unwrap();
    text.split(' ').next().unwrap().parse().unwrap()
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
