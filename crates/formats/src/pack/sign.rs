//! Signing channels: publishing a new one, confirming the current one, changing keys.
//!
//! What must stay true: `channel.json` is replaced only by one that opens; a channel without enough signatures
//! waits beside it as a draft; an online key can confirm and nothing else; a publisher's fingerprint never changes.

use std::fs;
use std::path::Path;

use daypack_course::package::channel::REFRESH_TYPE;
use daypack_course::package::keys::{KEYS_TYPE, MAX_KEYS};
use daypack_course::package::{
    CHANNEL, CHANNEL_DRAFT, CHANNEL_TYPE, Channel, Envelope, KeyChain, Keys, MAX_CHANNEL, PublicKey, Refresh,
    keys_path,
};
use daypack_course::{Digest, TimeMs};
use ed25519_dalek::SigningKey;

use super::{CURRENT_FOR_MS, PackError, objects};
use crate::package::{DirFiles, Source as _, open_chain, open_channel_of};
use crate::{OpenError, package};

/// What signing led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignReport {
    /// Whether `channel.json` is the one that was signed.
    pub published: bool,
    /// Keys that count and signed.
    pub signatures: u32,
    /// Keys that must sign.
    pub needed: u32,
    /// The publisher's fingerprint.
    pub identity: String,
    /// Epoch of the keys.
    pub epoch: u32,
    /// Until when the channel may be called current.
    pub expires: TimeMs,
}

/// What a change of keys is to lead to.
#[derive(Clone, Debug, Default)]
pub struct Rotation {
    /// Keys of the next epoch; empty to keep the keys, which is for adding online keys at the very beginning.
    pub keys: Vec<PublicKey>,
    /// Keys that may only confirm.
    pub online: Vec<PublicKey>,
    /// How many of the keys must sign.
    pub threshold: u32,
}

/// The key chain beside a package; `None` when it has no key files.
pub(super) fn chain(dir: &Path) -> Result<Option<KeyChain>, OpenError> {
    let files = DirFiles::new(dir);
    open_chain(|path| match files.read(path, MAX_KEYS) {
        Ok(raw) => Ok(Some(raw)),
        Err(OpenError::MissingObject { .. }) => Ok(None),
        Err(error) => Err(error),
    })
}

/// Signs a channel with `keys` and publishes it, or keeps it as a draft while signatures are missing.
pub(super) fn publish(dir: &Path, channel: &Channel, keys: &[SigningKey]) -> Result<SignReport, PackError> {
    let payload =
        serde_json::to_vec(channel).map_err(|e| PackError::Contradiction { detail: e.to_string() })?;
    finish(dir, Envelope::draft(CHANNEL_TYPE, &payload), channel, keys)
}

fn finish(
    dir: &Path,
    mut envelope: Envelope,
    channel: &Channel,
    keys: &[SigningKey],
) -> Result<SignReport, PackError> {
    let known = chain(dir)?;
    for key in keys {
        let public = PublicKey::of(key);
        if known.as_ref().is_some_and(|c| !c.keys().keys.contains(&public)) {
            return Err(PackError::OtherKey { found: public.fingerprint() });
        }
        envelope.sign(key);
    }
    let raw = envelope.to_bytes();
    let signers = Envelope::signers(&raw, CHANNEL_TYPE).map(|(_, signers)| signers).unwrap_or_default();
    let alone = || signers.first().cloned().map(KeyChain::of_key);
    let known = known.or_else(alone);
    let (signatures, needed) =
        known.as_ref().map_or((0, 1), |c| (c.keys().count(&signers), c.keys().threshold));
    let mut report = SignReport {
        published: signatures >= needed,
        signatures,
        needed,
        identity: known.as_ref().map(|c| c.identity().clone()).unwrap_or_default(),
        epoch: channel.epoch,
        expires: channel.expires,
    };
    match known.filter(|_| report.published) {
        Some(known) => {
            report.expires = open_channel_of(&raw, &known)?.expires;
            objects::put(dir, CHANNEL, &raw)?;
            let _ = fs::remove_file(dir.join(CHANNEL_DRAFT));
        }
        None => objects::put(dir, CHANNEL_DRAFT, &raw)?,
    }
    Ok(report)
}

