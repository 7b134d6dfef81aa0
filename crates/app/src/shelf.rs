//! A course together with everything known about it on this computer, and the views made from that.
//!
//! Pure once loaded: `Shelf::load` reads the store, everything else only computes.

use std::collections::{BTreeMap, BTreeSet};

use daypack_course::changes::Change;
use daypack_course::deadline::{Dates, Deadline, Moment};
use daypack_course::feedback::Feedback;
use daypack_course::finding::Finding;
use daypack_course::outline::{
    Binding, Course, Item, ItemBody, ItemKind, OnlineKind, OnlineNeed, Origin, Standing, Tier,
};
use daypack_course::work::{Work, WorkState};
use daypack_course::{AssetId, CourseId, ItemId, TimeMs};
use daypack_store::{AssetState, Position, Store, StoreError};

use crate::api::outline::{
    ChangeView, CourseCard, CourseView, Done, Here, ItemLink, ItemRow, JobState, JobView, SectionView,
    TierSize, WorkStep,
};

/// A share from which a lecture counts as watched.
const WATCHED_ENOUGH: f64 = 0.9;

/// A course and what is known about it.
pub(crate) struct Shelf {
    pub course: Course,
    pub assets: BTreeMap<AssetId, AssetState>,
    pub positions: BTreeMap<ItemId, Position>,
    pub readings: BTreeMap<ItemId, f64>,
    pub done: BTreeSet<ItemId>,
    pub begun: BTreeSet<ItemId>,
    pub started_online: BTreeSet<ItemId>,
    pub work: BTreeMap<ItemId, WorkState>,
    pub feedback: BTreeMap<ItemId, Vec<Feedback>>,
    pub seen: BTreeSet<(String, String)>,
    pub findings: Vec<Finding>,
    pub from: String,
    pub job: Option<JobView>,
    pub tier: Tier,
    pub deadlines: BTreeMap<ItemId, Deadline>,
    /// What pages that are here need the internet for.
    pub needs: BTreeMap<ItemId, Vec<OnlineNeed>>,
    /// What changed since the learner last looked.
    pub changes: Vec<Change>,
}

impl Shelf {
    /// Reads a course and all that is known about it; `None` when it is not here.
    pub fn load(
        store: &Store,
        id: &CourseId,
        tier: Tier,
        job: Option<JobView>,
        moment: &dyn Fn(&str) -> Moment,
    ) -> Result<Option<Self>, StoreError> {
        let Some(course) = store.course_get(id)? else { return Ok(None) };
        let mut work = BTreeMap::new();
        for row in store.work_list()?.rows {
            if let Some(item) = item_of(&course, &row.work) {
                // The list is newest first: the first one of an item is the one to show.
                work.entry(item).or_insert(row.state);
            }
        }
        let mut feedback: BTreeMap<ItemId, Vec<Feedback>> = BTreeMap::new();
        let all = store.feedback_all()?;
        for item in course.items() {
            let mut about: Vec<Feedback> =
                all.iter().filter(|f| stands_for(item, &activity(&f.about))).cloned().collect();
            about.sort_by_key(|f| std::cmp::Reverse(f.given));
            if !about.is_empty() {
                feedback.insert(item.id.clone(), about);
            }
        }
        let mut begun = BTreeSet::new();
        let mut started_online = BTreeSet::new();
        let mut readings = BTreeMap::new();
        for item in course.items() {
            match &item.body {
                ItemBody::Quiz(_) => {
                    let attempts = store.attempts_of(id, &item.id)?;
                    if !attempts.is_empty() {
                        begun.insert(item.id.clone());
                        started_online.insert(item.id.clone());
                    }
                }
                ItemBody::Assignment(_) | ItemBody::Discussion(_)
                    if store.draft_get(id, &item.id, "text")?.is_some_and(|d| !d.text.trim().is_empty()) =>
                {
                    begun.insert(item.id.clone());
                }
                ItemBody::Reading(_) => {
                    if let Some(place) = store.reading_get(id, &item.id)? {
                        readings.insert(item.id.clone(), place.scroll);
                    }
                }
                _ => {}
            }
        }
        let from = source_name(store, &course.origin)?;
        let is_there = |id: &ItemId| matches!(work.get(id), Some(WorkState::Accepted { .. }));
        let deadlines = course
            .items()
            .filter(|item| !is_there(&item.id))
            .filter_map(|item| {
                let site = item.bindings.first().map_or("", |b| b.site.as_str());
                Some((item.id.clone(), Dates::of(item).at(moment(site))?))
            })
            .collect();
        Ok(Some(Self {
            assets: store.assets_of(id)?,
            positions: store.all_positions(id)?,
            readings,
            done: store.done_of(id)?.into_iter().filter(|(_, d)| d.done).map(|(item, _)| item).collect(),
            findings: store.findings_get(id)?,
            seen: store.feedback_seen()?,
            begun,
            started_online,
            work,
            feedback,
            from,
            job,
            tier,
            deadlines,
            needs: BTreeMap::new(),
            changes: crate::commands::changes::of(store, id)?,
            course,
        }))
    }

