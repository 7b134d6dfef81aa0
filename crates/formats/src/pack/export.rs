//! One file for a stick or a mail: a zip with the same names, stored, in the order in which they are needed.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use daypack_course::package::keys::MAX_KEYS;
use daypack_course::package::{
    CHANNEL, MAX_CHANNEL, MAX_MANIFEST, ObjectRef, chunk_list_path, keys_path, manifest_path, object_path,
    pack_path,
};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::{PackError, objects};
use crate::{OpenError, package};

/// What was exported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportReport {
    /// Distinct objects.
    pub objects: usize,
    /// Bytes of the file.
    pub size: u64,
}

/// Writes the package at `dir` into the single file `out_file` (by custom `.daypack`). Every object is compared
/// with its digest on the way; nothing is left behind when one does not fit.
pub fn export(dir: &Path, out_file: &Path) -> Result<ExportReport, PackError> {
    let opened = package::open(dir)?;
    let mut aside = out_file.as_os_str().to_owned();
    aside.push(".part");
    let aside = Path::new(&aside);
    let written = write(&opened, aside);
    match written {
        Ok(objects) => {
            fs::rename(aside, out_file).map_err(|e| PackError::io(out_file, &e))?;
            let size = fs::metadata(out_file).map_err(|e| PackError::io(out_file, &e))?.len();
            Ok(ExportReport { objects, size })
        }
        Err(error) => {
            let _ = fs::remove_file(aside);
            Err(error)
        }
    }
}

fn write(opened: &package::OpenedPackage, to: &Path) -> Result<usize, PackError> {
    let io = |e: io::Error| PackError::io(to, &e);
    let zipped = |e: zip::result::ZipError| PackError::io(to, &io::Error::other(e.to_string()));
    let file = File::create(to).map_err(io)?;
    let mut zip = ZipWriter::new(BufWriter::new(file));
    let plain = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    for (name, max) in signed(opened) {
        zip.start_file(&name, plain).map_err(zipped)?;
        zip.write_all(&opened.files.read(&name, max)?).map_err(io)?;
    }
    for (name, object) in parts(opened) {
        zip.start_file(&name, plain.large_file(object.size > u64::from(u32::MAX / 2))).map_err(zipped)?;
        let mut reader = opened.files.open(&name)?;
        let found = objects::copy_hashed(&mut reader, &mut zip).map_err(io)?;
        if found != (object.digest, object.size) {
            return Err(OpenError::damaged(name).into());
        }
    }
    let file = zip.finish().map_err(zipped)?.into_inner().map_err(|e| io(e.into_error()))?;
    file.sync_all().map_err(io)?;
    Ok(opened.objects().len())
}

/// What is proven by signatures: it comes first. The channel, the key files, the manifest.
fn signed(opened: &package::OpenedPackage) -> Vec<(String, u64)> {
    let epochs = if opened.chain.is_alone() { 0 } else { opened.chain.keys().epoch };
    let mut names = vec![(CHANNEL.to_owned(), MAX_CHANNEL)];
    names.extend((1..=epochs).map(|n| (keys_path(n), MAX_KEYS)));
    names.push((manifest_path(&opened.channel.manifest.digest), MAX_MANIFEST));
    names
}

/// The rest in study order: a pack where its first file is needed, a chunk list before its object.
fn parts(opened: &package::OpenedPackage) -> Vec<(String, ObjectRef)> {
    let mut parts = Vec::new();
    let mut packs = BTreeSet::new();
    for object in opened.manifest.objects(None) {
        if let Some(place) = opened.place(&object.digest) {
            if packs.insert(place.pack.digest) {
                parts.push((pack_path(&place.pack.digest), place.pack));
            }
            continue;
        }
        if let Some(list) = opened.manifest.chunk_lists.get(&object.digest) {
            parts.push((chunk_list_path(&list.digest), *list));
        }
        parts.push((object_path(&object.digest), object));
    }
    parts
}
