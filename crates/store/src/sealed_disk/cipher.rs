//! Bytes of a file on an encrypted disk: AES-256 in XEX mode, block by block of 16 bytes, the tweak being the AES of
//! what the file is and where the block begins (IEEE 1619 without its chain of blocks, so that a block can be reached
//! alone).
//!
//! What must stay true: as long as before; each block depends on its own bytes only; no block reaches from what
//! SQLite writes in one piece into the next piece. So a write that is torn spoils what it would have spoiled without
//! us, and nothing beside it. In a write-ahead log pieces are frames: 24 bytes of header, sealed as one unit (with
//! ciphertext stealing), then a page.

use aes::cipher::{BlockCipherDecrypt as _, BlockCipherEncrypt as _, KeyInit as _};
use aes::{Aes256, Block};
use sha2::{Digest as _, Sha256};

/// Bytes of a block.
const BLOCK: u64 = 16;
/// Bytes of the header of a write-ahead log (<https://sqlite.org/fileformat2.html#walformat>).
const WAL_HEADER: u64 = 32;
/// Bytes of the header of a frame.
const FRAME_HEADER: u64 = 24;
/// Bytes of a page; databases of ours have no other.
pub(super) const PAGE: u64 = 4096;

/// What a file is: pieces and tweaks differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    Pages = 1,
    Wal = 2,
    Journal = 3,
    Other = 4,
}

/// The two keys of a disk.
pub(super) struct Cipher {
    data: Aes256,
    tweak: Aes256,
}

impl Cipher {
    pub fn new(key: &[u8]) -> Self {
        let derived = |what: &[u8]| {
            let mut hash = Sha256::new_with_prefix(what);
            hash.update(key);
            zeroize::Zeroizing::new(<[u8; 32]>::from(hash.finalize()))
        };
        Self {
            data: Aes256::new(&(*derived(b"daypack disk 1 data")).into()),
            tweak: Aes256::new(&(*derived(b"daypack disk 1 tweak")).into()),
        }
    }

    /// Seals `bytes`, which begin at `from` and are made of whole units.
    pub fn seal(&self, kind: Kind, from: u64, bytes: &mut [u8]) {
        each(kind, from, bytes, |at, piece| match piece.split_at_mut_checked(BLOCK as usize) {
            // Ciphertext stealing: the short end takes the first block's place and lends it its own.
            Some((block, rest)) if rest.len() < BLOCK as usize && !rest.is_empty() => {
                self.seal_blocks(kind, at, block);
                steal(block, rest);
                self.seal_blocks(kind, at + BLOCK, block);
            }
            _ => self.seal_blocks(kind, at, piece),
        });
    }

    /// The reverse of [`Cipher::seal`].
    pub fn open(&self, kind: Kind, from: u64, bytes: &mut [u8]) {
        each(kind, from, bytes, |at, piece| match piece.split_at_mut_checked(BLOCK as usize) {
            Some((block, rest)) if rest.len() < BLOCK as usize && !rest.is_empty() => {
                self.open_blocks(kind, at + BLOCK, block);
                steal(block, rest);
                self.open_blocks(kind, at, block);
            }
            _ => self.open_blocks(kind, at, piece),
        });
    }

    fn seal_blocks(&self, kind: Kind, at: u64, bytes: &mut [u8]) {
        self.masked(kind, at, bytes, |data, blocks| data.encrypt_blocks(blocks));
    }

    fn open_blocks(&self, kind: Kind, at: u64, bytes: &mut [u8]) {
        self.masked(kind, at, bytes, |data, blocks| data.decrypt_blocks(blocks));
    }

    /// Whole blocks, many at once: that is what the processor's AES is quick at.
    fn masked(&self, kind: Kind, at: u64, bytes: &mut [u8], deed: impl FnOnce(&Aes256, &mut [Block])) {
        let count = bytes.len() as u64 / BLOCK;
        let place = |i: u64| u128::from(kind as u8) << 64 | u128::from(at + i * BLOCK);
        let mut masks: Vec<Block> = (0..count).map(|i| place(i).to_le_bytes().into()).collect();
        self.tweak.encrypt_blocks(&mut masks);
        let mut texts: Vec<Block> =
            bytes.chunks_exact(BLOCK as usize).zip(&masks).map(|(text, mask)| xor(text, mask)).collect();
        deed(&self.data, &mut texts);
        for (to, (text, mask)) in bytes.chunks_exact_mut(BLOCK as usize).zip(texts.iter().zip(&masks)) {
            to.copy_from_slice(&xor(text, mask));
        }
    }
}

fn xor(a: &[u8], b: &[u8]) -> Block {
    let number = |bytes: &[u8]| bytes.try_into().map_or(0, u128::from_ne_bytes);
    (number(a) ^ number(b)).to_ne_bytes().into()
}

/// Swaps the short end of a unit with the beginning of its first block.
fn steal(block: &mut [u8], rest: &mut [u8]) {
    block.iter_mut().zip(rest).for_each(|(b, r)| std::mem::swap(b, r));
}

/// The unit that the byte at `at` belongs to: where it begins and ends.
pub(super) fn unit(kind: Kind, at: u64) -> (u64, u64) {
    let blocks = |base: u64| {
        let start = base + (at - base) / BLOCK * BLOCK;
        (start, start + BLOCK)
    };
    if kind != Kind::Wal || at < WAL_HEADER {
        return blocks(0);
    }
    let frame = WAL_HEADER + (at - WAL_HEADER) / (FRAME_HEADER + PAGE) * (FRAME_HEADER + PAGE);
    if at < frame + FRAME_HEADER { (frame, frame + FRAME_HEADER) } else { blocks(frame + FRAME_HEADER) }
}

