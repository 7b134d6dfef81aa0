//! Course folders made from a seed, and ways to build and open them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]
#![allow(dead_code)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use daypack_course::TimeMs;
use daypack_formats::pack::{self, BuildOptions, BuildReport, Muxer, PackError};
use ed25519_dalek::SigningKey;
use serde_json::{Value, json};

pub const NOW: TimeMs = TimeMs(1_800_000_000_000);

pub fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

/// Bytes that do not compress, the same for the same seed (SplitMix64).
pub fn bytes(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed;
    let mut out = Vec::with_capacity(len + 8);
    while out.len() < len {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        out.extend_from_slice(&(z ^ (z >> 31)).to_le_bytes());
    }
    out.truncate(len);
    out
}

/// A page of about `len` bytes of words.
pub fn page(seed: u64, len: usize) -> Vec<u8> {
    const WORDS: [&str; 16] = [
        "water", "river", "packet", "road", "signal", "light", "wire", "tower", "ocean", "cable", "name",
        "number", "route", "delay", "loss", "repair",
    ];
    let mut text = String::from("<p>");
    for byte in bytes(seed, len) {
        if text.len() >= len {
            break;
        }
        text.push_str(WORDS[usize::from(byte) % 16]);
        text.push(' ');
    }
    text.into_bytes()
}

pub fn put(root: &Path, name: &str, bytes: &[u8]) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// A folder with `course.json` around `sections`.
pub fn folder(root: &Path, version: u64, sections: &Value) -> PathBuf {
    let course = json!({
        "format": "daypack-course-folder/1", "id": "made", "title": "Made", "language": "en",
        "summary": "", "licence": "CC0-1.0", "authors": [], "version": version, "sites": {}, "sections": sections,
    });
    put(root, "course.json", &serde_json::to_vec(&course).unwrap());
    root.to_owned()
}

/// Counts the version of a folder.
pub fn folder_version(root: &Path, version: u64) {
    let path = root.join("course.json");
    let mut course: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    course["version"] = version.into();
    fs::write(path, serde_json::to_vec(&course).unwrap()).unwrap();
}

pub fn video(id: &str, path: &str) -> Value {
    json!({"id": id, "title": id, "kind": "video", "duration_ms": 1000,
           "renditions": [{"tier": "standard", "path": path, "media_type": "video/mp4"}]})
}

pub fn reading(id: &str, path: &str, media_type: &str) -> Value {
    json!({"id": id, "title": id, "kind": "reading", "path": path, "media_type": media_type, "assets": []})
}

pub fn build(folder: &Path, out: &Path, keys: &[SigningKey]) -> Result<BuildReport, PackError> {
    build_with(folder, out, keys, None)
}

pub fn build_with(
    folder: &Path,
    out: &Path,
    keys: &[SigningKey],
    muxer: Option<&Muxer>,
) -> Result<BuildReport, PackError> {
    pack::build(
        folder,
        out,
        BuildOptions { keys, sites: &BTreeMap::new(), muxer, mirrors: &[], shareable: false, now: NOW },
    )
}

/// A small course: one lecture of 3 MB, forty pages.
pub fn small(root: &Path, version: u64) -> PathBuf {
    put(root, "film.mp4", &bytes(1, 3_000_000));
    let mut first = vec![video("film", "film.mp4")];
    let mut second = Vec::new();
    for n in 0..40_u64 {
        let path = format!("pages/{n}.html");
        put(root, &path, &page(100 + n, 9000));
        let items = if n < 20 { &mut first } else { &mut second };
        items.push(reading(&format!("p{n}"), &path, "text/html"));
    }
    let sections = json!([
        {"id": "s1", "title": "One", "items": first}, {"id": "s2", "title": "Two", "items": second}
    ]);
    folder(root, version, &sections)
}

/// A tiny course: one lecture of 20 kB, two pages.
pub fn tiny(root: &Path, version: u64) -> PathBuf {
    put(root, "film.mp4", &bytes(1, 20_000));
    put(root, "pages/1.html", &page(100, 900));
    put(root, "pages/2.html", &page(101, 900));
    let items = json!([
        video("film", "film.mp4"),
        reading("p1", "pages/1.html", "text/html"),
        reading("p2", "pages/2.html", "text/html"),
    ]);
    folder(root, version, &json!([{"id": "s1", "title": "One", "items": items}]))
}

/// All files below a folder.
pub fn all(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut out = BTreeMap::new();
    let mut stack = vec![root.to_owned()];
    while let Some(dir) = stack.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                stack.push(path);
            } else {
                out.insert(path.strip_prefix(root).unwrap().display().to_string(), fs::read(&path).unwrap());
            }
        }
    }
    out
}
