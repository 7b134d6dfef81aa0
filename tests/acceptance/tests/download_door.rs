//! `daypack download`: a library by its address, with nobody at the screen. A bit flips on the way, the program is killed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, Response, StatusCode, Uri, header};
use daypack_course::{Digest, TimeMs};
use daypack_formats::pack::{self, BuildOptions};
use daypack_tests::link::noise;
use daypack_tests::practice::{bin, copy_folder, small_course};
use serde_json::Value;

const BIG: usize = 3 << 20;

/// What a shelf sent: bytes by path.
type Sent = Arc<Mutex<BTreeMap<String, u64>>>;

/// A library with one course that has a large file, in `dir`; the file's digest.
fn library(dir: &Path) -> (PathBuf, Digest) {
    let (folder, shelf) = (dir.join("folder"), dir.join("library"));
    copy_folder(&small_course(), &folder);
    let big = noise(5, BIG);
    std::fs::write(folder.join("readings/notes.pdf"), &big).unwrap();
    pack::keygen(&dir.join("key.pem")).unwrap();
    let keys = [pack::load_key(&dir.join("key.pem")).unwrap()];
    let options = BuildOptions {
        keys: &keys,
        sites: &BTreeMap::new(),
        muxer: None,
        mirrors: &[],
        shareable: false,
        now: now(),
    };
    pack::build(&folder, &shelf.join("course"), options).unwrap();
    pack::library_index(&shelf, "Village", &["course".to_owned()], &keys[0]).unwrap();
    (shelf, Digest::of(&big))
}

fn now() -> TimeMs {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    TimeMs(i64::try_from(since.as_millis()).unwrap())
}

