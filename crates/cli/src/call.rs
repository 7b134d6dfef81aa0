//! `call`, `watch`, `serve` and `commands`.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use daypack_app::api::{
    COMMANDS, Failure, FailureCode, dispatch, input::Nothing, outline::JobState, typescript,
};
use daypack_app::remote::Owner;
use daypack_app::{App, OpenOptions};
use serde_json::{Value, json};

/// Runs a command here, or at the owner of the data folder.
pub async fn call(data: &Path, command: &str, input: &str, settle: Option<u64>) -> ExitCode {
    let result = match serde_json::from_str::<Value>(input) {
        Ok(input) => run(data, command, input, settle).await,
        Err(error) => Err(Failure::new(FailureCode::InvalidInput).fact("why", error)),
    };
    match result {
        Ok(value) => {
            println!("{}", json!({ "ok": value }));
            ExitCode::SUCCESS
        }
        Err(failure) => {
            println!("{}", json!({ "error": failure }));
            ExitCode::FAILURE
        }
    }
}

/// Runs a command whose input is the path of a file.
pub async fn on_file(data: &Path, command: &str, file: &Path) -> ExitCode {
    let path = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    call(data, command, &json!({ "path": path }).to_string(), None).await
}

async fn run(data: &Path, command: &str, input: Value, settle: Option<u64>) -> Result<Value, Failure> {
    let options =
        OpenOptions { data_dir: data.to_owned(), quiet: settle.is_none(), ..OpenOptions::default() };
    let app = match App::open(options).await {
        Ok(app) => app,
        Err(failure) if failure.code == FailureCode::InUse => {
            return Owner::reach(data).await?.call(command, input).await;
        }
        Err(failure) => return Err(failure),
    };
    let result = dispatch(&app, command, input).await;
    if let Some(seconds) = settle {
        settled(&app, Duration::from_secs(seconds)).await;
    }
    app.close().await;
    result
}

/// Waits until nothing runs any more.
async fn settled(app: &App, limit: Duration) {
    let end = Instant::now() + limit;
    while Instant::now() < end {
        let Ok(jobs) = app.jobs(Nothing {}).await else { return };
        let busy = jobs.jobs.iter().any(|j| matches!(j.state, JobState::Running | JobState::Queued));
        if !busy {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Prints events until stopped.
pub async fn watch(data: &Path) -> ExitCode {
    let options = OpenOptions { data_dir: data.to_owned(), ..OpenOptions::default() };
    match App::open(options).await {
        Ok(app) => {
            let mut events = app.events();
            loop {
                match events.recv().await {
                    Ok(event) => println!("{}", serde_json::to_string(&event).unwrap_or_default()),
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
                println!("{event}");
            }
            ExitCode::SUCCESS
        }
        Err(failure) => refused(&failure),
    }
}

/// Owns the folder until stopped.
pub async fn serve(data: &Path) -> ExitCode {
    let options = OpenOptions { data_dir: data.to_owned(), ..OpenOptions::default() };
    match App::open(options).await {
        Ok(app) => {
            println!("{}", json!({ "ok": { "serving": true } }));
            let _ = tokio::signal::ctrl_c().await;
            app.close().await;
            ExitCode::SUCCESS
        }
        Err(failure) => refused(&failure),
    }
}

/// Prints the list.
pub fn commands(as_typescript: bool) {
    if as_typescript {
        print!("{}", typescript());
        return;
    }
    for command in COMMANDS {
        println!("{}({}) -> {}\n    {}", command.name, command.input, command.output, command.doc.trim());
    }
}

fn refused(failure: &Failure) -> ExitCode {
    println!("{}", json!({ "error": failure }));
    ExitCode::FAILURE
}
