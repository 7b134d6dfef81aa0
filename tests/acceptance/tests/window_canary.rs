//! A token can be read nowhere: not in the sealed sign-ins, logs (even talkative ones), databases, addresses shown,
//! process arguments, or what a crash leaves behind.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use daypack_tests::practice::{Practice, small_course};
use daypack_tests::window::Window;
use serde_json::{Value, json};

const PASSWORD: &str = "practice-1";

/// Files below `folder` in which a canary stands.
fn hits(folder: &Path, canaries: &[String]) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            out.extend(hits(&path, canaries));
        } else if path.is_file() && std::fs::read(&path).is_ok_and(|bytes| holds(&bytes, canaries)) {
            out.push(path);
        }
    }
    out
}

fn holds(bytes: &[u8], canaries: &[String]) -> bool {
    canaries.iter().any(|canary| bytes.windows(canary.len()).any(|part| part == canary.as_bytes()))
}

/// The tokens a campus gave out, from its own state.
fn tokens(state: &Path) -> Vec<String> {
    fn walk(value: &Value, out: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                for (key, inner) in map {
                    match inner.as_str() {
                        Some(text) if (key == "token" || key == "private") && text.len() >= 32 => {
                            out.push(text.to_owned());
                        }
                        _ => walk(inner, out),
                    }
                }
            }
            Value::Array(all) => all.iter().for_each(|inner| walk(inner, out)),
            _ => {}
        }
    }
    let mut out = Vec::new();
    for entry in std::fs::read_dir(state).unwrap().flatten() {
        if let Ok(value) = serde_json::from_slice(&std::fs::read(entry.path()).unwrap_or_default()) {
            walk(&value, &mut out);
        }
    }
    out
}

/// Arguments of every process that can be seen.
fn arguments() -> Vec<(u32, Vec<u8>)> {
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    all.filter_map(|entry| {
        let id = entry.file_name().to_str()?.parse().ok()?;
        Some((id, std::fs::read(entry.path().join("cmdline")).ok()?))
    })
    .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_is_seen_in_no_other_place() {
    let dir = tempfile::tempdir().unwrap();
    let (data, home, state) = (dir.path().join("data"), dir.path().join("run"), dir.path().join("campus"));
    std::fs::create_dir_all(&home).unwrap();
    let campus = Practice::start(&small_course(), None, &state);
    let run = home.to_str().unwrap().to_owned();
    let talkative = [("DAYPACK_LOG", "debug"), ("TMPDIR", run.as_str())];
    let window = Window::open_with(&data, &[], &talkative).await;
    window.wait("main").await;
    let mut said = Vec::new();
    let mut call = async |name: &str, input: Value| {
        let answer = window.call(name, input).await;
        said.push(format!("{answer:?}"));
        answer
    };
    let who = json!({ "site": campus.site, "username": "student1", "password": PASSWORD });
    call("sign_in", who).await.unwrap();
    let library = call("offers_refresh", json!({})).await.unwrap();
    let offer = json!({ "source": library["offers"][0]["source"], "id": library["offers"][0]["id"] });
    let course = call("course_add", offer).await.unwrap()["course"].clone();
    call("take_along", json!({ "course": course })).await.unwrap();
    let view = call("course", json!({ "course": course })).await.unwrap();
    let items: Vec<Value> = view["sections"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|s| s["items"].as_array().unwrap().clone())
        .collect();
    let forum = items.iter().find(|i| i["kind"] == "discussion").unwrap()["id"].clone();
    let post = json!({ "course": course, "item": forum, "parent": null, "subject": "S", "text": "T" });
    call("post_send", post).await.unwrap();
    // Refusals and lost replies leave words in logs, too.
    campus.ctl(&["error", "mod_forum_get_forum_discussions", "requireloginerror", "2"]);
    call("sync_now", json!({})).await.unwrap();
    for item in &items {
        let _ = call("item", json!({ "course": course, "item": item["id"] })).await;
    }
    for name in ["app_status", "library", "outbox", "inbox", "jobs"] {
        call(name, json!({})).await.unwrap();
    }
    let mut canaries = tokens(&state);
    assert!(!canaries.is_empty(), "the campus gave out a token");
    canaries.push(PASSWORD.to_owned());

    // While it runs.
    for (id, line) in arguments() {
        assert!(
            !holds(&line, &canaries),
            "process {id} is called with it: {}",
            String::from_utf8_lossy(&line)
        );
    }
    let shown = said.join("\n");
    assert!(!holds(shown.as_bytes(), &canaries), "it is told to the page");
    let page = window.run("return document.documentElement.outerHTML", vec![]).await.to_string();
    assert!(!holds(page.as_bytes(), &canaries), "it is in the page");

    // And after a crash.
    for id in window.processes() {
        let _ = Command::new("kill").args(["-ABRT", &id.to_string()]).status();
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let log = std::fs::read_to_string(data.join("logs/daypack.log")).unwrap();
    assert!(log.contains("DEBUG") && log.contains("mod_forum"), "the log is talkative");
    let found = [hits(&data, &canaries), hits(&home, &canaries), hits(window.home(), &canaries)].concat();
    assert_eq!(found, Vec::<PathBuf>::new());
    window.kill();

    // Control: a program that writes it down anywhere is caught, also beside the sealed sign-ins.
    assert!(data.join("secrets.sealed").exists(), "the sign-in was kept");
    for name in ["logs/crash.txt", "secrets.json"] {
        let path = data.join(name);
        std::fs::write(&path, format!("GET /x?token={} HTTP/1.1", canaries[0])).unwrap();
        assert_eq!(hits(&data, &canaries), std::slice::from_ref(&path));
        std::fs::remove_file(path).unwrap();
    }
    assert!(holds(format!("Cookie {}", canaries[0]).as_bytes(), &canaries));
}
