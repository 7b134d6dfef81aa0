//! What a quiz at a Moodle does to whoever does not know it: each test carries the id of its trap.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use daypack_course::outline::Binding;
use daypack_course::quiz::{Question, Response};
use daypack_course::work::{Answer, Deed, Outcome, RefusalReason, SiteSide};
use daypack_course::{Digest, TimeMs};
use daypack_lms::moodle::feedback;
use daypack_lms::moodle::rest::Reply;
use daypack_lms::net::FileBytes;
use daypack_lms::{Connector as _, Desk, KeptAnswers, Moodle, StartError, StartedQuiz, StepLog};
use serde_json::{Value, json};
use support::server::{Asked, Say, Server, json as answer};
use support::{file, net, recording, session, work};

/// A quiz of one word on each of two pages, with the rules of the recordings; our own small double.
#[derive(Clone, Debug, Default)]
struct Word {
    /// What is autosaved per slot.
    saved: BTreeMap<u32, String>,
    sequence: i64,
    finished: bool,
    /// The first call after this many closes the attempt.
    closes_at_a_look: bool,
    stale: bool,
    password: Option<&'static str>,
}

type Shared = Arc<Mutex<Word>>;

fn exception(code: &str) -> Say {
    answer(&json!({"exception": "core\\exception\\moodle_exception", "errorcode": code, "message": code}))
}

fn slot(number: u32, state: &Word) -> Value {
    let sequence = state.sequence + 1;
    let held = state.saved.get(&number).cloned().unwrap_or_default();
    json!({"slot": number, "type": "shortanswer", "page": number - 1, "sequencecheck": sequence, "maxmark": 1,
        "hasautosavedstep": !held.is_empty(), "html": format!(
        "<div><input type='hidden' name='q8:{number}_:sequencecheck' value='{sequence}'><div class='qtext'>\
         <div class='clearfix'><p>Word {number}</p></div></div><input type='text' name='q8:{number}_answer' value='{held}'></div>")})
}

fn data(asked: &Asked) -> BTreeMap<String, String> {
    (0..50)
        .filter_map(|n| {
            Some((asked.field(&format!("data[{n}][name]"))?, asked.field(&format!("data[{n}][value]"))?))
        })
        .collect()
}

fn preflight(asked: &Asked) -> BTreeMap<String, String> {
    let part = |n: usize, what: &str| asked.field(&format!("preflightdata[{n}][{what}]"));
    (0..5).filter_map(|n| Some((part(n, "name")?, part(n, "value")?))).collect()
}

fn put(state: &mut Word, asked: &Asked) {
    let fields = data(asked);
    for number in [1, 2] {
        let current =
            fields.get(&format!("q8:{number}_:sequencecheck")) == Some(&(state.sequence + 1).to_string());
        if let (Some(word), true) = (fields.get(&format!("q8:{number}_answer")), current && !state.stale) {
            state.saved.insert(number, word.clone());
        }
    }
}

fn site(shared: &Shared) -> impl Fn(&Asked) -> Say + Send + Sync + 'static {
    let shared = Arc::clone(shared);
    move |asked| {
        let mut state = shared.lock().unwrap();
        let function = asked.function();
        if function == "mod_quiz_get_quiz_access_information" {
            let rules = if state.password.is_some() { json!(["quizaccess_password"]) } else { json!([]) };
            return answer(&json!({"canattempt": true, "activerulenames": rules, "warnings": []}));
        }
        let given = preflight(asked);
        if function.starts_with("mod_quiz_")
            && !function.contains("review")
            && !function.contains("user_attempts")
        {
            if given.get("confirmdatasaved").map(String::as_str) != Some("1") {
                return exception("Please check and confirm that you do not have any unsaved work.");
            }
            if state.password.is_some_and(|word| given.get("quizpassword").map(String::as_str) != Some(word))
            {
                return exception("The password entered was incorrect");
            }
        }
        match function.as_str() {
            "mod_quiz_start_attempt" => {
                answer(&json!({"attempt": {"id": 8, "timecheckstate": 5000}, "warnings": []}))
            }
            "mod_quiz_get_attempt_data" | "mod_quiz_save_attempt"
                if state.closes_at_a_look || state.finished =>
            {
                state.finished = true;
                exception("attemptalreadyclosed")
            }
            "mod_quiz_get_attempt_data" => {
                let page: u32 = asked.field("page").unwrap().parse().unwrap();
                let next = if page == 0 { 1 } else { -1 };
                answer(
                    &json!({"attempt": {"id": 8}, "nextpage": next, "questions": [slot(page + 1, &state)]}),
                )
            }
            "mod_quiz_save_attempt" => {
                put(&mut state, asked);
                answer(&json!({"status": true, "warnings": []}))
            }
            "mod_quiz_process_attempt" if state.finished => exception("attemptalreadyclosed"),
            "mod_quiz_process_attempt" => {
                let fields = data(asked);
                let current = (state.sequence + 1).to_string();
                if fields.iter().any(|(name, value)| name.ends_with(":sequencecheck") && *value != current) {
                    return exception("submissionoutofsequencefriendlymessage");
                }
                put(&mut state, asked);
                state.finished = true;
                answer(&json!({"state": "finished", "warnings": []}))
            }
            "mod_quiz_get_attempt_review" => {
                answer(&json!({"attempt": {"id": 8, "state": "finished", "timefinish": 4999},
                "questions": [slot(1, &state), slot(2, &state)]}))
            }
            _ => answer(&json!({"attempts": [], "warnings": []})),
        }
    }
}

