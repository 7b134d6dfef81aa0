//! Each function's answer has the keys and types of the recordings.

use serde_json::{Value, json};

use crate::client::{Campus, PREFLIGHT, data};
use crate::shape::{good, recordings, refusals, refused};

fn check(function: &str, answer: &Value, faults: &mut Vec<String>) {
    if refused(answer) {
        faults.push(format!("{function}: refused: {answer}"));
        return;
    }
    good(function).faults(answer, function, faults);
}

#[test]
fn every_answer_has_the_shape_of_a_recording() {
    let campus = Campus::open(&["--grade-after", "0"]);
    let mut faults = Vec::new();
    let mut done = Vec::new();
    let mut ask = |function: &'static str, form: &str| {
        let answer = campus.call(function, form);
        check(function, &answer, &mut faults);
        done.push(function);
        answer
    };
    ask("core_webservice_get_site_info", "");
    let config = ask("tool_mobile_get_config", "section=");
    assert!(
        config["settings"]
            .as_array()
            .unwrap()
            .contains(&json!({"name": "timezone", "value": "Europe/London"}))
    );
    ask("core_user_get_user_preferences", "name=auth_forcepasswordchange");
    ask(
        "tool_mobile_call_external_functions",
        "requests[0][function]=core_course_get_course_module&requests[0][arguments]=%7B%22cmid%22%3A8%7D\
         &requests[1][function]=core_course_get_course_module&requests[1][arguments]=%7B%22cmid%22%3A99999%7D\
         &requests[2][function]=core_webservice_get_site_info&requests[2][arguments]=%7B%7D",
    );
    ask("core_enrol_get_users_courses", "userid=4");
    ask("core_enrol_get_users_courses", "userid=5");
    ask("core_course_get_courses_by_field", "field=id&value=2");
    ask("core_course_view_course", "courseid=2&sectionnumber=1");
    ask("core_course_get_contents", "courseid=2");
    ask("core_course_get_contents", "courseid=2&options[0][name]=excludecontents&options[0][value]=1");
    ask("core_course_get_contents", "courseid=2&options[0][name]=cmid&options[0][value]=7");
    ask("core_course_get_course_module", "cmid=8");
    ask("core_course_get_updates_since", "courseid=2&since=0");
    ask("core_course_get_updates_since", "courseid=2&since=9999999999");
    ask("core_completion_update_activity_completion_status_manually", "cmid=5&completed=1");
    ask("core_completion_get_activities_completion_status", "courseid=2&userid=4");
    ask("mod_resource_get_resources_by_courses", "courseids[0]=2&courseids[1]=99999");
    ask("mod_page_get_pages_by_courses", "courseids[0]=2");
    ask("mod_url_get_urls_by_courses", "courseids[0]=2");
    ask("mod_resource_view_resource", "resourceid=1");
    ask("mod_page_view_page", "pageid=1");
    ask("mod_url_view_url", "urlid=1");
    ask("mod_quiz_get_quizzes_by_courses", "courseids[0]=2");
    ask("mod_quiz_view_quiz", "quizid=1");
    for quiz in ["quizid=1", "quizid=2"] {
        ask("mod_quiz_get_quiz_access_information", quiz);
        ask("mod_quiz_get_attempt_access_information", quiz);
        ask("mod_quiz_get_combined_review_options", quiz);
        ask("mod_quiz_get_user_attempts", quiz);
        ask("mod_quiz_get_user_best_grade", quiz);
    }
    ask("mod_quiz_start_attempt", "quizid=1");
    ask("mod_quiz_get_user_attempts", "quizid=1&status=unfinished");
    ask("mod_quiz_view_attempt", &format!("attemptid=1&page=0&{PREFLIGHT}"));
    ask("mod_quiz_get_attempt_data", &format!("attemptid=1&page=0&{PREFLIGHT}"));
    ask("mod_quiz_get_attempt_data", &format!("attemptid=1&page=1&{PREFLIGHT}"));
    let save = data(&[
        ("q1:2_:sequencecheck", "1"),
        ("q1:2_answer", "0"),
        ("q1:4_:sequencecheck", "1"),
        ("q1:4_answer", "1"),
    ]);
    ask("mod_quiz_save_attempt", &format!("attemptid=1&{save}&{PREFLIGHT}"));
    ask("mod_quiz_get_attempt_data", &format!("attemptid=1&page=0&{PREFLIGHT}"));
    ask("mod_quiz_get_attempt_summary", &format!("attemptid=1&{PREFLIGHT}"));
    ask("mod_quiz_process_attempt", &format!("attemptid=1&{save}&{PREFLIGHT}"));
    ask("mod_quiz_process_attempt", &format!("attemptid=1&finishattempt=1&{PREFLIGHT}"));
    ask("mod_quiz_get_attempt_review", "attemptid=1");
    ask("mod_quiz_view_attempt_review", "attemptid=1");
    ask("mod_quiz_get_user_best_grade", "quizid=1");
    ask("mod_quiz_get_attempt_access_information", "quizid=1&attemptid=1");
    ask("mod_quiz_start_attempt", "quizid=2");
    let essay =
        data(&[("q2:3_:sequencecheck", "1"), ("q2:3_answer", "<p>one two</p>"), ("q2:3_answerformat", "1")]);
    ask("mod_quiz_process_attempt", &format!("attemptid=2&finishattempt=1&{essay}&{PREFLIGHT}"));
    ask("mod_quiz_get_attempt_review", "attemptid=2");
    ask("mod_quiz_get_user_attempts", "quizid=2&status=all");
    ask("mod_assign_get_assignments", "courseids[0]=2");
    ask("mod_assign_get_assignments", "courseids[0]=9999");
    ask("mod_assign_view_assign", "assignid=1");
    ask("mod_assign_view_submission_status", "assignid=1");
    ask("mod_assign_get_submission_status", "assignid=1");
    let draft = ask("core_files_get_unused_draft_itemid", "")["itemid"].as_i64().unwrap();
    let uploaded = campus.upload(draft, &[("essay.txt", b"my file"), ("b.pdf", b"%PDF")]).unwrap();
    let editor = "plugindata[onlinetext_editor][text]=hello&plugindata[onlinetext_editor][format]=1&plugindata[onlinetext_editor][itemid]=0";
    ask(
        "mod_assign_save_submission",
        &format!("assignmentid=1&{editor}&plugindata[files_filemanager]={draft}"),
    );
    ask(
        "mod_assign_save_submission",
        &format!("assignmentid=2&{editor}&plugindata[files_filemanager]={draft}"),
    );
    ask("mod_assign_get_submission_status", "assignid=2");
    ask("mod_assign_submit_for_grading", "assignmentid=2&acceptsubmissionstatement=0");
    ask("mod_assign_submit_for_grading", "assignmentid=2&acceptsubmissionstatement=0");
    ask("mod_assign_get_submission_status", "assignid=1");
    ask("mod_assign_get_grades", "assignmentids[0]=1");
    ask("mod_forum_get_forums_by_courses", "courseids[0]=2");
    ask("mod_forum_view_forum", "forumid=1");
    ask("mod_forum_view_forum_discussion", "discussionid=1");
    ask("mod_forum_get_forum_discussions", "forumid=1");
    ask("mod_forum_add_discussion", "forumid=1&subject=s&message=m");
    ask("mod_forum_add_discussion_post", "postid=1&subject=Re&message=m");
    ask("mod_forum_get_discussion_posts", "discussionid=1");
    ask("gradereport_user_get_grade_items", "courseid=2&userid=4");
    ask("gradereport_overview_get_course_grades", "userid=4");
    let notes = ask("message_popup_get_popup_notifications", "useridto=4");
    ask("message_popup_get_unread_popup_notification_count", "useridto=4");
    let id = notes["notifications"][0]["id"].as_i64().expect("a notification");
    ask("core_message_mark_notification_read", &format!("notificationid={id}"));
    ask("core_user_add_user_private_files", &format!("draftid={draft}"));
    ask("core_user_get_private_files_info", "");
    ask(
        "core_files_get_files",
        "contextid=-1&component=user&filearea=private&itemid=0&filepath=/&filename=&contextlevel=user&instanceid=4",
    );
    ask("mod_quiz_view_attempt_review", "attemptid=2");
    ask("core_course_get_updates_since", "courseid=2&since=1700000000");
    good("webservice_upload").faults(&uploaded, "webservice_upload", &mut faults);
    // Every listed function was asked, but those whose only good recording is a refusal.
    let listed = campus.call("core_webservice_get_site_info", "");
    for function in listed["functions"].as_array().unwrap() {
        let name = function["name"].as_str().unwrap();
        if !done.contains(&name) && name != "mod_quiz_view_attempt_summary" {
            faults.push(format!("{name} was not asked"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_broken_answer_is_caught() {
    let campus = Campus::open(&[]);
    let right = campus.call("mod_quiz_get_quizzes_by_courses", "courseids[0]=2");
    let shape = good("mod_quiz_get_quizzes_by_courses");
    let faults = |answer: &Value| {
        let mut out = Vec::new();
        shape.faults(answer, "x", &mut out);
        out.len()
    };
    assert_eq!(faults(&right), 0);
    let mut kinder = right.clone();
    kinder["quizzes"][0]["hint"] = json!("a key no Moodle has");
    let mut typed = right.clone();
    typed["quizzes"][0]["timeclose"] = json!("soon");
    let mut short = right;
    short["quizzes"][0].as_object_mut().unwrap().remove("sumgrades");
    for broken in [kinder, typed, short] {
        assert_eq!(faults(&broken), 1);
    }
}

#[test]
fn refusals_have_the_words_of_the_recordings() {
    let campus = Campus::open(&[]);
    let outsider = campus.sign_in("outsider", "practice-3");
    let shape = refusals();
    // Function, recording, form asked here, token.
    let cases = [
        ("core_webservice_get_site_info", "invalid-token", "", "0000"),
        ("core_course_get_contents", "missing-parameter", "", ""),
        ("core_course_get_contents", "wrong-type", "courseid=abc", ""),
        ("core_course_get_contents", "unexpected-parameter", "courseid=2&bogus=1", ""),
        ("core_course_get_contents", "no-such-course", "courseid=99999", ""),
        ("core_course_get_contents", "not-enrolled", "courseid=2", outsider.as_str()),
        ("core_user_create_users", "function-not-in-service", "", ""),
        ("no_such_function", "unknown-function", "", ""),
        ("core_course_get_course_module", "no-such-module", "cmid=99999", ""),
        ("mod_quiz_start_attempt", "no-such-quiz", "quizid=9999", ""),
        ("mod_quiz_start_attempt", "not-enrolled", "quizid=1", outsider.as_str()),
        ("mod_quiz_get_attempt_data", "no-such-attempt", "attemptid=99999&page=0", ""),
        ("mod_assign_get_submission_status", "no-such-assignment", "assignid=99", ""),
        ("mod_assign_get_submission_status", "not-enrolled", "assignid=1", outsider.as_str()),
        ("mod_forum_get_discussion_posts", "no-such-discussion", "discussionid=9999", ""),
        ("mod_forum_add_discussion_post", "no-such-parent", "postid=9999&subject=x&message=y", ""),
        (
            "core_completion_update_activity_completion_status_manually",
            "automatic-activity",
            "cmid=8&completed=1",
            "",
        ),
        ("message_popup_get_popup_notifications", "other-user", "useridto=5", ""),
        ("gradereport_user_get_grade_items", "other-student", "courseid=2&userid=5", ""),
        ("gradereport_user_get_grade_items", "student-asks-for-all-users", "courseid=2&userid=0", ""),
        ("core_completion_get_activities_completion_status", "other-student", "courseid=2&userid=5", ""),
    ];
    for (function, id, form, token) in cases {
        let token = if token.is_empty() { campus.token.as_str() } else { token };
        let answer = campus.call_as(token, function, form).unwrap();
        let wanted = recordings(function).into_iter().find(|recording| recording["id"] == id);
        let wanted = wanted.unwrap_or_else(|| panic!("{function}#{id}"));
        assert_eq!(answer, wanted["response"]["json"], "{function}#{id}");
        let mut faults = Vec::new();
        shape.faults(&answer, function, &mut faults);
        assert!(faults.is_empty(), "{faults:?}");
    }
}

#[test]
fn sign_in_answers_as_recorded() {
    let campus = Campus::open(&[]);
    let form = |text: &str| campus.post("/login/token.php", text).unwrap();
    let recorded = |id: &str| {
        let found = recordings("login_token").into_iter().find(|recording| recording["id"] == id);
        found.unwrap()["response"]["json"].clone()
    };
    let service = "service=moodle_mobile_app";
    for (id, text) in [
        ("wrong-password", format!("username=student1&password=no&{service}")),
        ("unknown-user", format!("username=nobody&password=no&{service}")),
        ("unknown-service", "username=student1&password=practice-1&service=x".to_owned()),
        ("missing-parameter", "username=student1".to_owned()),
        ("appsitecheck", "appsitecheck=1".to_owned()),
    ] {
        let answer = form(&text);
        assert_eq!((answer.status, answer.json()), (200, recorded(id)), "{id}");
    }
    assert_eq!(campus.sign_in("%20Student1", "practice-1"), campus.token, "the same token each time");
    let config = campus
        .request(
            "POST",
            "/lib/ajax/service-nologin.php?info=tool_mobile_get_public_config",
            &[("Content-Type", "application/json")],
            br#"[{"index":0,"methodname":"tool_mobile_get_public_config","args":{}}]"#,
        )
        .unwrap()
        .json();
    let mut shape = crate::shape::Shape::default();
    for recording in recordings("tool_mobile_get_public_config.nologin") {
        if recording["id"].as_str().unwrap().contains("ok") {
            shape.learn(&recording["response"]["json"]);
        }
    }
    let mut faults = Vec::new();
    shape.faults(&config, "config", &mut faults);
    assert!(faults.is_empty(), "{faults:?}");
    assert_eq!(config[0]["data"]["wwwroot"], campus.site);
}

#[test]
fn batch_stops_at_first_error_with_the_words_of_the_recording() {
    let campus = Campus::open(&[]);
    let ask = |at: usize, cmid: i64| {
        format!(
            "requests[{at}][function]=core_course_get_course_module&requests[{at}][arguments]=%7B%22cmid%22%3A{cmid}%7D"
        )
    };
    let form = [ask(0, 8), ask(1, 99999), ask(2, 8)].join("&");
    let answer = campus.call("tool_mobile_call_external_functions", &form);
    let recorded = recordings("tool_mobile_call_external_functions").remove(0)["response"]["json"].clone();
    let responses = |value: &Value| value["responses"].as_array().unwrap().clone();
    assert_eq!((responses(&answer).len(), responses(&recorded).len()), (2, 2), "the third was not asked");
    let exception = |value: &Value| -> Value {
        serde_json::from_str(responses(value)[1]["exception"].as_str().unwrap()).unwrap()
    };
    for key in ["message", "errorcode", "moreinfourl"] {
        assert_eq!(exception(&answer)[key], exception(&recorded)[key], "{key}");
    }
}
