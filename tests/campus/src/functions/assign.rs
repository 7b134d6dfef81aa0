//! Assignments.
//! Must stay true (recorded): `[]` is success and a list of warnings a refusal; the text key is needed,
//! the file key may be left out (files stay); too many files are cut in silence; the last write wins.

use serde_json::{Value, json};

use super::{by_courses, completion, int, list as items, messages, own_files, seen};
use crate::campus::{Caller, Campus, takes_part};
use crate::course::Assignment;
use crate::fault::Fault;
use crate::modules::{Module, Subject};
use crate::site::{TEACHER, number};
use crate::world::{OwnFile, Submission, World};

/// The rules of an assignment.
pub fn rules(module: &Module) -> Result<&Assignment, Fault> {
    match &module.subject {
        Subject::Assign(assignment) => Ok(assignment),
        _ => Err(Fault::no_record("assign")),
    }
}

fn configs(rules: &Assignment) -> Value {
    let mut out = Vec::new();
    let mut add = |plugin: &str, subtype: &str, name: &str, value: String| {
        out.push(json!({"plugin": plugin, "subtype": subtype, "name": name, "value": value}));
    };
    if rules.accepts_text {
        add("onlinetext", "assignsubmission", "enabled", "1".into());
        add("onlinetext", "assignsubmission", "wordlimit", rules.word_limit.unwrap_or(0).to_string());
        add(
            "onlinetext",
            "assignsubmission",
            "wordlimitenabled",
            u8::from(rules.word_limit.is_some()).to_string(),
        );
    }
    if rules.max_files > 0 {
        add("file", "assignsubmission", "enabled", "1".into());
        add("file", "assignsubmission", "maxfilesubmissions", rules.max_files.to_string());
        add("file", "assignsubmission", "maxsubmissionsizebytes", rules.max_file_bytes.to_string());
        add("file", "assignsubmission", "filetypeslist", String::new());
    }
    add("comments", "assignsubmission", "enabled", "0".into());
    add("comments", "assignfeedback", "enabled", "1".into());
    add("comments", "assignfeedback", "commentinline", "0".into());
    add("file", "assignfeedback", "enabled", "1".into());
    out.into()
}

/// `mod_assign_get_assignments`
pub fn list(campus: &Campus, world: &mut World, caller: &Caller, params: &Value) -> Result<Value, Fault> {
    let (modules, mut warnings) = by_courses(campus, world, caller, params, "assign");
    for warning in &mut warnings {
        if let Value::Object(map) = warning {
            map.insert("warningcode".into(), "2".into());
            let message = "User is not enrolled or does not have requested capability";
            map.insert("message".into(), message.into());
        }
    }
    // Students have no grading capability, and any other filter leaves nothing either.
    let filtered = !items(params, "capabilities").is_empty();
    let mut assignments = Vec::new();
    for module in modules.iter().filter(|_| !filtered) {
        let rules = rules(module)?;
        assignments.push(json!({
            "id": module.instance, "cmid": module.cmid, "course": campus.course_id, "name": module.name,
            "nosubmissions": 0, "submissiondrafts": i64::from(rules.submission_drafts),
            "sendnotifications": 0, "sendlatenotifications": 0, "sendstudentnotifications": 1,
            "duedate": rules.due.map_or(0, |ms| ms / 1000), "allowsubmissionsfromdate": 0,
            "grade": number(rules.max_grade), "timemodified": module.time, "completionsubmit": 1,
            "cutoffdate": 0, "gradingduedate": 0, "teamsubmission": 0, "requireallteammemberssubmit": 0,
            "teamsubmissiongroupingid": 0, "blindmarking": 0, "hidegrader": 0, "revealidentities": 0,
            "attemptreopenmethod": "untilpass", "maxattempts": 1, "markingworkflow": 0,
            "markingallocation": 0, "markinganonymous": 0, "requiresubmissionstatement": 0,
            "preventsubmissionnotingroup": 0, "configs": configs(rules), "intro": module.intro,
            "introformat": 1, "introfiles": [], "introattachments": [], "timelimit": 0,
            "submissionattachments": 0
        }));
    }
    let courses = if takes_part(world, caller.user) && !modules.is_empty() && !filtered {
        json!([{"id": campus.course_id, "fullname": campus.course.title,
            "shortname": campus.course.id.to_ascii_uppercase(), "timemodified": campus.made,
            "assignments": assignments}])
    } else {
        json!([])
    };
    Ok(json!({"courses": courses, "warnings": warnings}))
}

