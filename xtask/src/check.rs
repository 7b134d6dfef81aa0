//! The quick look before a commit, and what can be repaired by machine.

use crate::run::{cargo, run};
use crate::{system, ui};

/// Formatting of the Rust sources.
pub fn formatted() -> Result<(), String> {
    run(&mut cargo(["fmt", "--all", "--check"])).map_err(|why| format!("{why}; `cargo xtask fix` repairs it"))
}

/// Lints, all of them errors.
pub fn lints() -> Result<(), String> {
    run(&mut cargo(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

/// `cargo xtask check`.
pub fn check(_: &[String]) -> Result<(), String> {
    system::for_run()?;
    formatted()?;
    ui::install()?;
    ui::npm(&["run", "check"])?;
    ui::npm(&["run", "lint"])?;
    lints()
}

/// `cargo xtask fix`.
pub fn fix(_: &[String]) -> Result<(), String> {
    run(&mut cargo(["fmt", "--all"]))?;
    ui::install()?;
    ui::npm(&["run", "format"])?;
    run(&mut cargo(["clippy", "--workspace", "--all-targets", "--fix", "--allow-dirty", "--allow-staged"]))
}
