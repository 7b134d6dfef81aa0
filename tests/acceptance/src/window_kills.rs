//! Killing the window program in the middle of typing, downloading and sending, again and again.
//!
//! What must stay true: what counts as saved is what the window showed as saved, read by this process through the
//! driver; what is there afterwards is read from the database file and from the next window.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use daypack_app::api::FailureCode;
use daypack_app::api::input::*;
use daypack_app::api::outline::JobState;
use daypack_app::api::status::Place;
use daypack_app::{App, OpenOptions};
use daypack_course::outline::ItemKind;
use daypack_course::work::WorkState;
use daypack_course::{CourseId, ItemId};
use serde_json::{Value, json};

use crate::practice::{Practice, bin, small_course};
use crate::window::Window;

/// Where one writes: an assignment's text or a quiz's essay.
const FIELD: &str = "[data-testid=assignment-text], [data-testid=question] textarea";
/// The field's text and what the window says about it, in one moment.
const SHOWN: &str = "const field = document.querySelector(arguments[0]); const line = document\
    .querySelector('[data-testid=save-status]'); return field && [field.value, line && line.dataset.state]";

/// What many kills came to.
#[derive(Debug, Default)]
pub struct Figures {
    /// How often the program was killed.
    pub kills: u32,
    /// How many different texts were shown as saved.
    pub saved: u32,
    /// Messages that the program had taken.
    pub posted: u32,
    /// From the program's start to the restored page, each time the computer had no more to do than this.
    pub starts: Vec<Duration>,
    /// Starts that were not judged, because the computer was busy with something else.
    pub busy_starts: u32,
    /// What was shown as saved and is not there.
    pub lost: Vec<String>,
}

impl Figures {
    /// Kills until there are `wanted`: a third of them before the program has shown anything.
    pub async fn gather(wanted: u32, seed: u64, mut go_on: impl FnMut() -> bool) -> Self {
        let mut victim = Victim::prepare(seed).await;
        let mut figures = Self::default();
        while figures.kills < wanted && go_on() {
            if figures.kills == wanted / 2 {
                victim.turn_to_the_quiz().await;
            }
            if figures.kills % 3 == 2 {
                victim.kill_at_the_start(&mut figures).await;
            } else {
                victim.type_and_kill(&mut figures).await;
            }
        }
        victim.come_to_an_end(&mut figures).await;
        figures
    }

    /// The slowest start.
    pub fn slowest(&self) -> Duration {
        self.starts.iter().max().copied().unwrap_or_default()
    }
}

/// A learner whose program is killed.
pub struct Victim {
    /// The data folder.
    pub data: PathBuf,
    campus: Practice,
    course: CourseId,
    assignment: ItemId,
    quiz: ItemId,
    forum: ItemId,
    /// Everything typed into the present field.
    typed: String,
    posts: Vec<String>,
    seed: u64,
    dir: tempfile::TempDir,
}

impl Victim {
    /// Signs in, adds the course with one large lecture, starts a quiz.
    pub async fn prepare(seed: u64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("course");
        copy(&small_course(), &folder);
        let lecture = folder.join("media/l1-standard.mp4");
        std::fs::write(lecture, (0..4_000_000_u32).map(|n| (n % 251) as u8).collect::<Vec<_>>()).unwrap();
        let campus = Practice::start(&folder, None, &dir.path().join("campus"));
        let data = dir.path().join("data");
        let app = open(&data, true).await;
        let who =
            SignIn { site: campus.site.clone(), username: "student1".into(), password: "practice-1".into() };
        app.sign_in(who).await.unwrap();
        let offer = app.offers_refresh(Nothing {}).await.unwrap().offers[0].clone();
        let course = app.course_add(OfferInput { source: offer.source, id: offer.id }).await.unwrap().course;
        let view = app.course(CourseInput { course: course.clone() }).await.unwrap();
        let rows: Vec<_> = view.sections.into_iter().flat_map(|s| s.items).collect();
        let of = |kind, nth: usize| rows.iter().filter(|r| r.kind == kind).nth(nth).unwrap().id.clone();
        let (assignment, quiz, forum) =
            (of(ItemKind::Assignment, 0), of(ItemKind::Quiz, 1), of(ItemKind::Discussion, 0));
        let me = Self {
            data,
            campus,
            course,
            assignment,
            quiz,
            forum,
            typed: String::new(),
            posts: Vec::new(),
            seed,
            dir,
        };
        app.attempt_start(ItemInput { course: me.course.clone(), item: me.quiz.clone() }).await.unwrap();
        app.place_save(me.place(&me.assignment)).await.unwrap();
        app.close().await;
        me
    }

