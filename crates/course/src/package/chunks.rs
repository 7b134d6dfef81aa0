//! The chunk list of a large object: a sidecar that cuts the object into pieces with a digest each.
//!
//! One structure for three jobs: verify while downloading, reuse of pieces that are here already, repair of single
//! pieces. What must stay true: a list that was parsed covers its object exactly, without gap or overlap, and no
//! piece is longer than [`MAX_CHUNK`]; only writers decide where an object is cut.
//!
//! Bytes (numbers big-endian): magic `DPCHUNKS`, version `u32`, object digest (32), object size `u64`, number of
//! chunks `u32`; then for each chunk its digest (32) and length `u32`. Nothing follows. `docs/package-format.md`.

use std::ops::Range;

use super::ObjectRef;
use crate::Digest;

/// First bytes of a chunk list.
pub const CHUNKS_MAGIC: &[u8; 8] = b"DPCHUNKS";
/// The version this code reads and writes.
pub const CHUNKS_VERSION: u32 = 1;
/// Shortest chunk in bytes; only the last one may be shorter.
pub const MIN_CHUNK: u32 = 64 << 10;
/// Length in bytes that writers aim at.
pub const AVERAGE_CHUNK: u32 = 256 << 10;
/// Longest chunk in bytes: at most this much is ever lost to one flipped bit.
pub const MAX_CHUNK: u32 = 1 << 20;
/// Objects of more bytes than this have a chunk list.
pub const CHUNKED_ABOVE: u64 = 1 << 20;
/// Largest accepted chunk list in bytes.
pub const MAX_CHUNK_LIST: u64 = 16 << 20;

const HEADER: usize = 56;
const ENTRY: usize = 36;

/// The pieces of one object, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkList {
    /// Digest of the whole object.
    pub object: Digest,
    /// Bytes of the whole object.
    pub size: u64,
    /// Its pieces; their lengths add up to `size`.
    pub chunks: Vec<Chunk>,
}

/// One piece of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Digest of the piece.
    pub digest: Digest,
    /// Bytes of the piece, at least 1 and at most [`MAX_CHUNK`].
    pub length: u32,
}

/// Why bytes are not an acceptable chunk list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChunkListError {
    /// Something else, or cut within the header.
    #[error("not a chunk list")]
    NotAList,
    /// Made for a newer Daypack.
    #[error("chunk list of version {0}")]
    Version(u32),
    /// More bytes than [`MAX_CHUNK_LIST`].
    #[error("chunk list is too large")]
    TooLarge,
    /// Fewer or more bytes than the number of chunks asks for.
    #[error("chunk list is cut or has bytes at its end")]
    Length,
    /// A chunk without bytes, over [`MAX_CHUNK`], or below [`MIN_CHUNK`] before the end.
    #[error("chunk {0} has an impossible length")]
    Chunk(u32),
    /// The lengths do not add up to the object's size.
    #[error("chunks do not add up to the object")]
    Sum,
    /// The list of another object.
    #[error("chunk list of another object")]
    OtherObject,
}

