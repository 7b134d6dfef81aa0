//! What the program tells without being asked.

use daypack_course::{AccountId, CourseId, ItemId};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::door::DoorView;
use super::keys::KeysView;
use super::opening::OpeningWay;
use super::outline::JobView;
use super::status::LinkView;
use super::work::WorkCard;

/// One event of the stream (`daypack watch` prints one a line).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// Opening the data folder goes on. The only event before it is open.
    Opening {
        /// What is being done.
        way: OpeningWay,
    },
    /// The connection changed.
    Link {
        /// Now.
        link: LinkView,
    },
    /// The disk is so full that only answers are saved; or there is room again.
    Space {
        /// Full.
        short: bool,
    },
    /// Courses came, went or changed.
    LibraryChanged {},
    /// An item's files or state changed.
    CourseChanged {
        /// Which course.
        course: CourseId,
        /// Which item; `None` for the whole course.
        item: Option<ItemId>,
    },
    /// How far things are; at most four times a second.
    Jobs {
        /// All that is being taken along.
        jobs: Vec<JobView>,
    },
    /// A piece of work changed its state.
    Work {
        /// As it is now.
        work: Box<WorkCard>,
        /// Pieces not accepted yet.
        unsent: u32,
    },
    /// Grades, comments or recordings arrived.
    Feedback {
        /// Not seen yet.
        unseen: u32,
    },
    /// Sign-ins are kept another way, or their key came or went.
    Keys {
        /// Now.
        keys: KeysView,
    },
    /// What is known of computers nearby changed.
    NearChanged {},
    /// An account must sign in again; its work waits.
    SignInNeeded {
        /// Which one.
        account: AccountId,
    },
    /// Somebody's work was opened or locked, or the list of those who use this computer changed.
    Door {
        /// Now.
        door: DoorView,
    },
    /// How far sealing or unsealing is, in bytes.
    Sealing {
        /// Done.
        done: u64,
        /// In all.
        all: u64,
    },
    /// It is about to lock: what is being typed is to be kept now, then `learner_lock` with `flushed`.
    Locking {},
    /// The program must be closed and started again to go on.
    Restart {},
}
