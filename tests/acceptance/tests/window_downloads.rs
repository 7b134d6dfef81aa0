//! The page of downloads and "Using the internet" in the real window: each held to WCAG 2.2 AA, light and dark, with
//! everything that can be dragged also done by keyboard.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::path::PathBuf;

use daypack_tests::axe::accessible;
use daypack_tests::heavy::heavy_course;
use daypack_tests::host::{Host, Manners};
use daypack_tests::practice::Practice;
use daypack_tests::window::Window;
use serde_json::{Value, json};

const FIRST_ITEM: &str = "return document.querySelector('[data-testid=download-item]')?.dataset.item";
const STATE: &str = "return document.querySelector('[data-testid=download]')?.dataset.state === arguments[0]";

/// Pictures of a page for judging it, where `DAYPACK_SCREENSHOTS` names a folder.
async fn pictures(window: &Window, name: &str) {
    let Some(folder) = std::env::var_os("DAYPACK_SCREENSHOTS").map(PathBuf::from) else { return };
    let shapes = [
        ("light", 1180, 900, "document.documentElement.dataset.theme = 'light'"),
        ("dark", 1180, 900, "document.documentElement.dataset.theme = 'dark'"),
        ("narrow", 400, 900, "document.documentElement.dataset.theme = 'light'"),
        ("large", 1180, 900, "document.documentElement.style.fontSize = '200%'"),
        ("mirrored", 1180, 900, "document.documentElement.dir = 'rtl'"),
    ];
    for (shape, width, height, dress) in shapes {
        window.size(width, height).await;
        window.run(dress, vec![]).await;
        window.run_async("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))", vec![]).await;
        window.screenshot(&folder.join(format!("{name}-{shape}.png"))).await;
        let plain = "document.documentElement.style.fontSize = ''; document.documentElement.dir = 'ltr'";
        window.run(plain, vec![]).await;
    }
    window.size(1180, 900).await;
}

