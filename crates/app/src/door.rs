//! The door before the desk: whose work is open, where several people use one computer.
//!
//! Where one person does, there is no door and the desk is open. Else each learner's folder is sealed, and the desk is
//! there only between unlocking and locking. What must stay true: while it is locked every command of the desk answers
//! `locked`, from the page and from other programs alike; locking keeps what is being typed, closes the desk and lets
//! go of the key; one change at a time; one process owns the data folder, locked or not.

mod deeds;
mod moving;
mod people;
mod share;
mod watch;

use std::fs::File;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use daypack_store::{LearnerKey, Means, SHORTEST_PASSPHRASE, Secret};
use serde_json::Value;
use tokio::sync::{Notify, broadcast};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::api::door::{DoorStanding, DoorView};
use crate::api::{COMMANDS, Event, Failure, FailureCode, dispatch, dispatch_at};
use crate::{App, OpenOptions, failure, joined, make_folder, remote};

use people::People;
pub(crate) use people::is_shared;

/// How long closing a desk may take until its key is surely gone.
const GONE: Duration = Duration::from_secs(8);

/// The door. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Door(Arc<Inner>);

struct Inner {
    options: OpenOptions,
    events: broadcast::Sender<Event>,
    stop: CancellationToken,
    tasks: TaskTracker,
    standing: RwLock<Standing>,
    /// `None` where one person uses this computer.
    people: Mutex<Option<People>>,
    /// Held by whoever changes the standing; in it, the folder's lock while several people use it.
    turn: tokio::sync::Mutex<Option<File>>,
    /// When the learner gave the last sign.
    here: Mutex<Instant>,
    /// The page has kept what was being typed and locked.
    flushed: Notify,
}

/// Whose work is open.
enum Standing {
    Open {
        app: App,
        /// Cuts commands off that are still running when the desk is closed.
        cut: CancellationToken,
        /// `None` where one person uses this computer.
        learner: Option<String>,
    },
    Locked,
    Busy,
}

/// One change at a time.
type Turn<'a> = tokio::sync::MutexGuard<'a, Option<File>>;

impl Door {
    /// Owns a data folder. Where several people use it, it is locked; else its desk is open.
    ///
    /// Errors: those of [`App::open`].
    pub async fn open(options: OpenOptions) -> Result<Self, Failure> {
        let dir = options.data_dir.clone();
        make_folder(&dir).map_err(|e| failure::file(&e, &dir))?;
        let now = options.clock.as_ref().map_or_else(crate::clock, |clock| clock());
        let (people, owned) = tokio::task::spawn_blocking(move || {
            if !is_shared(&dir) {
                return Ok((None, None));
            }
            let owned = people::own(&dir)?;
            let people = moving::settle(&dir, now)?;
            let owned = people.is_some().then_some(owned);
            Ok::<_, Failure>((people, owned))
        })
        .await
        .map_err(joined)??;
        let alone = people.is_none();
        let (events, _) = broadcast::channel(1024);
        let door = Self(Arc::new(Inner {
            options,
            events,
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            standing: RwLock::new(Standing::Locked),
            people: Mutex::new(people),
            turn: tokio::sync::Mutex::new(owned),
            here: Mutex::new(Instant::now()),
            flushed: Notify::new(),
        }));
        if alone {
            door.enter(None, door.0.options.clone(), None).await?;
        }
        door.listen()?;
        if !door.0.options.quiet {
            door.spawn(watch::watch(door.clone()));
        }
        Ok(door)
    }

    fn listen(&self) -> Result<(), Failure> {
        let (door, spawner) = (self.clone(), self.clone());
        let owning = remote::Owning {
            answer: Arc::new(move |command, input| {
                let door = door.clone();
                Box::pin(async move { door.dispatch(&command, input).await })
            }),
            events: self.0.events.clone(),
            spawn: Arc::new(move |task| spawner.spawn(task)),
            on_raise: self.0.options.on_raise.clone(),
        };
        remote::listen(self.dir(), owning).map_err(|e| failure::io(&e))
    }

    /// Runs a command of the one list.
    pub async fn dispatch(&self, command: &str, input: Value) -> Result<Value, Failure> {
        dispatch_at(self, command, input).await
    }

