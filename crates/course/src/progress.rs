//! What of a lecture was watched: a set of intervals, not a single position.
//!
//! Laws (tested): merging is commutative, associative and idempotent; the stored form is sorted, disjoint and
//! without empty intervals, so two devices that saw the same things hold equal values.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Intervals touching closer than this are one: players report in steps.
const JOIN_MS: u64 = 250;

/// The watched parts of one lecture.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(transparent)]
pub struct Watched(#[ts(type = "[number, number][]")] Vec<(u64, u64)>);

impl Watched {
    /// Nothing watched.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds `[from_ms, to_ms)`; empty and reversed intervals add nothing.
    pub fn add(&mut self, from_ms: u64, to_ms: u64) {
        if to_ms > from_ms {
            self.0.push((from_ms, to_ms));
            self.normalise();
        }
    }

    /// The union of both.
    #[must_use]
    pub fn merge(mut self, other: &Self) -> Self {
        self.0.extend_from_slice(&other.0);
        self.normalise();
        self
    }

    /// Milliseconds watched at least once.
    pub fn total_ms(&self) -> u64 {
        self.0.iter().map(|(from, to)| to - from).sum()
    }

    /// Share of `duration_ms` that was watched, 0 to 1.
    pub fn share(&self, duration_ms: u64) -> f64 {
        if duration_ms == 0 {
            return 0.0;
        }
        let seen: u64 = self.0.iter().map(|(from, to)| (*to).min(duration_ms).saturating_sub(*from)).sum();
        (seen as f64 / duration_ms as f64).clamp(0.0, 1.0)
    }

    /// The intervals, sorted and disjoint, `[from, to)` in milliseconds.
    pub fn intervals(&self) -> &[(u64, u64)] {
        &self.0
    }

    fn normalise(&mut self) {
        self.0.retain(|(from, to)| to > from);
        self.0.sort_unstable();
        let mut merged: Vec<(u64, u64)> = Vec::with_capacity(self.0.len());
        for (from, to) in self.0.drain(..) {
            match merged.last_mut() {
                Some(last) if from <= last.1.saturating_add(JOIN_MS) => last.1 = last.1.max(to),
                _ => merged.push((from, to)),
            }
        }
        self.0 = merged;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn watched() -> impl Strategy<Value = Watched> {
        prop::collection::vec((0_u64..100_000, 0_u64..5_000), 0..12).prop_map(|parts| {
            let mut w = Watched::new();
            for (from, len) in parts {
                w.add(from, from + len);
            }
            w
        })
    }

    proptest! {
        #[test]
        fn merging_is_commutative_associative_and_idempotent(a in watched(), b in watched(), c in watched()) {
            prop_assert_eq!(a.clone().merge(&b), b.clone().merge(&a));
            prop_assert_eq!(a.clone().merge(&b).merge(&c), a.clone().merge(&b.clone().merge(&c)));
            prop_assert_eq!(a.clone().merge(&a), a);
        }

        #[test]
        fn nothing_watched_is_forgotten_by_a_merge(a in watched(), b in watched()) {
            let both = a.clone().merge(&b);
            for (from, to) in a.intervals().iter().chain(b.intervals()) {
                prop_assert!(both.intervals().iter().any(|(f, t)| f <= from && to <= t));
            }
        }
    }

    #[test]
    fn share_counts_each_moment_once() {
        let mut w = Watched::new();
        w.add(0, 50_000);
        w.add(25_000, 75_000);
        assert!((w.share(100_000) - 0.75).abs() < 1e-9);
        assert!((w.share(0) - 0.0).abs() < 1e-9);
    }
}
