//! Pictures of each page, light and dark, for `docs/screenshots` (`cargo xtask screenshots`): first the course that
//! comes with Daypack, then a learner's day at the practice campus. With `DAYPACK_SHAPES=1` also narrow, with text of
//! 200 %, and mirrored, for judging a change; those are not kept.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::path::PathBuf;
use std::time::Duration;

use daypack_tests::practice::{Practice, sample_course};
use daypack_tests::window::Window;
use serde_json::{Value, json};

/// A way of looking at a page: name, width, height, and what is done to the page.
type Shape = (&'static str, u32, u32, &'static str);

const USUAL: Shape = ("", 1180, 780, "");
const OTHERS: [Shape; 3] = [
    ("-narrow", 400, 800, ""),
    ("-large", 1180, 780, "document.documentElement.style.fontSize = '200%'"),
    ("-mirrored", 1180, 780, "document.documentElement.dir = 'rtl'"),
];

fn folder() -> PathBuf {
    std::env::var_os("DAYPACK_SCREENSHOTS").map_or_else(std::env::temp_dir, PathBuf::from)
}

fn shapes(theme: &str) -> Vec<Shape> {
    let all = theme == "light" && std::env::var_os("DAYPACK_SHAPES").is_some();
    std::iter::once(USUAL).chain(OTHERS.into_iter().filter(|_| all)).collect()
}

/// Goes to a page the way a new start does, and takes its picture.
async fn picture(window: &Window, place: Value, name: &str, theme: &str) {
    window.call("place_save", place).await.unwrap();
    window.run("window.stale = true; setTimeout(() => location.reload(), 0)", vec![]).await;
    window.until("a fresh page", "return !window.stale && !!document.querySelector('main')", vec![]).await;
    taken(window, name, theme).await;
}

/// Takes the picture of the page that is shown.
async fn taken(window: &Window, name: &str, theme: &str) {
    window.run_async("document.fonts.ready.then(arguments[0])", vec![]).await;
    let lecture = "const v = document.querySelector('[data-testid=video]'); return !v || v.readyState > 1";
    window.until("the lecture's picture", lecture, vec![]).await;
    for (shape, width, height, dress) in shapes(theme) {
        window.size(width, height).await;
        window.run(dress, vec![]).await;
        // A video's first picture and a reading's frame have no sign of being painted.
        tokio::time::sleep(Duration::from_millis(1200)).await;
        window.screenshot(&folder().join(format!("{name}{shape}-{theme}.png"))).await;
        let plain = "document.documentElement.style.fontSize = ''; document.documentElement.dir = 'ltr'";
        window.run(plain, vec![]).await;
    }
    window.size(USUAL.1, USUAL.2).await;
}

async fn dressed(window: &Window, theme: &str) {
    window.size(USUAL.1, USUAL.2).await;
    window.wait("main").await;
    let mut settings = window.call("app_status", json!({})).await.unwrap()["settings"].clone();
    settings["theme"] = json!(theme);
    window.call("settings_save", settings).await.unwrap();
}

fn items(outline: &Value) -> Vec<&Value> {
    let sections = outline["sections"].as_array().unwrap();
    sections.iter().flat_map(|section| section["items"].as_array().unwrap()).collect()
}

fn item<'a>(outline: &'a Value, kind: &str) -> &'a Value {
    items(outline).into_iter().find(|item| item["kind"] == kind).expect(kind)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "writes pictures; run by `cargo xtask screenshots`"]
