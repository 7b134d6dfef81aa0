//! Between HTML and words: what the learner typed becomes harmless HTML, what the site says becomes plain text.

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

/// HTML as one line of plain text; scripts and styles are left out.
pub fn plain(html: &str) -> String {
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
