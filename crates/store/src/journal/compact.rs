//! Making the journal smaller. Taken out is only what a verified backup holds **and** nobody waits for: what the
//! server confirmed, what a later save replaced, and what no server is told (places, settings, marks).

use std::collections::BTreeSet;

use daypack_course::work::Deed;
use daypack_course::{AttemptId, WorkId};
use rusqlite::Connection;

use super::fact::Fact;
use super::history::History;
use super::line::{self, Head};
use super::{FORMAT, Journal, part_name, part_number};
use crate::StoreError;
use crate::db::all;
use crate::seal;

/// What is confirmed.
pub(crate) struct Confirmed {
    work: BTreeSet<WorkId>,
    attempts: BTreeSet<AttemptId>,
}

impl Confirmed {
    /// Reads it from the database: accepted work, and finished attempts whose work is accepted or that have none.
    pub fn read(conn: &Connection) -> Result<Self, StoreError> {
        let accepted = "SELECT id FROM work WHERE stands = 'accepted'";
        let work = all(conn, accepted, [], |row| Ok(WorkId::new(row.get::<_, String>(0)?)))?;
        let finished = "SELECT id FROM attempts WHERE finished IS NOT NULL";
        let ended = all(conn, finished, [], |row| Ok(AttemptId::new(row.get::<_, String>(0)?)))?;
        let mut attempts: BTreeSet<AttemptId> = ended.into_iter().collect();
        let open = "SELECT sealed FROM work WHERE stands <> 'accepted'";
        for sealed in all(conn, open, [], |row| Ok(row.get::<_, String>(0)?))? {
            match serde_json::from_str::<daypack_course::work::Work>(&sealed) {
                Ok(work) => {
                    if let Deed::QuizFinish { attempt, .. } = work.deed {
                        attempts.remove(&attempt);
                    }
                }
                // What cannot be read may be about any attempt: none counts as confirmed.
                Err(_) => attempts.clear(),
            }
        }
        Ok(Self { work: work.into_iter().collect(), attempts })
    }

    /// Whether the fact is not needed any more once a backup holds it. `later`: the texts saved after it.
    fn frees(&self, fact: &Fact, later: &BTreeSet<(String, String, String)>) -> bool {
        match fact {
            Fact::AttemptBegun { attempt } => self.attempts.contains(&attempt.id),
            Fact::AttemptRemote { attempt, .. } | Fact::Response { attempt, .. } => {
                self.attempts.contains(attempt)
            }
            Fact::AttemptFinished { attempt, work, .. } => {
                self.attempts.contains(attempt) && work.as_ref().is_none_or(|w| self.work.contains(&w.id))
            }
            Fact::Work { work } => self.work.contains(&work.id),
            Fact::WorkState { work, .. } | Fact::WorkStep { work, .. } | Fact::WorkNamed { work, .. } => {
                self.work.contains(work)
            }
            Fact::Outbox { states, .. } => states.iter().all(|(id, _)| self.work.contains(id)),
            Fact::Draft { .. } => text_place(fact).is_some_and(|place| later.contains(&place)),
            Fact::DraftFile { .. } | Fact::DraftFileRemoved { .. } => false,
            Fact::Account { .. }
            | Fact::Library { .. }
            | Fact::LibraryRemoved { .. }
            | Fact::Trust { .. }
            | Fact::Setting { .. }
            | Fact::Machine { .. }
            | Fact::Position { .. }
            | Fact::Watched { .. }
            | Fact::Reading { .. }
            | Fact::Done { .. }
            | Fact::FeedbackSeen { .. }
            | Fact::Place { .. }
            | Fact::Titles { .. }
            | Fact::Bookmark { .. } => true,
        }
    }
}

fn text_place(fact: &Fact) -> Option<(String, String, String)> {
    match fact {
        Fact::Draft { course, item, slot, .. } => {
            Some((course.as_str().to_owned(), item.as_str().to_owned(), slot.clone()))
        }
        _ => None,
    }
}

impl Journal {
    /// Writes what is still needed into one new part and removes the others. `backed_up`: a verified backup holds
    /// all saves up to this number.
    pub fn compact(&mut self, confirmed: &Confirmed, backed_up: u64) -> Result<(), StoreError> {
        if !self.waiting.is_empty() {
            return Ok(());
        }
        let history = History::read(&*self.disk, &self.dir, self.seal.as_ref())?;
        if history.damaged_lines > 0 && history.last() > backed_up {
            return Ok(()); // What is damaged may be all there is of something.
        }
        let mut later = BTreeSet::new();
        let mut keep = Vec::new();
        for (seq, record) in history.records.iter().rev() {
            if *seq > backed_up || !confirmed.frees(&record.fact, &later) {
                keep.push(record);
            }
            later.extend(text_place(&record.fact));
        }
        let base = backed_up.max(history.base);
        let head = Head { journal: FORMAT, learner: self.learner.clone(), base };
        let mut bytes = seal::line(self.seal.as_ref(), line::write(&head)?)?;
        for record in keep.into_iter().rev() {
            bytes.extend(seal::line(self.seal.as_ref(), line::write(record)?)?);
        }
        let old: Vec<String> =
            self.disk.names(&self.dir)?.into_iter().filter(|name| part_number(name).is_some()).collect();
        self.disk.make_dir(&self.dir)?;
        self.part = self.part.saturating_add(1);
        let (temp, part) = (self.dir.join("part.new"), self.dir.join(part_name(self.part)));
        if self.disk.has(&temp) {
            self.disk.remove(&temp)?;
        }
        self.disk.write_new(&temp, &bytes)?;
        self.end = None;
        self.disk.rename(&temp, &part)?;
        self.base = base;
        self.bytes = bytes.len() as u64;
        self.end = Some(self.disk.open_end(&part)?);
        for name in old {
            self.disk.remove(&self.dir.join(name))?;
        }
        Ok(())
    }
}
