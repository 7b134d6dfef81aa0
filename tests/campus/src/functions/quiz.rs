//! The quiz functions: rules of access around `quiz::attempt`.
//! Must stay true: after the close the first call on an attempt ends it, with what was saved in time.

use serde_json::{Value, json};

use super::{by_courses, completion, int, list as items, seen, text};
use crate::campus::{Caller, Campus};
use crate::course::{Body, Quiz};
use crate::fault::{CONFIRM, Fault};
use crate::modules::{Module, Subject};
use crate::quiz::attempt::{self as life, GRACE, PER_PAGE};
use crate::quiz::html;
use crate::site::number;
use crate::world::{Attempt, World};

/// When a quiz closes; 0 never.
pub fn closes(_: &Campus, world: &World, instance: i64) -> i64 {
    world.quiz_close.get(&instance).copied().unwrap_or(0)
}

fn quiz_of(module: &Module) -> Result<&Quiz, Fault> {
    match &module.subject {
        Subject::Quiz(quiz) => Ok(quiz),
        _ => Err(Fault::no_record("quiz")),
    }
}

fn attempts_of<'a>(world: &'a World, caller: &Caller, quiz: i64) -> impl Iterator<Item = &'a Attempt> {
    let user = caller.user.id;
    world.attempts.iter().filter(move |attempt| attempt.quiz == quiz && attempt.user == user)
}

/// `mod_quiz_get_quizzes_by_courses`
pub fn list(campus: &Campus, world: &mut World, caller: &Caller, params: &Value) -> Result<Value, Fault> {
    let (modules, warnings) = by_courses(campus, world, caller, params, "quiz");
    let mut quizzes = Vec::new();
    for module in modules {
        let quiz = quiz_of(module)?;
        quizzes.push(json!({
            "id": module.instance, "coursemodule": module.cmid, "course": campus.course_id,
            "name": module.name, "intro": module.intro, "introformat": 1, "introfiles": [],
            "section": module.section, "visible": true, "groupmode": 0, "groupingid": 0, "lang": "",
            "timeopen": 0, "timeclose": closes(campus, world, module.instance), "timelimit": 0,
            "overduehandling": "autosubmit", "graceperiod": 86_400, "preferredbehaviour": "deferredfeedback",
            "canredoquestions": 0, "attempts": quiz.max_attempts.unwrap_or(0), "attemptonlast": 0,
            "grademethod": 1, "decimalpoints": 2, "questiondecimalpoints": -1, "reviewattempt": 69_904,
            "reviewcorrectness": 69_904, "reviewmaxmarks": 69_904, "reviewmarks": 69_904,
            "reviewspecificfeedback": 69_904, "reviewgeneralfeedback": 69_904, "reviewrightanswer": 69_904,
            "reviewoverallfeedback": 4368, "questionsperpage": PER_PAGE, "navmethod": "free",
            "sumgrades": number(life::total(quiz)), "grade": 100, "browsersecurity": "", "delay1": 0,
            "delay2": 0, "showuserpicture": 0, "showblocks": 0, "completionattemptsexhausted": 0,
            "completionpass": 0, "allowofflineattempts": 1, "autosaveperiod": 60, "hasfeedback": 0,
            "hasquestions": 1
        }));
    }
    Ok(json!({"quizzes": quizzes, "warnings": warnings}))
}

/// `mod_quiz_view_quiz`
pub fn view(campus: &Campus, world: &mut World, caller: &Caller, params: &Value) -> Result<Value, Fault> {
    campus.instance(world, caller, "quiz", int(params, "quizid"))?;
    Ok(seen())
}

fn closed(campus: &Campus, world: &World, instance: i64, now: i64) -> bool {
    let at = closes(campus, world, instance);
    at > 0 && now > at
}

