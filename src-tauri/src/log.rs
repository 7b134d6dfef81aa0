//! Where the program writes what it does: stderr, and `logs/daypack.log` in the data folder.
//!
//! What must stay true: no secrets (they live in types that cannot be printed), and a log never fills the disk:
//! past 4 MB the file is put aside at the next start and the one put aside before goes.

use std::fs::File;
use std::path::Path;
use std::sync::Mutex;

use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, fmt};

const LARGEST: u64 = 4 << 20;

/// Starts logging; `DAYPACK_LOG` chooses what (default `info`). A log that cannot be written stops nothing.
pub fn start(data: &Path) {
    let filter = EnvFilter::try_from_env("DAYPACK_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let (file, trouble) = match open(&data.join("logs")) {
        Ok(file) => (Some(fmt::layer().with_ansi(false).with_writer(Mutex::new(file))), None),
        Err(error) => (None, Some(error)),
    };
    let started = tracing_subscriber::registry()
        .with(filter)
        .with(fmt::layer().with_ansi(false).with_writer(std::io::stderr))
        .with(file)
        .try_init();
    if let (Ok(()), Some(error)) = (started, trouble) {
        tracing::warn!(%error, "no log file");
    }
}

fn open(folder: &Path) -> std::io::Result<File> {
    std::fs::create_dir_all(folder)?;
    let path = folder.join("daypack.log");
    if std::fs::metadata(&path).is_ok_and(|m| m.len() > LARGEST) {
        std::fs::rename(&path, folder.join("daypack.old.log"))?;
    }
    File::options().create(true).append(true).open(path)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_log_that_grew_large_is_put_aside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("daypack.log");
        open(folder.path()).unwrap().write_all(b"short").unwrap();
        open(folder.path()).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"short");
        std::fs::write(&path, vec![b'x'; usize::try_from(LARGEST).unwrap() + 1]).unwrap();
        open(folder.path()).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().len(), 0);
        assert!(folder.path().join("daypack.old.log").exists());
    }
}
