//! Answering, writing, watching: everything here is on disk when it returns.

use std::collections::BTreeMap;
use std::path::Path;

use daypack_course::outline::{Assignment, Binding, ItemBody};
use daypack_course::quiz::blanks::{BlankShape, Piece};
use daypack_course::quiz::{Question, QuestionBody, QuizMode, Response, Scoring};
use daypack_course::rules::HandInRules;
use daypack_course::work::{Answer, Deed, SiteSide, Work, WorkFile, WorkState};
use daypack_course::{AttemptId, CourseId, ItemId, WorkId};
use daypack_store::{AttemptRow, AttemptState, ResponseRow, Store};

use super::{flags, words};
use crate::api::input::*;
use crate::api::study::{AttemptView, Draft, FileView, SavedResponse};
use crate::api::work::WorkCard;
use crate::api::{Event, Failure, FailureCode};
use crate::receiver::{Receiver, receiver};
use crate::runner::keep;
use crate::{App, failure};

impl App {
    /// See the list of commands.
    pub async fn watched(&self, input: WatchedInput) -> Result<Saved, Failure> {
        let at = self.now();
        let (course, item) = (input.course.clone(), input.item.clone());
        self.db(move |store| {
            let mut seen = daypack_course::progress::Watched::new();
            for (from, to) in &input.intervals {
                seen.add(*from, *to);
            }
            let rate = if input.rate.is_finite() { input.rate.clamp(0.5, 3.0) } else { 1.0 };
            store.position_put(&input.course, &input.item, input.position_ms, rate, at)?;
            store.watched_add(&input.course, &input.item, &seen)
        })
        .await?;
        self.tell(Event::CourseChanged { course, item: Some(item) });
        Ok(Saved { at })
    }

    /// See the list of commands.
    pub async fn reading_place(&self, input: ReadingPlace) -> Result<Saved, Failure> {
        let at = self.now();
        let fraction = if input.fraction.is_finite() { input.fraction.clamp(0.0, 1.0) } else { 0.0 };
        self.db(move |store| store.reading_put(&input.course, &input.item, fraction, at)).await?;
        Ok(Saved { at })
    }

    /// See the list of commands.
    pub async fn done_mark(&self, input: DoneMark) -> Result<Saved, Failure> {
        let at = self.now();
        let (course, item) = (input.course.clone(), input.item.clone());
        self.db(move |store| store.done_put(&input.course, &input.item, input.done, at)).await?;
        self.tell(Event::CourseChanged { course, item: Some(item) });
        Ok(Saved { at })
    }

    /// See the list of commands.
    pub async fn attempt_start(&self, input: ItemInput) -> Result<AttemptView, Failure> {
        self.begin(input, None).await
    }

    /// See the list of commands.
    pub async fn attempt_start_with_password(
        &self,
        input: StartWithPassword,
    ) -> Result<AttemptView, Failure> {
        let password = Some(input.password).filter(|word| !word.is_empty());
        self.begin(ItemInput { course: input.course, item: input.item }, password).await
    }

    async fn begin(&self, input: ItemInput, password: Option<String>) -> Result<AttemptView, Failure> {
        let (course, item) = self.find_item(&input.course, &input.item).await?;
        let ItemBody::Quiz(quiz) = &item.body else { return Err(unknown("quiz")) };
        let (c, i) = (input.course.clone(), input.item.clone());
        let attempts = self.db(move |store| store.attempts_of(&c, &i)).await?;
        if let Some(open) = attempts.iter().find(|a| a.state == AttemptState::Open) {
            return self.attempt_view(open.id.clone()).await;
        }
        // Before the site is asked: there an attempt would begin, and its clock.
        if quiz.only_there.is_some() {
            return Err(FailureCode::OnlyThere.into());
        }
        if quiz.max_attempts.is_some_and(|max| attempts.len() >= max as usize) {
            return Err(FailureCode::NoAttemptsLeft.into());
        }
        let mut found = BTreeMap::new();
        let mut side = None;
        let (questions, remote) = if quiz.start_online {
            let started = self.start_online(&course, &item, password.as_deref()).await?;
            (found, side) = (started.answers, Some(started.side));
            (started.questions, Some(started.remote_attempt))
        } else {
            (quiz.questions.clone(), None)
        };
        let row = AttemptRow {
            id: AttemptId::new(self.new_id()),
            course: course.id.clone(),
            item: item.id.clone(),
            number: u32::try_from(attempts.len() + 1).unwrap_or(u32::MAX),
            started: self.now(),
            remote_attempt: remote,
            questions,
            state: AttemptState::Open,
            finished: None,
            score: None,
        };
        let id = row.id.clone();
        self.db(move |store| {
            store.attempt_create(&row)?;
            // What another device answered is there to go on with.
            for (question, response) in &found {
                store.response_put(&row.id, question, response, row.started)?;
            }
            match side {
                Some(side) => keep::side_put(
                    store,
                    &row.id,
                    SiteSide { answers_of: (!found.is_empty()).then_some(row.started), ..side },
                ),
                None => Ok(()),
            }
        })
        .await?;
        self.tell(Event::CourseChanged { course: input.course, item: Some(input.item) });
        self.attempt_view(id).await
    }

