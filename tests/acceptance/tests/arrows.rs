//! The arrows between the crates point one way, and the two pure crates stay pure.
//!
//! The rules are data; each is also tried on a workspace with a fault, which it has to find.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, MetadataCommand};

/// Package -> names of what it depends on.
type Graph = BTreeMap<String, BTreeSet<String>>;

/// What each package of ours may depend on among ours. A package that is not here may not exist.
const ARROWS: &[(&str, &[&str])] = &[
    ("daypack-course", &[]),
    ("daypack-engine", &["daypack-course"]),
    ("daypack-formats", &["daypack-course"]),
    ("daypack-lms", &["daypack-course", "daypack-engine"]),
    ("daypack-store", &["daypack-course", "daypack-engine"]),
    ("daypack-app", &["daypack-course", "daypack-engine", "daypack-formats", "daypack-lms", "daypack-store"]),
    ("daypack-cli", &["daypack-app", "daypack-course", "daypack-formats"]),
    ("daypack-desktop", &["daypack-app"]),
    ("daypack-campus", &[]),
    ("daypack-open-shell", &[]),
    (
        "daypack-tests",
        &[
            "daypack-app",
            "daypack-course",
            "daypack-engine",
            "daypack-formats",
            "daypack-lms",
            "daypack-store",
        ],
    ),
    ("xtask", &[]),
];

/// Crates that do IO, keep time or make chance; the pure crates reach none of them, however far.
const DEEDS: &[&str] = &[
    "async-std",
    "axum",
    "chrono",
    "fs4",
    "getrandom",
    "hyper",
    "interprocess",
    "libsqlite3-sys",
    "mio",
    "open",
    "rand",
    "reqwest",
    "rusqlite",
    "rustls",
    "smol",
    "socket2",
    "tauri",
    "tempfile",
    "time",
    "tokio",
    "tokio-util",
    "walkdir",
];

/// The crates that decide and do nothing.
const PURE: [&str; 2] = ["daypack-course", "daypack-engine"];

/// Words that have no place in a source of a pure crate.
const WORDS: &[&str] = &[
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "std::io",
    "Instant",
    "SystemTime",
    "HashMap",
    "HashSet",
    "OsRng",
    "getrandom",
    "thread_rng",
    "async fn",
    "println!",
    "eprintln!",
];

/// The one edge not followed: the signature crate's traits can carry a source of chance when another package asks
/// for it. That the pure crates never draw from it is held by [`WORDS`].
const NOT_FOLLOWED: (&str, &str) = ("rand_core", "getrandom");

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

struct Workspace {
    ours: BTreeSet<String>,
    /// Normal and build dependencies of every package that is reached.
    graph: Graph,
}

fn workspace() -> Workspace {
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .other_options(vec!["--locked".into(), "--filter-platform".into(), "x86_64-unknown-linux-gnu".into()])
        .exec()
        .unwrap();
    let name: BTreeMap<_, _> = metadata.packages.iter().map(|p| (p.id.clone(), p.name.to_string())).collect();
    let ours = metadata.workspace_members.iter().map(|id| name[id].clone()).collect();
    let mut graph = Graph::new();
    for node in metadata.resolve.unwrap().nodes {
        let inside = node
            .deps
            .iter()
            .filter(|d| d.dep_kinds.iter().any(|k| k.kind != DependencyKind::Development))
            .map(|d| name[&d.pkg].clone());
        graph.entry(name[&node.id].clone()).or_default().extend(inside);
    }
    Workspace { ours, graph }
}

/// Arrows that no rule allows.
fn wrong_arrows(ours: &BTreeSet<String>, graph: &Graph) -> Vec<String> {
    let rules: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    let mut wrong = Vec::new();
    for package in ours {
        let Some(may) = rules.get(package.as_str()) else {
            wrong.push(format!("{package} has no rule"));
            continue;
        };
        for to in graph.get(package).into_iter().flatten().filter(|to| ours.contains(*to)) {
            if !may.contains(&to.as_str()) {
                wrong.push(format!("{package} -> {to}"));
            }
        }
    }
    wrong
}

