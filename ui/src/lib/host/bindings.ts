// Generated from crates/app/src/api.rs by `cargo xtask bindings`; checked in CI. Do not edit.

/**
 * An account, for choosing.
 */
export type AccountChoice = { 
/**
 * Its id.
 */
account: AccountId, 
/**
 * As the site calls itself.
 */
site_name: string, 
/**
 * Sign-in name.
 */
username: string, 
/**
 * As the site knows the learner.
 */
full_name: string, };

/**
 * One learner's account at one site.
 */
export type AccountId = string;

/**
 * An account.
 */
export type AccountInput = { 
/**
 * Its id here.
 */
account: AccountId, };

/**
 * How an account stands at its site. In all but the first, work waits here.
 */
export type AccountState = "good" | "sign_in" | "new_password" | "rules" | "suspended";

/**
 * An account at a site.
 */
export type AccountView = { 
/**
 * Its id here.
 */
id: AccountId, 
/**
 * Address of the site.
 */
site: string, 
/**
 * Name of the site.
 */
site_name: string, 
/**
 * Name for signing in.
 */
username: string, 
/**
 * The learner's name.
 */
full_name: string, 
/**
 * Must sign in again; work waits.
 */
needs_sign_in: boolean, 
/**
 * How it stands at its site.
 */
state: AccountState, };

/**
 * A typed address.
 */
export type Address = { 
/**
 * As typed; `https://` is added where no scheme is given.
 */
address: string, };

/**
 * What to do with all downloads.
 */
export type AllDeed = "pause" | "resume" | "cancel";

/**
 * The state of the program.
 */
export type AppStatus = { 
/**
 * Version of Daypack.
 */
version: string, 
/**
 * Nothing was added yet: no account, no course.
 */
first_run: boolean, 
/**
 * A site or a library is known: there is somebody to connect to.
 */
has_source: boolean, 
/**
 * The connection.
 */
link: LinkView, 
/**
 * Pieces of work not accepted yet.
 */
unsent: number, 
/**
 * Feedback not seen yet.
 */
unseen: number, 
/**
 * Free bytes where the data folder is.
 */
free_bytes: number, 
/**
 * Accounts at sites.
 */
accounts: Array<AccountView>, 
/**
 * The learner's settings.
 */
settings: Settings, 
/**
 * Where the learner was.
 */
place: Place | null, 
/**
 * How sign-ins are kept on this computer.
 */
keys: KeysView, 
/**
 * The learner's work had to be got back, and they have not said yet that they know.
 */
recovered: RecoveredView | null, 
/**
 * A newer Daypack was here: everything can be read, nothing is saved or sent.
 */
read_only: boolean, 
/**
 * The disk is so full that only answers are saved.
 */
short_of_space: boolean, };

/**
 * An assignment.
 */
export type AssignmentView = { 
/**
 * Cleaned HTML.
 */
brief_html: string, 
/**
 * Text is handed in.
 */
accepts_text: boolean, 
/**
 * Number of files.
 */
max_files: number, 
/**
 * Largest file in bytes.
 */
max_file_bytes: number | null, 
/**
 * When it is due.
 */
due: TimeMs | null, 
/**
 * Nothing is taken after.
 */
cut_off: TimeMs | null, 
/**
 * Best grade.
 */
max_grade: number | null, 
/**
 * What else is asked.
 */
rules: HandInRules, 
/**
 * What the school holds of it, as it was last read.
 */
there: ThereView | null, 
/**
 * What is being written.
 */
draft: Draft, };

/**
 * One attempt at a quiz, made on this computer (UUIDv7).
 */
export type AttemptId = string;

/**
 * An attempt.
 */
export type AttemptInput = { 
/**
 * Which one.
 */
attempt: AttemptId, };

/**
 * An attempt.
 */
export type AttemptView = { 
/**
 * Its id.
 */
id: AttemptId, 
/**
 * From 1.
 */
number: number, 
/**
 * When it was begun.
 */
started: TimeMs, 
/**
 * When it was finished.
 */
finished: TimeMs | null, 
/**
 * The questions as they were when it began, HTML cleaned; without keys until finished.
 */
questions: Array<Question>, 
/**
 * What was answered.
 */
responses: { [key in QuestionId]: SavedResponse }, 
/**
 * Points from 0 to 1 of what could be scored here; `None` before finishing and for graded work.
 */
score: number | null, 
/**
 * Scores per question, for practice after finishing.
 */
scores: { [key in QuestionId]: Score }, 
/**
 * Questions that the learner wants to come back to.
 */
flags: Array<QuestionId>, 
/**
 * The site's id of it, once it is known.
 */
remote: string | null, 
/**
 * Its place in the outbox.
 */
work: WorkCard | null, 
/**
 * When the site ends it, by this computer's clock.
 */
ends: TimeMs | null, 
/**
 * When all answers up to then were proven to be at the site.
 */
kept_at: TimeMs | null, 
/**
 * The site takes no answers to it any more.
 */
closed_there: boolean, };

/**
 * One place.
 */
export type Blank = { 
/**
 * Unique in the question.
 */
id: string, 
/**
 * How it is filled.
 */
shape: BlankShape, 
/**
 * What can be chosen; empty for the others.
 */
choices: Array<Choice>, 
/**
 * Which pieces fit; empty for the others.
 */
group: string, 
/**
 * Characters it is wide, where the site says so.
 */
width?: number | null, };

/**
 * How a place is filled.
 */
export type BlankShape = "line" | "list" | "one" | "several" | "piece";

/**
 * Places in the text.
 */
export type Blanks = { 
/**
 * In the order of the text.
 */
blanks: Array<Blank>, 
/**
 * What can be put into the places with [`BlankShape::Piece`].
 */
pieces: Array<Piece>, };

/**
 * A moment to mark in a lecture, or a change of such a mark.
 */
export type BookmarkPut = { 
/**
 * Its course.
 */
course: CourseId, 
/**
 * Which lecture.
 */
item: ItemId, 
/**
 * Which mark; `None` for a new one. One that was taken away comes back.
 */
id: string | null, 
/**
 * From the start of the lecture, in milliseconds.
 */
at_ms: number, 
/**
 * The learner's words; may be empty.
 */
text: string, };

/**
 * A mark to take away.
 */
export type BookmarkRemove = { 
/**
 * Which.
 */
id: string, };

/**
 * A marked moment of a lecture.
 */
export type BookmarkView = { 
/**
 * Its id.
 */
id: string, 
/**
 * From the start, in milliseconds.
 */
at_ms: number, 
/**
 * The learner's words; may be empty.
 */
text: string, };

/**
 * A caption track with its text.
 */
export type CaptionView = { 
/**
 * BCP 47 tag.
 */
language: string, 
/**
 * As shown.
 */
label: string, 
/**
 * The WebVTT file.
 */
text: string, };

/**
 * What to know about an accepted piece of work.
 */
export type Caveat = "late_answers_dropped" | "questions_changed" | "files_missing" | "earlier_kept" | "on_learners_word";

/**
 * Something that changed in a course.
 */
export type ChangeView = { 
/**
 * Which item.
 */
item: ItemId, 
/**
 * Its title.
 */
title: string, 
/**
 * What happened.
 */
what: What, 
/**
 * When it was noticed.
 */
at: TimeMs, };

/**
 * A chapter of a lecture.
 */
export type Chapter = { 
/**
 * From the start of the lecture, in milliseconds.
 */
start_ms: number, 
/**
 * Shown title.
 */
title: string, };

/**
 * One thing that can be chosen.
 */
export type Choice = { 
/**
 * Unique in the question.
 */
id: string, 
/**
 * As HTML (cleaned before it is shown).
 */
text_html: string, 
/**
 * Shown after scoring when it was chosen; may be empty.
 */
feedback_html: string, };

/**
 * One fact about clocks.
 */
export type ClockFactView = { "fact": "contact", 
/**
 * Address of the site.
 */
site: string, 
/**
 * By the site's clock.
 */
server: TimeMs, 
/**
 * By this computer's.
 */
local: TimeMs, } | { "fact": "jumped", 
/**
 * By this computer's clock, afterwards.
 */
local: TimeMs, 
/**
 * By how much, in milliseconds.
 */
by_ms: number, } | { "fact": "slept", 
/**
 * By this computer's clock, afterwards.
 */
local: TimeMs, 
/**
 * How long, in milliseconds.
 */
ms: number, };

/**
 * What is known of clocks, newest first.
 */
export type ClockFacts = { 
/**
 * The facts.
 */
facts: Array<ClockFactView>, };

/**
 * A course on this computer.
 */
export type CourseCard = { 
/**
 * Its id here.
 */
id: CourseId, 
/**
 * Title.
 */
title: string, 
/**
 * One or two sentences.
 */
summary: string, 
/**
 * Where it came from.
 */
origin: Origin, 
/**
 * Name of the site, library or file it came from.
 */
from: string, 
/**
 * Number of items.
 */
items: number, 
/**
 * Items that work with no connection now.
 */
items_ready: number, 
/**
 * Items done.
 */
items_done: number, 
/**
 * Bytes to take the whole course along, in the size of the settings; `None` when some sizes are unknown.
 */
size: number | null, 
/**
 * Bytes here.
 */
size_here: number, 
/**
 * What comes next.
 */
next: ItemLink | null, 
/**
 * What is being taken along.
 */
job: JobView | null, 
/**
 * So many things changed since the learner last looked.
 */
changes: number, };

/**
 * A course on its way.
 */
export type CourseDownload = { 
/**
 * How it stands as a whole.
 */
job: JobView, 
/**
 * Size of its lectures.
 */
tier: Tier, 
/**
 * The sizes there are; none or one: there is no choice.
 */
tiers: Array<TierSize>, 
/**
 * Its items that are not here yet, first to come first.
 */
items: Array<ItemDownload>, };

/**
 * One course on this computer: `<source>:<id within the source>`.
 */
export type CourseId = string;

/**
 * A course.
 */
export type CourseInput = { 
/**
 * Which one.
 */
course: CourseId, };

/**
 * Whether a library has a newer version of a course, and what it would cost.
 */
export type CourseNewer = { 
/**
 * The course.
 */
course: CourseId, 
/**
 * The version there; the same as before when there is none newer.
 */
version: number, 
/**
 * The version here.
 */
version_before: number, 
/**
 * Bytes of files to fetch at most; of large files only the changed parts come.
 */
fetch: number, 
/**
 * Bytes of all files that would then be here.
 */
all: number, };

/**
 * A course to remove.
 */
export type CourseRemove = { 
/**
 * Which one.
 */
course: CourseId, 
/**
 * The second step: although something is not at a school yet.
 */
anyway: boolean, };

/**
 * A course was compared with its package.
 */
export type CourseUpdated = { 
/**
 * The course.
 */
course: CourseId, 
/**
 * Its version now; the same as before when there is none newer.
 */
version: number, 
/**
 * Its version before.
 */
version_before: number, 
/**
 * Files that are fetched for it.
 */
files: number, };

/**
 * A course's outline.
 */
