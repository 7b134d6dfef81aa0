//! Choosing: one, several, or true/false.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Score;

/// One thing that can be chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Choice {
    /// Unique in the question.
    pub id: String,
    /// As HTML (cleaned before it is shown).
    pub text_html: String,
    /// Shown after scoring when it was chosen; may be empty.
    #[serde(default)]
    pub feedback_html: String,
}

/// Exactly one of several is right.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct SingleChoice {
    /// In the order shown.
    pub choices: Vec<Choice>,
    /// The right one.
    #[serde(default)]
    pub key: Option<SingleKey>,
}

/// The right choice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct SingleKey {
    /// Id of the choice.
    pub choice: String,
}

/// Any number of several is right.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct MultipleChoice {
    /// In the order shown.
    pub choices: Vec<Choice>,
    /// The right ones.
    #[serde(default)]
    pub key: Option<MultipleKey>,
}

/// The right choices.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct MultipleKey {
    /// Ids of the choices.
    pub choices: Vec<String>,
}

/// A statement to judge.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct TrueFalse {
    /// The right verdict.
    #[serde(default)]
    pub key: Option<TrueFalseKey>,
}

/// The right verdict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct TrueFalseKey {
    /// Whether the statement is true.
    pub value: bool,
}

impl SingleChoice {
    pub(super) fn score(&self, chosen: Option<&str>) -> Option<Score> {
        let key = self.key.as_ref()?;
        let right = chosen == Some(key.choice.as_str());
        Some(Score { right: vec![key.choice.clone()], ..Score::whole(right) })
    }

    pub(super) fn drop_key(&mut self) {
        self.key = None;
        self.choices.iter_mut().for_each(|c| c.feedback_html.clear());
    }
}

impl MultipleChoice {
    /// Each right choice counts `1/n`, each wrong one takes `1/n` away; never below 0 (as Moodle's default).
    pub(super) fn score(&self, chosen: &[String]) -> Option<Score> {
        let key = self.key.as_ref()?;
        let of = key.choices.len().max(1) as f64;
        let mut distinct: Vec<&String> = chosen.iter().collect();
        distinct.sort();
        distinct.dedup();
        let hits = distinct.iter().filter(|c| key.choices.contains(c)).count() as f64;
        let misses = distinct.len() as f64 - hits;
        let fraction = if key.choices.is_empty() {
            if chosen.is_empty() { 1.0 } else { 0.0 }
        } else {
            ((hits - misses) / of).clamp(0.0, 1.0)
        };
        Some(Score { fraction, right: key.choices.clone() })
    }

    pub(super) fn drop_key(&mut self) {
        self.key = None;
        self.choices.iter_mut().for_each(|c| c.feedback_html.clear());
    }
}

impl TrueFalse {
    pub(super) fn score(&self, value: Option<bool>) -> Option<Score> {
        let key = self.key.as_ref()?;
        Some(Score { right: vec![key.value.to_string()], ..Score::whole(value == Some(key.value)) })
    }
}
