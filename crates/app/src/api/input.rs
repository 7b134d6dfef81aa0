//! What commands take.

use daypack_course::outline::Tier;
use daypack_course::quiz::Response;
use daypack_course::{AccountId, AttemptId, CourseId, Digest, ItemId, QuestionId, SectionId, TimeMs, WorkId};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::downloads::{AllDeed, DownloadOrder};
use super::internet::NetworkWord;
use super::keys::KeysHow;
use super::study::Playing;
use super::work::Decision;

macro_rules! input {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $ty:ty),* $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
        #[serde(deny_unknown_fields)]
        pub struct $name { $($(#[$field_doc])* pub $field: $ty),* }
    )+};
}

input! {
    /// No input.
    Nothing {}
    /// A typed address.
    Address {
        /// As typed; `https://` is added where no scheme is given.
        address: String,
    }
    /// Name and password for a site.
    SignIn {
        /// The address that `site_check` returned.
        site: String,
        /// As typed.
        username: String,
        /// Never kept.
        password: String,
    }
    /// A site.
    Site {
        /// The address that `site_check` returned.
        site: String,
    }
    /// The text of a site's QR code.
    SignInCode {
        /// As scanned or pasted; never kept.
        text: String,
    }
    /// An account.
    AccountInput {
        /// Its id here.
        account: AccountId,
    }
    /// The one learner of until now becomes the first of several.
    ShareBegin {
        /// What the others see.
        name: String,
        /// Guards the work from now on.
        passphrase: String,
    }
    /// Another learner.
    LearnerAdd {
        /// What the others see.
        name: String,
        /// Guards their work.
        passphrase: String,
    }
    /// Opens a learner's work.
    LearnerUnlock {
        /// Id or name of the learner.
        learner: String,
        /// As typed.
        passphrase: String,
    }
    /// Opens a learner's work whose passphrase is forgotten.
    LearnerRecover {
        /// Id or name of the learner.
        learner: String,
        /// As typed; small letters, spaces and dashes as one likes.
        code: String,
        /// The new passphrase.
        passphrase: String,
    }
    /// A learner.
    LearnerInput {
        /// Id or name.
        learner: String,
    }
    /// Locks.
    LearnerLock {
        /// What was being typed is kept: nobody has to be asked for it.
        #[serde(default)]
        flushed: bool,
    }
    /// A passphrase for another.
    PassphraseChange {
        /// The one of until now.
        passphrase: String,
        /// From now on.
        new: String,
    }
    /// The open learner's passphrase, once more.
    Passphrase {
        /// As typed.
        passphrase: String,
    }
    /// When it locks by itself.
    ShareIdle {
        /// Minutes without a sign of the learner; 0 for never.
        minutes: u32,
    }
    /// A passphrase, where one guards the sign-ins.
    KeysUnlock {
        /// None asks the computer's keyring.
        #[serde(default)]
        passphrase: Option<String>,
    }
    /// How sign-ins are to be kept.
    KeysKeep {
        /// How.
        how: KeysHow,
        /// For `passphrase`; never kept.
        #[serde(default)]
        passphrase: String,
    }
    /// A package library.
    LibraryAddress {
        /// As typed; may end in `#key=<fingerprint>`.
        address: String,
    }
    /// A file or folder.
    PathInput {
        /// Absolute path.
        path: String,
    }
    /// A course.
    CourseInput {
        /// Which one.
        course: CourseId,
    }
    /// An item.
    ItemInput {
        /// Its course.
        course: CourseId,
        /// Which one.
        item: ItemId,
    }
    /// Work to hand in.
    HandIn {
        /// Its course.
        course: CourseId,
        /// For which item.
        item: ItemId,
        /// The learner agrees to the site's statement, where it has one.
        #[serde(default)]
        agreed: bool,
    }
    /// An offered course.
    OfferInput {
        /// `source` of the offer.
        source: String,
        /// `id` of the offer.
        id: String,
    }
    /// What to take along.
    TakeAlong {
        /// The course.
        course: CourseId,
        /// Only this section.
        #[serde(default)]
        section: Option<SectionId>,
        /// Only this item.
        #[serde(default)]
        item: Option<ItemId>,
        /// Size of lectures; the setting when not given.
        #[serde(default)]
        tier: Option<Tier>,
    }
    /// Part of what is or was taken along.
    TakeScope {
        /// The course.
        course: CourseId,
        /// Only this item.
        #[serde(default)]
        item: Option<ItemId>,
    }
    /// An order of downloads.
    DownloadsOrder {
        /// Which.
        order: DownloadOrder,
    }
    /// A course or an item at another place in the queue.
    DownloadsMove {
        /// The course.
        course: CourseId,
        /// Only this item, within its course.
        #[serde(default)]
        item: Option<ItemId>,
        /// The place it is to have, from 0; beyond the end counts as the end.
        to: u32,
    }
    /// Something for all downloads.
    DownloadsAll {
        /// What.
        deed: AllDeed,
    }
    /// A size of lectures for a course.
    DownloadsTier {
        /// The course.
        course: CourseId,
        /// Which size.
        tier: Tier,
    }
    /// A rule for one network.
    NetworkSave {
        /// Its id.
        network: String,
        /// Bytes that downloads may use in a month; none: as many as they need.
        #[serde(default)]
        budget: Option<u64>,
        /// Downloads may use it although it costs money.
        #[serde(default)]
        always: bool,
    }
    /// A word on a network that costs money.
    NetworkSays {
        /// Its id.
        network: String,
        /// What.
        word: NetworkWord,
    }
    /// Something was watched.
    WatchedInput {
        /// Its course.
        course: CourseId,
        /// Which item.
        item: ItemId,
        /// Where the learner is now, in milliseconds.
        position_ms: u64,
        /// Speed, 0.5 to 3.
        rate: f64,
        /// What was played since the last report, `[from, to)` in milliseconds.
        intervals: Vec<(u64, u64)>,
    }
    /// Something was read.
    ReadingPlace {
        /// Its course.
        course: CourseId,
        /// Which item.
        item: ItemId,
        /// 0 to 1.
        fraction: f64,
    }
    /// The learner's word that an item is done.
    DoneMark {
        /// Its course.
        course: CourseId,
        /// Which item.
        item: ItemId,
        /// Done or not.
        done: bool,
    }
    /// A moment to mark in a lecture, or a change of such a mark.
    BookmarkPut {
        /// Its course.
        course: CourseId,
        /// Which lecture.
        item: ItemId,
        /// Which mark; `None` for a new one. One that was taken away comes back.
        id: Option<String>,
        /// From the start of the lecture, in milliseconds.
        at_ms: u64,
        /// The learner's words; may be empty.
        text: String,
    }
    /// A mark to take away.
    BookmarkRemove {
        /// Which.
        id: String,
    }
    /// How lectures of a course are played from now on.
    PlayingSave {
        /// Which course.
        course: CourseId,
        /// How.
        playing: Playing,
    }
    /// A question to come back to, or not any more.
    QuestionFlag {
        /// In which attempt.
        attempt: AttemptId,
        /// Which question.
        question: QuestionId,
        /// To come back to.
        on: bool,
    }
    /// An answer.
    ResponseSave {
        /// Which attempt.
        attempt: AttemptId,
        /// Which question.
        question: QuestionId,
        /// The answer.
        response: Response,
    }
    /// An attempt.
    AttemptInput {
        /// Which one.
        attempt: AttemptId,
    }
    /// A quiz whose password the teacher gave out.
    StartWithPassword {
        /// Its course.
        course: CourseId,
        /// Which item.
        item: ItemId,
        /// As typed; kept as long as the attempt runs, since each call on it asks for it again.
        password: String,
    }
    /// Text being written.
    DraftSave {
        /// Its course.
        course: CourseId,
        /// Which item.
        item: ItemId,
        /// `text` for an assignment; `new` or `reply:<post>` for a discussion; `subject` for a new thread.
        slot: String,
        /// The whole text.
        text: String,
    }
    /// A file to add.
    FileAttach {
        /// Its course.
        course: CourseId,
        /// Which item.
        item: ItemId,
        /// Absolute path.
        path: String,
    }
    /// A file to take off.
    FileDetach {
        /// Its course.
        course: CourseId,
        /// Which item.
        item: ItemId,
        /// Which file.
        digest: Digest,
    }
    /// A message for a discussion.
    PostSend {
        /// Its course.
        course: CourseId,
        /// Which item.
        item: ItemId,
        /// The post answered; none opens a new thread.
        #[serde(default)]
        parent: Option<String>,
        /// Subject line.
        subject: String,
        /// The text.
        text: String,
    }
    /// A piece of work.
    WorkInput {
        /// Which one.
        work: WorkId,
    }
    /// A decision on a piece of work.
    WorkDecide {
        /// Which one.
        work: WorkId,
        /// What.
        decision: Decision,
    }
    /// A receipt to write.
    ReceiptExport {
        /// Of which work.
        work: WorkId,
        /// Into which folder; absolute path.
        folder: String,
        /// Words for its headings, by name; the names themselves where they are missing.
        #[serde(default)]
        words: std::collections::BTreeMap<String, String>,
    }
    /// Feedback.
    FeedbackInput {
        /// Which one.
        feedback: String,
    }
    /// The answer to "keep this": it is on disk.
    Saved {
        /// When.
        at: TimeMs,
    }
}
