//! Signing in on the site's own page (`launch.php`, the login page) and by QR code.
//! Must stay true: answers as recorded: a signed address of the scheme the site insists on, two parts over plain HTTP;
//! without a session to the login page, or refused where apps sign in themselves; a key serves once.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use axum::body::Body;
use axum::http::{HeaderMap, Response};
use md5::{Digest as _, Md5};
use serde_json::{Value, json};

use crate::campus::Campus;
use crate::params::{Param, unescape};
use crate::reply::{self, Reply, header_text};
use crate::scripts::sign_in;
use crate::site::{USERS, User, random_hex};

const FORGOT: &str = "tool_mobile_launch=deleted; expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=0; path=/";

/// How the pages behave just now.
#[derive(Debug, Default)]
pub struct Pages {
    sessions: Mutex<BTreeMap<String, i64>>,
    keys: Mutex<BTreeMap<String, i64>>,
    set: Mutex<Set>,
}

/// What `campus ctl` chose.
#[derive(Debug, Clone, Default)]
pub struct Set {
    /// `typeoflogin`, 1 when not chosen.
    pub way: i64,
    /// Whoever comes is this person already, as where the school's own sign-in is still good.
    pub known: Option<String>,
    /// Signs for another passport.
    pub forged: bool,
    /// Sends to the same page of another site.
    pub elsewhere: Option<String>,
    /// Tries to reach the program that shows the page, and tells us how it went.
    pub probing: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pages {
    /// Changes what was chosen.
    pub fn choose(&self, change: impl FnOnce(&mut Set)) {
        change(&mut lock(&self.set));
    }

    /// What was chosen.
    pub fn set(&self) -> Set {
        lock(&self.set).clone()
    }

    /// Everything as at the start.
    pub fn clear(&self) {
        lock(&self.sessions).clear();
        lock(&self.keys).clear();
        *lock(&self.set) = Set::default();
    }

    fn session_of(&self, headers: &HeaderMap) -> Option<&'static User> {
        let id =
            cookie(headers, "MoodleSession").and_then(|word| lock(&self.sessions).get(&word).copied())?;
        USERS.iter().find(|user| user.id == id)
    }

    fn begin(&self, user: &User) -> String {
        let word = random_hex(13);
        lock(&self.sessions).insert(word.clone(), user.id);
        format!("MoodleSession={word}; path=/; HttpOnly")
    }
}

fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let all = header_text(headers, "cookie")?;
    all.split(';')
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(n, _)| *n == name)
        .map(|(_, v)| v.to_owned())
}

/// `admin/tool/mobile/launch.php`
pub fn launch(campus: &Campus, headers: &HeaderMap, query: &str, form: &Param) -> Reply {
    let answer = |response| Reply::new("launch.php", response);
    let set = campus.pages.set();
    let passport = form.text("passport").unwrap_or("");
    let known = form.text("service") == Some("moodle_mobile_app") && !passport.is_empty();
    if !known || form.text("urlscheme").is_some_and(|scheme| scheme.contains(':')) {
        return answer(error_page());
    }
    if let Some(site) = set.elsewhere {
        let to = format!("{site}/admin/tool/mobile/launch.php?{query}");
        return answer(redirect(302, &to, &[]));
    }
    if set.probing {
        return answer(reply::html(200, PROBE.into()));
    }
    let remembered = format!("tool_mobile_launch={}; Max-Age=900; path=/", hex::encode(query));
    let Some(user) = campus.pages.session_of(headers) else {
        if set.way < 2 {
            return answer(error_page());
        }
        return answer(redirect(303, &campus.url("/login/index.php"), &[&remembered]));
    };
    let signed_for = if set.forged { "another passport" } else { passport };
    let signature = hex::encode(Md5::digest(format!("{}{signed_for}", campus.plan.site)));
    let Ok(token) = campus.with(|world| sign_in(world, user.id)) else { return answer(error_page()) };
    let packed = base64(format!("{signature}:::{token}").as_bytes());
    answer(redirect(302, &format!("moodlemobile://token={packed}"), &[&remembered, FORGOT]))
}

/// `login/index.php`
pub fn login(campus: &Campus, headers: &HeaderMap, form: &Param) -> Reply {
    let answer = |response| Reply::new("login/index.php", response);
    let given = (form.text("username"), form.text("password"));
    let person = match (campus.pages.set().known, given) {
        (Some(name), _) => USERS.iter().find(|u| u.username == name),
        (None, (Some(name), Some(word))) => {
            USERS.iter().find(|u| u.username == name.trim().to_lowercase() && u.password == word)
        }
        _ => None,
    };
    let Some(user) = person else {
        return answer(reply::html(200, login_page(given.0.is_some())));
    };
    let session = campus.pages.begin(user);
    let query = cookie(headers, "tool_mobile_launch")
        .and_then(|packed| String::from_utf8(hex::decode(packed).ok()?).ok());
    let to =
        query.map_or_else(|| campus.url("/"), |q| campus.url(&format!("/admin/tool/mobile/launch.php?{q}")));
    answer(redirect(303, &to, &[&session]))
}

