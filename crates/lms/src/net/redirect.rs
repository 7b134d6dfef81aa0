//! Which redirects of a GET are followed, and what goes along.
//!
//! The same origin keeps the secret; any other origin gets nothing of ours. Never followed: https to http, an
//! address with a user in it, a public site pointing into a private network, a place that carries the secret out.

use url::Url;

use super::{Secret, address};

/// Longest chain.
pub const MAX_HOPS: usize = 5;

/// The next place to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// Where.
    pub url: Url,
    /// Whether it is the same origin.
    pub keeps_secret: bool,
}

/// Why a redirect is not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stop {
    /// Not an address, or another scheme.
    #[error("not a web address")]
    NotWeb,
    /// From https to http.
    #[error("to an unencrypted connection")]
    Downgrade,
    /// Into a private network.
    #[error("into a private network")]
    Inward,
    /// Would carry the secret, or a user name, elsewhere.
    #[error("carries a secret to another host")]
    Leak,
}

/// Judges one hop.
pub fn next(from: &Url, location: &str, secret: Option<&Secret>) -> Result<Hop, Stop> {
    let url = from.join(location).map_err(|_| Stop::NotWeb)?;
    match (from.scheme(), url.scheme()) {
        (_, "https") | ("http", "http") => {}
        ("https", "http") => return Err(Stop::Downgrade),
        _ => return Err(Stop::NotWeb),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Stop::Leak);
    }
    let keeps_secret = url.origin() == from.origin();
    if !keeps_secret {
        if address::is_private(&url) && !address::is_private(from) {
            return Err(Stop::Inward);
        }
        if secret.is_some_and(|secret| carries(&url, secret)) {
            return Err(Stop::Leak);
        }
    }
    Ok(Hop { url, keeps_secret })
}

/// Whether the secret stands in the address, also in capitals or written as `%63..`, even twice over.
fn carries(url: &Url, secret: &Secret) -> bool {
    let secret = secret.expose().to_ascii_lowercase();
    let mut text = url.as_str().to_ascii_lowercase();
    for _ in 0..4 {
        if !secret.is_empty() && text.contains(&secret) {
            return true;
        }
        text = percent_encoding::percent_decode_str(&text).decode_utf8_lossy().to_ascii_lowercase();
    }
    false
}

/// Takes the query parameter `name` out, so that adding it again does not double it.
pub fn drop_param(url: &mut Url, name: &str) {
    let Some(query) = url.query() else { return };
    let head = format!("{name}=");
    let kept: Vec<&str> = query.split('&').filter(|part| !part.starts_with(&head) && *part != name).collect();
    let kept = kept.join("&");
    url.set_query(if kept.is_empty() { None } else { Some(&kept) });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(from: &str, to: &str) -> Result<Hop, Stop> {
        next(&Url::parse(from).unwrap(), to, Some(&Secret::new("canary")))
    }

    #[test]
    fn the_same_origin_keeps_the_secret_and_others_do_not() {
        assert!(judged("https://a.example/x", "/y").unwrap().keeps_secret);
        assert!(!judged("https://a.example/x", "https://a.example:444/y").unwrap().keeps_secret);
        assert!(!judged("https://a.example/x", "https://b.example/y?signed=1").unwrap().keeps_secret);
        assert!(!judged("http://127.0.0.1/x", "https://127.0.0.1/y").unwrap().keeps_secret);
    }

    #[test]
    fn ways_down_in_or_out_are_not_taken() {
        assert_eq!(judged("https://a.example/", "http://a.example/"), Err(Stop::Downgrade));
        assert_eq!(judged("https://a.example/", "file:///etc/passwd"), Err(Stop::NotWeb));
        assert_eq!(judged("https://a.example/", "https://169.254.169.254/"), Err(Stop::Inward));
        assert_eq!(judged("https://a.example/", "https://[::1]/"), Err(Stop::Inward));
        assert_eq!(judged("https://a.example/", "https://b.example/?token=canary"), Err(Stop::Leak));
        assert_eq!(judged("https://a.example/", "https://b.example/?t=c%61nary"), Err(Stop::Leak));
        assert_eq!(judged("https://a.example/", "https://b.example/?t=%2563anar%79"), Err(Stop::Leak));
        assert_eq!(judged("https://a.example/", "https://b.example/CANARY"), Err(Stop::Leak));
        assert_eq!(judged("https://a.example/", "https://u@a.example/"), Err(Stop::Leak));
    }

    #[test]
    fn a_parameter_is_taken_out_and_the_rest_stays_as_written() {
        let mut url = Url::parse("https://a.example/f?x=%C3%BC&token=1&y=a+b").unwrap();
        drop_param(&mut url, "token");
        assert_eq!(url.as_str(), "https://a.example/f?x=%C3%BC&y=a+b");
    }
}
