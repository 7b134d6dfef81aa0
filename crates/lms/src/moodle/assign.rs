//! Assignments: text and files handed in.
//!
//! Moodle has no conflict detection (the last write wins, in silence), cuts files it does not want, and gives
//! the wrong words for a refusal. So: the status is read before (conflict), limits are checked here, and the
//! status is read after (what did it keep?). The reason for a refusal comes from status and dates.

use daypack_course::TimeMs;
use daypack_course::outline::Binding;
use daypack_course::rules::HandInRules;
use daypack_course::work::{Caveat, Outcome, Receipt, RefusalReason, Settled, WorkFile};
use serde_json::{Value, json};

use super::rest::{CallError, Rest};
use super::{files, judge, loose, words};
use crate::connector::{Desk, SiteVersion, StepLog, SubmissionView};

/// What is handed in.
#[derive(Clone, Copy, Debug)]
pub struct Paper<'a> {
    /// Plain text.
    pub text: &'a str,
    /// Files.
    pub files: &'a [WorkFile],
    /// What the site held when the learner began.
    pub base: Option<&'a str>,
    /// The learner agreed to the statement with it.
    pub agreed: bool,
}

/// What the site holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    /// The submission's id; empty when there is none.
    pub id: String,
    /// The site's word.
    pub state: String,
    /// When it was last changed, in seconds as text.
    pub modified: Option<String>,
    /// The text, plain.
    pub text: String,
    /// The text as it is kept.
    pub html: String,
    /// The files with their sizes.
    pub files: std::collections::BTreeMap<String, Option<i64>>,
    /// Whether it may be changed.
    pub can_edit: bool,
    /// Whether a teacher locked it.
    pub locked: bool,
    /// Later last date for this learner.
    pub extension: Option<TimeMs>,
    /// When, by the site's clock.
    pub at: TimeMs,
}

/// What the assignment allows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Terms {
    /// Not after.
    pub cut_off: Option<TimeMs>,
    /// Handing in is a step of its own.
    pub drafts: bool,
    /// A statement must be agreed to; its words may be missing.
    pub statement: bool,
    /// Text is taken.
    pub text: bool,
    /// Most files; 0 when none are taken.
    pub max_files: u32,
    /// Largest file.
    pub max_bytes: Option<u64>,
    /// What else is asked.
    pub rules: HandInRules,
}

/// Reads the learner's own status.
pub async fn status(rest: &Rest<'_>, to: &Binding) -> Result<(Status, Value), CallError> {
    let reply = rest.call("mod_assign_get_submission_status", json!({"assignid": to.instance})).await?;
    Ok((read_status(&reply.value, reply.at), reply.value))
}

/// Reads `lastattempt`; a team's submission counts where there is one.
pub fn read_status(value: &Value, at: TimeMs) -> Status {
    let last = loose::object(value, "lastattempt").cloned().unwrap_or_default();
    let own = loose::object(&last, "teamsubmission").or_else(|| loose::object(&last, "submission"));
    let submission = own.cloned().unwrap_or_default();
    let plugins = loose::list(&submission, "plugins");
    let plugin = |kind: &str| plugins.iter().find(|p| loose::text(p, "type") == kind);
    let text = plugin("onlinetext")
        .and_then(|p| loose::list(p, "editorfields").first())
        .map(|f| loose::text(f, "text"));
    let listed = plugin("file")
        .and_then(|p| loose::list(p, "fileareas").first())
        .map(|a| files::names(loose::list(a, "files")));
    Status {
        id: loose::text(&submission, "id"),
        state: loose::text(&submission, "status"),
        modified: Some(loose::text(&submission, "timemodified")).filter(|t| !t.is_empty()),
        text: words::plain(text.as_deref().unwrap_or_default()),
        html: text.unwrap_or_default(),
        files: listed.unwrap_or_default(),
        can_edit: loose::flag(&last, "canedit").unwrap_or(false),
        locked: loose::flag(&last, "locked").unwrap_or(false),
        extension: loose::time(&last, "extensionduedate"),
        at,
    }
}

