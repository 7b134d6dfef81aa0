//! Who uses this computer: `people.json` in the data folder, and the folders of the learners below `learners/`.
//!
//! What must stay true: the file is the old or the new one at every moment; where it is lost or cannot be read the
//! folders themselves say who there is, so that nobody's work is out of reach; it names learners and nothing of their
//! work.

use std::fs::{File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use daypack_store::{Means, Store, is_kept_out};
use serde::{Deserialize, Serialize};

use crate::afresh::sync;
use crate::api::door::LearnerView;
use crate::api::{Failure, FailureCode};

/// The file.
pub(super) const FILE: &str = "people.json";
/// The folder of the learners' folders.
pub(super) const LEARNERS: &str = "learners";
const FORMAT: u32 = 1;
/// It locks by itself after so many minutes unless somebody chose another number.
const IDLE_MINUTES: u32 = 10;
/// Longest name, in characters.
const LONGEST_NAME: usize = 60;

/// Who uses this computer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct People {
    format: u32,
    /// What is being done with the folder.
    pub state: State,
    /// It locks by itself after so many minutes; 0 for never.
    pub idle_minutes: u32,
    /// In the order they came.
    pub learners: Vec<Person>,
}

/// What is being done with the folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// The work of the one learner is being sealed and moved into a folder of its own.
    Begun,
    /// Each learner has a folder.
    On,
    /// The work of the last learner is being unsealed and moved back.
    Ending,
}

/// A learner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Person {
    /// Name of the folder.
    pub id: String,
    /// As everybody sees it.
    pub name: String,
    /// The recovery code was written down.
    pub code_kept: bool,
}

impl People {
    /// The first of several.
    pub fn first(person: Person) -> Self {
        Self { format: FORMAT, state: State::Begun, idle_minutes: IDLE_MINUTES, learners: vec![person] }
    }

    /// The learner of this id, or else of this name.
    pub fn find(&self, learner: &str) -> Option<&Person> {
        let by_id = self.learners.iter().find(|person| person.id == learner);
        by_id.or_else(|| self.learners.iter().find(|person| is_same(&person.name, learner)))
    }

    /// Changes a learner.
    pub fn change(&mut self, id: &str, change: impl FnOnce(&mut Person)) {
        if let Some(person) = self.learners.iter_mut().find(|person| person.id == id) {
            change(person);
        }
    }

    /// A name that can be taken. Errors: `name_taken`.
    pub fn fair_name(&self, name: &str) -> Result<String, Failure> {
        let name = fair_name(name)?;
        match self.learners.iter().any(|person| is_same(&person.name, &name)) {
            true => Err(Failure::new(FailureCode::NameTaken).fact("name", name)),
            false => Ok(name),
        }
    }

    /// As the page sees them.
    pub fn views(&self) -> Vec<LearnerView> {
        self.learners.iter().map(|p| LearnerView { id: p.id.clone(), name: p.name.clone() }).collect()
    }

    /// Keeps the list; durable on return.
    pub fn save(&self, dir: &Path) -> io::Result<()> {
        let temp = dir.join("people.new");
        let mut file = File::create(&temp)?;
        file.write_all(&serde_json::to_vec_pretty(self)?)?;
        file.sync_all()?;
        drop(file);
        std::fs::rename(&temp, dir.join(FILE))?;
        sync(dir)
    }
}

/// A name for somebody; `name_taken` for none.
pub(super) fn fair_name(name: &str) -> Result<String, Failure> {
    let name: String = name.chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect();
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    match name.is_empty() {
        true => Err(Failure::new(FailureCode::NameTaken).fact("name", name)),
        false => Ok(name),
    }
}

fn is_same(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.trim().to_lowercase()
}

/// The folder of a learner.
pub(super) fn folder(dir: &Path, id: &str) -> PathBuf {
    dir.join(LEARNERS).join(id)
}

/// Whether several people use the folder, or it is on the way there or back.
pub(crate) fn is_shared(dir: &Path) -> bool {
    dir.join(FILE).exists() || is_kept_out(dir)
}

/// Who there is; `None` where one person uses the folder. Errors: `newer_database` for a list of a newer Daypack.
pub(super) fn read(dir: &Path) -> Result<Option<People>, Failure> {
    let text = match std::fs::read(dir.join(FILE)) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(if is_kept_out(dir) { Some(by_folders(dir)) } else { None });
        }
        Err(error) => return Err(crate::failure::io(&error)),
    };
    match serde_json::from_slice::<People>(&text) {
        Ok(people) if people.format > FORMAT => Err(FailureCode::NewerDatabase.into()),
        Ok(people) => Ok(Some(people)),
        Err(error) => {
            tracing::warn!(%error, "the list of learners is damaged; it is made anew from their folders");
            Ok(Some(by_folders(dir)))
        }
    }
}

/// Who there is by the folders alone: names are lost.
fn by_folders(dir: &Path) -> People {
    let mut ids: Vec<String> = std::fs::read_dir(dir.join(LEARNERS))
        .map(|all| all.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect())
        .unwrap_or_default();
    ids.retain(|id| !id.starts_with('.') && Store::is_sealed(&folder(dir, id), &Means::default()));
    ids.sort_unstable();
    let number = |(at, id): (usize, String)| Person { id, name: (at + 1).to_string(), code_kept: true };
    People {
        format: FORMAT,
        state: State::On,
        idle_minutes: IDLE_MINUTES,
        learners: ids.into_iter().enumerate().map(number).collect(),
    }
}

/// Owns the folder. Errors: `in_use`.
pub(super) fn own(dir: &Path) -> Result<File, Failure> {
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(dir.join("daypack.lock"))
        .map_err(|e| crate::failure::io(&e))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(FailureCode::InUse.into()),
        Err(TryLockError::Error(error)) => Err(crate::failure::io(&error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(id: &str, name: &str) -> Person {
        Person { id: id.into(), name: name.into(), code_kept: false }
    }

    #[test]
    fn two_learners_have_two_names_and_a_name_is_something() {
        let people = People::first(person("1", "Ada"));
        assert_eq!(people.fair_name("  Grace \n Hopper ").ok(), Some("Grace Hopper".into()));
        for taken in ["ada", " ADA ", "", " \u{7} "] {
            assert_eq!(people.fair_name(taken).map_err(|f| f.code), Err(FailureCode::NameTaken), "{taken:?}");
        }
        assert_eq!(people.find("1"), people.find("ada"));
        assert_eq!(people.find("../1"), None);
    }

    #[test]
    fn a_lost_or_damaged_list_is_made_anew_from_the_folders() -> io::Result<()> {
        let dir = tempfile::tempdir()?;
        let dir = dir.path();
        assert_eq!(read(dir).ok(), Some(None), "one person");
        daypack_store::keep_out(dir).map_err(io::Error::other)?;
        std::fs::create_dir_all(folder(dir, "b").join("sealed"))?;
        std::fs::create_dir_all(folder(dir, ".new-c").join("sealed"))?;
        for damaged in [None, Some("{")] {
            if let Some(text) = damaged {
                std::fs::write(dir.join(FILE), text)?;
            }
            let found = read(dir).ok().flatten().map(|people| people.views());
            assert_eq!(found, Some(vec![LearnerView { id: "b".into(), name: "1".into() }]));
        }
        std::fs::write(dir.join(FILE), r#"{"format":2,"state":"on","idle_minutes":1,"learners":[]}"#)?;
        assert_eq!(read(dir).map_err(|f| f.code), Err(FailureCode::NewerDatabase));
        Ok(())
    }
}
