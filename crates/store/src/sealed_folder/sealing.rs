//! Turning a plain folder into a sealed one: a sealed copy of each file, read back and compared; one rename; then the
//! plain files are overwritten and removed.
//!
//! What must stay true: before the rename nothing plain is touched, after it nothing plain is needed; a plain file is
//! overwritten only if its bytes are the ones that were taken (an older Daypack may have been here meanwhile).

use std::fs::File;
use std::path::{Path, PathBuf};

use daypack_course::{Digest, TimeMs};
use serde::{Deserialize, Serialize};

use super::{BOX, PLAIN_NEW, SEALED, SEALED_NEW, TAKEN, WIPING, files, put_lockboxes};
use crate::disk::Disk;
use crate::journal::part_number;
use crate::seal::{Seal, file};
use crate::{LearnerKey, Lockbox, Means, Progress, Store, StoreError};

/// Room that must be free beside the copy.
const SPARE: u64 = 16 * 1024 * 1024;

/// What was taken of a plain folder.
#[derive(Debug, Serialize, Deserialize)]
struct Taken {
    path: String,
    digest: Digest,
}

/// The learner's own things in a plain folder: databases, journal, backups, files, and what was set aside.
fn plain_files(dir: &Path) -> Result<Vec<String>, StoreError> {
    let mut found = Vec::new();
    for name in files::names(dir)? {
        let is_ours =
            ["learner.db", "catalogue.db", "unplaced-", "before-"].iter().any(|n| name.starts_with(n))
                || ["journal", "backups", "mine"].contains(&name.as_str());
        if is_ours {
            files::below(dir, &name, &mut found)?;
        }
    }
    // Of earlier data (`before-...`) too, what can be fetched again stays as it is.
    found.retain(|path| !path.starts_with("before-") || path.split('/').nth(1) != Some("objects"));
    Ok(found)
}

/// How a file is sealed.
enum How {
    /// As SQLite would have written it.
    Database,
    /// Line by line.
    Journal,
    /// An object under its new name.
    Object(Digest),
    /// Any other.
    Box,
}

impl How {
    fn of(path: &str, length: u64) -> Self {
        let is_database = match path.split_once('/') {
            None => path == "learner.db" || path == "catalogue.db",
            Some(("backups", name)) => name.starts_with("learner-") && name.ends_with(".db"),
            Some(_) => false,
        };
        match path.split('/').collect::<Vec<_>>().as_slice() {
            _ if is_database && length.is_multiple_of(16) => Self::Database,
            ["journal", name] if part_number(name).is_some() => Self::Journal,
            ["mine", _, name] => Digest::parse(name).map_or(Self::Box, Self::Object),
            _ => Self::Box,
        }
    }
}

impl Store {
    /// Seals the plain folder `dir` under the key in `lockbox`. It is a plain folder with all in it, or a sealed one
    /// with all in it, at every moment; a sealing that was cut off is begun or finished by the next opening.
    ///
    /// Course files (`objects/`, files of feedback among them) stay as they are. Errors: `WrongKey` (the key is not in
    /// the lockbox), `Sealed` (it is already), `NoSpace`, `NewerDatabase`, `InUse`; `Io` of kind `Unsupported` for a
    /// folder on a network or with links in it. Then it is as it was.
    pub fn seal_folder(
        dir: &Path,
        now: TimeMs,
        lockbox: &Lockbox,
        key: &LearnerKey,
        means: &Means,
    ) -> Result<(), StoreError> {
        if !lockbox.is_of(key) {
            return Err(StoreError::WrongKey);
        }
        let _lock = Self::open_with(dir, now, means)?.close_whole()?;
        let (disk, seal) = (&*means.disk, Seal::of(key)?);
        let copied = copy(disk, dir, &seal, &*means.progress)
            .and_then(|()| put_lockboxes(disk, &dir.join(SEALED_NEW), lockbox))
            .and_then(|()| Ok(disk.rename(&dir.join(SEALED_NEW), &dir.join(SEALED))?));
        if let Err(error) = copied {
            if !dir.join(SEALED).is_dir() {
                let _ = files::remove_all(disk, &dir.join(SEALED_NEW), &|disk, path| disk.remove(path));
            }
            return Err(error);
        }
        remove_plain(disk, dir, &seal).map(|_| ())
    }
}

