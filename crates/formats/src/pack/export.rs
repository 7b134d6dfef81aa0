//! One file for a stick or a mail: a zip with the same names, stored, in the order in which they are needed.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use daypack_course::package::{CHANNEL, MAX_CHANNEL, MAX_MANIFEST, manifest_path, object_path};
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
    let manifest = manifest_path(&opened.channel.manifest.digest);
    for (name, max) in [(CHANNEL, MAX_CHANNEL), (manifest.as_str(), MAX_MANIFEST)] {
        zip.start_file(name, plain).map_err(zipped)?;
        zip.write_all(&opened.files.read(name, max)?).map_err(io)?;
    }
    let objects = opened.objects();
    for (digest, size) in &objects {
        let name = object_path(digest);
        zip.start_file(&name, plain.large_file(*size > u64::from(u32::MAX / 2))).map_err(zipped)?;
        let mut reader = opened.files.open(&name)?;
        let found = objects::copy_hashed(&mut reader, &mut zip).map_err(io)?;
        if found != (*digest, *size) {
            return Err(OpenError::damaged(name).into());
        }
    }
    let file = zip.finish().map_err(zipped)?.into_inner().map_err(|e| io(e.into_error()))?;
    file.sync_all().map_err(io)?;
    Ok(objects.len())
}
