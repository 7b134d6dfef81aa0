//! Bringing one file here: performs what `engine::transfer` decides.
//!
//! What must stay true: a byte is noted as here only after it was synced; at most [`LOSS`] bytes come between two
//! notes; nothing is called done that the engine did not call done. Each connection is a task of its own, and all end
//! with the haul.

pub mod door;
mod journal;
pub mod mirrors;
pub mod stick;
pub mod tap;
mod worker;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use daypack_course::package::ChunkList;
use daypack_course::{Digest, TimeMs};
use daypack_engine::transfer::{Effect, Event, Fault, Limits, Mood, Plan, Proof, Spans, Transfer};
use daypack_lms::{Secret, Transport};
use daypack_store::sparse::Held;
use daypack_store::{SparseFile, StoreError};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use url::Url;

use journal::Journal;
use mirrors::{Mirrors, Named};
use worker::{Heard, Worker};

/// At most so many bytes are fetched again after a crash or a power cut.
pub const LOSS: u64 = 1 << 20;

/// How a file is proven.
#[derive(Clone, Debug)]
pub enum ProofOf {
    /// Piece by piece.
    Chunks(Arc<ChunkList>),
    /// By the digest of the whole.
    Whole(Digest),
    /// By length and the source's validator only.
    Length,
}

impl ProofOf {
    /// Names the proof, for the log beside the file.
    pub fn name(&self) -> String {
        match self {
            Self::Chunks(list) => list.object.to_string(),
            Self::Whole(digest) => digest.to_string(),
            Self::Length => String::new(),
        }
    }

    fn for_engine(&self) -> Proof {
        match self {
            Self::Chunks(list) => Proof::Chunks { ends: list.placed().map(|(range, _)| range.end).collect() },
            Self::Whole(_) => Proof::Whole,
            Self::Length => Proof::Length,
        }
    }
}

/// Where a file is.
#[derive(Clone)]
pub struct Place {
    /// Address without what is secret.
    pub url: Url,
    /// Query parameter for that address's origin.
    pub secret: Option<(String, Secret)>,
    /// Lines that lead there; those of the errand when not given.
    pub transport: Option<Arc<dyn Transport>>,
}

impl Place {
    /// A place without secret, by the errand's lines.
    pub fn at(url: Url) -> Self {
        Self { url, secret: None, transport: None }
    }
}

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Place").field("url", &self.url.as_str()).finish_non_exhaustive()
    }
}

/// Bytes that somebody waits for while the file is on its way: said by whoever reads it, heard by the haul.
pub type Urgent = tokio::sync::watch::Receiver<Option<(u64, u64)>>;

/// Asks for a fresh address of a place whose address has expired.
pub type Refresh =
    Arc<dyn Fn(usize) -> futures_util::future::BoxFuture<'static, Option<Place>> + Send + Sync>;

/// What to bring.
#[derive(Clone)]
pub struct Errand {
    /// Where it is, best first.
    pub places: Vec<Place>,
    /// How it is proven.
    pub proof: ProofOf,
    /// Size in bytes, when known.
    pub size: Option<u64>,
    /// Whether a web page would be a file in its own right.
    pub page_expected: bool,
    /// The numbers.
    pub limits: Limits,
    /// Spreads waits.
    pub seed: u64,
    /// For addresses that expire.
    pub refresh: Option<Refresh>,
    /// Ranges that are not to be brought; whole chunks.
    pub unwanted: Vec<(u64, u64)>,
    /// Who else may have it.
    pub mirrors: Option<(Mirrors, Named)>,
    /// What is needed first.
    pub urgent: Option<Urgent>,
    /// Told what is proven, for computers nearby.
    pub seen: Option<Arc<crate::neighbours::Loading>>,
}

impl Errand {
    /// From these places, with the usual numbers.
    pub fn new(places: Vec<Place>, proof: ProofOf) -> Self {
        Self {
            places,
            proof,
            size: None,
            page_expected: false,
            limits: Limits::default(),
            seed: u64::from(std::process::id()),
            refresh: None,
            unwanted: Vec::new(),
            mirrors: None,
            urgent: None,
            seen: None,
        }
    }
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// How it goes.
    pub mood: Mood,
    /// Bytes here.
    pub have: u64,
    /// Of them proven.
    pub proven: u64,
    /// Bytes in all, when known.
    pub size: Option<u64>,
    /// Bytes that came in this life.
    pub received: u64,
    /// Of them without use.
    pub wasted: u64,
    /// Connections.
    pub workers: usize,
    /// Connections aimed at.
    pub aim: u32,
}

