//! Where the live databases lie when the learner's folder is on a network: SQLite's write-ahead log is not safe there
//! (<https://sqlite.org/wal.html>, "does not work over a network filesystem").
//!
//! What must stay true: only `learner.db` and `catalogue.db` move to this computer; the journal and the backups stay in
//! the learner's folder, so that each save is there too, and another computer brings its own copy up from them. Two
//! computers never write at the same time ([`Lease`]).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use daypack_course::{Digest, TimeMs};
use serde::{Deserialize, Serialize};

use crate::StoreError;
use crate::catalogue::CATALOGUE;
use crate::disk::{Disk, OwnDisk};
use crate::glimpse::{Unwatched, Watch};
use crate::learner::LEARNER;

/// Decides where the live databases of a folder lie: `None` for the folder itself.
pub type Near = dyn Fn(&Path) -> Option<PathBuf> + Send + Sync;

/// Hears bytes done, and bytes in all.
pub type Progress = dyn Fn(u64, u64) + Send + Sync;

/// What a store stands on. Tests put something else there.
#[derive(Clone)]
pub struct Means {
    /// Below the journal and the backups.
    pub disk: Arc<dyn Disk>,
    /// Where live databases go when the folder is on a network.
    pub near: Arc<Near>,
    /// The name of this computer.
    pub host: String,
    /// Hears how opening goes on.
    pub watch: Arc<dyn Watch>,
    /// Hears how far sealing or unsealing is: bytes done, and in all.
    pub progress: Arc<Progress>,
}

impl Default for Means {
    fn default() -> Self {
        Self {
            disk: Arc::new(OwnDisk),
            near: Arc::new(near_folder),
            host: host_name(),
            watch: Arc::new(Unwatched),
            progress: Arc::new(|_, _| ()),
        }
    }
}

/// After so long without a sign of life another computer may go on.
pub(crate) const LEASE_MS: i64 = 15 * 60 * 1000;

/// Which computer writes in a folder on the network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lease {
    /// Its name.
    pub host: String,
    /// Its last sign of life, by its clock.
    pub at: TimeMs,
}

/// Takes the lease, or says who has it. A lease from the future is one of a wrong clock and holds nobody up for ever:
/// it counts as fresh only within [`LEASE_MS`] of now.
pub(crate) fn take_lease(disk: &dyn Disk, dir: &Path, host: &str, now: TimeMs) -> Result<(), StoreError> {
    let path = dir.join("lease.json");
    let held = disk.read(&path).ok().and_then(|bytes| serde_json::from_slice::<Lease>(&bytes).ok());
    if let Some(lease) = held
        && lease.host != host
        && now.since(lease.at).abs() < LEASE_MS
    {
        return Err(StoreError::InUseElsewhere { host: lease.host });
    }
    let temp = dir.join(format!("lease-{}.new", Digest::of(host.as_bytes())));
    if disk.has(&temp) {
        disk.remove(&temp)?;
    }
    disk.write_new(&temp, &serde_json::to_vec(&Lease { host: host.to_owned(), at: now })?)?;
    Ok(disk.rename(&temp, &path)?)
}

/// Whether this computer still has the lease. One that was taken over, even if it was given back since, is lost for
/// good: the other computer's saves are not in the database here.
pub(crate) fn hold_lease(disk: &dyn Disk, dir: &Path, host: &str) -> Result<(), StoreError> {
    match disk.read(&dir.join("lease.json")) {
        Ok(bytes) => match serde_json::from_slice::<Lease>(&bytes) {
            Ok(lease) if lease.host == host => Ok(()),
            Ok(lease) => Err(StoreError::InUseElsewhere { host: lease.host }),
            Err(_) => Err(StoreError::InUseElsewhere { host: String::new() }),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(StoreError::InUseElsewhere { host: String::new() })
        }
        // The network is away: so is the other computer's way to the folder, or we hear of it later.
        Err(_) => Ok(()),
    }
}