impl Status {
    /// Whether there is work of the learner at the site.
    pub fn has_work(&self) -> bool {
        matches!(self.state.as_str(), "draft" | "submitted")
            && !(self.text.is_empty() && self.files.is_empty())
    }

    /// For the learner.
    pub fn view(&self) -> SubmissionView {
        SubmissionView {
            status: if self.state.is_empty() { "new".to_owned() } else { self.state.clone() },
            base: self.modified.clone().filter(|_| self.has_work()),
            text: words::to_text(&self.html),
            files: self.files.keys().cloned().collect(),
            can_edit: self.can_edit,
            at: self.changed().filter(|_| self.has_work()),
            extension: self.extension,
        }
    }

    /// To be read beside what was handed in here.
    pub fn version(&self) -> SiteVersion {
        let view = self.view();
        SiteVersion {
            at: self.changed(),
            base: view.base,
            lines: vec![(String::new(), view.text)],
            files: view.files,
            hidden: false,
        }
    }

    /// When it was last changed, by the site's clock.
    fn changed(&self) -> Option<TimeMs> {
        let secs = self.modified.as_deref().and_then(|t| t.parse::<i64>().ok());
        secs.map(|s| TimeMs(s.saturating_mul(1000)))
    }

    /// Paper without text says nothing about the text there.
    fn same_text(&self, paper: &Paper<'_>) -> bool {
        paper.text.trim().is_empty()
            || words::folded(&self.text) == words::folded(&words::plain(&words::to_html(paper.text)))
    }

    fn holds(&self, paper: &Paper<'_>) -> bool {
        self.has_work()
            && self.same_text(paper)
            && self.missing(paper) == 0
            && (paper.files.is_empty() || self.files.len() == paper.files.len())
    }

    /// What was there before and is no part of the paper stays: text or files of which the paper has none.
    fn keeps_earlier(&self, paper: &Paper<'_>) -> bool {
        (paper.files.is_empty() && !self.files.is_empty())
            || (paper.text.trim().is_empty() && !self.text.is_empty())
    }

    fn missing(&self, paper: &Paper<'_>) -> usize {
        let there = |f: &&WorkFile| {
            self.files.get(&f.name).is_some_and(|size| size.is_none_or(|s| i64::try_from(f.size) == Ok(s)))
        };
        paper.files.len() - paper.files.iter().filter(there).count()
    }

    fn receipt(&self, paper: &Paper<'_>, found: bool) -> Receipt {
        Receipt {
            remote: format!("submission:{}", self.id),
            at: self.changed().unwrap_or(self.at),
            found,
            caveat: match self.missing(paper) {
                0 => self.keeps_earlier(paper).then_some(Caveat::EarlierKept),
                _ => Some(Caveat::FilesMissing),
            },
        }
    }
}

/// Reads what the assignment allows; `None` when the site does not list it.
pub async fn terms(rest: &Rest<'_>, to: &Binding) -> Result<Option<Terms>, CallError> {
    let reply = rest.call("mod_assign_get_assignments", json!({"courseids": [to.course]})).await?;
    let id = to.instance.parse().unwrap_or(-1);
    let found = loose::list(&reply.value, "courses")
        .iter()
        .find_map(|c| loose::find(loose::list(c, "assignments"), "id", id));
    Ok(found.map(read_terms))
}