    /// The stream of events from now on, of the door and of whatever desk is open.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.0.events.subscribe()
    }

    /// The desk, if one is open.
    pub fn desk(&self) -> Option<App> {
        match &*self.standing() {
            Standing::Open { app, .. } => Some(app.clone()),
            _ => None,
        }
    }

    /// Closes the desk, wipes its key and frees the folder once the last clone is dropped.
    pub async fn close(&self) {
        self.0.stop.cancel();
        let mut turn = self.0.turn.lock().await;
        self.shut(Standing::Locked).await;
        self.0.tasks.close();
        let _ = tokio::time::timeout(Duration::from_secs(3), self.0.tasks.wait()).await;
        *turn = None;
    }

    /// Runs a command of the desk; `locked` while none is open.
    pub(crate) async fn at_desk(&self, name: &str, input: Value) -> Result<Value, Failure> {
        let open = match &*self.standing() {
            Standing::Open { app, cut, .. } => Some((app.clone(), cut.clone())),
            _ => None,
        };
        let Some((app, cut)) = open else {
            return Err(match COMMANDS.iter().any(|command| command.name == name) {
                true => FailureCode::Locked.into(),
                false => Failure::new(FailureCode::UnknownCommand).fact("command", name),
            });
        };
        tokio::select! {
            biased;
            answer = dispatch(&app, name, input) => answer,
            () = cut.cancelled() => Err(FailureCode::Locked.into()),
        }
    }

    /// Opens a desk and puts it behind the door; on failure nothing is open.
    async fn enter(
        &self,
        learner: Option<String>,
        options: OpenOptions,
        key: Option<LearnerKey>,
    ) -> Result<(), Failure> {
        self.set(Standing::Busy);
        match App::open_behind(options, key).await {
            Ok(app) => {
                let (mut desk, door) = (app.events(), self.0.events.clone());
                self.0.tasks.spawn(async move {
                    loop {
                        let event = match desk.recv().await {
                            Ok(event) => event,
                            // Too slow for some; whoever listens reads everything again.
                            Err(broadcast::error::RecvError::Lagged(_)) => Event::LibraryChanged {},
                            Err(broadcast::error::RecvError::Closed) => return,
                        };
                        let _ = door.send(event);
                    }
                });
                self.sign();
                self.set(Standing::Open { app, cut: CancellationToken::new(), learner });
                Ok(())
            }
            Err(failure) => {
                self.set(Standing::Locked);
                Err(failure)
            }
        }
    }

    /// Closes the desk that is open and waits until its key is gone.
    async fn shut(&self, then: Standing) {
        let before = std::mem::replace(&mut *self.standing_mut(), Standing::Busy);
        if let Standing::Open { app, cut, .. } = before {
            app.close().await;
            cut.cancel();
            let gone = app.gone();
            let end = Instant::now() + GONE;
            while !gone() && Instant::now() < end {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            if !gone() {
                tracing::warn!("something still holds the desk");
            }
        }
        self.set(then);
    }

    fn set(&self, standing: Standing) {
        *self.standing_mut() = standing;
        self.tell();
    }

    fn standing(&self) -> std::sync::RwLockReadGuard<'_, Standing> {
        self.0.standing.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn standing_mut(&self) -> std::sync::RwLockWriteGuard<'_, Standing> {
        self.0.standing.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn people(&self) -> std::sync::MutexGuard<'_, Option<People>> {
        self.0.people.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The learner whose work is open.
    fn open_learner(&self) -> Option<String> {
        match &*self.standing() {
            Standing::Open { learner, .. } => learner.clone(),
            _ => None,
        }
    }

    fn sign(&self) {
        *self.0.here.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn dir(&self) -> &std::path::Path {
        &self.0.options.data_dir
    }

    fn folder(&self, id: &str) -> PathBuf {
        people::folder(self.dir(), id)
    }

    /// How a learner's desk is opened: their passphrase guards their sign-ins too where there is no keyring.
    fn options(&self, id: &str, passphrase: Secret) -> OpenOptions {
        OpenOptions {
            data_dir: self.folder(id),
            passphrase: Some(passphrase),
            on_raise: None,
            ..self.0.options.clone()
        }
    }

    fn means(&self) -> Means {
        let events = self.0.events.clone();
        let means = Means {
            progress: Arc::new(move |done, all| {
                let _ = events.send(Event::Sealing { done, all });
            }),
            ..Means::default()
        };
        match &self.0.options.disk {
            Some(disk) => Means { disk: Arc::clone(disk), ..means },
            None => means,
        }
    }

    fn now(&self) -> daypack_course::TimeMs {
        self.0.options.clock.as_ref().map_or_else(crate::clock, |clock| clock())
    }

    fn tell(&self) {
        // The program ends: that is no locking, and the page stays as it is.
        if self.0.stop.is_cancelled() {
            return;
        }
        let _ = self.0.events.send(Event::Door { door: self.view() });
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let stop = self.0.stop.clone();
        self.0.tasks.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = task => {}
            }
        });
    }

    /// As the page sees it.
    fn view(&self) -> DoorView {
        let (standing, open) = match &*self.standing() {
            Standing::Open { learner: None, .. } => (DoorStanding::Alone, None),
            Standing::Open { learner, .. } => (DoorStanding::Open, learner.clone()),
            Standing::Locked => (DoorStanding::Locked, None),
            Standing::Busy => (DoorStanding::Busy, None),
        };
        let people = self.people();
        let person = open.as_deref().and_then(|id| people.as_ref()?.find(id));
        DoorView {
            standing,
            code_due: person.is_some_and(|person| !person.code_kept),
            learners: people.as_ref().map(People::views).unwrap_or_default(),
            idle_minutes: people.as_ref().map_or(0, |people| people.idle_minutes),
            open,
            shortest_passphrase: u32::try_from(SHORTEST_PASSPHRASE).unwrap_or(u32::MAX),
        }
    }
}
