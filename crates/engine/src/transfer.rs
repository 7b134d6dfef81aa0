//! Bringing one file here over several connections: which bytes are asked for next, of whom, and what an answer or a
//! silence means.
//!
//! What must stay true:
//! - A byte counts as here only when it came from a place that the answer itself named, and it is written once.
//! - With a chunk list nothing counts as proven before its digest fitted; with a digest of the whole the end is
//!   [`Effect::Done`] only after it fitted; without either, parts of two answers are joined only under one validator.
//! - Limits are on silence, never on totals. A slow link is no failure.
//! - Whatever a source sends (all of the file instead of a part, a part from elsewhere, a web page, another version)
//!   ends in the right file or in one [`Fault`] by name.
//!
//! Sources come and go ([`Event::Offers`], [`Event::Gone`]), may have only a part of the file, and may be near: those are
//! asked first. What somebody near is about to bring ([`Event::Awaited`]) is not asked for far away meanwhile.
//!
//! The caller's side: performs effects in their order; for [`Event::Bytes`] the [`Effect::Write`]s speak of the bytes
//! that just came. After [`Effect::Close`] nothing of that worker is reported. [`Transfer::held`] says which bytes to
//! note as here, once they are durable; a later life begins with them. Milliseconds throughout.

mod crowd;
mod head;
mod lease;
mod silence;
mod source;
mod spans;
mod worker;

use std::collections::{BTreeMap, BTreeSet};

use daypack_course::TimeMs;
use serde::{Deserialize, Serialize};

use crowd::Crowd;
pub use head::Head;
use silence::Quiet;
use source::Source;
pub use spans::Spans;
use worker::{Phase, Worker};

/// What the numbers are; the defaults are measured (`docs/decisions/0018-bulk-transfer.md`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Largest part asked for at a time, in bytes.
    pub block: u64,
    /// Smallest part asked for where a larger one is left.
    pub least_block: u64,
    /// Workers to begin with.
    pub first: u32,
    /// Workers at most at one host.
    pub cap: u32,
    /// Workers at most where measured loss asks for more.
    pub lossy_cap: u32,
    /// Silence of one worker in the middle of a body, before it is given up.
    pub worker_silent: i64,
    /// Silence of all workers at once, before new connections are tried.
    pub all_silent: i64,
    /// Silence between a question and the head of its answer, at first.
    pub reply: i64,
    /// Nothing from anybody for so long ends the transfer.
    pub patience: i64,
    /// So many connections in a row that did not come about, at every source, end it too.
    pub refusals: u32,
    /// A network that answers in the source's place for so long ends the transfer.
    pub portal_patience: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            block: 512 << 10,
            least_block: 32 << 10,
            first: 2,
            cap: 6,
            lossy_cap: 32,
            worker_silent: 8_000,
            all_silent: 4_000,
            reply: 30_000,
            patience: 10 * 60_000,
            refusals: u32::MAX,
            portal_patience: 60_000,
        }
    }
}

/// How often wrong bytes are fetched again before the transfer ends.
pub const SPOILED_LIMIT: u32 = 3;
/// How often one chunk is fetched again.
pub const CHUNK_LIMIT: u32 = 6;
/// How often another version at the source begins the file anew.
pub const CHANGED_LIMIT: u32 = 3;

/// How the bytes are proven.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "proof", rename_all = "snake_case")]
pub enum Proof {
    /// By a digest each: where the chunks end, in order; the last is the size.
    Chunks {
        /// Ends in bytes.
        ends: Vec<u64>,
    },
    /// By a digest of the whole.
    Whole,
    /// By nothing but length and the source's validator.
    Length,
}

/// What is to be fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Spreads waits, one per computer.
    pub seed: u64,
    /// Size in bytes, when known.
    pub size: Option<u64>,
    /// How it is proven.
    pub proof: Proof,
    /// How many sources there are; they are named by their place.
    pub sources: usize,
    /// What is here already and durable.
    pub held: Spans,
    /// What is not to be brought, of a file with a chunk list: whole chunks. The file is done without them.
    pub unwanted: Spans,
    /// The validator those bytes came with.
    pub validator: Option<String>,
    /// Whether a web page would be a file in its own right.
    pub page_expected: bool,
    /// The numbers.
    pub limits: Limits,
}

