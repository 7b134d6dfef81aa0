//! A canary token, a canary password and redirects of every shape: neither is seen anywhere but at their own site.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use daypack_course::work::Deed;
use daypack_lms::moodle::files::fetch;
use daypack_lms::{Connector as _, Moodle, Net, NetConfig, Secret, StepLog};
use support::server::{Asked, Say, Server, file, to};
use support::{CANARY, Notes, session, work};

const PASSWORD: &str = "canary-password-987";
const PATH: &str = "/webservice/pluginfile.php/23/mod_resource/content/0/reading1.pdf";

/// Another host, another port, and this computer by its other name.
struct Thieves {
    host: Server,
    port: Server,
    six: Option<Server>,
}

impl Thieves {
    async fn start() -> Self {
        let say = |_: &Asked| file(Some("d82f91b7e6119ccb41f88233705032e5d344e72b"), 200, &[], b"%PDF");
        let six = if tokio::net::TcpListener::bind("[::1]:0").await.is_ok() {
            Some(Server::start_at("::1", say).await)
        } else {
            println!("no IPv6 here: its shapes lead to another host instead");
            None
        };
        Self { host: Server::start_elsewhere(say).await, port: Server::start(say).await, six }
    }

    fn seen(&self) -> Vec<Asked> {
        let six = self.six.iter().flat_map(Server::seen);
        self.host.seen().into_iter().chain(self.port.seen()).chain(six).collect()
    }

    /// Where a redirect leads, in every way of writing it.
    fn shapes(&self) -> Vec<(&'static str, String)> {
        let bare = |server: &Server| server.address.trim_start_matches("http://").to_owned();
        let (host, port) = (bare(&self.host), bare(&self.port));
        let six = self.six.as_ref().map_or_else(|| host.clone(), bare);
        let number = host.rsplit(':').next().unwrap().to_owned();
        let odd: String = CANARY.bytes().map(|b| format!("%{b:02x}")).collect();
        vec![
            ("another host", format!("http://{host}/x")),
            ("another port", format!("http://{port}/x")),
            ("IPv6", format!("http://{six}/x")),
            ("without scheme", format!("//{host}{PATH}")),
            ("backslashes", format!("\\\\{host}\\x")),
            ("one slash", format!("http:/{host}/x")),
            ("scheme in capitals", format!("HTTP://{host}/x")),
            ("spaces around", format!("  http://{host}/x  ")),
            ("address as a number", format!("http://2130706434:{number}/x")),
            ("address in octal", format!("http://0177.0.0.02:{number}/x")),
            ("address cut short", format!("http://127.2:{number}/x")),
            ("a user", format!("http://student1@{host}/x")),
            ("a user and a password", format!("http://u:p@{host}/x")),
            ("the site's name as user", format!("http://127.0.0.1@{host}/x")),
            ("the token as user", format!("http://{CANARY}@{host}/x")),
            ("the token in the query", format!("http://{host}/x?token={CANARY}")),
            ("the token in the path", format!("http://{host}/{CANARY}/x")),
            ("the token in the fragment", format!("http://{host}/x#{CANARY}")),
            ("the token in disguise", format!("http://{host}/x?t={odd}")),
            ("the token twice in disguise", format!("http://{host}/x?t={}", odd.replace('%', "%25"))),
            ("the token under the same name", format!("http://{port}{PATH}?token={CANARY}&wstoken={CANARY}")),
            ("the token in capitals", format!("http://{host}/{}", CANARY.to_uppercase())),
            ("over a hop at home", format!("/hop?to=http://{host}/x")),
            ("over two hops at home", format!("/hop?to=/hop?to=http://{port}/x")),
            ("over a hop at home with the token", format!("/hop?to=http://{host}/x?token={CANARY}")),
            ("to encryption that is not there", format!("https://{host}/x")),
            ("to another scheme", format!("ftp://{host}/x")),
            ("to a file", "file:///etc/passwd".into()),
            ("to a script", "javascript:fetch('http://thief.example')".into()),
            ("to data", "data:application/pdf,%25PDF".into()),
        ]
    }
}

