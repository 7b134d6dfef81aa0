//! The learner's way in the real window: sign in, take along, study with no network, be killed in the middle of
//! typing, hand in, hear back. Each page on the way is held to WCAG 2.2 AA by axe-core.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::path::PathBuf;
use std::time::Duration;

use daypack_tests::axe::accessible;
use daypack_tests::packed::small_package;
use daypack_tests::practice::{Practice, root, sample_course, small_course};
use daypack_tests::window::Window;
use serde_json::json;

const ESSAY: &str = "My message leaves the laptop, waits at the router, and goes on packet by packet.";

async fn sign_in(window: &Window, campus: &Practice) {
    window.press("way-school").await;
    window.write("[data-testid=site-address]", &campus.site).await;
    window.press("site-check").await;
    window.write("[data-testid=username]", "student1").await;
    window.write("[data-testid=password]", "wrong").await;
    window.press("sign-in").await;
    window.wait("[data-testid=failure][data-code=wrong_password]").await;
    accessible(window, "sign-in with a message").await;
    window.part("password").await.clear().await.unwrap();
    window.write("[data-testid=password]", "practice-1").await;
    window.press("sign-in").await;
}

async fn open_item(window: &Window, kind: &str) {
    window.click(&format!("[data-testid=item-row][data-kind={kind}] [data-testid=item-open]")).await;
    window.part("page-item").await;
}

