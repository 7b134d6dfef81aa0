//! One registered file and how it goes out.

use std::path::PathBuf;
use std::time::Instant;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, Response as HttpResponse, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};

use super::nothing;
use super::pace::Pace;
use super::range::{Part, read};

const CHUNK: usize = 128 * 1024;

/// A file a server may send.
#[derive(Clone, Debug)]
pub struct Served {
    /// Where its bytes are.
    pub path: PathBuf,
    /// MIME type.
    pub media_type: String,
    /// How fast it goes out; `None` for at once.
    pub pace: Option<Pace>,
}

/// Answers a request for `served`.
pub async fn send(served: &Served, method: &Method, headers: &HeaderMap) -> Response {
    let Ok(mut file) = tokio::fs::File::open(&served.path).await else { return nothing() };
    let Ok(size) = file.metadata().await.map(|m| m.len()) else { return nothing() };
    let part = read(headers.get(header::RANGE).and_then(|h| h.to_str().ok()), size);
    let (status, from, to) = match part {
        Part::Whole => (StatusCode::OK, 0, size),
        Part::Slice { from, to } => (StatusCode::PARTIAL_CONTENT, from, to),
        Part::Unsatisfiable => (StatusCode::RANGE_NOT_SATISFIABLE, 0, 0),
    };
    let mut response = HttpResponse::builder()
        .status(status)
        .header(header::CONTENT_TYPE, safe_value(&served.media_type))
        .header(header::ACCEPT_RANGES, "bytes")
        .header(header::CACHE_CONTROL, "no-store")
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header(header::CONTENT_LENGTH, to - from);
    match part {
        Part::Slice { .. } => {
            response = response
                .header(header::CONTENT_RANGE, format!("bytes {from}-{}/{size}", to.saturating_sub(1)));
        }
        Part::Unsatisfiable => response = response.header(header::CONTENT_RANGE, format!("bytes */{size}")),
        Part::Whole => {}
    }
    let body = if *method == Method::HEAD || from == to {
        Body::empty()
    } else {
        if from > 0 && file.seek(std::io::SeekFrom::Start(from)).await.is_err() {
            return nothing();
        }
        Body::from_stream(paced(file, to - from, served.pace))
    };
    response.body(body).unwrap_or_else(|_| nothing())
}

fn safe_value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static("application/octet-stream"))
}

fn paced(
    file: tokio::fs::File,
    length: u64,
    pace: Option<Pace>,
) -> impl futures_util::Stream<Item = std::io::Result<Bytes>> {
    struct Sending {
        file: tokio::fs::File,
        left: u64,
        sent: u64,
        started: Instant,
    }
    let sending = Sending { file, left: length, sent: 0, started: Instant::now() };
    futures_util::stream::try_unfold(sending, move |mut s| async move {
        if s.left == 0 {
            return Ok(None);
        }
        if let Some(pace) = pace {
            let wait = pace.wait(s.sent, s.started.elapsed());
            if !wait.is_zero() {
                tokio::time::sleep(wait).await;
            }
        }
        let want = usize::try_from(s.left).unwrap_or(CHUNK).min(CHUNK);
        let mut buffer = vec![0_u8; want];
        let got = s.file.read(&mut buffer).await?;
        if got == 0 {
            return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof));
        }
        buffer.truncate(got);
        s.left -= got as u64;
        s.sent += got as u64;
        Ok(Some((Bytes::from(buffer), s)))
    })
}
