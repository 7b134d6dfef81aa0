//! The learner decides about downloads: price, speed, hours, month, order and room, in the program as it is.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use daypack_app::api::downloads::{AllDeed, DownloadOrder};
use daypack_app::api::input::*;
use daypack_app::api::internet::{DayHours, InternetRules, NetworkWord, Waits};
use daypack_app::api::outline::JobState;
use daypack_app::{App, LinkCost, Network, OpenOptions};
use daypack_course::outline::ItemKind;
use daypack_tests::heavy::{heavy_course, here, queue, take};
use daypack_tests::learner::{enrol, open, until};
use daypack_tests::practice::{Practice, daypack, keyring_of};
use serde_json::json;

const MB: u64 = 1_000_000;
/// What stays free in tests (`DAYPACK_KEEP_FREE`); the law itself is `engine::download::Room`'s.
const KEEPS: u64 = 256 << 20;

/// A network that costs money, or not.
struct Mast(AtomicBool);

impl LinkCost for Mast {
    fn is_metered(&self) -> Option<bool> {
        Some(self.0.load(Ordering::SeqCst))
    }

    fn network(&self) -> Option<Network> {
        Some(Network { id: "mast".into(), name: "Village mast".into() })
    }
}

async fn at_the_mast(dir: &Path, costs: bool) -> App {
    let options = OpenOptions {
        data_dir: dir.to_owned(),
        link_cost: Some(Arc::new(Mast(AtomicBool::new(costs)))),
        keyring: Some(daypack_app::keyring::in_file(keyring_of(dir))),
        ..OpenOptions::default()
    };
    let app = App::open(options).await.unwrap();
    until("the network's name", || async {
        (app.internet(Nothing {}).await.unwrap().flow.network == "mast").then_some(())
    })
    .await;
    app
}

async fn done(app: &App) {
    until("all of it", || async { queue(app).await.courses.is_empty().then_some(()) }).await;
}

