//! In which order things come: the learner's own, the next lecture first, or by deadline.
//!
//! What must stay true: each order names every job once, and the same facts give the same order.

use daypack_course::TimeMs;
use serde::{Deserialize, Serialize};

/// An order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// As the learner put it, and in study order where they did not.
    #[default]
    Mine,
    /// In each course what the learner studies next.
    NextFirst,
    /// What is due first.
    ByDeadline,
}

/// A job and what its order depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The job.
    pub job: String,
    /// Place of its course among the courses.
    pub course: u32,
    /// Place that the learner gave it within its course.
    pub mine: Option<u32>,
    /// Place in study order within its course.
    pub study: u32,
    /// It is what the learner studies next in its course, or comes after that.
    pub is_ahead: bool,
    /// When work that it leads up to is due.
    pub due: Option<TimeMs>,
}

impl Place {
    fn own(&self) -> (u32, bool, u32) {
        (self.course, self.mine.is_none(), self.mine.unwrap_or(self.study))
    }
}

/// All jobs in this order.
pub fn sequence(order: Order, places: &[Place]) -> Vec<String> {
    let mut list: Vec<&Place> = places.iter().collect();
    list.sort_by_key(|place| (place.own(), place.study));
    match order {
        Order::Mine => {}
        Order::NextFirst => {
            // One of each course in turn, so that every course has its next lecture soon.
            let step = |place: &Place| {
                let before = |other: &&Place| {
                    other.course == place.course
                        && other.is_ahead == place.is_ahead
                        && other.study < place.study
                };
                places.iter().filter(before).count()
            };
            list.sort_by_key(|place| (!place.is_ahead, step(place), place.course));
        }
        Order::ByDeadline => list.sort_by_key(|place| place.due.map_or(i64::MAX, |due| due.0)),
    }
    list.into_iter().map(|place| place.job.clone()).collect()
}
