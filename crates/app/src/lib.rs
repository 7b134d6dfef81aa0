//! The desk: everything Daypack does, without a window.
//!
//! Window, tool and tests use the same [`App`]. It owns the store, one loop that decides (`runner`), the tasks that
//! do, and the guarded loopback servers. What a UI can see is defined in [`api`].

mod afresh;
pub mod api;
mod arrivals;
mod carry;
mod commands;
mod door;
mod failure;
pub mod haul;
pub mod keyring;
mod keys;
mod neighbours;
pub mod opening;
pub mod power;
mod receiver;
pub mod remote;
mod runner;
mod safety;
pub mod servers;
mod shelf;
pub mod signing_in;
mod takeout;
mod wishes;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use daypack_course::deadline::Moment;
use daypack_course::{CourseId, Digest, TimeMs};
use daypack_engine::Clocks;
pub use daypack_engine::transfer;
use daypack_lms::net::Net;
pub use daypack_lms::net::{NetConfig, trust};
pub use daypack_store::StoreError;
use daypack_store::disk::Disk;
pub use daypack_store::{Keyring, MemoryKeyring, Mood, Secret};
use daypack_store::{LearnerKey, Means, Store};
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use api::internet::FlowView;
use api::outline::JobView;
use api::status::{LinkState, LinkView, Metered, Settings};
use api::{Event, Failure, FailureCode};
use servers::content::{ContentServer, Viewer};
use servers::media::MediaServer;
use shelf::Shelf;

pub use door::Door;
pub use runner::surroundings::{
    AnyAround, AnyLinkCost, Around, LinkCost, Network, SystemAround, SystemLinkCost,
};

/// How the program is opened.
#[derive(Clone, Default)]
pub struct OpenOptions {
    /// The data folder; made when missing.
    pub data_dir: PathBuf,
    /// Gives the PDF viewer's files; without it PDFs have no viewer (headless use).
    pub viewer: Option<Viewer>,
    /// Shows the page of a site on which one signs in; without it there is no such way.
    pub sign_in_window: Option<signing_in::SignInWindow>,
    /// Called when a second start asks this one to come to the front.
    pub on_raise: Option<remote::OnRaise>,
    /// Does nothing by itself: no probing, sending or fetching until asked (`sync_now`). For one-off commands.
    pub quiet: bool,
    /// Who knows the battery; the system when not given.
    pub power: Option<Arc<dyn power::Power>>,
    /// Another clock than the computer's, for tests of clocks.
    pub clock: Option<Clock>,
    /// Says whether the connection costs money; the operating system when not given.
    pub link_cost: Option<AnyLinkCost>,
    /// Knows of sleep and of other networks; the operating system when not given.
    pub around: Option<AnyAround>,
    /// The disk below the store's journal and backups; `None` is the computer's own. For tests.
    pub disk: Option<Arc<dyn Disk>>,
    /// The computer's keyring; programs take [`keyring::of_this_computer`]. None: there is none.
    pub keyring: Option<Arc<dyn Keyring>>,
    /// Hears how opening goes on, and shows the courses before it is done.
    pub opening: Option<opening::Opening>,
    /// Opens sign-ins that a passphrase guards, and guards new ones where there is no keyring.
    pub passphrase: Option<Secret>,
    /// How sites are reached; as usual when not given.
    pub net: NetConfig,
    /// How long a minute without a sign of the learner is; a minute when not given. For tests of locking by itself.
    pub idle_minute: Option<std::time::Duration>,
}

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> TimeMs + Send + Sync>;

/// The program. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    dir: PathBuf,
    store: Arc<Store>,
    net: Net,
    viewer: Option<Viewer>,
    sign_in_window: Option<signing_in::SignInWindow>,
    /// Ends the sign-in that is going on at a site's page.
    signing_in: Mutex<CancellationToken>,
    clock: Option<Clock>,
    around: AnyAround,
    events: broadcast::Sender<Event>,
    notes: mpsc::Sender<runner::Note>,
    stop: CancellationToken,
    /// Tasks that end with the program.
    tasks: TaskTracker,
    ended: tokio::sync::Mutex<Option<oneshot::Receiver<()>>>,
    opened: Mutex<Opened>,
    board: RwLock<Board>,
    key: keys::KeyDoor,
    mirrors: haul::mirrors::Mirrors,
    neighbours: neighbours::Neighbours,
    /// Packs that did not serve in this life; their files come alone.
    bad_packs: Mutex<std::collections::BTreeSet<Digest>>,
    /// A look at running attempts is planned.
    keeping_soon: std::sync::atomic::AtomicBool,
    flagging: tokio::sync::Mutex<()>,
    tap: haul::tap::Tap,
    arrivals: arrivals::Arrivals,
    /// When a course that was opened was last thought about.
    opened_courses: Mutex<std::collections::BTreeMap<CourseId, std::time::Instant>>,
    page_needs: Mutex<commands::page::Needs>,
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
    pub standing: std::collections::BTreeMap<daypack_course::WorkId, runner::Standing>,
    pub clocks: Clocks,
    pub settings: Settings,
    pub items:
        std::collections::BTreeMap<String, (api::outline::JobState, daypack_engine::download::JobView)>,
    pub flow: FlowView,
    pub rules: daypack_engine::allowance::Rules,
    pub wishes: wishes::Wishes,
    /// The job of what the learner looks at, where it is not all here.
    pub opened: Option<String>,
    /// How far a look at all files is.
    pub checking: api::outline::FilesChecking,
}

