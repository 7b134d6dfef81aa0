//! Signing in on the site's own page, in a window of its own that reaches nothing of the program.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::path::Path;
use std::time::{Duration, Instant};

use daypack_tests::close_button;
use daypack_tests::practice::{Practice, small_course};
use daypack_tests::window::Window;
use serde_json::{Value, json};

/// Waits until the campus was asked for this.
async fn asked(campus: &Practice, what: &str) {
    let end = Instant::now() + Duration::from_secs(15);
    while campus.asked(what) == 0 {
        assert!(Instant::now() < end, "{what} was never asked for: {}", campus.ctl(&["requests"]));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Opens the page for signing in at the campus, as a learner does.
async fn at_the_school(window: &Window, campus: &Practice) {
    window.press("way-school").await;
    window.write("[data-testid=site-address]", &campus.site).await;
    window.press("site-check").await;
    window.part("sign-in-page").await;
}

async fn accounts(window: &Window) -> Vec<Value> {
    window.call("app_status", json!({})).await.unwrap()["accounts"].as_array().unwrap().clone()
}

async fn opened(folder: &Path) -> (Window, Practice) {
    let campus = Practice::start(&small_course(), None, &folder.join("campus"));
    campus.ctl(&["sign-in-way", "2"]);
    let window = Window::open_with(&folder.join("data"), &[], &[("DAYPACK_LOG", "debug")]).await;
    window.wait("main").await;
    (window, campus)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sites_own_page_signs_in_and_its_window_goes() {
    let folder = tempfile::tempdir().unwrap();
    let (window, campus) = opened(folder.path()).await;
    campus.ctl(&["signed-in", "student1"]);
    at_the_school(&window, &campus).await;
    window.press("sign-in-page").await;
    window.part("page-library").await;
    let all = accounts(&window).await;
    assert_eq!((all.len(), &all[0]["username"], &all[0]["state"]), (1, &json!("student1"), &json!("good")));
    assert_eq!(window.call("library", json!({})).await.unwrap()["offers"].as_array().unwrap().len(), 1);
    assert_eq!(window.client.windows().await.unwrap().len(), 1, "the other window has gone");

    // The token and the passport stand in no log; the control is that the rest does.
    let log = std::fs::read_to_string(window.data().join("logs/daypack.log")).unwrap();
    let state = std::fs::read_to_string(folder.path().join("campus/campus.json")).unwrap();
    let state: Value = serde_json::from_str(&state).unwrap();
    let token = state["tokens"][0]["token"].as_str().unwrap();
    assert!(log.contains("core_webservice_get_site_info") && !log.contains(token));
    assert!(!log.contains("token=") && !log.contains("passport"), "{log}");
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_signed_for_another_sign_in_or_another_site_signs_nobody_in() {
    let folder = tempfile::tempdir().unwrap();
    let (window, campus) = opened(folder.path()).await;
    let other = Practice::start(&small_course(), None, &folder.path().join("other"));
    for (site, words) in [(&campus, ["signed-in", "student1"]), (&other, ["signed-in", "student2"])] {
        site.ctl(&words);
        site.ctl(&["sign-in-way", "2"]);
    }
    let signed = async || window.call("sign_in_page", json!({ "site": campus.site })).await;
    campus.ctl(&["launch-forged", "on"]);
    assert_eq!(signed().await.unwrap_err()["code"], "sign_in_not_proven");
    campus.ctl(&["launch-forged", "off"]);
    campus.ctl(&["launch-elsewhere", &other.site]);
    assert_eq!(signed().await.unwrap_err()["code"], "sign_in_not_proven");
    assert_eq!(other.asked("core_webservice_get_site_info"), 0, "no token went to the other site");
    assert_eq!(accounts(&window).await, Vec::<Value>::new());
    // Control: the same learner at the same site, and nobody in between.
    campus.ctl(&["launch-elsewhere", "off"]);
    assert_eq!(signed().await.unwrap()["username"], "student1");
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_the_window_is_changing_ones_mind() {
    let folder = tempfile::tempdir().unwrap();
    let (window, campus) = opened(folder.path()).await;
    at_the_school(&window, &campus).await;
    window.press("sign-in-page").await;
    asked(&campus, "login/index.php").await;
    window.part("sign-in-waiting").await;
    let before = close_button::titles(&window.processes());
    assert!(before.iter().any(|title| title == "127.0.0.1"), "its title is the host: {before:?}");
    assert_eq!(close_button::press_titled(&window.processes(), "127.0.0.1"), 1);
    window.part("sign-in-page").await;
    assert_eq!(window.run("return !!document.querySelector('[data-code]')", vec![]).await, json!(false));
    assert_eq!(accounts(&window).await, Vec::<Value>::new());

    // Or stops it from our page: then the window goes, too.
    campus.ctl(&["forget-requests"]);
    window.press("sign-in-page").await;
    asked(&campus, "login/index.php").await;
    window.press("sign-in-stop").await;
    window.part("sign-in-page").await;
    let end = Instant::now() + Duration::from_secs(5);
    while close_button::titles(&window.processes()).iter().any(|title| title == "127.0.0.1") {
        assert!(Instant::now() < end, "the window stays");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sites_page_reaches_nothing_of_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let (window, campus) = opened(folder.path()).await;
    campus.ctl(&["launch-probing", "on"]);
    let site = json!(campus.site);
    let script = "window.__TAURI_INTERNALS__.invoke('call', { name: 'sign_in_page', input: { site: arguments[0] } }).catch(() => {}); return true";
    window.run(script, vec![site]).await;
    asked(&campus, "probe done").await;
    let log = campus.ctl(&["requests"]);
    let said: Vec<&str> = log.split('"').filter(|word| word.starts_with("probe ")).collect();
    assert!(said.iter().any(|word| word.starts_with("probe call")), "{said:?}");
    assert!(said.iter().all(|word| !word.ends_with("reached")), "{said:?}");
    assert!(window.opened().is_empty());
    // Control: the same call from our own page is heard.
    assert!(window.call("app_status", json!({})).await.is_ok());
    window.call("sign_in_stop", json!({})).await.unwrap();
    window.close().await;
}
