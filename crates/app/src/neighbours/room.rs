//! Who is near: the listener, what mDNS tells, addresses that were typed, and who of them answers.
//!
//! What must stay true: whoever is found by whatever way is greeted first, at a private address, and counts only when it
//! answered with its name. Where mDNS is blocked one typed address is enough: those greeted tell each other's.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use daypack_course::Digest;
use daypack_engine::peers::PeerId;
use daypack_engine::transfer::Spans;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::ask::Asking;
use super::found::{Found, Heard};
use super::object::{self, EXPECTED, Expected};
use super::{MOST_KNOWN, Neighbours, Now, Peer, mirror_name, shared};
use crate::App;
use crate::api::Event;
use crate::servers::near::{Given, Greeting, Have, NearServer, Shelf, is_near};

/// Everybody is greeted again after so long.
const AGAIN: Duration = Duration::from_secs(10);
/// Without an answer to so many greetings a computer is gone.
const FAILS: u32 = 3;
/// The page is told of changes at most this often.
const TELL: Duration = Duration::from_secs(1);

/// Why sharing does not work although the learner wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unable {
    /// No port could be opened.
    Port,
    /// The network does not let computers find each other; typed addresses work.
    Finding,
}

/// Something that the room should look into.
#[derive(Clone, Debug)]
pub(super) enum Hint {
    /// Somebody may be at this address.
    Ask(SocketAddr),
    /// A greeting was answered, or not.
    Answered(SocketAddr, Option<Greeting>),
}

struct Shop {
    app: App,
    near: Neighbours,
}

impl Shelf for Shop {
    fn given(&self, object: &Digest) -> Option<Given> {
        let state = self.near.state();
        let size = *state.shared.get(object)?;
        let brings = state.objects.get(object).map(|open| open.share.brings.clone()).unwrap_or_default();
        drop(state);
        let objects = self.app.store().objects();
        let whole = objects.path(object);
        // A sealed object is a box of another length: it is not given.
        if std::fs::metadata(&whole).is_ok_and(|m| m.is_file() && m.len() == size) {
            let spans: Spans = vec![(0, size)].into();
            let have = Have { size, spans, loading: false, brings: Spans::default(), got: size };
            return Some(Given { have, path: whole });
        }
        let loading = self.near.loading().get(object).cloned()?;
        let seen = loading.seen();
        let have = Have { size, got: seen.held.len(), spans: seen.proven, loading: true, brings };
        Some(Given { have, path: loading.path.clone() })
    }

    fn greeted(&self, guest: IpAddr, port: Option<u16>) -> Greeting {
        let state = self.near.state();
        let others = state.peers.values().map(|peer| peer.at);
        let near: Vec<SocketAddr> = others.filter(|at| at.ip() != guest || Some(at.port()) != port).collect();
        if let (Some(port), Some(hints)) = (port, &state.hints)
            && state.peers.len() < MOST_KNOWN
        {
            let at = SocketAddr::new(guest, port);
            if !state.peers.values().any(|peer| peer.at == at) {
                let _ = hints.send(Hint::Ask(at));
            }
        }
        Greeting { id: self.near.0.me.to_string(), near }
    }
}

/// Keeps the room until `stop`.
pub(super) async fn keep(
    app: App,
    near: Neighbours,
    hints: mpsc::UnboundedSender<Hint>,
    mut heard: mpsc::UnboundedReceiver<Hint>,
    stop: CancellationToken,
) {
    let shelf = Arc::new(Shop { app: app.clone(), near: near.clone() });
    refresh(&app, &near).await;
    let server = NearServer::start(shelf, near.0.flow.clone(), near.0.gave.clone()).await;
    let Ok(server) = server.inspect_err(|error| tracing::warn!(%error, "no port for computers nearby"))
    else {
        near.state().unable = Some(Unable::Port);
        app.tell(Event::NearChanged {});
        return;
    };
    let port = server.port();
    let (tell, mut news) = mpsc::unbounded_channel();
    let found = Found::start(near.0.me, port, tell)
        .inspect_err(|error| tracing::warn!(%error, "computers nearby cannot be found"));
    {
        let mut state = near.state();
        state.port = Some(port);
        state.unable = found.is_err().then_some(Unable::Finding);
    }
    app.mirrors().put(EXPECTED, Arc::new(Expected { app: app.clone(), near: near.clone() }));
    let mut room = Room { app: app.clone(), near, hints, port, asked: BTreeMap::new(), shown: None };
    let mut again = tokio::time::interval(AGAIN);
    let mut show = tokio::time::interval(TELL);
    let _held = (server, found);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            Some(hint) = heard.recv() => room.hear(hint),
            Some(found) = news.recv() => room.found(found),
            _ = again.tick() => {
                refresh(&app, &room.near).await;
                room.greet_all();
            }
            _ = show.tick() => room.show(),
        }
    }
}

