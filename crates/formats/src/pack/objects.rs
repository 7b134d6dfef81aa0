//! Writing files named by their content: beside, then renamed, so that a name never shows half a file.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use daypack_course::Digest;
use daypack_course::package::chunks::{AVERAGE_CHUNK, MIN_CHUNK};
use daypack_course::package::{CHUNKED_ABOVE, Chunk, ChunkList, MAX_CHUNK, ObjectRef};
use fastcdc::v2020::StreamCDC;
use sha2::Digest as _;

use super::PackError;

/// A file of a course folder, hashed.
#[derive(Clone, Debug)]
pub(super) struct SourceFile {
    pub(super) from: PathBuf,
    pub(super) digest: Digest,
    pub(super) size: u64,
    /// Number of the section that needs it first.
    pub(super) section: usize,
    /// Its pieces, when it is large enough for a chunk list.
    pub(super) list: Option<ChunkList>,
}

/// Hashes a file, and cuts a large one into chunks, in one pass.
pub(super) fn measure(path: &Path, section: usize) -> Result<SourceFile, PackError> {
    let io = |e: io::Error| PackError::io(path, &e);
    let mut file = File::open(path).map_err(io)?;
    let from = path.to_owned();
    if file.metadata().map_err(io)?.len() <= CHUNKED_ABOVE {
        let (digest, size) = copy_hashed(&mut file, &mut io::sink()).map_err(io)?;
        return Ok(SourceFile { from, digest, size, section, list: None });
    }
    let mut hash = sha2::Sha256::new();
    let mut chunks = Vec::new();
    let mut size = 0;
    for chunk in StreamCDC::new(file, MIN_CHUNK, AVERAGE_CHUNK, MAX_CHUNK) {
        let data = chunk.map_err(|e| io(e.into()))?.data;
        hash.update(&data);
        size += data.len() as u64;
        let length = u32::try_from(data.len()).map_err(|e| io(io::Error::other(e)))?;
        chunks.push(Chunk { digest: Digest::of(&data), length });
    }
    let digest = Digest::from_bytes(hash.finalize().into());
    let list = ChunkList { object: digest, size, chunks };
    Ok(SourceFile { from, digest, size, section, list: Some(list) })
}

/// Copies and hashes at once.
pub(super) fn copy_hashed(from: &mut dyn io::Read, to: &mut dyn io::Write) -> io::Result<(Digest, u64)> {
    let mut hash = sha2::Sha256::new();
    let mut buf = vec![0; 256 << 10];
    let mut size = 0;
    loop {
        let n = from.read(&mut buf)?;
        if n == 0 {
            return Ok((Digest::from_bytes(hash.finalize().into()), size));
        }
        let part = buf.get(..n).unwrap_or_default();
        hash.update(part);
        to.write_all(part)?;
        size += n as u64;
    }
}

/// Writes the objects that are not there yet; returns how many.
pub(super) fn write(out: &Path, files: &[SourceFile]) -> Result<usize, PackError> {
    let dir = out.join("o");
    fs::create_dir_all(&dir).map_err(|e| PackError::io(&dir, &e))?;
    let mut written = 0;
    for file in files {
        let name = file.digest.to_string();
        let to = dir.join(&name);
        if fs::metadata(&to).is_ok_and(|m| m.is_file() && m.len() == file.size) {
            continue;
        }
        let aside = dir.join(format!(".{name}.part"));
        let copied = File::open(&file.from).and_then(|mut from| {
            let mut target = File::create(&aside)?;
            let copied = copy_hashed(&mut from, &mut target)?;
            target.sync_all()?;
            Ok(copied)
        });
        match copied {
            Ok(found) if found == (file.digest, file.size) => {
                fs::rename(&aside, &to).map_err(|e| PackError::io(&to, &e))?;
                written += 1;
            }
            other => {
                let _ = fs::remove_file(&aside);
                return Err(match other {
                    Ok(_) => PackError::Contradiction {
                        detail: format!("{} changed while it was packed", file.from.display()),
                    },
                    Err(e) => PackError::io(&file.from, &e),
                });
            }
        }
    }
    Ok(written)
}

/// Writes the chunk lists of large files; returns them by object.
pub(super) fn write_lists(
    out: &Path,
    files: &[SourceFile],
) -> Result<BTreeMap<Digest, ObjectRef>, PackError> {
    let mut named = BTreeMap::new();
    for list in files.iter().filter_map(|file| file.list.as_ref()) {
        let bytes = list.encode();
        let digest = Digest::of(&bytes);
        put(&out.join("c"), &digest.to_string(), &bytes)?;
        named.insert(list.object, ObjectRef { digest, size: bytes.len() as u64 });
    }
    Ok(named)
}

/// Puts a small file in place; the same bytes are not written again.
pub(super) fn put(dir: &Path, name: &str, bytes: &[u8]) -> Result<(), PackError> {
    fs::create_dir_all(dir).map_err(|e| PackError::io(dir, &e))?;
    let to = dir.join(name);
    if same(&to, bytes) {
        return Ok(());
    }
    let aside = dir.join(format!(".{name}.part"));
    File::create(&aside)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&aside, &to))
        .map_err(|e| PackError::io(&to, &e))
}

fn same(path: &Path, bytes: &[u8]) -> bool {
    let Ok(file) = File::open(path) else { return false };
    let mut found = Vec::with_capacity(bytes.len());
    file.take(bytes.len() as u64 + 1).read_to_end(&mut found).is_ok() && found == bytes
}