    /// See the list of commands.
    pub async fn response_save(&self, input: ResponseSave) -> Result<Saved, Failure> {
        let at = self.now();
        let at_site = self
            .db_or(move |store| {
                let attempt = store.attempt_get(&input.attempt)?.ok_or_else(|| unknown("attempt"))?;
                if attempt.state == AttemptState::Finished {
                    return Err(FailureCode::AttemptFinished.into());
                }
                if !attempt.questions.iter().any(|q| q.id == input.question) {
                    return Err(unknown("question"));
                }
                store.response_put(&input.attempt, &input.question, &input.response, at)?;
                Ok(attempt.remote_attempt.is_some())
            })
            .await?;
        if at_site {
            keep::soon(self);
        }
        Ok(Saved { at })
    }

    /// See the list of commands.
    pub async fn attempt_finish(&self, input: AttemptInput) -> Result<AttemptView, Failure> {
        let id = input.attempt.clone();
        let row = self.db_or(move |store| store.attempt_get(&id)?.ok_or_else(|| unknown("attempt"))).await?;
        if row.state == AttemptState::Finished {
            return self.attempt_view(row.id).await;
        }
        let (course, item) = self.find_item(&row.course, &row.item).await?;
        let ItemBody::Quiz(quiz) = &item.body else { return Err(unknown("quiz")) };
        let mode = quiz.mode;
        let at = self.now();
        let work_id = WorkId::new(self.new_id());
        let attempt = row.id.clone();
        let (course_id, item_id) = (row.course.clone(), row.item.clone());
        let sealed = self
            .db_or(move |store| {
                let responses = store.responses_of(&row.id)?;
                let score = (mode == QuizMode::Practice).then(|| points(&row.questions, &responses));
                let goes_to = match (mode, receiver(store, &course, &item)?) {
                    // Bound to nothing: it is finished here, and can be saved for a teacher.
                    (QuizMode::Practice, _) | (_, Receiver::Nobody) => None,
                    (QuizMode::Graded, found) => Some(found.seal()?),
                };
                let side = match &goes_to {
                    Some(_) => keep::side_to_seal(store, &row.id)?,
                    None => SiteSide::default(),
                };
                let work = goes_to.map(|(account, target)| Work {
                    id: work_id,
                    account,
                    course: row.course.clone(),
                    item: row.item.clone(),
                    target,
                    deed: Deed::QuizFinish {
                        attempt: row.id.clone(),
                        remote_attempt: row.remote_attempt.clone(),
                        answers: answers(&row.questions, &responses),
                        anyway: false,
                        side,
                    },
                    created: at,
                });
                store.attempt_finish(&row.id, at, score.flatten(), work.as_ref())?;
                Ok(work)
            })
            .await?;
        if let Some(work) = sealed {
            self.sealed(&work).await?;
        }
        self.tell(Event::CourseChanged { course: course_id, item: Some(item_id) });
        self.attempt_view(attempt).await
    }

    /// See the list of commands.
    pub async fn draft_save(&self, input: DraftSave) -> Result<Saved, Failure> {
        let at = self.now();
        self.db(move |store| store.draft_put(&input.course, &input.item, &input.slot, &input.text, at))
            .await?;
        Ok(Saved { at })
    }

    /// See the list of commands.
    pub async fn file_attach(&self, input: FileAttach) -> Result<Draft, Failure> {
        let (_, item) = self.find_item(&input.course, &input.item).await?;
        let ItemBody::Assignment(assignment) = item.body else { return Err(unknown("assignment")) };
        let (course, item) = (input.course.clone(), input.item.clone());
        self.db_or(move |store| attach(store, &input, &assignment)).await?;
        self.draft_view(course, item, "text").await
    }

