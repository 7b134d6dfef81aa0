//! Every recorded answer that the connector reads is read: nothing panics, nothing is lost in silence.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::collections::BTreeMap;

use daypack_course::AccountId;
use daypack_course::TimeMs;
use daypack_course::feedback::QuestionState;
use daypack_course::outline::{Binding, ItemBody};
use daypack_course::quiz::{QuestionBody, Response};
use daypack_course::work::Answer;
use daypack_lms::moodle::question::{self, fill};
use daypack_lms::moodle::rest::Reply;
use daypack_lms::moodle::{assign, feedback, forum, outline, words};
use daypack_lms::{Secret, Session};
use serde_json::{Value, json};
use support::{all_of, recording};

fn session() -> Session {
    Session {
        account: AccountId::new("acc"),
        site: "https://moodle.example".into(),
        remote_user: "4".into(),
        token: Secret::new("canary"),
    }
}

fn binding(module: &str) -> Binding {
    Binding {
        site: "https://moodle.example".into(),
        course: "2".into(),
        module: module.into(),
        cmid: "11".into(),
        instance: "1".into(),
    }
}

fn details() -> BTreeMap<String, Vec<Value>> {
    let mut out = BTreeMap::new();
    for (kind, file, key) in [
        ("quiz", "mod_quiz_get_quizzes_by_courses", "quizzes"),
        ("assign", "mod_assign_get_assignments", "courses"),
        ("forum", "mod_forum_get_forums_by_courses", ""),
        ("url", "mod_url_get_urls_by_courses", "urls"),
    ] {
        if let Some(answer) = all_of(file).into_iter().next() {
            out.insert(kind.to_owned(), outline::entries(kind, key, &answer));
        }
    }
    out
}

#[test]
fn every_recorded_listing_becomes_a_course_without_dangling_files() {
    let mut listings = 0;
    for listing in all_of("core_course_get_contents") {
        if !listing.is_array() {
            continue;
        }
        listings += 1;
        let course =
            outline::build(&session(), "2", &listing, &json!({"fullname": "C"}), &details()).unwrap();
        assert_eq!(course.check(), Vec::<String>::new());
        let modules: usize =
            listing.as_array().unwrap().iter().map(|s| s["modules"].as_array().map_or(0, Vec::len)).sum();
        let labels = listing
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|s| s["modules"].as_array().cloned().unwrap_or_default())
            .filter(|m| m["modname"] == "label")
            .count();
        assert!(course.items().count() >= modules - labels);
        let text = serde_json::to_string(&course).unwrap();
        assert!(!text.contains("token="), "an address with a token");
        for asset in course.assets.values() {
            assert!(asset.remote.as_ref().unwrap().url.contains("/webservice/pluginfile.php/"));
        }
    }
    assert!(listings >= 8, "{listings}");
    // Control: what is no listing is no course.
    assert!(outline::build(&session(), "2", &json!({"x": 1}), &Value::Null, &details()).is_err());
}

#[test]
fn the_full_listing_has_the_kinds_that_were_seeded() {
    let listing = recording("functions/core_course_get_contents.json", "ok-full");
    let course =
        outline::build(&session(), "2", &listing, &json!({"fullname": "Offline Learning 101"}), &details())
            .unwrap();
    assert_eq!(course.id.as_str(), "moodle:moodle.example:2");
    let item = |id: &str| course.items().find(|i| i.id.as_str() == id).unwrap_or_else(|| panic!("no {id}"));
    assert!(matches!(&item("cm9").body, ItemBody::Video(v) if v.renditions.len() == 1));
    let ItemBody::Reading(pdf) = &item("cm8").body else { panic!() };
    let asset = &course.assets[&pdf.main];
    assert_eq!((asset.media_type.as_str(), asset.size), ("application/pdf", Some(602)));
    let ItemBody::Reading(page) = &item("cm4").body else { panic!() };
    assert_eq!(course.assets[&page.main].size, None, "a page's size is not known beforehand");
    assert!(page.files.contains_key("diagram.png"));
    assert!(matches!(&item("cm11").body, ItemBody::Quiz(q) if q.start_online && q.questions.is_empty()));
    let ItemBody::Assignment(a) = &item("cm23").body else { panic!() };
    assert!(a.accepts_text && a.max_files == 3 && a.max_grade == Some(100.0), "{a:?}");
    assert!(matches!(&item("cm29").body, ItemBody::Discussion(_)));
    assert!(item("cm41").locked.as_deref().unwrap().contains("Reading 1 (PDF)"));
    assert!(item("cm8").locked.is_none());
    if let ItemBody::Link(link) = &item("cm6").body {
        assert!(link.address.starts_with("https://www.w3.org/"));
    }
    let general = &course.sections[0];
    assert!(general.summary.contains("Welcome!"), "a label's words stay");
    assert_eq!(item("cm8").bindings[0].instance, "1");
}