fn used(view: &daypack_app::api::internet::InternetView) -> u64 {
    view.networks.iter().map(|one| one.used + one.used_free).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_costs_money_is_asked_about_and_the_word_starts_the_lecture() {
    let dir = tempfile::tempdir().unwrap();
    let campus = Practice::start(&heavy_course(dir.path(), 6 << 20), None, &dir.path().join("campus"));
    let app = at_the_mast(&dir.path().join("data"), true).await;
    let course = enrol(&app, &campus).await;
    take(&app, &course).await;
    let asked = until("the question", || async {
        let view = queue(&app).await;
        (view.courses.first()?.job.state == JobState::Asks).then_some(view)
    })
    .await;
    assert_eq!(asked.flow.waits, Some(Waits::Ask));
    assert_eq!(asked.flow.network_name, "Village mast");
    assert!(here(&asked) < MB, "only what is small came");
    let says = |word| NetworkSays { network: "mast".into(), word };
    let refused = app.network_word(says(NetworkWord::NotNow)).await.unwrap();
    assert_eq!(refused.flow.waits, Some(Waits::CostsMoney));
    let elsewhere = NetworkSays { network: "another".into(), word: NetworkWord::Once };
    assert_eq!(app.network_word(elsewhere).await.unwrap().flow.waits, Some(Waits::CostsMoney));
    app.network_word(says(NetworkWord::Always)).await.unwrap();
    done(&app).await;
    let internet = app.internet(Nothing {}).await.unwrap();
    assert!(internet.networks[0].always, "kept for the next time");
    assert!(used(&internet) >= 6 << 20, "each byte is counted: {internet:?}");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_months_bytes_end_the_download_and_a_restart_does_not_give_them_back() {
    let dir = tempfile::tempdir().unwrap();
    let mut campus = Practice::start(&heavy_course(dir.path(), 8 << 20), None, &dir.path().join("campus"));
    let data = dir.path().join("data");
    let app = at_the_mast(&data, false).await;
    let course = enrol(&app, &campus).await;
    let month = NetworkSave { network: "mast".into(), budget: Some(3 * MB), always: false };
    app.network_save(month).await.unwrap();
    take(&app, &course).await;
    until("the month is used up", || async {
        (queue(&app).await.flow.waits == Some(Waits::Month)).then_some(())
    })
    .await;
    let first = app.internet(Nothing {}).await.unwrap();
    let came = here(&queue(&app).await);
    assert!((3 * MB..4 * MB).contains(&used(&first)), "{first:?}");
    assert!(came <= used(&first), "never less is counted than came: {came}");
    app.close().await;
    drop(app);
    campus.restart();
    let app = at_the_mast(&data, false).await;
    until("it still waits", || async {
        (queue(&app).await.courses.first()?.job.state == JobState::MonthUsed).then_some(())
    })
    .await;
    assert!(used(&app.internet(Nothing {}).await.unwrap()) >= used(&first));
    let more = NetworkSave { network: "mast".into(), budget: None, always: false };
    app.network_save(more).await.unwrap();
    done(&app).await;
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cap_holds_over_all_connections_and_without_it_the_same_file_is_here_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let campus = Practice::start(&heavy_course(dir.path(), 6 << 20), None, &dir.path().join("campus"));
    let app = open(&dir.path().join("data")).await;
    let course = enrol(&app, &campus).await;
    let capped = InternetRules { cap: Some(200_000), ..InternetRules::default() };
    app.internet_save(capped).await.unwrap();
    take(&app, &course).await;
    until("bytes", || async { (here(&queue(&app).await) > 0).then_some(()) }).await;
    let (before, began) = (used(&app.internet(Nothing {}).await.unwrap()), Instant::now());
    tokio::time::sleep(Duration::from_secs(12)).await;
    // What is asked for now is as of the last look, at most five seconds ago.
    let came = used(&app.internet(Nothing {}).await.unwrap()) - before;
    let fair = 200_000.0 * began.elapsed().as_secs_f64();
    println!("{came} bytes in {:?} under a cap of 200,000 a second", began.elapsed());
    assert!((came as f64) < fair * 1.3 + 1_000_000.0, "{came} of {fair}");
    assert!(came > 400_000, "it comes steadily: {came}");
    let view = queue(&app).await;
    assert!(!view.courses.is_empty(), "it was too quick to prove anything");
    let began = Instant::now();
    app.internet_save(InternetRules::default()).await.unwrap();
    done(&app).await;
    assert!(began.elapsed() < Duration::from_secs(15), "the control: {:?}", began.elapsed());
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn outside_the_hours_downloads_wait_and_say_until_when() {
    let dir = tempfile::tempdir().unwrap();
    let campus = Practice::start(&heavy_course(dir.path(), 2 << 20), None, &dir.path().join("campus"));
    let app = open(&dir.path().join("data")).await;
    let course = enrol(&app, &campus).await;
    // Hours that are as far away as can be, by the clock that the program reads.
    let minute = minute_now();
    let far = DayHours { from: (minute + 700) % 1_440, to: (minute + 710) % 1_440 };
    let only = InternetRules { hours: Some(far), only_hours: true, ..InternetRules::default() };
    app.internet_save(only.clone()).await.unwrap();
    take(&app, &course).await;
    let view = until("the wait", || async {
        let view = queue(&app).await;
        (view.courses.first()?.job.state == JobState::Hours).then_some(view)
    })
    .await;
    assert_eq!(here(&view), 0);
    assert!((690..=701).contains(&view.flow.opens_in.unwrap()), "{:?}", view.flow);
    let now = DayHours { from: (minute + 1_430) % 1_440, to: (minute + 30) % 1_440 };
    let open = app.internet_save(InternetRules { hours: Some(now), ..only }).await.unwrap();
    assert!(open.flow.free_hour);
    done(&app).await;
    let internet = app.internet(Nothing {}).await.unwrap();
    let free: u64 = internet.networks.iter().map(|one| one.used_free).sum();
    assert!(free >= 2 << 20, "counted as free: {internet:?}");
    app.close().await;
}

/// Minutes since local midnight, asked of the system's own tool.
fn minute_now() -> u16 {
    let out = Command::new("date").arg("+%H %M").output().unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    let (hour, minute) = text.trim().split_once(' ').unwrap();
    hour.parse::<u16>().unwrap() * 60 + minute.parse::<u16>().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_learners_order_pauses_and_sizes_hold_through_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let mut campus = Practice::start(&heavy_course(dir.path(), 3 << 20), None, &dir.path().join("campus"));
    let data = dir.path().join("data");
    let app = at_the_mast(&data, false).await;
    let course = enrol(&app, &campus).await;
    campus.stop();
    take(&app, &course).await;
    let view = queue(&app).await;
    let names = |view: &daypack_app::api::downloads::DownloadsView| {
        view.courses[0].items.iter().map(|one| one.item.to_string()).collect::<Vec<_>>()
    };
    let study = names(&view);
    assert!(study.len() > 2 && view.order == DownloadOrder::Mine, "{view:?}");
    let last = study.last().unwrap().clone();
    let first = DownloadsMove { course: course.clone(), item: Some(last.as_str().into()), to: 0 };
    let moved = names(&app.downloads_move(first).await.unwrap());
    assert_eq!(moved[0], last);
    assert_eq!(moved[1..], study[..study.len() - 1]);
    let next = app.downloads_order(DownloadsOrder { order: DownloadOrder::NextFirst }).await.unwrap();
    assert_eq!(names(&next), study, "nothing is done yet: what is next is the first");
    app.done_mark(DoneMark { course: course.clone(), item: study[0].as_str().into(), done: true })
        .await
        .unwrap();
    let next = app.downloads_order(DownloadsOrder { order: DownloadOrder::NextFirst }).await.unwrap();
    assert_eq!(names(&next)[0], study[1], "the next lecture first");
    app.downloads_order(DownloadsOrder { order: DownloadOrder::ByDeadline }).await.unwrap();
    app.downloads_order(DownloadsOrder { order: DownloadOrder::Mine }).await.unwrap();
    let low = daypack_course::outline::Tier::Low;
    let sized = app.downloads_tier(DownloadsTier { course: course.clone(), tier: low }).await.unwrap();
    let total = |view: &daypack_app::api::downloads::DownloadsView| {
        let items = &view.courses[0].items;
        items.iter().find(|one| one.kind == ItemKind::Video).unwrap().total_bytes.unwrap()
    };
    assert!(total(&sized) < total(&view), "a smaller picture");
    assert_eq!(sized.courses[0].tier, low);
    let paused = app.downloads_all(DownloadsAll { deed: AllDeed::Pause }).await.unwrap();
    assert_eq!(paused.courses[0].job.state, JobState::Paused);
    app.close().await;
    drop(app);

    campus.restart();
    let app = at_the_mast(&data, false).await;
    let view =
        until("the queue", || async { Some(queue(&app).await).filter(|v| !v.courses.is_empty()) }).await;
    assert_eq!(names(&view), moved, "the order is kept");
    assert_eq!((view.courses[0].job.state, view.courses[0].tier), (JobState::Paused, low));
    let cut = TakeScope { course: course.clone(), item: Some(last.as_str().into()) };
    assert_eq!(names(&app.downloads_cancel(cut).await.unwrap()), moved[1..]);
    app.downloads_all(DownloadsAll { deed: AllDeed::Resume }).await.unwrap();
    done(&app).await;
    app.close().await;
}

#[test]
fn the_queue_and_the_rules_can_be_had_without_a_window() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().to_str().unwrap();
    let call =
        |name: &str, input: serde_json::Value| daypack(&["call", name, &input.to_string(), "--data", data]);
    let (code, said) = call("internet_save", json!({ "cap": 50_000, "hours": { "from": 60, "to": 360 } }));
    assert_eq!((code, &said["ok"]["rules"]["cap"]), (0, &json!(50_000)), "{said}");
    let (code, said) = call("internet", json!({}));
    assert_eq!((code, &said["ok"]["rules"]["hours"]["to"]), (0, &json!(360)), "{said}");
    let (code, said) = call("downloads", json!({}));
    assert_eq!((code, &said["ok"]["courses"]), (0, &json!([])), "{said}");
    assert!(said["ok"]["room"]["keeps"].as_u64().unwrap() >= KEEPS);
    let (code, _) = call("downloads_move", json!({ "course": "none", "to": 0 }));
    assert_ne!(code, 0);
}

/// A small disk of one's own.
struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    fn mount(at: &Path, megabytes: u64) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let size = format!("size={megabytes}m");
        let made = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(at).output();
        made.is_ok_and(|done| done.status.success()).then(|| Self(at.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fills_stops_the_download_keeps_what_came_and_goes_on_with_room() {
    let dir = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(&dir.path().join("disk"), 400) else {
        return eprintln!("skipped: a_disk_that_fills: no file system may be mounted here");
    };
    let campus = Practice::start(&heavy_course(dir.path(), 24 << 20), None, &dir.path().join("campus"));
    let app = open(&disk.0.join("data")).await;
    let course = enrol(&app, &campus).await;
    let room = queue(&app).await.room;
    assert_eq!(room.keeps, KEEPS, "{room:?}");
    assert!(room.free > room.keeps + (40 << 20), "{room:?}");
    let slow = InternetRules { cap: Some(1_500_000), ..InternetRules::default() };
    app.internet_save(slow).await.unwrap();
    take(&app, &course).await;
    until("bytes", || async { (here(&queue(&app).await) > 3 << 20).then_some(()) }).await;
    // Somebody else needs the disk.
    let free = queue(&app).await.room.free;
    let filler = disk.0.join("photos");
    std::fs::write(&filler, vec![1_u8; usize::try_from(free - KEEPS + (4 << 20)).unwrap()]).unwrap();
    let full = until("the wait for room", || async {
        let view = queue(&app).await;
        (view.courses.first()?.job.state == JobState::NoSpace).then_some(view)
    })
    .await;
    let kept = here(&full);
    assert!(kept > 3 << 20, "what came is kept: {kept}");
    std::fs::remove_file(&filler).unwrap();
    app.internet_save(InternetRules::default()).await.unwrap();
    let on = until("it goes on by itself", || async {
        let view = queue(&app).await;
        match view.courses.first() {
            Some(one) if one.job.state == JobState::NoSpace => None,
            _ => Some(view),
        }
    })
    .await;
    assert!(on.courses.is_empty() || here(&on) >= kept, "nothing starts over");
    done(&app).await;
    assert!(queue(&app).await.room.free > KEEPS);
    app.close().await;
}
