//! The cap: a bucket that fills with time and that all connections drink from.
//!
//! What must stay true: in any stretch of time, what is taken is at most the cap times the time, plus one burst, plus
//! what each connection took in one piece. A clock that stands or goes back fills nothing.

use daypack_course::TimeMs;

/// The smallest burst, in bytes: a packet or two must fit.
pub const MIN_BURST: u64 = 4_096;
/// A burst is for so many milliseconds.
const BURST_MS: u64 = 500;

/// A bucket of bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bucket {
    /// Bytes per second; `None`: no cap.
    rate: Option<u64>,
    /// Bytes in it, times a thousand; below nothing after a piece larger than what was there.
    milli: i64,
    at: TimeMs,
}

impl Bucket {
    /// The burst of a cap.
    pub fn burst(rate: u64) -> u64 {
        (rate.saturating_mul(BURST_MS) / 1_000).max(MIN_BURST)
    }

    /// Sets the cap; a debt stays.
    pub fn set(&mut self, rate: Option<u64>, now: TimeMs) {
        self.fill(now);
        if self.rate != rate {
            self.rate = rate.filter(|rate| *rate > 0);
            self.milli = self.milli.min(0);
        }
    }

    /// Whether a piece may be taken now; otherwise after how many milliseconds to ask again.
    pub fn ask(&mut self, now: TimeMs) -> Result<(), u64> {
        self.fill(now);
        match self.rate {
            Some(rate) if self.milli <= 0 => {
                let lacking = u64::try_from(self.milli.saturating_neg()).unwrap_or(0).saturating_add(1);
                Err(lacking.div_ceil(rate).clamp(1, 1_000))
            }
            _ => Ok(()),
        }
    }

    /// A piece was taken.
    pub fn took(&mut self, bytes: u64) {
        if self.rate.is_some() {
            let milli = i64::try_from(bytes.saturating_mul(1_000)).unwrap_or(i64::MAX);
            self.milli = self.milli.saturating_sub(milli);
        }
    }

    fn fill(&mut self, now: TimeMs) {
        let passed = u64::try_from(now.since(self.at)).unwrap_or(0);
        self.at = now;
        if let Some(rate) = self.rate {
            let full = i64::try_from(Self::burst(rate).saturating_mul(1_000)).unwrap_or(i64::MAX);
            let more = i64::try_from(rate.saturating_mul(passed)).unwrap_or(i64::MAX);
            self.milli = self.milli.saturating_add(more).min(full);
        }
    }
}
