//! Why an account's sign-in does not work at present.
//!
//! A site refuses in one voice whoever has to change a password, accept rules, is suspended, or comes with a token that
//! has run out; who asks it once more hears which it is. What must stay true: only a token that the site does not know
//! any more is forgotten; with the others the learner goes on without signing in again, once the reason is gone.

use std::collections::BTreeMap;

use daypack_course::AccountId;
use daypack_lms::SignInError;
use daypack_store::{Account, Store, StoreError};
use serde::{Deserialize, Serialize};

use super::sign_in::sign_in_failed;
use super::source;
use crate::App;
use crate::api::input::AccountInput;
use crate::api::status::{AccountState, AccountView, AppStatus};
use crate::api::{Event, Failure};
use crate::runner::Note;

/// Where it is kept among the settings.
const KEPT: &str = "accounts_in_trouble";

/// What a site has against an account that is known to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Trouble {
    NewPassword,
    Rules,
    Suspended,
}

type Troubles = BTreeMap<AccountId, Trouble>;

/// Accounts whose token is good and does not serve.
pub(crate) fn troubles(store: &Store) -> Result<Troubles, StoreError> {
    Ok(store.setting_get(KEPT)?.and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default())
}

fn change(store: &Store, account: &AccountId, now: Option<Trouble>) -> Result<bool, StoreError> {
    let mut all = troubles(store)?;
    let before = match now {
        Some(trouble) => all.insert(account.clone(), trouble),
        None => all.remove(account),
    };
    if before != now {
        store.setting_put(KEPT, &serde_json::to_value(&all).unwrap_or_default())?;
    }
    Ok(before != now)
}

impl AccountView {
    pub(crate) fn of(account: Account, signed_in: bool, trouble: Option<Trouble>) -> Self {
        let state = match (signed_in, trouble) {
            (false, _) => AccountState::SignIn,
            (true, None) => AccountState::Good,
            (true, Some(Trouble::NewPassword)) => AccountState::NewPassword,
            (true, Some(Trouble::Rules)) => AccountState::Rules,
            (true, Some(Trouble::Suspended)) => AccountState::Suspended,
        };
        Self {
            id: account.id,
            site: account.site,
            site_name: account.site_name,
            username: account.username,
            full_name: account.full_name,
            needs_sign_in: !signed_in,
            state,
        }
    }
}

impl App {
    /// See the list of commands.
    pub async fn account_check(&self, input: AccountInput) -> Result<AppStatus, Failure> {
        let session = source::session(self, &input.account).await?;
        match session.connector.who(&session.who.site, &session.who.token).await {
            Ok(_) => {
                self.trouble_over(&input.account).await?;
                self.desk(Note::SignedIn(input.account.clone())).await;
                if let Err(error) = self.offers_of_account(&input.account).await {
                    tracing::info!(%error, "courses not listed yet");
                }
                self.tell(Event::LibraryChanged {});
                self.app_status(crate::api::input::Nothing {}).await
            }
            Err(error) => {
                session.found(self, &error).await;
                Err(sign_in_failed(&error, &session.who.site))
            }
        }
    }

    pub(super) async fn trouble_over(&self, account: &AccountId) -> Result<(), Failure> {
        let account = account.clone();
        self.db(move |store| change(store, &account, None)).await.map(|_| ())
    }
}

impl source::Session {
    /// The site does not take the token: finds out why, and forgets it where it is none any more, unless the learner
    /// signed in again meanwhile.
    pub async fn refused(&self, app: &App) {
        match self.connector.who(&self.who.site, &self.who.token).await {
            Err(error) if trouble(&error).is_some() => self.found(app, &error).await,
            _ => self.forget(app).await,
        }
    }

    /// Whether the site has something against the account as such; then it is noted.
    pub async fn is_in_trouble(&self, app: &App) -> bool {
        match self.connector.who(&self.who.site, &self.who.token).await {
            Err(error) if trouble(&error).is_some() => {
                self.found(app, &error).await;
                true
            }
            _ => false,
        }
    }

    async fn found(&self, app: &App, error: &SignInError) {
        let Some(trouble) = trouble(error) else {
            if matches!(error, SignInError::WrongPassword) {
                self.forget(app).await;
            }
            return;
        };
        let id = self.who.account.clone();
        match app.db(move |store| change(store, &id, Some(trouble))).await {
            Ok(true) => app.tell(Event::SignInNeeded { account: self.who.account.clone() }),
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "what is wrong with an account could not be kept"),
        }
    }

    async fn forget(&self, app: &App) {
        let id = self.who.account.clone();
        let token = daypack_store::Secret::new(self.who.token.expose());
        let forgotten = app.db(move |store| {
            store.secret_refused(&id, &token)?;
            change(store, &id, None)
        });
        if let Err(error) = forgotten.await {
            tracing::warn!(%error, "sign-in could not be forgotten");
        }
    }
}

fn trouble(error: &SignInError) -> Option<Trouble> {
    match error {
        SignInError::MustChangePassword => Some(Trouble::NewPassword),
        SignInError::Policy => Some(Trouble::Rules),
        SignInError::Suspended => Some(Trouble::Suspended),
        _ => None,
    }
}
