//! The content server: a course page and its pictures, on an origin of its own.
//!
//! Pages are cleaned before they leave and carry a policy that allows no script and no other host; the PDF viewer
//! is the only script, and it comes from Daypack itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;

use super::file::{Served, send};
use super::{Loopback, nothing};

/// Gives a file of the viewer by its path: bytes and MIME type.
pub type Viewer = Arc<dyn Fn(&str) -> Option<(Vec<u8>, String)> + Send + Sync>;

const PAGE_POLICY: &str = "default-src 'none'; img-src 'self' data:; media-src 'self'; font-src 'self' data:; \
    style-src 'self' 'unsafe-inline'; base-uri 'none'; form-action 'none'";
const VIEWER_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; \
    connect-src 'self'; img-src 'self' data: blob:; font-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; \
    base-uri 'none'; form-action 'none'";
const STYLE: &str = include_str!("page.css");

/// What one reading consists of.
#[derive(Clone, Default)]
pub struct Reading {
    /// The page itself, cleaned; empty for documents.
    pub page_html: String,
    /// BCP 47 tag.
    pub language: String,
    /// Title of the page.
    pub title: String,
    /// Relative path -> file.
    pub files: BTreeMap<String, Served>,
}

/// A server for one open reading.
#[derive(Debug)]
pub struct ContentServer {
    server: Loopback,
}

struct Content {
    reading: Reading,
    viewer: Option<Viewer>,
}

impl ContentServer {
    /// Serves `reading` until dropped.
    pub async fn start(reading: Reading, viewer: Option<Viewer>) -> std::io::Result<Self> {
        let state = Arc::new(Content { reading, viewer });
        let router = Router::new()
            .route("/page", any(page))
            .route(
                "/style.css",
                any(|| async { with_policy(text("text/css; charset=utf-8", STYLE), PAGE_POLICY) }),
            )
            .route("/f/{*path}", any(file))
            .route("/viewer/{*path}", any(viewer_file))
            .with_state(state);
        Ok(Self { server: Loopback::start(router).await? })
    }

    /// Address of the page.
    pub fn page_url(&self) -> String {
        format!("{}/page", self.server.base())
    }

    /// Address of a file by its relative path.
    pub fn file_url(&self, path: &str) -> String {
        format!("{}/f/{}", self.server.base(), encode(path))
    }

    /// Address of the PDF viewer showing a file.
    pub fn pdf_url(&self, path: &str) -> String {
        format!("{}/viewer/pdf.html?file=../f/{}", self.server.base(), encode(&encode(path)))
    }
}

fn encode(path: &str) -> String {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    const KEEP: &AsciiSet =
        &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_').remove(b'~');
    utf8_percent_encode(path, KEEP).to_string()
}

async fn page(
    State(content): State<Arc<Content>>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    if content.reading.page_html.is_empty() {
        return nothing();
    }
    let theme = match query.get("theme").map(String::as_str) {
        Some("dark") => "dark",
        Some("light") => "light",
        _ => "system",
    };
    let html = format!(
        "<!doctype html><html lang=\"{}\" data-theme=\"{theme}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{}</title>\
         <link rel=\"stylesheet\" href=\"style.css\"><base href=\"f/\"></head>\
         <body><main>{}</main></body></html>",
        attribute(&content.reading.language),
        attribute(&content.reading.title),
        content.reading.page_html
    );
    // `<base href="f/">` is ours; `base-uri 'self'` keeps it to this origin.
    let policy = PAGE_POLICY.replace("base-uri 'none'", "base-uri 'self'");
    with_policy(text("text/html; charset=utf-8", &html), &policy)
}

async fn file(
    State(content): State<Arc<Content>>,
    Path(path): Path<String>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    match content.reading.files.get(&path) {
        Some(served) => with_policy(send(served, &method, &headers).await, PAGE_POLICY),
        None => nothing(),
    }
}

async fn viewer_file(State(content): State<Arc<Content>>, Path(path): Path<String>) -> Response {
    let Some((bytes, media_type)) = content.viewer.as_ref().and_then(|viewer| viewer(&path)) else {
        return nothing();
    };
    let mut response = Body::from(bytes).into_response();
    if let Ok(value) = HeaderValue::from_str(&media_type) {
        response.headers_mut().insert(header::CONTENT_TYPE, value);
    }
    with_policy(response, VIEWER_POLICY)
}

fn text(media_type: &'static str, body: &str) -> Response {
    ([(header::CONTENT_TYPE, media_type)], body.to_owned()).into_response()
}

fn with_policy(mut response: Response, policy: &str) -> Response {
    let headers = response.headers_mut();
    let fixed: [(HeaderName, &str); 4] = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=()"),
    ];
    for (name, value) in fixed {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    response
}

fn attribute(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;")
}
