//! Laws of a transfer that hold for any row of events, also for nonsense.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]
#![allow(clippy::manual_is_multiple_of)] // Numbers that choose, not numbers that are divided.

use std::collections::BTreeMap;

use daypack_course::TimeMs;
use daypack_engine::transfer::{Broke, Effect, Event, Head, Limits, Plan, Proof, Spans, Transfer};
use proptest::prelude::*;

const SIZE: u64 = 5_000;

fn plan(proof: u8, sources: usize, held: Vec<(u64, u64)>) -> Plan {
    let proof = match proof {
        0 => Proof::Chunks { ends: vec![700, 1_900, 2_000, 4_100, SIZE] },
        1 => Proof::Whole,
        _ => Proof::Length,
    };
    Plan {
        seed: 7,
        size: Some(SIZE),
        proof,
        sources,
        held: held.into(),
        unwanted: Spans::default(),
        validator: Some("v".into()),
        page_expected: false,
        limits: Limits { block: 1_000, least_block: 100, ..Limits::default() },
    }
}

/// An event by numbers; those about workers speak of workers that exist, mostly.
fn event(kind: u8, a: u64, b: u64, asked: &BTreeMap<u32, (u64, u64)>) -> Event {
    let worker = asked.keys().nth(a as usize % asked.len().max(1)).copied().unwrap_or(9);
    let (from, to) = asked.get(&worker).copied().unwrap_or((0, SIZE));
    match kind {
        0 => Event::Connected { worker, rtt: (b % 900) as i64 },
        1..=3 => Event::Head {
            worker,
            head: Head {
                status: 206,
                range: Some((from, to)),
                total: Some(SIZE),
                validator: Some("v".into()),
                reply: 50,
                ..Head::default()
            },
        },
        4 => Event::Head {
            worker,
            head: Head {
                status: [200, 206, 404, 416, 503, 403, 511, 302][b as usize % 8],
                range: (b % 3 == 0).then_some((b % SIZE, SIZE)),
                total: (b % 2 == 0).then_some(SIZE),
                validator: (b % 5 > 0).then(|| "v".into()),
                is_page: b % 7 == 0,
                ..Head::default()
            },
        },
        5..=9 => Event::Bytes { worker, len: 1 + b % 1_500 },
        10 => Event::Ended { worker },
        11 => Event::Broke { worker, how: [Broke::Cut, Broke::Unreachable][b as usize % 2] },
        12 => Event::Checked { chunk: b as usize % 6, fits: a % 4 > 0 },
        13 => Event::CheckedWhole { fits: a % 2 > 0 },
        14 => Event::Refreshed { source: b as usize % 3, found: a % 2 > 0 },
        _ => Event::Tick,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_byte_is_written_twice_none_outside_and_no_two_workers_are_asked_for_one(
        proof in 0_u8..3,
        sources in 1_usize..4,
        held in prop::collection::vec((0_u64..SIZE, 0_u64..SIZE), 0..4),
        events in prop::collection::vec((0_u8..17, any::<u64>(), any::<u64>(), 0_i64..9_000), 0..120),
    ) {
        let mut transfer = Transfer::new(plan(proof, sources, held));
        let mut written: Spans = transfer.held().clone();
        let mut asked: BTreeMap<u32, (u64, u64)> = BTreeMap::new();
        let mut now = 1_000;
        let mut over = false;
        let rows = std::iter::once((255, 0, 0, 0)).chain(events);
        for (kind, a, b, passed) in rows {
            now += passed;
            let event = if kind == 255 { Event::Began } else { event(kind, a, b, &asked) };
            let came = match &event { Event::Bytes { len, .. } => *len, _ => 0 };
            let effects = transfer.step(event, TimeMs(now));
            prop_assert!(!over || effects.is_empty(), "something after the end");
            for effect in effects {
                match effect {
                    Effect::Write { skip, len, at } => {
                        prop_assert!(len > 0 && skip + len <= came && at + len <= SIZE);
                        prop_assert_eq!(written.gap(at, at + len), Some((at, at + len)), "written twice");
                        written.add(at, at + len);
                    }
                    Effect::Ask { worker, from, to, source, .. } => {
                        let to = to.unwrap_or(SIZE);
                        prop_assert!(from < to && to <= SIZE && source < sources);
                        asked.insert(worker, (from, to));
                    }
                    Effect::Close { worker } => { asked.remove(&worker); }
                    Effect::Forget { from, to } => written.remove(from, to),
                    Effect::Anew { .. } => written = Spans::default(),
                    Effect::WakeAt { at } => prop_assert!(at.0 > now),
                    Effect::Done => {
                        over = true;
                        prop_assert!(written.covers(0, transfer.size().unwrap()));
                        prop_assert!(proof == 2 || transfer.proven().covers(0, SIZE));
                    }
                    Effect::Failed { .. } => over = true,
                    _ => {}
                }
            }
            prop_assert_eq!(&written, transfer.held());
            prop_assert!(transfer.workers().0 <= 32 + 2);
        }
    }

    #[test]
    fn what_is_kept_and_loaded_goes_on_with_the_bytes_it_has(
        held in prop::collection::vec((0_u64..SIZE, 0_u64..SIZE), 0..4),
        proof in 0_u8..3,
    ) {
        let mut transfer = Transfer::new(plan(proof, 2, held));
        transfer.step(Event::Began, TimeMs(5));
        let text = serde_json::to_string(&transfer).unwrap();
        let mut again: Transfer = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(again.held(), transfer.held());
        let missing = SIZE - transfer.held().len();
        let asks = |effects: &[Effect]| effects.iter().filter(|e| matches!(e, Effect::Ask { .. })).count();
        let effects = again.step(Event::Began, TimeMs(9));
        prop_assert_eq!(asks(&effects) > 0, missing > 0);
    }
}

/// What is asked for covers what is missing, and nothing that is here.
#[test]
fn only_what_is_missing_is_asked_for() {
    let mut transfer = Transfer::new(plan(1, 1, vec![(0, 1_200), (3_000, SIZE)]));
    let effects = transfer.step(Event::Began, TimeMs(1));
    let asked: Vec<(u64, Option<u64>)> = effects
        .iter()
        .filter_map(|e| match e {
            Effect::Ask { from, to, .. } => Some((*from, *to)),
            _ => None,
        })
        .collect();
    assert!(asked.iter().all(|(from, to)| *from >= 1_200 && to.unwrap() <= 3_000), "{asked:?}");
    assert_eq!(asked.first().map(|a| a.0), Some(1_200));
}
