//! Which sites and libraries answer. Each is looked at by itself: one that is down, or behind a portal, says nothing
//! of another. The learner sees the best of them; the outbox is told per account.

use std::collections::{BTreeMap, BTreeSet};

use daypack_course::{AccountId, TimeMs};
use daypack_engine::link::{Reach, ReachEffect, ReachEvent, ReachState};
use daypack_engine::{download, outbox};

use super::desk::Desk;
use super::pull;
use crate::api::Event;
use crate::api::status::{LinkState, LinkView, Metered};
use crate::shelf::same_site;

/// Where to ask whether anybody is there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Source {
    /// A site with an account.
    Site {
        /// Kind of connector.
        kind: String,
        /// Address.
        site: String,
    },
    /// A package library.
    Library {
        /// Address.
        address: String,
    },
    /// There is nothing to ask yet.
    Nothing,
}

/// All sources and what is known of each.
#[derive(Default)]
pub(super) struct Links {
    reach: BTreeMap<Source, Reach>,
    accounts: BTreeMap<AccountId, String>,
    probing: BTreeSet<Source>,
    /// What the learner was told last.
    told: ReachState,
    since: TimeMs,
    last_contact: Option<TimeMs>,
}

impl Links {
    /// The best of all.
    fn state(&self) -> ReachState {
        let rank = |state: ReachState| match state {
            ReachState::Online => 3,
            ReachState::Portal => 2,
            ReachState::Unknown => 1,
            ReachState::Offline => 0,
        };
        self.reach.values().map(Reach::state).max_by_key(|state| rank(*state)).unwrap_or_default()
    }

    pub fn is_online(&self) -> bool {
        self.state() == ReachState::Online
    }

    pub fn is_probing(&self) -> bool {
        !self.probing.is_empty()
    }

    /// Address of an account's site.
    pub fn site_of(&self, account: &AccountId) -> Option<&str> {
        self.accounts.get(account).map(String::as_str)
    }

    fn of_site(&self, site: &str) -> Vec<Source> {
        let is_it = |source: &&Source| matches!(source, Source::Site { site: of, .. } if same_site(of, site));
        self.reach.keys().filter(is_it).cloned().collect()
    }
}

impl Desk {
    /// Takes in accounts and libraries that came or went.
    pub(super) fn refresh_sources(&mut self, now: TimeMs) {
        let store = self.app.store();
        let (Ok(accounts), Ok(libraries)) = (store.accounts(), store.libraries()) else { return };
        let mut sources: BTreeSet<Source> = BTreeSet::new();
        self.links.accounts.clear();
        for account in accounts {
            self.links.accounts.insert(account.id, account.site.clone());
            sources.insert(Source::Site { kind: account.kind, site: account.site });
        }
        sources.extend(libraries.into_iter().map(|l| Source::Library { address: l.address }));
        if sources.is_empty() {
            sources.insert(Source::Nothing);
        }
        let gone: Vec<Source> = self.links.reach.keys().filter(|s| !sources.contains(s)).cloned().collect();
        for source in gone {
            self.links.reach.remove(&source);
            self.links.probing.remove(&source);
            self.wakes.remove(&wake_name(&source));
        }
        for source in sources {
            if !self.links.reach.contains_key(&source) {
                self.links.reach.insert(source.clone(), Reach::new(self.seed));
                if self.acts() {
                    self.reach_step(&source, ReachEvent::Restarted, now);
                }
            }
        }
    }

    /// The same for all sources.
    pub(super) fn reach_all(&mut self, event: ReachEvent, now: TimeMs) {
        let all: Vec<Source> = self.links.reach.keys().cloned().collect();
        for source in all {
            self.reach_step(&source, event, now);
        }
    }

    /// Something was heard from, or not from, an account's site.
    pub(super) fn reach_account(&mut self, account: &AccountId, event: ReachEvent, now: TimeMs) {
        let Some(site) = self.links.site_of(account).map(str::to_owned) else { return };
        if event == ReachEvent::Answered {
            self.note_contact(&site);
        }
        for source in self.links.of_site(&site) {
            self.reach_step(&source, event, now);
        }
    }

    /// A site or library answered somewhere else in the program; which one is found by asking.
    pub(super) fn contact(&mut self, reached: bool, now: TimeMs) {
        self.refresh_sources(now);
        if self.links.reach.keys().all(|source| *source == Source::Nothing) {
            let event = if reached { ReachEvent::Answered } else { ReachEvent::CallFailed };
            return self.reach_all(event, now);
        }
        let all: Vec<(Source, ReachState)> =
            self.links.reach.iter().map(|(source, reach)| (source.clone(), reach.state())).collect();
        for (source, state) in all {
            match (reached, state) {
                (true, ReachState::Online) => {}
                (true, _) => self.reach_step(&source, ReachEvent::LearnerRetries, now),
                (false, _) => self.reach_step(&source, ReachEvent::CallFailed, now),
            }
        }
    }

