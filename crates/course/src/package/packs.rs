//! Packs: small files of one course side by side, compressed together in frames.
//!
//! What must stay true: a frame's place in its pack and a file's place in its frame are running sums, so that
//! neither gaps nor overlaps can be written down; a frame never unpacks to more than [`MAX_FRAME`]; every file in a
//! pack keeps its own digest and is also to be had under it.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::ObjectRef;
use crate::Digest;

/// Largest unpacked frame in bytes.
pub const MAX_FRAME: u32 = 1 << 20;
/// Largest packed frame in bytes: what does not compress grows a little.
pub const MAX_FRAME_PACKED: u32 = MAX_FRAME + (16 << 10);
/// Largest pack in bytes.
pub const MAX_PACK: u64 = 64 << 20;

/// A pack: frames one after the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pack {
    /// Name.
    pub digest: Digest,
    /// Bytes.
    pub size: u64,
    /// Its frames, without gaps.
    pub frames: Vec<Frame>,
}

/// One zstd frame of a pack, complete in itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// Digest of the packed bytes: proven before they are unpacked.
    pub digest: Digest,
    /// Packed bytes.
    pub length: u32,
    /// The files it unpacks to, without gaps.
    pub files: Vec<PackedFile>,
}

/// A file in a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackedFile {
    /// Digest of the file.
    pub digest: Digest,
    /// Bytes of the file.
    pub length: u32,
}

/// Where a file lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// The pack.
    pub pack: ObjectRef,
    /// Packed bytes of the frame within the pack.
    pub at: Range<u64>,
    /// The frame.
    pub frame: &'a Frame,
    /// The file within the unpacked frame.
    pub within: Range<usize>,
}

/// Why a pack cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackFault {
    /// More bytes than [`MAX_PACK`].
    #[error("pack {0} is too large")]
    TooLarge(Digest),
    /// A frame without files or bytes, or one that is or unpacks to more than allowed.
    #[error("pack {0} has a frame of an impossible length")]
    Frame(Digest),
    /// The frames do not add up to the pack.
    #[error("the frames of pack {0} do not add up")]
    Sum(Digest),
    /// A file that is in two places.
    #[error("file {0} is packed twice")]
    Twice(Digest),
    /// A file the course does not have, or has with another size.
    #[error("packed file {0} is not one of the course")]
    Stranger(Digest),
}

impl Frame {
    /// Unpacked bytes.
    pub fn raw(&self) -> u64 {
        self.files.iter().map(|f| u64::from(f.length)).sum()
    }

    /// Each file with its place in the unpacked frame.
    pub fn placed(&self) -> impl Iterator<Item = (Range<usize>, &PackedFile)> {
        let mut at = 0;
        self.files.iter().map(move |file| {
            let start = at;
            at += file.length as usize;
            (start..at, file)
        })
    }
}

impl Pack {
    /// Name and size.
    pub fn object(&self) -> ObjectRef {
        ObjectRef { digest: self.digest, size: self.size }
    }

    /// Each frame with its place in the pack.
    pub fn placed(&self) -> impl Iterator<Item = (Range<u64>, &Frame)> {
        let mut at = 0;
        self.frames.iter().map(move |frame| {
            let start = at;
            at += u64::from(frame.length);
            (start..at, frame)
        })
    }

    /// Lengths that cannot be.
    pub fn check(&self) -> Result<(), PackFault> {
        if self.size > MAX_PACK {
            return Err(PackFault::TooLarge(self.digest));
        }
        let possible = |f: &Frame| {
            (1..=MAX_FRAME_PACKED).contains(&f.length) && (1..=u64::from(MAX_FRAME)).contains(&f.raw())
        };
        if !self.frames.iter().all(possible) {
            return Err(PackFault::Frame(self.digest));
        }
        if self.placed().last().map_or(0, |(at, _)| at.end) != self.size {
            return Err(PackFault::Sum(self.digest));
        }
        Ok(())
    }
}

