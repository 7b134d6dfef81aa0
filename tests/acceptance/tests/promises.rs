//! The page of promises names tests that exist.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::BTreeSet;
use std::path::Path;

use daypack_tests::practice::root;

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
