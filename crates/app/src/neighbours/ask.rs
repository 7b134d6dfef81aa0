//! Asking a computer nearby: HTTP/1.1 over a connection of our own, to one private address, with limits on everything.
//!
//! What must stay true: nobody else is asked than the address at hand (no redirects, no proxy, no names), and an answer
//! is never longer than was asked for.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::SendRequest;
use hyper::header::{CONTENT_LENGTH, CONTENT_RANGE, HOST, RANGE};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;

use crate::servers::near::is_near;

/// A computer nearby answers at once or not at all.
const PATIENCE: Duration = Duration::from_secs(3);
/// A small answer is at most so long, in bytes.
const SMALL: usize = 256 << 10;

/// A connection to one computer nearby.
pub(super) struct Asking {
    to: SocketAddr,
    sender: SendRequest<Empty<Bytes>>,
}

impl Asking {
    /// Connects; `None` when it does not answer.
    pub async fn connect(to: SocketAddr) -> Option<Self> {
        if !is_near(to.ip()) || to.port() < 1024 {
            return None;
        }
        let stream = tokio::time::timeout(PATIENCE, TcpStream::connect(to)).await.ok()?.ok()?;
        let _ = stream.set_nodelay(true);
        let (sender, connection) = hyper::client::conn::http1::Builder::new()
            .max_headers(24)
            .max_buf_size(64 * 1024)
            .handshake(TokioIo::new(stream))
            .await
            .ok()?;
        tokio::spawn(async move {
            let _ = connection.await;
        });
        Some(Self { to, sender })
    }

    async fn send(&mut self, path: &str, range: Option<(u64, u64)>) -> Option<Response<Incoming>> {
        let mut request = Request::get(path).header(HOST, self.to.to_string());
        if let Some((from, to)) = range {
            request = request.header(RANGE, format!("bytes={from}-{}", to.saturating_sub(1)));
        }
        let request = request.body(Empty::new()).ok()?;
        let asked = async {
            self.sender.ready().await.ok()?;
            self.sender.send_request(request).await.ok()
        };
        tokio::time::timeout(PATIENCE, asked).await.ok()?
    }

    /// A small answer in JSON.
    pub async fn small<T: DeserializeOwned>(&mut self, path: &str) -> Option<T> {
        let response = self.send(path, None).await?;
        let is_there = response.status().as_u16() == 200;
        let body = tokio::time::timeout(PATIENCE, Limited::new(response.into_body(), SMALL).collect());
        let body = body.await.ok()?.ok()?.to_bytes();
        if is_there { serde_json::from_slice(&body).ok() } else { None }
    }

    /// The bytes `[from, to)` of an object of `size` bytes, as a body; `None` unless exactly these are promised.
    pub async fn bytes(&mut self, path: &str, (from, to): (u64, u64), size: u64) -> Option<Incoming> {
        let response = self.send(path, Some((from, to))).await?;
        let header = |name| response.headers().get(name).and_then(|v| v.to_str().ok());
        let range = format!("bytes {from}-{}/{size}", to.saturating_sub(1));
        let fits = response.status().as_u16() == 206
            && header(CONTENT_RANGE) == Some(range.as_str())
            && header(CONTENT_LENGTH) == Some((to - from).to_string().as_str());
        fits.then(|| response.into_body())
    }
}
