//! One life of one outbox.

use std::collections::{BTreeMap, BTreeSet};

use daypack_course::work::{Outcome, Settled, WorkState};
use daypack_course::{AccountId, TimeMs, WorkId};
use daypack_engine::outbox::{Effect, Event, Lane, NewEntry, Outbox, SETTLE_GRACE_MS};

use crate::common::{Calendar, Dice};
use crate::site::{Site, Temper};

/// Bad times last so long, then everything works and the learner looks after what was refused.
const BAD_MS: i64 = 8 * 60_000;
const END_MS: i64 = BAD_MS + 80 * 60_000;

/// How the outbox is used: soundly, or with one mistake that the judge must see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Habit {
    Sound,
    ResendsOnUnknown,
    SendsBeforeDurable,
    SettlesWithoutGrace,
    ForgetsTargets,
    OneQueue,
    DropsRefused,
}

/// What happened in a life.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub crashes: u32,
    pub doubts: u32,
    pub landed_unseen: u32,
    pub found_missing: u32,
    pub refused: u32,
    pub sign_ins: u32,
    pub late_arrivals: u32,
    pub accepted: u32,
}

impl Tally {
    pub fn add(&mut self, other: &Self) {
        self.crashes += other.crashes;
        self.doubts += other.doubts;
        self.landed_unseen += other.landed_unseen;
        self.found_missing += other.found_missing;
        self.refused += other.refused;
        self.sign_ins += other.sign_ins;
        self.late_arrivals += other.late_arrivals;
        self.accepted += other.accepted;
    }
}

enum Deed {
    /// The learner seals the work of this number.
    Seal(usize),
    /// A request reaches the site; its reply is heard unless the program gave up on it.
    Arrives(WorkId, bool),
    /// A read-back reaches the site.
    Asked(WorkId),
    /// The program hears something; gone when it dies.
    Hears(u32, Event),
    Link(bool),
    Hide(bool),
    SessionsEnd,
    SignsIn(AccountId),
    Crash,
    Starts,
    Wake(u32),
    LooksAfter,
}

struct Piece {
    new: NewEntry,
    /// Place in the order of sealing.
    sealed: Option<u32>,
}

pub struct Life {
    habit: Habit,
    dice: Dice,
    now: i64,
    calendar: Calendar<Deed>,
    site: Site,
    pieces: Vec<Piece>,
    numbers: BTreeMap<WorkId, usize>,
    outbox: Outbox,
    durable: Outbox,
    durable_before: Outbox,
    sealed: u32,
    /// Counts the program's lives; what an earlier one asked for is not heard any more.
    born: u32,
    is_running: bool,
    link: bool,
    in_flight: BTreeSet<WorkId>,
    set_aside: BTreeSet<WorkId>,
    wake: Option<i64>,
    /// The program dies after so many more deeds in the current batch.
    dies_after: Option<u64>,
    pub tally: Tally,
}

impl Life {
    pub fn new(seed: u64, habit: Habit) -> Self {
        let mut dice = Dice::new(seed);
        let mut life = Self {
            habit,
            now: 0,
            calendar: Calendar::default(),
            site: Site::default(),
            pieces: Vec::new(),
            numbers: BTreeMap::new(),
            outbox: Outbox::new(dice.next()),
            durable: Outbox::default(),
            durable_before: Outbox::default(),
            sealed: 0,
            born: 0,
            is_running: true,
            link: false,
            in_flight: BTreeSet::new(),
            set_aside: BTreeSet::new(),
            wake: None,
            dies_after: None,
            tally: Tally::default(),
            dice,
        };
        life.durable = life.outbox.clone();
        life.durable_before = life.outbox.clone();
        life.imagine();
        life
    }

