//! Sign-in tokens, sealed under one key per data folder, outside the databases (which get copied and exported).
//!
//! What must stay true: no token is on the disk in the clear; a locked or lost key never means signed out by itself,
//! never stops saving and never deletes anything; keys and nonces are the only chance drawn in this crate. Without a
//! keyring and without a passphrase tokens live in memory, for this session only. A secret cannot be printed.
//! Reasons: docs/decisions/0012.

mod file;
pub(crate) mod key;
pub(crate) mod keyring;
pub(crate) mod passphrase;
mod shelf;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use daypack_course::AccountId;
use zeroize::Zeroizing;

use crate::StoreError;
use file::{SealedFile, read_plain, shred};
use key::Key;
use keyring::{Found, Keyring, KeyringError, NoKeyring, find, keep};
use passphrase::Effort;

/// Shorter passphrases are guessed in an afternoon.
pub const SHORTEST_PASSPHRASE: usize = 8;

/// A token, password or passphrase; wiped from memory when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps a secret.
    pub fn new(value: impl Into<String>) -> Self {
        Self(Zeroizing::new(value.into()))
    }

    /// The secret itself, for the request that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// What guards the key that tokens are sealed under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// The computer's keyring.
    Keyring,
    /// A passphrase of the learner's.
    Passphrase,
}

/// How tokens are kept right now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nobody needed the key yet.
    Resting,
    /// Sealed on the disk, and the key is here.
    Open,
    /// Sealed on the disk, and the key cannot be reached now: tokens wait, nobody is signed out.
    Locked,
    /// Sealed on the disk, and the key is gone for good: sites must be signed in to again.
    Lost,
    /// In memory only, gone when the program ends.
    Session,
}

/// What the keyring said when it was last asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyringSeen {
    /// Not asked yet.
    NotAsked,
    /// It works.
    Open,
    /// It is there and locked.
    Locked,
    /// There is none.
    Unavailable,
}

/// How tokens are kept, in full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keys {
    /// Right now.
    pub standing: Standing,
    /// What guards the sealed tokens, where there are any.
    pub guard: Option<Guard>,
    /// What the keyring said.
    pub keyring: KeyringSeen,
}

/// How tokens are to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Sealed, the key in the keyring.
    Keyring,
    /// Sealed, the key behind a passphrase.
    Passphrase(Secret, Effort),
    /// In memory only.
    Session,
}

/// A token, if it can be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// Here it is.
    Here(Secret),
    /// It is sealed and waits for its key.
    Waits,
    /// The account is signed out.
    SignedOut,
}

