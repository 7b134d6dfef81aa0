//! Time as a value: milliseconds since 1970-01-01T00:00:00Z. Nobody in this crate asks for the time.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// An instant, in milliseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(transparent)]
#[ts(type = "number")]
pub struct TimeMs(pub i64);

impl TimeMs {
    /// This instant moved by `ms` milliseconds; saturates instead of wrapping.
    pub fn plus(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this instant (negative when it is later).
    pub fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}
