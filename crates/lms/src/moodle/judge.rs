//! From a failed call to what the engine does next. One table, nowhere else.
//!
//! A code that is not known means "the server refused, keep the work, ask again later": a refusal is final only
//! where the code says so.

use daypack_course::TimeMs;
use daypack_course::work::{Outcome, Refusal, RefusalReason, Settled};

use super::rest::CallError;
use crate::connector::ReadError;
use crate::net::NetError;

/// An activity the learner cannot reach now may come back: ask again after an hour.
const PARKED_MS: i64 = 3_600_000;

/// What a known error code means for a piece of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// The account must sign in again.
    SignIn,
    /// Final.
    Refused(RefusalReason),
    /// Not now.
    Later,
    /// Not before this many milliseconds have gone.
    Parked(i64),
    /// May have taken effect.
    Unknown,
}

/// What `errorcode` means.
pub fn meaning(code: &str) -> Meaning {
    use RefusalReason as R;
    match code {
        "invalidtoken"
        | "accessexception"
        | "wsaccessusersuspended"
        | "wsaccessuserdeleted"
        | "wsaccessuserunconfirmed"
        | "wsaccessuserexpired"
        | "wsaccessusernologin"
        | "forcepasswordchangenotice"
        | "sitepolicynotagreed"
        | "usernotfullysetup"
        | "invalidprivatetoken" => Meaning::SignIn,
        "invalidrecord"
        | "invalidrecordunknown"
        | "invalidcoursemodule"
        | "invalidparentpostid"
        | "invaliddiscussionid"
        | "filenotfound" => Meaning::Refused(R::Gone),
        "nopostforum"
        | "cannotcreatediscussion"
        | "cannotmanualctrack"
        | "notyourattempt"
        | "nopermissions"
        | "nopermission"
        | "nopermissiontoshow"
        | "cannotreply" => Meaning::Refused(R::NotAllowed),
        "upload_error_ini_size" | "upload_error_form_size" | "maxbytes" | "fileoversized" => {
            Meaning::Refused(R::TooLarge)
        }
        // "No access to this activity now", not "sign in": it can come back.
        "requireloginerror" | "errorcoursecontextnotvalid" | "requirelogin" => Meaning::Parked(PARKED_MS),
        "errorprocessingresponses" => Meaning::Unknown,
        _ => Meaning::Later,
    }
}

/// Whether a new password must be set at the site first. Asked for a course, Moodle says it inside another error.
pub fn is_password_due(code: &str, said: &str) -> bool {
    const NOTICE: &str = "forcepasswordchangenotice";
    code == NOTICE || code == "errorcoursecontextnotvalid" && said.contains(NOTICE)
}

/// What a failed call means for the piece of work it was made for.
pub fn outcome(error: &CallError) -> Outcome {
    match error {
        CallError::Net(net) => match net {
            NetError::Unreachable(_)
            | NetError::Redirected { .. }
            | NetError::Insecure
            | NetError::BadAddress
            | NetError::Setup => Outcome::Unreachable,
            NetError::Unknown | NetError::TooLarge => Outcome::Unknown,
        },
        CallError::Status { status, retry_after, at } => match status {
            413 => Outcome::Refused(Refusal { why: RefusalReason::TooLarge, said: String::new(), at: *at }),
            // The server's own front end or PHP gave up: the work may be done behind it.
            500 | 502 | 504 => Outcome::Unknown,
            _ => Outcome::Later { not_before: retry_after.map(|s| at.plus(i64::from(s) * 1000)) },
        },
        // A page instead of an answer comes from in between; `send` looks before it repeats, so this is safe.
        CallError::Page => Outcome::Unreachable,
        CallError::Shape => Outcome::Unknown,
        CallError::Refused { code, said, .. } if is_password_due(code, said) => Outcome::SignIn,
        CallError::Refused { code, said, at } => match meaning(code) {
            Meaning::SignIn => Outcome::SignIn,
            Meaning::Refused(why) => refusal(why, said, *at),
            Meaning::Later => Outcome::Later { not_before: None },
            Meaning::Parked(ms) => Outcome::Later { not_before: Some(at.plus(ms)) },
            Meaning::Unknown => Outcome::Unknown,
        },
    }
}

/// Whether the call certainly did not reach the site, so that a step begun for it had no effect.
pub fn never_left(error: &CallError) -> bool {
    use NetError::{BadAddress, Insecure, Setup, Unreachable};
    matches!(error, CallError::Net(Unreachable(_) | BadAddress | Insecure | Setup))
}

/// A refusal in the site's words.
pub fn refusal(why: RefusalReason, said: &str, at: TimeMs) -> Outcome {
    Outcome::Refused(Refusal { why, said: said.to_owned(), at })
}

/// What a failed question means for a piece of work in doubt.
pub fn settled(error: &CallError) -> Settled {
    match outcome(error) {
        Outcome::SignIn => Settled::SignIn,
        Outcome::Refused(refusal) => Settled::Refused(refusal),
        // It answered, and this is no answer to the question.
        Outcome::Accepted(_) | Outcome::Later { .. } => Settled::Untold,
        Outcome::Unknown if !matches!(error, CallError::Net(_)) => Settled::Untold,
        Outcome::Unreachable | Outcome::Unknown => Settled::CannotTell,
    }
}

/// What a failed question means when reading.
pub fn read(error: &CallError) -> ReadError {
    match error {
        CallError::Net(NetError::Redirected { off_site: true, .. }) | CallError::Page => ReadError::Portal,
        CallError::Net(NetError::TooLarge) => ReadError::Unexpected("the answer is too large".to_owned()),
        CallError::Net(_) => ReadError::Unreachable,
        CallError::Status { status: 503, .. } => ReadError::Maintenance,
        CallError::Status { status: 502 | 504 | 429, .. } => ReadError::Unreachable,
        CallError::Status { status, .. } => ReadError::Unexpected(format!("HTTP status {status}")),
        CallError::Shape => ReadError::Unexpected("not JSON".to_owned()),
        CallError::Refused { code, said, .. } => match code.as_str() {
            "sitemaintenance" | "upgraderunning" => ReadError::Maintenance,
            code if meaning(code) == Meaning::SignIn || is_password_due(code, said) => ReadError::SignIn,
            _ => ReadError::Refused(said.clone()),
        },
    }
}

impl From<CallError> for ReadError {
    fn from(error: CallError) -> Self {
        read(&error)
    }
}
