//! One Moodle module as one item (books and folders: one item per chapter or file).

use std::collections::{BTreeMap, BTreeSet};

use daypack_course::outline::{
    Asset, Assignment, Binding, Discussion, Item, ItemBody, Link, OnlineKind, OnlineNeed, Reading, Text,
    Unsupported,
};
use daypack_course::quiz::{OnlyThere, Quiz, QuizMode};
use daypack_course::{AssetId, ItemId};
use serde_json::Value;

use super::{Details, asset, asset_id, place, texts, video};
use crate::connector::Session;
use crate::moodle::{assign, forum, loose, words};

/// What a module is.
pub(super) enum Read {
    /// Items.
    Items(Vec<Item>),
    /// Words of the section (a label), as HTML.
    Words(String),
}

/// A file of a module.
#[derive(Clone, Debug)]
pub(super) struct File {
    /// Path below the module, without leading slash.
    pub path: String,
    /// Name alone.
    pub name: String,
    /// Name within the course.
    pub id: AssetId,
    /// The file.
    pub asset: Asset,
    /// Marked as the one to open.
    pub is_main: bool,
}

pub(super) fn read(
    session: &Session,
    course: &str,
    module: &Value,
    details: &Details,
    assets: &mut BTreeMap<AssetId, Asset>,
) -> Read {
    let cmid = loose::text(module, "id");
    let kind = loose::text(module, "modname");
    let about = detail(details, &kind, loose::int(module, "id").unwrap_or(-1));
    let intro = match loose::text(&about, "intro") {
        text if text.is_empty() => loose::text(module, "description"),
        text => text,
    };
    let mut listed = loose::list(&about, "introfiles").to_vec();
    listed.extend(loose::list(&about, "introattachments").iter().cloned());
    let texts::Text { html: intro, files: shown, online } = {
        // Of an assignment the task stands in a field of its own.
        let task = if kind == "assign" { loose::text(&about, "activity") } else { String::new() };
        listed.extend(loose::list(&about, "activityattachments").iter().cloned());
        let text = texts::read(&format!("{intro}{task}"), &session.site, &cmid, &listed);
        if kind == "label" && !text.has_media() {
            return Read::Words(text.html);
        }
        text
    };
    let locked = place::closed(module);
    let files = files(module, &cmid);
    let item = |id: String, title: String, body: ItemBody| Item {
        id: ItemId::new(id),
        title,
        summary: String::new(),
        minutes: None,
        body,
        bindings: vec![Binding {
            site: session.site.clone(),
            course: course.to_owned(),
            module: kind.clone(),
            cmid: cmid.clone(),
            instance: loose::text(module, "instance"),
        }],
        online: Vec::new(),
        locked: locked.clone(),
        standing: place::standing(module),
        dates: place::dates(module),
        address: place::address(module, &session.site),
        files: BTreeSet::new(),
    };
    let title = match words::plain(&loose::text(module, "name")) {
        name if name.is_empty() => format!("{kind} {cmid}"),
        name => name,
    };
    let one = |body: ItemBody| vec![item(format!("cm{cmid}"), title.clone(), body)];
    let unsupported = || ItemBody::Unsupported(Unsupported { what: kind.clone() });
    let mut items = match kind.as_str() {
        "resource" => one(resource(&files).unwrap_or_else(unsupported)),
        "page" => one(page(&files, "index.html").unwrap_or_else(unsupported)),
        "book" => chapters(module, &files, &title, &item).unwrap_or_else(|| one(unsupported())),
        "folder" if !files.is_empty() => files
            .iter()
            .map(|f| {
                let alone = std::slice::from_ref(f);
                let body = resource(alone).unwrap_or_else(unsupported);
                item(f.id.as_str().to_owned(), format!("{title}: {}", f.path), body)
            })
            .collect(),
        "url" => {
            one(link(module, &about).map_or_else(unsupported, |address| ItemBody::Link(Link { address })))
        }
        "quiz" => one(ItemBody::Quiz(quiz(&about, intro))),
        "assign" => one(ItemBody::Assignment(assignment(&about, intro))),
        "forum" => {
            one(ItemBody::Discussion(Discussion { prompt_html: intro, rules: forum::read_rules(&about) }))
        }
        "label" => one(ItemBody::Text(Text { html: intro })),
        _ => one(unsupported()),
    };
    for item in &mut items {
        let shows_its_text = matches!(
            item.body,
            ItemBody::Quiz(_) | ItemBody::Assignment(_) | ItemBody::Discussion(_) | ItemBody::Text(_)
        );
        if shows_its_text {
            item.files.extend(shown.keys().cloned());
            item.online.extend(online.iter().cloned());
        }
        if let ItemBody::Quiz(_) = item.body {
            let host = session.site.split_once("://").map_or("", |(_, rest)| rest).to_owned();
            item.online.push(OnlineNeed { what: OnlineKind::Start, host });
        }
    }
    if items.iter().any(|i| !i.files.is_empty()) {
        assets.extend(shown);
    }
    // A locked module lists no files; what it lists otherwise is kept for all items of it.
    if items.iter().any(|i| !matches!(i.body, ItemBody::Unsupported(_))) {
        assets.extend(files.into_iter().map(|f| (f.id, f.asset)));
    }
    Read::Items(items)
}

