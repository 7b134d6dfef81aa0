//! How many bytes were fetched over each network in each month.
//!
//! What must stay true: what is kept on the disk is never less than what was fetched, whenever the program or the
//! computer ends. So bytes are claimed and kept before they are fetched ([`Ledger::claim`]); what is left of a claim is
//! given back at a clean end ([`Ledger::give_back`]), and after a crash it counts as used.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The smallest claim: what a crash may count too much.
pub const CLAIM_MIN: u64 = 512 << 10;
/// The largest claim.
pub const CLAIM_MAX: u64 = 256 << 20;
/// A claim is for about so many seconds.
const CLAIM_SECONDS: u64 = 10;
/// Months kept for each network.
const MONTHS: usize = 24;

/// A month: years times twelve, plus 0 for January to 11.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Month(pub u32);

impl Month {
    /// The month of a date; `month` is 1 to 12.
    pub fn of(year: u32, month: u32) -> Self {
        Self(year.saturating_mul(12).saturating_add(month.saturating_sub(1)))
    }
}

/// What was used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Used {
    /// Bytes that count.
    pub counted: u64,
    /// Bytes fetched in the free hours.
    pub free: u64,
}

/// Bytes of a file as a provider counts them: packets have heads, and some are sent twice. Measured on sound links:
/// 1.036 times the file.
pub fn on_the_wire(bytes: u64) -> u64 {
    bytes.saturating_add(bytes.div_ceil(25))
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Claim {
    network: String,
    month: Month,
    is_free: bool,
    left: u64,
}

/// The book.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    used: BTreeMap<String, BTreeMap<Month, Used>>,
    /// In the numbers above, and not fetched yet.
    #[serde(skip)]
    claim: Option<Claim>,
}

impl Ledger {
    /// What was used over a network in a month, fetched bytes and none that are only claimed.
    pub fn used(&self, network: &str, month: Month) -> Used {
        let mut used = self.used.get(network).and_then(|m| m.get(&month)).copied().unwrap_or_default();
        if let Some(claim) = self.claim.as_ref().filter(|c| c.network == network && c.month == month) {
            let place = if claim.is_free { &mut used.free } else { &mut used.counted };
            *place = place.saturating_sub(claim.left);
        }
        used
    }

    /// All networks in a month.
    pub fn networks(&self, month: Month) -> impl Iterator<Item = (&str, Used)> {
        self.used.keys().map(move |network| (network.as_str(), self.used(network, month)))
    }

    /// Claims bytes for about ten seconds at `rate` (bytes per second, where it is known), and no more than `left`.
    /// Returns how many may be fetched now; the book must be on the disk before one of them is.
    pub fn claim(
        &mut self,
        network: &str,
        month: Month,
        is_free: bool,
        rate: Option<u64>,
        left: Option<u64>,
    ) -> u64 {
        let is_it =
            |claim: &Claim| claim.network == network && claim.month == month && claim.is_free == is_free;
        if !self.claim.as_ref().is_some_and(is_it) {
            self.give_back();
        }
        let wish = rate.unwrap_or(0).saturating_mul(CLAIM_SECONDS).clamp(CLAIM_MIN, CLAIM_MAX);
        let has = self.claim.as_ref().map_or(0, |claim| claim.left);
        let most = left.unwrap_or(u64::MAX);
        let more = wish.min(most).saturating_sub(has);
        if more > 0 {
            self.add(network, month, is_free, more);
        }
        let left = has.saturating_add(more);
        self.claim = Some(Claim { network: network.to_owned(), month, is_free, left });
        left
    }

    /// So many bytes of the claim were fetched. More than was claimed counts as well.
    pub fn took(&mut self, bytes: u64) {
        let Some(claim) = &mut self.claim else { return };
        let over = bytes.saturating_sub(claim.left);
        claim.left = claim.left.saturating_sub(bytes);
        if over > 0 {
            let (network, month, is_free) = (claim.network.clone(), claim.month, claim.is_free);
            self.add(&network, month, is_free, over);
        }
    }

    /// Whether both are the same on the disk.
    pub fn is_same_book(&self, other: &Self) -> bool {
        self.used == other.used
    }

    /// What is claimed and not fetched.
    pub fn open(&self) -> u64 {
        self.claim.as_ref().map_or(0, |claim| claim.left)
    }

    /// Nothing is fetched any more: what is left of the claim was not used.
    pub fn give_back(&mut self) {
        let Some(claim) = self.claim.take() else { return };
        let months = self.used.entry(claim.network).or_default();
        let used = months.entry(claim.month).or_default();
        let place = if claim.is_free { &mut used.free } else { &mut used.counted };
        *place = place.saturating_sub(claim.left);
    }

    fn add(&mut self, network: &str, month: Month, is_free: bool, bytes: u64) {
        let months = self.used.entry(network.to_owned()).or_default();
        let used = months.entry(month).or_default();
        let place = if is_free { &mut used.free } else { &mut used.counted };
        *place = place.saturating_add(bytes);
        while months.len() > MONTHS {
            months.pop_first();
        }
    }
}
