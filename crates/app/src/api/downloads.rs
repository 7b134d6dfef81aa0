//! The queue of downloads: in which order, how far, and into how much room.

use daypack_course::outline::{ItemKind, Tier};
use daypack_course::{ItemId, TimeMs};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::internet::FlowView;
use super::outline::{JobState, JobView, TierSize};

/// All that is being taken along and not here yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct DownloadsView {
    /// In which order.
    pub order: DownloadOrder,
    /// Courses, first to come first.
    pub courses: Vec<CourseDownload>,
    /// The room for it.
    pub room: RoomView,
    /// What they may use of the internet now.
    pub flow: FlowView,
}

/// An order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum DownloadOrder {
    /// As the learner put it.
    #[default]
    Mine,
    /// In each course what is studied next.
    NextFirst,
    /// What is due first.
    ByDeadline,
}

/// A course on its way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct CourseDownload {
    /// How it stands as a whole.
    pub job: JobView,
    /// Size of its lectures.
    pub tier: Tier,
    /// The sizes there are; none or one: there is no choice.
    pub tiers: Vec<TierSize>,
    /// Its items that are not here yet, first to come first.
    pub items: Vec<ItemDownload>,
}

/// An item on its way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct ItemDownload {
    /// Which.
    pub item: ItemId,
    /// Title.
    pub title: String,
    /// What it is.
    pub kind: ItemKind,
    /// How it stands.
    pub state: JobState,
    /// Bytes here.
    pub done_bytes: u64,
    /// Bytes in all, when known.
    pub total_bytes: Option<u64>,
    /// When work that it leads up to is due.
    pub due: Option<TimeMs>,
}

/// The room on the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RoomView {
    /// Bytes still to come.
    pub needed: u64,
    /// There is more to come of which nobody knows the size.
    pub at_least: bool,
    /// Bytes free now.
    pub free: u64,
    /// Bytes that always stay free.
    pub keeps: u64,
}

/// How long the rest takes, by what this network did before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TimeLeft {
    /// Milliseconds, if it goes well.
    pub from_ms: u64,
    /// Milliseconds, if it does not.
    pub to_ms: u64,
}

/// What to do with all downloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum AllDeed {
    /// Pause all.
    Pause,
    /// Go on with all.
    Resume,
    /// Stop taking along; what is here stays.
    Cancel,
}
