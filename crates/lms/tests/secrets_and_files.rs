//! A token goes to its own site only, and what is not the file is never taken for it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use daypack_lms::moodle::files::fetch;
use daypack_lms::{Connector as _, Download, FetchError, Moodle, ReadError};
use serde_json::json;
use support::server::{Asked, Say, Server, file, json as answer, page, to};
use support::{CANARY, net, session};

const SHA: &str = "d82f91b7e6119ccb41f88233705032e5d344e72b";
const PATH: &str = "/webservice/pluginfile.php/23/mod_resource/content/0/reading1.pdf";

async fn read(mut download: Download) -> Result<Vec<u8>, FetchError> {
    let mut out = Vec::new();
    while let Some(bytes) = download.next().await {
        out.extend_from_slice(&bytes?);
    }
    Ok(out)
}

fn leaks(seen: &[Asked]) -> bool {
    seen.iter().any(|a| {
        a.head.contains(CANARY) || a.body.contains(CANARY) || a.head.to_lowercase().contains("referer")
    })
}

#[tokio::test]
async fn no_redirect_carries_the_token_to_another_port_or_host() {
    for status in [301, 302, 303, 307, 308] {
        let thief = Server::start(|_| file(Some(SHA), 200, &[], b"%PDF")).await;
        let elsewhere = Server::start_elsewhere(|_| file(Some(SHA), 200, &[], b"%PDF")).await;
        for target in [thief.address.clone(), elsewhere.address.clone()] {
            let away = format!("{target}{PATH}");
            let site = Server::start(move |_| to(status, &away)).await;
            let me = session(&site.address);
            let _ = fetch(&net(), &me, &format!("{}{PATH}", site.address), 0, None).await;
            let _ = Moodle::new(net()).courses(&me).await;
            // Control: the site itself did get the token, both times.
            assert!(leaks(&site.seen()[..1]) && leaks(&site.seen()[1..]), "{status}");
        }
        for other in [&thief, &elsewhere] {
            assert!(!leaks(&other.seen()), "{status}: {:?}", other.seen());
            // A post is never repeated elsewhere, and never followed.
            let only_reads = other.seen().iter().all(|a| a.head.starts_with("GET ") && a.body.is_empty());
            assert!(only_reads, "{status}");
        }
    }
}

#[tokio::test]
async fn a_redirect_that_echoes_the_token_outwards_is_not_followed() {
    let thief = Server::start(|_| file(Some(SHA), 200, &[], b"%PDF")).await;
    let away = format!("{}/?copy={CANARY}", thief.address);
    let site = Server::start(move |_| to(302, &away)).await;
    let got = fetch(&net(), &session(&site.address), &format!("{}{PATH}", site.address), 0, None).await;
    assert!(got.is_err());
    assert!(thief.seen().is_empty());
}

#[tokio::test]
async fn a_redirect_within_the_site_keeps_the_token() {
    let site = Server::start(|asked| match asked.path() {
        p if p.starts_with("/moved") => file(Some(SHA), 200, &[], b"%PDF"),
        _ => to(302, "/moved.pdf"),
    })
    .await;
    let got =
        fetch(&net(), &session(&site.address), &format!("{}{PATH}", site.address), 0, None).await.unwrap();
    assert_eq!(got.sha1.as_deref(), Some(SHA));
    assert!(leaks(&site.seen()[1..]));
}

#[tokio::test]
async fn a_file_of_another_host_is_asked_for_without_the_token() {
    let other = Server::start(|_| file(Some(SHA), 200, &[], b"%PDF")).await;
    let got =
        fetch(&net(), &session("http://127.0.0.1:9"), &format!("{}/a.pdf", other.address), 0, None).await;
    assert_eq!(read(got.unwrap()).await.unwrap(), b"%PDF");
    assert!(!leaks(&other.seen()));
}

