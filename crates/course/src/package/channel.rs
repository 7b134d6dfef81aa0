//! The channel: the one file that changes. It says which manifest is current, and until when that may be believed.
//!
//! What must stay true: nothing is parsed before enough keys of the current epoch signed it; a channel never steps
//! back behind what was seen, nor names another manifest for the same version; an expired one never takes away what
//! is installed, it only ends "up to date".

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use super::keys::KeyChain;
use super::{
    CHANNEL_TYPE, Envelope, EnvelopeError, Fingerprint, MAX_CHANNEL, MAX_MANIFEST, ObjectRef, PublicKey,
};
use crate::outline::Tier;
use crate::{Digest, TimeMs};

/// Payload type of a confirmation.
pub const REFRESH_TYPE: &str = "application/vnd.daypack.refresh+json;v=1";
/// Longest time for which one confirmation may call a channel current, in milliseconds.
pub const LONGEST_REFRESH_MS: i64 = 400 * 24 * 60 * 60 * 1000;

/// What a channel says: which manifest is current.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channel {
    /// Id of the course within its publisher.
    pub course: String,
    /// Shown title, known before the manifest is fetched.
    pub title: String,
    /// Counts up with each publication; never goes back within one epoch.
    pub version: u64,
    /// The manifest.
    pub manifest: ObjectRef,
    /// Bytes of all objects the manifest names.
    pub total_size: u64,
    /// When it was signed.
    pub issued: TimeMs,
    /// Until when it may be called current. Never blocks what is installed.
    pub expires: TimeMs,
    /// Counts up with each change of keys.
    pub epoch: u32,
    /// Whether key files lie beside it: then they decide who may sign, and it does not open without them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub chained: bool,
    /// Bytes of all a learner needs who takes each lecture in this size; empty in older packages.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tiers: BTreeMap<Tier, u64>,
    /// Further addresses of this package, each to be asked like its own; empty in older packages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mirrors: Vec<String>,
    /// Its publisher allows learners to give its files to computers near them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shareable: bool,
}

/// A confirmation that a channel is still current, signed by an online key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refresh {
    /// SHA-256 of the channel's signed bytes: it can confirm these and no others.
    pub channel: Digest,
    /// When it was signed.
    pub issued: TimeMs,
    /// Until when the channel may be called current.
    pub expires: TimeMs,
}

/// A channel that enough keys signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmed {
    /// What it says.
    pub channel: Channel,
    /// Keys with valid signatures, known or not.
    pub signers: Vec<PublicKey>,
    /// The publisher's fingerprint.
    pub identity: Fingerprint,
    /// When its publisher last said that it is current.
    pub confirmed: TimeMs,
    /// Until when it may be called current.
    pub expires: TimeMs,
}

/// What was seen of a channel before, kept where no course can change it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Id of the course within its publisher.
    pub course: String,
    /// Highest epoch.
    pub epoch: u32,
    /// Highest version within that epoch.
    pub version: u64,
    /// The manifest of that version.
    pub manifest: Digest,
    /// When it was last confirmed.
    pub confirmed: TimeMs,
}

/// Whether what is here may be called up to date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Confirmed, and not expired.
    Current {
        /// When its publisher last said so.
        confirmed: TimeMs,
    },
    /// Not confirmed for too long; it stays usable.
    LastConfirmed {
        /// When its publisher last said so.
        confirmed: TimeMs,
    },
}

/// Why a channel is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChannelFault {
    /// Not a signed channel, or no signature fits.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// Over a limit: endless data.
    #[error("too large: {0}")]
    TooLarge(&'static str),
    /// Signed, but it does not read as a channel.
    #[error("not a channel")]
    Unreadable,
    /// Some keys signed, not enough of them.
    #[error("{have} of {need} keys signed")]
    TooFew {
        /// How many did.
        have: u32,
        /// How many must.
        need: u32,
    },
    /// Signed by a key that may only confirm.
    #[error("signed by a key that may only confirm")]
    OnlineKey,
    /// Key files belong to it and are not there.
    #[error("its key files are missing")]
    NeedsKeys,
    /// The epoch it names is not the one whose keys signed it.
    #[error("names epoch {found}, the keys are of epoch {have}")]
    OtherEpoch {
        /// The newest epoch of the key chain.
        have: u32,
        /// The one it names.
        found: u32,
    },
    /// The confirmation belongs to another channel, to an unknown key, or promises too long.
    #[error("its confirmation does not count")]
    BadRefresh,
    /// Rollback: older than what was seen.
    #[error("version {found} is older than {have}")]
    Older {
        /// Highest version seen.
        have: u64,
        /// The one it names.
        found: u64,
    },
    /// Mix-and-match: the version that was seen, with another manifest.
    #[error("version {0} was seen with another manifest")]
    OtherManifest(u64),
    /// The channel of another course.
    #[error("the channel of another course ({0:?})")]
    OtherCourse(String),
    /// Freeze: it says nothing new and has expired.
    #[error("expired")]
    Frozen {
        /// When its publisher last said that it is current.
        confirmed: TimeMs,
    },
}

