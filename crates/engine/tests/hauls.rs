//! Whole lives of one transfer, each from a seed: sources that send all instead of a part, bytes of another place,
//! another version, flipped bits, web pages, half bodies and nothing at all, links that come and go with and without
//! their connections, and a program that dies at any point. The judge compares the file with what the source has.
//!
//! `DAYPACK_SEEDS=1000000` for more.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "common/sim.rs"]
mod common;
#[path = "hauls/life.rs"]
mod life;

use common::{first_failure, seeds};
use life::{Habit, Life, Tally};

fn caught(habit: Habit) -> String {
    let found = first_failure(300, |seed| Life::new(seed, habit).live());
    let (seed, why) = found.expect("the judge saw nothing wrong");
    println!("{habit:?}: seed {seed}: {why}");
    why
}

#[test]
fn every_life_ends_with_the_right_file_or_a_fault_by_name() {
    assert_eq!(first_failure(seeds(600), |seed| Life::new(seed, Habit::Sound).live()), None);
}

#[test]
fn the_lives_are_hard_enough_to_mean_something() {
    let mut sum = Tally::default();
    for seed in 0..300 {
        let mut life = Life::new(seed, Habit::Sound);
        life.live().expect("sound");
        sum.add(&life.tally);
    }
    println!("300 lives: {sum:?}");
    assert!(sum.done > 200 && sum.crashes > 50 && sum.flips > 50 && sum.wholes > 50 && sum.lies > 30);
    assert!(sum.pages > 20 && sum.versions > 20 && sum.cuts > 100 && sum.silences > 50);
}

#[test]
fn control_trusting_a_200_is_caught() {
    assert!(caught(Habit::TrustsA200).contains("wrong"));
}

#[test]
fn control_forgetting_to_verify_is_caught() {
    assert!(caught(Habit::ForgetsToVerify).contains("wrong"));
}

#[test]
fn control_believing_any_place_is_caught() {
    assert!(caught(Habit::BelievesAnyPlace).contains("wrong"));
}

#[test]
fn control_joining_two_versions_is_caught() {
    assert!(caught(Habit::JoinsVersions).contains("wrong"));
}

#[test]
fn control_noting_bytes_before_they_are_durable_is_caught() {
    assert!(caught(Habit::NotesTooEarly).contains("wrong"));
}

#[test]
fn control_never_looking_at_the_clock_is_caught() {
    assert!(caught(Habit::NeverTicks).contains("never"));
}
