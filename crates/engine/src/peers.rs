//! A classroom and its one slow line: which bytes of an object this computer asks of its source, and which of peers.
//!
//! What must stay true:
//! - What a peer has is asked of peers, not of the source.
//! - What nobody has is brought by one of those who want it: the one that comes first by a hash of (peer, object,
//!   unit), which all of them work out alike without talking. The others wait for it.
//! - Nobody waits for ever: one that falls silent, or is slower than the others while they have nothing to do, is stood
//!   in for, first by the one behind it, later by the next; one that only pretends is passed over; one that lied is
//!   left for good.
//! - A peer alone never decides: whatever they say, each byte is asked of the source in the end, or proven by digest.
//!
//! The caller tells what peers say about the object and what is here; each step answers with what may be asked of whom
//! now. Milliseconds and bytes throughout.

mod rank;

use std::collections::BTreeMap;

use daypack_course::{Digest, TimeMs};

use crate::transfer::Spans;
pub use rank::PeerId;

/// A peer that brings nothing for so long is stood in for.
pub const SILENT_MS: i64 = 20_000;
/// Less than this in [`SILENT_MS`] is nothing.
pub const LEAST_GROWTH: u64 = 4 << 10;
/// The same while nobody gets on: then the line is gone, and standing in for each other would only make a storm.
pub const ALL_SILENT_MS: i64 = 120_000;
/// A computer to which nothing comes is patient for at least so long, and for twice what a unit takes here.
pub const LEAST_PATIENCE_MS: i64 = 30_000;
/// And for at most so long.
pub const MOST_PATIENCE_MS: i64 = 300_000;
/// So long is a peer passed over.
pub const PASSED_OVER_MS: i64 = 10 * 60_000;
/// A peer that failed to give what it said it has is not asked for so long.
pub const FELL_MS: i64 = 15_000;
/// More peers than this are not heard: a room full of made-up ones changes nothing.
pub const MOST_PEERS: usize = 32;
/// So many units of what is to be brought are told as being brought.
const UNITS_AHEAD: usize = 1;
/// What is brought by one computer in one go is at least so long, or the object's end.
pub const UNIT: u64 = 512 << 10;

/// What a peer says about one object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Says {
    /// Proven bytes it gives.
    pub has: Spans,
    /// It is bringing the object from the source, too.
    pub is_loading: bool,
    /// What it brings from the source just now.
    pub brings: Spans,
    /// Bytes it has in all, proven or not: a sign of life.
    pub got: u64,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A peer answered.
    Said {
        /// Which.
        peer: PeerId,
        /// What.
        says: Says,
    },
    /// A peer is not near any more, or knows nothing of the object.
    Gone {
        /// Which.
        peer: PeerId,
    },
    /// A peer did not give what it said it has.
    Fell {
        /// Which.
        peer: PeerId,
    },
    /// A peer gave bytes whose digest did not fit.
    Lied {
        /// Which.
        peer: PeerId,
    },
    /// A peer was passed over on account of another object.
    PassedOver {
        /// Which.
        peer: PeerId,
    },
    /// So much is here now.
    Held {
        /// Bytes written, proven or not.
        held: Spans,
    },
    /// Time passed.
    Tick,
}

/// What may be asked of whom now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// Of the source.
    pub source: Spans,
    /// Of peers; one that is not named is asked for nothing.
    pub peers: BTreeMap<PeerId, Spans>,
    /// What is told to peers: the next of `source`.
    pub brings: Spans,
    /// Something is waited for that a peer brings.
    pub is_waiting: bool,
    /// Peers passed over just now; for the other objects.
    pub passed_over: Vec<PeerId>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Known {
    says: Says,
    /// When it last had more to give.
    gave: TimeMs,
    /// When it began, and with how much.
    began: (TimeMs, u64),
    /// When it last grew enough, and by how much it was then.
    grew: (TimeMs, u64),
    passed_over_until: TimeMs,
    fell_until: TimeMs,
    lied: bool,
}

/// One object that this computer brings, and the peers around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sharing {
    me: PeerId,
    object: Digest,
    /// Where units end; the last is the size.
    ends: Vec<u64>,
    /// Where pieces end that are proven alone.
    chunks: Vec<u64>,
    held: Spans,
    /// What was told to peers last.
    brings: Spans,
    /// Parts it has begun to bring in another's place.
    stood_in: Spans,
    peers: BTreeMap<PeerId, Known>,
    /// When bytes came last, from anybody.
    moved: TimeMs,
}

