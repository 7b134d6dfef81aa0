//! While the data folder is being opened: how far it is, and the courses of which the rest is not known yet.

use daypack_course::CourseId;
use daypack_course::outline::Origin;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// How opening the data folder stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct OpeningView {
    /// What is being done; `None` once the folder is open and everything else can be asked.
    pub way: Option<OpeningWay>,
    /// The courses that are here; `None` while not even these are known.
    pub courses: Option<Vec<EarlyCard>>,
}

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct OpeningWay {
    /// Which step.
    pub step: OpeningStep,
    /// How much of the step is done, 0 to 1, where that is known.
    pub share: Option<f64>,
}

/// A step of opening.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum OpeningStep {
    /// The learner's work is looked through.
    Checking,
    /// A copy of it is made.
    Copying,
    /// It is got back from its copies.
    BringingBack,
}

/// A course as the catalogue alone knows it: nothing of the learner. The names are those of a `CourseCard`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct EarlyCard {
    /// Its id here.
    pub id: CourseId,
    /// Title.
    pub title: String,
    /// One or two sentences.
    pub summary: String,
    /// Where it came from.
    pub origin: Origin,
    /// Name of the package or address of the site it came from.
    pub from: String,
    /// Number of items.
    pub items: u32,
    /// Items that work with no connection now.
    pub items_ready: u32,
    /// Bytes here.
    pub size_here: u64,
}
