//! The REST endpoint: token, function, parameters, answer.
//! Must stay true: every refusal is HTTP 200; without `moodlewsrestformat=json` the answer is XML.

use axum::body::Body;
use axum::http::Response;
use serde_json::{Value, json};

use crate::campus::{Caller, Campus};
use crate::fault::Fault;
use crate::functions;
use crate::params::Param;
use crate::reply::{self, Reply};
use crate::schema::Lookup;
use crate::site::{self, USERS, User};
use crate::world::World;

/// Fields that steer the endpoint and are no parameters of the function.
const STEERING: &[&str] = &[
    "wstoken",
    "wsfunction",
    "moodlewsrestformat",
    "moodlewssettingfilter",
    "moodlewssettingfileurl",
    "moodlewssettingraw",
    "moodlewssettinglang",
];

/// Answers a call.
pub fn serve(campus: &Campus, mut form: Param) -> Reply {
    let steer = |form: &Param, name: &str| form.text(name).unwrap_or("").to_owned();
    let (token, function) = (steer(&form, "wstoken"), steer(&form, "wsfunction"));
    let xml = form.text("moodlewsrestformat") != Some("json");
    for name in STEERING {
        form.take(name);
    }
    let planned = campus.switches.fails(&function);
    if planned.as_deref() == Some("503") {
        return Reply::new(function, cli_maintenance());
    }
    let answer = campus
        .with(|world| match planned {
            Some(code) => failure(&code, &form),
            None => call(campus, world, &token, &function, &form),
        })
        .unwrap_or_else(|broken| Err(Fault::bare(&broken.to_string())));
    let value = match &answer {
        Ok(value) => value.clone(),
        Err(fault) => fault.rest(),
    };
    let response = if xml { as_xml(&answer) } else { reply::rest(&value) };
    Reply::new(function, response)
}

/// The words of a planned error.
fn failure(code: &str, form: &Param) -> Result<Value, Fault> {
    let id = form.text("assignmentid").and_then(|id| id.parse::<i64>().ok()).unwrap_or(0);
    match code {
        "couldnotsavesubmission" => Ok(json!([{"item": "The due date for this assignment has now passed",
            "itemid": id, "warningcode": code, "message": "Could not save submission."}])),
        "couldnotsubmitforgrading" => {
            Ok(json!([{"item": format!("User id: 4, Assignment id: {id} Notices:"),
            "itemid": id, "warningcode": code, "message": "Could not submit assignment for grading."}]))
        }
        _ => Err(Fault::of(code)),
    }
}

/// Whether a code can be planned.
pub fn can_fail_with(code: &str) -> bool {
    matches!(code, "503" | "couldnotsavesubmission" | "couldnotsubmitforgrading")
        || Fault::known(code).is_some()
}

fn call(
    campus: &Campus,
    world: &mut World,
    token: &str,
    function: &str,
    form: &Param,
) -> Result<Value, Fault> {
    let user = authenticate(campus, world, token)?;
    let described = match campus.schema.find(function) {
        Lookup::Here(described) => described,
        Lookup::NotInService => return Err(Fault::of("accessexception")),
        Lookup::Unknown => return Err(Fault::no_record("external_functions")),
    };
    let params = described.accept(form)?;
    let deed = functions::find(function).ok_or_else(|| Fault::no_record("external_functions"))?;
    deed(campus, world, &Caller { user, now: site::now() }, &params)
}

/// Who a token stands for.
pub fn authenticate(campus: &Campus, world: &mut World, token: &str) -> Result<&'static User, Fault> {
    if campus.switches.is_maintenance() {
        return Err(Fault::of("sitemaintenance"));
    }
    let found = world.tokens.iter().position(|known| known.token == token && !token.is_empty());
    let at = found.ok_or_else(|| Fault::of("invalidtoken"))?;
    let known = world.tokens.get(at).ok_or_else(|| Fault::of("invalidtoken"))?;
    let user = USERS.iter().find(|user| user.id == known.user).ok_or_else(|| Fault::of("invalidtoken"))?;
    if known.expired {
        // Noticed once, then gone: the next call finds no such token.
        world.tokens.remove(at);
        world.touch();
        return Err(Fault::of("accessexception"));
    }
    if world.suspended.contains(user.username) {
        return Err(Fault::suspended(user.username));
    }
    Ok(user)
}

/// Maintenance switched on at the server's command line.
pub fn cli_maintenance() -> Response<Body> {
    reply::response(
        503,
        &[("Content-Type", "text/html; charset=utf-8"), ("Retry-After", "300")],
        "<!DOCTYPE html>\n<html  lang=\"en\" xml:lang=\"en\">\n    <head>\n        <title>The site is undergoing \
         maintenance and is currently not available</title>\n    </head><body></body></html>",
    )
}

fn as_xml(answer: &Result<Value, Fault>) -> Response<Body> {
    let body = match answer {
        Ok(value) => format!("<RESPONSE>\n{}</RESPONSE>\n", xml_value(value)),
        Err(fault) => format!(
            "<EXCEPTION class=\"{}\">\n<ERRORCODE>{}</ERRORCODE>\n<MESSAGE>{}</MESSAGE>\n</EXCEPTION>\n",
            fault.exception,
            site::escape(fault.errorcode.as_deref().unwrap_or("")),
            site::escape(&fault.message)
        ),
    };
    let mut response = reply::response(
        200,
        &reply::rest_headers("application/xml; charset=utf-8"),
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n{body}"),
    );
    response.headers_mut().insert(
        "content-disposition",
        axum::http::HeaderValue::from_static("inline; filename=\"response.xml\""),
    );
    response
}

fn xml_value(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: String = items.iter().map(xml_value).collect();
            format!("<MULTIPLE>\n{items}</MULTIPLE>\n")
        }
        Value::Object(map) => {
            let keys: String = map
                .iter()
                .map(|(name, value)| format!("<KEY name=\"{name}\">{}</KEY>\n", xml_value(value)))
                .collect();
            format!("<SINGLE>\n{keys}</SINGLE>\n")
        }
        Value::Null => "<VALUE null=\"null\"/>\n".to_owned(),
        Value::String(text) => format!("<VALUE>{}</VALUE>\n", site::escape(text)),
        Value::Bool(truth) => format!("<VALUE>{}</VALUE>\n", i32::from(*truth)),
        Value::Number(number) => format!("<VALUE>{number}</VALUE>\n"),
    }
}
