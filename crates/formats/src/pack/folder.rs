//! From `course.json` and its files to a course whose every file has a digest and a size.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use daypack_course::folder::{FORMAT, Folder, FolderBody, FolderItem};
use daypack_course::outline::{
    Asset, Assignment, Binding, Caption, Course, Discussion, Item, ItemBody, Link, OnlineKind, OnlineNeed,
    Origin, Reading, Rendition, Section, Standing, Video,
};
use daypack_course::{AssetId, CourseId, Digest, ItemId, SectionId};

use super::media::Media;
use super::objects::{self, SourceFile};
use super::{PackError, quiz};
use crate::html::{clean_page, page_key};
use crate::media_type;

/// Largest `course.json` and largest page.
const MAX_TEXT: u64 = 16 << 20;

/// A course ready to be written.
pub(super) struct Packed {
    pub(super) course: Course,
    /// Distinct objects in study order.
    pub(super) files: Vec<SourceFile>,
}

/// Reads `course.json`.
pub(super) fn read(folder: &Path) -> Result<Folder, PackError> {
    let raw = text(&folder.join("course.json"))
        .map_err(|error| PackError::NotACourseFolder { detail: error.to_string() })?;
    let wrong = |e: serde_json::Error| PackError::NotACourseFolder { detail: e.to_string() };
    let value: serde_json::Value = serde_json::from_str(&raw).map_err(wrong)?;
    let found = value.get("format").and_then(|f| f.as_str()).unwrap_or_default();
    if found != FORMAT {
        return Err(PackError::OtherFormat { found: found.to_owned() });
    }
    serde_json::from_str(&raw).map_err(wrong)
}

fn text(path: &Path) -> Result<String, PackError> {
    let meta = fs::metadata(path).map_err(|e| PackError::io(path, &e))?;
    if meta.len() > MAX_TEXT {
        return Err(PackError::Contradiction { detail: format!("{} is too large", path.display()) });
    }
    let raw = fs::read(path).map_err(|e| PackError::io(path, &e))?;
    String::from_utf8(raw)
        .map_err(|_| PackError::Contradiction { detail: format!("{} is not UTF-8", path.display()) })
}

/// An id that can be part of a file name and of an address on every system.
pub(super) fn check_id(place: &str, id: &str) -> Result<(), PackError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if id.is_empty() || id.len() > 100 || id.starts_with('.') || !id.chars().all(plain) {
        return Err(PackError::BadId { place: place.to_owned(), name: id.to_owned() });
    }
    Ok(())
}

/// Checks everything and hashes every file.
pub(super) fn convert(
    root: &Path,
    source: &Folder,
    sites: &BTreeMap<String, String>,
    media: &mut Media,
) -> Result<Packed, PackError> {
    check_id("course", &source.id)?;
    for (place, value) in [("title", &source.title), ("language", &source.language)] {
        if value.trim().is_empty() {
            return Err(PackError::Missing { place: "course".into(), name: place.into() });
        }
    }
    let root = root.canonicalize().map_err(|e| PackError::io(root, &e))?;
    let mut work = Work {
        root,
        source,
        sites,
        media,
        section: 0,
        assets: BTreeMap::new(),
        files: Vec::new(),
        seen: BTreeSet::new(),
    };
    let mut ids = BTreeSet::new();
    let mut sections = Vec::new();
    for (number, section) in source.sections.iter().enumerate() {
        work.section = number;
        for id in [&section.id].into_iter().chain(section.items.iter().map(|i| &i.id)) {
            check_id(&section.id, id)?;
        }
        if !ids.insert(format!("section {}", section.id)) {
            return Err(PackError::DoubleId { place: "course".into(), name: section.id.clone() });
        }
        let mut items = Vec::new();
        for item in &section.items {
            if !ids.insert(item.id.clone()) {
                return Err(PackError::DoubleId { place: section.id.clone(), name: item.id.clone() });
            }
            items.push(work.item(item)?);
        }
        sections.push(Section {
            id: SectionId::new(&section.id),
            title: section.title.clone(),
            summary: section.summary.clone(),
            items,
        });
    }
    let course = Course {
        id: CourseId::new(&source.id),
        title: source.title.clone(),
        language: source.language.clone(),
        summary: source.summary.clone(),
        licence: source.licence.clone(),
        origin: Origin::Package {
            package: source.id.clone(),
            key: String::new(),
            version: source.version,
            confirmed: None,
            expires: None,
        },
        sections,
        assets: work.assets,
        zone: None,
    };
    Ok(Packed { course, files: work.files })
}

