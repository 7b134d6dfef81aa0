//! What follows a learner from one computer to another: where lectures and readings were left, what was watched, what
//! was marked as done. Each computer writes one small file; whoever reads several takes their union.
//!
//! Laws (tested): merging is commutative, associative and idempotent, so that it does not matter in which order, or how
//! often, files of other computers are read. A place or mark that is newer replaces an older one; at the same instant the
//! further one stands; what was watched anywhere was watched. What a file says is taken only within bounds: a torn or
//! hostile one changes nothing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::TimeMs;
use crate::progress::Watched;

/// The format of the file.
pub const FORMAT: &str = "daypack-progress";
/// Its version.
pub const VERSION: u32 = 1;
/// Most bytes of a file, written or read.
pub const MAX_BYTES: usize = 64 << 10;
/// Most items in a file: those touched last.
pub const MAX_ITEMS: usize = 400;
/// Most watched parts of one lecture in a file; the longest are kept.
const MAX_PARTS: usize = 64;
/// No lecture is longer.
const MAX_MS: u64 = 48 * 3_600_000;
/// Longest name of an item.
const MAX_KEY: usize = 400;
/// How far in the future an instant may lie: clocks differ.
const AHEAD_MS: i64 = 24 * 3_600_000;

/// Something with the instant it was said, by the site's clock. Ordered by the instant first: the larger one stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Said<T> {
    /// When.
    pub at: TimeMs,
    /// What.
    pub what: T,
}

/// Where a lecture was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Spot {
    /// From the start, in milliseconds.
    pub ms: u64,
    /// Speed, in hundredths.
    pub rate: u32,
}

/// What is carried of one item.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Mark {
    /// Where the lecture was left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spot: Option<Said<Spot>>,
    /// The parts of it that were watched.
    #[serde(skip_serializing_if = "is_unwatched")]
    pub watched: Watched,
    /// How far the reading was read, in ten-thousandths of its length.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read: Option<Said<u32>>,
    /// The learner's word that it is done, or is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub done: Option<Said<bool>>,
}

fn is_unwatched(watched: &Watched) -> bool {
    watched.intervals().is_empty()
}

/// What is carried, by the name of the item (the same on each computer).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Carried(pub BTreeMap<String, Mark>);

impl Mark {
    /// The union of both.
    #[must_use]
    pub fn merge(self, other: &Self) -> Self {
        Self {
            spot: self.spot.max(other.spot),
            watched: self.watched.merge(&other.watched),
            read: self.read.max(other.read),
            done: self.done.max(other.done),
        }
    }

    /// The last instant at which anything was said of it.
    pub fn at(&self) -> TimeMs {
        let said = [self.spot.map(|s| s.at), self.read.map(|s| s.at), self.done.map(|s| s.at)];
        said.into_iter().flatten().max().unwrap_or_default()
    }
}

impl Carried {
    /// The union of both.
    #[must_use]
    pub fn merge(mut self, other: &Self) -> Self {
        for (name, mark) in &other.0 {
            let mine = self.0.remove(name).unwrap_or_default();
            self.0.insert(name.clone(), mine.merge(mark));
        }
        self
    }

    /// Whether all of `other` is in it already.
    pub fn holds(&self, other: &Self) -> bool {
        other.0.iter().all(|(name, mark)| {
            *mark == Mark::default() || self.0.get(name).is_some_and(|mine| mine.clone().merge(mark) == *mine)
        })
    }

    /// The same within the bounds of a file: the items touched last, and of each lecture the longest parts.
    #[must_use]
    pub fn bounded(self) -> Self {
        let mut all: Vec<(String, Mark)> = self
            .0
            .into_iter()
            .filter(|(name, mark)| name.len() <= MAX_KEY && *mark != Mark::default())
            .collect();
        all.sort_by(|(a, x), (b, y)| y.at().cmp(&x.at()).then_with(|| a.cmp(b)));
        all.truncate(MAX_ITEMS);
        for (_, mark) in &mut all {
            mark.watched = longest(&mark.watched);
        }
        let fits = |n: usize| {
            let part = Self(all.iter().take(n).cloned().collect());
            written(&part, "0123456789abcdef").len() <= MAX_BYTES
        };
        let mut keep = all.len();
        while keep > 0 && !fits(keep) {
            keep = keep * 3 / 4;
        }
        all.truncate(keep);
        Self(all.into_iter().collect())
    }
}

