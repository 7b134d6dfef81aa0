//! The page of promises names tests that exist, each trap of a site has its test, and the page of recordings is as the
//! recordings are.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use daypack_tests::practice::root;
use serde_json::Value;

/// Names of the functions marked as tests in the sources below `folder`.
fn tests_below(folder: &Path, out: &mut BTreeSet<String>) {
    let skipped = ["target", "node_modules", "dist", ".git"];
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() && !skipped.iter().any(|name| path.ends_with(name)) {
            tests_below(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            tests_in(&std::fs::read_to_string(&path).unwrap(), out);
        }
    }
}

fn tests_in(source: &str, out: &mut BTreeSet<String>) {
    let mut marked = false;
    for line in source.lines().map(str::trim) {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            marked = true;
        } else if let (true, Some((_, rest))) = (marked, line.split_once("fn ")) {
            out.extend(rest.split('(').next().map(str::to_owned));
            marked = false;
        }
    }
}

/// The last column of each table row: a name in backticks.
fn named(page: &str) -> BTreeSet<String> {
    let rows = page.lines().filter(|line| line.starts_with('|') && line.ends_with("` |"));
    rows.filter_map(|row| Some(row.strip_suffix("` |")?.rsplit('`').next()?.to_owned())).collect()
}

#[test]
fn each_test_that_the_promises_name_exists() {
    let page = std::fs::read_to_string(root().join("docs/promises.md")).unwrap();
    let mut there = BTreeSet::new();
    tests_below(&root(), &mut there);
    let wanted = named(&page);
    let missing: Vec<_> = wanted.difference(&there).collect();
    assert!(missing.is_empty(), "docs/promises.md names tests that do not exist: {missing:?}");
    for promise in 1..=7 {
        let part =
            page.split("\n## ").find(|part| part.starts_with(&format!("P{promise} "))).expect("each promise");
        assert!(!named(part).is_empty(), "P{promise} names no test");
    }
    // Control: a name that is no test is missed.
    let lie = named("| everything | `this_is_never_tested` |");
    assert_eq!(lie.difference(&there).count(), 1);
}

/// Traps of activities that Daypack does not work yet: a later piece of work brings them, and their tests.
const OF_LATER_KINDS: [&str; 2] = ["xapi-does-not-deduplicate", "scorm-tracks-upsert"];
/// The traps without a test that carries their name.
fn untested(traps: &[String], there: &BTreeSet<String>) -> Vec<String> {
    let is_tested = |trap: &&String| {
        let name = trap.replace('-', "_");
        !there.iter().any(|test| test.contains(&name))
    };
    traps.iter().filter(is_tested).cloned().collect()
}

#[test]
fn each_trap_that_a_real_site_was_seen_to_set_has_a_test_that_carries_its_name() {
    let text = std::fs::read_to_string(root().join("tests/corpus/moodle/traps.json")).unwrap();
    let traps: Vec<Value> = serde_json::from_str(&text).unwrap();
    let traps: Vec<String> = traps.iter().map(|t| t["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(traps.len(), 36);
    let mut there = BTreeSet::new();
    tests_below(&root(), &mut there);
    let missing = untested(&traps, &there);
    let missing: Vec<_> = missing.iter().filter(|trap| !OF_LATER_KINDS.contains(&trap.as_str())).collect();
    assert!(missing.is_empty(), "traps without a test: {missing:?}");
    for known in &OF_LATER_KINDS {
        assert!(traps.iter().any(|trap| trap == known), "{known} is no trap");
    }
    // Control: a trap that nobody tests is missed.
    assert_eq!(untested(&["never-heard-of-it".to_owned()], &there).len(), 1);
}

/// Function -> files of the corpus that hold recordings of it, and how many these are.
fn recorded(folder: &Path, out: &mut BTreeMap<String, (BTreeSet<String>, usize)>) {
    let mut entries: Vec<_> = std::fs::read_dir(folder).unwrap().flatten().map(|e| e.path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            recorded(&path, out);
            continue;
        }
        let Ok(file) = serde_json::from_str::<Value>(&std::fs::read_to_string(&path).unwrap()) else {
            continue;
        };
        let (Some(function), Some(all)) = (file["function"].as_str(), file["recordings"].as_array()) else {
            continue;
        };
        let place = path.parent().unwrap().strip_prefix(root().join("tests/corpus/moodle")).unwrap();
        // `x.nologin` is x, asked without a token.
        let function = function.split('.').next().unwrap_or(function);
        let entry = out.entry(function.to_owned()).or_default();
        entry.0.insert(place.display().to_string().replace('\\', "/"));
        entry.1 += all.len();
    }
}

/// Names of web-service functions that stand between quotes in the sources below a folder.
fn functions_in(folder: &Path, out: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            functions_in(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let is_one = |name: &&str| {
                let known = ["core_", "mod_", "tool_mobile_", "message_popup_", "gradereport_"];
                // A component of Moodle, and no function.
                *name != "mod_subsection"
                    && known.iter().any(|start| name.starts_with(start))
                    && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
            };
            out.extend(text.split('"').filter(is_one).map(str::to_owned));
        }
    }
}

fn recordings_page() -> (String, Vec<String>) {
    let (mut held, mut asked) = (BTreeMap::new(), BTreeSet::new());
    recorded(&root().join("tests/corpus/moodle"), &mut held);
    functions_in(&root().join("crates/lms/src"), &mut asked);
    let schema = std::fs::read_to_string(root().join("tests/campus/src/schema.json")).unwrap();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let played = schema["functions"].as_object().unwrap();
    let mut page = String::from(
        "# Which recordings of a real Moodle are used\n\n\
         Made by `each_function_that_is_asked_has_recordings_and_the_page_says_which`; with `DAYPACK_WRITE_DOCS=1` it writes\n\
         this page. *Asked*: the connector calls it. *Played*: the practice campus answers it, and is compared with each\n\
         recording. Places are below `tests/corpus/moodle`.\n\n\
         | function | asked | played | recordings | places |\n| --- | --- | --- | --- | --- |\n",
    );
    let mut all: BTreeSet<&String> = held.keys().collect();
    all.extend(&asked);
    let mut without = Vec::new();
    for name in all {
        let (places, count) = held.get(name).cloned().unwrap_or_default();
        if asked.contains(name) && count == 0 {
            without.push(name.clone());
        }
        let yes = |it: bool| if it { "yes" } else { "" };
        let places: Vec<String> = places.into_iter().collect();
        page.push_str(&format!(
            "| `{name}` | {} | {} | {count} | {} |\n",
            yes(asked.contains(name)),
            yes(played.contains_key(name)),
            places.join(", ")
        ));
    }
    (page, without)
}

/// Functions that are asked and were not recorded: their answers are read as Moodle's description says, and the campus
/// does not play them.
const UNRECORDED: &[&str] = &[];

#[test]
fn each_function_that_is_asked_has_recordings_and_the_page_says_which() {
    let (page, without) = recordings_page();
    let without: Vec<_> = without.iter().filter(|name| !UNRECORDED.contains(&name.as_str())).collect();
    assert!(without.is_empty(), "asked and not recorded: {without:?}");
    let path = root().join("docs/moodle-recordings.md");
    if std::env::var_os("DAYPACK_WRITE_DOCS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    assert!(
        there == page,
        "docs/moodle-recordings.md is not as the recordings are; DAYPACK_WRITE_DOCS=1 writes it"
    );
}
