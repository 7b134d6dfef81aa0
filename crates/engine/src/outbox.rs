//! The outbox: what of the learner's work is sent when, and what a lost reply means.
//!
//! What must stay true, whatever happens in whatever order:
//! - **Once.** A send whose end is unknown is in doubt. In doubt, the site is read back ([`Effect::Settle`]) and
//!   nothing of that target is sent until the site has answered. Sites have no idempotency keys.
//! - **The intent is durable first.** [`Effect::Send`] is returned together with the state `Sending`. The caller
//!   makes the new state durable *before* it performs any effect; after a crash, `Sending` reads "in doubt".
//! - **Nothing is lost.** No event removes an entry; a refusal is a state. Accepted entries leave by
//!   [`Outbox::forget_accepted_before`] only, which drops the machine's entry, never the work.
//! - **Order** holds inside one target of one account, strictly. Between targets there is none, so that one
//!   poisoned piece holds up nobody but the later pieces for its own target.
//! - **One end for one send**: sends and questions have numbers ([`Entry::errand`]), and an end is believed only for
//!   the one that is on its way. A reply that comes twice, or after the caller gave up, is old news, unless it is a
//!   receipt.
//! - A receipt is believed whenever it comes; "not landed" is believed only when it was asked for. A receipt for one send
//!   says nothing about a later one that was given up: until that had time to arrive, its target waits.
//! - **Nobody guesses.** What cannot be read back at a site, or what the site stays silent about, becomes
//!   [`WorkState::Unclear`]: it is never sent again by itself, only on the learner's word.
//!
//! Every site counts as not reached until the first [`Event::LinkUp`] or [`Event::SiteUp`] of this life.

mod entry;
mod plan;
mod reach;

use std::collections::{BTreeMap, BTreeSet};

use daypack_course::work::{
    Caveat, Outcome, Receipt, Refusal, RefusalReason, Resend, Settled, Trouble, Wait, WorkState,
};
use daypack_course::{AccountId, TimeMs, WorkId};
use serde::{Deserialize, Serialize};

pub use entry::{Entry, Hold, Lane, NewEntry};
use reach::Reached;

use crate::backoff;
use crate::link::Budget;

/// First wait after a miss.
pub const BACKOFF_BASE_MS: i64 = 2_000;
/// Longest wait the outbox chooses itself.
pub const BACKOFF_CAP_MS: i64 = 10 * 60_000;
/// Longest wait a site can ask for.
pub const SITE_WAIT_CAP_MS: i64 = 60 * 60_000;
/// How long a request whose reply was lost is given to arrive before the site is asked about it. A caller that
/// gives up on a request cannot call back what is on its way.
pub const SETTLE_GRACE_MS: i64 = 3_000;
/// At so much silence of the site about a piece in doubt the learner is asked.
pub const ASK_LEARNER_AT: u32 = 12;
/// A site that was not reached adds this much silence.
pub const SILENCE_NOT_REACHED: u32 = 1;
/// A site that answered without saying it adds this much.
pub const SILENCE_UNTOLD: u32 = 3;
/// While the learner is asked, the site is looked at so often.
pub const LOOK_EVERY_MS: i64 = 30 * 60_000;
/// Sends and read-backs of one account on their way at a time.
pub const IN_FLIGHT: usize = 2;

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// Work was sealed. An id that is known already changes nothing, but that a doubt is taken over while it waits.
    Added(NewEntry),
    /// The program starts, and nothing of an earlier life is running any more.
    Restarted,
    /// All sites can be reached.
    LinkUp,
    /// No site can be reached; what is on its way goes on.
    LinkDown,
    /// The site of this account answers.
    SiteUp {
        /// Whose.
        account: AccountId,
    },
    /// The site of this account does not answer, or something else answers in its place.
    SiteDown {
        /// Whose.
        account: AccountId,
    },
    /// What may use the link now: it costs money or not.
    Budget {
        /// From now on.
        budget: Budget,
    },
    /// A send ended.
    SendEnded {
        /// Of what.
        id: WorkId,
        /// Which send: [`Entry::errand`] at the time of [`Effect::Send`].
        errand: u64,
        /// How.
        outcome: Outcome,
    },
    /// A read-back ended.
    SettleEnded {
        /// Of what.
        id: WorkId,
        /// Which question: [`Entry::errand`] at the time of [`Effect::Settle`].
        errand: u64,
        /// How.
        settled: Settled,
    },
    /// The learner asks to try again now. Ends our own waits, not an instant named by the site. Of what is unclear
    /// the site is asked once more.
    LearnerRetries {
        /// What.
        id: WorkId,
    },
    /// The learner's word on work that is unclear.
    LearnerSays {
        /// What.
        id: WorkId,
        /// It is there; otherwise it is sent again.
        arrived: bool,
    },
    /// The learner lets later work for the same target pass a refused piece, which stays as it is.
    SetAside {
        /// Which.
        id: WorkId,
    },
    /// The learner takes work back of which nothing was sent. Where something may be on its way this changes nothing.
    TakenBack {
        /// Which.
        id: WorkId,
    },
    /// The account is signed in again.
    SignedIn {
        /// Which.
        account: AccountId,
    },
    /// Time passed.
    Tick,
}

