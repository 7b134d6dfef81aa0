//! Killing the program in the middle of work, again and again.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use daypack_app::remote::Owner;
use serde_json::json;

use crate::practice::{bin, keyring_of};

/// A program that owns a data folder, without a window; killed when dropped.
pub struct Served(Child);

impl Served {
    /// Starts it and waits until it owns the folder.
    pub fn start(data: &Path) -> Self {
        let mut child = Command::new(bin("daypack"))
            .args(["serve", "--data", data.to_str().unwrap()])
            .env("DAYPACK_KEYRING", keyring_of(data))
            .env_remove("DAYPACK_PASSPHRASE")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains("serving"), "{line}");
        Self(child)
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Types into a draft and kills the program, until `go_on` says no; returns (kills, drafts acknowledged, slowest start).
///
/// # Panics
/// When a draft that was acknowledged is not there after a kill.
pub async fn type_and_kill(data: &Path, mut go_on: impl FnMut(u32) -> bool) -> (u32, u64, Duration) {
    let mut acknowledged = 0_u64;
    let mut slowest = Duration::ZERO;
    let mut round = 0;
    while go_on(round) {
        let started = Instant::now();
        let mut served = Served::start(data);
        slowest = slowest.max(started.elapsed());
        // What was acknowledged before the kill is there; at most one more may be.
        if acknowledged > 0 {
            let there = written(data);
            assert!(
                there == acknowledged || there == acknowledged + 1,
                "round {round}: acknowledged {acknowledged}, found {there}"
            );
            acknowledged = there;
        }
        let mut owner = Owner::reach(data).await.unwrap();
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
        round += 1;
    }
    (round, acknowledged, slowest)
}

/// The number in the newest draft, read from the database beside the owner.
fn written(data: &Path) -> u64 {
    // The owner holds the file alone; a copy is read instead.
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

/// Adds to the line of a long run in `DAYPACK_SOAK` (see `docs/howto/soak.md`); a run of other code begins anew.
pub fn note_long_run(name: &str, what: &str, done: u64, bad: u64) {
    let Some(folder) = std::env::var_os("DAYPACK_SOAK").map(std::path::PathBuf::from) else { return };
    let since = format!("DAYPACK_SOAK_SINCE_{}", name.to_uppercase().replace('-', "_"));
    let since = std::env::var(since).unwrap_or_else(|_| "unknown".to_owned());
    let path = folder.join(format!("{name}.tsv"));
    let before = std::fs::read_to_string(&path).unwrap_or_default();
    let (mut all, mut all_bad) = (done, bad);
    if let [_, d, b, of] = before.trim_end().split('\t').collect::<Vec<_>>().as_slice()
        && *of == since
    {
        all += d.parse().unwrap_or(0);
        all_bad += b.parse().unwrap_or(0);
    }
    std::fs::write(path, format!("{what}\t{all}\t{all_bad}\t{since}\n")).unwrap();
}
