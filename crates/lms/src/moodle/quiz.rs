//! Quizzes: starting an attempt, finishing it with all answers, and proving that they are in.
//!
//! "finished" proves nothing at Moodle (late answers are dropped without a word), so every finish is followed by
//! reading the review and comparing it field by field with what was sent (`quiz/proof.rs`).

pub mod keep;
pub mod proof;

use std::collections::BTreeMap;

use daypack_course::outline::Binding;
use daypack_course::quiz::picture::{Markers, Picture};
use daypack_course::quiz::{Question, QuestionBody};
use daypack_course::work::{Answer, Outcome, Refusal, RefusalReason, Settled, SiteSide};
use daypack_course::{AssetId, TimeMs};
use serde_json::{Value, json};

use super::question::fill::{Holds, compare};
use super::question::{self, Slot};
use super::rest::{CallError, Rest};
use super::{files, judge, loose, outline, words};
use crate::connector::{Desk, QuizFile, ReadError, SiteVersion, StartError, StartedQuiz, StepLog};
use proof::Proof;

/// Most pages of an attempt.
const MAX_PAGES: i64 = 500;
/// How often a finish is built anew because the attempt moved under it.
const TRIES: usize = 3;
/// Before the end of an attempt, a finish goes out without a look from here on.
const LATE_MS: i64 = 120_000;

fn preflight(password: Option<&str>) -> Value {
    let mut out = vec![json!({"name": "confirmdatasaved", "value": "1"})];
    out.extend(password.map(|word| json!({"name": "quizpassword", "value": word})));
    Value::Array(out)
}

/// An attempt, as far as needed here.
#[derive(Clone, Debug)]
struct Attempt {
    id: String,
    closes: Option<TimeMs>,
}

/// Starts an attempt or takes up the open one.
pub async fn start(
    rest: &Rest<'_>,
    quiz: &Binding,
    password: Option<&str>,
) -> Result<StartedQuiz, StartError> {
    let attempt = match open(rest, quiz, password).await {
        Ok(Ok(attempt)) => attempt,
        Ok(Err(refusal)) if refusal.why == RefusalReason::Other && asks_password(rest, quiz).await => {
            return Err(StartError::Password { tried: password.is_some() });
        }
        Ok(Err(refusal)) => return Err(StartError::Refused(refusal)),
        Err(error) => return Err(ReadError::from(error).into()),
    };
    let read = pages(rest, &attempt.id, password, &|_| true).await;
    let slots = match read {
        Ok((slots, _)) => slots,
        // Sequential pages, of which the outline here did not know yet.
        Err(error) if error.code().starts_with("Out of sequence") => return Err(StartError::OnlyThere),
        // One that is open already wants the word again.
        Err(error) if password.is_none() && is_sentence(&error) && asks_password(rest, quiz).await => {
            return Err(StartError::Password { tried: false });
        }
        Err(error) => return Err(ReadError::from(error).into()),
    };
    let mut named = BTreeMap::new();
    for slot in &slots {
        for written in outline::addresses(&slot.text_html, rest.site) {
            named.insert(written.clone(), picture(quiz, &written));
        }
        if let Some(
            QuestionBody::Picture(Picture { image, .. }) | QuestionBody::Markers(Markers { image, .. }),
        ) = &slot.places
        {
            named.insert(image.clone(), picture(quiz, image));
        }
        for part in slot.labels() {
            for written in outline::addresses(part, rest.site) {
                named.insert(written.clone(), picture(quiz, &written));
            }
        }
    }
    let questions: Vec<Question> = slots.iter().map(Slot::question).collect();
    let found = slots.iter().zip(&questions);
    Ok(StartedQuiz {
        remote_attempt: attempt.id,
        answers: found.filter_map(|(slot, q)| Some((q.id.clone(), slot.response()?))).collect(),
        questions,
        files: named.into_values().collect(),
        side: SiteSide {
            ends: attempt.closes,
            fields: slots.iter().flat_map(Slot::held).collect(),
            form: form(&slots),
            password: password.map(str::to_owned),
            ..SiteSide::default()
        },
    })
}

/// What of the form is needed to fill it again. Texts are left out: the numbers of the slots say which is which.
fn form(slots: &[Slot]) -> Option<Value> {
    let bare = |slot: &Slot| Slot {
        text_html: String::new(),
        comment_html: String::new(),
        outcome_html: String::new(),
        settings: Value::Null,
        ..slot.clone()
    };
    serde_json::to_value(slots.iter().map(bare).collect::<Vec<_>>()).ok()
}

