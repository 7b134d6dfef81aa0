//! Turning a sealed folder back into a plain one: a plain copy of each file, read back and compared; one rename of
//! `sealed/`; then the plain files go to their places.
//!
//! What must stay true: before the rename the sealed folder is whole and the copies are nothing; after it the copies
//! are the work, and every opening brings them to their places before anything else; nothing is put over a file.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use daypack_course::{Digest, TimeMs};

use super::{BOX, PLAIN_NEW, SEALED, SEALED_NEW, SEALED_OLD, TAKEN, files, lockboxes};
use crate::disk::Disk;
use crate::seal::{Seal, file};
use crate::{LearnerKey, Means, Progress, Store, StoreError};

impl Store {
    /// Unseals the folder `dir`: a plain folder with all in it, or a sealed one with all in it, at every moment.
    ///
    /// Errors: `WrongKey`, `NotSealed`, `NoSpace`, `InUse`, `NewerDatabase`; `Io` of kind `InvalidData` when a sealed
    /// file is damaged (it stays sealed then: without the lockbox nobody could try again); `Io` of kind `Unsupported`
    /// on a network. Then it is as it was.
    pub fn unseal_folder(dir: &Path, now: TimeMs, key: &LearnerKey, means: &Means) -> Result<(), StoreError> {
        let _lock = Self::open_sealed_with(dir, now, key, means)?.close_whole()?;
        let (disk, seal) = (&*means.disk, Seal::of(key)?);
        let (home, old) = (dir.join(SEALED), dir.join(SEALED_OLD));
        let copied = files::remove_all(disk, &old, &|disk, path| disk.remove(path))
            .and_then(|()| copy(disk, dir, &seal, &*means.progress))
            .and_then(|()| Ok(disk.rename(&home, &old)?));
        if let Err(error) = copied {
            if home.is_dir() {
                let _ = files::remove_all(disk, &dir.join(PLAIN_NEW), &|disk, path| disk.wipe(path));
            }
            return Err(error);
        }
        settle(disk, dir, now)
    }
}

fn copy(disk: &dyn Disk, dir: &Path, seal: &Seal, progress: &Progress) -> Result<(), StoreError> {
    let (home, new) = (dir.join(SEALED), dir.join(PLAIN_NEW));
    let mut paths = Vec::new();
    for name in files::names(&home)? {
        files::below(&home, &name, &mut paths)?;
    }
    paths
        .retain(|path| path != TAKEN && !path.starts_with("mine/partial/") && !path.ends_with("lockbox.new"));
    paths.retain(|path| !lockboxes(&home).contains(&home.join(path)));
    let mut need = 0;
    for path in &paths {
        need += disk.len(&home.join(path))?;
    }
    if disk.free(dir)? < need {
        return Err(StoreError::NoSpace);
    }
    disk.make_dir(&new)?;
    let mut done = 0;
    for path in paths {
        progress(done, need);
        done += disk.len(&home.join(&path))?;
        open_one(disk, &home, &new, &path, seal)?;
    }
    progress(done, need);
    Ok(())
}

/// Makes the plain copy of a file, and reads it back.
fn open_one(disk: &dyn Disk, home: &Path, new: &Path, path: &str, seal: &Seal) -> Result<(), StoreError> {
    let from = home.join(path);
    let (plain_path, is_box) = match path.strip_suffix(BOX) {
        Some(plain) => (plain.to_owned(), true),
        None => (path.to_owned(), path.starts_with("mine/")),
    };
    if is_box {
        let mut reader = file::Reader::open(File::open(&from)?, seal.files())?;
        let (digest, _) = reader.what();
        let name = digest.to_string();
        let folder = name.get(..2).unwrap_or_default();
        let to = new.join(if plain_path == path { format!("mine/{folder}/{name}") } else { plain_path });
        disk.make_dir(to.parent().unwrap_or(new))?;
        let mut end = disk.create(&to)?;
        let mut block = vec![0; 128 * 1024];
        loop {
            match reader.read(&mut block)? {
                0 => break,
                n => end.append(block.get(..n).unwrap_or_default())?,
            }
        }
        end.sync()?;
        return is_what_was_written(&to, digest);
    }
    let sealed = disk.read(&from)?;
    let plain = match path.split('/').collect::<Vec<_>>().as_slice() {
        ["journal", _] => seal.opened_part(&sealed),
        ["backups", _] => opened(seal, path, sealed),
        [name] if name.starts_with("learner.db") || name.starts_with("catalogue.db") => {
            opened(seal, path, sealed)
        }
        _ => sealed, // Not ours.
    };
    let to = new.join(path);
    disk.make_dir(to.parent().unwrap_or(new))?;
    disk.write_new(&to, &plain)?;
    is_what_was_written(&to, Digest::of(&plain))
}

fn opened(seal: &Seal, path: &str, mut bytes: Vec<u8>) -> Vec<u8> {
    seal.disk().open_file(path, &mut bytes);
    bytes
}

fn is_what_was_written(path: &Path, expected: Digest) -> Result<(), StoreError> {
    match files::digest(path)? {
        found if found == expected => Ok(()),
        found => Err(StoreError::WrongBytes { expected, found }),
    }
}

/// Finishes in a folder that is not sealed what was cut off: an unsealing after its rename goes to its end, a sealing
/// before its rename is thrown away.
pub(crate) fn settle(disk: &dyn Disk, dir: &Path, now: TimeMs) -> Result<(), StoreError> {
    let (new, old) = (dir.join(PLAIN_NEW), dir.join(SEALED_OLD));
    if old.is_dir() {
        let mut paths = Vec::new();
        if new.is_dir() {
            for name in files::names(&new)? {
                files::below(&new, &name, &mut paths)?;
            }
        }
        for path in paths {
            let to = dir.join(&path);
            disk.make_dir(to.parent().unwrap_or(dir))?;
            if disk.has(&to) {
                // Made by a Daypack that knows nothing of sealed folders; the work goes first, and this is kept.
                disk.rename(&to, &free_name(disk, &to, now))?;
            }
            disk.rename(&new.join(&path), &to)?;
        }
        files::remove_empty(disk, &new)?;
        files::remove_all(disk, &old, &|disk, path| disk.remove(path))?;
    }
    files::remove_all(disk, &dir.join(SEALED_NEW), &|disk, path| disk.remove(path))
}

fn free_name(disk: &dyn Disk, path: &Path, now: TimeMs) -> std::path::PathBuf {
    let mut stamp = now.0;
    loop {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".found-{stamp}"));
        let free = std::path::PathBuf::from(name);
        if !disk.has(&free) {
            return free;
        }
        stamp = stamp.saturating_add(1);
    }
}
