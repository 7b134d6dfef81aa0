//! What a site says of an item beside its content. What becomes of items that it lists no more: `crate::renew`.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::TimeMs;

/// Where a course shows an item.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// In its outline.
    #[default]
    Listed,
    /// Not on the course's page, and open to those who are led to it.
    OffPage,
    /// Not in the course any more; what is here stays.
    Gone,
}

impl Standing {
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
    pub(super) fn is_listed(&self) -> bool {
        *self == Self::Listed
    }
}

/// A date the site shows with an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SiteDate {
    /// In the site's words and language, e.g. `Opens`.
    pub label: String,
    /// When.
    pub at: TimeMs,
}
