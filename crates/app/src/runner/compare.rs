//! The outline that is here beside the site's: what is new comes in, what is gone stays and says so, and files that were
//! taken along and changed are fetched again. The old ones stay until the new ones have come.

use std::collections::BTreeSet;

use daypack_course::changes::What;
use daypack_course::outline::{Course, Origin};
use daypack_course::renew::{Renewed, renewed};
use daypack_course::{AccountId, AssetId, CourseId, ItemId};

use super::news::{keep, known};
use super::{Note, fetch, pieces, wants};
use crate::App;
use crate::api::{Failure, FailureCode};
use crate::commands::{changes, source};

/// A course that was compared less than so long ago is not compared again because it is opened.
const OPENED_EVERY_MS: i64 = 10 * 60_000;

/// A learner opened a course: it is compared where that is due.
pub(crate) async fn opened(app: App, id: CourseId) {
    let now = app.now();
    let due = app.db(move |store| {
        let Some(course) = store.course_get(&id)? else { return Ok(None) };
        let Origin::Site { account, remote, .. } = course.origin else { return Ok(None) };
        let stale = known(store, &account)?.is_stale(&remote, OPENED_EVERY_MS, now);
        Ok(stale.then_some((account, remote)))
    });
    if let Ok(Some((account, remote))) = due.await {
        compare(&app, &account, &remote).await;
    }
}

/// Compares a course of an account with the site's listing. What does not come this time is asked for the next.
pub(super) async fn compare(app: &App, account: &AccountId, remote: &str) {
    let Err(failure) = try_to(app, account, remote).await else { return };
    tracing::info!(%failure, "outline not compared");
    // A site that does not show the course is not asked every minute.
    if failure.code == FailureCode::SiteRefused {
        let _ = noted(app, account, remote).await;
    }
}

async fn try_to(app: &App, account: &AccountId, remote: &str) -> Result<(), Failure> {
    let (of, asked) = (account.clone(), remote.to_owned());
    let here = app.db(move |store| {
        for row in store.courses()? {
            let is_it = matches!(&row.origin, Origin::Site { account, remote, .. } if *account == of && *remote == asked);
            if is_it {
                return store.course_get(&row.id);
            }
        }
        Ok(None)
    });
    let Some(before) = here.await? else { return noted(app, account, remote).await };
    let listed = app.site_course(account, remote).await?;
    let result = renewed(&before, Course { id: before.id.clone(), ..listed });
    if !result.is_quiet(&before) {
        tracing::info!(
            new = result.new.len(),
            gone = result.gone.len(),
            changed = result.changed.len(),
            "outline"
        );
        let outdated = changed_files(app, account, &before, &result.files).await?;
        app.keep_course(result.course.clone(), Vec::new()).await?;
        let noticed = noticed(&result);
        let (id, at) = (before.id.clone(), app.now());
        app.db(move |store| changes::note(store, &id, &noticed, at)).await?;
        again(app, &before.id, outdated).await?;
    }
    noted(app, account, remote).await
}

/// For the learner: what is new, what is another one than before, what is gone.
fn noticed(result: &Renewed) -> Vec<(ItemId, What)> {
    let of = |ids: &[ItemId], what: What| ids.iter().cloned().map(move |id| (id, what)).collect::<Vec<_>>();
    [of(&result.new, What::New), of(&result.changed, What::Changed), of(&result.gone, What::Gone)].concat()
}

/// The outline that is here is the site's.
pub(crate) async fn noted(app: &App, account: &AccountId, remote: &str) -> Result<(), Failure> {
    let (now, account, remote) = (app.now(), account.clone(), remote.to_owned());
    app.db(move |store| {
        let mut news = known(store, &account)?;
        news.compared(&remote, now);
        keep(store, &account, &news)
    })
    .await
}

/// Those of `files` that are here and are not what the site has now. The site is asked by what the file here is: most
/// often only the date was touched.
async fn changed_files(
    app: &App,
    account: &AccountId,
    before: &Course,
    files: &[AssetId],
) -> Result<Vec<AssetId>, Failure> {
    let id = before.id.clone();
    let states = app.db(move |store| store.assets_of(&id)).await?;
    let session = source::session(app, account).await?;
    let mut out = Vec::new();
    for file in files {
        let digest = states.get(file).filter(|state| state.complete).and_then(|state| state.digest);
        let url = before.assets.get(file).and_then(|asset| asset.remote.as_ref()).map(|remote| &remote.url);
        let (Some(digest), Some(url)) = (digest, url) else { continue };
        let path = app.store().objects().path(&digest);
        let sha1 = tokio::task::spawn_blocking(move || fetch::sha1_of(&path)).await;
        let is_same = match sha1 {
            Ok(Ok(sha1)) => session.connector.is_same_file(&session.who, url, &sha1).await.unwrap_or(false),
            _ => false,
        };
        if !is_same {
            out.push(file.clone());
        }
    }
    Ok(out)
}

/// Files that were taken along are fetched again.
async fn again(app: &App, course: &CourseId, outdated: Vec<AssetId>) -> Result<(), Failure> {
    if outdated.is_empty() {
        return Ok(());
    }
    let outdated: BTreeSet<AssetId> = outdated.into_iter().collect();
    let (id, files) = (course.clone(), outdated.clone());
    let packs = app
        .db(move |store| {
            files.iter().try_for_each(|file| store.asset_outdated_put(&id, file))?;
            pieces::packs_of(store, &id)
        })
        .await?;
    let shelf = app.shelf(course).await?;
    let mut list = Vec::new();
    for (order, item) in shelf.course.items().enumerate() {
        let all = wants::of_item(&shelf, &packs, item, shelf.tier, order);
        let is_one = |key: &str| wants::parts(key).is_some_and(|(_, asset)| outdated.contains(&asset));
        list.extend(all.into_iter().filter(|want| is_one(&want.key)));
    }
    app.desk(Note::Take { course: course.clone(), wants: list }).await;
    Ok(())
}
