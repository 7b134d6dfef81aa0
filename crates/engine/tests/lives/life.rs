//! One life: a learner with one or two computers, and a site.

use std::collections::BTreeSet;

use daypack_course::work::{Outcome, Resend, Settled, WorkState};
use daypack_course::{AccountId, WorkId};
use daypack_engine::outbox::{Effect, Event, Lane, NewEntry, SETTLE_GRACE_MS};

use crate::common::{Calendar, Dice};
use crate::device::{Device, EPOCH, Piece};
use crate::site::{Reply, Site, Temper};
use crate::{judge, post};

/// Bad times last so long, then everything works and the learner looks after what needs them.
const BAD_MS: i64 = 8 * 60_000;
const END_MS: i64 = BAD_MS + 80 * 60_000;
/// A life that has more to do than this is going in circles.
const MOST_DEEDS: u32 = 20_000;

/// How the outbox is used: soundly, or with one mistake that the judge must see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Habit {
    Sound,
    ResendsOnUnknown,
    ResendsUnclear,
    SendsBeforeDurable,
    SettlesWithoutGrace,
    TrustsWallClock,
    ForgetsTargets,
    OneQueue,
    DropsRefused,
    BelievesOldReplies,
}

/// What happened in a life.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub crashes: u32,
    pub doubts: u32,
    pub unclear: u32,
    pub learner_words: u32,
    pub landed_unseen: u32,
    pub found_missing: u32,
    pub refused: u32,
    pub sign_ins: u32,
    pub late_arrivals: u32,
    pub doubled_replies: u32,
    pub clock_jumps: u32,
    pub portals: u32,
    pub server_faults: u32,
    pub second_devices: u32,
    pub accepted: u32,
}

impl Tally {
    pub fn add(&mut self, other: &Self) {
        self.crashes += other.crashes;
        self.doubts += other.doubts;
        self.unclear += other.unclear;
        self.learner_words += other.learner_words;
        self.landed_unseen += other.landed_unseen;
        self.found_missing += other.found_missing;
        self.refused += other.refused;
        self.sign_ins += other.sign_ins;
        self.late_arrivals += other.late_arrivals;
        self.doubled_replies += other.doubled_replies;
        self.clock_jumps += other.clock_jumps;
        self.portals += other.portals;
        self.server_faults += other.server_faults;
        self.second_devices += other.second_devices;
        self.accepted += other.accepted;
    }
}

enum Deed {
    /// The learner seals the work of this number.
    Seal(usize),
    /// A request reaches the site; its reply is heard unless the program gave up on it.
    Arrives(WorkId, u64, bool),
    /// A read-back reaches the site.
    Asked(WorkId, u64),
    /// The program hears something; gone when it dies.
    Hears(u32, Event),
    Link(bool),
    Portal(bool),
    Hide(bool),
    SessionsEnd,
    SignsIn(AccountId),
    ClockJumps(i64),
    Crash,
    Starts,
    Wake(u32),
    LooksAfter,
}

pub struct Life {
    habit: Habit,
    dice: Dice,
    now: i64,
    calendar: Calendar<(usize, Deed)>,
    site: Site,
    devices: Vec<Device>,
    pub tally: Tally,
}

impl Life {
    pub fn new(seed: u64, habit: Habit) -> Self {
        let mut dice = Dice::new(seed);
        let count = if dice.percent(30) { 2 } else { 1 };
        let devices = (0..count).map(|_| Device::new(dice.next())).collect();
        let mut life = Self {
            habit,
            now: 0,
            calendar: Calendar::default(),
            site: Site::default(),
            devices,
            tally: Tally { second_devices: count - 1, ..Tally::default() },
            dice,
        };
        for d in 0..life.devices.len() {
            life.imagine(d);
        }
        life
    }

