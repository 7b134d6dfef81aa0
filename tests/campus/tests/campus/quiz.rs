//! The rules of an attempt, as the recorded sequences show them.

use serde_json::{Value, json};

use crate::client::{Campus, PREFLIGHT, data};

fn start(campus: &Campus, quiz: u32) -> Value {
    campus.call("mod_quiz_start_attempt", &format!("quizid={quiz}&{PREFLIGHT}"))
}

fn send(campus: &Campus, function: &str, attempt: u32, fields: &[(&str, &str)], more: &str) -> Value {
    campus.call(function, &format!("attemptid={attempt}&{}&{PREFLIGHT}{more}", data(fields)))
}

fn slot(campus: &Campus, attempt: u32, slot: u64) -> Value {
    let page = (slot - 1) / 4;
    let answer =
        campus.call("mod_quiz_get_attempt_data", &format!("attemptid={attempt}&page={page}&{PREFLIGHT}"));
    answer["questions"].as_array().unwrap().iter().find(|question| question["slot"] == slot).unwrap().clone()
}

const PROCESS: &str = "mod_quiz_process_attempt";
const SAVE: &str = "mod_quiz_save_attempt";

#[test]
fn a_stale_number_refuses_a_step_as_a_whole_and_is_ignored_by_an_autosave() {
    let campus = Campus::open(&[]);
    assert_eq!(start(&campus, 1)["attempt"]["state"], "inprogress");
    let first = [("q1:4_:sequencecheck", "1"), ("q1:4_answer", "1")];
    assert_eq!(send(&campus, SAVE, 1, &first, "")["status"], true);
    let saved = slot(&campus, 1, 4);
    assert_eq!(
        (&saved["sequencecheck"], &saved["hasautosavedstep"], &saved["state"]),
        (&json!(1), &json!(true), &json!("complete"))
    );
    assert!(saved["html"].as_str().unwrap().contains("checked=\"checked\""));
    assert_eq!(send(&campus, PROCESS, 1, &first, "")["state"], "inprogress");
    assert_eq!(slot(&campus, 1, 4)["sequencecheck"], 2);
    // The reply was lost, the same call comes again.
    assert_eq!(send(&campus, PROCESS, 1, &first, "")["errorcode"], "submissionoutofsequencefriendlymessage");
    // One stale slot refuses the fresh one beside it.
    let mixed = [
        ("q1:4_:sequencecheck", "1"),
        ("q1:4_answer", "0"),
        ("q1:5_:sequencecheck", "1"),
        ("q1:5_answer", "offline"),
    ];
    assert_eq!(
        send(&campus, PROCESS, 1, &mixed, "&finishattempt=1")["errorcode"],
        "submissionoutofsequencefriendlymessage"
    );
    assert_eq!(slot(&campus, 1, 5)["sequencecheck"], 1);
    // A stale autosave says yes and keeps nothing.
    assert_eq!(
        send(&campus, SAVE, 1, &[("q1:4_:sequencecheck", "1"), ("q1:4_answer", "0")], "")["status"],
        true
    );
    assert_eq!(slot(&campus, 1, 4)["hasautosavedstep"], false);
    // Unchanged answers with the right number, and answers without a number, make no step.
    send(&campus, PROCESS, 1, &[("q1:4_:sequencecheck", "2"), ("q1:4_answer", "1")], "");
    send(&campus, PROCESS, 1, &[("q1:4_answer", "0")], "");
    assert_eq!(slot(&campus, 1, 4)["sequencecheck"], 2);
}

#[test]
fn every_call_on_an_attempt_needs_the_confirmation() {
    let campus = Campus::open(&[]);
    start(&campus, 1);
    let words = "Please check and confirm that you do not have any unsaved work.";
    for (function, form) in [
        ("mod_quiz_get_attempt_data", "attemptid=1&page=0"),
        ("mod_quiz_get_attempt_summary", "attemptid=1"),
        (SAVE, "attemptid=1&data[0][name]=x&data[0][value]=y"),
        (PROCESS, "attemptid=1"),
        ("mod_quiz_start_attempt", "quizid=1"),
    ] {
        assert_eq!(campus.call(function, form)["errorcode"], words, "{function}");
    }
    assert_eq!(start(&campus, 1)["errorcode"], "attemptstillinprogress");
    let other = campus.sign_in("student2", "practice-2");
    let peek = campus
        .call_as(&other, "mod_quiz_get_attempt_data", &format!("attemptid=1&page=0&{PREFLIGHT}"))
        .unwrap();
    assert_eq!(peek["errorcode"], "notyourattempt");
}

