//! Computers near this one that share downloads: off until the learner says yes.
//!
//! What must stay true: while it is off nothing listens, nothing is announced and nobody is asked. A computer nearby is
//! never trusted: each byte is proven before it is written ([`line`]). It is never asked for, and never given, anything
//! but pieces of courses whose publisher allows it ([`shared`]). On a connection that costs money all of it rests.

mod ask;
mod found;
mod line;
mod loading;
mod object;
mod room;
pub(crate) mod shared;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use daypack_course::Digest;
use daypack_engine::peers::PeerId;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::App;
use crate::servers::near::doors::Flow;
pub(crate) use loading::{Loading, Seen};
pub use room::Unable;

/// At most so many computers nearby are known at a time.
const MOST_KNOWN: usize = 32;

/// The learner's choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Choice {
    /// Share.
    pub on: bool,
    /// At most so many bytes a second are given; 0 for as fast as it goes.
    pub most: u64,
}

impl Default for Choice {
    fn default() -> Self {
        Self { on: false, most: 2 << 20 }
    }
}

/// A computer that answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Peer {
    pub at: SocketAddr,
    fails: u32,
}

/// An address that was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Typed {
    pub at: SocketAddr,
    /// Whether it answered; `None` before it was asked.
    pub answers: Option<bool>,
}

/// What is known now, for showing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Now {
    pub port: Option<u16>,
    pub near: usize,
    pub typed: Vec<Typed>,
    pub gave: u64,
    pub got: u64,
    pub unable: Option<Unable>,
    pub rests: bool,
}

#[derive(Default)]
struct State {
    port: Option<u16>,
    rests: bool,
    unable: Option<Unable>,
    peers: BTreeMap<PeerId, Peer>,
    typed: Vec<Typed>,
    /// Gave wrong bytes: left until the program starts anew.
    lied: BTreeSet<PeerId>,
    objects: BTreeMap<Digest, object::Open>,
    /// What may be given, with its size.
    shared: BTreeMap<Digest, u64>,
    hints: Option<mpsc::UnboundedSender<room::Hint>>,
    stop: Option<CancellationToken>,
}

/// The part of the program that shares with others nearby. Cheap to clone; all clones are one.
#[derive(Clone)]
pub(crate) struct Neighbours(Arc<Inner>);

struct Inner {
    me: PeerId,
    /// For one command only: nothing is opened.
    is_quiet: bool,
    state: Mutex<State>,
    loading: Mutex<BTreeMap<Digest, Arc<Loading>>>,
    flow: Arc<Flow>,
    gave: Arc<AtomicU64>,
    got: Arc<AtomicU64>,
}

impl Neighbours {
    /// Off. Errors: no random numbers can be had.
    pub fn new(is_quiet: bool) -> std::io::Result<Self> {
        Ok(Self(Arc::new(Inner {
            me: crate::servers::near::random_id()?,
            is_quiet,
            state: Mutex::default(),
            loading: Mutex::default(),
            flow: Arc::new(Flow::new(Choice::default().most)),
            gave: Arc::default(),
            got: Arc::default(),
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known now.
    pub fn now(&self) -> Now {
        let state = self.state();
        Now {
            port: state.port,
            near: state.peers.len(),
            typed: state.typed.clone(),
            gave: self.0.gave.load(Ordering::Relaxed),
            got: self.0.got.load(Ordering::Relaxed),
            unable: state.unable,
            rests: state.rests,
        }
    }

    /// Does as the learner chose; told again at each change of settings or of the connection's price.
    pub fn follow(&self, app: &App, choice: Choice, costs_money: bool) {
        if self.0.is_quiet {
            return;
        }
        self.0.flow.set(choice.most);
        let is_on = choice.on && !costs_money;
        let mut state = self.state();
        state.rests = choice.on && costs_money;
        match (is_on, state.stop.is_some()) {
            (true, false) => {
                let stop = app.stopped().child_token();
                let (hints, heard) = mpsc::unbounded_channel();
                state.stop = Some(stop.clone());
                state.hints = Some(hints.clone());
                drop(state);
                app.spawn(room::keep(app.clone(), self.clone(), hints, heard, stop));
            }
            (false, true) => {
                if let Some(stop) = state.stop.take() {
                    stop.cancel();
                }
                let left: Vec<PeerId> = state.peers.keys().copied().collect();
                *state =
                    State { rests: state.rests, lied: std::mem::take(&mut state.lied), ..State::default() };
                drop(state);
                for peer in left {
                    app.mirrors().remove(&mirror_name(&peer));
                }
                app.mirrors().remove(object::EXPECTED);
            }
            _ => {}
        }
    }

    /// Takes in a typed address.
    pub fn add(&self, at: SocketAddr) {
        let mut state = self.state();
        state.typed.retain(|typed| typed.at != at);
        state.typed.push(Typed { at, answers: None });
        if state.typed.len() > MOST_KNOWN {
            state.typed.remove(0);
        }
        if let Some(hints) = &state.hints {
            let _ = hints.send(room::Hint::Ask(at));
        }
    }

    /// Notes that a file of a shareable course is on its way; while the answer lives others are told what is proven.
    pub fn loads(&self, object: Digest, size: u64, path: std::path::PathBuf) -> Load {
        self.state().shared.insert(object, size);
        let loading = Arc::new(Loading::new(size, path));
        self.loading().insert(object, loading.clone());
        Load { of: self.clone(), object, loading }
    }

    fn loading(&self) -> MutexGuard<'_, BTreeMap<Digest, Arc<Loading>>> {
        self.0.loading.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A file on its way, as long as this lives.
pub(crate) struct Load {
    of: Neighbours,
    object: Digest,
    /// What of it is proven.
    pub loading: Arc<Loading>,
}

impl Drop for Load {
    fn drop(&mut self) {
        self.of.loading().remove(&self.object);
        self.of.state().objects.remove(&self.object);
    }
}

fn mirror_name(peer: &PeerId) -> String {
    format!("near {peer}")
}
