//! Proxies: by setting, or else as the environment says (`https_proxy`, `http_proxy`, `all_proxy`, `no_proxy`).

use daypack_engine::transfer::Broke;
use hyper::Uri;
use hyper::header::HeaderValue;
use hyper_util::client::proxy::matcher::Matcher;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use url::Url;

/// Longest answer to the wish for a tunnel.
const MAX_HEAD: usize = 8 * 1024;

/// Which proxy for which host.
pub(super) struct Proxies(Matcher);

/// A proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Proxy {
    pub host: String,
    pub port: u16,
    pub auth: Option<HeaderValue>,
}

impl Proxies {
    /// `setting`: the address of a proxy for everything; empty for none at all; nothing said for the environment's.
    pub fn new(setting: Option<&str>) -> Self {
        Self(match setting {
            Some("") => Matcher::builder().build(),
            Some(address) => Matcher::builder().all(address.to_owned()).build(),
            None => Matcher::from_env(),
        })
    }

    pub fn of(&self, url: &Url) -> Option<Proxy> {
        let uri: Uri = url.as_str().parse().ok()?;
        let found = self.0.intercept(&uri)?;
        let host = found.uri().host()?.trim_matches(['[', ']']).to_owned();
        let port = found.uri().port_u16().unwrap_or(80);
        Some(Proxy { host, port, auth: found.basic_auth().cloned() })
    }
}

impl Proxy {
    /// Asks for a way through to `host`.
    pub async fn tunnel(&self, stream: &mut TcpStream, host: &str, port: u16) -> Result<(), Broke> {
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        let mut wish = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n").into_bytes();
        if let Some(auth) = &self.auth {
            wish.extend_from_slice(b"Proxy-Authorization: ");
            wish.extend_from_slice(auth.as_bytes());
            wish.extend_from_slice(b"\r\n");
        }
        wish.extend_from_slice(b"\r\n");
        stream.write_all(&wish).await.map_err(|_| Broke::Cut)?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            // One by one: what follows the head belongs to the host.
            let byte = stream.read_u8().await.map_err(|_| Broke::Cut)?;
            head.push(byte);
            if head.len() > MAX_HEAD {
                return Err(Broke::Nonsense);
            }
        }
        let status = head.split(|b| *b == b' ').nth(1).unwrap_or_default();
        if status == b"200" { Ok(()) } else { Err(Broke::Unreachable) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_goes_before_the_environment_and_an_empty_one_means_none() {
        let url = Url::parse("https://campus.example/f").unwrap();
        let proxy = Proxies::new(Some("http://u:p@127.0.0.1:3128")).of(&url).unwrap();
        assert_eq!((proxy.host.as_str(), proxy.port), ("127.0.0.1", 3128));
        assert_eq!(proxy.auth.unwrap().to_str().unwrap(), "Basic dTpw");
        assert_eq!(Proxies::new(Some("")).of(&url), None);
    }
}
