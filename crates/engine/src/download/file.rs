//! One file on its way here.

use std::collections::BTreeMap;

use daypack_course::TimeMs;
use serde::{Deserialize, Serialize};

use super::{BACKOFF_BASE_MS, BACKOFF_CAP_MS, FailWhy, SOURCE_WAIT_CAP_MS, SPOILED_LIMIT, Want};
use crate::backoff;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct File {
    /// The jobs that need it, each with its place in study order there.
    pub owners: BTreeMap<String, u32>,
    pub size: Option<u64>,
    pub have: u64,
    pub proof: bool,
    pub done: bool,
    /// Which bytes it is to be, where that is known.
    #[serde(default)]
    pub version: Option<String>,
    /// The files it comes together with.
    #[serde(default)]
    pub batch: Option<String>,
    /// Failures in a row without a new byte.
    pub fails: u32,
    /// Times its bytes were wrong or changed.
    pub spoiled: u32,
    pub not_before: TimeMs,
    pub waits_for_link: bool,
    /// `not_before` was named by the source.
    pub asked: bool,
    /// Set aside until the learner resumes.
    pub stuck: Option<FailWhy>,
}

impl File {
    pub fn new(now: TimeMs) -> Self {
        Self {
            owners: BTreeMap::new(),
            size: None,
            have: 0,
            proof: false,
            done: false,
            version: None,
            batch: None,
            fails: 0,
            spoiled: 0,
            not_before: now,
            waits_for_link: false,
            asked: false,
            stuck: None,
        }
    }

    /// Whether a want asks for another version than the one known, which is not here.
    pub fn is_other(&self, want: &Want) -> bool {
        !want.here && want.version.is_some() && self.version != want.version
    }

    /// Takes in a want. A finished file stays finished, whatever an older look at the disk says.
    pub fn want(&mut self, want: Want, running: bool, now: TimeMs) {
        if self.is_other(&want) {
            self.done = false;
            self.have = 0;
        }
        self.owners.insert(want.job, want.priority);
        self.proof |= want.proof;
        if want.version.is_some() {
            self.version.clone_from(&want.version);
        }
        self.batch = want.batch;
        if self.done {
            return;
        }
        self.size = want.size.or(self.size);
        if !running {
            self.have = want.have;
        }
        self.forgive(now);
        if want.here {
            self.finish();
        }
    }

    pub fn received(&mut self, bytes: u64, running: bool) {
        if bytes > self.have {
            self.fails = 0;
        }
        // A source that cannot continue sends the file from its start: the count may fall while it runs.
        self.have = if running { bytes } else { self.have.max(bytes) };
    }

    pub fn finish(&mut self) {
        self.done = true;
        self.stuck = None;
        self.have = self.size.unwrap_or(self.have);
        self.size = Some(self.have);
    }

    pub fn fail(&mut self, key: &str, why: FailWhy, seed: u64, now: TimeMs) {
        self.fails = self.fails.saturating_add(1);
        let own = now.plus(backoff::wait_ms(seed, key, self.fails, BACKOFF_BASE_MS, BACKOFF_CAP_MS));
        self.not_before = own;
        self.asked = false;
        self.waits_for_link = false;
        match why {
            FailWhy::Unreachable | FailWhy::Stalled => self.waits_for_link = true,
            FailWhy::Later { not_before } => {
                self.not_before = not_before.map_or(own, |source| source.max(own));
                self.asked = true;
            }
            FailWhy::Changed | FailWhy::WrongBytes => {
                self.have = 0;
                self.spoiled = self.spoiled.saturating_add(1);
                if self.spoiled >= SPOILED_LIMIT {
                    self.stuck = Some(why);
                }
            }
            FailWhy::Refused | FailWhy::NoSpace | FailWhy::SignIn => self.stuck = Some(why),
        }
    }

    /// The learner asks again: failures are forgotten, an instant named by the source is not.
    pub fn forgive(&mut self, now: TimeMs) {
        self.fails = 0;
        self.spoiled = 0;
        self.stuck = None;
        if !self.asked {
            self.free(now);
        }
    }

    pub fn free(&mut self, now: TimeMs) {
        self.not_before = now;
        self.waits_for_link = false;
        self.asked = false;
    }

    /// A clock that was set back must not turn a minute into a week.
    pub fn mend_wait(&mut self, now: TimeMs) {
        let longest = if self.asked { SOURCE_WAIT_CAP_MS } else { BACKOFF_CAP_MS };
        self.not_before = self.not_before.min(now.plus(longest));
    }

    pub fn is_left(&self) -> bool {
        !self.done && self.stuck.is_none()
    }
}
