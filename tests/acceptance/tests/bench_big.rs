//! What a course of 10 GB costs besides its bytes: memory while it is downloaded, and time to verify it beside `cat`.
//!
//! `cargo xtask bench`; `DAYPACK_BENCH_BYTES` makes the course smaller. Needs three times its size of room on the disk.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use daypack_tests::big::{download, is_whole, library, memory};
use daypack_tests::practice::{bin, root};
use daypack_tests::static_host::StaticHost;

const MIB: u64 = 1 << 20;
const RATE: u64 = 400 * MIB;
const LOOKS: usize = 3;

/// The most memory that a whole download takes, in KiB.
fn most_memory(shelf: &Path, data: &Path) -> u64 {
    let host = StaticHost::start(shelf, RATE);
    let mut child = download(&host, data);
    let mut most = 0;
    loop {
        most = most.max(memory(child.id()));
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "{status}");
            return most;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, out) } else { out.push(path) }
    }
}

/// Seconds of a command over `files` that nothing holds in memory any more.
fn cold(files: &[PathBuf], command: &mut Command) -> f64 {
    for file in files {
        // GNU dd's word for "let go of what the system keeps of this file".
        let mut drop = Command::new("dd");
        drop.arg(format!("if={}", file.display())).args(["iflag=nocache", "count=0"]).stderr(Stdio::null());
        assert!(drop.status().unwrap().success());
    }
    let began = Instant::now();
    assert!(command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success());
    began.elapsed().as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[test]
#[ignore = "long; `cargo xtask bench`"]
fn ten_gigabytes_cost_little_memory_and_are_verified_about_as_fast_as_they_are_read() {
    let dir = tempfile::tempdir_in(root().join("target")).unwrap();
    let payload = std::env::var("DAYPACK_BENCH_BYTES").map_or(10_000_000_000, |text| text.parse().unwrap());
    let small = library(&dir.path().join("small"), 2 * MIB);
    let idle = most_memory(&small, &dir.path().join("data-small"));
    let shelf = library(&dir.path().join("large"), payload);

    let mut all = Vec::new();
    files(&shelf.join("course"), &mut all);
    let (mut ours, mut cats) = (Vec::new(), Vec::new());
    for _ in 0..LOOKS {
        cats.push(cold(&all, Command::new("cat").args(&all)));
        ours.push(cold(
            &all,
            Command::new(bin("daypack")).args(["pack", "verify"]).arg(shelf.join("course")),
        ));
    }
    let (ours, cat) = (median(ours), median(cats));
    let ratio = ours / cat;

    let data = dir.path().join("data");
    let most = most_memory(&shelf, &data);
    assert!(is_whole(&shelf, &data), "a wrong object");
    let over = most.saturating_sub(idle) / 1024;
    let gb = payload as f64 / 1e9;
    let table = format!(
        "| verify, cold | {ours:.1} s, `cat` {cat:.1} s, ratio {ratio:.2} | 1.15 |\n\
         | memory of the download over that of 2 MB | {over} MiB ({} - {} MiB) | 64 MiB |\n",
        most / 1024,
        idle / 1024
    );
    println!("{gb} GB\n{table}");
    write_down(&format!("| {gb:.0} GB | measured | bar |\n| --- | --- | --- |\n{table}"));
    assert!(over <= 64, "{over} MiB over idle");
    assert!(ratio <= 1.15, "verify takes {ratio:.2} times as long as cat");
}

/// `DAYPACK_WRITE_DOCS=1` puts the figures into the page of benchmarks.
fn write_down(table: &str) {
    const BEGIN: &str = "<!-- big -->\n";
    const END: &str = "<!-- end of big -->";
    if std::env::var_os("DAYPACK_WRITE_DOCS").is_none() {
        return;
    }
    let path = root().join("docs/benchmarks.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).expect("its place in docs/benchmarks.md");
    let after = rest.split_once(END).expect("and its end").1;
    std::fs::write(path, format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
}
