//! The guarded loopback servers: one for media, one for course pages.
//!
//! Why they exist: WebKit on Linux plays media only from HTTP (`docs/decisions/0003-loopback-servers.md`).
//! What must stay true: bound to 127.0.0.1 on a random port; a path that nobody can guess, new at every start;
//! `Host` must be the bound address (no DNS rebinding); an `Origin`, where one is named, must be the window's
//! page or the server itself (no other page in a browser, even one that was told the address); GET and HEAD of registered files only; nothing is listed;
//! no CORS header is ever sent; a stranger learns nothing (one empty 404 for everything); a server lives only
//! while something is open.

pub mod content;
pub mod file;
pub mod media;
pub mod near;
pub mod pace;
pub mod range;

use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use axum::{Router, middleware};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// A running loopback server; dropping it closes the port and cuts what is being sent.
#[derive(Debug)]
pub struct Loopback {
    base: String,
    stop: CancellationToken,
}

#[derive(Clone)]
struct Guard {
    host: String,
    prefix: String,
}

impl Loopback {
    /// Starts serving `router` below an unguessable path. `router` sees paths without that prefix.
    pub async fn start(router: Router) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let host = listener.local_addr()?.to_string();
        let mut secret = [0_u8; 24];
        getrandom::fill(&mut secret).map_err(|e| std::io::Error::other(e.to_string()))?;
        let prefix = format!("/{}", hex::encode(secret));
        let base = format!("http://{host}{prefix}");
        let guard = Guard { host, prefix: prefix.clone() };
        let app = Router::new()
            .nest(&prefix, router)
            .fallback(|| async { nothing() })
            .layer(middleware::from_fn_with_state(guard, check));
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        tokio::spawn(async move {
            let serve = axum::serve(listener, app);
            tokio::select! {
                result = serve => { if let Err(error) = result { tracing::warn!(%error, "loopback server ended"); } }
                () = stopped.cancelled() => {}
            }
        });
        Ok(Self { base, stop })
    }

    /// Address below which the files are, without a slash at the end.
    pub fn base(&self) -> &str {
        &self.base
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// What a stranger gets, whatever was asked.
pub(crate) fn nothing() -> Response {
    StatusCode::NOT_FOUND.into_response()
}

/// The window's own page on each platform, or the server itself.
fn is_ours(origin: &str, host: &str) -> bool {
    const WINDOW: [&str; 3] = ["tauri://localhost", "http://tauri.localhost", "https://tauri.localhost"];
    const DEVELOPED: &str = "http://localhost:5173";
    WINDOW.contains(&origin)
        || origin.strip_prefix("http://") == Some(host)
        || cfg!(debug_assertions) && origin == DEVELOPED
}

async fn check(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let host_fits =
        request.headers().get(header::HOST).and_then(|h| h.to_str().ok()).is_some_and(|h| h == guard.host);
    let path_fits =
        request.uri().path().strip_prefix(guard.prefix.as_str()).is_some_and(|rest| rest.starts_with('/'));
    let named = request.headers().get_all(header::ORIGIN);
    let origin_fits = named.iter().all(|o| o.to_str().is_ok_and(|origin| is_ours(origin, &guard.host)));
    let method_fits = matches!(*request.method(), Method::GET | Method::HEAD);
    if host_fits && path_fits && origin_fits && method_fits { next.run(request).await } else { nothing() }
}
