//! Connections for files: HTTP/1.1, one for each worker, made and ended when we say so.
//!
//! What must stay true: no limit of the socket or the client library ends a slow transfer (no user timeout, no
//! keepalive, no total limit; silence is judged by `engine::transfer`); nothing is asked for packed; redirects follow
//! `net/redirect.rs`, and what they lead to is kept for the next question; a secret goes to its own origin only.

mod dial;
mod names;
mod proxy;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use daypack_engine::transfer::{Broke, Head};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1::SendRequest;
use hyper::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, ETAG, HOST, HeaderMap, HeaderValue,
    LAST_MODIFIED, LOCATION, PROXY_AUTHORIZATION, RANGE, RETRY_AFTER, TRANSFER_ENCODING, USER_AGENT,
};
use url::Url;

use super::{NetConfig, NetError, Secret, address, media_type, redacted, redirect};
use crate::connector::Answering;
use dial::Dial;

/// A question for bytes of a file.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Address, without what is secret.
    pub url: Url,
    /// A query parameter added at send time, for the origin of `url` only.
    pub secret: Option<(String, Secret)>,
    /// First byte.
    pub from: u64,
    /// Behind the last byte; `None` asks for all, with no word of a range.
    pub to: Option<u64>,
    /// Over a new connection.
    pub anew: bool,
}

/// Makes lines. The one way to change how files travel.
pub trait Transport: Send + Sync {
    /// A line, not connected yet.
    fn line(&self) -> Box<dyn Line>;

    /// Milliseconds for which it held bytes back by itself: no silence of a source.
    fn held_ms(&self) -> i64 {
        0
    }
}

/// One worker's connection: a question, the head of the answer, its bytes, and the next question.
pub trait Line: Send {
    /// Asks; an unfinished body of the question before is dropped together with its connection. `connected` is told
    /// how many milliseconds a new connection took.
    fn ask<'a>(
        &'a mut self,
        ask: &'a Ask,
        connected: &'a (dyn Fn(i64) + Send + Sync),
    ) -> Answering<'a, Result<Head, Broke>>;

    /// The headers of the last answer, for whoever knows the kind of site.
    fn headers(&self) -> &HeaderMap;

    /// The next bytes; `None` at the end of the body as announced.
    fn next(&mut self) -> Answering<'_, Option<Result<Bytes, Broke>>>;
}

/// Whether plain http is allowed to hosts that are neither this computer nor its own network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plain {
    /// Only to private hosts.
    Private,
    /// To all: for whoever proves every byte by digest, or typed the address.
    Any,
}

/// HTTP/1.1 over connections of our own.
#[derive(Clone)]
pub struct Bulk(Arc<Inner>);

struct Inner {
    dial: Dial,
    plain: Plain,
    plain_private: bool,
    agent: HeaderValue,
    /// Address asked for -> where redirects led.
    led_to: Mutex<BTreeMap<String, Url>>,
}

impl Bulk {
    /// Sets up; `Setup` when the version cannot be told.
    pub fn new(config: &NetConfig, plain: Plain) -> Result<Self, NetError> {
        let agent =
            HeaderValue::from_str(&format!("Daypack/{}", config.version)).map_err(|_| NetError::Setup)?;
        let dial = Dial::new(config);
        let plain_private = config.plain_private;
        Ok(Self(Arc::new(Inner { dial, plain, plain_private, agent, led_to: Mutex::default() })))
    }
}

impl Inner {
    fn may_ask(&self, url: &Url) -> bool {
        match url.scheme() {
            "https" => true,
            "http" => self.plain == Plain::Any || (self.plain_private && address::is_private(url)),
            _ => false,
        }
    }

    fn led_to(&self, asked: &Url) -> Option<Url> {
        self.led_to.lock().unwrap_or_else(PoisonError::into_inner).get(asked.as_str()).cloned()
    }

    fn note_way(&self, asked: &Url, led_to: Option<&Url>) {
        let mut ways = self.led_to.lock().unwrap_or_else(PoisonError::into_inner);
        match led_to {
            Some(url) => ways.insert(asked.to_string(), url.clone()),
            None => ways.remove(asked.as_str()),
        };
    }
}

impl Transport for Bulk {
    fn line(&self) -> Box<dyn Line> {
        Box::new(BulkLine { inner: self.0.clone(), kept: None, body: None, headers: HeaderMap::new() })
    }
}

struct BulkLine {
    inner: Arc<Inner>,
    /// The connection, free, and the origin it leads to.
    kept: Option<(String, SendRequest<Empty<Bytes>>, bool)>,
    /// The body under way; while there is one the connection is busy with it.
    body: Option<Incoming>,
    headers: HeaderMap,
}