/// Why a worker's question or body ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Broke {
    /// No connection came about.
    Unreachable,
    /// The connection came and the host's identity or its words did not fit.
    Unsafe,
    /// The connection was cut, or the body ended before its end.
    Cut,
    /// The answer was no HTTP, or was led where we do not follow.
    Nonsense,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The transfer begins, in this life.
    Began,
    /// A worker's connection stands; so long did it take.
    Connected {
        /// Which.
        worker: u32,
        /// Milliseconds of one round trip.
        rtt: i64,
    },
    /// The head of an answer.
    Head {
        /// Which worker's.
        worker: u32,
        /// What it says.
        head: Head,
    },
    /// The next bytes of a body.
    Bytes {
        /// Which worker's.
        worker: u32,
        /// How many.
        len: u64,
    },
    /// A body ended as announced.
    Ended {
        /// Which worker's.
        worker: u32,
    },
    /// A question or a body ended early.
    Broke {
        /// Which worker's.
        worker: u32,
        /// How.
        how: Broke,
    },
    /// A chunk was read back and its digest compared.
    Checked {
        /// Which.
        chunk: usize,
        /// Whether it fitted.
        fits: bool,
    },
    /// The whole was read back and its digest compared.
    CheckedWhole {
        /// Whether it fitted.
        fits: bool,
    },
    /// A fresh address was asked for.
    Refreshed {
        /// For which source.
        source: usize,
        /// Whether there is one.
        found: bool,
    },
    /// A source has these bytes now: a new one (the next number), or one that was known.
    Offers {
        /// Which.
        source: usize,
        /// Its bytes; `None` for all.
        gives: Option<Spans>,
        /// In this house: asked before those that are far.
        near: bool,
    },
    /// A source is not there any more.
    Gone {
        /// Which.
        source: usize,
    },
    /// What somebody near is about to have: far sources are not asked for it. Replaces what was said before.
    Awaited {
        /// The bytes.
        spans: Spans,
    },
    /// These bytes are needed first: somebody waits for them.
    Urgent {
        /// First byte.
        from: u64,
        /// Behind the last byte.
        to: u64,
    },
    /// Time passed.
    Tick,
}

/// What to do, in this order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    /// Ask `source` for `[from, to)`; without `to` for all of the file, with no word of a range.
    Ask {
        /// The worker that does it.
        worker: u32,
        /// Whom.
        source: usize,
        /// First byte.
        from: u64,
        /// Behind the last byte.
        to: Option<u64>,
        /// Over a new connection, even if the worker has one.
        anew: bool,
    },
    /// End the worker and its connection.
    Close {
        /// Which.
        worker: u32,
    },
    /// Write a part of the bytes that just came.
    Write {
        /// Bytes to skip at their start.
        skip: u64,
        /// How many.
        len: u64,
        /// Where in the file.
        at: u64,
    },
    /// Compare a chunk's digest, then tell [`Event::Checked`].
    Check {
        /// Which.
        chunk: usize,
        /// First byte.
        from: u64,
        /// Behind the last byte.
        to: u64,
    },
    /// Make all durable, compare the digest of the whole, then tell [`Event::CheckedWhole`].
    CheckWhole,
    /// Bytes noted as here are not any more.
    Forget {
        /// First byte.
        from: u64,
        /// Behind the last byte.
        to: u64,
    },
    /// The file is another one now: nothing noted holds, and the file is this long.
    Anew {
        /// Size, when known.
        size: Option<u64>,
    },
    /// The size is known now.
    Sized {
        /// In bytes.
        size: u64,
    },
    /// Ask for a fresh address of a source whose address has expired.
    Refresh {
        /// Which.
        source: usize,
    },
    /// Nothing more is asked of a source.
    Left {
        /// Which.
        source: usize,
        /// Why.
        why: Fault,
    },
    /// How it goes; for showing.
    Show {
        /// What.
        mood: Mood,
    },
    /// Step with `Tick` at this instant; replaces any earlier wish.
    WakeAt {
        /// When.
        at: TimeMs,
    },
    /// All is here and proven as far as it can be.
    Done,
    /// It ends here; what is held stays.
    Failed {
        /// Why.
        why: Fault,
    },
}