export type CourseView = { 
/**
 * The course as on its card.
 */
card: CourseCard, 
/**
 * BCP 47 tag.
 */
language: string, 
/**
 * Licence; may be empty.
 */
licence: string, 
/**
 * In study order.
 */
sections: Array<SectionView>, 
/**
 * What to know about it.
 */
findings: Array<Finding>, 
/**
 * The size of its lectures on this computer.
 */
tier: Tier, 
/**
 * Bytes to take the whole course along, per size of lectures.
 */
tiers: Array<TierSize>, 
/**
 * When its publisher last confirmed it, once that is too long ago to call it up to date. It works all the same.
 */
last_confirmed: TimeMs | null, 
/**
 * What changed since the learner last looked, newest first.
 */
changes: Array<ChangeView>, 
/**
 * It came from a library that can be asked for a newer version.
 */
has_library: boolean, 
/**
 * Some of it is worked for a school, which gives grades.
 */
has_school: boolean, 
/**
 * Time zone of the course's dates (IANA), where it is known.
 */
zone: string | null, };

/**
 * What was wrong with the learner's database.
 */
export type DamageView = "unreadable" | "gone" | "foreign" | "older";

/**
 * An item with a damaged file.
 */
export type DamagedItem = { 
/**
 * Its course.
 */
course: CourseId, 
/**
 * Title of that.
 */
course_title: string, 
/**
 * The item: it cannot be opened until it is mended.
 */
item: ItemId, 
/**
 * Its title.
 */
title: string, 
/**
 * Its source is known: what is missing comes with the next connection. Otherwise it has to be opened anew from
 * its file.
 */
will_be_mended: boolean, };

/**
 * Hours of the day; over midnight where the end is before the start.
 */
export type DayHours = { 
/**
 * First minute of the day, 0 to 1439.
 */
from: number, 
/**
 * The minute behind the last, 0 to 1439.
 */
to: number, };

/**
 * A deadline at one moment.
 */
export type Deadline = { 
/**
 * Must be with the site before this instant: the due time, or the closing time once that is over.
 */
send_before: TimeMs, 
/**
 * Asked for by then.
 */
due: TimeMs | null, 
/**
 * Nothing is taken after.
 */
closes: TimeMs | null, 
/**
 * What there is to do.
 */
urgency: Urgency, 
/**
 * Milliseconds left by the site's clock, never negative.
 */
left_ms: number, 
/**
 * The computer's clock is wrong by so much (the site's minus ours), when that matters.
 */
clock_wrong_ms: number | null, };

/**
 * What a learner can decide on a piece of work.
 */
export type Decision = "is_there" | "send_again" | "keep_sites" | "send_mine" | "keep_both";

/**
 * A SHA-256 digest, written as 64 lower-case hexadecimal digits.
 */
export type Digest = string;

/**
 * A discussion.
 */
export type DiscussionView = { 
/**
 * Cleaned HTML.
 */
prompt_html: string, 
/**
 * What may be written in it.
 */
rules: TalkRules, 
/**
 * Posts as last brought here, in order of time.
 */
posts: Array<PostView>, 
/**
 * When they were brought.
 */
as_of: TimeMs | null, 
/**
 * What is being written, by slot.
 */
drafts: { [key in string]: Draft }, };

/**
 * How far the learner is with an item.
 */
export type Done = "no" | "started" | "yes";

/**
 * The learner's word that an item is done.
 */
export type DoneMark = { 
/**
 * Its course.
 */
course: CourseId, 
/**
 * Which item.
 */
item: ItemId, 
/**
 * Done or not.
 */
done: boolean, };

/**
 * What the door is like.
 */
export type DoorStanding = "alone" | "open" | "locked" | "busy";

/**
 * Whose work is open. Says nothing about anybody's work.
 */
export type DoorView = { 
/**
 * What the door is like right now.
 */
standing: DoorStanding, 
/**
 * Who there are, in the order they came; none where one person uses this computer.
 */
learners: Array<LearnerView>, 
/**
 * Whose work is open; `None` while it is locked, and where one person uses this computer.
 */
open: string | null, 
/**
 * Minutes without a sign of the learner after which it locks by itself; 0 for never.
 */
idle_minutes: number, 
/**
 * The open learner has not said yet that they wrote their recovery code down.
 */
code_due: boolean, 
/**
 * Fewest characters of a passphrase.
 */
shortest_passphrase: number, };

/**
 * An order.
 */
export type DownloadOrder = "mine" | "next_first" | "by_deadline";

/**
 * Something for all downloads.
 */
export type DownloadsAll = { 
/**
 * What.
 */
deed: AllDeed, };

/**
 * A course or an item at another place in the queue.
 */
export type DownloadsMove = { 
/**
 * The course.
 */
course: CourseId, 
/**
 * Only this item, within its course.
 */
item: ItemId | null, 
/**
 * The place it is to have, from 0; beyond the end counts as the end.
 */
to: number, };

/**
 * An order of downloads.
 */
export type DownloadsOrder = { 
/**
 * Which.
 */
order: DownloadOrder, };

/**
 * A size of lectures for a course.
 */
export type DownloadsTier = { 
/**
 * The course.
 */
course: CourseId, 
/**
 * Which size.
 */
tier: Tier, };

/**
 * All that is being taken along and not here yet.
 */
export type DownloadsView = { 
/**
 * In which order.
 */
order: DownloadOrder, 
/**
 * Courses, first to come first.
 */
courses: Array<CourseDownload>, 
/**
 * The room for it.
 */
room: RoomView, 
/**
 * What they may use of the internet now.
 */
flow: FlowView, };

/**
 * Something being written.
 */
export type Draft = { 
/**
 * The text.
 */
text: string, 
/**
 * On disk since; `None` when nothing was written yet.
 */
saved_at: TimeMs | null, 
/**
 * Files.
 */
files: Array<FileView>, };

/**
 * Text being written.
 */
export type DraftSave = { 
/**
 * Its course.
 */
course: CourseId, 
/**
 * Which item.
 */
item: ItemId, 
/**
 * `text` for an assignment; `new` or `reply:<post>` for a discussion; `subject` for a new thread.
 */
slot: string, 
/**
 * The whole text.
 */
text: string, };

/**
 * A course as the catalogue alone knows it: nothing of the learner. The names are those of a `CourseCard`.
 */
export type EarlyCard = { 
/**
 * Its id here.
 */
id: CourseId, 
/**
 * Title.
 */
title: string, 
/**
 * One or two sentences.
 */
summary: string, 
/**
 * Where it came from.
 */
origin: Origin, 
/**
 * Name of the package or address of the site it came from.
 */
from: string, 
/**
 * Number of items.
 */
items: number, 
/**
 * Items that work with no connection now.
 */
items_ready: number, 
/**
 * Bytes here.
 */
size_here: number, };

/**
 * A longer text, read by a person.
 */
export type Essay = { 
/**
 * Advice, never a lock.
 */
min_words: number | null, 
/**
 * The site refuses more.
 */
max_words: number | null, 
/**
 * What stands in the field at first, as plain text.
 */
template?: string, 
/**
 * Files may be added, too; these are added at the site.
 */
takes_files: boolean, };

/**
 * One event of the stream (`daypack watch` prints one a line).
 */
export type Event = { "event": "opening", 
/**
 * What is being done.
 */
way: OpeningWay, } | { "event": "link", 
/**
 * Now.
 */
link: LinkView, } | { "event": "space", 
/**
 * Full.
 */
short: boolean, } | { "event": "library_changed", } | { "event": "course_changed", 
/**
 * Which course.
 */
course: CourseId, 
/**
 * Which item; `None` for the whole course.
 */
item: ItemId | null, } | { "event": "jobs", 
/**
 * All that is being taken along.
 */
jobs: Array<JobView>, } | { "event": "work", 
/**
 * As it is now.
 */
work: WorkCard, 
/**
 * Pieces not accepted yet.
 */
unsent: number, } | { "event": "feedback", 
/**
 * Not seen yet.
 */
unseen: number, } | { "event": "keys", 
/**
 * Now.
 */
keys: KeysView, } | { "event": "near_changed", } | { "event": "sign_in_needed", 
/**
 * Which one.
 */
account: AccountId, } | { "event": "door", 
/**
 * Now.
 */
door: DoorView, } | { "event": "sealing", 
/**
 * Done.
 */
done: number, 
/**
 * In all.
 */
all: number, } | { "event": "locking", } | { "event": "restart", };

/**
 * Where to write everything the learner produced.
 */
export type ExportWork = { 
/**
 * Absolute path of the archive.
 */
path: string, 
/**
 * The page's words for the readable part (the leaves of `export` in the list of words, and `lang` and
 * `dir`); what is not given is English.
 */
words: { [key in string]: string }, };

/**
 * An archive was written.
 */
export type Exported = { 
/**
 * Where.
 */
path: string, 
/**
 * Its bytes.
 */
size: number, 
/**
 * Pieces of handed-in work in it.
 */
work: number, 
/**
 * Files in it.
 */
files: number, };

/**
 * A command that did not succeed.
 */
export type Failure = { 
/**
 * What went wrong.
 */
code: FailureCode, 
/**
 * Names, sizes and hosts that belong to it.
 */
facts: { [key in string]: string }, };

/**
 * Everything that can go wrong, from a learner's point of view.
 */
export type FailureCode = "bad_address" | "not_found" | "not_an_lms" | "captive_portal" | "service_off" | "maintenance" | "site_too_old" | "insecure_address" | "no_safe_connection" | "unreachable" | "wrong_password" | "must_change_password" | "policy_not_agreed" | "suspended" | "sign_in_cancelled" | "sign_in_not_proven" | "code_spent" | "no_window" | "sign_in_needed" | "keys_locked" | "wrong_passphrase" | "short_passphrase" | "locked" | "wrong_code" | "name_taken" | "cannot_seal" | "not_while_shared" | "not_shared" | "not_alone" | "keyring_locked" | "keyring_unavailable" | "quiz_password" | "site_refused" | "not_a_library" | "file_missing" | "unsupported_file" | "broken_package" | "not_an_export" | "wrong_signature" | "other_key" | "older_version" | "newer_format" | "no_space" | "in_use" | "in_use_elsewhere" | "newer_database" | "damaged_database" | "unknown" | "not_here" | "on_its_way" | "only_there" | "starts_online" | "closed" | "no_attempts_left" | "attempt_finished" | "nothing_to_send" | "too_many_files" | "file_too_large" | "file_type_not_taken" | "too_many_words" | "statement_due" | "nowhere_to_send" | "which_account" | "sign_in_first" | "has_unsent" | "invalid_input" | "unknown_command" | "internal";

/**
 * A file that came with feedback.
 */
export type FeedbackFileView = { 
/**
 * Name.
 */
name: string, 
/**
 * MIME type.
 */
media_type: string, 
/**
 * Bytes, when known.
 */
size: number | null, 
/**
 * Local address when it is here (set by `item` and `inbox`), else `None`.
 */
url: string | null, };

/**
 * Feedback.
 */
export type FeedbackInput = { 
/**
 * Which one.
 */
feedback: string, };

/**
 * Feedback on one item.
 */
export type FeedbackView = { 
/**
 * Its id.
 */
id: string, 
/**
 * The course, when it is here.
 */
course: CourseId | null, 
/**
 * The item, when it is here.
 */
item: ItemId | null, 
/**
 * The course's title; may be empty.
 */
course_title: string, 
/**
 * The item's title; may be empty.
 */
item_title: string, 
/**
 * The grade.
 */
grade: Grade | null, 
/**
 * Cleaned HTML; may be empty.
 */
comment_html: string, 
/**
 * On single questions.
 */
questions: Array<QuestionFeedback>, 
/**
 * Recorded messages and other files.
 */
files: Array<FeedbackFileView>, 
/**
 * Who gave it; may be empty.
 */
from: string, 
/**
 * When, by the site's clock.
 */
given: TimeMs, 
/**
 * The learner has seen it.
 */
seen: boolean, };

/**
 * A file to add.
 */
