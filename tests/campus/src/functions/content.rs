//! Readings, lectures and links: the list functions of page, resource and url, and their views.

use serde_json::{Value, json};

use super::contents::{file_url, files};
use super::{by_courses, int, seen};
use crate::campus::{Caller, Campus};
use crate::fault::Fault;
use crate::modules::{Module, Subject};
use crate::world::World;

fn common(campus: &Campus, module: &Module) -> serde_json::Map<String, Value> {
    let fields = json!({
        "id": module.instance, "coursemodule": module.cmid, "course": campus.course_id, "name": module.name,
        "intro": module.intro, "introformat": 1, "introfiles": [], "section": module.section, "visible": true,
        "groupmode": 0, "groupingid": 0, "lang": null, "timemodified": module.time
    });
    match fields {
        Value::Object(map) => map,
        _ => serde_json::Map::new(),
    }
}

fn content_files(campus: &Campus, module: &Module) -> Value {
    files(campus, module)
        .map(|file| {
            json!({
                "filename": file.filename, "filepath": file.filepath, "filesize": file.size,
                "fileurl": file_url(campus, file, "/0"), "timemodified": file.time, "mimetype": file.mime,
                "isexternalfile": false, "icon": crate::files::icon_of(&file.mime)
            })
        })
        .collect()
}

fn with(campus: &Campus, module: &Module, more: Value) -> Value {
    let mut map = common(campus, module);
    if let Value::Object(more) = more {
        map.extend(more);
    }
    map.into()
}

/// `mod_resource_get_resources_by_courses`
pub fn resources(
    campus: &Campus,
    world: &mut World,
    caller: &Caller,
    params: &Value,
) -> Result<Value, Fault> {
    let (modules, warnings) = by_courses(campus, world, caller, params, "resource");
    let list: Vec<Value> = modules
        .into_iter()
        .map(|module| {
            with(
                campus,
                module,
                json!({
                    "contentfiles": content_files(campus, module), "tobemigrated": 0, "legacyfiles": 0,
                    "legacyfileslast": null, "display": 0,
                    "displayoptions": "a:1:{s:10:\"printintro\";i:0;}", "filterfiles": 0, "revision": 0
                }),
            )
        })
        .collect();
    Ok(json!({"resources": list, "warnings": warnings}))
}

/// `mod_page_get_pages_by_courses`
pub fn pages(campus: &Campus, world: &mut World, caller: &Caller, params: &Value) -> Result<Value, Fault> {
    let (modules, warnings) = by_courses(campus, world, caller, params, "page");
    let list: Vec<Value> = modules
        .into_iter()
        .map(|module| {
            let mut html = match &module.subject {
                Subject::Page { html } => html.clone(),
                _ => String::new(),
            };
            for file in files(campus, module) {
                let relative = format!("{}{}", file.filepath.trim_start_matches('/'), file.filename);
                let absolute = file_url(campus, file, "");
                html = html.replace(&format!("\"{relative}\""), &format!("\"{absolute}\""));
            }
            with(
                campus,
                module,
                json!({
                    "content": html, "contentformat": 1, "contentfiles": content_files(campus, module),
                    "legacyfiles": 0, "legacyfileslast": null, "display": 0,
                    "displayoptions": "a:2:{s:10:\"printintro\";i:0;s:17:\"printlastmodified\";i:1;}",
                    "revision": 0
                }),
            )
        })
        .collect();
    Ok(json!({"pages": list, "warnings": warnings}))
}

/// `mod_url_get_urls_by_courses`
pub fn urls(campus: &Campus, world: &mut World, caller: &Caller, params: &Value) -> Result<Value, Fault> {
    let (modules, warnings) = by_courses(campus, world, caller, params, "url");
    let list: Vec<Value> = modules
        .into_iter()
        .map(|module| {
            let address = match &module.subject {
                Subject::Url { address } => address.as_str(),
                _ => "",
            };
            with(
                campus,
                module,
                json!({
                    "externalurl": address, "display": 0,
                    "displayoptions": "a:1:{s:10:\"printintro\";i:0;}", "parameters": "a:0:{}"
                }),
            )
        })
        .collect();
    Ok(json!({"urls": list, "warnings": warnings}))
}

/// `mod_resource_view_resource`
pub fn view_resource(
    campus: &Campus,
    world: &mut World,
    caller: &Caller,
    params: &Value,
) -> Result<Value, Fault> {
    campus.instance(world, caller, "resource", int(params, "resourceid"))?;
    Ok(seen())
}

/// `mod_page_view_page`
pub fn view_page(
    campus: &Campus,
    world: &mut World,
    caller: &Caller,
    params: &Value,
) -> Result<Value, Fault> {
    campus.instance(world, caller, "page", int(params, "pageid"))?;
    Ok(seen())
}

/// `mod_url_view_url`
pub fn view_url(campus: &Campus, world: &mut World, caller: &Caller, params: &Value) -> Result<Value, Fault> {
    campus.instance(world, caller, "url", int(params, "urlid"))?;
    Ok(seen())
}
