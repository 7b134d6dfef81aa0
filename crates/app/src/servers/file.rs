//! One registered file and how it goes out.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, Response as HttpResponse, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use daypack_course::Digest;
use daypack_course::package::ChunkList;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};

use super::nothing;
use super::pace::Pace;
use super::range::{Part, read};
use crate::arrivals::Coming;

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
    /// What its bytes are compared with as they go out; `None`: they were compared before.
    pub proof: Option<Proof>,
    /// It is here in part: what is missing is waited for. Needs a proof.
    pub(crate) coming: Option<Coming>,
}

/// Pieces with a digest each: a damaged one is not sent, and said.
#[derive(Clone)]
pub struct Proof {
    /// The pieces.
    pub list: Arc<ChunkList>,
    /// Told when one is damaged.
    pub on_damage: Arc<dyn Fn() + Send + Sync>,
}

impl std::fmt::Debug for Proof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proof").field("object", &self.list.object).finish_non_exhaustive()
    }
}

/// Answers a request for `served`.
pub async fn send(served: &Served, method: &Method, headers: &HeaderMap) -> Response {
    let (mut file, size) = match (&served.coming, &served.proof) {
        (Some(_), Some(proof)) => (None, proof.list.size),
        _ => {
            let Ok(file) = tokio::fs::File::open(&served.path).await else { return nothing() };
            let Ok(size) = file.metadata().await.map(|m| m.len()) else { return nothing() };
            // One that was cut is served as what it should be: what is missing is said where it is missing.
            (Some(file), served.proof.as_ref().map_or(size, |proof| proof.list.size))
        }
    };
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
        if let Some(file) = &mut file
            && from > 0
            && file.seek(std::io::SeekFrom::Start(from)).await.is_err()
        {
            return nothing();
        }
        let pieces = match (file, &served.coming) {
            (Some(file), _) => Pieces::Here(file),
            (None, Some(coming)) => Pieces::Coming(coming.clone()),
            (None, None) => return nothing(),
        };
        match (&served.proof, pieces) {
            (Some(proof), pieces) => Body::from_stream(proven(pieces, from..to, served.pace, proof.clone())),
            (None, Pieces::Here(file)) => Body::from_stream(paced(file, to - from, served.pace)),
            (None, Pieces::Coming(_)) => return nothing(),
        }
    };
    response.body(body).unwrap_or_else(|_| nothing())
}

fn safe_value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static("application/octet-stream"))
}

/// Where pieces are read.
enum Pieces {
    Here(tokio::fs::File),
    Coming(Coming),
}

impl Pieces {
    async fn read(&mut self, place: Range<u64>) -> std::io::Result<Vec<u8>> {
        match self {
            Self::Here(file) => {
                let mut piece = vec![0_u8; usize::try_from(place.end - place.start).unwrap_or(0)];
                file.seek(std::io::SeekFrom::Start(place.start)).await?;
                file.read_exact(&mut piece).await?;
                Ok(piece)
            }
            Self::Coming(coming) => coming.piece(place).await,
        }
    }
}

/// As [`paced`], each piece compared before a byte of it leaves.
fn proven(
    pieces: Pieces,
    range: Range<u64>,
    pace: Option<Pace>,
    proof: Proof,
) -> impl futures_util::Stream<Item = std::io::Result<Bytes>> {
    struct Sending {
        pieces: Pieces,
        /// What is left to be sent, and of it what is compared already.
        range: Range<u64>,
        ready: Bytes,
        sent: u64,
        started: Instant,
    }
    let sending = Sending { pieces, range, ready: Bytes::new(), sent: 0, started: Instant::now() };
    futures_util::stream::try_unfold((sending, proof), move |(mut s, proof)| async move {
        if s.range.is_empty() {
            return Ok(None);
        }
        if let Some(pace) = pace {
            let wait = pace.wait(s.sent, s.started.elapsed());
            if !wait.is_zero() {
                tokio::time::sleep(wait).await;
            }
        }
        if s.ready.is_empty() {
            let at = s.range.start;
            let found = proof.list.placed().find(|(place, _)| place.contains(&at));
            let Some((place, chunk)) = found else {
                return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof));
            };
            let piece = s.pieces.read(place.clone()).await.unwrap_or_default();
            if piece.len() as u64 != u64::from(chunk.length) || Digest::of(&piece) != chunk.digest {
                (proof.on_damage)();
                return Err(std::io::Error::from(std::io::ErrorKind::InvalidData));
            }
            let skip = usize::try_from(at - place.start).unwrap_or(0);
            let end = usize::try_from(place.end.min(s.range.end) - place.start).unwrap_or(0);
            s.ready = Bytes::from(piece).slice(skip..end);
        }
        let bytes = s.ready.split_to(s.ready.len().min(CHUNK));
        s.range.start += bytes.len() as u64;
        s.sent += bytes.len() as u64;
        Ok(Some((bytes, (s, proof))))
    })
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
