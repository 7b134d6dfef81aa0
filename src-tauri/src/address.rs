//! Which addresses the window may show and which may leave it.
//!
//! What must stay true: the window's own page is the only page on top; only web and mail addresses are handed to
//! other programs, never files or schemes that start something.

use tauri::Url;

/// Schemes that other programs may be asked to open.
const OUTSIDE: [&str; 3] = ["https", "http", "mailto"];

/// Longer addresses are no addresses.
const LONGEST: usize = 4096;

/// The address to open outside, or `None` when it may not leave.
///
/// Addresses with a name or password in them are refused: they are made to look like another site.
pub fn outside(address: &str) -> Option<Url> {
    if address.len() > LONGEST {
        return None;
    }
    let url = Url::parse(address.trim()).ok()?;
    let web = url.scheme() != "mailto";
    let fair = !web || url.has_host() && url.username().is_empty() && url.password().is_none();
    (OUTSIDE.contains(&url.scheme()) && fair).then_some(url)
}

/// Whether `url` is the window's own page.
pub fn own(url: &Url) -> bool {
    match url.scheme() {
        "tauri" => url.host_str() == Some("localhost"),
        "http" | "https" if cfg!(windows) => url.host_str() == Some("tauri.localhost"),
        "http" if tauri::is_dev() => url.host_str() == Some("localhost") && url.port() == Some(5173),
        _ => false,
    }
}

/// Whether a frame inside the page may go there: the own page, and what our loopback servers hand out.
///
/// WebKit asks this for frames and for the window alike; that the window itself stays at home is seen to by
/// [`own`] once more when a page begins to load on top.
pub fn inside(url: &Url) -> bool {
    own(url)
        || url.scheme() == "http" && url.host_str() == Some("127.0.0.1") && url.port().is_some()
        || matches!(url.as_str(), "about:blank" | "about:srcdoc")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn web_and_mail_addresses_may_leave() {
        for address in [
            "https://example.org/a?b=c",
            "http://example.org",
            "mailto:a@example.org",
            " https://example.org ",
        ] {
            assert!(outside(address).is_some(), "{address}");
        }
    }

    #[test]
    fn nothing_that_starts_a_program_or_looks_like_another_site_may_leave() {
        let long = format!("https://example.org/{}", "a".repeat(LONGEST));
        for address in [
            "file:///etc/passwd",
            "javascript:alert(1)",
            "data:text/html,x",
            "smb://host/share",
            "ssh://host",
            "tauri://localhost/",
            "vscode://x",
            "/bin/sh",
            "--help",
            "https://school.example@evil.example/",
            "https://a:b@evil.example/",
            "",
            &long,
        ] {
            assert!(outside(address).is_none(), "{address}");
        }
    }

    #[test]
    fn frames_stay_on_this_computer() {
        let inside = |a: &str| inside(&Url::parse(a).unwrap());
        assert!(inside("http://127.0.0.1:4567/word/p/page.html"));
        assert!(inside("tauri://localhost/index.html"));
        for address in [
            "http://127.0.0.1/",
            "https://example.org/",
            "http://127.0.0.1.example.org:80/",
            "http://localhost:80/x",
            "tauri://elsewhere/",
            "file:///etc/passwd",
            "about:config",
        ] {
            assert!(!inside(address), "{address}");
        }
    }

    #[test]
    fn a_loopback_page_is_not_our_own_page() {
        assert!(!own(&Url::parse("http://127.0.0.1:4567/").unwrap()));
        assert!(own(&Url::parse("tauri://localhost/").unwrap()));
    }
}
