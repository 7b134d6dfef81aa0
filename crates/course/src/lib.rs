//! What a course is: plain values and their laws.
//!
//! Nothing here does IO, reads a clock or draws a random number: `now` and seeds are arguments.
//! Every file format the project owns (course folder, package manifest, channel) is defined here.

pub mod carried;
pub mod changes;
pub mod deadline;
pub mod digest;
pub mod feedback;
pub mod finding;
pub mod folder;
pub mod grades;
pub mod ids;
pub mod outline;
pub mod package;
pub mod progress;
pub mod quiz;
pub mod receipt;
pub mod renew;
pub mod rules;
pub mod time;
pub mod work;

pub use digest::Digest;
pub use ids::{AccountId, AssetId, AttemptId, CourseId, ItemId, QuestionId, SectionId, WorkId};
pub use time::TimeMs;
