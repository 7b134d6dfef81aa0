//! The head of an answer, and what it is worth.
//!
//! A status alone proves nothing: the place of the bytes, the length, the validator and the kind must fit what was
//! asked for.

use daypack_course::TimeMs;
use serde::{Deserialize, Serialize};

use super::worker::Phase;
use super::{CHANGED_LIMIT, Effect, Fault, Mood, Proof, Transfer};

/// The facts of a head.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Head {
    /// HTTP status.
    pub status: u16,
    /// First byte and the one behind the last, as `Content-Range` says; `None` where it says nothing sensible.
    pub range: Option<(u64, u64)>,
    /// Size of the whole file: of `Content-Range`, or the length of an answer with status 200.
    pub total: Option<u64>,
    /// What names this version of the file: a strong `ETag`, or else `Last-Modified`.
    pub validator: Option<String>,
    /// The end of the body is told, by a length or by the way it is sent; otherwise a cut looks like an end.
    pub is_framed: bool,
    /// A web page.
    pub is_page: bool,
    /// Packed in a way that was not asked for.
    pub is_encoded: bool,
    /// Not before, when the source says so.
    pub not_before: Option<TimeMs>,
    /// Milliseconds from the question to this head.
    pub reply: i64,
}

enum Verdict {
    /// Bytes come, the first of them at this place.
    Fits(u64),
    /// All of the file comes although a part was asked for.
    NoRanges,
    /// Bytes of another place.
    Lie,
    Portal,
    Another,
    Nothing,
    /// The file ends before what was asked for: of a size that was not known yet.
    Behind(u64),
    Gone,
    Expired,
    Later,
    NotAFile,
}

impl Transfer {
    pub(super) fn head(&mut self, id: u32, head: &Head, now: TimeMs, out: &mut Vec<Effect>) {
        let Some(worker) = self.workers.get_mut(&id).filter(|w| w.phase == Phase::Asked) else { return };
        worker.heard(now);
        worker.is_connected = true;
        self.life = now;
        let (source, from, asked_to) = (worker.source, worker.from, worker.asked_to);
        if let Some(source) = self.sources.get_mut(source) {
            source.replied(head.reply);
        }
        let after_outage = self.is_after_outage();
        self.crowd.round_trip(head.reply, after_outage, now);
        match self.judge(head, from, asked_to) {
            Verdict::Fits(at) => self.flows(id, head, at, now, out),
            Verdict::NoRanges | Verdict::Lie => {
                if let Some(source) = self.sources.get_mut(source) {
                    source.has_ranges = false;
                }
                self.close(id, out);
            }
            Verdict::Portal => {
                let since = *self.portal_since.get_or_insert(now);
                self.show(Mood::Portal, out);
                let tries = u32::try_from(now.since(since) / 1_000).unwrap_or(0);
                if let Some(source) = self.sources.get_mut(source) {
                    source.wait_until(now.plus(500 + i64::from(tries.min(8)) * 250));
                }
                self.close_all(out);
                if now.since(since) >= self.limits.portal_patience {
                    self.fail(Fault::Portal, out);
                }
            }
            Verdict::Another => self.another(source, now, out),
            Verdict::Nothing => {
                self.size = Some(0);
                out.push(Effect::Sized { size: 0 });
                self.close(id, out);
            }
            Verdict::Behind(size) => {
                self.size = Some(size);
                out.push(Effect::Sized { size });
                self.close(id, out);
            }
            Verdict::Gone => self.drop_source(source, Fault::NotFound, out),
            Verdict::Expired => {
                self.close(id, out);
                self.expired(source, out);
            }
            Verdict::Later => {
                self.close(id, out);
                self.show(Mood::Asked, out);
                let seed = (self.seed, id);
                if let Some(source) = self.sources.get_mut(source) {
                    source.asked_for_patience(head.not_before, seed, now);
                }
            }
            Verdict::NotAFile => self.drop_source(source, Fault::NotAFile, out),
        }
    }

