//! Fetching one file: bytes to a partial file, proof, then the shelf.

use std::time::{Duration, Instant};

use daypack_course::AssetId;
use daypack_course::outline::{Asset, Course};
use daypack_engine::download::FailWhy;
use daypack_lms::FetchError;
use daypack_store::StoreError;
use tokio_util::sync::CancellationToken;

use super::{Note, wants};
use crate::App;
use crate::commands::source;

/// A group of bytes is made durable after this many bytes or this much time, whichever comes first.
const SYNC_BYTES: u64 = 4 << 20;
const SYNC_EVERY: Duration = Duration::from_secs(5);
const TELL_EVERY: Duration = Duration::from_millis(200);

/// Fetches the file `key` and tells the loop how it ended.
pub(crate) async fn file(app: App, key: String, _from: u64, cancelled: CancellationToken) {
    let outcome = tokio::select! {
        biased;
        () = cancelled.cancelled() => return,
        outcome = fetch(&app, &key) => outcome,
    };
    let note = match outcome {
        Ok(()) => Note::Fetched(key),
        Err(why) => {
            tracing::info!(?why, "file not fetched");
            Note::FetchFailed(key, why)
        }
    };
    app.desk(note).await;
}

async fn fetch(app: &App, key: &str) -> Result<(), FailWhy> {
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
    let state = store.asset_state(&course_id, &asset_id).map_err(store_failed)?;
    let partial = partial_key(&course, &asset_id, &asset);
    let have = store.objects().partial_len(&partial).map_err(store_failed)?;
    // Without a digest only the site's own mark for the content tells whether the rest belongs to the part we have.
    let known = state.validator.clone();
    let from = if asset.digest.is_some() || known.is_some() { have } else { 0 };
    let finished = asset.size == Some(have) && have > 0 && (asset.digest.is_some() || known.is_some());
    let mut sha1 = known.clone();
    if !finished {
        let mut download = match source::open_file(app, &course, &asset, from, known.as_deref()).await {
            Err(FetchError::Changed) => {
                store.objects().partial_discard(&partial).map_err(store_failed)?;
                return Err(FailWhy::Changed);
            }
            other => other.map_err(|error| failed(&error))?,
        };
        sha1 = download.sha1.clone();
        let mut file = store.objects().partial_open(&partial, download.start).map_err(store_failed)?;
        let mut on_disk = download.start;
        let mut synced = on_disk;
        let (mut last_sync, mut last_tell) = (Instant::now(), Instant::now());
        keep(app, &course, &asset_id, on_disk, download.validator.as_deref())?;
        while let Some(piece) = download.next().await {
            let piece = match piece {
                Ok(piece) => piece,
                Err(error) => {
                    file.sync().map_err(store_failed)?;
                    keep(app, &course, &asset_id, on_disk, download.validator.as_deref())?;
                    return Err(failed(&error));
                }
            };
            // Endless data: no more than was announced.
            if asset.size.is_some_and(|size| on_disk + piece.len() as u64 > size) && asset.digest.is_some() {
                store.objects().partial_discard(&partial).map_err(store_failed)?;
                return Err(FailWhy::WrongBytes);
            }
            file.write_all(&piece).map_err(store_failed)?;
            on_disk += piece.len() as u64;
            // What room there is now is kept for answers.
            if store.is_short_of_space() {
                file.sync().map_err(store_failed)?;
                keep(app, &course, &asset_id, on_disk, download.validator.as_deref())?;
                return Err(FailWhy::NoSpace);
            }
            if on_disk - synced >= SYNC_BYTES || last_sync.elapsed() >= SYNC_EVERY {
                file.sync().map_err(store_failed)?;
                keep(app, &course, &asset_id, on_disk, download.validator.as_deref())?;
                synced = on_disk;
                last_sync = Instant::now();
            }
            if last_tell.elapsed() >= TELL_EVERY {
                last_tell = Instant::now();
                app.desk(Note::Received(key.to_owned(), on_disk)).await;
            }
        }
        file.sync().map_err(store_failed)?;
        app.desk(Note::Received(key.to_owned(), on_disk)).await;
    }
    let proving = (app.clone(), partial.clone(), asset.digest);
    let proof = tokio::task::spawn_blocking(move || {
        let (app, partial, digest) = proving;
        let objects = app.store().objects();
        let (found, size) = objects.partial_finish(&partial, digest)?;
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

/// What the disk shows of a file: bytes of it, and whether it is all here.
pub(super) fn on_disk(app: &App, key: &str) -> Option<(u64, bool)> {
    let (course_id, asset_id) = wants::parts(key)?;
    let store = app.store();
    let state = store.asset_state(&course_id, &asset_id).ok()?;
    if state.complete {
        return Some((state.have, true));
    }
    let course = store.course_get(&course_id).ok()??;
    let asset = course.assets.get(&asset_id)?;
    let have = store.objects().partial_len(&partial_key(&course, &asset_id, asset)).ok()?;
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

fn keep(app: &App, course: &Course, id: &AssetId, have: u64, validator: Option<&str>) -> Result<(), FailWhy> {
    app.store().asset_progress_put(&course.id, id, have, validator).map_err(store_failed)
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

fn store_failed(error: StoreError) -> FailWhy {
    match error {
        StoreError::NoSpace => FailWhy::NoSpace,
        StoreError::WrongBytes { .. } => FailWhy::WrongBytes,
        other => {
            tracing::warn!(error = %other, "store");
            FailWhy::Stalled
        }
    }
}

fn failed(error: &FetchError) -> FailWhy {
    match error {
        FetchError::Unreachable | FetchError::Portal => FailWhy::Unreachable,
        FetchError::Stalled => FailWhy::Stalled,
        FetchError::Changed => FailWhy::Changed,
        FetchError::SignIn => FailWhy::SignIn,
        FetchError::Later => FailWhy::Later { not_before: None },
        FetchError::NotFound | FetchError::Refused(_) | FetchError::NotAFile => FailWhy::Refused,
    }
}

fn sha1_of(path: &std::path::Path) -> std::io::Result<String> {
    use sha1::Digest as _;
    let mut hash = sha1::Sha1::new();
    std::io::copy(&mut std::fs::File::open(path)?, &mut hash)?;
    Ok(hex::encode(hash.finalize()))
}
