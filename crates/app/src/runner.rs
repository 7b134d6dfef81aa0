//! One loop decides, tasks only do.
//!
//! The loop owns the engine's machines (outbox, downloads, reach). Each note is turned into machine events; the new
//! state of a machine is on disk before its effects are performed, so that a crash is "load, then `Restarted`".

pub(crate) mod allowance;
pub(crate) mod compare;
mod desk;
pub(crate) mod fetch;
pub(crate) mod follow;
mod gather;
pub(crate) mod keep;
pub(crate) mod links;
pub(crate) mod mend;
mod naming;
mod news;
mod packs;
pub(crate) mod pieces;
pub(crate) mod pull;
pub(crate) mod send;
pub mod surroundings;
pub(crate) mod upkeep;
pub(crate) mod versions;
pub(crate) mod wants;

use std::collections::BTreeSet;
use std::sync::Arc;

use daypack_course::work::{Outcome, Settled, Trouble, Wait, Work};
use daypack_course::{AccountId, CourseId, ItemId, TimeMs, WorkId};
use daypack_engine::download::FailWhy;
use tokio::sync::{mpsc, oneshot};

use crate::power::Power;

use crate::App;
use crate::api::Failure;

/// What the loop is told.
#[derive(Debug)]
pub(crate) enum Note {
    /// Work was sealed.
    WorkAdded(Box<Work>),
    /// The learner wants it tried again.
    WorkRetry(WorkId),
    /// The learner's word on work that is unclear: it is there (`true`), or it is to be sent again.
    WorkSays(WorkId, bool),
    /// The learner leaves refused work at that; later work passes.
    WorkSetAside(WorkId),
    /// The learner takes work back before anything of it is sent; the answer says whether it was in time.
    WorkTakenBack(WorkId, oneshot::Sender<bool>),
    /// The settings were changed.
    Settings,
    /// The system's word on whether the link costs money, and on which network it is.
    Metered(Option<bool>, Option<surroundings::Network>),
    /// The learner's word on a network that costs money.
    NetworkWord(String, daypack_engine::allowance::Answer),
    /// The tap runs low.
    Low,
    /// The order in which jobs are to come.
    Ordered(Vec<String>),
    /// The try of this number to send ended.
    SendEnded(WorkId, u64, Outcome),
    /// The question of this number to the site ended.
    SettleEnded(WorkId, u64, Settled),
    /// The learner signed in.
    SignedIn(AccountId),
    /// The learner said in whose name work goes.
    NameWork,
    /// Tokens can be had again; these accounts have one.
    KeyOpened(BTreeSet<AccountId>),
    /// It could not be sent: its sign-in is sealed and the key is away.
    SendLocked(WorkId, u64),
    /// The same when the site was to be asked what became of it.
    SettleLocked(WorkId, u64),
    /// Files to take along.
    Take {
        /// The course.
        course: CourseId,
        /// Its files.
        wants: Vec<daypack_engine::download::Want>,
    },
    /// Pause a course.
    Pause(CourseId),
    /// Go on with a course.
    Resume(CourseId),
    /// Stop fetching a course or an item.
    Cancel(CourseId, Option<ItemId>),
    /// Bytes of a file on disk, in all.
    Received(String, u64),
    /// The transfer of this number, started for this file, is over, however it ended. A pack's goes on when that file
    /// is here.
    TransferEnded(String, u64),
    /// A file is here and proven.
    Fetched(String),
    /// Files are here and proven.
    FetchedMany(Vec<String>),
    /// Files that were here turned out damaged; nothing of them counts.
    Damaged(Vec<String>),
    /// A file could not be fetched.
    FetchFailed(String, FailWhy),
    /// A site or library answered (`true`) or could not be reached.
    Contact(bool),
    /// The disk is so full that the room kept for answers is in use (`true`), or there is room again.
    Space(bool),
    /// A round of asking sites ended: which accounts' sites answered.
    PullEnded(Vec<(AccountId, bool)>),
    /// A probe of a source ended.
    ProbeEnded(links::Source, Probe),
    /// Answered as soon as it is heard: all notes before it have been.
    Heard(oneshot::Sender<()>),
    /// An archive was taken in: work to adopt, receipts, and work whose sending was begun elsewhere.
    Imported {
        /// Accepted elsewhere.
        receipts: Vec<(WorkId, daypack_course::work::Receipt)>,
        /// Begun elsewhere.
        doubted: Vec<WorkId>,
        /// Told when all of it is taken over: an import that returned is complete.
        done: oneshot::Sender<()>,
    },
    /// The battery became low, or is not any more.
    Power(bool),
    /// Send and ask now; told when it is done.
    SyncNow(oneshot::Sender<()>),
}

/// Where a piece of work stands, beyond its state.
#[derive(Clone, Debug, Default)]
pub(crate) struct Standing {
    /// When it is tried again by itself, by the computer's clock.
    pub next_try: Option<TimeMs>,
    /// Why it does not move.
    pub wait: Option<Wait>,
    /// What the last try ran into.
    pub trouble: Option<Trouble>,
    /// Refused, and left at that.
    pub set_aside: bool,
}

/// What a probe found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Probe {
    /// A site answered as itself.
    Answered,
    /// Something else answered in its place.
    Portal,
    /// Nobody answered.
    Silent,
}

/// Starts the loop.
pub(crate) fn start(
    app: &App,
    notes: mpsc::Receiver<Note>,
    ended: oneshot::Sender<()>,
    quiet: bool,
    power: Arc<dyn Power>,
    cost: surroundings::AnyLinkCost,
) -> Result<(), Failure> {
    let desk = desk::Desk::load(app.clone(), quiet, cost)?;
    app.spawn(allowance::watch_tap(app.clone()));
    if !quiet {
        app.spawn(watch_power(app.clone(), power));
    }
    tokio::spawn(async move {
        desk.run(notes).await;
        let _ = ended.send(());
    });
    Ok(())
}

/// Looks at the battery and tells the loop when it becomes low or fine.
async fn watch_power(app: App, power: Arc<dyn Power>) {
    let mut low = false;
    loop {
        let asked = Arc::clone(&power);
        let battery = tokio::task::spawn_blocking(move || asked.battery()).await.unwrap_or(None);
        let now_low = daypack_engine::power::is_low(battery, low);
        if now_low != low {
            low = now_low;
            tracing::info!(low, ?battery, "power");
            app.desk(Note::Power(low)).await;
        }
        tokio::time::sleep(power.every()).await;
    }
}
