//! The format's test vectors in `tests/vectors/`: packages and hostile files that every later version, and every
//! other reader, must judge alike. `DAYPACK_MAKE_VECTORS=1 cargo test -p daypack-formats --test vectors` makes them
//! anew; without it this compares what is committed with what is made, and opens all of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use common::{NOW, build, bytes, folder, key, page, put, reading, video};
use daypack_course::package::channel::REFRESH_TYPE;
use daypack_course::package::{
    CHANNEL, CHANNEL_TYPE, Channel, ChunkList, Confirmed, Envelope, LIBRARY_TYPE, PublicKey, Refresh, Seen,
};
use daypack_course::{Digest, TimeMs};
use daypack_formats::pack::{self, Rotation};
use daypack_formats::package;
use serde_json::{Value, json};

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors")
}

/// A course with one object above 1 MiB (that packs well, to stay small here) and three small files.
fn course(root: &Path) {
    let film: Vec<u8> = (0..1_200_000_u32).map(|n| (n / 9001) as u8).collect();
    put(root, "film.mp4", &film);
    put(root, "a.html", &page(1, 900));
    put(root, "b.html", &page(2, 700));
    put(root, "c.bin", &bytes(3, 300));
    let items = json!([
        video("film", "film.mp4"),
        reading("a", "a.html", "text/html"),
        reading("b", "b.html", "text/html"),
        reading("c", "c.bin", "application/octet-stream"),
    ]);
    folder(root, 1, &json!([{"id": "s1", "title": "One", "items": items}]));
}

/// Makes all vectors: file name to bytes, and `expected.json`.
fn make(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let (root, out) = (dir.join("folder"), dir.join("out"));
    course(&root);
    build(&root, &out, &[key(1)]).unwrap();
    let mut files = BTreeMap::new();
    let mut expected = BTreeMap::new();
    let mut add = |name: &str, bytes: Vec<u8>, verdict: Value| {
        expected.insert(name.to_owned(), verdict);
        files.insert(name.to_owned(), bytes);
    };
    let before = package::open(&out).unwrap();
    let good = fs::read(out.join(CHANNEL)).unwrap();
    let signer = PublicKey::of(&key(1)).fingerprint();
    let seen = before.confirmed.seen();
    let mut parts = common::all(&out);
    let object = before.manifest.objects(None)[0];
    parts.retain(|name, _| !name.starts_with("o/"));
    for (name, bytes) in parts {
        let kind = name.split('/').next().unwrap().replace(".json", "");
        let ending = if kind == "channel" { ".json" } else { ".bin" };
        let verdict = json!({"kind": kind, "opens": true, "name": name});
        add(&format!("good-{kind}{ending}"), bytes, verdict);
    }
    let channel = |change: &dyn Fn(&mut Channel)| {
        let mut channel = before.confirmed.channel.clone();
        change(&mut channel);
        serde_json::to_vec(&channel).unwrap()
    };
    let seal = |payload: &[u8], kind: &str, by: u8| Envelope::seal(kind, payload, &key(by)).to_bytes();
    let refused = |code: &str| json!({"kind": "channel", "opens": false, "code": code});
    add("bad-other-key.json", seal(&channel(&|_| {}), CHANNEL_TYPE, 2), refused("other_key"));
    add("bad-wrong-type.json", seal(&channel(&|_| {}), LIBRARY_TYPE, 1), refused("wrong_type"));
    add("bad-older.json", seal(&channel(&|c| c.version = 0), CHANNEL_TYPE, 1), refused("older_version"));
    let mixed = channel(&|c| c.manifest.digest = Digest::of(b"x"));
    add("bad-other-manifest.json", seal(&mixed, CHANNEL_TYPE, 1), refused("other_manifest"));
    let frozen = channel(&|c| c.expires = TimeMs(0));
    add("bad-frozen.json", seal(&frozen, CHANNEL_TYPE, 1), refused("frozen"));
    let endless = channel(&|c| c.manifest.size = u64::MAX);
    add("bad-endless.json", seal(&endless, CHANNEL_TYPE, 1), refused("too_large"));
    let epoch = channel(&|c| c.epoch = 2);
    add("bad-epoch.json", seal(&epoch, CHANNEL_TYPE, 1), refused("other_epoch"));
    let stranger = channel(&|c| c.course = "other".into());
    add("bad-other-course.json", seal(&stranger, CHANNEL_TYPE, 1), refused("other_course"));
    let path = String::from_utf8(channel(&|_| {})).unwrap();
    let path = path.replace(&before.channel.manifest.digest.to_string(), "../../x");
    add("bad-path.json", seal(path.as_bytes(), CHANNEL_TYPE, 1), refused("damaged"));
    let mut changed: Value = serde_json::from_slice(&good).unwrap();
    changed["payload"] = changed["payload"].as_str().unwrap().replacen("ey", "fy", 1).into();
    add("bad-changed.json", changed.to_string().into_bytes(), refused("wrong_signature"));
    let chained = channel(&|c| c.chained = true);
    add("bad-needs-keys.json", seal(&chained, CHANNEL_TYPE, 1), refused("needs_keys"));
    let refresh = Refresh { channel: Digest::of(b"x"), issued: NOW, expires: NOW.plus(1) };
    let inner = Envelope::seal(REFRESH_TYPE, &serde_json::to_vec(&refresh).unwrap(), &key(9));
    let beside = Envelope::read(&good).unwrap().with_refresh(Some(inner)).to_bytes();
    add("bad-refresh.json", beside, refused("bad_refresh"));
    let list = before.chunk_list(&object).unwrap().unwrap();
    let cut = list.encode();
    let refused = json!({"kind": "c", "opens": false});
    add("bad-chunks-cut.bin", cut[..cut.len() - 1].to_vec(), refused.clone());
    let mut longer = list.clone();
    longer.chunks[0].length += 1;
    add("bad-chunks-sum.bin", longer.encode(), refused);

    let file = dir.join("one.daypack");
    let stub = |version: u64, epoch: u32, signer: &str| json!({"kind": "package", "opens": true, "version": version, "epoch": epoch, "publisher": signer});
    // A whole package in one file, and the same after its keys changed and an online key confirmed it.
    put(&root, "film.mp4", &bytes(4, 100));
    fs::remove_dir_all(&out).unwrap();
    build(&root, &out, &[key(1)]).unwrap();
    pack::export(&out, &file).unwrap();
    add("package-1.daypack", fs::read(&file).unwrap(), stub(1, 1, &signer));
    let next = Rotation {
        keys: vec![PublicKey::of(&key(2)), PublicKey::of(&key(3))],
        online: vec![PublicKey::of(&key(9))],
        threshold: 2,
    };
    pack::rotate(&out, &[key(1), key(2), key(3)], &next, NOW.plus(10)).unwrap();
    pack::sign(&out, &[key(9)], NOW.plus(20)).unwrap();
    pack::export(&out, &file).unwrap();
    add("package-2-new-keys.daypack", fs::read(&file).unwrap(), stub(1, 2, &signer));

    let about = json!({
        "seen": seen, "now": NOW, "publisher": signer,
        "object": {"digest": object.digest, "size": object.size}, "files": expected,
    });
    files.insert(
        "expected.json".into(),
        [serde_json::to_vec_pretty(&about).unwrap(), b"\n".to_vec()].concat(),
    );
    files
}

