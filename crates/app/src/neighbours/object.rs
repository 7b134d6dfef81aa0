//! One object on its way and the computers nearby: asks them what they have, and turns `engine::peers` into mirrors.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use daypack_course::package::{CHUNKED_ABOVE, ObjectRef};
use daypack_course::{CourseId, Digest, TimeMs};
use daypack_engine::peers::{Event, PeerId, Says, Share, Sharing};
use daypack_engine::transfer::Spans;
use url::Url;

use super::ask::Asking;
use super::line::{NearLines, Pieces};
use super::{Neighbours, mirror_name, shared};
use crate::App;
use crate::haul::Place;
use crate::haul::mirrors::{self, Mirror, Named};
use crate::runner::pieces;
use crate::servers::near::Have;

/// The mirror that only says what others are about to have.
pub(super) const EXPECTED: &str = "near, expected";
/// Before the first round of questions is over nothing is asked of the source, for at most so long.
const FIRST: Duration = Duration::from_millis(1_500);
/// Between two rounds.
const ROUND: Duration = Duration::from_secs(1);
/// That others get on is said again after so long, where nothing else is new.
const RETELL: Duration = Duration::from_secs(10);
/// The first rounds follow each other faster.
const FIRST_ROUNDS: [Duration; 3] =
    [Duration::from_millis(150), Duration::from_millis(300), Duration::from_millis(600)];

/// An object that is brought, and what is known of it nearby.
pub(super) struct Open {
    pieces: Pieces,
    sharing: Sharing,
    pub share: Share,
    began: Instant,
    was_heard: bool,
}

/// A computer nearby, as a mirror.
pub(super) struct NearMirror {
    pub app: App,
    pub near: Neighbours,
    pub peer: PeerId,
}

impl Mirror for NearMirror {
    fn share(&self, file: &Named) -> Option<mirrors::Share> {
        let object = self.near.open(&self.app, file)?;
        let state = self.near.state();
        let open = state.objects.get(&object)?;
        let gives = open.share.peers.get(&self.peer)?;
        let at = state.peers.get(&self.peer)?.at;
        let url = Url::parse(&format!("http://{at}/objects/{object}")).ok()?;
        let lines =
            NearLines { near: self.near.clone(), peer: self.peer, at, object, pieces: open.pieces.clone() };
        let place = Place { url, secret: None, transport: Some(Arc::new(lines)) };
        Some(mirrors::Share { place, gives: Some(gives.clone().into()), near: true })
    }

    fn lied(&self, _: &Named) {
        self.near.lied(self.peer);
    }
}

/// What nobody has yet and somebody nearby brings.
pub(super) struct Expected {
    pub app: App,
    pub near: Neighbours,
}

impl Mirror for Expected {
    fn share(&self, _: &Named) -> Option<mirrors::Share> {
        None
    }

    fn awaited(&self, file: &Named) -> Vec<(u64, u64)> {
        let Some(object) = self.near.open(&self.app, file) else { return Vec::new() };
        let state = self.near.state();
        let Some(open) = state.objects.get(&object) else { return Vec::new() };
        if state.peers.is_empty() {
            return Vec::new();
        }
        if !open.was_heard {
            return if open.began.elapsed() < FIRST { vec![(0, file.size)] } else { Vec::new() };
        }
        let mut awaited = Spans::default();
        awaited.add(0, file.size);
        open.share.source.iter().for_each(|(from, to)| awaited.remove(from, to));
        awaited.into()
    }
}

impl Neighbours {
    /// The object of a file, once it may be asked for nearby; the first time its rounds begin.
    fn open(&self, app: &App, file: &Named) -> Option<Digest> {
        let object = Digest::parse(file.path.strip_prefix("o/")?).ok()?;
        {
            let state = self.state();
            if state.objects.contains_key(&object) {
                return Some(object);
            }
            if state.peers.is_empty() || state.stop.is_none() || !self.loading().contains_key(&object) {
                return None;
            }
        }
        // Nobody is told the name of anything that is not for everyone.
        if !shared::is_marked(app.store(), &file.course) {
            return None;
        }
        let pieces = pieces_of(app, &file.course, &object, file.size)?;
        let sharing = Sharing::new(self.0.me, object, &pieces.ends(), app.now());
        let open = Open { pieces, sharing, share: Share::default(), began: Instant::now(), was_heard: false };
        if self.state().objects.insert(object, open).is_none() {
            app.spawn(rounds(app.clone(), self.clone(), object));
        }
        Some(object)
    }