impl ChunkList {
    /// The list's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER + ENTRY * self.chunks.len());
        out.extend_from_slice(CHUNKS_MAGIC);
        out.extend_from_slice(&CHUNKS_VERSION.to_be_bytes());
        out.extend_from_slice(self.object.as_bytes());
        out.extend_from_slice(&self.size.to_be_bytes());
        out.extend_from_slice(&u32::try_from(self.chunks.len()).unwrap_or(u32::MAX).to_be_bytes());
        for chunk in &self.chunks {
            out.extend_from_slice(chunk.digest.as_bytes());
            out.extend_from_slice(&chunk.length.to_be_bytes());
        }
        out
    }

    /// Reads the list of the object that the manifest names. The caller has compared the list's own digest.
    pub fn parse(bytes: &[u8], expected: &ObjectRef) -> Result<Self, ChunkListError> {
        let list = Self::decode(bytes)?;
        if (list.object, list.size) != (expected.digest, expected.size) {
            return Err(ChunkListError::OtherObject);
        }
        Ok(list)
    }

    /// Reads a list that says itself which object it belongs to; everything else is checked as in
    /// [`ChunkList::parse`].
    pub fn decode(bytes: &[u8]) -> Result<Self, ChunkListError> {
        if bytes.len() as u64 > MAX_CHUNK_LIST {
            return Err(ChunkListError::TooLarge);
        }
        let (magic, rest) = bytes.split_first_chunk::<8>().ok_or(ChunkListError::NotAList)?;
        let (version, rest) = rest.split_first_chunk::<4>().ok_or(ChunkListError::NotAList)?;
        if magic != CHUNKS_MAGIC {
            return Err(ChunkListError::NotAList);
        }
        let version = u32::from_be_bytes(*version);
        if version != CHUNKS_VERSION {
            return Err(ChunkListError::Version(version));
        }
        let (object, rest) = rest.split_first_chunk::<32>().ok_or(ChunkListError::NotAList)?;
        let (size, rest) = rest.split_first_chunk::<8>().ok_or(ChunkListError::NotAList)?;
        let (count, rest) = rest.split_first_chunk::<4>().ok_or(ChunkListError::NotAList)?;
        let (size, count) = (u64::from_be_bytes(*size), u32::from_be_bytes(*count));
        if rest.len() as u64 != u64::from(count) * ENTRY as u64 {
            return Err(ChunkListError::Length);
        }
        let mut chunks = Vec::with_capacity(rest.len() / ENTRY);
        let mut sum = 0_u64;
        for (index, entry) in (0_u32..).zip(rest.chunks_exact(ENTRY)) {
            let (digest, length) = entry.split_first_chunk::<32>().ok_or(ChunkListError::Length)?;
            let length = u32::from_be_bytes(*length.first_chunk::<4>().ok_or(ChunkListError::Length)?);
            let shortest = if index + 1 == count { 1 } else { MIN_CHUNK };
            if !(shortest..=MAX_CHUNK).contains(&length) {
                return Err(ChunkListError::Chunk(index));
            }
            sum += u64::from(length);
            chunks.push(Chunk { digest: Digest::from_bytes(*digest), length });
        }
        if sum != size {
            return Err(ChunkListError::Sum);
        }
        Ok(Self { object: Digest::from_bytes(*object), size, chunks })
    }

    /// Each chunk with the bytes it covers, from the start of the object.
    pub fn placed(&self) -> impl Iterator<Item = (Range<u64>, &Chunk)> {
        let mut at = 0;
        self.chunks.iter().map(move |chunk| {
            let start = at;
            at += u64::from(chunk.length);
            (start..at, chunk)
        })
    }

    /// The bytes of all chunks that `wanted` picks, neighbours joined: what to ask for by range.
    pub fn runs(&self, mut wanted: impl FnMut(&Chunk) -> bool) -> Vec<Range<u64>> {
        let mut runs: Vec<Range<u64>> = Vec::new();
        for (range, chunk) in self.placed() {
            if !wanted(chunk) {
                continue;
            }
            match runs.last_mut() {
                Some(last) if last.end == range.start => last.end = range.end,
                _ => runs.push(range),
            }
        }
        runs
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn list(lengths: &[u32]) -> ChunkList {
        let chunks: Vec<Chunk> = lengths
            .iter()
            .zip(0_u32..)
            .map(|(length, n)| Chunk { digest: Digest::of(&n.to_be_bytes()), length: *length })
            .collect();
        let size = lengths.iter().map(|l| u64::from(*l)).sum();
        ChunkList { object: Digest::of(b"object"), size, chunks }
    }

    fn expected(list: &ChunkList) -> ObjectRef {
        ObjectRef { digest: list.object, size: list.size }
    }

    fn any_list() -> impl Strategy<Value = ChunkList> {
        (prop::collection::vec(MIN_CHUNK..=MAX_CHUNK, 0..40), 1..=MAX_CHUNK).prop_map(|(mut all, last)| {
            all.push(last);
            list(&all)
        })
    }

    #[test]
    fn the_bytes_are_those_of_the_vector() {
        let bytes = list(&[MIN_CHUNK, 3]).encode();
        let vector = concat!(
            "44504348554e4b53",
            "00000001",
            "2958d416d08aa5a472d7b509036cb7eafd542add84527e66a145ea64cb4cdc75",
            "0000000000010003",
            "00000002",
            "df3f619804a92fdb4057192dc43dd748ea778adc52bc498ce80524c014b81119",
            "00010000",
            "b40711a88c7039756fb8a73827eabe2c0fe5a0346ca7e0a104adc0fc764f528d",
            "00000003",
        );
        assert_eq!(hex::encode(&bytes), vector);
        assert_eq!(bytes.len(), 56 + 2 * 36);
    }

    #[test]
    fn what_does_not_add_up_is_refused_with_its_reason() {
        let good = list(&[MIN_CHUNK, MAX_CHUNK, 5]);
        let want = expected(&good);
        assert_eq!(ChunkList::parse(&good.encode(), &want), Ok(good.clone()), "control");
        let with = |change: &dyn Fn(&mut ChunkList)| {
            let mut bad = good.clone();
            change(&mut bad);
            ChunkList::parse(&bad.encode(), &want).unwrap_err()
        };
        assert_eq!(with(&|l| l.chunks[0].length = 0), ChunkListError::Chunk(0));
        assert_eq!(with(&|l| l.chunks[0].length = MIN_CHUNK - 1), ChunkListError::Chunk(0));
        assert_eq!(with(&|l| l.chunks[1].length = MAX_CHUNK + 1), ChunkListError::Chunk(1));
        assert_eq!(with(&|l| l.chunks[2].length = 0), ChunkListError::Chunk(2));
        assert_eq!(with(&|l| l.chunks[2].length = 6), ChunkListError::Sum);
        assert_eq!(with(&|l| l.size += 1), ChunkListError::Sum);
        assert_eq!(with(&|l| l.object = Digest::of(b"other")), ChunkListError::OtherObject);
        let bytes = good.encode();
        let mut longer = bytes.clone();
        longer.push(0);
        assert_eq!(ChunkList::parse(&longer, &want), Err(ChunkListError::Length));
        let mut newer = bytes.clone();
        newer[11] = 2;
        assert_eq!(ChunkList::parse(&newer, &want), Err(ChunkListError::Version(2)));
        assert_eq!(ChunkList::parse(b"<!doctype html><title>Sign in", &want), Err(ChunkListError::NotAList));
        let endless = vec![b'D'; MAX_CHUNK_LIST as usize + 1];
        assert_eq!(ChunkList::parse(&endless, &want), Err(ChunkListError::TooLarge));
    }

    #[test]
    fn a_number_of_chunks_that_the_bytes_do_not_carry_allocates_nothing() {
        let mut bytes = list(&[5]).encode();
        bytes[52..56].copy_from_slice(&u32::MAX.to_be_bytes());
        assert_eq!(ChunkList::decode(&bytes), Err(ChunkListError::Length));
    }

    proptest! {
        #[test]
        fn what_is_encoded_parses_to_itself(list in any_list()) {
            let bytes = list.encode();
            prop_assert_eq!(bytes.len(), HEADER + ENTRY * list.chunks.len());
            prop_assert_eq!(ChunkList::parse(&bytes, &expected(&list)), Ok(list));
        }

        #[test]
        fn a_cut_list_is_refused_at_every_length(list in any_list(), at in any::<prop::sample::Index>()) {
            let bytes = list.encode();
            prop_assert!(ChunkList::decode(&bytes[..at.index(bytes.len())]).is_err());
        }

        #[test]
        fn any_bytes_are_refused_or_cover_their_object(
            list in any_list(), at in any::<prop::sample::Index>(), flip in 1_u8..,
        ) {
            let mut bytes = list.encode();
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            if let Ok(found) = ChunkList::decode(&bytes) {
                prop_assert_eq!(found.placed().last().map_or(0, |(r, _)| r.end), found.size);
                prop_assert_eq!(found.encode(), bytes);
            }
        }

        #[test]
        fn runs_hold_exactly_the_wanted_chunks_and_never_touch(list in any_list(), mask in any::<u64>()) {
            let mut n = 0_u32;
            let runs = list.runs(|_| { n += 1; mask >> (n % 64) & 1 == 1 });
            let mut n = 0_u32;
            let wanted: u64 = list.chunks.iter()
                .filter(|_| { n += 1; mask >> (n % 64) & 1 == 1 }).map(|c| u64::from(c.length)).sum();
            prop_assert_eq!(runs.iter().map(|r| r.end - r.start).sum::<u64>(), wanted);
            prop_assert!(runs.windows(2).all(|w| w[0].end < w[1].start));
        }
    }
}
