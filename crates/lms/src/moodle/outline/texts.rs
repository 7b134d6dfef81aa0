//! The texts of items (opening words, tasks, labels) with the files they show.
//!
//! Pictures of the site become files of the course, named `~file/<id>` in the text; what lies on another host, or is a
//! film, is named as needing the internet.

use std::collections::BTreeMap;

use daypack_course::AssetId;
use daypack_course::outline::{Asset, OnlineKind, OnlineNeed};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use scraper::{Html, Selector};
use serde_json::Value;
use url::Url;

use super::{asset, asset_id};
use crate::moodle::{loose, pluginfile};

/// A text, ready to be kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Text {
    /// With the addresses of its files in place.
    pub html: String,
    /// Its files.
    pub files: BTreeMap<AssetId, Asset>,
    /// What in it needs the internet.
    pub online: Vec<OnlineNeed>,
}

impl Text {
    /// Whether there is more in it than words.
    pub fn has_media(&self) -> bool {
        !self.files.is_empty() || !self.online.is_empty()
    }

    fn need(&mut self, what: OnlineKind, host: &str) {
        let need = OnlineNeed { what, host: host.to_owned() };
        if !host.is_empty() && !self.online.contains(&need) {
            self.online.push(need);
        }
    }
}

/// Where a film or a sound of a text lies: hosts that keep films.
const FILMS: [&str; 6] =
    ["youtube.com", "youtu.be", "youtube-nocookie.com", "vimeo.com", "dailymotion.com", "panopto.com"];

/// Reads a text of the module `cmid`; `listed` are the files the site names with it (`introfiles`).
pub(crate) fn read(html: &str, site: &str, cmid: &str, listed: &[Value]) -> Text {
    let mut text = Text { html: html.to_owned(), ..Text::default() };
    let page = Html::parse_fragment(html);
    let Ok(all) = Selector::parse("img, iframe, frame, embed, object, video, audio, source") else {
        return text;
    };
    let mut written: Vec<String> = Vec::new();
    for element in page.select(&all) {
        let name = element.value().name();
        let address = element.attr(if name == "object" { "data" } else { "src" }).unwrap_or_default().trim();
        if address.is_empty() || address.starts_with("data:") {
            continue;
        }
        let kind = match name {
            "img" => OnlineKind::Image,
            "video" => OnlineKind::Video,
            "audio" => OnlineKind::Audio,
            // What it is says the element around it.
            "source" => match element.parent().and_then(|p| p.value().as_element()).map(|e| e.name()) {
                Some("audio") => OnlineKind::Audio,
                Some("video") => OnlineKind::Video,
                _ => OnlineKind::Image,
            },
            _ => OnlineKind::Frame,
        };
        let place = own_place(address, site, listed);
        match place {
            Some(_) if kind == OnlineKind::Image => written.push(address.to_owned()),
            // A text shows pictures only; a film of the site is watched there.
            _ => {
                let host = host_of(address, site);
                let kept = FILMS.iter().any(|f| host == *f || host.ends_with(&format!(".{f}")));
                text.need(if kind == OnlineKind::Frame && kept { OnlineKind::Video } else { kind }, &host);
            }
        }
    }
    // The longer first: one address may be the beginning of another.
    written.sort_by_key(|address| std::cmp::Reverse(address.len()));
    written.dedup();
    for address in written {
        let Some(place) = own_place(&address, site, listed) else { continue };
        let id = asset_id(cmid, &format!("text/{place}"));
        let name = place.rsplit('/').next().unwrap_or(&place).to_owned();
        let known = listed.iter().find(|f| loose::text(f, "filename") == name);
        let size = known.and_then(|f| loose::int(f, "filesize")).and_then(|n| u64::try_from(n).ok());
        let version = known.map(|f| loose::text(f, "timemodified")).unwrap_or_default();
        let kind = known.map(|f| loose::text(f, "mimetype")).unwrap_or_default();
        let url = pluginfile::address_of(&place, site);
        text.files.insert(id.clone(), asset(&name, &kind, size, &url, &version));
        let local = format!("~file/{}", utf8_percent_encode(id.as_str(), NON_ALPHANUMERIC));
        for spelling in [address.replace('&', "&amp;"), address.clone()] {
            for quote in ['"', '\''] {
                let from = format!("src={quote}{spelling}{quote}");
                text.html = text.html.replace(&from, &format!("src={quote}{local}{quote}"));
            }
        }
    }
    text
}

fn own_place(address: &str, site: &str, listed: &[Value]) -> Option<String> {
    let Some(name) = pluginfile::own(address) else { return pluginfile::place(address, site) };
    let file = listed.iter().find(|f| loose::text(f, "filename") == name)?;
    pluginfile::place(&loose::text(file, "fileurl"), site)
}

fn host_of(address: &str, site: &str) -> String {
    let base = Url::parse(site).ok();
    let url = base.and_then(|base| base.join(address).ok());
    url.filter(|u| matches!(u.scheme(), "http" | "https"))
        .and_then(|u| u.host_str().map(str::to_lowercase))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const SITE: &str = "https://a.example";

    #[test]
    fn pictures_of_the_site_become_files_however_they_are_written() {
        let listed =
            [json!({"filename": "own.png", "filesize": 7, "timemodified": 3, "mimetype": "image/png",
            "fileurl": "https://a.example/webservice/pluginfile.php/9/mod_quiz/intro/own.png"})];
        let html = "<p><img src=\"https://a.example/pluginfile.php/9/mod_quiz/intro/a.png?a=1&amp;b=2\">\
            <img src='@@PLUGINFILE@@/own.png'><img src=\"/tokenpluginfile.php/canary/9/mod_quiz/intro/c.png\"></p>";
        let text = read(html, SITE, "12", &listed);
        assert_eq!(text.files.len(), 3);
        assert!(text.online.is_empty());
        assert_eq!(text.html.matches("~file/cm12%2Ftext%2F9%2Fmod%5Fquiz").count(), 3, "{}", text.html);
        let own = text.files.iter().find(|(id, _)| id.as_str().ends_with("own.png")).unwrap().1;
        assert_eq!(own.size, Some(7));
        let kept = serde_json::to_string(&text.files).unwrap() + &text.html;
        assert!(!kept.contains("canary") && !kept.contains("@@"), "{kept}");
    }

    #[test]
    fn what_lies_elsewhere_is_named_and_left_as_it_is() {
        let html = "<iframe src=\"https://www.youtube.com/embed/x\"></iframe><img src=\"https://b.example/x.png\">\
            <audio><source src=\"https://c.example/x.mp3\"></audio><iframe src=\"//d.example/map\"></iframe>\
            <video src=\"https://a.example/pluginfile.php/9/mod_label/intro/x.mp4\"></video><img src=\"data:image/png;base64,A\">";
        let text = read(html, SITE, "12", &[]);
        assert_eq!(text.html, html);
        assert!(text.files.is_empty());
        let needs: Vec<_> = text.online.iter().map(|n| (n.what, n.host.as_str())).collect();
        assert_eq!(
            needs,
            [
                (OnlineKind::Video, "www.youtube.com"),
                (OnlineKind::Image, "b.example"),
                (OnlineKind::Audio, "c.example"),
                (OnlineKind::Frame, "d.example"),
                (OnlineKind::Video, "a.example"),
            ]
        );
    }
}
