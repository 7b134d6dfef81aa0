//! One room: computers, a line they share, and a network between them that is fast.
#![allow(clippy::indexing_slicing)]

use std::collections::BTreeMap;

use daypack_course::{Digest, TimeMs};
use daypack_engine::peers::{Event, PeerId, Says, Share, Sharing};
use daypack_engine::transfer::Spans;

use crate::common::Dice;

const STEP: i64 = 500;
const POLL: i64 = 2_000;
const END: i64 = 3 * 3_600_000;
const CHUNK: u64 = 256 << 10;
const OBJECTS: usize = 6;
const OBJECT: u64 = 12 * CHUNK;
/// Bytes a second of the line, for all together.
const LINE: u64 = 64 << 10;
/// Bytes a second between two computers.
const LAN: u64 = 4 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Habit {
    Shares,
    EachForItself,
    TakesOnly,
    Believes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    Good,
    /// Gone at this instant, with all it has.
    Leaves(i64),
    /// Says it has everything; its bytes are wrong.
    Lies,
    /// Wants the course, and its own way to the source is dead from this instant.
    Stalls(i64),
    /// Says that it gets on, and has nothing ever.
    Pretends,
}

#[derive(Clone, Copy, Debug, Default)]
pub struct Told {
    /// Bytes over the line, in courses.
    pub line: f64,
    pub ended_ms: i64,
    pub ideal_ms: i64,
}

struct Work {
    sharing: Sharing,
    share: Share,
    got: Spans,
    /// Whole chunks of it.
    proven: Spans,
    wrong: Spans,
    /// The part under way over the line.
    part: Option<(u64, u64)>,
    polled: i64,
}

struct Computer {
    id: PeerId,
    manner: Manner,
    begins: i64,
    passed_over: Vec<PeerId>,
    /// Objects in study order; `None` before it is begun.
    work: Vec<Option<Work>>,
}

pub struct Room {
    habit: Habit,
    now: i64,
    computers: Vec<Computer>,
    /// The line is dead from, to.
    outage: (i64, i64),
    over_line: u64,
}

fn object(n: usize) -> Digest {
    Digest::of(&n.to_le_bytes())
}

fn chunks() -> Vec<u64> {
    (1..=OBJECT / CHUNK).map(|n| n * CHUNK).collect()
}

fn whole_chunks(got: &Spans) -> Spans {
    let mut proven = Spans::default();
    let ends = chunks();
    ends.iter().for_each(|end| {
        if got.covers(end - CHUNK, *end) {
            proven.add(end - CHUNK, *end);
        }
    });
    proven
}

impl Room {
    pub fn of_ten(seed: u64, habit: Habit) -> Self {
        Self::new(seed, habit, |_, _| Manner::Good, (END, END))
    }

    pub fn of_ten_with_trouble(seed: u64, habit: Habit) -> Self {
        let make = |n: usize, dice: &mut Dice| match n {
            0 => Manner::Leaves(dice.between(5_000, 200_000)),
            1 => Manner::Lies,
            2 => Manner::Stalls(dice.between(0, 200_000)),
            3 => Manner::Pretends,
            _ => Manner::Good,
        };
        Self::new(seed, habit, make, (END, END))
    }

    pub fn of_ten_with_an_outage(seed: u64, habit: Habit) -> Self {
        let from = Dice::new(seed ^ 7).between(10_000, 200_000);
        Self::new(seed, habit, |_, _| Manner::Good, (from, from + 120_000))
    }

    fn new(seed: u64, habit: Habit, manner: impl Fn(usize, &mut Dice) -> Manner, outage: (i64, i64)) -> Self {
        let mut dice = Dice::new(seed);
        let computers = (0..10)
            .map(|n| {
                let mut id = [0; 16];
                id.iter_mut().for_each(|b| *b = dice.below(256) as u8);
                let manner = manner(n, &mut dice);
                // A teacher says "now": all within some seconds.
                let begins = dice.between(0, 8_000);
                Computer {
                    id: PeerId::new(id),
                    manner,
                    begins,
                    passed_over: Vec::new(),
                    work: (0..OBJECTS).map(|_| None).collect(),
                }
            })
            .collect();
        Self { habit, now: 0, computers, outage, over_line: 0 }
    }

