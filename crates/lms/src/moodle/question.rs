//! A question as Moodle shows it: an HTML form. Read into fields here, into `course::quiz` in `question/face.rs`,
//! and filled in by `question/fill.rs`.
//!
//! What must stay true: no field is invented, and a kind that is not understood in full is `Unsupported`, never
//! half shown. HTML stays as the site wrote it; it is cleaned before it is shown.

pub mod answer;
pub mod face;
pub mod fill;
mod places;

use std::collections::HashMap;

use daypack_course::quiz::QuestionBody;
use scraper::{ElementRef, Html, Selector};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::loose;

/// One question of an attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Slot {
    /// The site's number.
    pub slot: u32,
    /// The site's kind, e.g. `multichoice`.
    pub kind: String,
    /// Best possible mark; 0 when not shown.
    pub max_mark: f64,
    /// Mark given, when shown.
    pub mark: Option<f64>,
    /// The site's state, e.g. `todo`, `gradedright`.
    pub state: String,
    /// What the kind says of itself (essay limits).
    pub settings: Value,
    /// The question's text as HTML.
    pub text_html: String,
    /// A person's comment as HTML; may be empty.
    pub comment_html: String,
    /// What the site says to the answer by itself, as HTML: feedback and the right answer, as far as it shows them.
    #[serde(default)]
    pub outcome_html: String,
    /// What all field names start with, e.g. `q1:2_`.
    pub prefix: String,
    /// Number that must be sent along.
    pub sequence: String,
    /// The site holds an answer that is no step yet.
    pub autosaved: bool,
    /// The teacher's page, from 0.
    pub page: Option<u32>,
    /// The face of a kind whose fields stand inside a text or on a picture.
    pub places: Option<QuestionBody>,
    /// The form.
    pub fields: Vec<Field>,
}

/// A field of the form. Names are without the prefix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Field {
    /// One of several.
    Radio {
        /// Name.
        name: String,
        /// What can be chosen.
        options: Vec<Opt>,
    },
    /// Yes or no.
    Tick {
        /// Name.
        name: String,
        /// Beside it, as HTML.
        label_html: String,
        /// Whether it is ticked.
        ticked: bool,
    },
    /// A line.
    Line {
        /// Name.
        name: String,
        /// What is in it.
        value: String,
    },
    /// A longer text.
    Area {
        /// Name.
        name: String,
        /// What is in it, as HTML or plain text.
        value: String,
    },
    /// One of a list.
    Select {
        /// Name.
        name: String,
        /// What it belongs to, as HTML.
        label_html: String,
        /// What can be chosen.
        options: Vec<Opt>,
    },
    /// Not seen; sent along.
    Hidden {
        /// Name.
        name: String,
        /// Value.
        value: String,
    },
    /// A text that can no longer be changed, as HTML.
    Shown {
        /// The text.
        html: String,
    },
}

/// Something that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opt {
    /// What is sent.
    pub value: String,
    /// Beside it, as HTML.
    pub label_html: String,
    /// Whether it is chosen.
    pub chosen: bool,
}

/// Reads one entry of `questions` of an attempt or a review; `None` without a slot number.
pub fn slot(entry: &Value) -> Option<Slot> {
    let slot = u32::try_from(loose::int(entry, "slot")?).ok()?;
    let html = loose::text(entry, "html");
    let page = Html::parse_fragment(&html);
    let root = page.root_element();
    let form = Form::new(root);
    let sequence_name = all(root, "input")
        .into_iter()
        .filter_map(|e| e.attr("name"))
        .find_map(|n| n.strip_suffix(":sequencecheck"))
        .unwrap_or_default();
    let prefix = sequence_name.to_owned();
    let settings = match entry.get("settings") {
        Some(Value::String(text)) => serde_json::from_str(text).unwrap_or_default(),
        Some(other) => other.clone(),
        None => Value::Null,
    };
    let kind = loose::text(entry, "type");
    let (text, places) = match places::read(&kind, root, &prefix) {
        Some((text, face)) => (text, Some(face)),
        None => (None, None),
    };
    Some(Slot {
        slot,
        kind,
        max_mark: loose::number(entry, "maxmark").unwrap_or(0.0),
        mark: loose::number(entry, "mark"),
        state: loose::text(entry, "state"),
        settings,
        autosaved: entry.get("hasautosavedstep").and_then(Value::as_bool).unwrap_or(false),
        page: loose::int(entry, "page").and_then(|n| u32::try_from(n).ok()),
        places,
        text_html: text.unwrap_or_else(|| question_text(root)),
        comment_html: comment(root),
        outcome_html: outcome(root),
        sequence: loose::text(entry, "sequencecheck"),
        fields: form.fields(&prefix),
        prefix,
    })
}

