//! Reading everything a learner produced, in one view of each database.

use std::collections::{BTreeMap, BTreeSet};

use daypack_course::quiz::Question;
use daypack_course::work::{Deed, Work};
use daypack_course::{AttemptId, CourseId, Digest, ItemId, QuestionId, TimeMs, WorkId};
use rusqlite::{Connection, Row};

use super::{
    AnswerFact, DoneFact, DraftFact, DraftFileFact, FeedbackFileFact, FileFact, LibraryFact, PositionFact,
    ReadingFact, SeenFact, Takeout, Whose, WorkFact, is_learners,
};
use crate::db::{all, json, uint};
use crate::learner::bookmark;
use crate::learner::draft_file::digest;
use crate::learner::title::Title;
use crate::{Account, AttemptRow, AttemptState, Store, StoreError, WorkName};

impl Store {
    /// Everything the learner produced. Work that does not match its seal is in it as it is.
    pub fn takeout(&self) -> Result<Takeout, StoreError> {
        let mut out = self.learner.read(learners)?;
        let (feedback, feedback_files) = self.catalogue.read(|c| {
            let feedback = all(c, "SELECT feedback FROM feedback ORDER BY id", [], |row| json(row, 0))?;
            let sql = "SELECT feedback, url, digest FROM feedback_files ORDER BY feedback, url";
            let files = all(c, sql, [], |row| {
                Ok(FeedbackFileFact { feedback: row.get(0)?, url: row.get(1)?, digest: digest(row, 2)? })
            })?;
            Ok((feedback, files))
        })?;
        out.feedback = feedback;
        out.feedback_files = feedback_files;
        out.titles = self.names_of(&out)?;
        out.files = self.files_of(&out)?;
        Ok(out)
    }

    /// Names of what the takeout speaks of: from the course where it is on the shelf, else as kept.
    fn names_of(&self, out: &Takeout) -> Result<Vec<Title>, StoreError> {
        let mut wanted: BTreeSet<(CourseId, ItemId)> = BTreeSet::new();
        wanted.extend(out.attempts.iter().map(|a| (a.course.clone(), a.item.clone())));
        wanted.extend(out.drafts.iter().map(|d| (d.course.clone(), d.item.clone())));
        wanted.extend(out.draft_files.iter().map(|d| (d.course.clone(), d.item.clone())));
        wanted.extend(out.positions.iter().map(|p| (p.course.clone(), p.item.clone())));
        wanted.extend(out.readings.iter().map(|r| (r.course.clone(), r.item.clone())));
        wanted.extend(out.done_marks.iter().map(|d| (d.course.clone(), d.item.clone())));
        wanted.extend(out.bookmarks.iter().map(|b| (b.course.clone(), b.item.clone())));
        wanted.extend(out.work.iter().filter_map(work).map(|w| (w.course, w.item)));
        let mut names: BTreeMap<(CourseId, Option<ItemId>), String> =
            self.titles()?.into_iter().map(|t| ((t.course, t.item), t.title)).collect();
        let courses: BTreeSet<CourseId> = wanted.iter().map(|(course, _)| course.clone()).collect();
        for id in courses {
            let Some(course) = self.course_get(&id)? else { continue };
            for item in course.items() {
                if wanted.contains(&(id.clone(), item.id.clone())) {
                    names.insert((id.clone(), Some(item.id.clone())), item.title.clone());
                }
            }
            names.insert((id, None), course.title);
        }
        Ok(names.into_iter().map(|((course, item), title)| Title { course, item, title }).collect())
    }

