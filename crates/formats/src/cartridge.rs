//! Common Cartridge 1.0-1.4, the flavour Canvas writes included: outline, pages, files and honest labels.
//!
//! What must stay true: an import never fails as a whole if anything in it can be used; what cannot be used is
//! an item with its name and a finding, never a gap; nothing is written anywhere and nothing is fetched; pages
//! come out clean. Format: <https://www.imsglobal.org/cc/index.html>; facts of real files in the tests.

mod canvas;
mod locate;
mod manifest;
mod outline;
mod page;
mod resource;
mod xml;

use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::path::Path;
use std::sync::Arc;

use daypack_course::finding::{Finding, FindingCode};
use daypack_course::outline::Course;
use daypack_course::{AssetId, Digest};

use crate::{Archive, OpenError};

/// Format name in `Origin::Import`.
pub const FORMAT: &str = "common_cartridge";
/// Largest manifest and other XML file.
pub(crate) const MAX_XML: u64 = 64 << 20;

/// A course read from a cartridge. The archive stays open; its files are read through it.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The course. Every asset has a size and a digest. `id` is `import:<digest of its contents>`.
    pub course: Course,
    /// What is worth knowing about it.
    pub findings: Vec<Finding>,
    /// Where the bytes of each asset are.
    pub files: BTreeMap<AssetId, ArchiveMember>,
    /// The open archive.
    pub archive: Archive,
}

/// Where the bytes of an asset are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArchiveMember {
    /// As they lie in the archive.
    Packed {
        /// Name within the archive.
        name: String,
    },
    /// A page, cleaned and with its addresses rewritten.
    Page {
        /// Its bytes, UTF-8.
        bytes: Arc<[u8]>,
    },
}

impl Imported {
    /// A reader over an asset's bytes.
    pub fn open_asset(&self, id: &AssetId) -> Result<Box<dyn Read + Send>, OpenError> {
        let missing = || OpenError::MissingObject { name: crate::printable(id.as_str()) };
        match self.files.get(id).ok_or_else(missing)? {
            ArchiveMember::Page { bytes } => Ok(Box::new(Cursor::new(Arc::clone(bytes)))),
            ArchiveMember::Packed { name } => {
                let member = self.archive.find(name).ok_or_else(missing)?;
                Ok(Box::new(self.archive.reader(member)?))
            }
        }
    }

    /// All bytes of an asset, at most `max`.
    pub fn read_asset(&self, id: &AssetId, max: u64) -> Result<Vec<u8>, OpenError> {
        let mut out = Vec::new();
        let read = self.open_asset(id)?.take(max.saturating_add(1)).read_to_end(&mut out);
        read.map_err(|_| OpenError::damaged(crate::printable(id.as_str())))?;
        if out.len() as u64 > max {
            return Err(OpenError::too_large(crate::printable(id.as_str())));
        }
        Ok(out)
    }
}

/// Whether the file is a cartridge, told by its manifest and never by its name.
pub fn sniff(path: &Path) -> bool {
    crate::open::archive(path).and_then(|archive| head(&archive)).is_ok()
}

/// The title alone.
pub(crate) fn title(path: &Path) -> Result<String, OpenError> {
    let archive = crate::open::archive(path)?;
    Ok(head(&archive)?.manifest.title)
}

/// Reads a cartridge.
pub fn read(path: &Path) -> Result<Imported, OpenError> {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    read_archive(crate::open::archive(path)?, &name)
}

/// The manifest and where it lies.
struct Head {
    manifest: manifest::Manifest,
    /// Folder of the manifest within the archive; usually empty.
    root: String,
    digest: Digest,
}

fn head(archive: &Archive) -> Result<Head, OpenError> {
    let wanted = |name: &str| {
        let last = name.rsplit('/').next().unwrap_or(name);
        last.eq_ignore_ascii_case("imsmanifest.xml") && !name.starts_with("__MACOSX/")
    };
    let candidates = archive.members().iter().filter(|m| wanted(&m.name));
    let Some(member) = candidates.min_by_key(|m| (m.name.matches('/').count(), m.name != "imsmanifest.xml"))
    else {
        return Err(match crate::open::known_archive(archive) {
            Some(what) => OpenError::UnsupportedFile { what: what.into() },
            None => OpenError::NotAPackage { looks: "unknown".into() },
        });
    };
    let raw = archive.read(member, MAX_XML)?;
    let manifest = manifest::parse(&xml::parse(&raw)?)?;
    if let Some(what) = manifest.other_kind() {
        return Err(OpenError::UnsupportedFile { what: what.into() });
    }
    let root = member.name.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
    Ok(Head { manifest, root, digest: Digest::of(&raw) })
}

/// Reads a cartridge from an open archive. `name` is the file's name, kept as the course's origin.
pub fn read_archive(archive: Archive, name: &str) -> Result<Imported, OpenError> {
    let head = head(&archive)?;
    let mut imported = outline::build(&archive, head, name);
    for double in archive.doubles() {
        imported.findings.push(finding(None, FindingCode::FileDouble, double));
    }
    if imported.course.items().next().is_none() {
        return Err(OpenError::NotAPackage { looks: "empty".into() });
    }
    Ok(imported)
}

fn finding(item: Option<&daypack_course::ItemId>, code: FindingCode, detail: &str) -> Finding {
    Finding { item: item.cloned(), code, detail: crate::printable(detail) }
}
