//! A campus process and a plain HTTP client. The client is raw sockets, so that a cut connection is seen
//! as what it is.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// A running campus.
pub struct Campus {
    child: Child,
    /// `127.0.0.1:PORT`
    pub host: String,
    /// `http://127.0.0.1:PORT`
    pub site: String,
    pub control: String,
    /// Token of student1 once signed in.
    pub token: String,
}

/// An HTTP answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a JSON body")
    }
}

impl Drop for Campus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixture")
}

impl Campus {
    /// Starts a campus on the fixture and signs student1 in.
    pub fn open(more: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_campus"))
            .args(["serve", "--port", "0", "--course"])
            .arg(fixture())
            .args(more)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the campus starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let told: Value = serde_json::from_str(&line).expect("one JSON line");
        let site = told["site"].as_str().unwrap().to_owned();
        let mut campus = Self {
            child,
            host: site.trim_start_matches("http://").to_owned(),
            site,
            control: told["control"].as_str().unwrap().to_owned(),
            token: String::new(),
        };
        campus.token = campus.sign_in("student1", "practice-1");
        campus
    }

    pub fn sign_in(&self, username: &str, password: &str) -> String {
        let form = format!("username={username}&password={password}&service=moodle_mobile_app");
        self.post("/login/token.php", &form).unwrap().json()["token"].as_str().expect("a token").to_owned()
    }

    /// Ends the process without warning.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// A command of `campus ctl`.
    pub fn ctl(&self, arguments: &[&str]) -> Value {
        let out = Command::new(env!("CARGO_BIN_EXE_campus"))
            .args(["ctl", "--control", &self.control])
            .args(arguments)
            .output()
            .unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        serde_json::from_slice(&out.stdout).unwrap()
    }

    /// Calls a function with student1's token; `form` is urlencoded.
    pub fn call(&self, function: &str, form: &str) -> Value {
        self.try_call(function, form).expect("an answer")
    }

    pub fn try_call(&self, function: &str, form: &str) -> std::io::Result<Value> {
        self.call_as(&self.token, function, form)
    }

    pub fn call_as(&self, token: &str, function: &str, form: &str) -> std::io::Result<Value> {
        let form = format!("wstoken={token}&wsfunction={function}&moodlewsrestformat=json&{form}");
        Ok(self.post("/webservice/rest/server.php", &form)?.json())
    }

    pub fn post(&self, path: &str, form: &str) -> std::io::Result<Answer> {
        self.request("POST", path, &[("Content-Type", "application/x-www-form-urlencoded")], form.as_bytes())
    }

    pub fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.request("GET", path, headers, b"").unwrap()
    }

    /// One upload; `files` are name and content.
    pub fn upload(&self, itemid: i64, files: &[(&str, &[u8])]) -> std::io::Result<Value> {
        let mut body = Vec::new();
        let fields =
            [("token", self.token.clone()), ("itemid", itemid.to_string()), ("filepath", "/".to_owned())];
        for (name, value) in fields {
            body.extend(
                format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
                    .as_bytes(),
            );
        }
        for (at, (name, content)) in files.iter().enumerate() {
            body.extend(
                format!("--XX\r\nContent-Disposition: form-data; name=\"file_{at}\"; filename=\"{name}\"\r\nContent-Type: application/octet-stream\r\n\r\n")
                    .as_bytes(),
            );
            body.extend(*content);
            body.extend(b"\r\n");
        }
        body.extend(b"--XX--\r\n");
        let kind = [("Content-Type", "multipart/form-data; boundary=XX")];
        Ok(self.request("POST", "/webservice/upload.php", &kind, &body)?.json())
    }

    pub fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> std::io::Result<Answer> {
        let mut stream = TcpStream::connect(&self.host)?;
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.host);
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if method != "GET" && method != "HEAD" {
            head.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        stream.write_all(head.as_bytes())?;
        stream.write_all(body)?;
        let mut all = Vec::new();
        stream.read_to_end(&mut all)?;
        parse(method, &all).ok_or_else(|| std::io::ErrorKind::UnexpectedEof.into())
    }
}

fn parse(method: &str, all: &[u8]) -> Option<Answer> {
    let split = all.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&all[..split]).into_owned();
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": ").or(line.split_once(':')))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let raw = &all[split + 4..];
    let chunked = headers
        .iter()
        .any(|(name, value)| name.eq_ignore_ascii_case("transfer-encoding") && value == "chunked");
    let body = if chunked && method != "HEAD" { dechunk(raw)? } else { raw.to_vec() };
    Some(Answer { status, headers, body })
}

fn dechunk(mut raw: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    loop {
        let end = raw.windows(2).position(|two| two == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&raw[..end]).ok()?, 16).ok()?;
        if size == 0 {
            return Some(out);
        }
        out.extend(raw.get(end + 2..end + 2 + size)?);
        raw = raw.get(end + 4 + size..)?;
    }
}

/// `confirmdatasaved=1` as every call on an attempt needs it.
pub const PREFLIGHT: &str = "preflightdata[0][name]=confirmdatasaved&preflightdata[0][value]=1";

/// `data[i][name]=..&data[i][value]=..`
pub fn data(fields: &[(&str, &str)]) -> String {
    let escape =
        |text: &str| text.replace('%', "%25").replace('&', "%26").replace('+', "%2B").replace('=', "%3D");
    fields
        .iter()
        .enumerate()
        .map(|(at, (name, value))| {
            format!("data[{at}][name]={}&data[{at}][value]={}", escape(name), escape(value))
        })
        .collect::<Vec<_>>()
        .join("&")
}
