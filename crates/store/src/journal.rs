//! The second copy of a learner's work: an append-only journal beside `learner.db`, one line a save.
//!
//! What must stay true: a line is on the disk before its save is called saved; nothing is taken out that no server
//! confirmed or no verified backup holds; a part of the journal is never changed, only added to, and after a write
//! that failed never added to again (nobody knows what of it reached the disk). The journal carries the learner's
//! mark and is not done on anybody else's database.
//!
//! Layout: `journal/<number, 16 digits>.jsonl`; a first line (`Head`), then one line a save (`Record`), see `line`.

pub(crate) mod compact;
pub(crate) mod fact;
pub(crate) mod history;
pub(crate) mod line;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use fact::Fact;
use history::History;
use line::{Head, Record};

use crate::StoreError;
use crate::disk::{Disk, End};
use crate::seal::{self, Seal};

/// The format written here.
pub(crate) const FORMAT: u32 = 1;
/// The folder within the learner's.
pub(crate) const FOLDER: &str = "journal";

/// The name of a part.
pub(crate) fn part_name(number: u64) -> String {
    format!("{number:016}.jsonl")
}

/// The number of a part; `None` for what is no part.
pub(crate) fn part_number(name: &str) -> Option<u64> {
    name.strip_suffix(".jsonl").filter(|number| number.len() == 16)?.parse().ok()
}

/// The journal's end, where saves are added.
pub(crate) struct Journal {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    /// The folder is sealed: each line is.
    seal: Option<Arc<Seal>>,
    learner: String,
    base: u64,
    end: Option<Box<dyn End>>,
    part: u64,
    /// The last number that was called saved.
    last: u64,
    /// The number of the next save.
    next: u64,
    bytes: u64,
    /// Saves that the database does not have yet.
    waiting: Vec<(u64, Fact)>,
    /// On a network: the folder and this computer's name. Two computers must never write here.
    lease: Option<(PathBuf, String)>,
}

impl Journal {
    /// Goes on with what was read. `seq` is how far the database is: a journal that was lost begins after it.
    pub fn go_on(
        disk: Arc<dyn Disk>,
        dir: &Path,
        seal: Option<Arc<Seal>>,
        history: &History,
        learner: &str,
        seq: u64,
    ) -> Self {
        let is_same = history.learner.as_deref() == Some(learner);
        let last = if is_same { history.last().max(seq) } else { seq };
        let end = history
            .end
            .filter(|_| is_same && seq <= history.last())
            .and_then(|(number, _)| disk.open_end(&dir.join(part_name(number))).ok());
        Self {
            dir: dir.to_owned(),
            seal,
            learner: learner.to_owned(),
            base: if is_same { history.base } else { 0 },
            end,
            part: history.last_part,
            last,
            next: last.max(history.highest).saturating_add(1),
            bytes: history.bytes,
            waiting: Vec::new(),
            lease: None,
            disk,
        }
    }

    /// From now on nothing is added once another computer has taken the folder over.
    pub fn needs_lease(&mut self, dir: &Path, host: &str) {
        self.lease = Some((dir.to_owned(), host.to_owned()));
    }

    /// The number that the next save gets.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// Bytes of all parts, about.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Adds a save under the number [`Journal::next`]; on the disk on return. After an error it may be there or not.
    pub fn append(&mut self, fact: &Fact) -> Result<u64, StoreError> {
        if let Some((dir, host)) = &self.lease {
            crate::home::hold_lease(&*self.disk, dir, host)?;
        }
        let seq = self.next;
        self.next = seq.saturating_add(1);
        let written = self.write(seq, fact);
        if written.is_err() {
            self.end = None;
        }
        written.map(|()| seq)
    }

    /// The save `seq` is called saved from now on.
    pub fn saved(&mut self, seq: u64) {
        self.last = seq;
    }

    /// The save is in the journal only.
    pub fn wait(&mut self, seq: u64, fact: &Fact) {
        self.saved(seq);
        self.waiting.push((seq, fact.clone()));
    }

    /// What the database does not have yet, oldest first.
    pub fn waiting(&self) -> &[(u64, Fact)] {
        &self.waiting
    }

    /// The database has all of it now.
    pub fn caught_up(&mut self) {
        self.waiting.clear();
    }

    fn write(&mut self, seq: u64, fact: &Fact) -> Result<(), StoreError> {
        let record = Record { seq, prev: self.last, fact: fact.clone() };
        let seal = self.seal.as_ref();
        let mut bytes = seal::line(seal, line::write(&record)?)?;
        let mut end = match self.end.take() {
            Some(end) => end,
            None => {
                let head = Head { journal: FORMAT, learner: self.learner.clone(), base: self.base };
                bytes.splice(..0, seal::line(seal, line::write(&head)?)?);
                self.begin_part()?
            }
        };
        end.append(&bytes)?;
        end.sync()?;
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
        self.end = Some(end);
        Ok(())
    }

    fn begin_part(&mut self) -> Result<Box<dyn End>, StoreError> {
        self.disk.make_dir(&self.dir)?;
        self.part = self.part.saturating_add(1);
        Ok(self.disk.create(&self.dir.join(part_name(self.part)))?)
    }
}
