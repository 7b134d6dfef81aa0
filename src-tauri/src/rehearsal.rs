//! Doors for window tests, where no hand can use the desktop's own dialogs. Only in builds with debug assertions.
//!
//! `DAYPACK_PICK` names a file whose text is what the next choices of file or folder answer (empty: changed one's
//! mind); `DAYPACK_OPENED` names a file that collects the addresses that would have been opened outside. Getting work
//! back waits as long as the file is there that `DAYPACK_HOLD` names.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use daypack_app::api::opening::{OpeningStep, OpeningWay};

fn door(name: &str) -> Option<PathBuf> {
    if cfg!(debug_assertions) { std::env::var_os(name).map(PathBuf::from) } else { None }
}

/// What a test wants to be chosen; the outer `None` asks the learner.
pub fn picked() -> Option<Option<String>> {
    let text = std::fs::read_to_string(door("DAYPACK_PICK")?).unwrap_or_default();
    Some(Some(text.trim().to_owned()).filter(|t| !t.is_empty()))
}

/// Whether a test took the address instead of the desktop.
pub fn opened(address: &str) -> bool {
    let Some(path) = door("DAYPACK_OPENED") else { return false };
    std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .and_then(|mut file| writeln!(file, "{address}"))
        .is_ok()
}

/// Holds opening up while a test wants it.
pub fn hold(way: OpeningWay) {
    let Some(path) = door("DAYPACK_HOLD").filter(|_| way.step == OpeningStep::BringingBack) else { return };
    while path.exists() {
        std::thread::sleep(Duration::from_millis(10));
    }
}
