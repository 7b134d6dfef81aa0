//! A sealed folder: nothing a learner made can be read in it, all of it comes back, and sealing it can be cut off at
//! any step. Controls: the same searches find the text in the plain folder, and a plain wreck is met the same way.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

#[path = "sealed_folder/failing.rs"]
mod failing;
#[path = "sealed_folder/life.rs"]
mod life;

use std::path::Path;
use std::sync::Arc;

use daypack_course::TimeMs;
use daypack_store::{Damage, LearnerKey, Lockbox, Means, Secret, Store, StoreError};
use failing::Failing;
use life::{CANARY, LIGHT, PASSPHRASE, a_box, answer, facts, files, files_with, folder, live};

fn means() -> Means {
    Means { near: Arc::new(|_| None), ..Means::default() }
}

fn open(dir: &Path, key: &LearnerKey) -> Store {
    Store::open_sealed_with(dir, TimeMs(50), key, &means()).unwrap()
}

/// A plain folder with work, a backup and a damaged file, closed.
fn plain(dir: &Path) -> Vec<String> {
    let store = Store::open(dir, TimeMs(10)).unwrap();
    live(&store);
    store.backup_now(TimeMs(11)).unwrap().unwrap();
    answer(&store, 6);
    let facts = facts(&store);
    drop(store);
    std::fs::write(dir.join("learner.db.damaged-3"), format!("{CANARY} odd length")).unwrap();
    std::fs::write(dir.join("unplaced-3.json"), format!("[\"{CANARY}\"]")).unwrap();
    facts
}

fn sealed(dir: &Path) -> (Vec<String>, Lockbox, LearnerKey) {
    let facts = plain(dir);
    let (lockbox, key, _) = a_box();
    Store::seal_folder(dir, TimeMs(20), &lockbox, &key, &means()).unwrap();
    (facts, lockbox, key)
}

#[test]
fn sealing_and_unsealing_say_how_far_they_are() {
    let dir = folder();
    plain(dir.path());
    let (lockbox, key, _) = a_box();
    let told = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let hear = std::sync::Arc::clone(&told);
    let telling = Means {
        progress: std::sync::Arc::new(move |done, all| hear.lock().unwrap().push((done, all))),
        ..means()
    };
    Store::seal_folder(dir.path(), TimeMs(20), &lockbox, &key, &telling).unwrap();
    let sealing = std::mem::take(&mut *told.lock().unwrap());
    Store::unseal_folder(dir.path(), TimeMs(30), &key, &telling).unwrap();
    let unsealing = std::mem::take(&mut *told.lock().unwrap());
    for steps in [sealing, unsealing] {
        assert!(steps.len() > 3 && steps.is_sorted(), "{steps:?}");
        assert!(steps.iter().all(|step| step.1 == steps[0].1));
        assert_eq!((steps[0].0, steps[steps.len() - 1].0), (0, steps[0].1), "from nothing to all");
    }
}

#[test]
fn nothing_a_learner_made_can_be_read_in_a_sealed_folder_and_all_of_it_is_there() {
    let dir = folder();
    let before = plain(dir.path());
    let found = files_with(dir.path(), CANARY).len();
    assert!(found >= 7, "the control: database, journal, backup, file, feedback, set aside: {found}");
    let (lockbox, key, _) = a_box();
    Store::seal_folder(dir.path(), TimeMs(20), &lockbox, &key, &means()).unwrap();
    assert_eq!(files_with(dir.path(), CANARY), Vec::<std::path::PathBuf>::new());
    let store = open(dir.path(), &key);
    assert_eq!(facts(&store), before);
    assert!(store.opened().recovered.is_none() && store.opened().left_plain.is_empty());
    // Living on in it.
    for n in 10..60 {
        answer(&store, n);
        assert!(n % 10 != 0 || files_with(dir.path(), CANARY).is_empty(), "with its write-ahead log");
    }
    store.draft_put(&"c".into(), &"i".into(), "other", CANARY, TimeMs(60)).unwrap();
    store.mine().import_reader(CANARY.as_bytes(), None).unwrap();
    store.backup_now(TimeMs(70)).unwrap().unwrap();
    answer(&store, 61);
    for text in [CANARY, "SQLite format 3", "because because"] {
        assert_eq!(files_with(dir.path(), text), Vec::<std::path::PathBuf>::new(), "{text}");
    }
    let after = facts(&store);
    drop(store);
    let store = open(dir.path(), &key);
    assert_eq!(facts(&store), after);
    drop(store);
    // And back.
    Store::unseal_folder(dir.path(), TimeMs(80), &key, &means()).unwrap();
    assert!(!dir.path().join("sealed").exists() && !dir.path().join("plain.new").exists());
    let store = Store::open(dir.path(), TimeMs(90)).unwrap();
    assert!(store.opened().recovered.is_none());
    assert_eq!(facts(&store), after);
    let aside = std::fs::read_to_string(dir.path().join("learner.db.damaged-3")).unwrap();
    assert_eq!(aside, format!("{CANARY} odd length"));
}

