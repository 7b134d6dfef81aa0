//! The long run of `cuts.rs`: a course of 5 GB through 100 cuts. At most 2 % may be fetched again.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use daypack_tests::big::{is_whole, library, through_cuts};
use daypack_tests::static_host::StaticHost;

const MIB: u64 = 1 << 20;

#[test]
#[ignore = "long; `cargo xtask soak --only cuts`"]
fn five_gigabytes_come_whole_through_a_hundred_cuts() {
    let dir = tempfile::tempdir().unwrap();
    let payload = 5_000_000_000;
    let shelf = library(dir.path(), payload);
    let host = StaticHost::start(&shelf, 40 * MIB);
    let data = dir.path().join("data");
    let came = through_cuts(&host, &data, payload, 100, 7);
    let bad = u32::from(!is_whole(&shelf, &data));
    let ratio = came.sent as f64 / payload as f64;
    println!("{} cuts, {} bytes of {payload}, {ratio:.4}, {} KiB", came.cuts, came.sent, came.most_kib);
    if let Some(folder) = std::env::var_os("DAYPACK_SOAK") {
        let since = std::env::var("DAYPACK_SOAK_SINCE_CUTS").unwrap_or_else(|_| "unknown".to_owned());
        let what = format!(
            "cuts over a course of 5 GB (bytes of bodies / payload: {ratio:.4}; memory {} MiB)",
            came.most_kib / 1024
        );
        let line = format!("{what}\t{}\t{bad}\t{since}\n", came.cuts);
        std::fs::write(std::path::Path::new(&folder).join("cuts.tsv"), line).unwrap();
    }
    assert_eq!(bad, 0, "a wrong object");
    assert!(ratio <= 1.02, "{came:?}");
}
