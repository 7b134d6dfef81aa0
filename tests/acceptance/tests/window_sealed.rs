//! Sealed sign-ins in the real window: locked, unlocked, and kept with a passphrase, by keyboard and held to WCAG.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::path::Path;

use daypack_tests::practice::{Practice, daypack, keyring_of, root, small_course};
use daypack_tests::window::Window;
use serde_json::json;

async fn accessible(window: &Window, page: &str) {
    let source =
        std::fs::read_to_string(root().join("ui/node_modules/axe-core/axe.min.js")).expect("axe-core");
    window.run(&format!("if (!window.axe) {{ {source}\n }} return typeof window.axe"), vec![]).await;
    let script = "const done = arguments[0]; window.axe.run(document, { runOnly: ['wcag2a','wcag2aa','wcag21a',\
        'wcag21aa','wcag22aa'], iframes: false }).then(r => done(r.violations.map(v => v.id + ': ' + v.nodes.map(n => \
        n.target + ' ' + n.failureSummary).join(' | '))), e => done(['axe: ' + e]));";
    let faults = window.run_async(script, vec![]).await;
    assert_eq!(faults, json!([]), "{page} is not accessible");
}

/// The double for the keyring, locked or open again.
fn lock_keyring(data: &Path, locked: bool) {
    let path = keyring_of(data);
    let text = std::fs::read_to_string(&path).unwrap();
    let text = text.trim_start_matches("locked\n");
    std::fs::write(&path, if locked { format!("locked\n{text}") } else { text.to_owned() }).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_sign_in_is_said_calmly_and_unlocked_in_the_window() {
    let dir = tempfile::tempdir().unwrap();
    let campus = Practice::start(&small_course(), None, &dir.path().join("campus"));
    let data = dir.path().join("data");
    let who = json!({ "site": campus.site, "username": "student1", "password": "practice-1" }).to_string();
    let (code, said) = daypack(&["call", "sign_in", &who, "--data", data.to_str().unwrap()]);
    assert_eq!(code, 0, "{said}");
    lock_keyring(&data, true);

    // 1. Locked: said, and nobody is signed out.
    let window = Window::open(&data).await;
    window.wait("[data-testid=keys-banner][data-standing=locked]").await;
    accessible(&window, "the library with a locked sign-in").await;
    window.press("keys-banner-go").await;
    window.wait("[data-testid=keys][data-standing=locked]").await;
    let status = window.call("app_status", json!({})).await.unwrap();
    assert_eq!(status["accounts"][0]["needs_sign_in"], false);
    accessible(&window, "settings with a locked sign-in").await;
    window.press("keys-unlock").await;
    window.wait("[data-testid=failure][data-code=keyring_locked]").await;

    // 2. Unlocked; then kept with a passphrase instead, by keyboard alone.
    lock_keyring(&data, false);
    window.press("keys-unlock").await;
    window.wait("[data-testid=keys][data-standing=open][data-guard=keyring]").await;
    window.press("keys-passphrase").await;
    accessible(&window, "a new passphrase").await;
    window.write("[data-testid=passphrase-new]", "a long walk\u{e004}a long talk\u{e007}").await;
    window.text("The two are not the same.").await;
    window.part("passphrase-again").await.clear().await.unwrap();
    window.write("[data-testid=passphrase-again]", "a long walk\u{e007}").await;
    window.wait("[data-testid=keys][data-standing=open][data-guard=passphrase]").await;
    window.kill();

    // 3. The next start asks for it, and work goes on meanwhile.
    let window = Window::open(&data).await;
    window.wait("[data-testid=keys][data-standing=locked][data-guard=passphrase]").await;
    window.write("[data-testid=passphrase]", "a long talk\u{e007}").await;
    window.wait("[data-testid=failure][data-code=wrong_passphrase]").await;
    accessible(&window, "a wrong passphrase").await;
    window.part("passphrase").await.clear().await.unwrap();
    window.write("[data-testid=passphrase]", "a long walk\u{e007}").await;
    window.wait("[data-testid=keys][data-standing=open]").await;
    window.close().await;
}
