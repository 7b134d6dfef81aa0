//! A newer listing of a course beside the one that is here. Nothing that is here is dropped because a list leaves it
//! out: what the site has no longer stays where it was and says so.

use std::collections::{BTreeMap, BTreeSet};

use crate::outline::{Asset, Course, Item, ItemBody, Section, Standing};
use crate::{AssetId, ItemId};

/// What became of a course by a newer listing.
#[derive(Clone, Debug, PartialEq)]
pub struct Renewed {
    /// The course as it is to be kept.
    pub course: Course,
    /// Items that are new, in study order.
    pub new: Vec<ItemId>,
    /// Items that the site has no longer, and had before.
    pub gone: Vec<ItemId>,
    /// Items that changed in name, place, rules or files.
    pub changed: Vec<ItemId>,
    /// Files of which the site says another version than before.
    pub files: Vec<AssetId>,
}

impl Renewed {
    /// Whether there is nothing to keep.
    pub fn is_quiet(&self, before: &Course) -> bool {
        self.course == *before
    }
}

/// The newer listing with what it leaves out. A listing without any items proves nothing: all stays as it was.
pub fn renewed(before: &Course, mut listed: Course) -> Renewed {
    let none = |course: Course| Renewed {
        course,
        new: Vec::new(),
        gone: Vec::new(),
        changed: Vec::new(),
        files: Vec::new(),
    };
    if listed.items().next().is_none() && before.items().next().is_some() {
        return none(before.clone());
    }
    listed.zone = listed.zone.or_else(|| before.zone.clone());
    let there: BTreeSet<ItemId> = listed.items().map(|item| item.id.clone()).collect();
    let known: BTreeMap<&ItemId, &Item> = before.items().map(|item| (&item.id, item)).collect();
    let new = listed.items().filter(|i| !known.contains_key(&i.id)).map(|i| i.id.clone()).collect();
    let files = listed
        .assets
        .iter()
        .filter(|(id, asset)| before.assets.get(*id).is_some_and(|old| version(old) != version(asset)))
        .map(|(id, _)| id.clone())
        .collect();
    for item in listed.sections.iter_mut().flat_map(|s| s.items.iter_mut()) {
        // Pictures of questions came with an attempt; no listing has them.
        let old = known.get(&item.id).map(|old| &old.body);
        if let (ItemBody::Quiz(quiz), Some(ItemBody::Quiz(old))) = (&mut item.body, old)
            && quiz.files.is_empty()
        {
            quiz.files = old.files.clone();
            let kept = old.files.values().filter_map(|id| Some((id.clone(), before.assets.get(id)?.clone())));
            listed.assets.extend(kept);
        }
    }
    let changed = changed(before, &listed, &known);
    let mut gone = Vec::new();
    for section in &before.sections {
        let left: Vec<Item> = section.items.iter().filter(|i| !there.contains(&i.id)).cloned().collect();
        gone.extend(left.iter().filter(|i| i.standing != Standing::Gone).map(|i| i.id.clone()));
        let left: Vec<Item> = left.into_iter().map(|i| Item { standing: Standing::Gone, ..i }).collect();
        for item in &left {
            for id in item.assets(None) {
                if let (false, Some(asset)) = (listed.assets.contains_key(&id), before.assets.get(&id)) {
                    listed.assets.insert(id, asset.clone());
                }
            }
        }
        if left.is_empty() {
            continue;
        }
        match listed.sections.iter_mut().find(|s| s.id == section.id) {
            Some(same) => same.items.extend(left),
            None => listed.sections.push(Section { items: left, ..section.clone() }),
        }
    }
    Renewed { course: listed, new, gone, changed, files }
}

/// Items in both that differ in themselves or in their place among those that are in both.
fn changed(before: &Course, listed: &Course, known: &BTreeMap<&ItemId, &Item>) -> Vec<ItemId> {
    let there: BTreeSet<&ItemId> = listed.items().map(|item| &item.id).collect();
    let places = |course: &Course| -> BTreeMap<ItemId, (String, usize)> {
        let mut out = BTreeMap::new();
        for section in &course.sections {
            let both = section.items.iter().filter(|i| there.contains(&i.id) && known.contains_key(&i.id));
            out.extend(both.enumerate().map(|(at, i)| (i.id.clone(), (section.id.to_string(), at))));
        }
        out
    };
    let (was, is) = (places(before), places(listed));
    let differs = |item: &&Item| {
        known.get(&item.id).is_some_and(|old| *old != *item || was.get(&item.id) != is.get(&item.id))
    };
    listed.items().filter(differs).map(|item| item.id.clone()).collect()
}

