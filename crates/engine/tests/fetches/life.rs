//! One life of one download machine.

use std::collections::{BTreeMap, BTreeSet};

use daypack_course::TimeMs;
use daypack_engine::download::{Downloads, Effect, Event, FailWhy, JobState, PARALLEL, Want};

use crate::common::{Calendar, Dice};

const BAD_MS: i64 = 10 * 60_000;
const END_MS: i64 = BAD_MS + 6 * 60 * 60_000;

/// How the machine is used: soundly, or with one mistake that the judge must see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Habit {
    Sound,
    StartsOver,
    ForgetsDisk,
    ForgetsDone,
    GivesUp,
}

/// What happened in a life.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub crashes: u32,
    pub failures: u32,
    pub spoiled: u32,
    pub continued: u32,
    pub finished: u32,
    pub stops: u32,
    pub jobs_failed: u32,
    pub cancelled: u32,
}

impl Tally {
    pub fn add(&mut self, other: &Self) {
        self.crashes += other.crashes;
        self.failures += other.failures;
        self.spoiled += other.spoiled;
        self.continued += other.continued;
        self.finished += other.finished;
        self.stops += other.stops;
        self.jobs_failed += other.jobs_failed;
        self.cancelled += other.cancelled;
    }
}

enum Deed {
    TakeAlong(usize),
    /// A transfer moves; void when it is not the one running.
    Moves(u64, String),
    Link(bool),
    Learner(Event),
    Crash,
    Starts,
    Wake(i64),
    LooksAfter,
}

/// A file at its source and on the disk.
struct Disk {
    size: u64,
    durable: u64,
    /// The next `from` may be 0 whatever is durable.
    is_spoiled: bool,
    finished: u32,
    /// The transfer that writes it.
    transfer: Option<u64>,
    refuses: bool,
}

pub struct Life {
    habit: Habit,
    dice: Dice,
    now: i64,
    calendar: Calendar<Deed>,
    jobs: Vec<(String, Vec<Want>)>,
    asked_for: BTreeSet<String>,
    paused: BTreeSet<String>,
    all_paused: bool,
    cancelled: BTreeSet<String>,
    disk: BTreeMap<String, Disk>,
    machine: Downloads,
    durable: Downloads,
    transfers: u64,
    is_running: bool,
    link: bool,
    wake: Option<i64>,
    pub tally: Tally,
}

impl Life {
    pub fn new(seed: u64, habit: Habit) -> Self {
        let mut dice = Dice::new(seed);
        let machine = Downloads::new(dice.next());
        let mut life = Self {
            habit,
            now: 0,
            calendar: Calendar::default(),
            jobs: Vec::new(),
            asked_for: BTreeSet::new(),
            paused: BTreeSet::new(),
            all_paused: false,
            cancelled: BTreeSet::new(),
            disk: BTreeMap::new(),
            durable: machine.clone(),
            machine,
            transfers: 0,
            is_running: true,
            link: false,
            wake: None,
            tally: Tally::default(),
            dice,
        };
        life.imagine();
        life
    }

