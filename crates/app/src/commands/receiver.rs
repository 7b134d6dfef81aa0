//! The learner's word on whose work it is, and work for a teacher where no site takes it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use daypack_course::{CourseId, ItemId};
use daypack_store::takeout::{Takeout, Whose};

use crate::api::input::Saved;
use crate::api::receiver::*;
use crate::api::takeout::Exported;
use crate::api::{Event, Failure, FailureCode};
use crate::runner::Note;
use crate::takeout::{Words, Written, archive};
use crate::{App, failure, receiver};

impl App {
    /// See the list of commands.
    pub async fn receiver_choose(&self, input: ReceiverChoose) -> Result<Saved, Failure> {
        let at = self.now();
        let course = input.course.clone();
        self.db_or(move |store| {
            if store.account_get(&input.account)?.is_none() {
                return Err(Failure::new(FailureCode::Unknown).fact("what", "account"));
            }
            Ok(receiver::choose(store, &input.course, &input.account)?)
        })
        .await?;
        self.desk(Note::NameWork).await;
        self.heard().await;
        self.tell(Event::CourseChanged { course, item: None });
        Ok(Saved { at })
    }

    /// See the list of commands.
    pub async fn teacher_export(&self, input: TeacherExport) -> Result<Exported, Failure> {
        let at = self.now();
        self.find_item(&input.course, &input.item).await?;
        let to = PathBuf::from(&input.path);
        if !to.is_absolute() || to.file_name().is_none() {
            return Err(Failure::new(FailureCode::FileMissing).fact("path", to.display()));
        }
        let to = std::path::absolute(&to).map_err(|e| failure::file(&e, &to))?;
        let (course, item) = (input.course.clone(), input.item.clone());
        let exported = self
            .db_or(move |store| {
                let one = of_item(store.takeout()?, &input.course, &input.item);
                if one.drafts.is_empty() && one.draft_files.is_empty() && one.attempts.is_empty() {
                    return Err(FailureCode::NothingToSend.into());
                }
                let written = Written::new(one, false, at);
                let exported = archive::write(store, written, &Words::new(input.words), &to)?;
                // Where no site takes it, this is handing in.
                store.done_put(&input.course, &input.item, true, at)?;
                Ok(exported)
            })
            .await?;
        self.tell(Event::CourseChanged { course, item: Some(item) });
        Ok(exported)
    }
}

/// What stands in one item now: the last text of each place, its files, and finished attempts with their last answers.
/// What the learner wrote and changed before is theirs alone.
fn of_item(all: Takeout, course: &CourseId, item: &ItemId) -> Takeout {
    let here = |c: &CourseId, i: &ItemId| c == course && i == item;
    let mut drafts = BTreeMap::new();
    for draft in all.drafts.into_iter().filter(|d| here(&d.course, &d.item)) {
        drafts.insert(draft.slot.clone(), draft);
    }
    let attempts: Vec<_> =
        all.attempts.into_iter().filter(|a| here(&a.course, &a.item) && a.finished.is_some()).collect();
    let mut answers = BTreeMap::new();
    for answer in all.answers.into_iter().filter(|a| attempts.iter().any(|one| one.id == a.attempt)) {
        answers.insert((answer.attempt.clone(), answer.question.clone()), answer);
    }
    let draft_files: Vec<_> = all.draft_files.into_iter().filter(|f| here(&f.course, &f.item)).collect();
    let digests: BTreeSet<_> = draft_files.iter().map(|f| f.digest).collect();
    Takeout {
        titles: all
            .titles
            .into_iter()
            .filter(|t| t.course == *course && t.item.as_ref().is_none_or(|i| i == item))
            .collect(),
        drafts: drafts.into_values().filter(|d| !d.text.trim().is_empty()).collect(),
        attempts,
        answers: answers.into_values().collect(),
        files: all
            .files
            .into_iter()
            .filter(|f| f.whose == Whose::Mine && digests.contains(&f.digest))
            .collect(),
        draft_files,
        ..Takeout::default()
    }
}
