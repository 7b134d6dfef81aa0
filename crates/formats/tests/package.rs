//! Build, open, export, open again; and every way in which a package can be wrong is refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use daypack_course::TimeMs;
use daypack_course::outline::{ItemBody, OnlineKind};
use daypack_course::package::{CHANNEL, CHANNEL_TYPE, Channel, Envelope, LIBRARY_TYPE, Manifest, PublicKey};
use daypack_course::quiz::QuestionBody;
use daypack_formats::pack::{self, BuildOptions, BuildReport, PackError};
use daypack_formats::{OpenError, Opened, open_any, package};
use ed25519_dalek::SigningKey;
use serde_json::{Value, json};

const NOW: TimeMs = TimeMs(1_800_000_000_000);

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn make(
    folder: &Path,
    out: &Path,
    key: &SigningKey,
    sites: &BTreeMap<String, String>,
    now: TimeMs,
) -> Result<BuildReport, PackError> {
    let keys = [key.clone()];
    pack::build(
        folder,
        out,
        BuildOptions { keys: &keys, sites, muxer: None, mirrors: &[], shareable: false, now },
    )
}

fn course() -> Value {
    json!({
        "format": "daypack-course-folder/1", "id": "water", "title": "Water", "language": "en",
        "summary": "What water does.", "licence": "CC0-1.0", "authors": ["Daypack"], "version": 3,
        "sites": {"campus": "http://127.0.0.1:8642"},
        "sections": [{"id": "s1", "title": "Begin", "items": [
            {"id": "film", "title": "Film", "kind": "video", "duration_ms": 1000, "poster": "film/p.png",
             "renditions": [
                {"tier": "standard", "path": "film/a.mp4", "media_type": "video/mp4", "codecs": "x", "width": 1, "height": 1},
                {"tier": "audio", "path": "film/a.m4a", "media_type": "audio/mp4"}],
             "captions": [{"language": "en", "label": "English", "path": "film/a.vtt"}],
             "chapters": [{"start_ms": 500, "title": "Two"}, {"start_ms": 0, "title": "One"}]},
            {"id": "page", "title": "Page", "kind": "reading", "path": "text/page.html", "media_type": "text/html",
             "assets": ["text/pic one.svg", "shared/style.css"]},
            {"id": "paper", "title": "Paper", "kind": "reading", "path": "text/paper.pdf", "media_type": "application/pdf"},
            {"id": "try", "title": "Try", "kind": "quiz", "quiz": {"mode": "practice", "questions": [question()]}},
            {"id": "exam", "title": "Exam", "kind": "quiz",
             "bindings": [{"site": "campus", "course": "2", "module": "quiz", "cmid": "14", "instance": "1"}],
             "quiz": {"mode": "graded", "max_attempts": 1, "questions": [question()]}},
            {"id": "essay", "title": "Essay", "kind": "assignment", "brief_html": "<p>Write.</p>", "accepts_text": true, "max_files": 1},
            {"id": "talk", "title": "Talk", "kind": "discussion", "prompt_html": "<p>Say.</p>"},
            {"id": "more", "title": "More", "kind": "link", "address": "https://example.org/x", "why_online": "alive"}
        ]}]
    })
}

fn question() -> Value {
    json!({"id": "q1", "text_html": "Wet?", "points": 1, "scoring": "local", "feedback_html": "secret-feedback",
           "kind": "single_choice", "choices": [{"id": "a", "text_html": "Yes", "feedback_html": "secret-a"}, {"id": "b", "text_html": "No"}],
           "key": {"choice": "a"}})
}

