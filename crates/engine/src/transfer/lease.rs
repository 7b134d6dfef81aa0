//! Who asks for which bytes: a part is leased to one worker, what it does not bring goes back.
//!
//! In order from the start, so that a film can begin; parts become smaller towards the end, and when none is left the
//! largest one under way is split, so that the last bytes do not wait for one slow connection.

use daypack_course::TimeMs;

use super::silence::PROBES;
use super::worker::{Phase, Worker};
use super::{Effect, Proof, Spans, Transfer};

/// A connection that was idle for so long may be dead without anybody knowing.
const IDLE: i64 = 5_000;
/// With nothing else left to do, a worker that is silent for so long is relieved.
const ENDGAME_SILENCE: i64 = 1_500;
/// A near source so many times slower than the best one is not preferred.
const SLOW: u64 = 16;
/// Parts are so long, in milliseconds of what one worker brings: on a fast line there are few questions.
const PART: u64 = 4_000;
/// What is over so soon is not worth a further connection; on a fast line, where much is under way, not even this.
const LEAST_SPLIT_MS: i64 = 500;
const LEAST_SPLIT_FAST_MS: i64 = 4_000;
/// A part of fewer bytes is not split.
const LEAST_SPLIT: u64 = 32 << 10;

impl Transfer {
    pub(super) fn hand_out(&mut self, now: TimeMs, wake: &mut TimeMs, out: &mut Vec<Effect>) {
        self.retire(out);
        loop {
            let live = self.workers.values().filter(|w| !w.is_suspect).count();
            let free =
                self.workers.iter().find(|(_, w)| w.phase == Phase::Free).map(|(id, w)| (*id, w.source));
            // Those that are silent may come back: beside them only a few more.
            let allowed = self.allowed();
            let is_full = live >= allowed || (live >= PROBES && self.workers.len() >= allowed + PROBES);
            if free.is_none() && is_full {
                return;
            }
            let ranked = self.rank_sources(free.map(|(_, source)| source), now, wake);
            let found = ranked.into_iter().find_map(|source| {
                let has_ranges = self.sources.get(source).is_some_and(|s| s.has_ranges);
                let part = if has_ranges { self.next_part(source, now, out) } else { self.whole(now, out) };
                part.map(|part| (source, has_ranges, part))
            });
            let Some((source, has_ranges, (from, to))) = found else { return };
            let (id, is_new) = match free {
                // A worker stays with its source; for another one a connection is made.
                Some((id, its)) if its == source && has_ranges => {
                    let idle = self.workers.get(&id).map_or(0, |w| now.since(w.since));
                    (id, idle > IDLE)
                }
                Some((id, _)) => {
                    self.close(id, out);
                    (self.new_id(), true)
                }
                None => (self.new_id(), true),
            };
            let asked_to = has_ranges.then_some(to);
            self.workers.insert(
                id,
                Worker {
                    source,
                    phase: Phase::Asked,
                    from,
                    at: from,
                    to,
                    asked_to,
                    since: now,
                    last: now,
                    is_new,
                    is_connected: !is_new,
                    is_framed: false,
                    is_suspect: false,
                },
            );
            out.push(Effect::Ask { worker: id, source, from, to: asked_to, anew: is_new });
        }
    }

    fn new_id(&mut self) -> u32 {
        self.next_worker = self.next_worker.wrapping_add(1);
        self.next_worker
    }

    /// More than wanted: those who are free go.
    fn retire(&mut self, out: &mut Vec<Effect>) {
        let live = self.workers.values().filter(|w| !w.is_suspect).count();
        let over = live.saturating_sub(self.allowed());
        let free: Vec<u32> = self
            .workers
            .iter()
            .filter(|(_, w)| w.phase == Phase::Free)
            .map(|(id, _)| *id)
            .take(over)
            .collect();
        free.into_iter().for_each(|id| self.close(id, out));
    }

    fn allowed(&self) -> usize {
        if self.portal_since.is_some() {
            return 1;
        }
        if self.size.is_none() {
            // The second part is asked for before it is known whether there is one: it saves a round trip.
            return if self.has_ranges() {
                usize::try_from(self.limits.first.min(2)).unwrap_or(1)
            } else {
                1
            };
        }
        let target = usize::try_from(self.crowd.target()).unwrap_or(1);
        match &self.quiet {
            Some(quiet) if quiet.up.is_none() => PROBES.min(target),
            _ => target,
        }
    }

