//! Everything a learner produced as one archive that can be read without Daypack, and back again.
//!
//! What must stay true: an archive is whole or not there (temp, sync, rename); no secret is in it; its page loads
//! nothing and runs nothing, and shows what people wrote as text; taking one in trusts nothing it says.
//! The format: `docs/export-format.md`.

pub(crate) mod archive;
mod moment;
mod name;
mod page;
mod section;
mod words;

use daypack_course::TimeMs;
use daypack_store::takeout::Takeout;
use serde::{Deserialize, Serialize};

pub(crate) use words::Words;

/// Names the format.
pub(crate) const FORMAT: &str = "daypack-work";
/// The version written here.
pub(crate) const VERSION: u32 = 1;

/// `data.json`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Written {
    /// [`FORMAT`].
    pub format: String,
    /// Programs that know a lower version must not read it.
    pub version: u32,
    /// Version of Daypack that wrote it.
    pub program: String,
    /// When it was written.
    pub made: TimeMs,
    /// Everything, or one piece of work only.
    pub whole: bool,
    /// What is in it.
    pub contents: Takeout,
}

impl Written {
    /// What this program writes.
    pub fn new(contents: Takeout, whole: bool, made: TimeMs) -> Self {
        let program = env!("CARGO_PKG_VERSION").to_owned();
        Self { format: FORMAT.to_owned(), version: VERSION, program, made, whole, contents }
    }
}
