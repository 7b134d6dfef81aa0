//! Where the site shows a module or a section, when, and why not yet.

use daypack_course::outline::{SiteDate, Standing};
use serde_json::Value;
use url::Url;

use crate::moodle::{loose, words};

/// What a listed section is in the order in which sections are shown.
pub(super) struct At {
    /// Its number in the listing.
    pub number: usize,
    /// Title of the section it is in.
    pub within: Option<String>,
    /// Subsections in it that are sections of their own, by instance.
    pub subsections: Vec<String>,
}

/// Whether a module stands for a section within a section (Moodle 4.5).
pub(super) fn is_subsection(module: &Value) -> bool {
    loose::text(module, "modname") == "subsection"
}

/// The sections in the order of study: a subsection follows the section it is in. None is left out.
pub(super) fn order(listed: &[Value]) -> Vec<At> {
    let delegate = |instance: &str| {
        listed.iter().position(|s| {
            loose::text(s, "component") == "mod_subsection" && loose::text(s, "itemid") == instance
        })
    };
    let mut out: Vec<At> = Vec::new();
    let mut below: Vec<usize> = Vec::new();
    for (number, section) in listed.iter().enumerate() {
        if loose::text(section, "component") == "mod_subsection" {
            continue;
        }
        let inner: Vec<(String, usize)> = loose::list(section, "modules")
            .iter()
            .filter(|module| is_subsection(module))
            .filter_map(|module| {
                let instance = loose::text(module, "instance");
                delegate(&instance).map(|at| (instance, at))
            })
            .collect();
        let subsections = inner.iter().map(|(instance, _)| instance.clone()).collect();
        out.push(At { number, within: None, subsections });
        let title = words::plain(&loose::text(section, "name"));
        for (_, number) in inner.into_iter().filter(|(_, at)| !below.contains(at)).collect::<Vec<_>>() {
            below.push(number);
            out.push(At { number, within: Some(title.clone()), subsections: Vec::new() });
        }
    }
    // Sections of other makers, and subsections whose place is not listed.
    for number in 0..listed.len() {
        if !out.iter().any(|at| at.number == number) {
            out.push(At { number, within: None, subsections: Vec::new() });
        }
    }
    out
}

/// Why the site does not let the learner in yet, in its words; empty where it gives none. `None` when it is open.
pub(super) fn closed(of: &Value) -> Option<String> {
    (loose::flag(of, "uservisible") == Some(false))
        .then(|| words::plain(&loose::text(of, "availabilityinfo")))
}

pub(super) fn standing(module: &Value) -> Standing {
    match loose::flag(module, "visibleoncoursepage") {
        Some(false) => Standing::OffPage,
        _ => Standing::Listed,
    }
}

pub(super) fn dates(module: &Value) -> Vec<SiteDate> {
    loose::list(module, "dates")
        .iter()
        .filter_map(|date| {
            let label = words::plain(&loose::text(date, "label")).trim_end_matches(':').to_owned();
            Some(SiteDate { label, at: loose::time(date, "timestamp")? })
                .filter(|date| !date.label.is_empty())
        })
        .collect()
}

/// The module's page at the site; never one of another host.
pub(super) fn address(module: &Value, site: &str) -> Option<String> {
    let site = Url::parse(site).ok()?;
    let url = Url::parse(&loose::text(module, "url")).ok()?;
    let web = matches!(url.scheme(), "http" | "https") && url.host() == site.host();
    web.then(|| url.to_string())
}
