//! What every connector can be asked, and what it answers with. Plain values; no database, no UI.
//!
//! A connector translates and judges; it never stores, retries on its own account or reads a wall clock beyond
//! the site's `Date`. `send` may be called again after a crash with the step log it saved: it looks before it
//! repeats anything.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use daypack_course::feedback::Feedback;
use daypack_course::grades::Gradebook;
use daypack_course::outline::{Asset, Binding, Course};
use daypack_course::quiz::{Question, Response};
use daypack_course::work::{Answer, Deed, Outcome, Refusal, Resend, Settled, SiteSide, Work};
use daypack_course::{AccountId, AssetId, Digest, QuestionId, TimeMs};
use serde::{Deserialize, Serialize};

pub use crate::moodle::files::Download;
use crate::net::{FileBytes, Secret};

/// An answer on its way.
pub type Answering<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The kinds of sites Daypack talks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SiteKind {
    /// Moodle 4 and later, with the mobile web service.
    Moodle,
}

/// Who asks, and where.
#[derive(Clone, Debug)]
pub struct Session {
    /// The account on this computer.
    pub account: AccountId,
    /// Address of the site, without trailing slash.
    pub site: String,
    /// The site's id of the user.
    pub remote_user: String,
    /// The token.
    pub token: Secret,
}

/// A site that can be signed in to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteFound {
    /// Its address, as to be kept.
    pub site: String,
    /// Its own name; never empty.
    pub name: String,
    /// What it is.
    pub kind: SiteKind,
    /// How one signs in.
    pub sign_in: SignInWays,
    /// A word of the site for those who sign in, as plain text; may be empty.
    pub notice: String,
}

/// How one signs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInWays {
    /// Name and password are taken here.
    pub password: bool,
    /// On a page of the site; the only way where `password` is not.
    pub page: Option<Launch>,
}

/// The page of a site on which one signs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    /// Its address.
    pub address: String,
    /// What the site calls its own address: its signature is over this.
    pub root: String,
}

/// Why an address is not a usable site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SiteError {
    /// Not an address.
    #[error("not an address")]
    BadAddress,
    /// No such host, or nobody answers there.
    #[error("nothing found at this address")]
    NotFound,
    /// Something answers, and it is no site Daypack knows.
    #[error("not a learning site")]
    NotAnLms,
    /// The network wants a sign-in of its own first.
    #[error("the network wants a sign-in first")]
    CaptivePortal,
    /// The site does not let apps in.
    #[error("the site does not let apps in")]
    ServiceOff,
    /// The site is being worked on.
    #[error("the site is under maintenance")]
    Maintenance,
    /// The site is older than what Daypack can talk to.
    #[error("the site is too old")]
    TooOld,
    /// Not over an encrypted connection.
    #[error("the connection would not be secure")]
    Insecure,
    /// Something answers, and no encrypted connection came about: a certificate that does not fit, a clock that is
    /// wrong, a network that cuts it, or a server without encryption.
    #[error("no encrypted connection came about")]
    NoSafeConnection,
    /// The connection broke or timed out.
    #[error("the site was not reached")]
    Unreachable,
}

/// An account, after signing in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAccount {
    /// Address of the site.
    pub site: String,
    /// The site's own name.
    pub site_name: String,
    /// User name there.
    pub username: String,
    /// Full name there.
    pub full_name: String,
    /// The site's id of the user.
    pub remote_user: String,
}

/// Why signing in did not work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    /// Name or password is wrong (or the user is suspended: the site does not say which).
    #[error("name or password is wrong")]
    WrongPassword,
    /// A new password must be set at the site first.
    #[error("a new password must be set first")]
    MustChangePassword,
    /// The site's policy must be agreed to first.
    #[error("the site's policy must be agreed to first")]
    Policy,
    /// The user may not use the site at present.
    #[error("the user is suspended")]
    Suspended,
    /// The site does not let apps in.
    #[error("the site does not let apps in")]
    ServiceOff,
    /// The site is being worked on.
    #[error("the site is under maintenance")]
    Maintenance,
    /// The site was not reached.
    #[error("the site was not reached")]
    Unreachable,
    /// The network wants a sign-in of its own first.
    #[error("the network wants a sign-in first")]
    Portal,
    /// What came back from the site's page is not signed for this sign-in.
    #[error("not signed for this sign-in")]
    NotProven,
    /// The QR code was used already, is older than it may be, or was made in another network.
    #[error("the code is not valid any more")]
    CodeSpent,
    /// The site is older than what Daypack can talk to.
    #[error("the site is too old")]
    TooOld,
    /// The site's own words, as plain text.
    #[error("{0}")]
    Other(String),
}

