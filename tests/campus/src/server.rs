//! The campus on the wire: which script answers which path, under the switches of bad days.
//! Must stay true: a lost reply is lost after the deed; the log holds no token and no query.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, DefaultBodyLimit, Request, State};
use axum::http::{Method, Response};

use crate::campus::{Campus, CampusError};
use crate::log::Entry;
use crate::params::Param;
use crate::reply::{self, Reply, header_text};
use crate::wire::{Door, Wire};
use crate::{launch, library, pluginfile, rest, scripts, upload};

/// Serves until the process ends.
pub async fn run(campus: Arc<Campus>, door: Door) -> Result<(), CampusError> {
    let router = Router::new().fallback(entry).layer(DefaultBodyLimit::disable()).with_state(campus);
    let service = router.into_make_service_with_connect_info::<Wire>();
    axum::serve(door, service).await.map_err(CampusError::io("the campus stopped"))
}

async fn entry(
    State(campus): State<Arc<Campus>>,
    ConnectInfo(wire): ConnectInfo<Wire>,
    request: Request,
) -> Response<Body> {
    let (bytes_in, bytes_out) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let time_ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
    let path = request.uri().path().to_owned();
    campus.switches.wait_latency().await;
    let reply = if campus.switches.is_portal() {
        Reply::new("portal", portal())
    } else {
        let slow = |body| reply::paced(body, Arc::clone(&campus.switches), Arc::clone(&bytes_in));
        route(&campus, request.map(slow)).await
    };
    let lost = campus.switches.loses(&reply.function);
    campus.log.add(Entry {
        function: reply.function,
        path,
        time_ms,
        status: if lost { 0 } else { reply.response.status().as_u16() },
        lost,
        bytes_in,
        bytes_out: Arc::clone(&bytes_out),
    });
    if lost {
        wire.cut();
    }
    reply::pace(reply.response, Arc::clone(&campus.switches), bytes_out)
}

async fn route(campus: &Campus, request: Request) -> Reply {
    let path = request.uri().path().to_owned();
    if let Some(rest) = path.strip_prefix("/library/") {
        return library::serve(campus.plan.library.as_deref(), request.method(), request.headers(), rest)
            .await;
    }
    if let Some(rest) = path.strip_prefix("/tokenpluginfile.php/") {
        return pluginfile::with_key(campus, request.method(), request.headers(), rest).await;
    }
    if path.starts_with("/pluginfile.php/") {
        return pluginfile::without(campus);
    }
    if path == "/webservice/upload.php" {
        return upload::serve(campus, request).await;
    }
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 80 << 20).await.unwrap_or_default();
    let query = parts.uri.query().unwrap_or("");
    let mut form = Param::parse(query);
    let kind = header_text(&parts.headers, "content-type").unwrap_or("");
    let text = String::from_utf8_lossy(&body);
    if parts.method == Method::POST && !kind.starts_with("application/json") {
        form.merge(Param::parse(&text));
    }
    if let Some(rest) = path.strip_prefix("/webservice/pluginfile.php/") {
        return pluginfile::with_token(campus, &parts.method, &parts.headers, rest, &form).await;
    }
    match path.as_str() {
        "/webservice/rest/server.php" => rest::serve(campus, form),
        "/login/token.php" => scripts::token(campus, &form),
        "/lib/ajax/service-nologin.php" => {
            let calls = if text.is_empty() { form.text("args").unwrap_or("").to_owned() } else { text.into_owned() };
            scripts::nologin(campus, &parts.headers, &calls)
        }
        "/admin/tool/mobile/launch.php" => launch::launch(campus, &parts.headers, query, &form),
        "/login/index.php" => launch::login(campus, &parts.headers, &form),
        probe if probe.starts_with("/probe/") => launch::probe(probe.trim_start_matches("/probe/")),
        "/" => Reply::new("/", reply::html(200, welcome())),
        other => Reply::new(
            other,
            reply::html(404, "<!DOCTYPE html>\n<html lang=\"en\"><head><title>404 Not Found</title></head><body><h1>Not Found</h1></body></html>\n".into()),
        ),
    }
}

fn welcome() -> String {
    "<!DOCTYPE html>\n<html lang=\"en\"><head><title>Practice Campus</title></head><body><h1>Practice \
     Campus</h1><p>This is a stand-in for a Moodle site, for practice and tests on this computer. Sign in from \
     Daypack with this page's address.</p></body></html>\n"
        .into()
}

fn portal() -> Response<Body> {
    reply::html(
        200,
        "<!DOCTYPE html>\n<html><head><title>Welcome to Free WiFi</title></head><body><h1>Free WiFi</h1><form \
         method=\"post\" action=\"/accept\"><p>Please accept the terms to go online.</p><button>Accept</button></form></body></html>\n"
            .into(),
    )
}
