//! The key that sign-ins are sealed under: looked for once, beside everything else.
//!
//! What must stay true: nothing that saves work waits for the keyring, which may show the learner a question of its
//! own and take as long as the answer does; a thread of its own asks it, so that not even the end of the program
//! waits.

use std::time::Duration;

use daypack_store::{
    Guard, KeyringSeen, Keys, SHORTEST_PASSPHRASE, Secret, SecretsError, Standing, Store, Token,
};
use tokio::sync::{oneshot, watch};

use crate::App;
use crate::api::keys::{KeyringView, KeysGuard, KeysStanding, KeysView};
use crate::api::{Event, Failure, FailureCode};
use crate::runner::Note;

/// How long a deed that needs a token waits for the first look.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long signing in waits for its token to be sealed; it is in use meanwhile.
const SEALING: Duration = Duration::from_secs(3);

/// The first look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    NotBegun,
    Going,
    Done,
}

/// What the program keeps about its key.
pub(crate) struct KeyDoor {
    look: watch::Sender<Look>,
    /// Given at the start; opens what a passphrase guards.
    passphrase: Option<Secret>,
    /// The program ends with its one command: what is sealed beside it would be cut off.
    is_short_lived: bool,
}

impl KeyDoor {
    pub fn new(passphrase: Option<Secret>, is_short_lived: bool) -> Self {
        Self { look: watch::Sender::new(Look::NotBegun), passphrase, is_short_lived }
    }
}

impl App {
    /// Begins to look for the key, once.
    pub(crate) fn look_for_key(&self) {
        let door = &self.0.key;
        let begins = door.look.send_if_modified(|look| {
            let begins = *look == Look::NotBegun;
            if begins {
                *look = Look::Going;
            }
            begins
        });
        if begins {
            let (app, passphrase, look) = (self.clone(), door.passphrase.clone(), door.look.clone());
            std::thread::spawn(move || {
                let opened = app.store().keys_open(passphrase.as_ref(), None);
                if let Err(error) = &opened {
                    tracing::warn!(%error, "sign-ins stay locked");
                }
                app.key_changed();
                // Whoever waits for us may want to open the folder anew.
                drop(app);
                look.send_replace(Look::Done);
            });
        }
    }

    /// Looks for the key again, with a passphrase or by asking the keyring.
    pub(crate) async fn open_key(&self, passphrase: Option<Secret>) -> Result<(), Failure> {
        let passphrase = passphrase.or_else(|| self.0.key.passphrase.clone());
        self.with_key(move |store| store.keys_open(passphrase.as_ref(), None)).await
    }

    /// Seals a new sign-in: waits for it, but not for as long as a keyring's own question may be open.
    pub(crate) async fn seal_sign_in(&self) {
        let limit = if self.0.key.is_short_lived { Duration::MAX } else { SEALING };
        if let Ok(Err(error)) = tokio::time::timeout(limit, self.open_key(None)).await {
            tracing::warn!(%error, "the sign-in is kept for this session only");
        }
    }

    /// Does something with the key in a thread of its own, and says what became of it.
    pub(crate) async fn with_key(
        &self,
        deed: impl FnOnce(&Store) -> Result<Keys, SecretsError> + Send + 'static,
    ) -> Result<(), Failure> {
        let (done, end) = oneshot::channel();
        let app = self.clone();
        std::thread::spawn(move || {
            let result = deed(app.store());
            app.key_changed();
            drop(app);
            let _ = done.send(result);
        });
        end.await.map_err(|error| Failure::new(FailureCode::Internal).fact("why", error))??;
        Ok(())
    }

    /// Tells page and loop; not on an async thread.
    fn key_changed(&self) {
        let Ok(keys) = self.store().keys() else { return };
        self.tell(Event::Keys { keys: view(&keys) });
        if let (Standing::Open | Standing::Session, Ok(accounts)) = (keys.standing, self.store().signed_in())
        {
            let _ = self.0.notes.blocking_send(Note::KeyOpened(accounts));
        }
    }

    /// The account's token; looks for the key first where it is needed.
    ///
    /// Errors: `keys_locked`, `sign_in_needed`.
    pub(crate) async fn token(&self, account: &daypack_course::AccountId) -> Result<Secret, Failure> {
        let ask = || {
            let id = account.clone();
            self.db(move |store| store.token(&id))
        };
        let mut token = ask().await?;
        if token == Token::Waits {
            self.look_for_key();
            let mut look = self.0.key.look.subscribe();
            let _ = tokio::time::timeout(PATIENCE, look.wait_for(|look| *look == Look::Done)).await;
            token = ask().await?;
        }
        match token {
            Token::Here(secret) => Ok(secret),
            Token::Waits => Err(FailureCode::KeysLocked.into()),
            Token::SignedOut => Err(Failure::new(FailureCode::SignInNeeded).fact("account", account)),
        }
    }
}

/// As the page sees it.
pub(crate) fn view(keys: &Keys) -> KeysView {
    KeysView {
        standing: match keys.standing {
            Standing::Resting => KeysStanding::Resting,
            Standing::Open => KeysStanding::Open,
            Standing::Locked => KeysStanding::Locked,
            Standing::Lost => KeysStanding::Lost,
            Standing::Session => KeysStanding::Session,
        },
        guard: keys.guard.map(|guard| match guard {
            Guard::Keyring => KeysGuard::Keyring,
            Guard::Passphrase => KeysGuard::Passphrase,
        }),
        keyring: match keys.keyring {
            KeyringSeen::NotAsked => KeyringView::NotAsked,
            KeyringSeen::Open => KeyringView::Open,
            KeyringSeen::Locked => KeyringView::Locked,
            KeyringSeen::Unavailable => KeyringView::Unavailable,
        },
        shortest_passphrase: u32::try_from(SHORTEST_PASSPHRASE).unwrap_or(u32::MAX),
    }
}