fn binding(site: &str) -> Binding {
    work(site, "quiz", Deed::Completion { done: true }).target
}

async fn start(at: &Server, password: Option<&str>) -> Result<StartedQuiz, StartError> {
    Moodle::new(net()).start_quiz(&session(&at.address), &binding(&at.address), password).await
}

fn words(questions: &[Question], given: &[(usize, &str)]) -> Vec<Answer> {
    given
        .iter()
        .map(|(at, word)| Answer {
            question: questions[*at].id.clone(),
            slot: questions[*at].slot,
            text: String::new(),
            response: Response::ShortText { text: (*word).to_owned() },
            labels: BTreeMap::new(),
        })
        .collect()
}

async fn keep(at: &Server, answers: &[Answer], pages: &[u32], side: &SiteSide) -> KeptAnswers {
    Moodle::new(net()).keep_answers(&session(&at.address), "8", answers, pages, side).await.unwrap()
}

/// A desk that knows the site's clock.
struct At(i64);

impl Desk for At {
    fn save(&self, _: &StepLog) -> std::io::Result<()> {
        Ok(())
    }
    fn file(&self, _: &Digest) -> Option<FileBytes> {
        None
    }
    fn site_now(&self) -> Option<TimeMs> {
        Some(TimeMs(self.0 * 1000))
    }
}

async fn finish(at: &Server, answers: Vec<Answer>, side: SiteSide, now: i64) -> Outcome {
    let deed = Deed::QuizFinish {
        attempt: "local".into(),
        remote_attempt: Some("8".into()),
        answers,
        anyway: false,
        side,
    };
    let work = work(&at.address, "quiz", deed);
    Moodle::new(net()).send(&session(&at.address), &work, &mut StepLog::default(), &At(now)).await
}

fn saved(shared: &Shared) -> Vec<(u32, String)> {
    shared.lock().unwrap().saved.clone().into_iter().collect()
}

#[tokio::test]
async fn autosave_in_time_counts_and_reads_only_the_pages_that_changed() {
    let shared = Shared::default();
    let at = Server::start(site(&shared)).await;
    let started = start(&at, None).await.unwrap();
    assert_eq!(started.side.ends, Some(TimeMs(5_000_000)));
    assert_eq!(started.questions.iter().map(|q| q.page).collect::<Vec<_>>(), [Some(0), Some(1)]);
    assert!(saved(&shared).is_empty(), "nothing is kept before the learner wrote something");
    let asked = at.calls("mod_quiz_get_attempt_data");
    let second = words(&started.questions, &[(1, "later")]);
    let kept = keep(&at, &second, &[1], &started.side).await;
    assert_eq!(kept.fields, BTreeMap::from([("q8:2_answer".to_owned(), "later".to_owned())]));
    assert_eq!(saved(&shared), [(2, "later".to_owned())]);
    assert_eq!(at.calls("mod_quiz_get_attempt_data") - asked, 2, "one page, before and after");
    // Repeatable: what is there already is not sent again.
    let again = keep(&at, &second, &[1], &started.side).await;
    assert_eq!((again.fields, at.calls("mod_quiz_save_attempt")), (kept.fields.clone(), 1));
    // A newer answer supersedes the one this computer put there.
    let side = SiteSide { fields: kept.fields, ..started.side };
    let newer = keep(&at, &words(&started.questions, &[(1, "last")]), &[1], &side).await;
    assert!(newer.others.is_empty() && newer.missed.is_empty());
    assert_eq!(saved(&shared), [(2, "last".to_owned())]);
}

