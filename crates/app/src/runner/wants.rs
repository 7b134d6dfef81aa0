//! From an outline to the files to fetch.

use std::collections::BTreeMap;

use daypack_course::outline::{Asset, Item, Tier};
use daypack_course::{AssetId, CourseId, Digest};
use daypack_engine::download::Want;
use daypack_store::AssetState;

use crate::commands::has_files;
use crate::shelf::Shelf;

/// The key of a file in the download machine: course and asset.
pub(crate) fn key(course: &CourseId, asset: &AssetId) -> String {
    format!("{course}\n{asset}")
}

/// Course and asset of a key.
pub(crate) fn parts(key: &str) -> Option<(CourseId, AssetId)> {
    key.split_once('\n').map(|(course, asset)| (CourseId::new(course), AssetId::new(asset)))
}

/// Whether what is here of a file is the version that the course names.
pub(crate) fn is_current(state: &AssetState, asset: &Asset) -> bool {
    match asset.digest {
        None => !state.is_outdated(),
        digest => state.digest == digest,
    }
}

/// The files of `item`, those here already marked as such; `packs` says which pack holds a file, `order` is its place in study order.
pub(crate) fn of_item(
    shelf: &Shelf,
    packs: &BTreeMap<Digest, String>,
    item: &Item,
    tier: Tier,
    order: usize,
) -> Vec<Want> {
    if !has_files(item) {
        return Vec::new();
    }
    item.assets(Some(tier))
        .into_iter()
        .filter_map(|asset| {
            let about = shelf.course.assets.get(&asset)?;
            let (have, is_here) = shelf.asset_here(&asset);
            let is_current = shelf.assets.get(&asset).is_some_and(|state| is_current(state, about));
            let is_outdated = is_here && !is_current;
            Some(Want {
                key: key(&shelf.course.id, &asset),
                job: format!("{}\n{}", shelf.course.id, item.id),
                size: about.size,
                have: if is_outdated { 0 } else { have },
                here: is_here && is_current,
                proof: about.digest.is_some(),
                priority: u32::try_from(order).unwrap_or(u32::MAX),
                version: about.digest.map(|digest| digest.to_string()).or_else(|| {
                    about.remote.as_ref().filter(|_| is_outdated).map(|remote| remote.version.clone())
                }),
                batch: about.digest.and_then(|digest| packs.get(&digest).cloned()),
            })
        })
        .collect()
}
