//! The stranger: whoever on this computer, or in a browser on it, asks a guarded server for what is not theirs.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

/// What a stranger knows: where the server listens, and never the word in its path.
pub struct Target {
    /// `127.0.0.1:port`.
    pub host: String,
    /// The real path, of which the strangers know only the form.
    pub path: String,
    /// Bytes that only the owner may see.
    pub secret: Vec<u8>,
}

/// Every question a stranger asks: what it is, and how it goes over the wire.
pub fn questions(target: &Target) -> Vec<(String, String)> {
    let Target { host, path, .. } = target;
    let (word, rest) = path.trim_start_matches('/').split_once('/').unwrap();
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    let mut all: Vec<(String, String)> = Vec::new();
    // No word, a wrong word, a word that is nearly right.
    let wrong = word.chars().rev().collect::<String>();
    let last = if word.ends_with('0') { "1" } else { "0" };
    let near = format!("{}{last}", &word[..word.len() - 1]);
    let paths = [
        "/".to_owned(),
        format!("/{rest}"),
        "/0".into(),
        "/1".into(),
        "/page".into(),
        "/f/".into(),
        "/viewer/pdf.html".into(),
        "/index.html".into(),
        "/favicon.ico".into(),
        "/robots.txt".into(),
        "/.well-known/security.txt".into(),
        format!("/{wrong}/{rest}"),
        format!("/{near}/{rest}"),
        format!("/{}/{rest}", &word[..word.len() - 1]),
        format!("/{word}0/{rest}"),
        format!("/{}/{rest}", word.to_uppercase()),
        format!("/{word}"),
        format!("/{word}/"),
        format!("/{word}/../{rest}"),
        format!("/{word}/%2e%2e/%2e%2e/etc/passwd"),
        format!("/{word}/../../../../etc/passwd"),
        format!("/{word}%2f{rest}"),
        format!("//{word}/{rest}"),
        format!("/x/{word}/{rest}"),
        format!("/{word};x/{rest}"),
        format!("/?{word}/{rest}"),
        format!("/#/{word}/{rest}"),
        format!("/{}/{rest}", "0".repeat(word.len())),
        format!("/{}/{rest}", "a".repeat(100_000)),
        "*".into(),
    ];
    all.extend(paths.iter().map(|path| (format!("path {}", &path[..path.len().min(90)]), get(path))));
    // The right path under another name: a page whose name was bent to this computer asks so.
    let port = host.rsplit(':').next().unwrap();
    for other in [
        format!("localhost:{port}"),
        "localhost".into(),
        "127.0.0.1".into(),
        format!("[::1]:{port}"),
        format!("rebound.example:{port}"),
        "rebound.example".into(),
        format!("127.0.0.1.rebound.example:{port}"),
        format!("127.0.0.1.:{port}"),
        format!("0.0.0.0:{port}"),
        format!("127.1:{port}"),
        format!("2130706433:{port}"),
        "127.0.0.1:1".into(),
        String::new(),
        format!("{host}, rebound.example"),
        format!("user@{host}"),
    ] {
        let wire = format!("GET {path} HTTP/1.1\r\nHost: {other}\r\nConnection: close\r\n\r\n");
        all.push((format!("Host {other:?}"), wire));
    }
    all.push(("no Host".into(), format!("GET {path} HTTP/1.1\r\nConnection: close\r\n\r\n")));
    all.push(("no Host, old".into(), format!("GET {path} HTTP/1.0\r\n\r\n")));
    let two =
        format!("GET {path} HTTP/1.1\r\nHost: rebound.example\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    all.push(("two Hosts".into(), two));
    let whole = format!(
        "GET http://rebound.example{path} HTTP/1.1\r\nHost: rebound.example\r\nConnection: close\r\n\r\n"
    );
    all.push(("whole address".into(), whole));
    // Other methods.
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "PROPFIND", "get", "GETX"]
    {
        let wire = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        );
        all.push((format!("method {method}"), wire));
    }
    // A page in a browser that was told the whole address.
    for origin in ["https://strange.example", "http://127.0.0.1:1", "http://localhost", "file://", "null"] {
        for mode in ["cors", "no-cors"] {
            let wire = format!(
                "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nOrigin: {origin}\r\nSec-Fetch-Site: \
                 cross-site\r\nSec-Fetch-Mode: {mode}\r\nReferer: {origin}/\r\n\r\n"
            );
            all.push((format!("browser at {origin}, {mode}"), wire));
        }
    }
    let preflight = format!(
        "OPTIONS {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nOrigin: https://strange.example\r\n\
         Access-Control-Request-Method: GET\r\nAccess-Control-Request-Private-Network: true\r\n\r\n"
    );
    all.push(("preflight".into(), preflight));
    all.push(("no HTTP".into(), "\x16\x03\x01\x02\x00\x01\x00\x01\u{fc}\r\n\r\n".into()));
    all
}

/// What comes back for a question; empty when the line is cut.
pub fn ask(host: &str, wire: &str) -> Vec<u8> {
    let Ok(mut stream) = TcpStream::connect(host) else { return Vec::new() };
    let _ = stream.set_read_timeout(Some(Duration::from_secs(3)));
    let mut out = Vec::new();
    if stream.write_all(wire.as_bytes()).is_ok() {
        let _ = stream.read_to_end(&mut out);
    }
    out
}

/// Questions by which a stranger learned something: the bytes, or more than "no".
pub fn leaks(target: &Target) -> Vec<String> {
    let mut out = Vec::new();
    for (what, wire) in questions(target) {
        let answer = ask(&target.host, &wire);
        let text = String::from_utf8_lossy(&answer).to_lowercase();
        let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        let bytes = answer.windows(target.secret.len()).any(|part| part == target.secret);
        let yes = text.starts_with("http/1.1 2")
            || text.starts_with("http/1.1 3")
            || text.starts_with("http/1.0 2");
        let open = text.contains("access-control-");
        if bytes || yes || open || !body.is_empty() {
            out.push(what);
        }
    }
    out
}

/// Where a process and its children listen for TCP.
pub fn listening(root: u32) -> Vec<String> {
    let mut wanted = vec![root];
    let mut at = 0;
    while let Some(id) = wanted.get(at).copied() {
        let tasks = std::fs::read_dir(format!("/proc/{id}/task")).into_iter().flatten().flatten();
        for task in tasks {
            let children = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
            wanted.extend(children.split_whitespace().filter_map(|id| id.parse::<u32>().ok()));
        }
        at += 1;
    }
    let mut sockets = Vec::new();
    for id in wanted {
        for fd in std::fs::read_dir(format!("/proc/{id}/fd")).into_iter().flatten().flatten() {
            let link = std::fs::read_link(fd.path()).unwrap_or_default().to_string_lossy().into_owned();
            sockets
                .extend(link.strip_prefix("socket:[").and_then(|l| l.strip_suffix(']')).map(str::to_owned));
        }
    }
    let mut out = Vec::new();
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        for line in std::fs::read_to_string(Path::new(table)).unwrap_or_default().lines().skip(1) {
            let parts: Vec<&str> = line.split_whitespace().collect();
            let (local, state, inode) = (parts[1], parts[3], parts[9]);
            if state == "0A" && sockets.iter().any(|s| s == inode) {
                out.push(local.to_owned());
            }
        }
    }
    out.sort();
    out.dedup();
    out
}
