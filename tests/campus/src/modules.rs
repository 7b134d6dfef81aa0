//! Items of the course folder as Moodle modules, with their files.
//! Must stay true: module and instance numbers are those of the item's binding, so a package bound to
//! the campus finds its activities.

use std::path::Path;

use crate::campus::{CampusError, Plan};
use crate::course::{Assignment, Course, Item, Kind, Quiz, inside};
use crate::files::{Bytes, StoredFile, measure, mime_of};

/// A course module.
#[derive(Debug, Clone)]
pub struct Module {
    /// Course-module number.
    pub cmid: i64,
    /// Number among its kind.
    pub instance: i64,
    /// `page`, `quiz` ...
    pub modname: &'static str,
    /// Section number, from 1.
    pub section: i64,
    /// Shown name.
    pub name: String,
    /// Shown description.
    pub intro: String,
    /// Time of the newest file or of the course.
    pub time: i64,
    /// What it is about.
    pub subject: Subject,
}

/// What a module is about.
#[derive(Debug, Clone)]
pub enum Subject {
    /// A lecture or a PDF: only files.
    Files,
    /// A generated page.
    Page {
        /// HTML with relative references.
        html: String,
    },
    /// Questions.
    Quiz(Quiz),
    /// Work to hand in.
    Assign(Assignment),
    /// A forum.
    Forum {
        /// The teacher's first post.
        prompt: String,
    },
    /// A link.
    Url {
        /// Its address.
        address: String,
    },
}

/// A course set up.
pub struct Built {
    /// Number of the course.
    pub course_id: i64,
    /// Time of `course.json`.
    pub made: i64,
    /// The modules.
    pub modules: Vec<Module>,
    /// Their files.
    pub files: Vec<StoredFile>,
    /// The teacher's recorded message.
    pub spoken: Option<StoredFile>,
}

impl Module {
    /// The context number.
    pub fn context(&self) -> i64 {
        self.cmid + 100
    }
}

/// Sets a course up.
pub fn build(course: &Course, plan: &Plan) -> Result<Built, CampusError> {
    let folder = plan.course.as_path();
    let (_, _, made) =
        measure(&folder.join("course.json")).map_err(CampusError::io("cannot read course.json"))?;
    let mut built = Built {
        course_id: first_course(course).unwrap_or(2),
        made,
        modules: Vec::new(),
        files: Vec::new(),
        spoken: None,
    };
    let mut unbound = 900;
    for (section, items) in (1_i64..).zip(course.sections.iter().map(|section| &section.items)) {
        for item in items {
            unbound += 1;
            let module = module_of(item, section, unbound, folder, &mut built)?;
            built.modules.push(module);
        }
    }
    built.spoken = spoken(folder)?;
    Ok(built)
}

fn first_course(course: &Course) -> Option<i64> {
    let mut items = course.sections.iter().flat_map(|section| &section.items);
    items.find_map(|item| item.bindings.first()).and_then(|binding| binding.course.parse().ok())
}

fn module_of(
    item: &Item,
    section: i64,
    unbound: i64,
    folder: &Path,
    built: &mut Built,
) -> Result<Module, CampusError> {
    let binding = item.bindings.first();
    let number = |text: Option<&String>| text.and_then(|text| text.parse().ok()).unwrap_or(unbound);
    let mut module = Module {
        cmid: number(binding.map(|binding| &binding.cmid)),
        instance: number(binding.map(|binding| &binding.instance)),
        modname: "resource",
        section,
        name: item.title.clone(),
        intro: if item.summary.is_empty() {
            String::new()
        } else {
            format!("<p>{}</p>", crate::site::escape(&item.summary))
        },
        time: built.made,
        subject: Subject::Files,
    };
    let mut shelf = Shelf { folder, built, module: &mut module };
    match &item.kind {
        Kind::Video { poster, renditions, captions } => {
            let mut sorted: Vec<_> = renditions.iter().collect();
            sorted.sort_by_key(|rendition| match rendition.tier.as_str() {
                "standard" => 0,
                "low" => 1,
                _ => 2,
            });
            for (at, rendition) in sorted.iter().enumerate() {
                shelf.add(&rendition.path, None, &rendition.media_type, i64::from(at == 0))?;
            }
            for path in captions.iter().map(|caption| &caption.path).chain(poster) {
                shelf.add(path, None, mime_of(path), 0)?;
            }
        }
        Kind::Reading { path, media_type, assets } if media_type == "text/html" => {
            shelf.module.modname = "page";
            let base = path.rsplit_once('/').map_or("", |(base, _)| base);
            for asset in assets {
                shelf.add(asset, Some(base), mime_of(asset), 0)?;
            }
            let html = std::fs::read_to_string(inside(folder, path)?)
                .map_err(CampusError::io(format!("cannot read {path}")))?;
            module.subject = Subject::Page { html: body_of(&html).trim().to_owned() };
        }
        Kind::Reading { path, media_type, .. } => shelf.add(path, None, media_type, 1)?,
        Kind::Quiz { quiz } => {
            module.modname = "quiz";
            module.intro.clone_from(&quiz.intro_html);
            module.subject = Subject::Quiz(quiz.clone());
        }
        Kind::Assignment(assignment) => {
            module.modname = "assign";
            module.intro.clone_from(&assignment.brief_html);
            module.subject = Subject::Assign(assignment.clone());
        }
        Kind::Discussion { prompt_html } => {
            module.modname = "forum";
            module.subject = Subject::Forum { prompt: prompt_html.clone() };
        }
        Kind::Link { address } => {
            module.modname = "url";
            module.subject = Subject::Url { address: address.clone() };
        }
    }
    Ok(module)
}