/// Calls `deed` with each header of a frame, and with each row of blocks between them.
fn each(kind: Kind, from: u64, bytes: &mut [u8], mut deed: impl FnMut(u64, &mut [u8])) {
    let (mut at, mut rest) = (from, bytes);
    while !rest.is_empty() {
        let (start, mut end) = unit(kind, at);
        debug_assert_eq!(start, at, "whole units only");
        if end - start == BLOCK {
            end = match kind {
                Kind::Wal if at >= WAL_HEADER => {
                    at + PAGE - (at - WAL_HEADER) % (FRAME_HEADER + PAGE) + FRAME_HEADER
                }
                Kind::Wal => WAL_HEADER,
                _ => u64::MAX,
            };
        }
        let length = usize::try_from(end - at).unwrap_or(usize::MAX).min(rest.len());
        let (piece, more) = std::mem::take(&mut rest).split_at_mut(length);
        deed(at, piece);
        (at, rest) = (end, more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(length: usize) -> Vec<u8> {
        (0..length).map(|i| (i * 7 % 251) as u8).collect()
    }

    fn sealed(cipher: &Cipher, kind: Kind, from: u64, text: &[u8]) -> Vec<u8> {
        let mut bytes = text.to_vec();
        cipher.seal(kind, from, &mut bytes);
        bytes
    }

    #[test]
    fn what_is_sealed_is_as_long_and_comes_back() {
        let cipher = Cipher::new(&[7; 32]);
        for (kind, from, length) in [
            (Kind::Pages, 0, 4096),
            (Kind::Pages, 4096 * 3, 4096),
            (Kind::Wal, 0, 32),
            (Kind::Wal, 32, 24),
            (Kind::Wal, 32 + 24, 4096),
            (Kind::Wal, 32 + 4120 * 5, 4120 * 2),
        ] {
            let plain = text(length);
            let mut bytes = sealed(&cipher, kind, from, &plain);
            assert_eq!(bytes.len(), plain.len());
            assert!(bytes.windows(16).all(|w| !plain.windows(16).any(|p| p == w)), "{kind:?} {from}");
            cipher.open(kind, from, &mut bytes);
            assert_eq!(bytes, plain, "{kind:?} {from}");
        }
    }

    #[test]
    fn the_same_bytes_look_different_at_each_place_in_each_kind_and_under_each_key() {
        let cipher = Cipher::new(&[7; 32]);
        let plain = vec![0; 64];
        let mut seen = std::collections::BTreeSet::new();
        for kind in [Kind::Pages, Kind::Journal, Kind::Other] {
            for from in [0, 64, 128] {
                for block in sealed(&cipher, kind, from, &plain).chunks(16) {
                    assert!(seen.insert(block.to_vec()), "{kind:?} {from}");
                }
            }
        }
        assert_ne!(
            sealed(&cipher, Kind::Pages, 0, &plain),
            sealed(&Cipher::new(&[8; 32]), Kind::Pages, 0, &plain)
        );
    }

    #[test]
    fn a_torn_write_spoils_no_unit_but_the_one_it_was_torn_in() {
        let cipher = Cipher::new(&[7; 32]);
        let (old, new) = (text(4120 * 2), vec![9; 4120 * 2]);
        let (old_sealed, new_sealed) =
            (sealed(&cipher, Kind::Wal, 32, &old), sealed(&cipher, Kind::Wal, 32, &new));
        for torn in [1_usize, 23, 24, 25, 24 + 4096, 24 + 4096 + 3, 5000] {
            let mut disk = [&new_sealed[..torn], &old_sealed[torn..]].concat();
            cipher.open(Kind::Wal, 32, &mut disk);
            let (start, end) = unit(Kind::Wal, 32 + torn as u64);
            let (start, end) = ((start - 32) as usize, (end - 32) as usize);
            assert_eq!(disk[..start], new[..start], "{torn}");
            assert_eq!(disk[end..], old[end..], "{torn}");
        }
    }

    #[test]
    fn no_unit_reaches_from_one_frame_into_the_next() {
        for frame in 0..5_u64 {
            let start = 32 + frame * 4120;
            assert_eq!(unit(Kind::Wal, start), (start, start + 24));
            assert_eq!(unit(Kind::Wal, start + 23), (start, start + 24));
            assert_eq!(unit(Kind::Wal, start + 24).0, start + 24);
            assert_eq!(unit(Kind::Wal, start + 4119).1, start + 4120);
        }
    }

    #[test]
    fn two_blocks_are_the_xex_of_aes() {
        // By hand with the same AES: C = E(P ^ T) ^ T, T = E'(kind, place).
        let cipher = Cipher::new(&[7; 32]);
        let mut mask = Block::default();
        mask[..8].copy_from_slice(&16_u64.to_le_bytes());
        mask[8] = 1;
        cipher.tweak.encrypt_block(&mut mask);
        let mut block = mask;
        block.iter_mut().for_each(|b| *b ^= 0x55);
        cipher.data.encrypt_block(&mut block);
        let by_hand: Vec<u8> = block.iter().zip(&mask).map(|(b, m)| b ^ m).collect();
        assert_eq!(sealed(&cipher, Kind::Pages, 0, &[0x55; 32])[16..], by_hand);
    }
}
