//! The sections of the readable page; an empty one is no text at all.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use daypack_course::quiz::QuestionBody;
use daypack_course::quiz::blanks::with_places;
use daypack_course::work::{Deed, WorkState};
use daypack_course::{CourseId, Digest, ItemId};
use daypack_formats::html::plain_text;
use daypack_store::takeout::{AnswerFact, DraftFact, FileFact, Takeout, WorkFact};

use super::page::{address, text};
use super::{Words, moment};
use crate::commands::{answer_line, answer_of};

pub(super) fn work(takeout: &Takeout, words: &Words) -> String {
    takeout.work.iter().rev().fold(String::new(), |out, fact| out + &piece(takeout, fact, words))
}

fn piece(takeout: &Takeout, fact: &WorkFact, words: &Words) -> String {
    let state = code(&crate::shelf::step(&fact.state));
    let mut out = String::from("<article>\n");
    let Some(work) = fact.work() else {
        let _ = writeln!(
            out,
            "<p>{}</p>\n<pre class=\"text\">{}</pre></article>",
            text(words.get("unreadable")),
            text(&fact.sealed)
        );
        return out;
    };
    let kind = match &work.deed {
        Deed::QuizFinish { .. } => "kind_quiz",
        Deed::Submission { .. } => "kind_submission",
        Deed::Post { .. } => "kind_post",
        Deed::Completion { .. } => "kind_completion",
    };
    heading(&mut out, words.get(kind), takeout, &work.course, &work.item);
    let _ = writeln!(
        out,
        "<p class=\"soft small\">{}</p>\n<p class=\"state\" data-state=\"{state}\">{}</p>",
        text(&words.get("created").replace("{when}", &moment::shown(work.created))),
        text(words.get(&format!("state_{state}")))
    );
    out.push_str(&outcome(&fact.state, words));
    match &work.deed {
        Deed::QuizFinish { answers, .. } => {
            for answer in answers {
                let line = answer_line(answer);
                question(&mut out, &line.about, &line.text, words);
            }
        }
        Deed::Submission { text: said, files, .. } => {
            written(&mut out, said);
            let named: Vec<(Digest, String)> = files.iter().map(|f| (f.digest, f.name.clone())).collect();
            links(&mut out, takeout, &named, words);
        }
        Deed::Post { subject, text: said, .. } => {
            let _ = writeln!(out, "<p dir=\"auto\"><strong>{}</strong></p>", text(subject));
            written(&mut out, said);
        }
        Deed::Completion { done } => {
            let _ = writeln!(out, "<p>{}</p>", text(words.get(if *done { "done" } else { "not_done" })));
        }
    }
    let _ = writeln!(
        out,
        "<p class=\"soft small\">{} <span dir=\"ltr\">{}</span></p></article>",
        text(words.get("seal")),
        text(&fact.seal)
    );
    out
}

fn outcome(state: &WorkState, words: &Words) -> String {
    let mut out = String::new();
    match state {
        WorkState::Accepted { receipt } => {
            let _ = writeln!(
                out,
                "<dl><dt>{}</dt><dd dir=\"ltr\">{}</dd><dt>{}</dt><dd>{}</dd></dl>",
                text(words.get("receipt_id")),
                text(&receipt.remote),
                text(words.get("receipt_at")),
                moment::shown(receipt.at)
            );
            if let Some(caveat) = &receipt.caveat {
                let _ = writeln!(out, "<p>{}</p>", text(words.get(&format!("caveat_{}", code(caveat)))));
            }
        }
        WorkState::Refused { refusal } => {
            let _ = writeln!(out, "<p>{}</p>", text(words.get(&format!("refusal_{}", code(&refusal.why)))));
            if !refusal.said.is_empty() {
                let _ = writeln!(
                    out,
                    "<p class=\"soft small\">{}</p><blockquote class=\"text\" dir=\"auto\">{}</blockquote>",
                    text(words.get("site_said")),
                    text(&refusal.said)
                );
            }
        }
        WorkState::Waiting | WorkState::Sending | WorkState::InDoubt | WorkState::Unclear => {}
    }
    out
}

pub(super) fn drafts(takeout: &Takeout, words: &Words) -> String {
    let mut places: BTreeMap<(&CourseId, &ItemId), BTreeMap<&str, Vec<&DraftFact>>> = BTreeMap::new();
    for draft in &takeout.drafts {
        let slots = places.entry((&draft.course, &draft.item)).or_default();
        slots.entry(&draft.slot).or_default().push(draft);
    }
    for file in &takeout.draft_files {
        places.entry((&file.course, &file.item)).or_default();
    }
    let mut out = String::new();
    for ((course, item), slots) in places {
        // What was sent leaves an empty text behind.
        let files = takeout.draft_files.iter().any(|f| f.course == *course && f.item == *item);
        if !files && slots.values().flatten().all(|d| d.text.is_empty()) {
            continue;
        }
        out.push_str("<article>\n");
        heading(&mut out, "", takeout, course, item);
        for saves in slots.values() {
            let Some((latest, earlier)) = saves.split_last() else { continue };
            if !latest.text.is_empty() {
                let _ = writeln!(out, "<p class=\"soft small\">{}</p>", saved(latest, words));
                written(&mut out, &latest.text);
            }
            if !earlier.is_empty() {
                let _ =
                    writeln!(out, "<details><summary>{}</summary>", counted(words, "earlier", earlier.len()));
                for one in earlier.iter().rev() {
                    let _ = writeln!(out, "<p class=\"soft small\">{}</p>", saved(one, words));
                    written(&mut out, &one.text);
                }
                out.push_str("</details>\n");
            }
        }
        let files = takeout.draft_files.iter().filter(|f| f.course == *course && f.item == *item);
        links(&mut out, takeout, &files.map(|f| (f.digest, f.name.clone())).collect::<Vec<_>>(), words);
        out.push_str("</article>\n");
    }
    out
}

