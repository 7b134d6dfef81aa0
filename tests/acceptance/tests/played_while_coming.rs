//! A lecture is played while it is being fetched: what is here at once, what is asked for next, and nothing unproven.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::path::Path;
use std::time::{Duration, Instant};

use daypack_app::App;
use daypack_app::api::input::{CourseInput, ItemInput, TakeAlong};
use daypack_app::api::outline::Here;
use daypack_app::api::study::{ItemBodyView, VideoComing};
use daypack_course::CourseId;
use daypack_tests::host::{Host, Manners, all_here, lecture, open, publish, put, reading, take};
use daypack_tests::link::noise;
use daypack_tests::stranger::ask;

const SIZE: usize = 12 << 20;
const MIB: usize = 1 << 20;

fn package(dir: &Path) -> (std::path::PathBuf, Vec<u8>) {
    let (folder, out) = (dir.join("folder"), dir.join("package"));
    let bytes = noise(5, SIZE);
    put(&folder, "first.bin", &noise(6, 3 << 20));
    put(&folder, "lecture.mp4", &bytes);
    let items = [reading("r1", "first.bin", "application/octet-stream"), lecture("v1", "lecture.mp4")];
    publish(&folder, &out, 1, &items, &[]);
    (out, bytes)
}

fn the_lecture(course: &CourseId) -> ItemInput {
    ItemInput { course: course.clone(), item: "v1".into() }
}

