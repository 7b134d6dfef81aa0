//! The receipt file: when a piece of work was written, for the case that it arrives late. One HTML file that a person
//! can read and a program can check (the chain stands in it as JSON).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use daypack_course::receipt::{Chain, Dated, SaveEvent};
use daypack_course::work::{Deed, Work, WorkState};
use daypack_course::{Digest, TimeMs};
use daypack_engine::clocks::ClockFact;
use daypack_store::{Store, WorkRow};

use crate::api::input::*;
use crate::api::work::*;
use crate::api::{Failure, FailureCode};
use crate::{App, failure};

impl App {
    /// See the list of commands.
    pub async fn receipt_export(&self, input: ReceiptExport) -> Result<ReceiptFile, Failure> {
        let row = self.work_row(&input.work).await?;
        let detail = self.work(WorkInput { work: input.work.clone() }).await?;
        let chain = self.chain(&row).await?;
        let head = chain.head().map(|hash| hash.to_string()).unwrap_or_default();
        let page = page(&detail, &chain, &input.words)?;
        let path = Path::new(&input.folder).join(format!("receipt-{}.html", input.work));
        let partial = path.with_extension("html.part");
        let failed = |e: std::io::Error| failure::file(&e, &path);
        tokio::fs::write(&partial, page).await.map_err(failed)?;
        tokio::fs::rename(&partial, &path).await.map_err(failed)?;
        Ok(ReceiptFile { path: path.display().to_string(), head })
    }

    /// See the list of commands.
    pub async fn clock_facts(&self, _: Nothing) -> Result<ClockFacts, Failure> {
        let facts = self.board(|board| board.clocks.facts().to_vec());
        Ok(ClockFacts { facts: facts.into_iter().rev().map(view).collect() })
    }

    /// When a piece of work was written.
    pub(crate) async fn written(&self, row: &WorkRow) -> Result<Option<WrittenView>, Failure> {
        let chain = self.chain(row).await?;
        let times: Vec<TimeMs> = chain
            .links()
            .iter()
            .filter_map(|link| serde_json::from_str::<Dated>(&link.event).ok())
            .filter(|dated| matches!(dated.event, SaveEvent::Saved { .. }))
            .map(|dated| dated.at)
            .collect();
        let head = chain.head().map(|hash| hash.to_string()).unwrap_or_default();
        Ok(times.first().zip(times.last()).map(|(first, last)| WrittenView {
            first: *first,
            last: *last,
            events: u32::try_from(chain.links().len()).unwrap_or(u32::MAX),
            head,
        }))
    }

    async fn chain(&self, row: &WorkRow) -> Result<Chain, Failure> {
        let facts = self.board(|board| board.clocks.facts().to_vec());
        let row = row.clone();
        self.db_or(move |store| {
            let mut events = saves(store, &row.work)?;
            let (first, last) = match (events.first(), events.last()) {
                (Some(first), Some(last)) => (first.at, last.at.max(row.changed)),
                _ => (row.work.created, row.changed),
            };
            let around = facts.into_iter().filter_map(dated).filter(|fact| {
                let near = 3_600_000;
                (first.plus(-near)..=last.plus(near)).contains(&fact.at)
            });
            events.extend(around);
            events.push(Dated { at: row.work.created, event: SaveEvent::Sealed { digest: row.seal } });
            // Stable: what was saved in one order stays in it where the clock says the same.
            events.sort_by_key(|dated| dated.at);
            match row.state {
                WorkState::Accepted { receipt } => events.push(Dated {
                    at: row.changed,
                    event: SaveEvent::Accepted { remote: receipt.remote, server: receipt.at },
                }),
                WorkState::Refused { refusal } => {
                    events.push(Dated { at: row.changed, event: SaveEvent::Refused { server: refusal.at } })
                }
                WorkState::Waiting | WorkState::Sending | WorkState::InDoubt | WorkState::Unclear => {}
            }
            Chain::of(&events).map_err(internal)
        })
        .await
    }
}

fn internal(error: serde_json::Error) -> Failure {
    Failure::new(FailureCode::Internal).fact("why", error)
}

