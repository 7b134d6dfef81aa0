//! The computer's keyring as this program sees it: a place for one small secret under a name.
//!
//! What must stay true: "not there", "locked" and "no keyring" are three answers, never one. A locked keyring of the
//! Secret Service says "not there" when it is read, so a missing entry counts only after a trial entry could be
//! written ([`find`]).

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::key::Key;

/// Name of the trial entry.
const TRIAL: &str = "trial";

/// A keyring. Calls may block for as long as the learner looks at the system's own question.
pub trait Keyring: Send + Sync {
    /// The secret under `name`.
    fn get(&self, name: &str) -> Result<Vec<u8>, KeyringError>;
    /// Keeps a secret under `name`, in place of an older one.
    fn set(&self, name: &str, secret: &[u8]) -> Result<(), KeyringError>;
    /// Forgets the secret under `name`.
    fn remove(&self, name: &str) -> Result<(), KeyringError>;
}

/// Why a keyring did not do it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// No such entry, or (when reading) a locked keyring that does not say so.
    #[error("no such entry in the keyring")]
    Missing,
    /// The keyring is locked.
    #[error("the keyring is locked")]
    Locked,
    /// There is no keyring, or it does not work.
    #[error("no keyring: {0}")]
    Unavailable(String),
}

/// What was found under a name.
pub(super) enum Found {
    Key(Key),
    /// The keyring is open and has no such entry.
    Nothing,
    Locked,
    Unavailable,
}

/// Looks for a key and tells a locked keyring from an empty one.
pub(super) fn find(keyring: &dyn Keyring, name: &str) -> Found {
    match keyring.get(name) {
        Ok(bytes) => Key::from_slice(&bytes).map_or(Found::Nothing, Found::Key),
        Err(KeyringError::Missing) => match is_open(keyring) {
            Ok(()) => Found::Nothing,
            Err(KeyringError::Unavailable(_)) => Found::Unavailable,
            Err(_) => Found::Locked,
        },
        Err(KeyringError::Locked) => Found::Locked,
        Err(KeyringError::Unavailable(why)) => {
            tracing::info!(why, "no keyring");
            Found::Unavailable
        }
    }
}

/// Whether an entry can be written and read back.
fn is_open(keyring: &dyn Keyring) -> Result<(), KeyringError> {
    keyring.set(TRIAL, TRIAL.as_bytes())?;
    let back = keyring.get(TRIAL);
    let _ = keyring.remove(TRIAL);
    match back {
        Ok(bytes) if bytes == TRIAL.as_bytes() => Ok(()),
        Err(unavailable @ KeyringError::Unavailable(_)) => Err(unavailable),
        _ => Err(KeyringError::Locked),
    }
}

/// Keeps a key and makes sure that it can be read again.
pub(super) fn keep(keyring: &dyn Keyring, name: &str, key: &Key) -> Result<(), KeyringError> {
    keyring.set(name, key.bytes())?;
    match keyring.get(name) {
        Ok(bytes) if bytes == key.bytes() => Ok(()),
        Err(unavailable @ KeyringError::Unavailable(_)) => Err(unavailable),
        // Written and not to be read: whatever it is, the key is not safe there.
        _ => Err(KeyringError::Locked),
    }
}

/// A computer without a keyring.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoKeyring;

impl Keyring for NoKeyring {
    fn get(&self, _: &str) -> Result<Vec<u8>, KeyringError> {
        Err(KeyringError::Unavailable("none was given".into()))
    }
    fn set(&self, _: &str, _: &[u8]) -> Result<(), KeyringError> {
        Err(KeyringError::Unavailable("none was given".into()))
    }
    fn remove(&self, _: &str) -> Result<(), KeyringError> {
        Err(KeyringError::Unavailable("none was given".into()))
    }
}

/// How a [`MemoryKeyring`] behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mood {
    /// Works.
    #[default]
    Open,
    /// Locked the way the Secret Service is: reading finds nothing, writing is refused.
    Locked,
    /// Not there.
    Unavailable,
}

/// A keyring in memory, for tests; gone with the process.
#[derive(Debug, Default)]
pub struct MemoryKeyring {
    entries: Mutex<BTreeMap<String, Vec<u8>>>,
    mood: Mutex<Mood>,
}

impl MemoryKeyring {
    /// From now on it behaves like this; entries stay.
    pub fn set_mood(&self, mood: Mood) {
        *self.mood.lock().unwrap_or_else(PoisonError::into_inner) = mood;
    }

    /// Forgets all entries, as a wiped keyring.
    pub fn wipe(&self) {
        self.entries().clear();
    }

    fn mood(&self) -> Mood {
        *self.mood.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn entries(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Vec<u8>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Keyring for MemoryKeyring {
    fn get(&self, name: &str) -> Result<Vec<u8>, KeyringError> {
        match self.mood() {
            Mood::Open => self.entries().get(name).cloned().ok_or(KeyringError::Missing),
            Mood::Locked => Err(KeyringError::Missing),
            Mood::Unavailable => Err(KeyringError::Unavailable("as told".into())),
        }
    }

    fn set(&self, name: &str, secret: &[u8]) -> Result<(), KeyringError> {
        match self.mood() {
            Mood::Open => {
                self.entries().insert(name.to_owned(), secret.to_vec());
                Ok(())
            }
            Mood::Locked => Err(KeyringError::Locked),
            Mood::Unavailable => Err(KeyringError::Unavailable("as told".into())),
        }
    }

    fn remove(&self, name: &str) -> Result<(), KeyringError> {
        match self.mood() {
            Mood::Open => self.entries().remove(name).map(|_| ()).ok_or(KeyringError::Missing),
            Mood::Locked => Err(KeyringError::Missing),
            Mood::Unavailable => Err(KeyringError::Unavailable("as told".into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locked_keyring_is_not_taken_for_an_empty_one() {
        let keyring = MemoryKeyring::default();
        let key = Key::random().unwrap();
        keep(&keyring, "a", &key).unwrap();
        assert!(matches!(find(&keyring, "a"), Found::Key(found) if found.bytes() == key.bytes()));
        assert!(matches!(find(&keyring, "b"), Found::Nothing));
        keyring.set_mood(Mood::Locked);
        assert_eq!(keyring.get("a"), Err(KeyringError::Missing), "as the Secret Service answers");
        assert!(matches!(find(&keyring, "a"), Found::Locked));
        assert_eq!(keep(&keyring, "a", &key), Err(KeyringError::Locked));
        keyring.set_mood(Mood::Unavailable);
        assert!(matches!(find(&keyring, "a"), Found::Unavailable));
    }

    #[test]
    fn the_trial_entry_does_not_stay() {
        let keyring = MemoryKeyring::default();
        assert!(matches!(find(&keyring, "a"), Found::Nothing));
        assert!(keyring.entries().is_empty());
    }
}
