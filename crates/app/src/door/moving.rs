//! Moving one learner's things from the data folder into a folder of their own, and back.
//!
//! What must stay true: nothing is put over a file and nothing is deleted; each step can be done again, so that a start
//! after a crash finishes what was begun: sealed work goes into the learner's folder, unsealed work comes back. Whether
//! the work is sealed is decided by one rename in `store`, and that decides which way it goes.

use std::io;
use std::path::Path;

use daypack_course::TimeMs;
use daypack_store::{Means, Store, is_kept_out, keep_out};

use super::people::{self, FILE, LEARNERS, People, State, folder};
use crate::afresh::sync;
use crate::api::Failure;
use crate::failure;

/// What belongs to the data folder and not to a learner.
const STAYS: [&str; 6] = ["daypack.lock", "owner.sock", "logs", FILE, "people.new", LEARNERS];

/// Finishes what was begun with the folder, which must be owned. `None` where one person uses it (again).
pub(super) fn settle(dir: &Path, now: TimeMs) -> Result<Option<People>, Failure> {
    let Some(mut people) = people::read(dir)? else { return Ok(None) };
    let means = Means::default();
    let io = |error: io::Error| failure::io(&error);
    let first = people.learners.first().map(|person| person.id.clone()).unwrap_or_default();
    let own = folder(dir, &first);
    match people.state {
        State::On => {}
        State::Begun if Store::is_sealed(dir, &means) || Store::is_sealed(&own, &means) => {
            into_folder(dir, &first).map_err(io)?;
            people.state = State::On;
        }
        State::Begun => {
            std::fs::remove_file(dir.join(FILE)).map_err(io)?;
            sync(dir).map_err(io)?;
            return Ok(None);
        }
        State::Ending if Store::is_sealed(&own, &means) => people.state = State::On,
        State::Ending => {
            back(dir, &first, now)?;
            return Ok(None);
        }
    }
    if let Err(error) = keep_out(dir) {
        // An older Daypack was here before the mark: what it made stays, and nobody is kept from their work.
        tracing::warn!(%error, "the folder is not marked for older programs");
    }
    people.save(dir).map_err(io)?;
    Ok(Some(people))
}

fn into_folder(dir: &Path, id: &str) -> io::Result<()> {
    let own = folder(dir, id);
    crate::make_folder(&own)?;
    let is_mark = is_kept_out(dir);
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        let stays = name
            .to_str()
            .is_some_and(|n| STAYS.contains(&n) || n.ends_with(".sock") || is_mark && n == "learner.db");
        if !stays {
            std::fs::rename(entry.path(), own.join(&name))?;
        }
    }
    sync(&own)?;
    sync(dir)
}

