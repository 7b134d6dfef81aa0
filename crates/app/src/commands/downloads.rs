//! The queue of downloads: what comes, in which order, and what the learner does with it.

use std::collections::BTreeMap;

use daypack_course::outline::Tier;
use daypack_course::{CourseId, ItemId, TimeMs};
use daypack_engine::download::{Order, Place, sequence};

use crate::App;
use crate::api::downloads::*;
use crate::api::input::*;
use crate::api::outline::{Done, JobState, JobView};
use crate::api::{Event, Failure, FailureCode};
use crate::runner::{Note, allowance};
use crate::shelf::Shelf;

impl App {
    /// See the list of commands.
    pub async fn downloads(&self, _: Nothing) -> Result<DownloadsView, Failure> {
        let mut courses = Vec::new();
        for job in self.open_jobs() {
            // One that is being removed meanwhile is not shown.
            let Ok(shelf) = self.shelf(&job.course).await else { continue };
            courses.push(self.course_download(job, &shelf));
        }
        let (order, flow) = self.board(|board| (board.wishes.order, board.flow.clone()));
        let room = self.room().await?;
        let items = || courses.iter().flat_map(|one: &CourseDownload| &one.items);
        let needed =
            items().filter_map(|one| Some(one.total_bytes?.saturating_sub(one.done_bytes))).sum::<u64>();
        let at_least = items().any(|one| one.total_bytes.is_none());
        Ok(DownloadsView {
            order: match order {
                Order::Mine => DownloadOrder::Mine,
                Order::NextFirst => DownloadOrder::NextFirst,
                Order::ByDeadline => DownloadOrder::ByDeadline,
            },
            courses,
            room: RoomView { needed, at_least, free: room.free, keeps: room.keeps },
            flow,
        })
    }

    /// See the list of commands.
    pub async fn downloads_order(&self, input: DownloadsOrder) -> Result<DownloadsView, Failure> {
        self.wish(|wishes| {
            wishes.order = match input.order {
                DownloadOrder::Mine => Order::Mine,
                DownloadOrder::NextFirst => Order::NextFirst,
                DownloadOrder::ByDeadline => Order::ByDeadline,
            };
        })
        .await?;
        self.put_in_order().await?;
        self.downloads(Nothing {}).await
    }

    /// See the list of commands.
    pub async fn downloads_move(&self, input: DownloadsMove) -> Result<DownloadsView, Failure> {
        let view = self.downloads(Nothing {}).await?;
        let unknown = || Failure::new(FailureCode::Unknown).fact("what", "download");
        let to = usize::try_from(input.to).unwrap_or(usize::MAX);
        // What is seen becomes the learner's own order, and in that one thing moves.
        let mut courses: Vec<CourseId> = view.courses.iter().map(|one| one.job.course.clone()).collect();
        let mut items: BTreeMap<CourseId, Vec<ItemId>> = view
            .courses
            .iter()
            .map(|one| (one.job.course.clone(), one.items.iter().map(|i| i.item.clone()).collect()))
            .collect();
        match &input.item {
            None => put_at(&mut courses, &input.course, to).ok_or_else(unknown)?,
            Some(item) => {
                put_at(items.get_mut(&input.course).ok_or_else(unknown)?, item, to).ok_or_else(unknown)?;
            }
        }
        self.wish(|wishes| {
            let was = std::mem::replace(&mut wishes.order, Order::Mine);
            wishes.courses = courses;
            match &input.item {
                None if was == Order::Mine => {}
                None => wishes.items.extend(items),
                Some(_) => wishes.items.extend(items.remove_entry(&input.course)),
            }
        })
        .await?;
        self.put_in_order().await?;
        self.downloads(Nothing {}).await
    }

    /// See the list of commands.
    pub async fn downloads_all(&self, input: DownloadsAll) -> Result<DownloadsView, Failure> {
        for job in self.open_jobs() {
            self.desk(match input.deed {
                AllDeed::Pause => Note::Pause(job.course),
                AllDeed::Resume => Note::Resume(job.course),
                AllDeed::Cancel => Note::Cancel(job.course, None),
            })
            .await;
        }
        self.heard().await;
        self.downloads(Nothing {}).await
    }

    /// See the list of commands.
    pub async fn downloads_cancel(&self, input: TakeScope) -> Result<DownloadsView, Failure> {
        self.desk(Note::Cancel(input.course.clone(), input.item.clone())).await;
        self.heard().await;
        self.tell(Event::CourseChanged { course: input.course, item: input.item });
        self.downloads(Nothing {}).await
    }

