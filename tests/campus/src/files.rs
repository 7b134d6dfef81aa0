//! Files the campus can serve: those of the course, and those people uploaded.
//! Must stay true: the ETag of a stored file is the SHA-1 of its bytes, computed from the bytes themselves.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use sha1::{Digest, Sha1};

/// Where bytes are.
#[derive(Debug, Clone)]
pub enum Bytes {
    /// A file on disk.
    Disk(PathBuf),
    /// In memory.
    Memory(bytes::Bytes),
}

/// A file of a module.
#[derive(Debug, Clone)]
pub struct StoredFile {
    /// Number, as `contentfiles` of updates names it.
    pub id: i64,
    /// Context.
    pub context: i64,
    /// `mod_resource` ...
    pub component: &'static str,
    /// `content` ...
    pub area: &'static str,
    /// `/` or `/images/`.
    pub filepath: String,
    /// Name.
    pub filename: String,
    /// Media type.
    pub mime: String,
    /// Bytes.
    pub size: u64,
    /// Hex.
    pub sha1: String,
    /// Seconds.
    pub time: i64,
    /// Position; the main file has 1.
    pub sortorder: i64,
    /// The content.
    pub bytes: Bytes,
}

/// SHA-1 in hex.
pub fn sha1_hex(bytes: &[u8]) -> String {
    hex::encode(Sha1::digest(bytes))
}

/// Length, SHA-1 and time of a file on disk.
pub fn measure(path: &Path) -> std::io::Result<(u64, String, i64)> {
    let mut file = std::fs::File::open(path)?;
    let time = file
        .metadata()?
        .modified()?
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs().cast_signed());
    let (mut hash, mut size, mut buffer) = (Sha1::new(), 0_u64, vec![0_u8; 1 << 16]);
    loop {
        let got = file.read(&mut buffer)?;
        if got == 0 {
            return Ok((size, hex::encode(hash.finalize()), time));
        }
        if let Some(part) = buffer.get(..got) {
            hash.update(part);
        }
        size += got as u64;
    }
}

/// Media type by name, as Moodle's table has it.
pub fn mime_of(name: &str) -> &'static str {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
    match ending.as_str() {
        "mp4" => "video/mp4",
        "m4a" => "audio/mp4",
        "mp3" => "audio/mp3",
        "ogg" | "oga" | "opus" => "audio/ogg",
        "wav" => "audio/wav",
        "webm" => "video/webm",
        "vtt" => "text/vtt",
        "txt" => "text/plain",
        "html" | "htm" => "text/html",
        "css" => "text/css",
        "json" => "application/json",
        "pdf" => "application/pdf",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "svg" => "image/svg+xml",
        "webp" => "image/webp",
        "gif" => "image/gif",
        "zip" => "application/zip",
        _ => "document/unknown",
    }
}

/// Name of the icon of a media type.
pub fn icon_of(mime: &str) -> &'static str {
    match mime.split('/').next() {
        Some("image") => "f/image",
        Some("audio") => "f/audio",
        Some("video") => "f/video",
        _ if mime == "application/pdf" => "f/pdf",
        _ if mime == "application/zip" => "f/archive",
        Some("text") => "f/text",
        _ => "f/unknown",
    }
}

/// Bytes of uploaded files, by SHA-1: below a folder, or in memory when the campus keeps nothing.
#[derive(Debug, Default)]
pub struct Blobs {
    dir: Option<PathBuf>,
    memory: Mutex<HashMap<String, bytes::Bytes>>,
}

impl Blobs {
    /// Below `dir`, which is made if missing.
    pub fn open(dir: Option<PathBuf>) -> std::io::Result<Self> {
        if let Some(dir) = &dir {
            std::fs::create_dir_all(dir)?;
        }
        Ok(Self { dir, memory: Mutex::default() })
    }

    /// Keeps bytes; answers their SHA-1.
    pub fn put(&self, content: bytes::Bytes) -> std::io::Result<String> {
        let sha1 = sha1_hex(&content);
        match &self.dir {
            Some(dir) => {
                let path = dir.join(&sha1);
                if !path.exists() {
                    let beside = dir.join(format!("{sha1}.new"));
                    std::fs::write(&beside, &content)?;
                    std::fs::rename(beside, path)?;
                }
            }
            None => {
                self.memory.lock().unwrap_or_else(PoisonError::into_inner).insert(sha1.clone(), content);
            }
        }
        Ok(sha1)
    }

    /// Finds bytes again.
    pub fn get(&self, sha1: &str) -> Option<Bytes> {
        match &self.dir {
            Some(dir) => Some(Bytes::Disk(dir.join(sha1))),
            None => {
                let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
                memory.get(sha1).cloned().map(Bytes::Memory)
            }
        }
    }
}
