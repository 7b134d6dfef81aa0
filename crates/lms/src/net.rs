//! The network client: one place where bytes leave and enter.
//!
//! What must stay true: no automatic redirects (`net/redirect.rs` decides, GET only); limits are on silence, not on
//! totals; plain http reaches loopback and private hosts only; an error says whether the request certainly did
//! not reach the site (`Unreachable`) or may have taken effect (`Unknown`); addresses are logged without query.

pub mod address;
pub mod body;
pub mod bulk;
pub mod redirect;
pub mod secret;
pub mod trust;

use std::collections::BTreeMap;
use std::error::Error as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use daypack_course::TimeMs;
use reqwest::header::{
    ACCEPT_ENCODING, CONTENT_TYPE, DATE, HeaderMap, IF_NONE_MATCH, LOCATION, RANGE, USER_AGENT,
};
use url::Url;

pub use address::is_private_ip;
pub use body::{FileBytes, Upload};
use bulk::{Bulk, Plain};
pub use secret::{Secret, redacted};

/// How the client behaves.
#[derive(Clone, Debug)]
pub struct NetConfig {
    /// Version in the user agent.
    pub version: String,
    /// Milliseconds to reach a host.
    pub connect_ms: u64,
    /// Milliseconds of silence in a body before it counts as stalled.
    pub idle_ms: u64,
    /// Milliseconds of silence between request and first byte of the answer; longer than `idle_ms`.
    pub reply_ms: u64,
    /// Largest accepted answer that is not a file, in bytes.
    pub max_answer: usize,
    /// Whether plain http is allowed to loopback and private hosts.
    pub plain_private: bool,
    /// Address of a proxy for everything; empty for none; `None` as the environment says.
    pub proxy: Option<String>,
    /// Hosts that are found without a name service.
    pub names: Vec<trust::Name>,
    /// Authorities that vouch for sites, instead of the system's; empty for those of the system.
    pub authorities: Vec<rustls::pki_types::CertificateDer<'static>>,
}

impl Default for NetConfig {
    fn default() -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            connect_ms: 10_000,
            idle_ms: 15_000,
            reply_ms: 60_000,
            max_answer: 32 * 1024 * 1024,
            plain_private: true,
            proxy: None,
            names: Vec::new(),
            authorities: Vec::new(),
        }
    }
}

/// Why nothing reached the site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The name is not known.
    Dns,
    /// No connection.
    Connect,
    /// The host was there, and the handshake did not end well: its certificate, its words, or a line that was cut.
    Tls,
}

/// How a request failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetError {
    /// Not an address.
    #[error("not an address")]
    BadAddress,
    /// Plain http to a public host, or https to http.
    #[error("not over an encrypted connection")]
    Insecure,
    /// The request certainly did not reach the site.
    #[error("the site was not reached ({0:?})")]
    Unreachable(Why),
    /// The request may have taken effect; the reply was lost.
    #[error("the reply was lost")]
    Unknown,
    /// The answer is larger than accepted.
    #[error("the answer is too large")]
    TooLarge,
    /// The answer points elsewhere and was not followed.
    #[error("redirected to {to}")]
    Redirected {
        /// Origin it points to.
        to: String,
        /// Whether that is another host.
        off_site: bool,
    },
    /// The client could not be set up.
    #[error("the network client could not be set up")]
    Setup,
}

/// A whole answer, already read.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// The body, as sent.
    pub body: Vec<u8>,
    /// Where it finally came from.
    pub url: Url,
    /// When, by the site's clock (ours where the site says nothing).
    pub at: TimeMs,
}

impl Answer {
    /// MIME type without parameters, lower case; empty when missing.
    pub fn media_type(&self) -> String {
        media_type(&self.headers)
    }

    /// Whether this looks like a web page.
    pub fn is_html(&self) -> bool {
        let start: Vec<u8> = self
            .body
            .iter()
            .copied()
            .skip_while(u8::is_ascii_whitespace)
            .take(15)
            .collect::<Vec<_>>()
            .to_ascii_lowercase();
        start.starts_with(b"<!doctype html")
            || start.starts_with(b"<html")
            || start.starts_with(b"<head")
            || (self.media_type() == "text/html" && start.starts_with(b"<"))
    }
}