    /// What will happen to a device from outside.
    fn imagine(&mut self, d: usize) {
        for n in 0..self.dice.between(3, 9) as usize {
            self.imagine_piece(d, n);
        }
        let mut at = 0;
        let mut up = true;
        while at < BAD_MS {
            self.calendar.plan(at, (d, Deed::Link(up)));
            at += if up { self.dice.between(1_000, 90_000) } else { self.dice.between(500, 60_000) };
            up = !up;
        }
        self.calendar.plan(BAD_MS, (d, Deed::Link(true)));
        self.calendar.plan(BAD_MS, (d, Deed::Hide(false)));
        for _ in 0..self.dice.below(5) {
            let at = self.dice.between(0, BAD_MS);
            self.calendar.plan(at, (d, Deed::Crash));
        }
        for _ in 0..self.dice.below(3) {
            let at = self.dice.between(0, BAD_MS);
            self.calendar.plan(at, (d, Deed::SessionsEnd));
        }
        if self.dice.percent(30) {
            let at = self.dice.between(0, BAD_MS / 2);
            self.calendar.plan(at, (d, Deed::Hide(true)));
        }
        if self.dice.percent(25) {
            let at = self.dice.between(0, BAD_MS / 2);
            let until = self.dice.between(at, BAD_MS);
            self.calendar.plan(at, (d, Deed::Portal(true)));
            self.calendar.plan(until, (d, Deed::Portal(false)));
        }
        for _ in 0..self.dice.below(6) {
            let at = self.dice.between(0, BAD_MS);
            let to = match self.dice.below(6) {
                0 => -3_600_000,
                1 => 7 * 86_400_000,
                2 => 3_600_000,
                3 => -EPOCH,
                4 => 2_147_483_648_000 - EPOCH,
                _ => self.dice.between(-10_000, 60_000),
            };
            self.calendar.plan(at, (d, Deed::ClockJumps(to)));
        }
        for n in 0..3 {
            self.calendar.plan(BAD_MS * n / 3 + 30_000, (d, Deed::LooksAfter));
        }
        for n in 1..=14 {
            self.calendar.plan(BAD_MS + n * 5 * 60_000, (d, Deed::LooksAfter));
        }
    }

    fn imagine_piece(&mut self, d: usize, n: usize) {
        let account = format!("a{}", self.dice.below(2));
        let target = format!("t{}", self.dice.below(3));
        let lane = match self.dice.below(3) {
            0 => Lane::SmallAnswers,
            1 => Lane::Posts,
            _ => Lane::Uploads,
        };
        let resend = match self.dice.below(8) {
            0 => Resend::Neither,
            1 => Resend::Repeatable,
            _ => Resend::ReadBack,
        };
        // Ids say nothing of the order.
        let id = WorkId::new(format!("w{:04x}-{d}{n}", self.dice.below(0x1_0000)));
        let temper = match self.dice.below(22) {
            0 => Temper::Refuses,
            1 => Temper::Stalls,
            2 => Temper::Breaks,
            3 => Temper::Hides,
            4 => Temper::Mute,
            _ => Temper::Kind,
        };
        let text = format!("line {n} of computer {d}, with \u{1f4e6} & \"quotes\" = 100 %");
        self.site.tempers.insert(text.clone(), temper);
        let at = self.dice.between(0, BAD_MS * 3 / 4);
        let account = AccountId::new(account);
        let created = daypack_course::TimeMs(at);
        let new = NewEntry { id: id.clone(), account, target, lane, created, doubt: false, resend, size: 10 };
        let device = &mut self.devices[d];
        device.numbers.insert(id, n);
        device.pieces.push(Piece { new, text, sealed: None });
        self.calendar.plan(at, (d, Deed::Seal(n)));
    }

    pub fn live(&mut self) -> Result<(), String> {
        let mut deeds = 0;
        while let Some((at, (d, deed))) = self.calendar.next() {
            if at > END_MS {
                break;
            }
            deeds += 1;
            if deeds > MOST_DEEDS {
                return Err("never comes to rest".to_owned());
            }
            self.now = at;
            self.happen(d, deed)?;
        }
        for device in &self.devices {
            judge::nothing_is_lost(device, &self.site)?;
            judge::nothing_is_doubled(device, &self.site)?;
            judge::order_is_kept(device, &self.site)?;
            judge::nobody_is_held_up(device, &self.site)?;
        }
        Ok(())
    }

    fn is_bad_time(&self) -> bool {
        self.now < BAD_MS
    }

    fn accounts() -> [AccountId; 2] {
        [AccountId::new("a0"), AccountId::new("a1")]
    }

