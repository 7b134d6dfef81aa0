//! The course listing.

use serde_json::{Value, json};

use super::courses::{SITE_HOME, open_course, option};
use super::{completion, int};
use crate::campus::{Caller, Campus, takes_part};
use crate::fault::Fault;
use crate::files::StoredFile;
use crate::modules::{Module, Subject};
use crate::site::escape;
use crate::world::World;

/// `core_course_get_contents`
pub fn get(campus: &Campus, world: &mut World, caller: &Caller, params: &Value) -> Result<Value, Fault> {
    open_course(campus, world, caller, int(params, "courseid"))?;
    if int(params, "courseid") == SITE_HOME {
        return Ok(json!([]));
    }
    let truth = |name| option(params, name).is_some_and(|value| value == "1" || value == "true");
    let wanted = |name| option(params, name).map(str::to_owned);
    let (cmid, modname, modid) = (wanted("cmid"), wanted("modname"), wanted("modid"));
    let (only_id, only_number) = (wanted("sectionid"), wanted("sectionnumber"));
    let mut sections = vec![(String::from("General"), String::new())];
    for section in &campus.course.sections {
        let summary = if section.summary.is_empty() || section.summary.starts_with('<') {
            section.summary.clone()
        } else {
            format!("<p>{}</p>", escape(&section.summary))
        };
        sections.push((section.title.clone(), summary));
    }
    let mut out = Vec::new();
    for (number, (name, summary)) in (0_i64..).zip(sections) {
        let other =
            |only: &Option<String>, value: i64| only.as_ref().is_some_and(|only| *only != value.to_string());
        if other(&only_id, number + 1) || other(&only_number, number) {
            continue;
        }
        let modules: Vec<Value> = campus
            .modules
            .iter()
            .filter(|module| {
                module.section == number
                    && !world.hidden.contains(&module.cmid)
                    && !truth("excludemodules")
                    && !other(&cmid, module.cmid)
                    && modname.as_ref().is_none_or(|name| name == module.modname)
                    && (modname.is_none() || !other(&modid, module.instance))
            })
            .map(|module| listing(campus, world, caller, module, truth("excludecontents")))
            .collect();
        out.push(json!({
            "id": number + 1, "name": name, "visible": 1, "summary": summary, "summaryformat": 1,
            "section": number, "hiddenbynumsections": 0, "uservisible": true, "component": null,
            "itemid": null, "modules": modules
        }));
    }
    Ok(out.into())
}

fn listing(campus: &Campus, world: &World, caller: &Caller, module: &Module, bare: bool) -> Value {
    let contents = file_list(campus, module);
    let (icon, purpose, plural) = match module.modname {
        "page" => (campus.image("page", "monologo?filtericon=1"), "content", "Pages"),
        "url" => (campus.image("url", "monologo?filtericon=1"), "content", "URLs"),
        "quiz" => (campus.image("quiz", "monologo?filtericon=1"), "assessment", "Quizzes"),
        "assign" => (campus.image("assign", "monologo?filtericon=1"), "assessment", "Assignments"),
        "forum" => (campus.image("forum", "monologo?filtericon=1"), "collaboration", "Forums"),
        _ => {
            let main = files(campus, module).next();
            let icon = main.map_or("f/unknown", |file| crate::files::icon_of(&file.mime));
            (campus.image("core", &format!("{icon}?filtericon=1")), "content", "Files")
        }
    };
    let (customdata, dates) = details(campus, world, module);
    let mut out = json!({
        "id": module.cmid, "url": campus.url(&format!("/mod/{}/view.php?id={}", module.modname, module.cmid)),
        "name": module.name, "instance": module.instance, "contextid": module.context(), "visible": 1,
        "uservisible": true, "visibleoncoursepage": 1, "modicon": icon, "modname": module.modname,
        "purpose": purpose, "branded": false, "modplural": plural, "indent": 0, "onclick": "",
        "afterlink": null, "customdata": customdata, "noviewlink": false,
        "completion": completion::tracking(module),
        "completiondata": completion::data(world, caller.user.id, module), "downloadcontent": 1,
        "dates": dates, "groupmode": 0
    });
    if let Value::Object(map) = &mut out {
        if !module.intro.is_empty() {
            let text = format!("<div class=\"no-overflow\">{}</div>", module.intro);
            map.insert("description".into(), text.into());
        }
        if matches!(module.modname, "resource" | "forum") {
            map.insert("activitybadge".into(), json!([]));
        }
        if matches!(module.modname, "resource" | "page" | "url") {
            map.insert("contentsinfo".into(), info(&contents));
            map.insert("contents".into(), if bare { json!([]) } else { contents.into() });
        }
    }
    out
}