#[test]
fn every_recorded_question_is_read_or_named_as_not_workable() {
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for answer in all_of("mod_quiz_get_attempt_data") {
        for entry in answer["questions"].as_array().cloned().unwrap_or_default() {
            let slot = question::slot(&entry).unwrap();
            assert!(!slot.prefix.is_empty() && !slot.sequence.is_empty(), "{}", slot.kind);
            let face = slot.question();
            let workable = !matches!(face.body, QuestionBody::Unsupported { .. });
            let fits = match (slot.kind.as_str(), &face.body) {
                ("multichoice", QuestionBody::SingleChoice(q)) => {
                    q.choices.len() >= 2 && q.choices.iter().all(|c| !c.text_html.is_empty())
                }
                ("multichoice", QuestionBody::MultipleChoice(q)) => {
                    q.choices.len() >= 2 && q.choices.iter().all(|c| !c.text_html.is_empty())
                }
                ("truefalse", QuestionBody::TrueFalse(_))
                | ("shortanswer", QuestionBody::ShortText(_))
                | ("numerical" | "calculated", QuestionBody::Number(_))
                | ("essay", QuestionBody::Essay(_))
                | ("description", QuestionBody::Description {}) => true,
                ("match", QuestionBody::Matching(q)) => {
                    q.left.len() >= 2
                        && q.right.len() >= q.left.len()
                        && q.left.iter().all(|s| !s.text_html.is_empty())
                }
                ("multianswer" | "gapselect" | "ddwtos", QuestionBody::Blanks(_))
                | ("ddimageortext", QuestionBody::Picture(_))
                | ("ddmarker", QuestionBody::Markers(_))
                | ("ordering", QuestionBody::Ordering(_)) => true,
                (
                    "multichoice" | "truefalse" | "shortanswer" | "numerical" | "match" | "essay"
                    | "description" | "multianswer" | "gapselect" | "ddwtos" | "ddimageortext" | "ddmarker"
                    | "ordering",
                    _,
                ) => false,
                _ => !workable,
            };
            assert!(fits, "{} became {:?}", slot.kind, face.body);
            assert!(!slot.text_html.contains("<script"));
            assert!(!face.text_html.is_empty() || !workable, "{}", slot.kind);
            *kinds.entry(slot.kind).or_default() += 1;
        }
    }
    for kind in ["multichoice", "truefalse", "shortanswer", "numerical", "match", "essay", "description"] {
        assert!(kinds.contains_key(kind), "no recorded {kind}: {kinds:?}");
    }
    // Controls: a form with certainty marks or without its field is not workable.
    let strange = json!({"slot": 1, "type": "shortanswer", "sequencecheck": 1, "html":
        "<input name='q1:1_:sequencecheck' value='1'><div class='qtext'>t</div><input type='text' name='q1:1_answer'><input type='radio' name='q1:1_-certainty' value='1'>"});
    assert!(matches!(question::slot(&strange).unwrap().question().body, QuestionBody::Unsupported { .. }));
    let bare = json!({"slot": 1, "type": "essay", "sequencecheck": 1, "html": "<div class='qtext'>t</div>"});
    assert!(matches!(question::slot(&bare).unwrap().question().body, QuestionBody::Unsupported { .. }));
    assert!(question::slot(&json!({"type": "essay"})).is_none());
}

fn answer(response: Response, labels: &[(&str, &str)]) -> Answer {
    Answer {
        question: "q".into(),
        slot: None,
        text: String::new(),
        response,
        labels: labels.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
    }
}

