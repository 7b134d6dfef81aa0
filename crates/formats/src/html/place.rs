//! Where a page's addresses lead: to a file of the course, to another host, or nowhere.

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use super::hosts::host_of;
use super::walk::Target;

/// All that could end or change a path; `/` and `~` stay.
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'\\')
    .add(b'`')
    .add(b'{')
    .add(b'}')
    .add(b':')
    .add(b'&')
    .add(b'\'');

/// The key under which the page at `page` finds the file at `file` (both paths from the course's root).
pub fn page_key(page: &str, file: &str) -> String {
    let folder = page.rsplit_once('/').map_or("", |(folder, _)| folder);
    if folder.is_empty() {
        return file.to_owned();
    }
    match file.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')) {
        Some(rest) => rest.to_owned(),
        None => format!("~/{file}"),
    }
}

/// A key as an address within a page.
pub(super) fn address_of(key: &str) -> String {
    utf8_percent_encode(key, PATH).to_string()
}

/// An address without the characters that browsers ignore, so that it is judged as a browser reads it.
pub(crate) fn tidy(written: &str) -> String {
    written.trim_matches(|c: char| c <= ' ').chars().filter(|c| !matches!(c, '\t' | '\n' | '\r')).collect()
}

/// The scheme of an address, in lower case.
pub(crate) fn scheme(address: &str) -> Option<String> {
    let (head, _) = address.split_once(':')?;
    let starts = head.chars().next().is_some_and(|c| c.is_ascii_alphabetic());
    let plain = head.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    (starts && plain).then(|| head.to_lowercase())
}

/// Splits off query and fragment.
pub(crate) fn split(address: &str) -> (&str, &str) {
    let (path, fragment) = address.split_once('#').unwrap_or((address, ""));
    (path.split('?').next().unwrap_or(path), fragment)
}

/// Joins a decoded path to a folder; `None` when it leaves the course.
pub(crate) fn join(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    let start = if path.starts_with('/') { "" } else { folder };
    for part in start.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

/// What an address of another host or of no host is; `None` for a local path.
pub(crate) fn elsewhere(address: &str) -> Option<Target> {
    if address.starts_with("//") || address.starts_with("\\\\") || address.starts_with("/\\") {
        return Some(remote(&format!("https:{}", address.replace('\\', "/"))));
    }
    match scheme(address)?.as_str() {
        "http" | "https" => Some(remote(address)),
        "mailto" | "tel" => Some(Target::Mail(address.to_owned())),
        "data" if is_image_data(address) => Some(Target::Data(address.to_owned())),
        _ => Some(Target::Nowhere),
    }
}

fn remote(address: &str) -> Target {
    match host_of(address) {
        Some(host) => Target::Remote { address: address.to_owned(), host },
        None => Target::Nowhere,
    }
}

fn is_image_data(address: &str) -> bool {
    let head = address.get(..40.min(address.len())).unwrap_or_default().to_lowercase();
    ["png", "jpeg", "jpg", "gif", "webp"].iter().any(|k| head.starts_with(&format!("data:image/{k};base64,")))
}

/// Where `written` leads for the page at `base`.
pub(super) fn resolve(written: &str, base: &str) -> Target {
    let address = tidy(written);
    if let Some(target) = elsewhere(&address) {
        return target;
    }
    let (path, fragment) = split(&address);
    if let Some(item) = path.strip_prefix("~item/") {
        return Target::Item(percent_decode_str(item).decode_utf8_lossy().into_owned());
    }
    if path.is_empty() {
        return if fragment.is_empty() { Target::Nowhere } else { Target::Here(fragment.to_owned()) };
    }
    let decoded = percent_decode_str(path).decode_utf8_lossy().replace('\\', "/");
    let folder = base.rsplit_once('/').map_or("", |(folder, _)| folder);
    let key = match decoded.strip_prefix("~/") {
        Some(rest) => join("", rest).map(|p| format!("~/{p}")),
        None => join(folder, &decoded).map(|p| page_key(base, &p)),
    };
    match key {
        Some(key) => Target::Local { key, fragment: fragment.to_owned() },
        None => Target::Nowhere,
    }
}
