//! Opening one item: its view, and the local servers it needs.

use std::collections::BTreeMap;
use std::sync::Arc;

use daypack_course::outline::{Course, Item, ItemBody, Reading, Video};
use daypack_course::package::ObjectRef;
use daypack_course::rules::TalkRules;
use daypack_course::work::Deed;
use daypack_course::{AssetId, Digest};
use daypack_formats::html::clean_fragment;
use daypack_store::Store;

use super::{page, playing, there};
use crate::api::input::*;
use crate::api::study::*;
use crate::api::work::{FeedbackFileView, FeedbackView};
use crate::api::{Failure, FailureCode};
use crate::runner::{mend, pieces};
use crate::servers::content::{ContentServer, Reading as ServedReading};
use crate::servers::file::{Proof, Served};
use crate::servers::media::MediaServer;
use crate::servers::pace::Pace;
use crate::shelf::{Shelf, item_of};
use crate::{App, Opened, failure};

/// Pages larger than this are shown as files: no lecture page is that long.
pub(super) const MAX_PAGE: u64 = 16 * 1024 * 1024;

/// Readings of at most so many bytes are compared with their digest as they are opened; larger ones by "check files".
const MAX_READ: u64 = 32 * 1024 * 1024;

impl App {
    /// See the list of commands.
    pub async fn item(&self, input: ItemInput) -> Result<ItemView, Failure> {
        let shelf = self.shelf(&input.course).await?;
        let item = shelf
            .course
            .item(&input.item)
            .cloned()
            .ok_or_else(|| Failure::new(FailureCode::Unknown).fact("what", "item"))?;
        let (previous, next) = shelf.neighbours(&item.id);
        let row = shelf.row(&item);
        let mut media: BTreeMap<String, Served> = BTreeMap::new();
        let about = shelf.feedback.get(&item.id).cloned().unwrap_or_default();
        let feedback_files = self.feedback_files(&about, &mut media).await?;
        let sent = self.cards_of(&shelf.course, &input.item).await?;
        let (course, bound) = (shelf.course.clone(), item.clone());
        let receiver = self.db(move |store| crate::receiver::receiver(store, &course, &bound)).await?;
        let mut content = None;
        let body = match &item.body {
            ItemBody::Video(video) => self.video(&shelf, &item, video, &mut media).await?,
            ItemBody::Reading(reading) => {
                let (body, server) = self.reading(&shelf, &item, reading).await?;
                content = server;
                body
            }
            ItemBody::Quiz(quiz) => {
                let (course, id) = (input.course.clone(), input.item.clone());
                let rows = self.db(move |store| store.attempts_of(&course, &id)).await?;
                let mut open = None;
                let mut past = Vec::new();
                for row in rows {
                    let finished = row.state == daypack_store::AttemptState::Finished;
                    let view = self.attempt_view(row.id).await?;
                    if finished {
                        past.push(view);
                    } else {
                        open = Some(view);
                    }
                }
                past.sort_by_key(|a| std::cmp::Reverse(a.number));
                ItemBodyView::Quiz(QuizView {
                    mode: quiz.mode,
                    intro_html: clean_fragment(&quiz.intro_html),
                    questions: u32::try_from(quiz.questions.len()).unwrap_or(u32::MAX),
                    starts_online: quiz.start_online,
                    only_there: quiz.only_there,
                    address: item.address.clone(),
                    checks_each: quiz.checks_each,
                    time_limit_ms: quiz.time_limit_ms,
                    opens: quiz.opens,
                    closes: quiz.closes,
                    max_attempts: quiz.max_attempts,
                    open,
                    past,
                })
            }
            ItemBody::Assignment(assignment) => ItemBodyView::Assignment(AssignmentView {
                brief_html: clean_fragment(&assignment.brief_html),
                accepts_text: assignment.accepts_text,
                max_files: assignment.max_files,
                max_file_bytes: assignment.max_file_bytes,
                due: assignment.due,
                cut_off: assignment.cut_off,
                max_grade: assignment.max_grade,
                rules: assignment.rules.clone(),
                there: {
                    let (course, id) = (input.course.clone(), input.item.clone());
                    self.db(move |store| there::view(store, &course, &id)).await?
                },
                draft: self.draft_view(input.course.clone(), input.item.clone(), "text").await?,
            }),
            ItemBody::Discussion(discussion) => {
                let prompt = clean_fragment(&discussion.prompt_html);
                ItemBodyView::Discussion(self.discussion(&input, prompt, discussion.rules.clone()).await?)
            }
            ItemBody::Link(link) => ItemBodyView::Link {
                address: link.address.clone(),
                host: url::Url::parse(&link.address)
                    .ok()
                    .and_then(|u| u.host_str().map(str::to_owned))
                    .unwrap_or_default(),
            },
            ItemBody::Text(text) => ItemBodyView::Text { html: clean_fragment(&text.html) },
            ItemBody::Unsupported(unsupported) => {
                ItemBodyView::Unsupported { what: unsupported.what.clone(), address: item.address.clone() }
            }
        };
        self.put_opened_first(&shelf, &input.item, &body);
        page::shown(self, &shelf, &item, &mut media);
        let server = if media.is_empty() { None } else { Some(self.media_server(media).await?) };
        let (mut body, feedback) =
            with_addresses(body, about, &feedback_files, server.as_ref(), &shelf, &item);
        match &mut body {
            ItemBodyView::Quiz(view) => page::in_place(&mut view.intro_html, &item, server.as_ref()),
            ItemBodyView::Assignment(view) => page::in_place(&mut view.brief_html, &item, server.as_ref()),
            ItemBodyView::Discussion(view) => page::in_place(&mut view.prompt_html, &item, server.as_ref()),
            ItemBodyView::Text { html } => page::in_place(html, &item, server.as_ref()),
            _ => {}
        }
        self.hold(Opened { media: server, content });
        Ok(ItemView {
            course: input.course,
            course_title: shelf.course.title.clone(),
            language: shelf.course.language.clone(),
            row,
            previous,
            next,
            hands_in_to: receiver.name(),
            receiver: receiver.view(),
            feedback,
            sent,
            body,
            zone: shelf.course.zone.clone(),
        })
    }

