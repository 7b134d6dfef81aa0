//! How sign-in tokens are kept on this computer.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// How tokens are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct KeysView {
    /// Right now.
    pub standing: KeysStanding,
    /// What guards the sealed tokens, where there are any.
    pub guard: Option<KeysGuard>,
    /// What the computer's keyring said when it was last asked.
    pub keyring: KeyringView,
    /// Fewest characters of a passphrase.
    pub shortest_passphrase: u32,
}

/// Right now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum KeysStanding {
    /// Nobody needed the key yet.
    Resting,
    /// Sealed, and the key is here.
    Open,
    /// Sealed, and the key cannot be reached now: tokens wait, nobody is signed out, work goes on.
    Locked,
    /// Sealed, and the key is gone for good: sites must be signed in to again.
    Lost,
    /// In memory only, until Daypack ends.
    Session,
}

/// What guards the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum KeysGuard {
    /// The computer's keyring.
    Keyring,
    /// A passphrase.
    Passphrase,
}

/// What the keyring said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum KeyringView {
    /// It was not asked yet.
    NotAsked,
    /// It works.
    Open,
    /// It is locked.
    Locked,
    /// There is none.
    Unavailable,
}

/// How tokens are to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum KeysHow {
    /// In the computer's keyring.
    Keyring,
    /// Behind a passphrase.
    Passphrase,
    /// In memory only.
    Session,
}
