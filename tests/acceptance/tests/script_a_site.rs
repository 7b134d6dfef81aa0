//! The script of `docs/howto/script-a-site.md`, as it stands there, drives a learner's week at the practice campus.
//!
//! Needs python3, as the page says; where there is none the test says so by name.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::path::Path;
use std::process::Command;

use daypack_tests::practice::{Practice, bin, keyring_of, root, small_course};

/// The one Python block of the page.
fn script() -> String {
    let page = std::fs::read_to_string(root().join("docs/howto/script-a-site.md")).unwrap();
    let after = page.split_once("```python\n").expect("the page has the script").1;
    after.split_once("```\n").expect("the block ends").0.to_owned()
}

struct Week<'a> {
    script: &'a Path,
    data: &'a Path,
    site: String,
    password: &'static str,
}

impl Week<'_> {
    /// Whether the step went well, and what it printed.
    fn step(&self, step: &str) -> (bool, String) {
        let out = Command::new("python3")
            .arg(self.script)
            .arg(step)
            .env("DAYPACK", bin("daypack"))
            .env("DAYPACK_KEYRING", keyring_of(self.data))
            .env("DATA", self.data)
            .env("SITE", &self.site)
            .env("LEARNER", "student1")
            .env("PASSWORD", self.password)
            .output()
            .unwrap();
        let said =
            format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        (out.status.success(), said)
    }
}

#[test]
fn the_script_of_the_page_drives_a_week_at_the_campus_and_nothing_is_sent_twice() {
    if Command::new("python3").arg("--version").output().is_err() {
        println!("no python3 here: the script of the page was not tried");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("week.py");
    std::fs::write(&file, script()).unwrap();
    let campus = Practice::start(&small_course(), None, &dir.path().join("campus"));
    let data = dir.path().join("data");
    let site = campus.site.clone();
    // Control: a step that is refused is seen as refused, and nothing of a password is printed.
    let wrong = Week { script: &file, data: &data, site: site.clone(), password: "not-the-word" };
    let (went_well, said) = wrong.step("before");
    assert!(!went_well && said.contains("wrong_password") && !said.contains("not-the-word"), "{said}");

    let week = Week { script: &file, data: &data, site, password: "practice-1" };
    let (went_well, said) = week.step("before");
    assert!(went_well && said.contains("quizzes begun"), "{said}");

    campus.ctl(&["offline", "on"]);
    let (went_well, said) = week.step("away");
    assert!(went_well && said.contains("pieces wait"), "{said}");
    let before = campus.state();
    let count = |state: &serde_json::Value, what: &str| state[what].as_array().map_or(0, Vec::len);
    assert_eq!(count(&before, "submissions"), 0, "nothing went out while away");

    campus.ctl(&["offline", "off"]);
    let (went_well, said) = week.step("back");
    assert!(went_well, "{said}");
    let lines: Vec<&str> = said.lines().filter(|line| !line.starts_with("feedback")).collect();
    assert!(!lines.is_empty() && lines.iter().all(|line| line.contains("accepted")), "{said}");
    let sent = campus.state();
    assert!(count(&sent, "submissions") > 0 && count(&sent, "posts") > count(&before, "posts"));

    campus.ctl(&["grade-now"]);
    let (went_well, said) = week.step("back");
    assert!(went_well && said.lines().any(|line| line.starts_with("feedback")), "{said}");
    let again = campus.state();
    for what in ["submissions", "posts", "attempts"] {
        assert_eq!(count(&again, what), count(&sent, what), "{what} were sent once");
    }
}
