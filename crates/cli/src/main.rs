//! daypack: the tool for institutions, scripts and tests.
fn main() {}
