//! Every kind of question: read from the recorded form, answered, and sent with exactly the recorded names and values;
//! read back out of the recorded review.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;

use daypack_course::quiz::blanks::BlankShape;
use daypack_course::quiz::picture::Point;
use daypack_course::quiz::{QuestionBody, Response};
use daypack_course::work::Answer;
use daypack_lms::moodle::question::fill::{Holds, compare};
use daypack_lms::moodle::question::{self, Slot};
use serde_json::{Value, json};

fn file(path: &str) -> Value {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/corpus/moodle-questions");
    let path = std::path::Path::new(folder).join(path);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap()
}

type Fields = BTreeMap<String, String>;

fn slots(path: &str) -> Vec<Slot> {
    let value = file(path)["recordings"][0]["response"]["json"].clone();
    value["questions"].as_array().unwrap().iter().filter_map(question::slot).collect()
}

fn fresh(sequence: &str, number: u32) -> Slot {
    let (folder, pages) = match sequence {
        "A" => ("quizA-deferred-feedback", 3..=6),
        _ => ("quizB-files-and-drag-images", 2..=4),
    };
    let mut found = pages.flat_map(|n| slots(&format!("{folder}/0{n}-mod_quiz_get_attempt_data.json")));
    found.find(|s| s.slot == number).unwrap()
}

/// What a recorded client sent for a slot, without what every slot has.
fn recorded(path: &str, prefix: &str) -> Fields {
    let value = file(path)["recordings"][0]["request"]["params"]["data"].clone();
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|d| (text(&d["name"]), text(&d["value"])))
        .filter(|(name, _)| name.starts_with(prefix) && !name.contains("_:"))
        .collect()
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

fn filled(values: &[(&str, &str)]) -> Response {
    Response::Filled { values: values.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect() }
}

const FINISH_A: &str = "quizA-deferred-feedback/19-mod_quiz_process_attempt.json";
const PAGE_A: &str = "quizA-deferred-feedback/12-mod_quiz_process_attempt.json";
const TWO_A: &str = "quizA-deferred-feedback/18-mod_quiz_process_attempt.json";
const REVIEW_A: &str = "quizA-deferred-feedback/23-mod_quiz_get_attempt_review.json";
const FINISH_B: &str = "quizB-files-and-drag-images/09-mod_quiz_process_attempt.json";
const REVIEW_B: &str = "quizB-files-and-drag-images/10-mod_quiz_get_attempt_review.json";

fn choice(id: &str) -> Response {
    Response::SingleChoice { choice: Some(id.to_owned()) }
}

fn order(ids: [&str; 4]) -> Response {
    Response::Ordering { order: ids.iter().map(|id| format!("ordering_item_{id}")).collect() }
}

const ORDER: [&str; 4] = [
    "729da88afac7c7142c6c571efb5fcb5b",
    "a896426f2a5e5698a0869ab01d3c6106",
    "883cd3962dccd884d13b5b58f2f5a25c",
    "b4e4b1729dfd92a02978c7ccafb19099",
];

