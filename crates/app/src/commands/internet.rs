//! What downloads may use of the internet: rules, networks, and the learner's word.

use std::collections::BTreeMap;

use daypack_engine::allowance::{Answer, Hours, NetworkRule};

use crate::App;
use crate::api::Failure;
use crate::api::downloads::DownloadsView;
use crate::api::input::*;
use crate::api::internet::*;
use crate::runner::{Note, allowance};

impl App {
    /// See the list of commands.
    pub async fn internet(&self, _: Nothing) -> Result<InternetView, Failure> {
        let (rules, flow) = self.board(|board| (board.rules.clone(), board.flow.clone()));
        let now = self.now();
        let used = self.db(move |store| Ok(allowance::used_this_month(store, now))).await?;
        let mut networks: BTreeMap<String, NetworkView> = BTreeMap::new();
        let fresh = |id: &str| NetworkView {
            id: id.to_owned(),
            name: String::new(),
            here: id == flow.network,
            budget: None,
            always: false,
            used: 0,
            used_free: 0,
        };
        if !flow.network.is_empty() {
            let here = networks.entry(flow.network.clone()).or_insert_with(|| fresh(&flow.network));
            here.name.clone_from(&flow.network_name);
        }
        for (id, rule) in &rules.networks {
            let view = networks.entry(id.clone()).or_insert_with(|| fresh(id));
            view.budget = rule.budget;
            view.always = rule.always;
            if view.name.is_empty() {
                view.name.clone_from(&rule.name);
            }
        }
        for (id, counted, free) in used {
            let view = networks.entry(id.clone()).or_insert_with(|| fresh(&id));
            view.used = counted;
            view.used_free = free;
        }
        let mut networks: Vec<NetworkView> = networks.into_values().collect();
        networks.sort_by_key(|view| (!view.here, std::cmp::Reverse(view.used)));
        Ok(InternetView {
            rules: InternetRules {
                cap: rules.cap,
                hours: rules.hours.map(|hours| DayHours { from: hours.from, to: hours.to }),
                only_hours: rules.only_hours,
            },
            networks,
            flow,
        })
    }

    /// See the list of commands.
    pub async fn internet_save(&self, input: InternetRules) -> Result<InternetView, Failure> {
        self.rule(|rules| {
            rules.cap = input.cap;
            rules.hours = input.hours.map(|hours| Hours { from: hours.from, to: hours.to });
            rules.only_hours = input.only_hours;
        })
        .await?;
        self.internet(Nothing {}).await
    }

    /// See the list of commands.
    pub async fn network_save(&self, input: NetworkSave) -> Result<InternetView, Failure> {
        self.network_rule(&input.network, |rule| {
            rule.budget = input.budget;
            rule.always = input.always;
        })
        .await?;
        self.internet(Nothing {}).await
    }

    /// See the list of commands.
    pub async fn network_word(&self, input: NetworkSays) -> Result<DownloadsView, Failure> {
        let answer = match input.word {
            NetworkWord::Once => Answer::Once,
            NetworkWord::Always => Answer::Always,
            NetworkWord::NotNow => Answer::NotNow,
        };
        if answer == Answer::Always {
            self.network_rule(&input.network, |rule| rule.always = true).await?;
        }
        self.desk(Note::NetworkWord(input.network, answer)).await;
        self.heard().await;
        self.downloads(Nothing {}).await
    }

    async fn network_rule(
        &self,
        network: &str,
        change: impl FnOnce(&mut NetworkRule),
    ) -> Result<(), Failure> {
        let flow = self.flow();
        self.rule(|rules| {
            let rule = rules.networks.entry(network.to_owned()).or_default();
            if flow.network == network {
                rule.name = flow.network_name;
            }
            change(rule);
        })
        .await
    }
}
