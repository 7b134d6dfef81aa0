//! Hosts: which one an address names, and which are known to keep videos or sound.

use daypack_course::outline::OnlineKind;

/// Hosts that keep videos; also any host below them.
const VIDEO: &[&str] = &[
    "youtube.com",
    "youtube-nocookie.com",
    "youtu.be",
    "vimeo.com",
    "wistia.com",
    "wistia.net",
    "wi.st",
    "dailymotion.com",
    "dai.ly",
    "ted.com",
    "kaltura.com",
    "panopto.com",
    "panopto.eu",
    "brightcove.com",
    "brightcove.net",
    "mediasite.com",
    "echo360.org",
    "yuja.com",
    "teachertube.com",
    "loom.com",
    "twitch.tv",
    "screencast.com",
    "instructuremedia.com",
    "microsoftstream.com",
    "vidyard.com",
    "bilibili.com",
    "rutube.ru",
    "archive.org",
    "khanacademy.org",
    "edpuzzle.com",
    "screencast-o-matic.com",
];
/// Hosts that keep sound.
const AUDIO: &[&str] = &["soundcloud.com", "spotify.com", "podbean.com", "anchor.fm", "libsyn.com"];

/// The host of a web address, in lower case.
pub fn host_of(address: &str) -> Option<String> {
    let url = url::Url::parse(address).ok()?;
    let web = matches!(url.scheme(), "http" | "https");
    url.host_str().filter(|h| web && !h.is_empty()).map(str::to_lowercase)
}

fn below(host: &str, list: &[&str]) -> bool {
    list.iter()
        .any(|known| host == *known || host.strip_suffix(known).is_some_and(|rest| rest.ends_with('.')))
}

/// Whether a host is known to keep videos.
pub fn video_host(host: &str) -> bool {
    below(host, VIDEO)
}

/// What a frame or an embedded object of this host is.
pub(super) fn frame_kind(host: &str, address: &str) -> OnlineKind {
    let address = address.to_lowercase();
    let hints = ["/video", "mediaplayer", "/embed/iframe", "player."];
    if video_host(host) || hints.iter().any(|h| address.contains(h)) {
        OnlineKind::Video
    } else if below(host, AUDIO) {
        OnlineKind::Audio
    } else {
        OnlineKind::Frame
    }
}