/// What tells one version of a file from another.
fn version(asset: &Asset) -> (Option<&str>, Option<u64>, Option<crate::Digest>) {
    (asset.remote.as_ref().map(|remote| remote.version.as_str()), asset.size, asset.digest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outline::{Origin, Reading, RemoteFile};

    fn course(sections: &[(&str, &[(&str, &str)])]) -> Course {
        let mut assets = BTreeMap::new();
        let mut out = Vec::new();
        for (section, items) in sections {
            let mut all = Vec::new();
            for (id, version) in *items {
                let remote = RemoteFile { url: format!("https://x/{id}"), version: (*version).to_owned() };
                let asset = Asset {
                    name: (*id).to_owned(),
                    media_type: "application/pdf".into(),
                    size: Some(1),
                    digest: None,
                    remote: Some(remote),
                };
                assets.insert(AssetId::new(*id), asset);
                let reading: Reading =
                    serde_json::from_value(serde_json::json!({"main": id, "media_type": "application/pdf"}))
                        .unwrap();
                let body = ItemBody::Reading(reading);
                all.push(Item {
                    id: ItemId::new(*id),
                    title: (*id).to_owned(),
                    summary: String::new(),
                    minutes: None,
                    body,
                    bindings: Vec::new(),
                    online: Vec::new(),
                    locked: None,
                    standing: Standing::Listed,
                    dates: Vec::new(),
                    address: None,
                    files: BTreeSet::new(),
                });
            }
            let title = (*section).to_owned();
            out.push(Section { id: (*section).into(), title, summary: String::new(), items: all });
        }
        Course {
            id: "c".into(),
            title: "C".into(),
            language: "en".into(),
            summary: String::new(),
            licence: String::new(),
            origin: Origin::BuiltIn,
            sections: out,
            assets,
            zone: Some("UTC".into()),
        }
    }

    fn ids(course: &Course) -> Vec<(String, bool)> {
        course.items().map(|i| (i.id.to_string(), i.standing == Standing::Gone)).collect()
    }

    #[test]
    fn what_a_list_leaves_out_stays_and_says_so_and_comes_back_when_it_is_listed_again() {
        let before = course(&[("s1", &[("a", "1"), ("b", "1")]), ("s2", &[("c", "1")])]);
        let after = renewed(&before, course(&[("s1", &[("b", "2"), ("d", "1")])]));
        let named = |list: &[ItemId]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
        let all = ids(&after.course);
        let wanted = [("b", false), ("d", false), ("a", true), ("c", true)];
        assert_eq!(all, wanted.map(|(id, gone)| (id.to_owned(), gone)));
        assert_eq!(named(&after.new), ["d"]);
        assert_eq!(named(&after.gone), ["a", "c"]);
        assert_eq!(after.files, [AssetId::new("b")]);
        assert!(after.course.assets.contains_key(&AssetId::new("a")), "its file can still be read");
        assert!(after.course.check().is_empty());
        assert_eq!(after.course.sections.iter().map(|s| s.title.as_str()).collect::<Vec<_>>(), ["s1", "s2"]);
        // Asked again: nothing more is said of what was said. Back again: it is there as before.
        let same = renewed(&after.course, course(&[("s1", &[("b", "2"), ("d", "1")])]));
        assert!(same.gone.is_empty() && same.is_quiet(&after.course));
        let back = renewed(&same.course, before.clone());
        assert_eq!(ids(&back.course)[0], ("a".to_owned(), false));
    }

    #[test]
    fn an_empty_list_never_deletes() {
        let before = course(&[("s1", &[("a", "1")])]);
        let after = renewed(&before, course(&[]));
        assert!(after.is_quiet(&before) && after.gone.is_empty());
    }

    #[test]
    fn a_new_name_and_another_place_are_changes() {
        let before = course(&[("s1", &[("a", "1"), ("b", "1")])]);
        let mut listed = course(&[("s1", &[("b", "1"), ("a", "1")])]);
        assert_eq!(renewed(&before, listed.clone()).changed.len(), 2);
        listed = course(&[("s1", &[("a", "1"), ("b", "1")])]);
        listed.sections[0].items[0].title = "Another".into();
        assert_eq!(renewed(&before, listed).changed, [ItemId::new("a")]);
        assert!(renewed(&before, before.clone()).is_quiet(&before));
    }
}