impl ChannelFault {
    /// A stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Envelope(EnvelopeError::Malformed) => "not_a_package",
            Self::Envelope(EnvelopeError::WrongType) => "wrong_type",
            Self::Envelope(EnvelopeError::BadSignature) => "wrong_signature",
            Self::Envelope(EnvelopeError::OtherKey { .. }) => "other_key",
            Self::TooLarge(_) => "too_large",
            Self::Unreadable => "damaged",
            Self::TooFew { .. } => "too_few_signatures",
            Self::OnlineKey => "online_key",
            Self::NeedsKeys => "needs_keys",
            Self::OtherEpoch { .. } => "other_epoch",
            Self::BadRefresh => "bad_refresh",
            Self::Older { .. } => "older_version",
            Self::OtherManifest(_) => "other_manifest",
            Self::OtherCourse(_) => "other_course",
            Self::Frozen { .. } => "frozen",
        }
    }
}

impl Confirmed {
    /// Opens the bytes of `channel.json` with the keys that count.
    pub fn open(raw: &[u8], chain: &KeyChain) -> Result<Self, ChannelFault> {
        if raw.len() as u64 > MAX_CHANNEL {
            return Err(ChannelFault::TooLarge("channel.json"));
        }
        let (payload, signers) = Envelope::signers(raw, CHANNEL_TYPE)?;
        let keys = chain.keys();
        let (have, need) = (keys.count(&signers), keys.threshold);
        if have < need {
            if signers.iter().any(|key| keys.online.contains(key)) {
                return Err(ChannelFault::OnlineKey);
            }
            if have > 0 {
                return Err(ChannelFault::TooFew { have, need });
            }
            let found = signers.first().map(PublicKey::fingerprint).unwrap_or_default();
            return Err(EnvelopeError::OtherKey { found }.into());
        }
        let channel: Channel = serde_json::from_slice(&payload).map_err(|_| ChannelFault::Unreadable)?;
        if channel.chained && chain.is_alone() {
            return Err(ChannelFault::NeedsKeys);
        }
        if channel.manifest.size > MAX_MANIFEST {
            return Err(ChannelFault::TooLarge("manifest"));
        }
        if channel.epoch != keys.epoch {
            return Err(ChannelFault::OtherEpoch { have: keys.epoch, found: channel.epoch });
        }
        let (mut confirmed, mut expires) = (channel.issued, channel.expires);
        if let Some(refresh) = refresh(raw, &payload, chain)? {
            confirmed = confirmed.max(refresh.issued);
            expires = expires.max(refresh.expires);
        }
        Ok(Self { channel, signers, identity: chain.identity().clone(), confirmed, expires })
    }

    /// Refuses a step back (rollback), another manifest for a version that was seen (mix-and-match), and the
    /// channel of another course. A new epoch counts versions anew.
    pub fn follows(&self, seen: &Seen) -> Result<(), ChannelFault> {
        let found = &self.channel;
        if found.course != seen.course {
            return Err(ChannelFault::OtherCourse(found.course.clone()));
        }
        if found.epoch < seen.epoch {
            return Err(ChannelFault::OtherEpoch { have: seen.epoch, found: found.epoch });
        }
        if found.epoch == seen.epoch && found.version < seen.version {
            return Err(ChannelFault::Older { have: seen.version, found: found.version });
        }
        if (found.epoch, found.version) == (seen.epoch, seen.version)
            && found.manifest.digest != seen.manifest
        {
            return Err(ChannelFault::OtherManifest(found.version));
        }
        Ok(())
    }

    /// As the answer to "is there anything new?": follows what was seen, and is not a stale copy (freeze). The
    /// refusal leaves everything installed as it is.
    pub fn answers(&self, seen: &Seen, now: TimeMs) -> Result<(), ChannelFault> {
        self.follows(seen)?;
        if self.expires < now {
            return Err(ChannelFault::Frozen { confirmed: self.confirmed.max(seen.confirmed) });
        }
        Ok(())
    }

    /// Whether what it describes may be called up to date at `now`.
    pub fn standing(&self, now: TimeMs) -> Standing {
        let confirmed = self.confirmed;
        if self.expires < now {
            Standing::LastConfirmed { confirmed }
        } else {
            Standing::Current { confirmed }
        }
    }

    /// What is to be kept of it.
    pub fn seen(&self) -> Seen {
        Seen {
            course: self.channel.course.clone(),
            epoch: self.channel.epoch,
            version: self.channel.version,
            manifest: self.channel.manifest.digest,
            confirmed: self.confirmed,
        }
    }
}

/// The confirmation beside a channel, which must be one that counts.
fn refresh(raw: &[u8], payload: &[u8], chain: &KeyChain) -> Result<Option<Refresh>, ChannelFault> {
    let Some(beside) = Envelope::read(raw)?.refresh() else { return Ok(None) };
    let bad = |_| ChannelFault::BadRefresh;
    let (inner, signers) = Envelope::signers(&beside, REFRESH_TYPE).map_err(bad)?;
    let keys = chain.keys();
    if !signers.iter().any(|key| keys.online.contains(key)) {
        return Err(ChannelFault::BadRefresh);
    }
    let refresh: Refresh = serde_json::from_slice(&inner).map_err(|_| ChannelFault::BadRefresh)?;
    let too_long = refresh.expires.0.saturating_sub(refresh.issued.0) > LONGEST_REFRESH_MS;
    if refresh.channel != Digest::of(payload) || too_long {
        return Err(ChannelFault::BadRefresh);
    }
    Ok(Some(refresh))
}