/// The form, when the attempt ends so soon (or has ended) that asking the site anything first would cost answers: the
/// first question after the end closes the attempt, while a finish counts for a minute more.
fn late_form(side: &SiteSide, now: Option<TimeMs>) -> Option<Vec<Slot>> {
    let (ends, now) = (side.ends?, now?);
    if ends.since(now) > LATE_MS {
        return None;
    }
    serde_json::from_value(side.form.clone()?).ok().filter(|slots: &Vec<Slot>| !slots.is_empty())
}

/// A sentence as code is a rule of the quiz (a password, a browser).
fn is_sentence(error: &CallError) -> bool {
    matches!(error, CallError::Refused { code, .. } if code.contains(' '))
}

async fn asks_password(rest: &Rest<'_>, quiz: &Binding) -> bool {
    let asked = json!({"quizid": quiz.instance});
    let Ok(reply) = rest.call("mod_quiz_get_quiz_access_information", asked).await else { return false };
    loose::list(&reply.value, "activerulenames").iter().any(|name| name == "quizaccess_password")
}

fn picture(quiz: &Binding, written: &str) -> QuizFile {
    let url = files::for_app(written);
    let path =
        url.split("/pluginfile.php/").nth(1).unwrap_or(&url).split('?').next().unwrap_or_default().to_owned();
    let name = outline::decoded(path.rsplit('/').next().unwrap_or_default());
    QuizFile {
        written: written.to_owned(),
        id: AssetId::new(format!("cm{}/question/{path}", quiz.cmid)),
        asset: outline::asset(&name, "", None, &url, &path),
    }
}

/// The attempt to work on: a new one, or the one that is open already.
async fn open(
    rest: &Rest<'_>,
    quiz: &Binding,
    password: Option<&str>,
) -> Result<Result<Attempt, Refusal>, CallError> {
    let asked = json!({"quizid": quiz.instance, "preflightdata": preflight(password)});
    let reply = match rest.call("mod_quiz_start_attempt", asked).await {
        Ok(reply) => reply,
        Err(error) if error.code() == "attemptstillinprogress" => {
            let asked = json!({"quizid": quiz.instance, "status": "unfinished"});
            let open = rest.call("mod_quiz_get_user_attempts", asked).await?;
            let found = loose::list(&open.value, "attempts").last().and_then(attempt).ok_or(error)?;
            return Ok(Ok(found));
        }
        Err(CallError::Refused { code, said, at })
            if code.contains(' ') && judge::meaning(&code) == judge::Meaning::Later =>
        {
            // A sentence as code is a rule of the quiz (a password, a browser): only the site can settle it.
            let said = said.strip_prefix("quiz/").unwrap_or(&said).to_owned();
            return Ok(Err(Refusal { why: RefusalReason::Other, said, at }));
        }
        Err(error) => return Err(error),
    };
    match loose::object(&reply.value, "attempt").and_then(attempt) {
        Some(found) => Ok(Ok(found)),
        None => {
            let warning = loose::list(&reply.value, "warnings").first().map(|w| loose::text(w, "message"));
            let said = words::said(&warning.unwrap_or_default());
            Ok(Err(Refusal { why: why_not(rest, quiz, reply.at).await, said, at: reply.at }))
        }
    }
}

fn attempt(value: &Value) -> Option<Attempt> {
    let id = loose::text(value, "id");
    (!id.is_empty()).then(|| Attempt { id, closes: loose::time(value, "timecheckstate") })
}

/// The reason behind a warning, from the quiz's own dates: the warning is a translated sentence.
async fn why_not(rest: &Rest<'_>, quiz: &Binding, now: TimeMs) -> RefusalReason {
    let asked = json!({"courseids": [quiz.course]});
    let Ok(reply) = rest.call("mod_quiz_get_quizzes_by_courses", asked).await else {
        return RefusalReason::Other;
    };
    let id = quiz.instance.parse().unwrap_or(-1);
    let Some(about) = loose::find(loose::list(&reply.value, "quizzes"), "id", id) else {
        return RefusalReason::Gone;
    };
    if loose::time(about, "timeopen").is_some_and(|t| t > now) {
        RefusalReason::NotOpenYet
    } else if loose::time(about, "timeclose").is_some_and(|t| t < now) {
        RefusalReason::Closed
    } else if loose::int(about, "attempts").is_some_and(|n| n > 0) {
        RefusalReason::NoAttemptsLeft
    } else {
        RefusalReason::Other
    }
}