    fn judge(&self, head: &Head, from: u64, asked_to: Option<u64>) -> Verdict {
        match head.status {
            511 => return Verdict::Portal,
            404 | 410 => return Verdict::Gone,
            401 | 403 => return Verdict::Expired,
            429 | 500..=599 | 408 => return Verdict::Later,
            416 if head.total == Some(0) && self.size.is_none_or(|size| size == 0) => {
                return Verdict::Nothing;
            }
            416 => {
                let end = head.total.filter(|end| *end <= from && self.size.is_none_or(|size| size == *end));
                return end.map_or(Verdict::Another, Verdict::Behind);
            }
            200 | 206 => {}
            _ => return Verdict::NotAFile,
        }
        if head.is_page && !self.page_expected && head.validator.is_none() {
            return Verdict::Portal;
        }
        if head.is_encoded {
            return Verdict::NotAFile;
        }
        if let (Some(known), Some(said)) = (self.size, head.total)
            && known != said
        {
            return if head.is_page { Verdict::Portal } else { Verdict::Another };
        }
        let is_joined = self.proof == Proof::Length && self.has_begun();
        if is_joined && (head.validator != self.validator || head.validator.is_none()) {
            return Verdict::Another;
        }
        match (head.status, asked_to) {
            (206, None) => Verdict::Lie,
            (206, Some(to)) => match head.range {
                Some((start, end))
                    if start == from && (end == to || (end < to && Some(end) == head.total)) =>
                {
                    Verdict::Fits(from)
                }
                _ => Verdict::Lie,
            },
            (_, None) => Verdict::Fits(0),
            // The first answer of all can be used as it is.
            (_, Some(_)) if from == 0 && !self.has_begun() => Verdict::Fits(0),
            (_, Some(_)) => Verdict::NoRanges,
        }
    }

    /// Bytes are here or on their way that what comes now must belong to.
    fn has_begun(&self) -> bool {
        !self.got.is_empty() || self.workers.values().any(|w| w.phase == Phase::Flowing)
    }

    fn flows(&mut self, id: u32, head: &Head, at: u64, now: TimeMs, out: &mut Vec<Effect>) {
        if self.size.is_none()
            && let Some(size) = head.total
        {
            self.size = Some(size);
            out.push(Effect::Sized { size });
        }
        if !self.has_begun() || self.validator.is_none() {
            self.validator.clone_from(&head.validator);
        }
        let size = self.size;
        let Some(worker) = self.workers.get_mut(&id) else { return };
        worker.phase = Phase::Flowing;
        worker.since = now;
        worker.at = at;
        worker.is_framed = head.is_framed;
        let is_whole = head.status == 200;
        if is_whole {
            worker.from = 0;
            worker.asked_to = None;
            worker.to = size.unwrap_or(u64::MAX);
        } else if let Some(size) = size {
            worker.to = worker.to.min(size);
            worker.asked_to = worker.asked_to.map(|to| to.min(size));
        }
        let (source, end) = (worker.source, worker.to);
        // An unproven file without validator comes in one answer or not at all.
        let in_one = self.proof == Proof::Length && head.validator.is_none();
        if let Some(source) = self.sources.get_mut(source)
            && (is_whole || in_one)
        {
            source.has_ranges = false;
        }
        if is_whole {
            let others: Vec<u32> = self.workers.keys().copied().filter(|other| *other != id).collect();
            others.into_iter().for_each(|other| self.close(other, out));
        }
        if in_one && !is_whole && size.is_none_or(|size| end < size) {
            self.close(id, out);
        }
    }

    /// The source has another file than the one begun.
    fn another(&mut self, source: usize, now: TimeMs, out: &mut Vec<Effect>) {
        if self.proof != Proof::Length {
            // What is asked for is named by its digest: this source does not have it.
            return self.drop_source(source, Fault::Changed, out);
        }
        self.changed = self.changed.saturating_add(1);
        if self.changed > CHANGED_LIMIT {
            return self.fail(Fault::Changed, out);
        }
        self.start_over(now, out);
        // A file that changes from answer to answer can only come in one.
        if self.changed >= 2
            && let Some(source) = self.sources.get_mut(source)
        {
            source.has_ranges = false;
        }
    }

    /// Nothing more is asked of this source; when it was the last, the transfer ends.
    pub(super) fn drop_source(&mut self, at: usize, why: Fault, out: &mut Vec<Effect>) {
        if let Some(source) = self.sources.get_mut(at) {
            source.lost = Some(why);
            out.push(Effect::Left { source: at, why });
        }
        let its: Vec<u32> = self.workers.iter().filter(|(_, w)| w.source == at).map(|(id, _)| *id).collect();
        its.into_iter().for_each(|id| self.close(id, out));
        if self.all_lost().is_some() {
            self.fail(why, out);
        }
    }

    /// Why nothing more can come: all that ever were there are lost, not only gone for now.
    pub(super) fn all_lost(&self) -> Option<Fault> {
        let is_all = self.sources.iter().all(|s| s.lost.is_some());
        is_all.then(|| self.sources.first().and_then(|s| s.lost)).flatten()
    }
}
