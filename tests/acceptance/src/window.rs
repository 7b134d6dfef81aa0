//! The real window, driven from outside: WebKitWebDriver starts `daypack-app` and hands us its page.
//!
//! Needs a screen (`DISPLAY`; `cargo xtask test` gives one) and the built programs. One window at a time: WebKit allows
//! one automated session, so window tests run with `--test-threads=1`. The driver, the window and their folders go
//! when the [`Window`] is dropped, also when a test fails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fantoccini::elements::Element;
use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use crate::practice::{bin, keyring_of};

/// How long a page may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(15);

/// A window of Daypack under remote control.
pub struct Window {
    /// The WebDriver session, for what has no helper here.
    pub client: Client,
    data: PathBuf,
    home: tempfile::TempDir,
    driver: Driver,
}

/// WebKitWebDriver, killed with what it started.
struct Driver {
    child: Child,
    port: u16,
}

impl Drop for Driver {
    fn drop(&mut self) {
        // TERM first: the driver then ends its session and the window.
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        }
        let end = Instant::now() + Duration::from_secs(2);
        while Instant::now() < end && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Window {
    /// Opens Daypack on a data folder.
    pub async fn open(data: &Path) -> Self {
        Self::open_with(data, &[], &[]).await
    }

    /// Opens Daypack with more arguments and environment.
    pub async fn open_with(data: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut args = vec!["--data".to_owned(), data.display().to_string()];
        args.extend(arguments.iter().map(|&a| a.to_owned()));
        Self::open_program(&bin("daypack-app"), data, &args, environment).await
    }

    /// Opens another program's window; `data` tells its processes apart where it takes a folder.
    pub async fn open_program(
        app: &Path,
        data: &Path,
        args: &[String],
        environment: &[(&str, &str)],
    ) -> Self {
        assert!(
            std::env::var_os("DISPLAY").is_some(),
            "a window test needs a screen: run it through `cargo xtask test` or under xvfb-run"
        );
        // The learner's own folders are never touched: the window lives in a home of its own.
        let home = tempfile::tempdir().expect("a home");
        let driver = Driver::start(home.path(), data, environment);
        let mut wanted = Capabilities::new();
        wanted.insert("webkitgtk:browserOptions".into(), json!({ "binary": app, "args": args }));
        let client = driver.connect(wanted).await;
        Self { client, data: data.to_owned(), home, driver }
    }

    /// The data folder.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The home the window lives in.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// What the next choice of a file or folder answers; empty for "changed their mind".
    pub fn pick(&self, path: &str) {
        std::fs::write(self.home.path().join("pick"), path).expect("the choice is written");
    }

    /// Addresses that were opened outside so far.
    pub fn opened(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.home.path().join("opened")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// Waits for an element by CSS selector.
    pub async fn wait(&self, css: &str) -> Element {
        match self.client.wait().at_most(PATIENCE).for_element(Locator::Css(css)).await {
            Ok(element) => element,
            Err(error) => panic!("{css} did not come: {error}\n{}", self.page().await),
        }
    }

    /// Waits for an element by its `data-testid`.
    pub async fn part(&self, id: &str) -> Element {
        self.wait(&format!("[data-testid=\"{id}\"]")).await
    }

    /// Waits for an element and clicks it.
    pub async fn click(&self, css: &str) {
        let element = self.wait(css).await;
        if let Err(error) = element.click().await {
            panic!("{css} cannot be clicked: {error}\n{}", self.page().await);
        }
    }

    /// Presses what ends the window: the page does it itself a moment later, for the driver's answer would go with it.
    pub async fn press_at_last(&self, id: &str) {
        self.part(id).await;
        let script = "const id = arguments[0]; setTimeout(() => document.querySelector(`[data-testid=${id}]`).click(), 50)";
        self.run(script, vec![json!(id)]).await;
    }

    /// Waits for an element with this `data-testid` and clicks it.
    pub async fn press(&self, id: &str) {
        self.click(&format!("[data-testid=\"{id}\"]")).await;
    }

    /// Types into a field, after what is there.
    pub async fn write(&self, css: &str, text: &str) {
        self.wait(css).await.send_keys(text).await.expect("typing");
    }

    /// Waits until the page shows this text somewhere.
    pub async fn text(&self, text: &str) {
        self.until(
            &format!("text {text:?}"),
            "return document.body.innerText.includes(arguments[0])",
            vec![json!(text)],
        )
        .await;
    }

    /// Waits until a script returns something true.
    pub async fn until(&self, what: &str, script: &str, arguments: Vec<Value>) -> Value {
        let end = Instant::now() + PATIENCE;
        loop {
            let value = self.client.execute(script, arguments.clone()).await.unwrap_or(Value::Null);
            if !matches!(value, Value::Null | Value::Bool(false)) {
                return value;
            }
            assert!(Instant::now() < end, "{what} did not come\n{}", self.page().await);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Runs a script in the page and returns its value.
    pub async fn run(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.client.execute(script, arguments).await.expect("the script runs")
    }

    /// Runs a script that ends by calling its last argument.
    pub async fn run_async(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.client.execute_async(script, arguments).await.expect("the script runs")
    }

    /// Asks for a command the way any script in the page could; what came back or was thrown.
    pub async fn invoke(&self, command: &str, arguments: Value) -> Result<Value, Value> {
        let script = "const [cmd, args, done] = arguments; window.__TAURI_INTERNALS__.invoke(cmd, args)\
            .then(ok => done({ ok: ok ?? null }), error => done({ error }));";
        let answer = self.run_async(script, vec![json!(command), arguments]).await;
        match answer.get("error") {
            Some(error) => Err(error.clone()),
            None => Ok(answer["ok"].clone()),
        }
    }

    /// Runs a command of the list.
    pub async fn call(&self, name: &str, input: Value) -> Result<Value, Value> {
        self.invoke("call", json!({ "name": name, "input": input })).await
    }

    /// Gives the page a size.
    pub async fn size(&self, width: u32, height: u32) {
        self.client.set_window_size(width, height).await.expect("the window takes a size");
    }

    /// Writes a picture of the page.
    pub async fn screenshot(&self, file: &Path) {
        let png = self.client.screenshot().await.expect("a picture");
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder).expect("a folder for pictures");
        }
        std::fs::write(file, png).expect("the picture is written");
    }

    /// Process ids of the window program itself.
    pub fn processes(&self) -> Vec<u32> {
        let mark = self.data.display().to_string();
        let mut found = Vec::new();
        for entry in std::fs::read_dir("/proc").expect("/proc").flatten() {
            let Some(id) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
            let words: Vec<_> = line.split(|b| *b == 0).map(String::from_utf8_lossy).collect();
            let is_app = words.first().is_some_and(|program| program.ends_with("daypack-app"));
            if is_app && words.iter().any(|word| *word == mark) {
                found.push(id);
            }
        }
        found
    }

    /// `kill -9`, as a crash or a dead battery would end it.
    pub fn kill(mut self) {
        for id in self.processes() {
            let _ = Command::new("kill").args(["-9", &id.to_string()]).status();
        }
        let _ = self.driver.child.kill();
        let end = Instant::now() + Duration::from_secs(5);
        while !self.processes().is_empty() {
            assert!(Instant::now() < end, "a killed program stays");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Closes the window as a session's end does, and waits until the program has gone.
    pub async fn close(mut self) {
        let left = self.processes();
        for id in &left {
            let _ = Command::new("kill").arg(id.to_string()).status();
        }
        let end = Instant::now() + Duration::from_secs(8);
        while !self.processes().is_empty() {
            assert!(Instant::now() < end, "Daypack does not close");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let _ = self.driver.child.kill();
    }

    /// The page's text, for messages of failed tests.
    async fn page(&self) -> String {
        let text =
            self.client.execute("return location.href + '\\n' + document.body.innerText", vec![]).await;
        text.ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_else(|| "(no page)".into())
    }
}

impl Driver {
    fn start(home: &Path, data: &Path, environment: &[(&str, &str)]) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|l| l.local_addr())
            .expect("a free port")
            .port();
        let mut driver = Command::new("WebKitWebDriver");
        driver
            .arg(format!("--port={port}"))
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .env("HOME", home)
            .env("XDG_DATA_HOME", home.join("data"))
            .env("XDG_CONFIG_HOME", home.join("config"))
            .env("XDG_CACHE_HOME", home.join("cache"))
            .env("DAYPACK_PICK", home.join("pick"))
            .env("DAYPACK_OPENED", home.join("opened"))
            .env("DAYPACK_KEYRING", keyring_of(data))
            .env_remove("DAYPACK_DATA")
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        if std::env::var_os("DAYPACK_WINDOW_STDERR").is_none() {
            driver.stderr(Stdio::null());
        }
        let child = driver.spawn().expect("WebKitWebDriver (Debian: webkit2gtk-driver) starts");
        Self { child, port }
    }

    async fn connect(&self, wanted: Capabilities) -> Client {
        let address = format!("http://127.0.0.1:{}", self.port);
        let end = Instant::now() + PATIENCE;
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(Instant::now() < end, "WebKitWebDriver does not listen");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let mut builder = ClientBuilder::new(HttpConnector::new());
        match tokio::time::timeout(PATIENCE * 2, builder.capabilities(wanted).connect(&address)).await {
            Ok(Ok(client)) => client,
            Ok(Err(error)) => panic!("the window does not open: {error}"),
            Err(_) => panic!("the window does not open: no answer from WebKitWebDriver"),
        }
    }
}
