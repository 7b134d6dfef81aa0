//! Attempts at quizzes: the questions as they were shown, and how the attempt ended. Finishing an attempt and
//! sealing its work are one transaction: there is never one without the other.

use daypack_course::quiz::Question;
use daypack_course::work::Work;
use daypack_course::{AttemptId, CourseId, ItemId, TimeMs};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use super::work::add_work;
use crate::db::{all, json, one, run, to_json};
use crate::journal::fact::Fact;
use crate::{Store, StoreError};

pub(crate) const TABLE: &str = "
CREATE TABLE attempts (
  id             TEXT    NOT NULL PRIMARY KEY, -- AttemptId
  course         TEXT    NOT NULL,
  item           TEXT    NOT NULL,
  number         INTEGER NOT NULL, -- 1, 2, 3, ... within the item
  started        INTEGER NOT NULL, -- ms since 1970
  remote_attempt TEXT,             -- the site's id, when it was started there
  questions      TEXT    NOT NULL, -- JSON: the questions as shown
  finished       INTEGER,          -- ms since 1970; NULL while open
  score          REAL              -- 0 to 1; NULL while open or when the site scores
) STRICT;
CREATE INDEX attempts_of_item ON attempts (course, item, number);
CREATE TRIGGER attempts_are_kept BEFORE DELETE ON attempts
BEGIN SELECT RAISE(ABORT, 'attempts are never deleted'); END;
";

/// One attempt at a quiz.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AttemptRow {
    /// Made once on this computer.
    pub id: AttemptId,
    /// The course.
    pub course: CourseId,
    /// The quiz.
    pub item: ItemId,
    /// 1, 2, 3, ... within the item.
    pub number: u32,
    /// When it was begun.
    pub started: TimeMs,
    /// The site's id, when it was started there.
    pub remote_attempt: Option<String>,
    /// The questions as shown.
    pub questions: Vec<Question>,
    /// Open or finished; read from `finished`.
    pub state: AttemptState,
    /// When it was finished.
    pub finished: Option<TimeMs>,
    /// 0 to 1; `None` while open or when the site scores.
    pub score: Option<f64>,
}

/// Whether answers can still change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptState {
    /// Answers can change.
    Open,
    /// Answers stand.
    Finished,
}

impl Store {
    /// Begins an attempt. It is written as open, whatever `state`, `finished` and `score` say.
    pub fn attempt_create(&self, attempt: &AttemptRow) -> Result<(), StoreError> {
        self.learner.keep(&Fact::AttemptBegun { attempt: Box::new(attempt.clone()) }).map(|_| ())
    }

    /// One attempt.
    pub fn attempt_get(&self, id: &AttemptId) -> Result<Option<AttemptRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM attempts WHERE id = ?1");
        self.learner.read(|c| one(c, &sql, [id.as_str()], attempt))
    }

    /// All attempts at a quiz, first one first.
    pub fn attempts_of(&self, course: &CourseId, item: &ItemId) -> Result<Vec<AttemptRow>, StoreError> {
        let sql =
            format!("SELECT {COLUMNS} FROM attempts WHERE course = ?1 AND item = ?2 ORDER BY number, id");
        self.learner.read(|c| all(c, &sql, [course.as_str(), item.as_str()], attempt))
    }

    /// All attempts that run at a site, by id.
    pub fn attempts_open(&self) -> Result<Vec<AttemptRow>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM attempts WHERE finished IS NULL AND remote_attempt IS NOT NULL ORDER BY id"
        );
        self.learner.read(|c| all(c, &sql, [], attempt))
    }

    /// Notes the site's id of an attempt that was started there later.
    pub fn attempt_remote_put(&self, id: &AttemptId, remote: &str) -> Result<(), StoreError> {
        self.learner.keep(&Fact::AttemptRemote { attempt: id.clone(), remote: remote.to_owned() }).map(|_| ())
    }

    /// Finishes the attempt and, in the same transaction, adds the work made of it. `AttemptFinished` the second
    /// time: nothing is added then.
    pub fn attempt_finish(
        &self,
        id: &AttemptId,
        at: TimeMs,
        score: Option<f64>,
        work: Option<&Work>,
    ) -> Result<(), StoreError> {
        self.learner
            .keep(&Fact::AttemptFinished {
                attempt: id.clone(),
                at,
                score: score.filter(|s| s.is_finite()),
                work: work.cloned().map(Box::new),
            })
            .map(|_| ())
    }
}

pub(crate) fn finish(
    tx: &Connection,
    id: &AttemptId,
    at: TimeMs,
    score: Option<f64>,
    work: Option<&Work>,
) -> Result<(), StoreError> {
    refuse_finished(tx, id)?;
    run(
        tx,
        "UPDATE attempts SET finished = ?2, score = ?3 WHERE id = ?1",
        (id.as_str(), at.0, score.filter(|s| s.is_finite())),
    )?;
    work.map_or(Ok(()), |work| add_work(tx, work))
}