/// A key for one sign-in, as the text of a QR code.
pub fn code(campus: &Campus, user: &User) -> Value {
    let key = random_hex(16);
    lock(&campus.pages.keys).insert(key.clone(), user.id);
    json!({"text": format!("moodlemobile://{}?qrlogin={key}&userid={}", campus.plan.site, user.id)})
}

/// `tool_mobile_get_tokens_for_qr_login`
pub fn by_code(campus: &Campus, headers: &HeaderMap, call: &Value) -> Value {
    let refused = |code: &str, message: &str| {
        json!({"error": true, "exception": {"message": message, "errorcode": code, "link": campus.url("/"),
            "moreinfourl": format!("https://docs.moodle.org/405/en/error/moodle/{code}")}})
    };
    if !header_text(headers, "user-agent").is_some_and(|agent| agent.contains("MoodleMobile")) {
        return refused(
            "apprequired",
            "This functionality is only available when accessed via the Moodle mobile or desktop app.",
        );
    }
    let args = call.get("args").cloned().unwrap_or_default();
    let key = args.get("qrloginkey").and_then(Value::as_str).unwrap_or("");
    let mut keys = lock(&campus.pages.keys);
    if keys.get(key).copied() != args.get("userid").and_then(Value::as_i64) || !keys.contains_key(key) {
        return refused("invalidkey", "Incorrect key");
    }
    let user = keys.remove(key).unwrap_or_default();
    match campus.with(|world| sign_in(world, user)) {
        Ok(token) => json!({"error": false, "data": {"token": token, "privatetoken": null, "warnings": []}}),
        Err(broken) => refused("error", &broken.to_string()),
    }
}

fn redirect(status: u16, to: &str, cookies: &[&str]) -> Response<Body> {
    let mut headers =
        vec![("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store"), ("Location", to)];
    headers.extend(cookies.iter().map(|cookie| ("Set-Cookie", *cookie)));
    reply::response(status, &headers, "")
}

fn error_page() -> Response<Body> {
    reply::html(
        404,
        "<!DOCTYPE html>\n<html><head><title>Error | PC</title></head><body></body></html>".into(),
    )
}

fn login_page(again: bool) -> String {
    let word = if again { "<p role=\"alert\">Invalid login, please try again</p>" } else { "" };
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Log in | PC</title></head><body><h1>Practice Campus</h1>\
         {word}<form method=\"post\" action=\"/login/index.php\"><p><label>Username <input name=\"username\"></label></p>\
         <p><label>Password <input name=\"password\" type=\"password\"></label></p><button>Log in</button></form></body></html>"
    )
}

/// Asks for the program's commands as its own page does, and says in a path how each went.
const PROBE: &str = r#"<!DOCTYPE html><html><head><title>Log in</title></head><body><script>
const tell = (what) => fetch('/probe/' + encodeURIComponent(what));
const asked = [['call', { name: 'app_status', input: {} }], ['open_external', { address: 'https://example.org/' }],
  ['pick_file', { kind: 'course' }], ['plugin:event|emit', { event: 'daypack-leave', payload: 'close' }]];
const inner = window.__TAURI_INTERNALS__;
(async () => {
  for (const [cmd, args] of asked) {
    if (!inner) { await tell(cmd + ' no-way'); continue; }
    await Promise.race([inner.invoke(cmd, args).then(() => 'reached', () => 'denied'),
      new Promise((done) => setTimeout(done, 1000, 'denied'))]).then((how) => tell(cmd + ' ' + how));
  }
  await tell('done');
})();
</script></body></html>"#;

fn base64(bytes: &[u8]) -> String {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for three in bytes.chunks(3) {
        let word =
            three.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for at in 0..4 {
            let sign = SIGNS.get((word >> (18 - 6 * at) & 63) as usize).copied().unwrap_or(b'A');
            out.push(if at > three.len() { '=' } else { char::from(sign) });
        }
    }
    out
}

/// The path of a probe, as told.
pub fn probe(path: &str) -> Reply {
    Reply::new(format!("probe {}", unescape(path)), reply::html(200, String::new()))
}

#[cfg(test)]
mod tests {
    #[test]
    fn base64_is_as_everybody_writes_it() {
        for (plain, packed) in [("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")] {
            assert_eq!(super::base64(plain.as_bytes()), packed);
        }
    }
}
