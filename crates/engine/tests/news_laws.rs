//! What is asked of a site, against a site that is told what changed and when.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;

use daypack_course::TimeMs;
use daypack_engine::News;
use daypack_engine::news::{Activity, Hint, Hints, OVERLAP_MS, REFUSED_EVERY_MS, WHOLE_EVERY_MS};

const MINUTE: i64 = 60_000;

fn activities(ids: &[&str]) -> Vec<Activity> {
    ids.iter().map(|id| Activity { id: (*id).to_owned(), closes: None }).collect()
}

fn told(ids: &[&str]) -> Hints {
    let hint = Hint { work: true, ..Hint::default() };
    Hints::Told(ids.iter().map(|id| ((*id).to_owned(), hint)).collect())
}

fn asked(news: &News, ids: &[&str], hints: &Hints, at: i64) -> Vec<String> {
    news.plan("c", &activities(ids), hints, TimeMs(at), TimeMs(at)).activities
}

/// One round in which everything came.
fn round(news: &mut News, ids: &[&str], hints: &Hints, at: i64) -> Vec<String> {
    let plan = news.plan("c", &activities(ids), hints, TimeMs(at), TimeMs(at));
    news.came("c", &plan, hints, TimeMs(at), TimeMs(at));
    plan.activities
}

#[test]
fn at_first_everything_is_asked_then_only_what_was_named() {
    let mut news = News::default();
    assert_eq!(news.since("c", TimeMs(0)), None);
    assert_eq!(round(&mut news, &["1", "2"], &Hints::Untold, 1000 * MINUTE), ["1", "2"]);
    let at = 1001 * MINUTE;
    assert_eq!(news.since("c", TimeMs(at)), Some(TimeMs(1000 * MINUTE - OVERLAP_MS)));
    assert_eq!(asked(&news, &["1", "2"], &told(&[]), at), Vec::<String>::new());
    assert_eq!(asked(&news, &["1", "2"], &told(&["2", "77"]), at), ["2"]);
    assert_eq!(asked(&news, &["1", "2", "3"], &told(&[]), at), ["3"], "one that is new here");
}

#[test]
fn what_did_not_come_is_named_again() {
    let mut news = News::default();
    round(&mut news, &["1"], &Hints::Untold, 1000 * MINUTE);
    // Named, and the link broke: `came` is not called. The next question begins where the last good one ended.
    let _ = news.plan("c", &activities(&["1"]), &told(&["1"]), TimeMs(1001 * MINUTE), TimeMs(1001 * MINUTE));
    assert_eq!(news.since("c", TimeMs(1002 * MINUTE)), Some(TimeMs(1000 * MINUTE - OVERLAP_MS)));
    // Hints that did not come prove nothing either.
    let plan =
        news.plan("c", &activities(&["1"]), &Hints::Untold, TimeMs(1003 * MINUTE), TimeMs(1003 * MINUTE));
    news.came("c", &plan, &Hints::Untold, TimeMs(1003 * MINUTE), TimeMs(1003 * MINUTE));
    assert_eq!(news.since("c", TimeMs(1004 * MINUTE)), Some(TimeMs(1000 * MINUTE - OVERLAP_MS)));
}

#[test]
fn updates_miss_deletions_so_once_a_day_everything_is_asked_and_compared() {
    let mut news = News::default();
    let begin = 1000 * MINUTE;
    round(&mut news, &["1", "2"], &Hints::Untold, begin);
    news.compared("c", TimeMs(begin));
    let plan_at =
        |news: &News, at: i64| news.plan("c", &activities(&["1", "2"]), &told(&[]), TimeMs(at), TimeMs(at));
    let quiet = plan_at(&news, begin + WHOLE_EVERY_MS - 1);
    assert!(!quiet.compare && !quiet.whole && quiet.activities.is_empty());
    let daily = plan_at(&news, begin + WHOLE_EVERY_MS);
    assert!(daily.compare && daily.whole && daily.activities == ["1", "2"]);
    // A clock that was put back does not make it wait for the lost time.
    assert!(plan_at(&news, begin - 1).whole);
    // A changed name, date or file is compared at once.
    let renamed = Hint { settings: true, ..Hint::default() };
    let hints = Hints::Told(BTreeMap::from([("1".to_owned(), renamed)]));
    let plan =
        news.plan("c", &activities(&["1", "2"]), &hints, TimeMs(begin + MINUTE), TimeMs(begin + MINUTE));
    assert!(plan.compare && plan.activities.is_empty());
}

