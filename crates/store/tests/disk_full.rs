//! A disk that is full to the last byte: an answer of 1 MB is still saved, in the room that was kept for it, and stays.
//!
//! On real small file systems, where this user may mount.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use daypack_course::TimeMs;
use daypack_store::{Store, StoreError};

#[path = "disk_full/small.rs"]
mod small;
use small::{Small, fill};

fn save(store: &Store, text: &str, at: i64) -> Result<(), StoreError> {
    store.draft_put(&"c".into(), &"i".into(), "text", text, TimeMs(at))
}

fn text(store: &Store) -> String {
    store.draft_get(&"c".into(), &"i".into(), "text").unwrap().unwrap().text
}

fn a_large_answer_is_saved_on_a_full(kind: &str, megabytes: u64) {
    let Some(disk) = Small::mount(kind, megabytes) else { return };
    let dir = disk.at.join("data");
    let store = Store::open(&dir, TimeMs(1)).unwrap();
    save(&store, "a first text", 1).unwrap();
    store.look_after(TimeMs(2)).unwrap();
    assert!(dir.join("ballast").exists());
    fill(&disk.at);
    assert!(!store.is_short_of_space());
    let large = "m".repeat(1_000_000);
    save(&store, &large, 3).unwrap();
    assert!(store.is_short_of_space(), "downloads must pause");
    assert!(text(&store) == large);
    // It opens, and all is there, while the disk is full again.
    fill(&disk.at.join("data"));
    drop(store);
    let store = Store::open(&dir, TimeMs(4)).unwrap();
    assert!(text(&store) == large);
    // A save that finds no room at all says so and takes nothing away.
    let refused = (0..40).find_map(|n| save(&store, &format!("{n}{large}"), 5 + n).err());
    assert!(matches!(refused, Some(StoreError::NoSpace)), "{refused:?}");
    assert!(text(&store).ends_with("mmm"));
    // With room again, all goes on and the ballast comes back.
    for file in [disk.at.join("video.mp4"), dir.join("video.mp4")] {
        std::fs::remove_file(file).unwrap();
    }
    save(&store, "room again", 100).unwrap();
    store.look_after(TimeMs(200)).unwrap();
    assert!(!store.is_short_of_space() && dir.join("ballast").exists());
    drop(store);
    assert_eq!(text(&Store::open(&dir, TimeMs(300)).unwrap()), "room again");
}

#[test]
fn an_answer_of_a_megabyte_is_saved_on_a_full_tmpfs() {
    a_large_answer_is_saved_on_a_full("tmpfs", 24);
}

#[test]
fn an_answer_of_a_megabyte_is_saved_on_a_full_ext4_of_twelve_megabytes() {
    a_large_answer_is_saved_on_a_full("ext4", 12);
}

#[test]
fn without_the_ballast_the_large_answer_has_no_room() {
    let Some(disk) = Small::mount("tmpfs", 24) else { return };
    let dir = disk.at.join("data");
    let store = Store::open(&dir, TimeMs(1)).unwrap();
    save(&store, "a first text", 1).unwrap();
    fill(&disk.at);
    assert!(matches!(save(&store, &"m".repeat(1_000_000), 3), Err(StoreError::NoSpace)));
    assert_eq!(text(&store), "a first text");
}
