//! What every connector must keep, whatever a site does to a write call.
//!
//! Written against `Connector` and a [`Double`] of its kind of site: a second connector brings its double and its
//! write calls, and nothing here changes. What must stay true of each piece of work: the site never holds it twice;
//! what is called accepted is there; and once the site answers sensibly again, it arrives. The driver does what the
//! outbox does: it goes on from the log that was saved last, and asks before it repeats what may have taken effect.

pub mod moodle;

use std::sync::Mutex;

use daypack_course::work::{Deed, Outcome, Resend, Settled, Work};
use daypack_course::{Digest, TimeMs};
use daypack_lms::connector::AnyConnector;
use daypack_lms::{FileBytes, Session, StepLog};

use crate::refusals::wire;

/// What happens to a write call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The site does it, and the line is cut before a byte of the reply.
    LostReply,
    /// The site does it, and the line is cut within the reply.
    HalfReply,
    /// The line is cut before the site does anything.
    LostRequest,
    /// The sign-in is over.
    ExpiredToken,
    /// The site does it, the reply is lost, and later it refuses the same call.
    RefusedLate,
    /// The site's clock is a year ahead.
    ClockSkew,
    /// A web page with status 200, after or before the deed.
    Html {
        /// The site did it.
        done: bool,
    },
    /// Status 200, and the JSON ends in its middle.
    TruncatedJson {
        /// The site did it.
        done: bool,
    },
    /// A status of the 500s.
    Server(u16, bool),
    /// 429, come back in seven seconds.
    TooMany,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::LostReply,
        Self::HalfReply,
        Self::LostRequest,
        Self::ExpiredToken,
        Self::RefusedLate,
        Self::ClockSkew,
        Self::Html { done: true },
        Self::Html { done: false },
        Self::TruncatedJson { done: true },
        Self::TruncatedJson { done: false },
        Self::Server(500, true),
        Self::Server(500, false),
        Self::Server(502, true),
        Self::Server(503, false),
        Self::Server(504, true),
        Self::Server(504, false),
        Self::TooMany,
    ];

    /// Whether the site does what was asked, and the answer as it goes over the wire.
    fn plan(self, double: &dyn Double) -> (bool, Vec<u8>) {
        let html = [("Content-Type", "text/html")];
        let json = [("Content-Type", "application/json")];
        let page = "<!DOCTYPE html><html><body>Hello</body></html>";
        match self {
            Self::LostReply | Self::RefusedLate => (true, Vec::new()),
            Self::HalfReply => (true, b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"".to_vec()),
            Self::LostRequest => (false, Vec::new()),
            Self::ExpiredToken => (false, double.says_expired()),
            Self::Html { done } => (done, wire(200, &html, page)),
            Self::TruncatedJson { done } => (done, wire(200, &json, "{\"warnings\": [")),
            Self::Server(status, done) => (done, wire(status, &html, page)),
            Self::TooMany => (false, wire(429, &[("Retry-After", "7")], "")),
            Self::ClockSkew => (true, Vec::new()),
        }
    }
}

/// A write call of a connector, ready to be made.
pub struct Write {
    /// For messages.
    pub name: String,
    /// The work that leads to it.
    pub work: Work,
}

/// A stand-in for a kind of site, with faults.
pub trait Double: Sync {
    /// The connector under contract.
    fn connector(&self) -> AnyConnector;
    /// A signed-in learner.
    fn session(&self) -> Session;
    /// The next call that carries out `write` is answered so, and every one like it until [`Self::mend`].
    fn spoil(&self, write: &Write, deed_first: bool, answer: Vec<u8>);
    /// From now on the site answers for itself.
    fn mend(&self);
    /// Its clock is so many days ahead.
    fn skew(&self, days: u32);
    /// How often the site holds the work.
    fn held(&self, write: &Write) -> usize;
    /// Its word that the sign-in is over, as it goes over the wire.
    fn says_expired(&self) -> Vec<u8>;
    /// Its word that it does not take this any more.
    fn says_closed(&self) -> Vec<u8>;
    /// The bytes of files that are handed in.
    fn file(&self, digest: &Digest) -> Option<FileBytes>;
}

/// How the driver goes on; all but the first are controls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// As the outbox does.
    Careful,
    /// Sends again without asking, and remembers nothing.
    Forgetful,
    /// Takes a reply that got lost for a yes.
    Trusting,
}

