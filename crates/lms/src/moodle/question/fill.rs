//! Filling a question's form with what the learner answered, and reading back what a review holds.
//!
//! A choice is found by its text where the learner saw another order (a package, a shuffled attempt), else by its
//! id. An answer that cannot be placed in full is not placed at all.

use std::collections::BTreeMap;

use daypack_course::quiz::Response;
use daypack_course::work::Answer;

use super::answer::says_something;
use super::{Field, Opt, Slot};
use crate::moodle::words::{folded, plain, to_html};

impl Slot {
    /// The question's text as one line, for finding it again.
    pub fn text(&self) -> String {
        folded(&plain(&self.text_html))
    }

    /// The fields that carry `answer`, full names. `None` when it does not fit this question.
    pub fn fill(&self, answer: &Answer) -> Option<BTreeMap<String, String>> {
        let mut out = BTreeMap::new();
        let by_label = |id: &str| answer.labels.get(id).map(|l| folded(l)).filter(|l| !l.is_empty());
        match &answer.response {
            Response::SingleChoice { choice } => {
                let value = match choice {
                    Some(id) => self.pick(self.radio(), id, by_label(id))?,
                    None => "-1".to_owned(),
                };
                if !self.radio().is_empty() {
                    out.insert("answer".to_owned(), value);
                }
            }
            Response::TrueFalse { value } => {
                let wanted = value.map(|v| if v { "1" } else { "0" });
                if let Some(wanted) = wanted {
                    let known = self.radio().iter().any(|o| o.value == wanted);
                    out.insert("answer".to_owned(), known.then(|| wanted.to_owned())?);
                }
            }
            Response::MultipleChoice { choices } => {
                let boxes: Vec<Opt> = self
                    .fields
                    .iter()
                    .filter_map(|f| match f {
                        Field::Tick { name, label_html, ticked } => {
                            Some(Opt { value: name.clone(), label_html: label_html.clone(), chosen: *ticked })
                        }
                        _ => None,
                    })
                    .collect();
                for one in &boxes {
                    out.insert(one.value.clone(), "0".to_owned());
                }
                for id in choices {
                    out.insert(self.pick(&boxes, id, by_label(id))?, "1".to_owned());
                }
            }
            Response::Filled { .. } | Response::Markers { .. } | Response::Ordering { .. } => {
                out = self.fill_places(answer)?;
            }
            Response::Number { text, unit } => {
                self.fields.iter().find(|f| matches!(f, Field::Line { name, .. } if name == "answer"))?;
                out.insert("answer".to_owned(), text.clone());
                if let Some(unit) = unit {
                    out.insert("unit".to_owned(), self.offers_unit(unit)?);
                }
            }
            Response::ShortText { text } => {
                self.fields.iter().find(|f| matches!(f, Field::Line { name, .. } if name == "answer"))?;
                out.insert("answer".to_owned(), text.clone());
            }
            Response::Matching { pairs } => self.fill_pairs(pairs, answer, &mut out)?,
            Response::Essay { text } => {
                self.fields.iter().find(|f| matches!(f, Field::Area { name, .. } if name == "answer"))?;
                let html = self.hidden("answerformat").is_none_or(|f| f == "1");
                out.insert("answer".to_owned(), if html { to_html(text) } else { text.clone() });
            }
        }
        let mut full: BTreeMap<String, String> = self
            .fields
            .iter()
            .filter_map(|f| match f {
                Field::Hidden { name, value } => Some((format!("{}{name}", self.prefix), value.clone())),
                _ => None,
            })
            .collect();
        full.extend(out.into_iter().map(|(name, value)| (format!("{}{name}", self.prefix), value)));
        Some(full)
    }

    fn fill_pairs(
        &self,
        pairs: &BTreeMap<String, String>,
        answer: &Answer,
        out: &mut BTreeMap<String, String>,
    ) -> Option<()> {
        let label = |id: &str| answer.labels.get(id).map(|l| folded(l)).filter(|l| !l.is_empty());
        for field in &self.fields {
            if let Field::Select { name, .. } = field {
                out.insert(name.clone(), "0".to_owned());
            }
        }
        for (left, right) in pairs {
            let wanted = label(left);
            let mut hits = self.fields.iter().filter_map(|f| match f {
                Field::Select { name, label_html, options } => {
                    let hit = match &wanted {
                        Some(text) => folded(&plain(label_html)) == *text,
                        None => name == left,
                    };
                    hit.then_some((name, options))
                }
                _ => None,
            });
            let (name, options) = hits.next()?;
            if hits.next().is_some() {
                return None;
            }
            out.insert(name.clone(), self.pick(options, right, label(right))?);
        }
        Some(())
    }

    /// The value of the option with this text; without a text, of the one with this id.
    fn pick(&self, options: &[Opt], id: &str, label: Option<String>) -> Option<String> {
        let by_id = options.iter().find(|o| o.value == id);
        let Some(label) = label else { return by_id.map(|o| o.value.clone()) };
        let says = |o: &&Opt| folded(&plain(&o.label_html)) == label;
        if let Some(same) = by_id.filter(says) {
            return Some(same.value.clone());
        }
        let mut hits = options.iter().filter(says);
        let hit = hits.next()?;
        if hits.next().is_some() { None } else { Some(hit.value.clone()) }
    }

