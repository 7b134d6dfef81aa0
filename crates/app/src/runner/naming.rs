//! Work that was sealed before anybody was signed in gets its account, and goes into the outbox.

use daypack_course::TimeMs;
use daypack_course::work::WorkState;
use daypack_engine::outbox;

use super::desk::Desk;
use super::send;
use crate::receiver;

impl Desk {
    /// Names nobody's work where there is no doubt whose it is, and has it sent.
    pub(super) fn name_work(&mut self, now: TimeMs) {
        let store = self.app.store().clone();
        let named = match receiver::name_work(&store, self.app.now()) {
            Ok(named) => named,
            Err(error) => {
                // It waits as before; the next sign-in or start names it.
                tracing::warn!(%error, "work could not be given its account");
                return;
            }
        };
        if named.is_empty() {
            return;
        }
        for id in named {
            let Ok(Some(row)) = store.work_get(&id) else { continue };
            if self.outbox.entry(&id).is_none() {
                self.set_aside_refused(&row.work, now);
                let new = self.entry_of(&row.work, row.state != WorkState::Waiting);
                self.outbox_step(outbox::Event::Added(new), now);
            }
            self.app.spawn(send::tell(self.app.clone(), id));
        }
        self.wake_up(now);
    }
}