    /// What will happen from outside.
    fn imagine(&mut self) {
        let count = self.dice.between(3, 9) as usize;
        for n in 0..count {
            let account = format!("a{}", self.dice.below(2));
            let target = format!("t{}", self.dice.below(3));
            let lane = match self.dice.below(3) {
                0 => Lane::SmallAnswers,
                1 => Lane::Posts,
                _ => Lane::Uploads,
            };
            // Ids say nothing of the order.
            let id = WorkId::new(format!("w{:04x}-{n}", self.dice.below(0x1_0000)));
            let temper = match self.dice.below(20) {
                0 => Temper::Refuses,
                1 => Temper::Stalls,
                2 => Temper::Breaks,
                3 => Temper::Hides,
                _ => Temper::Kind,
            };
            self.site.tempers.insert(id.clone(), temper);
            self.numbers.insert(id.clone(), n);
            let at = self.dice.between(0, BAD_MS * 3 / 4);
            let account = AccountId::new(account);
            let new = NewEntry { id, account, target, lane, created: TimeMs(at), doubt: false };
            self.pieces.push(Piece { new, sealed: None });
            self.calendar.plan(at, Deed::Seal(n));
        }
        let mut at = 0;
        let mut up = true;
        while at < BAD_MS {
            self.calendar.plan(at, Deed::Link(up));
            at += if up { self.dice.between(1_000, 90_000) } else { self.dice.between(500, 60_000) };
            up = !up;
        }
        self.calendar.plan(BAD_MS, Deed::Link(true));
        self.calendar.plan(BAD_MS, Deed::Hide(false));
        for _ in 0..self.dice.below(5) {
            let at = self.dice.between(0, BAD_MS);
            self.calendar.plan(at, Deed::Crash);
        }
        for _ in 0..self.dice.below(3) {
            let at = self.dice.between(0, BAD_MS);
            self.calendar.plan(at, Deed::SessionsEnd);
        }
        if self.dice.percent(30) {
            let at = self.dice.between(0, BAD_MS / 2);
            self.calendar.plan(at, Deed::Hide(true));
        }
        for n in 1..=10 {
            self.calendar.plan(BAD_MS + n * 5 * 60_000, Deed::LooksAfter);
        }
    }

    pub fn live(&mut self) -> Result<(), String> {
        while let Some((at, deed)) = self.calendar.next() {
            if at > END_MS {
                break;
            }
            self.now = at;
            self.happen(deed)?;
        }
        self.judge()
    }

    fn is_bad_time(&self) -> bool {
        self.now < BAD_MS
    }

    fn happen(&mut self, deed: Deed) -> Result<(), String> {
        match deed {
            Deed::Seal(n) => {
                if !self.is_running {
                    self.calendar.plan(self.now + 3_000, Deed::Seal(n));
                    return Ok(());
                }
                let mut new = self.pieces[n].new.clone();
                match self.habit {
                    Habit::ForgetsTargets => new.target = n.to_string(),
                    Habit::OneQueue => new.target = "all".to_owned(),
                    _ => {}
                }
                let id = new.id.clone();
                self.step(Event::Added(new))?;
                // Sealed is what is on disk; otherwise the learner sees it unsealed and seals it again.
                if self.durable.entry(&id).is_some() {
                    self.pieces[n].sealed = Some(self.sealed);
                    self.sealed += 1;
                } else {
                    self.calendar.plan(self.now + 5_000, Deed::Seal(n));
                }
            }
            Deed::Arrives(id, is_heard) => self.arrives(&id, is_heard)?,
            Deed::Asked(id) => self.asked(&id),
            Deed::Hears(born, event) => {
                if born == self.born && self.is_running {
                    self.hears(event)?;
                }
            }
            Deed::Link(up) => {
                self.link = up;
                self.step_if_running(if up { Event::LinkUp } else { Event::LinkDown })?;
            }
            Deed::Hide(hidden) => self.site.hidden = hidden,
            Deed::SessionsEnd => {
                self.site.signed_out = self.pieces.iter().map(|p| p.new.account.clone()).collect();
            }
            Deed::SignsIn(account) => {
                self.site.signed_out.remove(&account);
                self.tally.sign_ins += 1;
                self.step_if_running(Event::SignedIn { account })?;
            }
            Deed::Crash => self.crash(),
            Deed::Starts => self.start()?,
            Deed::Wake(born) => {
                if born == self.born && self.wake == Some(self.now) {
                    self.wake = None;
                    self.step_if_running(Event::Tick)?;
                }
            }
            Deed::LooksAfter => self.look_after()?,
        }
        Ok(())
    }

