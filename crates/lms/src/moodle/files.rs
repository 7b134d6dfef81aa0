//! Files down and up.
//!
//! Moodle answers a refused file with status 200 and JSON, and a network's sign-in page is 200 as well: a body
//! counts as the file only when it comes with the file's `ETag` (the SHA-1 of its content) or, for pages that
//! Moodle makes on the fly, with a `Content-Disposition`. `If-Range` is ignored by Moodle, so a resumed part is
//! compared by `ETag` here. The token is added at send time, for the site's own origin only.

mod lines;

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use daypack_course::work::{Outcome, RefusalReason, WorkFile};
use reqwest::header::{
    CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, ETAG, HeaderMap, TRANSFER_ENCODING,
};
use serde_json::{Value, json};
use url::Url;

use super::rest::{self, CallError, Rest};
use super::{judge, loose};
use crate::connector::{Desk, FetchError, ReadError, Said, Session, Way};
use crate::net::{Net, NetError, Upload, media_type, redirect};

/// Most of an error body that is read.
const MAX_ERROR: usize = 64 * 1024;

/// A file on its way down.
#[derive(Debug)]
pub struct Download {
    /// Position of the first byte that will come: what was asked for, or 0 when the site sends all of it.
    pub start: u64,
    /// Size of the whole file, when the site says.
    pub total: Option<u64>,
    /// The strong `ETag`, for the next part.
    pub validator: Option<String>,
    /// SHA-1 of the whole file in hexadecimal, when the site says (Moodle does, for stored files).
    pub sha1: Option<String>,
    response: reqwest::Response,
    idle: Duration,
    /// Bytes still to come, when known.
    left: Option<u64>,
}

impl Download {
    /// The next bytes; `None` at the end. Silence, a broken line and a body that ends early are `Stalled`.
    pub async fn next(&mut self) -> Option<Result<Bytes, FetchError>> {
        match tokio::time::timeout(self.idle, self.response.chunk()).await {
            Ok(Ok(Some(bytes))) => {
                if let Some(left) = &mut self.left {
                    match left.checked_sub(bytes.len() as u64) {
                        Some(less) => *left = less,
                        None => return Some(Err(FetchError::NotAFile)),
                    }
                }
                Some(Ok(bytes))
            }
            Ok(Ok(None)) if self.left.is_none_or(|left| left == 0) => None,
            Ok(Ok(None) | Err(_)) | Err(_) => Some(Err(FetchError::Stalled)),
        }
    }

    /// Judges status and headers that are common to all sources of files.
    pub(crate) fn begin(
        net: &Net,
        response: reqwest::Response,
        from: u64,
        validator: Option<&str>,
    ) -> Result<Self, FetchError> {
        let headers = response.headers();
        let status = response.status().as_u16();
        let etag = strong_etag(headers);
        let length: Option<u64> = header(headers, CONTENT_LENGTH.as_str()).and_then(|v| v.parse().ok());
        let (start, total) = if status == 206 {
            let (start, total) = header(headers, CONTENT_RANGE.as_str())
                .and_then(content_range)
                .ok_or(FetchError::NotAFile)?;
            if start != from {
                return Err(FetchError::NotAFile);
            }
            if let (Some(then), Some(now)) = (validator, &etag)
                && then != now
            {
                return Err(FetchError::Changed);
            }
            (start, total)
        } else {
            (0, length)
        };
        let chunked = headers.contains_key(TRANSFER_ENCODING);
        let old = response.version() <= reqwest::Version::HTTP_11;
        if length.is_none() && old && !chunked {
            // A body that ends when the line is cut cannot be told from a cut line.
            return Err(FetchError::NotAFile);
        }
        let sha1 = etag.as_deref().map(|e| e.trim_matches('"').to_owned()).filter(|e| is_sha1(e));
        let idle = Duration::from_millis(net.config().idle_ms);
        Ok(Self { start, total, validator: etag, sha1, response, idle, left: length })
    }
}

fn is_sha1(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|v| v.to_str().ok())
}

fn strong_etag(headers: &HeaderMap) -> Option<String> {
    header(headers, ETAG.as_str()).filter(|e| !e.starts_with("W/") && e.len() > 2).map(str::to_owned)
}

