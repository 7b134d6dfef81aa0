//! How each answer to a piece of work is judged, and that nothing is sent twice with effect.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use daypack_course::quiz::Response;
use daypack_course::work::{Answer, Caveat, Deed, Outcome, RefusalReason, Settled, WorkFile};
use daypack_lms::{Connector as _, Moodle, StepLog};
use serde_json::{Value, json};
use support::server::{Asked, Say, Server, json as answer, page};
use support::{Notes, file, net, recording, session, work};

async fn sent(site: &str, module: &str, deed: Deed, log: &mut StepLog) -> Outcome {
    Moodle::new(net()).send(&session(site), &work(site, module, deed), log, &Notes::default()).await
}

async fn settled(site: &str, module: &str, deed: Deed, log: &StepLog) -> Settled {
    Moodle::new(net()).settle(&session(site), &work(site, module, deed), log).await
}

fn exception(code: &str) -> Say {
    answer(
        &json!({"exception": "core\\exception\\moodle_exception", "errorcode": code, "message": "Words of the site"}),
    )
}

/// One word for an outcome.
fn word(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Accepted(r) => format!("accepted {:?}", r.caveat),
        Outcome::Refused(r) => format!("refused {:?}", r.why),
        Outcome::Later { not_before } => format!("later {}", not_before.is_some()),
        Outcome::SignIn => "sign in".into(),
        Outcome::Unreachable => "unreachable".into(),
        Outcome::Unknown => "unknown".into(),
    }
}

#[tokio::test]
async fn each_answer_is_judged_by_the_table() {
    let with = |status, headers: &[(&str, &str)]| {
        let headers = headers.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Say::Whole(status, headers, Vec::new())
    };
    let table: Vec<(&str, Say, &str)> = vec![
        ("taken", answer(&json!({"status": true, "warnings": []})), "accepted None"),
        ("not taken", answer(&json!({"status": false, "warnings": []})), "later false"),
        ("an answer to nothing", answer(&json!({})), "later false"),
        ("a list", answer(&json!([])), "later false"),
        ("null", answer(&json!(null)), "later false"),
        ("bad token", exception("invalidtoken"), "sign in"),
        ("expired token", exception("accessexception"), "sign in"),
        ("suspended", exception("wsaccessusersuspended"), "sign in"),
        ("maintenance", exception("sitemaintenance"), "later false"),
        ("no access now", exception("requireloginerror"), "later true"),
        ("hidden course", exception("errorcoursecontextnotvalid"), "later true"),
        ("deleted", exception("invalidrecord"), "refused Gone"),
        ("deleted module", exception("invalidrecordunknown"), "refused Gone"),
        ("automatic", exception("cannotmanualctrack"), "refused NotAllowed"),
        ("throttled", exception("forumblockingtoomanyposts"), "later false"),
        ("database", exception("dmlwriteexception"), "later false"),
        ("parallel", exception("errorprocessingresponses"), "unknown"),
        ("a sentence as code", exception("Please check and confirm."), "later false"),
        (
            "no code",
            answer(&json!({"exception": "Error", "message": "Call to a member function"})),
            "later false",
        ),
        ("REST off", with(403, &[]), "later false"),
        (
            "CLI maintenance",
            Say::Whole(503, vec![("Retry-After".into(), "300".into())], b"<html>".to_vec()),
            "later true",
        ),
        ("too large", page(413, "<html>413</html>"), "refused TooLarge"),
        ("gateway gave up", page(504, "<html>504</html>"), "unknown"),
        ("a network's page", page(200, "<html>Sign in</html>"), "unreachable"),
        ("a network's redirect", with(302, &[("Location", "http://portal.example/")]), "unreachable"),
        ("nonsense", Say::Whole(200, vec![], b"PHP Fatal error".to_vec()), "unknown"),
        ("lost reply", Say::Nothing, "unknown"),
        ("cut reply", Say::Cut(200, vec![], b"{\"status\": true}".to_vec(), 5), "unknown"),
    ];
    for (what, say, expected) in table {
        let site = Server::start(move |_| say.clone()).await;
        let outcome =
            sent(&site.address, "page", Deed::Completion { done: true }, &mut StepLog::default()).await;
        assert_eq!(word(&outcome), expected, "{what}");
    }
    let nobody =
        sent("http://127.0.0.1:1", "page", Deed::Completion { done: true }, &mut StepLog::default()).await;
    assert_eq!(nobody, Outcome::Unreachable);
}

