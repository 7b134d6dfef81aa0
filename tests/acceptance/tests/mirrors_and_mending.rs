//! Several places for one package (an address, another one, a stick, one that lies), and damaged files that are mended.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::path::{Path, PathBuf};
use std::time::Duration;

use daypack_app::api::input::{CourseInput, Nothing, PathInput};
use daypack_app::api::outline::Here;
use daypack_course::Digest;
use daypack_tests::host::{Host, Manners, all_here, lecture, object, open, publish, put, reading, take};
use daypack_tests::link::noise;

const LONG: Duration = Duration::from_secs(60);
const FILM: usize = 8_000_000;

/// A course with a film of 8 MB and twenty pages; the package and the film's digest.
fn course(dir: &Path, mirrors: &[String]) -> (PathBuf, Digest) {
    let (folder, out) = (dir.join("folder"), dir.join("package"));
    let film = noise(11, FILM);
    put(&folder, "film.mp4", &film);
    let mut items = vec![lecture("film", "film.mp4")];
    for n in 0..20_u64 {
        let path = format!("pages/{n}.txt");
        put(&folder, &path, &noise(100 + n, 3_000));
        items.push(reading(&format!("p{n}"), &path, "text/plain"));
    }
    publish(&folder, &out, 1, &items, mirrors);
    (out, Digest::of(&film))
}

