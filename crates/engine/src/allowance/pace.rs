//! How long the rest takes, by what this learner's own links did before. A range, because a single number would be a
//! promise that no link keeps.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

/// What came in so many milliseconds of fetching is one sample.
const SAMPLE_MS: i64 = 30_000;
/// Samples kept for each network: the last hours of fetching.
const SAMPLES: usize = 120;
/// Networks kept.
const NETWORKS: usize = 32;
/// So many samples before the past alone may speak.
const ENOUGH: usize = 4;

/// How long the rest takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    /// Milliseconds, if it goes well.
    pub from_ms: u64,
    /// Milliseconds, if it does not.
    pub to_ms: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Past {
    /// Bytes per second, oldest first.
    samples: VecDeque<u64>,
    open_bytes: u64,
    open_ms: i64,
}

/// How fast bytes came over each network while downloads ran, silences included.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    networks: BTreeMap<String, Past>,
}

impl Pace {
    /// So many bytes came in so many milliseconds of fetching. Returns whether there is something new to keep.
    pub fn took(&mut self, network: &str, bytes: u64, ms: i64) -> bool {
        if !self.networks.contains_key(network) && self.networks.len() >= NETWORKS {
            self.networks.pop_first();
        }
        let past = self.networks.entry(network.to_owned()).or_default();
        past.open_bytes = past.open_bytes.saturating_add(bytes);
        past.open_ms = past.open_ms.saturating_add(ms.clamp(0, SAMPLE_MS));
        if past.open_ms < SAMPLE_MS {
            return false;
        }
        let rate = past.open_bytes.saturating_mul(1_000) / past.open_ms.unsigned_abs().max(1);
        past.samples.push_back(rate);
        while past.samples.len() > SAMPLES {
            past.samples.pop_front();
        }
        past.open_bytes = 0;
        past.open_ms = 0;
        true
    }

    /// How long `bytes` more take, from `now_rate` (bytes per second of the last seconds, where there is one), from
    /// what this network did before, and under `cap`. `None` while nothing is known.
    pub fn left(&self, network: &str, bytes: u64, now_rate: Option<u64>, cap: Option<u64>) -> Option<Left> {
        let mut rates: Vec<u64> =
            self.networks.get(network).map_or_else(Vec::new, |past| past.samples.iter().copied().collect());
        if now_rate.is_none() && rates.len() < ENOUGH {
            return None;
        }
        // The present says as much as a quarter of the past.
        let weight = (rates.len() / 3).max(1);
        rates.extend(std::iter::repeat_n(now_rate, weight).flatten());
        let most = cap.unwrap_or(u64::MAX);
        let mut rates: Vec<u64> = rates.into_iter().map(|rate| rate.min(most)).collect();
        rates.sort_unstable();
        let at = |share: usize| rates.get(rates.len().saturating_sub(1) * share / 100).copied();
        let (slow, fast) = (at(20)?, at(80)?);
        let span = |rate: u64| bytes.saturating_mul(1_000).div_ceil(rate.max(1)).max(1_000);
        // A link that stands half of the time has no upper end that could be named.
        (fast > 0 && slow > 0).then(|| Left { from_ms: span(fast), to_ms: span(slow) })
    }
}
