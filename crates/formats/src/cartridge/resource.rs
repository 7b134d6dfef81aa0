//! One resource to one item body. A kind this version cannot work becomes an item that says so.

use std::collections::BTreeMap;

use daypack_course::finding::FindingCode;
use daypack_course::outline::{Assignment, Discussion, ItemBody, Link, OnlineKind, OnlineNeed, Reading};
use daypack_course::rules::{HandInRules, TalkRules};

use super::locate::Place;
use super::manifest::Resource;
use super::outline::{Build, code_of, unusable};
use super::{MAX_XML, canvas, page, xml};
use crate::html;
use crate::media_type;

/// Largest page.
const MAX_PAGE: u64 = 16 << 20;

/// What a resource became.
#[derive(Clone, Debug)]
pub(super) struct Made {
    /// The resource's own title; may be empty.
    pub(super) title: String,
    pub(super) body: ItemBody,
    pub(super) online: Vec<OnlineNeed>,
    pub(super) findings: Vec<(FindingCode, String)>,
}

impl Made {
    fn new(body: ItemBody) -> Self {
        Self { title: String::new(), body, online: Vec::new(), findings: Vec::new() }
    }

    fn titled(mut self, title: &str) -> Self {
        self.title = title.to_owned();
        self
    }

    fn needing(mut self, what: OnlineKind, host: &str) -> Self {
        self.add(OnlineNeed { what, host: crate::printable(host) });
        self
    }

    fn add(&mut self, need: OnlineNeed) {
        self.findings.push((code_of(&need), need.host.clone()));
        self.online.push(need);
    }

    fn finding(mut self, code: FindingCode, detail: &str) -> Self {
        self.findings.push((code, detail.to_owned()));
        self
    }

    /// A file or resource that is named and not there.
    pub(super) fn missing(name: &str) -> Self {
        Self::new(unusable("missing_file")).titled(name).needing(OnlineKind::MissingFile, name)
    }

    fn damaged(name: &str) -> Self {
        Self::new(unusable("damaged_file")).titled(name).finding(FindingCode::FileSkipped, name)
    }
}

/// The kinds of resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    File,
    WebLink,
    Discussion,
    Tool,
    Quiz,
    QuestionBank,
    Assignment,
    CanvasAssignment,
    Settings,
    Other,
}

fn kind(resource: &Resource) -> Kind {
    let kind = resource.kind.as_str();
    let any = |ending: &str| resource.href.iter().chain(&resource.files).any(|f| f.ends_with(ending));
    if kind.is_empty() || kind.starts_with("webcontent") || kind.contains("epub") {
        Kind::File
    } else if kind.starts_with("imswl") {
        Kind::WebLink
    } else if kind.starts_with("imsdt") {
        Kind::Discussion
    } else if kind.starts_with("imsbasiclti") || kind.starts_with("imslti") {
        Kind::Tool
    } else if kind.starts_with("imsqti") {
        if kind.ends_with("question-bank") { Kind::QuestionBank } else { Kind::Quiz }
    } else if kind.starts_with("assignment_xml") {
        Kind::Assignment
    } else if any("assignment_settings.xml") {
        Kind::CanvasAssignment
    } else if kind.contains("learning-application-resource") || kind.starts_with("associatedcontent") {
        match resource.href.as_deref().map(media_type::of_name) {
            _ if any(".xml.qti") => Kind::Quiz,
            Some(of) if of == "application/xml" || of == "text/plain" => Kind::Settings,
            Some(_) => Kind::File,
            None => Kind::Settings,
        }
    } else {
        Kind::Other
    }
}

/// Whether it is an assignment in either of its spellings.
pub(super) fn is_assignment(resource: &Resource) -> bool {
    matches!(kind(resource), Kind::Assignment | Kind::CanvasAssignment)
}

