//! The desk's hand on the tap: the law of `engine::allowance` is asked again and again, and what it says holds for all
//! downloads at once.
//!
//! What must stay true: no byte is let through before the book that counts it is on the disk.

use daypack_course::work::WorkState;
use daypack_course::{ItemId, TimeMs};
use daypack_engine::allowance::{Answer, Flow, Ledger, MakeWay, OnMetered, Pace, Scene, UNKNOWN, Why};
use daypack_engine::download::{self, PARALLEL};
use daypack_engine::link::Budget;
use daypack_engine::outbox::{self, Hold, Lane};
use daypack_store::Store;

use super::desk::{Desk, state_of};
use super::surroundings::Network;
use super::{Note, wants};
use crate::App;
use crate::api::downloads::TimeLeft;
use crate::api::internet::{FlowView, Waits};
use crate::api::outline::{JobState, JobView};
use crate::wishes::{local, room_on};

/// The book's name among the machines; in the learner's database, which is on the disk when it says so.
const LEDGER: &str = "ledger";
/// Under this name the speeds of networks are kept.
const PACE: &str = "pace";
/// One connection for so many bytes per second of a cap: with more of them each would starve.
const PER_CONNECTION: u64 = 64 << 10;
/// What connections may take beyond the allowance: a piece each.
const MARGIN: u64 = 256 << 10;
/// The book for the next bytes could not be written: tried again after this.
const AGAIN_MS: i64 = 5_000;

/// How many connections a cap feeds.
pub(crate) fn connections(cap: u64) -> u32 {
    u32::try_from(cap / PER_CONNECTION).unwrap_or(u32::MAX).max(1)
}

/// What the desk knows of the internet it may use.
pub(super) struct Purse {
    ledger: Ledger,
    pace: Pace,
    pace_at: Option<TimeMs>,
    pace_bytes: u64,
    network: Network,
    answer: Option<Answer>,
    verdict: Result<Flow, Why>,
    way: MakeWay,
    makes_way: bool,
    held: Option<Why>,
    room: Option<u64>,
    /// The book on the disk is an older one.
    unkept: bool,
}

impl Purse {
    pub fn load(store: &Store) -> Self {
        let ledger = store.machine_get(LEDGER).ok().flatten();
        let pace = store.cat_machine_get(PACE).ok().flatten();
        Self {
            ledger: ledger.and_then(|kept| serde_json::from_value(kept).ok()).unwrap_or_default(),
            pace: pace.and_then(|kept| serde_json::from_value(kept).ok()).unwrap_or_default(),
            pace_at: None,
            pace_bytes: 0,
            network: unknown(),
            answer: None,
            verdict: Ok(Flow { cap: None, left: None, is_free: false }),
            way: MakeWay::default(),
            makes_way: false,
            held: None,
            room: None,
            unkept: false,
        }
    }
}

fn unknown() -> Network {
    Network { id: UNKNOWN.to_owned(), name: String::new() }
}

/// Tells the loop when the tap runs low.
pub(super) async fn watch_tap(app: App) {
    loop {
        app.tap().low().await;
        app.desk(Note::Low).await;
    }
}

impl Desk {
    /// Asks the law, and lets what it says hold.
    pub(super) fn judge(&mut self, now: TimeMs) {
        let (rules, settings) = self.app.board(|board| (board.rules.clone(), board.settings.clone()));
        let local = local(self.app.now());
        let network = self.purse.network.clone();
        let scene = Scene {
            local,
            network: &network.id,
            costs_money: self.costs_money(),
            used: self.purse.ledger.used(&network.id, local.month).counted,
            on_metered: match (settings.metered_large, settings.metered_ask) {
                (true, _) => OnMetered::Use,
                (false, true) => OnMetered::Ask,
                (false, false) => OnMetered::Wait,
            },
            answer: self.purse.answer,
        };
        let costs = scene.costs_money && !rules.is_free(local);
        let budget = Budget { work: !costs || settings.metered_work, large: rules.price(&scene).is_ok() };
        let verdict = rules.judge(&scene);
        let cap = verdict.ok().and_then(|flow| flow.cap);
        if self.purse.verdict != verdict {
            tracing::debug!(?verdict, "what downloads may use");
            self.app.tap().set_cap(cap);
            self.downloads.set_parallel(if cap.is_some_and(|cap| connections(cap) < 2) {
                1
            } else {
                PARALLEL
            });
            self.purse.verdict = verdict;
        }
        if self.budget != budget {
            self.budget = budget;
            self.outbox_step(outbox::Event::Budget { budget }, now);
            self.downloads_step(download::Event::Budget { budget }, now);
        }
        self.hold(now);
        self.show_flow(&network, cap, now);
    }

