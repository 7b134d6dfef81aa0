//! One place that has the file: how fast it is, and when it may be asked again.

use daypack_course::TimeMs;
use serde::{Deserialize, Serialize};

use super::worker::Phase;
use super::{Broke, Effect, Fault, Spans, Transfer};
use crate::backoff;

const WAIT_BASE: i64 = 250;
const WAIT_CAP: i64 = 10_000;
const ASKED_CAP: i64 = 60_000;
const REPLY_LEAST: i64 = 5_000;
/// Longest limit for a head, where a source turned out to think for long.
const REPLY_CAP: i64 = 4 * 60_000;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Source {
    /// It gives parts.
    pub has_ranges: bool,
    /// Nothing more is asked of it, and why.
    pub lost: Option<Fault>,
    /// It is not there for now.
    #[serde(skip)]
    pub is_gone: bool,
    /// In this house.
    #[serde(skip)]
    pub is_near: bool,
    /// The bytes it has; `None` for all.
    #[serde(skip)]
    pub gives: Option<Spans>,
    /// A fresh address was asked for; `true` while the answer is awaited.
    pub refreshing: bool,
    refreshes: u32,
    /// Chunks whose digest did not fit, with bytes of it in them.
    pub bad: u32,
    #[serde(skip)]
    pub not_before: TimeMs,
    #[serde(skip)]
    pub last_broke: Option<Broke>,
    /// Failures in a row without a byte.
    #[serde(skip)]
    fails: u32,
    /// Longest wait for a head of late, in milliseconds; 0 before the first.
    #[serde(skip)]
    reply: i64,
    /// Questions in a row without an answer in time.
    #[serde(skip)]
    late: u32,
    /// Bytes a second, over about ten seconds.
    #[serde(skip)]
    pub speed: u64,
    #[serde(skip)]
    window: (TimeMs, u64),
}

impl Default for Source {
    fn default() -> Self {
        Self {
            has_ranges: true,
            lost: None,
            is_gone: false,
            is_near: false,
            gives: None,
            refreshing: false,
            refreshes: 0,
            bad: 0,
            not_before: TimeMs(0),
            last_broke: None,
            fails: 0,
            reply: 0,
            late: 0,
            speed: 0,
            window: (TimeMs(0), 0),
        }
    }
}

impl Source {
    pub fn begin(&mut self) {
        *self = Self {
            has_ranges: self.has_ranges,
            lost: self.lost,
            is_gone: self.is_gone,
            is_near: self.is_near,
            gives: self.gives.take(),
            refreshes: self.refreshes,
            ..Self::default()
        };
    }

    pub fn is_usable(&self) -> bool {
        self.lost.is_none() && !self.refreshing && !self.is_gone
    }

    /// It failed alike three times in a row, without a byte in between.
    pub fn is_hopeless(&self, how: Broke) -> bool {
        self.last_broke == Some(how) && self.fails >= 3
    }

    /// So many connections in a row did not come about.
    pub fn is_refused(&self, most: u32) -> bool {
        self.last_broke == Some(Broke::Unreachable) && self.fails >= most
    }

    pub fn came(&mut self, len: u64, now: TimeMs) {
        self.fails = 0;
        self.refreshes = 0;
        let (since, bytes) = &mut self.window;
        *bytes = bytes.saturating_add(len);
        let ms = u64::try_from(now.since(*since)).unwrap_or(0);
        if ms >= 10_000 {
            self.speed = bytes.saturating_mul(1_000) / ms;
            self.window = (now, 0);
        }
    }

    pub fn replied(&mut self, reply: i64) {
        self.reply = reply.max(self.reply.saturating_mul(7) / 8);
        self.late = 0;
    }

    /// A question got no answer within the limit: the next one waits twice as long, perhaps it only thinks.
    pub fn did_not_reply(&mut self) {
        self.late = self.late.saturating_add(1);
    }

    /// So long a question may be without answer.
    pub fn reply_limit(&self, at_first: i64) -> i64 {
        let usual = if self.reply == 0 { at_first } else { (3 * self.reply + 2_000).max(REPLY_LEAST) };
        usual.saturating_mul(1 << self.late.min(6)).min(REPLY_CAP)
    }

    pub fn fine(&mut self) {
        self.fails = 0;
        self.last_broke = None;
    }

    pub fn wait_until(&mut self, at: TimeMs) {
        self.not_before = self.not_before.max(at);
    }

