//! Packs and chunk lists: what is in them comes out of them, damage is named to the piece, hostile ones are refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;
use std::io::Read as _;
use std::path::Path;

use common::{all, build, bytes, key, page, put, reading, small};
use daypack_course::Digest;
use daypack_course::package::packs::MAX_FRAME;
use daypack_course::package::{Frame, PackedFile, chunk_list_path, object_path, pack_path};
use daypack_formats::package::frames;
use daypack_formats::{Archive, OpenError, pack, package};
use serde_json::json;

fn built(dir: &Path) -> std::path::PathBuf {
    let out = dir.join("out");
    build(&small(&dir.join("folder"), 1), &out, &[key(1)]).unwrap();
    out
}

fn read(package: &package::OpenedPackage, digest: &Digest) -> Vec<u8> {
    let mut out = Vec::new();
    package.object(digest).unwrap().read_to_end(&mut out).unwrap();
    out
}

#[test]
fn small_files_travel_in_packs_and_large_ones_have_chunk_lists() {
    let temp = tempfile::tempdir().unwrap();
    let out = built(temp.path());
    let opened = package::open(&out).unwrap();
    let packs = &opened.manifest.packs;
    assert_eq!(packs.iter().flat_map(|p| &p.frames).map(|f| f.files.len()).sum::<usize>(), 40);
    assert!(packs.iter().map(|p| p.size).sum::<u64>() < 40 * 9000 / 2, "text is packed small");
    let object = opened.manifest.objects(None)[0];
    let list = opened.chunk_list(&object).unwrap().unwrap();
    assert_eq!((list.size, list.object), (3_000_000, object.digest));
    let film = read(&opened, &object.digest);
    for (range, chunk) in list.placed() {
        assert_eq!(Digest::of(&film[range.start as usize..range.end as usize]), chunk.digest);
    }
    let tiers = &opened.channel.tiers;
    assert!(tiers.values().all(|size| *size == opened.channel.total_size), "{tiers:?}");
}

#[test]
fn the_single_file_holds_signed_files_first_each_small_file_once_and_gives_the_same_bytes() {
    let temp = tempfile::tempdir().unwrap();
    let out = built(temp.path());
    let file = temp.path().join("c.daypack");
    pack::export(&out, &file).unwrap();
    let archive = Archive::open(&file).unwrap();
    let names: Vec<&str> = archive.members().iter().map(|m| m.name.as_str()).collect();
    assert!(archive.members().iter().all(daypack_formats::archive::Member::is_stored));
    let kinds: String = names.iter().map(|n| &n[..2]).collect::<Vec<_>>().join(" ");
    assert_eq!(kinds, "ch m/ c/ o/ p/", "{names:?}");
    let (folder, single) = (package::open(&out).unwrap(), package::open(&file).unwrap());
    for (digest, size) in folder.objects() {
        let bytes = read(&single, &digest);
        assert_eq!(bytes.len() as u64, size);
        assert_eq!(bytes, read(&folder, &digest));
    }
    assert_eq!(pack::verify(&out).unwrap(), pack::verify(&file).unwrap());
    let none = Digest::of(b"none");
    assert_eq!(
        single.object(&none).err(),
        Some(OpenError::MissingObject { name: object_path(&none) }),
        "control"
    );
}

#[test]
fn a_damaged_object_is_named_with_its_bad_pieces_only() {
    let temp = tempfile::tempdir().unwrap();
    let out = built(temp.path());
    assert_eq!(pack::examine(&out).unwrap().1, [], "control");
    let opened = package::open(&out).unwrap();
    let object = opened.manifest.objects(None)[0];
    let path = out.join(object_path(&object.digest));
    let good = fs::read(&path).unwrap();
    let mut bad = good.clone();
    bad[1_500_000] ^= 1;
    fs::write(&path, &bad).unwrap();
    let (_, faults) = pack::examine(&out).unwrap();
    assert_eq!(faults.len(), 1);
    assert_eq!(faults[0].files, ["film.mp4"]);
    assert_eq!(faults[0].chunks.len(), 1);
    let range = faults[0].chunks[0].range.clone();
    assert!(range.contains(&1_500_000) && range.end - range.start <= 1 << 20, "{range:?}");
    // Putting only these bytes back repairs it.
    let range = range.start as usize..range.end as usize;
    bad[range.clone()].copy_from_slice(&good[range]);
    fs::write(&path, &bad).unwrap();
    assert_eq!(pack::examine(&out).unwrap().1, []);
    // A cut object: everything behind the cut.
    fs::write(&path, &good[..2_000_000]).unwrap();
    let (_, faults) = pack::examine(&out).unwrap();
    assert_eq!(faults[0].chunks.last().unwrap().range.end, 3_000_000);
    assert!(faults[0].chunks[0].range.end > 2_000_000);
}

