//! Packs of small files: neighbours in study order are compressed together.
//!
//! What must stay true: the same files in the same order give the same packs; every packed file also lies alone
//! under its digest; a frame holds whole files only.

use std::fs;
use std::path::Path;

use daypack_course::Digest;
use daypack_course::package::{Frame, Pack, PackedFile};
use zstd::bulk::Compressor;

use super::objects::{self, SourceFile};
use super::{LEVEL, PackError};

/// Files up to this many bytes go into packs.
const SMALL: u64 = 128 << 10;
/// Bytes of files a frame is filled with.
const FRAME: u64 = 256 << 10;
/// A section begins a new frame when the current one has at least this many bytes.
const SECTION_FRAME: u64 = 64 << 10;
/// A section begins a new pack when the current one has at least this many bytes of files.
const SECTION_PACK: u64 = 2 << 20;
/// No pack takes more bytes of files.
const FULL_PACK: u64 = 16 << 20;

/// Writes the packs of the small ones among `files` (in study order).
pub(super) fn write(out: &Path, files: &[SourceFile]) -> Result<Vec<Pack>, PackError> {
    let mut packs = Vec::new();
    for pack in plan(files) {
        let mut bytes = Vec::new();
        let mut frames = Vec::new();
        for frame in pack {
            let (frame, packed) = compress(&frame)?;
            bytes.extend_from_slice(&packed);
            frames.push(frame);
        }
        let digest = Digest::of(&bytes);
        objects::put(&out.join("p"), &digest.to_string(), &bytes)?;
        packs.push(Pack { digest, size: bytes.len() as u64, frames });
    }
    Ok(packs)
}

/// Which files go together: packs of frames of files.
fn plan(files: &[SourceFile]) -> Vec<Vec<Vec<&SourceFile>>> {
    let mut packs: Vec<Vec<Vec<&SourceFile>>> = Vec::new();
    let (mut in_pack, mut in_frame, mut section) = (0, 0, 0);
    for file in files.iter().filter(|f| (1..=SMALL).contains(&f.size)) {
        let begins = file.section != section;
        section = file.section;
        let new_pack =
            packs.is_empty() || (begins && in_pack >= SECTION_PACK) || in_pack + file.size > FULL_PACK;
        if new_pack {
            packs.push(Vec::new());
            (in_pack, in_frame) = (0, 0);
        }
        let Some(pack) = packs.last_mut() else { continue };
        if pack.is_empty() || (begins && in_frame >= SECTION_FRAME) || in_frame + file.size > FRAME {
            pack.push(Vec::new());
            in_frame = 0;
        }
        if let Some(frame) = pack.last_mut() {
            frame.push(file);
        }
        in_pack += file.size;
        in_frame += file.size;
    }
    packs
}

fn compress(files: &[&SourceFile]) -> Result<(Frame, Vec<u8>), PackError> {
    let mut raw = Vec::new();
    let mut named = Vec::new();
    for file in files {
        let bytes = fs::read(&file.from).map_err(|e| PackError::io(&file.from, &e))?;
        if bytes.len() as u64 != file.size || Digest::of(&bytes) != file.digest {
            let detail = format!("{} changed while it was packed", file.from.display());
            return Err(PackError::Contradiction { detail });
        }
        let length =
            u32::try_from(bytes.len()).map_err(|e| PackError::Contradiction { detail: e.to_string() })?;
        named.push(PackedFile { digest: file.digest, length });
        raw.extend_from_slice(&bytes);
    }
    let failed = |e: std::io::Error| PackError::Contradiction { detail: e.to_string() };
    let packed = Compressor::new(LEVEL).and_then(|mut c| c.compress(&raw)).map_err(failed)?;
    let length =
        u32::try_from(packed.len()).map_err(|e| PackError::Contradiction { detail: e.to_string() })?;
    Ok((Frame { digest: Digest::of(&packed), length, files: named }, packed))
}
