//! Draft areas and private files.
//! Must stay true: a draft area is seen only by its owner; a private file replaces one of the same name.

use serde_json::{Value, json};

use super::{int, text};
use crate::campus::{Caller, Campus};
use crate::fault::Fault;
use crate::world::{OwnFile, World};

/// A draft number nobody uses.
pub fn new_draft(world: &mut World) -> i64 {
    loop {
        let digits = crate::site::random_hex(4);
        let id = i64::from_str_radix(&digits, 16).unwrap_or(1) % 1_000_000_000;
        if id > 0 && !world.drafts.iter().any(|file| file.itemid == id) {
            return id;
        }
    }
}

/// `core_files_get_unused_draft_itemid`
pub fn unused_draft(_: &Campus, world: &mut World, caller: &Caller, _: &Value) -> Result<Value, Fault> {
    let id = new_draft(world);
    Ok(json!({"component": "user", "contextid": caller.user.context(), "userid": caller.user.id,
        "filearea": "draft", "itemid": id, "warnings": []}))
}

/// The caller's files of a draft area.
pub fn draft(world: &World, user: i64, itemid: i64) -> Vec<OwnFile> {
    world.drafts.iter().filter(|file| file.user == user && file.itemid == itemid).cloned().collect()
}

/// `core_user_add_user_private_files`
pub fn add_private(_: &Campus, world: &mut World, caller: &Caller, params: &Value) -> Result<Value, Fault> {
    for mut file in draft(world, caller.user.id, int(params, "draftid")) {
        world.private.retain(|old| {
            !(old.user == file.user && old.filepath == file.filepath && old.filename == file.filename)
        });
        file.itemid = 0;
        file.time = caller.now;
        world.private.push(file);
    }
    world.touch();
    Ok(Value::Null)
}

/// `core_user_get_private_files_info`
pub fn info(_: &Campus, world: &mut World, caller: &Caller, params: &Value) -> Result<Value, Fault> {
    let asked = int(params, "userid");
    if asked != 0 && asked != caller.user.id {
        return Err(Fault::of("nopermissions"));
    }
    let mine: Vec<&OwnFile> = world.private.iter().filter(|file| file.user == caller.user.id).collect();
    let size: u64 = mine.iter().map(|file| file.size).sum();
    let folders: std::collections::BTreeSet<&str> =
        mine.iter().map(|file| file.filepath.as_str()).filter(|path| *path != "/").collect();
    Ok(json!({"filecount": mine.len(), "foldercount": folders.len(), "filesize": size,
        "filesizewithoutreferences": size, "warnings": []}))
}

/// `core_files_get_files`, for private files.
pub fn list(campus: &Campus, world: &mut World, caller: &Caller, params: &Value) -> Result<Value, Fault> {
    let context = caller.user.context();
    let named = text(params, "contextlevel") == "user" && int(params, "instanceid") == caller.user.id;
    if text(params, "component") != "user"
        || text(params, "filearea") != "private"
        || !(named || int(params, "contextid") == context)
    {
        return Err(Fault::of("invalidparameter"));
    }
    let files: Vec<Value> = world
        .private
        .iter()
        .filter(|file| file.user == caller.user.id && file.filepath == text(params, "filepath"))
        .map(|file| {
            json!({
                "contextid": context, "component": "user", "filearea": "private", "itemid": 0,
                "filepath": file.filepath, "filename": file.filename, "isdir": false,
                "url": campus.url(&format!("/pluginfile.php/{context}/user/private{}{}",
                    super::contents::escape_path(&file.filepath), super::contents::escape_path(&file.filename))),
                "timemodified": file.time, "timecreated": file.time, "filesize": file.size,
                "author": caller.user.fullname(), "license": "unknown"
            })
        })
        .collect();
    let parent = |id: i64, name: String| {
        json!({"contextid": id, "component": null, "filearea": null, "itemid": null, "filepath": null,
            "filename": name})
    };
    Ok(
        json!({"parents": [parent(1, "System".into()), parent(context, caller.user.fullname())], "files": files}),
    )
}
