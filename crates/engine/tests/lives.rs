//! Whole lives of an outbox, each from a seed: a learner who works on one or two computers, a site without
//! idempotency keys that loses replies, is late, breaks, refuses, asks for patience and forgets sign-ins, a link that
//! comes and goes or leads to a portal, clocks that jump, and a program that dies at any point between two deeds.
//! The judge looks only at the site's ledger, the typed text and at what the learner was told; the site shares no
//! code with the engine.
//!
//! `DAYPACK_SEEDS=1000000` for more, `DAYPACK_SEED=7` for one. A failing seed is a bug report. The long run is
//! `lives_soak` (`cargo xtask soak`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "common/sim.rs"]
mod common;
#[path = "lives/device.rs"]
mod device;
#[path = "lives/judge.rs"]
mod judge;
#[path = "lives/life.rs"]
mod life;
#[path = "lives/post.rs"]
mod post;
#[path = "lives/site.rs"]
mod site;

use common::{first_failure, seeds};
use life::{Habit, Life};

fn caught_within_100_seeds(habit: Habit) -> String {
    let (seed, why) =
        first_failure(100, |seed| Life::new(seed, habit).live()).expect("the judge saw nothing wrong");
    println!("{habit:?}: seed {seed}: {why}");
    why
}

#[test]
fn every_accepted_work_has_one_effect_in_order_and_nothing_is_lost() {
    if let Some(seed) = std::env::var("DAYPACK_SEED").ok().and_then(|n| n.parse().ok()) {
        return assert_eq!(Life::new(seed, Habit::Sound).live(), Ok(()), "seed {seed}");
    }
    let count = seeds(20_000);
    let failure = first_failure(count, |seed| Life::new(seed, Habit::Sound).live());
    assert_eq!(failure, None, "run it alone with DAYPACK_SEED");
    println!("{count} lives: 0 lost, 0 reordered, 0 doubled, 0 sent again by themselves");
}

#[test]
fn the_lives_are_hard_enough_to_mean_something() {
    let mut sum = life::Tally::default();
    for seed in 0..300 {
        let mut life = Life::new(seed, Habit::Sound);
        life.live().expect("sound");
        sum.add(&life.tally);
    }
    println!("300 lives: {sum:?}");
    assert!(sum.crashes > 300 && sum.doubts > 300 && sum.landed_unseen > 100 && sum.found_missing > 100);
    assert!(sum.refused > 100 && sum.sign_ins > 100 && sum.late_arrivals > 50 && sum.accepted > 1_000);
    assert!(
        sum.unclear > 100 && sum.learner_words > 50 && sum.doubled_replies > 50 && sum.second_devices > 50
    );
    assert!(sum.clock_jumps > 200 && sum.portals > 30 && sum.server_faults > 200);
}

#[test]
fn a_life_is_the_same_each_time() {
    for seed in 0..50 {
        let (mut a, mut b) = (Life::new(seed, Habit::Sound), Life::new(seed, Habit::Sound));
        assert_eq!(a.live(), b.live());
        assert_eq!(a.tally, b.tally);
    }
}

#[test]
fn control_sending_again_after_a_lost_reply_is_caught() {
    assert!(caught_within_100_seeds(Habit::ResendsOnUnknown).contains("twice"));
}

#[test]
fn control_sending_before_the_intent_is_durable_is_caught() {
    assert!(caught_within_100_seeds(Habit::SendsBeforeDurable).contains("twice"));
}

#[test]
fn control_asking_the_site_at_once_is_caught() {
    assert!(caught_within_100_seeds(Habit::SettlesWithoutGrace).contains("twice"));
}

#[test]
fn control_sending_unclear_work_again_without_the_learner_is_caught() {
    assert!(caught_within_100_seeds(Habit::ResendsUnclear).contains("by itself"));
}

#[test]
fn control_believing_a_reply_that_comes_twice_is_caught() {
    let found = first_failure(20_000, |seed| Life::new(seed, Habit::BelievesOldReplies).live());
    let (seed, why) = found.expect("the judge saw nothing wrong");
    println!("BelievesOldReplies: seed {seed}: {why}");
    assert!(why.contains("twice"), "{why}");
}

#[test]
fn control_believing_the_wall_clock_is_caught() {
    let found = first_failure(20_000, |seed| Life::new(seed, Habit::TrustsWallClock).live());
    let (seed, why) = found.expect("the judge saw nothing wrong");
    println!("TrustsWallClock: seed {seed}: {why}");
    assert!(why.contains("twice"), "{why}");
}

#[test]
fn control_an_outbox_without_targets_is_caught_reordering() {
    assert!(caught_within_100_seeds(Habit::ForgetsTargets).contains("order"));
}

#[test]
fn control_one_queue_for_everything_is_caught_blocking() {
    assert!(caught_within_100_seeds(Habit::OneQueue).contains("held up"));
}

#[test]
fn control_dropping_refused_work_is_caught() {
    assert!(caught_within_100_seeds(Habit::DropsRefused).contains("lost"));
}
