//! The deciding loop.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use daypack_course::outline::Course;
use daypack_course::work::{Deed, Outcome, Settled, Work, WorkState};
use daypack_course::{AccountId, CourseId, ItemId, TimeMs, WorkId};
use daypack_engine::Clocks;
use daypack_engine::download::{self, Downloads};
use daypack_engine::link::{Budget, LinkEstimate, ReachEvent};
use daypack_engine::outbox::{self, Hold, Lane, NewEntry, Outbox};
use daypack_engine::watch::{Seen, Watch};
use daypack_store::Token;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::links::Links;
use super::surroundings::{self, AnyLinkCost};
use super::{Note, Probe, Standing, fetch, pieces, pull, send, versions, wants};
use crate::App;
use crate::api::outline::{JobState, JobView};
use crate::api::{Event, Failure};

/// How often sites are asked for what is new while connected.
const PULL_EVERY_MS: i64 = 60_000;
/// How often progress is told and kept while bytes come.
const REPORT_EVERY_MS: i64 = 250;
/// How often it is asked whether the link costs money, besides at each change of the network.
const COST_EVERY_MS: i64 = 5 * 60_000;
/// The number of no send and no question: only a receipt is believed with it.
const NO_ERRAND: u64 = 0;

pub(super) struct Desk {
    pub(super) app: App,
    pub(super) seed: u64,
    pub(super) outbox: Outbox,
    pub(super) downloads: Downloads,
    pub(super) links: Links,
    pub(super) link_was_told: bool,
    pub(super) clocks: Clocks,
    /// The system's word on the cost of the link.
    pub(super) metered: Option<bool>,
    pub(super) budget: Budget,
    cost: AnyLinkCost,
    born: Instant,
    watch: Watch,
    next_look: TimeMs,
    next_cost: TimeMs,
    pub(super) speed: LinkEstimate,
    pub(super) purse: super::allowance::Purse,
    /// When each machine wants to be stepped; a new wish replaces its old one.
    pub(super) wakes: BTreeMap<String, TimeMs>,
    pub(super) next_pull: TimeMs,
    pulling: bool,
    /// A sync was asked for while sites were being asked: they are asked once more.
    pull_again: bool,
    reported: TimeMs,
    received: BTreeMap<String, u64>,
    /// Transfers on their way by the file they were started for, each with its number.
    pub(super) fetching: BTreeMap<String, (u64, CancellationToken)>,
    transfers: u64,
    waiting_for_sync: Vec<oneshot::Sender<()>>,
    /// Sites were asked, or nobody is there: the sync ends when nothing is on its way any more.
    asked_all: bool,
    /// Effects whose state could not be made durable yet; none is performed before it is.
    unkept: Vec<outbox::Effect>,
    /// Nothing is done by itself until asked.
    pub(super) quiet: bool,
    titles: BTreeMap<CourseId, (String, BTreeMap<String, ItemId>)>,
}

impl Desk {
    /// Loads the machines and tells them that the program was restarted.
    pub fn load(app: App, quiet: bool, cost: AnyLinkCost) -> Result<Self, Failure> {
        let born = Instant::now();
        let watch = Watch::new(surroundings::look(&app, born));
        let now = watch.time(0);
        let store = app.store();
        let outbox: Outbox = store
            .machine_get("outbox")?
            .and_then(|value| serde_json::from_value(value).ok())
            .unwrap_or_default();
        let clocks: Clocks = store
            .machine_get("clocks")?
            .and_then(|value| serde_json::from_value(value).ok())
            .unwrap_or_default();
        let last_contact = last_contact(&clocks);
        app.board_write(|board| {
            board.clocks = clocks.clone();
            board.link.last_contact = last_contact;
        });
        let downloads: Downloads = store
            .cat_machine_get("downloads")?
            .and_then(|value| serde_json::from_value(value).ok())
            .unwrap_or_default();
        let purse = super::allowance::Purse::load(store);
        let mut desk = Self {
            seed: app.new_id().bytes().fold(0_u64, |seed, byte| seed.rotate_left(7) ^ u64::from(byte)),
            app,
            outbox,
            downloads,
            links: Links::default(),
            link_was_told: false,
            clocks,
            metered: None,
            budget: Budget::default(),
            cost,
            born,
            watch,
            next_look: now,
            next_cost: now,
            speed: LinkEstimate::default(),
            purse,
            wakes: BTreeMap::new(),
            next_pull: now,
            pulling: false,
            pull_again: false,
            reported: TimeMs(0),
            received: BTreeMap::new(),
            fetching: BTreeMap::new(),
            transfers: 0,
            waiting_for_sync: Vec::new(),
            asked_all: false,
            unkept: Vec::new(),
            quiet,
            titles: BTreeMap::new(),
        };
        desk.adopt(now)?;
        Ok(desk)
    }

