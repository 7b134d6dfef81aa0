//! The library, a course's outline, and what is being taken along.

use daypack_course::changes::What;
use daypack_course::deadline::Deadline;
use daypack_course::feedback::Grade;
use daypack_course::finding::Finding;
use daypack_course::outline::{ItemKind, OnlineNeed, Origin, SiteDate, Standing, Tier};
use daypack_course::{CourseId, ItemId, SectionId, TimeMs};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Courses here and courses on offer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct LibraryView {
    /// On this computer.
    pub courses: Vec<CourseCard>,
    /// Offered and not here yet.
    pub offers: Vec<OfferCard>,
    /// Libraries that were added.
    pub libraries: Vec<LibraryAdded>,
}

/// A course on this computer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct CourseCard {
    /// Its id here.
    pub id: CourseId,
    /// Title.
    pub title: String,
    /// One or two sentences.
    pub summary: String,
    /// Where it came from.
    pub origin: Origin,
    /// Name of the site, library or file it came from.
    pub from: String,
    /// Number of items.
    pub items: u32,
    /// Items that work with no connection now.
    pub items_ready: u32,
    /// Items done.
    pub items_done: u32,
    /// Bytes to take the whole course along, in the size of the settings; `None` when some sizes are unknown.
    pub size: Option<u64>,
    /// Bytes here.
    pub size_here: u64,
    /// What comes next.
    pub next: Option<ItemLink>,
    /// What is being taken along.
    pub job: Option<JobView>,
    /// So many things changed since the learner last looked.
    pub changes: u32,
}

/// Something that changed in a course.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ChangeView {
    /// Which item.
    pub item: ItemId,
    /// Its title.
    pub title: String,
    /// What happened.
    pub what: What,
    /// When it was noticed.
    pub at: TimeMs,
}

/// A course on offer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct OfferCard {
    /// Account or library it comes from.
    pub source: String,
    /// Name of that site or library.
    pub source_name: String,
    /// Its id there.
    pub id: String,
    /// Title.
    pub title: String,
    /// One or two sentences.
    pub summary: String,
    /// Bytes, when known.
    pub size: Option<u64>,
}

/// A library of packages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LibraryAdded {
    /// Its address.
    pub address: String,
    /// Its title.
    pub title: String,
    /// Fingerprint of the key that signed it.
    pub fingerprint: String,
    /// Number of courses.
    pub courses: u32,
}

/// A course was compared with its package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CourseUpdated {
    /// The course.
    pub course: CourseId,
    /// Its version now; the same as before when there is none newer.
    pub version: u64,
    /// Its version before.
    pub version_before: u64,
    /// Files that are fetched for it.
    pub files: u32,
}

/// Whether a library has a newer version of a course, and what it would cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CourseNewer {
    /// The course.
    pub course: CourseId,
    /// The version there; the same as before when there is none newer.
    pub version: u64,
    /// The version here.
    pub version_before: u64,
    /// Bytes of files to fetch at most; of large files only the changed parts come.
    pub fetch: u64,
    /// Bytes of all files that would then be here.
    pub all: u64,
}

/// How far a look at all files is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FilesChecking {
    /// A look is going on.
    pub running: bool,
    /// Bytes looked at.
    pub done: u64,
    /// Bytes to look at.
    pub all: u64,
}

/// An item with a damaged file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DamagedItem {
    /// Its course.
    pub course: CourseId,
    /// Title of that.
    pub course_title: String,
    /// The item: it cannot be opened until it is mended.
    pub item: ItemId,
    /// Its title.
    pub title: String,
    /// Its source is known: what is missing comes with the next connection. Otherwise it has to be opened anew from
    /// its file.
    pub will_be_mended: bool,
}

/// What a look at all files of courses found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FilesChecked {
    /// Files that were looked at.
    pub files: u32,
    /// Items with damaged ones.
    pub damaged: Vec<DamagedItem>,
    /// It was stopped before the end.
    pub stopped: bool,
}

/// A folder, stick or file whose packages serve as a mirror.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MirrorView {
    /// Where it lies.
    pub path: String,
    /// Packages found there now; none while it is not plugged in.
    pub packages: u32,
}

/// All such places.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MirrorsView {
    /// In the order of their paths.
    pub mirrors: Vec<MirrorView>,
}

/// What was opened from a path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Opened {
    /// Each course.
    pub courses: Vec<OpenedCourse>,
}

/// One opened course.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct OpenedCourse {
    /// Its id here.
    pub id: CourseId,
    /// Title.
    pub title: String,
    /// Who signed it.
    pub signer: Signer,
    /// What to know about it.
    pub findings: Vec<Finding>,
}

/// Who signed a course.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "signer", rename_all = "snake_case")]
pub enum Signer {
    /// A key seen before for this course.
    Known {
        /// Fingerprint.
        fingerprint: String,
    },
    /// First seen now.
    New {
        /// Fingerprint.
        fingerprint: String,
    },
    /// The format has no signatures.
    Unsigned {},
}