    /// See the list of commands.
    pub async fn downloads_tier(&self, input: DownloadsTier) -> Result<DownloadsView, Failure> {
        let (course, tier) = (input.course, input.tier);
        let job = self.open_jobs().into_iter().find(|job| job.course == course);
        self.take_in_tier(&course, tier, job).await?;
        self.downloads(Nothing {}).await
    }

    /// What is still to come of a course comes in another size; what is here stays.
    async fn take_in_tier(&self, course: &CourseId, tier: Tier, job: Option<JobView>) -> Result<(), Failure> {
        let was = self.tier_of(course);
        self.tier_put(course, tier).await?;
        let Some(job) = job else { return Ok(()) };
        let is_paused = job.state == JobState::Paused;
        for item in &job.items {
            self.desk(Note::Cancel(course.clone(), Some(item.clone()))).await;
            let one =
                TakeAlong { course: course.clone(), section: None, item: Some(item.clone()), tier: None };
            if let Err(failure) = self.take_along(one.clone()).await {
                // There is no room for the larger size: it comes in the size of before.
                self.tier_put(course, was).await?;
                self.take_along(one).await?;
                return Err(failure);
            }
        }
        if is_paused {
            self.desk(Note::Pause(course.clone())).await;
        }
        self.heard().await;
        Ok(())
    }

    /// Tells the loop in which order jobs are to come.
    pub(crate) async fn put_in_order(&self) -> Result<(), Failure> {
        // What was asked for a moment ago is in the queue.
        self.heard().await;
        let wishes = self.board(|board| board.wishes.clone());
        let mut places = Vec::new();
        if !wishes.is_plain() {
            let mut jobs = self.open_jobs();
            let at = |course: &CourseId| wishes.courses.iter().position(|one| one == course);
            jobs.sort_by_key(|job| at(&job.course).unwrap_or(usize::MAX));
            for (n, job) in (0_u32..).zip(&jobs) {
                let Ok(shelf) = self.shelf(&job.course).await else { continue };
                let mine = wishes.items.get(&job.course).map_or(&[][..], Vec::as_slice);
                places.extend(places_of(n, job, &shelf, mine));
            }
        }
        let mut jobs = sequence(wishes.order, &places);
        if let Some(opened) = self.board(|board| board.opened.clone()) {
            jobs.retain(|job| *job != opened);
            jobs.insert(0, opened);
        }
        self.desk(Note::Ordered(jobs)).await;
        self.heard().await;
        Ok(())
    }

    fn open_jobs(&self) -> Vec<JobView> {
        self.job_views().into_iter().filter(|job| job.state != JobState::Done).collect()
    }

    fn course_download(&self, job: JobView, shelf: &Shelf) -> CourseDownload {
        // The machine's views are in the order in which jobs come.
        let states = self.board(|board| board.items.clone());
        let due = due(shelf);
        let items = job.items.iter().filter_map(|id| {
            let item = shelf.course.item(id)?;
            let (state, view) = states.get(&allowance::job_of(&job.course, id))?;
            Some(ItemDownload {
                item: id.clone(),
                title: item.title.clone(),
                kind: item.kind(),
                state: *state,
                done_bytes: view.done_bytes,
                total_bytes: view.total_bytes,
                due: due.get(id).copied(),
            })
        });
        CourseDownload { items: items.collect(), tier: shelf.tier, tiers: shelf.tiers(), job }
    }
}

fn put_at<T: PartialEq + Clone>(list: &mut Vec<T>, what: &T, to: usize) -> Option<()> {
    let from = list.iter().position(|one| one == what)?;
    let one = list.remove(from);
    list.insert(to.min(list.len()), one);
    Some(())
}

fn places_of(course: u32, job: &JobView, shelf: &Shelf, mine: &[ItemId]) -> Vec<Place> {
    let due = due(shelf);
    let next = shelf.course.items().position(|item| shelf.row(item).done != Done::Yes);
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let items = shelf.course.items().enumerate().filter(|(_, item)| job.items.contains(&item.id));
    items
        .map(|(study, item)| Place {
            job: allowance::job_of(&job.course, &item.id),
            course,
            mine: mine.iter().position(|one| *one == item.id).map(number),
            study: number(study),
            is_ahead: next.is_some_and(|next| study >= next),
            due: due.get(&item.id).copied(),
        })
        .collect()
}

/// When the work is due that each item leads up to: the first date at it or after it in its section.
fn due(shelf: &Shelf) -> BTreeMap<ItemId, TimeMs> {
    let mut all = BTreeMap::new();
    for section in &shelf.course.sections {
        let mut next: Option<TimeMs> = None;
        for item in section.items.iter().rev() {
            let own = shelf.deadlines.get(&item.id).map(|deadline| deadline.send_before);
            next = own.into_iter().chain(next).min();
            if let Some(due) = next {
                all.insert(item.id.clone(), due);
            }
        }
    }
    all
}
