//! What to do next: pure decision machines, no IO.
//!
//! Every machine has one call shape, `step(event, now) -> effects`, and is serialisable. `now`, seeds and the
//! state of the link come in as arguments; nothing here reads a clock or draws a random number, so that a whole
//! learner's life can be replayed from a seed.
//!
//! The contract with the caller, for every machine:
//! 1. Call `step`, make the new state durable, and only then perform the effects, in their order.
//! 2. After a start: load the state, `step(Restarted)`, as above. An effect that a crash swallowed is asked for
//!    again where it matters.
//! 3. Events about things the machine does not know (any more) are ignored: a late reply is no error.

pub mod allowance;
mod backoff;
pub mod clocks;
pub mod download;
pub mod idle;
pub mod link;
pub mod news;
pub mod outbox;
pub mod peers;
pub mod power;
pub mod transfer;
pub mod watch;

pub use clocks::Clocks;
pub use download::Downloads;
pub use link::{LinkEstimate, Reach};
pub use news::News;
pub use outbox::Outbox;
pub use peers::Sharing;
pub use transfer::Transfer;
pub use watch::Watch;
