//! A line to a computer nearby: only bytes whose digest fitted come out of it.
//!
//! What must stay true: whole pieces are asked for and compared in memory, before anything of them is handed on; so a
//! wrong byte from nearby never reaches the disk. Who gave one is named.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use daypack_course::Digest;
use daypack_course::package::ChunkList;
use daypack_engine::peers::PeerId;
use daypack_engine::transfer::{Broke, Head};
use daypack_lms::connector::Answering;
use daypack_lms::{Ask, Line, Transport};
use http_body_util::BodyExt as _;
use hyper::HeaderMap;
use hyper::body::Incoming;

use super::Neighbours;
use super::ask::Asking;

/// A computer nearby that sends nothing for so long has gone.
const SILENCE: Duration = Duration::from_secs(8);

/// What proves the pieces of an object.
#[derive(Clone, Debug)]
pub(super) enum Pieces {
    /// Each by itself.
    List(Arc<ChunkList>),
    /// One piece: all of a small object.
    Whole(Digest, u64),
}

impl Pieces {
    /// Bytes in all.
    pub fn size(&self) -> u64 {
        match self {
            Self::List(list) => list.size,
            Self::Whole(_, size) => *size,
        }
    }

    /// Where pieces end.
    pub fn ends(&self) -> Vec<u64> {
        match self {
            Self::List(list) => list.placed().map(|(range, _)| range.end).collect(),
            Self::Whole(_, size) => vec![*size],
        }
    }

    /// The pieces that have bytes in `[from, to)`: where they lie, and their digests.
    fn over(&self, from: u64, to: u64) -> Vec<(u64, u64, Digest)> {
        match self {
            Self::List(list) => list
                .placed()
                .filter(|(range, _)| range.end > from && range.start < to)
                .map(|(range, chunk)| (range.start, range.end, chunk.digest))
                .collect(),
            Self::Whole(digest, size) => vec![(0, *size, *digest)],
        }
    }
}

/// Makes lines to one computer for one object.
pub(super) struct NearLines {
    pub near: Neighbours,
    pub peer: PeerId,
    pub at: SocketAddr,
    pub object: Digest,
    pub pieces: Pieces,
}

impl Transport for NearLines {
    fn line(&self) -> Box<dyn Line> {
        Box::new(NearLine {
            near: self.near.clone(),
            peer: self.peer,
            at: self.at,
            object: self.object,
            pieces: self.pieces.clone(),
            kept: None,
            coming: None,
            headers: HeaderMap::new(),
        })
    }
}

struct Coming {
    body: Incoming,
    /// The pieces still to come, the next one last.
    pieces: Vec<(u64, u64, Digest)>,
    /// Bytes of the next one.
    have: BytesMut,
    /// What was asked for.
    wanted: (u64, u64),
}

struct NearLine {
    near: Neighbours,
    peer: PeerId,
    at: SocketAddr,
    object: Digest,
    pieces: Pieces,
    kept: Option<Asking>,
    coming: Option<Coming>,
    headers: HeaderMap,
}

impl Line for NearLine {
    fn ask<'a>(
        &'a mut self,
        ask: &'a Ask,
        connected: &'a (dyn Fn(i64) + Send + Sync),
    ) -> Answering<'a, Result<Head, Broke>> {
        Box::pin(async move {
            if self.coming.take().is_some() || ask.anew {
                self.kept = None;
            }
            let size = self.pieces.size();
            let wanted = (ask.from, ask.to.unwrap_or(size).min(size));
            let mut pieces = self.pieces.over(wanted.0, wanted.1);
            let (Some(first), Some(last)) = (pieces.first().copied(), pieces.last().copied()) else {
                return Err(Broke::Nonsense);
            };
            let began = Instant::now();
            let mut asking = match self.kept.take() {
                Some(kept) => kept,
                None => {
                    let Some(asking) = Asking::connect(self.at).await else {
                        self.near.fell(self.peer, &self.object);
                        return Err(Broke::Unreachable);
                    };
                    connected(millis(began));
                    asking
                }
            };
            let asked = Instant::now();
            let path = format!("/objects/{}", self.object);
            let Some(body) = asking.bytes(&path, (first.0, last.1), size).await else {
                self.near.fell(self.peer, &self.object);
                return Err(Broke::Cut);
            };
            pieces.reverse();
            self.kept = Some(asking);
            self.coming = Some(Coming { body, pieces, have: BytesMut::new(), wanted });
            Ok(Head {
                status: if ask.to.is_some() { 206 } else { 200 },
                range: ask.to.is_some().then_some(wanted),
                total: Some(size),
                is_framed: true,
                reply: millis(asked),
                ..Head::default()
            })
        })
    }

    fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    fn next(&mut self) -> Answering<'_, Option<Result<Bytes, Broke>>> {
        Box::pin(async move {
            let coming = self.coming.as_mut()?;
            loop {
                let Some(&(from, to, digest)) = coming.pieces.last() else {
                    self.coming = None;
                    return None;
                };
                let whole = usize::try_from(to - from).unwrap_or(usize::MAX);
                if coming.have.len() >= whole {
                    let piece = coming.have.split_to(whole).freeze();
                    coming.pieces.pop();
                    if Digest::of(&piece) != digest {
                        self.coming = None;
                        self.kept = None;
                        self.near.lied(self.peer);
                        return Some(Err(Broke::Nonsense));
                    }
                    let (a, b) = (coming.wanted.0.max(from), coming.wanted.1.min(to));
                    let at = |at: u64| usize::try_from(at - from).unwrap_or(usize::MAX);
                    self.near.0.got.fetch_add(b - a, Ordering::Relaxed);
                    return Some(Ok(piece.slice(at(a)..at(b))));
                }
                match tokio::time::timeout(SILENCE, coming.body.frame()).await {
                    Ok(Some(Ok(frame))) => {
                        if let Ok(bytes) = frame.into_data() {
                            coming.have.extend_from_slice(&bytes);
                        }
                    }
                    _ => {
                        self.coming = None;
                        self.kept = None;
                        self.near.fell(self.peer, &self.object);
                        return Some(Err(Broke::Cut));
                    }
                }
            }
        })
    }
}

fn millis(since: Instant) -> i64 {
    i64::try_from(since.elapsed().as_millis()).unwrap_or(i64::MAX)
}
