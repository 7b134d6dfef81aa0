//! How long what was typed is not on the disk yet, in the real window: half a second at most, and a tenth of one when the
//! field is left or the window goes out of sight. The clock stops when the window says "saved", which it says of what is
//! durable only (`window_kills`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use daypack_tests::practice::{Practice, small_course};
use daypack_tests::window::Window;
use serde_json::{Value, json};

const ROUNDS: usize = 9;

/// Types a letter, does what `then` says, and waits for "saved": milliseconds, by the page's own clock.
const TYPE: &str =
    "const [then, done] = arguments; const field = document.querySelector('[data-testid=assignment-text]');
  const line = document.querySelector('[data-testid=save-status]'); let began = 0, dirty = false;
  const seen = new MutationObserver(() => { if (line.dataset.state !== 'saved') dirty = true;
    else if (dirty) { seen.disconnect(); done(performance.now() - began); } });
  seen.observe(line, { attributes: true, attributeFilter: ['data-state'] });
  field.focus(); field.value += 'x'; began = performance.now();
  field.dispatchEvent(new Event('input', { bubbles: true }));
  if (then === 'leave') field.blur();
  if (then === 'hide') { Object.defineProperty(document, 'hidden', { value: true, configurable: true });
    document.dispatchEvent(new Event('visibilitychange')); delete document.hidden; }";

async fn median(window: &Window, then: &str) -> f64 {
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        times.push(window.run_async(TYPE, vec![json!(then)]).await.as_f64().expect("a time"));
    }
    times.sort_by(f64::total_cmp);
    times[ROUNDS / 2]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_typed_is_on_the_disk_in_half_a_second_and_at_once_when_the_field_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let campus = Practice::start(&small_course(), None, &dir.path().join("campus"));
    let window = Window::open(&dir.path().join("data")).await;
    window.wait("main").await;
    let call = async |name: &str, input: Value| window.call(name, input).await.unwrap();
    call("sign_in", json!({ "site": campus.site, "username": "student1", "password": "practice-1" })).await;
    let offer = call("offers_refresh", json!({})).await["offers"][0].clone();
    let course =
        call("course_add", json!({ "source": offer["source"], "id": offer["id"] })).await["course"].clone();
    let view = call("course", json!({ "course": course })).await;
    let sections = view["sections"].as_array().unwrap();
    let item = sections
        .iter()
        .flat_map(|section| section["items"].as_array().unwrap())
        .find(|item| item["kind"] == "assignment")
        .expect("an assignment")["id"]
        .clone();
    call("place_save", json!({ "page": "item", "course": course, "item": item, "detail": null })).await;
    window.run("setTimeout(() => location.reload(), 0); return true", vec![]).await;
    window.wait("[data-testid=assignment-text]").await;

    let typing = median(&window, "").await;
    let leaving = median(&window, "leave").await;
    let hiding = median(&window, "hide").await;
    println!("typed and saved: {typing:.0} ms; left: {leaving:.0} ms; out of sight: {hiding:.0} ms");
    assert!(typing <= 500.0, "{typing}");
    assert!(leaving <= 100.0 && hiding <= 100.0, "{leaving} {hiding}");
    // The control: while one only types on, it does wait; so it was the leaving that made it quick.
    assert!(typing > 100.0, "{typing}");
    let text = "return document.querySelector('[data-testid=assignment-text]').value";
    let shown = window.run(text, vec![]).await;
    let kept = call("item", json!({ "course": course, "item": item })).await.to_string();
    assert!(kept.contains(shown.as_str().unwrap()) && shown.as_str().unwrap().len() == 3 * ROUNDS, "{shown}");
    window.close().await;
}