    /// Downloads wait for the hour, the month, or for what goes first.
    fn hold(&mut self, now: TimeMs) {
        let held = match self.purse.verdict {
            _ if self.purse.makes_way => Some(Why::WorkFirst),
            Err(why @ (Why::Hours { .. } | Why::Month)) => Some(why),
            _ => None,
        };
        if self.purse.held != held {
            self.purse.held = held;
            self.downloads_step(download::Event::Held { why: held }, now);
            self.refill(now);
            self.tell_jobs(now);
        }
    }

    fn show_flow(&mut self, network: &Network, cap: Option<u64>, now: TimeMs) {
        let verdict = self.purse.verdict;
        let why = if self.purse.makes_way { Some(Why::WorkFirst) } else { verdict.err() };
        let flow = FlowView {
            waits: why.map(|why| match why {
                Why::Ask => Waits::Ask,
                Why::CostsMoney => Waits::CostsMoney,
                Why::Hours { .. } => Waits::Hours,
                Why::Month => Waits::Month,
                Why::WorkFirst => Waits::WorkFirst,
            }),
            opens_in: match why {
                Some(Why::Hours { opens_in }) => Some(opens_in),
                _ => None,
            },
            cap,
            left: verdict.ok().and_then(|flow| flow.left),
            free_hour: verdict.is_ok_and(|flow| flow.is_free),
            network: network.id.clone(),
            network_name: network.name.clone(),
        };
        let is_news = self.app.board_write(|board| {
            let was = std::mem::replace(&mut board.flow, flow.clone());
            was.waits != flow.waits || was.network != flow.network
        });
        if is_news {
            self.tell_jobs(now);
        }
    }

    /// The network as the system says it now.
    pub(super) fn network_is(&mut self, network: Option<Network>) {
        let network = network.unwrap_or_else(unknown);
        if self.purse.network.id != network.id {
            self.purse.answer = None;
        }
        self.purse.network = network;
    }

    /// The learner's word on a network; one that is gone meanwhile is not meant.
    pub(super) fn network_word(&mut self, network: &str, answer: Answer, now: TimeMs) {
        if self.purse.network.id == network {
            self.purse.answer = Some(answer);
            self.judge(now);
        }
    }

    /// Writes down what was taken, claims what may be taken next, and opens the tap for that.
    pub(super) fn refill(&mut self, now: TimeMs) {
        let tap = self.app.tap().clone();
        let rate = self.speed.bytes_per_second();
        let is_idle = self.fetching.is_empty() || self.purse.held.is_some();
        tap.settle(|taken| {
            let store = self.app.store().clone();
            let purse = &mut self.purse;
            let was = purse.ledger.clone();
            purse.ledger.took(taken);
            purse.pace_bytes = purse.pace_bytes.saturating_add(taken);
            let month = local(self.app.now()).month;
            let network = purse.network.id.clone();
            let may = match purse.verdict {
                // Small files may come although large ones wait for the learner's word; they count as all do.
                Ok(Flow { is_free, .. }) if !is_idle => {
                    let budget = self.app.board(|b| b.rules.networks.get(&network).and_then(|r| r.budget));
                    let used = purse.ledger.used(&network, month).counted;
                    let left = budget.filter(|_| !is_free).map(|budget| budget.saturating_sub(used));
                    purse.ledger.claim(&network, month, is_free, rate, left)
                }
                Err(Why::Ask | Why::CostsMoney) if !is_idle => {
                    purse.ledger.claim(&network, month, false, rate, None)
                }
                _ => {
                    if self.fetching.is_empty() {
                        // Tasks that end now may still take a piece.
                        purse.ledger.took(MARGIN.min(purse.ledger.open()));
                        purse.ledger.give_back();
                    }
                    0
                }
            };
            let opened = may.saturating_sub(MARGIN).max(may.min(1));
            if was.is_same_book(&purse.ledger) && !purse.unkept {
                return opened;
            }
            let book = serde_json::to_value(&purse.ledger).unwrap_or_default();
            let kept = store.machine_put(LEDGER, &book);
            purse.unkept = kept.is_err();
            match kept {
                Ok(()) => opened,
                Err(error) => {
                    tracing::warn!(%error, "the book of bytes could not be kept; nothing comes");
                    self.wakes.insert("refill".to_owned(), now.plus(AGAIN_MS));
                    0
                }
            }
        });
    }

