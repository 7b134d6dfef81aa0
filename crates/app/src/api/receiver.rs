//! Where work goes, and the export for a teacher where it goes nowhere.

use std::collections::BTreeMap;

use daypack_course::{AccountId, CourseId, ItemId};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Where work of an item goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ReceiverView {
    /// To this account, by itself.
    Account {
        /// Whose.
        account: AccountChoice,
    },
    /// To one of these; the learner is asked which.
    Choose {
        /// At least two.
        accounts: Vec<AccountChoice>,
    },
    /// To whoever signs in at one of these sites.
    SignIn {
        /// At least one.
        sites: Vec<SiteChoice>,
    },
    /// Nowhere: it can be saved for a teacher.
    Nobody {},
}

/// An account, for choosing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AccountChoice {
    /// Its id.
    pub account: AccountId,
    /// As the site calls itself.
    pub site_name: String,
    /// Sign-in name.
    pub username: String,
    /// As the site knows the learner.
    pub full_name: String,
}

/// A site nobody is signed in at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SiteChoice {
    /// Its address.
    pub site: String,
    /// Its host, as shown to people.
    pub host: String,
}

/// In whose name work of a course goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ReceiverChoose {
    /// The course.
    pub course: CourseId,
    /// The account.
    pub account: AccountId,
}

/// What was made in one item, as a file for a teacher.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TeacherExport {
    /// The course.
    pub course: CourseId,
    /// The item.
    pub item: ItemId,
    /// Absolute path of the archive to write.
    pub path: String,
    /// Words of its readable page, by name; English where they are missing.
    #[serde(default)]
    pub words: BTreeMap<String, String>,
}