/// MIME type in `headers`, without parameters, lower case.
pub fn media_type(headers: &HeaderMap) -> String {
    let raw = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    raw.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The client. Cheap to clone.
#[derive(Clone)]
pub struct Net(Arc<Inner>);

struct Inner {
    /// For questions and answers.
    api: reqwest::Client,
    /// For files: HTTP/1.1, so that several downloads are several connections, and never compressed.
    files: reqwest::Client,
    /// For files that come over several connections.
    bulk: Bulk,
    config: NetConfig,
    /// Origin -> the site's clock minus ours, in milliseconds.
    clocks: Mutex<BTreeMap<String, i64>>,
}

impl Net {
    /// Sets up the client.
    pub fn new(config: NetConfig) -> Result<Self, NetError> {
        // A second call finds it installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let proxy = config.proxy.as_deref().filter(|address| !address.is_empty());
        let proxy = proxy.map(reqwest::Proxy::all).transpose().map_err(|_| NetError::Setup)?;
        let authorities: Result<Vec<_>, _> =
            config.authorities.iter().map(|der| reqwest::Certificate::from_der(der)).collect();
        let authorities = authorities.map_err(|_| NetError::Setup)?;
        let builder = || {
            let mut builder = match (&config.proxy, &proxy) {
                (_, Some(proxy)) => reqwest::Client::builder().proxy(proxy.clone()),
                (Some(_), None) => reqwest::Client::builder().no_proxy(),
                (None, None) => reqwest::Client::builder(),
            };
            for name in &config.names {
                builder = builder.resolve(&name.host, name.at(name.port));
            }
            if !authorities.is_empty() {
                builder = builder.tls_certs_only(authorities.clone());
            }
            builder
                .tls_backend_rustls()
                .redirect(reqwest::redirect::Policy::none())
                .referer(false)
                .connect_timeout(Duration::from_millis(config.connect_ms))
                .pool_idle_timeout(Duration::from_secs(20))
                .tcp_nodelay(true)
                .tcp_keepalive(None)
                .tcp_user_timeout(None)
                .user_agent(format!("Daypack/{}", config.version))
        };
        let api = builder().gzip(true).build().map_err(|_| NetError::Setup)?;
        let files = builder().gzip(false).http1_only().build().map_err(|_| NetError::Setup)?;
        let bulk = Bulk::new(&config, Plain::Private)?;
        Ok(Self(Arc::new(Inner { api, files, bulk, config, clocks: Mutex::default() })))
    }

    /// The settings.
    pub fn config(&self) -> &NetConfig {
        &self.0.config
    }

    /// Connections of our own for files; plain http to private hosts only.
    pub fn bulk(&self) -> Bulk {
        self.0.bulk.clone()
    }

    /// The site's clock minus ours in milliseconds, as of its last answer.
    pub fn clock_offset(&self, site: &str) -> Option<i64> {
        let origin = Url::parse(site).ok()?.origin().ascii_serialization();
        self.0.clocks.lock().unwrap_or_else(PoisonError::into_inner).get(&origin).copied()
    }

    /// Asks with GET and follows redirects by the rules of `redirect.rs`. `secret` is a query parameter added at
    /// send time, and only for the origin of `url`.
    pub async fn get(&self, url: &Url, secret: Option<(&str, &Secret)>) -> Result<Answer, NetError> {
        let (response, url) = self.follow(&self.0.api, url, secret, HeaderMap::new()).await?;
        self.read(response, url).await
    }

    /// Opens a file from byte `from` on, and follows redirects. The body is not read.
    pub async fn open(
        &self,
        url: &Url,
        secret: Option<(&str, &Secret)>,
        from: u64,
    ) -> Result<(reqwest::Response, Url), NetError> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, reqwest::header::HeaderValue::from_static("identity"));
        if from > 0 {
            headers.insert(RANGE, format!("bytes={from}-").parse().map_err(|_| NetError::BadAddress)?);
        }
        self.follow(&self.0.files, url, secret, headers).await
    }

    /// Asks for a file unless it is the one with this `ETag` (in quotes); the status. The body is not read.
    pub async fn if_changed(
        &self,
        url: &Url,
        secret: Option<(&str, &Secret)>,
        etag: &str,
    ) -> Result<u16, NetError> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, reqwest::header::HeaderValue::from_static("identity"));
        headers.insert(IF_NONE_MATCH, etag.parse().map_err(|_| NetError::BadAddress)?);
        let (response, _) = self.follow(&self.0.files, url, secret, headers).await?;
        Ok(response.status().as_u16())
    }

    /// Posts a form (already encoded). A redirect is never followed.
    pub async fn post_form(&self, url: &Url, form: String) -> Result<Answer, NetError> {
        self.check(url)?;
        let request =
            self.0.api.post(url.clone()).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form);
        self.post(request, url, None).await
    }

    /// Posts JSON (already written). A redirect is never followed.
    pub async fn post_json(&self, url: &Url, json: String) -> Result<Answer, NetError> {
        self.check(url)?;
        let request = self.0.api.post(url.clone()).header(CONTENT_TYPE, "application/json").body(json);
        self.post(request, url, None).await
    }

    /// The same, under a name that a site wants to hear besides ours.
    pub async fn post_json_as(&self, url: &Url, json: String, name: &str) -> Result<Answer, NetError> {
        self.check(url)?;
        let agent = format!("Daypack/{} {name}", self.0.config.version);
        let request = self.0.api.post(url.clone()).header(CONTENT_TYPE, "application/json");
        self.post(request.header(USER_AGENT, agent).body(json), url, None).await
    }

    /// Posts a form with one file. A redirect is never followed.
    pub async fn post_file(
        &self,
        url: &Url,
        fields: &[(&str, &str)],
        file: Upload,
    ) -> Result<Answer, NetError> {
        self.check(url)?;
        let (form, progress) = file.into_form(fields)?;
        let request = self.0.api.post(url.clone()).multipart(form);
        self.post(request, url, Some(progress)).await
    }

    async fn post(
        &self,
        request: reqwest::RequestBuilder,
        url: &Url,
        progress: Option<body::Progress>,
    ) -> Result<Answer, NetError> {
        let response = self.head(request, progress).await?;
        if let Some(hop) = location(&response, url) {
            return Err(refused_hop(url, &hop));
        }
        self.read(response, url.clone()).await
    }

    /// Only https, or http to this computer and its own network.
    fn check(&self, url: &Url) -> Result<(), NetError> {
        match url.scheme() {
            "https" => Ok(()),
            "http" if self.0.config.plain_private && address::is_private(url) => Ok(()),
            "http" => Err(NetError::Insecure),
            _ => Err(NetError::BadAddress),
        }
    }

    async fn follow(
        &self,
        client: &reqwest::Client,
        url: &Url,
        secret: Option<(&str, &Secret)>,
        headers: HeaderMap,
    ) -> Result<(reqwest::Response, Url), NetError> {
        let mut here = url.clone();
        let mut at_home = true;
        for _ in 0..=redirect::MAX_HOPS {
            self.check(&here)?;
            let mut target = here.clone();
            if let (true, Some((name, value))) = (at_home, secret) {
                target.query_pairs_mut().append_pair(name, value.expose());
            }
            tracing::debug!(url = %redacted(&here), "get");
            let mut request = client.get(target);
            // What was asked of the site (Range) is not told to others, unless it leads to the bytes.
            request = request.headers(headers.clone());
            let response = self.head(request, None).await?;
            self.note_clock(&here, response.headers());
            let Some(hop) = location(&response, &here) else { return Ok((response, here)) };
            let next = redirect::next(&here, &hop, secret.map(|(_, value)| value))
                .map_err(|_| refused_hop(&here, &hop))?;
            // Once away, a way back does not make the chain trusted again.
            at_home = at_home && next.keeps_secret;
            here = next.url;
            if let (true, Some((name, _))) = (at_home, secret) {
                redirect::drop_param(&mut here, name);
            }
        }
        Err(refused_hop(url, here.as_str()))
    }

    /// Sends and waits for the head of the answer.
    async fn head(
        &self,
        request: reqwest::RequestBuilder,
        progress: Option<body::Progress>,
    ) -> Result<reqwest::Response, NetError> {
        let limit = Duration::from_millis(self.0.config.reply_ms);
        let mut sending = std::pin::pin!(request.send());
        let mut seen = 0;
        loop {
            match tokio::time::timeout(limit, &mut sending).await {
                Ok(answer) => return answer.map_err(|e| judge(&e)),
                Err(_) => {
                    let now = progress.as_ref().map_or(0, body::Progress::bytes);
                    if now == seen {
                        return Err(NetError::Unknown);
                    }
                    seen = now;
                }
            }
        }
    }

    async fn read(&self, mut response: reqwest::Response, url: Url) -> Result<Answer, NetError> {
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let at = self.note_clock(&url, &headers);
        let limit = Duration::from_millis(self.0.config.idle_ms);
        let mut body = Vec::new();
        loop {
            match tokio::time::timeout(limit, response.chunk()).await {
                Ok(Ok(Some(bytes))) if body.len() + bytes.len() > self.0.config.max_answer => {
                    return Err(NetError::TooLarge);
                }
                Ok(Ok(Some(bytes))) => body.extend_from_slice(&bytes),
                Ok(Ok(None)) => break,
                Ok(Err(_)) | Err(_) => return Err(NetError::Unknown),
            }
        }
        tracing::debug!(url = %redacted(&url), status, bytes = body.len(), "answer");
        Ok(Answer { status, headers, body, url, at })
    }

    fn note_clock(&self, url: &Url, headers: &HeaderMap) -> TimeMs {
        let ours = now();
        let theirs = headers
            .get(DATE)
            .and_then(|v| v.to_str().ok())
            .and_then(|text| httpdate::parse_http_date(text).ok())
            .map(since_epoch);
        if let Some(theirs) = theirs {
            let mut clocks = self.0.clocks.lock().unwrap_or_else(PoisonError::into_inner);
            clocks.insert(url.origin().ascii_serialization(), theirs.since(ours));
        }
        theirs.unwrap_or(ours)
    }
}