fn copy(disk: &dyn Disk, dir: &Path, seal: &Seal, progress: &Progress) -> Result<(), StoreError> {
    let (new, paths) = (dir.join(SEALED_NEW), plain_files(dir)?);
    files::remove_all(disk, &new, &|disk, path| disk.remove(path))?;
    files::remove_all(disk, &dir.join(PLAIN_NEW), &|disk, path| disk.wipe(path))?;
    let mut all = 0;
    for path in &paths {
        all += disk.len(&dir.join(path))?;
    }
    // Lines of the journal get longer by half.
    if disk.free(dir)? < SPARE + all * 2 {
        return Err(StoreError::NoSpace);
    }
    disk.make_dir(&new)?;
    let (mut taken, mut done) = (Vec::new(), 0);
    for path in paths {
        progress(done, all);
        done += disk.len(&dir.join(&path))?;
        let digest = seal_one(disk, dir, &new, &path, seal)?;
        taken.push(Taken { path, digest });
    }
    progress(all, all);
    seal.put_box(disk, &new.join(TAKEN), &serde_json::to_vec(&taken)?)
}

/// Makes the sealed copy of a file, reads it back and compares; the digest of the plain bytes.
fn seal_one(disk: &dyn Disk, dir: &Path, new: &Path, path: &str, seal: &Seal) -> Result<Digest, StoreError> {
    let from = dir.join(path);
    let found = files::digest(&from)?;
    let unlike = || StoreError::Io(std::io::Error::other("the sealed copy is not what was copied"));
    let place = |name: String| -> Result<PathBuf, StoreError> {
        let to = new.join(name);
        disk.make_dir(to.parent().unwrap_or(new))?;
        Ok(to)
    };
    match How::of(path, disk.len(&from)?) {
        How::Database => {
            let (plain, to) = (disk.read(&from)?, place(path.to_owned())?);
            let mut bytes = plain.clone();
            seal.disk().seal_database(&mut bytes);
            disk.write_new(&to, &bytes)?;
            let mut back = disk.read(&to)?;
            seal.disk().open_file(path, &mut back);
            if Digest::of(&back) != found || back != plain {
                return Err(unlike());
            }
        }
        How::Journal => {
            let (plain, to) = (disk.read(&from)?, place(path.to_owned())?);
            disk.write_new(&to, &seal.sealed_part(&plain)?)?;
            let mut back = seal.opened_part(&disk.read(&to)?);
            if !plain.ends_with(b"\n") && !plain.is_empty() {
                back.pop(); // A line that was cut off got its line feed.
            }
            if Digest::of(&back) != found {
                return Err(unlike());
            }
        }
        How::Object(digest) if digest == found => {
            let name = seal.name(&digest);
            let folder = name.get(..2).unwrap_or_default();
            let to = place(format!("mine/{folder}/{name}"))?;
            put_file(disk, &from, &to, seal, found)?;
        }
        How::Object(_) | How::Box => put_file(disk, &from, &place(format!("{path}{BOX}"))?, seal, found)?,
    }
    Ok(found)
}

fn put_file(disk: &dyn Disk, from: &Path, to: &Path, seal: &Seal, digest: Digest) -> Result<(), StoreError> {
    let mut end = disk.create(to)?;
    file::write(seal.files(), &mut File::open(from)?, &mut |piece| end.append(piece))?;
    end.sync()?;
    drop(end);
    let back = files::digest_of(&mut file::Reader::open(File::open(to)?, seal.files())?)?;
    match back == digest {
        true => Ok(()),
        false => Err(StoreError::WrongBytes { expected: digest, found: back }),
    }
}

/// Overwrites and removes the plain files that the sealed folder holds; those that are not what was taken any more.
pub(super) fn remove_plain(disk: &dyn Disk, dir: &Path, seal: &Seal) -> Result<Vec<PathBuf>, StoreError> {
    let (list, wiping) = (dir.join(SEALED).join(TAKEN), dir.join(WIPING));
    if !disk.has(&list) {
        return Ok(Vec::new());
    }
    let taken: Vec<Taken> = serde_json::from_slice(&seal.get_box(disk, &list)?)?;
    files::remove_all(disk, &wiping, &|disk, path| disk.wipe(path))?;
    disk.make_dir(&wiping)?;
    let mut left = Vec::new();
    for (number, Taken { path, digest }) in taken.iter().enumerate() {
        let path = dir.join(path);
        if !disk.has(&path) {
            continue;
        }
        if files::digest(&path)? != *digest {
            tracing::warn!(path = %path.display(), "changed since it was sealed; it stays");
            left.push(path);
            continue;
        }
        // Under another name first: half overwritten, it would not be known again.
        let away = wiping.join(number.to_string());
        disk.rename(&path, &away)?;
        disk.wipe(&away)?;
    }
    let mut folders: Vec<&str> = taken.iter().filter_map(|t| t.path.split_once('/')).map(|p| p.0).collect();
    folders.extend(["journal", "backups", "mine"]);
    folders.dedup();
    for folder in folders {
        files::remove_empty(disk, &dir.join(folder))?;
    }
    disk.remove_dir(&wiping)?;
    disk.remove(&list)?;
    Ok(left)
}
