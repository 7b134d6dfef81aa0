//! `daypack`: the tool for institutions, scripts and tests.
//!
//! `call` runs any command of the list and prints `{"ok":...}` or `{"error":{"code","facts"}}` (exit 0 or 1);
//! `watch` streams events, one a line; `commands` prints the list. Where another process owns the data folder the
//! command is run there. Sign-ins are sealed by the computer's keyring; without one by `DAYPACK_PASSPHRASE`, and without
//! that they last as long as the process. Where several people use the folder, `--learner` and `--passphrase-file` say whose
//! work it is.

mod call;
mod download;
mod fetch;
mod pack;
mod say;
mod sites;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::say::tell;

#[derive(Parser)]
#[command(name = "daypack", version, about = "Courses that work without a connection: the tool.")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run one command of the list.
    Call {
        /// Name, see `daypack commands`.
        command: String,
        /// Input as JSON; `-` reads it from standard input, which other programs cannot see.
        #[arg(default_value = "{}")]
        input: String,
        /// Data folder.
        #[arg(long)]
        data: PathBuf,
        /// Wait until nothing is being taken along or sent any more, at most this many seconds.
        #[arg(long, value_name = "SECONDS")]
        settle: Option<u64>,
        #[command(flatten)]
        who: call::Who,
        #[command(flatten)]
        sites: sites::Sites,
    },
    /// Print events, one a line, until stopped.
    Watch {
        /// Data folder.
        #[arg(long)]
        data: PathBuf,
        #[command(flatten)]
        sites: sites::Sites,
    },
    /// Own a data folder without a window: sends, fetches and answers `call` until stopped.
    Serve {
        /// Data folder.
        #[arg(long)]
        data: PathBuf,
        #[command(flatten)]
        who: call::Who,
        #[command(flatten)]
        sites: sites::Sites,
    },
    /// Write everything a learner produced into one archive that can be read without Daypack.
    Export {
        /// Data folder.
        #[arg(long)]
        data: PathBuf,
        /// The archive to write.
        #[arg(long)]
        out: PathBuf,
        #[command(flatten)]
        who: call::Who,
    },
    /// Take an archive of a learner's work in; overwrites and deletes nothing.
    ImportWork {
        /// The archive.
        archive: PathBuf,
        /// Data folder.
        #[arg(long)]
        data: PathBuf,
        #[command(flatten)]
        who: call::Who,
    },
    /// Print the list of commands.
    Commands {
        /// As the TypeScript file the window uses.
        #[arg(long)]
        typescript: bool,
    },
    /// Add a library or a package by its address and take its courses along.
    Download(download::Download),
    /// Fetch one file over any link; the same command again goes on from what is here.
    Fetch(fetch::Fetch),
    /// Build, sign, compare, check and export course packages.
    Pack(pack::Pack),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("DAYPACK_LOG").unwrap_or_else(|_| "warn".into()),
        )
        .with_writer(std::io::stderr)
        .init();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            tell!("daypack: {error}");
            return ExitCode::FAILURE;
        }
    };
    runtime.block_on(async {
        match arguments.command {
            Command::Call { command, input, data, settle, who, sites } => {
                call::call(&data, &command, &input, settle, &who, &sites).await
            }
            Command::Export { data, out, who } => call::on_file(&data, "export_work", &out, &who).await,
            Command::ImportWork { archive, data, who } => {
                call::on_file(&data, "import_work", &archive, &who).await
            }
            Command::Watch { data, sites } => call::watch(&data, &sites).await,
            Command::Serve { data, who, sites } => call::serve(&data, &who, &sites).await,
            Command::Commands { typescript } => {
                call::commands(typescript);
                ExitCode::SUCCESS
            }
            Command::Download(what) => download::download(what).await,
            Command::Fetch(fetch) => fetch::fetch(fetch).await,
            Command::Pack(pack) => pack::run(pack),
        }
    })
}
