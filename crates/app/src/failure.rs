//! From errors of the crates below to codes a learner can act on.

use std::path::Path;

use daypack_store::{SHORTEST_PASSPHRASE, SecretsError, StoreError};

use crate::api::{Failure, FailureCode};

/// An error of the file system without a file to name.
pub(crate) fn io(error: &std::io::Error) -> Failure {
    if error.kind() == std::io::ErrorKind::StorageFull {
        return FailureCode::NoSpace.into();
    }
    Failure::new(FailureCode::Internal).fact("why", error)
}

/// An error about one file.
pub(crate) fn file(error: &std::io::Error, path: &Path) -> Failure {
    match error.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::PermissionDenied => {
            Failure::new(FailureCode::FileMissing).fact("path", path.display())
        }
        _ => io(error),
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::NoSpace => FailureCode::NoSpace.into(),
            StoreError::InUse => FailureCode::InUse.into(),
            StoreError::InUseElsewhere { host } => Self::new(FailureCode::InUseElsewhere).fact("host", host),
            StoreError::NewerDatabase { .. } | StoreError::ReadOnly => FailureCode::NewerDatabase.into(),
            StoreError::Sealed => FailureCode::Locked.into(),
            StoreError::NotSealed => FailureCode::NotShared.into(),
            StoreError::WrongKey => FailureCode::WrongPassphrase.into(),
            StoreError::Damaged { path, .. } => {
                Self::new(FailureCode::DamagedDatabase).fact("path", path.display())
            }
            _ => Self::new(FailureCode::Internal).fact("why", error),
        }
    }
}

impl From<SecretsError> for Failure {
    fn from(error: SecretsError) -> Self {
        match error {
            SecretsError::WrongPassphrase => FailureCode::WrongPassphrase.into(),
            SecretsError::ShortPassphrase => {
                Self::new(FailureCode::ShortPassphrase).fact("least", SHORTEST_PASSPHRASE)
            }
            SecretsError::Locked => FailureCode::KeysLocked.into(),
            SecretsError::KeyringLocked => FailureCode::KeyringLocked.into(),
            SecretsError::KeyringUnavailable => FailureCode::KeyringUnavailable.into(),
            SecretsError::Store(error) => error.into(),
        }
    }
}
