//! The commands, by what they are about. Each is a thin deed around `course` and `engine`.

mod device;
mod item;
mod library;
mod outbox;
pub(crate) use outbox::unseen as feedback_unseen;
pub(crate) mod source;
mod sources;
mod study;
mod take;
pub(crate) use take::has_files;
mod words;
