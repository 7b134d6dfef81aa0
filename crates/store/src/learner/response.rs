//! Answers: an append-only history. The latest one of a question counts; none is ever changed or deleted.

use std::collections::BTreeMap;

use daypack_course::quiz::Response;
use daypack_course::{AttemptId, QuestionId, TimeMs};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use super::attempt::refuse_finished;
use crate::db::{all, json, one, run, to_json, uint};
use crate::journal::fact::Fact;
use crate::{Store, StoreError};

pub(crate) const TABLE: &str = "
CREATE TABLE responses (
  seq      INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, -- order of all answers, never reused
  attempt  TEXT    NOT NULL REFERENCES attempts (id),
  question TEXT    NOT NULL,
  response TEXT    NOT NULL, -- JSON
  at       INTEGER NOT NULL  -- ms since 1970
) STRICT;
CREATE INDEX responses_of_question ON responses (attempt, question, seq);
CREATE TRIGGER responses_are_kept BEFORE DELETE ON responses
BEGIN SELECT RAISE(ABORT, 'answers are never deleted'); END;
CREATE TRIGGER responses_stand BEFORE UPDATE ON responses
BEGIN SELECT RAISE(ABORT, 'answers are never changed'); END;
";

/// One entry of the history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResponseRow {
    /// Order of all answers on this computer.
    pub seq: u64,
    /// The answer.
    pub response: Response,
    /// When it was given.
    pub at: TimeMs,
}

impl Store {
    /// Keeps an answer; on the disk on return. Its place in the history. An answer equal to the latest one adds
    /// nothing and returns that one's place. `AttemptFinished` when it can no longer count.
    pub fn response_put(
        &self,
        attempt: &AttemptId,
        question: &QuestionId,
        response: &Response,
        at: TimeMs,
    ) -> Result<u64, StoreError> {
        self.learner.keep(&Fact::Response {
            attempt: attempt.clone(),
            question: question.clone(),
            response: response.clone(),
            at,
        })
    }

    /// The latest answer to each question of the attempt.
    pub fn responses_of(&self, attempt: &AttemptId) -> Result<BTreeMap<QuestionId, ResponseRow>, StoreError> {
        let rows = self.learner.read(|c| {
            all(
                c,
                "SELECT seq, response, at, question FROM responses WHERE attempt = ?1
                 AND seq IN (SELECT max(seq) FROM responses WHERE attempt = ?1 GROUP BY question)",
                [attempt.as_str()],
                |row| Ok((QuestionId::new(row.get::<_, String>(3)?), response(row)?)),
            )
        })?;
        Ok(rows.into_iter().collect())
    }

    /// All answers ever given to one question of the attempt, first one first.
    pub fn response_history(
        &self,
        attempt: &AttemptId,
        question: &QuestionId,
    ) -> Result<Vec<ResponseRow>, StoreError> {
        self.learner.read(|c| {
            all(
                c,
                "SELECT seq, response, at FROM responses WHERE attempt = ?1 AND question = ?2 ORDER BY seq",
                [attempt.as_str(), question.as_str()],
                response,
            )
        })
    }
}

pub(crate) fn put(
    tx: &Connection,
    attempt: &AttemptId,
    question: &QuestionId,
    response: &Response,
    at: TimeMs,
) -> Result<u64, StoreError> {
    let text = to_json(response)?;

    refuse_finished(tx, attempt)?;
    let latest = one(
        tx,
        "SELECT seq, response = ?3 FROM responses WHERE attempt = ?1 AND question = ?2
                 ORDER BY seq DESC LIMIT 1",
        (attempt.as_str(), question.as_str(), &text),
        |row| Ok((row.get::<_, i64>(0)?, row.get::<_, bool>(1)?)),
    )?;
    if let Some((seq, true)) = latest {
        return Ok(uint(seq));
    }
    run(
        tx,
        "INSERT INTO responses (attempt, question, response, at) VALUES (?1, ?2, ?3, ?4)",
        (attempt.as_str(), question.as_str(), &text, at.0),
    )?;
    Ok(uint(tx.last_insert_rowid()))
}

fn response(row: &rusqlite::Row<'_>) -> Result<ResponseRow, StoreError> {
    Ok(ResponseRow { seq: uint(row.get(0)?), response: json(row, 1)?, at: TimeMs(row.get(2)?) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{attempt_row, essay, shelf};

    #[test]
    fn the_latest_answer_counts_and_every_earlier_one_is_kept() {
        let (_dir, store) = shelf();
        let row = attempt_row("t1");
        store.attempt_create(&row).unwrap();
        let (q1, q2) = (QuestionId::from("q1"), QuestionId::from("q2"));
        let first = store.response_put(&row.id, &q1, &essay("a"), TimeMs(1)).unwrap();
        let second = store.response_put(&row.id, &q1, &essay("ab"), TimeMs(2)).unwrap();
        store.response_put(&row.id, &q2, &essay("z"), TimeMs(3)).unwrap();
        assert!(first < second);
        assert_eq!(store.response_put(&row.id, &q1, &essay("ab"), TimeMs(4)).unwrap(), second);
        let latest = store.responses_of(&row.id).unwrap();
        assert_eq!(latest.get(&q1).map(|r| (&r.response, r.at)), Some((&essay("ab"), TimeMs(2))));
        assert_eq!(latest.len(), 2);
        let history = store.response_history(&row.id, &q1).unwrap();
        assert_eq!(history.iter().map(|r| r.response.clone()).collect::<Vec<_>>(), [essay("a"), essay("ab")]);
    }

    #[test]
    fn a_finished_attempt_takes_no_more_answers() {
        let (_dir, store) = shelf();
        let row = attempt_row("t1");
        store.attempt_create(&row).unwrap();
        store.attempt_finish(&row.id, TimeMs(1), None, None).unwrap();
        let late = store.response_put(&row.id, &"q1".into(), &essay("late"), TimeMs(2));
        assert!(matches!(late, Err(StoreError::AttemptFinished(_))));
        let nowhere = store.response_put(&"no".into(), &"q1".into(), &essay("x"), TimeMs(2));
        assert!(matches!(nowhere, Err(StoreError::Missing { .. })));
    }

    #[test]
    fn the_database_itself_refuses_to_lose_or_change_answers() {
        let (_dir, store) = shelf();
        let row = attempt_row("t1");
        store.attempt_create(&row).unwrap();
        store.response_put(&row.id, &"q1".into(), &essay("a"), TimeMs(1)).unwrap();
        for sql in ["DELETE FROM responses", "UPDATE responses SET response = '{}'", "DELETE FROM attempts"] {
            assert!(store.learner.write(|tx| Ok(tx.execute(sql, [])?)).is_err(), "{sql}");
        }
        assert_eq!(store.responses_of(&row.id).unwrap().len(), 1);
    }
}
