//! A look at a site where nothing happened costs next to nothing, what happened is found, and nothing that is here goes
//! away because a list leaves it out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use daypack_app::api::input::*;
use daypack_app::api::outline::{Here, ItemRow};
use daypack_app::api::study::ItemBodyView;
use daypack_app::{App, OpenOptions};
use daypack_course::changes::What;
use daypack_course::outline::ItemKind;
use daypack_course::{CourseId, TimeMs};
use daypack_tests::practice::{Practice, copy_folder, root, small_course};
use serde_json::{Value, json};

/// A course of `items` activities of the three kinds where work comes back.
fn large(folder: &Path, items: usize) {
    std::fs::create_dir_all(folder).unwrap();
    let item = |at: usize| {
        let bindings = json!([{"site": "campus", "course": "2", "module": "x", "cmid": (1000 + at).to_string(),
            "instance": (at + 1).to_string()}]);
        let mut item = json!({"id": format!("i{at}"), "title": format!("Item {at}"), "bindings": bindings});
        let more = match at % 3 {
            0 => json!({"kind": "assignment", "accepts_text": true}),
            1 => json!({"kind": "quiz", "quiz": {"max_attempts": null, "questions": [
                {"id": "q", "kind": "short_text", "text_html": "<p>Word?</p>", "points": 1}]}}),
            _ => json!({"kind": "discussion", "prompt_html": "<p>Talk.</p>"}),
        };
        item.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        item
    };
    let sections: Vec<Value> = (0..items)
        .collect::<Vec<_>>()
        .chunks(10)
        .enumerate()
        .map(|(n, part)| json!({"title": format!("Week {n}"), "items": part.iter().map(|at| item(*at)).collect::<Vec<_>>()}))
        .collect();
    let course =
        json!({"format": "daypack-course-folder/1", "id": "large", "title": "Large", "sections": sections});
    std::fs::write(folder.join("course.json"), course.to_string()).unwrap();
}

/// A campus whose course was made and talked about yesterday.
fn of_yesterday(folder: &Path, state: &Path) -> Practice {
    let file = std::fs::File::options().write(true).open(folder.join("course.json")).unwrap();
    file.set_modified(std::time::SystemTime::now() - Duration::from_secs(86_400)).unwrap();
    let mut campus = Practice::start(folder, None, state);
    campus.stop();
    let path = state.join("campus.json");
    let mut world: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    for kind in ["discussions", "posts"] {
        for one in world[kind].as_array_mut().unwrap() {
            one["time"] = json!(one["time"].as_i64().unwrap() - 86_400);
        }
    }
    std::fs::write(&path, world.to_string()).unwrap();
    campus.restart();
    campus
}

struct Desk {
    app: App,
    course: CourseId,
    /// Milliseconds the computer's clock is ahead.
    ahead: Arc<AtomicI64>,
}

impl Desk {
    async fn open(data: &Path, campus: &Practice) -> Self {
        let ahead: Arc<AtomicI64> = Arc::default();
        let shift = Arc::clone(&ahead);
        let clock = move || {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
            TimeMs(i64::try_from(now.as_millis()).unwrap() + shift.load(Ordering::SeqCst))
        };
        let options = OpenOptions {
            data_dir: data.to_owned(),
            quiet: true,
            clock: Some(Arc::new(clock)),
            ..OpenOptions::default()
        };
        let app = App::open(options).await.unwrap();
        let who =
            SignIn { site: campus.site.clone(), username: "student1".into(), password: "practice-1".into() };
        app.sign_in(who).await.unwrap();
        let offer = app.offers_refresh(Nothing {}).await.unwrap().offers[0].clone();
        let course = app.course_add(OfferInput { source: offer.source, id: offer.id }).await.unwrap().course;
        Self { app, course, ahead }
    }

    async fn rows(&self) -> Vec<ItemRow> {
        let view = self.app.course(CourseInput { course: self.course.clone() }).await.unwrap();
        view.sections.into_iter().flat_map(|s| s.items).collect()
    }
}

/// Requests, bytes both ways, and the names of what was asked, since the last time.
#[derive(Debug)]
struct Cost {
    calls: u64,
    bytes: u64,
    asked: Vec<String>,
}

