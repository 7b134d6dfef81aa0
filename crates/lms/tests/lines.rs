//! Lines for files: the token stays at home, an address that was led to is kept and given up, and what a Moodle says
//! instead of a file is never taken for it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use daypack_engine::transfer::{Broke, Head};
use daypack_lms::moodle::files::way;
use daypack_lms::{Ask, FetchError, Line, Plain, Transport as _, Way};
use serde_json::json;
use support::server::{Asked, Say, Server, file, json as answer, page, to};
use support::{CANARY, net, session};

const SHA: &str = "d82f91b7e6119ccb41f88233705032e5d344e72b";
const PATH: &str = "/webservice/pluginfile.php/23/mod_resource/content/0/reading1.pdf";

fn leaks(seen: &[Asked]) -> bool {
    seen.iter().any(|a| a.head.contains(CANARY) || a.head.to_lowercase().contains("referer"))
}

fn question(way: &Way) -> Ask {
    Ask { url: way.url.clone(), secret: way.secret.clone(), from: 0, to: Some(4), anew: true }
}

async fn ask(line: &mut Box<dyn Line>, ask: &Ask) -> Result<Head, Broke> {
    line.ask(ask, &|_| {}).await
}

#[tokio::test]
async fn no_redirect_carries_the_token_to_another_port_or_host() {
    for status in [301, 302, 303, 307, 308] {
        let thief = Server::start(|_| file(Some(SHA), 200, &[], b"%PDF")).await;
        let elsewhere = Server::start_elsewhere(|_| file(Some(SHA), 200, &[], b"%PDF")).await;
        for target in [thief.address.clone(), elsewhere.address.clone()] {
            let away = format!("{target}{PATH}");
            let site = Server::start(move |_| to(status, &away)).await;
            let way = way(&net(), &session(&site.address), &format!("{}{PATH}", site.address)).unwrap();
            let mut line = way.transport.line();
            for _ in 0..2 {
                assert_eq!(ask(&mut line, &question(&way)).await.unwrap().status, 200);
            }
            // Control: the site itself did get the token; the second time the way was known.
            assert!(leaks(&site.seen()) && site.seen().len() == 1, "{status}");
        }
        for other in [&thief, &elsewhere] {
            assert_eq!(other.seen().len(), 2);
            assert!(!leaks(&other.seen()), "{status}: {:?}", other.seen());
        }
    }
}

#[tokio::test]
async fn a_redirect_that_echoes_the_token_outwards_is_not_followed() {
    let thief = Server::start(|_| file(Some(SHA), 200, &[], b"%PDF")).await;
    let away = format!("{}/?copy={CANARY}", thief.address);
    let site = Server::start(move |_| to(302, &away)).await;
    let way = way(&net(), &session(&site.address), &format!("{}{PATH}", site.address)).unwrap();
    assert!(ask(&mut way.transport.line(), &question(&way)).await.is_err());
    assert!(thief.seen().is_empty());
}

#[tokio::test]
async fn a_file_of_another_host_is_asked_for_without_the_token() {
    let other = Server::start(|_| file(Some(SHA), 200, &[], b"%PDF")).await;
    let way = way(&net(), &session("http://127.0.0.1:9"), &format!("{}/a.pdf", other.address)).unwrap();
    assert_eq!(ask(&mut way.transport.line(), &question(&way)).await.unwrap().status, 200);
    assert!(!leaks(&other.seen()));
}

#[tokio::test]
async fn an_address_that_was_led_to_is_given_up_when_it_expires() {
    // The signed address is good once; the one that was asked for leads to a fresh one.
    let used = Arc::new(AtomicU32::new(0));
    let store = Server::start(move |_| match used.fetch_add(1, Ordering::Relaxed) {
        1 => page(403, "expired"),
        _ => file(Some(SHA), 206, &[("Content-Range", "bytes 0-3/4")], b"%PDF"),
    })
    .await;
    let away = format!("{}/signed", store.address);
    let site = Server::start(move |_| to(302, &away)).await;
    let url = format!("{}/f.pdf", site.address).parse().unwrap();
    let question = Ask { url, secret: None, from: 0, to: Some(4), anew: true };
    let bulk = daypack_lms::Bulk::new(net().config(), Plain::Private).unwrap();
    let mut line = bulk.line();
    assert_eq!(ask(&mut line, &question).await.unwrap().status, 206);
    assert_eq!(ask(&mut line, &question).await.unwrap().status, 206, "asked again from the start");
    assert_eq!((site.seen().len(), store.seen().len()), (2, 3));
}

#[tokio::test]
async fn what_a_moodle_says_instead_of_a_file_is_never_taken_for_it() {
    let refused = |code: &str| answer(&json!({"error": "No.", "errorcode": code, "stacktrace": null}));
    let cases: Vec<(&str, Say, u16, FetchError)> = vec![
        ("a sign-in page of the network", page(200, "<html>Welcome"), 511, FetchError::Portal),
        ("a bad token", refused("invalidtoken"), 403, FetchError::SignIn),
        ("maintenance", refused("sitemaintenance"), 503, FetchError::Later),
        ("no access", refused("requireloginerror"), 403, FetchError::Refused("No.".into())),
        ("gone", refused("filenotfound"), 404, FetchError::NotFound),
        ("a bare 404", page(404, "<html>"), 404, FetchError::NotFound),
        ("an empty 200", Say::Whole(200, vec![], vec![]), 400, FetchError::NotAFile),
        ("a file without proof", file(None, 200, &[], b"%PDF"), 400, FetchError::NotAFile),
        ("a busy server", page(503, "<html>"), 503, FetchError::Later),
    ];
    for (what, say, status, expected) in cases {
        let site = Server::start(move |_| say.clone()).await;
        let way = way(&net(), &session(&site.address), &format!("{}{PATH}", site.address)).unwrap();
        assert_eq!(ask(&mut way.transport.line(), &question(&way)).await.unwrap().status, status, "{what}");
        assert_eq!(way.said.last(), Some(expected), "{what}");
    }
    // Controls: the file, and a page made on the fly, are taken.
    let made: &[(&str, &str)] = &[("Content-Disposition", "attachment; filename=\"index.html\"")];
    for (etag, more) in [(Some(SHA), &[][..]), (None, made)] {
        let site = Server::start(move |_| file(etag, 200, more, b"%PDF")).await;
        let way = way(&net(), &session(&site.address), &format!("{}{PATH}", site.address)).unwrap();
        let mut line = way.transport.line();
        let head = ask(&mut line, &question(&way)).await.unwrap();
        assert_eq!((head.status, head.total, head.is_page), (200, Some(4), false));
        assert_eq!(head.validator, etag.map(|e| format!("\"{e}\"")));
        assert_eq!(line.next().await.unwrap().unwrap(), "%PDF");
        assert!(line.next().await.is_none() && way.said.last().is_none());
    }
}

#[tokio::test]
async fn plain_http_to_the_wide_world_is_asked_for_only_by_who_may() {
    let url: url::Url = "http://library.example/f".parse().unwrap();
    let question = Ask { url, secret: None, from: 0, to: None, anew: true };
    let private = daypack_lms::Bulk::new(net().config(), Plain::Private).unwrap();
    assert_eq!(ask(&mut private.line(), &question).await, Err(Broke::Nonsense));
}