struct Work<'a> {
    root: PathBuf,
    source: &'a Folder,
    sites: &'a BTreeMap<String, String>,
    media: &'a mut Media,
    section: usize,
    assets: BTreeMap<AssetId, Asset>,
    files: Vec<SourceFile>,
    seen: BTreeSet<Digest>,
}

impl Work<'_> {
    fn item(&mut self, item: &FolderItem) -> Result<Item, PackError> {
        if item.title.trim().is_empty() {
            return Err(PackError::Missing { place: item.id.clone(), name: "title".into() });
        }
        let mut online = Vec::new();
        let body = self.body(item, &mut online)?;
        let bindings = item.bindings.iter().map(|b| {
            let site = self.sites.get(&b.site).or_else(|| self.source.sites.get(&b.site));
            let bad = || PackError::BadAddress { place: item.id.clone(), name: b.site.clone() };
            let site = site.ok_or_else(bad)?.trim_end_matches('/').to_owned();
            web_host(&site).ok_or_else(bad)?;
            Ok(Binding {
                site,
                course: b.course.clone(),
                module: b.module.clone(),
                cmid: b.cmid.clone(),
                instance: b.instance.clone(),
            })
        });
        Ok(Item {
            id: ItemId::new(&item.id),
            title: item.title.clone(),
            summary: item.summary.clone(),
            minutes: item.minutes,
            body,
            bindings: bindings.collect::<Result<_, PackError>>()?,
            online,
            locked: None,
            standing: Standing::Listed,
            dates: Vec::new(),
            address: None,
            files: BTreeSet::new(),
        })
    }

    fn body(&mut self, item: &FolderItem, online: &mut Vec<OnlineNeed>) -> Result<ItemBody, PackError> {
        let place = item.id.as_str();
        Ok(match &item.body {
            FolderBody::Video { duration_ms, poster, renditions, captions, chapters } => {
                if renditions.is_empty() {
                    return Err(PackError::Missing { place: place.into(), name: "renditions".into() });
                }
                let captions = captions.iter().map(|c| {
                    let asset = self.file(place, &c.path, Some("text/vtt"))?;
                    Ok(Caption { language: c.language.clone(), label: c.label.clone(), asset })
                });
                let captions = captions.collect::<Result<_, PackError>>()?;
                let poster = poster.as_ref().map(|p| self.file(place, p, None)).transpose()?;
                let renditions = renditions.iter().map(|r| {
                    Ok(Rendition {
                        tier: r.tier,
                        asset: self.file(place, &r.path, Some(&r.media_type))?,
                        codecs: r.codecs.clone(),
                        width: r.width,
                        height: r.height,
                    })
                });
                let renditions = renditions.collect::<Result<_, PackError>>()?;
                let mut chapters = chapters.clone();
                chapters.sort_by_key(|c| c.start_ms);
                ItemBody::Video(Video { duration_ms: *duration_ms, poster, renditions, captions, chapters })
            }
            FolderBody::Reading { path, media_type, assets } => {
                let main = self.file(place, path, Some(media_type))?;
                let files = if media_type.starts_with("text/html") {
                    self.page(place, &main, assets, online)?
                } else {
                    BTreeMap::new()
                };
                ItemBody::Reading(Reading { main, media_type: media_type.clone(), files })
            }
            FolderBody::Quiz { quiz } => ItemBody::Quiz(quiz::convert(place, quiz)?),
            FolderBody::Assignment {
                brief_html,
                accepts_text,
                max_files,
                max_file_bytes,
                due,
                max_grade,
            } => ItemBody::Assignment(Assignment {
                brief_html: brief_html.clone(),
                accepts_text: *accepts_text,
                max_files: *max_files,
                max_file_bytes: *max_file_bytes,
                due: *due,
                cut_off: None,
                max_grade: *max_grade,
                rules: daypack_course::rules::HandInRules::default(),
            }),
            FolderBody::Discussion { prompt_html } => ItemBody::Discussion(Discussion {
                prompt_html: prompt_html.clone(),
                rules: daypack_course::rules::TalkRules::default(),
            }),
            FolderBody::Link { address } => {
                let bad = || PackError::BadAddress { place: place.into(), name: address.clone() };
                let host = web_host(address).ok_or_else(bad)?;
                online.push(OnlineNeed { what: OnlineKind::Website, host });
                ItemBody::Link(Link { address: address.clone() })
            }
        })
    }

    /// The files of a page, by the path the page writes; every file it uses must be listed.
    fn page(
        &mut self,
        place: &str,
        main: &AssetId,
        listed: &[String],
        online: &mut Vec<OnlineNeed>,
    ) -> Result<BTreeMap<String, AssetId>, PackError> {
        let mut files = BTreeMap::new();
        for path in listed {
            let id = self.file(place, path, None)?;
            files.insert(page_key(main.as_str(), id.as_str()), id);
        }
        let page = clean_page(&text(&self.root.join(main.as_str()))?, main.as_str());
        for name in page.local_refs {
            if !files.contains_key(&name) && name != page_key(main.as_str(), main.as_str()) {
                return Err(PackError::FileNotListed { place: place.to_owned(), name });
            }
        }
        online.extend(page.needs);
        Ok(files)
    }

    /// Takes a file of the folder into the package; its id is its path.
    fn file(&mut self, place: &str, path: &str, kind: Option<&str>) -> Result<AssetId, PackError> {
        let escapes = || PackError::PathEscapes { place: place.to_owned(), name: path.to_owned() };
        let relative = Path::new(path);
        let plain = relative.components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir));
        if !plain || path.is_empty() || path.contains(['\\', '\0']) || path.get(1..2) == Some(":") {
            return Err(escapes());
        }
        let name = path.split('/').filter(|p| !matches!(*p, "" | ".")).collect::<Vec<_>>().join("/");
        let id = AssetId::new(&name);
        if self.assets.contains_key(&id) {
            return Ok(id);
        }
        let missing = || PackError::FileMissing { place: place.to_owned(), name: path.to_owned() };
        let real = self.root.join(&name).canonicalize().map_err(|_| missing())?;
        if !real.starts_with(&self.root) {
            return Err(escapes());
        }
        if !real.is_file() {
            return Err(missing());
        }
        let media_type = kind.map_or_else(|| media_type::of_name(&name), str::to_owned);
        let bytes_at = self.media.canonical(&name, &media_type, real)?;
        let file = objects::measure(&bytes_at, self.section)?;
        let asset = Asset {
            name: name.rsplit('/').next().unwrap_or(&name).to_owned(),
            media_type,
            size: Some(file.size),
            digest: Some(file.digest),
            remote: None,
        };
        self.assets.insert(id.clone(), asset);
        if self.seen.insert(file.digest) {
            self.files.push(file);
        }
        Ok(id)
    }
}

/// The host of a web address; `None` for anything else.
fn web_host(address: &str) -> Option<String> {
    let url = url::Url::parse(address).ok()?;
    let web = matches!(url.scheme(), "http" | "https");
    url.host_str().filter(|_| web).map(str::to_owned)
}