impl Sharing {
    /// Nothing is known of peers yet. `chunks` are the ends of the pieces that are proven alone; the last is the size.
    pub fn new(me: PeerId, object: Digest, chunks: &[u64], now: TimeMs) -> Self {
        let mut ends = Vec::new();
        let mut from = 0;
        for end in chunks {
            if end.saturating_sub(from) >= UNIT {
                ends.push(*end);
                from = *end;
            }
        }
        if let Some(size) = chunks.last()
            && *size > from
        {
            ends.push(*size);
        }
        Self {
            me,
            object,
            ends,
            chunks: chunks.to_vec(),
            held: Spans::default(),
            brings: Spans::default(),
            stood_in: Spans::default(),
            peers: BTreeMap::new(),
            moved: now,
        }
    }

    /// Takes in an event; returns who may be asked for what.
    pub fn step(&mut self, event: Event, now: TimeMs) -> Share {
        // Only when all were heard is it certain what is to be begun.
        let is_settled = matches!(event, Event::Held { .. } | Event::Tick);
        match event {
            Event::Said { peer, says } => self.said(peer, says, now),
            Event::Gone { peer } => {
                // That it lied is not forgotten when it comes again.
                if let Some(known) = self.peers.get_mut(&peer) {
                    known.says = Says::default();
                }
                self.peers.retain(|id, known| *id != peer || known.lied);
            }
            Event::Fell { peer } => {
                if let Some(known) = self.peers.get_mut(&peer) {
                    known.fell_until = now.plus(FELL_MS);
                }
            }
            Event::Lied { peer } => {
                if let Some(known) = self.peers.get_mut(&peer) {
                    known.lied = true;
                }
            }
            Event::PassedOver { peer } => {
                if let Some(known) = self.peers.get_mut(&peer) {
                    known.passed_over_until = now.plus(PASSED_OVER_MS);
                }
            }
            Event::Held { held } => {
                if held.len() > self.held.len() {
                    self.moved = now;
                }
                self.held = held;
            }
            Event::Tick => {}
        }
        let mut share = self.share(now);
        if is_settled {
            self.brings = self.next_of(&share.source);
        }
        share.brings.clone_from(&self.brings);
        share
    }

    /// Whether a peer is left for good.
    pub fn has_lied(&self, peer: &PeerId) -> bool {
        self.peers.get(peer).is_some_and(|known| known.lied)
    }

    fn said(&mut self, peer: PeerId, says: Says, now: TimeMs) {
        if peer == self.me || (self.peers.len() >= MOST_PEERS && !self.peers.contains_key(&peer)) {
            return;
        }
        let known =
            self.peers.entry(peer).or_insert_with(|| Known { grew: (now, says.got), ..Known::default() });
        let begins = says.is_loading && !known.says.is_loading;
        if begins {
            known.began = (now, says.got);
        }
        if begins || says.got >= known.grew.1.saturating_add(LEAST_GROWTH) || says.got < known.grew.1 {
            known.grew = (now, says.got);
        }
        if says.has.len() > known.says.has.len() {
            known.gave = now;
        }
        known.says = says;
    }

    fn share(&mut self, now: TimeMs) -> Share {
        let mut share = Share::default();
        let mut with_peers = Spans::default();
        for (id, known) in &self.peers {
            if known.lied || known.fell_until > now || known.says.has.is_empty() {
                continue;
            }
            known.says.has.iter().for_each(|(from, to)| with_peers.add(from, to));
            share.peers.insert(*id, known.says.has.clone());
        }
        let missing: Vec<(u64, u64)> = self
            .units()
            .flat_map(|(from, to)| gaps(&with_peers, from, to))
            .filter(|(from, to)| !self.held.covers(*from, *to))
            .collect();
        let patience = self.patience(now);
        let idle = now.since(self.moved);
        for (from, to) in missing {
            let ahead = self.ahead(from, now);
            let may_help = ahead.len() == 1 && idle >= patience;
            if may_help {
                self.stood_in.add(from, to);
            }
            if self.stood_in.covers(from, to) || self.are_silent(&ahead, now) {
                share.source.add(from, to);
            } else {
                share.is_waiting = true;
            }
        }
        // A little apart for each computer, so that not all of them lose patience at once.
        if share.is_waiting && share.source.is_empty() && idle >= 2 * patience + self.me.spread(patience) {
            self.moved = now;
            let is_ahead = |known: &Known| known.says.is_loading && known.passed_over_until <= now;
            let all = !self.peers.values().any(|k| is_ahead(k) && now.since(k.gave) >= patience);
            let mut passed_over = Vec::new();
            for (id, known) in self.peers.iter_mut().filter(|(_, known)| is_ahead(known)) {
                // Those behind one that gave nothing, and that gave nothing either, would only be the next to wait for.
                if all || now.since(known.gave) >= patience {
                    known.passed_over_until = now.plus(PASSED_OVER_MS);
                    passed_over.push(*id);
                }
            }
            let share = self.share(now);
            return Share { passed_over, ..share };
        }
        share
    }

