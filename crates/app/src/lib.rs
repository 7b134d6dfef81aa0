//! The desk: everything Daypack does, without a window.
//!
//! Window, tool and tests use the same [`App`]. It owns the store, one loop that decides (`runner`), the tasks that
//! do, and the guarded loopback servers. What a UI can see is defined in [`api`].

mod afresh;
pub mod api;
mod commands;
mod failure;
pub mod keyring;
mod keys;
pub mod power;
pub mod remote;
mod runner;
pub mod servers;
mod shelf;
mod takeout;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use daypack_course::{CourseId, TimeMs};
use daypack_lms::net::{Net, NetConfig};
pub use daypack_store::{Keyring, MemoryKeyring, Mood, Secret};
use daypack_store::{Store, StoreError};
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use api::outline::JobView;
use api::status::{LinkState, LinkView, Settings};
use api::{Event, Failure, FailureCode};
use servers::content::{ContentServer, Viewer};
use servers::media::MediaServer;
use shelf::Shelf;

/// How the program is opened.
#[derive(Clone, Default)]
pub struct OpenOptions {
    /// The data folder; made when missing.
    pub data_dir: PathBuf,
    /// Gives the PDF viewer's files; without it PDFs have no viewer (headless use).
    pub viewer: Option<Viewer>,
    /// Called when a second start asks this one to come to the front.
    pub on_raise: Option<remote::OnRaise>,
    /// Does nothing by itself: no probing, sending or fetching until asked (`sync_now`). For one-off commands.
    pub quiet: bool,
    /// Who knows the battery; the system when not given.
    pub power: Option<Arc<dyn power::Power>>,
    /// The computer's keyring; programs take [`keyring::of_this_computer`]. None: there is none.
    pub keyring: Option<Arc<dyn Keyring>>,
    /// Opens sign-ins that a passphrase guards, and guards new ones where there is no keyring.
    pub passphrase: Option<Secret>,
}

/// The program. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    dir: PathBuf,
    store: Arc<Store>,
    net: Net,
    viewer: Option<Viewer>,
    events: broadcast::Sender<Event>,
    notes: mpsc::Sender<runner::Note>,
    stop: CancellationToken,
    ended: tokio::sync::Mutex<Option<oneshot::Receiver<()>>>,
    opened: Mutex<Opened>,
    board: RwLock<Board>,
    key: keys::KeyDoor,
}

/// What is open right now; replacing it closes the servers of what was open before.
#[derive(Debug, Default)]
pub(crate) struct Opened {
    /// Held for its port.
    #[allow(dead_code, reason = "held, not read: dropping it closes the port")]
    pub media: Option<MediaServer>,
    /// Held for its port.
    #[allow(dead_code, reason = "held, not read: dropping it closes the port")]
    pub content: Option<ContentServer>,
}

/// What the deciding loop last said; read by commands, written by the loop only.
pub(crate) struct Board {
    pub link: LinkView,
    pub jobs: Vec<JobView>,
    pub next_tries: std::collections::BTreeMap<daypack_course::WorkId, TimeMs>,
    pub settings: Settings,
}

impl App {
    /// Opens a data folder as its only owner.
    ///
    /// Errors: `in_use` when another process owns it (see [`remote::Owner`]), `no_space`, `newer_database`,
    /// `damaged_database`.
    pub async fn open(options: OpenOptions) -> Result<Self, Failure> {
        let dir = options.data_dir.clone();
        make_folder(&dir).map_err(|e| failure::file(&e, &dir))?;
        let now = clock();
        let opening = dir.clone();
        let store = tokio::task::spawn_blocking(move || {
            afresh::perform(&opening).map_err(|e| failure::io(&e))?;
            Store::open(&opening, now).map_err(Failure::from)
        })
        .await
        .map_err(joined)??;
        let store = Arc::new(store);
        if let Some(keyring) = options.keyring {
            store.keyring_use(keyring);
        }
        let has_sign_ins = store.signed_in().is_ok_and(|accounts| !accounts.is_empty());
        let settings: Settings = store
            .setting_get("settings")?
            .and_then(|value| serde_json::from_value(value).ok())
            .unwrap_or_default();
        let (notes, inbox) = mpsc::channel(256);
        let (events, _) = broadcast::channel(1024);
        let (ended, end) = oneshot::channel();
        let app = Self(Arc::new(Inner {
            dir: dir.clone(),
            store,
            net: Net::new(NetConfig::default())
                .map_err(|e| Failure::new(FailureCode::Internal).fact("why", e))?,
            viewer: options.viewer,
            events,
            notes,
            stop: CancellationToken::new(),
            ended: tokio::sync::Mutex::new(Some(end)),
            opened: Mutex::new(Opened::default()),
            board: RwLock::new(Board {
                link: LinkView { state: LinkState::Unknown, since: now, last_contact: None },
                jobs: Vec::new(),
                next_tries: std::collections::BTreeMap::new(),
                settings,
            }),
            key: keys::KeyDoor::new(options.passphrase, options.quiet),
        }));
        remote::listen(&app, &dir, options.on_raise).map_err(|e| failure::io(&e))?;
        let power = options.power.unwrap_or_else(|| Arc::new(power::System::default()));
        runner::start(&app, inbox, ended, options.quiet, power)?;
        if has_sign_ins && !options.quiet {
            app.look_for_key();
        }
        Ok(app)
    }