/// `mod_assign_view_assign`, `mod_assign_view_submission_status`
pub fn view(campus: &Campus, world: &mut World, caller: &Caller, params: &Value) -> Result<Value, Fault> {
    campus.instance(world, caller, "assign", int(params, "assignid"))?;
    Ok(seen())
}

fn work<'a>(world: &'a World, caller: &Caller, assign: i64) -> Option<&'a Submission> {
    world.submissions.iter().find(|work| work.assign == assign && work.user == caller.user.id)
}

fn editable(world: &World, caller: &Caller, module: &Module) -> bool {
    let handed_in = work(world, caller, module.instance).is_some_and(|work| work.status == "submitted");
    let final_word = handed_in && rules(module).is_ok_and(|rules| rules.submission_drafts);
    !world.locked.contains(&module.instance) && !final_word
}

/// `mod_assign_get_submission_status`
pub fn status(campus: &Campus, world: &mut World, caller: &Caller, params: &Value) -> Result<Value, Fault> {
    let module = campus.instance(world, caller, "assign", int(params, "assignid"))?;
    let own = matches!(int(params, "userid"), 0) || int(params, "userid") == caller.user.id;
    if !own {
        return Err(Fault::of("nopermissions"));
    }
    let rules = rules(module)?;
    let found = work(world, caller, module.instance);
    let locked = world.locked.contains(&module.instance);
    let can_edit = editable(world, caller, module);
    let grade = found.and_then(|work| work.grade.as_ref());
    let draft = found.is_some_and(|work| work.status == "draft");
    let mut last = json!({
        "submissiongroupmemberswhoneedtosubmit": [], "submissionsenabled": true, "locked": locked,
        "graded": grade.is_some(), "canedit": can_edit, "caneditowner": can_edit,
        "cansubmit": draft && !locked, "extensionduedate": if grade.is_some() { json!(0) } else { Value::Null },
        "timelimit": 0, "blindmarking": false,
        "gradingstatus": if grade.is_some() { "graded" } else { "notgraded" }, "usergroups": []
    });
    if let (Some(found), Value::Object(map)) = (found, &mut last) {
        map.insert("submission".into(), submission_json(campus, module, rules, found));
    }
    let mut out =
        json!({"lastattempt": last, "assignmentdata": {"attachments": {"intro": []}}, "warnings": []});
    if let (Some(found), Some(grade), Value::Object(map)) = (found, grade, &mut out) {
        let most = rules.max_grade;
        map.insert(
            "feedback".into(),
            json!({
                "grade": {"id": grade.id, "assignment": module.instance, "userid": found.user,
                    "attemptnumber": 0, "timecreated": grade.timecreated, "timemodified": grade.timemodified,
                    "grader": TEACHER.id, "grade": format!("{:.5}", grade.points)},
                "gradefordisplay": format!("{:.2}&nbsp;/&nbsp;{most:.2}", grade.points),
                "gradeddate": grade.timemodified,
                "plugins": [
                    {"type": "comments", "name": "Feedback comments",
                        "fileareas": [{"area": "feedback", "files": []}],
                        "editorfields": [{"name": "comments", "description": "Feedback comments",
                            "text": grade.comment, "format": 1}]},
                    {"type": "file", "name": "Feedback files",
                        "fileareas": [{"area": "feedback_files", "files": spoken(campus, module, grade.id,
                            grade.timemodified)}]}
                ]
            }),
        );
    }
    Ok(out)
}

