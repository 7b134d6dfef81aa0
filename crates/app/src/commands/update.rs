//! A newer version of a package: its outline comes here, and of what was taken along only what changed.

use std::collections::BTreeSet;

use daypack_course::outline::{Course, Origin};
use daypack_course::{AssetId, ItemId};

use super::has_files;
use crate::App;
use crate::api::input::CourseInput;
use crate::api::outline::{CourseNewer, CourseUpdated, Here};
use crate::api::{Failure, FailureCode};
use crate::runner::{Note, pieces, wants};

impl App {
    /// See the list of commands.
    pub async fn course_newer(&self, input: CourseInput) -> Result<CourseNewer, Failure> {
        let shelf = self.shelf(&input.course).await?;
        let address = package_of(&shelf.course).ok_or(FailureCode::NotFound)?;
        let (course, _) = self.announced_course(&address).await?;
        if course.id != input.course {
            return Err(Failure::new(FailureCode::OtherKey).fact("name", &shelf.course.title));
        }
        let ready: BTreeSet<ItemId> = shelf
            .course
            .items()
            .filter(|item| has_files(item) && shelf.row(item).here == Here::Ready)
            .map(|item| item.id.clone())
            .collect();
        let is_all_here = shelf.course.items().filter(|i| has_files(i)).all(|i| ready.contains(&i.id));
        let tier = self.settings().tier;
        let (mut version, before) = (version_of(&course), version_of(&shelf.course));
        let fetch = self
            .db(move |store| {
                let mut seen = BTreeSet::new();
                let (mut fetch, mut all) = (0_u64, 0_u64);
                for item in course.items().filter(|i| is_all_here || ready.contains(&i.id)) {
                    for id in item.assets(Some(tier)) {
                        let Some(asset) = course.assets.get(&id) else { continue };
                        let Some(digest) = asset.digest.filter(|digest| seen.insert(*digest)) else {
                            continue;
                        };
                        let size = asset.size.unwrap_or(0);
                        all += size;
                        fetch += if store.objects().has(&digest) { 0 } else { size };
                    }
                }
                Ok((fetch, all))
            })
            .await?;
        version = version.max(before);
        Ok(CourseNewer {
            course: input.course,
            version,
            version_before: before,
            fetch: if version > before { fetch.0 } else { 0 },
            all: fetch.1,
        })
    }

    /// See the list of commands.
    pub async fn course_update(&self, input: CourseInput) -> Result<CourseUpdated, Failure> {
        let before = self.shelf(&input.course).await?;
        let address = package_of(&before.course).ok_or(FailureCode::NotFound)?;
        // What works offline now shall do so then, and so shall what is new in a course that is all here.
        let all: Vec<(ItemId, bool)> = before
            .course
            .items()
            .filter(|item| has_files(item))
            .map(|item| (item.id.clone(), before.row(item).here == Here::Ready))
            .collect();
        let is_all_here = all.iter().all(|(_, here)| *here);
        let known: BTreeSet<ItemId> = all.iter().map(|(id, _)| id.clone()).collect();
        let taken: BTreeSet<ItemId> = all.into_iter().filter(|(_, here)| *here).map(|(id, _)| id).collect();
        let course = self.library_course(&address).await?;
        if course.id != input.course {
            return Err(Failure::new(FailureCode::OtherKey).fact("name", &before.course.title));
        }
        self.keep_course(course, Vec::new()).await?;
        let after = self.shelf(&input.course).await?;
        let id = input.course.clone();
        let packs = self.db(move |store| pieces::packs_of(store, &id)).await?;
        let tier = self.settings().tier;
        let mut list = Vec::new();
        for (order, item) in after.course.items().enumerate() {
            if taken.contains(&item.id) || (is_all_here && !known.contains(&item.id)) {
                list.extend(wants::of_item(&after, &packs, item, tier, order));
            }
        }
        let files: BTreeSet<&String> = list.iter().filter(|want| !want.here).map(|want| &want.key).collect();
        let files = u32::try_from(files.len()).unwrap_or(u32::MAX);
        self.desk(Note::Take { course: input.course.clone(), wants: list }).await;
        self.heard().await;
        Ok(CourseUpdated {
            course: input.course,
            version: version_of(&after.course),
            version_before: version_of(&before.course),
            files,
        })
    }
}

fn version_of(course: &Course) -> u64 {
    match course.origin {
        Origin::Package { version, .. } => version,
        _ => 0,
    }
}

/// The address of the package that a course came from.
pub(crate) fn package_of(course: &Course) -> Option<String> {
    let of = |id: &AssetId| course.assets.get(id).and_then(|asset| asset.remote.as_ref());
    match course.origin {
        Origin::Package { .. } => course.assets.keys().find_map(of).map(|remote| remote.url.clone()),
        _ => None,
    }
}
