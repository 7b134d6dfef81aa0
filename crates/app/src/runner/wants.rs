//! From an outline to the files to fetch.

use daypack_course::outline::{Item, Tier};
use daypack_course::{AssetId, CourseId};
use daypack_engine::download::Want;

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

/// The files of `item`, those here already marked as such; `order` is its place in study order.
pub(crate) fn of_item(shelf: &Shelf, item: &Item, tier: Tier, order: usize) -> Vec<Want> {
    if !has_files(item) {
        return Vec::new();
    }
    item.assets(Some(tier))
        .into_iter()
        .filter_map(|asset| {
            let about = shelf.course.assets.get(&asset)?;
            Some(Want {
                key: key(&shelf.course.id, &asset),
                job: format!("{}\n{}", shelf.course.id, item.id),
                size: about.size,
                have: shelf.asset_here(&asset).0,
                here: shelf.asset_here(&asset).1,
                proof: about.digest.is_some(),
                priority: u32::try_from(order).unwrap_or(u32::MAX),
            })
        })
        .collect()
}