/// A file that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hauled {
    /// Its size.
    pub size: u64,
    /// The validator it came with.
    pub validator: Option<String>,
    /// How it went, at the end.
    pub progress: Progress,
}

/// Why it did not come.
#[derive(Debug, thiserror::Error)]
pub enum HaulError {
    /// By name.
    #[error("{0:?}")]
    Fault(Fault),
    /// The disk.
    #[error(transparent)]
    Disk(#[from] StoreError),
    /// It was told to stop; what is here is noted.
    #[error("stopped")]
    Stopped,
}

/// Brings the file into `file`; `held` is what opening it told. The caller gives it its name.
pub async fn haul(
    transport: Arc<dyn Transport>,
    mut errand: Errand,
    file: SparseFile,
    held: Held,
    stop: CancellationToken,
    tell: impl FnMut(&Progress) + Send,
) -> Result<Hauled, HaulError> {
    let (heard, ears) = mpsc::unbounded_channel();
    let shares = errand.mirrors.as_ref().map(|(mirrors, file)| mirrors.shares(file)).unwrap_or_default();
    let mut names: Vec<Option<String>> = vec![None; errand.places.len()];
    let mut offers = Vec::new();
    for (name, share) in shares {
        offers.push((errand.places.len(), share.gives.map(Spans::from), share.near));
        names.push(Some(name));
        errand.places.push(share.place);
    }
    let plan = Plan {
        seed: errand.seed,
        size: errand.size.or(held.size.filter(|_| matches!(errand.proof, ProofOf::Length))),
        proof: errand.proof.for_engine(),
        sources: errand.places.len(),
        held: held.spans.clone().into(),
        unwanted: errand.unwanted.clone().into(),
        validator: held.validator.clone(),
        page_expected: errand.page_expected,
        limits: errand.limits.clone(),
    };
    let mut transfer = Transfer::new(plan);
    offers.into_iter().for_each(|(source, gives, near)| transfer.know(source, gives, near));
    let began = (Instant::now(), wall().saturating_add(transport.held_ms()));
    let journal = Journal::new(file.clone(), transfer.held().clone());
    let cart = Cart {
        transport,
        errand,
        file,
        transfer,
        journal,
        names,
        workers: BTreeMap::new(),
        heard,
        wake: None,
        began,
        mood: Mood::Silent,
        told: None,
        tell,
    };
    cart.run(ears, stop).await
}

fn wall() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(0)
}

/// When there is something to listen to, and it changed.
async fn changed<T>(to: &mut Option<tokio::sync::watch::Receiver<T>>) {
    match to {
        Some(receiver) => {
            if receiver.changed().await.is_err() {
                // Nobody is left to say anything.
                *to = None;
            }
        }
        None => std::future::pending().await,
    }
}

struct Cart<T> {
    transport: Arc<dyn Transport>,
    errand: Errand,
    file: SparseFile,
    transfer: Transfer,
    journal: Journal,
    /// The mirror of each place, where it is one.
    names: Vec<Option<String>>,
    workers: BTreeMap<u32, Worker>,
    heard: mpsc::UnboundedSender<Heard>,
    wake: Option<TimeMs>,
    began: (Instant, i64),
    mood: Mood,
    told: Option<Instant>,
    tell: T,
}

enum End {
    Done,
    Failed(Fault),
}

impl<T: FnMut(&Progress) + Send> Cart<T> {
    fn now(&self) -> TimeMs {
        // A clock that is set while the file comes must not be taken for a silence.
        let passed = i64::try_from(self.began.0.elapsed().as_millis()).unwrap_or(0);
        // Nor the time for which our own cap holds them back.
        TimeMs(self.began.1.saturating_add(passed).saturating_sub(self.transport.held_ms()))
    }

