//! Small work goes first: while a course of gigabytes loads over 256 kbit/s, an answer of 2 KB is confirmed within ten
//! seconds. Behind an emulated link (`tests/linksim`) with a provider's deep queue, as such lines have.
//!
//! Needs root, network namespaces and python3; where they are not allowed the test says so by name.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use daypack_app::api::input::*;
use daypack_app::api::outline::JobState;
use daypack_course::outline::ItemKind;
use daypack_course::work::WorkState;
use daypack_tests::heavy::{heavy_course, here, queue, take};
use daypack_tests::learner::{card_when, enrol_at, of_kind, open, until};
use daypack_tests::link::{forbidden, linksim};
use daypack_tests::practice::{bin, root};

/// The site's port on this computer and at the other end: a site knows its own address.
const PORT: &str = "8642";
const LIMIT: Duration = Duration::from_secs(10);

/// Runs the test `inner` behind the link; what it printed.
fn behind(inner: &str) -> String {
    let dir = tempfile::tempdir().unwrap();
    let course = heavy_course(dir.path(), 40 << 20);
    let forward = root().join("tests/acceptance/page/forward.py");
    let (campus, state) = (bin("campus"), dir.path().join("campus"));
    // The site listens on its own computer; a forwarder takes it to the link, and another one off it.
    let server = format!(
        "{0} serve --course {2} --state {3} --port {PORT} --control-port 0 & \
         python3 {1} 0.0.0.0:81 flood & exec python3 {1} 0.0.0.0:8080 127.0.0.1:{PORT}",
        campus.display(),
        forward.display(),
        course.display(),
        state.display()
    );
    let client = format!(
        "python3 {} 127.0.0.1:{PORT} 198.18.0.1:8080 & sleep 3; exec {} --exact {inner} --ignored --nocapture",
        forward.display(),
        std::env::current_exe().unwrap().display()
    );
    let done = Command::new(linksim())
        .args(["--quiet", "--timeout", "150s", "--cc", "cubic", "--rate", "256kbit", "--rtt", "150ms"])
        .args(["--queue", "6s", "--server-port", "8080", "--server-cmd", &server])
        .args(["--", "/bin/bash", "-c", &client])
        .env("DAYPACK_BEHIND", dir.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success(), "{text}\n{}", String::from_utf8_lossy(&done.stderr));
    text
}

fn seconds(text: &str) -> f64 {
    let line = text.lines().find_map(|line| line.split_once("confirmed after ")).expect("a time");
    line.1.trim().parse().unwrap()
}

#[test]
fn an_answer_is_confirmed_within_ten_seconds_while_a_course_loads_over_256_kbit() {
    if let Some(why) = forbidden() {
        return eprintln!("skipped: an_answer_is_confirmed: {why}");
    }
    let took = seconds(&behind("inner_downloads_make_way"));
    println!("confirmed after {took:.1} s beside our own downloads");
    assert!(took < LIMIT.as_secs_f64(), "{took} s");
}

/// Negative control: beside somebody else's downloads, which make no way, the same answer takes longer.
#[test]
fn control_beside_downloads_that_make_no_way_it_takes_longer() {
    if let Some(why) = forbidden() {
        return eprintln!("skipped: control_beside_downloads: {why}");
    }
    let took = seconds(&behind("inner_others_load"));
    println!("confirmed after {took:.1} s beside downloads that make no way");
    assert!(took > LIMIT.as_secs_f64(), "{took} s: the link is too easy to prove anything");
}

async fn answered(app: &daypack_app::App, course: &daypack_course::CourseId) {
    let forum = of_kind(app, course, ItemKind::Discussion).await.into_iter().next().expect("a discussion");
    let began = Instant::now();
    let answer = PostSend {
        course: course.clone(),
        item: forum,
        parent: None,
        subject: "An answer".into(),
        text: "y".repeat(2_000),
    };
    let card = app.post_send(answer).await.unwrap();
    card_when(app, &card.id, "a receipt", |c| matches!(c.state, WorkState::Accepted { .. })).await;
    println!("confirmed after {}", began.elapsed().as_secs_f64());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by the test above, behind the link"]
async fn inner_downloads_make_way() {
    let Some(dir) = std::env::var_os("DAYPACK_BEHIND") else { return };
    let app = open(&Path::new(&dir).join("data")).await;
    let course = enrol_at(&app, &format!("http://127.0.0.1:{PORT}")).await;
    take(&app, &course).await;
    until("a link that is full", || async { (here(&queue(&app).await) > 300_000).then_some(()) }).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(queue(&app).await.courses.first().map(|one| one.job.state), Some(JobState::Running));
    answered(&app, &course).await;
    let before = here(&queue(&app).await);
    until("downloads go on", || async { (here(&queue(&app).await) > before + 50_000).then_some(()) }).await;
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by the test above, behind the link"]
async fn inner_others_load() {
    let Some(dir) = std::env::var_os("DAYPACK_BEHIND") else { return };
    let app = open(&Path::new(&dir).join("data")).await;
    let course = enrol_at(&app, &format!("http://127.0.0.1:{PORT}")).await;
    // As many connections as our own downloads have.
    let mut others: Vec<_> =
        (0..12).map(|_| std::net::TcpStream::connect("198.18.0.1:81").unwrap()).map(drink).collect();
    tokio::time::sleep(Duration::from_secs(8)).await;
    answered(&app, &course).await;
    others.clear();
    app.close().await;
}

/// Takes whatever comes.
fn drink(mut from: std::net::TcpStream) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        let mut piece = [0_u8; 16_384];
        while std::io::Read::read(&mut from, &mut piece).is_ok_and(|n| n > 0) {}
    })
}