/// Checks all packs of a course against its files (digest to size).
pub fn check(packs: &[Pack], files: &BTreeMap<Digest, u64>) -> Result<(), PackFault> {
    let mut seen = std::collections::BTreeSet::new();
    for pack in packs {
        pack.check()?;
        for file in pack.frames.iter().flat_map(|f| &f.files) {
            if files.get(&file.digest) != Some(&u64::from(file.length)) {
                return Err(PackFault::Stranger(file.digest));
            }
            if !seen.insert(file.digest) {
                return Err(PackFault::Twice(file.digest));
            }
        }
    }
    Ok(())
}

/// Finds packed files by digest.
#[derive(Clone, Debug, Default)]
pub struct PackIndex {
    places: BTreeMap<Digest, (usize, usize, usize)>,
}

impl PackIndex {
    /// The index of checked packs.
    pub fn of(packs: &[Pack]) -> Self {
        let mut places = BTreeMap::new();
        for (p, pack) in packs.iter().enumerate() {
            for (f, frame) in pack.frames.iter().enumerate() {
                for (n, file) in frame.files.iter().enumerate() {
                    places.insert(file.digest, (p, f, n));
                }
            }
        }
        Self { places }
    }

    /// Where the file lies in the packs this index was made of; `None` when in none.
    pub fn find<'a>(&self, packs: &'a [Pack], file: &Digest) -> Option<Place<'a>> {
        let (p, f, n) = *self.places.get(file)?;
        let pack = packs.get(p)?;
        let (at, frame) = pack.placed().nth(f)?;
        let (within, _) = frame.placed().nth(n)?;
        Some(Place { pack: pack.object(), at, frame, within })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(n: u8, length: u32) -> PackedFile {
        PackedFile { digest: Digest::of(&[n]), length }
    }

    fn pack() -> Pack {
        let frame =
            |n: u8, length, files: Vec<PackedFile>| Frame { digest: Digest::of(&[n, n]), length, files };
        let frames = vec![frame(1, 10, vec![file(1, 4), file(2, 8)]), frame(2, 7, vec![file(3, 9)])];
        Pack { digest: Digest::of(b"pack"), size: 17, frames }
    }

    fn files() -> BTreeMap<Digest, u64> {
        pack().frames.iter().flat_map(|f| &f.files).map(|f| (f.digest, u64::from(f.length))).collect()
    }

    #[test]
    fn a_file_is_found_where_the_sums_put_it() {
        let packs = [pack()];
        let index = PackIndex::of(&packs);
        let place = index.find(&packs, &file(2, 8).digest).unwrap();
        assert_eq!((place.at.clone(), place.within), (0..10, 4..12));
        let place = index.find(&packs, &file(3, 9).digest).unwrap();
        assert_eq!((place.at.clone(), place.within), (10..17, 0..9));
        assert_eq!(index.find(&packs, &Digest::of(b"none")), None);
    }

    #[test]
    fn lengths_that_cannot_be_and_strangers_are_refused() {
        assert_eq!(check(&[pack()], &files()), Ok(()), "control");
        let with = |change: &dyn Fn(&mut Pack)| {
            let mut bad = pack();
            change(&mut bad);
            check(&[bad], &files()).unwrap_err()
        };
        let name = pack().digest;
        assert_eq!(with(&|p| p.size = MAX_PACK + 1), PackFault::TooLarge(name));
        assert_eq!(with(&|p| p.size = 18), PackFault::Sum(name));
        assert_eq!(with(&|p| p.frames[0].length = 0), PackFault::Frame(name));
        assert_eq!(with(&|p| p.frames[0].length = MAX_FRAME_PACKED + 1), PackFault::Frame(name));
        assert_eq!(with(&|p| p.frames[1].files.clear()), PackFault::Frame(name));
        assert_eq!(with(&|p| p.frames[1].files[0].length = MAX_FRAME + 1), PackFault::Frame(name));
        assert_eq!(with(&|p| p.frames[1].files[0].length = u32::MAX), PackFault::Frame(name));
        let stranger = file(3, 9).digest;
        assert_eq!(with(&|p| p.frames[1].files[0].length = 8), PackFault::Stranger(stranger));
        let double = file(1, 4);
        assert_eq!(with(&|p| p.frames[1].files[0] = double), PackFault::Twice(double.digest));
    }
}
