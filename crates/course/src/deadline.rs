//! Deadlines that count arrival: work finished in time and sent too late is late. So what is said is "must be sent
//! before", measured by the site's clock, and the warning comes while there is still time to find a connection.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::TimeMs;
use crate::outline::{Item, ItemBody};

const HOUR: i64 = 3_600_000;
/// A warning comes at least so long before.
pub const WARN_MS: i64 = 48 * HOUR;
/// From so long before, nothing else is more urgent.
pub const URGENT_MS: i64 = 6 * HOUR;
/// A learner who is seldom connected is warned earlier, at most so long before.
pub const WARN_MOST_MS: i64 = 14 * 24 * HOUR;

/// The dates of an item, as instants of the site.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dates {
    /// Asked for by then; later is late.
    pub due: Option<TimeMs>,
    /// Nothing is taken after.
    pub closes: Option<TimeMs>,
}

/// What there is to do about a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    /// Time enough.
    Calm,
    /// Look for a connection in the next days.
    Soon,
    /// Look for a connection now.
    Now,
    /// The due time is over; it is still taken, as late.
    Late,
    /// The site takes nothing more.
    Over,
}

/// A deadline at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Deadline {
    /// Must be with the site before this instant: the due time, or the closing time once that is over.
    pub send_before: TimeMs,
    /// Asked for by then.
    pub due: Option<TimeMs>,
    /// Nothing is taken after.
    pub closes: Option<TimeMs>,
    /// What there is to do.
    pub urgency: Urgency,
    /// Milliseconds left by the site's clock, never negative.
    #[ts(type = "number")]
    pub left_ms: i64,
    /// The computer's clock is wrong by so much (the site's minus ours), when that matters.
    #[ts(type = "number | null")]
    pub clock_wrong_ms: Option<i64>,
}

/// What is known about now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// By this computer's clock.
    pub now: TimeMs,
    /// The site's clock minus this computer's, as last seen; 0 when it was never seen.
    pub offset_ms: i64,
    /// When the site last answered, by this computer's clock.
    pub last_contact: Option<TimeMs>,
}

/// A difference of the clocks below this is not worth a word.
const CLOCK_TOLERANCE_MS: i64 = 2 * 60_000;

impl Dates {
    /// The dates of an item.
    pub fn of(item: &Item) -> Self {
        match &item.body {
            ItemBody::Assignment(a) => Self { due: a.due, closes: a.cut_off },
            ItemBody::Quiz(q) => Self { due: None, closes: q.closes },
            ItemBody::Video(_)
            | ItemBody::Reading(_)
            | ItemBody::Discussion(_)
            | ItemBody::Link(_)
            | ItemBody::Text(_)
            | ItemBody::Unsupported(_) => Self::default(),
        }
    }

    /// What they mean now; `None` when there is no date.
    pub fn at(self, moment: Moment) -> Option<Deadline> {
        let now = moment.now.plus(moment.offset_ms);
        let is_over = |t: &TimeMs| *t <= now;
        // A due time after the closing time never comes.
        let due = self.due.filter(|due| self.closes.is_none_or(|closes| *due <= closes)).or(self.closes)?;
        let is_late = is_over(&due);
        let send_before = match (is_late, self.closes) {
            (true, Some(closes)) => closes,
            _ => due,
        };
        let left_ms = send_before.since(now).max(0);
        let urgency = if self.closes.as_ref().is_some_and(is_over) {
            Urgency::Over
        } else if is_late {
            Urgency::Late
        } else {
            moment.urgency(left_ms)
        };
        let clock_wrong_ms =
            Some(moment.offset_ms).filter(|offset| offset.saturating_abs() > CLOCK_TOLERANCE_MS);
        Some(Deadline { send_before, due: self.due, closes: self.closes, urgency, left_ms, clock_wrong_ms })
    }
}

