//! The state of the program, settings, and where the learner was.

use crate::App;
use crate::api::Failure;
use crate::api::input::*;
use crate::api::status::*;

use super::outbox::unseen;
use super::trouble;

impl App {
    /// See the list of commands.
    pub async fn app_status(&self, _: Nothing) -> Result<AppStatus, Failure> {
        let unsent = self.unsent().await?;
        let (accounts, courses, libraries, unseen, free_bytes, place, recovered, keys) = self
            .db(|store| {
                let signed_in = store.signed_in()?;
                let mut troubles = trouble::troubles(store)?;
                let accounts: Vec<AccountView> = store
                    .accounts()?
                    .into_iter()
                    .map(|a| {
                        let trouble = troubles.remove(&a.id);
                        AccountView::of(a.clone(), signed_in.contains(&a.id), trouble)
                    })
                    .collect();
                let place = store.last_place_get()?.and_then(|value| serde_json::from_value(value).ok());
                Ok((
                    accounts,
                    store.courses()?.len(),
                    store.libraries()?.len(),
                    unseen(store)?,
                    store.free_space()?,
                    place,
                    crate::safety::recovered(store)?,
                    store.keys()?,
                ))
            })
            .await?;
        Ok(AppStatus {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            first_run: accounts.is_empty() && courses == 0 && libraries == 0,
            has_source: !accounts.is_empty() || libraries > 0,
            link: self.board(|board| board.link.clone()),
            unsent,
            unseen,
            free_bytes,
            keys: crate::keys::view(&keys),
            accounts,
            settings: self.settings(),
            place,
            recovered,
            read_only: self.store().opened().newer.is_some(),
            short_of_space: self.store().is_short_of_space(),
        })
    }

    /// See the list of commands.
    pub async fn settings_save(&self, input: Settings) -> Result<Saved, Failure> {
        let at = self.now();
        let mut settings = input;
        settings.rate = if settings.rate.is_finite() { settings.rate.clamp(0.5, 3.0) } else { 1.0 };
        let kept = serde_json::to_value(&settings).unwrap_or_default();
        self.db(move |store| store.setting_put("settings", &kept)).await?;
        self.board_write(|board| board.settings = settings);
        self.desk(crate::runner::Note::Settings).await;
        Ok(Saved { at })
    }

    /// See the list of commands.
    pub async fn place_save(&self, input: Place) -> Result<Saved, Failure> {
        let at = self.now();
        let kept = serde_json::to_value(&input).unwrap_or_default();
        self.db(move |store| store.last_place_put(&kept, at)).await?;
        Ok(Saved { at })
    }
}
