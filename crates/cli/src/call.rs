//! `call`, `watch`, `serve` and `commands`.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use daypack_app::api::door::DoorStanding;
use daypack_app::api::input::{KeysUnlock, LearnerUnlock, Nothing};
use daypack_app::api::keys::{KeysGuard, KeysStanding};
use daypack_app::api::status::LinkState;
use daypack_app::api::work::WorkCard;
use daypack_app::api::{COMMANDS, Failure, FailureCode, outline::JobState, typescript};
use daypack_app::remote::Owner;
use daypack_app::{App, Door, OpenOptions, Secret};
use daypack_course::work::{Wait, WorkState};
use serde_json::{Value, json};

use crate::say::say;
use crate::sites::Sites;

/// Names the passphrase of the environment. Other programs of the same user can read it there.
const PASSPHRASE: &str = "DAYPACK_PASSPHRASE";

/// Whose work, where several people use the data folder.
#[derive(Clone, Debug, Default, Args)]
pub struct Who {
    /// The learner, by id or name; not needed where there is one.
    #[arg(long, requires = "passphrase_file")]
    learner: Option<String>,
    /// A file whose first line is the learner's passphrase. (Arguments can be read by other programs.)
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

impl Who {
    fn passphrase(&self) -> Result<Option<String>, Failure> {
        let Some(path) = &self.passphrase_file else { return Ok(None) };
        let text = std::fs::read_to_string(path)
            .map_err(|_| Failure::new(FailureCode::FileMissing).fact("path", path.display()))?;
        Ok(Some(text.lines().next().unwrap_or_default().to_owned()))
    }

