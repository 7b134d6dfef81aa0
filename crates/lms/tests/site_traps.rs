//! What a real Moodle does that one would not expect, of signing in, courses and files: each test carries the name of
//! the finding it is about.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::path::PathBuf;

use daypack_course::Digest;
use daypack_course::work::{Outcome, RefusalReason, WorkFile};
use daypack_lms::connector::Launch;
use daypack_lms::moodle::files::{draft, fetch};
use daypack_lms::moodle::rest::Rest;
use daypack_lms::moodle::{judge, launch, rest};
use daypack_lms::{Connector as _, FetchError, Moodle, ReadError, Secret, SignInError};
use serde_json::{Value, json};
use support::server::{Asked, Say, Server, json as answer};
use support::{CANARY, Notes, all_of, file, net, recording, session};

const INFO: &str = "core_webservice_get_site_info";
const COURSES: &str = "core_enrol_get_users_courses";
const CONTENTS: &str = "core_course_get_contents";

/// A site at which each function answers as recorded.
async fn site(answers: [(&'static str, Value); 3]) -> Server {
    Server::start(move |asked: &Asked| {
        let function = asked.function();
        let found = answers.iter().find(|(name, _)| *name == function);
        found.map_or(Say::Nothing, |(_, value)| answer(value))
    })
    .await
}

fn recorded(function: &str, id: &str) -> Value {
    recording(&format!("functions/{function}.json"), id)
}

#[tokio::test]
async fn empty_course_list_is_not_removal() {
    for (id, expected) in [
        ("must-change-password", SignInError::MustChangePassword),
        ("site-policy-not-agreed", SignInError::Policy),
    ] {
        let names = [INFO, COURSES, CONTENTS];
        let server = site(names.map(|name| (name, recorded(name, id)))).await;
        let me = session(&server.address);
        let moodle = Moodle::new(net());
        assert_eq!(moodle.courses(&me).await, Err(ReadError::SignIn), "{id}");
        assert_eq!(moodle.who(&me.site, &me.token).await, Err(expected), "{id}");
        // The course itself says so, too: nothing that is here is to be taken for removed.
        assert!(
            matches!(moodle.outline(&me, "2").await, Err(ReadError::SignIn | ReadError::Refused(_))),
            "{id}"
        );
    }
    // Control: nothing is due, the course is hidden. The list is empty and is one.
    // (A site without any policy says that it is not agreed to.)
    let mut info = recorded(INFO, "ok");
    info["policyagreed"] = json!(0);
    let open = [(INFO, info), (COURSES, recorded(COURSES, "course-hidden")), (CONTENTS, json!([]))];
    let server = site(open).await;
    assert_eq!(Moodle::new(net()).courses(&session(&server.address)).await, Ok(vec![]));
}

#[tokio::test]
async fn token_expiry_two_faces() {
    for id in ["token-expired", "token-deleted-after-expiry"] {
        let says = recording("errors/core_webservice_get_site_info.json", id);
        let server = Server::start(move |_| answer(&says)).await;
        let me = session(&server.address);
        assert_eq!(Moodle::new(net()).courses(&me).await, Err(ReadError::SignIn), "{id}");
    }
    // Control: a course that is closed is no reason to sign in.
    let says = recorded(CONTENTS, "not-enrolled");
    let server = Server::start(move |_| answer(&says)).await;
    assert!(matches!(
        Moodle::new(net()).outline(&session(&server.address), "2").await,
        Err(ReadError::Refused(_))
    ));
}

#[test]
fn requireloginerror_is_not_login() {
    let says = recorded("mod_assign_save_submission", "enrolment-suspended");
    let error = rest::refused(&says, daypack_course::TimeMs(5)).unwrap();
    assert_eq!(error.code(), "requireloginerror");
    assert!(
        matches!(judge::outcome(&error), Outcome::Later { not_before: Some(_) }),
        "it waits and may succeed"
    );
    assert!(!matches!(judge::read(&error), ReadError::SignIn));
    // Control: a token that is none.
    let says = recording("errors/core_webservice_get_site_info.json", "token-deleted-after-expiry");
    assert_eq!(judge::outcome(&rest::refused(&says, daypack_course::TimeMs(5)).unwrap()), Outcome::SignIn);
}

/// A recorded answer of the file script, headers and all; bytes stand in for what was not recorded.
fn say(id: &str) -> Say {
    let all = file("transport/webservice_pluginfile.json");
    let found = all["recordings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|r| r["id"] == id)
        .unwrap_or_else(|| panic!("{id}"));
    let response = &found["response"];
    let mut headers: Vec<(String, String)> = response["headers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pair| (pair[0].as_str().unwrap().to_owned(), pair[1].as_str().unwrap().to_owned()))
        .filter(|(name, _)| !["content-length", "transfer-encoding"].contains(&name.to_lowercase().as_str()))
        .collect();
    headers.retain(|(_, value)| value.is_ascii());
    let size = usize::try_from(response["size"].as_u64().unwrap()).unwrap();
    let body = match (response.get("json"), response["text"].as_str()) {
        (Some(json), _) => json.to_string().into_bytes(),
        (None, Some(text)) if text.len() == size => text.as_bytes().to_vec(),
        _ => vec![b'%'; size.min(4096)],
    };
    Say::Whole(u16::try_from(response["status"].as_u64().unwrap()).unwrap(), headers, body)
}

async fn fetched(id: &str, from: u64, validator: Option<&str>) -> Result<daypack_lms::Download, FetchError> {
    let says = say(id);
    let server = Server::start(move |_| says.clone()).await;
    let address = format!("{}/webservice/pluginfile.php/23/mod_resource/content/0/a.pdf", server.address);
    fetch(&net(), &session(&server.address), &address, from, validator).await
}

#[tokio::test]
async fn http_200_errors() {
    // By the status alone each of these would be a success.
    for id in ["no-token", "bad-token", "not-enrolled", "hidden-module-file", "site-in-maintenance"] {
        let Say::Whole(status, ..) = say(id) else { panic!() };
        assert_eq!(status, 200);
        assert!(fetched(id, 0, None).await.is_err(), "{id}");
    }
    assert_eq!(fetched("no-such-file", 0, None).await.unwrap_err(), FetchError::NotFound);
}

#[tokio::test]
async fn file_download_error_is_200() {
    assert!(matches!(fetched("not-enrolled", 0, None).await.unwrap_err(), FetchError::Refused(_)));
    assert_eq!(fetched("site-in-maintenance", 0, None).await.unwrap_err(), FetchError::Later);
    assert_eq!(fetched("bad-token", 0, None).await.unwrap_err(), FetchError::SignIn);
    // Control: files are files, also one that is JSON.
    for id in ["ok-pdf", "private-file", "ok-page-index-html", "assign-feedback-file-spoken-feedback.mp3"] {
        assert!(fetched(id, 0, None).await.is_ok(), "{id}");
    }
}

#[tokio::test]
async fn etag_is_sha1() {
    for id in ["ok-pdf", "ok-video-20MB", "question-file-0", "scorm-package", "h5p-package", "private-file"] {
        let recordings = file("transport/webservice_pluginfile.json");
        let found =
            recordings["recordings"].as_array().unwrap().iter().find(|r| r["id"] == id).unwrap().clone();
        let got = fetched(id, 0, None).await.unwrap();
        assert_eq!(got.sha1.as_deref(), found["response"]["sha1"].as_str(), "{id}");
    }
    // A page that is made on the fly has none, and none is made up.
    let made = fetched("ok-page-index-html", 0, None).await.unwrap();
    assert_eq!((made.sha1, made.validator), (None, None));
}

#[tokio::test]
async fn if_range_is_ignored() {
    // The recorded part came although the condition did not hold: the part's own mark must be compared.
    let stale = "\"0000000000000000000000000000000000000000\"";
    let id = "range-if-range-etag-stale";
    assert_eq!(fetched(id, 0, Some(stale)).await.unwrap_err(), FetchError::Changed);
    let current = "\"2cf79e74ae284e790f18d603c7383780f62a318e\"";
    assert_eq!(fetched(id, 0, Some(current)).await.unwrap().start, 0);
    // A range that cannot be is answered with the whole file: it begins at its beginning.
    assert_eq!(fetched("range-unsatisfiable", 99, Some(current)).await.unwrap().start, 0);
}

#[tokio::test]
async fn text_plain_has_no_ranges() {
    let got = fetched("ok-without-forcedownload", 5, None).await.unwrap();
    assert_eq!((got.start, got.total), (0, Some(13)), "all of it comes, from the beginning");
}

/// Uploads one file of ten bytes to a site whose upload script answers this.
async fn uploaded(says: Say) -> Result<i64, Outcome> {
    let server = Server::start(move |asked: &Asked| match asked.path() {
        "/webservice/upload.php" => says.clone(),
        _ => answer(&json!({"component": "user", "contextid": 9, "userid": "4", "filearea": "draft", "itemid": 77, "warnings": []})),
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("a.txt");
    std::fs::write(&path, b"0123456789").unwrap();
    let work = WorkFile {
        name: "a.txt".into(),
        media_type: "text/plain".into(),
        size: 10,
        digest: Digest::of(b"0123456789"),
    };
    let notes = Notes { file: Some(path), ..Notes::default() };
    let token = Secret::new(CANARY);
    let net = net();
    draft(&Rest::new(&net, &server.address, &token), &[work], &notes).await
}

#[tokio::test]
async fn upload_limits() {
    for id in ["over-php-upload_max_filesize-64M", "over-php-post_max_size-70M", "over-site-maxbytes"] {
        let refused = uploaded(answer(&recording("transport/webservice_upload.json", id))).await.unwrap_err();
        let Outcome::Refused(refusal) = refused else { panic!("{id}: {refused:?}") };
        assert_eq!(refusal.why, RefusalReason::TooLarge, "{id}");
    }
    let page =
        Say::Whole(413, vec![("Content-Type".into(), "text/html".into())], b"<html>413</html>".to_vec());
    assert!(
        matches!(uploaded(page).await.unwrap_err(), Outcome::Refused(r) if r.why == RefusalReason::TooLarge)
    );
    // Control: it arrived as it was.
    let arrived = json!([{"component": "user", "filearea": "draft", "itemid": 77, "filename": "a.txt", "filesize": 10}]);
    assert_eq!(uploaded(answer(&arrived)).await, Ok(77));
}

#[tokio::test]
async fn upload_replay() {
    let again = all_of("webservice_upload")
        .into_iter()
        .find(|says| says[0]["errortype"] == "filenameexist")
        .expect("a recorded repetition");
    // The first file stays there, whichever that is: it is not taken for ours. A fresh area is asked for next time.
    assert_eq!(uploaded(answer(&again)).await.unwrap_err(), Outcome::Later { not_before: None });
}

#[test]
fn the_launch_page_ends_as_recorded_and_each_end_is_read() {
    let launch = Launch { address: String::new(), root: "https://moodle.example".into() };
    let passport = Secret::new("418.2047331");
    let recordings = file("transport/tool_mobile_launch.json");
    let mut ends = 0;
    for one in recordings["recordings"].as_array().unwrap() {
        let headers = one["response"]["headers"].as_array().unwrap();
        let Some(to) = headers.iter().find(|h| h[0] == "Location").and_then(|h| h[1].as_str()) else {
            continue;
        };
        let id = one["id"].as_str().unwrap();
        let is_web = to.starts_with("http");
        assert_eq!(launch::is_end(to), !is_web, "{id}");
        if is_web {
            continue;
        }
        let read = launch::token(&launch, &passport, &Secret::new(to));
        let is_ours = one["request"]["path"].as_str().unwrap().contains("passport=418.2047331&");
        assert_eq!(read.is_ok(), is_ours, "{id}");
        ends += usize::from(is_ours);
        let elsewhere = Launch { root: "https://moodle.other".into(), ..launch.clone() };
        assert!(launch::token(&elsewhere, &passport, &Secret::new(to)).is_err(), "{id}");
    }
    assert!(ends >= 4, "{ends}");
}

#[tokio::test]
async fn a_qr_code_signs_in_once_and_by_the_name_the_site_wants_to_hear() {
    let path = "transport/tool_mobile_get_tokens_for_qr_login.nologin.json";
    let (good, spent, unheard) = (
        recording(path, "ok-user-agent-MoodleMobile"),
        recording(path, "key-used-twice"),
        recording(path, "wrong-user-agent"),
    );
    let server = Server::start(move |asked: &Asked| {
        if !asked.path().starts_with("/lib/ajax/") {
            return answer(&recorded(INFO, "ok"));
        }
        let is_heard = asked
            .head
            .to_lowercase()
            .lines()
            .any(|l| l.starts_with("user-agent: ") && l.contains("moodlemobile"));
        answer(match (is_heard, asked.body.contains("used-key")) {
            (false, _) => &unheard,
            (true, true) => &spent,
            (true, false) => &good,
        })
    })
    .await;
    let moodle = Moodle::new(net());
    let (account, token) =
        moodle.sign_in_by_code(&server.address, &Secret::new("good-key"), "5").await.unwrap();
    assert_eq!((account.remote_user.as_str(), token.expose().len()), ("4", 32));
    let again = moodle.sign_in_by_code(&server.address, &Secret::new("used-key"), "5").await;
    assert_eq!(again.unwrap_err(), SignInError::CodeSpent);
    // The name is used for this one question only.
    let others = server.seen().into_iter().filter(|a| !a.path().starts_with("/lib/ajax/"));
    assert!(others.into_iter().all(|a| !a.head.contains("MoodleMobile")));
}

#[test]
fn root_shapes() {
    // Whatever stands at the root of an answer is read as JSON and refused only where it says so.
    for body in ["{}", "[]", "null", "true", "7", "\"word\""] {
        let value: Value = serde_json::from_str(body).unwrap();
        assert!(rest::refused(&value, daypack_course::TimeMs(0)).is_none(), "{body}");
    }
}

#[test]
fn errorcode_may_be_text_or_missing() {
    for says in [
        json!({"exception": "Error", "message": "Call to a member function"}),
        json!({"exception": "moodle_exception", "errorcode": "Please confirm that you saved.", "message": "x"}),
    ] {
        let error = rest::refused(&says, daypack_course::TimeMs(0)).unwrap();
        assert_eq!(judge::outcome(&error), Outcome::Later { not_before: None }, "{says}");
    }
}

#[tokio::test]
async fn a_function_that_a_site_does_not_offer_is_done_without() {
    let refused = recording("errors/core_user_create_users.json", "function-not-in-service");
    let listing = recorded(CONTENTS, "ok-full");
    let only_the_listing = move |asked: &Asked| match asked.function().as_str() {
        CONTENTS => answer(&listing),
        _ => answer(&refused),
    };
    let server = Server::start(only_the_listing).await;
    let course = Moodle::new(net()).outline(&session(&server.address), "2").await.unwrap();
    assert!(course.items().count() > 20);
    // Control: the listing itself is not done without.
    let refused = recording("errors/core_user_create_users.json", "function-not-in-service");
    let server = Server::start(move |_| answer(&refused)).await;
    assert_eq!(
        Moodle::new(net()).outline(&session(&server.address), "2").await.err(),
        Some(ReadError::SignIn)
    );
}

#[test]
fn subsections_follow_the_section_they_are_in_and_each_kind_keeps_its_name() {
    let module = |id: u32, kind: &str, instance: u32| {
        json!({"id": id, "modname": kind, "name": format!("{kind} {id}"), "instance": instance, "visible": 1,
            "uservisible": true, "visibleoncoursepage": 1, "url": format!("https://moodle.example/mod/{kind}/view.php?id={id}")})
    };
    let section = |id: u32, name: &str, component: Value, item: Value, modules: Vec<Value>| {
        json!({"id": id, "name": name, "summary": "", "uservisible": true, "component": component, "itemid": item,
            "modules": modules})
    };
    let mut stealth = module(7, "wiki", 7);
    stealth["visibleoncoursepage"] = json!(0);
    let mut dated = module(8, "lesson", 8);
    dated["dates"] = json!([{"label": "Opens:", "timestamp": 1_795_862_926, "dataid": "available"}]);
    let mut later = module(9, "somethingnew", 9);
    later["uservisible"] = json!(false);
    later["availabilityinfo"] = json!("Available from <strong>27 November 2026</strong>");
    let listing = json!([
        section(
            1,
            "Week 1",
            Value::Null,
            Value::Null,
            vec![module(1, "choice", 1), module(2, "subsection", 5), module(3, "glossary", 3)]
        ),
        section(
            2,
            "Week 2",
            Value::Null,
            Value::Null,
            vec![module(4, "subsection", 99), stealth, dated, later]
        ),
        section(3, "Inside", json!("mod_subsection"), json!(5), vec![module(6, "feedback", 6)]),
    ]);
    let course = daypack_lms::moodle::outline::build(
        &session("https://moodle.example"),
        "2",
        &listing,
        &json!({}),
        &Default::default(),
    )
    .unwrap();
    let titles: Vec<_> = course.sections.iter().map(|s| s.title.as_str()).collect();
    assert_eq!(titles, ["Week 1", "Week 1 › Inside", "Week 2"]);
    let ids: Vec<_> = course.items().map(|i| i.id.as_str()).collect();
    // One subsection is a section; the other's section is not listed, and it is not dropped in silence.
    assert_eq!(ids, ["cm1", "cm3", "cm6", "cm4", "cm7", "cm8", "cm9"]);
    let item = |id: &str| course.items().find(|i| i.id.as_str() == id).unwrap();
    assert_eq!(item("cm7").standing, daypack_course::outline::Standing::OffPage);
    assert_eq!(
        (item("cm8").dates[0].label.as_str(), item("cm8").dates[0].at.0),
        ("Opens", 1_795_862_926_000)
    );
    assert_eq!(item("cm9").locked.as_deref(), Some("Available from 27 November 2026"));
    assert_eq!(item("cm9").address.as_deref(), Some("https://moodle.example/mod/somethingnew/view.php?id=9"));
    let daypack_course::outline::ItemBody::Unsupported(kind) = &item("cm9").body else { panic!() };
    assert_eq!(kind.what, "somethingnew");
}

#[test]
fn a_quiz_that_only_a_browser_can_work_says_so_before_anything_begins_at_the_site() {
    use daypack_course::quiz::OnlyThere;
    let about = recorded("mod_quiz_get_quizzes_by_courses", "ok");
    let quiz = |id: i64, change: &dyn Fn(&mut Value)| {
        let mut quiz =
            about["quizzes"].as_array().unwrap().iter().find(|q| q["id"] == id).expect("recorded").clone();
        change(&mut quiz);
        let cmid = quiz["coursemodule"].clone();
        let listing = json!([{"id": 1, "name": "Week 1", "summary": "", "uservisible": true, "modules": [
            {"id": cmid, "modname": "quiz", "name": "Quiz", "instance": id, "visible": 1, "uservisible": true,
             "visibleoncoursepage": 1, "url": "https://moodle.example/mod/quiz/view.php?id=1"}]}]);
        let of_kind = [("quiz".to_owned(), vec![quiz])].into_iter().collect();
        let course = daypack_lms::moodle::outline::build(
            &session("https://moodle.example"),
            "2",
            &listing,
            &json!({}),
            &of_kind,
        )
        .unwrap();
        match course.items().next().unwrap().body.clone() {
            daypack_course::outline::ItemBody::Quiz(quiz) => (quiz.only_there, quiz.checks_each),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(quiz(1, &|_| ()), (None, false));
    // As recorded: sequential navigation, and interactive behaviour.
    assert_eq!(quiz(10, &|_| ()), (Some(OnlyThere::OnePageAfterAnother), false));
    assert_eq!(quiz(5, &|_| ()), (None, true));
    // All on one page: there is no order to keep.
    assert_eq!(quiz(10, &|q| q["questionsperpage"] = json!(0)), (None, false));
    let watched = |q: &mut Value| q["browsersecurity"] = json!("securewindow");
    assert_eq!(quiz(1, &watched), (Some(OnlyThere::WatchedBrowser), false));
    assert_eq!(quiz(1, &|q| q["browsersecurity"] = json!("-")), (None, false));
}

#[test]
fn an_absent_or_hidden_grade_is_never_a_zero_and_each_line_stays_a_line() {
    use daypack_course::grades::GradeKind;
    use daypack_lms::moodle::grades::rows;
    let mut table = recorded("gradereport_user_get_grade_items", "ok");
    let of = |table: &Value, name: &str| {
        rows(table).into_iter().find(|row| row.name.starts_with(name)).expect("a line")
    };
    let count = table["usergrades"][0]["gradeitems"].as_array().unwrap().len();
    assert_eq!(rows(&table).len(), count);
    let quiz = of(&table, "Quiz A");
    assert_eq!(
        (quiz.shown.as_str(), quiz.range, quiz.cmid.as_deref()),
        ("83.93", Some((0.0, 100.0)), Some("11"))
    );
    // A zero that was given is a zero; what was not given is nothing.
    assert_eq!((of(&table, "Quiz G").value, of(&table, "Quiz G").shown.as_str()), (Some(0.0), "0.00"));
    let none = of(&table, "Quiz B");
    assert_eq!((none.value, none.shown.as_str(), none.percent.as_str(), none.given), (None, "", "", None));
    assert!(of(&table, "Assignment 1").feedback_html.contains("Watch the citations"));
    let course = rows(&table).into_iter().find(|row| row.kind == GradeKind::Course).expect("the sum");
    assert_eq!((course.shown.as_str(), course.percent.as_str()), ("544.76", "60.53 %"));
    // Hidden: neither number nor word is kept.
    table["usergrades"][0]["gradeitems"][0]["gradeishidden"] = json!(true);
    let hidden = of(&table, "Quiz A");
    assert!(hidden.hidden && hidden.value.is_none() && hidden.shown.is_empty() && hidden.percent.is_empty());
    assert!(rows(&json!({"usergrades": []})).is_empty() && rows(&json!([])).is_empty());
}
