//! A key of 32 bytes, and sealing with it: XChaCha20-Poly1305 with a random nonce of 24 bytes before each text.
//!
//! What must stay true: a key is wiped from memory when it is dropped and cannot be printed; what is sealed says (as
//! associated data) what it is for, so that one sealed text cannot take another's place.

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

/// Bytes of a key.
pub(crate) const KEY: usize = 32;
/// Bytes of a nonce of XChaCha20 (draft-irtf-cfrg-xchacha): long enough to be drawn at random for ever.
const NONCE: usize = 24;

/// A key.
#[derive(Clone)]
pub(crate) struct Key(Zeroizing<[u8; KEY]>);

impl Key {
    /// A new key from the system's source of chance.
    pub fn random() -> std::io::Result<Self> {
        let mut bytes = Zeroizing::new([0; KEY]);
        fill(bytes.as_mut_slice())?;
        Ok(Self(bytes))
    }

    /// A key from its bytes.
    pub fn of(bytes: [u8; KEY]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// A key from its bytes; `None` when there are not 32.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        Some(Self(Zeroizing::new(bytes.try_into().ok()?)))
    }

    /// For the keyring, and for wrapping.
    pub fn bytes(&self) -> &[u8] {
        self.0.as_slice()
    }

    /// Nonce and sealed text. `about` must be given again to open it.
    pub fn seal(&self, text: &[u8], about: &str) -> std::io::Result<Vec<u8>> {
        let mut nonce = [0; NONCE];
        fill(&mut nonce)?;
        let sealed = self
            .cipher()
            .encrypt(&XNonce::from(nonce), Payload { msg: text, aad: about.as_bytes() })
            .map_err(|_| std::io::Error::other("too long to be sealed"))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// What was sealed; `None` under another key, for another purpose, or when a bit is different.
    pub fn open(&self, sealed: &[u8], about: &str) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, text) = sealed.split_first_chunk::<NONCE>()?;
        let payload = Payload { msg: text, aad: about.as_bytes() };
        self.cipher().decrypt(&XNonce::from(*nonce), payload).ok().map(Zeroizing::new)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&(*self.0).into())
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(..)")
    }
}

/// Fills with chance from the system.
pub(crate) fn fill(bytes: &mut [u8]) -> std::io::Result<()> {
    getrandom::fill(bytes).map_err(|error| std::io::Error::other(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_the_same_key_and_purpose_only() {
        let (key, other) = (Key::random().unwrap(), Key::random().unwrap());
        let sealed = key.seal(b"token", "ada").unwrap();
        assert_eq!(key.open(&sealed, "ada").unwrap().as_slice(), b"token");
        assert!(key.open(&sealed, "ben").is_none());
        assert!(other.open(&sealed, "ada").is_none());
        assert!(key.open(b"short", "ada").is_none());
    }

    #[test]
    fn every_changed_bit_is_noticed() {
        let key = Key::random().unwrap();
        let sealed = key.seal(b"token", "ada").unwrap();
        for at in 0..sealed.len() {
            let mut bad = sealed.clone();
            bad[at] ^= 1;
            assert!(key.open(&bad, "ada").is_none(), "byte {at}");
        }
    }

    #[test]
    fn the_same_text_is_never_sealed_alike_and_a_key_is_not_printed() {
        let key = Key::random().unwrap();
        assert_ne!(key.seal(b"token", "ada").unwrap(), key.seal(b"token", "ada").unwrap());
        assert_eq!(format!("{key:?}"), "Key(..)");
    }
}
