//! Writing: a word or a longer text.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Score;

/// A word or a short phrase.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct ShortText {
    /// What counts as right.
    #[serde(default)]
    pub key: Option<ShortTextKey>,
}

/// What counts as right.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct ShortTextKey {
    /// Any of these; spaces at the ends and runs of spaces do not count.
    pub accepted: Vec<String>,
    /// Whether case counts.
    #[serde(default)]
    pub case_sensitive: bool,
}

/// A longer text, read by a person.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct Essay {
    /// Advice, never a lock.
    #[serde(default)]
    pub min_words: Option<u32>,
    /// The site refuses more.
    #[serde(default)]
    pub max_words: Option<u32>,
    /// What stands in the field at first, as plain text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub template: String,
    /// Files may be added, too; these are added at the site.
    #[serde(default)]
    pub takes_files: bool,
}

impl ShortText {
    pub(super) fn score(&self, text: &str) -> Option<Score> {
        let key = self.key.as_ref()?;
        let given = fold(text, key.case_sensitive);
        let right = !given.is_empty() && key.accepted.iter().any(|a| fold(a, key.case_sensitive) == given);
        Some(Score { right: key.accepted.clone(), ..Score::whole(right) })
    }
}

fn fold(text: &str, case_sensitive: bool) -> String {
    let spaced = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if case_sensitive { spaced } else { spaced.to_lowercase() }
}
