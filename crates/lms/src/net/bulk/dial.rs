//! Making a connection: to the host or through a proxy, plain or encrypted.
//!
//! A lost first packet is repeated by the system after 1, 2, 4, 8 seconds; on a link that comes and goes that is most
//! of the time it is up. So an attempt that does not answer gets company by further ones, and the first to stand wins.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use daypack_engine::transfer::Broke;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use http_body_util::Empty;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper::header::HeaderValue;
use hyper_util::rt::TokioIo;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::Url;

use super::super::NetConfig;
use super::names::Names;
use super::proxy::Proxies;

/// The next attempt begins so long after the one before, at least.
const COMPANY: Duration = Duration::from_millis(1_000);
/// To the next address of a host with several: sooner.
const OTHER: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(5);
/// Attempts that live at a time.
const ATTEMPTS: usize = 8;

pub(super) struct Dial {
    /// Made at the first encrypted connection: it reads the system's authorities.
    tls: OnceLock<Option<Arc<ClientConfig>>>,
    /// Instead of the system's authorities, where there are any.
    authorities: Vec<CertificateDer<'static>>,
    names: Names,
    proxies: Proxies,
    /// Shortest time a connection took, in milliseconds.
    quickest: AtomicU64,
}

/// A connection ready for a question; whether questions must name the host (a proxy that reads them); how long the
/// first round trip took.
pub(super) type Dialled = (SendRequest<Empty<Bytes>>, bool, Duration);

impl Dial {
    pub fn new(config: &NetConfig) -> Self {
        Self {
            tls: OnceLock::new(),
            authorities: config.authorities.clone(),
            names: Names::told(config.names.clone()),
            proxies: Proxies::new(config.proxy.as_deref()),
            quickest: AtomicU64::new(u64::MAX),
        }
    }

    /// What a proxy that reads the questions wants to be told.
    pub fn proxy_auth(&self, url: &Url) -> Option<HeaderValue> {
        self.proxies.of(url).and_then(|proxy| proxy.auth)
    }

    pub async fn connect(&self, url: &Url) -> Result<Dialled, Broke> {
        let host = url.host_str().ok_or(Broke::Nonsense)?.trim_matches(['[', ']']);
        let port = url.port_or_known_default().ok_or(Broke::Nonsense)?;
        let proxy = self.proxies.of(url);
        let (to, to_port) = proxy.as_ref().map_or((host, port), |p| (p.host.as_str(), p.port));
        let (mut stream, took) = self.reach(to, to_port).await?;
        let is_plain = url.scheme() == "http";
        if let Some(proxy) = proxy.as_ref().filter(|_| !is_plain) {
            proxy.tunnel(&mut stream, host, port).await?;
        }
        if is_plain {
            return Ok((shake(stream).await?, proxy.is_some(), took));
        }
        let name = ServerName::try_from(host.to_owned()).map_err(|_| Broke::Nonsense)?;
        let tls =
            TlsConnector::from(self.tls.get_or_init(|| tls(&self.authorities)).clone().ok_or(Broke::Unsafe)?);
        let stream = tls.connect(name, stream).await.map_err(|error| {
            // A line that is cut is not a host that lies.
            let is_of_tls = error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>());
            if is_of_tls { Broke::Unsafe } else { Broke::Unreachable }
        })?;
        Ok((shake(stream).await?, false, took))
    }

    async fn reach(&self, host: &str, port: u16) -> Result<(TcpStream, Duration), Broke> {
        let addresses = self.names.look_up(host, port).await;
        if addresses.is_empty() {
            return Err(Broke::Unreachable);
        }
        let quickest = self.quickest.load(Ordering::Relaxed);
        let patient = Duration::from_millis(quickest.min(2_500) * 2);
        let company = if quickest == u64::MAX { COMPANY } else { COMPANY.max(patient) };
        match first_to_stand(&addresses, company).await {
            Some((stream, took)) => {
                let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX).max(1);
                self.quickest.fetch_min(ms, Ordering::Relaxed);
                let _ = stream.set_nodelay(true);
                Ok((stream, took))
            }
            None => {
                self.names.doubt(host, port);
                Err(Broke::Unreachable)
            }
        }
    }
}

fn tls(authorities: &[CertificateDer<'static>]) -> Option<Arc<ClientConfig>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().ok()?;
    let builder = if authorities.is_empty() {
        builder.with_platform_verifier().ok()?
    } else {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(authorities.iter().cloned());
        builder.with_root_certificates(roots)
    };
    let mut tls = builder.with_no_client_auth();
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    Some(Arc::new(tls))
}

/// Attempts at the addresses in turn, then from the front again, until one stands or all were refused.
async fn first_to_stand(addresses: &[SocketAddr], company: Duration) -> Option<(TcpStream, Duration)> {
    let attempt = |number: usize| {
        let address = addresses.get(number % addresses.len()).copied();
        async move {
            let began = Instant::now();
            let stream = TcpStream::connect(address?).await.ok()?;
            Some((stream, began.elapsed()))
        }
    };
    let mut attempts = FuturesUnordered::new();
    attempts.push(attempt(0));
    let (mut made, mut failed) = (1_usize, 0_usize);
    let mut wait = company;
    loop {
        let pause = if made < addresses.len() { OTHER.min(wait) } else { wait };
        tokio::select! {
            stands = attempts.next() => match stands {
                Some(Some(stands)) => return Some(stands),
                _ => {
                    failed += 1;
                    if attempts.is_empty() && made >= addresses.len() {
                        return None;
                    }
                    if attempts.is_empty() || failed < addresses.len() {
                        attempts.push(attempt(made));
                        made += 1;
                    }
                }
            },
            () = tokio::time::sleep(pause) => {
                if attempts.len() < ATTEMPTS {
                    attempts.push(attempt(made));
                    made += 1;
                }
                if made > addresses.len() + 4 {
                    wait = (wait * 3 / 2).min(LONGEST.max(company));
                }
            }
        }
    }
}

async fn shake<S>(stream: S) -> Result<SendRequest<Empty<Bytes>>, Broke>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = Builder::new()
        .max_buf_size(64 << 10)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|_| Broke::Cut)?;
    // Ends by itself when the sender and the body are dropped, or the other side closes.
    tokio::spawn(async move {
        let _ = connection.await;
    });
    Ok(sender)
}
