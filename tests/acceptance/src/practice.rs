//! A practice campus of one's own: its process, its switches, and what it saw.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// The built programs' folder.
pub fn bin(name: &str) -> PathBuf {
    let exe = std::env::current_exe().expect("the test's own path");
    let profile = exe.parent().and_then(Path::parent).expect("target/<profile>/deps");
    let path = profile.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    assert!(path.exists(), "{} is not built; run `cargo build --workspace` first", path.display());
    path
}

/// The project's folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the project's folder")
}

/// The small course folder the campus's own tests use.
pub fn small_course() -> PathBuf {
    root().join("tests/campus/fixture")
}

/// The sample course as `cargo xtask` builds it; `None` when it was not built.
pub fn sample_course() -> Option<PathBuf> {
    let path =
        std::env::var_os("DAYPACK_SAMPLE").map_or_else(|| root().join("target/sample/course"), PathBuf::from);
    path.join("course.json").exists().then_some(path)
}

/// What stands for the computer's keyring beside the data folder `data`; never a real one.
pub fn keyring_of(data: &Path) -> PathBuf {
    let folder = root().join("target/tests/keyrings");
    std::fs::create_dir_all(&folder).expect("a folder for keyrings");
    folder.join(daypack_course::Digest::of(data.to_string_lossy().as_bytes()).to_string())
}

/// A running campus; stopped when dropped.
pub struct Practice {
    child: Child,
    /// Address of the site.
    pub site: String,
    /// Address of the package library.
    pub library: String,
    /// Address of the switches.
    pub control: String,
    arguments: Vec<String>,
    port: u16,
}

impl Practice {
    /// Starts a campus that teaches `course`, with `library` beside it and state kept in `state`.
    pub fn start(course: &Path, library: Option<&Path>, state: &Path) -> Self {
        let mut arguments = vec![
            "serve".to_owned(),
            "--course".into(),
            course.display().to_string(),
            "--state".into(),
            state.display().to_string(),
            "--grade-after".into(),
            "3600".into(),
        ];
        if let Some(library) = library {
            arguments.extend(["--library".into(), library.display().to_string()]);
        }
        Self::spawn(arguments, 0)
    }

    fn spawn(arguments: Vec<String>, port: u16) -> Self {
        let mut child = Command::new(bin("campus"))
            .args(&arguments)
            .args(["--port", &port.to_string(), "--control-port", "0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the campus starts");
        let mut line = String::new();
        let out = child.stdout.take().expect("piped");
        BufReader::new(out).read_line(&mut line).expect("the campus says where it is");
        let said: Value = serde_json::from_str(&line).expect("one JSON line");
        let text = |name: &str| said[name].as_str().expect("a text").to_owned();
        let site = text("site");
        let port = site.rsplit(':').next().and_then(|p| p.parse().ok()).expect("a port");
        Self { child, library: text("library"), control: text("control"), site, arguments, port }
    }

    /// Turns a switch; returns what the campus says.
    pub fn ctl(&self, words: &[&str]) -> String {
        let out = Command::new(bin("campus"))
            .args(["ctl", "--control", &self.control])
            .args(words)
            .output()
            .expect("ctl runs");
        assert!(out.status.success(), "ctl {words:?}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8_lossy(&out.stdout).into_owned()
    }

    /// The text of a QR code that signs a person in.
    pub fn code(&self, who: &str) -> String {
        let said: Value = serde_json::from_str(&self.ctl(&["qr-code", who])).expect("JSON");
        said["text"].as_str().expect("a text").to_owned()
    }

    /// How often a function or script was asked.
    pub fn asked(&self, function: &str) -> u64 {
        let log: Value = serde_json::from_str(&self.ctl(&["requests"])).expect("JSON");
        log["by_function"][function]["count"].as_u64().unwrap_or(0)
    }

    /// What the campus holds, as JSON.
    pub fn state(&self) -> Value {
        serde_json::from_str(&self.ctl(&["state"])).expect("JSON")
    }

    /// Stops the campus: from now on nobody answers.
    pub fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts it again at the same address with the same state.
    pub fn restart(&mut self) {
        self.stop();
        let fresh = Self::spawn(self.arguments.clone(), self.port);
        *self = fresh;
    }
}

impl Drop for Practice {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Runs the tool; returns its exit code and the JSON it printed.
pub fn daypack(arguments: &[&str]) -> (i32, Value) {
    let data = arguments.windows(2).find(|pair| pair[0] == "--data").map_or("", |pair| pair[1]);
    let out = Command::new(bin("daypack"))
        .args(arguments)
        .env("DAYPACK_KEYRING", keyring_of(Path::new(data)))
        .env_remove("DAYPACK_PASSPHRASE")
        .stderr(Stdio::inherit())
        .output()
        .expect("the tool runs");
    let text = String::from_utf8_lossy(&out.stdout);
    let last = text.lines().last().unwrap_or_default();
    (out.status.code().unwrap_or(-1), serde_json::from_str(last).unwrap_or(Value::Null))
}

/// Copies a folder with all that is in it.
pub fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}
