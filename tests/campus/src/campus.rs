//! The campus as a whole: the course set up as Moodle modules, the world, the switches and the log.
//! Must stay true: every answer is made under one lock, so a read after a write sees the write.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::course::{Course, CourseError};
use crate::fault::Fault;
use crate::files::{Blobs, StoredFile};
use crate::log::Log;
use crate::modules::{Module, Subject};
use crate::schema::Schema;
use crate::site::{self, User};
use crate::switches::Switches;
use crate::teacher;
use crate::world::{OwnFile, World};

/// Why the campus cannot open.
#[derive(Debug, thiserror::Error)]
pub enum CampusError {
    /// The course folder is not usable.
    #[error(transparent)]
    Course(#[from] CourseError),
    /// A file or socket failed.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The built-in service description is broken.
    #[error("service description: {0}")]
    Schema(#[from] serde_json::Error),
    /// A word of the command line.
    #[error("{0}")]
    Command(String),
}

impl CampusError {
    /// An IO error with what was tried.
    pub fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}

/// How the campus is to run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Course folder.
    pub course: PathBuf,
    /// Folder of the package library.
    pub library: Option<PathBuf>,
    /// Folder that survives a restart.
    pub state: Option<PathBuf>,
    /// Seconds until the teacher marks.
    pub grade_after: i64,
    /// `http://127.0.0.1:PORT`.
    pub site: String,
}

/// The campus.
pub struct Campus {
    /// How it runs.
    pub plan: Plan,
    /// What it teaches.
    pub course: Course,
    /// Moodle's number of the course.
    pub course_id: i64,
    /// When the course was made.
    pub made: i64,
    /// The activities.
    pub modules: Vec<Module>,
    /// The files of the activities.
    pub files: Vec<StoredFile>,
    /// The recorded message of the teacher.
    pub spoken: Option<StoredFile>,
    /// Uploaded bytes.
    pub blobs: Blobs,
    /// What may be called.
    pub schema: Schema,
    /// Bad days.
    pub switches: Arc<Switches>,
    /// Its own pages for signing in.
    pub pages: crate::launch::Pages,
    /// Who asked what.
    pub log: Log,
    world: Mutex<World>,
}

/// Who asks, and when.
pub struct Caller {
    /// The person.
    pub user: &'static User,
    /// The time of the call.
    pub now: i64,
}

impl Campus {
    /// Sets the course up and reads the state of an earlier run.
    pub fn open(plan: Plan, switches: Arc<Switches>) -> Result<Self, CampusError> {
        let course = Course::open(&plan.course)?;
        let built = crate::modules::build(&course, &plan)?;
        let blobs = Blobs::open(plan.state.as_ref().map(|dir| dir.join("files")))
            .map_err(CampusError::io("cannot make the state folder"))?;
        let stored = match &plan.state {
            Some(dir) => {
                World::load(&dir.join("campus.json")).map_err(CampusError::io("cannot read the state"))?
            }
            None => None,
        };
        let campus = Self {
            course,
            course_id: built.course_id,
            made: built.made,
            modules: built.modules,
            files: built.files,
            spoken: built.spoken,
            blobs,
            schema: Schema::load()?,
            switches,
            pages: crate::launch::Pages::default(),
            log: Log::default(),
            world: Mutex::new(stored.unwrap_or_default()),
            plan,
        };
        campus.with(|world| campus.seed(world))?;
        Ok(campus)
    }

    /// Does something with the world; what changed is on disk before this returns.
    pub fn with<T>(&self, deed: impl FnOnce(&mut World) -> T) -> Result<T, CampusError> {
        let mut world = self.lock();
        teacher::mark_due(self, &mut world, site::now());
        let done = deed(&mut world);
        self.keep(&mut world)?;
        Ok(done)
    }

    fn keep(&self, world: &mut World) -> Result<(), CampusError> {
        match (&self.plan.state, world.changed) {
            (Some(dir), true) => {
                world.save(&dir.join("campus.json")).map_err(CampusError::io("cannot write the state"))
            }
            _ => Ok(()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a fresh campus has: the teacher's first posts.
    pub fn seed(&self, world: &mut World) {
        if !world.discussions.is_empty() {
            return;
        }
        for module in &self.modules {
            if let Subject::Forum { prompt } = &module.subject {
                crate::functions::forum::open_discussion(
                    world,
                    module.instance,
                    site::TEACHER.id,
                    &module.name,
                    prompt,
                    self.made,
                );
            }
        }
    }

    /// An empty world with the switches off.
    pub fn reset(&self) -> Result<(), CampusError> {
        self.switches.clear();
        self.pages.clear();
        self.log.clear();
        self.with(|world| {
            *world = World::default();
            world.touch();
            self.seed(world);
        })
    }

    /// The module of that number.
    pub fn module(&self, cmid: i64) -> Option<&Module> {
        self.modules.iter().find(|module| module.cmid == cmid)
    }

    /// The instance of an activity, for a caller who may see it.
    pub fn instance(
        &self,
        world: &World,
        caller: &Caller,
        modname: &str,
        instance: i64,
    ) -> Result<&Module, Fault> {
        let found =
            self.modules.iter().find(|module| module.modname == modname && module.instance == instance);
        let module = found.ok_or_else(|| Fault::no_record(modname))?;
        if let Some(due) = crate::functions::courses::due(world, caller.user) {
            return Err(Fault::course_closed_for(self.course_id, due));
        }
        // As recorded of an assignment that was hidden meanwhile: the words of somebody who takes no part.
        let is_open = takes_part(world, caller.user) && !world.hidden.contains(&module.cmid);
        if is_open { Ok(module) } else { Err(Fault::of("requireloginerror")) }
    }

    /// An absolute address.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.plan.site)
    }

    /// Address of a theme picture.
    pub fn image(&self, component: &str, name: &str) -> String {
        self.url(&format!("/theme/image.php/boost/{component}/{}/{name}", site::THEME_REV))
    }

    /// A file in the shape the list functions share.
    pub fn external_file(&self, file: &OwnFile, url: String) -> serde_json::Value {
        let mime = crate::files::mime_of(&file.filename);
        serde_json::json!({
            "filename": file.filename, "filepath": file.filepath, "filesize": file.size, "fileurl": url,
            "timemodified": file.time, "mimetype": mime, "isexternalfile": false,
            "icon": crate::files::icon_of(mime),
        })
    }
}

/// Whether the course is open to this person now.
pub fn takes_part(world: &World, user: &User) -> bool {
    user.enrolled && !world.unenrolled.contains(user.username)
}
