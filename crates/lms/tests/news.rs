//! What is new at a site, in one request; and what no answer may be taken for.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use daypack_course::TimeMs;
use daypack_course::work::{Deed, Outcome, RefusalReason, Resend};
use daypack_lms::connector::{Changed, Told};
use daypack_lms::moodle::rest::{self, CallError};
use daypack_lms::moodle::{judge, news};
use daypack_lms::net::Answer;
use daypack_lms::{Connector as _, Moodle, ReadError};
use serde_json::{Value, json};
use support::server::{Asked, Say, Server, json as answer};
use support::{net, recording, session};

/// One entry of a batch's answers.
fn good(value: &Value) -> Value {
    json!({"error": false, "data": value.to_string()})
}

fn bad(code: &str) -> Value {
    json!({"error": true, "exception": json!({"message": "No", "errorcode": code, "link": "x"}).to_string()})
}

/// The functions and arguments of a batch.
fn asked(asked: &Asked) -> Vec<(String, Value)> {
    let field = |at: usize, key: &str| asked.field(&format!("requests[{at}][{key}]"));
    (0..)
        .map_while(|at| {
            Some((field(at, "function")?, serde_json::from_str(&field(at, "arguments")?).unwrap()))
        })
        .collect()
}

/// A site with courses 2 to 6 that goes through a batch as Moodle does; course 3 is refused with `code`.
fn site(code: &'static str, offers: Value) -> impl Fn(&Asked) -> Say + Send + Sync + 'static {
    move |all| {
        let mut responses = Vec::new();
        for (function, given) in asked(all) {
            let one = match (function.as_str(), given["courseid"].as_i64()) {
                ("core_enrol_get_users_courses", _) => good(&offers),
                (_, Some(3)) => bad(code),
                (_, Some(course)) => {
                    let updates = json!([{"name": "grades", "itemids": [1]}]);
                    good(
                        &json!({"instances": [{"contextlevel": "module", "id": course * 10, "updates": updates}], "warnings": []}),
                    )
                }
                _ => panic!("{function} is not asked here"),
            };
            let stops = one["error"] == true;
            responses.push(one);
            if stops {
                break;
            }
        }
        answer(&json!({"responses": responses}))
    }
}

fn since(courses: &[i64]) -> Vec<(String, TimeMs)> {
    courses.iter().map(|course| (course.to_string(), TimeMs(1_000_999))).collect()
}

#[tokio::test]
async fn batch_stops_at_first_error_and_what_follows_is_asked_again_without_it() {
    let offers = recording("functions/core_enrol_get_users_courses.json", "ok-self");
    let server = Server::start(site("errorcoursecontextnotvalid", offers)).await;
    let moodle = Moodle::new(net());
    let (session, since) = (session(&server.address), since(&[2, 3, 4, 5, 6]));
    let found = moodle.news(&session, &since).await.unwrap();
    assert_eq!(found.courses["3"], Told::Refused);
    for course in [2, 4, 5, 6] {
        let Told::Changed(all) = &found.courses[&course.to_string()] else { panic!("{course}") };
        assert!(all[&(course * 10).to_string()].work);
    }
    assert!(found.offers.is_some_and(|offers| !offers.is_empty()));
    assert_eq!(server.calls("tool_mobile_call_external_functions"), 2, "once more after the one that failed");
    let first = asked(&server.seen()[0]);
    assert_eq!(first[1].1, json!({"courseid": 2, "since": 1000}), "whole seconds, as numbers");
    // Control: where nothing fails one request is enough.
    let quiet = moodle.news(&session, &since[..1]).await.unwrap();
    assert_eq!((quiet.courses.len(), server.calls("tool_mobile_call_external_functions")), (1, 3));
}

#[tokio::test]
async fn a_sign_in_that_ended_is_said_and_an_answer_without_answers_is_not_asked_for_ever() {
    let server = Server::start(site("invalidtoken", json!([]))).await;
    let found = Moodle::new(net()).news(&session(&server.address), &since(&[3])).await;
    assert_eq!(found, Err(ReadError::SignIn));
    let server = Server::start(|_| answer(&json!({"responses": []}))).await;
    let found = Moodle::new(net()).news(&session(&server.address), &since(&[2])).await;
    assert!(matches!(found, Err(ReadError::Unexpected(_))), "{found:?}");
}

#[tokio::test]
async fn empty_course_list_is_not_removal_in_a_batch_either() {
    for id in ["must-change-password", "site-policy-not-agreed", "course-hidden"] {
        let offers = recording("functions/core_enrol_get_users_courses.json", id);
        let server = Server::start(site("x", offers)).await;
        let found = Moodle::new(net()).news(&session(&server.address), &since(&[2])).await.unwrap();
        assert_eq!(found.offers, None, "{id}");
    }
}

fn changed(path: &str, id: &str) -> std::collections::BTreeMap<String, Changed> {
    match news::read(&recording(path, id)) {
        Told::Changed(all) => all,
        Told::Refused => panic!("{id}"),
    }
}

#[test]
fn grading_shows_in_updates_and_names_the_activity_to_ask() {
    let essay = "sequences/quizE-delayed-feedback/07-core_course_get_updates_since.json";
    assert!(changed(essay, "after-essay-graded")["16"].work);
    let paper = "sequences/assignD-draft-submit-grade/18-core_course_get_updates_since.json";
    assert!(changed(paper, "after-assignment-graded")["23"].work);
}

#[test]
fn updates_miss_deletions_as_recorded_so_the_outline_is_compared() {
    let edits = changed("sequences/updates/03-core_course_get_updates_since.json", "after-teacher-edits");
    assert!(!edits.contains_key("43"), "the deleted module is not named");
    assert!(edits["5"].content && edits["8"].content && edits["8"].settings);
    let gone = "sequences/updates/06-core_course_get_updates_since.json";
    assert!(changed(gone, "pure-file-deletion-is-invisible").is_empty());
    let listing = recording("sequences/updates/05-core_course_get_contents.json", "after-teacher-edits");
    let modules = listing.as_array().unwrap().iter().flat_map(|s| s["modules"].as_array().unwrap());
    assert!(modules.into_iter().all(|m| m["id"] != 43), "and the listing tells");
}

fn whole(status: u16, body: &str) -> Answer {
    Answer {
        status,
        headers: Default::default(),
        body: body.as_bytes().to_vec(),
        url: "https://moodle.example/webservice/rest/server.php".parse().unwrap(),
        at: TimeMs(7),
    }
}

/// Every recorded answer with status 200 that says no is a no; every one that does not is the answer.
#[test]
fn http_200_errors_are_told_from_answers_by_their_body() {
    let (mut noes, mut answers) = (0, 0);
    for one in support::all_answers() {
        let says_no = one.as_object().is_some_and(|o| {
            (o.contains_key("exception") && o.contains_key("message"))
                || (o.contains_key("errorcode") && o.get("error").is_some_and(Value::is_string))
        });
        let judged = rest::judge(&whole(200, &one.to_string()));
        if says_no {
            assert!(matches!(judged, Err(CallError::Refused { .. })), "{one}");
            noes += 1;
        } else {
            assert_eq!(judged.unwrap().value, one);
            answers += 1;
        }
    }
    assert!(noes > 50 && answers > 200, "{noes} and {answers}");
}

#[test]
fn root_shapes_of_any_kind_are_answers() {
    for root in ["{}", "[]", "null", "true", "12", "\"text\"", "{\"a\":1}"] {
        let value: Value = serde_json::from_str(root).unwrap();
        assert_eq!(rest::judge(&whole(200, root)).unwrap().value, value, "{root}");
    }
    assert_eq!(rest::judge(&whole(200, "{\"a\":")).unwrap_err(), CallError::Shape, "control");
}

#[test]
fn errorcode_may_be_text_or_missing_and_then_the_work_waits() {
    for (path, id) in [
        ("functions/mod_quiz_get_attempt_data.json", "missing-preflight"),
        ("functions/mod_forum_get_discussion_posts.json", "no-such-discussion"),
    ] {
        let body = recording(path, id);
        let error = rest::judge(&whole(200, &body.to_string())).unwrap_err();
        assert!(matches!(error, CallError::Refused { .. }), "{id}");
        let outcome = judge::outcome(&error);
        assert!(matches!(outcome, Outcome::Later { .. } | Outcome::Refused(_)), "{id}: {outcome:?}");
    }
    let nameless = json!({"exception": "Error", "message": "Call to a member function"});
    let error = rest::judge(&whole(200, &nameless.to_string())).unwrap_err();
    assert_eq!(judge::outcome(&error), Outcome::Later { not_before: None });
}

#[test]
fn deleted_meanwhile_is_refused_as_gone_and_hidden_is_not() {
    let outcome = |path: &str, id: &str| {
        let body = recording(path, id);
        judge::outcome(&rest::judge(&whole(200, &body.to_string())).unwrap_err())
    };
    for (path, id) in [
        (
            "sequences/changed-while-offline-quiz-deleted/02-mod_quiz_process_attempt.json",
            "quiz-deleted-meanwhile",
        ),
        (
            "sequences/changed-while-offline-quiz-deleted/04-core_course_get_course_module.json",
            "module-deleted-meanwhile",
        ),
        (
            "sequences/changed-while-offline-assignment-hidden/04-mod_assign_save_submission.json",
            "assignment-deleted-meanwhile",
        ),
    ] {
        let Outcome::Refused(refusal) = outcome(path, id) else { panic!("{id}") };
        assert_eq!(refusal.why, RefusalReason::Gone, "{id}");
    }
    let hidden = "sequences/changed-while-offline-assignment-hidden/02-mod_assign_save_submission.json";
    assert!(matches!(outcome(hidden, "assignment-hidden-meanwhile"), Outcome::Later { .. }));
}

#[tokio::test]
async fn completion_is_idempotent_so_it_is_sent_again_without_asking() {
    let moodle = Moodle::new(net());
    assert_eq!(moodle.resend(&Deed::Completion { done: true }), Resend::Repeatable);
    let path =
        "sequences/completion-manual/02-core_completion_update_activity_completion_status_manually.json";
    let repeated = recording(path, "on-repeated");
    let server = Server::start(move |_| answer(&repeated)).await;
    let work = support::work(&server.address, "page", Deed::Completion { done: true });
    let notes = support::Notes::default();
    let sent = moodle.send(&session(&server.address), &work, &mut Default::default(), &notes).await;
    assert!(matches!(sent, Outcome::Accepted(_)), "{sent:?}");
}

#[tokio::test]
async fn a_file_that_is_still_the_same_is_told_by_its_sha1() {
    const SHA1: &str = "0123456789abcdef0123456789abcdef01234567";
    let server = Server::start(|asked| {
        match asked.head.to_lowercase().contains(&format!("if-none-match: \"{SHA1}\"")) {
            true => Say::Whole(304, Vec::new(), Vec::new()),
            false => support::server::file(Some("other"), 200, &[], b"another"),
        }
    })
    .await;
    let moodle = Moodle::new(net());
    let url = format!("{}/webservice/pluginfile.php/1/mod_resource/content/0/a.pdf", server.address);
    let session = session(&server.address);
    assert!(moodle.is_same_file(&session, &url, SHA1).await.unwrap());
    assert!(!moodle.is_same_file(&session, &url, &SHA1.replace('0', "f")).await.unwrap());
    // A refusal with status 200 is no proof that it is the same.
    let refusing = Server::start(|_| answer(&json!({"error": "No", "errorcode": "requireloginerror"}))).await;
    let url = url.replace(&server.address, &refusing.address);
    assert!(!moodle.is_same_file(&support::session(&refusing.address), &url, SHA1).await.unwrap());
}