/// The questions of an open attempt, in order; of the pages that are wanted.
async fn pages(
    rest: &Rest<'_>,
    attempt: &str,
    password: Option<&str>,
    wanted: &(dyn Fn(i64) -> bool + Sync),
) -> Result<(Vec<Slot>, TimeMs), CallError> {
    let mut out = Vec::new();
    let mut at = TimeMs::default();
    let mut page = 0;
    while (0..MAX_PAGES).contains(&page) {
        if !wanted(page) {
            page += 1;
            continue;
        }
        let asked = json!({"attemptid": attempt, "page": page, "preflightdata": preflight(password)});
        let reply = rest.call("mod_quiz_get_attempt_data", asked).await?;
        out.extend(loose::list(&reply.value, "questions").iter().filter_map(question::slot));
        at = reply.at;
        let next = loose::int(&reply.value, "nextpage").unwrap_or(-1);
        page = if next > page { next } else { -1 };
    }
    Ok((out, at))
}

/// What is handed in.
#[derive(Clone, Copy, Debug)]
pub struct Paper<'a> {
    /// The site's attempt, when it was started there.
    pub remote: Option<&'a str>,
    /// The answers.
    pub answers: &'a [Answer],
    /// The learner has compared and wants it sent as it is.
    pub anyway: bool,
    /// What was known of the site's side when it was finished here.
    pub side: &'a SiteSide,
}

/// Sends a finished attempt. Before anything is finished at the site, what is there is compared: answers of another
/// device, and questions that are not the same any more, are for the learner to decide on.
pub async fn send(
    rest: &Rest<'_>,
    quiz: &Binding,
    paper: &Paper<'_>,
    log: &mut StepLog,
    desk: &dyn Desk,
) -> Result<Outcome, Outcome> {
    let Paper { remote, answers, anyway, side } = *paper;
    let password = side.password.as_deref();
    let lost = |e: CallError| judge::outcome(&e);
    let id = match log.attempt.clone().or_else(|| remote.map(str::to_owned)) {
        Some(id) => id,
        None => match open(rest, quiz, password).await.map_err(lost)? {
            Ok(attempt) => attempt.id,
            Err(refusal) => return Ok(Outcome::Refused(refusal)),
        },
    };
    log.attempt = Some(id.clone());
    if log.risky {
        // An earlier finish may have landed: look before anything is repeated.
        if let Some(known) = proof::look(rest, &id, &log.sent).await.map_err(lost)? {
            return Ok(known.outcome(log, true));
        }
    }
    let own_numbers = remote == Some(id.as_str());
    // After a finish of ours what is there may be our own.
    let compares = !anyway && !log.risky;
    let mut late = late_form(side, desk.site_now()).filter(|_| own_numbers && !log.risky);
    for _ in 0..TRIES {
        let unasked = late.take();
        let compares = compares && unasked.is_none();
        let (slots, at) = match unasked {
            Some(slots) => (slots, TimeMs::default()),
            None => match pages(rest, &id, password, &|_| true).await {
                Ok(read) => read,
                Err(error) => match error.code() {
                    "attemptalreadyclosed" | "attempterror" => {
                        return already_closed(rest, &id, answers, log).await;
                    }
                    // Too late for answers; what was kept in time still counts.
                    "stateoverdue" => (Vec::new(), TimeMs::default()),
                    _ => return Err(judge::outcome(&error)),
                },
            },
        };
        let (fields, missing) = place(&slots, answers, own_numbers);
        if missing && fields.is_empty() && !slots.is_empty() {
            return Ok(judge::refusal(RefusalReason::Gone, "", at));
        }
        if compares && slots.iter().any(|slot| holds_other_answer(slot, &fields, &side.fields)) {
            return Ok(judge::refusal(RefusalReason::Conflict, "", at));
        }
        if compares && missing && !slots.is_empty() {
            return Ok(judge::refusal(RefusalReason::QuestionsChanged, "", at));
        }
        log.missing = missing && !slots.is_empty();
        log.sent = fields.clone();
        log.risky = true;
        desk.save(log).map_err(|_| Outcome::Later { not_before: None })?;
        let data: Vec<Value> =
            fields.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
        let asked = json!({
            "attemptid": id, "data": data, "finishattempt": 1, "timeup": 0,
            "preflightdata": preflight(password),
        });
        match rest.call("mod_quiz_process_attempt", asked).await {
            Ok(reply) => match loose::text(&reply.value, "state").as_str() {
                "finished" | "submitted" | "abandoned" => {
                    let known = proof::look(rest, &id, &log.sent).await.map_err(|_| Outcome::Unknown)?;
                    return Ok(known.map_or(Outcome::Unknown, |p| p.outcome(log, false)));
                }
                _ => return Ok(Outcome::Later { not_before: None }),
            },
            Err(error) => match error.code() {
                // Moved meanwhile, nothing was stored: read the numbers again.
                "submissionoutofsequencefriendlymessage" | "submissionoutofsequence" => {
                    log.risky = false;
                }
                "attemptalreadyclosed" | "attempterror" => {
                    let known = proof::look(rest, &id, &log.sent).await.map_err(|_| Outcome::Unknown)?;
                    return Ok(known.map_or(Outcome::Unknown, |p| p.closed(log)));
                }
                _ => {
                    let outcome = judge::outcome(&error);
                    // Nothing was taken: the next try need not look first.
                    log.risky = matches!(outcome, Outcome::Unknown | Outcome::Unreachable);
                    return Err(outcome);
                }
            },
        }
    }
    Ok(Outcome::Later { not_before: None })
}

