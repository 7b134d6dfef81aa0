//! The small course with files that take a while.

use std::path::{Path, PathBuf};

use daypack_app::App;
use daypack_app::api::downloads::DownloadsView;
use daypack_app::api::input::*;
use daypack_course::CourseId;

use crate::link::noise;
use crate::practice::{copy_folder, small_course};

/// The small course in `dir`, with a reading of `size` bytes.
pub fn heavy_course(dir: &Path, size: usize) -> PathBuf {
    let to = dir.join("heavy");
    copy_folder(&small_course(), &to);
    std::fs::write(to.join("readings/notes.pdf"), noise(7, size)).unwrap();
    to
}

/// Takes all of a course along.
pub async fn take(app: &App, course: &CourseId) {
    let all = TakeAlong { course: course.clone(), section: None, item: None, tier: None };
    app.take_along(all).await.expect("taken along");
}

/// The queue of downloads.
pub async fn queue(app: &App) -> DownloadsView {
    app.downloads(Nothing {}).await.expect("downloads")
}

/// Bytes here of all that is on its way.
pub fn here(view: &DownloadsView) -> u64 {
    view.courses.iter().map(|one| one.job.done_bytes).sum()
}