/// Gives the lease back; another computer can open the folder at once.
pub(crate) fn end_lease(disk: &dyn Disk, dir: &Path) {
    let _ = disk.remove(&dir.join("lease.json"));
}

/// Brings a database that lay in the folder on the network here; the old file is kept under another name.
pub(crate) fn move_near(disk: &dyn Disk, dir: &Path, near: &Path, now: TimeMs) -> Result<(), StoreError> {
    disk.make_dir(near)?;
    let (from, to) = (dir.join(LEARNER.file), near.join(LEARNER.file));
    if !disk.has(&from) || disk.has(&to) {
        return Ok(());
    }
    // The write-ahead log first: a database without it would be an old one.
    for name in [format!("{}-wal", LEARNER.file), LEARNER.file.to_owned()] {
        if !disk.has(&dir.join(&name)) {
            continue;
        }
        let temp = near.join(format!("{name}.new"));
        if disk.has(&temp) {
            disk.remove(&temp)?;
        }
        disk.write_new(&temp, &disk.read(&dir.join(&name))?)?;
        disk.rename(&temp, &near.join(&name))?;
    }
    for name in [format!("{}-wal", LEARNER.file), LEARNER.file.to_owned()] {
        if disk.has(&dir.join(&name)) {
            disk.rename(&dir.join(&name), &dir.join(format!("{name}.moved-{}", now.0)))?;
        }
    }
    Ok(())
}

/// Where the learner's database lies now: on this computer, or still in the folder on the network.
pub(crate) fn lies<'a>(disk: &dyn Disk, dir: &'a Path, near: Option<&'a Path>) -> &'a Path {
    match near {
        Some(near) if disk.has(&near.join(LEARNER.file)) || !disk.has(&dir.join(LEARNER.file)) => near,
        _ => dir,
    }
}

/// Moves the databases, with what lies beside them, into a folder `name` beside them. Earlier such folders stay.
pub(crate) fn move_aside(disk: &dyn Disk, near: &Path, name: &str) -> Result<(), StoreError> {
    let of_a_database = |name: &&String| name.starts_with(LEARNER.file) || name.starts_with(CATALOGUE.file);
    if !disk.has(near) {
        return Ok(());
    }
    let names = disk.names(near)?;
    let aside = near.join(name);
    disk.make_dir(&aside)?;
    // The write-ahead logs first: a database without it would be an old one.
    let (logs, rest): (Vec<_>, Vec<_>) =
        names.iter().filter(of_a_database).partition(|name| name.contains(".db-"));
    for name in logs.into_iter().chain(rest) {
        disk.rename(&near.join(name), &aside.join(name))?;
    }
    Ok(())
}

/// A folder of this user on a disk of this computer, for a data folder on a network; `None` when the data folder is on
/// this computer, or when there is no such place (then the databases stay where they are, and it is logged).
pub fn near_folder(dir: &Path) -> Option<PathBuf> {
    if !is_far(dir) {
        return None;
    }
    let whole = std::fs::canonicalize(dir).unwrap_or_else(|_| dir.to_owned());
    let name = Digest::of(whole.as_os_str().as_encoded_bytes()).to_string();
    let name = name.get(..16).unwrap_or(&name);
    for place in places() {
        if prepare(&place).is_ok() && !is_far(&place) {
            return Some(place.join(name));
        }
    }
    tracing::warn!("the data folder is on a network, and no disk of this computer takes the databases");
    None
}

fn prepare(place: &Path) -> Result<(), StoreError> {
    crate::objects::create_private_dir(place)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        // In a folder that everybody can write to, somebody else may have been there first.
        let meta = std::fs::symlink_metadata(place)?;
        if !meta.is_dir() || meta.uid() != user() || meta.mode() & 0o077 != 0 {
            return Err(StoreError::Io(std::io::ErrorKind::PermissionDenied.into()));
        }
    }
    Ok(())
}

