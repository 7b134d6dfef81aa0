//! Small files of a package, brought together by the frames of their pack.
//!
//! What must stay true: a frame is proven before it is unpacked and a file before it is kept; whatever is wrong with a
//! pack, each file is to be had alone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use daypack_course::outline::Course;
use daypack_course::package::plan::of_pack;
use daypack_course::package::{Chunk, ChunkList, Pack, pack_path};
use daypack_course::{AssetId, Digest};
use daypack_engine::download::FailWhy;
use daypack_engine::transfer::{Fault, Limits};
use daypack_formats::package::frames;
use daypack_store::sparse::Held;
use daypack_store::{SparseFile, Store, StoreError};
use futures_util::StreamExt as _;
use tokio_util::sync::CancellationToken;

use super::fetch::{self, CONNECTIONS, PATIENCE_MS, SMALL, store_failed};
use super::{Note, pieces, wants};
use crate::App;
use crate::commands::source;
use crate::haul::mirrors::Named;
use crate::haul::{Errand, HaulError, ProofOf, haul};

/// Files that come alone at a time, where a pack does not serve.
const ALONE: usize = 4;

/// Fetches the files `keys` of one pack and tells the loop of each; `first` is the one the transfer was started for.
pub(super) async fn bring(app: App, first: String, keys: Vec<String>, cancelled: CancellationToken) {
    let left = match by_frames(&app, &keys, &cancelled).await {
        Ok(left) => left,
        Err(_) if cancelled.is_cancelled() => return,
        Err(why) => {
            tracing::info!(?why, "a pack was not fetched");
            return app.desk(Note::FetchFailed(first, why)).await;
        }
    };
    let alone = futures_util::stream::iter(left)
        .map(|key| {
            let (app, cancelled) = (app.clone(), cancelled.clone());
            async move { (fetch::one(&app, &key, &cancelled).await, key) }
        })
        .buffer_unordered(ALONE);
    tokio::pin!(alone);
    let mut last = None;
    while let Some((ended, key)) = alone.next().await {
        if cancelled.is_cancelled() {
            return;
        }
        match ended {
            Ok(()) => app.desk(Note::Fetched(key)).await,
            // Said last: it stands for all that is left.
            Err(why) if key == first => last = Some(why),
            Err(why) => app.desk(Note::FetchFailed(key, why)).await,
        }
    }
    if let Some(why) = last {
        app.desk(Note::FetchFailed(first, why)).await;
    }
}

/// A file that is wanted.
struct Wanted {
    key: String,
    asset: AssetId,
    size: u64,
}

/// Brings what frames bring; what is left is fetched alone.
async fn by_frames(
    app: &App,
    keys: &[String],
    cancelled: &CancellationToken,
) -> Result<Vec<String>, FailWhy> {
    let (course_id, _) = keys.first().and_then(|key| wants::parts(key)).ok_or(FailWhy::Refused)?;
    let store = app.store().clone();
    if store.is_short_of_space() {
        return Err(FailWhy::NoSpace);
    }
    let course = store.course_get(&course_id).map_err(store_failed)?.ok_or(FailWhy::Refused)?;
    let packs = pieces::kept(&store, &course_id).map_err(store_failed)?.packs;
    let mut wanted: BTreeMap<Digest, Vec<Wanted>> = BTreeMap::new();
    let mut left = Vec::new();
    for key in keys {
        let asset = wants::parts(key).and_then(|(_, id)| Some((course.assets.get(&id)?, id)));
        match asset.and_then(|(asset, id)| Some((asset.digest?, asset.size?, id))) {
            Some((digest, size, asset)) => {
                wanted.entry(digest).or_default().push(Wanted { key: key.clone(), asset, size });
            }
            None => left.push(key.clone()),
        }
    }
    let here: Vec<Digest> = wanted.keys().copied().filter(|digest| store.objects().has(digest)).collect();
    note(app, &course, &mut wanted, &here).await?;
    let missing: BTreeMap<Digest, u64> =
        wanted.iter().filter_map(|(digest, all)| Some((*digest, all.first()?.size))).collect();
    let holds = |pack: &&Pack| {
        pack.frames.iter().flat_map(|frame| &frame.files).any(|file| missing.contains_key(&file.digest))
    };
    if let Some(pack) = packs.iter().find(holds).filter(|pack| !app.is_bad_pack(&pack.digest)) {
        match pack_files(app, &course, pack, &missing, cancelled).await {
            Ok(brought) => note(app, &course, &mut wanted, &brought).await?,
            Err(Ended::Pack) => app.bad_pack(pack.digest),
            Err(Ended::Why(why)) => return Err(why),
        }
    }
    left.extend(wanted.into_values().flatten().map(|one| one.key));
    Ok(left)
}

/// Notes objects that are here for the files that are made of them, and tells the loop.
async fn note(
    app: &App,
    course: &Course,
    wanted: &mut BTreeMap<Digest, Vec<Wanted>>,
    here: &[Digest],
) -> Result<(), FailWhy> {
    let mut files = Vec::new();
    let mut keys = Vec::new();
    for digest in here {
        for one in wanted.remove(digest).unwrap_or_default() {
            files.push((one.asset, *digest, one.size));
            keys.push(one.key);
        }
    }
    if keys.is_empty() {
        return Ok(());
    }
    app.store().assets_complete_put(&course.id, &files).map_err(store_failed)?;
    app.desk(Note::FetchedMany(keys)).await;
    Ok(())
}

