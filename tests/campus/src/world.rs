//! What happened on the campus: sign-ins, attempts, submissions, posts, grades. Kept as one JSON file.
//! Must stay true: an answer leaves only after what it tells was written; the file is replaced as a whole.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// Everything that changes.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct World {
    /// Last numbers given out, by noun.
    pub counters: BTreeMap<String, i64>,
    /// Tokens of the mobile service.
    pub tokens: Vec<Token>,
    /// File keys by user.
    pub access_keys: BTreeMap<i64, String>,
    /// Suspended accounts.
    pub suspended: BTreeSet<String>,
    /// People who must choose a new password.
    pub new_password: BTreeSet<String>,
    /// People who have not accepted the rules.
    pub no_policy: BTreeSet<String>,
    /// Suspended enrolments.
    pub unenrolled: BTreeSet<String>,
    /// Completion of activities.
    pub completions: Vec<Completion>,
    /// Quiz attempts.
    pub attempts: Vec<Attempt>,
    /// Close times that differ from the course, by quiz instance.
    pub quiz_close: BTreeMap<i64, i64>,
    /// Assignment work.
    pub submissions: Vec<Submission>,
    /// Activities that the teacher hid, by course module.
    #[serde(default)]
    pub hidden: BTreeSet<i64>,
    /// Locked assignments.
    pub locked: BTreeSet<i64>,
    /// Threads.
    pub discussions: Vec<Discussion>,
    /// Posts.
    pub posts: Vec<Post>,
    /// Popup notifications.
    pub notifications: Vec<Notification>,
    /// Uploaded files not yet used.
    pub drafts: Vec<OwnFile>,
    /// Private files.
    pub private: Vec<OwnFile>,
    /// Whether the file on disk is behind.
    #[serde(skip)]
    pub changed: bool,
}

/// A token of the mobile service.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Token {
    /// 32 hex digits.
    pub token: String,
    /// 64 hex digits.
    pub private: String,
    /// Whose.
    pub user: i64,
    /// 0 live, 1 expired and not yet noticed.
    pub expired: bool,
}

/// Completion of one activity by one person.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Completion {
    /// Who.
    pub user: i64,
    /// Which module.
    pub cmid: i64,
    /// Done or not.
    pub done: bool,
    /// When.
    pub time: i64,
}

/// A quiz attempt.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Attempt {
    /// Number; also the question usage.
    pub id: i64,
    /// Quiz instance.
    pub quiz: i64,
    /// Who.
    pub user: i64,
    /// First, second ...
    pub number: i64,
    /// `inprogress` or `finished`.
    pub state: String,
    /// Start.
    pub timestart: i64,
    /// Finish or 0.
    pub timefinish: i64,
    /// Last real step.
    pub timemodified: i64,
    /// Last step by web service.
    pub timemodifiedoffline: i64,
    /// Per slot, in order.
    pub slots: Vec<Slot>,
    /// When the teacher will mark what waits.
    pub grade_at: Option<i64>,
}

/// One question of an attempt.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Slot {
    /// Number of steps; what `:sequencecheck` must say.
    pub sequence: i64,
    /// Answer of the last real step.
    pub answer: BTreeMap<String, String>,
    /// Autosaved answer, if newer.
    pub autosave: Option<BTreeMap<String, String>>,
    /// Time of the last step.
    pub time: i64,
    /// Flag of the learner.
    pub flagged: bool,
    /// State after finishing: `gradedright`, `needsgrading` ...
    pub outcome: Option<String>,
    /// Marks given.
    pub mark: Option<f64>,
    /// The teacher's words.
    pub comment: Option<String>,
}

/// Work for an assignment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Submission {
    /// Number.
    pub id: i64,
    /// Assignment instance.
    pub assign: i64,
    /// Who.
    pub user: i64,
    /// `new`, `draft` or `submitted`.
    pub status: String,
    /// First save.
    pub timecreated: i64,
    /// Last save.
    pub timemodified: i64,
    /// The text.
    pub text: String,
    /// 1 is HTML; 0 while nothing was typed.
    pub format: i64,
    /// The files.
    pub files: Vec<OwnFile>,
    /// When the teacher will mark it.
    pub grade_at: Option<i64>,
    /// The marking.
    pub grade: Option<Grade>,
    /// How often it was saved; tests count with it.
    pub saves: i64,
}

/// The teacher's marking of a submission.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Grade {
    /// Number.
    pub id: i64,
    /// Points.
    pub points: f64,
    /// Words.
    pub comment: String,
    /// When first.
    pub timecreated: i64,
    /// When last.
    pub timemodified: i64,
}

/// A file somebody brought.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OwnFile {
    /// Whose.
    pub user: i64,
    /// Draft area; 0 elsewhere.
    pub itemid: i64,
    /// `/` or `/sub/`.
    pub filepath: String,
    /// Name.
    pub filename: String,
    /// Content digest; also the name of the blob.
    pub sha1: String,
    /// Bytes.
    pub size: u64,
    /// When.
    pub time: i64,
}

/// A thread.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Discussion {
    /// Number.
    pub id: i64,
    /// Forum instance.
    pub forum: i64,
    /// First post.
    pub first_post: i64,
    /// Title.
    pub name: String,
    /// Who.
    pub user: i64,
    /// Start.
    pub time: i64,
}

/// A post.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Post {
    /// Number.
    pub id: i64,
    /// Thread.
    pub discussion: i64,
    /// Answered post, 0 for the first.
    pub parent: i64,
    /// Who.
    pub user: i64,
    /// Title.
    pub subject: String,
    /// HTML after cleaning.
    pub message: String,
    /// Attached files.
    #[serde(default)]
    pub files: Vec<OwnFile>,
    /// When.
    pub time: i64,
}

/// A popup notification.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Notification {
    /// Number.
    pub id: i64,
    /// Sender; -10 is the site.
    pub from: i64,
    /// Receiver.
    pub to: i64,
    /// One line.
    pub subject: String,
    /// Plain text.
    pub full: String,
    /// HTML.
    pub html: String,
    /// `mod_assign`, `mod_quiz`.
    pub component: String,
    /// Kind.
    pub eventtype: String,
    /// Path below the site.
    pub context_path: String,
    /// Name of the place.
    pub context_name: String,
    /// JSON text.
    pub customdata: String,
    /// When.
    pub time: i64,
    /// When read.
    pub read: Option<i64>,
}

impl World {
    /// The next number of a noun.
    pub fn next(&mut self, noun: &str) -> i64 {
        self.changed = true;
        let counter = self.counters.entry(noun.to_owned()).or_insert(0);
        *counter += 1;
        *counter
    }

    /// Says that the file must be written.
    pub fn touch(&mut self) {
        self.changed = true;
    }

    /// Reads the file of an earlier run, if there is one.
    pub fn load(path: &Path) -> std::io::Result<Option<Self>> {
        match std::fs::read(path) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(missing) if missing.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(other) => Err(other),
        }
    }

    /// Replaces the file: write beside, sync, rename.
    pub fn save(&mut self, path: &Path) -> std::io::Result<()> {
        let beside = path.with_extension("json.new");
        let mut file = std::fs::File::create(&beside)?;
        file.write_all(&serde_json::to_vec(self)?)?;
        file.sync_data()?;
        std::fs::rename(&beside, path)?;
        self.changed = false;
        Ok(())
    }
}