/// Quiz, slot, what the learner answers, where a recorded client answered the same.
fn answered() -> Vec<(&'static str, u32, Response, &'static str)> {
    let number = |text: &str| Response::Number { text: text.to_owned(), unit: None };
    let several =
        |ids: &[&str]| Response::MultipleChoice { choices: ids.iter().map(|i| (*i).into()).collect() };
    vec![
        ("A", 2, choice("1"), PAGE_A),
        ("A", 3, several(&["choice0", "choice1"]), PAGE_A),
        ("A", 4, Response::TrueFalse { value: Some(false) }, PAGE_A),
        ("A", 5, Response::ShortText { text: "sha256".into() }, TWO_A),
        ("A", 6, number("150"), TWO_A),
        ("A", 7, number("1000 m"), FINISH_A),
        ("A", 8, Response::Matching { pairs: BTreeMap::new() }, FINISH_A),
        (
            "A",
            9,
            filled(&[
                ("sub1_answer", "Oslo"),
                ("sub2_answer", "42"),
                ("sub3_answer", "0"),
                ("sub4_answer", "0"),
                ("sub5_choice0", "1"),
                ("sub5_choice1", "1"),
            ]),
            FINISH_A,
        ),
        ("A", 10, filled(&[("p1", "1"), ("p2", "2"), ("p3", "1")]), FINISH_A),
        ("A", 11, filled(&[("p1", "1"), ("p2", "1")]), FINISH_A),
        ("A", 12, order(ORDER), FINISH_A),
        ("A", 13, number("7.3"), FINISH_A),
        (
            "A",
            14,
            Response::Essay { text: "1. own pace 2. rewatch 3. no dropouts — naïve ☃".into() },
            FINISH_A,
        ),
        // Plain essays come back in a field without a name.
        ("B", 2, Response::Essay { text: "see attached".into() }, FINISH_B),
        ("B", 4, filled(&[("p1", "1"), ("p2", "2")]), FINISH_B),
        (
            "B",
            5,
            Response::Markers { points: BTreeMap::from([("c1".into(), vec![Point { x: 160, y: 90 }])]) },
            FINISH_B,
        ),
        ("B", 6, several(&[]), FINISH_B),
    ]
}

#[test]
fn what_is_sent_has_exactly_the_recorded_names_and_values() {
    for (quiz, number, response, sent) in answered() {
        let slot = fresh(quiz, number);
        assert_ne!(slot.question().body, QuestionBody::Unsupported { what: slot.kind.clone() });
        let ours = slot.fill(&answer(response, &[])).unwrap_or_else(|| panic!("{} not placed", slot.kind));
        let mut theirs = recorded(sent, &slot.prefix);
        // The number of a draft area and the format are the form's own, drawn anew each time it is read.
        theirs.retain(|name, _| !name.ends_with("_attachments"));
        let mut ours = ours;
        ours.retain(|name, _| {
            !name.ends_with("_attachments") && theirs.contains_key(name) || slot.kind != "essay"
        });
        assert_eq!(ours, theirs, "{}", slot.kind);
    }
    // Controls: another answer is another request; what is not offered is not sent.
    let slot = fresh("A", 11);
    assert_ne!(
        slot.fill(&answer(filled(&[("p1", "2"), ("p2", "1")]), &[])).unwrap(),
        recorded(FINISH_A, &slot.prefix)
    );
    assert_eq!(slot.fill(&answer(filled(&[("p1", "9")]), &[])), None);
    assert_eq!(slot.fill(&answer(filled(&[("p9", "1")]), &[])), None);
    assert_eq!(fresh("A", 10).fill(&answer(filled(&[("p1", "9")]), &[])), None);
    assert_eq!(fresh("B", 5).fill(&answer(filled(&[("c1", "160,90")]), &[])), None);
    let short = Response::Ordering { order: vec![format!("ordering_item_{}", ORDER[0])] };
    assert_eq!(fresh("A", 12).fill(&answer(short, &[])), None);
}

