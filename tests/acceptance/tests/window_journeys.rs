//! A week without a network in the real window, and what a school did meanwhile: it closed a quiz, it hid an
//! assignment, and it answers only days later.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use daypack_tests::axe::accessible;
use daypack_tests::practice::{Practice, small_course};
use daypack_tests::window::Window;
use serde_json::{Value, json};

const QUIZ: &str = "What I wrote on the bus about packets.";
const HIDDEN: &str = "My text for the assignment that goes away.";
const DRAWN: &str = "Short and kept.";

async fn open(window: &Window, course: &str, item: &str) {
    window.press("nav-library").await;
    window.part("page-library").await;
    window.press("course-open").await;
    window.click(&format!("[data-testid=item-row][data-item={item}] [data-testid=item-open]")).await;
    window.part("page-item").await;
    let place = window.call("app_status", json!({})).await.unwrap()["place"].clone();
    assert_eq!(place["course"], course);
}

async fn hand_in(window: &Window, text: &str) {
    window.write("[data-testid=assignment-text]", text).await;
    window.wait("[data-testid=save-status][data-state=saved]").await;
    window.press("hand-in").await;
    window.press("dialog-yes").await;
    window.wait("[data-testid=work-state]").await;
}

/// The state of the piece of work of an item in the outbox, once it is one of `wanted`.
async fn state(window: &Window, item: &str, wanted: &[&str]) -> Value {
    for _ in 0..200 {
        let found = window.call("outbox", json!({})).await.unwrap();
        let work = found["work"].as_array().unwrap().iter().find(|w| w["item"] == item).cloned();
        if let Some(work) = work
            && wanted.contains(&work["state"]["state"].as_str().unwrap())
        {
            return work;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("{item} never was one of {wanted:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_week_away_and_what_the_school_did_meanwhile() {
    let dir = tempfile::tempdir().unwrap();
    let campus = Practice::start(&small_course(), None, &dir.path().join("campus"));
    let window = Window::open(&dir.path().join("data")).await;
    window.part("way-school").await;

    // At school: sign in, add the course, begin the quiz, take everything along.
    let who = json!({ "site": campus.site, "username": "student1", "password": "practice-1" });
    window.call("sign_in", who).await.unwrap();
    let library = window.call("offers_refresh", json!({})).await.unwrap();
    let offer = &library["offers"][0];
    let added = window.call("course_add", json!({ "source": offer["source"], "id": offer["id"] })).await;
    let course = added.unwrap()["course"].as_str().unwrap().to_owned();
    let outline = window.call("course", json!({ "course": course })).await.unwrap();
    let rows: Vec<Value> = outline["sections"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|s| s["items"].as_array().unwrap().clone())
        .collect();
    let item = |title: &str| {
        rows.iter().find(|row| row["title"] == title).expect(title)["id"].as_str().unwrap().to_owned()
    };
    let (quiz, hidden, stays, talk) =
        (item("Graded quiz"), item("Assignment"), item("Assignment with drafts"), item("Introduce yourself"));
    window.run("window.stale = true; setTimeout(() => location.reload(), 0)", vec![]).await;
    window.until("a fresh page", "return !window.stale && !!document.querySelector('main')", vec![]).await;
    open(&window, &course, &quiz).await;
    window.press("attempt-start").await;
    window.part("question").await;
    window.call("take_along", json!({ "course": course })).await.unwrap();
    for _ in 0..100 {
        let jobs = window.call("jobs", json!({})).await.unwrap();
        if jobs["jobs"].as_array().unwrap().iter().all(|job| job["state"] == "done") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }

    // Away: answer, finish, write, hand in, post. All of it waits.
    campus.ctl(&["offline", "on"]);
    window.write("[data-testid=answer-essay]", QUIZ).await;
    window.wait("[data-testid=save-status][data-state=saved]").await;
    window.press("attempt-finish").await;
    window.press("dialog-yes").await;
    window.wait("[data-testid=attempt-result] [data-testid=work-state]").await;
    open(&window, &course, &hidden).await;
    hand_in(&window, HIDDEN).await;
    open(&window, &course, &stays).await;
    hand_in(&window, DRAWN).await;
    open(&window, &course, &talk).await;
    window.write("[data-testid=post-subject]", "From the bus").await;
    window.write("[data-testid=post-text]", "There is no network here.").await;
    window.press("post-send").await;
    window.part("post-waiting").await;

    // Meanwhile the school closes the quiz and hides an assignment.
    campus.ctl(&["close-quiz", "2"]);
    campus.ctl(&["hide", hidden.trim_start_matches("cm")]);
    campus.ctl(&["offline", "off"]);
    window.press("sync-now").await;

    // The quiz came too late: it says so, and the answer is still here.
    let late = state(&window, &quiz, &["refused", "accepted"]).await;
    let told =
        late["state"]["state"] == "refused" || late["state"]["receipt"]["caveat"] == "late_answers_dropped";
    assert!(told, "{late}");
    open(&window, &course, &quiz).await;
    window
        .until(
            "what was answered",
            "return [...document.querySelectorAll('textarea')].some(t => t.value === arguments[0])\
             || document.body.innerText.includes(arguments[0])",
            vec![json!(QUIZ)],
        )
        .await;
    accessible(&window, "a quiz that was closed meanwhile").await;
    // The assignment that is hidden takes nothing: it waits, and the text is here.
    state(&window, &hidden, &["waiting"]).await;
    open(&window, &course, &hidden).await;
    window.wait("[data-testid=work-state][data-state=waiting]").await;
    window
        .until(
            "what was written",
            "return document.querySelector('[data-testid=assignment-text]').value === arguments[0]",
            vec![json!(HIDDEN)],
        )
        .await;
    // What could arrive did.
    state(&window, &stays, &["accepted"]).await;
    state(&window, &talk, &["accepted"]).await;
    let held = campus.state().to_string();
    assert_eq!((held.matches(DRAWN).count(), held.matches(HIDDEN).count()), (1, 0), "{held}");

    // Days later the teacher answers; it stays when the network is gone again.
    campus.ctl(&["grade-now"]);
    window.press("sync-now").await;
    window.press("nav-inbox").await;
    window.part("feedback-card").await;
    campus.ctl(&["offline", "on"]);
    open(&window, &course, &stays).await;
    window.part("grade").await;
    window.part("comment").await;
    window.press("item-back").await;
    window.press("course-grades").await;
    window.part("grade-line").await;
    accessible(&window, "grades").await;
    window.close().await;
}