fn longest(watched: &Watched) -> Watched {
    let mut parts = watched.intervals().to_vec();
    if parts.len() <= MAX_PARTS {
        return watched.clone();
    }
    parts.sort_by_key(|(from, to)| (std::cmp::Reverse(to - from), *from));
    let mut kept = Watched::new();
    parts.iter().take(MAX_PARTS).for_each(|(from, to)| kept.add(*from, *to));
    kept
}

/// A file as it is written.
#[derive(Serialize, Deserialize)]
struct File {
    format: String,
    version: u32,
    /// Which computer wrote it: a drawn name that says nothing of it.
    device: String,
    items: BTreeMap<String, Mark>,
}

/// The file of `device` that says `carried`.
pub fn written(carried: &Carried, device: &str) -> Vec<u8> {
    let file = File {
        format: FORMAT.to_owned(),
        version: VERSION,
        device: device.to_owned(),
        items: carried.0.clone(),
    };
    serde_json::to_vec(&file).unwrap_or_default()
}

/// What a file says, as far as it can be believed at `now` (the site's clock); `None` when it is torn, too large, of a
/// newer format or no such file at all.
pub fn read(bytes: &[u8], now: TimeMs) -> Option<Carried> {
    if bytes.len() > MAX_BYTES {
        return None;
    }
    let file: File = serde_json::from_slice(bytes).ok()?;
    if file.format != FORMAT || file.version != VERSION || file.items.len() > MAX_ITEMS {
        return None;
    }
    let latest = now.plus(AHEAD_MS);
    let items = file.items.into_iter().filter(|(name, _)| name.len() <= MAX_KEY);
    let believed = items.map(|(name, mark)| (name, mark.believed(latest)));
    Some(Carried(believed.filter(|(_, mark)| *mark != Mark::default()).collect()))
}

