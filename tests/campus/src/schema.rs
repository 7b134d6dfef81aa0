//! Which functions exist and what they may be asked: `schema.json`, cut from the recorded service description.
//! Must stay true: a parameter the real service refuses (missing, unknown, of the wrong type) is refused here.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::fault::Fault;
use crate::params::Param;

/// The service description.
#[derive(Debug, Deserialize)]
pub struct Schema {
    functions: BTreeMap<String, Function>,
    others: Vec<String>,
}

/// One function of the service.
#[derive(Debug, Deserialize)]
pub struct Function {
    /// What it takes.
    pub parameters: Node,
}

/// A parameter type.
#[derive(Debug, Deserialize)]
pub struct Node {
    t: String,
    #[serde(default)]
    keys: BTreeMap<String, Node>,
    items: Option<Box<Node>>,
    #[serde(default)]
    optional: bool,
    #[serde(default, deserialize_with = "present")]
    default: Option<Value>,
}

fn present<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(from).map(Some)
}

/// Whether a function can be called.
pub enum Lookup<'a> {
    /// The campus does it.
    Here(&'a Function),
    /// A Moodle has it, this service does not.
    NotInService,
    /// No Moodle has it.
    Unknown,
}

impl Schema {
    /// The built-in description.
    pub fn load() -> Result<Self, serde_json::Error> {
        serde_json::from_str(include_str!("schema.json"))
    }

    /// Finds a function.
    pub fn find(&self, name: &str) -> Lookup<'_> {
        match self.functions.get(name) {
            Some(function) => Lookup::Here(function),
            None if self.others.iter().any(|other| other == name) || name.starts_with("core_user_create") => {
                Lookup::NotInService
            }
            None => Lookup::Unknown,
        }
    }

    /// The names site_info lists.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.functions.keys().map(String::as_str)
    }
}

impl Function {
    /// The parameters with types and defaults, or the refusal.
    pub fn accept(&self, given: &Param) -> Result<Value, Fault> {
        self.parameters.accept(given)
    }
}

impl Node {
    fn accept(&self, given: &Param) -> Result<Value, Fault> {
        let refuse = || Fault::of("invalidparameter");
        match (self.t.as_str(), given) {
            ("object", Param::Group(children)) => {
                if children.keys().any(|name| !self.keys.contains_key(name)) {
                    return Err(refuse());
                }
                let mut out = Map::new();
                for (name, node) in &self.keys {
                    match (children.get(name), &node.default) {
                        (Some(child), _) => {
                            out.insert(name.clone(), node.accept(child)?);
                        }
                        (None, Some(default)) => {
                            out.insert(name.clone(), node.typed_default(default));
                        }
                        (None, None) if node.optional => {}
                        // An object whose members may all be missing may be missing itself.
                        (None, None) => return Err(refuse()),
                    }
                }
                Ok(Value::Object(out))
            }
            ("array", Param::Group(children)) => {
                let Some(item) = &self.items else { return Err(refuse()) };
                let mut ordered: Vec<(u64, &Param)> = Vec::new();
                for (name, child) in children {
                    ordered.push((name.parse().map_err(|_| refuse())?, child));
                }
                ordered.sort_by_key(|(at, _)| *at);
                ordered.into_iter().map(|(_, child)| item.accept(child)).collect()
            }
            ("object" | "array", Param::Text(_)) | (_, Param::Group(_)) => Err(refuse()),
            (kind, Param::Text(text)) => leaf(kind, text).ok_or_else(refuse),
        }
    }

    fn typed_default(&self, default: &Value) -> Value {
        match (self.t.as_str(), default) {
            ("int" | "bool", Value::String(text)) => leaf(&self.t, text).unwrap_or(Value::Null),
            _ => default.clone(),
        }
    }
}

fn leaf(kind: &str, text: &str) -> Option<Value> {
    let only = |extra: &str| {
        text.chars().all(|c| c.is_ascii_alphanumeric() || extra.contains(c)).then(|| Value::from(text))
    };
    match kind {
        "int" => text.trim().parse::<i64>().ok().map(Value::from),
        "bool" => match text {
            "1" | "true" => Some(Value::Bool(true)),
            "" | "0" | "false" => Some(Value::Bool(false)),
            _ => None,
        },
        "alpha" => text.chars().all(|c| c.is_ascii_alphabetic()).then(|| Value::from(text)),
        "alphanum" => only(""),
        "alphanumext" => only("_-"),
        _ => Some(Value::from(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(function: &str, form: &str) -> Result<Value, Fault> {
        let schema = Schema::load().unwrap();
        match schema.find(function) {
            Lookup::Here(found) => found.accept(&Param::parse(form)),
            _ => panic!("no such function"),
        }
    }

    #[test]
    fn missing_unknown_and_wrong_parameters_are_refused() {
        for form in ["", "courseid=abc", "courseid=2&bogus=1"] {
            let fault = ask("core_course_get_contents", form).unwrap_err();
            assert_eq!(fault.errorcode.as_deref(), Some("invalidparameter"));
        }
        assert!(ask("core_course_get_contents", "courseid=2").is_ok());
    }

    #[test]
    fn defaults_and_types_are_filled_in() {
        let got = ask("mod_quiz_get_user_attempts", "quizid=7").unwrap();
        assert_eq!(got["quizid"], 7);
        assert_eq!(got["status"], "finished");
        assert_eq!(got["includepreviews"], false);
    }
}
