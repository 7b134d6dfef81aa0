//! Two computers of one learner: newer work from the other one is never overwritten and never lost; both versions
//! can be read, and the learner chooses.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

#[path = "two_devices/second_laptop.rs"]
mod second_laptop;

use std::time::Duration;

use daypack_app::App;
use daypack_app::api::FailureCode;
use daypack_app::api::input::*;
use daypack_app::api::study::AttemptView;
use daypack_app::api::work::{Decision, WorkDetail, WorkGroup};
use daypack_course::outline::ItemKind;
use daypack_course::quiz::{QuestionBody, Response};
use daypack_course::work::{RefusalReason, WorkState};
use daypack_course::{TimeMs, WorkId};
use daypack_tests::learner::{card_when, enrol, hand_in, of_kind, open, outbox, until};
use daypack_tests::practice::{Practice, small_course};

fn is_accepted(state: &WorkState) -> bool {
    matches!(state, WorkState::Accepted { .. })
}

fn refused_for(state: &WorkState) -> Option<RefusalReason> {
    match state {
        WorkState::Refused { refusal } => Some(refusal.why),
        _ => None,
    }
}

async fn detail(app: &App, work: &WorkId) -> WorkDetail {
    app.work(WorkInput { work: work.clone() }).await.unwrap()
}

/// The work once the site's version is here, too.
async fn both(app: &App, work: &WorkId) -> WorkDetail {
    until("both versions", || async {
        let detail = detail(app, work).await;
        detail.theirs.is_some().then_some(detail)
    })
    .await
}

async fn decide(app: &App, work: &WorkId, decision: Decision) -> WorkDetail {
    app.work_decide(WorkDecide { work: work.clone(), decision }).await.unwrap()
}

