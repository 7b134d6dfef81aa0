//! Starting afresh: what the data folder holds is moved into a folder inside it, and nothing is deleted.
//!
//! It is asked for while the program runs and done at the next start, before anything is opened. A crash in the
//! middle is finished by the start after it: the note goes last.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use daypack_course::TimeMs;
use daypack_store::{Means, Store, StoreError};

/// The note: its text is the name of the folder.
const NOTE: &str = "start-afresh";
/// Earlier data lie in folders of this name and a number.
const ASIDE: &str = "before-";
/// What belongs to the folder and not to the learner.
const STAYS: [&str; 4] = ["daypack.lock", "owner.sock", "logs", NOTE];

/// Asks for it; returns the folder where everything will lie.
pub(crate) fn ask(dir: &Path, now: TimeMs) -> io::Result<PathBuf> {
    let mut stamp = now.0;
    while dir.join(format!("{ASIDE}{stamp}")).exists() {
        stamp = stamp.saturating_add(1);
    }
    let name = format!("{ASIDE}{stamp}");
    let temp = dir.join("start-afresh.new");
    std::fs::write(&temp, &name)?;
    File::open(&temp)?.sync_all()?;
    std::fs::rename(&temp, dir.join(NOTE))?;
    sync(dir)?;
    Ok(dir.join(name))
}

/// Does what was asked for. Nothing when nothing was asked, or while another process owns the folder.
///
/// On a network home the live databases on this computer go aside, too, before anything else: a database that stayed
/// would be taken for the learner's at the next start. `InUseElsewhere` while another computer has the folder.
pub(crate) fn perform(dir: &Path, now: TimeMs, means: &Means) -> Result<(), StoreError> {
    let note = dir.join(NOTE);
    let Ok(name) = std::fs::read_to_string(&note) else { return Ok(()) };
    let lock = File::options().create(true).truncate(false).write(true).open(dir.join("daypack.lock"))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(()),
        Err(TryLockError::Error(error)) => return Err(error.into()),
    }
    if name.strip_prefix(ASIDE).is_none_or(|n| n.is_empty() || n.contains(|c: char| !c.is_ascii_digit())) {
        // Not ours: nothing is moved on its word.
        return Ok(std::fs::remove_file(&note)?);
    }
    Store::put_live_aside(dir, &name, now, means)?;
    let aside = dir.join(&name);
    std::fs::create_dir_all(&aside)?;
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        let stays = name.to_str().is_some_and(|n| STAYS.contains(&n) || n.starts_with(ASIDE));
        if !stays {
            std::fs::rename(entry.path(), aside.join(name))?;
        }
    }
    sync(&aside)?;
    sync(dir)?;
    std::fs::remove_file(&note)?;
    tracing::info!(folder = name, "everything was put aside");
    Ok(sync(dir)?)
}

/// Puts on the disk which names a folder has.
pub(crate) fn sync(dir: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(dir)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = dir;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    type Tried = Result<(), Box<dyn std::error::Error>>;

    fn perform_here(dir: &Path) -> Result<(), StoreError> {
        perform(dir, TimeMs(9), &Means::default())
    }

    #[test]
    fn on_a_network_home_the_work_on_this_computer_goes_aside_too() -> Tried {
        for is_far in [true, false] {
            let (home, disks) = (tempfile::tempdir()?, tempfile::tempdir()?);
            let near = disks.path().join("lab-1");
            let means = Means {
                near: std::sync::Arc::new(move |_| Some(near.clone())),
                host: "lab-1".to_owned(),
                ..Means::default()
            };
            let saved = |store: &Store| store.draft_get(&"c".into(), &"i".into(), "text");
            let store = Store::open_with(home.path(), TimeMs(1), &means)?;
            store.draft_put(&"c".into(), &"i".into(), "text", "of before", TimeMs(2))?;
            drop(store);
            ask(home.path(), TimeMs(3))?;
            if is_far {
                perform(home.path(), TimeMs(4), &means)?;
            } else {
                // The control: somebody who forgets this computer's disk gets the old work back.
                perform_here(home.path())?;
            }
            let store = Store::open_with(home.path(), TimeMs(5), &means)?;
            assert_eq!(saved(&store)?.is_none(), is_far);
            assert!(store.opened().recovered.is_none());
            drop(store);
            let aside = disks.path().join("lab-1/before-3");
            assert_eq!(aside.join("learner.db").exists(), is_far, "put aside, not deleted");
            assert!(home.path().join("before-3/journal").exists());
        }
        Ok(())
    }

    #[test]
    fn nothing_is_put_aside_while_another_computer_has_the_folder() -> Tried {
        let (home, disks) = (tempfile::tempdir()?, tempfile::tempdir()?);
        let near = disks.path().join("lab-1");
        let means = Means {
            near: std::sync::Arc::new(move |_| Some(near.clone())),
            host: "lab-1".to_owned(),
            ..Means::default()
        };
        std::fs::write(home.path().join("mine"), "work")?;
        std::fs::write(home.path().join("lease.json"), r#"{"host":"library-3","at":1}"#)?;
        ask(home.path(), TimeMs(3))?;
        let refused = perform(home.path(), TimeMs(4), &means);
        assert!(matches!(refused, Err(StoreError::InUseElsewhere { .. })));
        assert!(home.path().join("mine").exists());
        Ok(())
    }

    fn names(dir: &Path) -> Vec<String> {
        let mut all: Vec<_> = std::fs::read_dir(dir)
            .map(|d| d.flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect())
            .unwrap_or_default();
        all.sort();
        all
    }

    #[test]
    fn everything_is_moved_and_nothing_deleted_also_after_a_crash_in_the_middle() -> Tried {
        let dir = tempfile::tempdir()?;
        let dir = dir.path();
        for name in ["learner.db", "learner.db-wal", "secrets.json"] {
            std::fs::write(dir.join(name), name)?;
        }
        std::fs::create_dir(dir.join("mine"))?;
        std::fs::create_dir(dir.join("before-3"))?;
        perform_here(dir)?;
        assert!(dir.join("learner.db").exists(), "the control: nothing moves unasked");
        let aside = ask(dir, TimeMs(3))?;
        assert_eq!(aside, dir.join("before-4"));
        // The crash: one file was moved, the note is still there.
        std::fs::create_dir(&aside)?;
        std::fs::rename(dir.join("learner.db-wal"), aside.join("learner.db-wal"))?;
        perform_here(dir)?;
        assert_eq!(names(&aside), ["learner.db", "learner.db-wal", "mine", "secrets.json"]);
        assert_eq!(std::fs::read_to_string(aside.join("learner.db"))?, "learner.db");
        assert_eq!(names(dir), ["before-3", "before-4", "daypack.lock"]);
        Ok(())
    }

    #[test]
    fn a_strange_note_moves_nothing() -> Tried {
        let dir = tempfile::tempdir()?;
        std::fs::write(dir.path().join("learner.db"), "x")?;
        for strange in ["../elsewhere", "before-", "before-1/../..", ""] {
            std::fs::write(dir.path().join(NOTE), strange)?;
            perform_here(dir.path())?;
            assert!(dir.path().join("learner.db").exists(), "{strange}");
        }
        Ok(())
    }
}
