//! Marking an activity as done. Repeating it has no further effect, so a lost reply is simply sent again.

use daypack_course::outline::Binding;
use daypack_course::work::{Outcome, Receipt};
use serde_json::json;

use super::rest::Rest;
use super::{judge, loose};

/// Sends the last wanted state.
pub async fn send(rest: &Rest<'_>, to: &Binding, done: bool) -> Result<Outcome, Outcome> {
    let params = json!({"cmid": to.cmid, "completed": done});
    let reply = rest
        .call("core_completion_update_activity_completion_status_manually", params)
        .await
        .map_err(|e| judge::outcome(&e))?;
    // Only a plain yes is one; asking again has no further effect.
    if loose::flag(&reply.value, "status") != Some(true) {
        return Ok(Outcome::Later { not_before: None });
    }
    let remote = format!("completion:{}", to.cmid);
    Ok(Outcome::Accepted(Receipt { remote, at: reply.at, found: false, caveat: None }))
}
