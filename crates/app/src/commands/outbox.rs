//! The outbox, the sent box and the inbox.

use std::collections::{BTreeMap, BTreeSet};

use daypack_course::WorkId;
use daypack_course::deadline::Dates;
use daypack_course::quiz::Response;
use daypack_course::work::{Answer, Deed, Wait, Work, WorkState};
use daypack_store::WorkRow;

use super::item::feedback_view;
use super::study::file_view;
use super::take_back;
use crate::api::input::*;
use crate::api::receiver::ReceiverView;
use crate::api::status::AppStatus;
use crate::api::work::*;
use crate::api::{Event, Failure, FailureCode};
use crate::{App, Opened, receiver, runner, shelf};

impl App {
    /// See the list of commands.
    pub async fn outbox(&self, _: Nothing) -> Result<OutboxView, Failure> {
        let ids: Vec<WorkId> =
            self.db(|store| Ok(store.work_list()?.rows.into_iter().map(|w| w.work.id).collect())).await?;
        let mut work = Vec::with_capacity(ids.len());
        for id in ids {
            work.push(self.card_of(&id).await?);
        }
        Ok(OutboxView { work, unsent: self.unsent().await? })
    }

    /// See the list of commands.
    pub async fn work(&self, input: WorkInput) -> Result<WorkDetail, Failure> {
        let card = self.card_of(&input.work).await?;
        let row = self.work_row(&input.work).await?;
        let decisions = self.decisions(&row);
        let theirs = self.theirs(&row).await?;
        let written = self.written(&row).await?;
        let (text, files) = match row.work.deed {
            Deed::QuizFinish { answers, .. } => (answers.iter().map(line).collect(), Vec::new()),
            Deed::Submission { text, files, .. } => {
                (vec![WorkLine { about: String::new(), text }], files.iter().map(file_view).collect())
            }
            Deed::Post { subject, text, .. } => (vec![WorkLine { about: subject, text }], Vec::new()),
            Deed::Completion { .. } => (Vec::new(), Vec::new()),
        };
        Ok(WorkDetail { card, text, files, theirs, decisions, written })
    }

    /// See the list of commands.
    pub async fn work_retry(&self, input: WorkInput) -> Result<WorkDetail, Failure> {
        self.work_row(&input.work).await?;
        self.desk(runner::Note::WorkRetry(input.work.clone())).await;
        self.work(input).await
    }

    /// See the list of commands.
    pub async fn inbox(&self, _: Nothing) -> Result<Inbox, Failure> {
        let (all, seen, places) = self
            .db(|store| {
                let mut places = BTreeMap::new();
                for summary in store.courses()? {
                    let Some(course) = store.course_get(&summary.id)? else { continue };
                    for item in course.items() {
                        for binding in &item.bindings {
                            places.entry(shelf::activity(binding)).or_insert_with(|| {
                                (course.id.clone(), item.id.clone(), course.title.clone(), item.title.clone())
                            });
                        }
                    }
                }
                Ok((store.feedback_all()?, store.feedback_seen()?, places))
            })
            .await?;
        let mut all = all;
        all.sort_by_key(|f| std::cmp::Reverse(f.given));
        let mut media = BTreeMap::new();
        let here = self.feedback_files(&all, &mut media).await?;
        let server = if media.is_empty() { None } else { Some(self.media_server(media).await?) };
        let mut feedback: Vec<FeedbackView> = Vec::with_capacity(all.len());
        for one in all {
            let place = places.get(&shelf::activity(&one.about)).cloned();
            let mut view = feedback_view(one, &seen);
            if let Some((course, item, course_title, item_title)) = place {
                view.course = Some(course);
                view.item = Some(item);
                view.course_title = course_title;
                view.item_title = item_title;
            }
            for (file, address) in &mut view.files {
                if here.contains_key(address) {
                    file.url = server
                        .as_ref()
                        .and_then(|s| s.url(&format!("feedback:{address}")))
                        .map(str::to_owned);
                }
            }
            feedback.push(view.into());
        }
        if server.is_some() {
            self.hold(Opened { media: server, content: None });
        }
        let unseen = u32::try_from(feedback.iter().filter(|f| !f.seen).count()).unwrap_or(u32::MAX);
        Ok(Inbox { feedback, unseen })
    }

