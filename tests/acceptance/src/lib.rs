//! Shared harness of the acceptance tests.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

pub mod axe;
#[cfg(target_os = "linux")]
pub mod big;
#[cfg(unix)]
pub mod close_button;
pub mod contract;
pub mod heavy;
pub mod host;
pub mod hostile;
pub mod kills;
pub mod learner;
pub mod link;
pub mod matrix;
pub mod packed;
pub mod practice;
pub mod refusals;
pub mod refusing;
#[cfg(target_os = "linux")]
pub mod static_host;
pub mod stranger;
#[cfg(target_os = "linux")]
pub mod tray;
pub mod window;
pub mod window_kills;
