//! What a site says of an item beside its content, and what becomes of items it does not list any more.
//!
//! What must stay true: a listing that is empty or lacks something takes nothing away from the learner.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{Course, Section};
use crate::TimeMs;

/// Where a course shows an item.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// In its outline.
    #[default]
    Listed,
    /// Not on the course's page, and open to those who are led to it.
    OffPage,
    /// Not in the course any more; what is here stays.
    Gone,
}

impl Standing {
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
    pub(super) fn is_listed(&self) -> bool {
        *self == Self::Listed
    }
}

/// A date the site shows with an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SiteDate {
    /// In the site's words and language, e.g. `Opens`.
    pub label: String,
    /// When.
    pub at: TimeMs,
}

impl Course {
    /// Takes over what `before` had and this newer listing has not: it stays in its section, marked as gone.
    ///
    /// A listing without any item says nothing of items: all stays as it was.
    pub fn keep_what_was(&mut self, before: &Course) {
        if self.items().next().is_none() && before.items().next().is_some() {
            self.sections.clone_from(&before.sections);
            self.assets.clone_from(&before.assets);
            return;
        }
        let here: BTreeSet<_> = self.items().map(|item| item.id.clone()).collect();
        for (at, old) in before.sections.iter().enumerate() {
            let mut gone = old.items.clone();
            gone.retain(|item| !here.contains(&item.id));
            if gone.is_empty() {
                continue;
            }
            for item in &mut gone {
                item.standing = Standing::Gone;
                for id in item.assets(None) {
                    if let Some(asset) = before.assets.get(&id) {
                        self.assets.entry(id).or_insert_with(|| asset.clone());
                    }
                }
            }
            match self.sections.iter_mut().find(|section| section.id == old.id) {
                Some(section) => section.items.extend(gone),
                None => {
                    let at = at.min(self.sections.len());
                    self.sections.insert(at, Section { items: gone, ..old.clone() });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outline::{Item, ItemBody, Origin, Text};

    fn course(sections: &[(&str, &[&str])]) -> Course {
        let item = |id: &&str| Item {
            id: (*id).into(),
            title: (*id).to_owned(),
            summary: String::new(),
            minutes: None,
            body: ItemBody::Text(Text { html: String::new() }),
            bindings: Vec::new(),
            online: Vec::new(),
            locked: None,
            standing: Standing::Listed,
            dates: Vec::new(),
            address: None,
            files: BTreeSet::new(),
        };
        Course {
            id: "c".into(),
            title: "C".into(),
            language: "en".into(),
            summary: String::new(),
            licence: String::new(),
            origin: Origin::BuiltIn,
            sections: sections
                .iter()
                .map(|(id, items)| Section {
                    id: (*id).into(),
                    title: String::new(),
                    summary: String::new(),
                    items: items.iter().map(item).collect(),
                })
                .collect(),
            assets: std::collections::BTreeMap::new(),
            zone: None,
        }
    }

    fn shown(course: &Course) -> String {
        let items = course
            .items()
            .map(|i| format!("{}{}", i.id, if i.standing == Standing::Gone { "-" } else { "" }));
        items.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_a_site_lists_no_more_stays_and_is_marked() {
        let before = course(&[("s1", &["a", "b"]), ("s2", &["c"])]);
        let mut now = course(&[("s1", &["b", "d"])]);
        now.keep_what_was(&before);
        assert_eq!(shown(&now), "b d a- c-");
        // Listed once more it is as before; moved items are not doubled.
        let mut again = course(&[("s2", &["a", "b", "d"])]);
        again.keep_what_was(&now);
        assert_eq!(shown(&again), "c- a b d");
    }

    #[test]
    fn an_empty_listing_takes_nothing_away() {
        let before = course(&[("s1", &["a", "b"])]);
        for empty in [course(&[]), course(&[("s1", &[])])] {
            let mut now = empty;
            now.keep_what_was(&before);
            assert_eq!(shown(&now), "a b");
        }
    }
}
