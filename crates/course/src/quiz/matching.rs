//! Pairs: each left side belongs to one right side.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Score;

/// Pairs to be found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Matching {
    /// What is matched, in the order shown.
    pub left: Vec<Side>,
    /// What it may be matched with; may be more than needed.
    pub right: Vec<Side>,
    /// The right pairs.
    #[serde(default)]
    pub key: Option<MatchingKey>,
}

/// One side of a pair.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Side {
    /// Unique on its side.
    pub id: String,
    /// As HTML (cleaned before it is shown).
    pub text_html: String,
}

/// The right pairs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct MatchingKey {
    /// Left id -> right id.
    pub pairs: BTreeMap<String, String>,
}

impl Matching {
    /// Each right pair counts `1/n`.
    pub(super) fn score(&self, pairs: &BTreeMap<String, String>) -> Option<Score> {
        let key = self.key.as_ref()?;
        let right: Vec<String> = key
            .pairs
            .iter()
            .filter(|(left, right)| pairs.get(*left) == Some(*right))
            .map(|(left, _)| left.clone())
            .collect();
        let fraction = right.len() as f64 / key.pairs.len().max(1) as f64;
        Some(Score { fraction, right })
    }
}
