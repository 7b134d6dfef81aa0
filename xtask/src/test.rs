//! `cargo xtask test`: everything, in stages with their minutes.
//!
//! What must stay true: one build with one set of features serves all stages (cargo is always asked for the whole
//! workspace, and only the names of test files choose); files of `tests/acceptance/tests` that begin with `window`
//! need a screen and get one.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::Path;

use crate::root::root;
use crate::run::{build, cargo, run as execute};
use crate::screen::Screen;
use crate::stages::Stages;
use crate::{bindings, check, licences, sample, system, ui};

const ACCEPTANCE: &str = "tests/acceptance";
/// How it is said that no test has the wanted name.
pub const NO_SUCH_TEST: &str = "there is no such test";

/// The command.
pub fn run(arguments: &[String]) -> Result<(), String> {
    if !arguments.is_empty() {
        return Err("it takes no arguments; for one test use `cargo test -p PACKAGE NAME`".into());
    }
    let mut stages = Stages::begin();
    let result = all(&mut stages);
    println!("{}", stages.table(&result));
    if result.is_ok() {
        println!("all tests passed");
    }
    result
}

fn all(stages: &mut Stages) -> Result<(), String> {
    stages.stage("system packages", system::for_test)?;
    stages.stage("formatting", check::formatted)?;
    stages.stage("page: packages", ui::install)?;
    stages.stage("page: types", || ui::npm(&["run", "check"]))?;
    stages.stage("page: formatting", || ui::npm(&["run", "lint"]))?;
    stages.stage("page: tests", || ui::npm(&["run", "test"]))?;
    stages.stage("page: build", ui::build)?;
    stages.stage("sample course: build", sample::build)?;
    stages.stage("sample course: checks", sample::check)?;
    stages.stage("build", build)?;
    stages.stage("bindings", || bindings::run_with(true))?;
    stages.stage("sample course: package", sample::pack)?;
    stages.stage("lints", check::lints)?;
    stages.stage("licences", licences::check)?;
    stages.stage("unit and crate tests", || {
        let mut test = cargo(["test", "--workspace", "--lib", "--bins"]);
        crate_tests()?.iter().for_each(|name| {
            test.args(["--test", name]);
        });
        execute(&mut test)
    })?;
    stages.stage("journeys without a window", || tests(|name| !is_window(name), &[], None))?;
    stages.stage("window", || {
        let screen = Screen::start()?;
        tests(is_window, &["--test-threads=1"], Some(&screen))
    })
}

fn is_window(name: &str) -> bool {
    name.starts_with("window")
}

/// Runs those acceptance tests whose file name is wanted.
pub fn tests(
    wanted: impl Fn(&str) -> bool,
    arguments: &[&str],
    screen: Option<&Screen>,
) -> Result<(), String> {
    tests_with(wanted, arguments, screen, &[])
}

/// The same, telling the tests more by their environment.
pub fn tests_with(
    wanted: impl Fn(&str) -> bool,
    arguments: &[&str],
    screen: Option<&Screen>,
    more: &[(&str, &OsStr)],
) -> Result<(), String> {
    let names: Vec<String> = acceptance()?.into_iter().filter(|name| wanted(name)).collect();
    if names.is_empty() {
        return Err(format!("{NO_SUCH_TEST} in {ACCEPTANCE}/tests"));
    }
    let mut test = cargo(["test", "--workspace"]);
    for name in &names {
        test.args(["--test", name]);
    }
    test.arg("--").args(arguments);
    test.env("DAYPACK_SAMPLE", sample::course()).env("DAYPACK_SAMPLE_LIBRARY", sample::library());
    test.envs(more.iter().copied());
    match screen {
        Some(screen) => execute(&mut screen.wrap(&test)),
        None => execute(&mut test),
    }
}

/// Runs those integration tests of all other packages whose file name is wanted; none is no fault.
pub fn crate_tests_with(
    wanted: impl Fn(&str) -> bool,
    arguments: &[&str],
    more: &[(&str, &OsStr)],
) -> Result<(), String> {
    let names: Vec<String> = crate_tests()?.into_iter().filter(|name| wanted(name)).collect();
    if names.is_empty() {
        return Ok(());
    }
    let mut test = cargo(["test", "--workspace"]);
    for name in &names {
        test.args(["--test", name]);
    }
    test.arg("--").args(arguments).envs(more.iter().copied());
    execute(&mut test)
}

/// Names of the acceptance tests.
fn acceptance() -> Result<BTreeSet<String>, String> {
    test_names(&root().join(ACCEPTANCE))
}

/// Names of the integration tests of all other packages.
fn crate_tests() -> Result<BTreeSet<String>, String> {
    let crates = root().join("crates");
    let mut packages = vec![root().join("tests/campus"), root().join("xtask")];
    for entry in std::fs::read_dir(&crates).map_err(|error| format!("crates: {error}"))? {
        packages.push(entry.map_err(|error| format!("crates: {error}"))?.path());
    }
    let mut names = BTreeSet::new();
    for package in packages {
        names.extend(test_names(&package)?);
    }
    let doubled: Vec<String> = names.intersection(&acceptance()?).cloned().collect();
    if doubled.is_empty() {
        Ok(names)
    } else {
        Err(format!("two tests have one name: {}", doubled.join(", ")))
    }
}

/// `tests/NAME.rs` and `tests/NAME/main.rs` of a package.
fn test_names(package: &Path) -> Result<BTreeSet<String>, String> {
    let Ok(entries) = std::fs::read_dir(package.join("tests")) else { return Ok(BTreeSet::new()) };
    let mut names = BTreeSet::new();
    for entry in entries {
        let path = entry.map_err(|error| format!("{}: {error}", package.display()))?.path();
        let is_test = path.extension().is_some_and(|e| e == "rs") || path.join("main.rs").exists();
        if let (true, Some(name)) = (is_test, path.file_stem().and_then(|name| name.to_str())) {
            names.insert(name.to_owned());
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_of_packages_are_found_as_files_and_as_folders() {
        let campus = test_names(&root().join("tests/campus")).unwrap();
        assert!(campus.contains("campus"));
        assert!(acceptance().unwrap().contains("arrows"));
        assert!(test_names(&root().join("docs")).unwrap().is_empty());
    }
}