    fn happen(&mut self, d: usize, deed: Deed) -> Result<(), String> {
        match deed {
            Deed::Seal(n) => {
                if !self.devices[d].is_running {
                    self.calendar.plan(self.now + 3_000, (d, Deed::Seal(n)));
                    return Ok(());
                }
                let mut new = self.devices[d].pieces[n].new.clone();
                match self.habit {
                    Habit::ForgetsTargets => new.target = n.to_string(),
                    Habit::OneQueue => new.target = "all".to_owned(),
                    _ => {}
                }
                let id = new.id.clone();
                self.step(d, Event::Added(new))?;
                // Sealed is what is on disk; otherwise the learner sees it unsealed and seals it again.
                let device = &mut self.devices[d];
                if device.outbox.entry(&id).is_some() {
                    device.pieces[n].sealed = Some(device.sealed);
                    device.sealed += 1;
                } else {
                    self.calendar.plan(self.now + 5_000, (d, Deed::Seal(n)));
                }
            }
            Deed::Arrives(id, errand, is_heard) => self.arrives(d, &id, errand, is_heard)?,
            Deed::Asked(id, errand) => self.asked(d, &id, errand),
            Deed::Hears(born, event) => {
                if born == self.devices[d].born && self.devices[d].is_running {
                    self.hears(d, event)?;
                }
            }
            Deed::Link(up) => {
                self.devices[d].link = up;
                self.tell_reach(d)?;
            }
            Deed::Portal(on) => {
                self.tally.portals += u32::from(on);
                self.devices[d].portal = on;
                self.tell_reach(d)?;
            }
            Deed::Hide(hidden) => self.site.hidden = hidden,
            Deed::SessionsEnd => {
                self.site.expired = Self::accounts().iter().map(ToString::to_string).collect();
            }
            Deed::SignsIn(account) => {
                self.site.expired.remove(account.as_str());
                self.tally.sign_ins += 1;
                self.step_if_running(d, Event::SignedIn { account })?;
            }
            Deed::ClockJumps(skew) => {
                self.tally.clock_jumps += 1;
                self.devices[d].wall_skew = skew;
                // The program looks at the clock at least that often (see `engine::watch`).
                if self.habit == Habit::TrustsWallClock {
                    self.step_if_running(d, Event::Tick)?;
                }
            }
            Deed::Crash => self.crash(d),
            Deed::Starts => self.start(d)?,
            Deed::Wake(born) => {
                let device = &mut self.devices[d];
                if born == device.born && device.wake == Some(self.now) {
                    device.wake = None;
                    self.step_if_running(d, Event::Tick)?;
                }
            }
            Deed::LooksAfter => self.look_after(d)?,
        }
        Ok(())
    }

    /// The program hears by probing which accounts' sites answer.
    fn tell_reach(&mut self, d: usize) -> Result<(), String> {
        let up = self.devices[d].link && !self.devices[d].portal;
        for account in Self::accounts() {
            let told = &mut self.devices[d].told_up;
            let event = if up {
                told.insert(account.clone());
                Event::SiteUp { account }
            } else {
                told.remove(&account);
                Event::SiteDown { account }
            };
            self.step_if_running(d, event)?;
        }
        Ok(())
    }

    /// A request is at the site, if it gets through.
    fn arrives(&mut self, d: usize, id: &WorkId, errand: u64, is_heard: bool) -> Result<(), String> {
        let piece = self.devices[d].piece(id).clone();
        let now = self.devices[d].time(self.now, self.habit == Habit::TrustsWallClock);
        let (link, portal) = (self.devices[d].link, self.devices[d].portal);
        let bad = self.is_bad_time();
        let outcome = if bad && (!link || portal || self.dice.percent(8)) {
            Outcome::Unreachable
        } else {
            if bad && self.dice.percent(15) {
                self.tally.server_faults += 1;
                let statuses = [500, 502, 503, 504, 429, 403, 404, 413 + 1];
                self.site.mood = Some(statuses[self.dice.below(statuses.len() as u64) as usize]);
            }
            let reply = self.site.take(piece.new.account.as_str(), &piece.new.target, &piece.text);
            judge::nothing_is_doubled(&self.devices[d], &self.site)?;
            let is_lost = bad && self.dice.percent(25);
            post::outcome(if is_lost { &Reply::Cut } else { &reply }, now)
        };
        if (outcome == Outcome::Unknown || !is_heard) && self.site.times(&piece.text) > 0 {
            self.tally.landed_unseen += 1;
        }
        if is_heard {
            self.reply(d, Event::SendEnded { id: id.clone(), errand, outcome });
        }
        Ok(())
    }

