//! Writing and reading the archive.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use daypack_formats::{Archive, OpenError};
use daypack_store::takeout::{FileFact, Whose};
use daypack_store::{Objects, Store, StoreError};
use serde_json::Value;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::{FORMAT, VERSION, Words, Written, name, page};
use crate::api::takeout::Exported;
use crate::api::{Failure, FailureCode};
use crate::failure;

const DATA: &str = "data.json";
const PAGE: &str = "index.html";
/// Most bytes of `data.json`: years of a learner's texts, and no bomb.
const MAX_DATA: u64 = 256 << 20;
/// Files that are larger get the long form of the zip format.
const LARGE: u64 = 1 << 31;

/// Writes the archive to `to`: whole and durable, or not at all. An archive that was there before is replaced only
/// by a whole one.
pub(crate) fn write(
    store: &Store,
    mut written: Written,
    words: &Words,
    to: &Path,
) -> Result<Exported, Failure> {
    let mut taken = BTreeSet::new();
    let mut files = std::mem::take(&mut written.contents.files);
    files.retain(|f| heap(store, f.whose).has(&f.digest));
    for file in &mut files {
        let folder = match file.whose {
            Whose::Mine => "mine",
            Whose::Feedback => "feedback",
        };
        file.path = format!("files/{folder}/{}", name::safe(&file.name, &file.digest, &mut taken));
    }
    written.contents.files = files;
    let temp = beside(to);
    let made = fill(store, &written, words, &temp).and_then(|()| {
        std::fs::rename(&temp, to).and_then(|()| sync_folder(to)).map_err(|e| failure::file(&e, to))
    });
    if let Err(failure) = made {
        let _ = std::fs::remove_file(&temp);
        return Err(failure);
    }
    let size = std::fs::metadata(to).map_err(|e| failure::file(&e, to))?.len();
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Ok(Exported {
        path: to.display().to_string(),
        size,
        work: count(written.contents.work.len()),
        files: count(written.contents.files.len()),
    })
}

fn fill(store: &Store, written: &Written, words: &Words, temp: &Path) -> Result<(), Failure> {
    let io = |e: std::io::Error| failure::file(&e, temp);
    let zipped = |e: zip::result::ZipError| failure::io(&std::io::Error::from(e));
    let file = File::create(temp).map_err(io)?;
    let mut zip = ZipWriter::new(BufWriter::new(file));
    let text = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    let data =
        serde_json::to_vec_pretty(written).map_err(|e| Failure::new(FailureCode::Internal).fact("why", e))?;
    for (name, bytes) in [(PAGE, page::html(written, words).into_bytes()), (DATA, data)] {
        zip.start_file(name, text).map_err(zipped)?;
        zip.write_all(&bytes).map_err(io)?;
    }
    // Pictures, recordings and documents are packed already; stored they are also easiest to save from a torn file.
    let stored = text.compression_method(CompressionMethod::Stored);
    for one in &written.contents.files {
        zip.start_file(&one.path, stored.large_file(one.size > LARGE)).map_err(zipped)?;
        let mut from = heap(store, one.whose).open(&one.digest)?;
        std::io::copy(&mut from, &mut zip).map_err(io)?;
    }
    let file = zip.finish().map_err(zipped)?.into_inner().map_err(|e| io(e.into_error()))?;
    file.sync_all().map_err(io)
}

/// An open archive, checked as far as its data.
pub(crate) struct Opened {
    archive: Archive,
    /// What it says.
    pub written: Written,
}

/// Opens an archive and reads its data. Refuses what another program or a newer Daypack wrote.
pub(crate) fn open(path: &Path) -> Result<Opened, Failure> {
    let shown = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let foreign = || Failure::new(FailureCode::NotAnExport).fact("name", &shown);
    let broken =
        |part: &str| Failure::new(FailureCode::BrokenPackage).fact("name", &shown).fact("part", part);
    if !is_zip(path).map_err(|e| failure::file(&e, path))? {
        return Err(foreign());
    }
    let archive = Archive::open(path).map_err(|error| match error {
        OpenError::Io { path, .. } => Failure::new(FailureCode::FileMissing).fact("path", path),
        OpenError::NotAPackage { .. } | OpenError::UnsupportedFile { .. } => foreign(),
        _ => broken(""),
    })?;
    let member = archive.find(DATA).ok_or_else(foreign)?;
    let bytes = archive.read(member, MAX_DATA).map_err(|_| broken(DATA))?;
    let value: Value = serde_json::from_slice(&bytes).map_err(|_| broken(DATA))?;
    if value.get("format").and_then(Value::as_str) != Some(FORMAT) {
        return Err(foreign());
    }
    if value.get("version").and_then(Value::as_u64).is_none_or(|v| v > u64::from(VERSION)) {
        return Err(Failure::new(FailureCode::NewerFormat).fact("name", &shown));
    }
    let written = serde_json::from_value(value).map_err(|error| broken(DATA).fact("why", error))?;
    Ok(Opened { archive, written })
}

/// Whether the file begins as a zip file does: another one is not a damaged archive, but none.
fn is_zip(path: &Path) -> std::io::Result<bool> {
    let mut head = [0; 2];
    let mut file = File::open(path)?;
    Ok(std::io::Read::read_exact(&mut file, &mut head).is_ok() && head == *b"PK")
}

/// What became of the files of an archive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TakenIn {
    /// New here.
    pub new: u64,
    /// Not in the archive, or not the bytes it names.
    pub damaged: u64,
}

impl Opened {
    /// Bytes its files say they need.
    pub fn size(&self) -> u64 {
        self.written.contents.files.iter().map(|f| f.size).sum()
    }

    /// Takes in the files that are not here. One that is damaged keeps nobody from the others.
    pub fn take_in(&self, store: &Store) -> Result<TakenIn, Failure> {
        let mut taken = TakenIn::default();
        for file in &self.written.contents.files {
            let heap = heap(store, file.whose);
            if heap.has(&file.digest) {
                continue;
            }
            match self.take_in_one(heap, file) {
                Ok(()) => taken.new += 1,
                Err(StoreError::NoSpace) => return Err(FailureCode::NoSpace.into()),
                Err(error) => {
                    tracing::warn!(%error, "a file of the archive cannot be taken in");
                    taken.damaged += 1;
                }
            }
        }
        Ok(taken)
    }

    fn take_in_one(&self, heap: &Objects, file: &FileFact) -> Result<(), StoreError> {
        let io = |e: OpenError| StoreError::Io(std::io::Error::other(e.to_string()));
        let gone = || StoreError::Missing { what: "file", id: file.path.clone() };
        let member = self.archive.find(&file.path).ok_or_else(gone)?;
        heap.import_reader(self.archive.reader(member).map_err(io)?, Some(file.digest)).map(|_| ())
    }
}

fn heap(store: &Store, whose: Whose) -> &Objects {
    match whose {
        Whose::Mine => store.mine(),
        Whose::Feedback => store.objects(),
    }
}

/// A name in the same folder, so that renaming is one step.
fn beside(to: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(to.file_name().unwrap_or_default());
    name.push(format!(".{}.part", std::process::id()));
    to.with_file_name(name)
}

fn sync_folder(file: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        let folder = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()?;
    }
    #[cfg(not(unix))]
    let _ = file;
    Ok(())
}