    /// A course of which only the catalogue is known yet: nothing of the learner.
    pub fn unread(course: Course, assets: BTreeMap<AssetId, AssetState>, tier: Tier) -> Self {
        Self {
            from: unread_name(&course.origin),
            assets,
            positions: BTreeMap::new(),
            readings: BTreeMap::new(),
            done: BTreeSet::new(),
            begun: BTreeSet::new(),
            started_online: BTreeSet::new(),
            work: BTreeMap::new(),
            feedback: BTreeMap::new(),
            seen: BTreeSet::new(),
            findings: Vec::new(),
            job: None,
            tier,
            deadlines: BTreeMap::new(),
            needs: BTreeMap::new(),
            changes: Vec::new(),
            course,
        }
    }

    /// Bytes of one asset that are here, and whether it is complete.
    pub fn asset_here(&self, id: &AssetId) -> (u64, bool) {
        self.assets.get(id).map_or((0, false), |s| (s.have, s.complete))
    }

    fn size_of(&self, id: &AssetId) -> Option<u64> {
        match self.assets.get(id) {
            Some(state) if state.complete => Some(state.have),
            _ => self.course.assets.get(id).and_then(|a| a.size),
        }
    }

    /// The files of an item that count for "works offline": what is here of any tier, else the wanted tier.
    pub fn needed(&self, item: &Item) -> Vec<AssetId> {
        if let ItemBody::Video(video) = &item.body {
            let here = video.renditions.iter().find(|r| self.asset_here(&r.asset).1);
            return item.assets(Some(here.map_or(self.tier, |r| r.tier)));
        }
        item.assets(None)
    }

    fn here(&self, item: &Item) -> Here {
        let hard = item.online.iter().any(|need| {
            matches!(need.what, OnlineKind::Tool | OnlineKind::Website | OnlineKind::MissingFile)
        });
        match &item.body {
            ItemBody::Unsupported(_) => return if hard { Here::NeedsInternet } else { Here::NotYet },
            ItemBody::Link(_) => return Here::NeedsInternet,
            ItemBody::Quiz(quiz) if quiz.only_there.is_some() && !self.started_online.contains(&item.id) => {
                return Here::NeedsInternet;
            }
            ItemBody::Quiz(quiz) if quiz.start_online && !self.started_online.contains(&item.id) => {
                return Here::StartsOnline;
            }
            _ => {}
        }
        let needed = self.needed(item);
        let ready = needed.iter().filter(|id| self.asset_here(id).1).count();
        let any = needed.iter().any(|id| self.asset_here(id).0 > 0);
        if ready == needed.len() {
            Here::Ready
        } else if self
            .job
            .as_ref()
            .is_some_and(|job| job.items.contains(&item.id) && job.state != JobState::Done)
        {
            Here::Coming
        } else if any {
            Here::Partly
        } else {
            Here::NotHere
        }
    }

    /// The row of an item.
    pub fn row(&self, item: &Item) -> ItemRow {
        let needed = self.needed(item);
        let size =
            needed.iter().map(|id| self.size_of(id)).try_fold(0_u64, |sum, size| size.map(|s| sum + s));
        let progress = match &item.body {
            ItemBody::Video(video) => self.positions.get(&item.id).map(|p| {
                let length = video.duration_ms.unwrap_or_else(|| {
                    p.watched.intervals().last().map_or(0, |(_, to)| (*to).max(p.position_ms))
                });
                p.watched.share(length)
            }),
            ItemBody::Reading(_) => self.readings.get(&item.id).copied(),
            _ => None,
        };
        let feedback = self.feedback.get(&item.id);
        let work = self.work.get(&item.id);
        let finished = self.done.contains(&item.id)
            || matches!(&item.body, ItemBody::Video(_)) && progress.is_some_and(|p| p >= WATCHED_ENOUGH)
            || work.is_some_and(|state| !matches!(state, WorkState::Refused { .. }))
                && !matches!(&item.body, ItemBody::Video(_) | ItemBody::Reading(_));
        let begun = progress.is_some_and(|p| p > 0.0) || self.begun.contains(&item.id);
        ItemRow {
            id: item.id.clone(),
            title: item.title.clone(),
            summary: item.summary.clone(),
            kind: item.kind(),
            what: match &item.body {
                ItemBody::Unsupported(u) => u.what.clone(),
                _ => item.bindings.first().map(|b| b.module.clone()).unwrap_or_default(),
            },
            minutes: item.minutes,
            here: self.here(item),
            size,
            size_here: needed.iter().map(|id| self.asset_here(id).0).sum(),
            done: match (finished, begun) {
                (true, _) => Done::Yes,
                (false, true) => Done::Started,
                (false, false) => Done::No,
            },
            progress,
            locked: item.locked.clone(),
            online: {
                let mut all = item.online.clone();
                all.extend(self.needs.get(&item.id).into_iter().flatten().cloned());
                all.sort();
                all.dedup();
                all
            },
            standing: item.standing,
            dates: item.dates.clone(),
            work: work.map(step),
            grade: feedback.and_then(|all| all.iter().find_map(|f| f.grade.clone())),
            unseen: feedback.is_some_and(|all| all.iter().any(|f| !is_seen(&self.seen, f))),
            deadline: self.deadlines.get(&item.id).copied(),
        }
    }