    async fn run(
        mut self,
        mut ears: mpsc::UnboundedReceiver<Heard>,
        stop: CancellationToken,
    ) -> Result<Hauled, HaulError> {
        let mut end = self.step(Event::Began, None).await?;
        let mut changes = self.errand.mirrors.as_ref().map(|(mirrors, _)| mirrors.changes());
        let mut urgent = self.errand.urgent.clone();
        if end.is_none() && urgent.as_mut().is_some_and(|urgent| urgent.borrow_and_update().is_some()) {
            end = self.hurry().await?;
        }
        if end.is_none() && changes.is_some() {
            end = self.mirrors_changed().await?;
        }
        loop {
            match end {
                Some(End::Done) => {
                    self.workers.clear();
                    self.journal.rest().await?;
                    self.report(true);
                    let size = self.transfer.size().unwrap_or(0);
                    let validator = self.transfer.validator().map(str::to_owned);
                    return Ok(Hauled { size, validator, progress: self.progress() });
                }
                Some(End::Failed(fault)) => {
                    self.workers.clear();
                    self.journal.all(&self.transfer).await?;
                    self.report(true);
                    return Err(HaulError::Fault(fault));
                }
                None => {}
            }
            let now = self.now();
            let sleep = self.wake.map_or(1_000, |at| at.since(now).clamp(0, 60_000));
            let sleep = Duration::from_millis(u64::try_from(sleep).unwrap_or(0));
            end = tokio::select! {
                biased;
                () = stop.cancelled() => {
                    self.workers.clear();
                    self.journal.all(&self.transfer).await?;
                    return Err(HaulError::Stopped);
                }
                heard = ears.recv() => match heard {
                    Some(heard) => self.hear(heard).await?,
                    None => return Err(HaulError::Stopped),
                },
                () = changed(&mut changes) => self.mirrors_changed().await?,
                () = changed(&mut urgent) => self.hurry().await?,
                () = tokio::time::sleep(sleep) => self.step(Event::Tick, None).await?,
            };
            self.journal.keep_up(&self.transfer).await?;
            self.report(false);
        }
    }

    /// Somebody waits for bytes.
    async fn hurry(&mut self) -> Result<Option<End>, HaulError> {
        let wish = self.errand.urgent.as_ref().and_then(|urgent| *urgent.borrow());
        match wish {
            Some((from, to)) => self.step(Event::Urgent { from, to }, None).await,
            None => Ok(None),
        }
    }

    /// Mirrors came, went, or have more.
    async fn mirrors_changed(&mut self) -> Result<Option<End>, HaulError> {
        let Some((mirrors, file)) = self.errand.mirrors.clone() else { return Ok(None) };
        let mut shares: BTreeMap<String, mirrors::Share> = mirrors.shares(&file).into_iter().collect();
        let mut events = vec![Event::Awaited { spans: mirrors.awaited(&file).into() }];
        for (source, name) in self.names.iter().enumerate() {
            let Some(name) = name else { continue };
            events.push(match shares.remove(name) {
                Some(share) => {
                    if let Some(place) = self.errand.places.get_mut(source) {
                        *place = share.place;
                    }
                    Event::Offers { source, gives: share.gives.map(Spans::from), near: share.near }
                }
                None => Event::Gone { source },
            });
        }
        for (name, share) in shares {
            let source = self.errand.places.len();
            self.errand.places.push(share.place);
            self.names.push(Some(name));
            events.push(Event::Offers { source, gives: share.gives.map(Spans::from), near: share.near });
        }
        for event in events {
            if let Some(end) = self.step(event, None).await? {
                return Ok(Some(end));
            }
        }
        Ok(None)
    }

    async fn hear(&mut self, heard: Heard) -> Result<Option<End>, HaulError> {
        match heard {
            Heard::Of { worker, question, event, bytes, .. } => {
                // What a question before left behind is of no interest.
                let is_current = self.workers.get(&worker).is_some_and(|w| w.question() == question);
                if is_current { self.step(event, bytes).await } else { Ok(None) }
            }
            Heard::Event(event) => self.step(event, None).await,
            Heard::Address(source, place) => {
                let found = place.is_some();
                if let (Some(place), Some(slot)) = (place, self.errand.places.get_mut(source)) {
                    *slot = place;
                }
                self.step(Event::Refreshed { source, found }, None).await
            }
        }
    }

