//! The refusal matrix: one learner, one kind of write call, and an activity of its own for each way of saying no.
//!
//! What must stay true: loss is judged from the database file by nothing but SQLite, doubling from what the campus
//! holds; both know only the texts that were typed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use daypack_app::api::FailureCode;
use daypack_app::api::input::*;
use daypack_app::api::work::WorkCard;
use daypack_app::{App, OpenOptions};
use daypack_course::quiz::Response;
use daypack_course::work::WorkState;
use daypack_course::{CourseId, ItemId, WorkId};
use serde_json::{Value, json};

use crate::practice::Practice;
use crate::refusals::No;
use crate::refusing::{Planned, Refusing};

/// A write call of the connector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// Text handed in.
    Save,
    /// A draft made final.
    Submit,
    /// A file on its way up.
    Upload,
    /// A finished attempt.
    Finish,
    /// A new thread.
    Thread,
    /// A reply.
    Reply,
}

impl Call {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Save, Self::Submit, Self::Upload, Self::Finish, Self::Thread, Self::Reply];

    /// As Moodle names it.
    pub fn function(self) -> &'static str {
        match self {
            Self::Save => "mod_assign_save_submission",
            Self::Submit => "mod_assign_submit_for_grading",
            Self::Upload => "webservice/upload.php",
            Self::Finish => "mod_quiz_process_attempt",
            Self::Thread => "mod_forum_add_discussion",
            Self::Reply => "mod_forum_add_discussion_post",
        }
    }

    /// How often the campus holds the work of a case.
    pub fn held(self, state: &Value, at: usize) -> usize {
        let all = |name: &str| state[name].as_array().cloned().unwrap_or_default();
        let instance = i64::try_from(at + 1).unwrap();
        match self {
            Self::Save | Self::Submit | Self::Upload => all("submissions")
                .iter()
                .filter(|s| s["assign"] == instance && s["text"].to_string().contains(&name(at)))
                .filter(|s| s["status"] == "submitted")
                .filter(|s| self != Self::Upload || s["files"].as_array().is_some_and(|f| f.len() == 1))
                .map(|s| usize::try_from(s["saves"].as_i64().unwrap()).unwrap())
                .sum(),
            Self::Finish => all("attempts")
                .iter()
                .filter(|a| a["quiz"] == instance && a["state"] == "finished")
                .filter(|a| a["slots"].to_string().contains(&typed(at)))
                .count(),
            Self::Thread | Self::Reply => {
                let written = format!("{} the learner", name(at));
                all("posts").iter().filter(|p| p["message"].to_string().contains(&written)).count()
            }
        }
    }

    /// The activity of a case.
    pub fn item(self, at: usize) -> Value {
        let id = (at + 1).to_string();
        let mut item = json!({"id": format!("i{id}"), "title": name(at), "summary": "",
            "bindings": [{"site": "campus", "course": "2", "module": "x", "cmid": (1000 + at).to_string(), "instance": id}]});
        let more = match self {
            Self::Save | Self::Submit | Self::Upload => json!({"kind": "assignment", "accepts_text": true,
                "max_files": u8::from(self == Self::Upload), "max_file_bytes": 10_000,
                "submission_drafts": self == Self::Submit}),
            Self::Finish => json!({"kind": "quiz", "quiz": {"max_attempts": null, "questions": [
                {"id": "q", "kind": "short_text", "text_html": format!("<p>Word of {}?</p>", name(at)), "points": 1}]}}),
            Self::Thread | Self::Reply => json!({"kind": "discussion", "prompt_html": "<p>Talk.</p>"}),
        };
        if let (Some(item), Some(more)) = (item.as_object_mut(), more.as_object()) {
            item.extend(more.clone());
        }
        item
    }
}

/// How a case is known.
pub fn name(at: usize) -> String {
    format!("case-{at:03}-")
}

/// What is typed in a case; found again by the judges.
pub fn typed(at: usize) -> String {
    format!("{} the learner's own words", name(at))
}

