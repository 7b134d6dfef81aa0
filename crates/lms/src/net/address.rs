//! Which hosts are this computer or its own network, and how a typed address becomes a site.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// Whether `url` points to this computer or to a private network, by its text alone.
pub fn is_private(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            name == "localhost" || name.ends_with(".localhost") || name.ends_with(".local")
        }
        Some(Host::Ipv4(ip)) => private_v4(ip),
        Some(Host::Ipv6(ip)) => private_v6(ip),
        None => false,
    }
}

/// Whether an address is of this computer or of a private network.
pub fn is_private_ip(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => private_v4(ip),
        IpAddr::V6(ip) => private_v6(ip),
    }
}

fn private_v4(ip: Ipv4Addr) -> bool {
    ip.is_loopback() || ip.is_private() || ip.is_link_local() || ip.is_unspecified()
}

fn private_v6(ip: Ipv6Addr) -> bool {
    ip.is_loopback()
        || ip.is_unspecified()
        || ip.is_unique_local()
        || ip.is_unicast_link_local()
        || ip.to_ipv4_mapped().is_some_and(private_v4)
}

/// A typed address as a base without query, fragment and trailing slash: `campus.example/moodle` becomes
/// `https://campus.example/moodle`. Private hosts without a scheme are taken as http.
pub fn base(typed: &str) -> Option<Url> {
    let typed = typed.trim();
    if typed.is_empty() || typed.contains(char::is_whitespace) {
        return None;
    }
    let with_scheme = if typed.contains("://") { typed.to_owned() } else { format!("https://{typed}") };
    let mut url = Url::parse(&with_scheme).ok()?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() || !url.username().is_empty() {
        return None;
    }
    if !typed.contains("://") && is_private(&url) {
        url = Url::parse(&format!("http://{typed}")).ok()?;
    }
    url.set_query(None);
    url.set_fragment(None);
    let path = url.path().to_owned();
    let trimmed = [
        "/login/index.php",
        "/login/token.php",
        "/my/courses.php",
        "/my/index.php",
        "/index.php",
        "/login",
        "/my",
    ]
    .iter()
    .find_map(|tail| path.trim_end_matches('/').strip_suffix(tail));
    let path = trimmed.unwrap_or(&path).trim_end_matches('/').to_owned();
    url.set_path(&path);
    Some(url)
}

/// A base as text, without trailing slash.
pub fn text(base: &Url) -> String {
    base.as_str().trim_end_matches('/').to_owned()
}

/// `path` below a base given as text.
pub fn below(base: &str, path: &str) -> Option<Url> {
    Url::parse(&format!("{}/{}", base.trim_end_matches('/'), path.trim_start_matches('/'))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_type_becomes_a_base() {
        let as_text = |typed| base(typed).map(|u| text(&u));
        assert_eq!(as_text(" campus.example ").as_deref(), Some("https://campus.example"));
        assert_eq!(
            as_text("campus.example/moodle/login/index.php").as_deref(),
            Some("https://campus.example/moodle")
        );
        assert_eq!(as_text("localhost:8642/").as_deref(), Some("http://localhost:8642"));
        assert_eq!(as_text("http://campus.example").as_deref(), Some("http://campus.example"));
        assert_eq!(as_text("https://u:p@campus.example"), None);
        assert_eq!(as_text("file:///etc/passwd"), None);
        assert_eq!(as_text("two words"), None);
    }

    #[test]
    fn private_hosts_are_told_from_public_ones() {
        let private = |u: &str| is_private(&Url::parse(u).unwrap());
        for url in [
            "http://127.0.0.1/",
            "http://[::1]:1/",
            "http://10.0.0.4/",
            "http://campus.local/",
            "http://[::ffff:10.0.0.1]/",
        ] {
            assert!(private(url), "{url}");
        }
        for url in
            ["http://campus.example/", "http://8.8.8.8/", "http://localhost.example/", "http://172.32.0.1/"]
        {
            assert!(!private(url), "{url}");
        }
    }
}
