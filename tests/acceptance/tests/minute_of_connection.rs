//! A short window of connection: what is small goes out beside a large upload, and a site that comes back is found
//! at once when the learner or the network says so.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use daypack_app::api::input::*;
use daypack_app::{App, LinkCost, OpenOptions};
use daypack_course::outline::ItemKind;
use daypack_course::work::{Wait, WorkState};
use daypack_tests::learner::{card_when, enrol, of_kind, open, outbox, post, until};
use daypack_tests::practice::{Practice, copy_folder, small_course};

const FILM: usize = 6_000_000;

/// The small course, with room for films.
fn roomy_course(dir: &std::path::Path) -> std::path::PathBuf {
    let to = dir.join("course");
    copy_folder(&small_course(), &to);
    let file = to.join("course.json");
    let text = std::fs::read_to_string(&file).unwrap();
    let roomy = text.replace("\"max_file_bytes\": 10000", "\"max_file_bytes\": 20000000");
    assert_ne!(text, roomy);
    std::fs::write(&file, roomy).unwrap();
    to
}

async fn film(app: &App, course: &daypack_course::CourseId, dir: &std::path::Path) -> daypack_course::WorkId {
    for item in of_kind(app, course, ItemKind::Assignment).await {
        let path = dir.join("film.bin");
        std::fs::write(&path, vec![7_u8; FILM]).unwrap();
        let attach =
            FileAttach { course: course.clone(), item: item.clone(), path: path.display().to_string() };
        if app.file_attach(attach).await.is_ok() {
            return app.hand_in(HandIn { course: course.clone(), item, agreed: false }).await.unwrap().id;
        }
    }
    panic!("no assignment takes a file of {FILM} bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_minute_of_connection_drains_what_is_small_while_a_film_waits() {
    let dir = tempfile::tempdir().unwrap();
    let mut campus = Practice::start(&roomy_course(dir.path()), None, &dir.path().join("campus"));
    let app = open(&dir.path().join("data")).await;
    let course = enrol(&app, &campus).await;
    let forum = of_kind(&app, &course, ItemKind::Discussion).await.into_iter().next().expect("a discussion");
    campus.stop();
    let film = film(&app, &course, dir.path()).await;
    for n in 0..6 {
        post(&app, &course, &forum, &format!("short {n}")).await;
    }
    campus.restart();
    // 800 kbit/s: the film alone takes a minute.
    campus.ctl(&["slow", "800"]);
    let online = Instant::now();
    app.sync_now(Nothing {}).await.ok();
    until("six receipts", || async {
        let sent = outbox(&app).await.work;
        let small = sent.iter().filter(|w| w.id != film);
        small.clone().all(|w| matches!(w.state, WorkState::Accepted { .. })).then_some(())
    })
    .await;
    let took = online.elapsed();
    let card = app.work(WorkInput { work: film.clone() }).await.unwrap().card;
    assert!(!matches!(card.state, WorkState::Accepted { .. }), "the film was too quick to prove anything");
    assert!(took < Duration::from_secs(30), "{took:?}");
    println!("six messages went out in {took:?} while {FILM} bytes were on their way");
    campus.stop();
    app.close().await;
}

struct Switch(AtomicBool);

impl LinkCost for Switch {
    fn is_metered(&self) -> Option<bool> {
        Some(self.0.load(Ordering::SeqCst))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_costs_money_carries_messages_and_the_film_waits_for_the_learners_word() {
    let dir = tempfile::tempdir().unwrap();
    let campus = Practice::start(&roomy_course(dir.path()), None, &dir.path().join("campus"));
    let options = OpenOptions {
        data_dir: dir.path().join("data"),
        link_cost: Some(Arc::new(Switch(AtomicBool::new(true)))),
        ..OpenOptions::default()
    };
    let app = App::open(options).await.unwrap();
    until("the system's word", || async {
        app.app_status(Nothing {}).await.unwrap().link.costs_money.then_some(())
    })
    .await;
    let course = enrol(&app, &campus).await;
    let forum = of_kind(&app, &course, ItemKind::Discussion).await.into_iter().next().expect("a discussion");
    let film = film(&app, &course, dir.path()).await;
    let small = post(&app, &course, &forum, "small").await;
    card_when(&app, &small.id, "a receipt", |c| matches!(c.state, WorkState::Accepted { .. })).await;
    let card = card_when(&app, &film, "a reason", |c| c.wait == Some(Wait::CostsMoney)).await;
    assert_eq!(card.state, WorkState::Waiting);
    let mut settings = app.app_status(Nothing {}).await.unwrap().settings;
    settings.metered_large = true;
    app.settings_save(settings).await.unwrap();
    card_when(&app, &film, "a receipt", |c| matches!(c.state, WorkState::Accepted { .. })).await;
    app.close().await;
}
