//! One connection and the part it brings.

use daypack_course::TimeMs;

/// Where a worker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// It has asked, over a connection that stands or is being made.
    Asked,
    /// A body comes.
    Flowing,
    /// Its part is here; the connection stands.
    Free,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Worker {
    pub source: usize,
    pub phase: Phase,
    /// First byte of its part.
    pub from: u64,
    /// The next byte that comes.
    pub at: u64,
    /// Behind the last byte wanted of it; may be less than was asked for.
    pub to: u64,
    /// Behind the last byte asked for; `None` for all of the file.
    pub asked_to: Option<u64>,
    /// Begin of the phase.
    pub since: TimeMs,
    /// When anything came of it last.
    pub last: TimeMs,
    /// The question went over a connection made for it.
    pub is_new: bool,
    /// That connection stands.
    pub is_connected: bool,
    /// The end of its body is told.
    pub is_framed: bool,
    /// It fell silent together with all others.
    pub is_suspect: bool,
}

impl Worker {
    pub fn heard(&mut self, now: TimeMs) {
        self.last = now;
        self.is_suspect = false;
    }

    /// Bytes of its part so far.
    pub fn brought(&self) -> u64 {
        if self.phase == Phase::Asked { 0 } else { self.at.saturating_sub(self.from) }
    }

    /// Milliseconds until its part is here, at its own speed so far.
    pub fn time_left(&self, now: TimeMs) -> i64 {
        let spent = now.since(self.since).max(1);
        let brought = i64::try_from(self.brought()).unwrap_or(i64::MAX);
        let left = i64::try_from(self.left()).unwrap_or(i64::MAX);
        // Nothing yet: as if a quarter came in each span like the one that passed.
        if brought == 0 { spent.saturating_mul(4) } else { spent.saturating_mul(left) / brought }
    }

    /// Bytes still to come of its part.
    pub fn left(&self) -> u64 {
        if self.phase == Phase::Free { 0 } else { self.to.saturating_sub(self.at) }
    }
}
