//! Progress that follows the learner: at contact, the small files of other computers are read from the learner's own
//! files at the site, and ours is written when it says something new.
//!
//! What must stay true: nothing here signs anybody out, holds anything up or is tried in a hurry; what a file says is
//! taken only as `course::carried` believes it.

use std::collections::BTreeMap;

use daypack_course::carried::{self, Carried, MAX_BYTES};
use daypack_course::{AccountId, TimeMs};
use daypack_lms::{FetchError, OwnFile, OwnFileError};
use serde::{Deserialize, Serialize};

use crate::App;
use crate::api::Event;
use crate::api::Failure;
use crate::api::follow::{FollowAccount, FollowState};
use crate::carry;
use crate::commands::source::Session;

/// How often the files of others are looked for.
const LOOK_EVERY_MS: i64 = 15 * 60_000;
/// How often what is new here is written at most.
const WRITE_EVERY_MS: i64 = 5 * 60_000;
/// When a site without room or without the means is tried again.
const REST_MS: i64 = 12 * 3_600_000;
/// Clocks that differ by less count as one: the site says whole seconds only.
const CLOCK_STEP_MS: i64 = 60_000;
/// A file that changed less than this ago is read again.
const YOUNG_MS: i64 = 3_000;
/// Most files of other computers that are read.
const MAX_FILES: usize = 8;
const HEAD: &str = "daypack-progress-";
const TAIL: &str = ".json";

/// What is remembered of an account's files.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Memory {
    /// When the files were listed last, by this computer's clock.
    looked: TimeMs,
    /// When writing was tried last.
    wrote: TimeMs,
    /// Files that were read: name -> time of change and size.
    seen: BTreeMap<String, (i64, u64)>,
    /// All that the files say.
    there: Carried,
    /// How it stands.
    state: FollowState,
}

fn key(account: &AccountId) -> String {
    format!("follow {account}")
}

/// One round for an account. `asked`: the learner wants it now.
pub(crate) async fn round(app: &App, session: &Session, asked: bool) {
    if !app.settings().follow {
        return;
    }
    if let Err(failure) = try_round(app, session, asked).await {
        tracing::info!(%failure, "progress of other computers did not come this time");
    }
}

async fn try_round(app: &App, session: &Session, asked: bool) -> Result<(), Failure> {
    let (id, now) = (session.who.account.clone(), app.now());
    let apart = app.board(|board| board.clocks.offset(&session.who.site)).unwrap_or(0);
    let offset = (apart + CLOCK_STEP_MS / 2).div_euclid(CLOCK_STEP_MS) * CLOCK_STEP_MS;
    let read = {
        let id = id.clone();
        app.db(move |store| {
            let memory = store.cat_machine_get(&key(&id))?;
            let memory: Memory =
                memory.and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default();
            let Some(account) = store.account_get(&id)? else { return Ok(None) };
            let known = carry::known(store, &account, offset)?;
            Ok(Some((memory, account, known)))
        })
        .await?
    };
    let Some((mut memory, account, known)) = read else { return Ok(()) };
    let rests = !matches!(memory.state, FollowState::NotYet | FollowState::Fine);
    let has_news = !memory.there.holds(&known.carried.clone().bounded());
    let due = |since: TimeMs, every: i64| !(0..every).contains(&now.since(since));
    let is_due = match (rests, has_news) {
        (true, _) => due(memory.looked, REST_MS),
        (false, true) => due(memory.looked.max(memory.wrote), WRITE_EVERY_MS),
        (false, false) => due(memory.looked, LOOK_EVERY_MS),
    };
    if !is_due && !asked {
        return Ok(());
    }
    memory.looked = now;
    let listed = match session.connector.own_files(&session.who).await {
        Ok(listed) => listed,
        Err(error) => return trouble(app, &id, memory, error).await,
    };
    bring(session, &mut memory, listed, now.plus(apart)).await;
    let there = memory.there.clone();
    // Read anew: the learner went on meanwhile.
    let (known, changed) = app
        .db(move |store| {
            let known = carry::known(store, &account, offset)?;
            let changed = carry::put(store, &known, &there, offset)?;
            Ok((known, changed))
        })
        .await?;
    for (course, item) in changed {
        app.tell(Event::CourseChanged { course, item: Some(item) });
    }
    memory.state = FollowState::Fine;
    if !memory.there.holds(&known.carried.clone().bounded()) {
        let all = memory.there.clone().merge(&known.carried);
        let device = device(app).await?;
        let bytes = carried::written(&all.clone().bounded(), &device);
        memory.wrote = now;
        let name = format!("{HEAD}{device}{TAIL}");
        match session.connector.own_file_put(&session.who, &name, bytes).await {
            Ok(()) => memory.there = all,
            Err(error) => return trouble(app, &id, memory, error).await,
        }
    }
    keep(app, &id, memory).await
}

