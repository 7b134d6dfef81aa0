//! Several people at one computer in the real window: set up, the recovery code once, locked and back at the very place,
//! a second person, a forgotten passphrase, and back to one. By keyboard where it can be, held to WCAG, light and dark.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use daypack_tests::axe::accessible;
use daypack_tests::practice::{Practice, small_course};
use daypack_tests::window::Window;
use serde_json::json;

const ADA: &str = "a long walk";
const BEN: &str = "a short swim";
const TYPED: &str = "the heron stands on one leg";
const ENTER: &str = "\u{e007}";

/// Types a new passphrase twice and sends the form.
async fn choose(window: &Window, passphrase: &str) {
    window.write("[data-testid=passphrase-new]", passphrase).await;
    window.write("[data-testid=passphrase-again]", &format!("{passphrase}{ENTER}")).await;
}

/// Reads the code and puts it away.
async fn code(window: &Window) -> String {
    let code = window.part("recovery-code").await.text().await.unwrap();
    let done = window.part("code-done").await;
    assert!(!done.is_enabled().await.unwrap(), "not before it is written down");
    window.press("code-written").await;
    window.press("code-done").await;
    code
}

async fn unlock(window: &Window, passphrase: &str) {
    window.part("door-passphrase").await.clear().await.unwrap();
    window.write("[data-testid=door-passphrase]", &format!("{passphrase}{ENTER}")).await;
}

