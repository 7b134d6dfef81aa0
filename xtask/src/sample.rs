//! The sample course, built from its sources and kept by their digest; and its package.

use std::path::PathBuf;

use crate::root::{program, root, target};
use crate::run::{command, run};

/// The built course folder.
pub fn course() -> PathBuf {
    target().join("sample/course")
}

/// The library with the course as a package.
pub fn library() -> PathBuf {
    target().join("sample/library")
}

/// What was built once is kept here; `DAYPACK_SAMPLE_CACHE` names another place (a machine that tests often).
pub fn cache() -> PathBuf {
    let set = std::env::var_os("DAYPACK_SAMPLE_CACHE").filter(|dir| !dir.is_empty());
    set.map_or_else(|| target().join("sample/cache"), |dir| root().join(dir))
}

/// Builds the course folder.
pub fn build() -> Result<(), String> {
    run(command("node").arg("samples/build.mjs").arg("--out").arg(course()).arg("--cache").arg(cache()))
}

/// Runs the course's own checks.
pub fn check() -> Result<(), String> {
    run(command("node").args(["--test", "samples/"]).env("DAYPACK_SAMPLE_CACHE", cache()))
}

/// Makes a signed library with the course in it. The key is this computer's own, made once.
pub fn pack() -> Result<(), String> {
    let key = target().join("sample/practice-key");
    if !key.exists() {
        run(command(program("daypack")).args(["pack", "keygen"]).arg(&key))?;
    }
    let name = "how-the-internet-reaches-you";
    run(command(program("daypack"))
        .args(["pack", "build"])
        .arg(course())
        .arg("--out")
        .arg(library().join(name))
        .arg("--key")
        .arg(&key))?;
    run(command(program("daypack"))
        .args(["pack", "library"])
        .arg(library())
        .args(["--title", "Practice library", "--key"])
        .arg(&key)
        .arg(name))
}
