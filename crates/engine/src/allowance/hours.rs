//! Hours of the day, by the learner's clock.

use serde::{Deserialize, Serialize};

/// Minutes of a day.
pub const DAY_MIN: u16 = 1_440;

/// From a minute of the day up to another; over midnight where the end is before the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    /// First minute, 0 to 1439.
    pub from: u16,
    /// The minute behind the last, 0 to 1439.
    pub to: u16,
}

impl Hours {
    /// Minutes of the day; `None` where there is no time between them.
    pub fn tidy(self) -> Option<Self> {
        let hours = Self { from: self.from % DAY_MIN, to: self.to % DAY_MIN };
        (hours.from != hours.to).then_some(hours)
    }

    /// Whether the minute is one of them.
    pub fn contains(self, minute: u16) -> bool {
        if self.from <= self.to {
            (self.from..self.to).contains(&minute)
        } else {
            minute >= self.from || minute < self.to
        }
    }

    /// Minutes until they open; 0 while they are open.
    pub fn opens_in(self, minute: u16) -> u16 {
        if self.contains(minute) { 0 } else { (self.from + DAY_MIN - minute % DAY_MIN) % DAY_MIN }
    }
}
