//! File names that are safe on every system, whatever the learner or the teacher called the file.

use std::collections::BTreeSet;

use daypack_course::Digest;
use daypack_formats::archive::fold;

/// Longest name, in bytes; leaves room for a folder's path on every system.
const LONGEST: usize = 80;

/// A safe name like `name` that is not in `taken`, and takes it. A name of which nothing is left becomes the
/// digest's first digits.
pub(super) fn safe(name: &str, digest: &Digest, taken: &mut BTreeSet<String>) -> String {
    let plain: String = name
        .rsplit(['/', '\\'])
        .next()
        .unwrap_or_default()
        .chars()
        .map(|c| if is_awkward(c) { '_' } else { c })
        .collect();
    let plain = plain.trim_matches(|c: char| c == '.' || c.is_whitespace());
    // A leading dash would be read as an option, a leading equals sign as a formula.
    let plain = plain.trim_start_matches(['-', '=', '+', '@', '~', '_']);
    let (stem, ending) = match plain.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() && ending.len() <= 10 => (stem, format!(".{ending}")),
        _ => (plain, String::new()),
    };
    let stem = cut(stem, LONGEST - ending.len()).trim_end();
    let stem = match stem {
        "" => format!("file-{}", digest.to_string().get(..8).unwrap_or_default()),
        reserved if is_reserved(reserved) => format!("_{reserved}"),
        fine => fine.to_owned(),
    };
    let mut n = 1_u32;
    loop {
        let name = if n == 1 { format!("{stem}{ending}") } else { format!("{stem} ({n}){ending}") };
        if taken.insert(fold(&name)) {
            return name;
        }
        n += 1;
    }
}

/// Characters that a system forbids, or that make a name look like another one.
fn is_awkward(c: char) -> bool {
    c.is_control()
        || matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*' | '\u{feff}')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}')
}

/// Names of devices on Windows, whatever their ending.
fn is_reserved(stem: &str) -> bool {
    let first = stem.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let numbered = |prefix: &str| {
        first.strip_prefix(prefix).is_some_and(|n| n.chars().count() == 1 && n.chars().all(char::is_numeric))
    };
    matches!(first.as_str(), "CON" | "PRN" | "AUX" | "NUL") || numbered("COM") || numbered("LPT")
}

/// The longest beginning of at most `max` bytes.
fn cut(text: &str, max: usize) -> &str {
    let end = text.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= max).last();
    text.get(..end.unwrap_or_default()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_on_every_system_and_stay_recognisable() {
        let digest = Digest::of(b"x");
        for (given, safe_name) in [
            ("essay.odt", "essay.odt"),
            ("../../etc/passwd", "passwd"),
            ("C:\\temp\\a.txt", "a.txt"),
            ("=HYPERLINK(1).csv", "HYPERLINK(1).csv"),
            ("-rf", "rf"),
            ("CON", "_CON"),
            ("nul.txt", "_nul.txt"),
            ("com1.html", "_com1.html"),
            ("a\u{202e}fdp.exe", "a_fdp.exe"),
            ("what?.txt", "what_.txt"),
            ("trail. ", "trail"),
            ("Überlegung ä.pdf", "Überlegung ä.pdf"),
            ("", "file-2d711642"),
            ("...", "file-2d711642"),
        ] {
            assert_eq!(safe(given, &digest, &mut BTreeSet::new()), safe_name, "{given:?}");
        }
        let long = safe(&format!("{}.pdf", "ä".repeat(300)), &digest, &mut BTreeSet::new());
        assert!(long.len() <= LONGEST && long.ends_with(".pdf"), "{long}");
    }

    #[test]
    fn two_names_that_a_system_takes_for_one_are_told_apart() {
        let mut taken = BTreeSet::new();
        let digest = Digest::of(b"x");
        assert_eq!(safe("a.txt", &digest, &mut taken), "a.txt");
        assert_eq!(safe("A.TXT", &digest, &mut taken), "A (2).TXT");
        assert_eq!(safe("a.txt", &digest, &mut taken), "a (3).txt");
    }
}
