//! How fast bytes come, and how long the rest will take.
//!
//! An exponentially weighted mean over time, not over samples, so that it does not matter in which portions bytes
//! are reported. Silence counts while something is being fetched (`received(0, now)`), a pause does not.

use daypack_course::TimeMs;
use serde::{Deserialize, Serialize};

/// Nothing is said before this much time with data.
const SETTLED_MS: i64 = 1_000;
/// Samples are gathered for at least this long: packets come in bursts.
const WINDOW_MS: i64 = 250;
/// The past counts half after about this long.
const MEMORY_MS: f64 = 8_000.0;
/// A longer gap than this between reports is a sleep or a clock that jumped, not silence.
const GAP_MS: i64 = 60_000;

/// An estimate of the rate at which bytes come.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LinkEstimate {
    /// Bytes per millisecond.
    rate: f64,
    /// Milliseconds the rate rests on.
    seen_ms: i64,
    /// Start of the open window.
    open_since: Option<TimeMs>,
    open_bytes: u64,
}

impl LinkEstimate {
    /// Nothing known.
    pub fn new() -> Self {
        Self::default()
    }

    /// `bytes` more came since the last report. The first report after a start or a pause only starts the clock
    /// and its bytes are not counted: nobody knows how long they took.
    pub fn received(&mut self, bytes: u64, now: TimeMs) {
        let Some(since) = self.open_since else {
            self.restart_window(now);
            return;
        };
        let passed = now.since(since);
        if !(0..=GAP_MS).contains(&passed) {
            self.restart_window(now);
            return;
        }
        self.open_bytes = self.open_bytes.saturating_add(bytes);
        if passed >= WINDOW_MS {
            self.close_window(passed);
            self.restart_window(now);
        }
    }

    /// Nothing is being fetched for now: the time until the next report does not count.
    pub fn pause(&mut self) {
        self.open_since = None;
        self.open_bytes = 0;
    }

    /// Bytes per second, once there is 1 s of data.
    pub fn bytes_per_second(&self) -> Option<u64> {
        (self.seen_ms >= SETTLED_MS).then_some((self.rate * 1_000.0).round() as u64)
    }

    /// Milliseconds until `bytes_left` more bytes are here; `None` before 1 s of data or while nothing comes.
    pub fn eta_ms(&self, bytes_left: u64) -> Option<u64> {
        self.bytes_per_second().filter(|rate| *rate > 0)?;
        Some((bytes_left as f64 / self.rate).ceil() as u64)
    }

    fn close_window(&mut self, passed: i64) {
        let span = passed as f64;
        let sample = self.open_bytes as f64 / span;
        // A plain mean while there is little past, then the weighted one.
        let past = (self.seen_ms as f64).min(MEMORY_MS);
        self.rate += (sample - self.rate) * span / (span + past);
        self.seen_ms = self.seen_ms.saturating_add(passed);
    }

    fn restart_window(&mut self, now: TimeMs) {
        self.open_since = Some(now);
        self.open_bytes = 0;
    }
}