    /// The site is asked whether it has a piece of work.
    fn asked(&mut self, d: usize, id: &WorkId, errand: u64) {
        let device = &self.devices[d];
        let piece = device.piece(id);
        let now = device.time(self.now, self.habit == Habit::TrustsWallClock);
        let (link, portal) = (device.link, device.portal);
        let settled = if self.is_bad_time() && (!link || portal || self.dice.percent(20)) {
            Settled::CannotTell
        } else {
            post::settled(&self.site.find(piece.new.account.as_str(), &piece.text), now)
        };
        self.tally.found_missing += u32::from(settled == Settled::NotLanded);
        self.reply(d, Event::SettleEnded { id: id.clone(), errand, settled });
    }

    /// A reply on its way back, now and then doubled.
    fn reply(&mut self, d: usize, event: Event) {
        let at = self.now + self.dice.between(5, 900);
        let born = self.devices[d].born;
        if self.dice.percent(4) {
            self.tally.doubled_replies += 1;
            let late = if self.dice.percent(50) { 400 } else { 6_000 };
            self.calendar.plan(at + self.dice.between(0, late), (d, Deed::Hears(born, event.clone())));
        }
        self.calendar.plan(at, (d, Deed::Hears(born, event)));
    }

    fn hears(&mut self, d: usize, event: Event) -> Result<(), String> {
        let device = &mut self.devices[d];
        let event = match event {
            // Which try it belongs to, as this computer counts: an old one says nothing about the present.
            Event::SendEnded { id, errand, outcome } => {
                if device.on_way.get(&id) == Some(&errand) {
                    device.on_way.remove(&id);
                    if outcome != Outcome::Unknown {
                        device.fate_unknown.remove(&id);
                    }
                }
                let outcome = match outcome {
                    Outcome::Unknown if self.habit == Habit::ResendsOnUnknown => Outcome::Unreachable,
                    other => other,
                };
                let errand = believed(device, &id, errand, self.habit);
                Event::SendEnded { id, errand, outcome }
            }
            Event::SettleEnded { id, errand, settled } => {
                if device.on_way.get(&id) == Some(&errand) {
                    device.on_way.remove(&id);
                    if matches!(settled, Settled::NotLanded | Settled::Landed(_)) {
                        device.fate_unknown.remove(&id);
                    }
                }
                let errand = believed(device, &id, errand, self.habit);
                Event::SettleEnded { id, errand, settled }
            }
            other => other,
        };
        self.step(d, event)
    }

    fn step_if_running(&mut self, d: usize, event: Event) -> Result<(), String> {
        if self.devices[d].is_running { self.step(d, event) } else { Ok(()) }
    }

    fn step(&mut self, d: usize, event: Event) -> Result<(), String> {
        let is_new = matches!(event, Event::Added(_));
        let crashes = self.is_bad_time() && self.dice.percent(3);
        let device = &mut self.devices[d];
        let before = crashes.then(|| device.outbox.clone());
        let now = device.time(self.now, self.habit == Habit::TrustsWallClock);
        let effects = if self.habit == Habit::SettlesWithoutGrace {
            let mut effects = device.outbox.step(event, now.plus(-SETTLE_GRACE_MS));
            effects.extend(device.outbox.step(Event::Tick, now));
            effects
        } else {
            device.outbox.step(event, now)
        };
        if let Some(before) = before.clone()
            && (self.dice.percent(40) && self.habit != Habit::SendsBeforeDurable || is_new)
        {
            // Dies before the new state is durable: nothing of this step has happened.
            self.devices[d].outbox = before;
            self.crash(d);
            return Ok(());
        }
        let device = &mut self.devices[d];
        device.dies_after = crashes.then(|| self.dice.below(effects.len() as u64 + 1));
        for effect in effects {
            let device = &mut self.devices[d];
            if device.dies_after == Some(0) {
                break;
            }
            device.dies_after = device.dies_after.map(|n| n - 1);
            self.perform(d, effect)?;
        }
        let device = &mut self.devices[d];
        if device.dies_after.take().is_some() {
            if let (Habit::SendsBeforeDurable, Some(before)) = (self.habit, before) {
                device.outbox = before;
            }
            self.crash(d);
        }
        Ok(())
    }