    /// See the list of commands.
    pub async fn file_detach(&self, input: FileDetach) -> Result<Draft, Failure> {
        let (course, item) = (input.course.clone(), input.item.clone());
        self.db(move |store| {
            let files = store.draft_files(&input.course, &input.item)?;
            if let Some(file) = files.iter().find(|f| f.digest == input.digest) {
                store.draft_file_remove(&input.course, &input.item, &file.name)?;
            }
            Ok(())
        })
        .await?;
        self.draft_view(course, item, "text").await
    }

    /// See the list of commands.
    pub async fn hand_in(&self, input: HandIn) -> Result<WorkCard, Failure> {
        let (course, item) = self.find_item(&input.course, &input.item).await?;
        let ItemBody::Assignment(assignment) = item.body.clone() else { return Err(unknown("assignment")) };
        let id = WorkId::new(self.new_id());
        let at = self.now();
        let work = self
            .db_or(move |store| {
                let (account, target) = receiver(store, &course, &item)?.seal()?;
                let text =
                    store.draft_get(&input.course, &input.item, "text")?.map(|d| d.text).unwrap_or_default();
                let text = if assignment.accepts_text { text } else { String::new() };
                let files = store.draft_files(&input.course, &input.item)?;
                if text.trim().is_empty() && files.is_empty() {
                    return Err(FailureCode::NothingToSend.into());
                }
                kept(&assignment.rules, &text, input.agreed)?;
                // What this computer last handed in and the site confirmed is the base: anything newer there
                // was written elsewhere and is shown, not overwritten.
                let base = confirmed(store, &target)?;
                let work = Work {
                    id,
                    account,
                    course: input.course.clone(),
                    item: input.item.clone(),
                    target,
                    deed: Deed::Submission { text, files, base, agreed: input.agreed },
                    created: at,
                };
                store.work_add(&work)?;
                Ok(work)
            })
            .await?;
        self.sealed(&work).await
    }

    /// See the list of commands.
    pub async fn post_send(&self, input: PostSend) -> Result<WorkCard, Failure> {
        if input.text.trim().is_empty() {
            return Err(FailureCode::NothingToSend.into());
        }
        let (course, item) = self.find_item(&input.course, &input.item).await?;
        let id = WorkId::new(self.new_id());
        let at = self.now();
        let work = self
            .db_or(move |store| {
                let (account, target) = receiver(store, &course, &item)?.seal()?;
                let slot = input.parent.as_ref().map_or_else(|| "new".to_owned(), |p| format!("reply:{p}"));
                let work = Work {
                    id,
                    account,
                    course: input.course.clone(),
                    item: input.item.clone(),
                    target,
                    deed: Deed::Post { parent: input.parent, subject: input.subject, text: input.text },
                    created: at,
                };
                store.work_add(&work)?;
                // Sealed first, then the draft is emptied: a crash in between leaves the text twice, never not.
                store.draft_put(&input.course, &input.item, &slot, "", at)?;
                if slot == "new" {
                    store.draft_put(&input.course, &input.item, "subject", "", at)?;
                }
                Ok(work)
            })
            .await?;
        self.sealed(&work).await
    }

    /// An attempt as the learner sees it.
    pub(crate) async fn attempt_view(&self, id: AttemptId) -> Result<AttemptView, Failure> {
        let view = self
            .db_or(move |store| {
                let row = store.attempt_get(&id)?.ok_or_else(|| unknown("attempt"))?;
                let at = (row.course.clone(), row.item.clone());
                attempt_view(store, row).map(|(view, work)| (view, work, at))
            })
            .await?;
        let (mut view, work, at) = view;
        if let Some(ends) = &mut view.ends
            && let Ok((_, item)) = self.find_item(&at.0, &at.1).await
            && let Some(binding) = item.bindings.first()
        {
            *ends = ends.plus(self.moment(&binding.site).offset_ms.saturating_neg());
        }
        if let Some(work) = work {
            view.work = Some(self.card_of(&work).await?);
        }
        Ok(view)
    }

    /// What is being written.
    pub(crate) async fn draft_view(
        &self,
        course: CourseId,
        item: ItemId,
        slot: &'static str,
    ) -> Result<Draft, Failure> {
        self.db(move |store| {
            let draft = store.draft_get(&course, &item, slot)?;
            let files = store.draft_files(&course, &item)?;
            Ok(Draft {
                saved_at: draft.as_ref().map(|d| d.at),
                text: draft.map(|d| d.text).unwrap_or_default(),
                files: files.iter().map(file_view).collect(),
            })
        })
        .await
    }
}