/// A static host. The first answer with byte 1,000,000 of `flipped` in it has one bit wrong.
async fn host(shelf: PathBuf, flipped: Digest, pace: Duration) -> (String, Sent) {
    let sent = Sent::default();
    let (log, is_flipped) = (sent.clone(), Arc::new(AtomicBool::new(false)));
    let app = axum::Router::new().fallback(move |uri: Uri, headers: HeaderMap| {
        let (shelf, log, is_flipped) = (shelf.clone(), log.clone(), is_flipped.clone());
        async move {
            let path = uri.path().trim_start_matches('/').to_owned();
            let Ok(bytes) = std::fs::read(shelf.join(&path)) else {
                return Response::builder().status(StatusCode::NOT_FOUND).body(Body::empty()).unwrap();
            };
            let size = bytes.len();
            let range = headers.get(header::RANGE).and_then(|v| v.to_str().ok()).and_then(|v| {
                let (from, to) = v.strip_prefix("bytes=")?.split_once('-')?;
                Some((from.parse::<usize>().ok()?, to.parse::<usize>().map_or(size, |to| size.min(to + 1))))
            });
            let (from, to) = range.unwrap_or((0, size));
            let mut part = bytes[from.min(size)..to].to_vec();
            let is_it = path.ends_with(&flipped.to_string()) && (from..to).contains(&1_000_000);
            if is_it && !is_flipped.swap(true, Ordering::Relaxed) {
                part[1_000_000 - from] ^= 1;
            }
            *log.lock().unwrap().entry(path).or_insert(0) += part.len() as u64;
            tokio::time::sleep(pace).await;
            let answer = Response::builder().header(header::CONTENT_LENGTH, part.len());
            let answer = match range {
                Some(_) => answer
                    .status(StatusCode::PARTIAL_CONTENT)
                    .header(header::CONTENT_RANGE, format!("bytes {from}-{}/{size}", to - 1)),
                None => answer,
            };
            answer.body(Body::from(part)).unwrap()
        }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    (address, sent)
}

fn command(address: &str, data: &Path) -> Command {
    let mut command = Command::new(bin("daypack"));
    command.args(["download", address, "--json-progress", "--patience", "40", "--data"]).arg(data);
    command
}

async fn run(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

fn object(data: &Path, digest: &Digest) -> Option<Digest> {
    let name = digest.to_string();
    std::fs::read(data.join("objects").join(&name[..2]).join(&name)).ok().map(|bytes| Digest::of(&bytes))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_library_comes_by_its_address_and_a_flipped_bit_costs_one_chunk() {
    let dir = tempfile::tempdir().unwrap();
    let (shelf, big) = library(dir.path());
    let (address, sent) = host(shelf, big, Duration::ZERO).await;
    let data = dir.path().join("data");
    let done = run(command(&address, &data)).await;
    let said: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert!(done.status.success(), "{said} {}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(said["ok"]["courses"], 1);
    assert_eq!(object(&data, &big), Some(big), "the large file is here and right");
    let log = sent.lock().unwrap().clone();
    let of_big: u64 = log.iter().filter(|(path, _)| path.ends_with(&big.to_string())).map(|(_, n)| n).sum();
    assert!(log.keys().any(|path| path.contains("/c/")), "{:?}", log.keys());
    // One chunk again, and what was under way when a part was split.
    assert!((BIG as u64..BIG as u64 + (3 << 19)).contains(&of_big), "{of_big} of {BIG}");
    // Once more: all is here.
    sent.lock().unwrap().clear();
    let again = run(command(&address, &data)).await;
    assert!(again.status.success());
    assert!(!sent.lock().unwrap().keys().any(|path| path.contains("/o/")), "{:?}", sent.lock().unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_download_of_a_library_goes_on_by_the_same_command() {
    let dir = tempfile::tempdir().unwrap();
    let (shelf, big) = library(dir.path());
    // Each answer takes a while, so that there is a middle.
    let (address, sent) = host(shelf, big, Duration::from_millis(300)).await;
    let data = dir.path().join("data");
    let mut first = command(&address, &data).spawn().unwrap();
    let end = std::time::Instant::now() + Duration::from_secs(30);
    let began = |log: &Sent| {
        let log = log.lock().unwrap();
        log.iter().filter(|(path, _)| path.ends_with(&big.to_string())).map(|(_, n)| *n).sum::<u64>()
    };
    while began(&sent) < 1 << 20 && std::time::Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    first.kill().unwrap();
    first.wait().unwrap();
    assert_eq!(object(&data, &big), None, "it was killed before the end");
    let done = run(command(&address, &data)).await;
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(object(&data, &big), Some(big));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_with_nothing_behind_it_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let done = run(command("http://127.0.0.1:9/", &dir.path().join("data"))).await;
    let said: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(
        (done.status.code(), said["error"]["code"].as_str()),
        (Some(1), Some("unreachable")),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_shared_computer_it_is_somebodys_courses_and_nobody_elses() {
    let dir = tempfile::tempdir().unwrap();
    let (shelf, _) = library(dir.path());
    let (address, _) = host(shelf, Digest::of(b"none"), Duration::ZERO).await;
    let (data, word) = (dir.path().join("data"), dir.path().join("word"));
    std::fs::write(&word, "correct horse battery\n").unwrap();
    let tool = |arguments: &[&str]| {
        let mut tool = Command::new(bin("daypack"));
        tool.args(arguments).arg("--data").arg(&data).arg("--passphrase-file").arg(&word);
        tool
    };
    let begun = run(tool(&["call", "share_begin", "{\"name\":\"Ada\"}"])).await;
    assert!(begun.status.success(), "{}", String::from_utf8_lossy(&begun.stdout));
    // Without a word of whose it is nothing is added.
    let locked = run(command(&address, &data)).await;
    let said: Value = serde_json::from_slice(&locked.stdout).unwrap();
    assert_eq!((locked.status.code(), said["error"]["code"].as_str()), (Some(1), Some("locked")), "{said}");
    let done = run(tool(&["download", &address, "--patience", "40", "--learner", "Ada"])).await;
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
    let shown = run(tool(&["call", "library", "{}", "--learner", "Ada"])).await;
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(shown["ok"]["courses"].as_array().unwrap().len(), 1);
    std::fs::write(&word, "another word altogether\n").unwrap();
    let wrong = run(tool(&["download", &address, "--learner", "Ada"])).await;
    let said: Value = serde_json::from_slice(&wrong.stdout).unwrap();
    assert_eq!(said["error"]["code"], "wrong_passphrase", "{said}");
}
