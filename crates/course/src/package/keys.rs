//! The key chain: who may speak for a publisher, and how that changes without anybody losing their course.
//!
//! `keys/1.json` is where trust begins; `keys/N+1.json` counts only if enough keys of epoch N *and* enough of epoch
//! N+1 signed it. What must stay true: the publisher's fingerprint stays that of the first epoch for ever; an online
//! key can confirm a channel and nothing else; nothing of a payload is parsed before enough known keys signed it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Envelope, EnvelopeError, Fingerprint, PublicKey};
use crate::{Digest, TimeMs};

/// Payload type of a key file.
pub const KEYS_TYPE: &str = "application/vnd.daypack.keys+json;v=1";
/// Largest accepted key file in bytes.
pub const MAX_KEYS: u64 = 16 * 1024;
/// Most epochs that are followed.
pub const MAX_EPOCHS: u32 = 256;
/// Most keys of one kind in an epoch.
const MOST: usize = 16;

/// The keys of one epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keys {
    /// 1, 2, 3 ...
    pub epoch: u32,
    /// How many of `keys` must sign.
    pub threshold: u32,
    /// Keys that sign channels and the next epoch. Kept away from servers.
    pub keys: Vec<PublicKey>,
    /// Keys that may only confirm a channel (same manifest, later `expires`). May live on a server.
    #[serde(default)]
    pub online: Vec<PublicKey>,
    /// When it was signed.
    pub issued: TimeMs,
}

/// The keys that count now, and the fingerprint the publisher is known by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyChain {
    identity: Fingerprint,
    keys: Keys,
    alone: bool,
}

/// Why a key file does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// No file of this kind, or no valid signature.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// More bytes than [`MAX_KEYS`], or more epochs than [`MAX_EPOCHS`].
    #[error("key file is too large")]
    TooLarge,
    /// Signed, but no usable set of keys.
    #[error("not a usable set of keys")]
    Unusable,
    /// Another epoch than the next one.
    #[error("keys of epoch {found} where {expected} belongs")]
    OtherEpoch {
        /// The one that must come.
        expected: u32,
        /// The one it says.
        found: u32,
    },
    /// Not enough keys of `epoch` signed.
    #[error("{have} of {need} keys of epoch {epoch} signed")]
    TooFew {
        /// Whose keys.
        epoch: u32,
        /// How many did.
        have: u32,
        /// How many must.
        need: u32,
    },
}

impl Keys {
    /// How many of `signers` are among the keys.
    pub fn count(&self, signers: &[PublicKey]) -> u32 {
        let many = self.keys.iter().filter(|key| signers.contains(key)).count();
        u32::try_from(many).unwrap_or(u32::MAX)
    }

    fn is_usable(&self) -> bool {
        let distinct: BTreeSet<String> =
            self.keys.iter().chain(&self.online).map(PublicKey::to_hex).collect();
        (1..=MOST).contains(&self.keys.len())
            && self.online.len() <= MOST
            && distinct.len() == self.keys.len() + self.online.len()
            && (1..=self.keys.len()).contains(&(self.threshold as usize))
    }

    fn enough(&self, signers: &[PublicKey]) -> Result<(), KeyFault> {
        let (have, need) = (self.count(signers), self.threshold);
        if have < need { Err(KeyFault::TooFew { epoch: self.epoch, have, need }) } else { Ok(()) }
    }

    fn read(payload: &[u8], expected: u32) -> Result<Self, KeyFault> {
        let keys: Self = serde_json::from_slice(payload).map_err(|_| KeyFault::Unusable)?;
        if keys.epoch != expected {
            return Err(KeyFault::OtherEpoch { expected, found: keys.epoch });
        }
        if keys.is_usable() { Ok(keys) } else { Err(KeyFault::Unusable) }
    }
}

impl KeyChain {
    /// The chain of a package without key files: one key, for ever.
    pub fn of_key(key: PublicKey) -> Self {
        let identity = key.fingerprint();
        let keys = Keys { epoch: 1, threshold: 1, keys: vec![key], online: Vec::new(), issued: TimeMs(0) };
        Self { identity, keys, alone: true }
    }

    /// Begins with the bytes of `keys/1.json`. Whether its fingerprint is the expected one is for the caller to
    /// compare: this is where trust begins.
    pub fn begin(raw: &[u8]) -> Result<Self, KeyFault> {
        let (payload, signers) = signed(raw)?;
        let keys = Keys::read(&payload, 1)?;
        keys.enough(&signers)?;
        let identity = match keys.keys.as_slice() {
            [only] => only.fingerprint(),
            _ => Digest::of(&payload).to_string(),
        };
        Ok(Self { identity, keys, alone: false })
    }

    /// Follows to the next epoch with the bytes of its key file.
    pub fn follow(&self, raw: &[u8]) -> Result<Self, KeyFault> {
        let next = self.keys.epoch + 1;
        if next > MAX_EPOCHS {
            return Err(KeyFault::TooLarge);
        }
        let (payload, signers) = signed(raw)?;
        self.keys.enough(&signers)?;
        let keys = Keys::read(&payload, next)?;
        keys.enough(&signers)?;
        Ok(Self { identity: self.identity.clone(), keys, alone: false })
    }

