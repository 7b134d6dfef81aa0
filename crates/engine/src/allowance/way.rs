//! Downloads make way for what the learner hands in, and never for ever.
//!
//! What must stay true: while something small is being sent nothing large comes; a site that does not answer holds
//! downloads up for at most [`LONGEST_MS`] at a stretch, and for at most half of the time; a link with room for both is
//! not interrupted.

use daypack_course::TimeMs;

/// Downloads make way for at most so long at a stretch, and then go on for as long.
pub const LONGEST_MS: i64 = 30_000;

/// A link that brought so many bytes per second has room for both.
pub const FAST: u64 = 512 << 10;

/// Whether downloads make way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MakeWay {
    since: Option<TimeMs>,
    /// Not again before this.
    rests_until: Option<TimeMs>,
}

impl MakeWay {
    /// Whether something small is being sent now, over a link of which `rate` is known (bytes per second). Returns
    /// whether downloads make way, and when to ask again.
    pub fn look(&mut self, sending: bool, rate: Option<u64>, now: TimeMs) -> (bool, Option<TimeMs>) {
        if !sending || rate.is_some_and(|rate| rate >= FAST) {
            self.since = None;
            return (false, None);
        }
        if let Some(until) = self.rests_until {
            if now < until {
                return (false, Some(until));
            }
            self.rests_until = None;
            self.since = None;
        }
        let since = *self.since.get_or_insert(now);
        let end = since.plus(LONGEST_MS);
        if now >= end {
            self.rests_until = Some(now.plus(LONGEST_MS));
            return (false, self.rests_until);
        }
        (true, Some(end))
    }
}
