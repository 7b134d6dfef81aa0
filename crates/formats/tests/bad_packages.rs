//! Every hostile, damaged or odd cartridge gets the verdict that `tests/corpus/packages/expected.json` asks for,
//! in bounded time, and leaves nothing behind.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use daypack_course::finding::FindingCode;
use daypack_course::outline::ItemBody;
use daypack_formats::{Opened, open_any};

const GROUPS: &[&str] = &["ok", "zip", "bomb", "many", "xml", "struct", "href", "page"];

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/corpus/packages")
}

/// The folder with the files: made afresh where there is a Python, else the few that are kept.
fn files() -> PathBuf {
    static MADE: LazyLock<(tempfile::TempDir, PathBuf)> = LazyLock::new(|| {
        let temp = tempfile::tempdir().unwrap();
        let dir = make(temp.path());
        (temp, dir)
    });
    MADE.1.clone()
}

fn make(temp: &Path) -> PathBuf {
    let script = temp.join("make.py");
    std::fs::copy(corpus().join("make.py"), &script).unwrap();
    let made = Command::new("python3").arg(&script).output();
    if made.is_ok_and(|o| o.status.success()) {
        return temp.join("files");
    }
    println!("no python3 here: only the kept files are tried");
    corpus().join("files")
}

fn expected() -> BTreeMap<String, serde_json::Value> {
    serde_json::from_slice(&std::fs::read(corpus().join("expected.json")).unwrap()).unwrap()
}

fn tree(dir: &Path) -> Vec<(PathBuf, u64)> {
    let mut all: Vec<_> = std::fs::read_dir(dir)
        .unwrap()
        .map(|e| e.unwrap())
        .map(|e| (e.path(), e.metadata().unwrap().len()))
        .collect();
    all.sort();
    all
}

#[test]
fn every_bad_package_gets_its_verdict_and_leaves_nothing_behind() {
    let dir = files();
    let before = tree(&dir);
    let mut faults = Vec::new();
    let mut tried = 0;
    let mut slowest = (Duration::ZERO, String::new());
    for (name, want) in expected() {
        let path = dir.join(&name);
        if !GROUPS.contains(&name.split('-').next().unwrap()) || !path.exists() {
            continue;
        }
        tried += 1;
        let start = Instant::now();
        let got = open_any(&path);
        let took = start.elapsed();
        if took > Duration::from_millis(300) {
            println!("{name}: {took:?}");
        }
        if took > slowest.0 {
            slowest = (took, name.clone());
        }
        if took > Duration::from_secs(20) {
            faults.push(format!("{name}: took {took:?}"));
        }
        let verdict = want["verdict"].as_str().unwrap();
        match (verdict, &got) {
            ("reject", Ok(_)) => faults.push(format!("{name}: opened, should be refused")),
            ("open" | "skip", Err(e)) => faults.push(format!("{name}: refused: {e}")),
            _ => {}
        }
        if let Err(error) = &got {
            assert!(!error.code().is_empty());
            if want["retry"] == true && !error.fetch_again() {
                faults.push(format!("{name}: should ask to fetch again, says {error}"));
            }
        }
        let Ok(Opened::Cartridge(got)) = got else { continue };
        if verdict == "skip" && got.findings.is_empty() {
            faults.push(format!("{name}: nothing reported"));
        }
        assert_eq!(got.course.check(), Vec::<String>::new(), "{name}");
        if let Some(title) = want["title"].as_str() {
            assert_eq!(got.course.title, title, "{name}");
        }
        if let Some(items) = want["items"].as_u64() {
            assert_eq!(got.course.items().count() as u64, items, "{name}");
        }
        let shown = got.course.items().any(|i| matches!(i.body, ItemBody::Reading(_)));
        if verdict == "open" && !shown && !name.starts_with("xml-xinclude") && !name.starts_with("zip-names")
        {
            faults.push(format!("{name}: no item shows a page: {:?}", got.findings));
        }
        for id in got.files.keys() {
            let bytes = got.read_asset(id, 1 << 30).unwrap_or_else(|e| panic!("{name}: {id}: {e}"));
            let text = String::from_utf8_lossy(&bytes);
            assert!(!text.contains("root:x:"), "{name}");
            if id.as_str().ends_with("html") && name.starts_with("page-") {
                for bad in [
                    "<script",
                    "onerror",
                    "onload",
                    "<iframe",
                    "<form",
                    "<base",
                    "http-equiv",
                    "javascript:",
                    "position",
                    "<object",
                    "<embed",
                    "<style",
                    "file:",
                    "<input",
                ] {
                    assert!(!text.contains(bad), "{name}: {bad} in {text}");
                }
                assert!(text.contains("Text."), "{name}: the text is gone");
                assert!(!text.contains("src=\"http"), "{name}: loads from elsewhere");
            }
        }
        for (id, member) in
            got.course.items().flat_map(|i| i.assets(None)).map(|id| (id.clone(), got.files.get(&id)))
        {
            assert!(member.is_some(), "{name}: {id} has no bytes");
        }
    }
    assert_eq!(tree(&dir), before, "something was written");
    println!("{tried} files, slowest {slowest:?}");
    assert!(tried >= 15);
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn names_in_old_code_pages_are_found() {
    let dir = files();
    for name in ["zip-names-cp437", "zip-names-cp1252", "zip-names-cp866", "zip-names-sjis", "zip-names-nfd"]
    {
        let path = dir.join(format!("{name}.imscc"));
        if !path.exists() {
            continue;
        }
        let got = daypack_formats::cartridge::read(&path).unwrap();
        assert!(
            got.course.items().all(|i| matches!(i.body, ItemBody::Reading(_))),
            "{name}: {:?}",
            got.findings
        );
    }
}

#[test]
fn a_damaged_page_is_not_shown_and_a_sound_one_is() {
    let dir = corpus().join("files");
    let bad = daypack_formats::cartridge::read(&dir.join("zip-page-bad-crc.imscc")).unwrap();
    assert!(bad.findings.iter().any(|f| f.code == FindingCode::FileSkipped));
    assert!(bad.course.items().all(|i| matches!(i.body, ItemBody::Unsupported(_))));
    let good = daypack_formats::cartridge::read(&dir.join("ok-minimal.imscc")).unwrap();
    assert!(good.findings.is_empty(), "{:?}", good.findings);
    assert!(good.course.items().all(|i| matches!(i.body, ItemBody::Reading(_))));
}
