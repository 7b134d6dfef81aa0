//! Finding a site and signing in at it: by name and password, on the site's own page, by its QR code.

use std::path::Path;

use daypack_course::AccountId;
use daypack_lms::connector::AnyConnector;
use daypack_lms::moodle::launch;
use daypack_lms::{NewAccount, Secret, SignInError, SiteError};
use daypack_store::Account;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use super::source;
use crate::api::input::*;
use crate::api::status::{AccountView, SchoolFile, SiteFound};
use crate::api::{Event, Failure, FailureCode};
use crate::runner::Note;
use crate::signing_in::SignInPage;
use crate::{App, failure};

/// The one kind of site so far.
const KIND: &str = "moodle";
/// A file of a school is a few lines.
const MAX_SCHOOL_FILE: u64 = 64 * 1024;

impl App {
    /// See the list of commands.
    pub async fn site_check(&self, input: Address) -> Result<SiteFound, Failure> {
        let code = launch::code(&input.address);
        let address = code.as_ref().map_or(input.address.as_str(), |code| code.site.as_str());
        let found = moodle(self).probe(address).await.map_err(|error| site_failed(error, address))?;
        self.desk(Note::Contact(true)).await;
        Ok(SiteFound {
            site: found.site,
            name: found.name,
            kind: KIND.to_owned(),
            by_password: found.sign_in.password,
            by_page: found.sign_in.page.is_some() && self.sign_in_window().is_some(),
            by_code: code.is_some_and(|code| code.login.is_some()),
            notice: found.notice,
        })
    }

    /// See the list of commands.
    pub async fn school_file(&self, input: PathInput) -> Result<SchoolFile, Failure> {
        let path = Path::new(&input.path).to_owned();
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let read = tokio::task::spawn_blocking(move || {
            let size = std::fs::metadata(&path).map_err(|e| failure::file(&e, &path))?.len();
            if size > MAX_SCHOOL_FILE {
                return Ok(Vec::new());
            }
            std::fs::read(&path).map_err(|e| failure::file(&e, &path))
        });
        let bytes = read.await.map_err(|e| Failure::new(FailureCode::Internal).fact("why", e))??;
        /// As schools write it; more may stand in it.
        #[derive(Deserialize)]
        struct Written {
            site: String,
            #[serde(default)]
            name: String,
        }
        let written: Option<Written> = serde_json::from_slice(&bytes).ok();
        written
            .filter(|w| daypack_lms::net::address::base(&w.site).is_some())
            .map(|w| SchoolFile { site: w.site, name: w.name })
            .ok_or_else(|| {
                Failure::new(FailureCode::UnsupportedFile).fact("what", "school_file").fact("name", name)
            })
    }

    /// See the list of commands.
    pub async fn sign_in(&self, input: SignIn) -> Result<AccountView, Failure> {
        let password = Secret::new(input.password);
        let signed = moodle(self).sign_in(&input.site, &input.username, &password).await;
        self.signed_in(signed, &input.site).await
    }

    /// See the list of commands.
    pub async fn sign_in_page(&self, input: Site) -> Result<AccountView, Failure> {
        let show = self.sign_in_window().ok_or(FailureCode::NoWindow)?;
        let connector = moodle(self);
        let found = connector.probe(&input.site).await.map_err(|error| site_failed(error, &input.site))?;
        let no_page = || Failure::new(FailureCode::ServiceOff).fact("site", &input.site);
        let page = found.sign_in.page.ok_or_else(no_page)?;
        let passport = passport()?;
        let address = connector.launch_page(&page, &passport).ok_or_else(no_page)?;
        let stop = self.one_sign_in(CancellationToken::new());
        let end = tokio::select! {
            end = show(SignInPage { address }) => end,
            () = stop.cancelled() => None,
        };
        let end = end.ok_or(FailureCode::SignInCancelled)?;
        let signed = connector.launched(&found.site, &page, &passport, &end).await;
        self.signed_in(signed, &found.site).await
    }