/// How a transfer goes, to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mood {
    /// Bytes come.
    Flowing,
    /// Nothing comes; it is tried again.
    Silent,
    /// A network's sign-in page answers in the source's place.
    Portal,
    /// The source asks for patience.
    Asked,
    /// A digest is compared.
    Proving,
}

/// Why a transfer ended without the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Fault {
    /// Nobody was reached, or all fell silent, for longer than the patience.
    Unreachable,
    /// A network's sign-in page answers in the source's place.
    Portal,
    /// No connection whose other end is who it says.
    Unsafe,
    /// The source has a file of another size, or another one each time.
    Changed,
    /// All came, and the digest does not fit.
    WrongBytes,
    /// The file is not there.
    NotFound,
    /// The source does not give it, or not without signing in again.
    Refused,
    /// A web page, an answer without end, or a form that was not asked for came instead of the file.
    NotAFile,
    /// The source asks for patience, longer than ours.
    Later {
        /// Not before.
        not_before: TimeMs,
    },
}

/// One file on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    seed: u64,
    limits: Limits,
    size: Option<u64>,
    proof: Proof,
    page_expected: bool,
    validator: Option<String>,
    /// Written, maybe not proven.
    got: Spans,
    /// Proven, by chunks.
    proven: Spans,
    checking: BTreeSet<usize>,
    bad_chunks: BTreeMap<usize, u32>,
    unwanted: Spans,
    sources: Vec<Source>,
    /// What each source brought in this life.
    #[serde(skip)]
    brought: Vec<Spans>,
    spoiled: u32,
    changed: u32,
    #[serde(skip)]
    awaited: Spans,
    /// Asked for before anything else.
    #[serde(skip)]
    urgent: Option<(u64, u64)>,
    /// When the first byte of a body came in this life.
    #[serde(skip)]
    flows_since: Option<TimeMs>,
    /// Bytes of bodies that came, and those of them that were of no use.
    came: u64,
    wasted: u64,
    is_over: bool,
    #[serde(skip)]
    workers: BTreeMap<u32, Worker>,
    #[serde(skip)]
    next_worker: u32,
    #[serde(skip)]
    crowd: Crowd,
    #[serde(skip)]
    quiet: Option<Quiet>,
    /// Whether connections outlive an outage, as far as was seen.
    #[serde(skip)]
    survives: Option<bool>,
    /// When anything came last, from anybody.
    #[serde(skip)]
    life: TimeMs,
    /// When bytes of the file came last.
    #[serde(skip)]
    progress: TimeMs,
    #[serde(skip)]
    portal_since: Option<TimeMs>,
    #[serde(skip)]
    mood: Option<Mood>,
    #[serde(skip)]
    proving: bool,
}

impl Transfer {
    /// A transfer that has not begun.
    pub fn new(plan: Plan) -> Self {
        let size = match &plan.proof {
            Proof::Chunks { ends } => Some(ends.last().copied().unwrap_or(0)),
            Proof::Whole | Proof::Length => plan.size,
        };
        let mut got = plan.held;
        if let Some(size) = size {
            got.remove(size, u64::MAX);
        }
        // Without a digest only the validator says whether the rest belongs to the part that is here.
        if plan.proof == Proof::Length && plan.validator.is_none() {
            got = Spans::default();
        }
        let unwanted =
            if matches!(plan.proof, Proof::Chunks { .. }) { plan.unwanted } else { Spans::default() };
        unwanted.iter().for_each(|(from, to)| got.add(from, to));
        let crowd = Crowd::new(&plan.limits);
        Self {
            seed: plan.seed,
            limits: plan.limits,
            size,
            proof: plan.proof,
            page_expected: plan.page_expected,
            validator: plan.validator,
            got,
            proven: unwanted.clone(),
            checking: BTreeSet::new(),
            bad_chunks: BTreeMap::new(),
            unwanted,
            awaited: Spans::default(),
            urgent: None,
            flows_since: None,
            sources: vec![Source::default(); plan.sources.max(1)],
            brought: Vec::new(),
            spoiled: 0,
            changed: 0,
            came: 0,
            wasted: 0,
            is_over: false,
            workers: BTreeMap::new(),
            next_worker: 0,
            crowd,
            quiet: None,
            survives: None,
            life: TimeMs(0),
            progress: TimeMs(0),
            portal_since: None,
            mood: None,
            proving: false,
        }
    }

