//! Several people use one computer: each has work of their own behind a passphrase of their own, what is locked can be
//! read by nobody, and nothing is lost on the way in, on the way back, or when the computer dies in between.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use daypack_app::api::door::DoorStanding;
use daypack_app::api::input::*;
use daypack_app::api::{Event, Failure, FailureCode};
use daypack_app::{App, Door, OpenOptions};
use daypack_course::outline::ItemKind;
use daypack_course::work::WorkState;
use daypack_course::{CourseId, ItemId, TimeMs};
use daypack_store::{Store, StoreError};
use daypack_tests::learner::{enrol, of_kind, until};
use daypack_tests::practice::{Practice, bin, daypack, keyring_of, small_course};
use serde_json::{Value, json};

const ADA: &str = "a long walk";
const BEN: &str = "a short swim";
/// Typed, and in no file of a locked folder.
const CANARY: &str = "the heron stands on one leg";

fn options(data: &Path) -> OpenOptions {
    OpenOptions {
        data_dir: data.to_owned(),
        keyring: Some(daypack_app::keyring::in_file(keyring_of(data))),
        quiet: true,
        ..OpenOptions::default()
    }
}

async fn open(data: &Path) -> Door {
    Door::open(options(data)).await.expect("opens")
}

async fn end(door: Door) {
    door.close().await;
}

async fn call(door: &Door, command: &str, input: Value) -> Result<Value, Failure> {
    door.dispatch(command, input).await
}

fn desk(door: &Door) -> App {
    door.desk().expect("a desk is open")
}

async fn share(door: &Door) -> String {
    let begin = ShareBegin { name: "Ada".into(), passphrase: ADA.into() };
    door.share_begin(begin).await.expect("shared").code
}

async fn unlock(door: &Door, learner: &str, passphrase: &str) -> Result<DoorStanding, Failure> {
    let unlock = LearnerUnlock { learner: learner.into(), passphrase: passphrase.into() };
    door.learner_unlock(unlock).await.map(|view| view.standing)
}

async fn lock(door: &Door) {
    let view = door.learner_lock(LearnerLock { flushed: true }).await.expect("locked");
    assert_eq!((view.standing, view.open), (DoorStanding::Locked, None));
}

/// Signs in, adds the course, writes a draft; the course and its assignment.
async fn study(app: &App, campus: &Practice) -> (CourseId, ItemId) {
    let course = enrol(app, campus).await;
    let item = of_kind(app, &course, ItemKind::Assignment).await.remove(0);
    write(app, &course, &item, CANARY).await;
    (course, item)
}

async fn write(app: &App, course: &CourseId, item: &ItemId, text: &str) {
    let draft =
        DraftSave { course: course.clone(), item: item.clone(), slot: "text".into(), text: text.into() };
    app.draft_save(draft).await.expect("saved");
}