/// A course's outline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct CourseView {
    /// The course as on its card.
    pub card: CourseCard,
    /// BCP 47 tag.
    pub language: String,
    /// Licence; may be empty.
    pub licence: String,
    /// In study order.
    pub sections: Vec<SectionView>,
    /// What to know about it.
    pub findings: Vec<Finding>,
    /// The size of its lectures on this computer.
    pub tier: Tier,
    /// Bytes to take the whole course along, per size of lectures.
    pub tiers: Vec<TierSize>,
    /// When its publisher last confirmed it, once that is too long ago to call it up to date. It works all the same.
    pub last_confirmed: Option<TimeMs>,
    /// What changed since the learner last looked, newest first.
    pub changes: Vec<ChangeView>,
    /// It came from a library that can be asked for a newer version.
    pub has_library: bool,
    /// Some of it is worked for a school, which gives grades.
    pub has_school: bool,
    /// Time zone of the course's dates (IANA), where it is known.
    pub zone: Option<String>,
}

/// What a size of lectures costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TierSize {
    /// Which size.
    pub tier: Tier,
    /// Bytes of the whole course.
    pub size: u64,
}

/// A section.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct SectionView {
    /// Its id.
    pub id: SectionId,
    /// Title; may be empty.
    pub title: String,
    /// Plain text; may be empty.
    pub summary: String,
    /// In study order.
    pub items: Vec<ItemRow>,
}

/// An item in the outline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct ItemRow {
    /// Its id.
    pub id: ItemId,
    /// Title.
    pub title: String,
    /// One sentence; may be empty.
    pub summary: String,
    /// What it is.
    pub kind: ItemKind,
    /// Kind of activity in the site's words, e.g. `quiz`; for unsupported kinds the source's own name.
    pub what: String,
    /// Estimated minutes.
    pub minutes: Option<u32>,
    /// Whether it works with no connection.
    pub here: Here,
    /// Bytes to take it along; `None` when unknown.
    pub size: Option<u64>,
    /// Bytes here.
    pub size_here: u64,
    /// How far the learner is.
    pub done: Done,
    /// Share watched or read, 0 to 1.
    pub progress: Option<f64>,
    /// Why the site does not open it yet, in its words; empty where it gives no reason.
    pub locked: Option<String>,
    /// What in it needs the internet.
    pub online: Vec<OnlineNeed>,
    /// Where the site shows it.
    pub standing: Standing,
    /// Dates the site shows with it, in its own words.
    pub dates: Vec<SiteDate>,
    /// Where the newest work of this item stands.
    pub work: Option<WorkStep>,
    /// The newest grade.
    pub grade: Option<Grade>,
    /// New feedback.
    pub unseen: bool,
    /// When work must be there; `None` without a date or once it is there.
    pub deadline: Option<Deadline>,
}

/// The state of a piece of work, without its details.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum WorkStep {
    /// Saved here, not sent yet.
    Waiting,
    /// On its way.
    Sending,
    /// The reply was lost; the site is asked first.
    InDoubt,
    /// Nobody can say whether it arrived; the learner is asked.
    Unclear,
    /// The site has it.
    Accepted,
    /// The site does not take it.
    Refused,
}

/// Whether an item works with no connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Here {
    /// Everything needed is here.
    Ready,
    /// Some files are here.
    Partly,
    /// Nothing is here.
    NotHere,
    /// It is being taken along.
    Coming,
    /// It only exists on the internet.
    NeedsInternet,
    /// Must be started while connected.
    StartsOnline,
    /// Cannot be worked in Daypack yet.
    NotYet,
}

/// How far the learner is with an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Done {
    /// Not begun.
    No,
    /// Begun.
    Started,
    /// Done.
    Yes,
}

/// An item by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ItemLink {
    /// Its id.
    pub id: ItemId,
    /// Title.
    pub title: String,
    /// What it is.
    pub kind: ItemKind,
}

/// Everything being taken along.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Jobs {
    /// One per course.
    pub jobs: Vec<JobView>,
}

/// What is being taken along of one course.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct JobView {
    /// The course.
    pub course: CourseId,
    /// Title.
    pub title: String,
    /// How it stands.
    pub state: JobState,
    /// Bytes here of `total_bytes`.
    pub done_bytes: u64,
    /// Bytes in all, when known.
    pub total_bytes: Option<u64>,
    /// Files here.
    pub files_done: u32,
    /// Files in all.
    pub files_total: u32,
    /// Bytes per second over the last while.
    pub speed: Option<u64>,
    /// How long the rest takes, with what comes before it.
    pub left: Option<super::downloads::TimeLeft>,
    /// Items not finished yet.
    pub items: Vec<ItemId>,
}

/// How taking along stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Bytes are coming.
    Running,
    /// Next in line.
    Queued,
    /// Waits for a connection, then goes on by itself.
    WaitingForLink,
    /// Waits for a connection that costs nothing, then goes on by itself.
    CostsMoney,
    /// The connection costs money, and the learner is to say whether downloads may use it.
    Asks,
    /// Waits for the hours that the learner chose.
    Hours,
    /// The month's bytes of this network are used up.
    MonthUsed,
    /// What the learner hands in goes first.
    WorkFirst,
    /// Paused by the learner.
    Paused,
    /// Rests while the battery is low; goes on by itself at the charger.
    LowBattery,
    /// The disk is full.
    NoSpace,
    /// The account must sign in again.
    SignIn,
    /// The source refuses or sends wrong bytes; can be tried again.
    Failed,
    /// All here.
    Done,
}