    /// Work in the database that the machine does not know (a crash between the two) is added: the database is
    /// the truth, the machine only remembers tries.
    fn adopt(&mut self, now: TimeMs) -> Result<(), Failure> {
        let rows = self.app.store().work_list()?.rows;
        for row in rows.into_iter().rev() {
            let open = !matches!(row.state, WorkState::Accepted { .. } | WorkState::Refused { .. });
            if open && !row.work.account.is_nobody() && self.outbox.entry(&row.work.id).is_none() {
                let doubt = row.state != WorkState::Waiting;
                let new = self.entry_of(&row.work, doubt);
                let _ = self.outbox.step(outbox::Event::Added(new), now);
            }
        }
        Ok(())
    }

    /// Takes over what an archive brought: the site's word first, then doubts, then what is new.
    fn imported(
        &mut self,
        receipts: Vec<(WorkId, daypack_course::work::Receipt)>,
        doubted: Vec<WorkId>,
        now: TimeMs,
    ) {
        let Ok(list) = self.app.store().work_list() else { return };
        let told: BTreeMap<WorkId, _> = receipts.into_iter().collect();
        for row in list.rows.into_iter().rev() {
            let id = row.work.id.clone();
            let open = !matches!(row.state, WorkState::Accepted { .. } | WorkState::Refused { .. });
            let new = self.outbox.entry(&id).is_none();
            let receipt = told.get(&id).cloned();
            if row.work.account.is_nobody() && receipt.is_none() {
                continue;
            }
            if new && (open || receipt.is_some()) || doubted.contains(&id) {
                let doubt = row.state != WorkState::Waiting || doubted.contains(&id);
                self.outbox_step(outbox::Event::Added(self.entry_of(&row.work, doubt)), now);
            }
            if let Some(receipt) = receipt {
                let settled = daypack_course::work::Settled::Landed(receipt);
                self.outbox_step(outbox::Event::SettleEnded { id, errand: NO_ERRAND, settled }, now);
            }
        }
        self.name_work(now);
        self.wake_up(now);
    }