    /// Who is asked first: those near, then the one that gives most to one more worker; those never tried are tried.
    fn rank_sources(&self, at_hand: Option<usize>, now: TimeMs, wake: &mut TimeMs) -> Vec<usize> {
        let gives_parts = self.has_ranges();
        let best = self.sources.iter().map(|s| s.speed).max().unwrap_or(0).max(1);
        let mut ranked = Vec::new();
        for (at, source) in self.sources.iter().enumerate() {
            if !source.is_usable() || (gives_parts && !source.has_ranges) {
                continue;
            }
            if source.not_before > now {
                *wake = (*wake).min(source.not_before);
                continue;
            }
            let workers = self.workers.values().filter(|w| w.source == at && w.phase != Phase::Free).count();
            let speed = if source.speed == 0 { best } else { source.speed };
            let share = speed / (workers as u64 + 1) / (1 + 4 * u64::from(source.bad));
            let is_slow = source.speed > 0 && source.speed.saturating_mul(SLOW) < best;
            let is_near = source.is_near && !is_slow;
            ranked.push((is_near, share, at_hand == Some(at), usize::MAX - at));
        }
        ranked.sort_unstable_by(|a, b| b.cmp(a));
        ranked.into_iter().map(|(_, _, _, turned)| usize::MAX - turned).collect()
    }

    fn has_ranges(&self) -> bool {
        self.sources.iter().any(|s| s.lost.is_none() && s.has_ranges)
    }

    /// All that is here or on its way.
    fn taken(&self) -> Spans {
        let mut taken = self.got.clone();
        for worker in self.workers.values().filter(|w| w.phase != Phase::Free) {
            taken.add(worker.at, worker.to);
        }
        taken
    }

    /// The first range that is neither here nor on its way.
    pub(super) fn next_gap(&self) -> Option<(u64, u64)> {
        self.taken().gap(0, self.size?)
    }

    /// The first range that `source` can be asked for: what somebody waits for first.
    fn gap_for(&self, source: usize, taken: &Spans, size: u64) -> Option<(u64, u64)> {
        let source = self.sources.get(source)?;
        let mut not = taken.clone();
        if !source.is_near {
            self.awaited.iter().for_each(|(from, to)| not.add(from, to));
        }
        let first = |from: u64, to: u64| match &source.gives {
            None => not.gap(from, to),
            Some(gives) => gives
                .iter()
                .filter(|(a, b)| *b > from && *a < to)
                .find_map(|(a, b)| not.gap(a.max(from), b.min(to))),
        };
        let urgent = self.urgent.and_then(|(from, to)| first(from, to.min(size)));
        let (from, end) = urgent.or_else(|| first(0, size))?;
        // Behind what is urgent it goes on.
        let end = if urgent.is_some() { first(from, size).map_or(end, |(_, end)| end) } else { end };
        Some((from, end))
    }

    /// Bytes a second of one worker, as far as it is known.
    fn speed_of_one(&self, now: TimeMs) -> u64 {
        let measured = self.crowd.speed_of_one();
        let Some(since) = self.flows_since.filter(|_| measured == 0) else { return measured };
        let ms = u64::try_from(now.since(since)).unwrap_or(0).max(20);
        if self.came < self.limits.block {
            0
        } else {
            self.came.saturating_mul(1_000) / ms / u64::from(self.crowd.target().max(1))
        }
    }

