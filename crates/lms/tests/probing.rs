//! What a typed address turns out to be.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use daypack_lms::connector::SignInWays;
use daypack_lms::{Connector as _, Moodle, Secret, SignInError, SiteError};
use serde_json::{Value, json};
use support::server::{Asked, Say, Server, json as answer, page, to};
use support::{net, recording};

fn by_password() -> SignInWays {
    SignInWays { password: true, page: None }
}

async fn probed(
    server: impl Fn(&Asked) -> Say + Send + Sync + 'static,
) -> Result<(String, SignInWays), SiteError> {
    let site = Server::start(server).await;
    Moodle::new(net()).probe(&site.address).await.map(|f| (f.name, f.sign_in))
}

fn config(change: impl Fn(&mut Value)) -> Say {
    let mut config = recording("transport/tool_mobile_get_public_config.nologin.json", "ok");
    change(&mut config[0]["data"]);
    answer(&config)
}

fn moodle(change: fn(&mut Value)) -> impl Fn(&Asked) -> Say + Send + Sync + 'static {
    move |asked| {
        if asked.path().starts_with("/login/token.php") {
            return answer(&json!({"appsitecheck": "ok"}));
        }
        config(change)
    }
}

#[tokio::test]
async fn a_moodle_is_found_by_its_name() {
    assert_eq!(probed(moodle(|_| {})).await, Ok(("Contract University".into(), by_password())));
    assert_eq!(probed(moodle(|c| c["enablemobilewebservice"] = json!(0))).await, Err(SiteError::ServiceOff));
    assert_eq!(probed(moodle(|c| c["maintenanceenabled"] = json!(1))).await, Err(SiteError::Maintenance));
    // A sign-in page at another host is not opened.
    assert_eq!(probed(moodle(|c| c["typeoflogin"] = json!(2))).await.unwrap().1, by_password());
}

#[tokio::test]
async fn other_sites_and_networks_are_told_apart() {
    let shop = |asked: &Asked| match asked.path() {
        "/" => page(200, "<html><title>Shop</title>Fine hats</html>"),
        _ => page(404, "<html><title>Not found</title></html>"),
    };
    assert_eq!(probed(shop).await, Err(SiteError::NotAnLms));
    assert_eq!(
        probed(|_| page(200, "<html><title>Hotel</title>Sign in</html>")).await,
        Err(SiteError::CaptivePortal)
    );
    let closed = |asked: &Asked| match asked.path() {
        "/" => page(200, "<html><script>M.cfg = {\"wwwroot\":\"x\"}</script></html>"),
        _ => page(403, "<html>Forbidden</html>"),
    };
    assert_eq!(probed(closed).await, Err(SiteError::ServiceOff));
    let hotel = Server::start_elsewhere(|_| page(200, "<html><title>Hotel</title></html>")).await;
    let away = format!("{}/portal", hotel.address);
    assert_eq!(probed(move |_| to(302, &away)).await, Err(SiteError::CaptivePortal));
}

#[tokio::test]
async fn addresses_that_lead_nowhere_say_why() {
    let moodle = Moodle::new(net());
    assert_eq!(moodle.probe("not an address").await.unwrap_err(), SiteError::BadAddress);
    assert_eq!(moodle.probe("http://127.0.0.1:1").await.unwrap_err(), SiteError::NotFound);
    assert_eq!(probed(|_| Say::Nothing).await, Err(SiteError::Unreachable));
}

/// A host that does not speak TLS: it hears the first words of the handshake and answers so.
async fn without_tls(answer: &'static [u8], resets: bool) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            // Reads less than was sent where it resets: closing with unread bytes is a reset.
            let mut heard = vec![0; if resets { 1 } else { 4096 }];
            let _ = tokio::io::AsyncReadExt::read(&mut stream, &mut heard).await;
            let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, answer).await;
        }
    });
    address
}

#[tokio::test]
async fn a_host_without_a_protected_connection_is_there_but_not_safe() {
    let moodle = Moodle::new(net());
    for (answer, resets) in [(&b""[..], true), (b"", false), (b"HTTP/1.1 400 Bad Request\r\n\r\n", false)] {
        let address = without_tls(answer, resets).await;
        let found = moodle.probe(&address).await.unwrap_err();
        assert_eq!(found, SiteError::NoSafeConnection, "{answer:?}, reset: {resets}");
    }
}

#[tokio::test]
async fn signing_in_tells_the_reasons_apart() {
    for (id, expected) in [
        ("wrong-password", SignInError::WrongPassword),
        ("site-in-maintenance", SignInError::Maintenance),
        ("webservices-disabled", SignInError::ServiceOff),
        ("unknown-service", SignInError::ServiceOff),
    ] {
        let body = recording("transport/login_token.json", id);
        let site = Server::start(move |_| answer(&body)).await;
        let got =
            Moodle::new(net()).sign_in(&site.address, "student1", &Secret::new("password-canary")).await;
        assert_eq!(got.unwrap_err(), expected, "{id}");
        // The password is in the body of one post, in no address.
        assert!(site.seen().iter().all(|a| !a.head.contains("password-canary")));
    }
    let site = Server::start(|asked| match asked.path() {
        "/login/token.php" => answer(&json!({"token": "t0", "privatetoken": null})),
        _ => answer(&json!({"sitename": "S", "username": "student1", "fullname": "F", "userid": 4, "policyagreed": 1, "version": "2024100706"})),
    })
    .await;
    let (account, token) =
        Moodle::new(net()).sign_in(&site.address, "student1", &Secret::new("p")).await.unwrap();
    assert_eq!((account.remote_user.as_str(), token.expose()), ("4", "t0"));
}
