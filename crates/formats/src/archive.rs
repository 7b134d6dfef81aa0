//! Reading foreign zip files in place. Nothing is ever extracted to a name; members are found by a checked name
//! and read through limits.
//!
//! What must stay true: a name that leaves the archive, a link or a device refuses the archive as a whole; two
//! members never share bytes; a member never yields more bytes than it declares, nor bytes whose CRC differs,
//! nor unpacks at more than [`MAX_RATIO`] above 16 MiB. Of two members with one name the first is used.
//! Format: <https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>.

mod directory;
mod member;
mod name;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::sync::{Arc, Mutex};

pub use member::{Member, MemberReader};
pub use name::fold;

use crate::OpenError;

/// Most members.
pub const MAX_MEMBERS: usize = 200_000;
/// Most bytes of all members together.
pub const MAX_TOTAL: u64 = 64 << 30;
/// Most unpacked bytes for one packed byte, for members above 16 MiB.
pub const MAX_RATIO: u64 = 200;
/// Largest table of contents.
pub const MAX_DIRECTORY: u64 = 64 << 20;

/// An open zip file.
#[derive(Clone, Debug)]
pub struct Archive {
    file: Shared,
    members: Arc<Vec<Member>>,
    exact: Arc<BTreeMap<String, usize>>,
    folded: Arc<BTreeMap<String, usize>>,
    doubles: Arc<Vec<String>>,
}

/// A file read by several readers, each with a position of its own.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    file: Arc<Mutex<File>>,
    /// Bytes of the whole file.
    pub(crate) len: u64,
}

impl Shared {
    /// Reads up to `buf.len()` bytes at `at`.
    pub(crate) fn read_at(&self, at: u64, buf: &mut [u8]) -> std::io::Result<usize> {
        let mut file = self.file.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        file.seek(SeekFrom::Start(at))?;
        file.read(buf)
    }

    /// Reads exactly `len` bytes at `at`.
    pub(crate) fn bytes(&self, at: u64, len: usize) -> std::io::Result<Vec<u8>> {
        let mut out = vec![0; len];
        let mut file = self.file.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(&mut out)?;
        Ok(out)
    }
}

impl Archive {
    /// Opens a zip file and checks all of its table of contents.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let file = File::open(path).map_err(|e| OpenError::io(path, &e))?;
        let len = file.metadata().map_err(|e| OpenError::io(path, &e))?.len();
        Self::of(file, len)
    }

    fn of(file: File, len: u64) -> Result<Self, OpenError> {
        let file = Shared { file: Arc::new(Mutex::new(file)), len };
        let members = directory::read(&file)?;
        let mut exact = BTreeMap::new();
        let mut folded = BTreeMap::new();
        let mut doubles = Vec::new();
        for (index, member) in members.iter().enumerate() {
            if exact.contains_key(&member.name) {
                doubles.push(member.name.clone());
                continue;
            }
            exact.insert(member.name.clone(), index);
            folded.entry(fold(&member.name)).or_insert(index);
        }
        for (index, member) in members.iter().enumerate() {
            for alias in &member.aliases {
                folded.entry(fold(alias)).or_insert(index);
            }
        }
        Ok(Self {
            file,
            members: Arc::new(members),
            exact: Arc::new(exact),
            folded: Arc::new(folded),
            doubles: Arc::new(doubles),
        })
    }

    /// All members in the archive's order, doubles included.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Names that occur more than once.
    pub fn doubles(&self) -> &[String] {
        &self.doubles
    }

    /// The member with exactly this name.
    pub fn find(&self, name: &str) -> Option<&Member> {
        self.exact.get(name).and_then(|i| self.members.get(*i))
    }

    /// The member with this name, or else the first whose name differs only by case, composition of accents or
    /// an old encoding.
    pub fn find_alike(&self, name: &str) -> Option<&Member> {
        self.find(name).or_else(|| self.folded.get(&fold(name)).and_then(|i| self.members.get(*i)))
    }

    /// A reader over a member's bytes. It fails at the end when length or CRC differ.
    pub fn reader(&self, member: &Member) -> Result<MemberReader, OpenError> {
        MemberReader::new(&self.file, member)
    }

    /// All bytes of a member, at most `max`.
    pub fn read(&self, member: &Member, max: u64) -> Result<Vec<u8>, OpenError> {
        if member.size > max {
            return Err(OpenError::too_large(crate::printable(&member.name)));
        }
        let mut out = Vec::with_capacity(member.size.min(1 << 20) as usize);
        let damaged = |_| OpenError::damaged(crate::printable(&member.name));
        self.reader(member)?.read_to_end(&mut out).map_err(damaged)?;
        Ok(out)
    }
    /// A part of a stored member, without its CRC being compared; fewer bytes when the member ends before. A packed
    /// member has no parts.
    pub fn part(&self, member: &Member, range: std::ops::Range<u64>) -> Result<Vec<u8>, OpenError> {
        let damaged = || OpenError::damaged(crate::printable(&member.name));
        if !member.is_stored() || !member.is_readable() {
            return Err(damaged());
        }
        let end = range.end.min(member.size).min(member.packed);
        let Some(len) = end.checked_sub(range.start).filter(|len| *len > 0) else { return Ok(Vec::new()) };
        let at = member::start(&self.file, member)?.saturating_add(range.start);
        self.file.bytes(at, usize::try_from(len).map_err(|_| damaged())?).map_err(|_| damaged())
    }
}