/// A course the learner is enrolled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CourseOffer {
    /// The course's id at the site.
    pub remote: String,
    /// Shown title.
    pub title: String,
    /// Plain text.
    pub summary: String,
    /// A picture at the site, without any token.
    pub image: Option<String>,
}

/// Why a question to the site was not answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The site was not reached, or the connection broke.
    #[error("the site was not reached")]
    Unreachable,
    /// The network wants a sign-in of its own first.
    #[error("the network wants a sign-in first")]
    Portal,
    /// The account must sign in again.
    #[error("the account must sign in again")]
    SignIn,
    /// The site is being worked on.
    #[error("the site is under maintenance")]
    Maintenance,
    /// The site's own words, as plain text.
    #[error("the site refuses: {0}")]
    Refused(String),
    /// An answer that makes no sense.
    #[error("an answer that makes no sense: {0}")]
    Unexpected(String),
}

/// Why a file did not come.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The site was not reached.
    #[error("the site was not reached")]
    Unreachable,
    /// Nothing came for too long, or the connection broke: go on later from where it stopped.
    #[error("the connection went silent")]
    Stalled,
    /// The file is not what it was when the first part came: begin again.
    #[error("the file has changed")]
    Changed,
    /// The network wants a sign-in of its own first.
    #[error("the network wants a sign-in first")]
    Portal,
    /// The account must sign in again.
    #[error("the account must sign in again")]
    SignIn,
    /// The site is being worked on, or asks for patience.
    #[error("the site asks for patience")]
    Later,
    /// The file is gone.
    #[error("the file is gone")]
    NotFound,
    /// The site's own words, as plain text.
    #[error("the site refuses: {0}")]
    Refused(String),
    /// What came cannot be proven to be the file.
    #[error("what came is not the file")]
    NotAFile,
}

/// An attempt at a quiz, started at the site.
#[derive(Clone, Debug, PartialEq)]
pub struct StartedQuiz {
    /// The site's id of the attempt.
    pub remote_attempt: String,
    /// All questions, in order.
    pub questions: Vec<Question>,
    /// Answers that were there already, e.g. of another device.
    pub answers: BTreeMap<QuestionId, Response>,
    /// Pictures in them.
    pub files: Vec<QuizFile>,
    /// What is known of the site's side.
    pub side: SiteSide,
}

/// What came of keeping answers at the site while the attempt runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeptAnswers {
    /// What the site holds of ours now, read back.
    pub fields: BTreeMap<String, String>,
    /// Numbers of questions where the site holds another device's answer; ours was not sent.
    pub others: Vec<u32>,
    /// Numbers of questions whose answer was sent and is not there.
    pub missed: Vec<u32>,
    /// The attempt takes no answers any more.
    pub ended: bool,
    /// The site's clock at the last look.
    pub at: Option<TimeMs>,
}

/// A file a question uses.
#[derive(Clone, Debug, PartialEq)]
pub struct QuizFile {
    /// As the question writes it.
    pub written: String,
    /// Name within the course.
    pub id: AssetId,
    /// The file.
    pub asset: Asset,
}

/// Why an attempt was not started.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// It can be worked in the browser only.
    #[error("it works in the browser only")]
    OnlyThere,
    /// The site does not start it.
    #[error("the site does not start it ({:?})", .0.why)]
    Refused(Refusal),
    /// The quiz has a password, which the teacher gives out.
    #[error("the quiz has a password")]
    Password {
        /// One was given, and it was not right.
        tried: bool,
    },
    /// The question was not answered; asking again is safe.
    #[error("{0}")]
    Read(#[from] ReadError),
}

/// What is new at a site.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct News {
    /// The learner's courses; `None` where the site did not say or named none, which proves nothing.
    pub offers: Option<Vec<CourseOffer>>,
    /// What changed, for each course that was asked about.
    pub courses: std::collections::BTreeMap<String, Told>,
    /// The site's clock before anything of this was looked up.
    pub server_now: TimeMs,
}

/// A site's word on what changed in a course.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// Activities that changed, by id. What is gone is not named.
    Changed(std::collections::BTreeMap<String, Changed>),
    /// The site does not say.
    Refused,
}

/// What changed in an activity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// Grades, comments, posts, attempts; and whatever is not understood.
    pub work: bool,
    /// Its files or its text.
    pub content: bool,
    /// Its name, dates or rules.
    pub settings: bool,
}

/// What came back for a set of activities.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pulled {
    /// Grades and comments.
    pub feedback: Vec<Feedback>,
    /// Posts, for each discussion that was asked for.
    pub posts: Vec<(Binding, Vec<PostView>)>,
    /// What the site holds of the learner's own submissions.
    pub submissions: Vec<(Binding, SubmissionView)>,
    /// The site's clock.
    pub server_now: TimeMs,
}