#[test]
fn the_committed_vectors_are_those_that_are_made_and_each_gets_its_verdict() {
    let temp = tempfile::tempdir().unwrap();
    let made = make(temp.path());
    let dir = vectors();
    if std::env::var_os("DAYPACK_MAKE_VECTORS").is_some() {
        for (name, bytes) in &made {
            put(&dir, name, bytes);
        }
    }
    let kept = common::all(&dir);
    assert_eq!(kept.keys().collect::<Vec<_>>(), made.keys().collect::<Vec<_>>());
    // A newer compressor may give other manifests and with them other channels; the chunk list must not move.
    assert!(kept["good-c.bin"] == made["good-c.bin"]);
    let about: Value = serde_json::from_slice(&kept["expected.json"]).unwrap();
    let seen: Seen = serde_json::from_value(about["seen"].clone()).unwrap();
    let now: TimeMs = serde_json::from_value(about["now"].clone()).unwrap();
    let object = serde_json::from_value(about["object"].clone()).unwrap();
    let publisher = about["publisher"].as_str().unwrap();
    let (_, signer) = package::open_channel(&kept["good-channel.json"], Some(publisher)).unwrap();
    let chain = daypack_course::package::KeyChain::of_key(signer);
    let (mut good, mut bad) = (0, 0);
    for (name, want) in about["files"].as_object().unwrap() {
        let raw = &kept[name];
        let opens = want["opens"].as_bool().unwrap();
        match want["kind"].as_str().unwrap() {
            "channel" => {
                let got = Confirmed::open(raw, &chain).and_then(|c| c.answers(&seen, now));
                let code = got.as_ref().err().map(|e| e.code());
                assert_eq!(code, want["code"].as_str(), "{name}");
            }
            "c" => assert_eq!(ChunkList::parse(raw, &object).is_ok(), opens, "{name}"),
            "m" => {
                let channel = package::open_channel(&kept["good-channel.json"], None).unwrap().0;
                let manifest = package::open_manifest(raw, &channel).unwrap();
                assert_eq!(manifest.chunk_lists.len(), 1);
                assert_eq!(manifest.packs[0].digest, Digest::of(&kept["good-p.bin"]));
                assert_eq!(manifest.packs[0].frames[0].files.len(), 3);
            }
            "p" => assert_eq!(format!("p/{}", Digest::of(raw)), want["name"].as_str().unwrap()),
            "package" => {
                let path = dir.join(name);
                let report = pack::verify(&path).unwrap();
                assert_eq!((report.version, report.epoch), (1, want["epoch"].as_u64().unwrap() as u32));
                assert_eq!(report.key, publisher);
                let other = "0".repeat(64);
                assert_eq!(package::open_expecting(&path, Some(&other)).unwrap_err().code(), "other_key");
            }
            other => panic!("{other}"),
        }
        *(if opens { &mut good } else { &mut bad }) += 1;
    }
    assert!(good >= 6 && bad >= 14, "{good} good, {bad} bad");
    let total: usize = kept.values().map(Vec::len).sum();
    assert!(total < 64 << 10, "{total} bytes of vectors");
}
