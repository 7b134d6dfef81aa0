//! Checks a folder's quiz: ids, and keys that name something the question does not have.

use std::collections::BTreeSet;

use daypack_course::folder::FolderQuiz;
use daypack_course::quiz::choice::Choice;
use daypack_course::quiz::{Question, QuestionBody, Quiz, QuizMode};

use super::PackError;
use super::folder::check_id;

/// The quiz as it goes into a package: checked, and without keys where it is graded.
pub(super) fn convert(item: &str, quiz: &FolderQuiz) -> Result<Quiz, PackError> {
    let mut ids = BTreeSet::new();
    for question in &quiz.questions {
        let place = format!("{item}/{}", question.id);
        check_id(item, question.id.as_str())?;
        if !ids.insert(question.id.as_str()) {
            return Err(PackError::DoubleId { place: item.to_owned(), name: question.id.to_string() });
        }
        check(&place, question)?;
    }
    let keep = quiz.mode == QuizMode::Practice;
    let questions = quiz.questions.iter().cloned().map(|q| if keep { q } else { q.without_key() }).collect();
    Ok(Quiz {
        mode: quiz.mode,
        intro_html: quiz.intro_html.clone(),
        max_attempts: quiz.max_attempts,
        questions,
        start_online: false,
        closes: None,
        opens: None,
        time_limit_ms: None,
        only_there: None,
        checks_each: false,
        files: std::collections::BTreeMap::new(),
    })
}

fn check(place: &str, question: &Question) -> Result<(), PackError> {
    let bad = |name: String| Err(PackError::BadKey { place: place.to_owned(), name });
    if !question.points.is_finite() || question.points < 0.0 {
        return bad("points must be a number of at least 0".into());
    }
    match &question.body {
        QuestionBody::SingleChoice(q) => {
            let ids = choice_ids(place, &q.choices)?;
            match &q.key {
                Some(key) if !ids.contains(key.choice.as_str()) => {
                    bad(format!("the key names the unknown choice {:?}", key.choice))
                }
                _ => Ok(()),
            }
        }
        QuestionBody::MultipleChoice(q) => {
            let ids = choice_ids(place, &q.choices)?;
            let named = q.key.iter().flat_map(|k| &k.choices);
            match named.into_iter().find(|c| !ids.contains(c.as_str())) {
                Some(choice) => bad(format!("the key names the unknown choice {choice:?}")),
                None => Ok(()),
            }
        }
        QuestionBody::Matching(q) => {
            let left = distinct(place, q.left.iter().map(|s| s.id.as_str()))?;
            let right = distinct(place, q.right.iter().map(|s| s.id.as_str()))?;
            let mut pairs = q.key.iter().flat_map(|k| &k.pairs);
            match pairs.find(|(l, r)| !left.contains(l.as_str()) || !right.contains(r.as_str())) {
                Some((l, r)) => bad(format!("the key names the unknown pair {l:?} - {r:?}")),
                None => Ok(()),
            }
        }
        QuestionBody::Number(q) => match &q.key {
            Some(key) if !key.value.is_finite() || !key.tolerance.is_finite() || key.tolerance < 0.0 => {
                bad("value and tolerance must be numbers, the tolerance at least 0".into())
            }
            _ => Ok(()),
        },
        QuestionBody::ShortText(q) => match &q.key {
            Some(key) if key.accepted.iter().all(|a| a.trim().is_empty()) => {
                bad("no text is accepted".into())
            }
            _ => Ok(()),
        },
        QuestionBody::TrueFalse(_)
        | QuestionBody::Blanks(_)
        | QuestionBody::Picture(_)
        | QuestionBody::Markers(_)
        | QuestionBody::Ordering(_)
        | QuestionBody::Essay(_)
        | QuestionBody::Description {}
        | QuestionBody::Unsupported { .. } => Ok(()),
    }
}

fn choice_ids<'a>(place: &str, choices: &'a [Choice]) -> Result<BTreeSet<&'a str>, PackError> {
    if choices.is_empty() {
        return Err(PackError::Missing { place: place.to_owned(), name: "choices".into() });
    }
    distinct(place, choices.iter().map(|c| c.id.as_str()))
}

fn distinct<'a>(place: &str, ids: impl Iterator<Item = &'a str>) -> Result<BTreeSet<&'a str>, PackError> {
    let mut seen = BTreeSet::new();
    for id in ids {
        if !seen.insert(id) {
            return Err(PackError::DoubleId { place: place.to_owned(), name: id.to_owned() });
        }
    }
    Ok(seen)
}