    /// The course's card.
    pub fn card(&self) -> CourseCard {
        // Notes are no steps of a course, and what is gone is none any more.
        let is_step =
            |item: &&Item| item.standing != Standing::Gone && !matches!(item.body, ItemBody::Text(_));
        let rows: Vec<ItemRow> = self.course.items().filter(is_step).map(|item| self.row(item)).collect();
        let next = rows
            .iter()
            .find(|row| {
                row.done != Done::Yes
                    && row.locked.is_none()
                    && row.standing != Standing::Gone
                    && !matches!(row.kind, ItemKind::Unsupported | ItemKind::Text)
            })
            .map(|row| ItemLink { id: row.id.clone(), title: row.title.clone(), kind: row.kind });
        CourseCard {
            id: self.course.id.clone(),
            title: self.course.title.clone(),
            summary: daypack_formats::html::plain_text(&self.course.summary),
            origin: self.course.origin.clone(),
            from: self.from.clone(),
            items: count(rows.len()),
            items_ready: count(rows.iter().filter(|r| r.here == Here::Ready).count()),
            items_done: count(rows.iter().filter(|r| r.done == Done::Yes).count()),
            size: self.size_for(self.tier),
            size_here: self.assets.values().map(|s| s.have).sum(),
            next,
            job: self.job.clone(),
            changes: count(self.changes().count()),
        }
    }

    /// What changed, of items that are known here.
    fn changes(&self) -> impl Iterator<Item = ChangeView> {
        self.changes.iter().filter_map(|change| {
            let item = self.course.item(&change.item)?;
            Some(ChangeView {
                item: item.id.clone(),
                title: item.title.clone(),
                what: change.what,
                at: change.at,
            })
        })
    }

    fn size_for(&self, tier: Tier) -> Option<u64> {
        let ids: BTreeSet<AssetId> = self.course.items().flat_map(|item| item.assets(Some(tier))).collect();
        ids.iter().map(|id| self.size_of(id)).try_fold(0_u64, |sum, size| size.map(|s| sum + s))
    }

    /// The outline, as to be shown at `now`.
    pub fn view(&self, now: TimeMs) -> CourseView {
        CourseView {
            card: self.card(),
            language: self.course.language.clone(),
            licence: self.course.licence.clone(),
            sections: self
                .course
                .sections
                .iter()
                .map(|section| SectionView {
                    id: section.id.clone(),
                    title: section.title.clone(),
                    summary: daypack_formats::html::plain_text(&section.summary),
                    items: section.items.iter().map(|item| self.row(item)).collect(),
                })
                .collect(),
            findings: self.findings.clone(),
            zone: self.course.zone.clone(),
            tier: self.tier,
            tiers: self.tiers(),
            last_confirmed: self.course.origin.last_confirmed(now),
            changes: self.changes().collect(),
            has_library: crate::commands::package_of(&self.course).is_some(),
            has_school: self.course.items().any(|item| !item.bindings.is_empty()),
        }
    }

    /// The sizes of lectures there are.
    pub fn tiers(&self) -> Vec<TierSize> {
        let has_tier = |tier: &Tier| {
            self.course.items().any(|item| match &item.body {
                ItemBody::Video(v) => v.renditions.iter().any(|r| r.tier == *tier),
                _ => false,
            })
        };
        [Tier::Standard, Tier::Low, Tier::Audio]
            .into_iter()
            .filter(has_tier)
            .filter_map(|tier| self.size_for(tier).map(|size| TierSize { tier, size }))
            .collect()
    }