    fn place(&self, item: &ItemId) -> Place {
        Place {
            page: "item".into(),
            course: Some(self.course.clone()),
            item: Some(item.clone()),
            detail: None,
        }
    }

    fn random(&mut self, below: u64) -> u64 {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.seed >> 33) % below
    }

    /// Goes on in the quiz instead of the assignment.
    pub async fn turn_to_the_quiz(&mut self) {
        let app = open(&self.data, true).await;
        let start = ItemInput { course: self.course.clone(), item: self.quiz.clone() };
        let attempt = app.attempt_start(start).await.unwrap();
        let essay = attempt.questions.last().unwrap().id.to_string();
        let place = Place { detail: Some(essay), ..self.place(&self.quiz) };
        app.place_save(place).await.unwrap();
        app.close().await;
        self.typed = String::new();
    }

    /// Kills the program before it has shown anything.
    pub async fn kill_at_the_start(&mut self, figures: &mut Figures) {
        let home = self.dir.path().join("home");
        let mut child = Command::new(bin("daypack-app"))
            .args(["--data", self.data.to_str().unwrap()])
            .env("HOME", &home)
            .env("XDG_CACHE_HOME", home.join("cache"))
            .env("DAYPACK_KEYRING", crate::practice::keyring_of(&self.data))
            .env_remove("DAYPACK_DATA")
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let wait = self.random(400);
        tokio::time::sleep(Duration::from_millis(wait)).await;
        let _ = child.kill();
        let _ = child.wait();
        figures.kills += 1;
    }

    /// Opens the window, looks whether everything is there, types, and kills it at some moment.
    pub async fn type_and_kill(&mut self, figures: &mut Figures) {
        let round = figures.kills;
        let window = Window::open(&self.data).await;
        let program = window.processes();
        let shown = wait_for_field(&window, &self.typed).await;
        if is_busy() {
            figures.busy_starts += 1;
        } else {
            figures.starts.push(age(program[0]));
        }
        self.typed = shown.clone();
        match (round / 3) % 3 {
            1 => {
                self.campus.ctl(&["slow", "4000"]);
                let all = json!({ "course": self.course });
                let _ = window.call("take_along", all).await;
            }
            2 => {
                self.campus.ctl(&["latency", "60"]);
                let subject = format!("from round {round}");
                let post = json!({ "course": self.course, "item": self.forum, "parent": null,
                    "subject": subject, "text": "written before the blow" });
                if window.call("post_send", post).await.is_ok() {
                    figures.posted += 1;
                    self.posts.push(subject);
                }
            }
            _ => {}
        }
        let saved = Arc::new(Mutex::new((shown, 0_u32)));
        let typed = Arc::new(Mutex::new(self.typed.clone()));
        let blow = Duration::from_millis(self.random(900));
        tokio::select! {
            () = write(&window, round, &typed, &saved) => {}
            () = async {
                // Every other blow falls only once something was shown as saved, however slow the computer is.
                let end = Instant::now() + Duration::from_secs(6);
                while round.is_multiple_of(2) && saved.lock().unwrap().1 == 0 && Instant::now() < end {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                tokio::time::sleep(blow).await;
            } => {}
        }
        window.kill();
        self.campus.ctl(&["slow", "off"]);
        self.campus.ctl(&["latency", "off"]);
        figures.kills += 1;
        self.typed = typed.lock().unwrap().clone();
        let (saved, times) = saved.lock().unwrap().clone();
        figures.saved += times;
        let there = texts(&self.data);
        if !there.iter().any(|text| text.starts_with(&saved)) {
            figures.lost.push(saved);
        }
    }

    /// Lets everything come to its end; what was taken must be at the site once, and the download whole.
    pub async fn come_to_an_end(self, figures: &mut Figures) {
        let app = open(&self.data, false).await;
        let all = TakeAlong { course: self.course.clone(), section: None, item: None, tier: None };
        app.take_along(all).await.unwrap();
        app.sync_now(Nothing {}).await.unwrap();
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            let work = app.outbox(Nothing {}).await.unwrap().work;
            let jobs = app.jobs(Nothing {}).await.unwrap().jobs;
            let sent = work.iter().all(|w| matches!(w.state, WorkState::Accepted { .. }));
            if sent && jobs.iter().all(|j| j.state == JobState::Done) {
                break;
            }
            assert!(Instant::now() < end, "it does not come to an end: {work:#?} {jobs:#?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        app.close().await;
        let state = self.campus.state();
        let posts = state["posts"].as_array().unwrap();
        for subject in &self.posts {
            let times = posts.iter().filter(|p| p["subject"] == **subject).count();
            if times != 1 {
                figures.lost.push(format!("{subject}: {times} times at the site"));
            }
        }
    }
}

/// Types word after word, with pauses in which it is saved; keeps what the window shows as saved.
async fn write(window: &Window, round: u32, typed: &Mutex<String>, saved: &Mutex<(String, u32)>) {
    for word in 0.. {
        let text = format!("r{round}w{word} ");
        typed.lock().unwrap().push_str(&text);
        let Ok(field) = window.client.find(fantoccini::Locator::Css(FIELD)).await else { return };
        if field.send_keys(&text).await.is_err() {
            return;
        }
        for _ in 0..(word % 3) * 6 {
            let Some((value, state)) = look(window).await else { return };
            if state == "saved" {
                let mut saved = saved.lock().unwrap();
                saved.1 += u32::from(saved.0 != value);
                saved.0 = value;
            }
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
    }
}

/// The field's text and the state shown beside it.
pub async fn look(window: &Window) -> Option<(String, String)> {
    let shown = window.client.execute(SHOWN, vec![json!(FIELD)]).await.ok()?;
    let text = |at: usize| shown.get(at).and_then(Value::as_str).map(str::to_owned);
    Some((text(0)?, text(1).unwrap_or_default()))
}

/// Waits until the page is restored; the text is a beginning of what was typed, as it cannot be anything else.
async fn wait_for_field(window: &Window, typed: &str) -> String {
    let end = Instant::now() + Duration::from_secs(40);
    loop {
        if let Some((value, _)) = look(window).await {
            assert!(typed.starts_with(&value), "nobody typed {value:?}, but {typed:?}");
            return value;
        }
        if Instant::now() > end {
            let page = window.client.execute("return location.href + document.body.innerText", vec![]).await;
            panic!("the page with the field does not come back: {page:?}");
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Writes into the field, as a hand would.
pub async fn type_text(window: &Window, text: &str) {
    window.write(FIELD, text).await;
}

/// Every text in the learner's file: drafts and answers.
pub fn texts(data: &Path) -> Vec<String> {
    let copy = tempfile::tempdir().unwrap();
    for name in ["learner.db", "learner.db-wal"] {
        if data.join(name).exists() {
            std::fs::copy(data.join(name), copy.path().join(name)).unwrap();
        }
    }
    let db = rusqlite::Connection::open(copy.path().join("learner.db")).unwrap();
    let mut query = db
        .prepare("SELECT text FROM drafts UNION ALL SELECT json_extract(response, '$.text') FROM responses UNION ALL SELECT ''")
        .unwrap();
    let rows = query.query_map([], |row| row.get::<_, Option<String>>(0)).unwrap();
    rows.filter_map(|row| row.unwrap()).collect()
}

/// Whether so much waits for the processor that a start says nothing about the program.
fn is_busy() -> bool {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load: f64 = load.split(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0.0);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    load > 2.0 * f64::from(u32::try_from(cores).unwrap_or(1))
}

/// How long a process has been running.
fn age(id: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    let ticks: f64 = stat
        .rsplit(") ")
        .next()
        .and_then(|rest| rest.split(' ').nth(19)?.parse().ok())
        .expect("when it was started");
    let up = std::fs::read_to_string("/proc/uptime").unwrap();
    let up: f64 = up.split(' ').next().unwrap().parse().unwrap();
    // Linux counts in hundredths of a second here.
    Duration::from_secs_f64((up - ticks / 100.0).max(0.0))
}

/// Opens the folder; the threads of a program that was just killed may hold it for a moment longer.
async fn open(data: &Path, quiet: bool) -> App {
    let end = Instant::now() + Duration::from_secs(5);
    loop {
        let keyring = Some(daypack_app::keyring::in_file(crate::practice::keyring_of(data)));
        let options = OpenOptions { data_dir: data.to_owned(), quiet, keyring, ..OpenOptions::default() };
        match App::open(options).await {
            Ok(app) => return app,
            Err(failure) if failure.code == FailureCode::InUse && Instant::now() < end => {}
            Err(failure) => panic!("{failure:?}"),
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
