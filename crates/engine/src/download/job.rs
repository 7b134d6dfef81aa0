//! A job (what the learner asked to take along) and how it is shown.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Downloads, Effect, FailWhy, File};
use crate::allowance::Why;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Job {
    /// Order of being asked for.
    pub seq: u64,
    /// Place in the learner's order.
    #[serde(default)]
    pub rank: Option<u32>,
    pub paused: bool,
    /// Cannot go on without the learner.
    pub failed: Option<FailWhy>,
    /// All its files are here, and that was told.
    pub done: bool,
}

impl Job {
    pub fn new(seq: u64) -> Self {
        Self { seq, rank: None, paused: false, failed: None, done: false }
    }

    /// There may be something to do again.
    pub fn reopen(&mut self) {
        self.failed = None;
        self.done = false;
    }

    pub fn is_going(&self) -> bool {
        !self.paused && self.failed.is_none()
    }
}

/// How a job stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum JobState {
    /// Next in line, or waiting to try again.
    Queued,
    /// Bytes are coming.
    Running,
    /// Paused by the learner.
    Paused,
    /// Rests while the battery is low.
    LowPower,
    /// Waits for the link, then goes on by itself.
    Waiting,
    /// Waits for a link that costs nothing, then goes on by itself.
    CostsMoney,
    /// Waits with all others, then goes on by itself.
    Held {
        /// Why.
        #[serde(flatten)]
        why: Why,
    },
    /// What is left does not fit on the disk; goes on by itself when there is room.
    NoRoom,
    /// Cannot go on without the learner.
    Failed {
        /// Why.
        #[serde(flatten)]
        why: FailWhy,
    },
    /// All here.
    Done,
}

/// A job as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobView {
    /// The job.
    pub job: String,
    /// How it stands.
    pub state: JobState,
    /// Bytes here.
    pub done_bytes: u64,
    /// Bytes in all, when all sizes are known.
    pub total_bytes: Option<u64>,
    /// Files here.
    pub files_done: u32,
    /// Files in all.
    pub files_total: u32,
    /// Files set aside until the learner resumes; the others go on.
    pub files_stuck: u32,
    /// Files here that no digest proves.
    pub files_unproven: u32,
}

impl Downloads {
    /// All jobs, in the order in which they come: the learner's, then study order, then as they were asked for.
    pub fn views(&self) -> Vec<JobView> {
        let mut jobs: Vec<(&String, &Job)> = self.jobs.iter().collect();
        let mut study: BTreeMap<&String, u32> = BTreeMap::new();
        for (name, priority) in self.files.values().flat_map(|file| &file.owners) {
            let first = study.entry(name).or_insert(*priority);
            *first = (*first).min(*priority);
        }
        jobs.sort_by_key(|(name, job)| {
            (job.rank.unwrap_or(u32::MAX), study.get(name).copied().unwrap_or(u32::MAX), job.seq)
        });
        let mut files: BTreeMap<&str, Vec<(&String, &File)>> = BTreeMap::new();
        for (key, file) in &self.files {
            file.owners.keys().for_each(|job| files.entry(job).or_default().push((key, file)));
        }
        let mut of = |name: &String| files.remove(name.as_str()).unwrap_or_default();
        let room = self.free_room();
        jobs.into_iter().map(|(name, job)| self.show(name, job, of(name), room)).collect()
    }

    /// One job.
    pub fn view(&self, job: &str) -> Option<JobView> {
        let files = self.files.iter().filter(|(_, file)| file.owners.contains_key(job)).collect();
        self.jobs.get_key_value(job).map(|(name, job)| self.show(name, job, files, self.free_room()))
    }

    /// `room`: bytes that what runs does not need.
    fn show(&self, name: &str, job: &Job, files: Vec<(&String, &File)>, room: Option<u64>) -> JobView {
        let mut view = JobView {
            job: name.to_owned(),
            state: JobState::Queued,
            done_bytes: 0,
            total_bytes: Some(0),
            files_done: 0,
            files_total: 0,
            files_stuck: 0,
            files_unproven: 0,
        };
        let mut is_running = false;
        let mut waits_for_link = !self.link_up;
        let mut costs_money = false;
        let mut is_too_large = false;
        for (key, file) in files {
            view.done_bytes =
                view.done_bytes.saturating_add(file.size.map_or(file.have, |s| file.have.min(s)));
            view.total_bytes = view.total_bytes.zip(file.size).map(|(all, one)| all.saturating_add(one));
            view.files_total += 1;
            view.files_done += u32::from(file.done);
            view.files_stuck += u32::from(file.stuck.is_some());
            view.files_unproven += u32::from(file.done && !file.proof);
            is_running |= self.running.contains_key(key);
            waits_for_link |= file.is_left() && file.waits_for_link;
            costs_money |= file.is_left() && !self.budget.allows_file(file.size);
            is_too_large |= file.is_left() && !file.fits(room);
        }
        view.state = if view.files_done == view.files_total {
            JobState::Done
        } else if let Some(why) = &job.failed {
            JobState::Failed { why: why.clone() }
        } else if job.paused || self.all_paused {
            JobState::Paused
        } else if self.low_power {
            JobState::LowPower
        } else if is_running {
            JobState::Running
        } else if let Some(why) = self.held {
            JobState::Held { why }
        } else if waits_for_link {
            JobState::Waiting
        } else if costs_money {
            JobState::CostsMoney
        } else if is_too_large {
            JobState::NoRoom
        } else {
            JobState::Queued
        };
        view
    }

    /// Tells each job once when nothing is left that could be fetched for it.
    pub(super) fn settle_jobs(&mut self, out: &mut Vec<Effect>) {
        let Self { files, jobs, no_space, .. } = self;
        // What is left of each job, and the first of its files that is stuck.
        let mut stand: BTreeMap<&str, (bool, Option<&FailWhy>)> = BTreeMap::new();
        for file in files.values() {
            for name in file.owners.keys() {
                let (is_left, stuck) = stand.entry(name).or_default();
                *is_left |= file.is_left();
                *stuck = stuck.or(file.stuck.as_ref());
            }
        }
        for (name, job) in jobs.iter_mut().filter(|(_, job)| !job.done && job.failed.is_none()) {
            let (is_left, stuck) = stand.get(name.as_str()).copied().unwrap_or_default();
            match (is_left, stuck) {
                (true, _) if *no_space && !job.paused => {
                    job.failed = Some(FailWhy::NoSpace);
                    out.push(Effect::JobFailed { job: name.clone(), why: FailWhy::NoSpace });
                }
                (true, _) => {}
                (false, None) => {
                    job.done = true;
                    out.push(Effect::JobDone { job: name.clone() });
                }
                (false, Some(why)) => {
                    job.failed = Some(why.clone());
                    out.push(Effect::JobFailed { job: name.clone(), why: why.clone() });
                }
            }
        }
    }
}