    /// How long a computer waits to which nothing comes: by what a unit takes the one in the middle.
    fn patience(&self, now: TimeMs) -> i64 {
        let mut speeds: Vec<u64> = self
            .peers
            .values()
            .filter(|k| k.says.is_loading && !k.lied)
            .map(|k| {
                let ms = u64::try_from(now.since(k.began.0)).unwrap_or(0).max(1);
                k.says.got.saturating_sub(k.began.1).saturating_mul(1_000) / ms
            })
            .collect();
        speeds.sort_unstable();
        let middle = speeds.get(speeds.len() / 2).copied().unwrap_or(0).max(1);
        let unit = i64::try_from(UNIT.saturating_mul(1_000) / middle).unwrap_or(i64::MAX);
        unit.saturating_mul(2).clamp(LEAST_PATIENCE_MS, MOST_PATIENCE_MS)
    }

    /// The peers that come before this computer for the unit at `at`, the first one first; with each, for how long it
    /// has been silent.
    fn ahead(&self, at: u64, now: TimeMs) -> Vec<i64> {
        let unit = self.ends.partition_point(|end| *end <= at) as u64;
        // What was begun is brought to its end by who began it; of two that began, one goes on.
        let begun = |brings: &Spans| brings.covers(at, at.saturating_add(1));
        let mine = (begun(&self.brings), self.me.weight(&self.object, unit), self.me);
        let mut ahead: Vec<((bool, u64, PeerId), i64)> = self
            .peers
            .iter()
            .filter(|(_, k)| k.says.is_loading && !k.lied && k.passed_over_until <= now)
            .map(|(id, k)| ((begun(&k.says.brings), id.weight(&self.object, unit), *id), now.since(k.grew.0)))
            .filter(|(rank, _)| *rank > mine)
            .collect();
        ahead.sort_unstable_by(|a, b| b.cmp(a));
        ahead.into_iter().map(|(_, silent)| silent).collect()
    }

    /// Whether all that come before this computer are silent for so long that it stands in for them: the one behind a
    /// silent one first, the next one later.
    fn are_silent(&self, ahead: &[i64], now: TimeMs) -> bool {
        let grew = self.peers.values().map(|k| k.grew.0).chain([self.moved]).max().unwrap_or(now);
        let silent = if now.since(grew) < SILENT_MS { SILENT_MS } else { ALL_SILENT_MS };
        let behind = i64::try_from(ahead.len()).unwrap_or(i64::MAX);
        (0_i64..).zip(ahead).all(|(place, since)| *since >= silent.saturating_mul(behind - place))
    }

    /// The units of what this computer is to bring that it has begun, and the next one; whole ones.
    fn next_of(&self, source: &Spans) -> Spans {
        let is_open = |(from, to): &(u64, u64)| {
            gaps(&self.held, *from, *to).into_iter().any(|(a, b)| source.gap(a, b) != Some((a, b)))
        };
        // A piece that is here in part was begun by this computer: peers give whole ones.
        let is_begun = |(from, to): &(u64, u64)| {
            let first = self.chunks.partition_point(|end| end <= from);
            let mut start = *from;
            let mut within = self.chunks.iter().skip(first).take_while(|end| *end <= to);
            within.any(|end| {
                let piece = (std::mem::replace(&mut start, *end), *end);
                self.held.gap(piece.0, piece.1).is_some_and(|gap| gap != piece)
            })
        };
        let (mut next, mut ahead) = (Spans::default(), 0);
        for unit in self.units().filter(is_open) {
            if !is_begun(&unit) {
                ahead += 1;
            }
            if is_begun(&unit) || ahead <= UNITS_AHEAD {
                next.add(unit.0, unit.1);
            }
        }
        next
    }

    fn units(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(self.ends.iter().copied())
    }
}