#[tokio::test]
async fn a_refusal_carries_the_sites_words_as_plain_text() {
    let site = Server::start(|_| {
        answer(&json!({"exception": "x", "errorcode": "cannotmanualctrack", "message": "<b>Not</b> here<script>x</script>"}))
    })
    .await;
    let Outcome::Refused(refusal) =
        sent(&site.address, "page", Deed::Completion { done: true }, &mut StepLog::default()).await
    else {
        panic!()
    };
    assert_eq!(refusal.said, "Not here");
}

fn post() -> Deed {
    Deed::Post { parent: None, subject: "S".into(), text: "T".into() }
}

/// A forum that keeps what is posted, and loses the first `lose` replies.
fn forum(lose: usize) -> impl Fn(&Asked) -> Say + Send + Sync + 'static {
    let kept: Arc<std::sync::Mutex<Vec<String>>> = Arc::default();
    let lost = AtomicUsize::new(0);
    move |asked| match asked.function().as_str() {
        "mod_forum_add_discussion" => {
            kept.lock().unwrap().push(asked.field("message").unwrap());
            if lost.fetch_add(1, Ordering::SeqCst) < lose {
                return Say::Nothing;
            }
            answer(&json!({"discussionid": 3, "warnings": []}))
        }
        _ => {
            let all: Vec<Value> = kept.lock().unwrap().iter().enumerate().map(|(i, m)| {
                json!({"id": 10 + i, "discussion": 3, "message": m, "subject": "S", "created": 5, "numreplies": 0})
            }).collect();
            answer(&json!({"discussions": all, "warnings": []}))
        }
    }
}

#[tokio::test]
async fn forum_has_no_idempotency_so_a_post_whose_reply_was_lost_is_found_and_not_posted_twice() {
    let site = Server::start(forum(1)).await;
    let mut log = StepLog::default();
    assert_eq!(sent(&site.address, "forum", post(), &mut log).await, Outcome::Unknown);
    assert!(log.risky);
    let Settled::Landed(receipt) = settled(&site.address, "forum", post(), &log).await else { panic!() };
    assert!(receipt.found && receipt.remote == "post:10");
    // Even when told to send again, it looks first.
    let Outcome::Accepted(receipt) = sent(&site.address, "forum", post(), &mut log).await else { panic!() };
    assert!(receipt.found);
    assert_eq!(site.calls("mod_forum_add_discussion"), 1);
    // Control: without the log it would have been posted twice.
    let _ = sent(&site.address, "forum", post(), &mut StepLog::default()).await;
    assert_eq!(site.calls("mod_forum_add_discussion"), 2);
}

#[tokio::test]
async fn a_post_that_never_landed_is_said_to_be_not_there() {
    let site = Server::start(|asked| match asked.function().as_str() {
        "mod_forum_add_discussion" => Say::Nothing,
        _ => answer(&json!({"discussions": [], "warnings": []})),
    })
    .await;
    let mut log = StepLog::default();
    assert_eq!(sent(&site.address, "forum", post(), &mut log).await, Outcome::Unknown);
    assert_eq!(settled(&site.address, "forum", post(), &log).await, Settled::NotLanded);
    assert_eq!(settled("http://127.0.0.1:1", "forum", post(), &log).await, Settled::CannotTell);
}

#[tokio::test]
async fn nothing_risky_is_sent_when_the_log_cannot_be_kept() {
    let site = Server::start(forum(0)).await;
    let full = Notes { fail: true, ..Notes::default() };
    let work = work(&site.address, "forum", post());
    let outcome =
        Moodle::new(net()).send(&session(&site.address), &work, &mut StepLog::default(), &full).await;
    assert_eq!(outcome, Outcome::Later { not_before: None });
    assert_eq!(site.calls("mod_forum_add_discussion"), 0);
}

fn recorded(path: &str) -> Value {
    file(path)["recordings"][0]["response"]["json"].clone()
}

