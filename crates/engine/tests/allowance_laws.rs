//! Laws of what downloads may use of the internet: hours, cap, a month's bytes, links that cost money.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "common/sim.rs"]
mod common;

use common::{Dice, first_failure, seeds};
use daypack_course::TimeMs;
use daypack_engine::allowance::{
    Answer, Bucket, CLAIM_MAX, CLAIM_MIN, DAY_MIN, FAST, Hours, LONGEST_MS, Ledger, Local, MakeWay, Month,
    NetworkRule, OnMetered, Pace, Rules, Scene, Why, on_the_wire,
};
use proptest::prelude::*;

fn scene(minute: u16) -> Scene<'static> {
    Scene {
        local: Local { minute, month: Month::of(2026, 11) },
        network: "home",
        costs_money: false,
        used: 0,
        on_metered: OnMetered::Ask,
        answer: None,
    }
}

fn night() -> Hours {
    Hours { from: 60, to: 360 }
}

fn with_rule(rule: NetworkRule) -> Rules {
    Rules { networks: [("home".to_owned(), rule)].into(), ..Rules::default() }
}

#[test]
fn a_link_that_costs_money_is_asked_about_and_each_answer_is_obeyed() {
    let rules = Rules::default();
    let costly = Scene { costs_money: true, ..scene(600) };
    assert!(rules.judge(&scene(600)).is_ok(), "the control: a free link is not asked about");
    assert_eq!(rules.judge(&costly), Err(Why::Ask));
    assert!(rules.judge(&Scene { answer: Some(Answer::Once), ..costly }).is_ok());
    assert_eq!(rules.judge(&Scene { answer: Some(Answer::NotNow), ..costly }), Err(Why::CostsMoney));
    assert!(rules.judge(&Scene { on_metered: OnMetered::Use, ..costly }).is_ok());
    assert_eq!(rules.judge(&Scene { on_metered: OnMetered::Wait, ..costly }), Err(Why::CostsMoney));
    let always = with_rule(NetworkRule { always: true, ..NetworkRule::default() });
    assert!(always.judge(&costly).is_ok());
    assert_eq!(always.judge(&Scene { network: "elsewhere", ..costly }), Err(Why::Ask), "this network only");
}

#[test]
fn a_months_bytes_are_a_word_on_a_network_that_costs_money_and_end_when_they_are_used() {
    let rules = with_rule(NetworkRule { budget: Some(500), ..NetworkRule::default() });
    let costly = Scene { costs_money: true, ..scene(600) };
    assert_eq!(rules.judge(&costly).unwrap().left, Some(500));
    assert_eq!(rules.judge(&Scene { used: 499, ..costly }).unwrap().left, Some(1));
    assert_eq!(rules.judge(&Scene { used: 500, ..costly }), Err(Why::Month));
    assert_eq!(rules.judge(&Scene { used: 900, ..scene(600) }), Err(Why::Month), "whatever it costs");
}

#[test]
fn in_the_free_hours_nothing_counts_and_outside_them_all_can_wait() {
    let mut rules = with_rule(NetworkRule { budget: Some(500), ..NetworkRule::default() });
    rules.cap = Some(20_000);
    rules.hours = Some(night());
    let used_up = Scene { used: 500, costs_money: true, ..scene(120) };
    let flow = rules.judge(&used_up).unwrap();
    assert_eq!((flow.cap, flow.left, flow.is_free), (None, None, true));
    assert_eq!(rules.judge(&Scene { used: 0, ..scene(600) }).unwrap().cap, Some(20_000));
    rules.only_hours = true;
    assert_eq!(rules.judge(&scene(600)), Err(Why::Hours { opens_in: 900 }));
    assert_eq!(rules.judge(&scene(359)).map(|f| f.is_free), Ok(true));
    assert_eq!(rules.judge(&scene(360)), Err(Why::Hours { opens_in: 1_140 }));
}

#[test]
fn a_cap_of_nothing_and_hours_of_no_length_are_none() {
    let rules = Rules {
        cap: Some(0),
        hours: Some(Hours { from: 60, to: 60 + DAY_MIN }),
        only_hours: true,
        ..Rules::default()
    };
    assert_eq!(rules.tidy(), Rules::default());
}

