//! From an encrypted address nobody is led to one that is not: no address of a site, no file. A site with a certificate of
//! a computer of our own points to a plain server, which must hear nothing.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::io::Read as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use daypack_tests::practice::bin;
use serde_json::{Value, json};

/// An encrypted site whose answers are files, and the plain server beside it.
struct Site {
    folder: PathBuf,
    address: String,
    plain: String,
    heard: Arc<Mutex<Vec<String>>>,
    server: Child,
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn openssl(dir: &Path, words: &[&str]) {
    let done = Command::new("openssl").args(words).current_dir(dir).output().expect("openssl is there");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

impl Site {
    /// `None`, and said, where there is no `openssl` to make a certificate and to serve with.
    fn start(dir: &Path) -> Option<Self> {
        if Command::new("openssl").arg("version").output().is_err() {
            println!("NOT RUN: there is no openssl here");
            return None;
        }
        std::fs::write(dir.join("names"), "subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n")
            .unwrap();
        let subject = |name: &str| format!("/CN={name}");
        let (root, leaf) = (subject("a root for one test"), subject("127.0.0.1"));
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
        let days = ["-days", "2"];
        let mut words = vec!["req", "-x509", "-subj", &root, "-keyout", "root.key", "-out", "root.pem"];
        words.extend(key.iter().chain(&days));
        openssl(dir, &words);
        let mut words = vec!["req", "-subj", &leaf, "-keyout", "site.key", "-out", "site.csr"];
        words.extend(key);
        openssl(dir, &words);
        let mut words = vec!["x509", "-req", "-in", "site.csr", "-CA", "root.pem", "-CAkey", "root.key"];
        words.extend(["-CAcreateserial", "-extfile", "names", "-out", "site.pem"]);
        words.extend(days);
        openssl(dir, &words);

        let folder = dir.join("answers");
        std::fs::create_dir_all(folder.join("login")).unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let server = Command::new("openssl")
            .args(["s_server", "-accept", &free.to_string(), "-HTTP", "-quiet"])
            .args(["-cert", "../site.pem", "-key", "../site.key"])
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let end = Instant::now() + Duration::from_secs(10);
        while std::net::TcpStream::connect(free).is_err() {
            assert!(Instant::now() < end, "the site does not listen");
            std::thread::sleep(Duration::from_millis(10));
        }

        let plain = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", plain.local_addr().unwrap());
        let heard = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&heard);
        std::thread::spawn(move || {
            for mut stream in plain.incoming().flatten() {
                let mut first = [0; 256];
                let n = stream.read(&mut first).unwrap_or(0);
                log.lock().unwrap().push(String::from_utf8_lossy(&first[..n]).into_owned());
            }
        });
        Some(Self { folder, address: format!("https://{free}"), plain: address, heard, server })
    }

    /// Answers `path` with a redirect or with a body.
    fn answer(&self, path: &str, status: &str, head: &str, body: &str) {
        let text = format!(
            "HTTP/1.1 {status}\r\n{head}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        std::fs::write(self.folder.join(path), text).unwrap();
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

/// Runs the tool where the test's own root is trusted; whether it did what was asked, and what it said.
fn tool(dir: &Path, words: &[&str]) -> (bool, Value) {
    let out = Command::new(bin("daypack"))
        .args(words)
        .env("SSL_CERT_FILE", dir.join("root.pem"))
        .env("DAYPACK_KEYRING", "none")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&out.stdout);
    (out.status.success(), serde_json::from_str(text.lines().last().unwrap_or_default()).unwrap_or_default())
}

#[test]
fn an_encrypted_address_never_leads_to_one_that_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let Some(site) = Site::start(dir.path()) else { return };
    let out = dir.path().join("lecture.pdf");
    let fetch = |path: &str| {
        let from = format!("{}/{path}", site.address);
        tool(dir.path(), &["fetch", &from, "--out", out.to_str().unwrap(), "--patience", "3"])
    };
    // A file: the same way over an encrypted hop is the control.
    site.answer("file", "200 OK", "Content-Type: application/pdf\r\n", "%PDF-1.7");
    site.answer("safe", "302 Found", &format!("Location: {}/file\r\n", site.address), "");
    let (done, said) = fetch("safe");
    assert!(done && std::fs::read(&out).unwrap() == b"%PDF-1.7", "{said}");
    std::fs::remove_file(&out).unwrap();
    site.answer("down", "302 Found", &format!("Location: {}/file\r\n", site.plain), "");
    let (done, said) = fetch("down");
    assert!(!done && !out.exists(), "{said}");

    // The address of a site: typed by the learner, answered by a way to a plain one.
    let check = || {
        let data = dir.path().join("data");
        let address = json!({ "address": site.address }).to_string();
        let (done, said) =
            tool(dir.path(), &["call", "site_check", &address, "--data", data.to_str().unwrap()]);
        (done, said["error"]["code"].as_str().unwrap_or_default().to_owned())
    };
    let way = format!("Location: {}/login/token.php?appsitecheck=1\r\n", site.plain);
    site.answer("login/token.php?appsitecheck=1", "302 Found", &way, "");
    assert_eq!(check(), (false, "insecure_address".to_owned()));
    assert_eq!(site.heard(), Vec::<String>::new(), "nobody asked the plain server anything");
    // The control: an encrypted hop is followed to its end, and the plain server would have heard.
    let json = "Content-Type: application/json\r\n";
    site.answer("other", "200 OK", json, r#"{"appsitecheck":"another program's"}"#);
    let way = format!("Location: {}/other\r\n", site.address);
    site.answer("login/token.php?appsitecheck=1", "302 Found", &way, "");
    assert_eq!(check(), (false, "not_an_lms".to_owned()));
    drop(std::net::TcpStream::connect(site.plain.trim_start_matches("http://")).unwrap());
    let end = Instant::now() + Duration::from_secs(5);
    while site.heard().is_empty() {
        assert!(Instant::now() < end, "the plain server hears nothing at all");
        std::thread::sleep(Duration::from_millis(10));
    }
}
