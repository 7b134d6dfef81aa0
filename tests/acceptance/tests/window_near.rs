//! Sharing with computers nearby in the real window: off at first, turned on, an address typed, and held to WCAG in both
//! colours. With `DAYPACK_SCREENSHOTS` set the pictures go there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::path::PathBuf;
use std::time::Duration;

use daypack_app::api::input::Nothing;
use daypack_app::api::near::NearSave;
use daypack_tests::axe::accessible;
use daypack_tests::host::open;
use daypack_tests::window::Window;
use serde_json::json;

async fn picture(window: &Window, name: &str) {
    let Some(folder) = std::env::var_os("DAYPACK_SCREENSHOTS").map(PathBuf::from) else { return };
    let show = "document.querySelector('[data-testid=near]').scrollIntoView()";
    window.run(show, vec![]).await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    window.screenshot(&folder.join(format!("near-{name}.png"))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sharing_is_off_until_it_is_turned_on_and_a_neighbour_is_reached_by_a_typed_address() {
    let dir = tempfile::tempdir().unwrap();
    let other = open(&dir.path().join("other")).await;
    other.near_save(NearSave { on: true, most_kb: 0 }).await.unwrap();
    let window = Window::open(&dir.path().join("data")).await;
    window.wait("main").await;
    window.call("look_around", json!({})).await.unwrap();
    window.call("place_save", json!({ "page": "settings" })).await.unwrap();
    window.run("window.stale = true; setTimeout(() => location.reload(), 0)", vec![]).await;
    window.until("a fresh page", "return !window.stale && !!document.querySelector('main')", vec![]).await;
    window.wait("[data-testid=near][data-state=off]").await;
    accessible(&window, "sharing, off").await;
    picture(&window, "off").await;

    window.press("near-on").await;
    window.wait("[data-testid=near-now]").await;
    window.wait("[data-testid=near-address]").await;
    window.write("[data-testid=near-address]", "8.8.8.8:4000\u{e007}").await;
    window.wait("[data-testid=near] [role=alert]").await;
    accessible(&window, "an address that is none").await;
    window.part("near-address").await.clear().await.unwrap();
    let port = loop {
        if let Some(port) = other.near_port() {
            break port;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    window.write("[data-testid=near-address]", &format!("127.0.0.1:{port}\u{e007}")).await;
    window.text(&format!("127.0.0.1:{port}: connected")).await;
    window.text("1 computer near you shares too.").await;
    for theme in ["light", "dark"] {
        let mut settings = window.call("app_status", json!({})).await.unwrap()["settings"].clone();
        settings["theme"] = json!(theme);
        window.call("settings_save", settings).await.unwrap();
        window.run("window.stale = true; setTimeout(() => location.reload(), 0)", vec![]).await;
        window
            .until("a fresh page", "return !window.stale && !!document.querySelector('main')", vec![])
            .await;
        window.wait("[data-testid=near-now]").await;
        accessible(&window, &format!("sharing, on, {theme}")).await;
        picture(&window, theme).await;
        if theme == "light" {
            window.size(400, 800).await;
            picture(&window, "narrow").await;
            window.run("document.documentElement.dir = 'rtl'", vec![]).await;
            picture(&window, "mirrored").await;
            window.size(1180, 780).await;
            let larger =
                "document.documentElement.dir = 'ltr'; document.documentElement.style.fontSize = '200%'";
            window.run(larger, vec![]).await;
            picture(&window, "large").await;
        }
    }
    assert_eq!(other.near(Nothing {}).await.unwrap().near, 1, "greeted back");
    window.press("near-on").await;
    window.wait("[data-testid=near][data-state=off]").await;
    window.close().await;
    other.close().await;
}
