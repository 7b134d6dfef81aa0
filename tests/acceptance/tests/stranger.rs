//! A stranger on this computer gets nothing: not from the servers of what is open, not from the data folder, and
//! while nothing is open there is nobody to ask.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use axum::extract::State;
use daypack_app::remote::Owner;
use daypack_tests::kills::Served;
use daypack_tests::packed::library;
use daypack_tests::practice::small_course;
use daypack_tests::stranger::{Target, ask, leaks, listening, questions};
use serde_json::{Value, json};

/// Addresses on this computer anywhere in an answer; one without a path is a site's.
fn addresses(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::String(text) if text.starts_with("http://127.0.0.1:") && text.matches('/').count() > 2 => {
            out.push(text.clone());
        }
        Value::Object(map) => map.values().for_each(|v| addresses(v, out)),
        Value::Array(all) => all.iter().for_each(|v| addresses(v, out)),
        _ => {}
    }
}

fn target(address: &str, secret: &[u8]) -> Target {
    let rest = address.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    Target { host: host.to_owned(), path: format!("/{path}"), secret: secret.to_vec() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_gets_nothing_and_nobody_listens_while_nothing_is_open() {
    let dir = tempfile::tempdir().unwrap();
    let (course, items) = library(dir.path()).await;
    let data = dir.path().join("data");
    let served = Served::start(&data);
    let mut owner = Owner::reach(&data).await.unwrap();
    assert_eq!(listening(served.id()), Vec::<String>::new(), "nothing is open");
    let mut tried = 0;
    let lecture = std::fs::read(small_course().join("media/l1-low.mp4")).unwrap();
    for (title, secret) in [("Lecture 1", lecture[..64].to_vec()), ("Why offline", b"offline".to_vec())] {
        let view = owner.call("item", json!({ "course": course, "item": items[title] })).await.unwrap();
        let mut open = Vec::new();
        addresses(&view, &mut open);
        assert!(!open.is_empty(), "{title}: {view}");
        let ports = listening(served.id());
        assert_eq!(ports.len(), 1, "{title}: {ports:?}");
        assert!(ports[0].starts_with("0100007F:"), "only on this computer: {ports:?}");
        for address in open {
            let target = target(&address, &secret);
            let wire =
                format!("GET {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", target.path, target.host);
            let own = String::from_utf8_lossy(&ask(&target.host, &wire)).into_owned();
            assert!(own.starts_with("HTTP/1.1 200"), "the page itself gets it: {own}");
            tried += questions(&target).len();
            let learned = tokio::task::spawn_blocking(move || leaks(&target)).await.unwrap();
            assert_eq!(learned, Vec::<String>::new(), "{title}");
        }
        owner.call("item_close", json!({})).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        assert_eq!(listening(served.id()), Vec::<String>::new(), "{title} was closed");
    }
    println!("{tried} questions of strangers: 0 answers");
}

/// Control: a server without guards is caught by the same questions.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_guards_is_caught() {
    async fn give(State(bytes): State<Vec<u8>>) -> Vec<u8> {
        bytes
    }
    let secret = b"only for the learner".to_vec();
    let app = axum::Router::new().fallback(give).with_state(secret.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/word/0", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    let target = target(&address, &secret);
    let (all, learned) =
        tokio::task::spawn_blocking(move || (questions(&target).len(), leaks(&target))).await.unwrap();
    assert!(learned.len() * 2 > all, "{learned:?}");
    for what in
        ["path /0", "Host \"rebound.example\"", "method POST", "browser at https://strange.example, cors"]
    {
        assert!(learned.iter().any(|l| l == what), "{what}: {learned:?}");
    }
}

/// Runs a command as nobody; what it printed, or `None` when it failed.
fn as_nobody(program: &str, arguments: &[&str]) -> Option<String> {
    let out = Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups", "--", program])
        .args(arguments)
        .output()
        .ok()?;
    out.status.success().then(|| String::from_utf8_lossy(&out.stdout).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn another_user_of_this_computer_gets_nothing() {
    if as_nobody("true", &[]).is_none() {
        println!("skipped: no right to become another user here");
        return;
    }
    // A folder that everybody may enter, as a home can be.
    let dir = tempfile::tempdir().unwrap();
    open_to_all(dir.path());
    let (course, items) = library(dir.path()).await;
    let data = dir.path().join("data");
    let served = Served::start(&data);
    let mut owner = Owner::reach(&data).await.unwrap();
    let view = owner.call("item", json!({ "course": course, "item": items["Lecture 1"] })).await.unwrap();
    let mut open = Vec::new();
    addresses(&view, &mut open);
    // What another user can see of the processes tells no word of the path.
    let word = open[0].trim_start_matches("http://").split('/').nth(1).unwrap().to_owned();
    let command = std::fs::read_to_string(format!("/proc/{}/cmdline", served.id())).unwrap();
    assert!(!command.contains(&word));
    // The control of each try: that it works for everybody where it is meant to.
    let public = dir.path().join("public");
    std::fs::write(&public, "public").unwrap();
    assert_eq!(as_nobody("cat", &[public.to_str().unwrap()]).as_deref(), Some("public"));
    let mut read = BTreeMap::new();
    for file in files(&data) {
        if let Some(text) = as_nobody("cat", &[file.to_str().unwrap()]) {
            read.insert(file, text.len());
        }
    }
    assert!(read.is_empty(), "another user reads {read:?}");
    assert_eq!(as_nobody("ls", &[data.to_str().unwrap()]), None, "another user lists the folder");
    // The owner's socket, by any program that can open one.
    if as_nobody("python3", &["-c", "print(1)"]).is_none() {
        println!("not tried: the socket, for want of python3");
        return;
    }
    let connect = |path: &Path| {
        let path = path.display();
        format!("import socket; s = socket.socket(socket.AF_UNIX); s.connect('{path}'); print('connected')")
    };
    let reached = as_nobody("python3", &["-c", &connect(&data.join("owner.sock"))]);
    assert_eq!(reached, None, "another user reaches the owner");
    // Control: a socket that is open to all is reached by the same words.
    let open = dir.path().join("open.sock");
    let _listener = std::os::unix::net::UnixListener::bind(&open).unwrap();
    std::fs::set_permissions(&open, std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    assert!(as_nobody("python3", &["-c", &connect(&open)]).is_some());
}

/// A folder that an older version left open is closed at the next start.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_was_left_open_is_closed() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    library(dir.path()).await;
    let data = dir.path().join("data");
    open_to_all(&data);
    drop(Served::start(&data));
    assert_eq!(std::fs::metadata(&data).unwrap().permissions().mode() & 0o777, 0o700);
}

fn open_to_all(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            out.extend(files(&path))
        } else if path.is_file() {
            out.push(path)
        }
    }
    out
}
