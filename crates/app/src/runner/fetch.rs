//! Fetching one file of a course: brought by `haul`, proven, then the shelf.

use std::sync::Arc;
use std::time::{Duration, Instant};

use daypack_course::AssetId;
use daypack_course::outline::{Asset, Course, Origin};
use daypack_course::package::object_path;
use daypack_engine::download::FailWhy;
use daypack_engine::transfer::{Fault, Limits};
use daypack_lms::{FetchError, Way};
use daypack_store::StoreError;
use tokio_util::sync::CancellationToken;

use super::gather::gather;
use super::{Note, pieces, wants};
use crate::App;
use crate::api::Event;
use crate::arrivals::Arriving;
use crate::commands::source;
use crate::haul::mirrors::Named;
use crate::haul::{Errand, HaulError, Hauled, Place, Progress, ProofOf, haul};
use crate::neighbours::{Load, Loading, shared};

/// Three files come at a time: none of them takes a host's patience for itself.
pub(super) const CONNECTIONS: u32 = 4;
/// A file of at most so many bytes comes over one connection.
pub(super) const SMALL: u64 = 512 << 10;
/// After so long without a byte the file waits until the site answers again.
pub(super) const PATIENCE_MS: i64 = 30_000;
/// Progress is noted for showing this often.
const KEEP_EVERY: Duration = Duration::from_secs(5);

/// Fetches the file `key`, and those of its pack that come `with` it, and tells the loop how it ended.
pub(crate) async fn file(app: App, key: String, with: Vec<String>, cancelled: CancellationToken) {
    if is_packed(&app, &key) {
        let keys = std::iter::once(key.clone()).chain(with).collect();
        return super::packs::bring(app, key, keys, cancelled).await;
    }
    let note = match one(&app, &key, &cancelled).await {
        _ if cancelled.is_cancelled() => return,
        Ok(()) => Note::Fetched(key),
        Err(why) => {
            tracing::info!(?why, "file not fetched");
            Note::FetchFailed(key, why)
        }
    };
    app.desk(note).await;
}

/// Whether a pack holds the file.
fn is_packed(app: &App, key: &str) -> bool {
    let Some((course, asset)) = wants::parts(key) else { return false };
    let digest = app.store().course_get(&course).ok().flatten().and_then(|c| c.assets.get(&asset)?.digest);
    let packs = pieces::packs_of(app.store(), &course).unwrap_or_default();
    digest.is_some_and(|digest| packs.contains_key(&digest))
}

/// Fetches one file as itself.
pub(super) async fn one(app: &App, key: &str, cancelled: &CancellationToken) -> Result<(), FailWhy> {
    let (course_id, asset_id) = wants::parts(key).ok_or(FailWhy::Refused)?;
    let store = app.store().clone();
    let course = store.course_get(&course_id).map_err(store_failed)?.ok_or(FailWhy::Refused)?;
    let asset = course.assets.get(&asset_id).cloned().ok_or(FailWhy::Refused)?;
    if store.is_short_of_space() {
        return Err(FailWhy::NoSpace);
    }
    if already_here(app, &course, &asset_id, &asset)? {
        return Ok(());
    }
    let partial = partial_key(&course, &asset_id, &asset);
    let way = source::way(app, &course, &asset).await.map_err(|error| failed(&error))?;
    let proof = pieces::proof_of(app, &course, &asset).await;
    // Computers nearby are told of it until it has its name.
    let load = load(app, &course, &asset, &partial);
    let hauled = match bring(app, key, &course, &asset, proof, &way, load.as_ref(), cancelled).await {
        Ok(hauled) => hauled,
        Err(error) => return Err(ended(app, error, &way, &partial)?),
    };
    let sha1 = hauled.validator.map(|etag| etag.trim_matches('"').to_owned());
    if asset.digest.is_none() {
        store
            .asset_progress_put(&course_id, &asset_id, hauled.size, sha1.as_deref())
            .map_err(store_failed)?;
    }
    let proving = (app.clone(), partial.clone(), asset.digest, hauled.size);
    let proof = tokio::task::spawn_blocking(move || {
        let (app, partial, digest, size) = proving;
        let objects = app.store().objects();
        let (found, size) = objects.sparse_finish(&partial, size, digest)?;
        if digest.is_none() && !sha1_fits(&objects.path(&found), sha1.as_deref()) {
            app.store().object_remove(&found)?;
            return Ok(None);
        }
        Ok(Some((found, size)))
    })
    .await
    .map_err(|_| FailWhy::Stalled)?;
    let (digest, size) = proof.map_err(store_failed)?.ok_or(FailWhy::WrongBytes)?;
    store.asset_complete_put(&course_id, &asset_id, &digest, size).map_err(store_failed)?;
    Ok(())
}

