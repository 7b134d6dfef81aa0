//! Which transfers run now: those not allowed any more are stopped, free places go to files in study order.

use daypack_course::TimeMs;

use super::{Downloads, Effect, File};

/// Place in line: the learner's order, study order, then the job asked for first, then small before large.
pub(super) type Turn = (u32, u32, u64, u64);

impl Downloads {
    pub(super) fn plan(&mut self, now: TimeMs, out: &mut Vec<Effect>) {
        self.files.values_mut().filter(|f| f.is_left()).for_each(|f| f.mend_wait(now));
        self.stop_what_may_not_run(out);
        if !self.link_up || self.running.len() >= self.parallel {
            return;
        }
        let mut wake: Option<TimeMs> = None;
        let mut ready: Vec<(Turn, &String, u64)> = Vec::new();
        for (key, file) in &self.files {
            let Some(turn) = self.turn(file).filter(|_| !self.running.contains(key)) else { continue };
            if file.not_before > now {
                wake = Some(wake.map_or(file.not_before, |w| w.min(file.not_before)));
            } else {
                ready.push((turn, key, file.have));
            }
        }
        ready.sort();
        let places = self.parallel.saturating_sub(self.running.len());
        let ready = ready.into_iter().map(|(_, key, from)| (key, from));
        let starts: Vec<(String, u64)> = self.that_fit(ready).take(places).collect();
        for (key, from) in starts {
            self.running.insert(key.clone());
            out.push(Effect::Start { key, from });
        }
        out.extend(wake.map(|at| Effect::WakeAt { at }));
    }

    fn stop_what_may_not_run(&mut self, out: &mut Vec<Effect>) {
        let stops: Vec<String> = self
            .running
            .iter()
            .filter(|key| self.files.get(*key).and_then(|file| self.turn(file)).is_none())
            .cloned()
            .collect();
        for key in stops.into_iter().chain(self.that_fit_no_more()) {
            if self.running.remove(&key) {
                out.push(Effect::Stop { key });
            }
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