impl Line for BulkLine {
    fn ask<'a>(
        &'a mut self,
        ask: &'a Ask,
        connected: &'a (dyn Fn(i64) + Send + Sync),
    ) -> Answering<'a, Result<Head, Broke>> {
        Box::pin(async move {
            let is_clear = match self.body.take() {
                Some(body) => is_read(body).await,
                None => true,
            };
            if !is_clear || ask.anew {
                self.kept = None;
            }
            let inner = self.inner.clone();
            if let Some(led_to) = inner.led_to(&ask.url) {
                let head = self.follow(ask, led_to, false, connected).await?;
                if !matches!(head.status, 400..=499) || head.status == 416 || head.status == 429 {
                    return Ok(head);
                }
                // Such addresses expire; the one that was asked for knows another.
                inner.note_way(&ask.url, None);
                self.body = None;
                self.kept = None;
            }
            self.follow(ask, ask.url.clone(), true, connected).await
        })
    }

    fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    fn next(&mut self) -> Answering<'_, Option<Result<Bytes, Broke>>> {
        Box::pin(async move {
            loop {
                let body = self.body.as_mut()?;
                match body.frame().await {
                    Some(Ok(frame)) => match frame.into_data() {
                        Ok(bytes) if bytes.is_empty() => {}
                        Ok(bytes) => return Some(Ok(bytes)),
                        Err(_) => {}
                    },
                    Some(Err(_)) => {
                        self.body = None;
                        self.kept = None;
                        return Some(Err(Broke::Cut));
                    }
                    None => {
                        self.body = None;
                        return None;
                    }
                }
            }
        })
    }
}

impl BulkLine {
    /// Asks at `here` and follows redirects; `at_home` while a secret may go along.
    async fn follow(
        &mut self,
        ask: &Ask,
        mut here: Url,
        mut at_home: bool,
        connected: &(dyn Fn(i64) + Send + Sync),
    ) -> Result<Head, Broke> {
        let secret = ask.secret.as_ref();
        for hop in 0..=redirect::MAX_HOPS {
            if !self.inner.may_ask(&here) {
                return Err(Broke::Nonsense);
            }
            let mut target = here.clone();
            if let (true, Some((name, value))) = (at_home, secret) {
                target.query_pairs_mut().append_pair(name, value.expose());
            }
            let began = Instant::now();
            let response = self.send(&target, ask, connected).await?;
            let reply = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX);
            let status = response.status().as_u16();
            if !matches!(status, 301 | 302 | 303 | 307 | 308) {
                let head = read_head(status, response.headers(), reply);
                if hop > 0 && matches!(status, 200 | 206) && !head.is_page && !at_home {
                    self.inner.note_way(&ask.url, Some(&here));
                }
                let (parts, body) = response.into_parts();
                self.headers = parts.headers;
                self.body = Some(body);
                return Ok(head);
            }
            let location = response.headers().get(LOCATION).and_then(|v| v.to_str().ok()).unwrap_or_default();
            let next = match redirect::next(&here, location, secret.map(|(_, value)| value)) {
                Ok(next) => next,
                // From outside into this network: its own sign-in page.
                Err(redirect::Stop::Inward) => return Ok(Head { status: 511, reply, ..Head::default() }),
                Err(_) => return Err(Broke::Nonsense),
            };
            tracing::debug!(from = %redacted(&here), to = %redacted(&next.url), "redirected");
            // A short body is read so that the connection can be used again.
            drain(response.into_body()).await;
            at_home = at_home && next.keeps_secret;
            here = next.url;
            if let (true, Some((name, _))) = (at_home, secret) {
                redirect::drop_param(&mut here, name);
            }
            if secret.is_none() && next.keeps_secret {
                // Without a secret there is nothing that a kept way could leak.
                at_home = false;
            }
        }
        Err(Broke::Nonsense)
    }

    async fn send(
        &mut self,
        url: &Url,
        ask: &Ask,
        connected: &(dyn Fn(i64) + Send + Sync),
    ) -> Result<hyper::Response<Incoming>, Broke> {
        let origin = url.origin().ascii_serialization();
        let reused = match self.kept.take() {
            Some((to, mut sender, absolute)) if to == origin => {
                sender.ready().await.is_ok().then_some((sender, absolute))
            }
            _ => None,
        };
        let (mut sender, absolute) = match reused {
            Some(kept) => kept,
            None => {
                let (sender, absolute, took) = self.inner.dial.connect(url).await?;
                connected(i64::try_from(took.as_millis()).unwrap_or(i64::MAX));
                (sender, absolute)
            }
        };
        let mut headers = HeaderMap::new();
        let host = HeaderValue::from_str(&host_of(url)).map_err(|_| Broke::Nonsense)?;
        headers.insert(HOST, host);
        headers.insert(USER_AGENT, self.inner.agent.clone());
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let Some(to) = ask.to {
            let range = format!("bytes={}-{}", ask.from, to.saturating_sub(1));
            headers.insert(RANGE, HeaderValue::from_str(&range).map_err(|_| Broke::Nonsense)?);
        }
        if absolute && let Some(auth) = self.inner.dial.proxy_auth(url) {
            headers.insert(PROXY_AUTHORIZATION, auth);
        }
        let path = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let target = if absolute { format!("http://{}{path}", host_of(url)) } else { path };
        let mut request = hyper::Request::get(target).body(Empty::new()).map_err(|_| Broke::Nonsense)?;
        *request.headers_mut() = headers;
        let response = sender
            .send_request(request)
            .await
            .map_err(|e| if e.is_parse() { Broke::Nonsense } else { Broke::Cut })?;
        self.kept = Some((origin, sender, absolute));
        Ok(response)
    }
}