    /// See the list of commands.
    pub async fn sign_in_stop(&self, _: Nothing) -> Result<Saved, Failure> {
        let ended = CancellationToken::new();
        ended.cancel();
        self.one_sign_in(ended);
        Ok(Saved { at: self.now() })
    }

    /// See the list of commands.
    pub async fn sign_in_code(&self, input: SignInCode) -> Result<AccountView, Failure> {
        let bad = || Failure::from(FailureCode::BadAddress);
        let code = launch::code(&input.text).ok_or_else(bad)?;
        let (key, user) = code.login.ok_or_else(bad)?;
        let connector = moodle(self);
        let found = connector.probe(&code.site).await.map_err(|error| site_failed(error, &code.site))?;
        let signed = connector.sign_in_by_code(&found.site, &key, &user).await;
        self.signed_in(signed, &found.site).await
    }

    /// Keeps a sign-in, and asks what the learner may learn there.
    async fn signed_in(
        &self,
        signed: Result<(NewAccount, Secret), SignInError>,
        site: &str,
    ) -> Result<AccountView, Failure> {
        let (new, token) = signed.map_err(|error| sign_in_failed(&error, site))?;
        let account = Account {
            id: AccountId::new(format!("{}@{}", new.remote_user, new.site)),
            site: new.site,
            kind: KIND.to_owned(),
            site_name: new.site_name,
            username: new.username,
            full_name: new.full_name,
            remote_user: new.remote_user,
            added: self.now(),
        };
        let kept = account.clone();
        let token = daypack_store::Secret::new(token.expose());
        self.db(move |store| {
            store.account_put(&kept)?;
            store.secret_put(&kept.id, &token)
        })
        .await?;
        self.seal_sign_in().await;
        self.trouble_over(&account.id).await?;
        self.desk(Note::SignedIn(account.id.clone())).await;
        if let Err(error) = self.offers_of_account(&account.id).await {
            tracing::info!(%error, "signed in, courses not listed yet");
        }
        self.tell(Event::LibraryChanged {});
        Ok(AccountView::of(account, true, None))
    }
}

fn moodle(app: &App) -> AnyConnector {
    source::connector(app, KIND)
}

/// 128 bits by chance: whoever does not know them cannot sign for this sign-in.
fn passport() -> Result<Secret, Failure> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|e| Failure::new(FailureCode::Internal).fact("why", e))?;
    Ok(Secret::new(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()))
}

fn site_failed(error: SiteError, address: &str) -> Failure {
    let code = match error {
        SiteError::BadAddress => FailureCode::BadAddress,
        SiteError::NotFound => FailureCode::NotFound,
        SiteError::NotAnLms => FailureCode::NotAnLms,
        SiteError::CaptivePortal => FailureCode::CaptivePortal,
        SiteError::ServiceOff => FailureCode::ServiceOff,
        SiteError::Maintenance => FailureCode::Maintenance,
        SiteError::TooOld => FailureCode::SiteTooOld,
        SiteError::Insecure => FailureCode::InsecureAddress,
        SiteError::NoSafeConnection => FailureCode::NoSafeConnection,
        SiteError::Unreachable => FailureCode::Unreachable,
    };
    Failure::new(code).fact("address", address).fact("site", address)
}

pub(super) fn sign_in_failed(error: &SignInError, site: &str) -> Failure {
    let code = match error {
        SignInError::WrongPassword => FailureCode::WrongPassword,
        SignInError::MustChangePassword => FailureCode::MustChangePassword,
        SignInError::Policy => FailureCode::PolicyNotAgreed,
        SignInError::Suspended => FailureCode::Suspended,
        SignInError::ServiceOff => FailureCode::ServiceOff,
        SignInError::Maintenance => FailureCode::Maintenance,
        SignInError::Unreachable => FailureCode::Unreachable,
        SignInError::Portal => FailureCode::CaptivePortal,
        SignInError::NotProven => FailureCode::SignInNotProven,
        SignInError::CodeSpent => FailureCode::CodeSpent,
        SignInError::TooOld => FailureCode::SiteTooOld,
        SignInError::Other(said) => return Failure::new(FailureCode::SiteRefused).fact("said", said),
    };
    Failure::new(code).fact("site", site)
}
