//! Answers of kinds whose fields stand inside a text or on a picture, and any answer read back out of its form.

use std::collections::BTreeMap;

use daypack_course::quiz::blanks::{BlankShape, Blanks};
use daypack_course::quiz::picture::{Markers, Picture, Point};
use daypack_course::quiz::{QuestionBody, Response};
use daypack_course::work::Answer;

use super::{Field, Slot};
use crate::moodle::loose;
use crate::moodle::words::{folded, plain, to_text};

type Fields = BTreeMap<String, String>;

impl Slot {
    /// The fields of an answer to such a kind, names without the prefix. `None` when it does not fit.
    pub(super) fn fill_places(&self, answer: &Answer) -> Option<Fields> {
        match (self.places.as_ref()?, &answer.response) {
            (QuestionBody::Blanks(q), Response::Filled { values }) => fill_blanks(q, values, answer),
            (QuestionBody::Picture(q), Response::Filled { values }) => fill_picture(q, values, answer),
            (QuestionBody::Markers(q), Response::Markers { points }) => fill_markers(q, points, answer),
            (QuestionBody::Ordering(q), Response::Ordering { order }) => {
                let name = self.ordering_field()?;
                let items = || q.items.iter().map(|i| (i.id.as_str(), i.text_html.as_str()));
                let placed: Option<Vec<String>> =
                    order.iter().map(|id| pick(items(), id, label(answer, id))).collect();
                let placed = placed.filter(|all| all.len() == q.items.len())?;
                Some(Fields::from([(name.to_owned(), placed.join(","))]))
            }
            _ => None,
        }
    }

    fn ordering_field(&self) -> Option<&str> {
        self.fields.iter().find_map(|f| match f {
            Field::Hidden { name, .. } if name.starts_with("response_") => Some(name.as_str()),
            _ => None,
        })
    }

    /// What a kind with places holds, names without the prefix; nothing for what is empty.
    pub(super) fn held_places(&self) -> Fields {
        let mut out = Fields::new();
        for field in &self.fields {
            match field {
                Field::Line { name, value } if !value.trim().is_empty() => {
                    out.insert(name.clone(), value.clone());
                }
                Field::Select { name, options, .. } | Field::Radio { name, options } => {
                    if let Some(o) = options.iter().find(|o| o.chosen && !o.value.is_empty()) {
                        out.insert(name.clone(), o.value.clone());
                    }
                }
                Field::Tick { name, ticked: true, .. } => {
                    out.insert(name.clone(), "1".to_owned());
                }
                // An order nobody changed is no answer.
                Field::Hidden { name, value }
                    if says_something(name, value)
                        && !(name.starts_with("response_")
                            && matches!(self.state.as_str(), "todo" | "gaveup")) =>
                {
                    out.insert(name.clone(), value.clone());
                }
                _ => {}
            }
        }
        out
    }

    /// The answer the form holds now, e.g. one of another device; `None` when there is none.
    pub fn response(&self) -> Option<Response> {
        if self.kind == "essay" {
            return self.essay_held();
        }
        let found = match self.question().body {
            QuestionBody::SingleChoice(_) => {
                let chosen = self.radio().iter().find(|o| o.chosen).map(|o| o.value.clone());
                Response::SingleChoice { choice: chosen }
            }
            QuestionBody::TrueFalse(_) => {
                let chosen = self.radio().iter().find(|o| o.chosen).map(|o| o.value == "1");
                Response::TrueFalse { value: chosen }
            }
            QuestionBody::MultipleChoice(_) => {
                Response::MultipleChoice { choices: self.held_places().into_keys().collect() }
            }
            QuestionBody::ShortText(_) => Response::ShortText { text: self.line("answer") },
            QuestionBody::Number(_) => {
                let unit = self.held_places().remove("unit");
                Response::Number { text: self.line("answer"), unit }
            }
            QuestionBody::Matching(_) => {
                let mut pairs = self.held_places();
                pairs.retain(|name, value| name.starts_with("sub") && value != "0");
                Response::Matching { pairs }
            }
            QuestionBody::Blanks(_) | QuestionBody::Picture(_) => {
                Response::Filled { values: self.held_places() }
            }
            QuestionBody::Markers(_) => {
                let points = self.held_places().into_iter().map(|(name, text)| (name, points(&text)));
                Response::Markers { points: points.filter(|(_, all)| !all.is_empty()).collect() }
            }
            QuestionBody::Ordering(_) => {
                let held = self.held_places();
                let order = held.values().next().map(|all| all.split(',').map(str::to_owned).collect());
                Response::Ordering { order: order.unwrap_or_default() }
            }
            QuestionBody::Essay(_) | QuestionBody::Description {} | QuestionBody::Unsupported { .. } => {
                return None;
            }
        };
        (!found.is_empty()).then_some(found)
    }

    fn essay_held(&self) -> Option<Response> {
        let text = self.fields.iter().find_map(|f| match f {
            Field::Area { value, .. } if self.hidden("answerformat").is_some_and(|format| format != "1") => {
                Some(value.clone())
            }
            Field::Area { value, .. } => Some(to_text(value)),
            Field::Shown { html } => Some(to_text(html)),
            _ => None,
        })?;
        let untouched =
            self.state == "todo" && text == to_text(&loose::text(&self.settings, "responsetemplate"));
        let found = Response::Essay { text };
        (!untouched && !found.is_empty()).then_some(found)
    }

