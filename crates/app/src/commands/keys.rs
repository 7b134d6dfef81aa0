//! How sign-ins are kept, and opening the key they are sealed under.

use daypack_store::{Effort, Keep, Secret};

use crate::App;
use crate::api::Failure;
use crate::api::input::*;
use crate::api::keys::KeysHow;
use crate::api::status::AppStatus;

impl App {
    /// See the list of commands.
    pub async fn keys_unlock(&self, input: KeysUnlock) -> Result<AppStatus, Failure> {
        self.open_key(input.passphrase.map(Secret::new)).await?;
        self.app_status(Nothing {}).await
    }

    /// See the list of commands.
    pub async fn keys_keep(&self, input: KeysKeep) -> Result<AppStatus, Failure> {
        let passphrase = Secret::new(input.passphrase);
        self.with_key(move |store| {
            store.keys_keep(match input.how {
                KeysHow::Keyring => Keep::Keyring,
                KeysHow::Passphrase => Keep::Passphrase(passphrase, Effort::measured()),
                KeysHow::Session => Keep::Session,
            })
        })
        .await?;
        self.app_status(Nothing {}).await
    }

    /// See the list of commands.
    pub async fn keys_forget(&self, _: Nothing) -> Result<AppStatus, Failure> {
        self.with_key(daypack_store::Store::keys_forget).await?;
        self.app_status(Nothing {}).await
    }
}