#[test]
fn damage_in_a_pack_or_a_chunk_list_is_found_and_named() {
    let temp = tempfile::tempdir().unwrap();
    let out = built(temp.path());
    let opened = package::open(&out).unwrap();
    let pack_name = pack_path(&opened.manifest.packs[0].digest);
    let list_name = chunk_list_path(&opened.manifest.chunk_lists.values().next().unwrap().digest);
    for name in [&pack_name, &list_name] {
        let good = fs::read(out.join(name)).unwrap();
        let mut bad = good.clone();
        let at = bad.len() - 3;
        bad[at] ^= 0x40;
        fs::write(out.join(name), &bad).unwrap();
        let (_, faults) = pack::examine(&out).unwrap();
        assert_eq!(faults.len(), 1, "{name}");
        assert_eq!(&faults[0].path, name);
        if *name == pack_name {
            let frames = opened.manifest.packs[0].frames.len() as u32;
            assert_eq!(faults[0].chunks.iter().map(|c| c.index).collect::<Vec<_>>(), [frames - 1]);
        }
        fs::write(out.join(name), &good).unwrap();
    }
}

fn frame(packed: &[u8], files: &[&[u8]]) -> Frame {
    let files = files.iter().map(|f| PackedFile { digest: Digest::of(f), length: f.len() as u32 }).collect();
    Frame { digest: Digest::of(packed), length: packed.len() as u32, files }
}

fn zst(raw: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(raw, 3).unwrap()
}

#[test]
fn hostile_frames_are_refused() {
    let (a, b) = (page(1, 5000), page(2, 6000));
    let both = [a.clone(), b.clone()].concat();
    let good = zst(&both);
    let named = frame(&good, &[&a, &b]);
    let raw = frames::unpack(&named, &good).unwrap();
    assert_eq!(frames::files(&named, &raw).unwrap()[1].1, b, "control");
    let why = |frame: &Frame, packed: &[u8]| frames::unpack(frame, packed).unwrap_err().to_string();

    // Other bytes than named, cut, or with bytes at the end: before anything is unpacked.
    assert!(why(&named, &good[1..]).contains("other bytes"));
    assert!(why(&named, &[&good[..], b"x"].concat()).contains("other bytes"));
    // Signed so by a hostile publisher: bytes behind the frame, two frames, a frame that is no frame.
    let trailing = [&good[..], b"trailing"].concat();
    assert!(why(&frame(&trailing, &[&a, &b]), &trailing).contains("not one frame"));
    let two = [zst(&a), zst(&b)].concat();
    assert!(why(&frame(&two, &[&a, &b]), &two).contains("not one frame"));
    let skippable = [&[0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0][..], b"junk"].concat();
    assert!(frames::unpack(&frame(&skippable, &[&a]), &skippable).is_err());
    assert!(frames::unpack(&frame(b"<html>", &[&a]), b"<html>").is_err());
    // Longer or shorter than its files.
    assert!(why(&frame(&good, &[&a]), &good).contains("another length"));
    assert!(why(&frame(&good, &[&a, &b, &a]), &good).contains("another length"));
    // A bomb: 200 MB of nothing in a few bytes, whatever it says of itself.
    let bomb = zst(&vec![0; 200 << 20]);
    assert!(bomb.len() < 64 << 10);
    assert!(why(&frame(&bomb, &[&a]), &bomb).contains("another length"));
    let mut large = frame(&bomb, &[]);
    large.files = vec![PackedFile { digest: Digest::of(b""), length: MAX_FRAME + 1 }];
    assert_eq!(frames::unpack(&large, &bomb), Err(OpenError::TooLarge { what: "frame".into() }));
    // Without a length of its own (a stream).
    let stream = zstd::stream::encode_all(&both[..], 3).unwrap();
    let said = frames::unpack(&frame(&stream, &[&a, &b]), &stream);
    assert!(said.is_err() || said.unwrap() == both);
    // The right length, other files.
    let swapped = frame(&good, &[&b, &a]);
    let raw = frames::unpack(&swapped, &good).unwrap();
    assert!(frames::files(&swapped, &raw).is_err());
}