async fn cost(campus: &Practice, app: &App) -> Cost {
    campus.ctl(&["forget-requests"]);
    app.sync_now(Nothing {}).await.unwrap();
    let report: Value = serde_json::from_str(&campus.ctl(&["requests"])).unwrap();
    let requests = report["requests"].as_array().unwrap();
    Cost {
        calls: requests.len() as u64,
        bytes: requests
            .iter()
            .map(|r| r["bytes_in"].as_u64().unwrap() + r["bytes_out"].as_u64().unwrap())
            .sum(),
        asked: requests.iter().map(|r| r["function"].as_str().unwrap().to_owned()).collect(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_sync_is_one_request_and_what_happened_is_asked_alone() {
    let mut table = String::new();
    for items in [44, 300] {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("course");
        large(&folder, items);
        let campus = of_yesterday(&folder, &dir.path().join("campus"));
        let desk = Desk::open(&dir.path().join("data"), &campus).await;
        let first = cost(&campus, &desk.app).await;
        let quiet = cost(&campus, &desk.app).await;
        let of_the_site = |cost: &Cost| cost.asked.iter().filter(|f| f.contains('_')).count();
        assert!(of_the_site(&first) > items, "control: everything is asked once: {}", of_the_site(&first));
        assert!(quiet.calls <= 5 && quiet.bytes <= 60_000, "{quiet:?}");
        assert_eq!(
            quiet.asked.iter().filter(|f| f.starts_with("mod_")).count(),
            0,
            "no activity is asked: {quiet:?}"
        );

        let task = desk.rows().await.into_iter().find(|r| r.kind == ItemKind::Assignment).unwrap().id;
        let input = HandIn { course: desk.course.clone(), item: task.clone(), agreed: false };
        let (course, item) = (desk.course.clone(), task);
        let draft = DraftSave { course, item, slot: "text".into(), text: "mine".into() };
        desk.app.draft_save(draft).await.unwrap();
        desk.app.hand_in(input).await.unwrap();
        desk.app.sync_now(Nothing {}).await.unwrap();
        campus.ctl(&["grade-now"]);
        let changed = cost(&campus, &desk.app).await;
        assert_eq!(desk.app.inbox(Nothing {}).await.unwrap().unseen, 1, "the grade came: {changed:?}");
        assert!(changed.calls <= 8, "{changed:?}");
        for (what, cost) in [("first", &first), ("quiet", &quiet), ("after a grade", &changed)] {
            table.push_str(&format!("| {items} | {what} | {} | {} |\n", cost.calls, cost.bytes));
        }
        desk.app.close().await;
    }
    println!("| modules | sync | requests | bytes |\n{table}");
    write_down(&table);
}

/// `DAYPACK_WRITE_DOCS=1` puts the figures into the page of benchmarks.
fn write_down(table: &str) {
    const BEGIN: &str = "<!-- quiet_sync -->\n";
    const END: &str = "<!-- end of quiet_sync -->";
    if std::env::var_os("DAYPACK_WRITE_DOCS").is_none() {
        return;
    }
    let path = root().join("docs/benchmarks.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).expect("its place in docs/benchmarks.md");
    let after = rest.split_once(END).expect("and its end").1;
    let head = "| modules | sync | requests | bytes, both ways |\n| --- | --- | --- | --- |\n";
    std::fs::write(path, format!("{before}{BEGIN}{head}{table}{END}{after}")).unwrap();
}

fn edit(folder: &Path, change: impl FnOnce(&mut Value)) {
    let path = folder.join("course.json");
    let mut course: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    change(&mut course);
    std::fs::write(path, course.to_string()).unwrap();
}

async fn until<F: Future<Output = bool>>(what: &str, mut ask: impl FnMut() -> F) {
    let end = Instant::now() + Duration::from_secs(20);
    while !ask().await {
        assert!(Instant::now() < end, "waited in vain for: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_site_drops_or_renames_is_found_within_a_day_and_what_is_here_stays() {
    let dir = tempfile::tempdir().unwrap();
    let folder: PathBuf = dir.path().join("course");
    copy_folder(&small_course(), &folder);
    let mut campus = Practice::start(&folder, None, &dir.path().join("campus"));
    let desk = Desk::open(&dir.path().join("data"), &campus).await;
    desk.app.sync_now(Nothing {}).await.unwrap();
    let course = desk.course.clone();
    let take = TakeAlong { course, section: None, item: None, tier: None };
    desk.app.take_along(take).await.unwrap();
    desk.app.sync_now(Nothing {}).await.unwrap();
    until("the course is here", || async {
        desk.app.sync_now(Nothing {}).await.unwrap();
        desk.rows().await.iter().filter(|r| r.kind == ItemKind::Reading).all(|r| r.here == Here::Ready)
    })
    .await;
    let before = desk.rows().await;
    let gone = before.iter().find(|r| r.kind == ItemKind::Reading).unwrap().clone();

    // The teacher removes a reading, renames what comes first, puts another handout in the place of one, and only
    // touches a third.
    let handout = b"%PDF-1.4 another handout, and a longer one than before".repeat(20);
    std::fs::write(folder.join("readings/notes.pdf"), &handout).unwrap();
    let touched = std::fs::File::options().write(true).open(folder.join("readings/plain.txt")).unwrap();
    touched.set_modified(std::time::SystemTime::now()).unwrap();
    edit(&folder, |course| {
        for section in course["sections"].as_array_mut().unwrap() {
            section["items"].as_array_mut().unwrap().retain(|item| item["title"] != json!(gone.title));
        }
        course["sections"][0]["items"][0]["title"] = json!("Renamed by the teacher");
    });
    campus.restart();
    let titles = |rows: &[ItemRow]| rows.iter().map(|r| r.title.clone()).collect::<Vec<_>>();

    desk.ahead.fetch_add(25 * 3_600_000, Ordering::SeqCst);
    until("the new name", || async {
        desk.app.sync_now(Nothing {}).await.unwrap();
        titles(&desk.rows().await).contains(&"Renamed by the teacher".to_owned())
    })
    .await;
    let after = desk.rows().await;
    let kept = after.iter().find(|r| r.id == gone.id).expect("what the site dropped is still in the course");
    assert_eq!(kept.here, Here::Ready, "and can be read");
    desk.app.item(ItemInput { course: desk.course.clone(), item: gone.id.clone() }).await.expect("it opens");

    // It is told what changed, until the learner has seen it.
    let input = || CourseInput { course: desk.course.clone() };
    let told = desk.app.course(input()).await.unwrap();
    let has = |what: What, title: &str| told.changes.iter().any(|c| c.what == what && c.title == title);
    assert!(
        has(What::Gone, &gone.title) && has(What::Changed, "Renamed by the teacher"),
        "{:?}",
        told.changes
    );
    assert_eq!(told.card.changes as usize, told.changes.len());
    assert!(desk.app.course_changes_seen(input()).await.unwrap().changes.is_empty());
    desk.app.sync_now(Nothing {}).await.unwrap();
    assert!(desk.app.course(input()).await.unwrap().changes.is_empty(), "and is not told twice");

    // The new handout comes by itself, in the place of the old one; what was only touched is not fetched again.
    let notes = after.iter().find(|r| r.title == "Notes").unwrap().id.clone();
    until("the new handout", || async {
        desk.app.sync_now(Nothing {}).await.unwrap();
        let input = ItemInput { course: desk.course.clone(), item: notes.clone() };
        let view = desk.app.item(input).await.expect("readable at every moment");
        matches!(view.body, ItemBodyView::Reading(reading) if reading.size == handout.len() as u64)
    })
    .await;
    let report: Value = serde_json::from_str(&campus.ctl(&["requests"])).unwrap();
    let of_plain =
        report["requests"].as_array().unwrap().iter().filter(|r| r["path"].to_string().contains("plain"));
    let statuses: Vec<u64> = of_plain.map(|r| r["status"].as_u64().unwrap()).collect();
    assert!(statuses.iter().all(|status| *status == 304), "{statuses:?}");

    // A list without anything proves nothing.
    campus.ctl(&["unenrol", "student1"]);
    desk.ahead.fetch_add(25 * 3_600_000, Ordering::SeqCst);
    desk.app.sync_now(Nothing {}).await.unwrap();
    assert_eq!(titles(&desk.rows().await), titles(&after));
    assert_eq!(desk.app.library(Nothing {}).await.unwrap().courses.len(), 1);
    desk.app.close().await;
}