    /// The items before and after `id` in study order.
    pub fn neighbours(&self, id: &ItemId) -> (Option<ItemLink>, Option<ItemLink>) {
        let links: Vec<ItemLink> = self
            .course
            .items()
            .map(|item| ItemLink { id: item.id.clone(), title: item.title.clone(), kind: item.kind() })
            .collect();
        let at = links.iter().position(|link| link.id == *id);
        let before = at.and_then(|i| i.checked_sub(1)).and_then(|i| links.get(i)).cloned();
        let after = at.and_then(|i| links.get(i + 1)).cloned();
        (before, after)
    }
}

/// Whether this version of the feedback was seen.
pub(crate) fn is_seen(seen: &BTreeSet<(String, String)>, feedback: &Feedback) -> bool {
    seen.contains(&(feedback.id.clone(), feedback.version.clone()))
}

/// The step of a state.
pub(crate) fn step(state: &WorkState) -> WorkStep {
    match state {
        WorkState::Waiting => WorkStep::Waiting,
        WorkState::Sending => WorkStep::Sending,
        WorkState::InDoubt => WorkStep::InDoubt,
        WorkState::Unclear => WorkStep::Unclear,
        WorkState::Accepted { .. } => WorkStep::Accepted,
        WorkState::Refused { .. } => WorkStep::Refused,
    }
}

/// Name of the site, library or file a course came from.
pub(crate) fn source_name(store: &Store, origin: &Origin) -> Result<String, StoreError> {
    let known = match origin {
        Origin::Site { account, .. } => store.accounts()?.into_iter().find(|a| a.id == *account),
        _ => None,
    };
    Ok(known.map_or_else(|| unread_name(origin), |a| a.site_name))
}

/// The same, as far as the origin itself says it.
fn unread_name(origin: &Origin) -> String {
    match origin {
        Origin::Site { site, .. } => site.clone(),
        Origin::Package { package, .. } => package.clone(),
        Origin::Import { name, .. } => name.clone(),
        Origin::BuiltIn => String::new(),
    }
}

/// The item of `course` that a piece of work belongs to: it was made in it, or in another copy of the same activity (a
/// package and the site's own outline).
pub(crate) fn item_of(course: &Course, work: &Work) -> Option<ItemId> {
    if work.course == course.id {
        return Some(work.item.clone());
    }
    let wanted = activity(&work.target);
    course.items().find(|item| stands_for(item, &wanted)).map(|item| item.id.clone())
}

/// Names an activity whichever way its site's address is written.
pub(crate) fn activity(binding: &Binding) -> (String, String, String) {
    (folded(&binding.site), binding.module.clone(), binding.cmid.clone())
}

fn stands_for(item: &Item, wanted: &(String, String, String)) -> bool {
    item.bindings.iter().any(|b| activity(b) == *wanted)
}

/// The courses at sites that a course stands for, each as folded address and id there: where its items are bound to
/// several courses of one site, the one of most items.
pub(crate) fn stands_for_courses(course: &Course) -> BTreeSet<(String, String)> {
    let mut counts: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
    if !matches!(course.origin, Origin::BuiltIn) {
        for binding in course.items().flat_map(|item| &item.bindings) {
            *counts.entry(folded(&binding.site)).or_default().entry(binding.course.clone()).or_default() += 1;
        }
    }
    let most = |of: BTreeMap<String, usize>| of.into_iter().max_by_key(|(_, n)| *n).map(|(course, _)| course);
    counts.into_iter().filter_map(|(site, of)| Some((site, most(of)?))).collect()
}

/// An address as it is compared.
pub(crate) fn folded(site: &str) -> String {
    site.trim().trim_end_matches('/').to_lowercase()
}

/// Whether two addresses name one site: scheme, host and path, without a slash at the end.
pub(crate) fn same_site(a: &str, b: &str) -> bool {
    folded(a) == folded(b)
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// The first words of a piece of work.
pub(crate) fn excerpt(work: &Work) -> String {
    use daypack_course::work::Deed;
    let text = match &work.deed {
        Deed::Submission { text, files, .. } if text.trim().is_empty() => {
            files.iter().map(|f| f.name.clone()).collect::<Vec<_>>().join(", ")
        }
        Deed::Submission { text, .. } | Deed::Post { text, .. } => text.clone(),
        Deed::QuizFinish { answers, .. } => answers
            .iter()
            .find_map(|a| match &a.response {
                daypack_course::quiz::Response::Essay { text } if !text.trim().is_empty() => {
                    Some(text.clone())
                }
                _ => None,
            })
            .unwrap_or_default(),
        Deed::Completion { .. } => String::new(),
    };
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match flat.char_indices().nth(140) {
        Some((cut, _)) => format!("{}…", flat.get(..cut).unwrap_or_default()),
        None => flat,
    }
}
