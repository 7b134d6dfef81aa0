//! What to ask a site for, so that a look at a site where nothing happened costs next to nothing.
//!
//! Sites say in one answer which activities changed since an instant of their own clock; only those are asked. Such
//! hints miss some things (what was deleted, renamed or moved), so once a day everything is asked and the outline is
//! compared. What must stay true: a course counts as heard up to an instant only when everything that was asked for
//! came; an answer that did not come, came empty or was refused makes nothing forgotten; clocks of sites and ours are
//! not mixed.

use std::collections::{BTreeMap, BTreeSet};

use daypack_course::TimeMs;
use serde::{Deserialize, Serialize};

/// Sites leave out what changed in the very second that is asked from, and a change may be noted late.
pub const OVERLAP_MS: i64 = 30_000;
/// So often everything is asked and the outline is compared, whatever the hints say.
pub const WHOLE_EVERY_MS: i64 = 24 * 3_600_000;
/// So often everything is asked of a course whose hints are refused.
pub const REFUSED_EVERY_MS: i64 = 3_600_000;

/// What is known of an account's courses; the caller names them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct News {
    courses: BTreeMap<String, Known>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Known {
    /// By the site's clock: all up to here was heard.
    heard: Option<TimeMs>,
    /// By ours: when everything was asked.
    whole: Option<TimeMs>,
    /// By ours: when the outline was compared.
    compared: Option<TimeMs>,
    /// Activities that were asked at least once.
    activities: BTreeSet<String>,
}

/// An activity where work can come back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activity {
    /// Its id at the site.
    pub id: String,
    /// By the site's clock: from here on it may show what it did not before, and no hint says so.
    pub closes: Option<TimeMs>,
}

/// What changed in an activity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hint {
    /// Grades, comments, posts, attempts; and whatever is not understood.
    pub work: bool,
    /// Its files or its text.
    pub content: bool,
    /// Its name, dates or rules.
    pub settings: bool,
}

/// The site's word on a course.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hints {
    /// Activities that changed, by id.
    Told(BTreeMap<String, Hint>),
    /// Not asked, or no answer came.
    Untold,
    /// The site does not say.
    Refused,
}

/// What to ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Activities to ask, by id, in the caller's order.
    pub activities: Vec<String>,
    /// These are all there are.
    pub whole: bool,
    /// The outline is to be compared.
    pub compare: bool,
}

impl News {
    /// From which instant of the site's clock to ask for hints; `None` where everything is asked anyway.
    pub fn since(&self, course: &str, now: TimeMs) -> Option<TimeMs> {
        let known = self.courses.get(course)?;
        let is_whole = is_due(known.whole, WHOLE_EVERY_MS, now);
        known.heard.filter(|_| !is_whole).map(|heard| heard.plus(-OVERLAP_MS))
    }

    /// What to ask of a course; `site_now` is the site's clock as of the hints.
    pub fn plan(
        &self,
        course: &str,
        activities: &[Activity],
        hints: &Hints,
        site_now: TimeMs,
        now: TimeMs,
    ) -> Plan {
        let known = self.courses.get(course).cloned().unwrap_or_default();
        let every = if *hints == Hints::Refused { REFUSED_EVERY_MS } else { WHOLE_EVERY_MS };
        let whole = known.heard.is_none() || is_due(known.whole, every, now);
        let nothing = BTreeMap::new();
        let told = match hints {
            Hints::Told(told) => told,
            Hints::Untold | Hints::Refused => &nothing,
        };
        let is_asked = |activity: &&Activity| {
            whole
                || !known.activities.contains(&activity.id)
                || told.get(&activity.id).is_some_and(|hint| hint.work)
                || activity.closes.is_some_and(|at| known.heard.is_some_and(|h| h <= at) && at < site_now)
        };
        let compare =
            is_due(known.compared, WHOLE_EVERY_MS, now) || told.values().any(|h| h.settings || h.content);
        Plan {
            activities: activities.iter().filter(is_asked).map(|a| a.id.clone()).collect(),
            whole,
            compare,
        }
    }

    /// Everything that `plan` named came; `hints` are those it was made of.
    pub fn came(&mut self, course: &str, plan: &Plan, hints: &Hints, site_now: TimeMs, now: TimeMs) {
        let known = self.courses.entry(course.to_owned()).or_default();
        known.activities.extend(plan.activities.iter().cloned());
        if plan.whole {
            known.whole = Some(now);
        }
        if plan.whole || matches!(hints, Hints::Told(_)) {
            known.heard = Some(site_now);
        }
    }

    /// The outline was compared with the site's.
    pub fn compared(&mut self, course: &str, now: TimeMs) {
        self.courses.entry(course.to_owned()).or_default().compared = Some(now);
    }

    /// A learner opens the course: whether its outline is to be compared, because that was `every` ms ago.
    pub fn is_stale(&self, course: &str, every: i64, now: TimeMs) -> bool {
        is_due(self.courses.get(course).and_then(|known| known.compared), every, now)
    }

    /// Courses that are not there any more are not remembered.
    pub fn retain(&mut self, courses: &BTreeSet<String>) {
        self.courses.retain(|course, _| courses.contains(course));
    }
}

/// Whether something last done at `last` is to be done again. A clock that went back makes it due.
fn is_due(last: Option<TimeMs>, every: i64, now: TimeMs) -> bool {
    last.is_none_or(|last| !(0..every).contains(&now.since(last)))
}
