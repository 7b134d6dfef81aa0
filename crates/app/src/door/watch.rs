//! Locks by itself: after minutes without a sign of the learner, and when the computer has slept.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use daypack_engine::idle::{Quiet, is_over};

use super::Door;
use crate::api::input::LearnerLock;
use crate::runner::surroundings::with_sleep_ms;

const MINUTE: Duration = Duration::from_secs(60);
/// Looks in a minute.
const LOOKS: u32 = 60;

/// Runs until the program ends.
pub(super) async fn watch(door: Door) {
    let minute = door.0.options.idle_minute.unwrap_or(MINUTE);
    let start = Instant::now();
    let awake = || i64::try_from(start.elapsed().as_millis()).unwrap_or(i64::MAX);
    // Where the system does not count sleep, its clock does; one that is set forward locks, which costs nothing.
    let counted = |door: &Door| with_sleep_ms().unwrap_or_else(|| door.now().0);
    let (mut last_awake, mut last_counted) = (awake(), counted(&door));
    loop {
        tokio::time::sleep(minute / LOOKS).await;
        let (now_awake, now_counted) = (awake(), counted(&door));
        let slept_ms = (now_counted - last_counted) - (now_awake - last_awake);
        (last_awake, last_counted) = (now_awake, now_counted);
        if door.open_learner().is_none() {
            continue;
        }
        let since = door.0.here.lock().unwrap_or_else(PoisonError::into_inner).elapsed();
        let quiet = Quiet {
            minutes: door.people().as_ref().map_or(0, |people| people.idle_minutes),
            minute_ms: i64::try_from(minute.as_millis()).unwrap_or(i64::MAX),
            since_ms: i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
            slept_ms,
        };
        if is_over(quiet) {
            tracing::info!(slept_ms, "locks by itself");
            if let Err(failure) = door.learner_lock(LearnerLock { flushed: false }).await {
                tracing::warn!(%failure, "it could not be locked");
            }
        }
    }
}