/// What the site last confirmed of this learner's submissions, as its own mark of the change.
fn confirmed(store: &Store, target: &Binding) -> Result<Option<String>, Failure> {
    Ok(store.work_list()?.rows.into_iter().find_map(|row| match (row.work.deed, row.state) {
        (Deed::Submission { .. }, WorkState::Accepted { receipt }) if row.work.target == *target => {
            Some((receipt.at.0 / 1000).to_string())
        }
        _ => None,
    }))
}

pub(crate) fn file_view(file: &WorkFile) -> FileView {
    FileView { digest: file.digest, name: file.name.clone(), size: file.size }
}

/// The view of an attempt and the id of the work it became.
pub(crate) fn attempt_view(store: &Store, row: AttemptRow) -> Result<(AttemptView, Option<WorkId>), Failure> {
    let responses = store.responses_of(&row.id)?;
    let side = keep::side(store, &row.id)?;
    let practice_done = row.finished.is_some() && row.score.is_some();
    let mut scores = BTreeMap::new();
    if practice_done {
        for question in &row.questions {
            let given = responses.get(&question.id).map(|r| r.response.clone());
            let given = given.or_else(|| empty_response(&question.body));
            if let Some(score) = given.and_then(|r| question.score(&r)) {
                scores.insert(question.id.clone(), score);
            }
        }
    }
    let work = store
        .work_list()?
        .rows
        .into_iter()
        .find(|w| matches!(&w.work.deed, Deed::QuizFinish { attempt, .. } if *attempt == row.id));
    let told = work.as_ref().and_then(|w| match &w.state {
        WorkState::Accepted { receipt } => receipt.remote.strip_prefix("attempt:").map(str::to_owned),
        _ => None,
    });
    let remote = told.or_else(|| row.remote_attempt.clone());
    let work = work.map(|w| w.work.id);
    let view = AttemptView {
        id: row.id.clone(),
        number: row.number,
        started: row.started,
        finished: row.finished,
        flags: flags::of(store, &row.id)?.into_iter().collect(),
        remote,
        questions: row
            .questions
            .into_iter()
            .map(|q| words::clean_question(if practice_done { q } else { q.without_key() }))
            .collect(),
        responses: responses
            .into_iter()
            .map(|(question, row)| (question, SavedResponse { response: row.response, at: row.at }))
            .collect(),
        score: row.score,
        scores,
        work: None,
        ends: side.ends,
        kept_at: side.kept_at,
        closed_there: side.ended,
    };
    Ok((view, work))
}

fn attach(store: &Store, input: &FileAttach, assignment: &Assignment) -> Result<(), Failure> {
    let path = Path::new(&input.path);
    let missing = |e: std::io::Error| failure::file(&e, path);
    let meta = std::fs::metadata(path).map_err(missing)?;
    if !meta.is_file() {
        return Err(Failure::new(FailureCode::FileMissing).fact("path", path.display()));
    }
    let present = store.draft_files(&input.course, &input.item)?;
    if present.len() >= assignment.max_files as usize {
        return Err(Failure::new(FailureCode::TooManyFiles).fact("max", assignment.max_files));
    }
    if let Some(max) = assignment.max_file_bytes.filter(|max| meta.len() > *max) {
        return Err(Failure::new(FailureCode::FileTooLarge).fact("max", max));
    }
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let media_type = words::media_type(&name).to_owned();
    if !assignment.rules.takes(&name, &media_type) {
        let types = assignment.rules.file_types.join(", ");
        return Err(Failure::new(FailureCode::FileTypeNotTaken).fact("types", types));
    }
    let (digest, size) = store.mine().import_file(path, None)?;
    store.draft_file_add(&input.course, &input.item, &WorkFile { name, digest, size, media_type })?;
    Ok(())
}

/// Whether what is handed in keeps to the rules. Dates are left to the site: it may have given more time.
fn kept(rules: &HandInRules, text: &str, agreed: bool) -> Result<(), Failure> {
    if let (Some(count), Some(max)) = (rules.too_long(text), rules.max_words) {
        return Err(Failure::new(FailureCode::TooManyWords).fact("max", max).fact("count", count));
    }
    if rules.statement.is_some() && !agreed {
        return Err(FailureCode::StatementDue.into());
    }
    Ok(())
}

fn unknown(what: &str) -> Failure {
    Failure::new(FailureCode::Unknown).fact("what", what)
}

type Responses = BTreeMap<daypack_course::QuestionId, ResponseRow>;

