//! Canonical media: MP4 files are rewritten without metadata and with their index first, so that two muxings of the
//! same stream are one object.
//!
//! What must stay true: streams are copied, never encoded; a file the muxer does not take without complaint goes in
//! as it is, and the report names it; nothing is left behind.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::PackError;

/// ffmpeg, as found on this computer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Muxer {
    program: PathBuf,
    /// First line of what it says of itself: other versions may give other bytes.
    pub version: String,
}

impl Muxer {
    /// Looks for `ffmpeg`; `None` when there is none.
    pub fn find() -> Option<Self> {
        Self::at(Path::new("ffmpeg"))
    }

    /// The muxer at `program`; `None` when it does not run.
    pub fn at(program: &Path) -> Option<Self> {
        let said = Command::new(program).arg("-version").stdin(Stdio::null()).output().ok()?;
        let text = String::from_utf8_lossy(&said.stdout).into_owned();
        let version = text.lines().next().filter(|_| said.status.success())?.trim().to_owned();
        Some(Self { program: program.to_owned(), version })
    }

    /// Writes the streams of `from` to `to`; `false` when it complained.
    fn remux(&self, from: &Path, to: &Path) -> bool {
        let done = Command::new(&self.program)
            .args(["-nostdin", "-hide_banner", "-v", "error", "-xerror", "-y", "-i"])
            .arg(from)
            .args(["-map", "0:V?", "-map", "0:a?", "-map", "0:s?", "-c", "copy"])
            .args(["-map_metadata", "-1", "-map_metadata:s", "-1", "-map_chapters", "-1"])
            .args(["-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact"])
            .args(["-video_track_timescale", "90000", "-movflags", "+faststart", "-f", "mp4"])
            .arg(to)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .output();
        let quiet = done.is_ok_and(|said| said.status.success() && said.stderr.is_empty());
        quiet && fs::metadata(to).is_ok_and(|meta| meta.len() > 0)
    }
}

/// What was done to the media of a course.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MediaReport {
    /// The muxer; `None` when there was none.
    pub muxer: Option<String>,
    /// MP4 files that were rewritten.
    pub remuxed: usize,
    /// MP4 files that went in as they are.
    pub as_they_are: Vec<String>,
}

/// Rewrites media into a folder of its own, which goes with this value.
pub(super) struct Media {
    muxer: Option<Muxer>,
    work: PathBuf,
    made: u32,
    pub(super) report: MediaReport,
}

impl Media {
    /// Uses `muxer`; files are made below `out` and removed again.
    pub(super) fn new(muxer: Option<Muxer>, out: &Path) -> Self {
        let report =
            MediaReport { muxer: muxer.as_ref().map(|m| m.version.clone()), ..MediaReport::default() };
        let work = out.join(format!(".remux-{}", std::process::id()));
        Self { muxer, work, made: 0, report }
    }

    /// Where the bytes that go into the package lie: those of `path`, or a rewritten copy.
    pub(super) fn canonical(
        &mut self,
        name: &str,
        media_type: &str,
        path: PathBuf,
    ) -> Result<PathBuf, PackError> {
        if !matches!(media_type, "video/mp4" | "audio/mp4" | "audio/x-m4a") {
            return Ok(path);
        }
        let Some(muxer) = self.muxer.as_ref().filter(|_| is_mp4(&path)) else {
            self.report.as_they_are.push(name.to_owned());
            return Ok(path);
        };
        fs::create_dir_all(&self.work).map_err(|e| PackError::io(&self.work, &e))?;
        self.made += 1;
        let to = self.work.join(format!("{}.mp4", self.made));
        if muxer.remux(&path, &to) {
            self.report.remuxed += 1;
            Ok(to)
        } else {
            self.report.as_they_are.push(name.to_owned());
            Ok(path)
        }
    }
}

impl Drop for Media {
    fn drop(&mut self) {
        if self.made > 0 {
            let _ = fs::remove_dir_all(&self.work);
            // Goes only when nothing else is in it: a refused build leaves no folder behind.
            let _ = self.work.parent().map(fs::remove_dir);
        }
    }
}

fn is_mp4(path: &Path) -> bool {
    use std::io::Read as _;
    let mut head = [0_u8; 12];
    let read = fs::File::open(path).and_then(|mut file| file.read_exact(&mut head));
    read.is_ok() && head.get(4..8) == Some(b"ftyp")
}
