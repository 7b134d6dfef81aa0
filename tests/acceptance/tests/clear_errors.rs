//! Each thing that goes wrong on an ordinary day has a code of its own, and nothing is lost by it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use daypack_app::api::FailureCode as Code;
use daypack_app::api::input::*;
use daypack_app::api::outline::Here;
use daypack_app::{App, OpenOptions};
use daypack_course::TimeMs;
use daypack_formats::pack::{self, BuildOptions};
use daypack_tests::practice::{Practice, daypack, root, small_course};

async fn open(dir: &Path) -> App {
    App::open(OpenOptions { data_dir: dir.to_owned(), quiet: true, ..OpenOptions::default() }).await.unwrap()
}

async fn check(app: &App, address: &str) -> Code {
    app.site_check(Address { address: address.into() }).await.expect_err(address).code
}

/// A host that answers everything with one page, as a captive portal or an ordinary web site does.
async fn web_site(status: axum::http::StatusCode, page: &'static str, known: Option<&'static str>) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = axum::Router::new().fallback(move |uri: axum::http::Uri| async move {
        let found = known.is_none_or(|path| uri.path() == path);
        let status = if found { status } else { axum::http::StatusCode::NOT_FOUND };
        (status, axum::response::Html(page))
    });
    tokio::spawn(async move { axum::serve(listener, app).await });
    format!("http://{address}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_address_a_web_site_and_a_captive_portal_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let app = open(dir.path()).await;
    assert_eq!(check(&app, "not an address at all").await, Code::BadAddress);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = format!("http://{}", taken.local_addr().unwrap());
    drop(taken);
    assert_eq!(check(&app, &closed).await, Code::NotFound);
    let shop = web_site(axum::http::StatusCode::OK, "<html><body>Fresh bread</body></html>", Some("/")).await;
    assert_eq!(check(&app, &shop).await, Code::NotAnLms);
    // The same host asked for encryption it does not have: no password goes there.
    assert_eq!(check(&app, &shop.replace("http:", "https:")).await, Code::NoSafeConnection);
    let portal = web_site(
        axum::http::StatusCode::OK,
        "<html><body><form><input name=room><button>Connect</button></form></body></html>",
        None,
    )
    .await;
    assert_eq!(check(&app, &portal).await, Code::CaptivePortal);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_behind_a_portal_in_maintenance_or_with_a_wrong_password_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let campus = Practice::start(&small_course(), None, &dir.path().join("campus"));
    let app = open(&dir.path().join("data")).await;
    campus.ctl(&["portal", "on"]);
    assert_eq!(check(&app, &campus.site).await, Code::CaptivePortal);
    campus.ctl(&["portal", "off"]);
    campus.ctl(&["maintenance", "on"]);
    let code = check(&app, &campus.site).await;
    assert_eq!(code, Code::Maintenance);
    campus.ctl(&["maintenance", "off"]);
    let wrong = SignIn { site: campus.site.clone(), username: "student1".into(), password: "x".into() };
    assert_eq!(app.sign_in(wrong).await.unwrap_err().code, Code::WrongPassword);
    assert!(
        app.site_check(Address { address: campus.site.clone() }).await.is_ok(),
        "and the right one works"
    );
    app.close().await;
}

async fn open_file(app: &App, path: &Path) -> Code {
    app.open_path(PathInput { path: path.display().to_string() }).await.expect_err("refused").code
}

fn key(dir: &Path) -> String {
    let path = dir.join("key");
    if !path.exists() {
        assert_eq!(daypack(&["pack", "keygen", path.to_str().unwrap()]).0, 0);
    }
    path.display().to_string()
}

fn build(dir: &Path, name: &str, key: &str) -> std::path::PathBuf {
    let out = dir.join(name);
    let folder = small_course().display().to_string();
    let (code, said) = daypack(&["pack", "build", &folder, "--out", out.to_str().unwrap(), "--key", key]);
    assert_eq!(code, 0, "{said}");
    out
}