    fn imagine(&mut self) {
        for n in 0..self.dice.between(1, 4) as usize {
            let job = format!("j{n}");
            let mut wants = Vec::new();
            for _ in 0..self.dice.between(1, 6) {
                // Some files belong to several jobs.
                let key = format!("f{}", self.dice.below(14));
                let new_size = self.dice.between(1, 4_000) as u64;
                let refuses = self.dice.percent(4);
                let disk = self.disk.entry(key.clone()).or_insert(Disk {
                    size: new_size,
                    durable: 0,
                    is_spoiled: false,
                    finished: 0,
                    transfer: None,
                    refuses,
                });
                let size = self.dice.percent(70).then_some(disk.size);
                let proof = self.dice.percent(50);
                let priority = self.dice.below(4) as u32;
                wants.push(Want {
                    key,
                    job: job.clone(),
                    size,
                    have: 0,
                    here: false,
                    proof,
                    priority,
                    version: None,
                    batch: None,
                });
            }
            self.jobs.push((job, wants));
            let at = self.dice.between(0, BAD_MS / 2);
            self.calendar.plan(at, Deed::TakeAlong(n));
        }
        let (mut at, mut up) = (0, true);
        while at < BAD_MS {
            self.calendar.plan(at, Deed::Link(up));
            at += if up { self.dice.between(1_000, 90_000) } else { self.dice.between(500, 60_000) };
            up = !up;
        }
        self.calendar.plan(BAD_MS, Deed::Link(true));
        for _ in 0..self.dice.below(5) {
            let at = self.dice.between(0, BAD_MS);
            self.calendar.plan(at, Deed::Crash);
        }
        for _ in 0..self.dice.below(6) {
            let at = self.dice.between(0, BAD_MS);
            let job = format!("j{}", self.dice.below(4));
            let wish = match self.dice.below(10) {
                0..3 => Event::Paused { job },
                3..6 => Event::Resumed { job },
                6 | 7 => Event::PauseAll,
                8 => Event::ResumeAll,
                _ => Event::Cancelled { job },
            };
            self.calendar.plan(at, Deed::Learner(wish));
        }
        for n in 1..=20 {
            self.calendar.plan(BAD_MS + n * 15 * 60_000, Deed::LooksAfter);
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
            Deed::TakeAlong(n) if self.is_running => {
                let (job, wants) = self.jobs[n].clone();
                // What is on the disk is said, finished files too.
                let wants = wants
                    .into_iter()
                    .map(|want| {
                        let disk = &self.disk[&want.key];
                        Want { have: disk.durable, here: disk.finished > 0, ..want }
                    })
                    .collect();
                self.asked_for.insert(job.clone());
                self.cancelled.remove(&job);
                self.step(Event::Added { job, wants })
            }
            Deed::TakeAlong(n) => {
                self.calendar.plan(self.now + 3_000, Deed::TakeAlong(n));
                Ok(())
            }
            Deed::Moves(transfer, key) => {
                if self.disk[&key].transfer == Some(transfer) {
                    self.moves(transfer, &key)
                } else {
                    Ok(())
                }
            }
            Deed::Link(up) => {
                self.link = up;
                self.step_if_running(if up { Event::LinkUp } else { Event::LinkDown })
            }
            Deed::Learner(wish) => self.learner(wish),
            Deed::Crash => {
                self.crash();
                Ok(())
            }
            Deed::Starts => self.start(),
            Deed::Wake(at) if self.wake == Some(at) => {
                self.wake = None;
                self.step_if_running(Event::Tick)
            }
            Deed::Wake(_) => Ok(()),
            Deed::LooksAfter => self.look_after(),
        }
    }

    fn learner(&mut self, wish: Event) -> Result<(), String> {
        if !self.is_running {
            return Ok(());
        }
        match &wish {
            Event::Paused { job } if self.asked_for.contains(job) => {
                self.paused.insert(job.clone());
            }
            Event::Resumed { job } => {
                self.paused.remove(job);
            }
            Event::PauseAll => self.all_paused = true,
            Event::ResumeAll => self.all_paused = false,
            Event::Cancelled { job } if self.asked_for.remove(job) => {
                self.tally.cancelled += 1;
                self.paused.remove(job);
                self.cancelled.insert(job.clone());
            }
            _ => {}
        }
        self.step(wish)
    }

    /// A running transfer gets a portion, ends, or fails.
    fn moves(&mut self, transfer: u64, key: &str) -> Result<(), String> {
        let bad = self.is_bad_time();
        if self.disk[key].refuses && bad {
            return self.fails(key, FailWhy::Refused);
        }
        if bad && !self.link {
            let why = if self.dice.percent(50) { FailWhy::Stalled } else { FailWhy::Unreachable };
            return self.fails(key, why);
        }
        if bad && self.dice.percent(6) {
            let why = match self.dice.below(8) {
                0 => FailWhy::Changed,
                1 => FailWhy::NoSpace,
                2 => FailWhy::SignIn,
                3 => FailWhy::Later { not_before: Some(TimeMs(self.now + self.dice.between(0, 40_000))) },
                4 => FailWhy::Later { not_before: None },
                5 | 6 => FailWhy::Stalled,
                _ => FailWhy::Unreachable,
            };
            return self.fails(key, why);
        }
        let portion = self.dice.between(1, 900) as u64;
        let disk = self.disk.get_mut(key).unwrap();
        disk.durable = (disk.durable + portion).min(disk.size);
        let (durable, is_whole) = (disk.durable, disk.durable == disk.size);
        // The report may be later than the disk: a crash between the two is a life of its own.
        if self.dice.percent(70) || is_whole {
            self.step(Event::Received { key: key.to_owned(), bytes: durable })?;
        }
        if self.disk[key].transfer != Some(transfer) {
            return Ok(());
        }
        if !is_whole {
            self.next_move(transfer, key);
            return Ok(());
        }
        if bad && self.dice.percent(20) {
            return self.fails(key, FailWhy::WrongBytes);
        }
        self.tally.finished += 1;
        let disk = self.disk.get_mut(key).unwrap();
        disk.finished += 1;
        disk.transfer = None;
        self.step(Event::Finished { key: key.to_owned() })
    }

