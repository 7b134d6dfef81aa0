//! The words of the readable page. They are the page's own; where the page gives none (the tool), the English ones
//! of the one list of words stand in.

use std::collections::BTreeMap;

use serde_json::Value;

/// The list of words.
const LIST: &str = include_str!("../../../../ui/src/lib/text/en.json");

/// Words by key.
pub(crate) struct Words {
    given: BTreeMap<String, String>,
    english: BTreeMap<String, String>,
}

impl Words {
    /// The given words, with English behind them.
    pub fn new(given: BTreeMap<String, String>) -> Self {
        let list: Value = serde_json::from_str(LIST).unwrap_or_default();
        let mut english = BTreeMap::new();
        for section in ["export", "refusal", "caveat"] {
            let Some(leaves) = list.get(section).and_then(Value::as_object) else { continue };
            for (key, leaf) in leaves {
                let key = if section == "export" { key.clone() } else { format!("{section}_{key}") };
                english.extend(leaf.as_str().map(|text| (key, text.to_owned())));
            }
        }
        Self { given, english }
    }

    /// The word for `key`; the key itself when there is none.
    pub fn get<'a>(&'a self, key: &'a str) -> &'a str {
        let known = |words: &'a BTreeMap<String, String>| words.get(key).filter(|w| !w.is_empty());
        known(&self.given).or_else(|| known(&self.english)).map_or(key, String::as_str)
    }

    /// The language, for screen readers.
    pub fn language(&self) -> &str {
        self.given.get("lang").map_or("en", String::as_str)
    }

    /// The direction of writing.
    pub fn direction(&self) -> &str {
        if self.given.get("dir").is_some_and(|d| d == "rtl") { "rtl" } else { "ltr" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_words_come_first_and_english_stands_behind_them() {
        let words = Words::new(BTreeMap::from([("title".to_owned(), "Kazi yangu".to_owned())]));
        assert_eq!(words.get("title"), "Kazi yangu");
        assert_ne!(words.get("work"), "work", "the English word");
        assert_eq!(words.get("no_such_word"), "no_such_word");
        assert_ne!(words.get("refusal_closed"), "refusal_closed");
    }
}
