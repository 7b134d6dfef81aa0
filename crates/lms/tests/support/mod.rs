//! The recordings of a real Moodle, and small servers that answer as told.

#![allow(dead_code)]

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