/// All saves of what became this work, as far as they are kept.
fn saves(store: &Store, work: &Work) -> Result<Vec<Dated>, Failure> {
    let saved = |part: &str, text: &str, at: TimeMs| Dated {
        at,
        event: SaveEvent::Saved {
            part: part.to_owned(),
            digest: Digest::of(text.as_bytes()),
            bytes: text.len() as u64,
        },
    };
    let mut events = Vec::new();
    let mut drafts = |slot: &str| -> Result<(), Failure> {
        let history = store.draft_history(&work.course, &work.item, slot)?;
        let before = history.into_iter().filter(|d| d.at <= work.created && !d.text.is_empty());
        events.extend(before.map(|d| saved(slot, &d.text, d.at)));
        Ok(())
    };
    match &work.deed {
        Deed::Submission { .. } => drafts("text")?,
        Deed::Post { parent: Some(parent), .. } => drafts(&format!("reply:{parent}"))?,
        Deed::Post { parent: None, .. } => drafts("new")?,
        Deed::QuizFinish { attempt, answers, .. } => {
            for answer in answers {
                for row in store.response_history(attempt, &answer.question)? {
                    let text = serde_json::to_string(&row.response).map_err(internal)?;
                    events.push(saved(answer.question.as_str(), &text, row.at));
                }
            }
            events.sort_by_key(|dated| dated.at);
        }
        Deed::Completion { .. } => {}
    }
    Ok(events)
}

fn dated(fact: ClockFact) -> Option<Dated> {
    match fact {
        ClockFact::Contact { site, server, local } => {
            Some(Dated { at: local, event: SaveEvent::Contact { site, server } })
        }
        ClockFact::Jumped { local, by_ms } => Some(Dated { at: local, event: SaveEvent::ClockSet { by_ms } }),
        ClockFact::Slept { .. } => None,
    }
}

fn view(fact: ClockFact) -> ClockFactView {
    match fact {
        ClockFact::Contact { site, server, local } => ClockFactView::Contact { site, server, local },
        ClockFact::Jumped { local, by_ms } => ClockFactView::Jumped { local, by_ms },
        ClockFact::Slept { local, ms } => ClockFactView::Slept { local, ms },
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn page(detail: &WorkDetail, chain: &Chain, words: &BTreeMap<String, String>) -> Result<String, Failure> {
    let word = |name: &str| escaped(words.get(name).map_or(name, String::as_str));
    let card = &detail.card;
    let mut out = String::from("<!doctype html>\n<meta charset=\"utf-8\">\n");
    let _ = writeln!(out, "<title>{} – {}</title>", word("title"), escaped(&card.item_title));
    out.push_str("<style>body{font:1rem/1.5 sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}");
    out.push_str("td,th{text-align:start;padding:.2rem .8rem .2rem 0;vertical-align:top}");
    out.push_str("pre{white-space:pre-wrap}code{overflow-wrap:anywhere}</style>\n");
    let _ = writeln!(out, "<h1>{}</h1>\n<p>{}</p>\n<table>", word("title"), word("lead"));
    let mut row = |name: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(out, "<tr><th>{}<td>{}", word(name), escaped(value));
        }
    };
    let date = |at: TimeMs| at.iso();
    row("course", &card.course_title);
    row("item", &card.item_title);
    row("site", &card.site_name);
    row("sealed", &date(card.created));
    if let Some(written) = &detail.written {
        row("first_save", &date(written.first));
        row("last_save", &date(written.last));
    }
    if let Some(deadline) = card.deadline {
        row("due", &deadline.due.map(date).unwrap_or_default());
        row("closes", &deadline.closes.map(date).unwrap_or_default());
        row("zone", card.zone.as_deref().unwrap_or_default());
    }
    if let WorkState::Accepted { receipt } = &card.state {
        row("received", &date(receipt.at));
        row("number", &receipt.remote);
    }
    let head = chain.head().map(|hash| hash.to_string()).unwrap_or_default();
    let _ =
        writeln!(out, "</table>\n<p>{}: <code>{head}</code></p>\n<h2>{}</h2>", word("hash"), word("text"));
    for line in &detail.text {
        let _ = writeln!(out, "<h3>{}</h3>\n<pre>{}</pre>", escaped(&line.about), escaped(&line.text));
    }
    for file in &detail.files {
        let _ = writeln!(out, "<p>{} – SHA-256 <code>{}</code></p>", escaped(&file.name), file.digest);
    }
    if let Some(theirs) = &detail.theirs {
        let _ = writeln!(out, "<h2>{}</h2>", word("theirs"));
        for line in &theirs.text {
            let _ = writeln!(out, "<h3>{}</h3>\n<pre>{}</pre>", escaped(&line.about), escaped(&line.text));
        }
    }
    let _ = writeln!(out, "<h2>{}</h2>\n<table>", word("events"));
    for link in chain.links() {
        let at = serde_json::from_str::<Dated>(&link.event).map(|d| d.at.iso()).unwrap_or_default();
        let _ = writeln!(out, "<tr><td>{at}<td><code>{}</code>", escaped(&link.event));
    }
    let json =
        serde_json::to_string(&serde_json::json!({"work": card.id, "chain": chain})).map_err(internal)?;
    let _ = writeln!(
        out,
        "</table>\n<script type=\"application/json\" id=\"daypack-receipt\">{}</script>",
        json.replace('<', "\\u003c")
    );
    Ok(out)
}
