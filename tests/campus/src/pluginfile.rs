//! File scripts: `webservice/pluginfile.php`, `tokenpluginfile.php`, and `pluginfile.php` that sends to the
//! sign-in page.
//! Must stay true: a refused file is JSON with HTTP 200 and no ETag; a missing one is 404 JSON.

use axum::body::Body;
use axum::http::{HeaderMap, Method, Response};

use crate::byteserving::{Content, serve};
use crate::campus::{Campus, takes_part};
use crate::fault::{Fault, script_error};
use crate::files::{Bytes, StoredFile, mime_of};
use crate::functions::courses::access_key;
use crate::modules::Subject;
use crate::params::Param;
use crate::reply::{self, JSON, Reply};
use crate::rest::authenticate;
use crate::site::{USERS, User};
use crate::world::{OwnFile, World};

const NAME: &str = "webservice/pluginfile.php";

/// `webservice/pluginfile.php/<path>?token=`
pub async fn with_token(
    campus: &Campus,
    method: &Method,
    headers: &HeaderMap,
    path: &str,
    form: &Param,
) -> Reply {
    let refuse = |value: &serde_json::Value| Reply::new(NAME, reply::script(200, JSON, value));
    if let Some(code) = campus.switches.fails(NAME) {
        return refuse(&Fault::of(&code).script());
    }
    let Some(token) = form.text("token") else {
        return refuse(&script_error("missingparam", "A required parameter (token) was missing"));
    };
    let found = campus.with(|world| {
        let user = authenticate(campus, world, token)?;
        Ok::<_, Fault>(find(campus, world, user, path))
    });
    match found {
        Ok(Ok(found)) => Reply::new(NAME, answer(method, headers, found).await),
        Ok(Err(fault)) => refuse(&fault.script()),
        Err(broken) => refuse(&script_error("error", &broken.to_string())),
    }
}

/// `tokenpluginfile.php/<key>/<path>`
pub async fn with_key(campus: &Campus, method: &Method, headers: &HeaderMap, path: &str) -> Reply {
    let name = "tokenpluginfile.php";
    let (key, path) = path.split_once('/').unwrap_or((path, ""));
    let found = campus.with(|world| {
        let user = USERS.iter().find(|user| access_key(world, user.id) == key)?;
        Some(find(campus, world, user, path))
    });
    match found {
        Ok(Some(found)) => Reply::new(name, answer(method, headers, found).await),
        _ => Reply::new(
            name,
            reply::html(404, "<!DOCTYPE html>\n\n<html lang=\"en\"><head><title>Error</title></head><body></body></html>\n".into()),
        ),
    }
}

/// `pluginfile.php`: needs a browser session, which the campus does not have.
pub fn without(campus: &Campus) -> Reply {
    let login = campus.url("/login/index.php");
    let response = reply::response(
        303,
        &[
            ("Content-Type", "text/html; charset=utf-8"),
            ("Set-Cookie", "MoodleSession=practicecampussession000; path=/; HttpOnly"),
            ("Expires", "Thu, 19 Nov 1981 08:52:00 GMT"),
            ("Cache-Control", "no-store, no-cache, must-revalidate"),
            ("Pragma", "no-cache"),
            ("X-Redirect-By", "Moodle"),
            ("Location", &login),
        ],
        "<!DOCTYPE html>\n<html  lang=\"en\" xml:lang=\"en\">\n    <head>\n        <title>Redirect</title></head></html>",
    );
    Reply::new("pluginfile.php", response)
}

enum Found {
    File(Content),
    Closed,
    Missing,
}

async fn answer(method: &Method, headers: &HeaderMap, found: Found) -> Response<Body> {
    match found {
        Found::File(content) => serve(method, headers, content).await,
        Found::Closed => reply::script(200, JSON, &Fault::of("requireloginerror").script()),
        Found::Missing => missing(),
    }
}

fn missing() -> Response<Body> {
    reply::script(404, JSON, &script_error("filenotfound", "Sorry, the requested file could not be found"))
}