    /// Unlocks the learner's work where it is locked and a passphrase was given.
    pub async fn enter(&self, door: &Door) -> Result<(), Failure> {
        let view = door.door(Nothing {}).await?;
        let Some(passphrase) = self.passphrase()?.filter(|_| view.standing == DoorStanding::Locked) else {
            return Ok(());
        };
        let learner = match (&self.learner, view.learners.as_slice()) {
            (Some(learner), _) => learner.clone(),
            (None, [only]) => only.id.clone(),
            (None, _) => return Err(Failure::new(FailureCode::Unknown).fact("what", "learner")),
        };
        door.learner_unlock(LearnerUnlock { learner, passphrase }).await.map(|_| ())
    }
}

/// Runs a command here, or at the owner of the data folder.
pub async fn call(
    data: &Path,
    command: &str,
    input: &str,
    settle: Option<u64>,
    who: &Who,
    sites: &Sites,
) -> ExitCode {
    let result = match given(input) {
        Ok(input) => run(data, command, input, settle, who, sites).await,
        Err(failure) => Err(failure),
    };
    match result {
        Ok(value) => {
            say!("{}", json!({ "ok": value }));
            ExitCode::SUCCESS
        }
        Err(failure) => {
            say!("{}", json!({ "error": failure }));
            ExitCode::FAILURE
        }
    }
}

/// The input, out of the argument or from standard input.
fn given(input: &str) -> Result<Value, Failure> {
    let refused = |why: String| Failure::new(FailureCode::InvalidInput).fact("why", why);
    let text = match input {
        "-" => std::io::read_to_string(std::io::stdin()).map_err(|error| refused(error.to_string()))?,
        text => text.to_owned(),
    };
    serde_json::from_str(&text).map_err(|error| refused(error.to_string()))
}

/// Runs a command whose input is the path of a file.
pub async fn on_file(data: &Path, command: &str, file: &Path, who: &Who) -> ExitCode {
    let path = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    call(data, command, &json!({ "path": path }).to_string(), None, who, &Sites::default()).await
}

/// Commands that take the passphrase of `--passphrase-file` themselves, where their input has none.
const WITH_PASSPHRASE: [&str; 7] = [
    "share_begin",
    "learner_add",
    "learner_unlock",
    "learner_recover",
    "passphrase_change",
    "code_new",
    "share_end",
];

async fn run(
    data: &Path,
    command: &str,
    mut input: Value,
    settle: Option<u64>,
    who: &Who,
    sites: &Sites,
) -> Result<Value, Failure> {
    if WITH_PASSPHRASE.contains(&command)
        && let (Some(passphrase), Some(fields)) = (who.passphrase()?, input.as_object_mut())
    {
        fields.entry("passphrase").or_insert(Value::String(passphrase));
    }
    let door = match Door::open(OpenOptions { quiet: settle.is_none(), ..options(data, sites)? }).await {
        Ok(door) => door,
        Err(failure) if failure.code == FailureCode::InUse => {
            return Owner::reach(data).await?.call(command, input).await;
        }
        Err(failure) => return Err(failure),
    };
    let result = async {
        // Who a learner is to be added to, or let in, says the command itself.
        if !matches!(command, "share_begin" | "learner_add" | "learner_unlock" | "learner_recover") {
            who.enter(&door).await?;
        }
        if let Some(app) = door.desk() {
            ask_for_passphrase(&app, command).await?;
        }
        door.dispatch(command, input).await
    }
    .await;
    if let (Some(seconds), Some(app)) = (settle, door.desk()) {
        settled(&app, Duration::from_secs(seconds)).await;
    }
    door.close().await;
    result
}

/// The data folder with this computer's keyring, and the passphrase of the environment.
fn options(data: &Path, sites: &Sites) -> Result<OpenOptions, Failure> {
    Ok(OpenOptions {
        data_dir: data.to_owned(),
        net: sites.net()?,
        keyring: Some(daypack_app::keyring::of_this_computer()),
        passphrase: std::env::var(PASSPHRASE).ok().filter(|text| !text.is_empty()).map(Secret::new),
        ..OpenOptions::default()
    })
}

/// Where somebody sits at the terminal and a passphrase guards the sign-ins, it is asked for; an empty one leaves
/// them locked, and all that needs no sign-in goes on.
async fn ask_for_passphrase(app: &App, command: &str) -> Result<(), Failure> {
    let given = std::env::var_os(PASSPHRASE).is_some_and(|text| !text.is_empty());
    if given || command.starts_with("keys_") || !std::io::stdin().is_terminal() {
        return Ok(());
    }
    let keys = app.app_status(Nothing {}).await?.keys;
    if (keys.standing, keys.guard) != (KeysStanding::Locked, Some(KeysGuard::Passphrase)) {
        return Ok(());
    }
    let typed = rpassword::prompt_password("passphrase: ")
        .map_err(|error| Failure::new(FailureCode::Internal).fact("why", error))?;
    if !typed.is_empty() {
        app.keys_unlock(KeysUnlock { passphrase: Some(typed) }).await?;
    }
    Ok(())
}

/// Whether work moves or will soon. What waits for a connection, a sign-in or the learner is not waited for.
async fn is_sending(app: &App) -> bool {
    let (Ok(outbox), Ok(status)) = (app.outbox(Nothing {}).await, app.app_status(Nothing {}).await) else {
        return false;
    };
    let is_open =
        |card: &&WorkCard| matches!(card.state, WorkState::Waiting | WorkState::Sending | WorkState::InDoubt);
    let moves = |card: &WorkCard| {
        !matches!(
            card.wait,
            Some(Wait::Connection | Wait::SignIn | Wait::CostsMoney | Wait::SiteAsked | Wait::Learner)
        )
    };
    let is_new = status.link.state == LinkState::Unknown;
    outbox.work.iter().filter(is_open).any(|card| is_new || moves(card))
}

/// Waits until nothing runs any more.
async fn settled(app: &App, limit: Duration) {
    let end = Instant::now() + limit;
    while Instant::now() < end {
        let Ok(jobs) = app.jobs(Nothing {}).await else { return };
        let busy = jobs.jobs.iter().any(|j| matches!(j.state, JobState::Running | JobState::Queued));
        if !busy && !is_sending(app).await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn open(data: &Path, sites: &Sites) -> Result<Door, Failure> {
    Door::open(options(data, sites)?).await
}

/// Prints events until stopped.
pub async fn watch(data: &Path, sites: &Sites) -> ExitCode {
    match open(data, sites).await {
        Ok(door) => {
            let mut events = door.events();
            loop {
                match events.recv().await {
                    Ok(event) => {
                        if !say!("{}", serde_json::to_string(&event).unwrap_or_default()) {
                            return ExitCode::SUCCESS;
                        }
                    }
                    Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => {}
                    Err(tokio::sync::broadcast::error::RecvError::Closed) => return ExitCode::SUCCESS,
                }
            }
        }
        Err(failure) if failure.code == FailureCode::InUse => {
            let mut owner = match Owner::reach(data).await {
                Ok(owner) => owner,
                Err(failure) => return refused(&failure),
            };
            if let Err(failure) = owner.watch().await {
                return refused(&failure);
            }
            while let Some(Ok(event)) = owner.next().await {
                if !say!("{event}") {
                    break;
                }
            }
            ExitCode::SUCCESS
        }
        Err(failure) => refused(&failure),
    }
}

/// Owns the folder until stopped.
pub async fn serve(data: &Path, who: &Who, sites: &Sites) -> ExitCode {
    match open(data, sites).await {
        Ok(door) => {
            if let Err(failure) = who.enter(&door).await {
                door.close().await;
                return refused(&failure);
            }
            say!("{}", json!({ "ok": { "serving": true } }));
            let _ = tokio::signal::ctrl_c().await;
            door.close().await;
            ExitCode::SUCCESS
        }
        Err(failure) => refused(&failure),
    }
}

/// Prints the list.
pub fn commands(as_typescript: bool) {
    if as_typescript {
        say!("{}", typescript().trim_end());
        return;
    }
    for command in COMMANDS {
        say!("{}({}) -> {}\n    {}", command.name, command.input, command.output, command.doc.trim());
    }
}

fn refused(failure: &Failure) -> ExitCode {
    say!("{}", json!({ "error": failure }));
    ExitCode::FAILURE
}
