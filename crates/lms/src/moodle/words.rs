//! Between HTML and words: what the learner typed becomes harmless HTML, what the site says becomes plain text.

use daypack_course::quiz::blanks::with_places;
use ego_tree::iter::Edge;
use scraper::{Html, Node};

/// Plain text with line breaks as HTML paragraphs; nothing in it is taken as markup.
pub fn to_html(text: &str) -> String {
    text.replace("\r\n", "\n")
        .split("\n\n")
        .filter(|p| !p.trim().is_empty())
        .map(|p| format!("<p>{}</p>", escape(p.trim_matches('\n')).replace('\n', "<br>")))
        .collect()
}

/// Escapes what HTML would take as markup.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// What the site's editor kept, as the learner would have typed it: paragraphs and breaks become lines.
pub fn to_text(html: &str) -> String {
    let mut out = String::new();
    for edge in Html::parse_fragment(html).tree.root().traverse() {
        match edge {
            Edge::Open(node) => match node.value() {
                Node::Text(text) => {
                    let flat = text.replace(['\n', '\r', '\t', '\u{a0}'], " ");
                    let starts_line = out.is_empty() || out.ends_with('\n');
                    out.push_str(if starts_line { flat.trim_start() } else { &flat });
                }
                Node::Element(e) if e.name() == "br" => out.push('\n'),
                _ => {}
            },
            Edge::Close(node) => match node.value().as_element().map(|e| e.name()) {
                Some("p" | "ul" | "ol" | "h3" | "h4" | "h5" | "blockquote" | "pre") => out.push_str("\n\n"),
                Some("div" | "li" | "tr") => out.push('\n'),
                _ => {}
            },
        }
    }
    let lines: Vec<&str> = out.lines().map(str::trim_end).collect();
    lines.join("\n").trim().replace("\n\n\n", "\n\n")
}

/// HTML as one line of plain text; scripts and styles are left out, a place to fill in is a line.
pub fn plain(html: &str) -> String {
    let html = &with_places(html, |_| "___".to_owned());
    let mut out = String::new();
    for node in Html::parse_fragment(html).tree.nodes() {
        match node.value() {
            Node::Text(text) => {
                let parent = node.parent().and_then(|p| p.value().as_element().map(|e| e.name().to_owned()));
                if !matches!(parent.as_deref(), Some("script" | "style")) {
                    out.push_str(text);
                }
            }
            Node::Element(e)
                if !matches!(
                    e.name(),
                    "b" | "i"
                        | "em"
                        | "strong"
                        | "span"
                        | "a"
                        | "sub"
                        | "sup"
                        | "code"
                        | "u"
                        | "small"
                        | "mark"
                ) =>
            {
                out.push(' ');
            }
            _ => {}
        }
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The site's words about a refusal: sometimes HTML, sometimes HTML escaped twice.
pub fn said(text: &str) -> String {
    let once = plain(text);
    if once.contains('<') && once.contains('>') { plain(&once) } else { once }
}

/// Text for comparing: one line, one space, lower case.
pub fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_comes_back_as_the_same_words() {
        let typed = "a < b & c\nsecond line\n\nnext <script>";
        let html = to_html(typed);
        assert_eq!(html, "<p>a &lt; b &amp; c<br>second line</p><p>next &lt;script&gt;</p>");
        assert_eq!(plain(&html), "a < b & c second line next <script>");
    }

    #[test]
    fn markup_is_taken_out_of_the_sites_words_even_when_escaped_twice() {
        let item = "&lt;span class=&quot;error&quot;&gt;&lt;i title=&quot;Error&quot;&gt;&lt;/i&gt;The word limit is 5.&lt;/span&gt;";
        assert_eq!(said(item), "The word limit is 5.");
        assert_eq!(plain("<p>a<script>alert(1)</script></p><p>b</p>"), "a b");
    }
}
