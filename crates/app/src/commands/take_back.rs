//! Taking work back from the queue to change it. First its words are a draft again, then it leaves the queue: a crash in
//! between leaves them twice, never not.

use daypack_course::work::{Deed, Work, WorkState};
use daypack_store::{Store, StoreError, WorkRow};

use crate::App;
use crate::api::input::WorkInput;
use crate::api::work::WorkDetail;
use crate::api::{Event, Failure, FailureCode};
use crate::runner::{Note, send};

impl App {
    /// See the list of commands.
    pub async fn work_take_back(&self, input: WorkInput) -> Result<WorkDetail, Failure> {
        let row = self.work_row(&input.work).await?;
        let id = row.work.id.clone();
        if !self.db(move |store| Ok(can_be(store, &row))).await? {
            return Err(FailureCode::OnItsWay.into());
        }
        let (work, at) = (self.work_row(&id).await?.work, self.now());
        let (course, item) = (work.course.clone(), work.item.clone());
        self.db(move |store| draft_again(store, &work, at)).await?;
        let (answer, was_in_time) = tokio::sync::oneshot::channel();
        self.desk(Note::WorkTakenBack(id.clone(), answer)).await;
        if !was_in_time.await.unwrap_or(false) {
            return Err(FailureCode::OnItsWay.into());
        }
        send::tell(self.clone(), id).await;
        self.tell(Event::CourseChanged { course, item: Some(item) });
        self.work(input).await
    }
}

/// Whether it is offered: a message or a hand-in that waits, and of which no step with an effect was begun.
pub(crate) fn can_be(store: &Store, row: &WorkRow) -> bool {
    matches!(row.work.deed, Deed::Post { .. } | Deed::Submission { .. })
        && row.state == WorkState::Waiting
        && !row.work.account.is_nobody()
        && send::nothing_begun(store, &row.work.id)
}

/// Puts the words of `work` where they can be changed. What is being written there already stays, below them.
fn draft_again(store: &Store, work: &Work, at: daypack_course::TimeMs) -> Result<(), StoreError> {
    let (course, item) = (&work.course, &work.item);
    let put = |slot: &str, text: &str| {
        let there = store.draft_get(course, item, slot)?.map(|draft| draft.text).unwrap_or_default();
        if there.trim() == text.trim() || text.trim().is_empty() {
            return Ok(());
        }
        let both = if there.trim().is_empty() { text.to_owned() } else { format!("{text}\n\n{there}") };
        store.draft_put(course, item, slot, &both, at).map(|_| ())
    };
    match &work.deed {
        Deed::Post { parent: Some(parent), text, .. } => put(&format!("reply:{parent}"), text),
        Deed::Post { parent: None, subject, text } => {
            put("new", text)?;
            match store.draft_get(course, item, "subject")?.is_none_or(|draft| draft.text.trim().is_empty()) {
                true => put("subject", subject),
                false => Ok(()),
            }
        }
        Deed::Submission { text, files, .. } => {
            // The draft stayed when it was handed in: what was changed since is newer.
            if store.draft_get(course, item, "text")?.is_none_or(|draft| draft.text.trim().is_empty()) {
                put("text", text)?;
            }
            let there = store.draft_files(course, item)?;
            for file in files.iter().filter(|file| there.iter().all(|known| known.name != file.name)) {
                store.draft_file_add(course, item, file)?;
            }
            Ok(())
        }
        Deed::QuizFinish { .. } | Deed::Completion { .. } => Ok(()),
    }
}
