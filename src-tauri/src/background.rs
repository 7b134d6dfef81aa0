//! Closing the window while something waits to be sent, and working on without a window.
//!
//! The shell asks the page; the page knows what waits and owns the words. What must stay true: a page that does not
//! answer never keeps a window open, the end of a session is never asked about, and the window is hidden only while
//! the tray is there.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tauri::{AppHandle, Emitter as _, Listener as _, Manager as _, Runtime};
use tokio::sync::oneshot;

use crate::window::{self, MAIN};
use crate::{tray, tray::Words};

/// The learner wants to close the window (to the page).
pub const CLOSE: &str = "daypack-close";
/// What to do about it (from the page).
pub const LEAVE: &str = "daypack-leave";
/// The words of the tray (from the page; at its start, and whenever the count changes).
pub const TRAY: &str = "daypack-tray";

/// A page that is alive answers within this; it also has to save what is being typed.
const ANSWER_AT_MOST: Duration = Duration::from_secs(1);
/// After signing in to a desktop its tray may come later than we do.
const TRAY_AT_MOST: Duration = Duration::from_secs(20);

/// What the page is told.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Closing {
    /// Whether there is a tray to go to.
    pub tray: bool,
}

/// What the page answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Leave {
    /// Close now.
    Close,
    /// Hide the window and work on.
    Background,
    /// The learner is being asked, or changed their mind.
    Stay,
}

/// What is known so far.
#[derive(Default)]
pub struct Background {
    answer: Mutex<Option<oneshot::Sender<()>>>,
    words: Mutex<Option<Words>>,
    wanted: Mutex<bool>,
    #[cfg(test)]
    put: Mutex<bool>,
}

/// Listens to the page. With `hidden` the window was made hidden and goes to the tray as soon as there is one.
pub fn listen<R: Runtime>(app: &AppHandle<R>, hidden: bool) {
    app.manage(Background::default());
    set(&app.state::<Background>().wanted, hidden);
    let handle = app.clone();
    app.listen_any(LEAVE, move |event| {
        let Ok(leave) = serde_json::from_str::<Leave>(event.payload()) else { return };
        if let Some(tell) = take(&handle.state::<Background>().answer) {
            let _ = tell.send(());
        }
        match leave {
            Leave::Close => window::leave(&handle),
            Leave::Background => go(&handle, Duration::ZERO),
            Leave::Stay => {}
        }
    });
    let handle = app.clone();
    app.listen_any(TRAY, move |event| {
        let Ok(words) = serde_json::from_str::<Words>(event.payload()) else { return };
        let background = handle.state::<Background>();
        let first = background.words.lock().unwrap_or_else(PoisonError::into_inner).replace(words).is_none();
        if !get(&background.wanted) {
            return;
        }
        // At a start in the background the first words are what the tray waited for.
        if first { go(&handle, TRAY_AT_MOST) } else { dress(&handle) }
    });
    if hidden {
        let handle = app.clone();
        tauri::async_runtime::spawn(async move {
            tokio::time::sleep(TRAY_AT_MOST * 2).await;
            let pageless =
                handle.state::<Background>().words.lock().unwrap_or_else(PoisonError::into_inner).is_none();
            if pageless {
                window::raise(&handle, Vec::new());
            }
        });
    }
}

/// The learner pressed the window's close button.
pub fn asked<R: Runtime>(app: &AppHandle<R>) {
    asked_within(app, ANSWER_AT_MOST);
}

fn asked_within<R: Runtime>(app: &AppHandle<R>, patience: Duration) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let tray = is_possible().await;
        let (tell, told) = oneshot::channel();
        *app.state::<Background>().answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(tell);
        #[cfg(test)]
        set(&app.state::<Background>().put, true);
        let asked = app.emit_to(MAIN, CLOSE, Closing { tray }).is_ok();
        if !asked || tokio::time::timeout(patience, told).await.is_err() {
            tracing::warn!("the page does not answer; closing");
            window::leave(&app);
        }
    });
}

/// The window is shown again: no tray is needed.
pub fn back<R: Runtime>(app: &AppHandle<R>) {
    if let Some(background) = app.try_state::<Background>() {
        set(&background.wanted, false);
    }
    let handle = app.clone();
    let _ = app.run_on_main_thread(move || tray::hide(&handle));
}

/// Hides the window once the tray is there; shows it where none comes within `patience`.
fn go<R: Runtime>(app: &AppHandle<R>, patience: Duration) {
    set(&app.state::<Background>().wanted, true);
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let end = tokio::time::Instant::now() + patience;
        while !is_possible().await {
            if tokio::time::Instant::now() >= end {
                tracing::info!("there is no tray; the window stays");
                return window::raise(&app, Vec::new());
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        dress(&app);
        if let Some(window) = app.get_webview_window(MAIN) {
            let _ = window.hide();
        }
    });
}

async fn is_possible() -> bool {
    tokio::task::spawn_blocking(tray::is_possible).await.unwrap_or(false)
}

/// Gives the tray the latest words; where it cannot be made the window comes back.
fn dress<R: Runtime>(app: &AppHandle<R>) {
    let handle = app.clone();
    let _ = app.run_on_main_thread(move || {
        let words = handle.state::<Background>().words.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Err(error) = tray::show(&handle, &words.unwrap_or_default()) {
            tracing::warn!(%error, "no tray");
            window::raise(&handle, Vec::new());
        }
    });
}

fn take<T>(of: &Mutex<Option<T>>) -> Option<T> {
    of.lock().unwrap_or_else(PoisonError::into_inner).take()
}

fn get(of: &Mutex<bool>) -> bool {
    *of.lock().unwrap_or_else(PoisonError::into_inner)
}

fn set(of: &Mutex<bool>, to: bool) {
    *of.lock().unwrap_or_else(PoisonError::into_inner) = to;
}

#[cfg(test)]
mod tests {
    use tauri::test::{MockRuntime, mock_builder, mock_context, noop_assets};

    use super::*;
    use crate::desk::Desk;

    fn shell() -> tauri::App<MockRuntime> {
        let app = mock_builder().manage(Desk::new(Vec::new())).build(mock_context(noop_assets())).unwrap();
        window::open(app.handle(), false).unwrap();
        app
    }

    async fn until(is: impl Fn() -> bool) -> bool {
        for _ in 0..400 {
            if is() {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        false
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_page_that_does_not_answer_keeps_no_window_open() {
        let app = shell();
        asked_within(app.handle(), Duration::from_millis(20));
        assert!(until(|| window::is_leaving(app.handle())).await);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_page_that_asks_the_learner_keeps_the_window_and_its_last_word_counts() {
        let app = shell();
        let page = app.handle().clone();
        app.listen_any(CLOSE, move |event| {
            assert!(event.payload().contains("tray"));
            page.emit(LEAVE, "stay").unwrap();
        });
        asked_within(app.handle(), Duration::from_secs(60));
        let answered = || get_answered(app.handle());
        assert!(until(answered).await);
        assert!(!window::is_leaving(app.handle()), "the control: nobody leaves by itself");
        app.emit(LEAVE, "nonsense").unwrap();
        assert!(!window::is_leaving(app.handle()));
        app.emit(LEAVE, "close").unwrap();
        assert!(until(|| window::is_leaving(app.handle())).await);
    }

    /// Whether the question was put and answered.
    fn get_answered(app: &AppHandle<MockRuntime>) -> bool {
        let background = app.state::<Background>();
        let asked = get(&background.put);
        asked && background.answer.lock().unwrap().is_none()
    }
}