#[tokio::test]
async fn an_answer_of_another_device_is_found_at_the_start_and_never_overwritten_by_an_autosave() {
    let shared = Shared::default();
    shared.lock().unwrap().saved.insert(1, "theirs".into());
    let at = Server::start(site(&shared)).await;
    let started = start(&at, None).await.unwrap();
    let found: Vec<_> = started.answers.values().cloned().collect();
    assert_eq!(found, [Response::ShortText { text: "theirs".into() }]);
    // Written on after that: ours supersedes what we found.
    let ours = words(&started.questions, &[(0, "ours")]);
    assert!(keep(&at, &ours, &[0], &started.side).await.others.is_empty());
    // Another device goes on: it is left alone, and a finish asks the learner.
    shared.lock().unwrap().saved.insert(1, "theirs again".into());
    let side = SiteSide { fields: BTreeMap::from([("q8:1_answer".into(), "ours".into())]), ..started.side };
    let newer = words(&started.questions, &[(0, "ours, longer")]);
    assert_eq!(keep(&at, &newer, &[0], &side).await.others, [1]);
    assert_eq!(saved(&shared), [(1, "theirs again".to_owned())]);
    let outcome = finish(&at, newer, side, 1000).await;
    assert!(matches!(&outcome, Outcome::Refused(r) if r.why == RefusalReason::Conflict), "{outcome:?}");
}

#[tokio::test]
async fn sequencecheck_save_is_silent_so_nothing_is_called_kept_that_was_not_read_back() {
    let shared = Shared::default();
    let at = Server::start(site(&shared)).await;
    let started = start(&at, None).await.unwrap();
    shared.lock().unwrap().stale = true;
    let kept = keep(&at, &words(&started.questions, &[(0, "lost")]), &[], &started.side).await;
    assert_eq!((kept.missed, kept.fields.len()), (vec![1], 0));
    // Control: with the right number it is there.
    shared.lock().unwrap().stale = false;
    let kept = keep(&at, &words(&started.questions, &[(0, "kept")]), &[], &started.side).await;
    assert_eq!((kept.missed.len(), kept.fields.len()), (0, 1));
}

#[tokio::test]
async fn reads_can_finish_an_attempt_so_a_late_finish_goes_out_first() {
    let shared = Shared::default();
    let at = Server::start(site(&shared)).await;
    let started = start(&at, None).await.unwrap();
    shared.lock().unwrap().closes_at_a_look = true;
    let answers = words(&started.questions, &[(0, "one"), (1, "two")]);
    // Control: long before the end one looks first, and this site closes the attempt at a look.
    let outcome = finish(&at, answers.clone(), started.side.clone(), 1000).await;
    assert!(!matches!(&outcome, Outcome::Accepted(r) if r.caveat.is_none()), "{outcome:?}");
    *shared.lock().unwrap() = Word { closes_at_a_look: true, ..Word::default() };
    let before = at.calls("mod_quiz_get_attempt_data");
    let outcome = finish(&at, answers, started.side, 5030).await;
    assert!(matches!(&outcome, Outcome::Accepted(r) if r.caveat.is_none()), "{outcome:?}");
    assert_eq!(at.calls("mod_quiz_get_attempt_data"), before, "no other call on the attempt came first");
    assert_eq!(saved(&shared), [(1, "one".to_owned()), (2, "two".to_owned())]);
}

#[tokio::test]
async fn sequencecheck_process_rejects_the_whole_call_and_the_late_finish_looks_then() {
    let shared = Shared::default();
    let at = Server::start(site(&shared)).await;
    let started = start(&at, None).await.unwrap();
    shared.lock().unwrap().sequence = 4;
    let before = at.calls("mod_quiz_get_attempt_data");
    let outcome = finish(&at, words(&started.questions, &[(0, "one")]), started.side, 5030).await;
    assert!(matches!(&outcome, Outcome::Accepted(_)), "{outcome:?}");
    assert_eq!(at.calls("mod_quiz_process_attempt"), 2);
    assert_eq!(at.calls("mod_quiz_get_attempt_data") - before, 2);
    assert_eq!(saved(&shared), [(1, "one".to_owned())]);
}