/// What to do, after the new state is durable, in this order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "effect", content = "value", rename_all = "snake_case")]
pub enum Effect {
    /// Send it, and report `SendEnded`.
    Send(WorkId),
    /// Ask the site whether it is there, and report `SettleEnded`. Must not change anything at the site.
    Settle(WorkId),
    /// It stands differently now.
    StateChanged(WorkId, WorkState),
    /// Step with `Tick` at this instant; replaces any earlier wish.
    WakeAt(TimeMs),
    /// Nothing of this account moves until the learner has signed in.
    NeedsSignIn(AccountId),
}

/// What is on its way for a piece of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Errand {
    /// The work.
    Send,
    /// A question about it.
    Question,
}

/// The outbox of all accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outbox {
    seed: u64,
    next_seq: u64,
    entries: BTreeMap<WorkId, Entry>,
    signed_out: BTreeSet<AccountId>,
    #[serde(skip)]
    reach: Reached,
    #[serde(skip)]
    budget: Budget,
    /// Of these a send or a question is on its way; each takes room until it has ended, whatever became known meanwhile.
    #[serde(skip)]
    on_way: BTreeMap<WorkId, Errand>,
    /// On their way with a sign-in that was renewed since: their "sign in again" is old news.
    #[serde(skip)]
    before_sign_in: BTreeSet<WorkId>,
}