export type FileAttach = { 
/**
 * Its course.
 */
course: CourseId, 
/**
 * Which item.
 */
item: ItemId, 
/**
 * Absolute path.
 */
path: string, };

/**
 * A file to take off.
 */
export type FileDetach = { 
/**
 * Its course.
 */
course: CourseId, 
/**
 * Which item.
 */
item: ItemId, 
/**
 * Which file.
 */
digest: Digest, };

/**
 * A file of the learner.
 */
export type FileView = { 
/**
 * Its digest.
 */
digest: Digest, 
/**
 * Name.
 */
name: string, 
/**
 * Bytes.
 */
size: number, };

/**
 * What a look at all files of courses found.
 */
export type FilesChecked = { 
/**
 * Files that were looked at.
 */
files: number, 
/**
 * Items with damaged ones.
 */
damaged: Array<DamagedItem>, 
/**
 * It was stopped before the end.
 */
stopped: boolean, };

/**
 * How far a look at all files is.
 */
export type FilesChecking = { 
/**
 * A look is going on.
 */
running: boolean, 
/**
 * Bytes looked at.
 */
done: number, 
/**
 * Bytes to look at.
 */
all: number, };

/**
 * One thing worth knowing about an imported course.
 */
export type Finding = { 
/**
 * The item it is about; `None` for the course.
 */
item: ItemId | null, 
/**
 * What was found.
 */
code: FindingCode, 
/**
 * Names, hosts or kinds that belong to it; may be empty.
 */
detail: string, };

/**
 * The kinds of findings.
 */
export type FindingCode = "online_video" | "online_content" | "online_link" | "online_tool" | "quiz_not_yet" | "kind_not_yet" | "file_missing" | "file_skipped" | "file_double" | "damaged" | "script_removed";

/**
 * How downloads may use the internet now.
 */
export type FlowView = { 
/**
 * Why all downloads wait; `None` while they may come.
 */
waits: Waits | null, 
/**
 * Minutes until the hours open, where they wait for them.
 */
opens_in: number | null, 
/**
 * Bytes per second that hold now.
 */
cap: number | null, 
/**
 * Bytes left of the month.
 */
left: number | null, 
/**
 * It is one of the free hours.
 */
free_hour: boolean, 
/**
 * Id of the network that is there.
 */
network: string, 
/**
 * Its name; may be empty.
 */
network_name: string, };

/**
 * How it stands with an account.
 */
export type FollowAccount = { 
/**
 * The account.
 */
account: AccountId, 
/**
 * Name of its site.
 */
site_name: string, 
/**
 * How it stands.
 */
state: FollowState, 
/**
 * When the site was asked last.
 */
at: TimeMs | null, };

/**
 * How it stands with progress that follows.
 */
export type FollowState = "not_yet" | "fine" | "full" | "unavailable";

/**
 * Whether progress follows, and how it stands.
 */
export type FollowView = { 
/**
 * It does.
 */
on: boolean, 
/**
 * By account.
 */
accounts: Array<FollowAccount>, };

/**
 * A grade as given.
 */
export type Grade = { 
/**
 * The number, when the site gives one.
 */
value: number | null, 
/**
 * Best possible number.
 */
max: number | null, 
/**
 * As the site would show it, e.g. `82.00` or `B+`.
 */
shown: string, 
/**
 * False while a person still has to mark part of it.
 */
is_final: boolean, };

/**
 * One grade.
 */
export type GradeLine = { 
/**
 * As the school names it.
 */
name: string, 
/**
 * The item here that it belongs to.
 */
item: ItemId | null, 
/**
 * The sum of other lines.
 */
is_sum: boolean, 
/**
 * The number; `None` without a grade.
 */
value: number | null, 
/**
 * As the school writes it; empty without a grade.
 */
shown: string, 
/**
 * The best possible number.
 */
most: number | null, 
/**
 * As the school writes it; may be empty.
 */
percent: string, 
/**
 * How much it counts, as the school writes it; may be empty.
 */
weight: string, 
/**
 * Cleaned HTML; may be empty.
 */
feedback_html: string, 
/**
 * When it was given.
 */
given: TimeMs | null, 
/**
 * The school has something here and does not show it.
 */
hidden: boolean, };

/**
 * The grades of a course.
 */
export type GradesView = { 
/**
 * Its id.
 */
course: CourseId, 
/**
 * Its title.
 */
title: string, 
/**
 * Somebody is signed in where the course comes from, or where its work goes.
 */
has_school: boolean, 
/**
 * When the school listed them; `None` before it did.
 */
as_of: TimeMs | null, 
/**
 * In the school's order.
 */
lines: Array<GradeLine>, 
/**
 * The sum of the course, where the school shows one.
 */
total: GradeLine | null, };

/**
 * Work to hand in.
 */
export type HandIn = { 
/**
 * Its course.
 */
course: CourseId, 
/**
 * For which item.
 */
item: ItemId, 
/**
 * The learner agrees to the site's statement, where it has one.
 */
agreed: boolean, };

/**
 * What is asked of work that is handed in.
 */
export type HandInRules = { 
/**
 * Nothing is taken before.
 */
opens: TimeMs | null, 
/**
 * Most words of the text.
 */
max_words: number | null, 
/**
 * Types of files that are taken, in the site's words (`.pdf`, `image/png`, `document`); empty for all.
 */
file_types: Array<string>, 
/**
 * Plain text that the learner agrees to with each handing in.
 */
statement: string | null, 
/**
 * One piece of work for a whole group: whoever hands in replaces what the others did.
 */
team: boolean, 
/**
 * Seconds from the start to the end, measured by the site.
 */
time_limit_s: number | null, 
/**
 * How often it may be handed in; `None` for no limit.
 */
max_attempts: number | null, };

/**
 * Whether an item works with no connection.
 */
export type Here = "ready" | "partly" | "not_here" | "coming" | "needs_internet" | "starts_online" | "not_yet";

/**
 * An archive was taken in. Nothing that was here changed.
 */
export type Imported = { 
/**
 * Pieces of work that are new here.
 */
work: number, 
/**
 * Of these: not sent there; the site is asked before they are sent from here.
 */
in_doubt: number, 
/**
 * Attempts that are new here.
 */
attempts: number, 
/**
 * Answers that are new here.
 */
answers: number, 
/**
 * Saves of texts that are new here.
 */
drafts: number, 
/**
 * Feedback that is new here.
 */
feedback: number, 
/**
 * Places in lectures and readings, and marks, that are new here.
 */
places: number, 
/**
 * Files that are new here.
 */
files: number, 
/**
 * Files that are damaged or missing in the archive.
 */
damaged: number, 
/**
 * Pieces of work left out because other work with the same number is here.
 */
differing: number, };

/**
 * All feedback.
 */
export type Inbox = { 
/**
 * Newest first.
 */
feedback: Array<FeedbackView>, 
/**
 * Not seen yet.
 */
unseen: number, };

/**
 * Rules for all networks.
 */
export type InternetRules = { 
/**
 * Bytes per second for all downloads together, outside the free hours.
 */
cap: number | null, 
/**
 * Hours of the day, by this computer's clock, in which nothing of this counts.
 */
hours: DayHours | null, 
/**
 * Outside these hours downloads wait.
 */
only_hours: boolean, };

/**
 * The learner's rules and what was used.
 */
export type InternetView = { 
/**
 * The rules for all networks.
 */
rules: InternetRules, 
/**
 * Networks that were used or have a rule; the one that is there now comes first.
 */
networks: Array<NetworkView>, 
/**
 * How it stands now.
 */
flow: FlowView, };

/**
 * What an item is, with local addresses.
 */
export type ItemBodyView = { "kind": "video" } & VideoView | { "kind": "reading" } & ReadingView | { "kind": "quiz" } & QuizView | { "kind": "assignment" } & AssignmentView | { "kind": "discussion" } & DiscussionView | { "kind": "link", 
/**
 * The address.
 */
address: string, 
/**
 * Its host, as shown.
 */
host: string, } | { "kind": "text", 
/**
 * Clean HTML, with local addresses.
 */
html: string, } | { "kind": "unsupported", 
/**
 * The source's own name for it.
 */
what: string, 
/**
 * Its page at the site, where it can be worked.
 */
address: string | null, } | { "kind": "not_here", };

/**
 * An item on its way.
 */
export type ItemDownload = { 
/**
 * Which.
 */
item: ItemId, 
/**
 * Title.
 */
title: string, 
/**
 * What it is.
 */
kind: ItemKind, 
/**
 * How it stands.
 */
state: JobState, 
/**
 * Bytes here.
 */
done_bytes: number, 
/**
 * Bytes in all, when known.
 */
total_bytes: number | null, 
/**
 * When work that it leads up to is due.
 */
due: TimeMs | null, };

/**
 * An item within one course.
 */
export type ItemId = string;

/**
 * An item.
 */
export type ItemInput = { 
/**
 * Its course.
 */
course: CourseId, 
/**
 * Which one.
 */
item: ItemId, };

/**
 * The kinds of items.
 */
export type ItemKind = "video" | "reading" | "quiz" | "assignment" | "discussion" | "link" | "text" | "unsupported";

/**
 * An item by name.
 */
export type ItemLink = { 
/**
 * Its id.
 */
id: ItemId, 
/**
 * Title.
 */
title: string, 
/**
 * What it is.
 */
kind: ItemKind, };

/**
 * An item in the outline.
 */
export type ItemRow = { 
/**
 * Its id.
 */
id: ItemId, 
/**
 * Title.
 */
title: string, 
/**
 * One sentence; may be empty.
 */
summary: string, 
/**
 * What it is.
 */
kind: ItemKind, 
/**
 * Kind of activity in the site's words, e.g. `quiz`; for unsupported kinds the source's own name.
 */
what: string, 
/**
 * Estimated minutes.
 */
minutes: number | null, 
/**
 * Whether it works with no connection.
 */
here: Here, 
/**
 * Bytes to take it along; `None` when unknown.
 */
size: number | null, 
/**
 * Bytes here.
 */
size_here: number, 
/**
 * How far the learner is.
 */
done: Done, 
/**
 * Share watched or read, 0 to 1.
 */
progress: number | null, 
/**
 * Why the site does not open it yet, in its words; empty where it gives no reason.
 */
locked: string | null, 
/**
 * What in it needs the internet.
 */
online: Array<OnlineNeed>, 
/**
 * Where the site shows it.
 */
standing: Standing, 
/**
 * Dates the site shows with it, in its own words.
 */
dates: Array<SiteDate>, 
/**
 * Where the newest work of this item stands.
 */
work: WorkStep | null, 
/**
 * The newest grade.
 */
grade: Grade | null, 
/**
 * New feedback.
 */
unseen: boolean, 
/**
 * When work must be there; `None` without a date or once it is there.
 */
deadline: Deadline | null, };

/**
 * Everything needed to study one item.
 */
export type ItemView = { 
/**
 * Its course.
 */
course: CourseId, 
/**
 * The course's title.
 */
course_title: string, 
/**
 * BCP 47 tag of the course.
 */
language: string, 
/**
 * As in the outline.
 */
row: ItemRow, 
/**
 * The item before.
 */
previous: ItemLink | null, 
/**
 * The item after.
 */
next: ItemLink | null, 
/**
 * Where work goes; `None` when it stays here or the learner is to choose.
 */
hands_in_to: string | null, 
/**
 * The same with its accounts and sites.
 */
receiver: ReceiverView, 
/**
 * Feedback on it, newest first.
 */
feedback: Array<FeedbackView>, 
/**
 * Work of it, newest first.
 */
sent: Array<WorkCard>, 
/**
 * What it is.
 */
body: ItemBodyView, 
/**
 * Time zone of the course's dates (IANA), where it is known.
 */
zone: string | null, };