/// Whether the words are in their field.
async fn typed(window: &Window) {
    window.part("page-item").await;
    let script = "return document.querySelector('[data-testid=assignment-text]')?.value === arguments[0]";
    window.until("what was typed", script, vec![json!(TYPED)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_share_a_computer_from_the_first_page_to_the_last() {
    let dir = tempfile::tempdir().unwrap();
    let campus = Practice::start(&small_course(), None, &dir.path().join("campus"));
    let window = Window::open(&dir.path().join("data")).await;
    window.part("page-welcome").await;
    let who = json!({ "site": campus.site, "username": "student1", "password": "practice-1" });
    window.call("sign_in", who).await.unwrap();
    let offers = window.call("offers_refresh", json!({})).await.unwrap()["offers"].clone();
    let offer = json!({ "source": offers[0]["source"], "id": offers[0]["id"] });
    let course = window.call("course_add", offer).await.unwrap()["course"].clone();
    let outline = window.call("course", json!({ "course": course })).await.unwrap();
    let sections = outline["sections"].as_array().unwrap();
    let mut items = sections.iter().flat_map(|section| section["items"].as_array().unwrap());
    let item = items.find(|item| item["kind"] == "assignment").unwrap()["id"].clone();

    // 1. Set up: what it does and does not, a name, a passphrase, the code once.
    window.press("nav-settings").await;
    window.press("people-begin").await;
    window.text("What this does not do").await;
    accessible(&window, "setting it up").await;
    window.write("[data-testid=passphrase-new]", ENTER).await;
    window.text("Please write a name.").await;
    window.write("[data-testid=people-name]", "Ada").await;
    choose(&window, ADA).await;
    window.part("recovery-code").await;
    accessible(&window, "the recovery code").await;
    let ada = code(&window).await;
    assert_eq!(ada.chars().filter(char::is_ascii_alphanumeric).count(), 32, "{ada}");
    window.wait("[data-testid=people][data-standing=open]").await;
    accessible(&window, "settings with the mode on").await;

    // 2. Typed, and locked by the keys in the same breath: nothing of it is on the page or to be had.
    let place = json!({ "page": "item", "course": course, "item": item, "detail": null });
    window.call("place_save", place).await.unwrap();
    window.call("learner_lock", json!({})).await.unwrap();
    unlock(&window, ADA).await;
    window.write("[data-testid=assignment-text]", TYPED).await;
    let keys = "dispatchEvent(new KeyboardEvent('keydown', { key: 'l', ctrlKey: true, bubbles: true, cancelable: true }))";
    window.run(keys, vec![]).await;
    window.part("door-passphrase").await;
    let page = window.run("return document.documentElement.outerHTML", vec![]).await.to_string();
    assert!(!page.contains(TYPED) && !page.contains("page-item"), "{page}");
    for command in ["app_status", "library", "draft_save"] {
        let refused = window.call(command, json!({})).await.unwrap_err();
        assert_eq!(refused["code"], "locked", "{command}");
    }
    accessible(&window, "the locked door").await;

    // 3. A wrong passphrase costs nothing; the right one leads to the very place.
    unlock(&window, BEN).await;
    window.wait("[data-testid=failure][data-code=wrong_passphrase]").await;
    unlock(&window, ADA).await;
    typed(&window).await;

    // 4. A second person, who finds nothing of the first.
    window.press("lock").await;
    window.press("door-add").await;
    window.write("[data-testid=people-name]", "ada").await;
    choose(&window, BEN).await;
    window.wait("[data-testid=failure][data-code=name_taken]").await;
    accessible(&window, "a new person").await;
    window.part("people-name").await.clear().await.unwrap();
    window.write("[data-testid=people-name]", &format!("Ben{ENTER}")).await;
    code(&window).await;
    window.wait("[data-testid=door-learner][data-name=Ben]").await;
    accessible(&window, "who are you").await;
    window.click("[data-testid=door-learner][data-name=Ben]").await;
    unlock(&window, BEN).await;
    window.part("page-welcome").await;
    let status = window.call("app_status", json!({})).await.unwrap();
    assert_eq!((&status["accounts"], &status["first_run"]), (&json!([]), &json!(true)));
    window.press("nav-library").await;
    window.part("page-library").await;
    let title = outline["card"]["title"].as_str().unwrap();
    let page = window.run("return document.body.innerText", vec![]).await.to_string();
    assert!(!page.contains(title), "{page}");

    // 5. A forgotten passphrase: the code, a new one, and all is there.
    window.press("lock").await;
    window.click("[data-testid=door-learner][data-name=Ada]").await;
    window.press("door-forgot").await;
    window.write("[data-testid=door-code]", "0000 0000").await;
    choose(&window, BEN).await;
    window.wait("[data-testid=failure][data-code=wrong_code]").await;
    accessible(&window, "a forgotten passphrase").await;
    window.part("door-code").await.clear().await.unwrap();
    window.write("[data-testid=door-code]", &format!("{}{ENTER}", ada.to_lowercase())).await;
    typed(&window).await;
    window.close().await;

    // 6. The next start asks who is there.
    let window = Window::open(&dir.path().join("data")).await;
    window.click("[data-testid=door-learner][data-name=Ada]").await;
    unlock(&window, BEN).await;
    typed(&window).await;
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_person_can_go_back_to_having_no_door() {
    let dir = tempfile::tempdir().unwrap();
    let window = Window::open(dir.path()).await;
    window.part("page-welcome").await;
    window.call("look_around", json!({})).await.unwrap();
    window.press("nav-settings").await;
    window.press("people-begin").await;
    window.write("[data-testid=people-name]", "Ada").await;
    choose(&window, ADA).await;
    code(&window).await;
    window.press("people-end").await;
    window.write("[data-testid=people-passphrase]", &format!("{BEN}{ENTER}")).await;
    window.wait("[data-testid=failure][data-code=wrong_passphrase]").await;
    accessible(&window, "leaving the mode").await;
    window.part("people-passphrase").await.clear().await.unwrap();
    window.write("[data-testid=people-passphrase]", &format!("{ADA}{ENTER}")).await;
    window.wait("[data-testid=people][data-standing=alone]").await;
    assert_eq!(window.call("library", json!({})).await.unwrap()["courses"].as_array().unwrap().len(), 1);
    window.close().await;
}