fn detail(details: &Details, kind: &str, cmid: i64) -> Value {
    let all = details.get(kind).map_or(&[][..], Vec::as_slice);
    loose::find(all, "coursemodule", cmid)
        .or_else(|| loose::find(all, "cmid", cmid))
        .cloned()
        .unwrap_or_default()
}

fn files(module: &Value, cmid: &str) -> Vec<File> {
    loose::list(module, "contents")
        .iter()
        .filter(|c| loose::text(c, "type") == "file" && loose::flag(c, "isexternalfile") != Some(true))
        .filter_map(|c| {
            let name = loose::text(c, "filename");
            let url = loose::text(c, "fileurl");
            if name.is_empty() || url.is_empty() {
                return None;
            }
            let path = format!("{}{name}", loose::text(c, "filepath").trim_start_matches('/'));
            let size = loose::int(c, "filesize").and_then(|n| u64::try_from(n).ok());
            // Pages are made when asked for: their size is not known beforehand.
            let size = size.filter(|n| *n > 0 || name != "index.html");
            Some(File {
                id: asset_id(cmid, &path),
                asset: asset(&name, &loose::text(c, "mimetype"), size, &url, &loose::text(c, "timemodified")),
                is_main: loose::int(c, "sortorder") == Some(1),
                path,
                name,
            })
        })
        .collect()
}

fn resource(files: &[File]) -> Option<ItemBody> {
    let main = files.iter().find(|f| f.is_main).or_else(|| files.first())?;
    if video::is_video(&main.asset) || video::is_audio(&main.asset) {
        return Some(ItemBody::Video(video::video(files)));
    }
    page(files, &main.path)
}

/// The page or document at `path` with the files beside it, by the address it writes for them.
fn page(files: &[File], path: &str) -> Option<ItemBody> {
    let main = files.iter().find(|f| f.path == path)?;
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut beside = BTreeMap::new();
    for file in files.iter().filter(|f| f.id != main.id) {
        let Some(relative) = file.path.strip_prefix(folder) else { continue };
        let relative = relative.trim_start_matches('/').to_owned();
        let escaped = relative.split('/').map(escaped).collect::<Vec<_>>().join("/");
        beside.insert(relative, file.id.clone());
        beside.insert(escaped, file.id.clone());
    }
    let media_type =
        if main.name == "index.html" { "text/html".to_owned() } else { main.asset.media_type.clone() };
    Some(ItemBody::Reading(Reading { main: main.id.clone(), media_type, files: beside }))
}