impl Slot {
    /// The HTML beside its fields.
    pub fn labels(&self) -> Vec<&str> {
        let mut out = Vec::new();
        for field in &self.fields {
            match field {
                Field::Tick { label_html, .. } => out.push(label_html.as_str()),
                Field::Radio { options, .. } => out.extend(options.iter().map(|o| o.label_html.as_str())),
                Field::Select { label_html, .. } => out.push(label_html.as_str()),
                Field::Line { .. } | Field::Area { .. } | Field::Hidden { .. } | Field::Shown { .. } => {}
            }
        }
        out
    }
}

fn all<'a>(root: ElementRef<'a>, css: &str) -> Vec<ElementRef<'a>> {
    Selector::parse(css).map(|s| root.select(&s).collect()).unwrap_or_default()
}

fn question_text(root: ElementRef<'_>) -> String {
    let Some(text) = all(root, ".qtext").into_iter().next() else { return String::new() };
    let inside = match all(text, ".clearfix").into_iter().next() {
        Some(inner) if inner.parent().map(|p| p.id()) == Some(text.id()) => inner,
        _ => text,
    };
    // Names that only a screen reader hears belong to the fields that the site's own page has here, not to the text.
    let unseen = all(inside, "label.sr-only, label.accesshide, label.visually-hidden");
    unseen.iter().fold(inside.inner_html(), |html, label| html.replacen(&label.html(), "", 1))
}

/// What is said beside what was chosen, then the feedback to the whole with the right answer.
fn outcome(root: ElementRef<'_>) -> String {
    let beside = all(root, ".answer .specificfeedback");
    let whole = all(root, ".outcome .feedback");
    beside
        .iter()
        .map(|e| format!("<p>{}</p>", e.inner_html()))
        .chain(whole.iter().map(|e| e.inner_html()))
        .collect()
}

/// The inside of `.comment` without its headings and the word "Comment:" in front.
fn comment(root: ElementRef<'_>) -> String {
    let Some(div) = all(root, ".comment").into_iter().next() else { return String::new() };
    let mut out = String::new();
    for child in div.children() {
        if let Some(element) = ElementRef::wrap(child) {
            if !element.value().name().starts_with('h')
                && element.value().attr("class") != Some("commentlink")
            {
                out.push_str(&element.html());
            }
        } else if let Some(text) = child.value().as_text() {
            let text = text.trim();
            if !(out.is_empty() && text.ends_with(':')) {
                out.push_str(&super::words::escape(text));
            }
        }
    }
    out
}

struct Form<'a> {
    root: ElementRef<'a>,
    by_id: HashMap<&'a str, ElementRef<'a>>,
    label_for: HashMap<&'a str, ElementRef<'a>>,
}

impl<'a> Form<'a> {
    fn new(root: ElementRef<'a>) -> Self {
        let by_id = all(root, "[id]").into_iter().filter_map(|e| Some((e.attr("id")?, e))).collect();
        let label_for =
            all(root, "label[for]").into_iter().filter_map(|e| Some((e.attr("for")?, e))).collect();
        Self { root, by_id, label_for }
    }