async fn each_page_has_its_picture_in_light_and_dark() {
    for theme in ["light", "dark"] {
        let folder = tempfile::tempdir().unwrap();
        let window = Window::open(folder.path()).await;
        dressed(&window, theme).await;
        picture(&window, json!({ "page": "welcome" }), "welcome", theme).await;

        let added = window.call("look_around", json!({})).await.unwrap();
        let course = added["course"].clone();
        let outline = window.call("course", json!({ "course": course })).await.unwrap();
        for page in ["library", "settings"] {
            picture(&window, json!({ "page": page }), page, theme).await;
        }
        picture(&window, json!({ "page": "course", "course": course }), "course", theme).await;
        let mut shown = Vec::new();
        for item in items(&outline) {
            let kind = item["kind"].as_str().unwrap().to_owned();
            if !shown.contains(&kind) {
                let place = json!({ "page": "item", "course": course, "item": item["id"] });
                picture(&window, place, &kind, theme).await;
                shown.push(kind);
            }
        }
        assert!(shown.len() > 2, "{shown:?}");
        window.press("nav-library").await;
        window.part("page-library").await;
        let quiz = json!({ "course": course, "item": item(&outline, "quiz")["id"] });
        window.call("attempt_start", quiz.clone()).await.unwrap();
        let place = json!({ "page": "item", "course": course, "item": quiz["item"] });
        picture(&window, place, "quiz-open", theme).await;
        window.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "writes pictures; run by `cargo xtask screenshots`"]
async fn a_day_at_the_campus_has_its_pictures() {
    let course_folder = sample_course().expect("the sample course is built");
    for theme in ["light", "dark"] {
        let folder = tempfile::tempdir().unwrap();
        let mut campus = Practice::start(&course_folder, None, &folder.path().join("campus"));
        let window = Window::open(&folder.path().join("data")).await;
        dressed(&window, theme).await;
        let sign_in = json!({ "site": campus.site, "username": "student1", "password": "practice-1" });
        window.call("sign_in", sign_in).await.unwrap();
        picture(&window, json!({ "page": "library" }), "library-offers", theme).await;
        let offer = window.call("library", json!({})).await.unwrap()["offers"].as_array().unwrap()[0].clone();
        let added = window.call("course_add", json!({ "source": offer["source"], "id": offer["id"] })).await;
        let course = added.unwrap()["course"].clone();
        picture(&window, json!({ "page": "course", "course": course }), "course-not-here", theme).await;
        campus.ctl(&["slow", "2000"]);
        window.press("take-along").await;
        window.part("job").await;
        tokio::time::sleep(Duration::from_millis(2500)).await;
        taken(&window, "course-coming", theme).await;
        campus.ctl(&["slow", "off"]);
        let outline = window.call("course", json!({ "course": course })).await.unwrap();

        // Hand in with nobody there.
        campus.stop();
        let work = json!({ "course": course, "item": item(&outline, "assignment")["id"] });
        let mut draft = work.clone();
        draft["slot"] = json!("text");
        draft["text"] = json!(
            "My laptop talks to the router by radio, the router to a mast on the hill, and the mast by cable to \
             the provider in town. In the evening the mast is the weakest link: a page that takes one second at \
             six in the morning takes eight at nine in the evening."
        );
        window.call("draft_save", draft).await.unwrap();
        picture(
            &window,
            json!({ "page": "item", "course": course, "item": work["item"] }),
            "assignment-written",
            theme,
        )
        .await;
        window.press("hand-in").await;
        window.press("dialog-yes").await;
        window.part("work-state").await;
        taken(&window, "assignment-waiting", theme).await;
        let thread = item(&outline, "discussion")["id"].clone();
        let post = json!({ "course": course, "item": thread, "parent": null, "subject": "The line at our school",
            "text": "We share one mast with three villages. After dark it is quick." });
        window.call("post_send", post).await.unwrap();
        picture(&window, json!({ "page": "outbox" }), "outbox", theme).await;

        // Sent, one refused, graded.
        campus.restart();
        campus.ctl(&["error", "mod_forum_add_discussion", "forumblockingtoomanyposts", "20"]);
        window.call("sync_now", json!({})).await.unwrap();
        campus.ctl(&["grade-now"]);
        window.call("sync_now", json!({})).await.unwrap();
        picture(&window, json!({ "page": "outbox" }), "outbox-sent", theme).await;
        picture(&window, json!({ "page": "inbox" }), "inbox", theme).await;
        picture(
            &window,
            json!({ "page": "item", "course": course, "item": work["item"] }),
            "assignment-graded",
            theme,
        )
        .await;
        picture(&window, json!({ "page": "grades", "course": course }), "grades", theme).await;
        picture(&window, json!({ "page": "course", "course": course }), "course-changes", theme).await;
        picture(&window, json!({ "page": "library" }), "library-signed-in", theme).await;
        window.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "writes pictures; run by `cargo xtask screenshots`"]
async fn several_people_at_one_computer_have_their_pictures() {
    for theme in ["light", "dark"] {
        let folder = tempfile::tempdir().unwrap();
        let window = Window::open(folder.path()).await;
        dressed(&window, theme).await;
        window.call("look_around", json!({})).await.unwrap();
        window.press("nav-settings").await;
        window.press("people-begin").await;
        let to = "document.querySelector('[data-testid=people]').scrollIntoView()";
        window.run(to, vec![]).await;
        taken(&window, "people-begin", theme).await;
        window.write("[data-testid=people-name]", "Lina").await;
        window.write("[data-testid=passphrase-new]", "a long walk").await;
        window.write("[data-testid=passphrase-again]", "a long walk\u{e007}").await;
        window.part("recovery-code").await;
        taken(&window, "people-code", theme).await;
        window.press("code-written").await;
        window.press("code-done").await;
        window.wait("[data-testid=people][data-standing=open]").await;
        window.run(to, vec![]).await;
        taken(&window, "people-open", theme).await;
        window.press("lock").await;
        window.part("door-passphrase").await;
        taken(&window, "people-locked", theme).await;
        window.press("door-forgot").await;
        taken(&window, "people-forgot", theme).await;
        window.call("learner_add", json!({ "name": "Amir", "passphrase": "a short swim" })).await.unwrap();
        window.part("door-learner").await;
        taken(&window, "people-who", theme).await;
        window.close().await;
    }
}
