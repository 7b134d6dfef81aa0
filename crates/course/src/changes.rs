//! What changed in a course since the learner last looked: a short list, newest first, kept until it was looked at.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{ItemId, TimeMs};

/// So many are kept; what is older can still be found in the course itself.
pub const MOST: usize = 100;

/// What happened to an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// It is new.
    New,
    /// Its name, place, dates, rules or files are others.
    Changed,
    /// The site has it no longer.
    Gone,
    /// It was marked or commented.
    Answered,
    /// Others wrote in it.
    Posts,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Which item.
    pub item: ItemId,
    /// What happened.
    pub what: What,
    /// When it was noticed, by this computer's clock.
    pub at: TimeMs,
}

/// Adds what was noticed at one time. An item is named once for each thing that happened; of what came and changed at
/// once only its coming is told, and what is gone has no other news.
pub fn added(list: &[Change], noticed: &[(ItemId, What)], at: TimeMs) -> Vec<Change> {
    let mut out: Vec<Change> = Vec::new();
    for (item, what) in noticed {
        let is_told = |known: &Change| known.item == *item && known.what == *what;
        let came = |known: &Change| known.item == *item && known.what == What::New && *what == What::Changed;
        if !out.iter().any(|known| is_told(known) || came(known)) {
            out.push(Change { item: item.clone(), what: *what, at });
        }
    }
    let gone: Vec<ItemId> = out.iter().filter(|c| c.what == What::Gone).map(|c| c.item.clone()).collect();
    let fresh = out.clone();
    let stays = |old: &&Change| {
        let again = fresh.iter().any(|new| new.item == old.item && new.what == old.what);
        !again && !gone.contains(&old.item)
    };
    // What is new to the learner does not become a change before it was looked at.
    out.retain(|new| {
        new.what != What::Changed || !list.iter().any(|old| old.item == new.item && old.what == What::New)
    });
    out.extend(list.iter().filter(stays).cloned());
    out.truncate(MOST);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(list: &[Change]) -> Vec<(&str, What)> {
        list.iter().map(|c| (c.item.as_str(), c.what)).collect()
    }

    #[test]
    fn each_thing_is_told_once_newest_first() {
        let first = added(&[], &[("a".into(), What::New), ("b".into(), What::Posts)], TimeMs(1));
        let second = added(&first, &[("b".into(), What::Posts), ("b".into(), What::Answered)], TimeMs(2));
        assert_eq!(
            told(&second),
            [("b", What::Posts), ("b", What::Answered), ("a", What::New)],
            "posts again are told anew, not twice"
        );
        assert_eq!((second[0].at, second[2].at), (TimeMs(2), TimeMs(1)));
    }

    #[test]
    fn what_is_new_does_not_become_a_change_and_what_is_gone_has_no_other_news() {
        let new = added(&[], &[("a".into(), What::New), ("a".into(), What::Changed)], TimeMs(1));
        assert_eq!(told(&new), [("a", What::New)]);
        let later = added(&new, &[("a".into(), What::Changed)], TimeMs(2));
        assert_eq!(told(&later), [("a", What::New)]);
        assert_eq!(told(&added(&later, &[("a".into(), What::Gone)], TimeMs(3))), [("a", What::Gone)]);
        assert!(added(&[], &[], TimeMs(1)).is_empty());
    }

    #[test]
    fn a_long_absence_does_not_make_an_endless_list() {
        let many: Vec<(ItemId, What)> =
            (0..300).map(|n| (format!("i{n}").as_str().into(), What::New)).collect();
        assert_eq!(added(&[], &many, TimeMs(1)).len(), MOST);
    }
}