/// Opens the lecture again and again until it can be played; its address, and whether it is only in part here.
async fn playable(app: &App, course: &CourseId) -> (String, bool) {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        if let ItemBodyView::Video(video) = app.item(the_lecture(course)).await.unwrap().body {
            return (video.sources[0].url.clone(), video.sources[0].is_coming);
        }
        assert!(Instant::now() < end, "it never became a lecture");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn state(app: &App, course: &CourseId) -> VideoComing {
    app.video_coming(the_lecture(course)).await.unwrap()
}

/// What of `[from, to)` comes within three seconds.
async fn bytes(url: &str, from: usize, to: usize) -> Vec<u8> {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let last = to - 1;
    let wire = format!(
        "GET /{path} HTTP/1.1\r\nHost: {host}\r\nRange: bytes={from}-{last}\r\nConnection: close\r\n\r\n"
    );
    let host = host.to_owned();
    let answer = tokio::task::spawn_blocking(move || ask(&host, &wire)).await.unwrap();
    let head = answer.windows(4).position(|w| w == b"\r\n\r\n").map_or(answer.len(), |at| at + 4);
    answer[head..].to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_here_plays_and_what_is_looked_at_comes_first() {
    let dir = tempfile::tempdir().unwrap();
    let (package, whole) = package(dir.path());
    let host = Host::start(&package, Manners { rate: 2_500_000, ..Manners::default() }).await;
    let app = open(&dir.path().join("data")).await;
    let course = take(&app, &host.address).await;
    let (url, is_coming) = playable(&app, &course).await;
    assert!(is_coming);
    // The beginning, before a third of it is here.
    let begin = bytes(&url, 0, 200_000).await;
    let then = state(&app, &course).await;
    assert!(begin == whole[..200_000], "{} bytes of the beginning", begin.len());
    assert!(then.is_moving && then.size == SIZE as u64 && then.have < SIZE as u64 / 3, "{then:?}");
    // Near the end, before the middle.
    let (from, to) = (10 * MIB, 10 * MIB + 100_000);
    let mut far = bytes(&url, from, to).await;
    for _ in 0..3 {
        // The player waits, and so does this: what counts is how much of the file came before it.
        if far.len() < to - from {
            far = bytes(&url, from, to).await;
        }
    }
    let then = state(&app, &course).await;
    assert!(far == whole[from..to], "{} bytes of the end", far.len());
    assert!(then.have < SIZE as u64 * 2 / 3, "{then:?}");
    assert!(then.parts.len() > 1, "the control: there is a gap before it, {then:?}");
    // To its end, through the moment in which it gets its name; no byte of it twice.
    host.behave(Manners::default());
    let end = Instant::now() + Duration::from_secs(60);
    while state(&app, &course).await.have < SIZE as u64 {
        assert!(Instant::now() < end);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(bytes(&url, 5 * MIB, 5 * MIB + 100_000).await == whole[5 * MIB..5 * MIB + 100_000]);
    daypack_tests::host::all_here(&app, Duration::from_secs(60)).await;
    assert!(!playable(&app, &course).await.1);
    let came = host.take().bytes();
    assert!(came < (15 << 20) * 102 / 100, "{came} bytes for 15 MiB");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_no_connection_what_is_here_plays_and_the_rest_is_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let (package, whole) = package(dir.path());
    let data = dir.path().join("data");
    let slow = Manners { rate: 2_000_000, ..Manners::default() };
    let host = Host::start(&package, slow).await;
    let app = open(&data).await;
    let course = take(&app, &host.address).await;
    playable(&app, &course).await;
    while state(&app, &course).await.have < 4 << 20 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // The program ends, and the host is away when it comes back.
    app.close().await;
    drop((app, host));
    let app = open(&data).await;
    let (url, is_coming) = playable(&app, &course).await;
    let here = state(&app, &course).await;
    assert!(is_coming && !here.is_moving && here.have >= 3 << 20, "{here:?}");
    assert!(bytes(&url, 0, 200_000).await == whole[..200_000]);
    // The control: what is not here is no error and no wrong byte, it is not there yet.
    assert_eq!(bytes(&url, SIZE - 200_000, SIZE).await, b"");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_not_proven_are_never_played() {
    let dir = tempfile::tempdir().unwrap();
    let (package, whole) = package(dir.path());
    let lie = Manners { lies: Some(("o/".into(), 2 * MIB)), rate: 4_000_000, ..Manners::default() };
    let host = Host::start(&package, lie).await;
    let app = open(&dir.path().join("data")).await;
    let course = take(&app, &host.address).await;
    let (url, _) = playable(&app, &course).await;
    // A wrong bit at 2 MiB: its piece stays away, however long it is asked for; the piece before it plays.
    let sound = 512 << 10;
    assert!(bytes(&url, sound, sound + 10_000).await == whole[sound..sound + 10_000]);
    for at in [2 * MIB, 4 * MIB] {
        let got = bytes(&url, at, at + 50_000).await;
        assert!(got.is_empty(), "{} bytes of a damaged piece were played", got.len());
    }
    // The control: from an honest host it plays.
    host.behave(Manners::default());
    take(&app, &host.address).await;
    let end = Instant::now() + Duration::from_secs(60);
    while bytes(&url, 2 * MIB, 2 * MIB + 50_000).await != whole[2 * MIB..2 * MIB + 50_000] {
        assert!(Instant::now() < end, "it never came: {:?}", state(&app, &course).await);
    }
    app.close().await;
}

/// The order in which the lectures come when `opened` is looked at meanwhile.
async fn order_with(opened: Option<&str>) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    let (folder, out) = (dir.path().join("folder"), dir.path().join("package"));
    let names: Vec<String> = (1..=10).map(|n| format!("v{n}")).collect();
    let items: Vec<_> = names
        .iter()
        .zip(20..)
        .map(|(name, seed)| {
            let path = format!("{name}.mp4");
            put(&folder, &path, &noise(seed, MIB));
            lecture(name, &path)
        })
        .collect();
    publish(&folder, &out, 1, &items, &[]);
    let host = Host::start(&out, Manners { rate: 1_500_000, ..Manners::default() }).await;
    let app = open(&dir.path().join("data")).await;
    let course = app.package_add(&host.address).await.unwrap().course;
    let take = |item: Option<&str>| TakeAlong {
        course: course.clone(),
        section: None,
        item: item.map(Into::into),
        tier: None,
    };
    app.take_along(take(Some("v8"))).await.unwrap();
    all_here(&app, Duration::from_secs(30)).await;
    app.take_along(take(None)).await.unwrap();
    let here = |name: &'static str| {
        let (app, course) = (app.clone(), course.clone());
        async move {
            let view = app.course(CourseInput { course }).await.unwrap();
            view.sections.into_iter().flat_map(|s| s.items).find(|row| row.id.as_str() == name).unwrap().here
        }
    };
    while here("v9").await != Here::Coming {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    if let Some(item) = opened {
        app.item(ItemInput { course: course.clone(), item: item.into() }).await.unwrap();
    }
    let mut order: Vec<String> = Vec::new();
    let end = Instant::now() + Duration::from_secs(40);
    while order.len() < names.len() {
        assert!(Instant::now() < end, "{order:?}");
        let view = app.course(CourseInput { course: course.clone() }).await.unwrap();
        for row in view.sections.iter().flat_map(|s| &s.items).filter(|row| row.here == Here::Ready) {
            if !order.contains(&row.id.to_string()) {
                order.push(row.id.to_string());
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    app.close().await;
    order
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_lecture_is_studied_the_one_after_it_comes_before_the_others() {
    // A few come at a time, so neighbours may change places; v9 is far enough from v6.
    let place = |order: &[String], name: &str| order.iter().position(|one| one == name).unwrap();
    let order = order_with(Some("v8")).await;
    assert!(place(&order, "v9") < place(&order, "v6"), "{order:?}");
    // Control: with nothing open, the lectures come in their own order.
    let order = order_with(None).await;
    assert!(place(&order, "v6") < place(&order, "v9"), "{order:?}");
}
