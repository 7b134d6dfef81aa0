//! Reading the journal back: what was saved, in order, and whether anything is missing of it.
//!
//! What must stay true: a record that was called saved and whose bytes are there is found, whatever lies around it;
//! a record whose save failed (no later one names it as the one before, though later ones exist) is not done again.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::line::{self, Head, Record};
use super::{FORMAT, part_name, part_number};
use crate::StoreError;
use crate::disk::Disk;
use crate::seal::Seal;

/// All that the parts of a journal say.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// Whose journal it is: the name in the newest part; `None` when there is none.
    pub learner: Option<String>,
    /// What is not here and has no higher number is in a verified backup.
    pub base: u64,
    /// The saves, by number.
    pub records: BTreeMap<u64, Record>,
    /// Lines that are none: cut off by a power cut, or damaged.
    pub damaged_lines: usize,
    /// The same in the newest part: what was there, nobody knows.
    end_is_damaged: bool,
    /// The newest part that can be written on: its number and length.
    pub end: Option<(u64, u64)>,
    /// The highest number of a part.
    pub last_part: u64,
    /// Bytes of all parts.
    pub bytes: u64,
    /// The highest number that was ever given, also to a save that failed.
    pub highest: u64,
    /// Saves that a later one names as the one before and that are not here.
    missing: Vec<u64>,
}

impl History {
    /// Reads all parts in `dir`, sealed ones by their seal.
    pub fn read(disk: &dyn Disk, dir: &Path, seal: Option<&Arc<Seal>>) -> Result<Self, StoreError> {
        let mut numbers: Vec<u64> = disk.names(dir)?.iter().filter_map(|name| part_number(name)).collect();
        numbers.sort_unstable();
        let mut parts = Vec::new();
        for number in numbers {
            let bytes = disk.read(&dir.join(part_name(number)))?;
            let plain = match seal {
                Some(seal) => seal.opened_part(&bytes),
                None => bytes,
            };
            parts.push((number, plain));
        }
        Ok(Self::of(parts))
    }

    fn of(parts: Vec<(u64, Vec<u8>)>) -> Self {
        let mut history = Self::default();
        let mut heads: Vec<(u64, Option<Head>)> = Vec::new();
        for (number, bytes) in &parts {
            let first = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
            heads.push((*number, line::read::<Head>(first)));
            history.last_part = *number;
        }
        // A part without a readable head (cut off, damaged) belongs to the same learner: its lines prove themselves.
        history.learner = heads.iter().rev().find_map(|(_, head)| head.as_ref().map(|h| h.learner.clone()));
        let is_ours = |head: &Option<Head>| {
            head.as_ref().is_none_or(|h| Some(&h.learner) == history.learner.as_ref() && h.journal <= FORMAT)
        };
        heads.retain(|(_, head)| is_ours(head));
        history.base = heads.iter().filter_map(|(_, head)| head.as_ref()).map(|h| h.base).max().unwrap_or(0);
        // The part that a compaction made holds all that was needed of those before it; it may have been stopped
        // before it had removed them.
        let first = heads
            .iter()
            .find(|(_, head)| head.as_ref().is_some_and(|h| h.base == history.base))
            .map_or(0, |(number, _)| *number);
        for (number, head) in heads.iter().filter(|(number, _)| *number >= first) {
            if let Some((_, bytes)) = parts.iter().find(|(n, _)| n == number) {
                history.take(*number, bytes, head.as_ref());
            }
        }
        history.drop_failed();
        history
    }

    fn take(&mut self, number: u64, bytes: &[u8], head: Option<&Head>) {
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
        let mut damaged = 0;
        let mut lines: Vec<&[u8]> = bytes.split(|b| *b == b'\n').collect();
        // What follows the last line feed: nothing, or a line that was cut off.
        let tail = lines.pop().unwrap_or_default();
        damaged += usize::from(!tail.is_empty());
        for (n, text) in lines.into_iter().enumerate() {
            match line::read::<Record>(text) {
                Some(record) => {
                    self.highest = self.highest.max(record.seq);
                    self.records.insert(record.seq, record);
                }
                None if n == 0 && head.is_some() => {}
                None => damaged += 1,
            }
        }
        let is_clean = damaged == 0 && head.is_some_and(|h| h.journal == FORMAT);
        self.end = is_clean.then_some((number, bytes.len() as u64));
        self.damaged_lines += damaged;
        self.end_is_damaged = damaged > 0;
    }

    /// Walks from the newest save to the one before it, and so on; what is not on the way failed.
    fn drop_failed(&mut self) {
        let mut kept = BTreeMap::new();
        let mut want = self.records.keys().next_back().copied();
        while let Some(seq) = want.filter(|seq| *seq > self.base) {
            let Some(record) = self.records.remove(&seq) else { break };
            let prev = record.prev;
            kept.insert(seq, record);
            want = match self.records.contains_key(&prev) {
                true => Some(prev),
                false if prev <= self.base => None,
                false => {
                    // Damaged: go on with what is left before it.
                    self.missing.push(prev);
                    self.records.range(..prev).next_back().map(|(seq, _)| *seq)
                }
            };
        }
        // What a compaction left in place was judged then.
        let settled = std::mem::take(&mut self.records);
        kept.extend(settled.into_iter().filter(|(seq, _)| *seq <= self.base));
        self.records = kept;
    }

    /// The number of the newest save.
    pub fn last(&self) -> u64 {
        self.records.keys().next_back().copied().unwrap_or(0).max(self.base)
    }

    /// The saves after `seq`, in order.
    pub fn after(&self, seq: u64) -> impl Iterator<Item = &Record> {
        self.records.range(seq.saturating_add(1)..).map(|(_, record)| record)
    }

    /// Whether every save after `seq` is here for sure.
    pub fn is_whole_after(&self, seq: u64) -> bool {
        seq >= self.base && !self.end_is_damaged && self.missing.iter().all(|missing| *missing <= seq)
    }
}
