//! `daypack pack`: course packages from course folders.
//!
//! Each prints for people, or with `--json` one line `{"ok":...}` or `{"error":{"code","facts"}}`. Exit codes are in
//! `docs/package-format.md`: 0 done, 1 refused or damaged, 2 wrong use, 3 signatures are missing.

mod report;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use daypack_course::TimeMs;
use daypack_course::outline::Tier;
use daypack_formats::pack::{self, BuildOptions, Muxer, PackError, Rotation, SigningKey};

use report::Said;

/// What can be done with packages.
#[derive(Args)]
pub struct Pack {
    /// Print one line of JSON instead of words.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Build the package of a course folder.
    Build {
        /// Folder with `course.json`.
        folder: PathBuf,
        /// Where the package goes.
        #[arg(long)]
        out: PathBuf,
        /// Signing key (see `keygen`); several where several must sign. Without one the channel waits for `sign`.
        #[arg(long)]
        key: Vec<PathBuf>,
        /// Address of a site the course is bound to, as ALIAS=ADDRESS; may be given several times.
        #[arg(long = "site", value_name = "ALIAS=ADDRESS")]
        sites: Vec<String>,
        /// Further address where the same package will lie; may be given several times.
        #[arg(long = "mirror", value_name = "URL")]
        mirrors: Vec<String>,
        /// Take media as they are instead of rewriting them with ffmpeg.
        #[arg(long)]
        no_remux: bool,
        /// Allow learners to give its files to computers near them (not for courses that are not for everyone).
        #[arg(long)]
        shareable: bool,
    },
    /// Add signatures to a channel that waits for them, or say once more that a channel is current.
    Sign {
        /// The package's folder.
        folder: PathBuf,
        /// Signing or online key; may be given several times.
        #[arg(long, required = true)]
        key: Vec<PathBuf>,
    },
    /// Change the keys of a package; its learners keep their course.
    Rotate {
        /// The package's folder.
        folder: PathBuf,
        /// Secret keys of the present and of the next epoch.
        #[arg(long, required = true)]
        key: Vec<PathBuf>,
        /// Public key (`.pub`) of the next epoch; may be given several times. Without one the keys stay.
        #[arg(long = "new", value_name = "PUBLIC")]
        new: Vec<PathBuf>,
        /// Public key that may only confirm that a channel is current; may be given several times.
        #[arg(long, value_name = "PUBLIC")]
        online: Vec<PathBuf>,
        /// How many of the next epoch's keys must sign.
        #[arg(long, default_value_t = 1)]
        threshold: u32,
    },
    /// Say what a learner with OLD fetches for NEW.
    Diff {
        /// Folder or `.daypack` file; `-` for a learner who has nothing.
        old: PathBuf,
        /// Folder or `.daypack` file.
        new: PathBuf,
        /// Size of lectures that is taken; without it all of them.
        #[arg(long)]
        tier: Option<TierName>,
    },
    /// Put a built package into a single file.
    Export {
        /// The package's folder.
        folder: PathBuf,
        /// The file, usually ending in `.daypack`.
        out: PathBuf,
    },
    /// Check a package to the last byte; of what is damaged, name the pieces.
    Verify {
        /// Folder or `.daypack` file.
        package: PathBuf,
        /// Package that learners have: refuse an older, frozen, mixed or foreign one, with the reason.
        #[arg(long, value_name = "PACKAGE")]
        after: Option<PathBuf>,
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

/// A size of lectures as typed.
#[derive(Clone, Copy, ValueEnum)]
enum TierName {
    /// Sound only.
    Audio,
    /// A small picture.
    Low,
    /// The picture as recorded.
    Standard,
}

/// Runs it.
pub fn run(command: Pack) -> ExitCode {
    let said = done(command.what).unwrap_or_else(|error| Said::failed(error.code(), &error.facts()));
    said.print(command.json)
}

fn done(what: What) -> Result<Said, PackError> {
    match what {
        What::Build { folder, out, key, sites, mirrors, no_remux, shareable } => {
            let mut named = BTreeMap::new();
            for site in &sites {
                let Some((alias, address)) = site.split_once('=') else {
                    return Ok(Said::wrong_use(&format!("--site {site}")));
                };
                named.insert(alias.to_owned(), address.to_owned());
            }
            let keys = keys(&key)?;
            let muxer = if no_remux { None } else { Muxer::find() };
            let options = BuildOptions {
                keys: &keys,
                sites: &named,
                muxer: muxer.as_ref(),
                mirrors: &mirrors,
                shareable,
                now: now(),
            };
            pack::build(&folder, &out, options).map(|r| Said::built(&r))
        }
        What::Sign { folder, key } => pack::sign(&folder, &keys(&key)?, now()).map(|r| Said::signed(&r)),
        What::Rotate { folder, key, new, online, threshold } => {
            let public =
                |paths: &[PathBuf]| paths.iter().map(|p| pack::load_public(p)).collect::<Result<Vec<_>, _>>();
            let rotation = Rotation { keys: public(&new)?, online: public(&online)?, threshold };
            pack::rotate(&folder, &keys(&key)?, &rotation, now()).map(|r| Said::signed(&r))
        }
        What::Diff { old, new, tier } => {
            let old = Some(old).filter(|path| path.as_os_str() != "-");
            let tier = tier.map(|tier| match tier {
                TierName::Audio => Tier::Audio,
                TierName::Low => Tier::Low,
                TierName::Standard => Tier::Standard,
            });
            Ok(Said::diff(&pack::diff(old.as_deref(), &new, tier)?))
        }
        What::Export { folder, out } => pack::export(&folder, &out).map(|r| Said::exported(&r)),
        What::Verify { package, after } => {
            if let Some(after) = after {
                pack::follows(&after, &package, now())?;
            }
            let (report, faults) = pack::examine(&package)?;
            Ok(Said::verified(&report, &faults))
        }
        What::Keygen { out } => pack::keygen(&out).map(|key| Said::key(&key)),
        What::Library { folder, title, key, courses } => {
            let key = pack::load_key(&key)?;
            pack::library_index(&folder, &title, &courses, &key)?;
            Ok(Said::listed(courses.len()))
        }
    }
}

fn keys(paths: &[PathBuf]) -> Result<Vec<SigningKey>, PackError> {
    paths.iter().map(|path| pack::load_key(path)).collect()
}

fn now() -> TimeMs {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    TimeMs(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