    fn line(&self, wanted: &str) -> String {
        let found = self.fields.iter().find_map(|f| match f {
            Field::Line { name, value } if name == wanted => Some(value.clone()),
            _ => None,
        });
        found.unwrap_or_default()
    }
}

/// Whether a hidden field of such a kind says something: places are 0 or empty at first.
pub(super) fn says_something(name: &str, value: &str) -> bool {
    let numbered = |head: &str| {
        name.strip_prefix(head).is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
    };
    match name {
        _ if numbered("p") => !matches!(value, "" | "0"),
        _ if numbered("c") => !value.is_empty(),
        _ => name.starts_with("response_") && !value.is_empty(),
    }
}

fn fill_blanks(q: &Blanks, values: &Fields, answer: &Answer) -> Option<Fields> {
    let mut out = Fields::new();
    for blank in &q.blanks {
        let given = values.get(&blank.id).map(String::as_str).unwrap_or_default();
        let choices = || blank.choices.iter().map(|c| (c.id.as_str(), c.text_html.as_str()));
        let said = label(answer, &format!("{}={given}", blank.id));
        match blank.shape {
            BlankShape::Line => {
                out.insert(blank.id.clone(), given.to_owned());
            }
            BlankShape::List => {
                let value = if given.is_empty() { String::new() } else { pick(choices(), given, said)? };
                out.insert(blank.id.clone(), value);
            }
            BlankShape::One if given.is_empty() => {}
            BlankShape::One => {
                out.insert(blank.id.clone(), pick(choices(), given, said)?);
            }
            BlankShape::Several => {
                let head = format!("{}_", blank.id);
                for (id, _) in values.iter().filter(|(id, value)| id.starts_with(&head) && *value == "1") {
                    out.insert(pick(choices(), id, label(answer, id))?, "1".to_owned());
                }
            }
            BlankShape::Piece => {
                let fits = q.pieces.iter().filter(|p| p.group == blank.group);
                let value = piece(fits.map(|p| (p.id.as_str(), p.text_html.as_str())), given, said)?;
                out.insert(blank.id.clone(), value);
            }
        }
    }
    let known = |id: &String| {
        q.blanks.iter().any(|b| b.id == *id || b.choices.iter().any(|c| c.id == *id)) || out.contains_key(id)
    };
    let all_placed = values.iter().all(|(id, value)| value.is_empty() || value == "0" || known(id));
    all_placed.then_some(out)
}

fn fill_picture(q: &Picture, values: &Fields, answer: &Answer) -> Option<Fields> {
    let mut out = Fields::new();
    for spot in &q.spots {
        let given = values.get(&spot.id).map(String::as_str).unwrap_or_default();
        let said = label(answer, &format!("{}={given}", spot.id));
        let fits = q.pieces.iter().filter(|p| p.group == spot.group);
        let value = piece(fits.map(|p| (p.id.as_str(), p.text_html.as_str())), given, said)?;
        out.insert(spot.id.clone(), value);
    }
    values.keys().all(|id| out.contains_key(id)).then_some(out)
}

fn fill_markers(q: &Markers, given: &BTreeMap<String, Vec<Point>>, answer: &Answer) -> Option<Fields> {
    let mut out: Fields = q.markers.iter().map(|m| (m.id.clone(), String::new())).collect();
    let all = || q.markers.iter().map(|m| (m.id.as_str(), m.text_html.as_str()));
    for (id, points) in given {
        let name = pick(all(), id, label(answer, id))?;
        let text: Vec<String> = points.iter().map(|p| format!("{},{}", p.x, p.y)).collect();
        out.insert(name, text.join(";"));
    }
    Some(out)
}

fn points(text: &str) -> Vec<Point> {
    text.split(';')
        .filter_map(|one| {
            let (x, y) = one.split_once(',')?;
            let whole = |n: &str| n.trim().split('.').next()?.parse().ok();
            Some(Point { x: whole(x)?, y: whole(y)? })
        })
        .collect()
}

fn label(answer: &Answer, id: &str) -> Option<String> {
    answer.labels.get(id).map(|l| folded(l)).filter(|l| !l.is_empty())
}

/// 0 for an empty place.
fn piece<'a>(
    of: impl Iterator<Item = (&'a str, &'a str)>,
    given: &str,
    label: Option<String>,
) -> Option<String> {
    if matches!(given, "" | "0") { Some("0".to_owned()) } else { pick(of, given, label) }
}

/// The id of the one with this text; without a text, of the one with this id.
fn pick<'a>(of: impl Iterator<Item = (&'a str, &'a str)>, id: &str, label: Option<String>) -> Option<String> {
    let all: Vec<(&str, &str)> = of.collect();
    let Some(label) = label else { return all.iter().find(|(i, _)| *i == id).map(|(i, _)| (*i).to_owned()) };
    let hits: Vec<&str> =
        all.iter().filter(|(_, html)| folded(&plain(html)) == label).map(|(i, _)| *i).collect();
    match hits.as_slice() {
        many if many.contains(&id) => Some(id.to_owned()),
        [one] => Some((*one).to_owned()),
        _ => None,
    }
}
