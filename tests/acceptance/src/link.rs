//! A bad link of one's own (`tests/linksim`), and `daypack fetch` behind it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use daypack_course::Digest;
use daypack_course::package::{Chunk, ChunkList};
use serde_json::Value;

use crate::practice::{bin, root};

/// The emulator.
pub fn linksim() -> PathBuf {
    root().join("tests/linksim/linksim")
}

/// Why there can be no bad link here, when there can be none.
pub fn forbidden() -> Option<String> {
    let tried = Command::new(linksim()).args(["--quiet", "--timeout", "20s", "--", "true"]).output();
    match tried {
        Ok(done) if done.status.success() => None,
        Ok(done) => Some(String::from_utf8_lossy(&done.stderr).trim().to_owned()),
        Err(error) => Some(error.to_string()),
    }
}

/// Bytes that no two seeds share and nothing compresses.
pub fn noise(seed: u64, size: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(size + 8);
    while bytes.len() < size {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(size);
    bytes
}

/// A chunk list with chunks of `length` bytes each.
pub fn chunk_list(bytes: &[u8], length: usize) -> ChunkList {
    let chunks = bytes
        .chunks(length)
        .map(|piece| Chunk { digest: Digest::of(piece), length: u32::try_from(piece.len()).unwrap() })
        .collect();
    ChunkList { object: Digest::of(bytes), size: bytes.len() as u64, chunks }
}

/// A folder with `www/f.bin`, its digest and its chunk list, and room for what is fetched.
pub struct Desk {
    dir: tempfile::TempDir,
    bytes: Vec<u8>,
}

/// What came of a run.
#[derive(Debug)]
pub struct Ran {
    /// Exit code of the whole.
    pub exit: i32,
    /// Last line of stdout.
    pub said: Value,
    /// What the emulator counted.
    pub stats: Value,
    /// What was written on stderr.
    pub stderr: String,
}

impl Desk {
    /// A desk with a file of `size` bytes.
    pub fn with(size: usize) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let bytes = noise(size as u64, size);
        std::fs::create_dir(dir.path().join("www")).unwrap();
        let desk = Self { dir, bytes };
        std::fs::write(desk.www(), &desk.bytes).unwrap();
        std::fs::write(desk.chunks(), chunk_list(&desk.bytes, 128 << 10).encode()).unwrap();
        desk
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// The file at its source.
    pub fn www(&self) -> PathBuf {
        self.path().join("www/f.bin")
    }

    /// Its chunk list.
    pub fn chunks(&self) -> PathBuf {
        self.path().join("f.chunks")
    }

    /// Where it is fetched to.
    pub fn out(&self) -> PathBuf {
        self.path().join("out.bin")
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// SHA-256 in hexadecimal.
    pub fn sha256(&self) -> String {
        Digest::of(&self.bytes).to_string()
    }

    /// `daypack fetch` of the file, as words of a shell.
    pub fn fetch(&self, more: &str) -> String {
        let (daypack, out) = (bin("daypack"), self.out());
        format!(
            "{} fetch http://server.sim/f.bin --out {} --json-progress {more}",
            daypack.display(),
            out.display()
        )
    }

    /// Runs a line of a shell behind the link.
    pub fn behind(&self, link: &[&str], line: &str) -> Ran {
        let stats = self.path().join("stats.json");
        let mut command = Command::new(linksim());
        command
            .args(["--quiet", "--timeout", "120s", "--cc", "cubic", "--serve"])
            .arg(self.path().join("www"));
        command.arg("--stats").arg(&stats).args(link).args(["--", "/bin/bash", "-c", line]);
        let done = command.stdin(Stdio::null()).output().unwrap();
        let text = String::from_utf8_lossy(&done.stdout).into_owned();
        let said = text.lines().last().and_then(|line| serde_json::from_str(line).ok()).unwrap_or_default();
        let stats =
            std::fs::read(&stats).ok().and_then(|raw| serde_json::from_slice(&raw).ok()).unwrap_or_default();
        let stderr = String::from_utf8_lossy(&done.stderr).into_owned();
        Ran { exit: done.status.code().unwrap_or(-1), said, stats, stderr }
    }

    /// Whether the file is there and right; `None` when there is none.
    pub fn is_right(&self) -> Option<bool> {
        std::fs::read(self.out()).ok().map(|found| found == self.bytes)
    }
}
