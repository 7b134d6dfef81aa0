//! Files below a folder, by their path in it with `/` between names.

use std::path::Path;

use daypack_course::Digest;
use sha2::{Digest as _, Sha256};

use crate::StoreError;
use crate::disk::Disk;

/// Adds the files below `dir/at`, in order. Links are refused: what they lead to is not ours to overwrite.
pub(super) fn below(dir: &Path, at: &str, found: &mut Vec<String>) -> Result<(), StoreError> {
    let path = dir.join(at);
    let Ok(meta) = std::fs::symlink_metadata(&path) else { return Ok(()) };
    if meta.is_file() {
        found.push(at.to_owned());
        return Ok(());
    }
    if !meta.is_dir() {
        return Err(unsupported());
    }
    for name in names(&path)? {
        below(dir, &join(at, &name), found)?;
    }
    Ok(())
}

/// The names in a folder, in order.
pub(super) fn names(dir: &Path) -> Result<Vec<String>, StoreError> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        names.push(entry?.file_name().into_string().map_err(|_| unsupported())?);
    }
    names.sort_unstable();
    Ok(names)
}

pub(super) fn join(at: &str, name: &str) -> String {
    if at.is_empty() { name.to_owned() } else { format!("{at}/{name}") }
}

fn unsupported() -> StoreError {
    StoreError::Io(std::io::ErrorKind::Unsupported.into())
}

/// Removes a folder with all in it, each file by `deed`; fine when it is not there.
pub(super) fn remove_all(
    disk: &dyn Disk,
    dir: &Path,
    deed: &dyn Fn(&dyn Disk, &Path) -> std::io::Result<()>,
) -> Result<(), StoreError> {
    if !dir.is_dir() {
        return Ok(());
    }
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => remove_all(disk, &entry.path(), deed)?,
            false => deed(disk, &entry.path())?,
        }
    }
    Ok(disk.remove_dir(dir)?)
}

/// Removes the folders below `dir/at` that hold nothing, and itself then.
pub(super) fn remove_empty(disk: &dyn Disk, path: &Path) -> Result<(), StoreError> {
    if !path.is_dir() {
        return Ok(());
    }
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_empty(disk, &entry.path())?;
        }
    }
    Ok(disk.remove_dir(path)?)
}

/// The digest of a file.
pub(super) fn digest(path: &Path) -> Result<Digest, StoreError> {
    digest_of(&mut std::fs::File::open(path)?)
}

/// The digest of all that comes.
pub(super) fn digest_of(from: &mut dyn std::io::Read) -> Result<Digest, StoreError> {
    let (mut hash, mut block) = (Sha256::new(), vec![0; 128 * 1024]);
    loop {
        match from.read(&mut block) {
            Ok(0) => return Ok(Digest::from_bytes(hash.finalize().into())),
            Ok(n) => hash.update(block.get(..n).unwrap_or_default()),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
}
