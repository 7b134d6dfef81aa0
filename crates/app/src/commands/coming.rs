//! A lecture that is opened while it is being fetched: played as far as it is here, and fetched before others.

use std::sync::Arc;

use daypack_course::ItemId;
use daypack_course::outline::{Asset, Item, ItemBody, Origin};
use daypack_course::package::ObjectRef;

use crate::App;
use crate::api::Failure;
use crate::api::input::ItemInput;
use crate::api::outline::Here;
use crate::api::study::{ItemBodyView, VideoComing};
use crate::arrivals::Coming;
use crate::runner::{allowance, pieces};
use crate::servers::file::{Proof, Served};
use crate::servers::pace::Pace;
use crate::shelf::Shelf;

impl App {
    /// See the list of commands.
    pub async fn video_coming(&self, input: ItemInput) -> Result<VideoComing, Failure> {
        let (course, item) = self.find_item(&input.course, &input.item).await?;
        let mut view = VideoComing { have: 0, size: 0, parts: Vec::new(), is_moving: false };
        for asset in renditions(&item).filter_map(|id| course.assets.get(id)) {
            let (Some(digest), Some(size)) = (asset.digest, asset.size) else { continue };
            let parts = Coming::new(self, digest, size).parts();
            let have = parts.spans.len();
            if size == 0 || have <= view.have && !parts.is_moving {
                continue;
            }
            let share = |at: u64| at as f64 / size as f64;
            view = VideoComing {
                have,
                size,
                parts: parts.spans.iter().map(|(from, to)| (share(from), share(to))).collect(),
                is_moving: parts.is_moving,
            };
            if parts.is_moving {
                break;
            }
        }
        Ok(view)
    }

    /// What is here in part of a package's file whose pieces have digests, to be served as it comes; and its size.
    pub(super) fn coming(
        &self,
        shelf: &Shelf,
        asset: &Asset,
        length_ms: Option<u64>,
    ) -> Option<(Served, u64)> {
        if !matches!(shelf.course.origin, Origin::Package { .. }) {
            return None;
        }
        let object = ObjectRef { digest: asset.digest?, size: asset.size? };
        let named =
            *pieces::kept(self.store(), &shelf.course.id).ok()?.lists.get(&object.digest.to_string())?;
        let list = pieces::list_here(self.store(), &object, &named)?;
        let coming = Coming::new(self, object.digest, object.size);
        let parts = coming.parts();
        if !parts.is_moving && parts.spans.is_empty() {
            return None;
        }
        let served = Served {
            path: self.store().objects().path(&object.digest),
            media_type: asset.media_type.clone(),
            pace: Some(Pace::of_media(object.size, length_ms)),
            // What does not fit is looked at again by whoever fetches the file.
            proof: Some(Proof { list: Arc::new(list), on_damage: Arc::new(|| ()) }),
            coming: Some(coming),
        };
        Some((served, object.size))
    }

    /// What the learner looks at and is not all here comes before all else, until something else is opened.
    pub(super) fn put_opened_first(&self, shelf: &Shelf, item: &ItemId, body: &ItemBodyView) {
        let course = &shelf.course.id;
        let waits = match body {
            ItemBodyView::Video(video) => video.sources.iter().any(|source| source.is_coming),
            ItemBodyView::NotHere {} => true,
            _ => false,
        };
        // What is here already is studied now: then what comes after it is wanted next.
        let first = if waits { Some(item.clone()) } else { self.next_that_comes(shelf, item) };
        let opened = first.map(|item| allowance::job_of(course, &item));
        let changed =
            self.board_write(|board| std::mem::replace(&mut board.opened, opened.clone()) != opened);
        if changed && opened.is_some() {
            let app = self.clone();
            self.spawn(async move {
                if let Err(failure) = app.put_in_order().await {
                    tracing::warn!(%failure, "what was opened could not be put first");
                }
            });
        }
    }

    /// The next item in study order that is being fetched.
    fn next_that_comes(&self, shelf: &Shelf, item: &ItemId) -> Option<ItemId> {
        if !self.board(|board| board.jobs.iter().any(|job| job.course == shelf.course.id)) {
            return None;
        }
        let mut after = shelf.course.items().skip_while(|one| one.id != *item).skip(1);
        after.find(|one| shelf.row(one).here == Here::Coming).map(|one| one.id.clone())
    }
}

fn renditions(item: &Item) -> impl Iterator<Item = &daypack_course::AssetId> {
    let video = match &item.body {
        ItemBody::Video(video) => Some(video),
        _ => None,
    };
    video.into_iter().flat_map(|video| video.renditions.iter().map(|rendition| &rendition.asset))
}
