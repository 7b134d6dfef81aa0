//! Real small file systems to fill up: a tmpfs, or an ext4 on a loop device, where this user may mount; else it is said.
#![allow(clippy::unwrap_used)]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A small file system, unmounted when dropped.
pub struct Small {
    /// Where it is mounted.
    pub at: PathBuf,
    _dir: tempfile::TempDir,
}

impl Small {
    /// `None`, and said, where this user may not mount.
    pub fn mount(kind: &str, megabytes: u64) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path().join("disk");
        std::fs::create_dir(&at).unwrap();
        let mounted = match kind {
            "tmpfs" => ran(Command::new("mount")
                .args(["-t", "tmpfs", "-o", &format!("size={megabytes}m"), "tmpfs"])
                .arg(&at)),
            _ => {
                let image = dir.path().join("image");
                std::fs::File::create(&image).unwrap().set_len(megabytes << 20).unwrap();
                ran(Command::new("mkfs.ext4").args(["-q", "-F", "-m", "0"]).arg(&image))
                    && ran(Command::new("mount").args(["-o", "loop"]).arg(&image).arg(&at))
            }
        };
        if !mounted {
            println!("NOT RUN: mounting a {kind} of {megabytes} MB is not possible for this user here");
            return None;
        }
        Some(Self { at, _dir: dir })
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        ran(Command::new("umount").arg(&self.at));
    }
}

fn ran(command: &mut Command) -> bool {
    command.output().is_ok_and(|out| out.status.success())
}

/// Writes until nothing goes on the disk any more, then byte by byte.
pub fn fill(dir: &Path) {
    let mut file = std::fs::File::create(dir.join("video.mp4")).unwrap();
    for block in [1 << 20, 64 << 10, 4 << 10, 1] {
        let bytes = vec![7_u8; block];
        while file.write_all(&bytes).is_ok() {}
    }
    let _ = file.sync_all();
}
