//! One connection as a task: asks, and tells what comes.

use std::sync::Arc;

use bytes::Bytes;
use daypack_engine::transfer::Event;
use daypack_lms::{Ask, Line};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::Place;

/// Pieces of a body that wait to be written, for each worker: a slow disk slows the line down.
const AHEAD: usize = 32;

/// What is told to the haul.
pub(super) enum Heard {
    /// By a worker.
    Of {
        worker: u32,
        /// Which of its questions this belongs to.
        question: u64,
        event: Event,
        bytes: Option<Bytes>,
        /// Held until the bytes are written.
        _room: Option<OwnedSemaphorePermit>,
    },
    /// By a check.
    Event(Event),
    /// A fresh address, or none.
    Address(usize, Option<Place>),
}

/// A worker; its task ends when this is dropped.
pub(super) struct Worker {
    asks: mpsc::UnboundedSender<(u64, Ask)>,
    question: u64,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Worker {
    pub fn start(id: u32, line: Box<dyn Line>, heard: mpsc::UnboundedSender<Heard>) -> Self {
        let (asks, questions) = mpsc::unbounded_channel();
        Self { asks, question: 0, task: tokio::spawn(work(id, line, questions, heard)) }
    }

    pub fn ask(&mut self, ask: Ask) {
        self.question += 1;
        let _ = self.asks.send((self.question, ask));
    }

    pub fn question(&self) -> u64 {
        self.question
    }
}

async fn work(
    worker: u32,
    mut line: Box<dyn Line>,
    mut questions: mpsc::UnboundedReceiver<(u64, Ask)>,
    heard: mpsc::UnboundedSender<Heard>,
) {
    let room = Arc::new(Semaphore::new(AHEAD));
    while let Some((question, ask)) = questions.recv().await {
        let tell = |event, bytes, _room| {
            let _ = heard.send(Heard::Of { worker, question, event, bytes, _room });
        };
        let connected = |rtt| tell(Event::Connected { worker, rtt }, None, None);
        match line.ask(&ask, &connected).await {
            Ok(head) => tell(Event::Head { worker, head }, None, None),
            Err(how) => {
                tell(Event::Broke { worker, how }, None, None);
                continue;
            }
        }
        loop {
            let Ok(place) = room.clone().acquire_owned().await else { return };
            match line.next().await {
                Some(Ok(bytes)) => {
                    tell(Event::Bytes { worker, len: bytes.len() as u64 }, Some(bytes), Some(place));
                }
                Some(Err(how)) => {
                    tell(Event::Broke { worker, how }, None, None);
                    break;
                }
                None => {
                    tell(Event::Ended { worker }, None, None);
                    break;
                }
            }
        }
    }
}
