//! A folder, a `.daypack` file or a stick as a mirror: its packages are read like any other place, only nearer.
//!
//! What must stay true: names are those of a package and never lead elsewhere; what is read is proven like any byte
//! that comes over a line. A stick may be gone at any moment and come back.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::HeaderMap;
use bytes::Bytes;
use daypack_engine::transfer::{Broke, Head};
use daypack_formats::package::{Source, sources_in};
use daypack_lms::connector::Answering;
use daypack_lms::{Ask, Line, Transport};

use super::Place;
use super::mirrors::{Mirror, Named, Share};

/// Bytes that are read at a time.
const PIECE: u64 = 256 << 10;

type Package = Arc<dyn Source>;

/// The packages in and below a folder, or of one file.
pub struct Stick {
    root: PathBuf,
    packages: Mutex<Vec<Package>>,
}

impl Stick {
    /// A mirror of what lies at `root`, now or whenever it is there.
    pub fn at(root: &Path) -> Self {
        let stick = Self { root: root.to_owned(), packages: Mutex::default() };
        stick.look();
        stick
    }

    /// How many packages were found when it was looked at last.
    pub fn packages(&self) -> usize {
        self.packages.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn look(&self) {
        let found = sources_in(&self.root).into_iter().map(Arc::from).collect();
        *self.packages.lock().unwrap_or_else(PoisonError::into_inner) = found;
    }
}

impl Mirror for Stick {
    fn share(&self, file: &Named) -> Option<Share> {
        if self.packages() == 0 {
            self.look();
        }
        let packages = self.packages.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let package = packages.into_iter().find(|package| package.has(&file.path))?;
        let url = url::Url::parse(&format!("daypack-stick:/{}", file.path)).ok()?;
        let lines: Arc<dyn Transport> = Arc::new(Lines { package, path: file.path.clone(), size: file.size });
        Some(Share { place: Place { url, secret: None, transport: Some(lines) }, gives: None, near: true })
    }
}

#[derive(Clone)]
struct Lines {
    package: Package,
    path: String,
    size: u64,
}

impl Transport for Lines {
    fn line(&self) -> Box<dyn Line> {
        Box::new(Reading { of: self.clone(), at: 0, to: 0, headers: HeaderMap::new() })
    }
}

struct Reading {
    of: Lines,
    at: u64,
    to: u64,
    headers: HeaderMap,
}

impl Line for Reading {
    fn ask<'a>(
        &'a mut self,
        ask: &'a Ask,
        connected: &'a (dyn Fn(i64) + Send + Sync),
    ) -> Answering<'a, Result<Head, Broke>> {
        Box::pin(async move {
            if ask.anew {
                connected(1);
            }
            (self.at, self.to) = (ask.from, ask.to.unwrap_or(self.of.size).min(self.of.size));
            Ok(Head {
                status: 206,
                range: Some((self.at, self.to)),
                total: Some(self.of.size),
                is_framed: true,
                reply: 1,
                ..Head::default()
            })
        })
    }

    fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    fn next(&mut self) -> Answering<'_, Option<Result<Bytes, Broke>>> {
        Box::pin(async move {
            if self.at >= self.to {
                return None;
            }
            let (of, from, to) = (self.of.clone(), self.at, self.to.min(self.at + PIECE));
            let read = tokio::task::spawn_blocking(move || of.package.part(&of.path, from..to)).await;
            match read {
                Ok(Ok(bytes)) if bytes.len() as u64 == to - from => {
                    self.at = to;
                    Some(Ok(Bytes::from(bytes)))
                }
                // Pulled out, or shorter than it should be.
                _ => Some(Err(Broke::Cut)),
            }
        })
    }
}
