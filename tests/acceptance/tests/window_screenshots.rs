//! Pictures of each page, light and dark, for `docs/screenshots` (`cargo xtask screenshots`). Shows the course that
//! comes with Daypack, so that the pictures are the same on each computer.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::path::PathBuf;
use std::time::Duration;

use daypack_tests::window::Window;
use serde_json::{Value, json};

/// Goes to a page the way a new start does, and takes its picture.
async fn picture(window: &Window, place: Value, name: &str, theme: &str) {
    window.call("place_save", place).await.unwrap();
    window.run("window.stale = true; setTimeout(() => location.reload(), 0)", vec![]).await;
    window.until("a fresh page", "return !window.stale && !!document.querySelector('main')", vec![]).await;
    window.run_async("document.fonts.ready.then(arguments[0])", vec![]).await;
    // A video's first picture and a reading's frame have no sign of being painted.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let folder = std::env::var_os("DAYPACK_SCREENSHOTS").map_or_else(std::env::temp_dir, PathBuf::from);
    window.screenshot(&folder.join(format!("{name}-{theme}.png"))).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "writes pictures; run by `cargo xtask screenshots`"]
async fn each_page_has_its_picture_in_light_and_dark() {
    for theme in ["light", "dark"] {
        let folder = tempfile::tempdir().unwrap();
        let window = Window::open(folder.path()).await;
        window.size(1180, 780).await;
        window.wait("main").await;
        let mut settings = window.call("app_status", json!({})).await.unwrap()["settings"].clone();
        settings["theme"] = json!(theme);
        window.call("settings_save", settings).await.unwrap();
        picture(&window, json!({ "page": "welcome" }), "welcome", theme).await;

        let added = window.call("look_around", json!({})).await.unwrap();
        let course = added["course"].clone();
        let outline = window.call("course", json!({ "course": course })).await.unwrap();
        for page in ["library", "outbox", "inbox", "settings"] {
            picture(&window, json!({ "page": page }), page, theme).await;
        }
        picture(&window, json!({ "page": "course", "course": course }), "course", theme).await;
        let mut shown = Vec::new();
        for section in outline["sections"].as_array().unwrap() {
            for item in section["items"].as_array().unwrap() {
                let kind = item["kind"].as_str().unwrap().to_owned();
                if !shown.contains(&kind) {
                    let place = json!({ "page": "item", "course": course, "item": item["id"] });
                    picture(&window, place, &kind, theme).await;
                    shown.push(kind);
                }
            }
        }
        assert!(shown.len() > 2, "{shown:?}");
        window.close().await;
    }
}