async fn first_item(window: &Window) -> Value {
    window.run(FIRST_ITEM, vec![]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_learner_decides_about_downloads_in_the_window() {
    let dir = tempfile::tempdir().unwrap();
    let campus = Practice::start(&heavy_course(dir.path(), 8 << 20), None, &dir.path().join("campus"));
    let window = Window::open(&dir.path().join("data")).await;
    window.size(1180, 900).await;
    window.part("way-school").await;

    // 1. Nothing yet.
    window.press("nav-downloads").await;
    window.part("page-downloads").await;
    window.text("Nothing is on its way").await;
    accessible(&window, "no downloads").await;
    pictures(&window, "downloads-empty").await;

    // 2. A course over a connection that costs money: the question, and no lecture before the answer.
    let sign_in = json!({ "site": campus.site, "username": "student1", "password": "practice-1" });
    window.call("sign_in", sign_in).await.unwrap();
    let mut settings = window.call("app_status", json!({})).await.unwrap()["settings"].clone();
    settings["metered"] = json!("yes");
    settings["metered_work"] = json!(false);
    window.call("settings_save", settings).await.unwrap();
    let offers = window.call("offers_refresh", json!({})).await.unwrap()["offers"].clone();
    let offer = json!({ "source": offers[0]["source"], "id": offers[0]["id"] });
    let course = window.call("course_add", offer).await.unwrap()["course"].clone();
    window.call("take_along", json!({ "course": course })).await.unwrap();
    window.part("ask").await;
    window.until("the state says so", STATE, vec![json!("asks")]).await;
    accessible(&window, "the question").await;
    window.click("[data-testid=download-items] summary").await;
    pictures(&window, "downloads-ask").await;

    // 3. Order: by the buttons, and by dragging.
    let before = first_item(&window).await;
    window.click("[data-testid=download-item]:nth-child(3) [data-testid=move-first]").await;
    let is_other =
        "return document.querySelector('[data-testid=download-item]')?.dataset.item !== arguments[0]";
    window.until("the third one first", is_other, vec![before.clone()]).await;
    let moved = first_item(&window).await;
    let drag = "const [first, second] = document.querySelectorAll('[data-testid=download-item]');\
        const grip = first.querySelector('[data-testid=grip]'); const at = grip.getBoundingClientRect();\
        const below = second.getBoundingClientRect().bottom - 2; grip.setPointerCapture = () => {};\
        const to = (kind, y) => grip.dispatchEvent(new PointerEvent(kind, { bubbles: true, button: 0, clientX: at.x, clientY: y, pointerId: 1 }));\
        to('pointerdown', at.y); to('pointermove', below); to('pointerup', below);";
    window.run(drag, vec![]).await;
    window.until("it was dragged down", is_other, vec![moved]).await;
    assert_eq!(first_item(&window).await, before, "the one of before is first again");
    window.click("label:has([data-testid=order-next_first])").await;
    window
        .until(
            "the order is chosen",
            "return document.querySelector('[data-testid=order-next_first]').checked",
            vec![],
        )
        .await;

    // 4. Pause and go on, one and all; and one that is not wanted any more.
    window.press("pause-all").await;
    window.until("paused", STATE, vec![json!("paused")]).await;
    window.press("resume-all").await;
    window
        .until(
            "not paused",
            "return document.querySelector('[data-testid=download]')?.dataset.state !== 'paused'",
            vec![],
        )
        .await;
    let count = "return document.querySelectorAll('[data-testid=download-item]').length";
    let all = window.run(count, vec![]).await.as_u64().unwrap();
    window.click("[data-testid=download-item]:last-child [data-testid=item-cancel]").await;
    let fewer = "return document.querySelectorAll('[data-testid=download-item]').length === arguments[0]";
    window.until("one less", fewer, vec![json!(all - 1)]).await;

    // 5. Settings: a cap, hours, a month.
    window.press("nav-settings").await;
    window.part("internet").await;
    let choose = "const field = document.querySelector(`[data-testid=${arguments[0]}]`); field.value = arguments[1];\
        field.dispatchEvent(new Event('change', { bubbles: true }));";
    window.run(choose, vec![json!("internet-cap"), json!("500000")]).await;
    window.click("[data-testid=internet-hours]").await;
    window.part("internet-from").await;
    window.run(choose, vec![json!("network-month"), json!("1000000000")]).await;
    window
        .until(
            "a bar for the month",
            "return !!document.querySelector('[data-testid=network] [role=progressbar]')",
            vec![],
        )
        .await;
    accessible(&window, "using the internet").await;
    window.run("document.querySelector('[data-testid=internet]').scrollIntoView()", vec![]).await;
    pictures(&window, "internet").await;
    let rules = window.call("internet", json!({})).await.unwrap();
    assert_eq!(rules["rules"]["cap"], json!(500_000));
    assert_eq!(rules["rules"]["hours"], json!({ "from": 60, "to": 360 }));
    assert_eq!(rules["networks"][0]["budget"], json!(1_000_000_000));

    // 6. A month's bytes are a word on this network: it comes, and says how far it is.
    window.press("nav-downloads").await;
    window.until("bytes come or came", "const one = document.querySelector('[data-testid=download]'); return !one || one.dataset.state === 'running'", vec![]).await;
    pictures(&window, "downloads-running").await;
    accessible(&window, "downloads").await;
    window.press("cancel-all").await;
    window.press("dialog-yes").await;
    window.text("Nothing is on its way").await;
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lecture_plays_while_it_comes() {
    let Some(library) = std::env::var_os("DAYPACK_SAMPLE_LIBRARY").map(PathBuf::from) else {
        return println!("DAYPACK_SAMPLE_LIBRARY names no library: not tried");
    };
    let dir = tempfile::tempdir().unwrap();
    // The largest lecture takes half a minute like this.
    let slow = Manners { rate: 60_000, ..Manners::default() };
    let host = Host::start(&library, slow).await;
    let window = Window::open(&dir.path().join("data")).await;
    window.size(1180, 900).await;
    window.part("way-school").await;
    window.call("library_add", json!({ "address": host.address })).await.unwrap();
    let offers = window.call("library", json!({})).await.unwrap()["offers"].clone();
    let offer = json!({ "source": offers[0]["source"], "id": offers[0]["id"] });
    let course = window.call("course_add", offer).await.unwrap()["course"].clone();
    let outline = window.call("course", json!({ "course": course })).await.unwrap();
    let items = outline["sections"].as_array().unwrap().iter().flat_map(|s| s["items"].as_array().unwrap());
    let lecture =
        items.filter(|item| item["kind"] == "video").max_by_key(|item| item["size"].as_u64()).unwrap();
    let id = lecture["id"].clone();
    let take = json!({ "course": course, "item": id });
    window.call("take_along", take.clone()).await.unwrap();
    // It is opened at once: first the page says that it comes, then it is a lecture.
    window.press("nav-library").await;
    window.click(&format!("[data-course={course}] [data-testid=course-open]")).await;
    window.click(&format!("[data-item={id}] [data-testid=item-open]")).await;
    window.part("video-coming").await;
    window.press("play").await;
    let picture = "const video = document.querySelector('[data-testid=video]'); return video && video.videoWidth > 0 && video.currentTime > 0.5";
    let end = std::time::Instant::now() + std::time::Duration::from_secs(40);
    while window.run(picture, vec![]).await != json!(true) {
        assert!(std::time::Instant::now() < end, "a picture that moves did not come");
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    let here = window.call("video_coming", take.clone()).await.unwrap();
    let share = here["have"].as_f64().unwrap() / here["size"].as_f64().unwrap();
    println!("the picture moves with {:.0} % of the lecture here", share * 100.0);
    assert!(share < 0.95, "{here}");
    accessible(&window, "a lecture that comes").await;
    pictures(&window, "video-coming").await;
    // To a place near the end, here or not: it plays there once it is, and nothing is called broken meanwhile.
    let go = "const video = document.querySelector('[data-testid=video]'); video.currentTime = video.duration * 0.9";
    window.run(go, vec![]).await;
    let there = "const video = document.querySelector('[data-testid=video]'); return !video.seeking && (video.ended || video.currentTime > video.duration * 0.9 + 0.2)";
    let end = std::time::Instant::now() + std::time::Duration::from_secs(40);
    while window.run(there, vec![]).await != json!(true) {
        let state = "const video = document.querySelector('[data-testid=video]'); return [video.seeking, video.readyState, video.networkState, video.currentTime, video.duration, video.paused, video.ended, video.error?.code ?? 0].join(' ')";
        let now = std::time::Instant::now();
        assert!(now < end, "it does not play near the end: {}", window.run(state, vec![]).await);
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    assert_eq!(
        window.run("return !!document.querySelector('[data-testid=media-broken]')", vec![]).await,
        json!(false)
    );
    window.close().await;
}
