//! The key to a learner's own work, and what guards it: a passphrase, and a recovery code for the day it is forgotten.
//!
//! What must stay true: the key itself is drawn at random, so that a new passphrase seals nothing anew; without
//! passphrase and code nobody opens it, we neither; what can be sealed while it is locked needs the public half only
//! ([`SealTo`]). It guards a sealed folder (docs/decisions/0013).

pub(crate) mod recovery;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use crate::secrets::folded;
use crate::secrets::key::{KEY, Key, fill};
use crate::secrets::passphrase::salt;
use crate::{Effort, Secret};
use recovery::RecoveryCode;

/// The key to a learner's own work. Wiped from memory when dropped; cannot be printed.
#[derive(Clone, Debug)]
pub struct LearnerKey(Key);

/// What guards a [`LearnerKey`]; goes into a file, in the clear.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lockbox {
    format: u32,
    id: String,
    salt: String,
    effort: Effort,
    by_passphrase: String,
    by_code: String,
    public: String,
}

impl Lockbox {
    /// A new key behind a passphrase, and the code that opens it too. The code is shown once and kept nowhere.
    pub fn new(passphrase: &Secret, effort: Effort) -> std::io::Result<(Self, LearnerKey, RecoveryCode)> {
        let mut id = [0; 16];
        fill(&mut id)?;
        let key = LearnerKey(Key::random()?);
        let code = RecoveryCode::random()?;
        let id = hex::encode(id);
        let by_code = STANDARD.encode(code.key().seal(key.0.bytes(), &about(&id, "code"))?);
        let public = STANDARD.encode(PublicKey::from(&key.box_secret()).as_bytes());
        let (salt, by_passphrase) = guarded(&id, &key, passphrase, effort)?;
        Ok((Self { format: 1, id, salt, effort, by_passphrase, by_code, public }, key, code))
    }

    /// The key by its passphrase; `None` when it is wrong.
    pub fn open(&self, passphrase: &Secret) -> Option<LearnerKey> {
        let outer = self.effort.key(&folded(passphrase), &STANDARD.decode(&self.salt).ok()?)?;
        self.unwrapped(&outer, &self.by_passphrase, "passphrase")
    }

    /// The key by its recovery code; `None` when it is another box's.
    pub fn open_by_code(&self, code: &RecoveryCode) -> Option<LearnerKey> {
        self.unwrapped(&code.key(), &self.by_code, "code")
    }

    /// The same box behind another passphrase; the recovery code stays.
    pub fn with_passphrase(
        &self,
        key: &LearnerKey,
        passphrase: &Secret,
        effort: Effort,
    ) -> std::io::Result<Self> {
        let (salt, by_passphrase) = guarded(&self.id, key, passphrase, effort)?;
        Ok(Self { salt, effort, by_passphrase, ..self.clone() })
    }

    /// The same box with a new recovery code; the old code opens it no more, the passphrase stays.
    pub fn with_new_code(&self, key: &LearnerKey) -> std::io::Result<(Self, RecoveryCode)> {
        let code = RecoveryCode::random()?;
        let by_code = STANDARD.encode(code.key().seal(key.0.bytes(), &about(&self.id, "code"))?);
        Ok((Self { by_code, ..self.clone() }, code))
    }

    /// To whom is sealed what is saved while the box is locked; `None` when the file is damaged.
    pub fn seal_to(&self) -> Option<SealTo> {
        let bytes: [u8; 32] = STANDARD.decode(&self.public).ok()?.try_into().ok()?;
        Some(SealTo(PublicKey::from(bytes)))
    }

    /// Whether this is the key in the box.
    pub fn is_of(&self, key: &LearnerKey) -> bool {
        self.public == STANDARD.encode(PublicKey::from(&key.box_secret()).as_bytes())
    }

    fn unwrapped(&self, outer: &Key, wrapped: &str, how: &str) -> Option<LearnerKey> {
        let key = outer.open(&STANDARD.decode(wrapped).ok()?, &about(&self.id, how))?;
        Key::from_slice(&key).map(LearnerKey)
    }
}

/// Salt and wrapped key.
fn guarded(
    id: &str,
    key: &LearnerKey,
    passphrase: &Secret,
    effort: Effort,
) -> std::io::Result<(String, String)> {
    let salt = salt()?;
    let outer = effort
        .key(&folded(passphrase), &salt)
        .ok_or_else(|| std::io::Error::other("the passphrase cannot be used"))?;
    let wrapped = outer.seal(key.0.bytes(), &about(id, "passphrase"))?;
    Ok((STANDARD.encode(salt), STANDARD.encode(wrapped)))
}

fn about(id: &str, how: &str) -> String {
    format!("daypack lockbox 1 {id} {how}")
}

impl LearnerKey {
    /// A key for one purpose.
    pub(crate) fn derived(&self, purpose: &str) -> Zeroizing<[u8; KEY]> {
        let hash = Sha256::new()
            .chain_update(format!("daypack learner 1 {purpose}\n"))
            .chain_update(self.0.bytes())
            .finalize();
        Zeroizing::new(hash.into())
    }

    fn box_secret(&self) -> StaticSecret {
        StaticSecret::from(*self.derived("box"))
    }