    fn fails(&mut self, key: &str, why: FailWhy) -> Result<(), String> {
        self.tally.failures += 1;
        let disk = self.disk.get_mut(key).unwrap();
        disk.transfer = None;
        if matches!(why, FailWhy::Changed | FailWhy::WrongBytes) {
            self.tally.spoiled += 1;
            disk.is_spoiled = true;
            disk.durable = 0;
        } else {
            let bytes = disk.durable;
            self.step(Event::Received { key: key.to_owned(), bytes })?;
            if !self.is_running {
                return Ok(());
            }
        }
        let why = match (self.habit, why) {
            (Habit::StartsOver, FailWhy::Stalled) => FailWhy::Changed,
            (Habit::GivesUp, FailWhy::Stalled) => FailWhy::Later { not_before: Some(TimeMs(i64::MAX)) },
            (_, why) => why,
        };
        self.step(Event::Failed { key: key.to_owned(), why })
    }

    fn next_move(&mut self, transfer: u64, key: &str) {
        let at = self.now + self.dice.between(20, 4_000);
        self.calendar.plan(at, Deed::Moves(transfer, key.to_owned()));
    }

    fn step_if_running(&mut self, event: Event) -> Result<(), String> {
        if self.is_running { self.step(event) } else { Ok(()) }
    }

    fn step(&mut self, event: Event) -> Result<(), String> {
        // A wish of the learner is made durable with its reply; reports may be lost.
        let is_wish = matches!(
            event,
            Event::Added { .. }
                | Event::Paused { .. }
                | Event::Resumed { .. }
                | Event::Cancelled { .. }
                | Event::PauseAll
                | Event::ResumeAll
        );
        let effects = if self.habit == Habit::GivesUp && event == Event::LinkUp && !self.is_bad_time() {
            Vec::new()
        } else {
            self.machine.step(event, TimeMs(self.now))
        };
        let crashes = self.is_bad_time() && self.dice.percent(1);
        if is_wish || (!crashes && self.dice.percent(60)) {
            self.durable = self.machine.clone();
        }
        let mut left = crashes.then(|| self.dice.below(effects.len() as u64 + 1));
        for effect in effects {
            if left == Some(0) {
                break;
            }
            left = left.map(|n| n - 1);
            self.perform(effect)?;
        }
        if crashes {
            self.crash();
        }
        Ok(())
    }

    fn perform(&mut self, effect: Effect) -> Result<(), String> {
        match effect {
            Effect::Start { key, from, .. } => self.starts(&key, from)?,
            Effect::Stop { key } => {
                self.tally.stops += 1;
                let disk = self.disk.get_mut(&key).unwrap();
                if disk.transfer.take().is_none() {
                    return Err(format!("{key} is stopped and does not run"));
                }
                let bytes = disk.durable;
                self.machine.step(Event::Received { key, bytes }, TimeMs(self.now));
            }
            Effect::JobDone { job } => {
                let wants = self.jobs.iter().find(|(name, _)| *name == job).map(|(_, wants)| wants);
                if wants.is_none_or(|wants| wants.iter().any(|w| self.disk[&w.key].finished == 0)) {
                    return Err(format!("{job} is called done and is not"));
                }
            }
            Effect::JobFailed { .. } => self.tally.jobs_failed += 1,
            Effect::WakeAt { at } => {
                if at.0 <= self.now {
                    return Err(format!("wakes at {} which is over at {}", at.0, self.now));
                }
                self.wake = Some(at.0);
                self.calendar.plan(at.0, Deed::Wake(at.0));
            }
        }
        Ok(())
    }

