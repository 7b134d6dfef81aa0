//! A set of byte ranges: sorted, apart from each other, half open.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Ranges `[from, to)`; what touches is one range.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<(u64, u64)>", into = "Vec<(u64, u64)>")]
pub struct Spans(BTreeMap<u64, u64>);

impl From<Vec<(u64, u64)>> for Spans {
    fn from(list: Vec<(u64, u64)>) -> Self {
        let mut spans = Self::default();
        list.into_iter().for_each(|(from, to)| spans.add(from, to));
        spans
    }
}

impl From<Spans> for Vec<(u64, u64)> {
    fn from(spans: Spans) -> Self {
        spans.0.into_iter().collect()
    }
}

impl Spans {
    /// Adds a range; an empty or turned one adds nothing.
    pub fn add(&mut self, mut from: u64, mut to: u64) {
        if from >= to {
            return;
        }
        while let Some((&start, &end)) = self.0.range(..=to).next_back().filter(|(_, end)| **end >= from) {
            self.0.remove(&start);
            from = from.min(start);
            to = to.max(end);
        }
        self.0.insert(from, to);
    }

    /// Takes a range out.
    pub fn remove(&mut self, from: u64, to: u64) {
        if from >= to {
            return;
        }
        while let Some((&start, &end)) = self.0.range(..to).next_back().filter(|(_, end)| **end > from) {
            self.0.remove(&start);
            if start < from {
                self.0.insert(start, from);
            }
            if end > to {
                self.0.insert(to, end);
            }
        }
    }

    /// Whether all of `[from, to)` is in.
    pub fn covers(&self, from: u64, to: u64) -> bool {
        from >= to || self.0.range(..=from).next_back().is_some_and(|(_, end)| *end >= to)
    }

    /// Bytes in all.
    pub fn len(&self) -> u64 {
        self.0.iter().fold(0, |sum, (from, to)| sum.saturating_add(to - from))
    }

    /// Whether nothing is in.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The ranges, in order.
    pub fn iter(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.0.iter().map(|(from, to)| (*from, *to))
    }

    /// The first range of `[from, to)` that is not in.
    pub fn gap(&self, from: u64, to: u64) -> Option<(u64, u64)> {
        let mut at = from;
        if let Some((_, end)) = self.0.range(..=at).next_back() {
            at = at.max(*end);
        }
        if at >= to {
            return None;
        }
        let end = self.0.range(at..).next().map_or(to, |(start, _)| (*start).min(to));
        Some((at, end))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_the_set_of_its_bytes(deeds in prop::collection::vec((any::<bool>(), 0_u64..60, 0_u64..60), 0..40)) {
            let (mut spans, mut bytes) = (Spans::default(), BTreeSet::new());
            for (is_add, from, to) in deeds {
                if is_add { spans.add(from, to) } else { spans.remove(from, to) }
                (from..to).for_each(|b| { if is_add { bytes.insert(b); } else { bytes.remove(&b); } });
                prop_assert_eq!(spans.len(), bytes.len() as u64);
                prop_assert!(spans.iter().all(|(a, b)| a < b && (a..b).all(|x| bytes.contains(&x))));
                prop_assert!(spans.iter().zip(spans.iter().skip(1)).all(|(a, b)| a.1 < b.0));
                let covers = (from..to).all(|b| bytes.contains(&b));
                prop_assert_eq!(spans.covers(from, to), covers);
                let first = (from..to).find(|b| !bytes.contains(b));
                prop_assert_eq!(spans.gap(from, to).map(|g| g.0), first);
                if let Some((a, b)) = spans.gap(from, to) {
                    prop_assert!((a..b).all(|x| !bytes.contains(&x)) && (b == to || bytes.contains(&b)));
                }
            }
        }
    }
}
