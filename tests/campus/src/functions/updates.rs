//! Cheap change detection.
//! Must stay true: strictly newer than `since`; deletions are not seen here, as in Moodle.

use serde_json::{Value, json};

use super::contents::files;
use super::courses::open_course;
use super::{int, list};
use crate::campus::{Caller, Campus};
use crate::fault::Fault;
use crate::modules::Module;
use crate::world::World;

/// `core_course_get_updates_since`
pub fn since(campus: &Campus, world: &mut World, caller: &Caller, params: &Value) -> Result<Value, Fault> {
    open_course(campus, world, caller, int(params, "courseid"))?;
    let after = int(params, "since");
    let filter: Vec<&str> = list(params, "filter").iter().filter_map(Value::as_str).collect();
    let mut instances = Vec::new();
    for module in &campus.modules {
        let mut updates = module_updates(campus, world, caller.user.id, module, after);
        if !filter.is_empty() {
            updates
                .retain(|update| super::text(update, "name").split(' ').any(|name| filter.contains(&name)));
        }
        if !updates.is_empty() {
            instances.push(json!({"contextlevel": "module", "id": module.cmid, "updates": updates}));
        }
    }
    Ok(json!({"instances": instances, "warnings": []}))
}

fn module_updates(campus: &Campus, world: &World, user: i64, module: &Module, after: i64) -> Vec<Value> {
    let mut out = Vec::new();
    let mut name = |name: &str, ids: Vec<i64>| {
        if !ids.is_empty() {
            out.push(json!({"name": name, "itemids": ids}));
        }
    };
    let changed: Vec<i64> =
        files(campus, module).filter(|file| file.time > after).map(|file| file.id).collect();
    name("contentfiles", changed);
    let attempts = || {
        world.attempts.iter().filter(|attempt| {
            module.modname == "quiz" && attempt.quiz == module.instance && attempt.user == user
        })
    };
    name("attempts", attempts().filter(|at| at.timemodified > after).map(|at| at.id).collect());
    let marked =
        attempts().any(|at| at.state == "finished" && at.grade_at.is_none() && at.timemodified > after);
    let submission = world
        .submissions
        .iter()
        .find(|work| module.modname == "assign" && work.assign == module.instance && work.user == user);
    name(
        "submissions",
        submission.filter(|work| work.timemodified > after).map(|work| work.id).into_iter().collect(),
    );
    let grade = submission.and_then(|work| work.grade.as_ref()).filter(|grade| grade.timemodified > after);
    let graded = marked || grade.is_some();
    name("gradeitems", graded.then_some(module.cmid).into_iter().collect());
    name("grades", graded.then_some(grade.map_or(module.cmid, |grade| grade.id)).into_iter().collect());
    name(
        "discussions",
        world
            .discussions
            .iter()
            .filter(|talk| module.modname == "forum" && talk.forum == module.instance)
            .filter(|talk| world.posts.iter().any(|post| post.discussion == talk.id && post.time > after))
            .map(|talk| talk.id)
            .collect(),
    );
    if world.completions.iter().any(|done| {
        done.user == user && done.cmid == module.cmid && done.time > after && module.modname != "forum"
    }) {
        out.insert(0, json!({"name": "completion"}));
    }
    if module.time > after {
        out.insert(0, json!({"name": "configuration", "timeupdated": module.time}));
    }
    out
}