/// `mod_quiz_get_quiz_access_information`
pub fn access(campus: &Campus, world: &mut World, caller: &Caller, params: &Value) -> Result<Value, Fault> {
    let module = campus.instance(world, caller, "quiz", int(params, "quizid"))?;
    let (mut rules, mut names) = (Vec::new(), vec!["quizaccess_offlineattempts", "quizaccess_openclosedate"]);
    if let Some(most) = quiz_of(module)?.max_attempts {
        rules.push(format!("Attempts allowed: {most}"));
        names.insert(0, "quizaccess_numattempts");
    }
    let reasons: &[&str] = match closed(campus, world, module.instance, caller.now) {
        true => &["This quiz is currently not available."],
        false => &[],
    };
    Ok(json!({"canattempt": true, "canmanage": false, "canpreview": false, "canreviewmyattempts": true,
        "canviewreports": false, "accessrules": rules, "activerulenames": names,
        "preventaccessreasons": reasons, "warnings": []}))
}

fn none_left(world: &World, caller: &Caller, module: &Module) -> Result<bool, Fault> {
    let used =
        attempts_of(world, caller, module.instance).filter(|attempt| attempt.state == "finished").count();
    let most = quiz_of(module)?.max_attempts;
    Ok(most.is_some_and(|most| used >= usize::try_from(most).unwrap_or(usize::MAX)))
}

/// `mod_quiz_get_attempt_access_information`
pub fn attempt_access(
    campus: &Campus,
    world: &mut World,
    caller: &Caller,
    params: &Value,
) -> Result<Value, Fault> {
    let module = campus.instance(world, caller, "quiz", int(params, "quizid"))?;
    let exhausted = none_left(world, caller, module)?;
    let over = closed(campus, world, module.instance, caller.now);
    let reasons: &[&str] = if exhausted { &["No more attempts are allowed"] } else { &[] };
    if params.get("attemptid").and_then(Value::as_i64).is_none()
        && attempts_of(world, caller, module.instance).next().is_none()
    {
        return Ok(json!({"isfinished": over, "preventnewattemptreasons": reasons, "warnings": []}));
    }
    let running = attempts_of(world, caller, module.instance).find(|attempt| attempt.state == "inprogress");
    let (running, id) = (running.is_some(), running.map(|attempt| attempt.id));
    if let (true, Some(id)) = (over, id) {
        end_late(campus, world, id, caller.now)?;
    }
    Ok(json!({"endtime": closes(campus, world, module.instance), "isfinished": over || exhausted,
        "ispreflightcheckrequired": running && !over, "preventnewattemptreasons": reasons, "warnings": []}))
}

/// `mod_quiz_get_combined_review_options`
pub fn review_options(
    campus: &Campus,
    world: &mut World,
    caller: &Caller,
    params: &Value,
) -> Result<Value, Fault> {
    let module = campus.instance(world, caller, "quiz", int(params, "quizid"))?;
    let any = attempts_of(world, caller, module.instance).any(|attempt| attempt.state == "finished");
    let values = |on: i64, marks: i64| {
        json!([{"name": "feedback", "value": on}, {"name": "generalfeedback", "value": on},
            {"name": "rightanswer", "value": on}, {"name": "overallfeedback", "value": on},
            {"name": "marks", "value": marks}])
    };
    let (some, all) = if any { (values(1, 2), values(1, 2)) } else { (values(0, 0), values(1, 2)) };
    Ok(json!({"someoptions": some, "alloptions": all, "warnings": []}))
}

/// An attempt as answers carry it.
pub fn attempt_json(campus: &Campus, world: &World, attempt: &Attempt) -> Value {
    let quiz =
        campus.modules.iter().find(|module| module.modname == "quiz" && module.instance == attempt.quiz);
    let layout = quiz.and_then(|module| quiz_of(module).ok()).map(life::layout).unwrap_or_default();
    let finished = attempt.state == "finished";
    let close = closes(campus, world, attempt.quiz);
    let mut out = json!({
        "id": attempt.id, "quiz": attempt.quiz, "userid": attempt.user, "attempt": attempt.number,
        "uniqueid": attempt.id, "layout": layout, "currentpage": 0, "preview": 0, "state": attempt.state,
        "timestart": attempt.timestart, "timefinish": attempt.timefinish,
        "timemodified": attempt.timemodified, "timemodifiedoffline": attempt.timemodifiedoffline,
        "timecheckstate": if close > 0 && !finished { json!(close) } else { Value::Null },
        "sumgrades": life::sum(attempt).map_or(Value::Null, number),
        "gradednotificationsenttime": if finished { json!(attempt.timefinish) } else { Value::Null }
    });
    if let (true, Value::Object(map)) = (finished, &mut out) {
        map.insert("gradeitemmarks".into(), json!([]));
    }
    out
}

