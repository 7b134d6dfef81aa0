//! What teachers and the site say about work: grades, comments, recorded messages, posts.
//!
//! What is not graded yet makes no feedback. The same feedback pulled twice has the same id and version; a
//! changed one has another version.

use daypack_course::feedback::{Feedback, FeedbackFile, Grade, QuestionFeedback, QuestionState};
use daypack_course::outline::Binding;
use daypack_course::{Digest, TimeMs};
use serde_json::{Value, json};

use super::question::{self, Slot};
use super::rest::{CallError, Reply, Rest};
use super::{assign, files, forum, judge, loose, words};
use crate::connector::{Pulled, ReadError, Session};

/// Newest attempts whose reviews are read.
const ATTEMPTS: usize = 5;

/// Asks for all of `about`. An activity that is gone or locked is left out; a broken link ends it.
pub async fn pull(rest: &Rest<'_>, session: &Session, about: &[Binding]) -> Result<Pulled, ReadError> {
    let mut out = Pulled::default();
    let mut quizzes: Vec<(String, Value)> = Vec::new();
    for to in about {
        let asked = match to.module.as_str() {
            "assign" => assignment(rest, session, to, &mut out).await,
            "quiz" => quiz(rest, session, to, &mut quizzes, &mut out).await,
            "forum" => match forum::posts(rest, to).await {
                Ok(posts) => {
                    out.posts.push((to.clone(), posts));
                    Ok(())
                }
                Err(error) => Err(error),
            },
            _ => Ok(()),
        };
        match asked.map_err(|e| judge::read(&e)) {
            Ok(()) | Err(ReadError::Refused(_)) => {}
            Err(error) => return Err(error),
        }
    }
    if out.server_now == TimeMs::default() {
        let info = rest.call("core_webservice_get_site_info", json!({})).await?;
        out.server_now = info.at;
    }
    Ok(out)
}

async fn assignment(
    rest: &Rest<'_>,
    session: &Session,
    to: &Binding,
    out: &mut Pulled,
) -> Result<(), CallError> {
    let (status, value) = assign::status(rest, to).await?;
    out.server_now = status.at;
    out.submissions.push((to.clone(), status.view()));
    out.feedback.extend(of_assignment(&value, session, to));
    Ok(())
}

/// Feedback in a submission status; `None` when nothing is graded.
pub fn of_assignment(value: &Value, session: &Session, to: &Binding) -> Option<Feedback> {
    let feedback = loose::object(value, "feedback")?;
    let grade = loose::object(feedback, "grade").cloned().unwrap_or_default();
    let shown = words::plain(&loose::text(feedback, "gradefordisplay"));
    let previous = loose::list(value, "previousattempts").last();
    let plugins = match loose::list(feedback, "plugins") {
        // Reopened for another try: what was said stands with the attempt before.
        [] => previous.map_or(&[][..], |p| loose::list(p, "feedbackplugins")),
        own => own,
    };
    let plugin = |kind: &str| plugins.iter().find(|p| loose::text(p, "type") == kind);
    let comment = plugin("comments")
        .and_then(|p| loose::list(p, "editorfields").first())
        .map(|f| loose::text(f, "text"));
    let recorded: Vec<FeedbackFile> = plugins
        .iter()
        .flat_map(|p| loose::list(p, "fileareas"))
        .flat_map(|a| loose::list(a, "files"))
        .map(file)
        .collect();
    let comment_html = comment.unwrap_or_default();
    let (value_shown, max) = shown_parts(&shown);
    let value = loose::number(&grade, "grade").filter(|g| *g >= 0.0).or(value_shown);
    let has_grade = value.is_some() || !matches!(shown.as_str(), "" | "-");
    if !has_grade && words::plain(&comment_html).is_empty() && recorded.is_empty() {
        return None;
    }
    let given = loose::time(feedback, "gradeddate").unwrap_or_default();
    let grade = has_grade.then(|| Grade { value, max, shown: shown.clone(), is_final: true });
    Some(seal(Feedback {
        id: format!("{}:assign:{}", session.account, to.cmid),
        account: session.account.clone(),
        about: to.clone(),
        grade,
        comment_html,
        questions: Vec::new(),
        files: recorded,
        from: String::new(),
        given,
        version: String::new(),
    }))
}

/// `87.50 / 100.00` as numbers.
fn shown_parts(shown: &str) -> (Option<f64>, Option<f64>) {
    let clean: String = shown.chars().filter(|c| !c.is_whitespace()).collect();
    match clean.split_once('/') {
        Some((value, max)) => (value.parse().ok(), max.parse().ok()),
        None => (clean.parse().ok(), None),
    }
}

