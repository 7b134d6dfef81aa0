//! Leaving, in the real window: a course is removed in two steps, work goes along as an archive, and closing with
//! unsent work asks, while the end of a session never does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::path::Path;
use std::time::{Duration, Instant};

use daypack_app::api::input::*;
use daypack_app::{App, OpenOptions};
use daypack_course::outline::ItemKind;
use daypack_tests::axe::accessible;
use daypack_tests::close_button;
use daypack_tests::practice::{Practice, keyring_of, small_course};
use daypack_tests::window::Window;
use serde_json::json;

const ESSAY: &str = "Written on the bus.";

/// A data folder with one piece of work that could not be sent: the campus is not there any more.
async fn unsent(dir: &Path) {
    let mut campus = Practice::start(&small_course(), None, &dir.join("campus"));
    let data_dir = dir.join("data");
    let keyring = Some(daypack_app::keyring::in_file(keyring_of(&data_dir)));
    let options = OpenOptions { data_dir, quiet: true, keyring, ..OpenOptions::default() };
    let app = App::open(options).await.unwrap();
    let who =
        SignIn { site: campus.site.clone(), username: "student1".into(), password: "practice-1".into() };
    app.sign_in(who).await.unwrap();
    let offer = app.offers_refresh(Nothing {}).await.unwrap().offers[0].clone();
    let course = app.course_add(OfferInput { source: offer.source, id: offer.id }).await.unwrap().course;
    campus.stop();
    let view = app.course(CourseInput { course: course.clone() }).await.unwrap();
    let row = view.sections.iter().flat_map(|s| &s.items).find(|i| i.kind == ItemKind::Assignment).unwrap();
    let item = row.id.clone();
    let draft =
        DraftSave { course: course.clone(), item: item.clone(), slot: "text".into(), text: ESSAY.into() };
    app.draft_save(draft).await.unwrap();
    app.hand_in(HandIn { course: course.clone(), item, agreed: false }).await.unwrap();
    let place = daypack_app::api::status::Place {
        page: "course".into(),
        course: Some(course),
        item: None,
        detail: None,
    };
    app.place_save(place).await.unwrap();
    app.close().await;
}

/// Presses what may lie below the edge of the page.
async fn press_below(window: &Window, id: &str) {
    window.part(id).await;
    let script =
        "document.querySelector(`[data-testid=${arguments[0]}]`).scrollIntoView({ block: 'center' })";
    window.run(script, vec![json!(id)]).await;
    window.press(id).await;
}