#[test]
fn a_pack_with_an_index_that_lies_gives_no_file() {
    let temp = tempfile::tempdir().unwrap();
    let out = built(temp.path());
    let file = temp.path().join("c.daypack");
    pack::export(&out, &file).unwrap();
    let mut opened = package::open(&file).unwrap();
    let digest = opened.manifest.packs[0].frames[0].files[1].digest;
    assert!(opened.object(&digest).is_ok(), "control");
    // Overlap cannot be written down; the nearest to it, a longer neighbour, is no sum any more.
    opened.manifest.packs[0].frames[0].files[0].length += 1;
    assert!(opened.manifest.check().is_err());
    let another = package::open(&file).unwrap();
    let mut moved = another;
    moved.manifest.packs[0].frames[0].length -= 1;
    assert!(moved.manifest.check().is_err());
    assert!(moved.object(&digest).is_err());
}

fn small_pages(sections: u64, each: u64) {
    let temp = tempfile::tempdir().unwrap();
    let root = temp.path().join("folder");
    let mut made = Vec::new();
    for s in 0..sections {
        let mut items = Vec::new();
        for n in 0..each {
            let path = format!("{s}/{n}.txt");
            put(&root, &path, &bytes(s * 1000 + n, 2048));
            items.push(reading(&format!("i{s}-{n}"), &path, "text/plain"));
        }
        made.push(json!({"id": format!("s{s}"), "title": "S", "items": items}));
    }
    common::folder(&root, 1, &json!(made));
    let out = temp.path().join("out");
    let report = build(&root, &out, &[key(1)]).unwrap();
    assert_eq!(report.packs.1 as u64, sections * each);
    let diff = pack::diff(None, &out, None).unwrap();
    let payload = sections * each * 2048;
    let more = diff.bytes as f64 / payload as f64;
    println!("{} requests, {} bytes for {payload}: {more:.4}", diff.requests, diff.bytes);
    assert!(diff.requests <= 8, "{} requests", diff.requests);
    assert!(more < 1.04, "bytes that do not compress cost {more}");
}

#[test]
fn six_hundred_small_pages_come_in_a_few_requests() {
    small_pages(12, 50);
}

#[test]
#[ignore = "writes 6,000 files"]
fn three_thousand_small_pages_come_in_a_few_requests() {
    small_pages(30, 100);
}

#[test]
fn a_package_of_before_packs_opens_verifies_and_gives_its_files() {
    let old = Path::new(env!("CARGO_MANIFEST_DIR")).join("../app/assets/look-around.daypack");
    let report = pack::verify(&old).unwrap();
    assert_eq!((report.packs, report.epoch), (0, 1));
    let opened = package::open(&old).unwrap();
    for (digest, size) in opened.objects() {
        assert_eq!(read(&opened, &digest).len() as u64, size);
    }
    assert!(fs::metadata(&old).unwrap().len() < 4 << 20);
    // What it costs a learner who has it when the same course comes in the newer form: nothing but the manifest.
    let diff = pack::diff(Some(&old), &old, None).unwrap();
    assert_eq!(diff.requests, 1, "{:?}", diff.steps);
}

#[test]
fn the_same_folder_gives_the_same_packs_and_a_changed_page_only_itself() {
    let temp = tempfile::tempdir().unwrap();
    let out = built(temp.path());
    let before = all(&out);
    build(&temp.path().join("folder"), &out, &[key(1)]).unwrap();
    assert_eq!(all(&out), before);
    let old = temp.path().join("old.daypack");
    pack::export(&out, &old).unwrap();
    let changed = small(&temp.path().join("folder"), 2);
    put(&changed, "pages/7.html", &page(999, 9000));
    build(&changed, &out, &[key(1)]).unwrap();
    let diff = pack::diff(Some(&old), &out, None).unwrap();
    assert_eq!((diff.new_objects, diff.requests), (1, 3), "{:?}", diff.steps);
    assert!(diff.steps[2].path.starts_with("o/"), "one page is cheaper alone than its frame");
}