/// `bytes 5-9/10` is `(5, Some(10))`.
fn content_range(text: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = text.trim().strip_prefix("bytes ")?.split_once('/')?;
    Some((range.split_once('-')?.0.trim().parse().ok()?, total.trim().parse().ok()))
}

/// How a failed request looks to whoever wants a file.
pub(crate) fn unreached(error: &NetError) -> FetchError {
    match error {
        NetError::Redirected { off_site: true, .. } => FetchError::Portal,
        NetError::Unknown => FetchError::Stalled,
        NetError::TooLarge | NetError::BadAddress => FetchError::NotAFile,
        _ => FetchError::Unreachable,
    }
}

/// Opens a file of the site.
pub async fn fetch(
    net: &Net,
    session: &Session,
    address: &str,
    from: u64,
    validator: Option<&str>,
) -> Result<Download, FetchError> {
    let url = Url::parse(&for_app(address)).map_err(|_| FetchError::NotAFile)?;
    let at_home = Url::parse(&session.site).is_ok_and(|site| site.origin() == url.origin());
    let secret = at_home.then_some(("token", &session.token));
    let (response, _) = net.open(&url, secret, from).await.map_err(|e| unreached(&e))?;
    let headers = response.headers();
    let proven = strong_etag(headers).is_some()
        || (headers.contains_key(CONTENT_DISPOSITION) && !media_type(headers).contains("json"));
    if matches!(response.status().as_u16(), 200 | 206) && proven {
        return Download::begin(net, response, from, validator);
    }
    Err(complaint(response, Duration::from_millis(net.config().idle_ms)).await)
}

/// Whether a file is still the one with this SHA-1: Moodle's `ETag` of stored files. Pages that it makes on the fly have
/// none and are always new.
pub async fn is_same(net: &Net, session: &Session, address: &str, sha1: &str) -> Result<bool, FetchError> {
    let url = Url::parse(&for_app(address)).map_err(|_| FetchError::NotAFile)?;
    let at_home = Url::parse(&session.site).is_ok_and(|site| site.origin() == url.origin());
    let secret = at_home.then_some(("token", &session.token));
    let status = net.if_changed(&url, secret, &format!("\"{sha1}\"")).await.map_err(|e| unreached(&e))?;
    Ok(status == 304)
}

/// The way to a file of the site.
pub fn way(net: &Net, session: &Session, address: &str) -> Result<Way, FetchError> {
    let url = Url::parse(&for_app(address)).map_err(|_| FetchError::NotAFile)?;
    let at_home = Url::parse(&session.site).is_ok_and(|site| site.origin() == url.origin());
    let secret = at_home.then(|| ("token".to_owned(), session.token.clone()));
    let said = Said::default();
    let transport = lines::MoodleLines { bulk: net.bulk(), said: said.clone() };
    Ok(Way { url, secret, transport: std::sync::Arc::new(transport), said })
}

/// What a body that is not the file says.
async fn complaint(mut response: reqwest::Response, idle: Duration) -> FetchError {
    let status = response.status().as_u16();
    let mut body = Vec::new();
    while let Ok(Ok(Some(bytes))) = tokio::time::timeout(idle, response.chunk()).await {
        body.extend_from_slice(&bytes);
        if body.len() > MAX_ERROR {
            break;
        }
    }
    judge_complaint(status, &body)
}

/// The same, of a body that was read.
fn judge_complaint(status: u16, body: &[u8]) -> FetchError {
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    if let Some(error) = rest::refused(&value, daypack_course::TimeMs(0)) {
        return match (error.code(), judge::read(&error)) {
            ("filenotfound", _) => FetchError::NotFound,
            (_, ReadError::SignIn) => FetchError::SignIn,
            (_, ReadError::Maintenance) => FetchError::Later,
            (_, ReadError::Refused(said)) => FetchError::Refused(said),
            _ => FetchError::NotAFile,
        };
    }
    match status {
        404 | 410 => FetchError::NotFound,
        416 => FetchError::Changed,
        429 | 500..=599 => FetchError::Later,
        200 | 206 if body.iter().copied().find(|b| !b.is_ascii_whitespace()) == Some(b'<') => {
            FetchError::Portal
        }
        401 | 403 => FetchError::Refused(String::new()),
        _ => FetchError::NotAFile,
    }
}