pub(crate) fn put_remote(tx: &Connection, id: &AttemptId, remote: &str) -> Result<(), StoreError> {
    match run(tx, "UPDATE attempts SET remote_attempt = ?2 WHERE id = ?1", [id.as_str(), remote])? {
        0 => Err(StoreError::missing("attempt", id)),
        _ => Ok(()),
    }
}

pub(crate) fn begin(tx: &Connection, attempt: &AttemptRow) -> Result<(), StoreError> {
    let questions = to_json(&attempt.questions)?;

    run(
        tx,
        "INSERT INTO attempts (id, course, item, number, started, remote_attempt, questions)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        (
            attempt.id.as_str(),
            attempt.course.as_str(),
            attempt.item.as_str(),
            attempt.number,
            attempt.started.0,
            &attempt.remote_attempt,
            &questions,
        ),
    )
    .map(|_| ())
}

/// `Missing` or `AttemptFinished` unless the attempt is open.
pub(crate) fn refuse_finished(conn: &Connection, id: &AttemptId) -> Result<(), StoreError> {
    let finished: Option<Option<i64>> =
        one(conn, "SELECT finished FROM attempts WHERE id = ?1", [id.as_str()], |row| Ok(row.get(0)?))?;
    match finished {
        None => Err(StoreError::missing("attempt", id)),
        Some(Some(_)) => Err(StoreError::AttemptFinished(id.clone())),
        Some(None) => Ok(()),
    }
}

const COLUMNS: &str = "id, course, item, number, started, remote_attempt, questions, finished, score";

fn attempt(row: &rusqlite::Row<'_>) -> Result<AttemptRow, StoreError> {
    let finished = row.get::<_, Option<i64>>(7)?.map(TimeMs);
    Ok(AttemptRow {
        id: AttemptId::new(row.get::<_, String>(0)?),
        course: CourseId::new(row.get::<_, String>(1)?),
        item: ItemId::new(row.get::<_, String>(2)?),
        number: row.get(3)?,
        started: TimeMs(row.get(4)?),
        remote_attempt: row.get(5)?,
        questions: json(row, 6)?,
        state: if finished.is_some() { AttemptState::Finished } else { AttemptState::Open },
        finished,
        score: row.get(8)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{attempt_row, shelf, work};

    #[test]
    fn an_attempt_comes_back_as_it_was_begun() {
        let (_dir, store) = shelf();
        let row = attempt_row("t1");
        store.attempt_create(&row).unwrap();
        store.attempt_create(&AttemptRow { number: 2, ..attempt_row("t2") }).unwrap();
        assert_eq!(store.attempt_get(&row.id).unwrap(), Some(row.clone()));
        let all = store.attempts_of(&row.course, &row.item).unwrap();
        assert_eq!(all.iter().map(|a| a.number).collect::<Vec<_>>(), [1, 2]);
        store.attempt_remote_put(&row.id, "77").unwrap();
        assert_eq!(store.attempt_get(&row.id).unwrap().unwrap().remote_attempt.as_deref(), Some("77"));
        let open = || store.attempts_open().unwrap().iter().filter(|a| a.id == row.id).count();
        assert_eq!(open(), 1);
        store.attempt_finish(&row.id, TimeMs(9), None, None).unwrap();
        assert_eq!(open(), 0);
    }

    #[test]
    fn finishing_adds_the_work_exactly_once() {
        let (_dir, store) = shelf();
        let row = attempt_row("t1");
        store.attempt_create(&row).unwrap();
        store.attempt_finish(&row.id, TimeMs(50), Some(0.5), Some(&work("w1"))).unwrap();
        let again = store.attempt_finish(&row.id, TimeMs(60), Some(1.0), Some(&work("w2")));
        assert!(matches!(again, Err(StoreError::AttemptFinished(_))));
        let found = store.attempt_get(&row.id).unwrap().unwrap();
        assert_eq!(
            (found.state, found.finished, found.score),
            (AttemptState::Finished, Some(TimeMs(50)), Some(0.5))
        );
        assert_eq!(store.work_list().unwrap().rows.len(), 1);
    }

    #[test]
    fn an_attempt_stays_open_when_its_work_cannot_be_added() {
        let (_dir, store) = shelf();
        let row = attempt_row("t1");
        store.attempt_create(&row).unwrap();
        store.work_add(&work("w1")).unwrap();
        let other = Work { created: TimeMs(999), ..work("w1") };
        let error = store.attempt_finish(&row.id, TimeMs(50), None, Some(&other)).unwrap_err();
        assert!(matches!(error, StoreError::WorkDiffers(_)));
        assert_eq!(store.attempt_get(&row.id).unwrap().unwrap().state, AttemptState::Open);
    }

    #[test]
    fn finishing_an_attempt_that_is_not_there_says_so() {
        let (_dir, store) = shelf();
        let error = store.attempt_finish(&"no".into(), TimeMs(1), None, None).unwrap_err();
        assert!(matches!(error, StoreError::Missing { what: "attempt", .. }));
    }
}
