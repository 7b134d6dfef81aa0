//! What a disk may hold after the power went: for each file the bytes of its last sync, and of what was written
//! since then any part, in any order, the cut-off writes torn.
//!
//! Not modelled: that the entry of a new or renamed file in its folder is lost (the store syncs the folder for that).

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use crate::disk::{Event, Files, write_at};

/// Which of the unsynced changes got through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Luck {
    Nothing,
    Everything,
    AllButTheLast,
    OnlyTheLast,
    LastTorn,
    /// Each change with even chances, from this seed.
    Some(u64),
    /// The same, and each of them torn with even chances.
    SomeTorn(u64),
}

/// The kinds of luck tried at each moment.
pub fn lucks(moment: usize) -> [Luck; 8] {
    let seed = moment as u64;
    [
        Luck::Nothing,
        Luck::Everything,
        Luck::AllButTheLast,
        Luck::OnlyTheLast,
        Luck::LastTorn,
        Luck::Some(seed * 2 + 1),
        Luck::Some(seed * 2 + 2),
        Luck::SomeTorn(seed),
    ]
}

#[derive(Clone, Default)]
struct File {
    /// `None`: not there.
    synced: Option<Vec<u8>>,
    /// Which state of which file `synced` is: unlike for all others of a replay.
    version: usize,
    since: Vec<Event>,
}

/// Replays events and says what a power cut would leave.
#[derive(Clone, Default)]
pub struct Replay {
    files: BTreeMap<String, File>,
    versions: usize,
    /// The number of the last `Saved`.
    pub saved: usize,
}

impl Replay {
    /// Begins with files that are on the disk for sure.
    pub fn of(files: &Files) -> Self {
        let files = files
            .iter()
            .map(|(name, bytes)| (name.clone(), File { synced: Some(bytes.clone()), ..File::default() }))
            .collect();
        Self { files, versions: 0, saved: 0 }
    }

    /// The next thing happened.
    pub fn step(&mut self, event: &Event) {
        match event {
            Event::Saved(deeds) => self.saved = *deeds,
            Event::Write { file, .. }
            | Event::Truncate { file, .. }
            | Event::Delete { file, synced: false } => {
                self.files.entry(file.clone()).or_default().since.push(event.clone());
            }
            Event::Sync { file } => {
                let file = self.files.entry(file.clone()).or_default();
                let since = std::mem::take(&mut file.since);
                if !since.is_empty() {
                    self.versions += 1;
                    file.version = self.versions;
                }
                since.iter().for_each(|event| apply(&mut file.synced, event, None));
            }
            Event::Delete { file, synced: true } => {
                self.files.remove(file);
            }
            Event::Create { file } => {
                self.versions += 1;
                let new = File { synced: Some(Vec::new()), version: self.versions, since: Vec::new() };
                self.files.insert(file.clone(), new);
            }
            Event::Rename { from, to } => {
                let file = self.files.remove(from).unwrap_or_default();
                self.files.insert(to.clone(), file);
            }
        }
    }

    /// What is on the disk when the power goes now, and a number that is equal for equal disks with as much saved.
    pub fn cut(&self, luck: Luck) -> (Files, u64) {
        let mut same = DefaultHasher::new();
        self.saved.hash(&mut same);
        let mut chance = Chance(match luck {
            Luck::Some(seed) => seed,
            Luck::SomeTorn(seed) => seed ^ 0x5bd1_e995,
            _ => 7,
        });
        let mut files = Files::new();
        for (name, file) in &self.files {
            let mut bytes = file.synced.clone();
            (name, file.version).hash(&mut same);
            let last = file.since.len().wrapping_sub(1);
            for (i, event) in file.since.iter().enumerate() {
                let (got_through, is_torn) = match luck {
                    Luck::Nothing => (false, false),
                    Luck::Everything => (true, false),
                    Luck::AllButTheLast => (i != last, false),
                    Luck::OnlyTheLast => (i == last, false),
                    Luck::LastTorn => (true, i == last),
                    Luck::Some(_) => (chance.coin(), false),
                    Luck::SomeTorn(_) => (chance.coin(), chance.coin()),
                };
                if got_through {
                    let torn = is_torn.then(|| chance.next());
                    (i, torn).hash(&mut same);
                    apply(&mut bytes, event, torn);
                } else if matches!(event, Event::Delete { .. }) {
                    break; // The old file is still under this name; what came later went to a new one.
                }
            }
            if let (Some(bytes), Entry::Vacant(place)) = (bytes, files.entry(name.clone())) {
                place.insert(bytes);
            }
        }
        (files, same.finish())
    }
}

/// Does one change to a file; `torn` picks where the write was cut off.
fn apply(file: &mut Option<Vec<u8>>, event: &Event, torn: Option<u64>) {
    match event {
        Event::Write { at, bytes, .. } => {
            let keep = torn.map_or(bytes.len(), |pick| (pick % (bytes.len() as u64 + 1)) as usize);
            write_at(file.get_or_insert_default(), *at, &bytes[..keep]);
        }
        Event::Truncate { len, .. } => file.get_or_insert_default().resize(*len, 0),
        Event::Delete { .. } => *file = None,
        Event::Sync { .. } | Event::Create { .. } | Event::Rename { .. } | Event::Saved(_) => {}
    }
}

/// SplitMix64 (public domain algorithm by S. Vigna).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn coin(&mut self) -> bool {
        self.next() & 1 == 0
    }
}