/// Reads the files that are new or changed.
async fn bring(session: &Session, memory: &mut Memory, listed: Vec<OwnFile>, server_now: TimeMs) {
    let mut files: Vec<OwnFile> =
        listed.into_iter().filter(|f| f.name.starts_with(HEAD) && f.name.ends_with(TAIL)).collect();
    if memory.seen.keys().any(|name| !files.iter().any(|f| f.name == *name)) {
        // Somebody took files away: what they said is written again by whoever knows it.
        memory.seen.clear();
        memory.there = Carried::default();
    }
    files.sort_by_key(|file| std::cmp::Reverse(file.changed));
    for file in files.into_iter().take(MAX_FILES) {
        let mark = (file.changed, file.size);
        if memory.seen.get(&file.name) == Some(&mark) {
            continue;
        }
        if file.size <= MAX_BYTES as u64 {
            match fetch(session, &file).await {
                Ok(bytes) => {
                    if let Some(said) = carried::read(&bytes, server_now) {
                        memory.there = std::mem::take(&mut memory.there).merge(&said);
                    }
                }
                Err(error) => {
                    tracing::info!(%error, "a file of another computer did not come this time");
                    continue;
                }
            }
        }
        // Times are whole seconds: a file that is as young may change once more and look the same.
        if server_now.since(TimeMs(file.changed.saturating_mul(1000))) > YOUNG_MS {
            memory.seen.insert(file.name, mark);
        }
    }
}

async fn fetch(session: &Session, file: &OwnFile) -> Result<Vec<u8>, FetchError> {
    let mut coming = session.connector.fetch(&session.who, &file.url, 0, None).await?;
    let mut bytes = Vec::new();
    while let Some(part) = coming.next().await {
        bytes.extend_from_slice(&part?);
        if bytes.len() > MAX_BYTES {
            return Err(FetchError::NotAFile);
        }
    }
    Ok(bytes)
}

async fn trouble(app: &App, id: &AccountId, mut memory: Memory, error: OwnFileError) -> Result<(), Failure> {
    tracing::info!(%error, "own files at the site");
    memory.state = match error {
        OwnFileError::Full => FollowState::Full,
        OwnFileError::Unavailable => FollowState::Unavailable,
        OwnFileError::Unreachable => memory.state,
    };
    keep(app, id, memory).await
}

async fn keep(app: &App, id: &AccountId, memory: Memory) -> Result<(), Failure> {
    let (key, value) = (key(id), serde_json::to_value(&memory).unwrap_or_default());
    app.db(move |store| store.cat_machine_put(&key, &value)).await
}

/// The drawn name of this computer's file.
async fn device(app: &App) -> Result<String, Failure> {
    let fresh = app.new_id().chars().filter(char::is_ascii_alphanumeric).rev().take(12).collect::<String>();
    app.db(move |store| {
        if let Some(known) =
            store.cat_machine_get("device")?.as_ref().and_then(|v| v.as_str().map(str::to_owned))
        {
            return Ok(known);
        }
        store.cat_machine_put("device", &fresh.clone().into())?;
        Ok(fresh)
    })
    .await
}

/// How it stands with each account, for the settings.
pub(crate) fn views(store: &daypack_store::Store) -> Result<Vec<FollowAccount>, daypack_store::StoreError> {
    let mut out = Vec::new();
    for account in store.accounts()? {
        let memory = store.cat_machine_get(&key(&account.id))?;
        let memory: Memory = memory.and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default();
        out.push(FollowAccount {
            account: account.id,
            site_name: account.site_name,
            state: memory.state,
            at: (memory.looked > TimeMs(0)).then_some(memory.looked),
        });
    }
    Ok(out)
}
