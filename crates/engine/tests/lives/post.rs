//! What a connector would make of the site's replies. Written for the lives alone.

use daypack_course::TimeMs;
use daypack_course::work::{Outcome, Receipt, Refusal, RefusalReason, Settled};

use crate::site::Reply;

fn receipt(number: usize, now: TimeMs, found: bool) -> Receipt {
    Receipt { remote: number.to_string(), at: now, found, caveat: None }
}

fn refusal(now: TimeMs) -> Refusal {
    Refusal { why: RefusalReason::Closed, said: "closed".to_owned(), at: now }
}

/// After sending.
pub fn outcome(reply: &Reply, now: TimeMs) -> Outcome {
    match reply {
        Reply::Number(number) => Outcome::Accepted(receipt(*number, now, false)),
        Reply::Against => Outcome::Refused(refusal(now)),
        Reply::WhoAreYou => Outcome::SignIn,
        Reply::Cut | Reply::Status(500 | 502 | 504, _) => Outcome::Unknown,
        Reply::Status(_, wait) => Outcome::Later { not_before: wait.map(|s| now.plus(s * 1_000)) },
        Reply::NotThere => panic!("nobody asked"),
    }
}

/// After asking.
pub fn settled(reply: &Reply, now: TimeMs) -> Settled {
    match reply {
        Reply::Number(number) => Settled::Landed(receipt(*number, now, true)),
        Reply::NotThere => Settled::NotLanded,
        Reply::Against => Settled::Refused(refusal(now)),
        Reply::WhoAreYou => Settled::SignIn,
        Reply::Cut => Settled::CannotTell,
        Reply::Status(..) => Settled::Untold,
    }
}