/// Whether a resource that no item names is still part of what is studied. Files count only as pages, or when
/// the cartridge has no tree at all.
pub(super) fn is_own_kind(resource: &Resource, no_tree: bool) -> bool {
    match kind(resource) {
        Kind::WebLink | Kind::Discussion | Kind::Tool | Kind::Assignment | Kind::CanvasAssignment => true,
        Kind::Quiz => !resource.href.as_deref().is_some_and(|h| h.ends_with(".xml.qti")),
        Kind::QuestionBank | Kind::Settings | Kind::Other => false,
        Kind::File => {
            let name = resource.href.as_ref().or(resource.files.first()).map_or("", |n| n.as_str());
            let of = media_type::of_name(html::split(name).0);
            let wiki = name.starts_with("wiki_content/");
            let shown =
                of == "text/html" || matches!(of.split('/').next(), Some("application" | "video" | "audio"));
            wiki || (no_tree && shown && !name.starts_with("course_settings/"))
        }
    }
}

/// Makes the body of a resource.
pub(super) fn make(build: &mut Build<'_>, resource: &Resource) -> Made {
    match kind(resource) {
        Kind::File => file(build, resource),
        Kind::WebLink => described(build, resource, link),
        Kind::Discussion => described(build, resource, discussion),
        Kind::Tool => described(build, resource, tool),
        Kind::Assignment => described(build, resource, assignment),
        Kind::CanvasAssignment => canvas_assignment(build, resource),
        Kind::Quiz => quiz(build, resource, "quiz"),
        Kind::QuestionBank => quiz(build, resource, "question_bank"),
        Kind::Settings => Made::new(unusable("settings")).finding(FindingCode::KindNotYet, &resource.kind),
        Kind::Other => Made::new(unusable(&crate::printable(&resource.kind)))
            .finding(FindingCode::KindNotYet, &resource.kind),
    }
}

fn first(resource: &Resource) -> Option<&str> {
    resource.href.as_deref().or(resource.files.first().map(String::as_str))
}

fn folder_of(build: &Build<'_>, name: &str) -> String {
    let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
    let root = build.locator.root.as_str();
    folder.strip_prefix(root).unwrap_or(folder).trim_start_matches('/').to_owned()
}

/// Reads the XML file of a resource and hands it on with its folder.
fn described(
    build: &mut Build<'_>,
    resource: &Resource,
    with: fn(&mut Build<'_>, xml::Element<'_>, &str) -> Made,
) -> Made {
    // The resource's own file is an XML file; others beside it are attachments.
    let is_xml = |f: &&str| f.to_lowercase().ends_with(".xml");
    let written = resource.href.iter().chain(&resource.files).map(String::as_str).find(is_xml);
    let Some(written) = written.or(first(resource)) else { return Made::missing(&resource.id) };
    let name = match build.locator.find(&resource.base, written) {
        Place::Member(name) => name,
        Place::Missing(path) => return Made::missing(&path),
        Place::Outside { .. } | Place::Refused(_) => return Made::damaged(written),
    };
    let read = build.locator.archive.find(&name).and_then(|m| build.locator.archive.read(m, MAX_XML).ok());
    let tree = read.and_then(|raw| xml::parse(&raw).ok());
    match tree.as_ref().and_then(xml::Tree::root) {
        Some(root) => with(build, root, &folder_of(build, &name)),
        None => Made::damaged(&name),
    }
}

fn link(_: &mut Build<'_>, root: xml::Element<'_>, _: &str) -> Made {
    let address = root.child("url").and_then(|u| u.attribute("href")).map(html::tidy).unwrap_or_default();
    let title = root.text_of("title");
    match html::host_of(&address) {
        Some(host) => {
            Made::new(ItemBody::Link(Link { address })).titled(title).needing(OnlineKind::Website, &host)
        }
        None => Made::new(unusable("web_link")).titled(title).finding(FindingCode::Damaged, &address),
    }
}

fn discussion(build: &mut Build<'_>, root: xml::Element<'_>, folder: &str) -> Made {
    let title = root.text_of("title").to_owned();
    let (prompt_html, mut made) = piece(build, root.child("text"), folder);
    made.body = ItemBody::Discussion(Discussion { prompt_html, rules: TalkRules::default() });
    made.titled(&title)
}