    fn perform(&mut self, d: usize, effect: Effect) -> Result<(), String> {
        let born = self.devices[d].born;
        match effect {
            Effect::Send(id) => {
                let errand = self.check_room(d, &id, "send")?;
                self.check_fate(d, &id)?;
                let waits_long = self.is_bad_time() && self.dice.percent(15);
                if waits_long && self.devices[d].link {
                    // The program gives up on the reply while the request is still on its way.
                    self.tally.late_arrivals += 1;
                    let arrives = self.now + self.dice.between(500, SETTLE_GRACE_MS - 100);
                    let gives_up = self.now + self.dice.between(300, 2_000);
                    self.calendar.plan(arrives, (d, Deed::Arrives(id.clone(), errand, false)));
                    let lost = Event::SendEnded { id, errand, outcome: Outcome::Unknown };
                    self.calendar.plan(gives_up, (d, Deed::Hears(born, lost)));
                } else {
                    let at = self.now + self.dice.between(5, 1_500);
                    self.calendar.plan(at, (d, Deed::Arrives(id, errand, true)));
                }
            }
            Effect::Settle(id) => {
                let errand = self.check_room(d, &id, "settle")?;
                let at = self.now + self.dice.between(5, 1_500);
                self.calendar.plan(at, (d, Deed::Asked(id, errand)));
            }
            Effect::StateChanged(id, state) => self.told(d, &id, &state)?,
            Effect::WakeAt(at) => {
                let clock = self.devices[d].time(self.now, self.habit == Habit::TrustsWallClock);
                if at <= clock && self.habit != Habit::SettlesWithoutGrace {
                    return Err(format!("wakes at {} which is over at {}: a negative timer", at.0, clock.0));
                }
                if at <= clock {
                    return Ok(());
                }
                let rings = self.now + at.since(clock);
                self.devices[d].wake = Some(rings);
                self.calendar.plan(rings, (d, Deed::Wake(born)));
            }
            Effect::NeedsSignIn(account) => {
                let at = self.now + self.dice.between(1_000, 120_000);
                self.calendar.plan(at, (d, Deed::SignsIn(account)));
            }
        }
        Ok(())
    }

    /// Nothing whose end nobody knows is sent again by itself, unless repeating does no harm.
    fn check_fate(&mut self, d: usize, id: &WorkId) -> Result<(), String> {
        let device = &mut self.devices[d];
        let repeatable = device.piece(id).new.resend == Resend::Repeatable;
        if !device.fate_unknown.insert(id.clone()) && !repeatable {
            return Err(format!("{:?} is sent again by itself: twice, perhaps", device.piece(id).text));
        }
        Ok(())
    }

    /// What begins keeps the rules of the road; its number.
    fn check_room(&mut self, d: usize, id: &WorkId, what: &str) -> Result<u64, String> {
        let device = &mut self.devices[d];
        if !device.told_up.contains(&device.piece(id).new.account) {
            return Err(format!("{what} of {id} while its site is out of reach"));
        }
        let errand = device.outbox.entry(id).map_or(0, |entry| entry.errand);
        if device.on_way.insert(id.clone(), errand).is_some() {
            return Err(format!("{what} of {id} which is on its way already"));
        }
        let account = |id: &WorkId| device.piece(id).new.account.clone();
        let of_account = device.on_way.keys().filter(|other| account(other) == account(id)).count();
        if of_account > 2 {
            return Err(format!("{what} of {id} makes {of_account} at once"));
        }
        if device.outbox.signed_out().any(|a| *a == account(id)) {
            return Err(format!("{what} of {id} while signed out"));
        }
        if what == "settle" && device.piece(id).new.resend != Resend::ReadBack {
            return Err(format!("settle of {id} which cannot be asked about"));
        }
        Ok(errand)
    }

    fn told(&mut self, d: usize, id: &WorkId, state: &WorkState) -> Result<(), String> {
        match state {
            WorkState::Accepted { .. } => self.tally.accepted += 1,
            WorkState::InDoubt => self.tally.doubts += 1,
            WorkState::Refused { .. } => self.tally.refused += 1,
            WorkState::Unclear => {
                self.tally.unclear += 1;
                if self.habit == Habit::ResendsUnclear {
                    let says = Event::LearnerSays { id: id.clone(), arrived: false };
                    self.calendar.plan(self.now, (d, Deed::Hears(self.devices[d].born, says)));
                }
            }
            WorkState::Waiting | WorkState::Sending => {}
        }
        Ok(())
    }

