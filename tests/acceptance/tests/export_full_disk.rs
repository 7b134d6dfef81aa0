//! Taking work along onto a disk that is full: it says so, leaves no archive that looks whole, and loses nothing. On real
//! small file systems, where this user may mount.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::path::Path;

use daypack_app::api::FailureCode;
use daypack_app::api::input::*;
use daypack_app::api::takeout::ExportWork;
use daypack_app::{App, OpenOptions};
use daypack_course::work::WorkFile;
use daypack_course::{CourseId, ItemId, TimeMs};
use daypack_store::{Store, StoreError};
use daypack_tests::link::noise;

#[path = "../../../crates/store/tests/disk_full/small.rs"]
mod small;
use small::{Small, fill};

/// Larger than what is left, and nothing that packs.
const PHOTO: usize = 5 << 20;

async fn open(dir: &Path) -> App {
    let options = OpenOptions { data_dir: dir.to_owned(), quiet: true, ..OpenOptions::default() };
    App::open(options).await.expect("opens")
}

/// Closes it, and waits until the folder is free.
async fn end(app: App) {
    let dir = app.dir().to_owned();
    app.close().await;
    drop(app);
    let end = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while matches!(Store::open(&dir, TimeMs(1)), Err(StoreError::InUse)) {
        assert!(std::time::Instant::now() < end, "the folder stays held");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

fn names(dir: &Path) -> Vec<String> {
    let mut all: Vec<String> = std::fs::read_dir(dir)
        .unwrap()
        .flatten()
        .map(|e| e.file_name().to_string_lossy().into_owned())
        .collect();
    all.sort();
    all
}

fn to(path: &Path) -> ExportWork {
    ExportWork { path: path.display().to_string(), words: Default::default() }
}

async fn an_export_onto_a_full(kind: &str) {
    let Some(disk) = Small::mount(kind, 32) else { return };
    let (data, stick) = (disk.at.join("data"), disk.at.join("stick"));
    std::fs::create_dir(&stick).unwrap();
    // Straight onto the shelf: no course is brought onto a disk as small as this.
    let shelf = || Store::open(&data, TimeMs(1)).unwrap();
    let (course, item) = (CourseId::from("c"), ItemId::from("i"));
    shelf().draft_put(&course, &item, "text", "An essay that must not get lost.", TimeMs(1)).unwrap();
    let old = stick.join("my-work.zip");
    let app = open(&data).await;
    app.export_work(to(&old)).await.expect("there is room");
    let before = std::fs::read(&old).unwrap();
    end(app).await;
    let store = shelf();
    let (digest, size) = store.mine().import_reader(&noise(3, PHOTO)[..], None).unwrap();
    let file = WorkFile { digest, name: "photo.jpg".into(), size, media_type: "image/jpeg".into() };
    store.draft_file_add(&course, &item, &file).unwrap();
    drop(store);
    let app = open(&data).await;
    // All but a little is taken.
    let spare = disk.at.join("spare");
    std::fs::write(&spare, noise(4, PHOTO / 2)).unwrap();
    fill(&disk.at);
    std::fs::remove_file(&spare).unwrap();

    for name in ["my-work.zip", "another.zip"] {
        let failure = app.export_work(to(&stick.join(name))).await.unwrap_err();
        assert_eq!(failure.code, FailureCode::NoSpace, "{failure}");
        assert_eq!(names(&stick), ["my-work.zip"], "neither a half archive nor what is left of one");
        assert!(std::fs::read(&old).unwrap() == before, "the archive of before is as it was");
    }
    // The control: who writes straight to the name leaves something that looks like an archive.
    let photo = noise(3, PHOTO);
    assert!(std::fs::write(stick.join("careless.zip"), &photo).is_err());
    assert_eq!(names(&stick), ["careless.zip", "my-work.zip"]);
    std::fs::remove_file(stick.join("careless.zip")).unwrap();
    end(app).await;

    // Nothing is lost, and with room it goes on.
    std::fs::remove_file(disk.at.join("video.mp4")).unwrap();
    let app = open(&data).await;
    let done = app.export_work(to(&old)).await.expect("there is room again");
    assert_eq!(done.files, 1);
    end(app).await;
    let fresh = tempfile::tempdir().unwrap();
    let other = open(&fresh.path().join("data")).await;
    let taken = other.import_work(PathInput { path: done.path }).await.unwrap();
    assert_eq!((taken.drafts, taken.files, taken.damaged), (1, 1, 0));
    end(other).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_onto_a_full_tmpfs_fails_clearly_and_leaves_nothing_half() {
    an_export_onto_a_full("tmpfs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_onto_a_full_ext4_fails_clearly_and_leaves_nothing_half() {
    an_export_onto_a_full("ext4").await;
}
