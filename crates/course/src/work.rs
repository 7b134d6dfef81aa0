//! What a learner made and wants sent: the unit of the outbox.
//!
//! A piece of work is immutable once sealed: a change is a new piece. It leaves the outbox only by a receipt or
//! by the learner's own decision on a refusal, and its text stays in either case.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::outline::Binding;
use crate::quiz::Response;
use crate::{AccountId, AttemptId, CourseId, Digest, ItemId, QuestionId, TimeMs, WorkId};

/// One sealed piece of work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Work {
    /// Made once on this computer.
    pub id: WorkId,
    /// In whose name it is sent; nobody's while it was sealed before a sign-in.
    pub account: AccountId,
    /// The course it was made in.
    pub course: CourseId,
    /// The item it was made for.
    pub item: ItemId,
    /// Where it goes; for nobody's work the first place it may go to.
    pub target: Binding,
    /// What it is.
    pub deed: Deed,
    /// When it was sealed.
    pub created: TimeMs,
}

/// What is sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Deed {
    /// A finished attempt with all its answers.
    QuizFinish {
        /// The attempt on this computer.
        attempt: AttemptId,
        /// The site's attempt id when one was already started there.
        remote_attempt: Option<String>,
        /// The answers.
        answers: Vec<Answer>,
        /// The learner has compared, and has it sent although questions or answers at the site are other ones.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        anyway: bool,
        /// What this computer knows of the site's side of the attempt.
        #[serde(default, skip_serializing_if = "SiteSide::is_empty")]
        side: SiteSide,
    },
    /// Work handed in.
    Submission {
        /// The text as plain text with line breaks; empty when only files are handed in.
        text: String,
        /// The files.
        files: Vec<WorkFile>,
        /// What the site held when the learner began (Moodle: `timemodified`); a difference is a conflict.
        base: Option<String>,
        /// The learner agreed to the site's statement with it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        agreed: bool,
    },
    /// A message in a discussion.
    Post {
        /// The post answered (the site's id); `None` opens a new thread.
        parent: Option<String>,
        /// Subject line.
        subject: String,
        /// Plain text with line breaks.
        text: String,
    },
    /// An item marked as done by the learner.
    Completion {
        /// Done or not.
        done: bool,
    },
}

/// What is known of an attempt at its site.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SiteSide {
    /// When the site ends it, by the site's clock.
    pub ends: Option<TimeMs>,
    /// Fields of the form as this computer last found or put them there: whatever differs is another device's.
    pub fields: BTreeMap<String, String>,
    /// When the answers up to `answers_of` were proven to be there.
    pub kept_at: Option<TimeMs>,
    /// The site takes no answers to it any more.
    pub ended: bool,
    /// The newest answer among them.
    pub answers_of: Option<TimeMs>,
    /// The site's form as last seen, in the connector's own words: with it a late finish goes out without a question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub form: Option<serde_json::Value>,
    /// The word a teacher gave out for the quiz; each call on the attempt needs it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
}

impl SiteSide {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// One answer within a finished attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The question on this computer.
    pub question: QuestionId,
    /// The site's number of the question, when known.
    pub slot: Option<u32>,
    /// The question's text without markup, to find it again where numbers moved.
    pub text: String,
    /// The answer.
    pub response: Response,
    /// The chosen choices' texts without markup (id -> text), to find them again where a site shuffles.
    pub labels: std::collections::BTreeMap<String, String>,
}

/// A file handed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkFile {
    /// Name for the teacher.
    pub name: String,
    /// The bytes, kept in the learner's own objects.
    pub digest: Digest,
    /// Size in bytes.
    pub size: u64,
    /// MIME type.
    pub media_type: String,
}

/// Where a piece of work stands. The states a learner sees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum WorkState {
    /// Saved here, not sent yet.
    Waiting,
    /// On its way.
    Sending,
    /// Sent, and the reply was lost; the site is asked before anything is sent again.
    InDoubt,
    /// Sent, the reply was lost, and the site cannot say whether it arrived. Nothing is sent again by itself: the
    /// learner is asked.
    Unclear,
    /// The site has it.
    Accepted {
        /// The proof.
        receipt: Receipt,
    },
    /// The site does not take it; the text is still here.
    Refused {
        /// Why.
        refusal: Refusal,
    },
}