/// Whether anything of ours is in a request.
fn leaked(asked: &Asked) -> bool {
    let all = format!("{}\n{}", asked.head, asked.body);
    let mut plain = all.clone();
    for _ in 0..3 {
        plain = percent_encoding::percent_decode_str(&plain).decode_utf8_lossy().into_owned();
    }
    let lower = format!("{all}{plain}").to_lowercase();
    lower.contains(CANARY) || lower.contains(PASSWORD) || lower.contains("referer:")
}

fn hop(asked: &Asked, status: u16, first: &str) -> Say {
    match asked.path().split_once("/hop?to=") {
        // The connector adds the token at the end; a careless site passes on all that it was asked.
        Some((_, on)) => to(status, on.split("&token=").next().unwrap_or_default()),
        None => to(status, first),
    }
}

/// Short waits: an address that nobody answers at is part of the game.
fn hasty() -> Net {
    Net::new(NetConfig { idle_ms: 300, reply_ms: 2000, connect_ms: 1000, ..NetConfig::default() }).unwrap()
}

/// Everything that the connector sends with a secret, at a site that points elsewhere; what the site saw.
async fn everything(net: Net, status: u16, location: String) -> String {
    let site = Server::start(move |asked| hop(asked, status, &location)).await;
    let me = session(&site.address);
    let moodle = Moodle::new(net.clone());
    let address = format!("{}{PATH}", site.address);
    let deed = Deed::Post { parent: None, subject: "S".into(), text: "T".into() };
    let piece = work(&site.address, "forum", deed);
    let password = Secret::new(PASSWORD);
    let mut log = StepLog::default();
    let notes = Notes::default();
    let _ = tokio::join!(
        fetch(&net, &me, &address, 0, None),
        moodle.courses(&me),
        moodle.sign_in(&site.address, "student1", &password),
        moodle.send(&me, &piece, &mut log, &notes),
    );
    format!("{:?}", site.seen())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_redirect_of_any_shape_carries_a_token_or_a_password_away() {
    let mut tried = 0;
    let net = hasty();
    for status in [301, 302, 303, 307, 308] {
        let thieves = Thieves::start().await;
        let shapes = thieves.shapes().into_iter();
        let all: Vec<_> =
            shapes.map(|(shape, to)| (shape, tokio::spawn(everything(net.clone(), status, to)))).collect();
        for (shape, task) in all {
            let own = task.await.unwrap();
            // Control: the site itself got both.
            assert!(own.contains(CANARY) && own.contains(PASSWORD), "{shape}: {own}");
            tried += 1;
        }
        let seen = thieves.seen();
        assert!(!seen.is_empty(), "no redirect was followed, so nothing is proven");
        let stolen: Vec<_> = seen.iter().filter(|a| leaked(a)).collect();
        assert!(stolen.is_empty(), "{status}: {stolen:?}");
        let posted: Vec<_> =
            seen.iter().filter(|a| !a.head.starts_with("GET ") || !a.body.is_empty()).collect();
        assert!(posted.is_empty(), "{status}: a post was repeated elsewhere: {posted:?}");
    }
    println!("{tried} redirects: the canary was seen in 0 places");
}

/// Control: a client as it comes out of the box is caught by the same thieves.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_follows_by_itself_is_caught() {
    let thieves = Thieves::start().await;
    let shapes = thieves.shapes();
    let _ = hasty();
    let client = reqwest::Client::builder().timeout(std::time::Duration::from_secs(1)).build().unwrap();
    let mut caught = Vec::new();
    for (shape, location) in shapes.iter() {
        let before = thieves.seen().iter().filter(|a| leaked(a)).count();
        let first = location.clone();
        let site = Server::start(move |asked| hop(asked, 302, &first)).await;
        let _ = client.get(format!("{}{PATH}?token={CANARY}", site.address)).send().await;
        if thieves.seen().iter().filter(|a| leaked(a)).count() > before {
            caught.push(*shape);
        }
    }
    for shape in ["another host", "the token in the query", "the token in disguise", "over a hop at home"] {
        assert!(caught.contains(&shape), "{caught:?}");
    }
}
