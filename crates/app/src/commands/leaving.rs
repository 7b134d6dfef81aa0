//! Removing a course, signing out, starting afresh: nothing of it happens in one step while something the learner
//! made is not at a school yet.

use std::collections::{BTreeMap, BTreeSet};

use daypack_course::work::{Deed, WorkFile, WorkState};
use daypack_course::{CourseId, ItemId};
use daypack_store::{Means, Store, StoreError, Title};

use crate::api::input::Nothing;
use crate::api::outline::LibraryView;
use crate::api::status::AppStatus;
use crate::api::takeout::*;
use crate::api::{Event, Failure, FailureCode};
use crate::receiver::{self, Receiver};
use crate::{App, afresh};

impl App {
    /// See the list of commands.
    pub async fn left_behind(&self, input: LeaveScope) -> Result<LeftBehind, Failure> {
        self.db(move |store| left_behind(store, &input)).await
    }

    /// See the list of commands.
    pub async fn course_remove(&self, input: CourseRemove) -> Result<LibraryView, Failure> {
        let course = input.course;
        let shelf = self.shelf(&course).await?;
        self.second_step(LeaveScope::Course { course: course.clone() }, input.anyway).await?;
        self.desk(crate::runner::Note::Cancel(course.clone(), None)).await;
        self.forget_assets(&course, shelf.course.assets.keys().cloned().collect()).await?;
        self.item_close(Nothing {}).await?;
        self.db(move |store| {
            // What was made in it keeps its names.
            let mut titles: Vec<Title> = shelf
                .course
                .items()
                .map(|i| Title { course: course.clone(), item: Some(i.id.clone()), title: i.title.clone() })
                .collect();
            titles.push(Title { course: course.clone(), item: None, title: shelf.course.title.clone() });
            store.titles_put(&titles)?;
            store.course_forget(&course)
        })
        .await?;
        self.tell(Event::LibraryChanged {});
        self.library(Nothing {}).await
    }

    /// See the list of commands.
    pub async fn sign_out(&self, input: SignOut) -> Result<AppStatus, Failure> {
        self.second_step(LeaveScope::Account { account: input.account.clone() }, input.anyway).await?;
        self.db(move |store| store.secret_remove(&input.account)).await?;
        self.app_status(Nothing {}).await
    }

    /// See the list of commands.
    pub async fn start_afresh(&self, input: StartAfresh) -> Result<PutAside, Failure> {
        if Store::is_sealed(self.dir(), &Means::default()) {
            return Err(FailureCode::NotWhileShared.into());
        }
        self.second_step(LeaveScope::Everything {}, input.anyway).await?;
        self.db(|store| store.accounts()?.iter().try_for_each(|a| store.secret_remove(&a.id))).await?;
        let (dir, at) = (self.dir().to_owned(), self.now());
        let folder = self.db_or(move |_| afresh::ask(&dir, at).map_err(|e| crate::failure::io(&e))).await?;
        self.tell(Event::Restart {});
        Ok(PutAside { folder: folder.display().to_string() })
    }

    /// Refuses the first step, with counts, while something is not at a school yet.
    async fn second_step(&self, scope: LeaveScope, anyway: bool) -> Result<(), Failure> {
        let left = self.left_behind(scope).await?;
        if anyway || left.all() == 0 {
            return Ok(());
        }
        Err(Failure::new(FailureCode::HasUnsent)
            .fact("count", left.all())
            .fact("waiting", left.waiting)
            .fact("sending", left.sending)
            .fact("in_doubt", left.in_doubt)
            .fact("refused", left.refused)
            .fact("drafts", left.drafts))
    }
}

type At = (CourseId, ItemId);

/// What was handed in last at one place.
#[derive(Default)]
struct Latest {
    text: String,
    files: Vec<WorkFile>,
}

fn left_behind(store: &Store, scope: &LeaveScope) -> Result<LeftBehind, StoreError> {
    let mut left = LeftBehind::default();
    let mut handed_in: BTreeMap<At, Latest> = BTreeMap::new();
    for row in store.work_list()?.rows {
        let inside = match scope {
            LeaveScope::Course { course } => row.work.course == *course,
            LeaveScope::Account { account } => row.work.account == *account,
            LeaveScope::Everything {} => true,
        };
        if inside {
            match row.state {
                WorkState::Waiting => left.waiting += 1,
                WorkState::Sending => left.sending += 1,
                WorkState::InDoubt | WorkState::Unclear => left.in_doubt += 1,
                WorkState::Refused { .. } => left.refused += 1,
                WorkState::Accepted { .. } => {}
            }
        }
        if let Deed::Submission { text, files, .. } = row.work.deed {
            // The list is newest first.
            handed_in.entry((row.work.course, row.work.item)).or_insert(Latest { text, files });
        }
    }
    let mut begun: BTreeSet<At> = store.items_being_answered()?;
    for draft in store.latest_drafts()? {
        let at = (draft.course, draft.item);
        let same = draft.slot == "text" && handed_in.get(&at).is_some_and(|last| last.text == draft.text);
        if !same {
            begun.insert(at);
        }
    }
    for at in store.items_with_files()? {
        let files = store.draft_files(&at.0, &at.1)?;
        if handed_in.get(&at).is_none_or(|last| last.files != files) {
            begun.insert(at);
        }
    }
    let mut drafts = 0;
    for (course, item) in begun {
        let inside = match scope {
            LeaveScope::Course { course: only } => course == *only,
            LeaveScope::Everything {} => true,
            LeaveScope::Account { account } => match store.course_get(&course)? {
                Some(course) => match course.item(&item) {
                    Some(item) => matches!(
                        receiver::receiver(store, &course, item)?,
                        Receiver::Account(found, _) if found.id == *account
                    ),
                    None => false,
                },
                None => false,
            },
        };
        drafts += u32::from(inside);
    }
    left.drafts = drafts;
    Ok(left)
}
