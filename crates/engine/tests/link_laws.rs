//! Laws of the link: what is said of its speed, and when it is called online.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use daypack_course::TimeMs;
use daypack_engine::link::{
    IDLE_CHECK_MS, LinkEstimate, PROBE_BASE_MS, PROBE_CAP_MS, Reach, ReachEffect, ReachEvent, ReachState,
};
use proptest::prelude::*;

/// Feeds `rate` bytes per second in portions of `step_ms`, from `from` for `ms`.
fn feed(link: &mut LinkEstimate, rate: u64, step_ms: i64, from: i64, ms: i64) {
    let mut at = from;
    while at < from + ms {
        at += step_ms;
        link.received(rate * step_ms as u64 / 1_000, TimeMs(at));
    }
}

#[test]
fn nothing_is_said_before_a_second_of_data() {
    let mut link = LinkEstimate::new();
    link.received(0, TimeMs(0));
    feed(&mut link, 100_000, 100, 0, 900);
    assert_eq!((link.eta_ms(1), link.bytes_per_second()), (None, None));
    feed(&mut link, 100_000, 100, 900, 600);
    assert!(link.eta_ms(1_000_000).is_some());
}

#[test]
fn a_pause_does_not_count_and_silence_does() {
    let mut link = LinkEstimate::new();
    link.received(0, TimeMs(0));
    feed(&mut link, 100_000, 100, 0, 5_000);
    let before = link.bytes_per_second().unwrap();
    link.pause();
    link.received(0, TimeMs(3_600_000));
    feed(&mut link, 100_000, 100, 3_600_000, 1_000);
    assert!(link.bytes_per_second().unwrap().abs_diff(before) < before / 20);
    feed(&mut link, 0, 500, 3_601_000, 60_000);
    assert!(link.bytes_per_second().unwrap() < before / 100);
}

#[test]
fn no_time_is_promised_while_nothing_comes() {
    let mut link = LinkEstimate::new();
    feed(&mut link, 0, 500, 0, 5_000);
    assert_eq!(link.eta_ms(1), None);
}

proptest! {
    #[test]
    fn a_steady_rate_is_found_whatever_the_portions(rate in 10_000_u64..10_000_000, step in 20_i64..1_000) {
        let mut link = LinkEstimate::new();
        link.received(0, TimeMs(0));
        feed(&mut link, rate, step, 0, 20_000);
        let found = link.bytes_per_second().unwrap();
        prop_assert!(found.abs_diff(rate) <= rate / 10, "{found} for {rate}");
        let eta = link.eta_ms(rate * 10).unwrap();
        prop_assert!((9_000..=11_500).contains(&eta), "{eta}");
    }

    #[test]
    fn a_change_of_rate_is_followed(before in 10_000_u64..10_000_000, after in 10_000_u64..10_000_000) {
        let mut link = LinkEstimate::new();
        link.received(0, TimeMs(0));
        feed(&mut link, before, 100, 0, 60_000);
        feed(&mut link, after, 100, 60_000, 60_000);
        let found = link.bytes_per_second().unwrap() as f64;
        let missing = (found - after as f64).abs();
        prop_assert!(missing <= 0.1 * after as f64 + 0.002 * before as f64, "{found} for {after}");
    }

    #[test]
    fn clocks_that_jump_never_break_it(samples in prop::collection::vec((any::<u64>(), any::<i64>()), 0..50)) {
        let mut link = LinkEstimate::new();
        for (bytes, at) in samples {
            link.received(bytes, TimeMs(at));
            let _ = link.eta_ms(u64::MAX);
        }
    }

    #[test]
    fn reach_always_has_a_probe_out_or_a_time_for_one(events in prop::collection::vec((0_u8..8, any::<i32>()), 1..60)) {
        let mut reach = Reach::new(5);
        let mut is_probing = false;
        for (n, now) in events {
            let event = [
                ReachEvent::Restarted, ReachEvent::Answered, ReachEvent::CallFailed, ReachEvent::ProbeFailed,
                ReachEvent::PortalSeen, ReachEvent::NetworkChanged, ReachEvent::LearnerRetries, ReachEvent::Tick,
            ][usize::from(n)];
            let now = TimeMs(i64::from(now));
            let effects = reach.step(event, now);
            is_probing &= !matches!(event, ReachEvent::Restarted | ReachEvent::Answered | ReachEvent::ProbeFailed
                | ReachEvent::PortalSeen | ReachEvent::NetworkChanged);
            let mut has_wake = false;
            for effect in effects {
                match effect {
                    ReachEffect::Probe => {
                        prop_assert!(!is_probing, "one probe at a time");
                        is_probing = true;
                    }
                    ReachEffect::WakeAt(at) => {
                        has_wake = true;
                        prop_assert!(at > now && at.since(now) <= IDLE_CHECK_MS.max(PROBE_CAP_MS));
                    }
                    ReachEffect::Changed(state) => prop_assert_eq!(state, reach.state()),
                }
            }
            prop_assert!(is_probing || has_wake);
            prop_assert!(event != ReachEvent::Answered || reach.state() == ReachState::Online);
        }
    }
}