/// `mod_quiz_get_user_attempts`
pub fn attempts(campus: &Campus, world: &mut World, caller: &Caller, params: &Value) -> Result<Value, Fault> {
    let module = campus.instance(world, caller, "quiz", int(params, "quizid"))?;
    let wanted = text(params, "status");
    let list: Vec<Value> = attempts_of(world, caller, module.instance)
        .filter(|attempt| wanted == "all" || (wanted == "finished") == (attempt.state == "finished"))
        .map(|attempt| attempt_json(campus, world, attempt))
        .collect();
    Ok(json!({"attempts": list, "warnings": []}))
}

/// The best grade of a learner in a quiz, of 100.
pub fn best(campus: &Campus, world: &World, user: i64, instance: i64) -> Option<f64> {
    let module =
        campus.modules.iter().find(|module| module.modname == "quiz" && module.instance == instance)?;
    let total = life::total(quiz_of(module).ok()?);
    let mine = world.attempts.iter().filter(|attempt| attempt.user == user && attempt.quiz == instance);
    mine.filter_map(life::sum).map(|sum| rescale(sum, total)).reduce(f64::max)
}

fn rescale(sum: f64, total: f64) -> f64 {
    if total > 0.0 { sum * 100.0 / total } else { 0.0 }
}

/// `mod_quiz_get_user_best_grade`
pub fn best_grade(
    campus: &Campus,
    world: &mut World,
    caller: &Caller,
    params: &Value,
) -> Result<Value, Fault> {
    let module = campus.instance(world, caller, "quiz", int(params, "quizid"))?;
    Ok(match best(campus, world, caller.user.id, module.instance) {
        Some(grade) => {
            json!({"hasgrade": true, "grade": number((grade * 1e5).round() / 1e5), "warnings": []})
        }
        None => json!({"hasgrade": false, "warnings": []}),
    })
}

fn confirmed(params: &Value) -> bool {
    items(params, "preflightdata")
        .iter()
        .any(|entry| text(entry, "name") == "confirmdatasaved" && !matches!(text(entry, "value"), "" | "0"))
}

/// `mod_quiz_start_attempt`
pub fn start(campus: &Campus, world: &mut World, caller: &Caller, params: &Value) -> Result<Value, Fault> {
    let module = campus.instance(world, caller, "quiz", int(params, "quizid"))?;
    let refuse = |message: &str| {
        Ok(json!({"attempt": [], "warnings": [{"item": "quiz", "itemid": module.instance, "warningcode": "1",
            "message": message}]}))
    };
    if closed(campus, world, module.instance, caller.now) {
        return refuse("This quiz is currently not available.");
    }
    if attempts_of(world, caller, module.instance).any(|attempt| attempt.state == "inprogress") {
        return Err(Fault::of(if confirmed(params) { "attemptstillinprogress" } else { CONFIRM }));
    }
    if none_left(world, caller, module)? {
        return refuse("No more attempts are allowed");
    }
    let count = i64::try_from(attempts_of(world, caller, module.instance).count()).unwrap_or(0);
    let id = world.next("attempt");
    let questions = quiz_of(module)?.questions.len();
    let attempt = life::begin(id, module.instance, caller.user.id, count + 1, questions, caller.now);
    let shown = attempt_json(campus, world, &attempt);
    world.attempts.push(attempt);
    Ok(json!({"attempt": shown, "warnings": []}))
}