    /// Runs until the program ends.
    pub async fn run(mut self, mut notes: mpsc::Receiver<Note>) {
        let stop = self.app.stopped();
        let now = self.now();
        self.outbox_step(outbox::Event::Restarted, now);
        self.downloads_step(download::Event::Restarted, now);
        self.look_at_the_disk(now);
        self.budget_changed(now);
        self.refresh_sources(now);
        self.look(now);
        self.tell_jobs(now);
        loop {
            let next = self.wakes.values().min().copied();
            let sleep = next.map_or(3_600_000, |at| at.since(self.now()).clamp(5, 3_600_000));
            let sleep = Duration::from_millis(u64::try_from(sleep).unwrap_or(5));
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                note = notes.recv() => match note {
                    Some(note) => self.hear(note),
                    None => break,
                },
                () = tokio::time::sleep(sleep) => self.tick(),
            }
        }
        for (_, token) in std::mem::take(&mut self.fetching).into_values() {
            token.cancel();
        }
        self.keep_downloads();
        self.close_the_book();
    }

    /// The time for machines: steady while the program runs, whatever happens to the clock.
    fn now(&self) -> TimeMs {
        self.watch.time(i64::try_from(self.born.elapsed().as_millis()).unwrap_or(i64::MAX))
    }

    /// An instant of a machine by the computer's clock.
    pub(super) fn shown(&self, at: TimeMs) -> TimeMs {
        self.app.now().plus(at.since(self.now()))
    }

    /// Whether anything is done now: always, or while somebody waits for a sync.
    pub(super) fn acts(&self) -> bool {
        !self.quiet || !self.waiting_for_sync.is_empty()
    }

    /// Looks at clocks and network. After sleep, and in another network, every site is asked at once: the
    /// connection may last a minute only.
    fn look(&mut self, now: TimeMs) {
        if self.quiet {
            return;
        }
        self.next_look = now.plus(self.app.around().every_ms());
        self.budget_changed(now);
        self.look_at_the_room(now);
        self.refresh_sources(now);
        let seen = self.watch.look(surroundings::look(&self.app, self.born));
        let local = self.app.now();
        let mut changed = false;
        let mut kept = false;
        for one in &seen {
            tracing::info!(?one, "clock or network");
            kept |= self.clocks.seen(*one, local);
            changed |= matches!(one, Seen::Slept { .. } | Seen::NetworkChanged);
        }
        if kept {
            self.keep_clocks();
        }
        if changed {
            self.reach_all(ReachEvent::NetworkChanged, now);
        }
        if changed || now >= self.next_cost {
            self.next_cost = now.plus(COST_EVERY_MS);
            let (app, cost) = (self.app.clone(), self.cost.clone());
            self.app.spawn(async move {
                let asked = tokio::task::spawn_blocking(move || (cost.is_metered(), cost.network()));
                let (said, network) = asked.await.unwrap_or((None, None));
                app.desk(Note::Metered(said, network)).await;
            });
        }
    }

    /// A new version for the same activity passes a refused one, which stays to be read.
    pub(super) fn set_aside_refused(&mut self, work: &Work, now: TimeMs) {
        let target = target_of(work);
        let refused: Vec<WorkId> = self
            .outbox
            .entries()
            .filter(|e| e.target == target && matches!(e.state, WorkState::Refused { .. }))
            .map(|e| e.id.clone())
            .collect();
        for id in refused {
            self.outbox_step(outbox::Event::SetAside { id }, now);
        }
    }

    /// After a crash the disk is right where the machine differs.
    fn look_at_the_disk(&mut self, now: TimeMs) {
        let keys: Vec<String> = self.downloads.unfinished().map(|(key, _)| key.to_owned()).collect();
        for key in keys {
            match fetch::on_disk(&self.app, &key) {
                Some((_, true)) => self.downloads_step(download::Event::Finished { key }, now),
                Some((have, false)) => self.downloads_step(download::Event::Found { key, have }, now),
                None => {}
            }
        }
    }

    fn hear(&mut self, note: Note) {
        let now = self.now();
        match note {
            Note::WorkAdded(work) => {
                self.set_aside_refused(&work, now);
                let new = self.entry_of(&work, false);
                self.outbox_step(outbox::Event::Added(new), now);
                self.wake_up(now);
            }
            Note::WorkRetry(id) => {
                if self.outbox.entry(&id).is_none()
                    && let Ok(Some(row)) = self.app.store().work_get(&id)
                    && !row.work.account.is_nobody()
                {
                    let new = self.entry_of(&row.work, true);
                    self.outbox_step(outbox::Event::Added(new), now);
                }
                self.outbox_step(outbox::Event::LearnerRetries { id }, now);
                self.wake_up(now);
            }
            Note::WorkSays(id, arrived) => {
                self.outbox_step(outbox::Event::LearnerSays { id, arrived }, now);
                self.wake_up(now);
            }
            Note::WorkSetAside(id) => self.outbox_step(outbox::Event::SetAside { id }, now),
            Note::WorkTakenBack(id, answer) => {
                let is_here =
                    self.outbox.can_be_taken_back(&id) && send::nothing_begun(self.app.store(), &id);
                if is_here {
                    self.outbox_step(outbox::Event::TakenBack { id }, now);
                    self.wake_up(now);
                }
                let _ = answer.send(is_here);
            }
            Note::Settings => self.budget_changed(now),
            Note::Metered(said, network) => {
                self.metered = said;
                self.network_is(network);
                self.budget_changed(now);
            }
            Note::NetworkWord(network, answer) => self.network_word(&network, answer, now),
            Note::Low => {
                self.refill(now);
                self.budget_changed(now);
            }
            Note::Ordered(jobs) => {
                self.downloads_step(download::Event::Ordered { jobs }, now);
                self.tell_jobs(now);
            }
            Note::SendEnded(id, errand, outcome) => {
                use daypack_course::work::Outcome as O;
                let account = self.outbox.entry(&id).map(|e| e.account.clone());
                let outcome = self.in_our_time(outcome, account.as_ref(), now);
                let reach = match &outcome {
                    O::Accepted(_) | O::Refused(_) | O::Later { .. } | O::SignIn => ReachEvent::Answered,
                    O::Unreachable | O::Unknown => ReachEvent::CallFailed,
                };
                let landed = matches!(outcome, O::Accepted(_));
                self.outbox_step(outbox::Event::SendEnded { id, errand, outcome }, now);
                if let Some(account) = account {
                    self.reach_account(&account, reach, now);
                }
                if landed {
                    self.next_pull = now;
                }
            }
            Note::SettleEnded(id, errand, settled) => {
                self.outbox_step(outbox::Event::SettleEnded { id, errand, settled }, now)
            }
            Note::SignedIn(account) => {
                self.refresh_sources(now);
                self.reach_account(&account, ReachEvent::Answered, now);
                // Where the site was there before, nothing changed for it, and the new account has to hear of it.
                self.outbox_step(outbox::Event::SiteUp { account: account.clone() }, now);
                self.name_work(now);
                self.outbox_step(outbox::Event::SignedIn { account }, now);
                self.take_up_downloads(now);
                self.next_pull = now;
            }
            Note::NameWork => self.name_work(now),
            Note::KeyOpened(accounts) => {
                for account in accounts {
                    self.outbox_step(outbox::Event::SignedIn { account }, now);
                }
                self.take_up_downloads(now);
                self.next_pull = now;
            }
            // To the machine it is as being signed out: it waits and does not try again by itself.
            Note::SendLocked(id, errand) => {
                let outcome = Outcome::SignIn;
                self.outbox_step(outbox::Event::SendEnded { id, errand, outcome }, now)
            }
            Note::SettleLocked(id, errand) => {
                let settled = Settled::SignIn;
                self.outbox_step(outbox::Event::SettleEnded { id, errand, settled }, now)
            }
            Note::Take { course, wants } => {
                self.titles.remove(&course);
                let jobs: BTreeSet<String> = wants.iter().map(|want| want.job.clone()).collect();
                if let Some(job) = jobs.first().cloned() {
                    self.downloads_step(download::Event::Added { job, wants }, now);
                    self.downloads_step(
                        download::Event::ResumedMany { jobs: jobs.into_iter().collect() },
                        now,
                    );
                }
                self.wake_up(now);
                self.tell_jobs(now);
            }
            Note::Pause(course) => {
                for job in self.jobs_of(&course, None) {
                    self.downloads_step(download::Event::Paused { job }, now);
                }
                self.tell_jobs(now);
            }
            Note::Resume(course) => {
                for job in self.jobs_of(&course, None) {
                    self.downloads_step(download::Event::Resumed { job }, now);
                }
                self.wake_up(now);
                self.tell_jobs(now);
            }
            Note::Cancel(course, item) => {
                for job in self.jobs_of(&course, item.as_ref()) {
                    self.downloads_step(download::Event::Cancelled { job }, now);
                }
                self.tell_jobs(now);
            }
            Note::Received(key, bytes) => {
                let before = self.received.insert(key.clone(), bytes).unwrap_or(bytes);
                self.speed.received(bytes.saturating_sub(before), now);
                self.downloads_step(download::Event::Received { key, bytes }, now);
                self.report(now);
            }
            Note::TransferEnded(key, number) => {
                if self.fetching.get(&key).is_some_and(|(running, _)| *running == number) {
                    self.fetching.remove(&key);
                }
            }
            Note::Fetched(key) => {
                self.received.remove(&key);
                if !self.links.is_online() {
                    self.contact(true, now);
                }
                self.downloads_step(download::Event::Finished { key: key.clone() }, now);
                self.item_changed(&key);
                self.tell_jobs(now);
            }
            Note::Damaged(keys) => {
                for key in keys {
                    let have = fetch::on_disk(&self.app, &key).map_or(0, |(have, _)| have);
                    self.downloads_step(download::Event::Found { key, have }, now);
                }
            }
            Note::FetchedMany(keys) => {
                if !self.links.is_online() {
                    self.contact(true, now);
                }
                let courses: BTreeSet<CourseId> =
                    keys.iter().filter_map(|key| wants::parts(key)).map(|(course, _)| course).collect();
                self.downloads_step(download::Event::FinishedMany { keys }, now);
                for course in courses {
                    self.app.tell(Event::CourseChanged { course, item: None });
                }
                self.tell_jobs(now);
            }
            Note::FetchFailed(key, why) => {
                self.received.remove(&key);
                if matches!(why, download::FailWhy::Unreachable) {
                    self.contact(false, now);
                }
                self.downloads_step(download::Event::Failed { key, why }, now);
                self.tell_jobs(now);
            }
            Note::Space(short) => {
                if !short {
                    self.downloads_step(download::Event::ResumeAll, now);
                }
                self.tell_jobs(now);
            }
            Note::Contact(reached) => self.contact(reached, now),
            Note::ProbeEnded(source, probe) => {
                let event = match probe {
                    Probe::Answered => ReachEvent::Answered,
                    Probe::Portal => ReachEvent::PortalSeen,
                    Probe::Silent => ReachEvent::ProbeFailed,
                };
                self.probe_ended(&source, event, now);
                self.asked_all |= !self.links.is_probing() && !self.links.is_online();
            }
            Note::PullEnded(reached) => {
                self.pulling = false;
                let any = reached.is_empty() || reached.iter().any(|(_, answered)| *answered);
                for (account, answered) in reached {
                    let event = if answered { ReachEvent::Answered } else { ReachEvent::CallFailed };
                    self.reach_account(&account, event, now);
                }
                let again = std::mem::take(&mut self.pull_again);
                self.next_pull = if again { now } else { now.plus(PULL_EVERY_MS) };
                self.asked_all |= !again || !any;
            }
            Note::Heard(done) => {
                let _ = done.send(());
            }
            Note::Imported { receipts, doubted, done } => {
                self.imported(receipts, doubted, now);
                let _ = done.send(());
            }
            Note::Power(low) => {
                self.downloads_step(download::Event::Power { low }, now);
                self.tell_jobs(now);
            }
            Note::SyncNow(done) => {
                self.waiting_for_sync.push(done);
                self.asked_all = false;
                self.pull_again = self.pulling;
                self.next_pull = now;
                self.refresh_sources(now);
                self.reach_all(ReachEvent::LearnerRetries, now);
            }
        }
        self.after(now);
    }

    fn tick(&mut self) {
        let now = self.now();
        if now >= self.next_look {
            self.look(now);
        }
        self.wakes.retain(|_, at| *at > now);
        self.outbox_step(outbox::Event::Tick, now);
        self.downloads_step(download::Event::Tick, now);
        if self.acts() {
            self.reach_all(ReachEvent::Tick, now);
        }
        self.after(now);
    }

    fn after(&mut self, now: TimeMs) {
        let online = self.links.is_online();
        if online && !self.pulling && now >= self.next_pull && self.acts() {
            self.pulling = true;
            self.next_pull = now.plus(PULL_EVERY_MS);
            self.app.spawn(pull::round(self.app.clone(), !self.waiting_for_sync.is_empty()));
        }
        if online && !self.quiet {
            self.wake_at("pull", self.next_pull);
        }
        if !self.quiet {
            self.wake_at("look", self.next_look);
        }
        if !self.fetching.is_empty() {
            self.wake_at("report", now.plus(REPORT_EVERY_MS * 4));
        }
        self.make_way(now);
        self.finish_sync(now);
    }

    /// A sync is over when everything was tried once, what was in doubt was asked about, and the sites were asked;
    /// a film on its way is not waited for.
    fn finish_sync(&mut self, now: TimeMs) {
        if !self.asked_all || self.waiting_for_sync.is_empty() {
            return;
        }
        let online = self.links.is_online();
        let is_on_its_way = |e: &outbox::Entry| {
            (e.state == WorkState::Sending && e.lane != Lane::Uploads)
                || (online && e.state == WorkState::InDoubt && e.hold == Hold::Grace)
        };
        if self.outbox.entries().any(is_on_its_way) {
            return self.wake_at("sync", now.plus(50));
        }
        for done in self.waiting_for_sync.drain(..) {
            let _ = done.send(());
        }
    }

    pub(super) fn outbox_step(&mut self, event: outbox::Event, now: TimeMs) {
        if self.app.store().opened().newer.is_some() {
            return; // A newer program owns the folder and will send.
        }
        self.unkept.extend(self.outbox.step(event, now));
        let states: Vec<(WorkId, WorkState)> = self
            .unkept
            .iter()
            .filter_map(|e| match e {
                outbox::Effect::StateChanged(id, state) => Some((id.clone(), state.clone())),
                _ => None,
            })
            .collect();
        let machine = serde_json::to_value(&self.outbox).unwrap_or_default();
        if let Err(error) = self.app.store().outbox_commit(&machine, &states, self.app.now()) {
            // Not durable means not done: nothing is sent on the strength of a state that may be forgotten.
            tracing::error!(%error, "the outbox could not be kept; nothing is sent");
            self.wake_at("outbox", now.plus(5_000));
            return;
        }
        self.publish_standing(now);
        for effect in std::mem::take(&mut self.unkept) {
            match effect {
                outbox::Effect::Send(id) => {
                    let errand = self.errand(&id);
                    self.app.spawn_whole(send::send(self.app.clone(), id, errand));
                }
                outbox::Effect::Settle(id) => {
                    let errand = self.errand(&id);
                    self.app.spawn(send::settle(self.app.clone(), id, errand));
                }
                outbox::Effect::WakeAt(at) => self.wake_at("outbox", at),
                outbox::Effect::NeedsSignIn(account) => self.needs_sign_in(account),
                outbox::Effect::StateChanged(id, state) => {
                    if versions::are_compared(&state) {
                        self.app.spawn(versions::fetch(self.app.clone(), id.clone()));
                    }
                    self.app.spawn(send::tell(self.app.clone(), id));
                }
            }
        }
    }

    /// The number of what is on its way for a piece of work.
    fn errand(&self, id: &WorkId) -> u64 {
        self.outbox.entry(id).map_or(NO_ERRAND, |entry| entry.errand)
    }

    /// Where each piece stands, for the pages.
    fn publish_standing(&self, now: TimeMs) {
        let standing: BTreeMap<WorkId, Standing> = self
            .outbox
            .entries()
            .map(|entry| {
                let standing = Standing {
                    next_try: entry.next_try().map(|at| self.shown(at)),
                    wait: self.outbox.why_it_waits(&entry.id, now),
                    trouble: entry.trouble,
                    set_aside: entry.set_aside,
                };
                (entry.id.clone(), standing)
            })
            .collect();
        self.app.board_write(|board| board.standing = standing);
    }

    /// An instant named by the site's clock, by the machine's.
    fn in_our_time(&self, outcome: Outcome, account: Option<&AccountId>, now: TimeMs) -> Outcome {
        let Outcome::Later { not_before: Some(at) } = outcome else { return outcome };
        let server = account.and_then(|a| self.links.site_of(a)).and_then(|site| self.app.server_now(site));
        let server = server.unwrap_or_else(|| self.app.now());
        Outcome::Later { not_before: Some(now.plus(at.since(server))) }
    }

    pub(super) fn entry_of(&self, work: &Work, doubt: bool) -> NewEntry {
        let kind = self.app.store().account_get(&work.account).ok().flatten().map(|a| a.kind);
        let connector = crate::commands::source::connector(&self.app, kind.as_deref().unwrap_or("moodle"));
        NewEntry {
            id: work.id.clone(),
            account: work.account.clone(),
            target: target_of(work),
            lane: lane_of(work),
            created: work.created,
            doubt,
            resend: connector.resend(&work.deed),
            size: work.deed.size(),
        }
    }

    fn needs_sign_in(&self, account: AccountId) {
        // Whoever heard a site refuse a token forgot it there; here it may only be locked.
        if matches!(self.app.store().token(&account), Ok(Token::SignedOut)) {
            self.app.tell(Event::SignInNeeded { account });
        }
    }

    /// What stopped for want of a token goes on.
    fn take_up_downloads(&mut self, now: TimeMs) {
        let stopped = |view: &download::JobView| {
            matches!(view.state, download::JobState::Failed { why: download::FailWhy::SignIn })
        };
        let jobs: Vec<String> =
            self.downloads.views().into_iter().filter(stopped).map(|view| view.job).collect();
        for job in jobs {
            self.downloads_step(download::Event::Resumed { job }, now);
        }
        self.tell_jobs(now);
    }

    pub(super) fn downloads_step(&mut self, event: download::Event, now: TimeMs) {
        let small = matches!(event, download::Event::Received { .. } | download::Event::Tick);
        let effects = self.downloads.step(event, now);
        if !small {
            self.keep_downloads();
        }
        let mut settled = BTreeSet::new();
        for effect in effects {
            match effect {
                download::Effect::Start { key, with, .. } => {
                    let token = CancellationToken::new();
                    self.transfers += 1;
                    let number = self.transfers;
                    if let Some((_, old)) = self.fetching.insert(key.clone(), (number, token.clone())) {
                        old.cancel();
                    }
                    self.refill(now);
                    let app = self.app.clone();
                    self.app.spawn_whole(async move {
                        fetch::file(app.clone(), key.clone(), with, token).await;
                        app.desk(Note::TransferEnded(key, number)).await;
                    });
                }
                download::Effect::Stop { key } => {
                    if let Some((_, token)) = self.fetching.remove(&key) {
                        token.cancel();
                    }
                }
                download::Effect::WakeAt { at } => self.wake_at("downloads", at),
                download::Effect::JobDone { job } | download::Effect::JobFailed { job, .. } => {
                    if let Some((course, _)) = wants::parts(&job) {
                        settled.insert(course.clone());
                        self.app.tell(Event::CourseChanged { course, item: None });
                    }
                }
            }
        }
        settled.into_iter().for_each(|course| self.tidy(course));
    }

    /// When all of a course is here, what only its earlier versions needed goes.
    fn tidy(&self, course: CourseId) {
        let of_it = |view: &download::JobView| wants::parts(&view.job).is_some_and(|(of, _)| of == course);
        if self.downloads.views().iter().filter(|v| of_it(v)).all(|v| v.state == download::JobState::Done) {
            let app = self.app.clone();
            self.app.spawn(async move {
                if let Err(failure) = app.db(move |store| pieces::tidy(store, &course)).await {
                    tracing::warn!(%failure, "earlier versions could not be cleared away");
                }
            });
        }
    }

    fn keep_downloads(&mut self) {
        let machine = serde_json::to_value(&self.downloads).unwrap_or_default();
        if let Err(error) = self.app.store().cat_machine_put("downloads", &machine) {
            tracing::warn!(%error, "downloads could not be kept; bytes on disk still count");
        }
    }

    fn report(&mut self, now: TimeMs) {
        if now.since(self.reported) >= REPORT_EVERY_MS {
            self.tell_jobs(now);
        }
    }

    pub(super) fn tell_jobs(&mut self, now: TimeMs) {
        self.reported = now;
        let mut jobs: Vec<JobView> = Vec::new();
        for view in self.downloads.views() {
            let Some((course, item)) = wants::parts(&view.job) else { continue };
            let item = ItemId::new(item.as_str());
            let at = match jobs.iter().position(|job| job.course == course) {
                Some(at) => at,
                None => {
                    let title = self.title(&course).0;
                    jobs.push(empty_job(course, title));
                    jobs.len() - 1
                }
            };
            if let Some(job) = jobs.get_mut(at) {
                add_view(job, &view, item);
            }
        }
        let items = self.item_states();
        self.word_waits(&mut jobs);
        self.tell_time_left(&mut jobs);
        if self.fetching.is_empty() {
            self.speed.pause();
        }
        self.app.board_write(|board| {
            board.jobs = jobs.clone();
            board.items = items;
        });
        self.app.tell(Event::Jobs { jobs });
    }

    /// Title of a course and which item each file belongs to.
    fn title(&mut self, course: &CourseId) -> (String, BTreeMap<String, ItemId>) {
        if let Some(found) = self.titles.get(course) {
            return found.clone();
        }
        let found = match self.app.store().course_get(course) {
            Ok(Some(found)) => (found.title.clone(), files_of(&found)),
            _ => (String::new(), BTreeMap::new()),
        };
        self.titles.insert(course.clone(), found.clone());
        found
    }

    fn item_changed(&mut self, key: &str) {
        if let Some((course, _)) = wants::parts(key) {
            let item = self.title(&course).1.get(key).cloned();
            self.app.tell(Event::CourseChanged { course, item });
        }
    }

    pub(super) fn wake_at(&mut self, who: &'static str, at: TimeMs) {
        self.wakes.insert(who.to_owned(), at);
    }

    /// The download machine's jobs of a course, or of one item.
    fn jobs_of(&self, course: &CourseId, item: Option<&ItemId>) -> Vec<String> {
        self.downloads
            .views()
            .into_iter()
            .map(|view| view.job)
            .filter(|job| {
                wants::parts(job).is_some_and(|(of, asset)| {
                    of == *course && item.is_none_or(|item| item.as_str() == asset.as_str())
                })
            })
            .collect()
    }
}

