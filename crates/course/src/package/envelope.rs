//! Signed envelopes: DSSE with Ed25519. The payload type is part of what is signed, so that a channel can never
//! be passed off as a library list.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

use crate::Digest;

/// A public signing key; in JSON 64 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicKey(VerifyingKey);

/// SHA-256 of a public key's 32 bytes, in hexadecimal: what a learner or an institution compares.
pub type Fingerprint = String;

/// A signed file as it lies on disk (JSON).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// What kind of payload was signed.
    #[serde(rename = "payloadType")]
    payload_type: String,
    /// The signed bytes in base64.
    payload: String,
    /// At least one.
    signatures: Vec<EnvelopeSignature>,
    /// Beside a channel: a signed file that confirms it, as it lies on disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refresh: Option<Box<Envelope>>,
}

/// Most signatures of one file that are looked at.
const MOST_SIGNATURES: usize = 32;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct EnvelopeSignature {
    /// Public key, 64 hexadecimal digits.
    keyid: String,
    /// Signature in base64.
    sig: String,
}

/// Why an envelope was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// Not an envelope at all.
    #[error("not a signed file")]
    Malformed,
    /// Signed, but as another kind of file.
    #[error("signed as another kind of file")]
    WrongType,
    /// No signature of an accepted key is valid for these bytes.
    #[error("the signature does not fit")]
    BadSignature,
    /// Signed by a key that is not the expected one.
    #[error("signed by another key")]
    OtherKey {
        /// Fingerprint of the key that did sign.
        found: Fingerprint,
    },
}

impl PublicKey {
    /// Reads 64 hexadecimal digits.
    pub fn parse(text: &str) -> Result<Self, EnvelopeError> {
        let mut raw = [0_u8; 32];
        hex::decode_to_slice(text.trim(), &mut raw).map_err(|_| EnvelopeError::Malformed)?;
        VerifyingKey::from_bytes(&raw).map(Self).map_err(|_| EnvelopeError::Malformed)
    }

    /// 64 hexadecimal digits.
    pub fn to_hex(&self) -> String {
        hex::encode(self.0.as_bytes())
    }

    /// What people compare.
    pub fn fingerprint(&self) -> Fingerprint {
        Digest::of(self.0.as_bytes()).to_string()
    }

    /// The public half of a signing key.
    pub fn of(key: &SigningKey) -> Self {
        Self(key.verifying_key())
    }
}

impl TryFrom<String> for PublicKey {
    type Error = EnvelopeError;
    fn try_from(text: String) -> Result<Self, EnvelopeError> {
        Self::parse(&text)
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> Self {
        key.to_hex()
    }
}

impl Envelope {
    /// Signs `payload` as `payload_type`.
    pub fn seal(payload_type: &str, payload: &[u8], key: &SigningKey) -> Self {
        let mut envelope = Self::draft(payload_type, payload);
        envelope.sign(key);
        envelope
    }

    /// `payload` without any signature yet.
    pub fn draft(payload_type: &str, payload: &[u8]) -> Self {
        Self {
            payload_type: payload_type.to_owned(),
            payload: STANDARD.encode(payload),
            signatures: Vec::new(),
            refresh: None,
        }
    }

    /// Adds a signature; a key that signed already does not sign again.
    pub fn sign(&mut self, key: &SigningKey) {
        let keyid = PublicKey::of(key).to_hex();
        if self.signatures.iter().any(|s| s.keyid == keyid) {
            return;
        }
        let payload = self.payload().unwrap_or_default();
        let sig = STANDARD.encode(key.sign(&pae(&self.payload_type, &payload)).to_bytes());
        self.signatures.push(EnvelopeSignature { keyid, sig });
    }

    /// Reads the outer file; nothing of it is proven yet.
    pub fn read(raw: &[u8]) -> Result<Self, EnvelopeError> {
        serde_json::from_slice(raw).map_err(|_| EnvelopeError::Malformed)
    }

    /// The bytes inside; not proven.
    pub fn payload(&self) -> Result<Vec<u8>, EnvelopeError> {
        STANDARD.decode(&self.payload).map_err(|_| EnvelopeError::Malformed)
    }