/// The parts of `[from, to)` that are not in `spans`.
fn gaps(spans: &Spans, from: u64, to: u64) -> Vec<(u64, u64)> {
    let mut out = Vec::new();
    let mut at = from;
    while let Some((a, b)) = spans.gap(at, to) {
        out.push((a, b));
        at = b;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u8) -> PeerId {
        PeerId::new([n; 16])
    }

    fn loading(got: u64) -> Says {
        Says { is_loading: true, got, ..Says::default() }
    }

    const SIZE: u64 = 40 * UNIT;

    fn course() -> (Digest, Vec<u64>) {
        (Digest::of(b"course"), (1..=80).map(|n| n * UNIT / 2).collect())
    }

    #[test]
    fn alone_everything_is_asked_of_the_source() {
        let (object, chunks) = course();
        let share = Sharing::new(id(1), object, &chunks, TimeMs(0)).step(Event::Tick, TimeMs(0));
        assert!(share.source.covers(0, SIZE) && share.peers.is_empty() && !share.is_waiting);
    }

    #[test]
    fn ten_that_want_the_same_bring_each_byte_once_between_them() {
        let (object, chunks) = course();
        let mut all = Spans::default();
        let mut sum = 0;
        for me in 0..10 {
            let mut sharing = Sharing::new(id(me), object, &chunks, TimeMs(0));
            let mut share = Share::default();
            for peer in 0..10 {
                share = sharing.step(Event::Said { peer: id(peer), says: loading(0) }, TimeMs(0));
            }
            sum += share.source.len();
            share.source.iter().for_each(|(from, to)| all.add(from, to));
        }
        assert!(all.covers(0, SIZE));
        assert_eq!(sum, SIZE, "no byte is brought by two");
    }

    #[test]
    fn what_a_peer_has_is_not_asked_of_the_source() {
        let (object, chunks) = course();
        let mut sharing = Sharing::new(id(1), object, &chunks, TimeMs(0));
        let has: Spans = vec![(0, 3 * UNIT)].into();
        let says = Says { has: has.clone(), ..Says::default() };
        let share = sharing.step(Event::Said { peer: id(2), says }, TimeMs(0));
        assert_eq!(share.peers.get(&id(2)), Some(&has));
        assert_eq!(share.source.iter().collect::<Vec<_>>(), [(3 * UNIT, SIZE)]);
    }

    #[test]
    fn one_that_lied_is_left_for_good_even_when_it_comes_again() {
        let (object, chunks) = course();
        let mut sharing = Sharing::new(id(1), object, &chunks, TimeMs(0));
        let says = Says { has: vec![(0, SIZE)].into(), ..Says::default() };
        sharing.step(Event::Said { peer: id(2), says: says.clone() }, TimeMs(0));
        sharing.step(Event::Lied { peer: id(2) }, TimeMs(1));
        sharing.step(Event::Gone { peer: id(2) }, TimeMs(2));
        let share = sharing.step(Event::Said { peer: id(2), says }, TimeMs(1_000_000));
        assert!(share.peers.is_empty() && share.source.covers(0, SIZE) && sharing.has_lied(&id(2)));
    }

    #[test]
    fn a_silent_one_is_stood_in_for_by_one_first_and_not_by_all() {
        let (object, chunks) = course();
        let takers_at = |ms: i64| {
            (1..10_u8)
                .filter(|me| {
                    let mut sharing = Sharing::new(id(*me), object, &chunks, TimeMs(0));
                    for peer in 0..10 {
                        sharing.step(Event::Said { peer: id(peer), says: loading(0) }, TimeMs(0));
                    }
                    // Everybody else goes on; number 0 says nothing new.
                    for peer in 1..10 {
                        let says = loading(LEAST_GROWTH);
                        sharing.step(Event::Said { peer: id(peer), says }, TimeMs(ms));
                    }
                    let before = sharing.step(Event::Tick, TimeMs(0)).source.len();
                    sharing.step(Event::Tick, TimeMs(ms)).source.len() > before
                })
                .count()
        };
        assert_eq!(takers_at(SILENT_MS - 1), 0);
        assert!(takers_at(SILENT_MS) > 0);
    }

    #[test]
    fn a_room_of_made_up_peers_cannot_hold_a_download_up() {
        let (object, chunks) = course();
        let mut sharing = Sharing::new(id(1), object, &chunks, TimeMs(0));
        let mut now = 0;
        let mut held = Spans::default();
        // They all pretend to get on, and never have anything.
        while !held.covers(0, SIZE) && now < 10 * MOST_PATIENCE_MS {
            now += 2_000;
            for n in 0..200 {
                let says = loading(now as u64 * LEAST_GROWTH);
                sharing.step(Event::Said { peer: id(n), says }, TimeMs(now));
            }
            let share = sharing.step(Event::Tick, TimeMs(now));
            share.source.iter().for_each(|(from, to)| held.add(from, to));
            sharing.step(Event::Held { held: held.clone() }, TimeMs(now));
        }
        assert!(now <= 4 * LEAST_PATIENCE_MS, "{now} ms");
    }
}
