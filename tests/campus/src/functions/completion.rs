//! Completion: by hand for what is watched or read, by deed for quiz, assignment and forum.
//! Must stay true: it may be repeated, and an automatic activity refuses a manual mark.

use serde_json::{Value, json};

use super::courses::open_course;
use super::int;
use crate::campus::{Caller, Campus, takes_part};
use crate::fault::Fault;
use crate::modules::Module;
use crate::world::{Completion, World};

/// 1 by hand, 2 by deed.
pub fn tracking(module: &Module) -> i64 {
    if rule(module).is_some() { 2 } else { 1 }
}

fn rule(module: &Module) -> Option<(&'static str, &'static str)> {
    match module.modname {
        "quiz" => Some(("completionusegrade", "Receive a grade")),
        "assign" => Some(("completionsubmit", "Make a submission")),
        "forum" => Some(("completionposts", "Make forum posts: 1")),
        _ => None,
    }
}

/// The `completiondata` of a module.
pub fn data(world: &World, user: i64, module: &Module) -> Value {
    let found = world.completions.iter().find(|done| done.user == user && done.cmid == module.cmid);
    let done = found.is_some_and(|found| found.done);
    let details: Vec<Value> = rule(module)
        .map(|(name, description)| {
            json!({"rulename": name, "rulevalue": {"status": i64::from(done), "description": description}})
        })
        .into_iter()
        .collect();
    json!({
        "state": i64::from(done), "timecompleted": found.map_or(0, |found| found.time), "overrideby": null,
        "valueused": false, "hascompletion": true, "isautomatic": rule(module).is_some(),
        "istrackeduser": true, "uservisible": true, "details": details, "isoverallcomplete": done
    })
}

/// Marks an activity.
pub fn set(world: &mut World, user: i64, cmid: i64, done: bool, now: i64) {
    world.touch();
    match world.completions.iter_mut().find(|mark| mark.user == user && mark.cmid == cmid) {
        Some(mark) if mark.done == done => {}
        Some(mark) => (mark.done, mark.time) = (done, now),
        None => world.completions.push(Completion { user, cmid, done, time: now }),
    }
}

/// `core_completion_update_activity_completion_status_manually`
pub fn update_manually(
    campus: &Campus,
    world: &mut World,
    caller: &Caller,
    params: &Value,
) -> Result<Value, Fault> {
    let module = campus.module(int(params, "cmid")).ok_or_else(|| Fault::of("invalidrecordunknown"))?;
    if !takes_part(world, caller.user) {
        return Err(Fault::of("requireloginerror"));
    }
    if rule(module).is_some() {
        return Err(Fault::of("cannotmanualctrack"));
    }
    let done = params.get("completed").and_then(Value::as_bool).unwrap_or(false);
    set(world, caller.user.id, module.cmid, done, caller.now);
    Ok(json!({"status": true, "warnings": []}))
}

/// `core_completion_get_activities_completion_status`
pub fn statuses(campus: &Campus, world: &mut World, caller: &Caller, params: &Value) -> Result<Value, Fault> {
    open_course(campus, world, caller, int(params, "courseid"))?;
    if int(params, "userid") != caller.user.id {
        return Err(Fault::of("nopermissions"));
    }
    let statuses: Vec<Value> = campus
        .modules
        .iter()
        .map(|module| {
            let mut out = data(world, caller.user.id, module);
            if let Value::Object(map) = &mut out {
                map.insert("cmid".into(), module.cmid.into());
                map.insert("modname".into(), module.modname.into());
                map.insert("instance".into(), module.instance.into());
                map.insert("tracking".into(), tracking(module).into());
            }
            out
        })
        .collect();
    Ok(json!({"statuses": statuses, "warnings": []}))
}
