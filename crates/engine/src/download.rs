//! Taking courses along: which file is fetched next, from which byte, and what a failure means.
//!
//! What must stay true:
//! - At most `parallel` transfers run; one file never has two, nor has one batch.
//! - A transfer starts at the last byte known to be durable. Only wrong or changed bytes start over from 0.
//! - One failing file holds up no other. Files are asked for in study order, small ones first inside an item.
//! - What the learner paused stays paused until the learner resumes it; a failure never removes anything.
//! - Nothing runs while it is held ([`Event::Held`]), and nothing is begun that the room on the disk cannot take
//!   ([`Event::Room`]); what does not fit waits, with its bytes kept, and lets pass what fits.
//! - An order that the learner made ([`Event::Ordered`]) goes before study order.
//!
//! Files of one batch (a pack of small files) come in one transfer: [`Effect::Start`] names them all, each is told by
//! [`Event::Finished`] or [`Event::FinishedMany`] as it is here, and [`Event::Failed`] of the first one named ends the
//! transfer for all that are left.
//!
//! The caller's side: [`Event::Received`] counts bytes that are durable, from the start of the file. Once a
//! [`Effect::Stop`] was performed (its last `Received` reported before), nothing more of that transfer is
//! reported. After [`Event::Restarted`] and before [`Event::LinkUp`], report what the disk shows of each file in
//! [`Downloads::unfinished`] by [`Event::Found`], or by [`Event::Finished`] where the whole file turns out to be here:
//! the disk is right where the machine differs. So a state that is a little old does no harm, and only what the
//! learner asks for must be durable at once. An effect [`Effect::JobDone`] that a crash swallowed is seen in
//! [`Downloads::views`].
//! The link counts as down until the first [`Event::LinkUp`] of this life, as free of charge until the first
//! [`Event::Budget`], and the disk as large enough until the first [`Event::Room`].

mod file;
mod job;
mod order;
mod plan;
mod room;

use std::collections::{BTreeMap, BTreeSet};

use daypack_course::TimeMs;
use serde::{Deserialize, Serialize};

use crate::allowance::Why;
use crate::link::Budget;
use file::File;
use job::Job;
pub use job::{JobState, JobView};
pub use order::{Order, Place, sequence};
pub use room::{Room, SLACK};

/// First wait after a failure.
pub const BACKOFF_BASE_MS: i64 = 1_000;
/// Longest wait chosen here.
pub const BACKOFF_CAP_MS: i64 = 5 * 60_000;
/// Longest wait a source can ask for.
pub const SOURCE_WAIT_CAP_MS: i64 = 60 * 60_000;
/// After so many files' worth of wrong bytes a file is set aside until the learner resumes the job.
pub const SPOILED_LIMIT: u32 = 3;
/// Transfers at a time, unless told otherwise.
pub const PARALLEL: usize = 3;

/// A file that a job needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Want {
    /// Names the file; two jobs that need the same file use the same key, and it is fetched once.
    pub key: String,
    /// The job.
    pub job: String,
    /// Bytes in all, when known.
    pub size: Option<u64>,
    /// Bytes that are durable here already.
    pub have: u64,
    /// The whole file is here already, checked and durable: it is counted and not fetched.
    pub here: bool,
    /// A digest is known, so finished means proven.
    pub proof: bool,
    /// Place in study order, the same for all files of an item; smaller is earlier.
    pub priority: u32,
    /// Which bytes it is to be, where a digest says so: another one than before means a new version, which is fetched
    /// though the earlier one is here.
    pub version: Option<String>,
    /// Names the files that come together with it; `None`: it comes alone.
    pub batch: Option<String>,
}

