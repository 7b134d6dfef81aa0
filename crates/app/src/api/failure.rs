//! What went wrong, as a code with facts. The UI says what happened, what is safe and what to do next.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A command that did not succeed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Failure {
    /// What went wrong.
    pub code: FailureCode,
    /// Names, sizes and hosts that belong to it.
    pub facts: BTreeMap<String, String>,
}

/// Everything that can go wrong, from a learner's point of view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum FailureCode {
    /// The address is not one (`address`).
    BadAddress,
    /// Nothing answers at the address (`address`).
    NotFound,
    /// Something answers, and it is no site Daypack knows (`address`).
    NotAnLms,
    /// The network wants its own sign-in page opened first.
    CaptivePortal,
    /// The site has switched off access for apps (`site`).
    ServiceOff,
    /// The site is being maintained (`site`).
    Maintenance,
    /// The site is too old (`address` or `site`).
    SiteTooOld,
    /// The address would send the password unprotected (`address`).
    InsecureAddress,
    /// Something answers at the address, and no encrypted connection came about (`address`).
    NoSafeConnection,
    /// There is no connection right now, or the site does not answer.
    Unreachable,
    /// Name or password is wrong.
    WrongPassword,
    /// The site wants a new password first.
    MustChangePassword,
    /// The site wants its rules accepted first.
    PolicyNotAgreed,
    /// The account is suspended.
    Suspended,
    /// The learner closed the window of the site's sign-in page.
    SignInCancelled,
    /// What came back from the site's sign-in page is not signed for this sign-in (`site`).
    SignInNotProven,
    /// The QR code was used already, is too old, or was made in another network.
    CodeSpent,
    /// This way needs a window.
    NoWindow,
    /// The account must sign in again (`account`).
    SignInNeeded,
    /// The sign-in is sealed and its key cannot be reached now; nobody is signed out.
    KeysLocked,
    /// Not the passphrase.
    WrongPassphrase,
    /// The passphrase is too short (`least`).
    ShortPassphrase,
    /// Nobody's work is open: a learner has to unlock theirs first.
    Locked,
    /// Not the recovery code.
    WrongCode,
    /// Somebody at this computer has this name already (`name`), or it is none.
    NameTaken,
    /// This folder's work cannot be sealed: it lies on a network, or links lead out of it.
    CannotSeal,
    /// Not while several people use this computer.
    NotWhileShared,
    /// Only where several people use this computer.
    NotShared,
    /// Other learners still have work here (`count`).
    NotAlone,
    /// The computer's keyring is locked.
    KeyringLocked,
    /// This computer has no keyring.
    KeyringUnavailable,
    /// The quiz has a password; `tried` is `true` when the one given was wrong.
    QuizPassword,
    /// The site refused (`said`).
    SiteRefused,
    /// The address holds no package library (`address`).
    NotALibrary,
    /// The file or folder is not there any more (`path`).
    FileMissing,
    /// Not a file Daypack can open (`what`, `name`).
    UnsupportedFile,
    /// The package is damaged or incomplete (`name`, `part`).
    BrokenPackage,
    /// The file is no archive of a learner's work (`name`).
    NotAnExport,
    /// The package's signature does not fit (`name`).
    WrongSignature,
    /// The package is signed by another key than before (`expected`, `found`).
    OtherKey,
    /// The package is older than the one already here (`have`, `found`).
    OlderVersion,
    /// The package needs a newer Daypack.
    NewerFormat,
    /// The disk is full (`needed`, `free`, in bytes).
    NoSpace,
    /// Another Daypack uses this data folder.
    InUse,
    /// Another computer has this data folder open (`host`).
    InUseElsewhere,
    /// The data was written by a newer Daypack.
    NewerDatabase,
    /// The learner's file is damaged and was left untouched (`path`).
    DamagedDatabase,
    /// There is no such course, item, attempt or work (`what`).
    Unknown,
    /// It was not taken along, and there is no connection.
    NotHere,
    /// It is on its way, or it may be: it cannot be taken back.
    OnItsWay,
    /// It can be worked at its site only, in the browser.
    OnlyThere,
    /// It must be started while connected (`item`).
    StartsOnline,
    /// Closed (`said`).
    Closed,
    /// No attempts left.
    NoAttemptsLeft,
    /// The attempt is finished and cannot be changed.
    AttemptFinished,
    /// Nothing was written and no file was added.
    NothingToSend,
    /// More files than allowed (`max`).
    TooManyFiles,
    /// The file is larger than allowed (`max`, in bytes).
    FileTooLarge,
    /// A file of a type that is not taken (`types`).
    FileTypeNotTaken,
    /// The text has more words than allowed (`max`, `count`).
    TooManyWords,
    /// The site's statement has to be agreed to first.
    StatementDue,
    /// This item is not connected to a site; nothing can be handed in.
    NowhereToSend,
    /// Several accounts could hand this in; the learner says which.
    WhichAccount,
    /// The site has to be asked, and nobody is signed in there (`site`).
    SignInFirst,
    /// Something is not at a school yet (`count`; `waiting`, `sending`, `in_doubt`, `refused`, `drafts`).
    HasUnsent,
    /// The input is not what the command takes (`why`).
    InvalidInput,
    /// There is no such command (`command`).
    UnknownCommand,
    /// A fault of Daypack itself (`why`).
    Internal,
}

impl Failure {
    /// A failure without facts.
    pub fn new(code: FailureCode) -> Self {
        Self { code, facts: BTreeMap::new() }
    }

    /// Adds a fact.
    #[must_use]
    pub fn fact(mut self, name: &str, value: impl ToString) -> Self {
        self.facts.insert(name.to_owned(), value.to_string());
        self
    }
}

impl From<FailureCode> for Failure {
    fn from(code: FailureCode) -> Self {
        Self::new(code)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {:?}", self.code, self.facts)
    }
}

impl std::error::Error for Failure {}
