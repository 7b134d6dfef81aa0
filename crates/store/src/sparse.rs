//! A file that arrives in pieces, in any order, and a log of which pieces are here.
//!
//! Files are hard: bytes are written freely; what counts is only the log, and a line of it is written after the bytes
//! it speaks of were synced. So after a crash or a power cut every logged range holds its bytes, and at most what came
//! since the last [`SparseFile::commit`] is fetched again. A torn or strange last line is as if it were not there.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use daypack_course::Digest;
use serde::{Deserialize, Serialize};

use crate::StoreError;
use crate::objects::{discard, sync_dir};

/// What earlier lives left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Ranges `[from, to)` that are here, in order.
    pub spans: Vec<(u64, u64)>,
    /// Size of the whole, when it was known.
    pub size: Option<u64>,
    /// The validator the bytes came with.
    pub validator: Option<String>,
}

/// A change of what is here, noted in one line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Note {
    /// Ranges that came.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub add: Vec<(u64, u64)>,
    /// Ranges that do not count any more; taken out before `add`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cut: Vec<(u64, u64)>,
    /// Size, once known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Validator, once known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validator: Option<String>,
    /// First line only: what the bytes are proven by. Another one: nothing of the file is of use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proof: Option<String>,
}

/// A file on its way.
#[derive(Clone, Debug)]
pub struct SparseFile {
    data: Arc<File>,
    path: PathBuf,
    log: PathBuf,
    proof: String,
}

impl SparseFile {
    /// Opens the file at `path` with its log beside it (`path` + `.log`). `proof` names what the bytes are proven by
    /// (a digest; empty for nothing): what was begun under another one is dropped.
    pub fn open(path: &Path, proof: &str) -> Result<(Self, Held), StoreError> {
        let mut name = path.as_os_str().to_owned();
        name.push(".log");
        let log = PathBuf::from(name);
        let known = read(&log)?.filter(|(of, _)| of == proof);
        if known.is_none() {
            discard(&log)?;
        }
        let data = File::options().create(true).truncate(false).read(true).write(true).open(path)?;
        let long = data.metadata()?.len();
        let mut held = known.map(|(_, held)| held).unwrap_or_default();
        if held.spans.last().is_some_and(|(_, to)| *to > long) {
            // Somebody cut the file: the log speaks of another one.
            held = Held::default();
            discard(&log)?;
        }
        let file = Self { data: Arc::new(data), path: path.to_owned(), log, proof: proof.to_owned() };
        if held.spans.is_empty() {
            file.anew(held.size)?;
        }
        Ok((file, held))
    }

    /// Takes over a file that lies at `path`, `size` bytes long when whole, of which only `good` counts.
    pub(crate) fn adopt(path: &Path, proof: &str, size: u64, good: &[(u64, u64)]) -> Result<(), StoreError> {
        let mut name = path.as_os_str().to_owned();
        name.push(".log");
        let log = PathBuf::from(name);
        discard(&log)?;
        let data = File::options().read(true).write(true).open(path)?;
        data.set_len(size)?;
        let file = Self { data: Arc::new(data), path: path.to_owned(), log, proof: proof.to_owned() };
        file.commit(&Note { add: good.to_vec(), size: Some(size), ..Note::default() })
    }

    /// What is here of the file at `path`, by its log; `None` when nothing was begun there under `proof`. Changes nothing.
    pub fn look(path: &Path, proof: &str) -> Option<Held> {
        let mut name = path.as_os_str().to_owned();
        name.push(".log");
        let (of, held) = read(&PathBuf::from(name)).ok()??;
        (of == proof).then_some(held)
    }

