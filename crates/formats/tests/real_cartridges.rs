//! Real cartridges of other makers: each opens or is refused with a reason, and what is in it agrees with a census
//! taken by other means (text search in the manifest instead of our parser).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use daypack_course::finding::FindingCode;
use daypack_course::outline::{ItemBody, OnlineKind};
use daypack_formats::{Archive, OpenError, Opened, cartridge, open_any};

fn real() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/real-courses")
}

fn cartridges() -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(real().join("cc")) else {
        println!("skipped: real-courses/cc not here");
        return Vec::new();
    };
    let mut all: Vec<PathBuf> = entries.map(|e| e.unwrap().path()).collect();
    all.sort();
    all
}

/// The manifest's text without comments.
fn manifest_text(path: &Path) -> String {
    let archive = Archive::open(path).unwrap();
    let raw = archive.read(archive.find("imsmanifest.xml").unwrap(), 1 << 26).unwrap();
    let text = String::from_utf8_lossy(&raw).into_owned();
    let mut out = String::new();
    for (n, part) in text.split("<!--").enumerate() {
        out.push_str(if n == 0 { part } else { part.split_once("-->").map_or("", |(_, rest)| rest) });
    }
    out
}

/// Start tags of one element by plain search.
fn tags(text: &str, name: &str) -> Vec<String> {
    text.split(&format!("<{name}"))
        .skip(1)
        .filter(|t| t.starts_with(|c: char| c.is_whitespace() || c == '>'))
        .map(|t| t.split('>').next().unwrap().to_owned())
        .collect()
}

fn value(tag: &str, name: &str) -> Option<String> {
    let (_, after) = tag.split_once(&format!("{name}=\""))?;
    after.split('"').next().map(str::to_owned)
}

#[test]
fn every_real_cartridge_opens_and_agrees_with_the_census() {
    for path in cartridges() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let got = cartridge::read(&path).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(cartridge::sniff(&path));
        assert_eq!(got.course.check(), Vec::<String>::new(), "{name}");
        let text = manifest_text(&path);
        let kinds: BTreeMap<String, String> = tags(&text, "resource")
            .iter()
            .map(|t| (value(t, "identifier").unwrap(), value(t, "type").unwrap_or_default()))
            .collect();
        let placed: Vec<String> =
            tags(&text, "item").iter().filter_map(|t| value(t, "identifierref")).collect();
        let in_tree =
            || got.course.sections.iter().filter(|s| s.id.as_str() != "unplaced").flat_map(|s| &s.items);
        assert_eq!(in_tree().count(), placed.len(), "{name}: items in the tree");
        let of =
            |mark: &str| placed.iter().filter(|r| kinds.get(*r).is_some_and(|k| k.contains(mark))).count();
        let found = |want: fn(&ItemBody) -> bool| in_tree().filter(|i| want(&i.body)).count();
        let what = |body: &ItemBody, name: &str| matches!(body, ItemBody::Unsupported(u) if u.what == name);
        let gone =
            in_tree().filter(|i| what(&i.body, "missing_file") || what(&i.body, "damaged_file")).count();
        if gone == 0 {
            assert_eq!(found(|b| matches!(b, ItemBody::Link(_))), of("imswl"), "{name}: links");
            assert_eq!(found(|b| matches!(b, ItemBody::Discussion(_))), of("imsdt"), "{name}: discussions");
            let tools = in_tree().filter(|i| what(&i.body, "lti")).count();
            assert_eq!(tools, of("imsbasiclti"), "{name}: tools");
        }
        let quizzes = in_tree().filter(|i| what(&i.body, "quiz") || what(&i.body, "question_bank")).count();
        assert_eq!(quizzes, of("imsqti"), "{name}: quizzes");
        let told = got.findings.iter().filter(|f| f.code == FindingCode::QuizNotYet).count();
        let all_quizzes =
            got.course.items().filter(|i| what(&i.body, "quiz") || what(&i.body, "question_bank")).count();
        assert_eq!(told, all_quizzes, "{name}: every quiz says that it cannot be worked yet");
        for id in got.files.keys() {
            let bytes = got.read_asset(id, 1 << 30).unwrap();
            let asset = &got.course.assets[id];
            assert_eq!(asset.digest, Some(daypack_course::Digest::of(&bytes)), "{name}: {id}");
            let text = String::from_utf8_lossy(&bytes);
            if asset.media_type == "text/html"
                && matches!(got.files[id], cartridge::ArchiveMember::Page { .. })
            {
                assert!(!text.contains("src=\"http") && !text.contains("<iframe"), "{name}: {id}");
                assert!(!text.contains("CC-FILEBASE") && !text.contains("_REFERENCE$"), "{name}: {id}");
            }
        }
        let online = got.course.items().filter(|i| !i.online.is_empty()).count();
        println!(
            "{name}: {} sections, {} items ({} in the tree), {online} need the internet, {} files, {} findings",
            got.course.sections.len(),
            got.course.items().count(),
            placed.len(),
            got.files.len(),
            got.findings.len()
        );
        let again = cartridge::read(&path).unwrap();
        assert_eq!(again.course, got.course, "{name}: a second import changes nothing");
    }
}

