//! The window for a site's own sign-in page.
//!
//! What must stay true: no capability names it, so nothing in it reaches the program; it keeps nothing, not even for
//! the next sign-in; it shows protected pages only, with their host as its title; the address that ends the sign-in is
//! handed over and neither opened nor written anywhere; whoever waits for it stops waiting when it is closed, and it
//! closes when nobody waits.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use daypack_app::signing_in::{PageEnd, SignInPage, SignInWindow, is_end, may_be_shown};
use tauri::webview::{NewWindowResponse, PageLoadEvent};
use tauri::{AppHandle, Manager as _, Runtime, Url, WebviewUrl, WebviewWindowBuilder, WindowEvent};
use tokio::sync::oneshot;

/// Labels begin so; no capability names one.
pub const LABEL: &str = "sign-in";

/// Each window has a label of its own: one that is closing may still be there.
static NEXT: AtomicU32 = AtomicU32::new(0);

type Tell = Arc<Mutex<Option<oneshot::Sender<Option<PageEnd>>>>>;

/// Closes the window when nobody waits for it any more.
struct Closing<R: Runtime>(AppHandle<R>, String);

impl<R: Runtime> Drop for Closing<R> {
    fn drop(&mut self) {
        if let Some(window) = self.0.get_webview_window(&self.1) {
            let _ = window.destroy();
        }
    }
}

/// The way to open such windows.
pub fn windows<R: Runtime>(app: &AppHandle<R>) -> SignInWindow {
    let app = app.clone();
    Arc::new(move |page| {
        let app = app.clone();
        Box::pin(show(app, page))
    })
}

async fn show<R: Runtime>(app: AppHandle<R>, page: SignInPage) -> Option<PageEnd> {
    let label = format!("{LABEL}-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let (tell, told) = oneshot::channel();
    let tell: Tell = Arc::new(Mutex::new(Some(tell)));
    let _closing = Closing(app.clone(), label.clone());
    if let Err(error) = open(&app, &label, page, &tell) {
        tracing::error!(%error, "the window for signing in cannot be opened");
        return None;
    }
    told.await.ok().flatten()
}

fn open<R: Runtime>(app: &AppHandle<R>, label: &str, page: SignInPage, tell: &Tell) -> tauri::Result<()> {
    let (ended, elsewhere) = (tell.clone(), app.clone());
    let here = label.to_owned();
    let host = page.address.host_str().unwrap_or_default().to_owned();
    let window = WebviewWindowBuilder::new(app, label, WebviewUrl::External(page.address))
        .title(host)
        .inner_size(560.0, 720.0)
        .min_inner_size(340.0, 420.0)
        .incognito(true)
        .on_navigation(move |url| {
            if is_end(url.as_str()) {
                say(&ended, Some(PageEnd::new(url.as_str())));
                return false;
            }
            let may = may_be_shown(url);
            if !may {
                // Of other schemes even the host may be a secret.
                tracing::warn!(scheme = url.scheme(), "a page was not shown while signing in");
            }
            may
        })
        .on_new_window(move |url, _| {
            // Some schools open their sign-in in a window of its own; there is one, this.
            if may_be_shown(&url)
                && let Some(window) = elsewhere.get_webview_window(&here)
            {
                let _ = window.navigate(url);
            }
            NewWindowResponse::Deny
        })
        .on_page_load(|window, load| {
            if matches!(load.event(), PageLoadEvent::Started) {
                let _ = window.set_title(title(load.url()));
            }
        })
        .on_download(|_, _| false)
        .build()?;
    let closed = tell.clone();
    window.on_window_event(move |event| {
        if matches!(event, WindowEvent::CloseRequested { .. } | WindowEvent::Destroyed) {
            say(&closed, None);
        }
    });
    let _ = window.set_focus();
    Ok(())
}

/// Whom the learner is about to give a password to.
fn title(url: &Url) -> &str {
    url.host_str().unwrap_or_default()
}

fn say(tell: &Tell, end: Option<PageEnd>) {
    if let Some(tell) = tell.lock().unwrap_or_else(PoisonError::into_inner).take() {
        let _ = tell.send(end);
    }
}
