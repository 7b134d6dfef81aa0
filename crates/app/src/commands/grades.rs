//! The grades of a course, as its site last listed them. What was read is in the catalogue: it can be read again.

use std::collections::BTreeSet;

use daypack_course::grades::{GradeKind, Gradebook};
use daypack_course::outline::{Course, Origin};
use daypack_course::{AccountId, ItemId};
use daypack_formats::html::clean_fragment;
use daypack_store::{Store, StoreError};

use crate::App;
use crate::api::input::CourseInput;
use crate::api::study::{GradeLine, GradesView};
use crate::api::{Event, Failure, FailureCode};
use crate::shelf::same_site;

fn name(account: &AccountId, course: &str) -> String {
    format!("grades {account} {course}")
}

/// Keeps a table that was read.
pub(crate) async fn keep(app: &App, account: &AccountId, course: String, book: Gradebook) {
    let at = name(account, &course);
    let kept = app
        .db(move |store| {
            let known = store.cat_machine_get(&at)?;
            let is_new = known
                .and_then(|v| serde_json::from_value::<Gradebook>(v).ok())
                .is_none_or(|k| k.rows != book.rows);
            store.cat_machine_put(&at, &serde_json::to_value(&book)?)?;
            let mut here = Vec::new();
            for row in store.courses()?.into_iter().filter(|_| is_new) {
                let Some(of) = store.course_get(&row.id)? else { continue };
                if of.items().flat_map(|i| &i.bindings).any(|b| b.course == course) {
                    here.push(row.id);
                }
            }
            Ok(here)
        })
        .await;
    match kept {
        Ok(courses) => {
            courses.into_iter().for_each(|course| app.tell(Event::CourseChanged { course, item: None }))
        }
        Err(failure) => tracing::warn!(%failure, "grades not kept"),
    }
}

impl App {
    /// See the list of commands.
    pub async fn course_grades(&self, input: CourseInput) -> Result<GradesView, Failure> {
        self.db_or(move |store| {
            let course = store
                .course_get(&input.course)?
                .ok_or_else(|| Failure::new(FailureCode::Unknown).fact("what", "course"))?;
            Ok(view(store, &course)?)
        })
        .await
    }
}

fn view(store: &Store, course: &Course) -> Result<GradesView, StoreError> {
    let places: BTreeSet<(&str, &str)> =
        course.items().flat_map(|i| &i.bindings).map(|b| (b.site.as_str(), b.course.as_str())).collect();
    let own = match &course.origin {
        Origin::Site { account, .. } => Some(account.clone()),
        _ => None,
    };
    let accounts = store.accounts()?;
    let item = |cmid: &str| -> Option<ItemId> {
        course.items().find(|i| i.bindings.iter().any(|b| b.cmid == cmid)).map(|i| i.id.clone())
    };
    let mut out = GradesView {
        course: course.id.clone(),
        title: course.title.clone(),
        has_school: false,
        as_of: None,
        lines: Vec::new(),
        total: None,
    };
    for (site, remote) in places {
        for account in accounts.iter().filter(|a| same_site(&a.site, site)) {
            if own.as_ref().is_some_and(|own| *own != account.id) {
                continue;
            }
            out.has_school = true;
            let kept = store.cat_machine_get(&name(&account.id, remote))?;
            let Some(book) = kept.and_then(|value| serde_json::from_value::<Gradebook>(value).ok()) else {
                continue;
            };
            out.as_of = Some(book.at);
            for row in book.rows {
                let line = GradeLine {
                    item: row.cmid.as_deref().and_then(item),
                    is_sum: matches!(row.kind, GradeKind::Category | GradeKind::Course),
                    name: row.name,
                    value: row.value,
                    shown: row.shown,
                    most: row.range.map(|(_, most)| most),
                    percent: row.percent,
                    weight: row.weight,
                    feedback_html: clean_fragment(&row.feedback_html),
                    given: row.given,
                    hidden: row.hidden,
                };
                match row.kind {
                    GradeKind::Course => out.total = Some(line),
                    _ => out.lines.push(line),
                }
            }
        }
    }
    Ok(out)
}
