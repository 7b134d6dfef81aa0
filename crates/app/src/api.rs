//! The one list of commands and the one list of events.
//!
//! The dispatcher, `daypack commands`, the TypeScript types and the shell's permissions all come from here;
//! nobody keeps a second list. Rust returns codes and facts; the UI owns all wording.

pub mod door;
pub mod downloads;
pub mod event;
pub mod failure;
pub mod follow;
pub mod input;
pub mod internet;
pub mod keys;
pub mod near;
pub mod opening;
pub mod outline;
pub mod receiver;
pub mod status;
pub mod study;
pub mod takeout;
pub mod types;
pub mod work;

pub use event::Event;
pub use failure::{Failure, FailureCode};

use serde_json::Value;

use crate::{App, Door};
use door::*;
use downloads::DownloadsView;
use follow::*;
use input::*;
use internet::{InternetRules, InternetView};
use near::*;
use opening::*;
use outline::*;
use receiver::*;
use status::*;
use study::*;
use takeout::*;
use work::*;

/// One command of the list.
#[derive(Clone, Copy, Debug)]
pub struct CommandInfo {
    /// Name as called.
    pub name: &'static str,
    /// What it does.
    pub doc: &'static str,
    /// Name of the input type.
    pub input: &'static str,
    /// Name of the output type.
    pub output: &'static str,
}

