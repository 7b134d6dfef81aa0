//! What an update costs: a course of lectures, slides, pages and quizzes made from a seed, and its next version with
//! one lecture encoded anew, one trimmed, a word in a caption, a page in the slides, a quiz, and renames.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;
use std::path::Path;

use common::{build, bytes, folder, key, page, put, reading};
use daypack_formats::pack;
use serde_json::{Value, json};

const MB: usize = 1_000_000;

/// Sizes of a course.
struct Size {
    lectures: u64,
    lecture: usize,
    slides: usize,
    pages: u64,
}

const MANY: Size = Size { lectures: 12, lecture: 167 * MB, slides: 2_900_000, pages: 60 };
const FEW: Size = Size { lectures: 4, lecture: 30 * MB, slides: 2_900_000, pages: 12 };

fn caption(n: u64, word: &str) -> Vec<u8> {
    let mut text = String::from("WEBVTT\n\n");
    text.push_str(&String::from_utf8(page(500 + n, 6000)).unwrap());
    text.push_str(word);
    text.into_bytes()
}

fn lecture(n: u64, title: &str, captions: &str, film: &str) -> Value {
    json!({"id": format!("l{n}"), "title": title, "kind": "video", "duration_ms": 1000,
           "renditions": [{"tier": "standard", "path": film, "media_type": "video/x-made"}],
           "captions": [{"language": "en", "label": "English", "path": captions}]})
}

fn quiz(n: u64, points: u32) -> Value {
    let question = json!({"id": "q", "text_html": format!("<p>{n}?</p>"), "points": points, "scoring": "local",
        "kind": "true_false", "key": {"value": true}});
    json!({"id": format!("quiz{n}"), "title": "Quiz", "kind": "quiz",
           "quiz": {"mode": "practice", "questions": [question]}})
}

fn outline(root: &Path, version: u64, size: &Size) {
    let renamed = |n: u64| version == 2 && n > size.lectures / 2;
    let mut sections = Vec::new();
    for n in 1..=size.lectures {
        let (film, text) = if renamed(n) {
            (format!("week-{n}/talk.bin"), format!("week-{n}/talk.vtt"))
        } else {
            (format!("lectures/{n}.bin"), format!("lectures/{n}.vtt"))
        };
        let title = format!("Lecture {n}{}", if renamed(n) { " (new title)" } else { "" });
        let mut items = vec![
            lecture(n, &title, &text, &film),
            reading(&format!("slides{n}"), &format!("slides/{n}.pdf"), "application/pdf"),
            quiz(2 * n, if version == 2 && n == 1 { 2 } else { 1 }),
            quiz(2 * n + 1, 1),
        ];
        for p in 0..size.pages / size.lectures {
            items.push(reading(&format!("page{n}-{p}"), &format!("pages/{n}-{p}.html"), "text/html"));
        }
        sections.push(json!({"id": format!("s{n}"), "title": format!("Week {n}"), "items": items}));
    }
    folder(root, version, &json!(sections));
}

fn first(root: &Path, size: &Size) {
    for n in 1..=size.lectures {
        put(root, &format!("lectures/{n}.bin"), &bytes(n, size.lecture));
        put(root, &format!("lectures/{n}.vtt"), &caption(n, ""));
        put(root, &format!("slides/{n}.pdf"), &bytes(1000 + n, size.slides));
        for p in 0..size.pages / size.lectures {
            put(root, &format!("pages/{n}-{p}.html"), &page(2000 + n * 100 + p, 8000));
        }
    }
    outline(root, 1, size);
}