    fn starts(&mut self, key: &str, from: u64) -> Result<(), String> {
        let may_run = !self.all_paused
            && self.jobs.iter().any(|(job, wants)| {
                self.asked_for.contains(job)
                    && !self.paused.contains(job)
                    && wants.iter().any(|want| want.key == key)
            });
        if !may_run || !self.link {
            return Err(format!("{key} starts and nobody wants it now"));
        }
        let disk = &self.disk[key];
        if disk.transfer.is_some() {
            return Err(format!("{key} starts and runs already"));
        }
        if disk.finished > 0 {
            return Err(format!("{key} starts and has finished already"));
        }
        if from < disk.durable && !disk.is_spoiled {
            return Err(format!("{key}: bytes {from}..{} travel again", disk.durable));
        }
        if from > disk.durable {
            return Err(format!("{key} starts at {from} with {} on the disk", disk.durable));
        }
        if self.disk.values().filter(|d| d.transfer.is_some()).count() >= PARALLEL {
            return Err(format!("{key} starts as one too many"));
        }
        self.tally.continued += u32::from(from > 0);
        self.transfers += 1;
        let disk = self.disk.get_mut(key).unwrap();
        disk.transfer = Some(self.transfers);
        disk.durable = from;
        disk.is_spoiled = false;
        self.next_move(self.transfers, key);
        Ok(())
    }

    fn crash(&mut self) {
        if !self.is_running {
            return;
        }
        self.tally.crashes += 1;
        self.is_running = false;
        self.wake = None;
        self.disk.values_mut().for_each(|disk| disk.transfer = None);
        self.calendar.plan(self.now + self.dice.between(0, 5_000), Deed::Starts);
    }

    fn start(&mut self) -> Result<(), String> {
        let kept = serde_json::to_string(&self.durable).unwrap();
        self.machine = serde_json::from_str(&kept).unwrap();
        if self.habit == Habit::ForgetsDone {
            let forgotten = kept.replace("\"done\":true", "\"done\":false");
            self.machine = serde_json::from_str(&forgotten).unwrap();
        }
        let mut effects = self.machine.step(Event::Restarted, TimeMs(self.now));
        let keys: Vec<String> = self.machine.unfinished().map(|(key, _)| key.to_owned()).collect();
        for key in keys {
            let disk = &self.disk[&key];
            let event = match (disk.finished, self.habit) {
                (0, Habit::ForgetsDisk) => continue,
                (0, _) | (_, Habit::ForgetsDone) => Event::Found { key, have: disk.durable },
                _ => Event::Finished { key },
            };
            effects.extend(self.machine.step(event, TimeMs(self.now)));
        }
        self.is_running = true;
        effects.into_iter().try_for_each(|effect| self.perform(effect))?;
        if self.link { self.step(Event::LinkUp) } else { Ok(()) }
    }

    /// In good times the learner resumes what stands still.
    fn look_after(&mut self) -> Result<(), String> {
        if self.all_paused {
            self.learner(Event::ResumeAll)?;
        }
        let still: Vec<String> = self
            .machine
            .views()
            .into_iter()
            .filter(|view| matches!(view.state, JobState::Failed { .. } | JobState::Paused))
            .map(|view| view.job)
            .collect();
        still.into_iter().try_for_each(|job| self.learner(Event::Resumed { job }))
    }

    fn judge(&self) -> Result<(), String> {
        for (job, wants) in self.jobs.iter().filter(|(job, _)| self.asked_for.contains(job)) {
            if let Some(want) = wants.iter().find(|want| self.disk[&want.key].finished != 1) {
                let times = self.disk[&want.key].finished;
                let view = self.machine.view(job);
                return Err(format!(
                    "{} of {job} never came, or more than once ({times}): {view:?}",
                    want.key
                ));
            }
            let view = self.machine.view(job).ok_or_else(|| format!("{job} is lost"))?;
            let is_counted = view.files_done == view.files_total && view.total_bytes == Some(view.done_bytes);
            if view.state != JobState::Done || !is_counted {
                return Err(format!("{job} is not shown as done: {view:?}"));
            }
        }
        Ok(())
    }
}
