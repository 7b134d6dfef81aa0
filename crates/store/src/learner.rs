//! `learner.db`: the learner's own work. `synchronous=FULL`: what a function here wrote is on the disk when it
//! returns. Work and answers have no function that deletes them, and triggers refuse it.

pub(crate) mod account;
pub(crate) mod attempt;
pub(crate) mod begun;
pub(crate) mod bookmark;
pub(crate) mod draft;
pub(crate) mod draft_file;
pub(crate) mod feedback_seen;
pub(crate) mod library;
pub(crate) mod machine;
pub(crate) mod mark;
pub(crate) mod named;
pub(crate) mod place;
pub(crate) mod position;
pub(crate) mod reading;
pub(crate) mod response;
pub(crate) mod setting;
pub(crate) mod title;
pub(crate) mod trust;
pub(crate) mod work;

use crate::db::Plan;
use crate::migrate::Migration;

/// How `learner.db` is opened.
pub(crate) const LEARNER: Plan = Plan {
    file: "learner.db",
    application_id: 0x4450_4c52, // "DPLR"
    synchronous: 2,
    migrations: &[FIRST, SECOND, SEVENTH, EIGHTH],
};

const FIRST: Migration = Migration {
    number: 1,
    reader: 1,
    sql: &[
        account::TABLE,
        setting::TABLE,
        trust::TABLE,
        library::TABLE,
        attempt::TABLE,
        response::TABLE,
        draft::TABLE,
        draft_file::TABLE,
        position::TABLE,
        reading::TABLE,
        work::TABLE,
        machine::TABLE,
        feedback_seen::TABLE,
        place::TABLE,
    ],
};

const SECOND: Migration = Migration { number: 2, reader: 1, sql: &[title::TABLE, mark::TABLE] };

const SEVENTH: Migration = Migration { number: 7, reader: 1, sql: &[named::TABLE] };

const EIGHTH: Migration = Migration { number: 8, reader: 1, sql: &[bookmark::TABLE] };
