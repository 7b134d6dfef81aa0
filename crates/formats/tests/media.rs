//! Canonical media: two muxings of one stream are one object. Needs ffmpeg and the sample course; says so when one
//! is missing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{build_with, bytes, folder, key, put, video};
use daypack_formats::pack::{self, Muxer};
use daypack_formats::package;
use serde_json::json;

fn lecture() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/sample/course");
    let root = std::env::var_os("DAYPACK_SAMPLE").map_or(root, PathBuf::from);
    let lectures = fs::read_dir(root.join("lectures")).ok()?;
    let mut files: Vec<PathBuf> = lectures
        .filter_map(Result::ok)
        .filter_map(|dir| fs::read_dir(dir.path()).ok())
        .flat_map(|files| files.filter_map(Result::ok).map(|f| f.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "mp4"))
        .collect();
    files.sort_by_key(|path| fs::metadata(path).map_or(0, |m| m.len()));
    files.into_iter().next()
}

fn ffmpeg(from: &Path, arguments: &[&str], to: &Path) {
    let done = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-y", "-i"])
        .arg(from)
        .args(["-map", "0", "-c", "copy"])
        .args(arguments)
        .arg(to)
        .status();
    assert!(done.unwrap().success());
}

#[test]
fn two_muxings_of_one_lecture_are_one_object_and_an_update_between_them_costs_no_media() {
    let (Some(muxer), Some(lecture)) = (Muxer::find(), lecture()) else {
        println!("skipped: needs ffmpeg and the sample course (target/sample/course)");
        return;
    };
    let temp = tempfile::tempdir().unwrap();
    let root = temp.path().join("folder");
    fs::create_dir(&root).unwrap();
    let film = root.join("film.mp4");
    type Muxing<'a> = (&'a str, &'a [&'a str]);
    let muxings: [Muxing<'_>; 4] = [
        ("as it came", &[]),
        (
            "index last, with a title",
            &["-movflags", "0", "-metadata", "title=Lecture 5", "-metadata:s:a:0", "language=swe"],
        ),
        ("sound first", &["-map", "-0", "-map", "0:a", "-map", "0:v", "-brand", "mp42"]),
        (
            "other time scale, with a comment",
            &["-video_track_timescale", "25000", "-metadata", "comment=x", "-movflags", "faststart"],
        ),
    ];
    let mut raw = Vec::new();
    let mut objects = Vec::new();
    let out = temp.path().join("out");
    let old = temp.path().join("old.daypack");
    for (n, (what, arguments)) in muxings.iter().enumerate() {
        if n == 0 {
            fs::copy(&lecture, &film).unwrap();
        } else {
            ffmpeg(&lecture, arguments, &film);
        }
        raw.push(fs::read(&film).unwrap());
        folder(&root, n as u64 + 1, &json!([{"id": "s", "title": "S", "items": [video("v", "film.mp4")]}]));
        let report = build_with(&root, &out, &[key(1)], Some(&muxer)).unwrap();
        assert_eq!((report.media.remuxed, report.media.as_they_are.len()), (1, 0), "{what}");
        objects.push(package::open(&out).unwrap().objects()[0]);
        if n == 0 {
            pack::export(&out, &old).unwrap();
        }
    }
    assert!(raw.windows(2).all(|w| w[0] != w[1]), "control: the files themselves differ");
    assert!(objects.windows(2).all(|w| w[0] == w[1]), "{objects:?}");
    let diff = pack::diff(Some(&old), &out, None).unwrap();
    assert_eq!((diff.new_objects, diff.requests), (0, 2), "channel and manifest: {:?}", diff.steps);
    assert!(
        fs::read_dir(&out).unwrap().all(|e| !e.unwrap().file_name().to_string_lossy().starts_with(".remux"))
    );
    // The rewritten file begins with its index and still holds the same pictures and sound.
    let object = out.join(format!("o/{}", objects[0].0));
    let head = fs::read(&object).unwrap();
    let find = |what: &[u8]| head.windows(4).position(|w| w == what).unwrap();
    assert!(find(b"moov") < find(b"mdat"));
    let hash = |path: &Path| {
        let said = Command::new("ffmpeg")
            .args(["-nostdin", "-v", "error", "-i"])
            .arg(path)
            .args(["-map", "0:v", "-map", "0:a", "-c", "copy", "-f", "streamhash", "-"])
            .output();
        String::from_utf8(said.unwrap().stdout).unwrap()
    };
    assert!(!hash(&lecture).is_empty());
    assert_eq!(hash(&object), hash(&lecture));
}

#[test]
fn without_a_muxer_or_with_a_file_it_does_not_take_media_go_in_as_they_are_and_are_named() {
    let temp = tempfile::tempdir().unwrap();
    let root = temp.path().join("folder");
    let broken = [&b"\0\0\0\x18ftypisom"[..], &bytes(3, 5000)].concat();
    put(&root, "film.mp4", &broken);
    folder(&root, 1, &json!([{"id": "s", "title": "S", "items": [video("v", "film.mp4")]}]));
    let out = temp.path().join("out");
    let none = build_with(&root, &out, &[key(1)], None).unwrap();
    assert_eq!((none.media.muxer, none.media.as_they_are), (None, vec!["film.mp4".to_owned()]));
    assert!(Muxer::at(Path::new("/no/such/ffmpeg")).is_none());
    if let Some(muxer) = Muxer::find() {
        let tried = build_with(&root, &out, &[key(1)], Some(&muxer)).unwrap();
        assert_eq!((tried.media.remuxed, tried.media.as_they_are.len()), (0, 1));
        assert_eq!(tried.manifest, none.manifest);
    }
    assert!(pack::verify(&out).is_ok());
}
