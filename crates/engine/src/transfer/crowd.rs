//! How many workers: few at first, more while more bring more, no more than the host is asked to bear.
//!
//! A window is about four round trips. Past [`Limits::cap`] only loss lets the number grow: over a lossy line a
//! connection carries little whatever the link could (MSS / RTT * 1.22 / sqrt(p), Mathis et al. 1997), which shows as
//! a small window for each worker.

use daypack_course::TimeMs;

use super::worker::Phase;
use super::{Limits, Transfer};

const LEAST_WINDOW: i64 = 1_500;
const SEGMENT: u64 = 1_448;
/// At most so many segments under way for each worker: a loss of about 2 % and more.
const LOSSY_SEGMENTS: u64 = 8;
/// Windows without a new try after one that brought nothing; doubles.
const HOLD: u32 = 6;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Crowd {
    target: u32,
    cap: u32,
    lossy_cap: u32,
    /// Shortest round trip seen; 0 before the first.
    rtt: i64,
    /// Begin of the window, and what came in it.
    begin: Option<TimeMs>,
    bytes: u64,
    trial: Option<Trial>,
    hold: u32,
    holds: u32,
    /// Bytes that were of use and of none when the waste was looked at last.
    seen: (u64, u64),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Trial {
    before: u32,
    /// Bytes a second with that many.
    rate: u64,
    again: bool,
}

impl Crowd {
    pub fn new(limits: &Limits) -> Self {
        let cap = limits.cap.max(1);
        Self {
            target: limits.first.clamp(1, cap),
            cap,
            lossy_cap: limits.lossy_cap.max(cap),
            ..Self::default()
        }
    }

    pub fn target(&self) -> u32 {
        self.target
    }

    /// Shortest round trip in milliseconds, a guess before the first.
    pub fn rtt(&self) -> i64 {
        if self.rtt == 0 { 300 } else { self.rtt }
    }

    pub fn round_trip(&mut self, ms: i64) {
        if ms > 0 {
            self.rtt = if self.rtt == 0 { ms } else { self.rtt.min(ms) };
        }
    }

    pub fn came(&mut self, bytes: u64) {
        self.bytes = self.bytes.saturating_add(bytes);
    }

    /// What was measured in this window means nothing.
    pub fn pause(&mut self) {
        self.begin = None;
    }

    fn window(&self) -> i64 {
        LEAST_WINDOW.max(4 * self.rtt())
    }

    /// Ends the window when it is time; the instant when it is.
    fn judge(&mut self, now: TimeMs) -> TimeMs {
        // What was under way before all were there does not count: two round trips.
        let begin = *self.begin.get_or_insert_with(|| {
            self.bytes = 0;
            now.plus(2 * self.rtt.max(1))
        });
        if now < begin {
            self.bytes = 0;
            return begin;
        }
        let end = begin.plus(self.window());
        if now < end {
            return end;
        }
        let ms = u64::try_from(now.since(begin)).unwrap_or(1).max(1);
        let rate = self.bytes.saturating_mul(1_000) / ms;
        let grew = match self.trial.take() {
            Some(mut trial) => {
                let needed = if self.target <= 4 { 104 } else { 110 };
                if rate.saturating_mul(100) < trial.rate.saturating_mul(needed) {
                    if !trial.again {
                        // One window is a small sample: the same one goes on.
                        trial.again = true;
                        self.trial = Some(trial);
                        return now.plus(self.window());
                    }
                    self.target = trial.before;
                    self.hold = HOLD << self.holds.min(5);
                    self.holds = self.holds.saturating_add(1);
                    self.next_window(now);
                    return now.plus(self.window());
                }
                self.holds = 0;
                rate.saturating_mul(100) / trial.rate.max(1)
            }
            None => 100,
        };
        self.next_window(now);
        if self.hold > 0 {
            self.hold -= 1;
        } else if let Some(next) = self.next(rate, grew).filter(|next| *next > self.target) {
            self.trial = Some(Trial { before: self.target, rate, again: false });
            self.target = next;
            self.begin = None;
        }
        now.plus(self.window())
    }

    fn next_window(&mut self, now: TimeMs) {
        self.begin = Some(now);
        self.bytes = 0;
    }

    fn next(&self, rate: u64, grew: u64) -> Option<u32> {
        if self.target < self.cap {
            return Some(self.target.saturating_add(2).min(self.cap));
        }
        let each = rate / u64::from(self.target.max(1));
        let rtt = u64::try_from(self.rtt).unwrap_or(0);
        let is_lossy = rtt > 0 && each.saturating_mul(rtt) / 1_000 / SEGMENT <= LOSSY_SEGMENTS;
        let more =
            if grew >= 140 { self.target.saturating_mul(2) } else { self.target.saturating_mul(3) / 2 };
        is_lossy.then_some(more.min(self.lossy_cap))
    }

    /// One fewer when what came was of no use too often (over 6 %).
    fn mind_waste(&mut self, came: u64, wasted: u64) {
        let (came_then, wasted_then) = self.seen;
        let (came, wasted) = (came.saturating_sub(came_then), wasted.saturating_sub(wasted_then));
        if came < 2 << 20 {
            return;
        }
        self.seen = (came_then + came, wasted_then + wasted);
        if wasted.saturating_mul(100) > came.saturating_mul(6) && self.target > 1 {
            self.target -= 1;
            self.trial = None;
            self.hold = self.hold.max(HOLD);
        }
    }
}

impl Transfer {
    pub(super) fn judge_crowd(&mut self, now: TimeMs, wake: &mut TimeMs) {
        self.crowd.mind_waste(self.came, self.wasted);
        let speak = self
            .workers
            .values()
            .filter(|w| !w.is_suspect && (w.phase == Phase::Flowing || !w.is_new || w.is_connected))
            .count();
        let is_enough = u32::try_from(speak).is_ok_and(|n| n >= self.crowd.target());
        // Without all of them, or with nothing left to give them, a window says nothing.
        if self.quiet.is_some() || !is_enough || self.next_gap().is_none() {
            self.crowd.pause();
            return;
        }
        *wake = (*wake).min(self.crowd.judge(now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Windows over a link where `carry(n)` bytes a second come with `n` workers; where the number ends.
    fn ends_at(rtt: i64, carry: impl Fn(u64) -> u64) -> u32 {
        let mut crowd = Crowd::new(&Limits::default());
        crowd.round_trip(rtt);
        let mut now = 1_i64;
        for _ in 0..600 {
            let before = now;
            now += 100;
            crowd.came(carry(u64::from(crowd.target())) * u64::try_from(now - before).unwrap() / 1_000);
            crowd.judge(TimeMs(now));
        }
        // What a running trial would fall back to.
        crowd.trial.map_or(crowd.target, |trial| trial.before)
    }

    #[test]
    fn a_link_that_two_fill_gets_no_more() {
        assert_eq!(ends_at(20, |_| 2_500_000), 2);
    }

    #[test]
    fn a_link_that_four_fill_gets_four() {
        assert_eq!(ends_at(300, |n| (45_000 * n).min(120_000)), 4);
    }

    #[test]
    fn only_loss_lets_it_grow_past_the_cap() {
        // 10 % loss at 300 ms: 13 kB/s each.
        let lossy = ends_at(300, |n| (13_000 * n).min(225_000));
        assert!((16..=32).contains(&lossy), "{lossy}");
        // The same growth with large windows: a host that limits each connection.
        assert_eq!(ends_at(300, |n| 200_000 * n), 6);
    }
}
