//! What the tests of this crate share.

use daypack_course::outline::Binding;
use daypack_course::quiz::text::Essay;
use daypack_course::quiz::{Question, QuestionBody, Response, Scoring};
use daypack_course::work::{Deed, Work};
use daypack_course::{Digest, TimeMs};
use tempfile::TempDir;

use crate::{AttemptRow, AttemptState, Store};

/// A new shelf in a folder that goes away with the test.
pub(crate) fn shelf() -> (TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), TimeMs(0)).unwrap();
    (dir, store)
}

/// The same shelf, closed and opened.
pub(crate) fn reopened(dir: &TempDir, store: Store) -> Store {
    drop(store);
    Store::open(dir.path(), TimeMs(1)).unwrap()
}

/// An activity at a site.
pub(crate) fn binding(cmid: &str) -> Binding {
    Binding {
        site: "https://campus.example".into(),
        course: "2".into(),
        module: "assign".into(),
        cmid: cmid.into(),
        instance: "4".into(),
    }
}

/// A piece of work.
pub(crate) fn work(id: &str) -> Work {
    Work {
        id: id.into(),
        account: "acc".into(),
        course: "c".into(),
        item: "i".into(),
        target: binding("3"),
        deed: Deed::Submission { text: "My essay".into(), files: Vec::new(), base: None, agreed: false },
        created: TimeMs(100),
    }
}

/// An answer.
pub(crate) fn essay(text: &str) -> Response {
    Response::Essay { text: text.into() }
}

/// A first attempt with one question.
pub(crate) fn attempt_row(id: &str) -> AttemptRow {
    let question = Question {
        id: "q1".into(),
        text_html: "<p>Why?</p>".into(),
        points: 2.5,
        scoring: Scoring::Manual,
        feedback_html: String::new(),
        slot: Some(1),
        page: None,
        body: QuestionBody::Essay(Essay::default()),
    };
    AttemptRow {
        id: id.into(),
        course: "c".into(),
        item: "i".into(),
        number: 1,
        started: TimeMs(10),
        remote_attempt: None,
        questions: vec![question],
        state: AttemptState::Open,
        finished: None,
        score: None,
    }
}

/// Some digest.
pub(crate) fn digest(of: &str) -> Digest {
    Digest::of(of.as_bytes())
}
