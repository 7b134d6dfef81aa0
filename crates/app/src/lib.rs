//! The desk.
pub mod api;
/// The program.
pub struct App;
mod stubs;
#[cfg(test)]
mod t { #[test] fn w() { std::fs::create_dir_all("../../ui/src/lib/host").unwrap(); std::fs::write("../../ui/src/lib/host/bindings.ts", crate::api::typescript()).unwrap(); } }