/// Moodle's marks of a change count seconds: the next change must fall into another one.
async fn next_second(after: TimeMs) {
    until("the next second", || async {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        (now as i64 > after.0 / 1000).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn newer_work_of_the_other_laptop_is_shown_and_the_learner_chooses() {
    let dir = tempfile::tempdir().unwrap();
    let campus = Practice::start(&small_course(), None, &dir.path().join("campus"));
    let (one, two) = (open(&dir.path().join("one")).await, open(&dir.path().join("two")).await);
    let (course, other) = (enrol(&one, &campus).await, enrol(&two, &campus).await);
    let item = of_kind(&one, &course, ItemKind::Assignment).await.into_iter().next().expect("an assignment");

    let first = hand_in(&one, &course, &item, "written on laptop one").await;
    let first = card_when(&one, &first.id, "a receipt", |c| is_accepted(&c.state)).await;
    let WorkState::Accepted { receipt } = &first.state else { unreachable!() };
    next_second(receipt.at).await;

    // The second laptop knows nothing of it: its work is not taken, and the first one's is not overwritten.
    let second = hand_in(&two, &other, &item, "written on laptop two").await;
    let card = card_when(&two, &second.id, "a conflict", |c| refused_for(&c.state).is_some()).await;
    assert_eq!(refused_for(&card.state), Some(RefusalReason::Conflict));
    assert_eq!(card.group, WorkGroup::NeedsYou);
    assert!(campus.state().to_string().contains("written on laptop one"));
    assert!(!campus.state().to_string().contains("written on laptop two"));
    let seen = both(&two, &second.id).await;
    assert_eq!(seen.text[0].text, "written on laptop two");
    assert_eq!(seen.theirs.as_ref().unwrap().text[0].text, "written on laptop one");
    assert_eq!(seen.decisions, [Decision::KeepSites, Decision::SendMine, Decision::KeepBoth]);

    // The learner has compared and sends their own as a new version. Both versions of before stay readable.
    decide(&two, &second.id, Decision::SendMine).await;
    let newest = until("the new version", || async {
        outbox(&two).await.work.into_iter().find(|w| w.id != second.id && is_accepted(&w.state))
    })
    .await;
    assert!(campus.state().to_string().contains("written on laptop two"));
    let old = detail(&two, &second.id).await;
    assert_eq!(old.card.group, WorkGroup::Sent, "the matter is closed");
    assert_eq!(old.theirs.unwrap().text[0].text, "written on laptop one", "their version is still here");
    assert_eq!(outbox(&two).await.unsent, 0);
    let WorkState::Accepted { receipt } = &newest.state else { unreachable!() };
    next_second(receipt.at).await;

    // Back on the first laptop: now its own work is the older one. The learner keeps the site's.
    let third = hand_in(&one, &course, &item, "a better end, from laptop one").await;
    let card = card_when(&one, &third.id, "a conflict", |c| refused_for(&c.state).is_some()).await;
    assert_eq!(refused_for(&card.state), Some(RefusalReason::Conflict));
    assert_eq!(both(&one, &third.id).await.theirs.unwrap().text[0].text, "written on laptop two");
    let kept = decide(&one, &third.id, Decision::KeepSites).await;
    assert_eq!(kept.card.group, WorkGroup::Sent);
    assert_eq!(kept.text[0].text, "a better end, from laptop one", "ours stays to be read");
    assert!(campus.state().to_string().contains("written on laptop two"));
    let again = one.work_decide(WorkDecide { work: third.id, decision: Decision::SendMine }).await;
    assert_eq!(again.unwrap_err().code, FailureCode::InvalidInput, "decided is decided");
    one.close().await;
    two.close().await;
}

async fn answer_all(app: &App, attempt: &AttemptView, word: &str) {
    for question in &attempt.questions {
        let response = match &question.body {
            QuestionBody::ShortText(_) => Response::ShortText { text: word.into() },
            QuestionBody::Essay(_) => Response::Essay { text: word.into() },
            QuestionBody::TrueFalse(_) => Response::TrueFalse { value: Some(word == "ours") },
            _ => continue,
        };
        let save = ResponseSave { attempt: attempt.id.clone(), question: question.id.clone(), response };
        app.response_save(save).await.unwrap();
    }
    app.attempt_finish(AttemptInput { attempt: attempt.id.clone() }).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_finished_on_the_other_laptop_keeps_both_sets_of_answers() {
    let dir = tempfile::tempdir().unwrap();
    let campus = Practice::start(&small_course(), None, &dir.path().join("campus"));
    let (one, two) = (open(&dir.path().join("one")).await, open(&dir.path().join("two")).await);
    let (course, other) = (enrol(&one, &campus).await, enrol(&two, &campus).await);
    let mut compared = 0;
    for quiz in of_kind(&one, &course, ItemKind::Quiz).await {
        let start = |c: &daypack_course::CourseId| ItemInput { course: c.clone(), item: quiz.clone() };
        let Ok(theirs) = one.attempt_start(start(&course)).await else { continue };
        let Ok(ours) = two.attempt_start(start(&other)).await else { continue };
        let has_words = |q: &daypack_course::quiz::Question| {
            matches!(q.body, QuestionBody::ShortText(_) | QuestionBody::Essay(_))
        };
        if !ours.questions.iter().any(has_words) {
            continue;
        }
        answer_all(&one, &theirs, "theirs").await;
        until("the first laptop's receipt", || async {
            outbox(&one).await.work.iter().all(|w| is_accepted(&w.state)).then_some(())
        })
        .await;
        answer_all(&two, &ours, "ours").await;
        let work = outbox(&two).await.work[0].id.clone();
        let card = card_when(&two, &work, "a refusal", |c| refused_for(&c.state).is_some()).await;
        assert_eq!(refused_for(&card.state), Some(RefusalReason::FinishedElsewhere));
        let seen = both(&two, &work).await;
        let says =
            |lines: &[daypack_app::api::work::WorkLine], word: &str| lines.iter().any(|l| l.text == word);
        assert!(says(&seen.text, "ours") && says(&seen.theirs.as_ref().unwrap().text, "theirs"), "{seen:?}");
        let kept = decide(&two, &work, Decision::KeepBoth).await;
        assert!(says(&kept.text, "ours") && says(&kept.theirs.unwrap().text, "theirs"));
        assert!(kept.decisions.is_empty());
        compared += 1;
        break;
    }
    assert_eq!(compared, 1, "no quiz with a word to write");
    one.close().await;
    two.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_that_cannot_tell_makes_the_learner_be_asked_and_sends_nothing_twice() {
    let dir = tempfile::tempdir().unwrap();
    let campus = Practice::start(&small_course(), None, &dir.path().join("campus"));
    let app = open(&dir.path().join("data")).await;
    let course = enrol(&app, &campus).await;
    let forum = of_kind(&app, &course, ItemKind::Discussion).await.into_iter().next().expect("a discussion");
    campus.ctl(&["lose-replies", "1", "mod_forum_add_discussion"]);
    campus.ctl(&["error", "mod_forum_get_forum_discussions", "503", "1000"]);
    let work = daypack_tests::learner::post(&app, &course, &forum, "Did it arrive?").await.id;
    until("the question to the learner", || async {
        let card = detail(&app, &work).await.card;
        if matches!(card.state, WorkState::InDoubt) {
            app.work_retry(WorkInput { work: work.clone() }).await.unwrap();
        }
        (card.state == WorkState::Unclear).then_some(())
    })
    .await;
    let asked = detail(&app, &work).await;
    assert_eq!(asked.decisions, [Decision::IsThere, Decision::SendAgain]);
    assert_eq!(asked.card.group, WorkGroup::NeedsYou);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let held = || campus.state().to_string().matches("Did it arrive?").count();
    let once = held();
    app.sync_now(Nothing {}).await.unwrap();
    assert_eq!(held(), once, "nothing is sent again by itself");
    let said = decide(&app, &work, Decision::IsThere).await;
    assert!(is_accepted(&said.card.state), "{said:?}");
    assert_eq!(held(), once);
    app.close().await;
}
