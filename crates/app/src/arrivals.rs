//! Lectures that are played while they come.
//!
//! What must stay true: a piece leaves only after its digest fitted (`servers::file` compares each); who waits for one
//! says so to whoever brings it; what is here is never waited for. Only files whose pieces have digests can be played so.

use std::collections::BTreeMap;
use std::io::{Error, ErrorKind};
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use daypack_course::Digest;
use daypack_engine::transfer::Spans;
use daypack_store::SparseFile;
use tokio::sync::watch;

use crate::App;
use crate::neighbours::Loading;

/// A piece that somebody waits for is looked for so often.
const LOOK: Duration = Duration::from_millis(150);
/// Where nothing brings the file, so often.
const LOOK_IDLE: Duration = Duration::from_secs(1);
/// So many bytes from where it plays come before all else of the file.
const AHEAD: u64 = 8 << 20;

/// A file that is being brought.
#[derive(Debug)]
struct Arrival {
    loading: Arc<Loading>,
    urgent: watch::Sender<Option<(u64, u64)>>,
}

/// All files that are being brought and whose pieces have digests.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arrivals(Arc<Mutex<BTreeMap<Digest, Arc<Arrival>>>>);

/// A file that is being brought, as long as this lives.
pub(crate) struct Arriving {
    of: Arrivals,
    object: Digest,
    arrival: Arc<Arrival>,
}

impl Arriving {
    /// Told what of it is proven.
    pub fn loading(&self) -> Arc<Loading> {
        self.arrival.loading.clone()
    }

    /// Says what somebody waits for.
    pub fn urgent(&self) -> watch::Receiver<Option<(u64, u64)>> {
        self.arrival.urgent.subscribe()
    }
}

impl Drop for Arriving {
    fn drop(&mut self) {
        let mut all = self.of.lock();
        // Another course may have begun to bring the same file meanwhile.
        if all.get(&self.object).is_some_and(|arrival| Arc::ptr_eq(arrival, &self.arrival)) {
            all.remove(&self.object);
        }
    }
}

impl Arrivals {
    /// Notes that a file is being brought.
    pub fn begin(&self, object: Digest, loading: Arc<Loading>) -> Arriving {
        let arrival = Arc::new(Arrival { loading, urgent: watch::Sender::new(None) });
        self.lock().insert(object, arrival.clone());
        Arriving { of: self.clone(), object, arrival }
    }

    fn of(&self, object: &Digest) -> Option<Arc<Arrival>> {
        self.lock().get(object).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Digest, Arc<Arrival>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A file that is here in part, for whoever plays it.
#[derive(Clone)]
pub(crate) struct Coming {
    app: App,
    object: Digest,
    size: u64,
}

impl std::fmt::Debug for Coming {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Coming")
            .field("object", &self.object)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

/// How much of a file is here.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parts {
    /// Ranges of bytes.
    pub spans: Spans,
    /// Something brings more of it just now.
    pub is_moving: bool,
}

impl Coming {
    /// The file of `object`, `size` bytes long when it is whole.
    pub fn new(app: &App, object: Digest, size: u64) -> Self {
        Self { app: app.clone(), object, size }
    }

    /// What of it is here.
    pub fn parts(&self) -> Parts {
        if self.app.store().objects().has(&self.object) {
            return Parts { spans: Spans::from(vec![(0, self.size)]), is_moving: false };
        }
        if let Some(arrival) = self.app.arrivals().of(&self.object) {
            return Parts { spans: arrival.loading.seen().proven, is_moving: true };
        }
        let name = self.object.to_string();
        let path = self.app.store().objects().sparse_path(&name);
        let spans = SparseFile::look(&path, &name).map(|held| Spans::from(held.spans)).unwrap_or_default();
        Parts { spans, is_moving: false }
    }

    /// The bytes of a piece, once they are here; whoever asks compares them. Waits until the program ends.
    pub async fn piece(&self, place: Range<u64>) -> std::io::Result<Vec<u8>> {
        let stop = self.app.stopped();
        loop {
            let (coming, wanted) = (self.clone(), place.clone());
            let look = tokio::task::spawn_blocking(move || coming.look(&wanted));
            let (found, is_moving) = look.await.map_err(Error::other)?;
            if let Some(bytes) = found {
                return Ok(bytes);
            }
            if let Some(arrival) = self.app.arrivals().of(&self.object) {
                let wish = Some((place.start, self.size.min(place.start.saturating_add(AHEAD))));
                arrival.urgent.send_if_modified(|now| std::mem::replace(now, wish) != wish);
            }
            let again = tokio::time::sleep(if is_moving { LOOK } else { LOOK_IDLE });
            tokio::select! {
                () = stop.cancelled() => return Err(ErrorKind::Interrupted.into()),
                () = again => {}
            }
        }
    }

    /// The bytes, when they are here; and whether more is being brought.
    fn look(&self, place: &Range<u64>) -> (Option<Vec<u8>>, bool) {
        let objects = self.app.store().objects();
        let parts = self.parts();
        if !parts.spans.covers(place.start, place.end) {
            return (None, parts.is_moving);
        }
        // Between the look and the reading it may have got its name.
        let partial = objects.sparse_path(&self.object.to_string());
        let read = read(&partial, place).or_else(|_| read(&objects.path(&self.object), place));
        (read.ok(), parts.is_moving)
    }
}

fn read(path: &Path, place: &Range<u64>) -> std::io::Result<Vec<u8>> {
    use std::io::{Read as _, Seek as _, SeekFrom};
    let mut file = std::fs::File::open(path)?;
    file.seek(SeekFrom::Start(place.start))?;
    let length = usize::try_from(place.end - place.start).map_err(|_| ErrorKind::InvalidInput)?;
    let mut bytes = vec![0; length];
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}
