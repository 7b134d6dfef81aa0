//! A learner's work with a text that is searched for, and all of it read back.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use daypack_course::feedback::Feedback;
use daypack_course::outline::Binding;
use daypack_course::quiz::Response;
use daypack_course::work::{Deed, Work, WorkFile};
use daypack_course::{AttemptId, TimeMs};
use daypack_store::{AttemptRow, AttemptState, Effort, LearnerKey, Lockbox, RecoveryCode, Secret, Store};

pub const CANARY: &str = "canary-of-the-canal";
pub const PASSPHRASE: &str = "a long walk";
pub const LIGHT: Effort = Effort { memory_kib: 64, passes: 1 };

pub fn a_box() -> (Lockbox, LearnerKey, RecoveryCode) {
    Lockbox::new(&Secret::new(PASSPHRASE), LIGHT).unwrap()
}

/// A folder in memory where the system has that.
pub fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    match memory.is_dir() {
        true => tempfile::tempdir_in(memory).unwrap(),
        false => tempfile::tempdir().unwrap(),
    }
}

fn target() -> Binding {
    Binding {
        site: "https://campus.example".into(),
        course: "2".into(),
        module: "forum".into(),
        cmid: "3".into(),
        instance: "4".into(),
    }
}

pub fn attempt() -> AttemptId {
    AttemptId::new("t")
}

pub fn begin(store: &Store) {
    let row = AttemptRow {
        id: attempt(),
        course: "c".into(),
        item: "i".into(),
        number: 1,
        started: TimeMs(1),
        remote_attempt: None,
        questions: Vec::new(),
        state: AttemptState::Open,
        finished: None,
        score: None,
    };
    store.attempt_create(&row).unwrap();
}

pub fn answer(store: &Store, n: usize) {
    let text = format!("{CANARY} answer {n} {}", "because ".repeat(n * 37 % 200));
    store.response_put(&attempt(), &"q1".into(), &Response::Essay { text }, TimeMs(n as i64)).unwrap();
}

/// Answer, draft, post, file and feedback.
pub fn live(store: &Store) {
    begin(store);
    for n in 0..5 {
        answer(store, n);
    }
    store.draft_put(&"c".into(), &"i".into(), "text", &format!("{CANARY} draft"), TimeMs(5)).unwrap();
    let post =
        Deed::Post { parent: None, subject: format!("{CANARY} subject"), text: format!("{CANARY} post") };
    let work = Work {
        id: "w".into(),
        account: "acc".into(),
        course: "c".into(),
        item: "i".into(),
        target: target(),
        deed: post,
        created: TimeMs(6),
    };
    store.work_add(&work).unwrap();
    let (digest, size) =
        store.mine().import_reader(format!("{CANARY} file").repeat(9_000).as_bytes(), None).unwrap();
    let file = WorkFile { name: format!("{CANARY}.txt"), digest, size, media_type: "text/plain".into() };
    store.draft_file_add(&"c".into(), &"i".into(), &file).unwrap();
    let feedback = Feedback {
        id: "f".into(),
        account: "acc".into(),
        about: target(),
        grade: None,
        comment_html: format!("<p>{CANARY} feedback</p>"),
        questions: Vec::new(),
        files: Vec::new(),
        from: "T".into(),
        given: TimeMs(7),
        version: "1".into(),
    };
    store.feedback_put(&feedback).unwrap();
}

/// All that is there, one a line.
pub fn facts(store: &Store) -> Vec<String> {
    let mut facts: Vec<String> = answers(store);
    let drafts = store.draft_history(&"c".into(), &"i".into(), "text").unwrap();
    facts.extend(drafts.into_iter().map(|d| d.text));
    facts.extend(store.work_list().unwrap().rows.iter().map(|row| format!("{:?}", row.work)));
    for file in store.draft_files(&"c".into(), &"i".into()).unwrap() {
        let mut text = String::new();
        store.mine().open(&file.digest).unwrap().read_to_string(&mut text).unwrap();
        facts.push(format!("{} {} {text}", file.name, store.mine().verify(&file.digest).unwrap()));
    }
    facts.push(format!("{:?}", store.mine().list().unwrap()));
    facts.push(format!("{:?}", store.feedback_about(&target()).unwrap()));
    facts
}

pub fn answers(store: &Store) -> Vec<String> {
    let rows = store.response_history(&attempt(), &"q1".into()).unwrap();
    rows.into_iter().map(|row| format!("{:?}", row.response)).collect()
}

/// All files below a folder with their bytes.
pub fn files(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => {
                let bytes = std::fs::read(&path).unwrap();
                found.push((path, bytes));
            }
        }
    }
    found.sort();
    found
}

/// The files that hold the text, in their bytes or their name.
pub fn files_with(dir: &Path, text: &str) -> Vec<PathBuf> {
    let holds = |bytes: &[u8]| bytes.windows(text.len()).any(|at| at == text.as_bytes());
    let mut found = files(dir);
    found.retain(|(path, bytes)| {
        !path.ends_with("ballast") && (holds(bytes) || path.to_string_lossy().contains(text))
    });
    found.into_iter().map(|(path, _)| path).collect()
}
