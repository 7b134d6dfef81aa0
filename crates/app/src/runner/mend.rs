//! Damaged files of courses: found, never shown, and mended by fetching only what is damaged.
//!
//! What must stay true: an object whose bytes do not fit its name loses its name before anything else happens. Its good
//! pieces, where a chunk list tells them, stay as the begin of the download that replaces it.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};

use daypack_course::package::ObjectRef;
use daypack_course::{AssetId, CourseId, Digest, ItemId};
use daypack_store::{Store, StoreError};

use super::{Note, pieces, wants};
use crate::App;
use crate::api::outline::{DamagedItem, FilesChecked, FilesChecking};
use crate::api::{Event, Failure, FailureCode};
use crate::commands::package_of;

/// A file that is made of a damaged object.
struct Hurt {
    course: CourseId,
    asset: AssetId,
}

/// Looks at every file of every course; damaged ones are put to be mended.
pub(crate) async fn check_all(app: &App) -> Result<FilesChecked, Failure> {
    if app.board(|board| board.checking.running) {
        return Err(Failure::new(FailureCode::InvalidInput).fact("why", "a look is going on"));
    }
    let looker = app.clone();
    let found = app
        .db(move |store| {
            let mut objects: BTreeSet<(Digest, u64)> = BTreeSet::new();
            for course in store.courses()? {
                let here = store.assets_of(&course.id)?.into_values().filter(|state| state.complete);
                objects.extend(here.filter_map(|state| Some((state.digest?, state.have))));
            }
            let all = objects.iter().map(|(_, size)| size).sum();
            looker.board_write(|board| board.checking = FilesChecking { running: true, done: 0, all });
            let (mut files, mut stopped) = (0_usize, false);
            let mut damaged = Vec::new();
            for (digest, size) in objects {
                if !looker.board(|board| board.checking.running) {
                    stopped = true;
                    break;
                }
                files += 1;
                match store.objects().verify(&digest) {
                    Ok(true) => {}
                    Ok(false) | Err(StoreError::Missing { .. }) => damaged.push((digest, size)),
                    // A part of the disk that cannot be read is damage too.
                    Err(StoreError::Io(_)) => damaged.push((digest, size)),
                    Err(other) => return Err(other),
                }
                looker.board_write(|board| board.checking.done += size);
            }
            Ok((files, damaged, stopped))
        })
        .await;
    app.board_write(|board| board.checking.running = false);
    let (files, damaged, stopped) = found?;
    let mut items = Vec::new();
    for (digest, size) in damaged {
        items.extend(mend(app, digest, size).await?);
    }
    Ok(FilesChecked { files: u32::try_from(files).unwrap_or(u32::MAX), damaged: items, stopped })
}

/// Takes the damaged object out of use and asks for what is missing of it; the items that need it.
pub(crate) async fn mend(app: &App, digest: Digest, size: u64) -> Result<Vec<DamagedItem>, Failure> {
    let hurt = app.db(move |store| withdraw(store, &digest, size)).await?;
    let tier = app.settings().tier;
    let mut items = Vec::new();
    let courses: BTreeSet<CourseId> = hurt.iter().map(|one| one.course.clone()).collect();
    for id in courses {
        let shelf = app.shelf(&id).await?;
        let of = id.clone();
        let packs = app.db(move |store| pieces::packs_of(store, &of)).await?;
        let hurt: BTreeSet<&AssetId> = hurt.iter().filter(|h| h.course == id).map(|h| &h.asset).collect();
        let mut list = Vec::new();
        let will_be_mended = package_of(&shelf.course).is_some() || is_of_site(&shelf.course);
        for (order, item) in shelf.course.items().enumerate() {
            if !item.assets(None).iter().any(|asset| hurt.contains(asset)) {
                continue;
            }
            list.extend(wants::of_item(&shelf, &packs, item, tier, order));
            items.push(DamagedItem {
                course: id.clone(),
                course_title: shelf.course.title.clone(),
                item: item.id.clone(),
                title: item.title.clone(),
                will_be_mended,
            });
        }
        let keys = hurt.iter().map(|asset| wants::key(&id, asset)).collect();
        app.desk(Note::Damaged(keys)).await;
        if will_be_mended {
            app.desk(Note::Take { course: id.clone(), wants: list }).await;
        }
        app.heard().await;
        let changed: Option<ItemId> = None;
        app.tell(Event::CourseChanged { course: id, item: changed });
    }
    Ok(items)
}

fn is_of_site(course: &daypack_course::outline::Course) -> bool {
    matches!(course.origin, daypack_course::outline::Origin::Site { .. })
}

/// The object loses its name; its good pieces are noted as the begin of its next download.
fn withdraw(store: &Store, digest: &Digest, size: u64) -> Result<Vec<Hurt>, StoreError> {
    tracing::warn!(%digest, size, "a file of a course is damaged");
    let mut hurt = Vec::new();
    let mut list = None;
    for course in store.courses()? {
        for (asset, state) in store.assets_of(&course.id)? {
            if state.complete && state.digest == Some(*digest) {
                hurt.push(Hurt { course: course.id.clone(), asset });
            }
        }
        if let Some(named) = pieces::kept(store, &course.id)?.lists.get(&digest.to_string()) {
            list = pieces::list_here(store, &ObjectRef { digest: *digest, size }, named).or(list);
        }
    }
    let mut good = Vec::new();
    if let (Some(list), Ok(mut file)) = (&list, File::open(store.objects().path(digest))) {
        for (range, chunk) in list.placed() {
            let mut bytes = Vec::new();
            let read = file
                .seek(SeekFrom::Start(range.start))
                .and_then(|_| file.by_ref().take(range.end - range.start).read_to_end(&mut bytes));
            if read.is_ok() && Digest::of(&bytes) == chunk.digest {
                good.push((range.start, range.end));
            }
        }
    }
    store.objects().withdraw(digest, size, &good)?;
    for one in &hurt {
        store.asset_forget(&one.course, &one.asset)?;
    }
    Ok(hurt)
}
