//! Who is first: a number for each (peer, object, unit), the same on every computer (rendezvous hashing).

use daypack_course::Digest;
use serde::{Deserialize, Serialize};

/// A peer's random name, new each time the program starts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PeerId([u8; 16]);

impl PeerId {
    /// Of 16 random bytes.
    pub fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Reads 32 lower-case hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        if digits.len() != 32 || !digits.iter().all(|d| matches!(d, b'0'..=b'9' | b'a'..=b'f')) {
            return None;
        }
        let mut bytes = [0; 16];
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
        }
        Some(Self(bytes))
    }

    pub(super) fn weight(&self, object: &Digest, unit: u64) -> u64 {
        let bytes = self.0.iter().chain(object.as_bytes()).copied().chain(unit.to_le_bytes());
        mixed(bytes)
    }

    /// A number below `most` of its own.
    pub(super) fn spread(&self, most: i64) -> i64 {
        let below = u64::try_from(most).unwrap_or(0).max(1);
        i64::try_from(mixed(self.0.iter().copied()) % below).unwrap_or(0)
    }
}

impl std::fmt::Display for PeerId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::fmt::Debug for PeerId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

/// FNV-1a, finished by the mixer of SplitMix64: stable across platforms and releases, as all peers must agree.
fn mixed(bytes: impl Iterator<Item = u8>) -> u64 {
    let mut h = 0xcbf2_9ce4_8422_2325_u64;
    for byte in bytes {
        h = (h ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    h = (h ^ (h >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    h = (h ^ (h >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    h ^ (h >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_back_as_it_was_written() {
        let id = PeerId::new([0xa5; 16]);
        assert_eq!(PeerId::parse(&id.to_string()), Some(id));
        for bad in ["", "a5", &"A5".repeat(16), &"g0".repeat(16), &"a5".repeat(17)] {
            assert_eq!(PeerId::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn ten_peers_are_first_about_equally_often() {
        let object = Digest::of(b"film");
        let mut firsts = [0_u32; 10];
        for unit in 0..10_000 {
            let first = (0..10_u8).max_by_key(|n| PeerId::new([*n; 16]).weight(&object, unit)).unwrap();
            firsts[usize::from(first)] += 1;
        }
        assert!(firsts.iter().all(|n| (900..1_100).contains(n)), "{firsts:?}");
    }
}
