//! Whether sites can be reached. Online means: a site answered as itself, not that there is a network.
//!
//! What must stay true: any answer of a site to any call makes it online at once; one failed call does not make
//! it offline, a probe decides; while it is not online, probes come 2 s to 5 min apart; while it is online and
//! nothing was heard for a while, a probe checks that it still holds.

use daypack_course::TimeMs;
use serde::{Deserialize, Serialize};

use crate::backoff;

/// First wait between probes.
pub const PROBE_BASE_MS: i64 = 2_000;
/// Longest wait between probes.
pub const PROBE_CAP_MS: i64 = 5 * 60_000;
/// Online and silent for so long: probed.
pub const IDLE_CHECK_MS: i64 = 5 * 60_000;

/// What is known of the connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReachState {
    /// Nobody was asked yet.
    #[default]
    Unknown,
    /// A site answered.
    Online,
    /// Nobody answers.
    Offline,
    /// The network answers in the site's place and wants its own page opened first.
    Portal,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum ReachEvent {
    /// The program starts.
    Restarted,
    /// A site answered any call, a probe included, with anything that only it can say (errors count).
    Answered,
    /// A call other than a probe did not reach its site.
    CallFailed,
    /// A probe did not reach any site.
    ProbeFailed,
    /// Something else answered in the site's place, to a probe or a call.
    PortalSeen,
    /// The system reports another network, or the computer woke up.
    NetworkChanged,
    /// The learner asks to try now.
    LearnerRetries,
    /// Time passed.
    Tick,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "effect", content = "value", rename_all = "snake_case")]
pub enum ReachEffect {
    /// Ask a site for something small; report `Answered`, `PortalSeen` or `ProbeFailed`.
    Probe,
    /// It is different now: tell the other machines (`LinkUp` when `Online`, else `LinkDown`) and the learner.
    Changed(ReachState),
    /// Step with `Tick` at this instant; replaces any earlier wish.
    WakeAt(TimeMs),
}

/// Whether sites can be reached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reach {
    seed: u64,
    state: ReachState,
    since: TimeMs,
    last_contact: Option<TimeMs>,
    /// Probes in a row that led to nothing.
    misses: u32,
    /// The next probe.
    due: TimeMs,
    #[serde(skip)]
    probing: bool,
    /// The network is another one: the next answer is told even when it was online before.
    #[serde(skip)]
    is_new_network: bool,
}

impl Reach {
    /// Nothing known; the seed only spreads probes, one per computer.
    pub fn new(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    /// What is known.
    pub fn state(&self) -> ReachState {
        self.state
    }

    /// Since when.
    pub fn since(&self) -> TimeMs {
        self.since
    }

    /// When a site last answered.
    pub fn last_contact(&self) -> Option<TimeMs> {
        self.last_contact
    }

    /// Takes in an event; returns what to do.
    pub fn step(&mut self, event: ReachEvent, now: TimeMs) -> Vec<ReachEffect> {
        let mut out = Vec::new();
        match event {
            ReachEvent::Restarted => {
                self.probing = false;
                self.begin_again(now);
                self.put(ReachState::Unknown, now, &mut out);
            }
            ReachEvent::Answered => {
                self.probing = false;
                self.misses = 0;
                self.last_contact = Some(now);
                self.due = now.plus(IDLE_CHECK_MS);
                if std::mem::take(&mut self.is_new_network) && self.state == ReachState::Online {
                    out.push(ReachEffect::Changed(ReachState::Online));
                }
                self.put(ReachState::Online, now, &mut out);
            }
            ReachEvent::CallFailed => {
                if self.state == ReachState::Online {
                    self.due = now;
                }
            }
            // A probe that an answer has overtaken is old news.
            ReachEvent::ProbeFailed if self.probing => self.missed(ReachState::Offline, now, &mut out),
            ReachEvent::ProbeFailed => {}
            ReachEvent::PortalSeen => self.missed(ReachState::Portal, now, &mut out),
            ReachEvent::NetworkChanged => {
                // Whatever is being asked was asked over the old network.
                self.probing = false;
                self.is_new_network = true;
                self.begin_again(now);
            }
            ReachEvent::LearnerRetries => self.begin_again(now),
            ReachEvent::Tick => {}
        }
        self.plan(now, &mut out);
        out
    }

    fn begin_again(&mut self, now: TimeMs) {
        self.misses = 0;
        self.due = now;
    }

    fn missed(&mut self, state: ReachState, now: TimeMs, out: &mut Vec<ReachEffect>) {
        self.probing = false;
        self.misses = self.misses.saturating_add(1);
        let wait = backoff::wait_ms(self.seed, "probe", self.misses, PROBE_BASE_MS * 2, PROBE_CAP_MS);
        self.due = now.plus(wait.max(PROBE_BASE_MS));
        self.put(state, now, out);
    }

    fn put(&mut self, state: ReachState, now: TimeMs, out: &mut Vec<ReachEffect>) {
        if self.state != state {
            self.state = state;
            self.since = now;
            out.push(ReachEffect::Changed(state));
        }
    }

    fn plan(&mut self, now: TimeMs, out: &mut Vec<ReachEffect>) {
        if self.probing {
            return;
        }
        // A clock that was set back must not turn minutes into a week.
        self.due = self.due.min(now.plus(PROBE_CAP_MS.max(IDLE_CHECK_MS)));
        if self.due <= now {
            self.probing = true;
            out.push(ReachEffect::Probe);
        } else {
            out.push(ReachEffect::WakeAt(self.due));
        }
    }
}
