//! The window while a damaged database is got back and takes its time: the courses are there, the rest comes by itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::path::PathBuf;

use daypack_course::{CourseId, TimeMs};
use daypack_store::Store;
use daypack_tests::axe::accessible;
use daypack_tests::practice::daypack;
use daypack_tests::window::Window;
use serde_json::json;

const CARDS: &str =
    "return [...document.querySelectorAll('[data-testid=course-card] h3')].map(h => h.innerText.trim())";

#[tokio::test(flavor = "multi_thread")]
async fn the_library_is_in_the_window_before_the_work_is_back() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let folder = data.to_str().unwrap();
    let (code, said) = daypack(&["call", "look_around", "{}", "--data", folder]);
    assert_eq!(code, 0, "{said}");
    let course = said["ok"]["course"].clone();
    // What a learner does with it is in the database and in the journal.
    let store = Store::open(&data, TimeMs(1)).unwrap();
    let course = CourseId::new(course.as_str().unwrap());
    store.draft_put(&course, &"i".into(), "text", "mine", TimeMs(1)).unwrap();
    drop(store);
    let path = data.join("learner.db");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.iter_mut().take(100).for_each(|byte| *byte = 0);
    std::fs::write(&path, &bytes).unwrap();

    let hold = dir.path().join("hold");
    std::fs::write(&hold, "").unwrap();
    let window = Window::open_with(&data, &[], &[("DAYPACK_HOLD", hold.to_str().unwrap())]).await;
    window.wait("[data-testid=opening][data-step=bringing_back]").await;
    window.wait("[data-testid=course-card][data-early]").await;
    let early = window.run(CARDS, vec![]).await;
    assert_eq!(early.as_array().unwrap().len(), 1, "{early}");
    window.text("Your work is being brought back").await;
    accessible(&window, "the library before the work is back").await;
    if let Some(pictures) = std::env::var_os("DAYPACK_SCREENSHOTS").map(PathBuf::from) {
        for (name, width, height, dress) in [
            ("", 1180, 780, "''"),
            ("-narrow", 400, 800, "''"),
            ("-large", 1180, 780, "document.documentElement.style.fontSize = '200%'"),
            ("-mirrored", 1180, 780, "document.documentElement.dir = 'rtl'"),
            ("-dark", 1180, 780, "document.documentElement.dataset.theme = 'dark'"),
        ] {
            window.size(width, height).await;
            window.run(dress, vec![]).await;
            tokio::time::sleep(std::time::Duration::from_millis(800)).await;
            window.screenshot(&pictures.join(format!("opening{name}.png"))).await;
            let plain = "const d = document.documentElement; d.style.fontSize = ''; d.dir = 'ltr'; \
                d.dataset.theme = 'light'";
            window.run(plain, vec![]).await;
        }
    }
    // The control: everything that needs the learner's work waits.
    let waits = "const done = arguments[0]; const timer = setTimeout(() => done('waits'), 700); \
        window.__TAURI_INTERNALS__.invoke('call', { name: 'library', input: {} }).then(() => { clearTimeout(timer); \
        done('answered') })";
    assert_eq!(window.run_async(waits, vec![]).await, json!("waits"));

    std::fs::remove_file(&hold).unwrap();
    window.wait("[data-testid=recovered]").await;
    window.wait("[data-testid=course-card]:not([data-early]) [data-testid=course-next]").await;
    assert_eq!(window.run(CARDS, vec![]).await, early, "the same courses, in the same places");
    window.text("1 text that you are writing").await;
    window.close().await;
}