/// Reads one assignment.
pub fn read_terms(about: &Value) -> Terms {
    let configs = loose::list(about, "configs");
    let config = |plugin: &str, name: &str| {
        configs
            .iter()
            .find(|c| {
                loose::text(c, "subtype") == "assignsubmission"
                    && loose::text(c, "plugin") == plugin
                    && loose::text(c, "name") == name
            })
            .map(|c| loose::text(c, "value"))
    };
    let on = |plugin| config(plugin, "enabled").as_deref() == Some("1");
    let number = |plugin, name| config(plugin, name).and_then(|v| v.parse::<u64>().ok()).filter(|n| *n > 0);
    let limits_words = config("onlinetext", "wordlimitenabled").as_deref() == Some("1");
    let max_files = if on("file") { number("file", "maxfilesubmissions").unwrap_or(1) } else { 0 };
    let small = |name: &str| loose::int(about, name).and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0);
    let statement = loose::flag(about, "requiresubmissionstatement").unwrap_or(false);
    let types = config("file", "filetypeslist").filter(|_| on("file")).unwrap_or_default();
    let rules = HandInRules {
        opens: loose::time(about, "allowsubmissionsfromdate"),
        max_words: number("onlinetext", "wordlimit")
            .filter(|_| limits_words && on("onlinetext"))
            .and_then(|n| u32::try_from(n).ok()),
        file_types: types
            .split(|c: char| matches!(c, ',' | ';') || c.is_whitespace())
            .filter(|kind| !kind.is_empty() && *kind != "*")
            .map(str::to_lowercase)
            .collect(),
        statement: statement.then(|| words::plain(&loose::text(about, "submissionstatement"))),
        team: loose::flag(about, "teamsubmission").unwrap_or(false),
        time_limit_s: small("timelimit"),
        max_attempts: small("maxattempts"),
    };
    Terms {
        cut_off: loose::time(about, "cutoffdate"),
        drafts: loose::flag(about, "submissiondrafts").unwrap_or(false),
        statement,
        text: on("onlinetext"),
        max_files: u32::try_from(max_files).unwrap_or(u32::MAX),
        max_bytes: number("file", "maxsubmissionsizebytes"),
        rules,
    }
}

impl Terms {
    fn too_large(&self, paper: &Paper<'_>) -> bool {
        self.rules.too_long(paper.text).is_some()
            || paper.files.len() > self.max_files as usize
            || paper.files.iter().any(|f| self.max_bytes.is_some_and(|most| f.size > most))
    }

    /// Why it cannot be changed, from status and dates (Moodle's own words are wrong).
    fn why_not(&self, status: &Status) -> RefusalReason {
        let last = match (self.cut_off, status.extension) {
            (Some(cut), Some(ext)) => Some(if ext.since(cut) > 0 { ext } else { cut }),
            (cut, _) => cut,
        };
        if status.locked {
            RefusalReason::NotAllowed
        } else if self.rules.opens.is_some_and(|t| t > status.at) {
            RefusalReason::NotOpenYet
        } else if last.is_some_and(|t| t < status.at) {
            RefusalReason::Closed
        } else if status.state == "submitted" {
            RefusalReason::AlreadySubmitted
        } else {
            RefusalReason::NotAllowed
        }
    }
}

/// Hands in.
pub async fn send(
    rest: &Rest<'_>,
    to: &Binding,
    paper: &Paper<'_>,
    log: &mut StepLog,
    desk: &dyn Desk,
) -> Result<Outcome, Outcome> {
    let lost = |e: CallError| judge::outcome(&e);
    let (before, _) = status(rest, to).await.map_err(lost)?;
    let terms = terms(rest, to).await.map_err(lost)?.unwrap_or_else(|| Terms {
        text: true,
        max_files: 20,
        ..Terms::default()
    });
    if before.holds(paper) {
        if before.state == "submitted" || !terms.drafts {
            return Ok(Outcome::Accepted(before.receipt(paper, true)));
        }
    } else {
        // Ours from an earlier try, of which the site did not keep every file.
        let ours = log.risky && before.has_work() && before.same_text(paper);
        if ours && !before.can_edit {
            return Ok(Outcome::Accepted(before.receipt(paper, true)));
        }
        if !ours && before.has_work() && before.modified.as_deref() != paper.base {
            return Ok(judge::refusal(RefusalReason::Conflict, "", before.at));
        }
        if !before.can_edit {
            return Ok(judge::refusal(terms.why_not(&before), "", before.at));
        }
        if terms.statement && !paper.agreed {
            return Ok(judge::refusal(RefusalReason::StatementDue, "", before.at));
        }
        if terms.too_large(paper) {
            return Ok(judge::refusal(RefusalReason::TooLarge, "", before.at));
        }
        save(rest, to, paper, &before, &terms, log, desk).await?;
    }
    let (mut after, _) = status(rest, to).await.map_err(|_| Outcome::Unknown)?;
    if terms.drafts && after.state == "draft" {
        // Nobody agrees in the learner's name.
        if terms.statement && !paper.agreed {
            return Ok(judge::refusal(RefusalReason::StatementDue, "", after.at));
        }
        submit(rest, to, paper.agreed).await?;
        after = status(rest, to).await.map_err(|_| Outcome::Unknown)?.0;
        if after.state != "submitted" {
            return Ok(Outcome::Later { not_before: None });
        }
    }
    if !after.has_work() {
        return Ok(Outcome::Later { not_before: None });
    }
    Ok(Outcome::Accepted(after.receipt(paper, false)))
}