/**
 * How taking along stands.
 */
export type JobState = "running" | "queued" | "waiting_for_link" | "costs_money" | "asks" | "hours" | "month_used" | "work_first" | "paused" | "low_battery" | "no_space" | "sign_in" | "failed" | "done";

/**
 * What is being taken along of one course.
 */
export type JobView = { 
/**
 * The course.
 */
course: CourseId, 
/**
 * Title.
 */
title: string, 
/**
 * How it stands.
 */
state: JobState, 
/**
 * Bytes here of `total_bytes`.
 */
done_bytes: number, 
/**
 * Bytes in all, when known.
 */
total_bytes: number | null, 
/**
 * Files here.
 */
files_done: number, 
/**
 * Files in all.
 */
files_total: number, 
/**
 * Bytes per second over the last while.
 */
speed: number | null, 
/**
 * How long the rest takes, with what comes before it.
 */
left: TimeLeft | null, 
/**
 * Items not finished yet.
 */
items: Array<ItemId>, };

/**
 * Everything being taken along.
 */
export type Jobs = { 
/**
 * One per course.
 */
jobs: Array<JobView>, };

/**
 * What the keyring said.
 */
export type KeyringView = "not_asked" | "open" | "locked" | "unavailable";

/**
 * What guards the key.
 */
export type KeysGuard = "keyring" | "passphrase";

/**
 * How tokens are to be kept.
 */
export type KeysHow = "keyring" | "passphrase" | "session";

/**
 * How sign-ins are to be kept.
 */
export type KeysKeep = { 
/**
 * How.
 */
how: KeysHow, 
/**
 * For `passphrase`; never kept.
 */
passphrase: string, };

/**
 * Right now.
 */
export type KeysStanding = "resting" | "open" | "locked" | "lost" | "session";

/**
 * A passphrase, where one guards the sign-ins.
 */
export type KeysUnlock = { 
/**
 * None asks the computer's keyring.
 */
passphrase: string | null, };

/**
 * How tokens are kept.
 */
export type KeysView = { 
/**
 * Right now.
 */
standing: KeysStanding, 
/**
 * What guards the sealed tokens, where there are any.
 */
guard: KeysGuard | null, 
/**
 * What the computer's keyring said when it was last asked.
 */
keyring: KeyringView, 
/**
 * Fewest characters of a passphrase.
 */
shortest_passphrase: number, };

/**
 * Another learner.
 */
export type LearnerAdd = { 
/**
 * What the others see.
 */
name: string, 
/**
 * Guards their work.
 */
passphrase: string, };

/**
 * A learner.
 */
export type LearnerInput = { 
/**
 * Id or name.
 */
learner: string, };

/**
 * Locks.
 */
export type LearnerLock = { 
/**
 * What was being typed is kept: nobody has to be asked for it.
 */
flushed: boolean, };

/**
 * Opens a learner's work whose passphrase is forgotten.
 */
export type LearnerRecover = { 
/**
 * Id or name of the learner.
 */
learner: string, 
/**
 * As typed; small letters, spaces and dashes as one likes.
 */
code: string, 
/**
 * The new passphrase.
 */
passphrase: string, };

/**
 * Opens a learner's work.
 */
export type LearnerUnlock = { 
/**
 * Id or name of the learner.
 */
learner: string, 
/**
 * As typed.
 */
passphrase: string, };

/**
 * One of those who use this computer.
 */
export type LearnerView = { 
/**
 * Name of the learner's folder.
 */
id: string, 
/**
 * As the learner calls themselves; everybody at this computer sees it.
 */
name: string, };

/**
 * What is about to be removed, signed out of or begun anew.
 */
export type LeaveScope = { "leave": "course", 
/**
 * Which one.
 */
course: CourseId, } | { "leave": "account", 
/**
 * Which one.
 */
account: AccountId, } | { "leave": "everything", };

/**
 * What is not at a school yet, in counts.
 */
export type LeftBehind = { 
/**
 * Saved, not sent.
 */
waiting: number, 
/**
 * On its way.
 */
sending: number, 
/**
 * Sent, the reply was lost.
 */
in_doubt: number, 
/**
 * The site did not take it.
 */
refused: number, 
/**
 * Begun and not handed in.
 */
drafts: number, };

/**
 * A library of packages.
 */
export type LibraryAdded = { 
/**
 * Its address.
 */
address: string, 
/**
 * Its title.
 */
title: string, 
/**
 * Fingerprint of the key that signed it.
 */
fingerprint: string, 
/**
 * Number of courses.
 */
courses: number, };

/**
 * A package library.
 */
export type LibraryAddress = { 
/**
 * As typed; may end in `#key=<fingerprint>`.
 */
address: string, };

/**
 * Courses here and courses on offer.
 */
export type LibraryView = { 
/**
 * On this computer.
 */
courses: Array<CourseCard>, 
/**
 * Offered and not here yet.
 */
offers: Array<OfferCard>, 
/**
 * Libraries that were added.
 */
libraries: Array<LibraryAdded>, };

/**
 * What is known of the connection. Online means: a site answered.
 */
export type LinkState = "unknown" | "online" | "offline" | "portal";

/**
 * The connection, as the sites and libraries answered.
 */
export type LinkView = { 
/**
 * What is known.
 */
state: LinkState, 
/**
 * Since when.
 */
since: TimeMs, 
/**
 * When a site last answered.
 */
last_contact: TimeMs | null, 
/**
 * It costs money, by the learner's word or the computer's.
 */
costs_money: boolean, };

/**
 * A kind of marker.
 */
export type Marker = { 
/**
 * Unique in the question.
 */
id: string, 
/**
 * As HTML (cleaned before it is shown).
 */
text_html: string, 
/**
 * How many there are; `None`: as many as one likes.
 */
most: number | null, };

/**
 * Markers belong somewhere on a picture.
 */
export type Markers = { 
/**
 * Address of the picture.
 */
image: string, 
/**
 * What is put there.
 */
markers: Array<Marker>, };

/**
 * Pairs to be found.
 */
export type Matching = { 
/**
 * What is matched, in the order shown.
 */
left: Array<Side>, 
/**
 * What it may be matched with; may be more than needed.
 */
right: Array<Side>, 
/**
 * The right pairs.
 */
key: MatchingKey | null, };

/**
 * The right pairs.
 */
export type MatchingKey = { 
/**
 * Left id -> right id.
 */
pairs: { [key in string]: string }, };

/**
 * Whether the connection costs money.
 */
export type Metered = "system" | "yes" | "no";

/**
 * A folder, stick or file whose packages serve as a mirror.
 */
export type MirrorView = { 
/**
 * Where it lies.
 */
path: string, 
/**
 * Packages found there now; none while it is not plugged in.
 */
packages: number, };

/**
 * All such places.
 */
export type MirrorsView = { 
/**
 * In the order of their paths.
 */
mirrors: Array<MirrorView>, };

/**
 * Any number of several is right.
 */
export type MultipleChoice = { 
/**
 * In the order shown.
 */
choices: Array<Choice>, 
/**
 * The right ones.
 */
key: MultipleKey | null, };

/**
 * The right choices.
 */
export type MultipleKey = { 
/**
 * Ids of the choices.
 */
choices: Array<string>, };

/**
 * An address that was typed or scanned.
 */
export type NearAddress = { 
/**
 * `192.168.1.20:41234`, or the text of the picture: `daypack-peer:192.168.1.20:41234`.
 */
address: string, };

/**
 * A square picture of dark and light fields (QR code).
 */
export type NearPicture = { 
/**
 * What it says.
 */
text: string, 
/**
 * Fields on a side.
 */
size: number, 
/**
 * The dark fields as the path of an SVG with one unit a field.
 */
path: string, };

/**
 * The learner's choice.
 */
export type NearSave = { 
/**
 * Share.
 */
on: boolean, 
/**
 * At most so many kilobytes a second are given to others; 0 for as fast as it goes.
 */
most_kb: number, };

/**
 * How sharing goes.
 */
export type NearState = "off" | "starting" | "open" | "open_by_address" | "resting" | "unable";

/**
 * An address that was typed here.
 */
export type NearTyped = { 
/**
 * The address.
 */
address: string, 
/**
 * Whether somebody answered there; `None` before it was asked.
 */
answers: boolean | null, };

/**
 * Sharing with computers nearby.
 */
export type NearView = { 
/**
 * The learner wants it.
 */
on: boolean, 
/**
 * How it goes.
 */
state: NearState, 
/**
 * At most so many kilobytes a second are given to others; 0 for as fast as it goes.
 */
most_kb: number, 
/**
 * Computers nearby that answered.
 */
near: number, 
/**
 * Where this computer can be reached, to be typed into others.
 */
addresses: Array<string>, 
/**
 * The same as a picture that a phone or camera can read.
 */
picture: NearPicture | null, 
/**
 * Addresses that were typed here.
 */
typed: Array<NearTyped>, 
/**
 * Bytes given to others since Daypack was opened.
 */
gave: number, 
/**
 * Bytes that others gave since Daypack was opened.
 */
got: number, };

/**
 * A rule for one network.
 */
export type NetworkSave = { 
/**
 * Its id.
 */
network: string, 
/**
 * Bytes that downloads may use in a month; none: as many as they need.
 */
budget: number | null, 
/**
 * Downloads may use it although it costs money.
 */
always: boolean, };

/**
 * A word on a network that costs money.
 */
export type NetworkSays = { 
/**
 * Its id.
 */
network: string, 
/**
 * What.
 */
word: NetworkWord, };

/**
 * A network.
 */
export type NetworkView = { 
/**
 * Its id on this computer; `unknown` where the computer does not say.
 */
id: string, 
/**
 * Its name; may be empty.
 */
name: string, 
/**
 * It is there now.
 */
here: boolean, 
/**
 * Bytes that downloads may use in a month.
 */
budget: number | null, 
/**
 * Downloads may use it although it costs money.
 */
always: boolean, 
/**
 * Bytes that downloads used this month.
 */
used: number, 
/**
 * Bytes they used in the free hours of this month; these do not count.
 */
used_free: number, };

/**
 * The learner's word on a network that costs money.
 */
export type NetworkWord = "once" | "always" | "not_now";

/**
 * A recovery code, shown this once and kept nowhere.
 */
export type NewCode = { 
/**
 * Whose.
 */
learner: string, 
/**
 * Eight groups of four signs.
 */
code: string, 
/**
 * Now.
 */
door: DoorView, };

/**
 * No input.
 */
export type Nothing = Record<symbol, never>;

/**
 * A number.
 */
export type Number = { 
/**
 * Shown behind the field; may be empty.
 */
unit: string, 
/**
 * One of these is chosen beside the field; empty when none is offered.
 */
units?: Array<string>, 
/**
 * What counts as right.
 */
key: NumberKey | null, };

/**
 * What counts as right.
 */
export type NumberKey = { 
/**
 * The value.
 */
value: number, 
/**
 * How far off still counts, in the same unit; bounds included.
 */
tolerance: number, };

/**
 * A course on offer.
 */
export type OfferCard = { 
/**
 * Account or library it comes from.
 */
source: string, 
/**
 * Name of that site or library.
 */
source_name: string, 
/**
 * Its id there.
 */
id: string, 
/**
 * Title.
 */
title: string, 
/**
 * One or two sentences.
 */
summary: string, 
/**
 * Bytes, when known.
 */
size: number | null, };

