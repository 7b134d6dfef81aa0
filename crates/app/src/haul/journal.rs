//! When what came is noted: never before it was synced, and never more than [`LOSS`](super::LOSS) bytes late.

use std::time::{Duration, Instant};

use daypack_engine::Transfer;
use daypack_engine::transfer::Spans;
use daypack_store::sparse::Note;
use daypack_store::{SparseFile, StoreError};
use tokio::task::JoinHandle;

use super::LOSS;

/// A slow link's bytes wait no longer than this.
const EVERY: Duration = Duration::from_secs(5);

pub(super) struct Journal {
    file: SparseFile,
    /// Noted, or about to be.
    noted: Spans,
    cut: Vec<(u64, u64)>,
    told: (Option<u64>, Option<String>),
    busy: Option<JoinHandle<Result<(), StoreError>>>,
    last: Instant,
}

impl Journal {
    pub fn new(file: SparseFile, noted: Spans) -> Self {
        Self { file, noted, cut: Vec::new(), told: (None, None), busy: None, last: Instant::now() }
    }

    /// Begins a note when there is enough to say; waits for the one before when too much would be unsaid.
    pub async fn keep_up(&mut self, transfer: &Transfer) -> Result<(), StoreError> {
        if self.busy.as_ref().is_some_and(JoinHandle::is_finished) {
            self.rest().await?;
        }
        let unsaid = transfer.held().len().saturating_sub(self.noted.len());
        if unsaid >= LOSS / 2 && self.busy.is_some() {
            self.rest().await?;
        }
        let is_time = unsaid > 0 && self.last.elapsed() >= EVERY;
        if self.busy.is_none() && (unsaid >= LOSS / 2 || is_time || !self.cut.is_empty()) {
            self.begin(transfer);
        }
        Ok(())
    }

    /// Notes all there is and waits for it.
    pub async fn all(&mut self, transfer: &Transfer) -> Result<(), StoreError> {
        self.rest().await?;
        self.begin(transfer);
        self.rest().await
    }

    /// Waits for the note under way.
    pub async fn rest(&mut self) -> Result<(), StoreError> {
        match self.busy.take() {
            Some(busy) => busy.await.unwrap_or_else(|_| Err(std::io::Error::other("note").into())),
            None => Ok(()),
        }
    }

    pub fn forget(&mut self, from: u64, to: u64) {
        self.noted.remove(from, to);
        self.cut.push((from, to));
    }

    pub async fn anew(&mut self, size: Option<u64>) -> Result<(), StoreError> {
        self.rest().await?;
        self.noted = Spans::default();
        self.cut.clear();
        self.told = (None, None);
        self.file.anew(size)
    }

    fn begin(&mut self, transfer: &Transfer) {
        self.last = Instant::now();
        let mut add = Vec::new();
        for (from, to) in transfer.held().iter() {
            let mut at = from;
            while let Some((a, b)) = self.noted.gap(at, to) {
                add.push((a, b));
                at = b;
            }
        }
        let says = (transfer.size(), transfer.validator().map(str::to_owned));
        let is_news = says != self.told;
        if add.is_empty() && self.cut.is_empty() && !is_news {
            return;
        }
        self.told.clone_from(&says);
        self.noted = transfer.held().clone();
        let note = Note {
            add,
            cut: std::mem::take(&mut self.cut),
            size: says.0.filter(|_| is_news),
            validator: says.1.filter(|_| is_news),
            proof: None,
        };
        let file = self.file.clone();
        self.busy = Some(tokio::task::spawn_blocking(move || file.commit(&note)));
    }
}
