//! `download`: a library or a package by its address, its courses added and taken along, the way the window does it.
//!
//! Exit codes: 0 all is here; 1 the address or a course was refused (said on stdout); 10 nothing came for too long;
//! 19 the disk is full; 20 files are left that cannot be fetched. The same command again goes on from what is here.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use daypack_app::api::outline::{JobState, JobView};
use daypack_app::api::{Failure, FailureCode, input};
use daypack_app::{App, Door, OpenOptions};
use serde_json::json;

use crate::call::Who;
use crate::say::{self, say, tell};

/// How often it is looked.
const LOOK: Duration = Duration::from_millis(250);

/// How long until an address that did not answer is asked again.
const AGAIN: Duration = Duration::from_secs(2);

/// What to download.
#[derive(Args)]
pub struct Download {
    /// Address of a library, or of a course's package.
    url: String,
    /// Data folder.
    #[arg(long)]
    data: PathBuf,
    /// One line of JSON for each step, on stderr.
    #[arg(long)]
    json_progress: bool,
    /// Give up after so many seconds in which nothing came.
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    patience: u64,
    #[command(flatten)]
    who: Who,
}

/// Downloads; prints `{"ok":...}` or `{"error":{"code","facts"}}`.
pub async fn download(arguments: Download) -> ExitCode {
    let options = OpenOptions { data_dir: arguments.data.clone(), ..OpenOptions::default() };
    let door = match Door::open(options).await {
        Ok(door) => door,
        Err(failure) => return refused(&failure),
    };
    // Where several people use the folder, it is somebody's courses.
    let entered = arguments.who.enter(&door).await;
    let exit = match (entered, door.desk()) {
        (Err(failure), _) => refused(&failure),
        (Ok(()), None) => refused(&Failure::new(FailureCode::Locked)),
        (Ok(()), Some(app)) => match add_patiently(&app, &arguments).await {
            Ok(_) => wait(&app, &arguments).await,
            Err(failure) => refused(&failure),
        },
    };
    door.close().await;
    exit
}

/// [`add`], again and again while nothing answers at an address that this folder has met before: a run that was cut
/// off goes on when the link is back. A new address that does not answer is said at once.
async fn add_patiently(app: &App, arguments: &Download) -> Result<Vec<input::CourseInput>, Failure> {
    let begin = Instant::now();
    loop {
        let failure = match add(app, &arguments.url).await {
            Ok(courses) => return Ok(courses),
            Err(failure) => failure,
        };
        let is_over = begin.elapsed() >= Duration::from_secs(arguments.patience);
        if failure.code != FailureCode::Unreachable || is_over || !is_known(app, &arguments.url).await? {
            return Err(failure);
        }
        tokio::time::sleep(AGAIN).await;
    }
}

async fn is_known(app: &App, url: &str) -> Result<bool, Failure> {
    let libraries = app.library(input::Nothing {}).await?.libraries;
    let plain = |address: &str| address.trim_end_matches('/').to_owned();
    Ok(libraries.iter().any(|library| plain(&library.address) == plain(url)))
}

/// Adds what the address names and asks for all of it.
async fn add(app: &App, url: &str) -> Result<Vec<input::CourseInput>, Failure> {
    let address = input::LibraryAddress { address: url.to_owned() };
    let mut courses = Vec::new();
    match app.library_add(address).await {
        Ok(added) => {
            for offer in app.offers_of(&added.address).await? {
                courses.push(app.course_add(offer).await?);
            }
        }
        // No list of courses there: perhaps a course itself.
        Err(failure) => match app.package_add(url).await {
            Ok(course) => courses.push(course),
            Err(_) => return Err(failure),
        },
    }
    for course in &courses {
        let all = input::TakeAlong { course: course.course.clone(), section: None, item: None, tier: None };
        app.take_along(all).await?;
    }
    Ok(courses)
}

async fn wait(app: &App, arguments: &Download) -> ExitCode {
    let (mut best, mut since) = (0, Instant::now());
    loop {
        tokio::time::sleep(LOOK).await;
        let jobs = match app.jobs(input::Nothing {}).await {
            Ok(jobs) => jobs.jobs,
            Err(failure) => return refused(&failure),
        };
        let here: u64 = jobs.iter().map(|job| job.done_bytes).sum();
        if here > best {
            (best, since) = (here, Instant::now());
        }
        show(&jobs, arguments.json_progress);
        let is_any = |state: JobState| jobs.iter().any(|job| job.state == state);
        if jobs.iter().all(|job| job.state == JobState::Done) {
            let files: u32 = jobs.iter().map(|job| job.files_done).sum();
            say!("{}", json!({ "ok": { "courses": jobs.len(), "files": files, "bytes": here } }));
            return ExitCode::SUCCESS;
        }
        if is_any(JobState::NoSpace) {
            return ended(FailureCode::NoSpace, 19, here);
        }
        if since.elapsed() >= Duration::from_secs(arguments.patience) {
            return ended(FailureCode::Unreachable, 10, here);
        }
        let is_going =
            is_any(JobState::Running) || is_any(JobState::Queued) || is_any(JobState::WaitingForLink);
        if !is_going {
            return ended(FailureCode::SiteRefused, 20, here);
        }
    }
}

fn show(jobs: &[JobView], as_json: bool) {
    if as_json {
        tell!("{}", json!({ "jobs": jobs }));
        return;
    }
    let here: u64 = jobs.iter().map(|job| job.done_bytes).sum();
    let all: Option<u64> = jobs.iter().map(|job| job.total_bytes).sum();
    let of = all.map_or_else(|| "?".to_owned(), |all| all.to_string());
    say::over(format_args!("{here} of {of} bytes, {} courses", jobs.len()));
}

fn ended(code: FailureCode, exit: u8, here: u64) -> ExitCode {
    say!("{}", json!({ "error": Failure::new(code).fact("bytes", here) }));
    ExitCode::from(exit)
}

fn refused(failure: &Failure) -> ExitCode {
    say!("{}", json!({ "error": failure }));
    ExitCode::FAILURE
}