fn empty_job(course: CourseId, title: String) -> JobView {
    JobView {
        course,
        title,
        state: JobState::Done,
        done_bytes: 0,
        total_bytes: Some(0),
        files_done: 0,
        files_total: 0,
        speed: None,
        left: None,
        items: Vec::new(),
    }
}

/// Adds one item's job to its course's: what runs says more than what waits, what waits more than what is done.
fn add_view(job: &mut JobView, view: &download::JobView, item: ItemId) {
    let state = state_of(&view.state);
    if rank(state) > rank(job.state) {
        job.state = state;
    }
    if state != JobState::Done {
        job.items.push(item);
    }
    job.done_bytes += view.done_bytes;
    job.total_bytes = job.total_bytes.zip(view.total_bytes).map(|(a, b)| a + b);
    job.files_done += view.files_done;
    job.files_total += view.files_total;
}

fn rank(state: JobState) -> u8 {
    match state {
        JobState::Done => 0,
        JobState::Queued => 1,
        JobState::Paused => 2,
        JobState::Failed => 3,
        JobState::SignIn => 4,
        JobState::WaitingForLink => 5,
        JobState::LowBattery => 6,
        JobState::CostsMoney | JobState::Asks | JobState::Hours | JobState::MonthUsed => 6,
        JobState::WorkFirst => 7,
        JobState::Running => 8,
        JobState::NoSpace => 9,
    }
}

