//! Pacing: without it WebKit on Linux copies a whole lecture into a temporary file within seconds.
//!
//! A start burst goes out at once, the rest at a few times the lecture's own rate: enough for 3x speed, little
//! enough that a two-hour lecture is never copied ahead of the learner.

use std::time::Duration;

/// How fast one file may go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Bytes sent at once.
    pub burst: u64,
    /// Bytes per second after that.
    pub per_second: u64,
}

impl Pace {
    /// For a lecture of `size` bytes and `duration_ms` milliseconds; 1 MB/s where the length is unknown.
    pub fn of_media(size: u64, duration_ms: Option<u64>) -> Self {
        let own = match duration_ms {
            Some(ms) if ms > 0 => size.saturating_mul(1000) / ms,
            _ => 256 * 1024,
        };
        Self {
            burst: (4 << 20).max(own.saturating_mul(12)),
            per_second: own.saturating_mul(4).max(512 << 10),
        }
    }

    /// How long to wait before sending more, when `sent` bytes went out in `elapsed`.
    pub fn wait(&self, sent: u64, elapsed: Duration) -> Duration {
        let due = sent.saturating_sub(self.burst) as f64 / self.per_second.max(1) as f64;
        Duration::from_secs_f64((due - elapsed.as_secs_f64()).max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_goes_at_once_and_the_rest_at_a_few_times_the_lectures_own_rate() {
        let pace = Pace::of_media(600_000_000, Some(3_600_000));
        assert_eq!(pace.wait(pace.burst, Duration::ZERO), Duration::ZERO);
        let own = 600_000_000.0 / 3600.0;
        let ten_seconds_on = pace.wait(pace.burst + (own * 40.0) as u64, Duration::ZERO).as_secs_f64();
        assert!((9.0..11.0).contains(&ten_seconds_on), "{ten_seconds_on}");
    }
}
