//! Course content has no door to the program: each kind of place where content is shown, times each command.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use daypack_tests::hostile::{Hostile, PROBE, commands, reached};
use daypack_tests::packed::library;
use daypack_tests::practice::bin;
use daypack_tests::window::Window;
use daypack_tests::window_kills::texts;
use serde_json::{Value, json};

const MARK: &str = "from-content";
/// Frames that the page on top is made to hold.
const SPOT: [&str; 2] = ["blob in the window", "data URL in the window"];
/// A page that knows where the server listens tries to read from it and to show what it has; where the whole address
/// was given away it still cannot read.
const ASK_THE_SERVER: &str = "const [address, done] = arguments; (async () => {
  const origin = new URL(address).origin, word = new URL(address).pathname.split('/')[1];
  const paths = ['/', '/0', '/page', `/${'0'.repeat(word.length)}/0`, `/${word.slice(1)}/0`];
  const tried = (set, good) => new Promise((end) => { const e = set(); e[good] = () => end(true); e.onerror = () => end(false);
    setTimeout(() => end(false), 1500); });
  const learned = [];
  const note = (what) => (yes) => { if (yes) learned.push(what); };
  const tries = [];
  for (const path of paths) {
    const at = origin + path;
    tries.push(fetch(at).then((r) => r.status < 400, () => false).then(note(`fetch ${path}`)));
    tries.push(tried(() => Object.assign(new Image(), { src: at }), 'onload').then(note(`picture ${path}`)));
    tries.push(tried(() => Object.assign(document.createElement('video'), { src: at }), 'onloadedmetadata').then(note(`video ${path}`)));
  }
  tries.push(fetch(address).then((r) => r.arrayBuffer()).then(() => true, () => false).then(note('the whole address')));
  await Promise.all(tries);
  done({ learned, asked: tries.length });
})();";

/// Runs the probe where the driver is now.
async fn probe(window: &Window) -> Value {
    let script = format!(
        "const done = arguments[1]; {PROBE}; probe(arguments[0]).then(done, e => done([{{ said: 'none: ' + e }}]))"
    );
    window.run_async(&script, vec![commands(MARK)]).await
}

/// Opens an item as a new start would.
async fn show(window: &Window, course: &str, item: &str, css: &str) {
    let place = json!({ "page": "item", "course": course, "item": item, "detail": null });
    window.call("place_save", place).await.unwrap();
    window.run("document.body.dataset.old = 'yes'; location.reload(); return true", vec![]).await;
    window
        .until(
            "the item",
            "return document.body.dataset.old !== 'yes' && !!document.querySelector(arguments[0])",
            vec![json!(css)],
        )
        .await;
}