/// A message in a discussion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostView {
    /// The site's id.
    pub id: String,
    /// The site's id of the post answered.
    pub parent: Option<String>,
    /// The site's id of the thread.
    pub thread: String,
    /// Subject line, plain text.
    pub subject: String,
    /// Full name as the site shows it.
    pub author: String,
    /// The text as HTML (cleaned before it is shown).
    pub html: String,
    /// When.
    pub at: TimeMs,
    /// Whether this learner may answer it.
    #[serde(default = "yes")]
    pub can_reply: bool,
    /// The work it was sent as, when it was sent by Daypack.
    pub work: Option<String>,
}

fn yes() -> bool {
    true
}

/// What the site holds of a submission.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SubmissionView {
    /// `new`, `draft`, `submitted`, `reopened`: the site's word.
    pub status: String,
    /// Changes with each change: the `base` of the next submission. `None` when nothing is there.
    pub base: Option<String>,
    /// The text, plain.
    pub text: String,
    /// Names of the files.
    pub files: Vec<String>,
    /// Whether it can be changed.
    pub can_edit: bool,
    /// When it was last changed, by the site's clock.
    pub at: Option<TimeMs>,
    /// A later last date for this learner alone.
    pub extension: Option<TimeMs>,
}

/// What the site holds in the place of a piece of work, to be read beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SiteVersion {
    /// When it was last changed, by the site's clock.
    pub at: Option<TimeMs>,
    /// The `base` a newer submission builds on; `None` where the site has no such mark.
    pub base: Option<String>,
    /// Question (may be empty) and what is held there, both plain.
    pub lines: Vec<(String, String)>,
    /// Names of the files.
    pub files: Vec<String>,
    /// The site says that there is something and does not show it.
    pub hidden: bool,
}

/// How far sending got; saved before each step that has an effect. Serialise as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StepLog {
    /// The site's attempt.
    pub attempt: Option<String>,
    /// A step with an effect was begun, and its reply was not seen.
    pub risky: bool,
    /// The fields sent with the finish, to be found again in the review.
    pub sent: std::collections::BTreeMap<String, String>,
    /// Questions of the work that were not found at the site.
    pub missing: bool,
}

/// What a connector needs of its caller while sending.
pub trait Desk: Send + Sync {
    /// Keeps the log for good before the next step. An error stops the sending before that step.
    fn save(&self, log: &StepLog) -> std::io::Result<()>;
    /// The bytes of a file handed in; `None` when it is not here. (In a sealed folder no file holds them as they are.)
    fn file(&self, digest: &Digest) -> Option<FileBytes>;
    /// The site's clock as it stands now; `None` before its first answer.
    fn site_now(&self) -> Option<TimeMs> {
        None
    }
}

/// The way to a file: whom to ask, and over which lines.
#[derive(Clone)]
pub struct Way {
    /// Address, without what is secret.
    pub url: url::Url,
    /// A query parameter for that address's origin.
    pub secret: Option<(String, Secret)>,
    /// Lines that know what this kind of site says instead of a file.
    pub transport: Arc<dyn crate::Transport>,
    /// What it said last instead of the file, in the words of a connector.
    pub said: Said,
}

/// What a site said instead of a file.
#[derive(Clone, Debug, Default)]
pub struct Said(Arc<std::sync::Mutex<Option<FetchError>>>);

impl Said {
    /// What was said last.
    pub fn last(&self) -> Option<FetchError> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    pub(crate) fn note(&self, error: Option<FetchError>) {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = error;
    }
}

/// A file among the learner's own at the site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnFile {
    /// Its name.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// Changes with the file; in seconds, by the site's clock.
    pub changed: i64,
    /// Address without any token.
    pub url: String,
}

/// Why the learner's own files were not listed or written. None of it says anything about the sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OwnFileError {
    /// The site was not reached, or asks for patience.
    #[error("the site was not reached")]
    Unreachable,
    /// The site does not let apps do this, or not this learner.
    #[error("the site has no place for own files")]
    Unavailable,
    /// The learner's space is used up.
    #[error("the space for own files is full")]
    Full,
}

