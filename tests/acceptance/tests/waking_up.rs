//! After sleep, and in another network, every site is asked at once: the connection may last a minute only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use daypack_app::api::input::*;
use daypack_app::api::status::LinkState;
use daypack_app::{App, Around, OpenOptions};
use daypack_tests::learner::{enrol, until};
use daypack_tests::practice::{Practice, small_course};

struct Computer {
    since: Instant,
    slept: AtomicI64,
    network: AtomicU64,
    looks: AtomicU64,
}

impl Around for Computer {
    fn with_sleep_ms(&self) -> Option<i64> {
        self.looks.fetch_add(1, Ordering::SeqCst);
        Some(self.since.elapsed().as_millis() as i64 + self.slept.load(Ordering::SeqCst))
    }

    fn network(&self) -> u64 {
        self.network.load(Ordering::SeqCst)
    }

    fn every_ms(&self) -> i64 {
        50
    }
}

async fn link(app: &App) -> LinkState {
    app.app_status(Nothing {}).await.unwrap().link.state
}

async fn link_is(app: &App, wanted: LinkState) {
    until("the link", || async { (link(app).await == wanted).then_some(()) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_sleep_and_in_another_network_every_site_is_asked_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut campus = Practice::start(&small_course(), None, &dir.path().join("campus"));
    let computer = Arc::new(Computer {
        since: Instant::now(),
        slept: AtomicI64::new(0),
        network: AtomicU64::new(1),
        looks: AtomicU64::new(0),
    });
    let options = OpenOptions {
        data_dir: dir.path().join("data"),
        around: Some(Arc::clone(&computer) as Arc<dyn Around>),
        ..OpenOptions::default()
    };
    let app = App::open(options).await.unwrap();
    enrol(&app, &campus).await;
    link_is(&app, LinkState::Online).await;
    let changes: [(&str, &dyn Fn()); 2] = [
        ("another network", &|| computer.network.store(2, Ordering::SeqCst)),
        ("an hour of sleep", &|| computer.slept.store(3_600_000, Ordering::SeqCst)),
    ];
    for (what, change) in changes {
        app.sync_now(Nothing {}).await.unwrap();
        campus.stop();
        // The control: many looks that see nothing new ask nobody, for a site that answered is believed for minutes.
        let from = computer.looks.load(Ordering::SeqCst);
        until("many looks", || async { (computer.looks.load(Ordering::SeqCst) > from + 20).then_some(()) })
            .await;
        assert_eq!(link(&app).await, LinkState::Online, "{what}: nobody was asked");
        let changed = Instant::now();
        change();
        link_is(&app, LinkState::Offline).await;
        assert!(changed.elapsed() < Duration::from_secs(5), "{what}: {:?}", changed.elapsed());
        campus.restart();
        link_is(&app, LinkState::Online).await;
    }
    app.close().await;
}