/// The caller's attempt and its quiz.
fn own<'a>(
    campus: &'a Campus,
    world: &World,
    caller: &Caller,
    params: &Value,
) -> Result<(usize, &'a Module, &'a Quiz), Fault> {
    let id = int(params, "attemptid");
    let at = world.attempts.iter().position(|attempt| attempt.id == id);
    let at = at.ok_or_else(|| Fault::no_record("quiz_attempts"))?;
    let attempt = world.attempts.get(at).ok_or_else(|| Fault::no_record("quiz_attempts"))?;
    let module = campus.instance(world, caller, "quiz", attempt.quiz)?;
    if attempt.user != caller.user.id {
        return Err(Fault::of("notyourattempt"));
    }
    Ok((at, module, quiz_of(module)?))
}

fn end_late(campus: &Campus, world: &mut World, id: i64, now: i64) -> Result<(), Fault> {
    let Some(at) = world.attempts.iter().position(|attempt| attempt.id == id) else { return Ok(()) };
    let instance = world.attempts.get(at).map_or(0, |attempt| attempt.quiz);
    let close = closes(campus, world, instance);
    let module = campus.modules.iter().find(|module| module.modname == "quiz" && module.instance == instance);
    let quiz = quiz_of(module.ok_or_else(|| Fault::no_record("quiz"))?)?;
    if let Some(attempt) = world.attempts.get_mut(at) {
        life::finish(attempt, quiz, close, now, campus.plan.grade_after);
    }
    world.touch();
    Ok(())
}

/// The checks before a running attempt is read or autosaved.
fn running<'a>(
    campus: &'a Campus,
    world: &mut World,
    caller: &Caller,
    params: &Value,
) -> Result<(usize, &'a Module, &'a Quiz), Fault> {
    let (at, module, quiz) = own(campus, world, caller, params)?;
    let (id, state) = world.attempts.get(at).map_or((0, ""), |attempt| (attempt.id, attempt.state.as_str()));
    if state == "finished" {
        return Err(Fault::of("attemptalreadyclosed"));
    }
    if closed(campus, world, module.instance, caller.now) {
        end_late(campus, world, id, caller.now)?;
        return Err(Fault::of("attempterror"));
    }
    if !confirmed(params) {
        return Err(Fault::of(CONFIRM));
    }
    Ok((at, module, quiz))
}

fn fields(params: &Value) -> Vec<(String, String)> {
    let data = items(params, "data").iter();
    data.map(|entry| (text(entry, "name").to_owned(), text(entry, "value").to_owned())).collect()
}

/// `mod_quiz_view_attempt`
pub fn view_attempt(
    campus: &Campus,
    world: &mut World,
    caller: &Caller,
    params: &Value,
) -> Result<Value, Fault> {
    running(campus, world, caller, params)?;
    Ok(seen())
}

/// `mod_quiz_view_attempt_summary`
pub fn view_summary(
    campus: &Campus,
    world: &mut World,
    caller: &Caller,
    params: &Value,
) -> Result<Value, Fault> {
    match running(campus, world, caller, params) {
        Err(fault) if fault.errorcode.as_deref() == Some("attemptalreadyclosed") => {
            Err(Fault::of("attempterror"))
        }
        Err(fault) => Err(fault),
        Ok(_) => Ok(seen()),
    }
}

/// `mod_quiz_view_attempt_review`
pub fn view_review(
    campus: &Campus,
    world: &mut World,
    caller: &Caller,
    params: &Value,
) -> Result<Value, Fault> {
    finished(campus, world, caller, params)?;
    Ok(seen())
}

/// `mod_quiz_get_attempt_data`
pub fn data(campus: &Campus, world: &mut World, caller: &Caller, params: &Value) -> Result<Value, Fault> {
    let (at, _, quiz) = running(campus, world, caller, params)?;
    let attempt = world.attempts.get(at).ok_or_else(|| Fault::no_record("quiz_attempts"))?;
    let pages = quiz.questions.len().div_ceil(PER_PAGE);
    let page = usize::try_from(int(params, "page")).unwrap_or(usize::MAX);
    if page >= pages {
        return Err(Fault::of("Invalid page number"));
    }
    let questions = html::questions(campus, attempt, quiz, Some(page), false);
    let next = if page + 1 < pages { json!(page + 1) } else { json!(-1) };
    Ok(json!({"attempt": attempt_json(campus, world, attempt), "messages": [], "nextpage": next,
        "questions": questions, "warnings": []}))
}

