//! Whole lives of the download machine, each from a seed: a learner who takes along, pauses, resumes and changes
//! her mind, sources that stall, change, refuse and send wrong bytes, a full disk, a link that comes and goes, and
//! a program that dies at any point. The judge looks at the disk and at the bytes that travelled.
//!
//! `DAYPACK_SEEDS=1000000` for more.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "common/sim.rs"]
mod common;
#[path = "fetches/life.rs"]
mod life;

use common::{first_failure, seeds};
use life::{Habit, Life};

fn caught_within_100_seeds(habit: Habit) -> String {
    let (seed, why) =
        first_failure(100, |seed| Life::new(seed, habit).live()).expect("the judge saw nothing wrong");
    println!("{habit:?}: seed {seed}: {why}");
    why
}

#[test]
fn every_wanted_file_finishes_once_and_no_durable_byte_travels_twice() {
    assert_eq!(first_failure(seeds(5_000), |seed| Life::new(seed, Habit::Sound).live()), None);
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
    assert!(sum.crashes > 200 && sum.failures > 1_000 && sum.spoiled > 300 && sum.continued > 1_000);
    assert!(sum.finished > 1_500 && sum.stops > 150 && sum.jobs_failed > 100 && sum.cancelled > 20);
}

#[test]
fn control_starting_over_after_a_stall_is_caught() {
    assert!(caught_within_100_seeds(Habit::StartsOver).contains("travel again"));
}

#[test]
fn control_forgetting_the_disk_at_a_restart_is_caught() {
    assert!(caught_within_100_seeds(Habit::ForgetsDisk).contains("travel again"));
}

#[test]
fn control_fetching_what_is_done_is_caught() {
    assert!(caught_within_100_seeds(Habit::ForgetsDone).contains("finished already"));
}

#[test]
fn control_giving_up_on_a_bad_link_is_caught() {
    assert!(caught_within_100_seeds(Habit::GivesUp).contains("never came"));
}
