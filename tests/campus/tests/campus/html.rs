//! Question HTML has the skeleton of the recorded HTML: elements, classes, roles and field names.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::client::{Campus, PREFLIGHT, data};
use crate::shape::recordings;

/// `tag.class[name]` of every element, with numbers and texts taken out.
fn skeleton(html: &str) -> BTreeSet<String> {
    let mut html = html.to_owned();
    while let Some(at) = html.find("<script") {
        let end = html[at..].find("</script>").map_or(html.len(), |end| at + end + 9);
        html.replace_range(at..end, "");
    }
    let mut out = BTreeSet::new();
    for tag in html.split('<').skip(1).filter_map(|part| part.split('>').next()) {
        let name: String = tag.chars().take_while(char::is_ascii_alphanumeric).collect();
        if name.is_empty()
            || matches!(name.as_str(), "p" | "b" | "em" | "br" | "code")
            || tag.starts_with("img src") && !tag.contains("questionflagimage")
        {
            continue;
        }
        let attribute = |key: &str| {
            let start = tag.find(&format!(" {key}=\""))? + key.len() + 3;
            let text: String = tag[start..].chars().take_while(|c| *c != '"').collect();
            Some(text.chars().filter(|c| !c.is_ascii_digit()).collect::<String>())
        };
        let mut line = name;
        for key in ["class", "name", "type", "role", "data-region", "for", "aria-labelledby"] {
            if let Some(value) = attribute(key) {
                line.push_str(&format!("[{key}={value}]"));
            }
        }
        out.insert(line);
    }
    out
}

/// Kind and state of a question; a multiple choice is told from a single one.
fn key(question: &Value) -> (String, String) {
    let html = question["html"].as_str().unwrap();
    let many = if html.contains("Select one or more") { "-many" } else { "" };
    (
        format!("{}{many}", question["type"].as_str().unwrap()),
        question["state"].as_str().unwrap_or("").to_owned(),
    )
}

fn recorded() -> BTreeMap<(String, String), (BTreeSet<String>, BTreeSet<String>)> {
    let mut out = BTreeMap::new();
    for name in ["mod_quiz_get_attempt_data", "mod_quiz_get_attempt_review"] {
        for recording in recordings(name) {
            for question in recording["response"]["json"]["questions"].as_array().into_iter().flatten() {
                let html = question["html"].as_str().unwrap();
                // Essays with file areas and teacher's views are other forms.
                if !html.contains("deferredfeedback")
                    && !html.contains("qtype_essay_editor")
                    && !html.contains("informationitem")
                    || html.contains("history")
                    || html.contains("filemanager")
                {
                    continue;
                }
                let bones = skeleton(html);
                let entry = out.entry(key(question)).or_insert_with(|| (bones.clone(), bones.clone()));
                entry.0.extend(bones.iter().cloned());
                entry.1.retain(|bone| bones.contains(bone));
            }
        }
    }
    out
}

fn compare(question: &Value, seen: &mut BTreeSet<(String, String)>, faults: &mut Vec<String>) {
    let recorded = recorded();
    let key = key(question);
    let Some((any, all)) = recorded.get(&key) else { return };
    let ours = skeleton(question["html"].as_str().unwrap());
    for bone in ours.difference(any) {
        faults.push(format!("{key:?}: {bone} is in no recording"));
    }
    for bone in all.difference(&ours) {
        // A recorded number had feedback on its answer; the course folder has none to give.
        if key.0 == "numerical" && bone.contains("specificfeedback") {
            continue;
        }
        faults.push(format!("{key:?}: {bone} is missing"));
    }
    seen.insert(key);
}

#[test]
fn question_html_has_the_skeleton_of_the_recordings() {
    let campus = Campus::open(&["--grade-after", "3600"]);
    let (mut seen, mut faults) = (BTreeSet::new(), Vec::new());
    let mut look = |campus: &Campus, function: &str, form: &str| {
        let answer = campus.call(function, form);
        for question in answer["questions"].as_array().unwrap_or_else(|| panic!("{answer}")) {
            compare(question, &mut seen, &mut faults);
        }
    };
    campus.call("mod_quiz_start_attempt", "quizid=1");
    campus.call("mod_quiz_start_attempt", "quizid=2");
    let pages = |campus: &Campus, look: &mut dyn FnMut(&Campus, &str, &str)| {
        for (attempt, page) in [(1, 0), (1, 1), (2, 0)] {
            look(
                campus,
                "mod_quiz_get_attempt_data",
                &format!("attemptid={attempt}&page={page}&{PREFLIGHT}"),
            );
        }
    };
    pages(&campus, &mut look);
    let one = data(&[
        ("q1:2_:sequencecheck", "1"),
        ("q1:2_answer", "0"),
        ("q1:3_:sequencecheck", "1"),
        ("q1:3_choice0", "1"),
        ("q1:4_:sequencecheck", "1"),
        ("q1:4_answer", "1"),
        ("q1:5_:sequencecheck", "1"),
        ("q1:5_answer", "offline"),
        ("q1:6_:sequencecheck", "1"),
        ("q1:6_answer", "150"),
    ]);
    campus.call("mod_quiz_save_attempt", &format!("attemptid=1&{one}&{PREFLIGHT}"));
    let two = data(&[("q2:3_:sequencecheck", "1"), ("q2:3_answer", "<p>t</p>"), ("q2:3_answerformat", "1")]);
    campus.call("mod_quiz_save_attempt", &format!("attemptid=2&{two}&{PREFLIGHT}"));
    pages(&campus, &mut look);
    for attempt in [1, 2] {
        campus.call("mod_quiz_process_attempt", &format!("attemptid={attempt}&finishattempt=1&{PREFLIGHT}"));
        look(&campus, "mod_quiz_get_attempt_review", &format!("attemptid={attempt}"));
    }
    campus.ctl(&["grade-now"]);
    look(&campus, "mod_quiz_get_attempt_review", "attemptid=2");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(seen.len() >= 14, "only {} kinds and states were compared: {seen:?}", seen.len());
}

#[test]
fn the_attempt_tells_no_right_answer_and_a_changed_skeleton_is_seen() {
    let campus = Campus::open(&[]);
    campus.call("mod_quiz_start_attempt", "quizid=1");
    let page = campus.call("mod_quiz_get_attempt_data", &format!("attemptid=1&page=0&{PREFLIGHT}"));
    let text = page.to_string();
    for word in ["rightanswer", "fa-circle-check", "specificfeedback", "generalfeedback"] {
        assert!(!text.contains(word), "{word}");
    }
    let mut broken = page["questions"][3].clone();
    let html = broken["html"].as_str().unwrap().replace("class=\"prompt", "class=\"question");
    broken["html"] = html.into();
    let (mut seen, mut faults) = (BTreeSet::new(), Vec::new());
    compare(&broken, &mut seen, &mut faults);
    assert_eq!(faults.len(), 2);
}