impl Mark {
    /// Only what can be: nothing of the future, no lecture of a year, intervals in order.
    fn believed(self, latest: TimeMs) -> Self {
        let mut watched = Watched::new();
        for (from, to) in self.watched.intervals().iter().take(MAX_PARTS) {
            watched.add((*from).min(MAX_MS), (*to).min(MAX_MS));
        }
        let when = |at: TimeMs| TimeMs(0) < at && at <= latest;
        Self {
            spot: self
                .spot
                .filter(|s| when(s.at) && s.what.ms <= MAX_MS && (25..=400).contains(&s.what.rate)),
            watched,
            read: self.read.filter(|s| when(s.at) && s.what <= 10_000),
            done: self.done.filter(|s| when(s.at)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: TimeMs = TimeMs(1_000_000);

    fn said<T: std::fmt::Debug>(what: impl Strategy<Value = T>) -> impl Strategy<Value = Option<Said<T>>> {
        prop::option::of((1_i64..6, what).prop_map(|(at, what)| Said { at: TimeMs(at), what }))
    }

    fn mark() -> impl Strategy<Value = Mark> {
        let spot = (0_u64..4_000, 100_u32..102).prop_map(|(ms, rate)| Spot { ms, rate });
        let parts = prop::collection::vec((0_u64..100_000, 1_u64..5_000), 0..5);
        (said(spot), parts, said(0_u32..4), said(any::<bool>())).prop_map(|(spot, parts, read, done)| {
            let mut watched = Watched::new();
            parts.iter().for_each(|(from, len)| watched.add(*from, from + len));
            Mark { spot, watched, read, done }
        })
    }

    fn carried() -> impl Strategy<Value = Carried> {
        prop::collection::btree_map("[a-d]", mark(), 0..4).prop_map(Carried)
    }

    proptest! {
        #[test]
        fn merging_is_commutative_associative_and_idempotent(a in carried(), b in carried(), c in carried()) {
            let with = |x: &Carried, y: &Carried| x.clone().merge(y);
            prop_assert_eq!(with(&a, &b), with(&b, &a));
            prop_assert_eq!(with(&with(&a, &b), &c), with(&a, &with(&b, &c)));
            prop_assert_eq!(with(&a, &a), a.clone());
        }

        #[test]
        fn a_union_holds_both_and_adding_what_is_held_changes_nothing(a in carried(), b in carried()) {
            let both = a.clone().merge(&b);
            prop_assert!(both.holds(&a) && both.holds(&b));
            prop_assert_eq!(a.holds(&b), both.0.iter().filter(|(_, m)| **m != Mark::default())
                .eq(a.0.iter().filter(|(_, m)| **m != Mark::default())));
        }

        #[test]
        fn what_is_written_is_read_and_rubbish_is_not(a in carried(), cut in 0_usize..400, byte in any::<u8>()) {
            let mut bytes = written(&a, "d1");
            let sound = Carried(a.0.into_iter().filter(|(_, m)| *m != Mark::default()).collect());
            prop_assert_eq!(read(&bytes, NOW), Some(sound));
            let torn = bytes.get(..cut.min(bytes.len() - 1)).unwrap_or_default();
            prop_assert_eq!(read(torn, NOW), None);
            let at = cut % bytes.len();
            bytes[at] = byte;
            let _ = read(&bytes, NOW);
        }
    }

    fn spot(at: i64, ms: u64) -> Mark {
        Mark { spot: Some(Said { at: TimeMs(at), what: Spot { ms, rate: 100 } }), ..Mark::default() }
    }

    #[test]
    fn the_later_place_stands_also_when_the_other_is_further() {
        assert_eq!(spot(1, 90_000).merge(&spot(2, 10_000)), spot(2, 10_000));
        assert_eq!(
            spot(2, 90_000).merge(&spot(2, 10_000)),
            spot(2, 90_000),
            "at one instant the further one"
        );
    }

    #[test]
    fn a_file_stays_small_and_keeps_what_was_touched_last() {
        let many: BTreeMap<String, Mark> = (0..5_000).map(|n| (format!("a:{n}"), spot(n + 1, 5))).collect();
        let kept = Carried(many).bounded();
        assert!(kept.0.len() <= MAX_ITEMS && kept.0.contains_key("a:4999") && !kept.0.contains_key("a:0"));
        assert!(written(&kept, "0123456789abcdef").len() <= MAX_BYTES);
        let mut scattered = Watched::new();
        (0..2_000).for_each(|n| scattered.add(n * 10_000, n * 10_000 + 1_000));
        let wide: BTreeMap<String, Mark> = (0..300)
            .map(|n| (format!("a:{n}"), Mark { watched: scattered.clone(), ..spot(n + 1, 5) }))
            .collect();
        let kept = Carried(wide).bounded();
        assert!(kept.0.contains_key("a:299"));
        let bytes = written(&kept, "0123456789abcdef");
        assert!(bytes.len() <= MAX_BYTES && read(&bytes, NOW).is_some());
    }

    #[test]
    fn nothing_unbelievable_is_taken() {
        let hostile = |items: &str| {
            let text = format!(
                r#"{{"format":"daypack-progress","version":1,"device":"x","items":{{"a":{items}}}}}"#
            );
            read(text.as_bytes(), NOW).map(|found| found.0)
        };
        let nothing = Some(BTreeMap::new());
        let spot = |ms: &str, rate: &str, at: &str| {
            hostile(&format!(r#"{{"spot":{{"at":{at},"what":{{"ms":{ms},"rate":{rate}}}}}}}"#))
        };
        assert_eq!(spot("5", "100", "9").unwrap().len(), 1, "the control");
        assert_eq!(spot("5", "100", "99999999999999"), nothing, "a clock that runs far ahead never wins");
        assert_eq!(spot("18446744073709551615", "100", "9"), nothing);
        assert_eq!(spot("5", "0", "9"), nothing);
        assert_eq!(spot("-5", "100", "9"), None);
        assert_eq!(hostile(r#"{"read":{"at":9,"what":20000}}"#), nothing);
        let back = hostile(r#"{"watched":[[9000,1000],[5,18446744073709551615]]}"#).unwrap();
        assert_eq!(back["a"].watched.intervals(), [(5, MAX_MS)]);
        assert_eq!(read(&vec![b' '; MAX_BYTES + 1], NOW), None);
        let newer = r#"{"format":"daypack-progress","version":2,"device":"x","items":{}}"#;
        assert_eq!(read(newer.as_bytes(), NOW), None);
    }
}