    /// What is known of a source before it begins; as [`Event::Offers`].
    pub fn know(&mut self, source: usize, gives: Option<Spans>, near: bool) {
        self.offers(source, gives, near);
    }

    /// Bytes written so far; with a chunk list not all of them are proven yet.
    pub fn held(&self) -> &Spans {
        &self.got
    }

    /// Of what is held that which was not wanted and is not here.
    pub fn unwanted(&self) -> &Spans {
        &self.unwanted
    }

    /// Proven ranges: by chunk, or all once done.
    pub fn proven(&self) -> &Spans {
        &self.proven
    }

    /// Size in bytes, when known.
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// The validator of what is held.
    pub fn validator(&self) -> Option<&str> {
        self.validator.as_deref()
    }

    /// Bytes of bodies that came in this life, and how many of them were of no use.
    pub fn traffic(&self) -> (u64, u64) {
        (self.came, self.wasted)
    }

    /// Workers at present, and how many are aimed at.
    pub fn workers(&self) -> (usize, u32) {
        (self.workers.len(), self.crowd.target())
    }

    /// Takes in an event; returns what to do.
    pub fn step(&mut self, event: Event, now: TimeMs) -> Vec<Effect> {
        let mut out = Vec::new();
        if self.is_over {
            return out;
        }
        match event {
            Event::Began => self.begin(now, &mut out),
            Event::Connected { worker, rtt } => self.connected(worker, rtt, now),
            Event::Head { worker, head } => self.head(worker, &head, now, &mut out),
            Event::Bytes { worker, len } => self.bytes(worker, len, now, &mut out),
            Event::Ended { worker } => self.body_ended(worker, now, &mut out),
            Event::Broke { worker, how } => self.broke(worker, how, now, &mut out),
            Event::Checked { chunk, fits } => self.checked(chunk, fits, &mut out),
            Event::CheckedWhole { fits } => self.checked_whole(fits, now, &mut out),
            Event::Refreshed { source, found } => self.refreshed(source, found, now),
            Event::Offers { source, gives, near } => self.offers(source, gives, near),
            Event::Gone { source } => self.gone(source, &mut out),
            Event::Awaited { spans } => self.wait_for(spans, now, &mut out),
            Event::Urgent { from, to } => self.urgent = Some((from, to)),
            Event::Tick => {}
        }
        self.settle(now, &mut out);
        out
    }

    fn begin(&mut self, now: TimeMs, out: &mut Vec<Effect>) {
        self.workers.clear();
        self.quiet = None;
        self.life = now;
        self.progress = now;
        self.portal_since = None;
        self.proving = false;
        self.checking.clear();
        self.flows_since = None;
        self.crowd = Crowd::new(&self.limits);
        self.sources.iter_mut().for_each(Source::begin);
        self.brought = vec![Spans::default(); self.sources.len()];
        if self.got.is_empty() {
            out.push(Effect::Anew { size: self.size });
        }
        self.check_chunks(0, u64::MAX, out);
    }

    fn bytes(&mut self, id: u32, len: u64, now: TimeMs, out: &mut Vec<Effect>) {
        let Some(worker) = self.workers.get_mut(&id).filter(|w| w.phase == Phase::Flowing) else { return };
        self.life = now;
        let (from, end, source) = (worker.at, worker.at.saturating_add(len), worker.source);
        worker.heard(now);
        worker.at = end;
        self.came = self.came.saturating_add(len);
        self.flows_since.get_or_insert(now);
        if let Some(source) = self.sources.get_mut(worker.source) {
            source.came(len, now);
        }
        let most = worker.to.min(self.size.unwrap_or(u64::MAX));
        let asked = worker.asked_to.or(self.size).unwrap_or(u64::MAX);
        let (is_over_end, is_done) = (end > asked, end >= most && worker.to != u64::MAX);
        let mut kept = 0;
        let mut at = from;
        // Of a body that runs through what is here already only the gaps are written.
        while let Some((a, b)) = self.got.gap(at, end.min(most)) {
            out.push(Effect::Write { skip: a - from, len: b - a, at: a });
            self.got.add(a, b);
            if let Some(brought) = self.brought.get_mut(source) {
                brought.add(a, b);
            }
            kept += b - a;
            at = b;
        }
        self.wasted = self.wasted.saturating_add(len.saturating_sub(kept));
        self.crowd.came(kept);
        if kept > 0 {
            self.progress = now;
            self.portal_since = None;
            self.show(Mood::Flowing, out);
        }
        self.check_chunks(from, end.min(most), out);
        if is_over_end {
            // More than was announced: the connection cannot be trusted any further.
            self.close(id, out);
        } else if is_done {
            self.part_is_here(id, now, out);
        }
    }