/// A quiz of one true/false and one word, as recorded: usage `q8`, the finish and its review as given.
fn quiz(finish: Value, review: Value) -> impl Fn(&Asked) -> Say + Send + Sync + 'static {
    let page = |slot: i64, kind: &str, field: &str, text: &str| {
        json!({"slot": slot, "type": kind, "sequencecheck": 1, "maxmark": 1, "html": format!(
            "<div><input type='hidden' name='q8:{slot}_:sequencecheck' value='1'><div class='qtext'><div class='clearfix'><p>{text}</p></div></div>{field}</div>")})
    };
    let yes_no = "<input type='radio' name='q8:1_answer' value='1' id='t'><label for='t'>True</label>\
                  <input type='radio' name='q8:1_answer' value='0' id='f'><label for='f'>False</label>";
    let data = json!({"attempt": {"id": 8}, "nextpage": -1, "questions": [
        page(1, "truefalse", yes_no, "Timed question one: 1 &lt; 2"),
        page(2, "shortanswer", "<input type='text' name='q8:2_answer'>", "Type the word <code>offline</code>"),
    ]});
    move |asked| match asked.function().as_str() {
        "mod_quiz_start_attempt" => answer(&json!({"attempt": {"id": 8, "uniqueid": 8}, "warnings": []})),
        "mod_quiz_get_attempt_data" => answer(&data),
        "mod_quiz_process_attempt" if finish.is_null() => Say::Nothing,
        "mod_quiz_process_attempt" => answer(&finish),
        "mod_quiz_get_attempt_review" => answer(&review),
        _ => answer(&json!({"attempts": [], "warnings": []})),
    }
}

fn answers() -> Deed {
    let one = |text: &str, response| Answer {
        question: "x".into(),
        slot: None,
        text: text.into(),
        response,
        labels: Default::default(),
    };
    Deed::QuizFinish {
        attempt: "local".into(),
        remote_attempt: None,
        answers: vec![
            one("Type the word offline", Response::ShortText { text: "offline".into() }),
            one("timed question one: 1 < 2", Response::TrueFalse { value: Some(true) }),
        ],
        anyway: false,
        side: Default::default(),
    }
}

fn kept() -> Value {
    let text = recording("functions/mod_quiz_get_attempt_review.json", "quizC-30s-late").to_string();
    serde_json::from_str(&text.replace("q5:", "q8:").replace("question-5-", "question-8-")).unwrap()
}

fn dropped() -> Value {
    recording("functions/mod_quiz_get_attempt_review.json", "quizT-14min-late-dropped")
}

#[tokio::test]
async fn late_answers_dropped_silently_are_seen_since_only_the_review_is_believed() {
    let finished = json!({"state": "finished", "warnings": []});
    let closed = json!({"exception": "x", "errorcode": "attemptalreadyclosed", "message": "Finished."});
    let abandoned = json!({"state": "abandoned", "warnings": []});
    let mut gone = dropped();
    gone["attempt"]["state"] = json!("abandoned");
    let mut elsewhere = kept();
    let text = elsewhere.to_string().replace("value=\\\"offline\\\"", "value=\\\"other\\\"");
    elsewhere = serde_json::from_str(&text).unwrap();
    for (what, finish, review, expected) in [
        ("in time", finished.clone(), kept(), "accepted None"),
        ("late, dropped without a word", finished.clone(), dropped(), "accepted Some(LateAnswersDropped)"),
        ("replayed, and in", closed.clone(), kept(), "accepted None"),
        ("closed before, and nothing in", closed.clone(), dropped(), "refused Closed"),
        ("finished on another device", closed.clone(), elsewhere, "refused FinishedElsewhere"),
        ("after the grace", abandoned, gone, "refused Closed"),
    ] {
        let site = Server::start(quiz(finish, review)).await;
        let mut log = StepLog::default();
        let outcome = sent(&site.address, "quiz", answers(), &mut log).await;
        assert_eq!(word(&outcome), expected, "{what}");
        let body = site.seen().iter().find(|a| a.function() == "mod_quiz_process_attempt").unwrap().clone();
        let fields: Vec<(String, String)> =
            url::form_urlencoded::parse(body.body.as_bytes()).into_owned().collect();
        for wanted in ["q8:1_:sequencecheck", "q8:1_answer", "q8:2_:sequencecheck", "q8:2_answer"] {
            assert!(fields.iter().any(|(_, v)| v == wanted), "{what}: {wanted} in {fields:?}");
        }
        assert!(fields.contains(&("preflightdata[0][name]".into(), "confirmdatasaved".into())));
        assert!(
            fields.contains(&("finishattempt".into(), "1".into()))
                && fields.contains(&("timeup".into(), "0".into()))
        );
    }
}

