//! Which accounts' sites answer. A site that is down, or behind a portal, says nothing of another one.

use std::collections::BTreeSet;

use daypack_course::AccountId;

/// Which accounts' sites answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reached {
    /// Whether anything can be reached at all.
    pub any: bool,
    everything: bool,
    accounts: BTreeSet<AccountId>,
}

impl Reached {
    pub fn is_up(&self, account: &AccountId) -> bool {
        self.any && self.everything != self.accounts.contains(account)
    }

    pub fn all_up(&mut self) {
        *self = Self { any: true, everything: true, accounts: BTreeSet::new() };
    }

    pub fn all_down(&mut self) {
        *self = Self::default();
    }

    pub fn up(&mut self, account: AccountId) {
        if self.everything {
            self.accounts.remove(&account);
        } else {
            self.accounts.insert(account);
        }
        self.any = true;
    }

    pub fn down(&mut self, account: &AccountId) {
        if self.everything {
            self.accounts.insert(account.clone());
        } else {
            self.accounts.remove(account);
        }
        self.any = self.everything || !self.accounts.is_empty();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_site_down_says_nothing_of_another() {
        let (a, b) = (AccountId::new("a"), AccountId::new("b"));
        let mut reached = Reached::default();
        assert!(!reached.is_up(&a));
        reached.up(a.clone());
        assert!(reached.is_up(&a) && !reached.is_up(&b));
        reached.down(&a);
        assert!(!reached.any);
        reached.all_up();
        reached.down(&b);
        assert!(reached.is_up(&a) && !reached.is_up(&b));
        reached.up(b.clone());
        assert!(reached.is_up(&b));
        reached.all_down();
        assert!(!reached.is_up(&a) && !reached.is_up(&b));
    }
}
