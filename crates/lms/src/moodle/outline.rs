//! A Moodle course as `course::outline::Course`.
//!
//! What must stay true: every module of the listing is an item or part of a section's summary, none is dropped in
//! silence; every asset an item names is in the course; addresses carry no token. One listing and one call per
//! kind of activity that is there; a kind whose call is refused falls back to what the listing says.

mod module;
mod place;
mod texts;
mod video;

use std::collections::BTreeMap;

use daypack_course::outline::{Asset, Course, Item, Origin, RemoteFile, Section};
use daypack_course::{AssetId, CourseId, SectionId};
use scraper::{Html, Selector};
use serde_json::{Value, json};
use url::Url;

use super::rest::{CallError, Rest};
use super::{files, judge, loose, site, words};
use crate::connector::{ReadError, Session};

pub use video::chapters_file;

/// A course's id on this computer: `moodle:<host[:port][/path]>:<id>`.
pub fn course_id(site: &str, remote: &str) -> CourseId {
    let place = site.split_once("://").map_or(site, |(_, rest)| rest).trim_end_matches('/');
    CourseId::new(format!("moodle:{place}:{remote}"))
}

/// What the calls per kind of activity said: `(kind, entries)`.
pub(crate) type Details = BTreeMap<String, Vec<Value>>;

/// Kinds with a call of their own: kind, function, list in the answer.
const KINDS: [(&str, &str, &str); 5] = [
    ("quiz", "mod_quiz_get_quizzes_by_courses", "quizzes"),
    ("assign", "mod_assign_get_assignments", "courses"),
    ("forum", "mod_forum_get_forums_by_courses", ""),
    ("url", "mod_url_get_urls_by_courses", "urls"),
    ("label", "mod_label_get_labels_by_courses", "labels"),
];

/// Asks for one course.
pub async fn outline(rest: &Rest<'_>, session: &Session, remote: &str) -> Result<Course, ReadError> {
    let listing = rest.call("core_course_get_contents", json!({"courseid": remote})).await?.value;
    let about =
        match rest.call("core_course_get_courses_by_field", json!({"field": "id", "value": remote})).await {
            Ok(reply) => loose::list(&reply.value, "courses").first().cloned().unwrap_or_default(),
            Err(error) => tolerate(&error)?,
        };
    let sections = listing.as_array().map_or(&[][..], Vec::as_slice);
    let is_there = |kind: &str| {
        sections.iter().flat_map(|s| loose::list(s, "modules")).any(|m| loose::text(m, "modname") == kind)
    };
    let mut details = Details::new();
    for (kind, function, key) in KINDS {
        if !is_there(kind) {
            continue;
        }
        let answer = match rest.call(function, json!({"courseids": [remote]})).await {
            Ok(reply) => reply.value,
            Err(error) => tolerate(&error)?,
        };
        details.insert(kind.to_owned(), entries(kind, key, &answer));
    }
    let mut course = build(session, remote, &listing, &about, &details)?;
    course.zone = zone(rest).await;
    Ok(course)
}

/// The zone the site's dates are meant in; without its word there is none.
async fn zone(rest: &Rest<'_>) -> Option<String> {
    read_zone(&rest.call("tool_mobile_get_config", json!({"section": ""})).await.ok()?.value)
}

/// The zone everybody has, else the site's own.
pub fn read_zone(config: &Value) -> Option<String> {
    let settings = loose::list(config, "settings");
    let value = |name: &str| {
        settings.iter().find(|s| loose::text(s, "name") == name).map(|s| loose::text(s, "value"))
    };
    // 99: everybody has their own.
    let is_zone = |zone: &String| zone.contains('/') || zone == "UTC";
    value("forcetimezone").filter(is_zone).or_else(|| value("timezone").filter(is_zone))
}

/// A refused call is done without; a broken link is not. The listing has just come with the same token: "no access" to a
/// function means here that the site does not offer it.
fn tolerate(error: &CallError) -> Result<Value, ReadError> {
    match judge::read(error) {
        _ if error.code() == "accessexception" => Ok(Value::Null),
        ReadError::Refused(_) | ReadError::Unexpected(_) => Ok(Value::Null),
        other => Err(other),
    }
}

/// The entries of one kind in the answer of its call.
pub fn entries(kind: &str, key: &str, answer: &Value) -> Vec<Value> {
    match (kind, key) {
        ("assign", _) => loose::list(answer, "courses")
            .iter()
            .flat_map(|c| loose::list(c, "assignments"))
            .cloned()
            .collect(),
        (_, "") => answer.as_array().cloned().unwrap_or_default(),
        (_, key) => loose::list(answer, key).to_vec(),
    }
}

