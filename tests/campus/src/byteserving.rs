//! Sending a file the way Moodle does.
//! Must stay true (recorded): ETag is the quoted SHA-1; `If-None-Match` wins over `Range`; `If-Range` is
//! ignored; an unsatisfiable or malformed range brings the whole file; `text/plain` has no ranges; a
//! generated page has neither ETag nor ranges.

use std::time::{Duration, UNIX_EPOCH};

use axum::body::Body;
use axum::http::{HeaderMap, Method, Response};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

use crate::files::Bytes;
use crate::reply::{header_text, response};

/// A file to send.
pub struct Content {
    /// Media type.
    pub mime: String,
    /// Name for saving.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// Digest, absent for generated pages.
    pub sha1: Option<String>,
    /// Seconds.
    pub time: i64,
    /// Offered for saving.
    pub attachment: bool,
    /// May be kept for six hours.
    pub lasting: bool,
    /// The content.
    pub bytes: Bytes,
}

const BOUNDARY: &str = "s1k2o3d4a5k6s7";

/// Answers GET, POST or HEAD for a file.
pub async fn serve(method: &Method, headers: &HeaderMap, content: Content) -> Response<Body> {
    let modified =
        httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(content.time.max(0).cast_unsigned()));
    let etag = content.sha1.as_ref().map(|sha1| format!("\"{sha1}\""));
    let expires = if content.lasting {
        httpdate::fmt_http_date(std::time::SystemTime::now() + Duration::from_secs(21_600))
    } else {
        "Thu, 01 Jan 1970 00:00:00 GMT".to_owned()
    };
    let disposition = format!(
        "{}; filename=\"{}\"",
        if content.attachment { "attachment" } else { "inline" },
        content.name
    );
    let mut fields = vec![
        ("Access-Control-Allow-Origin", "*".to_owned()),
        ("Access-Control-Allow-Headers", "range".to_owned()),
        ("Access-Control-Expose-Headers", "Content-Range".to_owned()),
        ("Content-Disposition", disposition),
        (
            "Cache-Control",
            format!("private, max-age={}, no-transform", if content.lasting { 21_600 } else { 10 }),
        ),
        ("Expires", expires),
        ("Pragma", String::new()),
        ("Last-Modified", modified),
    ];
    if let Some(etag) = &etag {
        fields.push(("Etag", etag.clone()));
        if unchanged(headers, etag, content.time) {
            return reply(304, &fields, Body::empty());
        }
    }
    let plain = content.mime == "text/plain";
    let ranged = etag.is_some() && !plain;
    fields.push(("Accept-Ranges", if ranged { "bytes" } else { "none" }.to_owned()));
    let mime = if plain { "text/plain; charset=utf-8" } else { content.mime.as_str() };
    let wanted = header_text(headers, "range").filter(|_| ranged).and_then(|text| ranges(text, content.size));
    let head = method == Method::HEAD;
    match wanted.as_deref() {
        None => {
            fields.push(("Content-Type", mime.to_owned()));
            fields.push(("Content-Length", content.size.to_string()));
            let body = if head { Body::empty() } else { part(&content.bytes, 0, content.size).await };
            reply(200, &fields, body)
        }
        Some([(from, to)]) => {
            fields.push(("Content-Type", mime.to_owned()));
            fields.push(("Content-Length", (to - from + 1).to_string()));
            fields.push(("Content-Range", format!("bytes {from}-{to}/{}", content.size)));
            let body = if head { Body::empty() } else { part(&content.bytes, *from, to - from + 1).await };
            reply(206, &fields, body)
        }
        Some(many) => {
            let mut body = Vec::new();
            for (from, to) in many {
                body.extend_from_slice(
                    format!(
                        "\r\n--{BOUNDARY}\r\nContent-Type: {mime}\r\nContent-Range: bytes {from}-{to}/{}\r\n\r\n",
                        content.size
                    )
                    .as_bytes(),
                );
                body.extend(read(&content.bytes, *from, to - from + 1).await.unwrap_or_default());
            }
            body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
            fields.push(("Content-Type", format!("multipart/byteranges; boundary={BOUNDARY}")));
            fields.push(("Content-Length", body.len().to_string()));
            reply(206, &fields, if head { Body::empty() } else { Body::from(body) })
        }
    }
}