fn details(campus: &Campus, world: &World, module: &Module) -> (String, Value) {
    match &module.subject {
        Subject::Page { .. } => ("\"\"".into(), json!([])),
        Subject::Files => {
            (r#"{"filtericon":true,"displayoptions":"a:1:{s:10:\"printintro\";i:0;}","display":1}"#.into(), json!([]))
        }
        Subject::Url { .. } => (r#"{"display":4,"filtericon":true}"#.into(), json!([])),
        Subject::Forum { .. } => (
            r#"{"customcompletionrules":{"completiondiscussions":"0","completionreplies":"0","completionposts":"1"},"trackingtype":"1"}"#
                .into(),
            json!([]),
        ),
        Subject::Quiz(_) => {
            let rules = json!({"completionpassorattemptsexhausted": [], "completionminattempts": "0"});
            match super::quiz::closes(campus, world, module.instance) {
                0 => (json!({"customcompletionrules": rules}).to_string(), json!([])),
                at => (
                    json!({"customcompletionrules": rules, "timeclose": at.to_string()}).to_string(),
                    json!([{"label": "Closes:", "timestamp": at, "dataid": "timeclose"}]),
                ),
            }
        }
        Subject::Assign(assignment) => {
            let rules = json!({"completionsubmit": "1"});
            match assignment.due.map(|ms| ms / 1000) {
                None => (json!({"customcompletionrules": rules}).to_string(), json!([])),
                Some(at) => (
                    json!({"customcompletionrules": rules, "duedate": at}).to_string(),
                    json!([{"label": "Due:", "timestamp": at, "dataid": "duedate"}]),
                ),
            }
        }
    }
}

/// The files of a module, the main one first.
pub fn files<'a>(campus: &'a Campus, module: &Module) -> impl Iterator<Item = &'a StoredFile> {
    let context = module.context();
    campus.files.iter().filter(move |file| file.context == context)
}

fn file_list(campus: &Campus, module: &Module) -> Vec<Value> {
    let mut out: Vec<Value> = files(campus, module)
        .map(|file| {
            json!({
                "type": "file", "filename": file.filename, "filepath": file.filepath, "filesize": file.size,
                "fileurl": format!("{}?forcedownload=1", file_url(campus, file, "/0")),
                "timecreated": file.time, "timemodified": file.time, "sortorder": file.sortorder,
                "mimetype": file.mime, "isexternalfile": false, "userid": 2, "author": null, "license": null
            })
        })
        .collect();
    match &module.subject {
        Subject::Page { .. } => out.push(json!({
            "type": "file", "filename": "index.html", "filepath": "/", "filesize": 0,
            "fileurl": campus.url(&format!(
                "/webservice/pluginfile.php/{}/mod_page/content/index.html?forcedownload=1",
                module.context()
            )),
            "timecreated": null, "timemodified": module.time, "sortorder": 1, "userid": null, "author": null,
            "license": null
        })),
        Subject::Url { address } => out.push(json!({
            "type": "url", "filename": module.name, "filepath": null, "filesize": 0, "fileurl": address,
            "timecreated": null, "timemodified": module.time, "sortorder": null, "userid": null,
            "author": null, "license": null
        })),
        _ => {}
    }
    out
}

/// The web-service address of a course file; `revision` is `/0` or nothing.
pub fn file_url(campus: &Campus, file: &StoredFile, revision: &str) -> String {
    campus.url(&format!(
        "/webservice/pluginfile.php/{}/{}/{}{revision}{}{}",
        file.context,
        file.component,
        file.area,
        escape_path(&file.filepath),
        escape_path(&file.filename)
    ))
}

/// Percent-escapes a path, keeping its slashes.
pub fn escape_path(path: &str) -> String {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    const KEEP: &AsciiSet =
        &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_').remove(b'~');
    utf8_percent_encode(path, KEEP).to_string()
}

fn info(contents: &[Value]) -> Value {
    let size: i64 = contents.iter().map(|file| int(file, "filesize")).sum();
    let newest = contents.iter().map(|file| int(file, "timemodified")).max().unwrap_or(0);
    let mut mimes: Vec<&str> = Vec::new();
    for mime in contents.iter().filter_map(|file| file.get("mimetype").and_then(Value::as_str)) {
        if !mimes.contains(&mime) {
            mimes.push(mime);
        }
    }
    json!({"filescount": contents.len(), "filessize": size, "lastmodified": newest, "mimetypes": mimes,
        "repositorytype": ""})
}

/// `core_course_get_course_module`
pub fn module(campus: &Campus, world: &mut World, caller: &Caller, params: &Value) -> Result<Value, Fault> {
    let module = campus.module(int(params, "cmid")).ok_or_else(|| Fault::of("invalidrecordunknown"))?;
    if !takes_part(world, caller.user) {
        return Err(Fault::of("requireloginerror"));
    }
    let number = match module.modname {
        "assign" => 1,
        "forum" => 9,
        "page" => 16,
        "quiz" => 17,
        "resource" => 18,
        _ => 21,
    };
    Ok(json!({"cm": {
        "id": module.cmid, "course": campus.course_id, "module": number, "name": module.name,
        "modname": module.modname, "instance": module.instance, "section": module.section + 1,
        "sectionnum": module.section, "groupmode": 0, "groupingid": 0,
        "completion": completion::tracking(module), "downloadcontent": 1
    }, "warnings": []}))
}
