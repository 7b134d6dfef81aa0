//! Taking along: what to fetch is decided here from the outline, how and when by the engine.

use std::collections::BTreeSet;

use daypack_course::outline::{Item, ItemBody};
use daypack_course::{AssetId, CourseId, ItemId};

use crate::App;
use crate::api::input::*;
use crate::api::outline::{CourseView, Jobs};
use crate::api::{Event, Failure};
use crate::runner::{Note, pieces, wants};

impl App {
    /// See the list of commands.
    pub async fn take_along(&self, input: TakeAlong) -> Result<CourseView, Failure> {
        if let Some(tier) = input.tier {
            self.tier_put(&input.course, tier).await?;
        }
        let shelf = self.shelf(&input.course).await?;
        let tier = shelf.tier;
        let id = input.course.clone();
        let packs = self.db(move |store| pieces::packs_of(store, &id)).await?;
        let mut list = Vec::new();
        for (order, item) in shelf.course.items().enumerate() {
            let section = shelf.course.sections.iter().find(|s| s.items.iter().any(|i| i.id == item.id));
            let asked = match (&input.item, &input.section) {
                (Some(only), _) => item.id == *only,
                (None, Some(only)) => section.is_some_and(|s| s.id == *only),
                (None, None) => true,
            };
            if asked {
                list.extend(wants::of_item(&shelf, &packs, item, tier, order));
            }
        }
        let needed: u64 = list.iter().map(|w| w.size.unwrap_or(0).saturating_sub(w.have)).sum();
        let room = self.room().await?;
        if needed > room.bytes() {
            return Err(Failure::new(crate::api::FailureCode::NoSpace)
                .fact("needed", needed)
                .fact("free", room.bytes()));
        }
        // Questions that exist only at the site are fetched by starting the attempt; it is the learner's click
        // on "start" that does so, never taking along.
        self.desk(Note::Take { course: input.course.clone(), wants: list }).await;
        self.put_in_order().await?;
        self.tell(Event::CourseChanged { course: input.course.clone(), item: None });
        self.course(CourseInput { course: input.course }).await
    }

    /// See the list of commands.
    pub async fn take_pause(&self, input: TakeScope) -> Result<CourseView, Failure> {
        self.desk(Note::Pause(input.course.clone())).await;
        self.course(CourseInput { course: input.course }).await
    }

    /// See the list of commands.
    pub async fn take_resume(&self, input: TakeScope) -> Result<CourseView, Failure> {
        self.desk(Note::Resume(input.course.clone())).await;
        self.course(CourseInput { course: input.course }).await
    }

    /// See the list of commands.
    pub async fn take_remove(&self, input: TakeScope) -> Result<CourseView, Failure> {
        let shelf = self.shelf(&input.course).await?;
        let going: BTreeSet<AssetId> = shelf
            .course
            .items()
            .filter(|item| input.item.as_ref().is_none_or(|only| item.id == *only))
            .flat_map(|item| item.assets(None))
            .collect();
        let staying: BTreeSet<AssetId> = match &input.item {
            None => BTreeSet::new(),
            Some(only) => {
                shelf.course.items().filter(|i| i.id != *only).flat_map(|i| i.assets(None)).collect()
            }
        };
        self.desk(Note::Cancel(input.course.clone(), input.item.clone())).await;
        self.forget_assets(&input.course, going.difference(&staying).cloned().collect()).await?;
        self.item_close(Nothing {}).await?;
        self.tell(Event::CourseChanged { course: input.course.clone(), item: input.item });
        self.course(CourseInput { course: input.course }).await
    }

    /// See the list of commands.
    pub async fn jobs(&self, _: Nothing) -> Result<Jobs, Failure> {
        Ok(Jobs { jobs: self.job_views() })
    }

    /// Takes the files off the disk unless another course needs the same bytes. Work is not touched.
    pub(crate) async fn forget_assets(&self, course: &CourseId, assets: Vec<AssetId>) -> Result<(), Failure> {
        let course = course.clone();
        self.db(move |store| {
            let mut freed = Vec::new();
            for asset in assets {
                freed.extend(store.asset_state(&course, &asset)?.digest);
                store.asset_forget(&course, &asset)?;
            }
            for digest in freed {
                match store.object_remove(&digest) {
                    Ok(_) | Err(daypack_store::StoreError::Pinned(_)) => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(())
        })
        .await
    }

    /// A course's item.
    pub(crate) async fn find_item(
        &self,
        course: &CourseId,
        item: &ItemId,
    ) -> Result<(daypack_course::outline::Course, Item), Failure> {
        let (course, item) = (course.clone(), item.clone());
        let unknown = |what: &str| Failure::new(crate::api::FailureCode::Unknown).fact("what", what);
        self.db_or(move |store| {
            let course = store.course_get(&course)?.ok_or_else(|| unknown("course"))?;
            let item = course.item(&item).cloned().ok_or_else(|| unknown("item"))?;
            Ok((course, item))
        })
        .await
    }
}

/// Whether an item has files to take along at all.
pub(crate) fn has_files(item: &Item) -> bool {
    matches!(&item.body, ItemBody::Video(_) | ItemBody::Reading(_)) || !item.assets(None).is_empty()
}