#[test]
fn another_key_is_refused_and_not_a_byte_changes() {
    let dir = folder();
    let (_, _, key) = sealed(dir.path());
    drop(open(dir.path(), &key));
    let before = files(dir.path());
    let other = a_box().1;
    let refused = Store::open_sealed_with(dir.path(), TimeMs(50), &other, &means());
    assert!(matches!(refused, Err(StoreError::WrongKey)));
    assert!(matches!(Store::open(dir.path(), TimeMs(50)), Err(StoreError::Sealed)));
    let undone = Store::unseal_folder(dir.path(), TimeMs(50), &other, &means());
    assert!(matches!(undone, Err(StoreError::WrongKey)));
    let wrong = Store::unlock(dir.path(), &Secret::new("a long talk"), &means());
    assert!(matches!(wrong, Err(StoreError::WrongKey)));
    assert!(files(dir.path()) == before);
    let never = folder();
    plain(never.path());
    let before = files(never.path());
    let refused = Store::open_sealed_with(never.path(), TimeMs(50), &other, &means());
    assert!(matches!(refused, Err(StoreError::NotSealed)));
    assert!(files(never.path()) == before);
}

#[test]
fn a_new_passphrase_opens_the_old_one_does_not_and_the_recovery_code_does() {
    let dir = folder();
    let before = plain(dir.path());
    let (lockbox, key, code) = a_box();
    Store::seal_folder(dir.path(), TimeMs(20), &lockbox, &key, &means()).unwrap();
    let store = open(dir.path(), &Store::unlock(dir.path(), &Secret::new(PASSPHRASE), &means()).unwrap());
    let new = store.lockbox().unwrap().with_passphrase(&key, &Secret::new("a short swim"), LIGHT).unwrap();
    assert!(matches!(store.put_lockbox(&a_box().1, &a_box().0), Err(StoreError::WrongKey)));
    store.put_lockbox(&key, &new).unwrap();
    drop(store);
    let unlock = |word: &str| Store::unlock(dir.path(), &Secret::new(word), &means());
    assert!(matches!(unlock(PASSPHRASE), Err(StoreError::WrongKey)));
    assert_eq!(facts(&open(dir.path(), &unlock("a short swim").unwrap())), before);
    // One of the two lockboxes is gone: the other opens, and it is two again.
    for lost in ["sealed/lockbox.json", "sealed/backups/lockbox.json"] {
        std::fs::write(dir.path().join(lost), "").unwrap();
        assert_eq!(facts(&open(dir.path(), &unlock("a short swim").unwrap())), before);
        assert!(std::fs::metadata(dir.path().join(lost)).unwrap().len() > 100);
    }
    let by_code = Store::unlock_by_code(dir.path(), &code, &means()).unwrap();
    assert_eq!(facts(&open(dir.path(), &by_code)), before);
}

#[test]
fn a_damaged_sealed_database_is_got_back_and_nothing_of_it_becomes_readable() {
    let dir = folder();
    let (before, _, key) = sealed(dir.path());
    let path = dir.path().join("sealed/learner.db");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[..4096].fill(7);
    std::fs::write(&path, &bytes).unwrap();
    let store = open(dir.path(), &key);
    let recovered = store.opened().recovered.clone().unwrap();
    assert_eq!(recovered.why, Damage::Unreadable);
    assert!(recovered.backup.is_some() && recovered.from_journal > 0, "{recovered:?}");
    assert_eq!(std::fs::read(recovered.damaged.unwrap()).unwrap(), bytes, "kept as it was");
    assert_eq!(facts(&store), before);
    assert_eq!(files_with(dir.path(), CANARY), Vec::<std::path::PathBuf>::new());
    drop(store);
    // The control: without the journal the answer after the backup is not got back.
    std::fs::remove_dir_all(dir.path().join("sealed/journal")).unwrap();
    for entry in std::fs::read_dir(dir.path().join("sealed/backups")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "db") && !path.ends_with("learner-11.db") {
            std::fs::remove_file(path).unwrap();
        }
    }
    std::fs::write(&path, &bytes).unwrap();
    assert!(facts(&open(dir.path(), &key)).len() < before.len());
}

