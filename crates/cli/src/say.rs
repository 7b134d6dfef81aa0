//! What the tool prints. A reader that has gone away (`daypack call ... | head`) ends no work and is no fault.

use std::fmt::Arguments;
use std::io::{Write as _, stderr, stdout};

/// A line of the answer; false when nobody reads any more.
pub fn out(line: Arguments<'_>) -> bool {
    writeln!(stdout(), "{line}").and_then(|()| stdout().flush()).is_ok()
}

/// How far something is, over what was said last of it.
pub fn over(line: Arguments<'_>) {
    let _ = write!(stderr(), "\r{line}    ");
}

/// A line beside the answer.
pub fn beside(line: Arguments<'_>) {
    let _ = writeln!(stderr(), "{line}");
}

/// Prints a line of the answer; false when nobody reads any more.
macro_rules! say {
    ($($part:tt)*) => { $crate::say::out(format_args!($($part)*)) };
}

/// Prints a line beside the answer.
macro_rules! tell {
    ($($part:tt)*) => { $crate::say::beside(format_args!($($part)*)) };
}

pub(crate) use {say, tell};
