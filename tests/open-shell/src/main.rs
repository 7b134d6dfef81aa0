//! The control of the IPC matrix: a window as a careless shell would have it.
//!
//! Course content comes over a scheme of its own (`course://`), which Tauri takes for local, and no list of commands
//! is built in, so that every command is open to what is local. The tests must catch it. Never shipped.

use serde_json::{Value, json};
use tauri::{WebviewUrl, WebviewWindowBuilder};

/// As in Daypack's shell: the door to everything.
#[tauri::command]
fn call(name: String, input: Option<Value>) -> Value {
    json!({ "name": name, "input": input })
}

/// As in Daypack's shell.
#[tauri::command]
fn open_external(address: String) -> String {
    address
}

fn main() {
    let built = tauri::Builder::default()
        .invoke_handler(tauri::generate_handler![call, open_external])
        .register_uri_scheme_protocol("course", |_, _| {
            let page = b"<!doctype html><title>course</title><h1 id=\"course\">Course content</h1>".to_vec();
            let mut response = tauri::http::Response::new(page);
            let html = tauri::http::HeaderValue::from_static("text/html; charset=utf-8");
            response.headers_mut().insert(tauri::http::header::CONTENT_TYPE, html);
            response
        })
        .setup(|app| {
            let page = WebviewUrl::CustomProtocol("course://localhost/page.html".parse()?);
            WebviewWindowBuilder::new(app, "main", page).build()?;
            Ok(())
        })
        .run(tauri::generate_context!());
    if let Err(error) = built {
        eprintln!("open-shell: {error}");
    }
}
