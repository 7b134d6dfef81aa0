//! Every way a site can say no: HTTP statuses, answers that are none, and what a Moodle was recorded to say.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::practice::root;

/// One way of saying no.
#[derive(Clone, Debug)]
pub struct No {
    /// For messages.
    pub name: String,
    /// The answer as it goes over the wire; empty cuts the line.
    pub wire: Vec<u8>,
    /// The site says that the sign-in is over.
    pub ends_sign_in: bool,
    /// A front end says so before any learning site is asked.
    pub front_end: bool,
}

const STATUSES: &[u16] = &[
    400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 421, 422, 423,
    424, 425, 426, 428, 429, 431, 451, 499, 500, 501, 502, 503, 504, 505, 507, 508, 511, 520, 522, 524, 530,
    599,
];
const PAGE: &str = "<!DOCTYPE html><html><head><title>No</title></head><body><h1>No</h1></body></html>";

/// Codes that mean "sign in again".
const SIGN_IN: &[&str] = &[
    "invalidtoken",
    "accessexception",
    "wsaccessusersuspended",
    "invalidprivatetoken",
    "sitepolicynotagreed",
];

/// A whole answer.
pub fn wire(status: u16, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut out = format!("HTTP/1.1 {status} No\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers {
        out.push_str(&format!("{name}: {value}\r\n"));
    }
    format!("{out}\r\n{body}").into_bytes()
}

fn no(name: impl Into<String>, wire: Vec<u8>) -> No {
    No { name: name.into(), wire, ends_sign_in: false, front_end: false }
}

/// Statuses, and answers that are none.
pub fn of_the_wire() -> Vec<No> {
    let html = [("Content-Type", "text/html")];
    let json = [("Content-Type", "application/json")];
    let mut out: Vec<No> = STATUSES
        .iter()
        .map(|status| No {
            front_end: (400..500).contains(status) && !matches!(status, 400 | 408 | 409 | 429 | 499),
            ..no(format!("{status} page"), wire(*status, &html, PAGE))
        })
        .collect();
    for status in [401, 403, 404, 413, 429, 500, 502, 503, 504] {
        out.push(no(format!("{status} empty"), wire(status, &[], "")));
        out.push(no(format!("{status} json"), wire(status, &json, "{\"error\":\"no\"}")));
    }
    for (status, after) in [(429, "7"), (503, "300"), (503, "Wed, 21 Oct 2026 07:28:00 GMT"), (503, "-5")] {
        out.push(no(format!("{status} after {after}"), wire(status, &[("Retry-After", after)], PAGE)));
    }
    for (status, to) in [(302, "http://portal.example/"), (303, "/login/index.php"), (307, "/"), (308, "/x")]
    {
        out.push(no(format!("{status} to {to}"), wire(status, &[("Location", to)], "")));
    }
    out.extend([
        no("200 page", wire(200, &html, PAGE)),
        no("200 page called JSON", wire(200, &json, PAGE)),
        no("200 empty", wire(200, &json, "")),
        no("204", wire(204, &[], "")),
        no(
            "200 PHP warning",
            wire(200, &html, "<br />\n<b>Warning</b>: Undefined index in /x.php on line 5"),
        ),
        no("200 PHP fatal", wire(200, &json, "PHP Fatal error: Out of memory")),
        no("200 half an answer", wire(200, &json, "{\"warnings\": [")),
        no("200 null", wire(200, &json, "null")),
        no("200 false", wire(200, &json, "false")),
        no("200 {}", wire(200, &json, "{}")),
        no(
            "200 XML",
            wire(200, &[("Content-Type", "application/xml")], "<?xml version=\"1.0\"?><RESPONSE/>"),
        ),
        no("line cut", Vec::new()),
        no("line cut in the head", b"HTTP/1.1 200 OK\r\nContent-Le".to_vec()),
        no(
            "line cut in the body",
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n[".to_vec(),
        ),
        no("not HTTP", b"220 mail.example ESMTP\r\n".to_vec()),
    ]);
    out
}

/// Every distinct refusal of the recordings, as it was answered (status 200).
pub fn of_moodle() -> Vec<No> {
    let mut found = BTreeMap::new();
    each_recording(&root().join("tests/corpus/moodle"), &mut |_, answer| {
        let Some(object) = answer.as_object() else { return };
        let refusal = object.contains_key("exception") && object.contains_key("message")
            || object.get("error").is_some_and(Value::is_string) && object.contains_key("errorcode");
        if refusal {
            let code = object.get("errorcode").and_then(Value::as_str).unwrap_or("(none)").to_owned();
            let shape = if object.contains_key("exception") { "REST" } else { "script" };
            found.entry((code, shape)).or_insert_with(|| answer.to_string());
        }
    });
    let json = [("Content-Type", "application/json; charset=utf-8")];
    found
        .into_iter()
        .map(|((code, shape), body)| No {
            ends_sign_in: SIGN_IN.contains(&code.as_str()),
            ..no(format!("{shape} {code}"), wire(200, &json, &body))
        })
        .collect()
}

/// What one function was recorded to answer with warnings instead of doing what was asked.
pub fn warnings_of(function: &str) -> Vec<No> {
    let mut found = BTreeMap::new();
    each_recording(&root().join("tests/corpus/moodle"), &mut |of, answer| {
        let list = answer.as_array().or_else(|| answer.get("warnings").and_then(Value::as_array));
        let attempt_missing =
            answer.get("attempt").is_none_or(|a| a.as_object().is_none_or(|a| a.is_empty()));
        if of == function
            && attempt_missing
            && let Some(first) = list.and_then(|l| l.first())
            && first.get("warningcode").is_some()
        {
            found
                .entry(first["message"].to_string() + &first["item"].to_string())
                .or_insert(answer.to_string());
        }
    });
    let json = [("Content-Type", "application/json; charset=utf-8")];
    found.into_iter().map(|(said, body)| no(format!("warning {said}"), wire(200, &json, &body))).collect()
}

/// Calls `take` with function and JSON answer of each recording below `folder`.
fn each_recording(folder: &Path, take: &mut dyn FnMut(&str, &Value)) {
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            each_recording(&path, take);
        } else if path.extension().is_some_and(|e| e == "json") {
            let value: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
            let named = value["function"].as_str().unwrap_or_default().to_owned();
            walk(&value, &named, take);
        }
    }
}

fn walk(value: &Value, function: &str, take: &mut dyn FnMut(&str, &Value)) {
    match value {
        Value::Object(map) => {
            let function = map.get("function").and_then(Value::as_str).unwrap_or(function);
            if let Some(answer) = map.get("response").and_then(|r| r.get("json")) {
                take(function, answer);
            }
            for (key, inner) in map {
                if key != "response" {
                    walk(inner, function, take);
                }
            }
        }
        Value::Array(all) => all.iter().for_each(|inner| walk(inner, function, take)),
        _ => {}
    }
}
