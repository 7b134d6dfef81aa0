//! The gradebook of one learner.

use serde_json::{Value, json};

use super::courses::open_course;
use super::int;
use crate::campus::{Caller, Campus, takes_part};
use crate::fault::Fault;
use crate::modules::Module;
use crate::site::number;
use crate::world::World;

struct Line {
    grade: Option<f64>,
    most: f64,
    submitted: Option<i64>,
    graded: Option<i64>,
    feedback: String,
}

fn line(campus: &Campus, world: &World, user: i64, module: &Module) -> Option<Line> {
    match module.modname {
        "quiz" => {
            let mine = || {
                world.attempts.iter().filter(|attempt| {
                    attempt.user == user && attempt.quiz == module.instance && attempt.state == "finished"
                })
            };
            let grade = super::quiz::best(campus, world, user, module.instance);
            Some(Line {
                submitted: mine().map(|attempt| attempt.timefinish).max().filter(|_| grade.is_some()),
                graded: mine().map(|attempt| attempt.timemodified).max().filter(|_| grade.is_some()),
                grade: grade.map(|grade| (grade * 1e5).round() / 1e5),
                most: 100.0,
                feedback: String::new(),
            })
        }
        "assign" => {
            let work =
                world.submissions.iter().find(|work| work.assign == module.instance && work.user == user);
            let grade = work.and_then(|work| work.grade.as_ref());
            Some(Line {
                grade: grade.map(|grade| grade.points),
                most: super::assign::rules(module).map_or(100.0, |rules| rules.max_grade),
                submitted: work.filter(|work| work.status == "submitted").map(|work| work.timemodified),
                graded: grade.map(|grade| grade.timemodified),
                feedback: grade.map(|grade| grade.comment.clone()).unwrap_or_default(),
            })
        }
        _ => None,
    }
}

fn item(id: i64, line: &Line, weight: Option<f64>, fields: &Value) -> Value {
    let percent = line.grade.map(|grade| grade * 100.0 / line.most.max(0.01));
    let mut out = json!({
        "id": id, "outcomeid": null, "scaleid": null, "locked": null,
        "graderaw": line.grade.map_or(Value::Null, number), "gradedatesubmitted": line.submitted,
        "gradedategraded": line.graded, "gradehiddenbydate": false, "gradeneedsupdate": false,
        "gradeishidden": false, "gradeislocked": null, "gradeisoverridden": null,
        "gradeformatted": line.grade.map_or("-".to_owned(), |grade| format!("{grade:.2}")), "grademin": 0,
        "grademax": number(line.most), "rangeformatted": format!("0&ndash;{}", number(line.most)),
        "percentageformatted": percent.map_or("-".to_owned(), |percent| format!("{percent:.2} %")),
        "feedback": line.feedback, "feedbackformat": if line.feedback.is_empty() { 2 } else { 1 }
    });
    if let (Value::Object(map), Value::Object(more)) = (&mut out, fields) {
        map.extend(more.clone());
        if let Some(weight) = weight {
            map.insert("weightraw".into(), number((weight * 1e5).round() / 1e5));
            map.insert("weightformatted".into(), format!("{:.2} %", weight * 100.0).into());
            if line.grade.is_none() {
                map.insert("status".into(), "novalue".into());
            }
        }
    }
    out
}

fn total(lines: &[(&Module, Line)]) -> (Option<f64>, f64) {
    let graded = lines.iter().filter(|(_, line)| line.grade.is_some());
    let sum: f64 = lines.iter().filter_map(|(_, line)| line.grade).sum();
    let most: f64 = graded.map(|(_, line)| line.most).sum();
    (
        (most > 0.0).then_some(sum),
        if most > 0.0 { most } else { lines.iter().map(|(_, line)| line.most).sum() },
    )
}

fn lines<'a>(campus: &'a Campus, world: &World, user: i64) -> Vec<(&'a Module, Line)> {
    let modules = campus.modules.iter();
    modules.filter_map(|module| Some((module, line(campus, world, user, module)?))).collect()
}

/// `gradereport_user_get_grade_items`
pub fn items(campus: &Campus, world: &mut World, caller: &Caller, params: &Value) -> Result<Value, Fault> {
    open_course(campus, world, caller, int(params, "courseid"))?;
    match int(params, "userid") {
        0 => {
            return Err(Fault {
                message: "Sorry, but you do not currently have permissions to do that (View grades of other users)."
                    .into(),
                ..Fault::of("nopermissions")
            });
        }
        id if id != caller.user.id => return Err(Fault::of("nopermissiontoviewgrades")),
        _ => {}
    }
    let lines = lines(campus, world, caller.user.id);
    let graded: f64 = lines.iter().filter(|(_, line)| line.grade.is_some()).map(|(_, line)| line.most).sum();
    let mut out: Vec<Value> = lines
        .iter()
        .map(|(module, line)| {
            let weight = if line.grade.is_some() && graded > 0.0 { line.most / graded } else { 0.0 };
            item(
                module.cmid,
                line,
                Some(weight),
                &json!({"itemname": module.name, "itemtype": "mod", "itemmodule": module.modname,
                    "iteminstance": module.instance, "itemnumber": 0, "idnumber": "", "categoryid": 1,
                    "cmid": module.cmid}),
            )
        })
        .collect();
    let (sum, most) = total(&lines);
    let latest = lines.iter().filter_map(|(_, line)| line.graded).max();
    let course = Line { grade: sum, most, submitted: None, graded: latest, feedback: String::new() };
    out.push(item(
        1,
        &course,
        None,
        &json!({"itemname": null, "itemtype": "course", "itemmodule": null, "iteminstance": 1,
            "itemnumber": null, "idnumber": null, "categoryid": null}),
    ));
    Ok(json!({"usergrades": [{"courseid": campus.course_id, "courseidnumber": campus.course.id,
        "userid": caller.user.id, "userfullname": caller.user.fullname(), "useridnumber": "", "maxdepth": 2,
        "gradeitems": out}], "warnings": []}))
}

/// `gradereport_overview_get_course_grades`
pub fn overview(campus: &Campus, world: &mut World, caller: &Caller, params: &Value) -> Result<Value, Fault> {
    let asked = int(params, "userid");
    if asked != 0 && asked != caller.user.id {
        return Err(Fault::of("nopermissiontoviewgrades"));
    }
    if !takes_part(world, caller.user) {
        return Ok(json!({"grades": [], "warnings": []}));
    }
    let (sum, _) = total(&lines(campus, world, caller.user.id));
    let grade = match sum {
        Some(sum) => {
            json!({"courseid": campus.course_id, "grade": format!("{sum:.2}"), "rawgrade": format!("{sum:.5}")})
        }
        None => json!({"courseid": campus.course_id, "grade": "-", "rawgrade": null}),
    };
    Ok(json!({"grades": [grade], "warnings": []}))
}
