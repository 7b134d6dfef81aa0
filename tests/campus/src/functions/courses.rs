//! The site and its one course.

use serde_json::{Value, json};

use super::{int, list, seen, text};
use crate::campus::{Caller, Campus, takes_part};
use crate::fault::Fault;
use crate::site::{self, SITE_NAME, TEACHER, USERS, User};
use crate::world::World;

/// `core_webservice_get_site_info`
pub fn site_info(campus: &Campus, world: &mut World, caller: &Caller, _: &Value) -> Result<Value, Fault> {
    let user = caller.user;
    let functions: Vec<Value> =
        campus.schema.names().map(|name| json!({"name": name, "version": "2024100706"})).collect();
    Ok(json!({
        "sitename": SITE_NAME, "username": user.username, "firstname": user.firstname,
        "lastname": user.lastname, "fullname": user.fullname(), "lang": "en", "userid": user.id,
        "siteurl": campus.plan.site, "userpictureurl": campus.image("core", "u/f1"), "functions": functions,
        "downloadfiles": 1, "uploadfiles": 1, "release": "4.5.6 (Build: 20250811)", "version": "2024100706",
        "mobilecssurl": "",
        "advancedfeatures": [
            {"name": "usecomments", "value": 1}, {"name": "usetags", "value": 1},
            {"name": "enablenotes", "value": 1}, {"name": "messaging", "value": 1},
            {"name": "enableblogs", "value": 1}, {"name": "enablecompletion", "value": 1},
            {"name": "enablebadges", "value": 1}, {"name": "messagingallusers", "value": 0},
            {"name": "enablecustomreports", "value": 1}, {"name": "enableglobalsearch", "value": 0},
            {"name": "mnet_dispatcher_mode", "value": 0}, {"name": "enablecompetencies", "value": 1}
        ],
        "usercanmanageownfiles": true, "userquota": 104_857_600, "usermaxuploadfilesize": 67_108_864,
        "userhomepage": 1, "userprivateaccesskey": access_key(world, user.id), "siteid": 1,
        "sitecalendartype": "gregorian", "usercalendartype": "gregorian", "userissiteadmin": false,
        "theme": "boost", "limitconcurrentlogins": 0, "policyagreed": 0
    }))
}

/// The key in `tokenpluginfile.php` addresses; made once.
pub fn access_key(world: &mut World, user: i64) -> String {
    if let Some(key) = world.access_keys.get(&user) {
        return key.clone();
    }
    world.touch();
    let key = site::random_hex(16);
    world.access_keys.insert(user, key.clone());
    key
}

fn summary(campus: &Campus) -> String {
    let summary = &campus.course.summary;
    if summary.starts_with('<') || summary.is_empty() {
        return summary.clone();
    }
    format!("<p>{}</p>", site::escape(summary))
}

fn short_name(campus: &Campus) -> String {
    campus.course.id.to_ascii_uppercase()
}

/// `core_enrol_get_users_courses`
pub fn users_courses(
    campus: &Campus,
    world: &mut World,
    caller: &Caller,
    params: &Value,
) -> Result<Value, Fault> {
    let asked = int(params, "userid");
    let other = USERS.iter().chain([&TEACHER]).find(|user| user.id == asked);
    if due(world, caller.user).is_some() {
        return Ok(json!([]));
    }
    if !takes_part(world, caller.user) || !other.is_some_and(|user| takes_part(world, user)) {
        return Ok(json!([]));
    }
    let own = asked == caller.user.id;
    let tracked = campus.modules.len();
    let done = world.completions.iter().filter(|done| done.user == asked && done.done).count();
    #[allow(clippy::cast_precision_loss)]
    let progress = if tracked == 0 { 0.0 } else { done as f64 * 100.0 / tracked as f64 };
    Ok(json!([{
        "id": campus.course_id, "shortname": short_name(campus), "fullname": campus.course.title,
        "displayname": campus.course.title,
        "enrolledusercount": USERS.iter().filter(|user| takes_part(world, user)).count() + 1,
        "idnumber": campus.course.id, "visible": 1, "summary": summary(campus), "summaryformat": 1,
        "format": "topics", "courseimage": campus.url("/course/generated/course.svg"), "showgrades": true,
        "lang": "", "enablecompletion": true, "completionhascriteria": own, "completionusertracked": own,
        "category": 1, "progress": if own { site::number(progress) } else { Value::Null },
        "completed": if own { json!(tracked > 0 && done >= tracked) } else { Value::Null },
        "startdate": campus.made, "enddate": 0, "marker": 0, "lastaccess": null, "isfavourite": false,
        "hidden": false, "overviewfiles": [], "showactivitydates": false, "showcompletionconditions": true,
        "timemodified": campus.made
    }]))
}

