//! `kill -9` of the window at any moment: what it showed as saved is there, and the next window opens where one was.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::time::{Duration, Instant};

use daypack_tests::window::Window;
use daypack_tests::window_kills::{Figures, Victim, look, texts, type_text};
use serde_json::json;

fn kills() -> u32 {
    std::env::var("DAYPACK_WINDOW_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(50)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_window_showed_as_saved_survives_every_kill() {
    let began = Instant::now();
    let wanted = kills();
    let figures = Figures::gather(wanted, 20_260_101, || true).await;
    println!(
        "{} kills in {:?}: {} texts and {} messages shown as kept, {} lost; start to the page of before: \
         slowest {:?} of {}, {} not judged (busy computer)",
        figures.kills,
        began.elapsed(),
        figures.saved,
        figures.posted,
        figures.lost.len(),
        figures.slowest(),
        figures.starts.len(),
        figures.busy_starts
    );
    assert_eq!(figures.lost, Vec::<String>::new());
    assert!(figures.saved > wanted / 5, "too little was shown as saved to prove anything: {figures:?}");
    assert!(figures.slowest() < Duration::from_secs(2), "{:?}", figures.starts);
}

/// Control: a window that says "saved" of what was never kept is caught by the same judge.
#[tokio::test(flavor = "multi_thread")]
async fn a_window_that_says_saved_too_early_is_caught() {
    let victim = Victim::prepare(7).await;
    let window = Window::open(&victim.data).await;
    window.part("assignment-text").await;
    let lie = "const real = window.fetch; window.fetch = (to, how) => String(to).endsWith('/call') && \
        new TextDecoder().decode(how.body instanceof Uint8Array ? how.body : new TextEncoder().encode(how.body))\
        .includes('draft_save') ? Promise.resolve(new Response(JSON.stringify({ at: Date.now() }), { headers: \
        { 'Tauri-Response': 'ok', 'Content-Type': 'application/json' } })) : real(to, how); return true";
    assert_eq!(window.run(lie, vec![]).await, json!(true));
    type_text(&window, "never kept ").await;
    let end = Instant::now() + Duration::from_secs(10);
    let shown = loop {
        let (value, state) = look(&window).await.expect("a field");
        if state == "saved" && value.contains("never kept") {
            break value;
        }
        assert!(Instant::now() < end, "the lie does not work: {value:?} {state:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    window.kill();
    assert!(!texts(&victim.data).iter().any(|text| text.starts_with(&shown)), "the judge sees the loss");
}