/**
 * An offered course.
 */
export type OfferInput = { 
/**
 * `source` of the offer.
 */
source: string, 
/**
 * `id` of the offer.
 */
id: string, };

/**
 * What closing the window does while work waits to be sent.
 */
export type OnClose = "ask" | "background" | "close";

/**
 * Why something needs the internet.
 */
export type OnlineKind = "video" | "audio" | "image" | "frame" | "website" | "tool" | "start" | "missing_file";

/**
 * Something in an item that needs the internet.
 */
export type OnlineNeed = { 
/**
 * What it is.
 */
what: OnlineKind, 
/**
 * Host name or address, as shown to the learner.
 */
host: string, };

/**
 * Why a quiz is worked at its site only.
 */
export type OnlyThere = "one_page_after_another" | "watched_browser";

/**
 * What was opened from a path.
 */
export type Opened = { 
/**
 * Each course.
 */
courses: Array<OpenedCourse>, };

/**
 * One opened course.
 */
export type OpenedCourse = { 
/**
 * Its id here.
 */
id: CourseId, 
/**
 * Title.
 */
title: string, 
/**
 * Who signed it.
 */
signer: Signer, 
/**
 * What to know about it.
 */
findings: Array<Finding>, };

/**
 * A step of opening.
 */
export type OpeningStep = "checking" | "copying" | "bringing_back";

/**
 * How opening the data folder stands.
 */
export type OpeningView = { 
/**
 * What is being done; `None` once the folder is open and everything else can be asked.
 */
way: OpeningWay | null, 
/**
 * The courses that are here; `None` while not even these are known.
 */
courses: Array<EarlyCard> | null, };

/**
 * What is being done.
 */
export type OpeningWay = { 
/**
 * Which step.
 */
step: OpeningStep, 
/**
 * How much of the step is done, 0 to 1, where that is known.
 */
share: number | null, };

/**
 * Things to bring into order.
 */
export type Ordering = { 
/**
 * As shown at first.
 */
items: Array<Choice>, };

/**
 * Where a course came from.
 */
export type Origin = { "kind": "package", 
/**
 * The package's own course id.
 */
package: string, 
/**
 * SHA-256 of the public key, as hexadecimal.
 */
key: string, 
/**
 * Version of the channel.
 */
version: number, 
/**
 * When its publisher last said that this version is current.
 */
confirmed?: TimeMs, 
/**
 * Until when it may be called up to date; it works for ever.
 */
expires?: TimeMs, } | { "kind": "site", 
/**
 * The site's address.
 */
site: string, 
/**
 * The course's id there.
 */
remote: string, 
/**
 * The account it was listed for.
 */
account: AccountId, } | { "kind": "import", 
/**
 * E.g. `common_cartridge`.
 */
format: string, 
/**
 * The file's name.
 */
name: string, } | { "kind": "built_in" };

/**
 * All work.
 */
export type OutboxView = { 
/**
 * Newest first.
 */
work: Array<WorkCard>, 
/**
 * Pieces not accepted yet.
 */
unsent: number, };

/**
 * The open learner's passphrase, once more.
 */
export type Passphrase = { 
/**
 * As typed.
 */
passphrase: string, };

/**
 * A passphrase for another.
 */
export type PassphraseChange = { 
/**
 * The one of until now.
 */
passphrase: string, 
/**
 * From now on.
 */
new: string, };

/**
 * A file or folder.
 */
export type PathInput = { 
/**
 * Absolute path.
 */
path: string, };

/**
 * Pieces belong to places on a picture.
 */
export type Picture = { 
/**
 * Address of the picture.
 */
image: string, 
/**
 * In the order of the site.
 */
spots: Array<Spot>, 
/**
 * What is put there.
 */
pieces: Array<Piece>, };

/**
 * Something that is put into a place.
 */
export type Piece = { 
/**
 * Unique in its group.
 */
id: string, 
/**
 * Only places of the same group take it.
 */
group: string, 
/**
 * As HTML (cleaned before it is shown).
 */
text_html: string, 
/**
 * Fits into several places at once.
 */
many: boolean, };

/**
 * Where the learner is.
 */
export type Place = { 
/**
 * Page: `library`, `course`, `item`, `outbox`, `inbox`.
 */
page: string, 
/**
 * The course, where the page has one.
 */
course: CourseId | null, 
/**
 * The item, where the page has one.
 */
item: ItemId | null, 
/**
 * The question or field, where there is one.
 */
detail: string | null, };

/**
 * How the lectures of a course are played.
 */
export type Playing = { 
/**
 * Speed, 0.5 to 3.
 */
rate: number, 
/**
 * Captions shown.
 */
captions: boolean, 
/**
 * BCP 47 tag of the captions that were chosen; empty before a choice.
 */
language: string, 
/**
 * The next lecture begins by itself.
 */
goes_on: boolean, };

/**
 * How lectures of a course are played from now on.
 */
export type PlayingSave = { 
/**
 * Which course.
 */
course: CourseId, 
/**
 * How.
 */
playing: Playing, };

/**
 * A point on a picture, in pixels from its left upper corner.
 */
export type Point = { 
/**
 * To the right.
 */
x: number, 
/**
 * Down.
 */
y: number, };

/**
 * A message for a discussion.
 */
export type PostSend = { 
/**
 * Its course.
 */
course: CourseId, 
/**
 * Which item.
 */
item: ItemId, 
/**
 * The post answered; none opens a new thread.
 */
parent: string | null, 
/**
 * Subject line.
 */
subject: string, 
/**
 * The text.
 */
text: string, };

/**
 * A post.
 */
export type PostView = { 
/**
 * The site's id.
 */
id: string, 
/**
 * The post it answers.
 */
parent: string | null, 
/**
 * Subject line.
 */
subject: string, 
/**
 * Who wrote it.
 */
author: string, 
/**
 * Cleaned HTML.
 */
html: string, 
/**
 * When.
 */
at: TimeMs, 
/**
 * Whether this learner may answer it.
 */
can_reply: boolean, 
/**
 * Written by this learner.
 */
mine: boolean, };

/**
 * Everything will lie here once the program was started again.
 */
export type PutAside = { 
/**
 * The folder.
 */
folder: string, };

/**
 * One question.
 */
export type Question = { 
/**
 * Unique in the quiz.
 */
id: QuestionId, 
/**
 * The question as HTML (cleaned before it is shown).
 */
text_html: string, 
/**
 * Best possible points.
 */
points: number, 
/**
 * Who scores it.
 */
scoring: Scoring, 
/**
 * Shown after scoring; may be empty.
 */
feedback_html: string, 
/**
 * The site's number for it within an attempt, when it has one (Moodle: slot).
 */
slot?: number | null, 
/**
 * The teacher's page it stands on, from 0; `None`: all questions on one.
 */
page?: number | null, } & ({ "kind": "single_choice" } & SingleChoice | { "kind": "multiple_choice" } & MultipleChoice | { "kind": "true_false" } & TrueFalse | { "kind": "short_text" } & ShortText | { "kind": "number" } & Number | { "kind": "matching" } & Matching | { "kind": "essay" } & Essay | { "kind": "blanks" } & Blanks | { "kind": "picture" } & Picture | { "kind": "markers" } & Markers | { "kind": "ordering" } & Ordering | { "kind": "description", } | { "kind": "unsupported", 
/**
 * The source's own name for it.
 */
what: string, });

/**
 * What was said about one question.
 */
export type QuestionFeedback = { 
/**
 * The site's number of the question within the attempt.
 */
slot: number, 
/**
 * As the site names the state, folded to ours.
 */
state: QuestionState, 
/**
 * Points given, when shown.
 */
mark: number | null, 
/**
 * Points possible, when shown.
 */
max_mark: number | null, 
/**
 * A written comment as HTML; may be empty.
 */
comment_html: string, 
/**
 * What the site says to the answer by itself, as HTML: feedback and the right answer; may be empty.
 */
outcome_html?: string, };

/**
 * A question to come back to, or not any more.
 */
export type QuestionFlag = { 
/**
 * In which attempt.
 */
attempt: AttemptId, 
/**
 * Which question.
 */
question: QuestionId, 
/**
 * To come back to.
 */
on: boolean, };

/**
 * A question within one quiz.
 */
export type QuestionId = string;

/**
 * How a question was judged.
 */
export type QuestionState = "right" | "partly" | "wrong" | "unanswered" | "awaiting_marking" | "other";

/**
 * Who scores a quiz.
 */
export type QuizMode = "practice" | "graded";

/**
 * A quiz.
 */
export type QuizView = { 
/**
 * Practice or graded.
 */
mode: QuizMode, 
/**
 * Cleaned HTML.
 */
intro_html: string, 
/**
 * Number of questions; 0 while unknown.
 */
questions: number, 
/**
 * Must be started while connected.
 */
starts_online: boolean, 
/**
 * It can be worked at its site only, and why.
 */
only_there: OnlyThere | null, 
/**
 * Its page at the site.
 */
address: string | null, 
/**
 * At its site each answer can be checked at once; here all are checked at the end.
 */
checks_each: boolean, 
/**
 * How long an attempt may take, in milliseconds.
 */
time_limit_ms: number | null, 
/**
 * When it can be started.
 */
opens: TimeMs | null, 
/**
 * When it is closed.
 */
closes: TimeMs | null, 
/**
 * `None`: no limit.
 */
max_attempts: number | null, 
/**
 * The open attempt.
 */
open: AttemptView | null, 
/**
 * Finished attempts, newest first.
 */
past: Array<AttemptView>, };

/**
 * Something was read.
 */
export type ReadingPlace = { 
/**
 * Its course.
 */
course: CourseId, 
/**
 * Which item.
 */
item: ItemId, 
/**
 * 0 to 1.
 */
fraction: number, };

/**
 * How a reading is shown.
 */
export type ReadingShape = "page" | "pdf" | "image" | "text" | "file";

/**
 * A reading ready to open.
 */
export type ReadingView = { 
/**
 * How to show it.
 */
shown_as: ReadingShape, 
/**
 * MIME type.
 */
media_type: string, 
/**
 * File name.
 */
name: string, 
/**
 * Local address on the content origin, valid until the item is closed.
 */
url: string, 
/**
 * How far it was read, 0 to 1.
 */
fraction: number, 
/**
 * Bytes.
 */
size: number, };

/**
 * The site's word that it has a piece of work.
 */
export type Receipt = { 
/**
 * The site's id for it.
 */
remote: string, 
/**
 * When, by the site's clock.
 */
at: TimeMs, 
/**
 * True where the site was found to have it already after a lost reply.
 */
found: boolean, 
/**
 * What the site holds differs from what was sent in this way; empty when it agrees.
 */
caveat: Caveat | null, };

/**
 * A receipt to write.
 */
export type ReceiptExport = { 
/**
 * Of which work.
 */
work: WorkId, 
/**
 * Into which folder; absolute path.
 */
folder: string, 
/**
 * Words for its headings, by name; the names themselves where they are missing.
 */
words: { [key in string]: string }, };

/**
 * A receipt file.
 */
export type ReceiptFile = { 
/**
 * Where it is.
 */
path: string, 
/**
 * The last hash of its chain.
 */
head: string, };

/**
 * In whose name work of a course goes.
 */
export type ReceiverChoose = { 
/**
 * The course.
 */
course: CourseId, 
/**
 * The account.
 */
account: AccountId, };

/**
 * Where work of an item goes.
 */
