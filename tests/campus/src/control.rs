//! The control port: what `campus ctl` talks to.
//! Must stay true: loopback only, and every path begins with a random word, so no page in a browser and
//! no other program guesses it.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::post;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::campus::{Campus, CampusError};
use crate::rest::can_fail_with;
use crate::site::{self, USERS};
use crate::teacher;

/// The control port, open but not yet serving.
pub struct Control {
    listener: TcpListener,
    word: String,
}

impl Control {
    /// Opens `127.0.0.1:port`.
    pub async fn open(port: u16) -> Result<Self, CampusError> {
        let listener = TcpListener::bind(("127.0.0.1", port))
            .await
            .map_err(CampusError::io(format!("cannot open control port {port}")))?;
        Ok(Self { listener, word: site::random_hex(16) })
    }

    /// Its address, the secret word included.
    pub fn url(&self) -> Result<String, CampusError> {
        let address = self.listener.local_addr().map_err(CampusError::io("control port"))?;
        Ok(format!("http://{address}/{}", self.word))
    }

    /// Serves until the process ends.
    pub async fn run(self, campus: Arc<Campus>) -> Result<(), CampusError> {
        let router = Router::new()
            .route("/{word}/{command}", post(entry))
            .with_state((campus, Arc::from(self.word.as_str())));
        axum::serve(self.listener, router).await.map_err(CampusError::io("the control port stopped"))
    }
}

async fn entry(
    State((campus, word)): State<(Arc<Campus>, Arc<str>)>,
    Path((given, command)): Path<(String, String)>,
    body: String,
) -> (StatusCode, String) {
    if *given != *word {
        return (StatusCode::NOT_FOUND, json!({"error": "not found"}).to_string());
    }
    let arguments: Vec<String> = serde_json::from_str(&body).unwrap_or_default();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match obey(&campus, &command, &arguments) {
        Ok(value) => (StatusCode::OK, value.to_string()),
        Err(error) => (StatusCode::BAD_REQUEST, json!({"error": error.to_string()}).to_string()),
    }
}

fn bad(text: impl Into<String>) -> CampusError {
    CampusError::Command(text.into())
}

fn count(text: &str) -> Result<u64, CampusError> {
    text.parse().map_err(|_| bad(format!("{text:?} is not a number")))
}

fn instance(text: &str) -> Result<i64, CampusError> {
    text.parse().map_err(|_| bad(format!("{text:?} is not an instance number")))
}

fn on_off(text: &str) -> Result<bool, CampusError> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(bad(format!("{text:?} is neither on nor off"))),
    }
}

fn person(name: &str) -> Result<&'static site::User, CampusError> {
    USERS.iter().find(|known| known.username == name).ok_or_else(|| bad(format!("nobody is called {name:?}")))
}