/// This computer's clock: only to compare with a site's `Date`, and where a site sends none.
fn now() -> TimeMs {
    since_epoch(std::time::SystemTime::now())
}

fn since_epoch(time: std::time::SystemTime) -> TimeMs {
    let ms = time.duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_millis());
    TimeMs(i64::try_from(ms).unwrap_or(i64::MAX))
}

fn location(response: &reqwest::Response, base: &Url) -> Option<String> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let raw = response.headers().get(LOCATION).and_then(|v| v.to_str().ok());
    Some(raw.map_or_else(|| base.to_string(), str::to_owned))
}

fn refused_hop(from: &Url, to: &str) -> NetError {
    match from.join(to) {
        Ok(url) => NetError::Redirected {
            to: url.origin().ascii_serialization(),
            off_site: url.host() != from.host(),
        },
        Err(_) => NetError::Redirected { to: String::new(), off_site: true },
    }
}

/// Whether the host was there and the handshake did not end well. A line that is cut counts: reaching the host itself
/// never ends so.
fn is_of_the_handshake(cause: &(dyn std::error::Error + 'static)) -> bool {
    use std::io::ErrorKind as Kind;
    if cause.is::<rustls::Error>() {
        return true;
    }
    let Some(io) = cause.downcast_ref::<std::io::Error>() else { return false };
    let is_cut = matches!(
        io.kind(),
        Kind::UnexpectedEof | Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe
    );
    // What an io::Error wraps is not among its sources.
    is_cut || io.get_ref().is_some_and(|inner| is_of_the_handshake(inner))
}

fn judge(error: &reqwest::Error) -> NetError {
    if error.is_builder() {
        return NetError::BadAddress;
    }
    if !error.is_connect() && !error.is_dns() {
        return NetError::Unknown;
    }
    let mut source = error.source();
    while let Some(cause) = source {
        if is_of_the_handshake(cause) {
            return NetError::Unreachable(Why::Tls);
        }
        source = cause.source();
    }
    NetError::Unreachable(if error.is_dns() { Why::Dns } else { Why::Connect })
}