    /// The worker has all it was to bring; the rest of its body, if any, is not wanted.
    fn part_is_here(&mut self, id: u32, now: TimeMs, out: &mut Vec<Effect>) {
        let Some(worker) = self.workers.get_mut(&id) else { return };
        let whole_answer = worker.asked_to.is_some_and(|to| worker.at >= to);
        let source = worker.source;
        if whole_answer {
            worker.phase = Phase::Free;
            worker.since = now;
        } else {
            self.close(id, out);
        }
        if let Some(source) = self.sources.get_mut(source) {
            source.fine();
        }
    }

    fn body_ended(&mut self, id: u32, now: TimeMs, out: &mut Vec<Effect>) {
        let Some(worker) = self.workers.get_mut(&id) else { return };
        worker.heard(now);
        self.life = now;
        match worker.phase {
            Phase::Free => {}
            Phase::Flowing if worker.asked_to.is_none() && self.size.is_none() => {
                // A body of a length that nobody told. Where its end was not told either, only a digest can tell an
                // end from a cut.
                let (at, is_framed) = (worker.at, worker.is_framed);
                self.close(id, out);
                if self.proof == Proof::Whole || is_framed {
                    self.size = Some(at);
                    out.push(Effect::Sized { size: at });
                } else {
                    self.fail(Fault::NotAFile, out);
                }
            }
            Phase::Flowing | Phase::Asked => self.broke(id, Broke::Cut, now, out),
        }
    }

    fn broke(&mut self, id: u32, how: Broke, now: TimeMs, out: &mut Vec<Effect>) {
        let Some(worker) = self.workers.remove(&id) else { return };
        out.push(Effect::Close { worker: id });
        if worker.phase == Phase::Free {
            return; // An idle connection that the other side closed.
        }
        if let Some(source) = self.sources.get_mut(worker.source) {
            // A connection that was kept may have been closed by the other side just as it was used again.
            let is_stale = how == Broke::Cut && worker.phase == Phase::Asked && !worker.is_new;
            if !is_stale {
                source.failed(how, worker.brought(), (self.seed, id), now);
            }
        }
        if let Some(quiet) = &mut self.quiet {
            quiet.forget(id);
        }
    }

    fn checked(&mut self, chunk: usize, fits: bool, out: &mut Vec<Effect>) {
        if !self.checking.remove(&chunk) {
            return;
        }
        let Some((from, to)) = self.chunk_span(chunk) else { return };
        if fits {
            self.proven.add(from, to);
            return;
        }
        self.got.remove(from, to);
        self.wasted = self.wasted.saturating_add(to - from);
        out.push(Effect::Forget { from, to });
        self.blame(from, to, out);
        let times = self.bad_chunks.entry(chunk).or_insert(0);
        *times = times.saturating_add(1);
        if *times >= CHUNK_LIMIT {
            self.fail(Fault::WrongBytes, out);
        }
    }

    fn checked_whole(&mut self, fits: bool, now: TimeMs, out: &mut Vec<Effect>) {
        if !std::mem::take(&mut self.proving) {
            return;
        }
        if fits {
            self.proven.add(0, self.size.unwrap_or(0));
            self.is_over = true;
            out.push(Effect::Done);
            return;
        }
        self.spoiled = self.spoiled.saturating_add(1);
        if self.spoiled >= SPOILED_LIMIT {
            out.push(Effect::Anew { size: None });
            self.got = Spans::default();
            self.fail(Fault::WrongBytes, out);
        } else {
            self.start_over(now, out);
        }
    }

