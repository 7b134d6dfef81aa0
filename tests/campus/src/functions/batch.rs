//! Several calls in one request.
//! Must stay true: it stops at the first call that fails, as Moodle does, and what was done before stays done.

use serde_json::{Value, json};

use super::{list, text};
use crate::campus::{Caller, Campus};
use crate::fault::Fault;
use crate::params::Param;
use crate::schema::Lookup;
use crate::world::World;

/// `tool_mobile_call_external_functions`
pub fn call(campus: &Campus, world: &mut World, caller: &Caller, params: &Value) -> Result<Value, Fault> {
    let mut responses = Vec::new();
    for request in list(params, "requests") {
        match one(campus, world, caller, request) {
            Ok(value) => responses.push(json!({"error": false, "data": value.to_string()})),
            Err(fault) => {
                let exception = json!({"message": fault.message, "errorcode": fault.errorcode,
                    "link": campus.url("/"), "moreinfourl": moreinfo(&fault)});
                responses.push(json!({"error": true, "exception": exception.to_string()}));
                break;
            }
        }
    }
    Ok(json!({"responses": responses}))
}

fn one(campus: &Campus, world: &mut World, caller: &Caller, request: &Value) -> Result<Value, Fault> {
    let function = text(request, "function");
    if let Some(code) = campus.switches.fails(function) {
        return Err(Fault::of(&code));
    }
    let described = match campus.schema.find(function) {
        Lookup::Here(described) => described,
        Lookup::NotInService => return Err(Fault::of("accessexception")),
        Lookup::Unknown => return Err(Fault::no_record("external_functions")),
    };
    let given: Value =
        serde_json::from_str(text(request, "arguments")).map_err(|_| Fault::of("invalidparameter"))?;
    let params = described.accept(&Param::of_json(&given))?;
    let deed = super::find(function).ok_or_else(|| Fault::no_record("external_functions"))?;
    deed(campus, world, caller, &params)
}

fn moreinfo(fault: &Fault) -> String {
    let code = fault.errorcode.as_deref().unwrap_or_default();
    format!("https://docs.moodle.org/405/en/error/moodle/{code}")
}