export type ReceiverView = { "kind": "account", 
/**
 * Whose.
 */
account: AccountChoice, } | { "kind": "choose", 
/**
 * At least two.
 */
accounts: Array<AccountChoice>, } | { "kind": "sign_in", 
/**
 * At least one.
 */
sites: Array<SiteChoice>, } | { "kind": "nobody", };

/**
 * What was got back after the learner's database could not be used.
 */
export type RecoveredView = { 
/**
 * When.
 */
at: TimeMs, 
/**
 * What was wrong.
 */
why: DamageView, 
/**
 * Answers that are here.
 */
answers: number, 
/**
 * Texts being written that are here.
 */
texts: number, 
/**
 * Pieces of work that are here.
 */
work: number, 
/**
 * Pieces of work that may have been sent; the site is asked before anything is sent.
 */
in_doubt: number, 
/**
 * Saves that fit nowhere and can be read in `unplaced_path`.
 */
unplaced: number, 
/**
 * When the backup was made that it began from.
 */
backup: TimeMs | null, 
/**
 * Where the damaged file lies.
 */
damaged_path: string | null, 
/**
 * Where the saves lie that fit nowhere.
 */
unplaced_path: string | null, };

/**
 * Why the site does not take a piece of work.
 */
export type Refusal = { 
/**
 * The reason as a code.
 */
why: RefusalReason, 
/**
 * The site's own words as plain text, shown as a quotation; may be empty.
 */
said: string, 
/**
 * When, by the site's clock.
 */
at: TimeMs, };

/**
 * Reasons for a refusal.
 */
export type RefusalReason = "closed" | "not_open_yet" | "already_submitted" | "no_attempts_left" | "finished_elsewhere" | "gone" | "not_allowed" | "too_large" | "statement_due" | "conflict" | "questions_changed" | "other" | "taken_back";

/**
 * What a learner gave as answer.
 */
export type Response = { "kind": "single_choice", 
/**
 * Id of the choice.
 */
choice: string | null, } | { "kind": "multiple_choice", 
/**
 * Ids of the choices.
 */
choices: Array<string>, } | { "kind": "true_false", 
/**
 * The learner's verdict.
 */
value: boolean | null, } | { "kind": "short_text", 
/**
 * The text.
 */
text: string, } | { "kind": "number", 
/**
 * The text.
 */
text: string, 
/**
 * The chosen unit, where units are offered.
 */
unit?: string | null, } | { "kind": "matching", 
/**
 * The pairs chosen so far.
 */
pairs: { [key in string]: string }, } | { "kind": "essay", 
/**
 * The text.
 */
text: string, } | { "kind": "filled", 
/**
 * Place -> what is typed, or the id of what was chosen.
 */
values: { [key in string]: string }, } | { "kind": "markers", 
/**
 * Marker -> its points, in the order they were put there.
 */
points: { [key in string]: Array<Point> }, } | { "kind": "ordering", 
/**
 * Ids of the items.
 */
order: Array<string>, };

/**
 * An answer.
 */
export type ResponseSave = { 
/**
 * Which attempt.
 */
attempt: AttemptId, 
/**
 * Which question.
 */
question: QuestionId, 
/**
 * The answer.
 */
response: Response, };

/**
 * The room on the disk.
 */
export type RoomView = { 
/**
 * Bytes still to come.
 */
needed: number, 
/**
 * There is more to come of which nobody knows the size.
 */
at_least: boolean, 
/**
 * Bytes free now.
 */
free: number, 
/**
 * Bytes that always stay free.
 */
keeps: number, };

/**
 * The answer to "keep this": it is on disk.
 */
export type Saved = { 
/**
 * When.
 */
at: TimeMs, };

/**
 * A kept answer.
 */
export type SavedResponse = { 
/**
 * The answer.
 */
response: Response, 
/**
 * On disk since.
 */
at: TimeMs, };

/**
 * What a school wrote down for its learners.
 */
export type SchoolFile = { 
/**
 * Address of its site, not looked at yet.
 */
site: string, 
/**
 * The school's name; may be empty.
 */
name: string, };

/**
 * The result of scoring one response.
 */
export type Score = { 
/**
 * 0 to 1.
 */
fraction: number, 
/**
 * Ids of choices or left sides that were right, for marking them on the screen.
 */
right: Array<string>, };

/**
 * Who scores one question.
 */
export type Scoring = "local" | "server" | "manual";

/**
 * A section within one course.
 */
export type SectionId = string;

/**
 * A section.
 */
export type SectionView = { 
/**
 * Its id.
 */
id: SectionId, 
/**
 * Title; may be empty.
 */
title: string, 
/**
 * Plain text; may be empty.
 */
summary: string, 
/**
 * In study order.
 */
items: Array<ItemRow>, };

/**
 * The learner's settings.
 */
export type Settings = { 
/**
 * BCP 47 tag; empty: as the computer.
 */
language: string, 
/**
 * Colours.
 */
theme: Theme, 
/**
 * Size of lectures to take along.
 */
tier: Tier, 
/**
 * Speed of lectures.
 */
rate: number, 
/**
 * Captions shown.
 */
captions: boolean, 
/**
 * Progress follows the learner to other computers.
 */
follow: boolean, 
/**
 * What closing the window does while work waits to be sent.
 */
on_close: OnClose, 
/**
 * Whether the connection costs money.
 */
metered: Metered, 
/**
 * Answers and messages may use a connection that costs money.
 */
metered_work: boolean, 
/**
 * Lectures and other large things may use it, too.
 */
metered_large: boolean, 
/**
 * Where they may not, the learner is asked for each such network.
 */
metered_ask: boolean, };

/**
 * The one learner of until now becomes the first of several.
 */
export type ShareBegin = { 
/**
 * What the others see.
 */
name: string, 
/**
 * Guards the work from now on.
 */
passphrase: string, };

/**
 * When it locks by itself.
 */
export type ShareIdle = { 
/**
 * Minutes without a sign of the learner; 0 for never.
 */
minutes: number, };

/**
 * A word or a short phrase.
 */
export type ShortText = { 
/**
 * What counts as right.
 */
key: ShortTextKey | null, };

/**
 * What counts as right.
 */
export type ShortTextKey = { 
/**
 * Any of these; spaces at the ends and runs of spaces do not count.
 */
accepted: Array<string>, 
/**
 * Whether case counts.
 */
case_sensitive: boolean, };

/**
 * One side of a pair.
 */
export type Side = { 
/**
 * Unique on its side.
 */
id: string, 
/**
 * As HTML (cleaned before it is shown).
 */
text_html: string, };

/**
 * Name and password for a site.
 */
export type SignIn = { 
/**
 * The address that `site_check` returned.
 */
site: string, 
/**
 * As typed.
 */
username: string, 
/**
 * Never kept.
 */
password: string, };

/**
 * The text of a site's QR code.
 */
export type SignInCode = { 
/**
 * As scanned or pasted; never kept.
 */
text: string, };

/**
 * An account to sign out.
 */
export type SignOut = { 
/**
 * Which one.
 */
account: AccountId, 
/**
 * The second step: although something is not at the school yet.
 */
anyway: boolean, };

/**
 * Who signed a course.
 */
export type Signer = { "signer": "known", 
/**
 * Fingerprint.
 */
fingerprint: string, } | { "signer": "new", 
/**
 * Fingerprint.
 */
fingerprint: string, } | { "signer": "unsigned", };

/**
 * Exactly one of several is right.
 */
export type SingleChoice = { 
/**
 * In the order shown.
 */
choices: Array<Choice>, 
/**
 * The right one.
 */
key: SingleKey | null, };

/**
 * The right choice.
 */
export type SingleKey = { 
/**
 * Id of the choice.
 */
choice: string, };

/**
 * A site.
 */
export type Site = { 
/**
 * The address that `site_check` returned.
 */
site: string, };

/**
 * A site nobody is signed in at.
 */
export type SiteChoice = { 
/**
 * Its address.
 */
site: string, 
/**
 * Its host, as shown to people.
 */
host: string, };

/**
 * A date the site shows with an item.
 */
export type SiteDate = { 
/**
 * In the site's words and language, e.g. `Opens`.
 */
label: string, 
/**
 * When.
 */
at: TimeMs, };

/**
 * What a site check found.
 */
export type SiteFound = { 
/**
 * Address to use from now on.
 */
site: string, 
/**
 * Name of the site.
 */
name: string, 
/**
 * Kind of LMS, e.g. `moodle`.
 */
kind: string, 
/**
 * Name and password can be typed here.
 */
by_password: boolean, 
/**
 * One can sign in on the site's own page, in a window.
 */
by_page: boolean, 
/**
 * What was given is a QR code's text that signs in.
 */
by_code: boolean, 
/**
 * A word of the site for those who sign in, plain; may be empty.
 */
notice: string, };

/**
 * What the site holds in the place of a piece of work.
 */
export type SiteVersionView = { 
/**
 * When it was last changed, by the site's clock.
 */
at: TimeMs | null, 
/**
 * When it was brought here.
 */
fetched: TimeMs, 
/**
 * The whole text; for a quiz, question and answer in turn.
 */
text: Array<WorkLine>, 
/**
 * Names of the files.
 */
files: Array<string>, 
/**
 * The site has something and does not show it.
 */
hidden: boolean, };

/**
 * A place on a picture.
 */
export type Spot = { 
/**
 * Unique in the question.
 */
id: string, 
/**
 * Which pieces fit.
 */
group: string, 
/**
 * Its left upper corner, in pixels of the picture.
 */
at: Point, 
/**
 * What the teacher calls it; may be empty.
 */
name: string, };

/**
 * Where a course shows an item.
 */
export type Standing = "listed" | "off_page" | "gone";

/**
 * Starting afresh.
 */
export type StartAfresh = { 
/**
 * The second step: although something is not at a school yet.
 */
anyway: boolean, };

/**
 * A quiz whose password the teacher gave out.
 */
export type StartWithPassword = { 
/**
 * Its course.
 */
course: CourseId, 
/**
 * Which item.
 */
item: ItemId, 
/**
 * As typed; kept as long as the attempt runs, since each call on it asks for it again.
 */
password: string, };

/**
 * What to take along.
 */
export type TakeAlong = { 
/**
 * The course.
 */
course: CourseId, 
/**
 * Only this section.
 */
section: SectionId | null, 
/**
 * Only this item.
 */
item: ItemId | null, 
/**
 * Size of lectures; the setting when not given.
 */
tier: Tier | null, };

/**
 * Part of what is or was taken along.
 */
export type TakeScope = { 
/**
 * The course.
 */
course: CourseId, 
/**
 * Only this item.
 */
item: ItemId | null, };

/**
 * What a discussion is for, and what may be written in it.
 */
export type TalkRules = { 
/**
 * Its shape.
 */
shape: TalkShape, 
/**
 * Whether this learner may begin a thread; `None` where the site does not say.
 */
may_start: boolean | null, 
/**
 * Nothing is taken after.
 */
cut_off: TimeMs | null, 
/**
 * Most messages within `period_s`.
 */
most: number | null, 
/**
 * Seconds.
 */
period_s: number | null, 
/**
 * A thread nobody wrote in for so many seconds is closed.
 */
locks_after_s: number | null, };

/**
 * Shapes of discussions.
 */
export type TalkShape = "general" | "news" | "single" | "each_user" | "question_and_answer";

/**
 * What was made in one item, as a file for a teacher.
 */
export type TeacherExport = { 
/**
 * The course.
 */
course: CourseId, 
/**
 * The item.
 */
item: ItemId, 
/**
 * Absolute path of the archive to write.
 */
path: string, 
/**
 * Words of its readable page, by name; English where they are missing.
 */
words: { [key in string]: string }, };