#[test]
fn autosaved_answers_count_when_the_attempt_is_finished_empty() {
    let campus = Campus::open(&[]);
    start(&campus, 2);
    let fields = [
        ("q1:1_:sequencecheck", "1"),
        ("q1:1_answer", "1"),
        ("q1:2_:sequencecheck", "1"),
        ("q1:2_answer", " Offline "),
    ];
    send(&campus, SAVE, 1, &fields, "");
    assert_eq!(
        send(&campus, PROCESS, 1, &[], "&finishattempt=1"),
        json!({"state": "finished", "warnings": []})
    );
    let review = campus.call("mod_quiz_get_attempt_review", "attemptid=1");
    let states: Vec<&str> =
        review["questions"].as_array().unwrap().iter().map(|q| q["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["gradedright", "gradedright", "gaveup"]);
    assert_eq!(review["attempt"]["sumgrades"], 2);
    for function in [PROCESS, SAVE] {
        assert_eq!(send(&campus, function, 1, &fields, "")["errorcode"], "attemptalreadyclosed");
    }
    start(&campus, 2);
    send(&campus, PROCESS, 2, &[], "&finishattempt=1");
    let third = start(&campus, 2);
    assert_eq!(third["attempt"], json!([]));
    assert_eq!(third["warnings"][0]["message"], "No more attempts are allowed");
}

#[test]
fn answers_are_marked_by_shuffled_position() {
    let campus = Campus::open(&[]);
    start(&campus, 1);
    let html = |number: u64| slot(&campus, 1, number)["html"].as_str().unwrap().to_owned();
    let position = |html: &str, text: &str| {
        let before = &html[..html.find(&format!(">{text}</div>")).unwrap()];
        before.matches("data-region=\"answer-label\"").count() - 1
    };
    let (one, many) = (html(2), html(3));
    let right = position(&one, "206").to_string();
    let primes = [position(&many, "2"), position(&many, "3")].map(|at| format!("q1:3_choice{at}"));
    let table = html(7);
    let option = |word: &str| {
        let at = table.find(&format!(">{word}</option>")).unwrap();
        table[..at].rsplit("value=\"").next().unwrap().split('"').next().unwrap().to_owned()
    };
    let stem = |word: &str| {
        let at = table.find(&format!(">{word}</td>")).unwrap();
        let id = table[..at].rsplit("id=\"").next().unwrap().split('"').next().unwrap();
        id.trim_end_matches("_itemtext").to_owned()
    };
    let pairs =
        [("GET", "read"), ("PUT", "replace"), ("DELETE", "remove")].map(|(a, b)| (stem(a), option(b)));
    let mut fields = vec![("q1:2_answer", right.as_str()), ("q1:6_answer", "150,2")];
    for number in ["q1:2_:sequencecheck", "q1:3_:sequencecheck", "q1:6_:sequencecheck", "q1:7_:sequencecheck"]
    {
        fields.push((number, "1"));
    }
    primes.iter().for_each(|name| fields.push((name, "1")));
    pairs.iter().for_each(|(name, value)| fields.push((name, value)));
    send(&campus, PROCESS, 1, &fields, "&finishattempt=1");
    let review = campus.call("mod_quiz_get_attempt_review", "attemptid=1");
    let marks: Vec<&str> =
        review["questions"].as_array().unwrap().iter().map(|q| q["mark"].as_str().unwrap()).collect();
    assert_eq!(marks, ["", "1.00", "2.00", "", "", "1.00", "3.00"]);
    assert_eq!(review["attempt"]["sumgrades"], 7);
}

#[test]
fn answers_after_the_close_are_dropped_and_autosaved_ones_count() {
    let campus = Campus::open(&[]);
    start(&campus, 2);
    send(&campus, SAVE, 1, &[("q1:1_:sequencecheck", "1"), ("q1:1_answer", "1")], "");
    campus.ctl(&["close-quiz", "2", "3600"]);
    let late = [("q1:2_:sequencecheck", "1"), ("q1:2_answer", "offline")];
    assert_eq!(send(&campus, PROCESS, 1, &late, "&finishattempt=1")["state"], "finished");
    let review = campus.call("mod_quiz_get_attempt_review", "attemptid=1");
    assert_eq!(review["questions"][0]["state"], "gradedright");
    assert_eq!(review["questions"][1]["state"], "gaveup");
    assert_eq!(start(&campus, 2)["attempt"], json!([]));
    // Within the minute of grace everything counts.
    let prompt = Campus::open(&[]);
    start(&prompt, 2);
    prompt.ctl(&["close-quiz", "2", "30"]);
    send(&prompt, PROCESS, 1, &late, "&finishattempt=1");
    assert_eq!(
        prompt.call("mod_quiz_get_attempt_review", "attemptid=1")["questions"][1]["state"],
        "gradedright"
    );
    // A read that comes first closes the attempt.
    let reader = Campus::open(&[]);
    start(&reader, 2);
    reader.ctl(&["close-quiz", "2", "3600"]);
    let read = reader.call("mod_quiz_get_attempt_data", &format!("attemptid=1&page=0&{PREFLIGHT}"));
    assert_eq!(read["errorcode"], "attempterror");
    assert_eq!(send(&reader, PROCESS, 1, &late, "&finishattempt=1")["errorcode"], "attemptalreadyclosed");
}

#[test]
fn the_teacher_marks_the_essay_with_a_comment_and_says_so() {
    let campus = Campus::open(&["--grade-after", "3600"]);
    start(&campus, 2);
    let fields =
        [("q1:3_:sequencecheck", "1"), ("q1:3_answer", "<p>Own pace.</p>"), ("q1:3_answerformat", "1")];
    send(&campus, PROCESS, 1, &fields, "&finishattempt=1");
    let waiting = campus.call("mod_quiz_get_attempt_review", "attemptid=1");
    assert_eq!(
        (&waiting["grade"], &waiting["questions"][2]["state"]),
        (&Value::Null, &json!("needsgrading"))
    );
    assert_eq!(campus.call("mod_quiz_get_user_best_grade", "quizid=2")["hasgrade"], false);
    assert_eq!(campus.ctl(&["grade-now"])["marked"], 1);
    let marked = campus.call("mod_quiz_get_attempt_review", "attemptid=1");
    assert_eq!(
        (&marked["questions"][2]["state"], &marked["questions"][2]["mark"]),
        (&json!("mangrpartial"), &json!("4.00"))
    );
    assert!(marked["questions"][2]["html"].as_str().unwrap().contains("<div class=\"comment clearfix\">"));
    let notes = campus.call("message_popup_get_popup_notifications", "useridto=4");
    assert_eq!(
        (&notes["unreadcount"], &notes["notifications"][0]["component"]),
        (&json!(1), &json!("mod_quiz"))
    );
    assert_eq!(campus.ctl(&["grade-now"])["marked"], 0);
}
