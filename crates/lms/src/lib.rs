//! Talking to a site: the network client and the connectors.
//!
//! Every answer of a site is judged here, and nowhere else, into `course::work::{Outcome, Settled}` or one of
//! the small error enums of [`connector`]. What must stay true:
//! - a token or a password goes to the site's own origin only, and never into a log, an address that is kept, or
//!   a value that can be printed;
//! - HTTP status alone proves nothing: bodies are judged;
//! - a request whose reply was lost is `Unknown`, never "failed".

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod connector;
pub mod library;
pub mod moodle;
pub mod net;

pub use connector::News as SiteNews;
pub use connector::{
    Connector, Desk, Download, FetchError, KeptAnswers, Launch, NewAccount, OwnFile, OwnFileError, Pulled,
    ReadError, Session, SignInError, SiteError, SiteFound, SiteKind, StartError, StartedQuiz, StepLog, Way,
};
pub use library::Library;
pub use moodle::Moodle;
pub use net::bulk::{Ask, Bulk, Line, Plain, Transport};
pub use net::{FileBytes, Net, NetConfig, NetError, Secret};

use std::sync::Arc;

/// The connector for a kind of site: the table to extend.
pub fn connector(kind: SiteKind, net: Net) -> Arc<dyn Connector> {
    match kind {
        SiteKind::Moodle => Arc::new(Moodle::new(net)),
    }
}
