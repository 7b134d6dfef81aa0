//! The practice campus: a Moodle 4.5 double on loopback, beside a static package library.
//!
//! It teaches one course folder (`campus serve --course FOLDER`), keeps what learners do, and answers as
//! recordings of a real Moodle do: the same status codes, headers, key sets, error words and traps, never
//! more kindly. A teacher "marks" what is handed in after a while. `campus ctl` makes the link slow, cuts
//! it, loses replies, and so on. `docs/howto/practice-campus.md` tells how to use it.
//!
//! What must stay true:
//! - It listens on 127.0.0.1 only, and shares no code with Daypack.
//! - Every answer has the shape of a recording in `tests/corpus/moodle` (test
//!   `every_answer_has_the_shape_of_a_recording`).
//! - A read after a write sees the write; with `--state` also after a crash.
//!
//! Map: `course` reads the folder, `modules` sets it up as Moodle modules, `world` is what changes,
//! `functions/*` are the web-service functions, `quiz/*` attempts and question HTML, `server` routes,
//! `wire` and `switches` are the bad days, `control` and `ctl` the remote control.

#![recursion_limit = "256"]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};

use crate::campus::{Campus, CampusError, Plan};
use crate::control::Control;
use crate::site::USERS;
use crate::switches::Switches;
use crate::wire::Door;

mod byteserving;
mod campus;
mod control;
mod course;
mod ctl;
mod fault;
mod files;
mod functions;
mod html_clean;
mod launch;
mod library;
mod log;
mod modules;
mod params;
mod pluginfile;
mod quiz;
mod reply;
mod rest;
mod schema;
mod scripts;
mod server;
mod site;
mod switches;
mod teacher;
mod upload;
mod wire;
mod world;

/// A practice campus: a Moodle double and a package library, on this computer only.
#[derive(Debug, Parser)]
#[command(name = "campus", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Open the campus; prints one JSON line with its addresses and accounts.
    Serve {
        /// Course folder (daypack-course-folder/1).
        #[arg(long)]
        course: PathBuf,
        /// Folder of a package library, served below /library/.
        #[arg(long)]
        library: Option<PathBuf>,
        /// Port of the site; 0 takes any.
        #[arg(long, default_value_t = 8642)]
        port: u16,
        /// Port of the control door; 0 takes any.
        #[arg(long, default_value_t = 0)]
        control_port: u16,
        /// Folder where the campus keeps what happened; without it a restart is a fresh campus.
        #[arg(long)]
        state: Option<PathBuf>,
        /// Seconds until the teacher marks what was handed in.
        #[arg(long, default_value_t = 60)]
        grade_after: u32,
        /// Also say in words on stderr how to sign in.
        #[arg(long)]
        announce: bool,
    },
    /// Change how a running campus behaves.
    #[command(after_help = "Commands:
  slow KBPS|off              pace the link to so many kilobits a second
  latency MS|off             wait before each answer
  offline on|off             refuse and reset connections
  portal on|off              answer everything with a captive portal's page
  maintenance on|off         Moodle's maintenance mode
  lose-replies N [FUNCTION]  do the next N writes (or calls of FUNCTION) and cut the connection unanswered
  error FUNCTION CODE [N]    answer the next N calls with a recorded error (CODE 503: server maintenance page)
  grade-now                  the teacher marks everything that waits
  close-quiz INSTANCE [SECONDS_AGO]   close a quiz (120 s ago: beyond Moodle's 60 s of grace)
  lock-assignment INSTANCE [on|off]   no more edits
  hide CMID [on|off]         learners do not see the activity, and cannot reach it
  suspend USER [on|off]      suspend the account
  unenrol USER [on|off]      suspend the enrolment: lists come back empty
  sign-in-way 1|2|3          apps sign in themselves (1) or on the site's page
  signed-in USER|off         whoever opens that page is this person already
  launch-forged on|off       the page signs for another sign-in
  launch-elsewhere SITE|off  the page sends to another site
  launch-probing on|off      the page tries to reach the program that shows it
  qr-code USER               the text of a QR code
  new-password USER [on|off] the person must choose a new password
  policy USER [on|off]       the person must accept the rules
  expire-tokens              accessexception once, then invalidtoken
  requests                   log and counts of requests as JSON
  forget-requests            empty the log
  state                      attempts, submissions, posts ... as JSON
  reset                      a fresh campus, all switches off")]
    Ctl {
        /// The `control` address printed by `serve`.
        #[arg(long)]
        control: String,
        /// The command.
        command: String,
        /// Its arguments.
        arguments: Vec<String>,
    },
}

fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_env("CAMPUS_LOG"))
        .with_writer(std::io::stderr)
        .init();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("campus: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(Cli::parse().command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("campus: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<(), CampusError> {
    match command {
        Command::Ctl { control, command, arguments } => {
            println!("{}", ctl::send(&control, &command, &arguments).await?);
            Ok(())
        }
        Command::Serve { course, library, port, control_port, state, grade_after, announce } => {
            let switches = Arc::new(Switches::default());
            let door = Door::open(port, Arc::clone(&switches))
                .await
                .map_err(CampusError::io(format!("cannot open port {port}")))?;
            let site = format!("http://{}", door.address());
            let plan =
                Plan { course, library, state, grade_after: i64::from(grade_after), site: site.clone() };
            let campus = Arc::new(Campus::open(plan, switches)?);
            let control = Control::open(control_port).await?;
            let accounts: Vec<_> = USERS
                .iter()
                .filter(|user| user.enrolled)
                .map(|user| serde_json::json!({"username": user.username, "password": user.password}))
                .collect();
            println!(
                "{}",
                serde_json::json!({"site": site, "library": format!("{site}/library"),
                    "control": control.url()?, "users": accounts})
            );
            if announce {
                for user in USERS.iter().filter(|user| user.enrolled) {
                    eprintln!(
                        "Practice campus: {site}  name: {}  password: {}",
                        user.username, user.password
                    );
                }
            }
            tokio::select! {
                ended = server::run(Arc::clone(&campus), door) => ended,
                ended = control.run(Arc::clone(&campus)) => ended,
                never = clockwork(&campus) => never,
            }
        }
    }
}

/// Lets the teacher mark in time even when nobody asks.
async fn clockwork(campus: &Campus) -> Result<(), CampusError> {
    loop {
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        campus.with(|_| ())?;
    }
}
