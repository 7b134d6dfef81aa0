//! What may use a link that costs money. Answers may, lectures may not, unless the learner decides otherwise.

use serde::{Deserialize, Serialize};

/// What is at most this large counts as small: answers, messages, a page; not a lecture, not a film handed in.
pub const SMALL_BYTES: u64 = 1 << 20;

/// What may use the link now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// What the learner made and is small.
    pub work: bool,
    /// Lectures, and whatever else is large, both ways.
    pub large: bool,
}

impl Default for Budget {
    /// A link that costs nothing.
    fn default() -> Self {
        Self { work: true, large: true }
    }
}

impl Budget {
    /// The budget of a link, by whether it costs money and by what the learner allows where it does.
    pub fn of(metered: bool, work_may: bool, large_may: bool) -> Self {
        if metered { Self { work: work_may, large: large_may } } else { Self::default() }
    }

    /// Whether work of this many bytes may be sent.
    pub fn allows_work(self, bytes: u64) -> bool {
        if bytes <= SMALL_BYTES { self.work } else { self.large }
    }

    /// Whether a file of this size may be fetched; one of unknown size counts as large.
    pub fn allows_file(self, bytes: Option<u64>) -> bool {
        self.large || (self.work && bytes.is_some_and(|n| n <= SMALL_BYTES))
    }
}