enum Ended {
    /// This pack does not serve; its files come alone.
    Pack,
    /// Nothing comes now.
    Why(FailWhy),
}

/// Brings the frames that `missing` files of a pack need and unpacks them; the files that are here then.
async fn pack_files(
    app: &App,
    course: &Course,
    pack: &Pack,
    missing: &BTreeMap<Digest, u64>,
    cancelled: &CancellationToken,
) -> Result<Vec<Digest>, Ended> {
    let disk = |error: StoreError| Ended::Why(store_failed(error));
    let step = of_pack(pack, missing);
    if step.ranges.is_empty() {
        return Ok(Vec::new());
    }
    let is_wanted =
        |at: &std::ops::Range<u64>| step.ranges.iter().any(|r| r.start <= at.start && at.end <= r.end);
    let mut unwanted = daypack_engine::transfer::Spans::default();
    pack.placed().filter(|(at, _)| !is_wanted(at)).for_each(|(at, _)| unwanted.add(at.start, at.end));
    let package = course.assets.values().find_map(|asset| asset.remote.as_ref()).ok_or(Ended::Pack)?;
    let path = pack_path(&pack.digest);
    let (places, transport) = source::places(app, course, &package.url, &path).map_err(|_| Ended::Pack)?;
    let chunks = pack.frames.iter().map(|f| Chunk { digest: f.digest, length: f.length }).collect();
    let proof = ProofOf::Chunks(Arc::new(ChunkList { object: pack.digest, size: pack.size, chunks }));
    let partial = format!("pack {}", pack.digest);
    let (file, mut held) = app.store().objects().sparse_open(&partial, &proof.name()).map_err(disk)?;
    file.set_size(pack.size).map_err(disk)?;
    held = Held { size: Some(pack.size), ..held };
    let most = app.flow().cap.map_or(CONNECTIONS, super::allowance::connections);
    let is_small = step.bytes <= SMALL || most == 1;
    let errand = Errand {
        size: Some(pack.size),
        page_expected: true,
        limits: Limits {
            first: if is_small { 1 } else { 2 },
            cap: if is_small { 1 } else { most.min(CONNECTIONS) },
            patience: PATIENCE_MS,
            portal_patience: 0,
            refusals: 3,
            ..Limits::default()
        },
        unwanted: unwanted.into(),
        mirrors: Some((app.mirrors().clone(), Named { course: course.id.clone(), path, size: pack.size })),
        ..Errand::new(places, proof)
    };
    let (stop, store) = (cancelled.child_token(), app.store().clone());
    let full = stop.clone();
    let tell = |_: &crate::haul::Progress| {
        if store.is_short_of_space() {
            full.cancel();
        }
    };
    let hauled = haul(app.tap().over(transport), errand, file.clone(), held, stop, tell).await;
    match hauled {
        Ok(_) => {}
        Err(HaulError::Fault(Fault::Unreachable | Fault::Portal | Fault::Unsafe)) => {
            return Err(Ended::Why(FailWhy::Unreachable));
        }
        Err(HaulError::Fault(Fault::Later { not_before })) => {
            return Err(Ended::Why(FailWhy::Later { not_before: Some(not_before) }));
        }
        Err(HaulError::Fault(_)) => {
            let _ = app.store().objects().sparse_discard(&partial);
            return Err(Ended::Pack);
        }
        Err(HaulError::Disk(error)) => return Err(disk(error)),
        Err(HaulError::Stopped) if app.store().is_short_of_space() => {
            return Err(Ended::Why(FailWhy::NoSpace));
        }
        Err(HaulError::Stopped) => return Err(Ended::Why(FailWhy::Stalled)),
    }
    let (app, pack) = (app.clone(), pack.clone());
    let brought = step.gives.iter().copied().collect();
    let done = tokio::task::spawn_blocking(move || {
        let found = unpack(app.store(), &pack, &file, &brought)?;
        app.store().objects().sparse_discard(&partial)?;
        Ok::<_, StoreError>(found)
    });
    done.await.map_err(|_| Ended::Why(FailWhy::Stalled))?.map_err(disk)
}

/// Takes in the files of the frames that hold one of `wanted`. A frame that does not unpack is passed over.
fn unpack(
    store: &Store,
    pack: &Pack,
    file: &SparseFile,
    wanted: &BTreeSet<Digest>,
) -> Result<Vec<Digest>, StoreError> {
    let mut found = Vec::new();
    for (at, frame) in pack.placed() {
        if !frame.files.iter().any(|one| wanted.contains(&one.digest)) {
            continue;
        }
        let packed = file.read_at(at.start, at.end)?;
        let files = match frames::unpack(frame, &packed) {
            Ok(raw) => frames::files(frame, &raw).map(|files| {
                let files: Vec<_> = files.into_iter().filter(|(digest, _)| wanted.contains(digest)).collect();
                store.objects().import_small(&files).map(|()| files.iter().map(|f| f.0).collect::<Vec<_>>())
            }),
            Err(error) => Err(error),
        };
        match files {
            Ok(taken) => found.extend(taken?),
            Err(error) => tracing::warn!(%error, "a frame of a pack is of no use"),
        }
    }
    Ok(found)
}
