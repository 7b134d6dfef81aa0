//! What the door does for learners who are there: unlock, lock, add, passphrase and recovery code.

use std::time::Duration;

use daypack_store::{
    Effort, Guard, Keep, LearnerKey, Lockbox, RecoveryCode, SHORTEST_PASSPHRASE, Secret,
    Standing as KeyStanding, Store, StoreError,
};

use super::people::{self, LEARNERS, People, Person};
use super::{Door, Standing};
use crate::App;
use crate::api::door::{DoorView, NewCode};
use crate::api::input::*;
use crate::api::{Event, Failure, FailureCode};
use crate::{failure, joined};

/// How long a page may take to keep what is being typed.
const FLUSH_AT_MOST: Duration = Duration::from_millis(800);
/// More than a day is never.
const MOST_MINUTES: u32 = 24 * 60;

impl Door {
    /// See the list of commands.
    pub async fn door(&self, _: Nothing) -> Result<DoorView, Failure> {
        Ok(self.view())
    }

    /// See the list of commands.
    pub async fn learner_here(&self, _: Nothing) -> Result<DoorView, Failure> {
        self.sign();
        Ok(self.view())
    }

    /// See the list of commands.
    pub async fn learner_unlock(&self, input: LearnerUnlock) -> Result<DoorView, Failure> {
        let id = self.who(&input.learner)?;
        let passphrase = Secret::new(input.passphrase);
        let key = self.key(&id, passphrase.clone()).await?;
        self.let_in(id, key, passphrase, None).await
    }

    /// See the list of commands.
    pub async fn learner_recover(&self, input: LearnerRecover) -> Result<DoorView, Failure> {
        let id = self.who(&input.learner)?;
        let code = RecoveryCode::typed(&input.code).map_err(|_| Failure::from(FailureCode::WrongCode))?;
        let passphrase = long_enough(input.passphrase)?;
        let (dir, means) = (self.folder(&id), self.means());
        let key = blocking(move || match Store::unlock_by_code(&dir, &code, &means) {
            Err(StoreError::WrongKey) => Err(FailureCode::WrongCode.into()),
            other => Ok(other?),
        })
        .await?;
        self.let_in(id, key.clone(), passphrase.clone(), Some((key, passphrase))).await
    }

    /// See the list of commands.
    pub async fn learner_lock(&self, input: LearnerLock) -> Result<DoorView, Failure> {
        if self.people().is_none() {
            return Err(FailureCode::NotShared.into());
        }
        let flushed = self.0.flushed.notified();
        if !input.flushed && self.open_learner().is_some() {
            let _ = self.0.events.send(Event::Locking {});
            let _ = tokio::time::timeout(FLUSH_AT_MOST, flushed).await;
        }
        let turn = self.0.turn.lock().await;
        if self.open_learner().is_some() {
            self.shut(Standing::Locked).await;
        }
        drop(turn);
        self.0.flushed.notify_waiters();
        Ok(self.view())
    }

    /// See the list of commands.
    pub async fn learner_add(&self, input: LearnerAdd) -> Result<NewCode, Failure> {
        let _turn = self.0.turn.lock().await;
        let people = self.people().clone().ok_or(FailureCode::NotShared)?;
        let name = people.fair_name(&input.name)?;
        let passphrase = long_enough(input.passphrase)?;
        let id = uuid::Uuid::now_v7().to_string();
        let (dir, means, now) = (self.dir().to_owned(), self.means(), self.now());
        let own = id.clone();
        let code = blocking(move || {
            let io = |error| failure::io(&error);
            let (lockbox, key, code) = Lockbox::new(&passphrase, Effort::measured()).map_err(io)?;
            // Under a name that counts for nothing until all of it is there.
            let new = dir.join(LEARNERS).join(format!(".new-{own}"));
            crate::make_folder(&new).map_err(io)?;
            Store::seal_folder(&new, now, &lockbox, &key, &means).map_err(cannot_seal)?;
            std::fs::rename(&new, people::folder(&dir, &own)).map_err(io)?;
            crate::afresh::sync(&dir.join(LEARNERS)).map_err(io)?;
            Ok(code)
        })
        .await?;
        let person = Person { id: id.clone(), name, code_kept: false };
        self.keep(|people| people.learners.push(person)).await?;
        self.tell();
        Ok(NewCode { learner: id, code: code.shown().to_string(), door: self.view() })
    }

    /// See the list of commands.
    pub async fn passphrase_change(&self, input: PassphraseChange) -> Result<DoorView, Failure> {
        let _turn = self.0.turn.lock().await;
        let (app, id) = self.at_home()?;
        let key = self.key(&id, Secret::new(input.passphrase)).await?;
        let new = long_enough(input.new)?;
        guard_by(&app, key, new.clone()).await?;
        // Sign-ins that the old passphrase guarded follow the new one.
        let keys = app.db(|store| store.keys()).await?;
        if (keys.standing, keys.guard) == (KeyStanding::Open, Some(Guard::Passphrase)) {
            app.with_key(move |store| store.keys_keep(Keep::Passphrase(new, Effort::measured()))).await?;
        }
        Ok(self.view())
    }