/// Whether a body has come to its end, as the last bytes of a part do.
async fn is_read(mut body: Incoming) -> bool {
    use hyper::body::Body as _;
    // A body in pieces has one more, empty, to say that it ends.
    body.is_end_stream()
        || matches!(tokio::time::timeout(Duration::from_millis(300), body.frame()).await, Ok(None))
}

async fn drain(mut body: Incoming) {
    let mut left = 16_usize;
    let read = async {
        while let Some(Ok(_)) = body.frame().await {
            left = left.saturating_sub(1);
            if left == 0 {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(Duration::from_secs(5), read).await;
}

fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn text(headers: &HeaderMap, name: hyper::header::HeaderName) -> Option<&str> {
    headers.get(name).and_then(|v| v.to_str().ok())
}

/// The facts of a head, as the engine judges them.
fn read_head(status: u16, headers: &HeaderMap, reply: i64) -> Head {
    let kind = media_type(headers);
    let encoding = text(headers, CONTENT_ENCODING).unwrap_or("identity").trim();
    let length: Option<u64> = text(headers, CONTENT_LENGTH).and_then(|v| v.trim().parse().ok());
    let (range, whole) = text(headers, CONTENT_RANGE).map_or((None, None), content_range);
    let strong = text(headers, ETAG).filter(|e| !e.starts_with("W/") && e.len() > 2);
    let not_before = text(headers, RETRY_AFTER).and_then(|v| retry_after(v, super::now()));
    Head {
        status,
        range,
        total: if status == 200 { length } else { whole },
        validator: strong.or_else(|| text(headers, LAST_MODIFIED)).map(str::to_owned),
        is_framed: length.is_some() || headers.contains_key(TRANSFER_ENCODING),
        is_page: matches!(kind.as_str(), "text/html" | "application/xhtml+xml"),
        is_encoded: !encoding.is_empty() && !encoding.eq_ignore_ascii_case("identity"),
        not_before,
        reply,
    }
}

/// `bytes 5-9/10` is `((5, 10), 10)`, `bytes */10` only the size.
fn content_range(text: &str) -> (Option<(u64, u64)>, Option<u64>) {
    let Some((range, total)) = text.trim().strip_prefix("bytes ").and_then(|t| t.split_once('/')) else {
        return (None, None);
    };
    let ends = range.split_once('-').and_then(|(first, last)| {
        let (first, last): (u64, u64) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        Some((first, last.checked_add(1)?)).filter(|(from, to)| from < to)
    });
    (ends, total.trim().parse().ok())
}

fn retry_after(text: &str, now: daypack_course::TimeMs) -> Option<daypack_course::TimeMs> {
    if let Ok(seconds) = text.trim().parse::<u32>() {
        return Some(now.plus(i64::from(seconds) * 1_000));
    }
    httpdate::parse_http_date(text).ok().map(super::since_epoch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_bytes_is_read_or_it_is_none() {
        assert_eq!(content_range("bytes 5-9/10"), (Some((5, 10)), Some(10)));
        assert_eq!(content_range("bytes 5-9/*"), (Some((5, 10)), None));
        assert_eq!(content_range("bytes */10"), (None, Some(10)));
        assert_eq!(content_range("bytes 9-5/10"), (None, Some(10)));
        assert_eq!(content_range("lines 5-9/10"), (None, None));
    }

    #[test]
    fn a_weak_etag_names_no_bytes() {
        let mut headers = HeaderMap::new();
        headers.insert(ETAG, HeaderValue::from_static("W/\"1\""));
        assert_eq!(read_head(200, &headers, 0).validator, None);
        headers.insert(LAST_MODIFIED, HeaderValue::from_static("yesterday"));
        assert_eq!(read_head(200, &headers, 0).validator.as_deref(), Some("yesterday"));
        headers.insert(ETAG, HeaderValue::from_static("\"1\""));
        assert_eq!(read_head(200, &headers, 0).validator.as_deref(), Some("\"1\""));
    }

    #[test]
    fn patience_is_asked_for_in_seconds_or_by_date() {
        let now = daypack_course::TimeMs(1_000);
        assert_eq!(retry_after("2", now).map(|t| t.0), Some(3_000));
        assert_eq!(retry_after("Thu, 01 Jan 1970 00:00:09 GMT", now).map(|t| t.0), Some(9_000));
        assert_eq!(retry_after("soon", now), None);
    }
}
