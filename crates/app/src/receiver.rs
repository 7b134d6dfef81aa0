//! Where work of an item goes: to an account at a site that the item is bound to, to whoever signs in there later, or
//! to nobody.
//!
//! What must stay true: work that somebody has to be asked about is never given an account by guessing; work that was
//! sealed before a sign-in gets its account once (`Store::work_name_put`).

use std::collections::BTreeMap;

use daypack_course::outline::{Binding, Course, Item, Origin};
use daypack_course::work::{Work, WorkState};
use daypack_course::{AccountId, CourseId, TimeMs, WorkId};
use daypack_store::{Account, Store, StoreError, WorkName};

use crate::api::receiver::{AccountChoice, ReceiverView, SiteChoice};
use crate::api::{Failure, FailureCode};
use crate::shelf::same_site;

/// The setting that keeps the learner's choices: course -> account.
const CHOSEN: &str = "receivers";

/// Where work goes.
#[derive(Clone, Debug)]
pub(crate) enum Receiver {
    /// To this account's activity.
    Account(Box<Account>, Binding),
    /// To one of these: the learner is asked.
    Choose(Vec<(Account, Binding)>),
    /// To one of these activities, once the learner signs in at its site.
    SignIn(Vec<Binding>),
    /// Nowhere: the item stands for no activity of a site.
    Nobody,
}

/// Where work of `item` goes.
pub(crate) fn receiver(store: &Store, course: &Course, item: &Item) -> Result<Receiver, StoreError> {
    if matches!(course.origin, Origin::BuiltIn) {
        return Ok(Receiver::Nobody);
    }
    let accounts = store.accounts()?;
    let own = match &course.origin {
        Origin::Site { account, .. } => Some(account.clone()),
        _ => None,
    };
    let wanted = own.or(chosen(store)?.remove(&course.id));
    Ok(among(&accounts, &item.bindings, wanted.as_ref()))
}

fn among(accounts: &[Account], bindings: &[Binding], wanted: Option<&AccountId>) -> Receiver {
    let mut found: Vec<(Account, Binding)> = Vec::new();
    for account in accounts {
        if let Some(binding) = bindings.iter().find(|b| same_site(&b.site, &account.site)) {
            found.push((account.clone(), binding.clone()));
        }
    }
    if let Some(at) = found.iter().position(|(account, _)| Some(&account.id) == wanted) {
        found = vec![found.swap_remove(at)];
    }
    match (found.pop(), found.is_empty(), bindings.is_empty()) {
        (Some((account, binding)), true, _) => Receiver::Account(Box::new(account), binding),
        (Some(last), false, _) => {
            found.push(last);
            Receiver::Choose(found)
        }
        (None, _, true) => Receiver::Nobody,
        (None, _, false) => Receiver::SignIn(bindings.to_vec()),
    }
}

impl Receiver {
    /// In whose name work is sealed, and where it goes.
    pub fn seal(self) -> Result<(AccountId, Binding), Failure> {
        match self {
            Self::Account(account, target) => Ok((account.id, target)),
            Self::SignIn(bindings) => {
                let first = bindings.into_iter().next().ok_or(FailureCode::NowhereToSend)?;
                Ok((AccountId::nobody(), first))
            }
            Self::Choose(_) => Err(FailureCode::WhichAccount.into()),
            Self::Nobody => Err(FailureCode::NowhereToSend.into()),
        }
    }

    /// The account that a site is asked in now.
    pub fn account(self) -> Result<(Account, Binding), Failure> {
        match self {
            Self::Account(account, target) => Ok((*account, target)),
            Self::SignIn(bindings) => Err(Failure::new(FailureCode::SignInFirst)
                .fact("site", bindings.first().map_or("", |b| host(&b.site)))),
            Self::Choose(_) => Err(FailureCode::WhichAccount.into()),
            Self::Nobody => Err(FailureCode::NowhereToSend.into()),
        }
    }

    /// For the page.
    pub fn view(&self) -> ReceiverView {
        match self {
            Self::Account(account, _) => ReceiverView::Account { account: choice(account) },
            Self::Choose(found) => {
                ReceiverView::Choose { accounts: found.iter().map(|(account, _)| choice(account)).collect() }
            }
            Self::SignIn(bindings) => {
                let mut sites: Vec<SiteChoice> = Vec::new();
                for binding in bindings {
                    if !sites.iter().any(|site| same_site(&site.site, &binding.site)) {
                        let host = host(&binding.site).to_owned();
                        sites.push(SiteChoice { site: binding.site.clone(), host });
                    }
                }
                ReceiverView::SignIn { sites }
            }
            Self::Nobody => ReceiverView::Nobody {},
        }
    }

