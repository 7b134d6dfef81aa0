//! Several questions in one request (`tool_mobile_call_external_functions`).
//!
//! Moodle stops at the first that fails: answers that are missing mean "not asked", and what comes after the failed
//! one is asked again without it. Only questions that change nothing go in here.

use daypack_course::TimeMs;
use serde_json::{Value, json};

use super::loose;
use super::rest::{CallError, Reply, Rest, refused};

/// Questions in one request.
const MOST: usize = 40;

/// A question: function and parameters.
pub type Question<'a> = (&'a str, Value);

/// The answer to each question, in their order, and the site's clock as of the first.
///
/// Errors: of the request as a whole. What a single question failed with stands in its place.
pub async fn ask(
    rest: &Rest<'_>,
    questions: &[Question<'_>],
) -> Result<(Vec<Result<Value, CallError>>, TimeMs), CallError> {
    let mut answers = Vec::with_capacity(questions.len());
    let mut first = None;
    while let Some(left) = questions.get(answers.len()..).filter(|left| !left.is_empty()) {
        let requests: Vec<Value> = left
            .iter()
            .take(MOST)
            .map(|(function, given)| json!({"function": function, "arguments": given.to_string()}))
            .collect();
        let reply = rest.call("tool_mobile_call_external_functions", json!({"requests": requests})).await?;
        let more = read(&reply);
        // An answer without answers would be asked for ever.
        if more.is_empty() || more.len() > left.len() {
            return Err(CallError::Shape);
        }
        first = first.or(Some(reply.at));
        answers.extend(more);
    }
    Ok((answers, first.unwrap_or_default()))
}

/// The answers in a reply: JSON text inside JSON. The last may be an error.
pub fn read(reply: &Reply) -> Vec<Result<Value, CallError>> {
    loose::list(&reply.value, "responses").iter().map(|one| single(one, reply.at)).collect()
}

fn single(one: &Value, at: TimeMs) -> Result<Value, CallError> {
    let inner = |key: &str| serde_json::from_str::<Value>(&loose::text(one, key)).ok();
    if loose::flag(one, "error") == Some(true) {
        let mut exception = inner("exception").unwrap_or_else(|| json!({}));
        // Inside a batch the error has no class.
        if let Some(fields) = exception.as_object_mut() {
            fields.entry("exception").or_insert(Value::String(String::new()));
        }
        return Err(refused(&exception, at).unwrap_or(CallError::Shape));
    }
    inner("data").ok_or(CallError::Shape)
}