fn saved(draft: &DraftFact, words: &Words) -> String {
    text(&words.get("saved").replace("{when}", &moment::shown(draft.at)))
}

pub(super) fn attempts(takeout: &Takeout, words: &Words) -> String {
    let mut given: BTreeMap<&str, Vec<&AnswerFact>> = BTreeMap::new();
    for answer in &takeout.answers {
        given.entry(answer.attempt.as_str()).or_default().push(answer);
    }
    let mut out = String::new();
    for attempt in takeout.attempts.iter().rev() {
        let all = given.get(attempt.id.as_str()).map(Vec::as_slice).unwrap_or_default();
        out.push_str("<article>\n");
        let label = words.get("attempt").replace("{n}", &attempt.number.to_string());
        heading(&mut out, &label, takeout, &attempt.course, &attempt.item);
        let (key, when) = match attempt.finished {
            Some(at) => ("finished", at),
            None => ("begun", attempt.started),
        };
        let _ = writeln!(
            out,
            "<p class=\"soft small\">{}</p>",
            text(&words.get(key).replace("{when}", &moment::shown(when)))
        );
        if let Some(score) = attempt.score {
            let percent = format!("{:.0}", score * 100.0);
            let _ = writeln!(out, "<p>{}</p>", text(&words.get("score").replace("{percent}", &percent)));
        }
        let latest: BTreeMap<_, _> = all.iter().map(|a| (a.question.clone(), a.response.clone())).collect();
        for question_asked in &attempt.questions {
            let about = plain_text(&with_places(&question_asked.text_html, |_| "___".to_owned()));
            let said =
                latest.get(&question_asked.id).map(|r| answer_line(&answer_of(question_asked, r)).text);
            if matches!(question_asked.body, QuestionBody::Description {}) {
                let _ = writeln!(out, "<p dir=\"auto\">{}</p>", text(&about));
                continue;
            }
            question(&mut out, &about, &said.unwrap_or_default(), words);
        }
        if all.len() > latest.len() {
            let _ = writeln!(out, "<p class=\"soft small\">{}</p>", counted(words, "changes", all.len()));
        }
        out.push_str("</article>\n");
    }
    out
}

pub(super) fn feedback(takeout: &Takeout, words: &Words) -> String {
    let mut places = BTreeMap::new();
    for work in takeout.work.iter().filter_map(WorkFact::work) {
        places.insert(work.target, (work.course, work.item));
    }
    let mut all: Vec<_> = takeout.feedback.iter().collect();
    all.sort_by_key(|f| std::cmp::Reverse(f.given));
    let mut out = String::new();
    for one in all {
        out.push_str("<article>\n");
        match places.get(&one.about) {
            Some((course, item)) => heading(&mut out, "", takeout, course, item),
            None => {
                let _ = writeln!(out, "<p class=\"soft small\" dir=\"ltr\">{}</p>", text(&one.about.site));
            }
        }
        let _ = writeln!(
            out,
            "<p class=\"soft small\" dir=\"auto\">{} {}</p>",
            text(&one.from),
            moment::shown(one.given)
        );
        if let Some(grade) = &one.grade {
            let shown = match (grade.value, grade.max) {
                (Some(value), Some(max)) => format!("{value} / {max}"),
                _ => grade.shown.clone(),
            };
            let _ = writeln!(out, "<p><strong>{}: {}</strong></p>", text(words.get("grade")), text(&shown));
        }
        written(&mut out, &plain_text(&one.comment_html));
        for about in one.questions.iter().filter(|q| !q.comment_html.is_empty()) {
            question(
                &mut out,
                &words.get("question").replace("{n}", &about.slot.to_string()),
                &plain_text(&about.comment_html),
                words,
            );
        }
        let named: Vec<(Digest, String)> = takeout
            .feedback_files
            .iter()
            .filter(|f| f.feedback == one.id)
            .map(|f| {
                let name = one.files.iter().find(|n| n.url == f.url).map(|n| n.name.clone());
                (f.digest, name.unwrap_or_default())
            })
            .collect();
        links(&mut out, takeout, &named, words);
        out.push_str("</article>\n");
    }
    out
}

