//! A screen of our own for window tests: Xvfb on a free display, gone when we are done.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use crate::run::command;

/// A running Xvfb.
pub struct Screen {
    xvfb: Child,
    display: String,
}

impl Screen {
    /// Starts one; it chooses a free display itself.
    pub fn start() -> Result<Self, String> {
        let mut xvfb = command("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1440x1000x24", "-nolisten", "tcp", "-noreset"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("Xvfb: {error}"))?;
        let mut line = String::new();
        if let Some(out) = xvfb.stdout.take() {
            let _ = BufReader::new(out).read_line(&mut line);
        }
        let number = line.trim().to_owned();
        let screen = Self { xvfb, display: format!(":{number}") };
        if number.is_empty() {
            return Err("Xvfb did not start".into());
        }
        Ok(screen)
    }

    /// `command` on this screen, in a D-Bus session of its own.
    pub fn wrap(&self, command: &Command) -> Command {
        let mut wrapped = crate::run::command("dbus-run-session");
        wrapped.arg("--").arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => wrapped.env(name, value),
                None => wrapped.env_remove(name),
            };
        }
        wrapped
            .env("DISPLAY", &self.display)
            .env("GDK_BACKEND", "x11")
            .env("LIBGL_ALWAYS_SOFTWARE", "1")
            .env("NO_AT_BRIDGE", "1")
            .env_remove("WAYLAND_DISPLAY");
        wrapped
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // TERM, so that it takes its lock file along.
        let _ = command("kill").arg(self.xvfb.id().to_string()).status();
        let _ = self.xvfb.wait();
    }
}
