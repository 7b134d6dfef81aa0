//! How lectures of a course are played, and the moments that a learner marks in them.

use daypack_course::CourseId;
use daypack_store::{Bookmark, Store, StoreError};
use serde_json::json;

use crate::App;
use crate::api::input::{BookmarkPut, BookmarkRemove, PlayingSave, Saved};
use crate::api::status::Settings;
use crate::api::study::{BookmarkView, Playing};
use crate::api::{Failure, FailureCode};

/// The longest text of a mark, in characters.
const MOST: usize = 2_000;

fn key(course: &CourseId) -> String {
    format!("playing:{course}")
}

fn fit(rate: f64) -> f64 {
    if rate.is_finite() { rate.clamp(0.5, 3.0) } else { 1.0 }
}

/// How lectures of the course were played last; before that, as in the settings, with the speed of `last` where the
/// lecture itself was played.
pub(crate) fn playing(
    store: &Store,
    course: &CourseId,
    settings: &Settings,
    last: Option<f64>,
) -> Result<Playing, StoreError> {
    let kept = store.setting_get(&key(course))?.and_then(|value| serde_json::from_value(value).ok());
    Ok(kept.unwrap_or_else(|| Playing {
        rate: fit(last.unwrap_or(settings.rate)),
        captions: settings.captions,
        language: String::new(),
        goes_on: false,
    }))
}

impl App {
    /// See the list of commands.
    pub async fn playing_save(&self, input: PlayingSave) -> Result<Saved, Failure> {
        let at = self.now();
        let playing = Playing { rate: fit(input.playing.rate), ..input.playing };
        self.db(move |store| store.setting_put(&key(&input.course), &json!(playing))).await?;
        Ok(Saved { at })
    }

    /// See the list of commands.
    pub async fn bookmark_put(&self, input: BookmarkPut) -> Result<BookmarkView, Failure> {
        self.find_item(&input.course, &input.item).await?;
        if input.text.chars().count() > MOST {
            return Err(Failure::new(FailureCode::InvalidInput).fact("most", MOST));
        }
        let bookmark = Bookmark {
            id: input.id.unwrap_or_else(|| self.new_id()),
            course: input.course,
            item: input.item,
            at_ms: input.at_ms,
            text: input.text,
            removed: false,
            at: self.now(),
        };
        let view = view(&bookmark);
        self.db(move |store| store.bookmark_put(&bookmark)).await?;
        Ok(view)
    }

    /// See the list of commands.
    pub async fn bookmark_remove(&self, input: BookmarkRemove) -> Result<Saved, Failure> {
        let at = self.now();
        self.db(move |store| match store.bookmark_get(&input.id)? {
            Some(bookmark) => store.bookmark_put(&Bookmark { removed: true, at, ..bookmark }),
            None => Ok(()),
        })
        .await?;
        Ok(Saved { at })
    }
}

pub(crate) fn view(bookmark: &Bookmark) -> BookmarkView {
    BookmarkView { id: bookmark.id.clone(), at_ms: bookmark.at_ms, text: bookmark.text.clone() }
}