/// Builds the course from what was answered. Pure.
pub fn build(
    session: &Session,
    remote: &str,
    listing: &Value,
    about: &Value,
    details: &BTreeMap<String, Vec<Value>>,
) -> Result<Course, ReadError> {
    let Some(listed) = listing.as_array() else {
        return Err(ReadError::Unexpected("no list of sections".to_owned()));
    };
    let language = loose::text(about, "lang").replace('_', "-");
    let mut course = Course {
        id: course_id(&session.site, remote),
        title: site::title(about),
        language: if language.is_empty() { "und".to_owned() } else { language },
        summary: words::plain(&loose::text(about, "summary")),
        licence: String::new(),
        origin: Origin::Site {
            site: session.site.clone(),
            remote: remote.to_owned(),
            account: session.account.clone(),
        },
        sections: Vec::new(),
        assets: BTreeMap::new(),
        zone: None,
    };
    if course.title == "?" {
        course.title = format!(
            "{} {remote}",
            Url::parse(&session.site).ok().and_then(|u| u.host_str().map(str::to_owned)).unwrap_or_default()
        );
    }
    for at in place::order(listed) {
        let Some(section) = listed.get(at.number) else { continue };
        let mut summary = loose::text(section, "summary");
        if let Some(why) = place::closed(section) {
            summary.push_str(&format!("<p>{}</p>", words::escape(&why)));
        }
        let mut items: Vec<Item> = Vec::new();
        for module in loose::list(section, "modules") {
            if at.subsections.contains(&loose::text(module, "instance")) && place::is_subsection(module) {
                continue;
            }
            match module::read(session, remote, module, details, &mut course.assets) {
                module::Read::Items(more) => items.extend(more),
                module::Read::Words(html) => summary.push_str(&html),
            }
        }
        if items.is_empty() && words::plain(&summary).is_empty() {
            continue;
        }
        let id = loose::text(section, "id");
        let id = if id.is_empty() { format!("at{}", at.number) } else { id };
        let title = words::plain(&loose::text(section, "name"));
        course.sections.push(Section {
            id: SectionId::new(format!("section{id}")),
            title: match &at.within {
                Some(above) if !above.is_empty() => format!("{above} › {title}"),
                _ => title,
            },
            summary,
            items,
        });
    }
    Ok(course)
}

/// A file of the site.
pub fn asset(name: &str, media_type: &str, size: Option<u64>, url: &str, version: &str) -> Asset {
    let media_type = if media_type.is_empty() { by_name(name) } else { media_type };
    Asset {
        name: name.to_owned(),
        media_type: media_type.to_owned(),
        size,
        digest: None,
        remote: Some(RemoteFile { url: files::for_app(url), version: version.to_owned() }),
    }
}

/// MIME type by the end of a name.
fn by_name(name: &str) -> &'static str {
    let end = name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    match end.as_str() {
        "html" | "htm" => "text/html",
        "pdf" => "application/pdf",
        "mp4" | "m4v" => "video/mp4",
        "webm" => "video/webm",
        "m4a" => "audio/mp4",
        "mp3" => "audio/mpeg",
        "vtt" => "text/vtt",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "svg" => "image/svg+xml",
        "webp" => "image/webp",
        "txt" => "text/plain",
        _ => "application/octet-stream",
    }
}

/// Addresses of the site's files that a piece of HTML uses, as written.
pub fn addresses(html: &str, site: &str) -> Vec<String> {
    let page = Html::parse_fragment(html);
    let Ok(with_source) = Selector::parse("[src]") else { return Vec::new() };
    let mut out: Vec<String> = page
        .select(&with_source)
        .filter_map(|e| e.attr("src"))
        .filter(|src| src.contains("/pluginfile.php/") && src.starts_with(site))
        .map(str::to_owned)
        .collect();
    out.sort();
    out.dedup();
    out
}

/// A part of an address without its escapes.
pub fn decoded(part: &str) -> String {
    percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned()
}

/// An asset's name within the course.
pub(crate) fn asset_id(cmid: &str, path: &str) -> AssetId {
    AssetId::new(format!("cm{cmid}/{}", path.trim_start_matches('/')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_zone_is_the_sites_unless_everybody_has_one_by_force() {
        let config = |forced: &str, own: &str| json!({"settings": [{"name": "timezone", "value": own}, {"name": "forcetimezone", "value": forced}]});
        assert_eq!(read_zone(&config("99", "Europe/London")).as_deref(), Some("Europe/London"));
        assert_eq!(read_zone(&config("Asia/Tokyo", "Europe/London")).as_deref(), Some("Asia/Tokyo"));
        assert_eq!(read_zone(&config("99", "99")), None);
        assert_eq!(read_zone(&json!({})), None);
    }
}
