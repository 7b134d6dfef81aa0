//! The log of requests: tests count with it what a client asked and how many bytes it took.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

/// One request.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Function, or the script's path.
    pub function: String,
    /// Path without query, so no token is kept.
    pub path: String,
    /// Epoch milliseconds.
    pub time_ms: u128,
    /// HTTP status, 0 when the connection was cut.
    pub status: u16,
    /// Whether the reply was lost on purpose.
    pub lost: bool,
    /// Request body bytes.
    pub bytes_in: Arc<AtomicU64>,
    /// Response body bytes that really went out.
    pub bytes_out: Arc<AtomicU64>,
}

/// The last requests.
#[derive(Debug, Default)]
pub struct Log {
    entries: Mutex<Vec<Entry>>,
}

const KEEP: usize = 20_000;

impl Log {
    /// Adds a request.
    pub fn add(&self, entry: Entry) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= KEEP {
            entries.drain(..KEEP / 2);
        }
        entries.push(entry);
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The log as JSON, with counts by function.
    pub fn report(&self) -> Value {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let mut counts: BTreeMap<&str, (u64, u64, u64)> = BTreeMap::new();
        for entry in entries.iter() {
            let count = counts.entry(&entry.function).or_default();
            count.0 += 1;
            count.1 += entry.bytes_in.load(Ordering::Relaxed);
            count.2 += entry.bytes_out.load(Ordering::Relaxed);
        }
        let counts: Value = counts
            .into_iter()
            .map(|(name, (count, bytes_in, bytes_out))| {
                (name.to_owned(), json!({"count": count, "bytes_in": bytes_in, "bytes_out": bytes_out}))
            })
            .collect::<serde_json::Map<_, _>>()
            .into();
        let requests: Vec<Value> = entries
            .iter()
            .map(|entry| {
                json!({
                    "function": entry.function, "path": entry.path, "time_ms": entry.time_ms as u64,
                    "status": entry.status, "lost": entry.lost,
                    "bytes_in": entry.bytes_in.load(Ordering::Relaxed),
                    "bytes_out": entry.bytes_out.load(Ordering::Relaxed),
                })
            })
            .collect();
        json!({"count": requests.len(), "by_function": counts, "requests": requests})
    }
}
