//! Silence: one worker's, and everybody's at once.
//!
//! When all fall silent together the link is gone for a while. Connections may outlive that (a gap in radio) or not (a
//! new address, a forgetful router); which of the two this network does is learnt: the
//! old connections are kept while a few new ones are tried beside them. If an old one speaks again its bytes are still
//! good; if none does, later silences of all end all connections at once.

use std::collections::BTreeSet;

use daypack_course::TimeMs;

use super::worker::{Phase, Worker};
use super::{Broke, Effect, Fault, Mood, Transfer};

/// Connections tried while nothing is known to work.
pub(super) const PROBES: usize = 2;
/// An old connection that did not speak for so long after the link was back is dead.
const GRACE: i64 = 4_000;

/// A time in which nobody speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Quiet {
    pub since: TimeMs,
    suspects: BTreeSet<u32>,
    /// The first sign of life since.
    pub up: Option<TimeMs>,
}

impl Quiet {
    pub fn forget(&mut self, id: u32) {
        self.suspects.remove(&id);
    }
}

impl Transfer {
    pub(super) fn connected(&mut self, id: u32, rtt: i64, now: TimeMs) {
        let after_outage = self.is_after_outage();
        self.crowd.round_trip(rtt, after_outage, now);
        if let Some(worker) = self.workers.get_mut(&id) {
            worker.is_connected = true;
            worker.heard(now);
            self.life = now;
        }
    }

    pub(super) fn is_after_outage(&self) -> bool {
        self.quiet.is_some() || self.mood == Some(Mood::Silent) || self.workers.values().any(|w| w.is_suspect)
    }

    /// Ends what is silent for too long; the instant to look again.
    pub(super) fn mind_silence(&mut self, now: TimeMs, out: &mut Vec<Effect>) -> TimeMs {
        let mut wake = self.progress.plus(self.limits.patience);
        self.mind_each(now, &mut wake, out);
        if let Some(quiet) = self.quiet.take() {
            self.mind_quiet(quiet, now);
        } else if self.workers.values().any(|w| w.phase != Phase::Free) {
            let due = self.life.plus(self.limits.all_silent);
            if due <= now {
                self.fall_quiet(now, out);
            } else {
                wake = wake.min(due);
            }
        }
        wake
    }

    fn mind_each(&mut self, now: TimeMs, wake: &mut TimeMs, out: &mut Vec<Effect>) {
        let mut silent = Vec::new();
        for (id, worker) in &self.workers {
            let Some(limit) = self.limit(worker) else { continue };
            let due = worker.last.plus(limit);
            if due <= now {
                silent.push(*id);
            } else {
                *wake = (*wake).min(due);
            }
        }
        for id in silent {
            let Some(worker) = self.workers.get(&id) else { continue };
            if let Some(source) = self.sources.get_mut(worker.source)
                && worker.phase == Phase::Asked
            {
                source.did_not_reply();
                source.failed(Broke::Cut, 0, (self.seed, id), now);
            }
            self.close(id, out);
        }
    }

    fn limit(&self, worker: &Worker) -> Option<i64> {
        match worker.phase {
            Phase::Free => None,
            // A connection that is being made is tried anew by whoever makes it.
            Phase::Asked if worker.is_new && !worker.is_connected => None,
            Phase::Asked => Some(self.reply_limit(worker.source)),
            // It is replaced already; if it speaks again its bytes are still good.
            Phase::Flowing if worker.is_suspect => Some(self.limits.worker_silent * 3 / 2),
            Phase::Flowing => Some(self.limits.worker_silent),
        }
    }

    pub(super) fn reply_limit(&self, source: usize) -> i64 {
        self.sources.get(source).map_or(self.limits.reply, |s| s.reply_limit(self.limits.reply))
    }

    fn fall_quiet(&mut self, now: TimeMs, out: &mut Vec<Effect>) {
        self.crowd.pause();
        if self.portal_since.is_none() {
            self.show(Mood::Silent, out);
        }
        let suspects: BTreeSet<u32> = self
            .workers
            .iter()
            .filter(|(_, w)| w.phase == Phase::Flowing || (w.phase == Phase::Asked && !w.is_new))
            .map(|(id, _)| *id)
            .collect();
        if suspects.is_empty() {
            return;
        }
        self.crowd.outage(now);
        // The next silence is counted from here.
        self.life = now;
        if self.survives == Some(false) {
            suspects.into_iter().for_each(|id| self.close(id, out));
            return;
        }
        for id in &suspects {
            if let Some(worker) = self.workers.get_mut(id) {
                worker.is_suspect = true;
            }
        }
        self.quiet = Some(Quiet { since: now, suspects, up: None });
    }

    fn mind_quiet(&mut self, mut quiet: Quiet, now: TimeMs) {
        if quiet.up.is_none() && self.life > quiet.since {
            quiet.up = Some(self.life);
        }
        let speaks = |id: &u32| self.workers.get(id).is_some_and(|w| !w.is_suspect);
        if quiet.suspects.iter().any(speaks) {
            self.survives = Some(true);
        } else if !quiet.suspects.is_empty() {
            self.quiet = Some(quiet);
        } else if let Some(up) = quiet.up {
            // None of them spoke although the link was there for some time.
            if now.since(up) >= GRACE {
                self.survives = Some(false);
            }
        } else {
            self.quiet = Some(quiet);
        }
    }

    /// Whether it has to end without the file.
    pub(super) fn is_lost(&self, now: TimeMs) -> Option<Fault> {
        if let Some(lost) = self.all_lost() {
            return Some(lost);
        }
        let left = || self.sources.iter().filter(|s| s.lost.is_none() && !s.is_gone);
        if left().next().is_none() {
            return (now.since(self.progress) >= self.limits.patience).then_some(Fault::Unreachable);
        }
        if left().all(|s| s.is_refused(self.limits.refusals)) {
            return Some(Fault::Unreachable);
        }
        if left().all(|s| s.is_hopeless(Broke::Unsafe)) {
            return Some(Fault::Unsafe);
        }
        if left().all(|s| s.is_hopeless(Broke::Nonsense)) {
            return Some(Fault::NotAFile);
        }
        if now.since(self.progress) < self.limits.patience {
            return None;
        }
        if self.portal_since.is_some() {
            return Some(Fault::Portal);
        }
        let asked = left().map(|s| s.not_before).min().filter(|at| *at > now);
        let is_asked = self.mood == Some(Mood::Asked);
        Some(asked.filter(|_| is_asked).map_or(Fault::Unreachable, |not_before| Fault::Later { not_before }))
    }
}