/// Keeps the log as the store does.
struct Kept<'a> {
    double: &'a dyn Double,
    log: Mutex<StepLog>,
}

impl daypack_lms::Desk for Kept<'_> {
    fn save(&self, log: &StepLog) -> std::io::Result<()> {
        *self.log.lock().unwrap() = log.clone();
        Ok(())
    }

    fn file(&self, digest: &Digest) -> Option<FileBytes> {
        self.double.file(digest)
    }
}

/// What is wrong with how the connector went through this; nothing when the contract is kept.
pub async fn broken(double: &dyn Double, write: &Write, fault: Fault, manner: Manner) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut say = |what: String| wrong.push(format!("{}, {fault:?}: {what}", write.name));
    let (connector, session) = (double.connector(), double.session());
    let kept = Kept { double, log: Mutex::default() };
    if fault == Fault::ClockSkew {
        double.skew(365);
    } else {
        let (deed_first, answer) = fault.plan(double);
        double.spoil(write, deed_first, answer);
    }
    let mut log = StepLog::default();
    let mut outcome = connector.send(&session, &write.work, &mut log, &kept).await;
    if matches!(outcome, Outcome::Accepted(_)) && double.held(write) != 1 {
        say(format!("accepted, and the site holds it {} times", double.held(write)));
    }
    match (fault, &outcome) {
        (Fault::ExpiredToken, Outcome::SignIn) | (Fault::TooMany, Outcome::Later { not_before: Some(_) }) => {
        }
        (Fault::ExpiredToken | Fault::TooMany, other) => say(format!("judged as {other:?}")),
        _ => {}
    }
    double.mend();
    if fault == Fault::RefusedLate {
        double.spoil(write, false, double.says_closed());
    }
    for _ in 0..6 {
        if manner == Manner::Trusting && outcome == Outcome::Unknown {
            break;
        }
        outcome = match &outcome {
            Outcome::Accepted(_) | Outcome::Refused(_) => break,
            Outcome::Unknown
                if manner == Manner::Careful && connector.resend(&write.work.deed) != Resend::Repeatable =>
            {
                let log = kept.log.lock().unwrap().clone();
                match connector.settle(&session, &write.work, &log).await {
                    Settled::Landed(receipt) => Outcome::Accepted(receipt),
                    Settled::Refused(refusal) => Outcome::Refused(refusal),
                    Settled::NotLanded => again(&connector, &session, write, &kept, manner).await,
                    Settled::CannotTell | Settled::Untold | Settled::SignIn => Outcome::Unknown,
                }
            }
            _ => again(&connector, &session, write, &kept, manner).await,
        };
    }
    double.mend();
    let held = double.held(write);
    if held > 1 {
        say(format!("the site holds it {held} times"));
    }
    let is_believed = manner == Manner::Trusting && outcome == Outcome::Unknown;
    if held == 0 && (is_believed || matches!(outcome, Outcome::Accepted(_))) {
        say("called accepted, and not there".into());
    } else if held == 0 && fault == Fault::RefusedLate && matches!(outcome, Outcome::Refused(_)) {
        // What got through was a step before the last; the site takes no more of it, and says so.
    } else if !is_believed && !matches!(outcome, Outcome::Accepted(_)) {
        say(format!("it did not arrive: {outcome:?}, the site holds it {held} times"));
    }
    if fault == Fault::ClockSkew {
        double.skew(0);
    }
    wrong
}

async fn again(
    connector: &AnyConnector,
    session: &Session,
    write: &Write,
    kept: &Kept<'_>,
    manner: Manner,
) -> Outcome {
    // As after a crash: what was not saved is not known.
    let mut log = match manner {
        Manner::Forgetful => StepLog::default(),
        Manner::Careful | Manner::Trusting => kept.log.lock().unwrap().clone(),
    };
    connector.send(session, &write.work, &mut log, kept).await
}

/// A piece of work for `deed` at `target`.
pub fn work(session: &Session, id: &str, target: daypack_course::outline::Binding, deed: Deed) -> Work {
    Work {
        id: id.into(),
        account: session.account.clone(),
        course: "c".into(),
        item: "i".into(),
        target,
        deed,
        created: TimeMs(0),
    }
}