/// What the learner finds in the field.
async fn found(app: &App, course: &CourseId, item: &ItemId) -> String {
    let view = app.item(ItemInput { course: course.clone(), item: item.clone() }).await.expect("the item");
    app.item_close(Nothing {}).await.expect("closed");
    let view = serde_json::to_value(view).unwrap();
    let texts = texts(&view);
    texts.into_iter().find(|text| text.contains("heron")).unwrap_or_default()
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(all) => all.iter().flat_map(texts).collect(),
        Value::Object(all) => all.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// Files below a folder that hold this text, also two bytes a letter.
fn files_with(dir: &Path, text: &[u8]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files_with(&path, text));
        } else if std::fs::read(&path).is_ok_and(|bytes| bytes.windows(text.len()).any(|at| at == text)) {
            found.push(path);
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn two_learners_see_nothing_of_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let campus = Practice::start(&small_course(), None, &dir.path().join("campus"));
    let door = open(&dir.path().join("data")).await;
    assert_eq!(door.door(Nothing {}).await.unwrap().standing, DoorStanding::Alone);
    let (course, item) = study(&desk(&door), &campus).await;

    // The one learner becomes the first of several, and goes on where they were.
    share(&door).await;
    assert_eq!(found(&desk(&door), &course, &item).await, CANARY);
    let added = door.learner_add(LearnerAdd { name: "Ben".into(), passphrase: BEN.into() }).await.unwrap();
    assert_eq!(added.door.learners.iter().map(|l| l.name.as_str()).collect::<Vec<_>>(), ["Ada", "Ben"]);
    let twice =
        door.learner_add(LearnerAdd { name: "ben ".into(), passphrase: BEN.into() }).await.unwrap_err();
    assert_eq!(twice.code, FailureCode::NameTaken);

    // Ben opens his own: Ada's is locked, and he finds none of it.
    assert_eq!(unlock(&door, "Ben", BEN).await.unwrap(), DoorStanding::Open);
    let status = call(&door, "app_status", json!({})).await.unwrap();
    assert_eq!((&status["accounts"], &status["first_run"]), (&json!([]), &json!(true)));
    let library = call(&door, "library", json!({})).await.unwrap();
    assert!(!library.to_string().contains(course.as_str()));
    write(&desk(&door), &course, &item, "a heron of Ben's").await;

    // Neither passphrase opens the other's work.
    lock(&door).await;
    assert_eq!(unlock(&door, "Ada", BEN).await.unwrap_err().code, FailureCode::WrongPassphrase);
    assert_eq!(unlock(&door, "Ben", ADA).await.unwrap_err().code, FailureCode::WrongPassphrase);
    assert_eq!(unlock(&door, "../Ada", ADA).await.unwrap_err().code, FailureCode::Unknown);

    // Ada comes back to her own words, and is still signed in.
    unlock(&door, "Ada", ADA).await.unwrap();
    assert_eq!(found(&desk(&door), &course, &item).await, CANARY);
    let status = call(&door, "app_status", json!({})).await.unwrap();
    assert_eq!(status["accounts"][0]["needs_sign_in"], false);
    end(door).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_locked_is_in_no_file_and_without_the_mode_in_many() {
    let dir = tempfile::tempdir().unwrap();
    let (data, mine) = (dir.path().join("data"), dir.path().join("note.txt"));
    let campus = Practice::start(&small_course(), None, &dir.path().join("campus"));
    let door = open(&data).await;
    let (course, item) = study(&desk(&door), &campus).await;
    std::fs::write(&mine, format!("{CANARY} in a file")).unwrap();
    let attach = FileAttach { course: course.clone(), item: item.clone(), path: mine.display().to_string() };
    desk(&door).file_attach(attach).await.unwrap();
    let forum = of_kind(&desk(&door), &course, ItemKind::Discussion).await.remove(0);
    daypack_tests::learner::post(&desk(&door), &course, &forum, CANARY).await;
    end(door).await;
    let plain = files_with(&data, CANARY.as_bytes());
    assert!(plain.len() >= 3, "the control: without the mode it can be read: {plain:?}");

    let door = open(&data).await;
    share(&door).await;
    write(&desk(&door), &course, &item, &format!("{CANARY} once more")).await;
    lock(&door).await;
    let (none, wide): (Vec<PathBuf>, Vec<u8>) =
        (Vec::new(), CANARY.encode_utf16().flat_map(u16::to_le_bytes).collect());
    assert_eq!(files_with(&data, CANARY.as_bytes()), none);
    assert_eq!(files_with(&data, &wide), none);
    assert_eq!(files_with(&data, ADA.as_bytes()), none, "nor the passphrase");
    unlock(&door, "Ada", ADA).await.unwrap();
    assert_eq!(found(&desk(&door), &course, &item).await, format!("{CANARY} once more"));
    end(door).await;
    assert_eq!(files_with(&data, CANARY.as_bytes()), none);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_handed_in_from_a_sealed_folder_arrives_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let (data, state) = (dir.path().join("data"), dir.path().join("campus"));
    // The small course, whose assignment takes larger files.
    let folder = dir.path().join("course");
    assert!(Command::new("cp").arg("-a").arg(small_course()).arg(&folder).status().unwrap().success());
    let text = std::fs::read_to_string(folder.join("course.json")).unwrap();
    std::fs::write(
        folder.join("course.json"),
        text.replace("\"max_file_bytes\": 10000", "\"max_file_bytes\": 1000000"),
    )
    .unwrap();
    let campus = Practice::start(&folder, None, &state);
    let door = Door::open(OpenOptions { quiet: false, ..options(&data) }).await.unwrap();
    let (course, item) = study(&desk(&door), &campus).await;
    share(&door).await;
    // Longer than a piece of a box, and not a multiple of one.
    let bytes: Vec<u8> = (0..200_003_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let file = dir.path().join("drawing.png");
    std::fs::write(&file, &bytes).unwrap();
    let app = desk(&door);
    let attach = FileAttach { course: course.clone(), item: item.clone(), path: file.display().to_string() };
    app.file_attach(attach).await.unwrap();
    assert_eq!(files_with(&data, &bytes[70_000..70_100]), Vec::<PathBuf>::new(), "it lies here sealed");
    let card = app.hand_in(HandIn { course, item, agreed: false }).await.unwrap();
    daypack_tests::learner::card_when(&app, &card.id, "accepted", |card| {
        matches!(card.state, WorkState::Accepted { .. })
    })
    .await;
    drop(app);
    let arrived = files_with(&state.join("files"), &bytes[70_000..70_100]);
    assert!(arrived.iter().any(|path| std::fs::read(path).unwrap() == bytes), "{arrived:?}");
    end(door).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_it_is_locked_every_command_answers_locked_and_other_programs_hear_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let door = open(&data).await;
    share(&door).await;
    let status = call(&door, "app_status", json!({})).await;
    assert!(status.is_ok(), "the control: open, it answers");
    lock(&door).await;
    let of_the_door = ["door", "share_", "learner_", "passphrase_", "code_"];
    let mut asked = 0;
    for command in daypack_app::api::COMMANDS {
        if of_the_door.iter().any(|start| command.name.starts_with(start)) {
            continue;
        }
        asked += 1;
        let refused = call(&door, command.name, json!({})).await.unwrap_err();
        assert_eq!(refused.code, FailureCode::Locked, "{}", command.name);
    }
    assert!(asked > 40, "{asked}");
    for command in ["share_end", "share_idle", "code_new", "passphrase_change"] {
        let input = match command {
            "share_idle" => json!({ "minutes": 5 }),
            "passphrase_change" => json!({ "passphrase": ADA, "new": BEN }),
            _ => json!({ "passphrase": ADA }),
        };
        assert_eq!(call(&door, command, input).await.unwrap_err().code, FailureCode::Locked, "{command}");
    }
    let folder = data.display().to_string();
    let asked = folder.clone();
    let tool = move |arguments: Vec<&str>| {
        let all: Vec<String> =
            arguments.iter().map(|&a| a.to_owned()).chain(["--data".into(), asked.clone()]).collect();
        daypack(&all.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let (code, said) = tokio::task::spawn_blocking({
        let tool = tool.clone();
        move || tool(vec!["call", "app_status"])
    })
    .await
    .unwrap();
    assert_eq!((code, &said["error"]["code"]), (1, &json!("locked")), "at the owner");
    let plain = App::open(options(&data)).await.err().unwrap();
    assert_eq!(plain.code, FailureCode::Locked, "nobody opens the folder past the door");
    end(door).await;

    // Nobody owns it now: the tool stands before the same door, and a passphrase file opens it.
    let file = dir.path().join("passphrase");
    std::fs::write(&file, format!("{ADA}\n")).unwrap();
    let file = file.display().to_string();
    tokio::task::spawn_blocking(move || {
        let (_, said) = tool(vec!["call", "app_status"]);
        assert_eq!(said["error"]["code"], "locked");
        let (code, said) = tool(vec!["call", "app_status", "--learner", "Ada", "--passphrase-file", &file]);
        assert_eq!(code, 0, "{said}");
        assert_eq!(said["ok"]["first_run"], true);
        let (_, said) = tool(vec!["call", "app_status", "--learner", "Eve", "--passphrase-file", &file]);
        assert_eq!(said["error"]["code"], "unknown");
    })
    .await
    .unwrap();
    let other = Store::open(Path::new(&folder), TimeMs(1)).err().unwrap();
    assert!(
        matches!(other, StoreError::NewerDatabase { .. }),
        "an older Daypack hears that it is too old: {other}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_passphrase_costs_the_code_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let campus = Practice::start(&small_course(), None, &dir.path().join("campus"));
    let door = open(&dir.path().join("data")).await;
    let (course, item) = study(&desk(&door), &campus).await;
    let code = share(&door).await;
    assert!(door.door(Nothing {}).await.unwrap().code_due, "until it was said to be written down");
    assert!(!door.code_kept(LearnerInput { learner: "Ada".into() }).await.unwrap().code_due);
    lock(&door).await;
    let recover = |code: &str, passphrase: &str| LearnerRecover {
        learner: "Ada".into(),
        code: code.into(),
        passphrase: passphrase.into(),
    };
    let slip = door.learner_recover(recover("0000-0000", BEN)).await.unwrap_err();
    assert_eq!(slip.code, FailureCode::WrongCode);
    let short = door.learner_recover(recover(&code, "short")).await.unwrap_err();
    assert_eq!(short.code, FailureCode::ShortPassphrase);
    let typed = code.to_lowercase().replace('-', " ");
    assert_eq!(door.learner_recover(recover(&typed, BEN)).await.unwrap().standing, DoorStanding::Open);
    assert_eq!(found(&desk(&door), &course, &item).await, CANARY);
    lock(&door).await;
    assert_eq!(unlock(&door, "Ada", ADA).await.unwrap_err().code, FailureCode::WrongPassphrase);
    unlock(&door, "Ada", BEN).await.unwrap();

    // A new code makes the old one worthless; a new passphrase needs the old one.
    let fresh = door.code_new(Passphrase { passphrase: BEN.into() }).await.unwrap().code;
    let change = |old: &str| PassphraseChange { passphrase: old.into(), new: ADA.into() };
    assert_eq!(door.passphrase_change(change(ADA)).await.unwrap_err().code, FailureCode::WrongPassphrase);
    door.passphrase_change(change(BEN)).await.unwrap();
    lock(&door).await;
    assert_eq!(door.learner_recover(recover(&code, BEN)).await.unwrap_err().code, FailureCode::WrongCode);
    unlock(&door, "Ada", ADA).await.unwrap();
    lock(&door).await;
    door.learner_recover(recover(&fresh, BEN)).await.unwrap();
    assert_eq!(found(&desk(&door), &course, &item).await, CANARY);
    end(door).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mode_can_be_left_by_the_last_learner_with_all_of_the_work() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let campus = Practice::start(&small_course(), None, &dir.path().join("campus"));
    let door = open(&data).await;
    let (course, item) = study(&desk(&door), &campus).await;
    share(&door).await;
    let afresh = call(&door, "start_afresh", json!({ "anyway": true })).await.unwrap_err();
    assert_eq!(afresh.code, FailureCode::NotWhileShared);
    let wrong = door.share_end(Passphrase { passphrase: BEN.into() }).await.unwrap_err();
    assert_eq!(wrong.code, FailureCode::WrongPassphrase);
    let view = door.share_end(Passphrase { passphrase: ADA.into() }).await.unwrap();
    assert_eq!((view.standing, view.learners.len()), (DoorStanding::Alone, 0));
    assert_eq!(found(&desk(&door), &course, &item).await, CANARY);
    assert!(!data.join("people.json").exists() && !data.join("learners").exists());
    end(door).await;
    drop(Store::open(&data, TimeMs(1)).expect("a plain folder, for any Daypack"));

    // With another learner it stays on.
    let door = open(&data).await;
    share(&door).await;
    door.learner_add(LearnerAdd { name: "Ben".into(), passphrase: BEN.into() }).await.unwrap();
    let others = door.share_end(Passphrase { passphrase: ADA.into() }).await.unwrap_err();
    assert_eq!((others.code, others.facts["count"].as_str()), (FailureCode::NotAlone, "1"));
    end(door).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_locks_by_itself_after_the_minutes_and_asks_the_page_first() {
    let dir = tempfile::tempdir().unwrap();
    let minute = Duration::from_millis(300);
    let shared = OpenOptions { quiet: false, idle_minute: Some(minute), ..options(dir.path()) };
    let door = Door::open(shared).await.unwrap();
    share(&door).await;
    // Never: minutes go by, and it stays open.
    door.share_idle(ShareIdle { minutes: 0 }).await.unwrap();
    let stays = Instant::now() + minute * 4;
    while Instant::now() < stays {
        assert_eq!(door.door(Nothing {}).await.unwrap().standing, DoorStanding::Open);
        tokio::time::sleep(minute / 10).await;
    }
    let mut events = door.events();
    door.share_idle(ShareIdle { minutes: 2 }).await.unwrap();
    // A sign of the learner holds it off.
    let signs = Instant::now() + minute * 4;
    while Instant::now() < signs {
        assert_eq!(door.learner_here(Nothing {}).await.unwrap().standing, DoorStanding::Open);
        tokio::time::sleep(minute / 10).await;
    }
    // The page's part: it hears, saves what is being typed, and locks. The save still finds the desk.
    let place = json!({ "page": "outbox", "course": null, "item": null, "detail": null });
    loop {
        match tokio::time::timeout(Duration::from_secs(20), events.recv()).await.expect("it locks").unwrap() {
            Event::Locking {} => break,
            _ => continue,
        }
    }
    call(&door, "place_save", place).await.expect("kept");
    let view = door.learner_lock(LearnerLock { flushed: true }).await.unwrap();
    assert_eq!(view.standing, DoorStanding::Locked);
    unlock(&door, "Ada", ADA).await.unwrap();
    let status = call(&door, "app_status", json!({})).await.unwrap();
    assert_eq!(status["place"]["page"], "outbox", "back at the very place");
    // A page that does not answer keeps nothing open.
    until("locked without the page", || async {
        (door.door(Nothing {}).await.unwrap().standing == DoorStanding::Locked).then_some(())
    })
    .await;
    end(door).await;
}

/// Starts the tool and kills it as soon as `until` is there; whether it was killed.
fn killed(data: &Path, command: &[&str], passphrase: &Path, until: &dyn Fn() -> bool) -> bool {
    let mut child = Command::new(bin("daypack"))
        .args(command)
        .arg("--data")
        .arg(data)
        .arg("--passphrase-file")
        .arg(passphrase)
        .env("DAYPACK_KEYRING", keyring_of(data))
        .stdout(Stdio::null())
        .spawn()
        .expect("the tool runs");
    let end = Instant::now() + Duration::from_secs(60);
    while !until() && child.try_wait().expect("a child").is_none() {
        assert!(Instant::now() < end, "it hangs");
        std::thread::yield_now();
    }
    let _ = child.kill();
    !child.wait().expect("ends").success()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_on_the_way_in_or_back_leaves_one_whole_folder() {
    let dir = tempfile::tempdir().unwrap();
    let campus = Practice::start(&small_course(), None, &dir.path().join("campus"));
    let passphrase = dir.path().join("passphrase");
    std::fs::write(&passphrase, ADA).unwrap();
    let source = dir.path().join("source");
    let door = open(&source).await;
    let (course, item) = study(&desk(&door), &campus).await;
    end(door).await;
    let learner = |data: &Path, name: &str| {
        std::fs::read_dir(data.join("learners"))
            .into_iter()
            .flatten()
            .flatten()
            .any(|l| l.path().join(name).exists())
    };
    let (mut cut, mut shared, mut alone) = (0, 0, 0);
    for (at, step) in [
        "people.json",
        "sealed.new",
        "sealed.new/lockbox.json",
        "sealed",
        "learners",
        "learners:sealed",
        "mark",
        "plain.new",
        "sealed.old",
        "back",
        "gone",
    ]
    .iter()
    .enumerate()
    {
        let data = dir.path().join(format!("data{at}"));
        assert!(Command::new("cp").arg("-a").arg(&source).arg(&data).status().unwrap().success());
        let is_back = ["plain.new", "sealed.old", "back", "gone"].contains(step);
        if is_back {
            let door = open(&data).await;
            share(&door).await;
            end(door).await;
        }
        let reached = || match *step {
            "learners:sealed" => learner(&data, "sealed"),
            "mark" => data.join("learner.db").exists() && learner(&data, "sealed"),
            "plain.new" | "sealed.old" => learner(&data, step),
            "back" => data.join("catalogue.db").exists() || data.join("mine").exists(),
            "gone" => !data.join("learners").exists(),
            path => data.join(path).exists(),
        };
        let command: &[&str] =
            if is_back { &["call", "share_end"] } else { &["call", "share_begin", "{\"name\":\"Ada\"}"] };
        cut += usize::from(killed(&data, command, &passphrase, &reached));
        let door = open(&data).await;
        let standing = door.door(Nothing {}).await.unwrap().standing;
        if standing == DoorStanding::Locked {
            shared += 1;
            unlock(&door, "Ada", ADA).await.expect("the passphrase opens it");
        } else {
            alone += 1;
        }
        assert_eq!(found(&desk(&door), &course, &item).await, CANARY, "killed at {step}");
        end(door).await;
        let readable = files_with(&data, CANARY.as_bytes());
        assert_eq!(readable.is_empty(), standing == DoorStanding::Locked, "{step}: {readable:?}");
    }
    println!("{cut} of 11 killed in the middle; {shared} then shared, {alone} alone");
    assert!(cut >= 6 && shared > 0 && alone > 0);
}