#[tokio::test]
async fn a_finish_whose_reply_was_lost_is_settled_by_the_review() {
    let site = Server::start(quiz(Value::Null, kept())).await;
    let mut log = StepLog::default();
    assert_eq!(sent(&site.address, "quiz", answers(), &mut log).await, Outcome::Unknown);
    let again: StepLog = serde_json::from_value(serde_json::to_value(&log).unwrap()).unwrap();
    let Settled::Landed(receipt) = settled(&site.address, "quiz", answers(), &again).await else { panic!() };
    assert!(receipt.found && receipt.caveat.is_none());
    assert_eq!(site.calls("mod_quiz_process_attempt"), 1);
    let site = Server::start(quiz(Value::Null, dropped())).await;
    let Settled::Landed(receipt) = settled(&site.address, "quiz", answers(), &again).await else { panic!() };
    assert_eq!(receipt.caveat, Some(Caveat::LateAnswersDropped));
}

#[tokio::test]
async fn an_attempt_that_moved_is_read_again_and_sent_once_more() {
    let tries = AtomicUsize::new(0);
    let good = quiz(json!({"state": "finished", "warnings": []}), kept());
    let site = Server::start(move |asked| {
        if asked.function() == "mod_quiz_process_attempt" && tries.fetch_add(1, Ordering::SeqCst) == 0 {
            return exception("submissionoutofsequencefriendlymessage");
        }
        good(asked)
    })
    .await;
    let outcome = sent(&site.address, "quiz", answers(), &mut StepLog::default()).await;
    assert_eq!(word(&outcome), "accepted None");
    assert_eq!((site.calls("mod_quiz_process_attempt"), site.calls("mod_quiz_get_attempt_data")), (2, 2));
}

#[tokio::test]
async fn a_question_that_is_gone_is_for_the_learner_to_decide_and_sent_only_on_their_word() {
    let Deed::QuizFinish { attempt, remote_attempt, mut answers, .. } = answers() else { panic!() };
    answers[0].text = "A question that was taken out".into();
    let deed = |anyway| Deed::QuizFinish {
        attempt: attempt.clone(),
        remote_attempt: remote_attempt.clone(),
        answers: answers.clone(),
        anyway,
        side: Default::default(),
    };
    let site = Server::start(quiz(json!({"state": "finished", "warnings": []}), kept())).await;
    let outcome = sent(&site.address, "quiz", deed(false), &mut StepLog::default()).await;
    assert_eq!(word(&outcome), "refused QuestionsChanged");
    assert_eq!(site.calls("mod_quiz_process_attempt"), 0, "nothing was finished");
    let outcome = sent(&site.address, "quiz", deed(true), &mut StepLog::default()).await;
    assert_eq!(word(&outcome), "accepted Some(QuestionsChanged)");
}

#[tokio::test]
async fn answers_saved_by_another_device_are_not_overwritten() {
    let good = quiz(json!({"state": "finished", "warnings": []}), kept());
    let site = Server::start(move |asked| {
        if asked.function() == "mod_quiz_get_attempt_data" {
            let html = "<div><input type='hidden' name='q8:2_:sequencecheck' value='2'><div class='qtext'><p>Type the word <code>offline</code></p></div><input type='text' name='q8:2_answer' value='online'></div>";
            let slot = json!({"slot": 2, "type": "shortanswer", "sequencecheck": 2, "maxmark": 1, "html": html});
            return answer(&json!({"attempt": {"id": 8}, "nextpage": -1, "questions": [slot]}));
        }
        good(asked)
    })
    .await;
    let Deed::QuizFinish { attempt, remote_attempt, mut answers, .. } = answers() else { panic!() };
    answers.truncate(1);
    let deed = |anyway| Deed::QuizFinish {
        attempt: attempt.clone(),
        remote_attempt: remote_attempt.clone(),
        answers: answers.clone(),
        anyway,
        side: Default::default(),
    };
    let outcome = sent(&site.address, "quiz", deed(false), &mut StepLog::default()).await;
    assert_eq!(word(&outcome), "refused Conflict");
    assert_eq!(site.calls("mod_quiz_process_attempt"), 0, "nothing was finished");
    sent(&site.address, "quiz", deed(true), &mut StepLog::default()).await;
    assert_eq!(site.calls("mod_quiz_process_attempt"), 1, "the learner compared and decided");
}

fn paper(text: &str, base: Option<&str>) -> Deed {
    Deed::Submission { text: text.into(), files: Vec::new(), base: base.map(str::to_owned), agreed: false }
}

