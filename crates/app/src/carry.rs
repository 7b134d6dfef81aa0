//! What follows the learner to another computer: made out of the learner's database, and put into it.
//!
//! What must stay true: only what is newer by the law of `course::carried` changes anything here; nothing watched here
//! is forgotten; an item has the same name on every computer, whether its course came as a package or from the site.

use std::collections::BTreeMap;

use daypack_course::carried::{Carried, Mark, Said, Spot};
use daypack_course::outline::{Course, Item, Origin};
use daypack_course::{AccountId, CourseId, ItemId, TimeMs};
use daypack_store::{Account, Store, StoreError};

use crate::receiver::{Receiver, receiver};
use crate::shelf::same_site;

/// What this computer knows, and which items its names stand for here.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    /// What is carried.
    pub carried: Carried,
    places: BTreeMap<String, Vec<(CourseId, ItemId)>>,
}

/// Reads what is carried for `account`. `offset_ms`: the site's clock minus this computer's.
pub(crate) fn known(store: &Store, account: &Account, offset_ms: i64) -> Result<Known, StoreError> {
    let mut out = Known::default();
    for row in store.courses()? {
        let Some(course) = store.course_get(&row.id)? else { continue };
        if !follows(store, &course, &account.id)? {
            continue;
        }
        let (positions, done) = (store.all_positions(&course.id)?, store.done_of(&course.id)?);
        for item in course.items() {
            let name = name(&course, item, &account.site);
            let place = (course.id.clone(), item.id.clone());
            out.places.entry(name.clone()).or_default().push(place);
            let said = |at: TimeMs| (at > TimeMs(0)).then(|| at.plus(offset_ms));
            let mut mark = Mark::default();
            if let Some(position) = positions.get(&item.id) {
                mark.watched = position.watched.clone();
                let what = Spot { ms: position.position_ms, rate: hundredths(position.rate) };
                mark.spot = said(position.at).map(|at| Said { at, what });
            }
            if let Some(read) = store.reading_get(&course.id, &item.id)? {
                mark.read = said(read.at).map(|at| Said { at, what: ten_thousandths(read.scroll) });
            }
            if let Some(done) = done.get(&item.id) {
                mark.done = said(done.at).map(|at| Said { at, what: done.done });
            }
            if mark != Mark::default() {
                let one = Carried(BTreeMap::from([(name, mark)]));
                out.carried = std::mem::take(&mut out.carried).merge(&one);
            }
        }
    }
    Ok(out)
}

/// Puts what `found` says beyond `known` into the database; the items that changed.
pub(crate) fn put(
    store: &Store,
    known: &Known,
    found: &Carried,
    offset_ms: i64,
) -> Result<Vec<(CourseId, ItemId)>, StoreError> {
    let mut changed = Vec::new();
    for (name, mark) in &found.0 {
        let here = known.carried.0.get(name).cloned().unwrap_or_default();
        let both = here.clone().merge(mark);
        if both == here {
            continue;
        }
        for (course, item) in known.places.get(name).into_iter().flatten() {
            let ours = |at: TimeMs| at.plus(offset_ms.saturating_neg());
            if let Some(spot) = both.spot.filter(|_| both.spot != here.spot) {
                let rate = f64::from(spot.what.rate) / 100.0;
                store.position_put(course, item, spot.what.ms, rate, ours(spot.at))?;
            }
            if both.watched != here.watched {
                store.watched_add(course, item, &both.watched)?;
            }
            if let Some(read) = both.read.filter(|_| both.read != here.read) {
                store.reading_put(course, item, f64::from(read.what) / 10_000.0, ours(read.at))?;
            }
            if let Some(done) = both.done.filter(|_| both.done != here.done) {
                store.done_put(course, item, done.what, ours(done.at))?;
            }
            changed.push((course.clone(), item.clone()));
        }
    }
    Ok(changed)
}

/// Whether a course's progress goes with this account: it is the account's own, or hands in in its name.
fn follows(store: &Store, course: &Course, account: &AccountId) -> Result<bool, StoreError> {
    match &course.origin {
        Origin::Site { account: own, .. } => Ok(own == account),
        Origin::BuiltIn => Ok(false),
        Origin::Package { .. } | Origin::Import { .. } => {
            match course.items().find(|i| !i.bindings.is_empty()) {
                Some(bound) => {
                    let found = receiver(store, course, bound)?;
                    Ok(matches!(found, Receiver::Account(found, _) if found.id == *account))
                }
                None => Ok(false),
            }
        }
    }
}

/// The activity's number at the site where it stands for this item alone, else course and item.
fn name(course: &Course, item: &Item, site: &str) -> String {
    let here = |item: &Item| item.bindings.iter().find(|b| same_site(&b.site, site)).map(|b| b.cmid.clone());
    match here(item) {
        Some(cmid) if course.items().filter(|i| here(i).as_ref() == Some(&cmid)).count() == 1 => {
            format!("a:{cmid}")
        }
        _ => format!("i:{} {}", course.id, item.id),
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
fn hundredths(rate: f64) -> u32 {
    (rate * 100.0).round().clamp(25.0, 400.0) as u32
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
fn ten_thousandths(share: f64) -> u32 {
    (share * 10_000.0).round().clamp(0.0, 10_000.0) as u32
}