/// Adds signatures to the draft in `dir`; without a draft, says once more that the channel is current: with enough
/// keys as a new channel, with an online key as a confirmation beside it.
pub fn sign(dir: &Path, keys: &[SigningKey], now: TimeMs) -> Result<SignReport, PackError> {
    if let Some(raw) = draft(dir)? {
        let envelope = Envelope::read(&raw).map_err(OpenError::from)?;
        let payload = envelope.payload().map_err(OpenError::from)?;
        let channel: Channel =
            serde_json::from_slice(&payload).map_err(|_| OpenError::damaged(CHANNEL_DRAFT))?;
        return finish(dir, envelope, &channel, keys);
    }
    let opened = package::open(dir)?;
    let expires = now.plus(CURRENT_FOR_MS);
    let public: Vec<PublicKey> = keys.iter().map(PublicKey::of).collect();
    let known = opened.chain.keys();
    if known.count(&public) >= known.threshold {
        let channel = Channel { issued: now, expires, ..opened.confirmed.channel };
        let able: Vec<SigningKey> =
            keys.iter().filter(|k| known.keys.contains(&PublicKey::of(k))).cloned().collect();
        return publish(dir, &channel, &able);
    }
    let Some(online) = keys.iter().find(|k| known.online.contains(&PublicKey::of(k))) else {
        let (have, need) = (known.count(&public), known.threshold);
        let found = public.first().map(PublicKey::fingerprint).unwrap_or_default();
        return Err(if have > 0 { PackError::TooFew { have, need } } else { PackError::OtherKey { found } });
    };
    let raw = opened.files.read(CHANNEL, MAX_CHANNEL)?;
    let envelope = Envelope::read(&raw).map_err(OpenError::from)?;
    let payload = envelope.payload().map_err(OpenError::from)?;
    let refresh = Refresh { channel: Digest::of(&payload), issued: now, expires };
    let inner =
        serde_json::to_vec(&refresh).map_err(|e| PackError::Contradiction { detail: e.to_string() })?;
    let raw = envelope.with_refresh(Some(Envelope::seal(REFRESH_TYPE, &inner, online))).to_bytes();
    let confirmed = open_channel_of(&raw, &opened.chain)?;
    objects::put(dir, CHANNEL, &raw)?;
    Ok(SignReport {
        published: true,
        signatures: known.count(&confirmed.signers),
        needed: known.threshold,
        identity: confirmed.identity,
        epoch: confirmed.channel.epoch,
        expires: confirmed.expires,
    })
}

fn draft(dir: &Path) -> Result<Option<Vec<u8>>, PackError> {
    let path = dir.join(CHANNEL_DRAFT);
    match fs::metadata(&path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(PackError::io(&path, &e)),
        Ok(meta) if meta.len() > MAX_CHANNEL => Err(OpenError::too_large(CHANNEL_DRAFT).into()),
        Ok(_) => fs::read(&path).map(Some).map_err(|e| PackError::io(&path, &e)),
    }
}

/// Changes the keys of the package in `dir`. `signers` must hold enough secret keys of the current epoch and of the
/// next one; the channel is signed anew with them, its manifest stays.
pub fn rotate(
    dir: &Path,
    signers: &[SigningKey],
    rotation: &Rotation,
    now: TimeMs,
) -> Result<SignReport, PackError> {
    let opened = package::open(dir)?;
    let mut known = opened.chain;
    let mut files = Vec::new();
    if known.is_alone() {
        let online = if rotation.keys.is_empty() { rotation.online.clone() } else { Vec::new() };
        let first = Keys { epoch: 1, threshold: 1, keys: known.keys().keys.clone(), online, issued: now };
        let raw = key_file(&first, signers)?;
        let begun = KeyChain::begin(&raw).map_err(OpenError::from)?;
        if begun.identity() != known.identity() {
            return Err(OpenError::WrongSignature.into());
        }
        known = begun;
        files.push((1, raw));
    }
    if files.is_empty() || !rotation.keys.is_empty() {
        let keys = if rotation.keys.is_empty() { known.keys().keys.clone() } else { rotation.keys.clone() };
        let (epoch, threshold) = (known.keys().epoch + 1, rotation.threshold.max(1));
        let next = Keys { epoch, threshold, keys, online: rotation.online.clone(), issued: now };
        let raw = key_file(&next, signers)?;
        known = known.follow(&raw).map_err(OpenError::from)?;
        files.push((epoch, raw));
    }
    // Everything fits together: only now is anything written.
    for (epoch, raw) in files {
        objects::put(&dir.join("keys"), keys_path(epoch).trim_start_matches("keys/"), &raw)?;
    }
    reissue(dir, opened.confirmed.channel, &known, signers, now)
}

fn reissue(
    dir: &Path,
    channel: Channel,
    chain: &KeyChain,
    signers: &[SigningKey],
    now: TimeMs,
) -> Result<SignReport, PackError> {
    let channel = Channel {
        epoch: chain.keys().epoch,
        chained: true,
        issued: now,
        expires: now.plus(CURRENT_FOR_MS),
        ..channel
    };
    let able: Vec<SigningKey> =
        signers.iter().filter(|k| chain.keys().keys.contains(&PublicKey::of(k))).cloned().collect();
    publish(dir, &channel, &able)
}

/// A key file, signed by every given key that has a say in it.
fn key_file(keys: &Keys, signers: &[SigningKey]) -> Result<Vec<u8>, PackError> {
    let payload = serde_json::to_vec(keys).map_err(|e| PackError::Contradiction { detail: e.to_string() })?;
    let mut envelope = Envelope::draft(KEYS_TYPE, &payload);
    signers.iter().for_each(|key| envelope.sign(key));
    Ok(envelope.to_bytes())
}
