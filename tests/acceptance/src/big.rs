//! A course as large as wanted, downloaded by the program through many cuts: kills of the program and of the line.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use daypack_course::TimeMs;
use daypack_formats::pack::{self, BuildOptions};
use serde_json::json;

use crate::link::noise;
use crate::practice::bin;
use crate::static_host::StaticHost;

const MIB: u64 = 1 << 20;
/// Bytes of a lecture, but for the last.
const LECTURE: u64 = 100 * MIB;

/// A library with one course of `bytes` in lectures of 100 MiB, made from seeds; its folder.
pub fn library(dir: &Path, bytes: u64) -> PathBuf {
    let (folder, shelf) = (dir.join("folder"), dir.join("library"));
    std::fs::create_dir_all(&folder).unwrap();
    let mut items = Vec::new();
    for n in 0..bytes.div_ceil(LECTURE) {
        let name = format!("{n}.bin");
        let mut file = std::fs::File::create(folder.join(&name)).unwrap();
        let length = LECTURE.min(bytes - n * LECTURE);
        for part in 0..length.div_ceil(MIB) {
            let size = usize::try_from(MIB.min(length - part * MIB)).unwrap();
            file.write_all(&noise(n * 1000 + part + 1, size)).unwrap();
        }
        items.push(json!({"id": format!("l{n}"), "title": format!("Lecture {n}"), "kind": "video",
            "duration_ms": 1000, "captions": [],
            "renditions": [{"tier": "standard", "path": name, "media_type": "video/x-made"}]}));
    }
    let course = json!({"format": "daypack-course-folder/1", "id": "large", "title": "Large", "language": "en",
        "summary": "", "licence": "CC0-1.0", "authors": [], "version": 1,
        "sections": [{"id": "s", "title": "Lectures", "items": items}]});
    std::fs::write(folder.join("course.json"), course.to_string()).unwrap();
    pack::keygen(&dir.join("key.pem")).unwrap();
    let keys = [pack::load_key(&dir.join("key.pem")).unwrap()];
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let now = TimeMs(i64::try_from(since.as_millis()).unwrap());
    let options = BuildOptions {
        keys: &keys,
        sites: &BTreeMap::new(),
        muxer: None,
        mirrors: &[],
        shareable: false,
        now,
    };
    pack::build(&folder, &shelf.join("course"), options).unwrap();
    pack::library_index(&shelf, "Large", &["course".to_owned()], &keys[0]).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    shelf
}

/// `daypack download` of all that `host` has.
pub fn download(host: &StaticHost, data: &Path) -> Child {
    let mut command = Command::new(bin("daypack"));
    command.args(["download", host.address(), "--patience", "120", "--data"]).arg(data);
    command.stdout(Stdio::inherit()).stderr(Stdio::null()).spawn().unwrap()
}

/// What a download through cuts came to.
#[derive(Debug)]
pub struct Cut {
    /// Bytes of bodies that the host sent.
    pub sent: u64,
    /// The most memory that one run of the program took, in KiB.
    pub most_kib: u64,
    /// Cuts that were made while it loaded.
    pub cuts: u32,
}

/// Downloads with `cuts` cuts spread at random (from `seed`) over `payload` bytes: each second one kills the program
/// with signal 9, the others take the line away for half a second.
pub fn through_cuts(host: &StaticHost, data: &Path, payload: u64, cuts: u32, seed: u64) -> Cut {
    let mut places: Vec<u64> = noise(seed, 8 * cuts as usize)
        .chunks(8)
        .map(|raw| u64::from_le_bytes(raw.try_into().unwrap()) % (payload * 97 / 100))
        .collect();
    places.sort_unstable();
    let (mut most_kib, mut made) = (0, 0);
    let mut child = download(host, data);
    let mut quiet = (host.sent(), Instant::now());
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "the download ended with {status}");
            return Cut { sent: host.sent(), most_kib, cuts: made };
        }
        most_kib = most_kib.max(memory(child.id()));
        if places.first().is_some_and(|place| host.sent() >= *place) {
            places.remove(0);
            made += 1;
            if made % 2 == 1 {
                child.kill().unwrap();
                child.wait().unwrap();
                child = download(host, data);
            } else {
                host.set_down(true);
                std::thread::sleep(Duration::from_millis(500));
                host.set_down(false);
            }
        }
        if host.sent() != quiet.0 {
            quiet = (host.sent(), Instant::now());
        }
        assert!(quiet.1.elapsed() < Duration::from_secs(120), "nothing came for two minutes");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The most memory that a running program has held so far, in KiB; 0 when it has ended.
pub fn memory(pid: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// Whether each object of the library's course is in the data folder, with the bytes of its name.
pub fn is_whole(shelf: &Path, data: &Path) -> bool {
    let mut found = 0;
    for entry in std::fs::read_dir(shelf.join("course/o")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let Ok(mut file) = std::fs::File::open(data.join("objects").join(&name[..2]).join(&name)) else {
            return false;
        };
        if digest(&mut file) != name {
            return false;
        }
        found += 1;
    }
    found > 0
}

fn digest(file: &mut std::fs::File) -> String {
    use sha2::Digest as _;
    let mut hasher = sha2::Sha256::new();
    std::io::copy(file, &mut hasher).unwrap();
    hex::encode(hasher.finalize())
}
