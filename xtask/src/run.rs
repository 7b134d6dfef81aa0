//! Running other programs: shown before they start, no questions, one line when they fail.

use std::ffi::OsStr;
use std::process::{Command, Stdio};

use crate::root::root;

/// A command in the project's root, with nothing to read from.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root()).stdin(Stdio::null());
    command
}

/// `cargo`, the one that started us.
pub fn cargo<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // Set for us by the outer cargo; the inner one and build scripts must not see them.
    for name in ["CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "CARGO_PKG_NAME", "CARGO_PKG_VERSION"] {
        command.env_remove(name);
    }
    command.args(arguments);
    command
}

/// Builds everything, always the same way: one set of features, so that no command builds what another has built.
pub fn build() -> Result<(), String> {
    run(&mut cargo(["build", "--workspace", "--all-targets"]))
}

/// Runs to the end; its output goes where ours goes.
pub fn run(command: &mut Command) -> Result<(), String> {
    let shown = shown(command);
    println!("$ {shown}");
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{shown}: {status}")),
        Err(error) => Err(format!("{shown}: {error}")),
    }
}

/// Runs to the end and returns what it wrote on stdout.
pub fn output(command: &mut Command) -> Result<String, String> {
    let shown = shown(command);
    let out = command.stderr(Stdio::inherit()).output().map_err(|error| format!("{shown}: {error}"))?;
    if !out.status.success() {
        return Err(format!("{shown}: {}", out.status));
    }
    String::from_utf8(out.stdout).map_err(|_| format!("{shown}: its output is no text"))
}

/// Whether a program can be started.
pub fn present(program: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths)
        .any(|dir| dir.join(format!("{program}{}", std::env::consts::EXE_SUFFIX)).is_file())
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<String> = words.map(|word| word.to_string_lossy().into_owned()).collect();
    let root = format!("{}/", root().display());
    words.join(" ").replace(&root, "")
}
