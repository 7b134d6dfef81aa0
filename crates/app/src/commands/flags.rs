//! Questions that a learner wants to come back to. A reminder for the learner alone: it stays on this computer.

use std::collections::BTreeSet;

use daypack_course::{AttemptId, QuestionId};
use daypack_store::{Store, StoreError};
use serde_json::json;

use crate::App;
use crate::api::Failure;
use crate::api::input::{QuestionFlag, Saved};

fn key(attempt: &AttemptId) -> String {
    format!("flags:{attempt}")
}

/// The flagged questions of an attempt.
pub(crate) fn of(store: &Store, attempt: &AttemptId) -> Result<BTreeSet<QuestionId>, StoreError> {
    let kept = store.setting_get(&key(attempt))?;
    Ok(kept.and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default())
}

impl App {
    /// See the list of commands.
    pub async fn question_flag(&self, input: QuestionFlag) -> Result<Saved, Failure> {
        let at = self.now();
        // One after the other: two quick changes are two changes.
        let _turn = self.flagging().lock().await;
        self.db(move |store| {
            let mut flags = of(store, &input.attempt)?;
            let changed = if input.on { flags.insert(input.question) } else { flags.remove(&input.question) };
            if changed { store.setting_put(&key(&input.attempt), &json!(flags)) } else { Ok(()) }
        })
        .await?;
        Ok(Saved { at })
    }
}