fn first(kind: &str, multiple: bool) -> question::Slot {
    all_of("mod_quiz_get_attempt_data")
        .iter()
        .flat_map(|a| a["questions"].as_array().cloned().unwrap_or_default())
        .filter_map(|e| question::slot(&e))
        .find(|s| {
            s.kind == kind && (!multiple || matches!(s.question().body, QuestionBody::MultipleChoice(_)))
        })
        .unwrap()
}

#[test]
fn choices_are_found_by_their_text_where_the_order_differs() {
    let slot = first("multichoice", false);
    let QuestionBody::SingleChoice(q) = slot.question().body else { panic!() };
    let last = q.choices.last().unwrap();
    let text = words::plain(&last.text_html);
    let single = |id: &str| Response::SingleChoice { choice: Some(id.to_owned()) };
    let filled = slot.fill(&answer(single("b"), &[("b", &text)])).unwrap();
    assert_eq!(filled[&format!("{}answer", slot.prefix)], last.id);
    // The text decides over an id that means another choice here.
    let filled = slot.fill(&answer(single(&q.choices[0].id), &[(&q.choices[0].id, &text)])).unwrap();
    assert_eq!(filled[&format!("{}answer", slot.prefix)], last.id);
    // Controls: a text that is not there, and an id that is not there.
    assert_eq!(slot.fill(&answer(single("b"), &[("b", "never offered")])), None);
    assert_eq!(slot.fill(&answer(single("b"), &[])), None);
    assert_eq!(slot.fill(&answer(Response::Essay { text: "x".into() }, &[])), None);
}

#[test]
fn boxes_that_were_not_ticked_are_sent_as_such() {
    let slot = first("multichoice", true);
    let QuestionBody::MultipleChoice(q) = slot.question().body else { panic!() };
    let filled =
        slot.fill(&answer(Response::MultipleChoice { choices: vec![q.choices[1].id.clone()] }, &[])).unwrap();
    let on: Vec<&str> = filled.values().map(String::as_str).collect();
    assert_eq!(on.iter().filter(|v| **v == "1").count(), 1);
    assert_eq!(on.iter().filter(|v| **v == "0").count(), q.choices.len() - 1);
}

#[test]
fn essays_go_as_html_with_their_format() {
    let slot = first("essay", false);
    let filled = slot.fill(&answer(Response::Essay { text: "a < b\n\nc".into() }, &[])).unwrap();
    let text = &filled[&format!("{}answer", slot.prefix)];
    match filled.get(&format!("{}answerformat", slot.prefix)).map(String::as_str) {
        Some("1") => assert_eq!(text, "<p>a &lt; b</p><p>c</p>"),
        _ => assert_eq!(text, "a < b\n\nc"),
    }
}

fn review(path: &str) -> Value {
    support::file(path)["recordings"][0]["response"]["json"].clone()
}

#[test]
fn a_review_proves_what_is_in_and_what_was_dropped() {
    let kept = recording("functions/mod_quiz_get_attempt_review.json", "quizC-30s-late");
    let dropped = recording("functions/mod_quiz_get_attempt_review.json", "quizT-14min-late-dropped");
    let sent = |q: &str, word: &str| {
        BTreeMap::from([
            (format!("{q}:1_answer"), "1".to_owned()),
            (format!("{q}:1_:sequencecheck"), "1".to_owned()),
            (format!("{q}:2_answer"), word.to_owned()),
        ])
    };
    let judged = |review: &Value, sent: &BTreeMap<String, String>| -> Vec<fill::Holds> {
        let slots = review["questions"].as_array().unwrap().iter().filter_map(question::slot);
        slots.filter_map(|s| fill::compare(&s, sent)).collect()
    };
    assert_eq!(judged(&kept, &sent("q5", "offline")), [fill::Holds::Same, fill::Holds::Same]);
    assert_eq!(judged(&dropped, &sent("q8", "offline")), [fill::Holds::Nothing, fill::Holds::Nothing]);
    // Control: another word is not taken for ours.
    assert_eq!(judged(&kept, &sent("q5", "online")), [fill::Holds::Same, fill::Holds::Other]);
}