/**
 * Colours.
 */
export type Theme = "system" | "light" | "dark";

/**
 * How a hand-in stands at the school.
 */
export type ThereState = "nothing" | "draft" | "handed_in" | "reopened";

/**
 * What the school holds of a hand-in.
 */
export type ThereView = { 
/**
 * How it stands.
 */
state: ThereState, 
/**
 * The text, plain.
 */
text: string, 
/**
 * Names of the files.
 */
files: Array<string>, 
/**
 * When it was last changed, by the school's clock.
 */
at: TimeMs | null, 
/**
 * It can still be changed.
 */
can_edit: boolean, 
/**
 * A later last date for this learner alone.
 */
extension: TimeMs | null, 
/**
 * When it was read.
 */
as_of: TimeMs, };

/**
 * How much of a lecture to take along.
 */
export type Tier = "audio" | "low" | "standard";

/**
 * What a size of lectures costs.
 */
export type TierSize = { 
/**
 * Which size.
 */
tier: Tier, 
/**
 * Bytes of the whole course.
 */
size: number, };

/**
 * How long the rest takes, by what this network did before.
 */
export type TimeLeft = { 
/**
 * Milliseconds, if it goes well.
 */
from_ms: number, 
/**
 * Milliseconds, if it does not.
 */
to_ms: number, };

/**
 * An instant, in milliseconds since the Unix epoch, UTC.
 */
export type TimeMs = number;

/**
 * What the last try that led to nothing ran into, for the learner.
 */
export type Trouble = "not_reached" | "asked_to_wait" | "reply_lost" | "interrupted" | "untold" | "sign_in";

/**
 * A statement to judge.
 */
export type TrueFalse = { 
/**
 * The right verdict.
 */
key: TrueFalseKey | null, };

/**
 * The right verdict.
 */
export type TrueFalseKey = { 
/**
 * Whether the statement is true.
 */
value: boolean, };

/**
 * What there is to do about a deadline.
 */
export type Urgency = "calm" | "soon" | "now" | "late" | "over";

/**
 * How much is here of a lecture that is being fetched.
 */
export type VideoComing = { 
/**
 * Bytes here.
 */
have: number, 
/**
 * Bytes in all; 0 when nothing of it is coming.
 */
size: number, 
/**
 * Where they are: begin and end as shares of the file, 0 to 1, in order.
 */
parts: Array<[number, number]>, 
/**
 * More is being fetched just now.
 */
is_moving: boolean, };

/**
 * One playable file.
 */
export type VideoSource = { 
/**
 * Which size.
 */
tier: Tier, 
/**
 * Local address, valid until the item is closed.
 */
url: string, 
/**
 * MIME type.
 */
media_type: string, 
/**
 * RFC 6381 codecs string; may be empty.
 */
codecs: string, 
/**
 * Bytes.
 */
size: number, 
/**
 * It is here in part only, and can be played as far as it is here; `video_coming` tells how far that is.
 */
is_coming: boolean, };

/**
 * A lecture ready to play.
 */
export type VideoView = { 
/**
 * The renditions that are here, best first. Ask `canPlayType` with `media_type` and `codecs` first.
 */
sources: Array<VideoSource>, 
/**
 * Caption tracks.
 */
captions: Array<CaptionView>, 
/**
 * By start.
 */
chapters: Array<Chapter>, 
/**
 * Milliseconds, when known.
 */
duration_ms: number | null, 
/**
 * Local address of a still picture.
 */
poster: string | null, 
/**
 * Where the learner was, in milliseconds.
 */
position_ms: number, 
/**
 * What was watched.
 */
watched: Watched, 
/**
 * How lectures of this course are played.
 */
playing: Playing, 
/**
 * Marked moments, by their place.
 */
bookmarks: Array<BookmarkView>, };

/**
 * Why a piece of work does not move just now.
 */
export type Wait = "connection" | "sign_in" | "costs_money" | "behind_another" | "site_asked" | "next_try" | "turn" | "learner";

/**
 * Why all downloads wait.
 */
export type Waits = "ask" | "costs_money" | "hours" | "month" | "work_first";

/**
 * The watched parts of one lecture.
 */
export type Watched = [number, number][];

/**
 * Something was watched.
 */
export type WatchedInput = { 
/**
 * Its course.
 */
course: CourseId, 
/**
 * Which item.
 */
item: ItemId, 
/**
 * Where the learner is now, in milliseconds.
 */
position_ms: number, 
/**
 * Speed, 0.5 to 3.
 */
rate: number, 
/**
 * What was played since the last report, `[from, to)` in milliseconds.
 */
intervals: Array<[number, number]>, };

/**
 * What happened to an item.
 */
export type What = "new" | "changed" | "gone" | "answered" | "posts";

/**
 * A piece of work.
 */
export type WorkCard = { 
/**
 * Its id.
 */
id: WorkId, 
/**
 * Its course.
 */
course: CourseId, 
/**
 * The course's title.
 */
course_title: string, 
/**
 * Its item.
 */
item: ItemId, 
/**
 * The item's title.
 */
item_title: string, 
/**
 * What it is.
 */
kind: WorkKind, 
/**
 * When it was sealed.
 */
created: TimeMs, 
/**
 * Where it stands.
 */
state: WorkState, 
/**
 * Bytes to send, roughly.
 */
size: number, 
/**
 * Tries so far.
 */
tries: number, 
/**
 * When it is tried again by itself.
 */
next_try: TimeMs | null, 
/**
 * The first words.
 */
excerpt: string, 
/**
 * Name of the site it goes to.
 */
site_name: string, 
/**
 * Which of the lists it belongs to.
 */
group: WorkGroup, 
/**
 * Why it does not move just now.
 */
wait: Wait | null, 
/**
 * Where it goes, while it has no account yet.
 */
goes_to: ReceiverView | null, 
/**
 * What the last try that led to nothing ran into.
 */
trouble: Trouble | null, 
/**
 * Not taken, and the learner decided to leave it at that; it stays to be read.
 */
set_aside: boolean, 
/**
 * Nothing of it was sent, and it can be taken back to be changed.
 */
can_take_back: boolean, 
/**
 * When it must be there; `None` without a date or once it is there.
 */
deadline: Deadline | null, 
/**
 * Time zone of the course's dates (IANA), where it is known.
 */
zone: string | null, };

/**
 * A decision on a piece of work.
 */
export type WorkDecide = { 
/**
 * Which one.
 */
work: WorkId, 
/**
 * What.
 */
decision: Decision, };

/**
 * A piece of work with its full text.
 */
export type WorkDetail = { 
/**
 * As in the list.
 */
card: WorkCard, 
/**
 * The whole text; for a quiz, question and answer in turn.
 */
text: Array<WorkLine>, 
/**
 * Files.
 */
files: Array<FileView>, 
/**
 * What the site holds in its place, where both are to be compared.
 */
theirs: SiteVersionView | null, 
/**
 * What the learner can decide now.
 */
decisions: Array<Decision>, 
/**
 * When it was written.
 */
written: WrittenView | null, };

/**
 * Where to write one piece of work.
 */
export type WorkExport = { 
/**
 * Which one.
 */
work: WorkId, 
/**
 * Absolute path of the archive.
 */
path: string, 
/**
 * As in `ExportWork`.
 */
words: { [key in string]: string }, };

/**
 * The lists of the outbox page.
 */
export type WorkGroup = "needs_you" | "waiting" | "sent";

/**
 * One piece of work to be sent (UUIDv7): made once, never reused, sent at most once with effect.
 */
export type WorkId = string;

/**
 * A piece of work.
 */
export type WorkInput = { 
/**
 * Which one.
 */
work: WorkId, };

/**
 * What a piece of work is.
 */
export type WorkKind = "quiz" | "submission" | "post" | "completion";

/**
 * One part of a piece of work.
 */
export type WorkLine = { 
/**
 * The question or subject; may be empty.
 */
about: string, 
/**
 * What the learner wrote or chose.
 */
text: string, };

/**
 * Where a piece of work stands. The states a learner sees.
 */
export type WorkState = { "state": "waiting" } | { "state": "sending" } | { "state": "in_doubt" } | { "state": "unclear" } | { "state": "accepted", 
/**
 * The proof.
 */
receipt: Receipt, } | { "state": "refused", 
/**
 * Why.
 */
refusal: Refusal, };

/**
 * The state of a piece of work, without its details.
 */
export type WorkStep = "waiting" | "sending" | "in_doubt" | "unclear" | "accepted" | "refused";

/**
 * When a piece of work was written, for a receipt.
 */
export type WrittenView = { 
/**
 * The first save.
 */
first: TimeMs, 
/**
 * The last save.
 */
last: TimeMs, 
/**
 * Events in the chain.
 */
events: number, 
/**
 * The last hash; it stands for the whole chain.
 */
head: string, };

