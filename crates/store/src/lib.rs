//! The shelf on disk: SQLite for facts, files for bytes.
//!
//! What must stay true: a write to `learner.db` is on the disk when its function returns, and in the journal too;
//! nothing a learner made is deleted (work, answers and files of one's own have no function for it); `catalogue.db`
//! and `objects/` can be fetched again and may be thrown away; bytes get a name only after their SHA-256 was
//! computed; one process owns a folder; no token is on the disk in the clear, and in a sealed folder nothing that the
//! learner made. No clock and no randomness here (times and ids are arguments), but for the keys and nonces of
//! `secrets` and of sealing, and the name of a learner's journal.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod backup;
mod ballast;
mod catalogue;
mod db;
pub mod disk;
mod error;
mod glimpse;
mod home;
mod journal;
mod keep_out;
mod learner;
mod lockbox;
mod migrate;
mod objects;
mod recovery;
mod seal;
mod sealed_disk;
mod sealed_folder;
mod secrets;
pub mod sparse;
mod store;
pub mod takeout;
#[cfg(test)]
mod testing;

pub use catalogue::asset::AssetState;
pub use catalogue::course::CourseRow;
pub use catalogue::offer::Offer;
pub use error::StoreError;
pub use glimpse::{Glimpse, Glimpsed, Step, Unwatched, Watch};
pub use home::{Means, Near, Progress, is_far, near_folder};
pub use keep_out::{is_kept_out, keep_out};
pub use learner::account::Account;
pub use learner::attempt::{AttemptRow, AttemptState};
pub use learner::begun::LatestDraft;
pub use learner::bookmark::Bookmark;
pub use learner::draft::Draft;
pub use learner::library::Library;
pub use learner::named::WorkName;
pub use learner::position::Position;
pub use learner::reading::{Done, ReadingPlace};
pub use learner::response::ResponseRow;
pub use learner::title::Title;
pub use learner::trust::Trusted;
pub use learner::work::{WorkList, WorkRow};
pub use lockbox::recovery::RecoveryCode;
pub use lockbox::{LearnerKey, Lockbox, SealTo};
pub use objects::partial::PartialFile;
pub use objects::pin::Pin;
pub use objects::{ObjectReader, Objects};
pub use recovery::{Damage, Recovered};
pub use sealed_disk::SealedDisk;
pub use secrets::keyring::{Keyring, KeyringError, MemoryKeyring, Mood, NoKeyring};
pub use secrets::passphrase::Effort;
pub use secrets::{
    Guard, Keep, KeyringSeen, Keys, SHORTEST_PASSPHRASE, Secret, SecretsError, Standing, Token,
};
pub use sparse::SparseFile;
pub use store::{Opened, Sizes, Store};
