//! The room on the disk: what must stay free, and which files fit into the rest.
//!
//! What must stay true: what runs fits together into the room, so that it can be brought to its end; when the room
//! shrinks, the last in line stops first; a file that is too large holds up none that fits.

use serde::{Deserialize, Serialize};

use super::Downloads;
use super::file::File;
use super::plan::Turn;

/// At least so many bytes stay free.
const KEEPS_MIN: u64 = 1 << 30;
/// And at least this part of the disk: one in twenty.
const KEEPS_PART: u64 = 20;
/// What runs may be ahead of what is known of it by so much before it is stopped.
pub const SLACK: u64 = 2 << 20;

/// The room on a disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    /// Bytes that always stay free.
    pub keeps: u64,
    /// Bytes free now.
    pub free: u64,
}

impl Room {
    /// Of a disk of `total` bytes with `free` of them free.
    pub fn of(total: u64, free: u64) -> Self {
        Self { keeps: (total / KEEPS_PART).max(KEEPS_MIN), free }
    }

    /// Bytes that may still come.
    pub fn bytes(self) -> u64 {
        self.free.saturating_sub(self.keeps)
    }
}

impl File {
    /// Bytes still to come; of a file of unknown size at least one.
    pub fn lacking(&self) -> u64 {
        self.size.map_or(1, |size| size.saturating_sub(self.have))
    }

    /// Whether the rest of it fits.
    pub fn fits(&self, room: Option<u64>) -> bool {
        room.is_none_or(|room| self.lacking() <= room)
    }
}

impl Downloads {
    /// Room that what runs does not need.
    pub(super) fn free_room(&self) -> Option<u64> {
        let running = self.running.keys().filter_map(|key| self.files.get(key)).map(File::lacking).sum();
        self.room.map(|room| room.saturating_sub(running))
    }

    /// What runs and has no room any more, the last in line first.
    pub(super) fn that_fit_no_more(&self) -> Vec<String> {
        let Some(room) = self.room.map(|room| room.saturating_add(SLACK)) else { return Vec::new() };
        let mut running: Vec<(Turn, &String, u64)> = self
            .running
            .keys()
            .filter_map(|key| {
                let file = self.files.get(key)?;
                Some((self.turn(file)?, key, file.lacking()))
            })
            .collect();
        running.sort();
        let mut sum = 0_u64;
        let mut stops: Vec<String> = Vec::new();
        for (_, key, lacking) in running {
            let with = sum.saturating_add(lacking);
            // With no room at all the slack is none, either.
            if with > room || self.room == Some(0) {
                stops.push(key.clone());
            } else {
                sum = with;
            }
        }
        stops.reverse();
        stops
    }
}