/// Whether another device (or a browser) saved another answer: what is there was saved after the start, differs from
/// ours, and is not what this computer found or put there.
fn holds_other_answer(
    slot: &Slot,
    fields: &BTreeMap<String, String>,
    known: &BTreeMap<String, String>,
) -> bool {
    let was_saved = slot.autosaved || slot.sequence.parse::<u64>().is_ok_and(|n| n > 1);
    was_saved && compare(slot, fields) == Some(Holds::Other) && compare(slot, known) != Some(Holds::Same)
}

/// What the site holds of an attempt: the review, or the pages while it is open.
pub async fn version(rest: &Rest<'_>, attempt: Option<&str>) -> Result<SiteVersion, CallError> {
    let Some(id) = attempt else { return Ok(SiteVersion { hidden: true, ..SiteVersion::default() }) };
    let (slots, at) = match proof::review(rest, id).await {
        Ok(review) => (review.slots, Some(review.finished)),
        Err(CallError::Refused { .. }) => match pages(rest, id, None, &|_| true).await {
            Ok((slots, _)) => (slots, None),
            Err(CallError::Refused { .. }) => (Vec::new(), None),
            Err(error) => return Err(error),
        },
        Err(error) => return Err(error),
    };
    Ok(SiteVersion {
        at,
        base: None,
        hidden: slots.is_empty(),
        lines: slots.iter().map(|slot| (words::plain(&slot.text_html), slot.answer_shown())).collect(),
        files: Vec::new(),
    })
}

/// The attempt was closed before this finish was sent: the review says whether the answers are in all the same.
async fn already_closed(
    rest: &Rest<'_>,
    id: &str,
    answers: &[Answer],
    log: &mut StepLog,
) -> Result<Outcome, Outcome> {
    let review = proof::review(rest, id).await.map_err(|e| judge::outcome(&e))?;
    let (fields, _) = place(&review.editable(), answers, true);
    if log.sent.is_empty() {
        log.sent = fields;
    }
    Ok(Proof::of(&review, &log.sent).closed(log))
}

/// Places every answer in the form of its question. True when one could not be placed.
fn place(slots: &[Slot], answers: &[Answer], own_numbers: bool) -> (BTreeMap<String, String>, bool) {
    let mut out = BTreeMap::new();
    let mut missing = false;
    for answer in answers {
        let wanted = words::folded(&answer.text);
        let same_text = |s: &&Slot| !wanted.is_empty() && s.text() == wanted;
        let by_number = || slots.iter().find(|s| own_numbers && Some(s.slot) == answer.slot);
        let by_text = || {
            let mut hits = slots.iter().filter(same_text);
            hits.next().filter(|_| hits.next().is_none())
        };
        match by_number().or_else(by_text).and_then(|s| Some((s, s.fill(answer)?))) {
            Some((slot, fields)) => {
                out.extend(fields);
                out.insert(format!("{}:sequencecheck", slot.prefix), slot.sequence.clone());
            }
            None => missing |= !answer.response.is_empty(),
        }
    }
    (out, missing)
}

/// What became of a finish whose reply was lost.
pub async fn settle(
    rest: &Rest<'_>,
    quiz: &Binding,
    remote: Option<&str>,
    log: &StepLog,
) -> Result<Settled, CallError> {
    let Some(id) = log.attempt.as_deref().or(remote) else { return Ok(Settled::NotLanded) };
    if !log.risky {
        return Ok(Settled::NotLanded);
    }
    let asked = json!({"quizid": quiz.instance, "status": "unfinished"});
    let open = rest.call("mod_quiz_get_user_attempts", asked).await?;
    if loose::list(&open.value, "attempts").iter().any(|a| loose::text(a, "id") == id) {
        return Ok(Settled::NotLanded);
    }
    Ok(match proof::look(rest, id, &log.sent).await? {
        Some(known) => match known.outcome(log, true) {
            Outcome::Accepted(receipt) => Settled::Landed(receipt),
            Outcome::Refused(refusal) => Settled::Refused(refusal),
            _ => Settled::CannotTell,
        },
        None => Settled::NotLanded,
    })
}