    /// Nothing comes any more: what was claimed and not taken is given back.
    pub(super) fn close_the_book(&mut self) {
        self.fetching.clear();
        let now = TimeMs(0);
        self.refill(now);
        self.keep_pace();
    }

    /// Downloads make way while something small of the learner's is being sent.
    pub(super) fn make_way(&mut self, now: TimeMs) {
        let is_small = |e: &outbox::Entry| {
            e.lane != Lane::Uploads
                && (e.state == WorkState::Sending
                    || (e.state == WorkState::InDoubt && e.hold == Hold::Grace && self.links.is_online()))
        };
        let sending = self.outbox.entries().any(is_small);
        let (makes_way, again) = self.purse.way.look(sending, self.speed.bytes_per_second(), now);
        if let Some(at) = again {
            self.wake_at("way", at);
        }
        if self.purse.makes_way != makes_way {
            self.purse.makes_way = makes_way;
            self.judge(now);
        }
    }

    /// How much may still come to the disk.
    pub(super) fn look_at_the_room(&mut self, now: TimeMs) {
        self.note_pace(now);
        let Ok(room) = room_on(self.app.store()) else { return };
        if self.purse.room != Some(room.bytes()) {
            self.purse.room = Some(room.bytes());
            self.downloads_step(download::Event::Room { bytes: self.purse.room }, now);
            self.tell_jobs(now);
        }
    }

    fn note_pace(&mut self, now: TimeMs) {
        self.refill(now);
        let bytes = std::mem::take(&mut self.purse.pace_bytes);
        let runs = !self.fetching.is_empty() && self.purse.held.is_none() && self.links.is_online();
        let since = std::mem::replace(&mut self.purse.pace_at, runs.then_some(now));
        let (true, Some(since)) = (runs, since) else { return };
        let network = self.purse.network.id.clone();
        if self.purse.pace.took(&network, bytes, now.since(since)) {
            self.keep_pace();
        }
    }

    fn keep_pace(&self) {
        let kept = serde_json::to_value(&self.purse.pace).unwrap_or_default();
        if let Err(error) = self.app.store().cat_machine_put(PACE, &kept) {
            tracing::warn!(%error, "speeds could not be kept");
        }
    }

    /// How long each job that comes or is next takes, with all that comes before it.
    pub(super) fn tell_time_left(&self, jobs: &mut [JobView]) {
        let speed = self.speed.bytes_per_second();
        let cap = self.purse.verdict.ok().and_then(|flow| flow.cap);
        let mut before = 0_u64;
        for job in jobs.iter_mut().filter(|j| matches!(j.state, JobState::Running | JobState::Queued)) {
            let Some(total) = job.total_bytes else { continue };
            before = before.saturating_add(total.saturating_sub(job.done_bytes));
            let left = self.purse.pace.left(&self.purse.network.id, before, speed.filter(|s| *s > 0), cap);
            job.left = left.map(|left| TimeLeft { from_ms: left.from_ms, to_ms: left.to_ms });
            if job.state == JobState::Running {
                job.speed = speed;
            }
        }
    }

    /// Where the learner is asked whether a link may be used, jobs say so.
    pub(super) fn word_waits(&self, jobs: &mut [JobView]) {
        if self.purse.verdict == Err(Why::Ask) {
            for job in jobs.iter_mut().filter(|job| job.state == JobState::CostsMoney) {
                job.state = JobState::Asks;
            }
        }
    }

    /// The states of single items.
    pub(super) fn item_states(&self) -> std::collections::BTreeMap<String, (JobState, download::JobView)> {
        let asks = self.purse.verdict == Err(Why::Ask);
        self.downloads
            .views()
            .into_iter()
            .map(|view| {
                let state = match state_of(&view.state) {
                    JobState::CostsMoney if asks => JobState::Asks,
                    state => state,
                };
                (view.job.clone(), (state, view))
            })
            .collect()
    }
}

/// The job of an item.
pub(crate) fn job_of(course: &daypack_course::CourseId, item: &ItemId) -> String {
    wants::key(course, &daypack_course::AssetId::new(item.as_str()))
}

/// What was used over each network this month: id, counted, in the free hours.
pub(crate) fn used_this_month(store: &Store, now: TimeMs) -> Vec<(String, u64, u64)> {
    let book: Option<Ledger> =
        store.machine_get(LEDGER).ok().flatten().and_then(|kept| serde_json::from_value(kept).ok());
    let book = book.unwrap_or_default();
    let month = local(now).month;
    book.networks(month).map(|(id, used)| (id.to_owned(), used.counted, used.free)).collect()
}