fn copy(from: &Path, to: &Path) {
    for (path, bytes) in files(from) {
        let to = to.join(path.strip_prefix(from).unwrap());
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::write(to, bytes).unwrap();
    }
}

/// Does `deed` on a copy of the folder, killed at each step; what is left must be whole and one of the two.
fn killed_everywhere(
    model: &Path,
    key: &LearnerKey,
    before: &[String],
    deed: &dyn Fn(&Path, &Means) -> bool,
) -> [usize; 2] {
    let mut seen = [0, 0];
    for step in 0.. {
        let dir = folder();
        copy(model, dir.path());
        let failing = Failing::after(step);
        let done = deed(dir.path(), &Means { disk: Arc::new(failing.clone()), ..means() });
        assert!(done || failing.has_failed(), "step {step}: it failed by itself");
        let is_sealed = Store::is_sealed(dir.path(), &means());
        seen[usize::from(is_sealed)] += 1;
        let store = match is_sealed {
            true => open(dir.path(), key),
            false => Store::open(dir.path(), TimeMs(50)).unwrap(),
        };
        assert!(store.opened().recovered.is_none(), "step {step}: {:?}", store.opened());
        assert!(store.opened().left_plain.is_empty(), "step {step}");
        assert_eq!(facts(&store), before, "step {step}");
        drop(store);
        if is_sealed {
            assert_eq!(files_with(dir.path(), CANARY), Vec::<std::path::PathBuf>::new(), "step {step}");
        }
        for rest in ["sealed.new", "sealed.old", "plain.new", "wiping"] {
            assert!(!dir.path().join(rest).exists(), "step {step}: {rest}");
        }
        if !failing.has_failed() {
            break;
        }
    }
    seen
}

#[test]
fn sealing_killed_at_any_step_leaves_one_whole_folder() {
    let (model, (lockbox, key, _)) = (folder(), a_box());
    let before = plain(model.path());
    let seen = killed_everywhere(model.path(), &key, &before, &|dir, means| {
        Store::seal_folder(dir, TimeMs(20), &lockbox, &key, means).is_ok()
    });
    println!("{} times still plain, {} times sealed", seen[0], seen[1]);
    assert!(seen[0] > 20 && seen[1] > 15, "{seen:?}");
}

#[test]
fn unsealing_killed_at_any_step_leaves_one_whole_folder() {
    let model = folder();
    let (before, _, key) = sealed(model.path());
    let seen = killed_everywhere(model.path(), &key, &before, &|dir, means| {
        Store::unseal_folder(dir, TimeMs(30), &key, means).is_ok()
    });
    println!("{} times plain, {} times still sealed", seen[0], seen[1]);
    assert!(seen[0] > 10 && seen[1] > 15, "{seen:?}");
}

#[test]
fn a_plain_file_that_changed_after_it_was_taken_is_kept_and_told() {
    let (dir, (lockbox, key, _)) = (folder(), a_box());
    let before = plain(dir.path());
    // Killed right after the switch: the first failing step that leaves a sealed folder.
    for step in 0.. {
        let failing = Means { disk: Arc::new(Failing::after(step)), ..means() };
        let _ = Store::seal_folder(dir.path(), TimeMs(20), &lockbox, &key, &failing);
        if Store::is_sealed(dir.path(), &means()) {
            break;
        }
    }
    let path = dir.path().join("learner.db");
    std::fs::write(&path, "an older Daypack wrote this").unwrap();
    let store = open(dir.path(), &key);
    assert_eq!(store.opened().left_plain, std::slice::from_ref(&path));
    assert_eq!(facts(&store), before);
    drop(store);
    Store::unseal_folder(dir.path(), TimeMs(30), &key, &means()).unwrap();
    assert_eq!(facts(&Store::open(dir.path(), TimeMs(40)).unwrap()), before);
    let kept = std::fs::read_to_string(dir.path().join("learner.db.found-30")).unwrap();
    assert_eq!(kept, "an older Daypack wrote this");
}