/// A way from `package` to one of `forbidden`, as names.
fn way(graph: &Graph, package: &str, forbidden: &[&str]) -> Option<Vec<String>> {
    let mut ways = vec![vec![package.to_owned()]];
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop() {
        for to in way.last().and_then(|last| graph.get(last)).into_iter().flatten() {
            let mut further = way.clone();
            further.push(to.clone());
            if forbidden.contains(&to.as_str()) {
                return Some(further);
            }
            if seen.insert(to.clone()) {
                ways.push(further);
            }
        }
    }
    None
}

/// Words of [`WORDS`] in a source, outside comments and tests.
fn impure(source: &str) -> Vec<String> {
    let product = source.split("#[cfg(test)]").next().unwrap_or_default();
    product
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| {
            let whole = |word: &&&str| {
                let mut rest = line;
                while let Some(at) = rest.find(**word) {
                    let before = rest[..at].chars().next_back();
                    let after = rest[at + word.len()..].chars().next();
                    let part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
                    if !part(before) && !part(after) {
                        return true;
                    }
                    rest = &rest[at + word.len()..];
                }
                false
            };
            WORDS.iter().filter(whole).map(move |word| format!("{word}: {}", line.trim())).collect::<Vec<_>>()
        })
        .collect()
}

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push(path);
        }
    }
}

#[test]
fn arrows_between_our_crates_point_one_way() {
    let Workspace { ours, graph } = workspace();
    assert_eq!(wrong_arrows(&ours, &graph), Vec::<String>::new());
}

#[test]
fn every_rule_is_about_a_crate_that_exists() {
    let ours = workspace().ours;
    for (package, _) in ARROWS {
        assert!(ours.contains(*package), "{package}");
    }
}

#[test]
fn course_and_engine_reach_nothing_that_does_deeds() {
    let mut graph = workspace().graph;
    let (from, to) = NOT_FOLLOWED;
    graph.entry(from.into()).or_default().remove(to);
    for pure in PURE {
        assert_eq!(way(&graph, pure, DEEDS), None);
    }
}

#[test]
fn sources_of_course_and_engine_name_no_deed_no_clock_and_no_unordered_map() {
    for pure in ["crates/course/src", "crates/engine/src"] {
        let mut files = Vec::new();
        sources(&root().join(pure), &mut files);
        assert!(!files.is_empty());
        for file in files {
            let found = impure(&std::fs::read_to_string(&file).unwrap());
            assert!(found.is_empty(), "{}: {found:?}", file.display());
        }
    }
}

#[test]
fn the_campus_shares_nothing_with_what_it_tests() {
    let Workspace { ours, graph } = workspace();
    let others: Vec<&str> =
        ours.iter().map(String::as_str).filter(|name| *name != "daypack-campus").collect();
    assert_eq!(way(&graph, "daypack-campus", &others), None);
}

/// Negative control: each rule finds the fault it is there for.
#[test]
fn an_arrow_back_a_hidden_deed_and_a_clock_are_found() {
    let Workspace { ours, mut graph } = workspace();
    graph.entry("daypack-course".into()).or_default().insert("daypack-store".into());
    graph.entry("daypack-campus".into()).or_default().insert("daypack-lms".into());
    let wrong = wrong_arrows(&ours, &graph);
    assert!(wrong.contains(&"daypack-course -> daypack-store".to_owned()), "{wrong:?}");
    assert!(wrong.contains(&"daypack-campus -> daypack-lms".to_owned()), "{wrong:?}");
    let through = way(&graph, "daypack-engine", DEEDS).unwrap();
    assert_eq!(through.first().map(String::as_str), Some("daypack-engine"));

    let mut more = ours.clone();
    more.insert("daypack-new".into());
    assert!(wrong_arrows(&more, &graph).contains(&"daypack-new has no rule".to_owned()));

    assert_eq!(impure("let now = SystemTime::now();").len(), 1);
    assert_eq!(impure("use std::collections::HashMap;").len(), 1);
    assert_eq!(impure("// SystemTime is not used\nstruct MyInstants;").len(), 0);
    assert_eq!(impure("fn a() {}\n#[cfg(test)]\nmod tests { use std::fs; }").len(), 0);
}
