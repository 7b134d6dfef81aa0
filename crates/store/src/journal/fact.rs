//! What the journal keeps: each thing a learner made or chose, in the words of `daypack-course`, so that it can be
//! done again on a database that does not have it.
//!
//! What must stay true: doing the facts of a journal again in their order, on what the database was before the
//! first of them, gives what the database was after the last. Variants are added, never re-meant.

use daypack_course::progress::Watched;
use daypack_course::quiz::Response;
use daypack_course::work::{Work, WorkFile, WorkState};
use daypack_course::{AttemptId, CourseId, ItemId, QuestionId, TimeMs, WorkId};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::StoreError;
use crate::learner::account::Account;
use crate::learner::attempt::AttemptRow;
use crate::learner::bookmark::Bookmark;
use crate::learner::library::Library;
use crate::learner::named::WorkName;
use crate::learner::title::Title;
use crate::learner::trust::Trusted;
use crate::learner::{
    account, attempt, bookmark, draft, draft_file, feedback_seen, library, machine, named, place, position,
    reading, response, setting, title, trust, work,
};

/// One save.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
#[allow(missing_docs, reason = "the functions of `Store` of the same name say what each is")]
pub(crate) enum Fact {
    Account { account: Account },
    Library { library: Library, at: TimeMs },
    LibraryRemoved { address: String },
    Trust { scope: String, seen: Trusted, at: TimeMs },
    Setting { key: String, value: Value },
    AttemptBegun { attempt: Box<AttemptRow> },
    AttemptRemote { attempt: AttemptId, remote: String },
    AttemptFinished { attempt: AttemptId, at: TimeMs, score: Option<f64>, work: Option<Box<Work>> },
    Response { attempt: AttemptId, question: QuestionId, response: Response, at: TimeMs },
    Draft { course: CourseId, item: ItemId, slot: String, text: String, at: TimeMs },
    DraftFile { course: CourseId, item: ItemId, file: WorkFile },
    DraftFileRemoved { course: CourseId, item: ItemId, name: String },
    Work { work: Box<Work> },
    WorkState { work: WorkId, state: WorkState, tries: u32, at: TimeMs },
    WorkStep { work: WorkId, step: Value },
    WorkNamed { work: WorkId, name: WorkName },
    Outbox { machine: Value, states: Vec<(WorkId, WorkState)>, at: TimeMs },
    Machine { name: String, state: Value },
    Position { course: CourseId, item: ItemId, position_ms: u64, rate: f64, at: TimeMs },
    Watched { course: CourseId, item: ItemId, more: Watched },
    Reading { course: CourseId, item: ItemId, scroll: f64, at: TimeMs },
    Done { course: CourseId, item: ItemId, done: bool, at: TimeMs },
    FeedbackSeen { id: String, version: String, at: TimeMs },
    Place { route: Value, at: TimeMs },
    Titles { titles: Vec<Title> },
    Bookmark { bookmark: Box<Bookmark> },
}

/// Does it in a transaction. The number that the `Store` function of the fact is about: a place in a history, or 1
/// for "was there".
pub(crate) fn apply(tx: &Connection, fact: &Fact) -> Result<u64, StoreError> {
    let done = |()| 0;
    match fact {
        Fact::Account { account } => account::put(tx, account).map(done),
        Fact::Library { library, at } => library::put(tx, library, *at).map(done),
        Fact::LibraryRemoved { address } => library::remove(tx, address).map(u64::from),
        Fact::Trust { scope, seen, at } => trust::put(tx, scope, seen, *at).map(done),
        Fact::Setting { key, value } => setting::put(tx, key, value).map(done),
        Fact::AttemptBegun { attempt } => attempt::begin(tx, attempt).map(done),
        Fact::AttemptRemote { attempt, remote } => attempt::put_remote(tx, attempt, remote).map(done),
        Fact::AttemptFinished { attempt, at, score, work } => {
            attempt::finish(tx, attempt, *at, *score, work.as_deref()).map(done)
        }
        Fact::Response { attempt, question, response, at } => {
            response::put(tx, attempt, question, response, *at)
        }
        Fact::Draft { course, item, slot, text, at } => {
            draft::put(tx, course, item, slot, text, *at).map(done)
        }
        Fact::DraftFile { course, item, file } => draft_file::add(tx, course, item, file).map(done),
        Fact::DraftFileRemoved { course, item, name } => {
            draft_file::remove(tx, course, item, name).map(u64::from)
        }
        Fact::Work { work } => work::add_work(tx, work).map(done),
        Fact::WorkState { work, state, tries, at } => {
            work::put_state(tx, work, state, Some(*tries), *at).map(done)
        }
        Fact::WorkStep { work, step } => work::put_step(tx, work, step).map(done),
        Fact::WorkNamed { work, name } => named::put(tx, work, name),
        Fact::Outbox { machine, states, at } => machine::commit_outbox(tx, machine, states, *at).map(done),
        Fact::Machine { name, state } => {
            machine::put_machine(tx, name, &crate::db::to_json(state)?).map(done)
        }
        Fact::Position { course, item, position_ms, rate, at } => {
            position::put(tx, course, item, *position_ms, *rate, *at).map(done)
        }
        Fact::Watched { course, item, more } => position::add_watched(tx, course, item, more).map(done),
        Fact::Reading { course, item, scroll, at } => reading::put(tx, course, item, *scroll, *at).map(done),
        Fact::Done { course, item, done: is_done, at } => {
            reading::put_done(tx, course, item, *is_done, *at).map(done)
        }
        Fact::FeedbackSeen { id, version, at } => feedback_seen::put(tx, id, version, *at).map(done),
        Fact::Place { route, at } => place::put(tx, route, *at).map(done),
        Fact::Titles { titles } => title::put(tx, titles).map(done),
        Fact::Bookmark { bookmark } => bookmark::put(tx, bookmark).map(done),
    }
}