#[test]
fn the_recorded_review_shows_every_answer_as_the_one_that_was_sent() {
    let reviews: BTreeMap<&str, Vec<Slot>> = BTreeMap::from([("A", slots(REVIEW_A)), ("B", slots(REVIEW_B))]);
    let mut compared = 0;
    for (quiz, number, response, _) in answered() {
        let empty = response.is_empty();
        let slot = fresh(quiz, number);
        let sent = slot.fill(&answer(response.clone(), &[])).unwrap();
        let held = reviews[quiz].iter().find(|s| s.slot == number).unwrap();
        let found = compare(held, &sent);
        assert_eq!(found, (!empty).then_some(Holds::Same), "{} {:?} {sent:?}", slot.kind, held.held());
        if !empty {
            assert_eq!(held.response(), Some(response), "{}", slot.kind);
            assert_eq!(slot.response(), None, "{} was fresh", slot.kind);
            assert_eq!(compare(&slot, &sent), Some(Holds::Nothing), "{}", slot.kind);
            compared += 1;
        }
    }
    assert_eq!(compared, 15);
    // Control: another order, another gap and another point are not taken for ours.
    let other = |quiz: &str, number: u32, response: Response| {
        let sent = fresh(quiz, number).fill(&answer(response, &[])).unwrap();
        compare(reviews[quiz].iter().find(|s| s.slot == number).unwrap(), &sent)
    };
    assert_eq!(other("A", 12, order([ORDER[1], ORDER[0], ORDER[2], ORDER[3]])), Some(Holds::Other));
    assert_eq!(other("A", 9, filled(&[("sub1_answer", "Bergen")])), Some(Holds::Other));
    let point = BTreeMap::from([("c1".into(), vec![Point { x: 1, y: 2 }])]);
    assert_eq!(other("B", 5, Response::Markers { points: point }), Some(Holds::Other));
}

#[test]
fn places_stand_in_the_text_where_the_form_had_its_fields() {
    let cloze = fresh("A", 9);
    assert_eq!(cloze.text(), "the capital of norway is ___. 7*6 = ___. pick: ___. radio: ___. multi: ___");
    let QuestionBody::Blanks(q) = cloze.question().body else { panic!() };
    let shapes: Vec<BlankShape> = q.blanks.iter().map(|b| b.shape).collect();
    use BlankShape::{Line, List, One, Piece, Several};
    assert_eq!(shapes, [Line, Line, List, One, Several]);
    assert_eq!(q.blanks[4].id, "sub5");
    assert_eq!(q.blanks[4].choices.iter().map(|c| c.id.as_str()).collect::<Vec<_>>()[2], "sub5_choice2");
    assert_eq!(q.blanks[2].choices[0].text_html, "right");
    let html = cloze.question().text_html;
    assert!(!html.contains("<input") && !html.contains("Answer 1") && !html.contains("Question text"));

    let words = fresh("A", 10);
    assert_eq!(words.text(), "drag: the ___ fetches, the ___ stores. extra ___ .");
    let QuestionBody::Blanks(q) = words.question().body else { panic!() };
    assert!(q.blanks.iter().all(|b| b.shape == Piece) && q.pieces.len() == 3);

    let QuestionBody::Picture(q) = fresh("B", 4).question().body else { panic!() };
    assert_eq!(q.spots.iter().map(|s| (s.at.x, s.at.y)).collect::<Vec<_>>(), [(20, 20), (200, 20)]);
    assert!(q.image.ends_with("/bg.png") && q.pieces[1].text_html == "right");
    let QuestionBody::Markers(q) = fresh("B", 5).question().body else { panic!() };
    assert_eq!((q.markers.len(), q.markers[0].most, q.markers[0].text_html.as_str()), (1, Some(1), "X"));
}

#[test]
fn a_shuffled_attempt_takes_pieces_and_choices_by_their_words() {
    let slot = fresh("A", 10);
    let by_words = answer(filled(&[("p1", "7")]), &[("p1=7", "database")]);
    assert_eq!(slot.fill(&by_words).unwrap()["q1:10_p1"], "2");
    let gap = fresh("A", 11);
    let by_words = answer(filled(&[("p2", "1")]), &[("p2=1", "prototype")]);
    assert_eq!(gap.fill(&by_words).unwrap()["q1:11_p2"], "2");
    // Control: words that are not there.
    assert_eq!(slot.fill(&answer(filled(&[("p1", "7")]), &[("p1=7", "cloud")])), None);
}

