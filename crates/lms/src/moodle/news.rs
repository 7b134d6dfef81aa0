//! What changed since an instant of the site's clock, for all courses in one request.
//!
//! Moodle names what changed and not what is gone: deleted, renamed and moved things are found by comparing the
//! outline. A name that is not known counts as "ask".

use std::collections::BTreeMap;

use daypack_course::TimeMs;
use serde_json::{Value, json};

use super::rest::{CallError, Rest};
use super::{batch, judge, loose, site};
use crate::connector::{Changed, News, ReadError, Session, Told};

/// Asks for the learner's courses and what changed in those of `since`.
pub async fn news(rest: &Rest<'_>, session: &Session, since: &[(String, TimeMs)]) -> Result<News, ReadError> {
    let mut questions = vec![(
        "core_enrol_get_users_courses",
        json!({"userid": number(&session.remote_user), "returnusercount": false}),
    )];
    for (course, at) in since {
        let asked = json!({"courseid": number(course), "since": at.0.div_euclid(1000)});
        questions.push(("core_course_get_updates_since", asked));
    }
    let (mut answers, server_now) = batch::ask(rest, &questions).await?;
    let told = answers.split_off(1);
    let offers = match answers.pop() {
        Some(Ok(list)) => list.as_array().map(|all| site::offers(all)).filter(|offers| !offers.is_empty()),
        Some(Err(error)) if is_sign_in(&error) => return Err(ReadError::SignIn),
        _ => None,
    };
    let mut courses = BTreeMap::new();
    for ((course, _), answer) in since.iter().zip(told) {
        let told = match answer {
            Ok(value) => read(&value),
            Err(error) if is_sign_in(&error) => return Err(ReadError::SignIn),
            Err(_) => Told::Refused,
        };
        courses.insert(course.clone(), told);
    }
    Ok(News { offers, courses, server_now })
}

/// Moodle's batch is strict about types.
fn number(text: &str) -> Value {
    text.parse::<i64>().map_or_else(|_| Value::from(text), Value::from)
}

fn is_sign_in(error: &CallError) -> bool {
    judge::read(error) == ReadError::SignIn
}

/// An answer of `core_course_get_updates_since`.
pub fn read(value: &Value) -> Told {
    if !value.is_object() {
        return Told::Refused;
    }
    let mut activities: BTreeMap<String, Changed> = BTreeMap::new();
    for one in loose::list(value, "instances") {
        let changed = activities.entry(loose::text(one, "id")).or_default();
        for update in loose::list(one, "updates") {
            match loose::text(update, "name").as_str() {
                "configuration" => changed.settings = true,
                // The learner's own, known here.
                "completion" => {}
                "entries" | "chapters" | "pages" | "questions" => changed.content = true,
                name if name.ends_with("files") && !name.contains("submission") => changed.content = true,
                _ => changed.work = true,
            }
        }
    }
    Told::Changed(activities)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_is_asked_about_and_an_own_completion_is_not() {
        let one = |name: &str| json!({"instances": [{"contextlevel": "module", "id": 7, "updates": [{"name": name}]}]});
        let of = |name: &str| match read(&one(name)) {
            Told::Changed(all) => all["7"],
            Told::Refused => panic!("{name}"),
        };
        assert!(of("something new").work && of("grades").work && of("discussions").work);
        assert_eq!(of("completion"), Changed::default());
        assert!(of("introattachmentfiles").content && !of("introattachmentfiles").work);
        assert!(of("configuration").settings);
        assert_eq!(read(&json!([])), Told::Refused);
    }
}