    /// See the list of commands.
    pub async fn item_close(&self, _: Nothing) -> Result<Saved, Failure> {
        self.hold(Opened::default());
        self.board_write(|board| board.opened = None);
        Ok(Saved { at: self.now() })
    }

    async fn video(
        &self,
        shelf: &Shelf,
        item: &Item,
        video: &Video,
        media: &mut BTreeMap<String, Served>,
    ) -> Result<ItemBodyView, Failure> {
        let store = self.store();
        let mut sources = Vec::new();
        for rendition in &video.renditions {
            let Some(asset) = shelf.course.assets.get(&rendition.asset) else { continue };
            let Some((digest, size)) = here(shelf, &rendition.asset) else {
                if let Some((served, size)) = self.coming(shelf, asset, video.duration_ms) {
                    media.insert(format!("source:{}", rendition.asset), served);
                    sources.push(VideoSource {
                        tier: rendition.tier,
                        url: String::new(),
                        media_type: asset.media_type.clone(),
                        codecs: rendition.codecs.clone(),
                        size,
                        is_coming: true,
                    });
                }
                continue;
            };
            if !store.objects().has(&digest) {
                self.mend_soon(digest, size);
                continue;
            }
            media.insert(
                format!("source:{}", rendition.asset),
                Served {
                    path: store.objects().path(&digest),
                    media_type: asset.media_type.clone(),
                    pace: Some(Pace::of_media(size, video.duration_ms)),
                    proof: self.proof_of(shelf, &digest, size),
                    coming: None,
                },
            );
            sources.push(VideoSource {
                tier: rendition.tier,
                url: String::new(),
                media_type: asset.media_type.clone(),
                codecs: rendition.codecs.clone(),
                size,
                is_coming: false,
            });
        }
        if sources.is_empty() {
            return Ok(ItemBodyView::NotHere {});
        }
        if let Some((id, (digest, _))) =
            video.poster.as_ref().and_then(|id| here(shelf, id).map(|found| (id, found)))
        {
            let media_type =
                shelf.course.assets.get(id).map_or_else(|| "image/jpeg".to_owned(), |a| a.media_type.clone());
            media.insert(
                "poster".to_owned(),
                Served {
                    path: store.objects().path(&digest),
                    media_type,
                    pace: None,
                    proof: None,
                    coming: None,
                },
            );
        }
        let mut captions = Vec::new();
        for caption in &video.captions {
            let Some((digest, size)) = here(shelf, &caption.asset) else { continue };
            if size > MAX_PAGE {
                continue;
            }
            let path = store.objects().path(&digest);
            let bytes = tokio::fs::read(&path).await.unwrap_or_default();
            if Digest::of(&bytes) != digest {
                self.mend_soon(digest, size);
                continue;
            }
            captions.push(CaptionView {
                language: caption.language.clone(),
                label: caption.label.clone(),
                text: String::from_utf8_lossy(&bytes).into_owned(),
            });
        }
        let position = shelf.positions.get(&item.id);
        let (course, id) = (shelf.course.id.clone(), item.id.clone());
        let (settings, last) = (self.settings(), position.map(|p| p.rate));
        let (playing, bookmarks) = self
            .db(move |store| {
                Ok((playing::playing(store, &course, &settings, last)?, store.bookmarks_of(&course, &id)?))
            })
            .await?;
        Ok(ItemBodyView::Video(VideoView {
            sources,
            captions,
            chapters: video.chapters.clone(),
            duration_ms: video.duration_ms,
            poster: None,
            position_ms: position.map_or(0, |p| p.position_ms),
            watched: position.map(|p| p.watched.clone()).unwrap_or_default(),
            playing,
            bookmarks: bookmarks.iter().map(playing::view).collect(),
        }))
    }

