//! Progress that follows the learner to another computer.

use daypack_course::{AccountId, TimeMs};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Whether progress follows, and how it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FollowView {
    /// It does.
    pub on: bool,
    /// By account.
    pub accounts: Vec<FollowAccount>,
}

/// How it stands with an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FollowAccount {
    /// The account.
    pub account: AccountId,
    /// Name of its site.
    pub site_name: String,
    /// How it stands.
    pub state: FollowState,
    /// When the site was asked last.
    pub at: Option<TimeMs>,
}

/// How it stands with progress that follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum FollowState {
    /// The site was not asked yet.
    #[default]
    NotYet,
    /// It works.
    Fine,
    /// The learner's space at the site is used up; everything stays here.
    Full,
    /// The site has no place for it.
    Unavailable,
}