fn reply(status: u16, fields: &[(&str, String)], body: Body) -> Response<Body> {
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    response(status, &fields, body)
}

fn unchanged(headers: &HeaderMap, etag: &str, time: i64) -> bool {
    if let Some(known) = header_text(headers, "if-none-match") {
        return known.split(',').any(|one| one.trim() == etag);
    }
    let since =
        header_text(headers, "if-modified-since").and_then(|text| httpdate::parse_http_date(text).ok());
    since.is_some_and(|since| since >= UNIX_EPOCH + Duration::from_secs(time.max(0).cast_unsigned()))
}

/// The asked parts, first to last byte; `None` means the whole file.
fn ranges(text: &str, size: u64) -> Option<Vec<(u64, u64)>> {
    let list = text.trim().strip_prefix("bytes=")?;
    let mut out = Vec::new();
    for one in list.split(',') {
        let (from, to) = one.trim().split_once('-')?;
        let range = match (from, to) {
            ("", last) => {
                let last: u64 = last.parse().ok()?;
                (size.saturating_sub(last), size.checked_sub(1)?)
            }
            (from, "") => (from.parse().ok()?, size.checked_sub(1)?),
            (from, to) => (from.parse().ok()?, to.parse::<u64>().ok()?.min(size.checked_sub(1)?)),
        };
        if range.0 > range.1 || range.0 >= size {
            return None;
        }
        out.push(range);
    }
    (!out.is_empty()).then_some(out)
}

/// A part of a file as a body.
pub async fn part(bytes: &Bytes, from: u64, length: u64) -> Body {
    match bytes {
        Bytes::Memory(all) => {
            let range = usize::try_from(from).unwrap_or(0)..usize::try_from(from + length).unwrap_or(0);
            Body::from(all.get(range).map(bytes::Bytes::copy_from_slice).unwrap_or_default())
        }
        Bytes::Disk(path) => {
            let open = async {
                let mut file = tokio::fs::File::open(path).await?;
                file.seek(std::io::SeekFrom::Start(from)).await?;
                Ok::<_, std::io::Error>(file.take(length))
            };
            match open.await {
                Ok(file) => Body::from_stream(ReaderStream::with_capacity(file, 1 << 16)),
                // The connection breaks, because the promised length cannot be kept.
                Err(error) => Body::from_stream(futures_util::stream::iter([Err::<bytes::Bytes, _>(error)])),
            }
        }
    }
}

async fn read(bytes: &Bytes, from: u64, length: u64) -> std::io::Result<Vec<u8>> {
    match bytes {
        Bytes::Memory(all) => {
            let range = usize::try_from(from).unwrap_or(0)..usize::try_from(from + length).unwrap_or(0);
            Ok(all.get(range).map(<[u8]>::to_vec).unwrap_or_default())
        }
        Bytes::Disk(path) => {
            let mut file = tokio::fs::File::open(path).await?;
            file.seek(std::io::SeekFrom::Start(from)).await?;
            let mut out = Vec::new();
            file.take(length).read_to_end(&mut out).await?;
            Ok(out)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ranges;

    #[test]
    fn ranges_read_as_recorded() {
        assert_eq!(ranges("bytes=0-1023", 20_368_165), Some(vec![(0, 1023)]));
        assert_eq!(ranges("bytes=20367665-", 20_368_165), Some(vec![(20_367_665, 20_368_164)]));
        assert_eq!(ranges("bytes=-300", 20_368_165), Some(vec![(20_367_865, 20_368_164)]));
        assert_eq!(ranges("bytes=0-9,100-109", 200), Some(vec![(0, 9), (100, 109)]));
        for whole in ["bytes=99999999-", "bytes=abc", "bytes=5-2", "items=0-1", "bytes="] {
            assert_eq!(ranges(whole, 1000), None, "{whole}");
        }
        assert_eq!(ranges("bytes=0-", 0), None);
    }
}
