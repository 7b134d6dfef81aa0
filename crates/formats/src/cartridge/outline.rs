//! The course's tree: modules to sections, leaves to items, and at the end what is in the cartridge without a
//! place in the tree.
//!
//! Sections nest one deep in Daypack: a folder or a text header within a module begins a further section with
//! both titles. The last section, `unplaced`, has no title; it holds pages and activities no module names.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use daypack_course::finding::{Finding, FindingCode};
use daypack_course::outline::{
    Asset, Course, Item, ItemBody, OnlineKind, OnlineNeed, Origin, Section, Standing,
};
use daypack_course::{AssetId, CourseId, Digest, ItemId, SectionId};
use sha2::Digest as _;

use super::locate::{Locator, Place};
use super::manifest::{Manifest, Node, Resource};
use super::resource::{self, Made};
use super::{ArchiveMember, FORMAT, Head, Imported, canvas, finding, xml};
use crate::html::Target;
use crate::{Archive, media_type};

/// Id of the section of things no module names.
const UNPLACED: &str = "unplaced";
/// Bytes of members outside the course that are read only to see whether the archive is sound.
const CHECK_BUDGET: u64 = 64 << 20;

/// The work in progress.
pub(super) struct Build<'a> {
    pub(super) locator: Locator<'a>,
    pub(super) manifest: &'a Manifest,
    /// Resource id -> first item that shows it.
    shown_by: BTreeMap<String, String>,
    /// Member -> resource id, for the files resources begin with.
    owner: BTreeMap<String, String>,
    pub(super) assets: BTreeMap<AssetId, Asset>,
    pub(super) files: BTreeMap<AssetId, ArchiveMember>,
    bad: BTreeSet<String>,
    findings: Vec<Finding>,
}

/// An item to be made.
struct Plan<'a> {
    id: String,
    title: &'a str,
    resource: Option<&'a str>,
}

/// Builds the course.
pub(super) fn build(archive: &Archive, head: Head, name: &str) -> Imported {
    let manifest = &head.manifest;
    let locator = Locator { archive, root: head.root.clone() };
    let mut nodes = manifest.nodes.clone();
    if !nodes.iter().any(|n| n.resource.is_some())
        && let Place::Member(meta) = locator.find("course_settings", "module_meta.xml")
    {
        let read = archive.find(&meta).and_then(|m| archive.read(m, super::MAX_XML).ok());
        let tree = read.and_then(|raw| xml::parse(&raw).ok());
        nodes = tree.map(|t| canvas::modules(&t)).unwrap_or_default();
    }
    let mut work = Build {
        locator,
        manifest,
        shown_by: BTreeMap::new(),
        owner: BTreeMap::new(),
        assets: BTreeMap::new(),
        files: BTreeMap::new(),
        bad: BTreeSet::new(),
        findings: Vec::new(),
    };
    work.index_owners();
    let mut plans = plan(&nodes);
    let placed: BTreeSet<String> = nodes.iter().filter_map(|n| n.resource.clone()).collect();
    let rest = work.unplaced(&placed);
    if !rest.is_empty() {
        plans.push((UNPLACED.to_owned(), String::new(), rest));
    }
    for plan in plans.iter().flat_map(|(_, _, items)| items) {
        if let Some(resource) = plan.resource {
            work.shown_by.entry(resource.to_owned()).or_insert_with(|| plan.id.clone());
        }
    }
    let mut made = BTreeMap::new();
    let mut sections = Vec::new();
    for (id, title, items) in plans {
        let items: Vec<Item> = items.into_iter().map(|p| work.item(p, &mut made)).collect();
        if !items.is_empty() {
            sections.push(Section { id: SectionId::new(id), title, summary: String::new(), items });
        }
    }
    work.check_the_rest();
    if manifest.repaired {
        work.findings.push(finding(None, FindingCode::Damaged, "imsmanifest.xml"));
    }
    if !manifest.is_known_version() {
        work.findings.push(finding(None, FindingCode::KindNotYet, manifest.version()));
    }
    let title = [manifest.title.as_str(), name].into_iter().map(str::trim).find(|t| !t.is_empty());
    let course = Course {
        id: CourseId::new(format!("import:{}", work.identity(head.digest))),
        title: title.unwrap_or("-").to_owned(),
        language: if manifest.language.is_empty() { "und".into() } else { manifest.language.clone() },
        summary: manifest.summary.clone(),
        licence: manifest.licence.clone(),
        origin: Origin::Import { format: FORMAT.into(), name: crate::printable(name) },
        sections,
        assets: work.assets,
        zone: None,
    };
    Imported { course, findings: work.findings, files: work.files, archive: archive.clone() }
}