proptest! {
    #[test]
    fn hours_open_when_they_say(from in 0..DAY_MIN, to in 0..DAY_MIN, minute in 0..DAY_MIN) {
        let Some(hours) = (Hours { from, to }).tidy() else { return Ok(()) };
        let wait = hours.opens_in(minute);
        prop_assert!(hours.contains((minute + wait) % DAY_MIN));
        for early in 0..wait {
            prop_assert!(!hours.contains((minute + early) % DAY_MIN), "open {early} minutes on");
        }
    }

    #[test]
    fn a_cap_holds_over_every_stretch(
        rate in 1_000_u64..2_000_000,
        deeds in proptest::collection::vec((0_i64..700, 1_u64..70_000), 1..80),
    ) {
        let mut bucket = Bucket::default();
        bucket.set(Some(rate), TimeMs(0));
        let mut now = 0;
        let mut log: Vec<(i64, u64)> = Vec::new();
        for (passed, piece) in deeds {
            now += passed;
            if bucket.ask(TimeMs(now)).is_ok() {
                bucket.took(piece);
                log.push((now, piece));
            }
        }
        for (i, (from, _)) in log.iter().enumerate() {
            let mut sum = 0;
            for (to, piece) in log.iter().skip(i) {
                sum += piece;
                let fair = rate * u64::try_from(to - from).unwrap() / 1_000;
                // The last piece may go into debt; nothing after it comes before that is paid.
                prop_assert!(sum <= fair + Bucket::burst(rate) + piece + 2, "{sum} in {} ms", to - from);
            }
        }
    }

    #[test]
    fn a_clock_that_goes_back_fills_nothing(rate in 1_000_u64..100_000, back in 1_i64..10_000_000) {
        let mut bucket = Bucket::default();
        bucket.set(Some(rate), TimeMs(0));
        prop_assert!(bucket.ask(TimeMs(1_000)).is_ok());
        bucket.took(10 * rate);
        prop_assert!(bucket.ask(TimeMs(1_000 - back)).is_err());
        prop_assert!(bucket.ask(TimeMs(1_000 - back)).is_err());
    }

    #[test]
    fn time_left_is_a_range_and_never_nothing(
        samples in proptest::collection::vec(0_u64..3_000_000, 0..130),
        bytes in 0_u64..50_000_000_000,
        now_rate in proptest::option::of(0_u64..3_000_000),
    ) {
        let mut pace = Pace::default();
        for rate in &samples {
            pace.took("home", rate * 30, 30_000);
        }
        if let Some(left) = pace.left("home", bytes, now_rate, None) {
            prop_assert!(left.from_ms >= 1_000 && left.from_ms <= left.to_ms);
        }
        prop_assert!(pace.left("nowhere", bytes, None, None).is_none(), "nothing is known of that network");
    }
}

#[test]
fn time_left_follows_the_links_own_past_and_the_cap() {
    let mut pace = Pace::default();
    // A link that gives 100 KB/s in the morning and 20 KB/s in the evening.
    for n in 0..40_u64 {
        pace.took("home", if n % 2 == 0 { 3_000_000 } else { 600_000 }, 30_000);
    }
    let left = pace.left("home", 100_000_000, Some(100_000), None).unwrap();
    assert_eq!((left.from_ms, left.to_ms), (1_000_000, 5_000_000), "not the fast moment alone");
    let alone = Pace::default().left("home", 100_000_000, Some(100_000), None).unwrap();
    assert_eq!(alone.from_ms, alone.to_ms, "the control: without a past there is only the moment");
    let capped = pace.left("home", 100_000_000, Some(100_000), Some(10_000)).unwrap();
    assert_eq!((capped.from_ms, capped.to_ms), (10_000_000, 10_000_000));
    let kept: Pace = serde_json::from_value(serde_json::to_value(&pace).unwrap()).unwrap();
    assert_eq!(kept, pace);
}

#[test]
fn downloads_make_way_for_what_is_small_and_a_silent_site_holds_them_half_of_the_time_at_most() {
    let mut way = MakeWay::default();
    let mut held = 0;
    let all = 20 * LONGEST_MS;
    for now in (0..all).step_by(1_000) {
        held += i64::from(way.look(true, None, TimeMs(now)).0) * 1_000;
    }
    assert!(held >= all / 2 - LONGEST_MS && held <= all / 2 + 1_000, "{held} of {all}");
    let mut way = MakeWay::default();
    assert_eq!(way.look(true, Some(30_000), TimeMs(0)), (true, Some(TimeMs(LONGEST_MS))));
    assert_eq!(way.look(false, None, TimeMs(900)), (false, None), "over as soon as it is sent");
    assert!(way.look(true, None, TimeMs(1_000)).0);
    assert!(!way.look(true, Some(FAST), TimeMs(1_000)).0, "there is room for both");
}

/// How the book is kept: soundly, or with a mistake that the judge must see.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Habit {
    Sound,
    FetchesBeforeKeeping,
    KeepsOnlyAtTheEnd,
}