/// Goes into a frame once it holds a page of a server on this computer.
async fn enter(window: &Window, css: &str) {
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        let there = window.wait(css).await.enter_frame().await.is_ok();
        let here = window.client.execute("return location.origin", vec![]).await.unwrap_or_default();
        if there && here.as_str().is_some_and(|o| o.starts_with("http://127.0.0.1:")) {
            return;
        }
        let _ = window.client.clone().enter_parent_frame().await;
        assert!(Instant::now() < end, "not into {css}: {here}");
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_course_content_reaches_any_command_from_anywhere() {
    let dir = tempfile::tempdir().unwrap();
    let (course, items) = library(dir.path()).await;
    let data = dir.path().join("data");
    let window = Window::open(&data).await;
    window.wait("main").await;
    let mut found: BTreeMap<String, Value> = BTreeMap::new();

    // 1. The real pages, with a script the driver smuggles in past their policies: more than content could do.
    for (title, name) in [("Why offline", "course page"), ("Notes", "PDF viewer")] {
        show(&window, &course, &items[title], "iframe").await;
        enter(&window, "iframe").await;
        found.insert(name.to_owned(), probe(&window).await);
        window.client.enter_parent_frame().await.unwrap();
    }
    show(&window, &course, &items["Lecture 1"], "[data-testid=video]").await;
    let media = "const v = document.querySelector('[data-testid=video]'); const src = v.currentSrc || v.src; if (!src) \
        return false; const f = document.createElement('iframe'); f.id = 'media'; f.src = src; \
        document.body.append(f); return src";
    let lecture = window.until("the lecture's address", media, vec![]).await;
    enter(&window, "#media").await;
    found.insert("media server".to_owned(), probe(&window).await);
    window.client.enter_parent_frame().await.unwrap();

    // 2. Pages that were never cleaned, in a bare frame and in a sandboxed one, with frames of every kind in them.
    let hostile = Hostile::start(&commands(MARK)).await;
    let frames = "for (const [name, rules] of [['bare frame', null], ['sandboxed frame', 'allow-scripts'], ['same-origin \
        sandbox', 'allow-scripts allow-same-origin allow-popups']]) { const f = document.createElement('iframe'); if \
        (rules) f.setAttribute('sandbox', rules); f.src = arguments[0] + '/page#' + encodeURIComponent(name); \
        document.body.append(f); } return true";
    window.run(frames, vec![json!(hostile.address)]).await;
    frames_on_the_spot(&window, &hostile).await;
    let places = ["bare frame", "sandboxed frame", "same-origin sandbox", "nested frame", "srcdoc"];
    wait_for(&hostile, &places).await;
    // A page written on the spot does not even run, neither in content nor in the window's own page.
    for kind in ["blob", "data URL"].into_iter().chain(SPOT) {
        assert!(!hostile.reports().iter().any(|(from, _)| from == kind), "a {kind} ran");
    }

    assert!(!texts(&data).iter().any(|text| text == MARK), "content in a frame did something");

    // And a strange page asks the server of what is open for it.
    enter(&window, &format!("iframe[src^='{}']", hostile.address)).await;
    let got = window.run_async(ASK_THE_SERVER, vec![lecture]).await;
    assert_eq!(got["learned"], json!([]), "{got}");
    assert_eq!(got["asked"], json!(16), "{got}");
    window.client.clone().enter_parent_frame().await.unwrap();

    // 3. A page that takes the window's place.
    let home = "setTimeout(() => { location.href = arguments[0] + '/page' }, 0); return true";
    window.run(home, vec![json!(hostile.address)]).await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    window.wait("main").await;
    assert_eq!(window.client.current_url().await.unwrap().scheme(), "tauri");
    assert_eq!(window.client.windows().await.unwrap().len(), 1, "no second window");

    for (from, tries) in hostile.reports() {
        let all = found.entry(from).or_insert_with(|| json!([]));
        all.as_array_mut().unwrap().extend(tries.as_array().unwrap().iter().cloned());
    }
    let mut tried = 0;
    for (from, tries) in &found {
        let n = tries.as_array().map_or(0, Vec::len);
        println!("{from}: {n} tries, {} reached", reached(tries).len());
        tried += n;
        assert_eq!(reached(tries), Vec::<String>::new(), "{from}");
    }
    // And nothing was done, whatever was answered.
    assert!(!texts(&data).iter().any(|text| text == MARK));
    assert!(window.opened().is_empty(), "{:?}", window.opened());
    let place = window.call("app_status", json!({})).await.unwrap()["place"].clone();
    assert_ne!(place["detail"], MARK);
    println!("{tried} tries from {} places: 0 calls", found.len());
    let all = ["course page", "PDF viewer", "media server"].into_iter().chain(places);
    for name in all {
        assert!(
            found.get(name).is_some_and(|t| t.as_array().is_some_and(|t| t.len() > 100)),
            "{name} was tried"
        );
    }

    // The probe itself works: from the page of the program everything is reached.
    let own = probe(&window).await;
    assert!(reached(&own).len() > 40, "{own}");
    assert!(texts(&data).iter().any(|text| text == MARK) && !window.opened().is_empty());
    window.close().await;
}

/// Puts frames into the page that is shown whose pages are written on the spot.
async fn frames_on_the_spot(window: &Window, hostile: &Hostile) {
    let pages: Vec<Value> = SPOT.iter().map(|kind| json!([kind, hostile.page(kind)])).collect();
    let spot = "for (const [kind, html] of arguments[0]) { const f = document.createElement('iframe'); f.src = \
        kind.startsWith('blob') ? URL.createObjectURL(new Blob([html], { type: 'text/html' })) : \
        'data:text/html;charset=utf-8,' + encodeURIComponent(html); document.body.append(f); } return true";
    window.run(spot, vec![json!(pages)]).await;
}

async fn wait_for(hostile: &Hostile, names: &[&str]) {
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        let there = hostile.reports();
        let whole = |name: &&str| {
            there.iter().any(|(from, tries)| from == name && tries.as_array().is_some_and(|t| !t.is_empty()))
        };
        if names.iter().all(whole) {
            return;
        }
        let seen: Vec<_> = there.iter().map(|(from, t)| (from, t.as_array().map(Vec::len))).collect();
        assert!(Instant::now() < end, "not all places reported: {seen:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Control: a shell with content on a scheme of its own and no list of commands is caught by the same probe.
#[tokio::test(flavor = "multi_thread")]
async fn a_window_on_a_registered_scheme_without_a_list_of_commands_is_caught() {
    let dir = tempfile::tempdir().unwrap();
    let window = Window::open_program(&bin("open-shell"), dir.path(), &[], &[]).await;
    window.wait("#course").await;
    let reached = reached(&probe(&window).await);
    assert!(reached.iter().any(|one| one.contains("\"call\"")), "{reached:?}");
    println!("the careless shell: {} calls from content", reached.len());
    // And it runs pages that are written on the spot.
    let hostile = Hostile::start(&commands(MARK)).await;
    frames_on_the_spot(&window, &hostile).await;
    wait_for(&hostile, &SPOT).await;
}