    /// See the list of commands.
    pub async fn feedback_seen(&self, input: FeedbackInput) -> Result<Inbox, Failure> {
        let at = self.now();
        let unseen = self
            .db(move |store| {
                if let Some(found) = store.feedback_all()?.into_iter().find(|f| f.id == input.feedback) {
                    store.feedback_seen_put(&found.id, &found.version, at)?;
                }
                unseen(store)
            })
            .await?;
        self.tell(Event::Feedback { unseen });
        self.inbox(Nothing {}).await
    }

    /// See the list of commands.
    pub async fn sync_now(&self, _: Nothing) -> Result<AppStatus, Failure> {
        let troubled: Vec<_> =
            self.db(|store| Ok(super::trouble::troubles(store)?.into_keys().collect())).await?;
        for account in troubled {
            if let Err(failure) = Box::pin(self.account_check(AccountInput { account })).await {
                tracing::info!(%failure, "an account still waits for its learner");
            }
        }
        self.sync_and_wait().await;
        self.app_status(Nothing {}).await
    }

    /// The card of a piece of work.
    pub(crate) async fn card_of(&self, id: &WorkId) -> Result<WorkCard, Failure> {
        let row = self.work_row(id).await?;
        let work = row.work.clone();
        let is_open = !matches!(row.state, WorkState::Accepted { .. } | WorkState::Refused { .. });
        let (course_title, item_title, zone, dates, site_name, goes_to) = self
            .db(move |store| {
                let course = store.course_get(&work.course)?;
                let item = course.as_ref().and_then(|c| c.item(&work.item));
                let dates = item.map(Dates::of).unwrap_or_default();
                let item = item.map(|i| i.title.clone());
                let zone = course.as_ref().and_then(|c| c.zone.clone());
                let site = store.accounts()?.into_iter().find(|a| a.id == work.account).map(|a| a.site_name);
                // A course that left the shelf leaves its names behind.
                let course = match course {
                    Some(course) => Some(course.title),
                    None => store.title_get(&work.course, None)?,
                };
                let item = match item {
                    Some(item) => Some(item),
                    None => store.title_get(&work.course, Some(&work.item))?,
                };
                let goes_to = match work.account.is_nobody() && is_open {
                    true => Some(receiver::of_work(store, &work)?.view()),
                    false => None,
                };
                Ok((
                    course.unwrap_or_default(),
                    item.unwrap_or_default(),
                    zone,
                    dates,
                    site.unwrap_or_else(|| receiver::host(&work.target.site).to_owned()),
                    goes_to,
                ))
            })
            .await?;
        let mut standing = self.standing(id);
        match &goes_to {
            Some(ReceiverView::SignIn { .. }) => standing.wait = Some(Wait::SignIn),
            Some(ReceiverView::Choose { .. }) => standing.wait = Some(Wait::Learner),
            Some(ReceiverView::Account { .. } | ReceiverView::Nobody {}) | None => {}
        }
        let is_there = matches!(row.state, WorkState::Accepted { .. });
        let deadline = dates.at(self.moment(&row.work.target.site)).filter(|_| !is_there);
        let looked = row.clone();
        let can_take_back = self.db(move |store| Ok(take_back::can_be(store, &looked))).await?;
        Ok(WorkCard {
            can_take_back,
            group: group(&row.state, &standing),
            wait: standing.wait,
            goes_to,
            trouble: standing.trouble,
            set_aside: standing.set_aside,
            deadline,
            zone,
            id: row.work.id.clone(),
            course: row.work.course.clone(),
            course_title,
            item: row.work.item.clone(),
            item_title,
            kind: kind(&row.work),
            created: row.work.created,
            size: row.work.deed.size(),
            tries: row.tries,
            next_try: standing.next_try,
            excerpt: shelf::excerpt(&row.work),
            site_name,
            state: row.state,
        })
    }

    /// Hands sealed work to the runner and tells everybody.
    pub(crate) async fn sealed(&self, work: &Work) -> Result<WorkCard, Failure> {
        // Nobody's work waits beside the outbox until it has an account.
        if !work.account.is_nobody() {
            self.desk(runner::Note::WorkAdded(Box::new(work.clone()))).await;
        }
        let card = self.card_of(&work.id).await?;
        self.tell(Event::Work { work: Box::new(card.clone()), unsent: self.unsent().await? });
        Ok(card)
    }