    async fn step(&mut self, event: Event, bytes: Option<bytes::Bytes>) -> Result<Option<End>, HaulError> {
        let now = self.now();
        for effect in self.transfer.step(event, now) {
            match effect {
                Effect::Write { skip, len, at } => {
                    let from = usize::try_from(skip).unwrap_or(usize::MAX);
                    let to = from.saturating_add(usize::try_from(len).unwrap_or(usize::MAX));
                    if let Some(piece) = bytes.as_ref().and_then(|b| b.get(from..to)) {
                        self.file.write_at(at, piece)?;
                    }
                }
                Effect::Ask { worker, source, from, to, anew } => self.ask(worker, source, from, to, anew),
                Effect::Close { worker } => {
                    self.workers.remove(&worker);
                }
                Effect::Check { chunk, from, to } => self.check(chunk, from, to),
                Effect::CheckWhole => {
                    self.journal.all(&self.transfer).await?;
                    self.check_whole();
                }
                Effect::Forget { from, to } => self.journal.forget(from, to),
                Effect::Anew { size } => self.journal.anew(size).await?,
                Effect::Sized { size } => self.file.set_size(size)?,
                Effect::Refresh { source } => self.refresh(source),
                Effect::Left { source, why } => {
                    let name = self.names.get(source).cloned().flatten();
                    if let (Some(name), Fault::WrongBytes, Some((mirrors, file))) =
                        (name, why, &self.errand.mirrors)
                    {
                        mirrors.lied(&name, file);
                    }
                }
                Effect::Show { mood } => {
                    self.mood = mood;
                    self.report(true);
                }
                Effect::WakeAt { at } => self.wake = Some(at),
                Effect::Done => return Ok(Some(End::Done)),
                Effect::Failed { why } => return Ok(Some(End::Failed(why))),
            }
        }
        Ok(None)
    }

    fn ask(&mut self, id: u32, source: usize, from: u64, to: Option<u64>, anew: bool) {
        let Some(place) = self.errand.places.get(source).cloned() else { return };
        let transport = place.transport.as_ref().unwrap_or(&self.transport);
        let ask = daypack_lms::Ask { url: place.url, secret: place.secret, from, to, anew };
        let heard = &self.heard;
        self.workers.entry(id).or_insert_with(|| Worker::start(id, transport.line(), heard.clone())).ask(ask);
    }

    fn check(&self, chunk: usize, from: u64, to: u64) {
        let ProofOf::Chunks(list) = &self.errand.proof else { return };
        let expected = list.chunks.get(chunk).map(|c| c.digest);
        let (file, heard) = (self.file.clone(), self.heard.clone());
        tokio::task::spawn_blocking(move || {
            let fits = file.read_at(from, to).is_ok_and(|bytes| Some(Digest::of(&bytes)) == expected);
            let _ = heard.send(Heard::Event(Event::Checked { chunk, fits }));
        });
    }

    fn check_whole(&self) {
        let ProofOf::Whole(expected) = self.errand.proof else { return };
        let size = self.transfer.size().unwrap_or(0);
        let (file, heard) = (self.file.clone(), self.heard.clone());
        tokio::task::spawn_blocking(move || {
            let fits = file.digest(size).is_ok_and(|found| found == expected);
            let _ = heard.send(Heard::Event(Event::CheckedWhole { fits }));
        });
    }

    fn refresh(&self, source: usize) {
        let heard = self.heard.clone();
        let Some(refresh) = self.errand.refresh.clone() else {
            let _ = heard.send(Heard::Address(source, None));
            return;
        };
        tokio::spawn(async move {
            let _ = heard.send(Heard::Address(source, refresh(source).await));
        });
    }

    fn progress(&self) -> Progress {
        let (received, wasted) = self.transfer.traffic();
        let unwanted = self.transfer.unwanted().len();
        Progress {
            mood: self.mood,
            have: self.transfer.held().len().saturating_sub(unwanted),
            proven: self.transfer.proven().len().saturating_sub(unwanted),
            size: self.transfer.size(),
            received,
            wasted,
            workers: self.transfer.workers().0,
            aim: self.transfer.workers().1,
        }
    }

    fn report(&mut self, at_once: bool) {
        if at_once || self.told.is_none_or(|told| told.elapsed() >= Duration::from_millis(200)) {
            self.told = Some(Instant::now());
            let progress = self.progress();
            if let Some(seen) = &self.errand.seen {
                let (mut proven, mut held) = (self.transfer.proven().clone(), self.transfer.held().clone());
                for (from, to) in self.transfer.unwanted().iter() {
                    proven.remove(from, to);
                    held.remove(from, to);
                }
                seen.note(crate::neighbours::Seen { proven, held });
            }
            (self.tell)(&progress);
        }
    }
}
