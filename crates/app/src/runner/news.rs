//! One look at a site: what is new is asked in one request, and only what was named is asked further.

use std::collections::{BTreeMap, BTreeSet};

use daypack_course::outline::Binding;
use daypack_course::{AccountId, CourseId, ItemId, TimeMs};
use daypack_engine::news::{Activity, Hint, Hints, News, Plan};
use daypack_lms::connector::{CourseOffer, Told};
use daypack_lms::{ReadError, SiteNews};
use daypack_store::{Store, StoreError};

use crate::App;
use crate::api::Failure;
use crate::commands::source;

/// Which items stand for an activity.
pub(super) type Places = BTreeMap<Binding, Vec<(CourseId, ItemId)>>;

/// The activities of a site where work can come back, by course at the site.
#[derive(Default)]
pub(super) struct Bound {
    pub places: Places,
    courses: BTreeMap<String, Vec<Activity>>,
}

impl Bound {
    pub fn add(&mut self, binding: &Binding, closes: Option<TimeMs>, place: (CourseId, ItemId)) {
        let places = self.places.entry(binding.clone()).or_default();
        if places.is_empty() {
            let activity = Activity { id: binding.cmid.clone(), closes };
            self.courses.entry(binding.course.clone()).or_default().push(activity);
        }
        places.push(place);
    }
}

/// What one look is about.
pub(super) struct Round {
    account: AccountId,
    plans: BTreeMap<String, (Plan, Hints)>,
    site_now: TimeMs,
    /// The learner's courses, where the site named any.
    pub offers: Option<Vec<CourseOffer>>,
}

fn name(account: &AccountId) -> String {
    format!("news {account}")
}

impl Round {
    /// Asks what is new and plans what is asked further.
    pub async fn ask(
        app: &App,
        account: &AccountId,
        session: &source::Session,
        bound: &Bound,
    ) -> Result<Self, ReadError> {
        let now = app.now();
        let kept = account.clone();
        // Without it everything is asked once.
        let mut news = app.db(move |store| known(store, &kept)).await.unwrap_or_default();
        let courses: BTreeSet<String> = bound.courses.keys().cloned().collect();
        news.retain(&courses);
        let since: Vec<(String, TimeMs)> =
            courses.iter().filter_map(|course| Some((course.clone(), news.since(course, now)?))).collect();
        let SiteNews { offers, courses: told, server_now } =
            session.connector.news(&session.who, &since).await?;
        let plans = bound.courses.iter().map(|(course, activities)| {
            let hints = told.get(course).map_or(Hints::Untold, hints);
            let plan = news.plan(course, activities, &hints, server_now, now);
            (course.clone(), (plan, hints))
        });
        let plans = plans.collect();
        Ok(Self { account: account.clone(), plans, site_now: server_now, offers })
    }

    /// Courses at the site whose outline is to be compared.
    pub fn to_compare(&self) -> Vec<String> {
        self.plans.iter().filter(|(_, (plan, _))| plan.compare).map(|(course, _)| course.clone()).collect()
    }

    /// Whether an activity is asked in this round.
    pub fn is_asked(&self, binding: &Binding) -> bool {
        self.plans.get(&binding.course).is_some_and(|(plan, _)| plan.activities.contains(&binding.cmid))
    }

    /// Courses at the site where something is asked, so that grades may have changed.
    pub fn courses_asked(&self) -> Vec<String> {
        let asked = |plan: &Plan| plan.whole || !plan.activities.is_empty();
        self.plans.iter().filter(|(_, (plan, _))| asked(plan)).map(|(course, _)| course.clone()).collect()
    }

    /// All that was asked for came and was kept.
    pub async fn came(&mut self, app: &App) -> Result<(), Failure> {
        let (now, site_now) = (app.now(), self.site_now);
        let (account, plans) = (self.account.clone(), self.plans.clone());
        app.db(move |store| {
            let mut news = known(store, &account)?;
            news.retain(&plans.keys().cloned().collect());
            for (course, (plan, hints)) in &plans {
                news.came(course, plan, hints, site_now, now);
            }
            keep(store, &account, &news)
        })
        .await
    }
}

/// What is known of an account's courses.
pub(super) fn known(store: &Store, account: &AccountId) -> Result<News, StoreError> {
    let kept = store.cat_machine_get(&name(account))?;
    Ok(kept.and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default())
}

/// Keeps it.
pub(super) fn keep(store: &Store, account: &AccountId, news: &News) -> Result<(), StoreError> {
    store.cat_machine_put(&name(account), &serde_json::to_value(news).unwrap_or_default())
}

fn hints(told: &Told) -> Hints {
    match told {
        Told::Refused => Hints::Refused,
        Told::Changed(all) => Hints::Told(
            all.iter()
                .map(|(id, c)| (id.clone(), Hint { work: c.work, content: c.content, settings: c.settings }))
                .collect(),
        ),
    }
}