    /// The stream of events from now on.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.0.events.subscribe()
    }

    /// Stops the tasks, closes the servers and waits until everything is on disk.
    pub async fn close(&self) {
        self.0.stop.cancel();
        self.hold(Opened::default());
        if let Some(ended) = self.0.ended.lock().await.take() {
            let _ = tokio::time::timeout(std::time::Duration::from_secs(3), ended).await;
        }
    }

    /// The data folder.
    pub fn dir(&self) -> &Path {
        &self.0.dir
    }

    pub(crate) fn stopped(&self) -> CancellationToken {
        self.0.stop.clone()
    }

    pub(crate) fn store(&self) -> &Arc<Store> {
        &self.0.store
    }

    pub(crate) fn net(&self) -> &Net {
        &self.0.net
    }

    pub(crate) fn viewer(&self) -> Option<Viewer> {
        self.0.viewer.clone()
    }

    pub(crate) fn tell(&self, event: Event) {
        let _ = self.0.events.send(event);
    }

    /// Tells the deciding loop; waits while it is busy rather than growing without bound.
    pub(crate) async fn desk(&self, note: runner::Note) {
        let _ = self.0.notes.send(note).await;
    }

    /// Has everything sent that can be sent and everything new brought here, and waits for it.
    pub(crate) async fn sync_and_wait(&self) {
        let (done, wait) = oneshot::channel();
        self.desk(runner::Note::SyncNow(done)).await;
        let _ = tokio::time::timeout(std::time::Duration::from_secs(120), wait).await;
    }

    pub(crate) fn now(&self) -> TimeMs {
        clock()
    }

    pub(crate) fn new_id(&self) -> String {
        uuid::Uuid::now_v7().to_string()
    }

    pub(crate) fn settings(&self) -> Settings {
        self.board(|board| board.settings.clone())
    }

    pub(crate) fn job_views(&self) -> Vec<JobView> {
        self.board(|board| board.jobs.clone())
    }

    pub(crate) fn next_try(&self, work: &daypack_course::WorkId) -> Option<TimeMs> {
        self.board(|board| board.next_tries.get(work).copied())
    }

    pub(crate) fn board<T>(&self, read: impl FnOnce(&Board) -> T) -> T {
        read(&self.0.board.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn board_write<T>(&self, write: impl FnOnce(&mut Board) -> T) -> T {
        write(&mut self.0.board.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// Keeps servers open for what is on the screen; closes those of before.
    pub(crate) fn hold(&self, opened: Opened) {
        let mut held: MutexGuard<'_, Opened> = self.0.opened.lock().unwrap_or_else(PoisonError::into_inner);
        *held = opened;
    }

    /// Reads or writes the store away from the async threads.
    pub(crate) async fn db<T: Send + 'static>(
        &self,
        f: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Failure> {
        self.db_or(move |store| f(store).map_err(Failure::from)).await
    }

    /// As [`App::db`], for what can fail in words of its own.
    pub(crate) async fn db_or<T: Send + 'static>(
        &self,
        f: impl FnOnce(&Store) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let store = Arc::clone(self.store());
        tokio::task::spawn_blocking(move || f(&store)).await.map_err(joined)?
    }

    /// A course with all that is known about it.
    pub(crate) async fn shelf(&self, id: &CourseId) -> Result<Shelf, Failure> {
        let tier = self.settings().tier;
        let job = self.job_views().into_iter().find(|job| job.course == *id);
        let id = id.clone();
        self.db_or(move |store| {
            Shelf::load(store, &id, tier, job)?
                .ok_or_else(|| Failure::new(FailureCode::Unknown).fact("what", "course"))
        })
        .await
    }
}

fn joined(error: tokio::task::JoinError) -> Failure {
    Failure::new(FailureCode::Internal).fact("why", error)
}

/// Makes a data folder, with those above it, that only its learner can look into. One that an earlier version left
/// open is closed; a folder without our data in it stays as it is.
pub fn make_folder(dir: &Path) -> std::io::Result<()> {
    if dir.is_dir() {
        #[cfg(unix)]
        if dir.join("learner.db").exists() {
            // A file system without permissions (a USB stick) has none to set.
            let _ = std::fs::set_permissions(dir, std::os::unix::fs::PermissionsExt::from_mode(0o700));
        }
        return Ok(());
    }
    if let Some(above) = dir.parent() {
        std::fs::create_dir_all(above)?;
    }
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(dir) {
        Err(_) if dir.is_dir() => Ok(()),
        made => made,
    }
}

/// The only clock of the program.
fn clock() -> TimeMs {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    TimeMs(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
