//! The program behind the window: opening, open, or why it could not be opened.
//!
//! The window shows at once; a command that comes before the data folder is open waits here, but for the one that
//! says how opening goes on.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use daypack_app::Door;
use daypack_app::api::{Failure, FailureCode};
use daypack_app::opening::Opening;
use serde_json::Value;
use tokio::sync::watch;

/// The door to the program.
pub struct Desk {
    state: watch::Sender<Option<Result<Door, Failure>>>,
    files: Mutex<Waiting>,
    folder: Option<PathBuf>,
    opening: OnceLock<Opening>,
}

/// Files to open, kept until the page listens.
#[derive(Default)]
struct Waiting {
    listening: bool,
    files: Vec<String>,
}

impl Desk {
    /// A desk whose program is still being opened; `files` are to be opened in it.
    pub fn new(files: Vec<String>) -> Self {
        let files = Mutex::new(Waiting { listening: false, files });
        Self { state: watch::Sender::new(None), files, folder: None, opening: OnceLock::new() }
    }

    /// The same, on a folder that was named at the start.
    #[must_use]
    pub fn on(mut self, folder: Option<PathBuf>) -> Self {
        self.folder = folder;
        self
    }

    /// The folder named at the start; `None` for the usual one.
    pub fn chosen_folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// The folder is being opened from now on. Called once.
    pub fn opens(&self, opening: Opening) {
        let _ = self.opening.set(opening);
    }

    /// The answer to a command that need not wait until the folder is open.
    pub async fn early(&self, name: &str) -> Option<Result<Value, Failure>> {
        if self.state.borrow().is_some() {
            return None;
        }
        self.opening.get()?.dispatch(name).await
    }

    /// Says how the opening ended; after a folder that was in use it may be said again.
    pub fn opened(&self, result: Result<Door, Failure>) {
        self.state.send_replace(Some(result));
    }

    /// The program, as soon as it is open.
    pub async fn door(&self) -> Result<Door, Failure> {
        let mut state = self.state.subscribe();
        let gone = |_| Failure::new(FailureCode::Internal).fact("why", "closed");
        let result = state.wait_for(Option::is_some).await.map_err(gone)?;
        result.clone().unwrap_or_else(|| Err(FailureCode::Internal.into()))
    }

    /// The program if it is open by now.
    pub fn door_now(&self) -> Option<Door> {
        self.state.borrow().as_ref().and_then(|result| result.as_ref().ok().cloned())
    }

    /// Adds files to open; returns those that can go to the page now.
    pub fn open_files(&self, files: Vec<String>) -> Vec<String> {
        let mut waiting = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.files.extend(files);
        if waiting.listening { std::mem::take(&mut waiting.files) } else { Vec::new() }
    }

    /// The page listens now; returns what waited for it.
    pub fn page_listens(&self) -> Vec<String> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner).listening = true;
        self.open_files(Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_waits_for_the_page_and_goes_there_once() {
        let desk = Desk::new(vec!["a".into()]);
        assert!(desk.open_files(vec!["b".into()]).is_empty());
        assert_eq!(desk.page_listens(), ["a", "b"]);
        assert_eq!(desk.open_files(vec!["c".into()]), ["c"]);
        assert!(desk.page_listens().is_empty());
    }

    #[tokio::test]
    async fn a_command_that_comes_early_waits_and_hears_why_it_failed() {
        let desk = std::sync::Arc::new(Desk::new(Vec::new()));
        let early = tokio::spawn({
            let desk = desk.clone();
            async move { desk.door().await.err() }
        });
        tokio::task::yield_now().await;
        assert!(!early.is_finished());
        desk.opened(Err(FailureCode::InUse.into()));
        assert_eq!(early.await.unwrap(), Some(FailureCode::InUse.into()));
        assert!(desk.door_now().is_none());
    }
}
