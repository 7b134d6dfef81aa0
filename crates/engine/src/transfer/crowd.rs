//! How many workers: few at first, more while more bring more, no more than the host is asked to bear.
//!
//! A window is about four round trips. Past [`Limits::cap`] only loss lets the number grow: over a lossy line a
//! connection carries little whatever the link could (MSS / RTT * 1.22 / sqrt(p), Mathis et al. 1997), which shows as
//! a small window for each worker.

use daypack_course::TimeMs;

use super::worker::Phase;
use super::{Limits, Transfer};

/// Up to so many are added quickly at the begin.
const RAMP: u32 = 4;
const LEAST_WINDOW: i64 = 1_500;
const SEGMENT: u64 = 1_448;
/// At most so many segments under way for each worker: a loss of about 4 % and more.
const LOSSY_SEGMENTS: u64 = 6;
/// Windows without a new try after one that brought nothing; doubles.
const HOLD: u32 = 6;
const LOSSY_HOLD: u32 = 2;
const SETTLE: u32 = 3;
/// So long after an outage no more than the first few work.
const AFTER_OUTAGE: i64 = 90_000;
/// A round trip says how full the line is for so long.
const FRESH: i64 = 6_000;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Crowd {
    target: u32,
    cap: u32,
    lossy_cap: u32,
    /// Shortest round trip seen; 0 before the first.
    rtt: i64,
    /// The last round trips, by connections made and heads that came.
    trips: [(TimeMs, i64); 8],
    /// Begin of the window, and what came in it.
    begin: Option<TimeMs>,
    bytes: u64,
    trial: Option<Trial>,
    /// Rates of the last windows with as many workers, the latest first.
    recent: [u64; 3],
    /// The best rate of late, with however many.
    best: u64,
    has_ramped: bool,
    /// When the link was gone last.
    outage: Option<TimeMs>,
    /// What the last step brought, in percent of before.
    grew: u64,
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
            has_ramped: cap <= limits.first,
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

    /// A round trip was seen; `after_outage` ones say nothing about how full the line is.
    pub fn round_trip(&mut self, ms: i64, after_outage: bool, now: TimeMs) {
        if ms <= 0 {
            return;
        }
        self.rtt = if self.rtt == 0 { ms } else { self.rtt.min(ms) };
        if after_outage {
            self.trips = [(TimeMs(0), 0); 8];
            return;
        }
        self.trips.rotate_right(1);
        if let Some(latest) = self.trips.first_mut() {
            *latest = (now, ms);
        }
    }

    /// Round trips of the last `span` milliseconds: how many, and how many met no packets waiting before the link.
    fn trips(&self, span: i64, now: TimeMs) -> (usize, usize) {
        let fresh = || self.trips.iter().filter(|(at, ms)| *ms > 0 && now.since(*at) < span);
        let free = fresh().filter(|(_, ms)| ms.saturating_mul(10) <= self.rtt.saturating_mul(14));
        (fresh().count(), free.count())
    }

    /// Packets wait before the link: it carries all it can, and more connections bring nothing.
    fn is_full(&self, now: TimeMs) -> bool {
        matches!(self.trips(FRESH, now), (1.., 0))
    }

    /// A round trip met no packets that wait: the link could carry more than it is given. Where packets are lost many
    /// trips take longer, so one that did not is proof enough.
    fn has_room(&self, now: TimeMs) -> bool {
        self.trips(3 * FRESH, now).1 > 0 && !self.is_full(now)
    }

    pub fn came(&mut self, bytes: u64) {
        self.bytes = self.bytes.saturating_add(bytes);
    }

    /// What was measured in this window means nothing.
    pub fn pause(&mut self) {
        self.begin = None;
    }

    /// The link was gone. On one that comes and goes more connections mean more bytes twice: no more than the first few.
    pub fn outage(&mut self, now: TimeMs) {
        self.outage = Some(now);
        self.target = self.target.min(RAMP);
        self.trial = None;
        self.begin = None;
    }

    fn window(&self) -> i64 {
        LEAST_WINDOW.max(4 * self.rtt())
    }

    /// Ends the window when it is time; the instant when it is.
    fn judge(&mut self, now: TimeMs) -> TimeMs {
        let is_ramp = self.target < RAMP && !self.has_ramped;
        let begin = *self.begin.get_or_insert_with(|| {
            self.bytes = 0;
            // What was under way before all were there does not count: two round trips.
            if is_ramp { now } else { now.plus(2 * self.rtt.max(1)) }
        });
        if now < begin {
            self.bytes = 0;
            return begin;
        }
        let end = begin.plus(if is_ramp { self.rtt.clamp(100, 1_000) } else { self.window() });
        if now < end {
            return end;
        }
        let ms = u64::try_from(now.since(begin)).unwrap_or(1).max(1);
        let rate = self.bytes.saturating_mul(1_000) / ms;
        if is_ramp {
            self.ramp(rate);
            self.next_window(now);
            return now.plus(self.rtt.clamp(100, 1_000));
        }
        if let Some(mut trial) = self.trial.take() {
            let needed = if self.target <= RAMP { 104 } else { 110 };
            if rate.saturating_mul(100) < trial.rate.saturating_mul(needed) {
                if !trial.again {
                    // One window is a small sample: the same one goes on.
                    trial.again = true;
                    self.trial = Some(trial);
                    return now.plus(self.window());
                }
                // On a lossy line the number that fills it is far off: it is looked for sooner again.
                let is_lossy = self.is_lossy(trial.rate, trial.before, now);
                self.target = trial.before;
                self.hold =
                    if is_lossy { LOSSY_HOLD << self.holds.min(3) } else { HOLD << self.holds.min(5) };
                self.holds = self.holds.saturating_add(1);
                self.recent = [0; 3];
                self.next_window(now);
                return now.plus(self.window());
            }
            self.holds = 0;
            self.recent = [0; 3];
            // New connections fill the line until their first losses; what they carry shows after.
            self.hold = if self.target > self.cap { SETTLE } else { 0 };
            self.grew = rate.saturating_mul(100) / trial.rate.max(1);
        }
        self.next_window(now);
        self.recent.rotate_right(1);
        if let Some(latest) = self.recent.first_mut() {
            *latest = rate;
        }
        self.best = rate.max(self.best.saturating_mul(99) / 100);
        if self.hold > 0 {
            // Connections that began well settle lower after their first losses: then more are tried sooner.
            let fell = rate.saturating_mul(100) < self.best.saturating_mul(85);
            self.hold = self.hold.saturating_sub(if fell { 3 } else { 1 });
        } else if let Some(next) = self.next(rate, self.grew, now).filter(|next| *next > self.target) {
            // One weak window before must not make the next look like growth: the mean of the last ones.
            let (sum, count) =
                self.recent.iter().filter(|r| **r > 0).fold((0, 0), |(s, n), r| (s + r, n + 1));
            self.trial = Some(Trial { before: self.target, rate: sum / u64::max(count, 1), again: false });
            self.target = next;
            self.begin = None;
        }
        now.plus(self.window())
    }

    /// At the very begin every connection still speeds up: one more for each round trip,
    /// unless the sum falls.
    fn ramp(&mut self, rate: u64) {
        let (before, was) = (self.recent.first().copied().unwrap_or(0), self.target);
        if rate > 0 && rate.saturating_mul(100) >= before.saturating_mul(90) {
            self.target += 1;
        }
        self.recent = [rate, 0, 0];
        if self.target >= RAMP.min(self.cap) || (rate > 0 && self.target == was) {
            self.has_ramped = true;
            self.recent = [0; 3];
            // The first windows are of connections that never lost a packet yet.
            self.hold = 1;
        }
    }

    fn next_window(&mut self, now: TimeMs) {
        self.begin = Some(now);
        self.bytes = 0;
    }

    fn next(&self, rate: u64, grew: u64, now: TimeMs) -> Option<u32> {
        let was_gone = self.outage.is_some_and(|at| now.since(at) < AFTER_OUTAGE);
        if self.target >= RAMP && (was_gone || self.is_full(now)) {
            return None;
        }
        let is_lossy = self.is_lossy(rate, self.target, now);
        if self.target < self.cap && !is_lossy {
            return Some(self.target.saturating_add(2).min(self.cap));
        }
        let doubles = grew >= 130 || self.target <= self.cap;
        let more = if doubles { self.target.saturating_mul(2) } else { self.target.saturating_mul(3) / 2 };
        // With less than one and a half segments under way a connection cannot notice a loss by what follows it.
        let rtt = u64::try_from(self.rtt).unwrap_or(0);
        let under_way = self.best.max(rate).saturating_mul(rtt) / 1_000;
        let bearable = u32::try_from(under_way * 2 / (3 * SEGMENT)).unwrap_or(u32::MAX);
        is_lossy.then_some(more.min(self.lossy_cap).min(bearable.max(self.cap)))
    }

    /// Little is under way on each connection, and not because the link is full: loss keeps it so.
    fn is_lossy(&self, rate: u64, workers: u32, now: TimeMs) -> bool {
        let rtt = u64::try_from(self.rtt).unwrap_or(0);
        let each = rate / u64::from(workers.max(1));
        rtt > 0 && self.has_room(now) && each.saturating_mul(rtt) / 1_000 / SEGMENT <= LOSSY_SEGMENTS
    }

    /// Bytes a second of one worker, of late; 0 before the first window.
    pub fn speed_of_one(&self) -> u64 {
        let latest = self.recent.first().copied().filter(|r| *r > 0).or(self.trial.as_ref().map(|t| t.rate));
        latest.unwrap_or(0) / u64::from(self.target.max(1))
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
        let is_waited_for = self.workers.values().any(|w| w.is_suspect);
        let is_enough = u32::try_from(speak).is_ok_and(|n| n >= self.crowd.target());
        // Without all of them, or with nothing left to give them, a window says nothing.
        if self.quiet.is_some() || is_waited_for || !is_enough || self.next_gap().is_none() {
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
        let mut now = 1_i64;
        for _ in 0..600 {
            let before = now;
            now += 100;
            crowd.came(carry(u64::from(crowd.target())) * u64::try_from(now - before).unwrap() / 1_000);
            crowd.round_trip(rtt, false, TimeMs(now));
            crowd.judge(TimeMs(now));
        }
        // What a running trial would fall back to.
        crowd.trial.map_or(crowd.target, |trial| trial.before)
    }

    #[test]
    fn a_link_that_two_fill_gets_hardly_more() {
        assert!(ends_at(20, |_| 2_500_000) <= 4);
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