/// `core_course_get_courses_by_field`
pub fn by_field(campus: &Campus, _: &mut World, _: &Caller, params: &Value) -> Result<Value, Fault> {
    let wanted = text(params, "value");
    let hit = match text(params, "field") {
        "" => true,
        "id" => wanted == campus.course_id.to_string(),
        "ids" => wanted.split(',').any(|id| id.trim() == campus.course_id.to_string()),
        "shortname" => wanted == short_name(campus),
        "idnumber" => wanted == campus.course.id,
        "category" => wanted == "1",
        _ => return Err(Fault::of("invalidparameter")),
    };
    if !hit {
        return Ok(json!({"courses": [], "warnings": []}));
    }
    let filters: Vec<Value> =
        ["displayh5p", "activitynames", "mathjaxloader", "emoticon", "urltolink", "mediaplugin"]
            .iter()
            .map(|name| json!({"filter": name, "localstate": 0, "inheritedstate": 1}))
            .collect();
    Ok(json!({"courses": [{
        "id": campus.course_id, "fullname": campus.course.title, "displayname": campus.course.title,
        "shortname": short_name(campus), "courseimage": campus.url("/course/generated/course.svg"),
        "categoryid": 1, "categoryname": "Category 1", "sortorder": 10_001, "summary": summary(campus),
        "summaryformat": 1, "summaryfiles": [], "overviewfiles": [], "showactivitydates": false,
        "showcompletionconditions": true, "contacts": [{"id": TEACHER.id, "fullname": TEACHER.fullname()}],
        "enrollmentmethods": ["manual"], "format": "topics", "showgrades": 1, "newsitems": 5,
        "startdate": campus.made, "enddate": 0, "maxbytes": 0, "showreports": 0, "visible": 1, "groupmode": 0,
        "groupmodeforce": 0, "defaultgroupingid": 0, "enablecompletion": 1, "completionnotify": 0,
        "lang": "", "theme": "", "marker": 0, "filters": filters,
        "courseformatoptions": [
            {"name": "hiddensections", "value": 1}, {"name": "coursedisplay", "value": 0},
            {"name": "indentation", "value": "1"}
        ]
    }], "warnings": []}))
}

/// `core_course_view_course`
pub fn view(campus: &Campus, world: &mut World, caller: &Caller, params: &Value) -> Result<Value, Fault> {
    open_course(campus, world, caller, int(params, "courseid"))?;
    Ok(seen())
}

/// The course that every site has, its front page.
pub const SITE_HOME: i64 = 1;

/// What a person must do on the site's pages first, as Moodle puts it in its messages.
pub fn due(world: &World, user: &User) -> Option<&'static str> {
    if world.new_password.contains(user.username) {
        return Some("error/forcepasswordchangenotice");
    }
    let policy = "Site policy not agreed: <a href=\"https://moodle.example/user/policy.php\">Link to site policy agreement</a>";
    world.no_policy.contains(user.username).then_some(policy)
}

/// Refuses a course that does not exist or is closed to the caller.
pub fn open_course(campus: &Campus, world: &World, caller: &Caller, id: i64) -> Result<(), Fault> {
    if id != campus.course_id && id != SITE_HOME {
        return Err(Fault::no_record("course"));
    }
    if let Some(due) = due(world, caller.user) {
        return Err(Fault::course_closed_for(id, due));
    }
    if id == SITE_HOME {
        return Ok(());
    }
    if takes_part(world, caller.user) { Ok(()) } else { Err(Fault::course_closed(id)) }
}

/// The options list `[{name, value}]` of a call as one value.
pub fn option<'a>(params: &'a Value, name: &str) -> Option<&'a str> {
    list(params, "options")
        .iter()
        .find(|option| text(option, "name") == name)
        .map(|option| text(option, "value"))
}
