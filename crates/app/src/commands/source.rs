//! Where courses come from: accounts at sites and package libraries, and how their files are opened.

use std::sync::Arc;

use daypack_course::outline::{Asset, Course, Origin};
use daypack_course::work::{Outcome, Settled, Work};
use daypack_course::{AccountId, Digest, TimeMs, WorkId};
use daypack_lms::connector::AnyConnector;
use daypack_lms::{FetchError, FileBytes, ReadError, SiteKind, StepLog, Transport, Way};
use daypack_store::{Offer, Store};
use serde::{Deserialize, Serialize};

use crate::App;
use crate::api::{Failure, FailureCode};
use crate::haul::Place;
use crate::runner::pieces;

/// What an offer keeps beside its title.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct OfferDetail {
    /// Name of the site or library.
    pub source_name: String,
    /// The course's id once it is here.
    pub course: String,
    /// Address of the package; empty for a site's course.
    pub address: String,
}

/// The detail of an offer.
pub(crate) fn detail(offer: &Offer) -> OfferDetail {
    serde_json::from_value(offer.detail.clone()).unwrap_or_default()
}

/// An account, ready to be used.
pub(crate) struct Session {
    /// How to talk to its site.
    pub connector: AnyConnector,
    /// Who asks.
    pub who: daypack_lms::Session,
}

/// The connector of a kind of site.
pub(crate) fn connector(app: &App, kind: &str) -> AnyConnector {
    // One kind so far; a site of an unknown kind cannot have been added.
    let kind = serde_json::from_value(serde_json::Value::String(kind.to_owned())).unwrap_or(SiteKind::Moodle);
    daypack_lms::connector(kind, app.net().clone())
}

/// An account with its token; `sign_in_needed` when there is none, `keys_locked` while it cannot be opened.
pub(crate) async fn session(app: &App, account: &AccountId) -> Result<Session, Failure> {
    let id = account.clone();
    let needed = Failure::new(FailureCode::SignInNeeded).fact("account", &id);
    let account = app.db(move |store| store.account_get(&id)).await?.ok_or(needed)?;
    let secret = app.token(&account.id).await?;
    Ok(Session {
        connector: connector(app, &account.kind),
        who: daypack_lms::Session {
            account: account.id,
            site: account.site,
            remote_user: account.remote_user,
            token: daypack_lms::Secret::new(secret.reveal()),
        },
    })
}

/// The connector's view of the desk while it sends.
struct SendDesk {
    app: App,
    work: WorkId,
    site: String,
}

impl daypack_lms::Desk for SendDesk {
    fn save(&self, log: &StepLog) -> std::io::Result<()> {
        let value = serde_json::to_value(log).map_err(std::io::Error::other)?;
        self.app.store().work_step_put(&self.work, &value).map_err(std::io::Error::other)
    }

    fn file(&self, digest: &Digest) -> Option<FileBytes> {
        match self.app.store().mine().open(digest) {
            Ok(reader) => Some(Box::new(reader)),
            Err(error) => {
                tracing::warn!(%error, "a file that was handed in cannot be read");
                None
            }
        }
    }

    fn site_now(&self) -> Option<TimeMs> {
        self.app.server_now(&self.site)
    }
}

impl Session {
    /// Sends a piece of work.
    pub async fn send(&self, app: &App, work: &Work, log: &mut StepLog) -> Outcome {
        let desk = SendDesk { app: app.clone(), work: work.id.clone(), site: self.who.site.clone() };
        self.connector.send(&self.who, work, log, &desk).await
    }

    /// Asks what became of a piece of work.
    pub async fn settle(&self, work: &Work, log: &StepLog) -> Settled {
        self.connector.settle(&self.who, work, log).await
    }
}

/// The way to a file of a course at its source.
pub(crate) async fn way(app: &App, course: &Course, asset: &Asset) -> Result<Way, FetchError> {
    let url = asset.remote.as_ref().map(|remote| remote.url.clone()).ok_or(FetchError::NotFound)?;
    match &course.origin {
        Origin::Site { account, .. } => {
            let session = session(app, account).await.map_err(|_| FetchError::SignIn)?;
            session.connector.way(&session.who, &url)
        }
        Origin::Package { .. } => {
            // `url` is the package's address; the object is named by its digest.
            let object = asset.digest.ok_or(FetchError::NotFound)?;
            library(app).way(&url, &object)
        }
        Origin::Import { .. } | Origin::BuiltIn => Err(FetchError::NotFound),
    }
}

/// Where a file of a package lies: at its own address first, then at those that its channel names besides; and the
/// lines that lead there.
pub(crate) fn places(
    app: &App,
    course: &Course,
    package: &str,
    path: &str,
) -> Result<(Vec<Place>, Arc<dyn Transport>), FetchError> {
    let kept = pieces::kept(app.store(), &course.id).unwrap_or_default();
    let at = |base: &str| daypack_lms::net::address::below(base, path);
    let own = at(package).ok_or(FetchError::NotAFile)?;
    let others = kept.mirrors.iter().filter_map(|base| at(base)).filter(|url| *url != own);
    let places = std::iter::once(own.clone()).chain(others).map(Place::at).collect();
    Ok((places, Arc::new(app.net().bulk())))
}

/// The connector for package libraries.
pub(crate) fn library(app: &App) -> daypack_lms::Library {
    daypack_lms::Library::new(app.net().clone())
}

/// Names of sites and libraries by source, for messages.
pub(crate) fn source_name(store: &Store, source: &str) -> Result<String, daypack_store::StoreError> {
    if let Some(account) = store.accounts()?.into_iter().find(|a| a.id.as_str() == source) {
        return Ok(account.site_name);
    }
    Ok(store
        .libraries()?
        .into_iter()
        .find(|l| l.address == source)
        .map_or_else(|| source.to_owned(), |l| l.title))
}

/// A site's refusal to answer, in the words of the list of commands.
pub(crate) fn read_failed(error: &ReadError, account: &AccountId) -> Failure {
    match error {
        ReadError::Unreachable => FailureCode::Unreachable.into(),
        ReadError::Portal => FailureCode::CaptivePortal.into(),
        ReadError::SignIn => Failure::new(FailureCode::SignInNeeded).fact("account", account),
        ReadError::Maintenance => FailureCode::Maintenance.into(),
        ReadError::Refused(said) => Failure::new(FailureCode::SiteRefused).fact("said", said),
        ReadError::Unexpected(what) => {
            Failure::new(FailureCode::SiteRefused).fact("said", "").fact("why", what)
        }
    }
}
