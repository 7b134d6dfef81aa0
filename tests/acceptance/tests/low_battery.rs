//! The battery gets low in the middle of a download: the lecture rests and says why, answers still go out, and at the
//! charger it goes on where it stopped.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use daypack_app::api::input::*;
use daypack_app::api::outline::{JobState, JobView};
use daypack_app::power::Power;
use daypack_app::{App, OpenOptions};
use daypack_course::outline::ItemKind;
use daypack_course::work::WorkState;
use daypack_engine::power::Battery;
use daypack_tests::learner::{card_when, enrol, of_kind, post, until};
use daypack_tests::practice::{Practice, small_course};

/// The charge in percent; 255: at the charger.
struct Charge(AtomicU8);

impl Power for Charge {
    fn battery(&self) -> Option<Battery> {
        let percent = self.0.load(Ordering::SeqCst);
        Some(Battery { percent: percent.min(100), is_draining: percent <= 100 })
    }

    fn every(&self) -> Duration {
        Duration::from_millis(20)
    }
}

async fn job(app: &App) -> Option<JobView> {
    app.jobs(Nothing {}).await.unwrap().jobs.into_iter().next()
}

async fn job_when(app: &App, what: &str, is_it: impl Fn(&JobView) -> bool) -> JobView {
    until(what, || async { job(app).await.filter(|job| is_it(job)) }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_rests_on_a_low_battery_and_goes_on_at_the_charger_while_answers_go_out() {
    let dir = tempfile::tempdir().unwrap();
    let campus = Practice::start(&small_course(), None, &dir.path().join("campus"));
    let charge = Arc::new(Charge(AtomicU8::new(80)));
    let options = OpenOptions {
        data_dir: dir.path().join("data"),
        power: Some(Arc::clone(&charge) as Arc<dyn Power>),
        ..OpenOptions::default()
    };
    let app = App::open(options).await.unwrap();
    let course = enrol(&app, &campus).await;
    let forum = of_kind(&app, &course, ItemKind::Discussion).await.into_iter().next().expect("a discussion");
    // So slow that there is a middle.
    campus.ctl(&["slow", "200"]);
    app.take_along(TakeAlong { course: course.clone(), section: None, item: None, tier: None })
        .await
        .unwrap();
    // The control: with a good battery it runs.
    let running = job_when(&app, "bytes", |j| j.state == JobState::Running && j.done_bytes > 0).await;
    assert!(running.total_bytes.is_none_or(|all| running.done_bytes < all), "{running:?}");

    charge.0.store(15, Ordering::SeqCst);
    let resting = job_when(&app, "rest", |j| j.state == JobState::LowBattery).await;
    let answer = post(&app, &course, &forum, "a small answer").await;
    campus.ctl(&["slow", "off"]);
    card_when(&app, &answer.id, "a receipt", |c| matches!(c.state, WorkState::Accepted { .. })).await;
    let still = job(&app).await.unwrap();
    assert_eq!(still.state, JobState::LowBattery, "a good line is no reason");
    // 24 % is not yet enough to begin again: it would come and go.
    charge.0.store(24, Ordering::SeqCst);
    app.sync_now(Nothing {}).await.unwrap();
    let still = job(&app).await.unwrap();
    assert_eq!(still.state, JobState::LowBattery);
    assert!(still.files_done <= resting.files_done + 1, "at most the small file that was on its way");

    charge.0.store(255, Ordering::SeqCst);
    let done = job_when(&app, "everything", |j| j.state == JobState::Done).await;
    assert!(done.done_bytes >= resting.done_bytes, "what was here was not fetched again");
    app.close().await;
}
