//! What is due from time to time: the day's backup, a smaller journal, the room kept for answers.

use std::time::Duration;

use crate::App;
use crate::api::Event;

/// How often it is looked whether the room kept for answers is in use.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How often, in looks, the store is looked after.
const HOUR: u32 = 1_800;
/// The same while the disk is full: as soon as there is room, downloads go on.
const MINUTE: u32 = 30;
/// How often, in looks, other computers of a network home are told that this one is here.
const LEASE: u32 = 150;

/// Runs until the program ends.
pub(crate) async fn keep(app: App) {
    let stop = app.stopped();
    let mut looks: u32 = 0;
    let mut told = false;
    loop {
        let short = app.store().is_short_of_space();
        if looks.is_multiple_of(if short { MINUTE } else { HOUR }) {
            let now = app.now();
            if let Err(failure) = app.db(move |store| store.look_after(now)).await {
                tracing::warn!(%failure, "the store could not be looked after");
            }
        }
        if app.store().is_on_network() && looks.is_multiple_of(LEASE) {
            let now = app.now();
            if let Err(failure) = app.db(move |store| store.keep_lease(now)).await {
                tracing::warn!(%failure, "the sign for other computers could not be renewed");
            }
        }
        let short = app.store().is_short_of_space();
        if short != told {
            told = short;
            app.tell(Event::Space { short });
            app.desk(super::Note::Space(short)).await;
        }
        looks = looks.wrapping_add(1);
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}
