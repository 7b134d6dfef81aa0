//! Sockets that can vanish: a listener that stops listening, and connections that can be cut.
//! Must stay true: a cut connection ends with a reset and not one byte of the reply; offline means refused.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

use crate::switches::Switches;

/// The campus's door.
pub struct Door {
    listener: Option<TcpListener>,
    address: SocketAddr,
    switches: Arc<Switches>,
}

/// The connection a request came by; a handler may cut it.
#[derive(Debug, Clone)]
pub struct Wire {
    cut: Arc<AtomicBool>,
}

/// A connection that fails once it was cut or the link is down.
pub struct Stream {
    inner: TcpStream,
    cut: Arc<AtomicBool>,
    switches: Arc<Switches>,
}

impl Wire {
    /// Nothing more goes out.
    pub fn cut(&self) {
        self.cut.store(true, Ordering::SeqCst);
    }
}

impl Door {
    /// Opens `127.0.0.1:port`.
    pub async fn open(port: u16, switches: Arc<Switches>) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener: Some(listener), address, switches })
    }

    /// Where it is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Listener for Door {
    type Io = Stream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Stream, SocketAddr) {
        loop {
            if self.switches.is_offline() {
                self.listener = None;
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            }
            let Some(listener) = &self.listener else {
                // The port is ours again as soon as the system lets us have it.
                match TcpListener::bind(self.address).await {
                    Ok(listener) => self.listener = Some(listener),
                    Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
                }
                continue;
            };
            let switched = self.switches.link.notified();
            tokio::select! {
                accepted = listener.accept() => {
                    if let Ok((inner, from)) = accepted {
                        let _ = inner.set_nodelay(true);
                        let cut = Arc::new(AtomicBool::new(false));
                        let stream = Stream { inner, cut, switches: Arc::clone(&self.switches) };
                        return (stream, from);
                    }
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                () = switched => {}
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

impl Connected<IncomingStream<'_, Door>> for Wire {
    fn connect_info(stream: IncomingStream<'_, Door>) -> Self {
        Self { cut: Arc::clone(&stream.io().cut) }
    }
}

impl Stream {
    fn broken(&self) -> Option<io::Error> {
        let gone = self.cut.load(Ordering::SeqCst) || self.switches.is_offline();
        gone.then(|| {
            // Unsent bytes are dropped and the peer sees a reset, as when a link breaks.
            let _ = self.inner.set_zero_linger();
            io::Error::from(io::ErrorKind::ConnectionReset)
        })
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(error) = self.broken() {
            return Poll::Ready(Err(error));
        }
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if let Some(error) = self.broken() {
            return Poll::Ready(Err(error));
        }
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(error) = self.broken() {
            return Poll::Ready(Err(error));
        }
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
