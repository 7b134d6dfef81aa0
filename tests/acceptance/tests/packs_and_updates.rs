//! Packages through the program's own downloader, from a host that counts: small files come in packs, an update costs
//! what changed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use daypack_app::api::input::{CourseInput, Nothing};
use daypack_course::Digest;
use daypack_tests::host::{Host, Manners, all_here, lecture, now, object, open, publish, put, reading, take};
use daypack_tests::link::noise;
use serde_json::Value;

const LONG: Duration = Duration::from_secs(60);

/// `count` pages of 2 KB that do not compress; the package, and the pages' digests.
fn pages(dir: &Path, count: u64) -> (PathBuf, Vec<Digest>) {
    let (folder, out) = (dir.join("folder"), dir.join("package"));
    let mut items = Vec::new();
    let mut digests = Vec::new();
    for n in 0..count {
        let (path, bytes) = (format!("pages/{n}.txt"), noise(n + 1, 2_048));
        put(&folder, &path, &bytes);
        digests.push(Digest::of(&bytes));
        items.push(reading(&format!("p{n}"), &path, "text/plain"));
    }
    publish(&folder, &out, 1, &items, &[]);
    (out, digests)
}

fn are_right(data: &Path, digests: &[Digest]) -> bool {
    digests.iter().all(|digest| std::fs::read(object(data, digest)).is_ok_and(|b| Digest::of(&b) == *digest))
}