/// Changes the folder to its second version; returns the bytes that truly changed (the floor).
fn second(root: &Path, size: &Size) -> u64 {
    // Lecture 3: encoded anew, all of it.
    put(root, "lectures/3.bin", &bytes(333, size.lecture));
    // A page of the slides of lecture 1: 70 kB in the middle are others, and longer.
    let mut slides = bytes(1001, size.slides);
    let at = size.slides / 2;
    slides.splice(at..at + 60_000, bytes(77, 70_000));
    put(root, "slides/1.pdf", &slides);
    // One word of a caption.
    let captions = caption(2, " indeed");
    put(root, "lectures/2.vtt", &captions);
    // The second half moves elsewhere.
    for n in size.lectures / 2 + 1..=size.lectures {
        fs::create_dir_all(root.join(format!("week-{n}"))).unwrap();
        for (from, to) in [("bin", "talk.bin"), ("vtt", "talk.vtt")] {
            let from = root.join(format!("lectures/{n}.{from}"));
            fs::rename(from, root.join(format!("week-{n}/{to}"))).unwrap();
        }
    }
    outline(root, 2, size);
    (size.lecture + 70_000 + captions.len()) as u64
}

fn update(size: &Size) {
    let temp = tempfile::tempdir().unwrap();
    let (root, out, before) =
        (temp.path().join("folder"), temp.path().join("out"), temp.path().join("before"));
    first(&root, size);
    build(&root, &out, &[key(1)]).unwrap();
    // The learner's side keeps what it needs to know of the first version; objects are shared.
    keep(&out, &before);
    let whole = pack::diff(None, &out, None).unwrap();
    let floor = second(&root, size);
    let report = build(&root, &out, &[key(1)]).unwrap();
    assert!(!report.same_version);
    let diff = pack::diff(Some(&before), &out, None).unwrap();
    let ratio = diff.bytes as f64 / floor as f64;
    println!(
        "course {} bytes, update {} bytes in {} requests, floor {floor}: {ratio:.4} (whole objects: {})",
        whole.bytes, diff.bytes, diff.requests, diff.whole
    );
    for step in &diff.steps {
        println!("{:>10} {:>2} {}", step.bytes, step.requests(), step.path);
    }
    assert!(ratio <= 1.03, "{ratio}");
    assert!(diff.requests <= 12, "{}", diff.requests);
    assert_eq!(diff.new_objects, 3, "renames bring no object");
    assert!(diff.whole > floor + size.slides as u64 * 9 / 10, "control: whole objects cost more");
}

/// Channel, manifest, key files and chunk lists, without the objects.
fn keep(from: &Path, to: &Path) {
    for part in ["m", "c"] {
        fs::create_dir_all(to.join(part)).unwrap();
        for entry in fs::read_dir(from.join(part)).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), to.join(part).join(entry.file_name())).unwrap();
        }
    }
    fs::copy(from.join("channel.json"), to.join("channel.json")).unwrap();
}

#[test]
fn an_update_costs_what_changed_and_renames_cost_nothing() {
    update(&FEW);
}

/// The 2 GB course: `cargo test -p daypack-formats --test update -- --ignored --nocapture`.
#[test]
#[ignore = "writes 4 GB"]
fn an_update_of_two_gigabytes_costs_what_changed() {
    update(&MANY);
}

#[test]
fn a_trim_and_a_moved_index_cost_a_few_pieces() {
    let temp = tempfile::tempdir().unwrap();
    let (root, out, before) =
        (temp.path().join("folder"), temp.path().join("out"), temp.path().join("before"));
    let film = bytes(5, 16 * MB);
    let index = bytes(6, 200_000);
    let items = json!([{"id": "s", "title": "S", "items": [lecture(1, "L", "a.vtt", "a.bin")]}]);
    put(&root, "a.vtt", &caption(1, ""));
    put(&root, "a.bin", &[&film[..], &index].concat());
    folder(&root, 1, &items);
    build(&root, &out, &[key(1)]).unwrap();
    keep(&out, &before);
    for (what, changed) in [
        ("index moved to the front", [&index[..], &film].concat()),
        ("six seconds trimmed", [&film[..4 * MB], &film[5 * MB..], &index].concat()),
    ] {
        put(&root, "a.bin", &changed);
        folder(&root, 2, &items);
        build(&root, &out, &[key(1)]).unwrap();
        let diff = pack::diff(Some(&before), &out, None).unwrap();
        println!("{what}: {} of {} bytes in {} requests", diff.bytes, changed.len(), diff.requests);
        assert!(diff.bytes < 2_500_000, "{what}: {}", diff.bytes);
        assert!(diff.requests <= 6);
    }
}