impl App {
    /// Opens a data folder as its only owner.
    ///
    /// A damaged learner's database is got back; the status says so (`recovered`). What a newer Daypack wrote is opened
    /// to read; commands that would write answer `newer_database`.
    /// Errors: `in_use` when another process owns it (see [`remote::Owner`]), `no_space`, `newer_database` (not even
    /// to be read), `damaged_database` (and there is nothing to get it back from), `locked` when several people use the
    /// folder (see [`Door`]).
    pub async fn open(options: OpenOptions) -> Result<Self, Failure> {
        if door::is_shared(&options.data_dir) {
            return Err(FailureCode::Locked.into());
        }
        let on_raise = options.on_raise.clone();
        let app = Self::open_behind(options, None).await?;
        let (desk, asked) = (app.clone(), app.clone());
        let owning = remote::Owning {
            answer: Arc::new(move |command, input| {
                let desk = desk.clone();
                Box::pin(async move { api::dispatch(&desk, &command, input).await })
            }),
            events: app.0.events.clone(),
            spawn: Arc::new(move |task| asked.spawn(task)),
            on_raise,
        };
        remote::listen(app.dir(), owning).map_err(|e| failure::io(&e))?;
        Ok(app)
    }

    /// Opens a folder that is reached through something else; a sealed one by its key.
    pub(crate) async fn open_behind(options: OpenOptions, key: Option<LearnerKey>) -> Result<Self, Failure> {
        let dir = options.data_dir.clone();
        make_folder(&dir).map_err(|e| failure::file(&e, &dir))?;
        let now = options.clock.as_ref().map_or_else(clock, |clock| clock());
        let opening = dir.clone();
        let mut means = Means::default();
        if let Some(disk) = options.disk {
            means.disk = disk;
        }
        if let Some(opening) = options.opening {
            means.watch = Arc::new(opening);
        }
        let store = tokio::task::spawn_blocking(move || {
            afresh::perform(&opening, now, &means)?;
            let store = match &key {
                Some(key) => Store::open_sealed_with(&opening, now, key, &means)?,
                None => Store::open_with(&opening, now, &means)?,
            };
            safety::note_recovery(&store)?;
            Ok::<_, Failure>(store)
        })
        .await
        .map_err(joined)??;
        let store = Arc::new(store);
        // A newer Daypack owns the folder: nothing is sent, fetched or asked for by this one.
        let quiet = options.quiet || store.opened().newer.is_some();
        if let Some(keyring) = options.keyring {
            store.keyring_use(keyring);
        }
        let has_sign_ins = store.signed_in().is_ok_and(|accounts| !accounts.is_empty());
        let settings: Settings = store
            .setting_get("settings")?
            .and_then(|value| serde_json::from_value(value).ok())
            .unwrap_or_default();
        let (rules, wishes) = wishes::load(&store)?;
        let (notes, inbox) = mpsc::channel(256);
        let (events, _) = broadcast::channel(1024);
        let (ended, end) = oneshot::channel();
        let app = Self(Arc::new(Inner {
            dir,
            store,
            net: Net::new(options.net).map_err(|e| Failure::new(FailureCode::Internal).fact("why", e))?,
            viewer: options.viewer,
            sign_in_window: options.sign_in_window,
            signing_in: Mutex::default(),
            clock: options.clock,
            around: options.around.unwrap_or_else(|| Arc::new(SystemAround)),
            events,
            notes,
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            ended: tokio::sync::Mutex::new(Some(end)),
            opened: Mutex::new(Opened::default()),
            board: RwLock::new(Board {
                link: LinkView {
                    state: LinkState::Unknown,
                    since: now,
                    last_contact: None,
                    costs_money: settings.metered == Metered::Yes,
                },
                jobs: Vec::new(),
                standing: std::collections::BTreeMap::new(),
                clocks: Clocks::default(),
                settings,
                items: std::collections::BTreeMap::new(),
                flow: FlowView::default(),
                rules,
                wishes,
                opened: None,
                checking: api::outline::FilesChecking::default(),
            }),
            key: keys::KeyDoor::new(options.passphrase, options.quiet),
            mirrors: haul::mirrors::Mirrors::default(),
            neighbours: neighbours::Neighbours::new(quiet).map_err(|e| failure::io(&e))?,
            bad_packs: Mutex::default(),
            keeping_soon: std::sync::atomic::AtomicBool::new(false),
            flagging: tokio::sync::Mutex::new(()),
            tap: haul::tap::Tap::closed(),
            arrivals: arrivals::Arrivals::default(),
            opened_courses: Mutex::default(),
            page_needs: Mutex::default(),
        }));
        let power = options.power.unwrap_or_else(|| Arc::new(power::System::default()));
        let cost = options.link_cost.unwrap_or_else(|| Arc::new(SystemLinkCost));
        if app.store().opened().newer.is_none() {
            let (store, at) = (app.store().clone(), app.now());
            // A start may have ended between a sign-in and this.
            tokio::task::spawn_blocking(move || receiver::name_work(&store, at)).await.map_err(joined)??;
        }
        runner::start(&app, inbox, ended, quiet, power, cost)?;
        app.use_mirrors().await;
        if !quiet {
            app.spawn(runner::upkeep::keep(app.clone()));
        }
        if !quiet {
            app.follow_near();
        }
        if has_sign_ins && !quiet {
            app.look_for_key();
        }
        Ok(app)
    }

