//! The recordings of a real Moodle, and small servers that answer as told.

#![allow(dead_code)]

pub mod server;

use std::path::PathBuf;

use serde_json::Value;

fn corpus() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/corpus/moodle")
}

/// A file of recordings.
pub fn file(path: &str) -> Value {
    let path = corpus().join(path);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap()
}

/// The body of one recording.
pub fn recording(path: &str, id: &str) -> Value {
    let all = file(path);
    let found = all["recordings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|r| r["id"] == id)
        .unwrap_or_else(|| panic!("no {id}"));
    found["response"]["json"].clone()
}

/// The bodies of all recordings of the REST endpoint.
pub fn all_answers() -> Vec<Value> {
    let mut out = Vec::new();
    let mut folders = vec![corpus()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "json") {
                let file: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
                let all = file["recordings"].as_array().cloned().unwrap_or_default();
                let of_rest = all.into_iter().filter(|r| r["request"]["form"]["wsfunction"].is_string());
                out.extend(
                    of_rest
                        .filter(|r| r["response"]["status"] == 200)
                        .filter_map(|r| r["response"].get("json").cloned()),
                );
            }
        }
    }
    out
}

/// The bodies of all recordings of a function, in `functions`, `errors` and `sequences`.
pub fn all_of(function: &str) -> Vec<Value> {
    let mut files = Vec::new();
    let mut folders = vec![corpus()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() {
                folders.push(path);
            } else if name == format!("{function}.json") || name.ends_with(&format!("-{function}.json")) {
                files.push(path);
            }
        }
    }
    files.sort();
    let read = |p: &PathBuf| serde_json::from_str::<Value>(&std::fs::read_to_string(p).unwrap()).unwrap();
    files
        .iter()
        .map(read)
        .flat_map(|f| f["recordings"].as_array().cloned().unwrap_or_default())
        .filter_map(|r| r["response"].get("json").cloned())
        .collect()
}

use std::sync::Mutex;

use daypack_course::outline::Binding;
use daypack_course::work::{Deed, Work};
use daypack_course::{AccountId, Digest, TimeMs};
use daypack_lms::{Desk, FileBytes, Net, NetConfig, Secret, Session, StepLog};

/// The token that must not turn up anywhere else.
pub const CANARY: &str = "canary0123456789";

pub fn net() -> Net {
    Net::new(NetConfig { idle_ms: 300, reply_ms: 1500, connect_ms: 1500, ..NetConfig::default() }).unwrap()
}

pub fn session(site: &str) -> Session {
    Session {
        account: AccountId::new("acc"),
        site: site.to_owned(),
        remote_user: "4".into(),
        token: Secret::new(CANARY),
    }
}

pub fn binding(site: &str, module: &str) -> Binding {
    Binding {
        site: site.into(),
        course: "2".into(),
        module: module.into(),
        cmid: "11".into(),
        instance: "1".into(),
    }
}

pub fn work(site: &str, module: &str, deed: Deed) -> Work {
    Work {
        id: "0198c0de-0000-7000-8000-000000000001".into(),
        account: AccountId::new("acc"),
        course: "moodle:x:2".into(),
        item: "cm11".into(),
        target: binding(site, module),
        deed,
        created: TimeMs(0),
    }
}

/// Keeps the logs it was given, in order.
#[derive(Default)]
pub struct Notes {
    pub logs: Mutex<Vec<StepLog>>,
    pub fail: bool,
    pub file: Option<PathBuf>,
}

impl Desk for Notes {
    fn save(&self, log: &StepLog) -> std::io::Result<()> {
        if self.fail {
            return Err(std::io::Error::other("disk full"));
        }
        self.logs.lock().unwrap().push(log.clone());
        Ok(())
    }

    fn file(&self, _: &Digest) -> Option<FileBytes> {
        self.file.as_ref().map(|path| -> FileBytes { Box::new(std::fs::File::open(path).unwrap()) })
    }
}