/// Why a transfer ended without the whole file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum FailWhy {
    /// The source was not reached, or a portal answered.
    Unreachable,
    /// It fell silent.
    Stalled,
    /// The source has another file now; what is here cannot be continued.
    Changed,
    /// All bytes came and the digest, length or type is wrong.
    WrongBytes,
    /// The source does not give it.
    Refused,
    /// The disk is full.
    NoSpace,
    /// The account must sign in again.
    SignIn,
    /// The source asks for patience.
    Later {
        /// Not before this instant, when it says one.
        not_before: Option<TimeMs>,
    },
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// Files are wanted for a job, new or known; an unfinished file that does not run takes `have` from here.
    /// Ends a job's failure, not its pause.
    Added {
        /// The job.
        job: String,
        /// The files; those naming another job belong to that one.
        wants: Vec<Want>,
    },
    /// The learner pauses a job.
    Paused {
        /// Which.
        job: String,
    },
    /// The learner resumes a job, also a failed one.
    Resumed {
        /// Which.
        job: String,
    },
    /// The same of several.
    ResumedMany {
        /// Which.
        jobs: Vec<String>,
    },
    /// The learner does not want it any more: forgets the job and the files that no other job needs.
    Cancelled {
        /// Which.
        job: String,
    },
    /// Nothing runs until `ResumeAll`.
    PauseAll,
    /// Undoes `PauseAll` and "disk full"; jobs that were paused one by one stay paused.
    ResumeAll,
    /// Sources can be reached.
    LinkUp,
    /// Sources cannot be reached; what runs goes on until it fails.
    LinkDown,
    /// The battery is low and draining, or not any more. Low, nothing runs until it is over or the learner resumes.
    Power {
        /// Low.
        low: bool,
    },
    /// What may use the link now; what runs and may not is stopped and goes on later from where it is.
    Budget {
        /// From now on.
        budget: Budget,
    },
    /// Downloads wait, all of them, or not any more. What runs is stopped and goes on later from where it is.
    Held {
        /// Why; `None`: they may.
        why: Option<Why>,
    },
    /// How many bytes may still come to this disk.
    Room {
        /// Beyond what must stay free; `None`: nobody knows.
        bytes: Option<u64>,
    },
    /// The learner's order: these jobs first, as listed, then all others in study order.
    Ordered {
        /// Jobs.
        jobs: Vec<String>,
    },
    /// So many bytes of the file are durable, counted from its start.
    Received {
        /// The file.
        key: String,
        /// How many.
        bytes: u64,
    },
    /// What the disk shows of a file that does not run; more or less than was known. A file that was finished
    /// and turned out damaged or gone is fetched again from here.
    Found {
        /// The file.
        key: String,
        /// Durable bytes from its start.
        have: u64,
    },
    /// The whole file is here, checked and durable.
    Finished {
        /// The file.
        key: String,
    },
    /// The same of several.
    FinishedMany {
        /// The files.
        keys: Vec<String>,
    },
    /// A transfer ended early; of a batch, all that it has not brought where the first one is named, or else only the
    /// one named.
    Failed {
        /// The file.
        key: String,
        /// Why.
        why: FailWhy,
    },
    /// The program starts; no transfer of an earlier life runs.
    Restarted,
    /// Time passed.
    Tick,
}

/// What to do, in this order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    /// Fetch the file from this byte on; from 0 drops what is here of it.
    Start {
        /// The file.
        key: String,
        /// The first byte to ask for.
        from: u64,
        /// Files of the same batch that are wanted now and come with it.
        with: Vec<String>,
    },
    /// End its transfer; keep what is here.
    Stop {
        /// The file.
        key: String,
    },
    /// All files of the job are here.
    JobDone {
        /// The job.
        job: String,
    },
    /// The job cannot go on without the learner.
    JobFailed {
        /// The job.
        job: String,
        /// Why.
        why: FailWhy,
    },
    /// Step with `Tick` at this instant; replaces any earlier wish.
    WakeAt {
        /// When.
        at: TimeMs,
    },
}

/// All that is being taken along.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Downloads {
    seed: u64,
    parallel: usize,
    next_seq: u64,
    jobs: BTreeMap<String, Job>,
    files: BTreeMap<String, File>,
    all_paused: bool,
    no_space: bool,
    /// Of this life only: what the battery is like is told again after a start.
    #[serde(skip)]
    low_power: bool,
    /// Files that come now, each with the file its transfer was started for.
    #[serde(skip)]
    running: BTreeMap<String, String>,
    #[serde(skip)]
    link_up: bool,
    #[serde(skip)]
    budget: Budget,
    #[serde(skip)]
    held: Option<Why>,
    #[serde(skip)]
    room: Option<u64>,
}