    /// See the list of commands.
    pub async fn code_new(&self, input: Passphrase) -> Result<NewCode, Failure> {
        let _turn = self.0.turn.lock().await;
        let (app, id) = self.at_home()?;
        let key = self.key(&id, Secret::new(input.passphrase)).await?;
        let code = app
            .db_or(move |store| {
                let made = store.lockbox()?.with_new_code(&key);
                let (lockbox, code) = made.map_err(|e| failure::io(&e))?;
                store.put_lockbox(&key, &lockbox)?;
                Ok(code)
            })
            .await?;
        self.keep(|people| people.change(&id, |person| person.code_kept = false)).await?;
        self.tell();
        Ok(NewCode { code: code.shown().to_string(), learner: id, door: self.view() })
    }

    /// See the list of commands.
    pub async fn code_kept(&self, input: LearnerInput) -> Result<DoorView, Failure> {
        let _turn = self.0.turn.lock().await;
        let id = self.who(&input.learner)?;
        self.keep(|people| people.change(&id, |person| person.code_kept = true)).await?;
        self.tell();
        Ok(self.view())
    }

    /// See the list of commands.
    pub async fn share_idle(&self, input: ShareIdle) -> Result<DoorView, Failure> {
        let _turn = self.0.turn.lock().await;
        self.at_home()?;
        self.keep(|people| people.idle_minutes = input.minutes.min(MOST_MINUTES)).await?;
        self.sign();
        self.tell();
        Ok(self.view())
    }

    /// Opens the desk of a learner whose key was proven; another's is locked first. `guard` is put on the lockbox.
    async fn let_in(
        &self,
        id: String,
        key: LearnerKey,
        passphrase: Secret,
        guard: Option<(LearnerKey, Secret)>,
    ) -> Result<DoorView, Failure> {
        if self.open_learner().is_some_and(|open| open != id) {
            self.learner_lock(LearnerLock { flushed: false }).await?;
        }
        let _turn = self.0.turn.lock().await;
        if self.open_learner().as_ref() != Some(&id) {
            self.shut(Standing::Locked).await;
            self.enter(Some(id.clone()), self.options(&id, passphrase), Some(key)).await?;
        }
        if let (Some((key, passphrase)), Some(app)) = (guard, self.desk()) {
            guard_by(&app, key, passphrase).await?;
        }
        self.sign();
        Ok(self.view())
    }

    /// The id of a learner by id or name. Errors: `unknown`, `not_shared`.
    fn who(&self, learner: &str) -> Result<String, Failure> {
        let people = self.people();
        let people = people.as_ref().ok_or(FailureCode::NotShared)?;
        let unknown = || Failure::new(FailureCode::Unknown).fact("what", "learner");
        people.find(learner).map(|person| person.id.clone()).ok_or_else(unknown)
    }

    /// The open desk and its learner. Errors: `not_shared`, `locked`.
    pub(super) fn at_home(&self) -> Result<(App, String), Failure> {
        match &*self.standing() {
            Standing::Open { app, learner: Some(id), .. } => Ok((app.clone(), id.clone())),
            Standing::Open { .. } => Err(FailureCode::NotShared.into()),
            _ => Err(FailureCode::Locked.into()),
        }
    }

    /// A learner's key. Errors: `wrong_passphrase`.
    pub(super) async fn key(&self, id: &str, passphrase: Secret) -> Result<LearnerKey, Failure> {
        let (dir, means) = (self.folder(id), self.means());
        blocking(move || Ok(Store::unlock(&dir, &passphrase, &means)?)).await
    }

    /// Changes the list of learners on the disk, then here.
    pub(super) async fn keep(&self, change: impl FnOnce(&mut People)) -> Result<(), Failure> {
        let mut people = self.people().clone().ok_or(FailureCode::NotShared)?;
        change(&mut people);
        let (dir, kept) = (self.dir().to_owned(), people.clone());
        blocking(move || kept.save(&dir).map_err(|e| failure::io(&e))).await?;
        *self.people() = Some(people);
        Ok(())
    }
}

/// Puts the open folder's key behind a passphrase.
async fn guard_by(app: &App, key: LearnerKey, passphrase: Secret) -> Result<(), Failure> {
    app.db_or(move |store| {
        let lockbox = store.lockbox()?.with_passphrase(&key, &passphrase, Effort::measured());
        Ok(store.put_lockbox(&key, &lockbox.map_err(|e| failure::io(&e))?)?)
    })
    .await
}

/// Errors: `short_passphrase`.
pub(super) fn long_enough(passphrase: String) -> Result<Secret, Failure> {
    match passphrase.chars().count() >= SHORTEST_PASSPHRASE {
        true => Ok(Secret::new(passphrase)),
        false => Err(Failure::new(FailureCode::ShortPassphrase).fact("least", SHORTEST_PASSPHRASE)),
    }
}

/// Why a folder was not sealed.
pub(super) fn cannot_seal(error: StoreError) -> Failure {
    match error {
        StoreError::Io(io) if io.kind() == std::io::ErrorKind::Unsupported => FailureCode::CannotSeal.into(),
        other => other.into(),
    }
}

/// Away from the async threads.
pub(super) async fn blocking<T: Send + 'static>(
    deed: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    tokio::task::spawn_blocking(deed).await.map_err(joined)?
}
