//! Who may call what, tried with the real configuration, permissions and capabilities on a mock window.

use std::collections::BTreeSet;

use daypack_app::api::FailureCode;
use serde_json::{Value, json};
use tauri::test::{INVOKE_KEY, MockRuntime, get_ipc_response, mock_builder};
use tauri::webview::InvokeRequest;
use tauri::{Context, WebviewWindow, WebviewWindowBuilder};

use crate::desk::Desk;

const OURS: &str = if cfg!(windows) { "http://tauri.localhost" } else { "tauri://localhost" };

fn context() -> Context<MockRuntime> {
    tauri::generate_context!("tauri.conf.json", test = true)
}

/// A command that exists and was given no permission.
#[tauri::command]
fn forgotten() -> &'static str {
    "reached"
}

/// The shell as it is, with a desk whose folder is taken: a command that gets through answers `in_use`.
fn shell() -> tauri::App<MockRuntime> {
    let desk = Desk::new(Vec::new());
    desk.opened(Err(FailureCode::InUse.into()));
    crate::assemble(mock_builder(), desk).build(context()).unwrap()
}

fn window(app: &tauri::App<MockRuntime>, label: &str) -> WebviewWindow<MockRuntime> {
    WebviewWindowBuilder::new(app, label, tauri::WebviewUrl::default()).build().unwrap()
}

fn ask(window: &WebviewWindow<MockRuntime>, from: &str, cmd: &str, body: Value) -> Result<Value, Value> {
    let request = InvokeRequest {
        cmd: cmd.into(),
        callback: tauri::ipc::CallbackFn(0),
        error: tauri::ipc::CallbackFn(1),
        url: from.parse().unwrap(),
        body: body.into(),
        headers: tauri::http::HeaderMap::default(),
        invoke_key: INVOKE_KEY.to_owned(),
    };
    get_ipc_response(window, request).map(|body| body.deserialize().unwrap())
}

fn status() -> Value {
    json!({ "name": "app_status", "input": {} })
}

/// Whether the answer came from our command, not from the guard.
fn reached(answer: &Result<Value, Value>) -> bool {
    answer.as_ref().is_err_and(|e| e["code"] == "in_use")
}

fn denied(answer: &Result<Value, Value>) -> bool {
    answer.as_ref().is_err_and(|e| e.as_str().is_some_and(|text| text.contains("not allowed")))
}

#[test]
fn the_page_of_the_main_window_reaches_the_program() {
    let app = shell();
    let answer = ask(&window(&app, "main"), OURS, "call", status());
    assert!(reached(&answer), "{answer:?}");
}

#[test]
fn another_window_reaches_nothing() {
    let app = shell();
    let sign_in = format!("{}-0", crate::sign_in::LABEL);
    for label in ["other", &sign_in] {
        let other = window(&app, label);
        for from in [OURS, "https://login.school.example"] {
            for (cmd, body) in every_command() {
                let answer = ask(&other, from, cmd, body);
                assert!(denied(&answer), "{label} {from} {cmd}: {answer:?}");
            }
        }
    }
}

#[test]
fn a_page_from_elsewhere_reaches_nothing_even_in_the_main_window() {
    let app = shell();
    let main = window(&app, "main");
    for from in ["http://127.0.0.1:4567", "https://example.org", "http://localhost:80", "file:///x"] {
        for (cmd, body) in every_command() {
            let answer = ask(&main, from, cmd, body);
            assert!(denied(&answer), "{from} {cmd}: {answer:?}");
        }
    }
}

#[test]
fn commands_of_plugins_and_of_tauri_itself_are_closed() {
    let app = shell();
    let main = window(&app, "main");
    for cmd in [
        "plugin:dialog|open",
        "plugin:dialog|message",
        "plugin:window|close",
        "plugin:webview|create_webview_window",
        "plugin:path|resolve_directory",
        "plugin:app|version",
        "plugin:fs|read_file",
    ] {
        let answer = ask(&main, OURS, cmd, json!({}));
        assert!(answer.is_err() && !reached(&answer), "{cmd}: {answer:?}");
    }
}

#[test]
fn a_command_without_a_permission_is_closed_to_everyone() {
    let app = mock_builder().invoke_handler(tauri::generate_handler![forgotten]).build(context()).unwrap();
    let answer = ask(&window(&app, "main"), OURS, "forgotten", json!({}));
    assert!(denied(&answer), "{answer:?}");
}

/// Negative control of the test above: without our list of permissions the same call gets through, so it is the list
/// that closes the door.
#[test]
fn without_the_real_configuration_nothing_would_be_closed() {
    let open = tauri::test::mock_context(tauri::test::noop_assets());
    let app = mock_builder().invoke_handler(tauri::generate_handler![forgotten]).build(open).unwrap();
    let answer = ask(&window(&app, "main"), OURS, "forgotten", json!({}));
    assert_eq!(answer, Ok(json!("reached")));
}

#[test]
fn each_command_has_a_permission_and_each_permission_a_command() {
    let handled: BTreeSet<String> = include_str!("lib.rs")
        .lines()
        .filter_map(|line| line.trim().strip_prefix("commands::")?.strip_suffix(','))
        .map(str::to_owned)
        .collect();
    let mut permitted = BTreeSet::new();
    for file in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src-tauri/permissions")).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let list = text.lines().find_map(|l| l.strip_prefix("commands.allow = ")).unwrap();
        let list: Vec<String> = serde_json::from_str(list).unwrap();
        permitted.extend(list);
    }
    assert_eq!(handled, permitted);
    assert_eq!(handled.len(), every_command().len());
}

#[test]
fn the_configuration_keeps_its_locks() {
    let config: Value = serde_json::from_str(include_str!("../../tauri.conf.json")).unwrap();
    let security = &config["app"]["security"];
    assert_eq!(security["assetProtocol"]["enable"], false);
    assert_eq!(security["csp"]["script-src"], "'self'");
    assert_eq!(security["csp"]["default-src"], "'self'");
    assert_eq!(config["app"]["withGlobalTauri"], false);
    let capability: Value = serde_json::from_str(include_str!("../capabilities/main.json")).unwrap();
    assert_eq!(capability["windows"], json!(["main"]));
    assert_eq!(capability.get("remote"), None);
    assert_eq!(capability.get("webviews"), None);
}

fn every_command() -> [(&'static str, Value); 6] {
    [
        ("call", status()),
        ("pick_file", json!({ "kind": "course" })),
        ("pick_folder", json!({})),
        ("pick_save", json!({ "name": "work.zip" })),
        ("autostart", json!({})),
        ("open_external", json!({ "address": "https://example.org" })),
    ]
}
