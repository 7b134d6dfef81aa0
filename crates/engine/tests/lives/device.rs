//! One computer of the learner: its program, its disk, its clock and its link.

use std::collections::{BTreeMap, BTreeSet};

use daypack_course::{AccountId, TimeMs, WorkId};
use daypack_engine::outbox::{NewEntry, Outbox};

/// When the lives begin, in ms since 1970.
pub const EPOCH: i64 = 1_795_000_000_000;

/// What the learner typed on this computer.
#[derive(Clone, Debug)]
pub struct Piece {
    pub new: NewEntry,
    pub text: String,
    /// Place in the order of sealing on this computer.
    pub sealed: Option<u32>,
}

pub struct Device {
    pub pieces: Vec<Piece>,
    pub numbers: BTreeMap<WorkId, usize>,
    /// What is on the disk; between a step and its being made durable the program may die, and then it is put back.
    pub outbox: Outbox,
    pub sealed: u32,
    /// Counts the program's lives; what an earlier one asked for is not heard any more.
    pub born: u32,
    pub is_running: bool,
    pub link: bool,
    pub portal: bool,
    /// The accounts whose sites the program was told to be there.
    pub told_up: BTreeSet<AccountId>,
    /// Sends and questions that nobody has answered, with their numbers.
    pub on_way: BTreeMap<WorkId, u64>,
    /// Sent, and nobody has told the program how it ended.
    pub fate_unknown: BTreeSet<WorkId>,
    /// How often the learner had a text sent again.
    pub again: BTreeMap<WorkId, usize>,
    /// What the learner said to be there.
    pub said_there: BTreeSet<WorkId>,
    pub set_aside: BTreeSet<WorkId>,
    pub wake: Option<i64>,
    /// The program dies after so many more deeds in the current batch.
    pub dies_after: Option<u64>,
    /// What the computer's clock shows beyond the true time.
    pub wall_skew: i64,
    /// The same, as it was when the program started: from then on it counts by itself.
    pub steady_skew: i64,
}

impl Device {
    pub fn new(seed: u64) -> Self {
        let outbox = Outbox::new(seed);
        Self {
            pieces: Vec::new(),
            numbers: BTreeMap::new(),
            outbox,
            sealed: 0,
            born: 0,
            is_running: true,
            link: false,
            portal: false,
            told_up: BTreeSet::new(),
            on_way: BTreeMap::new(),
            fate_unknown: BTreeSet::new(),
            again: BTreeMap::new(),
            said_there: BTreeSet::new(),
            set_aside: BTreeSet::new(),
            wake: None,
            dies_after: None,
            wall_skew: 0,
            steady_skew: 0,
        }
    }

    pub fn piece(&self, id: &WorkId) -> &Piece {
        &self.pieces[self.numbers[id]]
    }

    /// The machine's time at the true instant `now`.
    pub fn time(&self, now: i64, trusts_wall: bool) -> TimeMs {
        TimeMs(EPOCH + now + if trusts_wall { self.wall_skew } else { self.steady_skew })
    }
}