impl Outbox {
    /// An empty outbox; the seed only spreads waits, one per computer.
    pub fn new(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    /// Takes in an event; returns what to do once the new state is durable.
    pub fn step(&mut self, event: Event, now: TimeMs) -> Vec<Effect> {
        let mut out = Vec::new();
        match event {
            Event::Added(new) => self.added(new, now, &mut out),
            Event::Restarted => self.restarted(now, &mut out),
            Event::LinkUp => {
                self.reach.all_up();
                self.entries.values_mut().for_each(|entry| end_link_wait(entry, now));
            }
            Event::LinkDown => self.reach.all_down(),
            Event::SiteUp { account } => {
                for entry in self.entries.values_mut().filter(|e| e.account == account) {
                    end_link_wait(entry, now);
                }
                self.reach.up(account);
            }
            Event::SiteDown { account } => self.reach.down(&account),
            Event::Budget { budget } => self.budget = budget,
            Event::SendEnded { id, errand, outcome } => self.send_ended(&id, errand, outcome, now, &mut out),
            Event::SettleEnded { id, errand, settled } => {
                self.settle_ended(&id, errand, settled, now, &mut out);
            }
            Event::LearnerRetries { id } => self.retry(&id, now, &mut out),
            Event::LearnerSays { id, arrived } => self.learner_says(&id, arrived, now, &mut out),
            Event::SetAside { id } => {
                if let Some(entry) = self.entries.get_mut(&id) {
                    entry.set_aside |= matches!(entry.state, WorkState::Refused { .. });
                }
            }
            Event::TakenBack { id } => self.taken_back(&id, now, &mut out),
            Event::SignedIn { account } => self.signed_in(&account, now),
            Event::Tick => {}
        }
        self.mend_waits(now);
        self.end_strays(now);
        self.ask_learner(now, &mut out);
        self.plan(now, &mut out);
        out
    }

    /// One entry.
    pub fn entry(&self, id: &WorkId) -> Option<&Entry> {
        self.entries.get(id)
    }

    /// All entries, by id.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    /// Entries that no receipt is there for.
    pub fn unsent(&self) -> usize {
        self.entries.values().filter(|e| !matches!(e.state, WorkState::Accepted { .. })).count()
    }

    /// Accounts whose work waits for a sign-in.
    pub fn signed_out(&self) -> impl Iterator<Item = &AccountId> {
        self.signed_out.iter()
    }

    /// Why a piece of work does not move just now; `None` when it is on its way or done.
    pub fn why_it_waits(&self, id: &WorkId, now: TimeMs) -> Option<Wait> {
        let entry = self.entries.get(id)?;
        match entry.state {
            WorkState::Sending | WorkState::Accepted { .. } | WorkState::Refused { .. } => return None,
            WorkState::Unclear => return Some(Wait::Learner),
            WorkState::Waiting | WorkState::InDoubt => {}
        }
        let ahead = |e: &&Entry| {
            e.account == entry.account
                && e.target == entry.target
                && e.id != entry.id
                && e.holds_its_place()
                && plan::place(e) < plan::place(entry)
        };
        if self.signed_out.contains(&entry.account) {
            Some(Wait::SignIn)
        } else if self.entries.values().any(|e| ahead(&e)) {
            Some(Wait::BehindAnother)
        } else if !self.reach.is_up(&entry.account) {
            Some(Wait::Connection)
        } else if !entry.is_asked_about() && !self.budget.allows_work(entry.size) {
            Some(Wait::CostsMoney)
        } else if entry.not_before > now {
            Some(if entry.hold == Hold::Site { Wait::SiteAsked } else { Wait::NextTry })
        } else {
            Some(Wait::Turn)
        }
    }

    /// Drops the machine's entries of work accepted before `time`; the work itself is the store's and stays.
    pub fn forget_accepted_before(&mut self, time: TimeMs) {
        self.entries.retain(|_, e| {
            !(matches!(e.state, WorkState::Accepted { .. }) && e.changed < time && e.stray.is_none())
        });
    }

    fn added(&mut self, new: NewEntry, now: TimeMs, out: &mut Vec<Effect>) {
        if let Some(known) = self.entries.get_mut(&new.id) {
            // It may have been sent from where a copy of it went: asking first costs nothing.
            if new.doubt && known.state == WorkState::Waiting {
                known.doubt = true;
                put(known, WorkState::InDoubt, now, out);
            }
            return;
        }
        let entry = Entry::new(new, self.next_seq, now);
        self.next_seq = self.next_seq.saturating_add(1);
        out.push(Effect::StateChanged(entry.id.clone(), entry.state.clone()));
        self.entries.insert(entry.id.clone(), entry);
    }

    fn restarted(&mut self, now: TimeMs, out: &mut Vec<Effect>) {
        self.reach.all_down();
        self.budget = Budget::default();
        self.on_way.clear();
        self.before_sign_in.clear();
        for entry in self.entries.values_mut().filter(|e| e.state == WorkState::Sending) {
            entry.doubt = true;
            entry.trouble = Some(Trouble::Interrupted);
            doubt(entry, now, out);
        }
        // The clock of an earlier life may have been another one: what had time to arrive is counted anew.
        for entry in self.entries.values_mut().filter(|e| e.hold == Hold::Grace) {
            entry.wait(Hold::Grace, now.plus(SETTLE_GRACE_MS));
        }
        for entry in self.entries.values_mut().filter(|e| e.stray.is_some()) {
            entry.stray = Some(now.plus(SETTLE_GRACE_MS));
        }
        out.extend(self.signed_out.iter().cloned().map(Effect::NeedsSignIn));
    }

    fn send_ended(&mut self, id: &WorkId, errand: u64, outcome: Outcome, now: TimeMs, out: &mut Vec<Effect>) {
        let seed = self.seed;
        let Some(entry) = self.entries.get_mut(id) else { return };
        let is_this = entry.errand == errand && self.on_way.get(id) == Some(&Errand::Send);
        if is_this {
            self.on_way.remove(id);
        }
        let old_sign_in = is_this && self.before_sign_in.remove(id);
        if let Outcome::Accepted(receipt) = outcome {
            mind_stray(entry, self.on_way.get(id), now);
            return accept(entry, receipt, now, out);
        }
        if is_this && entry.stray.is_some() {
            entry.stray = (outcome == Outcome::Unknown).then(|| now.plus(SETTLE_GRACE_MS));
        }
        if !is_this || entry.state != WorkState::Sending {
            return;
        }
        match outcome {
            Outcome::Accepted(_) => {}
            Outcome::Refused(refusal) => {
                entry.doubt = false;
                refuse(entry, refusal, now, out);
            }
            Outcome::Later { not_before } => {
                entry.doubt = false;
                entry.trouble = Some(Trouble::AskedToWait);
                entry.misses = entry.misses.saturating_add(1);
                let own = backoff_until(seed, entry, now);
                match not_before.filter(|site| *site > own) {
                    Some(site) => entry.wait(Hold::Site, site),
                    None => entry.wait(Hold::Backoff, own),
                }
                put(entry, WorkState::Waiting, now, out);
            }
            Outcome::Unreachable => {
                entry.doubt = false;
                entry.trouble = Some(Trouble::NotReached);
                entry.misses = entry.misses.saturating_add(1);
                entry.wait(Hold::Link, backoff_until(seed, entry, now));
                put(entry, WorkState::Waiting, now, out);
            }
            Outcome::SignIn => {
                entry.doubt = false;
                entry.trouble = Some(Trouble::SignIn);
                entry.wait(Hold::Free, now);
                put(entry, WorkState::Waiting, now, out);
                let account = entry.account.clone();
                self.sign_out(account, old_sign_in, out);
            }
            Outcome::Unknown => {
                entry.misses = entry.misses.saturating_add(1);
                entry.trouble = Some(Trouble::ReplyLost);
                doubt(entry, now, out);
            }
        }
    }

    fn settle_ended(
        &mut self,
        id: &WorkId,
        errand: u64,
        settled: Settled,
        now: TimeMs,
        out: &mut Vec<Effect>,
    ) {
        let seed = self.seed;
        let Some(entry) = self.entries.get_mut(id) else { return };
        let asked = entry.errand == errand && self.on_way.get(id) == Some(&Errand::Question);
        if asked {
            self.on_way.remove(id);
        }
        let old_sign_in = asked && self.before_sign_in.remove(id);
        if let Settled::Landed(receipt) = settled {
            mind_stray(entry, self.on_way.get(id), now);
            return accept(entry, receipt, now, out);
        }
        if !asked || !matches!(entry.state, WorkState::InDoubt | WorkState::Unclear) {
            return;
        }
        match settled {
            Settled::Landed(_) => {}
            Settled::NotLanded => {
                entry.doubt = false;
                entry.silence = 0;
                match entry.misses {
                    0 => entry.wait(Hold::Free, now),
                    _ => entry.wait(Hold::Backoff, backoff_until(seed, entry, now)),
                }
                put(entry, WorkState::Waiting, now, out);
            }
            // The doubt stays: a refusal to tell is no word on what landed.
            Settled::Refused(refusal) => refuse(entry, refusal, now, out),
            Settled::CannotTell => {
                entry.trouble = Some(Trouble::NotReached);
                silent(entry, SILENCE_NOT_REACHED, Hold::Link, seed, now, out);
            }
            Settled::Untold => {
                entry.trouble = Some(Trouble::Untold);
                silent(entry, SILENCE_UNTOLD, Hold::Backoff, seed, now, out);
            }
            Settled::SignIn => {
                entry.trouble = Some(Trouble::SignIn);
                entry.wait(Hold::Free, now);
                let account = entry.account.clone();
                self.sign_out(account, old_sign_in, out);
            }
        }
    }

    fn retry(&mut self, id: &WorkId, now: TimeMs, out: &mut Vec<Effect>) {
        let Some(entry) = self.entries.get_mut(id) else { return };
        match entry.state {
            WorkState::Refused { .. } => {
                entry.misses = 0;
                entry.set_aside = false;
                entry.wait(Hold::Free, now);
                put(entry, if entry.doubt { WorkState::InDoubt } else { WorkState::Waiting }, now, out);
            }
            WorkState::Waiting | WorkState::InDoubt => {
                entry.misses = 0;
                match entry.hold {
                    Hold::Link | Hold::Backoff | Hold::Learner => entry.wait(Hold::Free, now),
                    Hold::Free | Hold::Site | Hold::Grace => {}
                }
            }
            WorkState::Unclear if entry.resend == Resend::ReadBack => entry.wait(Hold::Free, now),
            WorkState::Unclear | WorkState::Sending | WorkState::Accepted { .. } => {}
        }
    }

    /// Whether nothing of it can be at the site or on its way there, as far as the machine knows.
    pub fn can_be_taken_back(&self, id: &WorkId) -> bool {
        let is_here = |e: &Entry| e.state == WorkState::Waiting && !e.doubt && e.stray.is_none();
        !self.on_way.contains_key(id) && self.entries.get(id).is_some_and(is_here)
    }

    fn taken_back(&mut self, id: &WorkId, now: TimeMs, out: &mut Vec<Effect>) {
        if !self.can_be_taken_back(id) {
            return;
        }
        if let Some(entry) = self.entries.get_mut(id) {
            entry.set_aside = true;
            refuse(entry, Refusal { why: RefusalReason::TakenBack, said: String::new(), at: now }, now, out);
        }
    }

    /// What cannot be read back is asked of the learner once a lost request had time to arrive.
    fn ask_learner(&mut self, now: TimeMs, out: &mut Vec<Effect>) {
        for entry in self.entries.values_mut() {
            if entry.state == WorkState::InDoubt && entry.resend == Resend::Neither && entry.not_before <= now
            {
                entry.wait(Hold::Learner, now);
                put(entry, WorkState::Unclear, now, out);
            }
        }
    }

    fn learner_says(&mut self, id: &WorkId, arrived: bool, now: TimeMs, out: &mut Vec<Effect>) {
        let Some(entry) = self.entries.get_mut(id).filter(|e| e.state == WorkState::Unclear) else { return };
        if arrived {
            let caveat = Some(Caveat::OnLearnersWord);
            return accept(entry, Receipt { remote: String::new(), at: now, found: true, caveat }, now, out);
        }
        // While a question about it is still on its way nothing is sent: it may come back with a receipt.
        entry.doubt = false;
        entry.silence = 0;
        entry.misses = 0;
        entry.wait(Hold::Free, now);
        put(entry, WorkState::Waiting, now, out);
    }

    fn sign_out(&mut self, account: AccountId, old_news: bool, out: &mut Vec<Effect>) {
        if !old_news && self.signed_out.insert(account.clone()) {
            out.push(Effect::NeedsSignIn(account));
        }
    }

    fn signed_in(&mut self, account: &AccountId, now: TimeMs) {
        self.signed_out.remove(account);
        for entry in self.entries.values_mut().filter(|e| e.account == *account) {
            if self.on_way.contains_key(&entry.id) {
                self.before_sign_in.insert(entry.id.clone());
            } else if entry.hold == Hold::Link {
                entry.wait(Hold::Free, now);
            }
        }
    }

    /// A clock that was set back must not turn a minute into a week.
    fn mend_waits(&mut self, now: TimeMs) {
        let is_open = |e: &&mut Entry| !matches!(e.state, WorkState::Accepted { .. });
        for entry in self.entries.values_mut().filter(is_open) {
            let longest = match entry.hold {
                Hold::Free => 0,
                Hold::Link | Hold::Backoff => BACKOFF_CAP_MS,
                Hold::Site => SITE_WAIT_CAP_MS,
                Hold::Grace => SETTLE_GRACE_MS,
                Hold::Learner => LOOK_EVERY_MS,
            };
            entry.not_before = entry.not_before.min(now.plus(longest));
        }
    }

    /// What has arrived by now, or never will, holds nobody up any more.
    fn end_strays(&mut self, now: TimeMs) {
        for entry in self.entries.values_mut().filter(|e| e.stray.is_some()) {
            let runs = self.on_way.get(&entry.id) == Some(&Errand::Send);
            entry.stray = match entry.stray {
                Some(until) if runs || until > now => Some(until.min(now.plus(SETTLE_GRACE_MS))),
                _ => None,
            };
        }
    }
}

/// A receipt for one send says nothing about a later one: that may still arrive, and would undo what comes after it.
fn mind_stray(entry: &mut Entry, on_way: Option<&Errand>, now: TimeMs) {
    let given_up = entry.state == WorkState::InDoubt && entry.hold == Hold::Grace && entry.not_before > now;
    entry.stray = match on_way {
        Some(Errand::Send) => Some(now.plus(SETTLE_GRACE_MS)),
        _ if given_up => Some(entry.not_before),
        _ => entry.stray,
    };
}

fn backoff_until(seed: u64, entry: &Entry, now: TimeMs) -> TimeMs {
    now.plus(backoff::wait_ms(seed, entry.id.as_str(), entry.misses, BACKOFF_BASE_MS, BACKOFF_CAP_MS))
}

/// A send ended, and nobody knows how.
fn doubt(entry: &mut Entry, now: TimeMs, out: &mut Vec<Effect>) {
    entry.wait(Hold::Grace, now.plus(SETTLE_GRACE_MS));
    put(entry, WorkState::InDoubt, now, out);
}

/// The site did not say whether it is there. After much silence the learner is asked.
fn silent(entry: &mut Entry, more: u32, hold: Hold, seed: u64, now: TimeMs, out: &mut Vec<Effect>) {
    entry.misses = entry.misses.saturating_add(1);
    entry.silence = entry.silence.saturating_add(more);
    if entry.silence < ASK_LEARNER_AT {
        return entry.wait(hold, backoff_until(seed, entry, now));
    }
    entry.wait(Hold::Learner, now.plus(LOOK_EVERY_MS));
    if entry.state != WorkState::Unclear {
        put(entry, WorkState::Unclear, now, out);
    }
}

/// A link that came up ends the wait for it and our own caution: it may stay for a minute only.
fn end_link_wait(entry: &mut Entry, now: TimeMs) {
    if matches!(entry.hold, Hold::Link | Hold::Backoff) {
        entry.misses = 0;
        entry.wait(Hold::Free, now);
    }
}

fn accept(entry: &mut Entry, receipt: Receipt, now: TimeMs, out: &mut Vec<Effect>) {
    // The site's own word is better than the learner's.
    let is_better =
        |old: &Receipt| old.caveat == Some(Caveat::OnLearnersWord) && receipt.caveat != old.caveat;
    if matches!(&entry.state, WorkState::Accepted { receipt: old } if !is_better(old)) {
        return;
    }
    entry.doubt = false;
    entry.silence = 0;
    entry.trouble = None;
    entry.set_aside = false;
    entry.misses = 0;
    entry.wait(Hold::Free, now);
    put(entry, WorkState::Accepted { receipt }, now, out);
}

fn refuse(entry: &mut Entry, refusal: Refusal, now: TimeMs, out: &mut Vec<Effect>) {
    entry.misses = 0;
    entry.trouble = None;
    entry.wait(Hold::Free, now);
    put(entry, WorkState::Refused { refusal }, now, out);
}

fn put(entry: &mut Entry, state: WorkState, now: TimeMs, out: &mut Vec<Effect>) {
    entry.state = state;
    entry.changed = now;
    out.push(Effect::StateChanged(entry.id.clone(), entry.state.clone()));
}