struct Shelf<'a> {
    folder: &'a Path,
    built: &'a mut Built,
    module: &'a mut Module,
}

impl Shelf<'_> {
    /// Puts a file of the course into the module; below `base` it keeps its folders.
    fn add(&mut self, path: &str, base: Option<&str>, mime: &str, sortorder: i64) -> Result<(), CampusError> {
        let disk = inside(self.folder, path)?;
        let (size, sha1, time) = measure(&disk).map_err(CampusError::io(format!("cannot read {path}")))?;
        let kept = base.and_then(|base| path.strip_prefix(base)).map(|rest| rest.trim_start_matches('/'));
        let (folders, filename) = match kept.unwrap_or(path).rsplit_once('/') {
            Some((folders, name)) if kept.is_some() => (format!("/{folders}/"), name),
            Some((_, name)) => ("/".to_owned(), name),
            None => ("/".to_owned(), path.rsplit('/').next().unwrap_or(path)),
        };
        let component = if self.module.modname == "page" { "mod_page" } else { "mod_resource" };
        let context = self.module.context();
        let taken = self
            .built
            .files
            .iter()
            .any(|file| file.context == context && file.filepath == folders && file.filename == filename);
        let filepath = if taken { format!("{folders}{}/", self.built.files.len()) } else { folders };
        self.module.time = self.module.time.max(time);
        self.built.files.push(StoredFile {
            id: self.built.files.len() as i64 * 2 + 8,
            context,
            component,
            area: "content",
            filepath,
            filename: filename.to_owned(),
            mime: mime.to_owned(),
            size,
            sha1,
            time,
            sortorder,
            bytes: Bytes::Disk(disk),
        });
        Ok(())
    }
}

/// What stands between `<body>` and `</body>`.
fn body_of(html: &str) -> &str {
    let lower = html.to_ascii_lowercase();
    let start = lower.find("<body").and_then(|at| lower.get(at..)?.find('>').map(|end| at + end + 1));
    let end = lower.rfind("</body>").unwrap_or(html.len());
    html.get(start.unwrap_or(0)..end).unwrap_or(html)
}

/// `feedback/assignment.m4a`, or the first recording in `feedback/`.
fn spoken(folder: &Path) -> Result<Option<StoredFile>, CampusError> {
    let Ok(listing) = std::fs::read_dir(folder.join("feedback")) else { return Ok(None) };
    let mut paths: Vec<_> =
        listing.flatten().map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    paths.sort_by_key(|path| (path.file_name().is_none_or(|name| name != "assignment.m4a"), path.clone()));
    let audio = |path: &std::path::PathBuf| {
        path.file_name()
            .and_then(|name| name.to_str())
            .is_some_and(|name| mime_of(name).starts_with("audio/"))
    };
    let Some(path) = paths.into_iter().find(audio) else { return Ok(None) };
    let filename = path.file_name().and_then(|name| name.to_str()).unwrap_or("feedback.m4a").to_owned();
    let (size, sha1, time) = measure(&path).map_err(CampusError::io("cannot read the recorded feedback"))?;
    Ok(Some(StoredFile {
        id: 4,
        context: 0,
        component: "assignfeedback_file",
        area: "feedback_files",
        filepath: "/".to_owned(),
        mime: mime_of(&filename).to_owned(),
        filename,
        size,
        sha1,
        time,
        sortorder: 0,
        bytes: Bytes::Disk(path),
    }))
}
