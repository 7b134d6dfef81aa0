//! What a site asks of what a learner writes, as far as it can be known before anything is sent.
//!
//! Sites cut silently or refuse late: a fault found here costs a learner a minute, one found after the next
//! connection a week. Dates are facts to be shown; whether they have passed is judged by the site's clock alone.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::TimeMs;

/// What is asked of work that is handed in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct HandInRules {
    /// Nothing is taken before.
    pub opens: Option<TimeMs>,
    /// Most words of the text.
    pub max_words: Option<u32>,
    /// Types of files that are taken, in the site's words (`.pdf`, `image/png`, `document`); empty for all.
    pub file_types: Vec<String>,
    /// Plain text that the learner agrees to with each handing in.
    pub statement: Option<String>,
    /// One piece of work for a whole group: whoever hands in replaces what the others did.
    pub team: bool,
    /// Seconds from the start to the end, measured by the site.
    pub time_limit_s: Option<u32>,
    /// How often it may be handed in; `None` for no limit.
    pub max_attempts: Option<u32>,
}

/// What a discussion is for, and what may be written in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct TalkRules {
    /// Its shape.
    pub shape: TalkShape,
    /// Whether this learner may begin a thread; `None` where the site does not say.
    pub may_start: Option<bool>,
    /// Nothing is taken after.
    pub cut_off: Option<TimeMs>,
    /// Most messages within `period_s`.
    pub most: Option<u32>,
    /// Seconds.
    pub period_s: Option<u32>,
    /// A thread nobody wrote in for so many seconds is closed.
    pub locks_after_s: Option<u32>,
}

/// Shapes of discussions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum TalkShape {
    /// Anybody begins threads and answers.
    #[default]
    General,
    /// Teachers tell their news.
    News,
    /// One thread.
    Single,
    /// Each learner begins one thread.
    EachUser,
    /// Others' answers are seen after one's own.
    QuestionAndAnswer,
}

/// Words as sites count them: what stands between separators, control characters and long dashes.
pub fn words(text: &str) -> u32 {
    let between = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '–' | '—');
    u32::try_from(text.split(between).filter(|word| !word.is_empty()).count()).unwrap_or(u32::MAX)
}

impl TalkRules {
    /// Nothing is known.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

impl HandInRules {
    /// Nothing is asked.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// How many words the text has, where those are too many.
    pub fn too_long(&self, text: &str) -> Option<u32> {
        let count = words(text);
        self.max_words.filter(|most| count > *most).map(|_| count)
    }

    /// Whether a file is of a type that is taken. A name of a group of types that is not known here counts as yes:
    /// the site knows.
    pub fn takes(&self, name: &str, media_type: &str) -> bool {
        let name = name.to_lowercase();
        let is_judged = |kind: &String| kind.starts_with('.') || kind.contains('/');
        let fits = |kind: &String| match kind.strip_prefix('.') {
            Some(_) => name.ends_with(kind.as_str()),
            None => kind.eq_ignore_ascii_case(media_type),
        };
        self.file_types.is_empty()
            || !self.file_types.iter().all(is_judged)
            || self.file_types.iter().any(fits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_counted_as_moodle_counts_them() {
        for (text, count) in
            [("", 0), (" \n", 0), ("one", 1), ("a b\u{a0}c\td", 4), ("well—known – so", 3), ("it's x-ray", 2)]
        {
            assert_eq!(words(text), count, "{text:?}");
        }
        let rules = HandInRules { max_words: Some(2), ..HandInRules::default() };
        assert_eq!((rules.too_long("a b"), rules.too_long("a b c")), (None, Some(3)));
        assert_eq!(HandInRules::default().too_long("a b c"), None);
    }

    #[test]
    fn types_of_files_are_judged_where_they_can_be() {
        let rules = |kinds: &[&str]| HandInRules {
            file_types: kinds.iter().map(|k| (*k).to_owned()).collect(),
            ..HandInRules::default()
        };
        assert!(rules(&[]).takes("a.exe", "application/x-msdos-program"));
        assert!(rules(&[".pdf", ".docx"]).takes("Essay.PDF", "application/pdf"));
        assert!(!rules(&[".pdf"]).takes("essay.odt", "application/vnd.oasis.opendocument.text"));
        assert!(!rules(&[".pdf"]).takes("pdf", "application/octet-stream"));
        assert!(rules(&["image/png"]).takes("x", "image/png"));
        assert!(!rules(&["image/png"]).takes("x.jpg", "image/jpeg"));
        assert!(rules(&[".pdf", "document"]).takes("essay.odt", "application/vnd.oasis.opendocument.text"));
    }
}
