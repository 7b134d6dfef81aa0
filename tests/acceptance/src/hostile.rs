//! Course content at its worst: a server on this computer whose pages run scripts, open frames of every kind inside
//! themselves, and tell what they found. It stands where no real content server stands: nothing is cleaned.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{Html, IntoResponse as _};
use axum::routing::{get, post};
use daypack_app::api::COMMANDS;
use serde_json::{Value, json};

/// The script that looks for a door; defines `probe(commands)`.
pub const PROBE: &str = include_str!("../page/probe.js");

/// What the window's own commands and every command of the list are tried with; `mark` is found again where one was
/// carried out.
pub fn commands(mark: &str) -> Value {
    let draft = json!({ "course": mark, "item": mark, "slot": "text", "text": mark });
    let mut all = vec![
        json!(["call", { "name": "draft_save", "input": draft }]),
        json!(["call", { "name": "place_save", "input": { "page": "outbox", "detail": mark } }]),
        json!(["call", { "name": "network_save", "input": { "network": mark, "always": true } }]),
        json!(["open_external", { "address": format!("https://{mark}.example/") }]),
        json!(["pick_file", { "kind": "work" }]),
        json!(["pick_folder", {}]),
        json!(["pick_save", { "name": mark }]),
        json!(["autostart", { "on": null }]),
        json!(["plugin:event|emit", { "event": "daypack", "payload": mark }]),
        json!(["plugin:event|listen", { "event": "daypack", "target": { "kind": "Any" }, "handler": 1 }]),
        json!(["plugin:dialog|open", {}]),
        json!(["plugin:webview|create_webview_window", { "options": { "label": mark } }]),
    ];
    all.extend(COMMANDS.iter().map(|command| json!(["call", { "name": command.name, "input": {} }])));
    Value::Array(all)
}

/// Answers that a program gave, of what a probe brought back: neither silence nor the guard's refusal.
pub fn reached(tries: &Value) -> Vec<String> {
    let tries = tries.as_array().map_or(&[][..], Vec::as_slice);
    let answered = |said: &str| said.starts_with("reached") || said.starts_with("thrown: {");
    tries
        .iter()
        .filter(|one| one["said"].as_str().is_some_and(answered))
        .map(|one| format!("{} {}: {}", one["way"], one["command"], one["said"]))
        .collect()
}

/// Where from, and what was found.
type Reports = Arc<Mutex<Vec<(String, Value)>>>;

/// The server; its pages report to it.
pub struct Hostile {
    /// Its address.
    pub address: String,
    commands: Value,
    reports: Reports,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Hostile {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Hostile {
    /// Starts it; its pages try `commands`.
    pub async fn start(commands: &Value) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let reports: Reports = Arc::default();
        let page = page(&address, commands);
        let alone = alone(&address, commands, "nested frame");
        let app = Router::new()
            .route("/page", get(move || async move { Html(page) }))
            .route("/nested", get(move || async move { Html(alone) }))
            .route(
                "/probe.js",
                get(|| async { ([(header::CONTENT_TYPE, "text/javascript")], PROBE).into_response() }),
            )
            .route("/report", post(take))
            .with_state(Arc::clone(&reports));
        let task = tokio::spawn(async move {
            let _ = axum::serve(listener, app).await;
        });
        Self { address, commands: commands.clone(), reports, task }
    }

    /// A whole page that reports as `from`, to be put into a frame as a `blob:` or a `data:` address.
    pub fn page(&self, from: &str) -> String {
        alone(&self.address, &self.commands, from)
    }

    /// What came in so far: where from, and what was found.
    pub fn reports(&self) -> Vec<(String, Value)> {
        self.reports.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn take(State(reports): State<Reports>, body: String) {
    let value: Value = serde_json::from_str(&body).unwrap_or_default();
    let from = value["from"].as_str().unwrap_or_default().to_owned();
    reports.lock().unwrap_or_else(PoisonError::into_inner).push((from, value["tries"].clone()));
}

/// A page that needs nothing else: it probes, and reports as `from`.
fn alone(address: &str, commands: &Value, from: &str) -> String {
    format!(
        "<!doctype html><meta charset=utf-8><script>{PROBE}</script><script>const tell = (tries) => \
         fetch('{address}/report', {{ method: 'POST', mode: 'no-cors', body: JSON.stringify({{ from: '{from}', tries \
         }}) }}); tell([]); probe({commands}).then(tell)</script>"
    )
}

/// The page with frames of every kind in it. Its name says where it is shown.
fn page(address: &str, commands: &Value) -> String {
    let inner = |from: &str| {
        serde_json::Value::from(alone(address, commands, from)).to_string().replace("</", "<\\/")
    };
    let (srcdoc, blob, data) = (inner("srcdoc"), inner("blob"), inner("data URL"));
    format!(
        "<!doctype html><meta charset=utf-8><title>hostile</title><script src=/probe.js></script><script>
const from = window.top === window ? 'top page' : (location.hash.slice(1) || 'frame');
const tell = (tries) => fetch('{address}/report', {{ method: 'POST', mode: 'no-cors', body: JSON.stringify({{ from: decodeURIComponent(from), tries }}) }});
tell([]);
probe({commands}).then(tell);
addEventListener('DOMContentLoaded', () => {{
  const frame = (set) => {{ const made = document.createElement('iframe'); set(made); document.body.append(made); }};
  frame((f) => f.src = '/nested');
  frame((f) => f.srcdoc = {srcdoc});
  frame((f) => f.src = URL.createObjectURL(new Blob([{blob}], {{ type: 'text/html' }})));
  frame((f) => f.src = 'data:text/html;charset=utf-8,' + encodeURIComponent({data}));
  try {{ window.open('/nested'); }} catch {{}}
  try {{ window.open('/nested', '_top'); }} catch {{}}
}});
</script><body>hostile</body>"
    )
}
