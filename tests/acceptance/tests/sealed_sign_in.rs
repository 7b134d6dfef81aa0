//! Sign-ins are sealed: no file of the data folder gives a token away, a locked keyring costs no work and signs nobody
//! out, and a computer without a keyring is told of. The last tests use a real gnome-keyring.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use daypack_app::api::FailureCode;
use daypack_app::api::input::*;
use daypack_app::api::keys::{KeyringView, KeysGuard, KeysHow, KeysStanding};
use daypack_app::{App, Keyring, MemoryKeyring, Mood, OpenOptions};
use daypack_course::TimeMs;
use daypack_course::outline::ItemKind;
use daypack_course::work::WorkState;
use daypack_store::{Store, StoreError};
use daypack_tests::practice::{Practice, bin, small_course};
use serde_json::{Value, json};

async fn open(data: &Path, keyring: &Arc<MemoryKeyring>) -> App {
    let keyring = Some(Arc::clone(keyring) as Arc<dyn Keyring>);
    // Quiet: nothing is sent or asked before the test says so.
    let options = OpenOptions { data_dir: data.to_owned(), keyring, quiet: true, ..OpenOptions::default() };
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        match App::open(options.clone()).await {
            Ok(app) => return app,
            // In one process the tasks of the program that was just closed may hold the folder a moment longer.
            Err(failure) if failure.code == FailureCode::InUse && Instant::now() < end => {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            Err(failure) => panic!("{failure}"),
        }
    }
}

/// The shelf, as soon as the program has let go of it.
fn shelf(data: &Path) -> Store {
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        match Store::open(data, TimeMs(0)) {
            Ok(store) => return store,
            Err(StoreError::InUse) if Instant::now() < end => std::thread::yield_now(),
            Err(error) => panic!("{error}"),
        }
    }
}

async fn sign_in(app: &App, campus: &Practice) {
    let who =
        SignIn { site: campus.site.clone(), username: "student1".into(), password: "practice-1".into() };
    app.sign_in(who).await.unwrap();
}

async fn end(app: App) {
    app.close().await;
    drop(app);
}

/// Files below `dir` in which `text` stands.
fn files_with(dir: &Path, text: &str) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![dir.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if std::fs::read(&path)
                .is_ok_and(|bytes| bytes.windows(text.len()).any(|at| at == text.as_bytes()))
            {
                found.push(path);
            }
        }
    }
    found
}

/// The assignment of a course of the campus, brought here.
async fn assignment(app: &App) -> ItemInput {
    let offers = app.offers_refresh(Nothing {}).await.unwrap().offers;
    let offer = OfferInput { source: offers[0].source.clone(), id: offers[0].id.clone() };
    let course = app.course_add(offer).await.unwrap().course;
    let outline = app.course(CourseInput { course: course.clone() }).await.unwrap();
    let rows = outline.sections.into_iter().flat_map(|section| section.items);
    let item = rows.filter(|row| row.kind == ItemKind::Assignment).map(|row| row.id).next().unwrap();
    ItemInput { course, item }
}

