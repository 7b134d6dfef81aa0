//! The commands that take long and are not part of `test`: measuring, long runs, pictures.
//!
//! Each is the ignored tests of some files of `tests/acceptance/tests`, run in the same build as all others.

use crate::root::root;
use crate::run::build;
use crate::screen::Screen;
use crate::test::{tests, tests_with};
use crate::{sample, system, ui};

const LONG: [&str; 3] = ["--ignored", "--nocapture", "--test-threads=1"];

/// `cargo xtask bench`.
pub fn bench(_: &[String]) -> Result<(), String> {
    prepare()?;
    let screen = Screen::start()?;
    tests(|name| name.contains("bench"), &LONG, Some(&screen))
}

/// `cargo xtask soak [--minutes N]`; the tests read `DAYPACK_SOAK_MINUTES`.
pub fn soak(arguments: &[String]) -> Result<(), String> {
    let minutes = match arguments {
        [] => "10".to_owned(),
        [flag, minutes] if flag == "--minutes" && minutes.parse::<u32>().is_ok() => minutes.clone(),
        _ => return Err("usage: cargo xtask soak [--minutes N]".into()),
    };
    prepare()?;
    let screen = Screen::start()?;
    tests_with(
        |name| name.contains("soak"),
        &LONG,
        Some(&screen),
        &[("DAYPACK_SOAK_MINUTES", minutes.as_ref())],
    )
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