    /// A damaged file of a course is put to be mended, beside what goes on.
    fn mend_soon(&self, digest: Digest, size: u64) {
        let app = self.clone();
        self.spawn(async move {
            if let Err(failure) = mend::mend(&app, digest, size).await {
                tracing::warn!(%failure, "a damaged file could not be put to be mended");
            }
        });
    }

    /// The pieces of an object, where they are known: a damaged one is not played, and mended.
    fn proof_of(&self, shelf: &Shelf, digest: &Digest, size: u64) -> Option<Proof> {
        let object = ObjectRef { digest: *digest, size };
        let named = *pieces::kept(self.store(), &shelf.course.id).ok()?.lists.get(&digest.to_string())?;
        let list = pieces::list_here(self.store(), &object, &named)?;
        let (app, digest) = (self.clone(), *digest);
        let on_damage = move || app.mend_soon(digest, size);
        Some(Proof { list: Arc::new(list), on_damage: Arc::new(on_damage) })
    }

    async fn reading(
        &self,
        shelf: &Shelf,
        item: &Item,
        reading: &Reading,
    ) -> Result<(ItemBodyView, Option<ContentServer>), Failure> {
        let Some((digest, size)) = here(shelf, &reading.main) else {
            return Ok((ItemBodyView::NotHere {}, None));
        };
        let Some(asset) = shelf.course.assets.get(&reading.main) else {
            return Ok((ItemBodyView::NotHere {}, None));
        };
        let kind = reading.media_type.split(';').next().unwrap_or_default().trim().to_lowercase();
        let shape = match kind.as_str() {
            "text/html" | "application/xhtml+xml" if size <= MAX_PAGE => ReadingShape::Page,
            "application/pdf" => ReadingShape::Pdf,
            "image/png" | "image/jpeg" | "image/gif" | "image/webp" | "image/svg+xml" => ReadingShape::Image,
            "text/plain" | "text/markdown" => ReadingShape::Text,
            _ => ReadingShape::File,
        };
        let store = self.store();
        let is_sound = if size <= MAX_READ {
            let (store, digest) = (store.clone(), digest);
            let look = move || store.objects().verify(&digest).unwrap_or(false);
            tokio::task::spawn_blocking(look).await.unwrap_or(false)
        } else {
            store.objects().has(&digest)
        };
        if !is_sound {
            self.mend_soon(digest, size);
            return Ok((ItemBodyView::NotHere {}, None));
        }
        let served = |digest: &Digest, media_type: &str| Served {
            path: store.objects().path(digest),
            media_type: media_type.to_owned(),
            pace: None,
            proof: None,
            coming: None,
        };
        let mut files: BTreeMap<String, Served> = BTreeMap::new();
        for (path, id) in &reading.files {
            if let (Some((digest, _)), Some(asset)) = (here(shelf, id), shelf.course.assets.get(id)) {
                files.insert(path.clone(), served(&digest, &asset.media_type));
            }
        }
        let mut page_html = String::new();
        if shape == ReadingShape::Page {
            let path = store.objects().path(&digest);
            let bytes = tokio::fs::read(&path).await.map_err(|e| failure::file(&e, &path))?;
            page_html = page::cleaned(shelf, reading, &String::from_utf8_lossy(&bytes)).html;
        } else {
            // Text is sent as text whatever its type, so that nothing in it runs.
            let media_type =
                if shape == ReadingShape::Text { "text/plain; charset=utf-8" } else { &asset.media_type };
            files.insert("document".to_owned(), served(&digest, media_type));
        }
        let content = ServedReading {
            page_html,
            language: shelf.course.language.clone(),
            title: item.title.clone(),
            files,
        };
        let server = ContentServer::start(content, self.viewer()).await.map_err(|e| failure::io(&e))?;
        let url = match shape {
            ReadingShape::Page => server.page_url(),
            ReadingShape::Pdf => server.pdf_url("document"),
            ReadingShape::Image | ReadingShape::Text | ReadingShape::File => server.file_url("document"),
        };
        let view = ReadingView {
            shown_as: shape,
            media_type: reading.media_type.clone(),
            name: asset.name.clone(),
            url,
            fraction: shelf.readings.get(&item.id).copied().unwrap_or_default(),
            size,
        };
        Ok((ItemBodyView::Reading(view), Some(server)))
    }