/// The site's word that it has a piece of work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Receipt {
    /// The site's id for it.
    pub remote: String,
    /// When, by the site's clock.
    pub at: TimeMs,
    /// True where the site was found to have it already after a lost reply.
    pub found: bool,
    /// What the site holds differs from what was sent in this way; empty when it agrees.
    pub caveat: Option<Caveat>,
}

/// What to know about an accepted piece of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Caveat {
    /// It arrived after the closing time and the site kept only part of it.
    LateAnswersDropped,
    /// Some questions were not found at the site any more.
    QuestionsChanged,
    /// The site did not keep all files.
    FilesMissing,
    /// Text or files that were handed in earlier, and of which this had none, stay there beside it.
    EarlierKept,
    /// The site could not say it; the learner looked and said that it is there.
    OnLearnersWord,
}

/// Why the site does not take a piece of work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Refusal {
    /// The reason as a code.
    pub why: RefusalReason,
    /// The site's own words as plain text, shown as a quotation; may be empty.
    pub said: String,
    /// When, by the site's clock.
    pub at: TimeMs,
}

/// Reasons for a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum RefusalReason {
    /// Closed or past the last date.
    Closed,
    /// Not open yet.
    NotOpenYet,
    /// Handed in already and cannot be changed.
    AlreadySubmitted,
    /// No attempts left.
    NoAttemptsLeft,
    /// The attempt was finished elsewhere.
    FinishedElsewhere,
    /// The activity is gone or hidden.
    Gone,
    /// The learner may not do this.
    NotAllowed,
    /// Too long, too large or too many files.
    TooLarge,
    /// The site wants its statement agreed to first.
    StatementDue,
    /// Newer work is at the site; the learner decides.
    Conflict,
    /// Questions were changed at the site; the learner decides.
    QuestionsChanged,
    /// Something else; see the site's words.
    Other,
    /// The learner took it back before anything of it was sent.
    TakenBack,
}

/// What the last try that led to nothing ran into, for the learner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// The site was not reached.
    NotReached,
    /// The site asked for patience.
    AskedToWait,
    /// The reply got lost.
    ReplyLost,
    /// The program ended while it was being sent.
    Interrupted,
    /// The site did not say whether it is there.
    Untold,
    /// The site wants a new sign-in.
    SignIn,
}

/// Why a piece of work does not move just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Wait {
    /// Its site does not answer.
    Connection,
    /// The account must sign in again.
    SignIn,
    /// The connection costs money, and the learner lets nothing of this kind over it.
    CostsMoney,
    /// Earlier work for the same activity goes first.
    BehindAnother,
    /// The site named the time.
    SiteAsked,
    /// It was tried, and it is tried again at a set time.
    NextTry,
    /// Others go first; a matter of moments.
    Turn,
    /// The learner is asked.
    Learner,
}

/// How one try to send ended. Judged by the connector and nowhere else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// The site has it.
    Accepted(Receipt),
    /// The site does not take it.
    Refused(Refusal),
    /// The site is there and asks for patience; not before this instant when it says one.
    Later {
        /// Not before.
        not_before: Option<TimeMs>,
    },
    /// The account must sign in again; nothing was taken.
    SignIn,
    /// The request certainly did not reach the site.
    Unreachable,
    /// The request may have taken effect.
    Unknown,
}

/// What asking the site after a lost reply showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "settled", rename_all = "snake_case")]
pub enum Settled {
    /// It is there.
    Landed(Receipt),
    /// It is not there; sending again is safe.
    NotLanded,
    /// The site refuses it for good.
    Refused(Refusal),
    /// The site could not be asked: it was not reached, or its word got lost.
    CannotTell,
    /// The site was asked and did not say: broken, busy, or without the means for it.
    Untold,
    /// The account must sign in again first.
    SignIn,
}

/// What a lost reply allows for one kind of work at one site (the connector's knowledge).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resend {
    /// Sending it twice has no further effect: it is sent again without asking.
    Repeatable,
    /// The site can be asked whether it is there; it is sent again only after a "no".
    #[default]
    ReadBack,
    /// The site cannot be asked: only the learner can have it sent again.
    Neither,
}

impl Deed {
    /// Bytes to send, roughly: decides the lane.
    pub fn size(&self) -> u64 {
        match self {
            Self::QuizFinish { answers, .. } => answers.len() as u64 * 512,
            Self::Submission { text, files, .. } => {
                text.len() as u64 + files.iter().map(|f| f.size).sum::<u64>()
            }
            Self::Post { subject, text, .. } => (subject.len() + text.len()) as u64,
            Self::Completion { .. } => 64,
        }
    }
}
