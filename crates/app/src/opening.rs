//! A data folder that is being opened: how far it is, and its courses as the catalogue knows them.
//!
//! What must stay true: it says nothing of the learner, and it answers only inside the process that holds the folder;
//! once the folder is open the program itself answers.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use daypack_course::outline::Tier;
use daypack_store::{Glimpse, Step, StoreError, Watch};
use serde_json::Value;

use crate::App;
use crate::api::input::Nothing;
use crate::api::opening::{EarlyCard, OpeningStep, OpeningView, OpeningWay};
use crate::api::{Failure, FailureCode};
use crate::shelf::Shelf;

/// Called at each step, in the thread that opens.
pub type OnStep = Arc<dyn Fn(OpeningWay) + Send + Sync>;

/// The door to a folder that is being opened. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Opening {
    state: Arc<Mutex<State>>,
    on_step: OnStep,
}

#[derive(Default)]
struct State {
    way: Option<OpeningWay>,
    glimpse: Option<Glimpse>,
    courses: Option<Vec<EarlyCard>>,
}

impl Opening {
    /// A folder that nobody has begun to open.
    pub fn new(on_step: OnStep) -> Self {
        Self { state: Arc::default(), on_step }
    }

    /// How it stands.
    pub async fn view(&self) -> Result<OpeningView, Failure> {
        let opening = self.clone();
        tokio::task::spawn_blocking(move || opening.look()).await.map_err(crate::joined)?
    }

    /// Runs a command of the list that can be answered before the folder is open; `None` for all others.
    pub async fn dispatch(&self, name: &str) -> Option<Result<Value, Failure>> {
        if name != "opening" {
            return None;
        }
        let view = self.view().await.and_then(|view| {
            serde_json::to_value(view).map_err(|e| Failure::new(FailureCode::Internal).fact("why", e))
        });
        Some(view)
    }

    fn look(&self) -> Result<OpeningView, Failure> {
        let glimpse = match &*self.lock() {
            State { courses: None, glimpse: Some(glimpse), .. } => Some(glimpse.clone()),
            _ => None,
        };
        // Read once: whoever opens the folder does not write to the catalogue.
        if let Some(glimpse) = glimpse {
            let courses = early(&glimpse)?;
            self.lock().courses = courses;
        }
        let state = self.lock();
        Ok(OpeningView { way: state.way, courses: state.courses.clone() })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watch for Opening {
    fn catalogue(&self, glimpse: Glimpse) {
        self.lock().glimpse = Some(glimpse);
    }

    fn step(&self, step: Step) {
        let (step, share) = match step {
            Step::Checking => (OpeningStep::Checking, None),
            Step::Copying => (OpeningStep::Copying, None),
            Step::BringingBack { of: 0, .. } => (OpeningStep::BringingBack, None),
            Step::BringingBack { done, of } => (OpeningStep::BringingBack, Some(done as f64 / of as f64)),
        };
        let way = OpeningWay { step, share };
        self.lock().way = Some(way);
        (self.on_step)(way);
    }
}

/// The courses as the catalogue alone knows them; `None` when the folder was let go.
fn early(glimpse: &Glimpse) -> Result<Option<Vec<EarlyCard>>, Failure> {
    let courses = glimpse.courses().map_err(|error: StoreError| Failure::from(error))?;
    Ok(courses.map(|courses| {
        courses
            .into_iter()
            // The size of lectures is the learner's choice, and not known yet: what is here counts, whatever its size.
            .map(|seen| Shelf::unread(seen.course, seen.assets, Tier::Standard).card())
            .map(|card| EarlyCard {
                id: card.id,
                title: card.title,
                summary: card.summary,
                origin: card.origin,
                from: card.from,
                items: card.items,
                items_ready: card.items_ready,
                size_here: card.size_here,
            })
            .collect()
    }))
}

impl App {
    /// See the list of commands.
    pub async fn opening(&self, _: Nothing) -> Result<OpeningView, Failure> {
        Ok(OpeningView::default())
    }
}