pub(super) fn state_of(state: &download::JobState) -> JobState {
    use daypack_engine::allowance::Why;
    use daypack_engine::download::{FailWhy, JobState as S};
    match state {
        S::Queued => JobState::Queued,
        S::Running => JobState::Running,
        S::Paused => JobState::Paused,
        S::LowPower => JobState::LowBattery,
        S::Waiting => JobState::WaitingForLink,
        S::CostsMoney => JobState::CostsMoney,
        S::NoRoom => JobState::NoSpace,
        S::Held { why: Why::Ask } => JobState::Asks,
        S::Held { why: Why::CostsMoney } => JobState::CostsMoney,
        S::Held { why: Why::Hours { .. } } => JobState::Hours,
        S::Held { why: Why::Month } => JobState::MonthUsed,
        S::Held { why: Why::WorkFirst } => JobState::WorkFirst,
        S::Failed { why: FailWhy::NoSpace } => JobState::NoSpace,
        S::Failed { why: FailWhy::SignIn } => JobState::SignIn,
        S::Failed { .. } => JobState::Failed,
        S::Done => JobState::Done,
    }
}

fn files_of(course: &Course) -> BTreeMap<String, ItemId> {
    course
        .items()
        .flat_map(|item| {
            item.assets(None).into_iter().map(|asset| (wants::key(&course.id, &asset), item.id.clone()))
        })
        .collect()
}

fn lane_of(work: &Work) -> Lane {
    match &work.deed {
        Deed::Completion { .. } | Deed::QuizFinish { .. } => Lane::SmallAnswers,
        Deed::Post { .. } => Lane::Posts,
        Deed::Submission { files, .. } if files.is_empty() => Lane::Posts,
        Deed::Submission { .. } => Lane::Uploads,
    }
}

fn target_of(work: &Work) -> String {
    format!("{} {} {}", work.target.site, work.target.module, work.target.instance)
}

/// When any site was heard of last, by our clock then.
fn last_contact(clocks: &Clocks) -> Option<TimeMs> {
    clocks.facts().iter().rev().find_map(|fact| match fact {
        daypack_engine::clocks::ClockFact::Contact { local, .. } => Some(*local),
        _ => None,
    })
}