/// One learner at a site that refuses.
pub struct Desk {
    /// The program.
    pub app: App,
    /// What was handed in, by number of the case.
    pub works: BTreeMap<usize, WorkId>,
    campus: Practice,
    site: Refusing,
    call: Call,
    course: CourseId,
    items: Vec<ItemId>,
    data: PathBuf,
    _dir: tempfile::TempDir,
}

impl Desk {
    /// Signs in at a campus with one activity for each of `cases` cases.
    pub async fn open(call: Call, cases: usize) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("course");
        std::fs::create_dir_all(&folder).unwrap();
        let items: Vec<Value> = (0..cases).map(|at| call.item(at)).collect();
        let course = json!({"format": "daypack-course-folder/1", "id": "refusals", "title": "Refusals",
            "sections": [{"title": "All", "items": items}]});
        std::fs::write(folder.join("course.json"), course.to_string()).unwrap();
        let campus = Practice::start(&folder, None, &dir.path().join("campus"));
        let site = Refusing::start(&campus.site).await;
        let data = dir.path().join("data");
        let options = OpenOptions { data_dir: data.clone(), quiet: true, ..OpenOptions::default() };
        let app = App::open(options).await.unwrap();
        sign_in(&app, &site.address).await;
        let offer = app.offers_refresh(Nothing {}).await.unwrap().offers[0].clone();
        let course = app.course_add(OfferInput { source: offer.source, id: offer.id }).await.unwrap().course;
        let view = app.course(CourseInput { course: course.clone() }).await.unwrap();
        let mut rows: Vec<_> = view.sections.into_iter().flat_map(|s| s.items).collect();
        rows.sort_by(|a, b| a.title.cmp(&b.title));
        let items: Vec<ItemId> = rows.into_iter().map(|row| row.id).collect();
        assert_eq!(items.len(), cases);
        Self { app, works: BTreeMap::new(), campus, site, call, course, items, data, _dir: dir }
    }

    /// Makes ready what a case needs beforehand; returns how its call is known.
    async fn prepare(&self, at: usize, posts: &BTreeMap<String, i64>) -> (String, Ready) {
        let input = ItemInput { course: self.course.clone(), item: self.items[at].clone() };
        match self.call {
            Call::Save | Call::Submit => (format!("assignmentid={}", at + 1), Ready::Text),
            Call::Upload => {
                let path = self.data.join(format!("{}.txt", name(at)));
                std::fs::write(&path, typed(at)).unwrap();
                let path = path.display().to_string();
                let attach = FileAttach { course: input.course, item: input.item, path };
                self.app.file_attach(attach).await.unwrap();
                (format!("{}.txt", name(at)), Ready::Text)
            }
            Call::Finish => {
                let attempt = self.app.attempt_start(input).await.unwrap();
                let question = attempt.questions[0].id.clone();
                let response = Response::ShortText { text: typed(at) };
                let save = ResponseSave { attempt: attempt.id.clone(), question, response };
                self.app.response_save(save).await.unwrap();
                (name(at), Ready::Attempt(AttemptInput { attempt: attempt.id }))
            }
            Call::Thread => (format!("forumid={}", at + 1), Ready::Post(None)),
            Call::Reply => {
                let parent = posts[&format!("opening {at}")];
                (format!("postid={parent}"), Ready::Post(Some(parent.to_string())))
            }
        }
    }

    /// Hands in the work of a case, refused as said.
    pub async fn hand_in(
        &mut self,
        at: usize,
        no: &No,
        deed_first: bool,
        posts: &BTreeMap<String, i64>,
    ) -> String {
        let (needle, ready) = self.prepare(at, posts).await;
        self.site.plan(Planned {
            function: self.call.function().to_owned(),
            needle: needle.clone(),
            answer: no.wire.clone(),
            deed_first,
        });
        let (course, item) = (self.course.clone(), self.items[at].clone());
        let id = match ready {
            Ready::Text => {
                let (slot, text) = ("text".to_owned(), typed(at));
                let draft = DraftSave { course: course.clone(), item: item.clone(), slot, text };
                self.app.draft_save(draft).await.unwrap();
                self.app.hand_in(HandIn { course, item, agreed: false }).await.unwrap().id
            }
            Ready::Attempt(attempt) => self.app.attempt_finish(attempt).await.unwrap().work.unwrap().id,
            Ready::Post(parent) => {
                let (subject, text) = (name(at), typed(at));
                self.app.post_send(PostSend { course, item, parent, subject, text }).await.unwrap().id
            }
        };
        self.works.insert(at, id);
        needle
    }

    /// Begins an attempt that the site refuses as said, and again once it does not; returns both ends.
    pub async fn begin(&self, at: usize, no: &No, deed_first: bool) -> (Result<String, FailureCode>, String) {
        let needle = format!("quizid={}", at + 1);
        self.site.plan(Planned {
            function: "mod_quiz_start_attempt".to_owned(),
            needle: needle.clone(),
            answer: no.wire.clone(),
            deed_first,
        });
        let input = ItemInput { course: self.course.clone(), item: self.items[at].clone() };
        let first = self.app.attempt_start(input.clone()).await.map(|a| a.id.to_string()).map_err(|f| f.code);
        self.site.lift_one(&needle);
        if self.app.app_status(Nothing {}).await.unwrap().accounts.iter().any(|a| a.needs_sign_in) {
            sign_in(&self.app, &self.site.address).await;
        }
        let second = self.app.attempt_start(input).await.unwrap_or_else(|f| panic!("{}: {f:?}", no.name));
        assert_eq!(second.questions.len(), 1, "{}", no.name);
        (first, second.id.to_string())
    }

    /// Opens a thread in every forum, for replies.
    pub async fn openings(&self) -> BTreeMap<String, i64> {
        if self.call != Call::Reply {
            return BTreeMap::new();
        }
        for (at, item) in self.items.iter().enumerate() {
            let (course, item) = (self.course.clone(), item.clone());
            let (subject, text) = (format!("opening {at}"), "Hello".to_owned());
            self.app.post_send(PostSend { course, item, parent: None, subject, text }).await.unwrap();
        }
        self.until(|card| matches!(card.state, WorkState::Accepted { .. }), "openings").await;
        let state = self.campus.state();
        let posts = state["posts"].as_array().unwrap();
        posts.iter().map(|p| (p["subject"].as_str().unwrap().to_owned(), p["id"].as_i64().unwrap())).collect()
    }

    /// Waits until every piece was tried and is not on its way; each step reads the file, which is cheap.
    pub async fn until_tried(&self) {
        let end = Instant::now() + Duration::from_secs(100);
        while stands(&self.data).iter().any(|(state, tries)| *tries == 0 || state == "sending") {
            assert!(Instant::now() < end, "{:?}: not all are tried: {:?}", self.call, stands(&self.data));
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// Waits until every card is as wanted.
    pub async fn until(&self, wanted: impl Fn(&WorkCard) -> bool, what: &str) -> Vec<WorkCard> {
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            let busy = stands(&self.data).iter().filter(|(s, _)| s == "sending" || s == "in_doubt").count();
            let cards = if busy == 0 { self.app.outbox(Nothing {}).await.unwrap().work } else { Vec::new() };
            if busy == 0 && cards.iter().all(&wanted) {
                return cards;
            }
            let open: Vec<_> = cards.iter().filter(|c| !wanted(c)).take(3).collect();
            assert!(Instant::now() < end, "{:?}: {what} in vain: {busy} busy, {open:#?}", self.call);
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }

    /// All cards, once each says how it stands: sent or in doubt, refused for a reason, or when it is tried again.
    pub async fn cards_with_reasons(&self) -> Vec<WorkCard> {
        let end = Instant::now() + Duration::from_secs(20);
        loop {
            let cards = self.app.outbox(Nothing {}).await.unwrap().work;
            let signed_in =
                self.app.app_status(Nothing {}).await.unwrap().accounts.iter().all(|a| !a.needs_sign_in);
            let silent = |c: &&WorkCard| match c.state {
                // For want of a sign-in, or of its turn; the first is said by the account, the second passes.
                WorkState::Waiting => signed_in && c.next_try.is_none(),
                WorkState::Sending => true,
                _ => false,
            };
            let Some(open) = cards.iter().find(silent) else { return cards };
            assert!(Instant::now() < end, "{:?}: it waits, and nobody says why: {open:?}", self.call);
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// One case is refused no more, and the learner signs in again.
    pub async fn sign_in_again(&self, needle: &str) {
        self.site.lift_one(needle);
        sign_in(&self.app, &self.site.address).await;
    }

    /// The site answers for itself from now on, and the learner signs in again.
    pub async fn lift(&self) {
        self.site.lift();
        sign_in(&self.app, &self.site.address).await;
    }

    /// How often the call of a case came.
    pub fn came(&self, needle: &str) -> u32 {
        self.site.came(needle)
    }

    /// Numbers of the cases whose work is not whole: in the file, in the program, its files included.
    pub async fn lost(&self) -> Vec<usize> {
        let file = lost_from_file(&self.data, self.works.keys().copied());
        let mut lost: Vec<usize> = file;
        for (at, id) in &self.works {
            let whole = match self.app.work(WorkInput { work: id.clone() }).await {
                Ok(detail) => {
                    let text = detail.text.iter().any(|line| line.text == typed(*at));
                    let files = self.call != Call::Upload
                        || detail.files.len() == 1 && holds_file(&self.data.join("mine"), &typed(*at));
                    text && files
                }
                Err(_) => false,
            };
            if !whole {
                lost.push(*at);
            }
        }
        lost.sort_unstable();
        lost.dedup();
        lost
    }

    /// What the campus holds.
    pub fn state(&self) -> Value {
        self.campus.state()
    }
}

enum Ready {
    Text,
    Attempt(AttemptInput),
    Post(Option<String>),
}

async fn sign_in(app: &App, site: &str) {
    let who = SignIn { site: site.to_owned(), username: "student1".into(), password: "practice-1".into() };
    app.sign_in(who).await.expect("signed in");
}

/// State and tries of every piece, read from a copy of the file.
fn stands(data: &Path) -> Vec<(String, u32)> {
    let (_copy, db) = opened(data);
    let mut query = db.prepare("SELECT stands, tries FROM work").unwrap();
    query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
}

/// A copy of the learner's file: the program holds the file itself alone.
fn opened(data: &Path) -> (tempfile::TempDir, rusqlite::Connection) {
    let copy = tempfile::tempdir().unwrap();
    for file in ["learner.db", "learner.db-wal"] {
        if data.join(file).exists() {
            std::fs::copy(data.join(file), copy.path().join(file)).unwrap();
        }
    }
    let db = rusqlite::Connection::open(copy.path().join("learner.db")).unwrap();
    (copy, db)
}

/// Cases of which the sealed text does not stand in the database file; a copy is read, without any code of ours.
pub fn lost_from_file(data: &Path, cases: impl Iterator<Item = usize>) -> Vec<usize> {
    let (_copy, db) = opened(data);
    lost_from(&db, cases)
}

/// As [`lost_from_file`], on an open database.
pub fn lost_from(db: &rusqlite::Connection, cases: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut query = db.prepare("SELECT sealed FROM work").unwrap();
    let sealed: Vec<String> = query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    cases.filter(|at| !sealed.iter().any(|text| text.contains(&typed(*at)))).collect()
}

fn holds_file(folder: &Path, text: &str) -> bool {
    std::fs::read_dir(folder).is_ok_and(|entries| {
        entries.flatten().any(|entry| {
            let path = entry.path();
            if path.is_dir() {
                holds_file(&path, text)
            } else {
                std::fs::read(path).is_ok_and(|b| b == text.as_bytes())
            }
        })
    })
}