fn spoken(campus: &Campus, module: &Module, grade: i64, time: i64) -> Value {
    campus
        .spoken
        .iter()
        .map(|file| {
            json!({
                "filename": file.filename, "filepath": "/", "filesize": file.size,
                "fileurl": campus.url(&format!(
                    "/webservice/pluginfile.php/{}/assignfeedback_file/feedback_files/{grade}/{}",
                    module.context(), super::contents::escape_path(&file.filename))),
                "timemodified": time, "mimetype": file.mime, "isexternalfile": false,
                "icon": crate::files::icon_of(&file.mime)
            })
        })
        .collect()
}

fn submission_json(campus: &Campus, module: &Module, rules: &Assignment, work: &Submission) -> Value {
    let mut plugins = Vec::new();
    if rules.accepts_text {
        plugins.push(json!({"type": "onlinetext", "name": "Online text",
            "fileareas": [{"area": "submissions_onlinetext", "files": []}],
            "editorfields": [{"name": "onlinetext", "description": "Online text submissions",
                "text": work.text, "format": work.format}]}));
    }
    if rules.max_files > 0 {
        let files: Vec<Value> = work
            .files
            .iter()
            .map(|file| {
                let url = campus.url(&format!(
                    "/webservice/pluginfile.php/{}/assignsubmission_file/submission_files/{}{}{}",
                    module.context(),
                    work.id,
                    super::contents::escape_path(&file.filepath),
                    super::contents::escape_path(&file.filename)
                ));
                campus.external_file(file, url)
            })
            .collect();
        plugins.push(json!({"type": "file", "name": "File submissions",
            "fileareas": [{"area": "submission_files", "files": files}]}));
    }
    plugins.push(json!({"type": "comments", "name": "Submission comments"}));
    json!({
        "id": work.id, "userid": work.user, "attemptnumber": 0, "timecreated": work.timecreated,
        "timemodified": work.timemodified, "timestarted": null, "status": work.status, "groupid": 0,
        "assignment": work.assign, "latest": 1, "plugins": plugins
    })
}

fn warning(item: &str, module: &Module, code: &str, message: &str) -> Value {
    json!({"item": item, "itemid": module.instance, "warningcode": code, "message": message})
}

fn not_saved(item: &str, module: &Module) -> Value {
    warning(item, module, "couldnotsavesubmission", "Could not save submission.")
}

fn plain(html: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in html.chars() {
        match c {
            '<' => inside = true,
            '>' => {
                inside = false;
                out.push(' ');
            }
            _ if !inside => out.push(c),
            _ => {}
        }
    }
    out.replace("&nbsp;", " ")
}

/// `mod_assign_save_submission`
pub fn save(campus: &Campus, world: &mut World, caller: &Caller, params: &Value) -> Result<Value, Fault> {
    let module = campus.instance(world, caller, "assign", int(params, "assignmentid"))?;
    let rules = rules(module)?;
    if !editable(world, caller, module) {
        return Ok(json!([not_saved("The due date for this assignment has now passed", module)]));
    }
    let given = params.get("plugindata").cloned().unwrap_or(Value::Null);
    let editor = given.get("onlinetext_editor");
    if rules.accepts_text && editor.is_none() {
        return match work(world, caller, module.instance) {
            Some(_) => Err(Fault::of("dmlwriteexception")),
            None => Ok(json!([not_saved("Nothing was submitted", module)])),
        };
    }
    let text = editor.map_or("", |editor| super::text(editor, "text"));
    let mut refused = Vec::new();
    if let Some(limit) = rules.word_limit {
        let words = plain(text).split_whitespace().count();
        if words > limit as usize {
            refused.push(not_saved(
                &format!(
                    "&lt;span class=&quot;error&quot;&gt;&lt;i class=&quot;icon fa fa-triangle-exclamation \
                     text-warning fa-fw icon&quot;  title=&quot;Error&quot; role=&quot;img&quot; \
                     aria-label=&quot;Error&quot;&gt;&lt;/i&gt;The word limit for this assignment is {limit} words \
                     and you are attempting to submit {words} words. Please review your submission and try \
                     again.&lt;/span&gt;"
                ),
                module,
            ));
        }
    }
    let draft = given.get("files_filemanager").and_then(Value::as_i64).filter(|_| rules.max_files > 0);
    let offered = draft.map(|id| own_files::draft(world, caller.user.id, id));
    let too_large =
        offered.iter().flatten().any(|file| rules.max_file_bytes > 0 && file.size > rules.max_file_bytes);
    let kept = work(world, caller, module.instance).map(|work| work.files.clone()).unwrap_or_default();
    let files: Vec<OwnFile> = match offered {
        _ if too_large => Vec::new(),
        Some(files) => {
            let now = caller.now;
            let taken = files.into_iter().take(rules.max_files as usize);
            taken.map(|file| OwnFile { itemid: 0, time: now, ..file }).collect()
        }
        None => kept,
    };
    if plain(text).trim().is_empty() && files.is_empty() && !too_large || !refused.is_empty() {
        refused.push(not_saved("Nothing was submitted", module));
        return Ok(refused.into());
    }
    store(campus, world, caller, module, rules, text, files);
    if too_large {
        return Ok(json!([not_saved("Nothing was submitted", module)]));
    }
    Ok(json!([]))
}

