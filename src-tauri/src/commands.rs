//! The six commands of the page. `call` is the door to all that Daypack does; the others need the desktop.
//!
//! What must stay true: each has a hand-written permission in `src-tauri/permissions`, given to the window `main` only.

use daypack_app::api::{Failure, FailureCode};
use serde::Deserialize;
use serde_json::Value;
use tauri::{AppHandle, Runtime, State};
use tauri_plugin_dialog::{DialogExt as _, FilePath};
use tokio::sync::oneshot;

use crate::address;
use crate::autostart;
use crate::desk::Desk;
use crate::rehearsal;

/// What a file is chosen for.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PickKind {
    /// A package or a cartridge.
    Course,
    /// An archive of a learner's work.
    Archive,
    /// A file to hand in.
    Work,
    /// The file in which a school wrote the address of its site.
    School,
}

/// Runs a command of the one list.
#[tauri::command]
pub async fn call(desk: State<'_, Desk>, name: String, input: Option<Value>) -> Result<Value, Failure> {
    if let Some(answer) = desk.early(&name).await {
        return answer;
    }
    desk.door().await?.dispatch(&name, input.unwrap_or_default()).await
}

/// Lets the learner choose a file; `None` when they changed their mind.
#[tauri::command]
pub async fn pick_file<R: Runtime>(app: AppHandle<R>, kind: PickKind) -> Result<Option<String>, Failure> {
    if let Some(picked) = rehearsal::picked() {
        return Ok(picked);
    }
    let (tell, told) = oneshot::channel();
    let mut dialog = app.dialog().file();
    if matches!(kind, PickKind::Course) {
        // The filter's name is its extensions: the shell owns no wording.
        dialog = dialog
            .add_filter("*.daypack *.imscc *.zip", &["daypack", "imscc", "zip"])
            .add_filter("*", &["*"]);
    }
    if matches!(kind, PickKind::School) {
        dialog = dialog.add_filter("*.json", &["json"]).add_filter("*", &["*"]);
    }
    if matches!(kind, PickKind::Archive) {
        dialog = dialog.add_filter("*.zip", &["zip"]);
    }
    dialog.pick_file(move |file| {
        let _ = tell.send(file);
    });
    path(told.await)
}

/// Lets the learner choose a folder; `None` when they changed their mind.
#[tauri::command]
pub async fn pick_folder<R: Runtime>(app: AppHandle<R>) -> Result<Option<String>, Failure> {
    if let Some(picked) = rehearsal::picked() {
        return Ok(picked);
    }
    let (tell, told) = oneshot::channel();
    app.dialog().file().pick_folder(move |folder| {
        let _ = tell.send(folder);
    });
    path(told.await)
}

/// Lets the learner choose where an archive is written, `name` being the offer; `None` when they changed their mind.
#[tauri::command]
pub async fn pick_save<R: Runtime>(app: AppHandle<R>, name: String) -> Result<Option<String>, Failure> {
    if let Some(picked) = rehearsal::picked() {
        return Ok(picked);
    }
    let (tell, told) = oneshot::channel();
    app.dialog().file().set_file_name(name).add_filter("*.zip", &["zip"]).save_file(move |file| {
        let _ = tell.send(file);
    });
    path(told.await)
}

/// Whether Daypack starts with the computer; `on` changes it. `None` where that cannot be chosen here.
#[tauri::command]
pub async fn autostart(desk: State<'_, Desk>, on: Option<bool>) -> Result<Option<bool>, Failure> {
    if let Some(on) = on {
        autostart::turn(on, desk.chosen_folder())
            .map_err(|e| Failure::new(FailureCode::Internal).fact("why", e))?;
    }
    Ok(autostart::is_on())
}

fn path(told: Result<Option<FilePath>, oneshot::error::RecvError>) -> Result<Option<String>, Failure> {
    let Ok(Some(picked)) = told else { return Ok(None) };
    let path = picked.into_path().map_err(|e| Failure::new(FailureCode::Internal).fact("why", e))?;
    match path.to_str() {
        Some(text) => Ok(Some(text.to_owned())),
        // A name that is no text cannot travel; the learner can rename the file.
        None => Err(Failure::new(FailureCode::FileMissing).fact("path", path.display())),
    }
}

/// Opens a web or mail address in the program the desktop uses for it; anything else is `bad_address`.
#[tauri::command]
pub async fn open_external(address: String) -> Result<(), Failure> {
    let url = address::outside(&address)
        .ok_or_else(|| Failure::new(FailureCode::BadAddress).fact("address", &address))?;
    if rehearsal::opened(url.as_str()) {
        return Ok(());
    }
    open::that_detached(url.as_str()).map_err(|e| Failure::new(FailureCode::Internal).fact("why", e))
}