    /// What people compare: the fingerprint of the only key of the first epoch, or, where that epoch has several,
    /// the SHA-256 of what they signed. It stays when keys change.
    pub fn identity(&self) -> &Fingerprint {
        &self.identity
    }

    /// Whether there are no key files: one key, for ever.
    pub fn is_alone(&self) -> bool {
        self.alone
    }

    /// The keys that count now.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }
}

fn signed(raw: &[u8]) -> Result<(Vec<u8>, Vec<PublicKey>), KeyFault> {
    if raw.len() as u64 > MAX_KEYS {
        return Err(KeyFault::TooLarge);
    }
    Ok(Envelope::signers(raw, KEYS_TYPE)?)
}

/// Path of the key file of an epoch below a package's address.
pub fn keys_path(epoch: u32) -> String {
    format!("keys/{epoch}.json")
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::SigningKey;

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_bytes(&[seed; 32])
    }

    fn keys(epoch: u32, threshold: u32, seeds: &[u8]) -> Keys {
        let keys = seeds.iter().map(|s| PublicKey::of(&key(*s))).collect();
        Keys { epoch, threshold, keys, online: Vec::new(), issued: TimeMs(0) }
    }

    fn file(keys: &Keys, by: &[u8]) -> Vec<u8> {
        let mut envelope = Envelope::draft(KEYS_TYPE, &serde_json::to_vec(keys).unwrap());
        by.iter().for_each(|seed| envelope.sign(&key(*seed)));
        envelope.to_bytes()
    }

    #[test]
    fn a_rotation_needs_the_old_keys_and_the_new_ones_and_keeps_the_fingerprint() {
        let first = KeyChain::begin(&file(&keys(1, 1, &[1]), &[1])).unwrap();
        assert_eq!(*first.identity(), PublicKey::of(&key(1)).fingerprint());
        let next = keys(2, 2, &[2, 3, 4]);
        let second = first.follow(&file(&next, &[1, 2, 3])).unwrap();
        assert_eq!((second.identity(), second.keys().epoch), (first.identity(), 2));
        let few = |epoch, have, need| Err(KeyFault::TooFew { epoch, have, need });
        assert_eq!(first.follow(&file(&next, &[2, 3])), few(1, 0, 1), "the old key is missing");
        assert_eq!(first.follow(&file(&next, &[1, 2])), few(2, 1, 2), "a new key is missing");
        let third = keys(3, 1, &[5]);
        assert_eq!(second.follow(&file(&third, &[1, 5])), few(2, 0, 2), "an old key has no say any more");
        assert!(second.follow(&file(&third, &[3, 4, 5])).is_ok(), "control");
    }

    #[test]
    fn a_first_epoch_of_several_keys_is_known_by_what_they_signed() {
        let raw = file(&keys(1, 2, &[1, 2, 3]), &[1, 3]);
        let chain = KeyChain::begin(&raw).unwrap();
        let other = KeyChain::begin(&file(&keys(1, 1, &[1, 2, 3]), &[1])).unwrap();
        assert_ne!(chain.identity(), other.identity());
    }

    #[test]
    fn key_files_that_cannot_be_are_refused_with_their_reason() {
        let begin = |keys: &Keys, by: &[u8]| KeyChain::begin(&file(keys, by)).map(|_| ());
        assert_eq!(begin(&keys(1, 1, &[1]), &[1]), Ok(()), "control");
        let few = KeyFault::TooFew { epoch: 1, have: 1, need: 2 };
        assert_eq!(begin(&keys(1, 2, &[1, 2]), &[1]), Err(few));
        assert_eq!(begin(&keys(2, 1, &[1]), &[1]), Err(KeyFault::OtherEpoch { expected: 1, found: 2 }));
        assert_eq!(begin(&keys(1, 0, &[1]), &[1]), Err(KeyFault::Unusable));
        assert_eq!(begin(&keys(1, 2, &[1]), &[1]), Err(KeyFault::Unusable));
        assert_eq!(begin(&keys(1, 2, &[1, 1]), &[1]), Err(KeyFault::Unusable), "one key counts once");
        let mut both = keys(1, 1, &[1]);
        both.online = both.keys.clone();
        assert_eq!(begin(&both, &[1]), Err(KeyFault::Unusable));
        let unsigned = file(&keys(1, 1, &[1]), &[]);
        assert_eq!(KeyChain::begin(&unsigned), Err(EnvelopeError::BadSignature.into()));
        assert_eq!(KeyChain::begin(&vec![b' '; 20_000]), Err(KeyFault::TooLarge));
        let mut twice = Envelope::draft(KEYS_TYPE, &serde_json::to_vec(&keys(1, 2, &[1, 2])).unwrap());
        twice.sign(&key(1));
        twice.sign(&key(1));
        let few = KeyFault::TooFew { epoch: 1, have: 1, need: 2 };
        assert_eq!(KeyChain::begin(&twice.to_bytes()), Err(few), "a signature given twice counts once");
    }
}