/// An assignment whose status is as recorded; saving changes it to `after`.
fn assignment(before: Value, save: Value, after: Value) -> impl Fn(&Asked) -> Say + Send + Sync + 'static {
    assignment_with(before, save, after, &[])
}

/// The same, with other settings of the assignment.
fn assignment_with(
    before: Value,
    save: Value,
    after: Value,
    settings: &[(&str, Value)],
) -> impl Fn(&Asked) -> Say + Send + Sync + 'static {
    let saved = AtomicUsize::new(0);
    let mut terms = recording("functions/mod_assign_get_assignments.json", "ok");
    for one in terms["courses"][0]["assignments"].as_array_mut().unwrap() {
        if one["id"] == 1 {
            one["submissiondrafts"] = json!(0);
            for (name, value) in settings {
                one[*name] = value.clone();
            }
        }
    }
    move |asked| match asked.function().as_str() {
        "mod_assign_get_submission_status" if saved.load(Ordering::SeqCst) == 0 => answer(&before),
        "mod_assign_get_submission_status" => answer(&after),
        "mod_assign_get_assignments" => answer(&terms),
        "core_files_get_unused_draft_itemid" => answer(&json!({"itemid": 77})),
        "mod_assign_save_submission" => {
            saved.fetch_add(1, Ordering::SeqCst);
            if save.is_null() { Say::Nothing } else { answer(&save) }
        }
        other => panic!("not expected: {other}"),
    }
}

fn nothing_yet() -> Value {
    recorded("sequences/assignD-draft-submit-grade/01-mod_assign_get_submission_status.json")
}

fn holding(text: &str, modified: i64, can_edit: bool) -> Value {
    let mut value = recorded("sequences/assignD-draft-submit-grade/13-mod_assign_get_submission_status.json");
    let submission = &mut value["lastattempt"]["submission"];
    submission["timemodified"] = json!(modified);
    submission["plugins"][0]["editorfields"][0]["text"] = json!(text);
    submission["plugins"][1]["fileareas"][0]["files"] = json!([]);
    value["lastattempt"]["canedit"] = json!(can_edit);
    value
}

#[tokio::test]
async fn assign_last_write_wins_so_newer_work_at_the_site_is_a_conflict_and_is_not_overwritten() {
    let newer = holding("<p>from the other laptop</p>", 200, true);
    for (base, expected, saves) in [
        (Some("100"), "refused Conflict", 0),
        (None, "refused Conflict", 0),
        (Some("200"), "accepted None", 1),
    ] {
        let site =
            Server::start(assignment(newer.clone(), json!([]), holding("<p>mine</p>", 300, true))).await;
        let outcome = sent(&site.address, "assign", paper("mine", base), &mut StepLog::default()).await;
        assert_eq!(
            (word(&outcome).as_str(), site.calls("mod_assign_save_submission")),
            (expected, saves),
            "{base:?}"
        );
    }
}

#[tokio::test]
async fn a_submission_is_accepted_when_the_site_shows_it() {
    let site = Server::start(assignment(nothing_yet(), json!([]), holding("<p>mine</p>", 300, false))).await;
    let Outcome::Accepted(receipt) =
        sent(&site.address, "assign", paper("mine", None), &mut StepLog::default()).await
    else {
        panic!()
    };
    assert_eq!((receipt.at.0, receipt.found), (300_000, false));
    let body = site.seen().iter().find(|a| a.function() == "mod_assign_save_submission").unwrap().clone();
    assert_eq!(body.field("plugindata[onlinetext_editor][text]").as_deref(), Some("<p>mine</p>"));
    assert_eq!(body.field("plugindata[files_filemanager]").as_deref(), Some("77"));
    // A list of warnings is a refusal, though the status is 200.
    let no = json!([{"item": "The due date for this assignment has now passed", "warningcode": "couldnotsavesubmission", "message": "x"}]);
    let site = Server::start(assignment(nothing_yet(), no, nothing_yet())).await;
    let outcome = sent(&site.address, "assign", paper("mine", None), &mut StepLog::default()).await;
    assert!(matches!(&outcome, Outcome::Refused(r) if r.said.contains("due date")), "{outcome:?}");
}

