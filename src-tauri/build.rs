//! Placeholder until the shell is in.
fn main() {}