    fn fields(&self, prefix: &str) -> Vec<Field> {
        let mut out: Vec<Field> = Vec::new();
        if prefix.is_empty() {
            return out;
        }
        for element in all(self.root, "input, textarea, select, .qtype_essay_response.readonly") {
            let Some(full) = element.attr("name") else {
                match element.value().name() {
                    "div" => out.push(Field::Shown { html: element.inner_html() }),
                    "textarea" => out.push(Field::Shown { html: as_html(element) }),
                    _ => {}
                }
                continue;
            };
            let Some(name) = full.strip_prefix(prefix) else { continue };
            if matches!(name, ":sequencecheck" | ":flagged") {
                continue;
            }
            self.add(&mut out, element, name.to_owned());
        }
        out
    }

    fn add(&self, out: &mut Vec<Field>, element: ElementRef<'a>, name: String) {
        let value = element.attr("value").unwrap_or_default().to_owned();
        let checked = element.attr("checked").is_some();
        match (element.value().name(), element.attr("type").unwrap_or("text")) {
            ("select", _) => {
                let options = all(element, "option").into_iter().map(option).collect();
                out.push(Field::Select { name, label_html: self.described(element), options });
            }
            ("textarea", _) => {
                if element.attr("readonly").is_some() || element.attr("disabled").is_some() {
                    out.push(Field::Shown { html: as_html(element) });
                } else {
                    out.push(Field::Area { name, value: element.text().collect() });
                }
            }
            (_, "radio") => {
                // -1 is "clear my choice".
                if value == "-1" {
                    return;
                }
                let opt = Opt { value, label_html: self.label(element), chosen: checked };
                let known = out.iter_mut().find_map(|f| match f {
                    Field::Radio { name: n, options } if *n == name => Some(options),
                    _ => None,
                });
                match known {
                    Some(options) => options.push(opt),
                    None => out.push(Field::Radio { name, options: vec![opt] }),
                }
            }
            (_, "checkbox") => {
                // The hidden companion (value 0) goes: an unticked box is sent as 0 by us.
                out.retain(|f| !matches!(f, Field::Hidden { name: n, .. } if *n == name));
                out.push(Field::Tick { name, label_html: self.label(element), ticked: checked });
            }
            (_, "hidden") => out.push(Field::Hidden { name, value }),
            (_, "submit" | "button" | "image" | "file") => {}
            _ => out.push(Field::Line { name, value }),
        }
    }

    fn label(&self, element: ElementRef<'a>) -> String {
        let named = element
            .attr("aria-labelledby")
            .and_then(|ids| ids.split_whitespace().find_map(|id| self.by_id.get(id)));
        if let Some(label) = named {
            return match all(*label, ".flex-fill").into_iter().next() {
                Some(inner) => inner.inner_html(),
                None => without_number(*label),
            };
        }
        element
            .attr("id")
            .and_then(|id| self.label_for.get(id))
            .map(|l| without_number(*l))
            .unwrap_or_default()
    }

    fn described(&self, element: ElementRef<'a>) -> String {
        let item = element.attr("aria-describedby").and_then(|ids| {
            ids.split_whitespace().filter(|id| id.ends_with("itemtext")).find_map(|id| self.by_id.get(id))
        });
        item.map(|e| e.inner_html()).unwrap_or_else(|| self.row_text(element))
    }

    /// In older themes: the cell beside the list.
    fn row_text(&self, element: ElementRef<'a>) -> String {
        let row = element.ancestors().filter_map(ElementRef::wrap).find(|e| e.value().name() == "tr");
        row.and_then(|r| all(r, "td.text").into_iter().next()).map(|e| e.inner_html()).unwrap_or_default()
    }
}

/// The plain text of a field as HTML.
fn as_html(element: ElementRef<'_>) -> String {
    super::words::escape(&element.text().collect::<String>()).replace('\n', "<br>")
}

fn option(element: ElementRef<'_>) -> Opt {
    Opt {
        value: element.attr("value").unwrap_or_default().to_owned(),
        label_html: element.inner_html(),
        chosen: element.attr("selected").is_some(),
    }
}

/// The inside of a label without the `a.` in front.
fn without_number(label: ElementRef<'_>) -> String {
    let whole = label.inner_html();
    match all(label, ".answernumber").into_iter().next() {
        Some(number) => whole.replacen(&number.html(), "", 1).trim().to_owned(),
        None => whole,
    }
}
