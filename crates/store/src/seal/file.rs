//! A file as a box: it can be read from its beginning, and what it is stands at its end.
//!
//! Layout: 8 bytes of mark, 16 of chance; pieces of 64 KiB, each sealed for its place; at the end, sealed, SHA-256 and
//! length of the bytes. A box that was cut, put together of others, or changed in any bit does not open.

use std::io::{Error, ErrorKind, Read, Result, Seek, SeekFrom};

use daypack_course::Digest;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::secrets::key::{Key, fill};

const MARK: &[u8; 8] = b"DPBOX\x00\x01\n";
const SALT: usize = 16;
/// Bytes of a piece.
const PIECE: usize = 64 * 1024;
/// What sealing adds: nonce and tag.
const MORE: usize = 24 + 16;
const HEAD: usize = MARK.len() + SALT;
/// Digest and length.
const END: usize = 32 + 8;

fn about(salt: &[u8], what: &str) -> String {
    format!("daypack box 1 {} {what}", hex::encode(salt))
}

fn damaged() -> Error {
    Error::new(ErrorKind::InvalidData, "the sealed file is damaged or another's")
}

/// Fills `piece` as far as there are bytes.
fn read_piece(from: &mut dyn Read, piece: &mut [u8]) -> Result<usize> {
    let mut have = 0;
    while let Some(room) = piece.get_mut(have..).filter(|room| !room.is_empty()) {
        match from.read(room) {
            Ok(0) => break,
            Ok(n) => have += n,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(have)
}

/// Seals all bytes of `from`; digest and length of the bytes.
pub(crate) fn write(
    key: &Key,
    from: &mut dyn Read,
    to: &mut dyn FnMut(&[u8]) -> Result<()>,
) -> Result<(Digest, u64)> {
    let mut salt = [0; SALT];
    fill(&mut salt)?;
    to(&[MARK.as_slice(), &salt].concat())?;
    let (mut hash, mut size) = (Sha256::new(), 0_u64);
    let mut piece = Zeroizing::new(vec![0; PIECE]);
    for number in 0_u64.. {
        let have = read_piece(from, &mut piece)?;
        let text = piece.get(..have).unwrap_or_default();
        if !text.is_empty() {
            to(&key.seal(text, &about(&salt, &number.to_string()))?)?;
            hash.update(text);
            size += have as u64;
        }
        if have < PIECE {
            break;
        }
    }
    let digest: [u8; 32] = hash.finalize().into();
    to(&key.seal(&[digest.as_slice(), &size.to_be_bytes()].concat(), &about(&salt, "end"))?)?;
    Ok((Digest::from_bytes(digest), size))
}

/// A box being read. Every byte that comes out was proven.
pub struct Reader<R> {
    from: R,
    key: Key,
    salt: [u8; SALT],
    digest: Digest,
    size: u64,
    number: u64,
    left: u64,
    piece: Zeroizing<Vec<u8>>,
    /// Read of `piece`.
    at: usize,
}

impl<R: Read + Seek> Reader<R> {
    /// Opens a box. `InvalidData` when it is damaged, cut off, or under another key.
    pub(crate) fn open(mut from: R, key: &Key) -> Result<Self> {
        let length = from.seek(SeekFrom::End(0))?;
        let end_at = length.checked_sub((END + MORE) as u64).ok_or_else(damaged)?;
        from.seek(SeekFrom::Start(end_at))?;
        let mut end = [0; END + MORE];
        from.read_exact(&mut end)?;
        from.seek(SeekFrom::Start(0))?;
        let mut head = [0; HEAD];
        from.read_exact(&mut head)?;
        let salt = head.strip_prefix(MARK).ok_or_else(damaged)?;
        let salt: [u8; SALT] = salt.try_into().map_err(|_| damaged())?;
        let end = key.open(&end, &about(&salt, "end")).ok_or_else(damaged)?;
        let (digest, size) = end.split_first_chunk::<32>().ok_or_else(damaged)?;
        let size = u64::from_be_bytes(size.try_into().map_err(|_| damaged())?);
        let pieces = size.div_ceil(PIECE as u64);
        if end_at != HEAD as u64 + size + pieces * MORE as u64 {
            return Err(damaged());
        }
        Ok(Self {
            from,
            key: key.clone(),
            salt,
            digest: Digest::from_bytes(*digest),
            size,
            number: 0,
            left: size,
            piece: Zeroizing::new(Vec::new()),
            at: 0,
        })
    }

    /// SHA-256 and length of the bytes inside.
    pub(crate) fn what(&self) -> (Digest, u64) {
        (self.digest, self.size)
    }
}

impl<R: Read> Read for Reader<R> {
    fn read(&mut self, to: &mut [u8]) -> Result<usize> {
        if self.at >= self.piece.len() && self.left > 0 {
            let text = usize::try_from(self.left).unwrap_or(PIECE).min(PIECE);
            let mut sealed = vec![0; text + MORE];
            self.from.read_exact(&mut sealed)?;
            let about = about(&self.salt, &self.number.to_string());
            self.piece = self.key.open(&sealed, &about).ok_or_else(damaged)?;
            self.at = 0;
            self.left -= text as u64;
            self.number += 1;
        }
        let rest = self.piece.get(self.at..).unwrap_or_default();
        let n = rest.len().min(to.len());
        to.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        self.at += n;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn sealed(key: &Key, text: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut from = text;
        let what = write(key, &mut from, &mut |piece| {
            out.extend_from_slice(piece);
            Ok(())
        });
        assert_eq!(what.unwrap(), (Digest::of(text), text.len() as u64));
        out
    }

    fn opened(key: &Key, bytes: &[u8]) -> Result<Vec<u8>> {
        let mut text = Vec::new();
        Reader::open(Cursor::new(bytes), key)?.read_to_end(&mut text)?;
        Ok(text)
    }

    #[test]
    fn files_of_every_length_come_back() {
        let key = Key::random().unwrap();
        for length in [0, 1, 15, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE] {
            let text: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
            assert_eq!(opened(&key, &sealed(&key, &text)).unwrap(), text, "{length}");
        }
    }

    #[test]
    fn what_was_cut_changed_or_put_together_does_not_open() {
        let key = Key::random().unwrap();
        let text = vec![7; PIECE + 100];
        let (one, two) = (sealed(&key, &text), sealed(&key, &text));
        assert!(opened(&Key::random().unwrap(), &one).is_err());
        for at in (0..one.len()).step_by(997).chain([one.len() - 1]) {
            let mut bad = one.clone();
            bad[at] ^= 1;
            assert!(opened(&key, &bad).is_err(), "byte {at}");
            assert!(opened(&key, &one[..at]).is_err(), "cut at {at}");
        }
        let mixed = [&one[..HEAD + PIECE + MORE], &two[HEAD + PIECE + MORE..]].concat();
        assert!(opened(&key, &mixed).is_err());
    }
}
