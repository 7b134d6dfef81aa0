//! A number, as people write numbers: `3.5`, `3,5`, ` 1 000 `, with or without the unit.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Score;

/// A number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Number {
    /// Shown behind the field; may be empty.
    #[serde(default)]
    pub unit: String,
    /// One of these is chosen beside the field; empty when none is offered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub units: Vec<String>,
    /// What counts as right.
    #[serde(default)]
    pub key: Option<NumberKey>,
}

/// What counts as right.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct NumberKey {
    /// The value.
    pub value: f64,
    /// How far off still counts, in the same unit; bounds included.
    #[serde(default)]
    pub tolerance: f64,
}

impl Number {
    pub(super) fn score(&self, text: &str) -> Option<Score> {
        let key = self.key.as_ref()?;
        let right = read(text, &self.unit)
            .is_some_and(|v| (v - key.value).abs() <= key.tolerance.abs() + f64::EPSILON * key.value.abs());
        Some(Score { right: vec![key.value.to_string()], ..Score::whole(right) })
    }
}

/// Reads a typed number; a single comma with at most two digits or no point beside it is a decimal comma.
/// `None` for anything that is not one finite number.
pub fn read(text: &str, unit: &str) -> Option<f64> {
    let mut t: String =
        text.chars().filter(|c| !c.is_whitespace() && *c != '\u{2019}' && *c != '_').collect();
    let unit: String = unit.chars().filter(|c| !c.is_whitespace()).collect();
    if let Some(rest) = t.to_lowercase().strip_suffix(&unit.to_lowercase()).filter(|_| !unit.is_empty()) {
        t = rest.to_owned();
    }
    let t = t.replace('\u{2212}', "-");
    let normal = match (t.matches(',').count(), t.contains('.')) {
        (1, false) => t.replace(',', "."),
        (_, true) => t.replace(',', ""),
        (0, false) => t,
        (_, false) => t.replace(',', ""),
    };
    normal.parse::<f64>().ok().filter(|v| v.is_finite())
}
