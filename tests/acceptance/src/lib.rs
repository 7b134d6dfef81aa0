//! Shared harness of the acceptance tests.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

pub mod kills;
pub mod practice;
pub mod window;
