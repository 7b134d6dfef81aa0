//! Turning the mode on and off: the one learner becomes the first of several, and the last becomes the only one.
//!
//! What must stay true: what is begun is written down before it is begun, so that a start after a crash finishes it or
//! leaves all as it was ([`super::moving`]); on failure the desk is open again as it was before.

use std::time::{Duration, Instant};

use daypack_store::{Effort, Lockbox, Store};

use super::deeds::{blocking, cannot_seal, long_enough};
use super::people::{self, FILE, People, Person, State};
use super::{Door, Standing, Turn, moving};
use crate::api::door::{DoorView, NewCode};
use crate::api::input::*;
use crate::api::{Failure, FailureCode};
use crate::failure;

/// How long another program that looks into the folder may hold it.
const HELD: Duration = Duration::from_secs(3);

impl Door {
    /// See the list of commands.
    pub async fn share_begin(&self, input: ShareBegin) -> Result<NewCode, Failure> {
        let mut turn = self.0.turn.lock().await;
        if self.people().is_some() {
            return Err(FailureCode::NotWhileShared.into());
        }
        let name = people::fair_name(&input.name)?;
        let passphrase = long_enough(input.passphrase)?;
        if self.desk().is_some_and(|app| app.store().opened().newer.is_some()) {
            return Err(FailureCode::NewerDatabase.into());
        }
        let id = uuid::Uuid::now_v7().to_string();
        let begun = People::first(Person { id: id.clone(), name, code_kept: false });
        self.shut(Standing::Busy).await;
        let (dir, means, now) = (self.dir().to_owned(), self.means(), self.now());
        let guard = passphrase.clone();
        let sealed = blocking(move || {
            let io = |error| failure::io(&error);
            let (lockbox, key, code) = Lockbox::new(&guard, Effort::measured()).map_err(io)?;
            begun.save(&dir).map_err(io)?;
            if let Err(error) = Store::seal_folder(&dir, now, &lockbox, &key, &means) {
                if !Store::is_sealed(&dir, &means) {
                    std::fs::remove_file(dir.join(FILE)).map_err(io)?;
                }
                return Err(cannot_seal(error));
            }
            Ok((key, code))
        })
        .await;
        let (key, code) = match sealed {
            Ok(made) => made,
            Err(failure) if !people::is_shared(self.dir()) => {
                self.enter(None, self.0.options.clone(), None).await?;
                return Err(failure);
            }
            Err(failure) => {
                // It is sealed all the same: what is left to do is done now or at the next start.
                let _ = self.take_over(&mut turn).await;
                self.set(Standing::Locked);
                return Err(failure);
            }
        };
        if let Err(failure) = self.take_over(&mut turn).await {
            self.set(Standing::Locked);
            return Err(failure);
        }
        self.enter(Some(id.clone()), self.options(&id, passphrase), Some(key)).await?;
        Ok(NewCode { learner: id, code: code.shown().to_string(), door: self.view() })
    }

    /// See the list of commands.
    pub async fn share_end(&self, input: Passphrase) -> Result<DoorView, Failure> {
        let mut turn = self.0.turn.lock().await;
        let (app, id) = self.at_home()?;
        drop(app);
        let others = self.people().as_ref().map_or(0, |people| people.learners.len().saturating_sub(1));
        if others > 0 {
            return Err(Failure::new(FailureCode::NotAlone).fact("count", others));
        }
        let passphrase = daypack_store::Secret::new(input.passphrase);
        let key = self.key(&id, passphrase.clone()).await?;
        self.keep(|people| people.state = State::Ending).await?;
        self.shut(Standing::Busy).await;
        let (folder, means, now) = (self.folder(&id), self.means(), self.now());
        let opener = key.clone();
        let unsealed =
            blocking(move || Store::unseal_folder(&folder, now, &opener, &means).map_err(cannot_seal)).await;
        // Where it failed the work is sealed as before, and settling says so.
        let settled = self.take_over(&mut turn).await;
        match (unsealed, settled) {
            (Ok(()), Ok(())) if self.people().is_none() => {
                *turn = None;
                self.enter(None, self.0.options.clone(), None).await?;
                Ok(self.view())
            }
            (unsealed, settled) => {
                self.enter(Some(id.clone()), self.options(&id, passphrase), Some(key)).await?;
                unsealed.and(settled)?;
                Err(FailureCode::CannotSeal.into())
            }
        }
    }

    /// Owns the folder (if it is not owned yet) and finishes what was begun with it.
    async fn take_over(&self, turn: &mut Turn<'_>) -> Result<(), Failure> {
        let (dir, now, owned) = (self.dir().to_owned(), self.now(), turn.take());
        let (people, owned) = blocking(move || {
            let end = Instant::now() + HELD;
            let owned = match owned {
                Some(owned) => owned,
                None => loop {
                    match people::own(&dir) {
                        Err(failure) if failure.code == FailureCode::InUse && Instant::now() < end => {
                            std::thread::sleep(Duration::from_millis(50));
                        }
                        other => break other?,
                    }
                },
            };
            Ok((moving::settle(&dir, now)?, owned))
        })
        .await?;
        *self.people() = people;
        **turn = Some(owned);
        Ok(())
    }
}
