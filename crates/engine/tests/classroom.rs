//! A classroom from seeds: ten computers that all want the same course over one slow line, of which some leave, lie,
//! stall or only pretend. The judge counts what crosses the line, and compares what each computer has in the end.
//!
//! `DAYPACK_SEEDS=10000` for more.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "common/sim.rs"]
mod common;
#[path = "classroom/room.rs"]
mod room;

use common::seeds;
use room::{Habit, Room, Told};

fn worst(habit: Habit, seeds: u64, make: impl Fn(u64, Habit) -> Room) -> Told {
    let mut worst = Told::default();
    for seed in 0..seeds {
        let told = make(seed, habit).live().unwrap_or_else(|why| panic!("seed {seed}: {why}"));
        worst.line = worst.line.max(told.line);
        worst.ended_ms = worst.ended_ms.max(told.ended_ms);
        worst.ideal_ms = told.ideal_ms;
    }
    worst
}

#[test]
fn a_class_of_ten_takes_each_byte_over_the_line_about_once() {
    let worst = worst(Habit::Shares, seeds(8), Room::of_ten);
    println!(
        "ten, all well: at most {:.3} courses over the line, {} ms (ideal {})",
        worst.line, worst.ended_ms, worst.ideal_ms
    );
    assert!(worst.line <= 1.1, "{}", worst.line);
    assert!(worst.ended_ms <= worst.ideal_ms * 13 / 10, "{worst:?}");
}

#[test]
fn with_some_that_leave_lie_stall_or_pretend_it_is_still_about_once() {
    let worst = worst(Habit::Shares, seeds(10), Room::of_ten_with_trouble);
    println!(
        "ten, with trouble: at most {:.3} courses, {} ms (ideal {})",
        worst.line, worst.ended_ms, worst.ideal_ms
    );
    assert!(worst.line <= 1.3, "{}", worst.line);
}

#[test]
fn a_line_that_is_gone_for_two_minutes_makes_no_storm() {
    let worst = worst(Habit::Shares, seeds(5), Room::of_ten_with_an_outage);
    println!(
        "ten, outage: at most {:.3} courses, {} ms (ideal {})",
        worst.line, worst.ended_ms, worst.ideal_ms
    );
    assert!(worst.line <= 1.2, "{}", worst.line);
}

#[test]
fn control_without_the_law_the_course_crosses_the_line_ten_times() {
    let worst = worst(Habit::EachForItself, 1, Room::of_ten);
    println!("control, each for itself: {:.2} courses", worst.line);
    assert!(worst.line >= 9.5, "{}", worst.line);
}

#[test]
fn control_taking_from_peers_without_sharing_out_is_a_storm() {
    let worst = worst(Habit::TakesOnly, 1, Room::of_ten);
    println!("control, taking from peers only: {:.2} courses", worst.line);
    assert!(worst.line >= 2.0, "{}", worst.line);
}

#[test]
fn control_believing_a_liar_is_caught() {
    let found = (0..4).find_map(|seed| Room::of_ten_with_trouble(seed, Habit::Believes).live().err());
    assert!(found.expect("the judge saw nothing wrong").contains("wrong"));
}