    /// Nothing that is here belongs to the file any more.
    fn start_over(&mut self, now: TimeMs, out: &mut Vec<Effect>) {
        self.close_all(out);
        self.wasted = self.wasted.saturating_add(self.got.len());
        self.got = Spans::default();
        self.proven = Spans::default();
        self.validator = None;
        self.checking.clear();
        self.progress = now;
        if self.proof == Proof::Length {
            self.size = None;
        }
        out.push(Effect::Anew { size: self.size });
    }

    fn refreshed(&mut self, source: usize, found: bool, now: TimeMs) {
        if let Some(source) = self.sources.get_mut(source) {
            source.refreshed(found, now);
        }
    }

    /// After each event: is it over, who is silent, who asks for what.
    fn settle(&mut self, now: TimeMs, out: &mut Vec<Effect>) {
        if self.is_over {
            return;
        }
        if self.is_all_here() {
            return self.conclude(out);
        }
        if let Some(fault) = self.is_lost(now) {
            return self.fail(fault, out);
        }
        let mut wake = self.mind_silence(now, out);
        if !self.is_over {
            self.judge_crowd(now, &mut wake);
            self.hand_out(now, &mut wake, out);
            out.push(Effect::WakeAt { at: wake.max(now.plus(1)) });
        }
    }

    fn is_all_here(&self) -> bool {
        self.size.is_some_and(|size| self.got.covers(0, size))
    }

    fn conclude(&mut self, out: &mut Vec<Effect>) {
        if !self.checking.is_empty() || self.proving {
            return;
        }
        self.close_all(out);
        match &self.proof {
            // A list without chunks proves nothing: the empty file needs no proof.
            Proof::Chunks { .. } if self.proven.covers(0, self.size.unwrap_or(0)) => {
                self.is_over = true;
                out.push(Effect::Done);
            }
            Proof::Chunks { .. } => self.check_chunks(0, u64::MAX, out),
            Proof::Whole => {
                self.proving = true;
                self.show(Mood::Proving, out);
                out.push(Effect::CheckWhole);
            }
            Proof::Length => {
                self.is_over = true;
                out.push(Effect::Done);
            }
        }
    }

    /// Chunks that are whole in `[from, to)` and not yet proven are compared.
    fn check_chunks(&mut self, from: u64, to: u64, out: &mut Vec<Effect>) {
        let Proof::Chunks { ends } = &self.proof else { return };
        let first = ends.partition_point(|end| *end <= from);
        for (chunk, end) in ends.iter().enumerate().skip(first) {
            let start = chunk.checked_sub(1).and_then(|before| ends.get(before)).copied().unwrap_or(0);
            if start >= to {
                break;
            }
            let is_new = self.got.covers(start, *end) && !self.proven.covers(start, *end);
            if is_new && self.checking.insert(chunk) {
                out.push(Effect::Check { chunk, from: start, to: *end });
            }
        }
    }

    fn chunk_span(&self, chunk: usize) -> Option<(u64, u64)> {
        let Proof::Chunks { ends } = &self.proof else { return None };
        let end = ends.get(chunk).copied()?;
        Some((chunk.checked_sub(1).and_then(|before| ends.get(before)).copied().unwrap_or(0), end))
    }

    fn close(&mut self, id: u32, out: &mut Vec<Effect>) {
        if self.workers.remove(&id).is_some() {
            if let Some(quiet) = &mut self.quiet {
                quiet.forget(id);
            }
            out.push(Effect::Close { worker: id });
        }
    }

    fn close_all(&mut self, out: &mut Vec<Effect>) {
        self.quiet = None;
        out.extend(std::mem::take(&mut self.workers).into_keys().map(|worker| Effect::Close { worker }));
    }

    fn fail(&mut self, why: Fault, out: &mut Vec<Effect>) {
        self.close_all(out);
        self.is_over = true;
        out.push(Effect::Failed { why });
    }

    fn show(&mut self, mood: Mood, out: &mut Vec<Effect>) {
        if self.mood != Some(mood) {
            self.mood = Some(mood);
            out.push(Effect::Show { mood });
        }
    }
}
