//! The tap that all downloads drink from: one cap for all connections together, and no byte that was not written down
//! as used before.
//!
//! What must stay true: bytes are taken from a line only while there is an allowance; what was taken is counted, and
//! told once ([`Tap::settle`]). The time for which the tap holds a line back is not a silence of its source
//! ([`Transport::held_ms`]).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::http::HeaderMap;
use bytes::Bytes;
use daypack_course::TimeMs;
use daypack_engine::allowance::{Bucket, on_the_wire};
use daypack_engine::transfer::{Broke, Head};
use daypack_lms::connector::Answering;
use daypack_lms::{Ask, Line, Transport};
use tokio::sync::Notify;

/// One tap for the whole program.
#[derive(Clone)]
pub struct Tap(Arc<Inner>);

struct Inner {
    born: Instant,
    state: Mutex<State>,
    /// The allowance grew.
    filled: Notify,
    /// The allowance runs low.
    low: Notify,
}

#[derive(Default)]
struct State {
    bucket: Bucket,
    /// Bytes that may still be taken; `None`: nobody counts (a tool without a library).
    allowed: Option<u64>,
    /// Below this the owner is told.
    low_at: u64,
    /// Taken and not told yet.
    taken: u64,
    waiting: u32,
    waits_since: Option<Instant>,
    waited: Duration,
}

impl Default for Tap {
    fn default() -> Self {
        Self(Arc::new(Inner {
            born: Instant::now(),
            state: Mutex::default(),
            filled: Notify::new(),
            low: Notify::new(),
        }))
    }
}

impl Tap {
    /// A closed tap: nothing comes before [`Tap::settle`].
    pub fn closed() -> Self {
        let tap = Self::default();
        tap.state().allowed = Some(0);
        tap
    }

    /// Everything that `transport` brings goes through this tap.
    pub fn over(&self, transport: Arc<dyn Transport>) -> Arc<dyn Transport> {
        Arc::new(Tapped { tap: self.clone(), transport })
    }

    /// The cap, in bytes per second, all lines together.
    pub fn set_cap(&self, cap: Option<u64>) {
        let now = self.now();
        self.state().bucket.set(cap, now);
        self.0.filled.notify_waiters();
    }

    /// Tells `count` what was taken since the last time, and allows as many bytes more as it returns.
    pub fn settle(&self, count: impl FnOnce(u64) -> u64) {
        let mut state = self.state();
        let allowed = count(std::mem::take(&mut state.taken));
        state.allowed = Some(allowed);
        state.low_at = allowed / 2;
        drop(state);
        // Who waits asks for more when it looks: with nothing there it would ask for ever.
        if allowed > 0 {
            self.0.filled.notify_waiters();
        }
    }

    /// Waits until the allowance runs low.
    pub async fn low(&self) {
        self.0.low.notified().await;
    }

    fn now(&self) -> TimeMs {
        TimeMs(i64::try_from(self.0.born.elapsed().as_millis()).unwrap_or(i64::MAX))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for its turn to take a piece.
    async fn draw(&self) {
        let mut waits: Option<Waiting<'_>> = None;
        loop {
            // Asked for before looking, so that no word in between is missed.
            let filled = self.0.filled.notified();
            let sleep = {
                let mut state = self.state();
                if state.allowed == Some(0) {
                    self.0.low.notify_one();
                    None
                } else {
                    let now = self.now();
                    match state.bucket.ask(now) {
                        Ok(()) => return,
                        Err(ms) => Some(Duration::from_millis(ms)),
                    }
                }
            };
            waits.get_or_insert_with(|| Waiting::begin(self));
            match sleep {
                Some(sleep) => tokio::time::sleep(sleep).await,
                None => filled.await,
            }
        }
    }

    fn took(&self, bytes: u64) {
        let bytes = on_the_wire(bytes);
        let mut state = self.state();
        state.bucket.took(bytes);
        state.taken = state.taken.saturating_add(bytes);
        if let Some(allowed) = state.allowed {
            let left = allowed.saturating_sub(bytes);
            state.allowed = Some(left);
            if left <= state.low_at {
                self.0.low.notify_one();
            }
        }
    }

    fn held_ms(&self) -> i64 {
        let state = self.state();
        let open = state.waits_since.map_or(Duration::ZERO, |since| since.elapsed());
        i64::try_from((state.waited + open).as_millis()).unwrap_or(i64::MAX)
    }
}

/// A line that waits at the tap; over when dropped.
struct Waiting<'a>(&'a Tap);

impl<'a> Waiting<'a> {
    fn begin(tap: &'a Tap) -> Self {
        let mut state = tap.state();
        state.waiting += 1;
        state.waits_since.get_or_insert_with(Instant::now);
        drop(state);
        Self(tap)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.waiting = state.waiting.saturating_sub(1);
        if state.waiting == 0
            && let Some(since) = state.waits_since.take()
        {
            state.waited += since.elapsed();
        }
    }
}

struct Tapped {
    tap: Tap,
    transport: Arc<dyn Transport>,
}

impl Transport for Tapped {
    fn line(&self) -> Box<dyn Line> {
        Box::new(TappedLine { tap: self.tap.clone(), line: self.transport.line() })
    }

    fn held_ms(&self) -> i64 {
        self.tap.held_ms().saturating_add(self.transport.held_ms())
    }
}

struct TappedLine {
    tap: Tap,
    line: Box<dyn Line>,
}

impl Line for TappedLine {
    fn ask<'a>(
        &'a mut self,
        ask: &'a Ask,
        connected: &'a (dyn Fn(i64) + Send + Sync),
    ) -> Answering<'a, Result<Head, Broke>> {
        Box::pin(async move {
            self.tap.draw().await;
            self.line.ask(ask, connected).await
        })
    }

    fn headers(&self) -> &HeaderMap {
        self.line.headers()
    }

    fn next(&mut self) -> Answering<'_, Option<Result<Bytes, Broke>>> {
        Box::pin(async move {
            self.tap.draw().await;
            let next = self.line.next().await;
            if let Some(Ok(bytes)) = &next {
                self.tap.took(bytes.len() as u64);
            }
            next
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn nothing_is_taken_that_was_not_allowed_and_what_was_taken_is_told_once() {
        let tap = Tap::closed();
        let waits = tokio::time::timeout(Duration::from_secs(60), tap.draw());
        assert!(waits.await.is_err(), "closed");
        tap.settle(|_| 1_000);
        tap.draw().await;
        tap.took(2_500);
        assert!(tokio::time::timeout(Duration::from_secs(60), tap.draw()).await.is_err(), "used up");
        let mut told = 0;
        tap.settle(|taken| {
            told = taken;
            1_000
        });
        assert_eq!(told, 2_600);
        tap.settle(|taken| taken);
        tap.low().await;
        let asked = tokio::time::timeout(Duration::from_secs(60), async {
            tokio::join!(tap.draw(), async {
                tap.low().await;
                tap.settle(|_| 0);
                tap.low().await;
                unreachable!("asked again although nothing was given");
            })
        });
        assert!(asked.await.is_err());
        assert!(tokio::time::timeout(Duration::from_secs(60), tap.draw()).await.is_err(), "nothing more");
    }
}
