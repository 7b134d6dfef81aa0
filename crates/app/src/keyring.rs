//! The keyring of this computer: Secret Service, macOS keychain or Windows credentials, through the crate `keyring`.
//!
//! In builds with debug assertions `DAYPACK_KEYRING` names a double for tests: `none` for a computer without one, else
//! a file that stands for it (entries by name, as JSON; the word `locked` on its first line for a locked one).

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use daypack_store::{Keyring, KeyringError, NoKeyring};

/// What entries are filed under, beside their own name.
const SERVICE: &str = "org.daypack.desktop";

/// The keyring that the learner's system gives to programs. For programs only: tests bring their own.
pub fn of_this_computer() -> Arc<dyn Keyring> {
    if cfg!(debug_assertions)
        && let Some(double) = std::env::var_os("DAYPACK_KEYRING")
    {
        return if double == "none" { Arc::new(NoKeyring) } else { Arc::new(FileKeyring(double.into())) };
    }
    Arc::new(SystemKeyring::default())
}

/// A keyring in a file, as `DAYPACK_KEYRING` names one: for tests in which a program goes on where another one ended.
#[cfg(debug_assertions)]
pub fn in_file(path: PathBuf) -> Arc<dyn Keyring> {
    Arc::new(FileKeyring(path))
}

/// How long a keyring may take: it may be asking the learner for a password.
const PATIENCE: Duration = Duration::from_secs(90);

#[derive(Default)]
struct SystemKeyring {
    /// It did not answer once; it is not asked again, so that another way to keep sign-ins can be chosen.
    is_silent: AtomicBool,
}

impl SystemKeyring {
    /// Asks in a thread of its own: a bus that never answers must hold up nobody for ever.
    fn ask<T: Send + 'static>(
        &self,
        patience: Duration,
        deed: impl FnOnce() -> Result<T, KeyringError> + Send + 'static,
    ) -> Result<T, KeyringError> {
        let silent = || KeyringError::Unavailable("it does not answer".into());
        if self.is_silent.load(Ordering::Relaxed) {
            return Err(silent());
        }
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || tell.send(deed()));
        told.recv_timeout(patience).unwrap_or_else(|_| {
            self.is_silent.store(true, Ordering::Relaxed);
            Err(silent())
        })
    }

    fn entry(name: &str) -> Result<keyring::Entry, KeyringError> {
        // The first call connects; what it found counts until the program ends.
        keyring::Entry::new(SERVICE, name).map_err(|error| KeyringError::Unavailable(error.to_string()))
    }
}

impl Keyring for SystemKeyring {
    fn get(&self, name: &str) -> Result<Vec<u8>, KeyringError> {
        let name = name.to_owned();
        self.ask(PATIENCE, move || Self::entry(&name)?.get_secret().map_err(answer))
    }

    fn set(&self, name: &str, secret: &[u8]) -> Result<(), KeyringError> {
        let (name, secret) = (name.to_owned(), secret.to_vec());
        self.ask(PATIENCE, move || Self::entry(&name)?.set_secret(&secret).map_err(answer))
    }

    fn remove(&self, name: &str) -> Result<(), KeyringError> {
        let name = name.to_owned();
        self.ask(PATIENCE, move || Self::entry(&name)?.delete_credential().map_err(answer))
    }
}

/// The crate's errors carry secrets at times (`BadDataFormat`): only their kind goes on.
fn answer(error: keyring::Error) -> KeyringError {
    use keyring::Error as E;
    match error {
        E::NoEntry => KeyringError::Missing,
        E::NoStorageAccess(_) => KeyringError::Locked,
        E::NoDefaultStore | E::NotSupportedByStore(_) | E::BadStoreFormat(_) | E::PlatformFailure(_) => {
            KeyringError::Unavailable(error.to_string())
        }
        _ => KeyringError::Unavailable("the entry cannot be used".into()),
    }
}

/// A keyring in a file, for tests whose programs are killed and started again.
struct FileKeyring(PathBuf);

impl FileKeyring {
    fn entries(&self) -> Result<Option<BTreeMap<String, Vec<u8>>>, KeyringError> {
        let text = match std::fs::read_to_string(&self.0) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Some(BTreeMap::new())),
            other => other.map_err(|error| KeyringError::Unavailable(error.to_string()))?,
        };
        if text.starts_with("locked") {
            return Ok(None);
        }
        serde_json::from_str(&text).map(Some).map_err(|error| KeyringError::Unavailable(error.to_string()))
    }

    fn change(&self, change: impl FnOnce(&mut BTreeMap<String, Vec<u8>>)) -> Result<(), KeyringError> {
        let mut entries = self.entries()?.ok_or(KeyringError::Locked)?;
        change(&mut entries);
        let text = serde_json::to_string(&entries).unwrap_or_default();
        let fresh = self.0.with_extension("new");
        std::fs::write(&fresh, text)
            .and_then(|()| std::fs::rename(&fresh, &self.0))
            .map_err(|error| KeyringError::Unavailable(error.to_string()))
    }
}

impl Keyring for FileKeyring {
    fn get(&self, name: &str) -> Result<Vec<u8>, KeyringError> {
        // Locked looks like "not there" when read, as with the Secret Service.
        self.entries()?.and_then(|entries| entries.get(name).cloned()).ok_or(KeyringError::Missing)
    }

    fn set(&self, name: &str, secret: &[u8]) -> Result<(), KeyringError> {
        self.change(|entries| {
            entries.insert(name.to_owned(), secret.to_vec());
        })
    }

    fn remove(&self, name: &str) -> Result<(), KeyringError> {
        self.change(|entries| {
            entries.remove(name);
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_double_keeps_entries_between_programs_and_can_be_locked() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keyring");
        let keyring = || FileKeyring(path.clone());
        assert_eq!(keyring().get("a"), Err(KeyringError::Missing));
        keyring().set("a", &[1, 2]).unwrap();
        assert_eq!(keyring().get("a"), Ok(vec![1, 2]));
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("locked\n{text}")).unwrap();
        assert_eq!(keyring().get("a"), Err(KeyringError::Missing));
        assert_eq!(keyring().set("a", &[3]), Err(KeyringError::Locked));
        std::fs::write(&path, text).unwrap();
        keyring().remove("a").unwrap();
        assert_eq!(keyring().get("a"), Err(KeyringError::Missing));
    }

    #[test]
    fn a_keyring_that_never_answers_is_given_up_and_not_asked_again() {
        let keyring = SystemKeyring::default();
        let (_hold, never) = std::sync::mpsc::channel::<()>();
        let asked = keyring.ask(Duration::from_millis(20), move || {
            let _ = never.recv();
            Ok(())
        });
        assert!(matches!(asked, Err(KeyringError::Unavailable(_))));
        let again = keyring.ask(PATIENCE, || Ok(()));
        assert!(matches!(again, Err(KeyringError::Unavailable(_))));
        assert_eq!(SystemKeyring::default().ask(PATIENCE, || Ok(7)), Ok(7), "one that answers is heard");
    }

    #[test]
    fn an_error_of_the_keyring_does_not_carry_what_was_in_it() {
        let error = keyring::Error::BadEncoding(b"hunter2".to_vec());
        assert!(!format!("{:?}", answer(error)).contains("hunter2"));
    }
}