/// Why a key could not be opened or kept otherwise.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// Not the passphrase.
    #[error("wrong passphrase")]
    WrongPassphrase,
    /// Fewer than [`SHORTEST_PASSPHRASE`] characters.
    #[error("the passphrase is too short")]
    ShortPassphrase,
    /// The tokens are sealed and their key cannot be reached now.
    #[error("the tokens are locked")]
    Locked,
    /// The keyring is locked.
    #[error("the keyring is locked")]
    KeyringLocked,
    /// There is no keyring.
    #[error("there is no keyring")]
    KeyringUnavailable,
    /// A file could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<std::io::Error> for SecretsError {
    fn from(error: std::io::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<KeyringError> for SecretsError {
    fn from(error: KeyringError) -> Self {
        match error {
            KeyringError::Unavailable(_) => Self::KeyringUnavailable,
            KeyringError::Locked | KeyringError::Missing => Self::KeyringLocked,
        }
    }
}

/// The tokens of a data folder.
pub(crate) struct Secrets {
    sealed: PathBuf,
    plain: PathBuf,
    /// There when the learner chose that nothing is kept.
    unkept: PathBuf,
    keyring: RwLock<Arc<dyn Keyring>>,
    /// Held while the keyring is asked, which may take as long as the learner takes.
    turn: Mutex<()>,
    /// Never held while the keyring is asked.
    state: Mutex<State>,
    /// A newer program owns the folder: tokens are read, and nothing of them is written.
    is_read_only: bool,
}

struct State {
    /// `None` until the file was looked for.
    file: Option<Option<SealedFile>>,
    key: Option<Key>,
    /// Tokens of this session that are not on the disk.
    held: BTreeMap<AccountId, Secret>,
    lost: bool,
    keyring: KeyringSeen,
}

impl State {
    fn keys(&self, resting: bool) -> Keys {
        let file = self.file.as_ref().and_then(Option::as_ref);
        let standing = match (file, &self.key) {
            (Some(_), Some(_)) => Standing::Open,
            (Some(_), None) if self.lost => Standing::Lost,
            (Some(_), None) if resting => Standing::Resting,
            (Some(_), None) => Standing::Locked,
            (None, _) if self.held.is_empty() => Standing::Resting,
            (None, _) => Standing::Session,
        };
        Keys { standing, guard: file.map(SealedFile::guard), keyring: self.keyring }
    }

    /// Seals what is held, when the key is here.
    fn settle(&mut self, sealed: &Path) -> Result<(), StoreError> {
        let (Some(Some(file)), Some(key)) = (&mut self.file, &self.key) else { return Ok(()) };
        if self.held.is_empty() {
            return Ok(());
        }
        let mut fuller = file.clone();
        for (account, token) in &self.held {
            fuller.put(account, token, key)?;
        }
        fuller.write(sealed)?;
        *file = fuller;
        self.held.clear();
        Ok(())
    }
}

impl Secrets {
    pub fn at(dir: &Path, is_read_only: bool) -> Self {
        Self {
            sealed: dir.join("secrets.sealed"),
            plain: dir.join("secrets.json"),
            unkept: dir.join("secrets.session"),
            keyring: RwLock::new(Arc::new(NoKeyring)),
            turn: Mutex::new(()),
            state: Mutex::new(State {
                file: None,
                key: None,
                held: BTreeMap::new(),
                lost: false,
                keyring: KeyringSeen::NotAsked,
            }),
            is_read_only,
        }
    }

    /// The state, with the file looked for.
    fn state(&self) -> Result<MutexGuard<'_, State>, StoreError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.file.is_none() {
            state.file = Some(SealedFile::read(&self.sealed)?);
            // Tokens of an earlier Daypack count at once; they are sealed as soon as there is a key.
            state.held = read_plain(&self.plain)?;
        }
        Ok(state)
    }

    fn refuse_read_only(&self) -> Result<(), StoreError> {
        match self.is_read_only {
            true => Err(StoreError::ReadOnly),
            false => Ok(()),
        }
    }

    fn the_keyring(&self) -> Arc<dyn Keyring> {
        Arc::clone(&self.keyring.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keys(&self) -> Result<Keys, StoreError> {
        // Not asked and no passphrase tried: nobody needed the key yet.
        let state = self.state()?;
        let untouched = state.keyring == KeyringSeen::NotAsked
            && state.file.as_ref().and_then(Option::as_ref).map(SealedFile::guard) != Some(Guard::Passphrase);
        Ok(state.keys(untouched))
    }

    /// Looks for the key; makes one where there are tokens to keep and none was made yet.
    fn open(&self, passphrase: Option<&Secret>, effort: Option<Effort>) -> Result<Keys, SecretsError> {
        let _turn = self.turn();
        let keyring = self.the_keyring();
        let (file, has_key) = {
            let state = self.state()?;
            (state.file.clone().flatten(), state.key.is_some())
        };
        if !has_key {
            match &file {
                Some(file) if file.guard() == Guard::Passphrase => {
                    if let Some(passphrase) = passphrase {
                        let key = file.key_of(&folded(passphrase)).ok_or(SecretsError::WrongPassphrase)?;
                        self.state()?.key = Some(key);
                    }
                }
                Some(file) => match find(keyring.as_ref(), &file.id) {
                    Found::Key(key) => {
                        let fits = file.fits(&key);
                        let mut state = self.state()?;
                        state.keyring = KeyringSeen::Open;
                        (state.key, state.lost) = (fits.then_some(key), !fits);
                    }
                    Found::Nothing => {
                        let mut state = self.state()?;
                        (state.keyring, state.lost) = (KeyringSeen::Open, true);
                    }
                    Found::Locked => self.state()?.keyring = KeyringSeen::Locked,
                    Found::Unavailable => self.state()?.keyring = KeyringSeen::Unavailable,
                },
                None => {}
            }
            let state = self.state()?;
            let fresh = state.file.as_ref().is_none_or(Option::is_none) || state.lost;
            let wanted = fresh && state.key.is_none() && !state.held.is_empty() && !self.unkept.exists();
            let wanted = wanted && !self.is_read_only;
            drop(state);
            if wanted {
                self.begin(keyring.as_ref(), passphrase, effort)?;
            }
        }
        let mut state = self.state()?;
        if self.is_read_only {
            return Ok(state.keys(false));
        }
        state.settle(&self.sealed)?;
        // A locked keyring opens again one day, and the old file must then still be there to be sealed.
        if state.held.is_empty() || matches!(state.keyring, KeyringSeen::Open | KeyringSeen::Unavailable) {
            shred(&self.plain)?;
        }
        Ok(state.keys(false))
    }

    /// Makes a key: in the keyring, else behind the passphrase that was given, else none.
    fn begin(
        &self,
        keyring: &dyn Keyring,
        passphrase: Option<&Secret>,
        effort: Option<Effort>,
    ) -> Result<(), SecretsError> {
        let (file, key) = SealedFile::for_keyring()?;
        let seen = match keep(keyring, &file.id, &key) {
            Ok(()) => {
                self.take(file, key, KeyringSeen::Open)?;
                return Ok(());
            }
            Err(KeyringError::Unavailable(why)) => {
                tracing::info!(why, "no keyring");
                KeyringSeen::Unavailable
            }
            Err(_) => KeyringSeen::Locked,
        };
        self.state()?.keyring = seen;
        if let Some(passphrase) = passphrase {
            let (file, key) = SealedFile::for_passphrase(
                &long_enough(passphrase)?,
                effort.unwrap_or_else(Effort::measured),
            )?;
            self.take(file, key, seen)?;
        }
        Ok(())
    }

    /// Puts a new file and its key in place, with all tokens that are held.
    fn take(&self, file: SealedFile, key: Key, seen: KeyringSeen) -> Result<(), SecretsError> {
        let mut state = self.state()?;
        let mut fuller = file;
        for (account, token) in &state.held {
            fuller.put(account, token, &key)?;
        }
        fuller.write(&self.sealed)?;
        state.held.clear();
        state.file = Some(Some(fuller));
        (state.key, state.lost, state.keyring) = (Some(key), false, seen);
        Ok(())
    }

    /// Keeps tokens another way from now on.
    fn keep(&self, how: Keep) -> Result<Keys, SecretsError> {
        self.refuse_read_only()?;
        let _turn = self.turn();
        let keyring = self.the_keyring();
        let old = self.state()?.file.clone().flatten();
        let ready = match &how {
            Keep::Keyring => {
                let (file, key) = SealedFile::for_keyring()?;
                let kept = keep(keyring.as_ref(), &file.id, &key);
                self.state()?.keyring = match &kept {
                    Ok(()) => KeyringSeen::Open,
                    Err(KeyringError::Unavailable(_)) => KeyringSeen::Unavailable,
                    Err(_) => KeyringSeen::Locked,
                };
                kept?;
                Some((file, key))
            }
            Keep::Passphrase(passphrase, effort) => {
                Some(SealedFile::for_passphrase(&long_enough(passphrase)?, *effort)?)
            }
            Keep::Session => None,
        };
        let seen = {
            let mut state = self.state()?;
            state.unseal()?;
            state.keyring
        };
        match ready {
            Some((file, key)) => {
                self.take(file, key, seen)?;
                shred(&self.unkept)?;
            }
            None => {
                crate::objects::replace_file(&self.unkept, &[])?;
                shred(&self.sealed)?;
                let mut state = self.state()?;
                (state.file, state.key, state.lost) = (Some(None), None, false);
            }
        }
        shred(&self.plain)?;
        if let Some(old) = old.filter(|old| old.guard() == Guard::Keyring) {
            let _ = keyring.remove(&old.id);
        }
        Ok(self.state()?.keys(false))
    }

    /// Gives up the sealed tokens whose key cannot be had; what was signed in to in this session stays.
    fn forget(&self) -> Result<Keys, SecretsError> {
        self.refuse_read_only()?;
        let _turn = self.turn();
        let mut state = self.state()?;
        for path in [&self.sealed, &self.plain, &self.unkept] {
            shred(path)?;
        }
        (state.file, state.key, state.lost) = (Some(None), None, false);
        Ok(state.keys(false))
    }
}

impl State {
    /// Takes all tokens into memory; what cannot be opened because its key is away is an error, what is lost is lost.
    fn unseal(&mut self) -> Result<(), SecretsError> {
        let Some(Some(file)) = &self.file else { return Ok(()) };
        match &self.key {
            Some(key) => {
                for account in file.accounts() {
                    if let (false, Some(token)) = (self.held.contains_key(account), file.get(account, key)) {
                        self.held.insert(account.clone(), token);
                    }
                }
                Ok(())
            }
            None if self.lost || file.accounts().next().is_none() => Ok(()),
            None => Err(SecretsError::Locked),
        }
    }
}

/// The same passphrase however a keyboard composes its letters.
pub(crate) fn folded(passphrase: &Secret) -> Secret {
    Secret::new(
        icu_normalizer::ComposingNormalizerBorrowed::new_nfkc().normalize(passphrase.reveal()).into_owned(),
    )
}

fn long_enough(passphrase: &Secret) -> Result<Secret, SecretsError> {
    let folded = folded(passphrase);
    match folded.reveal().chars().count() >= SHORTEST_PASSPHRASE {
        true => Ok(folded),
        false => Err(SecretsError::ShortPassphrase),
    }
}