    fn offers_unit(&self, unit: &str) -> Option<String> {
        let offered = self.fields.iter().any(|f| match f {
            Field::Radio { name, options } | Field::Select { name, options, .. } => {
                name == "unit" && options.iter().any(|o| o.value == unit)
            }
            _ => false,
        });
        offered.then(|| unit.to_owned())
    }

    pub(super) fn hidden(&self, wanted: &str) -> Option<&str> {
        self.fields.iter().find_map(|f| match f {
            Field::Hidden { name, value } if name == wanted => Some(value.as_str()),
            _ => None,
        })
    }

    /// What is answered now, in the words beside the boxes, a line each.
    pub fn answer_shown(&self) -> String {
        let chosen = |options: &[Opt]| -> Vec<String> {
            options.iter().filter(|o| o.chosen).map(|o| plain(&o.label_html)).collect()
        };
        let mut lines = Vec::new();
        for field in &self.fields {
            match field {
                Field::Radio { options, .. } => lines.extend(chosen(options)),
                Field::Select { label_html, options, .. } => {
                    let picked = chosen(options).join(", ");
                    lines.push(format!("{} – {picked}", plain(label_html)));
                }
                Field::Tick { label_html, ticked: true, .. } => lines.push(plain(label_html)),
                Field::Tick { ticked: false, .. } | Field::Hidden { .. } => {}
                Field::Line { value, .. } => lines.push(value.clone()),
                Field::Area { value, .. } => lines.push(plain(value)),
                Field::Shown { html } => lines.push(plain(html)),
            }
        }
        lines.retain(|line| !line.trim().is_empty());
        lines.join("\n")
    }

    /// What the form holds now: full name -> value; nothing for what is empty.
    pub fn held(&self) -> BTreeMap<String, String> {
        if self.places.is_some() {
            let held = self.held_places();
            return held.into_iter().map(|(name, value)| (format!("{}{name}", self.prefix), value)).collect();
        }
        let mut out = BTreeMap::new();
        let mut put = |name: &str, value: &str| {
            if !value.trim().is_empty() {
                out.insert(format!("{}{name}", self.prefix), value.to_owned());
            }
        };
        for field in &self.fields {
            match field {
                Field::Radio { name, options } => {
                    if let Some(o) = options.iter().find(|o| o.chosen) {
                        put(name, &o.value);
                    }
                }
                Field::Select { name, options, .. } => {
                    if let Some(o) = options.iter().find(|o| o.chosen && o.value != "0") {
                        put(name, &o.value);
                    }
                }
                Field::Tick { name, ticked: true, .. } => put(name, "1"),
                Field::Tick { ticked: false, .. } | Field::Hidden { .. } => {}
                Field::Line { name, value } => put(name, value),
                Field::Area { name, value } => put(name, &plain(value)),
                Field::Shown { html } => put("answer", &plain(html)),
            }
        }
        out
    }
}

/// How what a review holds of one question compares with what was sent for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// What was sent.
    Same,
    /// Nothing.
    Nothing,
    /// Something else.
    Other,
}

/// Compares one question of a review with the fields sent; `None` when nothing was answered in it.
pub fn compare(review: &Slot, sent: &BTreeMap<String, String>) -> Option<Holds> {
    if review.prefix.is_empty() {
        return None;
    }
    let is_choice = !review.radio().is_empty();
    let own: BTreeMap<&String, &String> = sent
        .iter()
        .filter(|(name, value)| {
            name.strip_prefix(review.prefix.as_str()).is_some_and(|short| match review.places {
                Some(_) => is_placed(short, value),
                None => is_given(short, value, is_choice),
            })
        })
        .collect();
    if own.is_empty() {
        return None;
    }
    let held = review.held();
    if held.is_empty() {
        return Some(Holds::Nothing);
    }
    let same = held.len() == own.len()
        && own.iter().all(|(name, value)| held.get(*name).is_some_and(|h| is_same(h, value)));
    Some(if same { Holds::Same } else { Holds::Other })
}

/// What is held is plain already; what was sent may be HTML (essays) or not.
fn is_same(held: &str, sent: &str) -> bool {
    let held = folded(held);
    held == folded(sent) || held == folded(&plain(sent))
}

/// The same for kinds whose fields stand inside a text or on a picture.
fn is_placed(short: &str, value: &str) -> bool {
    if short.starts_with("sub") { !value.trim().is_empty() } else { says_something(short, value) }
}

/// Whether a field sent says something: -1 is a cleared choice (and a number elsewhere), 0 an empty box or pair.
fn is_given(short: &str, value: &str, is_choice: bool) -> bool {
    let numbered = |head| {
        short.strip_prefix(head).is_some_and(|n: &str| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
    };
    if short == "answer" {
        return !value.trim().is_empty() && (!is_choice || value != "-1");
    }
    if short == "unit" {
        return !value.is_empty();
    }
    (numbered("choice") || numbered("sub")) && value != "0"
}
