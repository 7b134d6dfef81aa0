//! One member of a zip file, and a reader that trusts nothing the member says of itself.

use std::io::{self, BufReader, Read};

use flate2::Crc;
use flate2::read::DeflateDecoder;

use super::Shared;
use crate::OpenError;

/// A file within an archive.
#[derive(Clone, Debug)]
pub struct Member {
    /// Checked name with forward slashes.
    pub name: String,
    /// Other readings of a name whose encoding is not declared.
    pub(super) aliases: Vec<String>,
    /// Declared bytes.
    pub size: u64,
    /// Bytes within the archive.
    pub packed: u64,
    pub(super) crc: u32,
    /// Position of its header.
    pub(super) at: u64,
    pub(super) deflated: bool,
    pub(super) refused: Option<Refusal>,
}

/// Why a member is not read though the archive is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Needs a password.
    Encrypted,
    /// Packed in a way other than stored or deflate.
    Method,
    /// Unpacks to far more than it holds.
    Ratio,
}

impl Member {
    /// Whether it lies in the archive as it is, so that ranges of it can be read.
    pub fn is_stored(&self) -> bool {
        !self.deflated
    }

    /// Whether its kind can be read at all; its bytes may still turn out damaged.
    pub fn is_readable(&self) -> bool {
        self.refused.is_none()
    }
}

/// Reads one member; owned, so it can be handed to another thread.
pub struct MemberReader {
    inner: Inner,
    crc: Crc,
    want: u32,
    left: u64,
}

enum Inner {
    Stored(Span),
    Deflated(Box<DeflateDecoder<BufReader<Span>>>),
}

/// A part of the file.
struct Span {
    file: Shared,
    at: u64,
    left: u64,
}

impl Read for Span {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buf.len());
        let Some(buf) = buf.get_mut(..most).filter(|b| !b.is_empty()) else { return Ok(0) };
        let n = self.file.read_at(self.at, buf)?;
        self.at += n as u64;
        self.left -= n as u64;
        Ok(n)
    }
}

/// Where a member's bytes begin in the file; they lie within it.
pub(super) fn start(file: &Shared, member: &Member) -> Result<u64, OpenError> {
    let damaged = || OpenError::damaged(crate::printable(&member.name));
    let header = file.bytes(member.at, 30).map_err(|_| damaged())?;
    let [b'P', b'K', 3, 4, .., n0, n1, e0, e1] = header.as_slice() else { return Err(damaged()) };
    let names = u64::from(u16::from_le_bytes([*n0, *n1])) + u64::from(u16::from_le_bytes([*e0, *e1]));
    let at = member.at + 30 + names;
    if at.checked_add(member.packed).is_none_or(|end| end > file.len) {
        return Err(damaged());
    }
    Ok(at)
}

impl MemberReader {
    pub(super) fn new(file: &Shared, member: &Member) -> Result<Self, OpenError> {
        let shown = || crate::printable(&member.name);
        match member.refused {
            Some(Refusal::Ratio) => return Err(OpenError::too_large(shown())),
            Some(Refusal::Encrypted | Refusal::Method) => return Err(OpenError::damaged(shown())),
            None => {}
        }
        let at = start(file, member)?;
        let span = Span { file: file.clone(), at, left: member.packed };
        let inner = if member.deflated {
            Inner::Deflated(Box::new(DeflateDecoder::new(BufReader::with_capacity(64 << 10, span))))
        } else {
            Inner::Stored(span)
        };
        Ok(Self { inner, crc: Crc::new(), want: member.crc, left: member.size })
    }
}

impl Read for MemberReader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        let n = match &mut self.inner {
            Inner::Stored(span) => span.read(buf)?,
            Inner::Deflated(decoder) => decoder.read(buf)?,
        };
        let bad = |what| Err(io::Error::new(io::ErrorKind::InvalidData, what));
        if n as u64 > self.left {
            return bad("more bytes than declared");
        }
        self.left -= n as u64;
        self.crc.update(buf.get(..n).unwrap_or_default());
        if n == 0 && self.left > 0 {
            return bad("fewer bytes than declared");
        }
        if self.left == 0 && self.crc.sum() != self.want {
            return bad("checksum differs");
        }
        Ok(n)
    }
}