    fn crash(&mut self, d: usize) {
        let device = &mut self.devices[d];
        if !device.is_running {
            return;
        }
        self.tally.crashes += 1;
        device.is_running = false;
        device.born += 1;
        device.wake = None;
        device.on_way.clear();
        self.calendar.drop_where(|(of, deed)| *of == d && matches!(deed, Deed::SignsIn(_)));
        self.calendar.plan(self.now + self.dice.between(0, 5_000), (d, Deed::Starts));
    }

    fn start(&mut self, d: usize) -> Result<(), String> {
        let trusts_wall = self.habit == Habit::TrustsWallClock;
        let device = &mut self.devices[d];
        device.is_running = true;
        device.steady_skew = device.wall_skew;
        device.told_up.clear();
        let mut kept = serde_json::to_value(&device.outbox).unwrap();
        if self.habit == Habit::DropsRefused {
            kept["entries"].as_object_mut().unwrap().retain(|_, e| e["state"]["state"] != "refused");
        }
        device.outbox = serde_json::from_value(kept).unwrap();
        // What the disk knows to be waiting was never sent by a life that is over.
        let on_disk: BTreeSet<WorkId> = device
            .outbox
            .entries()
            .filter(|e| matches!(e.state, WorkState::Waiting | WorkState::Accepted { .. }))
            .map(|e| e.id.clone())
            .collect();
        if self.habit != Habit::SendsBeforeDurable {
            device.fate_unknown.retain(|id| !on_disk.contains(id));
        }
        if self.habit == Habit::ResendsOnUnknown {
            let sending: Vec<WorkId> = device
                .outbox
                .entries()
                .filter(|e| e.state == WorkState::Sending)
                .map(|e| e.id.clone())
                .collect();
            let now = device.time(self.now, trusts_wall);
            for id in sending {
                device.outbox.step(
                    Event::SendEnded {
                        errand: device.outbox.entry(&id).map_or(0, |e| e.errand),
                        id,
                        outcome: Outcome::Unreachable,
                    },
                    now,
                );
            }
        }
        self.step(d, Event::Restarted)?;
        self.tell_reach(d)
    }

    /// The learner tries refused work once more or lets later work pass, and answers where the site could not say
    /// it: by looking at the site in a browser, and now and then wrongly.
    fn look_after(&mut self, d: usize) -> Result<(), String> {
        let needs: Vec<(WorkId, bool)> = self.devices[d]
            .outbox
            .entries()
            .filter(|e| e.state == WorkState::Unclear || (is_refused(&e.state) && !e.set_aside))
            .map(|e| (e.id.clone(), is_refused(&e.state)))
            .collect();
        for (id, refused) in needs {
            if !self.devices[d].is_running {
                break;
            }
            if refused && self.is_bad_time() {
                continue;
            }
            let event = if refused && self.dice.percent(50) {
                Event::LearnerRetries { id }
            } else if refused {
                self.devices[d].set_aside.insert(id.clone());
                Event::SetAside { id }
            } else if self.dice.percent(20) {
                Event::LearnerRetries { id }
            } else {
                self.tally.learner_words += 1;
                let device = &mut self.devices[d];
                let arrived = self.site.times(&device.piece(&id).text) > 0 && !self.dice.percent(10);
                if arrived {
                    device.said_there.insert(id.clone());
                } else {
                    *device.again.entry(id.clone()).or_default() += 1;
                    device.fate_unknown.remove(&id);
                }
                Event::LearnerSays { id, arrived }
            };
            self.step_if_running(d, event)?;
        }
        Ok(())
    }
}

/// The number that the machine is told; with the bad habit the one that it waits for, whatever came.
fn believed(device: &Device, id: &WorkId, errand: u64, habit: Habit) -> u64 {
    let awaited = device.outbox.entry(id).map_or(errand, |entry| entry.errand);
    if habit == Habit::BelievesOldReplies { awaited } else { errand }
}

fn is_refused(state: &WorkState) -> bool {
    matches!(state, WorkState::Refused { .. })
}
