//! Tokens and their key, as the shelf gives them out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};

use daypack_course::AccountId;
use zeroize::Zeroizing;

use super::file::shred;
use super::{Effort, Keep, Keyring, Keys, Secret, SecretsError, Token};
use crate::{Store, StoreError};

impl Store {
    /// From now on this is the computer's keyring. Until then there is none.
    pub fn keyring_use(&self, keyring: Arc<dyn Keyring>) {
        *self.secrets.keyring.write().unwrap_or_else(PoisonError::into_inner) = keyring;
    }

    /// How tokens are kept; asks nobody.
    pub fn keys(&self) -> Result<Keys, StoreError> {
        self.secrets.keys()
    }

    /// Looks for the key and seals what waits to be sealed. Blocks while the keyring asks the learner.
    ///
    /// `passphrase` opens tokens that one guards, and guards new ones where no keyring does; `effort` is measured
    /// when it is not given. Errors: `WrongPassphrase`, `ShortPassphrase`; a locked, lost or absent key is no error
    /// but an answer.
    pub fn keys_open(
        &self,
        passphrase: Option<&Secret>,
        effort: Option<Effort>,
    ) -> Result<Keys, SecretsError> {
        self.secrets.open(passphrase, effort)
    }

    /// Keeps tokens another way from now on. Blocks as [`Store::keys_open`] does.
    ///
    /// Errors: `Locked` (nothing changed), `KeyringLocked`, `KeyringUnavailable`, `ShortPassphrase`.
    pub fn keys_keep(&self, how: Keep) -> Result<Keys, SecretsError> {
        self.secrets.keep(how)
    }

    /// Gives up sealed tokens whose key cannot be had. Work is not touched; sites must be signed in to again.
    pub fn keys_forget(&self) -> Result<Keys, SecretsError> {
        self.secrets.forget()
    }

    /// Keeps the account's secret: sealed and durable on return where the key is here, else in memory until it is.
    pub fn secret_put(&self, account: &AccountId, secret: &Secret) -> Result<(), StoreError> {
        self.secrets.refuse_read_only()?;
        let mut state = self.secrets.state()?;
        state.held.insert(account.clone(), secret.clone());
        state.settle(&self.secrets.sealed)
    }

    /// The account's token, if it can be had.
    pub fn token(&self, account: &AccountId) -> Result<Token, StoreError> {
        let state = self.secrets.state()?;
        if let Some(token) = state.held.get(account) {
            return Ok(Token::Here(token.clone()));
        }
        let Some(Some(file)) = &state.file else { return Ok(Token::SignedOut) };
        Ok(match &state.key {
            Some(key) => file.get(account, key).map_or(Token::SignedOut, Token::Here),
            None if file.has(account) && !state.lost => Token::Waits,
            None => Token::SignedOut,
        })
    }

    /// The account's secret; `None` when signed out or while its key is away (see [`Store::token`]).
    pub fn secret_get(&self, account: &AccountId) -> Result<Option<Secret>, StoreError> {
        Ok(match self.token(account)? {
            Token::Here(secret) => Some(secret),
            Token::Waits | Token::SignedOut => None,
        })
    }

    /// Forgets the account's secret; fine when there is none, and needs no key.
    pub fn secret_remove(&self, account: &AccountId) -> Result<(), StoreError> {
        self.secrets.refuse_read_only()?;
        let mut state = self.secrets.state()?;
        let was_held = state.held.remove(account).is_some();
        if let Some(Some(file)) = &mut state.file {
            let mut less = file.clone();
            if less.remove(account) {
                less.write(&self.secrets.sealed)?;
                *file = less;
            }
        }
        // It may have come from the old file, which is not sealed yet.
        if was_held && self.secrets.plain.exists() {
            let rest: BTreeMap<&AccountId, &str> =
                state.held.iter().map(|(account, token)| (account, token.reveal())).collect();
            if rest.is_empty() {
                return shred(&self.secrets.plain);
            }
            let text = Zeroizing::new(serde_json::to_vec(&rest)?);
            crate::objects::replace_file(&self.secrets.plain, &text)?;
        }
        Ok(())
    }

    /// Forgets the account's secret when it is still this one: a site refused it, and the learner may have signed in
    /// again meanwhile.
    pub fn secret_refused(&self, account: &AccountId, secret: &Secret) -> Result<(), StoreError> {
        match self.token(account)? {
            Token::Here(kept) if kept == *secret => self.secret_remove(account),
            _ => Ok(()),
        }
    }

    /// The accounts that have a secret, also while its key is away.
    pub fn signed_in(&self) -> Result<BTreeSet<AccountId>, StoreError> {
        let state = self.secrets.state()?;
        let mut all: BTreeSet<AccountId> = state.held.keys().cloned().collect();
        if let (Some(Some(file)), false) = (&state.file, state.lost) {
            all.extend(file.accounts().cloned());
        }
        Ok(all)
    }
}