/// Some months of one learner: networks come and go, the program dies, the clock is set, months end.
fn months(seed: u64, habit: Habit) -> Result<(), String> {
    let mut dice = Dice::new(seed);
    let networks = ["home", "phone", "unknown"];
    let mut disk = Ledger::default();
    let mut book = Ledger::default();
    let mut fetched = 0_u64;
    let mut crashes = 0_u64;
    let mut day: i64 = 20_000 + dice.between(0, 300);
    for _ in 0..dice.between(20, 200) {
        // Days of 23 and 25 hours are days; a clock that is set is another day.
        day += match dice.below(20) {
            0 => -dice.between(1, 400),
            1 => dice.between(1, 400),
            _ => dice.between(0, 2),
        };
        let month =
            Month::of(1970 + u32::try_from(day / 365).unwrap(), 1 + u32::try_from(day % 365 / 31).unwrap());
        let network = networks[usize::try_from(dice.below(3)).unwrap()];
        let is_free = dice.percent(20);
        let rate = dice.percent(50).then(|| dice.below(3_000_000));
        let budget = dice.percent(30).then(|| dice.below(4 << 20));
        let may = book.claim(network, month, is_free, rate, budget);
        if habit == Habit::Sound {
            disk = book.clone();
        }
        for _ in 0..dice.between(0, 5) {
            // A piece that was on its way may be more than was claimed.
            let piece = dice.below(may / 2 + 70_000);
            book.took(piece);
            if piece > may {
                disk = book.clone();
            }
            fetched += piece;
            if book.open() == 0 {
                book.claim(network, month, is_free, rate, budget);
                disk = book.clone();
            }
        }
        if habit == Habit::FetchesBeforeKeeping {
            disk = book.clone();
        }
        match dice.below(6) {
            0 => {
                crashes += 1;
                if habit == Habit::FetchesBeforeKeeping {
                    book.took(may + 1);
                    fetched += may + 1;
                }
                book = read(&disk);
            }
            1 => {
                book.give_back();
                disk = book.clone();
                book = read(&disk);
            }
            _ => {}
        }
        let sum = total(&read(&disk));
        if sum < fetched {
            return Err(format!("{fetched} bytes were fetched and {sum} are counted"));
        }
        let most = fetched + (crashes + 1) * (CLAIM_MAX + 2 * CLAIM_MIN);
        if sum > most {
            return Err(format!("{fetched} bytes were fetched and {sum} are counted: too many"));
        }
    }
    book.give_back();
    if crashes == 0 && habit == Habit::Sound && total(&book) != fetched {
        return Err(format!("without a crash {fetched} is not {}", total(&book)));
    }
    Ok(())
}

fn read(disk: &Ledger) -> Ledger {
    serde_json::from_value(serde_json::to_value(disk).unwrap()).unwrap()
}

fn total(book: &Ledger) -> u64 {
    let value = serde_json::to_value(book).unwrap();
    let networks = value["used"].as_object().unwrap().values();
    networks
        .flat_map(|months| months.as_object().unwrap().values())
        .map(|used| used["counted"].as_u64().unwrap() + used["free"].as_u64().unwrap())
        .sum()
}

#[test]
fn through_crashes_clocks_and_months_never_less_is_counted_than_was_fetched() {
    assert_eq!(first_failure(seeds(500), |seed| months(seed, Habit::Sound)), None);
}

#[test]
fn control_a_book_that_is_kept_after_fetching_is_caught() {
    assert!(first_failure(200, |seed| months(seed, Habit::FetchesBeforeKeeping)).is_some());
    assert!(first_failure(200, |seed| months(seed, Habit::KeepsOnlyAtTheEnd)).is_some());
}

#[test]
fn a_new_month_begins_with_nothing_used_and_the_old_one_stays_to_be_read() {
    let (march, april) = (Month::of(2026, 3), Month::of(2026, 4));
    let mut book = Ledger::default();
    book.claim("home", march, false, None, None);
    book.took(300_000);
    assert_eq!(book.used("home", march).counted, 300_000, "what is only claimed is not shown as used");
    book.claim("home", april, false, None, None);
    assert_eq!((book.used("home", march).counted, book.used("home", april).counted), (300_000, 0));
    book.claim("home", march, true, None, None);
    book.took(50);
    let used = book.used("home", march);
    assert_eq!((used.counted, used.free), (300_000, 50), "a clock set back finds the month as it was");
}

#[test]
fn a_claim_never_goes_beyond_what_the_month_has_left() {
    let mut book = Ledger::default();
    assert_eq!(book.claim("home", Month::of(2026, 3), false, Some(u64::MAX), Some(1_000)), 1_000);
    book.took(400);
    assert_eq!(book.claim("home", Month::of(2026, 3), false, None, Some(600)), 600);
    assert_eq!(on_the_wire(1_000_000), 1_040_000);
}

/// A year of nights by the learner's clock, with both changes of summer time: open at the hours that were written.
#[test]
fn hours_mean_the_learners_clock_on_the_days_of_23_and_25_hours_too() {
    let rules = Rules { hours: Some(Hours { from: 30, to: 300 }), only_hours: true, ..Rules::default() };
    let mut open = [0_u32; 365];
    for minute in 0..365 * 1_440_i64 {
        // Summer time from day 87 at 01:00 to day 297 at 01:00 UTC, one hour ahead.
        let is_summer = (87 * 1_440 + 60..297 * 1_440 + 60).contains(&minute);
        let local = minute + if is_summer { 60 } else { 0 };
        let at = Scene {
            local: Local { minute: u16::try_from(local % 1_440).unwrap(), month: Month(0) },
            ..scene(0)
        };
        if rules.judge(&at).is_ok()
            && let Some(day) = open.get_mut(usize::try_from(local / 1_440).unwrap())
        {
            *day += 1;
        }
    }
    for (day, minutes) in open.iter().enumerate() {
        let expected = match day {
            87 => 210,
            297 => 330,
            _ => 270,
        };
        assert_eq!(*minutes, expected, "day {day}");
    }
}
