//! A disk that is full to the last byte: an answer of 1 MB is still saved, in the room that was kept for it, and stays.
//!
//! On real small file systems: a tmpfs and an ext4 on a loop device, where this user may mount; else it is said.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use daypack_course::TimeMs;
use daypack_store::{Store, StoreError};

/// A small file system, unmounted when dropped.
struct Small {
    at: PathBuf,
    _dir: tempfile::TempDir,
}

impl Small {
    /// `None`, and said, where this user may not mount.
    fn mount(kind: &str, megabytes: u64) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path().join("disk");
        std::fs::create_dir(&at).unwrap();
        let mounted = match kind {
            "tmpfs" => ran(Command::new("mount")
                .args(["-t", "tmpfs", "-o", &format!("size={megabytes}m"), "tmpfs"])
                .arg(&at)),
            _ => {
                let image = dir.path().join("image");
                std::fs::File::create(&image).unwrap().set_len(megabytes << 20).unwrap();
                ran(Command::new("mkfs.ext4").args(["-q", "-F", "-m", "0"]).arg(&image))
                    && ran(Command::new("mount").args(["-o", "loop"]).arg(&image).arg(&at))
            }
        };
        if !mounted {
            println!("NOT RUN: mounting a {kind} of {megabytes} MB is not possible for this user here");
            return None;
        }
        Some(Self { at, _dir: dir })
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        ran(Command::new("umount").arg(&self.at));
    }
}

fn ran(command: &mut Command) -> bool {
    command.output().is_ok_and(|out| out.status.success())
}

/// Writes until nothing goes on the disk any more, then byte by byte.
fn fill(dir: &Path) {
    let mut file = std::fs::File::create(dir.join("video.mp4")).unwrap();
    for block in [1 << 20, 64 << 10, 4 << 10, 1] {
        let bytes = vec![7_u8; block];
        while file.write_all(&bytes).is_ok() {}
    }
    let _ = file.sync_all();
}

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