    async fn discussion(
        &self,
        input: &ItemInput,
        prompt_html: String,
        rules: TalkRules,
    ) -> Result<DiscussionView, Failure> {
        let (course, item) = (input.course.clone(), input.item.clone());
        self.db(move |store| {
            let thread = store.posts_get(&course, &item)?;
            let (as_of, posts): (_, Vec<PostView>) = match thread {
                Some((value, at)) => (Some(at), serde_json::from_value(value).unwrap_or_default()),
                None => (None, Vec::new()),
            };
            let mut drafts = BTreeMap::new();
            let mut slots = vec!["new".to_owned(), "subject".to_owned()];
            slots.extend(posts.iter().map(|p| format!("reply:{}", p.id)));
            for slot in slots {
                if let Some(draft) = store.draft_get(&course, &item, &slot)?.filter(|d| !d.text.is_empty()) {
                    drafts.insert(
                        slot,
                        Draft { text: draft.text, saved_at: Some(draft.at), files: Vec::new() },
                    );
                }
            }
            let posts = posts.into_iter().map(|p| PostView { html: clean_fragment(&p.html), ..p }).collect();
            Ok(DiscussionView { prompt_html, rules, posts, as_of, drafts })
        })
        .await
    }

    /// Feedback files that are here, by address; adds them to `media`.
    pub(crate) async fn feedback_files(
        &self,
        about: &[daypack_course::feedback::Feedback],
        media: &mut BTreeMap<String, Served>,
    ) -> Result<BTreeMap<String, Digest>, Failure> {
        let wanted: Vec<(String, daypack_course::feedback::FeedbackFile)> =
            about.iter().flat_map(|f| f.files.iter().map(|file| (f.id.clone(), file.clone()))).collect();
        let found = self
            .db(move |store: &Store| {
                let mut found = Vec::new();
                for (id, file) in wanted {
                    if let Some(digest) = store.feedback_file_get(&id, &file.url)? {
                        found.push((file, digest));
                    }
                }
                Ok(found)
            })
            .await?;
        let mut here = BTreeMap::new();
        for (file, digest) in found {
            media.insert(
                format!("feedback:{}", file.url),
                Served {
                    path: self.store().objects().path(&digest),
                    media_type: file.media_type.clone(),
                    pace: None,
                    proof: None,
                    coming: None,
                },
            );
            here.insert(file.url, digest);
        }
        Ok(here)
    }

    pub(crate) async fn media_server(&self, files: BTreeMap<String, Served>) -> Result<MediaServer, Failure> {
        MediaServer::start(files).await.map_err(|e| failure::io(&e))
    }

