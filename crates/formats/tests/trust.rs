//! Who may say what is current: ten hostile channels and manifests are refused with their reason, keys change
//! without anybody losing a course, and an expired channel takes nothing away.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{NOW, build, key, page, put, tiny};
use daypack_course::package::channel::REFRESH_TYPE;
use daypack_course::package::{
    CHANNEL, CHANNEL_DRAFT, CHANNEL_TYPE, Channel, ChannelFault, Confirmed, Envelope, KeyChain, LIBRARY_TYPE,
    PublicKey, Refresh, Seen, Standing, manifest_path,
};
use daypack_course::{Digest, TimeMs};
use daypack_formats::pack::{self, PackError, Rotation};
use daypack_formats::{OpenError, package};
use ed25519_dalek::SigningKey;

const DAY: i64 = 24 * 60 * 60 * 1000;

fn public(seed: u8) -> PublicKey {
    PublicKey::of(&key(seed))
}

fn built(dir: &Path) -> PathBuf {
    let out = dir.join("out");
    build(&tiny(&dir.join("folder"), 3), &out, &[key(1)]).unwrap();
    out
}

fn raw(out: &Path) -> Vec<u8> {
    fs::read(out.join(CHANNEL)).unwrap()
}

fn channel(out: &Path) -> Channel {
    package::open(out).unwrap().confirmed.channel
}

fn seal(channel: &Channel, by: u8) -> Vec<u8> {
    Envelope::seal(CHANNEL_TYPE, &serde_json::to_vec(channel).unwrap(), &key(by)).to_bytes()
}

fn alone() -> KeyChain {
    KeyChain::of_key(public(1))
}

/// What the learner's computer says to a channel, knowing what it has seen.
fn judge(raw: &[u8], chain: &KeyChain, seen: &Seen, now: TimeMs) -> Result<(), ChannelFault> {
    Confirmed::open(raw, chain)?.answers(seen, now)
}

#[test]
fn ten_hostile_channels_and_manifests_are_refused_with_their_reason() {
    let temp = tempfile::tempdir().unwrap();
    let out = built(temp.path());
    let good = raw(&out);
    let now = NOW.plus(DAY);
    let seen = Confirmed::open(&good, &alone()).unwrap().seen();
    assert_eq!(judge(&good, &alone(), &seen, now), Ok(()), "control");
    let newer = Channel { version: 4, ..channel(&out) };
    assert_eq!(judge(&seal(&newer, 1), &alone(), &seen, now), Ok(()), "control: an update");

    // 1. Old: a genuine channel of before (rollback).
    let old = Channel { version: 2, ..channel(&out) };
    let code = |raw: &[u8]| judge(raw, &alone(), &seen, now).unwrap_err().code();
    assert_eq!(code(&seal(&old, 1)), "older_version");
    // 2. Frozen: the genuine channel, played back when it has long expired.
    let late = NOW.plus(401 * DAY);
    assert_eq!(judge(&good, &alone(), &seen, late), Err(ChannelFault::Frozen { confirmed: NOW }));
    // 3. Mixed: the known version with another manifest.
    let mut mixed = channel(&out);
    mixed.manifest.digest = Digest::of(b"another");
    assert_eq!(code(&seal(&mixed, 1)), "other_manifest");
    // 4. Mixed: the manifest of another version under the name of this one.
    let name = manifest_path(&channel(&out).manifest.digest);
    let manifest = fs::read(out.join(&name)).unwrap();
    let foreign = temp.path().join("foreign");
    put(&temp.path().join("folder"), "pages/1.html", &page(77, 9000));
    build(&temp.path().join("folder"), &foreign, &[key(1)]).unwrap();
    let other = channel(&foreign).manifest.digest;
    fs::copy(foreign.join(manifest_path(&other)), out.join(&name)).unwrap();
    assert_eq!(package::open(&out).unwrap_err().code(), "damaged");
    fs::write(out.join(&name), &manifest).unwrap();
    // 5. Wrong key.
    assert_eq!(code(&seal(&newer, 2)), "other_key");
    // 6. Wrong type: a signed list of courses in place of a channel.
    let payload = Envelope::read(&good).unwrap().payload().unwrap();
    assert_eq!(code(&Envelope::seal(LIBRARY_TYPE, &payload, &key(1)).to_bytes()), "wrong_type");
    // 7. Oversized: more bytes than any channel has, and a manifest announced to be endless.
    assert_eq!(code(&[&good[..], &vec![b' '; 17 << 10]].concat()), "too_large");
    let mut endless = newer.clone();
    endless.manifest.size = u64::MAX;
    assert_eq!(code(&seal(&endless, 1)), "too_large");
    // 8. Endless: a manifest that goes on behind its announced size, and one that unpacks without end.
    fs::write(out.join(&name), [&manifest[..], &[0; 4096]].concat()).unwrap();
    assert_eq!(package::open(&out).unwrap_err().code(), "damaged");
    fs::write(out.join(&name), &manifest).unwrap();
    let bomb = zstd::encode_all(&vec![b' '; 65 << 20][..], 3).unwrap();
    let mut named = channel(&out);
    (named.manifest.digest, named.manifest.size) = (Digest::of(&bomb), bomb.len() as u64);
    assert_eq!(package::open_manifest(&bomb, &named).unwrap_err().code(), "too_large");
    // 9. Path tricks: names are digests; what is no digest does not parse, what is none of our names is not read.
    let text = String::from_utf8(payload).unwrap();
    let digest = channel(&out).manifest.digest.to_string();
    for trick in ["../../../../etc/passwd", "..%2f..%2fx", &digest.to_uppercase()] {
        let tricky = text.replace(&digest, trick);
        assert_ne!(tricky, text);
        let raw = Envelope::seal(CHANNEL_TYPE, tricky.as_bytes(), &key(1)).to_bytes();
        assert_eq!(code(&raw), "damaged", "{trick}");
    }
    let opened = package::open(&out).unwrap();
    for trick in
        ["m/../channel.json", "keys/../x.json", "keys/01.json", "keys/0.json", "keys/999999.json", "c/x"]
    {
        assert_eq!(opened.files.read(trick, 99).unwrap_err().code(), "unsafe_name", "{trick}");
    }
    // 10. Another course of the same publisher at this address.
    let stranger = Channel { course: "stranger".into(), version: 9, ..channel(&out) };
    assert_eq!(code(&seal(&stranger, 1)), "other_course");
    // And: bytes changed after signing; no signed file at all.
    let mut changed: serde_json::Value = serde_json::from_slice(&good).unwrap();
    changed["payload"] = changed["payload"].as_str().unwrap().replacen("ey", "fy", 1).into();
    assert_eq!(code(changed.to_string().as_bytes()), "wrong_signature");
    assert_eq!(code(b"<html>Sign in to the network"), "not_a_package");
}