    /// Pieces not accepted yet, without those that the learner left at that.
    pub(crate) async fn unsent(&self) -> Result<u32, Failure> {
        let closed: BTreeSet<WorkId> = self.board(|board| {
            board.standing.iter().filter(|(_, s)| s.set_aside).map(|(id, _)| id.clone()).collect()
        });
        self.db(move |store| {
            let open = store
                .work_list()?
                .rows
                .iter()
                .filter(|w| !matches!(w.state, WorkState::Accepted { .. }))
                .filter(|w| !closed.contains(&w.work.id))
                .filter(|w| !matches!(w.work.deed, Deed::Completion { .. }))
                .count();
            Ok(u32::try_from(open).unwrap_or(u32::MAX))
        })
        .await
    }

    pub(crate) async fn work_row(&self, id: &WorkId) -> Result<WorkRow, Failure> {
        let id = id.clone();
        self.db_or(move |store| {
            store.work_get(&id)?.ok_or_else(|| Failure::new(FailureCode::Unknown).fact("what", "work"))
        })
        .await
    }
}

/// Feedback not seen yet.
pub(crate) fn unseen(store: &daypack_store::Store) -> Result<u32, daypack_store::StoreError> {
    let seen = store.feedback_seen()?;
    let open = store.feedback_all()?.iter().filter(|f| !shelf::is_seen(&seen, f)).count();
    Ok(u32::try_from(open).unwrap_or(u32::MAX))
}

/// Which of the lists a piece of work belongs to.
fn group(state: &WorkState, standing: &runner::Standing) -> WorkGroup {
    match state {
        WorkState::Accepted { .. } => WorkGroup::Sent,
        WorkState::Refused { .. } if standing.set_aside => WorkGroup::Sent,
        WorkState::Refused { .. } | WorkState::Unclear => WorkGroup::NeedsYou,
        WorkState::Waiting | WorkState::Sending | WorkState::InDoubt => {
            if matches!(standing.wait, Some(Wait::SignIn | Wait::Learner)) {
                WorkGroup::NeedsYou
            } else {
                WorkGroup::Waiting
            }
        }
    }
}

fn kind(work: &Work) -> WorkKind {
    match work.deed {
        Deed::QuizFinish { .. } => WorkKind::Quiz,
        Deed::Submission { .. } => WorkKind::Submission,
        Deed::Post { .. } => WorkKind::Post,
        Deed::Completion { .. } => WorkKind::Completion,
    }
}

pub(crate) fn line(answer: &Answer) -> WorkLine {
    let label = |id: &String| answer.labels.get(id).cloned().unwrap_or_else(|| id.clone());
    let text = match &answer.response {
        Response::SingleChoice { choice } => choice.as_ref().map(label).unwrap_or_default(),
        Response::MultipleChoice { choices } => choices.iter().map(label).collect::<Vec<_>>().join("\n"),
        Response::TrueFalse { value } => {
            value.map(|v| if v { "✓" } else { "✗" }.to_owned()).unwrap_or_default()
        }
        Response::ShortText { text } | Response::Essay { text } => text.clone(),
        Response::Number { text, unit } => {
            [text.as_str(), unit.as_deref().unwrap_or_default()].join(" ").trim().to_owned()
        }
        Response::Filled { values } => {
            let shown = |(place, value): (&String, &String)| match value.as_str() {
                "" | "0" if !answer.labels.contains_key(&format!("{place}={value}")) => None,
                // A ticked box: its name says which.
                "1" if answer.labels.contains_key(place) => answer.labels.get(place).cloned(),
                _ => Some(answer.labels.get(&format!("{place}={value}")).unwrap_or(value).clone()),
            };
            values.iter().filter_map(shown).collect::<Vec<_>>().join("\n")
        }
        Response::Markers { points } => points
            .iter()
            .filter(|(_, all)| !all.is_empty())
            .map(|(id, all)| {
                let all: Vec<String> = all.iter().map(|p| format!("{}, {}", p.x, p.y)).collect();
                format!("{} – {}", label(id), all.join("; "))
            })
            .collect::<Vec<_>>()
            .join("\n"),
        Response::Ordering { order } => order.iter().map(label).collect::<Vec<_>>().join("\n"),
        Response::Matching { pairs } => {
            pairs.iter().map(|(l, r)| format!("{} – {}", label(l), label(r))).collect::<Vec<_>>().join("\n")
        }
    };
    WorkLine { about: answer.text.clone(), text }
}