#[test]
fn the_number_minus_one_is_an_answer_and_a_cleared_choice_is_none() {
    let form = |field: &str| {
        let html = format!("<input name='q1:1_:sequencecheck' value='2'><div class='qtext'>t</div>{field}");
        question::slot(&json!({"slot": 1, "type": "numerical", "sequencecheck": 2, "html": html})).unwrap()
    };
    let sent = BTreeMap::from([("q1:1_answer".to_owned(), "-1".to_owned())]);
    let line =
        |value: &str| form(&format!("<input type='text' name='q1:1_answer' value='{value}' readonly>"));
    assert_eq!(fill::compare(&line("-1"), &sent), Some(fill::Holds::Same));
    assert_eq!(fill::compare(&line(""), &sent), Some(fill::Holds::Nothing));
    assert_eq!(fill::compare(&form("<input type='radio' name='q1:1_answer' value='0'>"), &sent), None);
}

#[test]
fn a_marked_quiz_becomes_feedback_with_marks_and_comment() {
    let value = review("sequences/quizA-deferred-feedback/27-mod_quiz_get_attempt_review.json");
    let reply = Reply { value, at: TimeMs(0) };
    let said = feedback::of_review(&reply, Some(100.0), &session(), &binding("quiz")).unwrap();
    let grade = said.grade.clone().unwrap();
    assert!(grade.is_final && (grade.value.unwrap() - 83.928).abs() < 0.01);
    let essay = said.questions.iter().find(|q| q.slot == 14).unwrap();
    assert_eq!(essay.state, QuestionState::Partly);
    assert_eq!(essay.mark, Some(4.5));
    assert_eq!(essay.comment_html, "<p>Clear and short. Add a source next time.</p>");
    assert_eq!(said.comment_html, "<p>Well done</p>");

    let waiting = review("sequences/quizA-deferred-feedback/23-mod_quiz_get_attempt_review.json");
    let early = feedback::of_review(
        &Reply { value: waiting, at: TimeMs(0) },
        Some(100.0),
        &session(),
        &binding("quiz"),
    )
    .unwrap();
    assert!(!early.grade.as_ref().unwrap().is_final);
    assert_eq!(early.id, said.id);
    assert_ne!(early.version, said.version);
}

#[test]
fn every_recorded_review_and_status_is_read() {
    let mut seen = 0;
    for value in all_of("mod_quiz_get_attempt_review") {
        let _ = feedback::of_review(&Reply { value, at: TimeMs(0) }, None, &session(), &binding("quiz"));
        seen += 1;
    }
    for value in all_of("mod_assign_get_submission_status") {
        if value.get("exception").is_some() {
            continue;
        }
        let status = assign::read_status(&value, TimeMs(0));
        let told = feedback::of_assignment(&value, &session(), &binding("assign"));
        let graded = value["feedback"]["gradefordisplay"].as_str().is_some_and(|g| g.contains("/"));
        assert_eq!(told.is_some_and(|f| f.grade.is_some()), graded);
        let expected = value["lastattempt"]["submission"]["status"].as_str().unwrap_or_default();
        assert_eq!(status.state, expected);
        seen += 1;
    }
    assert!(seen > 15, "{seen}");
}

#[test]
fn a_graded_assignment_brings_comment_and_recorded_message() {
    let value = review("sequences/assignD-draft-submit-grade/17-mod_assign_get_submission_status.json");
    let said = feedback::of_assignment(&value, &session(), &binding("assign")).unwrap();
    let grade = said.grade.unwrap();
    assert_eq!((grade.value, grade.max), (Some(87.5), Some(100.0)));
    assert!(said.comment_html.contains("Watch the citations"));
    assert_eq!(
        said.files.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(),
        ["feedback.txt", "spoken-feedback.mp3"]
    );
    // Control: handed in and not graded is no feedback.
    let value = review("sequences/assignD-draft-submit-grade/13-mod_assign_get_submission_status.json");
    assert_eq!(feedback::of_assignment(&value, &session(), &binding("assign")), None);
}

#[test]
fn recorded_posts_are_read_with_their_parents() {
    let value = review("sequences/forum-reply-and-duplicates/03-mod_forum_get_discussion_posts.json");
    let posts: Vec<_> = value["posts"].as_array().unwrap().iter().map(forum::post).collect();
    assert!(posts.len() >= 3);
    assert!(
        posts.iter().any(|p| p.parent.is_none()) && posts.iter().any(|p| p.parent.as_deref() == Some("2"))
    );
    assert!(posts.iter().all(|p| p.work.is_none() && p.at.0 > 0 && !p.author.is_empty()));
}