#[test]
fn a_package_that_learners_must_not_take_for_the_one_they_have_is_refused_with_the_reason() {
    let temp = tempfile::tempdir().unwrap();
    let out = built(temp.path());
    let have = temp.path().join("have.daypack");
    pack::export(&out, &have).unwrap();
    let now = NOW.plus(DAY);
    assert_eq!(pack::follows(&have, &out, now), Ok(()), "control: the same");
    let why = |now| pack::follows(&have, &out, now).unwrap_err().code();
    assert_eq!(why(NOW.plus(401 * DAY)), "frozen");
    build(&tiny(&temp.path().join("folder"), 2), &out, &[key(1)]).unwrap();
    assert_eq!(why(now), "older_version");
    put(&temp.path().join("folder"), "pages/1.html", &page(5, 500));
    common::folder_version(&temp.path().join("folder"), 3);
    assert!(build(&temp.path().join("folder"), &out, &[key(1)]).is_ok());
    assert_eq!(why(now), "other_manifest");
    common::folder_version(&temp.path().join("folder"), 4);
    let report = build(&temp.path().join("folder"), &out, &[key(1)]).unwrap();
    assert!(!report.same_version);
    assert_eq!(pack::follows(&have, &out, now), Ok(()), "control: an update");
    common::folder_version(&temp.path().join("folder"), 5);
    build(&temp.path().join("folder"), &out, &[key(2)]).unwrap();
    assert_eq!(why(now), "other_key");
}

#[test]
fn an_expired_channel_opens_installs_and_says_when_it_was_last_confirmed() {
    let temp = tempfile::tempdir().unwrap();
    let out = built(temp.path());
    let opened = package::open(&out).unwrap();
    let late = NOW.plus(5000 * DAY);
    assert_eq!(opened.confirmed.standing(NOW), Standing::Current { confirmed: NOW }, "control");
    assert_eq!(opened.confirmed.standing(late), Standing::LastConfirmed { confirmed: NOW });
    assert!(pack::verify(&out).is_ok());
    // From a stick it may still bring a newer version than the one that is here.
    let seen = Seen { version: 2, manifest: Digest::of(b"before"), ..opened.confirmed.seen() };
    assert_eq!(opened.confirmed.follows(&seen), Ok(()));
}

