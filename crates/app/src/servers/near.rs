//! The one listener that other computers may reach: gives pieces of shareable courses to computers near this one.
//!
//! What must stay true: it exists only while the learner says so; only private and link-local addresses are heard;
//! `Host` must be the address that was reached (no page in a browser can be led here), and whatever a browser adds
//! (`Origin`, `Referer`, `Sec-*`, `Cookie`) means nothing is given; only what is named by its SHA-256 and whose
//! publisher allows it is given, never a list, a name or a title; one empty 404 for everything else. Connections,
//! questions, headers and silence are limited ([`doors`]), and so is the speed.

pub mod doors;

use std::io::{Read as _, Seek as _, SeekFrom};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use daypack_course::Digest;
use daypack_engine::peers::PeerId;
use daypack_engine::transfer::Spans;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::Frame;
use hyper::header::{
    ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, COOKIE, HOST, ORIGIN, RANGE, REFERER,
};
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::{Deserialize, Serialize};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::range::{Part, read};
use doors::{Doors, Flow, Guest};

/// Bytes read and sent at a time.
const CHUNK: usize = 64 * 1024;
/// The head of a question must be here after so long.
const HEAD_WITHIN: Duration = Duration::from_secs(5);
/// A head is at most so long, in bytes (the smallest limit the HTTP library knows).
const HEAD_MOST: usize = 8 * 1024;

/// What there is here of one object, as told to those who name it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Have {
    /// Bytes in all.
    pub size: u64,
    /// Proven ranges `[from, to)` that are given.
    pub spans: Spans,
    /// It is being brought from its source.
    pub loading: bool,
    /// What is brought just now.
    pub brings: Spans,
    /// Bytes here, proven or not.
    pub got: u64,
}

/// Where the bytes of an object are.
#[derive(Clone, Debug)]
pub struct Given {
    /// What is told.
    pub have: Have,
    /// The file; the proven ranges of it hold the object's bytes.
    pub path: PathBuf,
}

/// Who is here, as told to a computer that was given this address by its learner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Greeting {
    /// This computer's random name.
    pub id: String,
    /// Addresses of others that it knows.
    pub near: Vec<SocketAddr>,
}

/// What the listener may give; asked once for each question.
pub trait Shelf: Send + Sync + 'static {
    /// What is here of an object that may be given; `None` for all others.
    fn given(&self, object: &Digest) -> Option<Given>;
    /// Answers a greeting; `port` is where the guest itself can be reached.
    fn greeted(&self, guest: IpAddr, port: Option<u16>) -> Greeting;
}

/// The listener while it is open; dropping it closes the port and cuts what is being sent.
#[derive(Debug)]
pub struct NearServer {
    port: u16,
    stop: CancellationToken,
}

impl Drop for NearServer {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

struct Desk {
    shelf: Arc<dyn Shelf>,
    flow: Arc<Flow>,
    gave: Arc<AtomicU64>,
}

type Answer = Response<BoxBody<Bytes, std::io::Error>>;

impl NearServer {
    /// Opens a random port on all addresses of this computer. `gave` counts bytes of objects that went out.
    pub async fn start(
        shelf: Arc<dyn Shelf>,
        flow: Arc<Flow>,
        gave: Arc<AtomicU64>,
    ) -> std::io::Result<Self> {
        let listener = match TcpListener::bind((Ipv6Addr::UNSPECIFIED, 0)).await {
            // Where IPv6 has sockets of its own, or there is none, the addresses people type are IPv4.
            Ok(listener) if cfg!(target_os = "linux") => listener,
            _ => TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).await?,
        };
        let port = listener.local_addr()?.port();
        let stop = CancellationToken::new();
        let desk = Arc::new(Desk { shelf, flow, gave });
        tokio::spawn(serve(listener, desk, stop.clone()));
        Ok(Self { port, stop })
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }
}

/// Whether a computer at this address is heard: of a private network, or this computer.
pub fn is_near(ip: IpAddr) -> bool {
    let ip = ip.to_canonical();
    !ip.is_unspecified() && daypack_lms::net::is_private_ip(ip)
}

async fn serve(listener: TcpListener, desk: Arc<Desk>, stop: CancellationToken) {
    let doors = Arc::new(Doors::default());
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, from)) = accepted else {
            // No more sockets: those that are open end soon, all of them are short.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let ip = from.ip().to_canonical();
        if !is_near(ip) {
            tracing::debug!("a computer that is not near was not heard");
            continue;
        }
        let Some(guest) = doors.enter(ip) else { continue };
        let (desk, stop) = (desk.clone(), stop.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = visit(stream, desk, guest) => {}
            }
        });
    }
}

async fn visit(stream: TcpStream, desk: Arc<Desk>, guest: Guest) {
    let Ok(reached) = stream.local_addr() else { return };
    let guest = Arc::new(guest);
    let answering = guest.clone();
    let service = hyper::service::service_fn(move |request| {
        let (desk, guest) = (desk.clone(), answering.clone());
        async move { Ok::<_, std::convert::Infallible>(answer(&desk, &guest, reached, &request).await) }
    });
    let visit = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_buf_size(HEAD_MOST)
        .max_headers(24)
        .serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        _ = visit => {}
        () = guest.falls_silent() => {}
    }
}

