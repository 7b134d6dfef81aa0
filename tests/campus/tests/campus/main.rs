//! The practice campus over real HTTP: a process of its own, driven by a plain client.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
#![recursion_limit = "256"]

mod assignment;
mod bad_days;
mod client;
mod conformance;
mod files;
mod html;
mod quiz;
mod shape;
