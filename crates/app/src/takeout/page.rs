//! `index.html`: the archive as a person reads it, in any browser, with no network and without Daypack.
//!
//! What must stay true: no script, nothing from elsewhere, and everything that a person or a site wrote is text.

use std::fmt::Write as _;

use super::section;
use super::{Words, Written, moment};

const STYLE: &str = include_str!("page.css");

/// The whole page.
pub(super) fn html(written: &Written, words: &Words) -> String {
    let takeout = &written.contents;
    let title = text(words.get(if written.whole { "title" } else { "title_one" }));
    let mut out = String::with_capacity(64 << 10);
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"{}\" dir=\"{}\">\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
         media-src 'self' file:\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n\
         <main>\n<h1>{title}</h1>\n<p class=\"soft\">{}</p>\n",
        text(words.language()),
        words.direction(),
        text(&words.get("made").replace("{when}", &moment::shown(written.made))),
    );
    for account in &takeout.accounts {
        let _ = writeln!(
            out,
            "<p dir=\"auto\">{} · {} <span class=\"soft\">{}</span></p>",
            text(&account.full_name),
            text(&account.site_name),
            text(&account.site)
        );
    }
    let _ = writeln!(out, "<p>{}</p>", text(words.get("how")));
    let sections = [
        ("work", section::work(takeout, words)),
        ("drafts", section::drafts(takeout, words)),
        ("attempts", section::attempts(takeout, words)),
        ("feedback", section::feedback(takeout, words)),
        ("places", section::places(takeout, words)),
        ("files", section::files(takeout, words)),
    ];
    let filled: Vec<_> = sections.into_iter().filter(|(_, body)| !body.is_empty()).collect();
    if filled.is_empty() {
        let _ = writeln!(out, "<p>{}</p>", text(words.get("nothing")));
    }
    if filled.len() > 1 {
        let _ = writeln!(out, "<nav aria-label=\"{}\"><ul>", text(words.get("contents")));
        for (id, _) in &filled {
            let _ = writeln!(out, "<li><a href=\"#{id}\">{}</a></li>", text(words.get(id)));
        }
        out.push_str("</ul></nav>\n");
    }
    for (id, body) in filled {
        let _ = writeln!(out, "<section id=\"{id}\">\n<h2>{}</h2>\n{body}</section>", text(words.get(id)));
    }
    out.push_str("</main>\n</html>\n");
    out
}

/// Text as HTML, also between double quotes.
pub(super) fn text(plain: &str) -> String {
    let mut out = String::with_capacity(plain.len());
    for c in plain.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // What cannot stand in HTML at all; a tab and a line break can.
            c if c.is_control() && !matches!(c, '\n' | '\t') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// The address of a file beside the page.
pub(super) fn address(path: &str) -> String {
    use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
    const RESERVED: &AsciiSet = &CONTROLS
        .add(b' ')
        .add(b'"')
        .add(b'#')
        .add(b'%')
        .add(b'<')
        .add(b'>')
        .add(b'?')
        .add(b'`')
        .add(b'\'')
        .add(b'&');
    utf8_percent_encode(path, RESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_wrote_is_text_and_never_markup() {
        assert_eq!(
            text("<img src=x onerror=\"a('b')\"> & =HYPERLINK(1)\u{7}\n"),
            "&lt;img src=x onerror=&quot;a(&#39;b&#39;)&quot;&gt; &amp; =HYPERLINK(1)\u{fffd}\n"
        );
        assert_eq!(address("files/mine/a b#1%.txt"), "files/mine/a%20b%231%25.txt");
    }
}