    /// A request is at the site, if it gets through.
    fn arrives(&mut self, id: &WorkId, is_heard: bool) -> Result<(), String> {
        let account = self.pieces[self.numbers[id]].new.account.clone();
        let temper = self.site.temper(id);
        let mut lost = self.is_bad_time() && self.dice.percent(25);
        let outcome = if self.is_bad_time() && (!self.link || self.dice.percent(8)) {
            lost = false;
            Outcome::Unreachable
        } else if self.site.signed_out.contains(&account) {
            Outcome::SignIn
        } else if self.is_bad_time() && self.dice.percent(10) {
            let asks = self.dice.percent(50).then(|| TimeMs(self.now + self.dice.between(1_000, 60_000)));
            Outcome::Later { not_before: asks }
        } else {
            match temper {
                Temper::Refuses => Outcome::Refused(Site::refusal(self.now)),
                Temper::Stalls => Outcome::Later { not_before: None },
                Temper::Breaks => Outcome::Unknown,
                Temper::Kind | Temper::Hides => {
                    self.site.take(id);
                    if self.site.effects.iter().filter(|e| *e == id).count() > 1 {
                        return Err(format!("{id} took effect twice"));
                    }
                    Outcome::Accepted(Site::receipt(id, self.now, false))
                }
            }
        };
        let outcome = if lost { Outcome::Unknown } else { outcome };
        if (lost || !is_heard) && self.site.has(id) {
            self.tally.landed_unseen += 1;
        }
        if !is_heard {
            return Ok(());
        }
        let at = self.now + self.dice.between(5, 900);
        let heard = Event::SendEnded { id: id.clone(), outcome };
        self.calendar.plan(at, Deed::Hears(self.born, heard));
        Ok(())
    }

    /// The site is asked whether it has a piece of work. Its "no" is true when it says so.
    fn asked(&mut self, id: &WorkId) {
        let account = &self.pieces[self.numbers[id]].new.account;
        let settled = if self.is_bad_time() && (!self.link || self.dice.percent(20)) {
            Settled::CannotTell
        } else if self.site.signed_out.contains(account) {
            Settled::SignIn
        } else if self.site.temper(id) == Temper::Breaks {
            Settled::CannotTell
        } else if self.site.hidden && self.site.temper(id) == Temper::Hides {
            Settled::Refused(Site::refusal(self.now))
        } else if self.site.has(id) {
            Settled::Landed(Site::receipt(id, self.now, true))
        } else {
            self.tally.found_missing += 1;
            Settled::NotLanded
        };
        let at = self.now + self.dice.between(5, 900);
        let heard = Event::SettleEnded { id: id.clone(), settled };
        self.calendar.plan(at, Deed::Hears(self.born, heard));
    }

    fn hears(&mut self, event: Event) -> Result<(), String> {
        let event = match event {
            Event::SendEnded { id, outcome } => {
                self.in_flight.remove(&id);
                let outcome = match outcome {
                    Outcome::Unknown if self.habit == Habit::ResendsOnUnknown => Outcome::Unreachable,
                    other => other,
                };
                Event::SendEnded { id, outcome }
            }
            Event::SettleEnded { id, settled } => {
                self.in_flight.remove(&id);
                Event::SettleEnded { id, settled }
            }
            other => other,
        };
        self.step(event)
    }

    fn step_if_running(&mut self, event: Event) -> Result<(), String> {
        if self.is_running { self.step(event) } else { Ok(()) }
    }

