//! `cargo xtask`: the only door to every command of the project.
//!
//! What must stay true: nothing but the standard library, so that it is there in seconds on a fresh machine; each
//! command says what it does, never asks, and fails with one clear line.

mod bindings;
mod check;
mod licences;
mod links;
mod practice;
mod proof;
mod root;
mod run;
mod sample;
mod screen;
mod soak;
mod stages;
mod system;
mod test;
mod ui;

use std::process::ExitCode;

/// A command: name, what it does, and the deed.
type Command = (&'static str, &'static str, fn(&[String]) -> Result<(), String>);

const COMMANDS: &[Command] = &[
    ("run", "install what is missing, build, and open Daypack beside a practice campus", practice::run),
    ("test", "install what is missing, build, and run every test, the window tests included", test::run),
    ("check", "formatting, lints, types: the quick look before a commit", check::check),
    ("fix", "repair formatting and what lints can repair", check::fix),
    ("bindings", "write the TypeScript of the list of commands; --check only compares", bindings::run),
    ("campus", "open the practice campus alone; arguments go to `campus serve`", practice::campus),
    ("ctl", "talk to the campus that `run` opened, e.g. `cargo xtask ctl offline on`", practice::ctl),
    (
        "bench",
        "measure what the project promises; `bench links` only the downloader, behind bad links",
        proof::bench,
    ),
    (
        "soak",
        "the long tests (ignored ones of */tests/*soak*.rs), on from where they stopped; --minutes N, --only NAME",
        proof::soak,
    ),
    ("screenshots", "pictures of each page, light and dark, into docs/screenshots", proof::screenshots),
    ("install", "only install what is missing for all of the above", system::install_all),
];

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(name) = arguments.next().filter(|name| !matches!(name.as_str(), "help" | "--help" | "-h"))
    else {
        println!("cargo xtask COMMAND\n");
        for (name, what, _) in COMMANDS {
            println!("  {name:<12} {what}");
        }
        return ExitCode::SUCCESS;
    };
    let rest: Vec<String> = arguments.collect();
    let Some((_, _, deed)) = COMMANDS.iter().find(|(known, _, _)| *known == name) else {
        eprintln!("xtask: there is no command {name:?}; `cargo xtask` lists them");
        return ExitCode::from(2);
    };
    match deed(&rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("xtask {name}: {why}");
            ExitCode::FAILURE
        }
    }
}
