//! The tray: a small menu by which Daypack is reached while its window is hidden.
//!
//! What must stay true: every word of it is the page's; where nobody shows trays there is none, so that a hidden
//! window can always be reached.

use serde::Deserialize;
use tauri::menu::{Menu, MenuItem, PredefinedMenuItem};
use tauri::tray::TrayIconBuilder;
use tauri::{AppHandle, Manager as _, Runtime};

use crate::desk::Desk;
use crate::window;

const TRAY: &str = "daypack";

/// The words of the menu, handed over by the page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Words {
    /// What waits, with its count: the tooltip and the first line.
    pub waiting: String,
    /// Show the window.
    pub open: String,
    /// Send now.
    pub send: String,
    /// End Daypack.
    pub quit: String,
}

/// Whether somebody shows trays here. May ask the session bus; not for the main thread.
pub fn is_possible() -> bool {
    host::is_there()
}

/// Shows the tray, or gives the one that is there new words. On the main thread.
pub fn show<R: Runtime>(app: &AppHandle<R>, words: &Words) -> tauri::Result<()> {
    let line = |id: &str, text: &str, enabled| MenuItem::with_id(app, id, text, enabled, None::<&str>);
    let menu = Menu::with_items(
        app,
        &[
            &line("waiting", &words.waiting, false)?,
            &PredefinedMenuItem::separator(app)?,
            &line("open", &words.open, true)?,
            &line("send", &words.send, true)?,
            &PredefinedMenuItem::separator(app)?,
            &line("quit", &words.quit, true)?,
        ],
    )?;
    if let Some(tray) = app.tray_by_id(TRAY) {
        tray.set_menu(Some(menu))?;
        tray.set_tooltip(Some(&words.waiting))?;
        return tray.set_visible(true);
    }
    let mut tray = TrayIconBuilder::with_id(TRAY)
        .menu(&menu)
        .tooltip(&words.waiting)
        .on_menu_event(|app, event| chosen(app, event.id().as_ref()));
    if let Some(icon) = app.default_window_icon() {
        tray = tray.icon(icon.clone());
    }
    tray.build(app).map(|_| ())
}

/// Takes the tray from sight. It is kept: a second one of the same name is refused by the session bus.
pub fn hide<R: Runtime>(app: &AppHandle<R>) {
    if let Some(tray) = app.tray_by_id(TRAY)
        && let Err(error) = tray.set_visible(false)
    {
        tracing::warn!(%error, "the tray stays");
    }
}

fn chosen<R: Runtime>(app: &AppHandle<R>, what: &str) {
    match what {
        "open" => window::raise(app, Vec::new()),
        "send" => {
            let app = app.clone();
            tauri::async_runtime::spawn(async move {
                let Ok(door) = app.state::<Desk>().door().await else { return };
                let sent = door.dispatch("sync_now", serde_json::Value::Null).await;
                if let Err(failure) = sent {
                    tracing::warn!(%failure, "sending from the tray");
                }
            });
        }
        "quit" => window::leave(app),
        _ => {}
    }
}

#[cfg(target_os = "linux")]
mod host {
    //! On Linux a tray needs a program that shows it (a StatusNotifier host, freedesktop.org) and the library
    //! that speaks to it. GNOME has no host without an extension.
    #![allow(
        unsafe_code,
        reason = "loading a library runs its code; these two are the ones the tray itself loads"
    )]

    use gio::prelude::*;

    const WATCHER: &str = "org.kde.StatusNotifierWatcher";
    /// As `libappindicator-sys` looks for them; it ends the program where it finds none.
    const LIBRARIES: [&str; 2] = ["libayatana-appindicator3.so.1", "libappindicator3.so.1"];
    const PATIENCE_MS: i32 = 500;

    pub fn is_there() -> bool {
        // SAFETY: a library of the desktop, loaded as the tray loads it and never unloaded while it is used.
        let loads = |name: &&str| unsafe { libloading::Library::new(*name) }.map(std::mem::forget).is_ok();
        is_shown().unwrap_or(false) && LIBRARIES.iter().any(loads)
    }

    fn is_shown() -> Option<bool> {
        let bus = gio::bus_get_sync(gio::BusType::Session, gio::Cancellable::NONE).ok()?;
        let asked = (WATCHER, "IsStatusNotifierHostRegistered").to_variant();
        let answer = bus
            .call_sync(
                Some(WATCHER),
                "/StatusNotifierWatcher",
                "org.freedesktop.DBus.Properties",
                "Get",
                Some(&asked),
                None,
                gio::DBusCallFlags::NO_AUTO_START,
                PATIENCE_MS,
                gio::Cancellable::NONE,
            )
            .ok()?;
        answer.child_value(0).as_variant()?.get::<bool>()
    }
}

#[cfg(not(target_os = "linux"))]
mod host {
    //! Windows and macOS always show trays.

    pub fn is_there() -> bool {
        true
    }
}
