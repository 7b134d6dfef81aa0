//! The learner's accounts at sites. The row stays after signing out: work was made in its name.

use daypack_course::{AccountId, TimeMs};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use crate::db::{all, one, run};
use crate::journal::fact::Fact;
use crate::{Store, StoreError};

pub(crate) const TABLE: &str = "
CREATE TABLE accounts (
  id          TEXT    NOT NULL PRIMARY KEY, -- AccountId
  site        TEXT    NOT NULL, -- address of the site
  kind        TEXT    NOT NULL, -- which connector, e.g. moodle
  site_name   TEXT    NOT NULL, -- as the site calls itself
  username    TEXT    NOT NULL, -- as typed at sign-in
  full_name   TEXT    NOT NULL, -- as the site knows the learner
  remote_user TEXT    NOT NULL, -- the site's id of the learner
  added       INTEGER NOT NULL  -- ms since 1970
) STRICT;
";

/// One learner's account at one site. Its token is a [`crate::Secret`], kept elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// On this computer.
    pub id: AccountId,
    /// Address of the site.
    pub site: String,
    /// Which connector, e.g. `moodle`.
    pub kind: String,
    /// As the site calls itself.
    pub site_name: String,
    /// As typed at sign-in.
    pub username: String,
    /// As the site knows the learner.
    pub full_name: String,
    /// The site's id of the learner.
    pub remote_user: String,
    /// When it was added here.
    pub added: TimeMs,
}

impl Store {
    /// Adds the account or brings it up to date; `added` stays as it was first.
    pub fn account_put(&self, account: &Account) -> Result<(), StoreError> {
        self.learner.keep(&Fact::Account { account: account.clone() }).map(|_| ())
    }

    /// All accounts, oldest first, signed in or not.
    pub fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        self.learner
            .read(|c| all(c, &format!("SELECT {COLUMNS} FROM accounts ORDER BY added, id"), [], account))
    }

    /// One account.
    pub fn account_get(&self, id: &AccountId) -> Result<Option<Account>, StoreError> {
        self.learner.read(|c| {
            one(c, &format!("SELECT {COLUMNS} FROM accounts WHERE id = ?1"), [id.as_str()], account)
        })
    }

    /// Signs out on this computer: the secret goes, the account and all work in its name stay.
    pub fn remove_sign_in(&self, id: &AccountId) -> Result<(), StoreError> {
        self.secret_remove(id)
    }
}

pub(crate) fn put(tx: &Connection, account: &Account) -> Result<(), StoreError> {
    run(
        tx,
        "INSERT INTO accounts (id, site, kind, site_name, username, full_name, remote_user, added)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                 ON CONFLICT (id) DO UPDATE SET site = excluded.site, kind = excluded.kind,
                   site_name = excluded.site_name, username = excluded.username,
                   full_name = excluded.full_name, remote_user = excluded.remote_user",
        (
            account.id.as_str(),
            &account.site,
            &account.kind,
            &account.site_name,
            &account.username,
            &account.full_name,
            &account.remote_user,
            account.added.0,
        ),
    )
    .map(|_| ())
}

const COLUMNS: &str = "id, site, kind, site_name, username, full_name, remote_user, added";

fn account(row: &rusqlite::Row<'_>) -> Result<Account, StoreError> {
    Ok(Account {
        id: AccountId::new(row.get::<_, String>(0)?),
        site: row.get(1)?,
        kind: row.get(2)?,
        site_name: row.get(3)?,
        username: row.get(4)?,
        full_name: row.get(5)?,
        remote_user: row.get(6)?,
        added: TimeMs(row.get(7)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;
    use crate::testing::shelf;

    #[test]
    fn signing_out_keeps_the_account_and_takes_the_secret() {
        let (_dir, store) = shelf();
        let mut account = Account {
            id: "a".into(),
            site: "https://campus.example".into(),
            kind: "moodle".into(),
            site_name: "Campus".into(),
            username: "ada".into(),
            full_name: "Ada".into(),
            remote_user: "7".into(),
            added: TimeMs(5),
        };
        store.account_put(&account).unwrap();
        store.secret_put(&account.id, &Secret::new("t")).unwrap();
        store.remove_sign_in(&account.id).unwrap();
        assert_eq!(store.accounts().unwrap(), [account.clone()]);
        assert_eq!(store.secret_get(&account.id).unwrap(), None);

        account.full_name = "Ada L.".into();
        store.account_put(&Account { added: TimeMs(9), ..account.clone() }).unwrap();
        assert_eq!(store.account_get(&account.id).unwrap(), Some(account));
    }
}
