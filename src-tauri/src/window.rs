//! The one window: how it is made, what it may show, how it closes.
//!
//! What must stay true: the page on top is our own; nothing in it opens a second window; what was typed is on disk before
//! the window goes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tauri::webview::{NewWindowResponse, PageLoadEvent};
use tauri::{
    AppHandle, Emitter as _, Listener as _, Manager as _, Runtime, WebviewUrl, WebviewWindow,
    WebviewWindowBuilder,
};

use crate::desk::Desk;
use crate::{address, background};

/// The window's label; the capability names it.
pub const MAIN: &str = "main";
/// Events of the one list.
pub const EVENT: &str = "daypack";
/// Files to open: a list of paths.
pub const OPEN: &str = "daypack-open";
/// The page listens now (sent by the page).
pub const READY: &str = "daypack-ready";
/// Keep what is being typed, now.
pub const FLUSH: &str = "daypack-flush";
/// Everything is kept (sent by the page).
pub const FLUSHED: &str = "daypack-flushed";

const FLUSH_AT_MOST: Duration = Duration::from_millis(300);

/// Set when the window is on its way out.
#[derive(Default)]
struct Leaving(AtomicBool);

/// Makes the window and its rules; `hidden` for a start in the background.
pub fn open<R: Runtime>(app: &AppHandle<R>, hidden: bool) -> tauri::Result<WebviewWindow<R>> {
    app.manage(Leaving::default());
    background::listen(app, hidden);
    let ready = app.clone();
    app.listen_any(READY, move |_| send_files(&ready, ready.state::<Desk>().page_listens()));
    let window = WebviewWindowBuilder::new(app, MAIN, WebviewUrl::App("index.html".into()))
        .title("Daypack")
        .inner_size(1180.0, 780.0)
        .min_inner_size(360.0, 480.0)
        .visible(!hidden)
        .on_navigation(|url| {
            let allowed = address::inside(url);
            if !allowed {
                tracing::warn!(scheme = url.scheme(), host = url.host_str(), "navigation refused");
            }
            allowed
        })
        .on_new_window(|url, _| {
            tracing::warn!(scheme = url.scheme(), host = url.host_str(), "second window refused");
            NewWindowResponse::Deny
        })
        .on_page_load(|window, load| {
            if matches!(load.event(), PageLoadEvent::Started) && !address::own(load.url()) {
                tracing::warn!(host = load.url().host_str(), "a strange page on top; going home");
                go_home(&window);
            }
        })
        .build()?;
    #[cfg(target_os = "linux")]
    keep_strangers_off(&window)?;
    Ok(window)
}

/// No page but our own is ever shown on top, not for a moment.
///
/// Tauri gives every page on top the way to the program and judges a call by the page that is there when it is heard:
/// a strange page that sends one and is led home at once would have it judged as ours. WebKit asks for frames and for
/// the window alike, so the address alone cannot decide earlier; when the answer comes, it says which of the two it is.
#[cfg(target_os = "linux")]
fn keep_strangers_off<R: Runtime>(window: &WebviewWindow<R>) -> tauri::Result<()> {
    use webkit2gtk::glib::Cast as _;
    use webkit2gtk::{
        PolicyDecisionExt as _, PolicyDecisionType, ResponsePolicyDecision, ResponsePolicyDecisionExt as _,
        URIResponseExt as _, WebViewExt as _,
    };
    window.with_webview(|view| {
        view.inner().connect_decide_policy(|_, decision, kind| {
            let response = match kind {
                PolicyDecisionType::Response => decision.dynamic_cast_ref::<ResponsePolicyDecision>(),
                _ => None,
            };
            let Some(response) = response.filter(|r| r.is_main_frame_main_resource()) else { return false };
            let address = response.response().and_then(|r| r.uri());
            if address.and_then(|a| tauri::Url::parse(&a).ok()).is_some_and(|a| address::own(&a)) {
                return false;
            }
            tracing::warn!("a strange page on top refused");
            decision.ignore();
            true
        });
    })
}

fn go_home<R: Runtime>(window: &WebviewWindow<R>) {
    let home =
        if cfg!(windows) { "http://tauri.localhost/index.html" } else { "tauri://localhost/index.html" };
    if let Ok(home) = tauri::Url::parse(home) {
        let _ = window.navigate(home);
    }
}

/// Hands files over to the page.
pub fn send_files<R: Runtime>(app: &AppHandle<R>, files: Vec<String>) {
    if !files.is_empty() {
        let _ = app.emit_to(MAIN, OPEN, files);
    }
}

/// A second start: to the front, with its files.
pub fn raise<R: Runtime>(app: &AppHandle<R>, files: Vec<String>) {
    if let Some(window) = app.get_webview_window(MAIN) {
        let _ = window.unminimize();
        let _ = window.show();
        let _ = window.set_focus();
    }
    background::back(app);
    send_files(app, app.state::<Desk>().open_files(files));
}

/// Whether the window is on its way out.
#[cfg(test)]
pub fn is_leaving<R: Runtime>(app: &AppHandle<R>) -> bool {
    app.state::<Leaving>().0.load(Ordering::SeqCst)
}

/// What comes after leaving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Nothing.
    End,
    /// The program starts anew.
    Restart,
}

/// Leaves for good; see [`leave_for`].
pub fn leave<R: Runtime>(app: &AppHandle<R>) {
    leave_for(app, Then::End);
}

/// Leaves cleanly: the page keeps what is being typed (at most 300 ms), the program closes, the window goes.
///
/// Called again while leaving it does nothing.
pub fn leave_for<R: Runtime>(app: &AppHandle<R>, then: Then) {
    if app.state::<Leaving>().0.swap(true, Ordering::SeqCst) {
        return;
    }
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let (tell, told) = tokio::sync::oneshot::channel();
        let tell = std::sync::Mutex::new(Some(tell));
        app.listen_any(FLUSHED, move |_| {
            if let Some(tell) = tell.lock().ok().and_then(|mut t| t.take()) {
                let _ = tell.send(());
            }
        });
        if app.emit_to(MAIN, FLUSH, ()).is_ok() {
            let _ = tokio::time::timeout(FLUSH_AT_MOST, told).await;
        }
        if let Some(open) = app.state::<Desk>().door_now() {
            open.close().await;
        }
        tracing::info!("closed");
        match then {
            Then::End => app.exit(0),
            Then::Restart => app.request_restart(),
        }
    });
}
