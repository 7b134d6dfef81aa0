//! Folders, sticks and `.daypack` files as mirrors, and looking whether all files are sound.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::App;
use crate::api::input::{Nothing, PathInput};
use crate::api::outline::{FilesChecked, FilesChecking, MirrorView, MirrorsView};
use crate::api::{Failure, FailureCode};
use crate::haul::stick::Stick;
use crate::runner::mend;

/// Name of the setting: paths, in order.
const SETTING: &str = "mirrors";

impl App {
    /// See the list of commands.
    pub async fn mirror_list(&self, _: Nothing) -> Result<MirrorsView, Failure> {
        let paths = self.mirror_paths().await?;
        let looked = tokio::task::spawn_blocking(move || {
            let view = |path: String| {
                let packages = Stick::at(Path::new(&path)).packages();
                MirrorView { packages: u32::try_from(packages).unwrap_or(u32::MAX), path }
            };
            paths.into_iter().map(view).collect()
        });
        let mirrors = looked.await.map_err(|e| Failure::new(FailureCode::Internal).fact("why", e))?;
        Ok(MirrorsView { mirrors })
    }

    /// See the list of commands.
    pub async fn mirror_add(&self, input: PathInput) -> Result<MirrorsView, Failure> {
        let path = PathBuf::from(&input.path);
        if !path.is_absolute() || !path.exists() {
            return Err(Failure::new(FailureCode::FileMissing).fact("path", &input.path));
        }
        let mut paths = self.mirror_paths().await?;
        paths.insert(input.path);
        self.mirrors_keep(paths).await?;
        self.use_mirrors().await;
        self.mirror_list(Nothing {}).await
    }

    /// See the list of commands.
    pub async fn mirror_remove(&self, input: PathInput) -> Result<MirrorsView, Failure> {
        let mut paths = self.mirror_paths().await?;
        paths.remove(&input.path);
        self.mirrors_keep(paths).await?;
        self.mirrors().remove(&name(&input.path));
        self.mirror_list(Nothing {}).await
    }

    /// See the list of commands.
    pub async fn files_check(&self, _: Nothing) -> Result<FilesChecked, Failure> {
        mend::check_all(self).await
    }

    /// See the list of commands.
    pub async fn files_checking(&self, _: Nothing) -> Result<FilesChecking, Failure> {
        Ok(self.board(|board| board.checking))
    }

    /// See the list of commands.
    pub async fn files_check_stop(&self, _: Nothing) -> Result<FilesChecking, Failure> {
        Ok(self.board_write(|board| {
            board.checking.running = false;
            board.checking
        }))
    }

    /// Puts the learner's mirrors among those that downloads ask.
    pub(crate) async fn use_mirrors(&self) {
        let paths = self.mirror_paths().await.unwrap_or_default();
        let mirrors = self.mirrors().clone();
        let looking = tokio::task::spawn_blocking(move || {
            for path in paths {
                mirrors.put(&name(&path), Arc::new(Stick::at(Path::new(&path))));
            }
        });
        let _ = looking.await;
    }

    async fn mirror_paths(&self) -> Result<BTreeSet<String>, Failure> {
        let found = self.db(|store| store.setting_get(SETTING)).await?;
        Ok(found.and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default())
    }

    async fn mirrors_keep(&self, paths: BTreeSet<String>) -> Result<(), Failure> {
        let value = serde_json::to_value(paths).unwrap_or_default();
        self.db(move |store| store.setting_put(SETTING, &value)).await
    }
}

fn name(path: &str) -> String {
    format!("stick {path}")
}