#[tokio::test]
async fn what_is_not_the_file_is_never_taken_for_it() {
    let refused = |code: &str| answer(&json!({"error": "No.", "errorcode": code, "stacktrace": null}));
    let cases: Vec<(&str, Say, FetchError)> = vec![
        ("a sign-in page of the network", page(200, "<html>Welcome to the hotel</html>"), FetchError::Portal),
        ("a bad token", refused("invalidtoken"), FetchError::SignIn),
        ("maintenance", refused("sitemaintenance"), FetchError::Later),
        ("no access", refused("requireloginerror"), FetchError::Refused("No.".into())),
        ("gone", refused("filenotfound"), FetchError::NotFound),
        ("a bare 404", page(404, "<html>"), FetchError::NotFound),
        ("an empty 200", Say::Whole(200, vec![], vec![]), FetchError::NotAFile),
        ("a file without proof", file(None, 200, &[], b"%PDF"), FetchError::NotAFile),
        ("a busy server", page(503, "<html>"), FetchError::Later),
    ];
    for (what, say, expected) in cases {
        let site = Server::start(move |_| say.clone()).await;
        let got = fetch(&net(), &session(&site.address), &format!("{}{PATH}", site.address), 0, None).await;
        assert_eq!(got.unwrap_err(), expected, "{what}");
    }
    // Controls: the file, and a page made on the fly, are taken.
    let site = Server::start(|_| file(Some(SHA), 200, &[], b"%PDF")).await;
    let got =
        fetch(&net(), &session(&site.address), &format!("{}{PATH}", site.address), 0, None).await.unwrap();
    assert_eq!((got.start, got.total, got.sha1.as_deref()), (0, Some(4), Some(SHA)));
    let made = [("Content-Disposition", "attachment; filename=\"index.html\"")];
    let site = Server::start(move |_| file(None, 200, &made, b"<p>x</p>")).await;
    let got = fetch(&net(), &session(&site.address), &format!("{}/index.html", site.address), 0, None)
        .await
        .unwrap();
    assert_eq!((got.sha1.clone(), got.validator.clone()), (None, None));
    assert_eq!(read(got).await.unwrap(), b"<p>x</p>");
}

#[tokio::test]
async fn resuming_goes_on_begins_again_or_says_that_the_file_changed() {
    let part = [("Content-Range", "bytes 2-3/4")];
    let site = Server::start(move |_| file(Some(SHA), 206, &part, b"DF")).await;
    let url = format!("{}{PATH}", site.address);
    let me = session(&site.address);
    let tag = format!("\"{SHA}\"");
    let got = fetch(&net(), &me, &url, 2, Some(&tag)).await.unwrap();
    assert_eq!((got.start, got.total), (2, Some(4)));
    assert_eq!(read(got).await.unwrap(), b"DF");
    let head = site.seen()[0].head.to_lowercase();
    assert!(head.contains("range: bytes=2-") && !head.contains("if-range"));
    assert!(!head.contains("gzip"), "ranges are not compressed: {head}");
    assert_eq!(fetch(&net(), &me, &url, 2, Some("\"other\"")).await.unwrap_err(), FetchError::Changed);
    // A part from elsewhere in the file is not glued on.
    assert_eq!(fetch(&net(), &me, &url, 1, Some(&tag)).await.unwrap_err(), FetchError::NotAFile);

    let whole = Server::start(|_| file(Some(SHA), 200, &[], b"%PDF")).await;
    let got = fetch(&net(), &session(&whole.address), &format!("{}{PATH}", whole.address), 2, Some(&tag))
        .await
        .unwrap();
    assert_eq!(got.start, 0);
}

#[tokio::test]
async fn silence_and_a_cut_line_are_stalls_and_not_ends() {
    let headers = vec![("ETag".to_owned(), format!("\"{SHA}\""))];
    let body = vec![7_u8; 1000];
    for say in [
        Say::Cut(200, headers.clone(), body.clone(), 400),
        Say::Silence(200, headers.clone(), body.clone(), 400),
    ] {
        let site = Server::start(move |_| say.clone()).await;
        let got = fetch(&net(), &session(&site.address), &format!("{}{PATH}", site.address), 0, None)
            .await
            .unwrap();
        assert_eq!(read(got).await.unwrap_err(), FetchError::Stalled);
    }
    let site = Server::start(move |_| Say::Whole(200, headers.clone(), body.clone())).await;
    let got =
        fetch(&net(), &session(&site.address), &format!("{}{PATH}", site.address), 0, None).await.unwrap();
    assert_eq!(read(got).await.unwrap().len(), 1000);
}

#[tokio::test]
async fn a_page_instead_of_an_answer_is_a_portal_and_an_endless_answer_is_cut_off() {
    let site = Server::start(|_| page(200, "<!DOCTYPE html><html>Sign in to the network</html>")).await;
    let moodle = Moodle::new(net());
    assert_eq!(moodle.courses(&session(&site.address)).await, Err(ReadError::Portal));
    let small =
        daypack_lms::Net::new(daypack_lms::NetConfig { max_answer: 1000, ..Default::default() }).unwrap();
    let site = Server::start(|_| answer(&json!(["x".repeat(5000)]))).await;
    let got = Moodle::new(small).courses(&session(&site.address)).await;
    assert!(matches!(got, Err(ReadError::Unexpected(_))), "{got:?}");
}
