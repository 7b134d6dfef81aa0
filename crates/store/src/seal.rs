//! What a sealed folder's files go through: SQLite's by the encrypted disk, the journal line by line, all others as
//! boxes ([`file`]). Each has a key of its own, derived from the learner's.
//!
//! What must stay true: who holds a `Seal` has proven its key ([`crate::Lockbox`]); a line that does not open is a
//! damaged line, never an error; the disk outlives its connections (whoever has one holds the seal).

pub(crate) mod file;

use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use daypack_course::Digest;
use rusqlite::{Connection, OpenFlags};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::disk::Disk;
use crate::secrets::key::{KEY, Key};
use crate::{LearnerKey, SealedDisk, StoreError};

const LINE: &str = "daypack journal 1";

/// The seal of one open folder.
pub(crate) struct Seal {
    disk: SealedDisk,
    lines: Key,
    files: Key,
    names: Zeroizing<[u8; KEY]>,
}

impl Seal {
    /// The seal of a learner.
    pub fn of(key: &LearnerKey) -> Result<Arc<Self>, StoreError> {
        Ok(Arc::new(Self {
            disk: SealedDisk::register(key)?,
            lines: Key::of(*key.derived("journal")),
            files: Key::of(*key.derived("files")),
            names: key.derived("names"),
        }))
    }

    /// SQLite's files.
    pub fn disk(&self) -> &SealedDisk {
        &self.disk
    }

    /// The key of boxes.
    pub fn files(&self) -> &Key {
        &self.files
    }

    /// Under which name an object lies: its digest would tell whoever has the same file.
    pub fn name(&self, digest: &Digest) -> String {
        let hash = Sha256::new().chain_update(*self.names).chain_update(digest.to_string()).finalize();
        hex::encode(hash)
    }

    /// Seals a line of the journal; with or without its line feed, it gets one.
    pub fn line(&self, line: &[u8]) -> std::io::Result<Vec<u8>> {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let mut sealed = STANDARD_NO_PAD.encode(self.lines.seal(text, LINE)?).into_bytes();
        sealed.push(b'\n');
        Ok(sealed)
    }

    /// A part of the journal as it would be in a plain folder. What does not open is a line that is none.
    pub fn opened_part(&self, bytes: &[u8]) -> Vec<u8> {
        let mut plain = Vec::with_capacity(bytes.len());
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let Some(line) = piece.strip_suffix(b"\n") else {
                plain.push(b'?'); // Cut off.
                continue;
            };
            let sealed = STANDARD_NO_PAD.decode(line).ok();
            match sealed.and_then(|sealed| self.lines.open(&sealed, LINE)) {
                Some(text) => plain.extend_from_slice(&text),
                None => plain.push(b'?'),
            }
            plain.push(b'\n');
        }
        plain
    }

    /// Seals a part of the journal of a plain folder, damaged lines too.
    pub fn sealed_part(&self, plain: &[u8]) -> std::io::Result<Vec<u8>> {
        let mut sealed = Vec::with_capacity(plain.len() * 2);
        for line in plain.split_inclusive(|byte| *byte == b'\n') {
            sealed.extend(self.line(line)?);
        }
        Ok(sealed)
    }

    /// Makes a box of these bytes; durable on return.
    pub fn put_box(&self, disk: &dyn Disk, path: &Path, mut bytes: &[u8]) -> Result<(), StoreError> {
        let mut end = disk.create(path)?;
        file::write(&self.files, &mut bytes, &mut |piece| end.append(piece))?;
        Ok(end.sync()?)
    }

    /// The bytes of a box.
    pub fn get_box(&self, disk: &dyn Disk, path: &Path) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let sealed = std::io::Cursor::new(disk.read(path)?);
        let mut reader = file::Reader::open(sealed, &self.files)?;
        let mut bytes = Zeroizing::new(Vec::new());
        std::io::Read::read_to_end(&mut reader, &mut bytes)?;
        Ok(bytes)
    }
}

/// A line of the journal as it goes to the disk.
pub(crate) fn line(seal: Option<&Arc<Seal>>, plain: Vec<u8>) -> Result<Vec<u8>, StoreError> {
    match seal {
        Some(seal) => Ok(seal.line(&plain)?),
        None => Ok(plain),
    }
}

/// Opens a connection, by the encrypted disk where the folder is sealed.
pub(crate) fn connect(
    path: &Path,
    flags: OpenFlags,
    seal: Option<&Arc<Seal>>,
) -> Result<Connection, StoreError> {
    let Some(seal) = seal else { return Ok(Connection::open_with_flags(path, flags)?) };
    let conn = Connection::open_with_flags_and_vfs(path, flags, seal.disk.name())?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(conn)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Effort, Lockbox, Secret};

    fn a_seal() -> Arc<Seal> {
        let light = Effort { memory_kib: 64, passes: 1 };
        Seal::of(&Lockbox::new(&Secret::new("a long walk"), light).unwrap().1).unwrap()
    }

    #[test]
    fn a_part_comes_back_and_a_damaged_line_spoils_no_other() {
        let seal = a_seal();
        let plain = b"first\nsecond\nthird\n";
        let sealed = seal.sealed_part(plain).unwrap();
        assert_eq!(seal.opened_part(&sealed), plain);
        assert!(!sealed.windows(5).any(|w| w == b"third"));
        let mut lines: Vec<Vec<u8>> = sealed.split_inclusive(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
        lines[1][3] ^= 1;
        assert_eq!(seal.opened_part(&lines.concat()), b"first\n?\nthird\n");
        assert_eq!(seal.opened_part(&sealed[..sealed.len() - 1]), b"first\nsecond\n?");
        assert_eq!(a_seal().opened_part(&sealed), b"?\n?\n?\n");
        assert_eq!(seal.opened_part(plain), b"?\n?\n?\n", "nobody adds a line without the key");
    }
}
