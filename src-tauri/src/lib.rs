//! The desktop shell: a window around `daypack-app`. It decides nothing.
//!
//! What must stay true: the page reaches the program through the commands in `commands` only; the window shows before
//! the data folder is open; one process owns a data folder, a second start hands its files to the first and ends.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod address;
mod autostart;
mod background;
mod commands;
mod desk;
mod log;
mod rehearsal;
mod sign_in;
mod start;
mod tray;
mod window;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use daypack_app::api::{Event, FailureCode};
use daypack_app::opening::Opening;
use daypack_app::remote::Owner;
use daypack_app::servers::content::Viewer;
use daypack_app::{Door, OpenOptions};
use tauri::{AppHandle, Builder, Context, Emitter as _, Manager as _, RunEvent, Runtime, WindowEvent};
use tokio::sync::broadcast::error::RecvError;

use desk::Desk;
use start::Start;

/// Runs the program with its arguments until the window is closed.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let here = std::env::current_dir().unwrap_or_default();
    let start = match Start::read(arguments, std::env::var_os("DAYPACK_DATA"), &here) {
        Ok(start) => start,
        Err(error) => {
            eprintln!("daypack-app: {error}");
            return ExitCode::from(2);
        }
    };
    let context = context();
    let Some(data) = start.data.clone().or_else(|| own_folder(&context.config().identifier)) else {
        eprintln!("daypack-app: no folder for data; name one with --data DIR");
        return ExitCode::FAILURE;
    };
    if tauri::async_runtime::block_on(raised(&data, &start)) {
        return ExitCode::SUCCESS;
    }
    // Before the log makes it for its own file.
    if let Err(error) = daypack_app::make_folder(&data) {
        eprintln!("daypack-app: {}: {error}", data.display());
    }
    log::start(&data);
    let built = assemble(Builder::default(), Desk::new(start.files).on(start.data))
        .setup(move |app| {
            window::open(app.handle(), start.background)?;
            open_program(app.handle(), data);
            leave_on_signal(app.handle());
            Ok(())
        })
        .build(context);
    match built {
        Ok(app) => {
            app.run(on_event);
            ExitCode::SUCCESS
        }
        Err(error) => {
            tracing::error!(%error, "the window cannot be opened");
            eprintln!("daypack-app: the window cannot be opened: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Configuration, permissions and page, as built in.
fn context<R: Runtime>() -> Context<R> {
    tauri::generate_context!("tauri.conf.json")
}

/// How long a program that was killed or closed may take to let go of its folder.
const ENDING: Duration = Duration::from_secs(2);
/// A folder that stays in use is tried again this often.
const AGAIN: Duration = Duration::from_secs(1);

/// The shell without its window: commands, plugins, state.
fn assemble<R: Runtime>(builder: Builder<R>, desk: Desk) -> Builder<R> {
    builder.plugin(tauri_plugin_dialog::init()).manage(desk).invoke_handler(tauri::generate_handler![
        commands::call,
        commands::pick_file,
        commands::pick_folder,
        commands::pick_save,
        commands::autostart,
        commands::open_external,
    ])
}

/// The platform's folder for our data.
fn own_folder(identifier: &str) -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
    let base = if cfg!(windows) {
        set("APPDATA")
    } else if cfg!(target_os = "macos") {
        set("HOME").map(|home| home.join("Library/Application Support"))
    } else {
        set("XDG_DATA_HOME").or_else(|| set("HOME").map(|home| home.join(".local/share")))
    };
    base.map(|base| base.join(identifier))
}

/// Whether another window owns `data`, which then came to the front instead of us.
async fn raised(data: &Path, start: &Start) -> bool {
    let asked = async {
        let mut owner = Owner::reach(data).await?;
        // A start in the background leaves the window that is open where it is.
        if start.background { Ok(true) } else { owner.raise(start.files.clone()).await }
    };
    matches!(tokio::time::timeout(Duration::from_secs(2), asked).await, Ok(Ok(true)))
}

/// Opens the data folder beside the window and passes events on.
fn open_program<R: Runtime>(handle: &AppHandle<R>, data: PathBuf) {
    let handle = handle.clone();
    tauri::async_runtime::spawn(async move {
        let (front, watcher) = (handle.clone(), handle.clone());
        let opening = Opening::new(Arc::new(move |way| {
            let _ = watcher.emit_to(window::MAIN, window::EVENT, Event::Opening { way });
            rehearsal::hold(way);
        }));
        handle.state::<Desk>().opens(opening.clone());
        let options = OpenOptions {
            data_dir: data,
            viewer: Some(viewer(&handle)),
            sign_in_window: Some(sign_in::windows(&handle)),
            keyring: Some(daypack_app::keyring::of_this_computer()),
            opening: Some(opening),
            on_raise: Some(Arc::new(move |files| window::raise(&front, files))),
            ..OpenOptions::default()
        };
        let Ok(door) = opened(&handle, options).await else { return };
        let mut events = door.events();
        handle.state::<Desk>().opened(Ok(door));
        loop {
            let event = match events.recv().await {
                Ok(event) => event,
                // The page was too slow for some; it reads everything again.
                Err(RecvError::Lagged(_)) => Event::LibraryChanged {},
                Err(RecvError::Closed) => return,
            };
            if matches!(event, Event::Restart {}) {
                window::leave_for(&handle, window::Then::Restart);
            }
            let _ = handle.emit_to(window::MAIN, window::EVENT, event);
        }
    });
}

/// Opens the folder. One that is in use is tried again: whoever has it may be ending just now, and "Try again" on the
/// page must find it open one day. After [`ENDING`] the page says so; any other failure is said at once.
async fn opened<R: Runtime>(handle: &AppHandle<R>, options: OpenOptions) -> Result<Door, ()> {
    let began = Instant::now();
    let mut is_said = false;
    loop {
        let failure = match Door::open(options.clone()).await {
            Ok(door) => return Ok(door),
            Err(failure) => failure,
        };
        let passes = matches!(failure.code, FailureCode::InUse | FailureCode::InUseElsewhere);
        if !is_said && (!passes || began.elapsed() >= ENDING) {
            tracing::error!(%failure, "the data folder cannot be opened");
            handle.state::<Desk>().opened(Err(failure));
            is_said = true;
        }
        if !passes {
            return Err(());
        }
        tokio::time::sleep(if is_said { AGAIN } else { ENDING / 10 }).await;
    }
}

/// The PDF viewer's files, out of the built page.
fn viewer<R: Runtime>(handle: &AppHandle<R>) -> Viewer {
    let handle = handle.clone();
    Arc::new(move |path| {
        let plain = !path.split(['/', '\\']).any(|part| part.is_empty() || part == "..");
        let wanted = format!("viewer/{path}");
        // The resolver answers an unknown name with the window's page; only a name that exists counts.
        let known =
            plain && handle.asset_resolver().iter().any(|(name, _)| name.trim_start_matches('/') == wanted);
        let asset = if known { handle.asset_resolver().get(wanted) } else { None }?;
        Some((asset.bytes, asset.mime_type))
    })
}

fn on_event<R: Runtime>(handle: &AppHandle<R>, event: RunEvent) {
    match event {
        RunEvent::WindowEvent { label, event: WindowEvent::CloseRequested { api, .. }, .. }
            if label == window::MAIN =>
        {
            api.prevent_close();
            background::asked(handle);
        }
        // The window was taken away without asking: the program still closes cleanly.
        RunEvent::ExitRequested { code: None, api, .. } => {
            api.prevent_exit();
            window::leave(handle);
        }
        _ => {}
    }
}

/// A session's end or `kill` closes as the window's button does.
fn leave_on_signal<R: Runtime>(handle: &AppHandle<R>) {
    let handle = handle.clone();
    tauri::async_runtime::spawn(async move {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let Ok(mut terminate) = signal(SignalKind::terminate()) else { return };
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
        }
        #[cfg(not(unix))]
        if tokio::signal::ctrl_c().await.is_err() {
            return;
        }
        window::leave(&handle);
    });
}

#[cfg(test)]
mod acl;