impl Moment {
    /// Who was offline for three days may be so for three more: the warning comes twice that time before.
    fn urgency(self, left_ms: i64) -> Urgency {
        let silence = self.last_contact.map_or(0, |last| self.now.since(last).max(0));
        let warn = silence.saturating_mul(2).clamp(WARN_MS, WARN_MOST_MS);
        if left_ms <= URGENT_MS {
            Urgency::Now
        } else if left_ms <= warn {
            Urgency::Soon
        } else {
            Urgency::Calm
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DAY: i64 = 24 * HOUR;
    const NOW: TimeMs = TimeMs(1_795_000_000_000);

    fn moment(offset_ms: i64, silence: i64) -> Moment {
        Moment { now: NOW, offset_ms, last_contact: Some(NOW.plus(-silence)) }
    }

    fn dates(due: i64, closes: i64) -> Dates {
        Dates { due: Some(NOW.plus(due)), closes: Some(NOW.plus(closes)) }
    }

    fn urgency(dates: Dates, moment: Moment) -> Urgency {
        dates.at(moment).unwrap().urgency
    }

    #[test]
    fn the_warning_comes_while_there_is_time_and_earlier_for_who_is_seldom_connected() {
        let due = dates(5 * DAY, 9 * DAY);
        assert_eq!(urgency(due, moment(0, HOUR)), Urgency::Calm);
        assert_eq!(urgency(due, moment(0, 3 * DAY)), Urgency::Soon, "offline for three days, due in five");
        assert_eq!(urgency(dates(2 * DAY, 9 * DAY), moment(0, 0)), Urgency::Soon);
        assert_eq!(urgency(dates(5 * HOUR, 9 * DAY), moment(0, 0)), Urgency::Now);
        assert_eq!(urgency(dates(20 * DAY, 30 * DAY), moment(0, 365 * DAY)), Urgency::Calm);
    }

    #[test]
    fn late_is_not_over_and_what_counts_then_is_the_closing_time() {
        let late = dates(-HOUR, DAY).at(moment(0, 0)).unwrap();
        assert_eq!((late.urgency, late.send_before), (Urgency::Late, NOW.plus(DAY)));
        let over = dates(-2 * HOUR, -HOUR).at(moment(0, 0)).unwrap();
        assert_eq!((over.urgency, over.left_ms), (Urgency::Over, 0));
        let open_end = Dates { due: Some(NOW.plus(-HOUR)), closes: None };
        assert_eq!(urgency(open_end, moment(0, 0)), Urgency::Late);
        assert_eq!(Dates::default().at(moment(0, 0)), None);
    }

    #[test]
    fn the_sites_clock_counts_and_a_wrong_one_here_is_said() {
        let due = dates(HOUR, HOUR);
        let behind = due.at(moment(2 * HOUR, 0)).unwrap();
        assert_eq!((behind.urgency, behind.clock_wrong_ms), (Urgency::Over, Some(2 * HOUR)));
        assert_eq!(due.at(moment(500, 0)).unwrap().clock_wrong_ms, None);
        // Set to 1970 and to 2038, the offset brings back the truth.
        for wrong in [TimeMs(0), TimeMs(2_147_483_648_000)] {
            let moment = Moment { now: wrong, offset_ms: NOW.since(wrong), last_contact: Some(wrong) };
            let deadline = dates(3 * DAY, 3 * DAY).at(moment).unwrap();
            assert_eq!((deadline.urgency, deadline.left_ms), (Urgency::Calm, 3 * DAY));
        }
    }

    proptest! {
        #[test]
        fn no_clock_makes_a_negative_time(now: i64, offset: i64, due: i64, closes: i64, contact: i64) {
            let moment = Moment { now: TimeMs(now), offset_ms: offset, last_contact: Some(TimeMs(contact)) };
            let dates = Dates { due: Some(TimeMs(due)), closes: Some(TimeMs(closes)) };
            prop_assert!(dates.at(moment).unwrap().left_ms >= 0);
        }
    }
}
