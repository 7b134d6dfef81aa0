//! The commands, by what they are about. Each is a thin deed around `course` and `engine`.

mod begin;
mod decide;
mod device;
mod downloads;
mod internet;
mod item;
mod keys;
mod leaving;
mod library;
mod near;
mod outbox;
pub(crate) use outbox::{line as answer_line, unseen as feedback_unseen};
mod mirrors;
mod receipt;
pub(crate) mod source;
mod sources;
pub(crate) mod study;
pub(crate) use study::answer as answer_of;
mod take;
pub(crate) use take::has_files;
mod takeout;
mod update;
pub(crate) use update::package_of;
mod words;