/** Every command: its input and its output. */
export interface Commands {
  /** Who uses this computer, and whose work is open. */
  door: { input: Nothing; output: DoorView };
  /** From now on several people use this computer: seals the work that is here under a passphrase. The recovery code is answered this once. */
  share_begin: { input: ShareBegin; output: NewCode };
  /** Adds a learner, whose work stays locked. The recovery code is answered this once. */
  learner_add: { input: LearnerAdd; output: NewCode };
  /** Opens a learner's work; that of another is locked first. */
  learner_unlock: { input: LearnerUnlock; output: DoorView };
  /** Opens a learner's work by the recovery code and gives it a new passphrase. */
  learner_recover: { input: LearnerRecover; output: DoorView };
  /** Keeps what is being typed, closes the open work and forgets its key. */
  learner_lock: { input: LearnerLock; output: DoorView };
  /** The learner is there: it does not lock by itself for a while. */
  learner_here: { input: Nothing; output: DoorView };
  /** Guards the open work by another passphrase; the recovery code stays. */
  passphrase_change: { input: PassphraseChange; output: DoorView };
  /** Makes a new recovery code for the open work; the old one is worth nothing from then on. */
  code_new: { input: Passphrase; output: NewCode };
  /** A learner has written the recovery code down. */
  code_kept: { input: LearnerInput; output: DoorView };
  /** After how many minutes it locks by itself. */
  share_idle: { input: ShareIdle; output: DoorView };
  /** One person uses this computer again: unseals the open work. Refused while others have work here. */
  share_end: { input: Passphrase; output: DoorView };
  /** The state of the program: link, accounts, counts, settings, where the learner was. */
  app_status: { input: Nothing; output: AppStatus };
  /** How opening the data folder stands, and the courses, before anything else can be asked. */
  opening: { input: Nothing; output: OpeningView };
  /** Keeps the learner's settings. */
  settings_save: { input: Settings; output: Saved };
  /** The learner has read what was got back. */
  recovered_seen: { input: Nothing; output: AppStatus };
  /** Whether progress follows the learner to other computers, and how it stands. */
  follow: { input: Nothing; output: FollowView };
  /** Keeps where the learner is, so that a new start opens there. */
  place_save: { input: Place; output: Saved };
  /** Looks whether an address is a site Daypack can work with. */
  site_check: { input: Address; output: SiteFound };
  /** Signs in with name and password. */
  sign_in: { input: SignIn; output: AccountView };
  /** Signs in on the site's own page, in a window of its own; answers when that window is done. `sign_in_cancelled` when the learner closed it. */
  sign_in_page: { input: Site; output: AccountView };
  /** Closes the window of a site's sign-in page. */
  sign_in_stop: { input: Nothing; output: Saved };
  /** Signs in by the text of a site's QR code. */
  sign_in_code: { input: SignInCode; output: AccountView };
  /** Reads the file in which a school wrote the address of its site. */
  school_file: { input: PathInput; output: SchoolFile };
  /** Asks a site whether what it had against an account is over; then what waits goes on. */
  account_check: { input: AccountInput; output: AppStatus };
  /** Forgets a sign-in; work and courses stay. Refused in one step while something is not at the school yet. */
  sign_out: { input: SignOut; output: AppStatus };
  /** Opens the key that sign-ins are sealed under: by the keyring, or by a passphrase. */
  keys_unlock: { input: KeysUnlock; output: AppStatus };
  /** Keeps sign-ins another way from now on. */
  keys_keep: { input: KeysKeep; output: AppStatus };
  /** Gives up sign-ins whose key cannot be had; work and courses stay. */
  keys_forget: { input: Nothing; output: AppStatus };
  /** Adds a library of course packages by address. */
  library_add: { input: LibraryAddress; output: LibraryAdded };
  /** Opens a package, a cartridge or a folder from this computer or a USB stick. */
  open_path: { input: PathInput; output: Opened };
  /** Opens the course that comes with Daypack; needs no network. */
  look_around: { input: Nothing; output: CourseInput };
  /** Sharing downloads with computers nearby: the choice, who is near, what was given and got. */
  near: { input: Nothing; output: NearView };
  /** Turns sharing with computers nearby on or off, and sets how fast others are given. */
  near_save: { input: NearSave; output: NearView };
  /** Takes in the address of a computer nearby, where computers do not find each other. */
  near_add: { input: NearAddress; output: NearView };
  /** Courses on this computer and what sites and libraries offer. */
  library: { input: Nothing; output: LibraryView };
  /** Asks all sites and libraries again what they offer. */
  offers_refresh: { input: Nothing; output: LibraryView };
  /** Brings an offered course's outline here. */
  course_add: { input: OfferInput; output: CourseInput };
  /** Removes a course from this computer; what was made in it stays. Refused in one step while something of it is not at the school yet. */
  course_remove: { input: CourseRemove; output: LibraryView };
  /** A course's outline with the state of each item. */
  course: { input: CourseInput; output: CourseView };
  /** Takes a course, a section or an item along for offline use. */
  take_along: { input: TakeAlong; output: CourseView };
  /** Pauses what is being taken along. */
  take_pause: { input: TakeScope; output: CourseView };
  /** Goes on where it stopped. */
  take_resume: { input: TakeScope; output: CourseView };
  /** Frees the space of an item or course; never touches the learner's work. */
  take_remove: { input: TakeScope; output: CourseView };
  /** The learner has seen what changed in a course. */
  course_changes_seen: { input: CourseInput; output: CourseView };
  /** Asks whether a library has a newer version of a course, and what it would cost. Nothing is changed. */
  course_newer: { input: CourseInput; output: CourseNewer };
  /** Asks for a newer version of a course from a library; of what was taken along only what changed is fetched. */
  course_update: { input: CourseInput; output: CourseUpdated };
  /** Reads all files of courses again; of damaged ones only the damaged pieces are fetched. */
  files_check: { input: Nothing; output: FilesChecked };
  /** How far that is. */
  files_checking: { input: Nothing; output: FilesChecking };
  /** Stops it; what was found so far is mended. */
  files_check_stop: { input: Nothing; output: FilesChecking };
  /** Folders, sticks and files whose packages are asked before the network is. */
  mirror_list: { input: Nothing; output: MirrorsView };
  /** Adds one; it need not be plugged in later on. */
  mirror_add: { input: PathInput; output: MirrorsView };
  /** Removes one; nothing on it is touched. */
  mirror_remove: { input: PathInput; output: MirrorsView };
  /** All that is being taken along. */
  jobs: { input: Nothing; output: Jobs };
  /** The queue of downloads, in the order in which they come. */
  downloads: { input: Nothing; output: DownloadsView };
  /** Chooses the order in which downloads come. */
  downloads_order: { input: DownloadsOrder; output: DownloadsView };
  /** Moves a course, or an item within its course; from then on the learner's own order holds. */
  downloads_move: { input: DownloadsMove; output: DownloadsView };
  /** Pauses all downloads, goes on with all, or stops them. */
  downloads_all: { input: DownloadsAll; output: DownloadsView };
  /** Stops taking a course or an item along; what is here stays. */
  downloads_cancel: { input: TakeScope; output: DownloadsView };
  /** Chooses the size of a course's lectures; what is still to come comes in that size. */
  downloads_tier: { input: DownloadsTier; output: DownloadsView };
  /** What downloads may use of the internet, and what they used this month. */
  internet: { input: Nothing; output: InternetView };
  /** Keeps the rules for all networks. */
  internet_save: { input: InternetRules; output: InternetView };
  /** Keeps the rule for one network. */
  network_save: { input: NetworkSave; output: InternetView };
  /** The learner's word on a network that costs money. */
  network_word: { input: NetworkSays; output: DownloadsView };
  /** Everything needed to study one item; opens the local servers it needs. */
  item: { input: ItemInput; output: ItemView };
  /** Closes the local servers. */
  item_close: { input: Nothing; output: Saved };
  /** How much is here of a lecture that is being fetched and played already. */
  video_coming: { input: ItemInput; output: VideoComing };
  /** Keeps what was watched and where the learner is. */
  watched: { input: WatchedInput; output: Saved };
  /** Keeps how far a reading was read, as a share of its length. */
  reading_place: { input: ReadingPlace; output: Saved };
  /** Marks a moment of a lecture, or changes the mark; it is on disk when this returns. */
  bookmark_put: { input: BookmarkPut; output: BookmarkView };
  /** Takes a mark away; `bookmark_put` with its id brings it back. */
  bookmark_remove: { input: BookmarkRemove; output: Saved };
  /** Keeps how lectures of a course are played. */
  playing_save: { input: PlayingSave; output: Saved };
  /** Marks an item as done or not done. */
  done_mark: { input: DoneMark; output: Saved };
  /** Begins an attempt, or goes on with the open one. */
  attempt_start: { input: ItemInput; output: AttemptView };
  /** The same for a quiz with a password. */
  attempt_start_with_password: { input: StartWithPassword; output: AttemptView };
  /** Marks a question to come back to; it is on disk when this returns. The mark stays here. */
  question_flag: { input: QuestionFlag; output: Saved };
  /** Keeps one answer; it is on disk when this returns. */
  response_save: { input: ResponseSave; output: Saved };
  /** Finishes an attempt: practice is scored here, graded is sealed for sending. */
  attempt_finish: { input: AttemptInput; output: AttemptView };
  /** Keeps a draft; it is on disk when this returns. */
  draft_save: { input: DraftSave; output: Saved };
  /** Copies a file into the learner's own files and adds it to the draft. */
  file_attach: { input: FileAttach; output: Draft };
  /** Takes a file off the draft; the copy stays until the work is sent. */
  file_detach: { input: FileDetach; output: Draft };
  /** Seals the draft for handing in. */
  hand_in: { input: HandIn; output: WorkCard };
  /** Seals a message for sending. */
  post_send: { input: PostSend; output: WorkCard };
  /** Keeps in whose name work of a course goes, where several accounts could hand it in. */
  receiver_choose: { input: ReceiverChoose; output: Saved };
  /** Writes what was made in an item into an archive for a teacher, and marks the item as done. */
  teacher_export: { input: TeacherExport; output: Exported };
  /** All work with its state, newest first. */
  outbox: { input: Nothing; output: OutboxView };
  /** One piece of work with its full text. */
  work: { input: WorkInput; output: WorkDetail };
  /** Tries again now what waits or was refused. */
  work_retry: { input: WorkInput; output: WorkDetail };
  /** Takes a message or a hand-in back before anything of it is sent; its words are a draft again. The sealed text stays to be read. */
  work_take_back: { input: WorkInput; output: WorkDetail };
  /** The learner's decision on work that is unclear or was not taken. Deletes nothing. */
  work_decide: { input: WorkDecide; output: WorkDetail };
  /** Writes when a piece of work was written, as one file to read and to check. */
  receipt_export: { input: ReceiptExport; output: ReceiptFile };
  /** What is known of this computer's clock and the sites' clocks. */
  clock_facts: { input: Nothing; output: ClockFacts };
  /** Grades, comments and recorded messages, newest first. */
  inbox: { input: Nothing; output: Inbox };
  /** The grades of a course, as its school last listed them. */
  course_grades: { input: CourseInput; output: GradesView };
  /** Marks feedback as seen. */
  feedback_seen: { input: FeedbackInput; output: Inbox };
  /** Sends what waits and brings back what is new, now. */
  sync_now: { input: Nothing; output: AppStatus };
  /** Writes everything the learner produced into one archive that can be read without Daypack. */
  export_work: { input: ExportWork; output: Exported };
  /** Writes one piece of work into an archive of its own. */
  work_export: { input: WorkExport; output: Exported };
  /** Takes an archive in: adds what is missing here, overwrites and deletes nothing. */
  import_work: { input: PathInput; output: Imported };
  /** What is not at a school yet, before something is removed. */
  left_behind: { input: LeaveScope; output: LeftBehind };
  /** Puts everything aside at the next start, and forgets the sign-ins; deletes nothing. Refused in one step while something is not at a school yet. */
  start_afresh: { input: StartAfresh; output: PutAside };
}

/** Every command's name. */
export const COMMANDS = [
  "door",
  "share_begin",
  "learner_add",
  "learner_unlock",
  "learner_recover",
  "learner_lock",
  "learner_here",
  "passphrase_change",
  "code_new",
  "code_kept",
  "share_idle",
  "share_end",
  "app_status",
  "opening",
  "settings_save",
  "recovered_seen",
  "follow",
  "place_save",
  "site_check",
  "sign_in",
  "sign_in_page",
  "sign_in_stop",
  "sign_in_code",
  "school_file",
  "account_check",
  "sign_out",
  "keys_unlock",
  "keys_keep",
  "keys_forget",
  "library_add",
  "open_path",
  "look_around",
  "near",
  "near_save",
  "near_add",
  "library",
  "offers_refresh",
  "course_add",
  "course_remove",
  "course",
  "take_along",
  "take_pause",
  "take_resume",
  "take_remove",
  "course_changes_seen",
  "course_newer",
  "course_update",
  "files_check",
  "files_checking",
  "files_check_stop",
  "mirror_list",
  "mirror_add",
  "mirror_remove",
  "jobs",
  "downloads",
  "downloads_order",
  "downloads_move",
  "downloads_all",
  "downloads_cancel",
  "downloads_tier",
  "internet",
  "internet_save",
  "network_save",
  "network_word",
  "item",
  "item_close",
  "video_coming",
  "watched",
  "reading_place",
  "bookmark_put",
  "bookmark_remove",
  "playing_save",
  "done_mark",
  "attempt_start",
  "attempt_start_with_password",
  "question_flag",
  "response_save",
  "attempt_finish",
  "draft_save",
  "file_attach",
  "file_detach",
  "hand_in",
  "post_send",
  "receiver_choose",
  "teacher_export",
  "outbox",
  "work",
  "work_retry",
  "work_take_back",
  "work_decide",
  "receipt_export",
  "clock_facts",
  "inbox",
  "course_grades",
  "feedback_seen",
  "sync_now",
  "export_work",
  "work_export",
  "import_work",
  "left_behind",
  "start_afresh",
] as const;