    pub fn live(mut self) -> Result<Told, String> {
        while self.now < END {
            self.now += STEP;
            self.listen();
            self.take_from_peers();
            self.bring_over_line();
            self.begin_and_end();
            if self.is_done() {
                break;
            }
        }
        if !self.is_done() {
            return Err(format!("not everybody has the course after {} s", self.now / 1_000));
        }
        let wrong = self.good().any(|c| c.work.iter().flatten().any(|w| !w.wrong.is_empty()));
        if wrong {
            return Err("wrong bytes at a computer".into());
        }
        let course = OBJECT * OBJECTS as u64;
        Ok(Told {
            line: self.over_line as f64 / course as f64,
            ended_ms: self.now,
            ideal_ms: (course * 1_000 / LINE) as i64,
        })
    }

    fn good(&self) -> impl Iterator<Item = &Computer> {
        self.computers.iter().filter(|c| c.manner == Manner::Good)
    }

    fn is_done(&self) -> bool {
        self.good().all(|c| c.work.iter().all(|w| w.as_ref().is_some_and(|w| w.proven.covers(0, OBJECT))))
    }

    fn is_here(&self, c: &Computer) -> bool {
        c.begins <= self.now && !matches!(c.manner, Manner::Leaves(at) if at <= self.now)
    }

    /// Two objects at a time, in study order.
    fn begin_and_end(&mut self) {
        for n in 0..self.computers.len() {
            let c = &self.computers[n];
            if !self.is_here(c) || matches!(c.manner, Manner::Lies | Manner::Pretends) {
                continue;
            }
            let open = c.work.iter().flatten().filter(|w| !w.proven.covers(0, OBJECT)).count();
            let next = c.work.iter().position(Option::is_none);
            if let (true, Some(next)) = (open < 2, next) {
                let sharing = Sharing::new(c.id, object(next), &chunks(), TimeMs(self.now));
                self.computers[n].work[next] = Some(Work {
                    sharing,
                    share: Share::default(),
                    got: Spans::default(),
                    proven: Spans::default(),
                    wrong: Spans::default(),
                    part: None,
                    polled: i64::MIN / 2,
                });
            }
        }
    }

    fn says(&self, c: &Computer, n: usize) -> Option<Says> {
        if !self.is_here(c) {
            return None;
        }
        match c.manner {
            Manner::Lies => {
                Some(Says { has: vec![(0, OBJECT)].into(), is_loading: true, got: OBJECT, ..Says::default() })
            }
            Manner::Pretends => {
                Some(Says { is_loading: true, got: self.now as u64 * 100, ..Says::default() })
            }
            _ => c.work[n].as_ref().map(|w| Says {
                has: w.proven.clone(),
                is_loading: !w.proven.covers(0, OBJECT),
                brings: w.share.brings.clone(),
                got: w.got.len(),
            }),
        }
    }

    fn listen(&mut self) {
        for n in 0..self.computers.len() {
            for object in 0..OBJECTS {
                let Some(work) = &self.computers[n].work[object] else { continue };
                if work.proven.covers(0, OBJECT) {
                    continue;
                }
                let is_due = self.now - work.polled >= POLL;
                let told: Vec<(PeerId, Option<Says>)> = if is_due && self.habit != Habit::EachForItself {
                    let others = self.computers.iter().enumerate().filter(|(other, _)| *other != n);
                    others.map(|(_, c)| (c.id, self.says(c, object))).collect()
                } else {
                    Vec::new()
                };
                let (now, habit) = (TimeMs(self.now), self.habit);
                let passed_over = std::mem::take(&mut self.computers[n].passed_over);
                let Some(work) = &mut self.computers[n].work[object] else { continue };
                if is_due {
                    work.polled = self.now;
                }
                for peer in passed_over {
                    work.sharing.step(Event::PassedOver { peer }, now);
                }
                for (peer, says) in told {
                    let event = match says {
                        Some(mut says) => {
                            if habit == Habit::TakesOnly {
                                says.is_loading = false;
                            }
                            Event::Said { peer, says }
                        }
                        None => Event::Gone { peer },
                    };
                    work.sharing.step(event, now);
                }
                work.share = work.sharing.step(Event::Held { held: work.got.clone() }, now);
                let passed_over = work.share.passed_over.clone();
                self.computers[n].passed_over.extend(passed_over);
            }
        }
    }