#[tokio::test(flavor = "multi_thread")]
async fn a_package_opens_and_a_broken_changed_or_foreign_one_is_refused_with_its_reason() {
    let dir = tempfile::tempdir().unwrap();
    let app = open(&dir.path().join("data")).await;
    let key_a = key(dir.path());
    let package = build(dir.path(), "package", &key_a);
    let file = dir.path().join("course.daypack");
    let exported = daypack(&["pack", "export", package.to_str().unwrap(), file.to_str().unwrap()]);
    assert_eq!(exported.0, 0, "{exported:?}");

    // Broken: a flipped byte in an object, a cut file.
    let object = std::fs::read_dir(package.join("o")).unwrap().next().unwrap().unwrap().path();
    let good = std::fs::read(&object).unwrap();
    let mut bad = good.clone();
    bad[0] ^= 1;
    std::fs::write(&object, &bad).unwrap();
    assert_eq!(open_file(&app, &package).await, Code::BrokenPackage);
    std::fs::write(&object, &good).unwrap();
    let cut = dir.path().join("cut.daypack");
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    assert_eq!(open_file(&app, &cut).await, Code::BrokenPackage);

    // Wrong signature: the signed bytes were changed.
    let channel = package.join("channel.json");
    let signed = std::fs::read_to_string(&channel).unwrap();
    let mut envelope: serde_json::Value = serde_json::from_str(&signed).unwrap();
    let payload = envelope["payload"].as_str().unwrap().replacen("ey", "fy", 1);
    envelope["payload"] = payload.into();
    std::fs::write(&channel, envelope.to_string()).unwrap();
    assert_eq!(open_file(&app, &package).await, Code::WrongSignature);
    std::fs::write(&channel, &signed).unwrap();

    // Not ours at all.
    let text = dir.path().join("essay.docx");
    std::fs::write(&text, "just text").unwrap();
    assert_eq!(open_file(&app, &text).await, Code::UnsupportedFile);
    assert_eq!(open_file(&app, &dir.path().join("nowhere.daypack")).await, Code::FileMissing);
    assert!(app.library(Nothing {}).await.unwrap().courses.is_empty(), "nothing was left behind");

    // The good one opens, from the file and from the folder, as one course; all of it is here.
    let opened = app.open_path(PathInput { path: file.display().to_string() }).await.expect("opens");
    let again = app.open_path(PathInput { path: package.display().to_string() }).await.expect("opens again");
    assert_eq!(opened.courses[0].id, again.courses[0].id);
    let view = app.course(CourseInput { course: opened.courses[0].id.clone() }).await.unwrap();
    let ready = view.sections.iter().flat_map(|s| &s.items).filter(|i| i.here == Here::Ready).count();
    assert!(ready >= 8, "{view:?}");

    // The same course signed by somebody else is not taken for it.
    std::fs::create_dir(dir.path().join("other")).unwrap();
    let key_b = key(&dir.path().join("other"));
    let foreign = build(dir.path(), "foreign", &key_b);
    assert_eq!(open_file(&app, &foreign).await, Code::OtherKey);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn small_files_in_packs_are_taken_along_and_a_broken_pack_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let key = key(dir.path());
    let package = build(dir.path(), "package", &key);
    let file = dir.path().join("course.daypack");
    assert_eq!(daypack(&["pack", "export", package.to_str().unwrap(), file.to_str().unwrap()]).0, 0);
    // A folder with the packs alone: each small file comes out of its pack.
    let pack = std::fs::read_dir(package.join("p")).unwrap().next().unwrap().unwrap().path();
    let small: Vec<_> = std::fs::read_dir(package.join("o"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.metadata().unwrap().len() <= 128 << 10)
        .collect();
    assert!(!small.is_empty(), "control: the course has small files");
    small.iter().for_each(|entry| std::fs::remove_file(entry.path()).unwrap());
    let good = std::fs::read(&pack).unwrap();
    let mut bad = good.clone();
    let middle = bad.len() / 2;
    bad[middle] ^= 1;
    std::fs::write(&pack, &bad).unwrap();
    let app = open(&dir.path().join("data")).await;
    assert_eq!(open_file(&app, &package).await, Code::BrokenPackage);
    assert!(app.library(Nothing {}).await.unwrap().courses.is_empty(), "nothing was left behind");
    std::fs::write(&pack, &good).unwrap();
    let mut ids = Vec::new();
    for path in [&package, &file] {
        let opened = app.open_path(PathInput { path: path.display().to_string() }).await.expect("opens");
        let course = opened.courses[0].id.clone();
        let view = app.course(CourseInput { course: course.clone() }).await.unwrap();
        for item in view.sections.iter().flat_map(|s| &s.items).filter(|i| i.here == Here::Ready) {
            let input = ItemInput { course: course.clone(), item: item.id.clone() };
            app.item(input).await.expect("a ready item opens");
        }
        ids.push(course);
    }
    assert_eq!(ids[0], ids[1]);
    app.close().await;
}

#[test]
fn the_pack_tool_says_each_outcome_with_its_exit_code_in_words_and_as_json() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).display().to_string();
    let (folder, out, key_a) = (small_course().display().to_string(), at("out"), key(dir.path()));
    let tool = |arguments: &[&str]| {
        let mut words = vec!["pack"];
        words.extend(arguments);
        words.push("--json");
        daypack(&words)
    };
    // Without a key the channel waits; with it it is published.
    let built = tool(&["build", &folder, "--out", &out]);
    assert_eq!((built.0, built.1["ok"]["published"].as_bool()), (3, Some(false)), "{built:?}");
    assert!(built.1["ok"]["packed_files"].as_u64() > Some(0));
    assert_eq!(tool(&["sign", &out, "--key", &key_a]).0, 0);
    let verified = tool(&["verify", &out]);
    assert_eq!((verified.0, verified.1["ok"]["key"].is_string()), (0, true), "{verified:?}");
    // What a new learner fetches, and what one who has it all.
    let all = tool(&["diff", "-", &out]);
    let sound = tool(&["diff", "-", &out, "--tier", "audio"]);
    let bytes = |said: &serde_json::Value| said["ok"]["bytes"].as_u64().unwrap();
    assert!(bytes(&sound.1) <= bytes(&all.1) && bytes(&all.1) > 0);
    let none = tool(&["diff", &out, &out]);
    assert_eq!(none.1["ok"]["requests"].as_u64(), Some(1), "the channel alone: {none:?}");
    // Learners who have it may take it again, and a newer one; not one of another publisher.
    assert_eq!(tool(&["verify", &out, "--after", &out]).0, 0);
    std::fs::create_dir(dir.path().join("other")).unwrap();
    let foreign = build(dir.path(), "foreign", &key(&dir.path().join("other")));
    let refused = tool(&["verify", foreign.to_str().unwrap(), "--after", &out]);
    assert_eq!((refused.0, refused.1["error"]["code"].as_str()), (1, Some("other_key")), "{refused:?}");
    // Damage is named; the code says that something is wrong.
    let object = std::fs::read_dir(dir.path().join("out/o")).unwrap().next().unwrap().unwrap().path();
    let mut bad = std::fs::read(&object).unwrap();
    bad[0] ^= 1;
    std::fs::write(&object, bad).unwrap();
    let damaged = tool(&["verify", &out]);
    assert_eq!((damaged.0, damaged.1["error"]["code"].as_str()), (1, Some("damaged")), "{damaged:?}");
    let named = damaged.1["report"]["damaged"][0]["path"].as_str().unwrap();
    assert!(named.ends_with(object.file_name().unwrap().to_str().unwrap()), "{named}");
    assert_eq!(tool(&["build", &folder, "--out", &out, "--site", "nonsense"]).0, 2);
    assert_eq!(tool(&["build"]).0, 2);
    assert_eq!(tool(&["verify", &at("nowhere")]).0, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_package_installs_works_and_says_when_it_was_last_confirmed() {
    let dir = tempfile::tempdir().unwrap();
    let keys = [pack::load_key(Path::new(&key(dir.path()))).unwrap()];
    let app = open(&dir.path().join("data")).await;
    let long_ago = TimeMs(1_600_000_000_000);
    let options = BuildOptions {
        keys: &keys,
        sites: &BTreeMap::new(),
        muxer: None,
        mirrors: &[],
        shareable: false,
        now: long_ago,
    };
    let out = dir.path().join("old");
    pack::build(&small_course(), &out, options).unwrap();
    let opened = app.open_path(PathInput { path: out.display().to_string() }).await.expect("installs");
    let course = opened.courses[0].id.clone();
    let view = app.course(CourseInput { course: course.clone() }).await.unwrap();
    assert_eq!(view.last_confirmed, Some(long_ago));
    let ready: Vec<_> =
        view.sections.iter().flat_map(|s| &s.items).filter(|i| i.here == Here::Ready).collect();
    assert!(!ready.is_empty());
    for item in ready {
        app.item(ItemInput { course: course.clone(), item: item.id.clone() }).await.expect("it works");
    }
    // Confirmed again by its publisher, it is up to date again.
    let folder = out.to_str().unwrap();
    assert_eq!(daypack(&["pack", "sign", folder, "--key", &key(dir.path())]).0, 0);
    app.open_path(PathInput { path: folder.to_owned() }).await.expect("the same version");
    assert_eq!(app.course(CourseInput { course }).await.unwrap().last_confirmed, None);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publisher_changes_keys_and_the_course_stays_the_same_and_an_old_channel_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let library = dir.path().join("library");
    std::fs::create_dir_all(dir.path().join("next")).unwrap();
    std::fs::create_dir(&library).unwrap();
    let (old, new) = (key(dir.path()), key(&dir.path().join("next")));
    let package = build(&library, "course", &old);
    let shelf = library.to_str().unwrap();
    let listed = daypack(&["pack", "library", shelf, "--title", "Village", "--key", &old, "course"]);
    assert_eq!(listed.0, 0, "{listed:?}");
    let campus = Practice::start(&small_course(), Some(&library), &dir.path().join("campus"));
    let app = open(&dir.path().join("data")).await;
    app.library_add(LibraryAddress { address: campus.library.clone() }).await.expect("added");
    let offer = app.library(Nothing {}).await.unwrap().offers[0].clone();
    let add = || app.course_add(OfferInput { source: offer.source.clone(), id: offer.id.clone() });
    let before = add().await.expect("added").course;
    let first = std::fs::read(package.join("channel.json")).unwrap();
    let public = format!("{new}.pub");
    let package = package.to_str().unwrap();
    let said =
        daypack(&["pack", "rotate", package, "--key", &old, "--key", &new, "--new", &public, "--json"]);
    assert_eq!((said.0, said.1["ok"]["epoch"].as_u64()), (0, Some(2)), "{said:?}");
    assert_eq!(add().await.expect("the same course under new keys").course, before);
    let opened = app.open_path(PathInput { path: package.to_owned() }).await.expect("and from its folder");
    assert_eq!(opened.courses[0].id.to_string(), before.to_string());
    // Whoever holds the old key, or an old copy, is refused now.
    std::fs::write(library.join("course/channel.json"), first).unwrap();
    assert_eq!(add().await.unwrap_err().code, Code::OlderVersion);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_library_gives_courses_and_a_full_disk_or_a_wrong_key_is_said_before_anything_is_fetched() {
    let dir = tempfile::tempdir().unwrap();
    let library = dir.path().join("library");
    std::fs::create_dir(&library).unwrap();
    let key = key(dir.path());
    build(&library, "course", &key);
    let made = daypack(&[
        "pack",
        "library",
        library.to_str().unwrap(),
        "--title",
        "Village library",
        "--key",
        &key,
        "course",
    ]);
    assert_eq!(made.0, 0, "{made:?}");
    let campus = Practice::start(&small_course(), Some(&library), &dir.path().join("campus"));
    let app = open(&dir.path().join("data")).await;
    let wrong = format!("{}#key={}", campus.library, "0".repeat(64));
    assert_eq!(app.library_add(LibraryAddress { address: wrong }).await.unwrap_err().code, Code::OtherKey);
    let none = LibraryAddress { address: format!("{}/nothing", campus.site) };
    let code = app.library_add(none).await.unwrap_err().code;
    assert!(matches!(code, Code::NotALibrary | Code::NotFound), "{code:?}");
    let added = app.library_add(LibraryAddress { address: campus.library.clone() }).await.expect("added");
    assert_eq!((added.title.as_str(), added.courses), ("Village library", 1));
    let offer = app.library(Nothing {}).await.unwrap().offers[0].clone();
    let course = app.course_add(OfferInput { source: offer.source, id: offer.id }).await.unwrap().course;
    let taken = app
        .take_along(TakeAlong { course: course.clone(), section: None, item: None, tier: None })
        .await
        .expect("there is room");
    assert!(taken.card.size.is_some());
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_without_room_refuses_before_the_first_byte() {
    // A folder on a file system of a few megabytes: needs the right to mount, else the test says what it skips.
    let dir = tempfile::tempdir().unwrap();
    let small = dir.path().join("small");
    std::fs::create_dir(&small).unwrap();
    let mounted = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=8m", "tmpfs", small.to_str().unwrap()])
        .status()
        .is_ok_and(|s| s.success());
    if !mounted {
        println!("skipped: no right to mount a small file system here");
        return;
    }
    let app = open(&small.join("data")).await;
    let failed = app.look_around(Nothing {}).await.expect_err("no room").code;
    assert_eq!(failed, Code::NoSpace);
    let draft =
        DraftSave { course: "c".into(), item: "i".into(), slot: "text".into(), text: "still saved".into() };
    assert!(app.draft_save(draft).await.is_ok(), "answers still fit");
    app.close().await;
    drop(app);
    let _ = std::process::Command::new("umount").arg(&small).status();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_process_owns_a_folder_and_others_are_served_by_it() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let app = open(&data).await;
    let second = App::open(OpenOptions { data_dir: data.clone(), ..OpenOptions::default() }).await;
    assert_eq!(second.err().map(|f| f.code), Some(Code::InUse));
    // The tool forwards to the owner.
    let place = r#"{"page":"outbox"}"#;
    let (code, said) = daypack(&["call", "place_save", place, "--data", data.to_str().unwrap()]);
    assert_eq!(code, 0, "{said}");
    let kept = app.app_status(Nothing {}).await.unwrap().place;
    assert_eq!(kept.map(|p| p.page), Some("outbox".to_owned()));
    let (code, said) = daypack(&["call", "no_such_command", "{}", "--data", data.to_str().unwrap()]);
    assert_eq!((code, said["error"]["code"].as_str()), (1, Some("unknown_command")));
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn real_cartridges_open_with_honest_labels() {
    let folder = root().join("../shared/real-courses/cc");
    let Ok(files) = std::fs::read_dir(&folder) else {
        println!("skipped: real-courses/cc is not here");
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let app = open(&dir.path().join("data")).await;
    let (mut opened, mut refused, mut online) = (0, Vec::new(), 0);
    for file in files {
        let path = file.unwrap().path();
        match app.open_path(PathInput { path: path.display().to_string() }).await {
            Ok(found) => {
                for course in found.courses {
                    opened += 1;
                    let view = app.course(CourseInput { course: course.id.clone() }).await.unwrap();
                    let items: Vec<_> = view.sections.into_iter().flat_map(|s| s.items).collect();
                    assert!(!items.is_empty(), "{} has an outline", path.display());
                    online += items
                        .iter()
                        .filter(|i| !i.online.is_empty() || i.here == Here::NeedsInternet)
                        .count();
                    for item in items.iter().filter(|i| i.here == Here::Ready).take(3) {
                        let input = ItemInput { course: course.id.clone(), item: item.id.clone() };
                        app.item(input).await.expect("a ready item opens");
                    }
                }
            }
            Err(failure) => refused.push((path.file_name().unwrap().to_owned(), failure.code)),
        }
    }
    println!("{opened} opened, {online} items need the internet, refused: {refused:?}");
    assert!(opened >= 12, "{opened} opened, refused: {refused:?}");
    assert!(online > 50, "items that need the internet are labelled: {online}");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_course_that_comes_along_needs_no_network() {
    let dir = tempfile::tempdir().unwrap();
    let app = open(&dir.path().join("data")).await;
    let course = app.look_around(Nothing {}).await.expect("opens").course;
    let view = app.course(CourseInput { course }).await.unwrap();
    assert!(view.sections.iter().flat_map(|s| &s.items).all(|i| i.here == Here::Ready), "{view:?}");
    app.close().await;
    let _ = std::io::stdout().flush();
}

#[test]
fn a_reader_of_the_tools_answer_that_has_gone_away_is_no_fault() {
    use std::process::{Command, Stdio};
    let mut command = Command::new(daypack_tests::practice::bin("daypack"));
    let mut child = command.arg("commands").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut said = String::new();
    std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut said).unwrap();
    assert!(child.wait().unwrap().success() && said.is_empty(), "{said}");
}