#[test]
fn an_online_key_may_confirm_and_nothing_else() {
    let temp = tempfile::tempdir().unwrap();
    let out = built(temp.path());
    let only_online = Rotation { online: vec![public(9)], ..Rotation::default() };
    let set = pack::rotate(&out, &[key(1)], &only_online, NOW).unwrap();
    assert_eq!((set.epoch, set.published, set.identity), (1, true, public(1).fingerprint()));
    let before = package::open(&out).unwrap();
    let later = NOW.plus(300 * DAY);
    let confirmed = pack::sign(&out, &[key(9)], later).unwrap();
    assert_eq!(confirmed.expires, later.plus(pack::CURRENT_FOR_MS));
    let after = package::open(&out).unwrap();
    assert_eq!(after.confirmed.confirmed, later);
    assert_eq!(after.confirmed.channel, before.confirmed.channel, "what was signed is the same");
    assert_eq!(after.confirmed.standing(NOW.plus(500 * DAY)), Standing::Current { confirmed: later });
    assert!(pack::verify(&out).is_ok());

    // It cannot sign a channel of its own, confirm another one, or confirm for ever; nor can a stranger.
    let chain = after.chain.clone();
    let evil = Channel { version: 99, ..after.confirmed.channel.clone() };
    assert_eq!(Confirmed::open(&seal(&evil, 9), &chain), Err(ChannelFault::OnlineKey));
    let payload = Envelope::read(&raw(&out)).unwrap().payload().unwrap();
    let beside = |refresh: &Refresh, by: u8| {
        let inner = Envelope::seal(REFRESH_TYPE, &serde_json::to_vec(refresh).unwrap(), &key(by));
        let raw = Envelope::read(&raw(&out)).unwrap().with_refresh(Some(inner)).to_bytes();
        Confirmed::open(&raw, &chain).map(|c| c.expires)
    };
    let good = Refresh { channel: Digest::of(&payload), issued: later, expires: later.plus(DAY) };
    assert!(beside(&good, 9).is_ok(), "control");
    assert_eq!(beside(&good, 2), Err(ChannelFault::BadRefresh));
    assert_eq!(
        beside(&Refresh { channel: Digest::of(b"x"), ..good.clone() }, 9),
        Err(ChannelFault::BadRefresh)
    );
    assert_eq!(
        beside(&Refresh { expires: TimeMs(i64::MAX), ..good.clone() }, 9),
        Err(ChannelFault::BadRefresh)
    );
    let short = Refresh { issued: TimeMs(1), expires: TimeMs(2), ..good };
    assert_eq!(beside(&short, 9), Ok(after.confirmed.channel.expires), "it never shortens");
    assert_eq!(
        pack::sign(&out, &[key(7)], later),
        Err(PackError::OtherKey { found: public(7).fingerprint() })
    );
    assert!(matches!(build(&temp.path().join("folder"), &out, &[key(9)]), Err(PackError::OtherKey { .. })));
}

