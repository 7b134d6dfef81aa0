//! Writing files named by their content: beside, then renamed, so that a name never shows half a file.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use daypack_course::Digest;
use sha2::Digest as _;

use super::PackError;

/// A file of a course folder, hashed.
#[derive(Clone, Debug)]
pub(super) struct SourceFile {
    pub(super) from: PathBuf,
    pub(super) digest: Digest,
    pub(super) size: u64,
}

/// Hashes a file.
pub(super) fn measure(path: &Path) -> Result<SourceFile, PackError> {
    let mut file = File::open(path).map_err(|e| PackError::io(path, &e))?;
    let (digest, size) = copy_hashed(&mut file, &mut io::sink()).map_err(|e| PackError::io(path, &e))?;
    Ok(SourceFile { from: path.to_owned(), digest, size })
}

/// Copies and hashes at once.
pub(super) fn copy_hashed(from: &mut dyn io::Read, to: &mut dyn io::Write) -> io::Result<(Digest, u64)> {
    let mut hash = sha2::Sha256::new();
    let mut buf = vec![0; 256 << 10];
    let mut size = 0;
    loop {
        let n = from.read(&mut buf)?;
        if n == 0 {
            return Ok((Digest::from_bytes(hash.finalize().into()), size));
        }
        let part = buf.get(..n).unwrap_or_default();
        hash.update(part);
        to.write_all(part)?;
        size += n as u64;
    }
}

/// Writes the objects that are not there yet; returns how many.
pub(super) fn write(out: &Path, files: &[SourceFile]) -> Result<usize, PackError> {
    let dir = out.join("o");
    fs::create_dir_all(&dir).map_err(|e| PackError::io(&dir, &e))?;
    let mut written = 0;
    for file in files {
        let name = file.digest.to_string();
        let to = dir.join(&name);
        if fs::metadata(&to).is_ok_and(|m| m.is_file() && m.len() == file.size) {
            continue;
        }
        let aside = dir.join(format!(".{name}.part"));
        let copied = File::open(&file.from).and_then(|mut from| {
            let mut target = File::create(&aside)?;
            let copied = copy_hashed(&mut from, &mut target)?;
            target.sync_all()?;
            Ok(copied)
        });
        match copied {
            Ok(found) if found == (file.digest, file.size) => {
                fs::rename(&aside, &to).map_err(|e| PackError::io(&to, &e))?;
                written += 1;
            }
            other => {
                let _ = fs::remove_file(&aside);
                return Err(match other {
                    Ok(_) => PackError::Contradiction {
                        detail: format!("{} changed while it was packed", file.from.display()),
                    },
                    Err(e) => PackError::io(&file.from, &e),
                });
            }
        }
    }
    Ok(written)
}

/// Puts a small file in place; the same bytes are not written again.
pub(super) fn put(dir: &Path, name: &str, bytes: &[u8]) -> Result<(), PackError> {
    fs::create_dir_all(dir).map_err(|e| PackError::io(dir, &e))?;
    let to = dir.join(name);
    if same(&to, bytes) {
        return Ok(());
    }
    let aside = dir.join(format!(".{name}.part"));
    File::create(&aside)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&aside, &to))
        .map_err(|e| PackError::io(&to, &e))
}

fn same(path: &Path, bytes: &[u8]) -> bool {
    let Ok(file) = File::open(path) else { return false };
    let mut found = Vec::with_capacity(bytes.len());
    file.take(bytes.len() as u64 + 1).read_to_end(&mut found).is_ok() && found == bytes
}
