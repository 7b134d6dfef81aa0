//! What an import has to say: codes and facts, never sentences. The UI words them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::ItemId;

/// One thing worth knowing about an imported course.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Finding {
    /// The item it is about; `None` for the course.
    pub item: Option<ItemId>,
    /// What was found.
    pub code: FindingCode,
    /// Names, hosts or kinds that belong to it; may be empty.
    pub detail: String,
}

/// The kinds of findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum FindingCode {
    /// Contains a video of another site (`detail`: host).
    OnlineVideo,
    /// Contains sound, a picture or a frame of another site (`detail`: host).
    OnlineContent,
    /// Is a web address (`detail`: host).
    OnlineLink,
    /// Is a tool of another site (`detail`: host).
    OnlineTool,
    /// Its questions cannot be worked yet (`detail`: format).
    QuizNotYet,
    /// A kind that cannot be worked yet (`detail`: kind).
    KindNotYet,
    /// Names a file that the package does not contain (`detail`: path).
    FileMissing,
    /// A file was damaged or refused and left out (`detail`: path).
    FileSkipped,
    /// Two files have one name; the first is used (`detail`: path).
    FileDouble,
    /// Something in the package's table of contents could not be read (`detail`: what).
    Damaged,
    /// Script was taken out of a page (`detail`: path).
    ScriptRemoved,
}