#[tokio::test(flavor = "multi_thread")]
async fn three_thousand_small_files_come_in_a_few_requests() {
    let dir = tempfile::tempdir().unwrap();
    let (package, digests) = pages(dir.path(), 3_000);
    let host = Host::start(&package, Manners::default()).await;
    let data = dir.path().join("data");
    let app = open(&data).await;
    let began = Instant::now();
    take(&app, &host.address).await;
    all_here(&app, LONG).await;
    let tally = host.take();
    let (in_packs, _) = tally.below("p/");
    let (alone, _) = tally.below("o/");
    let ratio = tally.bytes() as f64 / (3_000.0 * 2_048.0);
    println!(
        "3,000 files: {} requests ({in_packs} in packs, {alone} alone), {ratio:.4} of their bytes, {:?}",
        tally.requests(),
        began.elapsed()
    );
    assert!(are_right(&data, &digests), "the same bytes");
    assert_eq!(alone, 0);
    assert!(tally.requests() <= 24, "{:?}", tally.paths);
    assert!(ratio <= 1.05, "{ratio}");
    // What a pack costs is counted, too; less than that would be a lie to the learner.
    let used = app.internet(Nothing {}).await.unwrap().networks[0].used;
    assert!(used >= tally.below("p/").1, "{used} of {}", tally.below("p/").1);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_packs_or_with_damaged_ones_each_file_comes_alone() {
    for manners in [
        Manners { lacks: vec!["p/".into()], ..Manners::default() },
        Manners { lies: Some(("p/".into(), 10_000)), ..Manners::default() },
    ] {
        let dir = tempfile::tempdir().unwrap();
        let (package, digests) = pages(dir.path(), 150);
        let host = Host::start(&package, manners).await;
        let data = dir.path().join("data");
        let app = open(&data).await;
        take(&app, &host.address).await;
        all_here(&app, LONG).await;
        assert!(are_right(&data, &digests));
        let (alone, _) = host.take().below("o/");
        assert!(alone >= 150, "the control: without packs it takes a request for each, {alone}");
        app.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn over_a_long_way_small_files_take_hardly_longer_than_one_of_their_size() {
    // Other tests run beside it: a busy computer can only make it worse.
    let mut ratio = f64::INFINITY;
    for _ in 0..3 {
        ratio = ratio.min(small_files_beside_one().await);
        if ratio <= 1.2 {
            break;
        }
    }
    assert!(ratio <= 1.2, "{ratio}");
}

/// The time of many small files over a long way, as a multiple of the time of one of their size.
async fn small_files_beside_one() -> f64 {
    const COUNT: u64 = 3_000;
    let far = Manners { latency: Duration::from_millis(300), rate: 600_000, ..Manners::default() };
    let mut took = Vec::new();
    for is_one in [true, false] {
        let dir = tempfile::tempdir().unwrap();
        let package = if is_one {
            let (folder, out) = (dir.path().join("folder"), dir.path().join("package"));
            put(&folder, "one.bin", &noise(7, COUNT as usize * 2_048));
            publish(&folder, &out, 1, &[reading("one", "one.bin", "application/octet-stream")], &[]);
            out
        } else {
            pages(dir.path(), COUNT).0
        };
        let host = Host::start(&package, far.clone()).await;
        let app = open(&dir.path().join("data")).await;
        let began = Instant::now();
        take(&app, &host.address).await;
        all_here(&app, LONG).await;
        took.push(began.elapsed());
        app.close().await;
    }
    let ratio = took[1].as_secs_f64() / took[0].as_secs_f64();
    println!("one file {:?}, 3,000 files {:?}: {ratio:.2}", took[0], took[1]);
    ratio
}

/// Sizes of a course.
struct Size {
    lectures: u64,
    lecture: usize,
    slides: usize,
    pages: u64,
}

const FEW: Size = Size { lectures: 4, lecture: 24_000_000, slides: 2_900_000, pages: 8 };
const MANY: Size = Size { lectures: 12, lecture: 167_000_000, slides: 2_900_000, pages: 60 };

/// The outline; in version 2 the second half lies elsewhere.
fn outline(version: u64, size: &Size) -> Vec<Value> {
    let mut items = Vec::new();
    for n in 1..=size.lectures {
        let film = if version == 2 && n > size.lectures / 2 {
            format!("week-{n}/talk.mp4")
        } else {
            format!("lectures/{n}.mp4")
        };
        items.push(lecture(&format!("l{n}"), &film));
        items.push(reading(&format!("slides{n}"), &format!("slides/{n}.pdf"), "application/pdf"));
        for p in 0..size.pages / size.lectures {
            items.push(reading(&format!("page{n}-{p}"), &format!("pages/{n}-{p}.txt"), "text/plain"));
        }
    }
    items
}

fn first(folder: &Path, size: &Size) {
    for n in 1..=size.lectures {
        put(folder, &format!("lectures/{n}.mp4"), &noise(n, size.lecture));
        put(folder, &format!("slides/{n}.pdf"), &noise(1_000 + n, size.slides));
        for p in 0..size.pages / size.lectures {
            put(folder, &format!("pages/{n}-{p}.txt"), &noise(2_000 + n * 100 + p, 8_000));
        }
    }
}

/// Changes the folder to its second version; returns the bytes that truly changed.
fn second(folder: &Path, size: &Size) -> u64 {
    put(folder, "lectures/2.mp4", &noise(333, size.lecture));
    let mut slides = noise(1_001, size.slides);
    let at = size.slides / 2;
    slides.splice(at..at + 60_000, noise(77, 70_000));
    put(folder, "slides/1.pdf", &slides);
    put(folder, "pages/1-0.txt", &noise(4_444, 8_000));
    for n in size.lectures / 2 + 1..=size.lectures {
        std::fs::create_dir_all(folder.join(format!("week-{n}"))).unwrap();
        std::fs::rename(folder.join(format!("lectures/{n}.mp4")), folder.join(format!("week-{n}/talk.mp4")))
            .unwrap();
    }
    (size.lecture + 70_000 + 8_000) as u64
}

async fn update(size: &Size) {
    let dir = tempfile::tempdir().unwrap();
    let (folder, out) = (dir.path().join("folder"), dir.path().join("package"));
    first(&folder, size);
    publish(&folder, &out, 1, &outline(1, size), &[]);
    let host = Host::start(&out, Manners::default()).await;
    let data = dir.path().join("data");
    let app = open(&data).await;
    let course = take(&app, &host.address).await;
    all_here(&app, LONG).await;
    let whole = host.take();
    let floor = second(&folder, size);
    publish(&folder, &out, 2, &outline(2, size), &[]);
    let began = Instant::now();
    let updated = app.course_update(CourseInput { course: course.clone() }).await.unwrap();
    assert_eq!((updated.version_before, updated.version), (1, 2));
    all_here(&app, LONG).await;
    let tally = host.take();
    let ratio = tally.bytes() as f64 / floor as f64;
    println!(
        "course {} bytes in {} requests; update {} bytes in {} requests, floor {floor}: {ratio:.4}, {:?}",
        whole.bytes(),
        whole.requests(),
        tally.bytes(),
        tally.requests(),
        began.elapsed()
    );
    for (path, (requests, bytes)) in &tally.paths {
        println!("{bytes:>10} {requests:>2} {path}");
    }
    assert!(ratio <= 1.03, "{ratio}");
    assert!(tally.requests() <= 12, "{}", tally.requests());
    // What only the first version needed is gone, what both need is here.
    let mut changed = noise(2, size.lecture);
    let end = Instant::now() + Duration::from_secs(20);
    while object(&data, &Digest::of(&changed)).exists() {
        assert!(Instant::now() < end, "the old lecture goes");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    changed = noise(333, size.lecture);
    assert!(are_right(&data, &[Digest::of(&changed), Digest::of(&noise(4, size.lecture))]));
    // A third time nothing but the channel and its manifest is asked for.
    app.course_update(CourseInput { course }).await.unwrap();
    all_here(&app, LONG).await;
    assert!(host.take().requests() <= 2);
    let _ = now();
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_version_is_said_with_its_cost_and_asking_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (folder, out) = (dir.path().join("folder"), dir.path().join("package"));
    let size = Size { lectures: 2, lecture: 3_000_000, slides: 2_900_000, pages: 4 };
    first(&folder, &size);
    publish(&folder, &out, 1, &outline(1, &size), &[]);
    let host = Host::start(&out, Manners::default()).await;
    let app = open(&dir.path().join("data")).await;
    let course = take(&app, &host.address).await;
    all_here(&app, LONG).await;
    let ask = || CourseInput { course: course.clone() };
    let same = app.course_newer(ask()).await.unwrap();
    assert_eq!((same.version_before, same.version, same.fetch), (1, 1, 0));
    let floor = second(&folder, &size);
    publish(&folder, &out, 2, &outline(2, &size), &[]);
    host.take();
    for _ in 0..2 {
        let newer = app.course_newer(ask()).await.unwrap();
        assert_eq!((newer.version_before, newer.version), (1, 2), "asked twice, nothing was taken over");
        // Whole files are counted: what is renamed costs nothing, of what changed at most all of it comes.
        let most = (size.lecture + size.slides + 10_000 + 8_000) as u64;
        assert!(newer.fetch >= floor && newer.fetch <= most && newer.all > newer.fetch, "{newer:?}");
    }
    assert!(host.take().paths.keys().all(|path| !path.contains("/o/") && !path.contains("/p/")));
    let updated = app.course_update(ask()).await.unwrap();
    assert_eq!((updated.version_before, updated.version), (1, 2));
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_costs_what_changed_and_a_rename_nothing() {
    update(&FEW).await;
}

/// The 2 GB course: `cargo test --workspace --test packs_and_updates -- --ignored --nocapture`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "writes 6 GB"]
async fn an_update_of_two_gigabytes_costs_what_changed() {
    update(&MANY).await;
}