async fn gone(window: &Window) -> bool {
    let end = Instant::now() + Duration::from_secs(8);
    while !window.processes().is_empty() {
        if Instant::now() > end {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    true
}

#[tokio::test(flavor = "multi_thread")]
async fn a_course_with_unsent_work_goes_in_two_steps_and_the_work_stays_readable() {
    let dir = tempfile::tempdir().unwrap();
    unsent(dir.path()).await;
    let window = Window::open(&dir.path().join("data")).await;
    window.press("course-remove").await;
    window.wait("[data-testid=leave][data-left=true]").await;
    accessible(&window, "the second step").await;
    let archive = dir.path().join("all.zip");
    window.pick(archive.to_str().unwrap());
    window.press("leave-save").await;
    window.part("leave-saved").await;
    assert!(archive.exists());
    window.press("leave-anyway").await;
    window.part("page-library").await;
    window.press("nav-outbox").await;
    window.press("work-open").await;
    window.text(ESSAY).await;
    window.text("Assignment").await;
    let one = dir.path().join("one.zip");
    window.pick(one.to_str().unwrap());
    window.press("work-save").await;
    window.text("Saved:").await;
    assert!(one.exists());
    window.click("[data-testid=toasts] button").await;

    // Back into the same folder nothing is new; the settings page says so.
    window.press("nav-settings").await;
    window.pick(archive.to_str().unwrap());
    press_below(&window, "import-work").await;
    window.part("imported").await;
    press_below(&window, "settings-autostart").await;
    window
        .until(
            "it starts with the computer",
            "return document.querySelector('[data-testid=settings-autostart]').checked",
            vec![],
        )
        .await;
    accessible(&window, "settings with an import").await;
    press_below(&window, "start-afresh").await;
    window.wait("[data-testid=leave][data-left=true]").await;
    let before = window.processes();
    window.press_at_last("leave-anyway").await;
    // The program starts anew, on an empty shelf; everything lies aside.
    let end = Instant::now() + Duration::from_secs(15);
    let after = loop {
        let now = window.processes();
        if now.len() == 1 && now != before {
            break now;
        }
        assert!(Instant::now() < end, "it did not start anew: {now:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let aside = || {
        let all = std::fs::read_dir(dir.path().join("data")).unwrap().flatten();
        let mut found = all.filter(|e| e.file_name().to_string_lossy().starts_with("before-"));
        found.next().map(|e| e.path()).filter(|p| p.join("learner.db").exists())
    };
    let new_shelf = || aside().is_some() && dir.path().join("data/learner.db").exists();
    while !new_shelf() {
        assert!(Instant::now() < end, "nothing was put aside");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(window.processes(), after);
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_with_unsent_work_asks_and_close_ends_the_program() {
    let dir = tempfile::tempdir().unwrap();
    unsent(dir.path()).await;
    let window = Window::open(&dir.path().join("data")).await;
    window.part("page-course").await;
    assert_eq!(close_button::press(&window.processes()), 1, "the window has a close button");
    // Nobody shows trays on this screen: the window says so and offers only closing.
    window.wait("[data-testid=close-question][data-tray=false]").await;
    accessible(&window, "the question").await;
    let offers = "return document.querySelector('[data-testid=close-background]') === null";
    assert_eq!(window.run(offers, vec![]).await, json!(true));
    window.press("dialog-no").await;
    window
        .until(
            "the question is gone",
            "return !document.querySelector('[data-testid=close-question]')",
            vec![],
        )
        .await;
    assert_eq!(window.processes().len(), 1, "staying is staying");
    close_button::press(&window.processes());
    window.press_at_last("close-now").await;
    assert!(gone(&window).await, "it closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_session_never_asks_and_with_nothing_unsent_closing_just_closes() {
    let dir = tempfile::tempdir().unwrap();
    unsent(dir.path()).await;
    let window = Window::open(&dir.path().join("data")).await;
    window.part("page-course").await;
    let began = Instant::now();
    window.close().await;
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());

    let fresh = dir.path().join("fresh");
    let window = Window::open(&fresh).await;
    window.part("way-school").await;
    assert_eq!(close_button::press(&window.processes()), 1);
    assert!(gone(&window).await, "with nothing to send the button closes");
    let log = std::fs::read_to_string(fresh.join("logs/daypack.log")).unwrap();
    assert!(log.contains("closed") && !log.contains("does not answer"), "the page itself said so: {log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_desktop_shows_trays_the_window_hides_there_and_comes_back() {
    let trays = daypack_tests::tray::Trays::show();
    let dir = tempfile::tempdir().unwrap();
    unsent(dir.path()).await;
    let window = Window::open(&dir.path().join("data")).await;
    window.part("page-course").await;
    let us = window.processes();
    close_button::press(&us);
    window.wait("[data-testid=close-question][data-tray=true]").await;
    accessible(&window, "the question with a tray").await;
    window.press("close-remember").await;
    window.press("close-background").await;
    let lines = trays.wait_for("1 piece of work waits to be sent");
    assert_eq!(lines.len(), 4, "{lines:?}");
    hidden(&us, true).await;
    assert_eq!(window.processes(), us, "it goes on");

    trays.press("Open Daypack");
    hidden(&us, false).await;
    // The choice was kept: the next time nobody is asked.
    close_button::press(&us);
    hidden(&us, true).await;
    trays.wait_for("1 piece of work waits to be sent");
    // A second start brings the window back as well.
    let status = std::process::Command::new(daypack_tests::practice::bin("daypack-app"))
        .args(["--data", dir.path().join("data").to_str().unwrap()])
        .status()
        .unwrap();
    assert!(status.success());
    hidden(&us, false).await;
    close_button::press(&us);
    hidden(&us, true).await;
    trays.wait_for("1 piece of work waits to be sent");
    trays.press("Close Daypack");
    assert!(gone(&window).await, "it ended from the tray");

    // A start with the computer: no window until it is asked for.
    let fresh = dir.path().join("fresh");
    let window = Window::open_with(&fresh, &["--background"], &[]).await;
    trays.wait_for("Everything is sent");
    let us = window.processes();
    hidden(&us, true).await;
    trays.press("Open Daypack");
    hidden(&us, false).await;
    window.close().await;
}

async fn hidden(processes: &[u32], wanted: bool) {
    let end = Instant::now() + Duration::from_secs(10);
    while close_button::is_shown(processes) == wanted {
        assert!(Instant::now() < end, "the window is{} hidden", if wanted { " not" } else { "" });
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
