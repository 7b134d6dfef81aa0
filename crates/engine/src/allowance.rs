//! What downloads may use of the internet now, how fast, and why not: hours, a cap, a month's bytes for each network,
//! and links that cost money.
//!
//! What must stay true:
//! - A link that costs money carries no lecture unless the learner said so: once, for this network, in the settings, or
//!   by giving this network a number of bytes a month.
//! - In the learner's free hours nothing of this counts: no cap, no month, no price.
//! - The law reads no clock: the time of the day and the month come in as [`Local`], by the learner's own clock, so
//!   summer time and a clock that is set need no rule of their own.

mod bucket;
mod hours;
mod ledger;
mod pace;
mod way;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use bucket::{Bucket, MIN_BURST};
pub use hours::{DAY_MIN, Hours};
pub use ledger::{CLAIM_MAX, CLAIM_MIN, Ledger, Month, Used, on_the_wire};
pub use pace::{Left, Pace};
pub use way::{FAST, LONGEST_MS, MakeWay};

/// The name of a network that nothing is known of.
pub const UNKNOWN: &str = "unknown";

/// The learner's own time: where the day and the month stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Local {
    /// Minutes since local midnight, 0 to 1439.
    pub minute: u16,
    /// The month.
    pub month: Month,
}

/// What a link that costs money may be used for, beside what is small.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnMetered {
    /// The learner is asked, for each such network.
    #[default]
    Ask,
    /// For everything.
    Use,
    /// For nothing large; it is not asked.
    Wait,
}

/// The learner's word on one network that costs money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Yes, until the program ends or the network changes.
    Once,
    /// Yes, whenever this network is there.
    Always,
    /// No, until the program ends or the network changes.
    NotNow,
}

/// What the learner decided for one network.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NetworkRule {
    /// As the system calls it; may be empty.
    pub name: String,
    /// Bytes that downloads may use in a month; `None`: as many as they need.
    pub budget: Option<u64>,
    /// Downloads may use it although it costs money.
    pub always: bool,
}

/// What the learner decided.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rules {
    /// Bytes per second for all downloads together, outside the free hours.
    pub cap: Option<u64>,
    /// Hours of the day in which downloads may use all there is.
    pub hours: Option<Hours>,
    /// Outside these hours downloads wait.
    pub only_hours: bool,
    /// Networks by their id.
    pub networks: BTreeMap<String, NetworkRule>,
}

/// How things stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scene<'a> {
    /// The learner's time.
    pub local: Local,
    /// Id of the network; [`UNKNOWN`] where nothing is known.
    pub network: &'a str,
    /// The link costs money.
    pub costs_money: bool,
    /// Bytes counted on this network this month.
    pub used: u64,
    /// What holds on links that cost money.
    pub on_metered: OnMetered,
    /// The learner's word on this network since it is there.
    pub answer: Option<Answer>,
}

/// What downloads may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Bytes per second, all downloads together.
    pub cap: Option<u64>,
    /// Bytes left of the month.
    pub left: Option<u64>,
    /// It is one of the free hours.
    pub is_free: bool,
}

/// Why downloads wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Why {
    /// The link costs money, and the learner is to say whether they may use it.
    Ask,
    /// The link costs money, and the learner said no.
    CostsMoney,
    /// Not at this hour.
    Hours {
        /// Minutes until they open.
        opens_in: u16,
    },
    /// The month's bytes of this network are used up.
    Month,
    /// Something small of the learner's is being sent and goes first.
    WorkFirst,
}

impl Rules {
    /// What downloads may use now, or why they wait.
    pub fn judge(&self, scene: &Scene<'_>) -> Result<Flow, Why> {
        let is_free = self.is_free(scene.local);
        if is_free {
            return Ok(Flow { cap: None, left: None, is_free });
        }
        if let Some(hours) = self.hours.filter(|_| self.only_hours) {
            return Err(Why::Hours { opens_in: hours.opens_in(scene.local.minute) });
        }
        self.price(scene)?;
        let budget = self.networks.get(scene.network).and_then(|rule| rule.budget);
        let left = budget.map(|budget| budget.saturating_sub(scene.used));
        if left == Some(0) {
            return Err(Why::Month);
        }
        Ok(Flow { cap: self.cap, left, is_free })
    }

    /// Whether it is one of the free hours.
    pub fn is_free(&self, local: Local) -> bool {
        self.hours.is_some_and(|hours| hours.contains(local.minute))
    }

    /// Whether the price of the link allows what is large, whatever the hour and the month. Also for what the learner
    /// sends.
    pub fn price(&self, scene: &Scene<'_>) -> Result<(), Why> {
        let rule = self.networks.get(scene.network);
        if !scene.costs_money || self.is_free(scene.local) || rule.is_some_and(|rule| rule.budget.is_some()) {
            return Ok(());
        }
        match (scene.answer, scene.on_metered) {
            (Some(Answer::NotNow), _) => Err(Why::CostsMoney),
            (Some(Answer::Once | Answer::Always), _) | (None, OnMetered::Use) => Ok(()),
            (None, _) if rule.is_some_and(|rule| rule.always) => Ok(()),
            (None, OnMetered::Wait) => Err(Why::CostsMoney),
            (None, OnMetered::Ask) => Err(Why::Ask),
        }
    }

    /// Makes sense of what was typed: a cap or a month of nothing is none, hours of no length are none.
    #[must_use]
    pub fn tidy(mut self) -> Self {
        self.cap = self.cap.filter(|cap| *cap > 0);
        self.hours = self.hours.and_then(Hours::tidy);
        self.only_hours &= self.hours.is_some();
        for rule in self.networks.values_mut() {
            rule.budget = rule.budget.filter(|budget| *budget > 0);
        }
        self
    }
}