    /// A short name of where it goes; `None` while that is open.
    pub fn name(&self) -> Option<String> {
        match self {
            Self::Account(account, _) => Some(account.site_name.clone()),
            Self::SignIn(bindings) => bindings.first().map(|b| host(&b.site).to_owned()),
            Self::Choose(_) | Self::Nobody => None,
        }
    }
}

fn choice(account: &Account) -> AccountChoice {
    AccountChoice {
        account: account.id.clone(),
        site_name: account.site_name.clone(),
        username: account.username.clone(),
        full_name: account.full_name.clone(),
    }
}

/// The host of an address, as shown to people.
pub(crate) fn host(site: &str) -> &str {
    let rest = site.split_once("://").map_or(site, |(_, rest)| rest);
    rest.trim_end_matches('/')
}

fn chosen(store: &Store) -> Result<BTreeMap<CourseId, AccountId>, StoreError> {
    let value = store.setting_get(CHOSEN)?;
    Ok(value.and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default())
}

/// Keeps the learner's choice for a course.
pub(crate) fn choose(store: &Store, course: &CourseId, account: &AccountId) -> Result<(), StoreError> {
    let mut all = chosen(store)?;
    all.insert(course.clone(), account.clone());
    store.setting_put(CHOSEN, &serde_json::to_value(all)?)
}

/// Where sealed work of nobody's goes now; its course may have left the shelf.
pub(crate) fn of_work(store: &Store, work: &Work) -> Result<Receiver, StoreError> {
    if let Some(course) = store.course_get(&work.course)?
        && let Some(item) = course.item(&work.item)
        && !item.bindings.is_empty()
    {
        return receiver(store, &course, item);
    }
    let wanted = chosen(store)?.remove(&work.course);
    Ok(among(&store.accounts()?, std::slice::from_ref(&work.target), wanted.as_ref()))
}

/// Gives nobody's work the account it goes to, where there is no doubt which. The pieces that got one, oldest first.
pub(crate) fn name_work(store: &Store, at: TimeMs) -> Result<Vec<WorkId>, StoreError> {
    let mut named = Vec::new();
    for row in store.work_list()?.rows.into_iter().rev() {
        let open = !matches!(row.state, WorkState::Accepted { .. } | WorkState::Refused { .. });
        if !open || !row.work.account.is_nobody() {
            continue;
        }
        if let Receiver::Account(account, target) = of_work(store, &row.work)? {
            let name = WorkName { account: account.id, target, at };
            if store.work_name_put(&row.work.id, &name)? {
                named.push(row.work.id);
            }
        }
    }
    Ok(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(id: &str, site: &str) -> Account {
        Account {
            id: id.into(),
            site: site.into(),
            kind: "moodle".into(),
            site_name: "School".into(),
            username: id.into(),
            full_name: id.into(),
            remote_user: id.into(),
            added: TimeMs(1),
        }
    }

    fn binding(site: &str) -> Binding {
        Binding {
            site: site.into(),
            course: "2".into(),
            module: "quiz".into(),
            cmid: "3".into(),
            instance: "1".into(),
        }
    }

    fn kind(found: &Receiver) -> &'static str {
        match found {
            Receiver::Account(..) => "account",
            Receiver::Choose(_) => "choose",
            Receiver::SignIn(_) => "sign_in",
            Receiver::Nobody => "nobody",
        }
    }

    #[test]
    fn work_goes_to_the_only_account_and_several_are_asked_about() {
        let bound = [binding("https://a.example/"), binding("https://b.example")];
        let (one, two) = (account("1", "https://A.example"), account("2", "https://b.example"));
        let found = |accounts: &[Account], wanted: Option<&str>| {
            among(accounts, &bound, wanted.map(AccountId::from).as_ref())
        };
        assert_eq!(kind(&found(&[], None)), "sign_in");
        assert_eq!(kind(&among(std::slice::from_ref(&one), &[], None)), "nobody");
        assert_eq!(kind(&found(&[account("3", "https://c.example")], None)), "sign_in");
        let (account, target) = found(std::slice::from_ref(&one), None).seal().unwrap();
        assert_eq!((account.as_str(), &target), ("1", &bound[0]));
        let both = [one, two];
        assert_eq!(kind(&found(&both, None)), "choose");
        assert_eq!(found(&both, None).seal().unwrap_err().code, FailureCode::WhichAccount);
        let (account, target) = found(&both, Some("2")).seal().unwrap();
        assert_eq!((account.as_str(), &target), ("2", &bound[1]));
        assert_eq!(kind(&found(&both, Some("gone"))), "choose", "a choice that is not there any more");
    }
}