async fn refresh(app: &App, near: &Neighbours) {
    match app.db(shared::all).await {
        Ok(all) => near.state().shared = all,
        Err(error) => tracing::warn!(%error, "what may be given is not known"),
    }
}

struct Room {
    app: App,
    near: Neighbours,
    hints: mpsc::UnboundedSender<Hint>,
    port: u16,
    /// Greetings under way.
    asked: BTreeMap<SocketAddr, ()>,
    shown: Option<Now>,
}

impl Room {
    fn show(&mut self) {
        let now = self.near.now();
        if self.shown.as_ref() != Some(&now) {
            self.shown = Some(now);
            self.app.tell(Event::NearChanged {});
        }
    }

    fn found(&self, heard: Heard) {
        match heard {
            Heard::Came(id, addresses) => {
                let is_known = self.near.state().peers.contains_key(&id);
                if id != self.near.0.me && !is_known {
                    addresses.into_iter().for_each(|at| {
                        let _ = self.hints.send(Hint::Ask(at));
                    });
                }
            }
            // Anybody can say that somebody is gone; whether it is so the next greeting shows.
            Heard::Went(id) => {
                if let Some(peer) = self.near.state().peers.get(&id) {
                    let _ = self.hints.send(Hint::Ask(peer.at));
                }
            }
        }
    }

    fn greet_all(&self) {
        let state = self.near.state();
        let all = state.peers.values().map(|peer| peer.at).chain(state.typed.iter().map(|typed| typed.at));
        all.for_each(|at| {
            let _ = self.hints.send(Hint::Ask(at));
        });
    }

    fn hear(&mut self, hint: Hint) {
        match hint {
            Hint::Ask(at) => {
                let is_new = self.asked.len() < MOST_KNOWN && is_near(at.ip());
                if is_new && self.asked.insert(at, ()).is_none() {
                    let (hints, port) = (self.hints.clone(), self.port);
                    self.app.spawn(async move {
                        let greeting = match Asking::connect(at).await {
                            Some(mut asking) => asking.small(&format!("/peer?port={port}")).await,
                            None => None,
                        };
                        let _ = hints.send(Hint::Answered(at, greeting));
                    });
                }
            }
            Hint::Answered(at, greeting) => {
                self.asked.remove(&at);
                self.answered(at, greeting);
            }
        }
    }

    fn answered(&self, at: SocketAddr, greeting: Option<Greeting>) {
        let id = greeting.as_ref().and_then(|greeting| PeerId::parse(&greeting.id));
        let mut state = self.near.state();
        let is_itself = id == Some(self.near.0.me);
        for typed in state.typed.iter_mut().filter(|typed| typed.at == at) {
            typed.answers = Some(id.is_some() && !is_itself);
        }
        let Some(id) = id else {
            let gone: Vec<PeerId> = state
                .peers
                .iter_mut()
                .filter_map(|(id, peer)| {
                    peer.fails += u32::from(peer.at == at);
                    (peer.fails >= FAILS).then_some(*id)
                })
                .collect();
            gone.iter().for_each(|id| {
                state.peers.remove(id);
            });
            drop(state);
            gone.iter().for_each(|id| {
                self.app.mirrors().remove(&mirror_name(id));
            });
            return;
        };
        if is_itself || state.lied.contains(&id) {
            return;
        }
        if let Some(peer) = state.peers.get_mut(&id) {
            peer.fails = 0;
            return;
        }
        if state.peers.len() >= MOST_KNOWN {
            return;
        }
        state.peers.insert(id, Peer { at, fails: 0 });
        let known: Vec<SocketAddr> = state.peers.values().map(|peer| peer.at).collect();
        drop(state);
        object::put(&self.app, &self.near, id);
        let told = greeting.map(|greeting| greeting.near).unwrap_or_default();
        for other in told.into_iter().filter(|other| !known.contains(other)).take(MOST_KNOWN) {
            let _ = self.hints.send(Hint::Ask(other));
        }
    }
}
