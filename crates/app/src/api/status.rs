//! The state of the program as a whole.

use daypack_course::outline::Tier;
use daypack_course::{AccountId, CourseId, ItemId, TimeMs};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::keys::KeysView;

/// The state of the program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct AppStatus {
    /// Version of Daypack.
    pub version: String,
    /// Nothing was added yet: no account, no course.
    pub first_run: bool,
    /// A site or a library is known: there is somebody to connect to.
    pub has_source: bool,
    /// The connection.
    pub link: LinkView,
    /// Pieces of work not accepted yet.
    pub unsent: u32,
    /// Feedback not seen yet.
    pub unseen: u32,
    /// Free bytes where the data folder is.
    pub free_bytes: u64,
    /// Accounts at sites.
    pub accounts: Vec<AccountView>,
    /// The learner's settings.
    pub settings: Settings,
    /// Where the learner was.
    pub place: Option<Place>,
    /// How sign-ins are kept on this computer.
    pub keys: KeysView,
    /// The learner's work had to be got back, and they have not said yet that they know.
    pub recovered: Option<RecoveredView>,
    /// A newer Daypack was here: everything can be read, nothing is saved or sent.
    pub read_only: bool,
    /// The disk is so full that only answers are saved.
    pub short_of_space: bool,
}

/// What was got back after the learner's database could not be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RecoveredView {
    /// When.
    pub at: TimeMs,
    /// What was wrong.
    pub why: DamageView,
    /// Answers that are here.
    pub answers: u64,
    /// Texts being written that are here.
    pub texts: u64,
    /// Pieces of work that are here.
    pub work: u64,
    /// Pieces of work that may have been sent; the site is asked before anything is sent.
    pub in_doubt: u64,
    /// Saves that fit nowhere and can be read in `unplaced_path`.
    pub unplaced: u64,
    /// When the backup was made that it began from.
    pub backup: Option<TimeMs>,
    /// Where the damaged file lies.
    pub damaged_path: Option<String>,
    /// Where the saves lie that fit nowhere.
    pub unplaced_path: Option<String>,
}

/// What was wrong with the learner's database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum DamageView {
    /// It could not be read.
    Unreadable,
    /// It was not there any more.
    Gone,
    /// Another learner's lay in its place.
    Foreign,
    /// An old one lay in its place.
    Older,
}

/// The connection, as the sites and libraries answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LinkView {
    /// What is known.
    pub state: LinkState,
    /// Since when.
    pub since: TimeMs,
    /// When a site last answered.
    pub last_contact: Option<TimeMs>,
    /// It costs money, by the learner's word or the computer's.
    pub costs_money: bool,
}

/// What is known of the connection. Online means: a site answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    /// Nobody was asked yet.
    Unknown,
    /// A site answered.
    Online,
    /// Nobody answers.
    Offline,
    /// The network wants its own page opened first.
    Portal,
}

/// An account at a site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AccountView {
    /// Its id here.
    pub id: AccountId,
    /// Address of the site.
    pub site: String,
    /// Name of the site.
    pub site_name: String,
    /// Name for signing in.
    pub username: String,
    /// The learner's name.
    pub full_name: String,
    /// Must sign in again; work waits.
    pub needs_sign_in: bool,
    /// How it stands at its site.
    pub state: AccountState,
}

/// How an account stands at its site. In all but the first, work waits here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum AccountState {
    /// The site takes it, as far as is known.
    Good,
    /// The learner must sign in again.
    SignIn,
    /// The site wants a new password first.
    NewPassword,
    /// The site wants its rules accepted first.
    Rules,
    /// The school has suspended it.
    Suspended,
}

/// What a school wrote down for its learners.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SchoolFile {
    /// Address of its site, not looked at yet.
    pub site: String,
    /// The school's name; may be empty.
    pub name: String,
}

/// What a site check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SiteFound {
    /// Address to use from now on.
    pub site: String,
    /// Name of the site.
    pub name: String,
    /// Kind of LMS, e.g. `moodle`.
    pub kind: String,
    /// Name and password can be typed here.
    pub by_password: bool,
    /// One can sign in on the site's own page, in a window.
    pub by_page: bool,
    /// What was given is a QR code's text that signs in.
    pub by_code: bool,
    /// A word of the site for those who sign in, plain; may be empty.
    pub notice: String,
}

/// The learner's settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct Settings {
    /// BCP 47 tag; empty: as the computer.
    pub language: String,
    /// Colours.
    pub theme: Theme,
    /// Size of lectures to take along.
    pub tier: Tier,
    /// Speed of lectures.
    pub rate: f64,
    /// Captions shown.
    pub captions: bool,
    /// Progress follows the learner to other computers.
    pub follow: bool,
    /// What closing the window does while work waits to be sent.
    pub on_close: OnClose,
    /// Whether the connection costs money.
    pub metered: Metered,
    /// Answers and messages may use a connection that costs money.
    pub metered_work: bool,
    /// Lectures and other large things may use it, too.
    pub metered_large: bool,
    /// Where they may not, the learner is asked for each such network.
    pub metered_ask: bool,
}

/// What closing the window does while work waits to be sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum OnClose {
    /// The learner is asked.
    #[default]
    Ask,
    /// Daypack stays in the tray and goes on sending.
    Background,
    /// Daypack closes; what waits goes out next time.
    Close,
}

/// Whether the connection costs money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Metered {
    /// As the computer says.
    System,
    /// It does.
    Yes,
    /// It does not.
    No,
}

/// Colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the computer.
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            language: String::new(),
            theme: Theme::System,
            tier: Tier::Standard,
            rate: 1.0,
            captions: true,
            follow: true,
            on_close: OnClose::Ask,
            metered: Metered::System,
            metered_work: true,
            metered_large: false,
            metered_ask: true,
        }
    }
}

/// Where the learner is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Place {
    /// Page: `library`, `course`, `item`, `outbox`, `inbox`.
    pub page: String,
    /// The course, where the page has one.
    #[serde(default)]
    pub course: Option<CourseId>,
    /// The item, where the page has one.
    #[serde(default)]
    pub item: Option<ItemId>,
    /// The question or field, where there is one.
    #[serde(default)]
    pub detail: Option<String>,
}
