//! `docs/soak.md`: what the long runs reached, from the lines that they leave in `target/soak/*.tsv`.
//!
//! A line is: what, how many, how many of them bad, since which commit; parted by tabs. Each run counts since the last
//! commit of the code that it covers, so that a change elsewhere does not begin it anew.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use crate::root::root;

const HEAD: &str = "# Long runs\n\n\
    Written by `cargo xtask soak`, which goes on where it stopped. A run begins anew when the code that it covers has\n\
    another commit. Bad ones are kept in `target/soak/*.failed` with their seed.\n\n\
    | what | how many | bad | since commit |\n| --- | ---: | ---: | --- |\n";

/// The long runs by the names of their lines in `target/soak`, and the code that each covers.
const COVERS: [(&str, &[&str]); 5] = [
    (
        "lives",
        &[
            "crates/engine/src/outbox.rs",
            "crates/engine/src/outbox",
            "crates/engine/src/backoff.rs",
            "crates/engine/src/link/budget.rs",
            "crates/engine/tests/lives.rs",
            "crates/engine/tests/lives",
            "crates/engine/tests/common",
            "crates/course/src/ids.rs",
            "crates/course/src/time.rs",
            "crates/course/src/work.rs",
        ],
    ),
    ("power-cut", &["crates/store", "crates/course"]),
    ("cuts", &["crates"]),
    ("kills", &["crates", "src-tauri", "ui/src"]),
    ("window-kills", &["crates", "src-tauri", "ui/src"]),
];

/// What the long tests read: `DAYPACK_SOAK_SINCE_NAME` for each, the last commit of the code that it covers.
pub fn since() -> Vec<(String, String)> {
    COVERS.iter().map(|(name, places)| (variable(name), last_commit(places))).collect()
}

fn variable(name: &str) -> String {
    format!("DAYPACK_SOAK_SINCE_{}", name.to_uppercase().replace('-', "_"))
}

fn last_commit(places: &[&str]) -> String {
    let asked = Command::new("git")
        .args(["log", "-1", "--format=%h", "--"])
        .args(places)
        .current_dir(root())
        .output();
    match asked {
        Ok(out) if out.status.success() => String::from_utf8_lossy(&out.stdout).trim().to_owned(),
        _ => "unknown".to_owned(),
    }
}

/// Writes `docs/soak.md`.
pub fn write(folder: &Path) -> Result<(), String> {
    let mut lines = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|error| format!("target/soak: {error}"))? {
        let path = entry.map_err(|error| format!("target/soak: {error}"))?.path();
        if path.extension().is_some_and(|e| e == "tsv") {
            let text =
                std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            lines.extend(text.lines().map(str::to_owned));
        }
    }
    lines.sort();
    let page = page(&lines);
    std::fs::write(root().join("docs/soak.md"), page).map_err(|error| format!("docs/soak.md: {error}"))
}

fn page(lines: &[String]) -> String {
    let mut out = HEAD.to_owned();
    for line in lines {
        let _ = writeln!(out, "| {} |", line.split('\t').collect::<Vec<_>>().join(" | "));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_run_names_code_that_is_there() {
        for (name, places) in COVERS {
            assert!(!places.is_empty(), "{name}");
            for place in places {
                assert!(root().join(place).exists(), "{name}: {place}");
            }
        }
        assert_eq!(variable("window-kills"), "DAYPACK_SOAK_SINCE_WINDOW_KILLS");
    }

    #[test]
    fn each_run_is_a_row() {
        let page = page(&["lives of the outbox\t20000\t0\tabc".to_owned()]);
        assert!(page.ends_with("| lives of the outbox | 20000 | 0 | abc |\n"), "{page}");
    }
}
