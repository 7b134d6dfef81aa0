//! One life of one transfer.

use std::collections::{BTreeMap, VecDeque};

use daypack_course::TimeMs;
use daypack_engine::transfer::{Broke, Effect, Event, Fault, Head, Limits, Plan, Proof, Spans, Transfer};

use crate::common::{Calendar, Dice};

const BAD_MS: i64 = 120_000;
const END_MS: i64 = BAD_MS + 30 * 60_000;

/// How the machine is used: soundly, or with one mistake that the judge must see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Habit {
    Sound,
    TrustsA200,
    ForgetsToVerify,
    BelievesAnyPlace,
    JoinsVersions,
    NotesTooEarly,
    NeverTicks,
}

/// What happened in a life.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub done: u32,
    pub faults: u32,
    pub crashes: u32,
    pub flips: u32,
    pub wholes: u32,
    pub lies: u32,
    pub pages: u32,
    pub versions: u32,
    pub cuts: u32,
    pub silences: u32,
}

impl Tally {
    pub fn add(&mut self, other: &Self) {
        self.done += other.done;
        self.faults += other.faults;
        self.crashes += other.crashes;
        self.flips += other.flips;
        self.wholes += other.wholes;
        self.lies += other.lies;
        self.pages += other.pages;
        self.versions += other.versions;
        self.cuts += other.cuts;
        self.silences += other.silences;
    }
}

enum Deed {
    /// The next thing of a question comes.
    Next(u32, u64),
    Checked(u64, Event),
    Wake(u64),
    Note,
    Crash,
    NewVersion,
}

enum Comes {
    Connected,
    Head(Head),
    Bytes(Vec<u8>),
    Ended,
    Cut,
}

/// What goes wrong at the sources of this life, in percent of the answers of the bad time.
#[derive(Default)]
struct Bad {
    whole: u64,
    lie: u64,
    page: u64,
    later: u64,
    flip: u64,
    cut: u64,
    silent: u64,
}

pub struct Life {
    habit: Habit,
    dice: Dice,
    now: i64,
    calendar: Calendar<Deed>,
    size: u64,
    proof: Proof,
    has_validator: bool,
    /// Sources that never give parts.
    no_ranges: bool,
    version: u64,
    bad: Bad,
    /// Times without a link, and whether connections outlive them.
    outages: Vec<(i64, i64)>,
    keeps: bool,
    machine: Transfer,
    life: u64,
    file: Vec<u8>,
    noted: (Spans, Option<String>, Option<u64>),
    asks: BTreeMap<u32, u64>,
    coming: BTreeMap<(u32, u64), VecDeque<(i64, Comes)>>,
    questions: u64,
    wakes: u64,
    end: Option<Result<(), Fault>>,
    pub tally: Tally,
}