    /// All files of the learner, and those of feedback that are here.
    fn files_of(&self, out: &Takeout) -> Result<Vec<FileFact>, StoreError> {
        let mut names: BTreeMap<Digest, String> = BTreeMap::new();
        for work in out.work.iter().filter_map(work) {
            if let Deed::Submission { files, .. } = work.deed {
                names.extend(files.into_iter().map(|f| (f.digest, f.name)));
            }
        }
        names.extend(out.draft_files.iter().map(|f| (f.digest, f.name.clone())));
        let mut files = Vec::new();
        for (digest, size) in self.mine.list()? {
            let name = names.remove(&digest).unwrap_or_default();
            files.push(FileFact { digest, size, name, whose: Whose::Mine, path: String::new() });
        }
        let mut given: BTreeMap<Digest, String> = BTreeMap::new();
        for file in &out.feedback_files {
            let about = out.feedback.iter().find(|f| f.id == file.feedback);
            let name = about.and_then(|f| f.files.iter().find(|one| one.url == file.url));
            given.entry(file.digest).or_insert_with(|| name.map(|n| n.name.clone()).unwrap_or_default());
        }
        for (digest, name) in given {
            if let Ok(meta) = std::fs::metadata(self.objects.path(&digest)) {
                let size = meta.len();
                files.push(FileFact { digest, size, name, whose: Whose::Feedback, path: String::new() });
            }
        }
        Ok(files)
    }
}

/// The sealed work, when it can be read; in the name it goes in.
pub(super) fn work(fact: &WorkFact) -> Option<Work> {
    let mut work: Work = serde_json::from_str(&fact.sealed).ok()?;
    if let Some(name) = fact.name.as_ref().filter(|_| work.account.is_nobody()) {
        work.account = name.account.clone();
        work.target = name.target.clone();
    }
    Some(work)
}

impl WorkFact {
    /// The work, when it can be read.
    pub fn work(&self) -> Option<Work> {
        work(self)
    }
}

fn learners(c: &Connection) -> Result<Takeout, StoreError> {
    Ok(Takeout {
        accounts: all(
            c,
            "SELECT id, site, kind, site_name, username, full_name, remote_user, added FROM accounts
             ORDER BY added, id",
            [],
            account,
        )?,
        settings: all(c, "SELECT key, value FROM settings ORDER BY key", [], |row| {
            Ok((row.get::<_, String>(0)?, json(row, 1)?))
        })?
        .into_iter()
        .filter(|(key, _)| is_learners(key))
        .collect(),
        libraries: all(
            c,
            "SELECT address, title, fingerprint, added FROM libraries ORDER BY added, address",
            [],
            |row| {
                Ok(LibraryFact {
                    address: row.get(0)?,
                    title: row.get(1)?,
                    fingerprint: row.get(2)?,
                    added: TimeMs(row.get(3)?),
                })
            },
        )?,
        attempts: all(
            c,
            "SELECT id, course, item, number, started, remote_attempt, questions, finished, score FROM attempts
             ORDER BY started, id",
            [],
            attempt,
        )?,
        answers: all(
            c,
            "SELECT attempt, question, response, at FROM responses ORDER BY seq",
            [],
            |row| {
                Ok(AnswerFact {
                    attempt: AttemptId::new(row.get::<_, String>(0)?),
                    question: QuestionId::new(row.get::<_, String>(1)?),
                    response: json(row, 2)?,
                    at: TimeMs(row.get(3)?),
                })
            },
        )?,
        drafts: all(c, "SELECT course, item, slot, text, at, kept FROM drafts ORDER BY seq", [], |row| {
            Ok(DraftFact {
                course: course(row, 0)?,
                item: item(row, 1)?,
                slot: row.get(2)?,
                text: row.get(3)?,
                at: TimeMs(row.get(4)?),
                kept: row.get(5)?,
            })
        })?,
        draft_files: all(
            c,
            "SELECT course, item, name, digest, size, media_type FROM draft_files ORDER BY seq",
            [],
            |row| {
                Ok(DraftFileFact {
                    course: course(row, 0)?,
                    item: item(row, 1)?,
                    name: row.get(2)?,
                    digest: digest(row, 3)?,
                    size: uint(row.get(4)?),
                    media_type: row.get(5)?,
                })
            },
        )?,
        work: all(
            c,
            "SELECT id, course, created, sealed, seal, state, tries, changed, step, n.account, n.target, n.at
             FROM work LEFT JOIN (SELECT * FROM work_names) n ON n.work = id ORDER BY created, id",
            [],
            work_fact,
        )?,
        positions: all(
            c,
            "SELECT course, item, position_ms, rate, watched, at FROM positions ORDER BY course, item",
            [],
            |row| {
                Ok(PositionFact {
                    course: course(row, 0)?,
                    item: item(row, 1)?,
                    position_ms: uint(row.get(2)?),
                    rate: row.get(3)?,
                    watched: json(row, 4)?,
                    at: TimeMs(row.get(5)?),
                })
            },
        )?,
        readings: all(c, "SELECT course, item, scroll, at FROM readings ORDER BY course, item", [], |row| {
            Ok(ReadingFact {
                course: course(row, 0)?,
                item: item(row, 1)?,
                scroll: row.get(2)?,
                at: TimeMs(row.get(3)?),
            })
        })?,
        done_marks: all(c, "SELECT course, item, done, at FROM done_marks ORDER BY course, item", [], |row| {
            Ok(DoneFact {
                course: course(row, 0)?,
                item: item(row, 1)?,
                done: row.get(2)?,
                at: TimeMs(row.get(3)?),
            })
        })?,
        bookmarks: all(
            c,
            "SELECT id, course, item, at_ms, text, removed, at FROM bookmarks ORDER BY course, item, at_ms, id",
            [],
            bookmark::read,
        )?,
        feedback_seen: all(c, "SELECT id, version, at FROM feedback_seen ORDER BY id, version", [], |row| {
            Ok(SeenFact { id: row.get(0)?, version: row.get(1)?, at: TimeMs(row.get(2)?) })
        })?,
        ..Takeout::default()
    })
}