/// What every connector can be asked.
pub trait Connector: Send + Sync {
    /// What it talks to.
    fn kind(&self) -> SiteKind;
    /// Looks at a typed address.
    fn probe<'a>(&'a self, address: &'a str) -> Answering<'a, Result<SiteFound, SiteError>>;
    /// Signs in with name and password.
    fn sign_in<'a>(
        &'a self,
        site: &'a str,
        username: &'a str,
        password: &'a Secret,
    ) -> Answering<'a, Result<(NewAccount, Secret), SignInError>>;
    /// The page of the site on which one signs in, for this one sign-in. `passport` is by chance and used once.
    fn launch_page(&self, launch: &Launch, passport: &Secret) -> Option<url::Url>;
    /// Signs in by the address at which that page ended.
    fn launched<'a>(
        &'a self,
        site: &'a str,
        launch: &'a Launch,
        passport: &'a Secret,
        address: &'a Secret,
    ) -> Answering<'a, Result<(NewAccount, Secret), SignInError>>;
    /// Signs in by the key of the site's QR code for the user of that id.
    fn sign_in_by_code<'a>(
        &'a self,
        site: &'a str,
        key: &'a Secret,
        user: &'a str,
    ) -> Answering<'a, Result<(NewAccount, Secret), SignInError>>;
    /// Who a token belongs to, e.g. one that came from the browser.
    fn who<'a>(&'a self, site: &'a str, token: &'a Secret) -> Answering<'a, Result<NewAccount, SignInError>>;
    /// The learner's courses. An empty list is no proof that there are none.
    fn courses<'a>(&'a self, session: &'a Session) -> Answering<'a, Result<Vec<CourseOffer>, ReadError>>;
    /// One course.
    fn outline<'a>(
        &'a self,
        session: &'a Session,
        remote: &'a str,
    ) -> Answering<'a, Result<Course, ReadError>>;
    /// Opens a file of the site from byte `from` on; `validator` is what the first part came with.
    fn fetch<'a>(
        &'a self,
        session: &'a Session,
        url: &'a str,
        from: u64,
        validator: Option<&'a str>,
    ) -> Answering<'a, Result<Download, FetchError>>;
    /// The way to a file of the site, for whoever brings it over several connections.
    fn way(&self, session: &Session, url: &str) -> Result<Way, FetchError>;
    /// Whether a file of the site is still the one with this SHA-1 (hexadecimal); no bytes of it are fetched. `false`
    /// also where the site cannot tell.
    fn is_same_file<'a>(
        &'a self,
        session: &'a Session,
        url: &'a str,
        sha1: &'a str,
    ) -> Answering<'a, Result<bool, FetchError>>;
    /// Starts an attempt, or takes up the one that is open.
    fn start_quiz<'a>(
        &'a self,
        session: &'a Session,
        quiz: &'a Binding,
        password: Option<&'a str>,
    ) -> Answering<'a, Result<StartedQuiz, StartError>>;
    /// Keeps the answers of a running attempt at the site; questions on `pages`, all when empty. Repeatable.
    fn keep_answers<'a>(
        &'a self,
        session: &'a Session,
        attempt: &'a str,
        answers: &'a [Answer],
        pages: &'a [u32],
        side: &'a SiteSide,
    ) -> Answering<'a, Result<KeptAnswers, ReadError>>;
    /// Sends a piece of work.
    fn send<'a>(
        &'a self,
        session: &'a Session,
        work: &'a Work,
        log: &'a mut StepLog,
        desk: &'a dyn Desk,
    ) -> Answering<'a, Outcome>;
    /// What a lost reply to this allows. Asks nobody.
    fn resend(&self, deed: &Deed) -> Resend;
    /// What the site holds in the place of this work, for the learner to compare. Changes nothing at the site.
    fn site_version<'a>(
        &'a self,
        session: &'a Session,
        work: &'a Work,
        log: &'a StepLog,
    ) -> Answering<'a, Result<SiteVersion, ReadError>>;
    /// Finds out what became of a piece of work whose reply was lost. Changes nothing at the site.
    fn settle<'a>(&'a self, session: &'a Session, work: &'a Work, log: &'a StepLog)
    -> Answering<'a, Settled>;
    /// What is new: the learner's courses, and what changed in these since an instant of the site's clock. As few
    /// requests as the site allows.
    fn news<'a>(
        &'a self,
        session: &'a Session,
        since: &'a [(String, TimeMs)],
    ) -> Answering<'a, Result<News, ReadError>>;
    /// What came back for these activities.
    fn pull<'a>(
        &'a self,
        session: &'a Session,
        about: &'a [Binding],
    ) -> Answering<'a, Result<Pulled, ReadError>>;
    /// The learner's grades in a course, by its id at the site.
    fn grades<'a>(
        &'a self,
        session: &'a Session,
        course: &'a str,
    ) -> Answering<'a, Result<Gradebook, ReadError>>;
    /// The learner's own files at the site, those at the top.
    fn own_files<'a>(&'a self, session: &'a Session) -> Answering<'a, Result<Vec<OwnFile>, OwnFileError>>;
    /// Writes a small file there; one of the same name is replaced. Repeatable.
    fn own_file_put<'a>(
        &'a self,
        session: &'a Session,
        name: &'a str,
        bytes: Vec<u8>,
    ) -> Answering<'a, Result<(), OwnFileError>>;
}

/// A shared connector.
pub type AnyConnector = Arc<dyn Connector>;
