//! The window opens on a fresh folder, shows the first page, and keeps its locks.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::io::{Read as _, Write as _};
use std::time::Duration;

use daypack_tests::window::Window;
use serde_json::json;

/// A page on loopback that is not ours: where course content could try to lead the window.
fn strange_page() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = stream;
            let _ = stream.read(&mut [0; 4096]);
            let body = "<!doctype html><title>strange</title><h1>strange</h1>";
            let head =
                format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}", body.len());
            let _ = write!(stream, "{head}\r\nConnection: close\r\n\r\n{body}");
        }
    });
    format!("http://{address}/")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_start_shows_the_first_page_and_closes_cleanly() {
    let folder = tempfile::tempdir().unwrap();
    let window = Window::open(folder.path()).await;
    window.wait("main").await;
    window.wait("button").await;
    let status = window.call("app_status", json!({})).await.unwrap();
    assert_eq!(status["accounts"], json!([]));
    assert_eq!(window.processes().len(), 1);
    window.close().await;
    let log = std::fs::read_to_string(folder.path().join("logs/daypack.log")).unwrap();
    assert!(log.contains("closed"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_in_use_is_said_and_try_again_opens_it_once_it_is_free() {
    let folder = tempfile::tempdir().unwrap();
    let lock = std::fs::File::create(folder.path().join("daypack.lock")).unwrap();
    lock.lock().unwrap();
    let window = Window::open(folder.path()).await;
    window.wait("[data-code=in_use]").await;
    drop(lock);
    // Asked until the program has looked again; nobody has to close the window for it.
    let again = "document.querySelector('[data-code=in_use] button')?.click(); \
                 return !!document.querySelector('main h1') && !document.querySelector('[data-code]')";
    window.until("the first page", again, vec![]).await;
    assert_eq!(window.call("app_status", json!({})).await.unwrap()["accounts"], json!([]));
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_let_go_a_moment_later_opens_without_a_word() {
    let folder = tempfile::tempdir().unwrap();
    let lock = std::fs::File::create(folder.path().join("daypack.lock")).unwrap();
    lock.lock().unwrap();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(1));
        drop(lock);
    });
    let window = Window::open(folder.path()).await;
    window.until("the first page", "return !!document.querySelector('main h1')", vec![]).await;
    let failed = window.run("return !!document.querySelector('[data-code]')", vec![]).await;
    assert_eq!(failed, json!(false));
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_reaches_only_the_six_commands() {
    let folder = tempfile::tempdir().unwrap();
    let window = Window::open(folder.path()).await;
    window.wait("main").await;
    let unknown = window.call("no_such_command", json!({})).await.unwrap_err();
    assert_eq!(unknown["code"], "unknown_command");
    for command in ["plugin:dialog|open", "plugin:window|close", "plugin:webview|create_webview_window"] {
        let answer = window.invoke(command, json!({})).await;
        assert!(answer.as_ref().is_err_and(|e| e.is_string()), "{command}: {answer:?}");
    }
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_web_and_mail_addresses_leave_and_the_page_stays_home() {
    let folder = tempfile::tempdir().unwrap();
    let window = Window::open(folder.path()).await;
    window.wait("main").await;
    assert!(window.invoke("open_external", json!({ "address": "https://example.org/a" })).await.is_ok());
    let refused =
        window.invoke("open_external", json!({ "address": "file:///etc/hosts" })).await.unwrap_err();
    assert_eq!(refused["code"], "bad_address");
    assert_eq!(window.opened(), ["https://example.org/a"]);

    window.pick("/a/course.daypack");
    assert_eq!(window.invoke("pick_file", json!({ "kind": "course" })).await, Ok(json!("/a/course.daypack")));
    window.pick("");
    assert_eq!(window.invoke("pick_folder", json!({})).await, Ok(json!(null)));

    for strange in ["https://example.org/", "file:///etc/hosts", &strange_page()] {
        window.run("setTimeout(() => { location.href = arguments[0] }, 0)", vec![json!(strange)]).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        window.wait("main").await;
        let here = window.client.current_url().await.unwrap();
        assert_eq!((here.scheme(), here.host_str()), ("tauri", Some("localhost")), "{strange}");
        assert!(window.call("app_status", json!({})).await.is_ok(), "{strange}");
    }
    let opened = window.run("return window.open('https://example.org/') === null", vec![]).await;
    assert_eq!(opened, json!(true));
    assert_eq!(window.client.windows().await.unwrap().len(), 1);
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_start_hands_its_file_to_the_first_and_ends() {
    let folder = tempfile::tempdir().unwrap();
    let window = Window::open(folder.path()).await;
    window.wait("main").await;
    let status = std::process::Command::new(daypack_tests::practice::bin("daypack-app"))
        .args(["--data", folder.path().to_str().unwrap(), "course.daypack"])
        .status()
        .unwrap();
    assert!(status.success());
    assert_eq!(window.processes().len(), 1);
    window.close().await;
}