    /// The learner wants something now: look at once at what does not answer.
    pub(super) fn wake_up(&mut self, now: TimeMs) {
        let silent: Vec<Source> = self
            .links
            .reach
            .iter()
            .filter(|(_, reach)| reach.state() != ReachState::Online)
            .map(|(source, _)| source.clone())
            .collect();
        for source in silent {
            self.reach_step(&source, ReachEvent::LearnerRetries, now);
        }
    }

    pub(super) fn probe_ended(&mut self, source: &Source, event: ReachEvent, now: TimeMs) {
        self.links.probing.remove(source);
        if let (Source::Site { site, .. }, ReachEvent::Answered) = (source, event) {
            self.note_contact(&site.clone());
        }
        self.reach_step(source, event, now);
    }

    pub(super) fn reach_step(&mut self, source: &Source, event: ReachEvent, now: TimeMs) {
        let Some(reach) = self.links.reach.get_mut(source) else { return };
        let effects = reach.step(event, now);
        self.links.last_contact = self.links.last_contact.max(reach.last_contact());
        for effect in effects {
            match effect {
                ReachEffect::Probe => {
                    self.links.probing.insert(source.clone());
                    self.app.spawn(pull::probe(self.app.clone(), source.clone()));
                }
                ReachEffect::WakeAt(at) if !self.quiet => {
                    self.wakes.insert(wake_name(source), at);
                }
                ReachEffect::WakeAt(_) => {}
                ReachEffect::Changed(state) => self.source_changed(source, state, now),
            }
        }
        let contact = self.links.last_contact.map(|at| self.shown(at));
        self.app.board_write(|board| board.link.last_contact = contact.or(board.link.last_contact));
    }

    /// One source is different now: its accounts' work moves or waits, and the learner is told of the whole.
    fn source_changed(&mut self, source: &Source, state: ReachState, now: TimeMs) {
        let online = state == ReachState::Online;
        if let Source::Site { site, .. } = source {
            let accounts: Vec<AccountId> = self
                .links
                .accounts
                .iter()
                .filter(|(_, of)| same_site(of, site))
                .map(|(account, _)| account.clone())
                .collect();
            for account in accounts {
                let event = if online {
                    outbox::Event::SiteUp { account }
                } else {
                    outbox::Event::SiteDown { account }
                };
                self.outbox_step(event, now);
            }
        }
        if online {
            self.next_pull = now;
        }
        self.tell_link(now);
    }

    /// Tells the best of all sources, when it is another one.
    pub(super) fn tell_link(&mut self, now: TimeMs) {
        let state = self.links.state();
        if state == self.links.told && self.link_was_told {
            return;
        }
        self.link_was_told = true;
        self.links.told = state;
        self.links.since = now;
        self.publish_link();
        let online = state == ReachState::Online;
        self.downloads_step(if online { download::Event::LinkUp } else { download::Event::LinkDown }, now);
        self.tell_jobs(now);
    }

    fn publish_link(&mut self) {
        let since = self.shown(self.links.since);
        let state = match self.links.told {
            ReachState::Online => LinkState::Online,
            ReachState::Offline => LinkState::Offline,
            ReachState::Portal => LinkState::Portal,
            ReachState::Unknown => LinkState::Unknown,
        };
        let costs_money = self.costs_money();
        let link = self.app.board_write(|board| {
            board.link = LinkView { state, since, costs_money, last_contact: board.link.last_contact };
            board.link.clone()
        });
        self.app.follow_near();
        self.app.tell(Event::Link { link });
    }

    pub(super) fn costs_money(&self) -> bool {
        match self.app.settings().metered {
            Metered::Yes => true,
            Metered::No => false,
            Metered::System => self.metered.unwrap_or(false),
        }
    }

    /// The settings or the system's word on the cost of the link may have changed.
    pub(super) fn budget_changed(&mut self, now: TimeMs) {
        self.judge(now);
        if self.app.board(|board| board.link.costs_money) != self.costs_money() {
            self.publish_link();
        }
    }

    /// Keeps what the contact says about the clocks.
    fn note_contact(&mut self, site: &str) {
        let Some(server) = self.app.server_now(site) else { return };
        if self.clocks.contact(site, server, self.app.now()) {
            self.keep_clocks();
        }
    }

    pub(super) fn keep_clocks(&mut self) {
        let clocks = self.clocks.clone();
        let value = serde_json::to_value(&clocks).unwrap_or_default();
        if let Err(error) = self.app.store().machine_put("clocks", &value) {
            tracing::warn!(%error, "what is known of clocks could not be kept");
        }
        self.app.board_write(|board| board.clocks = clocks);
    }
}

fn wake_name(source: &Source) -> String {
    format!("reach {source:?}")
}
