//! The library: courses here, courses on offer, one course's outline.

use std::collections::{BTreeMap, BTreeSet};

use super::source;
use crate::App;
use crate::api::Failure;
use crate::api::input::*;
use crate::api::outline::*;
use crate::shelf::{self, Shelf};

impl App {
    /// See the list of commands.
    pub async fn library(&self, _: Nothing) -> Result<LibraryView, Failure> {
        let jobs = self.job_views();
        let clocks = self.clone();
        let tiers = self.clone();
        self.db(move |store| {
            let mut courses = Vec::new();
            let mut here = Vec::new();
            let mut taught = BTreeSet::new();
            for summary in store.courses()? {
                let job = jobs.iter().find(|job| job.course == summary.id).cloned();
                if let Some(shelf) =
                    Shelf::load(store, &summary.id, tiers.tier_of(&summary.id), job, &|site| {
                        clocks.moment(site)
                    })?
                {
                    here.push(shelf.course.id.clone());
                    taught.extend(shelf::stands_for_courses(&shelf.course));
                    courses.push(shelf.card());
                }
            }
            let all = store.offers()?;
            let sites: BTreeMap<String, String> =
                store.accounts()?.into_iter().map(|a| (a.id.to_string(), shelf::folded(&a.site))).collect();
            let libraries: Vec<LibraryAdded> = store
                .libraries()?
                .into_iter()
                .map(|l| LibraryAdded {
                    courses: u32::try_from(all.iter().filter(|o| o.source == l.address).count())
                        .unwrap_or(u32::MAX),
                    address: l.address,
                    title: l.title,
                    fingerprint: l.fingerprint,
                })
                .collect();
            let offers = all
                .into_iter()
                // A package that hands in to the site's course is that course: no second copy beside it.
                .filter(|offer| {
                    let site = sites.get(&offer.source).cloned().unwrap_or_default();
                    !taught.contains(&(site, offer.id.clone()))
                })
                .filter(|offer| {
                    !here
                        .iter()
                        .any(|id: &daypack_course::CourseId| id.as_str() == source::detail(offer).course)
                })
                .map(|offer| OfferCard {
                    source_name: source::detail(&offer).source_name,
                    source: offer.source,
                    id: offer.id,
                    title: offer.title,
                    summary: daypack_formats::html::plain_text(&offer.summary),
                    size: offer.size,
                })
                .collect();
            Ok(LibraryView { courses, offers, libraries })
        })
        .await
    }

    /// All that a source offers, also what is here already: adding it again brings its newer version. For the tool.
    pub async fn offers_of(&self, source: &str) -> Result<Vec<OfferInput>, Failure> {
        let of = source.to_owned();
        let offers = self.db(|store| store.offers()).await?;
        let its = offers.into_iter().filter(|offer| offer.source == of);
        Ok(its.map(|offer| OfferInput { source: offer.source, id: offer.id }).collect())
    }

    /// See the list of commands.
    pub async fn course(&self, input: CourseInput) -> Result<CourseView, Failure> {
        if self.is_online() && self.opens(&input.course) {
            self.spawn(crate::runner::compare::opened(self.clone(), input.course.clone()));
        }
        Ok(self.shelf(&input.course).await?.view(self.now()))
    }
}
