//! Pages of a site as they are shown: its own files by their local names, what lies elsewhere named beforehand.

use std::collections::BTreeMap;

use daypack_course::outline::{Item, ItemBody, OnlineNeed, Origin, Reading};
use daypack_course::{AssetId, Digest};
use daypack_formats::html::{CleanPage, clean_page};
use daypack_lms::moodle::pluginfile;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::item::{MAX_PAGE, here};
use crate::App;
use crate::servers::file::Served;
use crate::servers::media::MediaServer;
use crate::shelf::Shelf;

/// How the text of an item names one of its files.
const FILE: &str = "~file/";

/// What pages need the internet for, by the page's digest and its course's site. Looking costs a parse, once in a life.
pub(crate) type Needs = BTreeMap<(Digest, String), Vec<OnlineNeed>>;

/// A page of a course, made safe.
pub(super) fn cleaned(shelf: &Shelf, reading: &Reading, html: &str) -> CleanPage {
    let html = match &shelf.course.origin {
        Origin::Site { site, .. } => with_local_names(shelf, reading, html, site),
        _ => html.to_owned(),
    };
    clean_page(&html, reading.main.as_str())
}

/// Addresses of the site's own files, in whatever spelling, become the names under which the page finds them here.
fn with_local_names(shelf: &Shelf, reading: &Reading, html: &str, site: &str) -> String {
    if !html.contains("pluginfile") {
        return html.to_owned();
    }
    let places: Vec<(String, &String)> = reading
        .files
        .iter()
        .filter_map(|(key, id)| {
            let url = &shelf.course.assets.get(id)?.remote.as_ref()?.url;
            Some((pluginfile::place(url, site)?, key))
        })
        .collect();
    replaced(html, site, |place| {
        places.iter().find(|(known, _)| pluginfile::is_same(known, place)).map(|(_, key)| (*key).clone())
    })
}

/// Puts names in for addresses in quotes that are files of the site; whatever else looks like one stays.
fn replaced(html: &str, site: &str, name: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find("pluginfile") {
        let (head, tail) = rest.split_at(at);
        let begins = head.rfind(['"', '\'']).map_or(at, |quote| quote + 1);
        let quote = head
            .get(..begins)
            .and_then(|h| h.chars().next_back())
            .filter(|_| begins < at || head.ends_with(['"', '\'']));
        let end = at + tail.find(|c: char| Some(c) == quote || matches!(c, '<' | '>')).unwrap_or(tail.len());
        let written = rest.get(begins..end).unwrap_or_default();
        let place = pluginfile::place(&written.replace("&amp;", "&"), site).filter(|_| quote.is_some());
        out.push_str(rest.get(..begins).unwrap_or_default());
        match place.and_then(|place| name(&place)) {
            Some(key) => out.push_str(&encoded(&key)),
            None => out.push_str(written),
        }
        rest = rest.get(end..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

fn encoded(key: &str) -> String {
    key.split('/')
        .map(|part| utf8_percent_encode(part, NON_ALPHANUMERIC).to_string())
        .collect::<Vec<_>>()
        .join("/")
}

/// The files that an item's own text shows, for the media server.
pub(super) fn shown(app: &App, shelf: &Shelf, item: &Item, media: &mut BTreeMap<String, Served>) {
    for id in &item.files {
        let (Some((digest, _)), Some(asset)) = (here(shelf, id), shelf.course.assets.get(id)) else {
            continue;
        };
        if !asset.media_type.starts_with("image/") {
            continue;
        }
        let path = app.store().objects().path(&digest);
        let served =
            Served { path, media_type: asset.media_type.clone(), pace: None, proof: None, coming: None };
        media.insert(key(id), served);
    }
}

fn key(id: &AssetId) -> String {
    format!("text:{id}")
}

/// Puts the addresses of the media server into a cleaned text; a file that is not here shows its description.
pub(super) fn in_place(html: &mut String, item: &Item, server: Option<&MediaServer>) {
    for id in &item.files {
        let named = format!("{FILE}{}", utf8_percent_encode(id.as_str(), NON_ALPHANUMERIC));
        let address = server.and_then(|s| s.url(&key(id))).unwrap_or_default();
        *html = html.replace(&format!("\"{named}\""), &format!("\"{address}\""));
    }
}

/// Finds out what the pages that are here need the internet for, so that the outline says it before the learner leaves.
/// Reads files: not for the async threads.
pub(crate) fn look_into(app: &App, shelf: &mut Shelf) {
    let Origin::Site { site, .. } = shelf.course.origin.clone() else { return };
    let mut found = BTreeMap::new();
    for item in shelf.course.items() {
        let ItemBody::Reading(reading) = &item.body else { continue };
        if reading.media_type != "text/html" {
            continue;
        }
        let Some((digest, size)) = here(shelf, &reading.main) else { continue };
        let key = (digest, site.clone());
        let needs = match app.page_needs(|needs| needs.get(&key).cloned()) {
            Some(needs) => needs,
            None if size > MAX_PAGE => Vec::new(),
            None => {
                let bytes = std::fs::read(app.store().objects().path(&digest)).unwrap_or_default();
                let needs = cleaned(shelf, reading, &String::from_utf8_lossy(&bytes)).needs;
                app.page_needs(|all| all.insert(key, needs.clone()));
                needs
            }
        };
        if !needs.is_empty() {
            found.insert(item.id.clone(), needs);
        }
    }
    shelf.needs = found;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_a_page_are_cut_out_where_they_stand() {
        let names = |path: &str| (path == "9/mod_page/content/2/a b.png").then(|| "a b.png".to_owned());
        let html = "<p title=\"pluginfile\">pluginfile.php <img src=\"https://a.example/pluginfile.php/9/mod_page/content/2/a%20b.png?x=1&amp;y\" \
            alt='x'><img src='/webservice/pluginfile.php/9/mod_page/content/2/a%20b.png'><a href=\"https://b.example/pluginfile.php/9/mod_page/content/2/a%20b.png\">b</a></p>";
        let out = replaced(html, "https://a.example", names);
        assert_eq!(out.matches("\"a%20b%2Epng\"").count() + out.matches("'a%20b%2Epng'").count(), 2, "{out}");
        assert!(out.contains("https://b.example/pluginfile.php/9/") && out.contains("title=\"pluginfile\""));
        assert!(out.contains(">pluginfile.php <img"));
    }
}