fn byte(version: u64, at: u64) -> u8 {
    let mut z = (at / 8 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(version << 32);
    z = (z ^ (z >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (z >> ((at % 8) * 8)) as u8
}

fn content(version: u64, from: u64, to: u64) -> Vec<u8> {
    (from..to).map(|at| byte(version, at)).collect()
}

/// Whether a piece is what it should be.
fn is_content(piece: &[u8], version: u64, from: u64) -> bool {
    piece.iter().zip(from..).all(|(found, at)| *found == byte(version, at))
}

impl Life {
    pub fn new(seed: u64, habit: Habit) -> Self {
        let mut dice = Dice::new(seed);
        let size = if dice.percent(5) { 0 } else { dice.between(1, 60_000) as u64 };
        let proof = match dice.below(3) {
            0 => {
                let (mut ends, mut at) = (Vec::new(), 0);
                while at < size {
                    at = size.min(at + dice.between(500, 6_000) as u64);
                    ends.push(at);
                }
                Proof::Chunks { ends }
            }
            1 => Proof::Whole,
            _ => Proof::Length,
        };
        let mut p = |most: i64| if dice.percent(50) { 0 } else { dice.between(1, most) as u64 };
        let mut bad = Bad {
            whole: p(30),
            lie: p(20),
            page: p(10),
            later: p(20),
            flip: p(20),
            cut: p(30),
            silent: p(20),
        };
        if proof == Proof::Length {
            // Nobody could tell.
            bad.flip = 0;
        }
        let mut life = Self {
            habit,
            now: 1_000,
            calendar: Calendar::default(),
            size,
            has_validator: dice.percent(80),
            no_ranges: dice.percent(10),
            version: 0,
            bad,
            outages: Vec::new(),
            keeps: dice.percent(50),
            machine: Transfer::new(plan(&proof, None, 1, Spans::default(), None, seed)),
            proof,
            life: 0,
            file: Vec::new(),
            noted: (Spans::default(), None, None),
            asks: BTreeMap::new(),
            coming: BTreeMap::new(),
            questions: 0,
            wakes: 0,
            end: None,
            tally: Tally::default(),
            dice,
        };
        life.imagine();
        life
    }

    fn imagine(&mut self) {
        let mut at = 0;
        while at < BAD_MS && self.dice.percent(80) {
            let from = at + self.dice.between(2_000, 40_000);
            let to = from + self.dice.between(1_000, 20_000);
            self.outages.push((from, to));
            at = to;
        }
        for _ in 0..self.dice.below(3) {
            let at = self.dice.between(1_001, 9_000);
            self.calendar.plan(at, Deed::Crash);
        }
        // Who has a digest asks for a name that means these bytes for ever.
        if self.proof == Proof::Length {
            for _ in 0..self.dice.below(3) {
                let at = self.dice.between(1_001, 9_000);
                self.calendar.plan(at, Deed::NewVersion);
            }
        }
        self.calendar.plan(1_500, Deed::Note);
    }

    pub fn live(&mut self) -> Result<(), String> {
        self.step(Event::Began, &[])?;
        while self.end.is_none() {
            let Some((at, deed)) = self.calendar.next() else { break };
            if at > END_MS {
                break;
            }
            self.now = at;
            self.happen(deed)?;
        }
        match &self.end {
            Some(Ok(())) => {
                self.tally.done += 1;
                let right = (0..=self.version).any(|v| self.file == content(v, 0, self.size));
                let is_named = self.proof != Proof::Length;
                if !right || (is_named && self.file != content(0, 0, self.size)) {
                    return Err(format!("done with wrong bytes, {:?}", self.proof));
                }
                Ok(())
            }
            Some(Err(fault)) => {
                self.tally.faults += 1;
                let may = match fault {
                    Fault::WrongBytes => self.bad.flip > 0,
                    Fault::Changed => self.tally.versions > 0 || !self.has_validator,
                    Fault::Portal | Fault::Unreachable | Fault::Later { .. } => true,
                    _ => false,
                };
                if may { Ok(()) } else { Err(format!("wrong fault {fault:?}")) }
            }
            None => Err(format!("never ended: {:?} of {}", self.machine.held(), self.size)),
        }
    }

    fn is_bad_time(&self) -> bool {
        self.now < BAD_MS
    }

    fn happen(&mut self, deed: Deed) -> Result<(), String> {
        match deed {
            Deed::Next(worker, question) => self.next(worker, question),
            Deed::Checked(life, event) if life == self.life => self.step(event, &[]),
            Deed::Wake(number) if number == self.wakes && self.habit != Habit::NeverTicks => {
                self.step(Event::Tick, &[])
            }
            Deed::Checked(..) | Deed::Wake(_) => Ok(()),
            Deed::Note => {
                self.note();
                let at = self.now + self.dice.between(200, 2_000);
                self.calendar.plan(at, Deed::Note);
                Ok(())
            }
            Deed::NewVersion => {
                self.version += 1;
                self.tally.versions += 1;
                Ok(())
            }
            Deed::Crash => {
                self.tally.crashes += 1;
                self.life += 1;
                self.asks.clear();
                self.coming.clear();
                if self.habit == Habit::NotesTooEarly {
                    self.note();
                }
                let durable =
                    if self.habit == Habit::NotesTooEarly { Spans::default() } else { self.noted.0.clone() };
                // What was not noted may be anything after a power cut.
                let (mut at, end) = (0, self.file.len() as u64);
                while let Some((a, b)) = durable.gap(at, end) {
                    self.file[a as usize..b as usize].fill(0xEE);
                    at = b;
                }
                let (held, validator, size) = self.noted.clone();
                let size = if self.proof == Proof::Length { size } else { None };
                self.machine = Transfer::new(plan(&self.proof, size, 1, held, validator, self.life));
                self.step(Event::Began, &[])
            }
        }
    }

    fn note(&mut self) {
        let validator = self.machine.validator().map(str::to_owned);
        self.noted = (self.machine.held().clone(), validator, self.machine.size());
    }

    fn next(&mut self, worker: u32, question: u64) -> Result<(), String> {
        if self.asks.get(&worker) != Some(&question) {
            return Ok(());
        }
        if let Some((_, end)) = self.outages.iter().find(|(a, b)| (*a..*b).contains(&self.now)).copied() {
            self.tally.silences += 1;
            let is_connecting = self
                .coming
                .get(&(worker, question))
                .is_some_and(|c| matches!(c.front(), Some((_, Comes::Connected))));
            if self.keeps || is_connecting {
                let at = end + self.dice.between(100, 3_000);
                self.calendar.plan(at, Deed::Next(worker, question));
            }
            return Ok(());
        }
        let Some(comes) = self.coming.get_mut(&(worker, question)).and_then(|c| c.pop_front()) else {
            return Ok(());
        };
        if let Some((gap, _)) = self.coming.get(&(worker, question)).and_then(|c| c.front()) {
            self.calendar.plan(self.now + gap, Deed::Next(worker, question));
        }
        match comes.1 {
            Comes::Connected => self.step(Event::Connected { worker, rtt: 100 }, &[]),
            Comes::Head(head) => self.step(Event::Head { worker, head }, &[]),
            Comes::Bytes(bytes) => self.step(Event::Bytes { worker, len: bytes.len() as u64 }, &bytes),
            Comes::Ended => self.step(Event::Ended { worker }, &[]),
            Comes::Cut => self.step(Event::Broke { worker, how: Broke::Cut }, &[]),
        }
    }

    fn step(&mut self, event: Event, bytes: &[u8]) -> Result<(), String> {
        for effect in self.machine.step(event, TimeMs(self.now)) {
            match effect {
                Effect::Ask { worker, from, to, anew, .. } => self.ask(worker, from, to, anew),
                Effect::Close { worker } => {
                    self.asks.remove(&worker);
                }
                Effect::Write { skip, len, at } => {
                    let piece =
                        bytes.get(skip as usize..(skip + len) as usize).ok_or("writes what never came")?;
                    let end = (at + len) as usize;
                    if self.file.len() < end {
                        self.file.resize(end, 0);
                    }
                    self.file[at as usize..end].copy_from_slice(piece);
                }
                Effect::Check { chunk, from, to } => {
                    let found = self.file.get(from as usize..to as usize).unwrap_or_default();
                    let fits = (found.len() as u64 == to - from && is_content(found, 0, from))
                        || self.habit == Habit::ForgetsToVerify;
                    self.calendar
                        .plan(self.now + 5, Deed::Checked(self.life, Event::Checked { chunk, fits }));
                }
                Effect::CheckWhole => {
                    let fits = (self.file.len() as u64 == self.size && is_content(&self.file, 0, 0))
                        || self.habit == Habit::ForgetsToVerify;
                    self.calendar.plan(self.now + 5, Deed::Checked(self.life, Event::CheckedWhole { fits }));
                }
                Effect::Forget { from, to } => self.noted.0.remove(from, to),
                Effect::Anew { size } => {
                    self.noted = (Spans::default(), None, None);
                    self.file = vec![0; size.unwrap_or(0) as usize];
                }
                Effect::Sized { size } => self.file.resize(size as usize, 0),
                Effect::Refresh { .. } => return Err("wrong: nobody expired".into()),
                Effect::Show { .. } | Effect::Left { .. } => {}
                Effect::WakeAt { at } => {
                    self.wakes += 1;
                    self.calendar.plan(at.0.max(self.now + 1), Deed::Wake(self.wakes));
                }
                Effect::Done => self.end = Some(Ok(())),
                Effect::Failed { why } => self.end = Some(Err(why)),
            }
        }
        Ok(())
    }

    /// What the source will send, with the time between one thing and the next.
    fn ask(&mut self, worker: u32, from: u64, to: Option<u64>, anew: bool) {
        self.questions += 1;
        let question = self.questions;
        self.asks.insert(worker, question);
        let is_bad = self.is_bad_time();
        let mut roll = |percent: u64| is_bad && self.dice.percent(percent);
        let (whole, lie, page) = (roll(self.bad.whole), roll(self.bad.lie), roll(self.bad.page));
        let (later, flip, cut, silent) =
            (roll(self.bad.later), roll(self.bad.flip), roll(self.bad.cut), roll(self.bad.silent));
        let version = self.version;
        let validator = match (self.habit, self.has_validator) {
            (Habit::JoinsVersions, _) => Some("v".to_owned()),
            (_, true) => Some(format!("v{version}")),
            (_, false) => None,
        };
        let mut coming = VecDeque::new();
        let lag = self.dice.between(20, 600);
        if anew {
            coming.push_back((lag, Comes::Connected));
        }
        let to_end = to.map(|to| to.min(self.size));
        let mut head = Head { status: 200, validator, reply: lag, total: Some(self.size), ..Head::default() };
        let mut span = (0, self.size);
        if page {
            self.tally.pages += 1;
            head = Head { status: 200, is_page: true, total: Some(202), reply: lag, ..Head::default() };
            span = (0, 0);
        } else if later {
            head = Head {
                status: 503,
                not_before: Some(TimeMs(self.now + 2_000)),
                reply: lag,
                ..Head::default()
            };
            span = (0, 0);
        } else if let Some(end) = to_end {
            if whole || self.no_ranges {
                self.tally.wholes += 1;
                if self.habit == Habit::TrustsA200 {
                    head.status = 206;
                    head.range = Some((from, end));
                }
            } else if from >= self.size {
                head.status = 416;
                span = (0, 0);
            } else {
                head.status = 206;
                span = (from, end);
                head.range = Some(span);
                if lie && from > 512 {
                    self.tally.lies += 1;
                    span = (from - 512, end - 512);
                    head.range = Some(if self.habit == Habit::BelievesAnyPlace { (from, end) } else { span });
                }
            }
        }
        coming.push_back((lag, Comes::Head(head)));
        let stops_at = if cut || silent { span.0 + (span.1 - span.0) / 2 } else { span.1 };
        let mut at = span.0;
        while at < stops_at {
            let end = stops_at.min(at + self.dice.between(200, 2_500) as u64);
            let mut bytes = content(version, at, end);
            if flip && at == span.0 {
                self.tally.flips += 1;
                bytes[0] ^= 1;
            }
            coming.push_back((self.dice.between(1, 400), Comes::Bytes(bytes)));
            at = end;
        }
        if silent {
            self.tally.silences += 1;
        } else if cut {
            self.tally.cuts += 1;
            coming.push_back((10, Comes::Cut));
        } else {
            coming.push_back((1, Comes::Ended));
        }
        let first = coming.front().map_or(1, |(gap, _)| *gap);
        self.coming.insert((worker, question), coming);
        self.calendar.plan(self.now + first, Deed::Next(worker, question));
    }
}

fn plan(
    proof: &Proof,
    size: Option<u64>,
    sources: usize,
    held: Spans,
    validator: Option<String>,
    seed: u64,
) -> Plan {
    let limits = Limits { block: 8_000, least_block: 1_000, ..Limits::default() };
    Plan {
        seed,
        size,
        proof: proof.clone(),
        sources,
        held,
        unwanted: Spans::default(),
        validator,
        page_expected: false,
        limits,
    }
}