#[tokio::test]
async fn assign_refusal_is_a_warning_list_whose_words_are_wrong_so_status_and_dates_say_why() {
    // One and the same recorded list of warnings, said of four different things.
    let path = "functions/mod_assign_save_submission.json";
    let lists = [
        recorded("sequences/assignD-draft-submit-grade/15-mod_assign_save_submission.json"),
        recording(path, "assignD-locked"),
        recording(path, "assignF-not-open-yet"),
        recording(path, "assignX-after-cutoff"),
    ];
    let shut = |change: &dyn Fn(&mut Value)| {
        let mut now = nothing_yet();
        now["lastattempt"]["canedit"] = json!(false);
        change(&mut now);
        now
    };
    let later = json!(4_000_000_000_i64);
    type State = (Value, Vec<(&'static str, Value)>, &'static str);
    let states: [State; 4] = [
        (holding("<p>first</p>", 100, false), vec![], "AlreadySubmitted"),
        (shut(&|now| now["lastattempt"]["locked"] = json!(true)), vec![], "NotAllowed"),
        (shut(&|_| ()), vec![("allowsubmissionsfromdate", later)], "NotOpenYet"),
        (shut(&|_| ()), vec![("cutoffdate", json!(1_000_000_000))], "Closed"),
    ];
    for (list, (after, settings, expected)) in lists.into_iter().zip(states) {
        assert!(list[0]["item"].as_str().unwrap().contains("due date"), "the words are the same");
        // What stands there changed between the look and the save.
        let site = Server::start(assignment_with(nothing_yet(), list, after, &settings)).await;
        let outcome = sent(&site.address, "assign", paper("mine", None), &mut StepLog::default()).await;
        assert_eq!(word(&outcome), format!("refused {expected}"));
        assert_eq!(site.calls("mod_assign_save_submission"), 1);
    }
}

#[tokio::test]
async fn assign_both_parts_are_sent_and_neither_removes_what_is_there_already() {
    let file = |name: &str| WorkFile {
        name: name.into(),
        digest: daypack_course::Digest::of(b"x"),
        size: 1,
        media_type: "text/plain".into(),
    };
    let with_file = |text: &str| {
        let mut value = holding(text, 100, true);
        value["lastattempt"]["submission"]["plugins"][1]["fileareas"][0]["files"] =
            json!([{"filename": "old.txt", "filepath": "/", "filesize": 1}]);
        value
    };
    let deed = |text: &str, files: Vec<WorkFile>| Deed::Submission {
        text: text.into(),
        files,
        base: Some("100".into()),
        agreed: false,
    };
    let body = |site: &Server| {
        let all = site.seen();
        all.iter().find(|a| a.function() == "mod_assign_save_submission").expect("saved").clone()
    };
    // Only the text is new: the files stay, since an empty area would remove them.
    let site =
        Server::start(assignment(with_file("<p>first</p>"), json!([]), with_file("<p>mine</p>"))).await;
    let outcome = sent(&site.address, "assign", deed("mine", vec![]), &mut StepLog::default()).await;
    assert_eq!(word(&outcome), "accepted Some(EarlierKept)");
    let said = body(&site);
    assert_eq!(said.field("plugindata[files_filemanager]"), None);
    assert_eq!(said.field("plugindata[onlinetext_editor][text]").as_deref(), Some("<p>mine</p>"));
    // Where there are none, both parts are sent.
    let site = Server::start(assignment(nothing_yet(), json!([]), holding("<p>mine</p>", 300, true))).await;
    sent(&site.address, "assign", paper("mine", None), &mut StepLog::default()).await;
    assert_eq!(body(&site).field("plugindata[files_filemanager]").as_deref(), Some("77"));
    // Only a file is new: the text is sent as it is there, since it cannot be left out and an empty one would remove it.
    let now = with_file("<p>first <b>text</b></p>");
    let mut after = now.clone();
    after["lastattempt"]["submission"]["plugins"][1]["fileareas"][0]["files"] =
        json!([{"filename": "new.txt", "filepath": "/", "filesize": 1}]);
    let serve = assignment(now, json!([]), after);
    let site = Server::start(move |asked: &Asked| match asked.path() {
        path if path.contains("upload.php") => {
            answer(&json!([{"itemid": 77, "filename": "new.txt", "filepath": "/", "filesize": 1}]))
        }
        _ => serve(asked),
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new.txt");
    std::fs::write(&path, b"x").unwrap();
    let notes = Notes { file: Some(path), ..Notes::default() };
    let given = work(&site.address, "assign", deed("", vec![file("new.txt")]));
    let outcome =
        Moodle::new(net()).send(&session(&site.address), &given, &mut StepLog::default(), &notes).await;
    assert_eq!(word(&outcome), "accepted Some(EarlierKept)");
    let said = body(&site);
    assert_eq!(
        said.field("plugindata[onlinetext_editor][text]").as_deref(),
        Some("<p>first <b>text</b></p>")
    );
    assert_eq!(said.field("plugindata[files_filemanager]").as_deref(), Some("77"));
}

#[tokio::test]
async fn submit_replay_answers_with_a_warning_and_the_status_says_that_it_is_done() {
    let repeated = recorded("sequences/assignD-draft-submit-grade/14-mod_assign_submit_for_grading.json");
    assert_eq!(repeated[0]["warningcode"], "couldnotsubmitforgrading");
    for (after, expected) in [("submitted", "accepted None"), ("draft", "refused Other")] {
        let mut draft = holding("<p>mine</p>", 300, true);
        draft["lastattempt"]["submission"]["status"] = json!("draft");
        let mut done = draft.clone();
        done["lastattempt"]["submission"]["status"] = json!(after);
        let serve = assignment_with(draft, json!([]), Value::Null, &[("submissiondrafts", json!(1))]);
        let asked_to_submit = AtomicUsize::new(0);
        let (repeated, said) = (repeated.clone(), done);
        let site = Server::start(move |asked: &Asked| match asked.function().as_str() {
            "mod_assign_submit_for_grading" => {
                asked_to_submit.fetch_add(1, Ordering::SeqCst);
                answer(&repeated)
            }
            "mod_assign_get_submission_status" if asked_to_submit.load(Ordering::SeqCst) > 0 => answer(&said),
            _ => serve(asked),
        })
        .await;
        // The reply to the first try was lost: the log knows that it was risky.
        let mut log = StepLog { risky: true, ..StepLog::default() };
        let outcome = sent(&site.address, "assign", paper("mine", Some("300")), &mut log).await;
        assert_eq!(word(&outcome), expected);
        assert_eq!(site.calls("mod_assign_save_submission"), 0, "what is there is not saved again");
    }
}

#[tokio::test]
async fn a_save_whose_reply_was_lost_is_found_by_its_content() {
    let site =
        Server::start(assignment(nothing_yet(), Value::Null, holding("<p>mine</p>", 300, false))).await;
    let mut log = StepLog::default();
    assert_eq!(sent(&site.address, "assign", paper("mine", None), &mut log).await, Outcome::Unknown);
    assert!(
        matches!(settled(&site.address, "assign", paper("mine", None), &log).await, Settled::Landed(r) if r.found)
    );
    // Control: another text is not ours.
    assert_eq!(settled(&site.address, "assign", paper("other", None), &log).await, Settled::NotLanded);
    let again = sent(&site.address, "assign", paper("mine", None), &mut log).await;
    assert!(matches!(again, Outcome::Accepted(r) if r.found));
    assert_eq!(site.calls("mod_assign_save_submission"), 1);
}

#[tokio::test]
async fn what_cannot_be_changed_any_more_says_why() {
    let mut locked = nothing_yet();
    locked["lastattempt"]["canedit"] = json!(false);
    let mut by_teacher = locked.clone();
    by_teacher["lastattempt"]["locked"] = json!(true);
    let submitted = holding("<p>first</p>", 100, false);
    for (before, base, expected) in [
        (submitted, Some("100"), RefusalReason::AlreadySubmitted),
        (by_teacher, None, RefusalReason::NotAllowed),
        (locked, None, RefusalReason::NotAllowed),
    ] {
        let site = Server::start(assignment(before, json!([]), json!({}))).await;
        let outcome = sent(&site.address, "assign", paper("mine", base), &mut StepLog::default()).await;
        assert!(matches!(&outcome, Outcome::Refused(r) if r.why == expected), "{outcome:?}");
        assert_eq!(site.calls("mod_assign_save_submission"), 0);
    }
}

#[tokio::test]
async fn nobody_agrees_to_a_statement_in_the_learners_name() {
    let settings =
        [("requiresubmissionstatement", json!(1)), ("submissionstatement", json!("<p>My own work.</p>"))];
    let agreed = |agreed| Deed::Submission { text: "mine".into(), files: Vec::new(), base: None, agreed };
    for (agrees, expected, saves) in [(false, "refused StatementDue", 0), (true, "accepted None", 1)] {
        let after = holding("<p>mine</p>", 300, false);
        let site = Server::start(assignment_with(nothing_yet(), json!([]), after, &settings)).await;
        let outcome = sent(&site.address, "assign", agreed(agrees), &mut StepLog::default()).await;
        let found = (word(&outcome), site.calls("mod_assign_save_submission"));
        assert_eq!(found, (expected.to_owned(), saves));
    }
}

#[tokio::test]
async fn a_draft_at_the_site_is_submitted_with_the_learners_own_word() {
    // The draft stands there already, of an earlier try: nothing is saved again, and the step that counts still asks.
    let mut draft = holding("<p>mine</p>", 300, true);
    draft["lastattempt"]["submission"]["status"] = json!("draft");
    let settings = [("submissiondrafts", json!(1)), ("requiresubmissionstatement", json!(1))];
    let site = Server::start(assignment_with(draft.clone(), json!([]), draft, &settings)).await;
    let outcome = sent(&site.address, "assign", paper("mine", Some("300")), &mut StepLog::default()).await;
    assert_eq!(word(&outcome), "refused StatementDue");
    assert_eq!(site.calls("mod_assign_submit_for_grading"), 0);
}

#[tokio::test]
async fn a_text_over_the_limit_is_not_sent() {
    let mut limited = recording("functions/mod_assign_get_assignments.json", "ok");
    for one in limited["courses"][0]["assignments"].as_array_mut().unwrap() {
        for config in one["configs"].as_array_mut().unwrap() {
            match config["name"].as_str().unwrap() {
                "wordlimit" => config["value"] = json!("2"),
                "wordlimitenabled" => config["value"] = json!("1"),
                _ => {}
            }
        }
    }
    let configs = limited["courses"][0]["assignments"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["id"] == 1)
        .unwrap()["configs"]
        .clone();
    for (text, expected) in [("one two three", "refused TooLarge"), ("one two", "accepted None")] {
        let after = holding(&format!("<p>{text}</p>"), 300, false);
        let settings = [("configs", configs.clone())];
        let site = Server::start(assignment_with(nothing_yet(), json!([]), after, &settings)).await;
        let outcome = sent(&site.address, "assign", paper(text, None), &mut StepLog::default()).await;
        assert_eq!(word(&outcome), expected);
        assert_eq!(site.calls("mod_assign_save_submission"), usize::from(expected.starts_with("accepted")));
    }
}

#[test]
fn rules_are_read_from_what_a_site_answers() {
    use daypack_course::rules::{HandInRules, TalkShape};
    use daypack_lms::moodle::{assign, forum};
    let all = recording("functions/mod_assign_get_assignments.json", "ok");
    let all = all["courses"][0]["assignments"].as_array().unwrap();
    let of = |id: i64| assign::read_terms(all.iter().find(|one| one["id"] == id).unwrap());
    assert!(of(4).statement);
    assert!(of(4).rules.statement.unwrap().starts_with("This submission is my own work"));
    assert_eq!(of(3).rules, HandInRules { max_attempts: Some(1), ..HandInRules::default() });
    let mut other = all.iter().find(|one| one["id"] == 3).unwrap().clone();
    for config in other["configs"].as_array_mut().unwrap() {
        if config["name"] == "filetypeslist" {
            config["value"] = json!(".PDF, image/png;document");
        }
    }
    for (name, value) in [
        ("teamsubmission", 1),
        ("timelimit", 3600),
        ("maxattempts", -1),
        ("allowsubmissionsfromdate", 1_794_000_000),
    ] {
        other[name] = json!(value);
    }
    let rules = assign::read_terms(&other).rules;
    assert_eq!(rules.file_types, [".pdf", "image/png", "document"]);
    assert_eq!((rules.team, rules.time_limit_s, rules.max_attempts), (true, Some(3600), None));
    assert_eq!(rules.opens.map(|t| t.0), Some(1_794_000_000_000));

    let forums = recording("functions/mod_forum_get_forums_by_courses.json", "ok");
    let rules =
        |id: i64| forum::read_rules(forums.as_array().unwrap().iter().find(|f| f["id"] == id).unwrap());
    assert_eq!((rules(1).shape, rules(1).may_start), (TalkShape::News, Some(false)));
    assert_eq!((rules(2).shape, rules(2).may_start), (TalkShape::General, Some(true)));
    assert_eq!(rules(4).shape, TalkShape::QuestionAndAnswer);
    assert!(rules(5).cut_off.is_some() && rules(2).cut_off.is_none());
    assert_eq!((rules(2).most, rules(2).period_s), (None, None));
}