fn file(value: &Value) -> FeedbackFile {
    FeedbackFile {
        name: loose::text(value, "filename"),
        media_type: loose::text(value, "mimetype"),
        size: loose::int(value, "filesize").and_then(|n| u64::try_from(n).ok()),
        url: files::for_app(&loose::text(value, "fileurl")),
        version: loose::text(value, "timemodified"),
    }
}

async fn quiz(
    rest: &Rest<'_>,
    session: &Session,
    to: &Binding,
    known: &mut Vec<(String, Value)>,
    out: &mut Pulled,
) -> Result<(), CallError> {
    let asked = json!({"quizid": to.instance, "status": "finished"});
    let attempts = rest.call("mod_quiz_get_user_attempts", asked).await?;
    out.server_now = attempts.at;
    let attempts = loose::list(&attempts.value, "attempts").to_vec();
    if attempts.is_empty() {
        return Ok(());
    }
    let about = quiz_terms(rest, to, known).await?;
    let max = about.as_ref().and_then(|q| loose::number(q, "grade"));
    for attempt in attempts.iter().rev().take(ATTEMPTS) {
        let asked = json!({"attemptid": loose::text(attempt, "id"), "page": -1});
        match rest.call("mod_quiz_get_attempt_review", asked).await {
            Ok(review) => out.feedback.extend(of_review(&review, max, session, to)),
            // Not shown yet.
            Err(CallError::Refused { code, .. }) if judge::meaning(&code) == judge::Meaning::Later => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

async fn quiz_terms(
    rest: &Rest<'_>,
    to: &Binding,
    known: &mut Vec<(String, Value)>,
) -> Result<Option<Value>, CallError> {
    if !known.iter().any(|(course, _)| *course == to.course) {
        let reply = rest.call("mod_quiz_get_quizzes_by_courses", json!({"courseids": [to.course]})).await?;
        known.push((to.course.clone(), reply.value));
    }
    let of_course = known.iter().find(|(course, _)| *course == to.course).map(|(_, v)| v);
    let id = to.instance.parse().unwrap_or(-1);
    Ok(of_course.and_then(|v| loose::find(loose::list(v, "quizzes"), "id", id)).cloned())
}

/// Feedback in a review; `None` when nothing is graded, or nothing of it is shown.
pub fn of_review(review: &Reply, max: Option<f64>, session: &Session, to: &Binding) -> Option<Feedback> {
    let value = &review.value;
    let attempt = loose::object(value, "attempt")?;
    let slots: Vec<Slot> = loose::list(value, "questions").iter().filter_map(question::slot).collect();
    let questions: Vec<QuestionFeedback> =
        slots.iter().filter(|s| s.kind != "description").map(of_question).collect();
    let number = loose::number(value, "grade");
    let is_final = !questions.iter().any(|q| q.state == QuestionState::AwaitingMarking);
    let said_something = questions.iter().any(|q| q.mark.is_some() || !q.comment_html.is_empty());
    if number.is_none() && !said_something {
        return None;
    }
    let comment_html = loose::list(value, "additionaldata")
        .iter()
        .filter(|d| loose::text(d, "id") == "feedback")
        .map(|d| loose::text(d, "content"))
        .collect();
    let shown = number.map(|n| format!("{n:.2}")).unwrap_or_default();
    Some(seal(Feedback {
        id: format!("{}:quiz:{}:{}", session.account, to.cmid, loose::text(attempt, "id")),
        account: session.account.clone(),
        about: to.clone(),
        grade: Some(Grade { value: number, max, shown, is_final }),
        comment_html,
        questions,
        files: Vec::new(),
        from: String::new(),
        given: loose::time(attempt, "timemodified").unwrap_or(review.at),
        version: String::new(),
    }))
}

fn of_question(slot: &Slot) -> QuestionFeedback {
    QuestionFeedback {
        slot: slot.slot,
        state: state(&slot.state),
        mark: slot.mark,
        max_mark: Some(slot.max_mark).filter(|m| *m > 0.0),
        comment_html: slot.comment_html.clone(),
        outcome_html: slot.outcome_html.clone(),
    }
}

/// The site's state folded to ours.
pub fn state(site: &str) -> QuestionState {
    match site {
        "gradedright" | "mangrright" => QuestionState::Right,
        "gradedpartial" | "mangrpartial" => QuestionState::Partly,
        "gradedwrong" | "mangrwrong" => QuestionState::Wrong,
        "gaveup" | "mangaveup" | "todo" => QuestionState::Unanswered,
        "needsgrading" | "finished" => QuestionState::AwaitingMarking,
        _ => QuestionState::Other,
    }
}

/// Sets the version from everything that is shown.
fn seal(mut feedback: Feedback) -> Feedback {
    let shown = json!([feedback.grade, feedback.comment_html, feedback.questions, feedback.files]);
    feedback.version = Digest::of(shown.to_string().as_bytes()).to_string().chars().take(16).collect();
    feedback
}
