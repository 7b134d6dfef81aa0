//! `secrets.sealed`: tokens under one key, and what guards that key. Replaced as a whole, atomically.
//!
//! What must stay true: no token and no key stands here in the clear; which accounts have a token does, so that a
//! locked key never looks like being signed out.

use std::collections::BTreeMap;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use daypack_course::AccountId;
use serde::{Deserialize, Serialize};

use super::key::{Key, fill};
use super::passphrase::{Effort, salt};
use super::{Guard, Secret};
use crate::StoreError;
use crate::objects::{replace_file, sync_dir};

/// The one format so far.
const FORMAT: u32 = 1;

/// The file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct SealedFile {
    format: u32,
    /// Drawn at random; names the key in the keyring.
    pub id: String,
    guard: Guarded,
    /// A known text under the key: tells a wrong key from a damaged token.
    check: String,
    /// Account -> sealed token.
    tokens: BTreeMap<AccountId, String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Guarded {
    /// The key lies in the computer's keyring under `id`.
    Keyring {},
    /// The key is sealed with a key made of a passphrase.
    Passphrase { salt: String, effort: Effort, wrapped: String },
}

impl SealedFile {
    /// A file without tokens whose key lies in the keyring, and the key to put there.
    pub fn for_keyring() -> std::io::Result<(Self, Key)> {
        Self::with(|_, _| Ok(Guarded::Keyring {}))
    }

    /// A file without tokens whose key is guarded by a passphrase.
    pub fn for_passphrase(passphrase: &Secret, effort: Effort) -> std::io::Result<(Self, Key)> {
        Self::with(|id, key| {
            let salt = salt()?;
            let outer = effort
                .key(passphrase, &salt)
                .ok_or_else(|| std::io::Error::other("the passphrase cannot be used"))?;
            let wrapped = STANDARD.encode(outer.seal(key.bytes(), &about(id, "key"))?);
            Ok(Guarded::Passphrase { salt: STANDARD.encode(salt), effort, wrapped })
        })
    }

    fn with(guard: impl FnOnce(&str, &Key) -> std::io::Result<Guarded>) -> std::io::Result<(Self, Key)> {
        let mut id = [0; 16];
        fill(&mut id)?;
        let id = hex::encode(id);
        let key = Key::random()?;
        let check = STANDARD.encode(key.seal(&[], &about(&id, "check"))?);
        let guard = guard(&id, &key)?;
        Ok((Self { format: FORMAT, id, guard, check, tokens: BTreeMap::new() }, key))
    }

    /// Reads it; `None` when there is none, or none that this program understands (which costs a sign-in, no work).
    pub fn read(path: &Path) -> Result<Option<Self>, StoreError> {
        let bytes = match std::fs::read(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        match serde_json::from_slice::<Self>(&bytes) {
            Ok(file) if file.format == FORMAT => Ok(Some(file)),
            Ok(file) => {
                tracing::warn!(
                    format = file.format,
                    "sealed tokens of another program; sign-in is asked for again"
                );
                Ok(None)
            }
            Err(_) => {
                tracing::warn!("the sealed tokens cannot be read; sign-in is asked for again");
                Ok(None)
            }
        }
    }

    /// Durable on return.
    pub fn write(&self, path: &Path) -> Result<(), StoreError> {
        replace_file(path, &serde_json::to_vec(self)?)
    }

    /// What guards the key.
    pub fn guard(&self) -> Guard {
        match self.guard {
            Guarded::Keyring {} => Guard::Keyring,
            Guarded::Passphrase { .. } => Guard::Passphrase,
        }
    }

    /// Whether this is the key.
    pub fn fits(&self, key: &Key) -> bool {
        STANDARD.decode(&self.check).is_ok_and(|check| key.open(&check, &about(&self.id, "check")).is_some())
    }

    /// The key by its passphrase; `None` when the passphrase is wrong.
    pub fn key_of(&self, passphrase: &Secret) -> Option<Key> {
        let Guarded::Passphrase { salt, effort, wrapped } = &self.guard else { return None };
        let outer = effort.key(passphrase, &STANDARD.decode(salt).ok()?)?;
        let key = outer.open(&STANDARD.decode(wrapped).ok()?, &about(&self.id, "key"))?;
        Key::from_slice(&key).filter(|key| self.fits(key))
    }

    /// Seals a token.
    pub fn put(&mut self, account: &AccountId, token: &Secret, key: &Key) -> std::io::Result<()> {
        let sealed = key.seal(token.reveal().as_bytes(), &self.about_token(account))?;
        self.tokens.insert(account.clone(), STANDARD.encode(sealed));
        Ok(())
    }

    /// Opens a token; `None` when there is none or it was damaged.
    pub fn get(&self, account: &AccountId, key: &Key) -> Option<Secret> {
        let sealed = STANDARD.decode(self.tokens.get(account)?).ok()?;
        let text = key.open(&sealed, &self.about_token(account))?;
        std::str::from_utf8(&text).ok().map(Secret::new)
    }

    /// Whether there is a token, open or not.
    pub fn has(&self, account: &AccountId) -> bool {
        self.tokens.contains_key(account)
    }

    /// Forgets a token; needs no key. False when there was none.
    pub fn remove(&mut self, account: &AccountId) -> bool {
        self.tokens.remove(account).is_some()
    }

    /// Who has a token.
    pub fn accounts(&self) -> impl Iterator<Item = &AccountId> {
        self.tokens.keys()
    }

    fn about_token(&self, account: &AccountId) -> String {
        about(&self.id, &format!("token {account}"))
    }
}

/// What a sealed text is for.
fn about(id: &str, what: &str) -> String {
    format!("daypack secrets {FORMAT} {id} {what}")
}

/// Tokens of an earlier Daypack, in the clear; empty when there are none or they cannot be read.
pub(super) fn read_plain(path: &Path) -> Result<BTreeMap<AccountId, Secret>, StoreError> {
    let bytes = match std::fs::read(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        other => zeroize::Zeroizing::new(other?),
    };
    let plain: BTreeMap<AccountId, String> = serde_json::from_slice(&bytes).unwrap_or_else(|_| {
        tracing::warn!("secrets.json is not readable; sign-in is asked for again");
        BTreeMap::new()
    });
    Ok(plain.into_iter().map(|(account, token)| (account, Secret::new(token))).collect())
}

/// Overwrites a file with zeros and removes it. What a disk keeps of the old bytes elsewhere is out of our hands.
pub(super) fn shred(path: &Path) -> Result<(), StoreError> {
    let mut file = match std::fs::File::options().write(true).open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    let length = usize::try_from(file.metadata()?.len()).unwrap_or(0);
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&vec![0; length])?;
    file.sync_all()?;
    drop(file);
    std::fs::remove_file(path)?;
    sync_dir(path.parent().unwrap_or(Path::new(".")))
}