fn course(row: &Row<'_>, column: usize) -> Result<CourseId, StoreError> {
    Ok(CourseId::new(row.get::<_, String>(column)?))
}

fn item(row: &Row<'_>, column: usize) -> Result<ItemId, StoreError> {
    Ok(ItemId::new(row.get::<_, String>(column)?))
}

fn account(row: &Row<'_>) -> Result<Account, StoreError> {
    Ok(Account {
        id: daypack_course::AccountId::new(row.get::<_, String>(0)?),
        site: row.get(1)?,
        kind: row.get(2)?,
        site_name: row.get(3)?,
        username: row.get(4)?,
        full_name: row.get(5)?,
        remote_user: row.get(6)?,
        added: TimeMs(row.get(7)?),
    })
}

fn attempt(row: &Row<'_>) -> Result<AttemptRow, StoreError> {
    let finished = row.get::<_, Option<i64>>(7)?.map(TimeMs);
    let questions: Vec<Question> = json(row, 6)?;
    Ok(AttemptRow {
        id: AttemptId::new(row.get::<_, String>(0)?),
        course: course(row, 1)?,
        item: item(row, 2)?,
        number: row.get(3)?,
        started: TimeMs(row.get(4)?),
        remote_attempt: row.get(5)?,
        questions,
        state: if finished.is_some() { AttemptState::Finished } else { AttemptState::Open },
        finished,
        score: row.get(8)?,
    })
}

fn work_fact(row: &Row<'_>) -> Result<WorkFact, StoreError> {
    let step: Option<String> = row.get(8)?;
    let name = match row.get::<_, Option<String>>(9)? {
        Some(account) => Some(WorkName {
            account: account.as_str().into(),
            target: json(row, 10)?,
            at: TimeMs(row.get(11)?),
        }),
        None => None,
    };
    Ok(WorkFact {
        id: WorkId::new(row.get::<_, String>(0)?),
        course: course(row, 1)?,
        created: TimeMs(row.get(2)?),
        sealed: row.get(3)?,
        seal: row.get(4)?,
        state: json(row, 5)?,
        tries: row.get(6)?,
        changed: TimeMs(row.get(7)?),
        step: step.map(|text| serde_json::from_str(&text)).transpose()?,
        name,
    })
}