fn find(campus: &Campus, world: &World, user: &User, path: &str) -> Found {
    let decoded = percent_encoding::percent_decode_str(path).decode_utf8_lossy().into_owned();
    let parts: Vec<&str> = decoded.split('/').collect();
    let [context, component, area, rest @ ..] = parts.as_slice() else { return Found::Missing };
    let Ok(context) = context.parse::<i64>() else { return Found::Missing };
    if *component == "user" {
        return own(campus, world, user, context, area, rest);
    }
    let Some(module) = campus.modules.iter().find(|module| module.context() == context) else {
        return Found::Missing;
    };
    if !takes_part(world, user) {
        return Found::Closed;
    }
    match (*component, *area, rest) {
        ("mod_page", "content", ["index.html"]) => match &module.subject {
            Subject::Page { html } => {
                Found::File(Content::generated(format!("<div class=\"no-overflow\">{html}</div>")))
            }
            _ => Found::Missing,
        },
        ("mod_page" | "mod_resource", "content", rest) => {
            let rest = match rest {
                [first, more @ ..] if first.parse::<u32>().is_ok() && !more.is_empty() => more,
                all => all,
            };
            let (folders, name) = place(rest);
            let hit = campus
                .files
                .iter()
                .find(|file| file.context == context && file.filepath == folders && file.filename == name);
            hit.map_or(Found::Missing, |file| {
                Found::File(Content::stored(file, *component == "mod_resource"))
            })
        }
        ("assignsubmission_file", "submission_files", [id, rest @ ..]) => {
            let work = world.submissions.iter().find(|work| {
                work.id.to_string() == *id && work.user == user.id && work.assign == module.instance
            });
            work.map_or(Found::Missing, |work| pick(campus, &work.files, rest))
        }
        ("mod_forum", "attachment", [id, rest @ ..]) => {
            let post = world.posts.iter().find(|post| {
                let talk = world.discussions.iter().find(|talk| talk.id == post.discussion);
                post.id.to_string() == *id && talk.is_some_and(|talk| talk.forum == module.instance)
            });
            post.filter(|_| module.modname == "forum")
                .map_or(Found::Missing, |post| pick(campus, &post.files, rest))
        }
        ("assignfeedback_file", "feedback_files", [id, name]) => {
            let mine = world.submissions.iter().filter(|work| work.user == user.id);
            let mut graded =
                mine.filter(|work| work.assign == module.instance).filter_map(|work| work.grade.as_ref());
            let spoken = campus.spoken.as_ref().filter(|file| file.filename == *name);
            match (graded.find(|grade| grade.id.to_string() == *id), spoken) {
                (Some(grade), Some(file)) => {
                    let file = StoredFile { time: grade.timemodified, ..file.clone() };
                    Found::File(Content { attachment: true, ..Content::stored(&file, false) })
                }
                _ => Found::Missing,
            }
        }
        _ => Found::Missing,
    }
}

fn own(campus: &Campus, world: &World, user: &User, context: i64, area: &str, rest: &[&str]) -> Found {
    if context != user.context() {
        return Found::Missing;
    }
    match (area, rest) {
        ("private", rest) => {
            let mine: Vec<OwnFile> =
                world.private.iter().filter(|file| file.user == user.id).cloned().collect();
            pick(campus, &mine, rest)
        }
        ("draft", [id, rest @ ..]) => {
            let id = id.parse().unwrap_or(-1);
            pick(campus, &crate::functions::own_files::draft(world, user.id, id), rest)
        }
        _ => Found::Missing,
    }
}

fn place<'a>(rest: &[&'a str]) -> (String, &'a str) {
    match rest.split_last() {
        Some((name, [])) => ("/".to_owned(), name),
        Some((name, folders)) => (format!("/{}/", folders.join("/")), name),
        None => ("/".to_owned(), ""),
    }
}

fn pick(campus: &Campus, files: &[OwnFile], rest: &[&str]) -> Found {
    let (folders, name) = place(rest);
    let hit = files.iter().find(|file| file.filepath == folders && file.filename == name);
    let Some((file, bytes)) = hit.and_then(|file| Some((file, campus.blobs.get(&file.sha1)?))) else {
        return Found::Missing;
    };
    Found::File(Content {
        mime: mime_of(&file.filename).to_owned(),
        name: file.filename.clone(),
        size: file.size,
        sha1: Some(file.sha1.clone()),
        time: file.time,
        attachment: true,
        lasting: false,
        bytes,
    })
}

impl Content {
    fn stored(file: &StoredFile, lasting: bool) -> Self {
        Self {
            mime: file.mime.clone(),
            name: file.filename.clone(),
            size: file.size,
            sha1: Some(file.sha1.clone()),
            time: file.time,
            attachment: false,
            lasting,
            bytes: file.bytes.clone(),
        }
    }

    fn generated(html: String) -> Self {
        Self {
            mime: "text/html;charset=UTF-8".to_owned(),
            name: "index.html".to_owned(),
            size: html.len() as u64,
            sha1: None,
            time: crate::site::now(),
            attachment: true,
            lasting: false,
            bytes: Bytes::Memory(html.into()),
        }
    }
}
