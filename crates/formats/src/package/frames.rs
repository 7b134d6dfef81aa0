//! Unpacking frames of packs. A frame is proven by its digest before it is unpacked, and its files by theirs after.
//!
//! What must stay true: never more memory than [`MAX_FRAME`] whatever the bytes say; a frame is exactly one zstd
//! frame of exactly the announced lengths, with nothing before, between or after.

use daypack_course::Digest;
use daypack_course::package::packs::{MAX_FRAME, MAX_FRAME_PACKED};
use daypack_course::package::{Frame, Place};
use zstd::zstd_safe;

use crate::OpenError;

/// Unpacks a frame.
pub fn unpack(frame: &Frame, packed: &[u8]) -> Result<Vec<u8>, OpenError> {
    let bad = |what: &str| OpenError::damaged(format!("frame {}: {what}", frame.digest));
    if frame.length > MAX_FRAME_PACKED || frame.raw() > u64::from(MAX_FRAME) {
        return Err(OpenError::too_large("frame"));
    }
    if packed.len() as u64 != u64::from(frame.length) || Digest::of(packed) != frame.digest {
        return Err(bad("other bytes than named"));
    }
    let raw = usize::try_from(frame.raw()).map_err(|_| OpenError::too_large("frame"))?;
    if zstd_safe::find_frame_compressed_size(packed).ok() != Some(packed.len()) {
        return Err(bad("not one frame"));
    }
    if zstd_safe::get_frame_content_size(packed).ok().flatten() != Some(raw as u64) {
        return Err(bad("another length than its files"));
    }
    let out = zstd::bulk::decompress(packed, raw).map_err(|_| bad("does not unpack"))?;
    if out.len() == raw { Ok(out) } else { Err(bad("another length than its files")) }
}

/// The files of an unpacked frame, each proven.
pub fn files<'a>(frame: &Frame, raw: &'a [u8]) -> Result<Vec<(Digest, &'a [u8])>, OpenError> {
    let bad = |digest: &Digest| OpenError::damaged(format!("packed file {digest}"));
    frame
        .placed()
        .map(|(range, file)| {
            let bytes = raw.get(range).filter(|b| Digest::of(b) == file.digest);
            bytes.map(|b| (file.digest, b)).ok_or_else(|| bad(&file.digest))
        })
        .collect()
}

/// One file of an unpacked frame, proven.
pub fn file<'a>(place: &Place<'_>, digest: &Digest, raw: &'a [u8]) -> Result<&'a [u8], OpenError> {
    let bytes = raw.get(place.within.clone()).filter(|b| Digest::of(b) == *digest);
    bytes.ok_or_else(|| OpenError::damaged(format!("packed file {digest}")))
}
