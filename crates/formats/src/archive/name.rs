//! Names of members: one rule for all systems.

use icu_normalizer::ComposingNormalizerBorrowed;

use crate::OpenError;

/// The key under which names that mean the same file on some system are one: composed (NFC), lower case.
pub fn fold(name: &str) -> String {
    ComposingNormalizerBorrowed::new_nfc().normalize(name).to_lowercase()
}

/// A member's name with forward slashes, and other readings of it where its encoding is not declared.
pub(super) struct Name {
    pub(super) name: String,
    pub(super) aliases: Vec<String>,
    pub(super) is_folder: bool,
}

/// Reads and checks a raw name. Names that leave the archive refuse it as a whole.
pub(super) fn check(raw: &[u8], declared_utf8: bool) -> Result<Name, OpenError> {
    let (text, others) = decode(raw, declared_utf8);
    let name = clean(&text)?;
    let mut aliases = Vec::new();
    for other in others {
        let other = clean(&other)?.0;
        if other != name.0 && !aliases.contains(&other) {
            aliases.push(other);
        }
    }
    Ok(Name { name: name.0, aliases, is_folder: name.1 })
}

fn clean(text: &str) -> Result<(String, bool), OpenError> {
    let refuse = || OpenError::UnsafeName { name: crate::printable(text) };
    let slashed = text.replace('\\', "/");
    let mut start = slashed.chars();
    let drive = start.next().is_some_and(|c| c.is_ascii_alphabetic()) && start.next() == Some(':');
    if slashed.starts_with('/') || drive || slashed.contains('\0') {
        return Err(refuse());
    }
    let mut parts = Vec::new();
    for part in slashed.split('/') {
        match part {
            "" | "." => {}
            ".." => return Err(refuse()),
            part => parts.push(part),
        }
    }
    Ok((parts.join("/"), slashed.ends_with('/') || parts.is_empty()))
}

/// Old tools write names in the code page of their country and do not say which.
fn decode(raw: &[u8], declared_utf8: bool) -> (String, Vec<String>) {
    if let Ok(text) = std::str::from_utf8(raw) {
        return (text.to_owned(), Vec::new());
    }
    if declared_utf8 {
        return (String::from_utf8_lossy(raw).into_owned(), Vec::new());
    }
    let others = [encoding_rs::WINDOWS_1252, encoding_rs::IBM866, encoding_rs::SHIFT_JIS, encoding_rs::GBK]
        .iter()
        .filter_map(|encoding| encoding.decode_without_bom_handling_and_without_replacement(raw))
        .map(std::borrow::Cow::into_owned)
        .collect();
    (raw.iter().map(|b| cp437(*b)).collect(), others)
}

/// The upper half of code page 437, the zip format's own default.
fn cp437(byte: u8) -> char {
    const UPPER: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";
    match byte {
        0..=127 => char::from(byte),
        upper => UPPER.chars().nth(usize::from(upper) - 128).unwrap_or('\u{fffd}'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_leave_the_archive_are_refused_and_odd_ones_are_kept() {
        for bad in ["../x", "a/../../x", "/x", "C:\\x", "c:/x", "..\\x", "\\\\host\\x", "a\0b", "a/.."] {
            assert!(check(bad.as_bytes(), true).is_err(), "{bad:?}");
        }
        for (odd, name) in [("./a", "a"), ("a\\b", "a/b"), ("..%2fx", "..%2fx"), ("colon:ads", "colon:ads")] {
            assert_eq!(check(odd.as_bytes(), true).unwrap().name, name);
        }
    }

    #[test]
    fn undeclared_encodings_are_kept_as_other_readings() {
        let name = check(b"r\xe9sum\xe9.html", false).unwrap();
        assert!(name.aliases.contains(&"résumé.html".to_owned()));
        assert_eq!(check(b"r\x82sum\x82.html", false).unwrap().name, "résumé.html");
    }
}
