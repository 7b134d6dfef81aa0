//! `daypack pack`: course packages from course folders.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use daypack_course::TimeMs;
use daypack_formats::pack;
use serde_json::{Value, json};

/// What can be done with packages.
#[derive(Subcommand)]
pub enum Pack {
    /// Build the package of a course folder.
    Build {
        /// Folder with `course.json`.
        folder: PathBuf,
        /// Where the package goes.
        #[arg(long)]
        out: PathBuf,
        /// Signing key (see `keygen`).
        #[arg(long)]
        key: PathBuf,
        /// Address of a site the course is bound to, as ALIAS=ADDRESS; may be given several times.
        #[arg(long = "site", value_name = "ALIAS=ADDRESS")]
        sites: Vec<String>,
    },
    /// Put a built package into a single file.
    Export {
        /// The package's folder.
        folder: PathBuf,
        /// The file, usually ending in `.daypack`.
        out: PathBuf,
    },
    /// Check a package: signature, manifest and every object.
    Verify {
        /// Folder or `.daypack` file.
        package: PathBuf,
    },
    /// Make a signing key.
    Keygen {
        /// Where the secret key goes; the public one is written beside it.
        out: PathBuf,
    },
    /// Sign the list of courses of a library.
    Library {
        /// The library's folder.
        folder: PathBuf,
        /// Shown title.
        #[arg(long)]
        title: String,
        /// Signing key.
        #[arg(long)]
        key: PathBuf,
        /// Folders of the courses below the library's folder.
        courses: Vec<String>,
    },
}

/// Runs it; prints `{"ok":...}` or `{"error":{"code","facts"}}`.
pub fn run(command: Pack) -> ExitCode {
    match done(command) {
        Ok(value) => {
            println!("{}", json!({ "ok": value }));
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("{}", json!({ "error": error }));
            ExitCode::FAILURE
        }
    }
}

fn done(command: Pack) -> Result<Value, Value> {
    match command {
        Pack::Build { folder, out, key, sites } => {
            let key = pack::load_key(&key).map_err(|e| pack_error(&e))?;
            let sites: BTreeMap<String, String> = sites
                .iter()
                .map(|site| {
                    site.split_once('=').map(|(a, b)| (a.to_owned(), b.to_owned())).ok_or_else(
                        || json!({ "code": "invalid_input", "facts": { "why": format!("--site {site}") } }),
                    )
                })
                .collect::<Result<_, _>>()?;
            let report = pack::build(&folder, &out, &key, &sites, now()).map_err(|e| pack_error(&e))?;
            Ok(json!({
                "course": report.course, "version": report.version, "items": report.items,
                "objects": report.objects, "written": report.written, "total_size": report.total_size,
                "manifest": report.manifest.to_string(), "key": report.key,
            }))
        }
        Pack::Export { folder, out } => {
            let report = pack::export(&folder, &out).map_err(|e| pack_error(&e))?;
            Ok(json!({ "objects": report.objects, "size": report.size }))
        }
        Pack::Verify { package } => {
            let report =
                pack::verify(&package).map_err(|e| json!({ "code": e.code(), "facts": e.facts() }))?;
            Ok(json!({ "course": report.course, "objects": report.objects, "key": report.key }))
        }
        Pack::Keygen { out } => {
            let key = pack::keygen(&out).map_err(|e| pack_error(&e))?;
            Ok(json!({ "fingerprint": key.fingerprint(), "public": key.to_hex() }))
        }
        Pack::Library { folder, title, key, courses } => {
            let key = pack::load_key(&key).map_err(|e| pack_error(&e))?;
            pack::library_index(&folder, &title, &courses, &key).map_err(|e| pack_error(&e))?;
            Ok(json!({ "courses": courses.len() }))
        }
    }
}

fn pack_error(error: &pack::PackError) -> Value {
    json!({ "code": error.code(), "facts": error.facts() })
}

fn now() -> TimeMs {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    TimeMs(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