async fn back(window: &Window) {
    window.press("item-back").await;
    window.part("page-course").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_way_in_the_window() {
    let Some(course) = sample_course() else {
        panic!("the sample course is not built; `cargo xtask test` builds it");
    };
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let mut campus = Practice::start(&course, None, &dir.path().join("campus"));
    let window = Window::open(&data).await;

    // 1. First run.
    window.part("way-school").await;
    accessible(&window, "first run").await;
    sign_in(&window, &campus).await;
    window.press("offer-add").await;
    window.part("page-course").await;

    // 2. Take along.
    window.press("take-along").await;
    window
        .until(
            "all files here",
            "const rows = [...document.querySelectorAll('[data-testid=item-row]')]; return rows.length > 5 && rows\
                .filter(r => ['video','reading'].includes(r.dataset.kind)).every(r => r.dataset.here === 'ready')",
            vec![],
        )
        .await;
    accessible(&window, "course").await;

    // 3. With no network: the lecture plays, readings open.
    campus.stop();
    open_item(&window, "video").await;
    window.part("video").await;
    window.press("play").await;
    window
        .until(
            "the lecture plays with a picture",
            "const v = document.querySelector('[data-testid=video]'); return v.currentTime > 1 && v.videoWidth > 0",
            vec![],
        )
        .await;
    let cues = "const v = document.querySelector('[data-testid=video]'); \
        return [...v.textTracks].some(t => t.cues && t.cues.length > 5)";
    window.until("captions", cues, vec![]).await;
    accessible(&window, "lecture").await;
    let seek = "const v = document.querySelector('[data-testid=video]'); v.currentTime = 60; v.playbackRate = 2.5; return true";
    window.run(seek, vec![]).await;
    window
        .until(
            "it goes on after a seek",
            "return document.querySelector('[data-testid=video]').currentTime > 62",
            vec![],
        )
        .await;
    window.press("play").await;
    back(&window).await;
    open_item(&window, "video").await;
    let resumed = window
        .until(
            "exact resume",
            "const v = document.querySelector('[data-testid=video]'); return v && v.readyState > 0 && v.currentTime > 61 && v.currentTime",
            vec![],
        )
        .await;
    assert!(resumed.as_f64().unwrap() < 80.0, "{resumed}");
    back(&window).await;
    open_item(&window, "reading").await;
    window.wait("[data-testid=reading] iframe, iframe[data-testid=reading]").await;
    accessible(&window, "reading").await;
    back(&window).await;
    open_item(&window, "discussion").await;
    window.wait("textarea").await;
    accessible(&window, "discussion").await;
    back(&window).await;

    // 4. Killed in the middle of typing.
    open_item(&window, "assignment").await;
    window.write("[data-testid=assignment-text]", ESSAY).await;
    window.wait("[data-testid=save-status][data-state=saved]").await;
    accessible(&window, "assignment").await;
    window.kill();
    let window = Window::open(&data).await;
    window.part("assignment-text").await;
    window
        .until(
            "the text and the place",
            "return document.querySelector('[data-testid=assignment-text]').value === arguments[0]",
            vec![json!(ESSAY)],
        )
        .await;
    window.press("hand-in").await;
    window.press("dialog-yes").await;
    window.press("nav-outbox").await;
    window.wait("[data-testid=work-card][data-state=waiting]").await;
    accessible(&window, "outbox").await;

    // 5. Online; the reply is lost, and the work arrives once.
    campus.restart();
    campus.ctl(&["lose-replies", "1", "mod_assign_save_submission"]);
    window.press("sync-now").await;
    window.wait("[data-testid=work-card][data-state=accepted]").await;

    // 6. Grade, comment and recorded message.
    campus.ctl(&["grade-now"]);
    window.press("sync-now").await;
    window.press("nav-inbox").await;
    window.part("feedback-card").await;
    accessible(&window, "inbox").await;
    window.press("feedback-open").await;
    window.part("page-item").await;
    window.part("grade").await;
    window.part("comment").await;
    window.part("recording").await;
    campus.stop();
    window.press("nav-settings").await;
    window.part("page-settings").await;
    accessible(&window, "settings").await;
    window.press("nav-library").await;
    window.part("course-card").await;
    accessible(&window, "library").await;
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_around_needs_no_network_and_the_practice_quiz_tells_the_score() {
    let dir = tempfile::tempdir().unwrap();
    let window = Window::open(&dir.path().join("data")).await;
    window.press("look-around").await;
    window.part("page-course").await;
    open_item(&window, "quiz").await;
    window.press("attempt-start").await;
    window.part("question").await;
    accessible(&window, "quiz").await;
    window.press("attempt-finish").await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    if window.client.find(fantoccini::Locator::Css("[data-testid=dialog-yes]")).await.is_ok() {
        window.press("dialog-yes").await;
    }
    window.part("score").await;
    accessible(&window, "finished quiz").await;
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_package_opens_from_a_file_and_a_broken_one_says_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let window = Window::open(&dir.path().join("data")).await;
    let good: PathBuf = root().join("crates/app/assets/look-around.daypack");
    let broken = dir.path().join("broken.daypack");
    let bytes = std::fs::read(&good).unwrap();
    std::fs::write(&broken, &bytes[..bytes.len() / 3]).unwrap();
    window.press("way-file").await;
    window.pick(broken.to_str().unwrap());
    window.press("pick-file").await;
    window.wait("[data-testid=failure][data-code=broken_package]").await;
    accessible(&window, "a broken package").await;
    window.pick(good.to_str().unwrap());
    window.press("pick-file").await;
    window.press("opened-go").await;
    window.part("page-course").await;
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_package_from_a_stick_is_worked_without_an_account_and_handed_in_after_signing_in() {
    let dir = tempfile::tempdir().unwrap();
    let campus = Practice::start(&small_course(), None, &dir.path().join("campus"));
    let package = small_package(dir.path(), Some(&campus.site));
    let window = Window::open(&dir.path().join("data")).await;
    window.press("way-file").await;
    window.pick(package.to_str().unwrap());
    window.press("pick-folder").await;
    window.press("opened-go").await;
    window.part("page-course").await;

    // The quiz: told where it goes before anything is handed in.
    window.click("[data-testid=item-row][data-item=z2] [data-testid=item-open]").await;
    window.part("receiver-sign-in").await;
    window.press("attempt-start").await;
    window.write("[data-testid=answer-essay]", ESSAY).await;
    window.wait("[data-testid=save-status][data-state=saved]").await;
    window.press("attempt-finish").await;
    window.press("dialog-yes").await;
    window.wait("[data-testid=attempt-result] [data-testid=work-state][data-state=waiting]").await;
    back(&window).await;

    // The assignment, and the sign-in at its side.
    window.click("[data-testid=item-row][data-item=a1] [data-testid=item-open]").await;
    window.write("[data-testid=assignment-text]", ESSAY).await;
    window.wait("[data-testid=save-status][data-state=saved]").await;
    window.press("hand-in").await;
    window.press("dialog-yes").await;
    window.wait("[data-testid=work-state][data-state=waiting]").await;
    accessible(&window, "work for a school nobody is signed in at").await;
    window.press("nav-outbox").await;
    window.wait("[data-testid=outbox-group][data-group=needs_you] [data-testid=receiver-sign-in]").await;
    accessible(&window, "outbox before a sign-in").await;
    window.click("[data-testid=outbox-group][data-group=needs_you] [data-testid=receiver-sign-in-at]").await;
    window.press("site-check").await;
    window.write("[data-testid=username]", "student1").await;
    window.write("[data-testid=password]", "practice-1").await;
    window.press("sign-in").await;
    window
        .until(
            "both have their receipts",
            "return document.querySelectorAll('[data-testid=work-card][data-state=accepted]').length === 2",
            vec![],
        )
        .await;
    assert_eq!(campus.state()["submissions"].as_array().unwrap().len(), 1);
    assert_eq!(campus.state()["attempts"].as_array().unwrap().len(), 1);

    // Grades come back beside the work of the package.
    campus.ctl(&["grade-now"]);
    window.press("sync-now").await;
    window.press("nav-library").await;
    window.press("course-open").await;
    window.click("[data-testid=item-row][data-item=a1] [data-testid=item-open]").await;
    window.part("grade").await;
    window.close().await;
}