fn load(app: &App, course: &Course, asset: &Asset, partial: &str) -> Option<Load> {
    let is_shared =
        matches!(course.origin, Origin::Package { .. }) && shared::is_marked(app.store(), &course.id);
    let path = app.store().objects().sparse_path(partial);
    is_shared.then(|| Some(app.neighbours().loads(asset.digest?, asset.size?, path)))?
}

#[allow(clippy::too_many_arguments, reason = "all of one fetch; each is used once")]
async fn bring(
    app: &App,
    key: &str,
    course: &Course,
    asset: &Asset,
    proof: ProofOf,
    way: &Way,
    load: Option<&Load>,
    cancelled: &CancellationToken,
) -> Result<Hauled, HaulError> {
    let id = wants::parts(key).map_or_else(|| AssetId::new(""), |(_, id)| id);
    let partial = partial_key(course, &id, asset);
    let (file, mut held) = app.store().objects().sparse_open(&partial, &proof.name())?;
    if let (true, ProofOf::Chunks(list)) = (held.spans.is_empty(), &proof) {
        let (store, list, file) = (app.store().clone(), list.clone(), file.clone());
        let gathered = tokio::task::spawn_blocking(move || gather(&store, &list, &file)).await;
        held = gathered.map_err(|_| HaulError::Stopped)??;
    }
    let most = app.flow().cap.map_or(CONNECTIONS, super::allowance::connections);
    let is_small = asset.size.is_some_and(|size| size <= SMALL) || most == 1;
    let limits = Limits {
        first: if is_small { 1 } else { 2 },
        cap: if is_small { 1 } else { most.min(CONNECTIONS) },
        patience: PATIENCE_MS,
        portal_patience: 0,
        refusals: 3,
        ..Limits::default()
    };
    let place = Place { url: way.url.clone(), secret: way.secret.clone(), transport: None };
    let mut places = vec![place];
    let mut mirrors = None;
    if let (Origin::Package { .. }, Some(digest), Some(size)) = (&course.origin, asset.digest, asset.size) {
        let path = object_path(&digest);
        if let Some(remote) = &asset.remote
            && let Ok((known, _)) = source::places(app, course, &remote.url, &path)
        {
            places = known;
        }
        mirrors = Some((app.mirrors().clone(), Named { course: course.id.clone(), path, size }));
    }
    let arriving = match (&proof, asset.digest, asset.size) {
        (ProofOf::Chunks(_), Some(digest), Some(size)) => {
            let path = app.store().objects().sparse_path(&partial);
            let loading =
                load.map_or_else(|| Arc::new(Loading::new(size, path)), |load| load.loading.clone());
            Some(app.arrivals().begin(digest, loading))
        }
        _ => None,
    };
    if arriving.is_some() {
        // From now on it can be played.
        let item = course.items().find(|item| item.assets(None).contains(&id)).map(|item| item.id.clone());
        app.tell(Event::CourseChanged { course: course.id.clone(), item });
    }
    let errand = Errand {
        seen: arriving.as_ref().map(Arriving::loading).or_else(|| load.map(|load| load.loading.clone())),
        urgent: arriving.as_ref().map(Arriving::urgent),
        // A site's outline may be older than its file; a digest's size is the file's.
        size: asset.size.filter(|_| asset.digest.is_some()),
        limits,
        mirrors,
        ..Errand::new(places, proof)
    };
    // The loop is told by a task of its own: whoever brings bytes waits for nobody.
    let (told, mut news) = tokio::sync::watch::channel(0_u64);
    let (teller, named) = (app.clone(), key.to_owned());
    let telling = tokio::spawn(async move {
        let mut kept = Instant::now();
        while news.changed().await.is_ok() {
            let have = *news.borrow_and_update();
            if kept.elapsed() >= KEEP_EVERY {
                kept = Instant::now();
                keep(&teller, &named, have);
            }
            teller.desk(Note::Received(named.clone(), have)).await;
        }
    });
    // What room there is now is kept for answers.
    let (stop, store) = (cancelled.child_token(), app.store().clone());
    let full = stop.clone();
    let tell = |progress: &Progress| {
        told.send_replace(progress.have);
        if store.is_short_of_space() {
            full.cancel();
        }
    };
    let hauled = haul(app.tap().over(way.transport.clone()), errand, file, held, stop, tell).await;
    if hauled.is_err() {
        let have = *told.borrow();
        keep(app, key, have);
    }
    drop(told);
    // It may wait for a loop that has ended; it keeps nothing open longer than this.
    telling.abort();
    let _ = telling.await;
    hauled
}

