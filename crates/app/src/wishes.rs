//! What the learner wants of downloads on this computer: rules for the internet, the order, the size of each course's
//! lectures. Kept with the settings, as part of this computer and not of the learner's work.

use std::collections::BTreeMap;

use daypack_course::outline::Tier;
use daypack_course::{CourseId, ItemId, TimeMs};
use daypack_engine::allowance::{Local, Month, Rules};
use daypack_engine::download::{Order, Room};
use daypack_store::{Store, StoreError};
use serde::{Deserialize, Serialize};

use crate::App;
use crate::api::Failure;

/// Under this key the rules are kept.
const RULES: &str = "internet";
/// Under this key order and sizes are kept.
const WISHES: &str = "downloads";

/// The order of downloads and the sizes of lectures.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Wishes {
    pub order: Order,
    /// Courses in the learner's order; those not named come after.
    pub courses: Vec<CourseId>,
    /// Items in the learner's order, within each course.
    pub items: BTreeMap<CourseId, Vec<ItemId>>,
    pub tiers: BTreeMap<CourseId, Tier>,
}

impl Wishes {
    /// The learner never put anything in order.
    pub fn is_plain(&self) -> bool {
        self.order == Order::Mine && self.courses.is_empty() && self.items.is_empty()
    }
}

/// Both, as they were kept.
pub(crate) fn load(store: &Store) -> Result<(Rules, Wishes), StoreError> {
    Ok((read(store, RULES)?, read(store, WISHES)?))
}

fn read<T: Default + serde::de::DeserializeOwned>(store: &Store, key: &str) -> Result<T, StoreError> {
    Ok(store.setting_get(key)?.and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default())
}

impl App {
    /// Size of a course's lectures.
    pub(crate) fn tier_of(&self, course: &CourseId) -> Tier {
        self.board(|board| board.wishes.tiers.get(course).copied().unwrap_or(board.settings.tier))
    }

    /// Keeps the size of a course's lectures.
    pub(crate) async fn tier_put(&self, course: &CourseId, tier: Tier) -> Result<(), Failure> {
        self.wish(|wishes| {
            wishes.tiers.insert(course.clone(), tier);
        })
        .await
    }

    /// Changes what the learner wants, and keeps it.
    pub(crate) async fn wish(&self, change: impl FnOnce(&mut Wishes)) -> Result<(), Failure> {
        let mut wishes = self.board(|board| board.wishes.clone());
        change(&mut wishes);
        let kept = serde_json::to_value(&wishes).unwrap_or_default();
        self.db(move |store| store.setting_put(WISHES, &kept)).await?;
        self.board_write(|board| board.wishes = wishes);
        Ok(())
    }

    /// Changes the rules for the internet, keeps them, and lets them hold from now on.
    pub(crate) async fn rule(&self, change: impl FnOnce(&mut Rules)) -> Result<(), Failure> {
        let mut rules = self.board(|board| board.rules.clone());
        change(&mut rules);
        let rules = rules.tidy();
        let kept = serde_json::to_value(&rules).unwrap_or_default();
        self.db(move |store| store.setting_put(RULES, &kept)).await?;
        self.board_write(|board| board.rules = rules);
        self.desk(crate::runner::Note::Settings).await;
        self.desk_heard().await;
        Ok(())
    }

    /// Waits until the loop has heard all that it was told.
    pub(crate) async fn desk_heard(&self) {
        let (done, heard) = tokio::sync::oneshot::channel();
        self.desk(crate::runner::Note::Heard(done)).await;
        let _ = heard.await;
    }

    /// The room on the disk now.
    pub(crate) async fn room(&self) -> Result<Room, Failure> {
        self.db(room_on).await
    }
}

/// The room on the disk of a store.
pub(crate) fn room_on(store: &Store) -> Result<Room, StoreError> {
    let room = Room::of(store.disk_size()?, store.free_space()?);
    Ok(Room { keeps: keep_free().unwrap_or(room.keeps), ..room })
}

/// What tests keep free instead, in bytes: a door for them, not there in what is shipped.
fn keep_free() -> Option<u64> {
    if cfg!(debug_assertions) { std::env::var("DAYPACK_KEEP_FREE").ok()?.parse().ok() } else { None }
}

/// An instant by this computer's clock and zone.
pub(crate) fn local(now: TimeMs) -> Local {
    let at = jiff::Timestamp::from_millisecond(now.0).unwrap_or_default();
    let at = at.to_zoned_datetime(jiff::tz::TimeZone::system());
    let number = |n: i64| u32::try_from(n).unwrap_or(0);
    let minute = i64::from(at.hour()) * 60 + i64::from(at.minute());
    Local {
        minute: u16::try_from(minute).unwrap_or(0),
        month: Month::of(number(at.year().into()), number(at.month().into())),
    }
}