    /// A computer nearby did not give what it said.
    pub(super) fn fell(&self, peer: PeerId, object: &Digest) {
        let now = steady();
        if let Some(open) = self.state().objects.get_mut(object) {
            open.share = open.sharing.step(Event::Fell { peer }, now);
        }
    }

    /// A computer nearby gave wrong bytes: it is left.
    pub(super) fn lied(&self, peer: PeerId) {
        let now = steady();
        tracing::warn!("a computer nearby gave wrong bytes");
        let mut state = self.state();
        state.lied.insert(peer);
        state.peers.remove(&peer);
        for open in state.objects.values_mut() {
            open.share = open.sharing.step(Event::Lied { peer }, now);
        }
    }
}

fn pieces_of(app: &App, course: &CourseId, object: &Digest, size: u64) -> Option<Pieces> {
    if size <= CHUNKED_ABOVE {
        return Some(Pieces::Whole(*object, size));
    }
    let kept = pieces::kept(app.store(), course).ok()?;
    let list = kept.lists.get(&object.to_string())?;
    let list = pieces::list_here(app.store(), &ObjectRef { digest: *object, size }, list)?;
    Some(Pieces::List(Arc::new(list)))
}

/// A clock that nobody sets.
fn steady() -> TimeMs {
    static BEGAN: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    let since = BEGAN.get_or_init(Instant::now).elapsed().as_millis();
    TimeMs(i64::try_from(since).unwrap_or(i64::MAX))
}

/// Asks all that are near, again and again, as long as the object is on its way.
async fn rounds(app: App, near: Neighbours, object: Digest) {
    let mut lines: BTreeMap<PeerId, Asking> = BTreeMap::new();
    let mut waits = FIRST_ROUNDS.into_iter();
    let mut got_by_all = 0_u64;
    let mut told_at = Instant::now();
    loop {
        let Some(loading) = near.loading().get(&object).cloned() else { return };
        let peers: Vec<(PeerId, SocketAddr)> =
            near.state().peers.iter().map(|(id, peer)| (*id, peer.at)).collect();
        let asked = peers.into_iter().map(|(id, at)| {
            let line = lines.remove(&id);
            async move {
                let mut line = match line {
                    Some(line) => Some(line),
                    None => Asking::connect(at).await,
                };
                let have: Option<Have> = match &mut line {
                    Some(line) => line.small(&format!("/have/{object}")).await,
                    None => None,
                };
                (id, line, have)
            }
        });
        let told = futures_util::future::join_all(asked).await;
        let mut is_news = false;
        {
            let mut state = near.state();
            let Some(open) = state.objects.get_mut(&object) else { return };
            let now = steady();
            // While others get on, this one waits with good reason.
            let got = told.iter().filter_map(|(_, _, have)| have.as_ref()).map(|have| have.got).sum();
            let they_get_on = got > std::mem::replace(&mut got_by_all, got);
            for (peer, line, have) in told {
                let has_answer = have.is_some();
                let event = match have {
                    Some(have) if have.size == loading.size => Event::Said { peer, says: says(have) },
                    _ => Event::Gone { peer },
                };
                open.sharing.step(event, now);
                // A line that gave no answer may be dead; it is made anew.
                if let Some(line) = line.filter(|_| has_answer) {
                    lines.insert(peer, line);
                }
            }
            let share = open.sharing.step(Event::Held { held: loading.seen().held }, now);
            is_news |= share != open.share
                || !open.was_heard
                || (share.is_waiting && they_get_on && told_at.elapsed() >= RETELL);
            open.was_heard = true;
            let passed_over = share.passed_over.clone();
            open.share = share;
            for other in state.objects.values_mut() {
                for peer in &passed_over {
                    other.sharing.step(Event::PassedOver { peer: *peer }, now);
                }
            }
        }
        if is_news {
            told_at = Instant::now();
            app.mirrors().touch();
        }
        tokio::time::sleep(waits.next().unwrap_or(ROUND)).await;
    }
}

fn says(have: Have) -> Says {
    // What is said to be here cannot be more than there is.
    let within = |spans: Spans| {
        let mut within = spans;
        within.remove(have.size, u64::MAX);
        within
    };
    Says {
        has: within(have.spans),
        is_loading: have.loading,
        brings: within(have.brings),
        got: have.got.min(have.size),
    }
}

/// Puts a computer nearby among the mirrors.
pub(super) fn put(app: &App, near: &Neighbours, peer: PeerId) {
    let mirror = NearMirror { app: app.clone(), near: near.clone(), peer };
    app.mirrors().put(&mirror_name(&peer), Arc::new(mirror));
}
