//! Questions whose fields stand inside a text or on a picture: embedded answers, gaps, pieces and markers, order.
//!
//! A field of the text becomes a place (`course::quiz::blanks`); what could not be read in full is `None`.

use daypack_course::quiz::QuestionBody;
use daypack_course::quiz::blanks::{Blank, BlankShape, Blanks, CLOSE, OPEN, Piece};
use daypack_course::quiz::choice::Choice;
use daypack_course::quiz::ordering::Ordering;
use daypack_course::quiz::picture::{Marker, Markers, Picture, Point, Spot};
use scraper::{ElementRef, Node};
use serde_json::Value;

use super::all;
use crate::moodle::{loose, words};

/// The text with its places, and the face.
pub(super) fn read(kind: &str, root: ElementRef<'_>, prefix: &str) -> Option<(Option<String>, QuestionBody)> {
    match kind {
        "multianswer" | "gapselect" | "ddwtos" => {
            let (text, blanks) = blanks(root, prefix)?;
            Some((Some(text), QuestionBody::Blanks(blanks)))
        }
        "ddimageortext" => Some((None, QuestionBody::Picture(picture(root, prefix)?))),
        "ddmarker" => Some((None, QuestionBody::Markers(markers(root, prefix)?))),
        "ordering" => Some((None, QuestionBody::Ordering(ordering(root)?))),
        _ => None,
    }
}

fn blanks(root: ElementRef<'_>, prefix: &str) -> Option<(String, Blanks)> {
    let inside = all(root, ".qtext").into_iter().next();
    let inside = inside.or_else(|| all(root, ".formulation").into_iter().next())?;
    let mut writer = Writer { prefix, blanks: Vec::new(), out: String::new() };
    writer.children(inside);
    let Writer { blanks, out, .. } = writer;
    let pieces = pieces(root);
    let full = |blank: &Blank| match blank.shape {
        BlankShape::Line => true,
        BlankShape::Piece => pieces.iter().any(|piece| piece.group == blank.group),
        BlankShape::List | BlankShape::One | BlankShape::Several => !blank.choices.is_empty(),
    };
    (!blanks.is_empty() && blanks.iter().all(full)).then_some((out, Blanks { blanks, pieces }))
}

/// Writes HTML anew, with a place for each of the form's fields.
struct Writer<'p> {
    prefix: &'p str,
    blanks: Vec<Blank>,
    out: String,
}

impl Writer<'_> {
    fn children(&mut self, of: ElementRef<'_>) {
        for child in of.children() {
            if let Some(element) = ElementRef::wrap(child) {
                self.element(element);
            } else if let Node::Text(text) = child.value() {
                self.out.push_str(&words::escape(&text.replace([OPEN, CLOSE], "")));
            }
        }
    }

    fn element(&mut self, element: ElementRef<'_>) {
        let name = element.value().name();
        let class = |wanted: &str| element.value().classes().any(|c| c == wanted);
        if matches!(name, "script" | "style" | "button" | "legend")
            || class("accesshide")
            || class("im-controls")
            || class("validationerror")
        {
            return;
        }
        if class("drop") {
            return self.drop(element);
        }
        let group = class("subquestion") || class("control") || class("answer");
        if (group || matches!(name, "input" | "select")) && self.field(element) {
            return;
        }
        if name == "input" {
            return;
        }
        self.out.push('<');
        self.out.push_str(name);
        for (key, value) in element.value().attrs() {
            self.out.push_str(&format!(" {key}=\"{}\"", words::escape(value)));
        }
        self.out.push('>');
        if !matches!(name, "br" | "img" | "hr" | "col" | "source" | "wbr") {
            self.children(element);
            self.out.push_str(&format!("</{name}>"));
        }
    }

    fn drop(&mut self, element: ElementRef<'_>) {
        let (Some(place), Some(group)) = (numbered(element, "place"), numbered(element, "group")) else {
            return;
        };
        self.push(Blank {
            id: format!("p{place}"),
            shape: BlankShape::Piece,
            choices: Vec::new(),
            group: group.to_string(),
            width: None,
        });
    }

    /// The place for the fields in here; false when there is none.
    fn field(&mut self, element: ElementRef<'_>) -> bool {
        let inner = all(element, "input, select");
        let itself = matches!(element.value().name(), "input" | "select").then_some(element);
        let fields: Vec<(String, ElementRef<'_>)> = itself
            .into_iter()
            .chain(inner)
            .filter_map(|e| Some((e.attr("name")?.strip_prefix(self.prefix)?.to_owned(), e)))
            .filter(|(name, _)| !name.starts_with(':') && !name.starts_with('-'))
            .collect();
        let Some((name, first)) = fields.first() else { return false };
        let kind = first.attr("type").unwrap_or("text");
        let label = |e: ElementRef<'_>| label_of(element, e);
        let (id, shape, choices) = match (first.value().name(), kind) {
            ("select", _) => {
                let choices = all(*first, "option")
                    .into_iter()
                    .filter_map(|o| Some((o.attr("value")?, o)))
                    .filter(|(value, _)| !value.is_empty())
                    .map(|(value, o)| choice(value, &o.inner_html()))
                    .collect();
                (name.clone(), BlankShape::List, choices)
            }
            (_, "radio") => {
                let choices = fields
                    .iter()
                    .filter(|(n, e)| n == name && e.attr("value") != Some("-1"))
                    .map(|(_, e)| choice(e.attr("value").unwrap_or_default(), &label(*e)))
                    .collect();
                (name.clone(), BlankShape::One, choices)
            }
            (_, "checkbox") => {
                let choices = fields.iter().map(|(n, e)| choice(n, &label(*e))).collect();
                let id = name.rsplit_once('_').map_or(name.as_str(), |(head, _)| head);
                (id.to_owned(), BlankShape::Several, choices)
            }
            (_, "hidden" | "submit" | "button" | "image" | "file") => return false,
            _ => (name.clone(), BlankShape::Line, Vec::new()),
        };
        let width = first.attr("size").and_then(|size| size.parse().ok());
        self.push(Blank { id, shape, choices, group: String::new(), width });
        true
    }

    fn push(&mut self, blank: Blank) {
        self.out.push(OPEN);
        self.out.push_str(&blank.id);
        self.out.push(CLOSE);
        self.blanks.push(blank);
    }
}

