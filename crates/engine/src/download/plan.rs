//! Which transfers run now: those not allowed any more are stopped, free places go to files in study order.

use std::collections::BTreeSet;

use daypack_course::TimeMs;

use super::{Downloads, Effect, File};

/// Place in line: the learner's order, study order, then the job asked for first, then small before large.
pub(super) type Turn = (u32, u32, u64, u64);

impl Downloads {
    pub(super) fn plan(&mut self, now: TimeMs, out: &mut Vec<Effect>) {
        self.files.values_mut().filter(|f| f.is_left()).for_each(|f| f.mend_wait(now));
        self.stop_what_may_not_run(out);
        let transfers = self.running.values().collect::<BTreeSet<_>>().len();
        if !self.link_up || transfers >= self.parallel {
            return;
        }
        let mut wake: Option<TimeMs> = None;
        let mut ready: Vec<(Turn, &String, &File)> = Vec::new();
        for (key, file) in &self.files {
            let Some(turn) = self.turn(file).filter(|_| !self.running.contains_key(key)) else { continue };
            if file.not_before > now {
                wake = Some(wake.map_or(file.not_before, |w| w.min(file.not_before)));
            } else {
                ready.push((turn, key, file));
            }
        }
        ready.sort_by_key(|(turn, key, _)| (*turn, *key));
        let mut busy: BTreeSet<&String> =
            self.running.keys().filter_map(|key| self.files.get(key)?.batch.as_ref()).collect();
        let mut starts: Vec<(String, u64, Vec<String>)> = Vec::new();
        let mut room = self.free_room();
        for (_, key, file) in &ready {
            if starts.len() >= self.parallel.saturating_sub(transfers) {
                break;
            }
            if !file.fits(room) || file.batch.as_ref().is_some_and(|batch| !busy.insert(batch)) {
                continue;
            }
            room = room.map(|room| room.saturating_sub(file.lacking()));
            let mut with = Vec::new();
            for (_, other, of) in &ready {
                if other != key && of.batch.is_some() && of.batch == file.batch && of.fits(room) {
                    room = room.map(|room| room.saturating_sub(of.lacking()));
                    with.push((*other).clone());
                }
            }
            starts.push(((*key).clone(), file.have, with));
        }
        for (key, from, with) in starts {
            for file in std::iter::once(&key).chain(&with) {
                self.running.insert(file.clone(), key.clone());
            }
            out.push(Effect::Start { key, from, with });
        }
        out.extend(wake.map(|at| Effect::WakeAt { at }));
    }

    fn stop_what_may_not_run(&mut self, out: &mut Vec<Effect>) {
        let stops: Vec<String> = self
            .running
            .keys()
            .filter(|key| self.files.get(*key).and_then(|file| self.turn(file)).is_none())
            .cloned()
            .collect();
        for key in stops.into_iter().chain(self.that_fit_no_more()) {
            self.halt(&key, out);
        }
    }

    /// The file's place in line by the job that wants it soonest; `None` when it may not run.
    pub(super) fn turn(&self, file: &File) -> Option<Turn> {
        let is_allowed = self.budget.allows_file(file.size);
        if self.held.is_some()
            || self.all_paused
            || self.no_space
            || self.low_power
            || !is_allowed
            || !file.is_left()
        {
            return None;
        }
        file.owners
            .iter()
            .filter_map(|(name, priority)| {
                let job = self.jobs.get(name).filter(|job| job.is_going())?;
                Some((job.rank.unwrap_or(u32::MAX), *priority, job.seq, file.size.unwrap_or(u64::MAX)))
            })
            .min()
    }
}