fn escaped(part: &str) -> String {
    percent_encoding::utf8_percent_encode(part, percent_encoding::NON_ALPHANUMERIC)
        .to_string()
        .replace("%2E", ".")
        .replace("%2D", "-")
        .replace("%5F", "_")
}

/// A book: one reading per chapter, in the order of its table of contents.
fn chapters(
    module: &Value,
    files: &[File],
    title: &str,
    item: &impl Fn(String, String, ItemBody) -> Item,
) -> Option<Vec<Item>> {
    let contents = loose::list(module, "contents");
    let table = contents.iter().find(|c| loose::text(c, "filename") == "structure")?;
    let table: Value = serde_json::from_str(&loose::text(table, "content")).ok()?;
    let mut order = Vec::new();
    walk(&table, &mut order);
    let items: Vec<Item> = order
        .into_iter()
        .filter_map(|(href, name)| {
            let body = page(files, &href)?;
            let id = files.iter().find(|f| f.path == href)?.id.as_str().to_owned();
            Some(item(id, format!("{title}: {}", words::plain(&name)), body))
        })
        .collect();
    (!items.is_empty()).then_some(items)
}

fn walk(table: &Value, out: &mut Vec<(String, String)>) {
    for entry in table.as_array().map_or(&[][..], Vec::as_slice) {
        out.push((loose::text(entry, "href"), loose::text(entry, "title")));
        if let Some(below) = entry.get("subitems") {
            walk(below, out);
        }
    }
}

fn link(module: &Value, about: &Value) -> Option<String> {
    let address = match loose::text(about, "externalurl") {
        text if text.is_empty() => {
            loose::list(module, "contents").first().map(|c| loose::text(c, "fileurl"))?
        }
        text => text,
    };
    let address = url::Url::parse(address.trim()).ok()?;
    matches!(address.scheme(), "http" | "https").then(|| address.to_string())
}

fn quiz(about: &Value, intro_html: String) -> Quiz {
    let most = loose::int(about, "attempts").and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0);
    let behaviour = loose::text(about, "preferredbehaviour");
    Quiz {
        only_there: only_there(about),
        checks_each: ["interactive", "immediate", "adaptive"].iter().any(|kind| behaviour.starts_with(kind)),
        mode: QuizMode::Graded,
        intro_html,
        max_attempts: most,
        questions: Vec::new(),
        start_online: true,
        closes: loose::time(about, "timeclose"),
        opens: loose::time(about, "timeopen"),
        time_limit_ms: loose::int(about, "timelimit")
            .and_then(|seconds| u64::try_from(seconds).ok())
            .filter(|seconds| *seconds > 0)
            .map(|seconds| seconds * 1000),
        files: BTreeMap::new(),
    }
}

/// With sequential pages a site gives a page only when the one before is left, and refuses what is asked out of order;
/// a secure window or the Safe Exam Browser lets nobody else in.
fn only_there(about: &Value) -> Option<OnlyThere> {
    let watched = !matches!(loose::text(about, "browsersecurity").as_str(), "" | "-");
    let in_order =
        loose::text(about, "navmethod") == "sequential" && loose::int(about, "questionsperpage") != Some(0);
    if watched { Some(OnlyThere::WatchedBrowser) } else { in_order.then_some(OnlyThere::OnePageAfterAnother) }
}

fn assignment(about: &Value, brief_html: String) -> Assignment {
    let terms = assign::read_terms(about);
    let unknown = about.is_null();
    let max_grade = loose::number(about, "grade").filter(|g| *g > 0.0);
    Assignment {
        brief_html,
        accepts_text: terms.text || unknown,
        max_files: terms.max_files,
        max_file_bytes: terms.max_bytes,
        due: loose::time(about, "duedate"),
        cut_off: terms.cut_off,
        max_grade,
        rules: terms.rules,
    }
}
