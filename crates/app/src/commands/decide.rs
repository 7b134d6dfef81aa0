//! The learner's decisions on work that is unclear or was not taken. None of them deletes anything: ours stays
//! sealed, the site's stays as it was brought here.

use daypack_course::WorkId;
use daypack_course::work::{Deed, RefusalReason, Work, WorkState};
use daypack_store::WorkRow;

use crate::api::input::*;
use crate::api::work::*;
use crate::api::{Failure, FailureCode};
use crate::runner::{Note, send, versions};
use crate::{App, runner};

impl App {
    /// See the list of commands.
    pub async fn work_decide(&self, input: WorkDecide) -> Result<WorkDetail, Failure> {
        let row = self.work_row(&input.work).await?;
        if !self.decisions(&row).contains(&input.decision) {
            return Err(Failure::new(FailureCode::InvalidInput).fact("why", "not to be decided now"));
        }
        let id = input.work.clone();
        match input.decision {
            Decision::IsThere => self.desk(Note::WorkSays(id, true)).await,
            Decision::SendAgain => self.desk(Note::WorkSays(id, false)).await,
            Decision::KeepSites | Decision::KeepBoth => self.desk(Note::WorkSetAside(id)).await,
            Decision::SendMine => {
                let again = self.mine_again(&row).await?;
                let kept = again.clone();
                self.db(move |store| store.work_add(&kept)).await?;
                self.sealed(&again).await?;
            }
        }
        self.settled_desk().await;
        send::tell(self.clone(), input.work.clone()).await;
        self.work(WorkInput { work: input.work }).await
    }

    /// What can be decided now.
    pub(crate) fn decisions(&self, row: &WorkRow) -> Vec<Decision> {
        match &row.state {
            WorkState::Unclear => vec![Decision::IsThere, Decision::SendAgain],
            WorkState::Refused { .. } if self.standing(&row.work.id).set_aside => Vec::new(),
            WorkState::Refused { refusal } => match refusal.why {
                RefusalReason::Conflict
                | RefusalReason::QuestionsChanged
                | RefusalReason::FinishedElsewhere => {
                    vec![Decision::KeepSites, Decision::SendMine, Decision::KeepBoth]
                }
                RefusalReason::AlreadySubmitted => vec![Decision::KeepSites, Decision::KeepBoth],
                _ => vec![Decision::KeepBoth],
            },
            WorkState::Waiting | WorkState::Sending | WorkState::InDoubt | WorkState::Accepted { .. } => {
                Vec::new()
            }
        }
    }

    /// What the site holds in its place, where both are to be compared.
    pub(crate) async fn theirs(&self, row: &WorkRow) -> Result<Option<SiteVersionView>, Failure> {
        if !versions::are_compared(&row.state) {
            return Ok(None);
        }
        let id = row.work.id.clone();
        let kept = self.db(move |store| versions::kept(store, &id)).await?;
        Ok(kept.map(|kept| SiteVersionView {
            at: kept.version.at,
            fetched: kept.fetched,
            text: kept.version.lines.into_iter().map(|(about, text)| WorkLine { about, text }).collect(),
            files: kept.version.files,
            hidden: kept.version.hidden,
        }))
    }

    /// Ours as a new version that builds on what the learner has seen of the site's.
    async fn mine_again(&self, row: &WorkRow) -> Result<Work, Failure> {
        let work = &row.work;
        let id = work.id.clone();
        let (kept, log) = self
            .db(move |store| {
                let log: daypack_lms::StepLog = store
                    .work_step_get(&id)?
                    .and_then(|value| serde_json::from_value(value).ok())
                    .unwrap_or_default();
                Ok((versions::kept(store, &id)?, log))
            })
            .await?;
        let finished_elsewhere = matches!(&row.state, WorkState::Refused { refusal } if refusal.why == RefusalReason::FinishedElsewhere);
        let deed = match &work.deed {
            Deed::Submission { text, files, agreed, .. } => {
                // What was not seen is not overwritten.
                let seen = kept.ok_or(FailureCode::Unreachable)?;
                Deed::Submission {
                    text: text.clone(),
                    files: files.clone(),
                    base: seen.version.base,
                    agreed: *agreed,
                }
            }
            Deed::QuizFinish { attempt, remote_attempt, answers, side, .. } => Deed::QuizFinish {
                attempt: attempt.clone(),
                remote_attempt: match finished_elsewhere {
                    // A finished attempt takes nothing more: this one is a new attempt.
                    true => None,
                    false => remote_attempt.clone().or(log.attempt),
                },
                answers: answers.clone(),
                anyway: !finished_elsewhere,
                side: side.clone(),
            },
            other @ (Deed::Post { .. } | Deed::Completion { .. }) => other.clone(),
        };
        Ok(Work { id: WorkId::new(self.new_id()), deed, created: self.now(), ..work.clone() })
    }

    /// Waits until the desk has heard what was told it so far.
    async fn settled_desk(&self) {
        let (done, wait) = tokio::sync::oneshot::channel();
        self.desk(runner::Note::Heard(done)).await;
        let _ = tokio::time::timeout(std::time::Duration::from_secs(5), wait).await;
    }
}
