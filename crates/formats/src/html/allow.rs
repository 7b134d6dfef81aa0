//! The two fixed allow-lists, and ammonia as the last step of everything.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use ammonia::Builder;

use super::place;
use super::text::tame;
use super::walk::{Target, Walked, escape};

const TEXT: &[&str] = &[
    "a",
    "abbr",
    "b",
    "bdi",
    "bdo",
    "blockquote",
    "br",
    "caption",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "mark",
    "ol",
    "p",
    "pre",
    "q",
    "rp",
    "rt",
    "ruby",
    "s",
    "samp",
    "small",
    "span",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "time",
    "tr",
    "u",
    "ul",
    "var",
    "wbr",
];
const PAGE: &[&str] = &[
    "address", "article", "aside", "audio", "big", "center", "details", "footer", "header", "main", "nav",
    "section", "source", "summary", "track", "video", "picture", "font", "tt", "strike",
];
const MATHS: &[&str] = &[
    "math",
    "mrow",
    "mi",
    "mn",
    "mo",
    "ms",
    "mspace",
    "msup",
    "msub",
    "msubsup",
    "mfrac",
    "msqrt",
    "mroot",
    "mtable",
    "mtr",
    "mtd",
    "munder",
    "mover",
    "munderover",
    "mfenced",
    "menclose",
    "mstyle",
    "mpadded",
    "mphantom",
];
const GONE: &[&str] = &[
    "script",
    "style",
    "template",
    "iframe",
    "frame",
    "frameset",
    "object",
    "embed",
    "applet",
    "noscript",
    "noembed",
    "noframes",
    "svg",
    "select",
    "textarea",
    "button",
    "title",
    "xmp",
    "plaintext",
];
const STYLES: &[&str] = &[
    "background-color",
    "border",
    "border-bottom",
    "border-collapse",
    "border-color",
    "border-left",
    "border-right",
    "border-spacing",
    "border-style",
    "border-top",
    "border-width",
    "clear",
    "color",
    "direction",
    "float",
    "font-family",
    "font-size",
    "font-style",
    "font-weight",
    "height",
    "line-height",
    "list-style-type",
    "margin-left",
    "margin-right",
    "max-width",
    "padding",
    "padding-bottom",
    "padding-left",
    "padding-right",
    "padding-top",
    "text-align",
    "text-decoration",
    "text-indent",
    "vertical-align",
    "white-space",
    "width",
];

fn attributes() -> HashMap<&'static str, HashSet<&'static str>> {
    let set = |list: &[&'static str]| list.iter().copied().collect::<HashSet<_>>();
    HashMap::from([
        ("a", set(&["href"])),
        ("img", set(&["src", "alt", "width", "height"])),
        ("td", set(&["colspan", "rowspan", "headers"])),
        ("th", set(&["colspan", "rowspan", "headers", "scope", "abbr"])),
        ("col", set(&["span"])),
        ("colgroup", set(&["span"])),
        ("ol", set(&["start", "type", "reversed"])),
        ("li", set(&["value"])),
        ("time", set(&["datetime"])),
        ("bdo", set(&["dir"])),
    ])
}

static FRAGMENT: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::empty();
    builder
        .tags(TEXT.iter().copied().collect())
        .clean_content_tags(GONE.iter().copied().chain(["math", "video", "audio"]).collect())
        .tag_attributes(attributes())
        .generic_attributes(HashSet::from(["dir", "lang", "title"]))
        .url_schemes(HashSet::from(["http", "https", "mailto", "data"]))
        .url_relative(ammonia::UrlRelative::PassThrough)
        .link_rel(Some("noopener noreferrer"))
        .attribute_filter(|element, attribute, value| match (element, attribute) {
            ("a", "href") => is_outside(value).then(|| value.into()),
            ("img", "src") => own_picture(value),
            _ => Some(value.into()),
        });
    builder
});

static WHOLE: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut tags = attributes();
    let mut more = |tag: &'static str, list: &[&'static str]| {
        tags.entry(tag).or_default().extend(list.iter().copied());
    };
    more("video", &["src", "poster", "controls", "width", "height", "loop", "preload"]);
    more("audio", &["src", "controls", "loop", "preload"]);
    more("source", &["src", "type"]);
    more("track", &["src", "kind", "srclang", "label", "default"]);
    more("table", &["border", "cellpadding", "cellspacing", "align", "width"]);
    more("td", &["align", "valign", "width"]);
    more("th", &["align", "valign", "width"]);
    more("img", &["align"]);
    more("font", &["color", "size", "face"]);
    more("details", &["open"]);
    more("math", &["display"]);
    more("mo", &["stretchy", "fence", "separator"]);
    more("mi", &["mathvariant"]);
    more("mtable", &["columnalign"]);
    more("div", &["data-host", "data-what", "data-address", "align"]);
    more("a", &["data-item"]);
    let mut builder = Builder::empty();
    builder
        .tags(TEXT.iter().chain(PAGE).chain(MATHS).copied().collect())
        .clean_content_tags(GONE.iter().copied().collect())
        .tag_attributes(tags)
        .generic_attributes(HashSet::from(["class", "id", "dir", "lang", "title", "role", "style"]))
        .generic_attribute_prefixes(HashSet::from(["aria-"]))
        .filter_style_properties(STYLES.iter().copied().collect())
        .url_schemes(HashSet::from(["http", "https", "mailto", "tel", "data"]))
        .url_relative(ammonia::UrlRelative::PassThrough)
        .link_rel(Some("noopener noreferrer"))
        .attribute_filter(|element, attribute, value| match (element, attribute) {
            (_, "src" | "poster") => own_picture(value),
            (_, "style") if value.contains(['(', '\\', '@']) => None,
            _ => Some(value.into()),
        });
    builder
});

/// Web and mail addresses; anything relative would lead the app's window away.
fn is_outside(value: &str) -> bool {
    matches!(place::scheme(&place::tidy(value)).as_deref(), Some("http" | "https" | "mailto"))
}

/// A relative path or picture data; never another host.
fn own_picture(value: &str) -> Option<Cow<'_, str>> {
    let address = place::tidy(value);
    match place::elsewhere(&address) {
        Some(Target::Data(_)) => Some(value.into()),
        Some(_) => None,
        None => (!address.starts_with(['/', '\\'])).then(|| value.into()),
    }
}

/// Makes a small piece of HTML fit for the app's own window: question texts, comments, briefs.
///
/// Keeps text, lists, tables and pictures with a relative path or as data; links keep only web and mail
/// addresses. Frames, styles, classes, forms and pictures of other hosts are taken out.
pub fn clean_fragment(html: &str) -> String {
    FRAGMENT.clean(&tame(html)).to_string()
}

/// A walked page as a whole document.
pub(super) fn document(page: &Walked) -> String {
    let body = WHOLE.clean(&page.body).to_string();
    let mut head = String::from("<!doctype html>\n<html");
    for (name, value) in [("lang", &page.language), ("dir", &page.direction)] {
        if !value.is_empty() {
            head.push_str(&format!(" {name}=\"{}\"", escape(value)));
        }
    }
    head.push_str("><head><meta charset=\"utf-8\">");
    head.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
    head.push_str(&format!("<title>{}</title>", escape(&page.title)));
    for sheet in &page.sheets {
        head.push_str(&format!("<link rel=\"stylesheet\" href=\"{}\">", escape(sheet)));
    }
    format!("{head}</head><body>{}</body></html>\n", body.trim())
}