fn store(
    campus: &Campus,
    world: &mut World,
    caller: &Caller,
    module: &Module,
    rules: &Assignment,
    text: &str,
    files: Vec<OwnFile>,
) {
    let found = world
        .submissions
        .iter()
        .position(|work| work.assign == module.instance && work.user == caller.user.id);
    let at = found.unwrap_or_else(|| {
        let id = world.next("submission");
        world.submissions.push(Submission {
            id,
            assign: module.instance,
            user: caller.user.id,
            status: "new".into(),
            timecreated: caller.now,
            timemodified: caller.now,
            text: String::new(),
            format: 0,
            files: Vec::new(),
            grade_at: None,
            grade: None,
            saves: 0,
        });
        world.submissions.len() - 1
    });
    let mut receipt = false;
    if let Some(work) = world.submissions.get_mut(at) {
        work.text = text.to_owned();
        work.format = 1;
        work.files = files;
        work.timemodified = caller.now;
        work.saves += 1;
        if rules.submission_drafts {
            work.status = "draft".into();
        } else {
            receipt = work.status != "submitted";
            work.status = "submitted".into();
            work.grade_at = Some(caller.now + campus.plan.grade_after);
        }
    }
    world.touch();
    if receipt {
        messages::tell(campus, world, caller.user.id, module, &messages::News::Receipt, caller.now);
        completion::set(world, caller.user.id, module.cmid, true, caller.now);
    }
}

/// `mod_assign_submit_for_grading`
pub fn submit(campus: &Campus, world: &mut World, caller: &Caller, params: &Value) -> Result<Value, Fault> {
    let module = campus.instance(world, caller, "assign", int(params, "assignmentid"))?;
    let locked = world.locked.contains(&module.instance);
    let after = campus.plan.grade_after;
    let work = world
        .submissions
        .iter_mut()
        .find(|work| work.assign == module.instance && work.user == caller.user.id && work.status == "draft");
    let (Some(work), false) = (work, locked) else {
        let item = format!("User id: {}, Assignment id: {} Notices:", caller.user.id, module.instance);
        let message = "Could not submit assignment for grading.";
        return Ok(json!([warning(&item, module, "couldnotsubmitforgrading", message)]));
    };
    work.status = "submitted".into();
    work.timemodified = caller.now;
    work.grade_at = Some(caller.now + after);
    messages::tell(campus, world, caller.user.id, module, &messages::News::Receipt, caller.now);
    completion::set(world, caller.user.id, module.cmid, true, caller.now);
    Ok(json!([]))
}

/// `mod_assign_get_grades`: for teachers only; a student gets the recorded warning.
pub fn grades(_: &Campus, _: &mut World, _: &Caller, params: &Value) -> Result<Value, Fault> {
    let warnings: Vec<Value> = items(params, "assignmentids")
        .iter()
        .map(|id| {
            json!({"item": "assignment", "itemid": id, "warningcode": "1",
                "message": "No access rights in module context"})
        })
        .collect();
    Ok(json!({"assignments": [], "warnings": warnings}))
}