fn label_of(around: ElementRef<'_>, field: ElementRef<'_>) -> String {
    let id = field.attr("id").unwrap_or_default();
    all(around, "label")
        .into_iter()
        .find(|label| !id.is_empty() && label.attr("for") == Some(id))
        .map(|label| label.inner_html())
        .unwrap_or_default()
}

fn choice(id: &str, html: &str) -> Choice {
    Choice { id: id.to_owned(), text_html: html.trim().to_owned(), feedback_html: String::new() }
}

/// The number at the end of a class, as in `place3`.
fn numbered(element: ElementRef<'_>, head: &str) -> Option<u32> {
    element.value().classes().find_map(|class| class.strip_prefix(head)?.parse().ok())
}

fn pieces(root: ElementRef<'_>) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::new();
    for home in all(root, ".draghome") {
        let (Some(choice), Some(group)) = (numbered(home, "choice"), numbered(home, "group")) else {
            continue;
        };
        let (id, group) = (choice.to_string(), group.to_string());
        if out.iter().any(|piece| piece.id == id && piece.group == group) {
            continue;
        }
        let text_html = match home.value().name() {
            "img" => home.html(),
            _ => home.inner_html().trim().to_owned(),
        };
        let many = home.value().classes().any(|class| class == "infinite");
        out.push(Piece { id, group, text_html, many });
    }
    out
}

fn background(root: ElementRef<'_>) -> Option<String> {
    let image = all(root, "img.dropbackground").into_iter().next()?;
    image.attr("src").filter(|src| !src.is_empty()).map(str::to_owned)
}

fn picture(root: ElementRef<'_>, prefix: &str) -> Option<Picture> {
    let pieces = pieces(root);
    let zones = zones(root)?;
    let mut spots = Vec::new();
    for input in all(root, "input.placeinput") {
        let id = input.attr("name")?.strip_prefix(prefix)?.to_owned();
        let zone = zones.get(numbered(input, "place")?.to_string())?;
        let xy = loose::list(zone, "xy");
        let at = |n: usize| match xy.get(n)? {
            Value::String(text) => text.trim().parse().ok(),
            other => other.as_i64().and_then(|n| i32::try_from(n).ok()),
        };
        spots.push(Spot {
            id,
            group: numbered(input, "group")?.to_string(),
            at: Point { x: at(0)?, y: at(1)? },
            name: words::plain(&loose::text(zone, "text")),
        });
    }
    let fits = |spot: &Spot| pieces.iter().any(|piece| piece.group == spot.group);
    let full = !spots.is_empty() && spots.iter().all(fits);
    Some(Picture { image: background(root)?, spots, pieces }).filter(|_| full)
}

/// Where the places are: the page's own script says it, the form does not.
fn zones(root: ElementRef<'_>) -> Option<Value> {
    let id = all(root, ".que").into_iter().next()?.attr("id")?;
    let wanted = format!("amd.init(\"{id}\",");
    let scripts = all(root, "script").into_iter().map(|s| s.text().collect::<String>());
    let script = scripts.into_iter().find_map(|s| s.split_once(&wanted).map(|(_, rest)| rest.to_owned()))?;
    let object = script.get(script.find('{')?..)?;
    serde_json::Deserializer::from_str(object).into_iter::<Value>().next()?.ok()
}

fn markers(root: ElementRef<'_>, prefix: &str) -> Option<Markers> {
    let mut markers = Vec::new();
    for input in all(root, "input.choices") {
        let id = input.attr("name")?.strip_prefix(prefix)?.to_owned();
        let number = numbered(input, "choice")?;
        let home = all(root, &format!(".draghomes .marker.choice{number}, .dd-original .choice{number}"));
        let text = home.into_iter().flat_map(|m| all(m, ".markertext")).next()?.inner_html();
        let endless = input.value().classes().any(|class| class == "infinite");
        let most = numbered(input, "noofdrags").filter(|n| *n > 0 && !endless);
        markers.push(Marker { id, text_html: text, most });
    }
    (!markers.is_empty()).then_some(Markers { image: background(root)?, markers })
}

fn ordering(root: ElementRef<'_>) -> Option<Ordering> {
    let items: Vec<Choice> = all(root, ".sortablelist li[id]")
        .into_iter()
        .filter_map(|item| {
            let text = all(item, "[data-itemcontent]").into_iter().next().unwrap_or(item);
            Some(choice(item.attr("id")?, &text.inner_html()))
        })
        .collect();
    (items.len() > 1).then_some(Ordering { items })
}