impl Default for Downloads {
    fn default() -> Self {
        Self::new(0)
    }
}

impl Downloads {
    /// Nothing to take along; the seed only spreads waits, one per computer.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            parallel: PARALLEL,
            next_seq: 0,
            jobs: BTreeMap::new(),
            files: BTreeMap::new(),
            all_paused: false,
            no_space: false,
            low_power: false,
            running: BTreeMap::new(),
            link_up: false,
            budget: Budget::default(),
            held: None,
            room: None,
        }
    }

    /// Sets how many transfers run at a time (at least 1); holds for transfers started from now on.
    pub fn set_parallel(&mut self, parallel: usize) {
        self.parallel = parallel.max(1);
    }

    /// Keys of the files that are not here yet, with the bytes known to be here.
    pub fn unfinished(&self) -> impl Iterator<Item = (&str, u64)> {
        self.files.iter().filter(|(_, file)| !file.done).map(|(key, file)| (key.as_str(), file.have))
    }

    /// Takes in an event; returns what to do.
    pub fn step(&mut self, event: Event, now: TimeMs) -> Vec<Effect> {
        let mut out = Vec::new();
        match event {
            Event::Received { key, bytes } => {
                // Nothing can become due by this, and it comes often.
                self.received(&key, bytes);
                return out;
            }
            Event::Added { job, wants } => self.added(job, wants, now, &mut out),
            Event::Paused { job } => self.set_paused(&job, true),
            Event::Resumed { job } => self.resumed(&[job], now),
            Event::ResumedMany { jobs } => self.resumed(&jobs, now),
            Event::Cancelled { job } => self.cancelled(&job, &mut out),
            Event::PauseAll => self.all_paused = true,
            Event::Power { low } => self.low_power = low,
            Event::ResumeAll => {
                self.all_paused = false;
                self.low_power = false;
                self.end_no_space();
            }
            Event::LinkUp => {
                self.link_up = true;
                self.files.values_mut().filter(|f| f.waits_for_link).for_each(|f| f.free(now));
            }
            Event::LinkDown => self.link_up = false,
            Event::Budget { budget } => self.budget = budget,
            Event::Held { why } => self.held = why,
            Event::Room { bytes } => self.room = bytes,
            Event::Ordered { jobs } => self.ordered(&jobs),
            Event::Found { key, have } => self.found(&key, have),
            Event::Finished { key } => self.finished(&key),
            Event::FinishedMany { keys } => keys.iter().for_each(|key| self.finished(key)),
            Event::Failed { key, why } => self.failed(&key, why, now, &mut out),
            Event::Restarted => {
                self.running.clear();
                self.link_up = false;
                self.end_no_space();
            }
            Event::Tick => {}
        }
        self.settle_jobs(&mut out);
        self.plan(now, &mut out);
        out
    }

    fn added(&mut self, job: String, wants: Vec<Want>, now: TimeMs, out: &mut Vec<Effect>) {
        self.open_job(job);
        for want in wants {
            self.open_job(want.job.clone());
            let is_other = self.files.get(&want.key).is_some_and(|file| file.is_other(&want));
            if want.here || is_other {
                self.halt(&want.key, out);
            }
            let running = self.running.contains_key(&want.key);
            self.files.entry(want.key.clone()).or_insert_with(|| File::new(now)).want(want, running, now);
        }
    }

    fn open_job(&mut self, job: String) {
        let seq = self.next_seq;
        let job = self.jobs.entry(job).or_insert_with(|| Job::new(seq));
        job.reopen();
        self.next_seq = seq.saturating_add(1);
    }

    fn ordered(&mut self, jobs: &[String]) {
        let ranks: BTreeMap<&str, u32> = jobs.iter().map(String::as_str).zip(0..).collect();
        for (name, job) in &mut self.jobs {
            job.rank = ranks.get(name.as_str()).copied();
        }
    }

    fn set_paused(&mut self, job: &str, paused: bool) {
        if let Some(job) = self.jobs.get_mut(job) {
            job.paused = paused;
        }
    }

    fn resumed(&mut self, jobs: &[String], now: TimeMs) {
        let mut resumed: BTreeSet<&str> = BTreeSet::new();
        for job in jobs {
            let Some(known) = self.jobs.get_mut(job) else { continue };
            resumed.insert(job);
            known.paused = false;
            if known.failed.is_some() {
                known.reopen();
            }
        }
        if resumed.is_empty() {
            return;
        }
        // Whoever says "go on" knows their battery.
        self.low_power = false;
        for file in self.files.values_mut() {
            if file.owners.keys().any(|job| resumed.contains(job.as_str())) {
                file.forgive(now);
            }
        }
        self.end_no_space();
    }

    fn cancelled(&mut self, job: &str, out: &mut Vec<Effect>) {
        self.jobs.remove(job);
        let mut gone = Vec::new();
        self.files.retain(|key, file| {
            let was_its = file.owners.remove(job).is_some();
            let keep = !was_its || !file.owners.is_empty();
            if !keep {
                gone.push(key.clone());
            }
            keep
        });
        gone.iter().for_each(|key| self.halt(key, out));
    }

    /// The file does not come any more; its transfer ends when it was the last that it is for.
    fn halt(&mut self, key: &str, out: &mut Vec<Effect>) {
        let Some(first) = self.running.remove(key) else { return };
        if !self.running.values().any(|other| *other == first) {
            out.push(Effect::Stop { key: first });
        }
    }

    fn received(&mut self, key: &str, bytes: u64) {
        let running = self.running.contains_key(key);
        if let Some(file) = self.files.get_mut(key).filter(|f| !f.done) {
            file.received(bytes, running);
        }
    }

    fn found(&mut self, key: &str, have: u64) {
        if self.running.contains_key(key) {
            return;
        }
        let Some(file) = self.files.get_mut(key) else { return };
        file.have = have;
        if std::mem::take(&mut file.done) {
            let owners = file.owners.keys().filter_map(|name| self.jobs.get_key_value(name));
            let done: Vec<String> =
                owners.filter(|(_, job)| job.done).map(|(name, _)| name.clone()).collect();
            for name in done {
                self.open_job(name);
            }
        }
    }

    fn finished(&mut self, key: &str) {
        self.running.remove(key);
        if let Some(file) = self.files.get_mut(key) {
            file.finish();
        }
    }

    fn failed(&mut self, key: &str, why: FailWhy, now: TimeMs, out: &mut Vec<Effect>) {
        let of_it = |first: &&String| first.as_str() == key;
        let mut left: Vec<String> =
            self.running.iter().filter(|(_, first)| of_it(first)).map(|(key, _)| key.clone()).collect();
        if left.is_empty() && self.running.contains_key(key) {
            // One of a batch; the others go on.
            left.push(key.to_owned());
        }
        for key in left {
            self.running.remove(&key);
            self.fail_one(&key, why.clone(), now, out);
        }
    }

    fn fail_one(&mut self, key: &str, why: FailWhy, now: TimeMs, out: &mut Vec<Effect>) {
        let seed = self.seed;
        let Some(file) = self.files.get_mut(key) else { return };
        match &why {
            // Every job that has something left is told so as it settles.
            FailWhy::NoSpace => self.no_space = true,
            FailWhy::SignIn => {
                let owners: Vec<String> = file.owners.keys().cloned().collect();
                for name in owners {
                    self.stop_job(&name, &why, out);
                }
            }
            FailWhy::Unreachable
            | FailWhy::Stalled
            | FailWhy::Changed
            | FailWhy::WrongBytes
            | FailWhy::Refused
            | FailWhy::Later { .. } => file.fail(key, why, seed, now),
        }
    }

    /// Stops a job that was going; a paused one keeps its pause.
    fn stop_job(&mut self, name: &str, why: &FailWhy, out: &mut Vec<Effect>) {
        if let Some(job) = self.jobs.get_mut(name).filter(|j| j.is_going()) {
            job.failed = Some(why.clone());
            out.push(Effect::JobFailed { job: name.to_owned(), why: why.clone() });
        }
    }

    fn end_no_space(&mut self) {
        self.no_space = false;
        for job in self.jobs.values_mut().filter(|j| j.failed == Some(FailWhy::NoSpace)) {
            job.reopen();
        }
    }
}
