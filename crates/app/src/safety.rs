//! What the learner is told about the safety of their work: what was got back, and who may write.

use daypack_store::{Recovered, Store, StoreError};

use crate::App;
use crate::api::Failure;
use crate::api::input::Nothing;
use crate::api::status::{AppStatus, DamageView, RecoveredView};

/// Under this name the last recovery is kept until the learner has seen it.
const RECOVERED: &str = "recovered";

/// Keeps what opening got back, so that it is told until it was seen.
pub(crate) fn note_recovery(store: &Store) -> Result<(), StoreError> {
    match &store.opened().recovered {
        Some(recovered) => store.setting_put(RECOVERED, &serde_json::to_value(recovered)?),
        None => Ok(()),
    }
}

/// What was got back and not seen yet.
pub(crate) fn recovered(store: &Store) -> Result<Option<RecoveredView>, StoreError> {
    let kept = store.setting_get(RECOVERED)?;
    let kept: Option<Recovered> = kept.and_then(|value| serde_json::from_value(value).ok());
    Ok(kept.map(|r| RecoveredView {
        at: r.at,
        why: match r.why {
            daypack_store::Damage::Unreadable => DamageView::Unreadable,
            daypack_store::Damage::Gone => DamageView::Gone,
            daypack_store::Damage::Foreign => DamageView::Foreign,
            daypack_store::Damage::Older => DamageView::Older,
        },
        answers: r.answers,
        texts: r.texts,
        work: r.work,
        in_doubt: r.in_doubt,
        unplaced: r.unplaced,
        backup: r.backup,
        damaged_path: r.damaged.map(|path| path.display().to_string()),
        unplaced_path: r.unplaced_file.map(|path| path.display().to_string()),
    }))
}

impl App {
    /// See the list of commands.
    pub async fn recovered_seen(&self, input: Nothing) -> Result<AppStatus, Failure> {
        self.db(|store| store.setting_put(RECOVERED, &serde_json::Value::Null)).await?;
        self.app_status(input).await
    }
}
