//! The downloader behind bad links and before sources with faults (`tests/linksim`): the right file, or a fault by
//! name and no file. Never a wrong one, and never "done" without the bytes.
//!
//! Needs root, network namespaces and python3; where they are not allowed the tests say so by name.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use daypack_tests::link::{Desk, Ran, forbidden};

/// How a case may end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ends {
    /// The right file, exit 0.
    Right,
    /// No file, and this exit code.
    Fault(i32),
    /// Either.
    RightOr(i32),
}

/// Name, size in KiB, the link, how it is proven, how it ends.
type Case = (&'static str, usize, &'static str, &'static str, Ends);

use Ends::{Fault, Right, RightOr};

const LINK: &str = "--rate 16mbit --rtt 40ms";

const CASES: &[Case] = &[
    ("good", 4096, "--profile good", "", Right),
    ("lossy, small", 512, "--profile lossy", "", Right),
    ("a flipped bit in every fiftieth piece, chunks", 4096, "--http corrupt=2%", "chunks", Right),
    ("a flipped bit in each piece, chunks", 1024, "--http corrupt=1", "chunks", Fault(14)),
    ("a flipped bit in some pieces, digest", 1024, "--http corrupt=10%", "sha256", RightOr(14)),
    ("sign-in page from the start", 1024, "--captive html", "", Fault(11)),
    ("sign-in page from the start, digest", 1024, "--captive html", "sha256", Fault(11)),
    ("led to a sign-in page", 1024, "--captive redirect", "", Fault(11)),
    ("sign-in asked by 511", 1024, "--captive 511", "chunks", Fault(11)),
    (
        "sign-in page for a while",
        4096,
        "--at 0.7s captive=on --at 2.2s captive=off",
        "--portal-patience 30",
        Right,
    ),
    ("bytes of another place", 2048, "--http bad-range", "", Right),
    ("bytes of another place, digest", 2048, "--http bad-range", "sha256", Right),
    ("no parts", 2048, "--http no-range", "", Right),
    ("no parts, chunks", 2048, "--http no-range", "chunks", Right),
    ("parts no more after a while", 6144, "--at 1s http=no-range", "", Right),
    ("half bodies", 2048, "--http truncate=100k", "", Right),
    ("resets", 2048, "--http reset=100k", "chunks", Right),
    ("resets on the way", 2048, "--reset-after 300k", "", Right),
    ("bodies that stop", 1024, "--http stall=400k", "", Right),
    ("connections that stop", 1024, "--stall-after 400k", "sha256", Right),
    ("another version each time", 1024, "--http new-etag=1", "", RightOr(13)),
    ("another version each time, digest", 1024, "--http new-etag=1", "sha256", Right),
    ("no validator", 1024, "--http no-etag", "", Right),
    ("weak validators", 1024, "--http weak-etag", "", Right),
    ("asks for patience", 1024, "--http 503=30%", "", Right),
    ("thinks for long", 512, "--http ttfb=5s", "", Right),
    ("bodies without length", 1024, "--http no-length", "", Right),
    ("nothing but bytes", 512, "--http no-length --http no-range", "", Fault(17)),
    ("nothing but bytes, digest", 512, "--http no-length --http no-range", "sha256", Right),
    ("leads elsewhere", 1024, "--http redirect", "", Right),
    ("packs what it can", 1024, "--http gzip", "", Right),
    ("trickles", 64, "--http trickle=64kbit", "", Right),
    ("names fail in the middle", 4096, "--at 0.5s dns=servfail", "", Right),
    ("names lead to the portal", 512, "--dns hijack", "", Fault(11)),
    ("a proxy", 1024, "--proxy u:p", "", Right),
    ("addresses that lead nowhere", 512, "--ipv6 broken", "", Right),
    ("outages that end connections", 2048, "--drop-every 1s:2s --drop-mode rst", "", Right),
    ("outages that forget connections", 2048, "--drop-every 2s:2s --drop-mode blackhole", "", Right),
    (
        "a wrong digest",
        512,
        "",
        "--sha256 0000000000000000000000000000000000000000000000000000000000000000",
        Fault(14),
    ),
];

fn run(case: &Case) -> Result<(), String> {
    let (name, kib, link, proof, ends) = *case;
    let desk = Desk::with(kib << 10);
    let proof = match proof {
        "chunks" => format!("--chunks {}", desk.chunks().display()),
        "sha256" => format!("--sha256 {}", desk.sha256()),
        other => other.to_owned(),
    };
    let patience = if proof.contains("patience") { "" } else { "--portal-patience 2" };
    let base = if link.contains("--profile") { "" } else { LINK };
    let link: Vec<String> = options(&format!("{base} {link}"));
    let link: Vec<&str> = link.iter().map(String::as_str).collect();
    let ran = desk.behind(&link, &desk.fetch(&format!("{patience} {proof}")));
    judge(&ran, desk.is_right(), ends).map_err(|why| format!("{name}: {why}: {ran:?}"))?;
    if ends == Fault(11) {
        let asked = ran.stats["portal_requests"].as_u64().unwrap_or(0);
        let first = ran.stderr.lines().find(|l| l.contains("\"portal\""));
        if asked > 12 || first.is_none() {
            return Err(format!("{name}: the page was asked for {asked} times, shown: {first:?}"));
        }
    }
    Ok(())
}

/// `--at 1s a=b` is one option with two words, as linksim takes it.
fn options(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

fn judge(ran: &Ran, is_right: Option<bool>, ends: Ends) -> Result<(), String> {
    match (ran.exit, is_right, ends) {
        (0, Some(true), Right | RightOr(_)) => Ok(()),
        (exit, None, Fault(code) | RightOr(code)) if exit == code => Ok(()),
        (_, Some(false), _) => Err("a wrong file".into()),
        (exit, found, _) => Err(format!("exit {exit}, file right: {found:?}, expected {ends:?}")),
    }
}

#[test]
fn every_fault_of_a_source_ends_in_the_right_file_or_in_no_file_and_a_name() {
    if let Some(why) = forbidden() {
        return eprintln!("skipped: every_fault_of_a_source: {why}");
    }
    let next = std::sync::atomic::AtomicUsize::new(0);
    let wrong = std::sync::Mutex::new(Vec::new());
    let only = std::env::var("DAYPACK_LINK_CASE").ok();
    std::thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| {
                while let Some(case) = CASES.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
                    if only.as_ref().is_some_and(|only| !case.0.contains(only.as_str())) {
                        continue;
                    }
                    if let Err(why) = run(case) {
                        wrong.lock().unwrap().push(why);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), CASES.len(), wrong.join("\n\n"));
}

#[test]
fn a_new_version_of_the_same_size_between_two_halves_gives_no_mixed_file() {
    if let Some(why) = forbidden() {
        return eprintln!("skipped: a_new_version_between_two_halves: {why}");
    }
    let desk = Desk::with(3 << 20);
    let new = daypack_tests::link::noise(99, 3 << 20);
    std::fs::write(desk.path().join("new.bin"), &new).unwrap();
    let fetch = desk.fetch("");
    let (www, dir) = (desk.www(), desk.path());
    let line = format!(
        "timeout -s KILL 2 {fetch}; sleep 1.1; cp {}/new.bin {}; {fetch}",
        dir.display(),
        www.display()
    );
    let ran = desk.behind(&["--rate", "8mbit", "--rtt", "40ms"], &line);
    assert_eq!(ran.exit, 0, "{ran:?}");
    assert!(std::fs::read(desk.out()).unwrap() == new, "neither the old nor a mix");
}

#[test]
fn after_kill_nine_at_most_a_megabyte_is_fetched_again() {
    if let Some(why) = forbidden() {
        return eprintln!("skipped: after_kill_nine: {why}");
    }
    let desk = Desk::with(6 << 20);
    let fetch = desk.fetch(&format!("--chunks {}", desk.chunks().display()));
    let line = format!("timeout -s KILL 1.6 {fetch}; timeout -s KILL 2 {fetch}; {fetch}");
    let ran = desk.behind(&["--rate", "12mbit", "--rtt", "40ms"], &line);
    assert_eq!((ran.exit, desk.is_right()), (0, Some(true)), "{ran:?}");
    let received: f64 = ran.stats["down"]["delivered_bytes"].as_f64().unwrap();
    // Headers of packets are 3.6 %; two kills cost at most a megabyte and what was under way each.
    let payload = received / 1.037;
    let extra = payload - (6 << 20) as f64;
    println!("extra bytes after two kills: {extra:.0}");
    assert!(extra < 2.4 * 1_048_576.0, "{extra} bytes were fetched again");
}

#[test]
fn a_damaged_file_is_repaired_by_its_damaged_pieces_alone() {
    if let Some(why) = forbidden() {
        return eprintln!("skipped: a_damaged_file_is_repaired: {why}");
    }
    let desk = Desk::with(3 << 20);
    let mut damaged = desk.bytes().to_vec();
    damaged[1_000_000] ^= 1;
    std::fs::write(desk.out(), damaged).unwrap();
    let ran =
        desk.behind(&["--rate", "8mbit"], &desk.fetch(&format!("--chunks {}", desk.chunks().display())));
    assert_eq!((ran.exit, desk.is_right()), (0, Some(true)), "{ran:?}");
    let count = |name: &str| ran.said["ok"][name].as_u64().unwrap();
    assert_eq!(count("received") - count("wasted"), 128 << 10, "one chunk");
    assert!(count("wasted") < 64 << 10, "{ran:?}");
}

/// Negative control: the judge takes no wrong file, no file without a name for the fault, and no wrong name.
#[test]
fn control_a_wrong_file_and_a_wrong_name_are_found() {
    let ran = |exit| Ran { exit, said: Default::default(), stats: Default::default(), stderr: String::new() };
    assert!(judge(&ran(0), Some(false), Right).is_err());
    assert!(judge(&ran(0), None, Right).is_err());
    assert!(judge(&ran(14), Some(false), Fault(14)).is_err());
    assert!(judge(&ran(10), None, Fault(14)).is_err());
    assert!(judge(&ran(14), None, Right).is_err());
    assert!(judge(&ran(0), Some(true), Right).is_ok() && judge(&ran(14), None, RightOr(14)).is_ok());
}