#[test]
fn a_course_without_hints_is_asked_now_and_then_and_not_every_minute() {
    let mut news = News::default();
    round(&mut news, &["1"], &Hints::Refused, 1000 * MINUTE);
    assert!(round(&mut news, &["1"], &Hints::Refused, 1001 * MINUTE).is_empty());
    assert_eq!(round(&mut news, &["1"], &Hints::Refused, 1000 * MINUTE + REFUSED_EVERY_MS), ["1"]);
}

#[test]
fn what_a_closed_quiz_shows_only_afterwards_is_asked_for_then() {
    let mut news = News::default();
    let closes = TimeMs(1005 * MINUTE);
    let quiz = [Activity { id: "1".into(), closes: Some(closes) }];
    let mut look = |at: i64| {
        let plan = news.plan("c", &quiz, &told(&[]), TimeMs(at), TimeMs(at));
        news.came("c", &plan, &told(&[]), TimeMs(at), TimeMs(at));
        plan.activities.len()
    };
    let seen: Vec<usize> = [1000, 1004, 1006, 1007].map(|m| look(m * MINUTE)).to_vec();
    assert_eq!(seen, [1, 0, 1, 0]);
}

/// A site where things happen at drawn moments, and a link that breaks at drawn rounds: whatever happened is asked for
/// after it happened. The control: without the overlap a change in the very second is missed.
#[test]
fn nothing_that_is_named_is_missed_over_broken_rounds_and_coarse_clocks() {
    assert_eq!(missed(0, 400), 0);
    assert!(missed(OVERLAP_MS, 400) > 0, "the control is noticed");
}

/// How many changes were never asked for; `cheat` milliseconds of the overlap are taken away.
fn missed(cheat: i64, lives: u64) -> usize {
    let mut lost = 0;
    for seed in 0..lives {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut draw = |below: i64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            i64::try_from(state % u64::try_from(below).unwrap()).unwrap()
        };
        let mut news = News::default();
        let ids = ["1", "2", "3"];
        let (mut changed, mut fetched) = ([-1_i64; 3], [-1_i64; 3]);
        let mut at = 1_000_000_000_i64;
        for _ in 0..30 {
            at += 900 + draw(700);
            let which = usize::try_from(draw(3)).unwrap();
            changed[which] = at + draw(2) * 100;
            // The site's clock knows seconds only, and leaves out the very second.
            let second = |t: i64| t / 1000 * 1000;
            let hints = match news.since("c", TimeMs(at)) {
                Some(since) => {
                    let since = second(since.plus(cheat).0);
                    let names: Vec<&str> = (0..3)
                        .filter(|i| second(changed[*i]) > since && changed[*i] <= at)
                        .map(|i| ids[i])
                        .collect();
                    told(&names)
                }
                None => Hints::Untold,
            };
            let plan = news.plan("c", &activities(&ids), &hints, TimeMs(second(at)), TimeMs(at));
            if draw(3) == 0 {
                continue;
            }
            for (i, id) in ids.iter().enumerate() {
                if plan.activities.iter().any(|a| a == id) {
                    fetched[i] = at;
                }
            }
            news.came("c", &plan, &hints, TimeMs(second(at)), TimeMs(at));
        }
        at += 5 * MINUTE;
        let since = news.since("c", TimeMs(at)).map_or(0, |s| s.plus(cheat).0 / 1000 * 1000);
        lost += (0..3).filter(|i| changed[*i] > fetched[*i] && changed[*i] / 1000 * 1000 <= since).count();
    }
    lost
}