/// Sections with the items to make in them.
fn plan(nodes: &[Node]) -> Vec<(String, String, Vec<Plan<'_>>)> {
    let mut out: Vec<(String, String, Vec<Plan<'_>>)> = Vec::new();
    let mut module = "";
    let begin = |out: &mut Vec<(String, String, Vec<Plan<'_>>)>, title: String| {
        let id = format!("s{}", out.len() + 1);
        out.push((id, title, Vec::new()));
    };
    let mut part_depth = None;
    for (index, node) in nodes.iter().enumerate() {
        let is_holder = nodes.get(index + 1).is_some_and(|next| next.depth > node.depth);
        let title = node.title.trim();
        if node.depth == 0 {
            module = if node.resource.is_none() { title } else { "" };
            part_depth = None;
            // Leaves at the top follow each other in one nameless section.
            if node.resource.is_none() || out.last().is_none_or(|s| !s.1.is_empty()) {
                begin(&mut out, module.to_owned());
            }
        } else if node.resource.is_none() && part_depth.is_none_or(|d| node.depth <= d) {
            let joined =
                [module, title].into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>().join(" · ");
            begin(&mut out, joined);
            part_depth = is_holder.then_some(node.depth);
        } else if part_depth.is_some_and(|d| node.depth <= d) {
            begin(&mut out, module.to_owned());
            part_depth = None;
        }
        if let (Some(resource), Some(section)) = (&node.resource, out.last_mut()) {
            section.2.push(Plan { id: format!("i{}", index + 1), title, resource: Some(resource) });
        }
    }
    out
}

impl<'a> Build<'a> {
    fn index_owners(&mut self) {
        for resource in &self.manifest.resources {
            for written in resource.href.iter().chain(resource.files.first()) {
                if let Place::Member(name) = self.locator.find(&resource.base, written) {
                    self.owner.entry(name).or_insert_with(|| resource.id.clone());
                }
            }
        }
    }

    /// The item that shows a member.
    pub(super) fn item_of_file(&self, name: &str) -> Option<String> {
        self.owner.get(name).and_then(|resource| self.shown_by.get(resource)).cloned()
    }

    /// What a reference of Canvas leads to: an item, else a file.
    pub(super) fn reference(&self, kind: &str, name: &str) -> Target {
        if let Some(item) = self.shown_by.get(name) {
            return Target::Item(item.clone());
        }
        if matches!(kind, "pages" | "wiki") {
            let page = format!("{name}.html");
            if let Place::Member(member) = self.locator.find("wiki_content", &page) {
                return match self.item_of_file(&member) {
                    Some(item) => Target::Item(item),
                    None => Target::Local { key: format!("~/{member}"), fragment: String::new() },
                };
            }
        }
        let file = self.manifest.resource(name).and_then(|r| Some((r, r.href.as_ref()?)));
        match file.map(|(r, href)| self.locator.find(&r.base, href)) {
            Some(Place::Member(member)) => {
                Target::Local { key: format!("~/{member}"), fragment: String::new() }
            }
            Some(Place::Missing(path)) => Target::Missing(path),
            _ => Target::Nowhere,
        }
    }

    /// Resources of the course's own kinds that no item names.
    fn unplaced(&self, placed: &BTreeSet<String>) -> Vec<Plan<'a>> {
        let all = &self.manifest.resources;
        let parts: BTreeSet<&str> = all.iter().flat_map(|r| &r.needs).map(String::as_str).collect();
        let folder = |r: &Resource| {
            let first = r.href.as_ref().or(r.files.first())?;
            first.rsplit_once('/').map(|(folder, _)| folder.to_owned())
        };
        let taken: BTreeSet<String> = all
            .iter()
            .filter(|r| placed.contains(&r.id) && resource::is_assignment(r))
            .filter_map(folder)
            .collect();
        let nothing = placed.is_empty();
        let own = |r: &&Resource| {
            let doubled = resource::is_assignment(r) && folder(r).is_some_and(|f| taken.contains(&f));
            !placed.contains(&r.id)
                && !parts.contains(r.id.as_str())
                && !doubled
                && resource::is_own_kind(r, nothing)
        };
        let mut seen = BTreeSet::new();
        let found = all.iter().enumerate().filter(|(_, r)| own(r) && seen.insert(r.id.as_str()));
        found
            .map(|(index, r)| Plan { id: format!("u{}", index + 1), title: "", resource: Some(&r.id) })
            .collect()
    }

    fn item(&mut self, plan: Plan<'_>, cache: &mut BTreeMap<String, Arc<Made>>) -> Item {
        let id = ItemId::new(plan.id);
        let wanted = plan.resource.unwrap_or_default();
        let made = match cache.get(wanted) {
            Some(made) => Arc::clone(made),
            None => {
                let made = match self.manifest.resource(wanted) {
                    Some(resource) => resource::make(self, resource),
                    None => Made::missing(wanted),
                };
                let made = Arc::new(made);
                cache.insert(wanted.to_owned(), Arc::clone(&made));
                made
            }
        };
        for (code, detail) in &made.findings {
            self.findings.push(finding(Some(&id), *code, detail));
        }
        let fallback = if made.title.trim().is_empty() { "-" } else { made.title.trim() };
        let title = if plan.title.is_empty() { fallback } else { plan.title };
        Item {
            id,
            title: title.to_owned(),
            summary: String::new(),
            minutes: None,
            body: made.body.clone(),
            bindings: Vec::new(),
            online: made.online.clone(),
            locked: None,
            standing: Standing::Listed,
            dates: Vec::new(),
            address: None,
            files: BTreeSet::new(),
        }
    }

    /// Takes a member into the course as it lies in the archive; its bytes are read once for their digest.
    /// `None` when it is damaged.
    pub(super) fn take(&mut self, name: &str) -> Option<AssetId> {
        let id = AssetId::new(name);
        if self.assets.contains_key(&id) {
            return Some(id);
        }
        if self.bad.contains(name) {
            return None;
        }
        let member = self.locator.archive.find(name)?;
        let Some((digest, size)) = self.measure(name) else {
            self.bad.insert(name.to_owned());
            return None;
        };
        let asset = Asset {
            name: crate::printable(name.rsplit('/').next().unwrap_or(name)),
            media_type: media_type::of_name(&member.name),
            size: Some(size),
            digest: Some(digest),
            remote: None,
        };
        self.assets.insert(id.clone(), asset);
        self.files.insert(id.clone(), ArchiveMember::Packed { name: name.to_owned() });
        Some(id)
    }

    /// Puts a rewritten page in place of a member.
    pub(super) fn put_page(&mut self, name: &str, html: String) -> AssetId {
        let id = AssetId::new(name);
        let asset = Asset {
            name: crate::printable(name.rsplit('/').next().unwrap_or(name)),
            media_type: "text/html".into(),
            size: Some(html.len() as u64),
            digest: Some(Digest::of(html.as_bytes())),
            remote: None,
        };
        self.assets.insert(id.clone(), asset);
        self.files.insert(id.clone(), ArchiveMember::Page { bytes: html.into_bytes().into() });
        id
    }

    fn measure(&self, name: &str) -> Option<(Digest, u64)> {
        let member = self.locator.archive.find(name)?;
        let mut reader = self.locator.archive.reader(member).ok()?;
        let mut hash = sha2::Sha256::new();
        let size = std::io::copy(&mut reader, &mut HashSink(&mut hash)).ok()?;
        Some((Digest::from_bytes(hash.finalize().into()), size))
    }

    /// Looks at members outside the course, so that a damaged archive is reported as one.
    fn check_the_rest(&mut self) {
        let mut budget = CHECK_BUDGET;
        for member in self.locator.archive.members() {
            if self.files.contains_key(&AssetId::new(&member.name)) || self.bad.contains(&member.name) {
                continue;
            }
            let affordable = member.size <= budget;
            let sound = member.is_readable() && (!affordable || self.measure(&member.name).is_some());
            budget = budget.saturating_sub(member.size);
            if !sound {
                self.findings.push(finding(None, FindingCode::FileSkipped, &member.name));
            }
        }
    }

    /// Stable for the same contents, whatever the file is called: the manifest and every asset.
    fn identity(&self, manifest: Digest) -> Digest {
        let mut hash = sha2::Sha256::new();
        hash.update(manifest.as_bytes());
        for (id, asset) in &self.assets {
            hash.update(id.as_str().as_bytes());
            hash.update(asset.digest.map(|d| *d.as_bytes()).unwrap_or_default());
        }
        Digest::from_bytes(hash.finalize().into())
    }
}

struct HashSink<'a>(&'a mut sha2::Sha256);

impl std::io::Write for HashSink<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The code under which a need is also a finding.
pub(super) fn code_of(need: &OnlineNeed) -> FindingCode {
    match need.what {
        OnlineKind::Video => FindingCode::OnlineVideo,
        OnlineKind::Audio | OnlineKind::Image | OnlineKind::Frame | OnlineKind::Start => {
            FindingCode::OnlineContent
        }
        OnlineKind::Website => FindingCode::OnlineLink,
        OnlineKind::Tool => FindingCode::OnlineTool,
        OnlineKind::MissingFile => FindingCode::FileMissing,
    }
}

/// An item whose contents are not there or not usable.
pub(super) fn unusable(what: &str) -> ItemBody {
    ItemBody::Unsupported(daypack_course::outline::Unsupported { what: what.to_owned() })
}