fn folder(dir: &Path, course: &Value) -> PathBuf {
    let root = dir.join("folder");
    for (name, bytes) in [
        ("film/p.png", b"png".to_vec()),
        ("film/a.mp4", vec![7; 20_000]),
        ("film/a.m4a", vec![8; 3000]),
        ("film/a.vtt", b"WEBVTT\n".to_vec()),
        ("text/page.html", br#"<link rel="stylesheet" href="../shared/style.css"><p>Hi <img src="pic%20one.svg"></p><iframe src="https://www.youtube.com/embed/x"></iframe>"#.to_vec()),
        ("text/pic one.svg", b"<svg/>".to_vec()),
        ("shared/style.css", b"p{}".to_vec()),
        ("text/paper.pdf", b"%PDF".to_vec()),
        ("text/not-listed.txt", b"private".to_vec()),
    ] {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    fs::write(root.join("course.json"), serde_json::to_vec_pretty(course).unwrap()).unwrap();
    root
}

fn build(dir: &Path) -> PathBuf {
    let out = dir.join("out");
    make(&folder(dir, &course()), &out, &key(1), &BTreeMap::new(), NOW).unwrap();
    out
}

/// All files below a folder.
fn all(root: &Path) -> BTreeMap<String, Vec<u8>> {
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

#[test]
fn what_is_built_opens_exports_and_opens_again_as_the_same_course() {
    let temp = tempfile::tempdir().unwrap();
    let out = build(temp.path());
    let opened = package::open(&out).unwrap();
    assert_eq!(opened.channel.expires, NOW.plus(pack::CURRENT_FOR_MS));
    assert_eq!(opened.key, PublicKey::of(&key(1)));
    let file = temp.path().join("water.daypack");
    let report = pack::export(&out, &file).unwrap();
    assert_eq!(report.objects, 8);
    let again = package::open(&file).unwrap();
    assert_eq!(again.manifest, opened.manifest);
    assert_eq!(pack::verify(&out).unwrap(), pack::verify(&file).unwrap());
    let names: Vec<String> =
        daypack_formats::Archive::open(&file).unwrap().members().iter().map(|m| m.name.clone()).collect();
    assert_eq!(names[0], CHANNEL);
    assert!(names[1].starts_with("m/"));
    let course = &opened.manifest.course;
    let first = course.items().next().unwrap().assets(None)[0].clone();
    let place = opened.place(&course.assets[&first].digest.unwrap()).unwrap();
    assert_eq!(names[2..], [format!("p/{}", place.pack.digest)], "all of its files are small");
    assert!(matches!(open_any(&out), Ok(Opened::Package(_))));
    assert!(matches!(open_any(&file), Ok(Opened::Package(_))));
}

#[test]
fn a_page_knows_its_files_and_what_needs_the_internet() {
    let temp = tempfile::tempdir().unwrap();
    let opened = package::open(&build(temp.path())).unwrap();
    let page = opened.manifest.course.item(&"page".into()).unwrap();
    let ItemBody::Reading(reading) = &page.body else { panic!() };
    let keys: Vec<(&str, &str)> = reading.files.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    assert_eq!(keys, [("pic one.svg", "text/pic one.svg"), ("~/shared/style.css", "shared/style.css")]);
    assert_eq!(page.online[0].what, OnlineKind::Video);
    assert_eq!(page.online[0].host, "www.youtube.com");
}

#[test]
fn keys_and_feedback_of_graded_quizzes_stay_at_home_and_those_of_practice_travel() {
    let temp = tempfile::tempdir().unwrap();
    let opened = package::open(&build(temp.path())).unwrap();
    for (id, travels) in [("try", true), ("exam", false)] {
        let item = opened.manifest.course.item(&id.into()).unwrap();
        let ItemBody::Quiz(quiz) = &item.body else { panic!() };
        let QuestionBody::SingleChoice(q) = &quiz.questions[0].body else { panic!() };
        assert_eq!(q.key.is_some(), travels, "{id}");
        assert_eq!(serde_json::to_string(quiz).unwrap().contains("secret"), travels, "{id}");
    }
    let exam = opened.manifest.course.item(&"exam".into()).unwrap();
    assert_eq!(exam.bindings[0].site, "http://127.0.0.1:8642");
}

#[test]
fn a_site_given_at_build_time_wins_over_the_folder() {
    let temp = tempfile::tempdir().unwrap();
    let sites = BTreeMap::from([("campus".to_owned(), "https://campus.example/".to_owned())]);
    let out = temp.path().join("out");
    make(&folder(temp.path(), &course()), &out, &key(1), &sites, NOW).unwrap();
    let opened = package::open(&out).unwrap();
    let exam = opened.manifest.course.item(&"exam".into()).unwrap();
    assert_eq!(exam.bindings[0].site, "https://campus.example");
}

#[test]
fn building_twice_gives_the_same_bytes_writes_nothing_again_and_keeps_other_files() {
    let temp = tempfile::tempdir().unwrap();
    let out = build(temp.path());
    fs::write(out.join("notes.txt"), "mine").unwrap();
    let before = all(&out);
    let folder = temp.path().join("folder");
    let report = make(&folder, &out, &key(1), &BTreeMap::new(), NOW).unwrap();
    assert_eq!(report.written, 0);
    assert_eq!(all(&out), before);
    assert!(!before.values().any(|bytes| bytes == b"private"), "a file that is not named does not travel");
    let later = make(&folder, &out, &key(1), &BTreeMap::new(), NOW.plus(5)).unwrap();
    assert_eq!(later.manifest, report.manifest);
}

#[test]
fn one_flipped_bit_in_any_file_is_found() {
    let temp = tempfile::tempdir().unwrap();
    let out = build(temp.path());
    assert!(pack::verify(&out).is_ok(), "control");
    for (name, bytes) in all(&out) {
        let mut bad = bytes.clone();
        let at = bad.len() / 2;
        bad[at] ^= 1;
        fs::write(out.join(&name), &bad).unwrap();
        let error = pack::verify(&out).expect_err(&name);
        assert!(matches!(error.code(), "damaged" | "wrong_signature" | "not_a_package"), "{name}: {error}");
        fs::write(out.join(&name), &bytes).unwrap();
    }
    assert!(pack::verify(&out).is_ok(), "control");
}

#[test]
fn no_flipped_bit_in_the_single_file_changes_what_is_accepted() {
    let temp = tempfile::tempdir().unwrap();
    let file = temp.path().join("w.daypack");
    pack::export(&build(temp.path()), &file).unwrap();
    let good = pack::verify(&file).unwrap();
    let bytes = fs::read(&file).unwrap();
    let step = bytes.len() / 100;
    let mut refused = 0;
    for at in (0..bytes.len()).step_by(step).chain(bytes.len() - 250..bytes.len()) {
        let mut bad = bytes.clone();
        bad[at] ^= 0x10;
        fs::write(&file, bad).unwrap();
        match pack::verify(&file) {
            Ok(report) => assert_eq!(report, good, "byte {at}: a date or an attribute at most"),
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 100);
}

#[test]
fn a_cut_file_is_refused_at_every_length() {
    let temp = tempfile::tempdir().unwrap();
    let file = temp.path().join("w.daypack");
    pack::export(&build(temp.path()), &file).unwrap();
    let bytes = fs::read(&file).unwrap();
    for cut in [0, 30, bytes.len() / 3, bytes.len() / 2, bytes.len() - 30, bytes.len() - 1] {
        fs::write(&file, &bytes[..cut]).unwrap();
        let error = open_any(&file).expect_err("cut");
        assert!(error.fetch_again(), "{cut}: {error}");
    }
}

#[test]
fn another_key_and_another_kind_of_file_are_refused() {
    let temp = tempfile::tempdir().unwrap();
    let out = build(temp.path());
    let mine = PublicKey::of(&key(1)).fingerprint();
    let theirs = PublicKey::of(&key(2)).fingerprint();
    assert!(package::open_expecting(&out, Some(&mine)).is_ok(), "control");
    assert_eq!(
        package::open_expecting(&out, Some(&theirs)).unwrap_err(),
        OpenError::OtherKey { found: mine.clone() }
    );
    let raw = fs::read(out.join(CHANNEL)).unwrap();
    let (payload, _) = Envelope::open(&raw, CHANNEL_TYPE, None).unwrap();
    let retyped = Envelope::seal(LIBRARY_TYPE, &payload, &key(1)).to_bytes();
    assert_eq!(package::open_channel(&retyped, None).unwrap_err(), OpenError::WrongSignature);
    let resigned = Envelope::seal(CHANNEL_TYPE, &payload, &key(2)).to_bytes();
    assert_eq!(package::open_channel(&resigned, Some(&mine)).unwrap_err().code(), "other_key");
    for (raw, looks) in [
        (&b""[..], "empty"),
        (b"<!DOCTYPE html><p>Sign in", "web_page"),
        (b"{\"error\":1}", "message"),
        (b"hello", "unknown"),
    ] {
        assert_eq!(
            package::open_channel(raw, None).unwrap_err(),
            OpenError::NotAPackage { looks: looks.into() }
        );
    }
}

fn channel(out: &Path) -> Channel {
    package::open_channel(&fs::read(out.join(CHANNEL)).unwrap(), None).unwrap().0
}

#[test]
fn what_is_too_large_or_too_new_is_refused_before_it_is_read() {
    let temp = tempfile::tempdir().unwrap();
    let out = build(temp.path());
    assert_eq!(package::open_channel(&vec![b'x'; 20_000], None).unwrap_err().code(), "too_large");
    let mut named = channel(&out);
    let pack = |raw: &[u8]| zstd::encode_all(raw, 3).unwrap();
    let mut try_manifest = |raw: Vec<u8>| {
        named.manifest.digest = daypack_course::Digest::of(&raw);
        named.manifest.size = raw.len() as u64;
        package::open_manifest(&raw, &named).map(|_| ()).map_err(|e| e.code())
    };
    let good = serde_json::to_vec(&package::open(&out).unwrap().manifest).unwrap();
    assert_eq!(try_manifest(pack(&good)), Ok(()), "control");
    assert_eq!(try_manifest(pack(&vec![b' '; 65 << 20])), Err("too_large"));
    let newer = String::from_utf8(good.clone()).unwrap().replace(Manifest::FORMAT, "daypack-manifest/9");
    assert_eq!(try_manifest(pack(newer.as_bytes())), Err("unsupported_version"));
    assert_eq!(
        try_manifest(pack(b"{\"format\":\"daypack-manifest/9\",\"chapters\":1}")),
        Err("unsupported_version")
    );
    assert_eq!(try_manifest(good), Err("damaged"));
    let mut bare = package::open(&out).unwrap().manifest;
    bare.course.assets.values_mut().next().unwrap().digest = None;
    assert_eq!(try_manifest(pack(&serde_json::to_vec(&bare).unwrap())), Err("damaged"));
}

#[test]
fn a_missing_object_is_named_and_odd_names_are_never_read() {
    let temp = tempfile::tempdir().unwrap();
    let out = build(temp.path());
    let opened = package::open(&out).unwrap();
    for bad in ["../folder/course.json", "o/../channel.json", "/etc/passwd", "o/", "notes.txt", "o/ABC"] {
        assert_eq!(opened.files.read(bad, 99).unwrap_err().code(), "unsafe_name", "{bad}");
    }
    let name = format!("o/{}", opened.objects()[0].0);
    assert!(opened.files.open(&name).is_ok(), "control");
    fs::remove_file(out.join(&name)).unwrap();
    assert_eq!(pack::verify(&out).unwrap_err(), OpenError::MissingObject { name });
    assert!(opened.object(&opened.objects()[0].0).is_ok(), "it can still be had from its pack");
    fs::remove_dir_all(out.join("p")).unwrap();
    let file = temp.path().join("x.daypack");
    assert_eq!(pack::export(&out, &file).unwrap_err().code(), "missing_object");
    assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 2, "nothing is left of a failed export");
}

#[test]
fn mistakes_in_a_course_folder_are_named_before_anything_is_written() {
    type Change = fn(&mut Value);
    fn item(course: &mut Value, n: usize) -> &mut Value {
        &mut course["sections"][0]["items"][n]
    }
    let cases: Vec<(&str, Change)> = vec![
        ("unsupported_version", |c| c["format"] = json!("daypack-course-folder/2")),
        ("not_a_course_folder", |c| c["sections"] = json!(5)),
        ("missing_field", |c| c["title"] = json!(" ")),
        ("bad_id", |c| item(c, 0)["id"] = json!("a/b")),
        ("double_id", |c| item(c, 0)["id"] = json!("page")),
        ("file_missing", |c| item(c, 0)["poster"] = json!("film/none.png")),
        ("path_escapes", |c| item(c, 2)["path"] = json!("../secret.pdf")),
        ("path_escapes", |c| item(c, 2)["path"] = json!("/etc/passwd")),
        ("path_escapes", |c| item(c, 2)["path"] = json!("text\\paper.pdf")),
        ("path_escapes", |c| item(c, 2)["path"] = json!("text/link.pdf")),
        ("file_not_listed", |c| item(c, 1)["assets"] = json!(["shared/style.css"])),
        ("bad_key", |c| item(c, 3)["quiz"]["questions"][0]["key"]["choice"] = json!("z")),
        ("bad_key", |c| item(c, 3)["quiz"]["questions"][0]["points"] = json!(-1)),
        ("double_id", |c| item(c, 3)["quiz"]["questions"] = json!([question(), question()])),
        ("bad_address", |c| item(c, 4)["bindings"][0]["site"] = json!("elsewhere")),
        ("bad_address", |c| item(c, 7)["address"] = json!("javascript:alert(1)")),
    ];
    for (code, change) in cases {
        let temp = tempfile::tempdir().unwrap();
        let mut value = course();
        change(&mut value);
        let root = folder(temp.path(), &value);
        #[cfg(unix)]
        {
            fs::write(temp.path().join("outside.pdf"), "x").unwrap();
            std::os::unix::fs::symlink(temp.path().join("outside.pdf"), root.join("text/link.pdf")).unwrap();
        }
        let out = temp.path().join("out");
        let error = make(&root, &out, &key(1), &BTreeMap::new(), NOW).unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(!error.facts().is_empty());
        assert!(!out.exists(), "{code}");
    }
}

#[test]
fn keys_are_made_once_and_kept_from_others() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("k.pem");
    let public = pack::keygen(&path).unwrap();
    assert_eq!(PublicKey::of(&pack::load_key(&path).unwrap()), public);
    let beside = fs::read_to_string(temp.path().join("k.pem.pub")).unwrap();
    assert_eq!(PublicKey::parse(&beside).unwrap(), public);
    assert!(matches!(pack::keygen(&path), Err(PackError::Io { .. })), "a key is never overwritten");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    fs::write(&path, "hello").unwrap();
    assert_eq!(pack::load_key(&path).unwrap_err().code(), "not_a_key");
}

#[test]
fn a_library_lists_its_packages_and_refuses_names_that_leave_it() {
    let temp = tempfile::tempdir().unwrap();
    let out = build(temp.path());
    let root = temp.path().join("library");
    fs::create_dir_all(&root).unwrap();
    fs::rename(out, root.join("water")).unwrap();
    pack::library_index(&root, "Shelf", &["water".into()], &key(1)).unwrap();
    let Ok(Opened::Library { index, packages, .. }) = open_any(&root) else { panic!() };
    assert_eq!(index.title, "Shelf");
    assert_eq!(packages[0].says.as_ref().unwrap().0, "Water");
    assert!(pack::library_index(&root, "Shelf", &["../x".into()], &key(1)).is_err());
    assert!(pack::library_index(&root, "Shelf", &["none".into()], &key(1)).is_err());
    let evil = serde_json::to_vec(&json!({"title": "T", "courses": ["../../x"]})).unwrap();
    let raw = Envelope::seal(LIBRARY_TYPE, &evil, &key(1)).to_bytes();
    assert_eq!(pack::open_library(&raw, None).unwrap_err().code(), "unsafe_name");
}

#[test]
fn files_that_are_no_course_are_named() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("x");
    for (bytes, code, fact) in [
        (&b"%PDF-1.7"[..], "unsupported_file", "pdf"),
        (b"\x1f\x8b\x08", "unsupported_file", "tar_gz"),
        (b"....ftypisom", "unsupported_file", "video"),
        (b"just text", "not_a_package", "unknown"),
        (b"", "not_a_package", "empty"),
    ] {
        fs::write(&path, bytes).unwrap();
        let error = open_any(&path).unwrap_err();
        assert_eq!(error.code(), code);
        assert!(error.facts().values().any(|v| v == fact), "{error}");
    }
    assert_eq!(open_any(&temp.path().join("none")).unwrap_err().code(), "cannot_read");
    let empty = temp.path().join("dir");
    fs::create_dir(&empty).unwrap();
    assert_eq!(open_any(&empty).unwrap_err().code(), "not_a_package");
}