/// `mod_quiz_get_attempt_summary`
pub fn summary(campus: &Campus, world: &mut World, caller: &Caller, params: &Value) -> Result<Value, Fault> {
    let (at, _, quiz) = running(campus, world, caller, params)?;
    let attempt = world.attempts.get(at).ok_or_else(|| Fault::no_record("quiz_attempts"))?;
    let unanswered = quiz
        .questions
        .iter()
        .zip(&attempt.slots)
        .filter(|(question, slot)| {
            !matches!(question.body, Body::Description)
                && slot.autosave.as_ref().unwrap_or(&slot.answer).is_empty()
        })
        .count();
    Ok(json!({"questions": html::questions(campus, attempt, quiz, None, false),
        "totalunanswered": unanswered, "warnings": []}))
}

/// `mod_quiz_save_attempt`
pub fn save(campus: &Campus, world: &mut World, caller: &Caller, params: &Value) -> Result<Value, Fault> {
    let (at, _, quiz) = running(campus, world, caller, params)?;
    if let Some(attempt) = world.attempts.get_mut(at) {
        life::autosave(attempt, quiz, &fields(params), caller.now);
    }
    world.touch();
    Ok(seen())
}

/// `mod_quiz_process_attempt`
pub fn process(campus: &Campus, world: &mut World, caller: &Caller, params: &Value) -> Result<Value, Fault> {
    let (at, module, quiz) = own(campus, world, caller, params)?;
    let close = closes(campus, world, module.instance);
    let attempt = world.attempts.get_mut(at).ok_or_else(|| Fault::no_record("quiz_attempts"))?;
    if attempt.state == "finished" {
        return Err(Fault::of("attemptalreadyclosed"));
    }
    if !confirmed(params) {
        return Err(Fault::of(CONFIRM));
    }
    let late = close > 0 && caller.now > close;
    let too_late = close > 0 && caller.now > close + GRACE;
    let truth = |name: &str| params.get(name).and_then(Value::as_bool).unwrap_or(false);
    if !too_late {
        life::step(attempt, quiz, &fields(params), caller.now)?;
    }
    let finishes = truth("finishattempt") || truth("timeup") || late;
    if finishes {
        let at = if too_late { close } else { caller.now };
        life::finish(attempt, quiz, at, caller.now, campus.plan.grade_after);
    }
    let (state, graded) = (attempt.state.clone(), life::sum(attempt).is_some());
    if graded {
        completion::set(world, caller.user.id, module.cmid, true, caller.now);
    }
    world.touch();
    Ok(json!({"state": state, "warnings": []}))
}

fn finished<'a>(
    campus: &'a Campus,
    world: &World,
    caller: &Caller,
    params: &Value,
) -> Result<(usize, &'a Quiz), Fault> {
    let (at, _, quiz) =
        own(campus, world, caller, params).map_err(|fault| match fault.errorcode.as_deref() {
            Some("notyourattempt") => Fault::of("noreviewattempt"),
            _ => fault,
        })?;
    match world.attempts.get(at) {
        Some(attempt) if attempt.state == "finished" => Ok((at, quiz)),
        _ => Err(Fault {
            exception: "core\\exception\\moodle_exception".into(),
            errorcode: Some("attemptclosed".into()),
            message: "Attempt has not closed yet".into(),
        }),
    }
}

/// `mod_quiz_get_attempt_review`
pub fn review(campus: &Campus, world: &mut World, caller: &Caller, params: &Value) -> Result<Value, Fault> {
    let (at, quiz) = finished(campus, world, caller, params)?;
    let attempt = world.attempts.get(at).ok_or_else(|| Fault::no_record("quiz_attempts"))?;
    let page = params.get("page").and_then(Value::as_i64).and_then(|page| usize::try_from(page).ok());
    let grade = life::sum(attempt).map_or(Value::Null, |sum| number(rescale(sum, life::total(quiz))));
    Ok(json!({"grade": grade, "attempt": attempt_json(campus, world, attempt), "additionaldata": [],
        "questions": html::questions(campus, attempt, quiz, page, true), "warnings": []}))
}