    /// Whether something was begun at `path`, and how much of it is here by its log.
    pub fn peek(path: &Path, proof: &str) -> Result<u64, StoreError> {
        let mut name = path.as_os_str().to_owned();
        name.push(".log");
        let known = read(&PathBuf::from(name))?.filter(|(of, _)| of == proof);
        Ok(known.map_or(0, |(_, held)| held.spans.iter().map(|(from, to)| to - from).sum()))
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes bytes at their place; durable only with [`SparseFile::commit`].
    pub fn write_at(&self, at: u64, bytes: &[u8]) -> Result<(), StoreError> {
        Ok(write_all_at(&self.data, at, bytes)?)
    }

    /// Reads `[from, to)`.
    pub fn read_at(&self, from: u64, to: u64) -> Result<Vec<u8>, StoreError> {
        let mut bytes = vec![0; usize::try_from(to.saturating_sub(from)).unwrap_or(0)];
        read_exact_at(&self.data, from, &mut bytes)?;
        Ok(bytes)
    }

    /// Gives the file its length; holes take no room.
    pub fn set_size(&self, size: u64) -> Result<(), StoreError> {
        Ok(self.data.set_len(size)?)
    }

    /// Nothing noted holds any more.
    pub fn anew(&self, size: Option<u64>) -> Result<(), StoreError> {
        // The log goes first: it must never speak of bytes that are gone.
        discard(&self.log)?;
        sync_dir(self.log.parent().unwrap_or(Path::new(".")))?;
        self.data.set_len(0)?;
        self.data.set_len(size.unwrap_or(0))?;
        Ok(())
    }

    /// Makes the bytes written so far durable, then the note about them.
    pub fn commit(&self, note: &Note) -> Result<(), StoreError> {
        if !note.add.is_empty() {
            self.data.sync_data()?;
        }
        let is_new = !self.log.exists();
        let mut log = File::options().create(true).append(true).open(&self.log)?;
        let mut lines = String::new();
        if is_new {
            lines.push_str(&line(&Note { proof: Some(self.proof.clone()), ..Note::default() }));
        } else if !ends_well(&self.log)? {
            // What a crash tore apart must not swallow this line.
            lines.push('\n');
        }
        lines.push_str(&line(note));
        log.write_all(lines.as_bytes())?;
        log.sync_data()?;
        if is_new {
            sync_dir(self.log.parent().unwrap_or(Path::new(".")))?;
        }
        Ok(())
    }

    /// SHA-256 of the first `size` bytes, from the disk.
    pub fn digest(&self, size: u64) -> Result<Digest, StoreError> {
        use sha2::Digest as _;
        let mut hash = sha2::Sha256::new();
        let mut at = 0;
        while at < size {
            let to = size.min(at + (1 << 20));
            hash.update(self.read_at(at, to)?);
            at = to;
        }
        Ok(Digest::from_bytes(hash.finalize().into()))
    }

    /// Makes all durable and gives it its final name; the log goes.
    pub fn finish(self, size: u64, to: &Path) -> Result<(), StoreError> {
        self.data.set_len(size)?;
        self.data.sync_all()?;
        std::fs::rename(&self.path, to)?;
        sync_dir(to.parent().unwrap_or(Path::new(".")))?;
        discard(&self.log)?;
        Ok(())
    }

    /// Throws the file and its log away.
    pub fn discard(path: &Path) -> Result<(), StoreError> {
        let mut name = path.as_os_str().to_owned();
        name.push(".log");
        discard(&PathBuf::from(name))?;
        discard(path)?;
        Ok(())
    }
}

/// A note and a check of it, on one line.
fn line(note: &Note) -> String {
    let text = serde_json::to_string(note).unwrap_or_default();
    format!("{} {text}\n", check(&text))
}

fn check(text: &str) -> String {
    Digest::of(text.as_bytes()).to_string().chars().take(8).collect()
}

fn ends_well(log: &Path) -> Result<bool, StoreError> {
    use std::io::{Read as _, Seek as _, SeekFrom};
    let mut file = File::open(log)?;
    if file.metadata()?.len() == 0 {
        return Ok(true);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

/// What a log says, and under which proof; `None` when there is none or its beginning is damaged.
fn read(log: &Path) -> Result<Option<(String, Held)>, StoreError> {
    let file = match File::open(log) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        other => other?,
    };
    let mut proof = None;
    let mut spans: Vec<(u64, u64)> = Vec::new();
    let mut held = Held::default();
    for raw in BufReader::new(file).split(b'\n') {
        let raw = raw?;
        let Some((sum, text)) = std::str::from_utf8(&raw).ok().and_then(|l| l.split_once(' ')) else {
            continue;
        };
        if check(text) != sum {
            continue;
        }
        let Ok(note) = serde_json::from_str::<Note>(text) else { continue };
        if proof.is_none() {
            match note.proof {
                Some(first) => proof = Some(first),
                None => return Ok(None),
            }
        }
        note.cut.into_iter().for_each(|(from, to)| take_out(&mut spans, from, to));
        spans.extend(note.add);
        held.size = note.size.or(held.size);
        held.validator = note.validator.or(held.validator);
    }
    held.spans = join(spans);
    Ok(proof.map(|proof| (proof, held)))
}

fn join(mut spans: Vec<(u64, u64)>) -> Vec<(u64, u64)> {
    spans.sort_unstable();
    let mut joined: Vec<(u64, u64)> = Vec::new();
    for (from, to) in spans.into_iter().filter(|(from, to)| from < to) {
        match joined.last_mut().filter(|(_, end)| *end >= from) {
            Some((_, end)) => *end = to.max(*end),
            None => joined.push((from, to)),
        }
    }
    joined
}

fn take_out(spans: &mut Vec<(u64, u64)>, from: u64, to: u64) {
    let whole = std::mem::take(spans);
    for (a, b) in whole {
        spans.extend([(a, b.min(from)), (a.max(to), b)].into_iter().filter(|(a, b)| a < b));
    }
}

#[cfg(unix)]
fn write_all_at(file: &File, at: u64, bytes: &[u8]) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, at)
}

