//! When a learner's work is locked by itself: after minutes without a sign of the learner, and after the computer slept.
//!
//! What must stay true: 0 minutes mean never, sleep or not; a clock that stands still locks nobody out.

/// A pause between two looks that is longer than this was sleep.
const SLEPT_MS: i64 = 5_000;

/// What is known when it is looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quiet {
    /// Minutes that the learner allows; 0 for never.
    pub minutes: u32,
    /// How long a minute is, in milliseconds.
    pub minute_ms: i64,
    /// Since the learner's last sign, in milliseconds that the computer was awake.
    pub since_ms: i64,
    /// How long the computer slept since the last look, in milliseconds.
    pub slept_ms: i64,
}

/// Whether it is time to lock.
pub fn is_over(quiet: Quiet) -> bool {
    let allowed = i64::from(quiet.minutes).saturating_mul(quiet.minute_ms);
    quiet.minutes > 0 && (quiet.since_ms >= allowed || quiet.slept_ms >= SLEPT_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALM: Quiet = Quiet { minutes: 10, minute_ms: 60_000, since_ms: 0, slept_ms: 0 };

    #[test]
    fn it_locks_after_the_minutes_and_not_a_moment_before() {
        assert!(!is_over(Quiet { since_ms: 599_999, ..CALM }));
        assert!(is_over(Quiet { since_ms: 600_000, ..CALM }));
        assert!(!is_over(Quiet { since_ms: -5, ..CALM }));
        assert!(is_over(Quiet { minutes: u32::MAX, since_ms: i64::MAX, ..CALM }));
    }

    #[test]
    fn sleep_locks_at_once_and_a_slow_look_does_not() {
        assert!(is_over(Quiet { slept_ms: 5_000, ..CALM }));
        assert!(!is_over(Quiet { slept_ms: 2_000, ..CALM }));
    }

    #[test]
    fn never_means_never() {
        assert!(!is_over(Quiet { minutes: 0, since_ms: i64::MAX, slept_ms: i64::MAX, ..CALM }));
    }
}