fn sound(data: &Path, digest: &Digest) -> bool {
    std::fs::read(object(data, digest)).is_ok_and(|bytes| Digest::of(&bytes) == *digest)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_on_a_stick_is_not_fetched() {
    let dir = tempfile::tempdir().unwrap();
    let (package, film) = course(dir.path(), &[]);
    let stick = dir.path().join("stick");
    daypack_formats::pack::export(&package, &stick_file(&stick)).unwrap();
    let host = Host::start(&package, Manners::default()).await;
    for with_stick in [true, false] {
        let data = dir.path().join(format!("data-{with_stick}"));
        let app = open(&data).await;
        if with_stick {
            let listed = app.mirror_add(PathInput { path: stick.display().to_string() }).await.unwrap();
            assert_eq!(listed.mirrors[0].packages, 1);
        }
        take(&app, &host.address).await;
        all_here(&app, LONG).await;
        assert!(sound(&data, &film));
        let (_, objects) = host.tally().below("o/");
        let (_, packs) = host.take().below("p/");
        if with_stick {
            assert_eq!((objects, packs), (0, 0), "all of it lies on the stick");
        } else {
            assert!(objects >= FILM as u64 && packs > 0, "the control");
        }
        app.close().await;
    }
}

fn stick_file(stick: &Path) -> PathBuf {
    std::fs::create_dir_all(stick).unwrap();
    stick.join("course.daypack")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_that_lies_costs_one_chunk_and_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let liar_dir = dir.path().join("liar");
    std::fs::create_dir_all(&liar_dir).unwrap();
    // Each chunk of the liar has a wrong bit; both are as slow, so that both are asked.
    let lies = Manners { lies: Some(("o/".into(), 50_000)), rate: 4_000_000, ..Manners::default() };
    let liar = Host::start(&dir.path().join("package"), lies).await;
    let (package, film) = course(dir.path(), std::slice::from_ref(&liar.address));
    let slow = Manners { rate: 4_000_000, latency: Duration::from_millis(30), ..Manners::default() };
    let host = Host::start(&package, slow).await;
    let data = dir.path().join("data");
    let app = open(&data).await;
    take(&app, &host.address).await;
    all_here(&app, LONG).await;
    assert!(sound(&data, &film), "never a wrong byte");
    let (asked, wrong) = liar.take().below(&format!("o/{film}"));
    println!("the liar was asked {asked} times and sent {wrong} bytes of {FILM}");
    assert!(asked > 0, "the control: it was asked");
    assert!(wrong <= 3 << 20, "{wrong}");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_address_serves_when_the_first_has_lost_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let second = Host::start(&dir.path().join("package"), Manners::default()).await;
    let (package, film) = course(dir.path(), std::slice::from_ref(&second.address));
    let lost = Manners { lacks: vec!["o/".into(), "p/".into()], ..Manners::default() };
    let first = Host::start(&package, lost).await;
    let data = dir.path().join("data");
    let app = open(&data).await;
    take(&app, &first.address).await;
    all_here(&app, LONG).await;
    assert!(sound(&data, &film));
    assert!(second.take().below("o/").1 >= FILM as u64);
    app.close().await;
}

/// Breaks an object in one way.
fn hurt(data: &Path, film: &Digest, how: &str) {
    let path = object(data, film);
    match how {
        "flipped" => {
            let mut bytes = std::fs::read(&path).unwrap();
            bytes[5_000_000] ^= 1;
            std::fs::write(&path, bytes).unwrap();
        }
        "cut" => std::fs::File::options().write(true).open(&path).unwrap().set_len(6_000_000).unwrap(),
        _ => std::fs::remove_file(&path).unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_film_is_found_and_only_what_is_damaged_is_fetched() {
    let dir = tempfile::tempdir().unwrap();
    let (package, film) = course(dir.path(), &[]);
    let host = Host::start(&package, Manners::default()).await;
    let data = dir.path().join("data");
    let app = open(&data).await;
    take(&app, &host.address).await;
    all_here(&app, LONG).await;
    let fine = app.files_check(Nothing {}).await.unwrap();
    assert!(fine.damaged.is_empty() && fine.files == 21 && !fine.stopped, "the control: {fine:?}");
    let looked = app.files_checking(Nothing {}).await.unwrap();
    assert!(!looked.running && looked.done == looked.all && looked.all > FILM as u64, "{looked:?}");
    // A word to stop when nothing goes on stops nothing later on.
    app.files_check_stop(Nothing {}).await.unwrap();
    assert_eq!(app.files_check(Nothing {}).await.unwrap(), fine);
    for (how, most) in [("flipped", 1_u64 << 20), ("cut", 3_200_000), ("gone", FILM as u64 + (64 << 10))] {
        host.take();
        hurt(&data, &film, how);
        let found = app.files_check(Nothing {}).await.unwrap();
        let titles: Vec<&str> = found.damaged.iter().map(|item| item.title.as_str()).collect();
        assert_eq!(titles, ["film"], "{how}");
        assert!(found.damaged[0].will_be_mended);
        all_here(&app, LONG).await;
        assert!(sound(&data, &film), "{how}");
        let fetched = host.take().bytes();
        println!("{how}: {fetched} bytes fetched of {FILM}");
        assert!(fetched > 0 && fetched <= most, "{how}: {fetched}");
    }
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_connection_a_damaged_item_is_named_and_mended_when_it_is_back() {
    let dir = tempfile::tempdir().unwrap();
    let (package, film) = course(dir.path(), &[]);
    let host = Host::start(&package, Manners::default()).await;
    let data = dir.path().join("data");
    let app = open(&data).await;
    let course = take(&app, &host.address).await;
    all_here(&app, LONG).await;
    let address = host.address.clone();
    drop(host);
    hurt(&data, &film, "flipped");
    let found = app.files_check(Nothing {}).await.unwrap();
    assert_eq!(found.damaged.len(), 1);
    let view = app.course(CourseInput { course: course.clone() }).await.unwrap();
    let rows: Vec<_> = view.sections.iter().flat_map(|s| &s.items).collect();
    assert!(rows.iter().filter(|row| row.title == "film").all(|row| row.here != Here::Ready));
    assert!(rows.iter().filter(|row| row.title != "film").all(|row| row.here == Here::Ready));
    assert!(!object(&data, &film).exists(), "its bytes are nobody's any more");
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(!object(&data, &film).exists(), "the control: nobody mends it meanwhile");
    // The connection is back.
    let port = address.rsplit(':').next().unwrap().parse().unwrap();
    let _host = Host::start_at(&package, Manners::default(), port).await;
    app.package_add(&address).await.unwrap();
    let end = std::time::Instant::now() + LONG;
    while !sound(&data, &film) {
        assert!(std::time::Instant::now() < end, "not mended");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    app.close().await;
}

/// A range of a file of the media server, over a connection of its own: what came of the body.
fn played(url: &str, from: u64, to: u64) -> Vec<u8> {
    use std::io::{Read as _, Write as _};
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = std::net::TcpStream::connect(host).unwrap();
    let range = format!("Range: bytes={from}-{}", to - 1);
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{range}\r\n\r\n").unwrap();
    let mut all = Vec::new();
    let _ = stream.read_to_end(&mut all);
    let text = String::from_utf8_lossy(&all);
    let head = text.find("\r\n\r\n").map_or(all.len(), |at| text[..at].len() + 4);
    let is_chunked = text[..head.min(text.len())].to_lowercase().contains("chunked");
    assert!(!is_chunked, "its length is told");
    all[head..].to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_film_is_never_played_wrong_and_mends_while_it_is_watched() {
    let dir = tempfile::tempdir().unwrap();
    let (package, film) = course(dir.path(), &[]);
    let host = Host::start(&package, Manners::default()).await;
    let data = dir.path().join("data");
    let app = open(&data).await;
    let course = take(&app, &host.address).await;
    all_here(&app, LONG).await;
    host.take();
    let right = std::fs::read(object(&data, &film)).unwrap();
    hurt(&data, &film, "flipped");
    let view = app.course(CourseInput { course: course.clone() }).await.unwrap();
    let item = view.sections[0].items.iter().find(|row| row.title == "film").unwrap().id.clone();
    let opened = app.item(daypack_app::api::input::ItemInput { course, item }).await.unwrap();
    let daypack_app::api::study::ItemBodyView::Video(video) = opened.body else { panic!("a film") };
    let url = video.sources[0].url.clone();
    let (sound_part, hurt_part) = tokio::task::spawn_blocking(move || {
        (played(&url, 100_000, 300_000), played(&url, 4_000_000, 6_000_000))
    })
    .await
    .unwrap();
    assert!(sound_part == right[100_000..300_000], "the control: what is sound is played");
    assert!(hurt_part.len() < 2_000_000, "it ends before the damage");
    assert!(hurt_part == right[4_000_000..4_000_000 + hurt_part.len()], "never a wrong byte");
    let end = std::time::Instant::now() + LONG;
    while !sound(&data, &film) {
        assert!(std::time::Instant::now() < end, "not mended");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let fetched = host.take().bytes();
    assert!(fetched > 0 && fetched <= 1 << 20, "one piece: {fetched}");
    app.close().await;
}