#[cfg(unix)]
fn read_exact_at(file: &File, at: u64, bytes: &mut [u8]) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, at)
}

#[cfg(windows)]
fn write_all_at(file: &File, mut at: u64, mut bytes: &[u8]) -> std::io::Result<()> {
    use std::os::windows::fs::FileExt as _;
    while !bytes.is_empty() {
        let n = file.seek_write(bytes, at)?;
        bytes = bytes.get(n..).unwrap_or_default();
        at += n as u64;
    }
    Ok(())
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut at: u64, mut bytes: &mut [u8]) -> std::io::Result<()> {
    use std::os::windows::fs::FileExt as _;
    while !bytes.is_empty() {
        let n = file.seek_read(bytes, at)?;
        if n == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        bytes = bytes.get_mut(n..).unwrap_or_default();
        at += n as u64;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(spans: &[(u64, u64)]) -> Note {
        Note { add: spans.to_vec(), ..Note::default() }
    }

    #[test]
    fn what_was_committed_is_found_again_and_the_rest_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        let (file, held) = SparseFile::open(&path, "d1").unwrap();
        assert_eq!(held, Held::default());
        file.set_size(100).unwrap();
        file.write_at(40, b"hello").unwrap();
        file.commit(&Note { size: Some(100), validator: Some("\"v\"".into()), ..add(&[(40, 45)]) }).unwrap();
        file.write_at(50, b"lost").unwrap();
        drop(file);
        let (file, held) = SparseFile::open(&path, "d1").unwrap();
        assert_eq!(
            (held.spans, held.size, held.validator.as_deref()),
            (vec![(40, 45)], Some(100), Some("\"v\""))
        );
        assert_eq!(file.read_at(40, 45).unwrap(), b"hello");
        file.commit(&Note { cut: vec![(41, 43)], ..add(&[(0, 10), (10, 20)]) }).unwrap();
        let held = SparseFile::open(&path, "d1").unwrap().1;
        assert_eq!(held.spans, [(0, 20), (40, 41), (43, 45)]);
        assert_eq!(SparseFile::peek(&path, "d1").unwrap(), 23);
    }

    #[test]
    fn a_torn_line_hides_nothing_that_came_before_or_after() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        let (file, _) = SparseFile::open(&path, "d").unwrap();
        file.set_size(9).unwrap();
        file.commit(&add(&[(0, 4)])).unwrap();
        let mut log = File::options().append(true).open(dir.path().join("f.log")).unwrap();
        log.write_all(b"12345678 {\"add\":[[4,9]]").unwrap();
        let (file, held) = SparseFile::open(&path, "d").unwrap();
        assert_eq!(held.spans, [(0, 4)]);
        file.commit(&add(&[(6, 7)])).unwrap();
        assert_eq!(SparseFile::open(&path, "d").unwrap().1.spans, [(0, 4), (6, 7)]);
        // A line whose words were changed does not count either.
        let text = std::fs::read_to_string(dir.path().join("f.log")).unwrap().replace("[6,7]", "[5,7]");
        std::fs::write(dir.path().join("f.log"), text).unwrap();
        assert_eq!(SparseFile::open(&path, "d").unwrap().1.spans, [(0, 4)]);
    }

    #[test]
    fn another_proof_or_a_file_that_was_cut_begins_anew() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        let (file, _) = SparseFile::open(&path, "d1").unwrap();
        file.write_at(0, b"12345").unwrap();
        file.commit(&add(&[(0, 5)])).unwrap();
        File::options().write(true).open(&path).unwrap().set_len(3).unwrap();
        assert_eq!(SparseFile::open(&path, "d1").unwrap().1, Held::default());
        let (file, _) = SparseFile::open(&path, "d1").unwrap();
        file.write_at(0, b"12345").unwrap();
        file.commit(&add(&[(0, 5)])).unwrap();
        assert_eq!(SparseFile::open(&path, "d2").unwrap().1, Held::default());
        assert_eq!(SparseFile::open(&path, "d1").unwrap().1, Held::default(), "and it stays so");
    }

    #[test]
    fn it_gets_its_name_at_the_end_and_leaves_no_log() {
        let dir = tempfile::tempdir().unwrap();
        let (file, _) = SparseFile::open(&dir.path().join("f.part"), "").unwrap();
        file.write_at(0, b"film").unwrap();
        file.commit(&add(&[(0, 4)])).unwrap();
        assert_eq!(file.digest(4).unwrap(), Digest::of(b"film"));
        file.finish(4, &dir.path().join("f")).unwrap();
        let names: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(names, ["f"]);
    }
}
