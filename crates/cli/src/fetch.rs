//! `fetch`: one file over any link, proven where a digest or a chunk list is given.
//!
//! Exit codes: 0 the file is there; 2 the question made no sense; 10 nobody was reached for too long; 11 a network's
//! sign-in page answers; 12 nobody there is who they say; 13 the source has another file, or a new one each time;
//! 14 the bytes are wrong; 15 not found; 16 refused; 17 what came is no file; 18 the source asks for more patience;
//! 19 the disk is full; 20 the disk fails; 21 stopped. After any of 10 to 21 what is here is kept, and the same
//! command goes on from it. With --json-progress each line on stderr is one JSON value.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use clap::Args;
use daypack_app::haul::door::{Wish, fetch as bring};
use daypack_app::haul::{HaulError, Progress, ProofOf};
use daypack_app::transfer::{Fault, Limits};
use daypack_course::Digest;
use daypack_course::package::ChunkList;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::say::{self, say, tell};

/// What to fetch.
#[derive(Args)]
pub struct Fetch {
    /// Address; further ones are mirrors of the same file.
    #[arg(required = true)]
    urls: Vec<String>,
    /// Where the file goes.
    #[arg(long)]
    out: PathBuf,
    /// SHA-256 of the file, in hexadecimal.
    #[arg(long, value_name = "HEX", conflicts_with = "chunks")]
    sha256: Option<String>,
    /// Chunk list of the file (a file on this computer): proves piece by piece.
    #[arg(long, value_name = "LIST")]
    chunks: Option<PathBuf>,
    /// One line of JSON for each step, on stderr.
    #[arg(long)]
    json_progress: bool,
    /// Give up after so many seconds in which nothing came.
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    patience: u32,
    /// Give up after so many seconds in which a network's sign-in page answered.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    portal_patience: u32,
    /// Connections at most.
    #[arg(long, value_name = "N")]
    connections: Option<u32>,
    /// Address of a proxy; empty for none; otherwise as the environment says.
    #[arg(long, value_name = "URL")]
    proxy: Option<String>,
}

/// Fetches; prints `{"ok":...}` or `{"error":{"code","facts"}}`.
pub async fn fetch(arguments: Fetch) -> ExitCode {
    let as_json = arguments.json_progress;
    let wish = match wish(arguments) {
        Ok(wish) => wish,
        Err(why) => {
            say!("{}", json!({ "error": { "code": "invalid_input", "facts": { "why": why } } }));
            return ExitCode::from(2);
        }
    };
    let proof = match &wish.proof {
        ProofOf::Chunks(_) => "chunks",
        ProofOf::Whole(_) => "sha256",
        ProofOf::Length => "length",
    };
    let stop = CancellationToken::new();
    let asked = stop.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            asked.cancel();
        }
    });
    let began = Instant::now();
    let out = wish.out.display().to_string();
    let outcome = bring(wish, stop, |progress| show(progress, as_json)).await;
    let seconds = began.elapsed().as_secs_f64();
    if !as_json {
        tell!("");
    }
    match outcome {
        Ok(done) => {
            let value = json!({ "file": out, "size": done.size, "proof": proof, "seconds": seconds,
                "received": done.progress.received, "wasted": done.progress.wasted });
            say!("{}", json!({ "ok": value }));
            ExitCode::SUCCESS
        }
        Err(error) => {
            let (code, exit, facts) = named(&error);
            say!("{}", json!({ "error": { "code": code, "facts": facts } }));
            ExitCode::from(exit)
        }
    }
}

fn wish(arguments: Fetch) -> Result<Wish, String> {
    let urls = arguments
        .urls
        .iter()
        .map(|url| url.parse().map_err(|_| format!("no address: {url}")))
        .collect::<Result<Vec<_>, _>>()?;
    let proof = match (&arguments.sha256, &arguments.chunks) {
        (Some(hex), _) => ProofOf::Whole(Digest::parse(hex).map_err(|error| error.to_string())?),
        (None, Some(path)) => {
            let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
            ProofOf::Chunks(Arc::new(ChunkList::decode(&bytes).map_err(|error| error.to_string())?))
        }
        (None, None) => ProofOf::Length,
    };
    let mut limits = Limits {
        patience: i64::from(arguments.patience) * 1_000,
        portal_patience: i64::from(arguments.portal_patience) * 1_000,
        ..Limits::default()
    };
    if let Some(most) = arguments.connections {
        limits.cap = most.max(1);
        limits.first = limits.first.min(limits.cap);
        limits.lossy_cap = limits.cap;
    }
    let seed = u64::from(std::process::id());
    Ok(Wish { urls, out: arguments.out, proof, limits, proxy: arguments.proxy, seed })
}

fn show(progress: &Progress, as_json: bool) {
    if as_json {
        let value = json!({ "mood": progress.mood, "have": progress.have, "proven": progress.proven,
            "size": progress.size, "received": progress.received, "wasted": progress.wasted,
            "connections": progress.workers, "aim": progress.aim });
        tell!("{value}");
        return;
    }
    let of = progress.size.map_or_else(|| "?".to_owned(), |size| size.to_string());
    let mood = serde_json::to_value(progress.mood).unwrap_or_default();
    let mood = mood.as_str().unwrap_or_default().to_owned();
    say::over(format_args!("{} of {of} bytes, {} connections, {mood}", progress.have, progress.workers));
}

fn named(error: &HaulError) -> (&'static str, u8, Value) {
    let none = json!({});
    match error {
        HaulError::Fault(fault) => match fault {
            Fault::Unreachable => ("unreachable", 10, none),
            Fault::Portal => ("captive_portal", 11, none),
            Fault::Unsafe => ("no_safe_connection", 12, none),
            Fault::Changed => ("changed", 13, none),
            Fault::WrongBytes => ("wrong_bytes", 14, none),
            Fault::NotFound => ("not_found", 15, none),
            Fault::Refused => ("refused", 16, none),
            Fault::NotAFile => ("not_a_file", 17, none),
            Fault::Later { not_before } => ("later", 18, json!({ "not_before": not_before })),
        },
        HaulError::Disk(daypack_app::StoreError::NoSpace) => ("no_space", 19, none),
        HaulError::Disk(error) => ("disk", 20, json!({ "why": error.to_string() })),
        HaulError::Stopped => ("stopped", 21, none),
    }
}
