//! The TypeScript of the one list of commands and events.

use crate::root::{program, root};
use crate::run::{build, command, output};

const FILE: &str = "ui/src/lib/host/bindings.ts";

/// `cargo xtask bindings [--check]`.
pub fn run_with(check: bool) -> Result<(), String> {
    let fresh = output(command(program("daypack")).args(["commands", "--typescript"]))?;
    let path = root().join(FILE);
    let old = std::fs::read_to_string(&path).unwrap_or_default();
    if old == fresh {
        return Ok(());
    }
    if check {
        return Err(format!("{FILE} is not what the list says; run `cargo xtask bindings` and commit it"));
    }
    std::fs::write(&path, fresh).map_err(|error| format!("{FILE}: {error}"))?;
    println!("wrote {FILE}");
    Ok(())
}

/// The command: builds the tool first.
pub fn run(arguments: &[String]) -> Result<(), String> {
    build()?;
    run_with(arguments.iter().any(|a| a == "--check"))
}
