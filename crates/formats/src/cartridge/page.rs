//! Pages of a cartridge: decoded, their placeholders and paths turned into files of the course or links to
//! other items.

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

use super::locate::Place;
use super::outline::Build;
use crate::html::{Target, Use, split, tidy};
use crate::media_type;

/// Where an address in the page at `folder` leads.
pub(super) fn resolve(build: &Build<'_>, folder: &str, written: &str, purpose: Use) -> Target {
    let address = tidy(written).replace("%24", "$");
    if let Some(reference) = canvas(&address) {
        return build.reference(reference.0, reference.1);
    }
    let (folder, path) = match base(&address) {
        Some(rest) => ("web_resources", rest),
        None => (folder, address.as_str()),
    };
    let (plain, fragment) = split(path);
    if plain.is_empty() {
        return if fragment.is_empty() { Target::Nowhere } else { Target::Here(fragment.to_owned()) };
    }
    let mut place = build.locator.find(folder, path);
    if let (Place::Missing(_), Some(rest)) = (&place, path.strip_prefix("files/"))
        && let found @ Place::Member(_) = build.locator.find(folder, rest)
    {
        place = found;
    }
    match place {
        Place::Member(name) => {
            let is_page = media_type::of_name(&name) == "text/html";
            match build.item_of_file(&name).filter(|_| is_page && purpose == Use::Follow) {
                Some(item) => Target::Item(item),
                None => Target::Local { key: format!("~/{name}"), fragment: fragment.to_owned() },
            }
        }
        Place::Outside { address, host } => Target::Remote { address, host },
        Place::Missing(name) => Target::Missing(name),
        // Data and mail addresses are judged as on any page.
        Place::Refused(_) => match crate::html::elsewhere(&address) {
            Some(target) => target,
            None => Target::Nowhere,
        },
    }
}

/// The rest after the placeholder of the cartridge's own files.
fn base(address: &str) -> Option<&str> {
    ["$IMS-CC-FILEBASE$", "$IMS_CC_FILEBASE$", "$1EdTech-CC-FILEBASE$"]
        .iter()
        .find_map(|mark| address.strip_prefix(mark))
        .map(|rest| rest.trim_start_matches('/'))
}

/// Kind and name of a reference of Canvas.
fn canvas(address: &str) -> Option<(&str, &str)> {
    let rest = ["$WIKI_REFERENCE$/", "$CANVAS_OBJECT_REFERENCE$/", "$CANVAS_COURSE_REFERENCE$/"]
        .iter()
        .find_map(|mark| address.strip_prefix(mark))?;
    let (plain, _) = split(rest);
    let mut parts = plain.split('/');
    Some((parts.next().unwrap_or_default(), parts.next().unwrap_or_default()))
}

/// Text of a page, by byte order mark, its own declaration, or what the bytes can be.
pub(super) fn decode(raw: &[u8]) -> String {
    if let Some((encoding, _)) = Encoding::for_bom(raw) {
        return encoding.decode(raw).0.into_owned();
    }
    if let Ok(text) = std::str::from_utf8(raw) {
        return text.to_owned();
    }
    let head = String::from_utf8_lossy(raw.get(..raw.len().min(1024)).unwrap_or_default()).to_lowercase();
    let declared = head.split_once("charset=").and_then(|(_, after)| {
        let label: String = after
            .trim_start_matches(['"', '\''])
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c))
            .collect();
        Encoding::for_label(label.as_bytes())
    });
    declared.filter(|e| *e != UTF_8).unwrap_or(WINDOWS_1252).decode(raw).0.into_owned()
}
