//! The web-service functions, one file per part of Moodle, and the table that finds them.
//! Must stay true: every function of `schema.json` is in the table (a test holds it).

use serde_json::{Value, json};

use crate::campus::{Caller, Campus, takes_part};
use crate::fault::Fault;
use crate::world::World;

pub mod assign;
pub mod batch;
pub mod completion;
pub mod config;
pub mod content;
pub mod contents;
pub mod courses;
pub mod forum;
pub mod grades;
pub mod messages;
pub mod own_files;
pub mod quiz;
pub mod updates;

/// A function: parameters in, answer or refusal out.
pub type Function = fn(&Campus, &mut World, &Caller, &Value) -> Result<Value, Fault>;

/// Finds a function by its name.
pub fn find(name: &str) -> Option<Function> {
    Some(match name {
        "core_webservice_get_site_info" => courses::site_info,
        "core_enrol_get_users_courses" => courses::users_courses,
        "core_course_get_courses_by_field" => courses::by_field,
        "core_course_view_course" => courses::view,
        "core_course_get_contents" => contents::get,
        "core_course_get_course_module" => contents::module,
        "core_course_get_updates_since" => updates::since,
        "core_completion_update_activity_completion_status_manually" => completion::update_manually,
        "core_completion_get_activities_completion_status" => completion::statuses,
        "mod_resource_get_resources_by_courses" => content::resources,
        "mod_page_get_pages_by_courses" => content::pages,
        "mod_url_get_urls_by_courses" => content::urls,
        "mod_resource_view_resource" => content::view_resource,
        "mod_page_view_page" => content::view_page,
        "mod_url_view_url" => content::view_url,
        "mod_quiz_get_quizzes_by_courses" => quiz::list,
        "mod_quiz_view_quiz" => quiz::view,
        "mod_quiz_get_quiz_access_information" => quiz::access,
        "mod_quiz_get_attempt_access_information" => quiz::attempt_access,
        "mod_quiz_get_combined_review_options" => quiz::review_options,
        "mod_quiz_get_user_attempts" => quiz::attempts,
        "mod_quiz_get_user_best_grade" => quiz::best_grade,
        "mod_quiz_start_attempt" => quiz::start,
        "mod_quiz_view_attempt" => quiz::view_attempt,
        "mod_quiz_view_attempt_summary" => quiz::view_summary,
        "mod_quiz_view_attempt_review" => quiz::view_review,
        "mod_quiz_get_attempt_data" => quiz::data,
        "mod_quiz_get_attempt_summary" => quiz::summary,
        "mod_quiz_save_attempt" => quiz::save,
        "mod_quiz_process_attempt" => quiz::process,
        "mod_quiz_get_attempt_review" => quiz::review,
        "mod_assign_get_assignments" => assign::list,
        "mod_assign_view_assign" => assign::view,
        "mod_assign_view_submission_status" => assign::view,
        "mod_assign_get_submission_status" => assign::status,
        "mod_assign_save_submission" => assign::save,
        "mod_assign_submit_for_grading" => assign::submit,
        "mod_assign_get_grades" => assign::grades,
        "mod_forum_get_forums_by_courses" => forum::list,
        "mod_forum_view_forum" => forum::view,
        "mod_forum_view_forum_discussion" => forum::view_discussion,
        "mod_forum_get_forum_discussions" => forum::discussions,
        "mod_forum_get_discussion_posts" => forum::posts,
        "mod_forum_add_discussion" => forum::add_discussion,
        "mod_forum_add_discussion_post" => forum::add_post,
        "gradereport_user_get_grade_items" => grades::items,
        "gradereport_overview_get_course_grades" => grades::overview,
        "message_popup_get_popup_notifications" => messages::popup,
        "message_popup_get_unread_popup_notification_count" => messages::unread,
        "core_message_mark_notification_read" => messages::mark_read,
        "core_files_get_unused_draft_itemid" => own_files::unused_draft,
        "core_files_get_files" => own_files::list,
        "core_user_add_user_private_files" => own_files::add_private,
        "core_user_get_private_files_info" => own_files::info,
        "tool_mobile_get_config" => config::get,
        "tool_mobile_call_external_functions" => batch::call,
        "core_user_get_user_preferences" => config::preferences,
        _ => return None,
    })
}

/// A whole number out of the parameters.
pub fn int(params: &Value, name: &str) -> i64 {
    params.get(name).and_then(Value::as_i64).unwrap_or(0)
}

/// A text out of the parameters.
pub fn text<'a>(params: &'a Value, name: &str) -> &'a str {
    params.get(name).and_then(Value::as_str).unwrap_or("")
}

/// A list out of the parameters.
pub fn list<'a>(params: &'a Value, name: &str) -> &'a [Value] {
    params.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The answer of the `view_*` functions.
pub fn seen() -> Value {
    json!({"status": true, "warnings": []})
}

/// The modules of a kind in the asked courses, and a warning for each other course.
/// `code` is the warning code ("1", and "2" in assignments).
pub fn by_courses<'a>(
    campus: &'a Campus,
    world: &World,
    caller: &Caller,
    params: &Value,
    modname: &str,
) -> (Vec<&'a crate::modules::Module>, Vec<Value>) {
    let asked: Vec<i64> = list(params, "courseids").iter().filter_map(Value::as_i64).collect();
    let open = takes_part(world, caller.user);
    let wanted = open && (asked.is_empty() || asked.contains(&campus.course_id));
    let is_shown = |module: &&crate::modules::Module| {
        wanted && module.modname == modname && !world.hidden.contains(&module.cmid)
    };
    let modules = campus.modules.iter().filter(is_shown).collect();
    let warnings = asked
        .iter()
        .filter(|id| !open || **id != campus.course_id)
        .map(|id| {
            json!({"item": "course", "itemid": id, "warningcode": "1",
                "message": "No access rights in course context"})
        })
        .collect();
    (modules, warnings)
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_function_of_the_service_is_in_the_table() {
        let schema = crate::schema::Schema::load().unwrap();
        for name in schema.names() {
            assert!(super::find(name).is_some(), "{name} is listed but not there");
        }
    }
}