    fn step(&mut self, event: Event) -> Result<(), String> {
        let is_new = matches!(event, Event::Added(_));
        let effects = if self.habit == Habit::SettlesWithoutGrace {
            let mut effects = self.outbox.step(event, TimeMs(self.now - SETTLE_GRACE_MS));
            effects.extend(self.outbox.step(Event::Tick, TimeMs(self.now)));
            effects
        } else {
            self.outbox.step(event, TimeMs(self.now))
        };
        let crashes = self.is_bad_time() && self.dice.percent(3);
        if crashes && (self.dice.percent(40) && self.habit != Habit::SendsBeforeDurable || is_new) {
            // Dies before the new state is durable: nothing of this step has happened.
            self.crash();
            return Ok(());
        }
        self.durable_before = std::mem::replace(&mut self.durable, self.outbox.clone());
        self.dies_after = crashes.then(|| self.dice.below(effects.len() as u64 + 1));
        for effect in effects {
            if self.dies_after == Some(0) {
                break;
            }
            self.dies_after = self.dies_after.map(|n| n - 1);
            self.perform(effect)?;
        }
        if self.dies_after.take().is_some() {
            if self.habit == Habit::SendsBeforeDurable {
                self.durable = self.durable_before.clone();
            }
            self.crash();
        }
        Ok(())
    }

    fn perform(&mut self, effect: Effect) -> Result<(), String> {
        match effect {
            Effect::Send(id) => {
                self.check_room(&id, "send")?;
                let waits_long = self.is_bad_time() && self.dice.percent(15);
                if waits_long && self.link {
                    // The program gives up on the reply while the request is still on its way.
                    self.tally.late_arrivals += 1;
                    let arrives = self.now + self.dice.between(500, SETTLE_GRACE_MS - 100);
                    let gives_up = self.now + self.dice.between(300, 2_000);
                    self.calendar.plan(arrives, Deed::Arrives(id.clone(), false));
                    let lost = Event::SendEnded { id, outcome: Outcome::Unknown };
                    self.calendar.plan(gives_up, Deed::Hears(self.born, lost));
                } else {
                    let at = self.now + self.dice.between(5, 1_500);
                    self.calendar.plan(at, Deed::Arrives(id, true));
                }
            }
            Effect::Settle(id) => {
                self.check_room(&id, "settle")?;
                let at = self.now + self.dice.between(5, 1_500);
                self.calendar.plan(at, Deed::Asked(id));
            }
            Effect::StateChanged(id, state) => self.told(&id, &state)?,
            Effect::WakeAt(at) => {
                if at.0 <= self.now && self.habit != Habit::SettlesWithoutGrace {
                    return Err(format!("wakes at {} which is over at {}", at.0, self.now));
                }
                self.wake = Some(at.0);
                self.calendar.plan(at.0, Deed::Wake(self.born));
            }
            Effect::NeedsSignIn(account) => {
                let at = self.now + self.dice.between(1_000, 120_000);
                self.calendar.plan(at, Deed::SignsIn(account));
            }
        }
        Ok(())
    }

    fn check_room(&mut self, id: &WorkId, what: &str) -> Result<(), String> {
        if !self.link {
            return Err(format!("{what} of {id} while the link is down"));
        }
        if !self.in_flight.insert(id.clone()) {
            return Err(format!("{what} of {id} which is on its way already"));
        }
        let account = |id: &WorkId| self.pieces[self.numbers[id]].new.account.clone();
        let of_account = self.in_flight.iter().filter(|other| account(other) == account(id)).count();
        if of_account > 2 {
            return Err(format!("{what} of {id} makes {of_account} at once"));
        }
        if self.outbox.signed_out().any(|a| *a == account(id)) {
            return Err(format!("{what} of {id} while signed out"));
        }
        Ok(())
    }

    fn told(&mut self, id: &WorkId, state: &WorkState) -> Result<(), String> {
        match state {
            WorkState::Accepted { .. } => {
                self.tally.accepted += 1;
                if !self.site.has(id) {
                    return Err(format!("{id} is called accepted and the site does not have it"));
                }
            }
            WorkState::InDoubt => self.tally.doubts += 1,
            WorkState::Refused { .. } => {
                self.tally.refused += 1;
            }
            WorkState::Waiting | WorkState::Sending => {}
        }
        Ok(())
    }