    /// The file that confirms this one, as bytes; not proven.
    pub fn refresh(&self) -> Option<Vec<u8>> {
        self.refresh.as_ref().map(|inner| inner.to_bytes())
    }

    /// The same file with another confirmation beside it, or none.
    #[must_use]
    pub fn with_refresh(mut self, refresh: Option<Self>) -> Self {
        self.refresh = refresh.map(Box::new);
        self
    }

    /// The payload and every key whose signature is valid, each once; at least one. Nothing of the payload is
    /// parsed.
    pub fn signers(raw: &[u8], payload_type: &str) -> Result<(Vec<u8>, Vec<PublicKey>), EnvelopeError> {
        let envelope = Self::read(raw)?;
        let payload = envelope.payload()?;
        let signed = pae(&envelope.payload_type, &payload);
        let mut signers: Vec<PublicKey> = Vec::new();
        for signature in envelope.signatures.iter().take(MOST_SIGNATURES) {
            let Ok(key) = PublicKey::parse(&signature.keyid) else { continue };
            let Ok(bytes) = STANDARD.decode(&signature.sig) else { continue };
            let Ok(sig) = Signature::from_slice(&bytes) else { continue };
            if key.0.verify_strict(&signed, &sig).is_ok() && !signers.contains(&key) {
                signers.push(key);
            }
        }
        if signers.is_empty() {
            return Err(EnvelopeError::BadSignature);
        }
        if envelope.payload_type != payload_type {
            return Err(EnvelopeError::WrongType);
        }
        Ok((payload, signers))
    }

    /// Opens a file that one key signs: returns the payload and that key.
    ///
    /// `expected` is the fingerprint trusted so far; `None` is first use (any valid signature, the caller shows
    /// the key). Nothing of the payload is parsed before a signature fits.
    pub fn open(
        raw: &[u8],
        payload_type: &str,
        expected: Option<&str>,
    ) -> Result<(Vec<u8>, PublicKey), EnvelopeError> {
        let (payload, signers) = Self::signers(raw, payload_type)?;
        let other = signers.first().map(PublicKey::fingerprint).unwrap_or_default();
        let known = |key: &PublicKey| expected.is_none_or(|e| e == key.fingerprint());
        match signers.into_iter().find(known) {
            Some(key) => Ok((payload, key)),
            None => Err(EnvelopeError::OtherKey { found: other }),
        }
    }

    /// The file's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// Pre-authentication encoding of DSSE v1.
fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut out = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    out.extend_from_slice(payload);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_bytes(&[seed; 32])
    }

    #[test]
    fn what_was_sealed_opens_and_names_its_key() {
        let raw = Envelope::seal("t/1", b"hello", &key(1)).to_bytes();
        let (payload, who) = Envelope::open(&raw, "t/1", None).unwrap();
        assert_eq!(payload, b"hello");
        assert_eq!(who, PublicKey::of(&key(1)));
        assert!(Envelope::open(&raw, "t/1", Some(&who.fingerprint())).is_ok());
    }

    #[test]
    fn a_changed_payload_a_wrong_kind_and_another_key_are_refused() {
        let sealed = Envelope::seal("t/1", b"hello", &key(1));
        let mut changed = sealed.clone();
        changed.payload = STANDARD.encode(b"hellO");
        assert_eq!(Envelope::open(&changed.to_bytes(), "t/1", None), Err(EnvelopeError::BadSignature));
        let mut retyped = sealed.clone();
        retyped.payload_type = "t/2".into();
        assert_eq!(Envelope::open(&retyped.to_bytes(), "t/2", None), Err(EnvelopeError::BadSignature));
        assert_eq!(Envelope::open(&sealed.to_bytes(), "t/2", None), Err(EnvelopeError::WrongType));
        let expected = PublicKey::of(&key(2)).fingerprint();
        assert!(matches!(
            Envelope::open(&sealed.to_bytes(), "t/1", Some(&expected)),
            Err(EnvelopeError::OtherKey { .. })
        ));
        assert_eq!(Envelope::open(b"<html>", "t/1", None), Err(EnvelopeError::Malformed));
    }
}
