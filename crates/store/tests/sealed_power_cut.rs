//! The power may go at any moment in a sealed folder: what was called saved is there afterwards. Control: the same
//! comparison does not hold for a deed that was not saved yet.

// SQLite's VFS is a C interface (disk.rs); nothing else of the store is unsafe.
#![allow(unsafe_code, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

#[path = "power_cut/crash.rs"]
#[allow(dead_code)]
mod crash;
#[path = "power_cut/disk.rs"]
#[allow(dead_code)]
mod disk;
#[path = "sealed_folder/life.rs"]
#[allow(dead_code)]
mod life;

use std::collections::HashSet;
use std::sync::Arc;

use crash::{Replay, lucks};
use daypack_course::TimeMs;
use daypack_store::{Means, Store};
use disk::{Beside, Files};
use life::{a_box, answer, answers, begin, files, folder};

#[test]
fn whatever_was_called_saved_in_a_sealed_folder_survives_a_power_cut_at_any_moment() {
    // Sealed on the computer's own disk: the one in memory is not below SQLite yet.
    let (dir, (lockbox, key, _)) = (folder(), a_box());
    let near: Arc<daypack_store::Near> = Arc::new(|_| None);
    begin(&Store::open(dir.path(), TimeMs(0)).unwrap());
    let own = Means { near: Arc::clone(&near), ..Means::default() };
    Store::seal_folder(dir.path(), TimeMs(0), &lockbox, &key, &own).unwrap();
    let sealed = dir.path().join("sealed");
    let before: Files = files(&sealed)
        .into_iter()
        .map(|(path, bytes)| (path.to_string_lossy().into_owned(), bytes))
        .collect();

    let turn = disk::insert();
    turn.load(before.clone(), None);
    let means = Means { disk: Arc::new(Beside), near, host: "here".into(), ..Means::default() };
    let open = || Store::open_sealed_with(dir.path(), TimeMs(0), &key, &means);
    let mut held = Vec::new();
    for _ in 0..2 {
        let store = open().unwrap();
        held.extend(held.is_empty().then(|| answers(&store)));
        for _ in 0..6 {
            answer(&store, held.len());
            turn.saved(held.len());
            held.push(answers(&store));
        }
    }
    let events = turn.events();
    let (mut replay, mut tried) = (Replay::of(&before), HashSet::new());
    let (mut states, mut next_missing) = (0, 0);
    for (moment, event) in events.iter().enumerate() {
        replay.step(event);
        for luck in lucks(moment) {
            let (left, same) = replay.cut(luck);
            if !tried.insert(same) {
                continue;
            }
            states += 1;
            turn.load(left, None);
            let store = open().unwrap_or_else(|error| panic!("{moment} {luck:?}: {error}"));
            assert!(store.opened().recovered.is_none(), "{moment} {luck:?}: {:?}", store.opened());
            let found = answers(&store);
            let (saved, next) = (&held[replay.saved], held.get(replay.saved + 1));
            assert!(found == *saved || Some(&found) == next, "{moment} {luck:?}");
            next_missing += usize::from(next.is_some_and(|next| *next != found));
        }
    }
    println!("{} events, {states} different disks", events.len());
    assert!(states > 200, "{states}");
    assert!(next_missing > states / 20, "the control: {next_missing} of {states}");
}
