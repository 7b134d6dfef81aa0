//! Popup notifications.

use serde_json::{Value, json};

use super::int;
use crate::campus::{Caller, Campus};
use crate::fault::Fault;
use crate::site;
use crate::world::{Notification, World};

fn own(caller: &Caller, params: &Value) -> Result<(), Fault> {
    match int(params, "useridto") {
        0 => Ok(()),
        id if id == caller.user.id => Ok(()),
        _ => Err(Fault::of("accessdenied")),
    }
}

fn ago(seconds: i64) -> String {
    let unit = |n: i64, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
    let (days, hours) = (seconds / 86_400, seconds / 3600 % 24);
    let (minutes, rest) = (seconds / 60 % 60, seconds % 60);
    let pair = match (days, hours, minutes) {
        (0, 0, 0) => unit(rest, "sec", "secs"),
        (0, 0, _) => format!("{} {}", unit(minutes, "min", "mins"), unit(rest, "sec", "secs")),
        (0, ..) => format!("{} {}", unit(hours, "hour", "hours"), unit(minutes, "min", "mins")),
        _ => format!("{} {}", unit(days, "day", "days"), unit(hours, "hour", "hours")),
    };
    format!("{pair} ago")
}

/// `message_popup_get_popup_notifications`
pub fn popup(campus: &Campus, world: &mut World, caller: &Caller, params: &Value) -> Result<Value, Fault> {
    own(caller, params)?;
    let mut mine: Vec<&Notification> =
        world.notifications.iter().filter(|note| note.to == caller.user.id).collect();
    let unread = mine.iter().filter(|note| note.read.is_none()).count();
    if params.get("newestfirst").and_then(Value::as_bool).unwrap_or(true) {
        mine.reverse();
    }
    let limit = match usize::try_from(int(params, "limit")) {
        Ok(0) | Err(_) => usize::MAX,
        Ok(limit) => limit,
    };
    let offset = usize::try_from(int(params, "offset")).unwrap_or(0);
    let list: Vec<Value> = mine
        .into_iter()
        .skip(offset)
        .take(limit)
        .map(|note| {
            json!({
                "id": note.id, "useridfrom": note.from, "useridto": note.to, "subject": note.subject,
                "shortenedsubject": note.subject, "text": format!("<p>{}</p>", note.subject),
                "fullmessage": note.full, "fullmessageformat": 2, "fullmessagehtml": note.html,
                "smallmessage": note.subject, "contexturl": campus.url(&note.context_path),
                "contexturlname": note.context_name, "timecreated": note.time,
                "timecreatedpretty": ago(caller.now - note.time), "timeread": note.read,
                "read": note.read.is_some(), "deleted": false,
                "iconurl": campus.image(&note.component, "monologo"), "component": note.component,
                "eventtype": note.eventtype, "customdata": note.customdata
            })
        })
        .collect();
    Ok(json!({"notifications": list, "unreadcount": unread}))
}

/// `message_popup_get_unread_popup_notification_count`
pub fn unread(_: &Campus, world: &mut World, caller: &Caller, params: &Value) -> Result<Value, Fault> {
    own(caller, params)?;
    let unread = world.notifications.iter().filter(|note| note.to == caller.user.id && note.read.is_none());
    Ok(unread.count().into())
}

/// `core_message_mark_notification_read`
pub fn mark_read(_: &Campus, world: &mut World, caller: &Caller, params: &Value) -> Result<Value, Fault> {
    let id = int(params, "notificationid");
    let note = world.notifications.iter_mut().find(|note| note.id == id && note.to == caller.user.id);
    let note = note.ok_or_else(|| Fault::no_record("notifications"))?;
    note.read = note.read.or(Some(caller.now));
    world.touch();
    Ok(json!({"notificationid": id, "warnings": []}))
}

/// Which notification.
pub enum News<'a> {
    /// "You have submitted ..."
    Receipt,
    /// "... has given feedback ..."
    Feedback,
    /// The attempt is marked.
    Marked {
        /// Path of the review page.
        review: &'a str,
    },
}

/// Tells a learner about an activity.
pub fn tell(
    campus: &Campus,
    world: &mut World,
    to: i64,
    module: &crate::modules::Module,
    news: &News,
    now: i64,
) {
    let id = world.next("notification");
    let (name, short, teacher) =
        (&module.name, campus.course.id.to_ascii_uppercase(), site::TEACHER.fullname());
    let view = format!("/mod/{}/view.php?id={}", module.modname, module.cmid);
    let link = campus.url(&view);
    let course_link = campus.url(&format!("/course/view.php?id={}", campus.course_id));
    let rule = "-".repeat(69);
    let (subject, body, html, kind) = match news {
        News::Receipt => (
            format!("You have submitted your assignment submission for {name}"),
            format!(
                "You have submitted an\nassignment submission for '{name}'\n\nYou can see the status of your \
                 assignment submission:\n\n    {link}\n"
            ),
            format!(
                "<p>You have submitted an assignment submission for '<i>{name}</i>'.</p>\n<p>You can see the \
                 status of your <a href=\"{link}\">assignment submission</a>.</p>"
            ),
            "submissionreceipt",
        ),
        News::Feedback => (
            format!("{teacher} has given feedback for assignment {name}"),
            format!(
                "{teacher} has posted some feedback on your\nassignment submission for '{name}'\n\nYou can see \
                 it appended to your assignment submission:\n\n    {link}\n"
            ),
            format!(
                "{teacher} has posted some feedback on your\nassignment submission for '<i>{name}</i>'<br /><br \
                 />\nYou can see it appended to your <a href=\"{link}\">assignment submission</a>."
            ),
            "feedbackavailable",
        ),
        News::Marked { review } => (
            format!("Your attempt at {name} has been reviewed"),
            format!(
                "Your answers to '{name}' have been reviewed by {teacher}.\n\n    {}\n",
                campus.url(review)
            ),
            format!(
                "<p>Your answers to '<i>{name}</i>' have been reviewed by {teacher}.</p>\n<p>You can <a \
                 href=\"{}\">review your attempt</a>.</p>",
                campus.url(review)
            ),
            "attempt_grading_complete",
        ),
    };
    let quiz = matches!(news, News::Marked { .. });
    let customdata = if quiz {
        json!({"cmid": module.cmid.to_string(), "instance": module.instance.to_string(),
            "courseid": campus.course_id.to_string()})
    } else {
        json!({"cmid": module.cmid.to_string(), "instance": module.instance.to_string(), "messagetype": kind,
            "blindmarking": false, "uniqueidforuser": 0, "courseid": campus.course_id.to_string()})
    };
    let word = if quiz { "Quiz" } else { "Assignment" };
    world.notifications.push(Notification {
        id,
        from: if matches!(news, News::Receipt) { -10 } else { site::TEACHER.id },
        to,
        full: format!("{short} -> {word} -> {name}\n{rule}\n{body}\n{rule}\n"),
        html: format!(
            "<p><font face=\"sans-serif\"><a href=\"{course_link}\">{short}</a> -><a \
             href=\"{link}\">{name}</a></font></p><hr /><font face=\"sans-serif\"><p>{html}</p></font><hr />"
        ),
        subject,
        component: format!("mod_{}", module.modname),
        eventtype: if quiz { kind.to_owned() } else { "assign_notification".to_owned() },
        context_path: match news {
            News::Marked { review } => (*review).to_owned(),
            _ => view,
        },
        context_name: name.clone(),
        customdata: customdata.to_string(),
        time: now,
        read: None,
    });
}