    /// Each object takes one chunk after the other from peers, as fast as the local network allows.
    fn take_from_peers(&mut self) {
        let room = LAN * STEP as u64 / 1_000 / CHUNK;
        for n in 0..self.computers.len() {
            for object in 0..OBJECTS {
                for _ in 0..room {
                    self.take_one(n, object);
                }
            }
        }
    }

    fn take_one(&mut self, n: usize, object: usize) {
        let Some(work) = &self.computers[n].work[object] else { return };
        let offer = work.share.peers.iter().find_map(|(peer, has)| {
            let chunk = has.iter().find_map(|(a, b)| {
                let mut taken = work.proven.clone();
                if let Some((from, _)) = work.part {
                    taken.add(from / CHUNK * CHUNK, from / CHUNK * CHUNK + CHUNK);
                }
                taken.gap(a, b)
            })?;
            Some((*peer, chunk.0 / CHUNK * CHUNK))
        });
        let Some((peer, from)) = offer else { return };
        let by_id: BTreeMap<PeerId, usize> =
            self.computers.iter().enumerate().map(|(at, c)| (c.id, at)).collect();
        let giver = &self.computers[by_id[&peer]];
        let is_here = self.is_here(giver);
        let lies = giver.manner == Manner::Lies;
        let (now, believes) = (TimeMs(self.now), self.habit == Habit::Believes);
        let Some(work) = &mut self.computers[n].work[object] else { return };
        if !is_here {
            work.share = work.sharing.step(Event::Fell { peer }, now);
            return;
        }
        if lies && !believes {
            work.share = work.sharing.step(Event::Lied { peer }, now);
            return;
        }
        work.got.add(from, from + CHUNK);
        if lies {
            work.wrong.add(from, from + CHUNK);
        }
        work.proven = whole_chunks(&work.got);
        work.share = work.sharing.step(Event::Held { held: work.got.clone() }, now);
    }

    /// The line is shared equally by all parts that are under way.
    fn bring_over_line(&mut self) {
        let mut asking = Vec::new();
        for n in 0..self.computers.len() {
            let c = &self.computers[n];
            let is_stalled = matches!(c.manner, Manner::Stalls(at) if at <= self.now);
            if !self.is_here(c) || is_stalled {
                continue;
            }
            for object in 0..OBJECTS {
                let Some(work) = &mut self.computers[n].work[object] else { continue };
                if work.part.is_none() {
                    let gap = work.share.source.iter().find_map(|(a, b)| work.got.gap(a, b));
                    // Parts of one chunk: what was asked for is brought to its end.
                    work.part = gap.map(|(a, b)| (a, b.min(a / CHUNK * CHUNK + CHUNK)));
                }
                if work.part.is_some() {
                    asking.push((n, object));
                }
            }
        }
        if self.now >= self.outage.0 && self.now < self.outage.1 {
            return;
        }
        let each = LINE * STEP as u64 / 1_000 / asking.len().max(1) as u64;
        for (n, object) in asking {
            let Some(work) = &mut self.computers[n].work[object] else { continue };
            let Some((from, to)) = work.part else { continue };
            let came = each.min(to - from);
            self.over_line += came;
            work.got.add(from, from + came);
            work.part = (from + came < to).then_some((from + came, to));
            work.proven = whole_chunks(&work.got);
        }
    }
}