    /// The stream of events from now on.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.0.events.subscribe()
    }

    /// Stops the tasks, closes the servers and waits until everything is on disk. When the last clone is dropped after
    /// it, the folder is free for the next owner.
    pub async fn close(&self) {
        self.0.stop.cancel();
        self.hold(Opened::default());
        if let Some(ended) = self.0.ended.lock().await.take() {
            let _ = tokio::time::timeout(std::time::Duration::from_secs(3), ended).await;
            if self.0.store.is_on_network() {
                let now = self.now();
                if let Err(failure) = self.db(move |store| store.backup_now(now)).await {
                    tracing::warn!(%failure, "no backup was made on closing");
                }
            }
        }
        self.0.tasks.close();
        let rest = async {
            self.0.tasks.wait().await;
            // What a dropped task had begun in the store still ends there.
            while Arc::strong_count(&self.0.store) > 1 {
                tokio::time::sleep(std::time::Duration::from_millis(2)).await;
            }
        };
        if tokio::time::timeout(std::time::Duration::from_secs(3), rest).await.is_err() {
            tracing::warn!("something still holds the folder");
        }
    }

    /// Lets go of this clone; the answer says whether the last one has gone, and the key with it.
    pub(crate) fn gone(self) -> impl Fn() -> bool {
        let weak = Arc::downgrade(&self.0);
        move || weak.strong_count() == 0
    }

    /// Runs a task that asks and changes nothing at a site: it is dropped where it stands when the program ends.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stopped();
        self.0.tasks.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = task => {}
            }
        });
    }

    /// Runs a task that ends by itself when it is told to stop; closing waits for it a little.
    pub(crate) fn spawn_whole(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.0.tasks.spawn(task);
    }

    pub(crate) fn arrivals(&self) -> &arrivals::Arrivals {
        &self.0.arrivals
    }

    pub(crate) fn neighbours(&self) -> &neighbours::Neighbours {
        &self.0.neighbours
    }

    /// Who else may have files of packages: whoever knows one puts it there.
    pub fn mirrors(&self) -> &haul::mirrors::Mirrors {
        &self.0.mirrors
    }

    /// Whether some source answers, as far as the loop knows.
    pub(crate) fn is_online(&self) -> bool {
        self.board(|board| board.link.state == LinkState::Online)
    }

    /// Notes that a course was opened; `false` where that was noted less than a minute ago.
    pub(crate) fn opens(&self, course: &CourseId) -> bool {
        let now = std::time::Instant::now();
        let mut opened = self.0.opened_courses.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new =
            opened.get(course).is_none_or(|at| now.duration_since(*at) >= std::time::Duration::from_secs(60));
        if is_new {
            opened.insert(course.clone(), now);
        }
        is_new
    }

    pub(crate) fn bad_pack(&self, pack: Digest) {
        self.0.bad_packs.lock().unwrap_or_else(PoisonError::into_inner).insert(pack);
    }

    pub(crate) fn is_bad_pack(&self, pack: &Digest) -> bool {
        self.0.bad_packs.lock().unwrap_or_else(PoisonError::into_inner).contains(pack)
    }

    /// The data folder.
    pub fn dir(&self) -> &Path {
        &self.0.dir
    }

    pub(crate) fn around(&self) -> &AnyAround {
        &self.0.around
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

    pub(crate) fn sign_in_window(&self) -> Option<signing_in::SignInWindow> {
        self.0.sign_in_window.clone()
    }

    /// One page of a site at a time: ends that of before.
    pub(crate) fn one_sign_in(&self, next: CancellationToken) -> CancellationToken {
        let mut going = self.0.signing_in.lock().unwrap_or_else(PoisonError::into_inner);
        going.cancel();
        *going = next.clone();
        next
    }

    pub(crate) fn tell(&self, event: Event) {
        let _ = self.0.events.send(event);
    }

    /// Tells the deciding loop; waits while it is busy rather than growing without bound.
    pub(crate) async fn desk(&self, note: runner::Note) {
        let _ = self.0.notes.send(note).await;
    }

    /// Waits until the loop has heard all that it was told before.
    pub(crate) async fn heard(&self) {
        let (done, wait) = oneshot::channel();
        self.desk(runner::Note::Heard(done)).await;
        let _ = tokio::time::timeout(std::time::Duration::from_secs(10), wait).await;
    }

    /// Has everything sent that can be sent and everything new brought here, and waits for it.
    pub(crate) async fn sync_and_wait(&self) {
        let (done, wait) = oneshot::channel();
        self.desk(runner::Note::SyncNow(done)).await;
        let _ = tokio::time::timeout(std::time::Duration::from_secs(120), wait).await;
    }

    pub(crate) fn flagging(&self) -> &tokio::sync::Mutex<()> {
        &self.0.flagging
    }

    pub(crate) fn keeping_soon(&self) -> &std::sync::atomic::AtomicBool {
        &self.0.keeping_soon
    }

    pub(crate) fn now(&self) -> TimeMs {
        self.0.clock.as_ref().map_or_else(clock, |clock| clock())
    }

    /// A site's clock as it stands now, by its last answer in this life; `None` before one.
    pub(crate) fn server_now(&self, site: &str) -> Option<TimeMs> {
        self.net().clock_offset(site).map(|offset| clock().plus(offset))
    }

    /// What a deadline at `site` is measured by.
    pub(crate) fn moment(&self, site: &str) -> Moment {
        let now = self.now();
        self.board(|board| Moment {
            now,
            offset_ms: board.clocks.offset(site).unwrap_or(0),
            last_contact: board.clocks.last_contact(site).map(|(server, _)| {
                // By our clock as it goes now: it may have been set since.
                server.plus(board.clocks.offset(site).unwrap_or(0).saturating_neg())
            }),
        })
    }

    pub(crate) fn new_id(&self) -> String {
        uuid::Uuid::now_v7().to_string()
    }

    pub(crate) fn settings(&self) -> Settings {
        self.board(|board| board.settings.clone())
    }

    /// What downloads may use of the internet now.
    pub(crate) fn flow(&self) -> FlowView {
        self.board(|board| board.flow.clone())
    }

    pub(crate) fn page_needs<T>(&self, deed: impl FnOnce(&mut commands::page::Needs) -> T) -> T {
        deed(&mut self.0.page_needs.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn tap(&self) -> &haul::tap::Tap {
        &self.0.tap
    }

    pub(crate) fn job_views(&self) -> Vec<JobView> {
        self.board(|board| board.jobs.clone())
    }

    pub(crate) fn standing(&self, work: &daypack_course::WorkId) -> runner::Standing {
        self.board(|board| board.standing.get(work).cloned().unwrap_or_default())
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
        let tier = self.tier_of(id);
        let clocks = self.clone();
        let job = self.job_views().into_iter().find(|job| job.course == *id);
        let id = id.clone();
        self.db_or(move |store| {
            let mut shelf = Shelf::load(store, &id, tier, job, &|site| clocks.moment(site))?
                .ok_or_else(|| Failure::new(FailureCode::Unknown).fact("what", "course"))?;
            commands::page::look_into(&clocks, &mut shelf);
            Ok(shelf)
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

/// The computer's clock; only [`App::now`] and what compares it with sites read it.
fn clock() -> TimeMs {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    TimeMs(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
