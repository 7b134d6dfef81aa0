//! One door for whatever a learner opens: a package, a cartridge, a library, a folder of such files, or a file
//! of another kind, which is named as well as it can be.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use daypack_course::package::{CHANNEL, LIBRARY, LibraryIndex, MAX_LIBRARY, PublicKey};

use flate2::read::GzDecoder;

use crate::cartridge::{self, Imported};
use crate::package::{self, OpenedPackage};
use crate::{Archive, OpenError, pack};

/// What was opened.
#[derive(Debug)]
pub enum Opened {
    /// One of our packages.
    Package(Box<OpenedPackage>),
    /// A Common Cartridge.
    Cartridge(Box<Imported>),
    /// A library: a signed list of packages below `root`.
    Library {
        /// The list.
        index: LibraryIndex,
        /// Who signed it.
        key: Box<PublicKey>,
        /// Its packages, to be opened one by one.
        packages: Vec<Listed>,
    },
    /// A folder that holds files to be opened one by one.
    Folder {
        /// By name.
        files: Vec<Listed>,
    },
}

/// Something that can be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Where it lies.
    pub path: PathBuf,
    /// Its name within the folder or library.
    pub name: String,
    /// Title and fingerprint where a signed channel says them, else why it cannot be opened.
    pub says: Result<(String, String), OpenError>,
}

/// Opens a file or a folder.
pub fn open_any(path: &Path) -> Result<Opened, OpenError> {
    let meta = fs::metadata(path).map_err(|e| OpenError::io(path, &e))?;
    if meta.is_dir() {
        return open_folder(path);
    }
    let archive = archive(path)?;
    if archive.find(CHANNEL).is_some() {
        return package::open_archive(archive).map(|p| Opened::Package(Box::new(p)));
    }
    cartridge::read_archive(archive, &name_of(path)).map(|c| Opened::Cartridge(Box::new(c)))
}

fn open_folder(path: &Path) -> Result<Opened, OpenError> {
    if path.join(CHANNEL).is_file() {
        return package::open(path).map(|p| Opened::Package(Box::new(p)));
    }
    let list = path.join(LIBRARY);
    if list.is_file() {
        let raw = bounded(&list, MAX_LIBRARY)?;
        let (index, key) = pack::open_library(&raw, None)?;
        let packages = index.courses.iter().map(|name| listed(path.join(name), name.clone())).collect();
        return Ok(Opened::Library { index, key: Box::new(key), packages });
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(|e| OpenError::io(path, &e))? {
        let entry = entry.map_err(|e| OpenError::io(path, &e))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let full = entry.path();
        let ending = full.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
        let is_package = full.join(CHANNEL).is_file();
        if is_package || (full.is_file() && matches!(ending.as_str(), "daypack" | "imscc")) {
            files.push(listed(full, name));
        }
    }
    if files.is_empty() {
        return Err(OpenError::NotAPackage { looks: "folder".into() });
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Opened::Folder { files })
}

fn listed(path: PathBuf, name: String) -> Listed {
    let is_cartridge = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("imscc"));
    let says = if is_cartridge {
        cartridge::title(&path).map(|title| (title, String::new()))
    } else {
        package::open(&path).map(|p| (p.channel.title.clone(), p.identity().to_owned()))
    };
    Listed { path, name, says }
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

fn bounded(path: &Path, max: u64) -> Result<Vec<u8>, OpenError> {
    let file = File::open(path).map_err(|e| OpenError::io(path, &e))?;
    let mut raw = Vec::new();
    file.take(max + 1).read_to_end(&mut raw).map_err(|e| OpenError::io(path, &e))?;
    if raw.len() as u64 > max {
        return Err(OpenError::too_large(name_of(path)));
    }
    Ok(raw)
}

/// Opens a zip file; anything else is named by its first bytes.
pub(crate) fn archive(path: &Path) -> Result<Archive, OpenError> {
    let mut head = Vec::new();
    let file = File::open(path).map_err(|e| OpenError::io(path, &e))?;
    file.take(512).read_to_end(&mut head).map_err(|e| OpenError::io(path, &e))?;
    if head.starts_with(&[0x1f, 0x8b]) {
        return Err(OpenError::UnsupportedFile { what: known_tar(path).into() });
    }
    if let Some(what) = known(&head) {
        return Err(OpenError::UnsupportedFile { what: what.into() });
    }
    match Archive::open(path) {
        Err(OpenError::Damaged { .. }) if !head.starts_with(b"PK") => {
            Err(OpenError::NotAPackage { looks: package::looks_like(&head).into() })
        }
        Ok(archive) if archive.members().is_empty() => Err(OpenError::NotAPackage { looks: "empty".into() }),
        other => other,
    }
}

/// Kinds of packed tar files, told by the names of their first members.
fn known_tar(path: &Path) -> &'static str {
    let mut head = Vec::new();
    // Damage shows later in the file; what was unpacked until then is enough.
    let _ = File::open(path).map(|f| GzDecoder::new(f).take(1 << 20).read_to_end(&mut head));
    let has = |mark: &str| head.windows(mark.len()).any(|w| w == mark.as_bytes());
    if has("moodle_backup") || has("Moodle archive file index") {
        "moodle_backup"
    } else if has("course.xml") || has("library.xml") || has("chapter/") {
        "olx"
    } else {
        "tar_gz"
    }
}

/// Kinds of files that are told by their first bytes.
fn known(head: &[u8]) -> Option<&'static str> {
    let at = |from: usize, what: &[u8]| head.get(from..from + what.len()) == Some(what);
    if at(0, b"%PDF") {
        Some("pdf")
    } else if at(0, b"Rar!") {
        Some("rar")
    } else if at(0, &[b'7', b'z', 0xbc, 0xaf]) {
        Some("7z")
    } else if at(0, &[0x5a, 0x49, 0x4d, 0x04]) {
        Some("zim")
    } else if at(4, b"ftyp") || at(0, &[0x1a, 0x45, 0xdf, 0xa3]) {
        Some("video")
    } else if at(0, b"\x89PNG") || at(0, &[0xff, 0xd8, 0xff]) || at(0, b"GIF8") {
        Some("picture")
    } else if at(0, b"ID3") || at(0, b"OggS") || at(0, b"RIFF") {
        Some("sound")
    } else if at(0, &[0xd0, 0xcf, 0x11, 0xe0]) {
        Some("office_document")
    } else {
        None
    }
}

/// Kinds of archives that are told by what is in them, when they are no cartridge.
pub(crate) fn known_archive(archive: &Archive) -> Option<&'static str> {
    let has = |name: &str| archive.find_alike(name).is_some();
    let starts = |prefix: &str| archive.members().iter().any(|m| m.name.starts_with(prefix));
    if has("h5p.json") {
        Some("h5p")
    } else if has("moodle_backup.xml") || has("moodle.xml") {
        Some("moodle_backup")
    } else if has("META-INF/container.xml") {
        Some("epub")
    } else if has("cmi5.xml") {
        Some("cmi5")
    } else if has("tincan.xml") {
        Some("tincan")
    } else if has("[Content_Types].xml") || has("META-INF/manifest.xml") {
        Some("office_document")
    } else if has("content.xml") || has("contentv3.xml") {
        Some("exelearning")
    } else if starts("course/course.xml") || has("course.xml") {
        Some("olx")
    } else {
        None
    }
}
