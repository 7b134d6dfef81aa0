//! The table of contents at the end of a zip file, zip64 included.

use super::member::{Member, Refusal};
use super::{MAX_DIRECTORY, MAX_MEMBERS, MAX_RATIO, MAX_TOTAL, Shared, name};
use crate::OpenError;

const END: &[u8] = b"PK\x05\x06";
const END64_LOCATOR: &[u8] = b"PK\x06\x07";
const END64: &[u8] = b"PK\x06\x06";
const ENTRY: &[u8] = b"PK\x01\x02";
const END_LEN: usize = 22;

/// Where the table lies.
struct End {
    count: u64,
    size: u64,
    /// Position of the table in the file.
    at: u64,
    /// Bytes in front of the archive that its own offsets do not count.
    shift: u64,
}

/// Little-endian numbers out of a record; missing bytes read as damage.
struct Record<'a>(&'a [u8]);

impl<'a> Record<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], OpenError> {
        let (head, rest) = self.0.split_at_checked(len).ok_or_else(broken)?;
        self.0 = rest;
        Ok(head)
    }

    fn number(&mut self, len: usize) -> Result<u64, OpenError> {
        Ok(self.take(len)?.iter().rev().fold(0, |n, b| (n << 8) | u64::from(*b)))
    }
}

fn broken() -> OpenError {
    OpenError::damaged("table of contents")
}

/// Reads and checks the whole table.
pub(super) fn read(file: &Shared) -> Result<Vec<Member>, OpenError> {
    let end = find_end(file)?;
    if end.size > MAX_DIRECTORY || end.count > MAX_MEMBERS as u64 {
        return Err(OpenError::too_large("number of files"));
    }
    let raw = file.bytes(end.at, end.size as usize).map_err(|_| broken())?;
    let mut record = Record(&raw);
    let mut members = Vec::new();
    let mut seen = 0_u64;
    let mut total = 0_u64;
    while !record.0.is_empty() && record.0.starts_with(ENTRY) {
        seen += 1;
        let Some(member) = entry(&mut record, end.shift)? else { continue };
        total = total.saturating_add(member.size);
        members.push(member);
    }
    if seen != end.count && seen & 0xffff != end.count {
        return Err(broken());
    }
    if total > MAX_TOTAL {
        return Err(OpenError::too_large("all files together"));
    }
    check_overlap(&members, end.at)?;
    Ok(members)
}

/// No two members may share bytes, and none may reach into the table.
fn check_overlap(members: &[Member], table: u64) -> Result<(), OpenError> {
    let mut spans: Vec<(u64, u64)> =
        members.iter().map(|m| (m.at, m.at.saturating_add(30).saturating_add(m.packed))).collect();
    spans.sort_unstable();
    let next = spans.iter().skip(1).map(|s| s.0).chain([table]);
    if spans.iter().zip(next).any(|((_, end), next)| *end > next) {
        return Err(OpenError::too_large("files that overlap"));
    }
    Ok(())
}

fn find_end(file: &Shared) -> Result<End, OpenError> {
    let span = file.len.min(END_LEN as u64 + 65_535);
    let start = file.len - span;
    let tail = file.bytes(start, span as usize).map_err(|_| broken())?;
    let mut loose = None;
    for at in (0..tail.len().saturating_sub(END_LEN - 1)).rev() {
        let Some(raw) = tail.get(at..at + END_LEN).filter(|r| r.starts_with(END)) else { continue };
        let comment = usize::from(raw.get(20).copied().unwrap_or(0))
            | usize::from(raw.get(21).copied().unwrap_or(0)) << 8;
        let stop = at + END_LEN + comment;
        if stop > tail.len() {
            continue;
        }
        let Ok(end) = parse_end(file, raw, start + at as u64) else { continue };
        if stop == tail.len() {
            return Ok(end);
        }
        loose.get_or_insert(end);
    }
    loose.ok_or_else(broken)
}