#[test]
fn pages_find_their_pictures_and_name_what_is_elsewhere() {
    let path = real().join("cc/viewer-rich-content-cc-file.imscc");
    if !path.exists() {
        println!("skipped: real-courses/cc/viewer-rich-content-cc-file.imscc not here");
        return;
    }
    let got = cartridge::read(&path).unwrap();
    let (item, reading) = got
        .course
        .items()
        .find_map(|i| match &i.body {
            ItemBody::Reading(r) if r.media_type == "text/html" => Some((i, r)),
            _ => None,
        })
        .unwrap();
    let names: Vec<&str> = reading.files.values().map(|a| a.as_str()).collect();
    assert_eq!(names, ["web_resources/Uploaded Media/border copy.png", "web_resources/shapes.jpg"]);
    let html = String::from_utf8(got.read_asset(&reading.main, 1 << 20).unwrap()).unwrap();
    assert!(html.contains("src=\"~/web_resources/Uploaded%20Media/border%20copy.png\""), "{html}");
    let images: Vec<&str> =
        item.online.iter().filter(|n| n.what == OnlineKind::Image).map(|n| n.host.as_str()).collect();
    assert_eq!(images, ["images.unsplash.com", "media0.giphy.com"]);
    assert!(item.online.iter().any(|n| n.what == OnlineKind::MissingFile), "a missing PDF is named");
}

#[test]
fn files_of_other_kinds_are_named_when_refused() {
    let wanted = [
        ("scorm/RuntimeMinimumCalls_SCORM12.zip", "scorm"),
        ("scorm/singlesco-missing-organization.zip", "scorm"),
        ("h5p/accordion.h5p", "h5p"),
        ("epub/trees.epub", "epub"),
        ("moodle/STACK-reveal-test-3.9.mbz", "moodle_backup"),
        ("olx/demo-content-library.tar.gz", "olx"),
        ("qti/instructure-qti-1.2.zip", "qti"),
        ("cmi5/multi_au_framed.zip", "cmi5"),
        ("exe/basic-example.elp", "exelearning"),
        ("zim/nons-small.zim", "zim"),
    ];
    for (file, kind) in wanted {
        let path = real().join(file);
        if !path.exists() {
            println!("skipped: real-courses/{file} not here");
            continue;
        }
        match open_any(&path) {
            Err(OpenError::UnsupportedFile { what }) => assert_eq!(what, kind, "{file}"),
            other => panic!("{file}: {other:?}"),
        }
    }
}

#[test]
fn a_folder_of_cartridges_lists_them() {
    if cartridges().is_empty() {
        return;
    }
    let Ok(Opened::Folder { files }) = open_any(&real().join("cc")) else { panic!("not a folder") };
    assert_eq!(files.len(), cartridges().len());
    assert!(files.iter().all(|f| f.says.is_ok()), "{files:?}");
}