fn tool(_: &mut Build<'_>, root: xml::Element<'_>, _: &str) -> Made {
    let address = [root.text_of("secure_launch_url"), root.text_of("launch_url")];
    let host = address.iter().find_map(|a| html::host_of(a)).unwrap_or_else(|| "?".into());
    Made::new(unusable("lti")).titled(root.text_of("title")).needing(OnlineKind::Tool, &host)
}

/// The assignment of CC 1.3's extension, with what Canvas adds to it.
fn assignment(build: &mut Build<'_>, root: xml::Element<'_>, folder: &str) -> Made {
    let (brief_html, mut made) = piece(build, root.child("text").or(root.child("instructor_text")), folder);
    let extra = root.at(&["extensions", "assignment"]);
    let formats: Vec<&str> = root
        .child("submission_formats")
        .into_iter()
        .flat_map(|f| f.all("format"))
        .filter_map(|f| f.attribute("type"))
        .collect();
    let points = root.child("gradable").and_then(|g| g.attribute("points_possible"));
    made.body = ItemBody::Assignment(Assignment {
        cut_off: None,
        brief_html,
        accepts_text: formats.iter().any(|f| matches!(*f, "html" | "text")),
        max_files: u32::from(formats.contains(&"file")),
        max_file_bytes: None,
        rules: HandInRules::default(),
        due: extra.and_then(|e| canvas::instant(e.text_of("due_at"))),
        max_grade: points.and_then(|p| p.trim().parse().ok()).filter(|p: &f64| p.is_finite()),
    });
    made.titled(root.text_of("title"))
}

/// Canvas's own assignment: a page and `assignment_settings.xml` beside it.
fn canvas_assignment(build: &mut Build<'_>, resource: &Resource) -> Made {
    let settings = |build: &Build<'_>| {
        let written = resource.files.iter().find(|f| f.ends_with("assignment_settings.xml"))?;
        let Place::Member(name) = build.locator.find(&resource.base, written) else { return None };
        let raw = build.locator.archive.read(build.locator.archive.find(&name)?, MAX_XML).ok()?;
        xml::parse(&raw).ok()
    };
    let settings = settings(build);
    let root = settings.as_ref().and_then(xml::Tree::root);
    let mut brief = String::new();
    let mut made = Made::new(unusable("assignment"));
    let is_page = |f: &&String| media_type::of_name(f) == "text/html";
    if let Some(written) = resource.href.iter().chain(&resource.files).find(is_page) {
        match build.locator.find(&resource.base, written) {
            Place::Member(name) => {
                let raw = build.locator.archive.find(&name);
                match raw.and_then(|m| build.locator.archive.read(m, MAX_PAGE).ok()) {
                    Some(raw) => {
                        let folder = folder_of(build, &name);
                        (brief, made) = clean(build, &page::decode(&raw), &folder);
                    }
                    None => made = made.finding(FindingCode::FileSkipped, &name),
                }
            }
            Place::Missing(path) => made = made.needing(OnlineKind::MissingFile, &path),
            Place::Outside { .. } | Place::Refused(_) => {
                made = made.finding(FindingCode::FileSkipped, written)
            }
        }
    }
    let text = |name: &str| root.map_or("", |r| r.text_of(name));
    let types = text("submission_types");
    made.body = ItemBody::Assignment(Assignment {
        cut_off: None,
        brief_html: brief,
        accepts_text: types.contains("online_text_entry"),
        max_files: u32::from(types.contains("online_upload")),
        max_file_bytes: None,
        rules: HandInRules::default(),
        due: canvas::instant(text("due_at")),
        max_grade: text("points_possible").parse().ok().filter(|p: &f64| p.is_finite()),
    });
    let title = text("title").to_owned();
    made.titled(&title)
}

