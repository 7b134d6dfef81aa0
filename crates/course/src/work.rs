//! What a learner made and wants sent: the unit of the outbox.
//!
//! A piece of work is immutable once sealed: a change is a new piece. It leaves the outbox only by a receipt or
//! by the learner's own decision on a refusal, and its text stays in either case.

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
    /// In whose name it is sent.
    pub account: AccountId,
    /// The course it was made in.
    pub course: CourseId,
    /// The item it was made for.
    pub item: ItemId,
    /// Where it goes.
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
    },
    /// Work handed in.
    Submission {
        /// The text as plain text with line breaks; empty when only files are handed in.
        text: String,
        /// The files.
        files: Vec<WorkFile>,
        /// What the site held when the learner began (Moodle: `timemodified`); a difference is a conflict.
        base: Option<String>,
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

/// Where a piece of work stands. The five states a learner sees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum WorkState {
    /// Saved here, not sent yet.
    Waiting,
    /// On its way.
    Sending,
    /// Sent, and the reply was lost; the site is asked before anything is sent again.
    InDoubt,
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
    /// Newer work is at the site; the learner decides.
    Conflict,
    /// Something else; see the site's words.
    Other,
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
    /// The site could not be asked.
    CannotTell,
    /// The account must sign in again first.
    SignIn,
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

    /// Whether sending twice has no further effect at the site.
    pub fn is_repeatable(&self) -> bool {
        match self {
            Self::Completion { .. } => true,
            Self::QuizFinish { .. } | Self::Submission { .. } | Self::Post { .. } => false,
        }
    }
}
