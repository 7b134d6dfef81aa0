//! The media server: lectures, recorded messages and pictures of the open item.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use axum::routing::any;

use super::file::{Served, send};
use super::{Loopback, nothing};

/// A media server for a fixed set of files.
#[derive(Debug)]
pub struct MediaServer {
    server: Loopback,
    urls: BTreeMap<String, String>,
}

impl MediaServer {
    /// Serves `files` (by any key) until dropped.
    pub async fn start(files: BTreeMap<String, Served>) -> std::io::Result<Self> {
        let mut by_number = Vec::new();
        let mut names = Vec::new();
        for (key, served) in files {
            names.push(key);
            by_number.push(served);
        }
        let router = Router::new().route("/{number}", any(answer)).with_state(Arc::new(by_number));
        let server = Loopback::start(router).await?;
        let urls = names
            .into_iter()
            .enumerate()
            .map(|(number, key)| (key, format!("{}/{number}", server.base())))
            .collect();
        Ok(Self { server, urls })
    }

    /// The address of a file by its key.
    pub fn url(&self, key: &str) -> Option<&str> {
        self.urls.get(key).map(String::as_str)
    }

    /// Address of the server, for tests that play the stranger.
    pub fn base(&self) -> &str {
        self.server.base()
    }
}

async fn answer(
    State(files): State<Arc<Vec<Served>>>,
    Path(number): Path<usize>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    match files.get(number) {
        Some(served) => send(served, &method, &headers).await,
        None => nothing(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use super::*;

    fn ask(host_port: &str, request: &str) -> String {
        let mut stream = std::net::TcpStream::connect(host_port).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut out = Vec::new();
        stream.read_to_end(&mut out).unwrap();
        String::from_utf8_lossy(&out).into_owned()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_stranger_gets_nothing_and_the_player_gets_its_range() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        std::fs::write(&path, b"0123456789").unwrap();
        let served = Served { path, media_type: "video/mp4".into(), pace: None, proof: None, coming: None };
        let server = MediaServer::start(BTreeMap::from([("v".to_owned(), served)])).await.unwrap();
        let url = server.url("v").unwrap().to_owned();
        let rest = url.strip_prefix("http://").unwrap().to_owned();
        let (host, path) = rest.split_once('/').unwrap();
        let (host, path) = (host.to_owned(), format!("/{path}"));
        let result = tokio::task::spawn_blocking(move || {
            let get = |method: &str, path: &str, host_header: &str, extra: &str| {
                ask(
                    &host,
                    &format!(
                        "{method} {path} HTTP/1.1\r\nHost: {host_header}\r\nConnection: close\r\n{extra}\r\n"
                    ),
                )
            };
            let good = get("GET", &path, &host, "Range: bytes=2-4\r\n");
            assert!(good.starts_with("HTTP/1.1 206") && good.ends_with("234"), "{good}");
            assert!(!good.to_lowercase().contains("access-control"), "no CORS header");
            let base = path.rsplit_once('/').unwrap().0.to_owned();
            let strangers = [
                get("GET", "/", &host, ""),
                get("GET", "/0", &host, ""),
                get("GET", &base, &host, ""),
                get("GET", &format!("{base}/"), &host, ""),
                get("GET", &format!("{base}/1"), &host, ""),
                get("GET", &format!("{base}/../../etc/passwd"), &host, ""),
                get("GET", &format!("{base}/%2e%2e/%2e%2e/etc/passwd"), &host, ""),
                get("GET", &path, "localhost", ""),
                get("GET", &path, "evil.example", ""),
                get("POST", &path, &host, "Content-Length: 0\r\n"),
                get("OPTIONS", &path, &host, "Origin: http://evil.example\r\n"),
            ];
            for answer in strangers {
                assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
                assert!(!answer.contains("0123") && !answer.contains("root:"), "{answer}");
            }
            host
        })
        .await
        .unwrap();
        drop(server);
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        assert!(std::net::TcpStream::connect(&result).is_err(), "closed while nothing is open");
    }
}