    /// What was sealed to this learner for this purpose; `None` for anything else.
    pub fn open(&self, sealed: &[u8], about: &str) -> Option<Zeroizing<Vec<u8>>> {
        let (sender, text) = sealed.split_first_chunk::<32>()?;
        let (sender, ours) = (PublicKey::from(*sender), self.box_secret());
        shared(&ours, &sender, &sender, &PublicKey::from(&ours))?.open(text, about)
    }
}

/// Seals to a learner without being able to open: for saving while their key is locked away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealTo(PublicKey);

impl SealTo {
    /// Seals `bytes` for `about`: an X25519 key used once, then XChaCha20-Poly1305 under the hash of both public keys
    /// and the shared secret.
    pub fn seal(&self, bytes: &[u8], about: &str) -> std::io::Result<Vec<u8>> {
        let mut once = Zeroizing::new([0; KEY]);
        fill(once.as_mut_slice())?;
        let once = StaticSecret::from(*once);
        let sender = PublicKey::from(&once);
        let key = shared(&once, &self.0, &sender, &self.0)
            .ok_or_else(|| std::io::Error::other("the public key is none"))?;
        Ok([sender.as_bytes().as_slice(), &key.seal(bytes, about)?].concat())
    }
}

/// The key that both sides reach; `None` for a public key of low order, with which everybody would reach it.
fn shared(ours: &StaticSecret, theirs: &PublicKey, sender: &PublicKey, receiver: &PublicKey) -> Option<Key> {
    let secret = ours.diffie_hellman(theirs);
    if !secret.was_contributory() {
        return None;
    }
    let hash = Sha256::new()
        .chain_update(b"daypack box 1\n")
        .chain_update(sender.as_bytes())
        .chain_update(receiver.as_bytes())
        .chain_update(secret.as_bytes())
        .finalize();
    Key::from_slice(&hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIGHT: Effort = Effort { memory_kib: 64, passes: 1 };

    fn a_box() -> (Lockbox, LearnerKey, RecoveryCode) {
        Lockbox::new(&Secret::new("a long walk"), LIGHT).unwrap()
    }

    #[test]
    fn passphrase_and_recovery_code_open_the_same_key_and_nothing_else_does() {
        let (lockbox, key, code) = a_box();
        let text = serde_json::to_string(&lockbox).unwrap();
        let lockbox: Lockbox = serde_json::from_str(&text).unwrap();
        let same = |opened: Option<LearnerKey>| opened.unwrap().0.bytes() == key.0.bytes();
        assert!(same(lockbox.open(&Secret::new("a long walk"))));
        assert!(same(lockbox.open_by_code(&code)));
        assert!(lockbox.open(&Secret::new("a long talk")).is_none());
        assert!(lockbox.open_by_code(&a_box().2).is_none());
        assert!(!text.contains(&STANDARD.encode(key.0.bytes())) && !text.contains(code.shown().as_str()));
    }

    #[test]
    fn a_new_passphrase_opens_the_same_key_and_the_old_one_no_more() {
        let (lockbox, key, code) = a_box();
        let moved = lockbox.with_passphrase(&key, &Secret::new("a short swim"), LIGHT).unwrap();
        assert!(moved.open(&Secret::new("a long walk")).is_none());
        assert_eq!(moved.open(&Secret::new("a short swim")).unwrap().0.bytes(), key.0.bytes());
        assert_eq!(moved.open_by_code(&code).unwrap().0.bytes(), key.0.bytes());
        assert_eq!(moved.seal_to(), lockbox.seal_to());
    }

    #[test]
    fn a_new_recovery_code_opens_the_same_key_and_the_old_one_no_more() {
        let (lockbox, key, code) = a_box();
        let (moved, fresh) = lockbox.with_new_code(&key).unwrap();
        assert!(moved.open_by_code(&code).is_none() && lockbox.open_by_code(&code).is_some());
        assert_eq!(moved.open_by_code(&fresh).unwrap().0.bytes(), key.0.bytes());
        assert!(moved.open(&Secret::new("a long walk")).is_some() && moved.is_of(&key));
    }

    #[test]
    fn what_is_saved_while_locked_can_be_opened_by_the_learner_only() {
        let (lockbox, key, _) = a_box();
        let to = lockbox.seal_to().unwrap();
        let sealed = to.seal(b"my essay", "journal 7").unwrap();
        assert!(!sealed.windows(8).any(|w| w == b"my essay"));
        assert_ne!(sealed, to.seal(b"my essay", "journal 7").unwrap());
        assert_eq!(key.open(&sealed, "journal 7").unwrap().as_slice(), b"my essay");
        assert!(key.open(&sealed, "journal 8").is_none(), "it cannot take another's place");
        assert!(a_box().1.open(&sealed, "journal 7").is_none());
        for at in 0..sealed.len() {
            let mut bad = sealed.clone();
            bad[at] ^= 1;
            // The top bit of an X25519 key is not part of it (RFC 7748); it is bound all the same.
            assert!(key.open(&bad, "journal 7").is_none(), "byte {at}");
        }
    }

    #[test]
    fn a_public_key_that_everybody_could_open_is_refused() {
        assert!(SealTo(PublicKey::from([0; 32])).seal(b"x", "y").is_err());
        assert!(a_box().1.open(&[0; 100], "y").is_none());
    }

    #[test]
    fn a_key_cannot_be_printed() {
        assert_eq!(format!("{:?}", a_box().1), "LearnerKey(Key(..))");
    }
}
