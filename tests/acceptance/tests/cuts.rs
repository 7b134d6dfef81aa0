//! A course comes through many cuts of program and line, and what is fetched again stays small.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use daypack_tests::big::{is_whole, library, through_cuts};
use daypack_tests::static_host::StaticHost;

const MIB: u64 = 1 << 20;

#[test]
fn a_course_comes_whole_through_twelve_cuts_and_each_costs_a_megabyte_at_most() {
    let dir = tempfile::tempdir().unwrap();
    let payload = 96 * MIB;
    let shelf = library(dir.path(), payload);
    let host = StaticHost::start(&shelf, 16 * MIB);
    let data = dir.path().join("data");
    let came = through_cuts(&host, &data, payload, 12, 3);
    assert!(is_whole(&shelf, &data));
    let again = came.sent - payload;
    println!("{} cuts, {} KiB a cut again", came.cuts, again / u64::from(came.cuts) / 1024);
    assert!(came.cuts >= 10, "{came:?}");
    assert!(again <= u64::from(came.cuts) * MIB, "{again} bytes again, {came:?}");
    // Control: the judge sees a byte that is not right.
    let object = std::fs::read_dir(shelf.join("course/o")).unwrap().next().unwrap().unwrap().file_name();
    let name = object.to_str().unwrap();
    std::fs::write(data.join("objects").join(&name[..2]).join(name), b"other").unwrap();
    assert!(!is_whole(&shelf, &data));
}
