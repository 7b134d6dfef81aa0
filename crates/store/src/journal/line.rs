//! One line of the journal: `<crc32 as 8 hex digits> <length of the JSON in bytes> <JSON>` and a line feed. JSON as
//! written here holds no line feed, so that after a damaged line the next one is found; a person can read the file.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::fact::Fact;
use crate::StoreError;

/// First line of a part: whose journal it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head {
    /// Number of the format; a part of a newer one is left alone.
    pub journal: u32,
    /// The learner's mark in `learner.db`.
    pub learner: String,
    /// What is not in the journal and has no higher number is in a verified backup.
    pub base: u64,
}

/// A save.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// Counts up with each save; a number whose save failed is not used again.
    pub seq: u64,
    /// The number of the save before. A record that no later one names was not called saved.
    pub prev: u64,
    /// What was saved.
    pub fact: Fact,
}

/// Writes a line.
pub(crate) fn write(value: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    let json = serde_json::to_vec(value)?;
    let mut line = format!("{:08x} {} ", crc32fast::hash(&json), json.len()).into_bytes();
    line.extend_from_slice(&json);
    line.push(b'\n');
    Ok(line)
}

/// Reads a line without its line feed; `None` when it is damaged or cut off.
pub(crate) fn read<T: DeserializeOwned>(line: &[u8]) -> Option<T> {
    let mut parts = line.splitn(3, |byte| *byte == b' ');
    let crc = u32::from_str_radix(std::str::from_utf8(parts.next()?).ok()?, 16).ok()?;
    let len: usize = std::str::from_utf8(parts.next()?).ok()?.parse().ok()?;
    let json = parts.next()?;
    if json.len() != len || crc32fast::hash(json) != crc {
        return None;
    }
    serde_json::from_slice(json).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_comes_back_and_any_flipped_bit_or_cut_is_noticed() {
        let head = Head { journal: 1, learner: "é\n".into(), base: 7 };
        let line = write(&head).unwrap();
        let body = &line[..line.len() - 1];
        assert!(!body.contains(&b'\n'));
        assert_eq!(read::<Head>(body), Some(head));
        for cut in 0..body.len() {
            assert_eq!(read::<Head>(&body[..cut]), None, "cut at {cut}");
        }
        for bit in 0..body.len() * 8 {
            let mut bad = body.to_vec();
            bad[bit / 8] ^= 1 << (bit % 8);
            let same_number = bad[..8].eq_ignore_ascii_case(&body[..8]);
            assert!(read::<Head>(&bad).is_none() || same_number, "bit {bit}");
        }
    }
}