async fn save(
    rest: &Rest<'_>,
    to: &Binding,
    paper: &Paper<'_>,
    before: &Status,
    terms: &Terms,
    log: &mut StepLog,
    desk: &dyn Desk,
) -> Result<(), Outcome> {
    let mut data = serde_json::Map::new();
    // Sync never deletes work: an empty draft area would remove the files that are there, and an empty text the text.
    // Without the key Moodle keeps the files; the text it wants in any case.
    let takes_files = terms.max_files > 0 && (!paper.files.is_empty() || before.files.is_empty());
    let area = if takes_files { Some(files::draft(rest, paper.files, desk).await?) } else { None };
    let stays = paper.text.trim().is_empty() && !before.html.is_empty();
    let html = if stays { before.html.clone() } else { words::to_html(paper.text) };
    data.insert("onlinetext_editor".to_owned(), json!({"text": html, "format": 1, "itemid": 0}));
    if let Some(area) = area {
        data.insert("files_filemanager".to_owned(), json!(area));
    }
    let earlier = log.risky;
    log.risky = true;
    desk.save(log).map_err(|_| Outcome::Later { not_before: None })?;
    let asked = json!({"assignmentid": to.instance, "plugindata": data});
    let reply = match rest.call("mod_assign_save_submission", asked).await {
        Ok(reply) => reply,
        Err(error) => {
            log.risky = earlier || !judge::never_left(&error);
            // Where this cannot be kept the log says more than it must: the site is asked first.
            let _ = desk.save(log);
            return Err(judge::outcome(&error));
        }
    };
    let Some(warning) = reply.value.as_array().and_then(|w| w.first()) else { return Ok(()) };
    let said = words::said(&loose::text(warning, "item"));
    let why = match status(rest, to).await {
        Ok((now, _)) if !now.can_edit => terms.why_not(&now),
        _ => RefusalReason::Other,
    };
    Err(judge::refusal(why, &said, reply.at))
}

async fn submit(rest: &Rest<'_>, to: &Binding, agreed: bool) -> Result<(), Outcome> {
    let asked = json!({"assignmentid": to.instance, "acceptsubmissionstatement": agreed});
    let reply = rest.call("mod_assign_submit_for_grading", asked).await.map_err(|e| judge::outcome(&e))?;
    let Some(warning) = reply.value.as_array().and_then(|w| w.first()) else { return Ok(()) };
    // Said of what is submitted already, too: the status decides.
    match status(rest, to).await {
        Ok((now, _)) if now.state == "submitted" => Ok(()),
        Ok(_) => Err(judge::refusal(
            RefusalReason::Other,
            &words::said(&loose::text(warning, "message")),
            reply.at,
        )),
        Err(_) => Err(Outcome::Unknown),
    }
}

/// Whether the site has it.
pub async fn settle(rest: &Rest<'_>, to: &Binding, paper: &Paper<'_>) -> Result<Settled, CallError> {
    let (now, _) = status(rest, to).await?;
    if !now.holds(paper) {
        return Ok(Settled::NotLanded);
    }
    if now.state != "submitted" && terms(rest, to).await?.is_some_and(|t| t.drafts) {
        // Saved, not handed in: sending again goes on from here.
        return Ok(Settled::NotLanded);
    }
    Ok(Settled::Landed(now.receipt(paper, true)))
}
