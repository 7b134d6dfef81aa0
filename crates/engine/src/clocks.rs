//! What is known of the sites' clocks and of ours: the facts a learner or a teacher can read when a deadline is in
//! question.
//!
//! What must stay true: nothing here corrects or hides a time; a fact is kept as it was seen, the newest
//! [`KEPT`] of them.

use daypack_course::TimeMs;
use serde::{Deserialize, Serialize};

use crate::watch::Seen;

/// So many facts are kept.
pub const KEPT: usize = 400;
/// A site's `Date` that differs from our clock by more than this is worth a fact.
pub const WRONG_MS: i64 = 2 * 60_000;
/// Without anything new, a contact with a site is noted so often.
pub const CONTACT_EVERY_MS: i64 = 10 * 60_000;

/// One fact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
pub enum ClockFact {
    /// A site answered; both clocks at that moment.
    Contact {
        /// Address of the site.
        site: String,
        /// By its `Date`.
        server: TimeMs,
        /// By our clock.
        local: TimeMs,
    },
    /// Our clock was set.
    Jumped {
        /// By our clock, afterwards.
        local: TimeMs,
        /// By how much, in milliseconds.
        by_ms: i64,
    },
    /// The computer slept.
    Slept {
        /// By our clock, afterwards.
        local: TimeMs,
        /// How long, in milliseconds.
        ms: i64,
    },
}

/// The facts, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clocks {
    facts: Vec<ClockFact>,
}

impl Clocks {
    /// All that is kept, oldest first.
    pub fn facts(&self) -> &[ClockFact] {
        &self.facts
    }

    /// A site answered. True when that is worth keeping: the first contact, one after a while, or one that shows
    /// the clocks apart by something new.
    pub fn contact(&mut self, site: &str, server: TimeMs, local: TimeMs) -> bool {
        let last = self.facts.iter().rev().find_map(|fact| match fact {
            ClockFact::Contact { site: of, server, local } if of == site => Some((*server, *local)),
            _ => None,
        });
        let is_new = last.is_none_or(|(then_server, then_local)| {
            let drift = server.since(local).saturating_sub(then_server.since(then_local));
            server.since(then_server).saturating_abs() >= CONTACT_EVERY_MS
                || drift.saturating_abs() > WRONG_MS
        });
        if is_new {
            self.keep(ClockFact::Contact { site: site.to_owned(), server, local });
        }
        is_new
    }

    /// Something happened between two looks. True when it was kept.
    pub fn seen(&mut self, seen: Seen, local: TimeMs) -> bool {
        match seen {
            Seen::Slept { ms } => self.keep(ClockFact::Slept { local, ms }),
            Seen::ClockJumped { by_ms } => self.keep(ClockFact::Jumped { local, by_ms }),
            Seen::NetworkChanged => return false,
        }
        true
    }

    /// The newest contact with a site.
    pub fn last_contact(&self, site: &str) -> Option<(TimeMs, TimeMs)> {
        self.facts.iter().rev().find_map(|fact| match fact {
            ClockFact::Contact { site: of, server, local } if of == site => Some((*server, *local)),
            _ => None,
        })
    }

    /// The site's clock minus ours: as last seen, without what our clock was set by since.
    pub fn offset(&self, site: &str) -> Option<i64> {
        let mut set_since = 0_i64;
        for fact in self.facts.iter().rev() {
            match fact {
                ClockFact::Jumped { by_ms, .. } => set_since = set_since.saturating_add(*by_ms),
                ClockFact::Contact { site: of, server, local } if of == site => {
                    return Some(server.since(*local).saturating_sub(set_since));
                }
                ClockFact::Contact { .. } | ClockFact::Slept { .. } => {}
            }
        }
        None
    }

    /// The site's clock minus ours as last seen, when that is so much that it matters.
    pub fn wrong_by(&self, site: &str) -> Option<i64> {
        self.last_contact(site)
            .map(|(server, local)| server.since(local))
            .filter(|offset| offset.saturating_abs() > WRONG_MS)
    }

    fn keep(&mut self, fact: ClockFact) {
        self.facts.push(fact);
        let extra = self.facts.len().saturating_sub(KEPT);
        self.facts.drain(..extra);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SITE: &str = "https://a.example";

    #[test]
    fn contacts_are_kept_now_and_then_and_whenever_the_clocks_part() {
        let mut clocks = Clocks::default();
        assert!(clocks.contact(SITE, TimeMs(1_000_000), TimeMs(1_000_500)));
        assert!(!clocks.contact(SITE, TimeMs(1_060_000), TimeMs(1_060_400)));
        assert!(clocks.contact(SITE, TimeMs(1_120_000), TimeMs(4_720_000)), "our clock is an hour ahead");
        assert_eq!(clocks.wrong_by(SITE), Some(-3_600_000));
        assert!(clocks.contact(SITE, TimeMs(2_000_000), TimeMs(2_000_000)));
        assert_eq!(clocks.wrong_by(SITE), None);
    }

    #[test]
    fn a_clock_set_after_the_last_contact_changes_what_is_taken_off() {
        let mut clocks = Clocks::default();
        assert_eq!(clocks.offset(SITE), None);
        clocks.contact(SITE, TimeMs(5_000), TimeMs(4_000));
        clocks.seen(Seen::ClockJumped { by_ms: -3_600_000 }, TimeMs(-3_595_000));
        assert_eq!(clocks.offset(SITE), Some(3_601_000));
    }

    #[test]
    fn any_age_of_our_clock_is_a_fact_and_no_crash() {
        let server = TimeMs(1_795_000_000_000);
        for local in [0, -1, 2_147_483_648_000, i64::MIN, i64::MAX] {
            let mut clocks = Clocks::default();
            assert!(clocks.contact(SITE, server, TimeMs(local)));
            assert!(clocks.wrong_by(SITE).is_some(), "{local}");
        }
    }

    #[test]
    fn the_oldest_facts_go_first() {
        let mut clocks = Clocks::default();
        for n in 0..(KEPT as i64 + 10) {
            clocks.seen(Seen::ClockJumped { by_ms: n }, TimeMs(n));
        }
        assert_eq!(clocks.facts().len(), KEPT);
        assert_eq!(clocks.facts().first(), Some(&ClockFact::Jumped { local: TimeMs(10), by_ms: 10 }));
    }
}
