//! The learner's own grade table of a course.
//!
//! What must stay true: an absent or hidden grade is never read as 0; a line that is not understood stays a line.

use daypack_course::grades::{GradeKind, GradeRow, Gradebook};
use serde_json::{Value, json};

use super::rest::{CallError, Rest};
use super::{loose, words};

/// Reads the table of `course` (its id at the site) for the learner `user`.
pub async fn read(rest: &Rest<'_>, user: &str, course: &str) -> Result<Gradebook, CallError> {
    let asked = json!({"courseid": course, "userid": user});
    let reply = rest.call("gradereport_user_get_grade_items", asked).await?;
    Ok(Gradebook { rows: rows(&reply.value), at: reply.at })
}

/// The lines of an answer.
pub fn rows(value: &Value) -> Vec<GradeRow> {
    let table = loose::list(value, "usergrades").first();
    table.map(|t| loose::list(t, "gradeitems").iter().map(row).collect()).unwrap_or_default()
}

fn row(item: &Value) -> GradeRow {
    let said = |key: &str| match words::plain(&loose::text(item, key)) {
        dash if matches!(dash.trim(), "-" | "–") => String::new(),
        text => text.trim().to_owned(),
    };
    let kind = match loose::text(item, "itemtype").as_str() {
        "mod" => GradeKind::Activity,
        "category" => GradeKind::Category,
        "course" => GradeKind::Course,
        _ => GradeKind::Other,
    };
    let hidden = loose::flag(item, "gradeishidden").unwrap_or(false)
        || loose::flag(item, "gradehiddenbydate").unwrap_or(false);
    let shown = said("gradeformatted");
    let value = loose::number(item, "graderaw").filter(|_| !hidden && !shown.is_empty());
    GradeRow {
        name: words::plain(&loose::text(item, "itemname")),
        kind,
        cmid: Some(loose::text(item, "cmid")).filter(|id| !id.is_empty()),
        value,
        shown: if hidden { String::new() } else { shown },
        range: loose::number(item, "grademin").zip(loose::number(item, "grademax")).filter(|(a, b)| a < b),
        percent: if hidden { String::new() } else { said("percentageformatted") },
        weight: said("weightformatted"),
        feedback_html: loose::text(item, "feedback"),
        given: loose::time(item, "gradedategraded").filter(|_| value.is_some()),
        hidden,
    }
}
