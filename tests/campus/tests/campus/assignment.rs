//! Handing in, being refused, and hearing back.

use serde_json::json;

use crate::client::{Campus, fixture};

fn form(assign: u32, text: &str) -> String {
    format!(
        "assignmentid={assign}&plugindata[onlinetext_editor][text]={text}&plugindata[onlinetext_editor][format]=1&plugindata[onlinetext_editor][itemid]=0"
    )
}

const SAVE: &str = "mod_assign_save_submission";
const STATUS: &str = "mod_assign_get_submission_status";

fn files(campus: &Campus, assign: u32) -> usize {
    let status = campus.call(STATUS, &format!("assignid={assign}"));
    let plugins = status["lastattempt"]["submission"]["plugins"].as_array().unwrap().clone();
    let file = plugins.iter().find(|plugin| plugin["type"] == "file").unwrap();
    file["fileareas"][0]["files"].as_array().unwrap().len()
}

#[test]
fn a_refusal_is_a_list_of_warnings_and_success_an_empty_list() {
    let campus = Campus::open(&[]);
    let warning = |answer: &serde_json::Value| answer[0]["warningcode"].as_str().unwrap_or("").to_owned();
    assert_eq!(warning(&campus.call(SAVE, &form(1, ""))), "couldnotsavesubmission");
    assert_eq!(campus.call(SAVE, &form(1, "hello")), json!([]));
    let without_text = campus.call(SAVE, "assignmentid=1&plugindata[files_filemanager]=7");
    assert_eq!(without_text["errorcode"], "dmlwriteexception");
    assert_eq!(campus.call(SAVE, "assignmentid=1&plugindata[bogus]=7")["errorcode"], "invalidparameter");
    campus.ctl(&["lock-assignment", "1"]);
    assert_eq!(warning(&campus.call(SAVE, &form(1, "later"))), "couldnotsavesubmission");
    let status = campus.call(STATUS, "assignid=1");
    assert_eq!(
        (&status["lastattempt"]["locked"], &status["lastattempt"]["canedit"]),
        (&json!(true), &json!(false))
    );
    let long = campus.call(SAVE, &form(2, "one+two+three+four+five+six+seven"));
    assert!(
        long[0]["item"].as_str().unwrap().contains("is 5 words and you are attempting to submit 7 words")
    );
    assert_eq!(campus.call(SAVE, &form(2, "one+two")), json!([]));
    assert_eq!(
        campus.call("mod_assign_submit_for_grading", "assignmentid=2&acceptsubmissionstatement=0"),
        json!([])
    );
    let again = campus.call("mod_assign_submit_for_grading", "assignmentid=2&acceptsubmissionstatement=0");
    assert_eq!(warning(&again), "couldnotsubmitforgrading");
    assert_eq!(warning(&campus.call(SAVE, &form(2, "three"))), "couldnotsavesubmission");
}

#[test]
fn files_stay_without_the_key_and_too_many_are_cut() {
    let campus = Campus::open(&[]);
    let up = campus.upload(0, &[("a.txt", b"a"), ("b.txt", b"b"), ("c.txt", b"c")]).unwrap();
    let draft = up[0]["itemid"].as_i64().unwrap();
    let again = campus.upload(draft, &[("a.txt", b"changed")]).unwrap();
    assert_eq!(again[0]["errortype"], "filenameexist");
    assert_eq!(
        campus.call(SAVE, &format!("{}&plugindata[files_filemanager]={draft}", form(1, "x"))),
        json!([])
    );
    assert_eq!(files(&campus, 1), 2, "the third of two is dropped without a word");
    assert_eq!(campus.call(SAVE, &form(1, "y")), json!([]));
    assert_eq!(files(&campus, 1), 2);
    assert_eq!(campus.call(SAVE, &format!("{}&plugindata[files_filemanager]=123", form(1, "z"))), json!([]));
    assert_eq!(files(&campus, 1), 0);
}

#[test]
fn the_grade_brings_words_and_a_recording_with_its_sha1() {
    let campus = Campus::open(&["--grade-after", "3600"]);
    campus.call(SAVE, &form(1, "my+work"));
    assert_eq!(campus.call(STATUS, "assignid=1").get("feedback"), None);
    campus.ctl(&["grade-now"]);
    let feedback = campus.call(STATUS, "assignid=1")["feedback"].clone();
    assert_eq!(feedback["grade"]["grade"], "85.00000");
    assert!(feedback["plugins"][0]["editorfields"][0]["text"].as_str().unwrap().starts_with("<p>"));
    let file = &feedback["plugins"][1]["fileareas"][0]["files"][0];
    assert_eq!(file["mimetype"], "audio/mp4");
    let path = file["fileurl"].as_str().unwrap().strip_prefix(&campus.site).unwrap().to_owned();
    let got = campus.get(&format!("{path}?token={}", campus.token), &[]);
    assert_eq!(got.body, std::fs::read(fixture().join("feedback/assignment.m4a")).unwrap());
    assert!(got.header("etag").is_some());
    let other = campus.sign_in("student2", "practice-2");
    assert_eq!(campus.get(&format!("{path}?token={other}"), &[]).status, 404);
    let notes = campus.call("message_popup_get_popup_notifications", "useridto=4");
    assert_eq!(notes["unreadcount"], 2, "a receipt and the feedback");
    let grades = campus.call("gradereport_user_get_grade_items", "courseid=2&userid=4");
    let items = grades["usergrades"][0]["gradeitems"].as_array().unwrap().clone();
    assert_eq!(items.iter().find(|item| item["cmid"] == 10).unwrap()["graderaw"], 85);
}

#[test]
fn an_attachment_of_a_post_can_be_read_by_others() {
    let campus = Campus::open(&[]);
    let draft = campus.upload(0, &[("photo.png", b"png")]).unwrap()[0]["itemid"].as_i64().unwrap();
    let form =
        format!("postid=1&subject=Re&message=m&options[0][name]=attachmentsid&options[0][value]={draft}");
    let post = campus.call("mod_forum_add_discussion_post", &form);
    let mut faults = Vec::new();
    crate::shape::good("mod_forum_add_discussion_post").faults(&post, "post", &mut faults);
    assert!(faults.is_empty(), "{faults:?}");
    let url = post["post"]["attachments"][0]["url"].as_str().unwrap().to_owned();
    let path = url.strip_prefix(&campus.site).unwrap().replace("/pluginfile", "/webservice/pluginfile");
    let other = campus.sign_in("student2", "practice-2");
    assert_eq!(campus.get(&format!("{path}&token={other}"), &[]).body, b"png");
}

#[test]
fn posts_have_no_idempotency_and_keep_a_marker() {
    let campus = Campus::open(&[]);
    let form =
        "postid=1&subject=Re&message=<p>Hi</p><span+class=\"ref-7\"></span><script>x</script><!--+c+-->";
    campus.call("mod_forum_add_discussion_post", form);
    campus.call("mod_forum_add_discussion_post", form);
    let posts =
        campus.call("mod_forum_get_discussion_posts", "discussionid=1&sortby=created&sortdirection=ASC");
    let messages: Vec<&str> =
        posts["posts"].as_array().unwrap().iter().map(|p| p["message"].as_str().unwrap()).collect();
    assert_eq!(
        messages,
        [
            "<p>Who are you?</p>",
            "<p>Hi</p><span class=\"ref-7\"></span>",
            "<p>Hi</p><span class=\"ref-7\"></span>"
        ]
    );
}
