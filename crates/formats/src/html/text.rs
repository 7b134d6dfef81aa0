//! HTML as plain text: for lists, search, comparison and screen readers' labels.

use std::borrow::Cow;

use ego_tree::iter::Edge;
use scraper::{Html, Node};

/// The text of a piece of HTML: one line per block, runs of spaces as one, no markup.
pub fn plain_text(html: &str) -> String {
    let tree = Html::parse_fragment(&tame(html));
    let mut raw = String::new();
    let mut hidden = 0_u32;
    for edge in tree.tree.root().traverse() {
        match edge {
            Edge::Open(node) => match node.value() {
                Node::Text(text) if hidden == 0 => {
                    raw.extend(text.chars().map(|c| if c == '\n' { ' ' } else { c }))
                }
                Node::Element(e) if is_hidden(e.name()) => hidden += 1,
                Node::Element(e) if is_block(e.name()) => raw.push('\n'),
                Node::Element(e) if e.name() == "img" => raw.push_str(e.attr("alt").unwrap_or_default()),
                _ => {}
            },
            Edge::Close(node) => match node.value() {
                Node::Element(e) if is_hidden(e.name()) => hidden = hidden.saturating_sub(1),
                Node::Element(e) if is_block(e.name()) => raw.push('\n'),
                Node::Element(e) if matches!(e.name(), "td" | "th") => raw.push(' '),
                _ => {}
            },
        }
    }
    let lines = raw.lines().map(|l| l.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.filter(|l| !l.is_empty()).collect::<Vec<_>>().join("\n")
}

fn is_hidden(name: &str) -> bool {
    matches!(name, "script" | "style" | "template" | "head" | "noscript" | "iframe" | "object" | "noembed")
}

fn is_block(name: &str) -> bool {
    matches!(
        name,
        "p" | "div"
            | "br"
            | "li"
            | "ul"
            | "ol"
            | "dl"
            | "dt"
            | "dd"
            | "tr"
            | "table"
            | "pre"
            | "blockquote"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "section"
            | "article"
            | "figure"
            | "figcaption"
            | "header"
            | "footer"
            | "hr"
            | "aside"
            | "main"
            | "nav"
            | "details"
            | "summary"
            | "caption"
    )
}

/// Deepest nesting that is read as markup. A parser's time grows with the square of it.
const MAX_DEPTH: usize = 500;

/// The HTML itself, or its bare text where elements are nested absurdly deep.
pub(super) fn tame(html: &str) -> Cow<'_, str> {
    let mut open = 0_usize;
    let mut rest = html;
    while let Some((_, tag)) = rest.split_once('<') {
        rest = tag;
        let (closes, name) = match tag.strip_prefix('/') {
            Some(name) => (true, name),
            None => (false, tag),
        };
        let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(name.len());
        let Some(name) = name.get(..end).filter(|n| !n.is_empty() && n.len() < 64) else { continue };
        let name = name.to_ascii_lowercase();
        if closes {
            open = open.saturating_sub(1);
        } else if !ends_by_itself(&name) {
            open += 1;
        }
        if open > MAX_DEPTH {
            return Cow::Owned(bare(html));
        }
    }
    Cow::Borrowed(html)
}

/// Elements without an end tag, or whose end tag is often left out.
fn ends_by_itself(name: &str) -> bool {
    matches!(
        name,
        "area"
            | "base"
            | "br"
            | "col"
            | "embed"
            | "hr"
            | "img"
            | "input"
            | "link"
            | "meta"
            | "param"
            | "source"
            | "track"
            | "wbr"
            | "p"
            | "li"
            | "dt"
            | "dd"
            | "tr"
            | "td"
            | "th"
            | "option"
            | "thead"
            | "tbody"
            | "tfoot"
            | "colgroup"
            | "optgroup"
            | "rt"
            | "rp"
            | "html"
            | "head"
            | "body"
    )
}

fn bare(html: &str) -> String {
    let mut out = String::new();
    for (n, part) in html.split('<').enumerate() {
        let text = if n == 0 { part } else { part.split_once('>').map_or("", |(_, text)| text) };
        out.push_str(&text.replace('>', "&gt;"));
    }
    out
}