/// Notes how much is here, for showing; what is true is the log beside the file.
fn keep(app: &App, key: &str, have: u64) {
    let Some((course, asset)) = wants::parts(key) else { return };
    if app.store().asset_state(&course, &asset).is_ok_and(|state| state.complete) {
        return; // An earlier version is here, to be read until this one is.
    }
    if let Err(error) = app.store().asset_progress_put(&course, &asset, have, None) {
        tracing::warn!(%error, "progress could not be noted");
    }
}

/// Why a haul ended without the file, as the loop knows it.
fn ended(app: &App, error: HaulError, way: &Way, partial: &str) -> Result<FailWhy, FailWhy> {
    let fault = match error {
        HaulError::Fault(fault) => fault,
        HaulError::Disk(error) => return Ok(store_failed(error)),
        HaulError::Stopped if app.store().is_short_of_space() => return Ok(FailWhy::NoSpace),
        HaulError::Stopped => return Ok(FailWhy::Stalled),
    };
    Ok(match fault {
        Fault::Unreachable | Fault::Portal | Fault::Unsafe => FailWhy::Unreachable,
        Fault::Later { not_before } => FailWhy::Later { not_before: Some(not_before) },
        Fault::Changed => {
            app.store().objects().sparse_discard(partial).map_err(store_failed)?;
            FailWhy::Changed
        }
        Fault::WrongBytes => FailWhy::WrongBytes,
        // The site's own words say more than the status they were made into.
        Fault::NotFound | Fault::Refused | Fault::NotAFile => {
            way.said.last().map_or(FailWhy::Refused, |said| failed(&said))
        }
    })
}

/// What the disk shows of a file: bytes of it, and whether it is all here.
pub(super) fn on_disk(app: &App, key: &str) -> Option<(u64, bool)> {
    let (course_id, asset_id) = wants::parts(key)?;
    let store = app.store();
    let state = store.asset_state(&course_id, &asset_id).ok()?;
    let course = store.course_get(&course_id).ok()??;
    let asset = course.assets.get(&asset_id)?;
    if state.complete && wants::is_current(&state, asset) {
        return Some((state.have, true));
    }
    let proof = asset.digest.map_or(ProofOf::Length, ProofOf::Whole).name();
    let have = store.objects().sparse_have(&partial_key(&course, &asset_id, asset), &proof).ok()?;
    Some((have, false))
}

/// Bytes that are here under another name are never fetched again.
fn already_here(app: &App, course: &Course, id: &AssetId, asset: &Asset) -> Result<bool, FailWhy> {
    let (Some(digest), Some(size)) = (asset.digest, asset.size) else { return Ok(false) };
    if !app.store().objects().has(&digest) {
        return Ok(false);
    }
    app.store().asset_complete_put(&course.id, id, &digest, size).map_err(store_failed)?;
    Ok(true)
}

/// Two assets with one digest share one partial file; a changed remote file gets a new one.
fn partial_key(course: &Course, id: &AssetId, asset: &Asset) -> String {
    match (&asset.digest, &asset.remote) {
        (Some(digest), _) => digest.to_string(),
        (None, Some(remote)) => format!("{} {}", remote.url, remote.version),
        (None, None) => wants::key(&course.id, id),
    }
}

/// Moodle's ETag is the SHA-1 of the content; where a source gives none, length and type were checked.
pub(super) fn sha1_fits(path: &std::path::Path, expected: Option<&str>) -> bool {
    let Some(expected) = expected.filter(|e| e.len() == 40 && e.bytes().all(|b| b.is_ascii_hexdigit()))
    else {
        return true;
    };
    match sha1_of(path) {
        Ok(found) => found.eq_ignore_ascii_case(expected),
        Err(_) => false,
    }
}

pub(super) fn store_failed(error: StoreError) -> FailWhy {
    match error {
        StoreError::NoSpace => FailWhy::NoSpace,
        StoreError::WrongBytes { .. } => FailWhy::WrongBytes,
        other => {
            tracing::warn!(error = %other, "store");
            FailWhy::Stalled
        }
    }
}

pub(super) fn failed(error: &FetchError) -> FailWhy {
    match error {
        FetchError::Unreachable | FetchError::Portal => FailWhy::Unreachable,
        FetchError::Stalled => FailWhy::Stalled,
        FetchError::Changed => FailWhy::Changed,
        FetchError::SignIn => FailWhy::SignIn,
        FetchError::Later => FailWhy::Later { not_before: None },
        FetchError::NotFound | FetchError::Refused(_) | FetchError::NotAFile => FailWhy::Refused,
    }
}

pub(super) fn sha1_of(path: &std::path::Path) -> std::io::Result<String> {
    use sha1::Digest as _;
    let mut hash = sha1::Sha1::new();
    std::io::copy(&mut std::fs::File::open(path)?, &mut hash)?;
    Ok(hex::encode(hash.finalize()))
}
