//! Which entries move now: the first of each target, ordered by lane and then by age, while there is room.
//!
//! What must stay true: at most one entry of a target is on its way; an entry that is open (on its way or in
//! doubt) goes before anything else of its target; uploads never take all the room of an account; over a link that
//! costs money goes only what the budget allows (asking the site is always allowed).

use std::collections::BTreeMap;

use daypack_course::work::WorkState;
use daypack_course::{AccountId, TimeMs, WorkId};

use super::{Effect, Entry, Errand, Hold, IN_FLIGHT, Lane, Outbox, put};

/// What of one account is on its way.
#[derive(Default)]
struct Room {
    all: usize,
    uploads: usize,
}

impl Room {
    fn has_place_for(&self, entry: &Entry) -> bool {
        // Asking the site is small whatever it asks about.
        let is_upload = entry.lane == Lane::Uploads && !entry.is_asked_about();
        self.all < IN_FLIGHT && !(is_upload && self.uploads > 0)
    }

    fn take(&mut self, entry: &Entry) {
        self.all += 1;
        self.uploads += usize::from(
            entry.lane == Lane::Uploads
                && entry.holds_its_place()
                && (entry.state == WorkState::Sending || !entry.is_asked_about()),
        );
    }
}

impl Outbox {
    pub(super) fn plan(&mut self, now: TimeMs, out: &mut Vec<Effect>) {
        if !self.reach.any {
            return;
        }
        let (chosen, wake) = self.choose(now);
        for id in chosen {
            let Some(entry) = self.entries.get_mut(&id) else { continue };
            entry.errand = entry.errand.saturating_add(1);
            if entry.is_asked_about() {
                self.on_way.insert(id.clone(), Errand::Question);
                out.push(Effect::Settle(id));
            } else {
                self.on_way.insert(id.clone(), Errand::Send);
                entry.doubt = true;
                entry.tries = entry.tries.saturating_add(1);
                entry.wait(Hold::Free, now);
                put(entry, WorkState::Sending, now, out);
                out.push(Effect::Send(id));
            }
        }
        out.extend(wake.map(Effect::WakeAt));
    }

    fn choose(&self, now: TimeMs) -> (Vec<WorkId>, Option<TimeMs>) {
        let mut room: BTreeMap<&AccountId, Room> = BTreeMap::new();
        let mut heads: BTreeMap<(&AccountId, &str), &Entry> = BTreeMap::new();
        for entry in self.entries.values() {
            // Also what the learner or a late receipt has settled meanwhile: it takes room until it has ended.
            if self.is_on_its_way(entry) {
                room.entry(&entry.account).or_default().take(entry);
            }
            if !entry.holds_its_place() {
                continue;
            }
            let head = heads.entry((&entry.account, &entry.target)).or_insert(entry);
            if place(entry) < place(head) {
                *head = entry;
            }
        }
        let strays = heads.values().filter_map(|e| e.stray).filter(|until| *until > now);
        let mut wake: Option<TimeMs> = strays.min();
        let mut ready: Vec<&Entry> = heads
            .into_values()
            .filter(|e| e.moves_by_itself() && !self.is_on_its_way(e))
            .filter(|e| self.reach.is_up(&e.account) && !self.signed_out.contains(&e.account))
            .filter(|e| e.is_asked_about() || self.budget.allows_work(e.size))
            .collect();
        ready.sort_by_key(|e| (e.lane, e.seq));

        let mut chosen = Vec::new();
        for entry in ready {
            if entry.not_before > now {
                wake = Some(wake.map_or(entry.not_before, |w| w.min(entry.not_before)));
                continue;
            }
            let room = room.entry(&entry.account).or_default();
            if room.has_place_for(entry) {
                room.take(entry);
                chosen.push(entry.id.clone());
            }
        }
        (chosen, wake)
    }

    fn is_on_its_way(&self, entry: &Entry) -> bool {
        entry.state == WorkState::Sending || self.on_way.contains_key(&entry.id)
    }
}

/// The order inside a target: what is on its way, what is in doubt, then by age.
pub(super) fn place(entry: &Entry) -> (bool, bool, u64) {
    (entry.state != WorkState::Sending, !entry.is_open(), entry.seq)
}
