//! How long a lecture takes from the click to its first picture, beside a bare `<video>` from a plain range server
//! in the same web view. Bar: the median of 20 is at most 1.2 times the bare one's.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use daypack_tests::practice::root;
use daypack_tests::window::Window;
use serde_json::json;

const ROUNDS: usize = 20;

/// A plain server with ranges, nothing else: the peer.
async fn plain(State(bytes): State<Arc<Vec<u8>>>, headers: HeaderMap) -> Response {
    let range = headers.get("range").and_then(|h| h.to_str().ok()).and_then(|h| h.strip_prefix("bytes="));
    let from = range.and_then(|r| r.split('-').next()).and_then(|n| n.parse::<usize>().ok());
    let last = range.and_then(|r| r.split('-').nth(1)).and_then(|n| n.parse::<usize>().ok());
    let size = bytes.len();
    match from {
        Some(from) if from < size => {
            let to = last.map_or(size, |n| (n + 1).min(size));
            let about = [
                ("content-type", "video/mp4".to_owned()),
                ("accept-ranges", "bytes".to_owned()),
                ("content-range", format!("bytes {from}-{}/{size}", to - 1)),
            ];
            (StatusCode::PARTIAL_CONTENT, about, bytes[from..to].to_vec()).into_response()
        }
        _ => {
            let about = [("content-type", "video/mp4"), ("accept-ranges", "bytes")];
            (about, bytes.to_vec()).into_response()
        }
    }
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement; run by `cargo xtask bench`"]
async fn a_click_to_the_first_picture_beside_a_bare_video() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let window = Window::open(&data).await;
    window.press("look-around").await;
    window.part("page-course").await;
    // The very file that the lecture plays, from the objects on disk.
    let package = root().join("crates/app/assets/look-around.daypack");
    assert!(package.exists());
    let mut largest = (0, std::path::PathBuf::new());
    for folder in std::fs::read_dir(data.join("objects")).unwrap() {
        for file in std::fs::read_dir(folder.unwrap().path()).into_iter().flatten() {
            let file = file.unwrap();
            largest = largest.max((file.metadata().unwrap().len(), file.path()));
        }
    }
    let bytes = Arc::new(std::fs::read(&largest.1).unwrap());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/lecture.mp4", listener.local_addr().unwrap());
    let app = axum::Router::new().fallback(plain).with_state(bytes);
    tokio::spawn(async move { axum::serve(listener, app).await });

    let bare = "const [src, done] = arguments; const v = document.createElement('video'); v.style.width = '320px';\
        document.body.append(v); const t = performance.now(); v.preload = 'auto'; v.src = src;\
        const look = () => { if (v.readyState >= 2) { const ms = performance.now() - t; v.removeAttribute('src'); v.load();\
        v.remove(); done(ms); } else requestAnimationFrame(look); }; look();";
    let ours = "const done = arguments[0]; const t = performance.now();\
        document.querySelector('[data-testid=item-row][data-kind=video] [data-testid=item-open]').click();\
        const look = () => { const v = document.querySelector('[data-testid=video]');\
        if (v && v.readyState >= 2) done(performance.now() - t); else requestAnimationFrame(look); }; look();";
    let (mut theirs, mut mine) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        theirs.push(window.run_async(bare, vec![json!(address)]).await.as_f64().unwrap());
        mine.push(window.run_async(ours, vec![]).await.as_f64().unwrap());
        window.press("item-back").await;
        window.part("page-course").await;
    }
    let (bare, ours) = (median(theirs), median(mine));
    println!(
        "first picture, median of {ROUNDS}: Daypack {ours:.0} ms, bare video {bare:.0} ms, ratio {:.2}",
        ours / bare
    );
    window.close().await;
    assert!(ours <= bare * 1.2, "Daypack {ours:.0} ms, bare {bare:.0} ms");
}