/// The address as to be kept: without token.
pub fn without_token(address: &str) -> String {
    let Ok(mut url) = Url::parse(address) else { return String::new() };
    for name in ["token", "wstoken"] {
        redirect::drop_param(&mut url, name);
    }
    url.to_string()
}

/// The address an app can fetch: `/pluginfile.php` wants a web session, `/webservice/pluginfile.php` a token.
pub fn for_app(address: &str) -> String {
    let address = without_token(address);
    if address.contains("/webservice/pluginfile.php/") {
        address
    } else {
        address.replacen("/pluginfile.php/", "/webservice/pluginfile.php/", 1)
    }
}

/// Uploads all files into a fresh draft area and returns its id. A draft area is of no effect until it is saved,
/// so a lost reply here is as good as a request that never left.
pub async fn draft(rest: &Rest<'_>, files: &[WorkFile], desk: &dyn Desk) -> Result<i64, Outcome> {
    let item = new_draft(rest).await?;
    for (at, file) in files.iter().enumerate() {
        let Some(bytes) = desk.file(&file.digest) else { return Err(Outcome::Later { not_before: None }) };
        let upload = Upload {
            field: format!("file_{}", at + 1),
            name: file.name.clone(),
            media_type: file.media_type.clone(),
            size: file.size,
            bytes,
        };
        upload_one(rest, item, upload).await?;
    }
    Ok(item)
}

/// The same with one file.
pub async fn draft_of(rest: &Rest<'_>, upload: Upload) -> Result<i64, Outcome> {
    let item = new_draft(rest).await?;
    upload_one(rest, item, upload).await?;
    Ok(item)
}

async fn new_draft(rest: &Rest<'_>) -> Result<i64, Outcome> {
    let asked = rest.call("core_files_get_unused_draft_itemid", json!({})).await.map_err(|e| harmless(&e))?;
    loose::int(&asked.value, "itemid").ok_or(Outcome::Later { not_before: None })
}

async fn upload_one(rest: &Rest<'_>, item: i64, upload: Upload) -> Result<(), Outcome> {
    let (text, size) = (item.to_string(), upload.size);
    let url = crate::net::address::below(rest.site, "webservice/upload.php").ok_or(Outcome::Unreachable)?;
    let fields = [("token", rest.token.expose()), ("itemid", text.as_str()), ("filepath", "/")];
    let answer = rest.net.post_file(&url, &fields, upload).await.map_err(|e| harmless(&e.into()))?;
    let reply = match rest::judge(&answer) {
        Ok(reply) => reply,
        // PHP throws the whole form away when it is over its limit, token included.
        Err(CallError::Refused { code, said, at }) if code == "missingparam" => {
            return Err(judge::refusal(RefusalReason::TooLarge, &said, at));
        }
        Err(error) => return Err(harmless(&error)),
    };
    let entry = reply.value.get(0).cloned().unwrap_or_default();
    match loose::text(&entry, "errortype").as_str() {
        "" if loose::int(&entry, "filesize") == i64::try_from(size).ok() => {}
        "fileoversized" => {
            return Err(judge::refusal(RefusalReason::TooLarge, &loose::text(&entry, "error"), reply.at));
        }
        _ => return Err(Outcome::Later { not_before: None }),
    }
    Ok(())
}

fn harmless(error: &CallError) -> Outcome {
    match judge::outcome(error) {
        Outcome::Unknown => Outcome::Unreachable,
        other => other,
    }
}

/// The names in a list of files, each with its size.
pub fn names(files: &[Value]) -> BTreeMap<String, Option<i64>> {
    files.iter().map(|f| (loose::text(f, "filename"), loose::int(f, "filesize"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_kept_without_token_and_asked_for_as_an_app() {
        let kept = for_app("https://a.example/pluginfile.php/1/q/x%20y.png?token=canary&forcedownload=1");
        assert_eq!(kept, "https://a.example/webservice/pluginfile.php/1/q/x%20y.png?forcedownload=1");
        assert_eq!(for_app(&kept), kept);
    }

    #[test]
    fn ranges_are_read() {
        assert_eq!(content_range("bytes 5-9/10"), Some((5, Some(10))));
        assert_eq!(content_range("bytes 5-9/*"), Some((5, None)));
        assert_eq!(content_range("lines 5-9/10"), None);
    }
}