fn parse_end(file: &Shared, raw: &[u8], at: u64) -> Result<End, OpenError> {
    let mut record = Record(raw);
    record.take(8)?;
    record.take(2)?;
    let mut count = record.number(2)?;
    let mut size = record.number(4)?;
    let mut offset = record.number(4)?;
    let mut stop = at;
    if (count == 0xffff || size == 0xffff_ffff || offset == 0xffff_ffff)
        && let Some((big, place)) = end64(file, at)?
    {
        (count, size, offset) = big;
        stop = place;
    }
    let place = stop.checked_sub(size).ok_or_else(broken)?;
    let shift = place.checked_sub(offset).ok_or_else(broken)?;
    if size > 0 {
        let head = file.bytes(place, 4).map_err(|_| broken())?;
        if head != ENTRY {
            return Err(broken());
        }
    }
    Ok(End { count, size, at: place, shift })
}

type Big = ((u64, u64, u64), u64);

fn end64(file: &Shared, at: u64) -> Result<Option<Big>, OpenError> {
    let Some(place) = at.checked_sub(20) else { return Ok(None) };
    let locator = file.bytes(place, 20).map_err(|_| broken())?;
    if !locator.starts_with(END64_LOCATOR) {
        return Ok(None);
    }
    let Some(place) = place.checked_sub(56) else { return Err(broken()) };
    let raw = file.bytes(place, 56).map_err(|_| broken())?;
    if !raw.starts_with(END64) {
        return Err(broken());
    }
    let mut record = Record(&raw);
    record.take(32)?;
    Ok(Some(((record.number(8)?, record.number(8)?, record.number(8)?), place)))
}

/// One line of the table; `None` for a folder.
fn entry(record: &mut Record<'_>, shift: u64) -> Result<Option<Member>, OpenError> {
    record.take(5)?;
    let made_by = record.number(1)?;
    record.take(2)?;
    let flags = record.number(2)?;
    let method = record.number(2)?;
    record.take(4)?;
    let crc = record.number(4)? as u32;
    let mut packed = record.number(4)?;
    let mut size = record.number(4)?;
    let name_len = record.number(2)? as usize;
    let extra_len = record.number(2)? as usize;
    let comment_len = record.number(2)? as usize;
    record.take(4)?;
    let attributes = record.number(4)?;
    let mut at = record.number(4)?;
    let raw = record.take(name_len)?;
    zip64(record.take(extra_len)?, &mut size, &mut packed, &mut at)?;
    record.take(comment_len)?;
    let name = name::check(raw, flags & 0x800 != 0)?;
    let kind = if made_by == 3 { (attributes >> 16) & 0o170_000 } else { 0 };
    if !matches!(kind, 0 | 0o100_000 | 0o040_000) {
        return Err(OpenError::UnsafeName { name: crate::printable(&name.name) });
    }
    if name.is_folder && size == 0 {
        return if packed <= 2 { Ok(None) } else { Err(broken()) };
    }
    let refused = if flags & 1 != 0 {
        Some(Refusal::Encrypted)
    } else if !matches!(method, 0 | 8) {
        Some(Refusal::Method)
    } else if size > 16 << 20 && size / packed.max(1) > MAX_RATIO {
        Some(Refusal::Ratio)
    } else {
        None
    };
    let at = at.checked_add(shift).ok_or_else(broken)?;
    Ok(Some(Member {
        name: name.name,
        aliases: name.aliases,
        size,
        packed,
        crc,
        at,
        deflated: method == 8,
        refused,
    }))
}

fn zip64(extra: &[u8], size: &mut u64, packed: &mut u64, at: &mut u64) -> Result<(), OpenError> {
    let mut record = Record(extra);
    while record.0.len() >= 4 {
        let id = record.number(2)?;
        let len = record.number(2)? as usize;
        let Ok(body) = record.take(len) else { return Ok(()) };
        if id != 1 {
            continue;
        }
        let mut body = Record(body);
        for field in [size, packed, at] {
            if *field == 0xffff_ffff {
                *field = body.number(8)?;
            }
        }
        return Ok(());
    }
    Ok(())
}