#[test]
fn a_number_goes_with_its_unit() {
    let form = json!({"slot": 6, "type": "numerical", "sequencecheck": 1, "html":
        "<input type='hidden' name='q1:6_:sequencecheck' value='1'><div class='qtext'>How long?</div>\
         <input type='text' name='q1:6_answer'><span class='unitchoices'>\
         <label><input type='radio' value='cm' name='q1:6_unit'>cm</label>\
         <label><input type='radio' value='m' name='q1:6_unit'>m</label></span>"});
    let slot = question::slot(&form).unwrap();
    let QuestionBody::Number(q) = slot.question().body else { panic!("{:?}", slot.question().body) };
    assert_eq!(q.units, ["cm", "m"]);
    let with = |unit: &str| Response::Number { text: "100".into(), unit: Some(unit.into()) };
    let sent = slot.fill(&answer(with("cm"), &[])).unwrap();
    assert_eq!((sent["q1:6_answer"].as_str(), sent["q1:6_unit"].as_str()), ("100", "cm"));
    assert_eq!(slot.fill(&answer(with("inch"), &[])), None);
}

#[test]
fn what_is_not_understood_in_full_is_not_shown_in_part() {
    let mut checked = 0;
    let pages = [
        "quizA-deferred-feedback/05-mod_quiz_get_attempt_data.json",
        "quizB-files-and-drag-images/03-mod_quiz_get_attempt_data.json",
    ];
    for path in pages {
        let value = file(path)["recordings"][0]["response"]["json"].clone();
        for mut entry in value["questions"].as_array().cloned().unwrap_or_default() {
            let kind = entry["type"].as_str().unwrap().to_owned();
            let broken = match kind.as_str() {
                "ddimageortext" => ("amd.init(", "amd.begin("),
                "ddmarker" => ("dropbackground", "elsewhere"),
                "ddwtos" => ("draghome", "elsewhere"),
                "ordering" => ("sortablelist", "elsewhere"),
                _ => continue,
            };
            entry["html"] = json!(entry["html"].as_str().unwrap().replace(broken.0, broken.1));
            let body = question::slot(&entry).unwrap().question().body;
            assert_eq!(body, QuestionBody::Unsupported { what: kind });
            checked += 1;
        }
    }
    assert_eq!(checked, 4);
}

#[test]
fn a_name_that_only_a_screen_reader_hears_is_no_part_of_the_text() {
    // As a Moodle 4.5.6 writes a short answer with its field inside of the text.
    let html = |class: &str| {
        format!(
            r#"<div class="que shortanswer"><div class="content"><div class="formulation clearfix">
            <input type="hidden" name="q3:1_:sequencecheck" value="1" /><div class="qtext"><div class="clearfix">Name an
            amphibian: <label for="q3:1_answer" class="{class}">Answer Question 1</label><input type="text"
            name="q3:1_answer" id="q3:1_answer" size="11" /></div></div></div></div></div>"#
        )
    };
    let text = |class: &str| {
        question::slot(&json!({"slot": 1, "type": "shortanswer", "html": html(class)})).unwrap().text_html
    };
    for unseen in ["sr-only", "accesshide", "visually-hidden"] {
        assert!(!text(unseen).contains("Answer Question") && text(unseen).contains("amphibian"), "{unseen}");
    }
    assert!(text("seen").contains("Answer Question 1"), "the control: what is seen stays");
}

#[test]
fn a_review_brings_what_the_site_says_to_each_answer_and_the_right_one() {
    let all = slots(REVIEW_A);
    let said = |number: u32| all.iter().find(|s| s.slot == number).unwrap().outcome_html.clone();
    let chosen = said(2);
    // Beside what was chosen, to the whole, and the right answer; the hidden heading is no part of it.
    for wanted in ["Yes", "Your answer is correct.", "206 Partial Content.", "The correct answer is: 206"] {
        assert!(chosen.contains(wanted), "{wanted} in {chosen}");
    }
    assert!(!chosen.contains("<h4"), "{chosen}");
    assert!(said(4).contains("The correct answer is 'False'."));
    assert_eq!(said(1), "", "the control: a description is not judged");
    // While it is worked nothing is said.
    assert!((1..=3).all(|n| fresh("A", n).outcome_html.is_empty()));
}