/// Writes it and hands it in.
async fn write(app: &App, at: &ItemInput, words: &str) -> WorkInput {
    let (course, item) = (at.course.clone(), at.item.clone());
    let sealed = HandIn { course: course.clone(), item: item.clone(), agreed: false };
    app.draft_save(DraftSave { course, item, slot: "text".into(), text: words.into() }).await.unwrap();
    WorkInput { work: app.hand_in(sealed).await.unwrap().id }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_of_a_site_is_in_no_file_of_the_data_folder() {
    let dir = tempfile::tempdir().unwrap();
    let campus = Practice::start(&small_course(), None, &dir.path().join("campus"));
    let (data, keyring) = (dir.path().join("data"), Arc::<MemoryKeyring>::default());
    let app = open(&data, &keyring).await;
    sign_in(&app, &campus).await;
    write(&app, &assignment(&app).await, "sent with the token").await;
    app.sync_now(Nothing {}).await.unwrap();
    let keys = app.app_status(Nothing {}).await.unwrap().keys;
    assert_eq!((keys.standing, keys.guard), (KeysStanding::Open, Some(KeysGuard::Keyring)));
    let account = app.app_status(Nothing {}).await.unwrap().accounts[0].id.clone();
    end(app).await;

    let store = shelf(&data);
    store.keyring_use(keyring);
    store.keys_open(None, None).unwrap();
    let token = store.secret_get(&account).unwrap().unwrap().reveal().to_owned();
    drop(store);
    assert!(token.len() >= 16, "the campus gave a real token");
    assert_eq!(files_with(&data, &token), Vec::<PathBuf>::new());
    // Controls: the search sees into these files, and it would see the token.
    assert!(!files_with(&data, "sent with the token").is_empty());
    let plain = data.join("secrets.json");
    std::fs::write(&plain, json!({ account.as_str(): token }).to_string()).unwrap();
    assert_eq!(files_with(&data, &token), [plain]);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_keyring_is_locked_work_is_saved_and_waits_and_nobody_is_signed_out() {
    let dir = tempfile::tempdir().unwrap();
    let campus = Practice::start(&small_course(), None, &dir.path().join("campus"));
    let (data, keyring) = (dir.path().join("data"), Arc::<MemoryKeyring>::default());
    let app = open(&data, &keyring).await;
    sign_in(&app, &campus).await;
    let place = assignment(&app).await;
    end(app).await;

    keyring.set_mood(Mood::Locked);
    let app = open(&data, &keyring).await;
    let work = write(&app, &place, "written while locked").await;
    app.sync_now(Nothing {}).await.unwrap();
    let status = app.app_status(Nothing {}).await.unwrap();
    assert_eq!((status.keys.standing, status.keys.keyring), (KeysStanding::Locked, KeyringView::Locked));
    assert!(!status.accounts[0].needs_sign_in, "locked is not signed out");
    let held = app.work(work.clone()).await.unwrap();
    assert_eq!(held.card.state, WorkState::Waiting);
    assert!(held.text.iter().any(|part| part.text == "written while locked"), "{held:?}");
    let refused = app.offers_refresh(Nothing {}).await.unwrap_err();
    assert_eq!(refused.code, FailureCode::KeysLocked);
    end(app).await;

    // A restart later the keyring is open, and everything goes on without a new sign-in.
    keyring.set_mood(Mood::Open);
    let app = open(&data, &keyring).await;
    assert!(!app.app_status(Nothing {}).await.unwrap().accounts[0].needs_sign_in);
    app.sync_now(Nothing {}).await.unwrap();
    accepted(&app, &work).await;
    end(app).await;
}

/// Waits until the work has its receipt.
async fn accepted(app: &App, work: &WorkInput) {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let state = app.work(work.clone()).await.unwrap().card.state;
        if matches!(state, WorkState::Accepted { .. }) {
            return;
        }
        assert!(Instant::now() < end, "not sent: {state:?}");
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unlocking_in_the_same_session_sends_what_waits() {
    let dir = tempfile::tempdir().unwrap();
    let mut campus = Practice::start(&small_course(), None, &dir.path().join("campus"));
    let (data, keyring) = (dir.path().join("data"), Arc::<MemoryKeyring>::default());
    let app = open(&data, &keyring).await;
    sign_in(&app, &campus).await;
    let place = assignment(&app).await;
    campus.stop();
    let work = write(&app, &place, "waits for the key").await;
    app.keys_keep(KeysKeep { how: KeysHow::Passphrase, passphrase: "a long walk".into() }).await.unwrap();
    end(app).await;

    campus.restart();
    let app = open(&data, &keyring).await;
    app.sync_now(Nothing {}).await.unwrap();
    let held = app.work(work.clone()).await.unwrap().card.state;
    assert!(!matches!(held, WorkState::Accepted { .. }), "{held:?}");
    let wrong = app.keys_unlock(KeysUnlock { passphrase: Some("a long talk".into()) }).await.unwrap_err();
    assert_eq!(wrong.code, FailureCode::WrongPassphrase);
    let status = app.keys_unlock(KeysUnlock { passphrase: Some("a long walk".into()) }).await.unwrap();
    assert_eq!((status.keys.standing, status.keys.guard), (KeysStanding::Open, Some(KeysGuard::Passphrase)));
    app.sync_now(Nothing {}).await.unwrap();
    accepted(&app, &work).await;
    end(app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_keyring_a_sign_in_lasts_for_the_session_and_the_learner_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let mut campus = Practice::start(&small_course(), None, &dir.path().join("campus"));
    let data = dir.path().join("data");
    let keyring = Arc::<MemoryKeyring>::default();
    keyring.set_mood(Mood::Unavailable);
    let app = open(&data, &keyring).await;
    sign_in(&app, &campus).await;
    let keys = app.app_status(Nothing {}).await.unwrap().keys;
    assert_eq!((keys.standing, keys.keyring), (KeysStanding::Session, KeyringView::Unavailable));
    let place = assignment(&app).await;
    campus.stop();
    let work = write(&app, &place, "written on a computer without a keyring").await;
    end(app).await;

    campus.restart();
    let app = open(&data, &keyring).await;
    assert!(app.app_status(Nothing {}).await.unwrap().accounts[0].needs_sign_in);
    let kept = app.work(work.clone()).await.unwrap();
    assert!(
        kept.text.iter().any(|part| part.text.contains("without a keyring")),
        "the work is here: {kept:?}"
    );
    sign_in(&app, &campus).await;
    app.sync_now(Nothing {}).await.unwrap();
    accepted(&app, &work).await;
    end(app).await;
}

/// The tool on a computer of its own: `home` is its home, `environment` what else differs.
fn tool(environment: &[(&str, &str)], arguments: &[&str]) -> Value {
    let out = Command::new(bin("daypack"))
        .args(arguments)
        .env_remove("DAYPACK_PASSPHRASE")
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    serde_json::from_slice(&out.stdout).unwrap_or_else(|_| panic!("{out:?}"))
}

fn who(campus: &Practice) -> String {
    json!({ "site": campus.site, "username": "student1", "password": "practice-1" }).to_string()
}

#[test]
fn the_tool_seals_with_a_passphrase_of_the_environment_where_there_is_no_keyring() {
    let dir = tempfile::tempdir().unwrap();
    let campus = Practice::start(&small_course(), None, &dir.path().join("campus"));
    let data = dir.path().join("data").display().to_string();
    let sealed = [("DAYPACK_KEYRING", "none"), ("DAYPACK_PASSPHRASE", "a long walk")];
    let said = tool(&sealed, &["call", "sign_in", &who(&campus), "--data", &data]);
    assert_eq!(said["ok"]["needs_sign_in"], false, "{said}");
    let said = tool(&sealed, &["call", "offers_refresh", "{}", "--data", &data]);
    assert_eq!(said["ok"]["offers"].as_array().unwrap().len(), 1, "{said}");
    let said = tool(&[("DAYPACK_KEYRING", "none")], &["call", "offers_refresh", "{}", "--data", &data]);
    assert_eq!(said["error"]["code"], "keys_locked");
    let wrong = [("DAYPACK_KEYRING", "none"), ("DAYPACK_PASSPHRASE", "a long talk")];
    let said = tool(&wrong, &["call", "offers_refresh", "{}", "--data", &data]);
    assert_eq!(said["error"]["code"], "keys_locked");
    let said = tool(&wrong, &["call", "app_status", "{}", "--data", &data]);
    assert_eq!(said["ok"]["accounts"][0]["needs_sign_in"], false, "locked is not signed out");
}

#[test]
fn without_keyring_and_passphrase_the_tool_keeps_a_sign_in_no_longer_than_it_runs() {
    let dir = tempfile::tempdir().unwrap();
    let campus = Practice::start(&small_course(), None, &dir.path().join("campus"));
    let data = dir.path().join("data").display().to_string();
    let none = [("DAYPACK_KEYRING", "none")];
    let said = tool(&none, &["call", "sign_in", &who(&campus), "--data", &data]);
    assert!(said["ok"].is_object(), "{said}");
    let said = tool(&none, &["call", "app_status", "{}", "--data", &data]);
    assert_eq!(said["ok"]["accounts"][0]["needs_sign_in"], true);
    assert!(!Path::new(&data).join("secrets.sealed").exists());
}

/// Runs shell lines in a D-Bus session of its own, with a home of its own, with the real keyring's programs.
#[cfg(target_os = "linux")]
fn desktop(home: &Path, bus: &[&str], lines: &str) -> Vec<Value> {
    let runtime = home.join("run");
    std::fs::create_dir_all(&runtime).unwrap();
    std::fs::set_permissions(&runtime, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let out = Command::new("dbus-run-session")
        .args(bus)
        .args(["--", "sh", "-c", lines])
        .env("HOME", home)
        .env("XDG_RUNTIME_DIR", &runtime)
        .env("XDG_DATA_HOME", home.join("share"))
        .env("DAYPACK", bin("daypack"))
        .env("DATA", home.join("daypack"))
        .env_remove("DAYPACK_KEYRING")
        .env_remove("DAYPACK_PASSPHRASE")
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .output()
        .expect("dbus-run-session (Debian: dbus) runs");
    let text = String::from_utf8_lossy(&out.stdout);
    let said: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    assert!(!said.is_empty(), "{}\n{}", text, String::from_utf8_lossy(&out.stderr));
    said
}

#[cfg(target_os = "linux")]
#[test]
fn a_real_gnome_keyring_keeps_the_key_and_when_it_is_locked_nobody_is_signed_out() {
    let there =
        Command::new("gnome-keyring-daemon").arg("--version").output().is_ok_and(|o| o.status.success());
    assert!(there, "gnome-keyring is not installed; `cargo xtask test` installs it");
    let home = tempfile::tempdir().unwrap();
    let campus = Practice::start(&small_course(), None, &home.path().join("campus"));
    let open = "printf pw | gnome-keyring-daemon --unlock --components=secrets --daemonize >/dev/null 2>&1\n";
    let status = r#""$DAYPACK" call app_status '{}' --data "$DATA""#;
    let offers = r#""$DAYPACK" call offers_refresh '{}' --data "$DATA""#;
    let sign_in = format!(r#""$DAYPACK" call sign_in '{}' --data "$DATA""#, who(&campus));

    let said = desktop(home.path(), &[], &format!("{open}{sign_in}\n{offers}\n{status}"));
    assert_eq!(said.len(), 3, "{said:?}");
    assert_eq!(
        said[1]["ok"]["offers"].as_array().map(Vec::len),
        Some(1),
        "a second process signs in by the keyring: {said:?}"
    );
    let sealed = home.path().join("daypack/secrets.sealed");
    let text = std::fs::read_to_string(&sealed).unwrap();
    assert!(text.contains("\"keyring\"") && !text.contains("wrapped"), "{text}");

    // The next day nobody unlocked it.
    let shut = "gnome-keyring-daemon --start --components=secrets >/dev/null 2>&1\n";
    let said = desktop(home.path(), &[], &format!("{shut}{offers}\n{status}"));
    assert_eq!(said[0]["error"]["code"], "keys_locked", "{said:?}");
    assert_eq!(said[1]["ok"]["accounts"][0]["needs_sign_in"], false, "{said:?}");
    assert_eq!(std::fs::read_to_string(&sealed).unwrap(), text, "nothing was thrown away");

    let said = desktop(home.path(), &[], &format!("{open}{offers}"));
    assert_eq!(said[0]["ok"]["offers"].as_array().map(Vec::len), Some(1), "{said:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_desktop_without_a_secret_service_has_no_keyring_and_that_is_not_a_locked_one() {
    let home = tempfile::tempdir().unwrap();
    // A session bus that knows of no service to start.
    let bus = home.path().join("bus.conf");
    let policy = "<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen><auth>EXTERNAL</auth>\
        <policy context='default'><allow send_destination='*' eavesdrop='true'/><allow eavesdrop='true'/>\
        <allow own='*'/></policy></busconfig>";
    std::fs::write(&bus, policy).unwrap();
    let bus = format!("--config-file={}", bus.display());
    let keep = r#""$DAYPACK" call keys_keep '{"how":"keyring"}' --data "$DATA""#;
    let said = desktop(home.path(), &[&bus], keep);
    assert_eq!(said[0]["error"]["code"], "keyring_unavailable", "{said:?}");
    // Negative control: where a service can be started and nobody unlocked it, the answer is the other one.
    let said = desktop(home.path(), &[], keep);
    assert_eq!(said[0]["error"]["code"], "keyring_locked", "{said:?}");
}