/// Brings the unsealed folder of the last learner back.
fn back(dir: &Path, id: &str, now: TimeMs) -> Result<(), Failure> {
    let own = folder(dir, id);
    let io = |error: io::Error| failure::io(&error);
    if own.is_dir() {
        if own.join("daypack.lock").exists() {
            // An unsealing that was cut off is finished before anything moves. The lock goes first of what stays
            // behind, so it tells whether moving has begun.
            drop(Store::open(&own, now)?);
            std::fs::remove_file(own.join("daypack.lock")).map_err(io)?;
        }
        for entry in std::fs::read_dir(&own).map_err(io)? {
            let entry = entry.map_err(io)?;
            let to = dir.join(entry.file_name());
            // The mark is replaced in the one step that brings the database.
            if to.exists() && !(entry.file_name() == "learner.db" && is_kept_out(dir)) {
                let aside = format!("{}.found-{}", entry.file_name().to_string_lossy(), now.0);
                std::fs::rename(&to, dir.join(aside)).map_err(io)?;
            }
            std::fs::rename(entry.path(), &to).map_err(io)?;
        }
        std::fs::remove_dir(&own).map_err(io)?;
    }
    sync(dir).map_err(io)?;
    // What else lies there (a folder that was never finished) stays.
    let _ = std::fs::remove_dir(dir.join(LEARNERS));
    std::fs::remove_file(dir.join(FILE)).map_err(io)?;
    sync(dir).map_err(io)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::PathBuf;

    use daypack_store::{Effort, LearnerKey, Lockbox, Secret};

    use super::people::Person;
    use super::*;

    type Tried = Result<(), Box<dyn std::error::Error>>;

    fn names(dir: &Path) -> io::Result<BTreeSet<String>> {
        std::fs::read_dir(dir)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
    }

    /// A sealed folder with things of all kinds beside it, "begun" with the learner `one`.
    fn begun(dir: &Path) -> Result<LearnerKey, Box<dyn std::error::Error>> {
        let effort = Effort { memory_kib: 64, passes: 1 };
        let (lockbox, key, _) = Lockbox::new(&Secret::new("a long walk"), effort)?;
        let person = Person { id: "one".into(), name: "Ada".into(), code_kept: true };
        People::first(person).save(dir)?;
        std::fs::create_dir_all(dir.join("before-3"))?;
        std::fs::write(dir.join("before-3/learner.db"), "earlier")?;
        std::fs::create_dir(dir.join("logs"))?;
        std::fs::write(dir.join("secrets.sealed"), "{}")?;
        Store::seal_folder(dir, TimeMs(1), &lockbox, &key, &Means::default())?;
        Ok(key)
    }

    /// What a crash left: so many of the entries have moved.
    fn some_moved(from: &Path, to: &Path, stays: &[&str], number: usize) -> io::Result<usize> {
        std::fs::create_dir_all(to)?;
        let all: Vec<PathBuf> = names(from)?
            .into_iter()
            .filter(|name| !stays.contains(&name.as_str()))
            .map(PathBuf::from)
            .collect();
        for name in all.iter().take(number) {
            std::fs::rename(from.join(name), to.join(name))?;
        }
        Ok(all.len())
    }

    #[test]
    fn moving_in_that_was_cut_off_anywhere_is_finished() -> Tried {
        let mut number = 0;
        loop {
            let dir = tempfile::tempdir()?;
            let (dir, own) = (dir.path(), folder(dir.path(), "one"));
            let key = begun(dir)?;
            let of = some_moved(dir, &own, &STAYS, number)?;
            let people = settle(dir, TimeMs(2))?;
            assert_eq!(people.map(|people| people.state), Some(State::On), "after {number} of {of}");
            let left: BTreeSet<_> = names(dir)?;
            let stays = ["daypack.lock", "learner.db", "learners", "logs", FILE];
            assert_eq!(left, stays.iter().map(|&name| name.to_owned()).collect(), "after {number}");
            assert!(is_kept_out(dir) && own.join("secrets.sealed").exists());
            drop(Store::open_sealed(&own, TimeMs(3), &key)?);
            // And once more changes nothing.
            assert_eq!(settle(dir, TimeMs(4))?.map(|people| people.state), Some(State::On));
            number += 1;
            if number > of {
                assert!(of >= 3, "{of}");
                return Ok(());
            }
        }
    }

    #[test]
    fn moving_back_that_was_cut_off_anywhere_is_finished() -> Tried {
        let mut number = 0;
        loop {
            let dir = tempfile::tempdir()?;
            let (dir, own) = (dir.path(), folder(dir.path(), "one"));
            let key = begun(dir)?;
            let Some(mut people) = settle(dir, TimeMs(2))? else { return Err("nobody".into()) };
            people.state = State::Ending;
            people.save(dir)?;
            Store::unseal_folder(&own, TimeMs(3), &key, &Means::default())?;
            let expected = std::fs::read(own.join("learner.db"))?;
            let mut of = 0;
            if number > 0 {
                std::fs::remove_file(own.join("daypack.lock"))?;
                of = some_moved(&own, dir, &[], number - 1)?;
            }
            assert_eq!(settle(dir, TimeMs(4))?, None, "after {number} of {of}");
            assert!(!dir.join(LEARNERS).exists() && !dir.join(FILE).exists() && !is_kept_out(dir));
            if number > 0 {
                assert_eq!(std::fs::read(dir.join("learner.db"))?, expected);
            }
            assert_eq!(std::fs::read_to_string(dir.join("before-3/learner.db"))?, "earlier");
            drop(Store::open(dir, TimeMs(5))?);
            number += 1;
            if number > 1 && number > of + 1 {
                assert!(of >= 5, "{of}");
                return Ok(());
            }
        }
    }

    #[test]
    fn what_was_begun_and_not_sealed_is_as_it_was() -> Tried {
        let dir = tempfile::tempdir()?;
        let dir = dir.path();
        drop(Store::open(dir, TimeMs(1))?);
        People::first(Person { id: "one".into(), name: "Ada".into(), code_kept: true }).save(dir)?;
        assert_eq!(settle(dir, TimeMs(2))?, None);
        assert!(!dir.join(FILE).exists());
        drop(Store::open(dir, TimeMs(3))?);
        Ok(())
    }
}