fn places() -> Vec<PathBuf> {
    let set = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let mut places = Vec::new();
    if cfg!(windows) {
        places.extend(set("LOCALAPPDATA").map(|path| path.join("daypack")));
    } else if cfg!(target_os = "macos") {
        places.extend(set("HOME").map(|home| home.join("Library/Caches/daypack")));
        places.push(PathBuf::from(format!("/var/tmp/daypack-{}", user())));
    } else {
        let state = set("XDG_STATE_HOME").or_else(|| set("HOME").map(|home| home.join(".local/state")));
        places.extend(state.map(|path| path.join("daypack")));
        // Kept over a restart, and on a disk of this computer even where the home is not.
        places.push(PathBuf::from(format!("/var/tmp/daypack-{}", user())));
    }
    places
}

#[cfg(unix)]
fn user() -> u32 {
    rustix::process::getuid().as_raw()
}

#[cfg(not(unix))]
fn user() -> u32 {
    0
}

fn host_name() -> String {
    #[cfg(unix)]
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    #[cfg(not(unix))]
    let name = std::env::var("COMPUTERNAME").unwrap_or_default();
    name
}

/// Whether a folder (or the nearest one above it that is there) is on a file system of another computer.
pub fn is_far(dir: &Path) -> bool {
    dir.ancestors().find(|path| path.exists()).is_some_and(is_network)
}

/// The file systems of `statfs(2)` that are not of this computer, or not for sure: NFS, SMB (3 numbers), AFS (2), Coda,
/// NCP, 9P, Ceph, Lustre, GPFS, FUSE.
#[cfg(target_os = "linux")]
const NETWORKS: [u64; 13] = [
    0x6969,
    0x517b,
    0xff53_4d42,
    0xfe53_4d42,
    0x5346_414f,
    0x6b41_4653,
    0x7375_7245,
    0x564c,
    0x0102_1997,
    0x00c3_6400,
    0x0bd0_0bd0,
    0x4750_4653,
    0x6573_5546,
];

#[cfg(target_os = "linux")]
fn is_network(dir: &Path) -> bool {
    // The number is 32 bits wide, whatever sign the field's type has here.
    rustix::fs::statfs(dir).is_ok_and(|found| NETWORKS.contains(&((found.f_type as u64) & 0xffff_ffff)))
}

#[cfg(target_os = "macos")]
fn is_network(dir: &Path) -> bool {
    rustix::fs::statfs(dir).is_ok_and(|found| {
        let name: String =
            found.f_fstypename.iter().take_while(|c| **c != 0).map(|c| *c as u8 as char).collect();
        ["nfs", "smbfs", "afpfs", "webdav", "macfuse", "osxfuse"].contains(&name.as_str())
    })
}

/// On Windows the whole path of a mapped drive begins with the other computer's name.
#[cfg(windows)]
fn is_network(dir: &Path) -> bool {
    use std::path::{Component, Prefix};
    std::fs::canonicalize(dir).is_ok_and(|whole| {
        matches!(whole.components().next(),
            Some(Component::Prefix(p)) if matches!(p.kind(), Prefix::UNC(..) | Prefix::VerbatimUNC(..)))
    })
}

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
fn is_network(_: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_on_a_disk_of_this_computer_is_not_far() {
        let dir = tempfile::tempdir().unwrap();
        assert!(!is_far(dir.path()) && !is_far(&dir.path().join("not/made/yet")));
        assert_eq!(near_folder(dir.path()), None);
        assert!(!host_name().is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn a_place_that_others_can_look_into_is_not_taken() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join("daypack-0");
        prepare(&place).unwrap();
        std::fs::set_permissions(&place, std::fs::Permissions::from_mode(0o755)).unwrap();
        assert!(prepare(&place).is_err());
        std::os::unix::fs::symlink(dir.path(), dir.path().join("link")).unwrap();
        assert!(prepare(&dir.path().join("link")).is_err());
    }
}
