//! The commands, by what they are about. Each is a thin deed around `course` and `engine`.

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
pub(crate) mod page;
pub(crate) use outbox::{line as answer_line, unseen as feedback_unseen};
mod mirrors;
mod receipt;
mod sign_in;
pub(crate) mod source;
mod sources;
mod study;
pub(crate) use study::answer as answer_of;
mod take;
pub(crate) use take::has_files;
mod takeout;
pub(crate) mod trouble;
mod update;
pub(crate) use update::package_of;
mod words;
