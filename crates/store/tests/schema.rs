//! `docs/schema.sql` is what the migrations make, letter for letter. After a change:
//! `DAYPACK_WRITE_SCHEMA=1 cargo test -p daypack-store --test schema`.

#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::path::Path;

use daypack_course::TimeMs;
use daypack_store::Store;

#[test]
fn the_documented_schema_is_the_one_the_migrations_make() {
    let made = schema();
    let doc = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema.sql");
    if std::env::var_os("DAYPACK_WRITE_SCHEMA").is_some() {
        std::fs::write(&doc, &made).unwrap();
    }
    let written = std::fs::read_to_string(&doc).unwrap_or_default().replace("\r\n", "\n");
    assert!(written == made, "docs/schema.sql is out of date; see the head of this test on how to write it");
}

#[test]
fn every_table_is_strict() {
    let made = schema();
    let tables = made.matches("CREATE TABLE ").count();
    assert!(tables > 20);
    assert_eq!(tables, made.matches(") STRICT;").count());
}

fn schema() -> String {
    let dir = tempfile::tempdir().unwrap();
    drop(Store::open(dir.path(), TimeMs(0)).unwrap());
    let mut out = String::from(
        "-- The tables of Daypack's two databases, as the migrations in crates/store make them.\n\
         -- Held equal to the code by crates/store/tests/schema.rs, which also writes this file.\n",
    );
    let files = [
        ("learner.db", "the learner's own work; synchronous=FULL; never made anew"),
        ("catalogue.db", "what can be fetched again; synchronous=NORMAL"),
    ];
    for (file, what) in files {
        let conn = rusqlite::Connection::open(dir.path().join(file)).unwrap();
        let number = |name: &str| -> i64 { conn.pragma_query_value(None, name, |r| r.get(0)).unwrap() };
        let (id, version) = (number("application_id"), number("user_version"));
        write!(out, "\n-- {file}: {what}\n-- application_id {id:#x}, user_version {version}\n\n").unwrap();
        let mut all = conn
            .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY rowid")
            .unwrap();
        for sql in all.query_map([], |r| r.get::<_, String>(0)).unwrap() {
            writeln!(out, "{};", sql.unwrap()).unwrap();
        }
    }
    out
}