async fn answer<B>(
    desk: &Arc<Desk>,
    guest: &Arc<Guest>,
    reached: SocketAddr,
    request: &Request<B>,
) -> Answer {
    if !guest.may_ask() || request.method() != Method::GET || !is_meant(request.headers(), reached) {
        return nothing();
    }
    let path = request.uri().path();
    if request.uri().query().is_none()
        && let Some(object) = path.strip_prefix("/have/").and_then(|name| Digest::parse(name).ok())
    {
        return match desk.shelf.given(&object) {
            Some(given) => json(&given.have),
            None => nothing(),
        };
    }
    if request.uri().query().is_none()
        && let Some(object) = path.strip_prefix("/objects/").and_then(|name| Digest::parse(name).ok())
    {
        return match desk.shelf.given(&object) {
            Some(given) => give(desk, guest, given, request.headers()).await,
            None => nothing(),
        };
    }
    if path == "/peer" {
        let port = request.uri().query().and_then(|q| q.strip_prefix("port=")).and_then(|p| p.parse().ok());
        return json(&desk.shelf.greeted(guest.ip(), port));
    }
    nothing()
}

/// Whether a question was meant for this computer, and no page in a browser asks it.
fn is_meant(headers: &HeaderMap, reached: SocketAddr) -> bool {
    let reached = SocketAddr::new(reached.ip().to_canonical(), reached.port());
    let mut hosts = headers.get_all(HOST).iter();
    let named = hosts.next().and_then(|host| host.to_str().ok()).and_then(|host| host.parse().ok());
    let is_browser = [ORIGIN, REFERER, COOKIE].iter().any(|name| headers.contains_key(name))
        || headers.keys().any(|name| name.as_str().starts_with("sec-"));
    named == Some(reached) && hosts.next().is_none() && !is_browser
}

fn nothing() -> Answer {
    let mut answer = Response::new(Full::new(Bytes::new()).map_err(|e| match e {}).boxed());
    *answer.status_mut() = StatusCode::NOT_FOUND;
    answer
}

fn json(value: &impl Serialize) -> Answer {
    let Ok(body) = serde_json::to_vec(value) else { return nothing() };
    Response::builder()
        .header(CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(body)).map_err(|e| match e {}).boxed())
        .unwrap_or_else(|_| nothing())
}

async fn give(desk: &Arc<Desk>, guest: &Arc<Guest>, given: Given, headers: &HeaderMap) -> Answer {
    let size = given.have.size;
    let (status, from, to) = match read(headers.get(RANGE).and_then(|h| h.to_str().ok()), size) {
        Part::Whole => (StatusCode::OK, 0, size),
        Part::Slice { from, to } => (StatusCode::PARTIAL_CONTENT, from, to),
        Part::Unsatisfiable => return nothing(),
    };
    if !given.have.spans.covers(from, to) {
        return nothing();
    }
    let path = given.path;
    let opened = tokio::task::spawn_blocking(move || {
        let mut file = std::fs::File::open(path)?;
        // A file that is shorter than it says is not the one that is meant.
        if file.metadata()?.len() < to {
            return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof));
        }
        file.seek(SeekFrom::Start(from))?;
        Ok(file)
    });
    let Ok(Ok(file)) = opened.await else { return nothing() };
    let mut response = Response::builder()
        .status(status)
        .header(CONTENT_TYPE, "application/octet-stream")
        .header(ACCEPT_RANGES, "bytes")
        .header(CONTENT_LENGTH, to - from);
    if status == StatusCode::PARTIAL_CONTENT {
        response = response.header(CONTENT_RANGE, format!("bytes {from}-{}/{size}", to.saturating_sub(1)));
    }
    let bytes = flowing(desk.clone(), guest.clone(), file, to - from);
    response.body(StreamBody::new(bytes).boxed()).unwrap_or_else(|_| nothing())
}

fn flowing(
    desk: Arc<Desk>,
    guest: Arc<Guest>,
    file: std::fs::File,
    length: u64,
) -> impl futures_util::Stream<Item = std::io::Result<Frame<Bytes>>> + Send + Sync {
    let stream = futures_util::stream::try_unfold((file, length), move |(mut file, left)| {
        let (desk, guest) = (desk.clone(), guest.clone());
        async move {
            guest.stirs();
            if left == 0 {
                return Ok(None);
            }
            let want = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
            desk.flow.take(want as u64).await;
            let read = tokio::task::spawn_blocking(move || {
                let mut buffer = vec![0_u8; want];
                file.read_exact(&mut buffer)?;
                Ok::<_, std::io::Error>((file, buffer))
            });
            let (file, buffer) = read.await.map_err(std::io::Error::other)??;
            desk.gave.fetch_add(want as u64, Ordering::Relaxed);
            guest.stirs();
            Ok(Some((Frame::data(Bytes::from(buffer)), (file, left - want as u64))))
        }
    });
    SyncStream(std::sync::Mutex::new(Box::pin(stream)))
}

type Frames = std::pin::Pin<Box<dyn futures_util::Stream<Item = std::io::Result<Frame<Bytes>>> + Send>>;

/// A boxed body must be `Sync`; this one is only ever polled by its connection.
struct SyncStream(std::sync::Mutex<Frames>);

impl futures_util::Stream for SyncStream {
    type Item = std::io::Result<Frame<Bytes>>;

    fn poll_next(
        self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        let inner = self.get_mut().0.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        inner.as_mut().poll_next(cx)
    }
}

/// A random name for this computer, for as long as the program runs.
pub fn random_id() -> std::io::Result<PeerId> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|e| std::io::Error::other(e.to_string()))?;
    Ok(PeerId::new(bytes))
}
