//! The link: how fast it is ([`LinkEstimate`]) and whether sites answer at all ([`Reach`]).

mod budget;
mod estimate;
mod reach;

pub use budget::{Budget, SMALL_BYTES};
pub use estimate::LinkEstimate;
pub use reach::{IDLE_CHECK_MS, PROBE_BASE_MS, PROBE_CAP_MS, Reach, ReachEffect, ReachEvent, ReachState};
