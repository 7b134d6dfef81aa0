//! The small course as a package in a data folder: content without any site.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use daypack_app::api::input::*;
use daypack_app::{App, OpenOptions};

use crate::practice::{daypack, small_course};

/// Puts the small course into `dir/data`; returns the course's id and its items' ids by title.
pub async fn library(dir: &Path) -> (String, BTreeMap<String, String>) {
    let (key, package) = (dir.join("key"), dir.join("package"));
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    assert_eq!(daypack(&["pack", "keygen", &text(&key)]).0, 0);
    let folder = text(&small_course());
    let built = daypack(&["pack", "build", &folder, "--out", &text(&package), "--key", &text(&key)]);
    assert_eq!(built.0, 0, "{built:?}");
    let options = OpenOptions { data_dir: dir.join("data"), quiet: true, ..OpenOptions::default() };
    let app = App::open(options).await.unwrap();
    let opened = app.open_path(PathInput { path: text(&package) }).await.unwrap();
    let course = opened.courses[0].id.clone();
    let view = app.course(CourseInput { course: course.clone() }).await.unwrap();
    let items =
        view.sections.into_iter().flat_map(|s| s.items).map(|i| (i.title, i.id.to_string())).collect();
    app.close().await;
    drop(app);
    // The last of its tasks lets go of the folder a moment later.
    let lock = std::fs::File::open(dir.join("data/daypack.lock")).unwrap();
    let end = Instant::now() + Duration::from_secs(10);
    while lock.try_lock().is_err() {
        assert!(Instant::now() < end, "a closed program keeps its folder");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    (course.to_string(), items)
}
