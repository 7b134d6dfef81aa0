//! What downloads may use of the internet: the learner's rules, the networks, and how it stands now.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The learner's rules and what was used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct InternetView {
    /// The rules for all networks.
    pub rules: InternetRules,
    /// Networks that were used or have a rule; the one that is there now comes first.
    pub networks: Vec<NetworkView>,
    /// How it stands now.
    pub flow: FlowView,
}

/// Rules for all networks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct InternetRules {
    /// Bytes per second for all downloads together, outside the free hours.
    #[serde(default)]
    pub cap: Option<u64>,
    /// Hours of the day, by this computer's clock, in which nothing of this counts.
    #[serde(default)]
    pub hours: Option<DayHours>,
    /// Outside these hours downloads wait.
    #[serde(default)]
    pub only_hours: bool,
}

/// Hours of the day; over midnight where the end is before the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct DayHours {
    /// First minute of the day, 0 to 1439.
    pub from: u16,
    /// The minute behind the last, 0 to 1439.
    pub to: u16,
}

/// A network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NetworkView {
    /// Its id on this computer; `unknown` where the computer does not say.
    pub id: String,
    /// Its name; may be empty.
    pub name: String,
    /// It is there now.
    pub here: bool,
    /// Bytes that downloads may use in a month.
    pub budget: Option<u64>,
    /// Downloads may use it although it costs money.
    pub always: bool,
    /// Bytes that downloads used this month.
    pub used: u64,
    /// Bytes they used in the free hours of this month; these do not count.
    pub used_free: u64,
}

/// How downloads may use the internet now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FlowView {
    /// Why all downloads wait; `None` while they may come.
    pub waits: Option<Waits>,
    /// Minutes until the hours open, where they wait for them.
    pub opens_in: Option<u16>,
    /// Bytes per second that hold now.
    pub cap: Option<u64>,
    /// Bytes left of the month.
    pub left: Option<u64>,
    /// It is one of the free hours.
    pub free_hour: bool,
    /// Id of the network that is there.
    pub network: String,
    /// Its name; may be empty.
    pub network_name: String,
}

/// Why all downloads wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Waits {
    /// The connection costs money, and the learner is to say whether they may use it.
    Ask,
    /// It costs money, and the learner said no.
    CostsMoney,
    /// Not at this hour.
    Hours,
    /// The month's bytes are used up.
    Month,
    /// What the learner hands in goes first.
    WorkFirst,
}

/// The learner's word on a network that costs money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum NetworkWord {
    /// Yes, until Daypack closes or the network changes.
    Once,
    /// Yes, whenever this network is there.
    Always,
    /// Not now.
    NotNow,
}
