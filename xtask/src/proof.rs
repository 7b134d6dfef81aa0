//! The commands that take long and are not part of `test`: measuring, long runs, pictures.
//!
//! Each is the ignored tests of some files of `tests/acceptance/tests`, run in the same build as all others.

use crate::root::root;
use crate::run::{build, cargo, run as execute};
use crate::screen::Screen;
use crate::test::{NO_SUCH_TEST, crate_tests_with, tests, tests_with};
use crate::{links, sample, soak, system, ui};

const LONG: [&str; 3] = ["--ignored", "--nocapture", "--test-threads=1"];

/// `cargo xtask bench [links ...]`.
pub fn bench(arguments: &[String]) -> Result<(), String> {
    if let Some((_, rest)) = arguments.split_first().filter(|(what, _)| *what == "links") {
        return links::bench(rest);
    }
    prepare()?;
    let screen = Screen::start()?;
    tests(|name| name.contains("bench"), &LONG, Some(&screen))
}

/// `cargo xtask soak [--minutes N] [--only NAME]`: each long test for so many minutes. The tests read
/// `DAYPACK_SOAK_MINUTES`, go on where they stopped (`DAYPACK_SOAK` names the folder) and leave a line there;
/// `docs/soak.md` is written from these lines, also when a test failed.
pub fn soak(arguments: &[String]) -> Result<(), String> {
    let usage = || "usage: cargo xtask soak [--minutes N] [--only NAME]".to_owned();
    let (mut minutes, mut only) = ("10".to_owned(), String::new());
    for pair in arguments.chunks(2) {
        match pair {
            [flag, n] if flag == "--minutes" && n.parse::<u32>().is_ok() => minutes.clone_from(n),
            [flag, name] if flag == "--only" => only.clone_from(name),
            _ => return Err(usage()),
        }
    }
    prepare()?;
    let folder = root().join("target/soak");
    std::fs::create_dir_all(&folder).map_err(|error| format!("target/soak: {error}"))?;
    let since = soak::since();
    let mut environment: Vec<(&str, &std::ffi::OsStr)> =
        vec![("DAYPACK_SOAK_MINUTES", minutes.as_ref()), ("DAYPACK_SOAK", folder.as_os_str())];
    environment.extend(since.iter().map(|(name, commit)| (name.as_str(), commit.as_ref())));
    let screen = Screen::start()?;
    let wanted = |name: &str| name.contains("soak") && name.contains(&only);
    let mut result = Ok(());
    for run in [all_tests_with, tests_with_screen] {
        result = result.and(run(&wanted, &screen, &environment));
    }
    if "power_cut".contains(&only) {
        result = result.and(power_cut(&environment));
    }
    soak::write(&folder)?;
    result
}

/// The power-cut test of each change, over as many lives as 100,000 different disks take.
fn power_cut(environment: &[(&str, &std::ffi::OsStr)]) -> Result<(), String> {
    let mut test = cargo(["test", "--workspace", "--test", "power_cut", "whatever_was_called_saved"]);
    test.args(["--", "--nocapture"]).env("DAYPACK_POWER_IMAGES", "100000");
    test.envs(environment.iter().copied());
    execute(&mut test)
}

type Wanted<'a> = &'a dyn Fn(&str) -> bool;

fn tests_with_screen(
    wanted: Wanted<'_>,
    screen: &Screen,
    environment: &[(&str, &std::ffi::OsStr)],
) -> Result<(), String> {
    match tests_with(wanted, &LONG, Some(screen), environment) {
        Err(error) if error.starts_with(NO_SUCH_TEST) => Ok(()),
        other => other,
    }
}

fn all_tests_with(
    wanted: Wanted<'_>,
    _: &Screen,
    environment: &[(&str, &std::ffi::OsStr)],
) -> Result<(), String> {
    crate_tests_with(wanted, &LONG, environment)
}

/// `cargo xtask screenshots`; the tests write into `DAYPACK_SCREENSHOTS`.
pub fn screenshots(_: &[String]) -> Result<(), String> {
    prepare()?;
    let folder = root().join("docs/screenshots");
    std::fs::create_dir_all(&folder).map_err(|error| format!("docs/screenshots: {error}"))?;
    let screen = Screen::start()?;
    tests_with(
        |name| name.contains("screenshots"),
        &LONG,
        Some(&screen),
        &[("DAYPACK_SCREENSHOTS", folder.as_os_str())],
    )
}

fn prepare() -> Result<(), String> {
    system::for_test()?;
    ui::build()?;
    sample::build()?;
    build()?;
    sample::pack()
}