    fn next_part(&mut self, source: usize, now: TimeMs, out: &mut Vec<Effect>) -> Option<(u64, u64)> {
        let Some(size) = self.size else {
            let taken = self.taken();
            let from = taken.gap(0, u64::MAX)?.0;
            return Some((from, from.saturating_add(self.limits.block)));
        };
        let taken = self.taken();
        let Some((from, end)) = self.gap_for(source, &taken, size) else {
            return self.split(source, now, out);
        };
        let left = size.saturating_sub(taken.len());
        let shares = u64::from(self.crowd.target()).saturating_mul(2).max(1);
        // A question costs a round trip of its connection: a part lasts many of them.
        let rtt = u64::try_from(self.crowd.rtt()).unwrap_or(0);
        let speed = self.speed_of_one(now);
        let in_one_trip = speed.saturating_mul(rtt) / 1_000;
        // Before anything is known of the line, a question is worth more than a small part.
        let few = if speed == 0 { self.limits.block / 2 } else { self.limits.least_block };
        let least = in_one_trip.saturating_mul(8).clamp(few.max(self.limits.least_block), self.limits.block);
        let most = (in_one_trip.saturating_mul(32)).clamp(self.limits.block, 8 * self.limits.block);
        let of_time = (speed.saturating_mul(PART) / 1_000).clamp(self.limits.block, 128 * self.limits.block);
        let block = if of_time > most {
            // On a fast line the rest goes out in as few parts as there are workers.
            let under_way: u64 = self.workers.values().map(Worker::left).sum();
            let share = (left + under_way).div_ceil((shares / 2).max(1));
            let block = share.clamp(most, of_time);
            if left < block + block / 4 { left } else { block }
        } else {
            (left / shares).clamp(least, most)
        };
        let mut to = end.min(from.saturating_add(block));
        if let Proof::Chunks { ends } = &self.proof
            && let Some(chunk_end) = ends.get(ends.partition_point(|e| *e < to))
            && *chunk_end <= end
            && chunk_end - to <= block / 2
        {
            to = *chunk_end; // One worker brings a chunk where that costs little.
        }
        if end - to < self.limits.least_block / 4 {
            to = end;
        }
        Some((from, to))
    }

    /// Takes the second half of the part that will take longest; all of it from a worker that fell silent.
    fn split(&mut self, source: usize, now: TimeMs, out: &mut Vec<Effect>) -> Option<(u64, u64)> {
        let round_trip = self.crowd.rtt();
        let quiet = ENDGAME_SILENCE.max(4 * round_trip);
        let (last, id) = self
            .workers
            .iter()
            .filter(|(_, w)| w.left() > 0 && w.asked_to.is_some() && self.can_give(source, w.at, w.to))
            .map(|(id, w)| {
                let is_silent = w.is_suspect
                    || match w.phase {
                        Phase::Flowing => now.since(w.last) >= quiet,
                        Phase::Asked => w.is_connected && now.since(w.last) >= self.reply_limit(w.source) / 2,
                        Phase::Free => false,
                    };
                ((is_silent, w.time_left(now)), *id)
            })
            .max()?;
        let is_fast = self.speed_of_one(now).saturating_mul(PART) / 1_000 > 8 * self.limits.block;
        let worker = self.workers.get_mut(&id)?;
        let (at, to) = (worker.at, worker.to);
        let (is_silent, time_left) = last;
        if is_silent {
            self.close(id, out);
            return Some((at, to));
        }
        // What is under way of the second half is lost with the connection: it must be worth it.
        let least = if is_fast { LEAST_SPLIT_FAST_MS } else { LEAST_SPLIT_MS };
        if to - at < LEAST_SPLIT || time_left < least.max(2 * round_trip) {
            return None;
        }
        let middle = at + (to - at) / 2;
        worker.to = middle;
        Some((middle, to))
    }

    /// Whether a source has all of a range and may be asked for it.
    fn can_give(&self, source: usize, from: u64, to: u64) -> bool {
        let Some(source) = self.sources.get(source) else { return false };
        let is_awaited = !source.is_near && self.awaited.gap(from, to) != Some((from, to));
        !is_awaited && source.gives.as_ref().is_none_or(|gives| gives.covers(from, to))
    }

    /// All of the file in one answer, for one worker; what cannot be joined to it is dropped.
    fn whole(&mut self, now: TimeMs, out: &mut Vec<Effect>) -> Option<(u64, u64)> {
        if self.workers.values().any(|w| w.phase != Phase::Free) {
            return None;
        }
        if self.proof == Proof::Length && self.validator.is_none() && !self.got.is_empty() {
            self.start_over(now, out);
        }
        Some((0, self.size.unwrap_or(u64::MAX)))
    }
}