/// Does a command.
pub fn obey(campus: &Campus, command: &str, arguments: &[&str]) -> Result<Value, CampusError> {
    let switches = &campus.switches;
    let done = Ok(json!({"ok": true}));
    match (command, arguments) {
        ("slow", ["off"]) => switches.set_slow(0),
        ("slow", [kbps]) => switches.set_slow(count(kbps)?),
        ("latency", ["off"]) => switches.set_latency(0),
        ("latency", [ms]) => switches.set_latency(count(ms)?),
        ("offline", [on]) => switches.set_offline(on_off(on)?),
        ("portal", [on]) => switches.set_portal(on_off(on)?),
        ("maintenance", [on]) => switches.set_maintenance(on_off(on)?),
        ("lose-replies", [n]) => switches.lose(count(n)?, None),
        ("lose-replies", [n, function]) => switches.lose(count(n)?, Some((*function).to_owned())),
        ("error", [function, code, rest @ ..]) if rest.len() < 2 => {
            if !can_fail_with(code) {
                return Err(bad(format!("no recording has the error code {code:?}")));
            }
            let n = rest.first().map_or(Ok(1), |n| count(n))?;
            switches.fail((*function).to_owned(), (*code).to_owned(), n);
        }
        ("grade-now", []) => {
            let marked = campus.with(|world| teacher::hurry(world, site::now()))?;
            // Marking happens at the start of the next look at the world.
            campus.with(|_| ())?;
            return Ok(json!({"ok": true, "marked": marked}));
        }
        ("close-quiz", [quiz, rest @ ..]) if rest.len() < 2 => {
            let (quiz, ago) = (instance(quiz)?, rest.first().map_or(Ok(120), |ago| instance(ago))?);
            campus.with(|world| {
                world.quiz_close.insert(quiz, site::now() - ago);
                world.touch();
            })?;
        }
        ("lock-assignment", [assign, rest @ ..]) if rest.len() < 2 => {
            let (assign, on) = (instance(assign)?, rest.first().map_or(Ok(true), |on| on_off(on))?);
            campus.with(|world| {
                let _ = if on { world.locked.insert(assign) } else { world.locked.remove(&assign) };
                world.touch();
            })?;
        }
        ("hide", [cmid, rest @ ..]) if rest.len() < 2 => {
            let (cmid, on) = (instance(cmid)?, rest.first().map_or(Ok(true), |on| on_off(on))?);
            campus.with(|world| {
                let _ = if on { world.hidden.insert(cmid) } else { world.hidden.remove(&cmid) };
                world.touch();
            })?;
        }
        ("suspend" | "unenrol", [user, rest @ ..]) if rest.len() < 2 => {
            let on = rest.first().map_or(Ok(true), |on| on_off(on))?;
            if !USERS.iter().any(|known| known.username == *user) {
                return Err(bad(format!("nobody is called {user:?}")));
            }
            let name = (*user).to_owned();
            campus.with(|world| {
                let set = if command == "suspend" { &mut world.suspended } else { &mut world.unenrolled };
                let _ = if on { set.insert(name) } else { set.remove(&name) };
                world.touch();
            })?;
        }
        ("sign-in-way", [way]) => {
            let way = instance(way)?;
            campus.pages.choose(|set| set.way = way);
        }
        ("signed-in", ["off"]) => campus.pages.choose(|set| set.known = None),
        ("signed-in", [name]) => {
            let name = person(name)?.username.to_owned();
            campus.pages.choose(|set| set.known = Some(name));
        }
        ("launch-forged", [on]) => {
            let on = on_off(on)?;
            campus.pages.choose(|set| set.forged = on);
        }
        ("launch-elsewhere", ["off"]) => campus.pages.choose(|set| set.elsewhere = None),
        ("launch-elsewhere", [site]) => campus.pages.choose(|set| set.elsewhere = Some((*site).to_owned())),
        ("launch-probing", [on]) => {
            let on = on_off(on)?;
            campus.pages.choose(|set| set.probing = on);
        }
        ("qr-code", [name]) => return Ok(crate::launch::code(campus, person(name)?)),
        ("new-password" | "policy", [name, rest @ ..]) if rest.len() < 2 => {
            let on = rest.first().map_or(Ok(true), |on| on_off(on))?;
            let name = person(name)?.username.to_owned();
            campus.with(|world| {
                let set = if command == "policy" { &mut world.no_policy } else { &mut world.new_password };
                let _ = if on { set.insert(name) } else { set.remove(&name) };
                world.touch();
            })?;
        }
        ("expire-tokens", []) => campus.with(|world| {
            world.tokens.iter_mut().for_each(|token| token.expired = true);
            world.touch();
        })?,
        ("requests", []) => return Ok(campus.log.report()),
        ("forget-requests", []) => campus.log.clear(),
        ("state", []) => return state(campus),
        ("reset", []) => campus.reset()?,
        _ => {
            return Err(bad(format!(
                "no command `{command}` with {} arguments; see `campus ctl --help`",
                arguments.len()
            )));
        }
    }
    done
}

fn state(campus: &Campus) -> Result<Value, CampusError> {
    let mut value = campus.with(|world| serde_json::to_value(&*world))??;
    if let Value::Object(map) = &mut value {
        map.remove("tokens");
        map.remove("access_keys");
    }
    Ok(value)
}