    pub fn failed(&mut self, how: Broke, brought: u64, seed: (u64, u32), now: TimeMs) {
        self.last_broke = Some(how);
        if brought > 0 {
            self.fails = 0;
            return;
        }
        self.fails = self.fails.saturating_add(1);
        let wait = backoff::wait_ms(seed.0, &seed.1.to_string(), self.fails, WAIT_BASE, WAIT_CAP);
        self.wait_until(now.plus(wait));
    }

    pub fn asked_for_patience(&mut self, not_before: Option<TimeMs>, seed: (u64, u32), now: TimeMs) {
        self.fails = self.fails.saturating_add(1);
        let wait = backoff::wait_ms(seed.0, &seed.1.to_string(), self.fails, 2 * WAIT_BASE, WAIT_CAP);
        let own = now.plus(wait);
        self.not_before = not_before.map_or(own, |at| at.max(own).min(now.plus(ASKED_CAP)));
    }

    pub fn refreshed(&mut self, found: bool, now: TimeMs) {
        if !std::mem::take(&mut self.refreshing) {
            return;
        }
        if found {
            self.not_before = now;
        } else {
            self.lost = Some(Fault::Refused);
        }
    }
}

/// A source that had its part in so many chunks that do not fit is left out while there is another.
const BAD_LIMIT: u32 = 3;

impl Transfer {
    /// A chunk did not fit: whoever brought bytes of it is trusted less. A mirror that brought all of it is left at once;
    /// the source itself may have met a bad line.
    pub(super) fn blame(&mut self, from: u64, to: u64, out: &mut Vec<Effect>) {
        // Mirrors first: what is left in the end is the source itself.
        for at in (0..self.sources.len()).rev() {
            let Some(brought) = self.brought.get_mut(at) else { continue };
            let (touches, is_alone) = (brought.gap(from, to) != Some((from, to)), brought.covers(from, to));
            brought.remove(from, to);
            let others = self.sources.iter().enumerate().any(|(o, s)| o != at && s.is_usable());
            let Some(source) = self.sources.get_mut(at).filter(|_| touches) else { continue };
            source.bad = source.bad.saturating_add(1);
            let is_left = source.bad >= BAD_LIMIT || (at > 0 && is_alone);
            if is_left && others && source.lost.is_none() {
                self.drop_source(at, Fault::WrongBytes, out);
            }
        }
    }

    /// A source that comes, comes back, or has more than before.
    pub(super) fn offers(&mut self, at: usize, gives: Option<Spans>, near: bool) {
        if at > self.sources.len() {
            return;
        }
        if at == self.sources.len() {
            self.sources.push(Source::default());
            self.brought.resize(self.sources.len(), Spans::default());
        }
        let Some(source) = self.sources.get_mut(at) else { return };
        if std::mem::take(&mut source.is_gone) {
            source.fine();
        }
        (source.gives, source.is_near) = (gives, near);
    }

    /// A source that goes; what it brought stays, and it may come back.
    pub(super) fn gone(&mut self, at: usize, out: &mut Vec<Effect>) {
        let Some(source) = self.sources.get_mut(at) else { return };
        source.is_gone = true;
        let its: Vec<u32> = self.workers.iter().filter(|(_, w)| w.source == at).map(|(id, _)| *id).collect();
        its.into_iter().for_each(|id| self.close(id, out));
    }

    /// What somebody near is about to have is left to them, also where it was asked for far away already.
    pub(super) fn wait_for(&mut self, awaited: Spans, now: TimeMs, out: &mut Vec<Effect>) {
        let mut left = Vec::new();
        for (id, worker) in &mut self.workers {
            let is_near = self.sources.get(worker.source).is_some_and(|s| s.is_near);
            if is_near || worker.phase == Phase::Free || worker.asked_to.is_none() {
                continue;
            }
            let Some((from, _)) = awaited.iter().find(|(from, to)| *to > worker.at && *from < worker.to)
            else {
                continue;
            };
            if from <= worker.at {
                left.push(*id);
            } else {
                worker.to = from;
            }
        }
        left.into_iter().for_each(|id| self.close(id, out));
        // Said again whenever somebody near gets on: that is progress, though no byte came here.
        if !awaited.is_empty() {
            self.progress = now;
        }
        self.awaited = awaited;
    }

    /// The address is not good any more: a fresh one is asked for, as often as bytes came in between.
    pub(super) fn expired(&mut self, at: usize, out: &mut Vec<Effect>) {
        let Some(source) = self.sources.get_mut(at) else { return };
        if source.refreshing {
            return;
        }
        source.refreshes = source.refreshes.saturating_add(1);
        if source.refreshes > 3 {
            return self.drop_source(at, Fault::Refused, out);
        }
        source.refreshing = true;
        out.push(Effect::Refresh { source: at });
    }
}
