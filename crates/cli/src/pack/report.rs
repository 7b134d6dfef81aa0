//! What the tool says: the same facts as words and as JSON, and the exit code that goes with them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::ExitCode;

use daypack_course::package::{PublicKey, Step};
use daypack_formats::pack::{BuildReport, DiffReport, ExportReport, Fault, SignReport, VerifyReport};
use serde_json::{Value, json};

use crate::say::{say, tell};

/// Signatures are missing: the channel waits.
const WAITS: u8 = 3;

/// The outcome of a command.
pub struct Said {
    words: String,
    facts: Value,
    code: u8,
}

impl Said {
    /// Prints it; the exit code.
    pub fn print(&self, as_json: bool) -> ExitCode {
        let text = if as_json { self.facts.to_string() } else { self.words.trim_end().to_owned() };
        if as_json || self.code == 0 || self.code == WAITS {
            say!("{text}");
        } else {
            tell!("{text}");
        }
        ExitCode::from(self.code)
    }

    fn ok(words: String, facts: &Value) -> Self {
        Self { words, facts: json!({ "ok": facts }), code: 0 }
    }

    /// A refusal with its code and facts.
    pub fn failed(code: &str, facts: &BTreeMap<&'static str, String>) -> Self {
        let mut words = format!("daypack: {code}");
        for (name, value) in facts {
            let _ = write!(words, "\n  {name}: {value}");
        }
        Self { words, facts: json!({ "error": { "code": code, "facts": facts } }), code: 1 }
    }

    /// Wrong use.
    pub fn wrong_use(why: &str) -> Self {
        let facts = BTreeMap::from([("why", why.to_owned())]);
        Self { code: 2, ..Self::failed("invalid_input", &facts) }
    }

    /// See `pack build`.
    pub fn built(r: &BuildReport) -> Self {
        let facts = json!({
            "course": r.course, "version": r.version, "items": r.items, "objects": r.objects,
            "written": r.written, "total_size": r.total_size, "manifest": r.manifest.digest,
            "manifest_size": r.manifest.size, "packs": r.packs.0, "packed_files": r.packs.1,
            "chunk_lists": r.chunk_lists, "muxer": r.media.muxer, "remuxed": r.media.remuxed,
            "as_they_are": r.media.as_they_are, "same_version": r.same_version, "key": r.signed.identity,
            "published": r.signed.published, "signatures": r.signed.signatures, "needed": r.signed.needed,
        });
        let mut words = format!(
            "{} version {}: {} items, {} objects ({} new), {} bytes\n{} packs with {} small files, {} chunk lists\n",
            r.course,
            r.version,
            r.items,
            r.objects,
            r.written,
            r.total_size,
            r.packs.0,
            r.packs.1,
            r.chunk_lists,
        );
        match &r.media.muxer {
            Some(muxer) => {
                let _ = writeln!(words, "{} media files rewritten ({muxer})", r.media.remuxed);
            }
            None => words
                .push_str("no ffmpeg: media went in as they are; another muxing will be another object\n"),
        }
        for name in r.media.as_they_are.iter().filter(|_| r.media.muxer.is_some()) {
            let _ = writeln!(words, "as it is: {name}");
        }
        if r.same_version {
            words.push_str("this version was published before with other content: count `version` up\n");
        }
        Self::with_signature(words, &facts, &r.signed)
    }

    /// See `pack sign` and `pack rotate`.
    pub fn signed(r: &SignReport) -> Self {
        let facts = json!({
            "published": r.published, "signatures": r.signatures, "needed": r.needed, "key": r.identity,
            "epoch": r.epoch, "expires": r.expires,
        });
        Self::with_signature(String::new(), &facts, r)
    }

    fn with_signature(mut words: String, facts: &Value, r: &SignReport) -> Self {
        if r.published {
            let _ = writeln!(words, "published, keys of epoch {}, publisher {}", r.epoch, r.identity);
            return Self::ok(words, facts);
        }
        let _ =
            writeln!(words, "{} of {} signatures: the channel waits for `pack sign`", r.signatures, r.needed);
        Self { code: WAITS, ..Self::ok(words, facts) }
    }

    /// See `pack diff`.
    pub fn diff(r: &DiffReport) -> Self {
        let step = |s: &Step| {
            let ranges: Vec<[u64; 2]> = s.ranges.iter().map(|r| [r.start, r.end]).collect();
            json!({ "path": s.path, "bytes": s.bytes, "requests": s.requests(), "ranges": ranges, "gives": s.gives })
        };
        let steps: Vec<Value> = r.steps.iter().map(step).collect();
        let facts = json!({
            "bytes": r.bytes, "requests": r.requests, "whole": r.whole, "new_objects": r.new_objects, "steps": steps,
        });
        let mut words = format!(
            "{} bytes in {} requests ({} new objects; whole they are {} bytes)\n",
            r.bytes, r.requests, r.new_objects, r.whole
        );
        for s in &r.steps {
            let _ = writeln!(words, "{:>12} bytes {:>4} requests  {}", s.bytes, s.requests(), s.path);
        }
        Self::ok(words, &facts)
    }

    /// See `pack export`.
    pub fn exported(r: &ExportReport) -> Self {
        let words = format!("{} objects in {} bytes", r.objects, r.size);
        Self::ok(words, &json!({ "objects": r.objects, "size": r.size }))
    }

    /// See `pack verify`.
    pub fn verified(r: &VerifyReport, faults: &[Fault]) -> Self {
        let mut facts = json!({
            "course": r.course, "title": r.title, "version": r.version, "key": r.key, "epoch": r.epoch,
            "confirmed": r.confirmed, "expires": r.expires, "objects": r.objects, "bytes": r.bytes,
            "packs": r.packs, "chunk_lists": r.chunk_lists,
        });
        let Some(first) = faults.first() else {
            let words = format!(
                "{} version {}: {} objects, {} bytes, {} packs, {} chunk lists; all as signed by {}",
                r.course, r.version, r.objects, r.bytes, r.packs, r.chunk_lists, r.key
            );
            return Self::ok(words, &facts);
        };
        let mut said = Self::failed(first.error.code(), &first.error.facts());
        said.words = String::new();
        let mut damaged = Vec::new();
        for fault in faults {
            let chunks: Vec<Value> = fault
                .chunks
                .iter()
                .map(|c| json!({ "index": c.index, "from": c.range.start, "to": c.range.end }))
                .collect();
            let _ = writeln!(said.words, "{}: {} {:?}", fault.error.code(), fault.path, fault.files);
            for chunk in &fault.chunks {
                let _ = writeln!(said.words, "  piece {}: bytes {:?}", chunk.index, chunk.range);
            }
            damaged.push(json!({
                "code": fault.error.code(), "path": fault.path, "files": fault.files, "chunks": chunks,
            }));
        }
        facts["damaged"] = Value::Array(damaged);
        said.facts["report"] = facts;
        said
    }

    /// See `pack keygen`.
    pub fn key(key: &PublicKey) -> Self {
        let facts = json!({ "fingerprint": key.fingerprint(), "public": key.to_hex() });
        Self::ok(format!("fingerprint {}", key.fingerprint()), &facts)
    }

    /// See `pack library`.
    pub fn listed(courses: usize) -> Self {
        Self::ok(format!("{courses} courses listed"), &json!({ "courses": courses }))
    }
}
