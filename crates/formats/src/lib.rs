//! Foreign files to courses, and our own package.
//!
//! Everything here is synchronous and reads files in place. Bad input gets an [`OpenError`] with a code and
//! facts; an import of which anything can be used gives a course and findings instead.

pub mod archive;
pub mod cartridge;
mod error;
pub mod html;
pub mod media_type;
pub mod open;
pub mod pack;
pub mod package;

pub use archive::Archive;
pub use error::{OpenError, printable};
pub use open::{Listed, Opened, open_any};