fn quiz(build: &mut Build<'_>, resource: &Resource, what: &str) -> Made {
    let made = described(build, resource, |_, root, _| {
        let assessment = root.find("assessment").or(root.find("objectbank"));
        let title = assessment.and_then(|a| a.attribute("title")).unwrap_or_default();
        Made::new(unusable("quiz")).titled(title)
    });
    let title = if matches!(&made.body, ItemBody::Unsupported(u) if u.what == "quiz") {
        made.title
    } else {
        String::new()
    };
    Made { title, body: unusable(what), online: made.online, findings: made.findings }
        .finding(FindingCode::QuizNotYet, "qti_1.2")
}

/// HTML or plain text inside an XML file.
fn piece(build: &mut Build<'_>, text: Option<xml::Element<'_>>, folder: &str) -> (String, Made) {
    let Some(text) = text else { return (String::new(), Made::new(unusable("empty"))) };
    if text.attribute("texttype").is_some_and(|t| t.eq_ignore_ascii_case("text/plain")) {
        let html = html::escape(text.text()).replace('\n', "<br>");
        return (html::clean_fragment(&html), Made::new(unusable("empty")));
    }
    clean(build, text.text(), folder)
}

fn clean(build: &mut Build<'_>, source: &str, folder: &str) -> (String, Made) {
    let seen = &*build;
    let (html, needs, refs) =
        html::clean_piece_with(source, &mut |written, purpose| page::resolve(seen, folder, written, purpose));
    let mut made = Made::new(unusable("empty"));
    for need in needs {
        made.add(need);
    }
    for name in refs.iter().filter_map(|key| key.strip_prefix("~/")) {
        if build.take(name).is_none() {
            made = made.finding(FindingCode::FileSkipped, name);
        }
    }
    (html, made)
}

/// A page, a document, a picture, a recording.
fn file(build: &mut Build<'_>, resource: &Resource) -> Made {
    let Some(written) = first(resource) else { return Made::missing(&resource.id) };
    let name = match build.locator.find(&resource.base, written) {
        Place::Member(name) => name,
        Place::Outside { address, host } => {
            return Made::new(ItemBody::Link(Link { address })).needing(OnlineKind::Website, &host);
        }
        Place::Missing(path) => return Made::missing(&path),
        Place::Refused(written) => return Made::damaged(&written),
    };
    let media_type = media_type::of_name(&name);
    let title = name.rsplit('/').next().unwrap_or(&name).to_owned();
    if media_type == "text/html" {
        return html_page(build, &name).titled_if_empty(&title);
    }
    match build.take(&name) {
        Some(main) => {
            Made::new(ItemBody::Reading(Reading { main, media_type, files: BTreeMap::new() })).titled(&title)
        }
        None => Made::damaged(&name),
    }
}

impl Made {
    fn titled_if_empty(self, title: &str) -> Self {
        if self.title.is_empty() { self.titled(title) } else { self }
    }
}

fn html_page(build: &mut Build<'_>, name: &str) -> Made {
    let member = build.locator.archive.find(name);
    let Some(raw) = member.and_then(|m| build.locator.archive.read(m, MAX_PAGE).ok()) else {
        return Made::damaged(name);
    };
    let folder = folder_of(build, name);
    let seen = &*build;
    let page = html::clean_page_with(&page::decode(&raw), &mut |written, purpose| {
        page::resolve(seen, &folder, written, purpose)
    });
    let mut files = BTreeMap::new();
    let mut skipped = Vec::new();
    for key in page.local_refs {
        let Some(target) = key.strip_prefix("~/").map(str::to_owned) else { continue };
        match build.take(&target) {
            Some(asset) => {
                files.insert(key, asset);
            }
            None => skipped.push(target),
        }
    }
    let main = build.put_page(name, page.html);
    let reading = Reading { main, media_type: "text/html".into(), files };
    let mut made = Made::new(ItemBody::Reading(reading)).titled(&page.title);
    for need in page.needs {
        made.add(need);
    }
    for target in skipped {
        made = made.finding(FindingCode::FileSkipped, &target);
    }
    if page.scripts_removed { made.finding(FindingCode::ScriptRemoved, name) } else { made }
}