macro_rules! commands {
    (
        door: { $( $(#[doc = $door_doc:literal])+ $door_name:ident($door_input:ty) -> $door_output:ty; )+ }
        $( $(#[doc = $doc:literal])+ $name:ident($input:ty) -> $output:ty; )+
    ) => {
        /// Every command, in the order of the list.
        pub const COMMANDS: &[CommandInfo] = &[$( CommandInfo {
            name: stringify!($door_name),
            doc: concat!($($door_doc),+),
            input: stringify!($door_input),
            output: stringify!($door_output),
        } ),+, $( CommandInfo {
            name: stringify!($name),
            doc: concat!($($doc),+),
            input: stringify!($input),
            output: stringify!($output),
        } ),+];

        /// Runs the command `name` of the door, or of the work that is open behind it.
        pub async fn dispatch_at(door: &Door, name: &str, input: Value) -> Result<Value, Failure> {
            match name {
                $( stringify!($door_name) => {
                    let input: $door_input = taken(input)?;
                    let output: $door_output = door.$door_name(input).await?;
                    given(&output)
                } )+
                _ => door.at_desk(name, input).await,
            }
        }

        /// Runs the command `name` on open work with `input` as JSON (`null` counts as `{}`). The door's commands are
        /// not known here.
        pub async fn dispatch(app: &App, name: &str, input: Value) -> Result<Value, Failure> {
            match name {
                $( stringify!($name) => {
                    let input: $input = taken(input)?;
                    let output: $output = app.$name(input).await?;
                    given(&output)
                } )+
                _ => Err(Failure::new(FailureCode::UnknownCommand).fact("command", name)),
            }
        }

        /// The TypeScript file: every type of the list and the map of commands.
        pub fn typescript() -> String {
            let mut out = types::Collector::new();
            $( out.add::<$door_input>(); out.add::<$door_output>(); )+
            $( out.add::<$input>(); out.add::<$output>(); )+
            out.add::<Event>();
            out.add::<Failure>();
            out.finish(&[
                $( (stringify!($door_name), concat!($($door_doc),+), out_name::<$door_input>(), out_name::<$door_output>()) ),+,
                $( (stringify!($name), concat!($($doc),+), out_name::<$input>(), out_name::<$output>()) ),+
            ])
        }
    };
}

/// A command's input.
fn taken<T: serde::de::DeserializeOwned>(input: Value) -> Result<T, Failure> {
    let input = if input.is_null() { Value::Object(serde_json::Map::new()) } else { input };
    serde_json::from_value(input)
        .map_err(|e| Failure::new(FailureCode::InvalidInput).fact("why", e.to_string()))
}

/// A command's output.
fn given<T: serde::Serialize>(output: &T) -> Result<Value, Failure> {
    serde_json::to_value(output).map_err(|e| Failure::new(FailureCode::Internal).fact("why", e.to_string()))
}

fn out_name<T: ts_rs::TS>() -> String {
    T::name(&types::config())
}

commands! {
    door: {
        /// Who uses this computer, and whose work is open.
        door(Nothing) -> DoorView;
        /// From now on several people use this computer: seals the work that is here under a passphrase. The recovery
        /// code is answered this once.
        share_begin(ShareBegin) -> NewCode;
        /// Adds a learner, whose work stays locked. The recovery code is answered this once.
        learner_add(LearnerAdd) -> NewCode;
        /// Opens a learner's work; that of another is locked first.
        learner_unlock(LearnerUnlock) -> DoorView;
        /// Opens a learner's work by the recovery code and gives it a new passphrase.
        learner_recover(LearnerRecover) -> DoorView;
        /// Keeps what is being typed, closes the open work and forgets its key.
        learner_lock(LearnerLock) -> DoorView;
        /// The learner is there: it does not lock by itself for a while.
        learner_here(Nothing) -> DoorView;
        /// Guards the open work by another passphrase; the recovery code stays.
        passphrase_change(PassphraseChange) -> DoorView;
        /// Makes a new recovery code for the open work; the old one is worth nothing from then on.
        code_new(Passphrase) -> NewCode;
        /// A learner has written the recovery code down.
        code_kept(LearnerInput) -> DoorView;
        /// After how many minutes it locks by itself.
        share_idle(ShareIdle) -> DoorView;
        /// One person uses this computer again: unseals the open work. Refused while others have work here.
        share_end(Passphrase) -> DoorView;
    }

    /// The state of the program: link, accounts, counts, settings, where the learner was.
    app_status(Nothing) -> AppStatus;
    /// How opening the data folder stands, and the courses, before anything else can be asked.
    opening(Nothing) -> OpeningView;
    /// Keeps the learner's settings.
    settings_save(Settings) -> Saved;
    /// The learner has read what was got back.
    recovered_seen(Nothing) -> AppStatus;
    /// Whether progress follows the learner to other computers, and how it stands.
    follow(Nothing) -> FollowView;
    /// Keeps where the learner is, so that a new start opens there.
    place_save(Place) -> Saved;

    /// Looks whether an address is a site Daypack can work with.
    site_check(Address) -> SiteFound;
    /// Signs in with name and password.
    sign_in(SignIn) -> AccountView;
    /// Signs in on the site's own page, in a window of its own; answers when that window is done. `sign_in_cancelled`
    /// when the learner closed it.
    sign_in_page(Site) -> AccountView;
    /// Closes the window of a site's sign-in page.
    sign_in_stop(Nothing) -> Saved;
    /// Signs in by the text of a site's QR code.
    sign_in_code(SignInCode) -> AccountView;
    /// Reads the file in which a school wrote the address of its site.
    school_file(PathInput) -> SchoolFile;
    /// Asks a site whether what it had against an account is over; then what waits goes on.
    account_check(AccountInput) -> AppStatus;
    /// Forgets a sign-in; work and courses stay. Refused in one step while something is not at the school yet.
    sign_out(SignOut) -> AppStatus;
    /// Opens the key that sign-ins are sealed under: by the keyring, or by a passphrase.
    keys_unlock(KeysUnlock) -> AppStatus;
    /// Keeps sign-ins another way from now on.
    keys_keep(KeysKeep) -> AppStatus;
    /// Gives up sign-ins whose key cannot be had; work and courses stay.
    keys_forget(Nothing) -> AppStatus;
    /// Adds a library of course packages by address.
    library_add(LibraryAddress) -> LibraryAdded;
    /// Opens a package, a cartridge or a folder from this computer or a USB stick.
    open_path(PathInput) -> Opened;
    /// Opens the course that comes with Daypack; needs no network.
    look_around(Nothing) -> CourseInput;

    /// Sharing downloads with computers nearby: the choice, who is near, what was given and got.
    near(Nothing) -> NearView;
    /// Turns sharing with computers nearby on or off, and sets how fast others are given.
    near_save(NearSave) -> NearView;
    /// Takes in the address of a computer nearby, where computers do not find each other.
    near_add(NearAddress) -> NearView;

    /// Courses on this computer and what sites and libraries offer.
    library(Nothing) -> LibraryView;
    /// Asks all sites and libraries again what they offer.
    offers_refresh(Nothing) -> LibraryView;
    /// Brings an offered course's outline here.
    course_add(OfferInput) -> CourseInput;
    /// Removes a course from this computer; what was made in it stays. Refused in one step while something of it is
    /// not at the school yet.
    course_remove(CourseRemove) -> LibraryView;
    /// A course's outline with the state of each item.
    course(CourseInput) -> CourseView;

    /// Takes a course, a section or an item along for offline use.
    take_along(TakeAlong) -> CourseView;
    /// Pauses what is being taken along.
    take_pause(TakeScope) -> CourseView;
    /// Goes on where it stopped.
    take_resume(TakeScope) -> CourseView;
    /// Frees the space of an item or course; never touches the learner's work.
    take_remove(TakeScope) -> CourseView;
    /// The learner has seen what changed in a course.
    course_changes_seen(CourseInput) -> CourseView;
    /// Asks whether a library has a newer version of a course, and what it would cost. Nothing is changed.
    course_newer(CourseInput) -> CourseNewer;
    /// Asks for a newer version of a course from a library; of what was taken along only what changed is fetched.
    course_update(CourseInput) -> CourseUpdated;
    /// Reads all files of courses again; of damaged ones only the damaged pieces are fetched.
    files_check(Nothing) -> FilesChecked;
    /// How far that is.
    files_checking(Nothing) -> FilesChecking;
    /// Stops it; what was found so far is mended.
    files_check_stop(Nothing) -> FilesChecking;
    /// Folders, sticks and files whose packages are asked before the network is.
    mirror_list(Nothing) -> MirrorsView;
    /// Adds one; it need not be plugged in later on.
    mirror_add(PathInput) -> MirrorsView;
    /// Removes one; nothing on it is touched.
    mirror_remove(PathInput) -> MirrorsView;
    /// All that is being taken along.
    jobs(Nothing) -> Jobs;
    /// The queue of downloads, in the order in which they come.
    downloads(Nothing) -> DownloadsView;
    /// Chooses the order in which downloads come.
    downloads_order(DownloadsOrder) -> DownloadsView;
    /// Moves a course, or an item within its course; from then on the learner's own order holds.
    downloads_move(DownloadsMove) -> DownloadsView;
    /// Pauses all downloads, goes on with all, or stops them.
    downloads_all(DownloadsAll) -> DownloadsView;
    /// Stops taking a course or an item along; what is here stays.
    downloads_cancel(TakeScope) -> DownloadsView;
    /// Chooses the size of a course's lectures; what is still to come comes in that size.
    downloads_tier(DownloadsTier) -> DownloadsView;
    /// What downloads may use of the internet, and what they used this month.
    internet(Nothing) -> InternetView;
    /// Keeps the rules for all networks.
    internet_save(InternetRules) -> InternetView;
    /// Keeps the rule for one network.
    network_save(NetworkSave) -> InternetView;
    /// The learner's word on a network that costs money.
    network_word(NetworkSays) -> DownloadsView;

    /// Everything needed to study one item; opens the local servers it needs.
    item(ItemInput) -> ItemView;
    /// Closes the local servers.
    item_close(Nothing) -> Saved;
    /// How much is here of a lecture that is being fetched and played already.
    video_coming(ItemInput) -> VideoComing;
    /// Keeps what was watched and where the learner is.
    watched(WatchedInput) -> Saved;
    /// Keeps how far a reading was read, as a share of its length.
    reading_place(ReadingPlace) -> Saved;
    /// Marks a moment of a lecture, or changes the mark; it is on disk when this returns.
    bookmark_put(BookmarkPut) -> BookmarkView;
    /// Takes a mark away; `bookmark_put` with its id brings it back.
    bookmark_remove(BookmarkRemove) -> Saved;
    /// Keeps how lectures of a course are played.
    playing_save(PlayingSave) -> Saved;
    /// Marks an item as done or not done.
    done_mark(DoneMark) -> Saved;

    /// Begins an attempt, or goes on with the open one.
    attempt_start(ItemInput) -> AttemptView;
    /// The same for a quiz with a password.
    attempt_start_with_password(StartWithPassword) -> AttemptView;
    /// Marks a question to come back to; it is on disk when this returns. The mark stays here.
    question_flag(QuestionFlag) -> Saved;
    /// Keeps one answer; it is on disk when this returns.
    response_save(ResponseSave) -> Saved;
    /// Finishes an attempt: practice is scored here, graded is sealed for sending.
    attempt_finish(AttemptInput) -> AttemptView;
    /// Keeps a draft; it is on disk when this returns.
    draft_save(DraftSave) -> Saved;
    /// Copies a file into the learner's own files and adds it to the draft.
    file_attach(FileAttach) -> Draft;
    /// Takes a file off the draft; the copy stays until the work is sent.
    file_detach(FileDetach) -> Draft;
    /// Seals the draft for handing in.
    hand_in(HandIn) -> WorkCard;
    /// Seals a message for sending.
    post_send(PostSend) -> WorkCard;
    /// Keeps in whose name work of a course goes, where several accounts could hand it in.
    receiver_choose(ReceiverChoose) -> Saved;
    /// Writes what was made in an item into an archive for a teacher, and marks the item as done.
    teacher_export(TeacherExport) -> Exported;

    /// All work with its state, newest first.
    outbox(Nothing) -> OutboxView;
    /// One piece of work with its full text.
    work(WorkInput) -> WorkDetail;
    /// Tries again now what waits or was refused.
    work_retry(WorkInput) -> WorkDetail;
    /// Takes a message or a hand-in back before anything of it is sent; its words are a draft again. The sealed text
    /// stays to be read.
    work_take_back(WorkInput) -> WorkDetail;
    /// The learner's decision on work that is unclear or was not taken. Deletes nothing.
    work_decide(WorkDecide) -> WorkDetail;
    /// Writes when a piece of work was written, as one file to read and to check.
    receipt_export(ReceiptExport) -> ReceiptFile;
    /// What is known of this computer's clock and the sites' clocks.
    clock_facts(Nothing) -> ClockFacts;
    /// Grades, comments and recorded messages, newest first.
    inbox(Nothing) -> Inbox;
    /// The grades of a course, as its school last listed them.
    course_grades(CourseInput) -> GradesView;
    /// Marks feedback as seen.
    feedback_seen(FeedbackInput) -> Inbox;
    /// Sends what waits and brings back what is new, now.
    sync_now(Nothing) -> AppStatus;

    /// Writes everything the learner produced into one archive that can be read without Daypack.
    export_work(ExportWork) -> Exported;
    /// Writes one piece of work into an archive of its own.
    work_export(WorkExport) -> Exported;
    /// Takes an archive in: adds what is missing here, overwrites and deletes nothing.
    import_work(PathInput) -> Imported;
    /// What is not at a school yet, before something is removed.
    left_behind(LeaveScope) -> LeftBehind;
    /// Puts everything aside at the next start, and forgets the sign-ins; deletes nothing. Refused in one step while
    /// something is not at a school yet.
    start_afresh(StartAfresh) -> PutAside;
}