fn probes_until(reach: &mut Reach, end: i64) -> Vec<i64> {
    let (mut now, mut probes) = (0, Vec::new());
    let mut effects = reach.step(ReachEvent::Restarted, TimeMs(0));
    while now < end {
        effects = match effects.last() {
            Some(ReachEffect::Probe) => {
                probes.push(now);
                reach.step(ReachEvent::ProbeFailed, TimeMs(now))
            }
            Some(ReachEffect::WakeAt(at)) => {
                now = at.0;
                reach.step(ReachEvent::Tick, *at)
            }
            other => panic!("{other:?}"),
        };
    }
    probes
}

#[test]
fn probes_come_two_seconds_to_five_minutes_apart() {
    for seed in 0..50 {
        let probes = probes_until(&mut Reach::new(seed), 3_600_000);
        let gaps: Vec<i64> = probes.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(gaps[0] <= 2 * PROBE_BASE_MS);
        assert!(gaps.iter().all(|gap| (PROBE_BASE_MS..=PROBE_CAP_MS).contains(gap)), "{gaps:?}");
        assert!(*gaps.last().unwrap() >= PROBE_CAP_MS / 2);
    }
}

#[test]
fn one_failed_call_asks_and_only_the_probe_says_offline() {
    let mut reach = Reach::new(1);
    assert_eq!(reach.step(ReachEvent::Restarted, TimeMs(0)), [ReachEffect::Probe]);
    let effects = reach.step(ReachEvent::Answered, TimeMs(5));
    assert_eq!(effects[0], ReachEffect::Changed(ReachState::Online));
    assert_eq!(reach.step(ReachEvent::CallFailed, TimeMs(10)), [ReachEffect::Probe]);
    assert_eq!(reach.state(), ReachState::Online);
    assert_eq!(reach.step(ReachEvent::ProbeFailed, TimeMs(20))[0], ReachEffect::Changed(ReachState::Offline));
    assert_eq!((reach.since(), reach.last_contact()), (TimeMs(20), Some(TimeMs(5))));
}

#[test]
fn a_probe_that_an_answer_has_overtaken_says_nothing() {
    let mut reach = Reach::new(1);
    reach.step(ReachEvent::Restarted, TimeMs(0));
    reach.step(ReachEvent::Answered, TimeMs(5));
    reach.step(ReachEvent::ProbeFailed, TimeMs(6));
    assert_eq!(reach.state(), ReachState::Online);
}

#[test]
fn a_portal_is_not_online_and_an_answer_through_it_is() {
    let mut reach = Reach::new(1);
    reach.step(ReachEvent::Restarted, TimeMs(0));
    assert_eq!(reach.step(ReachEvent::PortalSeen, TimeMs(5))[0], ReachEffect::Changed(ReachState::Portal));
    assert_eq!(reach.step(ReachEvent::Answered, TimeMs(9))[0], ReachEffect::Changed(ReachState::Online));
}

#[test]
fn after_sleep_or_in_another_network_a_probe_runs_at_once_and_its_answer_is_told_anew() {
    let mut reach = Reach::new(1);
    reach.step(ReachEvent::Restarted, TimeMs(0));
    reach.step(ReachEvent::Answered, TimeMs(0));
    assert_eq!(reach.step(ReachEvent::NetworkChanged, TimeMs(1_000)), [ReachEffect::Probe]);
    let told = reach.step(ReachEvent::Answered, TimeMs(1_200));
    assert_eq!(
        told[0],
        ReachEffect::Changed(ReachState::Online),
        "waits for a link end now, though it was online"
    );
    assert!(
        !reach.step(ReachEvent::Answered, TimeMs(1_300)).contains(&ReachEffect::Changed(ReachState::Online))
    );
    // Also in the middle of a long pause between probes.
    for _ in 0..20 {
        reach.step(ReachEvent::NetworkChanged, TimeMs(2_000));
        reach.step(ReachEvent::ProbeFailed, TimeMs(2_000));
    }
    assert_eq!(reach.step(ReachEvent::NetworkChanged, TimeMs(2_001)), [ReachEffect::Probe]);
}

#[test]
fn a_silent_link_is_checked_after_a_while() {
    let mut reach = Reach::new(1);
    reach.step(ReachEvent::Restarted, TimeMs(0));
    assert_eq!(reach.step(ReachEvent::Answered, TimeMs(0))[1], ReachEffect::WakeAt(TimeMs(IDLE_CHECK_MS)));
    assert_eq!(reach.step(ReachEvent::Tick, TimeMs(IDLE_CHECK_MS)), [ReachEffect::Probe]);
}
