//! The small course as a package in a data folder: content without any site.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use daypack_app::api::input::*;
use daypack_app::{App, OpenOptions};
use daypack_formats::pack::{self, BuildOptions};
use serde_json::Value;

use crate::host::now;
use crate::practice::{copy_folder, daypack, small_course};

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

/// The small course as a package below `dir`, bound to the activities of `site`; `None`: bound to nothing.
pub fn small_package(dir: &Path, site: Option<&str>) -> PathBuf {
    let (folder, out) = (dir.join("course-of-package"), dir.join("stick"));
    copy_folder(&small_course(), &folder);
    if site.is_none() {
        let path = folder.join("course.json");
        let mut course: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        for section in course["sections"].as_array_mut().unwrap() {
            for item in section["items"].as_array_mut().unwrap() {
                item["bindings"] = Value::Array(Vec::new());
            }
        }
        std::fs::write(&path, serde_json::to_vec(&course).unwrap()).unwrap();
    }
    let key = dir.join("package.pem");
    pack::keygen(&key).unwrap();
    let keys = [pack::load_key(&key).unwrap()];
    let sites = site.map(|site| ("campus".to_owned(), site.to_owned())).into_iter().collect();
    let options =
        BuildOptions { keys: &keys, sites: &sites, muxer: None, mirrors: &[], shareable: false, now: now() };
    pack::build(&folder, &out, options).unwrap();
    out
}
