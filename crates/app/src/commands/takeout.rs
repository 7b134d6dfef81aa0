//! Taking one's work along and bringing it back.

use std::collections::BTreeSet;
use std::path::PathBuf;

use daypack_course::work::Deed;
use daypack_course::{Digest, WorkId};
use daypack_store::takeout::Takeout;

use crate::api::input::*;
use crate::api::status::Settings;
use crate::api::takeout::*;
use crate::api::{Event, Failure, FailureCode};
use crate::runner::Note;
use crate::takeout::{Words, Written, archive};
use crate::{App, failure};

/// Free bytes that taking work in never uses: answers must always fit. Less than for downloads: it is dear.
const RESERVE: u64 = 256 << 20;

impl App {
    /// See the list of commands.
    pub async fn export_work(&self, input: ExportWork) -> Result<Exported, Failure> {
        let at = self.now();
        let to = absolute(&input.path)?;
        self.db_or(move |store| {
            let written = Written::new(store.takeout()?, true, at);
            archive::write(store, written, &Words::new(input.words), &to)
        })
        .await
    }

    /// See the list of commands.
    pub async fn work_export(&self, input: WorkExport) -> Result<Exported, Failure> {
        let at = self.now();
        let to = absolute(&input.path)?;
        self.db_or(move |store| {
            let one = only(store.takeout()?, &input.work)
                .ok_or_else(|| Failure::new(FailureCode::Unknown).fact("what", "work"))?;
            archive::write(store, Written::new(one, false, at), &Words::new(input.words), &to)
        })
        .await
    }

    /// See the list of commands.
    pub async fn import_work(&self, input: PathInput) -> Result<Imported, Failure> {
        let path = absolute(&input.path)?;
        let (taken, merged, settings) = self
            .db_or(move |store| {
                let opened = archive::open(&path)?;
                let (needed, free) = (opened.size(), store.free_space()?);
                if needed.saturating_add(RESERVE) > free {
                    return Err(Failure::new(FailureCode::NoSpace).fact("needed", needed).fact("free", free));
                }
                let taken = opened.take_in(store)?;
                let merged = store.takeout_merge(&opened.written.contents)?;
                Ok((taken, merged, store.setting_get("settings")?))
            })
            .await?;
        if let Some(settings) = settings.and_then(|value| serde_json::from_value::<Settings>(value).ok()) {
            self.board_write(|board| board.settings = settings);
        }
        let imported = Imported {
            work: merged.work,
            in_doubt: merged.in_doubt,
            attempts: merged.attempts,
            answers: merged.answers,
            drafts: merged.drafts,
            feedback: merged.feedback,
            places: merged.places,
            files: taken.new,
            damaged: taken.damaged,
            differing: u64::try_from(merged.differing.len()).unwrap_or(u64::MAX),
        };
        let (done, taken_over) = tokio::sync::oneshot::channel();
        self.desk(Note::Imported { receipts: merged.receipts, doubted: merged.doubted, done }).await;
        // A loop that ended meanwhile takes over what is new at the next start; the rest comes with the next import.
        let _ = taken_over.await;
        // What comes from an archive is not in the journal: a backup is its second copy.
        let now = self.now();
        if let Err(failure) = self.db(move |store| store.backup_now(now)).await {
            tracing::warn!(%failure, "no backup was made of what was taken in");
        }
        let unseen = self.db(super::outbox::unseen).await?;
        self.tell(Event::Feedback { unseen });
        self.tell(Event::LibraryChanged {});
        Ok(imported)
    }
}

/// A path that does not depend on where the program was started.
fn absolute(path: &str) -> Result<PathBuf, Failure> {
    let path = PathBuf::from(path);
    if !path.is_absolute() || path.file_name().is_none() {
        return Err(Failure::new(FailureCode::FileMissing).fact("path", path.display()));
    }
    std::path::absolute(&path).map_err(|e| failure::file(&e, &path))
}

/// One piece of work with what belongs to it; `None` when it is not there.
fn only(all: Takeout, id: &WorkId) -> Option<Takeout> {
    let fact = all.work.into_iter().find(|w| w.id == *id)?;
    let work = fact.work();
    let files: BTreeSet<Digest> = match work.as_ref().map(|w| &w.deed) {
        Some(Deed::Submission { files, .. }) => files.iter().map(|f| f.digest).collect(),
        _ => BTreeSet::new(),
    };
    Some(Takeout {
        accounts: all
            .accounts
            .into_iter()
            .filter(|a| work.as_ref().is_some_and(|w| w.account == a.id))
            .collect(),
        titles: all
            .titles
            .into_iter()
            .filter(|t| t.course == fact.course)
            .filter(|t| t.item.is_none() || work.as_ref().is_some_and(|w| Some(&w.item) == t.item.as_ref()))
            .collect(),
        files: all.files.into_iter().filter(|f| files.contains(&f.digest)).collect(),
        work: vec![fact],
        ..Takeout::default()
    })
}