#[tokio::test]
async fn finish_replay_is_settled_by_the_review() {
    let shared = Shared::default();
    let at = Server::start(site(&shared)).await;
    let started = start(&at, None).await.unwrap();
    let answers = words(&started.questions, &[(0, "one")]);
    finish(&at, answers.clone(), started.side.clone(), 1000).await;
    let again = finish(&at, answers, started.side.clone(), 1000).await;
    assert!(matches!(&again, Outcome::Accepted(r) if r.found), "{again:?}");
    // Control: another answer than the one that is in is not called accepted.
    let other = finish(&at, words(&started.questions, &[(0, "two")]), started.side, 1000).await;
    assert!(!matches!(&other, Outcome::Accepted(r) if r.caveat.is_none()), "{other:?}");
}

#[tokio::test]
async fn offline_quiz_needs_confirmdatasaved_and_a_password_with_each_call() {
    let shared = Shared::default();
    shared.lock().unwrap().password = Some("open sesame");
    let at = Server::start(site(&shared)).await;
    assert_eq!(start(&at, None).await, Err(StartError::Password { tried: false }));
    assert_eq!(start(&at, Some("bad")).await, Err(StartError::Password { tried: true }));
    let started = start(&at, Some("open sesame")).await.unwrap();
    let answers = words(&started.questions, &[(0, "one")]);
    assert_eq!(keep(&at, &answers, &[0], &started.side).await.fields.len(), 1);
    let outcome = finish(&at, answers, started.side, 1000).await;
    assert!(matches!(&outcome, Outcome::Accepted(r) if r.caveat.is_none()), "{outcome:?}");
}

#[tokio::test]
async fn start_refusal_is_empty_array_and_says_why() {
    for (id, about, why) in [
        ("quizX-already-closed", json!({"timeclose": 1}), RefusalReason::Closed),
        ("quizN-not-open-yet", json!({"timeopen": 4_000_000_000_u64}), RefusalReason::NotOpenYet),
        ("quiz1-no-more-attempts", json!({"attempts": 1}), RefusalReason::NoAttemptsLeft),
    ] {
        let refused = recording("functions/mod_quiz_start_attempt.json", id);
        assert_eq!(refused["attempt"], json!([]));
        let at = Server::start(move |asked| match asked.function().as_str() {
            "mod_quiz_start_attempt" => answer(&refused),
            "mod_quiz_get_quizzes_by_courses" => {
                let mut quiz = about.clone();
                quiz["id"] = json!(1);
                answer(&json!({"quizzes": [quiz], "warnings": []}))
            }
            _ => answer(&json!({})),
        })
        .await;
        let refusal = start(&at, None).await;
        assert!(matches!(&refusal, Err(StartError::Refused(r)) if r.why == why), "{id}: {refusal:?}");
    }
}

#[tokio::test]
async fn question_urls_need_rewriting_and_the_picture_of_a_drag_question_is_brought() {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/corpus/moodle-questions/quizB-files-and-drag-images/"
    );
    let text = std::fs::read_to_string(format!("{folder}03-mod_quiz_get_attempt_data.json")).unwrap();
    let at = Server::start(move |asked| match asked.function().as_str() {
        "mod_quiz_start_attempt" => answer(&json!({"attempt": {"id": 12}, "warnings": []})),
        _ => {
            let mut page: Value = serde_json::from_str(&text).unwrap();
            let mut page = page["recordings"][0]["response"]["json"].take();
            page["nextpage"] = json!(-1);
            answer(&page)
        }
    })
    .await;
    let started = start(&at, None).await.unwrap();
    let pictures: Vec<&str> =
        started.files.iter().map(|f| f.asset.remote.as_ref().unwrap().url.as_str()).collect();
    assert!(pictures.iter().any(|url| url.contains("qtype_ddimageortext")), "{pictures:?}");
    assert!(pictures.iter().all(|url| url.contains("/webservice/pluginfile.php/")), "{pictures:?}");
}

#[test]
fn review_grade_null_until_graded_is_a_state_of_its_own() {
    let read = |path: &str| {
        let value = file(path)["recordings"][0]["response"]["json"].clone();
        let binding = binding("https://moodle.example");
        let reply = Reply { value, at: TimeMs(0) };
        feedback::of_review(&reply, Some(100.0), &session("https://moodle.example"), &binding)
    };
    let waiting = read("sequences/quizA-deferred-feedback/23-mod_quiz_get_attempt_review.json").unwrap();
    let marked = read("sequences/quizA-deferred-feedback/27-mod_quiz_get_attempt_review.json").unwrap();
    assert!(!waiting.grade.unwrap().is_final);
    assert!(marked.grade.unwrap().is_final);
}
