//! A package library: plain files below `/library/`, as a static host serves them.
//! Must stay true: no listing, nothing outside the folder, honest ranges (416) and `If-Range`; a path
//! that carries a digest never changes and says so.

use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use axum::body::Body;
use axum::http::{HeaderMap, Method, Response};

use crate::byteserving::part;
use crate::files::{Bytes, mime_of};
use crate::reply::{Reply, header_text, response};

const NAME: &str = "library";

/// Answers for a path below `/library/`.
pub async fn serve(folder: Option<&Path>, method: &Method, headers: &HeaderMap, path: &str) -> Reply {
    Reply::new(NAME, answer(folder, method, headers, path).await)
}

fn plain(status: u16, text: &'static str) -> Response<Body> {
    response(status, &[("Content-Type", "text/plain; charset=utf-8")], text)
}

async fn answer(folder: Option<&Path>, method: &Method, headers: &HeaderMap, path: &str) -> Response<Body> {
    if method != Method::GET && method != Method::HEAD {
        return response(405, &[("Allow", "GET, HEAD")], Body::empty());
    }
    let decoded = percent_encoding::percent_decode_str(path).decode_utf8_lossy().into_owned();
    let clean = decoded
        .split('/')
        .all(|part| !part.is_empty() && !part.starts_with('.') && !part.contains(['\\', ':', '\0']));
    let Some(file) = folder.filter(|_| clean).map(|folder| folder.join(&decoded)) else {
        return plain(404, "not found\n");
    };
    let meta = match tokio::fs::metadata(&file).await {
        Ok(meta) if meta.is_file() => meta,
        _ => return plain(404, "not found\n"),
    };
    let modified = meta.modified().unwrap_or(UNIX_EPOCH);
    let seconds = modified.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let size = meta.len();
    let etag = format!("\"{seconds:x}-{size:x}\"");
    let digest = decoded
        .split(['/', '.', '-'])
        .any(|part| part.len() == 64 && part.bytes().all(|b| b.is_ascii_hexdigit()));
    let cache = if digest { "public, max-age=31536000, immutable" } else { "no-cache" };
    let last = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds));
    let mime = match mime_of(&decoded) {
        "document/unknown" => "application/octet-stream",
        mime => mime,
    };
    let mut fields = vec![
        ("Content-Type", mime.to_owned()),
        ("Last-Modified", last.clone()),
        ("ETag", etag.clone()),
        ("Accept-Ranges", "bytes".to_owned()),
        ("Cache-Control", cache.to_owned()),
    ];
    let known =
        header_text(headers, "if-none-match").map(|list| list.split(',').any(|one| one.trim() == etag));
    let since = header_text(headers, "if-modified-since").is_some_and(|text| text == last);
    if known.unwrap_or(since) {
        return reply(304, &fields, Body::empty());
    }
    let same = header_text(headers, "if-range").is_none_or(|value| value == etag || value == last);
    let (status, from, length) =
        match header_text(headers, "range").filter(|_| same).map(|text| single(text, size)) {
            Some(Asked::Part(from, to)) => {
                fields.push(("Content-Range", format!("bytes {from}-{to}/{size}")));
                (206, from, to - from + 1)
            }
            Some(Asked::Beyond) => {
                fields.push(("Content-Range", format!("bytes */{size}")));
                return reply(416, &fields, Body::empty());
            }
            Some(Asked::Whole) | None => (200, 0, size),
        };
    fields.push(("Content-Length", length.to_string()));
    let body =
        if method == Method::HEAD { Body::empty() } else { part(&Bytes::Disk(file), from, length).await };
    reply(status, &fields, body)
}

fn reply(status: u16, fields: &[(&str, String)], body: Body) -> Response<Body> {
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    response(status, &fields, body)
}

enum Asked {
    Whole,
    Part(u64, u64),
    Beyond,
}

/// A single range; several or a malformed one bring the whole file.
fn single(text: &str, size: u64) -> Asked {
    let Some((from, to)) = text.strip_prefix("bytes=").and_then(|list| list.split_once('-')) else {
        return Asked::Whole;
    };
    let last = size.saturating_sub(1);
    let (from, to) = match (from.parse::<u64>(), to.parse::<u64>()) {
        (Ok(from), Ok(to)) if from <= to => (from, to.min(last)),
        (Ok(from), Err(_)) if to.is_empty() => (from, last),
        (Err(_), Ok(0)) if from.is_empty() => return Asked::Beyond,
        (Err(_), Ok(tail)) if from.is_empty() => (size.saturating_sub(tail), last),
        _ => return Asked::Whole,
    };
    if from >= size { Asked::Beyond } else { Asked::Part(from, to) }
}