#[test]
fn keys_change_and_the_course_stays_the_same_one() {
    let temp = tempfile::tempdir().unwrap();
    let out = built(temp.path());
    let first = package::open(&out).unwrap();
    let next = Rotation { keys: vec![public(2), public(3), public(4)], online: Vec::new(), threshold: 2 };
    let signers = |seeds: &[u8]| seeds.iter().map(|s| key(*s)).collect::<Vec<SigningKey>>();
    // Without the old key, or with too few of the new ones, nothing changes.
    let before = common::all(&out);
    for few in [&[2, 3][..], &[1, 2]] {
        let fresh = temp.path().join("try");
        let _ = fs::remove_dir_all(&fresh);
        copy(&out, &fresh);
        assert!(pack::rotate(&fresh, &signers(few), &next, NOW).is_err(), "{few:?}");
        assert_eq!(common::all(&fresh), before, "nothing was written");
        assert!(package::open(&fresh).is_ok(), "and it still opens");
    }
    assert_eq!(common::all(&out), before);
    let set = pack::rotate(&out, &signers(&[1, 2, 3]), &next, NOW.plus(5)).unwrap();
    assert_eq!((set.epoch, set.published), (2, true));
    let second = package::open(&out).unwrap();
    assert_eq!(second.identity(), first.identity());
    assert_eq!(second.manifest.course.id, first.manifest.course.id, "work stays with its course");
    assert_eq!(second.manifest.course.sections, first.manifest.course.sections);
    assert!(package::open_expecting(&out, Some(&public(1).fingerprint())).is_ok());
    let file = temp.path().join("c.daypack");
    pack::export(&out, &file).unwrap();
    assert_eq!(package::open(&file).unwrap().chain, second.chain, "the keys travel in the single file");

    // The new epoch counts versions anew; the old key has no say; a channel of the old epoch is a rollback.
    let seen = Seen { version: 1000, epoch: 1, ..first.confirmed.seen() };
    assert_eq!(second.confirmed.follows(&seen), Ok(()), "a version number that ran away is recovered from");
    let old = seal(&first.confirmed.channel, 1);
    assert!(matches!(Confirmed::open(&old, &second.chain), Err(ChannelFault::Envelope(_))));
    let downgraded = Channel { epoch: 1, ..second.confirmed.channel.clone() };
    let payload = serde_json::to_vec(&downgraded).unwrap();
    let mut envelope = Envelope::draft(CHANNEL_TYPE, &payload);
    signers(&[2, 3]).iter().for_each(|k| envelope.sign(k));
    let error = Confirmed::open(&envelope.to_bytes(), &second.chain).unwrap_err();
    assert_eq!(error, ChannelFault::OtherEpoch { have: 2, found: 1 });
    let seen = second.confirmed.seen();
    let first_again = Confirmed::open(&old, &alone()).unwrap();
    assert_eq!(first_again.follows(&seen), Err(ChannelFault::OtherEpoch { have: 2, found: 1 }));
    // One of two signatures is none; the same key twice is one.
    let payload = serde_json::to_vec(&second.confirmed.channel).unwrap();
    let mut envelope = Envelope::draft(CHANNEL_TYPE, &payload);
    envelope.sign(&key(3));
    let error = Confirmed::open(&envelope.to_bytes(), &second.chain).unwrap_err();
    assert_eq!(error, ChannelFault::TooFew { have: 1, need: 2 });
    // Key files that are gone or exchanged: nobody is let in by their absence.
    fs::rename(out.join("keys"), out.join("gone")).unwrap();
    let error = package::open(&out).unwrap_err();
    assert!(matches!(error, OpenError::Refused { why: "needs_keys", .. }), "{error}");
    fs::rename(out.join("gone"), out.join("keys")).unwrap();
    fs::remove_file(out.join("keys/2.json")).unwrap();
    assert_eq!(package::open(&out).unwrap_err().code(), "other_key");
}

#[test]
fn a_channel_waits_for_its_signatures_and_the_published_one_stays_until_then() {
    let temp = tempfile::tempdir().unwrap();
    let out = built(temp.path());
    let next = Rotation { keys: vec![public(2), public(3)], online: Vec::new(), threshold: 2 };
    pack::rotate(&out, &[key(1), key(2), key(3)], &next, NOW).unwrap();
    let published = raw(&out);
    let folder = tiny(&temp.path().join("folder"), 4);
    let report = build(&folder, &out, &[key(2)]).unwrap();
    assert_eq!((report.signed.published, report.signed.signatures, report.signed.needed), (false, 1, 2));
    assert_eq!(raw(&out), published);
    assert!(pack::verify(&out).is_ok(), "what is published stays whole");
    assert!(matches!(pack::sign(&out, &[key(1)], NOW), Err(PackError::OtherKey { .. })), "an old key");
    assert!(pack::sign(&out, &[key(3)], NOW).unwrap().published);
    assert!(!out.join(CHANNEL_DRAFT).exists());
    assert_eq!(package::open(&out).unwrap().channel.version, 4);
    // The same, from the very beginning: without a key nothing is published.
    let fresh = temp.path().join("fresh");
    assert!(!build(&folder, &fresh, &[]).unwrap().signed.published);
    assert_eq!(package::open(&fresh).unwrap_err().code(), "missing_object");
    assert!(pack::sign(&fresh, &[key(5)], NOW).unwrap().published);
    assert_eq!(package::open(&fresh).unwrap().key, public(5));
    // Saying once more that it is current changes nothing but the dates.
    let again = pack::sign(&fresh, &[key(5)], NOW.plus(DAY)).unwrap();
    assert_eq!(again.expires, NOW.plus(DAY).plus(pack::CURRENT_FOR_MS));
    let opened = package::open(&fresh).unwrap();
    assert_eq!((opened.channel.version, opened.confirmed.confirmed), (4, NOW.plus(DAY)));
}

fn copy(from: &Path, to: &Path) {
    for (name, bytes) in common::all(from) {
        put(to, &name, &bytes);
    }
}
