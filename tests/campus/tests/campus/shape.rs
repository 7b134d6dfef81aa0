//! The shape of JSON answers: keys and types, learnt from many recordings.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

/// What was seen at one place of an answer.
#[derive(Debug, Default)]
pub struct Shape {
    types: BTreeSet<&'static str>,
    objects: usize,
    keys: BTreeMap<String, (usize, Shape)>,
    items: Option<Box<Shape>>,
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

impl Shape {
    /// Learns from one recorded answer.
    pub fn learn(&mut self, value: &Value) {
        self.types.insert(type_of(value));
        match value {
            Value::Object(map) => {
                self.objects += 1;
                for (name, child) in map {
                    let entry = self.keys.entry(name.clone()).or_default();
                    entry.0 += 1;
                    entry.1.learn(child);
                }
            }
            Value::Array(list) => {
                let items = self.items.get_or_insert_default();
                list.iter().for_each(|item| items.learn(item));
            }
            _ => {}
        }
    }

    /// What is wrong with an answer: types never recorded, unknown keys, keys that every recording has.
    pub fn faults(&self, value: &Value, place: &str, out: &mut Vec<String>) {
        if !self.types.contains(type_of(value)) {
            out.push(format!("{place}: {} where recordings have {:?}", type_of(value), self.types));
            return;
        }
        match value {
            Value::Object(map) => {
                for (name, child) in map {
                    match self.keys.get(name) {
                        Some((_, shape)) => shape.faults(child, &format!("{place}.{name}"), out),
                        None => out.push(format!("{place}.{name}: no recording has this key")),
                    }
                }
                for (name, (seen, _)) in &self.keys {
                    if *seen == self.objects && !map.contains_key(name) {
                        out.push(format!("{place}.{name}: missing, but every recording has it"));
                    }
                }
            }
            Value::Array(list) => {
                for item in list {
                    match &self.items {
                        Some(shape) if !shape.types.is_empty() => {
                            shape.faults(item, &format!("{place}[]"), out)
                        }
                        _ => out.push(format!("{place}[]: an item where no recording has one")),
                    }
                }
            }
            _ => {}
        }
    }
}

/// Every recording of a function or script, from all folders of the corpus.
pub fn recordings(name: &str) -> Vec<Value> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus/moodle");
    let mut out = Vec::new();
    collect(&root, name, &mut out);
    out
}

fn collect(dir: &Path, name: &str, out: &mut Vec<Value>) {
    let mut paths: Vec<_> = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, name, out);
            continue;
        }
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let bare = stem.trim_start_matches(|c: char| c.is_ascii_digit() || c == '-');
        if path.extension().is_some_and(|ending| ending == "json") && bare == name {
            let file: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            out.extend(file["recordings"].as_array().unwrap().iter().cloned());
        }
    }
}

/// Whether an answer is a refusal of any kind.
pub fn refused(value: &Value) -> bool {
    value.get("exception").is_some() || value.get("error").is_some_and(Value::is_string)
}

/// The shape of the good answers of a function.
pub fn good(name: &str) -> Shape {
    let mut shape = Shape::default();
    for recording in recordings(name) {
        let answer = &recording["response"]["json"];
        if recording["response"].get("json").is_some() && !refused(answer) {
            shape.learn(answer);
        }
    }
    assert!(!shape.types.is_empty(), "no recording of {name}");
    shape
}

/// The shape of refusals of all functions.
pub fn refusals() -> Shape {
    let mut shape = Shape::default();
    for name in
        ["core_webservice_get_site_info", "core_course_get_contents", "mod_forum_get_discussion_posts"]
    {
        for recording in recordings(name) {
            let answer = &recording["response"]["json"];
            if refused(answer) && answer.get("debuginfo").is_none() {
                shape.learn(answer);
            }
        }
    }
    shape
}