    pub(crate) async fn cards_of(
        &self,
        course: &Course,
        item: &daypack_course::ItemId,
    ) -> Result<Vec<crate::api::work::WorkCard>, Failure> {
        let (course, item) = (course.clone(), item.clone());
        let rows = self
            .db(move |store| {
                Ok(store
                    .work_list()?
                    .rows
                    .into_iter()
                    .filter(|w| item_of(&course, &w.work).as_ref() == Some(&item))
                    .filter(|w| !matches!(w.work.deed, Deed::Completion { .. }))
                    .map(|w| w.work.id)
                    .collect::<Vec<_>>())
            })
            .await?;
        let mut cards = Vec::with_capacity(rows.len());
        for id in rows {
            cards.push(self.card_of(&id).await?);
        }
        Ok(cards)
    }
}

/// Digest and size of an asset that is completely here.
pub(super) fn here(shelf: &Shelf, id: &AssetId) -> Option<(Digest, u64)> {
    let state = shelf.assets.get(id).filter(|s| s.complete)?;
    state.digest.map(|digest| (digest, state.have))
}

fn with_addresses(
    mut body: ItemBodyView,
    about: Vec<daypack_course::feedback::Feedback>,
    here: &BTreeMap<String, Digest>,
    server: Option<&MediaServer>,
    shelf: &Shelf,
    item: &Item,
) -> (ItemBodyView, Vec<FeedbackView>) {
    let url = |key: &str| server.and_then(|s| s.url(key)).map(str::to_owned);
    if let (ItemBodyView::Video(view), ItemBody::Video(video)) = (&mut body, &item.body) {
        let mut sources = view.sources.iter_mut();
        for rendition in &video.renditions {
            if let Some(address) = url(&format!("source:{}", rendition.asset))
                && let Some(source) = sources.next()
            {
                source.url = address;
            }
        }
        view.poster = url("poster");
    }
    let feedback = about
        .into_iter()
        .map(|f| {
            let mut view = feedback_view(f, &shelf.seen);
            view.course = Some(shelf.course.id.clone());
            view.course_title = shelf.course.title.clone();
            view.item = Some(item.id.clone());
            view.item_title = item.title.clone();
            for (file, address) in &mut view.files {
                file.url = here.contains_key(address).then(|| url(&format!("feedback:{address}"))).flatten();
            }
            view.into()
        })
        .collect();
    (body, feedback)
}

/// A feedback view whose files still carry the site's address beside them.
pub(crate) struct PendingFeedback {
    pub id: String,
    pub course: Option<daypack_course::CourseId>,
    pub item: Option<daypack_course::ItemId>,
    pub course_title: String,
    pub item_title: String,
    pub files: Vec<(FeedbackFileView, String)>,
    rest: daypack_course::feedback::Feedback,
    seen: bool,
}

pub(crate) fn feedback_view(
    f: daypack_course::feedback::Feedback,
    seen: &std::collections::BTreeSet<(String, String)>,
) -> PendingFeedback {
    PendingFeedback {
        seen: crate::shelf::is_seen(seen, &f),
        id: f.id.clone(),
        course: None,
        item: None,
        course_title: String::new(),
        item_title: String::new(),
        files: f
            .files
            .iter()
            .map(|file| {
                let view = FeedbackFileView {
                    name: file.name.clone(),
                    media_type: file.media_type.clone(),
                    size: file.size,
                    url: None,
                };
                (view, file.url.clone())
            })
            .collect(),
        rest: f,
    }
}

impl From<PendingFeedback> for FeedbackView {
    fn from(p: PendingFeedback) -> Self {
        let mut questions = p.rest.questions;
        for question in &mut questions {
            question.comment_html = clean_fragment(&question.comment_html);
            question.outcome_html = clean_fragment(&question.outcome_html);
        }
        Self {
            id: p.id,
            course: p.course,
            item: p.item,
            course_title: p.course_title,
            item_title: p.item_title,
            grade: p.rest.grade,
            comment_html: clean_fragment(&p.rest.comment_html),
            questions,
            files: p.files.into_iter().map(|(file, _)| file).collect(),
            from: p.rest.from,
            given: p.rest.given,
            seen: p.seen,
        }
    }
}