/// Share of the points that can be scored here; `None` when nothing can.
fn points(questions: &[Question], responses: &Responses) -> Option<f64> {
    let mut got = 0.0;
    let mut of = 0.0;
    for question in questions.iter().filter(|q| q.is_answerable() && q.scoring != Scoring::Manual) {
        let given = responses.get(&question.id).map(|r| r.response.clone());
        let Some(given) = given.or_else(|| empty_response(&question.body)) else { continue };
        if let Some(score) = question.score(&given) {
            got += score.fraction * question.points;
            of += question.points;
        }
    }
    (of > 0.0).then_some(got / of)
}

/// An unanswered question scores as its empty answer.
fn empty_response(body: &QuestionBody) -> Option<Response> {
    Some(match body {
        QuestionBody::SingleChoice(_) => Response::SingleChoice { choice: None },
        QuestionBody::MultipleChoice(_) => Response::MultipleChoice { choices: Vec::new() },
        QuestionBody::TrueFalse(_) => Response::TrueFalse { value: None },
        QuestionBody::ShortText(_) => Response::ShortText { text: String::new() },
        QuestionBody::Number(_) => Response::Number { text: String::new(), unit: None },
        QuestionBody::Matching(_) => Response::Matching { pairs: BTreeMap::new() },
        QuestionBody::Essay(_) => Response::Essay { text: String::new() },
        QuestionBody::Blanks(_)
        | QuestionBody::Picture(_)
        | QuestionBody::Markers(_)
        | QuestionBody::Ordering(_)
        | QuestionBody::Description {}
        | QuestionBody::Unsupported { .. } => return None,
    })
}

/// What goes to the site: each answer with the words of its question and choices.
fn answers(questions: &[Question], responses: &Responses) -> Vec<Answer> {
    questions
        .iter()
        .filter_map(|question| {
            let response = &responses.get(&question.id)?.response;
            Some(answer(question, response))
        })
        .collect()
}

/// An answer with the words of its question and choices.
pub(crate) fn answer(question: &Question, response: &Response) -> Answer {
    Answer {
        question: question.id.clone(),
        slot: question.slot,
        text: daypack_lms::moodle::words::plain(&question.text_html),
        response: response.clone(),
        labels: labels(&question.body),
    }
}

fn labels(body: &QuestionBody) -> BTreeMap<String, String> {
    let plain = daypack_lms::moodle::words::plain;
    match body {
        QuestionBody::SingleChoice(q) => {
            q.choices.iter().map(|c| (c.id.clone(), plain(&c.text_html))).collect()
        }
        QuestionBody::MultipleChoice(q) => {
            q.choices.iter().map(|c| (c.id.clone(), plain(&c.text_html))).collect()
        }
        QuestionBody::Matching(q) => {
            q.left.iter().chain(&q.right).map(|s| (s.id.clone(), plain(&s.text_html))).collect()
        }
        QuestionBody::Blanks(q) => {
            let chosen = q.blanks.iter().flat_map(|b| b.choices.iter().map(move |c| (b, c)));
            let mut out: BTreeMap<String, String> = chosen
                .map(|(b, c)| match b.shape {
                    BlankShape::Several => (c.id.clone(), plain(&c.text_html)),
                    _ => (format!("{}={}", b.id, c.id), plain(&c.text_html)),
                })
                .collect();
            out.extend(q.blanks.iter().flat_map(|b| piece_labels(&b.id, &b.group, &q.pieces)));
            out
        }
        QuestionBody::Picture(q) => {
            q.spots.iter().flat_map(|s| piece_labels(&s.id, &s.group, &q.pieces)).collect()
        }
        QuestionBody::Markers(q) => q.markers.iter().map(|m| (m.id.clone(), plain(&m.text_html))).collect(),
        QuestionBody::Ordering(q) => q.items.iter().map(|i| (i.id.clone(), plain(&i.text_html))).collect(),
        QuestionBody::TrueFalse(_)
        | QuestionBody::ShortText(_)
        | QuestionBody::Number(_)
        | QuestionBody::Essay(_)
        | QuestionBody::Description {}
        | QuestionBody::Unsupported { .. } => BTreeMap::new(),
    }
}

fn piece_labels<'a>(
    place: &'a str,
    group: &'a str,
    pieces: &'a [Piece],
) -> impl Iterator<Item = (String, String)> + 'a {
    let fitting = pieces.iter().filter(move |p| !group.is_empty() && p.group == group);
    fitting.map(move |p| (format!("{place}={}", p.id), daypack_lms::moodle::words::plain(&p.text_html)))
}
