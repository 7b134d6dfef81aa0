//! Daypack beside a practice campus, as a learner has it beside a school.
//!
//! What must stay true: everything lives below `target/practice` (delete it to begin again), the campus listens on
//! this computer only, and closing the window closes the campus.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Stdio};

use crate::root::{program, target};
use crate::run::{build, command, run as execute};
use crate::{sample, system, ui};

/// The campus' usual port: courses and sign-ins name it, so it stays the same from day to day.
const PORT: &str = "8642";

fn place(name: &str) -> PathBuf {
    target().join("practice").join(name)
}

/// `cargo xtask run`.
pub fn run(arguments: &[String]) -> Result<(), String> {
    prepare()?;
    let campus = Campus::open(&[])?;
    println!("{}", campus.welcome());
    let screen = cfg!(not(target_os = "linux"))
        || ["DISPLAY", "WAYLAND_DISPLAY"]
            .iter()
            .any(|name| std::env::var_os(name).is_some_and(|v| !v.is_empty()));
    if !screen {
        return Err(
            "everything is built, but there is no screen here (neither DISPLAY nor WAYLAND_DISPLAY is set); \
                    run it inside a desktop, or under xvfb-run"
                .into(),
        );
    }
    let mut app = command(program("daypack-app"));
    app.arg("--data").arg(place("data")).args(arguments);
    if std::env::var_os("DAYPACK_LOG").is_none() {
        app.env("DAYPACK_LOG", "warn");
    }
    execute(&mut app)
}

/// `cargo xtask campus`.
pub fn campus(arguments: &[String]) -> Result<(), String> {
    prepare()?;
    let mut campus = Campus::open(arguments)?;
    println!("{}\nCtrl-C closes it.", campus.welcome());
    let ended = campus.process.wait().map_err(|error| format!("campus: {error}"))?;
    Err(format!("the campus ended: {ended}"))
}

/// `cargo xtask ctl COMMAND...`: to the campus opened last.
pub fn ctl(arguments: &[String]) -> Result<(), String> {
    let control = std::fs::read_to_string(place("control")).map_err(|_| {
        "no campus was opened here; `cargo xtask run` or `cargo xtask campus` opens one".to_owned()
    })?;
    execute(command(program("campus")).args(["ctl", "--control", control.trim()]).args(arguments))
}

fn prepare() -> Result<(), String> {
    system::for_run()?;
    ui::build()?;
    sample::build()?;
    build()?;
    sample::pack()
}

/// A running campus, closed with us.
struct Campus {
    process: Child,
    facts: String,
}

impl Campus {
    fn open(arguments: &[String]) -> Result<Self, String> {
        std::fs::create_dir_all(place("campus")).map_err(|error| format!("target/practice: {error}"))?;
        let mut serve = command(program("campus"));
        serve.arg("serve").arg("--course").arg(sample::course()).arg("--library").arg(sample::library());
        serve.arg("--state").arg(place("campus"));
        if !arguments.iter().any(|a| a == "--port" || a.starts_with("--port=")) {
            serve.args(["--port", PORT]);
        }
        let mut process = serve
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("the practice campus cannot be started: {error}"))?;
        let mut facts = String::new();
        if let Some(out) = process.stdout.take() {
            let _ = BufReader::new(out).read_line(&mut facts);
        }
        let campus = Self { process, facts };
        let control = campus.fact("control").ok_or(
            "the practice campus did not open (its reason is above; is another one running on port 8642?)",
        )?;
        std::fs::write(place("control"), control).map_err(|error| format!("target/practice: {error}"))?;
        Ok(campus)
    }

    /// A text of the line of JSON that the campus prints.
    fn fact(&self, name: &str) -> Option<&str> {
        text_of(&self.facts, name)
    }

    fn welcome(&self) -> String {
        let say = |name| self.fact(name).unwrap_or("?");
        format!(
            "\nThe practice campus is open.\n  address   {}\n  name      {}\n  password  {}\n  library   {}\n\
             Work handed in is marked after a minute. `cargo xtask ctl offline on` takes the campus away, \
             `... offline off` brings it back.\n",
            say("site"),
            say("username"),
            say("password"),
            say("library"),
        )
    }
}

impl Drop for Campus {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_file(place("control"));
    }
}

/// The first text called `name` in a line of JSON without escapes.
fn text_of<'a>(json: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = json.split_once(&format!("\"{name}\":"))?;
    rest.trim_start().strip_prefix('"')?.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sign_in_is_read_from_the_campus_line() {
        let line = r#"{"control":"http://127.0.0.1:4/w","site":"http://127.0.0.1:8642","users":[{"password":"p","username":"u"}]}"#;
        assert_eq!(text_of(line, "control"), Some("http://127.0.0.1:4/w"));
        assert_eq!(text_of(line, "username"), Some("u"));
        assert_eq!(text_of(line, "users"), None);
        assert_eq!(text_of("", "site"), None);
    }
}
