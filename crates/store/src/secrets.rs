//! Sign-in tokens, in a file of their own that only the user can read, outside the databases (which get copied
//! and exported). A secret cannot be printed by accident.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use daypack_course::AccountId;

use crate::{Store, StoreError};

/// A token or password.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The secret itself, for the request that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// `secrets.json`: account -> secret. Replaced as a whole, atomically.
pub(crate) struct Secrets {
    path: PathBuf,
    /// Held from reading to writing.
    turn: Mutex<()>,
}

impl Secrets {
    pub fn at(dir: &Path) -> Self {
        Self { path: dir.join("secrets.json"), turn: Mutex::new(()) }
    }

    fn load(&self) -> Result<BTreeMap<AccountId, String>, StoreError> {
        match std::fs::read(&self.path) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes)?),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(BTreeMap::new()),
            Err(error) => Err(error.into()),
        }
    }

    fn change(&self, f: impl FnOnce(&mut BTreeMap<AccountId, String>)) -> Result<(), StoreError> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        // An unreadable file costs a new sign-in, never the start of the program.
        let mut all = match self.load() {
            Err(StoreError::Json(error)) => {
                tracing::warn!(%error, "secrets.json is not readable; sign-in is asked for again");
                BTreeMap::new()
            }
            other => other?,
        };
        f(&mut all);
        crate::objects::replace_file(&self.path, &serde_json::to_vec(&all)?)
    }
}

impl Store {
    /// Keeps the account's secret; durable on return.
    pub fn secret_put(&self, account: &AccountId, secret: &Secret) -> Result<(), StoreError> {
        self.secrets.change(|all| {
            all.insert(account.clone(), secret.0.clone());
        })
    }

    /// The account's secret; `None` when signed out or when the file cannot be read as secrets.
    pub fn secret_get(&self, account: &AccountId) -> Result<Option<Secret>, StoreError> {
        Ok(self.all_secrets()?.remove(account).map(Secret))
    }

    /// Forgets the account's secret; fine when there is none.
    pub fn secret_remove(&self, account: &AccountId) -> Result<(), StoreError> {
        self.secrets.change(|all| {
            all.remove(account);
        })
    }

    /// The accounts that have a secret.
    pub fn signed_in(&self) -> Result<BTreeSet<AccountId>, StoreError> {
        Ok(self.all_secrets()?.into_keys().collect())
    }

    fn all_secrets(&self) -> Result<BTreeMap<AccountId, String>, StoreError> {
        match self.secrets.load() {
            Err(StoreError::Json(_)) => Ok(BTreeMap::new()),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::shelf;

    #[test]
    fn a_secret_comes_back_and_is_gone_after_signing_out() {
        let (_dir, store) = shelf();
        let (ada, ben) = (AccountId::from("ada"), AccountId::from("ben"));
        store.secret_put(&ada, &Secret::new("t1")).unwrap();
        store.secret_put(&ben, &Secret::new("t2")).unwrap();
        assert_eq!(store.secret_get(&ada).unwrap(), Some(Secret::new("t1")));
        store.secret_remove(&ada).unwrap();
        assert_eq!(store.secret_get(&ada).unwrap(), None);
        assert_eq!(store.signed_in().unwrap(), BTreeSet::from([ben]));
    }

    #[test]
    fn a_secret_cannot_be_printed() {
        assert!(!format!("{:?}", Some(Secret::new("hunter2"))).contains("hunter2"));
    }

    #[test]
    fn a_broken_secrets_file_means_signed_out_and_can_be_written_again() {
        let (dir, store) = shelf();
        std::fs::write(dir.path().join("secrets.json"), b"{\"ada\":").unwrap();
        assert_eq!(store.secret_get(&"ada".into()).unwrap(), None);
        store.secret_put(&"ada".into(), &Secret::new("t")).unwrap();
        assert_eq!(store.secret_get(&"ada".into()).unwrap(), Some(Secret::new("t")));
    }

    #[cfg(unix)]
    #[test]
    fn only_the_user_can_read_the_secrets() {
        use std::os::unix::fs::PermissionsExt as _;
        let (dir, store) = shelf();
        store.secret_put(&"ada".into(), &Secret::new("t")).unwrap();
        let mode = std::fs::metadata(dir.path().join("secrets.json")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
