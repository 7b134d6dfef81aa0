//! What Moodle's cleaner takes out of a message, as far as the recordings show it.
//! Must stay true: comments, script-like elements, event handlers and `data-` attributes go;
//! `class`, `id`, `title` and `name` stay (a client may mark its posts with them).

/// Cleans a message.
pub fn clean(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        out.push_str(rest.get(..at).unwrap_or(""));
        rest = rest.get(at..).unwrap_or("");
        if rest.starts_with("<!--") {
            rest = rest.find("-->").and_then(|end| rest.get(end + 3..)).unwrap_or("");
            continue;
        }
        let Some(end) = rest.find('>') else {
            out.push_str(&rest.replace('<', "&lt;"));
            return out;
        };
        let tag = rest.get(1..end).unwrap_or("");
        let name: String =
            tag.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect();
        let name = name.to_ascii_lowercase();
        rest = rest.get(end + 1..).unwrap_or("");
        if matches!(name.as_str(), "script" | "style" | "iframe" | "object" | "form") {
            let close = format!("</{name}");
            if !tag.starts_with('/') {
                let lower = rest.to_ascii_lowercase();
                let skip =
                    lower.find(&close).and_then(|at| lower.get(at..)?.find('>').map(|end| at + end + 1));
                rest = rest.get(skip.unwrap_or(rest.len())..).unwrap_or("");
            }
            continue;
        }
        if !name.is_empty() {
            out.push_str(&format!("<{}>", attributes(tag)));
        }
    }
    out.push_str(rest);
    out
}

/// The tag without the attributes that are cleaned.
fn attributes(tag: &str) -> String {
    let mut kept = String::new();
    for part in split(tag) {
        let lower = part.to_ascii_lowercase();
        let handler = lower.starts_with("on") && lower.contains('=');
        if kept.is_empty() || !(handler || lower.starts_with("data-") || lower.contains("javascript:")) {
            if !kept.is_empty() {
                kept.push(' ');
            }
            kept.push_str(&part);
        }
    }
    kept
}

/// Splits a tag at spaces outside quotes.
fn split(tag: &str) -> Vec<String> {
    let (mut parts, mut current, mut quote) = (Vec::new(), String::new(), None);
    for c in tag.chars() {
        match quote {
            Some(open) => {
                if c == open {
                    quote = None;
                }
                current.push(c);
            }
            None if c.is_whitespace() => {
                if !current.is_empty() {
                    parts.push(std::mem::take(&mut current));
                }
            }
            None => {
                if c == '"' || c == '\'' {
                    quote = Some(c);
                }
                current.push(c);
            }
        }
    }
    if !current.is_empty() {
        parts.push(current);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn a_marker_class_stays_and_what_could_run_goes() {
        let marked = "<p>Hi</p><span class=\"ref-1\"></span>";
        assert_eq!(clean(marked), marked);
        assert_eq!(
            clean("<p onclick=\"x()\" data-a=\"b c\" id=\"k\">t<!-- c --></p><script>1</script>"),
            "<p id=\"k\">t</p>"
        );
        assert_eq!(clean("1 &lt; 2"), "1 &lt; 2");
    }
}
