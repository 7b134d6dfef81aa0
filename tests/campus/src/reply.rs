//! Replies with the headers Moodle sends, and bodies that pass the slow link.
//! Must stay true: a body is paced chunk by chunk, so a slow link is slow inside one file too.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use futures_util::StreamExt;
use serde_json::Value;

use crate::switches::Switches;

/// A reply, and the name its request has in the log.
pub struct Reply {
    /// Function or script.
    pub function: String,
    /// The answer.
    pub response: Response<Body>,
}

impl Reply {
    /// A reply of a script.
    pub fn new(function: impl Into<String>, response: Response<Body>) -> Self {
        Self { function: function.into(), response }
    }
}

/// JSON as PHP writes it: slashes and everything beyond ASCII are escaped.
pub fn php_json(value: &Value) -> String {
    let plain = value.to_string();
    let mut out = String::with_capacity(plain.len() + 64);
    let mut units = [0_u16; 2];
    for c in plain.chars() {
        match c {
            '/' => out.push_str("\\/"),
            c if c.is_ascii() => out.push(c),
            c => {
                for unit in c.encode_utf16(&mut units) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    out
}

/// A response with headers; a name may come twice.
pub fn response(status: u16, headers: &[(&str, &str)], body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value.as_bytes()))
        {
            response.headers_mut().append(name, value);
        }
    }
    response
}

/// The answer of the REST endpoint.
pub fn rest(value: &Value) -> Response<Body> {
    response(200, &rest_headers("application/json"), php_json(value))
}

/// Headers of the REST endpoint.
pub fn rest_headers(kind: &str) -> [(&str, &str); 6] {
    [
        ("Content-Type", kind),
        ("Cache-Control", "private, must-revalidate, pre-check=0, post-check=0, max-age=0"),
        ("Expires", "Thu, 01 Jan 1970 00:00:00 GMT"),
        ("Pragma", "no-cache"),
        ("Accept-Ranges", "none"),
        ("Access-Control-Allow-Origin", "*"),
    ]
}

/// The answer of the other scripts.
pub fn script(status: u16, kind: &str, value: &Value) -> Response<Body> {
    let now = httpdate::fmt_http_date(std::time::SystemTime::now());
    response(
        status,
        &[
            ("Content-Type", kind),
            ("Access-Control-Allow-Origin", "*"),
            ("Cache-Control", "no-store, no-cache, must-revalidate"),
            ("Cache-Control", "post-check=0, pre-check=0"),
            ("Pragma", "no-cache"),
            ("Expires", "Mon, 20 Aug 1969 09:23:00 GMT"),
            ("Last-Modified", &now),
            ("Accept-Ranges", "none"),
        ],
        php_json(value),
    )
}

/// JSON of a script.
pub const JSON: &str = "application/json; charset=utf-8";

/// A page.
pub fn html(status: u16, text: String) -> Response<Body> {
    response(status, &[("Content-Type", "text/html; charset=utf-8")], text)
}

/// The value of a header as text.
pub fn header_text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Sends a body over the link as it is just now, counting what goes out. A length that was not said
/// stays unsaid (chunked), as PHP does.
pub fn pace(response: Response<Body>, switches: Arc<Switches>, count: Arc<AtomicU64>) -> Response<Body> {
    let (parts, body) = response.into_parts();
    if parts.status == StatusCode::NOT_MODIFIED
        || parts.headers.get(header::CONTENT_LENGTH).is_some_and(|n| n == "0")
    {
        return Response::from_parts(parts, body);
    }
    Response::from_parts(parts, paced(body, switches, count))
}

/// A body that takes its time.
pub fn paced(body: Body, switches: Arc<Switches>, count: Arc<AtomicU64>) -> Body {
    let start = (body.into_data_stream(), Bytes::new(), switches, count);
    Body::from_stream(futures_util::stream::unfold(
        start,
        |(mut source, mut rest, switches, count)| async move {
            while rest.is_empty() {
                match source.next().await? {
                    Ok(bytes) => rest = bytes,
                    Err(error) => return Some((Err(error), (source, rest, switches, count))),
                }
            }
            let part = rest.split_to(rest.len().min(switches.chunk()));
            switches.carry(part.len()).await;
            count.fetch_add(part.len() as u64, Ordering::Relaxed);
            Some((Ok(part), (source, rest, switches, count)))
        },
    ))
}

#[cfg(test)]
mod tests {
    #[test]
    fn json_is_escaped_as_php_does() {
        let text = super::php_json(&serde_json::json!({"u": "http://x/☃𝄞"}));
        assert_eq!(text, "{\"u\":\"http:\\/\\/x\\/\\u2603\\ud834\\udd1e\"}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap()["u"], "http://x/☃𝄞");
    }
}