pub(super) fn places(takeout: &Takeout, words: &Words) -> String {
    let mut rows: BTreeMap<(&CourseId, &ItemId), Vec<String>> = BTreeMap::new();
    let minute = |ms: u64| format!("{}:{:02}", ms / 60_000, ms / 1_000 % 60);
    for p in &takeout.positions {
        let said = words
            .get("watched")
            .replace("{at}", &minute(p.position_ms))
            .replace("{sum}", &minute(p.watched.total_ms()));
        rows.entry((&p.course, &p.item)).or_default().push(said);
    }
    for r in &takeout.readings {
        let said = words.get("read").replace("{percent}", &format!("{:.0}", r.scroll * 100.0));
        rows.entry((&r.course, &r.item)).or_default().push(said);
    }
    for d in &takeout.done_marks {
        let said = words.get(if d.done { "done" } else { "not_done" }).to_owned();
        rows.entry((&d.course, &d.item)).or_default().push(said);
    }
    for b in takeout.bookmarks.iter().filter(|b| !b.removed) {
        let said = words.get("bookmark").replace("{at}", &minute(b.at_ms)).replace("{text}", &b.text);
        rows.entry((&b.course, &b.item)).or_default().push(said);
    }
    if rows.is_empty() {
        return String::new();
    }
    let mut out = String::from("<table>\n");
    for ((course, item), said) in rows {
        let _ = writeln!(
            out,
            "<tr><th scope=\"row\" dir=\"auto\">{}<br><strong>{}</strong></th><td>{}</td></tr>",
            text(named(takeout, course, None)),
            text(named(takeout, course, Some(item))),
            text(&said.join(" · "))
        );
    }
    out.push_str("</table>\n");
    out
}

pub(super) fn files(takeout: &Takeout, words: &Words) -> String {
    let all: Vec<(Digest, String)> = takeout.files.iter().map(|f| (f.digest, f.name.clone())).collect();
    let mut out = String::new();
    list(&mut out, takeout, &all, words, false);
    out
}

fn heading(out: &mut String, kind: &str, takeout: &Takeout, course: &CourseId, item: &ItemId) {
    let dot = if kind.is_empty() { "" } else { " · " };
    let _ = writeln!(
        out,
        "<p class=\"soft small\">{}{dot}<span dir=\"auto\">{}</span></p>\n<h3 dir=\"auto\">{}</h3>",
        text(kind),
        text(named(takeout, course, None)),
        text(named(takeout, course, Some(item)))
    );
}

/// The name, or the id where none was ever known.
fn named<'a>(takeout: &'a Takeout, course: &'a CourseId, item: Option<&'a ItemId>) -> &'a str {
    match takeout.title(course, item) {
        "" => item.map_or(course.as_str(), ItemId::as_str),
        title => title,
    }
}

fn written(out: &mut String, said: &str) {
    if !said.trim().is_empty() {
        let _ = writeln!(out, "<div class=\"text\" dir=\"auto\">{}</div>", text(said));
    }
}

fn question(out: &mut String, about: &str, said: &str, words: &Words) {
    let _ = writeln!(out, "<p dir=\"auto\"><strong>{}</strong></p>", text(about));
    match said.trim() {
        "" => {
            let _ = writeln!(out, "<p class=\"soft\">{}</p>", text(words.get("no_answer")));
        }
        _ => written(out, said),
    }
}

fn links(out: &mut String, takeout: &Takeout, files: &[(Digest, String)], words: &Words) {
    list(out, takeout, files, words, true);
}

fn list(out: &mut String, takeout: &Takeout, files: &[(Digest, String)], words: &Words, plays: bool) {
    if files.is_empty() {
        return;
    }
    out.push_str("<ul>\n");
    for (digest, name) in files {
        let here: Option<&FileFact> = takeout.files.iter().find(|f| f.digest == *digest);
        let Some(file) = here else {
            let _ = writeln!(
                out,
                "<li dir=\"auto\">{} <span class=\"soft\">{}</span></li>",
                text(name),
                text(words.get("file_missing"))
            );
            continue;
        };
        let shown = if name.is_empty() { file.path.rsplit('/').next().unwrap_or_default() } else { name };
        let href = text(&address(&file.path));
        let _ = writeln!(
            out,
            "<li><a dir=\"auto\" href=\"{href}\">{}</a> <span class=\"soft small\">{}</span>",
            text(shown),
            size(file.size)
        );
        let ending = file.path.rsplit('.').next().unwrap_or_default().to_lowercase();
        if plays && matches!(ending.as_str(), "m4a" | "mp3" | "ogg" | "oga" | "opus" | "wav" | "webm") {
            let _ = write!(out, "<audio controls preload=\"metadata\" src=\"{href}\"></audio>");
        }
        out.push_str("</li>\n");
    }
    out.push_str("</ul>\n");
}

fn counted(words: &Words, key: &str, n: usize) -> String {
    text(&words.get(key).replace("{n}", &n.to_string()))
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

/// A code as it is written in JSON.
fn code(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}
