//! A text with places to fill in: words to type, lists, and pieces to put into place.
//!
//! A place stands in `Question::text_html` as its id between [`OPEN`] and [`CLOSE`], characters that no text uses.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::choice::Choice;

/// Before a place's id.
pub const OPEN: char = '\u{E000}';
/// After a place's id.
pub const CLOSE: char = '\u{E001}';

/// Places in the text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Blanks {
    /// In the order of the text.
    pub blanks: Vec<Blank>,
    /// What can be put into the places with [`BlankShape::Piece`].
    #[serde(default)]
    pub pieces: Vec<Piece>,
}

/// One place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Blank {
    /// Unique in the question.
    pub id: String,
    /// How it is filled.
    pub shape: BlankShape,
    /// What can be chosen; empty for the others.
    #[serde(default)]
    pub choices: Vec<Choice>,
    /// Which pieces fit; empty for the others.
    #[serde(default)]
    pub group: String,
    /// Characters it is wide, where the site says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
}

/// How a place is filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum BlankShape {
    /// Typed.
    Line,
    /// One of a list.
    List,
    /// One of several, all seen.
    One,
    /// Any number of several; the value is `1` under the id of each ticked choice.
    Several,
    /// A piece of its group.
    Piece,
}

/// Something that is put into a place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Piece {
    /// Unique in its group.
    pub id: String,
    /// Only places of the same group take it.
    pub group: String,
    /// As HTML (cleaned before it is shown).
    pub text_html: String,
    /// Fits into several places at once.
    #[serde(default)]
    pub many: bool,
}

/// `html` with each place as `shown` says it.
pub fn with_places(html: &str, mut shown: impl FnMut(&str) -> String) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((before, after)) = rest.split_once(OPEN) {
        out.push_str(before);
        let Some((id, after)) = after.split_once(CLOSE) else {
            rest = after;
            continue;
        };
        out.push_str(&shown(id));
        rest = after;
    }
    out.push_str(rest);
    out
}

/// The filled places that say something.
pub(super) fn is_empty(values: &BTreeMap<String, String>) -> bool {
    values.values().all(|value| value.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_shown_as_one_wishes_and_a_stray_mark_is_left_out() {
        let text = format!("a {OPEN}p1{CLOSE} b {OPEN}p2{CLOSE}.");
        assert_eq!(with_places(&text, |id| format!("[{id}]")), "a [p1] b [p2].");
        assert_eq!(with_places(&format!("a {OPEN}b"), |_| "x".into()), "a b");
        assert_eq!(with_places("plain", |_| "x".into()), "plain");
    }
}
