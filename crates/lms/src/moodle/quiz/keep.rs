//! Keeping the answers of a running attempt at the site (`save_attempt`): what is there in time counts, whoever finishes.
//!
//! What must stay true: nothing is sent where the site holds something that is neither ours nor what we put there, and
//! nothing is called kept that was not read back: a save with an old number answers "true" and stores nothing.

use std::collections::BTreeMap;

use daypack_course::work::{Answer, SiteSide};
use serde_json::{Value, json};

use super::{pages, place, preflight};
use crate::connector::KeptAnswers;
use crate::moodle::question::Slot;
use crate::moodle::question::fill::{Holds, compare};
use crate::moodle::rest::{CallError, Rest};

/// Keeps `answers`, whose questions are on `on_pages` (all pages when empty).
pub async fn keep(
    rest: &Rest<'_>,
    attempt: &str,
    answers: &[Answer],
    on_pages: &[u32],
    side: &SiteSide,
) -> Result<KeptAnswers, CallError> {
    let password = side.password.as_deref();
    let wanted = |page: i64| on_pages.is_empty() || on_pages.iter().any(|p| i64::from(*p) == page);
    let ended = |error: &CallError| {
        matches!(error.code(), "attemptalreadyclosed" | "attempterror" | "stateoverdue" | "invalidrecord")
    };
    let (slots, at) = match pages(rest, attempt, password, &wanted).await {
        Ok(read) => read,
        Err(error) if ended(&error) => return Ok(KeptAnswers { ended: true, ..KeptAnswers::default() }),
        Err(error) => return Err(error),
    };
    let (fields, _) = place(&slots, answers, true);
    let mut out = KeptAnswers { at: Some(at), ..KeptAnswers::default() };
    let mut data: BTreeMap<&String, &String> = BTreeMap::new();
    let mut sent: Vec<&Slot> = Vec::new();
    for slot in &slots {
        let held = slot.held();
        let ours = !held.is_empty() && compare(slot, &side.fields) == Some(Holds::Same);
        match compare(slot, &fields) {
            Some(Holds::Same) => out.fields.extend(held),
            Some(Holds::Other) if !ours => out.others.push(slot.slot),
            None if !ours => {}
            Some(Holds::Nothing | Holds::Other) | None => {
                data.extend(fields.iter().filter(|(name, _)| name.starts_with(&slot.prefix)));
                sent.push(slot);
            }
        }
    }
    if data.is_empty() {
        return Ok(out);
    }
    let data: Vec<Value> =
        data.into_iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
    let asked = json!({"attemptid": attempt, "data": data, "preflightdata": preflight(password)});
    match rest.call("mod_quiz_save_attempt", asked).await {
        Ok(_) => {}
        Err(error) if ended(&error) => return Ok(KeptAnswers { ended: true, ..KeptAnswers::default() }),
        Err(error) => return Err(error),
    }
    let (after, at) = pages(rest, attempt, password, &wanted).await?;
    out.at = Some(at);
    for slot in after.iter().filter(|after| sent.iter().any(|s| s.slot == after.slot)) {
        match compare(slot, &fields) {
            Some(Holds::Same) => out.fields.extend(slot.held()),
            None if slot.held().is_empty() => {}
            _ => out.missed.push(slot.slot),
        }
    }
    Ok(out)
}
