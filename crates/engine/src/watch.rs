//! Waking up and clocks: what two looks at the clocks and the network, some seconds apart, say about what happened
//! between them.
//!
//! What must stay true: a machine's time never jumps while the program runs ([`Watch::time`] counts by the monotonic
//! clock), so that no wait ends early or late because somebody set the clock; the clock's own jumps are told, never
//! obeyed.

use daypack_course::TimeMs;
use serde::{Deserialize, Serialize};

/// Clocks that differ by less than this agree.
pub const TOLERANCE_MS: i64 = 5_000;

/// What the clocks and the network look like at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// The computer's clock, as it is shown.
    pub wall: TimeMs,
    /// Milliseconds since the program started, not counting sleep where the system can leave it out.
    pub awake_ms: i64,
    /// Milliseconds since some fixed moment with sleep counted; `None` where the system does not say.
    pub with_sleep_ms: Option<i64>,
    /// A fingerprint of addresses and routes; any change means another network.
    pub network: u64,
}

/// What happened between two looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "seen", rename_all = "snake_case")]
pub enum Seen {
    /// The computer slept for so many milliseconds.
    Slept {
        /// How long.
        ms: i64,
    },
    /// The clock was set, forward (positive) or back.
    ClockJumped {
        /// By how much, in milliseconds.
        by_ms: i64,
    },
    /// Addresses or routes are other ones.
    NetworkChanged,
}

/// Remembers the first and the last look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watch {
    start: Look,
    last: Look,
}

impl Watch {
    /// The program starts.
    pub fn new(first: Look) -> Self {
        Self { start: first, last: first }
    }

    /// The time for machines: the clock as it was at the start, counted on by the monotonic clock.
    pub fn time(&self, awake_ms: i64) -> TimeMs {
        self.start.wall.plus(awake_ms.saturating_sub(self.start.awake_ms).max(0))
    }

    /// The instant of a machine as the computer's clock shows it now.
    pub fn shown(&self, machine: TimeMs, now: Look) -> TimeMs {
        now.wall.plus(machine.since(self.time(now.awake_ms)))
    }

    /// Compares with the look before.
    pub fn look(&mut self, now: Look) -> Vec<Seen> {
        let before = std::mem::replace(&mut self.last, now);
        let wall = now.wall.since(before.wall);
        let awake = now.awake_ms.saturating_sub(before.awake_ms);
        let mut seen = Vec::new();
        let slept = match now.with_sleep_ms.zip(before.with_sleep_ms) {
            Some((now, before)) => now.saturating_sub(before).saturating_sub(awake),
            // Without a clock that counts sleep, a jump forward is taken for sleep: a probe too many does no harm.
            None => wall.saturating_sub(awake),
        };
        let slept = if slept > TOLERANCE_MS { slept } else { 0 };
        if slept > 0 {
            seen.push(Seen::Slept { ms: slept });
        }
        let jumped = wall.saturating_sub(awake).saturating_sub(slept);
        if jumped.saturating_abs() > TOLERANCE_MS {
            seen.push(Seen::ClockJumped { by_ms: jumped });
        }
        if now.network != before.network {
            seen.push(Seen::NetworkChanged);
        }
        seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T0: i64 = 1_795_000_000_000;

    fn at(wall: i64, awake: i64, with_sleep: i64) -> Look {
        Look {
            wall: TimeMs(T0.saturating_add(wall)),
            awake_ms: awake,
            with_sleep_ms: Some(with_sleep),
            network: 1,
        }
    }

    #[test]
    fn an_ordinary_interval_says_nothing() {
        let mut watch = Watch::new(at(0, 0, 0));
        assert_eq!(watch.look(at(5_020, 5_000, 5_001)), []);
    }

    #[test]
    fn a_night_of_sleep_is_sleep_and_no_jump() {
        let mut watch = Watch::new(at(0, 0, 0));
        assert_eq!(watch.look(at(28_805_000, 5_000, 28_805_000)), [Seen::Slept { ms: 28_800_000 }]);
        assert_eq!(watch.time(5_000), TimeMs(T0 + 5_000), "waits go on where they stopped");
    }

    #[test]
    fn a_clock_set_by_an_hour_a_week_or_to_another_age_is_a_jump() {
        for by in [-3_600_000, 7 * 86_400_000, -T0, 2_147_483_648_000 - T0, i64::MIN / 2, i64::MAX / 2] {
            let mut watch = Watch::new(at(0, 0, 0));
            let seen = watch.look(at(by.saturating_add(5_000), 5_000, 5_000));
            assert!(
                matches!(seen.as_slice(), [Seen::ClockJumped { by_ms }] if by_ms.signum() == by.signum()),
                "{by}: {seen:?}"
            );
            assert_eq!(watch.time(5_000), TimeMs(T0 + 5_000), "no machine is told another time");
        }
    }

    #[test]
    fn a_change_of_zone_or_of_summer_time_is_nothing_to_a_clock_in_utc() {
        // UTC does not move in either: what is compared here never sees a zone.
        let mut watch = Watch::new(at(0, 0, 0));
        assert_eq!(watch.look(at(60_000, 60_000, 60_000)), []);
    }

    #[test]
    fn sleep_and_a_set_clock_together_are_both_told() {
        let mut watch = Watch::new(at(0, 0, 0));
        let seen = watch.look(at(-3_600_000 + 605_000, 5_000, 605_000));
        assert_eq!(seen, [Seen::Slept { ms: 600_000 }, Seen::ClockJumped { by_ms: -3_600_000 }]);
    }

    #[test]
    fn another_network_is_told_once() {
        let mut watch = Watch::new(at(0, 0, 0));
        let moved = Look { network: 2, ..at(5_000, 5_000, 5_000) };
        assert_eq!(watch.look(moved), [Seen::NetworkChanged]);
        assert_eq!(
            watch.look(Look {
                awake_ms: 10_000,
                with_sleep_ms: Some(10_000),
                wall: TimeMs(T0 + 10_000),
                ..moved
            }),
            []
        );
    }

    #[test]
    fn an_instant_of_a_machine_is_shown_by_the_clock_on_the_wall() {
        let watch = Watch::new(at(0, 0, 0));
        let now = at(3_605_000, 5_000, 5_000);
        assert_eq!(watch.shown(TimeMs(T0 + 15_000), now), TimeMs(T0 + 3_615_000));
    }
}