    fn crash(&mut self) {
        if !self.is_running {
            return;
        }
        self.tally.crashes += 1;
        self.is_running = false;
        self.born += 1;
        self.wake = None;
        self.in_flight.clear();
        self.calendar.drop_where(|deed| matches!(deed, Deed::SignsIn(_)));
        self.calendar.plan(self.now + self.dice.between(0, 5_000), Deed::Starts);
    }

    fn start(&mut self) -> Result<(), String> {
        self.is_running = true;
        let mut kept = serde_json::to_value(&self.durable).unwrap();
        if self.habit == Habit::DropsRefused {
            kept["entries"].as_object_mut().unwrap().retain(|_, e| e["state"]["state"] != "refused");
        }
        self.outbox = serde_json::from_value(kept).unwrap();
        if self.habit == Habit::ResendsOnUnknown {
            let sending: Vec<WorkId> = self
                .outbox
                .entries()
                .filter(|e| e.state == WorkState::Sending)
                .map(|e| e.id.clone())
                .collect();
            for id in sending {
                self.outbox.step(Event::SendEnded { id, outcome: Outcome::Unreachable }, TimeMs(self.now));
            }
        }
        self.step(Event::Restarted)?;
        if self.link && self.is_running { self.step(Event::LinkUp) } else { Ok(()) }
    }

    /// In good times the learner tries refused work once more, then lets later work pass.
    fn look_after(&mut self) -> Result<(), String> {
        let refused: Vec<WorkId> = self
            .outbox
            .entries()
            .filter(|e| matches!(e.state, WorkState::Refused { .. }) && !e.set_aside)
            .map(|e| e.id.clone())
            .collect();
        for id in refused {
            if self.dice.percent(50) {
                self.step_if_running(Event::LearnerRetries { id })?;
            } else {
                self.set_aside.insert(id.clone());
                self.step_if_running(Event::SetAside { id })?;
            }
        }
        Ok(())
    }

    fn judge(&self) -> Result<(), String> {
        self.nothing_is_lost()?;
        self.order_is_kept()?;
        self.nobody_is_held_up()
    }

    fn nothing_is_lost(&self) -> Result<(), String> {
        let mut sealed = self.pieces.iter().filter(|p| p.sealed.is_some());
        match sealed.find(|p| self.outbox.entry(&p.new.id).is_none()) {
            Some(piece) => Err(format!("{} is lost", piece.new.id)),
            None => Ok(()),
        }
    }

    fn order_is_kept(&self) -> Result<(), String> {
        let mut last: BTreeMap<(&AccountId, &str), &Piece> = BTreeMap::new();
        for id in self.site.effects.iter().filter(|id| !self.set_aside.contains(*id)) {
            let piece = &self.pieces[self.numbers[id]];
            if let Some(before) = last.insert((&piece.new.account, &piece.new.target), piece)
                && before.sealed > piece.sealed
            {
                return Err(format!("{id} after {}: not the order they were sealed in", before.new.id));
            }
        }
        Ok(())
    }

    /// At the end only poison waits, and what comes after it for the same target.
    fn nobody_is_held_up(&self) -> Result<(), String> {
        let is_accepted = |id: &WorkId| {
            self.outbox.entry(id).is_some_and(|e| matches!(e.state, WorkState::Accepted { .. }))
        };
        let is_poison = |id: &WorkId| !matches!(self.site.temper(id), Temper::Kind | Temper::Hides);
        for piece in self.pieces.iter().filter(|p| p.sealed.is_some() && !is_accepted(&p.new.id)) {
            let mine = &piece.new;
            let is_excused = is_poison(&mine.id)
                || self.set_aside.contains(&mine.id)
                || self.pieces.iter().any(|other| {
                    other.new.account == mine.account
                        && other.new.target == mine.target
                        && other.sealed < piece.sealed
                        && is_poison(&other.new.id)
                        && !self.set_aside.contains(&other.new.id)
                });
            if !is_excused {
                let entry = self.outbox.entry(&mine.id);
                return Err(format!("{} is held up for no reason of its own: {entry:?}", mine.id));
            }
        }
        Ok(())
    }
}
